/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl: the administrator's command line.  Reads the command, runs the verb,
 * sees to it that what the verb printed has really been written. */

#include <config.h>
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fatal-signal.h"
#include "lib/api-client.h"
#include "lib/dirs.h"
#include "openvswitch/vlog.h"
#include "util.h"

#define DEFAULT_TIMEOUT_S 60
#define DEFAULT_WAIT_S 60
/* Far below what milliseconds in an int can hold. */
#define MAX_SECONDS 1000000

/* Whether standard output is coloured; false if --color is misspelt. */
static bool
choose_color(struct cli *cli)
{
    const char *when = cli_value(cli, "color");
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (!when || !strcmp(when, "auto")) {
        cli->color = isatty(STDOUT_FILENO) && !(no_color && *no_color)
                     && !(term && !strcmp(term, "dumb"));
    } else if (!strcmp(when, "always") || !strcmp(when, "never")) {
        cli->color = !strcmp(when, "always");
    } else {
        cli_fail(cli, "bad value '%s' of --color: it must be auto, always "
                 "or never", when);
        return false;
    }
    return true;
}

/* Takes over the options that every verb has.  All are checked before the verb
 * does anything. */
static bool
configure(struct cli *cli)
{
    const char *target = cli_value(cli, "controller");
    long long int timeout_s;

    if (!choose_color(cli)
        || !cli_number(cli, "timeout", 1, MAX_SECONDS, DEFAULT_TIMEOUT_S,
                       &timeout_s)
        || !cli_number(cli, "wait", 0, MAX_SECONDS, DEFAULT_WAIT_S,
                       &cli->wait_s)) {
        return false;
    }
    if (!cli_has(cli, "wait")) {
        cli->wait_s = -1;
    }
    cli->timeout_ms = timeout_s * 1000;
    cli->verbose = cli_has(cli, "verbose");
    if (target) {
        cli->target = xstrdup(target);
        return !(!strncmp(target, "ssl:", 4) || strstr(target, ",ssl:"))
               || cli_has(cli, "help") || cli_use_tls(cli);
    } else {
        char *path = tvd_run_path("controller.sock");

        cli->target = xasprintf("unix:%s", path);
        free(path);
    }
    return true;
}

static int
print_version(struct cli *cli)
{
    if (cli->format == OUTPUT_JSON) {
        output_string(cli_output(cli), "version", TVD_VERSION);
    } else {
        cli->format = OUTPUT_TABLE;
        output_text(cli_output(cli), OUTPUT_PLAIN, "tvdctl %s", TVD_VERSION);
    }
    return EXIT_SUCCESS;
}

static int
run(struct cli *cli, int argc, char *argv[])
{
    char *error = cli_parse(cli, argc, argv);

    if (error) {
        int status = cli_fail(cli, "%s", error);

        free(error);
        return status;
    }
    if (!configure(cli)) {
        return cli_failure(cli);
    }
    if (cli_has(cli, "help")) {
        return cli_print_help(cli, cli->verb);
    }
    if (cli_has(cli, "version")) {
        return print_version(cli);
    }
    return cli->verb->run(cli);
}

/* Writes the answer out.  An answer that nobody got is a failure, except that
 * a reader who has seen enough ("| head") needs no message. */
static int
finish(struct cli *cli, int status)
{
    int error;

    cli_progress_end(cli);
    error = output_destroy(cli->out);
    cli->out = NULL;
    if (error && error != EPIPE) {
        fprintf(stderr, "tvdctl: cannot write the answer: %s\n",
                ovs_strerror(error));
    }
    return error ? cli_failure(cli) : status;
}

int
main(int argc, char *argv[])
{
    struct cli cli = { .format = OUTPUT_TABLE };
    int status;

    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    /* Failures are told once, in our words. */
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    svec_init(&cli.args);

    status = finish(&cli, run(&cli, argc, argv));

    api_client_close(cli.client);
    svec_destroy(&cli.args);
    free(cli.given);
    free(cli.target);
    return status;
}
