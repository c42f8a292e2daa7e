/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets of several kinds between NICs, as the flow machine takes them. */

#ifndef TESTS_UNIT_MACHINE_PACKETS_H
#define TESTS_UNIT_MACHINE_PACKETS_H 1

#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "tests/unit/flow-machine.h"

struct kind {
    const char *what;
    uint8_t proto;              /* 0: ICMP of the IP version. */
    uint16_t dst_port;
    uint8_t icmp4_type, icmp6_type;
};

/* All but the last open connections. */
enum { N_KINDS = 6, N_OPENING = N_KINDS - 1 };
extern const struct kind kinds[N_KINDS];

/* The port that connections are opened from. */
enum { CLIENT_PORT = 40000 };

/* What decide_flow() asks about a packet of that kind. */
struct decide_packet decided_packet(const struct kind *, bool ipv6);

/* A packet from the port of 'sender' with the addresses of 'src' and 'dst'. */
struct machine_packet make_packet(const struct model_nic *sender,
                                  const struct model_nic *src,
                                  const struct model_nic *dst,
                                  struct eth_addr to, const struct kind *,
                                  bool ipv6);

/* The MAC that 'src' sends to in order to reach 'dst'. */
struct eth_addr next_mac(const struct model_nic *src,
                         const struct model_nic *dst);

/* What 'src' answers to what 'dst' has sent. */
struct machine_packet make_reply(const struct model_nic *src,
                                 const struct model_nic *dst,
                                 const struct kind *, bool ipv6);

/* 'reporter' tells 'src' that its packet to 'dst' met with an error. */
struct machine_packet make_error(const struct model_nic *reporter,
                                 const struct model_nic *src,
                                 const struct model_nic *dst,
                                 const struct kind *, bool ipv6);

#endif /* tests/unit/machine-packets.h */
