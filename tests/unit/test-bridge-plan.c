/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include <stdlib.h>
#include "ovs-tvd/bridge-plan.h"
#include "tests/unit/tap.h"
#include "util.h"

static char *good_protocols[] = {
    (char *) "OpenFlow15", (char *) "OpenFlow13", (char *) "OpenFlow14",
};

static const struct bridge_state good = {
    .datapath_type = "netdev",
    .fail_mode = "secure",
    .protocols = good_protocols,
    .n_protocols = ARRAY_SIZE(good_protocols),
};

/* Each setting alone is found, and named. */
static void
test_single(void)
{
    static char *old_protocols[] = {
        (char *) "OpenFlow10", (char *) "OpenFlow13", (char *) "OpenFlow14",
        (char *) "OpenFlow15",
    };
    struct bridge_state s[N_BRIDGE_FIXES];
    size_t i;

    for (i = 0; i < N_BRIDGE_FIXES; i++) {
        s[i] = good;
    }
    s[BRIDGE_FIX_INDEX_DATAPATH_TYPE].datapath_type = "";
    s[BRIDGE_FIX_INDEX_FAIL_MODE].fail_mode = NULL;
    s[BRIDGE_FIX_INDEX_PROTOCOLS].protocols = old_protocols;
    s[BRIDGE_FIX_INDEX_PROTOCOLS].n_protocols = ARRAY_SIZE(old_protocols);
    s[BRIDGE_FIX_INDEX_CONTROLLERS].n_controllers = 1;
    s[BRIDGE_FIX_INDEX_MIRRORS].n_mirrors = 2;
    s[BRIDGE_FIX_INDEX_FLOW_TABLES].n_flow_tables = 1;
    s[BRIDGE_FIX_INDEX_FLOOD_VLANS].n_flood_vlans = 1;
    s[BRIDGE_FIX_INDEX_NETFLOW].netflow = true;
    s[BRIDGE_FIX_INDEX_SFLOW].sflow = true;
    s[BRIDGE_FIX_INDEX_IPFIX].ipfix = true;
    s[BRIDGE_FIX_INDEX_AUTO_ATTACH].auto_attach = true;
    s[BRIDGE_FIX_INDEX_STP].stp = true;
    s[BRIDGE_FIX_INDEX_RSTP].rstp = true;
    s[BRIDGE_FIX_INDEX_MCAST_SNOOPING].mcast_snooping = true;
    s[BRIDGE_FIX_INDEX_IN_BAND].in_band = true;
    s[BRIDGE_FIX_INDEX_MARK].unmarked = true;
    for (i = 0; i < N_BRIDGE_FIXES; i++) {
        unsigned int fixes = bridge_plan(&s[i], "netdev");
        char *text = bridge_plan_format(fixes);

        ok(fixes == 1u << i && text[0] && !strchr(text, ','), "only: %s",
           text);
        free(text);
    }
}

static void
test_protocols(void)
{
    struct bridge_state s = good;

    s.n_protocols = 0;
    ok(bridge_plan(&s, "netdev") == BRIDGE_FIX_PROTOCOLS,
       "the default protocols are not ours");
    s.n_protocols = 2;
    ok(bridge_plan(&s, "netdev") == BRIDGE_FIX_PROTOCOLS,
       "a protocol is missing");
}

int
main(void)
{
    struct bridge_state s = good;
    char *text;

    ok(!bridge_plan(&good, "netdev"), "nothing to repair");
    s.datapath_type = "";
    ok(!bridge_plan(&s, "system"), "an empty type is \"system\"");
    s.datapath_type = "system";
    ok(!bridge_plan(&s, "system"), "so is the word itself");
    s.fail_mode = "standalone";
    ok(bridge_plan(&s, "system") == BRIDGE_FIX_FAIL_MODE, "standalone");
    test_single();
    test_protocols();

    text = bridge_plan_format(BRIDGE_FIX_FAIL_MODE | BRIDGE_FIX_MIRRORS);
    is_str(text, "set fail_mode to secure, removed mirrors", "list of fixes");
    free(text);

    ok(!port_needs_fix(&(struct port_state) { .tag = false }), "plain port");
    ok(port_needs_fix(&(struct port_state) { .vlan_mode = true }),
       "port with a VLAN mode");
    return tap_done();
}
