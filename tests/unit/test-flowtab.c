/* SPDX-License-Identifier: Apache-2.0
 *
 * The flow tables: planning, committing, reading back, drift; and a long
 * random run against a switch that is nothing but a list of strings. */

#include <config.h>

#include "ovs-tvd/flowtab.h"
#include "byte-order.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/shash.h"
#include "random.h"
#include "sset.h"
#include "tests/unit/tap.h"
#include "util.h"

/* A flow whose match is 'match' and whose action sets a register to
 * 'action'; 0: no action. */
static void
add_flow(struct flow_list *list, uint32_t match, uint32_t action)
{
    struct ofpbuf ofpacts;
    struct match m;

    ofpbuf_init(&ofpacts, 64);
    match_init_catchall(&m);
    match_set_reg(&m, 0, match);
    if (action) {
        ovs_be32 value = htonl(action), mask = OVS_BE32_MAX;

        ofpact_put_set_field(&ofpacts, mf_from_id(MFF_REG1), &value, &mask);
    }
    flow_list_add(list, 1, 100, 7, &m, &ofpacts);
    ofpbuf_uninit(&ofpacts);
}

static void
want(struct flowtab *ft, uint64_t owner, uint32_t match, uint32_t action)
{
    struct flow_list list;

    flow_list_init(&list);
    add_flow(&list, match, action);
    flowtab_replace(ft, owner, &list);
}

static void
want_nothing(struct flowtab *ft, uint64_t owner)
{
    struct flow_list list;

    flow_list_init(&list);
    flowtab_replace(ft, owner, &list);
}

/* The plan as text, one letter and register value a change. */
static char *
plan_text(struct flowtab *ft, bool commit)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct flow_change *change;
    struct ovs_list changes;

    flowtab_plan(ft, &changes);
    LIST_FOR_EACH (change, list_node, &changes) {
        flow_change_format(change, &s);
        ds_put_char(&s, '\n');
    }
    if (commit) {
        flowtab_commit(ft, &changes);
    } else {
        flow_changes_destroy(&changes);
    }
    return ds_steal_cstr(&s);
}

#define is_plan(FT, COMMIT, WANT, WHAT)                 \
    do {                                                \
        char *text_ = plan_text(FT, COMMIT);            \
        is_str(text_, WANT, "%s", WHAT);                \
        free(text_);                                    \
    } while (0)

/* What a switch says about a flow as made by add_flow(). */
static void
dump_one(struct flowtab *ft, uint32_t match, uint32_t action, bool as_load,
         uint16_t idle_timeout)
{
    struct ofputil_flow_stats fs = {
        .cookie = htonll(7), .table_id = 1, .priority = 100,
        .idle_timeout = idle_timeout,
    };
    struct ofpbuf ofpacts;

    ofpbuf_init(&ofpacts, 64);
    match_init_catchall(&fs.match);
    match_set_reg(&fs.match, 0, match);
    if (action) {
        ovs_be32 value = htonl(action), mask = OVS_BE32_MAX;

        if (as_load) {
            ofpact_put_reg_load(&ofpacts, mf_from_id(MFF_REG1), &value, &mask);
        } else {
            ofpact_put_set_field(&ofpacts, mf_from_id(MFF_REG1), &value,
                                 &mask);
        }
    }
    fs.ofpacts = ofpacts.data;
    fs.ofpacts_len = ofpacts.size;
    flowtab_dump_add(ft, &fs);
    ofpbuf_uninit(&ofpacts);
}

static void
monitor_one(struct flowtab *ft, enum ofp_flow_update_event event,
            uint32_t match)
{
    struct ofputil_flow_update fu = {
        .event = event, .cookie = htonll(7), .table_id = 1, .priority = 100,
    };

    match_init_catchall(&fu.match);
    match_set_reg(&fu.match, 0, match);
    flowtab_update(ft, &fu);
}

#define F(MATCH, ACTIONS) \
    "table=1,cookie=0x7,priority=100,reg0=" MATCH ",actions=" ACTIONS "\n"

static void
test_plan(void)
{
    struct flowtab *ft = flowtab_create();

    want(ft, 1, 1, 0);
    want(ft, 2, 2, 5);
    is_plan(ft, false, "add " F("0x1", "drop")
            "add " F("0x2", "set_field:0x5->reg1"), "two flows to add");
    is_plan(ft, true, "add " F("0x1", "drop")
            "add " F("0x2", "set_field:0x5->reg1"),
            "a plan that was not committed is made again");
    is_plan(ft, true, "", "nothing after the commit");
    want(ft, 2, 2, 5);
    ok(flowtab_is_clean(ft), "the same flow again is no change");
    want(ft, 2, 2, 6);
    want_nothing(ft, 1);
    is_plan(ft, true, "modify " F("0x2", "set_field:0x6->reg1")
            "delete " F("0x1", "drop"), "modify and delete");
    ok(flowtab_n_wanted(ft) == 1 && flowtab_n_installed(ft) == 1,
       "one flow left");
    flowtab_destroy(ft);
}

static void
test_owners(void)
{
    struct flowtab *ft = flowtab_create();
    char *text;

    want(ft, 5, 1, 5);
    free(plan_text(ft, true));
    want(ft, 9, 1, 9);
    is_plan(ft, true, "", "a higher owner does not get its way");
    want(ft, 3, 1, 3);
    is_plan(ft, true, "modify " F("0x1", "set_field:0x3->reg1"),
            "a lower owner does");
    want_nothing(ft, 3);
    want_nothing(ft, 5);
    is_plan(ft, true, "modify " F("0x1", "set_field:0x9->reg1"),
            "the next one when it gives up");
    ok(flowtab_n_wanted(ft) == 1, "counted once");
    want_nothing(ft, 9);
    text = plan_text(ft, true);
    ok(!strncmp(text, "delete", 6), "deleted when nobody is left");
    free(text);
    flowtab_destroy(ft);
}

static void
test_in_flight(void)
{
    struct flowtab *ft = flowtab_create();
    struct ovs_list changes;

    want(ft, 1, 1, 1);
    flowtab_plan(ft, &changes);
    want(ft, 1, 1, 2);
    flowtab_commit(ft, &changes);
    is_plan(ft, true, "modify " F("0x1", "set_field:0x2->reg1"),
            "replaced while the bundle was under way");
    want(ft, 1, 1, 3);
    flowtab_plan(ft, &changes);
    want_nothing(ft, 1);
    flowtab_commit(ft, &changes);
    is_plan(ft, true, "delete " F("0x1", "set_field:0x3->reg1"),
            "removed while the bundle was under way");
    flowtab_destroy(ft);
}

static void
test_read_back(void)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct flowtab *ft = flowtab_create();

    want(ft, 1, 1, 1);
    want(ft, 2, 2, 2);
    flowtab_dump_begin(ft);
    dump_one(ft, 1, 1, true, 0);
    dump_one(ft, 3, 3, false, 0);
    flowtab_dump_end(ft);
    is_plan(ft, true, "add " F("0x2", "set_field:0x2->reg1")
            "delete " F("0x3", "set_field:0x3->reg1"),
            "takes over what is there, in another encoding too");
    ok(flowtab_take_drift(ft, NULL) == 0, "the start is no drift");

    flowtab_dump_begin(ft);
    dump_one(ft, 1, 1, false, 10);
    dump_one(ft, 4, 0, false, 0);
    flowtab_dump_end(ft);
    ok(flowtab_take_drift(ft, &text) == 3, "three places have drifted");
    is_str(ds_cstr(&text), "changed: " F("0x1", "set_field:0x1->reg1")
           "added: " F("0x4", "drop")
           "deleted: " F("0x2", "set_field:0x2->reg1"), "drift in words");
    is_plan(ft, true, "modify " F("0x1", "set_field:0x1->reg1")
            "delete " F("0x4", "drop")
            "add " F("0x2", "set_field:0x2->reg1"), "drift is repaired");
    ok(flowtab_take_drift(ft, NULL) == 0, "drift is told once");

    flowtab_reset(ft);
    is_str(flowtab_n_dirty(ft) == 2 && !flowtab_n_installed(ft)
           ? "yes" : "no", "yes", "after a restart all is to be installed");
    ds_destroy(&text);
    flowtab_destroy(ft);
}

static void
test_monitor(void)
{
    struct flowtab *ft = flowtab_create();

    want(ft, 1, 1, 0);
    free(plan_text(ft, true));
    monitor_one(ft, OFPFME_REMOVED, 1);
    ok(flowtab_take_drift(ft, NULL) == 1, "removal by others is drift");
    is_plan(ft, false, "add " F("0x1", "drop"), "and is repaired");
    monitor_one(ft, OFPFME_ADDED, 1);
    is_plan(ft, true, "", "they put it back");
    monitor_one(ft, OFPFME_ADDED, 2);
    is_plan(ft, true, "delete " F("0x2", "drop"), "theirs is removed");
    monitor_one(ft, OFPFME_REMOVED, 77);
    monitor_one(ft, OFPFME_ABBREV, 1);
    ok(flowtab_is_clean(ft), "events about nothing change nothing");
    flowtab_destroy(ft);
}

/* Random run.  Owners 0..4 want flows for matches 0..9; 'wanted' and
 * 'installed' say, by brute force, what should come out. */
enum { N_OWNERS = 5, N_MATCHES = 10 };

static void
check_plan(const uint32_t wanted[N_OWNERS][N_MATCHES],
           uint32_t installed[N_MATCHES], struct flowtab *ft, bool commit,
           unsigned int *n_wrong)
{
    struct ovs_list changes;
    struct flow_change *change;
    size_t n = flowtab_plan(ft, &changes);
    size_t expected = 0;

    for (int m = 0; m < N_MATCHES; m++) {
        uint32_t want_now = 0;

        for (int o = 0; o < N_OWNERS && !want_now; o++) {
            want_now = wanted[o][m];
        }
        expected += want_now != installed[m];
        if (commit) {
            installed[m] = want_now;
        }
    }
    *n_wrong += n != expected;
    LIST_FOR_EACH (change, list_node, &changes) {
        struct ofputil_flow_mod fm;

        flow_change_to_flow_mod(change, &fm);
        minimatch_destroy(&fm.match);
        n--;
    }
    *n_wrong += n != 0;
    if (commit) {
        flowtab_commit(ft, &changes);
        *n_wrong += !flowtab_is_clean(ft);
    } else {
        flow_changes_destroy(&changes);
    }
}

static void
test_random(void)
{
    uint32_t wanted[N_OWNERS][N_MATCHES] = { { 0 } };
    uint32_t installed[N_MATCHES] = { 0 };
    struct flowtab *ft = flowtab_create();
    unsigned int n_wrong = 0;

    random_set_seed(42);
    for (int i = 0; i < 20000; i++) {
        int what = random_range(10);

        if (what < 6) {
            int owner = random_range(N_OWNERS);
            struct flow_list list;

            flow_list_init(&list);
            for (int m = 0; m < N_MATCHES; m++) {
                wanted[owner][m] = random_range(3) ? 0 : random_range(3) + 1;
                if (wanted[owner][m]) {
                    add_flow(&list, m, wanted[owner][m]);
                }
            }
            flowtab_replace(ft, owner, &list);
        } else if (what < 7) {
            flowtab_dump_begin(ft);
            for (int m = 0; m < N_MATCHES; m++) {
                installed[m] = random_range(4);
                if (installed[m]) {
                    dump_one(ft, m, installed[m], random_range(2), 0);
                }
            }
            flowtab_dump_end(ft);
        } else {
            check_plan(wanted, installed, ft, what < 9, &n_wrong);
        }
    }
    ok(!n_wrong, "20000 random steps agree with brute force");
    flowtab_destroy(ft);
}

int
main(void)
{
    test_plan();
    test_owners();
    test_in_flight();
    test_read_back();
    test_monitor();
    test_random();
    return tap_done();
}
