/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/flow-machine.h"

#include <stdlib.h>
#include "flowpolicy/decide.h"
#include "openvswitch/list.h"
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "util.h"

/* A flow as the machine holds it. */
struct mflow {
    uint8_t table;
    uint16_t priority;
    uint64_t cookie;
    struct minimatch match;
    struct ofpact *ofpacts;
    size_t ofpacts_len;
};

struct connection {
    struct ovs_list node;
    uint16_t zone;
    struct machine_tuple tuple; /* As it was opened. */
    bool answered;
};

/* A packet that goes on in a table after tracking. */
struct waiting {
    struct ovs_list node;
    struct machine_packet packet;
    uint8_t table;
};

struct machine {
    struct mflow *flows;        /* By table, then priority, highest first. */
    size_t n, allocated;
    size_t start[256];          /* First flow of a table. */
    struct ovs_list connections;
    struct ovs_list waiting;
    struct machine_output *outputs;
    size_t n_outputs;
    size_t n_ambiguous;
    uint64_t last_cookie;
    uint8_t last_table;
    unsigned int depth;
};

struct machine *
machine_create(void)
{
    struct machine *m = xzalloc(sizeof *m);

    ovs_list_init(&m->connections);
    ovs_list_init(&m->waiting);
    return m;
}

static void
drop_flows(struct machine *m)
{
    for (size_t i = 0; i < m->n; i++) {
        minimatch_destroy(&m->flows[i].match);
        free(m->flows[i].ofpacts);
    }
    m->n = 0;
}

void
machine_forget_connections(struct machine *m)
{
    struct connection *c;

    LIST_FOR_EACH_POP (c, node, &m->connections) {
        free(c);
    }
}

void
machine_destroy(struct machine *m)
{
    if (m) {
        drop_flows(m);
        machine_forget_connections(m);
        free(m->flows);
        free(m);
    }
}

static void
load_flow(uint8_t table, uint16_t priority, uint64_t cookie,
          const struct minimatch *match, const struct ofpact *ofpacts,
          size_t ofpacts_len, void *m_)
{
    struct machine *m = m_;

    if (m->n >= m->allocated) {
        m->flows = x2nrealloc(m->flows, &m->allocated, sizeof *m->flows);
    }
    struct mflow *f = &m->flows[m->n++];
    *f = (struct mflow) {
        .table = table, .priority = priority, .cookie = cookie,
        .ofpacts = ofpacts_len ? xmemdup(ofpacts, ofpacts_len) : NULL,
        .ofpacts_len = ofpacts_len,
    };
    minimatch_clone(&f->match, match);
}

static int
compare_flows(const void *a_, const void *b_)
{
    const struct mflow *a = a_, *b = b_;

    return a->table != b->table ? a->table - b->table
                                : b->priority - a->priority;
}

void
machine_load(struct machine *m, const struct flowtab *ft)
{
    drop_flows(m);
    flowtab_for_each_wanted(ft, load_flow, m);
    qsort(m->flows, m->n, sizeof *m->flows, compare_flows);
    for (size_t table = 0, i = 0; table < 256; table++) {
        while (i < m->n && m->flows[i].table < table) {
            i++;
        }
        m->start[table] = i;
    }
}

/* --- Connection tracking. */

static struct machine_tuple
tuple_of(const struct flow *flow)
{
    struct machine_tuple t = { .proto = flow->nw_proto };
    bool ports = t.proto == IPPROTO_TCP || t.proto == IPPROTO_UDP;

    if (flow->dl_type == htons(ETH_TYPE_IP)) {
        in6_addr_set_mapped_ipv4(&t.src, flow->nw_src);
        in6_addr_set_mapped_ipv4(&t.dst, flow->nw_dst);
    } else {
        t.src = flow->ipv6_src;
        t.dst = flow->ipv6_dst;
    }
    t.sport = ports ? flow->tp_src : 0;
    t.dport = ports ? flow->tp_dst : 0;
    return t;
}

static bool
tuple_equal(const struct machine_tuple *a, const struct machine_tuple *b)
{
    return ipv6_addr_equals(&a->src, &b->src)
           && ipv6_addr_equals(&a->dst, &b->dst)
           && a->proto == b->proto
           && a->sport == b->sport && a->dport == b->dport;
}

static struct machine_tuple
tuple_reverse(const struct machine_tuple *t)
{
    return (struct machine_tuple) {
        .src = t->dst, .dst = t->src, .proto = t->proto,
        .sport = t->dport, .dport = t->sport,
    };
}

/* The connection of 'tuple' in 'zone', and whether the tuple is its reply. */
static struct connection *
find_connection(const struct machine *m, uint16_t zone,
                const struct machine_tuple *tuple, bool *reply)
{
    struct machine_tuple back = tuple_reverse(tuple);
    struct connection *c;

    LIST_FOR_EACH (c, node, &m->connections) {
        if (c->zone == zone) {
            if (tuple_equal(&c->tuple, tuple)) {
                *reply = false;
                return c;
            } else if (tuple_equal(&c->tuple, &back)) {
                *reply = true;
                return c;
            }
        }
    }
    return NULL;
}

static bool
is_icmp(const struct flow *flow)
{
    return flow->nw_proto == (flow->dl_type == htons(ETH_TYPE_IP)
                              ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* Messages that answer a request. */
static bool
is_icmp_reply(const struct flow *flow)
{
    return is_icmp(flow)
           && (flow->dl_type == htons(ETH_TYPE_IP)
               ? flow->tp_src == htons(ICMP4_ECHO_REPLY)
               : flow->tp_src == htons(ICMP6_ECHO_REPLY));
}

static bool
can_open(const struct machine_packet *p)
{
    return !is_icmp(&p->flow)
           || decide_icmp_opens(p->flow.dl_type == htons(ETH_TYPE_IPV6),
                                ntohs(p->flow.tp_src));
}

static void
set_ct_tuple(struct flow *flow, const struct machine_tuple *t)
{
    flow->ct_nw_proto = t->proto;
    flow->ct_tp_src = t->sport;
    flow->ct_tp_dst = t->dport;
    if (IN6_IS_ADDR_V4MAPPED(&t->src)) {
        flow->ct_nw_src = in6_addr_get_mapped_ipv4(&t->src);
        flow->ct_nw_dst = in6_addr_get_mapped_ipv4(&t->dst);
    } else {
        flow->ct_ipv6_src = t->src;
        flow->ct_ipv6_dst = t->dst;
    }
}

static void
clear_ct(struct flow *flow)
{
    flow->ct_state = 0;
    flow->ct_zone = 0;
    flow->ct_nw_proto = 0;
    flow->ct_tp_src = flow->ct_tp_dst = 0;
    flow->ct_nw_src = flow->ct_nw_dst = 0;
    flow->ct_ipv6_src = flow->ct_ipv6_dst = in6addr_any;
}

static void
track(struct machine *m, struct machine_packet *p, uint16_t zone)
{
    struct machine_tuple tuple = tuple_of(&p->flow), key;
    bool reply = false;
    struct connection *c;

    key = p->is_error ? tuple_reverse(&p->inner) : tuple;
    c = find_connection(m, zone, &key, &reply);
    clear_ct(&p->flow);
    p->flow.ct_zone = zone;
    p->flow.ct_state = CS_TRACKED;
    if (p->is_error) {
        p->flow.ct_state |= !c ? CS_INVALID : CS_RELATED
                                              | (reply ? CS_REPLY_DIR : 0);
    } else if (c && (!is_icmp(&p->flow) || reply == is_icmp_reply(&p->flow))) {
        c->answered |= reply;
        p->flow.ct_state |= reply ? CS_ESTABLISHED | CS_REPLY_DIR
                            : c->answered ? CS_ESTABLISHED : CS_NEW;
    } else {
        p->flow.ct_state |= !c && can_open(p) ? CS_NEW : CS_INVALID;
    }
    if (!(p->flow.ct_state & CS_INVALID)) {
        set_ct_tuple(&p->flow, c ? &c->tuple : &tuple);
    }
}

static void
commit(struct machine *m, const struct machine_packet *p, uint16_t zone,
       bool force)
{
    struct machine_tuple tuple = tuple_of(&p->flow);
    bool reply;
    struct connection *c = find_connection(m, zone, &tuple, &reply);

    if (c && reply && force) {
        ovs_list_remove(&c->node);
        free(c);
        c = NULL;
    }
    if (!c) {
        c = xzalloc(sizeof *c);

        c->zone = zone;
        c->tuple = tuple;
        ovs_list_push_back(&m->connections, &c->node);
    }
}

/* --- Actions. */

static void run_table(struct machine *, struct machine_packet *, uint8_t);

static void
output(struct machine *m, const struct machine_packet *p, ofp_port_t port)
{
    if (port == p->flow.in_port.ofp_port) {
        return;                 /* As a switch does. */
    }
    if (port == OFPP_IN_PORT) {
        port = p->flow.in_port.ofp_port;
    }
    if (m->n_outputs < MACHINE_MAX_OUTPUTS) {
        m->outputs[m->n_outputs] = (struct machine_output) {
            .port = port, .packet = *p,
        };
    }
    m->n_outputs++;
}

static void
conntrack(struct machine *m, struct machine_packet *p,
          const struct ofpact_conntrack *ct)
{
    uint16_t zone = ct->zone_src.field
                    ? mf_get_subfield(&ct->zone_src, &p->flow) : ct->zone_imm;

    ovs_assert(!(ct->flags & ~(NX_CT_F_COMMIT | NX_CT_F_FORCE))
               && ct->ofpact.len == sizeof *ct);
    if (ct->flags & NX_CT_F_COMMIT) {
        commit(m, p, zone, ct->flags & NX_CT_F_FORCE);
    }
    if (ct->recirc_table != NX_CT_RECIRC_NONE) {
        struct waiting *w = xmalloc(sizeof *w);

        w->packet = *p;
        w->table = ct->recirc_table;
        track(m, &w->packet, zone);
        ovs_list_push_back(&m->waiting, &w->node);
    }
}

static void
run_actions(struct machine *m, struct machine_packet *p,
            const struct ofpact *ofpacts, size_t len)
{
    struct flow_wildcards wc;
    const struct ofpact *a;

    OFPACT_FOR_EACH (a, ofpacts, len) {
        switch ((unsigned int) a->type) {
        case OFPACT_SET_FIELD: {
            const struct ofpact_set_field *set = ofpact_get_SET_FIELD(a);

            mf_set_flow_value_masked(set->field, set->value,
                                     ofpact_set_field_mask(set), &p->flow);
            break;
        }
        case OFPACT_REG_MOVE: {
            const struct ofpact_reg_move *move = ofpact_get_REG_MOVE(a);

            memset(&wc, 0, sizeof wc);
            mf_subfield_copy(&move->src, &move->dst, &p->flow, &wc);
            break;
        }
        case OFPACT_RESUBMIT:
            run_table(m, p, ofpact_get_RESUBMIT(a)->table_id);
            break;
        case OFPACT_OUTPUT:
            output(m, p, ofpact_get_OUTPUT(a)->port);
            break;
        case OFPACT_DEC_TTL:
            ovs_assert(p->flow.nw_ttl > 1);
            p->flow.nw_ttl--;
            break;
        case OFPACT_PUSH_VLAN:
            ovs_assert(!p->flow.vlans[0].tci);
            p->flow.vlans[0].tpid = ofpact_get_PUSH_VLAN(a)->ethertype;
            p->flow.vlans[0].tci = htons(VLAN_CFI);
            break;
        case OFPACT_STRIP_VLAN:
            p->flow.vlans[0].tpid = p->flow.vlans[0].tci = 0;
            break;
        case OFPACT_CT:
            conntrack(m, p, ofpact_get_CT(a));
            break;
        default:
            ovs_fatal(0, "the machine lacks action type %d", a->type);
        }
    }
}

static void
run_table(struct machine *m, struct machine_packet *p, uint8_t table)
{
    const struct mflow *found = NULL;

    ovs_assert(m->depth < 64);  /* What Open vSwitch allows. */
    for (size_t i = m->start[table]; i < m->n && m->flows[i].table == table;
         i++) {
        const struct mflow *f = &m->flows[i];

        if (found && f->priority < found->priority) {
            break;
        }
        if (minimatch_matches_flow(&f->match, &p->flow)) {
            m->n_ambiguous += found
                && !ofpacts_equal(f->ofpacts, f->ofpacts_len,
                                  found->ofpacts, found->ofpacts_len);
            found = found ? found : f;
        }
    }
    if (found) {
        m->last_cookie = found->cookie;
        m->last_table = table;
        m->depth++;
        run_actions(m, p, found->ofpacts, found->ofpacts_len);
        m->depth--;
    }
}

size_t
machine_run(struct machine *m, const struct machine_packet *packet,
            struct machine_output outputs[MACHINE_MAX_OUTPUTS])
{
    struct machine_packet p = *packet;
    struct waiting *w;

    m->outputs = outputs;
    m->n_outputs = 0;
    m->depth = 0;
    run_table(m, &p, 0);
    LIST_FOR_EACH_POP (w, node, &m->waiting) {
        p = w->packet;
        run_table(m, &p, w->table);
        free(w);
    }
    return m->n_outputs;
}

uint64_t
machine_last_cookie(const struct machine *m)
{
    return m->last_cookie;
}

uint8_t
machine_last_table(const struct machine *m)
{
    return m->last_table;
}

size_t
machine_n_ambiguous(const struct machine *m)
{
    return m->n_ambiguous;
}
