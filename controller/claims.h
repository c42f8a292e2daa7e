/* SPDX-License-Identifier: Apache-2.0
 *
 * What hosts claim, judged by the policy.
 *
 * A host writes its own rows of Binding as it likes.  What it says there of a
 * NIC is believed only if the policy lets that NIC be on that host. */

#ifndef CONTROLLER_CLAIMS_H
#define CONTROLLER_CLAIMS_H 1

#include <stdbool.h>

struct model;
struct model_host;
struct model_nic;
struct tvdrec_binding;

/* True if the policy lets 'host' have 'nic': the EE is bound to no other host,
 * the host may run the EE and carry the TVD, and is not revoked.  (What excludes
 * it because of what else runs there is for the agent to say.) */
bool claim_is_allowed(const struct model_host *host,
                      const struct model_nic *nic);

/* As claim_is_allowed(), or will be so once the EE has moved to where it was
 * announced to. */
bool claim_will_be_allowed(const struct model_host *host,
                           const struct model_nic *nic);

/* True if the row may be true: host and NIC are declared, the host is not
 * revoked, the EE is not bound to
 * another host, and if the NIC was admitted, the host may run the EE and carry
 * the TVD.  (A host may well refuse what it may not run.) */
bool claim_is_possible(const struct model *, const struct tvdrec_binding *);

#endif /* controller/claims.h */
