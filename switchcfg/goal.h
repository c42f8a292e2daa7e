/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tables of a switch should be in the end, worked out from what is
 * wanted, or from how it was before: part of switchcfg/plan.h, which makes the
 * way there.
 *
 * Pure.  A goal borrows the tables and 'wanted' that it is made from. */

#ifndef SWITCHCFG_GOAL_H
#define SWITCHCFG_GOAL_H 1

#include "svec.h"
#include "switchcfg/tables.h"
#include "switchcfg/wanted.h"

/* A port whose settings are ours. */
struct goal_port {
    const struct switch_port *now;
    const struct switch_wanted_port *wanted;
    char *label;                /* "port 3 (Gi1/0/3)". */
    uint32_t pvid;              /* As they should be; 'frames' and the rest */
    int frames, filtering, gvrp; /* 0: nothing to be set. */
};

/* A port that is not ours, and gets ingress filtering, or loses it again. */
struct goal_other {
    const struct switch_port *now;
    char *label;
    int filtering;
};

/* A VLAN with a static row, now or in the end. */
struct goal_vlan {
    const struct switch_vlan *now; /* NULL: no static row yet. */
    uint32_t row;
    unsigned int vid;           /* 0: not known. */
    bool exists;                /* In the end. */
    bool activate;              /* Row is there, but not active. */
    bool inactive;              /* On the way back: is not to be active. */
    struct portlist egress, untagged, forbidden; /* In the end. */
    char *name;                 /* To be given; NULL: stays. */
    char *label;                /* "VLAN 110 (tvd-red)". */
};

struct switch_goal {
    const struct switch_tables *tables;
    struct goal_port *ports;    /* By number. */
    size_t n_ports;
    struct goal_vlan *vlans;    /* By row. */
    size_t n_vlans;
    bool filter_others;         /* See switch_wanted. */
    struct goal_other *others;  /* By number. */
    size_t n_others;
    struct svec notes;
};

/* Sets '*goal' from what is wanted.  Returns NULL, or why it cannot be had;
 * '*goal' is to be cleared in either case. */
char *switch_goal_from_wanted(const struct switch_tables *,
                              const struct switch_wanted *,
                              struct switch_goal *goal)
    OVS_WARN_UNUSED_RESULT;
/* Likewise: as it was before, see switch_plan_restore(). */
char *switch_goal_from_before(const struct switch_tables *now,
                              const struct switch_tables *before,
                              const struct switch_wanted *,
                              struct switch_goal *goal)
    OVS_WARN_UNUSED_RESULT;
void switch_goal_clear(struct switch_goal *);

/* NULL if the port is not ours. */
struct goal_port *goal_port_find(const struct switch_goal *, uint32_t number);
/* True if the name of a VLAN carries our mark. */
bool goal_is_marked(const struct switch_vlan *);
/* True if a row is there, but not in service. */
bool goal_is_inactive(const struct switch_vlan *);

/* A line for each port and VLAN that is not as it should be. */
void switch_goal_differences(const struct switch_goal *, struct svec *lines);

/* The lists of a VLAN now; empty ones if there are none. */
const struct portlist *goal_vlan_egress(const struct goal_vlan *);
const struct portlist *goal_vlan_untagged(const struct goal_vlan *);
const struct portlist *goal_vlan_forbidden(const struct goal_vlan *);

#endif /* switchcfg/goal.h */
