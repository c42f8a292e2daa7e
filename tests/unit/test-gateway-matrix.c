/* SPDX-License-Identifier: Apache-2.0
 *
 * The packet filters of gateways against the decisions: for random policies,
 * each gateway, every ordered pair of NICs and several kinds of packets of
 * both IP versions, a filter passes exactly what decide_flow() leads through
 * the gateway, or to it, or from it.
 *
 * usage: test-gateway-matrix [FIRST-SEED N-SEEDS] */

#include <config.h>
#include "gateway/ruleset.h"

#include <stdlib.h>
#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "util.h"

#include "tests/unit/random-policy.h"
#include "tests/unit/tap.h"

static const struct kind {
    const char *what;
    uint8_t proto;              /* 0: ICMP of the IP version. */
    uint16_t dst_port;
} kinds[] = {
    { "tcp/22", IPPROTO_TCP, 22 },
    { "tcp/90", IPPROTO_TCP, 90 },
    { "tcp/99", IPPROTO_TCP, 99 },
    { "udp/53", IPPROTO_UDP, 53 },
    { "sctp", IPPROTO_SCTP, 7 },
    { "echo", 0, 0 },
};

struct tally {
    size_t n, passed, wrong;
};

static void
check(const struct gateway_ruleset *rs, const struct model_nic *gateway,
      const struct model_nic *src, const struct model_nic *dst,
      const struct kind *kind, bool ipv6, uint32_t seed, struct tally *t)
{
    struct decide_packet packet = {
        .proto = kind->proto ? kind->proto
                 : ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
        .dst_port = kind->dst_port,
        .icmp_type = ipv6 ? 128 : 8,
    };
    struct gateway_tuple tuple = {
        .src = src->ips[ipv6], .dst = dst->ips[ipv6],
        .proto = packet.proto, .dst_port = packet.dst_port,
    };
    struct decision d = decide_flow(src, dst, &packet);
    bool got = gateway_ruleset_allows(rs, &tuple);
    bool want = false;

    /* Without gateways nothing comes this far. */
    if (src == dst || d.why == DECIDE_NO_GATEWAY_SRC
        || d.why == DECIDE_NO_GATEWAY_DST) {
        return;
    }
    for (size_t i = 0; i < d.n_path; i++) {
        want |= d.path[i] == gateway;
    }
    t->n++;
    t->passed += got;
    if (got != want && t->wrong++ < 10) {
        printf("# seed %"PRIu32": %s to %s, %s of IPv%d: gateway %s %s it\n",
               seed, src->ee->name, dst->ee->name, kind->what, ipv6 ? 6 : 4,
               gateway->ee->name, got ? "passes" : "drops");
    }
}

static void
check_gateway(const struct model *m, const struct gateway_index *index,
              const struct model_nic *gateway, uint32_t seed, struct tally *t)
{
    struct gateway_ruleset *rs;
    size_t n;
    const struct model_nic **nics = random_policy_nics(m, &n);
    char *error = gateway_ruleset_create(m, index, gateway, &rs);

    ovs_assert(!error);
    for (size_t i = 0; i < n * n; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(kinds) * 2; k++) {
            check(rs, gateway, nics[i / n], nics[i % n], &kinds[k / 2],
                  k & 1, seed, t);
        }
    }
    free(nics);
    gateway_ruleset_destroy(rs);
}

int
main(int argc, char *argv[])
{
    uint32_t first = argc > 2 ? strtoul(argv[1], NULL, 10) : 1;
    uint32_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 60;
    struct tally t = { 0 };

    for (uint32_t seed = first; seed < first + n; seed++) {
        struct model *m = random_policy(seed, seed + 5000000, NULL);
        struct gateway_index *index = gateway_index_create(m);
        struct shash_node *node;

        SHASH_FOR_EACH (node, &m->tvds) {
            const struct model_tvd *tvd = node->data;

            if (tvd->gateway) {
                check_gateway(m, index, tvd->gateway, seed, &t);
            }
        }
        gateway_index_destroy(index);
        model_destroy(m);
    }
    ok(!t.wrong, "%"PRIu32" policies: %zu packets at gateways, %zu pass, "
       "%zu wrong", n, t.n, t.passed, t.wrong);
    return tap_done();
}
