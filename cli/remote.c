/* SPDX-License-Identifier: Apache-2.0
 *
 * Verbs that need the controller: asking it, and reading its answers. */

#include <config.h>
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/policy.h"
#include "lib/api-client.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "unicode.h"
#include "util.h"

/* What a call waits for, for its progress. */
struct waiting {
    struct cli *cli;
    const char *who;
    const char *method;
};

static void
show_waiting(void *waiting_, long long int waited_ms)
{
    struct waiting *waiting = waiting_;

    cli_progress(waiting->cli, "waiting for the %s (%s, %lld s)",
                 waiting->who, waiting->method, waited_ms / 1000);
}

/* Connects if that has not happened yet, and calls 'method', saying that 'who'
 * is waited for unless NULL.  Returns the answer, or NULL with '*error' filled
 * in. */
static struct json *
call_once(struct cli *cli, const char *method, struct json *params,
          int timeout_ms, const char *who, struct api_error *error)
{
    struct waiting waiting = { cli, who, method };

    error->errors = NULL;
    error->message = cli->client ? NULL : cli_connect(cli, timeout_ms);
    if (error->message) {
        json_destroy(params);
        return NULL;
    }
    return api_client_call(cli->client, method, params, timeout_ms,
                           who ? show_waiting : NULL, &waiting, error);
}

struct json *
cli_call_long(struct cli *cli, const char *method, struct json *params,
              const char *file, int extra_ms, const char *who)
{
    struct api_error error;
    struct json *answer = call_once(cli, method, params,
                                    cli->timeout_ms + extra_ms, who, &error);

    cli_progress_end(cli);
    if (!answer) {
        if (error.errors) {
            cli_fail_api_policy(cli, file, error.message, error.errors);
        } else {
            cli_fail(cli, "%s", error.message);
        }
        api_error_destroy(&error);
    }
    return answer;
}

struct json *
cli_try(struct cli *cli, const char *method, struct json *params,
        int timeout_ms, char **message)
{
    struct api_error error;
    struct json *answer = call_once(cli, method, params, timeout_ms, NULL,
                                    &error);

    *message = NULL;
    if (!answer) {
        *message = xstrdup(error.message);
        api_error_destroy(&error);
        /* The next attempt begins anew. */
        api_client_close(cli->client);
        cli->client = NULL;
    }
    return answer;
}

struct json *
cli_call(struct cli *cli, const char *method, struct json *params,
         const char *file)
{
    return cli_call_long(cli, method, params, file, 0, "controller");
}

const struct json *
cli_member(const struct json *object, const char *name)
{
    return object && object->type == JSON_OBJECT
           ? shash_find_data(json_object(object), name) : NULL;
}

const char *
cli_member_string(const struct json *object, const char *name)
{
    const struct json *member = cli_member(object, name);

    return member && member->type == JSON_STRING ? json_string(member) : NULL;
}

long long int
cli_member_integer(const struct json *object, const char *name)
{
    const struct json *member = cli_member(object, name);

    return member && member->type == JSON_INTEGER ? json_integer(member) : 0;
}

bool
cli_member_true(const struct json *object, const char *name)
{
    const struct json *member = cli_member(object, name);

    return member && member->type == JSON_TRUE;
}

const struct json *
cli_member_array(const struct json *object, const char *name)
{
    const struct json *member = cli_member(object, name);

    return member && member->type == JSON_ARRAY ? member : NULL;
}

/* Appends what is left of 'stream'.  Returns 0 or an errno. */
static int
read_all(FILE *stream, struct ds *ds)
{
    char buffer[65536];
    size_t n;

    while ((n = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        ds_put_buffer(ds, buffer, n);
        if (ds->length > POLICY_MAX_SIZE) {
            return EFBIG;
        }
    }
    return ferror(stream) ? errno : 0;
}

bool
cli_read_file(struct cli *cli, const char *file, char **text)
{
    bool is_stdin = !strcmp(file, "-");
    FILE *stream = is_stdin ? stdin : fopen(file, "r");
    struct ds ds = DS_EMPTY_INITIALIZER;
    int error = stream ? read_all(stream, &ds) : errno;

    if (stream && !is_stdin) {
        fclose(stream);
    }
    if (!error && memchr(ds_cstr(&ds), '\0', ds.length)) {
        /* JSON could not carry it, and no policy holds it. */
        error = EILSEQ;
    }
    if (!error) {
        char *problem = utf8_validate(ds_cstr(&ds), NULL);

        error = problem ? EILSEQ : 0;
        free(problem);
    }
    if (error) {
        cli_fail(cli, "cannot read '%s': %s", is_stdin ? "stdin" : file,
                 error == EILSEQ
                 ? "it is not UTF-8 text ('tvdctl check' says where)"
                 : ovs_strerror(error));
        ds_destroy(&ds);
        return false;
    }
    *text = ds_steal_cstr(&ds);
    return true;
}

struct json *
cli_send_policy(struct cli *cli, const char *method)
{
    const char *file = cli->args.names[0];
    struct json *params;
    char *text;

    if (!cli_read_file(cli, file, &text)) {
        return NULL;
    }
    file = strcmp(file, "-") ? file : "stdin";
    params = json_object_create();
    json_object_put_string(params, "file", file);
    json_object_put(params, "text", json_string_create_nocopy(text));
    if (cli_has(cli, "dry-run")) {
        json_object_put(params, "dry_run", json_boolean_create(true));
    }
    return cli_call(cli, method, params, file);
}
