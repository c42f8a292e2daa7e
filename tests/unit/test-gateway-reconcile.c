/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/reconcile.h"

#include "gateway/fake.h"
#include "gateway/readback.h"
#include "gateway/wire.h"
#include "tests/unit/gateway-model.h"
#include "tests/unit/tap.h"
#include "util.h"

struct fixture {
    struct model *m;
    struct shash wanted;
    struct gateway_wanted *w;   /* Of gw-r. */
    struct gateway_fake fake;
    struct gateway_memory memory;
};

static void
plan_wanted(struct fixture *f)
{
    gateway_plan_wanted(f->m, "h", true, &f->wanted);
    f->w = shash_find_data(&f->wanted, "gw-r");
}

static void
setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->m = gateway_model_create();
    model_ee_find(f->m, "gw-r")->host = xstrdup("h");
    plan_wanted(f);
    gateway_fake_init(&f->fake);
}

static void
teardown(struct fixture *f)
{
    gateway_memory_clear(&f->memory);
    gateway_fake_destroy(&f->fake);
    gateway_wanted_destroy_all(&f->wanted);
    model_destroy(f->m);
}

static struct gateway_status *
run(struct fixture *f, enum gateway_mode mode)
{
    svec_clear(&f->fake.log);
    return gateway_reconcile(&f->fake.system, f->w, mode, &f->memory);
}

/* Reconciles and compares what happened. */
static void
expect(struct fixture *f, bool ready, bool drift, int n_actions,
       const char *what)
{
    struct gateway_status *status = run(f, GATEWAY_APPLY);

    ok(status->ready == ready && status->drift == drift
       && (n_actions < 0 ? status->n_actions : status->n_actions == n_actions)
       && f->fake.log.n == status->n_actions,
       "%s: ready %d, drift %d, %"PRIuSIZE" actions, %s", what, status->ready,
       status->drift, status->n_actions,
       status->error ? status->error : "no error");
    gateway_status_destroy(status);
}

/* Something has changed in the policy. */
static void
change_rules(struct fixture *f)
{
    struct model_tvd *red = model_tvd_find(f->m, "red");

    model_rule_find(model_role_find(red, "domain-controller"),
                    model_tvd_find(f->m, "yellow"))->action = MODEL_NONE;
    gateway_wanted_destroy_all(&f->wanted);
    plan_wanted(f);
}

static void
test_life(void)
{
    struct fixture f;
    char **actions = NULL;
    size_t n = 0;

    setup(&f);

    struct gateway_status *status = run(&f, GATEWAY_DRY_RUN);
    ok(!status->ready && status->n_actions && !f.fake.log.n,
       "a dry run says what it would do and does nothing");
    size_t planned = status->n_actions;
    gateway_status_destroy(status);

    expect(&f, true, false, planned, "made as the dry run said");
    expect(&f, true, false, 0, "again: nothing to do");
    ok(!f.fake.n_normalised, "what is read back at once is the normal form");

    struct gateway_observed *o = gateway_fake_find(&f.fake, f.w->netns);
    o->inner_if.up = false;
    sset_add(&o->foreign_tables, "ip nat");
    expect(&f, true, true, 2, "changed by hand: repaired, and drift");
    expect(&f, true, false, 0, "then all is well");

    struct in6_addr ip = gateway_model_ip("10.10.0.11");
    model_nic_add_ip(model_ee_find(f.m, "console")->nics[0], &ip);
    gateway_wanted_destroy_all(&f.wanted);
    plan_wanted(&f);
    expect(&f, true, false, 1, "an address more: one action, no drift");
    is_str(f.fake.log.names[0], "add-elements role_3_v4 { 10.10.0.11 }",
           "which adds an element");
    ok(!f.fake.n_normalised, "without normalising");
    change_rules(&f);
    expect(&f, true, false, 2, "a rule less: the ruleset is replaced");
    ok(f.fake.n_normalised == 1, "and normalised");

    char *error = gateway_remove(&f.fake.system, f.w->netns, GATEWAY_APPLY,
                                 &actions, &n);
    ok(!error && n == 1 && shash_is_empty(&f.fake.netns), "removed");
    is_str(actions[0], "delete-namespace tvd-gw-gw-r", "said so");
    free(actions[0]);
    free(actions);
    expect(&f, true, true, -1, "removed by hand: made again, and drift");
    teardown(&f);
}

static void
test_fail_closed(void)
{
    static const struct {
        const char *what;
        int kind;
        bool observe, normalise;
    } cases[] = {
        { "ruleset cannot be loaded", GATEWAY_LOAD_RULESET, false, false },
        { "state cannot be read", -1, true, false },
        { "ruleset is not accepted", -1, false, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;

        setup(&f);
        expect(&f, true, false, -1, "made");
        change_rules(&f);
        f.fake.fail_kind = cases[i].kind;
        f.fake.fail_observe = cases[i].observe;
        f.fake.fail_normalise = cases[i].normalise;
        expect(&f, false, false, -1, cases[i].what);
        ok(!gateway_fake_find(&f.fake, f.w->netns)->inner_if.up,
           "%s: the gateway is closed", cases[i].what);
        f.fake.fail_kind = -1;
        f.fake.fail_observe = f.fake.fail_normalise = false;
        expect(&f, true, false, -1, "and opened when the fault is gone");
        ok(gateway_fake_find(&f.fake, f.w->netns)->inner_if.up, "it is up");

        f.fake.fail_observe = cases[i].observe;
        expect(&f, !cases[i].observe, false, 0,
               "with nothing changed it is not closed");
        ok(gateway_fake_find(&f.fake, f.w->netns)->inner_if.up, "it is up");
        teardown(&f);
    }
}

/* Whatever fails while a gateway is made, its device does not come up without
 * its ruleset, and the error is reported. */
static void
test_every_failure(void)
{
    for (int kind = GATEWAY_CREATE_NETNS; kind < GATEWAY_DELETE_NETNS;
         kind++) {
        const char *name = gateway_action_kind_to_string(kind);

        for (int lie = 0; lie < 2; lie++) {
            struct fixture f;

            setup(&f);
            *(lie ? &f.fake.ignore_kind : &f.fake.fail_kind) = kind;

            struct gateway_status *status = run(&f, GATEWAY_APPLY);
            const struct gateway_observed *o
                = gateway_fake_find(&f.fake, f.w->netns);
            bool used = false;
            for (size_t i = 0; i < f.fake.log.n; i++) {
                used |= !strncmp(f.fake.log.names[i], name, strlen(name));
            }
            ok(status->ready == !used && !status->error == !used,
               "%s %s: %s", name, lie ? "does nothing" : "fails",
               status->error ? status->error : "not used");
            ok(lie || !o || o->table || !o->inner_if.up,
               "%s: not open without a filter", name);
            gateway_status_destroy(status);
            teardown(&f);
        }
    }
}

static void
test_readback(void)
{
    static const struct {
        const char *what, *json;
    } bad[] = {
        { "nothing", "" },
        { "no object", "[]" },
        { "no list", "{}" },
        { "a list that is none", "{\"nftables\": {}}" },
    };
    static const char good[] =
        "{\"nftables\": [{\"metainfo\": {}}, 5, {\"a\": 1, \"b\": 2},"
        "{\"table\": {\"family\": \"ip\", \"name\": \"nat\", \"handle\": 2}},"
        "{\"table\": {\"family\": \"inet\", \"name\": \"tvd\","
        " \"handle\": 1}},"
        "{\"rule\": {\"family\": \"ip\", \"table\": \"nat\"}},"
        "{\"counter\": {\"family\": \"inet\", \"table\": \"tvd\","
        " \"name\": \"c\", \"packets\": 3, \"bytes\": 9, \"handle\": 5}},"
        "{\"set\": {\"family\": \"inet\", \"table\": \"tvd\", \"name\": \"s\","
        " \"type\": \"ipv4_addr\", \"elem\": [\"10.0.0.2\", \"10.0.0.1\"]}},"
        "{\"set\": {\"family\": \"inet\", \"table\": \"tvd\", \"name\": \"t\","
        " \"type\": \"ipv4_addr\", \"elem\": [{\"prefix\": 1}]}}]}";
    struct gateway_observed o;
    char *error;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        gateway_observed_init(&o);
        error = gateway_readback(bad[i].json, &o);
        ok(error && !o.table, "%s: %s", bad[i].what, error);
        free(error);
        gateway_observed_destroy(&o);
    }

    gateway_observed_init(&o);
    error = gateway_readback(good, &o);
    ok(!error && o.table && sset_contains(&o.foreign_tables, "ip nat"),
       "tables are read");
    const struct gateway_counter *c = shash_find_data(&o.counters, "c");
    ok(c && c->packets == 3 && c->bytes == 9, "counters are read");
    const struct gateway_set *s = shash_find_data(&o.sets, "s");
    ok(s && s->n == 2 && s->ips[0].s6_addr[15] == 1, "elements, sorted");
    is_str(o.skeleton,
           "{\"counter\":{\"family\":\"inet\",\"name\":\"c\","
           "\"table\":\"tvd\"}}\n"
           "{\"set\":{\"elem\":[{\"prefix\":1}],\"family\":\"inet\","
           "\"name\":\"t\",\"table\":\"tvd\",\"type\":\"ipv4_addr\"}}\n"
           "{\"set\":{\"family\":\"inet\",\"name\":\"s\",\"table\":\"tvd\","
           "\"type\":\"ipv4_addr\"}}\n"
           "{\"table\":{\"family\":\"inet\",\"name\":\"tvd\"}}\n",
           "the normal form keeps elements that are no plain addresses");
    gateway_observed_destroy(&o);
}

int
main(void)
{
    test_life();
    test_fail_closed();
    test_every_failure();
    test_readback();
    return tap_done();
}
