/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows that an agent writes into the TVD database: Agent, Binding and
 * Event, of its own host.  It writes what it is given and decides nothing.
 *
 * Times in the database are milliseconds since the epoch.  Events are written
 * with id 0; the controller numbers them. */

#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/hmap.h"

struct bindings;
struct events;
struct model;
struct ovsdb_idl;
struct ovsdb_idl_txn;

#define STATUS_HEARTBEAT 2000   /* Between heartbeats, in ms. */
#define STATUS_SHOW_READ 2      /* Heartbeats that show what was read. */
#define STATUS_RENEW 500        /* Between claims of what was let go of, ms. */
#define STATUS_RETRY 500        /* After a transaction that failed, in ms. */

struct status {
    const char *host;           /* Borrowed. */
    long long int next_heartbeat;
    unsigned int hurry;         /* Heartbeats to write without delay. */
    long long int renew_at;     /* When to claim anew what was let go of and is
                                 * not given anew; 0: there is none. */
    uint64_t bindings_written;  /* Generation of the bindings, as known to be
                                 * in the database. */
    uint64_t bindings_pending;  /* The same, in the transaction under way. */
    uint64_t counters_written;
    uint64_t installed_written; /* Flow goal that Binding:installed is of. */
    uint64_t installed_pending;
    size_t n_events;            /* In the transaction under way. */
    unsigned int seqno;         /* Of the IDL, when last compared. */
    long long int asked;        /* When the transaction under way was begun,
                                 * ms; 0: there is none. */
    int64_t serial;             /* Its number. */
    long long int retry_at;     /* No transaction before this. */
};

/* What there is to say. */
struct status_input {
    int64_t seq;                /* Enforced; 0 if not known yet. */
    const char *error;          /* "" if none. */
    const struct model *model;  /* For the names of rules. */
    const struct bindings *bindings;
    uint64_t installed;         /* Goal whose flows are installed. */
    const struct hmap *counters;        /* Of struct counter. */
    uint64_t counters_generation;
    struct events *events;
};

/* Has heartbeats written at once by which the controller sees that this host
 * has read what was in the database up to now: it goes by two of them
 * (controller/holders.h), and an EE that moves waits for that. */
void status_show_read(struct status *);

/* Adds to the transaction what differs from what is in the database. */
void status_write(struct status *, struct ovsdb_idl *, struct ovsdb_idl_txn *,
                  const struct status_input *, long long int now);

/* How the last transaction ended. */
void status_committed(struct status *, struct events *, bool success);

void status_wait(const struct status *);

#endif /* agent/status.h */
