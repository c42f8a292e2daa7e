/* SPDX-License-Identifier: Apache-2.0
 *
 * The caller's side of the controller's API: JSON-RPC 1.0 with one object as
 * parameter and an object as result (docs/ARCHITECTURE.md, "API").
 *
 * It opens one connection, sends one request at a time and waits for its
 * reply.  It does not reconnect and never repeats a request: whether one that
 * got no reply was carried out only the controller knows.  It does not know
 * the methods.  Whatever the other side sends, a call ends with a result that
 * is an object, or with an error. */

#ifndef LIB_API_CLIENT_H
#define LIB_API_CLIENT_H 1

#include <stdbool.h>
#include "compiler.h"

struct api_client;
struct json;

/* Why a call failed. */
struct api_error {
    char *message;              /* One sentence; never NULL after a failure. */
    struct json *errors;        /* Errors of a policy file: an array of
                                 * {line, column, message}; else NULL. */
};
void api_error_destroy(struct api_error *);

/* Called about every second while a call waits, with the milliseconds it has
 * waited so far. */
typedef void api_progress_func(void *aux, long long int waited_ms);

/* Connects to 'target', "unix:PATH" or "ssl:HOST:PORT" (the caller has set the
 * files of stream-ssl).  Returns NULL and stores the connection
 * in '*clientp', or returns an error message that the caller frees; then
 * '*clientp' is NULL.  Waits at most 'timeout_ms'. */
char *api_client_open(const char *target, int timeout_ms,
                      struct api_client **clientp)
    OVS_WARN_UNUSED_RESULT;
void api_client_close(struct api_client *);

/* Calls 'method' with 'params', an object that is taken over, and waits at
 * most 'timeout_ms' for the reply.  'progress' may be NULL.
 *
 * Returns the result, an object that the caller owns; or NULL with '*error'
 * filled in, to be given to api_error_destroy().  After a failure that was not
 * the controller's answer (a timeout, a lost connection) each further call
 * fails too. */
struct json *api_client_call(struct api_client *, const char *method,
                             struct json *params, int timeout_ms,
                             api_progress_func *progress, void *aux,
                             struct api_error *error)
    OVS_WARN_UNUSED_RESULT;

#endif /* lib/api-client.h */
