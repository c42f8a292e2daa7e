/* SPDX-License-Identifier: Apache-2.0
 *
 * Events that wait to be written to the database.
 *
 * Pure: a bounded queue that leaves out repetitions.  The same event again
 * within EVENTS_QUIET ms is counted, not queued, so that somebody who changes
 * a flow in a loop does not fill the database. */

#ifndef AGENT_EVENTS_H
#define AGENT_EVENTS_H 1

#include <stdbool.h>
#include <stddef.h>
#include "lib/report.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"

#define EVENTS_MAX 1000         /* Waiting; the first causes are kept. */
#define EVENTS_QUIET 3000       /* In ms. */

struct event {
    struct ovs_list node;       /* In struct events' 'queue'. */
    long long int when;         /* Wall-clock time, ms since the epoch. */
    enum report_severity severity;
    char *kind;
    char *message;
};

struct events {
    struct ovs_list queue;      /* Of struct event, oldest first. */
    size_t n;
    struct shash recent;        /* "struct recent *" by kind and message. */
    long long int next_sweep;
};

void events_init(struct events *);
void events_destroy(struct events *);

/* 'now' is monotonic, 'wall' the time that the event shows; both in ms.
 * Returns false if the event was left out, because it is a repetition or the
 * queue is full. */
bool events_add(struct events *, enum report_severity, const char *kind,
                const char *message, long long int now, long long int wall);

/* The oldest event, or NULL. */
const struct event *events_first(const struct events *);
/* The one after it, or NULL. */
const struct event *events_next(const struct events *, const struct event *);
/* Removes the 'n' oldest. */
void events_drop(struct events *, size_t n);

#endif /* agent/events.h */
