/* SPDX-License-Identifier: Apache-2.0
 *
 * Who holds an EE: a table of cases, all small cases against what must never
 * be, and many histories with agents that see everything late. */

#include <config.h>
#include "controller/holder-plan.h"

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "tests/unit/tap.h"
#include "util.h"

#define MAX_NICS 2
#define MAX_CLAIMS 4

/* --- A table --------------------------------------------------------------*/

/* NICs are separated by ";".  Each is the host that holds it ("-": none, "!":
 * one that is gone), then claims: host and letters of may, holds, arrived,
 * renewed.  Older claims come first. */
static const struct {
    const char *what;
    const char *host, *next, *former;
    const char *nics;
    const char *expected;
} cases[] = {
    { "nobody claims it", NULL, NULL, NULL, "-", "" },
    { "the first that claims it has it", NULL, NULL, NULL, "- h2:m h1:m",
      "grant 0 h2" },
    { "one that may not gets nothing", NULL, NULL, NULL, "- h1:", "" },
    { "one that may not and says it has it gets nothing, and is in nobody's "
      "way", NULL, NULL, NULL, "- h1:h h2:m", "grant 0 h2" },
    { "one that has it comes before one that waits", NULL, NULL, NULL,
      "- h2:m h1:mh", "grant 0 h1" },
    { "where it has arrived, but not announced, does not count", NULL, NULL,
      NULL, "- h2:m h1:ma", "grant 0 h2" },
    { "bound: only that host", "h1", NULL, NULL, "- h2: h1:m", "grant 0 h1" },
    { "held: it stays", NULL, NULL, "h1", "h1 h1:mh h2:m", "" },
    { "held: it stays though another says that it has it", NULL, NULL, "h1",
      "h1 h1:mh h2:mha", "" },
    { "let go, nobody waits", NULL, NULL, "h1", "h1", "clear 0" },
    { "let go, another waits", NULL, NULL, "h1", "h1 h2:m", "grant 0 h2" },
    { "let go, bound: another waits in vain", "h1", NULL, "h1", "h1 h2:",
      "clear 0" },
    { "let go and claimed again at once: cleared first", NULL, NULL, "h1",
      "h1 h1:mhr h2:m", "clear 0" },
    { "then given again", NULL, NULL, "h1", "- h1:mh h2:m", "grant 0 h1" },
    { "bound elsewhere: it must let go first", "h2", NULL, "h1",
      "h1 h1:h h2:m", "" },
    { "bound elsewhere, let go", "h2", NULL, "h1", "h1 h1: h2:m",
      "grant 0 h2" },
    { "bound elsewhere, let go, not there yet", "h2", NULL, "h1", "h1 h1:",
      "clear 0" },
    { "not allowed any more: it must let go first", NULL, NULL, "h1",
      "h1 h1:h h2:m", "" },
    { "the host is gone: another has it at once", NULL, NULL, "h3", "! h2:m",
      "grant 0 h2" },
    { "the host is gone, nobody else", NULL, NULL, "h3", "!", "clear 0" },
    { "live, not arrived: it stays", NULL, "h2", "h1", "h1 h1:mh h2:m", "" },
    { "live, arrived elsewhere: it stays", NULL, "h2", "h1",
      "h1 h1:mh h2:m h3:ma", "" },
    { "live, arrived: taken away first", NULL, "h2", "h1", "h1 h1:mh h2:ma",
      "clear 0" },
    { "live, taken away, not let go", NULL, "h2", "h1", "- h1:mh h2:ma", "" },
    { "live, let go", NULL, "h2", "h1", "- h1:m h2:ma", "grant 0 h2, moved" },
    { "live, let go before it arrived", NULL, "h2", "h1", "h1 h2:m",
      "grant 0 h2, moved" },
    { "live, let go before it arrived: not to a third", NULL, "h2", "h1",
      "h1 h3:mha h2:m", "grant 0 h2, moved" },
    { "live, taken away, and the new host gives up: back", NULL, "h2", "h1",
      "- h1:mh", "grant 0 h1" },
    { "live and bound, arrived: bound there, not taken away", "h1", "h2",
      "h1", "h1 h1:mh h2:ma", "bind h2" },
    { "live and bound, not let go", "h2", "h2", "h1", "h1 h1:h h2:ma", "" },
    { "live and bound, let go", "h2", "h2", "h1", "h1 h1: h2:ma",
      "grant 0 h2, moved" },
    { "live and bound, let go before it arrived", "h1", "h2", "h1", "h1 h2:m",
      "grant 0 h2, bind h2, moved" },
    { "live and bound, nobody holds it: the bound one", "h1", "h2", NULL,
      "- h2:ma h1:m", "grant 0 h1" },
    { "there already", NULL, "h1", "h1", "h1 h1:mh", "moved" },
    { "two NICs go to one host", NULL, NULL, NULL, "- h1:m h2:m; - h2:m h1:m",
      "grant 0 h1, grant 1 h1" },
    { "two NICs, one not claimed there", NULL, NULL, NULL,
      "- h1:mh h2:m; - h2:m", "grant 0 h1" },
    { "two NICs stay together", NULL, NULL, "h1", "h1 h1:mh; - h2:m", "" },
    { "two NICs, the second comes later", NULL, NULL, "h1",
      "h1 h1:mh; - h1:m", "grant 1 h1" },
    { "two NICs, one is let go", NULL, NULL, "h1", "h1 h1:mh h2:m; h1 h2:m",
      "clear 1" },
    { "two NICs, arrived at one", NULL, "h2", "h1",
      "h1 h1:mh h2:ma; h1 h1:mh h2:m", "clear 0, clear 1" },
    { "two NICs, one not let go", NULL, "h2", "h1",
      "- h1:m h2:ma; - h1:mh h2:m", "" },
    { "two NICs at two hosts: the second is taken back", NULL, NULL, "h1",
      "h1 h1:mh; h2 h1:m h2:mh", "clear 1" },
    { "two NICs at two hosts, bound: the second goes by itself", "h1", NULL,
      "h1", "h1 h1:mh; h2 h1:m h2:h", "" },
};

/* An EE with what it consists of. */
struct ee {
    struct holder_ee in;
    struct holder_nic nics[MAX_NICS];
    struct holder_claim claims[MAX_NICS][MAX_CLAIMS];
};

static void
parse_claim(char *word, struct holder_claim *claim, uint64_t order)
{
    char *letters = strchr(word, ':');

    *letters++ = '\0';
    *claim = (struct holder_claim) {
        .host = word,
        .may = strchr(letters, 'm'),
        .holds = strchr(letters, 'h'),
        .arrived = strchr(letters, 'a'),
        .renewed = strchr(letters, 'r'),
        .order = order,
    };
}

static void
parse_nics(char *text, struct ee *ee)
{
    char *nic_text, *word;

    while ((nic_text = strsep(&text, ";")) != NULL) {
        struct holder_claim *claims = ee->claims[ee->in.n_nics];
        struct holder_nic *nic = &ee->nics[ee->in.n_nics++];
        bool first = true;

        nic->claims = claims;
        while ((word = strsep(&nic_text, " ")) != NULL) {
            if (!*word) {
                continue;
            } else if (!first) {
                parse_claim(word, &claims[nic->n_claims], nic->n_claims);
                nic->n_claims++;
            } else if (!strcmp(word, "!")) {
                nic->stale = true;
            } else if (strcmp(word, "-")) {
                nic->host = word;
            }
            first = false;
        }
    }
    ee->in.nics = ee->nics;
}

/* "grant 0 h1, moved"; caller frees. */
static char *
plan_to_string(const struct holder_ee *in)
{
    struct holder_change changes[HOLDER_MAX_CHANGES(MAX_NICS)];
    size_t n = holder_plan(in, changes);
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < n; i++) {
        const struct holder_change *c = &changes[i];

        ds_put_format(&s, "%s%s", i ? ", " : "",
                      holder_action_to_string(c->action));
        if (c->action == HOLDER_GRANT || c->action == HOLDER_CLEAR) {
            ds_put_format(&s, " %"PRIuSIZE, c->nic);
        }
        if (c->host) {
            ds_put_format(&s, " %s", c->host);
        }
    }
    return ds_steal_cstr(&s);
}

static void
test_cases(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *text = xstrdup(cases[i].nics);
        struct ee ee = { .in = { .host = cases[i].host,
                                 .next_host = cases[i].next } };
        char *got;

        parse_nics(text, &ee);
        for (size_t j = 0; j < ee.in.n_nics; j++) {
            ee.nics[j].former = cases[i].former;
        }
        got = plan_to_string(&ee.in);
        is_str(got, cases[i].expected, "%s", cases[i].what);
        free(got);
        free(text);
    }
}

/* --- All small cases ------------------------------------------------------
 *
 * One NIC, three hosts, of which the policy has two or three: every row that a
 * host may have, every holder, binding, announcement and memory.  What the
 * policy allows follows from the binding. */

static const char *const names[] = { NULL, "h1", "h2", "h3" };
#define N_NAMES ARRAY_SIZE(names)
#define N_ROWS 5    /* None, waits, arrived, holds, holds and arrived. */

static bool
names_equal(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

static const struct holder_claim *
claim_by(const struct ee *ee, const char *host)
{
    for (size_t i = 0; i < ee->nics[0].n_claims; i++) {
        if (names_equal(ee->claims[0][i].host, host)) {
            return &ee->claims[0][i];
        }
    }
    return NULL;
}

/* What must be of every change; returns what is wrong, or NULL. */
static const char *
what_is_wrong(const struct ee *ee, const struct holder_change *c, size_t n)
{
    const char *holder = ee->nics[0].host;
    const struct holder_claim *held = claim_by(ee, holder);
    const char *bound = ee->in.host;

    for (size_t i = 0; i < n; i++) {
        const struct holder_claim *to = claim_by(ee, c[i].host);
        bool other = c[i].host && !names_equal(c[i].host, holder);

        if (c[i].action == HOLDER_GRANT && (!to || !to->may)) {
            return "granted to one that may not have it or does not want it";
        } else if (c[i].action == HOLDER_GRANT && other && held
                   && held->holds) {
            return "granted though the holder has not let go";
        } else if (c[i].action == HOLDER_CLEAR && holder && held
                   && held->holds && !held->renewed
                   && (bound || !ee->in.next_host
                       || !claim_by(ee, ee->in.next_host)->arrived)) {
            return "taken from one that holds it";
        } else if (c[i].action == HOLDER_BIND
                   && !names_equal(c[i].host, ee->in.next_host)) {
            return "bound to a host that was not announced";
        }
    }
    for (size_t i = 0; i < ee->nics[0].n_claims; i++) {
        const struct holder_claim *claim = &ee->claims[0][i];

        for (size_t j = 0; j < n; j++) {
            if (c[j].action == HOLDER_GRANT && claim->holds && claim->may
                && names_equal(claim->host, ee->nics[0].former)
                && !names_equal(c[j].host, ee->nics[0].former)) {
                return "granted though who had it before has not let go";
            }
        }
    }
    return NULL;
}

/* What the database says once 'c' is written. */
static void
apply_changes(struct ee *ee, const struct holder_change *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (c[i].action) {
        case HOLDER_GRANT:
        case HOLDER_CLEAR:
            ee->nics[0].host = c[i].host;
            ee->nics[0].stale = false;
            if (c[i].host) {
                ee->nics[0].former = c[i].host;
            }
            break;
        case HOLDER_BIND:
            ee->in.host = c[i].host;
            break;
        case HOLDER_MOVED:
            ee->in.next_host = NULL;
            break;
        }
    }
}

/* What the policy lets them have. */
static void
set_may(struct ee *ee)
{
    for (size_t i = 0; i < ee->nics[0].n_claims; i++) {
        struct holder_claim *claim = &ee->claims[0][i];

        claim->may = (!ee->in.host || names_equal(ee->in.host, claim->host)
                      || names_equal(ee->in.next_host, claim->host));
        /* It can take what it was given at any time. */
        claim->holds |= (claim->may
                         && names_equal(claim->host, ee->nics[0].host));
    }
}

static void
make_ee(struct ee *ee, const size_t row[], size_t n_hosts, bool renewed)
{
    ee->in.nics = ee->nics;
    ee->in.n_nics = 1;
    ee->nics[0].claims = ee->claims[0];
    for (size_t h = 1; h <= n_hosts; h++) {
        if (row[h]) {
            ee->claims[0][ee->nics[0].n_claims++] = (struct holder_claim) {
                .host = names[h],
                .arrived = row[h] == 2 || row[h] == 4,
                .holds = row[h] >= 3,
                .renewed = renewed && names_equal(names[h], ee->nics[0].host),
                .order = n_hosts - h,
            };
        }
    }
    set_may(ee);
}

/* Plans until nothing changes.  Returns what is wrong, or NULL. */
static const char *
try_all_steps(struct ee *ee)
{
    struct holder_change c[HOLDER_MAX_CHANGES(1)];
    const char *wrong = NULL;
    size_t n = 1;

    for (int i = 0; n && !wrong; i++) {
        n = holder_plan(&ee->in, c);
        wrong = i >= 5 ? "no end" : what_is_wrong(ee, c, n);
        apply_changes(ee, c, n);
        for (size_t j = 0; j < ee->nics[0].n_claims; j++) {
            ee->claims[0][j].renewed = false;
        }
        set_may(ee);
    }
    return wrong;
}

static void
test_all(size_t n_hosts)
{
    size_t n_rows = N_ROWS * N_ROWS * (n_hosts > 2 ? N_ROWS : 1);
    size_t n_states = N_NAMES * N_NAMES * N_NAMES * N_NAMES * 2;
    const char *wrong = NULL;
    size_t n = 0;

    for (size_t s = 0; s < n_states * n_rows && !wrong; s++) {
        size_t x = s / n_rows, y = s % n_rows;
        size_t row[] = { 0, y % N_ROWS, y / N_ROWS % N_ROWS,
                         y / N_ROWS / N_ROWS };
        const char *holder = names[x % N_NAMES];
        bool gone = holder && x % N_NAMES > n_hosts;
        struct ee ee = {
            .in = { .host = names[x / N_NAMES % N_NAMES],
                    .next_host = names[x / N_NAMES / N_NAMES % N_NAMES] },
            .nics = { { .host = gone ? NULL : holder, .stale = gone,
                        .former = holder ? holder
                                  : names[x / (n_states / 2 / N_NAMES)
                                          % N_NAMES] } },
        };

        make_ee(&ee, row, n_hosts, s >= n_states / 2 * n_rows);
        wrong = try_all_steps(&ee);
        n++;
    }
    ok(!wrong, "%"PRIuSIZE" hosts: %"PRIuSIZE" cases%s%s", n_hosts, n,
       wrong ? ": " : "", wrong ? wrong : "");
}

int
main(void)
{
    test_cases();
    test_all(2);
    test_all(3);
    return tap_done();
}
