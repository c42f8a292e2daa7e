/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl's parts that need no process: the command line by the table of verbs,
 * and the tables it prints, against golden files. */

#include <config.h>
#undef NDEBUG
#include "cli/cli.h"

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "tests/unit/golden.h"
#include "util.h"

/* --- The command line -----------------------------------------------------*/

static void
clear(struct cli *cli)
{
    svec_destroy(&cli->args);
    free(cli->given);
    memset(cli, 0, sizeof *cli);
}

/* Words; what comes of them, "VERB|ARGUMENTS|OPTIONS", or the beginning of
 * the error message. */
static const struct parse_test {
    const char *what;
    const char *words[6];
    const char *want;
} parse_tests[] = {
    { "a verb", { "status" }, "status||" },
    { "of two words", { "ee", "list" }, "ee list||" },
    { "options between its words", { "ee", "-v", "add", "x" },
      "ee add|x|verbose" },
    { "options first", { "-fjson", "check", "f" }, "check|f|format=json" },
    { "options last", { "check", "f", "-f", "csv" },
      "check|f|format=csv" },
    { "letters together", { "status", "-vfjson" },
      "status||verbose format=json" },
    { "an argument after a space", { "can", "--policy", "f", "a", "b" },
      "can|a b|policy=f" },
    { "an argument after =", { "can", "--policy=f=g", "a", "b" },
      "can|a b|policy=f=g" },
    { "an empty argument", { "can", "--policy=", "a", "b" },
      "can|a b|policy=" },
    { "an optional argument", { "apply", "f", "--wait=5" },
      "apply|f|wait=5" },
    { "an optional argument left out", { "apply", "--wait", "f" },
      "apply|f|wait" },
    { "standard input", { "apply", "-" }, "apply|-|" },
    { "the end of options", { "apply", "--", "-v" }, "apply|-v|" },
    { "a verb as an argument", { "show", "ees", "status" },
      "show|ees status|" },
    { "several NICs", { "ee", "add", "x", "--nic=a", "--nic", "b" },
      "ee add|x|nic=a nic=b" },
    { "help before anything is known", { "--help" }, "-||help" },
    { "help with half a verb", { "ee", "--help" }, "-||help" },
    { "help with too few arguments", { "plan", "-h" }, "plan||help" },
    { "nothing", { NULL }, "a verb is missing" },
    { "no abbreviated verbs", { "stat" }, "unknown verb 'stat'" },
    { "an option of another verb first", { "--wait", "apply", "f" },
      "unknown option '--wait' (" },
    { "no argument", { "check", "f", "--format" },
      "option '--format' needs an argument" },
    { "an argument too many", { "status", "x" },
      "'status' does not expect 'x'" },
    { "bare dashes", { "--=x" }, "unknown option '--'" },
};

/* What 'words' came to, as parse_tests[] has it; 'error' is taken over. */
static char *
describe(const struct cli *cli, char *error, const char *want)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    char *args;

    if (error) {
        char *text = xmemdup0(error, MIN(strlen(error), strlen(want)));

        free(error);
        return text;
    }
    args = svec_join(&cli->args, " ", "");
    ds_put_format(&ds, "%s|%s|", cli->verb ? cli->verb->name : "-", args);
    free(args);
    for (size_t i = 0; i < cli->n_given; i++) {
        const struct cli_given *g = &cli->given[i];

        ds_put_format(&ds, "%s%s%s%s", i ? " " : "", g->option->name,
                      g->value ? "=" : "", g->value ? g->value : "");
    }
    return ds_steal_cstr(&ds);
}

static void
test_parse(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(parse_tests); i++) {
        const struct parse_test *test = &parse_tests[i];
        struct cli cli = { .format = OUTPUT_TABLE };
        char *argv[8] = { CONST_CAST(char *, "tvdctl") };
        char *error, *text;
        int argc = 1;

        while (argc < 7 && test->words[argc - 1]) {
            argv[argc] = CONST_CAST(char *, test->words[argc - 1]);
            argc++;
        }
        svec_init(&cli.args);
        error = cli_parse(&cli, argc, argv);
        text = describe(&cli, error, test->want);
        is_str(text, test->want, "%s", test->what);
        free(text);
        clear(&cli);
    }
}

/* The table of verbs holds together. */
static void
test_verbs(void)
{
    for (size_t i = 0; i < cli_n_verbs; i++) {
        const struct cli_verb *v = cli_verbs[i];

        ok(v->name && v->args && v->summary && v->run && v->exits
           && v->exits[0] && v->min_args <= v->max_args, "%s", v->name);
        for (const struct cli_option *o = v->options; o && o->name; o++) {
            bool clash = false;

            for (const struct cli_option *g = cli_global_options; g->name;
                 g++) {
                clash = clash || !strcmp(g->name, o->name)
                        || (o->letter && g->letter == o->letter);
            }
            ok(!clash && o->help && (o->arg || !o->arg_optional),
               "%s --%s", v->name, o->name);
        }
    }
}

/* --- What is printed ------------------------------------------------------*/

static const char changes[] =
    "{\"seq\":8,\"changes\":["
    "{\"op\":\"add\",\"kind\":\"tvd\",\"name\":\"blue\","
    "\"details\":[\"label: blue\",\"vlan: 130\"]},"
    "{\"op\":\"change\",\"kind\":\"tvd\",\"name\":\"red\","
    "\"details\":[\"vlan: 110 -> 111\"]},"
    "{\"op\":\"remove\",\"kind\":\"flow\",\"name\":\"red/os -> blue\"},"
    "{\"op\":\"add\",\"kind\":\"ee\",\"name\":\"web\",\"details\":[]},"
    "{\"op\":\"add\",\"kind\":\"from the future\",\"name\":\"x\"}]}";

static void
write_changes(struct cli *cli)
{
    struct json *answer = json_from_string(changes);

    ok(cli_print_changes(cli, answer, false) == 5, "number of changes");
    json_destroy(answer);
}

static void
write_no_changes(struct cli *cli)
{
    struct json *answer = json_from_string("{\"changes\":[]}");

    ok(cli_print_changes(cli, answer, true) == 0, "number of changes");
    json_destroy(answer);
}

static void
write_hosts(struct cli *cli)
{
    struct json *hosts = json_from_string(
        "[{\"name\":\"mgmt1\",\"state\":\"enforced\",\"seq\":12},"
        "{\"name\":\"desk1\",\"state\":\"behind\",\"seq\":9,"
        "\"reason\":\"port 7 refused\"},"
        "{\"name\":\"desk2\",\"state\":\"offline\",\"seq\":0}]");

    cli_print_hosts(cli, hosts, "hosts", false);
    if (cli->format == OUTPUT_TABLE) {
        cli_print_hosts(cli, hosts, NULL, true);
    }
    json_destroy(hosts);
}

static void
write_help(struct cli *cli)
{
    ok(!cli_print_help(cli, &cli_verb_ee_add), "help");
}

static void
test_golden(void)
{
    static const char *const suffixes[] = {
        [OUTPUT_TABLE] = "txt", [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv",
    };
    static const struct {
        const char *what;
        void (*write)(struct cli *);
    } tests[] = {
        { "changes", write_changes },
        { "no-changes", write_no_changes },
        { "hosts", write_hosts },
        { "help-ee-add", write_help },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests) * ARRAY_SIZE(suffixes); i++) {
        size_t format = i % ARRAY_SIZE(suffixes);
        size_t test = i / ARRAY_SIZE(suffixes);
        char *name = xasprintf("cli/%s.%s", tests[test].what,
                               suffixes[format]);
        struct cli cli = { .format = format };
        char *text;
        size_t size;
        FILE *stream = open_memstream(&text, &size);

        cli.out = output_create(stream, format, false);
        tests[test].write(&cli);
        ok(!output_destroy(cli.out), "written");
        fclose(stream);
        is_golden(text, name);
        free(text);
        free(name);
    }
}

int
main(void)
{
    test_parse();
    test_verbs();
    test_golden();
    return tap_done();
}
