/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks that need the whole model.  None compares everything with
 * everything: overlaps are found by sorting, conflicts by hashing. */

#include <config.h>
#include "flowpolicy/parse.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/alloc.h"
#include "util.h"

static int
compare_locs(const struct model_loc *a, const struct model_loc *b)
{
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->column < b->column ? -1 : a->column > b->column;
}

/* --- Overlapping subnets -------------------------------------------------- */

struct owned_subnet {
    const struct model_subnet *subnet;
    const struct model_tvd *tvd;
};

static int
compare_subnets(const void *a_, const void *b_)
{
    const struct owned_subnet *a = a_;
    const struct owned_subnet *b = b_;
    int cmp = memcmp(&a->subnet->addr, &b->subnet->addr,
                     sizeof a->subnet->addr);

    if (!cmp && a->subnet->plen != b->subnet->plen) {
        cmp = a->subnet->plen < b->subnet->plen ? -1 : 1;
    }
    return cmp ? cmp : compare_locs(&a->subnet->loc, &b->subnet->loc);
}

static void
report_overlap(struct parser *p, const struct owned_subnet *a,
               const struct owned_subnet *b)
{
    if (compare_locs(&a->subnet->loc, &b->subnet->loc) > 0) {
        const struct owned_subnet *swap = a;
        a = b;
        b = swap;
    }

    char *a_text = parse_format_ip(&a->subnet->addr);
    char *b_text = parse_format_ip(&b->subnet->addr);
    parse_error_loc(p, &b->subnet->loc, "subnet %s/%u of TVD '%s' overlaps "
                    "%s/%u of TVD '%s' (line %u)", b_text, b->subnet->plen,
                    b->tvd->name, a_text, a->subnet->plen, a->tvd->name,
                    a->subnet->loc.line);
    free(a_text);
    free(b_text);
}

static void
check_subnets(struct parser *p)
{
    struct owned_subnet *all;
    struct shash_node *node;
    size_t n = 0, i = 0;

    SHASH_FOR_EACH (node, &p->m->tvds) {
        n += ((struct model_tvd *) node->data)->n_subnets;
    }
    all = xmalloc((n + 1) * sizeof *all);
    SHASH_FOR_EACH (node, &p->m->tvds) {
        const struct model_tvd *tvd = node->data;

        for (size_t j = 0; j < tvd->n_subnets; j++) {
            all[i++] = (struct owned_subnet) { &tvd->subnets[j], tvd };
        }
    }
    qsort(all, n, sizeof *all, compare_subnets);

    /* Two address blocks are disjoint, or one is in the other.  So what holds
     * all[i] is all[i - 1], or holds all[i - 1], or there is nothing. */
    size_t *outer = xmalloc((n + 1) * sizeof *outer);   /* n: nothing. */
    for (i = 0; i < n; i++) {
        size_t o = i ? i - 1 : n;

        while (o != n && !model_subnet_contains(all[o].subnet,
                                                &all[i].subnet->addr)) {
            o = outer[o];
        }
        outer[i] = o;
        if (o != n) {
            report_overlap(p, &all[o], &all[i]);
        }
    }
    free(outer);
    free(all);
}

/* --- Room in subnets and pools -------------------------------------------- */

/* How many EEs fit into 'subnet': all addresses but those of the network, the
 * router and, with IPv4, broadcast. */
static uint64_t
subnet_room(const struct model_subnet *subnet)
{
    unsigned int bits = (subnet->ipv6 ? 128 : 32) - subnet->plen;

    return bits >= 63 ? UINT64_MAX
           : (UINT64_C(1) << bits) - (subnet->ipv6 ? 2 : 3);
}

static void
check_room(struct parser *p)
{
    struct parse_tvd *info;

    HMAP_FOR_EACH (info, node, &p->tvds) {
        const struct model_tvd *tvd = info->tvd;

        for (size_t i = 0; info->n_declared && i < tvd->n_subnets; i++) {
            const struct model_subnet *subnet = &tvd->subnets[i];
            uint64_t need = info->n_auto + info->n_declared[i];

            if (need > subnet_room(subnet)) {
                parse_error_loc(p, &subnet->loc, "subnet is too small: TVD "
                                "'%s' has %"PRIu64" NICs with an address in "
                                "it, there is room for %"PRIu64, tvd->name,
                                need, subnet_room(subnet));
            }
        }
    }
}

/* 'n' TVDs need a number from 'pool', which is called 'what' and is 'min' to
 * 'max' if the file does not say. */
static void
check_pool(struct parser *p, const char *what, const struct model_range *pool,
           uint32_t min, uint32_t max, size_t n, size_t n_declared_inside)
{
    uint64_t room = (pool->max ? pool->max - pool->min : max - min) + 1;

    if (n > room - n_declared_inside) {
        parse_error_loc(p, &pool->loc, "%s is too small: %"PRIuSIZE" TVDs need "
                        "a number from it, free: %"PRIu64,
                        what, n, room - n_declared_inside);
    }
}

static void
check_pools(struct parser *p)
{
    const struct model_range *vlans = &p->m->vlan_pool;
    const struct model_range *vnis = &p->m->vni_pool;
    uint32_t vlan_min = vlans->max ? vlans->min : ALLOC_VLAN_POOL_MIN;
    uint32_t vlan_max = vlans->max ? vlans->max : ALLOC_VLAN_POOL_MAX;
    uint32_t vni_min = vnis->max ? vnis->min : ALLOC_VNI_POOL_MIN;
    uint32_t vni_max = vnis->max ? vnis->max : ALLOC_VNI_POOL_MAX;
    size_t need_vlan = 0, need_vni = 0, vlans_used = 0, vnis_used = 0;
    struct shash_node *node;

    SHASH_FOR_EACH (node, &p->vlans) {
        uint32_t vlan = ((struct model_tvd *) node->data)->vlan;

        vlans_used += vlan >= vlan_min && vlan <= vlan_max;
    }
    SHASH_FOR_EACH (node, &p->vnis) {
        uint32_t vni = ((struct model_tvd *) node->data)->vni;

        vnis_used += vni >= vni_min && vni <= vni_max;
    }
    SHASH_FOR_EACH (node, &p->m->tvds) {
        const struct model_tvd *tvd = node->data;

        need_vlan += !tvd->vlan_declared;
        need_vni += !tvd->vni_declared;
    }
    check_pool(p, "vlan_pool", vlans, vlan_min, vlan_max, need_vlan,
               vlans_used);
    check_pool(p, "vni_pool", vnis, vni_min, vni_max, need_vni, vnis_used);
}

/* --- Switches ------------------------------------------------------------- */

/* No TVD may get the VLAN that is for ports without one. */
static void
check_parking(struct parser *p)
{
    const struct model_range *pool = &p->m->vlan_pool;
    unsigned int min = pool->max ? pool->min : ALLOC_VLAN_POOL_MIN;
    unsigned int max = pool->max ? pool->max : ALLOC_VLAN_POOL_MAX;
    const struct shash_node *node, *tvd;

    SHASH_FOR_EACH (node, &p->m->switches) {
        const struct model_switch *sw = node->data;

        if (sw->parking >= min && sw->parking <= max) {
            parse_error_loc(p, &sw->parking_loc, "parking VLAN %u is in "
                            "vlan_pool (%u to %u), from which TVDs get "
                            "theirs", sw->parking, min, max);
        }
        SHASH_FOR_EACH (tvd, &p->m->tvds) {
            const struct model_tvd *t = tvd->data;

            if (sw->parking && t->vlan == sw->parking) {
                parse_error_loc(p, &sw->parking_loc, "parking VLAN %u is that "
                                "of TVD '%s'", sw->parking, t->name);
            }
        }
    }
}

/* --- Conflict sets -------------------------------------------------------- */

/* The conflict sets that a type is in. */
struct type_conflicts {
    const struct model_conflict **sets;
    size_t n;
};

/* Notes in 'index' that 'type' is in 'set'. */
static void
index_type(struct parser *p, const struct model_conflict *set,
           const char *type, struct shash *index)
{
    struct type_conflicts *tc = shash_find_data(index, type);

    if (!tc) {
        tc = xzalloc(sizeof *tc);
        shash_add(index, type, tc);
    }
    if (tc->n >= POLICY_MAX_CONFLICTS) {
        parse_error_loc(p, &set->loc, "conflict set '%s' is one too many with "
                        "type '%s': a type may be in %d", set->name, type,
                        POLICY_MAX_CONFLICTS);
        return;
    }
    tc->sets = xrealloc(tc->sets, (tc->n + 1) * sizeof *tc->sets);
    tc->sets[tc->n++] = set;
}

/* Fills 'index' with "struct type_conflicts *" by type. */
static void
index_conflicts(struct parser *p, struct shash *index)
{
    const struct shash_node **sets = shash_sort(&p->m->conflicts);

    for (size_t i = 0; i < shash_count(&p->m->conflicts); i++) {
        const struct model_conflict *set = sets[i]->data;
        const char *type;

        SSET_FOR_EACH (type, &set->types) {
            index_type(p, set, type, index);
        }
    }
    free(sets);
}

static void
destroy_index(struct shash *index)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, index) {
        free(((struct type_conflicts *) node->data)->sets);
    }
    shash_destroy_free_data(index);
}

/* What has been seen of a conflict set in some place. */
struct presence {
    const char *type;
    const struct model_ee *ee;
};

static void
check_label(struct parser *p, const struct model_label *label,
            const struct shash *index)
{
    struct shash seen = SHASH_INITIALIZER(&seen);   /* Types by set. */
    const char **types = sset_sort(&label->types);

    for (size_t i = 0; types[i]; i++) {
        const struct type_conflicts *tc = shash_find_data(index, types[i]);

        for (size_t j = 0; tc && j < tc->n; j++) {
            const char *name = tc->sets[j]->name;
            const char *other = shash_find_data(&seen, name);

            if (other) {
                parse_error_loc(p, &label->loc, "label '%s' holds two types "
                                "of conflict set '%s': %s and %s",
                                label->name, name, other, types[i]);
            } else {
                shash_add(&seen, name, types[i]);
            }
        }
    }
    free(types);
    shash_destroy(&seen);
}

static void
check_labels(struct parser *p, const struct shash *index)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &p->m->labels) {
        check_label(p, node->data, index);
    }
}

static void
report_meeting(struct parser *p, const struct model_ee *ee, const char *type,
               const struct presence *there, const struct model_conflict *set)
{
    bool added = ee->origin == MODEL_FROM_API && !ee->loc.line;

    parse_error_loc(p, &ee->loc, "EE '%s' (type %s) and EE '%s' (type %s) "
                    "must not meet on host '%s': conflict set '%s'%s%s%s",
                    ee->name, type, there->ee->name, there->type, ee->host,
                    set->name,
                    added ? "; change the policy, or first run \"tvdctl ee "
                    "remove " : "", added ? ee->name : "", added ? "\"" : "");
}

/* Notes the types of 'ee' as present on its host; complains if one of a
 * conflict set meets another there. */
static void
check_ee_on_host(struct parser *p, const struct model_ee *ee,
                 const struct shash *index, struct shash *present)
{
    const char **types = sset_sort(&ee->label->types);

    for (size_t i = 0; types[i]; i++) {
        const struct type_conflicts *tc = shash_find_data(index, types[i]);

        for (size_t j = 0; tc && j < tc->n; j++) {
            char *id = xasprintf("%s\n%s", ee->host, tc->sets[j]->name);
            struct presence *there = shash_find_data(present, id);

            if (!there) {
                there = xmalloc(sizeof *there);
                *there = (struct presence) { types[i], ee };
                shash_add(present, id, there);
            } else if (there->ee != ee && strcmp(there->type, types[i])) {
                report_meeting(p, ee, types[i], there, tc->sets[j]);
            }
            free(id);
        }
    }
    free(types);
}

static int
compare_ees(const void *a_, const void *b_)
{
    const struct model_ee *const *a = a_;
    const struct model_ee *const *b = b_;
    bool a_added = (*a)->origin == MODEL_FROM_API;
    bool b_added = (*b)->origin == MODEL_FROM_API;
    int cmp = compare_locs(&(*a)->loc, &(*b)->loc);

    return (a_added != b_added ? a_added - b_added
            : cmp ? cmp : strcmp((*a)->name, (*b)->name));
}

/* True if 'ee' can meet 'last', which comes to what has been checked already;
 * NULL: all come. */
static bool
may_meet(const struct model_ee *ee, const struct model_ee *last)
{
    return (ee->host && ee->label && ee != last
            && (!last || (last->host && !strcmp(ee->host, last->host))));
}

/* The EEs bound to a host that have a label: those of the file, in its order,
 * and those added one by one; if there is a 'last', of its host alone, and it
 * at the end.  Who comes later is complained about.  Caller frees. */
static const struct model_ee **
pinned_ees(const struct model *m, const struct model_ee *last, size_t *np)
{
    const struct model_ee **ees = xmalloc((shash_count(&m->ees) + 1)
                                          * sizeof *ees);
    struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        if (may_meet(ee, last)) {
            ees[n++] = ee;
        }
    }
    qsort(ees, n, sizeof *ees, compare_ees);
    if (last && last->host && last->label) {
        ees[n++] = last;
    }
    *np = n;
    return ees;
}

static void
check_hosts(struct parser *p, const struct model_ee *blame,
            const struct shash *index)
{
    struct shash present = SHASH_INITIALIZER(&present);
    size_t n;
    const struct model_ee **ees = pinned_ees(p->m, blame, &n);

    for (size_t i = 0; i < n; i++) {
        check_ee_on_host(p, ees[i], index, &present);
    }
    free(ees);
    shash_destroy_free_data(&present);
}

void
check_collocation(struct parser *p, const struct model_ee *blame)
{
    struct shash index = SHASH_INITIALIZER(&index);

    index_conflicts(p, &index);
    check_hosts(p, blame, &index);
    destroy_index(&index);
}

void
check_policy(struct parser *p)
{
    struct shash index = SHASH_INITIALIZER(&index);

    check_subnets(p);
    check_room(p);
    check_pools(p);
    check_parking(p);
    index_conflicts(p, &index);
    check_labels(p, &index);
    check_hosts(p, NULL, &index);
    destroy_index(&index);
}
