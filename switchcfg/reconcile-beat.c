/* SPDX-License-Identifier: Apache-2.0
 *
 * Heartbeats of a switch at rest, see switchcfg/reconcile-private.h: it is
 * asked for its sysUpTime, so that a restart is noticed soon, after which it
 * may be otherwise, and so is that it has gone. */

#include <config.h>
#include "switchcfg/reconcile-private.h"

#include <limits.h>
#include "switchcfg/session.h"
#include "util.h"

void
reconcile_plan_beat(struct switch_reconcile *r)
{
    long long int next = r->now + r->options.beat_ms;

    /* Always at the same time within the interval, so that those of many
     * switches stay apart from each other. */
    r->beat = r->options.beat_ms
              ? next - (next - r->options.beat_phase_ms) % r->options.beat_ms
              : LLONG_MAX;
}

/* One that could not be read is asked often enough, and needs more than a
 * heartbeat. */
long long int
reconcile_next_beat(const struct switch_reconcile *r)
{
    bool rests = r->status.state == SWITCH_IDLE
                 || r->status.state == SWITCH_FAILED;

    return rests && r->profile && r->tables ? r->beat : LLONG_MAX;
}

void
reconcile_start_beat(struct switch_reconcile *r)
{
    r->beating = true;
    r->beat_asked = r->now;
    r->session->class->get(r->session, &mib_sys_up_time, 1);
}

void
reconcile_cancel_beat(struct switch_reconcile *r)
{
    r->beating = false;
    r->session->class->cancel(r->session);
    reconcile_plan_beat(r);
}

void
reconcile_beat_replied(struct switch_reconcile *r,
                       const struct switch_reply *reply)
{
    const struct mib_value *v = reply->varbinds.n
                                ? &reply->varbinds.v[0].value : NULL;
    bool told = v && mib_type_is_number(v->type);
    uint32_t up_time = told ? v->number : 0;

    r->beating = false;
    reconcile_plan_beat(r);
    if (!r->status.reachable) {
        r->status.n_changes++;
        r->status.reachable = true;
    }
    switch (reply->status) {
    case SWITCH_REPLY_OK:
        r->kick = r->kick
                  || reconcile_has_restarted(r, told ? &up_time : NULL,
                                             r->beat_asked);
        break;
    case SWITCH_REPLY_REFUSED:
        /* It is there, and has nothing to tell. */
        break;
    case SWITCH_REPLY_BROKEN:
        r->kick = true;         /* Reading shows what is the matter. */
        break;
    case SWITCH_REPLY_TIMEOUT:
    case SWITCH_REPLY_NOT_SENT:
        r->status.n_changes++;
        r->status.reachable = false;
        reconcile_finish_unread(r, reply);
        break;
    }
}
