/* SPDX-License-Identifier: Apache-2.0
 *
 * Local connections to servers on other machines, over mutual TLS.
 *
 * A link listens at a Unix socket and carries each connection to the link on
 * another machine, or listens for other links and carries what they bring to
 * a Unix socket.  One end of each is TLS and the other a Unix socket, always,
 * so that what comes from the network has shown a certificate before a byte
 * of it reaches a server.
 *
 *     client -- unix --> link ==== TLS ===> link -- unix --> server
 *
 *     local       tls                         tls       local
 *
 * Links tell each other that they are still here, and drop a connection whose
 * other end has been silent for LINK_SILENCE: a server then lets go of what
 * the client holds (a lock) though the network says nothing.
 *
 * A patient one keeps a client that connects while the other machine or the
 * server there cannot be reached, tries again and again, and until the server
 * has said something sends the client white space, which JSON-RPC ignores.  A
 * client that backs off for longer and
 * longer, as the members of a cluster do from each other, is then connected
 * as soon as the network is back.
 *
 * It does not look at what it carries, nor know what a database is. */

#ifndef LINK_LINK_H
#define LINK_LINK_H 1

#include "compiler.h"

struct ds;
struct link;

#define LINK_CONNECT_TIMEOUT 1000 /* To connect and shake hands, ms. */
#define LINK_RETRY 250          /* Between tries of a patient one, ms. */
#define LINK_PING 250           /* Longest time without a word, ms. */
#define LINK_SILENCE 1000       /* After which the other end is dead, ms. */
/* Connections that have not shown a certificate yet; one more, and the oldest
 * is dropped. */
#define LINK_MAX_STRANGERS 32

struct link *link_create(void);
void link_destroy(struct link *);

/* Adds what 'way' says: "punix:FILE=ssl:IP:PORT" or "pssl:PORT[:IP]=unix:FILE",
 * with ",patient" at its end if it is.  Returns NULL, or an error message
 * that the caller frees. */
char *link_add(struct link *, const char *way)
    OVS_WARN_UNUSED_RESULT;

void link_run(struct link *, long long int now);
void link_wait(const struct link *, long long int now);

/* One line for each way, and one for each connection. */
void link_show(const struct link *, long long int now, struct ds *);

#endif /* link/link.h */
