/* SPDX-License-Identifier: Apache-2.0
 *
 * A model as a policy file: sorted, everything that was declared and nothing
 * else, so that parsing it gives the same model. */

#ifndef TESTS_UNIT_POLICY_PRINT_H
#define TESTS_UNIT_POLICY_PRINT_H 1

struct model;

/* Caller frees. */
char *policy_print(const struct model *);

#endif /* tests/unit/policy-print.h */
