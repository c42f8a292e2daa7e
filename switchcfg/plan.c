/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/goal.h"
#include "switchcfg/plan-cisco.h"
#include "switchcfg/plan-private.h"
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "switchcfg/wanted.h"
#include "util.h"

const char *
switch_action_to_string(enum switch_action action)
{
    switch (action) {
    case SWITCH_FILTER_INGRESS: return "filter-ingress";
    case SWITCH_RESTRICT_FRAMES: return "restrict-frames";
    case SWITCH_LEAVE_UNTAGGED: return "leave-untagged";
    case SWITCH_LEAVE_EGRESS: return "leave-egress";
    case SWITCH_CHANGE_FORBIDDEN: return "change-forbidden";
    case SWITCH_CREATE_VLAN: return "create-vlan";
    case SWITCH_NAME_VLAN: return "name-vlan";
    case SWITCH_JOIN_EGRESS: return "join-egress";
    case SWITCH_JOIN_UNTAGGED: return "join-untagged";
    case SWITCH_ACTIVATE_VLAN: return "activate-vlan";
    case SWITCH_SET_PVID: return "set-pvid";
    case SWITCH_ADMIT_FRAMES: return "admit-frames";
    case SWITCH_DISABLE_GVRP: return "disable-gvrp";
    case SWITCH_SET_MODE: return "set-mode";
    case SWITCH_SET_TRUNK_VLANS: return "set-trunk-vlans";
    case SWITCH_DELETE_VLAN: return "delete-vlan";
    case SWITCH_UNPROTECT: return "unprotect";
    }
    OVS_NOT_REACHED();
}

void
plan_set_clear(struct switch_set *set)
{
    mib_value_clear(&set->vb.value);
    free(set->text);
}

void
switch_plan_destroy(struct switch_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        for (size_t j = 0; j < plan->pdus[i].n; j++) {
            plan_set_clear(&plan->pdus[i].sets[j]);
        }
        free(plan->pdus[i].sets);
    }
    free(plan->pdus);
    svec_destroy(&plan->lines);
    svec_destroy(&plan->notes);
    *plan = (struct switch_plan) { .n = 0 };
}

void
switch_plan_format(const struct switch_plan *plan, struct ds *out)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct switch_pdu *pdu = &plan->pdus[i];

        ds_put_format(out, "PDU %"PRIuSIZE" of %"PRIuSIZE":\n", i + 1,
                      plan->n);
        for (size_t j = 0; j < pdu->n; j++) {
            const struct switch_set *set = &pdu->sets[j];

            ds_put_format(out, "  %s: %s [",
                          switch_action_to_string(set->action), set->text);
            mib_oid_format(&set->vb.oid, out);
            ds_put_format(out, " = %s ",
                          mib_type_to_string(set->vb.value.type));
            mib_value_format(&set->vb.value, out);
            ds_put_cstr(out, "]\n");
        }
    }
}

void
switch_pdu_varbinds(const struct switch_pdu *pdu, struct mib_varbinds *vbs)
{
    for (size_t i = 0; i < pdu->n; i++) {
        mib_varbinds_add(vbs, &pdu->sets[i].vb.oid, &pdu->sets[i].vb.value);
    }
}

size_t
switch_plan_n_varbinds(const struct switch_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++) {
        n += plan->pdus[i].n;
    }
    return n;
}

/* --- The steps, one after the other ----------------------------------------*/

struct plan_step *
plan_add(struct plan_steps *steps, enum plan_phase phase,
         enum switch_action action, const struct mib_oid *column,
         uint32_t index, char *text)
{
    struct plan_step *step;

    if (steps->n >= steps->allocated) {
        steps->steps = x2nrealloc(steps->steps, &steps->allocated,
                                  sizeof *steps->steps);
    }
    step = &steps->steps[steps->n++];
    *step = (struct plan_step) { .phase = phase };
    step->set.action = action;
    step->set.vb.oid = mib_oid_child(column, index);
    step->set.vb.value.type = MIB_NULL;
    step->set.text = text;
    return step;
}

struct plan_step *
plan_add_number(struct plan_steps *steps, enum plan_phase phase,
                enum switch_action action, const struct mib_oid *column,
                uint32_t index, enum mib_type type, int64_t number, char *text)
{
    struct plan_step *step = plan_add(steps, phase, action, column, index,
                                      text);

    step->set.vb.value.type = type;
    step->set.vb.value.number = number;
    return step;
}

struct plan_step *
plan_add_octets(struct plan_steps *steps, enum plan_phase phase,
                enum switch_action action, const struct mib_oid *column,
                uint32_t index, const void *octets, size_t n, char *text)
{
    struct plan_step *step = plan_add(steps, phase, action, column, index,
                                      text);

    step->set.vb.value.type = MIB_OCTETS;
    step->set.vb.value.octets = xmemdup(n ? octets : "", MAX(n, 1));
    step->set.vb.value.n_octets = n;
    return step;
}

void
plan_steps_destroy(struct plan_steps *steps)
{
    for (size_t i = 0; i < steps->n; i++) {
        plan_set_clear(&steps->steps[i].set);
    }
    free(steps->steps);
}

/* --- Steps of Q-BRIDGE -----------------------------------------------------*/

static void
add_port_number(struct plan_steps *steps, enum plan_phase phase,
                enum switch_action action, const struct mib_oid *column,
                const struct goal_port *g, enum mib_type type, uint32_t number,
                const char *what)
{
    plan_add_number(steps, phase, action, column, g->now->number, type, number,
                    xasprintf("%s: %s", g->label, what))->set.port
        = g->now->number;
}

static void
add_protection(struct plan_steps *steps, const struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];

        if (g->filtering == MIB_TRUE && g->now->ingress_filtering
            != MIB_TRUE) {
            add_port_number(steps, PLAN_RESTRICT, SWITCH_FILTER_INGRESS,
                            &mib_ingress_filtering, g, MIB_INTEGER, MIB_TRUE,
                            "ingress filtering on");
        }
    }
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];

        if (g->frames == MIB_FRAMES_TAGGED
            && g->now->acceptable_frames != MIB_FRAMES_TAGGED) {
            add_port_number(steps, PLAN_RESTRICT, SWITCH_RESTRICT_FRAMES,
                            &mib_acceptable_frames, g, MIB_INTEGER,
                            MIB_FRAMES_TAGGED, "take tagged frames only");
        }
    }
}

/* 'a' without what is not in 'b' ('and'), into 'out', as long as 'a'; the bits
 * that differ from 'a' into 'changed'. */
static void
intersect(const struct portlist *a, const struct portlist *b,
          struct portlist *out, struct portlist *changed)
{
    portlist_clone(out, a);
    portlist_clone(changed, a);
    for (size_t i = 0; i < a->n; i++) {
        out->octets[i] &= i < b->n ? b->octets[i] : 0;
        changed->octets[i] ^= out->octets[i];
    }
}

static void
add_list(struct plan_steps *steps, enum plan_phase phase,
         enum switch_action action, const struct switch_goal *goal,
         const struct goal_vlan *v, const struct mib_oid *column,
         const struct portlist *list, const struct portlist *changed,
         const char *what)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%s: %s ", v->label, what);
    portlist_format(changed, goal->tables->profile->order, &s);
    plan_add_octets(steps, phase, action, column, v->row, list->octets,
                    list->n, ds_steal_cstr(&s))->set.vid = v->vid;
}

static void
add_leave(struct plan_steps *steps, const struct switch_goal *goal,
          const struct goal_vlan *v)
{
    struct portlist list, changed;

    intersect(goal_vlan_untagged(v), &v->untagged, &list, &changed);
    if (!portlist_is_empty(&changed)) {
        add_list(steps, PLAN_RESTRICT, SWITCH_LEAVE_UNTAGGED, goal, v,
                 &mib_vlan_static_untagged, &list, &changed,
                 "no more untagged: ports");
    }
    portlist_destroy(&list);
    portlist_destroy(&changed);
    intersect(goal_vlan_egress(v), &v->egress, &list, &changed);
    if (!portlist_is_empty(&changed)) {
        add_list(steps, PLAN_RESTRICT, SWITCH_LEAVE_EGRESS, goal, v,
                 &mib_vlan_static_egress, &list, &changed, "leave: ports");
    }
    portlist_destroy(&list);
    portlist_destroy(&changed);
}

static void
add_egress(struct plan_steps *steps, const struct switch_goal *goal,
           const struct goal_vlan *v, bool always)
{
    struct portlist same, changed;

    intersect(&v->egress, goal_vlan_egress(v), &same, &changed);
    if (always || !portlist_is_empty(&changed)) {
        add_list(steps, PLAN_JOIN, SWITCH_JOIN_EGRESS, goal, v,
                 &mib_vlan_static_egress, &v->egress, &changed,
                 "join: ports");
    }
    portlist_destroy(&same);
    portlist_destroy(&changed);
}

static void
add_untagged(struct plan_steps *steps, const struct switch_goal *goal,
             const struct goal_vlan *v, bool always)
{
    struct portlist same, changed;

    intersect(&v->untagged, goal_vlan_untagged(v), &same, &changed);
    if (always || !portlist_is_empty(&changed)) {
        add_list(steps, PLAN_JOIN, SWITCH_JOIN_UNTAGGED, goal, v,
                 &mib_vlan_static_untagged, &v->untagged, &changed,
                 "untagged: ports");
    }
    portlist_destroy(&same);
    portlist_destroy(&changed);
}

static void
add_lists(struct plan_steps *steps, const struct switch_goal *goal,
          const struct goal_vlan *v, bool always)
{
    if (goal->tables->profile->join == SWITCH_EGRESS_FIRST) {
        add_egress(steps, goal, v, always);
        add_untagged(steps, goal, v, always);
    } else {
        add_untagged(steps, goal, v, always);
        add_egress(steps, goal, v, always);
    }
}

static void
add_row_status(struct plan_steps *steps, enum plan_phase phase,
               enum switch_action action, const struct goal_vlan *v,
               int status, const char *what)
{
    plan_add_number(steps, phase, action, &mib_vlan_static_row_status, v->row,
                    MIB_INTEGER, status,
                    xasprintf("%s: %s", v->label, what))->set.vid = v->vid;
}

static void
add_name(struct plan_steps *steps, const struct goal_vlan *v)
{
    plan_add_octets(steps, PLAN_JOIN, SWITCH_NAME_VLAN, &mib_vlan_static_name,
                    v->row, v->name, strlen(v->name),
                    xasprintf("%s: call it \"%s\"", v->label,
                              v->name))->set.vid = v->vid;
}

/* A row comes to be with all that is in it, in one request; or, if the device
 * does not take that or it does not fit, is made and then filled. */
static void
add_new_vlan(struct plan_steps *steps, const struct switch_goal *goal,
             const struct goal_vlan *v)
{
    const struct switch_profile *profile = goal->tables->profile;
    enum switch_create create = profile->create;
    size_t size = 4 * 40 + strlen(v->name) + v->egress.n + v->untagged.n;

    if (create == SWITCH_CREATE_WHOLE
        && (size > plan_room(goal->tables)
            || (profile->max_varbinds && profile->max_varbinds < 4))) {
        create = SWITCH_CREATE_THEN_FILL;
    }
    if (create == SWITCH_CREATE_WHOLE) {
        size_t first = steps->n;

        add_row_status(steps, PLAN_JOIN, SWITCH_CREATE_VLAN, v,
                       MIB_ROW_CREATE_AND_GO, "create");
        add_name(steps, v);
        add_lists(steps, goal, v, true);
        for (size_t i = first + 1; i < steps->n; i++) {
            steps->steps[i].glued = true;
        }
        return;
    }
    add_name(steps, v);
    add_lists(steps, goal, v, false);
    if (create == SWITCH_CREATE_WAIT) {
        add_row_status(steps, PLAN_ACTIVATE, SWITCH_ACTIVATE_VLAN, v,
                       MIB_ROW_ACTIVE, "activate");
    }
}

/* The rows that are made first, to be filled by add_new_vlan(). */
static void
add_bare_rows(struct plan_steps *steps, const struct switch_goal *goal,
              const struct plan_steps *joins, const bool *which)
{
    bool wait = goal->tables->profile->create == SWITCH_CREATE_WAIT;
    struct vidset whole = { .bits = { 0 } };

    for (size_t i = 0; i < joins->n; i++) {
        if (joins->steps[i].set.action == SWITCH_CREATE_VLAN) {
            vidset_add(&whole, joins->steps[i].set.vid);
        }
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (!v->now && v->exists && !vidset_contains(&whole, v->vid)
            && (!which || which[i])) {
            add_row_status(steps, PLAN_CREATE, SWITCH_CREATE_VLAN, v,
                           wait ? MIB_ROW_CREATE_AND_WAIT
                           : MIB_ROW_CREATE_AND_GO, "create");
        }
    }
}

static void
add_old_vlan(struct plan_steps *steps, const struct switch_goal *goal,
             const struct goal_vlan *v)
{
    if (v->now->has_forbidden
        && !portlist_same_ports(&v->now->forbidden, &v->forbidden)) {
        struct portlist same, changed;

        intersect(&v->now->forbidden, &v->forbidden, &same, &changed);
        add_list(steps, PLAN_CREATE, SWITCH_CHANGE_FORBIDDEN, goal, v,
                 &mib_vlan_static_forbidden, &v->forbidden, &changed,
                 "no more forbidden: ports");
        portlist_destroy(&same);
        portlist_destroy(&changed);
    }
    if (v->name) {
        add_name(steps, v);
    }
    add_lists(steps, goal, v, false);
    if (v->activate) {
        add_row_status(steps, PLAN_ACTIVATE, SWITCH_ACTIVATE_VLAN, v,
                       MIB_ROW_ACTIVE, "activate");
    }
}

/* Moves the steps of 'from' that belong to 'phase' to the end of 'to'. */
static void
move_phase(struct plan_steps *to, struct plan_steps *from,
           enum plan_phase phase)
{
    for (size_t i = 0; i < from->n; i++) {
        if (from->steps[i].phase == phase) {
            if (to->n >= to->allocated) {
                to->steps = x2nrealloc(to->steps, &to->allocated,
                                       sizeof *to->steps);
            }
            to->steps[to->n++] = from->steps[i];
        }
    }
}

/* The VLANs that 'which' names (NULL: all) get what they should have more. */
static void
add_joins(struct plan_steps *steps, const struct switch_goal *goal,
          const bool *which)
{
    struct plan_steps joins = { .n = 0 };

    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (which && !which[i]) {
            continue;
        }
        if (v->now) {
            add_old_vlan(&joins, goal, v);
        } else if (v->exists) {
            add_new_vlan(&joins, goal, v);
        }
    }
    add_bare_rows(steps, goal, &joins, which);
    for (enum plan_phase phase = PLAN_CREATE; phase <= PLAN_ACTIVATE;
         phase++) {
        move_phase(steps, &joins, phase);
    }
    free(joins.steps);
}

/* --- Joining before leaving ------------------------------------------------
 *
 * In a VLAN that some ports leave and others join, the former must be gone
 * first, or they would meet.  So VLANs are taken one after the other, each
 * once those who leave it are in another one. */

enum vlan_progress {
    NOTHING_DONE,
    LEFT,                       /* Those who leave are gone; */
    JOINED,                     /* and those who join are there. */
};

/* True if 'port' is meanwhile in another VLAN than the one at 'i'. */
static bool
is_elsewhere(const struct switch_goal *goal, size_t i, unsigned int port,
             const enum vlan_progress *progress)
{
    enum portlist_order order = goal->tables->profile->order;

    for (size_t k = 0; k < goal->n_vlans; k++) {
        const struct goal_vlan *v = &goal->vlans[k];
        bool now = portlist_contains(goal_vlan_egress(v), order, port);
        bool then = portlist_contains(&v->egress, order, port);

        if (k != i && (progress[k] == JOINED ? then
                       : progress[k] == LEFT ? now && then : now)) {
            return true;
        }
    }
    return false;
}

/* The first port that leaves VLAN 'i' and is in no other, or 0. */
static unsigned int
find_orphan(const struct switch_goal *goal, size_t i,
            const enum vlan_progress *progress)
{
    enum portlist_order order = goal->tables->profile->order;
    const struct goal_vlan *v = &goal->vlans[i];
    unsigned int port;

    PORTLIST_FOR_EACH (port, goal_vlan_egress(v), order) {
        if (!portlist_contains(&v->egress, order, port)
            && !is_elsewhere(goal, i, port, progress)) {
            return port;
        }
    }
    return 0;
}

static char *
orphan_error(const struct switch_goal *goal,
             const enum vlan_progress *progress)
{
    for (size_t i = 0; i < goal->n_vlans; i++) {
        unsigned int orphan = progress[i] == NOTHING_DONE
                              ? find_orphan(goal, i, progress) : 0;

        if (orphan) {
            return xasprintf("port %u: would leave %s and be in no VLAN, "
                             "if only for an instant, which this kind of "
                             "device does not do; give it a VLAN, or change "
                             "the ports one after the other", orphan,
                             goal->vlans[i].label);
        }
    }
    OVS_NOT_REACHED();
}

static char *
add_moves_join_first(struct plan_steps *steps, const struct switch_goal *goal)
{
    size_t n = goal->n_vlans, left = n;
    enum vlan_progress *progress = xcalloc(MAX(n, 1), sizeof *progress);
    bool *which = xcalloc(MAX(n, 1), sizeof *which);
    char *error = NULL;

    /* VLANs that nobody leaves need not wait for anything. */
    for (size_t i = 0; i < n; i++) {
        struct portlist stay, gone;

        intersect(goal_vlan_egress(&goal->vlans[i]), &goal->vlans[i].egress,
                  &stay, &gone);
        if (portlist_is_empty(&gone)) {
            add_leave(steps, goal, &goal->vlans[i]); /* Of the tags alone. */
            progress[i] = LEFT;
        }
        portlist_destroy(&stay);
        portlist_destroy(&gone);
    }
    while (left && !error) {
        size_t before = left;

        for (size_t i = 0; i < n; i++) {
            which[i] = progress[i] == LEFT;
            progress[i] = which[i] ? JOINED : progress[i];
            left -= which[i];
        }
        add_joins(steps, goal, which);
        for (size_t i = 0; i < n; i++) {
            if (progress[i] == NOTHING_DONE
                && !find_orphan(goal, i, progress)) {
                add_leave(steps, goal, &goal->vlans[i]);
                progress[i] = LEFT;
                before = SIZE_MAX;
            }
        }
        if (left == before) {
            error = orphan_error(goal, progress);
        }
    }
    free(progress);
    free(which);
    return error;
}

static void
add_pvids(struct plan_steps *steps, const struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];
        enum mib_type type = goal->tables->profile->pvid_type == MIB_INTEGER
                             ? MIB_INTEGER : g->now->pvid_type;

        if (g->pvid != g->now->pvid) {
            char *what = xasprintf("untagged frames to VLAN %"PRIu32, g->pvid);

            add_port_number(steps, PLAN_ADMIT, SWITCH_SET_PVID, &mib_pvid, g,
                            type, g->pvid, what);
            steps->steps[steps->n - 1].set.vid = g->pvid;
            free(what);
        }
    }
}

/* True if 'g' can do without GVRP at any time: it is in no VLAN by it that it
 * is to stay in.  (VLANs that are there by GVRP alone are refused.)  Not on
 * devices that put a port that would be in no VLAN into one. */
static bool
is_free_of_gvrp(const struct switch_goal *goal, const struct goal_port *g)
{
    enum portlist_order order = goal->tables->profile->order;

    if (goal->tables->profile->leave_last) {
        return false;
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (v->now && portlist_contains(&v->egress, order, g->now->number)
            && !portlist_contains(&v->now->egress, order, g->now->number)) {
            return false;
        }
    }
    return true;
}

static void
add_admission(struct plan_steps *steps, const struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];

        if (g->frames && g->frames != MIB_FRAMES_TAGGED
            && g->frames != g->now->acceptable_frames) {
            add_port_number(steps, PLAN_ADMIT, SWITCH_ADMIT_FRAMES,
                            &mib_acceptable_frames, g, MIB_INTEGER, g->frames,
                            "take untagged frames too");
        }
    }
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];

        if (g->gvrp == MIB_DISABLED && g->now->gvrp != MIB_DISABLED) {
            add_port_number(steps, PLAN_ADMIT, SWITCH_DISABLE_GVRP,
                            &mib_port_gvrp, g, MIB_INTEGER, MIB_DISABLED,
                            "GVRP off");
            steps->steps[steps->n - 1].anywhere = is_free_of_gvrp(goal, g);
        }
    }
}

/* Only on the way back. */
static void
add_unprotection(struct plan_steps *steps, const struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];

        if (g->filtering == MIB_FALSE
            && g->now->ingress_filtering == MIB_TRUE) {
            add_port_number(steps, PLAN_UNPROTECT, SWITCH_UNPROTECT,
                            &mib_ingress_filtering, g, MIB_INTEGER, MIB_FALSE,
                            "ingress filtering off, as it was");
        }
        if (g->gvrp == MIB_ENABLED && g->now->gvrp == MIB_DISABLED) {
            add_port_number(steps, PLAN_UNPROTECT, SWITCH_UNPROTECT,
                            &mib_port_gvrp, g, MIB_INTEGER, MIB_ENABLED,
                            "GVRP on, as it was");
        }
    }
}

static void
add_deletions(struct plan_steps *steps, const struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (v->now && !v->exists) {
            add_row_status(steps, PLAN_DELETE, SWITCH_DELETE_VLAN, v,
                           MIB_ROW_DESTROY, "delete");
        }
    }
}

static char *
make_steps(struct plan_steps *steps, const struct switch_goal *goal)
{
    char *error = NULL;

    add_protection(steps, goal);
    if (goal->tables->profile->leave_last) {
        error = add_moves_join_first(steps, goal);
    } else {
        for (size_t i = 0; i < goal->n_vlans; i++) {
            add_leave(steps, goal, &goal->vlans[i]);
        }
        add_joins(steps, goal, NULL);
    }
    add_pvids(steps, goal);
    add_admission(steps, goal);
    add_unprotection(steps, goal);
    add_deletions(steps, goal);
    return error;
}

/* --- Plans -----------------------------------------------------------------*/

/* Makes the plan for 'goal', and clears it. */
static char *
make_plan(struct switch_goal *goal, char *error, struct switch_plan *plan)
{
    if (!error) {
        struct plan_steps steps = { .n = 0 };

        error = make_steps(&steps, goal);
        if (!error) {
            error = plan_pack(goal->tables, &steps, plan);
        }
        switch_goal_differences(goal, &plan->lines);
        svec_clone(&plan->notes, &goal->notes);
        plan_steps_destroy(&steps);
    }
    switch_goal_clear(goal);
    if (error) {
        switch_plan_destroy(plan);
    }
    return error;
}

char *
switch_plan_make(const struct switch_tables *t, const struct switch_wanted *w,
                 struct switch_plan *plan)
{
    struct switch_goal goal;

    if (t->profile->model == SWITCH_CISCO && !t->profile->refusal) {
        return switch_cisco_plan(t, w, plan);
    }
    return make_plan(&goal, switch_goal_from_wanted(t, w, &goal), plan);
}

char *
switch_plan_restore(const struct switch_tables *now,
                    const struct switch_tables *before,
                    const struct switch_wanted *w, struct switch_plan *plan)
{
    struct switch_goal goal;

    if (now->profile->model == SWITCH_CISCO && !now->profile->refusal) {
        return switch_cisco_restore(now, before, w, plan);
    }
    return make_plan(&goal, switch_goal_from_before(now, before, w, &goal),
                     plan);
}

static bool
differences(char *error, struct switch_plan *plan, struct svec *lines)
{
    bool none = !error && !plan->lines.n && !plan->n;

    if (error) {
        svec_add_nocopy(lines, error);
    } else {
        svec_append(lines, &plan->lines);
    }
    switch_plan_destroy(plan);
    return none;
}

bool
switch_plan_verify(const struct switch_tables *t,
                   const struct switch_wanted *w, struct svec *lines)
{
    struct switch_plan plan = { .n = 0 };

    return differences(switch_plan_make(t, w, &plan), &plan, lines);
}

bool
switch_plan_verify_restored(const struct switch_tables *now,
                            const struct switch_tables *before,
                            const struct switch_wanted *w, struct svec *lines)
{
    struct switch_plan plan = { .n = 0 };

    return differences(switch_plan_restore(now, before, w, &plan), &plan,
                       lines);
}

/* --- Taking over -----------------------------------------------------------*/

/* Sets what 'port' is now.  Returns what cannot be said in our terms. */
static char *
adopt_port(const struct switch_tables *t, const struct switch_port *port,
           struct switch_wanted_port *p)
{
    enum portlist_order order = t->profile->order;
    char *label, *error = NULL;
    unsigned int n_tagged = 0, n_untagged = 0, untagged = 0;

    memset(&p->vids, 0, sizeof p->vids);
    for (unsigned int vid = 1; vid <= MIB_VID_MAX; vid++) {
        const struct switch_vlan *v = switch_tables_vlan(t, vid);

        if (v && portlist_contains(&v->egress, order, port->number)) {
            vidset_add(&p->vids, vid);
            if (portlist_contains(&v->untagged, order, port->number)) {
                n_untagged++;
                untagged = vid;
            } else {
                n_tagged++;
            }
        }
    }
    label = switch_tables_port_label(t, port);
    if (n_untagged && n_tagged) {
        error = xasprintf("%s: is untagged in VLAN %u and tagged in others; a "
                          "port of ours is either", label, untagged);
    } else if (n_untagged > 1) {
        error = xasprintf("%s: is untagged in %u VLANs", label, n_untagged);
    } else if (n_untagged && port->pvid != untagged) {
        error = xasprintf("%s: sends untagged frames of VLAN %u, but those "
                          "it gets go to VLAN %"PRIu32, label, untagged,
                          port->pvid);
    } else if (n_untagged) {
        p->role = SWITCH_ACCESS;
    } else if (p->role == SWITCH_ACCESS) {
        p->role = SWITCH_TRUNK;
    }
    free(label);
    return error;
}

char *
switch_wanted_adopt(const struct switch_tables *t, struct switch_wanted *w)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &w->ports) {
        struct switch_wanted_port *p = node->data;
        const struct switch_port *port;
        unsigned int vid;
        char *error = switch_tables_find_port(t, node->name, &port);

        if (!error) {
            error = adopt_port(t, port, p);
        }
        if (error) {
            return error;
        }
        VIDSET_FOR_EACH (vid, &p->vids) {
            char key[16];

            snprintf(key, sizeof key, "%u", vid);
            vidset_add(&w->adopted, vid);
            if (!shash_find(&w->vlans, key)) {
                char *name = switch_vlan_label(switch_tables_vlan(t, vid));

                switch_wanted_add_vlan(w, vid, name);
                free(name);
            }
        }
    }
    return NULL;
}
