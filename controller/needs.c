/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/needs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/decide.h"
#include "hash.h"
#include "lib/model.h"
#include "util.h"

/* NICs of one TVD on one host that the matrix does not tell apart. */
struct kind {
    char *role;
    char *ee;                   /* Named by a rule, or the gateway; "". */
    bool gateway;
    size_t n;
};

/* The NICs of one TVD on one host. */
struct place {
    struct needs_host *host;
    struct needs_tvd *tvd;
    struct shash kinds;         /* "struct kind *". */
    size_t n_held;              /* Of those NICs, that the host holds. */
};

struct needs_host {
    char *name;
    struct shash places;        /* "struct place *" by TVD. */
};

/* What a host is to carry, which outlives a model. */
struct carried {
    struct vidset vids;
    struct leaving *leaving;    /* Those of 'vids' that it does not need. */
    size_t n, allocated;
};

struct leaving {
    unsigned int vid;
    long long int end;          /* In ms. */
};

struct needs_tvd {
    char *name;
    struct shash places;        /* "struct place *" by host. */
    struct sset connected;      /* Other TVDs that an entry leads to or from. */
    bool access;                /* Something is attached to a switch. */
};

struct needs_nic {
    struct hmap_node node;      /* In 'nics', by 'id'. */
    uint32_t id;
    char *tvd;
    struct kind kind;           /* 'n' unused. */
    struct sset hosts;
    char *holder;               /* NULL: none. */
};

void
needs_init(struct needs *f)
{
    shash_init(&f->hosts);
    shash_init(&f->carried);
    f->next_end = LLONG_MAX;
    shash_init(&f->tvds);
    hmap_init(&f->nics);
    sset_init(&f->named);
    sset_init(&f->dirty);
    f->all_dirty = true;
}

static void
place_destroy(struct place *place)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &place->kinds) {
        struct kind *kind = node->data;

        free(kind->role);
        free(kind->ee);
    }
    shash_destroy_free_data(&place->kinds);
    free(place);
}

static void
nic_destroy(struct needs *f, struct needs_nic *nic)
{
    hmap_remove(&f->nics, &nic->node);
    free(nic->tvd);
    free(nic->kind.role);
    free(nic->kind.ee);
    sset_destroy(&nic->hosts);
    free(nic->holder);
    free(nic);
}

static void
clear(struct needs *f)
{
    struct needs_nic *nic;
    struct shash_node *node, *place;

    HMAP_FOR_EACH_SAFE (nic, node, &f->nics) {
        nic_destroy(f, nic);
    }
    SHASH_FOR_EACH (node, &f->hosts) {
        struct needs_host *host = node->data;

        SHASH_FOR_EACH (place, &host->places) {
            place_destroy(place->data);
        }
        shash_destroy(&host->places);
        free(host->name);
    }
    shash_clear_free_data(&f->hosts);
    SHASH_FOR_EACH (node, &f->tvds) {
        struct needs_tvd *tvd = node->data;

        shash_destroy(&tvd->places);
        sset_destroy(&tvd->connected);
        free(tvd->name);
    }
    shash_clear_free_data(&f->tvds);
    sset_clear(&f->named);
    sset_clear(&f->dirty);
}

static void
forget_carried(struct needs *f, struct shash_node *node)
{
    struct carried *c = node->data;

    free(c->leaving);
    free(c);
    shash_delete(&f->carried, node);
}

void
needs_destroy(struct needs *f)
{
    struct shash_node *node;

    clear(f);
    SHASH_FOR_EACH_SAFE (node, &f->carried) {
        forget_carried(f, node);
    }
    shash_destroy(&f->carried);
    shash_destroy(&f->hosts);
    shash_destroy(&f->tvds);
    hmap_destroy(&f->nics);
    sset_destroy(&f->named);
    sset_destroy(&f->dirty);
}

/* --- The model ------------------------------------------------------------*/

static void
add_tvd(struct needs *f, const char *name)
{
    struct needs_tvd *tvd = xzalloc(sizeof *tvd);

    tvd->name = xstrdup(name);
    shash_init(&tvd->places);
    sset_init(&tvd->connected);
    shash_add(&f->tvds, name, tvd);
}

static void
add_host(struct needs *f, const char *name)
{
    struct needs_host *host = xzalloc(sizeof *host);

    host->name = xstrdup(name);
    shash_init(&host->places);
    shash_add(&f->hosts, name, host);
}

static struct needs_tvd *
find_tvd(const struct needs *f, const char *name)
{
    return shash_find_data(&f->tvds, name);
}

/* Notes what the entries of 'role' connect. */
static void
connect_tvds(struct needs *f, const struct model_role *role)
{
    const struct shash_node *node;
    const char *ee;

    SHASH_FOR_EACH (node, &role->rules) {
        const struct model_rule *rule = node->data;

        if (rule->action != MODEL_NONE && rule->to != role->tvd) {
            sset_add(&find_tvd(f, role->tvd->name)->connected, rule->to->name);
            sset_add(&find_tvd(f, rule->to->name)->connected, role->tvd->name);
            SSET_FOR_EACH (ee, &rule->peer_ees) {
                sset_add(&f->named, ee);
            }
        }
    }
}

static void
note_access_ports(struct needs *f, const struct model_switch *sw)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &sw->ports) {
        const struct model_switch_port *port = node->data;
        struct needs_tvd *tvd = port->tvd ? find_tvd(f, port->tvd) : NULL;

        if (tvd) {
            tvd->access = true;
        }
    }
}

void
needs_reset(struct needs *f, const struct model *m)
{
    const struct shash_node *node, *role;

    clear(f);
    f->all_dirty = true;
    SHASH_FOR_EACH (node, &m->hosts) {
        add_host(f, node->name);
    }
    SHASH_FOR_EACH (node, &m->tvds) {
        add_tvd(f, node->name);
    }
    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        SHASH_FOR_EACH (role, &tvd->roles) {
            connect_tvds(f, role->data);
        }
    }
    SHASH_FOR_EACH (node, &m->switches) {
        note_access_ports(f, node->data);
    }
}

/* --- Where NICs are -------------------------------------------------------*/

static void
mark_hosts_of(struct needs *f, const struct needs_tvd *tvd)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &tvd->places) {
        sset_add(&f->dirty, node->name);
    }
}

/* What is at 'place' has changed; it is one of 'n' places of the TVD, counted
 * when there are more. */
static void
mark(struct needs *f, const struct place *place, size_t n)
{
    const char *name;
    bool here = false;

    sset_add(&f->dirty, place->host->name);
    SSET_FOR_EACH (name, &place->tvd->connected) {
        mark_hosts_of(f, find_tvd(f, name));
        here |= shash_find(&place->host->places, name) != NULL;
    }
    /* Others of this TVD are no more alone, or are now; and if there is another
     * TVD here, which of the two VLANs it is may be otherwise. */
    if (n <= 2 || here) {
        mark_hosts_of(f, place->tvd);
    }
}

static struct place *
get_place(struct needs *f, const char *host_name, const char *tvd_name)
{
    struct needs_host *host = shash_find_data(&f->hosts, host_name);
    struct needs_tvd *tvd = find_tvd(f, tvd_name);
    struct place *place;

    if (!host || !tvd) {
        return NULL;
    }
    place = shash_find_data(&host->places, tvd_name);
    if (!place) {
        place = xzalloc(sizeof *place);
        place->host = host;
        place->tvd = tvd;
        shash_init(&place->kinds);
        shash_add(&host->places, tvd_name, place);
        shash_add(&tvd->places, host_name, place);
    }
    return place;
}

static char *
kind_key(const struct kind *kind)
{
    return xasprintf("%s/%s%s", kind->role, kind->ee,
                     kind->gateway ? "/" : "");
}

static void
enter(struct needs *f, const struct needs_nic *nic, const char *host)
{
    struct place *place = get_place(f, host, nic->tvd);
    bool holds = nic->holder && !strcmp(nic->holder, host);
    struct kind *kind;
    char *key;

    if (!place) {
        return;
    }
    key = kind_key(&nic->kind);
    kind = shash_find_data(&place->kinds, key);
    if (!kind) {
        kind = xmalloc(sizeof *kind);
        *kind = (struct kind) {
            .role = xstrdup(nic->kind.role),
            .ee = xstrdup(nic->kind.ee),
            .gateway = nic->kind.gateway,
        };
        shash_add(&place->kinds, key, kind);
    }
    if (!kind->n++ || (holds && !place->n_held)) {
        mark(f, place, shash_count(&place->tvd->places));
    }
    place->n_held += holds;
    free(key);
}

static void
leave(struct needs *f, const struct needs_nic *nic, const char *host)
{
    struct place *place = get_place(f, host, nic->tvd);
    bool holds = nic->holder && !strcmp(nic->holder, host);
    struct kind *kind;
    char *key;

    if (!place) {
        return;
    }
    key = kind_key(&nic->kind);
    kind = shash_find_data(&place->kinds, key);
    place->n_held -= holds;
    if (!--kind->n || (holds && !place->n_held)) {
        mark(f, place, shash_count(&place->tvd->places));
    }
    if (!kind->n) {
        shash_find_and_delete(&place->kinds, key);
        free(kind->role);
        free(kind->ee);
        free(kind);
    }
    if (shash_is_empty(&place->kinds)) {
        shash_find_and_delete(&place->host->places, nic->tvd);
        shash_find_and_delete(&place->tvd->places, host);
        place_destroy(place);
    }
    free(key);
}

static struct needs_nic *
find_nic(const struct needs *f, uint32_t id)
{
    struct needs_nic *nic;

    HMAP_FOR_EACH_WITH_HASH (nic, node, hash_int(id, 0), &f->nics) {
        if (nic->id == id) {
            return nic;
        }
    }
    return NULL;
}

void
needs_drop_nic(struct needs *f, uint32_t id)
{
    struct needs_nic *nic = find_nic(f, id);
    const char *host;

    if (nic) {
        SSET_FOR_EACH (host, &nic->hosts) {
            leave(f, nic, host);
        }
        nic_destroy(f, nic);
    }
}

static bool
is_unchanged(const struct needs_nic *old, const struct needs_nic *nic)
{
    return (!strcmp(old->tvd, nic->tvd)
            && !strcmp(old->kind.role, nic->kind.role)
            && !strcmp(old->kind.ee, nic->kind.ee)
            && old->kind.gateway == nic->kind.gateway
            && nullable_string_is_equal(old->holder, nic->holder)
            && sset_equals(&old->hosts, &nic->hosts));
}

void
needs_put_nic(struct needs *f, const struct model_nic *nic,
               const struct sset *hosts, const char *holder)
{
    bool gateway = nic->tvd->gateway == nic;
    bool special = gateway || sset_contains(&f->named, nic->ee->name);
    struct needs_nic *new = xzalloc(sizeof *new);
    struct needs_nic *old = find_nic(f, nic->id);
    const char *host;

    new->id = nic->id;
    new->tvd = xstrdup(nic->tvd->name);
    new->kind.role = xstrdup(nic->role->name);
    new->kind.ee = xstrdup(special ? nic->ee->name : "");
    new->kind.gateway = gateway;
    new->holder = nullable_xstrdup(holder);
    sset_clone(&new->hosts, hosts);
    hmap_insert(&f->nics, &new->node, hash_int(new->id, 0));
    if (old && is_unchanged(old, new)) {
        nic_destroy(f, new);
        return;
    }
    SSET_FOR_EACH (host, &new->hosts) {
        enter(f, new, host);
    }
    if (old) {
        SSET_FOR_EACH (host, &old->hosts) {
            leave(f, old, host);
        }
        nic_destroy(f, old);
    }
}

/* --- What a host needs ----------------------------------------------------*/

/* What a NIC of this kind is for the matrix.  'nic' and 'ee' are for its
 * use. */
static const struct model_nic *
nic_of_kind(const struct model_tvd *tvd, const struct kind *kind,
            struct model_nic *nic, struct model_ee *ee)
{
    if (kind->gateway && tvd->gateway) {
        return tvd->gateway;
    }
    *ee = (struct model_ee) { .name = kind->ee };
    *nic = (struct model_nic) {
        .ee = ee,
        .tvd = CONST_CAST(struct model_tvd *, tvd),
        .role = model_role_find(tvd, kind->role),
    };
    return nic->role ? nic : NULL;
}

static bool
kinds_meet(const struct model_tvd *tvd_a, const struct kind *a,
           const struct model_tvd *tvd_b, const struct kind *b)
{
    struct model_nic space_a, space_b;
    struct model_ee ee_a, ee_b;
    const struct model_nic *nic_a = nic_of_kind(tvd_a, a, &space_a, &ee_a);
    const struct model_nic *nic_b = nic_of_kind(tvd_b, b, &space_b, &ee_b);

    /* Seen from one side, a rule that names EEs leads to any NIC. */
    return (nic_a && nic_b
            && decide_may_meet(nic_a->role, a->gateway, nic_b)
            && decide_may_meet(nic_b->role, b->gateway, nic_a));
}

static bool
places_meet(const struct model_tvd *tvd_a, const struct place *a,
            const struct model_tvd *tvd_b, const struct place *b)
{
    const struct shash_node *kind_a, *kind_b;

    SHASH_FOR_EACH (kind_a, &a->kinds) {
        SHASH_FOR_EACH (kind_b, &b->kinds) {
            if (kinds_meet(tvd_a, kind_a->data, tvd_b, kind_b->data)) {
                return true;
            }
        }
    }
    return false;
}

/* What 'has_other' of an end may be: bit 0 for false, bit 1 for true.  Until a
 * NIC is held that may be, agents may see it either way. */
static unsigned int
other_states(const struct needs_host *host, const char *tvd)
{
    const struct place *place = shash_find_data(&host->places, tvd);

    return !place ? 1 : place->n_held ? 2 : 3;
}

static void
add_carriers(const struct model *m, const struct model_tvd *tvd_a,
             const struct place *a, const struct model_tvd *tvd_b,
             const struct place *b, struct vidset *vids)
{
    unsigned int here = other_states(a->host, tvd_b->name);
    unsigned int there = other_states(b->host, tvd_a->name);
    struct decide_end end_a = {
        tvd_a, model_host_find(m, a->host->name), false
    };
    struct decide_end end_b = {
        tvd_b, model_host_find(m, b->host->name), false
    };

    if (!end_a.host || !end_b.host) {
        return;
    }
    for (unsigned int i = 0; i < 4; i++) {
        end_a.has_other = i & 1;
        end_b.has_other = i >> 1;
        if (here >> end_a.has_other & there >> end_b.has_other & 1) {
            const struct model_tvd *carrier = decide_carrier(&end_a, &end_b);

            if (carrier && carrier->vlan) {
                vidset_add(vids, carrier->vlan);
            }
        }
    }
}

/* Adds in which VLANs NICs at 'place' meet those of TVD 'other' elsewhere. */
static void
add_meetings(const struct needs *f, const struct model *m,
             const struct place *place, const char *other,
             struct vidset *vids)
{
    const struct model_tvd *tvd_a = model_tvd_find(m, place->tvd->name);
    const struct model_tvd *tvd_b = model_tvd_find(m, other);
    const struct shash_node *node;

    if (!tvd_b || tvd_b->channel != MODEL_CHANNEL_VLAN) {
        return;
    }
    SHASH_FOR_EACH (node, &find_tvd(f, other)->places) {
        const struct place *there = node->data;

        if (vidset_contains(vids, tvd_a->vlan)
            && vidset_contains(vids, tvd_b->vlan)) {
            break;
        }
        if (there->host != place->host
            && places_meet(tvd_a, place, tvd_b, there)) {
            add_carriers(m, tvd_a, place, tvd_b, there, vids);
        }
    }
}

static void
add_place(const struct needs *f, const struct model *m,
          const struct model_host *host, const struct place *place,
          struct vidset *vids)
{
    const struct model_tvd *tvd = model_tvd_find(m, place->tvd->name);
    const char *name;

    if (!tvd || tvd->channel != MODEL_CHANNEL_VLAN || !tvd->vlan) {
        return;
    }
    if (decide_may_carry(host, tvd)
        && (shash_count(&place->tvd->places) > 1 || place->tvd->access)) {
        vidset_add(vids, tvd->vlan);
    }
    SSET_FOR_EACH (name, &place->tvd->connected) {
        add_meetings(f, m, place, name, vids);
    }
}

/* All that the host's label allows. */
static void
add_label(const struct model *m, const struct model_host *host,
          struct vidset *vids)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        if (tvd->channel == MODEL_CHANNEL_VLAN && tvd->vlan
            && decide_may_carry(host, tvd)) {
            vidset_add(vids, tvd->vlan);
        }
    }
}

static void
collect_needs(const struct needs *f, const struct model *m,
              const struct needs_host *host, struct vidset *vids)
{
    const struct model_host *model_host = model_host_find(m, host->name);
    const struct model_switch *sw;
    const struct shash_node *node;

    if (model_host && !model_host->revoked) {
        sw = (model_host->switch_name
              ? model_switch_find(m, model_host->switch_name) : NULL);
        if (sw && sw->vlans == MODEL_VLANS_LABEL) {
            add_label(m, model_host, vids);
        }
        SHASH_FOR_EACH (node, &host->places) {
            add_place(f, m, model_host, node->data, vids);
        }
    }
}

/* --- What is carried ------------------------------------------------------*/

/* When the host is to lose 'vid', which it does not need any more. */
static long long int
when_left(struct needs *f, struct carried *c, unsigned int vid,
          long long int now)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->leaving[i].vid == vid) {
            return c->leaving[i].end;
        }
    }
    if (c->n >= c->allocated) {
        c->leaving = x2nrealloc(c->leaving, &c->allocated,
                                sizeof *c->leaving);
    }
    c->leaving[c->n++] = (struct leaving) { vid, now + NEEDS_GRACE };
    f->next_end = MIN(f->next_end, now + NEEDS_GRACE);
    return now + NEEDS_GRACE;
}

/* Forgets those that are needed again, or not carried any more. */
static void
drop_leaving(struct carried *c, const struct vidset *needs)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        if (vidset_contains(&c->vids, c->leaving[i].vid)
            && !vidset_contains(needs, c->leaving[i].vid)) {
            c->leaving[n++] = c->leaving[i];
        }
    }
    c->n = n;
}

static void
add_leaving(struct needs *f, struct carried *c, const struct model *m,
            const struct model_host *host, const struct vidset *needs,
            struct vidset *vids, long long int now)
{
    struct vidset allowed;
    unsigned int vid;

    memset(&allowed, 0, sizeof allowed);
    add_label(m, host, &allowed);
    VIDSET_FOR_EACH (vid, &c->vids) {
        if (!vidset_contains(needs, vid) && vidset_contains(&allowed, vid)
            && now < when_left(f, c, vid, now)) {
            vidset_add(vids, vid);
        }
    }
}

/* Returns true if the host is to carry other VLANs than before. */
static bool
compute(struct needs *f, const struct model *m, const struct needs_host *host,
        long long int now)
{
    const struct model_host *model_host = model_host_find(m, host->name);
    struct carried *c = shash_find_data(&f->carried, host->name);
    struct vidset needs, vids;
    bool changed;

    if (!c) {
        c = xzalloc(sizeof *c);
        shash_add(&f->carried, host->name, c);
    }
    memset(&needs, 0, sizeof needs);
    collect_needs(f, m, host, &needs);
    vids = needs;
    if (model_host && !model_host->revoked
        && !vidset_equal(&needs, &c->vids)) {
        add_leaving(f, c, m, model_host, &needs, &vids, now);
    }
    changed = !vidset_equal(&vids, &c->vids);
    c->vids = vids;
    drop_leaving(c, &needs);
    return changed;
}

/* Marks the hosts that lose a VLAN now, and looks when the next one does. */
static void
run_ends(struct needs *f, long long int now, bool mark)
{
    const struct shash_node *node;

    f->next_end = LLONG_MAX;
    SHASH_FOR_EACH (node, &f->carried) {
        const struct carried *c = node->data;

        for (size_t i = 0; i < c->n; i++) {
            if (mark && now >= c->leaving[i].end) {
                sset_add(&f->dirty, node->name);
            }
            f->next_end = MIN(f->next_end, c->leaving[i].end);
        }
    }
}

static void
forget_hosts(struct needs *f)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &f->carried) {
        if (!shash_find(&f->hosts, node->name)) {
            forget_carried(f, node);
        }
    }
}

bool
needs_run(struct needs *f, const struct model *m, long long int now)
{
    bool changed = f->all_dirty;
    bool ended = now >= f->next_end;
    const struct shash_node *node;
    const char *name;

    if (ended) {
        run_ends(f, now, true);
    }
    if (!f->all_dirty && sset_is_empty(&f->dirty)) {
        return false;
    }
    if (f->all_dirty) {
        forget_hosts(f);
        SHASH_FOR_EACH (node, &f->hosts) {
            compute(f, m, node->data, now);
        }
    } else {
        SSET_FOR_EACH (name, &f->dirty) {
            struct needs_host *host = shash_find_data(&f->hosts, name);

            changed |= host && compute(f, m, host, now);
        }
    }
    f->all_dirty = false;
    sset_clear(&f->dirty);
    if (ended) {
        run_ends(f, now, false);
    }
    return changed;
}

long long int
needs_deadline(const struct needs *f)
{
    return f->next_end;
}

const struct vidset *
needs_of_host(const struct needs *f, const char *name)
{
    static const struct vidset none;
    const struct carried *c = shash_find_data(&f->carried, name);

    return c ? &c->vids : &none;
}
