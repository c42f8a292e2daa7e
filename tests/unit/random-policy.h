/* SPDX-License-Identifier: Apache-2.0
 *
 * Small policies made at random, for tests of what follows from a policy:
 * three TVDs of both IP versions with three roles each, one or no EE or two in
 * every role, an EE with two NICs, and every kind of entry in the matrix. */

#ifndef TESTS_UNIT_RANDOM_POLICY_H
#define TESTS_UNIT_RANDOM_POLICY_H 1

#include "lib/model.h"

enum { RANDOM_N_TVDS = 3, RANDOM_N_ROLES = 3 };
extern const char *const random_tvds[RANDOM_N_TVDS];
extern const char *const random_roles[RANDOM_N_ROLES];

/* A policy with all ids filled in, those of 'old' (may be NULL) kept.  The
 * same 'members' give the same EEs, the same 'matrix' the same matrix.  Seeds
 * the random numbers. */
struct model *random_policy(uint32_t members, uint32_t matrix,
                            const struct model *old);

/* Puts the EEs on hosts "h0", "h1", ... of one fabric, at random.  All may
 * carry everything; or, if 'narrow', each TVD has a type of its own and a host
 * some of them, but those of the EEs on it. */
void random_policy_place(struct model *, int n_hosts, bool narrow);

/* All NICs, in no order, and their number; caller frees. */
const struct model_nic **random_policy_nics(const struct model *, size_t *n);

/* Adds EE "TVD-ROLEi" with a NIC, without ids. */
struct model_nic *random_policy_add(struct model *, struct model_tvd *,
                                    const char *role, int i);

/* A kind of entry; and its peers and services, where it takes some. */
enum model_action random_policy_action(void);
void random_policy_fill_rule(struct model_rule *);

#endif /* tests/unit/random-policy.h */
