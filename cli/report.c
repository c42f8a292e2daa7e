/* SPDX-License-Identifier: Apache-2.0
 *
 * What the user is told: the answer, failures, progress. */

#include <config.h>
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "flowpolicy/policy.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

struct output *
cli_output(struct cli *cli)
{
    if (!cli->out) {
        cli->out = output_create(stdout, cli->format, cli->color);
    }
    return cli->out;
}

int
cli_failure(const struct cli *cli)
{
    return cli->verb ? cli->verb->failure
           : cli->failure ? cli->failure : EXIT_FAILURE;
}

/* "line" to standard error, safe to look at, after what was printed before. */
static void
complain(struct cli *cli, const char *line)
{
    char *printable = output_printable(line, true);

    cli_progress_end(cli);
    fflush(stdout);
    fprintf(stderr, "%s\n", printable);
    free(printable);
}

/* The first failure is part of the answer for programs. */
static bool
answers_failure(struct cli *cli)
{
    bool first = !cli->failure_answered;

    cli->failure_answered = true;
    return cli->format == OUTPUT_JSON && first;
}

int
cli_fail(struct cli *cli, const char *format, ...)
{
    char *message, *line;
    va_list args;

    va_start(args, format);
    message = xvasprintf(format, args);
    va_end(args);
    line = xasprintf("tvdctl: %s", message);
    complain(cli, line);
    if (answers_failure(cli)) {
        output_string(cli_output(cli), "error", message);
    }
    free(line);
    free(message);
    return cli_failure(cli);
}

static const struct output_column error_columns[] = {
    { .key = "file" },
    { .key = "line" },
    { .key = "column" },
    { .key = "message" },
};

static void
open_errors(struct output *o, const char *message)
{
    output_string(o, "error", message);
    output_open_table(o, "errors", NULL, error_columns,
                      ARRAY_SIZE(error_columns));
}

static void
answer_error(struct output *o, const char *file, long long int line,
             long long int column, const char *message)
{
    output_string(o, "file", file);
    output_integer(o, "line", line);
    output_integer(o, "column", column);
    output_string(o, "message", message);
}

int
cli_fail_policy(struct cli *cli, const struct policy_errors *errors)
{
    char *text = policy_errors_format(errors);
    size_t length = strlen(text);

    if (length && text[length - 1] == '\n') {
        text[length - 1] = '\0';
    }
    complain(cli, text);
    if (answers_failure(cli)) {
        const char *file = strcmp(errors->file_name, "-")
                           ? errors->file_name : "stdin";
        struct output *o = cli_output(cli);

        open_errors(o, "the policy has errors");
        for (size_t i = 0; i < errors->n; i++) {
            const struct policy_error *e = &errors->errors[i];

            answer_error(o, file, e->line, e->column, e->message);
        }
        output_close_table(o);
    }
    free(text);
    return cli_failure(cli);
}

/* Shows an error of the API the way policy_errors_format() does. */
static void
complain_at(struct cli *cli, const char *file, long long int line,
            long long int column, const char *message)
{
    char *text = line && file
                 ? xasprintf("%s:%lld:%lld: %s", file, line, column, message)
                 : xasprintf("%s: %s", file ? file : "tvdctl", message);

    complain(cli, text);
    free(text);
}

int
cli_fail_api_policy(struct cli *cli, const char *file, const char *message,
                    const struct json *errors)
{
    struct output *o = answers_failure(cli) ? cli_output(cli) : NULL;

    if (o) {
        open_errors(o, message);
    }
    for (size_t i = 0; i < errors->array.n; i++) {
        const struct json *error = errors->array.elems[i];
        long long int line = cli_member_integer(error, "line");
        long long int column = cli_member_integer(error, "column");
        const char *what = cli_member_string(error, "message");

        what = what ? what : "an error without a message";
        complain_at(cli, file, line, column, what);
        if (o) {
            answer_error(o, file, line, column, what);
        }
    }
    if (o) {
        output_close_table(o);
    }
    return cli_failure(cli);
}

/* Cuts 'text' to the width of the terminal, so that it stays one line, which
 * can be taken back. */
static void
cut_to_terminal(char *text)
{
    struct winsize size;
    size_t width = 0;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col) {
        return;
    }
    for (char *p = text; *p; p++) {
        bool starts_character = (*p & 0xc0) != 0x80;

        if (starts_character && ++width >= size.ws_col) {
            *p = '\0';
            break;
        }
    }
}

void
cli_progress(struct cli *cli, const char *format, ...)
{
    bool tty = isatty(STDERR_FILENO);
    char *text, *printable;
    va_list args;

    if (!tty && !cli->verbose) {
        return;
    }
    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    printable = output_printable(text, false);
    if (tty) {
        cut_to_terminal(printable);
    }
    fprintf(stderr, tty ? "\r\033[K%s" : "tvdctl: %s\n", printable);
    fflush(stderr);
    cli->progress_shown = tty;
    free(printable);
    free(text);
}

void
cli_progress_end(struct cli *cli)
{
    if (cli->progress_shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        cli->progress_shown = false;
    }
}
