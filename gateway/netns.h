/* SPDX-License-Identifier: Apache-2.0
 *
 * Network namespaces and what is in them, through libnl; the only file that
 * includes it.
 *
 * Namespaces are named as "ip netns" does: files in /run/netns onto which the
 * namespace is mounted.  They outlive the process.
 *
 * A session works on one namespace and the host's together.  It moves the
 * whole process between the two, so only a process that has nothing else to
 * do may have one, and not more than one.
 *
 * Functions that return a string return NULL if successful, otherwise an error
 * message, to be freed by the caller. */

#ifndef GATEWAY_NETNS_H
#define GATEWAY_NETNS_H 1

#include "gateway/plan.h"

struct gateway_netns;

/* Opens a session on the namespace 'name', which need not exist.  If it does,
 * the process is in it afterwards. */
char *gateway_netns_open(const char *name, struct gateway_netns **)
    OVS_WARN_UNUSED_RESULT;
/* Ends it; the process is in the host's namespace afterwards.  Accepts NULL. */
void gateway_netns_close(struct gateway_netns *);

/* True if the namespace exists, so that the process is in it. */
bool gateway_netns_is_inside(const struct gateway_netns *);

/* Puts the names of the namespaces that carry our mark into 'names'. */
char *gateway_netns_list(struct sset *names) OVS_WARN_UNUSED_RESULT;

/* Makes the directory of namespaces ready.  To be called once before several
 * processes create some at the same time. */
char *gateway_netns_prepare(void) OVS_WARN_UNUSED_RESULT;

/* Moves the process into an anonymous namespace that nothing else uses. */
char *gateway_netns_enter_scratch(void) OVS_WARN_UNUSED_RESULT;

/* Fills all of 'o' but what nftables knows (see gateway/readback.h). */
char *gateway_netns_observe(struct gateway_netns *,
                            const struct gateway_wanted *,
                            struct gateway_observed *o)
    OVS_WARN_UNUSED_RESULT;

/* Does 'action', if it is one about namespaces, devices, addresses, routes,
 * neighbours or kernel settings.  'wanted' may be NULL for
 * GATEWAY_DELETE_NETNS. */
char *gateway_netns_act(struct gateway_netns *,
                        const struct gateway_wanted *wanted,
                        const struct gateway_action *action)
    OVS_WARN_UNUSED_RESULT;

#endif /* gateway/netns.h */
