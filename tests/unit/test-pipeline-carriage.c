/* SPDX-License-Identifier: Apache-2.0
 *
 * Which VLAN carries packets between two TVDs changes with where EEs are: it
 * is announced before it is used, and the old one is used meanwhile. */

#include <config.h>

#include "ovs-tvd/pipeline.h"

#include <limits.h>
#include <stdlib.h>
#include "flow.h"
#include "flowpolicy/alloc.h"
#include "flowpolicy/policy.h"
#include "lib/model.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-tvd/flowtab.h"
#include "tests/unit/tap.h"
#include "util.h"

static const char policy[] =
    "version: 1\n"
    "labels: {l: [l]}\n"
    "tvds:\n"
    "  a: {label: l, channel: vlan, subnets: [10.10.0.0/24], roles: [m]}\n"
    "  b: {label: l, channel: vlan, subnets: [10.20.0.0/24], roles: [m]}\n"
    "flows: {b: {m: {a: {rule: P, peers: [a/m]}}}}\n"
    "hosts: {h0: {label: l}, h1: {label: l}, h2: {label: l}}\n"
    "ees:\n"
    "  a0: {label: l, kind: namespace, nics: [{tvd: a, role: m}]}\n"
    "  a1: {label: l, kind: namespace, nics: [{tvd: a, role: m}]}\n"
    "  b0: {label: l, kind: namespace, nics: [{tvd: b, role: m}]}\n"
    "  b1: {label: l, kind: namespace, nics: [{tvd: b, role: m}]}\n";

/* The pipeline of h0. */
struct bench {
    struct model *m;
    struct flowtab *ft;
    struct pipeline *p;
    uint16_t a, b;              /* VLANs. */
};

static void
bench_init(struct bench *b)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct policy_errors errors;
    char *error;

    policy_errors_init(&errors, "policy");
    b->m = policy_parse(policy, sizeof policy - 1, &errors);
    if (!b->m) {
        ovs_fatal(0, "%s", policy_errors_format(&errors));
    }
    policy_errors_destroy(&errors);
    error = alloc_fill(b->m, NULL, &state, NULL);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    b->a = model_tvd_find(b->m, "a")->vlan;
    b->b = model_tvd_find(b->m, "b")->vlan;
    b->ft = flowtab_create();
    b->p = pipeline_create(b->ft);
    pipeline_set_fabric(b->p, "h0", u16_to_ofp(60000));
}

static void
bench_uninit(struct bench *b)
{
    pipeline_destroy(b->p);
    flowtab_destroy(b->ft);
    model_destroy(b->m);
}

/* EE 'ee' is on 'host' (NULL: none), as far as the database knows. */
static void
place(struct bench *b, const char *ee, const char *host)
{
    struct model_nic *nic = model_ee_find(b->m, ee)->nics[0];

    free(nic->host);
    nic->host = nullable_xstrdup(host);
    pipeline_touch_nic(b->p, nic->id);
}

static void
plug(struct bench *b, const char *ee, bool plugged)
{
    const struct model_nic *nic = model_ee_find(b->m, ee)->nics[0];

    pipeline_set_port(b->p, nic->id,
                      plugged ? u16_to_ofp(nic->id) : OFPP_NONE);
}

/* The VLANs in which h0 sends to 'ee', in its own TVD or not. */
static bool
sends_in(const struct bench *b, const char *ee, uint16_t vlan)
{
    const struct model_nic *nic = model_ee_find(b->m, ee)->nics[0];
    struct ds flows = DS_EMPTY_INITIALIZER;
    char *tag = xasprintf("set_field:%d->vlan_vid", vlan | 0x1000);
    char *mac = xasprintf("set_field:"ETH_ADDR_FMT"->eth_dst",
                          ETH_ADDR_ARGS(nic->mac));
    bool found = false;

    flowtab_format_wanted(b->ft, &flows);
    for (char *rest = ds_cstr(&flows), *line; (line = strsep(&rest, "\n")); ) {
        found |= strstr(line, tag) && strstr(line, mac);
    }
    ds_destroy(&flows);
    free(tag);
    free(mac);
    return found;
}

/* How many announcements of 'ee' in 'vlan' there are, and of anything else,
 * which are forgotten. */
static int
announced(struct bench *b, const char *ee, uint16_t vlan)
{
    const struct model_nic *nic = model_ee_find(b->m, ee)->nics[0];
    int n = 0, others = 0;
    uint32_t id;
    uint16_t v;

    while (pipeline_pop_announcement(b->p, &id, &v)) {
        if (id == nic->id && v == vlan) {
            n++;
        } else {
            others++;
        }
    }
    return n + 100 * others;
}

/* The same with EEs of both TVDs here, and one of a on h1. */
static void
bench_init_both(struct bench *b)
{
    bench_init(b);
    place(b, "b0", "h0");
    plug(b, "b0", true);
    place(b, "a0", "h0");
    plug(b, "a0", true);
    place(b, "a1", "h1");
}

static void
test_turn(void)
{
    long long int turn;
    struct bench b;

    bench_init_both(&b);
    pipeline_run(b.p, b.m, 1000);
    ok(sends_in(&b, "a1", b.a) && !sends_in(&b, "a1", b.b),
       "b0 sends to a1 in the VLAN of a, which is on both hosts");
    ok(pipeline_deadline(b.p) == LLONG_MAX, "nothing is to change");
    announced(&b, "b0", 0);

    place(&b, "b1", "h1");
    place(&b, "a0", NULL);
    plug(&b, "a0", false);
    pipeline_run(b.p, b.m, 2000);
    turn = pipeline_deadline(b.p);
    ok(sends_in(&b, "a1", b.a) && turn > 2100 && turn < 3000,
       "then that of b is, and that of a still used for a while");
    ok(announced(&b, "b0", b.b) == 1, "b0 is announced in that of b at once");
    pipeline_run(b.p, b.m, turn - 1);
    ok(sends_in(&b, "a1", b.a) && pipeline_deadline(b.p) == turn,
       "not too early");
    pipeline_run(b.p, b.m, turn);
    ok(!sends_in(&b, "a1", b.a) && sends_in(&b, "a1", b.b)
       && pipeline_deadline(b.p) == LLONG_MAX, "then that of b is used");
    ok(!announced(&b, "b0", b.b), "and nothing more announced");
    bench_uninit(&b);
}

static void
test_back(void)
{
    struct bench b;

    bench_init_both(&b);
    place(&b, "b1", "h1");
    pipeline_run(b.p, b.m, 1000);
    ok(sends_in(&b, "a1", b.a), "both TVDs are on both hosts: the lower id");
    announced(&b, "b0", 0);

    plug(&b, "a0", false);
    pipeline_run(b.p, b.m, 1500);
    ok(sends_in(&b, "a1", b.a) && pipeline_deadline(b.p) == LLONG_MAX,
       "an EE that has gone counts until the other host can know");
    place(&b, "a0", NULL);
    pipeline_run(b.p, b.m, 2000);
    ok(pipeline_deadline(b.p) != LLONG_MAX, "then it is to change");
    place(&b, "a0", "h0");
    plug(&b, "a0", true);
    pipeline_run(b.p, b.m, 2100);
    pipeline_run(b.p, b.m, 9000);
    ok(sends_in(&b, "a1", b.a) && !sends_in(&b, "a1", b.b)
       && pipeline_deadline(b.p) == LLONG_MAX, "unless it comes back");
    bench_uninit(&b);
}

static void
test_first(void)
{
    struct bench b;

    bench_init(&b);
    place(&b, "b0", "h0");
    plug(&b, "b0", true);
    pipeline_run(b.p, b.m, 1000);
    ok(!announced(&b, "b0", b.b), "nobody looks for b0");
    place(&b, "b1", "h1");
    pipeline_run(b.p, b.m, 2000);
    ok(announced(&b, "b0", b.b) == 1 && pipeline_deadline(b.p) == LLONG_MAX,
       "the first EE of its TVD elsewhere will");
    place(&b, "b1", "h2");
    pipeline_run(b.p, b.m, 3000);
    announced(&b, "b0", b.b);
    place(&b, "a1", "h1");
    pipeline_run(b.p, b.m, 4000);
    ok(announced(&b, "b0", b.a) == 1, "and one of another TVD in its VLAN");
    bench_uninit(&b);
}

/* True if 'ee', on h0, is looked for in 'vlan'. */
static bool
is_looked_for(const struct bench *b, const char *ee, uint16_t vlan)
{
    const struct model_nic *nic = model_ee_find(b->m, ee)->nics[0];
    uint16_t vlans[16];
    size_t n;

    n = pipeline_get_nic_vlans(b->p, b->m, nic->id, vlans,
                               ARRAY_SIZE(vlans));
    for (size_t i = 0; i < n; i++) {
        if (vlans[i] == vlan) {
            return true;
        }
    }
    return false;
}

static void
test_all_vlans(void)
{
    struct bench b;

    bench_init(&b);
    place(&b, "b0", "h0");
    plug(&b, "b0", true);
    place(&b, "b1", "h1");
    for (int i = 0; i < 2; i++) {
        place(&b, i ? "a0" : "a1", "h1");
        place(&b, i ? "a1" : "a0", "h2");
        pipeline_run(b.p, b.m, 1000 + 1000 * i);
        ok(is_looked_for(&b, "b0", b.a) && is_looked_for(&b, "b0", b.b),
           "b0 is looked for from h1 in the VLAN of b, from h2 in that of a "
           "(%d)", i);
    }
    bench_uninit(&b);

    bench_init(&b);
    place(&b, "a0", "h0");
    plug(&b, "a0", true);
    place(&b, "b1", "h1");
    pipeline_run(b.p, b.m, 1000);
    ok(is_looked_for(&b, "a0", b.a) && !is_looked_for(&b, "a0", b.b),
       "a0 is looked for in its own VLAN, by those of b alone");
    bench_uninit(&b);
}

static void
allow(struct bench *b, bool allowed)
{
    const struct model_role *m = model_role_find(model_tvd_find(b->m, "b"),
                                                 "m");

    model_rule_find(m, model_tvd_find(b->m, "a"))->action
        = allowed ? MODEL_P : MODEL_NONE;
    pipeline_touch_tvd(b->p, m->tvd->id);
}

/* What was used before a while without any entry between the two counts no
 * more: switches may have ceased to carry it. */
static void
test_pause(void)
{
    struct bench b;

    bench_init_both(&b);
    pipeline_run(b.p, b.m, 1000);
    ok(sends_in(&b, "a1", b.a), "b0 sends to a1 in the VLAN of a");

    allow(&b, false);
    pipeline_run(b.p, b.m, 2000);
    place(&b, "b1", "h1");
    place(&b, "a0", NULL);
    plug(&b, "a0", false);
    pipeline_run(b.p, b.m, 3000);
    allow(&b, true);
    pipeline_run(b.p, b.m, 4000);
    ok(!sends_in(&b, "a1", b.a) && sends_in(&b, "a1", b.b)
       && pipeline_deadline(b.p) == LLONG_MAX,
       "after a pause, that of b is used at once");
    bench_uninit(&b);
}

int
main(void)
{
    test_pause();
    test_all_vlans();
    test_turn();
    test_back();
    test_first();
    return tap_done();
}
