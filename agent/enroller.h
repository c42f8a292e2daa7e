/* SPDX-License-Identifier: Apache-2.0
 *
 * This host's identity: its key and certificate, where they come from and how
 * they stay good.
 *
 *           +--------- token ---------+
 *           |                         v
 *     no certificate             asking the     -- refused, no answer --+
 *                                controller                             |
 *     certificate --- 1/2 to 2/3 ---^ |                                 |
 *           ^         of its time     |                                 v
 *           +------------ new one ----+<----------- later -----------waiting
 *
 * With a token it enrols: makes a key, asks for a certificate (lib/enrol.h).  A
 * certificate that it has it renews in time, each time with a new key, and has
 * this process's TLS streams use it; connections that are there go on.  It
 * asks again and again, however long the controller is gone, and never blocks.
 * What is enforced does not depend on any of this.
 *
 * Files in its directory, which is made with mode 0700; all have mode 0600:
 *
 *     identity.pem    key and certificate
 *     ca.pem          the authority by which servers are known
 *     pending.pem     the key that the token is being used for
 *     state           the controllers, and which token was used, as JSON
 *     token           where a token is looked for, unless another file is
 *                     given
 */

#ifndef AGENT_ENROLLER_H
#define AGENT_ENROLLER_H 1

#include <stdbool.h>
#include "compiler.h"

struct ds;
struct enroller;
struct report_sink;

struct enroller_config {
    const char *dir;
    const char *remotes;        /* "IP[:PORT],..." of controllers; NULL: those
                                 * used last. */
    const char *token_file;     /* "-": standard input; NULL: DIR/token. */
    const char *host;           /* This host's name, if that is given. */
};

/* Returns NULL if 'remotes' has the form said above, else an error message that
 * the caller frees. */
char *enroller_check_remotes(const char *remotes)
    OVS_WARN_UNUSED_RESULT;

/* The controllers of the databases 'db' ("ssl:IP:PORT,..."), as 'remotes';
 * NULL if there is no "ssl:" among them.  Caller frees. */
char *enroller_default_remotes(const char *db);

/* Reads what is there, and puts an identity to use.  Returns NULL and stores the
 * enroller, or returns an error message that the caller frees. */
char *enroller_create(const struct enroller_config *, struct enroller **)
    OVS_WARN_UNUSED_RESULT;
void enroller_destroy(struct enroller *);

/* The name in the certificate; NULL as long as there is none. */
const char *enroller_host(const struct enroller *);

/* 'sink' may be NULL: then the log alone is told.  'now' is monotonic, 'wall'
 * since 1970, both in ms. */
void enroller_run(struct enroller *, const struct report_sink *sink,
                  long long int now, long long int wall);
void enroller_wait(const struct enroller *);

/* Appends what there is to say about it, for people. */
void enroller_show(const struct enroller *, long long int now, struct ds *);

#endif /* agent/enroller.h */
