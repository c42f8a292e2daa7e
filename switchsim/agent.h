/* SPDX-License-Identifier: Apache-2.0
 *
 * The SNMP side of a simulated switch: net-snmp's agent library as a master
 * agent of its own, with nothing of the machine it runs on in it.
 *
 * The only file that includes net-snmp.  One per process, as the library is.
 * What comes in and goes out passes the two ends of the transport here, so
 * that answers can be late or lost and requests be too many. */

#ifndef SWITCHSIM_AGENT_H
#define SWITCHSIM_AGENT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

struct sim_device;
struct switch_credentials;

/* Who may talk to the switch. */
struct sim_user {
    struct switch_credentials *credentials;     /* Owned. */
    bool read_only;
};

struct sim_agent_config {
    const char *listen;         /* "udp:ADDR:PORT", as net-snmp has it. */
    const char *name;           /* Of the switch: its engine id. */
    const struct sim_user *users; /* One at least. */
    size_t n_users;
    const char *const *sinks;   /* Where traps go: "udp:ADDR:PORT"; with what
                                 * the first user is known by. */
    size_t n_sinks;
    struct sim_device *device;  /* Borrowed. */
    /* Makes the data plane follow the device.  Returns 0, or an errno if it
     * does not. */
    int (*apply)(void *aux);
    /* A SET has been done. */
    void (*done)(void *aux);
    void *aux;
};

/* Misbehaviour, and counters. */
struct sim_agent_state {
    unsigned int late;          /* ms before an answer goes out. */
    unsigned int rate;          /* Requests a second; 0: any number. */
    bool deaf;                  /* Takes no request. */
    uint64_t n_requests, n_dropped, n_sets;
};
extern struct sim_agent_state sim_agent;

/* Returns NULL, or why not; caller frees. */
char *sim_agent_start(const struct sim_agent_config *) OVS_WARN_UNUSED_RESULT;
void sim_agent_stop(void);
void sim_agent_run(long long int now);
void sim_agent_wait(void);

/* The switch has been restarted: time begins at 0, coldStart is sent. */
void sim_agent_restarted(void);
/* Sends linkUp or linkDown for a port. */
void sim_agent_send_link_trap(unsigned int port, bool up);

#endif /* switchsim/agent.h */
