/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with the settings of our bridge and of a port on it: pure,
 * observed settings in, a set of named repairs out.  The adapter (vswitch)
 * observes and carries them out.  Ports are not added or removed here.
 *
 * Sources: ovs-vswitchd.conf.db(5), tables Bridge and Port.  Every setting
 * looked at is one that lets packets past the flow tables, copies them
 * elsewhere, or lets somebody else program the tables. */

#ifndef OVS_TVD_BRIDGE_PLAN_H
#define OVS_TVD_BRIDGE_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>

/* The mark on rows that are ours, in external_ids. */
#define BRIDGE_MARK "tvd-managed"

struct bridge_state {
    const char *datapath_type;
    const char *fail_mode;      /* NULL: not set. */
    char **protocols;           /* OpenFlow versions allowed; none: default. */
    size_t n_protocols;
    size_t n_controllers;
    size_t n_mirrors;
    size_t n_flow_tables;       /* Flow_Table rows: limits and eviction. */
    size_t n_flood_vlans;
    bool netflow, sflow, ipfix, auto_attach;
    bool stp, rstp, mcast_snooping;
    bool in_band;               /* other_config:disable-in-band not "true". */
    bool unmarked;              /* Our mark is missing. */
};

/* Repairs of a bridge, as bits.  X(name, text in an event). */
#define BRIDGE_FIXES                                        \
    X(DATAPATH_TYPE, "set datapath_type")                   \
    X(FAIL_MODE, "set fail_mode to secure")                 \
    X(PROTOCOLS, "set protocols")                           \
    X(CONTROLLERS, "removed controllers")                   \
    X(MIRRORS, "removed mirrors")                           \
    X(FLOW_TABLES, "removed flow table limits")             \
    X(FLOOD_VLANS, "removed flood_vlans")                   \
    X(NETFLOW, "removed netflow")                           \
    X(SFLOW, "removed sflow")                               \
    X(IPFIX, "removed ipfix")                               \
    X(AUTO_ATTACH, "removed auto_attach")                   \
    X(STP, "switched stp off")                              \
    X(RSTP, "switched rstp off")                            \
    X(MCAST_SNOOPING, "switched mcast_snooping off")        \
    X(IN_BAND, "disabled in-band control")                  \
    X(MARK, "set external_ids:" BRIDGE_MARK)

enum {
#define X(NAME, TEXT) BRIDGE_FIX_INDEX_##NAME,
    BRIDGE_FIXES
#undef X
    N_BRIDGE_FIXES
};

enum bridge_fix {
#define X(NAME, TEXT) BRIDGE_FIX_##NAME = 1 << BRIDGE_FIX_INDEX_##NAME,
    BRIDGE_FIXES
#undef X
};

/* The OpenFlow versions that our bridge speaks, in the database's terms. */
#define BRIDGE_N_PROTOCOLS 3
extern const char *const bridge_protocols[BRIDGE_N_PROTOCOLS];

/* The repairs that the bridge needs, a bitwise OR of enum bridge_fix. */
unsigned int bridge_plan(const struct bridge_state *,
                         const char *datapath_type);

/* "set fail_mode to secure, removed mirrors"; caller frees. */
char *bridge_plan_format(unsigned int fixes);

/* The same for the port of an EE: a tag or a VLAN mode would matter to
 * anything but our flows. */
struct port_state {
    bool tag, trunks, vlan_mode, cvlans;
};
bool port_needs_fix(const struct port_state *);

#endif /* ovs-tvd/bridge-plan.h */
