/* SPDX-License-Identifier: Apache-2.0
 *
 * A small OpenFlow switch with connection tracking, for tests: it runs
 * packets, given as struct flow, through the flows that a flowtab wants, and
 * says at which ports they come out.
 *
 * It has the actions that our flows use and stops the program at any other,
 * and keeps no clock: connections live until they are forgotten.  Two flows
 * of one table and priority that both match a packet are an error, which a
 * switch would not tell: it may take either. */

#ifndef TESTS_UNIT_FLOW_MACHINE_H
#define TESTS_UNIT_FLOW_MACHINE_H 1

#include "flow.h"
#include "openvswitch/types.h"

struct flowtab;

/* What a connection tracker goes by. */
struct machine_tuple {
    struct in6_addr src, dst;   /* IPv4 as ::ffff:a.b.c.d. */
    uint8_t proto;
    ovs_be16 sport, dport;      /* 0 for ICMP. */
};

struct machine_packet {
    struct flow flow;           /* With the ICMP type in tp_src. */
    bool is_error;              /* An ICMP error about 'inner'. */
    struct machine_tuple inner;
};

/* A packet that came out. */
struct machine_output {
    ofp_port_t port;
    struct machine_packet packet;
};

#define MACHINE_MAX_OUTPUTS 64

struct machine;

struct machine *machine_create(void);
void machine_destroy(struct machine *);

/* Takes the flows of 'flowtab' in place of those it had.  Connections stay. */
void machine_load(struct machine *, const struct flowtab *);
void machine_forget_connections(struct machine *);

/* Runs 'packet', whose flow.in_port is set.  Returns the number of outputs,
 * of which as many as fit are stored. */
size_t machine_run(struct machine *, const struct machine_packet *,
                   struct machine_output outputs[MACHINE_MAX_OUTPUTS]);

/* The cookie of the last flow that let a packet end, for diagnosis. */
uint64_t machine_last_cookie(const struct machine *);
uint8_t machine_last_table(const struct machine *);
/* How often two flows could have been taken. */
size_t machine_n_ambiguous(const struct machine *);

#endif /* tests/unit/flow-machine.h */
