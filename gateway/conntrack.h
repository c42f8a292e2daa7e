/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's connection tracking, in the network namespace that the process
 * is in; through the netlink client of libopenvswitch. */

#ifndef GATEWAY_CONNTRACK_H
#define GATEWAY_CONNTRACK_H 1

#include "gateway/ruleset.h"

/* Makes the kernel forget connections that the ruleset does not allow.  They
 * are stopped already, for the ruleset judges every packet; this only tidies
 * up.  Returns NULL if successful, otherwise an error message, to be freed by
 * the caller. */
char *gateway_conntrack_flush(const struct gateway_ruleset *)
    OVS_WARN_UNUSED_RESULT;

#endif /* gateway/conntrack.h */
