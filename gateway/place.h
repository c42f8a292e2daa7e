/* SPDX-License-Identifier: Apache-2.0
 *
 * Placement: which TVDs need a gateway made for them, and on which host every
 * gateway that an agent makes runs.
 *
 * It changes a model and nothing else.  It does not allocate ids, MACs or
 * addresses (flowpolicy/alloc.h does, afterwards), and does not choose which
 * NIC a TVD's rule G goes through (decide_assign_gateways() does).
 *
 * A TVD needs a gateway if a rule G starts or ends in it (TVD report, section
 * 3).  If it has no EE in the gateway role, it gets a system gateway:
 *
 *     name      "gw-TVD"; if an EE of another origin has that name,
 *               "gw-TVD-2", "gw-TVD-3", ...
 *     label     that of the TVD
 *     kind      namespace, managed, origin MODEL_FROM_SYSTEM
 *     NIC       "eth0", in the TVD, role "gateway" */

#ifndef GATEWAY_PLACE_H
#define GATEWAY_PLACE_H 1

#include <stdbool.h>
#include "lib/model.h"

struct policy_errors;

/* True if a rule G starts or ends in 'tvd'.  O(roles of 'm'). */
bool gateway_needed(const struct model *m, const struct model_tvd *tvd);

/* Makes the system gateways of 'm' those it needs: removes EEs of origin
 * MODEL_FROM_SYSTEM that are no longer needed, adds those that are missing,
 * and gives every managed EE without a host one.  'gateway' of the TVDs is
 * not kept; call decide_assign_gateways() afterwards.
 *
 * An EE that is in 'old' under the same name, managed too, stays on the host
 * it has there as long as that host may run it.  Otherwise it gets the first
 * host, by name, whose label authorises it and its TVD, and on which no
 * conflict set forbids it beside the EEs bound to that host.  'old' may be
 * NULL, and may be 'm' itself.
 *
 * Returns true if successful; false with at least one error in 'errors' if a
 * gateway fits on no host, if a managed EE has not exactly one NIC, or if a
 * TVD that needs a gateway lacks the gateway role.  'm' is then still a valid
 * model. */
bool gateway_place(struct model *m, const struct model *old,
                   struct policy_errors *errors);

#endif /* gateway/place.h */
