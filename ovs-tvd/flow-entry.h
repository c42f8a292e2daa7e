/* SPDX-License-Identifier: Apache-2.0
 *
 * One flow as flowtab.c keeps it: immutable, shared by reference, and in a
 * form in which flows that mean the same are the same.  For flowtab.c only;
 * others make flows with flow_list_add() and see them as struct flow_change.
 */

#ifndef OVS_TVD_FLOW_ENTRY_H
#define OVS_TVD_FLOW_ENTRY_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/list.h"
#include "openvswitch/match.h"

struct ds;
struct ofpact;

/* A flow, immutable and shared: by the owner that wants it, the installed
 * side and changes under way. */
struct flow_entry {
    struct ovs_list list_node;  /* In a flow_list, only while being made. */
    unsigned int n_refs;
    uint32_t hash;              /* Of table, priority and match. */
    uint8_t table;
    uint16_t priority;
    bool odd;                   /* Timeouts, flags or importance; only on the
                                 * installed side. */
    uint64_t cookie;
    struct minimatch match;
    struct ofpact *ofpacts;     /* Canonical form. */
    size_t ofpacts_len;
};

/* Puts 'match' into canonical form; the caller destroys 'minimatch'. */
void flow_entry_canonical_match(struct minimatch *minimatch,
                                const struct match *match);
/* Puts actions into canonical form, in place. */
void flow_entry_canonicalize_actions(struct ofpact *, size_t len);

/* The hash of a place; 'match' must be canonical. */
uint32_t flow_entry_place_hash(uint8_t table, uint16_t priority,
                               const struct minimatch *match);

/* A new flow with one reference.  Takes over 'match' and copies the actions;
 * both must be canonical. */
struct flow_entry *flow_entry_create(uint8_t table, uint16_t priority,
                                     uint64_t cookie, struct minimatch *match,
                                     const struct ofpact *, size_t len);
struct flow_entry *flow_entry_ref(struct flow_entry *);
void flow_entry_unref(struct flow_entry *); /* May be NULL. */

/* The same but for their place, which is known to be the same. */
bool flow_entry_equal(const struct flow_entry *, const struct flow_entry *);
/* Appends the flow in ovs-ofctl's syntax. */
void flow_entry_format(const struct flow_entry *, struct ds *);

#endif /* ovs-tvd/flow-entry.h */
