/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables as devices show them, also odd ones; ports by name; profiles. */

#include <config.h>

#include <stdlib.h>
#include "flowpolicy/node.h"
#include "flowpolicy/policy.h"
#include "flowpolicy/yaml.h"
#include "openvswitch/dynamic-string.h"
#include "switchcfg/profile.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/tables.h"
#include "tests/unit/tap.h"
#include "util.h"

#define Q "1.3.6.1.2.1.17.7.1.4."
#define BASE "1.3.6.1.2.1.17.1.4.1.2."
#define IF_DESCR "1.3.6.1.2.1.2.2.1.2."
#define IF_NAME "1.3.6.1.2.1.31.1.1.1.1."
#define IF_ALIAS "1.3.6.1.2.1.31.1.1.1.18."

static void
read_tables(struct switch_tables *t, const struct switch_profile *profile,
            const char *text)
{
    struct mib_varbinds vbs = { .n = 0 };
    char *error = snmprec_parse(text, strlen(text), &vbs);

    if (error) {
        ovs_fatal(0, "%s", error);
    }
    switch_tables_init(t, profile);
    for (size_t i = 0; i < vbs.n; i++) {
        switch_tables_add(t, &vbs.v[i]);
    }
    switch_tables_finish(t);
    mib_varbinds_destroy(&vbs);
}

/* What was read of all VLANs, in a line. */
static char *
show(const struct switch_tables *t)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t n;
    const struct switch_vlan **rows = switch_tables_vlans(t, &n);

    for (size_t i = 0; i < n; i++) {
        const struct switch_vlan *v = rows[i];
        char *name = switch_vlan_label(v);

        ds_put_format(&s, "%s%u:%s", i ? " " : "", v->vid, name);
        if (v->has_egress) {
            ds_put_cstr(&s, "/e");
            portlist_format(&v->egress, t->profile->order, &s);
        }
        if (v->has_untagged) {
            ds_put_cstr(&s, "/u");
            portlist_format(&v->untagged, t->profile->order, &s);
        }
        if (v->has_current_egress) {
            ds_put_cstr(&s, "/c");
            portlist_format(&v->current_egress, t->profile->order, &s);
        }
        free(name);
    }
    free(rows);
    ds_put_format(&s, "; %"PRIuSIZE" bad", t->n_bad);
    return ds_steal_cstr(&s);
}

static void
test_tables(void)
{
    struct switch_profile standard = *switch_profile_standard();
    struct switch_profile reversed = standard, ftos = standard, lsb = standard;
    const struct {
        const char *what;
        const struct switch_profile *profile;
        const char *text;
        const char *shown;
    } tests[] = {
        { "lists of different lengths", &standard,
          Q"3.1.2.1|4x|80\n"Q"3.1.2.7|4x|0000000000000080\n"Q"3.1.4.7|4x|\n",
          "1:/e1 7:/e57/u-; 0 bad" },
        { "a name with a NUL", &standard,
          Q"3.1.1.5|4x|74766400\n"Q"3.1.1.6|4x|740076\n", "5:tvd 6:t; 0 bad" },
        { "the newest TimeMark", &standard,
          Q"2.1.4.5.9|4x|80\n"Q"2.1.4.8.9|4x|40\n"Q"2.1.4.7.9|4x|20\n",
          "9:/c2; 0 bad" },
        { "VID in front of the TimeMark", &reversed,
          Q"2.1.4.9.0|4x|80\n"Q"2.1.4.10.0|4x|40\n",
          "9:/c1 10:/c2; 0 bad" },
        { "rows by ifIndex", &ftos,
          Q"3.1.2.1107787777|4x|80\n"Q"3.1.2.1107787786|4x|40\n"
          IF_NAME"1107787777|4|Vlan 1\n"IF_DESCR"1107787786|4|VLAN10\n",
          "1:/e1 10:/e2; 0 bad" },
        { "rows by ifIndex, which is not told", &ftos,
          Q"3.1.2.1107787777|4x|80\n", "0:/e1; 0 bad" },
        { "a list of 512 octets", &lsb, Q"3.1.2.1|4|A\n", "1:/e1,7; 0 bad" },
        { "rows above 4094 are no VIDs", &standard,
          Q"3.1.2.5000|4x|80\n", "0:/e1; 0 bad" },
        { "wrong types", &standard,
          Q"3.1.2.1|2|1\n"Q"5.1.1.1|4|x\n"Q"5.1.3.1|2|3\n"Q"5.1.3.2|66|1\n"
          Q"3.1.5.1|2|0\n"BASE"0|2|1\n"Q"3.1.1.1.1|4|x\n"Q"2.1.4.1|4x|80\n",
          "1:; 8 bad" },
        { "exceptions are nothing", &standard,
          Q"3.1.2.1|128|\n"Q"3.1.2.1|129|\n"Q"3.1.2.2|130|\n"
          "1.3.6.1.2.1.1.3.0|5|\n", "; 0 bad" },
        { "what is of no interest", &standard,
          "1.3.6.1.2.1.1.6.0|4|here\n1.3.6.1.4.1.5.1|2|1\n", "; 0 bad" },
    };

    reversed.current_reversed = true;
    ftos.row_index = SWITCH_ROW_IF_INDEX;
    lsb.order = PORTLIST_LSB_FIRST;
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct switch_tables t, copy;
        char *shown;

        read_tables(&t, tests[i].profile, tests[i].text);
        shown = show(&t);
        is_str(shown, tests[i].shown, "tables: %s", tests[i].what);
        free(shown);
        switch_tables_clone(&copy, &t);
        shown = show(&copy);
        is_str(shown, tests[i].shown, "tables: %s, copied", tests[i].what);
        free(shown);
        switch_tables_destroy(&copy);
        switch_tables_destroy(&t);
    }
}

static void
test_names(void)
{
    static const char device[] =
        BASE"1|2|101\n"BASE"2|2|102\n"BASE"3|2|103\n"BASE"7|2|110\n"
        IF_NAME"101|4|Gi0/1\n"IF_DESCR"101|4|GigabitEthernet 0/1 \n"
        IF_NAME"102|4|Gi0/2\n"IF_DESCR"102|4|copper\n"IF_ALIAS"102|4|desk1\n"
        IF_NAME"103|4|2\n"IF_DESCR"103|4|copper\n"
        IF_ALIAS"103|4x|6875620a31\n"
        IF_NAME"110|4|gi0/1\n"
        IF_NAME"999|4|Vlan1\n";
    static const struct {
        const char *name;
        uint32_t port;          /* 0: error, which has 'text'. */
        const char *text;
    } tests[] = {
        { "Gi0/1", 1, NULL }, { "gi0/1", 7, NULL }, { "GI0/2", 2, NULL },
        { "GigabitEthernet 0/1", 1, NULL }, { "desk1", 2, NULL },
        { "DESK1", 2, NULL }, { "1", 1, NULL }, { "7", 7, NULL },
        { "#2", 2, NULL }, { "port 2", 2, NULL }, { "hub?1", 3, NULL },
        { "GI0/1", 0, "2 ports have this name: port 1 (Gi0/1), "
                      "port 7 (gi0/1)" },
        { "2", 0, "2 ports have this name: port 2 (Gi0/2), port 3 (2)" },
        { "copper", 0, "2 ports have this name" },
        { "desk2", 0, "did you mean \"desk1\"?" },
        { "Vlan1", 0, "is not a port of the bridge" },
        { "#9", 0, "the device has none of this name" },
        { "", 0, "the device has none of this name" },
        { "99999999999999999999", 0, "none of this name" },
    };
    struct switch_tables t;

    read_tables(&t, switch_profile_standard(), device);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        const struct switch_port *port;
        char *error = switch_tables_find_port(&t, tests[i].name, &port);

        ok(tests[i].port ? !error && port->number == tests[i].port
           : error && !port && strstr(error, tests[i].text),
           "port \"%s\": %s", tests[i].name, error ? error : "found");
        free(error);
    }
    switch_tables_destroy(&t);
}

/* A device that sends without end does not fill the memory. */
static void
test_bounds(void)
{
    struct mib_varbind vb = { .value = { .type = MIB_INTEGER, .number = 1 } };
    struct switch_tables t;

    switch_tables_init(&t, switch_profile_standard());
    for (uint32_t i = 1; i <= SWITCH_TABLES_MAX + 10; i++) {
        vb.oid = mib_oid_child(&mib_vlan_static_row_status, i);
        switch_tables_add(&t, &vb);
        vb.oid = mib_oid_child(&mib_pvid, i);
        switch_tables_add(&t, &vb);
        vb.oid = mib_oid_child(&mib_if_type, i);
        switch_tables_add(&t, &vb);
    }
    switch_tables_finish(&t);
    ok(hmap_count(&t.vlans) == SWITCH_TABLES_MAX
       && hmap_count(&t.interfaces) == SWITCH_TABLES_MAX
       && hmap_count(&t.ports) == PORTLIST_MAX_PORT && t.n_bad == 31
       && t.rows_bad, "tables are bounded (%"PRIuSIZE" refused)", t.n_bad);
    switch_tables_destroy(&t);
}

/* --- Profiles --------------------------------------------------------------*/

static struct switch_profile *
parse_profile(const char *text, char **messages)
{
    struct switch_profile *p = NULL;
    struct policy_errors errors;
    struct node_arena arena;
    struct node *root;

    policy_errors_init(&errors, "p");
    node_arena_init(&arena);
    root = yaml_parse(text, strlen(text), &arena, &errors);
    if (root) {
        p = switch_profile_parse("p", root, &errors);
    }
    *messages = policy_errors_format(&errors);
    node_arena_destroy(&arena);
    policy_errors_destroy(&errors);
    return p;
}

static void
test_profile_errors(void)
{
    static const struct {
        const char *text, *message;
    } tests[] = {
        { "title: a\nbasis: b\n", "" },
        { "basis: b\n", "p:1:1: a profile lacks the key 'title'\n" },
        { "title: a\nbasis: b\natomc: true\n", "did you mean 'atomic'" },
        { "title: a\nbasis: b\nbit-order: msb\n", "msb-first" },
        { "title: a\nbasis: b\nmax-message: 9000\n", "484 to 1472" },
        { "title: a\nbasis: b\nmatch: {object-ids: [1.3.x]}\n",
          "must be an object identifier" },
        { "title: a\nbasis: b\nsave: {how: set}\n", "save needs 'set'" },
        { "title: a\nbasis: b\nsave: {how: unknown, poll: {oid: 1.3.6}}\n",
          "'done' or 'changes: true'" },
        { "[1]\n", "must be a map" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        char *messages;
        struct switch_profile *p = parse_profile(tests[i].text, &messages);

        ok(!p == !!*messages && strstr(messages, tests[i].message),
           "profile %"PRIuSIZE": %s", i + 1, *messages ? messages : "right\n");
        free(messages);
        switch_profile_destroy(p);
    }
}

static void
test_saving(void)
{
    char *messages;
    struct switch_profile *p = parse_profile(
        "title: a\nbasis: b\n"
        "save: {how: set, set: [{oid: 1.3.6.1.4.1.9.ROW, value: 4}],\n"
        "  poll: {oid: 1.3.6.1.4.1.8.ROW, done: [3], failed: [4]},\n"
        "  cleanup: [{oid: 1.3.6.1.4.1.9.ROW, value: 6}]}\n", &messages);
    static const struct {
        uint64_t value;
        enum switch_saved saved;
    } tests[] = {
        { 1, SWITCH_STILL_SAVING }, { 3, SWITCH_SAVED },
        { 4, SWITCH_NOT_SAVED },
    };
    struct mib_value before = { .type = MIB_TIME_TICKS, .number = 5 };
    struct mib_varbinds *pdus;
    struct mib_oid poll;
    char *text;
    size_t n;

    free(messages);
    switch_profile_save_pdus(p, 77, &pdus, &n);
    text = mib_oid_to_string(&pdus[0].v[0].oid);
    ok(n == 1 && pdus[0].n == 1 && pdus[0].v[0].value.number == 4,
       "saving takes a SET");
    is_str(text, "1.3.6.1.4.1.9.77", "of a row");
    free(text);
    mib_varbinds_destroy(&pdus[0]);
    free(pdus);
    ok(switch_profile_save_poll(p, 77, &poll) && poll.ids[poll.n - 1] == 77,
       "and something tells whether it worked");
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct mib_value now = { .type = MIB_INTEGER,
                                 .number = tests[i].value };

        ok(switch_profile_saved(p, NULL, &now) == tests[i].saved,
           "which says %d", (int) tests[i].value);
    }
    p->poll_changes = true;
    ok(switch_profile_saved(p, &before, &before) == SWITCH_STILL_SAVING
       && switch_profile_saved(p, NULL, &before) == SWITCH_STILL_SAVING,
       "a time that does not change");
    ok(switch_profile_saved(p, &before, &(struct mib_value) {
           .type = MIB_TIME_TICKS, .number = 6 }) == SWITCH_SAVED,
       "and one that does");
    switch_profile_destroy(p);
}

int
main(void)
{
    test_tables();
    test_names();
    test_bounds();
    test_profile_errors();
    test_saving();
    return tap_done();
}
