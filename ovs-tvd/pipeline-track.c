/* SPDX-License-Identifier: Apache-2.0
 *
 * The static flows of connection tracking: which way a connection was opened,
 * which matrix entry counts, and what to do with the verdict at each step of
 * the path.
 *
 * Tracking answers one question only: which way was it opened.  The entry of
 * that direction is evaluated for every packet. */

#include <config.h>

#include "ovs-tvd/pipeline-flows.h"

#include "openvswitch/ofp-actions.h"
#include "ovs-tvd/flow-maker.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "util.h"

#define STATIC(TABLE) pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_##TABLE)

static void
on_ip_version(struct maker *m, bool ipv6)
{
    match_set_dl_type(&m->match, htons(ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP));
}

static void
make_edge_step(struct maker *m, enum maker_step step, bool ipv6)
{
    on_ip_version(m, ipv6);
    on_field(m, F_STEP, step);
    do_set(m, F_AFRESH, 0);
    switch (step) {
    case STEP_SOURCE:
        do_set(m, F_ZONE, 0);
        do_move(m, F_SRC_TVD15, F_ZONE_TVD15);
        break;
    case STEP_DELIVER:
    case STEP_DELIVER_G:
        do_set(m, F_ZONE, 0);
        do_move(m, F_DST_TVD15, F_ZONE_TVD15);
        break;
    case STEP_LEG:
    case STEP_RETURN:
        /* Who chose the step has set the zone. */
        break;
    }
    do_ct(m, TABLE_TRACK);
    make_flow(m, TABLE_EDGE, 10, STATIC(EDGE));
}

static void
make_commit(struct maker *m, bool ipv6)
{
    on_ip_version(m, ipv6);
    on_ct_state(m, CS_TRACKED | CS_NEW,
                CS_INVALID | CS_RELATED | CS_REPLY_DIR);
    do_ct_commit(m);
    make_flow(m, TABLE_COMMIT, 10, STATIC(COMMIT));
}

static void
make_edge(struct maker *m)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        make_edge_step(m, STEP_SOURCE, ipv6);
        make_edge_step(m, STEP_DELIVER, ipv6);
        make_edge_step(m, STEP_LEG, ipv6);
        make_edge_step(m, STEP_DELIVER_G, ipv6);
        make_edge_step(m, STEP_RETURN, ipv6);
        make_commit(m, ipv6);
    }
    make_drop(m, TABLE_EDGE, 0, DROP_ETHERTYPE);
}

/* The connection was opened in the direction of this packet. */
static void
do_orient_forward(struct maker *m)
{
    do_move(m, F_SRC_ROLE, F_FROM_ROLE);
    do_move(m, F_DST_TVD, F_TO_TVD);
    do_move(m, F_DST_ROLE, F_TO_ROLE);
    do_move(m, F_DST_NIC, F_TO_NIC);
    do_resubmit(m, TABLE_EVALUATE);
}

/* In the opposite direction. */
static void
do_orient_reply(struct maker *m)
{
    do_move(m, F_DST_ROLE, F_FROM_ROLE);
    do_move(m, F_SRC_TVD, F_TO_TVD);
    do_move(m, F_SRC_ROLE, F_TO_ROLE);
    do_move(m, F_SRC_NIC, F_TO_NIC);
    do_resubmit(m, TABLE_EVALUATE);
}

/* An ICMP error: look up the end of the connection that it should come from,
 * the one it does not go to. */
static void
make_track_related(struct maker *m)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        on_ip_version(m, ipv6);
        on_ct_state(m, CS_TRACKED | CS_RELATED | CS_REPLY_DIR, CS_INVALID);
        do_lookup(m, ipv6 ? F_CT_IPV6_DST : F_CT_IPV4_DST);
        do_resubmit(m, TABLE_RELATED);
        make_flow(m, TABLE_TRACK, 80, STATIC(TRACK));

        on_ip_version(m, ipv6);
        on_ct_state(m, CS_TRACKED | CS_RELATED, CS_REPLY_DIR | CS_INVALID);
        do_lookup_origin(m);
        do_resubmit(m, TABLE_RELATED);
        make_flow(m, TABLE_TRACK, 80, STATIC(TRACK));
    }

    on_ct_state(m, CS_TRACKED | CS_RELATED | CS_REPLY_DIR, CS_INVALID);
    on_field(m, F_SAME, 1);
    do_orient_reply(m);
    make_flow(m, TABLE_RELATED, 50, STATIC(RELATED));
    on_ct_state(m, CS_TRACKED | CS_RELATED, CS_REPLY_DIR | CS_INVALID);
    on_field(m, F_SAME, 1);
    do_orient_forward(m);
    make_flow(m, TABLE_RELATED, 50, STATIC(RELATED));
    make_drop(m, TABLE_RELATED, 0, DROP_RELATED);
}

/* For a packet that is not allowed in the direction in which its connection
 * was once opened, but may be in its own. */
static void
make_other_way(struct maker *m, enum pipeline_table table)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        on_ip_version(m, ipv6);
        on_ct_state(m, CS_TRACKED | CS_ESTABLISHED | CS_REPLY_DIR,
                    CS_INVALID | CS_RELATED);
        do_set(m, F_AFRESH, 1);
        do_ct_afresh(m, TABLE_TRACK);
        make_flow(m, table, 20,
                  pipeline_cookie(PIPELINE_COOKIE_STATIC, table));
    }
}

static void
make_track(struct maker *m)
{
    make_track_related(m);

    on_ct_state(m, CS_TRACKED | CS_ESTABLISHED | CS_REPLY_DIR,
                CS_INVALID | CS_RELATED);
    do_orient_reply(m);
    make_flow(m, TABLE_TRACK, 70, STATIC(TRACK));
    on_ct_state(m, CS_TRACKED | CS_ESTABLISHED,
                CS_INVALID | CS_RELATED | CS_REPLY_DIR);
    do_orient_forward(m);
    make_flow(m, TABLE_TRACK, 70, STATIC(TRACK));
    on_ct_state(m, CS_TRACKED | CS_NEW,
                CS_INVALID | CS_RELATED | CS_REPLY_DIR | CS_ESTABLISHED);
    do_orient_forward(m);
    make_flow(m, TABLE_TRACK, 70, STATIC(TRACK));

    make_drop(m, TABLE_TRACK, 0, DROP_INVALID_STATE);
    make_other_way(m, TABLE_EVALUATE);
    make_drop(m, TABLE_EVALUATE, 0, DROP_NO_RULE);
}

static void
on_verdict(struct maker *m, enum maker_step step, enum maker_verdict verdict)
{
    on_field(m, F_STEP, step);
    on_field(m, F_VERDICT, verdict);
}

static void
make_verdict(struct maker *m)
{
    static const struct {
        enum maker_step step;
        enum maker_verdict verdict;
    } last[] = {
        { STEP_DELIVER, VERDICT_DIRECT },
        { STEP_DELIVER_G, VERDICT_GATEWAY },
        { STEP_RETURN, VERDICT_GATEWAY },
    };

    /* A gateway reports about others only where it is on the path. */
    on_field(m, F_BEHALF, 1);
    on_field(m, F_VERDICT, VERDICT_DIRECT);
    make_drop(m, TABLE_VERDICT, 100, DROP_RELATED);

    on_verdict(m, STEP_SOURCE, VERDICT_DIRECT);
    do_resubmit(m, TABLE_COUNT);
    do_resubmit(m, TABLE_COMMIT);
    do_set(m, F_STEP, STEP_DELIVER);
    do_resubmit(m, TABLE_HANDOVER);
    make_flow(m, TABLE_VERDICT, 50, STATIC(VERDICT));

    on_verdict(m, STEP_SOURCE, VERDICT_GATEWAY);
    do_resubmit(m, TABLE_COUNT);
    do_resubmit(m, TABLE_GATEWAY);
    make_flow(m, TABLE_VERDICT, 50, STATIC(VERDICT));

    on_verdict(m, STEP_LEG, VERDICT_GATEWAY);
    do_resubmit(m, TABLE_LEG);
    make_flow(m, TABLE_VERDICT, 50, STATIC(VERDICT));

    for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
        on_verdict(m, last[i].step, last[i].verdict);
        do_resubmit(m, TABLE_COMMIT);
        do_move(m, F_DST_NIC, F_OUT);
        do_resubmit(m, TABLE_OUTPUT);
        make_flow(m, TABLE_VERDICT, 50, STATIC(VERDICT));
    }

    make_other_way(m, TABLE_VERDICT);
    make_drop(m, TABLE_VERDICT, 0, DROP_WRONG_PATH);
    make_other_way(m, TABLE_GATEWAY);
    make_drop(m, TABLE_GATEWAY, 0, DROP_NO_GATEWAY);
    make_drop(m, TABLE_LEG, 0, DROP_NO_GATEWAY);
}

void
pipeline_static_track_flows(struct maker *m)
{
    make_edge(m);
    make_track(m);
    make_verdict(m);
}
