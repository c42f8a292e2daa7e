/* SPDX-License-Identifier: Apache-2.0
 *
 * A non-blocking client of ovs-vswitchd's control socket (what ovs-appctl
 * talks to; see ovs-appctl(8)), for the main loop.
 *
 * One command is under way at a time; others wait in a queue.  A connection
 * is made for each batch of commands, because ovs-vswitchd's socket changes
 * its name with the process.  It does not interpret what comes back. */

#ifndef OVS_TVD_APPCTL_H
#define OVS_TVD_APPCTL_H 1

#include <stdbool.h>
#include <stddef.h>

struct appctl;

/* Called once for each command: 'error' is NULL if it succeeded, else says
 * why not ("ovs-vswitchd does not run", its own message, "timed out").
 * 'result' is what it printed, NULL on error.  Both are borrowed. */
typedef void appctl_cb(void *aux, const char *result, const char *error);

/* 'rundir' is where ovs-vswitchd.pid and its control socket are. */
struct appctl *appctl_create(const char *rundir);

/* Drops queued commands without calling their callbacks.  NULL is fine. */
void appctl_destroy(struct appctl *);

/* Queues 'command' with 'n_args' arguments.  'cb' may be NULL. */
void appctl_submit(struct appctl *, const char *command,
                   const char *const args[], size_t n_args,
                   appctl_cb *cb, void *aux);

/* 'now' is time_msec(); callbacks are called from here. */
void appctl_run(struct appctl *, long long int now);
void appctl_wait(const struct appctl *);

/* True if no command is queued or under way. */
bool appctl_is_idle(const struct appctl *);

#endif /* ovs-tvd/appctl.h */
