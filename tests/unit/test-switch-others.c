/* SPDX-License-Identifier: Apache-2.0
 *
 * What others made of a switch: taking it over, and their ports. */

#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "switchcfg/profile.h"
#include "switchcfg/wanted.h"
#include "tests/unit/switch-bits.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

static void
want_port(struct switch_wanted *w, const char *name, enum switch_role role,
          unsigned int vid, unsigned int vid2)
{
    struct switch_wanted_port *p = switch_wanted_add_port(w, name, role, NULL);

    vidset_add(&p->vids, vid);
    if (vid2) {
        vidset_add(&p->vids, vid2);
    }
}

/* Adds a VLAN whose lists are of one octet, port 1 its highest bit. */
static void
put_vlan(struct model_switch *ms, uint32_t vid, const char *name,
         uint8_t egress, uint8_t untagged)
{
    switch_bits_octets(ms, &mib_vlan_static_name, vid, name, strlen(name));
    switch_bits_octets(ms, &mib_vlan_static_egress, vid, (char *) &egress, 1);
    switch_bits_octets(ms, &mib_vlan_static_untagged, vid, (char *) &untagged,
                       1);
    switch_bits_number(ms, &mib_vlan_static_row_status, vid, MIB_INTEGER,
                       MIB_ROW_ACTIVE);
}

/* --- Taking over -----------------------------------------------------------*/

static void
check_adopted_port(const struct switch_tables *t, struct switch_wanted *w,
                   const char *name, enum switch_role role, const char *vids,
                   const char *problem)
{
    struct switch_wanted_port is
        = *(struct switch_wanted_port *) shash_find_data(&w->ports, name);
    char *error = switch_adopt_port(t, name, &is);
    struct ds s = DS_EMPTY_INITIALIZER;

    vidset_format(&is.vids, &s);
    is_str(ds_cstr(&s), vids, "port %s is in these", name);
    ok(is.role == role, "port %s is %s", name, switch_role_to_string(is.role));
    ok(problem ? error && strstr(error, problem) : !error, "port %s: %s", name,
       error ? error : "no problem");
    ds_destroy(&s);
    free(error);
}

/* VLANs 110, 120 and 130 were made by hand, with trunks that are untagged in
 * VLAN 1 as well.  130 is a TVD's that no port needs now; 140 nobody's. */
static void
test_adoption(void)
{
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);
    struct mib_oid one = mib_oid_child(&mib_vlan_static_egress, 1);
    struct mib_oid red = mib_oid_child(&mib_vlan_static_egress, 110);
    struct ds s = DS_EMPTY_INITIALIZER;
    struct switch_plan plan = { .n = 0 };
    struct switch_tables t;
    struct switch_wanted w;
    struct vidset vids;
    char *error;

    switch_wanted_init(&w);
    switch_wanted_add_vlan(&w, 110, "red");
    switch_wanted_add_vlan(&w, 120, "blue");
    for (unsigned int vid = 110; vid <= 130; vid += 10) {
        vidset_add(&w.tvds, vid);
    }
    want_port(&w, "1", SWITCH_ACCESS, 110, 0);
    want_port(&w, "2", SWITCH_TRUNK, 110, 120);
    want_port(&w, "3", SWITCH_LINK, 110, 120);
    want_port(&w, "9", SWITCH_TRUNK, 110, 0);
    model_switch_load_default(ms, 4, 0);
    model_switch_read(ms, switch_profile_standard(), &t);
    switch_adopt_vlans(&t, &w, &vids);
    vidset_format(&vids, &s);
    is_str(ds_cstr(&s), "-", "factory defaults: nothing is to be named");
    switch_tables_destroy(&t);

    put_vlan(ms, 1, "default", 0x70, 0x70);
    put_vlan(ms, 110, "prod", 0xe0, 0x80);
    switch_bits_number(ms, &mib_pvid, 1, MIB_UNSIGNED32, 110);
    put_vlan(ms, 120, "lab", 0x60, 0);
    put_vlan(ms, 130, "x", 0x70, 0x10);
    put_vlan(ms, 140, "theirs", 0x10, 0);
    put_vlan(ms, 150, "tvd-ours", 0, 0);
    model_switch_read(ms, switch_profile_standard(), &t);
    switch_adopt_vlans(&t, &w, &vids);
    ds_clear(&s);
    vidset_format(&vids, &s);
    is_str(ds_cstr(&s), "110,120,130", "VLANs of TVDs are to be named");
    check_adopted_port(&t, &w, "1", SWITCH_ACCESS, "110", NULL);
    check_adopted_port(&t, &w, "2", SWITCH_TRUNK, "1,110,120,130",
                       "untagged in VLAN 1 and tagged in others");
    check_adopted_port(&t, &w, "3", SWITCH_LINK, "1,110,120,130",
                       "untagged in VLAN 1 and tagged in others");
    check_adopted_port(&t, &w, "9", SWITCH_TRUNK, "-", "9");

    free(shash_find_and_delete(&w.ports, "9"));
    w.adopted = vids;
    error = switch_plan_make(&t, &w, &plan);
    is_str(error, NULL, "with these there is a plan");
    error = switch_check_execute(ms, &plan);
    is_str(error, NULL, "it can be done");
    ok(model_switch_get(ms, &one)->octets[0] == 0x10
       && model_switch_get(ms, &red)->octets[0] == 0xe0,
       "trunks leave VLAN 1, and stay in the others");
    free(error);
    ds_destroy(&s);
    switch_plan_destroy(&plan);
    switch_tables_destroy(&t);
    switch_wanted_destroy(&w);
    model_switch_destroy(ms);
}

int
main(void)
{
    test_adoption();
    return tap_done();
}
