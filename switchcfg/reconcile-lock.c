/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps SWITCH_LOCK and SWITCH_UNLOCK, see switchcfg/reconcile-private.h. */

#include <config.h>
#include "switchcfg/reconcile-private.h"

#include "lib/report.h"
#include "switchcfg/profile.h"
#include "switchcfg/session.h"
#include "util.h"

#define UNLOCK_TRIES 3

static void
set_lock(struct switch_reconcile *r, int64_t value)
{
    struct mib_varbinds vbs = { .n = 0 };

    mib_varbinds_add_number(&vbs, &r->profile->lock, MIB_INTEGER, value);
    r->session->class->set(r->session, vbs.v, vbs.n);
    mib_varbinds_destroy(&vbs);
}

void
reconcile_start_unlock(struct switch_reconcile *r)
{
    if (!r->profile->lock.n) {
        r->locked = false;      /* Of another device. */
        reconcile_rest(r);
        return;
    }
    r->status.state = SWITCH_UNLOCK;
    set_lock(r, r->profile->lock_free);
}

void
reconcile_unlock_replied(struct switch_reconcile *r,
                         const struct switch_reply *reply)
{
    if (reply->status == SWITCH_REPLY_OK) {
        r->locked = false;
    } else if (++r->n_unlock < UNLOCK_TRIES) {
        reconcile_start_unlock(r);
        return;
    } else {
        /* It stays ours, so that the next round takes it for that. */
        report(r->sink, REPORT_WARNING, "switch-lock",
               "switch %s: its lock could not be released: %s", r->name,
               reply->error ? reply->error : "");
    }
    reconcile_rest(r);
}

void
reconcile_start_lock(struct switch_reconcile *r)
{
    if (!r->profile->lock.n || (r->locked && r->n_forward)) {
        reconcile_start_set(r);
        return;
    }
    r->status.state = SWITCH_LOCK;
    r->step = STEP_LOOK;
    r->session->class->get(r->session, &r->profile->lock, 1);
}

void
reconcile_lock_replied(struct switch_reconcile *r,
                       const struct switch_reply *reply)
{
    const struct mib_value *v = reply->varbinds.n
                                ? &reply->varbinds.v[0].value : NULL;

    if (r->step == STEP_SET) {
        /* Without an answer it may be ours: finish() gives it back. */
        r->locked = reply->status != SWITCH_REPLY_REFUSED
                    && reply->status != SWITCH_REPLY_NOT_SENT;
        if (reply->status == SWITCH_REPLY_OK) {
            reconcile_start_set(r);
            return;
        }
    } else if (reply->status == SWITCH_REPLY_OK) {
        if (v && mib_type_is_number(v->type)
            && (mib_value_integer(v) == r->profile->lock_free || r->locked)) {
            r->step = STEP_SET;
            r->locked = true;
            reconcile_remember(r);
            set_lock(r, r->profile->lock_held);
            return;
        }
        reconcile_finish(r, SWITCH_FAILED,
                         xstrdup("somebody else holds the device's lock; "
                                 "nothing was changed"));
        return;
    }
    reconcile_finish(r, SWITCH_FAILED,
                     xasprintf("the device's lock cannot be taken: %s; "
                               "nothing was changed",
                               reply->error ? reply->error : "no answer"));
}
