/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds how many connections may be tracked in each zone of ours, so that
 * nobody in one TVD can fill the table for all of them.  A zone may have an
 * eighth of what the data path can track.  When a zone is full, connections
 * that are new in it fail; nothing passes because of it.
 *
 * Each zone gets a limit of its own: the user-space data path counts all zones
 * that have none together against the default.
 *
 * Works through ovs-vswitchd's dpctl commands, without blocking.  Reads back
 * every second, and repairs and reports what somebody else has changed. */

#ifndef OVS_TVD_CTLIMIT_H
#define OVS_TVD_CTLIMIT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctlimit;
struct report_sink;

/* The part of the table that one zone may fill: 1 / CTLIMIT_SHARE. */
#define CTLIMIT_SHARE 8

/* 'datapath_type' is "netdev" or "system"; 'rundir' that of ovs-vswitchd.
 * 'sink' is borrowed and may be NULL. */
struct ctlimit *ctlimit_create(const char *rundir, const char *datapath_type,
                               const struct report_sink *sink);
void ctlimit_destroy(struct ctlimit *);

/* The zones that are to have a limit.  Copied.  Zones left out keep what they
 * have: their TVDs are gone, and their numbers are not used again soon. */
void ctlimit_set(struct ctlimit *, const uint16_t *zones, size_t n);

/* 'now' is time_msec(). */
void ctlimit_run(struct ctlimit *, long long int now);
void ctlimit_wait(const struct ctlimit *);

/* From what "dpctl/ct-get-limits" printed: how many of the 'n' zones do not
 * have 'limit', and which ('missing', room for 'n').  Pure. */
size_t ctlimit_missing(const char *printed, const uint16_t *zones, size_t n,
                       uint32_t limit, uint16_t *missing);

#endif /* ovs-tvd/ctlimit.h */
