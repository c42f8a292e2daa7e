/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows that are the same on every host, up to the choice of the path; the
 * tables after connection tracking are in pipeline-track.c.
 *
 * Priorities count within a table only.  0 is each table's default. */

#include <config.h>

#include "ovs-tvd/pipeline-flows.h"

#include "flow.h"
#include "openvswitch/ofp-actions.h"
#include "ovs-tvd/flow-maker.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "util.h"

#define STATIC(TABLE) pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_##TABLE)

#define MAC(...) ((struct eth_addr) ETH_ADDR_C(__VA_ARGS__))

static void
on_ip_version(struct maker *m, bool ipv6)
{
    match_set_dl_type(&m->match, htons(ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP));
}

/* Any fragment. */
static void
on_fragment(struct maker *m)
{
    match_set_nw_frag_masked(&m->match, FLOW_NW_FRAG_ANY, FLOW_NW_FRAG_ANY);
}

/* The fragment with the transport header. */
static void
on_first_fragment(struct maker *m)
{
    match_set_nw_frag_masked(&m->match, FLOW_NW_FRAG_ANY, FLOW_NW_FRAG_MASK);
}

static void
make_classify(struct maker *m)
{
    match_set_dl_tci_masked(&m->match, htons(VLAN_CFI), htons(VLAN_CFI));
    make_drop(m, TABLE_CLASSIFY, 50, DROP_TAGGED);
    make_drop(m, TABLE_CLASSIFY, 0, DROP_UNKNOWN_PORT);
}

static void
make_source_mac(struct maker *m)
{
    static const struct {
        struct eth_addr mac, mask;
    } reserved[] = {
        /* IEEE 802.1Q-2018, tables 8-1 to 8-3 and 10-1: STP, pause, LACP,
         * 802.1X, LLDP, MVRP and their like. */
        { ETH_ADDR_C(01,80,c2,00,00,00), ETH_ADDR_C(ff,ff,ff,ff,ff,00) },
        /* Cisco's: CDP, VTP, UDLD; PVST+. */
        { ETH_ADDR_C(01,00,0c,cc,cc,cc), ETH_ADDR_C(ff,ff,ff,ff,ff,fe) },
    };

    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        match_set_dl_dst_masked(&m->match, reserved[i].mac, reserved[i].mask);
        make_drop(m, TABLE_SOURCE_MAC, 200, DROP_RESERVED_MULTICAST);
    }
    make_drop(m, TABLE_SOURCE_MAC, 0, DROP_SPOOFED_MAC);
}

static void
make_source_address(struct maker *m)
{
    static const struct {
        uint16_t dl_type;
        enum maker_field source;
    } types[] = {
        { ETH_TYPE_ARP, F_ARP_SPA },
        { ETH_TYPE_IP, F_IPV4_SRC },
        { ETH_TYPE_IPV6, F_IPV6_SRC },
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        match_set_dl_type(&m->match, htons(types[i].dl_type));
        do_lookup(m, types[i].source);
        do_resubmit(m, TABLE_SOURCE_CHECK);
        make_flow(m, TABLE_SOURCE_ADDRESS, 10, STATIC(SOURCE_ADDRESS));
    }

    /* An ARP probe (RFC 5227) has no sender address. */
    match_set_dl_type(&m->match, htons(ETH_TYPE_ARP));
    match_set_nw_src(&m->match, 0);
    do_set(m, F_SAME, 1);
    do_resubmit(m, TABLE_SOURCE_CHECK);
    make_flow(m, TABLE_SOURCE_ADDRESS, 20, STATIC(SOURCE_ADDRESS));

    make_drop(m, TABLE_SOURCE_ADDRESS, 0, DROP_ETHERTYPE);
}

/* Packets from the unspecified address. */
static void
make_source_unspecified(struct maker *m)
{
    static const uint8_t mld_types[] = { 131, 132, 143 };

    /* A DHCP client that has no address yet (RFC 2131). */
    on_proto(m, ETH_TYPE_IP, IPPROTO_UDP);
    match_set_nw_src(&m->match, 0);
    match_set_nw_dst(&m->match, OVS_BE32_MAX);
    match_set_dl_dst(&m->match, eth_addr_broadcast);
    match_set_tp_src(&m->match, htons(68));
    match_set_tp_dst(&m->match, htons(67));
    do_resubmit(m, TABLE_GUARD);
    make_flow(m, TABLE_SOURCE_CHECK, 80, STATIC(SOURCE_CHECK));

    /* Duplicate address detection (RFC 4862). */
    on_icmp6(m, ND_NEIGHBOR_SOLICIT);
    on_ipv6_src(m, "::", 128);
    do_resubmit(m, TABLE_GUARD);
    make_flow(m, TABLE_SOURCE_CHECK, 80, STATIC(SOURCE_CHECK));

    /* Multicast listener reports sent meanwhile (RFC 3590, RFC 3810). */
    for (size_t i = 0; i < ARRAY_SIZE(mld_types); i++) {
        on_icmp6(m, mld_types[i]);
        on_ipv6_src(m, "::", 128);
        on_ipv6_dst(m, "ff02::", 16);
        do_resubmit(m, TABLE_GUARD);
        make_flow(m, TABLE_SOURCE_CHECK, 80, STATIC(SOURCE_CHECK));
    }
}

static void
make_source_check(struct maker *m)
{
    static const uint8_t nd_types[] = {
        ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT,
    };

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        on_ip_version(m, ipv6);
        on_field(m, F_SAME, 1);
        do_resubmit(m, TABLE_GUARD);
        make_flow(m, TABLE_SOURCE_CHECK, 100, STATIC(SOURCE_CHECK));
    }
    make_source_unspecified(m);

    /* Between this and the defaults: transit, of gateways only.  A link-local
     * address is never forwarded, so never anybody else's. */
    on_ipv6_src(m, "fe80::", 10);
    make_drop(m, TABLE_SOURCE_CHECK, 60, DROP_SPOOFED_IP);

    for (size_t i = 0; i < ARRAY_SIZE(nd_types); i++) {
        on_icmp6(m, nd_types[i]);
        make_drop(m, TABLE_SOURCE_CHECK, 70, DROP_SPOOFED_ND);
    }
    match_set_dl_type(&m->match, htons(ETH_TYPE_ARP));
    make_drop(m, TABLE_SOURCE_CHECK, 10, DROP_SPOOFED_ARP);
    make_drop(m, TABLE_SOURCE_CHECK, 0, DROP_SPOOFED_IP);
}

/* Fragments that hide from us what the receiver will see.  What is tracked
 * is reassembled first and needs none of this; what is not tracked is
 * inspected for a few forbidden things only, and must show its headers. */
static void
make_guard_fragments(struct maker *m)
{
    static const uint8_t nd_types[] = {
        0 /* Header is not there. */, ND_ROUTER_SOLICIT, ND_ROUTER_ADVERT,
        ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT, ND_REDIRECT,
    };
    static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

    /* Header chain incomplete (RFC 7112): Open vSwitch then sees protocol 0,
     * which it otherwise always looks behind. */
    on_proto(m, ETH_TYPE_IPV6, 0);
    make_drop(m, TABLE_GUARD, 200, DROP_FRAGMENT);

    /* RFC 6980: ND must not be fragmented; nor is there need for anything
     * else link-local or multicast to be. */
    on_ipv6_src(m, "fe80::", 10);
    on_fragment(m);
    make_drop(m, TABLE_GUARD, 200, DROP_FRAGMENT);
    on_ipv6_dst(m, "ff00::", 8);
    on_fragment(m);
    make_drop(m, TABLE_GUARD, 200, DROP_FRAGMENT);
    for (size_t i = 0; i < ARRAY_SIZE(nd_types); i++) {
        on_icmp6(m, nd_types[i]);
        on_first_fragment(m);
        make_drop(m, TABLE_GUARD, 200, DROP_FRAGMENT);
    }

    /* Tiny fragments (RFC 1858): no room for the ports. */
    for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
        for (int ipv6 = 0; ipv6 < 2; ipv6++) {
            on_proto(m, ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP, protos[i]);
            on_first_fragment(m);
            match_set_tp_src(&m->match, 0);
            match_set_tp_dst(&m->match, 0);
            make_drop(m, TABLE_GUARD, 200, DROP_FRAGMENT);
        }
    }
}

/* DHCP servers speak from port 67 or 547; and some clients look at nothing
 * but the port that they are spoken to. */
static void
make_guard_dhcp(struct maker *m)
{
    static const struct {
        uint16_t dl_type, server, client;
    } versions[] = { { ETH_TYPE_IP, 67, 68 }, { ETH_TYPE_IPV6, 547, 546 } };

    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        on_proto(m, versions[i].dl_type, IPPROTO_UDP);
        match_set_tp_src(&m->match, htons(versions[i].server));
        make_drop(m, TABLE_GUARD, 150, DROP_ROGUE_DHCP);
        on_proto(m, versions[i].dl_type, IPPROTO_UDP);
        match_set_tp_dst(&m->match, htons(versions[i].client));
        make_drop(m, TABLE_GUARD, 150, DROP_ROGUE_DHCP);
    }
}

static void
make_guard(struct maker *m)
{
    static const uint8_t nd_types[] = {
        ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT,
    };

    make_guard_fragments(m);
    make_guard_dhcp(m);

    on_icmp6(m, ND_ROUTER_ADVERT);
    make_drop(m, TABLE_GUARD, 150, DROP_ROGUE_RA);
    on_icmp4(m, 9);             /* RFC 1256 router advertisement. */
    make_drop(m, TABLE_GUARD, 150, DROP_ROGUE_RA);
    on_icmp4(m, 5);
    make_drop(m, TABLE_GUARD, 150, DROP_REDIRECT);
    on_icmp6(m, ND_REDIRECT);
    make_drop(m, TABLE_GUARD, 150, DROP_REDIRECT);
    on_icmp6(m, 138);           /* RFC 2894 router renumbering. */
    make_drop(m, TABLE_GUARD, 150, DROP_REDIRECT);
    on_icmp6(m, ND_ROUTER_SOLICIT);
    make_drop(m, TABLE_GUARD, 150, DROP_NEIGHBOUR);

    for (size_t i = 0; i < ARRAY_SIZE(nd_types); i++) {
        on_icmp6(m, nd_types[i]);
        match_set_icmp_code(&m->match, 0);
        match_set_nw_ttl(&m->match, 255);
        on_field(m, F_TRANSIT, 0);
        do_resubmit(m, TABLE_NEIGHBOUR);
        make_flow(m, TABLE_GUARD, 100, STATIC(GUARD));
        on_icmp6(m, nd_types[i]);
        make_drop(m, TABLE_GUARD, 90, DROP_SPOOFED_ND);
    }
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        on_ip_version(m, ipv6);
        do_resubmit(m, TABLE_DESTINATION);
        make_flow(m, TABLE_GUARD, 10, STATIC(GUARD));
    }
    make_drop(m, TABLE_GUARD, 0, DROP_ETHERTYPE);
}

static void
make_neighbour(struct maker *m)
{
    match_set_dl_type(&m->match, htons(ETH_TYPE_ARP));
    match_set_nw_proto(&m->match, ARP_OP_REQUEST);
    do_lookup(m, F_ARP_TPA);
    do_resubmit(m, TABLE_ANSWER);
    make_flow(m, TABLE_NEIGHBOUR, 100, STATIC(NEIGHBOUR));
    match_set_dl_type(&m->match, htons(ETH_TYPE_ARP));
    make_drop(m, TABLE_NEIGHBOUR, 50, DROP_NEIGHBOUR);

    /* A solicitation without link-layer address; one with its own has a flow
     * of the NIC. */
    on_icmp6(m, ND_NEIGHBOR_SOLICIT);
    match_set_arp_sha(&m->match, eth_addr_zero);
    do_lookup(m, F_ND_TARGET);
    do_resubmit(m, TABLE_ANSWER);
    make_flow(m, TABLE_NEIGHBOUR, 100, STATIC(NEIGHBOUR));
    on_icmp6(m, ND_NEIGHBOR_ADVERT);
    do_lookup(m, F_ND_TARGET);
    do_resubmit(m, TABLE_ANSWER);
    make_flow(m, TABLE_NEIGHBOUR, 100, STATIC(NEIGHBOUR));
    make_drop(m, TABLE_NEIGHBOUR, 0, DROP_SPOOFED_ND);
}

static void
make_answer(struct maker *m)
{
    /* Gratuitous ARP, duplicate address detection, own advertisements. */
    on_field(m, F_SAME, 1);
    make_drop(m, TABLE_ANSWER, 100, DROP_NEIGHBOUR);
    on_icmp6(m, ND_NEIGHBOR_ADVERT);
    make_drop(m, TABLE_ANSWER, 90, DROP_SPOOFED_ND);
    on_icmp6(m, ND_NEIGHBOR_SOLICIT);
    on_ipv6_src(m, "::", 128);
    make_drop(m, TABLE_ANSWER, 90, DROP_SPOOFED_ND);
    make_drop(m, TABLE_ANSWER, 0, DROP_UNKNOWN_TARGET);
}

/* Sends the frame back, from the address that was looked up. */
static void
do_return(struct maker *m)
{
    do_move(m, F_ETH_SRC, F_ETH_DST);
    do_move(m, F_ADDR_MAC, F_ETH_SRC);
    do_output(m, OFPP_IN_PORT);
}

static void
make_reply_nd(struct maker *m, enum maker_addr_kind kind, bool has_option)
{
    on_icmp6(m, ND_NEIGHBOR_ADVERT);
    on_field(m, F_ADDR_KIND, kind);
    if (has_option) {
        match_set_nd_options_type(&m->match, ND_OPT_SOURCE_LINKADDR);
    }
    /* Flags of RFC 4861 section 4.4: router, solicited, override. */
    do_set(m, F_ND_RESERVED,
           kind == ADDR_KIND_ROUTER ? 0xe0000000 : 0x60000000);
    if (has_option) {
        do_set(m, F_ND_OPTION, ND_OPT_TARGET_LINKADDR);
        do_move(m, F_ADDR_MAC, F_ND_TLL);
    }
    do_move(m, F_IPV6_SRC, F_IPV6_DST);
    do_move(m, F_ADDR, F_IPV6_SRC);
    do_return(m);
    make_flow(m, TABLE_REPLY, has_option ? 20 : 10, STATIC(REPLY));
}

static void
make_reply(struct maker *m)
{
    match_set_dl_type(&m->match, htons(ETH_TYPE_ARP));
    do_set(m, F_ARP_OP, ARP_OP_REPLY);
    do_move(m, F_ARP_SHA, F_ARP_THA);
    do_move(m, F_ADDR_MAC, F_ARP_SHA);
    do_move(m, F_ARP_SPA, F_ARP_TPA);
    do_move(m, F_ADDR4, F_ARP_SPA);
    do_return(m);
    make_flow(m, TABLE_REPLY, 20, STATIC(REPLY));

    for (int has_option = 0; has_option < 2; has_option++) {
        make_reply_nd(m, ADDR_KIND_NIC, has_option);
        make_reply_nd(m, ADDR_KIND_ROUTER, has_option);
    }

    on_icmp4(m, ICMP4_ECHO_REQUEST);
    do_set(m, F_ICMP_TYPE, ICMP4_ECHO_REPLY);
    do_set(m, F_IP_TTL, 64);
    do_move(m, F_IPV4_SRC, F_IPV4_DST);
    do_move(m, F_ADDR4, F_IPV4_SRC);
    do_return(m);
    make_flow(m, TABLE_REPLY, 20, STATIC(REPLY));

    on_icmp6(m, ICMP6_ECHO_REQUEST);
    do_set(m, F_ICMP6_TYPE, ICMP6_ECHO_REPLY);
    do_set(m, F_IP_TTL, 64);
    do_move(m, F_IPV6_SRC, F_IPV6_DST);
    do_move(m, F_ADDR, F_IPV6_SRC);
    do_return(m);
    make_flow(m, TABLE_REPLY, 20, STATIC(REPLY));

    make_drop(m, TABLE_REPLY, 0, DROP_UNKNOWN_TARGET);
}

static void
make_destination(struct maker *m)
{
    /* Broadcast and multicast, with addresses that agree on it; a frame that
     * is multicast on one layer and unicast on the other could reach somebody
     * past the matrix. */
    match_set_dl_type(&m->match, htons(ETH_TYPE_IP));
    match_set_dl_dst(&m->match, eth_addr_broadcast);
    match_set_nw_dst(&m->match, OVS_BE32_MAX);
    on_field(m, F_TRANSIT, 0);
    do_resubmit(m, TABLE_FLOOD);
    make_flow(m, TABLE_DESTINATION, 100, STATIC(DESTINATION));

    match_set_dl_type(&m->match, htons(ETH_TYPE_IP));
    match_set_dl_dst_masked(&m->match, MAC(01,00,5e,00,00,00),
                            MAC(ff,ff,ff,80,00,00));
    match_set_nw_dst_masked(&m->match, htonl(0xe0000000), htonl(0xf0000000));
    on_field(m, F_TRANSIT, 0);
    do_resubmit(m, TABLE_FLOOD);
    make_flow(m, TABLE_DESTINATION, 100, STATIC(DESTINATION));

    on_ipv6_dst(m, "ff00::", 8);
    match_set_dl_dst_masked(&m->match, MAC(33,33,00,00,00,00),
                            MAC(ff,ff,00,00,00,00));
    on_field(m, F_TRANSIT, 0);
    do_resubmit(m, TABLE_FLOOD);
    make_flow(m, TABLE_DESTINATION, 100, STATIC(DESTINATION));

    match_set_dl_dst_masked(&m->match, MAC(01,00,00,00,00,00),
                            MAC(01,00,00,00,00,00));
    make_drop(m, TABLE_DESTINATION, 50, DROP_UNKNOWN_DESTINATION);

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        on_ip_version(m, ipv6);
        do_lookup(m, ipv6 ? F_IPV6_DST : F_IPV4_DST);
        do_resubmit(m, TABLE_RECEIVER);
        make_flow(m, TABLE_DESTINATION, 10, STATIC(DESTINATION));
    }
    make_drop(m, TABLE_DESTINATION, 0, DROP_UNKNOWN_DESTINATION);
    /* Nobody needs us to talk to himself, least of all through a gateway. */
    on_field(m, F_SAME, 1);
    make_drop(m, TABLE_RECEIVER, 200, DROP_UNKNOWN_DESTINATION);
    make_drop(m, TABLE_RECEIVER, 0, DROP_UNKNOWN_DESTINATION);
}

static void
make_route(struct maker *m)
{
    on_ipv6_src(m, "fe80::", 10);
    on_field(m, F_ROUTED, 1);
    make_drop(m, TABLE_ROUTE, 100, DROP_UNKNOWN_DESTINATION);
    on_ipv6_dst(m, "fe80::", 10);
    on_field(m, F_ROUTED, 1);
    make_drop(m, TABLE_ROUTE, 100, DROP_UNKNOWN_DESTINATION);

    on_field(m, F_TRANSIT, 1);
    do_resubmit(m, TABLE_TRANSIT);
    make_flow(m, TABLE_ROUTE, 50, STATIC(ROUTE));
    do_resubmit(m, TABLE_REVERSE);
    make_flow(m, TABLE_ROUTE, 0, STATIC(ROUTE));
}

static void
make_choice(struct maker *m)
{
    /* No entry: none. */
    do_set(m, F_REVERSE, REVERSE_NONE);
    do_resubmit(m, TABLE_FORWARD);
    make_flow(m, TABLE_REVERSE, 0, STATIC(REVERSE));

    on_field(m, F_REVERSE, REVERSE_NONE);
    make_drop(m, TABLE_FORWARD, 1, DROP_NO_RULE);
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_FORWARD, 0, STATIC(FORWARD));

    make_drop(m, TABLE_TRANSIT, 0, DROP_TRANSIT);
}

static void
make_output(struct maker *m)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        for (int ttl = 0; ttl < 2; ttl++) {
            on_ip_version(m, ipv6);
            on_field(m, F_ROUTED, 1);
            match_set_nw_ttl(&m->match, ttl);
            make_drop(m, TABLE_OUTPUT, 20, DROP_TTL);
        }
        on_ip_version(m, ipv6);
        on_field(m, F_ROUTED, 1);
        do_dec_ttl(m);
        do_resubmit(m, TABLE_PORT);
        make_flow(m, TABLE_OUTPUT, 10, STATIC(OUTPUT));
    }
    do_resubmit(m, TABLE_PORT);
    make_flow(m, TABLE_OUTPUT, 0, STATIC(OUTPUT));

    make_drop(m, TABLE_PORT, 0, DROP_NOT_HERE);
    make_drop(m, TABLE_FLOOD, 0, DROP_BROADCAST_RESTRICTED);
    make_drop(m, TABLE_FLOOD_TVD, 0, DROP_NOT_HERE);
}

void
pipeline_static_flows(struct flow_list *flows)
{
    struct maker m;

    maker_init(&m, flows);
    make_classify(&m);
    make_source_mac(&m);
    make_source_address(&m);
    make_source_check(&m);
    make_guard(&m);
    make_neighbour(&m);
    make_answer(&m);
    make_reply(&m);
    make_destination(&m);
    make_route(&m);
    make_choice(&m);
    pipeline_static_track_flows(&m);
    pipeline_fabric_static_flows(&m);
    make_output(&m);
    maker_uninit(&m);
}
