/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "ovs-tvd/pipeline-known.h"

#include <stdlib.h>
#include "hash.h"
#include "lib/model.h"
#include "util.h"

void
known_nic_destroy(struct pipeline *p, struct known_nic *nic)
{
    carriage_note_users(p, nic, NULL, 0);
    hmap_remove(&p->nics, &nic->node);
    free(nic->ee);
    free(nic->role);
    free(nic->host);
    free(nic);
}

void
known_tvd_destroy(struct pipeline *p, struct known_tvd *tvd)
{
    hmap_remove(&p->tvds, &tvd->node);
    idset_destroy(&tvd->nics);
    idset_destroy(&tvd->out);
    idset_destroy(&tvd->in);
    idset_destroy(&tvd->parts);
    sset_destroy(&tvd->peer_ees);
    simap_destroy(&tvd->local_roles);
    simap_destroy(&tvd->hosts);
    free(tvd);
}

struct known_nic *
known_nic_find(const struct pipeline *p, uint32_t id)
{
    struct known_nic *nic;

    HMAP_FOR_EACH_WITH_HASH (nic, node, hash_int(id, 0), &p->nics) {
        if (nic->id == id) {
            return nic;
        }
    }
    return NULL;
}

struct known_nic *
known_nic_get(struct pipeline *p, uint32_t id)
{
    struct known_nic *nic = known_nic_find(p, id);

    if (!nic) {
        nic = xzalloc(sizeof *nic);
        nic->id = id;
        nic->port = nic->flood_port = nic->watched = OFPP_NONE;
        hmap_insert(&p->nics, &nic->node, hash_int(id, 0));
    }
    return nic;
}

struct known_tvd *
known_tvd_find(const struct pipeline *p, uint32_t id)
{
    struct known_tvd *tvd;

    HMAP_FOR_EACH_WITH_HASH (tvd, node, hash_int(id, 0), &p->tvds) {
        if (tvd->id == id) {
            return tvd;
        }
    }
    return NULL;
}

struct known_tvd *
known_tvd_get(struct pipeline *p, uint32_t id)
{
    struct known_tvd *tvd = known_tvd_find(p, id);

    if (!tvd) {
        tvd = xzalloc(sizeof *tvd);
        tvd->id = id;
        idset_init(&tvd->nics);
        idset_init(&tvd->out);
        idset_init(&tvd->in);
        idset_init(&tvd->parts);
        sset_init(&tvd->peer_ees);
        simap_init(&tvd->local_roles);
        simap_init(&tvd->hosts);
        hmap_insert(&p->tvds, &tvd->node, hash_int(id, 0));
    }
    return tvd;
}

static int
compare_tvds(const void *a_, const void *b_)
{
    const struct model_tvd *const *a = a_;
    const struct model_tvd *const *b = b_;

    return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

void
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

const struct model_tvd *
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

bool
known_nic_is_complete(const struct model_nic *nic)
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

/* Which tags are let in, and used for whom, depends on where the TVDs are that
 * entries connect. */
static void
stale_fabric(struct pipeline *p, const struct known_tvd *tvd)
{
    const struct idset *const sets[] = { &tvd->out, &tvd->in };
    const struct idset_node *n;

    if (p->uplink == OFPP_NONE) {
        return;
    }
    idset_add(&p->stale_links, tvd->id);
    idset_add(&p->stale_floods, tvd->id);
    add_all(&p->stale_nics, &tvd->nics);
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        IDSET_FOR_EACH (n, sets[i]) {
            const struct known_tvd *other = known_tvd_find(p, n->id);

            idset_add(&p->stale_links, n->id);
            if (other) {
                add_all(&p->stale_nics, &other->nics);
            }
        }
    }
}

/* Which tags are let in for those that meet NICs of 'tvd' depends on each of
 * these. */
static void
stale_meetings(struct pipeline *p, const struct known_tvd *tvd)
{
    if (p->uplink != OFPP_NONE) {
        idset_add(&p->stale_links, tvd->id);
        add_all(&p->stale_links, &tvd->out);
        add_all(&p->stale_links, &tvd->in);
    }
}

bool
known_tvd_is_at(const struct pipeline *p, const struct known_tvd *tvd,
                const char *host)
{
    return (p->host && !strcmp(host, p->host) ? tvd->n_here > 0
            : simap_contains(&tvd->hosts, host));
}

void
known_stale_nics(struct pipeline *p, uint32_t tvd_id)
{
    add_all(&p->stale_nics, &known_tvd_get(p, tvd_id)->nics);
}

/* Adds 'delta', 1 or -1, to the counter called 'name'.  True if there is one
 * now and was none before, or the other way round. */
static bool
count(struct simap *counters, const char *name, int delta)
{
    unsigned int n = simap_get(counters, name) + delta;

    if (n) {
        simap_put(counters, name, n);
    } else {
        simap_find_and_delete(counters, name);
    }
    return n == (delta > 0);
}

/* Takes note that 'nic' is on 'host' (NULL: on none but, perhaps, this
 * one). */
static void
place_nic(struct pipeline *p, struct known_nic *nic, const char *host)
{
    struct known_tvd *tvd = known_tvd_get(p, nic->tvd);

    if (nic->host) {
        if (count(&tvd->hosts, nic->host, -1)) {
            stale_fabric(p, tvd);
            carriage_forget(p, 0, tvd->id, nic->host);
        }
        free(nic->host);
        nic->host = NULL;
    }
    if (host) {
        nic->host = xstrdup(host);
        if (count(&tvd->hosts, host, 1)) {
            stale_fabric(p, tvd);
        }
    }
    stale_meetings(p, tvd);
}

/* Counts a port in or out of TVD 'id'. */
static void
count_local(struct pipeline *p, uint32_t id, const struct known_nic *nic,
            int delta)
{
    struct known_tvd *tvd = known_tvd_get(p, id);

    if (count(&tvd->local_roles, nic->role, delta) || nic->id == tvd->gateway) {
        stale_fabric(p, tvd);
    }
    tvd->n_local += delta;
    if (tvd->n_local == (delta > 0)) {
        /* The first came or the last went. */
        idset_add(&p->check_tvds, id);
        add_all(&p->check_tvds, &tvd->out);
        add_all(&p->check_tvds, &tvd->in);
        if (!tvd->n_local) {
            carriage_forget(p, id, 0, NULL);
        }
    }
    idset_add(&p->stale_parts, (uint64_t) id << 24 | nic->id >> PART_BITS);
}

/* Brings the TVDs' members and lists of ports up to date. */
static void
move_nic(struct pipeline *p, struct known_nic *nic, uint32_t tvd,
         const char *ee, const char *role, const char *host)
{
    /* Who is on another host is not here, whatever its port. */
    ofp_port_t port = tvd && !host ? nic->port : OFPP_NONE;

    bool role_changed = !nullable_string_is_equal(nic->role, role);

    if (nic->host && (nic->tvd != tvd || role_changed
                      || !nullable_string_is_equal(nic->host, host))) {
        place_nic(p, nic, NULL);
    }
    if (nic->tvd != tvd || role_changed
        || !nullable_string_is_equal(nic->ee, ee)) {
        stale_peers(p, nic->ee);
        stale_peers(p, ee);
    }
    if (nic->flood_port != OFPP_NONE
        && (nic->tvd != tvd || nic->flood_port != port || role_changed)) {
        count_local(p, nic->tvd, nic, -1);
        nic->flood_port = OFPP_NONE;
    }
    if (nic->tvd != tvd) {
        if (nic->tvd) {
            idset_remove(&known_tvd_get(p, nic->tvd)->nics, nic->id);
        }
        if (tvd) {
            if (!known_tvd_find(p, tvd)) {
                idset_add(&p->touched_tvds, tvd);
            }
            idset_add(&known_tvd_get(p, tvd)->nics, nic->id);
        }
        nic->tvd = tvd;
    }
    if (role_changed) {
        if (tvd && nic->role && role) {
            struct known_tvd *known = known_tvd_get(p, tvd);

            idset_add(&p->stale_holds, tvd);
            add_all(&p->stale_holds, &known->out);
            add_all(&p->stale_holds, &known->in);
        }
        free(nic->role);
        nic->role = nullable_xstrdup(role);
    }
    if (!nullable_string_is_equal(nic->ee, ee)) {
        free(nic->ee);
        nic->ee = nullable_xstrdup(ee);
    }
    if (nic->flood_port != port) {
        nic->flood_port = port;
        count_local(p, tvd, nic, 1);
    }
    if (host && !nic->host) {
        place_nic(p, nic, host);
    }
}

/* The other host of the fabric that 'nic' is on, NULL: none. */
static const char *
other_host(const struct pipeline *p, const struct model_nic *nic)
{
    return (p->uplink != OFPP_NONE && nic->host && p->host
            && strcmp(nic->host, p->host) ? nic->host : NULL);
}

/* Counts 'known' where 'nic' (NULL: gone) says that it is. */
static void
count_here(struct pipeline *p, struct known_nic *known,
           const struct model_nic *nic)
{
    bool is_here = nic && (!nic->host ? known->flood_port != OFPP_NONE
                           : p->host && !strcmp(nic->host, p->host));
    uint32_t here = is_here ? nic->tvd->id : 0;
    struct known_tvd *tvd;

    if (known->here == here) {
        return;
    }
    if (known->here) {
        tvd = known_tvd_get(p, known->here);
        if (!--tvd->n_here) {
            stale_fabric(p, tvd);
        }
    }
    known->here = here;
    if (here) {
        tvd = known_tvd_get(p, here);
        if (!tvd->n_here++) {
            stale_fabric(p, tvd);
        }
    }
}

void
known_examine_nic(struct pipeline *p, const struct model *model, uint32_t id)
{
    const struct model_nic *nic = model_nic_find_id(model, id);
    struct known_nic *known = known_nic_find(p, id);
    struct known_tvd *tvd = known && known->tvd ? known_tvd_get(p, known->tvd)
                                                : NULL;

    if (!known_nic_is_complete(nic)) {
        nic = NULL;
    }
    if (tvd && tvd->gateway == id) {
        idset_add(&p->touched_tvds, tvd->id);
    }
    if (nic && nic->tvd->gateway == nic) {
        idset_add(&p->touched_tvds, nic->tvd->id);
    }
    if (nic || known) {
        known = known_nic_get(p, id);
        move_nic(p, known, nic ? nic->tvd->id : 0,
                 nic ? nic->ee->name : NULL, nic ? nic->role->name : NULL,
                 nic ? other_host(p, nic) : NULL);
        count_here(p, known, nic);
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
    stale_fabric(p, tvd);       /* Of those that were connected; */
    IDSET_FOR_EACH (n, &tvd->out) {
        idset_remove(&known_tvd_get(p, n->id)->in, tvd->id);
        idset_add(&p->check_tvds, n->id);
    }
    idset_swap(&tvd->out, &out);
    IDSET_FOR_EACH (n, &tvd->out) {
        idset_add(&known_tvd_get(p, n->id)->in, tvd->id);
        idset_add(&p->check_tvds, n->id);
    }
    stale_fabric(p, tvd);       /* of those that are now. */
    update_peers(p, tvd, &peer_ees);
    idset_destroy(&out);
    sset_destroy(&peer_ees);
}

void
known_examine_tvd(struct pipeline *p, const struct model_tvd *model_tvd,
            uint32_t id)
{
    struct known_tvd *tvd = known_tvd_get(p, id);
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
        const struct known_tvd *tvd = known_tvd_find(p, n->id);

        if (tvd && tvd->n_local) {
            return true;
        }
    }
    return false;
}

void
known_examine_relevance(struct pipeline *p)
{
    uint64_t id;

    while (idset_pop(&p->check_tvds, &id)) {
        struct known_tvd *tvd = known_tvd_get(p, id);
        bool relevant = tvd->exists && (tvd->n_local
                                        || any_local(p, &tvd->out)
                                        || any_local(p, &tvd->in));

        if (relevant != tvd->relevant) {
            tvd->relevant = relevant;
            idset_add(&p->stale_tvds, id);
            idset_add(&p->stale_links, id);
            add_all(&p->stale_nics, &tvd->nics);
        }
    }
}
