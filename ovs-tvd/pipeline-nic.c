/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of one NIC, and of the lists of ports that broadcasts go to. */

#include <config.h>

#include "ovs-tvd/pipeline-flows.h"

#include <netinet/icmp6.h>
#include "lib/model.h"
#include "openvswitch/meta-flow.h"
#include "ovs-tvd/flow-maker.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "util.h"

/* That 'addr' is the NIC's. */
static void
make_address(struct maker *m, const struct model_nic *nic,
             const struct in6_addr *addr, uint64_t cookie)
{
    union mf_value key;

    memset(&key, 0, sizeof key);
    key.ipv6 = *addr;
    mf_set_value(mf_from_id(MFF_XXREG3), &key, &m->match, NULL);
    do_set(m, F_ADDR_NIC, nic->id);
    do_set(m, F_ADDR_ID, maker_id(nic->role->id, nic->tvd->id));
    do_set_mac(m, F_ADDR_MAC, nic->mac);
    do_set(m, F_ADDR_KIND, ADDR_KIND_NIC);
    make_flow(m, TABLE_ADDRESS, 100, cookie);

    on_ct_state(m, CS_TRACKED | CS_RELATED, CS_REPLY_DIR | CS_INVALID);
    if (IN6_IS_ADDR_V4MAPPED(addr)) {
        match_set_dl_type(&m->match, htons(ETH_TYPE_IP));
        match_set_ct_nw_src(&m->match, in6_addr_get_mapped_ipv4(addr));
    } else {
        match_set_dl_type(&m->match, htons(ETH_TYPE_IPV6));
        match_set_ct_ipv6_src(&m->match, addr);
    }
    do_set(m, F_ADDR_NIC, nic->id);
    do_set(m, F_ADDR_ID, maker_id(nic->role->id, nic->tvd->id));
    do_set(m, F_ADDR_KIND, ADDR_KIND_NIC);
    make_flow(m, TABLE_ORIGIN, 100, cookie);
}

/* An address that a NIC can have: a routable unicast address.  (The link-local
 * one follows from its MAC.) */
static bool
is_usable(const struct in6_addr *addr)
{
    if (IN6_IS_ADDR_V4MAPPED(addr)) {
        ovs_be32 ip = in6_addr_get_mapped_ipv4(addr);
        uint8_t first = ntohl(ip) >> 24;

        return first && first != 127 && first < 224;
    }
    return !(IN6_IS_ADDR_UNSPECIFIED(addr) || IN6_IS_ADDR_LOOPBACK(addr)
             || IN6_IS_ADDR_MULTICAST(addr) || IN6_IS_ADDR_LINKLOCAL(addr));
}

/* How others find and reach it. */
static void
make_presence(struct maker *m, const struct model_nic *nic, uint64_t cookie)
{
    struct in6_addr lla;

    in6_generate_lla(nic->mac, &lla);
    make_address(m, nic, &lla, cookie);
    for (size_t i = 0; i < nic->n_ips; i++) {
        if (is_usable(&nic->ips[i])) {
            make_address(m, nic, &nic->ips[i], cookie);
        }
    }

    on_field(m, F_SRC_NIC, nic->id);
    on_field(m, F_ADDR_NIC, nic->id);
    do_set(m, F_SAME, 1);
    make_flow(m, TABLE_SAME_NIC, 100, cookie);

    on_field(m, F_PORT_TVD, nic->tvd->id);
    on_field(m, F_ADDR_NIC, nic->id);
    match_set_dl_dst(&m->match, nic->mac);
    do_move(m, F_ADDR_NIC, F_DST_NIC);
    do_move(m, F_ADDR_ID, F_DST_ID);
    do_resubmit(m, TABLE_ROUTE);
    make_flow(m, TABLE_RECEIVER, 100, cookie);
}

/* How it sends from 'port'. */
static void
make_sender(struct maker *m, const struct model_nic *nic, ofp_port_t port,
            uint64_t cookie)
{
    match_set_in_port(&m->match, port);
    match_set_vlan_vid(&m->match, htons(0));
    do_set(m, F_SRC_NIC, nic->id);
    do_set(m, F_SRC_ID, maker_id(nic->role->id, nic->tvd->id));
    do_set(m, F_PORT_TVD, nic->tvd->id);
    do_resubmit(m, TABLE_SOURCE_MAC);
    make_flow(m, TABLE_CLASSIFY, 100, cookie);

    on_field(m, F_SRC_NIC, nic->id);
    match_set_dl_src(&m->match, nic->mac);
    do_resubmit(m, TABLE_SOURCE_ADDRESS);
    make_flow(m, TABLE_SOURCE_MAC, 100, cookie);

    on_field(m, F_SRC_NIC, nic->id);
    on_field(m, F_SAME, 1);
    match_set_dl_type(&m->match, htons(ETH_TYPE_ARP));
    match_set_arp_sha(&m->match, nic->mac);
    do_resubmit(m, TABLE_NEIGHBOUR);
    make_flow(m, TABLE_SOURCE_CHECK, 110, cookie);

    on_field(m, F_SRC_NIC, nic->id);
    on_icmp6(m, ND_NEIGHBOR_SOLICIT);
    match_set_arp_sha(&m->match, nic->mac);
    do_lookup(m, F_ND_TARGET);
    do_resubmit(m, TABLE_ANSWER);
    make_flow(m, TABLE_NEIGHBOUR, 100, cookie);
}

/* How it receives at 'port'. */
static void
make_receiver(struct maker *m, const struct model_nic *nic, ofp_port_t port,
              uint64_t cookie)
{
    on_field(m, F_OUT, nic->id);
    on_field(m, F_ROUTED, 0);
    do_output(m, port);
    make_flow(m, TABLE_PORT, 100, cookie);

    on_field(m, F_OUT, nic->id);
    on_field(m, F_ROUTED, 1);
    do_set_mac(m, F_ETH_SRC, nic->tvd->router_mac);
    do_set_mac(m, F_ETH_DST, nic->mac);
    do_output(m, port);
    make_flow(m, TABLE_PORT, 100, cookie);
}

void
pipeline_nic_flows(const struct model_nic *nic,
                   const struct pipeline_place *place, struct flow_list *flows)
{
    uint64_t cookie = pipeline_cookie(PIPELINE_COOKIE_NIC, nic->id);
    struct maker m;

    maker_init(&m, flows);
    make_presence(&m, nic, cookie);
    if (place->port != OFPP_NONE) {
        make_sender(&m, nic, place->port, cookie);
        make_receiver(&m, nic, place->port, cookie);
        if (place->uplink != OFPP_NONE) {
            pipeline_fabric_receiver(&m, nic);
        }
    } else if (place->remote) {
        pipeline_fabric_remote(&m, nic, place);
    }
    maker_uninit(&m);
}

void
pipeline_watch_flows(const struct model_nic *nic, ofp_port_t port,
                     struct flow_list *flows)
{
    struct maker m;

    maker_init(&m, flows);
    match_set_in_port(&m.match, port);
    match_set_vlan_vid(&m.match, htons(0));
    match_set_dl_src(&m.match, nic->mac);
    do_show(&m);
    make_flow(&m, TABLE_CLASSIFY, 60,
              pipeline_cookie(PIPELINE_COOKIE_NIC, nic->id));
    maker_uninit(&m);
}

static void
do_parts(struct maker *m, const uint32_t *parts, size_t n_parts)
{
    for (size_t i = 0; i < n_parts; i++) {
        do_set(m, F_OUT, parts[i]);
        do_resubmit(m, TABLE_FLOOD_PART);
    }
}

void
pipeline_flood_flows(uint32_t tvd_id, const uint32_t *parts, size_t n_parts,
                     ofp_port_t uplink, uint16_t vlan, struct flow_list *flows)
{
    uint64_t cookie = pipeline_cookie(PIPELINE_COOKIE_TVD, tvd_id);
    struct maker m;

    maker_init(&m, flows);
    on_field(&m, F_PORT_TVD, tvd_id);
    do_parts(&m, parts, n_parts);
    make_flow(&m, TABLE_FLOOD_TVD, 100, cookie);
    if (uplink != OFPP_NONE) {
        on_field(&m, F_PORT_TVD, tvd_id);
        on_field(&m, F_FABRIC, 0);
        do_parts(&m, parts, n_parts);
        do_push_vlan(&m, vlan);
        do_output(&m, uplink);
        make_flow(&m, TABLE_FLOOD_TVD, 110, cookie);
    }
    maker_uninit(&m);
}

void
pipeline_flood_part_flows(uint32_t tvd_id, uint32_t part,
                          const ofp_port_t *ports, size_t n_ports,
                          struct flow_list *flows)
{
    struct maker m;

    maker_init(&m, flows);
    on_field(&m, F_PORT_TVD, tvd_id);
    on_field(&m, F_OUT, part);
    for (size_t i = 0; i < n_ports; i++) {
        /* Open vSwitch never sends to the port that a packet came from. */
        do_output(&m, ports[i]);
    }
    make_flow(&m, TABLE_FLOOD_PART, 100,
              pipeline_cookie(PIPELINE_COOKIE_TVD, tvd_id));
    maker_uninit(&m);
}
