/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/idl-redial.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "random.h"
#include "socket-util.h"
#include "stream.h"
#include "util.h"

#define INTERVAL 200            /* Between looks, in ms. */
#define REMOTE_INTERVAL 1000    /* Between sessions, in ms; and as much as */
#define REMOTE_RANDOM 500       /* this more. */
#define PROBE_TIME 100          /* For a server to take a connection, in ms. */
#define MAX_PATIENCE 4          /* Doublings of the interval. */
#define QUICK_INTERVAL 300
#define QUICK_RANDOM 200
#define QUICK_TRIES 4
#define LASTING 3000            /* A connection that counts, ms. */
#define MIN_SILENCE 1000        /* Of a connection, which is given up after */
#define MAX_SILENCE 8000        /* twice as long, in ms. */
#define MIN_ANSWER 1500         /* For a transaction, in ms: longer than */
#define MAX_UNANSWERED 4        /* members give each other; and doublings. */

VLOG_DEFINE_THIS_MODULE(idl_redial);

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

/* Sets how long a connection may be silent.  The first reading may take long,
 * and is left alone. */
static void
set_silence(struct idl_redial *r, struct ovsdb_idl *idl, bool connected,
            long long int now)
{
    if (connected && !r->since) {
        r->since = now;
        r->silence = r->silence ? r->silence : MIN_SILENCE;
    } else if (!connected && r->since) {
        long long int age = now - r->since;

        /* Given up for its silence, and hardly begun. */
        r->silence = (age >= 2 * r->silence && age < 3 * r->silence
                      ? MIN(2 * r->silence, MAX_SILENCE) : MIN_SILENCE);
        r->since = 0;
    }
    if (connected && now - r->since >= LASTING) {
        r->tries = 0;
    }
    if (connected && ovsdb_idl_has_ever_connected(idl)) {
        ovsdb_idl_set_probe_interval(idl, r->silence);
    }
}

static long long int
interval(const struct idl_redial *r, const char *remote)
{
    return (r->quick || (r->tries < QUICK_TRIES && strchr(remote, ','))
            ? QUICK_INTERVAL + random_range(QUICK_RANDOM)
            : REMOTE_INTERVAL + random_range(REMOTE_RANDOM));
}

/* Begins to find out whether there is a server at all behind one of 'remotes',
 * another one each time. */
static void
begin_probe(struct idl_redial *r, const char *remotes)
{
    char *copy = xstrdup(remotes);
    char *rest = copy;
    char *remote = copy;
    unsigned int n = 1;

    for (const char *c = strchr(remotes, ','); c; c = strchr(c + 1, ',')) {
        n++;
    }
    for (unsigned int i = r->n_probes++ % n; i != UINT_MAX; i--) {
        remote = strsep(&rest, ",");
    }
    /* Whether it speaks TLS, and when, is not the question here. */
    if (!strncmp(remote, "ssl:", 4)) {
        memcpy(remote, "tcp:", 4);
    }
    if (stream_open(remote, &r->probe, DSCP_DEFAULT)) {
        r->probe = NULL;
    }
    free(copy);
}

static bool
end_probe(struct idl_redial *r)
{
    bool there = false;

    if (r->probe) {
        stream_run(r->probe);
        there = !stream_connect(r->probe);
        stream_close(r->probe);
        r->probe = NULL;
    }
    return there;
}

/* Gives up a connection on which a transaction is not answered. */
static void
await_answer(struct idl_redial *r, struct ovsdb_idl *idl, long long int now)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
    long long int limit;

    if (r->awaited != r->asked) {
        if (r->awaited != r->given_up) {
            r->unanswered = 0;
        }
        r->awaited = r->asked;
    }
    if (!r->asked || r->asked == r->given_up) {
        return;
    }
    limit = r->asked + (MIN_ANSWER << r->unanswered);
    if (now < limit) {
        poll_timer_wait_until(limit);
        return;
    }
    VLOG_WARN_RL(&rl, "a transaction has not been answered for %lld ms, "
                 "trying another server", now - r->asked);
    r->given_up = r->asked;
    r->unanswered = MIN(r->unanswered + 1, MAX_UNANSWERED);
    ovsdb_idl_force_reconnect(idl);
}

/* A connection is never cut, however long the first reading may take.  An
 * attempt to get one is, but where there is a server, only after ever more
 * time: it may have its hands full with many clients that come at once, and
 * would never finish with any if all gave up and began anew. */
static void
redial_cluster(struct idl_redial *r, struct ovsdb_idl *idl,
               const char *remote, long long int now)
{
    bool connected = ovsdb_idl_is_connected(idl);

    if (strchr(remote, ',')) {
        set_silence(r, idl, connected, now);
    }
    if (connected) {
        end_probe(r);
        r->next = r->verdict = 0;
        r->patience = 0;
        if (strchr(remote, ',')) {
            await_answer(r, idl, now);
        }
        return;
    }
    if (!r->next) {
        r->next = now + interval(r, remote);
    } else if (!r->verdict && now >= r->next) {
        begin_probe(r, remote);
        r->verdict = now + PROBE_TIME;
    } else if (r->verdict && now >= r->verdict) {
        r->patience = end_probe(r) ? MIN(r->patience + 1, MAX_PATIENCE) : 0;
        renew(idl, remote);
        r->tries++;
        r->verdict = 0;
        r->next = now + (interval(r, remote) << r->patience);
    }
    poll_timer_wait_until(r->verdict ? r->verdict : r->next);
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

void
idl_redial_uninit(struct idl_redial *r)
{
    end_probe(r);
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
