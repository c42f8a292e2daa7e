/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of the fabric: how packets go from one host to another as tagged
 * frames, and what becomes of those that come in.
 *
 * On the fabric a frame's source MAC is that of the NIC that sends it, its
 * destination MAC that of the NIC that gets it: the next EE on the path of
 * the packet, which is a gateway or the receiver.  So who has sent a packet,
 * and where on its path it is, follows from MACs and addresses, as if it had
 * come from a port.  It passes the same checks as if it had, and at each edge
 * the connection tracking of the host that the NIC at that edge is on. */

#include <config.h>

#include "ovs-tvd/pipeline-flows.h"

#include <netinet/icmp6.h>
#include "lib/model.h"
#include "openvswitch/ofp-actions.h"
#include "ovs-tvd/flow-maker.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "util.h"

#define STATIC(TABLE) pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_##TABLE)

static uint64_t
tvd_cookie(const struct model_tvd *tvd)
{
    return pipeline_cookie(PIPELINE_COOKIE_TVD, tvd->id);
}

/* Neighbours are answered for by each host itself.  Reverse ARP is what a host
 * announces an EE to the switches with. */
static void
make_arrived_neighbour(struct maker *m)
{
    static const uint16_t types[] = { ETH_TYPE_ARP, PIPELINE_ETH_TYPE_RARP };
    static const uint8_t nd_types[] = {
        ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT,
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        match_set_dl_type(&m->match, htons(types[i]));
        on_field(m, F_FABRIC, 1);
        make_drop(m, TABLE_SOURCE_ADDRESS, 30, DROP_NEIGHBOUR);
    }
    for (size_t i = 0; i < ARRAY_SIZE(nd_types); i++) {
        on_icmp6(m, nd_types[i]);
        on_field(m, F_FABRIC, 1);
        make_drop(m, TABLE_GUARD, 170, DROP_NEIGHBOUR);
    }
}

static void
make_arrived_destination(struct maker *m)
{
    /* What is for all of a TVD stays in its VLAN. */
    match_set_dl_dst_masked(&m->match,
                            (struct eth_addr) ETH_ADDR_C(01,00,00,00,00,00),
                            (struct eth_addr) ETH_ADDR_C(01,00,00,00,00,00));
    on_field(m, F_FABRIC, 1);
    on_field(m, F_OWN_TAG, 0);
    make_drop(m, TABLE_DESTINATION, 110, DROP_FABRIC_TAG);

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        match_set_dl_type(&m->match,
                          htons(ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP));
        on_field(m, F_FABRIC, 1);
        do_lookup(m, ipv6 ? F_IPV6_DST : F_IPV4_DST);
        do_resubmit(m, TABLE_ARRIVED);
        make_flow(m, TABLE_DESTINATION, 20, STATIC(DESTINATION));
    }
    on_field(m, F_SAME, 1);
    make_drop(m, TABLE_ARRIVED, 200, DROP_UNKNOWN_DESTINATION);
    make_drop(m, TABLE_ARRIVED, 0, DROP_NOT_HERE);
}

void
pipeline_fabric_static_flows(struct maker *m)
{
    make_drop(m, TABLE_ARRIVAL, 0, DROP_FABRIC_SOURCE);
    make_arrived_neighbour(m);
    make_arrived_destination(m);

    /* A gateway forwards nothing that is for one link only. */
    on_ipv6_src(m, "fe80::", 10);
    make_drop(m, TABLE_VIA, 100, DROP_UNKNOWN_DESTINATION);
    on_ipv6_dst(m, "fe80::", 10);
    make_drop(m, TABLE_VIA, 100, DROP_UNKNOWN_DESTINATION);
    make_drop(m, TABLE_VIA, 0, DROP_TRANSIT);

    /* Sent on by a gateway's flow without having met its connection. */
    on_field(m, F_STEP, STEP_SOURCE);
    make_drop(m, TABLE_HANDOVER, 10, DROP_INVALID_STATE);
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_HANDOVER, 0, STATIC(HANDOVER));

    /* The TTL is the business of the host that routed the packet. */
    on_field(m, F_FABRIC, 1);
    do_resubmit(m, TABLE_PORT);
    make_flow(m, TABLE_OUTPUT, 30, STATIC(OUTPUT));
}

void
pipeline_uplink_flows(ofp_port_t uplink, bool watched,
                      struct flow_list *flows)
{
    struct maker m;

    maker_init(&m, flows);
    match_set_in_port(&m.match, uplink);
    match_set_vlan_vid(&m.match, htons(0));
    make_drop(&m, TABLE_CLASSIFY, 80, DROP_UNTAGGED);
    match_set_in_port(&m.match, uplink);
    if (watched) {
        do_show(&m);
    }
    make_flow(&m, TABLE_CLASSIFY, 70,
              pipeline_cookie(PIPELINE_COOKIE_DROP, DROP_FOREIGN_TAG));
    maker_uninit(&m);
}

void
pipeline_link_flows(uint32_t tvd_id, uint16_t vlan, ofp_port_t uplink,
                    bool carried, struct flow_list *flows)
{
    struct maker m;

    maker_init(&m, flows);
    match_set_in_port(&m.match, uplink);
    match_set_vlan_vid(&m.match, htons(VLAN_CFI | vlan));
    if (carried) {
        do_pop_vlan(&m);
        do_set(&m, F_FABRIC, 1);
        do_set(&m, F_LINK_TVD, tvd_id);
        do_resubmit(&m, TABLE_ARRIVAL);
        make_flow(&m, TABLE_CLASSIFY, 100,
                  pipeline_cookie(PIPELINE_COOKIE_TVD, tvd_id));
    } else {
        make_drop(&m, TABLE_CLASSIFY, 90, DROP_PRUNED_TAG);
    }
    maker_uninit(&m);
}

/* --- NICs. */

static void
do_arrived(struct maker *m)
{
    do_move(m, F_ADDR_NIC, F_DST_NIC);
    do_move(m, F_ADDR_ID, F_DST_ID);
}

static void
make_arrived(struct maker *m, const struct model_nic *nic, bool routed,
             uint16_t priority, uint64_t cookie)
{
    on_field(m, F_ADDR_NIC, nic->id);
    match_set_dl_dst(&m->match, nic->mac);
    if (routed) {
        do_set(m, F_ROUTED, 1);
    }
    do_arrived(m);
    /* What a gateway forwards finds its own step. */
    do_set(m, F_STEP, STEP_DELIVER);
    do_resubmit(m, TABLE_ROUTE);
    make_flow(m, TABLE_ARRIVED, priority, cookie);
}

void
pipeline_fabric_receiver(struct maker *m, const struct model_nic *nic)
{
    uint64_t cookie = pipeline_cookie(PIPELINE_COOKIE_NIC, nic->id);

    /* Within the TVD nothing else but its own VLAN; between two, that of
     * either. */
    on_field(m, F_PORT_TVD, nic->tvd->id);
    on_field(m, F_LINK_TVD, nic->tvd->id);
    make_arrived(m, nic, false, 100, cookie);
    on_field(m, F_LINK_TVD, nic->tvd->id);
    make_arrived(m, nic, true, 90, cookie);
    on_field(m, F_OWN_TAG, 1);
    make_arrived(m, nic, true, 80, cookie);
}

void
pipeline_fabric_remote(struct maker *m, const struct model_nic *nic,
                       const struct pipeline_place *place)
{
    uint64_t cookie = pipeline_cookie(PIPELINE_COOKIE_NIC, nic->id);
    bool others = false;

    for (size_t i = 0; i < place->n_ways; i++) {
        others |= place->ways[i].tvd_id != nic->tvd->id;

        on_field(m, F_OUT, nic->id);
        on_field(m, F_FABRIC, 0);
        on_field(m, F_PORT_TVD, place->ways[i].tvd_id);
        do_set_mac(m, F_ETH_DST, nic->mac);
        do_push_vlan(m, place->ways[i].vlan);
        do_output(m, place->uplink);
        make_flow(m, TABLE_PORT, 100, cookie);
    }

    /* Sender: its own tag, or that of a TVD it may reach here. */
    for (int own = 0; own < 1 + others; own++) {
        match_set_dl_src(&m->match, nic->mac);
        if (!own) {
            on_field(m, F_LINK_TVD, nic->tvd->id);
            do_set(m, F_OWN_TAG, 1);
        }
        do_set(m, F_SRC_NIC, nic->id);
        do_set(m, F_SRC_ID, maker_id(nic->role->id, nic->tvd->id));
        do_set(m, F_PORT_TVD, nic->tvd->id);
        do_resubmit(m, TABLE_SOURCE_ADDRESS);
        make_flow(m, TABLE_ARRIVAL, own ? 90 : 100, cookie);
    }

    on_field(m, F_DST_NIC, nic->id);
    on_field(m, F_FABRIC, 0);
    do_move(m, F_DST_NIC, F_OUT);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_HANDOVER, 100, cookie);

    /* Rule G inside its TVD, back from the gateway here: it is on its own host
     * that it has passed the edge of the TVD. */
    on_field(m, F_SRC_NIC, nic->id);
    on_field(m, F_STEP, STEP_RETURN);
    on_field(m, F_VERDICT, VERDICT_GATEWAY);
    do_resubmit(m, TABLE_COMMIT);
    do_set(m, F_STEP, STEP_DELIVER_G);
    do_resubmit(m, TABLE_HANDOVER);
    make_flow(m, TABLE_VERDICT, 70, cookie);
}

/* --- Gateways. */

/* Frames to the MAC of the gateway of 'tvd', with a packet for somebody
 * else. */
static void
make_to_gateway(struct maker *m, const struct model_tvd *tvd)
{
    for (int own_tag = 0; own_tag < 2; own_tag++) {
        on_field(m, F_ADDR_KIND, ADDR_KIND_NIC);
        match_set_dl_dst(&m->match, tvd->gateway->mac);
        if (own_tag) {
            on_field(m, F_OWN_TAG, 1);
        } else {
            on_field(m, F_LINK_TVD, tvd->id);
        }
        do_arrived(m);
        do_set(m, F_OUT, tvd->gateway->id);
        do_resubmit(m, TABLE_VIA);
        make_flow(m, TABLE_ARRIVED, 50 - own_tag, tvd_cookie(tvd));
    }
}

/* A packet from an EE of 'tvd' for 'to', on its way to the gateway of 'tvd';
 * the edge of 'tvd' it has passed on its own host. */
static void
make_via(struct maker *m, const struct model_tvd *tvd,
         const struct model_tvd *to)
{
    on_field(m, F_OUT, tvd->gateway->id);
    on_field(m, F_PORT_TVD, tvd->id);
    on_field(m, F_LINK_TVD, tvd->id);
    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, to->id);
    on_field(m, F_TRANSIT, 0);
    do_set(m, F_ROUTED, 1);
    do_resubmit(m, TABLE_PORT);
    make_flow(m, TABLE_VIA, 50, tvd_cookie(tvd));
}

/* Verdict "through gateways" for a packet that came straight from, or is for,
 * the gateway itself. */
static void
make_end_inside(struct maker *m, const struct model_tvd *tvd,
                enum maker_field end)
{
    on_field(m, F_STEP, STEP_DELIVER);
    on_field(m, F_VERDICT, VERDICT_GATEWAY);
    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, tvd->id);
    on_field(m, end, tvd->gateway->id);
    do_resubmit(m, TABLE_COMMIT);
    do_move(m, F_DST_NIC, F_OUT);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_VERDICT, 55, tvd_cookie(tvd));
}

void
pipeline_fabric_gateway(struct maker *m, const struct model_tvd *tvd)
{
    make_to_gateway(m, tvd);
    make_via(m, tvd, tvd);
    make_end_inside(m, tvd, F_SRC_NIC);
    make_end_inside(m, tvd, F_DST_NIC);

    /* Back into its TVD, to an EE on another host than the gateway's: there
     * is the edge to pass. */
    on_field(m, F_FABRIC, 1);
    on_field(m, F_TRANSIT, 1);
    on_field(m, F_PORT_TVD, tvd->id);
    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, tvd->id);
    do_set(m, F_STEP, STEP_DELIVER_G);
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_TRANSIT, 40, tvd_cookie(tvd));
}

void
pipeline_fabric_behalf(struct maker *m, const struct model_tvd *tvd)
{
    /* About a connection that only the host at its other end knows. */
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        on_proto(m, ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP,
                 ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
        on_field(m, F_SRC_NIC, tvd->gateway->id);
        on_field(m, F_DST_TVD, tvd->id);
        on_field(m, F_STEP, STEP_SOURCE);
        on_ct_state(m, CS_TRACKED | CS_INVALID, 0);
        do_resubmit(m, TABLE_HANDOVER);
        make_flow(m, TABLE_TRACK, 96, tvd_cookie(tvd));
    }
}

void
pipeline_fabric_leg(struct maker *m, const struct model_tvd *a,
                    const struct model_tvd *b)
{
    make_via(m, a, b);

    /* From one gateway to the other: forwarded, or its own. */
    for (int transit = 0; transit < 2; transit++) {
        on_field(m, F_OUT, b->gateway->id);
        on_field(m, F_PORT_TVD, a->id);
        on_field(m, F_SRC_TVD, a->id);
        on_field(m, F_DST_TVD, b->id);
        on_field(m, F_TRANSIT, transit);
        if (!transit) {
            on_field(m, F_SRC_NIC, a->gateway->id);
        }
        do_set(m, F_STEP, STEP_LEG);
        do_set(m, F_ZONE, pipeline_zone_leg(a->id, b->id));
        do_resubmit(m, TABLE_EDGE);
        make_flow(m, TABLE_VIA, 50, tvd_cookie(a));
    }

    /* Its own, to the other one: only now it is known that the path is that
     * of rule G. */
    on_field(m, F_STEP, STEP_DELIVER);
    on_field(m, F_VERDICT, VERDICT_GATEWAY);
    on_field(m, F_SRC_TVD, a->id);
    on_field(m, F_DST_TVD, b->id);
    on_field(m, F_SRC_NIC, a->gateway->id);
    on_field(m, F_DST_NIC, b->gateway->id);
    do_set(m, F_STEP, STEP_LEG);
    do_set(m, F_ZONE, pipeline_zone_leg(a->id, b->id));
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_VERDICT, 55, tvd_cookie(a));
}
