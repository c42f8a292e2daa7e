/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of the matrix entries from one TVD's roles. */

#include <config.h>

#include "ovs-tvd/pipeline-flows.h"

#include "lib/model.h"
#include "ovs-tvd/flow-maker.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "util.h"

/* An entry to be written: what counts of a rule, or of the default. */
struct entry {
    const struct model_role *from;
    const struct model_tvd *to;
    enum model_action action;
    const struct model_rule *rule; /* NULL: the default. */
    uint64_t pass, drop;        /* Cookies. */
};

/* One restriction of the peer of an evaluation: its role or NIC, if not 0. */
struct peer {
    uint32_t role;
    uint32_t nic;
};

/* The entry as seen by packets in the opposite direction: is it worth asking
 * the connection tracker? */
static void
make_reverse(struct maker *m, const struct entry *e)
{
    if (e->action == MODEL_NONE) {
        return;
    }
    on_field(m, F_DST_ROLE, e->from->id);
    on_field(m, F_SRC_TVD, e->to->id);
    do_set(m, F_REVERSE, (e->action == MODEL_UNRESTRICTED
                          ? REVERSE_UNRESTRICTED : REVERSE_CONDITIONAL));
    do_resubmit(m, TABLE_FORWARD);
    make_flow(m, TABLE_REVERSE, 10,
              pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_REVERSE));
}

static void
on_forward(struct maker *m, const struct entry *e)
{
    on_field(m, F_SRC_ROLE, e->from->id);
    on_field(m, F_DST_TVD, e->to->id);
}

/* The entry as seen by packets in its direction: decide here, or track. */
static void
make_forward(struct maker *m, const struct entry *e)
{
    if (e->action == MODEL_UNRESTRICTED) {
        on_forward(m, e);
        on_field(m, F_REVERSE, REVERSE_UNRESTRICTED);
        do_move(m, F_DST_NIC, F_OUT);
        do_resubmit(m, TABLE_OUTPUT);
        make_flow(m, TABLE_FORWARD, 20, e->pass);
    } else if (e->action == MODEL_NONE) {
        on_forward(m, e);
        on_field(m, F_REVERSE, REVERSE_NONE);
        make_flow(m, TABLE_FORWARD, 20, e->drop);
    }
    on_forward(m, e);
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_FORWARD, 10,
              pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_FORWARD));
}

static void
on_evaluate(struct maker *m, const struct entry *e, const struct peer *peer)
{
    on_field(m, F_FROM_ROLE, e->from->id);
    on_field(m, F_TO_TVD, e->to->id);
    if (peer && peer->role) {
        on_field(m, F_TO_ROLE, peer->role);
    }
    if (peer && peer->nic) {
        on_field(m, F_TO_NIC, peer->nic);
    }
    /* Without this there would be no original direction to match on. */
    on_ct_state(m, CS_TRACKED, CS_INVALID);
}

/* A packet may come by once in each zone, and is counted in the first. */
static void
make_pass(struct maker *m, const struct entry *e)
{
    if (e->rule) {
        do_set(m, F_RULE, e->rule->id);
    }
    do_set(m, F_VERDICT, (e->action == MODEL_G
                          ? VERDICT_GATEWAY : VERDICT_DIRECT));
    do_resubmit(m, TABLE_VERDICT);
    make_flow(m, TABLE_EVALUATE, 100,
              pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_EVALUATE));
}

/* Calls make_pass() for each block of ports, aligned to a power of two, that
 * makes up min..max. */
static void
make_port_range(struct maker *m, const struct entry *e,
                const struct peer *peer, const struct model_service *service)
{
    uint32_t port = service->port_min;

    while (port <= service->port_max) {
        uint32_t size = maker_port_block(port, service->port_max);

        on_evaluate(m, e, peer);
        match_set_ct_nw_proto(&m->match, service->proto);
        match_set_ct_tp_dst_masked(&m->match, htons(port),
                                   htons(0x10000 - size));
        make_pass(m, e);
        port += size;
    }
}

static void
make_service(struct maker *m, const struct entry *e, const struct peer *peer,
             const struct model_service *service)
{
    if (!service->any_port) {
        make_port_range(m, e, peer, service);
    } else if (service->proto == IPPROTO_ICMP) {
        /* "icmp" stands for the one of the IP version. */
        on_evaluate(m, e, peer);
        match_set_dl_type(&m->match, htons(ETH_TYPE_IP));
        match_set_ct_nw_proto(&m->match, IPPROTO_ICMP);
        make_pass(m, e);
        on_evaluate(m, e, peer);
        match_set_dl_type(&m->match, htons(ETH_TYPE_IPV6));
        match_set_ct_nw_proto(&m->match, IPPROTO_ICMPV6);
        make_pass(m, e);
    } else {
        on_evaluate(m, e, peer);
        match_set_ct_nw_proto(&m->match, service->proto);
        make_pass(m, e);
    }
}

static void
make_services(struct maker *m, const struct entry *e, const struct peer *peer)
{
    if (!e->rule || !e->rule->n_services) {
        on_evaluate(m, e, peer);
        make_pass(m, e);
        return;
    }
    for (size_t i = 0; i < e->rule->n_services; i++) {
        make_service(m, e, peer, &e->rule->services[i]);
    }
}

static void
make_peers(struct maker *m, const struct model *model, const struct entry *e)
{
    const struct model_rule *rule = e->rule;
    const char *name;

    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        struct peer peer = { .role = rule->peer_roles[i]->id };

        if (peer.role) {
            make_services(m, e, &peer);
        }
    }
    SSET_FOR_EACH (name, &rule->peer_ees) {
        const struct model_ee *ee = model_ee_find(model, name);

        for (size_t i = 0; ee && i < ee->n_nics; i++) {
            struct peer peer = { .nic = ee->nics[i]->id };

            if (ee->nics[i]->tvd == e->to && peer.nic) {
                make_services(m, e, &peer);
            }
        }
    }
}

/* The entry on the original direction of a connection. */
static void
make_evaluate(struct maker *m, const struct model *model,
              const struct entry *e)
{
    switch (e->action) {
    case MODEL_NONE:
        break;
    case MODEL_UNRESTRICTED:
        on_evaluate(m, e, NULL);
        make_pass(m, e);
        break;
    case MODEL_P:
        make_peers(m, model, e);
        break;
    case MODEL_G:
        make_services(m, e, NULL);
        break;
    }
    if (e->action != MODEL_NONE && e->rule) {
        on_field(m, F_RULE, e->rule->id);
        make_flow(m, TABLE_COUNT, 10, e->pass);
    }
    if (e->action != MODEL_UNRESTRICTED && e->rule) {
        on_evaluate(m, e, NULL);
        make_flow(m, TABLE_EVALUATE, 10, e->drop);
    }
}

/* The path from the gateway of 'a' to that of 'b', for packets from 'a'. */
static void
make_leg(struct maker *m, const struct model_tvd *a,
         const struct model_tvd *b)
{
    uint64_t cookie = pipeline_cookie(PIPELINE_COOKIE_TVD, a->id);

    on_field(m, F_SRC_TVD, a->id);
    on_field(m, F_DST_TVD, b->id);
    on_field(m, F_SRC_NIC, a->gateway->id);
    do_resubmit(m, TABLE_COMMIT);
    do_set(m, F_STEP, STEP_LEG);
    do_set(m, F_ZONE, pipeline_zone_leg(a->id, b->id));
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_GATEWAY, 50, cookie);

    on_field(m, F_SRC_TVD, a->id);
    on_field(m, F_DST_TVD, b->id);
    do_resubmit(m, TABLE_COMMIT);
    do_set(m, F_OUT, a->gateway->id);
    do_set(m, F_ROUTED, 1);
    do_resubmit(m, TABLE_OUTPUT);
    make_flow(m, TABLE_GATEWAY, 40, cookie);

    on_field(m, F_TRANSIT, 1);
    on_field(m, F_PORT_TVD, a->id);
    on_field(m, F_SRC_TVD, a->id);
    on_field(m, F_DST_TVD, b->id);
    do_set(m, F_STEP, STEP_LEG);
    do_set(m, F_ZONE, pipeline_zone_leg(a->id, b->id));
    do_resubmit(m, TABLE_EDGE);
    make_flow(m, TABLE_TRANSIT, 30, cookie);

    on_field(m, F_TRANSIT, 1);
    on_field(m, F_PORT_TVD, b->id);
    on_field(m, F_SRC_TVD, a->id);
    on_field(m, F_DST_TVD, b->id);
    do_set(m, F_STEP, STEP_DELIVER_G);
    do_resubmit(m, TABLE_HANDOVER);
    make_flow(m, TABLE_TRANSIT, 30, cookie);

    pipeline_fabric_leg(m, a, b);
}

bool
pipeline_has_gateway(const struct model_tvd *tvd)
{
    return tvd->gateway && tvd->gateway->id;
}

static void
make_entry(struct maker *m, const struct model *model, const struct entry *e)
{
    make_reverse(m, e);
    make_forward(m, e);
    make_evaluate(m, model, e);
    if (e->action == MODEL_G && e->to != e->from->tvd
        && pipeline_has_gateway(e->from->tvd) && pipeline_has_gateway(e->to)) {
        /* Replies take the same path.  Several rules may need it: their
         * flows are the same. */
        make_leg(m, e->from->tvd, e->to);
        make_leg(m, e->to, e->from->tvd);
    }
    if (e->action == MODEL_UNRESTRICTED && e->to == e->from->tvd) {
        on_field(m, F_SRC_ROLE, e->from->id);
        on_field(m, F_TRANSIT, 0);
        do_resubmit(m, TABLE_FLOOD_TVD);
        make_flow(m, TABLE_FLOOD, 100, e->pass);
    }
}

static void
make_role_entries(struct maker *m, const struct model *model,
                  const struct model_role *role)
{
    uint64_t tvd_cookie = pipeline_cookie(PIPELINE_COOKIE_TVD, role->tvd->id);
    struct shash_node *node;

    SHASH_FOR_EACH (node, &role->rules) {
        const struct model_rule *rule = node->data;
        struct entry e = {
            .from = role, .to = rule->to, .action = rule->action,
            .rule = rule,
            .pass = pipeline_cookie(PIPELINE_COOKIE_RULE, rule->id),
            .drop = pipeline_cookie(PIPELINE_COOKIE_RULE_DROP, rule->id),
        };

        if (rule->id && rule->to->id) {
            make_entry(m, model, &e);
        }
    }
    if (!model_rule_find(role, role->tvd)) {
        struct entry e = {
            .from = role, .to = role->tvd, .action = MODEL_UNRESTRICTED,
            .pass = tvd_cookie,
        };

        make_entry(m, model, &e);
    }
}

void
pipeline_matrix_flows(const struct model *model, const struct model_tvd *tvd,
                      struct maker *m)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &tvd->roles) {
        const struct model_role *role = node->data;

        if (role->id) {
            make_role_entries(m, model, role);
        }
    }
    pipeline_own_right_flows(model, tvd, m);
}
