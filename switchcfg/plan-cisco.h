/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans for devices whose VLANs are set by CISCO-VLAN-MEMBERSHIP-MIB and
 * CISCO-VTP-MIB instead of Q-BRIDGE (enum switch_model, SWITCH_CISCO).  Part
 * of switchcfg/plan.h, whose functions call these. */

#ifndef SWITCHCFG_PLAN_CISCO_H
#define SWITCHCFG_PLAN_CISCO_H 1

#include "switchcfg/plan.h"

char *switch_cisco_plan(const struct switch_tables *,
                        const struct switch_wanted *, struct switch_plan *)
    OVS_WARN_UNUSED_RESULT;
char *switch_cisco_restore(const struct switch_tables *now,
                           const struct switch_tables *before,
                           const struct switch_wanted *, struct switch_plan *)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchcfg/plan-cisco.h */
