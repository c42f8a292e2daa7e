/* SPDX-License-Identifier: Apache-2.0
 *
 * Connects an IDL to its database soon after a server for it is back.
 *
 * The IDL's own backoff grows to 8 s and cannot be set.  This looks five
 * times a second whether a local server listens again, and if so makes the
 * IDL open a new session.  For a cluster, or a server on another machine, it
 * has a session without connection begin anew every 1 to 1.5 s (at random, so
 * that hosts do not come all at once), of a cluster the first four times every
 * 0.3 to 0.5 s, and always so for the few that are 'quick'; each tries all
 * members in a random order.  Where a server listens but does not come to us,
 * that time is doubled again and again, up to 16 s or more.
 *
 * To a cluster, a connection that the other end keeps silent on is given up
 * after 2 s, not after the IDL's 10 s: there are other members.  A server that
 * is slow must not lose its clients to that over and over: one that was
 * given up before it had done anything makes the next one wait twice as long, up
 * to 16 s.
 *
 * So is one on which a transaction has not been answered for 1.5 s.  A member
 * that had passed it on to a leader which died before it got there, and became
 * the leader itself, keeps it without an end while others have it write more
 * often than it would send heartbeats (ovsdb/raft.c of Open vSwitch 3.1 looks
 * for commands that are overdue only when a heartbeat is due).  Here, too, one
 * that was given up makes the next wait twice as long, up to 24 s. */

#ifndef LIB_IDL_REDIAL_H
#define LIB_IDL_REDIAL_H 1

#include <stdbool.h>
#include "compiler.h"

struct ovsdb_idl;
struct stream;

struct idl_redial {
    /* Set by the user; see above. */
    bool quick;
    long long int asked;        /* When the transaction that is under way was
                                 * begun, ms; 0: there is none. */

    bool refused;               /* A local server did not listen when last
                                 * tried, or has been lost since. */
    long long int next;         /* When to look again, ms. */

    /* Of a cluster, or a server on another machine. */
    struct stream *probe;       /* A connection to see whether one listens. */
    long long int verdict;      /* When to look at it, 0: there is none. */
    unsigned int n_probes;      /* Which remote is next. */
    unsigned int patience;      /* How often the time has been doubled. */
    long long int since;        /* When it was connected, ms; 0: it is not. */
    int tries;                  /* Since a connection lasted. */
    int silence;                /* Before a probe, ms; 0: not set. */
    long long int awaited;      /* 'asked' when last looked at. */
    long long int given_up;     /* The last 'asked' that was; 0: none. */
    unsigned int unanswered;    /* How many in a row. */
};

/* To be called in each iteration with the IDL's remote; 'now' is time_msec().
 * Has the poll loop wake up for the next look. */
void idl_redial(struct idl_redial *, struct ovsdb_idl *, const char *remote,
                long long int now);

/* Closes what 'r' has open. */
void idl_redial_uninit(struct idl_redial *r);

/* True if a transaction would be sent now: the IDL has the contents of the
 * database from a server that is good for it, which a connection alone does
 * not say (of a cluster: from the leader, if it wants that, else from a member
 * that is in touch with the leader), and the lock, if it asked for one.  No
 * transaction may be open. */
bool idl_may_write(struct ovsdb_idl *);

#endif /* lib/idl-redial.h */
