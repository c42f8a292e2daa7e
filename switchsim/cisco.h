/* SPDX-License-Identifier: Apache-2.0
 *
 * What a switch with Cisco's objects does, for tvd-switchsim: SETs of the ports
 * (CISCO-VLAN-MEMBERSHIP-MIB, vlanTrunkPortTable) and of the buffer in which
 * VLANs are edited (vtpVlanEditTable), and what they mean to frames.
 *
 * Pure.  All it keeps is among the objects of the switch, so that a SET that is
 * undone leaves nothing. */

#ifndef SWITCHSIM_CISCO_H
#define SWITCHSIM_CISCO_H 1

#include <stdbool.h>
#include <stddef.h>
#include "switchcfg/mib.h"

struct forwarding;
struct model_switch;
struct switch_tables;

/* Does one varbind of a SET, if it is one of these objects: returns true and
 * sets '*error' to the error-status. */
bool sim_cisco_set(struct model_switch *, const struct mib_varbind *,
                   int *error);

/* True while there is something in the buffer; gives it up. */
bool sim_cisco_is_editing(const struct model_switch *);
void sim_cisco_release(struct model_switch *);

/* What the objects mean; 'tables' are read from them.  '*f' is to be
 * destroyed. */
void sim_cisco_forwarding(const struct model_switch *,
                          const struct switch_tables *, struct forwarding *f);

/* The tables that hold what is configured, '*n' of them. */
const struct mib_oid *sim_cisco_configurable(size_t *n);

#endif /* switchsim/cisco.h */
