/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/api-client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "jsonrpc.h"
#include "lib/remotes.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "ovs-thread.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

#define PROGRESS_MS 1000

struct api_client {
    char *target;
    struct jsonrpc *rpc;
    bool broken;                /* A call ended without the reply to it. */
};

void
api_error_destroy(struct api_error *error)
{
    free(error->message);
    json_destroy(error->errors);
    error->message = NULL;
    error->errors = NULL;
}

/* What to do about a connection that could not be made. */
static const char *
connect_hint(int error)
{
    switch (error) {
    case ENOENT:
    case ECONNREFUSED:
        return " (is tvd-controller running?)";
    case EACCES:
    case EPERM:
        return " (are you root?)";
    case EPROTO:
        return " (is it the controller that --ca-cert is of?)";
    default:
        return "";
    }
}

char *
api_client_open(const char *target, int timeout_ms,
                struct api_client **clientp)
{
    struct api_client *client;
    char *problem, *address;
    struct stream *stream;
    int error;

    *clientp = NULL;
    if (!(!strncmp(target, "unix:", 5) && target[5])
        && !(!strncmp(target, "ssl:", 4) && strchr(target + 4, ':'))) {
        return xasprintf("bad controller target '%s': it must be unix:PATH "
                         "or ssl:HOST:PORT", target);
    }
    problem = remotes_parse(target, &address);
    if (problem) {
        return problem;
    }
    error = stream_open(address, &stream, DSCP_DEFAULT);
    free(address);
    error = stream_open_block(error, timeout_ms, &stream);
    if (error) {
        return xasprintf("cannot connect to the controller at '%s': %s%s",
                         target, ovs_retval_to_string(error),
                         connect_hint(error));
    }
    client = xzalloc(sizeof *client);
    client->target = xstrdup(target);
    client->rpc = jsonrpc_open(stream);
    *clientp = client;
    return NULL;
}

void
api_client_close(struct api_client *client)
{
    if (client) {
        jsonrpc_close(client->rpc);
        free(client->target);
        free(client);
    }
}

/* Fills '*error' from the error member of a reply, which may be anything. */
static void
read_error(const struct api_client *client, const struct json *reply,
           struct api_error *error)
{
    const struct json *message = reply;

    if (reply && reply->type == JSON_OBJECT) {
        const struct json *errors
            = shash_find_data(json_object(reply), "errors");

        message = shash_find_data(json_object(reply), "error");
        if (errors && errors->type == JSON_ARRAY && errors->array.n) {
            error->errors = json_clone(errors);
        }
    }
    error->message = message && message->type == JSON_STRING
                     ? xstrdup(json_string(message))
                     : xasprintf("the controller at '%s' refused the request "
                                 "without saying why", client->target);
}

/* The reply to the request with 'id', if 'msg' is that: true, with the result
 * or the error stored.  Anything else is not ours to answer: false. */
static bool
take_reply(const struct api_client *client, struct jsonrpc_msg *msg,
           const struct json *id, struct json **result,
           struct api_error *error)
{
    bool ours = (msg->type == JSONRPC_REPLY || msg->type == JSONRPC_ERROR)
                && msg->id && json_equal(msg->id, id);

    if (ours && msg->type == JSONRPC_ERROR) {
        read_error(client, msg->error, error);
    } else if (ours && msg->result->type != JSON_OBJECT) {
        error->message = xasprintf("the controller at '%s' sent a reply "
                                   "that is not an object", client->target);
    } else if (ours) {
        *result = json_clone(msg->result);
    }
    return ours;
}

static char *
lost_message(const struct api_client *client, const char *method, int status)
{
    bool ended = (status == EOF || status == ECONNRESET || status == EPIPE
                  || status == EPROTO || status == EIO);

    if (ended && !strncmp(client->target, "ssl:", 4)) {
        /* With TLS 1.3 a client hears of its certificate only now. */
        return xasprintf("the controller at '%s' closed the connection "
                         "without answering '%s'; it may have refused the "
                         "certificate (its log says why)", client->target,
                         method);
    }
    if (status == EOF || status == ECONNRESET || status == EPIPE) {
        return xasprintf("the controller at '%s' closed the connection "
                         "without answering '%s' (its log says why)",
                         client->target, method);
    }
    if (status == EPROTO) {
        return xasprintf("what answered '%s' at '%s' does not speak the "
                         "controller's protocol", method, client->target);
    }
    return xasprintf("the connection to the controller at '%s' failed "
                     "while waiting for '%s': %s", client->target, method,
                     ovs_retval_to_string(status));
}

/* Handles what has arrived.  Returns true if the call is over. */
static bool
receive(struct api_client *client, const char *method, const struct json *id,
        struct json **result, struct api_error *error)
{
    int status;

    jsonrpc_run(client->rpc);
    for (;;) {
        struct jsonrpc_msg *msg;
        bool done;

        status = jsonrpc_recv(client->rpc, &msg);
        if (status) {
            break;
        }
        done = take_reply(client, msg, id, result, error);
        jsonrpc_msg_destroy(msg);
        if (done) {
            return true;
        }
    }
    status = status == EAGAIN ? jsonrpc_get_status(client->rpc) : status;
    if (status) {
        client->broken = true;
        error->message = lost_message(client, method, status);
    }
    return status != 0;
}

static void
wait_for_reply(struct api_client *client, const char *method,
               const struct json *id, int timeout_ms,
               api_progress_func *progress, void *aux,
               struct json **result, struct api_error *error)
{
    long long int started = time_msec();
    long long int deadline = started + timeout_ms;
    long long int next = started + PROGRESS_MS;

    while (!receive(client, method, id, result, error)) {
        long long int now = time_msec();

        if (now >= deadline) {
            client->broken = true;
            error->message = xasprintf(
                "no answer to '%s' from the controller at '%s' within "
                "%g s; it may still be carried out", method, client->target,
                timeout_ms / 1000.0);
            return;
        }
        if (progress && now >= next) {
            progress(aux, now - started);
            next = now + PROGRESS_MS;
        }
        jsonrpc_wait(client->rpc);
        jsonrpc_recv_wait(client->rpc);
        poll_timer_wait_until(progress ? MIN(next, deadline) : deadline);
        poll_block();
    }
}

struct json *
api_client_call(struct api_client *client, const char *method,
                struct json *params, int timeout_ms,
                api_progress_func *progress, void *aux,
                struct api_error *error)
{
    struct jsonrpc_msg *request;
    struct json *result = NULL;
    struct json *id;

    error->message = NULL;
    error->errors = NULL;
    if (client->broken) {
        json_destroy(params);
        error->message = xasprintf("the connection to the controller at "
                                   "'%s' is lost", client->target);
        return NULL;
    }
    request = jsonrpc_create_request(method, json_array_create_1(params),
                                     &id);
    /* A failure to send shows up as the connection's status below. */
    ignore(jsonrpc_send(client->rpc, request));
    wait_for_reply(client, method, id, timeout_ms, progress, aux, &result,
                   error);
    json_destroy(id);
    return result;
}
