/* SPDX-License-Identifier: Apache-2.0
 *
 * The two Open vSwitch bridges behind a simulated switch, made if they are not
 * there, which always forward as a struct forwarding says.
 *
 * The edge has the switch's ports, and a patch to the core for each of them.
 * Its flows say what comes in, in which VLAN, and what goes out; the core, in
 * which all is tagged, forwards normally between the patches, in all VLANs.
 * Another patch is for what strays in: nothing leaves there.
 *
 * So a change of VLANs is a change of flows, which is atomic, and known to be
 * in force.  The columns of Port would not do: while ovs-vswitchd changes the
 * VLANs that a port trunks, frames go by memory that it has freed
 * (bundle_set(), as of Open vSwitch 3.1).  They stay as they are here, except
 * that the core's ports take turns with the tag of untagged frames, of which
 * there are none: Open vSwitch forgets what it learnt at a port when that
 * changes.
 *
 * Owns of the Open_vSwitch database: the Bridge rows of its name and of
 * NAME-core (another one where that is no name of a device) with the ports that
 * it was given, NAME-strays, NAME-nowhere and for each device BRIDGE:DEVICE at
 * either; and all flows of the edge. */

#ifndef SWITCHSIM_BRIDGE_H
#define SWITCHSIM_BRIDGE_H 1

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/types.h"

struct flow_list;
struct forwarding;

struct sim_bridge_port {
    char *device;               /* Network device; owned by the bridge. */
    unsigned int number;        /* dot1dBasePort. */
    ofp_port_t ofport;          /* OFPP_NONE: not known yet. */
    ofp_port_t patch;           /* To the core; likewise. */
    bool up;                    /* Its link. */
};

struct sim_bridge {
    struct sim_bridge_port *ports;
    size_t n_ports;
    ofp_port_t strays;          /* Patch for what strays; OFPP_NONE: not known
                                 * yet. */
    struct sim_bridge_private *private;
};

/* 'devices' are the 'n' ports, 'numbers' their dot1dBasePorts.  Copied. */
struct sim_bridge *sim_bridge_create(const char *ovsdb, const char *rundir,
                                     const char *name,
                                     const char *const *devices,
                                     const unsigned int *numbers, size_t n);
/* The bridges stay, and pass nothing: the switch is off. */
void sim_bridge_destroy(struct sim_bridge *);           /* Accepts NULL. */

void sim_bridge_run(struct sim_bridge *, long long int now);
void sim_bridge_wait(struct sim_bridge *);

/* Makes the bridge forward so.  Waits until it does, at most 'timeout' ms.
 * What is forwarded meanwhile is what the old or the new state forwards, and
 * what both let in at a port, or out, is not lost.
 * Returns 0, or ETIMEDOUT, or EIO if the database refuses. */
int sim_bridge_apply(struct sim_bridge *, const struct forwarding *,
                     int timeout);

/* --- bridge-flows.c: pure. */

/* The flows of an edge with 'ports', for 'f', into an empty 'list'.  What
 * strays goes to 'strays'. */
void sim_bridge_make_flows(const struct sim_bridge_port *ports, size_t n_ports,
                           ofp_port_t strays, const struct forwarding *f,
                           struct flow_list *list);

#endif /* switchsim/bridge.h */
