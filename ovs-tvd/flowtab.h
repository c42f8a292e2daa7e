/* SPDX-License-Identifier: Apache-2.0
 *
 * A bridge's OpenFlow flows as data: those that are wanted, those that the
 * switch is known to hold, and the difference.
 *
 * This module does not decide which flows are wanted (see pipeline.h) and
 * speaks to no switch (see ofctl.h).  It knows, for every (table, priority,
 * match), the flow that should be there and the one that is, and keeps a list
 * of the places where they differ; so making a plan costs as much as the
 * plan is long, whatever the size of the tables.
 *
 * Wanted flows belong to an owner, a number chosen by the caller, and are
 * replaced owner by owner.  When two owners want the same (table, priority,
 * match), the owner with the lower number has its way until it gives the
 * place up, and nothing flaps.
 *
 * The installed side is told by the adapter: a whole read-back
 * (flowtab_dump_begin, _add, _end), single events (flowtab_update), and the
 * success of what we asked for ourselves (flowtab_commit).
 *
 * Flows are compared by meaning: the same actions read back in another
 * encoding ("load" instead of "set_field") are no difference.  Any other
 * timeout, flag or importance than none is a difference, since we never ask
 * for one.
 *
 * Not thread-safe. */

#ifndef OVS_TVD_FLOWTAB_H
#define OVS_TVD_FLOWTAB_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/list.h"
#include "openvswitch/match.h"

struct ds;
struct ofpact;
struct ofpbuf;
struct ofputil_flow_mod;
struct ofputil_flow_stats;
struct ofputil_flow_update;

/* Flows that are being made for one owner. */
struct flow_list {
    struct ovs_list flows;
    size_t n;
};

void flow_list_init(struct flow_list *);
/* Frees what is still in the list; it stays initialized and empty. */
void flow_list_clear(struct flow_list *);
/* Adds a flow.  'match' is copied and normalized; the actions in 'ofpacts'
 * are copied in canonical form, and 'ofpacts' is emptied for the next flow.
 * No actions means drop. */
void flow_list_add(struct flow_list *, uint8_t table, uint16_t priority,
                   uint64_t cookie, const struct match *match,
                   struct ofpbuf *ofpacts);

struct flowtab;

struct flowtab *flowtab_create(void);
void flowtab_destroy(struct flowtab *);

/* Wanted side.
 *
 * Makes 'flows' all that 'owner' wants, and empties 'flows'.  An empty list
 * removes the owner.  Costs as much as the owner's old and new flows. */
void flowtab_replace(struct flowtab *, uint64_t owner,
                     struct flow_list *flows);

/* Installed side.
 *
 * A read-back of all tables: _begin(), _add() for every flow of the reply,
 * _end(), after which exactly what was added counts as installed.  Begin it
 * when the request is sent with no bundle under way, and do not commit
 * before its end.  _begin() again restarts, _cancel() abandons it: what was
 * added stays known, nothing else is forgotten.
 *
 * _reset() forgets everything that is installed: the switch is new or was
 * restarted. */
void flowtab_reset(struct flowtab *);
void flowtab_dump_begin(struct flowtab *);
void flowtab_dump_add(struct flowtab *, const struct ofputil_flow_stats *);
void flowtab_dump_end(struct flowtab *);
void flowtab_dump_cancel(struct flowtab *);

/* An event of a flow monitor about a change that others made.
 * Abbreviated events (OFPFME_ABBREV: our own) are ignored.  An event about a
 * flow of which the actions are missing must not be passed. */
void flowtab_update(struct flowtab *, const struct ofputil_flow_update *);

/* Drift: how often, since the last call, dump or update found a place that
 * was as wanted to be different.  The first findings are appended to 'text'
 * (may be NULL), one a line.  What is found before the first commit or plan
 * without changes is no drift but the state we start from. */
size_t flowtab_take_drift(struct flowtab *, struct ds *text);

/* The difference.
 *
 * A change carries everything it needs; changes of one plan concern different
 * places, so their order does not matter inside an atomic bundle. */
enum flow_change_type {
    FLOW_ADD,                   /* Nothing is there. */
    FLOW_MODIFY,                /* Something else is there. */
    FLOW_DELETE,                /* Something is there that is not wanted. */
};
const char *flow_change_type_to_string(enum flow_change_type);

struct flow_entry;

struct flow_change {
    struct ovs_list list_node;
    enum flow_change_type type;
    struct flow_entry *flow;    /* Reference owned; for FLOW_DELETE the place
                                 * alone counts. */
};

bool flowtab_is_clean(const struct flowtab *);
/* Number of places that differ, of flows wanted, of flows installed. */
size_t flowtab_n_dirty(const struct flowtab *);
size_t flowtab_n_wanted(const struct flowtab *);
size_t flowtab_n_installed(const struct flowtab *);

/* Initializes 'changes' and fills it with the changes that make the installed
 * flows what is wanted; returns their number.  Nothing is marked: until
 * flowtab_commit() the places stay different, and a second plan holds them
 * again. */
size_t flowtab_plan(struct flowtab *, struct ovs_list *changes);
/* The switch has accepted all of 'changes': they count as installed.  Wanted
 * flows may have been replaced since the plan.  Frees the list's contents. */
void flowtab_commit(struct flowtab *, struct ovs_list *changes);
/* Frees the contents of 'changes', without effect on any flow table. */
void flow_changes_destroy(struct ovs_list *changes);

/* Fills 'fm' for OpenFlow 1.3 or later.  An add replaces whatever is in its
 * place and keeps the counters.  'fm' borrows the actions from the change and
 * owns its match: minimatch_destroy(&fm->match) after encoding. */
void flow_change_to_flow_mod(const struct flow_change *,
                             struct ofputil_flow_mod *fm);
/* Appends "add table=..., ..., actions=..." in ovs-ofctl's syntax. */
void flow_change_format(const struct flow_change *, struct ds *);

/* Appends all wanted flows, one a line, in ovs-ofctl's syntax, ordered by
 * table, priority (highest first) and match: "ovs-ofctl add-flows" accepts
 * it. */
void flowtab_format_wanted(const struct flowtab *, struct ds *);

/* Calls 'cb' for each flow that is wanted and has its way, in no order. */
typedef void flowtab_wanted_cb(uint8_t table, uint16_t priority,
                               uint64_t cookie, const struct minimatch *,
                               const struct ofpact *, size_t ofpacts_len,
                               void *aux);
void flowtab_for_each_wanted(const struct flowtab *, flowtab_wanted_cb *,
                             void *aux);

#endif /* ovs-tvd/flowtab.h */
