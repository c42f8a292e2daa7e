/* SPDX-License-Identifier: Apache-2.0
 *
 * decide_flow() on every flow matrix of a small universe, against an oracle
 * that knows nothing of models: it reads the declarations, which are text, and
 * writes down for each of them the packets it lets through and their paths. */

#include <config.h>
#include "flowpolicy/decide.h"

#include <stdlib.h>
#include "random.h"
#include "util.h"

#include "tests/unit/tap.h"

/* Two TVDs, two roles in each, five EEs. */
static const char *const tvds[] = { "A", "B" };
static const char *const roles[] = { "gateway", "member" };
static const struct member {
    const char *name;
    int tvd, role;
} members[] = {
    { "ga", 0, 0 }, { "a1", 0, 1 }, { "a2", 0, 1 },
    { "gb", 1, 0 }, { "b1", 1, 1 },
};
enum { N_MEMBERS = ARRAY_SIZE(members) };

static const struct {
    const char *name;
    struct decide_packet packet;
} packets[] = {
    { "tcp/22", { .proto = IPPROTO_TCP, .dst_port = 22 } },
    { "tcp/80", { .proto = IPPROTO_TCP, .dst_port = 80 } },
    { "icmp", { .proto = IPPROTO_ICMP, .icmp_type = 8 } },
    { "icmp", { .proto = IPPROTO_ICMPV6, .icmp_type = 128 } },
    { "icmp6-unreachable", { .proto = IPPROTO_ICMPV6, .icmp_type = 1 } },
};
enum { N_PACKETS = ARRAY_SIZE(packets) };

/* An entry is "-" (none declared) or "RULE[ to PEER][ for SERVICE]", where
 * PEER is a role, or an EE after '@'. */
static const char *const plain[] = { "unrestricted", "none", "P to gateway",
                                     "G" };
static const char *const rich[] = {
    "-", "none", "unrestricted", "P to gateway", "P to member",
    "P to @b1", "P to @a2 for icmp", "P to member for tcp/22",
    "P to gateway for tcp/80", "G", "G for icmp", "G for tcp/22",
};

struct matrix {
    const char *entry[2][2][2]; /* [TVD][role][to TVD]. */
    bool has_gateway[2];        /* Else its gateway EE does not exist. */
};

/* --- The oracle. */

struct expected {
    char path[N_MEMBERS][N_MEMBERS][N_PACKETS][20]; /* "" if refused. */
    bool stateful[N_MEMBERS][N_MEMBERS];
};

static bool
text_is_unrestricted(const struct matrix *mx, int from, int to)
{
    const struct member *f = &members[from], *t = &members[to];
    const char *text = mx->entry[f->tvd][f->role][t->tvd];

    return !strcmp(text, "unrestricted")
           || (!strcmp(text, "-") && f->tvd == t->tvd);
}

/* The EEs between the ends of a G flow, for each pair of ends, drawn by hand;
 * "!" where there is no flow. */
static const char *const detours[N_MEMBERS][N_MEMBERS] = {
    /*          ga      a1      a2      gb      b1     */
    /* ga */ { "!",    "",     "",     "",     " gb" },
    /* a1 */ { "",     "!",    " ga",  " ga",  " ga gb" },
    /* a2 */ { "",     " ga",  "!",    " ga",  " ga gb" },
    /* gb */ { "",     " ga",  " ga",  "!",    "" },
    /* b1 */ { " gb",  " gb ga", " gb ga", "", "!" },
};

static void
expect(const struct matrix *mx, struct expected *e)
{
    memset(e, 0, sizeof *e);
    for (int s = 0; s < N_MEMBERS; s++) {
        for (int d = 0; d < N_MEMBERS; d++) {
            const struct member *src = &members[s], *dst = &members[d];
            const char *text = mx->entry[src->tvd][src->role][dst->tvd];
            const char *to = strstr(text, " to ");
            const char *service = strstr(text, " for ");
            const char *via = *text == 'G' ? detours[s][d] : "";
            bool open = text_is_unrestricted(mx, s, d);
            bool both = open && text_is_unrestricted(mx, d, s);

            e->stateful[s][d] = !both;
            if (*text == 'P') {
                const char *peer = to[4] == '@' ? to + 5 : to + 4;
                const char *name = to[4] == '@' ? dst->name
                                                : roles[dst->role];
                open = !strncmp(peer, name, strlen(name));
            } else if (*text == 'G') {
                open = mx->has_gateway[src->tvd] && mx->has_gateway[dst->tvd];
            }
            for (int p = 0; p < N_PACKETS; p++) {
                bool error = strstr(packets[p].name, "unreachable");
                /* What is no request passes where nothing is tracked. */
                bool served = service
                              ? !strcmp(service + 5, packets[p].name)
                              : both || !error;

                if (open && s != d && served) {
                    snprintf(e->path[s][d][p], sizeof e->path[s][d][p],
                             "%s%s %s", src->name, via, dst->name);
                }
            }
        }
    }
}

/* --- The model. */

static void
declare(struct model *m, struct model_role *role, struct model_tvd *to,
        const char *text)
{
    static const struct model_service
        icmp = { .proto = IPPROTO_ICMP, .any_port = true },
        ssh = { .proto = IPPROTO_TCP, .port_min = 22, .port_max = 22 },
        http = { .proto = IPPROTO_TCP, .port_min = 79, .port_max = 81 };
    struct model_rule *rule;
    char kind[16], a[16], b[16], x[16], y[16];
    int n = sscanf(text, "%15s %15s %15s %15s %15s", kind, a, b, x, y);

    if (!strcmp(kind, "-")) {
        return;
    }
    rule = model_rule_add(role, to, !strcmp(kind, "P") ? MODEL_P
                          : !strcmp(kind, "G") ? MODEL_G
                          : !strcmp(kind, "none") ? MODEL_NONE
                          : MODEL_UNRESTRICTED);
    if (rule->action == MODEL_P && b[0] == '@') {
        sset_add(&rule->peer_ees, b + 1);
    } else if (rule->action == MODEL_P) {
        model_rule_add_peer_role(rule, model_role_find(to, b));
    }
    if (n == 3 && rule->action == MODEL_G) {
        ovs_strlcpy(y, b, sizeof y);
    }
    if (n == 5 || (n == 3 && rule->action == MODEL_G)) {
        model_rule_add_service(rule, !strcmp(y, "icmp") ? &icmp
                               : !strcmp(y, "tcp/22") ? &ssh : &http);
    }
}

static struct model *
build(const struct matrix *mx, struct model_nic *nics[N_MEMBERS])
{
    struct model *m = model_create();

    for (int t = 0; t < 2; t++) {
        struct model_tvd *tvd = model_tvd_add(m, tvds[t]);

        model_role_add(tvd, roles[0]);
        model_role_add(tvd, roles[1]);
    }
    for (int t = 0; t < 2; t++) {
        for (int r = 0; r < 2; r++) {
            for (int u = 0; u < 2; u++) {
                struct model_tvd *tvd = model_tvd_find(m, tvds[t]);

                declare(m, model_role_find(tvd, roles[r]),
                        model_tvd_find(m, tvds[u]), mx->entry[t][r][u]);
            }
        }
    }
    for (int i = 0; i < N_MEMBERS; i++) {
        nics[i] = NULL;
        if (members[i].role == 0 && !mx->has_gateway[members[i].tvd]) {
            continue;
        }
        nics[i] = model_nic_add(model_ee_add(m, members[i].name), "eth0");
        nics[i]->tvd = model_tvd_find(m, tvds[members[i].tvd]);
        nics[i]->role = model_role_find(nics[i]->tvd, roles[members[i].role]);
    }
    decide_assign_gateways(m);
    return m;
}

/* --- Comparing. */

struct tally {
    size_t matrices, decisions, allowed, wrong;
};

static void
show_wrong(const struct matrix *mx, int s, int d, int p, const char *got,
           const char *want)
{
    printf("# %s -> %s %s: got '%s', expected '%s'\n", members[s].name,
           members[d].name, packets[p].name, got, want);
    for (int i = 0; i < 8; i++) {
        printf("#   %s/%s -> %s: %s\n", tvds[i >> 2], roles[i >> 1 & 1],
               tvds[i & 1], mx->entry[i >> 2][i >> 1 & 1][i & 1]);
    }
}

static void
compare_one(const struct matrix *mx, const struct expected *e,
            struct model_nic *nics[], int s, int d, int p, struct tally *t)
{
    struct decision got = decide_flow(nics[s], nics[d], &packets[p].packet);
    const char *want = e->path[s][d][p];
    char path[40] = "";

    for (size_t i = 0, n = 0; i < got.n_path; i++) {
        n += snprintf(path + n, sizeof path - n, "%s%s", i ? " " : "",
                      got.path[i]->ee->name);
    }
    t->decisions++;
    t->allowed += got.allowed;
    if (got.allowed != (want[0] != '\0') || strcmp(path, want)
        || got.allowed != (got.why == DECIDE_ALLOWED)
        || got.stateful != e->stateful[s][d]) {
        if (!t->wrong++) {
            show_wrong(mx, s, d, p, path, want);
        }
    }
}

static void
compare(const struct matrix *mx, struct tally *t)
{
    struct model_nic *nics[N_MEMBERS];
    struct model *m = build(mx, nics);
    struct expected e;

    expect(mx, &e);
    t->matrices++;
    for (int s = 0; s < N_MEMBERS; s++) {
        for (int d = 0; d < N_MEMBERS; d++) {
            for (int p = 0; nics[s] && nics[d] && p < N_PACKETS; p++) {
                compare_one(mx, &e, nics, s, d, p, t);
            }
        }
    }
    model_destroy(m);
}

static void
report(const struct tally *t, const char *what)
{
    ok(!t->wrong, "%s: %zu matrices, %zu decisions, %zu allowed, %zu wrong",
       what, t->matrices, t->decisions, t->allowed, t->wrong);
}

/* All 4^8 matrices of the four kinds of entry. */
static void
test_every_matrix(void)
{
    struct tally t = { 0 };

    for (int code = 0; code < 1 << 16; code++) {
        struct matrix mx = { .has_gateway = { true, true } };

        for (int i = 0; i < 8; i++) {
            mx.entry[i >> 2][i >> 1 & 1][i & 1] = plain[code >> 2 * i & 3];
        }
        compare(&mx, &t);
    }
    report(&t, "every matrix of 2 TVDs x 2 roles");
}

/* All pairs of entries that two members look at, with every kind of entry, and
 * each gateway there or not. */
static void
test_every_pair(void)
{
    enum { N = ARRAY_SIZE(rich) };
    struct tally t = { 0 };

    for (int i = 0; i < N * N * 4 * 16; i++) {
        struct matrix mx = { .has_gateway = { i & 1, i >> 1 & 1 } };
        int there = i >> 2 & 3, back = i >> 4 & 3;

        for (int k = 0; k < 8; k++) {
            mx.entry[k >> 2][k >> 1 & 1][k & 1] = "none";
        }
        mx.entry[there >> 1][there & 1][1] = rich[i / 64 % N];
        mx.entry[back >> 1][back & 1][0] = rich[i / 64 / N];
        compare(&mx, &t);
    }
    report(&t, "every pair of entries, with and without gateways");
}

static void
test_random_matrices(void)
{
    struct tally t = { 0 };

    random_set_seed(3);
    for (int n = 0; n < 30000; n++) {
        struct matrix mx = {
            .has_gateway = { random_range(4) > 0, random_range(4) > 0 }
        };

        for (int i = 0; i < 8; i++) {
            mx.entry[i >> 2][i >> 1 & 1][i & 1]
                = rich[random_range(ARRAY_SIZE(rich))];
        }
        compare(&mx, &t);
    }
    report(&t, "random matrices of every kind of entry");
}

int
main(void)
{
    test_every_pair();
    test_random_matrices();
    test_every_matrix();
    return tap_done();
}
