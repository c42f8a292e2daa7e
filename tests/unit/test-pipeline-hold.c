/* SPDX-License-Identifier: Apache-2.0
 *
 * Two hosts come to a new policy one after the other, while an answer is on its
 * way between them: they must agree in the end on who opened the connection. */

#include <config.h>

#include "ovs-tvd/pipeline.h"

#include <limits.h>
#include <stdlib.h>
#include "flowpolicy/alloc.h"
#include "flowpolicy/decide.h"
#include "flowpolicy/policy.h"
#include "lib/model.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "tests/unit/flow-machine.h"
#include "tests/unit/tap.h"
#include "util.h"

#define UPLINK u16_to_ofp(60000)

/* %s: what is said of the flows.  x is on h0 with the gateway, y on h1. */
static const char policy_format[] =
    "version: 1\n"
    "labels: {l: [l]}\n"
    "tvds:\n"
    "  a: {label: l, channel: vlan, subnets: [10.10.0.0/24],\n"
    "      roles: [gateway, boss, clerk]}\n"
    "%s"
    "hosts: {h0: {label: l}, h1: {label: l}}\n"
    "ees:\n"
    "  g: {label: l, kind: namespace, host: h0,\n"
    "      nics: [{tvd: a, role: gateway}]}\n"
    "  x: {label: l, kind: namespace, host: h0,\n"
    "      nics: [{tvd: a, role: boss}]}\n"
    "  y: {label: l, kind: namespace, host: h1,\n"
    "      nics: [{tvd: a, role: clerk}]}\n";
static const char free_for_all[] = "";
static const char through_gateway[] =
    "flows: {a: {boss: {a: {rule: G,\n"
    "    services: [udp/5000-5001, tcp/5000]}}}}\n";

struct host {
    struct flowtab *ft;
    struct pipeline *p;
    struct machine *machine;
};

struct bench {
    struct model *old, *new;
    struct host hosts[2];
    int n_forwarded;            /* Packets that the gateway was given. */
};

static struct model *
parse(const char *flows)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    char *text = xasprintf(policy_format, flows);
    struct policy_errors errors;
    struct model *m;
    char *error;

    policy_errors_init(&errors, "policy");
    m = policy_parse(text, strlen(text), &errors);
    if (!m) {
        ovs_fatal(0, "%s", policy_errors_format(&errors));
    }
    policy_errors_destroy(&errors);
    error = alloc_fill(m, NULL, &state, NULL);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    decide_assign_gateways(m);
    for (const char *ee = "gxy"; *ee; ee++) {
        char name[] = { *ee, '\0' };

        model_ee_find(m, name)->nics[0]->host
            = xstrdup(*ee == 'y' ? "h1" : "h0");
    }
    free(text);
    return m;
}

static const struct model_nic *
nic_of(const struct bench *b, const char *ee)
{
    return model_ee_find(b->new, ee)->nics[0];
}

static int
host_of(const char *ee)
{
    return !strcmp(ee, "y");
}

/* Has 'host' do as 'model' says, at 'now'. */
static void
run(struct bench *b, int host, const struct model *model, long long int now)
{
    struct host *h = &b->hosts[host];

    pipeline_touch_all(h->p);
    pipeline_run(h->p, model, now);
    machine_load(h->machine, h->ft);
}

static void
bench_init(struct bench *b)
{
    static const char *const names[] = { "h0", "h1" };

    memset(b, 0, sizeof *b);
    b->old = parse(free_for_all);
    b->new = parse(through_gateway);
    for (int i = 0; i < 2; i++) {
        struct host *h = &b->hosts[i];

        h->ft = flowtab_create();
        h->p = pipeline_create(h->ft);
        h->machine = machine_create();
        pipeline_set_fabric(h->p, names[i], UPLINK);
    }
    for (const char *ee = "gxy"; *ee; ee++) {
        char name[] = { *ee, '\0' };
        uint32_t id = nic_of(b, name)->id;

        pipeline_set_port(b->hosts[host_of(name)].p, id, u16_to_ofp(id));
    }
    for (int i = 0; i < 2; i++) {
        run(b, i, b->old, 0);
        run(b, i, b->old, 100000);
    }
}

/* Time passes for 'host', and its policy is the same. */
static void
end_hold(struct bench *b, int host, long long int now)
{
    struct host *h = &b->hosts[host];

    pipeline_run(h->p, b->new, now);
    machine_load(h->machine, h->ft);
}

static void
end_holds(struct bench *b, long long int now)
{
    end_hold(b, 0, now);
    end_hold(b, 1, now);
}

static void
bench_uninit(struct bench *b)
{
    for (int i = 0; i < 2; i++) {
        machine_destroy(b->hosts[i].machine);
        pipeline_destroy(b->hosts[i].p);
        flowtab_destroy(b->hosts[i].ft);
    }
    model_destroy(b->old);
    model_destroy(b->new);
}

/* Runs 'packet' on 'host' and wherever it goes from there.  Returns the id of
 * the NIC that gets it in the end, or 0. */
static uint32_t
follow(struct bench *b, int host, const struct machine_packet *packet)
{
    struct machine_output out[MACHINE_MAX_OUTPUTS];
    const struct model_nic *g = nic_of(b, "g");
    struct flow *flow;

    if (machine_run(b->hosts[host].machine, packet, out) != 1) {
        return 0;
    }
    flow = &out[0].packet.flow;
    memset(flow->regs, 0, sizeof flow->regs);
    flow->metadata = 0;
    flow->ct_state = flow->ct_zone = 0;
    if (out[0].port == UPLINK) {
        flow->in_port.ofp_port = UPLINK;
        return follow(b, !host, &out[0].packet);
    } else if (ofp_to_u16(out[0].port) == g->id) {
        const struct model_nic *to
            = flow->nw_dst == in6_addr_get_mapped_ipv4(&nic_of(b, "x")->ips[0])
              ? nic_of(b, "x") : nic_of(b, "y");

        b->n_forwarded++;
        flow->in_port.ofp_port = u16_to_ofp(g->id);
        flow->dl_src = g->mac;
        flow->dl_dst = to->mac;
        return follow(b, host, &out[0].packet);
    }
    return ofp_to_u16(out[0].port);
}

/* True if a packet of 'proto' from port 'sport' of 'src' arrives at 'dst'. */
static bool
passes(struct bench *b, const char *src, const char *dst, uint8_t proto,
       uint16_t sport, uint16_t dport, uint16_t tcp_flags)
{
    const struct model_nic *s = nic_of(b, src), *d = nic_of(b, dst);
    struct machine_packet packet;
    struct flow *flow = &packet.flow;

    memset(&packet, 0, sizeof packet);
    flow->in_port.ofp_port = u16_to_ofp(s->id);
    flow->dl_src = s->mac;
    flow->dl_dst = d->mac;
    flow->dl_type = htons(ETH_TYPE_IP);
    flow->nw_src = in6_addr_get_mapped_ipv4(&s->ips[0]);
    flow->nw_dst = in6_addr_get_mapped_ipv4(&d->ips[0]);
    flow->nw_proto = proto;
    flow->nw_ttl = 64;
    flow->tp_src = htons(sport);
    flow->tp_dst = htons(dport);
    flow->tcp_flags = htons(tcp_flags);
    b->n_forwarded = 0;
    return follow(b, host_of(src), &packet) == d->id;
}

/* An answer of y's is on its way when 'first' has the new policy already and
 * the other not. */
static void
test_answer_under_way(int first, uint8_t proto)
{
    struct bench b;

    bench_init(&b);
    ok(passes(&b, "x", "y", proto, 2000, 5000, TCP_ACK)
       && passes(&b, "y", "x", proto, 5000, 2000, TCP_ACK) && !b.n_forwarded,
       "protocol %u: both ways before", proto);
    run(&b, first, b.new, 200000);
    passes(&b, "y", "x", proto, 5000, 2000, TCP_ACK);
    run(&b, !first, b.new, 200200);
    ok(passes(&b, "x", "y", proto, 2000, 5000, TCP_ACK),
       "host %d is the first with the new policy: the next request arrives",
       first);
    ok(passes(&b, "y", "x", proto, 5000, 2000, TCP_ACK),
       "and its answer comes back");
    end_holds(&b, 204000);
    ok(passes(&b, "x", "y", proto, 2000, 5000, TCP_ACK)
       && passes(&b, "y", "x", proto, 5000, 2000, TCP_ACK), "and so it stays");
    bench_uninit(&b);
}

/* Only what may be an answer is let in, and only for a while. */
static void
test_bounds(void)
{
    struct bench b;

    bench_init(&b);
    run(&b, 1, b.new, 200000);
    ok(pipeline_deadline(b.hosts[1].p) == 203000, "held for 3 s");
    ok(passes(&b, "x", "y", IPPROTO_UDP, 2000, 5000, 0),
       "a request under the old policy passes so long");
    ok(!passes(&b, "x", "y", IPPROTO_UDP, 2000, 6000, 0),
       "not one that the new one does not allow");
    ok(!passes(&b, "x", "y", IPPROTO_TCP, 2000, 5000, TCP_SYN),
       "nor one that cannot be an answer");
    end_hold(&b, 1, 203000);
    ok(pipeline_deadline(b.hosts[1].p) == LLONG_MAX
       && !passes(&b, "x", "y", IPPROTO_UDP, 2001, 5000, 0),
       "and then no longer");
    bench_uninit(&b);
}

/* Answers go the way of the request. */
static void
test_others(void)
{
    struct bench b;

    bench_init(&b);
    for (int i = 0; i < 2; i++) {
        run(&b, i, b.new, 200000);
    }
    ok(passes(&b, "y", "x", IPPROTO_UDP, 5001, 4000, 0)
       && passes(&b, "x", "y", IPPROTO_UDP, 4000, 5001, 0) && !b.n_forwarded,
       "a new connection meanwhile: answers go the way of the request");
    ok(passes(&b, "x", "y", IPPROTO_UDP, 4002, 5001, 0) && b.n_forwarded == 1
       && passes(&b, "y", "x", IPPROTO_UDP, 5001, 4002, 0)
       && b.n_forwarded == 1, "so they do through the gateway");
    end_holds(&b, 203000);
    ok(passes(&b, "x", "y", IPPROTO_UDP, 4000, 5001, 0) && !b.n_forwarded,
       "also later");
    bench_uninit(&b);
}

int
main(void)
{
    for (int first = 0; first < 2; first++) {
        test_answer_under_way(first, IPPROTO_UDP);
        test_answer_under_way(first, IPPROTO_TCP);
    }
    test_bounds();
    test_others();
    return tap_done();
}
