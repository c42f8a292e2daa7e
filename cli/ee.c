/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl ee add, tvdctl ee remove, tvdctl ee move: one EE at a time. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

static const char *const nic_keys[] = { "tvd", "role", "name", "ip", "mac" };

static bool
is_nic_key(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(nic_keys); i++) {
        if (!strcmp(key, nic_keys[i])) {
            return true;
        }
    }
    return false;
}

/* Puts KEY=VALUE, at 'pair', into 'nic'.  Returns NULL or an error message. */
static char *
put_nic_pair(struct json *nic, char *pair)
{
    char *value = strchr(pair, '=');
    struct json *ips;

    if (!value || !value[1]) {
        return xasprintf("'%s' is not KEY=VALUE", pair);
    }
    *value++ = '\0';
    if (!is_nic_key(pair)) {
        char *suggestion = cli_suggestion(pair, nic_keys,
                                          ARRAY_SIZE(nic_keys));
        char *message = xasprintf("unknown key '%s'%s (valid: tvd, role, "
                                  "name, ip, mac)", pair, suggestion);

        free(suggestion);
        return message;
    }
    ips = shash_find_data(json_object(nic), "ip");
    if (!strcmp(pair, "ip")) {
        if (!ips) {
            ips = json_array_create_empty();
            json_object_put(nic, "ip", ips);
        }
        json_array_add(ips, json_string_create(value));
    } else if (shash_find(json_object(nic), pair)) {
        return xasprintf("'%s' is given twice", pair);
    } else {
        json_object_put_string(nic, pair, value);
    }
    return NULL;
}

/* Parses "tvd=red,role=client-os,ip=10.20.0.9".  Returns NULL after having
 * reported a failure. */
static struct json *
parse_nic(struct cli *cli, const char *text)
{
    struct json *nic = json_object_create();
    char *copy = xstrdup(text);
    char *rest = copy;
    char *error = NULL;
    char *pair;

    while (!error && (pair = strsep(&rest, ",")) != NULL) {
        error = put_nic_pair(nic, pair);
    }
    if (!error && !shash_find(json_object(nic), "tvd")) {
        error = xstrdup("it does not say which TVD: tvd=NAME is missing");
    }
    if (error) {
        cli_fail(cli, "bad --nic '%s': %s", text, error);
        json_destroy(nic);
        nic = NULL;
    }
    free(error);
    free(copy);
    return nic;
}

static struct json *
parse_nics(struct cli *cli)
{
    struct json *nics = json_array_create_empty();

    for (size_t i = 0; i < cli->n_given; i++) {
        if (!strcmp(cli->given[i].option->name, "nic")) {
            struct json *nic = parse_nic(cli, cli->given[i].value);

            if (!nic) {
                json_destroy(nics);
                return NULL;
            }
            json_array_add(nics, nic);
        }
    }
    return nics;
}

/* Without a table of its own, what was allocated stands in the details of the
 * change; programs get the EE itself. */
static void
print_ee(struct cli *cli, const struct json *answer)
{
    const struct json *ee = cli_member(answer, "ee");

    if (ee && cli->format == OUTPUT_JSON) {
        output_json(cli_output(cli), "ee", ee);
    }
}

/* Calls 'method' and prints what came of it. */
static int
change(struct cli *cli, const char *method, struct json *params)
{
    struct json *answer;
    int status;

    if (cli_has(cli, "dry-run")) {
        json_object_put(params, "dry_run", json_boolean_create(true));
    }
    answer = cli_call(cli, method, params, NULL);
    if (!answer) {
        return cli->verb->failure;
    }
    print_ee(cli, answer);
    status = cli_finish_change(cli, answer);
    json_destroy(answer);
    return status;
}

static int
run_ee_add(struct cli *cli)
{
    static const char *const options[] = { "label", "kind", "host" };
    struct json *ee, *params, *nics;

    if (!cli_has(cli, "label")) {
        return cli_fail(cli, "--label is missing: an EE needs a label");
    }
    nics = parse_nics(cli);
    if (!nics) {
        return cli->verb->failure;
    }
    ee = json_object_create();
    json_object_put_string(ee, "name", cli->args.names[0]);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (cli_has(cli, options[i])) {
            json_object_put_string(ee, options[i],
                                   cli_value(cli, options[i]));
        }
    }
    json_object_put(ee, "nics", nics);
    params = json_object_create();
    json_object_put(params, "ee", ee);
    return change(cli, "ee_add", params);
}

static int
run_ee_remove(struct cli *cli)
{
    struct json *params = json_object_create();

    json_object_put_string(params, "name", cli->args.names[0]);
    return change(cli, "ee_remove", params);
}

/* What is wrong with the command line, or NULL. */
static const char *
wrong_move(const struct cli *cli)
{
    bool live = cli_has(cli, "live");
    bool force = cli_has(cli, "force");

    if (cli_has(cli, "cancel")) {
        return (cli->args.n > 1 || live || force
                ? "--cancel takes the EE's name alone" : NULL);
    } else if (cli->args.n < 2) {
        return "HOST is missing: where to (or --cancel)?";
    }
    return (live && force
            ? "--live waits for the host that has it, --force does not: give "
            "one of them" : NULL);
}

static int
run_ee_move(struct cli *cli)
{
    static const char *const flags[] = { "live", "force", "cancel" };
    const char *wrong = wrong_move(cli);
    struct json *params;

    if (wrong) {
        return cli_fail(cli, "%s", wrong);
    }
    params = json_object_create();
    json_object_put_string(params, "name", cli->args.names[0]);
    if (cli->args.n > 1) {
        json_object_put_string(params, "host", cli->args.names[1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (cli_has(cli, flags[i])) {
            json_object_put(params, flags[i], json_boolean_create(true));
        }
    }
    return change(cli, "ee_move", params);
}

static const struct cli_option add_options[] = {
    { .name = "label", .arg = "LABEL", .help = "its label; needed" },
    { .name = "nic", .arg = "KEY=VALUE,...", .repeated = true,
      .help = "a NIC: tvd=TVD, role=ROLE, name=NAME, ip=ADDRESS (any number), "
              "mac=MAC" },
    { .name = "kind", .arg = "KIND", .help = "vm (the default) or namespace" },
    { .name = "host", .arg = "HOST", .help = "the one host it may run on" },
    CLI_OPTION_WAIT,
    { .name = "dry-run", .help = "say what would change, change nothing" },
    { .name = NULL },
};

static const struct cli_option remove_options[] = {
    CLI_OPTION_WAIT,
    { .name = "dry-run", .help = "say what would change, change nothing" },
    { .name = NULL },
};

static const struct cli_option move_options[] = {
    { .name = "live",
      .help = "it runs: announce the move, make it when the EE is seen at HOST" },
    { .name = "force",
      .help = "do not wait for the host that has it, which is off or fenced" },
    { .name = "cancel", .help = "call off a move announced with --live" },
    CLI_OPTION_WAIT,
    { .name = "dry-run", .help = "say what would change, change nothing" },
    { .name = NULL },
};

static const char *const exits[] = {
    "0  done, and with --wait enforced by every host",
    "1  failure: nothing has changed, unless the message says otherwise",
    CLI_EXIT_NOT_ENFORCED,
    NULL,
};

const struct cli_verb cli_verb_ee_add = {
    .name = "ee add",
    .args = "NAME",
    .min_args = 1,
    .max_args = 1,
    .summary = "add an EE that the policy file does not declare",
    .description =
        "It stays over later 'tvdctl apply'.  What is not given (role, MAC, "
        "addresses)\nis chosen and kept.  For example:\n"
        "  tvdctl ee add web3 --label red --nic tvd=red,role=client-os",
    .options = add_options,
    .exits = exits,
    .failure = 1,
    .run = run_ee_add,
};

const struct cli_verb cli_verb_ee_remove = {
    .name = "ee remove",
    .args = "NAME",
    .min_args = 1,
    .max_args = 1,
    .summary = "remove an EE that 'ee add' added",
    .options = remove_options,
    .exits = exits,
    .failure = 1,
    .run = run_ee_remove,
};

const struct cli_verb cli_verb_ee_move = {
    .name = "ee move",
    .args = "NAME [HOST]",
    .min_args = 1,
    .max_args = 2,
    .summary = "say on which host an EE is to run",
    .description =
        "Binds the EE to HOST.  The host that has it drops it, then HOST may "
        "have it.\nWith --live that happens when the EE sends something at "
        "HOST; until then it\nstays where it is.  At no time do both hosts "
        "accept it.  For example:\n"
        "  tvdctl ee move web3 desk2 --live --wait && \\\n"
        "      virsh migrate --live web3 qemu+ssh://desk2/system",
    .options = move_options,
    .exits = exits,
    .failure = 1,
    .run = run_ee_move,
};
