/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of roles of which one direction is direct and the other goes through
 * gateways.  There the path depends on who opened a connection, and the hosts
 * of both ends have to remember the same.
 *
 * When the matrix changes, hosts come to it one after the other, and what one of
 * them has let pass without remembering anything is to the other the first
 * packet of a connection: an answer, say, to a request from when nobody had to
 * track the two.  The further requests would then leave as answers to it, on
 * the direct path, where the other host, which knows of nothing that they could
 * answer, drops them as requests that have to come through the gateway; and as
 * each of them keeps alive what the first host remembers, so it would stay.
 *
 * So for as long as hosts may take to come to a new policy, such packets are
 * taken for the answers that they may be.  With the answer to one, the other
 * host learns what the first one remembers.
 *
 * For good, a packet that is allowed in its own right does not turn round what
 * is remembered of its connection, if its answer is allowed in its own right,
 * too: it arrives without that, and the host of the other end may remember the
 * connection as it was. */

#include <config.h>

#include "ovs-tvd/pipeline-flows.h"

#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "ovs-tvd/flow-maker.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "util.h"

/* Flows that are being made. */
struct own_right {
    struct maker *m;
    const struct model *model;
    bool hold;                  /* Those for a while, instead of for good. */
    /* The pair. */
    const struct model_role *from, *to;
    uint32_t from_nic;          /* If not 0: only this one of 'from'. */
};

/* Packets from any of 'n_ports' ports from 'port' on. */
static void
make_flows(const struct own_right *o, uint8_t proto, uint16_t port,
           uint32_t n_ports)
{
    struct maker *m = o->m;

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        on_proto(m, ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP, proto);
        if (proto == IPPROTO_TCP) {
            /* With a SYN there is no doubt who opens the connection. */
            match_set_tcp_flags_masked(&m->match, 0, htons(TCP_SYN));
        }
        on_id(m, F_SRC_ID, o->from->id, o->from->tvd->id);
        on_id(m, F_DST_ID, o->to->id, o->to->tvd->id);
        if (o->from_nic) {
            on_field(m, F_SRC_NIC, o->from_nic);
        }
        match_set_ct_tp_src_masked(&m->match, htons(port),
                                   htons(0x10000 - n_ports));
        match_set_ct_nw_proto(&m->match, proto);
        on_ct_state(m, CS_TRACKED | CS_NEW,
                    CS_INVALID | CS_RELATED | CS_REPLY_DIR);
        if (o->hold) {
            on_field(m, F_FABRIC, 1);
            on_field(m, F_STEP, STEP_DELIVER);
            on_field(m, F_VERDICT, VERDICT_GATEWAY);
            do_move(m, F_DST_NIC, F_OUT);
            do_resubmit(m, TABLE_OUTPUT);
            make_flow(m, TABLE_VERDICT, 30,
                      pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_VERDICT));
        } else {
            on_field(m, F_AFRESH, 1);
            make_flow(m, TABLE_COMMIT, 20,
                      pipeline_cookie(PIPELINE_COOKIE_STATIC, TABLE_COMMIT));
        }
    }
}

static void
make_ports(const struct own_right *o, uint8_t proto, uint32_t min,
           uint32_t max)
{
    while (min <= max) {
        uint32_t n = maker_port_block(min, max);

        make_flows(o, proto, min, n);
        min += n;
    }
}

/* The answers are allowed by 'back', or by the default if that is NULL. */
static void
make_services(const struct own_right *o, const struct model_rule *back)
{
    if (!back || !back->n_services) {
        make_ports(o, IPPROTO_TCP, 0, 0xffff);
        make_ports(o, IPPROTO_UDP, 0, 0xffff);
        return;
    }
    for (size_t i = 0; i < back->n_services; i++) {
        const struct model_service *s = &back->services[i];

        /* An echo reply never opens anything. */
        if (s->proto == IPPROTO_TCP || s->proto == IPPROTO_UDP) {
            make_ports(o, s->proto, s->any_port ? 0 : s->port_min,
                       s->any_port ? 0xffff : s->port_max);
        }
    }
}

/* The answers are allowed by rule P to who is a peer. */
static void
make_peers(struct own_right *o, const struct model_rule *back)
{
    const char *name;

    for (size_t i = 0; i < back->n_peer_roles; i++) {
        if (back->peer_roles[i] == o->from) {
            make_services(o, back);
            return;
        }
    }
    SSET_FOR_EACH (name, &back->peer_ees) {
        const struct model_ee *ee = model_ee_find(o->model, name);

        for (size_t i = 0; ee && i < ee->n_nics; i++) {
            if (ee->nics[i]->role == o->from && ee->nics[i]->id) {
                o->from_nic = ee->nics[i]->id;
                make_services(o, back);
            }
        }
    }
    o->from_nic = 0;
}

/* Packets from 'from' to 'to', whose answers are allowed by 'back', or by the
 * default if that is NULL. */
static void
make_pair(struct own_right *o, const struct model_role *from,
          const struct model_role *to, const struct model_rule *back)
{
    enum model_action there = decide_entry(from, to->tvd).action;
    bool back_by_gateway = back && back->action == MODEL_G;

    if (there == MODEL_NONE || (there == MODEL_G) == back_by_gateway
        || (o->hold && back_by_gateway)
        || !pipeline_has_gateway(from->tvd)
        || !pipeline_has_gateway(to->tvd) || !from->id) {
        return;
    }
    o->from = from;
    o->to = to;
    if (back && back->action == MODEL_P) {
        make_peers(o, back);
    } else {
        make_services(o, back);
    }
}

/* Packets that 'to' answers as 'back' allows. */
static void
make_entry(struct own_right *o, const struct model_role *to,
           const struct model_rule *back)
{
    const struct model_tvd *other = back ? back->to : to->tvd;
    struct shash_node *node;

    if (other->id && (!back || back->action != MODEL_NONE)) {
        SHASH_FOR_EACH (node, &other->roles) {
            make_pair(o, node->data, to, back);
        }
    }
}

static void
make_tvd(struct own_right *o, const struct model_tvd *tvd)
{
    struct shash_node *role_node, *rule_node;

    SHASH_FOR_EACH (role_node, &tvd->roles) {
        const struct model_role *role = role_node->data;

        if (!role->id) {
            continue;
        }
        SHASH_FOR_EACH (rule_node, &role->rules) {
            make_entry(o, role, rule_node->data);
        }
        if (!model_rule_find(role, tvd)) {
            make_entry(o, role, NULL);
        }
    }
}

void
pipeline_own_right_flows(const struct model *model,
                         const struct model_tvd *tvd, struct maker *m)
{
    struct own_right o = { .m = m, .model = model };

    make_tvd(&o, tvd);
}

void
pipeline_hold_flows(const struct model *model, const struct model_tvd *tvd,
                    struct flow_list *flows)
{
    struct maker m;
    struct own_right o = { .m = &m, .model = model, .hold = true };

    maker_init(&m, flows);
    make_tvd(&o, tvd);
    maker_uninit(&m);
}
