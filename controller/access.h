/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may connect to the database from other machines, and what they may
 * change there.
 *
 * It keeps these things right: the certificate of our own database server;
 * the rows of RBAC_Role and RBAC_Permission, which say what the agent of a
 * host may change; the rows of Connection, which say where the database server
 * listens; what the database says of revoked hosts; and in a cluster's, whose
 * certificates its members accept as those of hosts.  And it has the
 * certificates of hosts made, and withdrawn.
 *
 * It does not listen and does not enforce: ovsdb-server does, by the column
 * 'host' of a row and the common name of the client's certificate.
 * OVSDB's rules do not limit reading, and a client that may insert rows may
 * delete its own ones as well. */

#ifndef CONTROLLER_ACCESS_H
#define CONTROLLER_ACCESS_H 1

#include <stdbool.h>
#include <stdint.h>
#include "compiler.h"
#include "svec.h"

struct access;
struct ca;
struct enrolment;
struct json;
struct model;
struct ovsdb_idl;
struct ovsdb_idl_txn;
struct report_sink;

/* The role of agents in RBAC_Role and Connection. */
#define ACCESS_AGENT_ROLE "agent"

/* Time for which an administrator's certificate is valid, in seconds. */
#define ACCESS_ADMIN_LIFETIME (30 * 24 * 3600)
/* Time for which a host's certificate is valid, and in which one that ran out
 * can still be renewed, in seconds. */
#define ACCESS_DEFAULT_LIFETIME (24 * 3600)
#define ACCESS_MIN_LIFETIME 5
#define ACCESS_MAX_LIFETIME (10LL * 365 * 24 * 3600)
#define ACCESS_DEFAULT_GRACE (7 * 24 * 3600)

/* Returns NULL if 'target' says where to listen ("pssl:PORT[:IP]"), else an
 * error message that the caller frees. */
char *access_check_target(const char *target)
    OVS_WARN_UNUSED_RESULT;

/* Makes this process's TLS streams use the certificate of our own server, which
 * must exist, and accept administrators.  'ca' must not be NULL. */
void access_use_tls(const struct ca *);

struct access_config {
    struct ca *ca;              /* Borrowed; NULL: nobody gets a certificate. */
    bool own_server;            /* The database server is our own. */
    struct svec listen;         /* Where it is to listen, may be none: then
                                 * Connection is not touched if it is not our
                                 * own. */
    long long int lifetime;     /* Of a host's certificate, in seconds. */
    long long int grace;        /* In which it can be renewed after that. */
};

struct access *access_create(const struct access_config *);
void access_destroy(struct access *);

/* The name of the OVSDB lock to hold.  Clients with any role may take locks
 * away from others ("steal"), so where hosts can connect it is one that they
 * do not know: controllers that share a directory of keys do. */
const char *access_lock(const struct access *);

/* True if hosts can connect to this database and we have no authorities.
 * Another controller lets them, with a lock that we do not know: we must not
 * write. */
bool access_is_foreign(const struct access *, const struct ovsdb_idl *);

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

/* Makes a token for the host called 'name', which must be declared, good for
 * 'validity' seconds.  Returns as access_certify_host(). */
char *access_enrol_host(struct access *, const struct model *,
                        const char *name, int64_t validity,
                        long long int wall, struct json **answer)
    OVS_WARN_UNUSED_RESULT;

/* Makes everything that the host called 'name' may show worthless at once, and
 * begins to have its rows removed and connections dropped.  It need not be
 * declared any more. */
char *access_revoke_host(struct access *, const struct model *,
                         const char *name)
    OVS_WARN_UNUSED_RESULT;
/* True if nothing of that is left to do by us. */
bool access_is_settled(const struct access *);

/* What is needed to answer hosts that ask for certificates; false if nobody
 * gets one. */
bool access_enrolment(const struct access *, struct enrolment *);

/* How a host stands: "none", "token" (waits to enrol), "enrolled", "expired" or
 * "revoked", a constant; and when the certificate, or the token, ends, in
 * seconds since 1970, or 0. */
const char *access_host_identity(const struct access *, const char *name,
                                 long long int wall, long long int *expires);

#endif /* controller/access.h */
