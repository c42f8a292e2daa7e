/* SPDX-License-Identifier: Apache-2.0
 *
 * The registers of the pipeline, and helpers to write flows with them.
 *
 * A maker holds the match and the actions of one flow at a time: set them up
 * with match_*() of libopenvswitch on 'match' and with the functions below,
 * and finish the flow with make_flow(), which clears both for the next one.
 *
 * Used by the pipeline-*.c files only; no other module needs the registers. */

#ifndef OVS_TVD_FLOW_MAKER_H
#define OVS_TVD_FLOW_MAKER_H 1

#include <netinet/in.h>
#include <stdint.h>
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/types.h"
#include "ovs-tvd/pipeline-tables.h"

struct flow_list;

/* FIELD(ENUM, mf_field, first bit, number of bits, "what"); "what" is empty
 * for fields of the packet and for other views of the same bits.  Registers
 * are 0 when a packet comes in, and are kept through connection tracking.
 *
 * NICs, roles and TVDs stand as their stable ids, a role and its TVD together
 * in one register. */
#define MAKER_FIELDS                                                        \
    FIELD(SRC_NIC, REG0, 0, 32, "NIC whose address the source is")          \
    FIELD(SRC_TVD, REG1, 0, 16, "its TVD")                                  \
    FIELD(SRC_ROLE, REG1, 16, 16, "its role")                               \
    FIELD(SRC_ID, REG1, 0, 32, "")                                          \
    FIELD(SRC_TVD15, REG1, 0, 15, "")                                       \
    FIELD(DST_NIC, REG2, 0, 32, "NIC whose address the destination is")     \
    FIELD(DST_TVD, REG3, 0, 16, "its TVD")                                  \
    FIELD(DST_ROLE, REG3, 16, 16, "its role")                               \
    FIELD(DST_ID, REG3, 0, 32, "")                                          \
    FIELD(DST_TVD15, REG3, 0, 15, "")                                       \
    FIELD(ADDR_NIC, REG4, 0, 32, "result of a lookup: NIC")                 \
    FIELD(ADDR_TVD, REG5, 0, 16, "result of a lookup: TVD")                 \
    FIELD(ADDR_ROLE, REG5, 16, 16, "result of a lookup: role")              \
    FIELD(ADDR_ID, REG5, 0, 32, "")                                         \
    FIELD(ADDR_MAC, XREG3, 0, 48, "result of a lookup: MAC")                \
    FIELD(TO_ROLE, XREG3, 48, 16, "entry to evaluate: role of the peer")    \
    FIELD(ZONE, REG8, 0, 16, "connection tracking zone")                    \
    FIELD(ZONE_TVD15, REG8, 1, 15, "")                                      \
    FIELD(PORT_TVD, REG8, 16, 16, "TVD of the port the packet came from")   \
    FIELD(STEP, REG9, 0, 3, "enum maker_step")                              \
    FIELD(VERDICT, REG9, 3, 2, "enum maker_verdict")                        \
    FIELD(REVERSE, REG9, 5, 2, "enum maker_reverse")                        \
    FIELD(ADDR_KIND, REG9, 7, 2, "enum maker_addr_kind")                    \
    FIELD(SAME, REG9, 9, 1, "the address looked up is the source NIC's")    \
    FIELD(TRANSIT, REG9, 10, 1, "a gateway forwards the packet")            \
    FIELD(ROUTED, REG9, 11, 1, "TTL and MACs are to be rewritten")          \
    FIELD(BEHALF, REG9, 12, 1, "ICMP error of a gateway about others")      \
    FIELD(FABRIC, REG9, 13, 1, "the packet came from the fabric")           \
    FIELD(OWN_TAG, REG9, 14, 1, "with the tag of its sender's TVD")         \
    FIELD(AFRESH, REG9, 15, 1, "looked at apart from its connection")       \
    FIELD(LINK_TVD, REG9, 16, 16, "TVD of the tag that it came with")       \
    FIELD(TO_TVD, REG10, 0, 16, "entry to evaluate: TVD of the peer")       \
    FIELD(FROM_ROLE, REG10, 16, 16, "entry to evaluate: role of the opener")\
    FIELD(TO_NIC, REG11, 0, 32, "entry to evaluate: NIC of the peer")       \
    FIELD(ADDR, XXREG3, 0, 128, "address to look up, IPv4 as ::ffff:a.b.c.d")\
    FIELD(ADDR4, XXREG3, 0, 32, "")                                         \
    FIELD(OUT, METADATA, 0, 32, "NIC to send to; part of a flood")          \
    FIELD(RULE, METADATA, 32, 32, "rule whose packet it is")                \
    FIELD(ETH_SRC, ETH_SRC, 0, 48, "")                                      \
    FIELD(ETH_DST, ETH_DST, 0, 48, "")                                      \
    FIELD(IPV4_SRC, IPV4_SRC, 0, 32, "")                                    \
    FIELD(IPV4_DST, IPV4_DST, 0, 32, "")                                    \
    FIELD(IPV6_SRC, IPV6_SRC, 0, 128, "")                                   \
    FIELD(IPV6_DST, IPV6_DST, 0, 128, "")                                   \
    FIELD(IP_TTL, IP_TTL, 0, 8, "")                                         \
    FIELD(ICMP_TYPE, ICMPV4_TYPE, 0, 8, "")                                 \
    FIELD(ICMP6_TYPE, ICMPV6_TYPE, 0, 8, "")                                \
    FIELD(ARP_OP, ARP_OP, 0, 16, "")                                        \
    FIELD(ARP_SHA, ARP_SHA, 0, 48, "")                                      \
    FIELD(ARP_THA, ARP_THA, 0, 48, "")                                      \
    FIELD(ARP_SPA, ARP_SPA, 0, 32, "")                                      \
    FIELD(ARP_TPA, ARP_TPA, 0, 32, "")                                      \
    FIELD(ND_TARGET, ND_TARGET, 0, 128, "")                                 \
    FIELD(ND_TLL, ND_TLL, 0, 48, "")                                        \
    FIELD(ND_RESERVED, ND_RESERVED, 0, 32, "")                              \
    FIELD(ND_OPTION, ND_OPTIONS_TYPE, 0, 8, "")                             \
    FIELD(CT_IPV4_DST, CT_NW_DST, 0, 32, "")                                \
    FIELD(CT_IPV6_DST, CT_IPV6_DST, 0, 128, "")

enum maker_field {
#define FIELD(ENUM, MF, OFS, N_BITS, WHAT) F_##ENUM,
    MAKER_FIELDS
#undef FIELD
};

/* Where on its path a packet is evaluated (F_STEP). */
enum maker_step {
    STEP_SOURCE,                /* Edge of the source's TVD. */
    STEP_DELIVER,               /* Edge of the destination's, direct path. */
    STEP_LEG,                   /* Between the two gateways. */
    STEP_DELIVER_G,             /* Edge of the destination's, by gateway. */
    STEP_RETURN,                /* From the gateway of the one TVD that both
                                 * ends are in. */
};

/* What the matrix says about the connection (F_VERDICT). */
enum maker_verdict {
    VERDICT_NONE,
    VERDICT_DIRECT,
    VERDICT_GATEWAY,
};

/* The entry of the opposite direction (F_REVERSE). */
enum maker_reverse {
    REVERSE_NONE,
    REVERSE_UNRESTRICTED,
    REVERSE_CONDITIONAL,        /* P or G. */
};

/* What an address was found to be (F_ADDR_KIND). */
enum maker_addr_kind {
    ADDR_KIND_UNKNOWN,
    ADDR_KIND_NIC,
    ADDR_KIND_ROUTER,           /* A TVD's virtual router. */
};

struct maker {
    struct flow_list *list;
    struct match match;
    struct ofpbuf actions;
};

void maker_init(struct maker *, struct flow_list *);
void maker_uninit(struct maker *);

/* Finishes a flow. */
void make_flow(struct maker *, enum pipeline_table, uint16_t priority,
               uint64_t cookie);
/* Finishes a flow that drops, counted under 'reason'; no actions may have
 * been added. */
void make_drop(struct maker *, enum pipeline_table, uint16_t priority,
               enum pipeline_drop reason);

/* Matches. */
void on_field(struct maker *, enum maker_field, uint64_t value);
void on_id(struct maker *, enum maker_field, uint32_t role, uint32_t tvd);
void on_proto(struct maker *, uint16_t dl_type, uint8_t nw_proto);
void on_icmp6(struct maker *, uint8_t type);
void on_icmp4(struct maker *, uint8_t type);
/* 'set' and 'clear' are bits of CS_*. */
void on_ct_state(struct maker *, uint32_t set, uint32_t clear);
/* Source, destination or ND target within 'prefix'/'plen'. */
void on_ipv6_src(struct maker *, const char *prefix, unsigned int plen);
void on_ipv6_dst(struct maker *, const char *prefix, unsigned int plen);

/* Actions. */
void do_set(struct maker *, enum maker_field, uint64_t value);
void do_set_mac(struct maker *, enum maker_field, struct eth_addr);
void do_move(struct maker *, enum maker_field src, enum maker_field dst);
void do_resubmit(struct maker *, enum pipeline_table);
void do_output(struct maker *, ofp_port_t);
/* Shows the beginning of the packet to the agent. */
void do_show(struct maker *);
void do_dec_ttl(struct maker *);
/* Tags the frame with 'vlan', and takes the tag off. */
void do_push_vlan(struct maker *, uint16_t vlan);
void do_pop_vlan(struct maker *);
/* Tracks in the zone of F_ZONE and goes on in 'table'. */
void do_ct(struct maker *, enum pipeline_table);
/* Remembers the connection as opened by this packet, whichever way it had been
 * opened before. */
void do_ct_commit(struct maker *);
/* Tracks in a zone that remembers nothing, so that the packet is the first of
 * a connection, and goes on in 'table'. */
void do_ct_afresh(struct maker *, enum pipeline_table);
/* Looks the address in 'src' up: sets F_ADDR_* and, if it is an address of
 * the NIC in F_SRC_NIC, F_SAME. */
void do_lookup(struct maker *, enum maker_field src);
/* The same for the original source of the connection that an ICMP error in
 * the original direction is about.  Open vSwitch can match on that address,
 * but does not take a connection for valid that is only "related", and then
 * refuses to copy it. */
void do_lookup_origin(struct maker *);

/* The number of ports from 'port' on, aligned to a power of two so that one
 * masked match takes them all, and none of them above 'max'. */
uint32_t maker_port_block(uint32_t port, uint32_t max);

/* "role << 16 | tvd", as in F_SRC_ID and its like. */
uint32_t maker_id(uint32_t role, uint32_t tvd);

#endif /* ovs-tvd/flow-maker.h */
