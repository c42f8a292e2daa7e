/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl events: what happened, and with --follow what is happening. */

#include <config.h>
#include "cli/cli.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "timeval.h"
#include "util.h"

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 100000
/* How long the controller may hold back an answer that has no events yet. */
#define FOLLOW_MS 10000
/* Not asked more often than this while there is nothing. */
#define MIN_FOLLOW_MS 200

static const struct output_column columns[] = {
    { .key = "id", .width = 6 },
    { .key = "time", .width = 24 },
    { .key = "host", .width = 10 },
    { .key = "severity", .width = 8 },
    { .key = "kind", .width = 16 },
    { .key = "message" },
};

static enum output_style
severity_style(const char *severity)
{
    return !severity ? OUTPUT_PLAIN
           : strstr(severity, "err") || strstr(severity, "crit")
           ? OUTPUT_BAD
           : strstr(severity, "warn") ? OUTPUT_NOTABLE : OUTPUT_PLAIN;
}

/* The time of an event: milliseconds since 1970 are shown in UTC, so that
 * hosts in several zones agree; text is shown as it is. */
static void
print_time(struct output *o, const struct json *event)
{
    const struct json *when = cli_member(event, "time");

    if (when && when->type == JSON_INTEGER) {
        char *text = xastrftime_msec("%Y-%m-%dT%H:%M:%S.###Z",
                                     json_integer(when), true);

        output_string(o, "time", text);
        free(text);
    } else {
        output_string(o, "time", cli_member_string(event, "time"));
    }
}

static void
print_event(struct output *o, const struct json *event)
{
    const char *severity = cli_member_string(event, "severity");

    output_integer(o, "id", cli_member_integer(event, "id"));
    print_time(o, event);
    output_string(o, "host", cli_member_string(event, "host"));
    output_styled(o, "severity", severity, severity_style(severity));
    output_string(o, "kind", cli_member_string(event, "kind"));
    output_string(o, "message", cli_member_string(event, "message"));
}

static void
print_events(struct output *o, const struct json *answer)
{
    const struct json *events = cli_member_array(answer, "events");

    for (size_t i = 0; events && i < events->array.n; i++) {
        print_event(o, events->array.elems[i]);
    }
}

/* Asks for events after 'since'; waits for some if 'wait_ms'. */
static struct json *
ask(struct cli *cli, long long int since, long long int limit, int wait_ms)
{
    struct json *params = json_object_create();

    json_object_put(params, "since", json_integer_create(since));
    json_object_put(params, "limit", json_integer_create(limit));
    if (wait_ms) {
        json_object_put(params, "wait_ms", json_integer_create(wait_ms));
    }
    return cli_call_long(cli, "events", params, NULL, wait_ms,
                         wait_ms ? NULL : "controller");
}

/* Goes on until the controller cannot be reached any more, or nobody reads. */
static int
follow(struct cli *cli, long long int since, long long int limit)
{
    cli->out = output_create_stream(stdout, cli->format, cli->color);
    cli->failure_answered = true;
    output_open_table(cli->out, "events", NULL, columns, ARRAY_SIZE(columns));
    for (int wait_ms = 0; !output_error(cli->out); wait_ms = FOLLOW_MS) {
        long long int asked = time_msec();
        struct json *answer = ask(cli, since, limit, wait_ms);
        long long int last;

        if (!answer) {
            return cli->verb->failure;
        }
        print_events(cli->out, answer);
        last = cli_member_integer(answer, "last");
        json_destroy(answer);
        if (last <= since && wait_ms
            && time_msec() - asked < MIN_FOLLOW_MS) {
            xnanosleep(MIN_FOLLOW_MS * 1000000ULL);
        }
        since = MAX(since, last);
    }
    return EXIT_SUCCESS;
}

static int
run_events(struct cli *cli)
{
    long long int since, limit;
    struct json *answer;
    struct output *o;

    if (!cli_number(cli, "since", 0, LLONG_MAX, 0, &since)
        || !cli_number(cli, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT, &limit)) {
        return cli->verb->failure;
    }
    if (cli_has(cli, "follow")) {
        return follow(cli, since, limit);
    }
    answer = ask(cli, since, limit, 0);
    if (!answer) {
        return cli->verb->failure;
    }
    o = cli_output(cli);
    output_open_table(o, "events", NULL, columns, ARRAY_SIZE(columns));
    print_events(o, answer);
    output_close_table(o);
    if (cli->format == OUTPUT_JSON) {
        output_integer(o, "last", cli_member_integer(answer, "last"));
    }
    json_destroy(answer);
    return EXIT_SUCCESS;
}

static const struct cli_option options[] = {
    { .name = "follow", .letter = 'F',
      .help = "go on, printing events as they come" },
    { .name = "since", .arg = "ID", .help = "only events after event ID" },
    { .name = "limit", .arg = "N",
      .help = "at most N of them: the latest, or with --since the first" },
    { .name = NULL },
};

static const char *const exits[] = {
    "0  shown",
    "1  failure: the controller cannot be reached (any more)",
    NULL,
};

const struct cli_verb cli_verb_events = {
    .name = "events",
    .args = "",
    .summary = "what happened: drift repaired, hosts lost, refusals",
    .description =
        "Times are UTC.  With --follow, --format=json prints an object a "
        "line.",
    .options = options,
    .exits = exits,
    .failure = 1,
    .run = run_events,
};
