/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a device, and a port of it, can be configured, and what is said of
 * those that cannot.  (That plans refuse for the same reasons is for
 * test-switch-recorded.) */

#include <config.h>

#include <stdlib.h>
#include "switchcfg/plan.h"
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "tests/unit/switch-bits.h"
#include "tests/unit/tap.h"
#include "util.h"

static struct model_switch *
make_switch(void)
{
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);

    model_switch_load_default(ms, 4, 100);
    return ms;
}

static void
drop(struct model_switch *ms, const struct mib_oid *column, uint32_t last)
{
    for (uint32_t i = 1; i <= last; i++) {
        struct mib_oid oid = mib_oid_child(column, i);

        model_switch_drop(ms, &oid);
    }
}

/* What is said of the device, or else of the port. */
static char *
check(const struct model_switch *ms, const struct switch_profile *profile,
      uint32_t port)
{
    struct switch_tables t;
    char *error;

    model_switch_read(ms, profile, &t);
    error = switch_check_device(&t, true);
    if (!error) {
        error = switch_check_port(&t, switch_tables_port(&t, port));
    }
    switch_tables_destroy(&t);
    return error;
}

static void
test_devices(void)
{
    static const struct {
        const char *what;
        const struct mib_oid *gone;
        const char *said;
    } tests[] = {
        { "ordinary", NULL, NULL },
        { "no ingress filtering", &mib_ingress_filtering,
          "no dot1qPortIngressFiltering" },
        { "no PVID", &mib_pvid, "no PVID (dot1qPvid)" },
        { "no acceptable frames", &mib_acceptable_frames, NULL },
        { "no interfaces", &mib_base_port_if_index, NULL },
    };
    struct switch_profile refused = *switch_profile_standard();
    struct model_switch *ms;
    char *error;

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        ms = make_switch();
        if (tests[i].gone) {
            drop(ms, tests[i].gone, 4);
        }
        error = check(ms, switch_profile_standard(), 3);
        ok(tests[i].said ? error && strstr(error, tests[i].said) : !error,
           "%s: %s", tests[i].what, error ? error : "can be configured");
        free(error);
        model_switch_destroy(ms);
    }
    refused.refusal = CONST_CAST(char *, "not over SNMP");
    ms = make_switch();
    error = check(ms, &refused, 3);
    is_str(error, "Q-BRIDGE: not over SNMP", "a kind that is refused");
    free(error);
    model_switch_destroy(ms);
}

/* An empty list among longer ones tells that lists grow, whatever its VID. */
static void
test_empty_list(void)
{
    unsigned int n_refused = 0;

    for (uint32_t vid = 2; vid < 66; vid++) {
        struct model_switch *ms = make_switch();
        char *error;

        switch_bits_octets(ms, &mib_vlan_static_egress, 1, "\x70", 2);
        switch_bits_octets(ms, &mib_vlan_static_egress, 100, "\x10", 2);
        switch_bits_octets(ms, &mib_vlan_static_egress, vid, "", 0);
        switch_bits_number(ms, &mib_pvid, 17, MIB_UNSIGNED32, 1);
        switch_bits_number(ms, &mib_ingress_filtering, 17, MIB_INTEGER,
                           MIB_TRUE);
        error = check(ms, switch_profile_standard(), 17);
        n_refused += error != NULL;
        free(error);
        model_switch_destroy(ms);
    }
    ok(!n_refused, "an empty list says nothing about the end of others");
}

static void
test_no_base_ports(void)
{
    struct model_switch *ms = make_switch();
    const struct switch_port *port;
    struct switch_tables t;
    char *error;

    drop(ms, &mib_base_port_if_index, 4);
    model_switch_read(ms, switch_profile_standard(), &t);
    error = switch_tables_find_port(&t, "Gi1/0/3", &port);
    is_str(error, "port \"Gi1/0/3\": the device does not tell which port of "
           "its bridge this interface is (no dot1dBasePortTable); name the "
           "port by its number, \"#1\" or another", "no table of ports");
    free(error);
    error = switch_tables_find_port(&t, "#3", &port);
    ok(!error && port->number == 3, "by its number it is found");
    free(error);
    switch_tables_destroy(&t);
    model_switch_destroy(ms);
}

int
main(void)
{
    test_devices();
    test_empty_list();
    test_no_base_ports();
    return tap_done();
}
