/* SPDX-License-Identifier: Apache-2.0
 *
 * What an agent sees of the database.  For random policies, eight hosts whose
 * labels have every subset of three types follow a real server.  Whatever
 * changes, and wherever the server dies, each goes in one step from all that
 * concerned it before to all that does afterwards, says of its own NICs what
 * the whole policy says, and makes flows that treat their packets the same.
 *
 * usage: test-tvd-db-view [FIRST-SEED N-SEEDS] */

#include <config.h>
#include "tests/unit/tvd-db-fixture.h"

#include <stdlib.h>
#include "flow.h"
#include "flowpolicy/decide.h"
#include "openvswitch/poll-loop.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "random.h"
#include "svec.h"
#include "tests/unit/flow-machine.h"
#include "tests/unit/random-policy.h"
#include "tests/unit/tap.h"
#include "timeval.h"
#include "util.h"

enum { N_TYPES = 3, N_HOSTS = 1 << N_TYPES };

struct view {
    struct tvd_db *db;
    char *host;
    char *before;               /* What it saw, and */
    char *after;                /* what it is to see. */
};

struct bench {
    struct fixture f;
    struct view views[N_HOSTS];
    struct model *full;
    size_t n_wrong, n_outputs;
    uint32_t seed;
};

/* --- Policies. */

/* "l5": the types that are set in 5. */
static struct model_label *
label(struct model *m, unsigned int types)
{
    char *name = xasprintf("l%u", types);
    struct model_label *l = model_label_find(m, name);

    free(name);
    return l;
}

static void
add_labels(struct model *m)
{
    for (unsigned int i = 0; i < N_HOSTS; i++) {
        char *name = xasprintf("l%u", i);
        struct model_label *l = model_label_add(m, name);

        for (unsigned int t = 0; t < N_TYPES; t++) {
            if (i & 1u << t) {
                sset_add_and_free(&l->types, xasprintf("type%u", t));
            }
        }
        free(name);
    }
}

/* Host hN has label l(N ^ 'twist'); TVD A has type 0, B has 1, C has 2, or, if
 * 'mixed', several. */
static void
add_places(struct model *m, unsigned int twist, bool mixed)
{
    struct shash_node *node;

    add_labels(m);
    for (unsigned int i = 0; i < N_HOSTS; i++) {
        char *name = xasprintf("h%u", i);

        model_host_add(m, name)->label = label(m, i ^ twist);
        free(name);
    }
    for (unsigned int t = 0; t < RANDOM_N_TVDS; t++) {
        model_tvd_find(m, random_tvds[t])->label
            = label(m, mixed ? 1 + random_range(N_HOSTS - 1) : 1u << t);
    }
    SHASH_FOR_EACH (node, &m->ees) {
        struct model_ee *ee = node->data;

        ee->label = label(m, N_HOSTS - 1);
    }
}

/* Most entries go, so that not every TVD is everybody's peer. */
static void
thin_out(struct model *m)
{
    struct shash_node *tvd, *role, *rule;

    SHASH_FOR_EACH (tvd, &m->tvds) {
        struct model_tvd *t = tvd->data;

        SHASH_FOR_EACH (role, &t->roles) {
            struct model_role *r = role->data;

            SHASH_FOR_EACH (rule, &r->rules) {
                struct model_rule *u = rule->data;

                if (random_range(4)) {
                    u->action = MODEL_NONE;
                }
            }
        }
    }
}

static struct model *
make_policy(uint32_t seed)
{
    struct model *m = random_policy(1 + seed / 3, seed, NULL);

    if (seed % 4) {
        thin_out(m);
    }
    add_places(m, seed % 5 ? 0 : random_range(N_HOSTS), seed % 3 == 0);
    decide_assign_gateways(m);
    return m;
}

/* --- What a host is to see, from the whole policy. */

static bool
is_own(const struct model *m, const char *host, const struct model_tvd *tvd)
{
    const struct sset *here = &model_host_find(m, host)->label->types;
    const char *type;

    SSET_FOR_EACH (type, &tvd->label->types) {
        if (!sset_contains(here, type)) {
            return false;
        }
    }
    return true;
}

static bool
leads_to(const struct model_tvd *a, const struct model_tvd *b)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &a->roles) {
        const struct model_rule *rule = model_rule_find(node->data, b);

        if (rule && rule->action != MODEL_NONE) {
            return true;
        }
    }
    return false;
}

static bool
is_seen(const struct model *m, const char *host, const struct model_tvd *tvd)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *other = node->data;

        if (is_own(m, host, other)
            && (other == tvd || leads_to(other, tvd)
                || leads_to(tvd, other))) {
            return true;
        }
    }
    return false;
}

static bool
ee_is_seen(const struct model *m, const char *host, const struct model_ee *ee)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        if (is_seen(m, host, ee->nics[i]->tvd)) {
            return true;
        }
    }
    return !ee->n_nics;
}

/* Whether 'line' of the policy's text concerns 'host'. */
static bool
line_is_seen(const struct model *m, const char *host, const char *line)
{
    char a[64], b[64];

    if (sscanf(line, "tvd %63[^:]", a) == 1
        || sscanf(line, "role %63[^/]", a) == 1
        || sscanf(line, "nic %*s %*u %63[^/]", a) == 1) {
        return is_seen(m, host, model_tvd_find(m, a));
    } else if (sscanf(line, "rule %63[^/]/%*s -> %63[^:]", a, b) == 2) {
        const struct model_tvd *from = model_tvd_find(m, a);
        const struct model_tvd *to = model_tvd_find(m, b);

        return (is_seen(m, host, from) && is_seen(m, host, to)
                && (is_own(m, host, from) || is_own(m, host, to)));
    } else if (sscanf(line, "ee %63[^:]", a) == 1) {
        return ee_is_seen(m, host, model_ee_find(m, a));
    }
    return strncmp(line, "switch ", 7);
}

static char *
text_to_see(const struct model *m, const char *host)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    char *text = model_text(m);
    char *rest = text, *line, *joined;

    while ((line = strsep(&rest, "\n"))) {
        if (*line && line_is_seen(m, host, line)) {
            svec_add(&lines, line);
        }
    }
    joined = svec_join(&lines, "\n", "\n");
    svec_destroy(&lines);
    free(text);
    return joined;
}

/* --- Following. */

static void
complain(struct bench *b, const struct view *v, const char *what)
{
    if (b->n_wrong++ < 10) {
        printf("# seed %"PRIu32", host %s: %s\n", b->seed, v->host, what);
    }
}

static void
check_view(struct bench *b, struct view *v)
{
    char *text = model_text(tvd_db_model(v->db));
    size_t n;

    if (strcmp(text, tvd_db_seq(v->db) == b->f.seq ? v->after : v->before)) {
        complain(b, v, "it is neither what was nor what is to be");
        if (b->n_wrong < 3) {
            printf("# want:\n%s# got (seq %"PRId64" of %"PRId64"):\n%s",
                   v->after, tvd_db_seq(v->db), b->f.seq, text);
        }
    }
    if (tvd_db_problems(v->db, &n)->n) {
        complain(b, v, "a problem is reported");
    }
    free(text);
}

/* Runs all clients once.  Returns true if all have seen f.seq. */
static bool
run_all(struct bench *b)
{
    bool all;

    ovsdb_idl_run(tvd_db_idl(b->f.writer));
    tvd_db_run(b->f.writer);
    all = has_seq(b->f.writer, &b->f.seq);
    for (size_t i = 0; i < N_HOSTS; i++) {
        struct view *v = &b->views[i];

        ovsdb_idl_run(tvd_db_idl(v->db));
        if (tvd_db_run(v->db)) {
            check_view(b, v);
        }
        all &= has_seq(v->db, &b->f.seq) && !tvd_db_is_waiting(v->db);
    }
    return all;
}

static void
wait_all(struct bench *b, long long int until)
{
    ovsdb_idl_wait(tvd_db_idl(b->f.writer));
    tvd_db_wait(b->f.writer);
    for (size_t i = 0; i < N_HOSTS; i++) {
        ovsdb_idl_wait(tvd_db_idl(b->views[i].db));
        tvd_db_wait(b->views[i].db);
    }
    poll_timer_wait_until(until);
    poll_block();
}

/* Until all have seen f.seq; the server dies after 'n_runs', 'n_deaths'
 * times. */
static void
follow(struct bench *b, int n_runs, int n_deaths)
{
    long long int deadline = time_msec() + 20000;
    int runs = 0;

    while (!run_all(b) || runs < n_runs) {
        if (n_deaths && ++runs >= n_runs) {
            test_server_kill(&b->f.server);
            test_server_run(&b->f.server);
            runs = 0;
            n_runs = --n_deaths ? n_runs : 0;
        }
        if (time_msec() > deadline) {
            for (size_t i = 0; i < N_HOSTS; i++) {
                struct view *v = &b->views[i];

                if (!has_seq(v->db, &b->f.seq) || tvd_db_is_waiting(v->db)) {
                    complain(b, v, tvd_db_is_waiting(v->db)
                             ? "it waits in vain" : "it was forgotten");
                }
            }
            return;
        }
        wait_all(b, deadline);
    }
}

/* Until nothing is under way any more, as what is asked for less. */
static void
settle(struct bench *b)
{
    long long int end = time_msec() + 200;

    while (time_msec() < end) {
        run_all(b);
        wait_all(b, end);
    }
}

/* Makes 'm' the policy. */
static void
set_policy(struct bench *b, struct model *m)
{
    for (size_t i = 0; i < N_HOSTS; i++) {
        struct view *v = &b->views[i];


        run_until(v->db, has_seq, &b->f.seq, NULL);
        free(v->before);
        free(v->after);
        v->before = model_text(tvd_db_model(v->db));
        v->after = text_to_see(m, v->host);
    }
    model_destroy(b->full);
    b->full = m;
    b->f.seq++;
    while (write_model(b->f.writer, m, b->f.seq) != TXN_SUCCESS) {
        ovsdb_idl_run(tvd_db_idl(b->f.writer));
        tvd_db_run(b->f.writer);
    }
}

/* --- The same decisions. */

static const struct decide_packet packets[] = {
    { IPPROTO_TCP, 22, 0 }, { IPPROTO_TCP, 99, 0 }, { IPPROTO_UDP, 53, 0 },
    { IPPROTO_SCTP, 0, 0 }, { IPPROTO_ICMP, 0, 8 }, { IPPROTO_ICMP, 0, 0 },
};

static bool
same_decision(const struct decision *a, const struct decision *b)
{
    bool same = (a->allowed == b->allowed && a->why == b->why
                 && a->stateful == b->stateful && a->n_path == b->n_path);

    for (size_t i = 0; same && i < a->n_path; i++) {
        same = a->path[i]->id == b->path[i]->id;
    }
    return same;
}

static void
check_pair(struct bench *b, struct view *v, const struct model_nic *src,
           const struct model_nic *dst)
{
    struct model *m = tvd_db_model(v->db);
    const struct model_nic *s = model_nic_find_id(m, src->id);
    const struct model_nic *d = model_nic_find_id(m, dst->id);

    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        struct decision full = decide_flow(src, dst, &packets[i]);
        struct decision here = { .allowed = false };

        if (s && d) {
            here = decide_flow(s, d, &packets[i]);
        }
        if (s && d ? !same_decision(&full, &here) : full.allowed) {
            complain(b, v, "another decision");
        }
    }
}

static void
check_decisions(struct bench *b)
{
    size_t n;
    const struct model_nic **nics = random_policy_nics(b->full, &n);

    for (size_t h = 0; h < N_HOSTS; h++) {
        struct view *v = &b->views[h];

        decide_assign_gateways(tvd_db_model(v->db));
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                if (is_own(b->full, v->host, nics[i]->tvd)
                    || is_own(b->full, v->host, nics[j]->tvd)) {
                    check_pair(b, v, nics[i], nics[j]);
                }
            }
        }
    }
    free(nics);
}

/* --- Flows that do the same. */

#define UPLINK u16_to_ofp(60000)

/* Puts each NIC on some host that may carry its TVD. */
static void
spread(const struct bench *b, const struct model_nic **nics, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct model_nic *nic = model_nic_find_id(b->full, nics[i]->id);
        const char *host;

        do {
            host = b->views[random_range(N_HOSTS)].host;
        } while (!is_own(b->full, host, nic->tvd));
        nic->host = xstrdup(host);
    }
}

/* Writes where the NICs are, for all to see. */
static void
write_holders(struct bench *b)
{
    size_t n;
    const struct model_nic **nics = random_policy_nics(b->full, &n);
    struct smap ids = SMAP_INITIALIZER(&ids);
    enum ovsdb_idl_txn_status status;

    spread(b, nics, n);
    b->f.seq++;
    do {
        ovsdb_idl_run(tvd_db_idl(b->f.writer));
        tvd_db_run(b->f.writer);

        struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(
            tvd_db_idl(b->f.writer));

        for (size_t i = 0; i < n; i++) {
            tvd_db_write_holder(b->f.writer, nics[i], nics[i]->host);
        }
        tvd_db_write_global(b->f.writer, txn, b->f.seq, &ids, NULL);
        status = commit(txn);
    } while (status != TXN_SUCCESS);
    smap_destroy(&ids);
    free(nics);
    follow(b, 0, 0);
}

struct bridge {
    struct flowtab *flowtab;
    struct pipeline *pipeline;
    struct machine *machine;
};

/* The bridge of a host that has 'm' for the policy, and its NICs plugged in. */
static void
bridge_init(struct bridge *br, const struct view *v, const struct model *m,
            const struct model_nic **nics, size_t n)
{
    br->flowtab = flowtab_create();
    br->pipeline = pipeline_create(br->flowtab);
    br->machine = machine_create();
    pipeline_set_fabric(br->pipeline, v->host, UPLINK);
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(nics[i]->host, v->host)) {
            pipeline_set_port(br->pipeline, nics[i]->id,
                              u16_to_ofp(nics[i]->id));
        }
    }
    pipeline_run(br->pipeline, m, 0);
    machine_load(br->machine, br->flowtab);
}

static void
bridge_uninit(struct bridge *br)
{
    machine_destroy(br->machine);
    pipeline_destroy(br->pipeline);
    flowtab_destroy(br->flowtab);
}

static struct machine_packet
make_packet(const struct model_nic *src, const struct model_nic *dst,
            const struct decide_packet *p, bool to_router)
{
    struct machine_packet packet;
    struct flow *flow = &packet.flow;

    memset(&packet, 0, sizeof packet);
    flow->in_port.ofp_port = u16_to_ofp(src->id);
    flow->dl_src = src->mac;
    flow->dl_dst = to_router ? src->tvd->router_mac : dst->mac;
    flow->dl_type = htons(ETH_TYPE_IP);
    flow->nw_src = in6_addr_get_mapped_ipv4(&src->ips[0]);
    flow->nw_dst = in6_addr_get_mapped_ipv4(&dst->ips[0]);
    flow->nw_proto = p->proto;
    flow->nw_ttl = 64;
    flow->tp_src = htons(p->proto == IPPROTO_ICMP ? p->icmp_type : 40000);
    flow->tp_dst = htons(p->dst_port);
    return packet;
}

/* True if 'packet' comes out of both bridges the same way; adds to '*total' at
 * how many ports. */
static bool
same_outputs(struct bridge *x, struct bridge *y,
             const struct machine_packet *packet, size_t *total)
{
    struct machine_output a[MACHINE_MAX_OUTPUTS], b[MACHINE_MAX_OUTPUTS];
    size_t n = machine_run(x->machine, packet, a);
    bool same = machine_run(y->machine, packet, b) == n;

    *total += n;
    for (size_t i = 0; same && i < MIN(n, MACHINE_MAX_OUTPUTS); i++) {
        bool found = false;

        for (size_t j = 0; !found && j < MIN(n, MACHINE_MAX_OUTPUTS); j++) {
            found = (a[i].port == b[j].port
                     && (a[i].packet.flow.vlans[0].tci
                         == b[j].packet.flow.vlans[0].tci)
                     && eth_addr_equals(a[i].packet.flow.dl_src,
                                        b[j].packet.flow.dl_src)
                     && eth_addr_equals(a[i].packet.flow.dl_dst,
                                        b[j].packet.flow.dl_dst));
        }
        same = found;
    }
    return same;
}

/* From 'src', if it is at this host, and else from the fabric, with the tag of
 * any TVD. */
static void
check_packets(struct bench *b, struct view *v, struct bridge *full,
              struct bridge *here, const struct model_nic *src,
              const struct model_nic *dst)
{
    bool local = !strcmp(src->host, v->host);

    for (size_t k = 0; k < 2 * ARRAY_SIZE(packets); k++) {
        struct machine_packet p = make_packet(src, dst, &packets[k / 2],
                                              local && k % 2);

        if (!local) {
            const char *tag = random_tvds[random_range(RANDOM_N_TVDS)];

            p.flow.in_port.ofp_port = UPLINK;
            p.flow.vlans[0].tci = htons(
                VLAN_CFI | model_tvd_find(b->full, tag)->vlan);
        }
        if (!same_outputs(full, here, &p, &b->n_outputs)) {
            complain(b, v, "flows that treat a packet another way");
        }
    }
}

static void
check_flows(struct bench *b, struct view *v)
{
    size_t n;
    const struct model_nic **nics = random_policy_nics(b->full, &n);
    struct bridge full, here;

    decide_assign_gateways(tvd_db_model(v->db));
    bridge_init(&full, v, b->full, nics, n);
    bridge_init(&here, v, tvd_db_model(v->db), nics, n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            check_packets(b, v, &full, &here, nics[i], nics[j]);
        }
    }
    bridge_uninit(&full);
    bridge_uninit(&here);
    free(nics);
}

/* --- Random policies. */

static void
test_random(struct bench *b, uint32_t first, uint32_t n)
{
    b->n_wrong = b->n_outputs = 0;
    for (b->seed = first; b->seed < first + n; b->seed++) {
        bool death = b->seed % 3 == 1;

        set_policy(b, make_policy(b->seed));
        follow(b, death ? 1 + random_range(4) : 0,
               death ? 1 + random_range(3) : 0);
        check_decisions(b);
        write_holders(b);
        check_flows(b, &b->views[b->seed % N_HOSTS]);
        check_flows(b, &b->views[random_range(N_HOSTS)]);
    }
    ok(!b->n_wrong && b->n_outputs > n, "%"PRIu32" random policies, %d hosts: "
       "never a part, the same decisions, and flows that do the same "
       "(%"PRIuSIZE" packets let through, %"PRIuSIZE" wrong)", n, N_HOSTS,
       b->n_outputs, b->n_wrong);
}

/* --- One thing after the other. */

static struct model_rule *
rule_between(struct model *m, const char *from, const char *to,
             enum model_action action)
{
    struct model_role *role = model_role_find(model_tvd_find(m, from), "m");
    struct model_rule *rule = model_rule_add(role, model_tvd_find(m, to),
                                             action);

    rule->id = 1 + from[0] * 8 + to[0];
    return rule;
}

static void
connect_p(struct model *m)
{
    model_rule_add_peer_role(rule_between(m, "A", "B", MODEL_P),
                             model_role_find(model_tvd_find(m, "B"), "n"));
}

static void
connect_back(struct model *m)
{
    rule_between(m, "C", "A", MODEL_UNRESTRICTED);
}

static void
deny(struct model *m)
{
    rule_between(m, "A", "B", MODEL_NONE);
    rule_between(m, "B", "C", MODEL_UNRESTRICTED);
}

static void
relabel_host(struct model *m)
{
    model_host_find(m, "h1")->label = label(m, 6);
}

static void
relabel_tvd(struct model *m)
{
    model_tvd_find(m, "C")->label = label(m, 1);
}

static void
relabel_both(struct model *m)
{
    model_host_find(m, "h1")->label = label(m, 2);
    model_tvd_find(m, "A")->label = label(m, 2);
    model_tvd_find(m, "B")->label = label(m, 4);
}

static void
widen(struct model *m)
{
    model_host_find(m, "h1")->label = label(m, 7);
}

static void
forget_host(struct model *m)
{
    model_host_find(m, "h1")->label = label(m, 0);
}

static const struct step {
    const char *what;
    void (*change)(struct model *);
    const char *tvds;           /* What h1, of label l1, then sees. */
} steps[] = {
    { "no entries", NULL, "A" },
    { "P to a role of another TVD", connect_p, "A B" },
    { "that entry is gone", NULL, "A" },
    { "an entry towards the own TVD", connect_back, "A C" },
    { "\"none\", and an entry of others", deny, "A" },
    { "the host's label", relabel_host, "B C" },
    { "the host's label again", NULL, "A" },
    { "a TVD's label", relabel_tvd, "A C" },
    { "both labels", relabel_both, "A" },
    { "a label with all types", widen, "A B C" },
    { "a label without types", forget_host, "" },
    { "and back", NULL, "A" },
};

static void
drop_rules(struct model_role *role)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &role->rules) {
        struct model_rule *rule = node->data;

        sset_destroy(&rule->peer_ees);
        free(rule->peer_roles);
        free(rule->services);
        free(rule);
        shash_delete(&role->rules, node);
    }
}

/* The same EEs each time, and an empty matrix. */
static struct model *
plain_policy(void)
{
    struct model *m = random_policy(1, 1, NULL);
    struct shash_node *node, *node2;

    SHASH_FOR_EACH (node, &m->tvds) {
        struct model_tvd *tvd = node->data;

        SHASH_FOR_EACH (node2, &tvd->roles) {
            drop_rules(node2->data);
        }
    }
    add_places(m, 0, false);
    decide_assign_gateways(m);
    return m;
}

static char *
tvds_of(const struct model *m)
{
    const struct shash_node **nodes = shash_sort(&m->tvds);
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *joined;

    for (size_t i = 0; i < shash_count(&m->tvds); i++) {
        svec_add(&names, nodes[i]->name);
    }
    joined = svec_join(&names, " ", "");
    svec_destroy(&names);
    free(nodes);
    return joined;
}

static void
test_steps(struct bench *b)
{
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct model *m = plain_policy();
        char *tvds;

        b->n_wrong = 0;
        if (steps[i].change) {
            steps[i].change(m);
        }
        set_policy(b, m);
        follow(b, 0, 0);
        check_decisions(b);
        tvds = tvds_of(tvd_db_model(b->views[1].db));
        ok(!b->n_wrong && !strcmp(tvds, steps[i].tvds), "%s: sees \"%s\"",
           steps[i].what, tvds);
        free(tvds);
    }
}

/* --- An EE more. */

static void
test_ee(struct bench *b)
{
    struct tvd_db *db = b->views[1].db;
    struct ovsdb_idl *idl = tvd_db_idl(db);
    struct tvd_db_changes sum = { .everything = false };
    struct smap ids = SMAP_INITIALIZER(&ids);
    unsigned int asked;

    set_policy(b, plain_policy());
    follow(b, 0, 0);
    settle(b);
    asked = ovsdb_idl_get_condition_seqno(idl);
    for (int i = 0; i < 3; i++) {
        struct model_nic *nic = random_policy_add(
            b->full, model_tvd_find(b->full, random_tvds[i]), "m", 7);
        struct ovsdb_idl_txn *txn;

        nic->ee->label = label(b->full, 7);
        model_nic_set_id(b->full, nic, 1000 + i);
        model_nic_set_mac(b->full, nic, (struct eth_addr) { { .ea = {
            2, 7, 7, 7, 7, i } } });
        txn = ovsdb_idl_txn_create(tvd_db_idl(b->f.writer));
        tvd_db_write_ee(b->f.writer, txn, nic->ee);
        tvd_db_write_global(b->f.writer, txn, ++b->f.seq, &ids, NULL);
        commit(txn);
        run_until(db, has_seq, &b->f.seq, &sum);
    }
    ok(!sum.everything && sum.n_nics == 1 && sum.n_tvds == 1
       && model_nic_find_id(tvd_db_model(db), 1000)
       && !model_nic_find_id(tvd_db_model(db), 1001)
       && !model_ee_find(tvd_db_model(db), "B-m7"),
       "of three EEs more it sees the one in its TVD");
    ok(ovsdb_idl_get_condition_seqno(idl) == asked,
       "and has asked for nothing");
    smap_destroy(&ids);
}

/* --- A database that an older controller has written. */

static size_t
count_ees(struct tvd_db *db)
{
    return shash_count(&tvd_db_model(db)->ees);
}

static void
commit_seq(struct bench *b, struct ovsdb_idl_txn *txn)
{
    struct smap ids = SMAP_INITIALIZER(&ids);

    tvd_db_write_global(b->f.writer, txn, ++b->f.seq, &ids, NULL);
    commit(txn);
    smap_destroy(&ids);
    run_until(b->f.writer, has_seq, &b->f.seq, NULL);
    run_until(b->views[1].db, has_seq, &b->f.seq, NULL);
}

static void
test_upgrade(struct bench *b)
{
    struct tvd_db *db = b->views[1].db, *writer = b->f.writer;
    struct ovsdb_idl_txn *txn;
    const struct tvdrec_ee *row;
    size_t n_ees, n_nics, n;

    set_policy(b, plain_policy());
    follow(b, 0, 0);
    n_ees = count_ees(db);
    n_nics = hmap_count(&tvd_db_model(db)->nics_by_id);

    txn = ovsdb_idl_txn_create(tvd_db_idl(writer));
    TVDREC_EE_FOR_EACH (row, tvd_db_idl(writer)) {
        tvdrec_ee_set_tvds(row, NULL, 0);
    }
    commit_seq(b, txn);
    ok(hmap_count(&tvd_db_model(db)->nics_by_id) == n_nics
       && !tvd_db_problems(db, &n)->n,
       "rows of EEs that do not say their TVDs: sees the same NICs");

    txn = ovsdb_idl_txn_create(tvd_db_idl(writer));
    tvd_db_write_tvds(writer);
    commit_seq(b, txn);
    ok(hmap_count(&tvd_db_model(db)->nics_by_id) == n_nics
       && count_ees(db) == n_ees && !tvd_db_problems(db, &n)->n,
       "the controller fills them in: sees the same EEs again");
    txn = ovsdb_idl_txn_create(tvd_db_idl(writer));
    tvd_db_write_tvds(writer);
    ok(commit(txn) == TXN_UNCHANGED, "and has no more to write");
}

int
main(int argc, char *argv[])
{
    uint32_t first = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
    uint32_t n = argc > 2 ? strtoul(argv[2], NULL, 0) : 40;
    struct bench b = { .f = { .seq = 0 } };

    if (!fixture_start(&b.f, argc, argv)) {
        skip("an agent's view", "ovsdb-tool cannot make a database here");
        return tap_done();
    }
    for (size_t i = 0; i < N_HOSTS; i++) {
        b.views[i].host = xasprintf("h%"PRIuSIZE, i);
        b.views[i].db = tvd_db_create(b.f.server.remote, TVD_DB_AGENT,
                                      b.views[i].host);
    }
    test_steps(&b);
    test_random(&b, first, n);
    test_ee(&b);
    test_upgrade(&b);
    for (size_t i = 0; i < N_HOSTS; i++) {
        tvd_db_destroy(b.views[i].db);
        free(b.views[i].host);
        free(b.views[i].before);
        free(b.views[i].after);
    }
    model_destroy(b.full);
    fixture_stop(&b.f);
    return tap_done();
}
