/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring of events: numbers the rows that agents and we add to the table
 * Event, keeps EVENTS_MAX, and finds those that somebody asks for.  If there are
 * more, the oldest ones of the hosts with most of them go.
 *
 * Rows get their number in the order in which they arrive here, one batch
 * sorted by its own time.  Agents are not trusted with numbers: a row that
 * comes with one gets another. */

#ifndef CONTROLLER_EVENTS_H
#define CONTROLLER_EVENTS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/report.h"
#include "openvswitch/list.h"

struct json;
struct ovsdb_idl;
struct ovsdb_idl_txn;

/* Rows kept. */
#define EVENTS_MAX 1000
/* Of our own, waiting to be written. */
#define EVENTS_MAX_PENDING 200

struct events {
    struct ovs_list pending;    /* Our own, not yet written. */
    size_t n_pending;
    size_t n_writing;           /* The first so many are in a transaction. */
    int64_t last;               /* Highest number given, */
    int64_t visible;            /* and highest in the table. */
    unsigned int seqno;         /* Of the table when last looked at. */
    bool work;                  /* Rows are to be numbered or removed. */
};

void events_init(struct events *);
void events_destroy(struct events *);

/* Adds an event of our own.  Beyond EVENTS_MAX_PENDING it is dropped. */
void events_add(struct events *, enum report_severity, const char *kind,
                const char *message, long long int wall);

/* Looks at the table, if it changed.  'active': we and nobody else number. */
void events_run(struct events *, const struct ovsdb_idl *, bool active);

/* True if there are events numbered above 'since'. */
bool events_any(const struct events *, int64_t since);

/* True if events_write() has something to write. */
bool events_pending(const struct events *);
/* Adds to a transaction what is to be numbered, added and removed. */
void events_write(struct events *, struct ovsdb_idl *,
                  struct ovsdb_idl_txn *);
/* How that transaction ended. */
void events_written(struct events *, bool success);

/* The events numbered above 'since', oldest first, at most 'limit': the
 * newest ones if 'since' is 0, else the next ones.  The object that
 * docs/ARCHITECTURE.md describes; caller owns. */
struct json *events_to_json(const struct events *, const struct ovsdb_idl *,
                            int64_t since, int64_t limit);
#endif /* controller/events.h */
