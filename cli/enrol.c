/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl host enrol, tvdctl host revoke: which hosts may have a certificate. */

#include <config.h>
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/duration.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "socket-util.h"
#include "util.h"

#define DEFAULT_VALIDITY (60 * 60)
#define MAX_VALIDITY (30 * 24 * 60 * 60)
#define NOT_EFFECTIVE 3

/* Writes the token to the file given with --out, for its owner alone: a new
 * one, so that nobody has it open.  False after having reported a failure. */
static bool
write_token(struct cli *cli, const char *token)
{
    const char *path = cli_value(cli, "out");
    char *line = xasprintf("%s\n", token);
    size_t n;
    int error = 0;
    int fd;

    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        error = errno;
    } else {
        error = write_fully(fd, line, strlen(line), &n);
        if (close(fd) && !error) {
            error = errno;
        }
    }
    free(line);
    if (error) {
        cli_fail(cli, "cannot write '%s': %s", path, ovs_strerror(error));
    }
    return !error;
}

static int
print_token(struct cli *cli, const struct json *answer)
{
    const char *token = cli_member_string(answer, "token");
    char *expires;

    if (!token) {
        return cli_fail(cli, "the controller's answer has no 'token'");
    }
    if (cli_has(cli, "out") && !write_token(cli, token)) {
        return cli->verb->failure;
    }
    if (cli->format == OUTPUT_TABLE && !cli_has(cli, "out")) {
        output_text(cli_output(cli), OUTPUT_PLAIN, "%s", token);
        return EXIT_SUCCESS;
    }
    expires = xastrftime_msec("%Y-%m-%dT%H:%M:%SZ",
                              cli_member_integer(answer, "expires"), true);
    output_string(cli_output(cli), "name", cli->args.names[0]);
    if (!cli_has(cli, "out")) {
        output_string(cli_output(cli), "token", token);
    }
    output_string(cli_output(cli), "expires", expires);
    free(expires);
    return EXIT_SUCCESS;
}

static int
run_enrol(struct cli *cli)
{
    const char *valid = cli_value(cli, "valid");
    long long int seconds = DEFAULT_VALIDITY;
    char *error = valid ? duration_parse(valid, 1, MAX_VALIDITY, &seconds)
                        : NULL;
    struct json *params, *answer;
    int status;

    if (error) {
        status = cli_fail(cli, "bad value '%s' of --valid: %s", valid, error);
        free(error);
        return status;
    }
    params = json_object_create();
    json_object_put_string(params, "name", cli->args.names[0]);
    json_object_put(params, "validity", json_integer_create(seconds));
    answer = cli_call(cli, "host_enrol", params, NULL);
    if (!answer) {
        return cli->verb->failure;
    }
    status = print_token(cli, answer);
    json_destroy(answer);
    return status;
}

static int
run_revoke(struct cli *cli)
{
    struct json *params = json_object_create();
    struct json *answer;
    bool effective;

    json_object_put_string(params, "name", cli->args.names[0]);
    answer = cli_call_long(cli, "host_revoke", params, NULL, 5000,
                           "controller");
    if (!answer) {
        return cli->verb->failure;
    }
    effective = cli_member_true(answer, "effective");
    json_destroy(answer);
    output_string(cli_output(cli), "name", cli->args.names[0]);
    output_boolean(cli_output(cli), "revoked", true);
    output_boolean(cli_output(cli), "effective", effective);
    return effective ? EXIT_SUCCESS : NOT_EFFECTIVE;
}

static const struct cli_option enrol_options[] = {
    { .name = "valid", .arg = "TIME",
      .help = "how long the token can be used, such as 15m; 1h if not given" },
    { .name = "out", .arg = "FILE",
      .help = "where to put the token, for its owner alone to read" },
    { .name = NULL },
};

static const char *const enrol_exits[] = {
    "0  the token was made",
    "1  failure: there is no such host, or no authority",
    NULL,
};

static const char *const revoke_exits[] = {
    "0  the host is shut out",
    "1  failure: nothing has changed",
    "3  it gets no certificate any more, but may still be connected: the "
    "database\n     cannot be written",
    NULL,
};

const struct cli_verb cli_verb_host_enrol = {
    .name = "host enrol",
    .args = "NAME",
    .min_args = 1,
    .max_args = 1,
    .summary = "make a token with which a host gets its certificate, once",
    .description =
        "Give it to 'tvd-agent --enrol' on that host, in a file of mode 0600 "
        "or on\nstandard input.  A token made before, and once this one is "
        "used all that the\nhost had, is worthless.",
    .options = enrol_options,
    .exits = enrol_exits,
    .failure = 1,
    .run = run_enrol,
};

const struct cli_verb cli_verb_host_revoke = {
    .name = "host revoke",
    .args = "NAME",
    .min_args = 1,
    .max_args = 1,
    .summary = "shut a host out of the database at once",
    .description =
        "Its certificates, its token and its connections end, and what it "
        "reported is\nremoved.  What it enforces by itself stays.  'host "
        "enrol' lets it in again.",
    .exits = revoke_exits,
    .failure = 1,
    .run = run_revoke,
};
