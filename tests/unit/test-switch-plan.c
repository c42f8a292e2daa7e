/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans: what is refused and why, what is left alone, sizes and numbers of
 * requests, ways of vendors. */

#include <config.h>

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "switchcfg/profile.h"
#include "switchcfg/wanted.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

/* --- A switch, and what is wanted of it ------------------------------------*/

static void
put_octets(struct model_switch *ms, const struct mib_oid *column, uint32_t i,
           const void *octets, size_t n)
{
    struct mib_oid oid = mib_oid_child(column, i);
    struct mib_value value = {
        .type = MIB_OCTETS,
        .octets = CONST_CAST(uint8_t *, octets),
        .n_octets = n,
    };

    model_switch_put(ms, &oid, &value);
}

static void
put_number(struct model_switch *ms, const struct mib_oid *column, uint32_t i,
           enum mib_type type, uint64_t number)
{
    struct mib_oid oid = mib_oid_child(column, i);
    struct mib_value value = { .type = type, .number = number };

    model_switch_put(ms, &oid, &value);
}

static void
drop_column(struct model_switch *ms, const struct mib_oid *column)
{
    size_t n = 0;

    for (size_t i = 0; i < ms->objects.n; i++) {
        if (mib_oid_has_prefix(&ms->objects.v[i].oid, column)) {
            mib_value_clear(&ms->objects.v[i].value);
        } else {
            ms->objects.v[n++] = ms->objects.v[i];
        }
    }
    ms->objects.n = n;
}

/* Adds a VLAN whose lists are of one octet. */
static void
put_vlan(struct model_switch *ms, uint32_t vid, const char *name,
         uint8_t egress, uint8_t untagged)
{
    put_octets(ms, &mib_vlan_static_name, vid, name, strlen(name));
    put_octets(ms, &mib_vlan_static_egress, vid, &egress, 1);
    put_octets(ms, &mib_vlan_static_untagged, vid, &untagged, 1);
    put_number(ms, &mib_vlan_static_row_status, vid, MIB_INTEGER,
               MIB_ROW_ACTIVE);
}

static void
want_port(struct switch_wanted *w, const char *name, enum switch_role role,
          unsigned int vid, unsigned int vid2)
{
    struct switch_wanted_port *p = switch_wanted_add_port(w, name, role, NULL);

    if (vid) {
        vidset_add(&p->vids, vid);
    }
    if (vid2) {
        vidset_add(&p->vids, vid2);
    }
}

/* --- Refusals --------------------------------------------------------------*/

enum oddity {
    ORDINARY, NO_FILTERING, NO_PVID, NO_STATIC, NO_PORTS, BAD_LIST, NO_EGRESS,
    FOREIGN_VLAN, FOREIGN_NAME, DYNAMIC_VLAN, ADOPTED_VLAN, STRAY_PORT,
    DEAD_VID, OLD_VLAN, PADDED, FORBIDDEN, STRANGER_PVID, STRANGER_FILTERED,
    STRANGER_TAGGED, STRANGER_JOINED, STRANGER_UNSTOPPED,
};

/* Port 4 is not ours. */
static void
make_odd_stranger(struct model_switch *ms, enum oddity oddity)
{
    struct mib_oid current = mib_oid_child(&mib_vlan_current_egress, 0);
    uint8_t list = 0x90, none = 0;

    switch ((int) oddity) {
    case STRANGER_TAGGED:
        put_number(ms, &mib_acceptable_frames, 4, MIB_INTEGER,
                   MIB_FRAMES_TAGGED);
        put_number(ms, &mib_pvid, 4, MIB_UNSIGNED32, 110);
        break;
    case STRANGER_FILTERED:
        put_number(ms, &mib_ingress_filtering, 4, MIB_INTEGER, MIB_TRUE);
        put_number(ms, &mib_pvid, 4, MIB_UNSIGNED32, 110);
        break;
    case STRANGER_PVID:
        put_number(ms, &mib_pvid, 4, MIB_UNSIGNED32, 110);
        break;
    case STRANGER_JOINED:
    case STRANGER_UNSTOPPED:
        put_vlan(ms, 110, "tvd-red", 0x80, 0x80);
        put_octets(ms, &current, 110, &list, 1);
        if (oddity == STRANGER_JOINED) {
            put_octets(ms, &mib_vlan_static_forbidden, 110, &none, 1);
        }
        break;
    }
}

static void
make_odd(struct model_switch *ms, struct switch_wanted *w, enum oddity oddity)
{
    uint8_t list[2] = { 0xf0, 0 };
    struct mib_oid current = mib_oid_child(&mib_vlan_current_egress, 0);

    switch (oddity) {
    case ORDINARY:
        break;
    case NO_FILTERING:
        drop_column(ms, &mib_ingress_filtering);
        break;
    case NO_PVID:
        drop_column(ms, &mib_pvid);
        break;
    case NO_STATIC:
        put_octets(ms, &current, 1, list, 1);
        for (uint32_t c = 1; c <= 5; c++) {
            struct mib_oid column = mib_vlan_static_name;

            column.ids[column.n - 1] = c;
            drop_column(ms, &column);
        }
        break;
    case NO_PORTS:
        drop_column(ms, &mib_base_port_if_index);
        drop_column(ms, &mib_pvid);
        drop_column(ms, &mib_acceptable_frames);
        drop_column(ms, &mib_ingress_filtering);
        drop_column(ms, &mib_port_gvrp);
        break;
    case BAD_LIST:
        put_number(ms, &mib_vlan_static_egress, 1, MIB_INTEGER, 5);
        break;
    case NO_EGRESS:
        drop_column(ms, &mib_vlan_static_egress);
        break;
    case FOREIGN_VLAN:
        put_vlan(ms, 110, "office", 0x10, 0);
        break;
    case FOREIGN_NAME:
        put_vlan(ms, 110, "spare", 0, 0);
        break;
    case DYNAMIC_VLAN:
        list[0] = 0x10;
        put_octets(ms, &current, 110, list, 1);
        break;
    case ADOPTED_VLAN:
        put_vlan(ms, 110, "office", 0x10, 0);
        vidset_add(&w->adopted, 110);
        break;
    case STRAY_PORT:
        put_vlan(ms, 110, "tvd-red", 0x10, 0x10);
        break;
    case DEAD_VID:
        drop_column(ms, &mib_acceptable_frames);
        put_number(ms, &mib_pvid, 2, MIB_UNSIGNED32, 120);
        break;
    case OLD_VLAN:
        put_vlan(ms, 130, "tvd-gone", 0xc0, 0x80);
        break;
    case PADDED:
        put_octets(ms, &mib_vlan_static_egress, 1, list, 2);
        put_octets(ms, &mib_vlan_static_untagged, 1, list, 2);
        ms->list_length = 2;
        put_number(ms, &mib_base_port_if_index, 17, MIB_INTEGER, 117);
        put_number(ms, &mib_pvid, 17, MIB_UNSIGNED32, 1);
        put_number(ms, &mib_ingress_filtering, 17, MIB_INTEGER, 1);
        want_port(w, "17", SWITCH_ACCESS, 110, 0);
        break;
    case FORBIDDEN:
        put_vlan(ms, 110, "tvd-red", 0, 0);
        list[0] = 0xa0;
        put_octets(ms, &mib_vlan_static_forbidden, 110, list, 1);
        break;
    default:
        make_odd_stranger(ms, oddity);
        break;
    }
}

/* Ports that are not ours and joined VLAN 110 by GVRP must not any more; where
 * GVRP is known to be on, none may, from the beginning. */
static void
test_gvrp_of_others(void)
{
    for (int status = 0; status <= MIB_DISABLED; status++) {
        struct mib_oid current = mib_oid_child(&mib_vlan_current_egress, 0);
        struct mib_oid red = mib_oid_child(&mib_vlan_static_forbidden, 110);
        struct mib_oid blue = mib_oid_child(&mib_vlan_static_forbidden, 120);
        struct model_switch_options options = { 0 };
        struct model_switch *ms = model_switch_create(&options);
        struct mib_value value = { .type = MIB_INTEGER, .number = status };
        struct svec lines = SVEC_EMPTY_INITIALIZER;
        struct switch_plan plan = { .n = 0 };
        struct switch_tables t, after;
        struct switch_wanted w;
        uint8_t list = 0x90, none = 0;
        char *error;

        model_switch_load_default(ms, 4, 0);
        if (status) {
            model_switch_put(ms, &mib_gvrp_status, &value);
        }
        put_vlan(ms, 110, "tvd-red", 0x80, 0x80);
        put_octets(ms, &mib_vlan_static_forbidden, 110, &none, 1);
        put_octets(ms, &current, 110, &list, 1);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        switch_wanted_add_vlan(&w, 120, "blue");
        want_port(&w, "1", SWITCH_ACCESS, 110, 0);
        want_port(&w, "2", SWITCH_ACCESS, 120, 0);
        model_switch_read(ms, switch_profile_standard(), &t);
        error = switch_plan_make(&t, &w, &plan);
        is_str(error, NULL, "GVRP of others (%d): planned", status);
        ok((plan.lines.n && strstr(plan.lines.names[plan.lines.n - 2],
                                   "port 4 (Gi1/0/4): not forbidden in VLAN "
                                   "110 (tvd-red)"))
           == (status != MIB_DISABLED), "said so");
        ok(plan.notes.n == (status == MIB_DISABLED ? 2 : 1), "or noted");
        free(error);
        error = switch_check_execute(ms, &plan);
        is_str(error, NULL, "done");
        ok(model_switch_get(ms, &red)->octets[0]
           == (status == MIB_ENABLED ? 0x30 : status ? 0 : 0x10)
           && model_switch_get(ms, &blue)->octets[0]
              == (status == MIB_ENABLED ? 0x30 : 0), "kept out");
        model_switch_read(ms, switch_profile_standard(), &after);
        ok(switch_plan_verify(&after, &w, &lines), "as wanted");
        free(error);
        svec_destroy(&lines);
        switch_plan_destroy(&plan);
        switch_tables_destroy(&t);
        switch_tables_destroy(&after);
        switch_wanted_destroy(&w);
        model_switch_destroy(ms);
    }
}

/* Does the plan, and looks at what came of it. */
static void
check_done(struct model_switch *ms, const struct switch_plan *plan,
           const struct switch_wanted *w, const char *what, uint8_t vlan1,
           uint8_t vlan110)
{
    struct mib_oid one = mib_oid_child(&mib_vlan_static_egress, 1);
    struct mib_oid red = mib_oid_child(&mib_vlan_static_egress, 110);
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    char *error = switch_check_execute(ms, plan);
    struct switch_tables after;

    is_str(error, NULL, "%s: done", what);
    free(error);
    model_switch_read(ms, switch_profile_standard(), &after);
    ok(switch_plan_verify(&after, w, &lines), "%s: as wanted", what);
    ok(model_switch_get(ms, &one)->octets[0] == vlan1
       && model_switch_get(ms, &red)->octets[0] == vlan110,
       "%s: VLANs 1 and 110", what);
    ok(!switch_tables_row(&after, 130), "%s: no VLAN that is gone", what);
    svec_destroy(&lines);
    switch_tables_destroy(&after);
}

/* Port 1: access of 110; port 2: trunk of 110 and 120; 3, 4: not ours. */
static void
test_odd_device(const char *what, enum oddity oddity, const char *refusal,
                uint8_t vlan1, uint8_t vlan110)
{
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_plan plan = { .n = 0 };
    struct switch_tables t;
    struct switch_wanted w;
    char *error;

    switch_wanted_init(&w);
    switch_wanted_add_vlan(&w, 110, "red");
    switch_wanted_add_vlan(&w, 120, "blue");
    want_port(&w, "Gi1/0/1", SWITCH_ACCESS, 110, 0);
    want_port(&w, "2", SWITCH_TRUNK, 110, 120);
    model_switch_load_default(ms, 4, 100);
    make_odd(ms, &w, oddity);
    model_switch_read(ms, switch_profile_standard(), &t);
    error = switch_plan_make(&t, &w, &plan);
    if (refusal) {
        ok(error && strstr(error, refusal), "%s: %s", what,
           error ? error : "not refused");
        ok(!switch_plan_verify(&t, &w, &lines) && lines.n == 1,
           "%s: and does not agree", what);
    } else {
        is_str(error, NULL, "%s: planned", what);
        check_done(ms, &plan, &w, what, vlan1, vlan110);
    }
    free(error);
    svec_destroy(&lines);
    switch_plan_destroy(&plan);
    switch_tables_destroy(&t);
    switch_wanted_destroy(&w);
    model_switch_destroy(ms);
}

static void
test_odd_devices(void)
{
    static const struct {
        const char *what;
        enum oddity oddity;
        const char *refusal;    /* Part of it; NULL: it works. */
        uint8_t vlan1, vlan110; /* Egress afterwards. */
    } tests[] = {
        { "ordinary", ORDINARY, NULL, 0x30, 0xc0 },
        { "no ingress filtering", NO_FILTERING, "port 2 (Gi1/0/2): the "
          "device cannot keep out frames", 0, 0 },
        { "no PVID", NO_PVID, "port 2 (Gi1/0/2): the device has no PVID",
          0, 0 },
        { "no static VLANs", NO_STATIC, "only what is current: it cannot be "
          "configured", 0, 0 },
        { "no ports", NO_PORTS, "the device shows no ports", 0, 0 },
        { "a list of the wrong type", BAD_LIST, "VLAN 1: the device's table "
          "is not right (1.3.6.1.2.1.17.7.1.4.3.1.2.1 is not of the type",
          0, 0 },
        { "no list of members", NO_EGRESS, "does not show its egress ports",
          0, 0 },
        { "a VLAN that others use", FOREIGN_VLAN, "VLAN 110: is on the device "
          "already (\"office\"), and port 4 (Gi1/0/4), which is not ours",
          0, 0 },
        { "a VLAN of another name", FOREIGN_NAME, "VLAN 110: is on the device "
          "already, and is called \"spare\"", 0, 0 },
        { "a VLAN by GVRP", DYNAMIC_VLAN, "VLAN 110: is on the device "
          "already, learned and in no table of its own (by GVRP?), and port 4 "
          "(Gi1/0/4)", 0, 0 },
        { "a VLAN that is adopted", ADOPTED_VLAN, NULL, 0x30, 0xd0 },
        { "a port that strayed into a VLAN of ours", STRAY_PORT, NULL, 0x30,
          0xc0 },
        { "a trunk that cannot refuse untagged frames", DEAD_VID, NULL, 0x30,
          0xc0 },
        { "a VLAN of a TVD that is gone", OLD_VLAN, NULL, 0x30, 0xc0 },
        { "a port beyond all lists", PADDED, "port 17: the device's lists of "
          "ports end at port 16", 0, 0 },
        { "ports that are forbidden", FORBIDDEN, NULL, 0x30, 0xc0 },
        { "others' PVID is that of a TVD", STRANGER_PVID, "VLAN 110: untagged "
          "frames of port 4 (Gi1/0/4), which is not ours, would get into it",
          0, 0 },
        { "others' PVID is that of a TVD, filtered", STRANGER_FILTERED, NULL,
          0x30, 0xc0 },
        { "others' PVID is that of a TVD, tagged only", STRANGER_TAGGED, NULL,
          0x30, 0xc0 },
        { "others have joined by GVRP", STRANGER_JOINED, NULL, 0x30, 0xc0 },
        { "others have joined by GVRP, and cannot be stopped",
          STRANGER_UNSTOPPED, "VLAN 110 (tvd-red): port 4 (Gi1/0/4), which is "
          "not ours, has joined it by GVRP", 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        test_odd_device(tests[i].what, tests[i].oddity, tests[i].refusal,
                        tests[i].vlan1, tests[i].vlan110);
    }
}

static void
test_names(void)
{
    static const struct {
        const char *a, *b, *refusal;
    } tests[] = {
        { "1", "Gi1/0/1", "which has another name in the policy too" },
        { "9", NULL, "the device has none of this name" },
        { "Gi1/0/9", NULL, "did you mean" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct model_switch_options options = { 0 };
        struct model_switch *ms = model_switch_create(&options);
        struct switch_plan plan = { .n = 0 };
        struct switch_tables t;
        struct switch_wanted w;
        char *error;

        model_switch_load_default(ms, 4, 0);
        model_switch_read(ms, switch_profile_standard(), &t);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        want_port(&w, tests[i].a, SWITCH_ACCESS, 110, 0);
        if (tests[i].b) {
            want_port(&w, tests[i].b, SWITCH_ACCESS, 110, 0);
        }
        error = switch_plan_make(&t, &w, &plan);
        ok(error && strstr(error, tests[i].refusal), "port \"%s\": %s",
           tests[i].a, error ? error : "not refused");
        free(error);
        switch_wanted_destroy(&w);
        switch_tables_destroy(&t);
        model_switch_destroy(ms);
    }
}

/* --- Vendors' ways ---------------------------------------------------------*/

/* The plan as "ACTION ...;" for each PDU. */
static char *
outline(const struct switch_plan *plan)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < plan->n; i++) {
        for (size_t j = 0; j < plan->pdus[i].n; j++) {
            ds_put_format(&s, "%s ", switch_action_to_string(
                              plan->pdus[i].sets[j].action));
        }
        ds_chomp(&s, ' ');
        ds_put_char(&s, ';');
    }
    return ds_steal_cstr(&s);
}

/* Port 1 goes from VLAN 1 to VLAN 110, which is new. */
static void
test_ways(void)
{
    struct switch_profile kinds[6];
    static const struct {
        const char *what, *outline;
    } expected[] = {
        { "the standard",
          "filter-ingress leave-untagged leave-egress disable-gvrp;"
          "create-vlan name-vlan join-egress join-untagged;set-pvid;" },
        { "atomic",
          "filter-ingress leave-untagged leave-egress "
          "create-vlan name-vlan join-egress join-untagged "
          "set-pvid disable-gvrp;" },
        { "one varbind at a time",
          "filter-ingress;leave-untagged;leave-egress;create-vlan;"
          "name-vlan;join-egress;join-untagged;set-pvid;disable-gvrp;" },
        { "untagged first",
          "filter-ingress leave-untagged leave-egress disable-gvrp;"
          "create-vlan name-vlan join-untagged join-egress;set-pvid;" },
        { "createAndWait",
          "filter-ingress leave-untagged leave-egress disable-gvrp;"
          "create-vlan;name-vlan join-egress join-untagged;activate-vlan;"
          "set-pvid;" },
        { "what the device always does",
          "leave-untagged leave-egress;"
          "create-vlan name-vlan join-egress join-untagged;set-pvid;" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        kinds[i] = *switch_profile_standard();
    }
    kinds[1].atomic = true;
    kinds[2].max_varbinds = 1;
    kinds[3].join = SWITCH_UNTAGGED_FIRST;
    kinds[4].create = SWITCH_CREATE_WAIT;
    kinds[5].ingress_filtering = SWITCH_IMPLICIT;
    kinds[5].gvrp = SWITCH_UNUSED;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct model_switch_options options = { 0 };
        struct model_switch *ms = model_switch_create(&options);
        struct switch_plan plan = { .n = 0 };
        struct switch_tables t;
        struct switch_wanted w;
        char *error, *text;

        model_switch_load_default(ms, 4, 0);
        model_switch_read(ms, &kinds[i], &t);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        want_port(&w, "1", SWITCH_ACCESS, 110, 0);
        error = switch_plan_make(&t, &w, &plan);
        is_str(error, NULL, "%s: planned", expected[i].what);
        free(error);
        text = outline(&plan);
        is_str(text, expected[i].outline, "%s: order", expected[i].what);
        free(text);
        switch_plan_destroy(&plan);
        switch_wanted_destroy(&w);
        switch_tables_destroy(&t);
        model_switch_destroy(ms);
    }
}

/* GVRP goes off where there is room; but not before a port has joined a VLAN
 * that it may be in by GVRP, nor on devices that would find a port in no VLAN
 * another one. */
static void
test_gvrp(void)
{
    static const struct {
        const char *what;
        bool there, in, leave_last;
        const char *outline;
    } tests[] = {
        { "a new VLAN", false, false, false,
          "filter-ingress restrict-frames leave-untagged leave-egress "
          "disable-gvrp;create-vlan name-vlan join-egress join-untagged;" },
        { "a VLAN that it is in", true, true, false,
          "filter-ingress restrict-frames leave-untagged leave-egress "
          "disable-gvrp;" },
        { "a VLAN that it joins", true, false, false,
          "filter-ingress restrict-frames leave-untagged leave-egress;"
          "join-egress;disable-gvrp;" },
        { "join first", false, false, true,
          "filter-ingress restrict-frames;"
          "create-vlan name-vlan join-egress join-untagged;"
          "leave-untagged leave-egress;disable-gvrp;" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct switch_profile profile = *switch_profile_standard();
        struct model_switch_options options = { 0 };
        struct model_switch *ms = model_switch_create(&options);
        struct switch_plan plan = { .n = 0 };
        struct switch_tables t;
        struct switch_wanted w;
        char *error, *text;

        profile.leave_last = tests[i].leave_last;
        model_switch_load_default(ms, 4, 0);
        if (tests[i].there) {
            put_vlan(ms, 110, "tvd-red", tests[i].in ? 0x80 : 0, 0);
        }
        model_switch_read(ms, &profile, &t);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        want_port(&w, "1", SWITCH_TRUNK, 110, 0);
        error = switch_plan_make(&t, &w, &plan);
        is_str(error, NULL, "GVRP, %s: planned", tests[i].what);
        free(error);
        text = outline(&plan);
        is_str(text, tests[i].outline, "GVRP, %s: order", tests[i].what);
        free(text);
        switch_plan_destroy(&plan);
        switch_wanted_destroy(&w);
        switch_tables_destroy(&t);
        model_switch_destroy(ms);
    }
}

/* The PVID is of the type that the device wants it in. */
static void
test_pvid_type(void)
{
    struct switch_profile profile = *switch_profile_standard();

    for (int i = 0; i < 4; i++) {
        enum mib_type read = i & 1 ? MIB_INTEGER : MIB_UNSIGNED32;
        struct model_switch_options options = { 0 };
        struct model_switch *ms = model_switch_create(&options);
        struct switch_plan plan = { .n = 0 };
        struct switch_tables t;
        struct switch_wanted w;
        enum mib_type type = MIB_NULL;
        char *error;

        profile.pvid_type = i & 2 ? MIB_INTEGER : MIB_UNSIGNED32;
        model_switch_load_default(ms, 4, 0);
        put_number(ms, &mib_pvid, 1, read, 1);
        model_switch_read(ms, &profile, &t);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        want_port(&w, "1", SWITCH_ACCESS, 110, 0);
        error = switch_plan_make(&t, &w, &plan);
        for (size_t p = 0; p < plan.n; p++) {
            for (size_t s = 0; s < plan.pdus[p].n; s++) {
                if (plan.pdus[p].sets[s].action == SWITCH_SET_PVID) {
                    type = plan.pdus[p].sets[s].vb.value.type;
                }
            }
        }
        ok(!error && type == (i ? MIB_INTEGER : MIB_UNSIGNED32),
           "PVID read as %s, profile %s: written as %s",
           mib_type_to_string(read), mib_type_to_string(profile.pvid_type),
           mib_type_to_string(type));
        free(error);
        switch_plan_destroy(&plan);
        switch_wanted_destroy(&w);
        switch_tables_destroy(&t);
        model_switch_destroy(ms);
    }
}

/* A device that keeps each port in some VLAN: port 1 has nothing to carry any
 * more, port 2 is not ours any more. */
static void
test_parking(void)
{
    struct switch_profile profile = *switch_profile_standard();
    struct mib_oid parking = mib_oid_child(&mib_vlan_static_egress, 999);
    struct mib_oid untagged = mib_oid_child(&mib_vlan_static_untagged, 999);

    profile.leave_last = true;
    for (int parked = 0; parked < 2; parked++) {
        struct model_switch_options options = { .keep_one = true };
        struct model_switch *ms = model_switch_create(&options);
        struct svec lines = SVEC_EMPTY_INITIALIZER;
        struct switch_plan plan = { .n = 0 };
        struct switch_tables t, after;
        struct switch_wanted w;
        char *error;

        model_switch_load_default(ms, 4, 0);
        put_vlan(ms, 1, "default", 0x30, 0x30);
        put_vlan(ms, 110, "tvd-red", 0xc0, 0x40);
        model_switch_read(ms, &profile, &t);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        want_port(&w, "1", SWITCH_TRUNK, 0, 0);
        if (parked) {
            switch_wanted_add_vlan(&w, 999, "parked");
            w.parking = 999;
        }
        error = switch_plan_make(&t, &w, &plan);
        if (!parked) {
            ok(error && strstr(error, "and be in no VLAN"), "%s", error);
        } else {
            is_str(error, NULL, "there is a VLAN for ports without one");
            error = switch_check_execute(ms, &plan);
            is_str(error, NULL, "they go there");
            ok(model_switch_get(ms, &parking)->octets[0] == 0xc0
               && model_switch_get(ms, &untagged)->octets[0] == 0,
               "tagged");
            model_switch_read(ms, &profile, &after);
            ok(switch_plan_verify(&after, &w, &lines), "and stay there");
            switch_tables_destroy(&after);
        }
        free(error);
        svec_destroy(&lines);
        switch_plan_destroy(&plan);
        switch_wanted_destroy(&w);
        switch_tables_destroy(&t);
        model_switch_destroy(ms);
    }
}

/* Where rows are numbered by interface, a new one gets the number that the
 * others make likely; if they do not agree, none is made. */
static void
test_rows_by_interface(void)
{
    static const struct {
        const char *what;
        uint32_t row10;         /* Of VLAN 10, which is there. */
        uint32_t row;           /* Of VLAN 110; 0: refused. */
    } tests[] = {
        { "all at one distance", 1107787786, 1107787886 },
        { "at different distances", 1107787900, 0 },
    };
    struct switch_profile profile = *switch_profile_standard();

    profile.row_index = SWITCH_ROW_IF_INDEX;
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct model_switch_options options = { 0 };
        struct model_switch *ms = model_switch_create(&options);
        struct switch_plan plan = { .n = 0 };
        struct switch_tables t;
        struct switch_wanted w;
        uint32_t row = 0;
        char *error;

        model_switch_load_default(ms, 4, 100);
        for (uint32_t c = 1; c <= 5; c++) {
            struct mib_oid column = mib_vlan_static_name;

            column.ids[column.n - 1] = c;
            drop_column(ms, &column);
        }
        put_vlan(ms, 1107787777, "", 0xf0, 0xf0);
        put_vlan(ms, tests[i].row10, "", 0, 0);
        put_octets(ms, &mib_if_name, 1107787777, "Vlan 1", 6);
        put_octets(ms, &mib_if_name, tests[i].row10, "Vlan 10", 7);
        model_switch_read(ms, &profile, &t);
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, 110, "red");
        want_port(&w, "1", SWITCH_ACCESS, 110, 0);
        error = switch_plan_make(&t, &w, &plan);
        for (size_t p = 0; p < plan.n; p++) {
            for (size_t s = 0; s < plan.pdus[p].n; s++) {
                const struct switch_set *set = &plan.pdus[p].sets[s];

                if (set->action == SWITCH_CREATE_VLAN) {
                    row = set->vb.oid.ids[set->vb.oid.n - 1];
                }
            }
        }
        ok(row == tests[i].row && !error == !!row, "rows by interface, %s: "
           "row %"PRIu32" %s", tests[i].what, row, error ? error : "");
        free(error);
        switch_plan_destroy(&plan);
        switch_wanted_destroy(&w);
        switch_tables_destroy(&t);
        model_switch_destroy(ms);
    }
}

/* --- Many ports, many VLANs ------------------------------------------------*/

/* What a loop over ports and VLANs as other tools have it sends: for each pair
 * the two lists, for each VLAN its row, for each port the rest. */
static size_t
loop_pdus(size_t n_ports, size_t n_vlans, size_t n_memberships)
{
    return n_vlans + n_memberships * 2 + n_ports * 5;
}

/* A switch as it comes: half of the ports become access ports, the others
 * trunks of many VLANs. */
static void
test_many(unsigned int n_ports, unsigned int n_vlans, size_t list_length,
          const struct switch_profile *profile, const char *what,
          size_t max_pdus)
{
    struct model_switch_options options = { .atomic = profile->atomic };
    struct model_switch *ms = model_switch_create(&options);
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_plan plan = { .n = 0 };
    size_t n_memberships = 0, largest = 0;
    struct switch_tables t, after;
    struct switch_wanted w;
    char *error;

    model_switch_load_default(ms, n_ports, 10000);
    if (list_length) {
        struct mib_oid oid = mib_oid_child(&mib_vlan_static_egress, 1);
        struct portlist list;

        portlist_init(&list, model_switch_get(ms, &oid)->octets,
                      model_switch_get(ms, &oid)->n_octets);
        portlist_grow(&list, list_length);
        put_octets(ms, &mib_vlan_static_egress, 1, list.octets, list.n);
        put_octets(ms, &mib_vlan_static_untagged, 1, list.octets, list.n);
        ms->list_length = list_length;
        portlist_destroy(&list);
    }
    switch_wanted_init(&w);
    for (unsigned int i = 0; i < n_vlans; i++) {
        char name[16];

        snprintf(name, sizeof name, "t%u", i);
        switch_wanted_add_vlan(&w, 1000 + i, name);
    }
    for (unsigned int p = 1; p <= n_ports; p++) {
        struct switch_wanted_port *port;
        char name[16];

        snprintf(name, sizeof name, "%u", p);
        port = switch_wanted_add_port(&w, name, p % 2 ? SWITCH_ACCESS
                                      : SWITCH_TRUNK, NULL);
        for (unsigned int i = 0; i < n_vlans; i++) {
            if (p % 2 ? i == p % n_vlans : (i + p) % 3 != 0) {
                vidset_add(&port->vids, 1000 + i);
                n_memberships++;
            }
        }
    }
    model_switch_read(ms, profile, &t);
    error = switch_plan_make(&t, &w, &plan);
    is_str(error, NULL, "%s: planned", what);
    free(error);
    for (size_t i = 0; i < plan.n; i++) {
        size_t size = MIB_MESSAGE_OVERHEAD;

        for (size_t j = 0; j < plan.pdus[i].n; j++) {
            size += mib_varbind_size(&plan.pdus[i].sets[j].vb);
        }
        largest = MAX(largest, size);
    }
    ok(plan.n <= max_pdus, "%s: %u ports, %u VLANs: %"PRIuSIZE" varbinds in "
       "%"PRIuSIZE" PDUs; a loop over ports and VLANs sends %"PRIuSIZE, what,
       n_ports, n_vlans, switch_plan_n_varbinds(&plan), plan.n,
       loop_pdus(n_ports, n_vlans, n_memberships));
    ok(largest <= MIB_MAX_MESSAGE, "%s: the largest has %"PRIuSIZE" octets at "
       "most", what, largest);
    error = switch_check_execute(ms, &plan);
    is_str(error, NULL, "%s: done", what);
    free(error);
    model_switch_read(ms, profile, &after);
    ok(switch_plan_verify(&after, &w, &lines), "%s: as wanted", what);
    svec_destroy(&lines);
    switch_plan_destroy(&plan);
    switch_wanted_destroy(&w);
    switch_tables_destroy(&t);
    switch_tables_destroy(&after);
    model_switch_destroy(ms);
}

/* All VLANs on all ports: as many requests as the octets of what is to be SET
 * need, whatever the order. */
static void
test_fewest(unsigned int n_ports, unsigned int n_vlans, size_t overhead)
{
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);
    struct switch_plan plan = { .n = 0 };
    size_t room = MIB_MAX_MESSAGE - overhead;
    size_t total = 0, largest = 0;
    struct switch_tables t;
    struct switch_wanted w;
    char *error;

    model_switch_load_default(ms, n_ports, 0);
    switch_wanted_init(&w);
    for (unsigned int vid = 1001; vid <= 1000 + n_vlans; vid++) {
        char name[16];

        snprintf(name, sizeof name, "v%u", vid);
        switch_wanted_add_vlan(&w, vid, name);
    }
    for (unsigned int p = 1; p <= n_ports; p++) {
        struct switch_wanted_port *port;
        char name[16];

        snprintf(name, sizeof name, "%u", p);
        port = switch_wanted_add_port(&w, name, SWITCH_TRUNK, NULL);
        for (unsigned int vid = 1001; vid <= 1000 + n_vlans; vid++) {
            vidset_add(&port->vids, vid);
        }
    }
    model_switch_read(ms, switch_profile_standard(), &t);
    t.overhead = overhead;
    error = switch_plan_make(&t, &w, &plan);
    is_str(error, NULL, "fewest: planned");
    free(error);
    for (size_t i = 0; i < plan.n; i++) {
        size_t size = 0;

        for (size_t j = 0; j < plan.pdus[i].n; j++) {
            size += mib_varbind_size(&plan.pdus[i].sets[j].vb);
        }
        total += size;
        largest = MAX(largest, size);
    }
    ok(plan.n == DIV_ROUND_UP(total, room) && largest <= room,
       "fewest: %u ports, %u VLANs: %"PRIuSIZE" octets in %"PRIuSIZE" PDUs "
       "with room for %"PRIuSIZE" each", n_ports, n_vlans, total, plan.n,
       room);
    switch_plan_destroy(&plan);
    switch_wanted_destroy(&w);
    switch_tables_destroy(&t);
    model_switch_destroy(ms);
}

static void
test_too_long(void)
{
    struct switch_profile profile = *switch_profile_standard();
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);
    struct switch_plan plan = { .n = 0 };
    struct switch_tables t;
    struct switch_wanted w;
    uint8_t list[1300] = { 0xf0 };
    char *error;

    model_switch_load_default(ms, 4, 0);
    put_octets(ms, &mib_vlan_static_egress, 1, list, sizeof list);
    model_switch_read(ms, &profile, &t);
    switch_wanted_init(&w);
    switch_wanted_add_vlan(&w, 110, "red");
    want_port(&w, "1", SWITCH_ACCESS, 110, 0);
    error = switch_plan_make(&t, &w, &plan);
    ok(error && strstr(error, "octets, and 1232 fit into a request")
       && !plan.n, "lists that fit into no request: %s", error);
    free(error);
    switch_wanted_destroy(&w);
    switch_tables_destroy(&t);
    model_switch_destroy(ms);
}

/* What people are told. */
static void
test_lines(void)
{
    static const char *const expected[] = {
        "port 1 (Gi1/0/1): untagged in VLAN 1 (default), which is not wanted, "
        "not untagged in VLAN 110 (tvd-red), untagged frames go to VLAN 1 and "
        "not to VLAN 110, ingress filtering is off, GVRP is on",
        "VLAN 110 (tvd-red): is not on the device",
    };
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);
    struct ds s = DS_EMPTY_INITIALIZER;
    struct switch_plan plan = { .n = 0 };
    struct switch_tables t;
    struct switch_wanted w;
    char *error;

    model_switch_load_default(ms, 2, 0);
    model_switch_read(ms, switch_profile_standard(), &t);
    switch_wanted_init(&w);
    switch_wanted_add_vlan(&w, 110, "red");
    want_port(&w, "1", SWITCH_ACCESS, 110, 0);
    error = switch_plan_make(&t, &w, &plan);
    ok(!error && plan.lines.n == ARRAY_SIZE(expected), "lines of a plan");
    free(error);
    for (size_t i = 0; i < MIN(plan.lines.n, ARRAY_SIZE(expected)); i++) {
        is_str(plan.lines.names[i], expected[i], "line %"PRIuSIZE, i + 1);
    }
    ok(plan.notes.n == 1 && strstr(plan.notes.names[0], "in the policy: 2"),
       "a note about ports that are not ours");
    switch_plan_destroy(&plan);
    switch_wanted_destroy(&w);
    /* Port 2 alone is the octet that is "@" too. */
    switch_wanted_init(&w);
    switch_wanted_add_vlan(&w, 110, "red");
    want_port(&w, "2", SWITCH_ACCESS, 110, 0);
    error = switch_plan_make(&t, &w, &plan);
    switch_plan_format(&plan, &s);
    ok(!error && strstr(ds_cstr(&s), "ports 2 [1.3.6.1.2.1.17.7.1.4.3.1.2.110 "
                        "= OCTET STRING 0x40]")
       && strstr(ds_cstr(&s), "= OCTET STRING \"tvd-red\"]"),
       "lists are in hex, names are not");
    free(error);
    ds_destroy(&s);
    switch_plan_destroy(&plan);
    switch_wanted_destroy(&w);
    switch_tables_destroy(&t);
    model_switch_destroy(ms);
}

int
main(void)
{
    struct switch_profile atomic = *switch_profile_standard();
    struct switch_profile single = *switch_profile_standard();
    struct switch_profile last = *switch_profile_standard();

    atomic.atomic = true;
    last.leave_last = true;
    single.max_varbinds = 1;
    test_odd_devices();
    test_gvrp_of_others();
    test_names();
    test_ways();
    test_gvrp();
    test_pvid_type();
    test_rows_by_interface();
    test_parking();
    test_lines();
    test_too_long();
    test_fewest(48, 200, 140);
    test_fewest(48, 20, 140);
    test_fewest(8, 8, MIB_MESSAGE_OVERHEAD);
    test_many(48, 200, 0, switch_profile_standard(), "the standard", 30);
    test_many(48, 200, 0, &atomic, "atomic", 27);
    test_many(48, 200, 0, &last, "join, then leave", 30);
    test_many(48, 200, 0, &single, "one varbind at a time", 1100);
    test_many(48, 20, 512, switch_profile_standard(), "lists of 512 octets",
              30);
    test_many(48, 20, 760, &atomic, "lists of 760 octets", 60);
    test_many(500, 20, 0, &atomic, "500 ports", 80);
    return tap_done();
}
