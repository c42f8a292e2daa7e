/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of changes of "plan", "apply" and "ee", grouped by kind. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "util.h"

/* How each op looks, in the order in which they are counted. */
static const struct {
    const char *op;
    const char *done;
    char mark;
    enum output_style style;
} ops[] = {
    { "add", "added", '+', OUTPUT_GOOD },
    { "change", "changed", '~', OUTPUT_NOTABLE },
    { "remove", "removed", '-', OUTPUT_BAD },
};

/* What a group of changes of a kind is called. */
static const char *
group_title(const char *kind)
{
    static const struct {
        const char *kind;
        const char *title;
    } titles[] = {
        { "label", "labels" },
        { "conflict", "conflict sets" },
        { "pool", "pools" },
        { "switch", "switches" },
        { "host", "hosts" },
        { "tvd", "TVDs" },
        { "role", "roles" },
        { "flow", "flow matrix" },
        { "ee", "EEs" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
        if (!strcmp(titles[i].kind, kind)) {
            return titles[i].title;
        }
    }
    return kind;
}

static size_t
op_index(const struct json *change)
{
    const char *op = cli_member_string(change, "op");
    size_t i;

    for (i = 0; i + 1 < ARRAY_SIZE(ops); i++) {
        if (op && !strcmp(ops[i].op, op)) {
            break;
        }
    }
    return i;
}

static const char *
text_of(const struct json *change, const char *name)
{
    const char *text = cli_member_string(change, name);

    return text ? text : "";
}

/* For people: a heading for each kind, a mark for each change. */
static void
print_groups(struct output *o, const struct json *changes)
{
    const char *group = NULL;

    for (size_t i = 0; i < changes->array.n; i++) {
        const struct json *change = changes->array.elems[i];
        const struct json *details = cli_member_array(change, "details");
        const char *kind = text_of(change, "kind");
        size_t op = op_index(change);

        if (!group || strcmp(group, kind)) {
            output_text(o, OUTPUT_HEADING, "%s%s:", group ? "\n" : "",
                        group_title(kind));
            group = kind;
        }
        output_text(o, ops[op].style, "  %c %s", ops[op].mark,
                    text_of(change, "name"));
        for (size_t j = 0; details && j < details->array.n; j++) {
            const struct json *detail = details->array.elems[j];

            if (detail->type == JSON_STRING) {
                output_text(o, OUTPUT_PLAIN, "      %s", json_string(detail));
            }
        }
    }
}

/* For programs. */
static void
print_rows(struct output *o, const struct json *changes)
{
    static const struct output_column columns[] = {
        { .key = "op" },
        { .key = "kind" },
        { .key = "name" },
        { .key = "details" },
    };

    output_open_table(o, "changes", NULL, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; changes && i < changes->array.n; i++) {
        const struct json *change = changes->array.elems[i];
        const struct json *details = cli_member_array(change, "details");

        output_string(o, "op", ops[op_index(change)].op);
        output_string(o, "kind", text_of(change, "kind"));
        output_string(o, "name", text_of(change, "name"));
        if (details) {
            output_json(o, "details", details);
        } else {
            output_strings(o, "details", NULL, 0);
        }
    }
    output_close_table(o);
}

/* What the controller has to say besides. */
static void
print_notes(struct output *o, const struct json *answer)
{
    const struct json *notes = cli_member_array(answer, "notes");

    if (notes && output_get_format(o) == OUTPUT_JSON) {
        output_json(o, "notes", notes);
    }
    for (size_t i = 0; notes && i < notes->array.n
                       && output_get_format(o) == OUTPUT_TABLE; i++) {
        const struct json *note = notes->array.elems[i];

        if (note->type == JSON_STRING) {
            output_text(o, OUTPUT_NOTABLE, "note: %s", json_string(note));
        }
    }
}

size_t
cli_print_changes(struct cli *cli, const struct json *answer, bool planned)
{
    const struct json *changes = cli_member_array(answer, "changes");
    size_t counts[ARRAY_SIZE(ops)] = { 0 };
    struct output *o = cli_output(cli);
    size_t n = changes ? changes->array.n : 0;

    for (size_t i = 0; i < n; i++) {
        counts[op_index(changes->array.elems[i])]++;
    }
    if (output_get_format(o) != OUTPUT_TABLE) {
        print_rows(o, changes);
        for (size_t i = 0; i < ARRAY_SIZE(ops)
                           && output_get_format(o) == OUTPUT_JSON; i++) {
            output_integer(o, ops[i].done, counts[i]);
        }
    } else if (n) {
        print_groups(o, changes);
        output_text(o, OUTPUT_PLAIN, "\n%s%"PRIuSIZE" added, "
                    "%"PRIuSIZE" changed, %"PRIuSIZE" removed",
                    planned ? "would be: " : "", counts[0], counts[1],
                    counts[2]);
    } else {
        output_text(o, OUTPUT_PLAIN, "no changes");
    }
    print_notes(o, answer);
    return n;
}

int
cli_finish_change(struct cli *cli, const struct json *answer)
{
    bool dry_run = cli_has(cli, "dry-run");

    cli_print_changes(cli, answer, dry_run);
    if (dry_run) {
        return EXIT_SUCCESS;
    }
    if (cli->format == OUTPUT_JSON) {
        output_integer(cli_output(cli), "seq",
                       cli_member_integer(answer, "seq"));
    }
    return cli_wait_enforced(cli, answer);
}
