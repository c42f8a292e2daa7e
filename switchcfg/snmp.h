/* SPDX-License-Identifier: Apache-2.0
 *
 * The session of switchcfg/session.h that talks to real devices, by libsnmp.
 * Its source is snmp.c, which with snmp-value.c is all that includes net-snmp's
 * headers.
 *
 * Each session has a socket of its own, connected to the device, so that the
 * kernel drops what comes from elsewhere; after a request without an answer it
 * gets another one, and with the old one goes what comes late.  A request that
 * only reads is sent again a few times, after longer and longer, with fewer
 * objects, and any of these may be answered; a SET never is.
 *
 * Version 3: the device's engine id is found out by a message of its own, not
 * by libsnmp, which would wait for the answer.  It is kept in a file with the
 * engine's boots and time, together with no secret, so that answers recorded
 * before the program started are not taken again.  A device that says that it
 * has another one is asked anew. */

#ifndef SWITCHCFG_SNMP_H
#define SWITCHCFG_SNMP_H 1

#include <stdint.h>
#include "openvswitch/compiler.h"

struct switch_credentials;
struct switch_session;

struct switch_snmp_options {
    const char *address;        /* IPv4 or IPv6, in figures. */
    uint16_t port;              /* 0: 161. */
    struct switch_credentials *credentials; /* Must outlive it. */
    const char *state_dir;      /* Folder for engines; NULL: not kept. */
    unsigned int read_timeout_ms; /* Of the first try; 0: 1000. */
    unsigned int read_tries;    /* 0: 4. */
    unsigned int set_timeout_ms; /* 0: 10000. */
};

/* A session with the switch 'name'.  Sends nothing yet.  Returns NULL and sets
 * '*session', or what is wrong; caller frees. */
char *switch_snmp_open(const char *name, const struct switch_snmp_options *,
                       struct switch_session **session)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchcfg/snmp.h */
