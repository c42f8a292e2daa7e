/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl show, tvdctl ee list: tables of what is in force. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

static const char *const subjects[] = {
    "tvds", "roles", "matrix", "hosts", "ees", "flows", "labels", "switches",
};

/* The key of column 'i' of 'columns'; NULL if it makes no sense. */
static const char *
column_key(const struct json *columns, size_t i)
{
    const struct json *column = columns->array.elems[i];

    return column->type == JSON_STRING ? json_string(column) : NULL;
}

static void
print_cell(struct output *o, const char *key, const struct json *value)
{
    if (value) {
        output_json(o, key, value);
    } else {
        output_string(o, key, NULL);
    }
}

/* Prints the table that the controller sent. */
static void
print_table(struct cli *cli, const char *what, const struct json *columns,
            const struct json *rows)
{
    struct output_column *wanted = xcalloc(MAX(columns->array.n, 1),
                                           sizeof *wanted);
    struct output *o = cli_output(cli);
    size_t n = 0;

    for (size_t i = 0; i < columns->array.n; i++) {
        const char *key = column_key(columns, i);

        if (key) {
            /* TVDs' names, which capitals would falsify. */
            wanted[n].heading = i && !strcmp(what, "matrix") ? key : NULL;
            wanted[n++].key = key;
        }
    }
    output_open_table(o, "rows", NULL, wanted, n);
    for (size_t i = 0; i < rows->array.n; i++) {
        for (size_t j = 0; j < n; j++) {
            print_cell(o, wanted[j].key,
                       cli_member(rows->array.elems[i], wanted[j].key));
        }
    }
    output_close_table(o);
    free(wanted);
}

/* --- EEs, a line for each NIC ---------------------------------------------*/

static const struct output_column nic_columns[] = {
    { .key = "nic" }, { .key = "tvd", .heading = "TVD" }, { .key = "role" },
    { .key = "ips", .heading = "ADDRESSES" }, { .key = "mac" },
    { .key = "label" }, { .key = "kind" }, { .key = "origin" },
    { .key = "host" }, { .key = "next_host", .heading = "MOVES TO" },
    { .key = "waiting", .heading = "ALSO AT" }, { .key = "state" },
    { .key = "reason" },
};

static enum output_style
nic_style(const char *state)
{
    return !state ? OUTPUT_PLAIN
           : !strcmp(state, "installed") ? OUTPUT_GOOD
           : !strcmp(state, "refused") ? OUTPUT_BAD
           : !strcmp(state, "pending") ? OUTPUT_NOTABLE : OUTPUT_PLAIN;
}

/* Prints 'nic', NULL for an EE that has none. */
static void
print_nic(struct output *o, const struct json *ee, const struct json *nic)
{
    const char *ee_name = cli_member_string(ee, "name");
    const char *nic_name = cli_member_string(nic, "name");
    const char *holder = cli_member_string(nic, "holder");
    const char *host = holder ? holder : cli_member_string(nic, "host");
    const char *state = cli_member_string(nic, "state");
    char *name = xasprintf("%s%s%s", ee_name ? ee_name : "",
                           nic_name ? "/" : "", nic_name ? nic_name : "");

    output_string(o, "nic", name);
    output_string(o, "tvd", cli_member_string(nic, "tvd"));
    output_string(o, "role", cli_member_string(nic, "role"));
    print_cell(o, "ips", cli_member(nic, "ips"));
    output_string(o, "mac", cli_member_string(nic, "mac"));
    output_string(o, "label", cli_member_string(ee, "label"));
    output_string(o, "kind", cli_member_string(ee, "kind"));
    output_string(o, "origin", cli_member_string(ee, "origin"));
    output_string(o, "host", host ? host : cli_member_string(ee, "host"));
    output_string(o, "next_host", cli_member_string(ee, "next_host"));
    print_cell(o, "waiting", cli_member(nic, "waiting"));
    output_styled(o, "state", state, nic_style(state));
    output_string(o, "reason", cli_member_string(nic, "reason"));
    free(name);
}

static void
print_ees(struct cli *cli, const struct json *rows)
{
    struct output *o = cli_output(cli);

    output_open_table(o, "rows", NULL, nic_columns, ARRAY_SIZE(nic_columns));
    for (size_t i = 0; i < rows->array.n; i++) {
        const struct json *ee = rows->array.elems[i];
        const struct json *nics = cli_member_array(ee, "nics");

        for (size_t j = 0; nics && j < nics->array.n; j++) {
            print_nic(o, ee, nics->array.elems[j]);
        }
        if (!nics || !nics->array.n) {
            print_nic(o, ee, NULL);
        }
    }
    output_close_table(o);
}

/* --- The verbs ------------------------------------------------------------*/

static int
show(struct cli *cli, const char *what, const char *name)
{
    struct json *params = json_object_create();
    const struct json *columns, *rows;
    struct json *answer;
    int status = EXIT_SUCCESS;

    json_object_put_string(params, "what", what);
    if (name) {
        json_object_put_string(params, "name", name);
    }
    answer = cli_call(cli, "show", params, NULL);
    if (!answer) {
        return cli->verb->failure;
    }
    columns = cli_member_array(answer, "columns");
    rows = cli_member_array(answer, "rows");
    if (columns && rows && !strcmp(what, "ees")
        && cli->format != OUTPUT_JSON) {
        print_ees(cli, rows);
    } else if (columns && rows) {
        print_table(cli, what, columns, rows);
    } else {
        status = cli_fail(cli, "the controller's answer about %s is not a "
                          "table; is it of another version?", what);
    }
    json_destroy(answer);
    return status;
}

static int
run_show(struct cli *cli)
{
    const char *what = cli->args.names[0];
    const char *name = cli->args.n > 1 ? cli->args.names[1] : NULL;
    char *suggestion;
    int status;

    for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
        if (!strcmp(what, subjects[i])) {
            return show(cli, what, name);
        }
    }
    suggestion = cli_suggestion(what, subjects, ARRAY_SIZE(subjects));
    status = cli_fail(cli, "cannot show '%s'%s (valid: tvds, roles, matrix, "
                      "hosts, ees, flows, labels, switches)", what,
                      suggestion);
    free(suggestion);
    return status;
}

static int
run_ee_list(struct cli *cli)
{
    return show(cli, "ees", NULL);
}

static int
run_host_list(struct cli *cli)
{
    return show(cli, "hosts", NULL);
}

static const char *const exits[] = {
    "0  shown",
    "1  failure: nothing of that name, or the controller cannot be reached",
    NULL,
};

const struct cli_verb cli_verb_show = {
    .name = "show",
    .args = "WHAT [NAME]",
    .min_args = 1,
    .max_args = 2,
    .summary = "what is in force: all of a kind, or the one called NAME",
    .description =
        "WHAT is one of\n"
        "  tvds      domains: ids, label, subnets, VLAN, VNI, channel\n"
        "  roles     the roles of each TVD\n"
        "  matrix    the flow matrix, from each role to each TVD\n"
        "  hosts     hosts, how far each of them is, its certificate\n"
        "  ees       members: NICs, addresses, where they are attached\n"
        "  flows     packets per rule and drops per reason, as counted\n"
        "  labels    labels and their types\n"
        "  switches  physical switches",
    .exits = exits,
    .failure = 1,
    .run = run_show,
};

const struct cli_verb cli_verb_ee_list = {
    .name = "ee list",
    .args = "",
    .summary = "the EEs, as 'show ees'",
    .exits = exits,
    .failure = 1,
    .run = run_ee_list,
};

const struct cli_verb cli_verb_host_list = {
    .name = "host list",
    .args = "",
    .summary = "the hosts, as 'show hosts'",
    .exits = exits,
    .failure = 1,
    .run = run_host_list,
};
