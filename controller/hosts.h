/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of each host, as its agent's row tells.
 *
 * An agent is alive as long as its heartbeat changes: what counts is when we
 * saw it change, by our clock, so that hosts whose clocks are wrong are not
 * thought dead.  It does not talk to anybody and writes nothing. */

#ifndef CONTROLLER_HOSTS_H
#define CONTROLLER_HOSTS_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/shash.h"

struct model;
struct ovsdb_idl;
struct report_sink;

/* An agent that has not been heard of for so long is offline, in ms.  Agents
 * write every second or two. */
#define HOSTS_OFFLINE_AFTER 5000

enum host_state {
    HOST_ENFORCED,              /* Has everything up to the seq asked for. */
    HOST_BEHIND,                /* Not yet. */
    HOST_OFFLINE,               /* Not heard of, or never heard of. */
    HOST_ERROR,                 /* Its agent says that something is wrong. */
};
const char *host_state_to_string(enum host_state);

struct hosts {
    struct shash agents;        /* "struct agent_life" by host. */
    bool started;               /* Before: nothing is reported. */
};

void hosts_init(struct hosts *);
void hosts_destroy(struct hosts *);

/* Looks at the rows.  'now' is monotonic, 'wall' since 1970, both in ms.
 * Reports hosts that come and go. */
void hosts_run(struct hosts *, const struct ovsdb_idl *,
               const struct report_sink *, long long int now,
               long long int wall);
/* Wakes the poll loop when a host becomes overdue. */
void hosts_wait(const struct hosts *);

/* What is known of a host. */
struct host_status {
    enum host_state state;
    int64_t seq;                /* What it has, 0 if unknown. */
    char *reason;               /* NULL if enforced; owned. */
};
/* Of host 'name' of 'model', asked about 'wanted'; 'newest' is the seq of TVD_Global.  (An
 * agent that claims a later one has not yet seen that the database was put
 * back to an older state.) */
void hosts_status(const struct hosts *, const struct model *, const char *name,
                  int64_t wanted, int64_t newest, struct host_status *);
void host_status_destroy(struct host_status *);

#endif /* controller/hosts.h */
