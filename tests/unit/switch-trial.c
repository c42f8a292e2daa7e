/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/switch-trial.h"

#include <limits.h>
#include <stdlib.h>
#include "util.h"

/* --- A session in between ----------------------------------------------- */

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

void
trial_copy(struct mib_varbinds *to, const struct mib_varbind *v, size_t n)
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

    ovs_assert(!b->session.busy);
    if (b->late.n && b->n_requests == b->late_at) {
        model_switch_set(b->ms, b->late.v, b->late.n, &index);
        mib_varbinds_destroy(&b->late);
    }
    if (b->n_requests == b->at) {
        if (b->mischief == RESET) {
            mib_varbinds_destroy(&b->ms->objects);
            trial_copy(&b->ms->objects, b->factory.v, b->factory.n);
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
            trial_copy(&b->late, vbs, n);
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

static char *
between_twin(const struct switch_session *session)
{
    return nullable_xstrdup(CONTAINER_OF(session, struct between,
                                         session)->twin);
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
        .twin = between_twin,
    };
    struct between *b = xzalloc(sizeof *b);

    b->session.class = &class;
    b->ms = model_switch_create(options);
    model_switch_load_default(b->ms, PORTS, 100);
    trial_copy(&b->factory, b->ms->objects.v, b->ms->objects.n);
    b->at = INT_MAX;
    return b;
}

/* --- What is wanted --------------------------------------------------------*/

const struct want switch_first[N_WANTS] = {
    { "2", SWITCH_ACCESS, { 110 } },
    { "Gi1/0/3", SWITCH_ACCESS, { 110 } },
    { "4", SWITCH_ACCESS, { 120 } },
    { "5", SWITCH_TRUNK, { 110, 120 } },
};
const struct want switch_second[N_WANTS] = {
    { "2", SWITCH_ACCESS, { 120 } },
    { "Gi1/0/3", SWITCH_TRUNK, { 120, 130 } },
    { "4", SWITCH_ACCESS, { 120 } },
    { "5", SWITCH_TRUNK, { 120 } },
};

void
trial_make_wanted(struct switch_wanted *w, const struct want *wants, size_t n)
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

void
trial_set_number(struct model_switch *ms, const struct mib_oid *oid, int64_t n)
{
    struct mib_value v = { .type = MIB_INTEGER, .number = n };

    model_switch_put(ms, oid, &v);
}

int64_t
trial_get_number(const struct model_switch *ms, const struct mib_oid *oid)
{
    const struct mib_value *v = model_switch_get(ms, oid);

    return v ? mib_value_integer(v) : -1;
}

/* --- Runs ------------------------------------------------------------------*/

void
trial_pass(struct switch_reconcile *r, long long int *now, int ms)
{
    for (long long int end = *now + ms; *now < end; *now += 50) {
        switch_reconcile_run(r, *now);
    }
}

/* What the device itself has, compared. */
bool
trial_is_wanted(struct between *b, const struct switch_profile *profile,
                const struct switch_wanted *w, struct svec *lines)
{
    struct switch_tables t;
    bool same;

    model_switch_read(b->ms, profile, &t);
    same = switch_plan_verify(&t, w, lines);
    switch_tables_destroy(&t);
    return same;
}

bool
trial_is_before(struct between *b, const struct switch_profile *profile,
                const struct switch_tables *old,
                const struct switch_wanted *w)
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
    bool wanted = trial_is_wanted(b, profile, w, &lines);
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
        && !trial_is_before(b, profile, old, w)) {
        wrong = "not as before";
    }
    svec_destroy(&lines);
    return wrong;
}

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
        .read_interval_ms = t->beat_ms ? 60000 : 5000,
        .beat_ms = t->beat_ms, .beat_phase_ms = t->beat_ms / 2,
        .retry_ms = 1000, .retry_max_ms = 4000,
        .memory = t->has_memory ? &t->memory : NULL,
        .remember = keep_memory, .aux = t,
    };

    t->r = switch_reconcile_create("core1", &t->b->session, &t->profiles,
                                   &options, NULL);
}

/* The program is killed, and begins anew. */
void
trial_restart(struct trial *t, const struct kind *kind)
{
    struct between *b = between_create(&kind->model);

    mib_varbinds_destroy(&b->ms->objects);
    trial_copy(&b->ms->objects, t->b->ms->objects.v,
               t->b->ms->objects.n);
    switch_reconcile_destroy(t->r);
    t->b = b;
    trial_start(t);
}

void
trial_init(struct trial *t, const struct kind *kind, bool from_default)
{
    struct switch_wanted w;

    memset(&t->memory, 0, sizeof t->memory);
    t->has_memory = false;
    t->beat_ms = kind->beat_ms;
    t->b = between_create(&kind->model);
    t->now = 1000;
    t->profile = xmemdup(&kind->profile, sizeof kind->profile);
    t->profile->name = xstrdup("test");
    t->profile->title = xstrdup("test");
    switch_profiles_init(&t->profiles);
    switch_profiles_add(&t->profiles, t->profile);
    trial_make_wanted(&w, switch_first, N_WANTS);
    trial_make_wanted(&t->wanted, from_default ? switch_first : switch_second, N_WANTS);
    trial_make_wanted(&t->known, from_default ? switch_first : switch_second, N_WANTS);
    for (unsigned int vid = 110; vid <= 130; vid += 10) {
        vidset_add(&t->known.created, vid); /* By nobody else, here. */
    }
    trial_start(t);
    switch_reconcile_set_wanted(t->r, from_default ? NULL : &w);
    trial_pass(t->r, &t->now, 500);
    switch_wanted_destroy(&w);
    model_switch_read(t->b->ms, t->profile, &t->old);
}

void
trial_destroy(struct trial *t)
{
    switch_reconcile_destroy(t->r);
    switch_tables_destroy(&t->old);
    switch_wanted_destroy(&t->wanted);
    switch_wanted_destroy(&t->known);
    switch_profiles_destroy(&t->profiles);
}

/* Lets it become so, with 'mischief' at the 'n_th' request. */
const char *
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

        trial_pass(t->r, &t->now, 100);
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
const char *
trial_recover(struct trial *t, const struct kind *kind)
{
    struct mib_oid oid = mib_oid_child(&mib_vlan_static_egress, 1);
    const struct mib_value *v;
    const char *wrong;
    struct portlist list;

    t->b->mischief = NOTHING;
    t->b->ms->options = kind->model;
    switch_reconcile_trigger(t->r, SWITCH_ASKED);
    trial_pass(t->r, &t->now, 20000);
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
