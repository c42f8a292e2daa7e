/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl can: would a new connection be allowed, and which entry of the flow
 * matrix decides?  Asks the controller, or with --policy a file alone. */

#include <config.h>
#include "cli/local.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/decide.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

#define DENIED_STATUS 1
#define FAILURE_STATUS 2
/* A table is laid out when it is complete, so it is held in memory; the other
 * formats are written as they go. */
#define MAX_TABLE_ROWS 1000000

/* --- One answer -----------------------------------------------------------*/

static const char *
or_dash(const char *text)
{
    return text ? text : "-";
}

/* "yellow/console -> red: {rule: G}, at FILE:12:3". */
static char *
entry_text(const struct json *entry, const char *file)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    long long int line = cli_member_integer(entry, "line");

    ds_put_format(&ds, "%s -> %s: %s",
                  or_dash(cli_member_string(entry, "from")),
                  or_dash(cli_member_string(entry, "to")),
                  or_dash(cli_member_string(entry, "text")));
    if (cli_member_true(entry, "default")) {
        ds_put_cstr(&ds, " (the default)");
    } else if (line) {
        ds_put_format(&ds, " (%s%s%lld:%lld)", file ? file : "line ",
                      file ? ":" : "", line,
                      cli_member_integer(entry, "column"));
    }
    return ds_steal_cstr(&ds);
}

/* The strings of 'array' with 'separator' between them. */
static char *
join(const struct json *array, const char *separator)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; array && i < array->array.n; i++) {
        const struct json *element = array->array.elems[i];

        if (element->type == JSON_STRING) {
            ds_put_format(&ds, "%s%s", ds.length ? separator : "",
                          json_string(element));
        }
    }
    return ds_steal_cstr(&ds);
}

static void
print_legs(struct output *o, const struct json *answer)
{
    const struct json *legs = cli_member_array(answer, "legs");

    for (size_t i = 0; legs && legs->array.n > 1 && i < legs->array.n; i++) {
        const struct json *leg = legs->array.elems[i];

        output_text(o, OUTPUT_PLAIN, "    %s -> %s, by %s%s",
                    or_dash(cli_member_string(leg, "from")),
                    or_dash(cli_member_string(leg, "to")),
                    or_dash(cli_member_string(leg, "decided_by")),
                    cli_member_true(leg, "implied") ? " (implied)" : "");
    }
}

/* For people. */
static void
print_text(struct output *o, const struct json *answer, const char *file)
{
    const char *verdict = or_dash(cli_member_string(answer, "verdict"));
    bool allowed = cli_member_true(answer, "allowed");
    bool partly = !strcmp(verdict, "partly");
    const struct json *path = cli_member_array(answer, "path");
    const char *would = cli_member_string(answer, "would_allow");
    const char *service = or_dash(cli_member_string(answer, "service"));
    char *entry = entry_text(cli_member(answer, "entry"), file);

    output_text(o, allowed ? OUTPUT_GOOD : partly ? OUTPUT_NOTABLE
                                                  : OUTPUT_BAD,
                "%s -> %s, %s: %s",
                or_dash(cli_member_string(answer, "src")),
                or_dash(cli_member_string(answer, "dst")),
                strcmp(service, "all") ? service : "all services",
                partly ? "denied as a whole" : verdict);
    if (partly) {
        char *services = join(cli_member_array(answer, "allowed_services"),
                              ", ");

        output_text(o, OUTPUT_PLAIN, "  of it allowed: %s", services);
        free(services);
    }
    output_text(o, OUTPUT_PLAIN, "  why: %s",
                or_dash(cli_member_string(answer, "why")));
    output_text(o, OUTPUT_PLAIN, "  entry: %s", entry);
    if (path && path->array.n) {
        char *hops = join(path, " -> ");

        output_text(o, OUTPUT_PLAIN, "  path: %s", hops);
        print_legs(o, answer);
        output_text(o, OUTPUT_PLAIN, "  state: %s",
                    cli_member_true(answer, "stateful")
                    ? "tracked; replies pass on the same path"
                    : "none, both directions are unrestricted");
        free(hops);
    }
    if (would) {
        output_text(o, OUTPUT_PLAIN, "  would allow it: %s", would);
    }
    free(entry);
}

/* For programs: the members in an order fit for reading, then others. */
static void
print_members(struct output *o, const struct json *answer)
{
    static const char *const first[] = {
        "src", "dst", "service", "verdict", "allowed", "allowed_services",
        "reason", "why", "entry", "path", "legs", "stateful", "would_allow",
    };
    struct shash rest = SHASH_INITIALIZER(&rest);
    const struct shash_node **nodes;
    struct shash_node *node;

    SHASH_FOR_EACH (node, json_object(answer)) {
        shash_add(&rest, node->name, node->data);
    }
    for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
        const struct json *member = shash_find_and_delete(&rest, first[i]);

        if (member) {
            output_json(o, first[i], member);
        }
    }
    nodes = shash_sort(&rest);
    for (size_t i = 0; i < shash_count(&rest); i++) {
        output_json(o, nodes[i]->name, nodes[i]->data);
    }
    free(nodes);
    shash_destroy(&rest);
}

/* Prints 'answers', an array; returns the exit status.  An answer of a service
 * name that stands for several protocols is one for each of them. */
static int
print_answers(struct cli *cli, const struct json *answers, const char *file)
{
    bool allowed = true;
    struct output *o;

    for (size_t i = 0; i < answers->array.n; i++) {
        if (answers->array.elems[i]->type != JSON_OBJECT) {
            cli_fail(cli, "answer %"PRIuSIZE" is not an object", i + 1);
            return FAILURE_STATUS;
        }
        allowed = allowed
                  && cli_member_true(answers->array.elems[i], "allowed");
    }
    if (!answers->array.n) {
        cli_fail(cli, "the controller has answered nothing");
        return FAILURE_STATUS;
    }
    o = cli_output(cli);
    if (output_get_format(o) == OUTPUT_TABLE) {
        for (size_t i = 0; i < answers->array.n; i++) {
            print_text(o, answers->array.elems[i], file);
        }
    } else if (answers->array.n == 1) {
        print_members(o, answers->array.elems[0]);
    } else {
        output_boolean(o, "allowed", allowed);
        output_json(o, "answers", answers);
    }
    return allowed ? EXIT_SUCCESS : DENIED_STATUS;
}

/* --- By a file ------------------------------------------------------------*/

/* Reports that 'ee' does not say which of its NICs is meant. */
static void
fail_several_nics(struct cli *cli, const struct model_ee *ee)
{
    struct ds list = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct model_nic *nic = ee->nics[i];

        ds_put_format(&list, "%s%s/%s (in %s)", i ? ", " : "", ee->name,
                      nic->name, nic->tvd->name);
    }
    cli_fail(cli, "EE '%s' has %"PRIuSIZE" NICs; say which: %s", ee->name,
             ee->n_nics, ds_cstr(&list));
    ds_destroy(&list);
}

static void
fail_unknown_ee(struct cli *cli, const struct model *model, const char *name)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    struct shash_node *node;
    char *suggestion;

    SHASH_FOR_EACH (node, &model->ees) {
        svec_add(&names, node->name);
    }
    svec_sort(&names);
    suggestion = cli_suggestion(name, (const char *const *) names.names,
                                names.n);
    cli_fail(cli, "there is no EE '%s'%s", name, suggestion);
    free(suggestion);
    svec_destroy(&names);
}

/* The NIC that "EE" or "EE/NIC" names; NULL after having reported why not. */
static const struct model_nic *
find_nic(struct cli *cli, const struct model *model, const char *name)
{
    char *ee_name = xmemdup0(name, strcspn(name, "/"));
    const char *nic_name = strchr(name, '/');
    const struct model_ee *ee = model_ee_find(model, ee_name);
    const struct model_nic *nic = NULL;

    if (!ee) {
        fail_unknown_ee(cli, model, ee_name);
    } else if (nic_name) {
        nic = model_nic_find(ee, nic_name + 1);
        if (!nic) {
            cli_fail(cli, "EE '%s' has no NIC '%s'", ee_name,
                     nic_name + 1);
        }
    } else if (!ee->n_nics) {
        cli_fail(cli, "EE '%s' has no NIC", ee_name);
    } else if (ee->n_nics > 1) {
        fail_several_nics(cli, ee);
    } else {
        nic = ee->nics[0];
    }
    free(ee_name);
    return nic;
}

/* Services that were asked for; none means all of them at once. */
struct asked {
    struct model_service *services;
    size_t n, allocated;
};

static bool
parse_services(struct cli *cli, size_t first, struct asked *asked)
{
    for (size_t i = first; i < cli->args.n; i++) {
        struct model_service parsed[SERVICE_PARSE_MAX];
        size_t n;
        char *error = service_parse(cli->args.names[i], parsed, &n);

        if (error) {
            cli_fail(cli, "%s", error);
            free(error);
            return false;
        }
        for (size_t j = 0; j < n; j++) {
            if (asked->n >= asked->allocated) {
                asked->services = x2nrealloc(asked->services,
                                             &asked->allocated,
                                             sizeof *asked->services);
            }
            asked->services[asked->n++] = parsed[j];
        }
    }
    return true;
}

static int
ask_pair(struct cli *cli, const struct model *model, const char *file)
{
    struct asked asked = { .n = 0 };
    const struct model_nic *src = find_nic(cli, model, cli->args.names[0]);
    const struct model_nic *dst = src ? find_nic(cli, model,
                                                 cli->args.names[1]) : NULL;
    int status = FAILURE_STATUS;

    if (dst && parse_services(cli, 2, &asked)) {
        struct json *answers = json_array_create_empty();

        for (size_t i = 0; i < MAX(asked.n, 1); i++) {
            struct decide_answer answer;

            decide_ask(src, dst, asked.n ? &asked.services[i] : NULL,
                       &answer);
            json_array_add(answers, decide_answer_to_json(&answer));
            decide_answer_destroy(&answer);
        }
        status = print_answers(cli, answers, file);
        json_destroy(answers);
    }
    free(asked.services);
    return status;
}

/* --- All pairs by a file --------------------------------------------------*/

/* The NICs of 'model', sorted by EE, then as declared; caller frees. */
static const struct model_nic **
sorted_nics(const struct model *model, size_t *n)
{
    const struct shash_node **ees = shash_sort(&model->ees);
    const struct model_nic **nics = NULL;
    size_t allocated = 0;

    *n = 0;
    for (size_t i = 0; i < shash_count(&model->ees); i++) {
        const struct model_ee *ee = ees[i]->data;

        for (size_t j = 0; j < ee->n_nics; j++) {
            if (*n >= allocated) {
                nics = x2nrealloc(nics, &allocated, sizeof *nics);
            }
            nics[(*n)++] = ee->nics[j];
        }
    }
    free(ees);
    return nics;
}

static void
print_row(struct output *o, const struct decide_answer *answer,
          char *const names[2])
{
    const struct decision *d = &answer->decision;
    char *service = answer->any_service
                    ? xstrdup("all") : model_service_format(&answer->asked);
    char *path[DECIDE_MAX_PATH];

    for (size_t i = 0; i < d->n_path; i++) {
        path[i] = model_nic_full_name(d->path[i]);
    }
    output_string(o, "src", names[0]);
    output_string(o, "dst", names[1]);
    output_string(o, "service", service);
    output_boolean(o, "allowed", answer->allowed);
    output_styled(o, "verdict", answer->allowed ? "allowed"
                                : answer->partly ? "partly" : "denied",
                  answer->allowed ? OUTPUT_GOOD
                  : answer->partly ? OUTPUT_NOTABLE : OUTPUT_BAD);
    output_string(o, "reason", decide_why_to_string(d->why));
    output_string(o, "rule", model_action_to_string(d->entry.action));
    output_boolean(o, "stateful", d->stateful);
    output_strings(o, "path", (const char *const *) path, d->n_path);
    for (size_t i = 0; i < d->n_path; i++) {
        free(path[i]);
    }
    free(service);
}

static int
ask_all(struct cli *cli, const struct model *model)
{
    static const struct output_column columns[] = {
        { .key = "src" }, { .key = "dst" }, { .key = "service" },
        { .key = "allowed" }, { .key = "verdict" }, { .key = "reason" },
        { .key = "rule" }, { .key = "stateful" }, { .key = "path" },
    };
    struct asked asked = { .n = 0 };
    const struct model_nic **nics;
    struct output *o;
    size_t n;

    if (!parse_services(cli, 0, &asked)) {
        free(asked.services);
        return FAILURE_STATUS;
    }
    nics = sorted_nics(model, &n);
    if (cli->format == OUTPUT_TABLE
        && n * n * MAX(asked.n, 1) > MAX_TABLE_ROWS) {
        free(nics);
        free(asked.services);
        return cli_fail(cli, "%"PRIuSIZE" NICs make too many pairs for a "
                        "table; use --format=json or csv", n);
    }
    o = cli_output(cli);
    output_open_table(o, "rows", NULL, columns, ARRAY_SIZE(columns));
    for (size_t pair = 0; pair < n * n; pair++) {
        const struct model_nic *src = nics[pair / n];
        const struct model_nic *dst = nics[pair % n];
        char *names[2];

        if (src == dst) {
            continue;
        }
        names[0] = model_nic_full_name(src);
        names[1] = model_nic_full_name(dst);
        for (size_t i = 0; i < MAX(asked.n, 1); i++) {
            struct decide_answer answer;

            decide_ask(src, dst, asked.n ? &asked.services[i] : NULL,
                       &answer);
            print_row(o, &answer, names);
            decide_answer_destroy(&answer);
        }
        free(names[0]);
        free(names[1]);
    }
    output_close_table(o);
    free(nics);
    free(asked.services);
    return EXIT_SUCCESS;
}

/* --- The verb -------------------------------------------------------------*/

static int
ask_file(struct cli *cli, const char *file)
{
    struct model *model = cli_load_policy(cli, file);
    int status;

    if (!model) {
        return FAILURE_STATUS;
    }
    status = cli_has(cli, "all") ? ask_all(cli, model)
                                 : ask_pair(cli, model, file);
    model_destroy(model);
    return status;
}

static int
ask_controller(struct cli *cli)
{
    struct json *params = json_object_create();
    struct json *answer, *answers;
    int status;

    json_object_put_string(params, "src", cli->args.names[0]);
    json_object_put_string(params, "dst", cli->args.names[1]);
    if (cli->args.n > 2) {
        json_object_put_string(params, "service", cli->args.names[2]);
    }
    answer = cli_call(cli, "can", params, NULL);
    if (!answer) {
        return FAILURE_STATUS;
    }
    answers = CONST_CAST(struct json *, cli_member_array(answer, "answers"));
    answers = answers ? json_clone(answers)
                      : json_array_create_1(json_clone(answer));
    status = print_answers(cli, answers, NULL);
    json_destroy(answers);
    json_destroy(answer);
    return status;
}

static int
run_can(struct cli *cli)
{
    const char *file = cli_value(cli, "policy");

    if (cli->format == OUTPUT_CSV && !cli_has(cli, "all")) {
        return cli_fail(cli, "an answer about one pair is no table; use "
                        "--format=json");
    }
    if (cli_has(cli, "all")) {
        return file ? ask_file(cli, file)
                    : cli_fail(cli, "--all needs --policy=FILE");
    }
    if (cli->args.n < 2) {
        return cli_fail(cli, "'can' needs SRC and DST");
    }
    if (cli->args.n > 3) {
        return cli_fail(cli, "'can' does not expect '%s'; only --all "
                        "takes several services", cli->args.names[3]);
    }
    return file ? ask_file(cli, file) : ask_controller(cli);
}

static const struct cli_option options[] = {
    { .name = "policy", .arg = "FILE",
      .help = "ask about this policy file (- is standard input), without a "
              "controller" },
    { .name = "all",
      .help = "with --policy: every ordered pair of NICs, for each SERVICE" },
    { .name = NULL },
};

static const char *const exits[] = {
    "0  allowed; with --all: answered",
    "1  denied, also if only some services are allowed",
    "2  failure: no such EE or service, the policy is wrong, no controller",
    NULL,
};

const struct cli_verb cli_verb_can = {
    .name = "can",
    .args = "SRC DST [SERVICE]",
    .max_args = 1000,
    .summary = "would a new connection be allowed, and which entry decides",
    .description =
        "SRC and DST are EEs, or EE/NIC where an EE has several NICs.  "
        "SERVICE is for\nexample icmp, tcp/22, udp/8000-8010, https; all "
        "services if none is given.\nWith --all, SRC and DST are left out and "
        "any number of SERVICEs may follow.",
    .options = options,
    .exits = exits,
    .failure = FAILURE_STATUS,
    .run = run_can,
};
