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

/* --- What concerns whom ----------------------------------------------------*/

/* The NICs in a role. */
struct role_nics {
    struct hmap_node node;      /* In gateway_index's 'roles'. */
    const struct model_role *role;
    const struct model_nic **nics;
    size_t n, allocated;
};

/* The entries of the matrix that concern the gateways of a TVD, in the order
 * of the names of TVDs and roles. */
struct tvd_entries {
    struct hmap_node node;      /* In gateway_index's 'tvds'. */
    const struct model_tvd *tvd;
    const struct model_rule **g; /* Rules G from or to it. */
    size_t n_g, allocated_g;
    const struct model_role **from; /* Roles that may open something to it. */
    size_t n_from, allocated_from;
};

struct gateway_index {
    struct hmap roles;          /* Contains "struct role_nics". */
    struct hmap tvds;           /* Contains "struct tvd_entries". */
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

static struct tvd_entries *
entries_find(const struct gateway_index *index, const struct model_tvd *tvd)
{
    struct tvd_entries *e;

    HMAP_FOR_EACH_WITH_HASH (e, node, hash_pointer(tvd, 0), &index->tvds) {
        if (e->tvd == tvd) {
            return e;
        }
    }
    return NULL;
}

/* As entries_find(), but makes what is not there. */
static struct tvd_entries *
entries_get(struct gateway_index *index, const struct model_tvd *tvd)
{
    struct tvd_entries *e = entries_find(index, tvd);

    if (!e) {
        e = xzalloc(sizeof *e);
        e->tvd = tvd;
        hmap_insert(&index->tvds, &e->node, hash_pointer(tvd, 0));
    }
    return e;
}

static void
entries_add_g(struct tvd_entries *e, const struct model_rule *rule)
{
    if (e->n_g >= e->allocated_g) {
        e->g = x2nrealloc(e->g, &e->allocated_g, sizeof *e->g);
    }
    e->g[e->n_g++] = rule;
}

static void
entries_add_from(struct tvd_entries *e, const struct model_role *role)
{
    if (e->n_from >= e->allocated_from) {
        e->from = x2nrealloc(e->from, &e->allocated_from, sizeof *e->from);
    }
    e->from[e->n_from++] = role;
}

static void
index_role(struct gateway_index *index, const struct model_role *role)
{
    const struct shash_node **rules = shash_sort(&role->rules);

    for (size_t i = 0; i < shash_count(&role->rules); i++) {
        const struct model_rule *rule = rules[i]->data;

        if (rule->action == MODEL_G) {
            entries_add_g(entries_get(index, role->tvd), rule);
            if (rule->to != role->tvd) {
                entries_add_g(entries_get(index, rule->to), rule);
            }
        }
        if (rule->action != MODEL_NONE) {
            entries_add_from(entries_get(index, rule->to), role);
        }
    }
    free(rules);
    if (!model_rule_find(role, role->tvd)) {
        /* The default inside a TVD. */
        entries_add_from(entries_get(index, role->tvd), role);
    }
}

static void
index_matrix(struct gateway_index *index, const struct model *m)
{
    const struct shash_node **tvds = shash_sort(&m->tvds);

    for (size_t i = 0; i < shash_count(&m->tvds); i++) {
        const struct model_tvd *tvd = tvds[i]->data;
        const struct shash_node **roles = shash_sort(&tvd->roles);

        for (size_t j = 0; j < shash_count(&tvd->roles); j++) {
            index_role(index, roles[j]->data);
        }
        free(roles);
    }
    free(tvds);
}

struct gateway_index *
gateway_index_create(const struct model *m)
{
    struct gateway_index *index = xmalloc(sizeof *index);
    struct shash_node *node;

    hmap_init(&index->roles);
    hmap_init(&index->tvds);
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            if (ee->nics[i]->role) {
                index_add(index, ee->nics[i]);
            }
        }
    }
    index_matrix(index, m);
    return index;
}

void
gateway_index_destroy(struct gateway_index *index)
{
    struct tvd_entries *e;
    struct role_nics *rn;

    if (!index) {
        return;
    }
    HMAP_FOR_EACH_POP (rn, node, &index->roles) {
        free(rn->nics);
        free(rn);
    }
    hmap_destroy(&index->roles);
    HMAP_FOR_EACH_POP (e, node, &index->tvds) {
        free(e->g);
        free(e->from);
        free(e);
    }
    hmap_destroy(&index->tvds);
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

/* A rule G that passes through this gateway. */
static void
build_transit(struct builder *b, const struct model_rule *rule)
{
    struct gateway_rule *r = rule_add(b, GATEWAY_TRANSIT, rule->from,
                                      rule->to, rule);

    r->src_set = role_set(b, rule->from);
    set_dst_subnets(r, rule->to);
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

/* The TVDs that the gateway's role has an entry for, in the order of their
 * names; its own is always among them. */
static void
build_from_self_all(struct builder *b)
{
    const struct model_role *role = b->nic->role;
    const struct shash_node **rules = shash_sort(&role->rules);
    bool own_done = model_rule_find(role, role->tvd) != NULL;

    for (size_t i = 0; i < shash_count(&role->rules); i++) {
        const struct model_rule *rule = rules[i]->data;

        if (!own_done && strcmp(role->tvd->name, rule->to->name) < 0) {
            build_from_self(b, role->tvd);
            own_done = true;
        }
        build_from_self(b, rule->to);
    }
    if (!own_done) {
        build_from_self(b, role->tvd);
    }
    free(rules);
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

    const struct tvd_entries *e = entries_find(index, nic->tvd);
    for (size_t i = 0; e && i < e->n_g; i++) {
        build_transit(&b, e->g[i]);
    }
    for (size_t i = 0; e && i < e->n_from; i++) {
        build_to_self(&b, e->from[i]);
    }
    build_from_self_all(&b);
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

/* --- Comparing -------------------------------------------------------------*/

static bool
strings_equal(char *const a[], size_t n_a, char *const b[], size_t n_b)
{
    for (size_t i = 0; i < n_a && n_a == n_b; i++) {
        if (strcmp(a[i], b[i])) {
            return false;
        }
    }
    return n_a == n_b;
}

static bool
subnets_equal(const struct gateway_rule *a, const struct gateway_rule *b)
{
    for (size_t i = 0; i < a->n_dst_subnets
                       && a->n_dst_subnets == b->n_dst_subnets; i++) {
        if (a->dst_subnets[i].plen != b->dst_subnets[i].plen
            || !ipv6_addr_equals(&a->dst_subnets[i].addr,
                                 &b->dst_subnets[i].addr)) {
            return false;
        }
    }
    return a->n_dst_subnets == b->n_dst_subnets;
}

static bool
services_equal(const struct gateway_rule *a, const struct gateway_rule *b)
{
    for (size_t i = 0; i < a->n_services && a->n_services == b->n_services;
         i++) {
        if (!model_service_equal(&a->services[i], &b->services[i])) {
            return false;
        }
    }
    return a->n_services == b->n_services;
}

static bool
rules_equal(const struct gateway_rule *a, const struct gateway_rule *b)
{
    return a->chain == b->chain && !strcmp(a->counter, b->counter)
           && !strcmp(a->comment, b->comment)
           && !strcmp(a->src_set, b->src_set)
           && strings_equal(a->dst_sets, a->n_dst_sets,
                            b->dst_sets, b->n_dst_sets)
           && subnets_equal(a, b) && services_equal(a, b);
}

static bool
sets_equal(const struct gateway_set *a, const struct gateway_set *b)
{
    return b && a->ipv6 == b->ipv6 && a->n == b->n
           && !strcmp(a->comment, b->comment)
           && (!a->n || !memcmp(a->ips, b->ips, a->n * sizeof *a->ips));
}

bool
gateway_ruleset_equal(const struct gateway_ruleset *a,
                      const struct gateway_ruleset *b)
{
    struct shash_node *node;

    if (strcmp(a->name, b->name) || a->log != b->log
        || a->n_rules != b->n_rules
        || shash_count(&a->sets) != shash_count(&b->sets)) {
        return false;
    }
    SHASH_FOR_EACH (node, &a->sets) {
        if (!sets_equal(node->data, shash_find_data(&b->sets, node->name))) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_rules; i++) {
        if (!rules_equal(&a->rules[i], &b->rules[i])) {
            return false;
        }
    }
    return true;
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
