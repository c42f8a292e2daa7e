/* SPDX-License-Identifier: Apache-2.0
 *
 * The way back: what cannot be given back, and what is easily forgotten.  That
 * the rest is given back is for test-switch-random and -exhaustive. */

#include <config.h>

#include <stdlib.h>
#include "svec.h"
#include "switchcfg/profile.h"
#include "switchcfg/wanted.h"
#include "tests/unit/switch-bits.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

/* What no device takes is not given back: a PVID that is no VID. */
static void
test_no_pvid(void)
{
    static const uint32_t pvids[] = { 0, 4095 };

    for (size_t i = 0; i < ARRAY_SIZE(pvids); i++) {
        struct model_switch_options options = { 0 };
        struct model_switch *ms = model_switch_create(&options);
        struct mib_oid pvid = mib_oid_child(&mib_pvid, 1);
        struct svec lines = SVEC_EMPTY_INITIALIZER;
        struct switch_plan plan = { .n = 0 }, back = { .n = 0 };
        struct switch_tables before, now;
        struct switch_wanted w;
        char *error;

        model_switch_load_default(ms, 4, 0);
        switch_bits_list(ms, &mib_vlan_static_egress, 1, 0xe);
        switch_bits_list(ms, &mib_vlan_static_untagged, 1, 0xe);
        switch_bits_number(ms, &mib_pvid, 1, MIB_UNSIGNED32, pvids[i]);
        model_switch_read(ms, switch_profile_standard(), &before);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        vidset_add(&switch_wanted_add_port(&w, "1", SWITCH_ACCESS, NULL)->vids,
                   110);
        error = switch_plan_make(&before, &w, &plan);
        error = error ? error : switch_check_execute(ms, &plan);
        is_str(error, NULL, "PVID %"PRIu32": done", pvids[i]);
        model_switch_read(ms, switch_profile_standard(), &now);
        error = switch_plan_restore(&now, &before, &w, &back);
        is_str(error, NULL, "there is a way back");
        ok(back.notes.n == 1 && strstr(back.notes.names[0], "cannot be set"),
           "it says: %s", back.notes.n ? back.notes.names[0] : "nothing");
        error = switch_check_execute(ms, &back);
        is_str(error, NULL, "it can be gone");
        ok(model_switch_get(ms, &pvid)->number == 1, "the PVID is another");
        ok(!model_switch_forwards(ms, 1, 0, 2, NULL), "that leads nowhere");
        switch_tables_destroy(&now);
        model_switch_read(ms, switch_profile_standard(), &now);
        ok(switch_plan_verify_restored(&now, &before, &w, &lines),
           "that is as it was: %s", lines.n ? lines.names[0] : "");
        free(error);
        svec_destroy(&lines);
        switch_plan_destroy(&plan);
        switch_plan_destroy(&back);
        switch_tables_destroy(&now);
        switch_tables_destroy(&before);
        switch_wanted_destroy(&w);
        model_switch_destroy(ms);
    }
}

/* A VLAN of ours that was deleted comes back with all that it had. */
static void
test_deleted_vlan(void)
{
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);
    struct switch_plan plan = { .n = 0 }, back = { .n = 0 };
    struct mib_oid forbidden = mib_oid_child(&mib_vlan_static_forbidden, 110);
    struct mib_oid status = mib_oid_child(&mib_vlan_static_row_status, 110);
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_tables before, now;
    struct switch_wanted w;
    char *error;

    model_switch_load_default(ms, 4, 0);
    switch_bits_octets(ms, &mib_vlan_static_name, 110, "tvd-red", 7);
    switch_bits_list(ms, &mib_vlan_static_egress, 110, 0);
    switch_bits_list(ms, &mib_vlan_static_forbidden, 110, 6);
    switch_bits_list(ms, &mib_vlan_static_untagged, 110, 0);
    switch_bits_number(ms, &mib_vlan_static_row_status, 110, MIB_INTEGER,
                       MIB_ROW_NOT_IN_SERVICE);
    model_switch_read(ms, switch_profile_standard(), &before);
    switch_wanted_init(&w);
    error = switch_plan_make(&before, &w, &plan);
    error = error ? error : switch_check_execute(ms, &plan);
    is_str(error, NULL, "a VLAN is deleted");
    ok(!model_switch_get(ms, &status), "and gone");
    model_switch_read(ms, switch_profile_standard(), &now);
    error = switch_plan_restore(&now, &before, &w, &back);
    error = error ? error : switch_check_execute(ms, &back);
    is_str(error, NULL, "it comes back");
    ok(model_switch_get(ms, &forbidden)
       && model_switch_get(ms, &forbidden)->octets[0] == 0x60,
       "with those that must not join");
    ok(model_switch_get(ms, &status)
       && model_switch_get(ms, &status)->number == MIB_ROW_NOT_IN_SERVICE,
       "and out of service");
    switch_bits_list(ms, &mib_vlan_static_forbidden, 110, 2);
    switch_tables_destroy(&now);
    model_switch_read(ms, switch_profile_standard(), &now);
    ok(!switch_plan_verify_restored(&now, &before, &w, &lines)
       && lines.n == 1, "what differs is named");
    is_str(lines.n ? lines.names[0] : NULL, "port 3 (Gi1/0/3): not forbidden "
           "in VLAN 110 (tvd-red)", "so");
    free(error);
    svec_destroy(&lines);
    switch_plan_destroy(&plan);
    switch_plan_destroy(&back);
    switch_tables_destroy(&now);
    switch_tables_destroy(&before);
    switch_wanted_destroy(&w);
    model_switch_destroy(ms);
}

int
main(void)
{
    test_no_pvid();
    test_deleted_vlan();
    return tap_done();
}
