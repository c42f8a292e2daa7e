/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl help: what the table of verbs says, for people and (--format=json)
 * for programs: the shell completion and the tests of the manual page. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

static void
format_option(const struct cli_option *option, struct ds *ds)
{
    ds_put_format(ds, "--%s", option->name);
    if (option->arg) {
        ds_put_format(ds, option->arg_optional ? "[=%s]" : "=%s",
                      option->arg);
    }
    if (option->letter) {
        ds_put_format(ds, ", -%c", option->letter);
    }
}

static void
print_options(struct output *o, const struct cli_option *options)
{
    for (; options && options->name; options++) {
        struct ds ds = DS_EMPTY_INITIALIZER;

        format_option(options, &ds);
        output_text(o, OUTPUT_PLAIN, "  %-24s %s", ds_cstr(&ds),
                    options->help);
        ds_destroy(&ds);
    }
}

static void
print_verb(struct output *o, const struct cli_verb *verb)
{
    output_text(o, OUTPUT_PLAIN, "usage: tvdctl %s%s%s [OPTION...]\n\n"
                "%s.", verb->name, *verb->args ? " " : "", verb->args,
                verb->summary);
    if (verb->description) {
        output_text(o, OUTPUT_PLAIN, "\n%s", verb->description);
    }
    if (verb->options) {
        output_text(o, OUTPUT_PLAIN, "\noptions:");
        print_options(o, verb->options);
    }
    output_text(o, OUTPUT_PLAIN, "\noptions of every verb:");
    print_options(o, cli_global_options);
    output_text(o, OUTPUT_PLAIN, "\nexit status:");
    for (size_t i = 0; verb->exits[i]; i++) {
        output_text(o, OUTPUT_PLAIN, "  %s", verb->exits[i]);
    }
}

static void
print_overview(struct output *o)
{
    output_text(o, OUTPUT_PLAIN,
                "usage: tvdctl VERB [ARGUMENT...] [OPTION...]\n\n"
                "Declares, shows and questions the network isolation of "
                "trusted virtual domains.\n\nverbs:");
    for (size_t i = 0; i < cli_n_verbs; i++) {
        const struct cli_verb *verb = cli_verbs[i];
        char *usage = xasprintf("%s%s%s", verb->name,
                                *verb->args ? " " : "", verb->args);

        output_text(o, OUTPUT_PLAIN, "  %-24s %s", usage, verb->summary);
        free(usage);
    }
    output_text(o, OUTPUT_PLAIN, "\noptions of every verb:");
    print_options(o, cli_global_options);
    output_text(o, OUTPUT_PLAIN, "\nMore: tvdctl help VERB, tvdctl(8).");
}

static const struct output_column option_columns[] = {
    { .key = "name" },
    { .key = "letter" },
    { .key = "argument" },
    { .key = "argument_optional" },
    { .key = "help" },
};

static void
write_options(struct output *o, const struct cli_option *options)
{
    output_open_table(o, "options", NULL, option_columns,
                      ARRAY_SIZE(option_columns));
    for (; options && options->name; options++) {
        char letter[2] = { options->letter, '\0' };

        output_string(o, "name", options->name);
        output_string(o, "letter", options->letter ? letter : NULL);
        output_string(o, "argument", options->arg);
        output_boolean(o, "argument_optional", options->arg_optional);
        output_string(o, "help", options->help);
    }
    output_close_table(o);
}

static void
write_verb(struct output *o, const struct cli_verb *verb)
{
    size_t n = 0;

    output_open_object(o, verb->name);
    output_string(o, "arguments", verb->args);
    output_string(o, "summary", verb->summary);
    write_options(o, verb->options);
    while (verb->exits[n]) {
        n++;
    }
    output_strings(o, "exit_status", verb->exits, n);
    output_close_object(o);
}

static void
write_all(struct output *o, const struct cli_verb *only)
{
    output_open_object(o, "verbs");
    for (size_t i = 0; i < cli_n_verbs; i++) {
        if (!only || only == cli_verbs[i]) {
            write_verb(o, cli_verbs[i]);
        }
    }
    output_close_object(o);
    write_options(o, cli_global_options);
}

int
cli_print_help(struct cli *cli, const struct cli_verb *verb)
{
    struct output *o = cli_output(cli);

    if (output_get_format(o) != OUTPUT_TABLE) {
        write_all(o, verb);
    } else if (verb) {
        print_verb(o, verb);
    } else {
        print_overview(o);
    }
    return EXIT_SUCCESS;
}

static int
run_help(struct cli *cli)
{
    char *name = svec_join(&cli->args, " ", "");
    const struct cli_verb *verb = NULL;
    int status = EXIT_SUCCESS;

    for (size_t i = 0; i < cli_n_verbs; i++) {
        if (!strcmp(cli_verbs[i]->name, name)) {
            verb = cli_verbs[i];
        }
    }
    if (*name && !verb) {
        const char **names = xcalloc(cli_n_verbs, sizeof *names);
        char *suggestion;

        for (size_t i = 0; i < cli_n_verbs; i++) {
            names[i] = cli_verbs[i]->name;
        }
        suggestion = cli_suggestion(name, names, cli_n_verbs);
        status = cli_fail(cli, "no help about '%s'%s ('tvdctl help' lists "
                          "the verbs)", name, suggestion);
        free(suggestion);
        free(names);
    } else {
        status = cli_print_help(cli, verb);
    }
    free(name);
    return status;
}

static const char *const exits[] = {
    "0  shown",
    "1  there is no such verb",
    NULL,
};

const struct cli_verb cli_verb_help = {
    .name = "help",
    .args = "[VERB]",
    .max_args = 2,
    .summary = "what the verbs do, or one of them",
    .exits = exits,
    .failure = 1,
    .run = run_help,
};
