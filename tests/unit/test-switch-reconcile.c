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
#include "switchcfg/model-switch.h"
#include "switchcfg/profile.h"
#include "switchcfg/reconcile.h"
#include "util.h"

#define PORTS 8

/* --- A session in between ----------------------------------------------- */

enum mischief {
    NOTHING,
    LOSE_ANSWER,                /* Of a SET that is done. */
    LOSE_REQUEST,               /* Not done. */
    LATE,                       /* Done some requests after it timed out. */
    REFUSE, REFUSE_ALL,
    FIRST_ONLY, FIRST_ONLY_ALL,
    IGNORE, IGNORE_ALL,         /* Acknowledged, not done. */
    RESET,                      /* All configuration is lost. */
    OTHER,                      /* Somebody else changes port 8. */
    OTHER_OURS,                 /* Somebody else changes a port of ours. */
    LOSE_THEN_REFUSE,           /* The answer to one, and the next. */
    DEAF,                       /* No answers any more. */
    N_MISCHIEF,
};
static const char *const names[] = {
    "nothing", "answer lost", "request lost", "done late", "refused",
    "refused from now on", "first varbind only", "always first varbind only",
    "acknowledged only", "always acknowledged only", "configuration lost",
    "somebody else changes his port", "somebody else changes our port",
    "answer lost, then refused", "deaf",
};

struct between {
    struct switch_session session;
    struct model_switch *ms;
    struct mib_varbinds factory;
    enum mischief mischief;
    int at;                     /* At which request (mischief of SETs: SET)
                                 * counted from 0. */
    int n_requests, n_sets;
    struct mib_varbinds late;   /* To be done before request 'late_at'. */
    int late_at, late_by;
    struct switch_reply *reply; /* In place of the model's. */
    bool other_done;
};

static struct between *
between_cast(struct switch_session *session)
{
    return CONTAINER_OF(session, struct between, session);
}

static void
put_bit(struct model_switch *ms, const struct mib_oid *column, uint32_t vid,
        unsigned int port, bool present)
{
    struct mib_oid oid = mib_oid_child(column, vid);
    const struct mib_value *v = model_switch_get(ms, &oid);
    struct portlist list;
    struct mib_value new = { .type = MIB_OCTETS };

    if (!v) {
        return;
    }
    portlist_init(&list, v->octets, v->n_octets);
    portlist_set(&list, ms->options.order, port, present);
    new.octets = list.octets;
    new.n_octets = list.n;
    model_switch_put(ms, &oid, &new);
    portlist_destroy(&list);
}

static void
copy_varbinds(struct mib_varbinds *to, const struct mib_varbind *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mib_varbinds_add(to, &v[i].oid, &v[i].value);
    }
}

/* What happens before a request. */
static void
before_request(struct between *b, bool is_set)
{
    size_t index;

    if (b->late.n && b->n_requests == b->late_at) {
        model_switch_set(b->ms, b->late.v, b->late.n, &index);
        mib_varbinds_destroy(&b->late);
    }
    if (b->n_requests == b->at) {
        if (b->mischief == RESET) {
            mib_varbinds_destroy(&b->ms->objects);
            copy_varbinds(&b->ms->objects, b->factory.v, b->factory.n);
        } else if (b->mischief == OTHER) {
            put_bit(b->ms, &mib_vlan_static_untagged, 1, PORTS, false);
            put_bit(b->ms, &mib_vlan_static_egress, 1, PORTS, false);
            /* Between a look and the SET there is nothing in SNMP that could
             * keep others out, but for a lock. */
            b->other_done = !is_set;
        } else if (b->mischief == OTHER_OURS) {
            put_bit(b->ms, &mib_vlan_static_egress, 1, 3, true);
        } else if (b->mischief == DEAF) {
            b->ms->options.deaf = true;
        }
    }
    b->n_requests++;
}

static void
between_get(struct switch_session *session, const struct mib_oid *oids,
            size_t n)
{
    struct between *b = between_cast(session);

    before_request(b, false);
    session->busy = true;
    b->ms->session.class->get(&b->ms->session, oids, n);
}

static void
between_walk(struct switch_session *session, const struct mib_oid *oids,
             size_t n)
{
    struct between *b = between_cast(session);

    before_request(b, false);
    session->busy = true;
    b->ms->session.class->walk(&b->ms->session, oids, n);
}

static void
between_set(struct switch_session *session, const struct mib_varbind *vbs,
            size_t n)
{
    struct between *b = between_cast(session);
    struct model_switch_options *o = &b->ms->options;
    int i = b->n_sets++;
    bool now = i == b->at, since = i >= b->at;

    before_request(b, true);
    session->busy = true;
    o->fail_nth = (b->mischief == REFUSE && now)
                  || (b->mischief == LOSE_THEN_REFUSE && i == b->at + 1)
                  || (b->mischief == REFUSE_ALL && since);
    o->lose_nth = (b->mischief == LOSE_ANSWER
                   || b->mischief == LOSE_THEN_REFUSE) && now;
    o->first_only = (b->mischief == FIRST_ONLY && now)
                    || (b->mischief == FIRST_ONLY_ALL && since);
    o->accept_not_apply = (b->mischief == IGNORE && now)
                          || (b->mischief == IGNORE_ALL && since);
    if (now && (b->mischief == LOSE_REQUEST || b->mischief == LATE)) {
        b->reply = xzalloc(sizeof *b->reply);
        b->reply->status = SWITCH_REPLY_TIMEOUT;
        b->reply->error = xstrdup("no answer");
        if (b->mischief == LATE) {
            copy_varbinds(&b->late, vbs, n);
            b->late_at = b->n_requests + b->late_by;
        }
    } else {
        b->ms->session.class->set(&b->ms->session, vbs, n);
    }
}

static void
between_run(struct switch_session *session, long long int now)
{
    struct between *b = between_cast(session);

    b->ms->session.class->run(&b->ms->session, now);
}

static void
between_wait(struct switch_session *session)
{
}

static struct switch_reply *
between_reply(struct switch_session *session)
{
    struct between *b = between_cast(session);
    struct switch_reply *reply = b->reply;

    if (reply) {
        b->reply = NULL;
    } else {
        reply = b->ms->session.class->reply(&b->ms->session);
    }
    session->busy = !reply;
    return reply;
}

static void
between_cancel(struct switch_session *session)
{
    struct between *b = between_cast(session);

    b->ms->session.class->cancel(&b->ms->session);
    switch_reply_destroy(b->reply);
    b->reply = NULL;
    session->busy = false;
}

static void
between_destroy(struct switch_session *session)
{
    struct between *b = between_cast(session);

    mib_varbinds_destroy(&b->late);
    mib_varbinds_destroy(&b->factory);
    switch_reply_destroy(b->reply);
    model_switch_destroy(b->ms);
    free(b);
}

static struct between *
between_create(const struct model_switch_options *options)
{
    static const struct switch_session_class class = {
        .get = between_get,
        .walk = between_walk,
        .set = between_set,
        .run = between_run,
        .wait = between_wait,
        .reply = between_reply,
        .cancel = between_cancel,
        .destroy = between_destroy,
    };
    struct between *b = xzalloc(sizeof *b);

    b->session.class = &class;
    b->ms = model_switch_create(options);
    model_switch_load_default(b->ms, PORTS, 100);
    copy_varbinds(&b->factory, b->ms->objects.v, b->ms->objects.n);
    b->at = INT_MAX;
    return b;
}

/* --- What is wanted --------------------------------------------------------*/

struct want {
    const char *port;
    enum switch_role role;
    unsigned int vids[3];
};
static const struct want first[] = {
    { "2", SWITCH_ACCESS, { 110 } },
    { "Gi1/0/3", SWITCH_ACCESS, { 110 } },
    { "4", SWITCH_ACCESS, { 120 } },
    { "5", SWITCH_TRUNK, { 110, 120 } },
};
static const struct want second[] = {
    { "2", SWITCH_ACCESS, { 120 } },
    { "Gi1/0/3", SWITCH_TRUNK, { 120, 130 } },
    { "4", SWITCH_ACCESS, { 120 } },
    { "5", SWITCH_TRUNK, { 120 } },
};

static void
make_wanted(struct switch_wanted *w, const struct want *wants, size_t n)
{
    switch_wanted_init(w);
    for (size_t i = 0; i < n; i++) {
        struct switch_wanted_port *p
            = switch_wanted_add_port(w, wants[i].port, wants[i].role, NULL);

        for (size_t j = 0; wants[i].vids[j]; j++) {
            char *tvd = xasprintf("t%u", wants[i].vids[j]);

            vidset_add(&p->vids, wants[i].vids[j]);
            switch_wanted_add_vlan(w, wants[i].vids[j], tvd);
            free(tvd);
        }
    }
}

static void
set_number(struct model_switch *ms, const struct mib_oid *oid, int64_t n)
{
    struct mib_value v = { .type = MIB_INTEGER, .number = n };

    model_switch_put(ms, oid, &v);
}

static int64_t
get_number(const struct model_switch *ms, const struct mib_oid *oid)
{
    const struct mib_value *v = model_switch_get(ms, oid);

    return v ? mib_value_integer(v) : -1;
}

/* --- Runs ------------------------------------------------------------------*/

static void
run(struct switch_reconcile *r, long long int *now, int ms)
{
    for (long long int end = *now + ms; *now < end; *now += 50) {
        switch_reconcile_run(r, *now);
    }
}

/* What the device itself has, compared. */
static bool
is_wanted(struct between *b, const struct switch_profile *profile,
          const struct switch_wanted *w, struct svec *lines)
{
    struct switch_tables t;
    bool same;

    model_switch_read(b->ms, profile, &t);
    same = switch_plan_verify(&t, w, lines);
    switch_tables_destroy(&t);
    return same;
}

static bool
is_before(struct between *b, const struct switch_profile *profile,
          const struct switch_tables *old, const struct switch_wanted *w)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_tables t;
    bool same;

    model_switch_read(b->ms, profile, &t);
    same = switch_plan_verify_restored(&t, old, w, &lines);
    switch_tables_destroy(&t);
    svec_destroy(&lines);
    return same;
}

/* The end of a run, judged. */
static const char *
judge(struct between *b, const struct switch_profile *profile,
      struct switch_reconcile *r, const struct switch_tables *old,
      const struct switch_wanted *w)
{
    const struct switch_status *s = switch_reconcile_status(r);
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    bool wanted = is_wanted(b, profile, w, &lines);
    const char *wrong = NULL;
    const char *line;
    size_t i;

    if (s->in_sync && !wanted) {
        wrong = "wrong success";
    } else if (s->in_sync && s->error) {
        wrong = "success with an error";
    } else if (!s->in_sync && !s->error) {
        wrong = "failure without an error";
    } else if (!s->in_sync && !wanted && s->reachable) {
        SVEC_FOR_EACH (i, line, &lines) {
            if (!svec_contains_unsorted(&s->differences, line)) {
                wrong = "a difference is not named";
            }
        }
        if (!s->differences.n) {
            wrong = "no difference is named";
        }
    }
    if (!wrong && !s->in_sync && strstr(s->error, "as it was before")
        && !is_before(b, profile, old, w)) {
        wrong = "not as before";
    }
    svec_destroy(&lines);
    return wrong;
}

struct kind {
    const char *what;
    struct model_switch_options model;
    struct switch_profile profile;
};

/* A switch that is as 'first' says, to become as 'second' does; or that is as
 * it comes out of the box, to become as 'first' says. */
struct trial {
    struct between *b;
    struct switch_profiles profiles;
    struct switch_profile *profile;
    struct switch_wanted wanted, known;
    struct switch_tables old;
    struct switch_reconcile *r;
    struct switch_memory memory; /* What it had kept. */
    bool has_memory;
    long long int now;
};

static void
keep_memory(void *t_, const struct switch_memory *memory)
{
    struct trial *t = t_;

    t->memory = *memory;
    t->has_memory = true;
}

static void
trial_start(struct trial *t)
{
    const struct switch_reconcile_options options = {
        .profile = "test", .save = true,
        .read_interval_ms = 5000, .retry_ms = 1000, .retry_max_ms = 4000,
        .memory = t->has_memory ? &t->memory : NULL,
        .remember = keep_memory, .aux = t,
    };

    t->r = switch_reconcile_create("core1", &t->b->session, &t->profiles,
                                   &options, NULL);
}

/* The program is killed, and begins anew. */
static void
trial_restart(struct trial *t, const struct kind *kind)
{
    struct between *b = between_create(&kind->model);

    mib_varbinds_destroy(&b->ms->objects);
    copy_varbinds(&b->ms->objects, t->b->ms->objects.v,
                  t->b->ms->objects.n);
    switch_reconcile_destroy(t->r);
    t->b = b;
    trial_start(t);
}

static void
trial_init(struct trial *t, const struct kind *kind, bool from_default)
{
    struct switch_wanted w;

    memset(&t->memory, 0, sizeof t->memory);
    t->has_memory = false;
    t->b = between_create(&kind->model);
    t->now = 1000;
    t->profile = xmemdup(&kind->profile, sizeof kind->profile);
    t->profile->name = xstrdup("test");
    t->profile->title = xstrdup("test");
    switch_profiles_init(&t->profiles);
    switch_profiles_add(&t->profiles, t->profile);
    make_wanted(&w, first, ARRAY_SIZE(first));
    make_wanted(&t->wanted, from_default ? first : second, ARRAY_SIZE(first));
    make_wanted(&t->known, from_default ? first : second, ARRAY_SIZE(first));
    for (unsigned int vid = 110; vid <= 130; vid += 10) {
        vidset_add(&t->known.created, vid); /* By nobody else, here. */
    }
    trial_start(t);
    switch_reconcile_set_wanted(t->r, from_default ? NULL : &w);
    run(t->r, &t->now, 500);
    switch_wanted_destroy(&w);
    model_switch_read(t->b->ms, t->profile, &t->old);
}

static void
trial_destroy(struct trial *t)
{
    switch_reconcile_destroy(t->r);
    switch_tables_destroy(&t->old);
    switch_wanted_destroy(&t->wanted);
    switch_wanted_destroy(&t->known);
    switch_profiles_destroy(&t->profiles);
}

/* Lets it become so, with 'mischief' at the 'n_th' request. */
static const char *
trial_run(struct trial *t, enum mischief mischief, int n_th, int late_by)
{
    const char *wrong = switch_reconcile_status(t->r)->state == SWITCH_IDLE
                        ? NULL : "not even without mischief";

    t->b->mischief = mischief;
    t->b->at = n_th;
    t->b->late_by = late_by;
    t->b->n_requests = t->b->n_sets = 0;
    switch_reconcile_set_wanted(t->r, &t->wanted);
    for (int i = 0; i < 200 && !wrong; i++) {
        enum switch_state state;

        run(t->r, &t->now, 100);
        state = switch_reconcile_status(t->r)->state;
        /* What it says may be older than what somebody else has done. */
        if ((state == SWITCH_IDLE || state == SWITCH_FAILED
             || state == SWITCH_STUCK)
            && mischief != RESET && mischief != OTHER_OURS
            && mischief != LATE) {
            wrong = judge(t->b, t->profile, t->r, &t->old, &t->known);
        }
    }
    return wrong;
}

/* Well again: it gets there, and what others have done stays. */
static const char *
trial_recover(struct trial *t, const struct kind *kind)
{
    struct mib_oid oid = mib_oid_child(&mib_vlan_static_egress, 1);
    const struct mib_value *v;
    const char *wrong;
    struct portlist list;

    t->b->mischief = NOTHING;
    t->b->ms->options = kind->model;
    switch_reconcile_trigger(t->r, SWITCH_ASKED);
    run(t->r, &t->now, 20000);
    wrong = judge(t->b, t->profile, t->r, &t->old, &t->known);
    if (wrong || !switch_reconcile_status(t->r)->in_sync) {
        return wrong ? wrong : "not as wanted in the end";
    }
    v = model_switch_get(t->b->ms, &oid);
    list = (struct portlist) { v->octets, v->n_octets };
    return t->b->other_done
           && portlist_contains(&list, kind->model.order, PORTS)
           ? "undid what somebody else did" : NULL;
}

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
                run(t.r, &t.now, 20000);
                s = switch_reconcile_status(t.r);
                if (!s->in_sync || !is_wanted(t.b, t.profile, back ? &none
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
            set_number(t.b->ms, &status, 1);
            model_switch_put(t.b->ms, &name, &theirs);
        }
        t.b->mischief = NOTHING;
        t.b->ms->options = kinds[3].model;
        run(t.r, &t.now, 20000);
        if (made ? !s->in_sync
            : s->state != SWITCH_FAILED || !strstr(s->error, "VLAN 130")
              || !is_before(t.b, t.profile, &t.old, &t.wanted)
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
    run(t.r, &t.now, 20000);
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

static const struct mib_oid save_oid = MIB_OID(1, 3, 6, 1, 4, 1, 1, 1);
static const struct mib_oid poll_oid = MIB_OID(1, 3, 6, 1, 4, 1, 1, 2);
static const struct mib_oid lock_oid = MIB_OID(1, 3, 6, 1, 4, 1, 1, 3);

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
    set_number(t.b->ms, &poll_oid, 1);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    run(t.r, &t.now, 5000);
    set_number(t.b->ms, &save_oid, 0);
    trial_restart(&t, &kind);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    run(t.r, &t.now, 1000);
    s = switch_reconcile_status(t.r);
    ok(s->in_sync && s->saved && !get_number(t.b->ms, &save_oid),
       "what was saved is known to be, and is not saved again");
    t.has_memory = false;
    trial_restart(&t, &kind);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    run(t.r, &t.now, 1000);
    s = switch_reconcile_status(t.r);
    ok(s->in_sync && s->saved && get_number(t.b->ms, &save_oid) == 7,
       "if that is not remembered, it is saved once");
    trial_destroy(&t);

    for (int at = 0, hit = true; hit; at++) {
        init_save_kind(&kind);
        trial_init(&t, &kind, true);
        set_number(t.b->ms, &poll_oid, 1);
        trial_run(&t, DEAF, at, 0);
        hit = t.b->n_requests > at;
        trial_restart(&t, &kind);
        switch_reconcile_set_wanted(t.r, &t.wanted);
        run(t.r, &t.now, 20000);
        s = switch_reconcile_status(t.r);
        n_bad += !s->saved || get_number(t.b->ms, &save_oid) != 7;
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
    set_number(t.b->ms, &poll_oid, 3);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    run(t.r, &t.now, 4000);
    ok(s->state == SWITCH_SAVE && s->in_sync, "it saves, and takes its time");
    mib_varbinds_destroy(&t.b->ms->objects);
    copy_varbinds(&t.b->ms->objects, t.b->factory.v, t.b->factory.n);
    up_time.number = 100;
    model_switch_put(t.b->ms, &mib_sys_up_time, &up_time);
    set_number(t.b->ms, &poll_oid, 1);
    for (int i = 0; i < 40 && s->state == SWITCH_SAVE; i++) {
        run(t.r, &t.now, 50);
    }
    run(t.r, &t.now, 4000);
    ok(s->in_sync && s->saved && !s->error
       && is_wanted(t.b, t.profile, &t.known, NULL)
       && get_number(t.b->ms, &save_oid) == 7,
       "after a restart it is made as wanted again, and saved");
    trial_destroy(&t);

    init_save_kind(&kind);
    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    set_number(t.b->ms, &poll_oid, 3);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    run(t.r, &t.now, 4000);
    t.b->ms->options.deaf = true;
    run(t.r, &t.now, 500);
    ok(!s->in_sync, "while it does not answer, it is not said to be in sync");
    run(t.r, &t.now, 4000);
    ok(!s->in_sync && s->error, "nor later: %s", s->error);
    t.b->ms->options.deaf = false;
    set_number(t.b->ms, &poll_oid, 1);
    n_reads = s->n_reads;
    run(t.r, &t.now, 5000);
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
        set_number(t.b->ms, &poll_oid, tests[i].poll);
        switch_reconcile_set_wanted(t.r, &t.wanted);
        run(t.r, &t.now, 6500);
        s = switch_reconcile_status(t.r);
        ok(s->in_sync && s->saved == tests[i].saved, "%s", tests[i].what);
        is_str(s->error, tests[i].error, "%s: what is said", tests[i].what);
        ok(get_number(t.b->ms, &save_oid) == 7, "it was asked to save");
        trial_destroy(&t);
    }
}

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
    set_number(t.b->ms, &lock_oid, 2);
    switch_reconcile_set_wanted(t.r, &t.wanted);
    run(t.r, &t.now, 500);
    ok(!s->in_sync && s->error && strstr(s->error, "somebody else holds"),
       "somebody else's lock is respected");
    ok(!s->n_sets && get_number(t.b->ms, &lock_oid) == 2,
       "and left as it is");
    set_number(t.b->ms, &lock_oid, 1);
    run(t.r, &t.now, 5000);
    ok(s->in_sync && get_number(t.b->ms, &lock_oid) == 1,
       "then it is ours, and free again");
    trial_destroy(&t);

    for (int at = 0, hit = true; hit; at++) {
        trial_init(&t, &kind, true);
        set_number(t.b->ms, &lock_oid, 1);
        trial_run(&t, DEAF, at, 0);
        hit = t.b->n_requests > at;
        trial_restart(&t, &kind);
        switch_reconcile_set_wanted(t.r, &t.wanted);
        run(t.r, &t.now, 20000);
        s = switch_reconcile_status(t.r);
        n_bad += !s->in_sync || get_number(t.b->ms, &lock_oid) != 1;
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
    run(t.r, &t.now, 500);
    ok(!s->in_sync && s->planned.n && !s->n_sets && !s->error,
       "a dry run plans, and does nothing");
    switch_reconcile_set_dry_run(t.r, false);
    run(t.r, &t.now, 500);
    ok(s->in_sync && s->n_sets && !s->n_drift, "then it is done");

    model_switch_put(t.b->ms, &pvid, &v);
    n_reads = s->n_reads;
    for (int i = 0; i < 100; i++) {
        switch_reconcile_trigger(t.r, "linkUp");
        run(t.r, &t.now, 20);
    }
    ok(s->in_sync && s->n_drift == 1
       && model_switch_get(t.b->ms, &pvid)->number == 110,
       "after a trap, drift is found and repaired");
    ok(s->n_reads - n_reads <= 8, "many traps are few reads");

    model_switch_put(t.b->ms, &pvid, &v);
    run(t.r, &t.now, 6000);
    ok(s->in_sync && s->n_drift == 2, "and without one too");

    t.b->ms->options.deaf = true;
    run(t.r, &t.now, 20000);
    ok(!s->in_sync && !s->reachable && s->state == SWITCH_FAILED,
       "a switch that is gone is not in sync");
    t.b->ms->options.deaf = false;
    run(t.r, &t.now, 5000);
    ok(s->in_sync && s->reachable, "until it is back");
    switch_reconcile_set_wanted(t.r, NULL);
    run(t.r, &t.now, 500);
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
        run(t.r, &t.now, 50);
    }
    ok(s->state == SWITCH_SETTLE && s->n_sets, "all SETs are acknowledged");
    mib_varbinds_destroy(&t.b->ms->objects);
    copy_varbinds(&t.b->ms->objects, t.b->factory.v, t.b->factory.n);
    up_time.number = 100;
    model_switch_put(t.b->ms, &mib_sys_up_time, &up_time);
    run(t.r, &t.now, 900);
    ok(s->in_sync && !s->error && is_wanted(t.b, t.profile, &t.known, NULL),
       "what a restart has undone is done again at once");
    ok(!s->n_rollbacks, "and nothing is rolled back");
    trial_destroy(&t);
}

/* What is wanted changes each time, and always back. */
static void
want_other(struct trial *t, int i)
{
    struct switch_wanted w;

    make_wanted(&w, i % 2 ? first : second, ARRAY_SIZE(first));
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
    struct mib_oid pvid = mib_oid_child(&mib_pvid, 2);

    save_kind_long(&kind);
    trial_init(&t, &kind, true);
    s = switch_reconcile_status(t.r);
    set_number(t.b->ms, &poll_oid, 1);
    set_number(t.b->ms, &save_oid, 0);
    for (int i = 0; i < 10; i++) {
        want_other(&t, i);
        run(t.r, &t.now, 500);
        n_slow += !s->in_sync;
        run(t.r, &t.now, 1500);
        n_slow += !s->in_sync || s->error || s->saved || !s->will_save
                  || !switch_reconcile_is_changing(t.r);
        n_saved += get_number(t.b->ms, &save_oid) == 7;
    }
    ok(!n_slow && !n_saved, "while it goes on changing, it is not saved: "
       "%d, %d", n_slow, n_saved);
    set_number(t.b->ms, &poll_oid, 3);
    run(t.r, &t.now, 2000);
    ok(s->state == SWITCH_SAVE && get_number(t.b->ms, &save_oid) == 7,
       "then it is");

    set_number(t.b->ms, &save_oid, 0);
    want_other(&t, 0);
    ok(!s->in_sync && !s->error, "another change");
    run(t.r, &t.now, 500);
    ok(s->in_sync && !s->error, "is done while it saves");
    run(t.r, &t.now, 5000);
    ok(s->in_sync && !s->saved && !get_number(t.b->ms, &save_oid),
       "the next save waits for that one");
    set_number(t.b->ms, &poll_oid, 1);
    run(t.r, &t.now, 1000);
    ok(s->in_sync && s->saved && !s->error && !s->will_save
       && get_number(t.b->ms, &save_oid) == 7
       && !switch_reconcile_is_changing(t.r), "and is made then");

    set_number(t.b->ms, &save_oid, 0);
    for (int i = 0; i < 34; i++) {
        want_other(&t, i + 1);
        run(t.r, &t.now, 2000);
        n_saved += get_number(t.b->ms, &save_oid) == 7;
    }
    ok(n_saved, "what never ends changing is saved now and then");

    set_number(t.b->ms, &poll_oid, 2);
    want_other(&t, 0);
    run(t.r, &t.now, 4500);
    ok(s->error && strstr(s->error, "is as wanted, but that is not saved"),
       "it cannot be saved");
    want_other(&t, 1);
    ok(!s->in_sync && !s->error,
       "that it is as wanted is not said of something else");

    set_number(t.b->ms, &poll_oid, 1);
    set_number(t.b->ms, &save_oid, 0);
    run(t.r, &t.now, 500);
    switch_reconcile_save(t.r);
    run(t.r, &t.now, 500);
    ok(s->in_sync && s->saved && get_number(t.b->ms, &save_oid) == 7,
       "who asks need not wait");

    set_number(t.b->ms, &save_oid, 0);
    want_other(&t, 0);
    run(t.r, &t.now, 500);
    switch_reconcile_set_ending(t.r, true);
    set_number(t.b->ms, &pvid, 1);
    run(t.r, &t.now, 500);
    ok(!switch_reconcile_is_changing(t.r) && !s->saved
       && get_number(t.b->ms, &pvid) == 1 && !get_number(t.b->ms, &save_oid),
       "at the end, what is not as wanted is neither changed nor saved");
    switch_reconcile_set_ending(t.r, false);
    run(t.r, &t.now, 500);
    switch_reconcile_set_ending(t.r, true);
    ok(s->in_sync && switch_reconcile_is_changing(t.r), "what is");
    run(t.r, &t.now, 500);
    ok(s->saved && get_number(t.b->ms, &save_oid) == 7
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
        set_number(t.b->ms, &poll_oid, 3);
        want_other(&t, 1);
        run(t.r, &t.now, 4000);
        wrong = s->state != SWITCH_SAVE;
        t.b->n_sets = 0;
        t.b->at = at;
        t.b->mischief = REFUSE_ALL;
        want_other(&t, 0);
        for (int i = 0; i < 50; i++) {
            run(t.r, &t.now, 200);
            told |= s->error && strstr(s->error, "it is still saving");
            wrong |= told && s->in_sync;
        }
        hit = t.b->n_sets > at;
        t.b->mischief = NOTHING;
        t.b->ms->options = kind.model;
        set_number(t.b->ms, &poll_oid, 1);
        run(t.r, &t.now, 600);
        if (wrong || told != hit || !s->in_sync || s->n_rollbacks
            || (hit && s->error)) {
            printf("# at %d: %d %d, %s, %llu rollbacks\n", at, wrong, told,
                   s->error ? s->error : "none", s->n_rollbacks);
            n_bad++;
        }
        run(t.r, &t.now, 5000);
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
    test_steps();
    test_restart();
    test_save();
    test_save_remembered();
    test_save_restart();
    test_save_yields();
    test_save_refuses();
    test_lock();
    init_kinds();
    test_interrupted();
    test_refused_in_between();
    test_stopped();
    test_mischief();
    return tap_done();
}
