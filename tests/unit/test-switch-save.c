/* SPDX-License-Identifier: Apache-2.0
 *
 * When a switch is saved, and what is said of it. */

#include <config.h>
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include "tests/unit/switch-trial.h"
#include "util.h"

static const struct mib_oid save_oid = MIB_OID(1, 3, 6, 1, 4, 1, 1, 1);
static const struct mib_oid poll_oid = MIB_OID(1, 3, 6, 1, 4, 1, 1, 2);

/* A device whose saving is told by an object: 1 saved, 2 failed. */
static void
init_save_kind(struct kind *kind)
{
    *kind = (struct kind) {
        "save", { .atomic = true },
        { .atomic = true, .max_message = MIB_MAX_MESSAGE,
          .pvid_type = MIB_UNSIGNED32, .name_max = 32,
          .save = SWITCH_SAVE_SET, .save_timeout_ms = 3000, .poll = poll_oid,
          .n_save_sets = 1, .n_poll_done = 1, .n_poll_failed = 1 }
    };
    kind->profile.save_sets = xzalloc(sizeof *kind->profile.save_sets);
    kind->profile.save_sets[0] = (struct switch_save_set) {
        .oid = save_oid, .type = MIB_INTEGER, .value = 7,
    };
    kind->profile.poll_done = xzalloc(sizeof(int64_t));
    *kind->profile.poll_done = 1;
    kind->profile.poll_failed = xzalloc(sizeof(int64_t));
    *kind->profile.poll_failed = 2;
}

/* What is saved is known after a restart of the program; if it is not, it is
 * saved. */
static void
test_save_remembered(void)
{
    const struct switch_status *s;
    struct kind kind;
    struct trial t;
    int n_bad = 0;

    init_save_kind(&kind);
    trial_init(&t, &kind, true);
    trial_set_number(t.b->ms, &poll_oid, 1);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    trial_pass(t.r, &t.now, 5000);
    trial_set_number(t.b->ms, &save_oid, 0);
    trial_restart(&t, &kind);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    trial_pass(t.r, &t.now, 1000);
    s = switch_reconcile_status(t.r);
    ok(s->in_sync && s->saved && !trial_get_number(t.b->ms, &save_oid),
       "what was saved is known to be, and is not saved again");
    t.has_memory = false;
    trial_restart(&t, &kind);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    trial_pass(t.r, &t.now, 1000);
    s = switch_reconcile_status(t.r);
    ok(s->in_sync && s->saved && trial_get_number(t.b->ms, &save_oid) == 7,
       "if that is not remembered, it is saved once");
    trial_destroy(&t);

    for (int at = 0, hit = true; hit; at++) {
        init_save_kind(&kind);
        trial_init(&t, &kind, true);
        trial_set_number(t.b->ms, &poll_oid, 1);
        trial_run(&t, DEAF, at, 0);
        hit = t.b->n_requests > at;
        trial_restart(&t, &kind);
        switch_reconcile_set_wanted(t.r, &t.wanted);
        trial_pass(t.r, &t.now, 20000);
        s = switch_reconcile_status(t.r);
        n_bad += !s->saved || trial_get_number(t.b->ms, &save_oid) != 7;
        trial_destroy(&t);
    }
    ok(!n_bad, "interrupted anywhere, it is saved: %d bad", n_bad);
}

/* A device that is restarted while it saves, and has lost it all. */
static void
test_save_restart(void)
{
    struct mib_value up_time = { .type = MIB_TIME_TICKS, .number = 100000 };
    const struct switch_status *s;
    unsigned long long int n_reads;
    struct kind kind;
    struct trial t;

    init_save_kind(&kind);
    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    model_switch_put(t.b->ms, &mib_sys_up_time, &up_time);
    trial_set_number(t.b->ms, &poll_oid, 3);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    trial_pass(t.r, &t.now, 4000);
    ok(s->state == SWITCH_SAVE && s->in_sync, "it saves, and takes its time");
    mib_varbinds_destroy(&t.b->ms->objects);
    trial_copy(&t.b->ms->objects, t.b->factory.v, t.b->factory.n);
    up_time.number = 100;
    model_switch_put(t.b->ms, &mib_sys_up_time, &up_time);
    trial_set_number(t.b->ms, &poll_oid, 1);
    for (int i = 0; i < 40 && s->state == SWITCH_SAVE; i++) {
        trial_pass(t.r, &t.now, 50);
    }
    trial_pass(t.r, &t.now, 4000);
    ok(s->in_sync && s->saved && !s->error
       && trial_is_wanted(t.b, t.profile, &t.known, NULL)
       && trial_get_number(t.b->ms, &save_oid) == 7,
       "after a restart it is made as wanted again, and saved");
    trial_destroy(&t);

    init_save_kind(&kind);
    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    trial_set_number(t.b->ms, &poll_oid, 3);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    trial_pass(t.r, &t.now, 4000);
    t.b->ms->options.deaf = true;
    trial_pass(t.r, &t.now, 500);
    ok(!s->in_sync, "while it does not answer, it is not said to be in sync");
    trial_pass(t.r, &t.now, 4000);
    ok(!s->in_sync && s->error, "nor later: %s", s->error);
    t.b->ms->options.deaf = false;
    trial_set_number(t.b->ms, &poll_oid, 1);
    n_reads = s->n_reads;
    trial_pass(t.r, &t.now, 5000);
    ok(s->in_sync && s->saved && s->n_reads > n_reads,
       "until it was read again");
    trial_destroy(&t);
}

static void
test_save(void)
{
    static const struct {
        const char *what;
        int64_t poll;           /* What the object says. */
        bool saved;
        const char *error;
    } tests[] = {
        { "saved", 1, true, NULL },
        { "failed", 2, false, "is as wanted, but that is not saved: the "
          "device says that it failed" },
        { "never done", 3, false, "is as wanted, but that is not saved: the "
          "device did not say so within 3000 ms" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        const struct switch_status *s;
        struct kind kind;
        struct trial t;

        init_save_kind(&kind);
        trial_init(&t, &kind, true);
        trial_set_number(t.b->ms, &poll_oid, tests[i].poll);
        switch_reconcile_set_wanted(t.r, &t.wanted);
        trial_pass(t.r, &t.now, 6500);
        s = switch_reconcile_status(t.r);
        ok(s->in_sync && s->saved == tests[i].saved, "%s", tests[i].what);
        is_str(s->error, tests[i].error, "%s: what is said", tests[i].what);
        ok(trial_get_number(t.b->ms, &save_oid) == 7, "it was asked to save");
        trial_destroy(&t);
    }
}

/* What is wanted changes each time, and always back. */
static void
want_other(struct trial *t, int i)
{
    struct switch_wanted w;

    trial_make_wanted(&w, i % 2 ? switch_first : switch_second, N_WANTS);
    switch_reconcile_set_wanted(t->r, &w);
    switch_wanted_destroy(&w);
}

static void
save_kind_long(struct kind *kind)
{
    init_save_kind(kind);
    kind->profile.save_timeout_ms = 30000;
}

/* A change goes before a save, and a series of them costs one. */
static void
test_save_yields(void)
{
    const struct switch_status *s;
    struct kind kind;
    struct trial t;
    int n_slow = 0, n_saved = 0;

    save_kind_long(&kind);
    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    trial_set_number(t.b->ms, &poll_oid, 1);
    trial_set_number(t.b->ms, &save_oid, 0);
    for (int i = 0; i < 10; i++) {
        want_other(&t, i);
        trial_pass(t.r, &t.now, 500);
        n_slow += !s->in_sync;
        trial_pass(t.r, &t.now, 1500);
        n_slow += !s->in_sync || s->error || s->saved || !s->will_save
                  || !switch_reconcile_is_changing(t.r);
        n_saved += trial_get_number(t.b->ms, &save_oid) == 7;
    }
    ok(!n_slow && !n_saved, "while it goes on changing, it is not saved: "
       "%d, %d", n_slow, n_saved);
    trial_set_number(t.b->ms, &poll_oid, 3);
    trial_pass(t.r, &t.now, 2000);
    ok(s->state == SWITCH_SAVE && trial_get_number(t.b->ms, &save_oid) == 7,
       "then it is");

    trial_set_number(t.b->ms, &save_oid, 0);
    want_other(&t, 0);
    ok(!s->in_sync && !s->error, "another change");
    trial_pass(t.r, &t.now, 500);
    ok(s->in_sync && !s->error, "is done while it saves");
    trial_pass(t.r, &t.now, 5000);
    ok(s->in_sync && !s->saved && !trial_get_number(t.b->ms, &save_oid),
       "the next save waits for that one");
    trial_set_number(t.b->ms, &poll_oid, 1);
    trial_pass(t.r, &t.now, 1000);
    ok(s->in_sync && s->saved && !s->error && !s->will_save
       && trial_get_number(t.b->ms, &save_oid) == 7
       && !switch_reconcile_is_changing(t.r), "and is made then");

    trial_set_number(t.b->ms, &save_oid, 0);
    for (int i = 0; i < 34; i++) {
        want_other(&t, i + 1);
        trial_pass(t.r, &t.now, 2000);
        n_saved += trial_get_number(t.b->ms, &save_oid) == 7;
    }
    ok(n_saved, "what never ends changing is saved now and then");
    trial_destroy(&t);
}

/* What is said of a save that fails, of one that is asked for, and of the last
 * one. */
static void
test_save_told(void)
{
    struct mib_oid pvid = mib_oid_child(&mib_pvid, 2);
    const struct switch_status *s;
    struct kind kind;
    struct trial t;

    save_kind_long(&kind);
    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    trial_set_number(t.b->ms, &poll_oid, 2);
    want_other(&t, 0);
    trial_pass(t.r, &t.now, 4500);
    ok(s->error && strstr(s->error, "is as wanted, but that is not saved"),
       "it cannot be saved");
    want_other(&t, 1);
    ok(!s->in_sync && !s->error,
       "that it is as wanted is not said of something else");

    trial_set_number(t.b->ms, &poll_oid, 1);
    trial_set_number(t.b->ms, &save_oid, 0);
    trial_pass(t.r, &t.now, 500);
    switch_reconcile_save(t.r);
    trial_pass(t.r, &t.now, 500);
    ok(s->in_sync && s->saved && trial_get_number(t.b->ms, &save_oid) == 7,
       "who asks need not wait");

    trial_set_number(t.b->ms, &save_oid, 0);
    want_other(&t, 0);
    trial_pass(t.r, &t.now, 500);
    switch_reconcile_set_ending(t.r, true);
    trial_set_number(t.b->ms, &pvid, 1);
    trial_pass(t.r, &t.now, 500);
    ok(!switch_reconcile_is_changing(t.r) && !s->saved
       && trial_get_number(t.b->ms, &pvid) == 1
       && !trial_get_number(t.b->ms, &save_oid),
       "at the end, what is not as wanted is neither changed nor saved");
    switch_reconcile_set_ending(t.r, false);
    trial_pass(t.r, &t.now, 500);
    switch_reconcile_set_ending(t.r, true);
    ok(s->in_sync && switch_reconcile_is_changing(t.r), "what is");
    trial_pass(t.r, &t.now, 500);
    ok(s->saved && trial_get_number(t.b->ms, &save_oid) == 7
       && !switch_reconcile_is_changing(t.r), "is saved first");
    trial_destroy(&t);
}

/* A device that refuses what it is asked while it saves. */
static void
test_save_refuses(void)
{
    int n_bad = 0, n = 0;

    for (int at = 0, hit = true; hit; at++) {
        const struct switch_status *s;
        struct kind kind;
        struct trial t;
        bool told = false, wrong = false;

        save_kind_long(&kind);
        trial_init(&t, &kind, true);
        s = switch_reconcile_status(t.r);
        trial_set_number(t.b->ms, &poll_oid, 3);
        want_other(&t, 1);
        trial_pass(t.r, &t.now, 4000);
        wrong = s->state != SWITCH_SAVE;
        t.b->n_sets = 0;
        t.b->at = at;
        t.b->mischief = REFUSE_ALL;
        want_other(&t, 0);
        for (int i = 0; i < 50; i++) {
            trial_pass(t.r, &t.now, 200);
            told |= s->error && strstr(s->error, "it is still saving");
            wrong |= told && s->in_sync;
        }
        hit = t.b->n_sets > at;
        t.b->mischief = NOTHING;
        t.b->ms->options = kind.model;
        trial_set_number(t.b->ms, &poll_oid, 1);
        trial_pass(t.r, &t.now, 600);
        if (wrong || told != hit || !s->in_sync || s->n_rollbacks
            || (hit && s->error)) {
            printf("# at %d: %d %d, %s, %llu rollbacks\n", at, wrong, told,
                   s->error ? s->error : "none", s->n_rollbacks);
            n_bad++;
        }
        trial_pass(t.r, &t.now, 5000);
        n_bad += !s->saved || s->error;
        n += hit;
        trial_destroy(&t);
    }
    ok(!n_bad && n, "what is refused while it saves is done after it, %d runs",
       n);
}

int
main(void)
{
    test_save();
    test_save_remembered();
    test_save_restart();
    test_save_yields();
    test_save_told();
    test_save_refuses();
    return tap_done();
}
