/* SPDX-License-Identifier: Apache-2.0
 *
 * How a host asks for a certificate: the messages, and what proves them.
 *
 * It opens no connection and decides nothing; what is parsed here comes from
 * strangers.  Over a plain TCP connection each side sends lines:
 *
 *     controller:  tvd-enrol 1 NONCE
 *     host:        [BODY, PROOF]
 *     controller:  [BODY, PROOF]
 *
 * NONCE is 64 hexadecimal digits that are never used again.  The second and the
 * third are JSON arrays of two strings.  BODY is again JSON, an object.  The
 * host's has
 *
 *     method       "enrol" or "renew"
 *     name         of the host
 *     csr          a request (PKCS #10, PEM) with the key to be certified
 *     certificate  "renew": the present certificate (PEM)
 *
 * and the controller's either "refused", the reason, or
 *
 *     certificate  the new one
 *     ca           the authority by which servers are known
 *     server       "renew": the server's own certificate
 *
 * Nothing in there is secret.  PROOF shows that BODY is from who it should be
 * and was made for this connection: with a token, it is a MAC with the token's
 * secret, which never crosses the wire; to renew, the host signs with the key
 * of its present certificate, and the controller with that of "server".  It
 * covers the line with NONCE, the answer's also the host's BODY.  PROOF is
 * empty in a refusal of somebody who has proved nothing, which proves nothing
 * either.
 *
 * A token is "tvd1:NAME:" and 64 hexadecimal digits. */

#ifndef LIB_ENROL_H
#define LIB_ENROL_H 1

#include <stdbool.h>
#include <stddef.h>
#include "compiler.h"

/* The controller's TCP port for this, unless another one is given. */
#define ENROL_PORT 6645
/* The longest line, in bytes. */
#define ENROL_MAX_LINE 32768

enum enrol_method {
    ENROL_TOKEN,
    ENROL_RENEW,
};

struct enrol_request {
    enum enrol_method method;
    char *name;
    char *csr;
    char *certificate;          /* ENROL_RENEW. */
    char *body, *proof;         /* As they came. */
};

struct enrol_answer {
    char *refused;              /* Why; or NULL, and the others are there. */
    char *certificate;
    char *ca;
    char *server;               /* NULL: not given. */
    char *body, *proof;
};

/* --- Lines; none has its new-line ------------------------------------------*/

/* A new first line; caller frees. */
char *enrol_greeting(void);
bool enrol_greeting_is_good(const char *line);

/* The body of a request; 'certificate' is NULL for ENROL_TOKEN.  Caller
 * frees. */
char *enrol_request_body(enum enrol_method, const char *name, const char *csr,
                         const char *certificate);
/* The body of an answer; 'server' may be NULL.  Caller frees. */
char *enrol_answer_body(const char *certificate, const char *ca,
                        const char *server);
char *enrol_refusal_body(const char *reason);
/* The line; caller frees. */
char *enrol_line(const char *body, const char *proof);

/* Each returns NULL and stores what 'line' says, to be destroyed; or an error
 * message that the caller frees, and there is nothing to destroy. */
char *enrol_request_parse(const char *line, struct enrol_request *)
    OVS_WARN_UNUSED_RESULT;
char *enrol_answer_parse(const char *line, struct enrol_answer *)
    OVS_WARN_UNUSED_RESULT;
void enrol_request_destroy(struct enrol_request *);
void enrol_answer_destroy(struct enrol_answer *);

/* --- What proofs are made of: see lib/identity.h ----------------------------*/

#define ENROL_N_PARTS 4

/* Stores borrowed strings, returns their number. */
size_t enrol_request_parts(const char *greeting, const char *body,
                           const char *parts[ENROL_N_PARTS]);
size_t enrol_answer_parts(const char *greeting, const char *request_body,
                          const char *body, const char *parts[ENROL_N_PARTS]);

/* --- Tokens ----------------------------------------------------------------*/

/* The name in 'token'; NULL if it has not the form of one.  Caller frees. */
char *enrol_token_name(const char *token);
/* The secret for proofs, IDENTITY_SECRET_SIZE bytes, from a token of good
 * form.  The token cannot be computed from it. */
void enrol_token_secret(const char *token, unsigned char *secret);

#endif /* lib/enrol.h */
