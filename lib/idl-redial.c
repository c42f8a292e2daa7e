/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/idl-redial.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "random.h"
#include "socket-util.h"
#include "stream.h"
#include "util.h"

#define INTERVAL 200            /* Between looks, in ms. */
#define REMOTE_INTERVAL 1000    /* Between sessions, in ms; and as much as */
#define REMOTE_RANDOM 500       /* this more. */

static bool
listens(const char *remote)
{
    struct stream *stream;
    int error = stream_open(remote, &stream, DSCP_DEFAULT);

    if (error) {
        return false;
    }
    error = stream_connect(stream);
    stream_close(stream);
    return !error || error == EAGAIN;
}

static void
renew(struct ovsdb_idl *idl, const char *remote)
{
    ovsdb_idl_set_remote(idl, NULL, true);
    ovsdb_idl_set_remote(idl, remote, true);
}

/* A connection is never cut, however long the first reading may take. */
static void
redial_cluster(struct idl_redial *r, struct ovsdb_idl *idl,
               const char *remote, long long int now)
{
    bool connected = ovsdb_idl_is_connected(idl);

    if (!connected && r->next && now >= r->next) {
        renew(idl, remote);
        r->next = 0;
    }
    if (connected) {
        r->next = 0;
    } else if (!r->next) {
        r->next = now + REMOTE_INTERVAL + random_range(REMOTE_RANDOM);
    }
    if (r->next) {
        poll_timer_wait_until(r->next);
    }
}

static void
redial_local(struct idl_redial *r, struct ovsdb_idl *idl, const char *remote,
             long long int now)
{
    if (ovsdb_idl_is_connected(idl)) {
        /* Once lost it counts as refused: the server may be back before we
         * look, and the IDL would still wait out its backoff. */
        r->refused = true;
        return;
    }
    if (now >= r->next) {
        bool refused = !listens(remote);

        if (r->refused && !refused) {
            renew(idl, remote);
        }
        r->refused = refused;
        r->next = now + INTERVAL;
    }
    poll_timer_wait_until(r->next);
}

void
idl_redial(struct idl_redial *r, struct ovsdb_idl *idl, const char *remote,
           long long int now)
{
    if (strncmp(remote, "unix:", 5) || strchr(remote, ',')) {
        redial_cluster(r, idl, remote, now);
    } else {
        redial_local(r, idl, remote, now);
    }
}

bool
idl_may_write(struct ovsdb_idl *idl)
{
    struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(idl);
    /* Nothing is sent for a transaction without changes. */
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(txn);

    ovsdb_idl_txn_destroy(txn);
    return status == TXN_UNCHANGED;
}

char *
idl_remotes_check(const char *remotes)
{
    char *copy = xstrdup(remotes);
    char *rest = copy;
    char *error = NULL;
    const char *remote;

    while (!error && (remote = strsep(&rest, ","))) {
        if (stream_verify_name(remote)) {
            error = xasprintf("'%s' is not a connection method (valid: "
                              "unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT, "
                              "separated by commas)", remote);
        }
    }
    free(copy);
    return error;
}
