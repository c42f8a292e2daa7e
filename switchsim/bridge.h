/* SPDX-License-Identifier: Apache-2.0
 *
 * The Open vSwitch bridge behind a simulated switch: made if it is not there,
 * its ports' VLANs and its flows always those of a struct forwarding.
 *
 * Owns of the Open_vSwitch database: the Bridge row of its name with the ports
 * that it was given (of each tag, trunks and vlan_mode) and one of its own,
 * NAME-strays, through which nothing goes; and all flows of that bridge. */

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
    bool up;                    /* Its link. */
};

struct sim_bridge {
    struct sim_bridge_port *ports;
    size_t n_ports;
    ofp_port_t strays;          /* Where what strays comes in from; OFPP_NONE:
                                 * not known yet. */
    struct sim_bridge_private *private;
};

/* 'devices' are the 'n' ports, 'numbers' their dot1dBasePorts.  Copied. */
struct sim_bridge *sim_bridge_create(const char *ovsdb, const char *rundir,
                                     const char *name,
                                     const char *const *devices,
                                     const unsigned int *numbers, size_t n);
/* The bridge stays, with ports that pass nothing: the switch is off. */
void sim_bridge_destroy(struct sim_bridge *);           /* Accepts NULL. */

void sim_bridge_run(struct sim_bridge *, long long int now);
void sim_bridge_wait(struct sim_bridge *);

/* Makes the bridge forward so.  Waits until it does, at most 'timeout' ms.
 * What is forwarded meanwhile is what the old or the new state forwards.
 * Returns 0, or ETIMEDOUT, or EIO if the database refuses. */
int sim_bridge_apply(struct sim_bridge *, const struct forwarding *,
                     int timeout);

/* --- bridge-flows.c: pure. */

/* The flows of a bridge with 'ports', for 'f', into an empty 'list'.  What
 * strays is forwarded as if it came in at 'strays'. */
void sim_bridge_make_flows(const struct sim_bridge_port *ports, size_t n_ports,
                           ofp_port_t strays, const struct forwarding *f,
                           struct flow_list *list);

#endif /* switchsim/bridge.h */
