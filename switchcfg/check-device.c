/* SPDX-License-Identifier: Apache-2.0
 *
 * Can this device be configured at all, and these ports of it?  Part of
 * switchcfg/plan.h. */

#include <config.h>
#include "switchcfg/plan.h"

#include <inttypes.h>
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "util.h"

/* The port at which all lists of the device end, or 0 if it has lists of
 * different lengths, or such that end with their last port: those grow. */
static unsigned int
last_listed_port(const struct switch_tables *t)
{
    const struct switch_vlan *v;
    bool any = false, padded = false;
    size_t n = 0;

    HMAP_FOR_EACH (v, node, &t->vlans) {
        if (v->has_egress) {
            if (any && v->egress.n != n) {
                return 0;
            }
            any = true;
            n = v->egress.n;
            padded = padded || (n && !v->egress.octets[n - 1]);
        }
    }
    return padded ? 8 * n : 0;
}

/* The lowest port that is in a list and does not exist, or 0. */
static unsigned int
unknown_port(const struct switch_tables *t)
{
    const struct switch_vlan *v;
    unsigned int port, lowest = 0;

    HMAP_FOR_EACH (v, node, &t->vlans) {
        PORTLIST_FOR_EACH (port, &v->egress, t->profile->order) {
            if ((!lowest || port < lowest) && !switch_tables_port(t, port)) {
                lowest = port;
            }
        }
    }
    return lowest;
}

/* Some devices number the bits of their lists otherwise than their ports.  It
 * shows where lists are too short for the ports that there are, and at the
 * same time hold ports that there are not. */
static char *
check_numbering(const struct switch_tables *t)
{
    unsigned int end = last_listed_port(t), unknown = unknown_port(t);
    const struct switch_port *p;

    HMAP_FOR_EACH (p, node, &t->ports) {
        if (end && p->has_pvid && p->number > end && unknown) {
            return xasprintf("the device's lists of ports end at port %u, its "
                             "ports do not (port %"PRIu32"), and the lists "
                             "hold port %u, which it does not have: it is not "
                             "known which port they mean", end, p->number,
                             unknown);
        }
    }
    return NULL;
}

/* Only what the model has. */
static char *
check_cisco(const struct switch_tables *t)
{
    const struct switch_vlan *v;

    HMAP_FOR_EACH (v, node, &t->vlans) {
        if (v->domain) {
            return hmap_is_empty(&t->ports)
                   ? xstrdup("the device shows no ports that have a VLAN "
                             "(vmMembershipTable, vlanTrunkPortTable)") : NULL;
        }
    }
    return xstrdup("the device shows no VLANs (vtpVlanTable), so none can be "
                   "made");
}

char *
switch_check_device(const struct switch_tables *t, bool for_ports)
{
    const struct switch_profile *profile = t->profile;
    const struct switch_vlan *v;
    bool any = false;

    if (profile->refusal) {
        return xasprintf("%s: %s", profile->title, profile->refusal);
    }
    if (profile->model == SWITCH_CISCO) {
        return check_cisco(t);
    }
    HMAP_FOR_EACH (v, node, &t->vlans) {
        any = any || v->is_static;
        if (v->bad) {
            return xasprintf("VLAN %u: the device's table is not right (%s)",
                             v->vid ? v->vid : v->row, t->first_bad);
        }
    }
    if (t->rows_bad) {
        return xasprintf("the device's table of VLANs is not right (%s)",
                         t->first_bad);
    }
    if (!any) {
        return xasprintf("the device has no static VLANs "
                         "(dot1qVlanStaticTable)%s: it cannot be configured "
                         "over Q-BRIDGE",
                         hmap_is_empty(&t->vlans) ? ""
                         : ", only what is current");
    }
    if (hmap_is_empty(&t->ports)) {
        return xstrdup("the device shows no ports of its bridge "
                       "(dot1dBasePortTable, dot1qPortVlanTable)");
    }
    return for_ports ? check_numbering(t) : NULL;
}

char *
switch_check_port(const struct switch_tables *t, const struct switch_port *p)
{
    const struct switch_profile *profile = t->profile;
    unsigned int end = last_listed_port(t);

    if (profile->model == SWITCH_CISCO) {
        return NULL;            /* See switchcfg/plan-cisco.c. */
    }
    if (p->bad) {
        return xasprintf("what the device says of it is not right (%s)",
                         t->first_bad);
    }
    if (!p->has_pvid) {
        return xstrdup("the device has no PVID (dot1qPvid) for it, so it "
                       "cannot be given a VLAN; is it a routed port, or "
                       "member of an aggregation?");
    }
    if (end && p->number > end) {
        return xasprintf("the device's lists of ports end at port %u, so it "
                         "cannot be put into a VLAN over Q-BRIDGE", end);
    }
    if (profile->ingress_filtering == SWITCH_UNUSED
        || (profile->ingress_filtering == SWITCH_IF_PRESENT
            && !p->ingress_filtering)) {
        return xstrdup("the device cannot keep out frames of VLANs that the "
                       "port is not in (no dot1qPortIngressFiltering)");
    }
    return NULL;
}
