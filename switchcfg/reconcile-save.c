/* SPDX-License-Identifier: Apache-2.0
 *
 * The step SWITCH_SAVE, see switchcfg/reconcile-private.h. */

#include <config.h>
#include "switchcfg/reconcile-private.h"

#include <limits.h>
#include <stdlib.h>
#include "lib/report.h"
#include "random.h"
#include "switchcfg/profile.h"
#include "switchcfg/session.h"
#include "util.h"

#define SAVE_POLL_MS 250
/* A device that does not answer for so long may be away. */
#define DOUBT_MS 2000
/* A device is asked to save once nothing was changed for so long, so that a
 * series of moves costs one save, */
#define QUIET_MS 3000
/* but not later than so long after the first one. */
#define MAX_QUIET_MS 60000
/* Between two tries of what is refused while it saves, if it has nothing to
 * tell whether it still does. */
#define BLIND_MS 2000
/* Restarts of a device while it saves, in a round. */
#define MAX_RESTARTS 3

static void
end_save(struct switch_reconcile *r)
{
    reconcile_finish(r, r->save_doubt ? SWITCH_FAILED : SWITCH_IDLE,
                     nullable_xstrdup(r->save_error));
}

/* There is no answer: that the device is as wanted was read before. */
void
reconcile_save_doubt(struct switch_reconcile *r)
{
    r->doubt_at = LLONG_MAX;
    r->save_doubt = true;
    r->status.in_sync = false;
    r->status.n_changes++;
}

static void
trust(struct switch_reconcile *r)
{
    r->doubt_at = LLONG_MAX;
    if (r->save_doubt) {
        r->save_doubt = false;
        /* Otherwise it is read before that is said. */
        r->status.in_sync = !r->wanted_changed && !r->save_awaited;
    }
}

/* What the device says of how long it has been running: what was read before
 * may be true no more. */
static bool
has_restarted(struct switch_reconcile *r, const struct switch_reply *reply)
{
    const struct mib_value *v = reply->varbinds.n > 1
                                ? &reply->varbinds.v[1].value : NULL;
    bool told = v && mib_type_is_number(v->type);
    uint32_t up_time = told ? v->number : 0;

    if (reply->status != SWITCH_REPLY_OK) {
        return false;
    } else if (reconcile_has_restarted(r, told ? &up_time : NULL, r->asked)) {
        return true;
    } else if (told && r->tables->has_up_time) {
        trust(r);
    }
    return false;
}

/* Looks what is left of it, and saves again after that. */
static void
restarted(struct switch_reconcile *r)
{
    r->status.in_sync = r->save_doubt = false;
    r->save_left = r->save_awaited = r->again = false;
    r->save_asked |= r->save_told;
    if (++r->n_save_restarts <= MAX_RESTARTS) {
        reconcile_start_read(r, SWITCH_READ);
    } else {
        reconcile_finish(r, SWITCH_FAILED,
                         xstrdup("it is restarted whenever it is asked to "
                                 "save"));
    }
}

bool
reconcile_save_disturb(struct switch_reconcile *r)
{
    if (r->status.state != SWITCH_SAVE || r->step != STEP_SET
        || r->save_disturbed) {
        return false;
    }
    /* Once a round, or those who send traps could keep it from being saved. */
    r->save_disturbed = true;
    r->trigger = false;
    r->doubt_at = LLONG_MAX;
    r->session->class->cancel(r->session);
    reconcile_start_read(r, SWITCH_READ);
    return true;
}

/* Goes on with what the end of a save that was left was waited for. */
static void
resume(struct switch_reconcile *r)
{
    bool middle = r->again;

    r->save_awaited = r->save_doubt = false;
    r->save_asked |= r->save_told;
    reconcile_start_read(r, middle ? r->after : SWITCH_READ);
}

/* Sends what cleans up on the device.  False if there is nothing to send. */
static bool
start_cleanup(struct switch_reconcile *r)
{
    struct mib_varbinds vbs = { .n = 0 };
    bool any;

    switch_profile_cleanup(r->profile, r->save_row, &vbs);
    any = vbs.n > 0;
    if (any) {
        r->step = STEP_CLEANUP;
        r->session->class->set(r->session, vbs.v, vbs.n);
    }
    mib_varbinds_destroy(&vbs);
    return any;
}

/* Cleans up on the device, then ends.  'error' is taken over; NULL: saved. */
static void
saved(struct switch_reconcile *r, char *error)
{
    if (r->save_awaited) {
        /* What that one has saved is older than what is there now. */
        free(error);
        r->save_left = false;
        if (!start_cleanup(r)) {
            resume(r);
        }
        return;
    }
    r->status.saved = r->save_due && !error;
    r->save_due = error != NULL;
    if (!error) {
        r->save_by = LLONG_MAX;
    }
    set_string(&r->save_error, !error && !r->save_doubt ? NULL
               : xasprintf(r->save_doubt
                           ? "has not answered since it was asked to save, and "
                             "may not be as wanted any more: %s"
                           : "is as wanted, but that is not saved: %s",
                           error ? error : "no answer"));
    free(error);
    if (!start_cleanup(r)) {
        end_save(r);
    }
}

/* What the object that tells says now. */
static void
get_save_poll(struct switch_reconcile *r, enum step step)
{
    struct mib_oid oids[2];

    switch_profile_save_poll(r->profile, r->save_row, &oids[0]);
    oids[1] = mib_sys_up_time;
    r->step = step;
    r->asked = r->now;
    r->session->class->get(r->session, oids, ARRAY_SIZE(oids));
}

void
reconcile_save_poll(struct switch_reconcile *r)
{
    struct mib_oid poll;

    if (switch_profile_save_poll(r->profile, r->save_row, &poll)) {
        get_save_poll(r, STEP_POLL);
    } else {
        resume(r);
    }
}

static void
poll_save_later(struct switch_reconcile *r)
{
    if (r->now >= r->save_until) {
        saved(r, xasprintf("the device did not say so within %u ms",
                           r->profile->save_timeout_ms));
    } else {
        r->step = STEP_PAUSE;
        r->due = r->now + SAVE_POLL_MS;
    }
}

static void
next_save_set(struct switch_reconcile *r)
{
    struct mib_varbinds *pdus;
    struct mib_oid poll;
    size_t n;

    switch_profile_save_pdus(r->profile, r->save_row, &pdus, &n);
    if (r->save_next < n) {
        r->step = STEP_SET;
        r->doubt_at = r->now + DOUBT_MS;
        r->session->class->set(r->session, pdus[r->save_next].v,
                               pdus[r->save_next].n);
    } else if (switch_profile_save_poll(r->profile, r->save_row, &poll)) {
        get_save_poll(r, STEP_POLL);
    } else {
        /* Asked again it would say no more. */
        report(r->sink, REPORT_INFO, "switch-save", "switch %s: was asked to "
               "save, but has nothing to tell whether it did", r->name);
        r->save_due = false;
        saved(r, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        mib_varbinds_destroy(&pdus[i]);
    }
    free(pdus);
}

static void
start_save_set(struct switch_reconcile *r)
{
    struct mib_oid poll;

    r->status.state = SWITCH_SAVE;
    r->save_doubt = false;
    if (r->save_left) {
        /* Asked meanwhile, it could take the end of one for that of both. */
        r->save_awaited = true;
        if (reconcile_save_is_left(r)
            && switch_profile_save_poll(r->profile, r->save_row, &poll)) {
            get_save_poll(r, STEP_POLL);
        } else {
            saved(r, NULL);
        }
        return;
    }
    r->save_row = 1 + random_range(65535);
    r->save_next = 0;
    r->save_until = r->now + r->profile->save_timeout_ms;
    mib_value_clear(&r->save_before);
    if (switch_profile_save_poll(r->profile, r->save_row, &poll)) {
        get_save_poll(r, STEP_LOOK);
    } else {
        next_save_set(r);
    }
}

/* --- Later, and not yet ---------------------------------------------------*/

void
reconcile_save_put_off(struct switch_reconcile *r)
{
    r->save_by = MIN(r->save_by, r->now + MAX_QUIET_MS);
    r->save_from = MIN(r->now + QUIET_MS, r->save_by);
}

bool
reconcile_save_must_yield(const struct switch_reconcile *r)
{
    return r->status.state == SWITCH_SAVE && r->wanted_changed && r->wanted;
}

void
reconcile_save_yield(struct switch_reconcile *r)
{
    if (r->session->busy) {
        r->session->class->cancel(r->session);
    }
    r->save_left = r->save_left || (!r->save_awaited && r->step != STEP_LOOK
                                    && r->step != STEP_CLEANUP);
    r->save_asked |= r->save_told;
    r->save_awaited = r->again = r->save_doubt = r->save_disturbed = false;
    r->doubt_at = LLONG_MAX;
    r->n_forward = r->n_back = r->n_readback = r->n_save_restarts = 0;
    r->kick = r->trigger = false;
    r->round = r->now;
    r->status.n_changes++;
    set_string(&r->cause, NULL);
    reconcile_start_read(r, SWITCH_READ);
}

bool
reconcile_save_is_left(const struct switch_reconcile *r)
{
    return r->save_left && r->now < r->save_until;
}

void
reconcile_save_await(struct switch_reconcile *r)
{
    struct mib_oid poll;

    r->status.state = SWITCH_SAVE;
    r->save_told = false;
    r->save_awaited = r->again = true;
    if (switch_profile_save_poll(r->profile, r->save_row, &poll)) {
        get_save_poll(r, STEP_POLL);
    } else {
        r->step = STEP_PAUSE;
        r->due = MIN(r->now + BLIND_MS, r->save_until);
    }
}

void
reconcile_start_save(struct switch_reconcile *r)
{
    bool asked = r->save_asked;

    set_string(&r->save_error, NULL);
    r->save_asked = false;
    r->save_told = asked;
    if ((!r->options.save && !asked) || r->dry_run) {
        reconcile_finish(r, SWITCH_IDLE, NULL);
        return;
    }
    switch (r->profile->save) {
    case SWITCH_SAVE_UNKNOWN:
        if (r->save_due) {
            report(r->sink, REPORT_INFO, "switch-save", "switch %s: it is not "
                   "known how this kind of device (%s) saves; save it by hand",
                   r->name, r->profile->title);
        }
        r->save_due = r->save_unknown = false;
        reconcile_finish(r, SWITCH_IDLE, NULL);
        break;
    case SWITCH_SAVE_IMPLICIT:
        r->save_due = r->save_unknown = false;
        r->status.saved = true;
        reconcile_finish(r, SWITCH_IDLE, NULL);
        break;
    case SWITCH_SAVE_SET:
        if (r->save_due && !asked && !r->ending && r->now < r->save_from) {
            reconcile_finish(r, SWITCH_IDLE, NULL);
            r->save_at = r->save_from;
            r->status.will_save = true;
        } else if (r->save_due || r->save_unknown) {
            r->save_due = true;
            r->save_unknown = false;
            start_save_set(r);
        } else {
            reconcile_finish(r, SWITCH_IDLE, NULL);
        }
        break;
    }
}

/* The answer to a GET of the object that tells. */
static void
save_polled(struct switch_reconcile *r, const struct switch_reply *reply)
{
    const struct mib_value *v = reply->varbinds.n
                                ? &reply->varbinds.v[0].value : NULL;
    bool good = reply->status == SWITCH_REPLY_OK && v;

    if (has_restarted(r, reply)) {
        restarted(r);
        return;
    } else if (!good) {
        reconcile_save_doubt(r);
    }
    if (r->step == STEP_LOOK) {
        if (!good) {
            saved(r, xstrdup(reply->error ? reply->error : "no answer"));
        } else if (r->profile->poll_in_row && !mib_type_is_exception(v->type)
                   && r->now < r->save_until) {
            r->save_row = 1 + random_range(65535); /* Somebody else's. */
            get_save_poll(r, STEP_LOOK);
        } else {
            mib_value_clone(&r->save_before, v);
            next_save_set(r);
        }
        return;
    }
    switch (good ? switch_profile_saved(r->profile, &r->save_before, v)
            : SWITCH_STILL_SAVING) {
    case SWITCH_SAVED:
        saved(r, NULL);
        break;
    case SWITCH_NOT_SAVED:
        saved(r, xstrdup("the device says that it failed"));
        break;
    case SWITCH_STILL_SAVING:
        poll_save_later(r);
        break;
    }
}

void
reconcile_save_replied(struct switch_reconcile *r,
                       const struct switch_reply *reply)
{
    struct mib_oid poll;

    r->doubt_at = LLONG_MAX;
    if (r->step == STEP_SET && reply->status == SWITCH_REPLY_OK) {
        trust(r);
    }
    if (r->step == STEP_CLEANUP) {
        if (r->save_awaited) {
            resume(r);
        } else {
            end_save(r);
        }
    } else if (r->step != STEP_SET) {
        save_polled(r, reply);
    } else if (reply->status == SWITCH_REPLY_OK
               || (reply->status == SWITCH_REPLY_TIMEOUT
                   && switch_profile_save_poll(r->profile, r->save_row,
                                               &poll))) {
        /* Devices are known not to answer while they write their flash. */
        if (reply->status != SWITCH_REPLY_OK) {
            reconcile_save_doubt(r);
        }
        r->save_next++;
        next_save_set(r);
    } else {
        if (reply->status == SWITCH_REPLY_TIMEOUT) {
            reconcile_save_doubt(r);
        }
        saved(r, xstrdup(reply->error ? reply->error
                         : switch_reply_status_to_string(reply->status)));
    }
}
