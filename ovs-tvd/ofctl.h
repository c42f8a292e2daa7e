/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenFlow side of our bridge: makes the flows that are installed equal
 * to those that a struct flowtab wants, and keeps them so.  It compiles no
 * flows, and touches no database.
 *
 *                    connected                  first dump read, allowed
 *     DISCONNECTED ------------> DUMPING --------------------------------+
 *          ^                       ^ | dump read                         |
 *          | connection lost       | v                                   v
 *          +-- (any state)        IDLE --- wanted differs ---> OPEN -> ADD -> COMMIT
 *                                  ^ ^                           |      |       |
 *                                  | +--------- committed -------|------|-------+
 *                                  +--- failed: dump, later again +------+
 *
 * On each connection everything is read back before anything is written: a
 * flow monitor is set up, then all flows are dumped.  Then the difference,
 * and only that, goes in as one atomic, ordered bundle.  The monitor shows at
 * once what somebody else changes; a periodic dump is the safety net and
 * brings the counters.  Losing the connection changes nothing by itself.
 *
 * The switch's handling of fragments is a setting of OpenFlow, not of the
 * database; it is kept here as the pipeline needs it ("nx-match").
 *
 * A goal is "enforced" when its flows are in and the data path's cached flows
 * have been revalidated since; see settle() in ofctl.c. */

#ifndef OVS_TVD_OFCTL_H
#define OVS_TVD_OFCTL_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/types.h"

struct flowtab;
struct ofctl;
struct report_sink;

/* 'rundir' holds BRIDGE.mgmt and ovs-vswitchd's control socket.  'flowtab' and
 * 'sink' (may be NULL) are borrowed. */
struct ofctl *ofctl_create(const char *rundir, const char *bridge,
                           struct flowtab *flowtab,
                           const struct report_sink *sink);
void ofctl_destroy(struct ofctl *);

/* Called with the beginning of each packet that a flow with 'cookie' shows to
 * us: 'len' octets that anybody may have sent. */
typedef void ofctl_packet_cb(void *aux, uint64_t cookie, const uint8_t *packet,
                             size_t len);
void ofctl_set_packet_cb(struct ofctl *, ofctl_packet_cb *, void *aux);

/* Sends 'len' octets, an Ethernet frame, out of 'port', past all tables.
 * Does nothing while there is no connection. */
void ofctl_send_packet(struct ofctl *, ofp_port_t port, const void *packet,
                       size_t len);

/* Nothing is written before the first call: until then the wanted flows are
 * not known.  It cannot be taken back. */
void ofctl_allow_changes(struct ofctl *);

/* The flowtab now wants all that 'goal' stands for.  Goals grow. */
void ofctl_set_goal(struct ofctl *, uint64_t goal);

/* Somebody waits until 'goal' is enforced.  To find out costs the data path
 * some rounds of revalidation, so it is not done unasked (except in user
 * space, where it is needed to enforce, see settle()). */
void ofctl_expect(struct ofctl *, uint64_t goal);

/* The highest goal whose flows are installed, and the highest that is known
 * to be enforced. */
uint64_t ofctl_installed(const struct ofctl *);
uint64_t ofctl_enforced(const struct ofctl *);

/* True if connected and all flows have been read since. */
bool ofctl_is_synced(const struct ofctl *);

/* Forgets the connections tracked in 'zone', once the changes wanted so far
 * are in. */
void ofctl_flush_zone(struct ofctl *, uint16_t zone);

/* 'now' is time_msec(). */
void ofctl_run(struct ofctl *, long long int now);
void ofctl_wait(const struct ofctl *);

/* "struct counter" (ovs-tvd/counters.h), only of cookies that flows have or
 * had. */
const struct hmap *ofctl_counters(const struct ofctl *);
/* Grows with each dump read. */
uint64_t ofctl_counters_generation(const struct ofctl *);
/* Asks for a dump now, to bring the counters up to date. */
void ofctl_refresh(struct ofctl *);

#endif /* ovs-tvd/ofctl.h */
