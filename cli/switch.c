/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl switch: physical switches, what they have and what they should. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "util.h"

/* How much longer a switch may take than the controller itself, in ms. */
#define SWITCH_EXTRA 25000

#define DIFFERS 1
#define FAILURE 2

/* --- Parts of answers -----------------------------------------------------*/

static void
print_string(struct cli *cli, const struct json *answer, const char *key)
{
    output_string(cli_output(cli), key, cli_member_string(answer, key));
}

static void
print_boolean(struct cli *cli, const struct json *answer, const char *key)
{
    output_boolean(cli_output(cli), key, cli_member_true(answer, key));
}

/* Lines of text; in a table one below the other, in CSV in a column of this
 * heading, nowhere if NULL. */
static size_t
print_lines(struct cli *cli, const struct json *answer, const char *key,
            const char *heading, enum output_style style)
{
    const struct json *array = cli_member_array(answer, key);
    const struct output_column column = { .key = heading };
    size_t n = array ? array->array.n : 0;
    struct output *o = cli_output(cli);
    bool csv = cli->format == OUTPUT_CSV;

    if (cli->format == OUTPUT_JSON) {
        output_json(o, key, cli_member(answer, key));
        return n;
    }
    if (csv && !heading) {
        return n;
    }
    if (csv) {
        output_open_table(o, key, NULL, &column, 1);
    }
    for (size_t i = 0; i < n; i++) {
        const struct json *line = array->array.elems[i];

        if (line->type != JSON_STRING) {
            continue;
        }
        if (csv) {
            output_string(o, heading, json_string(line));
        } else {
            output_text(o, style, "%s", json_string(line));
        }
    }
    if (csv) {
        output_close_table(o);
    }
    return n;
}

static void
print_cell(struct output *o, const struct json *row, const char *key)
{
    const struct json *value = cli_member(row, key);

    if (value && value->type == JSON_INTEGER) {
        output_integer(o, key, json_integer(value));
    } else if (value && (value->type == JSON_TRUE
                         || value->type == JSON_FALSE)) {
        output_boolean(o, key, json_boolean(value));
    } else {
        output_string(o, key, cli_member_string(row, key));
    }
}

static void
print_rows(struct cli *cli, const struct json *answer, const char *key,
           const struct output_column *columns, size_t n)
{
    const struct json *rows = cli_member_array(answer, key);
    struct output *o = cli_output(cli);

    output_open_table(o, key, NULL, columns, n);
    for (size_t i = 0; rows && i < rows->array.n; i++) {
        for (size_t j = 0; j < n; j++) {
            print_cell(o, rows->array.elems[i], columns[j].key);
        }
    }
    output_close_table(o);
}

static void
print_ports(struct cli *cli, const struct json *answer)
{
    static const struct output_column columns[] = {
        { .key = "port" }, { .key = "pvid" }, { .key = "untagged" },
        { .key = "tagged" }, { .key = "role" }, { .key = "wanted" },
        { .key = "what" },
    };

    print_rows(cli, answer, "ports", columns, ARRAY_SIZE(columns));
}

/* --- The answers ----------------------------------------------------------*/

static int
print_show(struct cli *cli, const struct json *answer)
{
    static const char *const strings[] = {
        "name", "address", "state", "profile", "description", "error",
        "save",
    };
    static const char *const booleans[] = {
        "manage", "reachable", "in_sync", "saved",
    };
    static const char *const counts[] = {
        "reads", "sets", "rollbacks", "drifts",
    };

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
        print_string(cli, answer, strings[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(booleans); i++) {
        print_boolean(cli, answer, booleans[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        output_integer(cli_output(cli), counts[i],
                       cli_member_integer(answer, counts[i]));
    }
    print_ports(cli, answer);
    print_lines(cli, answer, "differences", NULL, OUTPUT_BAD);
    print_lines(cli, answer, "notes", NULL, OUTPUT_NOTABLE);
    return EXIT_SUCCESS;
}

static int
print_list(struct cli *cli, const struct json *answer)
{
    static const struct output_column columns[] = {
        { .key = "name" }, { .key = "address" }, { .key = "profile" },
        { .key = "state" }, { .key = "in_sync", .heading = "IN SYNC" },
        { .key = "saved" }, { .key = "error" },
    };

    print_rows(cli, answer, "switches", columns, ARRAY_SIZE(columns));
    return EXIT_SUCCESS;
}

static int
print_plan(struct cli *cli, const struct json *answer)
{
    const char *refusal = cli_member_string(answer, "refusal");
    bool table = cli->format == OUTPUT_TABLE;
    size_t n;

    if (!table) {
        print_string(cli, answer, "name");
        print_string(cli, answer, "refusal");
        print_boolean(cli, answer, "manage");
    }
    n = print_lines(cli, answer, "changes", "change", OUTPUT_NOTABLE);
    print_lines(cli, answer, "notes", NULL, OUTPUT_PLAIN);
    if (cli->format == OUTPUT_CSV && refusal) {
        /* No table could say so. */
        cli_fail(cli, "refused: %s", refusal);
    } else if (!table) {
        output_integer(cli_output(cli), "requests",
                       cli_member_integer(answer, "requests"));
        output_integer(cli_output(cli), "objects",
                       cli_member_integer(answer, "objects"));
    } else if (refusal) {
        output_text(cli_output(cli), OUTPUT_BAD, "refused: %s", refusal);
    } else if (n) {
        output_text(cli_output(cli), OUTPUT_PLAIN, "%lld objects in %lld "
                    "requests%s", cli_member_integer(answer, "objects"),
                    cli_member_integer(answer, "requests"),
                    cli_member_true(answer, "manage") ? ""
                    : "; not to be made: the policy says 'manage: false'");
    } else {
        output_text(cli_output(cli), OUTPUT_GOOD, "nothing to change");
    }
    return refusal ? FAILURE : EXIT_SUCCESS;
}

static int
print_verify(struct cli *cli, const struct json *answer)
{
    bool same = cli_member_true(answer, "same");

    print_string(cli, answer, "name");
    print_boolean(cli, answer, "same");
    print_boolean(cli, answer, "saved");
    print_lines(cli, answer, "differences", "difference", OUTPUT_BAD);
    print_lines(cli, answer, "notes", NULL, OUTPUT_NOTABLE);
    return same ? EXIT_SUCCESS : DIFFERS;
}

/* What a policy file would say of it. */
static void
print_adoption(struct cli *cli, const struct json *answer)
{
    const char *adopt = cli_member_string(answer, "adopt");

    if (adopt && strcmp(adopt, "-")) {
        output_text(cli_output(cli), OUTPUT_PLAIN, "\nVLANs that the policy "
                    "has to name, so that they are taken over:\n"
                    "    switches: {%s: {adopt: [...]}}    # %s",
                    cli_member_string(answer, "name"), adopt);
    }
}

static int
print_adopt(struct cli *cli, const struct json *answer)
{
    static const struct output_column columns[] = {
        { .key = "port" }, { .key = "role" }, { .key = "present" },
        { .key = "wanted" }, { .key = "same" }, { .key = "what" },
        { .key = "problem" },
    };
    const char *refusal = cli_member_string(answer, "refusal");

    print_string(cli, answer, "name");
    print_string(cli, answer, "adopt");
    print_string(cli, answer, "refusal");
    print_rows(cli, answer, "ports", columns, ARRAY_SIZE(columns));
    print_adoption(cli, answer);
    return refusal ? FAILURE : EXIT_SUCCESS;
}

static int
print_probe(struct cli *cli, const struct json *answer)
{
    static const struct output_column columns[] = {
        { .key = "port" }, { .key = "pvid" }, { .key = "untagged" },
        { .key = "tagged" }, { .key = "lacks" },
    };
    static const char *const strings[] = {
        "address", "description", "profile", "title", "basis", "refusal",
        "saves", "unreadable",
    };

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
        print_string(cli, answer, strings[i]);
    }
    print_boolean(cli, answer, "configurable");
    print_boolean(cli, answer, "atomic");
    output_integer(cli_output(cli), "vlans",
                   cli_member_integer(answer, "vlans"));
    print_rows(cli, answer, "ports", columns, ARRAY_SIZE(columns));
    return cli_member_true(answer, "configurable") ? EXIT_SUCCESS : DIFFERS;
}

static int
print_retry(struct cli *cli, const struct json *answer)
{
    print_show(cli, answer);
    return cli_member_true(answer, "in_sync") ? EXIT_SUCCESS : DIFFERS;
}

/* --- Running --------------------------------------------------------------*/

static int
call(struct cli *cli, const char *method, struct json *params,
     int (*print)(struct cli *, const struct json *))
{
    struct json *answer = cli_call_long(cli, method, params, NULL,
                                        SWITCH_EXTRA, "switch");
    int status;

    if (!answer) {
        return cli->verb->failure;
    }
    status = print(cli, answer);
    json_destroy(answer);
    return status;
}

static int
run_named(struct cli *cli)
{
    static const struct {
        const struct cli_verb *verb;
        const char *method;
        int (*print)(struct cli *, const struct json *);
    } methods[] = {
        { &cli_verb_switch_show, "switch_show", print_show },
        { &cli_verb_switch_plan, "switch_plan", print_plan },
        { &cli_verb_switch_verify, "switch_verify", print_verify },
        { &cli_verb_switch_adopt, "switch_adopt", print_adopt },
        { &cli_verb_switch_save, "switch_save", print_retry },
        { &cli_verb_switch_retry, "switch_retry", print_retry },
    };
    struct json *params = json_object_create();

    if (!cli->args.n) {
        return call(cli, "switch_show", params, print_list);
    }
    json_object_put_string(params, "name", cli->args.names[0]);
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (cli->verb == methods[i].verb) {
            return call(cli, methods[i].method, params, methods[i].print);
        }
    }
    OVS_NOT_REACHED();
}

static int
run_probe(struct cli *cli)
{
    const char *credentials = cli_value(cli, "credentials");
    const char *profile = cli_value(cli, "profile");
    struct json *params;

    if (!credentials) {
        return cli_fail(cli, "--credentials is missing: the name of a file "
                        "with what to log in with");
    }
    params = json_object_create();
    json_object_put_string(params, "address", cli->args.names[0]);
    json_object_put_string(params, "credentials", credentials);
    if (profile) {
        json_object_put_string(params, "profile", profile);
    }
    json_object_put(params, "insecure",
                    json_boolean_create(cli_has(cli, "insecure")));
    return call(cli, "switch_probe", params, print_probe);
}

static const struct cli_option probe_options[] = {
    { .name = "credentials", .arg = "NAME",
      .help = "name of the controller's file with what to log in with" },
    { .name = "insecure",
      .help = "use SNMP version 2c, which protects nothing" },
    { .name = "profile", .arg = "NAME",
      .help = "take it for a device of this kind" },
    { .name = NULL },
};

static const char *const exits[] = {
    "0  the switch was asked",
    "2  failure: there is no such switch, or it does not answer",
    NULL,
};
static const char *const plan_exits[] = {
    "0  there is a plan, which may be empty",
    "2  failure: there is no such switch, it does not answer, or no plan is "
    "possible",
    NULL,
};
static const char *const verify_exits[] = {
    "0  the switch is as the policy wants it",
    "1  it differs",
    "2  failure: there is no such switch, or it does not answer",
    NULL,
};
static const char *const adopt_exits[] = {
    "0  it can be taken over, once the policy names the VLANs that are shown",
    "2  failure: it cannot, for the reason given, or it does not answer",
    NULL,
};
static const char *const probe_exits[] = {
    "0  it can be configured",
    "1  it cannot",
    "2  failure: it does not answer",
    NULL,
};

#define VERB(NAME, WORD, EXITS, SUMMARY, DESCRIPTION)                   \
    const struct cli_verb cli_verb_switch_##NAME = {                    \
        .name = "switch " WORD,                                         \
        .args = "NAME",                                                 \
        .min_args = 1,                                                  \
        .max_args = 1,                                                  \
        .summary = SUMMARY,                                             \
        .description = DESCRIPTION,                                     \
        .exits = EXITS,                                                 \
        .failure = FAILURE,                                             \
        .run = run_named,                                               \
    }

const struct cli_verb cli_verb_switch_show = {
    .name = "switch show",
    .args = "[NAME]",
    .max_args = 1,
    .summary = "all switches, or one: its state, its ports, what is wanted",
    .description =
        "What was read last.  Ports that have no role are not ours and are "
        "left alone.",
    .exits = exits,
    .failure = FAILURE,
    .run = run_named,
};
VERB(plan, "plan", plan_exits, "what would be changed on a switch",
     "The switch is read again for it.  Without 'manage: false' in the policy "
     "what is\nplanned is done at once.");
VERB(verify, "verify", verify_exits, "read a switch again and compare",
     "A difference that is found is repaired afterwards, unless the policy "
     "says\n'manage: false'.");
VERB(adopt, "adopt", adopt_exits,
     "what the policy has to say to take a switch over as it is",
     "Changes nothing.  With 'manage: false' a switch can be described step "
     "by step\nuntil there is nothing to change.");
VERB(save, "save", verify_exits, "let a switch save what it has",
     "Once it is as wanted, and verified where the device tells.");
VERB(retry, "retry", verify_exits, "try again at once to configure a switch",
     "Also if it was given up because it is neither as it was nor as wanted.");

const struct cli_verb cli_verb_switch_probe = {
    .name = "switch probe",
    .args = "ADDRESS",
    .min_args = 1,
    .max_args = 1,
    .summary = "what a device is, can do, and which profile fits",
    .description =
        "It need not be in the policy.  Nothing is changed.",
    .options = probe_options,
    .exits = probe_exits,
    .failure = FAILURE,
    .run = run_probe,
};
