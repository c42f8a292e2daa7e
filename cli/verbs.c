/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs, in the order in which "tvdctl help" lists them. */

#include <config.h>
#include "cli/cli.h"

#include "util.h"

const struct cli_verb *const cli_verbs[] = {
    &cli_verb_check,
    &cli_verb_plan,
    &cli_verb_apply,
    &cli_verb_show,
    &cli_verb_can,
    &cli_verb_ee_add,
    &cli_verb_ee_remove,
    &cli_verb_ee_move,
    &cli_verb_ee_list,
    &cli_verb_host_enrol,
    &cli_verb_host_revoke,
    &cli_verb_host_list,
    &cli_verb_host_certify,
    &cli_verb_admin_certify,
    &cli_verb_switch_show,
    &cli_verb_switch_plan,
    &cli_verb_switch_verify,
    &cli_verb_switch_adopt,
    &cli_verb_switch_save,
    &cli_verb_switch_retry,
    &cli_verb_switch_probe,
    &cli_verb_status,
    &cli_verb_events,
    &cli_verb_help,
};
const size_t cli_n_verbs = ARRAY_SIZE(cli_verbs);
