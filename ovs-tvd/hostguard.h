/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps the host's own network stack away from the ports of EEs.
 *
 * The user-space data path reads a port's frames through a packet socket; the
 * kernel's stack gets every frame as well, and would answer, or route, what
 * an EE sends to the device's own MAC address, past all flows.  So each port
 * has a base chain in "table netdev tvd" that drops what comes in.  Packet
 * sockets see frames before that hook, Open vSwitch is not affected.  With
 * the kernel's data path frames never reach the stack, and the hook would be
 * in front of Open vSwitch: then no chain is made.
 *
 * In both cases IPv6 is switched off on the device, so that the host does not
 * send frames of its own to the EE.
 *
 * What others change in the table is found by its notifications and repaired.
 * Speaks nfnetlink itself: three messages are all it takes. */

#ifndef OVS_TVD_HOSTGUARD_H
#define OVS_TVD_HOSTGUARD_H 1

#include <stdbool.h>

struct hostguard;
struct report_sink;
struct simap;

/* The name of the table, of family netdev. */
#define HOSTGUARD_TABLE "tvd"

/* 'drop': make chains (the data path is in user space).  'sink' is borrowed
 * and may be NULL. */
struct hostguard *hostguard_create(bool drop, const struct report_sink *sink);
/* The chains stay. */
void hostguard_destroy(struct hostguard *);

/* The devices to guard, and no others: interface index by name, 0 if it is not
 * known.  Those that do not exist are left out.  Copied. */
void hostguard_set(struct hostguard *, const struct simap *devices);

/* 'now' is time_msec(). */
void hostguard_run(struct hostguard *, long long int now);
void hostguard_wait(const struct hostguard *);

/* Why devices are not guarded, or NULL if all are. */
const char *hostguard_error(const struct hostguard *);

#endif /* ovs-tvd/hostguard.h */
