/* SPDX-License-Identifier: Apache-2.0
 *
 * What to SET on a switch, in which order: as data.
 *
 * Pure: tables as read and what is wanted go in, an ordered list of PDUs
 * comes out, or the reason why there is none.  It sends nothing.
 *
 * After each PDU, and for a device that is not atomic after each varbind:
 *
 *   - a port is in no VLAN that neither the tables nor what is wanted allow;
 *   - two ports are together in a VLAN only if they are so in the tables or
 *     as wanted;
 *   - ports and VLANs that are not ours are as they were, also in lists that
 *     ours are in, but for ingress filtering of such ports if that is wanted.
 *     (A VLAN that carries our mark is ours as a whole: a port
 *     that is in it and should not be is taken out.)
 *
 * So: ingress filtering on; acceptable frames where they become fewer; leave
 * (untagged bits, then egress bits); PVIDs of ports that stay in the VLAN of
 * the old one and take untagged frames; create and join (the other way round);
 * the other PVIDs; acceptable frames where they become more; VLANs of ours
 * that nobody is in any more are deleted last.  GVRP goes off in whatever request has room,
 * if nothing that stays is there by it; else after joining. */

#ifndef SWITCHCFG_PLAN_H
#define SWITCHCFG_PLAN_H 1

#include "openvswitch/compiler.h"
#include "svec.h"
#include "switchcfg/mib.h"

struct ds;
struct switch_port;
struct switch_profile;
struct switch_tables;
struct switch_wanted;
struct switch_wanted_port;
struct vidset;

enum switch_action {
    SWITCH_FILTER_INGRESS,
    SWITCH_RESTRICT_FRAMES,     /* Acceptable frames: tagged only. */
    SWITCH_LEAVE_UNTAGGED,
    SWITCH_LEAVE_EGRESS,
    SWITCH_CHANGE_FORBIDDEN,    /* Bits of the forbidden list. */
    SWITCH_CREATE_VLAN,
    SWITCH_NAME_VLAN,
    SWITCH_JOIN_EGRESS,
    SWITCH_JOIN_UNTAGGED,
    SWITCH_DEACTIVATE_VLAN,     /* Only on the way back: RowStatus
                                 * notInService, as it was. */
    SWITCH_ACTIVATE_VLAN,       /* RowStatus active, SWITCH_CREATE_WAIT. */
    SWITCH_SET_PVID,
    SWITCH_ADMIT_FRAMES,        /* Acceptable frames: all. */
    SWITCH_DISABLE_GVRP,
    SWITCH_SET_MODE,            /* Cisco: access or trunk. */
    SWITCH_SET_TRUNK_VLANS,     /* Cisco. */
    SWITCH_DELETE_VLAN,
    SWITCH_UNPROTECT,           /* Only on the way back: ingress filtering
                                 * off, GVRP on again. */
};
const char *switch_action_to_string(enum switch_action);

/* One varbind of a SET. */
struct switch_set {
    enum switch_action action;
    struct mib_varbind vb;
    uint32_t port;              /* Of the bridge, or 0. */
    unsigned int vid;           /* or 0. */
    char *text;                 /* "VLAN 110: ports 3,4 join untagged". */
};

/* One SET request.  Its varbinds are in the order in which they are to be
 * done, for devices that do one after the other. */
struct switch_pdu {
    struct switch_set *sets;
    size_t n;
    size_t allocated;
    size_t size;                /* Octets of the varbinds. */
};

struct switch_plan {
    struct switch_pdu *pdus;
    size_t n;
    size_t allocated;
    struct svec lines;          /* What changes, for people: a line for each
                                 * port ("port 3 (Gi1/0/3): untagged in VLAN
                                 * 1, which is not wanted") and VLAN. */
    struct svec notes;          /* What the administrator should know. */
};
/* Zeroed is empty. */
void switch_plan_destroy(struct switch_plan *);         /* Then as empty. */
/* The PDUs themselves, one varbind a line: the same as would be sent. */
void switch_plan_format(const struct switch_plan *, struct ds *);
/* The varbinds of one PDU, to be sent; caller destroys. */
void switch_pdu_varbinds(const struct switch_pdu *, struct mib_varbinds *);
size_t switch_plan_n_varbinds(const struct switch_plan *);

/* Puts into 'plan', which is empty, what makes the device as 'wanted' says;
 * no PDUs if it is so already.  Returns NULL, or why there is no plan
 * ("port ..."; "VLAN ..."), with 'plan' empty; caller frees.
 *
 * It refuses: kinds of devices that cannot be written; names of ports that
 * are none or several; two names of one port; ports without PVID or row; VIDs
 * of ours that are in use by others and not adopted; new VLANs that others'
 * untagged frames would get into; ports that are not ours and join VLANs of
 * ours by GVRP, if they cannot be forbidden to; devices whose ports
 * would let in frames of VLANs that they are not in; tables that were read
 * with errors. */
char *switch_plan_make(const struct switch_tables *,
                       const struct switch_wanted *, struct switch_plan *plan)
    OVS_WARN_UNUSED_RESULT;

/* The way back: what makes 'now' as 'before' was, in what a plan for 'wanted'
 * can have changed.  Like switch_plan_make() in all else.  A PVID that is no
 * VID, which some devices show and none takes, is not given back: a note says
 * to which VLAN that the port is not in its untagged frames go instead. */
char *switch_plan_restore(const struct switch_tables *now,
                          const struct switch_tables *before,
                          const struct switch_wanted *wanted,
                          struct switch_plan *plan)
    OVS_WARN_UNUSED_RESULT;

/* Why there is no plan for this device, whatever is wanted of it, 'for_ports':
 * if any port of it is ours; NULL: there can be one. */
char *switch_check_device(const struct switch_tables *, bool for_ports)
    OVS_WARN_UNUSED_RESULT;
/* What this port lacks to be one of ours; NULL: nothing. */
char *switch_check_port(const struct switch_tables *,
                        const struct switch_port *) OVS_WARN_UNUSED_RESULT;

/* Compares a device with what is wanted and adds a line to 'differences' for
 * each port and VLAN that differs: "port 3 (Gi1/0/3): untagged in VLAN 1,
 * which is not wanted".  Also tells what the plan would refuse.  True if
 * nothing differs. */
bool switch_plan_verify(const struct switch_tables *,
                        const struct switch_wanted *, struct svec *differences);

/* Likewise against 'before': what of that which plans for 'wanted' can change
 * is not as it was. */
bool switch_plan_verify_restored(const struct switch_tables *now,
                                 const struct switch_tables *before,
                                 const struct switch_wanted *wanted,
                                 struct svec *differences);

/* The VLANs that a port is in, by what is set there. */
void switch_port_memberships(const struct switch_tables *,
                             const struct switch_port *,
                             struct vidset *tagged, struct vidset *untagged);

/* What an administrator should know of ports that are not ours and let in
 * frames of VLANs that they are not in; NULL: there are none.  Caller frees. */
char *switch_open_ports(const struct switch_tables *,
                        const struct switch_wanted *);

/* To take over a device that is configured already.
 *
 * Makes 'port', which is that of the policy called 'name', what it is on the
 * device: its role and VIDs.  Returns NULL, or what cannot be said in these
 * terms (tagged in some VLANs and untagged in others, ...), which a plan
 * changes; 'port' then has all of its VIDs nevertheless. */
char *switch_adopt_port(const struct switch_tables *, const char *name,
                        struct switch_wanted_port *port)
    OVS_WARN_UNUSED_RESULT;
/* The VIDs of TVDs (and others of 'wanted') that are on the device and not
 * ours: which have to be adopted. */
void switch_adopt_vlans(const struct switch_tables *,
                        const struct switch_wanted *, struct vidset *vids);

#endif /* switchcfg/plan.h */
