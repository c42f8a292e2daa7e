/* SPDX-License-Identifier: Apache-2.0
 *
 * Joining before leaving, for devices that keep a port in some VLAN.
 *
 * In a VLAN that some ports leave and others join, the former must be gone
 * first, or they would meet.  So VLANs are taken one after the other, each
 * once those who leave it are in another one; and ports are turned (see
 * switchcfg/plan-private.h) as soon as those are gone that they would send
 * to. */

#include <config.h>
#include "switchcfg/plan-private.h"

#include <stdlib.h>
#include "switchcfg/goal.h"
#include "switchcfg/profile.h"
#include "util.h"

enum vlan_progress {
    NOTHING_DONE,
    LEFT,                       /* Those who leave are gone; */
    JOINED,                     /* and those who join are there. */
};

struct progress {
    const struct switch_goal *goal;
    enum vlan_progress *vlans;
    bool *turned;               /* Ports: are, or need not be. */
    bool *which;                /* Of either, what is done next. */
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

/* True if port 'i' can be turned now. */
static bool
can_turn(const struct progress *p, size_t i)
{
    enum portlist_order order = p->goal->tables->profile->order;
    const struct goal_port *g = &p->goal->ports[i];

    for (size_t k = 0; k < p->goal->n_vlans; k++) {
        const struct goal_vlan *v = &p->goal->vlans[k];
        bool member = portlist_contains(goal_vlan_egress(v), order,
                                        g->now->number);

        if (p->vlans[k] == NOTHING_DONE
            && ((member && plan_turns_frames(g))
                || (v->vid == g->pvid && plan_turns_pvid(p->goal, g)
                    && (member || !plan_is_filtered(p->goal, g))))) {
            return false;
        }
    }
    return true;
}

/* The position of a port that has to be turned before others join VLAN 'i';
 * SIZE_MAX if there is none. */
static size_t
find_unturned(const struct progress *p, size_t i)
{
    enum portlist_order order = p->goal->tables->profile->order;
    const struct goal_vlan *v = &p->goal->vlans[i];

    for (size_t k = 0; k < p->goal->n_ports; k++) {
        const struct goal_port *g = &p->goal->ports[k];

        if (!p->turned[k]
            && ((v->vid && v->vid == g->now->pvid)
                || (g->frames == MIB_FRAMES_UNTAGGED && plan_turns_frames(g)
                    && portlist_contains(&v->egress, order,
                                         g->now->number)))) {
            return k;
        }
    }
    return SIZE_MAX;
}

static char *
stuck_error(const struct progress *p)
{
    for (size_t i = 0; i < p->goal->n_vlans; i++) {
        size_t port = p->vlans[i] == LEFT ? find_unturned(p, i) : SIZE_MAX;

        if (port != SIZE_MAX) {
            return xasprintf("%s: untagged frames would get to ports that "
                             "join %s, and this kind of device does not let "
                             "ports leave first; change the ports one after "
                             "the other", p->goal->ports[port].label,
                             p->goal->vlans[i].label);
        }
    }
    return orphan_error(p->goal, p->vlans);
}

/* VLANs that nobody leaves need not wait for anything. */
static void
start_moves(struct progress *p, struct plan_steps *steps)
{
    for (size_t i = 0; i < p->goal->n_vlans; i++) {
        const struct goal_vlan *v = &p->goal->vlans[i];
        struct portlist stay, gone;

        plan_intersect(goal_vlan_egress(v), &v->egress, &stay, &gone);
        if (portlist_is_empty(&gone)) {
            plan_leave(steps, p->goal, v); /* Of the tags alone. */
            p->vlans[i] = LEFT;
        }
        portlist_destroy(&stay);
        portlist_destroy(&gone);
    }
    for (size_t i = 0; i < p->goal->n_ports; i++) {
        const struct goal_port *g = &p->goal->ports[i];

        p->turned[i] = !plan_turns_pvid(p->goal, g) && !plan_turns_frames(g);
    }
    plan_rows_to_turn_to(steps, p->goal);
}

/* Does what can be done now.  Returns false if that is nothing. */
static bool
move_on(struct progress *p, struct plan_steps *steps)
{
    const struct switch_goal *goal = p->goal;
    bool any = false;

    for (size_t i = 0; i < goal->n_ports; i++) {
        p->which[i] = !p->turned[i] && can_turn(p, i);
        any = any || p->which[i];
    }
    plan_turn(steps, goal, p->which);
    for (size_t i = 0; i < goal->n_ports; i++) {
        p->turned[i] = p->turned[i] || p->which[i];
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        p->which[i] = p->vlans[i] == LEFT && find_unturned(p, i) == SIZE_MAX;
        any = any || p->which[i];
    }
    plan_join(steps, goal, p->which);
    for (size_t i = 0; i < goal->n_vlans; i++) {
        p->vlans[i] = p->which[i] ? JOINED : p->vlans[i];
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        if (p->vlans[i] == NOTHING_DONE && !find_orphan(goal, i, p->vlans)) {
            plan_leave(steps, goal, &goal->vlans[i]);
            p->vlans[i] = LEFT;
            any = true;
        }
    }
    return any;
}

char *
plan_join_first(struct plan_steps *steps, const struct switch_goal *goal)
{
    struct progress p = {
        .goal = goal,
        .vlans = xcalloc(goal->n_vlans + 1, sizeof *p.vlans),
        .turned = xcalloc(goal->n_ports + 1, sizeof *p.turned),
        .which = xcalloc(MAX(goal->n_vlans, goal->n_ports) + 1,
                         sizeof *p.which),
    };
    size_t left = 0;
    char *error;

    start_moves(&p, steps);
    while (move_on(&p, steps)) {
        continue;
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        left += p.vlans[i] != JOINED;
    }
    error = left ? stuck_error(&p) : NULL;
    free(p.vlans);
    free(p.turned);
    free(p.which);
    return error;
}
