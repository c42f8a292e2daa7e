/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/enrol-server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/enrol.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "simap.h"
#include "socket-util.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(enrol_server);

#define MAX_ACCEPTS 16          /* In one turn. */

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

struct client {
    struct ovs_list node;       /* In enrol_server's 'clients'. */
    struct stream *stream;
    bool connected;
    long long int deadline;     /* ms. */
    char *address;              /* Of the peer, without its port. */
    char *greeting;             /* Without its new-line. */
    char *in;                   /* ENROL_MAX_LINE + 1 bytes, once needed. */
    size_t n_in;
    char *out;                  /* What is to be sent. */
    size_t n_out, sent;
    bool answered;              /* 'out' is the answer. */
};

struct enrol_server {
    struct pstream *listener;
    struct ovs_list clients;    /* "struct client", oldest first. */
    size_t n_clients;
    enrol_handler *handler;
    void *aux;
};

char *
enrol_server_check_target(const char *target)
{
    struct sockaddr_storage ss;

    if (strncmp(target, "ptcp:", 5) || target[5] < '0' || target[5] > '9'
        || !inet_parse_passive(target + 5, -1, &ss, false, NULL)) {
        return xasprintf("bad target '%s' to enrol hosts at: it must be "
                         "ptcp:PORT or ptcp:PORT:IP", target);
    }
    return NULL;
}

int
enrol_server_create(const char *target, enrol_handler *handler, void *aux,
                    struct enrol_server **serverp)
{
    struct enrol_server *server;
    struct pstream *listener;
    int error = pstream_open(target, &listener, DSCP_DEFAULT);

    *serverp = NULL;
    if (!error) {
        *serverp = server = xzalloc(sizeof *server);
        server->listener = listener;
        server->handler = handler;
        server->aux = aux;
        ovs_list_init(&server->clients);
    }
    return error;
}

static void
client_destroy(struct enrol_server *server, struct client *client)
{
    stream_close(client->stream);
    ovs_list_remove(&client->node);
    server->n_clients--;
    free(client->address);
    free(client->greeting);
    free(client->in);
    free(client->out);
    free(client);
}

void
enrol_server_destroy(struct enrol_server *server)
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

/* --- Accepting ------------------------------------------------------------*/

static void
set_output(struct client *client, char *line)
{
    free(client->out);
    client->out = xasprintf("%s\n", line);
    client->n_out = strlen(client->out);
    client->sent = 0;
}

static void
add_client(struct enrol_server *server, struct stream *stream,
           long long int now)
{
    struct client *client = xzalloc(sizeof *client);
    const char *name = stream_get_name(stream);
    const char *port = strrchr(name, ':');

    client->stream = stream;
    client->deadline = now + ENROL_TIMEOUT;
    client->address = xmemdup0(name, port ? port - name : strlen(name));
    client->greeting = enrol_greeting();
    set_output(client, client->greeting);
    ovs_list_push_back(&server->clients, &client->node);
    server->n_clients++;
}

/* Closes the oldest connection of the address that has most. */
static void
make_room(struct enrol_server *server)
{
    struct simap counts = SIMAP_INITIALIZER(&counts);
    struct client *client, *victim = NULL;
    unsigned int most = 0;

    LIST_FOR_EACH (client, node, &server->clients) {
        simap_increase(&counts, client->address, 1);
    }
    LIST_FOR_EACH (client, node, &server->clients) {
        unsigned int n = simap_get(&counts, client->address);

        if (n > most) {
            most = n;
            victim = client;
        }
    }
    if (victim) {
        VLOG_WARN_RL(&rl, "too many connections, most (%u) from %s: closing "
                     "its oldest", most, victim->address);
        client_destroy(server, victim);
    }
    simap_destroy(&counts);
}

static void
accept_clients(struct enrol_server *server, long long int now)
{
    for (int i = 0; i < MAX_ACCEPTS; i++) {
        struct stream *stream;
        int error = pstream_accept(server->listener, &stream);

        if (error) {
            if (error != EAGAIN) {
                VLOG_WARN_RL(&rl, "cannot accept a connection: %s",
                             ovs_strerror(error));
            }
            break;
        }
        if (server->n_clients >= ENROL_MAX_CLIENTS) {
            make_room(server);
        }
        add_client(server, stream, now);
    }
}

/* --- Talking --------------------------------------------------------------*/

/* Each of these returns 0, EAGAIN if there is nothing to do now, or another
 * value if the connection is over. */

static int
send_output(struct client *client)
{
    while (client->sent < client->n_out) {
        int n = stream_send(client->stream, client->out + client->sent,
                            client->n_out - client->sent);

        if (n <= 0) {
            return n ? -n : EPIPE;
        }
        client->sent += n;
    }
    return client->answered ? EOF : 0;
}

/* 0: there is a whole line. */
static int
receive_line(struct client *client)
{
    if (!client->in) {
        client->in = xmalloc(ENROL_MAX_LINE + 1);
    }
    while (!memchr(client->in, '\n', client->n_in)) {
        int n;

        if (client->n_in >= ENROL_MAX_LINE) {
            return EMSGSIZE;
        }
        n = stream_recv(client->stream, client->in + client->n_in,
                        ENROL_MAX_LINE - client->n_in);
        if (n <= 0) {
            return n ? -n : EOF;
        }
        client->n_in += n;
    }
    return 0;
}

static void
answer(struct enrol_server *server, struct client *client)
{
    char *end = memchr(client->in, '\n', client->n_in);
    char *line;

    *end = '\0';
    line = server->handler(server->aux, client->greeting, client->in);
    set_output(client, line);
    client->answered = true;
    free(line);
}

static int
run_client(struct enrol_server *server, struct client *client,
           int *n_answers)
{
    int error = client->connected ? 0 : stream_connect(client->stream);

    if (error) {
        return error;
    }
    client->connected = true;
    stream_run(client->stream);
    error = send_output(client);
    if (!error && !client->answered) {
        error = receive_line(client);
        if (!error && *n_answers >= ENROL_MAX_ANSWERS) {
            poll_immediate_wake();
        } else if (!error) {
            ++*n_answers;
            answer(server, client);
            error = send_output(client);
        }
    }
    return error;
}

void
enrol_server_run(struct enrol_server *server, long long int now)
{
    struct client *client;
    int n_answers = 0;

    accept_clients(server, now);
    LIST_FOR_EACH_SAFE (client, node, &server->clients) {
        int error = run_client(server, client, &n_answers);

        if ((error && error != EAGAIN) || now >= client->deadline) {
            client_destroy(server, client);
        }
    }
}

void
enrol_server_wait(struct enrol_server *server)
{
    struct client *client;

    pstream_wait(server->listener);
    LIST_FOR_EACH (client, node, &server->clients) {
        stream_run_wait(client->stream);
        if (!client->connected) {
            stream_connect_wait(client->stream);
        } else if (client->sent < client->n_out) {
            stream_send_wait(client->stream);
        } else {
            stream_recv_wait(client->stream);
        }
        poll_timer_wait_until(client->deadline);
    }
}
