/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded database: an ovsdb-server of our own, on a file of our own,
 * for sites that give no --db.
 *
 * It makes the file, brings it to the present schema, starts the server as a
 * process of its own, finds one that is running already (after a crash of the
 * controller) by its pid file, starts it again when it dies, and stops it.  It
 * does not talk to the database.
 *
 *             start            pid file locked by a process
 *   STOPPED ---------> STARTING ------------------> RUNNING
 *      ^                  |                           |
 *      |  failed: later   |                           |  pid file not locked
 *      +------------------+---------------------------+
 */

#ifndef CONTROLLER_DBSERVER_H
#define CONTROLLER_DBSERVER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "compiler.h"

struct dbserver;

/* 'rundir' and 'dbdir' are existing directories.  Files there: tvd-db.sock,
 * tvd-db.pid, tvd-db.ctl, tvd-db.log; tvd.db, tvd.ovsschema. */
struct dbserver *dbserver_create(const char *rundir, const char *dbdir);
/* Lets the server speak TLS: files in PEM, borrowed, with its private key and
 * certificate, and the authority of its clients.  It listens at the targets in
 * the database's table Connection.  To be called before it is started. */
void dbserver_set_tls(struct dbserver *, const char *identity,
                      const char *clients);
/* Leaves the server running, if it is. */
void dbserver_destroy(struct dbserver *);

/* Makes or converts the database file, if needed.  Waits for the tools it
 * runs (a fraction of a second).  Returns NULL, or an error message that the
 * caller frees. */
char *dbserver_prepare(struct dbserver *)
    OVS_WARN_UNUSED_RESULT;

/* Starts the server when it is not running.  'connected' says whether we have
 * a connection to it, to save looking. */
void dbserver_run(struct dbserver *, bool connected);
void dbserver_wait(const struct dbserver *);

/* Ends the server and waits until it is gone, at most a few seconds. */
void dbserver_stop(struct dbserver *);

const char *dbserver_remote(const struct dbserver *);   /* "unix:..." */
pid_t dbserver_pid(const struct dbserver *);            /* 0: not running. */
size_t dbserver_n_restarts(const struct dbserver *);
const char *dbserver_error(const struct dbserver *);    /* NULL: none. */

#endif /* controller/dbserver.h */
