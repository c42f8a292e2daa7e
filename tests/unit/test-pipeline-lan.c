/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds a TVD together and must not leave it: ARP, neighbour discovery
 * and broadcast, in random policies, from every NIC about every other.
 *
 * usage: test-pipeline-lan [FIRST-SEED N-SEEDS] */

#include <config.h>
#include "ovs-tvd/pipeline.h"

#include <netinet/icmp6.h>
#include <stdlib.h>
#include "flowpolicy/decide.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "util.h"

#include "tests/unit/flow-machine.h"
#include "tests/unit/random-policy.h"
#include "tests/unit/tap.h"

struct bench {
    struct model *m;
    const struct model_nic **nics;
    size_t n_nics;
    struct machine *machine;
    uint32_t seed;
};

struct tally {
    size_t n, wrong;
};

static void
judge(const struct bench *b, struct tally *t, bool good, const char *what,
      const struct model_nic *src, const struct model_nic *dst)
{
    t->n++;
    if (!good && t->wrong++ < 10) {
        printf("# seed %"PRIu32": %s: %s/%s to %s/%s; last table %s\n",
               b->seed, what, src->ee->name, src->name,
               dst ? dst->ee->name : "all", dst ? dst->name : "",
               pipeline_table_to_string(machine_last_table(b->machine)));
    }
}

static size_t
run(const struct bench *b, const struct flow *flow,
    struct machine_output out[MACHINE_MAX_OUTPUTS])
{
    struct machine_packet packet;

    memset(&packet, 0, sizeof packet);
    packet.flow = *flow;
    return machine_run(b->machine, &packet, out);
}

/* --- ARP. */

static struct flow
arp_request(const struct model_nic *src, const struct in6_addr *target)
{
    struct flow flow;

    memset(&flow, 0, sizeof flow);
    flow.in_port.ofp_port = u16_to_ofp(src->id);
    flow.dl_src = flow.arp_sha = src->mac;
    flow.dl_dst = eth_addr_broadcast;
    flow.dl_type = htons(ETH_TYPE_ARP);
    flow.nw_proto = ARP_OP_REQUEST;
    flow.nw_src = in6_addr_get_mapped_ipv4(&src->ips[0]);
    flow.nw_dst = in6_addr_get_mapped_ipv4(target);
    return flow;
}

/* True if 'out' answers 'request': 'target' is at 'mac'. */
static bool
is_arp_answer(const struct machine_output *out, const struct flow *request,
              struct eth_addr mac)
{
    const struct flow *flow = &out->packet.flow;

    return out->port == request->in_port.ofp_port
           && flow->dl_type == htons(ETH_TYPE_ARP)
           && flow->nw_proto == ARP_OP_REPLY
           && flow->nw_src == request->nw_dst
           && flow->nw_dst == request->nw_src
           && eth_addr_equals(flow->arp_sha, mac)
           && eth_addr_equals(flow->dl_src, mac)
           && eth_addr_equals(flow->arp_tha, request->arp_sha)
           && eth_addr_equals(flow->dl_dst, request->dl_src);
}

static void
try_arp(const struct bench *b, const struct model_nic *src,
        const struct model_nic *dst, struct tally *t)
{
    struct machine_output out[MACHINE_MAX_OUTPUTS];
    struct flow flow = arp_request(src, &dst->ips[0]);
    size_t n = run(b, &flow, out);
    bool answered = n == 1 && is_arp_answer(out, &flow, dst->mac);

    judge(b, t, src->tvd == dst->tvd && src != dst ? answered : !n,
          "ARP request", src, dst);

    flow.nw_proto = ARP_OP_REPLY;
    judge(b, t, !run(b, &flow, out), "ARP reply", src, dst);

    if (src != dst) {
        flow = arp_request(src, &dst->ips[0]);
        flow.nw_src = flow.nw_dst;
        judge(b, t, !run(b, &flow, out), "ARP with another's address", src,
              dst);
        flow = arp_request(src, &dst->ips[0]);
        flow.arp_sha = dst->mac;
        judge(b, t, !run(b, &flow, out), "ARP with another's MAC inside", src,
              dst);
        flow.dl_src = dst->mac;
        judge(b, t, !run(b, &flow, out), "ARP from another's MAC", src, dst);
    }
}

static void
try_arp_router(const struct bench *b, const struct model_nic *src,
               const struct model_tvd *tvd, struct tally *t)
{
    struct machine_output out[MACHINE_MAX_OUTPUTS];
    struct flow flow = arp_request(src, &tvd->subnets[0].router);
    size_t n = run(b, &flow, out);

    judge(b, t, src->tvd == tvd
                ? n == 1 && is_arp_answer(out, &flow, tvd->router_mac) : !n,
          "ARP request for a router", src, NULL);
}

/* --- Neighbour discovery. */

static struct flow
solicitation(const struct model_nic *src, const struct in6_addr *target)
{
    struct flow flow;

    memset(&flow, 0, sizeof flow);
    flow.in_port.ofp_port = u16_to_ofp(src->id);
    flow.dl_src = flow.arp_sha = src->mac;
    flow.dl_type = htons(ETH_TYPE_IPV6);
    flow.ipv6_src = src->ips[1];
    in6_addr_solicited_node(&flow.ipv6_dst, target);
    ipv6_multicast_to_ethernet(&flow.dl_dst, &flow.ipv6_dst);
    flow.nd_target = *target;
    flow.nw_proto = IPPROTO_ICMPV6;
    flow.nw_ttl = 255;
    flow.tp_src = htons(ND_NEIGHBOR_SOLICIT);
    /* Where Open vSwitch keeps the type of the option. */
    flow.tcp_flags = htons(ND_OPT_SOURCE_LINKADDR);
    return flow;
}

static bool
is_advertisement(const struct machine_output *out, const struct flow *request,
                 struct eth_addr mac)
{
    const struct flow *flow = &out->packet.flow;

    return out->port == request->in_port.ofp_port
           && flow->tp_src == htons(ND_NEIGHBOR_ADVERT)
           && ipv6_addr_equals(&flow->nd_target, &request->nd_target)
           && ipv6_addr_equals(&flow->ipv6_src, &request->nd_target)
           && ipv6_addr_equals(&flow->ipv6_dst, &request->ipv6_src)
           && flow->nw_ttl == 255
           && eth_addr_equals(flow->arp_tha, mac)
           && eth_addr_equals(flow->dl_src, mac)
           && eth_addr_equals(flow->dl_dst, request->dl_src);
}

static void
try_nd(const struct bench *b, const struct model_nic *src,
       const struct model_nic *dst, struct tally *t)
{
    struct machine_output out[MACHINE_MAX_OUTPUTS];
    struct flow flow = solicitation(src, &dst->ips[1]);
    size_t n = run(b, &flow, out);
    bool answered = n == 1 && is_advertisement(out, &flow, dst->mac);

    judge(b, t, src->tvd == dst->tvd && src != dst ? answered : !n,
          "solicitation", src, dst);

    flow.tp_src = htons(ND_NEIGHBOR_ADVERT);
    judge(b, t, !run(b, &flow, out), "advertisement", src, dst);
    flow = solicitation(src, &dst->ips[1]);
    flow.nw_ttl = 254;
    judge(b, t, !run(b, &flow, out), "solicitation from afar", src, dst);
    if (src != dst) {
        flow = solicitation(src, &dst->ips[1]);
        flow.arp_sha = dst->mac;
        judge(b, t, !run(b, &flow, out), "solicitation with another's MAC",
              src, dst);
        flow = solicitation(src, &dst->ips[1]);
        flow.ipv6_src = dst->ips[1];
        judge(b, t, !run(b, &flow, out),
              "solicitation from another's address", src, dst);
    }
}

/* --- Broadcast. */

static struct flow
broadcast(const struct model_nic *src, const struct model_nic *as)
{
    struct flow flow;

    memset(&flow, 0, sizeof flow);
    flow.in_port.ofp_port = u16_to_ofp(src->id);
    flow.dl_src = src->mac;
    flow.dl_dst = eth_addr_broadcast;
    flow.dl_type = htons(ETH_TYPE_IP);
    flow.nw_src = in6_addr_get_mapped_ipv4(&as->ips[0]);
    flow.nw_dst = OVS_BE32_MAX;
    flow.nw_proto = IPPROTO_UDP;
    flow.nw_ttl = 64;
    flow.tp_src = flow.tp_dst = htons(5353);
    return flow;
}

static struct flow
multicast(const struct model_nic *src)
{
    struct flow flow = broadcast(src, src);

    flow.dl_type = htons(ETH_TYPE_IPV6);
    flow.nw_src = flow.nw_dst = 0;
    flow.ipv6_src = src->ips[1];
    ipv6_parse("ff02::fb", &flow.ipv6_dst);
    ipv6_multicast_to_ethernet(&flow.dl_dst, &flow.ipv6_dst);
    return flow;
}

/* The outputs are all other NICs of the TVD of 'src', once each. */
static bool
reaches_all(const struct bench *b, const struct model_nic *src,
            const struct machine_output *out, size_t n)
{
    size_t n_others = 0;

    for (size_t i = 0; i < b->n_nics; i++) {
        const struct model_nic *nic = b->nics[i];
        size_t n_found = 0;

        for (size_t j = 0; j < n; j++) {
            n_found += out[j].port == u16_to_ofp(nic->id);
        }
        if (n_found != (nic->tvd == src->tvd && nic != src)) {
            return false;
        }
        n_others += n_found;
    }
    return n_others == n;
}

static void
try_broadcast(const struct bench *b, const struct model_nic *src,
              struct tally *t)
{
    struct machine_output out[MACHINE_MAX_OUTPUTS];
    bool may = decide_entry(src->role, src->tvd).action
               == MODEL_UNRESTRICTED;
    struct flow flow = broadcast(src, src);
    size_t n = run(b, &flow, out);

    judge(b, t, may ? reaches_all(b, src, out, n) : !n, "broadcast", src,
          NULL);
    flow = multicast(src);
    n = run(b, &flow, out);
    judge(b, t, may ? reaches_all(b, src, out, n) : !n, "multicast", src,
          NULL);
    for (size_t i = 0; i < b->n_nics; i++) {
        if (b->nics[i] != src) {
            flow = broadcast(src, b->nics[i]);
            judge(b, t, !run(b, &flow, out), "broadcast from another's "
                  "address", src, b->nics[i]);
        }
    }
}

/* --- Policies. */

/* Returns how often a packet had a choice of flows. */
static size_t
test_policy(uint32_t seed, struct tally *arp, struct tally *nd,
            struct tally *flood)
{
    struct bench b = { .seed = seed };
    struct flowtab *flowtab = flowtab_create();
    struct pipeline *pipeline = pipeline_create(flowtab);
    struct shash_node *node;

    b.m = random_policy(seed, seed + 6000000, NULL);
    b.nics = random_policy_nics(b.m, &b.n_nics);
    b.machine = machine_create();
    for (size_t i = 0; i < b.n_nics; i++) {
        pipeline_set_port(pipeline, b.nics[i]->id,
                          u16_to_ofp(b.nics[i]->id));
    }
    pipeline_run(pipeline, b.m, 0);
    machine_load(b.machine, flowtab);
    for (size_t i = 0; i < b.n_nics; i++) {
        for (size_t j = 0; j < b.n_nics; j++) {
            try_arp(&b, b.nics[i], b.nics[j], arp);
            try_nd(&b, b.nics[i], b.nics[j], nd);
        }
        SHASH_FOR_EACH (node, &b.m->tvds) {
            try_arp_router(&b, b.nics[i], node->data, arp);
        }
        try_broadcast(&b, b.nics[i], flood);
    }

    size_t ambiguous = machine_n_ambiguous(b.machine);
    machine_destroy(b.machine);
    free(b.nics);
    pipeline_destroy(pipeline);
    flowtab_destroy(flowtab);
    model_destroy(b.m);
    return ambiguous;
}

int
main(int argc, char *argv[])
{
    uint32_t first = argc > 2 ? strtoul(argv[1], NULL, 10) : 1;
    uint32_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
    struct tally arp = { 0 }, nd = { 0 }, flood = { 0 };
    size_t ambiguous = 0;

    for (uint32_t seed = first; seed < first + n; seed++) {
        ambiguous += test_policy(seed, &arp, &nd, &flood);
    }
    ok(!arp.wrong, "ARP: %zu cases, %zu wrong", arp.n, arp.wrong);
    ok(!nd.wrong, "neighbour discovery: %zu cases, %zu wrong", nd.n,
       nd.wrong);
    ok(!flood.wrong, "broadcast: %zu cases, %zu wrong", flood.n, flood.wrong);
    ok(!ambiguous, "no packet has a choice of flows (%zu)", ambiguous);
    return tap_done();
}
