/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports that are not ours, and VLANs that are: part of switchcfg/goal.h. */

#include <config.h>
#include "switchcfg/goal-private.h"

#include <stdio.h>
#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/plan.h"
#include "switchcfg/profile.h"
#include "util.h"

/* True if the device can be told to filter at 'p', and does not. */
static bool
can_be_filtered(const struct switch_tables *t, const struct switch_port *p)
{
    return t->profile->model == SWITCH_QBRIDGE
           && t->profile->ingress_filtering == SWITCH_IF_PRESENT
           && p->ingress_filtering == MIB_FALSE;
}

const struct switch_port *
goal_stranger_sends_to(const struct switch_goal *goal, unsigned int vid)
{
    const struct switch_profile *profile = goal->tables->profile;
    const struct switch_port *p, *found = NULL;

    HMAP_FOR_EACH (p, node, &goal->tables->ports) {
        if (p->has_pvid && p->pvid == vid
            && p->ingress_filtering != MIB_TRUE
            && profile->ingress_filtering != SWITCH_IMPLICIT
            && p->acceptable_frames != MIB_FRAMES_TAGGED
            && !goal_port_find(goal, p->number)
            && !(goal->filter_others && can_be_filtered(goal->tables, p))
            && (!found || p->number < found->number)) {
            found = p;
        }
    }
    return found;
}

/* True if 'p' joins VLANs when what is behind it asks for them. */
static bool
is_dynamic(const struct switch_tables *t, const struct switch_port *p)
{
    return p->gvrp == MIB_ENABLED && t->gvrp != MIB_DISABLED;
}

static void
note_vlan(struct switch_goal *goal, const struct goal_vlan *v,
          const struct switch_port *p, const char *what)
{
    char *port = switch_tables_port_label(goal->tables, p);

    svec_add_nocopy(&goal->notes, xasprintf("%s: %s, which is not ours, %s",
                                            v->label, port, what));
    free(port);
}

/* Port 'p', not ours, is kept from joining 'v', which is ours: by the list of
 * those that must not.  On the device that tells that GVRP is on at all ports
 * are kept out at once; else those that are in there. */
static char *
forbid_stranger(struct switch_goal *goal, struct goal_vlan *v,
                const struct switch_port *p)
{
    const struct switch_tables *t = goal->tables;
    enum portlist_order order = t->profile->order;
    const struct switch_vlan *current = switch_tables_vlan(t, v->vid);
    bool is_there = current && portlist_contains(&current->current_egress,
                                                 order, p->number)
                    && !portlist_contains(&current->egress, order, p->number);

    if (portlist_contains(&v->egress, order, p->number)
        || portlist_contains(&v->forbidden, order, p->number)) {
        return NULL;
    }
    if (!is_dynamic(t, p)) {
        if (is_there) {
            note_vlan(goal, v, p, "is in it by other means than its table");
        }
        return NULL;
    }
    if (is_there && v->now && !v->now->has_forbidden) {
        char *port = switch_tables_port_label(t, p);
        char *error = xasprintf("%s: %s, which is not ours, has joined it by "
                                "GVRP, and the device cannot keep it out (no "
                                "dot1qVlanForbiddenEgressPorts); turn GVRP "
                                "off there", v->label, port);

        free(port);
        return error;
    }
    if (is_there || (t->gvrp == MIB_ENABLED
                     && (!v->now || v->now->has_forbidden))) {
        portlist_grow(&v->forbidden, v->egress.n);
        portlist_set(&v->forbidden, order, p->number, true);
    }
    return NULL;
}

char *
goal_keep_strangers_out(struct switch_goal *goal, const struct switch_wanted *w)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(goal->tables, &n);
    char *error = NULL;

    for (size_t i = 0; i < goal->n_vlans && !error; i++) {
        struct goal_vlan *v = &goal->vlans[i];
        const struct switch_port *sender;

        char key[16];

        snprintf(key, sizeof key, "%u", v->vid);
        if (!v->exists || !shash_find(&w->vlans, key)
            || vidset_contains(&w->adopted, v->vid)) {
            continue;
        }
        for (size_t k = 0; k < n && !error; k++) {
            if (!goal_port_find(goal, ports[k]->number)) {
                error = forbid_stranger(goal, v, ports[k]);
            }
        }
        sender = goal_stranger_sends_to(goal, v->vid);
        if (sender && !error) {
            note_vlan(goal, v, sender, "sends untagged frames into it: its "
                      "PVID is that VLAN, and ingress filtering is off");
        }
    }
    free(ports);
    return error;
}

/* --- Ingress filtering ----------------------------------------------------*/

static void
add_other(struct switch_goal *goal, const struct switch_port *p, int filtering)
{
    struct goal_other *other = &goal->others[goal->n_others++];

    other->now = p;
    other->label = switch_tables_port_label(goal->tables, p);
    other->filtering = filtering;
}

void
goal_filter_others(struct switch_goal *goal)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(goal->tables, &n);

    goal->others = xcalloc(n + 1, sizeof *goal->others);
    for (size_t i = 0; goal->filter_others && i < n; i++) {
        if (can_be_filtered(goal->tables, ports[i])
            && !goal_port_find(goal, ports[i]->number)) {
            add_other(goal, ports[i], MIB_TRUE);
        }
    }
    free(ports);
}

void
goal_restore_others(struct switch_goal *goal,
                    const struct switch_tables *before)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(goal->tables, &n);

    goal->others = xcalloc(n + 1, sizeof *goal->others);
    for (size_t i = 0; goal->filter_others && i < n; i++) {
        const struct switch_port *old = switch_tables_port(before,
                                                           ports[i]->number);

        if (old && can_be_filtered(before, old)
            && ports[i]->ingress_filtering == MIB_TRUE
            && !goal_port_find(goal, old->number)) {
            add_other(goal, ports[i], MIB_FALSE);
        }
    }
    free(ports);
}

/* True if 'p' lets in frames with the tag of a VLAN that it is not in. */
static bool
is_open(const struct switch_port *p)
{
    return p->ingress_filtering == MIB_FALSE
           && p->acceptable_frames != MIB_FRAMES_UNTAGGED;
}

/* What is said of 'open', which are not ours and let in what they should not;
 * NULL if there are none. */
static char *
describe_open(const struct portlist *open)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    if (portlist_is_empty(open)) {
        return NULL;
    }
    ds_put_cstr(&s, "ports that are not ours let in frames tagged for VLANs "
                "of TVDs, so what is behind them can send to EEs; turn on "
                "their ingress filtering, or say 'filter_others: true' in the "
                "policy: ");
    portlist_format(open, PORTLIST_MSB_FIRST, &s);
    return ds_steal_cstr(&s);
}

void
goal_note_unfiltered(struct switch_goal *goal)
{
    const struct switch_port *p;
    struct portlist open = { .n = 0 };
    char *note;

    HMAP_FOR_EACH (p, node, &goal->tables->ports) {
        if (is_open(p) && goal->n_ports
            && !goal_port_find(goal, p->number)
            && !(goal->filter_others && can_be_filtered(goal->tables, p))) {
            portlist_set(&open, PORTLIST_MSB_FIRST, p->number, true);
        }
    }
    note = describe_open(&open);
    if (note) {
        svec_add_nocopy(&goal->notes, note);
    }
    portlist_destroy(&open);
}

char *
switch_open_ports(const struct switch_tables *t, const struct switch_wanted *w)
{
    struct portlist open = { .n = 0 };
    const struct switch_port *p;
    const struct shash_node *node;
    char *note;

    HMAP_FOR_EACH (p, node, &t->ports) {
        if (is_open(p) && p->number <= PORTLIST_MAX_PORT) {
            portlist_set(&open, PORTLIST_MSB_FIRST, p->number, true);
        }
    }
    SHASH_FOR_EACH (node, &w->ports) {
        char *error = portlist_is_empty(&open) ? NULL
                      : switch_tables_find_port(t, node->name, &p);

        if (!portlist_is_empty(&open) && !error) {
            portlist_set(&open, PORTLIST_MSB_FIRST, p->number, false);
        }
        free(error);
    }
    note = shash_is_empty(&w->ports) ? NULL : describe_open(&open);
    portlist_destroy(&open);
    return note;
}
