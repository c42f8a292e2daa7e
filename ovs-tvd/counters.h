/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters of packets and bytes by cookie, from the statistics of flows, which
 * come and go.  Only cookies that say why packets are dropped, or by which
 * rule they pass, are counted.  Pure. */

#ifndef OVS_TVD_COUNTERS_H
#define OVS_TVD_COUNTERS_H 1

#include <stdint.h>
#include "openvswitch/hmap.h"

/* Packets and bytes that hit flows with a cookie, since we began to count. */
struct counter {
    struct hmap_node node;      /* By hash_uint64(cookie). */
    uint64_t cookie;
    uint64_t packets, bytes;
    uint64_t last_packets, last_bytes;  /* Sums of the last dump. */
    uint64_t sum_packets, sum_bytes;    /* Sums of the dump being read. */
};

struct counters {
    struct hmap by_cookie;      /* "struct counter". */
    uint64_t generation;        /* Grows with each dump read. */
};

void counters_init(struct counters *);
void counters_destroy(struct counters *);

/* A dump of all flows begins; one of its flows; it ends.  One that does not
 * end is forgotten with the next. */
void counters_begin(struct counters *);
void counters_add(struct counters *, uint64_t cookie, uint64_t packets,
                  uint64_t bytes);
void counters_end(struct counters *);

#endif /* ovs-tvd/counters.h */
