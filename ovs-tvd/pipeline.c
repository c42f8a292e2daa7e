/* SPDX-License-Identifier: Apache-2.0
 *
 * What is marked, what depends on it, and whose flows are to be replaced.
 *
 * The pipeline remembers of each NIC and TVD only what it needs to find
 * dependents, by id.  A run has two halves: first it compares what is marked
 * with what it remembers and collects the owners whose flows may change
 * ('stale_*'); then it makes the flows of those. */

#include <config.h>

#include "ovs-tvd/pipeline.h"

#include <stdlib.h>
#include "hash.h"
#include "lib/model.h"
#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/idset.h"
#include "ovs-tvd/pipeline-flows.h"
#include "packets.h"
#include "sset.h"
#include "util.h"

/* Owners of flows in the flowtab: kind << 56 | id.  Where two want the same
 * place (an address given twice), the lower one wins. */
enum owner_kind {
    OWNER_STATIC,
    OWNER_TVD,
    OWNER_NIC,
    OWNER_FLOOD,
    OWNER_FLOOD_PART,           /* id: TVD id << 24 | part. */
};

/* NICs whose ids agree but for the last 6 bits share a part of the list of
 * ports of their TVD, so that a port more or less changes one short flow. */
#define PART_BITS 6
#define PART_SIZE (1u << PART_BITS)
/* More parts than this do not fit into one flow. */
#define MAX_PARTS 1024

/* What is remembered of a NIC. */
struct known_nic {
    struct hmap_node node;      /* In pipeline's 'nics'. */
    uint32_t id;
    uint32_t tvd;               /* Its TVD's id; 0: it is not in the model. */
    char *ee;                   /* Its EE's name, if 'tvd'. */
    ofp_port_t port;            /* As the caller last said. */
    ofp_port_t flood_port;      /* As the TVD's list of ports has it. */
};

/* What is remembered of a TVD. */
struct known_tvd {
    struct hmap_node node;      /* In pipeline's 'tvds'. */
    uint32_t id;
    bool exists;                /* In the model. */
    bool relevant;              /* Its flows are needed on this host. */
    struct eth_addr router_mac;
    uint32_t gateway;           /* NIC id or 0. */
    size_t n_local;             /* NICs with a port here. */
    struct idset nics;          /* Ids of its NICs. */
    struct idset out, in;       /* Ids of TVDs that an entry other than none
                                 * leads to or comes from. */
    struct idset parts;         /* Of its list of ports. */
    struct sset peer_ees;       /* EEs named as peers in its entries. */
};

struct pipeline {
    struct flowtab *flowtab;
    struct hmap nics;           /* "struct known_nic" by id. */
    struct hmap tvds;           /* "struct known_tvd" by id. */
    struct shash peers;         /* EE name to "struct idset *" of the ids of
                                 * TVDs whose entries name it as a peer. */
    /* Marks. */
    bool all;
    struct idset touched_nics, touched_tvds;
    /* During a run: what is to be made anew. */
    struct idset stale_nics, stale_tvds, stale_parts, stale_floods;
    struct idset check_tvds;    /* Whether they are relevant may change. */
    bool static_made;
    size_t n_recomputed;
};

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
    idset_init(&p->check_tvds);
    p->all = true;
    return p;
}

static void
known_nic_destroy(struct pipeline *p, struct known_nic *nic)
{
    hmap_remove(&p->nics, &nic->node);
    free(nic->ee);
    free(nic);
}

static void
known_tvd_destroy(struct pipeline *p, struct known_tvd *tvd)
{
    hmap_remove(&p->tvds, &tvd->node);
    idset_destroy(&tvd->nics);
    idset_destroy(&tvd->out);
    idset_destroy(&tvd->in);
    idset_destroy(&tvd->parts);
    sset_destroy(&tvd->peer_ees);
    free(tvd);
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
    idset_destroy(&p->check_tvds);
    free(p);
}

static struct known_nic *
find_nic(const struct pipeline *p, uint32_t id)
{
    struct known_nic *nic;

    HMAP_FOR_EACH_WITH_HASH (nic, node, hash_int(id, 0), &p->nics) {
        if (nic->id == id) {
            return nic;
        }
    }
    return NULL;
}

static struct known_nic *
get_nic(struct pipeline *p, uint32_t id)
{
    struct known_nic *nic = find_nic(p, id);

    if (!nic) {
        nic = xzalloc(sizeof *nic);
        nic->id = id;
        nic->port = nic->flood_port = OFPP_NONE;
        hmap_insert(&p->nics, &nic->node, hash_int(id, 0));
    }
    return nic;
}

static struct known_tvd *
find_tvd(const struct pipeline *p, uint32_t id)
{
    struct known_tvd *tvd;

    HMAP_FOR_EACH_WITH_HASH (tvd, node, hash_int(id, 0), &p->tvds) {
        if (tvd->id == id) {
            return tvd;
        }
    }
    return NULL;
}

static struct known_tvd *
get_tvd(struct pipeline *p, uint32_t id)
{
    struct known_tvd *tvd = find_tvd(p, id);

    if (!tvd) {
        tvd = xzalloc(sizeof *tvd);
        tvd->id = id;
        idset_init(&tvd->nics);
        idset_init(&tvd->out);
        idset_init(&tvd->in);
        idset_init(&tvd->parts);
        sset_init(&tvd->peer_ees);
        hmap_insert(&p->tvds, &tvd->node, hash_int(id, 0));
    }
    return tvd;
}

void
pipeline_set_port(struct pipeline *p, uint32_t nic_id, ofp_port_t port)
{
    struct known_nic *nic = find_nic(p, nic_id);

    if (!nic && port == OFPP_NONE) {
        return;
    }
    nic = get_nic(p, nic_id);
    if (nic->port != port) {
        nic->port = port;
        pipeline_touch_nic(p, nic_id);
    }
}

ofp_port_t
pipeline_get_port(const struct pipeline *p, uint32_t nic_id)
{
    const struct known_nic *nic = find_nic(p, nic_id);

    return nic ? nic->port : OFPP_NONE;
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

/* First half: what has changed. */

/* TVDs by id, for one run; sorted when first asked. */
struct tvd_index {
    const struct model *model;
    const struct model_tvd **tvds;
    size_t n;
};

static int
compare_tvds(const void *a_, const void *b_)
{
    const struct model_tvd *const *a = a_;
    const struct model_tvd *const *b = b_;

    return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

static void
tvd_index_prepare(struct tvd_index *index)
{
    struct shash_node *node;

    if (index->tvds) {
        return;
    }
    index->tvds = xmalloc((shash_count(&index->model->tvds) + 1)
                          * sizeof *index->tvds);
    SHASH_FOR_EACH (node, &index->model->tvds) {
        const struct model_tvd *tvd = node->data;

        if (tvd->id) {
            index->tvds[index->n++] = tvd;
        }
    }
    qsort(index->tvds, index->n, sizeof *index->tvds, compare_tvds);
}

static const struct model_tvd *
tvd_index_find(struct tvd_index *index, uint32_t id)
{
    const struct model_tvd key = { .id = id };
    const struct model_tvd *keyp = &key;
    const struct model_tvd **found;

    tvd_index_prepare(index);
    found = bsearch(&keyp, index->tvds, index->n, sizeof *index->tvds,
                    compare_tvds);
    return found ? *found : NULL;
}

static bool
nic_is_complete(const struct model_nic *nic)
{
    return nic && nic->tvd && nic->tvd->id && nic->role && nic->role->id
           && nic->role->tvd == nic->tvd && !eth_addr_is_zero(nic->mac);
}

/* Entries that name the EE as a peer have flows for each of its NICs. */
static void
stale_peers(struct pipeline *p, const char *ee)
{
    const struct idset *tvds = ee ? shash_find_data(&p->peers, ee) : NULL;
    const struct idset_node *n;

    if (tvds) {
        IDSET_FOR_EACH (n, tvds) {
            idset_add(&p->stale_tvds, n->id);
        }
    }
}

static void
add_all(struct idset *dst, const struct idset *src)
{
    const struct idset_node *n;

    IDSET_FOR_EACH (n, src) {
        idset_add(dst, n->id);
    }
}

/* Counts a port in or out of TVD 'id'. */
static void
count_local(struct pipeline *p, uint32_t id, const struct known_nic *nic,
            int delta)
{
    struct known_tvd *tvd = get_tvd(p, id);

    tvd->n_local += delta;
    if (tvd->n_local == (delta > 0)) {
        /* The first came or the last went. */
        idset_add(&p->check_tvds, id);
        add_all(&p->check_tvds, &tvd->out);
        add_all(&p->check_tvds, &tvd->in);
    }
    idset_add(&p->stale_parts, (uint64_t) id << 24 | nic->id >> PART_BITS);
}

/* Brings the TVDs' members and lists of ports up to date. */
static void
move_nic(struct pipeline *p, struct known_nic *nic, uint32_t tvd,
         const char *ee)
{
    ofp_port_t port = tvd ? nic->port : OFPP_NONE;

    if (nic->tvd != tvd || !nullable_string_is_equal(nic->ee, ee)) {
        stale_peers(p, nic->ee);
        stale_peers(p, ee);
    }
    if (nic->flood_port != OFPP_NONE
        && (nic->tvd != tvd || nic->flood_port != port)) {
        count_local(p, nic->tvd, nic, -1);
        nic->flood_port = OFPP_NONE;
    }
    if (nic->tvd != tvd) {
        if (nic->tvd) {
            idset_remove(&get_tvd(p, nic->tvd)->nics, nic->id);
        }
        if (tvd) {
            if (!find_tvd(p, tvd)) {
                idset_add(&p->touched_tvds, tvd);
            }
            idset_add(&get_tvd(p, tvd)->nics, nic->id);
        }
        nic->tvd = tvd;
    }
    if (!nullable_string_is_equal(nic->ee, ee)) {
        free(nic->ee);
        nic->ee = nullable_xstrdup(ee);
    }
    if (nic->flood_port != port) {
        nic->flood_port = port;
        count_local(p, tvd, nic, 1);
    }
}

static void
examine_nic(struct pipeline *p, const struct model *model, uint32_t id)
{
    const struct model_nic *nic = model_nic_find_id(model, id);
    struct known_nic *known = find_nic(p, id);
    struct known_tvd *tvd = known && known->tvd ? get_tvd(p, known->tvd)
                                                : NULL;

    if (!nic_is_complete(nic)) {
        nic = NULL;
    }
    if (tvd && tvd->gateway == id) {
        idset_add(&p->touched_tvds, tvd->id);
    }
    if (nic && nic->tvd->gateway == nic) {
        idset_add(&p->touched_tvds, nic->tvd->id);
    }
    if (nic || known) {
        move_nic(p, get_nic(p, id), nic ? nic->tvd->id : 0,
                 nic ? nic->ee->name : NULL);
    }
    idset_add(&p->stale_nics, id);
}

/* Which TVDs and EEs the entries from 'model_tvd' (NULL: gone) lead to. */
static void
collect_entries(const struct model_tvd *model_tvd, struct idset *out,
                struct sset *peer_ees)
{
    struct shash_node *role_node, *rule_node;

    if (!model_tvd) {
        return;
    }
    SHASH_FOR_EACH (role_node, &model_tvd->roles) {
        const struct model_role *role = role_node->data;

        SHASH_FOR_EACH (rule_node, &role->rules) {
            const struct model_rule *rule = rule_node->data;
            const char *ee;

            if (rule->action != MODEL_NONE && rule->to->id
                && rule->to != model_tvd) {
                idset_add(out, rule->to->id);
            }
            SSET_FOR_EACH (ee, &rule->peer_ees) {
                sset_add(peer_ees, ee);
            }
        }
    }
}

static void
update_peers(struct pipeline *p, struct known_tvd *tvd,
             struct sset *peer_ees)
{
    const char *ee;

    SSET_FOR_EACH (ee, &tvd->peer_ees) {
        struct shash_node *node = shash_find(&p->peers, ee);
        struct idset *tvds = node->data;

        idset_remove(tvds, tvd->id);
        if (!idset_count(tvds)) {
            idset_destroy(tvds);
            free(tvds);
            shash_delete(&p->peers, node);
        }
    }
    sset_swap(&tvd->peer_ees, peer_ees);
    SSET_FOR_EACH (ee, &tvd->peer_ees) {
        struct idset *tvds = shash_find_data(&p->peers, ee);

        if (!tvds) {
            tvds = xmalloc(sizeof *tvds);
            idset_init(tvds);
            shash_add(&p->peers, ee, tvds);
        }
        idset_add(tvds, tvd->id);
    }
}

static void
update_entries(struct pipeline *p, struct known_tvd *tvd,
               const struct model_tvd *model_tvd)
{
    struct sset peer_ees = SSET_INITIALIZER(&peer_ees);
    const struct idset_node *n;
    struct idset out;

    idset_init(&out);
    collect_entries(model_tvd, &out, &peer_ees);
    IDSET_FOR_EACH (n, &tvd->out) {
        idset_remove(&get_tvd(p, n->id)->in, tvd->id);
        idset_add(&p->check_tvds, n->id);
    }
    idset_swap(&tvd->out, &out);
    IDSET_FOR_EACH (n, &tvd->out) {
        idset_add(&get_tvd(p, n->id)->in, tvd->id);
        idset_add(&p->check_tvds, n->id);
    }
    update_peers(p, tvd, &peer_ees);
    idset_destroy(&out);
    sset_destroy(&peer_ees);
}

static void
examine_tvd(struct pipeline *p, const struct model_tvd *model_tvd,
            uint32_t id)
{
    struct known_tvd *tvd = get_tvd(p, id);
    struct eth_addr router_mac = model_tvd ? model_tvd->router_mac
                                           : eth_addr_zero;

    tvd->exists = model_tvd != NULL;
    tvd->gateway = (model_tvd && model_tvd->gateway
                    ? model_tvd->gateway->id : 0);
    if (!eth_addr_equals(tvd->router_mac, router_mac)) {
        tvd->router_mac = router_mac;
        add_all(&p->stale_nics, &tvd->nics);
    }
    update_entries(p, tvd, model_tvd);
    idset_add(&p->check_tvds, id);
    idset_add(&p->stale_tvds, id);
    /* Entries that lead here depend on the gateway here. */
    add_all(&p->stale_tvds, &tvd->in);
}

static bool
any_local(const struct pipeline *p, const struct idset *tvds)
{
    const struct idset_node *n;

    IDSET_FOR_EACH (n, tvds) {
        const struct known_tvd *tvd = find_tvd(p, n->id);

        if (tvd && tvd->n_local) {
            return true;
        }
    }
    return false;
}

static void
examine_relevance(struct pipeline *p)
{
    uint64_t id;

    while (idset_pop(&p->check_tvds, &id)) {
        struct known_tvd *tvd = get_tvd(p, id);
        bool relevant = tvd->exists && (tvd->n_local
                                        || any_local(p, &tvd->out)
                                        || any_local(p, &tvd->in));

        if (relevant != tvd->relevant) {
            tvd->relevant = relevant;
            idset_add(&p->stale_tvds, id);
            add_all(&p->stale_nics, &tvd->nics);
        }
    }
}

/* Second half: the flows of what is stale. */

static void
replace(struct pipeline *p, enum owner_kind kind, uint64_t id,
        struct flow_list *flows)
{
    flowtab_replace(p->flowtab, (uint64_t) kind << 56 | id, flows);
    p->n_recomputed++;
}

static void
make_nics(struct pipeline *p, const struct model *model)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_nics, &id)) {
        struct known_nic *known = find_nic(p, id);

        if (known && known->tvd && get_tvd(p, known->tvd)->relevant) {
            const struct model_nic *nic = model_nic_find_id(model, id);

            /* What has changed without a mark yet is better left out. */
            if (nic_is_complete(nic) && nic->tvd->id == known->tvd) {
                pipeline_nic_flows(nic, known->port, &flows);
            }
        }
        replace(p, OWNER_NIC, id, &flows);
        if (known && !known->tvd && known->port == OFPP_NONE) {
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

        if (tvd && get_tvd(p, id)->relevant) {
            pipeline_tvd_flows(model, tvd, &flows);
        }
        replace(p, OWNER_TVD, id, &flows);
    }
}

static void
make_flood_parts(struct pipeline *p)
{
    struct flow_list flows;
    uint64_t id;

    flow_list_init(&flows);
    while (idset_pop(&p->stale_parts, &id)) {
        struct known_tvd *tvd = get_tvd(p, id >> 24);
        uint32_t part = id & 0xffffff;
        ofp_port_t ports[PART_SIZE];
        size_t n = 0;

        for (uint32_t i = 0; i < PART_SIZE; i++) {
            const struct known_nic *nic = find_nic(p, part << PART_BITS | i);

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
        const struct known_tvd *tvd = get_tvd(p, id);
        size_t n = idset_count(&tvd->parts);
        uint32_t *parts = xmalloc((n + 1) * sizeof *parts);
        const struct idset_node *node;
        size_t i = 0;

        IDSET_FOR_EACH (node, &tvd->parts) {
            parts[i++] = node->id;
        }
        qsort(parts, n, sizeof *parts, compare_parts);
        if (n) {
            pipeline_flood_flows(id, parts, MIN(n, MAX_PARTS), &flows);
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
            && !idset_count(&tvd->in) && !idset_count(&tvd->parts)) {
            known_tvd_destroy(p, tvd);
        }
    }
}

void
pipeline_run(struct pipeline *p, const struct model *model)
{
    struct tvd_index index = { .model = model };
    bool tvds_touched;
    uint64_t id;

    p->n_recomputed = 0;
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
        examine_nic(p, model, id);
    }
    tvds_touched = idset_count(&p->touched_tvds) > 0;
    while (idset_pop(&p->touched_tvds, &id)) {
        examine_tvd(p, tvd_index_find(&index, id), id);
    }
    examine_relevance(p);
    make_nics(p, model);
    make_tvds(p, model, &index);
    make_flood_parts(p);
    make_floods(p);
    if (tvds_touched) {
        forget_tvds(p);
    }
    free(index.tvds);
}

/* Names and numbers. */

#define COOKIE_MARK UINT64_C(0x7476)

uint64_t
pipeline_cookie(enum pipeline_cookie_kind kind, uint64_t id)
{
    return COOKIE_MARK << 48 | (uint64_t) kind << 40
           | (id & UINT64_C(0xffffffffff));
}

bool
pipeline_cookie_parse(uint64_t cookie, enum pipeline_cookie_kind *kind,
                      uint64_t *id)
{
    uint8_t k = cookie >> 40;

    if (cookie >> 48 != COOKIE_MARK || k < PIPELINE_COOKIE_STATIC
        || k > PIPELINE_COOKIE_RULE_DROP) {
        return false;
    }
    *kind = k;
    *id = cookie & UINT64_C(0xffffffffff);
    return true;
}

const char *
pipeline_drop_to_string(unsigned int drop)
{
    switch (drop) {
#define PIPELINE_DROP(ENUM, ID, NAME, MEANING) case ID: return NAME;
    PIPELINE_DROPS
#undef PIPELINE_DROP
    }
    return NULL;
}

const char *
pipeline_table_to_string(unsigned int table)
{
    switch (table) {
#define PIPELINE_TABLE(ENUM, ID, NAME, PURPOSE) case ID: return NAME;
    PIPELINE_TABLES
#undef PIPELINE_TABLE
    }
    return NULL;
}

uint16_t
pipeline_zone_edge(uint32_t tvd_id)
{
    return 2 * tvd_id;
}

uint16_t
pipeline_zone_leg(uint32_t tvd_a, uint32_t tvd_b)
{
    return 2 * MIN(tvd_a, tvd_b) + 1;
}
