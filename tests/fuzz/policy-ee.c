/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of one EE, of any bytes, added to a policy: refused with errors and
 * the model as it was, or accepted, and then a new policy takes it over. */

#include <config.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/policy.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char base[] =
    "{version: 1, labels: {a: [a], b: [b], ab: [a, b], c: [c]},"
    " conflicts: {x: [b, c]},"
    " tvds: {a: {label: a, subnets: [10.1.0.0/24, fd00:1::/64],"
    "            roles: [gateway, client], router_mac: '02:00:00:00:00:aa'},"
    "        b: {label: b, subnets: [10.2.0.0/30]}},"
    " hosts: {h1: {label: ab}, h2: {label: c}},"
    " ees: {e: {label: a, host: h1, nics: [{tvd: a, ip: [10.1.0.5],"
    "                                       mac: '02:00:00:00:00:05'}]}}}";

static struct model *
make_base(void)
{
    struct policy_errors errors;
    struct model *m;

    policy_errors_init(&errors, "base");
    m = policy_parse(base, sizeof base - 1, &errors);
    ovs_assert(m);
    policy_errors_destroy(&errors);
    return m;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model *m = make_base();
    struct policy_errors errors;
    struct model_ee *ee;

    policy_errors_init(&errors, "fuzz");
    ee = policy_parse_ee(m, (const char *) data, size, &errors);
    ovs_assert(!ee == !!errors.n);
    ovs_assert(shash_count(&m->ees) == (ee ? 2 : 1));
    if (ee) {
        struct model *next = make_base();

        ovs_assert(policy_merge_ees(next, m, &errors));
        ovs_assert(shash_count(&next->ees) == 2);
        model_destroy(next);
    }
    policy_errors_destroy(&errors);
    model_destroy(m);
    return 0;
}
