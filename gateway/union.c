/* SPDX-License-Identifier: Apache-2.0
 *
 * Two states of a host's gateways put together, for the time between them. */

#include <config.h>
#include "gateway/plan.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/service.h"
#include "openvswitch/json.h"
#include "util.h"

static void
set_unite(struct gateway_set *set, const struct gateway_set *other)
{
    struct in6_addr *ips = xcalloc(set->n + other->n + 1, sizeof *ips);
    size_t n = 0;

    /* Both are sorted. */
    for (size_t i = 0, j = 0; i < set->n || j < other->n; n++) {
        int cmp = (i >= set->n ? 1 : j >= other->n ? -1
                   : memcmp(&set->ips[i], &other->ips[j], sizeof *ips));

        ips[n] = cmp <= 0 ? set->ips[i] : other->ips[j];
        i += cmp <= 0;
        j += cmp >= 0;
    }
    free(set->ips);
    set->ips = ips;
    set->n = n;
}

static void
sets_unite(struct gateway_ruleset *rs, const struct gateway_ruleset *other)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &other->sets) {
        const struct gateway_set *theirs = node->data;
        struct gateway_set *ours = shash_find_data(&rs->sets, node->name);

        if (!ours) {
            ours = xzalloc(sizeof *ours);
            ours->name = xstrdup(theirs->name);
            ours->comment = xstrdup(theirs->comment);
            ours->ipv6 = theirs->ipv6;
            shash_add(&rs->sets, ours->name, ours);
        }
        set_unite(ours, theirs);
    }
}

static int
compare_services(const void *a, const void *b)
{
    return service_compare(a, b);
}

/* None means all. */
static void
services_unite(struct gateway_rule *r, const struct gateway_rule *other)
{
    size_t n = 0;

    if (!r->n_services || !other->n_services) {
        free(r->services);
        r->services = NULL;
        r->n_services = 0;
        return;
    }
    r->services = xrealloc(r->services, (r->n_services + other->n_services)
                                        * sizeof *r->services);
    memcpy(&r->services[r->n_services], other->services,
           other->n_services * sizeof *r->services);
    r->n_services += other->n_services;
    qsort(r->services, r->n_services, sizeof *r->services, compare_services);
    for (size_t i = 0; i < r->n_services; i++) {
        if (!n || service_compare(&r->services[i], &r->services[n - 1])) {
            r->services[n++] = r->services[i];
        }
    }
    r->n_services = n;
}

static void
add_dst_set(struct gateway_rule *r, const char *base)
{
    for (size_t i = 0; i < r->n_dst_sets; i++) {
        if (!strcmp(r->dst_sets[i], base)) {
            return;
        }
    }
    r->dst_sets = xrealloc(r->dst_sets,
                           (r->n_dst_sets + 1) * sizeof *r->dst_sets);
    r->dst_sets[r->n_dst_sets++] = xstrdup(base);
}

static void
add_dst_subnet(struct gateway_rule *r, const struct model_subnet *subnet)
{
    for (size_t i = 0; i < r->n_dst_subnets; i++) {
        if (ipv6_addr_equals(&r->dst_subnets[i].addr, &subnet->addr)
            && r->dst_subnets[i].plen == subnet->plen) {
            return;
        }
    }
    r->dst_subnets = xrealloc(r->dst_subnets, (r->n_dst_subnets + 1)
                                              * sizeof *r->dst_subnets);
    r->dst_subnets[r->n_dst_subnets++] = *subnet;
}

/* Destinations are sets, or subnets if there are no sets.  Subnets are the
 * whole of a TVD, so they hold what sets hold. */
static void
dst_unite(struct gateway_rule *r, const struct gateway_rule *other)
{
    if (r->n_dst_sets && other->n_dst_sets) {
        for (size_t i = 0; i < other->n_dst_sets; i++) {
            add_dst_set(r, other->dst_sets[i]);
        }
        return;
    }
    for (size_t i = 0; i < r->n_dst_sets; i++) {
        free(r->dst_sets[i]);
    }
    free(r->dst_sets);
    r->dst_sets = NULL;
    r->n_dst_sets = 0;
    for (size_t i = 0; i < other->n_dst_subnets; i++) {
        add_dst_subnet(r, &other->dst_subnets[i]);
    }
}

static struct gateway_rule *
rule_find(const struct gateway_ruleset *rs, const struct gateway_rule *like)
{
    for (size_t i = 0; i < rs->n_rules; i++) {
        struct gateway_rule *r = &rs->rules[i];

        if (r->chain == like->chain && !strcmp(r->counter, like->counter)
            && !strcmp(r->src_set, like->src_set)) {
            return r;
        }
    }
    return NULL;
}

/* Puts an empty rule where the rules of 'chain' end. */
static struct gateway_rule *
rule_insert(struct gateway_ruleset *rs, enum gateway_chain chain)
{
    size_t at = 0;

    while (at < rs->n_rules && rs->rules[at].chain <= chain) {
        at++;
    }
    rs->rules = xrealloc(rs->rules, (rs->n_rules + 1) * sizeof *rs->rules);
    memmove(&rs->rules[at + 1], &rs->rules[at],
            (rs->n_rules - at) * sizeof *rs->rules);
    rs->n_rules++;
    memset(&rs->rules[at], 0, sizeof rs->rules[at]);
    return &rs->rules[at];
}

static void
rule_copy(struct gateway_rule *r, const struct gateway_rule *from)
{
    r->chain = from->chain;
    r->counter = xstrdup(from->counter);
    r->comment = xstrdup(from->comment);
    r->src_set = xstrdup(from->src_set);
    for (size_t i = 0; i < from->n_dst_sets; i++) {
        add_dst_set(r, from->dst_sets[i]);
    }
    for (size_t i = 0; i < from->n_dst_subnets; i++) {
        add_dst_subnet(r, &from->dst_subnets[i]);
    }
    if (from->n_services) {
        r->services = xmemdup(from->services,
                              from->n_services * sizeof *from->services);
        r->n_services = from->n_services;
    }
}

void
gateway_ruleset_unite(struct gateway_ruleset *rs,
                      const struct gateway_ruleset *other)
{
    sets_unite(rs, other);
    for (size_t i = 0; i < other->n_rules; i++) {
        const struct gateway_rule *theirs = &other->rules[i];
        struct gateway_rule *ours = rule_find(rs, theirs);

        if (ours) {
            services_unite(ours, theirs);
            dst_unite(ours, theirs);
        } else {
            rule_copy(rule_insert(rs, theirs->chain), theirs);
        }
    }
}

struct gateway_wanted *
gateway_wanted_clone(const struct gateway_wanted *w)
{
    struct json *json = gateway_wanted_to_json(w);
    struct gateway_wanted *clone = gateway_wanted_from_json(json);

    json_destroy(json);
    return clone;
}

bool
gateway_wanted_equal_all(const struct shash *a, const struct shash *b)
{
    const struct shash_node *node;

    if (shash_count(a) != shash_count(b)) {
        return false;
    }
    SHASH_FOR_EACH (node, a) {
        const struct gateway_wanted *other = shash_find_data(b, node->name);

        if (!other || !gateway_wanted_equal(node->data, other)) {
            return false;
        }
    }
    return true;
}

void
gateway_wanted_unite(const struct shash *old, const struct shash *new,
                     struct shash *both)
{
    const struct shash_node *node;

    shash_init(both);
    SHASH_FOR_EACH (node, new) {
        struct gateway_wanted *w = gateway_wanted_clone(node->data);
        const struct gateway_wanted *o = shash_find_data(old, node->name);

        if (w && w->ruleset && o && o->ruleset) {
            gateway_ruleset_unite(w->ruleset, o->ruleset);
        }
        if (w) {
            shash_add(both, node->name, w);
        }
    }
    SHASH_FOR_EACH (node, old) {
        if (!shash_find(new, node->name)) {
            struct gateway_wanted *w = gateway_wanted_clone(node->data);

            if (w) {
                shash_add(both, node->name, w);
            }
        }
    }
}
