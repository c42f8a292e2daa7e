/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/claims.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "lib/tvd-idl.h"
#include "util.h"

static bool
may_run(const struct model_host *host, const struct model_nic *nic)
{
    return (!host->revoked && decide_authorised(host, nic->ee, NULL)
            && decide_attachable(host, nic, nic->tvd, NULL));
}

bool
claim_is_allowed(const struct model_host *host, const struct model_nic *nic)
{
    return ((!nic->ee->host || !strcmp(nic->ee->host, host->name))
            && may_run(host, nic));
}

bool
claim_will_be_allowed(const struct model_host *host,
                      const struct model_nic *nic)
{
    return (claim_is_allowed(host, nic)
            || (nic->ee->next_host && !strcmp(nic->ee->next_host, host->name)
                && may_run(host, nic)));
}

bool
claim_is_possible(const struct model *m, const struct tvdrec_binding *b)
{
    const struct model_host *host = shash_find_data(&m->hosts, b->host);
    const struct model_nic *nic = model_nic_find_full_name(m, b->nic);

    return (host && !host->revoked && nic
            && (!b->admitted || claim_is_allowed(host, nic)));
}
