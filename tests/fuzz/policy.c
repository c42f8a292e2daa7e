/* SPDX-License-Identifier: Apache-2.0
 *
 * A policy file of any bytes: refused with errors, or accepted, and then the
 * same when printed and parsed again. */

#include <config.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/policy.h"
#include "tests/unit/policy-print.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct model *
parse(const char *text, size_t len)
{
    struct policy_errors errors;
    struct model *m;
    char *messages;

    policy_errors_init(&errors, "fuzz");
    m = policy_parse(text, len, &errors);
    ovs_assert(!m == !!errors.n);
    messages = policy_errors_format(&errors);
    ovs_assert(!m == !!messages[0]);
    free(messages);
    policy_errors_destroy(&errors);
    return m;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model *m = parse((const char *) data, size);

    if (m) {
        char *once = policy_print(m);
        struct model *again = parse(once, strlen(once));
        char *twice;

        ovs_assert(again);
        twice = policy_print(again);
        ovs_assert(!strcmp(once, twice));
        free(twice);
        free(once);
        model_destroy(again);
        model_destroy(m);
    }
    return 0;
}
