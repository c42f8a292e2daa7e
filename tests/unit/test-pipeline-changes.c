/* SPDX-License-Identifier: Apache-2.0
 *
 * Change by change: whatever happens to a policy, marking just what the
 * contract of pipeline.h says leads to the very flows that a new pipeline
 * makes of the result, and an EE more costs the same in a large policy as in a
 * small one.
 *
 * usage: test-pipeline-changes [FIRST-SEED N-SEEDS] */

#include <config.h>
#include "ovs-tvd/pipeline.h"

#include <limits.h>
#include <stdlib.h>
#include "flowpolicy/alloc.h"
#include "flowpolicy/decide.h"
#include "flow.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "random.h"
#include "util.h"

#include "tests/unit/random-policy.h"
#include "tests/unit/tap.h"

struct bench {
    struct model *m;
    struct alloc_state state;
    struct flowtab *flowtab;
    struct pipeline *pipeline;
    int n_added;                /* For names. */
    const char *what;           /* The last change. */
};

static void
bench_init(struct bench *b, struct model *m)
{
    *b = (struct bench) { .m = m, .what = "nothing" };
    b->flowtab = flowtab_create();
    b->pipeline = pipeline_create(b->flowtab);
    if (shash_count(&m->hosts)) {
        pipeline_set_fabric(b->pipeline, "h0", u16_to_ofp(60000));
    }
}

/* Ends all but the model. */
static void
bench_uninit(struct bench *b)
{
    pipeline_destroy(b->pipeline);
    flowtab_destroy(b->flowtab);
}

static char *
wanted(const struct bench *b)
{
    struct ds flows = DS_EMPTY_INITIALIZER;

    flowtab_format_wanted(b->flowtab, &flows);
    return ds_steal_cstr(&flows);
}

static void
print_difference(const char *got, const char *want)
{
    size_t i = 0;

    while (got[i] && got[i] == want[i]) {
        i++;
    }
    while (i && got[i - 1] != '\n') {
        i--;
    }
    printf("#      got: %.*s\n# expected: %.*s\n",
           (int) strcspn(&got[i], "\n"), &got[i],
           (int) strcspn(&want[i], "\n"), &want[i]);
}

static bool
flows_are_fresh(const struct bench *b, uint32_t seed)
{
    struct shash_node *node;
    struct bench fresh;

    bench_init(&fresh, b->m);
    SHASH_FOR_EACH (node, &b->m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            uint32_t id = ee->nics[i]->id;

            pipeline_set_port(fresh.pipeline, id,
                              pipeline_get_port(b->pipeline, id));
        }
    }
    pipeline_run(fresh.pipeline, b->m, 0);

    char *got = wanted(b), *want = wanted(&fresh);
    bool same = !strcmp(got, want);
    if (!same) {
        printf("# seed %"PRIu32", after %s:\n", seed, b->what);
        print_difference(got, want);
    }
    free(got);
    free(want);
    bench_uninit(&fresh);
    return same;
}

/* What is put off for a while is done. */
static void
run_until_settled(struct bench *b, int step)
{
    long long int now = 10000 * (step + 1);

    do {
        pipeline_run(b->pipeline, b->m, now);
        now = pipeline_deadline(b->pipeline);
    } while (now != LLONG_MAX);
}

/* --- Changes. */

static struct model_tvd *
any_tvd(const struct bench *b)
{
    return model_tvd_find(b->m, random_tvds[random_range(RANDOM_N_TVDS)]);
}

static struct model_role *
any_role(const struct bench *b)
{
    return model_role_find(any_tvd(b),
                           random_roles[random_range(RANDOM_N_ROLES)]);
}

static struct model_ee *
any_ee(const struct bench *b)
{
    struct shash_node *node = shash_random_node(&b->m->ees);

    return node ? node->data : NULL;
}

static void
set_port(struct bench *b, const struct model_nic *nic, bool present)
{
    pipeline_set_port(b->pipeline, nic->id,
                      present ? u16_to_ofp(1000 + nic->id) : OFPP_NONE);
}

/* Assigns gateways again and marks the TVDs where that changed something. */
static void
reassign_gateways(struct bench *b)
{
    const struct model_nic *before[RANDOM_N_TVDS];

    for (int t = 0; t < RANDOM_N_TVDS; t++) {
        before[t] = model_tvd_find(b->m, random_tvds[t])->gateway;
    }
    decide_assign_gateways(b->m);
    for (int t = 0; t < RANDOM_N_TVDS; t++) {
        struct model_tvd *tvd = model_tvd_find(b->m, random_tvds[t]);

        if (tvd->gateway != before[t]) {
            pipeline_touch_tvd(b->pipeline, tvd->id);
        }
    }
}

static void
add_ee(struct bench *b)
{
    struct model_role *role = any_role(b);
    /* Now and then one that rules name as a peer and that is not there. */
    bool named = !random_range(3) && !strcmp(role->name, "m");
    char *name = xasprintf("%s-m0", role->tvd->name);
    struct model_nic *nic;

    b->what = "adding an EE";
    if (named && model_ee_find(b->m, name)) {
        named = false;
    }
    free(name);
    nic = random_policy_add(b->m, role->tvd, role->name,
                            named ? 0 : 100 + b->n_added++);
    char *error = alloc_ee(b->m, nic->ee, &b->state);
    ovs_assert(!error);
    if (nic->tvd->gateway == nic) {
        pipeline_touch_tvd(b->pipeline, nic->tvd->id);
    }
    pipeline_touch_nic(b->pipeline, nic->id);
    set_port(b, nic, random_range(4));
}

static void
remove_ee(struct bench *b)
{
    struct model_ee *ee = any_ee(b);

    if (!ee) {
        return;
    }
    b->what = "removing an EE";
    if (decide_gateway_ee_removing(b->m, ee)) {
        b->what = "removing a gateway";
        for (size_t i = 0; i < ee->n_nics; i++) {
            pipeline_touch_tvd(b->pipeline, ee->nics[i]->tvd->id);
        }
    }
    for (size_t i = 0; i < ee->n_nics; i++) {
        pipeline_touch_nic(b->pipeline, ee->nics[i]->id);
        set_port(b, ee->nics[i], false);
    }
    model_ee_remove(b->m, ee);
}

static void
change_nic(struct bench *b)
{
    struct model_ee *ee = any_ee(b);

    if (!ee) {
        return;
    }
    struct model_nic *nic = ee->nics[random_range(ee->n_nics)];
    struct eth_addr mac = nic->mac;

    switch (random_range(4)) {
    case 0:
        b->what = "moving a NIC to another role";
        nic->role = model_role_find(nic->tvd, random_roles[random_range(3)]);
        reassign_gateways(b);
        break;
    case 1:
        b->what = "moving a NIC to another TVD";
        nic->tvd = any_tvd(b);
        nic->role = model_role_find(nic->tvd, random_roles[random_range(3)]);
        reassign_gateways(b);
        break;
    case 2:
        b->what = "changing an address";
        nic->ips[random_range(nic->n_ips)].s6_addr[15] ^= 0x40;
        break;
    case 3:
        b->what = "changing a MAC";
        mac.ea[1] ^= 0x10;
        model_nic_set_mac(b->m, nic, mac);
        break;
    }
    pipeline_touch_nic(b->pipeline, nic->id);
}

static void
change_port(struct bench *b)
{
    struct model_ee *ee = any_ee(b);

    if (ee) {
        b->what = "plugging in and out";
        set_port(b, ee->nics[random_range(ee->n_nics)], random_range(2));
    }
}

static void
change_host(struct bench *b)
{
    struct model_ee *ee = any_ee(b);

    if (ee && shash_count(&b->m->hosts)) {
        struct model_nic *nic = ee->nics[random_range(ee->n_nics)];

        b->what = "moving a NIC to another host, or to none";
        free(nic->host);
        nic->host = random_range(4) ? xasprintf("h%d", random_range(3)) : NULL;
        pipeline_touch_nic(b->pipeline, nic->id);
    }
}

static void
change_rule(struct bench *b)
{
    struct model_role *role = any_role(b);
    struct model_tvd *to = any_tvd(b);
    struct model_rule *rule = model_rule_find(role, to);

    b->what = "changing an entry of the matrix";
    if (!rule) {
        rule = model_rule_add(role, to, MODEL_NONE);
        rule->id = ++b->state.last[ALLOC_RULE];
    }
    rule->action = random_policy_action();
    rule->n_peer_roles = rule->n_services = 0;
    sset_clear(&rule->peer_ees);
    random_policy_fill_rule(rule);
    pipeline_touch_tvd(b->pipeline, role->tvd->id);
}

static void
change_tvd(struct bench *b)
{
    struct model_tvd *tvd = any_tvd(b);
    struct model_role *role = any_role(b);

    switch (random_range(3)) {
    case 0:
        b->what = "changing a router's MAC";
        tvd->router_mac.ea[1] ^= 0x10;
        break;
    case 1:
        b->what = "changing a router's address";
        tvd->subnets[random_range(2)].router.s6_addr[15] ^= 0x80;
        break;
    case 2:
        b->what = "changing what a role provides";
        role->provides ^= 1 << random_range(2);
        tvd = role->tvd;
        break;
    }
    pipeline_touch_tvd(b->pipeline, tvd->id);
}

static void
test_changes(uint32_t first_seed, int n_seeds)
{
    static void (*const changes[])(struct bench *) = {
        add_ee, add_ee, remove_ee, change_nic, change_port, change_rule,
        change_tvd, change_host, change_host,
    };
    size_t steps = 0, wrong = 0;

    for (uint32_t seed = first_seed; seed < first_seed + n_seeds; seed++) {
        struct model *m = random_policy(seed, seed + 4000000, NULL);
        struct shash_node *node;
        struct bench b;

        if (seed % 3) {
            random_policy_place(m, 3, seed % 2);
        }
        bench_init(&b, m);
        b.state.last[ALLOC_RULE] = 1000;
        SHASH_FOR_EACH (node, &m->ees) {
            set_port(&b, ((struct model_ee *) node->data)->nics[0],
                     random_range(4));
        }
        pipeline_run(b.pipeline, m, 0);
        for (int step = 0; step < 150; step++) {
            for (int n = random_range(3); n >= 0; n--) {
                changes[random_range(ARRAY_SIZE(changes))](&b);
            }
            run_until_settled(&b, step);
            steps++;
            if (!flows_are_fresh(&b, seed)) {
                wrong++;
                break;
            }
        }
        bench_uninit(&b);
        model_destroy(m);
    }
    ok(!wrong, "%zu changes lead to the flows of the result (%zu wrong)",
       steps, wrong);
}

/* --- Work. */

static size_t
work_of_one_ee(int n_before)
{
    struct model *m = random_policy(1, 1, NULL);
    struct model_tvd *tvd = model_tvd_find(m, "A");
    struct bench b;

    bench_init(&b, m);
    tvd->subnets[0].plen = 16;
    tvd->subnets[0].addr.s6_addr[14] = 0;
    for (int i = 0; i < n_before; i++) {
        struct model_nic *nic = random_policy_add(m, tvd, "m", 100 + i);

        free(alloc_ee(m, nic->ee, &b.state));
        set_port(&b, nic, true);
    }
    pipeline_run(b.pipeline, m, 0);

    struct model_nic *nic = random_policy_add(m, tvd, "m", 99);
    free(alloc_ee(m, nic->ee, &b.state));
    set_port(&b, nic, true);
    pipeline_touch_nic(b.pipeline, nic->id);
    pipeline_run(b.pipeline, m, 0);
    size_t work = pipeline_n_recomputed(b.pipeline);
    bench_uninit(&b);
    model_destroy(m);
    return work;
}

static void
test_work(void)
{
    size_t few = work_of_one_ee(10), many = work_of_one_ee(1000);

    ok(few && many <= few + 1,
       "an EE more recomputes %zu owners among 10, %zu among 1,000",
       few, many);
}

int
main(int argc, char *argv[])
{
    uint32_t first = argc > 2 ? strtoul(argv[1], NULL, 10) : 1;
    int n = argc > 2 ? strtoul(argv[2], NULL, 10) : 4;

    test_changes(first, n);
    test_work();
    return tap_done();
}
