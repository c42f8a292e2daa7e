/* SPDX-License-Identifier: Apache-2.0
 *
 * Verbs that need no controller: a policy file, completed as the controller
 * would complete it for an empty database. */

#include <config.h>
#include "cli/local.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/alloc.h"
#include "flowpolicy/decide.h"
#include "flowpolicy/policy.h"
#include "gateway/place.h"
#include "util.h"

/* Adds what the file leaves open.  False after having reported why not. */
static bool
complete(struct cli *cli, struct model *model, struct policy_errors *errors)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    char *error;

    if (!gateway_place(model, NULL, errors)) {
        cli_fail_policy(cli, errors);
        return false;
    }
    error = alloc_fill(model, NULL, &state, NULL);
    if (error) {
        policy_errors_add(errors, 0, 0, "%s", error);
        cli_fail_policy(cli, errors);
        free(error);
        return false;
    }
    decide_assign_gateways(model);
    return true;
}

struct model *
cli_load_policy(struct cli *cli, const char *file)
{
    struct policy_errors errors;
    struct model *model;

    policy_errors_init(&errors, file);
    model = policy_parse_file(&errors, NULL, NULL);
    if (!model) {
        cli_fail_policy(cli, &errors);
    } else if (!complete(cli, model, &errors)) {
        model_destroy(model);
        model = NULL;
    }
    policy_errors_destroy(&errors);
    return model;
}
