/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans for switches with Cisco's objects: all changes of three ports among
 * two VLANs, VLANs that are made and removed, refusals. */

#include <config.h>

#include <stdlib.h>
#include "svec.h"
#include "switchcfg/profile.h"
#include "switchcfg/wanted.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

#define N_PORTS 4               /* The last is not ours. */
#define N_OURS 3
#define IF_BASE 10100
#define N_STATES 6              /* Of a port: see port_state(). */

static struct switch_profile cisco;
static const unsigned int vids[] = { 110, 2120 };

/* --- A device --------------------------------------------------------------*/

static void
put_number(struct model_switch *ms, const struct mib_oid *column, uint32_t i,
           uint64_t number)
{
    struct mib_oid oid = mib_oid_child(column, i);
    struct mib_value value = { .type = MIB_INTEGER, .number = number };

    model_switch_put(ms, &oid, &value);
}

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
put_vlan(struct model_switch *ms, unsigned int vid, const char *name)
{
    struct mib_oid names = mib_oid_child(&mib_cisco_vlan_name, 1);
    struct mib_oid states = mib_oid_child(&mib_cisco_vlan_state, 1);

    put_octets(ms, &names, vid, name, strlen(name));
    put_number(ms, &states, vid, 1);
}

static const struct mib_oid *const lists[] = {
    &mib_cisco_trunk_vlans, &mib_cisco_trunk_vlans_2k,
    &mib_cisco_trunk_vlans_3k, &mib_cisco_trunk_vlans_4k,
};

/* Access port of 'vid', whose trunk would carry everything. */
static void
put_port(struct model_switch *ms, unsigned int port, unsigned int vid)
{
    uint8_t all[128];
    char name[16];

    memset(all, 0xff, sizeof all);
    snprintf(name, sizeof name, "Gi0/%u", port);
    put_octets(ms, &mib_if_name, IF_BASE + port, name, strlen(name));
    put_number(ms, &mib_cisco_vm_vlan, IF_BASE + port, vid);
    put_number(ms, &mib_cisco_trunk_native, IF_BASE + port, 1);
    put_number(ms, &mib_cisco_trunk_dynamic, IF_BASE + port, 2);
    put_number(ms, &mib_cisco_trunk_encapsulation, IF_BASE + port, 5);
    for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
        put_octets(ms, lists[k], IF_BASE + port, all, sizeof all);
    }
}

static struct model_switch *
make_device(void)
{
    struct model_switch_options options = { 0 };
    struct model_switch *ms = model_switch_create(&options);

    put_vlan(ms, 1, "default");
    for (unsigned int port = 1; port <= N_PORTS; port++) {
        put_port(ms, port, 1);
    }
    return ms;
}

static uint64_t
get(const struct model_switch *ms, const struct mib_oid *column,
    unsigned int port)
{
    struct mib_oid oid = mib_oid_child(column, IF_BASE + port);

    return model_switch_get(ms, &oid)->number;
}

/* Which of VLAN 1 and 'vids' a port is in: bits. */
static unsigned int
members(const struct model_switch *ms, unsigned int port)
{
    unsigned int bits = 0, all[] = { 1, vids[0], vids[1] };

    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        struct mib_oid oid = mib_oid_child(lists[all[i] / 1024],
                                           IF_BASE + port);
        const uint8_t *octets = model_switch_get(ms, &oid)->octets;
        unsigned int bit = all[i] % 1024;
        bool member = get(ms, &mib_cisco_trunk_dynamic, port) == 2
                      ? get(ms, &mib_cisco_vm_vlan, port) == all[i]
                      : octets[bit / 8] & 0x80 >> bit % 8;

        bits |= (member ? 1u : 0) << i;
    }
    return bits;
}

/* --- All changes -----------------------------------------------------------*/

static void
want_state(struct switch_wanted *w, unsigned int port, unsigned int state)
{
    struct switch_wanted_port *p;
    char name[16];

    snprintf(name, sizeof name, "gi0/%u", port);
    p = switch_wanted_add_port(w, name, state < 4 ? SWITCH_TRUNK
                               : SWITCH_ACCESS, NULL);
    for (unsigned int i = 0; i < 2; i++) {
        if (state < 4 ? state & 1u << i : state == 4 + i) {
            vidset_add(&p->vids, vids[i]);
        }
    }
}

static unsigned int
state_members(unsigned int state)
{
    return state < 4 ? state << 1 : state == 4 ? 2 : 4;
}

struct watch {
    const struct model_switch *ms;
    unsigned int old[N_PORTS], new[N_PORTS];
    bool broken;
};

static void
watch(void *w_)
{
    struct watch *w = w_;
    unsigned int now[N_PORTS];

    for (unsigned int p = 0; p < N_PORTS; p++) {
        now[p] = members(w->ms, p + 1);
        w->broken = w->broken || now[p] & ~(w->old[p] | w->new[p]);
        for (unsigned int q = 0; q < p; q++) {
            w->broken = w->broken
                        || now[p] & now[q] & ~((w->old[p] & w->old[q])
                                               | (w->new[p] & w->new[q]));
        }
    }
}

/* Plans and does what is wanted (or what was before); NULL if it came out. */
static char *
go(struct model_switch *ms, const struct switch_wanted *w,
   const struct switch_tables *before)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_plan plan = { .n = 0 };
    struct switch_tables t;
    char *error;

    model_switch_read(ms, &cisco, &t);
    error = before ? switch_plan_restore(&t, before, w, &plan)
            : switch_plan_make(&t, w, &plan);
    if (!error) {
        error = switch_check_execute(ms, &plan);
    }
    switch_tables_destroy(&t);
    model_switch_read(ms, &cisco, &t);
    if (!error && !(before ? switch_plan_verify_restored(&t, before, w, &lines)
                    : switch_plan_verify(&t, w, &lines))) {
        error = xstrdup(lines.n ? lines.names[0] : "differs");
    }
    svec_destroy(&lines);
    switch_plan_destroy(&plan);
    switch_tables_destroy(&t);
    return error;
}

/* From 'old' to 'new' states, and back. */
static char *
change(const unsigned int *old, const unsigned int *new)
{
    struct model_switch *ms = make_device();
    struct switch_tables before;
    struct watch watched = { .ms = ms };
    struct switch_wanted w;
    char *wrong;

    put_vlan(ms, vids[0], "tvd-red");
    put_vlan(ms, vids[1], "tvd-blue");
    for (int turn = 0; turn < 2; turn++) {
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, vids[0], "red");
        switch_wanted_add_vlan(&w, vids[1], "blue");
        for (unsigned int p = 0; p < N_OURS; p++) {
            want_state(&w, p + 1, (turn ? new : old)[p]);
            watched.old[p] = members(ms, p + 1);
            watched.new[p] = state_members((turn ? new : old)[p]);
        }
        watched.old[N_OURS] = watched.new[N_OURS] = 1;
        ms->options.changed = watch;
        ms->options.aux = &watched;
        model_switch_read(ms, &cisco, &before);
        wrong = go(ms, &w, NULL);
        for (unsigned int p = 0; !wrong && p < N_PORTS; p++) {
            if (members(ms, p + 1) != watched.new[p]) {
                wrong = xasprintf("port %u is elsewhere", p + 1);
            }
        }
        if (turn && !wrong) {
            wrong = go(ms, &w, &before);
        }
        if (!wrong && watched.broken) {
            wrong = xstrdup("ports met on the way");
        }
        switch_tables_destroy(&before);
        switch_wanted_destroy(&w);
        if (wrong) {
            break;
        }
    }
    model_switch_destroy(ms);
    return wrong;
}

static void
test_all(void)
{
    unsigned int n_all = N_STATES * N_STATES * N_STATES, n = 0, n_wrong = 0;

    for (unsigned int i = 0; i < n_all * n_all;
         i += getenv("TVD_SOAK") ? 1 : 101) {
        unsigned int old[N_OURS], new[N_OURS], rest = i;
        char *wrong;

        for (unsigned int p = 0; p < N_OURS; p++) {
            old[p] = rest % N_STATES;
            rest /= N_STATES;
            new[p] = rest % N_STATES;
            rest /= N_STATES;
        }
        wrong = change(old, new);
        n++;
        if (wrong && n_wrong++ < 5) {
            printf("# %s: %u%u%u to %u%u%u\n", wrong, old[0], old[1], old[2],
                   new[0], new[1], new[2]);
        }
        free(wrong);
    }
    ok(!n_wrong, "%u changes of 3 ports among 2 VLANs, there and back", n);
}

/* --- VLANs -----------------------------------------------------------------*/

static void
drop(struct model_switch *ms, const struct mib_oid *oid)
{
    for (size_t i = 0; i < ms->objects.n; i++) {
        if (!mib_oid_compare(&ms->objects.v[i].oid, oid)) {
            mib_value_clear(&ms->objects.v[i].value);
            memmove(&ms->objects.v[i], &ms->objects.v[i + 1],
                    (--ms->objects.n - i) * sizeof *ms->objects.v);
            return;
        }
    }
}

/* Does what a device does when its copy of the VLANs is applied. */
static void
apply(void *ms_)
{
    struct model_switch *ms = ms_;
    struct mib_oid oid = mib_oid_child(&mib_cisco_edit_operation, 1);
    const struct mib_value *operation = model_switch_get(ms, &oid);

    if (!operation || operation->number != 3) {
        return;
    }
    put_number(ms, &mib_cisco_edit_operation, 1, 0);
    for (unsigned int vid = 1; vid <= MIB_VID_MAX; vid++) {
        struct mib_oid status = mib_oid_child(&mib_cisco_edit_row_status, 1);
        struct mib_oid name = mib_oid_child(&mib_cisco_edit_name, 1);
        struct mib_oid row = mib_oid_child(&mib_cisco_vlan_name, 1);
        struct mib_oid state = mib_oid_child(&mib_cisco_vlan_state, 1);
        const struct mib_value *s, *n;

        mib_oid_append(&status, vid);
        mib_oid_append(&name, vid);
        mib_oid_append(&row, vid);
        mib_oid_append(&state, vid);
        s = model_switch_get(ms, &status);
        n = model_switch_get(ms, &name);
        if (s && s->number == MIB_ROW_CREATE_AND_GO) {
            char *text = xmemdup0((char *) n->octets, n->n_octets);

            put_vlan(ms, vid, text);
            free(text);
        } else if (s) {
            drop(ms, &row);
            drop(ms, &state);
        }
        drop(ms, &status);
    }
}

static void
test_vlans(void)
{
    struct model_switch *ms = make_device();
    struct switch_tables before, t;
    struct switch_wanted w;
    char *error;

    put_vlan(ms, 130, "tvd-gone");
    ms->options.changed = apply;
    ms->options.aux = ms;
    switch_wanted_init(&w);
    switch_wanted_add_vlan(&w, vids[0], "red");
    switch_wanted_add_vlan(&w, vids[1], "blue");
    want_state(&w, 1, 4);
    want_state(&w, 2, 3);
    model_switch_read(ms, &cisco, &before);
    error = go(ms, &w, NULL);
    is_str(error, NULL, "VLANs are made");
    free(error);
    model_switch_read(ms, &cisco, &t);
    ok(switch_tables_vlan(&t, vids[0]) && switch_tables_vlan(&t, vids[1])
       && !switch_tables_vlan(&t, 130), "and one that is gone is removed");
    switch_tables_destroy(&t);
    error = go(ms, &w, &before);
    is_str(error, NULL, "and back");
    free(error);
    model_switch_read(ms, &cisco, &t);
    ok(!switch_tables_vlan(&t, vids[0]) && switch_tables_vlan(&t, 130),
       "VLANs are as before");
    switch_tables_destroy(&t);
    switch_tables_destroy(&before);
    switch_wanted_destroy(&w);
    model_switch_destroy(ms);
}

/* A port that becomes a trunk is given its lists once, before that. */
static void
test_new_trunk(void)
{
    struct model_switch *ms = make_device();
    struct switch_plan plan = { .n = 0 };
    unsigned int n_lists = 0, late = 0;
    struct switch_tables t;
    struct switch_wanted w;
    bool trunk = false;
    char *error;

    switch_wanted_init(&w);
    switch_wanted_add_vlan(&w, vids[0], "red");
    want_state(&w, 1, 1);
    model_switch_read(ms, &cisco, &t);
    error = switch_plan_make(&t, &w, &plan);
    is_str(error, NULL, "a port becomes a trunk");
    for (size_t i = 0; i < plan.n; i++) {
        for (size_t j = 0; j < plan.pdus[i].n; j++) {
            enum switch_action action = plan.pdus[i].sets[j].action;

            n_lists += action == SWITCH_SET_TRUNK_VLANS;
            late += action == SWITCH_SET_TRUNK_VLANS && trunk;
            trunk = trunk || mib_oid_has_prefix(&plan.pdus[i].sets[j].vb.oid,
                                                &mib_cisco_trunk_dynamic);
        }
    }
    ok(n_lists == ARRAY_SIZE(lists) && !late, "with each of its lists once");
    free(error);
    switch_plan_destroy(&plan);
    switch_tables_destroy(&t);
    switch_wanted_destroy(&w);
    model_switch_destroy(ms);
}

/* --- Refusals --------------------------------------------------------------*/

enum oddity { FOREIGN_TRUNK, FOREIGN_NAME, NO_TRUNKS, NO_VLANS };

static void
test_refusals(void)
{
    static const struct {
        enum oddity oddity;
        const char *refusal;
    } tests[] = {
        { FOREIGN_TRUNK, "VLAN 110: port 10104 (Gi0/4), which is not ours, "
          "carries it" },
        { FOREIGN_NAME, "VLAN 110: is on the device already, and is called "
          "\"office\"" },
        { NO_TRUNKS, "port 10102 (Gi0/2): the device does not offer to make "
          "it a trunk" },
        { NO_VLANS, "the device shows no VLANs" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct model_switch *ms = make_device();
        struct mib_oid dynamic = mib_oid_child(&mib_cisco_trunk_dynamic,
                                               IF_BASE + 2);
        struct mib_oid name = mib_oid_child(&mib_cisco_vlan_name, 1);
        struct mib_oid state = mib_oid_child(&mib_cisco_vlan_state, 1);
        struct switch_wanted w;
        char *error;

        mib_oid_append(&name, 1);
        mib_oid_append(&state, 1);
        switch (tests[i].oddity) {
        case FOREIGN_TRUNK:
            put_number(ms, &mib_cisco_trunk_dynamic, IF_BASE + 4, 1);
            break;
        case FOREIGN_NAME:
            put_vlan(ms, 110, "office");
            break;
        case NO_TRUNKS:
            drop(ms, &dynamic);
            break;
        case NO_VLANS:
            drop(ms, &name);
            drop(ms, &state);
            break;
        }
        switch_wanted_init(&w);
        switch_wanted_add_vlan(&w, vids[0], "red");
        want_state(&w, 1, 4);
        want_state(&w, 2, 1);
        error = go(ms, &w, NULL);
        ok(error && strstr(error, tests[i].refusal), "%s",
           error ? error : "not refused");
        free(error);
        switch_wanted_destroy(&w);
        model_switch_destroy(ms);
    }
}

int
main(void)
{
    cisco = *switch_profile_standard();
    cisco.model = SWITCH_CISCO;
    test_vlans();
    test_new_trunk();
    test_refusals();
    test_all();
    return tap_done();
}
