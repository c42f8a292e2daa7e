/* SPDX-License-Identifier: Apache-2.0
 *
 * Heartbeats of a switch at rest: what a restart or silence makes of it, and
 * that they keep out of changes. */

#include <config.h>
#include "tests/unit/tap.h"

#include "tests/unit/switch-trial.h"
#include "util.h"

static void
set_up_time(struct trial *t, uint32_t up_time)
{
    struct mib_value v = { .type = MIB_TIME_TICKS, .number = up_time };

    model_switch_put(t->b->ms, &mib_sys_up_time, &v);
}

/* A switch that is as wanted, at rest, and tells its sysUpTime. */
static const struct switch_status *
beat_start(struct trial *t, unsigned int beat_ms)
{
    struct kind kind = { "heartbeats", { .atomic = true },
                         { .atomic = true, .max_message = MIB_MAX_MESSAGE,
                           .pvid_type = MIB_UNSIGNED32, .name_max = 32 },
                         beat_ms };
    const struct switch_status *s;

    trial_init(t, &kind, true);
    set_up_time(t, 100000);
    switch_reconcile_set_wanted(t->r, &t->wanted);
    trial_pass(t->r, &t->now, 1000);
    s = switch_reconcile_status(t->r);
    ok(s->in_sync && s->state == SWITCH_IDLE, "every %u ms: at rest", beat_ms);
    return s;
}

static void
lose_all(struct trial *t)
{
    mib_varbinds_destroy(&t->b->ms->objects);
    trial_copy(&t->b->ms->objects, t->b->factory.v, t->b->factory.n);
}

static void
test_beat(void)
{
    unsigned long long int n_reads, n_changes;
    const struct switch_status *s;
    int n_requests;
    struct trial t;

    s = beat_start(&t, 1000);
    n_reads = s->n_reads;
    n_changes = s->n_changes;
    n_requests = t.b->n_requests;
    trial_pass(t.r, &t.now, 10000);
    ok(t.b->n_requests == n_requests + 10 && s->n_reads == n_reads
       && s->n_changes == n_changes, "heartbeats alone: %d requests",
       t.b->n_requests - n_requests);

    lose_all(&t);
    set_up_time(&t, 100);
    trial_pass(t.r, &t.now, 1050);
    ok(s->in_sync && s->n_reads > n_reads
       && trial_is_wanted(t.b, t.profile, &t.known, NULL),
       "after a restart that nobody told of it is made as wanted again");
    n_reads = s->n_reads;
    trial_pass(t.r, &t.now, 2000);
    ok(s->n_reads == n_reads, "once");

    lose_all(&t);
    t.b->session.n_restarts++;
    trial_pass(t.r, &t.now, 1050);
    ok(s->in_sync && trial_is_wanted(t.b, t.profile, &t.known, NULL),
       "one that tells only its engine boots too");
    trial_destroy(&t);
}

/* It has been running for longer than when it was read, and yet not since. */
static void
test_beat_late(void)
{
    unsigned long long int n_reads;
    const struct switch_status *s;
    struct trial t;

    s = beat_start(&t, 1000);
    set_up_time(&t, 10);
    trial_pass(t.r, &t.now, 1050);
    n_reads = s->n_reads;
    t.b->ms->options.timeout = t.b->ms->options.latency = 11000;
    trial_pass(t.r, &t.now, 10000);
    ok(s->n_reads == n_reads, "an answer that is waited for long");
    set_up_time(&t, 1000);
    t.b->ms->options.latency = 0;
    trial_pass(t.r, &t.now, 3000);
    ok(s->n_reads == n_reads + 1 && s->in_sync,
       "restarted in between: it is read");
    trial_destroy(&t);
}

static void
test_beat_silent(void)
{
    unsigned long long int n_reads;
    const struct switch_status *s;
    int n_requests;
    struct trial t;

    s = beat_start(&t, 1000);
    t.b->ms->options.deaf = true;
    trial_pass(t.r, &t.now, 1050);
    ok(!s->in_sync && !s->reachable && s->state == SWITCH_FAILED && s->error,
       "without an answer: %s", s->error ? s->error : "no error");
    n_requests = t.b->n_requests;
    trial_pass(t.r, &t.now, 20000);
    ok(t.b->n_requests <= n_requests + 7, "then it is asked more seldom: %d",
       t.b->n_requests - n_requests);
    t.b->ms->options.deaf = false;
    trial_pass(t.r, &t.now, 5000);
    ok(s->in_sync && s->reachable && !s->error, "until it is back");

    t.b->ms->options.deaf = true;
    t.b->ms->options.timeout = 10000;
    trial_pass(t.r, &t.now, 1050);
    ok(s->in_sync && t.b->session.busy, "one is out");
    t.b->ms->options.deaf = false;
    n_reads = s->n_reads;
    switch_reconcile_trigger(t.r, "linkUp");
    trial_pass(t.r, &t.now, 100);
    ok(s->n_reads == n_reads + 1 && s->in_sync && !t.b->session.busy,
       "what is to be read does not wait for it");
    trial_destroy(&t);
}

/* However often they come, they keep out of a change, and it of them. */
static void
test_beat_change(void)
{
    const struct switch_status *s;
    struct switch_wanted other;
    int n_bad = 0;
    struct trial t;

    s = beat_start(&t, 50);
    trial_make_wanted(&other, switch_second, N_WANTS);
    for (int latency = 0; latency < 200; latency += 10) {
        const struct switch_wanted *w = latency % 20 ? &other : &t.wanted;
        unsigned long long int n_pdus;

        t.b->ms->options.latency = latency;
        switch_reconcile_set_wanted(t.r, w);
        for (int i = 0; i < 300 && !s->in_sync; i++) {
            trial_pass(t.r, &t.now, 10);
            n_bad += switch_reconcile_is_changing(t.r) && s->error;
        }
        n_pdus = s->n_pdus;
        trial_pass(t.r, &t.now, 1000);
        n_bad += !s->in_sync || s->n_rollbacks || s->n_pdus == n_pdus;
    }
    ok(!n_bad, "heartbeats do not disturb changes: %d bad", n_bad);
    switch_wanted_destroy(&other);
    trial_destroy(&t);
}

int
main(void)
{
    test_beat();
    test_beat_late();
    test_beat_silent();
    test_beat_change();
    return tap_done();
}
