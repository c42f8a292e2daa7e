/* SPDX-License-Identifier: Apache-2.0
 *
 * Which controller to talk to: the one that was named, or of several the one
 * that is active. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "lib/api-client.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

#define PATIENCE_MS 5000        /* For a standby to take over. */
#define PAUSE_MS 100            /* Between rounds. */

/* Whether the status in 'answer' is that of the active controller; if not,
 * adds to 'why' what it is. */
static bool
is_active(const struct json *answer, struct ds *why)
{
    const struct json *controller = cli_member(answer, "controller");
    const char *state = cli_member_string(controller, "state");
    const char *active = cli_member_string(controller, "active_controller");

    if (cli_member_true(controller, "active")) {
        return true;
    }
    ds_put_cstr(why, state ? state : "not active");
    if (active) {
        ds_put_format(why, ", which last saw %s active", active);
    }
    return false;
}

/* Connects to 'target'.  Returns the connection if the controller there is the
 * active one, or if any will do that answers, or else NULL, with a reason
 * added to 'why'. */
static struct api_client *
try_target(const char *target, bool any, int timeout_ms, struct ds *why)
{
    struct api_error error = { .message = NULL };
    struct api_client *client;
    struct json *answer;
    char *failure = api_client_open(target, timeout_ms, &client);
    bool good;

    ds_put_format(why, "%s'%s': ", why->length ? "; " : "", target);
    if (failure) {
        ds_put_cstr(why, failure);
        free(failure);
        return NULL;
    }
    answer = api_client_call(client, "status", json_object_create(),
                             timeout_ms, NULL, NULL, &error);
    if (!answer) {
        ds_put_cstr(why, error.message);
        api_error_destroy(&error);
        good = false;
    } else {
        good = is_active(answer, why) || any;
    }
    json_destroy(answer);
    if (!good) {
        api_client_close(client);
        client = NULL;
    }
    return client;
}

static struct api_client *
try_targets(const struct svec *targets, bool any, int timeout_ms,
            struct ds *why)
{
    struct api_client *client = NULL;

    ds_clear(why);
    for (size_t i = 0; i < targets->n && !client; i++) {
        client = try_target(targets->names[i], any, timeout_ms, why);
    }
    return client;
}

char *
cli_connect(struct cli *cli, int timeout_ms)
{
    long long int deadline = time_msec() + MIN(timeout_ms, PATIENCE_MS);
    struct svec targets = SVEC_EMPTY_INITIALIZER;
    struct ds why = DS_EMPTY_INITIALIZER;

    if (!strchr(cli->target, ',')) {
        return api_client_open(cli->target, timeout_ms, &cli->client);
    }
    for (char *rest = cli->target; rest; ) {
        size_t n = strcspn(rest, ",");

        if (n) {
            svec_add_nocopy(&targets, xmemdup0(rest, n));
        }
        rest = rest[n] ? rest + n + 1 : NULL;
    }
    for (;;) {
        int limit = MIN(timeout_ms, PATIENCE_MS);

        cli->client = try_targets(&targets, false, limit, &why);
        if (!cli->client && cli->verb == &cli_verb_status) {
            /* It is asked when something is wrong. */
            cli->client = try_targets(&targets, true, limit, &why);
        }
        if (cli->client || time_msec() >= deadline) {
            break;
        }
        xnanosleep(PAUSE_MS * 1000 * 1000);
    }
    svec_destroy(&targets);
    if (cli->client) {
        ds_destroy(&why);
        return NULL;
    }

    char *message = xasprintf("no controller is active: %s",
                              why.length ? ds_cstr(&why) : "none is named");

    ds_destroy(&why);
    return message;
}
