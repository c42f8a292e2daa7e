/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/goal-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/plan.h"
#include "switchcfg/profile.h"
#include "util.h"

static const struct portlist empty_list;

const struct portlist *
goal_vlan_egress(const struct goal_vlan *v)
{
    return v->now ? &v->now->egress : &empty_list;
}

const struct portlist *
goal_vlan_untagged(const struct goal_vlan *v)
{
    return v->now ? &v->now->untagged : &empty_list;
}

const struct portlist *
goal_vlan_forbidden(const struct goal_vlan *v)
{
    return v->now ? &v->now->forbidden : &empty_list;
}

void
switch_goal_clear(struct switch_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        free(goal->ports[i].label);
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        struct goal_vlan *v = &goal->vlans[i];

        portlist_destroy(&v->egress);
        portlist_destroy(&v->untagged);
        portlist_destroy(&v->forbidden);
        free(v->name);
        free(v->label);
    }
    for (size_t i = 0; i < goal->n_others; i++) {
        free(goal->others[i].label);
    }
    free(goal->ports);
    free(goal->vlans);
    free(goal->others);
    svec_destroy(&goal->notes);
}

bool
goal_is_marked(const struct switch_vlan *v)
{
    return v->n_name >= strlen(SWITCH_VLAN_PREFIX)
           && !memcmp(v->name, SWITCH_VLAN_PREFIX, strlen(SWITCH_VLAN_PREFIX));
}

/* True if a VLAN with a static row was made by us. */
static bool
is_made_by_us(const struct switch_wanted *w, const struct switch_vlan *v)
{
    return goal_is_marked(v) || vidset_contains(&w->created, v->vid);
}

static const struct switch_wanted_vlan *
wanted_vlan(const struct switch_wanted *w, unsigned int vid)
{
    char key[16];

    snprintf(key, sizeof key, "%u", vid);
    return shash_find_data(&w->vlans, key);
}

struct goal_port *
goal_port_find(const struct switch_goal *goal, uint32_t number)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        if (goal->ports[i].now->number == number) {
            return &goal->ports[i];
        }
    }
    return NULL;
}

/* --- Ports -----------------------------------------------------------------*/

static int
compare_goal_ports(const void *a_, const void *b_)
{
    const struct goal_port *a = a_, *b = b_;

    return a->now->number < b->now->number ? -1
           : a->now->number > b->now->number;
}

/* Finds the ports of 'w'. */
static char *
find_ports(struct switch_goal *goal, const struct switch_wanted *w)
{
    const struct switch_tables *t = goal->tables;
    const struct shash_node **nodes = shash_sort(&w->ports);
    size_t n = shash_count(&w->ports);
    char *error = NULL;

    goal->ports = xcalloc(MAX(n, 1), sizeof *goal->ports);
    for (size_t i = 0; i < n && !error; i++) {
        const struct switch_port *port;
        struct goal_port *g;
        char *lacks;

        error = switch_tables_find_port(t, nodes[i]->name, &port);
        if (error) {
            break;
        }
        g = goal_port_find(goal, port->number);
        if (g) {
            error = xasprintf("port \"%s\": is %s, which has another name in "
                              "the policy too", nodes[i]->name, g->label);
            break;
        }
        g = &goal->ports[goal->n_ports++];
        g->now = port;
        g->wanted = nodes[i]->data;
        g->label = switch_tables_port_label(t, port);
        lacks = switch_check_port(t, port);
        if (lacks) {
            error = xasprintf("%s: %s", g->label, lacks);
            free(lacks);
        }
    }
    free(nodes);
    qsort(goal->ports, goal->n_ports, sizeof *goal->ports, compare_goal_ports);
    return error;
}

/* A VLAN that is there, will be, and that the port will not be in: where
 * untagged frames end if the device must put them somewhere.  0: none. */
static unsigned int
dead_vid(const struct switch_goal *goal, const struct goal_port *g)
{
    unsigned int best = 0;

    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (v->exists && v->now && v->vid
            && !vidset_contains(&g->wanted->vids, v->vid)
            && (!best || v->vid < best)) {
            best = v->vid;
        }
    }
    return best;
}

static bool
goal_has_vid(const struct switch_goal *goal, unsigned int vid)
{
    for (size_t i = 0; i < goal->n_vlans; i++) {
        if (goal->vlans[i].vid == vid && goal->vlans[i].exists) {
            return true;
        }
    }
    return false;
}

/* The PVID of a trunk: as it is, unless its VLAN goes, or untagged frames that
 * the device cannot refuse would get into a VLAN of ours. */
static char *
set_trunk_pvid(const struct switch_goal *goal, struct goal_port *g,
               bool refuses_untagged)
{
    bool gone = switch_tables_vlan(goal->tables, g->now->pvid)
                && !goal_has_vid(goal, g->now->pvid);

    g->pvid = g->now->pvid;
    if (gone || (!refuses_untagged
                 && vidset_contains(&g->wanted->vids, g->pvid))) {
        g->pvid = dead_vid(goal, g);
        if (!g->pvid) {
            return xasprintf("%s: untagged frames would get into VLAN %"PRIu32
                             ", and there is no VLAN that the port is not in "
                             "to send them to", g->label, g->now->pvid);
        }
    }
    return NULL;
}

/* What the settings of our ports should be. */
static char *
set_port_goals(struct switch_goal *goal)
{
    const struct switch_profile *profile = goal->tables->profile;

    for (size_t i = 0; i < goal->n_ports; i++) {
        struct goal_port *g = &goal->ports[i];
        bool frames = profile->acceptable_frames == SWITCH_IF_PRESENT
                      && g->now->acceptable_frames;
        char *error = NULL;

        if (g->wanted->role == SWITCH_ACCESS) {
            g->pvid = vidset_next(&g->wanted->vids, 0);
            if (frames && g->now->acceptable_frames == MIB_FRAMES_TAGGED) {
                g->frames = MIB_FRAMES_ALL;
            }
        } else {
            g->frames = frames ? MIB_FRAMES_TAGGED : 0;
            error = set_trunk_pvid(goal, g, frames || profile->acceptable_frames
                                                      == SWITCH_IMPLICIT);
        }
        if (profile->ingress_filtering == SWITCH_IF_PRESENT) {
            g->filtering = MIB_TRUE;
        }
        if (profile->gvrp == SWITCH_IF_PRESENT && g->now->gvrp) {
            g->gvrp = MIB_DISABLED;
        }
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* --- VLANs -----------------------------------------------------------------*/

/* The first port of the device in 'list' that is not ours, or NULL. */
static const struct switch_port *
stranger_in(const struct switch_goal *goal, const struct portlist *list)
{
    enum portlist_order order = goal->tables->profile->order;
    unsigned int number;

    PORTLIST_FOR_EACH (number, list, order) {
        const struct switch_port *p = switch_tables_port(goal->tables, number);

        if (p && !goal_port_find(goal, number)) {
            return p;
        }
    }
    return NULL;
}

/* May the VLAN 'v' that is on the device, as static row or current only, be
 * that of a TVD? */
static char *
check_ours(const struct switch_goal *goal, const struct switch_wanted *w,
           const struct switch_vlan *v)
{
    const struct switch_port *stranger;
    char *name, *port, *error;

    if (vidset_contains(&w->adopted, v->vid)
        || (v->is_static && is_made_by_us(w, v))) {
        return NULL;
    }
    stranger = stranger_in(goal, &v->egress);
    if (!stranger) {
        stranger = stranger_in(goal, &v->current_egress);
    }
    name = switch_vlan_label(v);
    port = stranger ? switch_tables_port_label(goal->tables, stranger) : NULL;
    if (port && !v->is_static) {
        error = xasprintf("VLAN %u: is on the device already, learned and in "
                          "no table of its own (by GVRP?), and %s, which is "
                          "not ours, is in it; turn GVRP off there, adopt "
                          "the VLAN, or give the TVD another one", v->vid,
                          port);
    } else if (port) {
        error = xasprintf("VLAN %u: is on the device already (\"%s\"), and %s,"
                          " which is not ours, is in it; adopt it, or give "
                          "the TVD another VLAN", v->vid, name, port);
    } else if (v->is_static) {
        error = xasprintf("VLAN %u: is on the device already, and is called "
                          "\"%s\"; adopt it, or give the TVD another VLAN",
                          v->vid, name);
    } else {
        error = NULL;           /* Nobody's, and will be made static. */
    }
    free(name);
    free(port);
    return error;
}

/* Is this what the device made of 'wanted'?  It may have cut it. */
static bool
name_is(const struct switch_vlan *v, const char *wanted, size_t name_max)
{
    char *name = switch_vlan_label(v);
    size_t len = strlen(name);
    bool same = !strncmp(name, wanted, name_max)
                || (len >= 8 && !strncmp(name, wanted, len));

    free(name);
    return same;
}

/* Where our ports should be in 'v', whose lists are as they are now.
 * 'owned': all of the VLAN is ours. */
static void
place_ports(const struct switch_goal *goal, struct goal_vlan *v, bool owned)
{
    enum portlist_order order = goal->tables->profile->order;
    unsigned int number;

    if (owned) {
        PORTLIST_FOR_EACH (number, goal_vlan_egress(v), order) {
            if (switch_tables_port(goal->tables, number)) {
                portlist_set(&v->egress, order, number, false);
                portlist_set(&v->untagged, order, number, false);
            }
        }
    }
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct goal_port *g = &goal->ports[i];
        bool member = v->vid && vidset_contains(&g->wanted->vids, v->vid);

        portlist_set(&v->egress, order, g->now->number, member);
        portlist_set(&v->untagged, order, g->now->number,
                     member && g->wanted->role == SWITCH_ACCESS);
        if (member) {
            portlist_set(&v->forbidden, order, g->now->number, false);
        }
    }
}

/* True if nothing but our ports' PVIDs, that are set before, keeps 'v'. */
static bool
can_be_deleted(const struct switch_goal *goal, const struct goal_vlan *v)
{
    const struct switch_port *p;

    if (v->vid <= 1 || !portlist_is_empty(&v->egress)) {
        return false;
    }
    HMAP_FOR_EACH (p, node, &goal->tables->ports) {
        if (p->has_pvid && p->pvid == v->vid
            && !goal_port_find(goal, p->number)) {
            return false;
        }
    }
    return true;
}

static char *
vlan_label(unsigned int vid, uint32_t row, const char *name)
{
    return !vid ? xasprintf("VLAN of row %"PRIu32" (%s)", row, name)
           : *name ? xasprintf("VLAN %u (%s)", vid, name)
           : xasprintf("VLAN %u", vid);
}

/* Appends the VLAN of a static row, its lists as they are. */
static struct goal_vlan *
add_vlan(struct switch_goal *goal, const struct switch_vlan *now)
{
    struct goal_vlan *v = &goal->vlans[goal->n_vlans++];
    char *name = switch_vlan_label(now);

    v->now = now;
    v->row = now->row;
    v->vid = now->vid;
    v->exists = true;
    portlist_clone(&v->egress, &now->egress);
    portlist_clone(&v->untagged, &now->untagged);
    portlist_clone(&v->forbidden, &now->forbidden);
    v->label = vlan_label(v->vid, v->row, name);
    free(name);
    return v;
}

bool
goal_is_inactive(const struct switch_vlan *v)
{
    return v->row_status && v->row_status != MIB_ROW_ACTIVE;
}

static char *
set_existing_vlan(struct switch_goal *goal, const struct switch_wanted *w,
                  const struct switch_vlan *now)
{
    const struct switch_profile *profile = goal->tables->profile;
    const struct switch_wanted_vlan *wanted = wanted_vlan(w, now->vid);
    bool marked = is_made_by_us(w, now);
    bool adopted = vidset_contains(&w->adopted, now->vid);
    struct goal_vlan *v = add_vlan(goal, now);
    char *error = wanted ? check_ours(goal, w, now) : NULL;

    if (error) {
        return error;
    }
    if (goal->n_ports && (!now->has_egress || !now->has_untagged)) {
        return xasprintf("%s: the device does not show its %s ports, so it is "
                         "not known whether ours are in it", v->label,
                         now->has_egress ? "untagged" : "egress");
    }
    place_ports(goal, v, marked && !adopted);
    if (!wanted && marked && !adopted) {
        v->exists = !can_be_deleted(goal, v);
    } else if (wanted) {
        v->activate = goal_is_inactive(now);
        if (!adopted && now->has_name
            && !name_is(now, wanted->name, profile->name_max)) {
            v->name = xmemdup0(wanted->name,
                               MIN(strlen(wanted->name), profile->name_max));
        }
    }
    return NULL;
}

/* Length of the lists of new rows: as the longest that there is. */
static size_t
new_length(const struct switch_tables *t)
{
    const struct switch_vlan *v;
    size_t n = 0;

    HMAP_FOR_EACH (v, node, &t->vlans) {
        n = MAX(n, MAX(v->egress.n, v->untagged.n));
    }
    return n;
}

/* The row that 'vid' would get.  Where rows are interfaces, the distance
 * between the two is the same for all VLANs of a device. */
static bool
new_row(const struct switch_tables *t, unsigned int vid, uint32_t *row)
{
    const struct switch_vlan *v;
    bool found = false;
    uint32_t distance = 0;

    if (t->profile->row_index == SWITCH_ROW_VID) {
        *row = vid;
        return true;
    }
    HMAP_FOR_EACH (v, node, &t->vlans) {
        if (v->is_static && v->vid) {
            if (found && v->row - v->vid != distance) {
                return false;
            }
            distance = v->row - v->vid;
            found = true;
        }
    }
    *row = vid + distance;
    return found && !switch_tables_row(t, *row);
}

static char *
set_new_vlan(struct switch_goal *goal, const struct switch_wanted *w,
             const struct switch_wanted_vlan *wanted)
{
    const struct switch_tables *t = goal->tables;
    const struct switch_vlan *current = switch_tables_vlan(t, wanted->vid);
    const struct switch_port *stranger;
    struct goal_vlan *v;
    uint32_t row;
    char *error;

    error = current ? check_ours(goal, w, current) : NULL;
    if (error) {
        return error;
    }
    stranger = vidset_contains(&w->adopted, wanted->vid) ? NULL
               : goal_stranger_sends_to(goal, wanted->vid);
    if (stranger) {
        char *port = switch_tables_port_label(t, stranger);

        error = xasprintf("VLAN %u: untagged frames of %s, which is not ours, "
                          "would get into it (PVID, without ingress "
                          "filtering); give the port another PVID, or the "
                          "TVD another VLAN", wanted->vid, port);
        free(port);
        return error;
    }
    if (!new_row(t, wanted->vid, &row)) {
        return xasprintf("VLAN %u: the device numbers its VLANs by interface, "
                         "and the number of a new one cannot be told; make "
                         "the VLAN there by hand, called \"%s\"",
                         wanted->vid, wanted->name);
    }
    v = &goal->vlans[goal->n_vlans++];
    v->row = row;
    v->vid = wanted->vid;
    v->exists = true;
    v->name = xmemdup0(wanted->name,
                       MIN(strlen(wanted->name), t->profile->name_max));
    v->label = vlan_label(v->vid, v->row, v->name);
    portlist_grow(&v->egress, new_length(t));
    portlist_grow(&v->untagged, new_length(t));
    place_ports(goal, v, false);
    return NULL;
}

static int
compare_goal_vlans(const void *a_, const void *b_)
{
    const struct goal_vlan *a = a_, *b = b_;

    return a->row < b->row ? -1 : a->row > b->row;
}

static char *
set_vlans(struct switch_goal *goal, const struct switch_wanted *w)
{
    size_t n;
    const struct switch_vlan **rows = switch_tables_vlans(goal->tables, &n);
    const struct shash_node *node;
    char *error = NULL;

    goal->vlans = xcalloc(n + shash_count(&w->vlans) + 1,
                          sizeof *goal->vlans);
    for (size_t i = 0; i < n && !error; i++) {
        if (rows[i]->is_static) {
            error = set_existing_vlan(goal, w, rows[i]);
        }
    }
    free(rows);
    SHASH_FOR_EACH (node, &w->vlans) {
        const struct switch_wanted_vlan *wanted = node->data;
        const struct switch_vlan *now = switch_tables_vlan(goal->tables,
                                                           wanted->vid);

        if (!error && !(now && now->is_static)) {
            error = set_new_vlan(goal, w, wanted);
        }
    }
    qsort(goal->vlans, goal->n_vlans, sizeof *goal->vlans, compare_goal_vlans);
    return error;
}

/* True if 'port' is in a VLAN now, or, if 'then', in the end. */
static bool
is_somewhere(const struct switch_goal *goal, uint32_t port, bool then)
{
    enum portlist_order order = goal->tables->profile->order;

    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (portlist_contains(then ? &v->egress : goal_vlan_egress(v), order,
                              port)) {
            return true;
        }
    }
    return false;
}

/* Ports that leave all their VLANs go to that for such, where the device does
 * not let them be in none. */
static void
park_ports(struct switch_goal *goal, const struct switch_wanted *w)
{
    const struct switch_profile *profile = goal->tables->profile;
    const struct switch_port *p;

    for (size_t i = 0; i < goal->n_vlans; i++) {
        struct goal_vlan *v = &goal->vlans[i];

        if (!profile->leave_last || !w->parking || v->vid != w->parking) {
            continue;
        }
        HMAP_FOR_EACH (p, node, &goal->tables->ports) {
            if (is_somewhere(goal, p->number, false)
                && !is_somewhere(goal, p->number, true)) {
                portlist_set(&v->egress, profile->order, p->number, true);
            }
        }
    }
}

static char *
start(struct switch_goal *goal, const struct switch_tables *t,
      const struct switch_wanted *w)
{
    char *error;

    ovs_assert(t->by_vid);      /* switch_tables_finish() was called. */
    memset(goal, 0, sizeof *goal);
    svec_init(&goal->notes);
    goal->tables = t;
    goal->filter_others = w->filter_others && !shash_is_empty(&w->ports);
    error = switch_check_device(t, !shash_is_empty(&w->ports));
    if (!error) {
        error = switch_wanted_check(w);
    }
    return error ? error : find_ports(goal, w);
}

char *
switch_goal_from_wanted(const struct switch_tables *t,
                        const struct switch_wanted *w,
                        struct switch_goal *goal)
{
    char *error = start(goal, t, w);

    if (!error) {
        error = set_vlans(goal, w);
    }
    if (!error) {
        park_ports(goal, w);
        error = set_port_goals(goal);
    }
    if (!error) {
        error = goal_keep_strangers_out(goal, w);
    }
    if (!error) {
        goal_filter_others(goal);
        goal_note_unfiltered(goal);
    }
    return error;
}

/* --- As it was before ------------------------------------------------------*/

/* Copies the bits of ports that plans can have changed. */
static void
restore_list(const struct switch_goal *goal, struct portlist *list,
             const struct portlist *before, bool owned)
{
    enum portlist_order order = goal->tables->profile->order;
    const struct switch_port *p;

    HMAP_FOR_EACH (p, node, &goal->tables->ports) {
        if (owned || goal_port_find(goal, p->number)) {
            portlist_set(list, order, p->number,
                         portlist_contains(before, order, p->number));
        }
    }
}

static void
restore_vlan(struct switch_goal *goal, const struct switch_wanted *w,
             const struct switch_vlan *now, const struct switch_vlan *before)
{
    struct goal_vlan *v = add_vlan(goal, now);
    /* One that was not there before and has a name that we do not give was made
     * by somebody else meanwhile. */
    bool ours = is_made_by_us(w, now)
                || (now->vid && wanted_vlan(w, now->vid)
                    && (before || !now->n_name));

    if (before) {
        restore_list(goal, &v->egress, &before->egress, ours);
        restore_list(goal, &v->untagged, &before->untagged, ours);
        restore_list(goal, &v->forbidden, &before->forbidden, ours);
        if (ours && before->has_name
            && (now->n_name != before->n_name
                || memcmp(now->name, before->name, now->n_name))) {
            v->name = switch_vlan_label(before);
        }
        v->activate = ours && goal_is_inactive(now) && !goal_is_inactive(before);
        v->inactive = ours && goal_is_inactive(before);
    } else if (ours) {
        restore_list(goal, &v->egress, &empty_list, true);
        restore_list(goal, &v->untagged, &empty_list, true);
        v->exists = !can_be_deleted(goal, v);
        if (v->exists) {
            restore_list(goal, &v->forbidden, &empty_list, true);
        }
    }
}

/* A VLAN that was there and is not any more. */
static void
recreate_vlan(struct switch_goal *goal, const struct switch_vlan *before)
{
    struct goal_vlan *v = add_vlan(goal, before);

    v->now = NULL;
    v->name = switch_vlan_label(before);
    v->inactive = goal_is_inactive(before);
}

/* A PVID that is none (0, 4095) is read from some devices and taken by none.
 * Untagged frames then go to a VLAN that the port is not in, and those of
 * VLANs it is not in stay out, whatever was before: which is as much as can be
 * had. */
static char *
restore_no_pvid(struct switch_goal *goal, struct goal_port *g,
                uint32_t before)
{
    enum portlist_order order = goal->tables->profile->order;
    unsigned int best = 0;

    if (g->now->pvid == before) {
        return NULL;
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct goal_vlan *v = &goal->vlans[i];

        if (v->exists && v->vid
            && !portlist_contains(&v->egress, order, g->now->number)
            && (!best || v->vid < best || v->vid == g->now->pvid)
            && best != g->now->pvid) {
            best = v->vid;
        }
    }
    if (!best) {
        return xasprintf("%s: untagged frames went to no VLAN (PVID %"PRIu32
                         "), which cannot be set, and there is none that the "
                         "port is not in to send them to", g->label, before);
    }
    g->pvid = best;
    if (g->filtering == MIB_FALSE) {
        g->filtering = MIB_TRUE;
    }
    svec_add_nocopy(&goal->notes,
                    xasprintf("%s: its PVID was %"PRIu32", which cannot be "
                              "set; untagged frames go to VLAN %u, which it "
                              "is not in", g->label, before, best));
    return NULL;
}

static char *
restore_port(struct switch_goal *goal, struct goal_port *g,
             const struct switch_port *before)
{
    const struct switch_profile *profile = goal->tables->profile;

    g->pvid = before->has_pvid ? before->pvid : g->now->pvid;
    if (profile->acceptable_frames == SWITCH_IF_PRESENT) {
        g->frames = before->acceptable_frames;
    }
    if (profile->ingress_filtering == SWITCH_IF_PRESENT) {
        g->filtering = before->ingress_filtering;
    }
    if (profile->gvrp == SWITCH_IF_PRESENT) {
        g->gvrp = before->gvrp;
    }
    return g->pvid && g->pvid <= MIB_VID_MAX
           ? NULL : restore_no_pvid(goal, g, g->pvid);
}

char *
switch_goal_from_before(const struct switch_tables *now,
                        const struct switch_tables *before,
                        const struct switch_wanted *w,
                        struct switch_goal *goal)
{
    char *error = start(goal, now, w);
    const struct switch_vlan **rows;
    size_t n;

    if (error) {
        return error;
    }
    goal->vlans = xcalloc(hmap_count(&now->vlans) + hmap_count(&before->vlans)
                          + 1, sizeof *goal->vlans);
    rows = switch_tables_vlans(now, &n);
    for (size_t i = 0; i < n; i++) {
        const struct switch_vlan *old = switch_tables_row(before,
                                                          rows[i]->row);

        if (rows[i]->is_static) {
            restore_vlan(goal, w, rows[i], old && old->is_static ? old : NULL);
        }
    }
    free(rows);
    rows = switch_tables_vlans(before, &n);
    for (size_t i = 0; i < n; i++) {
        const struct switch_vlan *v = switch_tables_row(now, rows[i]->row);

        if (rows[i]->is_static && goal_is_marked(rows[i])
            && !(v && v->is_static)) {
            recreate_vlan(goal, rows[i]);
        }
    }
    free(rows);
    qsort(goal->vlans, goal->n_vlans, sizeof *goal->vlans, compare_goal_vlans);
    for (size_t i = 0; i < goal->n_ports; i++) {
        struct goal_port *g = &goal->ports[i];
        const struct switch_port *old = switch_tables_port(before,
                                                           g->now->number);

        error = error ? error : restore_port(goal, g, old ? old : g->now);
    }
    goal_restore_others(goal, before);
    return error;
}
