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
    case SWITCH_DEACTIVATE_VLAN: return "deactivate-vlan";
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

/* Lists of ports and VLANs are octets, though they may look like text. */
static bool
sets_list(const struct switch_set *set)
{
    return set->action != SWITCH_NAME_VLAN && set->action != SWITCH_CREATE_VLAN
           && set->vb.value.type == MIB_OCTETS;
}

static void
format_value(const struct switch_set *set, struct ds *out)
{
    if (sets_list(set)) {
        ds_put_cstr(out, "0x");
        for (size_t i = 0; i < set->vb.value.n_octets; i++) {
            ds_put_format(out, "%02x", set->vb.value.octets[i]);
        }
    } else {
        mib_value_format(&set->vb.value, out);
    }
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
            format_value(set, out);
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

/* Which kinds of frames a port takes. */
static void
add_frames(struct plan_steps *steps, enum plan_phase phase,
           const struct goal_port *g)
{
    bool all = g->frames == MIB_FRAMES_ALL;

    add_port_number(steps, phase, all ? SWITCH_ADMIT_FRAMES
                                  : SWITCH_RESTRICT_FRAMES,
                    &mib_acceptable_frames, g, MIB_INTEGER, g->frames,
                    all ? "take untagged frames too"
                    : g->frames == MIB_FRAMES_TAGGED
                    ? "take tagged frames only" : "take untagged frames only");
}

/* Filtering of ports that are not ours. */
static void
add_others(struct plan_steps *steps, const struct switch_goal *goal,
           int filtering)
{
    bool on = filtering == MIB_TRUE;

    for (size_t i = 0; i < goal->n_others; i++) {
        const struct goal_other *other = &goal->others[i];

        if (other->filtering == filtering) {
            plan_add_number(steps, on ? PLAN_RESTRICT : PLAN_UNPROTECT,
                            on ? SWITCH_FILTER_INGRESS : SWITCH_UNPROTECT,
                            &mib_ingress_filtering, other->now->number,
                            MIB_INTEGER, filtering,
                            xasprintf("%s: ingress filtering %s", other->label,
                                      on ? "on" : "off, as it was"))->set.port
                = other->now->number;
        }
    }
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
    add_others(steps, goal, MIB_TRUE);
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];

        if (g->frames && g->frames != MIB_FRAMES_ALL
            && g->now->acceptable_frames == MIB_FRAMES_ALL) {
            add_frames(steps, PLAN_RESTRICT, g);
        }
    }
}

/* --- Turning ports ---------------------------------------------------------*/

static const struct goal_vlan *
goal_vlan_of(const struct switch_goal *goal, unsigned int vid)
{
    for (size_t i = 0; i < goal->n_vlans; i++) {
        if (vid && goal->vlans[i].vid == vid) {
            return &goal->vlans[i];
        }
    }
    return NULL;
}

bool
plan_is_filtered(const struct switch_goal *goal, const struct goal_port *g)
{
    return goal->tables->profile->ingress_filtering == SWITCH_IMPLICIT
           || g->now->ingress_filtering == MIB_TRUE
           || g->filtering == MIB_TRUE;
}

bool
plan_turns_frames(const struct goal_port *g)
{
    int now = g->now->acceptable_frames;

    return g->frames && g->frames != now && now != MIB_FRAMES_ALL
           && g->frames != MIB_FRAMES_ALL;
}

bool
plan_turns_pvid(const struct switch_goal *goal, const struct goal_port *g)
{
    int then = g->frames ? g->frames : g->now->acceptable_frames;
    const struct goal_vlan *v = goal_vlan_of(goal, g->now->pvid);
    bool untagged = goal->tables->profile->acceptable_frames == SWITCH_UNUSED
                    || then != MIB_FRAMES_TAGGED;

    return g->pvid != g->now->pvid && untagged
           && (!plan_is_filtered(goal, g)
               || (v && portlist_contains(&v->egress,
                                          goal->tables->profile->order,
                                          g->now->number)));
}

/* True if a row has to be there, empty, for a port to be turned to it. */
static bool
is_turned_to(const struct switch_goal *goal, const struct goal_vlan *v)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        if (v->vid && goal->ports[i].pvid == v->vid
            && plan_turns_pvid(goal, &goal->ports[i])) {
            return true;
        }
    }
    return false;
}

static void
add_pvid(struct plan_steps *steps, enum plan_phase phase,
         const struct switch_goal *goal, const struct goal_port *g)
{
    enum mib_type type = goal->tables->profile->pvid_type == MIB_INTEGER
                         ? MIB_INTEGER : g->now->pvid_type;
    char *what = xasprintf("untagged frames to VLAN %"PRIu32, g->pvid);

    add_port_number(steps, phase, SWITCH_SET_PVID, &mib_pvid, g, type, g->pvid,
                    what);
    steps->steps[steps->n - 1].set.vid = g->pvid;
    free(what);
}

void
plan_turn(struct plan_steps *steps, const struct switch_goal *goal,
          const bool *which)
{
    for (enum plan_phase phase = PLAN_TURN_TAGGED;
         phase <= PLAN_TURN_UNTAGGED; phase++) {
        for (size_t i = 0; i < goal->n_ports; i++) {
            const struct goal_port *g = &goal->ports[i];
            bool untagged = g->frames == MIB_FRAMES_UNTAGGED;

            if (which && !which[i]) {
                continue;
            }
            if (phase == PLAN_TURN_PVID && plan_turns_pvid(goal, g)) {
                add_pvid(steps, phase, goal, g);
            } else if (phase == (untagged ? PLAN_TURN_UNTAGGED
                                 : PLAN_TURN_TAGGED) && plan_turns_frames(g)) {
                add_frames(steps, phase, g);
            }
        }
    }
}

/* --- Leaving and joining ---------------------------------------------------*/

void
plan_intersect(const struct portlist *a, const struct portlist *b,
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
add_row_status(struct plan_steps *steps, enum plan_phase phase,
               enum switch_action action, const struct goal_vlan *v,
               int status, const char *what)
{
    plan_add_number(steps, phase, action, &mib_vlan_static_row_status, v->row,
                    MIB_INTEGER, status,
                    xasprintf("%s: %s", v->label, what))->set.vid = v->vid;
}

void
plan_leave(struct plan_steps *steps, const struct switch_goal *goal,
          const struct goal_vlan *v)
{
    struct portlist list, changed;

    if (v->inactive && v->now && v->now->row_status == MIB_ROW_ACTIVE) {
        add_row_status(steps, PLAN_RESTRICT, SWITCH_DEACTIVATE_VLAN, v,
                       MIB_ROW_NOT_IN_SERVICE, "out of service");
    }
    plan_intersect(goal_vlan_untagged(v), &v->untagged, &list, &changed);
    if (!portlist_is_empty(&changed)) {
        add_list(steps, PLAN_RESTRICT, SWITCH_LEAVE_UNTAGGED, goal, v,
                 &mib_vlan_static_untagged, &list, &changed,
                 "no more untagged: ports");
    }
    portlist_destroy(&list);
    portlist_destroy(&changed);
    plan_intersect(goal_vlan_egress(v), &v->egress, &list, &changed);
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

    plan_intersect(&v->egress, goal_vlan_egress(v), &same, &changed);
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

    plan_intersect(&v->untagged, goal_vlan_untagged(v), &same, &changed);
    if (always || !portlist_is_empty(&changed)) {
        add_list(steps, PLAN_JOIN, SWITCH_JOIN_UNTAGGED, goal, v,
                 &mib_vlan_static_untagged, &v->untagged, &changed,
                 "untagged: ports");
    }
    portlist_destroy(&same);
    portlist_destroy(&changed);
}

static void
add_forbidden(struct plan_steps *steps, enum plan_phase phase,
              const struct switch_goal *goal, const struct goal_vlan *v)
{
    struct portlist none, less, more;

    plan_intersect(goal_vlan_forbidden(v), &v->forbidden, &none, &less);
    portlist_destroy(&none);
    plan_intersect(&v->forbidden, goal_vlan_forbidden(v), &none, &more);
    if (!portlist_is_empty(&less) || !portlist_is_empty(&more)) {
        bool gone = portlist_is_empty(&more);

        add_list(steps, phase, SWITCH_CHANGE_FORBIDDEN, goal, v,
                 &mib_vlan_static_forbidden, &v->forbidden,
                 gone ? &less : &more,
                 gone ? "no more forbidden: ports" : "forbidden: ports");
    }
    portlist_destroy(&none);
    portlist_destroy(&less);
    portlist_destroy(&more);
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
    size_t n = portlist_is_empty(&v->forbidden) ? 4 : 5;
    size_t size = n * 40 + strlen(v->name) + v->egress.n + v->untagged.n
                  + v->forbidden.n;

    if (create == SWITCH_CREATE_WHOLE
        && (size > plan_room(goal->tables) || is_turned_to(goal, v)
            || v->inactive
            || (profile->max_varbinds && profile->max_varbinds < n))) {
        create = SWITCH_CREATE_THEN_FILL;
    }
    /* All lists, also an empty one: RFC 4363 specifies no default for the
     * untagged list of a new VLAN. */
    if (create == SWITCH_CREATE_WHOLE) {
        size_t first = steps->n;

        add_row_status(steps, PLAN_JOIN, SWITCH_CREATE_VLAN, v,
                       MIB_ROW_CREATE_AND_GO, "create");
        add_name(steps, v);
        add_forbidden(steps, PLAN_JOIN, goal, v);
        add_lists(steps, goal, v, true);
        for (size_t i = first + 1; i < steps->n; i++) {
            steps->steps[i].glued = true;
        }
        return;
    }
    add_name(steps, v);
    add_forbidden(steps, PLAN_JOIN, goal, v);
    add_lists(steps, goal, v, false);
    if (create == SWITCH_CREATE_WAIT && !v->inactive) {
        add_row_status(steps, PLAN_ACTIVATE, SWITCH_ACTIVATE_VLAN, v,
                       MIB_ROW_ACTIVE, "activate");
    }
}

static void
add_bare_row(struct plan_steps *steps, const struct switch_goal *goal,
             const struct goal_vlan *v)
{
    bool wait = goal->tables->profile->create == SWITCH_CREATE_WAIT
                || v->inactive;

    add_row_status(steps, PLAN_CREATE, SWITCH_CREATE_VLAN, v,
                   wait ? MIB_ROW_CREATE_AND_WAIT : MIB_ROW_CREATE_AND_GO,
                   "create");
}

void
plan_rows_to_turn_to(struct plan_steps *steps, const struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (!v->now && v->exists && is_turned_to(goal, v)) {
            add_bare_row(steps, goal, v);
        }
    }
}

/* The rows that are made first, to be filled by add_new_vlan(). */
static void
add_bare_rows(struct plan_steps *steps, const struct switch_goal *goal,
              const struct plan_steps *joins, const bool *which)
{
    struct vidset whole = { .bits = { 0 } };

    for (size_t i = 0; i < joins->n; i++) {
        if (joins->steps[i].set.action == SWITCH_CREATE_VLAN) {
            vidset_add(&whole, joins->steps[i].set.vid);
        }
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (!v->now && v->exists && !vidset_contains(&whole, v->vid)
            && (!which || which[i]) && !is_turned_to(goal, v)) {
            add_bare_row(steps, goal, v);
        }
    }
}

static void
add_old_vlan(struct plan_steps *steps, const struct switch_goal *goal,
             const struct goal_vlan *v)
{
    if (v->now->has_forbidden) {
        add_forbidden(steps, PLAN_CREATE, goal, v);
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

void
plan_join(struct plan_steps *steps, const struct switch_goal *goal,
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

/* --- What else is set of ports --------------------------------------------*/

static void
add_pvids(struct plan_steps *steps, const struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];

        if (g->pvid != g->now->pvid && !plan_turns_pvid(goal, g)) {
            add_pvid(steps, PLAN_ADMIT, goal, g);
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

        if (g->frames == MIB_FRAMES_ALL
            && g->now->acceptable_frames != MIB_FRAMES_ALL) {
            add_frames(steps, PLAN_ADMIT, g);
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
    add_others(steps, goal, MIB_FALSE);
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
        error = plan_join_first(steps, goal);
    } else {
        for (size_t i = 0; i < goal->n_vlans; i++) {
            plan_leave(steps, goal, &goal->vlans[i]);
        }
        plan_rows_to_turn_to(steps, goal);
        plan_turn(steps, goal, NULL);
        plan_join(steps, goal, NULL);
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
