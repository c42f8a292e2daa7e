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

/* --- Ports of others -------------------------------------------------------*/

static const unsigned int vids[] = { 1, 110, 120 };
static const struct switch_bits_device device = { 5, vids, 3 };

/* Port 1: access of 110; 2: trunk of 110, 120; 3, 4, 5: not ours.  The PVID of
 * 4 is that of a TVD, 5 is filtered already. */
static struct model_switch *
make_open(struct switch_wanted *w, bool filter_others)
{
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);

    model_switch_load_default(ms, 5, 0);
    switch_bits_number(ms, &mib_pvid, 4, MIB_UNSIGNED32, 110);
    switch_bits_number(ms, &mib_ingress_filtering, 5, MIB_INTEGER, MIB_TRUE);
    switch_wanted_init(w);
    switch_wanted_add_vlan(w, 110, "red");
    switch_wanted_add_vlan(w, 120, "blue");
    want_port(w, "1", SWITCH_ACCESS, 110, 0);
    want_port(w, "2", SWITCH_TRUNK, 110, 120);
    w->filter_others = filter_others;
    return ms;
}

/* Does the first 'n' varbinds.  Tells whether ports of others are set before
 * VLANs are made. */
static void
do_some(struct model_switch *ms, const struct switch_plan *plan, size_t n,
        bool *others_filtered_first)
{
    bool other = false;

    for (size_t i = 0; i < plan->n; i++) {
        for (size_t j = 0; j < plan->pdus[i].n; j++) {
            const struct switch_set *set = &plan->pdus[i].sets[j];
            size_t index;

            if (!n--) {
                return;
            }
            if (set->port > 2) {
                ovs_assert(set->action == SWITCH_FILTER_INGRESS);
                other = true;
            } else if (set->action == SWITCH_CREATE_VLAN) {
                *others_filtered_first &= other;
            }
            ovs_assert(!model_switch_set(ms, &set->vb, 1, &index));
        }
    }
}

/* True if ports 3 to 5 are as in 'old', but for filtering, and nothing gets
 * from them to where it did not. */
static bool
others_are_left_alone(const struct switch_bits *old,
                      const struct switch_bits *s)
{
    const unsigned int others = 0x1c;

    for (unsigned int i = 0; i < device.n_vlans; i++) {
        if ((old->egress[i] ^ s->egress[i]) & others
            || (old->untagged[i] ^ s->untagged[i]) & others) {
            return false;
        }
    }
    for (unsigned int p = 2; p < device.n_ports; p++) {
        if (old->pvid[p] != s->pvid[p] || old->frames[p] != s->frames[p]
            || old->gvrp[p] != s->gvrp[p]) {
            return false;
        }
        for (unsigned int how = 0; how <= device.n_vlans; how++) {
            if (s->passes[p][how] & ~old->passes[p][how]) {
                return false;
            }
        }
    }
    return true;
}

static void
test_filter_others(void)
{
    bool alone = true, back = true, first = true, more = true;
    size_t n = 0;

    for (n = 0; more; n++) {
        struct switch_plan plan = { .n = 0 }, way_back = { .n = 0 };
        struct svec lines = SVEC_EMPTY_INITIALIZER;
        struct switch_wanted w;
        struct model_switch *ms = make_open(&w, true);
        struct switch_tables before, now;
        struct switch_bits old, s;
        char *error;

        switch_bits_take(&device, ms, &old);
        model_switch_read(ms, switch_profile_standard(), &before);
        error = switch_plan_make(&before, &w, &plan);
        ovs_assert(!error);
        more = switch_plan_n_varbinds(&plan) > n;
        do_some(ms, &plan, n, &first);
        switch_bits_take(&device, ms, &s);
        alone &= others_are_left_alone(&old, &s);
        model_switch_read(ms, switch_profile_standard(), &now);
        if (!more) {
            ok(s.filter[2] == MIB_TRUE && s.filter[3] == MIB_TRUE
               && !(s.passes[2][2] | s.passes[3][0] | s.passes[3][2]),
               "in the end nothing gets from others' ports to a TVD");
            ok(switch_plan_verify(&now, &w, &lines), "and all is as wanted");
            error = switch_open_ports(&now, &w);
            is_str(error, NULL, "and nothing to be said");
            switch_bits_number(ms, &mib_ingress_filtering, 3, MIB_INTEGER,
                               MIB_FALSE);
            switch_tables_destroy(&now);
            model_switch_read(ms, switch_profile_standard(), &now);
            ok(!switch_plan_verify(&now, &w, &lines) && lines.n == 1
               && !strcmp(lines.names[0], "port 3 (Gi1/0/3): ingress "
                          "filtering is off"), "a port that is open again is "
               "a difference: %s", lines.n ? lines.names[0] : "none");
        }
        error = switch_plan_restore(&now, &before, &w, &way_back);
        error = error ? error : switch_check_execute(ms, &way_back);
        switch_bits_take(&device, ms, &s);
        /* The row stays, empty, as port 4 has its PVID. */
        s.exists &= old.exists;
        s.active &= old.active;
        back &= !error && !memcmp(&s, &old, sizeof s);
        free(error);
        svec_destroy(&lines);
        switch_plan_destroy(&plan);
        switch_plan_destroy(&way_back);
        switch_tables_destroy(&before);
        switch_tables_destroy(&now);
        switch_wanted_destroy(&w);
        model_switch_destroy(ms);
    }
    ok(n > 6, "%"PRIuSIZE" states on the way", n);
    ok(first, "others are filtered before a VLAN comes to be");
    ok(alone, "nothing else of others is changed, in none of them");
    ok(back, "from each of them all comes back as it was");
}

/* By default they are not touched, but named. */
static void
test_open_ports(void)
{
    struct switch_plan plan = { .n = 0 };
    struct switch_wanted w;
    struct model_switch *ms = make_open(&w, false);
    struct switch_tables t;
    bool touched = false;
    char *note, *error;

    model_switch_read(ms, switch_profile_standard(), &t);
    error = switch_plan_make(&t, &w, &plan);
    ok(error && strstr(error, "untagged frames of port 4"), "not asked to "
       "filter: %s", error ? error : "not refused");
    free(error);
    switch_tables_destroy(&t);

    switch_bits_number(ms, &mib_pvid, 4, MIB_UNSIGNED32, 1);
    model_switch_read(ms, switch_profile_standard(), &t);
    error = switch_plan_make(&t, &w, &plan);
    is_str(error, NULL, "planned");
    for (size_t i = 0; i < plan.n; i++) {
        for (size_t j = 0; j < plan.pdus[i].n; j++) {
            touched |= plan.pdus[i].sets[j].port > 2;
        }
    }
    ok(!touched, "ports of others are not touched");
    note = switch_open_ports(&t, &w);
    ok(note && strstr(note, "policy: 3,4"), "which are named: %s",
       note ? note : "no");
    ok(plan.notes.n && !strcmp(plan.notes.names[plan.notes.n - 1], note),
       "in the plan too");
    free(note);
    shash_destroy_free_data(&w.ports);
    shash_init(&w.ports);
    note = switch_open_ports(&t, &w);
    is_str(note, NULL, "where nothing is ours, nothing is said");
    switch_plan_destroy(&plan);
    switch_tables_destroy(&t);
    switch_wanted_destroy(&w);
    model_switch_destroy(ms);
}

int
main(void)
{
    test_adoption();
    test_filter_others();
    test_open_ports();
    return tap_done();
}
