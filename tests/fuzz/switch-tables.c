/* SPDX-License-Identifier: Apache-2.0
 *
 * What a device answers, as a recording: whatever it says, tables are made of
 * it without loss, and a plan is made or refused; a plan fits into requests
 * and, done on that device, gives what was wanted.  The first octet chooses
 * what kind of device it is. */

#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "switchcfg/model-switch.h"
#include "switchcfg/plan.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/wanted.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct switch_profile
choose_profile(uint8_t choice)
{
    struct switch_profile p = *switch_profile_standard();

    p.atomic = choice & 1;
    p.ordered = choice & 2;
    p.leave_last = (choice & 3) == 3;
    p.max_varbinds = choice & 4 ? 1 : 0;
    p.order = choice & 8 ? PORTLIST_LSB_FIRST : PORTLIST_MSB_FIRST;
    p.current_reversed = choice & 16;
    p.row_index = choice & 32 ? SWITCH_ROW_IF_INDEX : SWITCH_ROW_VID;
    p.create = choice & 64 ? SWITCH_CREATE_WAIT : SWITCH_CREATE_WHOLE;
    p.model = choice & 128 ? SWITCH_CISCO : SWITCH_QBRIDGE;
    return p;
}

/* What is written back is the same. */
static void
check_lossless(const struct switch_tables *t)
{
    struct mib_varbinds once = { .n = 0 }, twice = { .n = 0 };
    struct switch_tables copy, again;

    switch_tables_to_varbinds(t, &once);
    switch_tables_init(&again, t->profile);
    for (size_t i = 0; i < once.n; i++) {
        ovs_assert(switch_tables_add(&again, &once.v[i]));
    }
    switch_tables_finish(&again);
    switch_tables_clone(&copy, &again);
    switch_tables_to_varbinds(&copy, &twice);
    ovs_assert(once.n == twice.n);
    for (size_t i = 0; i < once.n; i++) {
        ovs_assert(!mib_oid_compare(&once.v[i].oid, &twice.v[i].oid));
        ovs_assert(mib_value_equal(&once.v[i].value, &twice.v[i].value));
    }
    switch_tables_destroy(&again);
    switch_tables_destroy(&copy);
    mib_varbinds_destroy(&once);
    mib_varbinds_destroy(&twice);
}

static void
want(struct switch_wanted *w)
{
    switch_wanted_init(w);
    switch_wanted_add_vlan(w, 110, "red");
    switch_wanted_add_vlan(w, 120, "blue");
    vidset_add(&switch_wanted_add_port(w, "1", SWITCH_ACCESS, NULL)->vids,
               110);
    vidset_add(&switch_wanted_add_port(w, "#2", SWITCH_TRUNK, NULL)->vids,
               120);
}

static void
check_plan(const struct switch_plan *plan, const struct switch_profile *p)
{
    for (size_t i = 0; i < plan->n; i++) {
        size_t size = MIB_MESSAGE_OVERHEAD;

        ovs_assert(plan->pdus[i].n);
        ovs_assert(!p->max_varbinds || plan->pdus[i].n <= p->max_varbinds);
        for (size_t j = 0; j < plan->pdus[i].n; j++) {
            size += mib_varbind_size(&plan->pdus[i].sets[j].vb);
        }
        ovs_assert(size <= p->max_message);
    }
}

/* Does the plan on the device.  If that takes it all, it is as wanted. */
static void
do_plan(struct model_switch *ms, const struct switch_plan *plan,
        const struct switch_wanted *w, const struct switch_profile *p)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_tables after;

    for (size_t i = 0; i < plan->n; i++) {
        struct mib_varbinds vbs = { .n = 0 };
        size_t index;
        int error;

        switch_pdu_varbinds(&plan->pdus[i], &vbs);
        error = model_switch_set(ms, vbs.v, vbs.n, &index);
        mib_varbinds_destroy(&vbs);
        if (error) {
            return;
        }
    }
    model_switch_read(ms, p, &after);
    ovs_assert(switch_plan_verify(&after, w, &lines));
    svec_destroy(&lines);
    switch_tables_destroy(&after);
}

/* The model takes every object once, as a device has it. */
static void
load(struct model_switch *ms, const struct mib_varbinds *vbs)
{
    for (size_t i = 0; i < vbs->n; i++) {
        model_switch_put(ms, &vbs->v[i].oid, &vbs->v[i].value);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model_switch_options options = { .lists_grow = true };
    struct mib_varbinds vbs = { .n = 0 };
    struct switch_plan plan = { .n = 0 };
    struct switch_profile profile;
    struct switch_tables t;
    struct switch_wanted w;
    struct model_switch *ms;
    const struct shash_node *node;
    char *error;

    if (!size) {
        return 0;
    }
    profile = choose_profile(data[0]);
    error = snmprec_parse((const char *) data + 1, size - 1, &vbs);
    if (error) {
        free(error);
        mib_varbinds_destroy(&vbs);
        return 0;
    }
    options.atomic = profile.atomic;
    options.order = profile.order;
    ms = model_switch_create(&options);
    load(ms, &vbs);
    model_switch_read(ms, &profile, &t);
    check_lossless(&t);
    want(&w);
    error = switch_plan_make(&t, &w, &plan);
    if (!error) {
        check_plan(&plan, &profile);
        if (profile.model == SWITCH_QBRIDGE
            && profile.row_index == SWITCH_ROW_VID) {
            do_plan(ms, &plan, &w, &profile);
        }
    } else {
        ovs_assert(!plan.n);
    }
    free(error);
    switch_plan_destroy(&plan);
    switch_adopt_vlans(&t, &w, &w.adopted);
    SHASH_FOR_EACH (node, &w.ports) {
        free(switch_adopt_port(&t, node->name, node->data));
    }
    switch_wanted_destroy(&w);
    switch_tables_destroy(&t);
    model_switch_destroy(ms);
    mib_varbinds_destroy(&vbs);
    return 0;
}
