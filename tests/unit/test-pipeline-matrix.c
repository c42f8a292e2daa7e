/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows against the decisions: for random policies, every ordered pair of
 * NICs and several kinds of packets of both IP versions, a packet travels
 * through the flows, and through gateways that forward whatever they get.  It
 * must arrive exactly if decide_flow() says so, on the very path it names,
 * with replies and ICMP errors going back on it; and what is refused must not
 * come out at any port at all.
 *
 * usage: test-pipeline-matrix [FIRST-SEED N-SEEDS] */

#include <config.h>
#include "ovs-tvd/pipeline.h"

#include <limits.h>
#include <stdlib.h>
#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "random.h"
#include "util.h"

#include "tests/unit/flow-machine.h"
#include "tests/unit/machine-packets.h"
#include "tests/unit/random-policy.h"
#include "tests/unit/tap.h"

/* --- Travelling. */

/* Of one policy, before the rest is only counted. */
#define MAX_COMPLAINTS 20

/* The port to the fabric, where there are several hosts. */
#define UPLINK u16_to_ofp(60000)
#define MAX_SITES 4

/* A host. */
struct site {
    struct pipeline *pipeline;
    struct flowtab *flowtab;
    struct machine *machine;
};

struct bench {
    const struct model *model;
    const struct model_nic **nics;      /* Of the model, owned. */
    size_t n_nics;
    struct site sites[MAX_SITES];       /* Host "hI" is number I. */
    int n_sites;
    size_t last_site;           /* Where the last packet ended. */
    size_t n_checks, n_allowed, n_wrong, n_stale;
    const char *what;           /* What is being tried, */
    const struct model_nic *src, *dst;  /* between whom. */
    uint32_t seed;
};

struct trip {
    const struct model_nic *path[8];
    size_t n;
    bool delivered;
    const char *leak;           /* What must never happen, or NULL. */
};

static bool
is_for(const struct machine_packet *p, const struct model_nic *nic)
{
    struct in6_addr ip = p->flow.ipv6_dst;

    if (p->flow.dl_type == htons(ETH_TYPE_IP)) {
        in6_addr_set_mapped_ipv4(&ip, p->flow.nw_dst);
    }
    return ipv6_addr_equals(&ip, &nic->ips[0])
           || ipv6_addr_equals(&ip, &nic->ips[1]);
}

/* Makes of what a gateway got what it sends: to the router, or, as a host with
 * a route to its own subnet does, to a neighbour. */
static void
forward(const struct bench *b, const struct model_nic *gateway,
        struct machine_packet *p)
{
    struct machine_packet in = *p;
    struct flow *flow = &p->flow;

    memset(flow, 0, sizeof *flow);
    flow->in_port.ofp_port = u16_to_ofp(gateway->id);
    flow->dl_src = gateway->mac;
    flow->dl_dst = gateway->tvd->router_mac;
    flow->dl_type = in.flow.dl_type;
    flow->nw_src = in.flow.nw_src;
    flow->nw_dst = in.flow.nw_dst;
    flow->ipv6_src = in.flow.ipv6_src;
    flow->ipv6_dst = in.flow.ipv6_dst;
    flow->nw_proto = in.flow.nw_proto;
    flow->nw_ttl = in.flow.nw_ttl - 1;
    flow->tp_src = in.flow.tp_src;
    flow->tp_dst = in.flow.tp_dst;
    for (size_t i = 0; i < b->n_nics; i++) {
        if (b->nics[i]->tvd == gateway->tvd && is_for(p, b->nics[i])) {
            flow->dl_dst = b->nics[i]->mac;
        }
    }
}

static size_t
site_of(const struct bench *b, const struct model_nic *nic)
{
    return b->n_sites > 1 ? nic->host[1] - '0' : 0;
}

static void
forget_connections(struct bench *b)
{
    for (int i = 0; i < b->n_sites; i++) {
        machine_forget_connections(b->sites[i].machine);
    }
}

/* NULL if the TVD of the tag of 'p', sent by site 'from', is none that both
 * ends of its way may carry. */
static const char *
check_tag(const struct bench *b, const struct machine_packet *p, size_t from)
{
    const struct model_nic *to = model_nic_find_mac(b->model, p->flow.dl_dst);
    char name[] = { 'h', '0' + from, '\0' };
    struct shash_node *node;

    if (!to || !strcmp(to->host, name)) {
        return "sent to the fabric for nobody there";
    }
    SHASH_FOR_EACH (node, &b->model->tvds) {
        const struct model_tvd *tvd = node->data;

        if (p->flow.vlans[0].tci == htons(VLAN_CFI | tvd->vlan)) {
            return (decide_may_carry(model_host_find(b->model, name), tvd)
                    && decide_may_carry(model_host_find(b->model, to->host),
                                        tvd)
                    ? NULL : "sent with a tag that one of the hosts may not "
                             "carry");
        }
    }
    return "sent to the fabric without a tag of a TVD";
}

/* Runs 'packet' at 'site' and, if it goes to the fabric, at all the others,
 * as if no switch knew where it has to go.  Returns the number of ports of
 * NICs that it comes out at, and stores in '*site' where. */
static size_t
run_packet(struct bench *b, const struct machine_packet *packet, size_t *site,
           struct machine_output out[MACHINE_MAX_OUTPUTS], const char **leak)
{
    size_t from = *site, n = machine_run(b->sites[from].machine, packet, out);
    struct machine_packet frame;

    b->last_site = from;
    if (!n || out[0].port != UPLINK) {
        return n;
    }
    *leak = n > 1 ? "sent to the fabric and elsewhere"
                  : check_tag(b, &out[0].packet, from);
    frame = out[0].packet;
    memset(frame.flow.regs, 0, sizeof frame.flow.regs);
    frame.flow.metadata = 0;
    frame.flow.ct_state = 0;
    frame.flow.in_port.ofp_port = UPLINK;
    n = 0;
    for (size_t i = 0; i < b->n_sites; i++) {
        struct machine_output here[MACHINE_MAX_OUTPUTS];
        size_t n_here;

        if (i == from) {
            continue;
        }
        n_here = machine_run(b->sites[i].machine, &frame, here);
        if (n_here) {
            *site = i;
            n += n_here;
            out[0] = here[0];
            if (here[0].port == UPLINK) {
                *leak = "came from the fabric and went back to it";
            }
        }
        const struct model_nic *to = model_nic_find_mac(b->model,
                                                        frame.flow.dl_dst);
        if (to && site_of(b, to) == i) {
            b->last_site = i;
        }
    }
    return n;
}

/* Sends 'packet' from the port of 'from' and follows it to its end. */
static struct trip
travel(struct bench *b, const struct model_nic *from,
       struct machine_packet packet)
{
    struct machine_output out[MACHINE_MAX_OUTPUTS];
    struct trip t = { .path = { from }, .n = 1 };
    size_t site = site_of(b, from);

    while (t.n < ARRAY_SIZE(t.path)) {
        size_t n = run_packet(b, &packet, &site, out, &t.leak);

        if (t.leak || !n) {
            return t;
        }
        const struct model_nic *nic = model_nic_find_id(
            b->model, ofp_to_u16(out[0].port));
        if (n > 1 || !nic) {
            t.leak = "came out at several ports, or at none of a NIC";
            return t;
        }
        t.path[t.n++] = nic;
        packet = out[0].packet;
        if (!eth_addr_equals(packet.flow.dl_dst, nic->mac)) {
            t.leak = "reached a NIC under another's MAC";
            return t;
        }
        if (is_for(&packet, nic)) {
            t.delivered = true;
            return t;
        }
        if (nic != nic->tvd->gateway) {
            t.leak = "reached a NIC that it is not for";
            return t;
        }
        forward(b, nic, &packet);
    }
    t.leak = "goes round in circles";
    return t;
}

static void
print_path(const struct model_nic *const path[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("%s%s", i ? " " : "", path[i]->ee->name);
    }
    printf("%s", n ? "" : "nowhere");
}

static void
complain(struct bench *b, const struct trip *t, const char *why,
         const struct model_nic *const want[], size_t n_want,
         const struct kind *kind, bool ipv6)
{
    if (b->n_wrong++ < MAX_COMPLAINTS) {
        enum pipeline_cookie_kind cookie_kind = PIPELINE_COOKIE_STATIC;
        uint64_t id = 0;

        pipeline_cookie_parse(machine_last_cookie(b->sites[b->last_site].machine), &cookie_kind,
                              &id);
        printf("# seed %"PRIu32": %s to %s, %s of IPv%d: %s: %s; went ",
               b->seed, b->src->ee->name, b->dst->ee->name, kind->what,
               ipv6 ? 6 : 4, b->what, t->leak ? t->leak : why);
        print_path(t->path, t->n);
        printf("; expected ");
        print_path(want, n_want);
        printf("; last table %s%s%s\n",
               pipeline_table_to_string(machine_last_table(b->sites[b->last_site].machine)),
               cookie_kind == PIPELINE_COOKIE_DROP ? ", drop " : "",
               cookie_kind == PIPELINE_COOKIE_DROP
               ? pipeline_drop_to_string(id) : "");
    }
}

/* 't' must have led along 'want', to its end; or nowhere, if 'n_want' is 0. */
static void
expect_path(struct bench *b, const struct trip *t,
            const struct model_nic *const want[], size_t n_want,
            const struct kind *kind, bool ipv6)
{
    bool good = !t->leak && t->delivered == (n_want > 0)
                && t->n == MAX(n_want, 1);

    for (size_t i = 0; good && i < n_want; i++) {
        good = t->path[i] == want[i];
    }
    b->n_checks++;
    b->n_allowed += n_want > 0;
    if (!good) {
        complain(b, t, "wrong path", want, n_want, kind, ipv6);
    }
}

/* The other way, back along 'd', if it allows. */
static void
expect_back(struct bench *b, const struct trip *t, const struct decision *d,
            const struct kind *kind, bool ipv6)
{
    const struct model_nic *back[DECIDE_MAX_PATH];

    for (size_t i = 0; i < d->n_path; i++) {
        back[i] = d->path[d->n_path - 1 - i];
    }
    expect_path(b, t, back, d->n_path, kind, ipv6);
}

/* --- What is tried. */

/* Errors about the connection that has just been made from 'src' to 'dst'. */
static void
try_errors(struct bench *b, const struct model_nic *src,
           const struct model_nic *dst, const struct decision *d,
           const struct kind *kind, bool ipv6)
{
    for (size_t n = 0; n < b->n_nics; n++) {
        const struct model_nic *nic = b->nics[n];
        struct decision own = decide_pair(nic, src);
        bool on_path = false;

        if (nic == src) {
            continue;
        }
        for (size_t i = 1; i < d->n_path; i++) {
            on_path |= d->path[i] == nic;
        }
        struct trip t = travel(b, nic, make_error(nic, src, dst, kind, ipv6));
        b->n_checks++;
        if (on_path || (own.allowed && !own.stateful)) {
            b->what = "an ICMP error from the path";
            if (t.leak || !t.delivered || t.path[t.n - 1] != src) {
                complain(b, &t, "lost", &src, 1, kind, ipv6);
            }
        } else {
            b->what = "an ICMP error from elsewhere";
            if (t.n > 1) {
                complain(b, &t, "came out", NULL, 0, kind, ipv6);
            }
        }
    }
}

static void
try_pair(struct bench *b, const struct model_nic *src,
         const struct model_nic *dst, const struct kind *kind, bool ipv6)
{
    struct decide_packet packet = decided_packet(kind, ipv6);
    struct decision d = decide_flow(src, dst, &packet);
    struct eth_addr to = next_mac(src, dst);
    struct trip t;

    b->src = src;
    b->dst = dst;
    forget_connections(b);
    b->what = "a first packet";
    t = travel(b, src, make_packet(src, src, dst, to, kind, ipv6));
    expect_path(b, &t, d.path, d.n_path, kind, ipv6);
    if (kind - kinds >= N_OPENING || !d.allowed) {
        return;
    }

    b->what = "another packet before the reply";
    t = travel(b, src, make_packet(src, src, dst, to, kind, ipv6));
    expect_path(b, &t, d.path, d.n_path, kind, ipv6);
    b->what = "the reply";
    t = travel(b, dst, make_reply(dst, src, kind, ipv6));
    expect_back(b, &t, &d, kind, ipv6);
    b->what = "a packet after the reply";
    t = travel(b, src, make_packet(src, src, dst, to, kind, ipv6));
    expect_path(b, &t, d.path, d.n_path, kind, ipv6);
    try_errors(b, src, dst, &d, kind, ipv6);

    forget_connections(b);
    b->what = "a packet to the router's MAC";
    t = travel(b, src, make_packet(src, src, dst, src->tvd->router_mac, kind,
                                   ipv6));
    expect_path(b, &t, d.path, d.n_path, kind, ipv6);
}

/* Frames that name one NIC by MAC and another by address, or a false source:
 * no decision allows them. */
static void
try_forgeries(struct bench *b, const struct model_nic *src,
              const struct model_nic *dst, const struct kind *kind, bool ipv6)
{
    b->src = src;
    b->dst = dst;
    forget_connections(b);
    for (size_t i = 0; i < b->n_nics; i++) {
        const struct model_nic *other = b->nics[i];
        struct trip t;

        if (other != dst || src->tvd != dst->tvd) {
            b->what = "a frame to another's MAC";
            t = travel(b, src, make_packet(src, src, dst, other->mac, kind,
                                           ipv6));
            expect_path(b, &t, NULL, 0, kind, ipv6);
        }
        if (other != src && src != src->tvd->gateway) {
            b->what = "a packet from another's address";
            t = travel(b, src, make_packet(src, other, dst,
                                           src->tvd->router_mac, kind, ipv6));
            expect_path(b, &t, NULL, 0, kind, ipv6);
        }
    }
}

/* A gateway that makes packets up can send them only where they would go if
 * they had come to it. */
static void
try_transit(struct bench *b, const struct model_nic *gateway,
            const struct model_nic *src, const struct model_nic *dst,
            const struct kind *kind, bool ipv6)
{
    struct decide_packet packet = decided_packet(kind, ipv6);
    struct decision d = decide_flow(src, dst, &packet);
    size_t at = 0;

    if (src == gateway || dst == gateway) {
        return;
    }
    for (size_t i = 1; i + 1 < d.n_path; i++) {
        if (d.path[i] == gateway) {
            at = i;
        }
    }
    b->src = src;
    b->dst = dst;
    forget_connections(b);
    b->what = "a packet made up by a gateway";
    struct trip t = travel(b, gateway,
                           make_packet(gateway, src, dst,
                                       next_mac(gateway, dst), kind, ipv6));
    expect_path(b, &t, &d.path[at], at ? d.n_path - at : 0, kind, ipv6);
}

/* --- Policies. */

static void
bench_init(struct bench *b, int n_sites)
{
    *b = (struct bench) { .what = "", .n_sites = n_sites };
    for (int i = 0; i < n_sites; i++) {
        char name[] = { 'h', '0' + i, '\0' };
        struct site *s = &b->sites[i];

        s->flowtab = flowtab_create();
        s->pipeline = pipeline_create(s->flowtab);
        s->machine = machine_create();
        if (n_sites > 1) {
            pipeline_set_fabric(s->pipeline, name, UPLINK);
        }
    }
}

static void
bench_destroy(struct bench *b)
{
    for (int i = 0; i < b->n_sites; i++) {
        machine_destroy(b->sites[i].machine);
        pipeline_destroy(b->sites[i].pipeline);
        flowtab_destroy(b->sites[i].flowtab);
    }
    free(b->nics);
}

static void
load(struct bench *b, const struct model *m)
{
    free(b->nics);
    b->nics = random_policy_nics(m, &b->n_nics);
    for (size_t i = 0; i < b->n_nics; i++) {
        const struct model_nic *nic = b->nics[i];

        for (int s = 0; s < b->n_sites; s++) {
            pipeline_set_port(b->sites[s].pipeline, nic->id,
                              s == site_of(b, nic) ? u16_to_ofp(nic->id)
                                                   : OFPP_NONE);
        }
    }
    for (int i = 0; i < b->n_sites; i++) {
        struct site *s = &b->sites[i];

        pipeline_touch_all(s->pipeline);
        pipeline_run(s->pipeline, m, 0);
        machine_load(s->machine, s->flowtab);
    }
    b->model = m;
}

/* Has time pass until nothing is done for a while only. */
static void
settle(struct bench *b)
{
    for (int i = 0; i < b->n_sites; i++) {
        struct site *s = &b->sites[i];
        long long int now;

        while ((now = pipeline_deadline(s->pipeline)) != LLONG_MAX) {
            pipeline_run(s->pipeline, b->model, now);
        }
        machine_load(s->machine, s->flowtab);
    }
}

/* True if the flows, which many changes have led to, are those that a new
 * pipeline makes of the same model. */
static bool
flows_are_fresh(const struct bench *b)
{
    struct bench fresh;
    bool same = true;

    bench_init(&fresh, b->n_sites);
    load(&fresh, b->model);
    for (int i = 0; i < b->n_sites; i++) {
        struct ds got = DS_EMPTY_INITIALIZER, want = DS_EMPTY_INITIALIZER;

        flowtab_format_wanted(b->sites[i].flowtab, &got);
        flowtab_format_wanted(fresh.sites[i].flowtab, &want);
        same &= !strcmp(ds_cstr(&got), ds_cstr(&want));
        ds_destroy(&got);
        ds_destroy(&want);
    }
    bench_destroy(&fresh);
    return same;
}

typedef void try_func(struct bench *, const struct model_nic *src,
                      const struct model_nic *dst, const struct kind *,
                      bool ipv6);

/* Calls 'cb' with each ordered pair of NICs, and the NIC and itself, and each
 * of the first 'n_kinds' kinds, of the one IP version and the other in turn. */
static void
for_each_pair(struct bench *b, size_t n_kinds, try_func *cb)
{
    size_t turn = b->seed;

    for (size_t i = 0; i < b->n_nics; i++) {
        for (size_t j = 0; j < b->n_nics; j++) {
            for (size_t k = 0; k < n_kinds; k++) {
                cb(b, b->nics[i], b->nics[j], &kinds[k], turn++ & 1);
            }
        }
        turn++;
    }
}

static void
try_transits(struct bench *b, const struct model_nic *src,
             const struct model_nic *dst, const struct kind *kind, bool ipv6)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &b->model->tvds) {
        const struct model_tvd *tvd = node->data;

        if (tvd->gateway) {
            try_transit(b, tvd->gateway, src, dst, kind, ipv6);
        }
    }
}

static size_t
count_ambiguous(const struct bench *b)
{
    size_t n = 0;

    for (int i = 0; i < b->n_sites; i++) {
        n += machine_n_ambiguous(b->sites[i].machine);
    }
    return n;
}

static void
test_policies(uint32_t first_seed, int n_seeds, int n_sites)
{
    size_t checks = 0, allowed = 0, wrong = 0, ambiguous = 0;

    for (uint32_t seed = first_seed; seed < first_seed + n_seeds; seed++) {
        struct model *m = random_policy(seed, seed + 1000000, NULL);
        struct bench b;

        bench_init(&b, n_sites);
        b.seed = seed;
        random_policy_place(m, n_sites, false);
        load(&b, m);
        for_each_pair(&b, N_KINDS, try_pair);
        for_each_pair(&b, 1, try_forgeries);
        for_each_pair(&b, 1, try_transits);
        checks += b.n_checks;
        allowed += b.n_allowed;
        wrong += b.n_wrong;
        ambiguous += count_ambiguous(&b);
        bench_destroy(&b);
        model_destroy(m);
    }
    ok(!wrong, "%d policies on %d hosts: %zu packets, %zu on paths, %zu wrong",
       n_seeds, n_sites, checks, allowed, wrong);
    ok(!ambiguous, "no packet has a choice of flows (%zu)", ambiguous);
}

/* Hosts that may not carry everything: what arrives is allowed, and no tag is
 * where it may not be (check_tag()); what meets no such obstacle arrives. */
static void
try_narrow(struct bench *b, const struct model_nic *src,
           const struct model_nic *dst, const struct kind *kind, bool ipv6)
{
    struct decide_packet packet = decided_packet(kind, ipv6);
    struct decision d = decide_flow(src, dst, &packet);
    bool same_tvd = true;

    for (size_t i = 0; i < d.n_path; i++) {
        same_tvd &= d.path[i]->tvd == src->tvd;
    }
    b->src = src;
    b->dst = dst;
    b->what = "a packet among hosts with few types";
    forget_connections(b);
    struct trip t = travel(b, src, make_packet(src, src, dst,
                                               next_mac(src, dst), kind,
                                               ipv6));
    if (same_tvd || t.delivered) {
        expect_path(b, &t, d.path, d.n_path, kind, ipv6);
    } else {
        b->n_checks++;
        if (t.leak || t.n > MAX(d.n_path, 1)) {
            complain(b, &t, "went too far", d.path, d.n_path, kind, ipv6);
        }
    }
}

static void
test_narrow(uint32_t first_seed, int n_seeds)
{
    size_t checks = 0, allowed = 0, wrong = 0;

    for (uint32_t seed = first_seed; seed < first_seed + n_seeds; seed++) {
        struct model *m = random_policy(seed, seed + 8000000, NULL);
        struct bench b;

        bench_init(&b, 4);
        b.seed = seed;
        random_policy_place(m, 4, true);
        load(&b, m);
        for_each_pair(&b, 2, try_narrow);
        checks += b.n_checks;
        allowed += b.n_allowed;
        wrong += b.n_wrong;
        bench_destroy(&b);
        model_destroy(m);
    }
    ok(!wrong, "%d policies on hosts with few types: %zu packets, %zu on "
       "paths, %zu wrong", n_seeds, checks, allowed, wrong);
}

/* Broadcasts reach all of the TVD, on whichever host, once, and nobody else;
 * on the fabric they are tagged with it. */
static void
broadcast(struct bench *b, const struct model_nic *src)
{
    struct machine_output out[MACHINE_MAX_OUTPUTS];
    struct machine_packet p = make_packet(src, src, src, eth_addr_broadcast,
                                          &kinds[2], false);
    const struct model_rule *rule = model_rule_find(src->role, src->tvd);
    bool may = !rule || rule->action == MODEL_UNRESTRICTED;
    size_t from = site_of(b, src), got = 0, want = 0, bad = 0;

    p.flow.nw_dst = OVS_BE32_MAX;
    for (size_t i = 0; i < b->n_nics; i++) {
        want += may && b->nics[i] != src && b->nics[i]->tvd == src->tvd;
    }
    for (size_t i = 0; i < b->n_sites; i++) {
        size_t site = (from + i) % b->n_sites;
        struct machine_packet frame = p;
        size_t n = machine_run(b->sites[site].machine, &frame, out);

        for (size_t j = 0; j < n; j++) {
            const struct model_nic *nic = model_nic_find_id(
                b->model, ofp_to_u16(out[j].port));

            if (out[j].port == UPLINK && !i) {
                p = out[j].packet;
                bad += p.flow.vlans[0].tci != htons(VLAN_CFI
                                                    | src->tvd->vlan);
                memset(p.flow.regs, 0, sizeof p.flow.regs);
                p.flow.metadata = 0;
                p.flow.in_port.ofp_port = UPLINK;
            } else if (nic && nic->tvd == src->tvd && nic != src) {
                got++;
            } else {
                bad++;
            }
        }
        if (!i && p.flow.in_port.ofp_port != UPLINK) {
            break;              /* It has not left the host. */
        }
    }
    b->n_checks++;
    b->n_wrong += bad || got != want;
}

static void
test_broadcast(uint32_t first_seed, int n_seeds)
{
    size_t checks = 0, wrong = 0;

    for (uint32_t seed = first_seed; seed < first_seed + n_seeds; seed++) {
        struct model *m = random_policy(seed, seed + 9000000, NULL);
        struct bench b;

        bench_init(&b, 3);
        b.seed = seed;
        random_policy_place(m, 3, false);
        load(&b, m);
        for (size_t i = 0; i < b.n_nics; i++) {
            broadcast(&b, b.nics[i]);
        }
        checks += b.n_checks;
        wrong += b.n_wrong;
        bench_destroy(&b);
        model_destroy(m);
    }
    ok(!wrong, "%zu broadcasts on 3 hosts, %zu wrong", checks, wrong);
}

/* Established connections when the matrix changes under them. */
static void
try_revoked(struct bench *b, const struct model *new,
            const struct model_nic *src, const struct model_nic *dst,
            const struct kind *kind, bool ipv6)
{
    const struct model *old = b->model;
    struct decide_packet packet = decided_packet(kind, ipv6);
    struct decision before = decide_flow(src, dst, &packet);
    const struct model_nic *src2 = model_nic_find_id(new, src->id);
    const struct model_nic *dst2 = model_nic_find_id(new, dst->id);
    struct decision after = decide_flow(src2, dst2, &packet);
    struct decision back = decide_pair(dst2, src2);
    struct decide_packet turned = packet;
    struct trip t;

    b->src = src;
    b->dst = dst;
    if (!before.allowed) {
        return;
    }
    travel(b, src, make_packet(src, src, dst, next_mac(src, dst), kind,
                               ipv6));
    travel(b, dst, make_reply(dst, src, kind, ipv6));

    /* Right after the change, and in every other case later, when all hosts
     * have come to the new policy. */
    load(b, new);
    if (b->n_checks & 1) {
        settle(b);
    }
    if (!after.allowed && !back.allowed) {
        b->what = "the reply to a connection that is no longer allowed";
        t = travel(b, dst2, make_reply(dst2, src2, kind, ipv6));
        expect_path(b, &t, NULL, 0, kind, ipv6);
    }
    if (!after.allowed && kind->dst_port) {
        turned.dst_port = CLIENT_PORT;
        back = decide_flow(dst2, src2, &turned);
        b->what = "what was a reply, and opens a connection after the change";
        t = travel(b, dst2, make_reply(dst2, src2, kind, ipv6));
        expect_path(b, &t, back.path, back.n_path, kind, ipv6);
    }
    b->what = "a packet of a connection from before the change";
    t = travel(b, src2, make_packet(src2, src2, dst2, next_mac(src2, dst2),
                                    kind, ipv6));
    if (turned.dst_port == CLIENT_PORT) {
        b->what = "the reply to it";
        expect_back(b, &t, &back, kind, ipv6);
    } else {
        expect_path(b, &t, after.path, after.n_path, kind, ipv6);
    }
    if (after.allowed) {
        b->what = "the reply to a connection from before the change";
        t = travel(b, dst2, make_reply(dst2, src2, kind, ipv6));
        expect_back(b, &t, &after, kind, ipv6);
    }
    settle(b);
    b->n_stale += !flows_are_fresh(b);
    load(b, old);
    forget_connections(b);
}

static void
test_changes(uint32_t first_seed, int n_seeds, int n_sites)
{
    size_t checks = 0, allowed = 0, wrong = 0, stale = 0;

    for (uint32_t seed = first_seed; seed < first_seed + n_seeds; seed++) {
        struct model *old = random_policy(seed, seed + 2000000, NULL);
        struct model *new = random_policy(seed, seed + 3000000, old);
        size_t turn = seed, n_nics;
        const struct model_nic **nics = random_policy_nics(old, &n_nics);
        struct bench b;

        bench_init(&b, n_sites);
        b.seed = seed;
        random_set_seed(seed);
        random_policy_place(old, n_sites, false);
        random_set_seed(seed);
        random_policy_place(new, n_sites, false);
        load(&b, old);
        for (size_t i = 0; i < n_nics * n_nics; i++) {
            turn++;
            try_revoked(&b, new, nics[i / n_nics], nics[i % n_nics],
                        &kinds[turn % N_OPENING], turn / N_OPENING & 1);
        }
        free(nics);
        checks += b.n_checks;
        allowed += b.n_allowed;
        wrong += b.n_wrong;
        stale += b.n_stale;
        bench_destroy(&b);
        model_destroy(old);
        model_destroy(new);
    }
    ok(!wrong, "%d changes of policy under connections on %d hosts: %zu "
       "packets, %zu on paths, %zu wrong", n_seeds, n_sites, checks, allowed,
       wrong);
    ok(!stale, "flows after changes are those made afresh (%zu)", stale);
}

static bool
is_here(const struct bench *b, const struct model_nic *nic)
{
    return pipeline_get_port(b->sites[site_of(b, nic)].pipeline, nic->id)
           != OFPP_NONE;
}

/* NICs that are not admitted here neither send nor receive, and a path that
 * leads over one ends there. */
static void
try_absent(struct bench *b, const struct model_nic *src,
           const struct model_nic *dst, const struct kind *kind, bool ipv6)
{
    struct decide_packet packet = decided_packet(kind, ipv6);
    struct decision d = decide_flow(src, dst, &packet);
    size_t n = 0;

    while (n < d.n_path && is_here(b, d.path[n])) {
        n++;
    }
    b->src = src;
    b->dst = dst;
    b->what = "a packet among NICs that are not all here";
    forget_connections(b);
    struct trip t = travel(b, src, make_packet(src, src, dst,
                                               next_mac(src, dst), kind,
                                               ipv6));
    if (n == d.n_path) {
        expect_path(b, &t, d.path, d.n_path, kind, ipv6);
    } else {
        b->n_checks++;
        if (t.leak || t.delivered || t.n > MAX(n, 1)) {
            complain(b, &t, "went too far", d.path, n, kind, ipv6);
        }
    }
}

/* Some NICs leave, which their hosts see at once; the others do not know it
 * yet, or cannot be told.  Those that stay do not notice. */
static void
test_absent(uint32_t first_seed, int n_seeds, int n_sites)
{
    size_t checks = 0, allowed = 0, wrong = 0;

    for (uint32_t seed = first_seed; seed < first_seed + n_seeds; seed++) {
        struct model *m = random_policy(seed, seed + 7000000, NULL);
        struct bench b;

        bench_init(&b, n_sites);
        b.seed = seed;
        random_policy_place(m, n_sites, false);
        load(&b, m);
        for (size_t i = 0; i < b.n_nics; i++) {
            if (!random_range(3)) {
                pipeline_set_port(b.sites[site_of(&b, b.nics[i])].pipeline,
                                  b.nics[i]->id, OFPP_NONE);
            }
        }
        for (int i = 0; i < n_sites; i++) {
            pipeline_run(b.sites[i].pipeline, m, 0);
            machine_load(b.sites[i].machine, b.sites[i].flowtab);
        }
        for_each_pair(&b, 2, try_absent);
        checks += b.n_checks;
        allowed += b.n_allowed;
        wrong += b.n_wrong;
        bench_destroy(&b);
        model_destroy(m);
    }
    ok(!wrong, "%d policies on %d hosts with NICs that are not there: %zu "
       "packets, %zu on paths, %zu wrong", n_seeds, n_sites, checks, allowed,
       wrong);
}

int
main(int argc, char *argv[])
{
    uint32_t first = argc > 2 ? strtoul(argv[1], NULL, 10) : 1;
    int n = argc > 2 ? strtoul(argv[2], NULL, 10) : 12;

    test_policies(first, n, 1);
    test_policies(first + 100, n, 2);
    test_policies(first + 200, n, 4);
    test_changes(first, (n + 3) / 4, 1);
    test_changes(first, (n + 3) / 4, 3);
    test_absent(first, n, 1);
    test_absent(first + 300, n, 3);
    test_narrow(first, 2 * n);
    test_broadcast(first, n);
    return tap_done();
}
