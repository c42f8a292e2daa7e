/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may connect to the database from other machines, and what they may
 * change there.
 *
 * It keeps three things right: the certificate of our own database server;
 * the rows of RBAC_Role and RBAC_Permission, which say what the agent of a
 * host may change; the rows of Connection, which say where our own database
 * server listens.  And it signs the certificates of hosts.
 *
 * It does not listen and does not enforce: ovsdb-server does, by the column
 * 'host' of a row and the common name of the client's certificate.
 * OVSDB's rules do not limit reading, and a client that may insert rows may
 * delete its own ones as well. */

#ifndef CONTROLLER_ACCESS_H
#define CONTROLLER_ACCESS_H 1

#include <stdbool.h>
#include "compiler.h"

struct access;
struct ca;
struct json;
struct model;
struct ovsdb_idl;
struct ovsdb_idl_txn;
struct report_sink;
struct svec;

/* The role of agents in RBAC_Role and Connection. */
#define ACCESS_AGENT_ROLE "agent"

/* Time for which an administrator's certificate is valid, in hours. */
#define ACCESS_ADMIN_LIFETIME (30 * 24)
/* Time for which a host's certificate is valid, in hours. */
#define ACCESS_DEFAULT_LIFETIME 24
#define ACCESS_MAX_LIFETIME (10 * 365 * 24)

/* Returns NULL if 'target' says where to listen ("pssl:PORT[:IP]"), else an
 * error message that the caller frees. */
char *access_check_target(const char *target)
    OVS_WARN_UNUSED_RESULT;

/* Makes this process's TLS streams use the certificate of our own server, which
 * must exist, and accept administrators.  'ca' must not be NULL. */
void access_use_tls(const struct ca *);

/* 'ca' is borrowed; NULL if the database server is not our own: then Connection
 * is not touched and no host gets a certificate.  'listen' are the targets at
 * which our own one is to listen; may be none.  'lifetime' is in hours. */
struct access *access_create(struct ca *ca, const struct svec *listen,
                             int lifetime);
void access_destroy(struct access *);

/* The name of the OVSDB lock to hold.  Clients with any role may take locks
 * away from others ("steal"), so where hosts can connect it is one that they
 * do not know. */
const char *access_lock(const struct access *);

/* Renews the certificate of our own server in time, also where
 * access_use_tls() has put it to use.  'wall' is in ms. */
void access_run(struct access *, const struct report_sink *,
                long long int wall);
void access_wait(const struct access *, long long int wall);

/* True if the tables may not be as they should. */
bool access_pending(struct access *, const struct ovsdb_idl *);
/* Adds to 'txn' what makes them so. */
void access_write(struct access *, struct ovsdb_idl *,
                  struct ovsdb_idl_txn *);
/* The outcome of that transaction. */
void access_written(struct access *, bool success);

/* Signs the certificate request 'csr' for the host called 'name', which must
 * be declared.  'wall' is in ms.  Returns NULL and stores the answer to
 * "host_certify", which the caller owns, or returns an error message that the
 * caller frees. */
char *access_certify_host(struct access *, const struct model *,
                          const char *name, const char *csr,
                          long long int wall, struct json **answer)
    OVS_WARN_UNUSED_RESULT;

/* The same for the administrator called 'name'. */
char *access_certify_admin(struct access *, const char *name, const char *csr,
                           long long int wall, struct json **answer)
    OVS_WARN_UNUSED_RESULT;

#endif /* controller/access.h */
