/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking over what is configured already: part of switchcfg/plan.h. */

#include <config.h>
#include "switchcfg/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "switchcfg/wanted.h"
#include "util.h"

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
