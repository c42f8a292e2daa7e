/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl apply: put a policy file in force. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include "openvswitch/json.h"

static int
run_apply(struct cli *cli)
{
    struct json *answer = cli_send_policy(cli, "apply");
    int status;

    if (!answer) {
        return cli->verb->failure;
    }
    status = cli_finish_change(cli, answer);
    json_destroy(answer);
    return status;
}

static const struct cli_option apply_options[] = {
    CLI_OPTION_WAIT,
    { .name = "dry-run", .help = "say what would change, change nothing" },
    { .name = NULL },
};

static const char *const apply_exits[] = {
    "0  applied, and with --wait enforced by every host",
    "1  failure: nothing has been applied, unless the message says otherwise",
    CLI_EXIT_NOT_ENFORCED,
    NULL,
};

const struct cli_verb cli_verb_apply = {
    .name = "apply",
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .summary = "put a policy file in force",
    .description =
        "FILE may be '-' for standard input.  The file is applied as a "
        "whole or not\nat all; EEs that 'tvdctl ee add' added stay.",
    .options = apply_options,
    .exits = apply_exits,
    .failure = 1,
    .run = run_apply,
};
