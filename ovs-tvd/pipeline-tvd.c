/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of one TVD: its router, its gateway, its roles.  The matrix is in
 * pipeline-matrix.c. */

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

static uint64_t
tvd_cookie(const struct model_tvd *tvd)
{
    return pipeline_cookie(PIPELINE_COOKIE_TVD, tvd->id);
}

/* The router's addresses, and what is sent to its MAC. */
static void
make_router(struct maker *m, const struct model_tvd *tvd)
{
    for (size_t i = 0; i < tvd->n_subnets; i++) {
        union mf_value key;

        memset(&key, 0, sizeof key);
        key.ipv6 = tvd->subnets[i].router;
        if (ipv6_is_zero(&key.ipv6)) {
            continue;
        }
        mf_set_value(mf_from_id(MFF_XXREG3), &key, &m->match, NULL);
        do_set(m, F_ADDR_ID, maker_id(0, tvd->id));
        do_set_mac(m, F_ADDR_MAC, tvd->router_mac);
        do_set(m, F_ADDR_KIND, ADDR_KIND_ROUTER);
        make_flow(m, TABLE_ADDRESS, 100, tvd_cookie(tvd));
    }

    on_field(m, F_PORT_TVD, tvd->id);
    on_field(m, F_ADDR_KIND, ADDR_KIND_NIC);
    match_set_dl_dst(&m->match, tvd->router_mac);
    do_set(m, F_ROUTED, 1);
    do_move(m, F_ADDR_NIC, F_DST_NIC);
    do_move(m, F_ADDR_ID, F_DST_ID);
    do_resubmit(m, TABLE_ROUTE);
    make_flow(m, TABLE_RECEIVER, 100, tvd_cookie(tvd));

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        if (ipv6) {
            on_icmp6(m, ICMP6_ECHO_REQUEST);
        } else {
            on_icmp4(m, ICMP4_ECHO_REQUEST);
        }
        match_set_icmp_code(&m->match, 0);
        match_set_nw_frag(&m->match, 0);
        match_set_dl_dst(&m->match, tvd->router_mac);
        on_field(m, F_PORT_TVD, tvd->id);
        on_field(m, F_ADDR_TVD, tvd->id);
        on_field(m, F_ADDR_KIND, ADDR_KIND_ROUTER);
        on_field(m, F_TRANSIT, 0);
        do_resubmit(m, TABLE_REPLY);
        make_flow(m, TABLE_RECEIVER, 100, tvd_cookie(tvd));
    }
}

/* Addresses of the TVD are known to those in it. */
static void
make_neighbours(struct maker *m, const struct model_tvd *tvd)
{
    on_field(m, F_PORT_TVD, tvd->id);
    on_field(m, F_ADDR_TVD, tvd->id);
    match_set_dl_type(&m->match, htons(ETH_TYPE_ARP));
    do_resubmit(m, TABLE_REPLY);
    make_flow(m, TABLE_ANSWER, 50, tvd_cookie(tvd));

    on_field(m, F_PORT_TVD, tvd->id);
    on_field(m, F_ADDR_TVD, tvd->id);
    on_icmp6(m, ND_NEIGHBOR_SOLICIT);
    do_set(m, F_ICMP6_TYPE, ND_NEIGHBOR_ADVERT);
    do_resubmit(m, TABLE_REPLY);
    make_flow(m, TABLE_ANSWER, 50, tvd_cookie(tvd));
}

/* Directed broadcast, if it is a broadcast frame too. */
static void
make_directed_broadcast(struct maker *m, const struct model_tvd *tvd)
{
    for (size_t i = 0; i < tvd->n_subnets; i++) {
        const struct model_subnet *subnet = &tvd->subnets[i];
        ovs_be32 hosts;

        if (subnet->ipv6 || subnet->plen > 30) {
            continue;
        }
        hosts = htonl(UINT32_MAX >> subnet->plen);
        match_set_dl_type(&m->match, htons(ETH_TYPE_IP));
        match_set_dl_dst(&m->match, eth_addr_broadcast);
        match_set_nw_dst(&m->match,
                         in6_addr_get_mapped_ipv4(&subnet->addr) | hosts);
        on_field(m, F_PORT_TVD, tvd->id);
        on_field(m, F_TRANSIT, 0);
        do_resubmit(m, TABLE_FLOOD);
        make_flow(m, TABLE_DESTINATION, 100, tvd_cookie(tvd));
    }
}

/* What a role may send that others may not. */
static void
make_provides(struct maker *m, const struct model_role *role)
{
    static const struct {
        uint16_t dl_type, server;
    } versions[] = { { ETH_TYPE_IP, 67 }, { ETH_TYPE_IPV6, 547 } };

    if (role->provides & MODEL_PROVIDES_RA) {
        on_icmp6(m, ND_ROUTER_ADVERT);
        match_set_icmp_code(&m->match, 0);
        on_ipv6_src(m, "fe80::", 10);
        match_set_nw_ttl(&m->match, 255);
        match_set_nw_frag(&m->match, 0);
        on_field(m, F_SRC_ROLE, role->id);
        on_field(m, F_TRANSIT, 0);
        do_resubmit(m, TABLE_DESTINATION);
        make_flow(m, TABLE_GUARD, 160, tvd_cookie(role->tvd));
    }
    for (size_t i = 0; i < ARRAY_SIZE(versions)
                       && role->provides & MODEL_PROVIDES_DHCP; i++) {
        on_proto(m, versions[i].dl_type, IPPROTO_UDP);
        match_set_tp_src(&m->match, htons(versions[i].server));
        on_field(m, F_SRC_ROLE, role->id);
        on_field(m, F_TRANSIT, 0);
        do_resubmit(m, TABLE_DESTINATION);
        make_flow(m, TABLE_GUARD, 160, tvd_cookie(role->tvd));
    }
}

/* An ICMP error of the gateway about a connection that it is on the path of:
 * it speaks for the end that the error should come from.  One of the ends is
 * in its TVD, which 'where' says: zones do not tell, since the leg between two
 * gateways may share its zone with another. */
static void
make_behalf_of(struct maker *m, const struct model_tvd *tvd,
               enum maker_field where, uint16_t priority)
{
    on_field(m, F_SRC_NIC, tvd->gateway->id);
    on_field(m, F_ADDR_KIND, ADDR_KIND_NIC);
    on_field(m, where, tvd->id);
    on_ct_state(m, CS_TRACKED | CS_RELATED | CS_REPLY_DIR, CS_INVALID);
    do_set(m, F_BEHALF, 1);
    do_move(m, F_DST_ROLE, F_FROM_ROLE);
    do_move(m, F_ADDR_TVD, F_TO_TVD);
    do_move(m, F_ADDR_ROLE, F_TO_ROLE);
    do_move(m, F_ADDR_NIC, F_TO_NIC);
    do_resubmit(m, TABLE_EVALUATE);
    make_flow(m, TABLE_RELATED, priority, tvd_cookie(tvd));

    on_field(m, F_SRC_NIC, tvd->gateway->id);
    on_field(m, F_ADDR_KIND, ADDR_KIND_NIC);
    on_field(m, where, tvd->id);
    on_ct_state(m, CS_TRACKED | CS_RELATED, CS_REPLY_DIR | CS_INVALID);
    do_set(m, F_BEHALF, 1);
    do_move(m, F_ADDR_ROLE, F_FROM_ROLE);
    do_move(m, F_DST_TVD, F_TO_TVD);
    do_move(m, F_DST_ROLE, F_TO_ROLE);
    do_move(m, F_DST_NIC, F_TO_NIC);
    do_resubmit(m, TABLE_EVALUATE);
    make_flow(m, TABLE_RELATED, priority, tvd_cookie(tvd));
}

static void
make_behalf(struct maker *m, const struct model_tvd *tvd)
{
    make_behalf_of(m, tvd, F_ADDR_TVD, 41);
    make_behalf_of(m, tvd, F_DST_TVD, 40);

    /* What it refuses has never reached the edge that its own packets pass
     * first; so look for the connection on the leg before giving up.  Inside
     * its TVD there is one edge only. */
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        /* It may have nothing to do with that end but for the error. */
        on_proto(m, ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP,
                 ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
        on_field(m, F_SRC_NIC, tvd->gateway->id);
        on_field(m, F_REVERSE, REVERSE_NONE);
        do_resubmit(m, TABLE_EDGE);
        make_flow(m, TABLE_FORWARD, 25, tvd_cookie(tvd));

        on_proto(m, ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP,
                 ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
        on_field(m, F_SRC_NIC, tvd->gateway->id);
        on_field(m, F_STEP, STEP_SOURCE);
        on_ct_state(m, CS_TRACKED | CS_INVALID, 0);
        do_resubmit(m, TABLE_GATEWAY);
        make_flow(m, TABLE_TRACK, 90, tvd_cookie(tvd));
    }
    on_field(m, F_SRC_NIC, tvd->gateway->id);
    on_field(m, F_DST_TVD, tvd->id);
    on_ct_state(m, CS_TRACKED | CS_INVALID, 0);
    make_drop(m, TABLE_TRACK, 95, DROP_INVALID_STATE);
    pipeline_fabric_behalf(m, tvd);
}

/* A packet from the gateway's port with somebody else's source. */
static void
make_transit(struct maker *m, const struct model_tvd *tvd)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        match_set_dl_type(&m->match,
                          htons(ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP));
        on_field(m, F_SRC_NIC, tvd->gateway->id);
        on_field(m, F_ADDR_KIND, ADDR_KIND_NIC);
        do_set(m, F_TRANSIT, 1);
        do_move(m, F_ADDR_NIC, F_SRC_NIC);
        do_move(m, F_ADDR_ID, F_SRC_ID);
        do_resubmit(m, TABLE_GUARD);
        make_flow(m, TABLE_SOURCE_CHECK, 50, tvd_cookie(tvd));
    }

    on_field(m, F_TRANSIT, 1);
    on_field(m, F_PORT_TVD, tvd->id);
    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, tvd->id);
    do_set(m, F_STEP, STEP_RETURN);
    do_set(m, F_ZONE, pipeline_zone_leg(tvd->id, tvd->id));
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_TRANSIT, 30, tvd_cookie(tvd));
}

/* What leads to the gateway: from its own TVD when both ends are in it, and
 * from other gateways. */
static void
make_approach(struct maker *m, const struct model_tvd *tvd)
{
    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, tvd->id);
    on_field(m, F_SRC_NIC, tvd->gateway->id);
    do_resubmit(m, TABLE_COMMIT);
    do_move(m, F_DST_NIC, F_OUT);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_GATEWAY, 50, tvd_cookie(tvd));

    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, tvd->id);
    on_field(m, F_DST_NIC, tvd->gateway->id);
    do_resubmit(m, TABLE_COMMIT);
    do_move(m, F_DST_NIC, F_OUT);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_GATEWAY, 45, tvd_cookie(tvd));

    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, tvd->id);
    do_resubmit(m, TABLE_COMMIT);
    do_set(m, F_OUT, tvd->gateway->id);
    do_set(m, F_ROUTED, 1);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_GATEWAY, 40, tvd_cookie(tvd));

    on_field(m, F_DST_TVD, tvd->id);
    on_field(m, F_DST_NIC, tvd->gateway->id);
    do_resubmit(m, TABLE_COMMIT);
    do_set(m, F_STEP, STEP_DELIVER_G);
    do_resubmit(m, TABLE_HANDOVER);
    make_flow(m, TABLE_LEG, 50, tvd_cookie(tvd));

    on_field(m, F_DST_TVD, tvd->id);
    do_resubmit(m, TABLE_COMMIT);
    do_set(m, F_OUT, tvd->gateway->id);
    do_set(m, F_ROUTED, 1);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_LEG, 40, tvd_cookie(tvd));
}

/* Verdict "direct" with both ends in the TVD: one edge, passed. */
static void
make_inside(struct maker *m, const struct model_tvd *tvd)
{
    on_field(m, F_SRC_TVD, tvd->id);
    on_field(m, F_DST_TVD, tvd->id);
    on_field(m, F_STEP, STEP_SOURCE);
    on_field(m, F_VERDICT, VERDICT_DIRECT);
    do_resubmit(m, TABLE_COUNT);
    do_resubmit(m, TABLE_COMMIT);
    do_move(m, F_DST_NIC, F_OUT);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_VERDICT, 60, tvd_cookie(tvd));
}

void
pipeline_tvd_flows(const struct model *model, const struct model_tvd *tvd,
                   struct flow_list *flows)
{
    struct shash_node *node;
    struct maker m;

    maker_init(&m, flows);
    make_router(&m, tvd);
    make_neighbours(&m, tvd);
    make_directed_broadcast(&m, tvd);
    make_inside(&m, tvd);
    if (tvd->gateway && tvd->gateway->id) {
        make_transit(&m, tvd);
        make_approach(&m, tvd);
        make_behalf(&m, tvd);
        pipeline_fabric_gateway(&m, tvd);
    }
    SHASH_FOR_EACH (node, &tvd->roles) {
        const struct model_role *role = node->data;

        if (role->id) {
            make_provides(&m, role);
        }
    }
    pipeline_matrix_flows(model, tvd, &m);
    maker_uninit(&m);
}
