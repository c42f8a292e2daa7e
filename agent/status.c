/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/status.h"

#include <stdlib.h>
#include "agent/bindings.h"
#include "agent/events.h"
#include "flow.h"
#include "lib/model.h"
#include "lib/tvd-idl.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/poll-loop.h"
#include "ovs-tvd/counters.h"
#include "ovs-tvd/ofctl.h"
#include "ovs-tvd/pipeline.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

/* Events written in one transaction. */
#define EVENTS_PER_TXN 100

/* --- Agent --- */

static const struct tvdrec_agent *
find_agent(const struct status *st, struct ovsdb_idl *idl)
{
    const struct tvdrec_agent *row;

    TVDREC_AGENT_FOR_EACH (row, idl) {
        if (!strcmp(row->host, st->host)) {
            return row;
        }
    }
    return NULL;
}

static const struct model_rule *
find_rule_of(const struct model_tvd *tvd, uint32_t id)
{
    struct shash_node *role_node, *rule_node;

    SHASH_FOR_EACH (role_node, &tvd->roles) {
        const struct model_role *role = role_node->data;

        SHASH_FOR_EACH (rule_node, &role->rules) {
            const struct model_rule *rule = rule_node->data;

            if (rule->id == id) {
                return rule;
            }
        }
    }
    return NULL;
}

static const struct model_rule *
find_rule(const struct model *m, uint32_t id)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_rule *rule = find_rule_of(node->data, id);

        if (rule) {
            return rule;
        }
    }
    return NULL;
}

/* What a counter of drops is called in the database, or NULL if it is no such
 * counter: a reason of the pipeline, or "TVD/role -> TVD" for what an entry of
 * the matrix forbids.  Caller frees. */
static char *
drop_name(const struct model *m, const struct counter *c)
{
    enum pipeline_cookie_kind kind;
    uint64_t id;

    if (!c->packets || !pipeline_cookie_parse(c->cookie, &kind, &id)) {
        return NULL;
    }
    if (kind == PIPELINE_COOKIE_DROP) {
        return nullable_xstrdup(pipeline_drop_to_string(id));
    } else if (kind == PIPELINE_COOKIE_RULE_DROP) {
        const struct model_rule *rule = find_rule(m, id);

        return rule ? xasprintf("%s/%s -> %s", rule->from->tvd->name,
                                rule->from->name, rule->to->name) : NULL;
    }
    return NULL;
}

static void
write_drops(const struct tvdrec_agent *row, const struct status_input *in)
{
    size_t max = hmap_count(in->counters) + 1;
    char **keys = xmalloc(max * sizeof *keys);
    int64_t *values = xmalloc(max * sizeof *values);
    const struct counter *c;
    size_t n = 0;

    HMAP_FOR_EACH (c, node, in->counters) {
        char *name = drop_name(in->model, c);

        if (name) {
            keys[n] = name;
            values[n++] = c->packets;
        }
    }
    tvdrec_agent_set_drops(row, (const char **) keys, values, n);
    for (size_t i = 0; i < n; i++) {
        free(keys[i]);
    }
    free(keys);
    free(values);
}

static void
write_rule_hits(const struct tvdrec_agent *row, const struct hmap *counters)
{
    const struct counter *c;
    size_t max = hmap_count(counters) + 1;
    int64_t *keys = xmalloc(max * sizeof *keys);
    int64_t *values = xmalloc(max * sizeof *values);
    size_t n = 0;

    HMAP_FOR_EACH (c, node, counters) {
        enum pipeline_cookie_kind kind;
        uint64_t id;

        if (pipeline_cookie_parse(c->cookie, &kind, &id)
            && kind == PIPELINE_COOKIE_RULE && c->packets) {
            keys[n] = id;
            values[n++] = c->packets;
        }
    }
    tvdrec_agent_set_rule_hits(row, keys, values, n);
    free(keys);
    free(values);
}

static void
write_agent(struct status *st, struct ovsdb_idl *idl,
            struct ovsdb_idl_txn *txn, const struct status_input *in,
            long long int now)
{
    const struct tvdrec_agent *row = find_agent(st, idl);
    int64_t seq = row && !in->seq ? row->seq : in->seq;
    bool news = (!row || row->seq != seq || strcmp(row->error, in->error)
                 || strcmp(row->version, TVD_VERSION));

    if (!row) {
        row = tvdrec_agent_insert(txn);
        tvdrec_agent_set_host(row, st->host);
    }
    if (news) {
        tvdrec_agent_set_version(row, TVD_VERSION);
        tvdrec_agent_set_seq(row, seq);
        tvdrec_agent_set_error(row, in->error);
    }
    if (in->counters_generation != st->counters_written) {
        write_drops(row, in);
        write_rule_hits(row, in->counters);
        st->counters_written = in->counters_generation;
        news = true;
    }
    if (news || st->hurry || now >= st->next_heartbeat) {
        int64_t beat = time_wall_msec();

        /* The same again would not be written. */
        tvdrec_agent_set_heartbeat(row, beat + (beat == row->heartbeat));
        st->next_heartbeat = now + STATUS_HEARTBEAT;
    }
}

/* --- Binding --- */

static bool
is_installed(const struct binding *b, const struct status_input *in)
{
    return b->admitted && b->goal && in->installed >= b->goal;
}

static int64_t
ofport_value(const struct binding *b)
{
    return b->ofport == OFPP_NONE ? -1 : ofp_to_u16(b->ofport);
}

/* A NIC whose flows may still be there is not let go of. */
static void
write_leaving(const struct tvdrec_binding *row)
{
    if (row->admitted) {
        tvdrec_binding_set_admitted(row, false);
    }
    if (!row->installed) {
        tvdrec_binding_set_installed(row, true);
    }
}

static void
write_binding(const struct tvdrec_binding *row, const struct binding *b,
              bool installed)
{
    const char *reason = b->reason ? b->reason : "";

    if (strcmp(row->nic, b->nic)) {
        tvdrec_binding_set_nic(row, b->nic);
    }
    if (row->admitted != b->holds) {
        tvdrec_binding_set_admitted(row, b->holds);
    }
    if (row->installed != installed) {
        tvdrec_binding_set_installed(row, installed);
    }
    if (row->arrived != b->arrived) {
        tvdrec_binding_set_arrived(row, b->arrived);
    }
    if (row->ofport != ofport_value(b)) {
        tvdrec_binding_set_ofport(row, ofport_value(b));
    }
    if (strcmp(row->reason, reason)) {
        tvdrec_binding_set_reason(row, reason);
    }
}

static void
insert_binding(const struct status *st, struct ovsdb_idl_txn *txn,
               const struct binding *b, bool installed)
{
    const struct tvdrec_binding *row = tvdrec_binding_insert(txn);

    tvdrec_binding_set_host(row, st->host);
    tvdrec_binding_set_interface(row, b->iface);
    tvdrec_binding_set_nic(row, b->nic);
    tvdrec_binding_set_admitted(row, b->holds);
    tvdrec_binding_set_installed(row, installed);
    tvdrec_binding_set_arrived(row, b->arrived);
    tvdrec_binding_set_ofport(row, ofport_value(b));
    tvdrec_binding_set_reason(row, b->reason ? b->reason : "");
}

/* True if this host has let go of the NIC of 'b', claims it again, and seems to
 * hold it still.  (What the policy refuses is no claim: a new row would look
 * like one.) */
static bool
was_let_go(const struct binding *b, const struct bindings *bindings)
{
    return b->waits && sset_contains(&bindings->let_go, b->nic);
}

/* True if the NIC of 'row' was let go of and is claimed anew, before the
 * database could be told the one or the other (there was none for a while).
 * The controller gives it anew only to a claim that is a new one: else this
 * host would wait for that, and the controller for this host.  With 'renew',
 * whatever it has been told. */
static bool
is_claimed_anew(const struct tvdrec_binding *row, const struct binding *b,
                const struct bindings *bindings, bool renew)
{
    return ((renew || row->admitted || row->installed)
            && was_let_go(b, bindings));
}

/* True if it is time to claim anew what was let go of.  What the controller
 * does about a claim, to show that nobody holds the NIC and then to give it,
 * can reach us at the same moment, and then looks as if nothing had happened;
 * of a claim that comes later it waits between the two. */
static bool
renews_claims(struct status *st, const struct bindings *bindings,
              long long int now)
{
    const struct shash_node *node;
    bool any = false;

    if (!sset_is_empty(&bindings->let_go)) {
        SHASH_FOR_EACH (node, &bindings->by_iface) {
            any |= was_let_go(node->data, bindings);
        }
    }
    if (any && st->renew_at && now < st->renew_at) {
        return false;
    }

    bool renews = any && st->renew_at;

    st->renew_at = any ? now + STATUS_RENEW : 0;
    return renews;
}

static void
write_bindings(struct status *st, struct ovsdb_idl *idl,
               struct ovsdb_idl_txn *txn, const struct status_input *in,
               bool renew)
{
    const struct tvdrec_binding *row;
    struct sset seen = SSET_INITIALIZER(&seen);
    const struct shash_node *node;

    TVDREC_BINDING_FOR_EACH_SAFE (row, idl) {
        const struct leaving *leaving;
        const struct binding *b;

        if (strcmp(row->host, st->host)) {
            continue;
        }
        b = shash_find_data(&in->bindings->by_iface, row->interface);
        leaving = shash_find_data(&in->bindings->leaving, row->interface);
        if (leaving && !strcmp(leaving->nic, row->nic)
            && !(b && !strcmp(b->nic, row->nic))) {
            sset_add(&seen, row->interface);
            write_leaving(row);
        } else if (b && !is_claimed_anew(row, b, in->bindings, renew)
                   && sset_add(&seen, row->interface)) {
            /* Just started: what the last run said is still so. */
            bool kept = !in->installed && row->installed && b->admitted;

            write_binding(row, b, kept || leaving || is_installed(b, in));
        } else {
            tvdrec_binding_delete(row);
        }
    }
    SHASH_FOR_EACH (node, &in->bindings->by_iface) {
        if (!sset_contains(&seen, node->name)) {
            insert_binding(st, txn, node->data, is_installed(node->data, in));
        }
    }
    sset_destroy(&seen);
}

/* --- Event --- */

static void
write_events(struct status *st, struct ovsdb_idl_txn *txn,
             const struct events *events)
{
    const struct event *event = events_first(events);

    for (st->n_events = 0; event && st->n_events < EVENTS_PER_TXN;
         st->n_events++) {
        const struct tvdrec_event *row = tvdrec_event_insert(txn);

        tvdrec_event_set_time(row, event->when);
        tvdrec_event_set_host(row, st->host);
        tvdrec_event_set_severity(
            row, report_severity_to_string(event->severity));
        tvdrec_event_set_kind(row, event->kind);
        tvdrec_event_set_message(row, event->message);
        event = events_next(events, event);
    }
}

void
status_write(struct status *st, struct ovsdb_idl *idl,
             struct ovsdb_idl_txn *txn, const struct status_input *in,
             long long int now)
{
    unsigned int seqno = ovsdb_idl_get_seqno(idl);
    bool renew = renews_claims(st, in->bindings, now);

    write_agent(st, idl, txn, in, now);
    if (renew || in->bindings->generation != st->bindings_written
        || in->installed != st->installed_written || seqno != st->seqno) {
        write_bindings(st, idl, txn, in, renew);
        st->bindings_pending = in->bindings->generation;
        st->installed_pending = in->installed;
        st->seqno = seqno;
    }
    write_events(st, txn, in->events);
    st->asked = now;
}

void
status_committed(struct status *st, struct events *events, bool success)
{
    if (success) {
        st->hurry -= st->hurry > 0;
        events_drop(events, st->n_events);
        st->bindings_written = st->bindings_pending;
        st->installed_written = st->installed_pending;
    } else {
        st->counters_written = 0;
        st->next_heartbeat = 0;
    }
    st->n_events = 0;
    st->asked = 0;
}

void
status_show_read(struct status *st)
{
    /* The one that may be under way was begun before. */
    st->hurry = STATUS_SHOW_READ + (st->asked != 0);
}

void
status_wait(const struct status *st)
{
    if (st->renew_at) {
        poll_timer_wait_until(MAX(st->renew_at, st->retry_at));
    }
    if (st->hurry && !st->asked) {
        poll_timer_wait_until(st->retry_at);
    }
    poll_timer_wait_until(MAX(st->next_heartbeat, st->retry_at));
}
