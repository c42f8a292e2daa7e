/* SPDX-License-Identifier: Apache-2.0
 *
 * The API's socket: accepts clients, reads JSON-RPC requests, sends replies.
 *
 * It does not know what the methods do: each request that has been decoded is
 * given to a callback, which answers at once or any time later.  A client has
 * one request at a time; what it may make us remember is bounded:
 *
 *   - at most API_MAX_CLIENTS clients; more are turned away;
 *   - at most API_MAX_REQUEST bytes for a request; a client that sends more
 *     is disconnected;
 *   - a client that does not take its reply is not read from, and is
 *     disconnected after API_MAX_STALL;
 *   - a connection must be set up, over TLS with its handshake, within
 *     API_MAX_HANDSHAKE. */

#ifndef CONTROLLER_API_SERVER_H
#define CONTROLLER_API_SERVER_H 1

#include <stdbool.h>
#include <stddef.h>
#include "controller/request.h"

struct api_call;
struct api_server;
struct json;

#define API_MAX_CLIENTS 64
#define API_MAX_REQUEST (80 * 1024 * 1024)
#define API_MAX_STALL 60000     /* In ms. */
#define API_MAX_HANDSHAKE 5000  /* In ms. */

/* Handles 'call'.  The callee must answer it, once, with one of the functions
 * below. */
typedef void api_handler(void *aux, struct api_call *call);

/* Listens on 'target', "punix:PATH", whose mode becomes 0600, or another
 * passive stream.  Returns 0 and stores the server, or a positive errno. */
int api_server_create(const char *target, api_handler *, void *aux,
                      struct api_server **);
/* Disconnects everybody.  Calls that have not been answered are still to be
 * answered (api_call_discard() is enough). */
void api_server_destroy(struct api_server *);

void api_server_run(struct api_server *, long long int now);
void api_server_wait(struct api_server *);
size_t api_server_n_clients(const struct api_server *);

/* The request that is to be answered; owned by the call. */
const struct request *api_call_request(const struct api_call *);
/* True if nobody waits for the answer any more. */
bool api_call_is_dead(const struct api_call *);

/* Each sends a reply, if somebody still wants it, and frees the call. */
void api_call_reply(struct api_call *, struct json *result);
/* The same for a result with a secret, which is kept out of the log also where
 * messages are logged. */
void api_call_reply_secret(struct api_call *, struct json *result);
/* 'errors' may be NULL; see docs/ARCHITECTURE.md.  Takes over 'errors'. */
void api_call_fail(struct api_call *, struct json *errors,
                   const char *format, ...)
    OVS_PRINTF_FORMAT(3, 4);
void api_call_discard(struct api_call *);

#endif /* controller/api-server.h */
