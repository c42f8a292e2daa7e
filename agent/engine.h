/* SPDX-License-Identifier: Apache-2.0
 *
 * The agent's engine: connects the TVD database, the local Open_vSwitch
 * database, the bridge's flows and the gateways of this host.
 *
 *     TVD database --> model --+
 *                              +--> bindings (admission) --> pipeline
 *     Open_vSwitch --> ports --+                                |
 *                                                               v
 *     gateways <-- model                 flows wanted --> ofctl --> bridge
 *        |                                                      |
 *        +------------------> status rows <---------------------+
 *
 * Nothing is written to the bridge's tables until both databases have been
 * read and the flows have been dumped; then only the difference is.  A
 * database that cannot be reached changes nothing: the last model stays in
 * force, and ports that leave are still dealt with.
 *
 * It decides nothing itself: flowpolicy/decide.h does, through bindings.h.
 * It never blocks. */

#ifndef AGENT_ENGINE_H
#define AGENT_ENGINE_H 1

#include <stdbool.h>

struct engine;
struct gateway_worker;
struct report_sink;

struct engine_config {
    const char *db;             /* TVD database, e.g. "unix:/run/tvd/...". */
    const char *ovsdb;          /* Open_vSwitch database. */
    const char *rundir;         /* Open vSwitch's: control sockets. */
    const char *bridge;
    const char *host;           /* Name in the policy; NULL: the value of
                                 * external_ids:tvd-host, else the host name. */
    const char *uplink;         /* Device that leads to the fabric; "": none;
                                 * NULL: the value of
                                 * external_ids:tvd-uplink. */
    struct gateway_worker *worker;
};

/* Strings are copied; the worker is borrowed.  Registers the unixctl commands
 * "tvd/show", "tvd/flows", "tvd/counters" and "tvd/recompute". */
struct engine *engine_create(const struct engine_config *);
/* Leaves everything that is installed as it is. */
void engine_destroy(struct engine *);

/* Where modules beside the engine report what an administrator should know. */
const struct report_sink *engine_sink(const struct engine *);

/* One turn of the main loop.  Returns false if the program must end and be
 * started anew, because its gateway worker is gone. */
bool engine_run(struct engine *);
void engine_wait(struct engine *);

#endif /* agent/engine.h */
