/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks, and the order of a run: first what is marked is compared with what
 * is remembered (pipeline-known.c), which yields the owners whose flows may
 * change ('stale_*'); then their flows are made. */

#include <config.h>

#include "ovs-tvd/pipeline.h"

#include <limits.h>
#include <stdlib.h>
#include "bitmap.h"
#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline-flows.h"
#include "ovs-tvd/pipeline-known.h"
#include "util.h"

/* Owners of flows in the flowtab: kind << 56 | id.  Where two want the same
 * place (an address given twice), the lower one wins. */
enum owner_kind {
    OWNER_STATIC,
    OWNER_TVD,
    OWNER_NIC,
    OWNER_FLOOD,
    OWNER_FLOOD_PART,           /* id: TVD id << 24 | part. */
    OWNER_UPLINK,
    OWNER_LINK,                 /* id: TVD id. */
    OWNER_WATCH,                /* id: NIC id. */
    OWNER_HOLD,                 /* id: TVD id. */
};

/* Hosts come to the same policy within so many ms, unless one is cut off. */
#define HOLD 3000

/* More parts than this do not fit into one flow. */
#define MAX_PARTS 1024

struct pipeline *
pipeline_create(struct flowtab *flowtab)
{
    struct pipeline *p = xzalloc(sizeof *p);

    p->flowtab = flowtab;
    hmap_init(&p->nics);
    hmap_init(&p->tvds);
    shash_init(&p->peers);
    idset_init(&p->touched_nics);
    idset_init(&p->touched_tvds);
    idset_init(&p->stale_nics);
    idset_init(&p->stale_tvds);
    idset_init(&p->stale_parts);
    idset_init(&p->stale_floods);
    idset_init(&p->stale_links);
    idset_init(&p->stale_watches);
    idset_init(&p->check_tvds);
    idset_init(&p->stale_holds);
    p->next_hold = LLONG_MAX;
    idset_init(&p->announce);
    hmap_init(&p->carriages);
    p->next_turn = LLONG_MAX;
    p->uplink = OFPP_NONE;
    p->all = true;
    return p;
}

void
pipeline_destroy(struct pipeline *p)
{
    struct shash_node *node;
    struct known_nic *nic;
    struct known_tvd *tvd;

    if (!p) {
        return;
    }
    HMAP_FOR_EACH_SAFE (nic, node, &p->nics) {
        known_nic_destroy(p, nic);
    }
    hmap_destroy(&p->nics);
    HMAP_FOR_EACH_SAFE (tvd, node, &p->tvds) {
        known_tvd_destroy(p, tvd);
    }
    hmap_destroy(&p->tvds);
    SHASH_FOR_EACH (node, &p->peers) {
        idset_destroy(node->data);
    }
    shash_destroy_free_data(&p->peers);
    idset_destroy(&p->touched_nics);
    idset_destroy(&p->touched_tvds);
    idset_destroy(&p->stale_nics);
    idset_destroy(&p->stale_tvds);
    idset_destroy(&p->stale_parts);
    idset_destroy(&p->stale_floods);
    idset_destroy(&p->stale_links);
    idset_destroy(&p->stale_watches);
    idset_destroy(&p->check_tvds);
    idset_destroy(&p->stale_holds);
    idset_destroy(&p->announce);
    carriage_forget(p, 0, 0, NULL);
    hmap_destroy(&p->carriages);
    free(p->host);
    free(p);
}

void
pipeline_set_port(struct pipeline *p, uint32_t nic_id, ofp_port_t port)
{
    struct known_nic *nic = known_nic_find(p, nic_id);

    if (!nic && port == OFPP_NONE) {
        return;
    }
    nic = known_nic_get(p, nic_id);
    if (nic->port != port) {
        nic->port = port;
        pipeline_touch_nic(p, nic_id);
    }
}

ofp_port_t
pipeline_get_port(const struct pipeline *p, uint32_t nic_id)
{
    const struct known_nic *nic = known_nic_find(p, nic_id);

    return nic ? nic->port : OFPP_NONE;
}

void
pipeline_set_fabric(struct pipeline *p, const char *host, ofp_port_t uplink)
{
    if (!nullable_string_is_equal(p->host, host) || p->uplink != uplink) {
        free(p->host);
        p->host = nullable_xstrdup(host);
        p->uplink = uplink;
        p->uplink_stale = true;
        p->all = true;
    }
}

void
pipeline_get_vlans(const struct pipeline *p, unsigned long *bitmap)
{
    const struct known_tvd *tvd;

    HMAP_FOR_EACH (tvd, node, &p->tvds) {
        if (tvd->vlan) {
            bitmap_set1(bitmap, tvd->vlan);
        }
    }
}

uint64_t
pipeline_vlans_generation(const struct pipeline *p)
{
    return p->links_generation;
}

void
pipeline_watch_arrival(struct pipeline *p, uint32_t nic_id, ofp_port_t port)
{
    struct known_nic *nic = known_nic_find(p, nic_id);

    if (!nic && port == OFPP_NONE) {
        return;
    }
    nic = known_nic_get(p, nic_id);
    if (nic->watched != port) {
        nic->watched = port;
        idset_add(&p->stale_watches, nic_id);
        pipeline_touch_nic(p, nic_id);
    }
}

void
pipeline_watch_foreign_tags(struct pipeline *p, bool watch)
{
    if (p->foreign_tags_watched != watch) {
        p->foreign_tags_watched = watch;
        p->uplink_stale = true;
    }
}

void
pipeline_touch_nic(struct pipeline *p, uint32_t nic_id)
{
    idset_add(&p->touched_nics, nic_id);
}

void
pipeline_touch_tvd(struct pipeline *p, uint32_t tvd_id)
{
    idset_add(&p->touched_tvds, tvd_id);
}

void
pipeline_touch_all(struct pipeline *p)
{
    p->all = true;
}

size_t
pipeline_n_recomputed(const struct pipeline *p)
{
    return p->n_recomputed;
}

/* The flows of what is stale. */

static void
replace(struct pipeline *p, enum owner_kind kind, uint64_t id,
        struct flow_list *flows)
{
    flowtab_replace(p->flowtab, (uint64_t) kind << 56 | id, flows);
    p->n_recomputed++;
}

/* --- The fabric. */

/* TVD 'tvd' on 'host', as an end of a path to 'other'; NULL TVD: no end. */
static struct decide_end
path_end(const struct pipeline *p, const struct model *model,
         const struct model_tvd *tvd, const char *host,
         const struct known_tvd *other)
{
    const struct model_host *model_host = model_host_find(model, host);

    return (struct decide_end) {
        .tvd = model_host ? tvd : NULL,
        .host = model_host,
        .has_other = known_tvd_is_at(p, other, host),
    };
}

/* The TVD in whose VLAN NICs of 'a' here and of 'b' on 'host' meet, or
 * NULL. */
static const struct model_tvd *
find_carrier(const struct pipeline *p, const struct model *model,
             struct tvd_index *index, const struct known_tvd *a,
             const struct known_tvd *b, const char *host)
{
    const struct model_tvd *tvd_a = tvd_index_find(index, a->id);
    const struct model_tvd *tvd_b = tvd_index_find(index, b->id);
    struct decide_end here, there;

    if (!tvd_a || !tvd_b) {
        return NULL;
    }
    here = path_end(p, model, tvd_a, p->host, b);
    there = path_end(p, model, tvd_b, host, a);
    return here.tvd && there.tvd ? decide_carrier(&here, &there) : NULL;
}

/* Calls 'cb' for 'tvd' and each TVD that an entry connects it with, of which
 * there are NICs here, until it returns true; and then returns true. */
static bool
for_each_connected(const struct pipeline *p, const struct known_tvd *tvd,
                   bool (*cb)(const struct known_tvd *, void *), void *aux)
{
    const struct idset *const sets[] = { &tvd->out, &tvd->in };
    const struct idset_node *n;

    if (tvd->n_local && cb(tvd, aux)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        IDSET_FOR_EACH (n, sets[i]) {
            const struct known_tvd *other = known_tvd_find(p, n->id);

            if (other && other->n_local && other != tvd
                && !(i && idset_contains(&tvd->out, n->id))
                && cb(other, aux)) {
                return true;
            }
        }
    }
    return false;
}

/* True if 'nic', on another host, has to do with NICs of 'local' here. */
static bool
meets(const struct pipeline *p, const struct known_tvd *local,
      const struct model_tvd *tvd, const struct model_nic *nic)
{
    const struct known_nic *gateway = (local->gateway
                                       ? known_nic_find(p, local->gateway)
                                       : NULL);
    const struct simap_node *node;

    if (tvd == nic->tvd) {
        return true;
    }
    SIMAP_FOR_EACH (node, &local->local_roles) {
        const struct model_role *role = model_role_find(tvd, node->name);
        bool here = (gateway && gateway->flood_port != OFPP_NONE
                     && !strcmp(gateway->role, node->name));

        if (role && decide_may_meet(role, here, nic)) {
            return true;
        }
    }
    return false;
}

/* The TVD in whose VLAN 'nic', on another host, and NICs of 'local' here send
 * to each other; NULL: in none, or they do not. */
static const struct model_tvd *
find_meeting(const struct pipeline *p, const struct model *model,
             struct tvd_index *index, const struct known_tvd *local,
             const struct model_nic *nic)
{
    const struct model_tvd *tvd = tvd_index_find(index, local->id);

    return (tvd && meets(p, local, tvd, nic)
            ? find_carrier(p, model, index, local,
                           known_tvd_find(p, nic->tvd->id), nic->host) : NULL);
}

/* What is collected of the ways to a NIC on another host. */
struct collect_ways {
    struct pipeline *p;
    const struct model *model;
    struct tvd_index *index;
    const struct model_nic *to;
    struct pipeline_way *ways;
    size_t n, allocated;
};

static bool
may_carry(const struct model *model, const char *host,
          const struct model_tvd *tvd)
{
    const struct model_host *model_host = model_host_find(model, host);

    return model_host && decide_may_carry(model_host, tvd);
}

/* The TVD in whose VLAN NICs of 'from' send to c->to, if that is to be
 * 'decided': it, or for a while the one before. */
static const struct model_tvd *
settle_carrier(struct collect_ways *c, const struct known_tvd *from,
               const struct model_tvd *decided)
{
    const struct model_tvd *other = c->to->tvd;
    struct carriage_choice choice = {
        .tvd = decided->id, .vlan = decided->vlan,
    };

    if (other == decided) {
        other = tvd_index_find(c->index, from->id);
    }
    choice.former_works = (other != decided && other->vlan
                           && may_carry(c->model, c->p->host, other)
                           && may_carry(c->model, c->to->host, other));
    return (carriage_use(c->p, from, c->to->tvd->id, c->to->host, &choice)
            == decided->id ? decided : other);
}

static bool
collect_way(const struct known_tvd *from, void *c_)
{
    struct collect_ways *c = c_;
    const struct model_tvd *carrier = find_meeting(c->p, c->model, c->index,
                                                   from, c->to);

    if (carrier) {
        carrier = settle_carrier(c, from, carrier);
        if (c->n >= c->allocated) {
            c->ways = x2nrealloc(c->ways, &c->allocated, sizeof *c->ways);
        }
        c->ways[c->n++] = (struct pipeline_way) {
            .tvd_id = from->id, .vlan = carrier->vlan,
        };
    }
    return false;
}

/* What decides whether frames of a TVD are let in. */
struct carried {
    const struct pipeline *p;
    const struct model *model;
    struct tvd_index *index;
    const struct known_tvd *tvd;
    bool carried, let_in;       /* What was found. */
};

/* True if the VLAN of the TVD has to do with NICs of 'local' here: they are
 * reached over it (c->carried), or some host may take it for the one over
 * which they are (c->let_in).  Which of two VLANs it is depends on where EEs
 * are, and no two hosts hear of that at the same moment, or one of them not at
 * all for a while. */
static bool
is_carrier(const struct known_tvd *local, void *c_)
{
    struct carried *c = c_;
    const struct idset_node *node;

    if (local == c->tvd) {
        c->let_in = c->carried = true;
        return true;
    }
    IDSET_FOR_EACH (node, &c->tvd->nics) {
        const struct known_nic *known = known_nic_find(c->p, node->id);
        const struct model_nic *nic = model_nic_find_id(c->model, node->id);
        const struct model_tvd *carrier;

        if (known->host && known_nic_is_complete(nic) && nic->host) {
            carrier = find_meeting(c->p, c->model, c->index, local, nic);
            c->let_in |= carrier && may_carry(c->model, nic->host, nic->tvd);
            if (carrier && carrier->id == c->tvd->id) {
                c->let_in = c->carried = true;
                return true;
            }
        }
    }
    return false;
}

/* What is let in from the fabric. */
static void
make_links(struct pipeline *p, const struct model *model,
           struct tvd_index *index)
{
    const struct model_host *self = p->host ? model_host_find(model, p->host)
                                            : NULL;
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_links, &id)) {
        struct known_tvd *known = known_tvd_get(p, id);
        const struct model_tvd *tvd = tvd_index_find(index, id);
        struct carried c = { p, model, index, known, false, false };
        uint16_t vlan = 0;

        if (tvd && self && tvd->vlan && p->uplink != OFPP_NONE
            && tvd->channel == MODEL_CHANNEL_VLAN
            && decide_may_carry(self, tvd)) {
            for_each_connected(p, known, is_carrier, &c);
            pipeline_link_flows(id, tvd->vlan, p->uplink, c.let_in, &flows);
            vlan = c.carried ? tvd->vlan : 0;
        }
        if (vlan != known->vlan) {
            known->vlan = vlan;
            p->links_generation++;
            idset_add(&p->stale_floods, id);
        }
        replace(p, OWNER_LINK, id, &flows);
    }
}

/* Adds 'vlan' to the '*n' of 'vlans', unless it is there or there is no room
 * for more than 'max'. */
static void
add_vlan(uint16_t *vlans, size_t *n, size_t max, uint16_t vlan)
{
    for (size_t i = 0; i < *n; i++) {
        if (vlans[i] == vlan) {
            return;
        }
    }
    if (*n < max) {
        vlans[(*n)++] = vlan;
    }
}

long long int
pipeline_deadline(const struct pipeline *p)
{
    return MIN(p->next_turn, p->next_hold);
}

bool
pipeline_pop_announcement(struct pipeline *p, uint32_t *nic_id,
                          uint16_t *vlan)
{
    uint64_t id;

    if (!idset_pop(&p->announce, &id)) {
        return false;
    }
    *nic_id = id >> 16;
    *vlan = id & 0xffff;
    return true;
}

bool
pipeline_nic_is_here(const struct pipeline *p, uint32_t nic_id)
{
    const struct known_nic *known = known_nic_find(p, nic_id);

    return known && known->flood_port != OFPP_NONE;
}

size_t
pipeline_get_nic_vlans(const struct pipeline *p, const struct model *model,
                       uint32_t nic_id, uint16_t *vlans, size_t max)
{
    const struct known_nic *known = known_nic_find(p, nic_id);
    const struct known_tvd *tvd = known ? known_tvd_find(p, known->tvd) : NULL;
    struct tvd_index index = { .model = model };
    const struct idset_node *other, *node;
    uint32_t carriages[64];
    size_t n_carriages, n = 0;

    if (!tvd || known->flood_port == OFPP_NONE) {
        return 0;
    }
    if (tvd->vlan && !simap_is_empty(&tvd->hosts)) {
        add_vlan(vlans, &n, max, tvd->vlan);
    }
    for (int in = 0; in < 2; in++) {
        IDSET_FOR_EACH (other, in ? &tvd->in : &tvd->out) {
            const struct known_tvd *to = known_tvd_find(p, other->id);
            unsigned int found = 0;

            if (!to) {
                continue;
            }
            /* It may be one VLAN for those on one host, and the other for
             * those on another. */
            IDSET_FOR_EACH (node, &to->nics) {
                const struct model_nic *nic = model_nic_find_id(model,
                                                                node->id);
                const struct model_tvd *carrier
                    = (known_nic_find(p, node->id)->host
                       && known_nic_is_complete(nic) && nic->host
                       ? find_meeting(p, model, &index, tvd, nic) : NULL);

                if (carrier) {
                    add_vlan(vlans, &n, max, carrier->vlan);
                    found |= carrier->id == to->id ? 2 : 1;
                    if (found == 3) {
                        break;
                    }
                }
            }
        }
    }
    /* Those that are used until others take over, and may be for longer if
     * what has changed changes back. */
    n_carriages = carriage_list(p, tvd->id, carriages, ARRAY_SIZE(carriages));
    for (size_t i = 0; i < n_carriages; i++) {
        const struct model_tvd *carrier = tvd_index_find(&index, carriages[i]);

        if (carrier && carrier->vlan) {
            add_vlan(vlans, &n, max, carrier->vlan);
        }
    }
    free(index.tvds);
    return n;
}

static void
make_uplink(struct pipeline *p)
{
    struct flow_list flows;

    if (p->uplink_stale) {
        p->uplink_stale = false;
        flow_list_init(&flows);
        if (p->uplink != OFPP_NONE) {
            pipeline_uplink_flows(p->uplink, p->foreign_tags_watched,
                                  &flows);
        }
        replace(p, OWNER_UPLINK, 0, &flows);
    }
}

/* --- NICs, TVDs, broadcast. */

static void
make_watches(struct pipeline *p, const struct model *model)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_watches, &id)) {
        const struct known_nic *known = known_nic_find(p, id);
        const struct model_nic *nic = model_nic_find_id(model, id);

        if (known && nic && known->watched != OFPP_NONE) {
            pipeline_watch_flows(nic, known->watched, &flows);
        }
        replace(p, OWNER_WATCH, id, &flows);
    }
}

/* Notes that 'known' is reached over 'ways' from now on. */
static void
note_ways(struct pipeline *p, struct known_nic *known,
          const struct collect_ways *c)
{
    uint32_t *from = xmalloc((c->n + 1) * sizeof *from);

    for (size_t i = 0; i < c->n; i++) {
        from[i] = c->ways[i].tvd_id;
    }
    carriage_note_users(p, known, from, c->n);
    free(from);
}

static void
make_nic(struct pipeline *p, const struct model *model,
         struct tvd_index *index, struct known_nic *known,
         struct flow_list *flows)
{
    const struct model_nic *nic = model_nic_find_id(model, known->id);
    struct pipeline_place place = {
        .port = known->flood_port,
        .uplink = p->uplink,
        .remote = known->host != NULL,
    };
    struct collect_ways c = { p, model, index, nic, NULL, 0, 0 };

    /* What has changed without a mark yet is better left out. */
    if (!known_nic_is_complete(nic) || nic->tvd->id != known->tvd) {
        carriage_note_users(p, known, NULL, 0);
        return;
    }
    if (place.remote) {
        for_each_connected(p, known_tvd_get(p, known->tvd), collect_way, &c);
        place.ways = c.ways;
        place.n_ways = c.n;
    }
    note_ways(p, known, &c);
    pipeline_nic_flows(nic, &place, flows);
    free(c.ways);
}

static void
make_nics(struct pipeline *p, const struct model *model,
          struct tvd_index *index)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_nics, &id)) {
        struct known_nic *known = known_nic_find(p, id);

        if (known && known->tvd && known_tvd_get(p, known->tvd)->relevant) {
            make_nic(p, model, index, known, &flows);
        } else if (known) {
            carriage_note_users(p, known, NULL, 0);
        }
        replace(p, OWNER_NIC, id, &flows);
        if (known && !known->tvd && known->port == OFPP_NONE
            && known->watched == OFPP_NONE) {
            known_nic_destroy(p, known);
        }
    }
}

static void
make_tvds(struct pipeline *p, const struct model *model,
          struct tvd_index *index)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_tvds, &id)) {
        const struct model_tvd *tvd = tvd_index_find(index, id);
        struct known_tvd *known = known_tvd_get(p, id);
        bool made = tvd && known->relevant;

        if (made) {
            pipeline_tvd_flows(model, tvd, &flows);
        }
        replace(p, OWNER_TVD, id, &flows);
        if (known->made) {
            idset_add(&p->stale_holds, id);
        }
        known->made = made;
    }
}

/* Those whose time is over. */
static void
end_holds(struct pipeline *p)
{
    struct flow_list flows;
    struct known_tvd *tvd;

    if (p->now < p->next_hold) {
        return;
    }
    flow_list_init(&flows);
    p->next_hold = LLONG_MAX;
    HMAP_FOR_EACH (tvd, node, &p->tvds) {
        if (tvd->hold && p->now >= tvd->hold) {
            tvd->hold = 0;
            replace(p, OWNER_HOLD, tvd->id, &flows);
        } else if (tvd->hold) {
            p->next_hold = MIN(p->next_hold, tvd->hold);
        }
    }
}

static void
make_holds(struct pipeline *p, const struct model *model,
           struct tvd_index *index)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_holds, &id)) {
        const struct model_tvd *tvd = tvd_index_find(index, id);
        struct known_tvd *known = known_tvd_get(p, id);

        if (tvd && known->relevant && p->uplink != OFPP_NONE) {
            pipeline_hold_flows(model, tvd, &flows);
        }
        known->hold = flows.n ? p->now + HOLD : 0;
        if (known->hold) {
            p->next_hold = MIN(p->next_hold, known->hold);
        }
        replace(p, OWNER_HOLD, id, &flows);
    }
}

static void
make_flood_parts(struct pipeline *p)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_parts, &id)) {
        struct known_tvd *tvd = known_tvd_get(p, id >> 24);
        uint32_t part = id & 0xffffff;
        ofp_port_t ports[PART_SIZE];
        size_t n = 0;

        for (uint32_t i = 0; i < PART_SIZE; i++) {
            uint32_t nic_id = part << PART_BITS | i;
            const struct known_nic *nic = known_nic_find(p, nic_id);

            if (nic && nic->tvd == tvd->id && nic->flood_port != OFPP_NONE) {
                ports[n++] = nic->flood_port;
            }
        }
        if (n ? idset_add(&tvd->parts, part)
              : idset_remove(&tvd->parts, part)) {
            idset_add(&p->stale_floods, tvd->id);
        }
        if (n) {
            pipeline_flood_part_flows(tvd->id, part, ports, n, &flows);
        }
        replace(p, OWNER_FLOOD_PART, id, &flows);
    }
}

static int
compare_parts(const void *a_, const void *b_)
{
    const uint32_t *a = a_;
    const uint32_t *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static void
make_floods(struct pipeline *p)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_floods, &id)) {
        const struct known_tvd *tvd = known_tvd_get(p, id);
        size_t n = idset_count(&tvd->parts);
        uint32_t *parts = xmalloc((n + 1) * sizeof *parts);
        const struct idset_node *node;
        size_t i = 0;

        IDSET_FOR_EACH (node, &tvd->parts) {
            parts[i++] = node->id;
        }
        qsort(parts, n, sizeof *parts, compare_parts);
        if (n) {
            /* Nobody else is to be bothered. */
            bool remote = tvd->vlan && !simap_is_empty(&tvd->hosts);

            pipeline_flood_flows(id, parts, MIN(n, MAX_PARTS),
                                 remote ? p->uplink : OFPP_NONE, tvd->vlan,
                                 &flows);
        }
        free(parts);
        replace(p, OWNER_FLOOD, id, &flows);
    }
}

/* Marks everything in the model and everything remembered. */
static void
expand_all(struct pipeline *p, const struct model *model,
           struct tvd_index *index)
{
    const struct model_nic *model_nic;
    const struct known_nic *nic;
    const struct known_tvd *tvd;

    HMAP_FOR_EACH (model_nic, id_node, &model->nics_by_id) {
        idset_add(&p->touched_nics, model_nic->id);
    }
    HMAP_FOR_EACH (nic, node, &p->nics) {
        idset_add(&p->touched_nics, nic->id);
    }
    tvd_index_prepare(index);
    for (size_t i = 0; i < index->n; i++) {
        idset_add(&p->touched_tvds, index->tvds[i]->id);
    }
    HMAP_FOR_EACH (tvd, node, &p->tvds) {
        idset_add(&p->touched_tvds, tvd->id);
        idset_add(&p->stale_links, tvd->id);
        idset_add(&p->stale_floods, tvd->id);
    }
    p->all = false;
}

/* Forgets TVDs of which nothing is left. */
static void
forget_tvds(struct pipeline *p)
{
    struct known_tvd *tvd;

    HMAP_FOR_EACH_SAFE (tvd, node, &p->tvds) {
        if (!tvd->exists && !idset_count(&tvd->nics)
            && !idset_count(&tvd->in) && !idset_count(&tvd->parts)
            && !tvd->vlan) {
            known_tvd_destroy(p, tvd);
        }
    }
}

void
pipeline_run(struct pipeline *p, const struct model *model,
             long long int now)
{
    struct tvd_index index = { .model = model };
    bool tvds_touched;
    uint64_t id;

    p->n_recomputed = 0;
    p->now = now;
    carriage_turn(p);
    end_holds(p);
    if (!p->static_made) {
        struct flow_list flows;

        flow_list_init(&flows);
        pipeline_static_flows(&flows);
        replace(p, OWNER_STATIC, 0, &flows);
        p->static_made = true;
    }
    if (p->all) {
        expand_all(p, model, &index);
    }
    while (idset_pop(&p->touched_nics, &id)) {
        known_examine_nic(p, model, id);
    }
    tvds_touched = idset_count(&p->touched_tvds) > 0;
    while (idset_pop(&p->touched_tvds, &id)) {
        known_examine_tvd(p, tvd_index_find(&index, id), id);
    }
    known_examine_relevance(p);
    make_uplink(p);
    make_watches(p, model);
    make_links(p, model, &index);
    make_nics(p, model, &index);
    make_tvds(p, model, &index);
    make_holds(p, model, &index);
    make_flood_parts(p);
    make_floods(p);
    if (tvds_touched) {
        forget_tvds(p);
    }
    free(index.tvds);
}
