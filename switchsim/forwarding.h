/* SPDX-License-Identifier: Apache-2.0
 *
 * What flows around the normal forwarding of Open vSwitch have to let in and
 * out at each port so that frames go as a switch's tables say (RFC 4363), or
 * why they cannot.
 *
 * Pure.
 *
 *  - "members" are the VLANs that the port is in: what leaves it, tagged but
 *    for the native one, and what comes in;
 *  - "native" is the VLAN whose frames leave untagged; what comes in untagged
 *    goes there too, unless 'drop_untagged';
 *  - with 'drop_tagged' nothing else comes in;
 *  - frames of other VLANs that a port without ingress filtering takes in are
 *    forwarded as if another port, of which nothing comes out, had them
 *    ('strays', 'stray_untagged').
 *
 * Two things are beyond it, and such tables are refused: a port that is
 * untagged in two VLANs, and one that takes untagged frames into another VLAN
 * than it sends untagged. */

#ifndef SWITCHSIM_FORWARDING_H
#define SWITCHSIM_FORWARDING_H 1

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"

struct switch_tables;

#define FORWARDING_N_VLANS 4096 /* Bits of each bitmap below. */

struct forwarding_port {
    unsigned int number;        /* dot1dBasePort. */
    unsigned int native;        /* VLAN of untagged frames, 0: none. */
    bool native_tagged;         /* They leave tagged all the same. */
    bool drop_untagged;
    bool drop_tagged;           /* But not those of VLAN 0, which are
                                 * untagged. */
    unsigned int stray_untagged; /* VLAN that they go to, of which the port
                                 * is not; 0: none. */
    unsigned long *members;     /* Owned.  Bit V: in VLAN V. */
    unsigned long *strays;      /* Owned.  Bit V: takes in V, is not in it. */
};

struct forwarding {
    struct forwarding_port *ports; /* By number, ascending. */
    size_t n;
};
void forwarding_destroy(struct forwarding *);           /* Then as empty. */

/* What 'tables' mean.  Returns NULL, or what a bridge cannot do, with the port
 * concerned in '*port' (0: none in particular), and '*f' empty; caller
 * frees.  Ports in 'down' (bit N: port N; may be NULL) pass nothing, whatever
 * the tables say of them. */
char *forwarding_make(const struct switch_tables *tables,
                      const unsigned long *down, struct forwarding *f,
                      unsigned int *port)
    OVS_WARN_UNUSED_RESULT;
/* Makes port 'number' deaf and mute. */
void forwarding_mute(struct forwarding *, unsigned int number);
/* NULL if there is no such port. */
struct forwarding_port *forwarding_find(const struct forwarding *,
                                        unsigned int number);
bool forwarding_equal(const struct forwarding *, const struct forwarding *);
/* Whether both do the same with port 'number'. */
bool forwarding_port_equal(const struct forwarding *,
                           const struct forwarding *, unsigned int number);
/* VLAN of untagged frames that come in, 0: they are dropped. */
unsigned int forwarding_untagged(const struct forwarding_port *);
/* 'f' less what 'other' would not let in or out, too, but nothing that both
 * let: what can be in force while the bridge goes from one to the other. */
void forwarding_restrict(struct forwarding *f, const struct forwarding *other);
void forwarding_clone(struct forwarding *dst, const struct forwarding *src);

#endif /* switchsim/forwarding.h */
