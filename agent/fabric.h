/* SPDX-License-Identifier: Apache-2.0
 *
 * What the agent has to do with the fabric beside flows: it announces to the
 * switches which EEs are here now, and notices frames with tags that this
 * host may not carry.
 *
 * Pure: times, frames and NIC ids go in, frames and deadlines come out; the
 * engine sends and programs.
 *
 * An EE that has come from another host may not send anything for long, and
 * the switches would go on sending what is for it to where it was.  So it is
 * announced with reverse ARP requests (RFC 903) from its MAC, as is the custom
 * among hypervisors; several, since one may get lost, and for some seconds,
 * since a switch may have to be given the VLAN first.  No host lets them in.
 * What was lost all the same, as in a fabric that was in pieces when an EE came,
 * is made good by announcing all again every FABRIC_REFRESH ms.
 *
 * Frames with a foreign tag are looked at one at a time: after each the agent
 * looks away for FABRIC_LOOK_AWAY ms, so that a flood of them costs it
 * nothing. */

#ifndef AGENT_FABRIC_H
#define AGENT_FABRIC_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/list.h"
#include "openvswitch/types.h"

#define FABRIC_LOOK_AWAY 3000           /* In ms. */
#define FABRIC_ANNOUNCEMENTS 7          /* Of one EE, */
#define FABRIC_ANNOUNCE_INTERVAL 100    /* so far apart at first, in ms; then
                                         * twice as far each time. */
#define FABRIC_REFRESH 60000            /* In ms. */

/* Octets of a tagged reverse ARP request, without padding. */
#define FABRIC_RARP_LEN 46

struct fabric {
    struct ovs_list announcements;      /* Of struct announcement. */
    bool looking;                       /* At foreign tags. */
    long long int look_again;           /* If not, when. */
    long long int refresh;              /* When, in ms; 0: not yet said. */
};

struct announcement {
    struct ovs_list node;
    uint32_t nic_id;
    uint16_t vlan;              /* Or FABRIC_ALL_VLANS. */
    int left;                   /* Times that it is still to be sent. */
    long long int when;         /* The next time, in ms. */
};

void fabric_init(struct fabric *);
void fabric_destroy(struct fabric *);

/* The NIC is here now: its announcements begin at 'now', in 'vlan' alone, or in
 * all that it is looked for in (FABRIC_ALL_VLANS). */
#define FABRIC_ALL_VLANS 0
void fabric_announce(struct fabric *, uint32_t nic_id, uint16_t vlan,
                     long long int now);
/* The same, but once, in all VLANs, at some time within the second after 'now':
 * not all at the same moment. */
void fabric_announce_once(struct fabric *, uint32_t nic_id,
                          long long int now);
/* True if that is to be done for all NICs now. */
bool fabric_refreshes(struct fabric *, long long int now);
/* It is not any more. */
void fabric_forget(struct fabric *, uint32_t nic_id);

/* The id of a NIC to be announced now, and in which VLAN; 0: none.  To be called
 * until then.  One that is called too early, because the flows are not there, is
 * put off with fabric_announce(). */
uint32_t fabric_next(struct fabric *, uint16_t *vlan, long long int now);
/* When there is something to do next, LLONG_MAX: never. */
long long int fabric_deadline(const struct fabric *);

/* Writes a reverse ARP request of 'mac' with tag 'vlan'. */
void fabric_make_rarp(uint8_t frame[FABRIC_RARP_LEN], struct eth_addr mac,
                      uint16_t vlan);

/* Reads the tag and the source MAC of a frame that anybody may have sent.
 * False if it has none, or is too short. */
bool fabric_parse_tag(const uint8_t *frame, size_t len, uint16_t *vlan,
                      struct eth_addr *src);

/* A foreign tag has been seen: looks away. */
void fabric_seen_tag(struct fabric *, long long int now);
/* True if foreign tags are to be looked at. */
bool fabric_looks(struct fabric *, long long int now);

#endif /* agent/fabric.h */
