/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/machine-packets.h"

#include "packets.h"
#include "util.h"

const struct kind kinds[N_KINDS] = {
    { "tcp/22", IPPROTO_TCP, 22, 0, 0 },
    { "tcp/99", IPPROTO_TCP, 99, 0, 0 },
    { "udp/53", IPPROTO_UDP, 53, 0, 0 },
    { "sctp", IPPROTO_SCTP, 0, 0, 0 },
    { "echo", 0, 0, ICMP4_ECHO_REQUEST, ICMP6_ECHO_REQUEST },
    { "echo-reply", 0, 0, ICMP4_ECHO_REPLY, ICMP6_ECHO_REPLY },
};
struct decide_packet
decided_packet(const struct kind *kind, bool ipv6)
{
    return (struct decide_packet) {
        .proto = kind->proto ? kind->proto
                 : ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
        .dst_port = kind->dst_port,
        .icmp_type = ipv6 ? kind->icmp6_type : kind->icmp4_type,
    };
}

struct machine_packet
make_packet(const struct model_nic *sender, const struct model_nic *src,
            const struct model_nic *dst, struct eth_addr to,
            const struct kind *kind, bool ipv6)
{
    struct decide_packet p = decided_packet(kind, ipv6);
    struct machine_packet packet;
    struct flow *flow = &packet.flow;

    memset(&packet, 0, sizeof packet);
    flow->in_port.ofp_port = u16_to_ofp(sender->id);
    flow->dl_src = sender->mac;
    flow->dl_dst = to;
    flow->dl_type = htons(ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP);
    if (ipv6) {
        flow->ipv6_src = src->ips[1];
        flow->ipv6_dst = dst->ips[1];
    } else {
        flow->nw_src = in6_addr_get_mapped_ipv4(&src->ips[0]);
        flow->nw_dst = in6_addr_get_mapped_ipv4(&dst->ips[0]);
    }
    flow->nw_proto = p.proto;
    flow->nw_ttl = 64;
    flow->tp_src = htons(kind->proto ? CLIENT_PORT : p.icmp_type);
    flow->tp_dst = htons(p.dst_port);
    return packet;
}

struct eth_addr
next_mac(const struct model_nic *src, const struct model_nic *dst)
{
    return src->tvd == dst->tvd ? dst->mac : src->tvd->router_mac;
}

static void
turn_around(struct machine_packet *p)
{
    struct flow *flow = &p->flow;
    struct in6_addr ip6 = flow->ipv6_src;
    ovs_be32 ip4 = flow->nw_src;
    ovs_be16 port = flow->tp_src;
    bool ipv6 = flow->dl_type == htons(ETH_TYPE_IPV6);

    flow->ipv6_src = flow->ipv6_dst;
    flow->ipv6_dst = ip6;
    flow->nw_src = flow->nw_dst;
    flow->nw_dst = ip4;
    if (flow->nw_proto == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
        flow->tp_src = htons(ipv6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY);
    } else {
        flow->tp_src = flow->tp_dst;
        flow->tp_dst = port;
    }
}

struct machine_packet
make_reply(const struct model_nic *src, const struct model_nic *dst,
           const struct kind *kind, bool ipv6)
{
    /* As it answers: with what 'dst' sent. */
    struct machine_packet p = make_packet(dst, dst, src, next_mac(dst, src),
                                          kind, ipv6);

    turn_around(&p);
    p.flow.in_port.ofp_port = u16_to_ofp(src->id);
    p.flow.dl_src = src->mac;
    p.flow.dl_dst = next_mac(src, dst);
    return p;
}

struct machine_packet
make_error(const struct model_nic *reporter, const struct model_nic *src,
           const struct model_nic *dst, const struct kind *kind, bool ipv6)
{
    static const struct kind unreachable = { "error", 0, 0, 3, 1 };
    struct machine_packet about = make_packet(src, src, dst, src->mac, kind,
                                              ipv6);
    struct machine_packet p = make_packet(reporter, reporter, src,
                                          next_mac(reporter, src),
                                          &unreachable, ipv6);
    const struct flow *flow = &about.flow;

    p.is_error = true;
    p.inner.proto = flow->nw_proto;
    if (ipv6) {
        p.inner.src = flow->ipv6_src;
        p.inner.dst = flow->ipv6_dst;
    } else {
        in6_addr_set_mapped_ipv4(&p.inner.src, flow->nw_src);
        in6_addr_set_mapped_ipv4(&p.inner.dst, flow->nw_dst);
    }
    if (kind->proto == IPPROTO_TCP || kind->proto == IPPROTO_UDP) {
        p.inner.sport = flow->tp_src;
        p.inner.dport = flow->tp_dst;
    }
    return p;
}
