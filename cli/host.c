/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl host, tvdctl admin: the certificates with which agents reach the
 * database, and administrators the controller. */

#include <config.h>
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

/* Writes 'text' to the file that was given with 'option'.  False after having
 * reported a failure. */
static bool
write_file(struct cli *cli, const char *option, const char *text)
{
    const char *path = cli_value(cli, option);
    FILE *stream = fopen(path, "w");
    bool good = stream && fputs(text, stream) >= 0;
    int error = errno;

    if (stream && fclose(stream)) {
        good = false;
        error = errno;
    }
    if (!good) {
        cli_fail(cli, "cannot write '%s': %s", path, ovs_strerror(error));
    }
    return good;
}

/* Writes the part 'member' of the answer to the file given with 'option', or if
 * none was into the answer of ours.  False after having reported a failure. */
static bool
deliver(struct cli *cli, const struct json *answer, const char *member,
        const char *option)
{
    const char *text = cli_member_string(answer, member);

    if (!text) {
        cli_fail(cli, "the controller's answer has no '%s'", member);
        return false;
    }
    if (cli_has(cli, option)) {
        return write_file(cli, option, text);
    }
    if (cli->format == OUTPUT_TABLE) {
        output_text(cli_output(cli), OUTPUT_PLAIN, "%s", text);
    } else {
        output_string(cli_output(cli), member, text);
    }
    return true;
}

static int
print_certificate(struct cli *cli, const struct json *answer)
{
    char *expires;

    if (!deliver(cli, answer, "certificate", "out")
        || !deliver(cli, answer, "ca", "ca-out")) {
        return cli->verb->failure;
    }
    expires = xastrftime_msec("%Y-%m-%dT%H:%M:%SZ",
                              cli_member_integer(answer, "expires"), true);
    if (cli->format != OUTPUT_TABLE
        || (cli_has(cli, "out") && cli_has(cli, "ca-out"))) {
        output_string(cli_output(cli), "name", cli->args.names[0]);
        output_string(cli_output(cli), "expires", expires);
    }
    free(expires);
    return EXIT_SUCCESS;
}

static int
run_certify(struct cli *cli)
{
    struct json *params, *answer;
    int status;
    char *text;

    if (!cli_read_file(cli, cli->args.names[1], &text)) {
        return cli->verb->failure;
    }
    params = json_object_create();
    json_object_put_string(params, "name", cli->args.names[0]);
    json_object_put(params, "csr", json_string_create_nocopy(text));
    answer = cli_call(cli, cli->verb == &cli_verb_host_certify
                      ? "host_certify" : "admin_certify", params, NULL);
    if (!answer) {
        return cli->verb->failure;
    }
    status = print_certificate(cli, answer);
    json_destroy(answer);
    return status;
}

static const struct cli_option certify_options[] = {
    { .name = "out", .arg = "FILE", .help = "where to put the certificate" },
    { .name = "ca-out", .arg = "FILE",
      .help = "where to put the authority by which servers are known" },
    { .name = NULL },
};

static const char *const exits[] = {
    "0  the certificate was made",
    "1  failure: the request is refused, or there is no such host",
    NULL,
};

const struct cli_verb cli_verb_host_certify = {
    .name = "host certify",
    .args = "NAME FILE",
    .min_args = 2,
    .max_args = 2,
    .summary = "sign a host's certificate request",
    .description =
        "FILE is a PKCS #10 request in PEM, '-' for standard input; its "
        "subject is\n\"CN = NAME\".  The host's agent connects with its key "
        "and the certificate, and\nmay change the rows of that host alone.",
    .options = certify_options,
    .exits = exits,
    .failure = 1,
    .run = run_certify,
};

const struct cli_verb cli_verb_admin_certify = {
    .name = "admin certify",
    .args = "NAME FILE",
    .min_args = 2,
    .max_args = 2,
    .summary = "sign an administrator's certificate request",
    .description =
        "As 'host certify'.  With the key and the certificate, tvdctl may do "
        "from\nanywhere what root may do beside the controller "
        "(--controller=ssl:HOST:PORT).",
    .options = certify_options,
    .exits = exits,
    .failure = 1,
    .run = run_certify,
};
