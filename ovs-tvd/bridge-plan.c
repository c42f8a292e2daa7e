/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/bridge-plan.h"

#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "util.h"

const char *const bridge_protocols[BRIDGE_N_PROTOCOLS] = {
    "OpenFlow13", "OpenFlow14", "OpenFlow15",
};

static bool
protocols_are_ours(const struct bridge_state *s)
{
    unsigned int seen = 0;

    for (size_t i = 0; i < s->n_protocols; i++) {
        size_t j;

        for (j = 0; j < BRIDGE_N_PROTOCOLS; j++) {
            if (!strcmp(s->protocols[i], bridge_protocols[j])) {
                seen |= 1u << j;
                break;
            }
        }
        if (j == BRIDGE_N_PROTOCOLS) {
            return false;
        }
    }
    return seen == (1u << BRIDGE_N_PROTOCOLS) - 1;
}

unsigned int
bridge_plan(const struct bridge_state *s, const char *datapath_type)
{
    /* The database keeps the default type, "system", as "" too. */
    const char *is = s->datapath_type[0] ? s->datapath_type : "system";
    const struct {
        bool wrong;
        enum bridge_fix fix;
    } checks[] = {
        { strcmp(is, datapath_type) != 0, BRIDGE_FIX_DATAPATH_TYPE },
        { !s->fail_mode || strcmp(s->fail_mode, "secure") != 0,
          BRIDGE_FIX_FAIL_MODE },
        { !protocols_are_ours(s), BRIDGE_FIX_PROTOCOLS },
        { s->n_controllers > 0, BRIDGE_FIX_CONTROLLERS },
        { s->n_mirrors > 0, BRIDGE_FIX_MIRRORS },
        { s->n_flow_tables > 0, BRIDGE_FIX_FLOW_TABLES },
        { s->n_flood_vlans > 0, BRIDGE_FIX_FLOOD_VLANS },
        { s->netflow, BRIDGE_FIX_NETFLOW },
        { s->sflow, BRIDGE_FIX_SFLOW },
        { s->ipfix, BRIDGE_FIX_IPFIX },
        { s->auto_attach, BRIDGE_FIX_AUTO_ATTACH },
        { s->stp, BRIDGE_FIX_STP },
        { s->rstp, BRIDGE_FIX_RSTP },
        { s->mcast_snooping, BRIDGE_FIX_MCAST_SNOOPING },
        { s->in_band, BRIDGE_FIX_IN_BAND },
        { s->unmarked, BRIDGE_FIX_MARK },
    };
    unsigned int fixes = 0;

    BUILD_ASSERT(ARRAY_SIZE(checks) == N_BRIDGE_FIXES);
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        fixes |= checks[i].wrong ? checks[i].fix : 0;
    }
    return fixes;
}

char *
bridge_plan_format(unsigned int fixes)
{
    static const char *const texts[] = {
#define X(NAME, TEXT) TEXT,
        BRIDGE_FIXES
#undef X
    };
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < N_BRIDGE_FIXES; i++) {
        if (fixes & (1u << i)) {
            ds_put_format(&s, "%s%s", s.length ? ", " : "", texts[i]);
        }
    }
    return ds_steal_cstr(&s);
}

bool
port_needs_fix(const struct port_state *s)
{
    return s->tag || s->trunks || s->vlan_mode || s->cvlans;
}
