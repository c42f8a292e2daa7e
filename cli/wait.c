/* SPDX-License-Identifier: Apache-2.0
 *
 * --wait: until every host enforces what was applied. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "timeval.h"
#include "util.h"

/* The controller is asked again and again, so that there is something to show
 * meanwhile, and so that one lost answer is noticed soon. */
#define SLICE_MS 1000
/* How much longer than asked for an answer may take. */
#define ANSWER_MS 2000
/* Not asked more often than this, should it answer before the time is up. */
#define MIN_SLICE_MS 100
/* How many hosts are named in a line of progress. */
#define SHOWN_HOSTS 5

static bool
is_enforced(const struct json *host)
{
    const char *state = cli_member_string(host, "state");

    return state && !strcmp(state, "enforced");
}

/* Hosts and switches that are not there yet. */
static void
show_progress(struct cli *cli, const struct json *answer)
{
    const struct json *hosts = cli_member_array(answer, "hosts");
    const struct json *switches = cli_member_array(answer, "switches");
    struct ds missing = DS_EMPTY_INITIALIZER;
    size_t n = hosts ? hosts->array.n : 0;
    size_t n_missing = 0;

    for (size_t i = 0; i < n; i++) {
        const struct json *host = hosts->array.elems[i];
        const char *name = cli_member_string(host, "name");
        const char *state = cli_member_string(host, "state");

        if (!is_enforced(host) && n_missing++ < SHOWN_HOSTS) {
            ds_put_format(&missing, "%s%s (%s)", n_missing > 1 ? ", " : "",
                          name ? name : "?", state ? state : "?");
        }
    }
    if (n_missing > SHOWN_HOSTS) {
        ds_put_format(&missing, " and %"PRIuSIZE" more",
                      n_missing - SHOWN_HOSTS);
    }
    for (size_t i = 0; switches && i < switches->array.n; i++) {
        const struct json *sw = switches->array.elems[i];
        const char *name = cli_member_string(sw, "name");
        const char *state = cli_member_string(sw, "state");

        ds_put_format(&missing, "%sswitch %s (%s)",
                      missing.length ? ", " : "", name ? name : "?",
                      state ? state : "?");
    }
    cli_progress(cli, "%"PRIuSIZE" of %"PRIuSIZE" hosts enforce it, waiting "
                 "for %s", n - n_missing, n, ds_cstr(&missing));
    ds_destroy(&missing);
}

static enum output_style
state_style(const char *state)
{
    return !state ? OUTPUT_PLAIN
           : !strcmp(state, "enforced") ? OUTPUT_GOOD
           : !strcmp(state, "behind") ? OUTPUT_NOTABLE : OUTPUT_BAD;
}

void
cli_print_hosts(struct cli *cli, const struct json *hosts, const char *title,
                bool missing_only)
{
    static const struct output_column columns[] = {
        { .key = "name", .heading = "HOST" },
        { .key = "state" },
        { .key = "seq" },
        { .key = "reason" },
    };
    struct output *o = cli_output(cli);

    output_open_table(o, "hosts", title, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; hosts && i < hosts->array.n; i++) {
        const struct json *host = hosts->array.elems[i];
        const char *state = cli_member_string(host, "state");
        const char *reason = cli_member_string(host, "reason");

        if (missing_only && is_enforced(host)) {
            continue;
        }
        output_string(o, "name", cli_member_string(host, "name"));
        output_styled(o, "state", state, state_style(state));
        output_integer(o, "seq", cli_member_integer(host, "seq"));
        output_string(o, "reason", reason && *reason ? reason : NULL);
    }
    output_close_table(o);
}

/* The switches that are not as wanted yet. */
static void
print_switches(struct cli *cli, const struct json *switches)
{
    static const struct output_column columns[] = {
        { .key = "name", .heading = "SWITCH" },
        { .key = "state" },
        { .key = "reason" },
    };
    struct output *o = cli_output(cli);

    output_open_table(o, "switches", NULL, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; switches && i < switches->array.n; i++) {
        const struct json *sw = switches->array.elems[i];

        output_string(o, "name", cli_member_string(sw, "name"));
        output_styled(o, "state", cli_member_string(sw, "state"), OUTPUT_BAD);
        output_string(o, "reason", cli_member_string(sw, "reason"));
    }
    output_close_table(o);
}

/* Says how the wait ended, by the last answer. */
static void
print_end(struct cli *cli, const struct json *answer, bool enforced,
          long long int seconds)
{
    const struct json *hosts = cli_member_array(answer, "hosts");
    const struct json *switches = cli_member_array(answer, "switches");
    struct output *o = cli_output(cli);
    size_t n = hosts ? hosts->array.n : 0;
    size_t n_switches = switches ? switches->array.n : 0;
    size_t n_enforced = 0;

    for (size_t i = 0; i < n; i++) {
        n_enforced += is_enforced(hosts->array.elems[i]);
    }
    if (cli->format == OUTPUT_JSON) {
        output_boolean(o, "enforced", enforced);
    }
    if (enforced) {
        output_text(o, OUTPUT_GOOD, "enforced by %"PRIuSIZE" host%s",
                    n_enforced, n_enforced == 1 ? "" : "s");
    } else if (n_enforced == n) {
        output_text(o, OUTPUT_BAD, "enforced by %"PRIuSIZE" host%s, but after "
                    "%lld s not on %"PRIuSIZE" switch%s:", n, n == 1 ? "" : "s",
                    seconds, n_switches, n_switches == 1 ? "" : "es");
    } else {
        output_text(o, OUTPUT_BAD, "applied, but enforced by only %"PRIuSIZE
                    " of %"PRIuSIZE" hosts after %lld s; not there yet:",
                    n_enforced, n, seconds);
    }
    if (n_enforced < n || cli->format != OUTPUT_TABLE) {
        cli_print_hosts(cli, hosts, NULL, cli->format == OUTPUT_TABLE);
    }
    if (n_switches) {
        print_switches(cli, switches);
    }
}

/* Asks once how far the hosts are.  Returns the answer; or NULL with the
 * reason in '*message', which the caller frees. */
static struct json *
ask(struct cli *cli, long long int seq, int slice_ms, char **message)
{
    struct json *params = json_object_create();

    json_object_put(params, "seq", json_integer_create(seq));
    json_object_put(params, "timeout_ms", json_integer_create(slice_ms));
    return cli_try(cli, "wait", params, slice_ms + ANSWER_MS, message);
}

/* Asks until 'deadline', which may have passed, but at least once, and not on
 * if the controller says that there is no use in it.  Returns the last answer,
 * as ask() does. */
static struct json *
ask_until(struct cli *cli, long long int seq, long long int deadline,
          char **message)
{
    for (;;) {
        long long int asked = time_msec();
        long long int left = MAX(0, deadline - asked);
        struct json *answer = ask(cli, seq, MIN(left, SLICE_MS), message);

        if (!left || cli_member_true(answer, "enforced")
            || cli_member_true(answer, "hopeless")) {
            return answer;
        }
        if (answer) {
            show_progress(cli, answer);
        } else {
            cli_progress(cli, "%s", *message);
        }
        free(*message);
        json_destroy(answer);
        if (time_msec() - asked < MIN_SLICE_MS) {
            xnanosleep(MIN_SLICE_MS * 1000000ULL);
        }
    }
}

int
cli_wait_enforced(struct cli *cli, const struct json *answer)
{
    const struct json *seq = cli_member(answer, "seq");
    long long int began = time_msec();
    struct json *last;
    char *message;
    bool enforced;

    if (cli->wait_s < 0) {
        return EXIT_SUCCESS;
    }
    if (!seq || seq->type != JSON_INTEGER) {
        return cli_fail(cli, "it is done, but the controller did not say what "
                        "to wait for; is it of another version?");
    }
    output_flush(cli_output(cli));
    last = ask_until(cli, json_integer(seq), began + cli->wait_s * 1000,
                     &message);
    cli_progress_end(cli);
    if (!last) {
        cli_fail(cli, "it is done, but who enforces it cannot be seen: %s",
                 message);
        free(message);
        return CLI_NOT_ENFORCED;
    }
    enforced = cli_member_true(last, "enforced");
    print_end(cli, last, enforced, (time_msec() - began) / 1000);
    json_destroy(last);
    return enforced ? EXIT_SUCCESS : CLI_NOT_ENFORCED;
}
