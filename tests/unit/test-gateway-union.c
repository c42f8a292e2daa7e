/* SPDX-License-Identifier: Apache-2.0
 *
 * Gateways between two states: what is put together allows what either
 * allowed, for every tuple of a small universe, after random changes of the
 * matrix and of who is in which role. */

#include <config.h>
#include "gateway/plan.h"

#include <stdlib.h>
#include "tests/unit/gateway-model.h"
#include "tests/unit/tap.h"
#include "util.h"

#define ROUNDS 100

static unsigned int seed = 1;

static unsigned int
pick(unsigned int n)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % n;
}

static const struct model_service services[] = {
    { .proto = IPPROTO_ICMP, .any_port = true },
    { .proto = IPPROTO_TCP, .port_min = 22, .port_max = 22 },
    { .proto = IPPROTO_TCP, .port_min = 20, .port_max = 30 },
    { .proto = IPPROTO_UDP, .any_port = true },
};

static struct model_role *
any_role(struct model *m)
{
    const struct shash_node **tvds = shash_sort(&m->tvds);
    struct model_tvd *tvd = tvds[pick(shash_count(&m->tvds))]->data;
    const struct shash_node **roles = shash_sort(&tvd->roles);
    struct model_role *role = roles[pick(shash_count(&tvd->roles))]->data;

    free(tvds);
    free(roles);
    return role;
}

/* Another entry for some role, or another role for some EE. */
static void
mutate(struct model *m)
{
    struct model_role *from = any_role(m);
    struct model_role *to = any_role(m);
    struct model_rule *rule = model_rule_find(from, to->tvd);

    if (!pick(4)) {
        struct model_nic *nic = model_ee_find(m, pick(2) ? "console" : "dc-y")
                                ->nics[0];

        nic->role = model_role_find(nic->tvd, pick(2) ? "management-console"
                                                      : "domain-controller");
        return;
    }
    if (!rule) {
        static uint32_t next_id = 100;

        rule = model_rule_add(from, to->tvd, MODEL_NONE);
        rule->id = next_id++;
    }
    rule->action = pick(4);
    rule->n_services = 0;
    rule->n_peer_roles = 0;
    sset_clear(&rule->peer_ees);
    for (unsigned int n = pick(3); n; n--) {
        model_rule_add_service(rule, &services[pick(ARRAY_SIZE(services))]);
    }
    if (rule->action == MODEL_P) {
        model_rule_add_peer_role(rule, to);
    }
}

static const char *const ips[] = {
    "10.10.0.2", "10.10.0.3", "10.10.0.10", "10.20.0.2", "10.20.0.3",
    "10.20.0.20", "fd00:10::3", "fd00:10::10", "fd00:20::3", "fd00:20::20",
};

/* Compares for all tuples; returns how many 'both' allows. */
static size_t
compare(const struct gateway_ruleset *old, const struct gateway_ruleset *new,
        const struct gateway_ruleset *both, size_t *n_missing)
{
    static const uint16_t ports[] = { 0, 22, 25, 80 };
    static const uint8_t protos[] = { 1, 6, 17, 58 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(ips) * ARRAY_SIZE(ips); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(ports) * ARRAY_SIZE(protos); j++) {
            struct gateway_tuple t = {
                .src = gateway_model_ip(ips[i / ARRAY_SIZE(ips)]),
                .dst = gateway_model_ip(ips[i % ARRAY_SIZE(ips)]),
                .proto = protos[j / ARRAY_SIZE(ports)],
                .dst_port = ports[j % ARRAY_SIZE(ports)],
            };
            bool allowed = gateway_ruleset_allows(both, &t);

            n += allowed;
            *n_missing += (!allowed && (gateway_ruleset_allows(old, &t)
                                        || gateway_ruleset_allows(new, &t)));
        }
    }
    return n;
}

static bool
is_in_order(const struct gateway_ruleset *rs)
{
    for (size_t i = 1; i < rs->n_rules; i++) {
        if (rs->rules[i].chain < rs->rules[i - 1].chain) {
            return false;
        }
    }
    return true;
}

static void
test_random(struct model *m)
{
    size_t n_missing = 0, n_allowed = 0, n_odd = 0, n_unstable = 0;
    struct shash old, new, both, again;

    gateway_plan_wanted(m, "mgmt1", true, &old);
    for (int i = 0; i < ROUNDS; i++) {
        const struct shash_node *node;

        for (unsigned int n = 1 + pick(3); n; n--) {
            mutate(m);
        }
        gateway_plan_wanted(m, "mgmt1", true, &new);
        gateway_wanted_unite(&old, &new, &both);
        gateway_wanted_unite(&both, &new, &again);
        SHASH_FOR_EACH (node, &both) {
            const struct gateway_wanted *w = node->data;
            const struct gateway_wanted *o = shash_find_data(&old, node->name);
            const struct gateway_wanted *n = shash_find_data(&new, node->name);

            n_allowed += compare(o->ruleset, n->ruleset, w->ruleset,
                                 &n_missing);
            n_odd += !is_in_order(w->ruleset);
        }
        /* Order apart, there is nothing more to add. */
        SHASH_FOR_EACH (node, &again) {
            const struct gateway_wanted *a = node->data;
            const struct gateway_wanted *b = shash_find_data(&both,
                                                             node->name);

            n_unstable += a->ruleset->n_rules != b->ruleset->n_rules;
        }
        gateway_wanted_destroy_all(&both);
        gateway_wanted_destroy_all(&again);
        gateway_wanted_destroy_all(&old);
        old = new;
        shash_moved(&old);
    }
    gateway_wanted_destroy_all(&old);
    ok(!n_missing && n_allowed, "of what either allows nothing is missing "
       "(%"PRIuSIZE" tuples allowed)", n_allowed);
    ok(!n_odd, "rules are in the order of the chains");
    ok(!n_unstable, "uniting again adds no rule");
}

static void
test_identity(struct model *m)
{
    struct shash wanted, none, both;

    gateway_plan_wanted(m, "mgmt1", true, &wanted);
    shash_init(&none);
    gateway_wanted_unite(&wanted, &wanted, &both);
    ok(gateway_wanted_equal_all(&both, &wanted), "with itself: the same");
    gateway_wanted_destroy_all(&both);
    gateway_wanted_unite(&none, &wanted, &both);
    ok(gateway_wanted_equal_all(&both, &wanted), "a new gateway is as wanted");
    gateway_wanted_destroy_all(&both);
    gateway_wanted_unite(&wanted, &none, &both);
    ok(gateway_wanted_equal_all(&both, &wanted), "one that goes is still there");
    ok(!gateway_wanted_equal_all(&both, &none), "which is not nothing");
    gateway_wanted_destroy_all(&both);
    gateway_wanted_destroy_all(&wanted);
    shash_destroy(&none);
}

int
main(void)
{
    struct model *m = gateway_model_create();

    model_ee_find(m, "gw-y")->host = xstrdup("mgmt1");
    model_ee_find(m, "gw-r")->host = xstrdup("mgmt1");
    test_identity(m);
    test_random(m);
    model_destroy(m);
    return tap_done();
}
