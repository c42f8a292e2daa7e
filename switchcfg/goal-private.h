/* SPDX-License-Identifier: Apache-2.0
 *
 * What goals make of ports that are not ours.  Part of switchcfg/goal.h. */

#ifndef SWITCHCFG_GOAL_PRIVATE_H
#define SWITCHCFG_GOAL_PRIVATE_H 1

#include "switchcfg/goal.h"

/* A port that is not ours whose untagged frames get into VLAN 'vid' though it
 * is no member of it: its PVID is that, and nothing filters them.  NULL: there
 * is none. */
const struct switch_port *goal_stranger_sends_to(const struct switch_goal *,
                                                 unsigned int vid);
/* Sees to it that ports that are not ours stay out of the VLANs of 'wanted',
 * but for those that are adopted, or notes that they do not.  Returns NULL, or
 * which port cannot be kept out. */
char *goal_keep_strangers_out(struct switch_goal *,
                              const struct switch_wanted *)
    OVS_WARN_UNUSED_RESULT;
/* Ports that are not ours and let in frames of VLANs that they are not in are
 * filtered, if that is wanted and they can be; */
void goal_filter_others(struct switch_goal *);
/* those that were not 'before' are not any more; */
void goal_restore_others(struct switch_goal *,
                         const struct switch_tables *before);
/* those that stay so are for the administrator to change. */
void goal_note_unfiltered(struct switch_goal *);

#endif /* switchcfg/goal-private.h */
