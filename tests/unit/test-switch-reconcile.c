/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeping a switch as wanted, against a switch in memory that misbehaves in
 * all ways, at each of its requests.  Whatever happens: success is reported
 * only if the device is as wanted, and otherwise the device is as it was, or
 * the status names what differs. */

#include <config.h>
#include "tests/unit/tap.h"

#include <limits.h>
#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "tests/unit/switch-trial.h"
#include "util.h"

static const char *const names[] = {
    "nothing", "answer lost", "request lost", "done late", "refused",
    "refused from now on", "first varbind only", "always first varbind only",
    "acknowledged only", "always acknowledged only", "configuration lost",
    "somebody else changes his port", "somebody else changes our port",
    "answer lost, then refused", "deaf",
};

/* One run: the 'n_th' request is the bad one.  Returns false if there is no
 * such request any more. */
static bool
run_one(const struct kind *kind, bool from_default, enum mischief mischief,
        int n_th, int late_by, int *n_bad)
{
    const struct switch_status *s;
    const char *wrong;
    struct trial t;
    bool hit;

    trial_init(&t, kind, from_default);
    wrong = trial_run(&t, mischief, n_th, late_by);
    s = switch_reconcile_status(t.r);
    hit = t.b->n_requests > n_th;
    wrong = wrong ? wrong : trial_recover(&t, kind);
    if (wrong) {
        printf("# %s, %s at %d (+%d): %s\n#   state %s, error %s\n",
               kind->what, names[mischief], n_th, late_by, wrong,
               switch_state_to_string(s->state),
               s->error ? s->error : "none");
        ++*n_bad;
    }
    trial_destroy(&t);
    return hit;
}

static struct kind kinds[] = {
    { "whole", { .atomic = true }, { .atomic = true } },
    { "one by one", { .atomic = false },
      { .ordered = true, .create = SWITCH_CREATE_THEN_FILL } },
    { "three by three", { .lists_grow = true },
      { .max_varbinds = 3, .create = SWITCH_CREATE_THEN_FILL } },
    { "single", { .untagged_within_egress = true }, { .max_varbinds = 1,
      .create = SWITCH_CREATE_WAIT } },
};

static void
init_kinds(void)
{
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        kinds[k].profile.max_message = MIB_MAX_MESSAGE;
        kinds[k].profile.pvid_type = MIB_UNSIGNED32;
        kinds[k].profile.name_max = 32;
    }
}

/* Killed before each request of a change: it goes on from there, with what it
 * has made itself, and takes back what is not wanted any more. */
static void
test_interrupted(void)
{
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        int n_bad = 0, n = 0;
        bool hit = true;

        for (int at = 0; hit; at++) {
            for (int back = 0; back < 2; back++) {
                const struct switch_status *s;
                struct switch_wanted none;
                struct trial t;

                trial_init(&t, &kinds[k], true);
                switch_wanted_init(&none);
                trial_run(&t, DEAF, at, 0);
                hit = t.b->n_requests > at;
                trial_restart(&t, &kinds[k]);
                switch_reconcile_set_wanted(t.r, back ? &none : &t.wanted);
                trial_pass(t.r, &t.now, 20000);
                s = switch_reconcile_status(t.r);
                if (!s->in_sync
                    || !trial_is_wanted(t.b, t.profile, back ? &none
                                        : &t.wanted, NULL)
                    || vidset_next(&t.memory.created, 0)) {
                    printf("# %s, at %d%s: %s\n", kinds[k].what, at,
                           back ? ", back" : "", s->error ? s->error : "none");
                    n_bad++;
                }
                n++;
                switch_wanted_destroy(&none);
                trial_destroy(&t);
            }
        }
        ok(!n_bad, "%s: interrupted, %d runs", kinds[k].what, n);
    }
}

/* The device goes away in the middle of a change, and when it is back, what is
 * wanted is refused: somebody else has made one of its VLANs. */
static void
test_refused_in_between(void)
{
    struct mib_value theirs = { .type = MIB_OCTETS,
                                .octets = (uint8_t *) "theirs",
                                .n_octets = 6 };
    struct mib_oid name = mib_oid_child(&mib_vlan_static_name, 130);
    struct mib_oid status = mib_oid_child(&mib_vlan_static_row_status, 130);
    int n_bad = 0, n_refused = 0;

    for (int at = 0, hit = true; hit; at++) {
        const struct switch_status *s;
        struct trial t;
        bool made;

        trial_init(&t, &kinds[3], false);
        s = switch_reconcile_status(t.r);
        trial_run(&t, DEAF, at, 0);
        hit = t.b->n_requests > at;
        made = model_switch_get(t.b->ms, &status)
               || vidset_contains(&t.memory.created, 130);
        if (!made) {
            trial_set_number(t.b->ms, &status, 1);
            model_switch_put(t.b->ms, &name, &theirs);
        }
        t.b->mischief = NOTHING;
        t.b->ms->options = kinds[3].model;
        trial_pass(t.r, &t.now, 20000);
        if (made ? !s->in_sync
            : s->state != SWITCH_FAILED || !strstr(s->error, "VLAN 130")
              || !trial_is_before(t.b, t.profile, &t.old, &t.wanted)
              || !s->differences.n) {
            printf("# at %d%s: %s, %s, %"PRIuSIZE" differences\n", at,
                   made ? " made" : "", switch_state_to_string(s->state),
                   s->error ? s->error : "none", s->differences.n);
            n_bad++;
        }
        n_refused += !made && s->n_sets;
        trial_destroy(&t);
    }
    ok(!n_bad && n_refused, "refused in the middle: it is put back, but for "
       "what others did: %d runs", n_refused);
}

/* The device stops in the middle: that is told long before it is given up. */
static void
test_stopped(void)
{
    const struct switch_status *s;
    struct trial t;

    trial_init(&t, &kinds[3], true);
    trial_run(&t, DEAF, 5, 0);
    s = switch_reconcile_status(t.r);
    ok(s->state != SWITCH_FAILED && s->error && strstr(s->error, "port 5")
       && strstr(s->error, "it is being read"), "stopped: %s", s->error);
    t.b->mischief = NOTHING;
    t.b->ms->options = kinds[3].model;
    trial_pass(t.r, &t.now, 20000);
    ok(s->in_sync && !s->error, "and no more once it goes on");
    trial_destroy(&t);
}

static void
test_mischief(void)
{
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        for (int m = 0; m < N_MISCHIEF; m++) {
            int n_bad = 0, n = 0;

            for (int at = 0; at < 200; at++) {
                bool hit = true;

                for (int by = 0; by < (m == LATE ? 6 : 1); by++) {
                    hit = run_one(&kinds[k], true, m, at, by, &n_bad);
                    hit |= run_one(&kinds[k], false, m, at, by, &n_bad);
                    n += 2;
                }
                if (!hit || (m == NOTHING && at)) {
                    break;
                }
            }
            ok(!n_bad, "%s: %s, %d runs", kinds[k].what, names[m], n);
        }
    }
}

/* --- Step by step ----------------------------------------------------------*/

static const struct mib_oid lock_oid = MIB_OID(1, 3, 6, 1, 4, 1, 1, 3);

static void
test_lock(void)
{
    struct kind kind = { "lock", { .atomic = true },
                         { .atomic = true, .max_message = MIB_MAX_MESSAGE,
                           .pvid_type = MIB_UNSIGNED32, .name_max = 32,
                           .lock = lock_oid, .lock_free = 1,
                           .lock_held = 2 } };
    int n_bad = 0;
    const struct switch_status *s;
    struct trial t;

    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    trial_set_number(t.b->ms, &lock_oid, 2);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    trial_pass(t.r, &t.now, 500);
    ok(!s->in_sync && s->error && strstr(s->error, "somebody else holds"),
       "somebody else's lock is respected");
    ok(!s->n_sets && trial_get_number(t.b->ms, &lock_oid) == 2,
       "and left as it is");
    trial_set_number(t.b->ms, &lock_oid, 1);
    trial_pass(t.r, &t.now, 5000);
    ok(s->in_sync && trial_get_number(t.b->ms, &lock_oid) == 1,
       "then it is ours, and free again");
    trial_destroy(&t);

    for (int at = 0, hit = true; hit; at++) {
        trial_init(&t, &kind, true);
        trial_set_number(t.b->ms, &lock_oid, 1);
        trial_run(&t, DEAF, at, 0);
        hit = t.b->n_requests > at;
        trial_restart(&t, &kind);
        switch_reconcile_set_wanted(t.r, &t.wanted);
        trial_pass(t.r, &t.now, 20000);
        s = switch_reconcile_status(t.r);
        n_bad += !s->in_sync || trial_get_number(t.b->ms, &lock_oid) != 1;
        trial_destroy(&t);
    }
    ok(!n_bad, "killed with it, our own is known for that: %d bad", n_bad);
}

static void
test_steps(void)
{
    struct kind kind = { "steps", { .atomic = true },
                         { .atomic = true, .max_message = MIB_MAX_MESSAGE,
                           .pvid_type = MIB_UNSIGNED32, .name_max = 32 } };
    struct mib_oid pvid = mib_oid_child(&mib_pvid, 2);
    struct mib_value v = { .type = MIB_UNSIGNED32, .number = 1 };
    const struct switch_status *s;
    unsigned long long int n_reads;
    struct trial t;

    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    switch_reconcile_set_dry_run(t.r, true);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    trial_pass(t.r, &t.now, 500);
    ok(!s->in_sync && s->planned.n && !s->n_sets && !s->error,
       "a dry run plans, and does nothing");
    switch_reconcile_set_dry_run(t.r, false);
    trial_pass(t.r, &t.now, 500);
    ok(s->in_sync && s->n_sets && !s->n_drift, "then it is done");

    model_switch_put(t.b->ms, &pvid, &v);
    n_reads = s->n_reads;
    for (int i = 0; i < 100; i++) {
        switch_reconcile_trigger(t.r, "linkUp");
        trial_pass(t.r, &t.now, 20);
    }
    ok(s->in_sync && s->n_drift == 1
       && model_switch_get(t.b->ms, &pvid)->number == 110,
       "after a trap, drift is found and repaired");
    ok(s->n_reads - n_reads <= 8, "many traps are few reads");

    model_switch_put(t.b->ms, &pvid, &v);
    trial_pass(t.r, &t.now, 6000);
    ok(s->in_sync && s->n_drift == 2, "and without one too");

    t.b->twin = "another";
    trial_pass(t.r, &t.now, 6000);
    is_str(s->note, "another", "that it has a twin is noted");
    ok(s->in_sync && !s->error, "but is no failure");
    t.b->twin = NULL;
    trial_pass(t.r, &t.now, 6000);
    is_str(s->note, NULL, "until it has none");

    t.b->ms->options.deaf = true;
    trial_pass(t.r, &t.now, 20000);
    ok(!s->in_sync && !s->reachable && s->state == SWITCH_FAILED,
       "a switch that is gone is not in sync");
    t.b->ms->options.deaf = false;
    trial_pass(t.r, &t.now, 5000);
    ok(s->in_sync && s->reachable, "until it is back");
    switch_reconcile_set_wanted(t.r, NULL);
    trial_pass(t.r, &t.now, 500);
    ok(!s->in_sync && s->state == SWITCH_IDLE && !s->error,
       "nothing wanted, nothing done");
    trial_destroy(&t);
}

/* A switch that restarts after it was changed, and has lost it all. */
static void
test_restart(void)
{
    struct kind kind = { "restart", { .atomic = true },
                         { .atomic = true, .max_message = MIB_MAX_MESSAGE,
                           .settle_ms = 200, .pvid_type = MIB_UNSIGNED32,
                           .name_max = 32 } };
    struct mib_value up_time = { .type = MIB_TIME_TICKS, .number = 100000 };
    const struct switch_status *s;
    struct trial t;

    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    model_switch_put(t.b->ms, &mib_sys_up_time, &up_time);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    for (int i = 0; i < 100 && s->state != SWITCH_SETTLE; i++) {
        trial_pass(t.r, &t.now, 50);
    }
    ok(s->state == SWITCH_SETTLE && s->n_sets, "all SETs are acknowledged");
    mib_varbinds_destroy(&t.b->ms->objects);
    trial_copy(&t.b->ms->objects, t.b->factory.v, t.b->factory.n);
    up_time.number = 100;
    model_switch_put(t.b->ms, &mib_sys_up_time, &up_time);
    trial_pass(t.r, &t.now, 900);
    ok(s->in_sync && !s->error
       && trial_is_wanted(t.b, t.profile, &t.known, NULL),
       "what a restart has undone is done again at once");
    ok(!s->n_rollbacks, "and nothing is rolled back");
    trial_destroy(&t);
}

int
main(void)
{
    test_steps();
    test_restart();
    test_lock();
    init_kinds();
    test_interrupted();
    test_refused_in_between();
    test_stopped();
    test_mischief();
    return tap_done();
}
