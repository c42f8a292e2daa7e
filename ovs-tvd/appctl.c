/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/appctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "socket-util.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(appctl);

/* How long a command may take before it is given up, in ms. */
#define COMMAND_TIMEOUT 5000

struct command {
    struct ovs_list node;       /* In struct appctl's 'queue'. */
    char *method;
    struct json *params;
    appctl_cb *cb;
    void *aux;
};

struct appctl {
    char *rundir;
    struct ovs_list queue;      /* Of struct command; the first is sent. */
    struct jsonrpc *rpc;        /* NULL while nothing is under way. */
    struct json *id;            /* Of the request sent, NULL if none. */
    long long int deadline;     /* For the request sent. */
};

struct appctl *
appctl_create(const char *rundir)
{
    struct appctl *ac = xzalloc(sizeof *ac);

    ac->rundir = xstrdup(rundir);
    ovs_list_init(&ac->queue);
    return ac;
}

static void
command_destroy(struct command *c)
{
    free(c->method);
    json_destroy(c->params);
    free(c);
}

static void
disconnect(struct appctl *ac)
{
    jsonrpc_close(ac->rpc);
    ac->rpc = NULL;
    json_destroy(ac->id);
    ac->id = NULL;
}

void
appctl_destroy(struct appctl *ac)
{
    struct command *c;

    if (!ac) {
        return;
    }
    LIST_FOR_EACH_POP (c, node, &ac->queue) {
        command_destroy(c);
    }
    disconnect(ac);
    free(ac->rundir);
    free(ac);
}

void
appctl_submit(struct appctl *ac, const char *method, const char *const args[],
              size_t n_args, appctl_cb *cb, void *aux)
{
    struct command *c = xzalloc(sizeof *c);

    c->method = xstrdup(method);
    c->params = json_array_create_empty();
    for (size_t i = 0; i < n_args; i++) {
        json_array_add(c->params, json_string_create(args[i]));
    }
    c->cb = cb;
    c->aux = aux;
    ovs_list_push_back(&ac->queue, &c->node);
    poll_immediate_wake();
}

/* Ends the first command.  It is taken off the queue before its callback
 * runs, so that the callback may submit another. */
static void
finish(struct appctl *ac, const char *result, const char *error)
{
    struct command *c = CONTAINER_OF(ovs_list_pop_front(&ac->queue),
                                     struct command, node);

    if (error) {
        VLOG_DBG("%s failed: %s", c->method, error);
    }
    json_destroy(ac->id);
    ac->id = NULL;
    if (c->cb) {
        c->cb(c->aux, result, error);
    }
    command_destroy(c);
}

/* Reads the process id of ovs-vswitchd; 0 if there is none. */
static intmax_t
read_pid(const struct appctl *ac)
{
    char *path = xasprintf("%s/ovs-vswitchd.pid", ac->rundir);
    FILE *file = fopen(path, "r");
    intmax_t pid = 0;

    free(path);
    if (file) {
        if (fscanf(file, "%"SCNdMAX, &pid) != 1) {
            pid = 0;
        }
        fclose(file);
    }
    return pid;
}

static int
connect_to_daemon(struct appctl *ac)
{
    intmax_t pid = read_pid(ac);
    struct stream *stream;
    char *name;
    int error;

    if (pid <= 0) {
        return ENOENT;
    }
    name = xasprintf("unix:%s/ovs-vswitchd.%"PRIdMAX".ctl", ac->rundir, pid);
    error = stream_open(name, &stream, DSCP_DEFAULT);
    free(name);
    if (error) {
        return error;
    }
    ac->rpc = jsonrpc_open(stream);
    return 0;
}

static void
send_first(struct appctl *ac, long long int now)
{
    struct command *c = CONTAINER_OF(ovs_list_front(&ac->queue),
                                     struct command, node);
    struct jsonrpc_msg *request;
    struct json *id;

    request = jsonrpc_create_request(c->method, json_clone(c->params), &id);
    ac->id = json_clone(id);
    ac->deadline = now + COMMAND_TIMEOUT;
    jsonrpc_send(ac->rpc, request);
    json_destroy(id);
}

static void
handle_reply(struct appctl *ac, const struct jsonrpc_msg *reply)
{
    if (reply->type == JSONRPC_REPLY) {
        finish(ac, (reply->result->type == JSON_STRING
                    ? json_string(reply->result) : ""), NULL);
    } else {
        finish(ac, NULL, (reply->error->type == JSON_STRING
                          ? json_string(reply->error) : "unknown error"));
    }
}

/* Receives what has come.  Returns 0, or a positive errno value if the
 * connection is gone. */
static int
receive(struct appctl *ac)
{
    while (ac->id) {
        struct jsonrpc_msg *reply;
        int error = jsonrpc_recv(ac->rpc, &reply);

        if (error) {
            return error == EAGAIN ? 0 : error;
        }
        if ((reply->type == JSONRPC_REPLY || reply->type == JSONRPC_ERROR)
            && json_equal(reply->id, ac->id)) {
            handle_reply(ac, reply);
        }
        jsonrpc_msg_destroy(reply);
    }
    return 0;
}

void
appctl_run(struct appctl *ac, long long int now)
{
    /* Bounded: each round ends a command or returns. */
    while (!ovs_list_is_empty(&ac->queue)) {
        int error = 0;

        if (!ac->rpc) {
            error = connect_to_daemon(ac);
        }
        if (!error) {
            if (!ac->id) {
                send_first(ac, now);
            }
            jsonrpc_run(ac->rpc);
            error = receive(ac);
        }
        if (!error && ac->id && now >= ac->deadline) {
            error = ETIMEDOUT;
        }
        if (error) {
            disconnect(ac);
            finish(ac, NULL, error == ENOENT || error == ECONNREFUSED
                   ? "ovs-vswitchd does not run"
                   : ovs_retval_to_string(error));
        } else if (ac->id) {
            return;
        }
    }
    if (ac->rpc) {
        disconnect(ac);
    }
}

void
appctl_wait(const struct appctl *ac)
{
    if (ac->rpc) {
        jsonrpc_wait(ac->rpc);
        jsonrpc_recv_wait(ac->rpc);
        poll_timer_wait_until(ac->deadline);
    } else if (!ovs_list_is_empty(&ac->queue)) {
        poll_immediate_wake();
    }
}

bool
appctl_is_idle(const struct appctl *ac)
{
    return ovs_list_is_empty(&ac->queue);
}
