/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/claims.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "lib/tvd-idl.h"
#include "util.h"

/* The NIC called 'full_name', "EE/NIC", or NULL. */
static const struct model_nic *
find_nic(const struct model *m, const char *full_name)
{
    const char *slash = strchr(full_name, '/');
    const struct model_ee *ee;
    char *name;

    if (!slash) {
        return NULL;
    }
    name = xmemdup0(full_name, slash - full_name);
    ee = model_ee_find(m, name);
    free(name);
    for (size_t i = 0; ee && i < ee->n_nics; i++) {
        if (!strcmp(ee->nics[i]->name, slash + 1)) {
            return ee->nics[i];
        }
    }
    return NULL;
}

bool
claim_is_possible(const struct model *m, const struct tvdrec_binding *b)
{
    const struct model_host *host = shash_find_data(&m->hosts, b->host);
    const struct model_nic *nic = find_nic(m, b->nic);

    if (!host || !nic) {
        return false;
    }
    if (!b->admitted) {
        return true;
    }
    return ((!nic->ee->host || !strcmp(nic->ee->host, host->name))
            && decide_authorised(host, nic->ee, NULL)
            && decide_attachable(host, nic, nic->tvd, NULL));
}
