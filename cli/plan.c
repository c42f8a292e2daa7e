/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl plan: what applying a policy file would change. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include "openvswitch/json.h"

#define CHANGES_STATUS 2

static int
run_plan(struct cli *cli)
{
    struct json *answer = cli_send_policy(cli, "plan");
    size_t n;

    if (!answer) {
        return cli->verb->failure;
    }
    n = cli_print_changes(cli, answer, true);
    json_destroy(answer);
    return n ? CHANGES_STATUS : EXIT_SUCCESS;
}

static const char *const plan_exits[] = {
    "0  nothing would change",
    "1  failure: the policy is wrong, or the controller cannot be reached",
    "2  something would change",
    NULL,
};

const struct cli_verb cli_verb_plan = {
    .name = "plan",
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .summary = "what applying a policy file would change; changes nothing",
    .description =
        "FILE may be '-' for standard input.  Changes are grouped by kind:\n"
        "+ is added, ~ is changed, - is removed.",
    .exits = plan_exits,
    .failure = 1,
    .run = run_plan,
};
