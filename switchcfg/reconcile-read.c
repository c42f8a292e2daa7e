/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps SWITCH_IDENTIFY and SWITCH_READ, and what else reads the tables, see
 * switchcfg/reconcile-private.h. */

#include <config.h>
#include "switchcfg/reconcile-private.h"

#include <stdlib.h>
#include "lib/report.h"
#include "switchcfg/profile.h"
#include "switchcfg/session.h"
#include "util.h"

/* The clocks of devices. */
#define RESTART_SLACK_MS 1000

void
reconcile_finish_unread(struct switch_reconcile *r, const struct switch_reply *reply)
{
    r->profile = NULL;          /* It may be another device by then. */
    reconcile_finish(r, SWITCH_FAILED,
           xasprintf("cannot be read: %s%s%s", reply->error ? reply->error
                     : switch_reply_status_to_string(reply->status),
                     reconcile_save_is_left(r) ? "; it may still be saving"
                     : "",
                     r->unsettled ? "; what came of the change that was under "
                     "way is not known" : ""));
}

void
reconcile_start_read(struct switch_reconcile *r, enum switch_state state)
{
    const struct mib_oid *subtrees;
    size_t n;

    r->status.state = state;
    r->asked = r->now;
    subtrees = switch_profile_subtrees(r->profile, &n);
    r->session->class->walk(r->session, subtrees, n);
}

void
reconcile_start_identify(struct switch_reconcile *r)
{
    const struct mib_oid oids[] = { mib_sys_object_id, mib_sys_descr };

    if (r->options.profile) {
        r->profile = switch_profiles_get(r->profiles, r->options.profile);
        if (!r->profile) {
            reconcile_finish(r, SWITCH_FAILED,
                   xasprintf("there is no profile called \"%s\"",
                             r->options.profile));
            return;
        }
    }
    if (r->profile) {
        reconcile_start_read(r, SWITCH_READ);
    } else {
        r->status.state = SWITCH_IDENTIFY;
        r->session->class->get(r->session, oids, ARRAY_SIZE(oids));
    }
}

void
reconcile_identify_replied(struct switch_reconcile *r, const struct switch_reply *reply)
{
    const struct mib_oid *object_id = NULL;
    char *descr = NULL;

    if (reply->status != SWITCH_REPLY_OK) {
        reconcile_finish_unread(r, reply);
        return;
    }
    for (size_t i = 0; i < reply->varbinds.n; i++) {
        const struct mib_value *v = &reply->varbinds.v[i].value;

        if (v->type == MIB_OBJECT_ID) {
            object_id = v->oid;
        } else if (v->type == MIB_OCTETS && v->n_octets) {
            set_string(&descr, xmemdup0((const char *) v->octets,
                                        v->n_octets));
        }
    }
    r->profile = switch_profiles_match(r->profiles, object_id, descr);
    free(descr);
    reconcile_start_read(r, SWITCH_READ);
}

bool
reconcile_has_restarted(const struct switch_reconcile *r,
                        const uint32_t *up_time, long long int asked)
{
    long long int elapsed, grown;

    if (!r->tables) {
        return false;
    } else if (r->session->n_restarts != r->n_restarts) {
        return true;
    } else if (!up_time || !r->tables->has_up_time
               || *up_time <= r->tables->up_time) {
        return up_time && r->tables->has_up_time
               && *up_time < r->tables->up_time;
    }
    /* It may have been running for longer than it was then and yet not since:
     * if that has grown by less than the time in between, but for what clocks
     * may differ. */
    elapsed = asked - r->status.last_read;
    grown = 10LL * (*up_time - r->tables->up_time);
    return grown + RESTART_SLACK_MS + elapsed / 50 < elapsed;
}

/* Another one may be taken for it, even if both happen to work. */
static void
note_twin(struct switch_reconcile *r)
{
    char *note = r->session->class->twin
                 ? r->session->class->twin(r->session) : NULL;

    if (note && !nullable_string_is_equal(note, r->status.note)) {
        report(r->sink, REPORT_WARNING, "switch-twin", "switch %s: %s",
               r->name, note);
    }
    set_string(&r->status.note, note);
}

bool
reconcile_take_tables(struct switch_reconcile *r, const struct switch_reply *reply)
{
    struct switch_tables *t = xmalloc(sizeof *t);
    bool same;

    switch_tables_init(t, r->profile);
    if (r->session->overhead) {
        t->overhead = r->session->overhead;
    }
    for (size_t i = 0; i < reply->varbinds.n; i++) {
        switch_tables_add(t, &reply->varbinds.v[i]);
    }
    switch_tables_finish(t);
    same = !r->tables || !mib_oid_compare(&r->tables->object_id,
                                          &t->object_id);
    r->restarted = reconcile_has_restarted(r, t->has_up_time ? &t->up_time
                                           : NULL, r->asked);
    r->n_restarts = r->session->n_restarts;
    if (r->restarted || !same) {
        r->save_left = false;
    }
    if (r->restarted) {
        report(r->sink, REPORT_WARNING, "switch-restarted",
               "switch %s: has been restarted", r->name);
    }
    tables_free(&r->tables);
    r->tables = t;
    set_string(&r->descr, t->descr ? xstrdup(t->descr) : NULL);
    r->status.descr = r->descr;
    r->status.profile = r->profile->name;
    note_twin(r);
    r->status.n_reads++;
    r->status.last_read = r->now;
    return same;
}
