/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/api-server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "socket-util.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(api_server);

/* Of one client in one turn, so that others get theirs. */
#define MAX_MESSAGES 10

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(20, 20);

struct client {
    struct ovs_list node;       /* In api_server's 'clients'. */
    struct jsonrpc *rpc;
    struct stream *stream;      /* Of 'rpc' until it is connected, or NULL. */
    long long int deadline;     /* For that, in ms. */
    struct api_call *call;      /* The request being worked on, or NULL. */
    unsigned int received;      /* Bytes before the present request. */
    size_t backlog;             /* Bytes not yet taken, when last looked. */
    long long int stalled;      /* Since when it takes none, in ms. */
};

struct api_server {
    struct pstream *listener;
    struct ovs_list clients;    /* "struct client". */
    size_t n_clients;
    api_handler *handler;
    void *aux;
};

struct api_call {
    struct client *client;      /* NULL if it went away. */
    struct json *id;
    struct request request;
};

int
api_server_create(const char *target, api_handler *handler, void *aux,
                  struct api_server **serverp)
{
    struct pstream *listener;
    int error = pstream_open(target, &listener, DSCP_DEFAULT);

    *serverp = NULL;
    if (error) {
        return error;
    }
    if (!strncmp(target, "punix:", 6) && chmod(target + 6, 0600)) {
        error = errno;
        pstream_close(listener);
        return error;
    }

    struct api_server *server = xzalloc(sizeof *server);

    server->listener = listener;
    server->handler = handler;
    server->aux = aux;
    ovs_list_init(&server->clients);
    *serverp = server;
    return 0;
}

static void
client_destroy(struct api_server *server, struct client *client)
{
    if (client->call) {
        client->call->client = NULL;
    }
    jsonrpc_close(client->rpc);
    ovs_list_remove(&client->node);
    server->n_clients--;
    free(client);
}

void
api_server_destroy(struct api_server *server)
{
    struct client *client;

    if (server) {
        LIST_FOR_EACH_SAFE (client, node, &server->clients) {
            client_destroy(server, client);
        }
        pstream_close(server->listener);
        free(server);
    }
}

size_t
api_server_n_clients(const struct api_server *server)
{
    return server->n_clients;
}

/* --- Replies --------------------------------------------------------------*/

static struct json *
make_error(const char *message, struct json *errors)
{
    struct json *error = json_object_create();

    json_object_put_string(error, "error", message);
    if (errors) {
        json_object_put(error, "errors", errors);
    }
    return error;
}

static void
send_error(struct client *client, const struct json *id, const char *message)
{
    jsonrpc_send(client->rpc,
                 jsonrpc_create_error(make_error(message, NULL), id));
}

const struct request *
api_call_request(const struct api_call *call)
{
    return &call->request;
}

bool
api_call_is_dead(const struct api_call *call)
{
    return !call->client;
}

void
api_call_discard(struct api_call *call)
{
    if (call) {
        if (call->client) {
            call->client->call = NULL;
        }
        json_destroy(call->id);
        request_destroy(&call->request);
        free(call);
    }
}

void
api_call_reply(struct api_call *call, struct json *result)
{
    if (call->client) {
        jsonrpc_send(call->client->rpc,
                     jsonrpc_create_reply(result, call->id));
    } else {
        json_destroy(result);
    }
    api_call_discard(call);
}

void
api_call_reply_secret(struct api_call *call, struct json *result)
{
    struct vlog_module *module = vlog_module_from_name("jsonrpc");
    enum vlog_level levels[VLF_N_DESTINATIONS];

    for (int i = 0; i < VLF_N_DESTINATIONS; i++) {
        levels[i] = vlog_get_level(module, i);
        vlog_set_levels(module, i, MIN(levels[i], VLL_INFO));
    }
    api_call_reply(call, result);
    for (int i = 0; i < VLF_N_DESTINATIONS; i++) {
        vlog_set_levels(module, i, levels[i]);
    }
}

void
api_call_fail(struct api_call *call, struct json *errors,
              const char *format, ...)
{
    va_list args;
    char *message;

    va_start(args, format);
    message = xvasprintf(format, args);
    va_end(args);
    VLOG_DBG("%s failed: %s", request_method_to_string(call->request.method),
             message);
    if (call->client) {
        jsonrpc_send(call->client->rpc,
                     jsonrpc_create_error(make_error(message, errors),
                                          call->id));
    } else {
        json_destroy(errors);
    }
    free(message);
    api_call_discard(call);
}

/* --- Requests -------------------------------------------------------------*/

static void
handle_request(struct api_server *server, struct client *client,
               struct jsonrpc_msg *msg)
{
    struct request request;
    struct api_call *call;
    char *error;

    if (!strcmp(msg->method, "echo")) {
        jsonrpc_send(client->rpc,
                     jsonrpc_create_reply(json_clone(msg->params), msg->id));
        return;
    }
    if (client->call) {
        send_error(client, msg->id, "another request of this connection is "
                   "still being worked on; wait for its answer, or open "
                   "another connection");
        return;
    }
    error = request_decode(msg->method, msg->params, &request);
    if (error) {
        send_error(client, msg->id, error);
        free(error);
        return;
    }
    call = xzalloc(sizeof *call);
    call->client = client;
    call->id = json_clone(msg->id);
    call->request = request;
    client->call = call;
    server->handler(server->aux, call);
}

/* Replies that nobody asked for and notifications are ignored. */
static void
handle_message(struct api_server *server, struct client *client,
               struct jsonrpc_msg *msg)
{
    if (msg->type == JSONRPC_REQUEST) {
        handle_request(server, client, msg);
    } else {
        VLOG_DBG_RL(&rl, "%s: ignored a %s", jsonrpc_get_name(client->rpc),
                    jsonrpc_msg_type_to_string(msg->type));
    }
    jsonrpc_msg_destroy(msg);
}

/* True if the client has not taken anything of its reply for too long. */
static bool
is_stalled(struct client *client, long long int now)
{
    size_t backlog = jsonrpc_get_backlog(client->rpc);

    if (!backlog || backlog != client->backlog) {
        client->backlog = backlog;
        client->stalled = now;
    }
    return now - client->stalled > API_MAX_STALL;
}

/* Returns an errno: 0 once the connection is set up, EAGAIN before. */
static int
client_connect(struct client *client, long long int now)
{
    int error;

    if (!client->stream) {
        return 0;
    }
    stream_run(client->stream);
    error = stream_connect(client->stream);
    if (!error) {
        client->stream = NULL;
    }
    return error == EAGAIN && now >= client->deadline ? ETIMEDOUT : error;
}

/* Returns false if the client is to be disconnected. */
static bool
client_run(struct api_server *server, struct client *client,
           long long int now)
{
    int error = client_connect(client, now);

    if (error) {
        if (error != EAGAIN) {
            VLOG_INFO_RL(&rl, "%s: not connected: %s",
                         jsonrpc_get_name(client->rpc), ovs_strerror(error));
        }
        return error == EAGAIN;
    }
    jsonrpc_run(client->rpc);
    if (is_stalled(client, now)) {
        VLOG_WARN_RL(&rl, "%s: disconnected: it does not take its reply",
                     jsonrpc_get_name(client->rpc));
        return false;
    }
    for (int i = 0; i < MAX_MESSAGES && !jsonrpc_get_backlog(client->rpc);
         i++) {
        struct jsonrpc_msg *msg;

        error = jsonrpc_recv(client->rpc, &msg);
        if (error == EAGAIN) {
            break;
        } else if (error) {
            return false;
        }
        client->received = jsonrpc_get_received_bytes(client->rpc);
        handle_message(server, client, msg);
    }
    if (jsonrpc_get_received_bytes(client->rpc) - client->received
        > API_MAX_REQUEST) {
        VLOG_WARN_RL(&rl, "%s: disconnected: its request is larger than %d "
                     "bytes", jsonrpc_get_name(client->rpc), API_MAX_REQUEST);
        return false;
    }
    return !jsonrpc_get_status(client->rpc);
}

static void
accept_clients(struct api_server *server, long long int now)
{
    struct stream *stream;

    while (!pstream_accept(server->listener, &stream)) {
        struct client *client;

        if (server->n_clients >= API_MAX_CLIENTS) {
            VLOG_WARN_RL(&rl, "refused a client: there are %d already",
                         API_MAX_CLIENTS);
            stream_close(stream);
            continue;
        }
        client = xzalloc(sizeof *client);
        client->rpc = jsonrpc_open(stream);
        client->stream = stream;
        client->deadline = now + API_MAX_HANDSHAKE;
        client->stalled = now;
        ovs_list_push_back(&server->clients, &client->node);
        server->n_clients++;
    }
}

void
api_server_run(struct api_server *server, long long int now)
{
    struct client *client;

    accept_clients(server, now);
    LIST_FOR_EACH_SAFE (client, node, &server->clients) {
        if (!client_run(server, client, now)) {
            client_destroy(server, client);
        }
    }
}

void
api_server_wait(struct api_server *server)
{
    struct client *client;

    pstream_wait(server->listener);
    LIST_FOR_EACH (client, node, &server->clients) {
        if (client->stream) {
            stream_run_wait(client->stream);
            stream_connect_wait(client->stream);
            poll_timer_wait_until(client->deadline);
            continue;
        }
        jsonrpc_wait(client->rpc);
        if (!jsonrpc_get_backlog(client->rpc)) {
            jsonrpc_recv_wait(client->rpc);
        } else {
            poll_timer_wait_until(client->stalled + API_MAX_STALL + 1);
        }
    }
}
