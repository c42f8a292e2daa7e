/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/ruleset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/decide.h"
#include "flowpolicy/service.h"
#include "hash.h"
#include "util.h"

/* --- NICs by role ----------------------------------------------------------*/

struct role_nics {
    struct hmap_node node;      /* In gateway_index's 'roles'. */
    const struct model_role *role;
    const struct model_nic **nics;
    size_t n, allocated;
};

struct gateway_index {
    struct hmap roles;          /* Contains "struct role_nics". */
};

static struct role_nics *
index_find(const struct gateway_index *index, const struct model_role *role)
{
    struct role_nics *rn;

    HMAP_FOR_EACH_WITH_HASH (rn, node, hash_pointer(role, 0), &index->roles) {
        if (rn->role == role) {
            return rn;
        }
    }
    return NULL;
}

static void
index_add(struct gateway_index *index, const struct model_nic *nic)
{
    struct role_nics *rn = index_find(index, nic->role);

    if (!rn) {
        rn = xzalloc(sizeof *rn);
        rn->role = nic->role;
        hmap_insert(&index->roles, &rn->node, hash_pointer(nic->role, 0));
    }
    if (rn->n >= rn->allocated) {
        rn->nics = x2nrealloc(rn->nics, &rn->allocated, sizeof *rn->nics);
    }
    rn->nics[rn->n++] = nic;
}

struct gateway_index *
gateway_index_create(const struct model *m)
{
    struct gateway_index *index = xmalloc(sizeof *index);
    struct shash_node *node;

    hmap_init(&index->roles);
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            if (ee->nics[i]->role) {
                index_add(index, ee->nics[i]);
            }
        }
    }
    return index;
}

void
gateway_index_destroy(struct gateway_index *index)
{
    struct role_nics *rn;

    if (!index) {
        return;
    }
    HMAP_FOR_EACH_POP (rn, node, &index->roles) {
        free(rn->nics);
        free(rn);
    }
    hmap_destroy(&index->roles);
    free(index);
}

/* --- Sets ------------------------------------------------------------------*/

static char *
set_name(const char *base, bool ipv6)
{
    return xasprintf("%s_v%c", base, ipv6 ? '6' : '4');
}

void
gateway_set_destroy(struct gateway_set *set)
{
    if (set) {
        free(set->name);
        free(set->comment);
        free(set->ips);
        free(set);
    }
}

static int
compare_ips(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

/* Sorts, and drops what is there twice. */
static void
set_finish(struct gateway_set *set)
{
    size_t n = 0;

    if (!set->n) {
        return;
    }
    qsort(set->ips, set->n, sizeof *set->ips, compare_ips);
    for (size_t i = 0; i < set->n; i++) {
        if (!n || !ipv6_addr_equals(&set->ips[i], &set->ips[n - 1])) {
            set->ips[n++] = set->ips[i];
        }
    }
    set->n = n;
}

static void
set_add_nic(struct gateway_set *set, size_t *allocated,
            const struct model_nic *nic)
{
    for (size_t i = 0; i < nic->n_ips; i++) {
        if (IN6_IS_ADDR_V4MAPPED(&nic->ips[i]) == set->ipv6) {
            continue;
        }
        if (set->n >= *allocated) {
            set->ips = x2nrealloc(set->ips, allocated, sizeof *set->ips);
        }
        set->ips[set->n++] = nic->ips[i];
    }
}

/* Adds the sets "BASE_v4" and "BASE_v6" with the addresses of 'nics'. */
static void
sets_add(struct gateway_ruleset *rs, const char *base, const char *comment,
         const struct model_nic *const nics[], size_t n)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        struct gateway_set *set = xzalloc(sizeof *set);
        size_t allocated = 0;

        set->name = set_name(base, ipv6);
        set->comment = xstrdup(comment);
        set->ipv6 = ipv6;
        for (size_t i = 0; i < n; i++) {
            set_add_nic(set, &allocated, nics[i]);
        }
        set_finish(set);
        shash_add_assert(&rs->sets, set->name, set);
    }
}

static const struct gateway_set *
sets_find(const struct gateway_ruleset *rs, const char *base, bool ipv6)
{
    char *name = set_name(base, ipv6);
    const struct gateway_set *set = shash_find_data(&rs->sets, name);

    free(name);
    return set;
}

/* --- Building --------------------------------------------------------------*/

struct builder {
    const struct model *m;
    const struct gateway_index *index;
    const struct model_nic *nic;
    struct gateway_ruleset *rs;
    char *error;                /* First thing wrong with the model. */
};

/* The base name of the set of the NICs in 'role', which is made if it is
 * needed for the first time.  Caller frees. */
static char *
role_set(struct builder *b, const struct model_role *role)
{
    char *base = xasprintf("role_%"PRIu32, role->id);
    char *comment = xasprintf("%s/%s", role->tvd->name, role->name);
    const struct gateway_set *old = sets_find(b->rs, base, false);

    if (!role->id && !b->error) {
        b->error = xasprintf("role %s has no id", comment);
    } else if (old && strcmp(old->comment, comment) && !b->error) {
        b->error = xasprintf("roles %s and %s have the same id %"PRIu32,
                             old->comment, comment, role->id);
    }
    if (!old) {
        const struct role_nics *rn = index_find(b->index, role);

        sets_add(b->rs, base, comment, rn ? rn->nics : NULL, rn ? rn->n : 0);
    }
    free(comment);
    return base;
}

/* The same for the EEs that a rule P names. */
static char *
peers_set(struct builder *b, const struct model_rule *rule)
{
    char *base = xasprintf("peers_%"PRIu32, rule->id);

    if (!sets_find(b->rs, base, false)) {
        char *comment = xasprintf("EEs named by rule %"PRIu32, rule->id);
        const struct model_nic **nics = NULL;
        size_t n = 0, allocated = 0;
        const char *name;

        SSET_FOR_EACH (name, &rule->peer_ees) {
            const struct model_ee *ee = model_ee_find(b->m, name);

            for (size_t i = 0; ee && i < ee->n_nics; i++) {
                if (ee->nics[i]->tvd == rule->to) {
                    if (n >= allocated) {
                        nics = x2nrealloc(nics, &allocated, sizeof *nics);
                    }
                    nics[n++] = ee->nics[i];
                }
            }
        }
        sets_add(b->rs, base, comment, nics, n);
        free(nics);
        free(comment);
    }
    return base;
}

static void
add_dst_set(struct gateway_rule *r, char *base)
{
    r->dst_sets = xrealloc(r->dst_sets,
                           (r->n_dst_sets + 1) * sizeof *r->dst_sets);
    r->dst_sets[r->n_dst_sets++] = base;
}

static int
compare_services(const void *a, const void *b)
{
    return service_compare(a, b);
}

/* Appends a rule for the entry of 'from' to 'to'; the caller fills in source
 * and destination. */
static struct gateway_rule *
rule_add(struct builder *b, enum gateway_chain chain,
         const struct model_role *from, const struct model_tvd *to,
         const struct model_rule *rule)
{
    struct gateway_ruleset *rs = b->rs;
    struct gateway_rule *r;

    if (rule && !rule->id && !b->error) {
        b->error = xasprintf("rule %s/%s -> %s has no id", from->tvd->name,
                             from->name, to->name);
    }
    rs->rules = xrealloc(rs->rules, (rs->n_rules + 1) * sizeof *rs->rules);
    r = &rs->rules[rs->n_rules++];
    memset(r, 0, sizeof *r);
    r->chain = chain;
    if (rule) {
        r->counter = xasprintf("rule_%"PRIu32, rule->id);
        r->comment = xasprintf("rule %"PRIu32" %s/%s -> %s", rule->id,
                               from->tvd->name, from->name, to->name);
    } else {
        r->counter = xasprintf("default_%"PRIu32, from->id);
        r->comment = xasprintf("default %s/%s -> %s", from->tvd->name,
                               from->name, to->name);
    }
    if (rule && rule->n_services && rule->action != MODEL_UNRESTRICTED) {
        r->n_services = rule->n_services;
        r->services = xmemdup(rule->services,
                              rule->n_services * sizeof *rule->services);
        qsort(r->services, r->n_services, sizeof *r->services,
              compare_services);
    }
    return r;
}

static void
set_dst_subnets(struct gateway_rule *r, const struct model_tvd *tvd)
{
    r->n_dst_subnets = tvd->n_subnets;
    if (tvd->n_subnets) {
        r->dst_subnets = xmemdup(tvd->subnets,
                                 tvd->n_subnets * sizeof *tvd->subnets);
    }
}

/* The rules G of 'role' that pass through this gateway. */
static void
build_transit(struct builder *b, const struct model_role *role)
{
    const struct model_tvd *own = b->nic->tvd;
    const struct shash_node **nodes = shash_sort(&role->rules);

    for (size_t i = 0; i < shash_count(&role->rules); i++) {
        const struct model_rule *rule = nodes[i]->data;

        if (rule->action == MODEL_G && (role->tvd == own || rule->to == own)) {
            struct gateway_rule *r = rule_add(b, GATEWAY_TRANSIT, role,
                                              rule->to, rule);

            r->src_set = role_set(b, role);
            set_dst_subnets(r, rule->to);
        }
    }
    free(nodes);
}

/* What 'role' may open towards the gateway itself. */
static void
build_to_self(struct builder *b, const struct model_role *role)
{
    struct decide_entry entry = decide_entry(role, b->nic->tvd);
    bool allowed = entry.action != MODEL_NONE;

    if (allowed && entry.action == MODEL_P) {
        allowed = decide_peer_allows(entry.rule, b->nic);
    }
    if (allowed) {
        struct gateway_rule *r = rule_add(b, GATEWAY_OWN, role, b->nic->tvd,
                                          entry.rule);

        r->src_set = role_set(b, role);
        add_dst_set(r, xstrdup("self"));
    }
}

/* What the gateway itself may open towards 'tvd'. */
static void
build_from_self(struct builder *b, const struct model_tvd *tvd)
{
    struct decide_entry entry = decide_entry(b->nic->role, tvd);

    if (entry.action == MODEL_NONE) {
        return;
    }

    struct gateway_rule *r = rule_add(b, GATEWAY_OWN, b->nic->role, tvd,
                                      entry.rule);

    r->src_set = xstrdup("self");
    if (entry.action != MODEL_P) {
        set_dst_subnets(r, tvd);
        return;
    }
    for (size_t i = 0; i < entry.rule->n_peer_roles; i++) {
        add_dst_set(r, role_set(b, entry.rule->peer_roles[i]));
    }
    if (!sset_is_empty(&entry.rule->peer_ees)) {
        add_dst_set(r, peers_set(b, entry.rule));
    }
}

typedef void build_role_func(struct builder *, const struct model_role *);

static void
for_each_role(struct builder *b, build_role_func *build)
{
    const struct shash_node **tvds = shash_sort(&b->m->tvds);

    for (size_t i = 0; i < shash_count(&b->m->tvds); i++) {
        const struct model_tvd *tvd = tvds[i]->data;
        const struct shash_node **roles = shash_sort(&tvd->roles);

        for (size_t j = 0; j < shash_count(&tvd->roles); j++) {
            build(b, roles[j]->data);
        }
        free(roles);
    }
    free(tvds);
}

static enum gateway_log
log_setting(const struct model_tvd *tvd)
{
    const char *log = smap_get_def(&tvd->settings, "gateway_log", "denied");

    return (!strcmp(log, "all") ? GATEWAY_LOG_ALL
            : !strcmp(log, "none") ? GATEWAY_LOG_NONE : GATEWAY_LOG_DENIED);
}

char *
gateway_ruleset_create(const struct model *m,
                       const struct gateway_index *index,
                       const struct model_nic *nic,
                       struct gateway_ruleset **rulesetp)
{
    struct gateway_ruleset *rs = xzalloc(sizeof *rs);
    struct builder b = { .m = m, .index = index, .nic = nic, .rs = rs };

    rs->name = xstrdup(nic->ee->name);
    rs->log = log_setting(nic->tvd);
    shash_init(&rs->sets);
    sets_add(rs, "self", "this gateway", &nic, 1);
    for_each_role(&b, build_transit);
    for_each_role(&b, build_to_self);

    const struct shash_node **tvds = shash_sort(&m->tvds);
    for (size_t i = 0; i < shash_count(&m->tvds); i++) {
        build_from_self(&b, tvds[i]->data);
    }
    free(tvds);
    if (b.error) {
        gateway_ruleset_destroy(rs);
        rs = NULL;
    }
    *rulesetp = rs;
    return b.error;
}

static void
rule_clear(struct gateway_rule *r)
{
    free(r->counter);
    free(r->comment);
    free(r->src_set);
    for (size_t i = 0; i < r->n_dst_sets; i++) {
        free(r->dst_sets[i]);
    }
    free(r->dst_sets);
    free(r->dst_subnets);
    free(r->services);
}

void
gateway_ruleset_destroy(struct gateway_ruleset *rs)
{
    if (!rs) {
        return;
    }
    gateway_sets_destroy(&rs->sets);
    for (size_t i = 0; i < rs->n_rules; i++) {
        rule_clear(&rs->rules[i]);
    }
    free(rs->rules);
    free(rs->name);
    free(rs);
}

void
gateway_sets_destroy(struct shash *sets)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, sets) {
        gateway_set_destroy(node->data);
    }
    shash_destroy(sets);
}

/* --- Judging ---------------------------------------------------------------*/

static bool
set_contains(const struct gateway_set *set, const struct in6_addr *ip)
{
    return set && set->n
           && bsearch(ip, set->ips, set->n, sizeof *set->ips, compare_ips);
}

static bool
dst_matches(const struct gateway_ruleset *rs, const struct gateway_rule *r,
            const struct in6_addr *dst, bool ipv6)
{
    for (size_t i = 0; i < r->n_dst_sets; i++) {
        if (set_contains(sets_find(rs, r->dst_sets[i], ipv6), dst)) {
            return true;
        }
    }
    for (size_t i = 0; i < r->n_dst_subnets; i++) {
        if (model_subnet_contains(&r->dst_subnets[i], dst)) {
            return true;
        }
    }
    return false;
}

static bool
services_match(const struct gateway_rule *r, const struct gateway_tuple *t,
               bool ipv6)
{
    /* The other version's ICMP is a protocol that nothing speaks. */
    if (t->proto == (ipv6 ? IPPROTO_ICMP : IPPROTO_ICMPV6) && r->n_services) {
        return false;
    }
    for (size_t i = 0; i < r->n_services; i++) {
        if (service_holds(&r->services[i], t->proto, t->dst_port)) {
            return true;
        }
    }
    return !r->n_services;
}

bool
gateway_ruleset_allows(const struct gateway_ruleset *rs,
                       const struct gateway_tuple *t)
{
    bool ipv6 = !IN6_IS_ADDR_V4MAPPED(&t->src);

    for (size_t i = 0; i < rs->n_rules; i++) {
        const struct gateway_rule *r = &rs->rules[i];

        if (set_contains(sets_find(rs, r->src_set, ipv6), &t->src)
            && dst_matches(rs, r, &t->dst, ipv6)
            && services_match(r, t, ipv6)) {
            return true;
        }
    }
    return false;
}
