/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/reconcile.h"

#include <stdlib.h>
#include <string.h>
#include "lib/report.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "switchcfg/profile.h"
#include "switchcfg/reconcile-private.h"
#include "switchcfg/session.h"
#include "util.h"

/* Between what happens at the device and the read that it asks for: many
 * ports often go down at once. */
#define TRIGGER_MS 1000
/* A device that is busy, or starts again, is given so many chances to show
 * what it is like after SETs; the delay before each is doubled. */
#define READBACK_TRIES 6
#define READBACK_RETRY_MS 500
/* Made anew after a lost answer or somebody else's change: plans, */
#define FORWARD_TRIES 3
/* and ways back. */
#define BACK_TRIES 3

const char *
switch_state_to_string(enum switch_state state)
{
    switch (state) {
    case SWITCH_IDLE: return "idle";
    case SWITCH_IDENTIFY: return "identify";
    case SWITCH_READ: return "read";
    case SWITCH_LOCK: return "lock";
    case SWITCH_SET: return "set";
    case SWITCH_SETTLE: return "settle";
    case SWITCH_READBACK: return "read back";
    case SWITCH_ROLLBACK: return "roll back";
    case SWITCH_READBACK_OLD: return "read back after rolling back";
    case SWITCH_SAVE: return "save";
    case SWITCH_UNLOCK: return "unlock";
    case SWITCH_FAILED: return "failed";
    case SWITCH_STUCK: return "stuck";
    }
    OVS_NOT_REACHED();
}

static void
wanted_free(struct switch_wanted *w)
{
    if (w) {
        switch_wanted_destroy(w);
        free(w);
    }
}

/* It is known what came of the SETs. */
static void
settle(struct switch_reconcile *r)
{
    if (r->unsettled) {
        r->save_due = true;
        r->status.saved = false;
        reconcile_save_put_off(r);
    }
    tables_free(&r->before);
    r->unsettled = false;
}

void
reconcile_remember(struct switch_reconcile *r)
{
    struct switch_memory m = {
        .created = r->created,
        .save_due = r->save_due || r->save_unknown || r->unsettled,
        .saved = r->status.saved && !r->unsettled,
        .locked = r->locked,
    };

    if (r->options.remember
        && !(r->has_kept && switch_memory_equal(&m, &r->kept))) {
        r->kept = m;
        r->has_kept = true;
        r->options.remember(r->options.aux, &m);
    }
}

/* No VLAN is there that was left behind. */
static void
forget_created(struct switch_reconcile *r)
{
    memset(&r->created, 0, sizeof r->created);
    r->active->created = r->created;
}

/* True while nothing is under way. */
static bool
is_resting(const struct switch_reconcile *r)
{
    return r->status.state == SWITCH_IDLE || r->status.state == SWITCH_FAILED
           || r->status.state == SWITCH_STUCK;
}

/* The n-th delay of those that double. */
static unsigned int
doubled(unsigned int first, unsigned int n, unsigned int max)
{
    while (n-- > 0 && first < max) {
        first = first > max / 2 ? max : 2 * first;
    }
    return MIN(first, max);
}

/* --- The end of a round ----------------------------------------------------*/

void
reconcile_rest(struct switch_reconcile *r)
{
    struct switch_status *s = &r->status;
    unsigned int delay = r->options.read_interval_ms;

    s->state = r->after;
    if (s->state == SWITCH_FAILED || r->save_error) {
        r->backoff = doubled(r->backoff ? r->backoff : r->options.retry_ms,
                             r->backoff != 0, r->options.retry_max_ms);
        if (reconcile_save_is_left(r)) {
            r->backoff = r->options.retry_ms;
        }
        delay = r->backoff;
    } else {
        r->backoff = 0;
    }
    r->due = delay ? r->now + delay : LLONG_MAX;
    reconcile_plan_beat(r);
    if (r->status.last_read) {
        reconcile_remember(r);
    }
    switch_plan_destroy(&r->plan);
    r->n_forward = r->n_back = r->n_readback = r->n_save_restarts = 0;
    r->save_disturbed = false;
}

static void
finish(struct switch_reconcile *r, enum switch_state state, char *error)
{
    struct switch_status *s = &r->status;

    if (error && (!s->error || strcmp(s->error, error))) {
        report(r->sink, REPORT_ERROR,
               state == SWITCH_STUCK ? "switch-stuck" : "switch-failed",
               "switch %s: %s", r->name, error);
    }
    set_string(&s->error, error);
    r->told_late = false;
    r->again = false;
    r->save_at = LLONG_MAX;
    s->will_save = false;
    set_string(&r->cause, NULL);
    if (state != SWITCH_IDLE) {
        s->in_sync = false;
    }
    r->after = state;
    if (r->locked && r->profile) {
        r->n_unlock = 0;
        reconcile_start_unlock(r);
    } else {
        reconcile_rest(r);
    }
}

void
reconcile_finish(struct switch_reconcile *r, enum switch_state state,
                 char *error)
{
    finish(r, state, error);
}

/* --- SETs, there and back --------------------------------------------------*/

/* The list that 'oid' is, as the device should have it by now: as the plan
 * has set it so far, or as it was read.  Octets are borrowed. */
static bool
expected_list(const struct switch_reconcile *r, const struct mib_oid *oid,
              struct portlist *list)
{
    static const struct mib_oid *const columns[] = {
        &mib_vlan_static_egress, &mib_vlan_static_untagged,
        &mib_vlan_static_forbidden,
    };

    for (size_t i = r->next_pdu; i-- > 0; ) {
        const struct switch_pdu *pdu = &r->plan.pdus[i];

        for (size_t j = pdu->n; j-- > 0; ) {
            const struct mib_varbind *vb = &pdu->sets[j].vb;

            if (!mib_oid_compare(&vb->oid, oid)) {
                *list = (struct portlist) { vb->value.octets,
                                            vb->value.n_octets };
                return true;
            }
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        const struct switch_vlan *v;

        if (oid->n == columns[i]->n + 1
            && mib_oid_has_prefix(oid, columns[i])) {
            v = switch_tables_row(r->tables, oid->ids[oid->n - 1]);
            if (v) {
                *list = !i ? v->egress : i == 1 ? v->untagged : v->forbidden;
            }
            return v != NULL;
        }
    }
    return false;
}

/* True if ports that are not ours may be in the list that 'vb' sets: in a VLAN
 * that was there and does not carry our mark. */
static bool
is_shared(const struct switch_reconcile *r, const struct mib_varbind *vb)
{
    const struct switch_vlan *v;
    struct portlist list;

    if (vb->value.type != MIB_OCTETS
        || mib_oid_has_prefix(&vb->oid, &mib_vlan_static_name)
        || !expected_list(r, &vb->oid, &list)) {
        return false;
    }
    v = switch_tables_row(r->tables, vb->oid.ids[vb->oid.n - 1]);
    return v && !vidset_contains(&r->created, v->vid)
           && (v->n_name < strlen(SWITCH_VLAN_PREFIX)
               || memcmp(v->name, SWITCH_VLAN_PREFIX,
                         strlen(SWITCH_VLAN_PREFIX)));
}

static void
send_pdu(struct switch_reconcile *r)
{
    const struct switch_pdu *pdu = &r->plan.pdus[r->next_pdu];
    struct mib_varbinds vbs = { .n = 0 };

    r->step = STEP_SET;
    r->unsettled = true;
    r->status.n_sets++;
    for (size_t i = 0; i < pdu->n; i++) {
        if (pdu->sets[i].action == SWITCH_CREATE_VLAN) {
            vidset_add(&r->created, pdu->sets[i].vid);
        }
    }
    r->active->created = r->created;
    reconcile_remember(r);
    switch_pdu_varbinds(pdu, &vbs);
    r->session->class->set(r->session, vbs.v, vbs.n);
    mib_varbinds_destroy(&vbs);
}

/* Sends the next PDU of the plan.  A list is SET as a whole: if others have
 * ports in it, it is looked at first, so that what they have changed since it
 * was read is not undone. */
static void
next_pdu(struct switch_reconcile *r)
{
    const struct switch_pdu *pdu = &r->plan.pdus[r->next_pdu];
    struct mib_oid *oids = xmalloc(pdu->n * sizeof *oids);
    size_t n = 0;

    for (size_t i = 0; i < pdu->n; i++) {
        if (is_shared(r, &pdu->sets[i].vb)) {
            oids[n++] = pdu->sets[i].vb.oid;
        }
    }
    if (n) {
        r->step = STEP_LOOK;
        r->session->class->get(r->session, oids, n);
    } else {
        send_pdu(r);
    }
    free(oids);
}

void
reconcile_start_set(struct switch_reconcile *r)
{
    r->status.state = SWITCH_SET;
    r->next_pdu = 0;
    r->late = false;
    next_pdu(r);
}

/* What comes after the last SET, whether it worked or not. */
static void
start_settle(struct switch_reconcile *r, unsigned int more_ms)
{
    r->after = r->status.state == SWITCH_ROLLBACK
               || r->status.state == SWITCH_READBACK_OLD
               ? SWITCH_READBACK_OLD : SWITCH_READBACK;
    r->status.state = SWITCH_SETTLE;
    r->due = r->now + r->profile->settle_ms + more_ms;
}

/* Notes what went wrong with the PDU that is out; the first thing stays. */
static void
note_cause(struct switch_reconcile *r, const struct switch_reply *reply)
{
    const struct switch_pdu *pdu = &r->plan.pdus[r->next_pdu];
    size_t at = reply->error_index;
    bool known = at >= 1 && at <= pdu->n;

    r->late = reply->status == SWITCH_REPLY_TIMEOUT
              || reply->status == SWITCH_REPLY_BROKEN;
    if (r->late) {
        /* It may be long until it is known what came of it. */
        r->told_late = true;
        set_string(&r->status.error,
                   xasprintf("%s: %s; it is being read",
                             pdu->sets[0].text, reply->error ? reply->error
                             : switch_reply_status_to_string(reply->status)));
    }
    if (!r->cause) {
        r->cause = xasprintf("%s%s: %s", pdu->sets[known ? at - 1 : 0].text,
                             pdu->n > 1 && !known ? ", and what goes with it"
                             : "", reply->error ? reply->error
                             : switch_reply_status_to_string(reply->status));
    }
}

/* True if the lists in 'reply' are as they should be. */
static bool
lists_as_expected(const struct switch_reconcile *r,
                  const struct switch_reply *reply)
{
    for (size_t i = 0; i < reply->varbinds.n; i++) {
        const struct mib_varbind *vb = &reply->varbinds.v[i];
        struct portlist now = { vb->value.octets, vb->value.n_octets };
        struct portlist list;

        if (vb->value.type != MIB_OCTETS
            || !expected_list(r, &vb->oid, &list)
            || !portlist_same_ports(&list, &now)) {
            return false;
        }
    }
    return true;
}

/* True if what was refused may be taken once the device has done with a save
 * that was not waited for.  RFC 3416: there is no error-status for it alone. */
static bool
is_busy_saving(const struct switch_reconcile *r,
               const struct switch_reply *reply)
{
    switch (reply->status == SWITCH_REPLY_REFUSED ? reply->error_status : 0) {
    case MIB_ERROR_GENERIC:
    case MIB_ERROR_INCONSISTENT_VALUE:
    case MIB_ERROR_RESOURCE_UNAVAILABLE:
    case MIB_ERROR_COMMIT_FAILED:
        return reconcile_save_is_left(r);
    default:
        return false;
    }
}

/* Waits for the save, reads what there is, then tries again. */
static void
await_save(struct switch_reconcile *r, const struct switch_reply *reply)
{
    r->after = r->status.state == SWITCH_ROLLBACK ? SWITCH_READBACK_OLD
                                                  : SWITCH_READBACK;
    r->n_back -= r->n_back > 1; /* It does not count as one. */
    r->told_late = true;
    set_string(&r->status.error,
               xasprintf("%s: %s; it is still saving, and will be asked again "
                         "when it has done",
                         r->plan.pdus[r->next_pdu].sets[0].text,
                         reply->error));
    reconcile_save_await(r);
}

static void
set_replied(struct switch_reconcile *r, const struct switch_reply *reply)
{
    if (is_busy_saving(r, reply)) {
        await_save(r, reply);
    } else if (reply->status != SWITCH_REPLY_OK) {
        note_cause(r, reply);
        start_settle(r, 0);
    } else if (r->step == STEP_LOOK) {
        if (lists_as_expected(r, reply)) {
            send_pdu(r);
        } else {
            /* As after a lost answer: read again, plan again. */
            r->late = true;
            if (!r->cause) {
                r->cause = xasprintf("%s: somebody else has changed it since "
                                     "it was read",
                                     r->plan.pdus[r->next_pdu].sets[0].text);
            }
            start_settle(r, 0);
        }
    } else if (++r->next_pdu < r->plan.n) {
        next_pdu(r);
    } else {
        start_settle(r, 0);
    }
}

/* --- Verdicts --------------------------------------------------------------*/

static void
succeed(struct switch_reconcile *r)
{
    struct switch_status *s = &r->status;

    if (r->unsettled) {
        report(r->sink, REPORT_INFO, "switch-configured",
               "switch %s: is as wanted, read back", r->name);
    }
    settle(r);
    forget_created(r);
    s->in_sync = !r->wanted_changed;
    if (r->told_late) {
        r->told_late = false;
        set_string(&s->error, NULL);
    }
    svec_clear(&s->differences);
    set_string(&r->cause, NULL);
    reconcile_start_save(r);
}

/* Adds all that differs: from what is wanted, and in the middle of a change
 * from what it was too. */
static void
name_differences(struct switch_reconcile *r)
{
    struct svec *differences = &r->status.differences;
    struct svec old = SVEC_EMPTY_INITIALIZER;
    const char *line;
    size_t i;

    switch_plan_verify(r->tables, r->active, differences);
    if (r->unsettled && r->before) {
        switch_plan_verify_restored(r->tables, r->before, r->active, &old);
    }
    SVEC_FOR_EACH (i, line, &old) {
        svec_add_nocopy(differences, xasprintf("not as before: %s", line));
    }
    svec_destroy(&old);
}

/* The device can be brought to neither state: says so. */
static void
give_up(struct switch_reconcile *r, char *why)
{
    svec_clear(&r->status.differences);
    name_differences(r);
    settle(r);
    set_string(&r->stuck,
               xasprintf("%s; it could not be brought back to what it was"
                         "%s%s, and nothing more is changed until something "
                         "else is wanted or an administrator asks for it",
                         r->cause ? r->cause : "the device acknowledged all "
                         "SETs, but what was read back is not what was SET",
                         why ? ": " : "", why ? why : ""));
    free(why);
    finish(r, SWITCH_STUCK, xstrdup(r->stuck));
}

/* It is as it was before. */
static void
rolled_back(struct switch_reconcile *r)
{
    svec_clear(&r->status.differences);
    switch_plan_verify(r->tables, r->active, &r->status.differences);
    settle(r);
    forget_created(r);
    finish(r, SWITCH_FAILED,
           xasprintf("%s; it is as it was before",
                     r->cause ? r->cause : "the device acknowledged all SETs, "
                     "but what was read back is not what was SET"));
}

static void
start_rollback(struct switch_reconcile *r)
{
    char *error;

    svec_clear(&r->status.differences);
    if (switch_plan_verify_restored(r->tables, r->before, r->active,
                                    &r->status.differences)) {
        rolled_back(r);
        return;
    }
    switch_plan_destroy(&r->plan);
    error = switch_plan_restore(r->tables, r->before, r->active, &r->plan);
    if (error || !r->plan.n || ++r->n_back > BACK_TRIES) {
        give_up(r, error);
        return;
    }
    for (size_t i = 0; r->n_back == 1 && i < r->plan.notes.n; i++) {
        report(r->sink, REPORT_WARNING, "switch-rollback", "switch %s: %s",
               r->name, r->plan.notes.names[i]);
    }
    r->status.n_rollbacks += r->n_back == 1;
    r->status.state = SWITCH_ROLLBACK;
    r->next_pdu = 0;
    next_pdu(r);
}

static bool
may_begin(const struct switch_reconcile *r)
{
    return !r->dry_run && !r->ending;
}

/* There is no plan, because of 'error'; taken over. */
static void
refused(struct switch_reconcile *r, char *error)
{
    bool middle = r->unsettled && r->before;
    bool here = r->n_forward;   /* Of the change of this round. */

    if (middle && (here || (may_begin(r) && !r->profile->lock.n))) {
        set_string(&r->cause, error);
        start_rollback(r);
        return;
    }
    name_differences(r);
    if (!svec_contains_unsorted(&r->status.differences, error)) {
        svec_add(&r->status.differences, error);
    }
    if (middle) {
        char *whole = xasprintf("%s; a change was interrupted before, and what "
                                "differs is neither as it was nor as wanted",
                                error);

        free(error);
        error = whole;
    }
    finish(r, SWITCH_FAILED, error);
}

/* Plans for 'active', from the tables as read last. */
static void
start_plan(struct switch_reconcile *r)
{
    struct switch_status *s = &r->status;
    char *error;

    switch_plan_destroy(&r->plan);
    error = switch_plan_make(r->tables, r->active, &r->plan);
    svec_clear(&s->differences);
    if (error) {
        refused(r, error);
        return;
    }
    svec_append(&s->differences, &r->plan.lines);
    svec_clear(&s->planned);
    svec_append(&s->planned, &r->plan.lines);
    s->in_sync = s->in_sync && !r->plan.n;
    if (!r->plan.n) {
        if (r->plan.lines.n) {
            finish(r, SWITCH_FAILED, xstrdup("there is no way to make it as "
                                             "wanted over SNMP"));
        } else {
            succeed(r);
        }
    } else if (!may_begin(r) && !(r->unsettled && r->n_forward)) {
        finish(r, SWITCH_IDLE, NULL);
    } else if (r->stuck) {
        finish(r, SWITCH_STUCK, xstrdup(r->stuck));
    } else {
        if (!r->unsettled) {
            tables_free(&r->before);
            r->before = xmalloc(sizeof *r->before);
            switch_tables_clone(r->before, r->tables);
        }
        reconcile_start_lock(r);
    }
}

static void
note_drift(struct switch_reconcile *r)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;

    if (!switch_plan_verify(r->tables, r->active, &lines)) {
        char *text = svec_join(&lines, "; ", "");

        r->status.n_drift++;
        report(r->sink, REPORT_WARNING, "drift",
               "switch %s: was changed by somebody else: %s", r->name, text);
        free(text);
        r->status.in_sync = false;
        r->save_due = true;
    }
    svec_destroy(&lines);
}

static void
read_replied(struct switch_reconcile *r, const struct switch_reply *reply)
{
    bool new_wanted = r->wanted_changed;

    if (reply->status != SWITCH_REPLY_OK) {
        reconcile_finish_unread(r, reply);
        return;
    }
    if (!reconcile_take_tables(r, reply) && !r->options.profile) {
        r->profile = NULL;      /* Another device: another kind? */
        tables_free(&r->tables);
        settle(r);
        reconcile_start_identify(r);
        return;
    }
    r->wanted_changed = false;
    if (new_wanted) {
        wanted_free(r->active);
        r->active = r->wanted ? switch_wanted_clone(r->wanted) : NULL;
        settle(r);
        if (r->active) {
            r->active->created = r->created;
        }
    }
    if (!r->active) {
        r->status.in_sync = false;
        svec_clear(&r->status.differences);
        svec_clear(&r->status.planned);
        finish(r, SWITCH_IDLE, NULL);
        return;
    }
    if (r->status.in_sync && !new_wanted) {
        note_drift(r);
    }
    start_plan(r);
}

/* READBACK or READBACK_OLD. */
static void
readback_replied(struct switch_reconcile *r, const struct switch_reply *reply)
{
    bool old = r->status.state == SWITCH_READBACK_OLD;
    struct svec lines = SVEC_EMPTY_INITIALIZER;

    if (reply->status != SWITCH_REPLY_OK) {
        if (++r->n_readback < READBACK_TRIES) {
            start_settle(r, doubled(READBACK_RETRY_MS, r->n_readback, 16000));
        } else {
            char *text = svec_join(&r->plan.lines, "; ", "");
            struct switch_reply unread = *reply;

            unread.error = xasprintf("%s (may be done or not: %s)",
                                     reply->error ? reply->error : "no answer",
                                     text);
            reconcile_finish_unread(r, &unread);
            free(unread.error);
            free(text);
        }
        return;
    }
    if (!reconcile_take_tables(r, reply)) {
        settle(r);
        r->profile = NULL;
        finish(r, SWITCH_FAILED, xstrdup("another device answers at its "
                                         "address since it was changed"));
    } else if (switch_plan_verify(r->tables, r->active, &lines)) {
        succeed(r);
    } else if (r->again && !old) {
        r->again = false;
        r->n_forward++;
        start_plan(r);
    } else if (r->restarted && ++r->n_forward < FORWARD_TRIES) {
        /* Of what was SET it may know nothing more, nor of what it was before;
         * and nothing speaks against trying again. */
        settle(r);
        set_string(&r->cause, NULL);
        start_plan(r);
    } else if (old) {
        start_rollback(r);
    } else if (r->late && ++r->n_forward < FORWARD_TRIES) {
        start_plan(r);
    } else if (!r->cause && ++r->n_readback < READBACK_TRIES / 2) {
        /* It may need longer than its kind is known to. */
        start_settle(r, doubled(READBACK_RETRY_MS, r->n_readback, 16000));
    } else {
        start_rollback(r);
    }
    svec_destroy(&lines);
}

/* --- The machine -----------------------------------------------------------*/

static void
replied(struct switch_reconcile *r, const struct switch_reply *reply)
{
    r->status.n_pdus += reply->n_pdus;
    if (r->beating) {
        reconcile_beat_replied(r, reply);
        return;
    }
    r->status.n_changes++;
    r->status.reachable = reply->status != SWITCH_REPLY_TIMEOUT
                          && reply->status != SWITCH_REPLY_NOT_SENT;
    switch (r->status.state) {
    case SWITCH_IDENTIFY:
        reconcile_identify_replied(r, reply);
        break;
    case SWITCH_READ:
        read_replied(r, reply);
        break;
    case SWITCH_LOCK:
        reconcile_lock_replied(r, reply);
        break;
    case SWITCH_SET:
    case SWITCH_ROLLBACK:
        set_replied(r, reply);
        break;
    case SWITCH_READBACK:
    case SWITCH_READBACK_OLD:
        readback_replied(r, reply);
        break;
    case SWITCH_SAVE:
        reconcile_save_replied(r, reply);
        break;
    case SWITCH_UNLOCK:
        reconcile_unlock_replied(r, reply);
        break;
    case SWITCH_IDLE:
    case SWITCH_SETTLE:
    case SWITCH_FAILED:
    case SWITCH_STUCK:
        OVS_NOT_REACHED();
    }
}

/* When a switch at rest is read again. */
static long long int
next_round(const struct switch_reconcile *r)
{
    long long int due = MIN(r->due, r->save_at);

    return r->kick ? r->now
           : r->trigger ? MIN(due, r->round + TRIGGER_MS)
           : due;
}

/* True if what is to be read at rest should not wait for an answer to a
 * heartbeat, which may take long. */
static bool
overtakes_beat(const struct switch_reconcile *r)
{
    return r->beating && (r->kick || r->trigger);
}

/* Goes on without a request being out.  False if there is nothing to do. */
static bool
proceed(struct switch_reconcile *r)
{
    if (is_resting(r)) {
        if (r->now < next_round(r)) {
            bool beat = r->now >= reconcile_next_beat(r);

            if (beat) {
                reconcile_start_beat(r);
            }
            return beat;
        }
        r->status.n_changes++;
        r->kick = r->trigger = false;
        r->due = LLONG_MAX;
        r->round = r->now;
        reconcile_start_identify(r);
        return r->session->busy;
    } else if (r->now < r->due) {
        return false;
    }
    r->status.n_changes++;
    if (r->status.state == SWITCH_SETTLE) {
        reconcile_start_read(r, r->after);
        return true;
    } else if (r->status.state == SWITCH_SAVE && r->step == STEP_PAUSE) {
        reconcile_save_poll(r);
        return true;
    }
    return false;
}

struct switch_reconcile *
switch_reconcile_create(const char *name, struct switch_session *session,
                        const struct switch_profiles *profiles,
                        const struct switch_reconcile_options *options,
                        const struct report_sink *sink)
{
    struct switch_reconcile *r = xzalloc(sizeof *r);

    r->name = xstrdup(name);
    r->session = session;
    r->profiles = profiles;
    r->sink = sink;
    r->options = *options;
    r->profile_name = nullable_xstrdup(options->profile);
    r->options.profile = r->profile_name;
    r->options.memory = NULL;   /* It is copied. */
    r->save_unknown = !options->memory;
    if (options->memory) {
        r->kept = *options->memory;
        r->has_kept = true;
        r->created = r->kept.created;
        r->save_due = r->kept.save_due;
        r->status.saved = r->kept.saved;
        r->locked = r->kept.locked;
    }
    r->kick = true;
    r->due = r->doubt_at = r->beat = LLONG_MAX;
    r->save_by = r->save_at = LLONG_MAX;
    r->save_before.type = MIB_NULL;
    svec_init(&r->status.differences);
    svec_init(&r->status.planned);
    return r;
}

void
switch_reconcile_destroy(struct switch_reconcile *r)
{
    if (r) {
        r->session->class->destroy(r->session);
        wanted_free(r->wanted);
        wanted_free(r->active);
        tables_free(&r->tables);
        tables_free(&r->before);
        switch_plan_destroy(&r->plan);
        mib_value_clear(&r->save_before);
        svec_destroy(&r->status.differences);
        svec_destroy(&r->status.planned);
        free(r->status.error);
        free(r->status.note);
        free(r->save_error);
        free(r->stuck);
        free(r->cause);
        free(r->descr);
        free(r->profile_name);
        free(r->name);
        free(r);
    }
}

void
switch_reconcile_set_wanted(struct switch_reconcile *r,
                            const struct switch_wanted *wanted)
{
    if (wanted && r->wanted ? switch_wanted_equal(wanted, r->wanted)
        : !wanted == !r->wanted) {
        return;
    }
    wanted_free(r->wanted);
    r->wanted = wanted ? switch_wanted_clone(wanted) : NULL;
    r->wanted_changed = r->kick = true;
    r->status.n_changes++;
    r->status.in_sync = false;
    r->backoff = 0;
    set_string(&r->stuck, NULL);
    if (r->save_error && !r->save_doubt) {
        /* It says that all is as wanted. */
        if (nullable_string_is_equal(r->status.error, r->save_error)) {
            set_string(&r->status.error, NULL);
        }
        set_string(&r->save_error, NULL);
    }
}

void
switch_reconcile_set_dry_run(struct switch_reconcile *r, bool dry_run)
{
    r->kick = r->kick || r->dry_run != dry_run;
    r->dry_run = dry_run;
}

void
switch_reconcile_set_save(struct switch_reconcile *r, bool save)
{
    r->kick = r->kick || (save && !r->options.save);
    r->options.save = save;
}

void
switch_reconcile_set_ending(struct switch_reconcile *r, bool ending)
{
    r->kick = r->kick || r->ending != ending;
    r->ending = ending;
}

bool
switch_reconcile_is_changing(const struct switch_reconcile *r)
{
    switch (r->status.state) {
    case SWITCH_IDLE:
    case SWITCH_IDENTIFY:
    case SWITCH_READ:
    case SWITCH_FAILED:
    case SWITCH_STUCK:
        return r->save_at != LLONG_MAX;
    case SWITCH_LOCK:
    case SWITCH_SET:
    case SWITCH_SETTLE:
    case SWITCH_READBACK:
    case SWITCH_ROLLBACK:
    case SWITCH_READBACK_OLD:
    case SWITCH_SAVE:
    case SWITCH_UNLOCK:
        return true;
    }
    OVS_NOT_REACHED();
}

void
switch_reconcile_trigger(struct switch_reconcile *r, const char *why)
{
    if (!strcmp(why, SWITCH_ASKED)) {
        r->kick = true;
        r->backoff = 0;
        set_string(&r->stuck, NULL);
    } else {
        r->trigger = true;
    }
}

void
switch_reconcile_save(struct switch_reconcile *r)
{
    r->kick = r->save_due = r->save_asked = true;
    r->backoff = 0;
}

void
switch_reconcile_run(struct switch_reconcile *r, long long int now)
{
    r->now = now;
    r->session->class->run(r->session, now);
    for (;;) {
        if (reconcile_save_must_yield(r)) {
            reconcile_save_yield(r);
        } else if (r->session->busy) {
            struct switch_reply *reply = r->session->class->reply(r->session);

            if (reply) {
                replied(r, reply);
                switch_reply_destroy(reply);
            } else if (overtakes_beat(r) && now >= next_round(r)) {
                reconcile_cancel_beat(r);
            } else if (!r->trigger || !reconcile_save_disturb(r)) {
                if (now >= r->doubt_at) {
                    reconcile_save_doubt(r);
                }
                break;
            }
        } else if (!proceed(r)) {
            break;
        }
    }
}

void
switch_reconcile_wait(struct switch_reconcile *r, long long int now)
{
    long long int due = !is_resting(r) ? r->due
                        : r->session->busy ? next_round(r)
                        : MIN(next_round(r), reconcile_next_beat(r));

    r->session->class->wait(r->session);
    if (reconcile_save_must_yield(r)) {
        poll_immediate_wake();
    }
    if (r->session->busy && r->doubt_at != LLONG_MAX) {
        poll_timer_wait_until(MAX(r->doubt_at, now));
    }
    if ((!r->session->busy || overtakes_beat(r)) && due != LLONG_MAX) {
        poll_timer_wait_until(MAX(due, now));
    }
}

const struct switch_status *
switch_reconcile_status(const struct switch_reconcile *r)
{
    return &r->status;
}

const struct switch_tables *
switch_reconcile_tables(const struct switch_reconcile *r)
{
    return r->tables;
}
