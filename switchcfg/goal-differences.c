/* SPDX-License-Identifier: Apache-2.0
 *
 * What is not as it should be, for people: part of switchcfg/goal.h. */

#include <config.h>
#include "switchcfg/goal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/profile.h"
#include "util.h"

/* What 'port' is in a VLAN. */
static const char *
membership(const struct portlist *egress, const struct portlist *untagged,
           enum portlist_order order, unsigned int port)
{
    return portlist_contains(untagged, order, port)
           ? (portlist_contains(egress, order, port) ? "untagged"
              : "untagged only as a setting")
           : portlist_contains(egress, order, port) ? "tagged" : NULL;
}

/* Where 'port' is other than it should be, into 's'. */
static void
describe_memberships(const struct switch_goal *goal, unsigned int port,
                     struct ds *s)
{
    enum portlist_order order = goal->tables->profile->order;

    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];
        const char *now = membership(goal_vlan_egress(v),
                                     goal_vlan_untagged(v), order, port);
        const char *then = membership(&v->egress, &v->untagged, order, port);
        bool forbidden = portlist_contains(&v->forbidden, order, port);

        if (!!now == !!then && (!now || !strcmp(now, then))) {
            if (forbidden != portlist_contains(goal_vlan_forbidden(v), order,
                                               port)) {
                ds_put_format(s, ", %sforbidden in %s",
                              forbidden ? "not " : "", v->label);
            }
        } else if (!then) {
            ds_put_format(s, ", %s in %s, which is not wanted", now, v->label);
        } else {
            ds_put_format(s, ", not %s in %s%s%s", then, v->label,
                          now ? " but " : "", now ? now : "");
        }
    }
}

static void
describe_port(const struct switch_goal *goal, const struct goal_port *g,
              struct svec *lines)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    describe_memberships(goal, g->now->number, &s);
    if (g->pvid != g->now->pvid) {
        ds_put_format(&s, ", untagged frames go to VLAN %"PRIu32" and not to "
                      "VLAN %"PRIu32, g->now->pvid, g->pvid);
    }
    if (g->frames && g->frames != g->now->acceptable_frames) {
        ds_put_format(&s, ", takes %s",
                      g->now->acceptable_frames == MIB_FRAMES_TAGGED
                      ? "tagged frames only" : "untagged frames too");
    }
    if (g->filtering && g->filtering != g->now->ingress_filtering) {
        ds_put_format(&s, ", ingress filtering is %s",
                      g->filtering == MIB_TRUE ? "off" : "on");
    }
    if (g->gvrp && g->gvrp != g->now->gvrp) {
        ds_put_format(&s, ", GVRP is %s", g->gvrp == MIB_ENABLED ? "off"
                                          : "on");
    }
    if (s.length) {
        svec_add_nocopy(lines, xasprintf("%s: %s", g->label,
                                         ds_cstr(&s) + strlen(", ")));
    }
    ds_destroy(&s);
}

static void
describe_vlan(const struct goal_vlan *v, struct svec *lines)
{
    if (!v->now) {
        svec_add_nocopy(lines, xasprintf("%s: is not on the device",
                                         v->label));
    } else if (!v->exists) {
        svec_add_nocopy(lines, xasprintf("%s: is on the device, and not "
                                         "wanted", v->label));
    } else if (v->name) {
        svec_add_nocopy(lines, xasprintf("%s: is not called \"%s\"", v->label,
                                         v->name));
    } else if (v->inactive && !goal_is_inactive(v->now)) {
        svec_add_nocopy(lines, xasprintf("%s: is active", v->label));
    } else if (v->activate) {
        svec_add_nocopy(lines, xasprintf("%s: is not active", v->label));
    }
}

static const struct goal_other *
goal_other_find(const struct switch_goal *goal, uint32_t number)
{
    for (size_t i = 0; i < goal->n_others; i++) {
        if (goal->others[i].now->number == number) {
            return &goal->others[i];
        }
    }
    return NULL;
}

void
switch_goal_differences(const struct switch_goal *goal, struct svec *lines)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(goal->tables, &n);

    for (size_t i = 0; i < n; i++) {
        const struct goal_port *g = goal_port_find(goal, ports[i]->number);

        if (g) {
            describe_port(goal, g, lines);
        } else {
            const struct goal_other *other
                = goal_other_find(goal, ports[i]->number);
            struct ds s = DS_EMPTY_INITIALIZER;

            describe_memberships(goal, ports[i]->number, &s);
            if (other) {
                ds_put_format(&s, ", ingress filtering is %s",
                              other->filtering == MIB_TRUE ? "off" : "on");
            }
            if (s.length) {
                char *label = switch_tables_port_label(goal->tables, ports[i]);

                svec_add_nocopy(lines, xasprintf("%s: %s", label, ds_cstr(&s)
                                                 + strlen(", ")));
                free(label);
            }
            ds_destroy(&s);
        }
    }
    free(ports);
    for (size_t i = 0; i < goal->n_vlans; i++) {
        describe_vlan(&goal->vlans[i], lines);
    }
}
