/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports that are not ours, and VLANs that are: part of switchcfg/goal.h. */

#include <config.h>
#include "switchcfg/goal-private.h"

#include <stdio.h>
#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/profile.h"
#include "util.h"

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

void
goal_note_unfiltered(struct switch_goal *goal)
{
    const struct switch_port *p;
    struct portlist open = { .n = 0 };
    struct ds s = DS_EMPTY_INITIALIZER;

    HMAP_FOR_EACH (p, node, &goal->tables->ports) {
        if (p->ingress_filtering == MIB_FALSE
            && !goal_port_find(goal, p->number)) {
            portlist_set(&open, PORTLIST_MSB_FIRST, p->number, true);
        }
    }
    if (goal->n_ports && !portlist_is_empty(&open)) {
        ds_put_cstr(&s, "ports that are not ours let in frames of every VLAN, "
                    "so what is behind them could send to EEs (ingress "
                    "filtering is off): ");
        portlist_format(&open, PORTLIST_MSB_FIRST, &s);
        svec_add(&goal->notes, ds_cstr(&s));
    }
    ds_destroy(&s);
    portlist_destroy(&open);
}
