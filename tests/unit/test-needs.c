/* SPDX-License-Identifier: Apache-2.0
 *
 * Which VLANs hosts need, and what their switches should be: a table of cases,
 * and histories of NICs that come and go, each step against the same computed
 * from nothing. */

#include <config.h>
#include "controller/needs.h"

#include <limits.h>
#include <stdlib.h>
#include "flowpolicy/decide.h"
#include "flowpolicy/policy.h"
#include "lib/model.h"
#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "tests/unit/tap.h"
#include "util.h"

/* h1 and h2 at s1, h3 at s2, h4 at s3; s1 - s2 - s3.  hr may carry red only,
 * hy yellow only.  TVDs: y (10), r (20), g (30, ipsec), b (40); roles c (of all
 * others), gateway; y/c and r/c may talk, y/p names an EE of r; b goes to y
 * through gateways. */
static const char policy[] =
    "version: 1\n"
    "labels: {y: [y], r: [r], all: [y, r], b: [b], yb: [y, b],\n"
    "         every: [y, r, b]}\n"
    "switches:\n"
    "  s1: {address: 192.0.2.1, links: {24: {switch: s2, port: 1}}}\n"
    "  s2: {address: 192.0.2.2, ports: {7: {tvd: q}},\n"
    "       links: {2: {switch: s3, port: 1}}}\n"
    "  s3: {address: 192.0.2.3}\n"
    "  s4: {address: 192.0.2.4, vlans: label, adopt: [20]}\n"
    "hosts:\n"
    "  h1: {label: every, switch: s1, port: 1}\n"
    "  h2: {label: every, switch: s1, port: 2}\n"
    "  h3: {label: every, switch: s2, port: 3}\n"
    "  h4: {label: every, switch: s3, port: 4}\n"
    "  hr: {label: r, switch: s1, port: 5}\n"
    "  hy: {label: y, switch: s2, port: 6}\n"
    "  hl: {label: yb, switch: s4, port: 1}\n"
    "  hx: {label: every}\n"
    "tvds:\n"
    "  y: {label: y, vlan: 10, subnets: [10.1.0.0/24], channel: vlan,\n"
    "      roles: [c, p, gateway]}\n"
    "  r: {label: r, vlan: 20, subnets: [10.2.0.0/24], channel: vlan,\n"
    "      roles: [c, d, gateway]}\n"
    "  g: {label: y, vlan: 30, subnets: [10.3.0.0/24], channel: ipsec,\n"
    "      roles: [c]}\n"
    "  b: {label: b, vlan: 40, subnets: [10.4.0.0/24], channel: vlan,\n"
    "      roles: [c, gateway]}\n"
    "  q: {label: y, vlan: 50, subnets: [10.5.0.0/24], channel: vlan,\n"
    "      roles: [c]}\n"
    "flows:\n"
    "  y: {c: {r: {rule: P, peers: [r/c]}}, p: {r: {rule: P, peers: [er]}}}\n"
    "  b: {c: {y: {rule: G}}}\n"
    "ees:\n"
    "  gy: {label: y, kind: namespace, nics: [{tvd: y, role: gateway}]}\n"
    "  gb: {label: b, kind: namespace, nics: [{tvd: b, role: gateway}]}\n"
    "  y1: {label: y, nics: [{tvd: y, role: c}]}\n"
    "  y2: {label: y, nics: [{tvd: y, role: c}]}\n"
    "  y3: {label: y, nics: [{tvd: y, role: c}]}\n"
    "  yp: {label: y, nics: [{tvd: y, role: p}]}\n"
    "  er: {label: r, nics: [{tvd: r, role: d}]}\n"
    "  r1: {label: r, nics: [{tvd: r, role: c}]}\n"
    "  r2: {label: r, nics: [{tvd: r, role: c}]}\n"
    "  rd: {label: r, nics: [{tvd: r, role: d}]}\n"
    "  g1: {label: y, nics: [{tvd: g, role: c}]}\n"
    "  g2: {label: y, nics: [{tvd: g, role: c}]}\n"
    "  b1: {label: b, nics: [{tvd: b, role: c}]}\n"
    "  q1: {label: y, nics: [{tvd: q, role: c}]}\n";

/* 'where' is a list of "EE@HOST", held there, or "EE?HOST", maybe there.
 * 'needs' and 'ports' leave out what is empty, but for access ports. */
static const struct {
    const char *what, *where, *needs, *ports;
} cases[] = {
    { "nobody anywhere", "", "hl:10,40,50", "s2/7=50 s4/1=10,40,50" },
    { "one alone", "y1@h1", "hl:10,40,50", "s2/7=50 s4/1=10,40,50" },
    { "two of a TVD on one host", "y1@h1 y2@h1", "hl:10,40,50",
      "s2/7=50 s4/1=10,40,50" },
    { "two at one switch", "y1@h1 y2@h2", "h1:10 h2:10 hl:10,40,50",
      "s1/1=10 s1/2=10 s2/7=50 s4/1=10,40,50" },
    { "two, one of which is to come", "y1@h1 y2?h2",
      "h1:10 h2:10 hl:10,40,50",
      "s1/1=10 s1/2=10 s2/7=50 s4/1=10,40,50" },
    { "one that is about to move", "y1@h1 y1?h3", "h1:10 h3:10 hl:10,40,50",
      "s1/1=10 s1/24=10 s2/1=10 s2/3=10 s2/7=50 s4/1=10,40,50" },
    { "across a switch where nobody is", "y1@h1 y2@h4",
      "h1:10 h4:10 hl:10,40,50",
      "s1/1=10 s1/24=10 s2/1=10 s2/2=10 s2/7=50 s3/1=10 s3/4=10 "
      "s4/1=10,40,50" },
    { "behind no switch that we know", "y1@h1 y2@hx",
      "h1:10 hl:10,40,50 hx:10", "s1/1=10 s2/7=50 s4/1=10,40,50" },
    { "IPsec needs no VLAN", "g1@h1 g2@h3", "hl:10,40,50",
      "s2/7=50 s4/1=10,40,50" },
    { "something attached by wire", "q1@h4", "h4:50 hl:10,40,50",
      "s2/2=50 s2/7=50 s3/1=50 s3/4=50 s4/1=10,40,50" },
    { "two TVDs that meet: the VLAN of one", "y1@h1 r1@h2",
      "h1:10 h2:10 hl:10,40,50",
      "s1/1=10 s1/2=10 s2/7=50 s4/1=10,40,50" },
    { "two that meet, one of the hosts may carry but red", "y1@h1 r1@hr",
      "h1:20 hl:10,40,50 hr:20",
      "s1/1=20 s1/5=20 s2/7=50 s4/1=10,40,50" },
    { "two that meet, no VLAN for both", "y1@hy r1@hr", "hl:10,40,50",
      "s2/7=50 s4/1=10,40,50" },
    { "roles that do not meet", "y1@h1 rd@h2", "hl:10,40,50",
      "s2/7=50 s4/1=10,40,50" },
    { "an EE that is named", "yp@h1 er@h2", "h1:10 h2:10 hl:10,40,50",
      "s1/1=10 s1/2=10 s2/7=50 s4/1=10,40,50" },
    { "another of its role is not", "yp@h1 rd@h2", "hl:10,40,50",
      "s2/7=50 s4/1=10,40,50" },
    { "a VLAN goes where it must already", "y1@h1 r1@h2 r2@h1",
      "h1:20 h2:20 hl:10,40,50",
      "s1/1=20 s1/2=20 s2/7=50 s4/1=10,40,50" },
    { "until it is held, it may be either", "y1@h1 r1@h2 r2?h1",
      "h1:10,20 h2:10,20 hl:10,40,50",
      "s1/1=10,20 s1/2=10,20 s2/7=50 s4/1=10,40,50" },
    { "gateways meet", "gy@h1 gb@h2", "h1:10 h2:10 hl:10,40,50",
      "s1/1=10 s1/2=10 s2/7=50 s4/1=10,40,50" },
    { "those behind gateways do not", "y1@h1 b1@h2", "hl:10,40,50",
      "s2/7=50 s4/1=10,40,50" },
};

static struct model *
make_model(void)
{
    struct policy_errors errors;
    struct model *m;
    uint32_t id = 1;

    policy_errors_init(&errors, "policy");
    m = policy_parse(policy, strlen(policy), &errors);
    if (!m) {
        char *text = policy_errors_format(&errors);

        printf("# %s\n", text);
        abort();
    }
    policy_errors_destroy(&errors);
    for (size_t i = 0; i < 5; i++) {
        static const char *const tvds[] = { "y", "r", "g", "b", "q" };

        model_tvd_find(m, tvds[i])->id = i + 1;
    }

    const struct shash_node **nodes = shash_sort(&m->ees);
    for (size_t i = 0; i < shash_count(&m->ees); i++) {
        const struct model_ee *ee = nodes[i]->data;

        for (size_t j = 0; j < ee->n_nics; j++) {
            model_nic_set_id(m, ee->nics[j], id++);
        }
    }
    free(nodes);
    decide_assign_gateways(m);
    return m;
}

/* Puts NICs where 'where' says. */
static void
put_all(struct needs *n, const struct model *m, const char *where)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;
        struct sset hosts = SSET_INITIALIZER(&hosts);
        char *copy = xstrdup(where);
        char *save, *holder = NULL;

        for (char *word = strtok_r(copy, " ", &save); word;
             word = strtok_r(NULL, " ", &save)) {
            size_t len = strcspn(word, "@?");

            if (!strncmp(word, ee->name, len) && !ee->name[len]) {
                sset_add(&hosts, word + len + 1);
                holder = word[len] == '@' ? word + len + 1 : holder;
            }
        }
        needs_put_nic(n, ee->nics[0], &hosts, holder);
        sset_destroy(&hosts);
        free(copy);
    }
}

static void
format_needs(const struct needs *n, const struct model *m, struct ds *s)
{
    const struct shash_node **hosts = shash_sort(&m->hosts);

    for (size_t i = 0; i < shash_count(&m->hosts); i++) {
        const struct vidset *vids = needs_of_host(n, hosts[i]->name);

        if (vidset_next(vids, 0)) {
            ds_put_format(s, "%s%s:", s->length ? " " : "", hosts[i]->name);
            vidset_format(vids, s);
        }
    }
    free(hosts);
}

static void
format_switch(const char *name, const struct switch_wanted *w, struct ds *s)
{
    const struct shash_node **ports = shash_sort(&w->ports);
    char *error = switch_wanted_check(w);

    for (size_t i = 0; i < shash_count(&w->ports); i++) {
        const struct switch_wanted_port *port = ports[i]->data;

        if (vidset_next(&port->vids, 0)) {
            ds_put_format(s, "%s%s/%s=", s->length ? " " : "", name,
                          ports[i]->name);
            vidset_format(&port->vids, s);
        }
    }
    if (error) {
        ds_put_format(s, " %s", error);
    }
    free(error);
    free(ports);
}

static void
format_wanted(const struct needs *n, const struct model *m, struct ds *s)
{
    struct shash wanted = SHASH_INITIALIZER(&wanted);
    const struct shash_node **switches;

    needs_want(n, m, &wanted);
    switches = shash_sort(&wanted);
    for (size_t i = 0; i < shash_count(&wanted); i++) {
        format_switch(switches[i]->name, switches[i]->data, s);
        switch_wanted_destroy(switches[i]->data);
        free(switches[i]->data);
    }
    free(switches);
    shash_destroy(&wanted);
}

static void
test_cases(const struct model *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ds hosts = DS_EMPTY_INITIALIZER;
        struct ds ports = DS_EMPTY_INITIALIZER;
        struct needs n;

        needs_init(&n);
        needs_reset(&n, m);
        put_all(&n, m, cases[i].where);
        ok(needs_run(&n, m, 0), "%s: computed", cases[i].what);
        format_needs(&n, m, &hosts);
        format_wanted(&n, m, &ports);
        is_str(ds_cstr(&hosts), cases[i].needs, "%s: hosts", cases[i].what);
        is_str(ds_cstr(&ports), cases[i].ports, "%s: ports", cases[i].what);
        ok(!needs_run(&n, m, 0), "%s: and stays so", cases[i].what);
        ds_destroy(&hosts);
        ds_destroy(&ports);
        needs_destroy(&n);
    }
}

/* --- Histories ------------------------------------------------------------*/

/* The same from nothing. */
static void
from_nothing(const struct model *m, const char *where, struct ds *s)
{
    struct needs n;

    needs_init(&n);
    needs_reset(&n, m);
    put_all(&n, m, where);
    needs_run(&n, m, 0);
    format_needs(&n, m, s);
    needs_destroy(&n);
}

static void
random_where(const struct model *m, char **spots, struct ds *where)
{
    static const char *const hosts[] = { "h1", "h2", "h3", "hr", "hy", "hl" };
    const struct shash_node **ees = shash_sort(&m->ees);
    size_t i = random_range(shash_count(&m->ees));
    unsigned int n = random_range(3);

    free(spots[i]);
    spots[i] = (!n ? NULL
                : xasprintf("%s%c%s %s?%s", ees[i]->name,
                            random_range(2) ? '@' : '?',
                            hosts[random_range(ARRAY_SIZE(hosts))],
                            ees[i]->name,
                            n > 1 ? hosts[random_range(ARRAY_SIZE(hosts))]
                            : "nowhere"));
    for (i = 0; i < shash_count(&m->ees); i++) {
        if (spots[i]) {
            ds_put_format(where, "%s ", spots[i]);
        }
    }
    free(ees);
}

static void
test_histories(const struct model *m)
{
    char **spots = xcalloc(shash_count(&m->ees), sizeof *spots);
    size_t n_wrong = 0;
    struct needs n;

    random_set_seed(7);
    needs_init(&n);
    needs_reset(&n, m);
    for (size_t step = 0; step < 3000; step++) {
        struct ds where = DS_EMPTY_INITIALIZER;
        struct ds got = DS_EMPTY_INITIALIZER;
        struct ds expected = DS_EMPTY_INITIALIZER;

        random_where(m, spots, &where);
        put_all(&n, m, ds_cstr(&where));
        needs_run(&n, m, 10000 * step);
        for (long long int end; (end = needs_deadline(&n)) != LLONG_MAX; ) {
            needs_run(&n, m, end);
        }
        format_needs(&n, m, &got);
        from_nothing(m, ds_cstr(&where), &expected);
        if (strcmp(ds_cstr(&got), ds_cstr(&expected)) && !n_wrong++) {
            printf("# %s\n# got %s\n# not %s\n", ds_cstr(&where),
                   ds_cstr(&got), ds_cstr(&expected));
        }
        ds_destroy(&where);
        ds_destroy(&got);
        ds_destroy(&expected);
    }
    ok(!n_wrong, "3,000 steps are as computed from nothing");
    needs_destroy(&n);
    for (size_t i = 0; i < shash_count(&m->ees); i++) {
        free(spots[i]);
    }
    free(spots);
}

/* --- What is left for a moment --------------------------------------------*/

static void
expect(struct needs *n, const struct model *m, const char *where,
       long long int now, const char *expected, const char *what)
{
    struct ds got = DS_EMPTY_INITIALIZER;

    put_all(n, m, where);
    needs_run(n, m, now);
    format_needs(n, m, &got);
    is_str(ds_cstr(&got), expected, "%s", what);
    ds_destroy(&got);
}

static void
test_grace(struct model *m)
{
    const long long int end = 1000 + NEEDS_GRACE;
    struct model_host *h1 = model_host_find(m, "h1");
    struct model_label *label = h1->label;
    struct needs n;

    needs_init(&n);
    needs_reset(&n, m);
    expect(&n, m, "y1@h1 y2@h2", 0, "h1:10 h2:10 hl:10,40,50", "two");
    expect(&n, m, "y1@h1", 1000, "h1:10 h2:10 hl:10,40,50",
           "what is not needed any more is left for a moment");
    ok(needs_deadline(&n) == end, "which has an end");
    needs_reset(&n, m);
    expect(&n, m, "y1@h1", end - 1, "h1:10 h2:10 hl:10,40,50",
           "not before that, whatever becomes of the policy");
    expect(&n, m, "y1@h1", end, "hl:10,40,50", "then it is gone");
    ok(needs_deadline(&n) == LLONG_MAX, "and nothing more is to end");
    expect(&n, m, "y1@h1 y2@h2", 5000, "h1:10 h2:10 hl:10,40,50", "again");
    expect(&n, m, "y1@h1", 5100, "h1:10 h2:10 hl:10,40,50", "and not");
    expect(&n, m, "y1@h1 y2@h2", 5200, "h1:10 h2:10 hl:10,40,50",
           "and again");
    expect(&n, m, "y1@h1 y2@h2", 9000, "h1:10 h2:10 hl:10,40,50",
           "what is needed again stays");
    h1->label = model_host_find(m, "hr")->label;
    needs_reset(&n, m);
    expect(&n, m, "y2@h2", 9100, "h2:10 hl:10,40,50",
           "a host that may not carry it any more loses it at once");
    h1->label = label;
    needs_destroy(&n);
}

int
main(void)
{
    struct model *m = make_model();

    test_cases(m);
    test_histories(m);
    test_grace(m);
    model_destroy(m);
    return tap_done();
}
