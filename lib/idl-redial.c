/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/idl-redial.h"

#include <errno.h>
#include <stddef.h>
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "socket-util.h"
#include "stream.h"
#include "util.h"

#define INTERVAL 200            /* Between looks, in ms. */

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

void
idl_redial(struct idl_redial *r, struct ovsdb_idl *idl, const char *remote,
           long long int now)
{
    if (strncmp(remote, "unix:", 5)) {
        return;
    }
    if (ovsdb_idl_is_connected(idl)) {
        /* Once lost it counts as refused: the server may be back before we
         * look, and the IDL would still wait out its backoff. */
        r->refused = true;
        return;
    }
    if (now >= r->next) {
        bool refused = !listens(remote);

        if (r->refused && !refused) {
            ovsdb_idl_set_remote(idl, NULL, true);
            ovsdb_idl_set_remote(idl, remote, true);
        }
        r->refused = refused;
        r->next = now + INTERVAL;
    }
    poll_timer_wait_until(r->next);
}
