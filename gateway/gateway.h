/* SPDX-License-Identifier: Apache-2.0
 *
 * Gateway EEs on this host: the contract of the folder.
 *
 * Given what gateways a host should have (gateway/plan.h), this makes network
 * namespaces with a veth, addresses, routes and an nftables ruleset, keeps
 * them so, and removes them.  It does not put the veth into the bridge and
 * does not know Open vSwitch; the caller adds a port with the device's name
 * and external_ids:iface-id set to the NIC's name.  It does not decide where
 * gateways run (gateway/place.h), nor what may pass (flowpolicy/decide.h).
 *
 * All work that enters other namespaces, or takes longer than an event loop
 * can wait, is done in a worker process, forked when the agent starts.  It
 * has the capabilities it needs and no others, and dies with its parent.  The
 * namespaces stay when either dies: what they enforce lives in the kernel.
 *
 *     agent                                  worker
 *       gateway_submit(wanted)  ----JSON---->  for each gateway, in a child
 *       gateway_poll() <-------report--------  process: observe, plan, act,
 *                                              read back
 *
 * Requests do not queue up: of several that wait, the newest is done.  The
 * worker is told only about gateways that are wanted otherwise than before, so
 * that the work for a change does not grow with the number of gateways.  On
 * its own it reads them back all the time, a few at once, repairs what was
 * changed by hand, and reports that. */

#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H 1

#include <stdbool.h>
#include <stdint.h>
#include "gateway/plan.h"
#include "openvswitch/shash.h"

struct gateway_worker;

/* Forks the worker.  To be called before the process starts threads and
 * after it has become a daemon.  Returns 0 and sets '*workerp', or a positive
 * errno. */
int gateway_worker_start(struct gateway_worker **workerp);
/* Ends the worker process; accepts NULL. */
void gateway_worker_stop(struct gateway_worker *);

enum gateway_mode {
    GATEWAY_APPLY,              /* Make it so. */
    GATEWAY_DRY_RUN,            /* Say what would be done. */
};

/* Asks for the gateways 'wanted' (see gateway_plan_wanted(); taken over and
 * destroyed here) and no others.  Need not be repeated as long as nothing else
 * is wanted.  Returns a number that the report will carry; a later call makes
 * the reports of earlier ones that have not been begun yet void. */
uint64_t gateway_submit(struct gateway_worker *, struct shash *wanted,
                        enum gateway_mode);

/* One gateway as the worker left it. */
struct gateway_status {
    char *ee;
    char *nic;                  /* "EE/NIC". */
    char *netns;
    char *host_if;              /* Device for the bridge. */
    bool ready;                 /* All is as wanted, and was read back. */
    char *error;                /* First thing that failed, else NULL. */
    char **actions;             /* What was done (GATEWAY_DRY_RUN: would be), */
    size_t n_actions;           /* as gateway_action_format() says it. */
    bool drift;                 /* Something had changed without our doing. */
    struct shash counters;      /* "struct gateway_counter *" by name; empty
                                 * if nothing was done. */
};

struct gateway_report {
    uint64_t id;                /* What gateway_submit() returned. */
    bool ready;                 /* All gateways are, and the removed gone. */
    char *error;                /* Failure as a whole, else NULL. */
    struct shash gateways;      /* "struct gateway_status *" by EE. */
    char **removed;             /* Actions that removed gateways. */
    size_t n_removed;
};

/* Exchanges what there is with the worker without blocking, and returns a
 * report if one has come, which the caller owns; else NULL.  Each request gets
 * one; more come, with the id of the last request that is done, when something
 * was repaired, fails or works again.  If the worker
 * has died, each submitted request gets a report with 'error' set, and the
 * program should end, to be started anew by its supervisor. */
struct gateway_report *gateway_poll(struct gateway_worker *);
/* Makes poll_block() wake up when gateway_poll() has something to do. */
void gateway_wait(struct gateway_worker *);
/* False once the worker is gone. */
bool gateway_worker_is_alive(const struct gateway_worker *);

void gateway_report_destroy(struct gateway_report *);

#endif /* gateway/gateway.h */
