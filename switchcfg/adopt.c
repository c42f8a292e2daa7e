/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking over what is configured already: part of switchcfg/plan.h. */

#include <config.h>
#include "switchcfg/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "switchcfg/goal.h"
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "switchcfg/wanted.h"
#include "util.h"

/* --- What a port is in ----------------------------------------------------*/

/* From the objects that Cisco's switches have. */
static void
read_cisco_port(const struct switch_tables *t, const struct switch_port *port,
                struct vidset *tagged, struct vidset *untagged)
{
    const struct switch_interface *iface
        = switch_tables_interface(t, port->if_index);

    if (!iface) {
        return;
    } else if (iface->vm_vlan) {
        vidset_add(untagged, iface->vm_vlan);
        return;
    }
    for (unsigned int vid = 1; vid < 4095; vid++) {
        if (iface->has_trunk_vlans[vid / 1024]
            && portlist_contains(&iface->trunk_vlans[vid / 1024],
                                 PORTLIST_MSB_FIRST, vid % 1024 + 1)
            && switch_tables_vlan(t, vid)) {
            vidset_add(tagged, vid);
        }
    }
}

/* From the lists of VLANs. */
static void
read_port(const struct switch_tables *t, const struct switch_port *port,
          struct vidset *tagged, struct vidset *untagged)
{
    enum portlist_order order = t->profile->order;
    const struct switch_vlan *v;

    HMAP_FOR_EACH (v, node, &t->vlans) {
        if (v->vid && v->has_egress
            && portlist_contains(&v->egress, order, port->number)) {
            bool is_untagged = v->has_untagged
                               && portlist_contains(&v->untagged, order,
                                                    port->number);

            vidset_add(is_untagged ? untagged : tagged, v->vid);
        }
    }
}

void
switch_port_memberships(const struct switch_tables *t,
                        const struct switch_port *port,
                        struct vidset *tagged, struct vidset *untagged)
{
    memset(tagged, 0, sizeof *tagged);
    memset(untagged, 0, sizeof *untagged);
    if (t->profile->model == SWITCH_CISCO) {
        read_cisco_port(t, port, tagged, untagged);
    } else {
        read_port(t, port, tagged, untagged);
    }
}

/* What cannot be said of a port in our terms, or NULL. */
static char *
check_memberships(const struct switch_port *port, const struct vidset *tagged,
                  const struct vidset *untagged)
{
    unsigned int vid = vidset_next(untagged, 0);

    if (vid && vidset_next(tagged, 0)) {
        return xasprintf("untagged in VLAN %u and tagged in others; a port of "
                         "ours is either", vid);
    } else if (vid && vidset_next(untagged, vid)) {
        return xasprintf("untagged in several VLANs, of which VLAN %u is one",
                         vid);
    } else if (vid && port->has_pvid && port->pvid != vid) {
        return xasprintf("sends untagged frames of VLAN %u, but those it gets "
                         "go to VLAN %"PRIu32, vid, port->pvid);
    }
    return NULL;
}

char *
switch_adopt_port(const struct switch_tables *t, const char *name,
                  struct switch_wanted_port *p)
{
    const struct switch_port *port;
    struct vidset tagged, untagged;
    char *error = switch_tables_find_port(t, name, &port);

    memset(&p->vids, 0, sizeof p->vids);
    if (error) {
        return error;
    }
    switch_port_memberships(t, port, &tagged, &untagged);
    for (size_t i = 0; i < ARRAY_SIZE(p->vids.bits); i++) {
        p->vids.bits[i] = tagged.bits[i] | untagged.bits[i];
    }
    if (vidset_next(&untagged, 0) && !vidset_next(&tagged, 0)) {
        p->role = SWITCH_ACCESS;
    } else if (p->role == SWITCH_ACCESS) {
        p->role = SWITCH_TRUNK;
    }
    return check_memberships(port, &tagged, &untagged);
}

/* --- VLANs ----------------------------------------------------------------*/

/* True if a port of 'list' that is there is not among 'ours'. */
static bool
has_stranger(const struct switch_tables *t, const struct portlist *list,
             const struct portlist *ours)
{
    unsigned int number;

    PORTLIST_FOR_EACH (number, list, t->profile->order) {
        if (switch_tables_port(t, number)
            && !portlist_contains(ours, PORTLIST_MSB_FIRST, number)) {
            return true;
        }
    }
    return false;
}

/* True if 'v' is somebody else's: there, and not with our mark.  One that is
 * there because others have joined it is theirs, too. */
static bool
is_others(const struct switch_tables *t, const struct switch_wanted *w,
          const struct switch_vlan *v, const struct portlist *ours)
{
    if (v->is_static || v->domain) {
        return !goal_is_marked(v)
               && !vidset_contains(&w->created, v->vid);
    }
    return has_stranger(t, &v->current_egress, ours);
}

void
switch_adopt_vlans(const struct switch_tables *t,
                   const struct switch_wanted *w, struct vidset *vids)
{
    struct portlist ours = { .n = 0 };
    const struct shash_node *node;
    const struct switch_vlan *v;

    SHASH_FOR_EACH (node, &w->ports) {
        const struct switch_port *port;
        char *error = switch_tables_find_port(t, node->name, &port);

        if (!error && port->number <= PORTLIST_MAX_PORT) {
            portlist_set(&ours, PORTLIST_MSB_FIRST, port->number, true);
        }
        free(error);
    }
    memset(vids, 0, sizeof *vids);
    HMAP_FOR_EACH (v, node, &t->vlans) {
        char key[16];

        snprintf(key, sizeof key, "%u", v->vid);
        if (v->vid && (vidset_contains(&w->tvds, v->vid)
                       || shash_find(&w->vlans, key))
            && is_others(t, w, v, &ours)) {
            vidset_add(vids, v->vid);
        }
    }
    portlist_destroy(&ours);
}
