/* SPDX-License-Identifier: Apache-2.0
 *
 * Verbs that need no controller: a policy file, completed as the controller
 * would complete it for an empty database. */

#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H 1

#include "cli/cli.h"
#include "lib/model.h"

/* Reads the policy in FILE ("-" is standard input), adds the gateways that
 * nobody declared, allocates what the file leaves open, and assigns gateways.
 * Returns the model, which the caller owns; NULL after having reported every
 * error. */
struct model *cli_load_policy(struct cli *, const char *file);

#endif /* cli/local.h */
