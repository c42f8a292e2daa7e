/* SPDX-License-Identifier: Apache-2.0
 *
 * On these devices a port is in access mode and in one VLAN (vmVlan), or a
 * trunk of a list of VLANs.  A change of the mode, or of the VLAN in access
 * mode, leaves the old VLANs and joins the new ones in one instant.  So ports
 * go one after the other, in an order in which no two meet that should not;
 * where there is none (two ports that change places), one of them waits as a
 * trunk of nothing. */

#include <config.h>
#include "switchcfg/plan-cisco.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/plan-private.h"
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "switchcfg/wanted.h"
#include "util.h"

/* vlanTrunkPortDynamicState */
#define MODE_ON 1
#define MODE_ACCESS 2           /* off */
#define MODE_TRUNK 5            /* onNoNegotiate */
#define ENCAPSULATION_DOT1Q 4
#define N_LISTS 4               /* Of 1024 VLANs each. */

static const struct mib_oid *const list_columns[N_LISTS] = {
    &mib_cisco_trunk_vlans, &mib_cisco_trunk_vlans_2k,
    &mib_cisco_trunk_vlans_3k, &mib_cisco_trunk_vlans_4k,
};

struct cisco_port {
    const struct switch_interface *now;
    char *label;
    /* In the end; 0: nothing to be set. */
    uint32_t mode, vm_vlan, native, encapsulation;
    struct vidset trunk;        /* The lists. */
    struct vidset old, new;     /* VLANs that it is in, now and then. */
    bool touches_trunk;         /* The lists are to be set. */
    bool parked;                /* Is a trunk of nothing meanwhile. */
    bool done;
};

struct cisco_vlan {
    unsigned int vid;
    bool create;                /* Else delete. */
    char *name;
};

struct cisco_goal {
    const struct switch_tables *tables;
    struct cisco_port *ports;
    size_t n_ports;
    struct cisco_vlan *vlans;   /* That come or go. */
    size_t n_vlans;
    uint32_t domain;            /* Of VTP. */
};

static void
goal_clear(struct cisco_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        free(goal->ports[i].label);
    }
    for (size_t i = 0; i < goal->n_vlans; i++) {
        free(goal->vlans[i].name);
    }
    free(goal->ports);
    free(goal->vlans);
}

/* --- What is there ---------------------------------------------------------*/

/* VLANs that the lists of a trunk name.  In these, VLAN 0 is the highest bit
 * of the first octet. */
static struct vidset
trunk_lists(const struct switch_interface *i)
{
    struct vidset set = { .bits = { 0 } };

    for (unsigned int vid = 1; vid <= MIB_VID_MAX; vid++) {
        if (portlist_contains(&i->trunk_vlans[vid / 1024], PORTLIST_MSB_FIRST,
                              vid % 1024 + 1)) {
            vidset_add(&set, vid);
        }
    }
    return set;
}

/* VLANs that an interface is in, whatever it negotiates. */
static struct vidset
memberships(const struct switch_interface *i)
{
    struct vidset set = { .bits = { 0 } };

    if (i->trunk_dynamic && i->trunk_dynamic != MODE_ACCESS) {
        set = trunk_lists(i);
    }
    if (i->trunk_dynamic != MODE_ON && i->trunk_dynamic != MODE_TRUNK
        && i->vm_vlan && i->vm_vlan <= MIB_VID_MAX) {
        vidset_add(&set, i->vm_vlan);
    }
    return set;
}

static bool
is_ours(const struct cisco_goal *goal, uint32_t if_index)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        if (goal->ports[i].now->if_index == if_index) {
            return true;
        }
    }
    return false;
}

/* --- What is wanted --------------------------------------------------------*/

static bool
is_marked(const char *name)
{
    return !strncmp(name, SWITCH_VLAN_PREFIX, strlen(SWITCH_VLAN_PREFIX));
}

static char *
set_port(struct cisco_port *p, const struct switch_wanted_port *wanted)
{
    const struct switch_interface *i = p->now;
    bool can_trunk = i->trunk_dynamic && i->has_trunk_vlans[0];

    p->old = memberships(i);
    p->new = wanted->vids;
    p->mode = wanted->role == SWITCH_ACCESS ? MODE_ACCESS : MODE_TRUNK;
    if (p->mode == MODE_ACCESS) {
        p->vm_vlan = vidset_next(&wanted->vids, 0);
        p->mode = i->trunk_dynamic ? p->mode : 0;
        return NULL;
    }
    for (size_t k = 0; can_trunk && k < N_LISTS; k++) {
        unsigned int next = vidset_next(&wanted->vids, k ? 1024 * k - 1 : 0);

        can_trunk = i->has_trunk_vlans[k] || !next || next / 1024 != k;
    }
    if (!can_trunk) {
        return xasprintf("%s: the device does not offer to make it a trunk "
                         "(vlanTrunkPortTable)", p->label);
    }
    p->trunk = wanted->vids;
    p->touches_trunk = true;
    p->native = i->trunk_native;
    if (vidset_contains(&wanted->vids, p->native)) {
        p->native = 1;
        if (vidset_contains(&wanted->vids, 1)) {
            return xasprintf("%s: untagged frames would get into VLAN 1, "
                             "which is one of ours", p->label);
        }
    }
    p->encapsulation = i->trunk_encapsulation ? ENCAPSULATION_DOT1Q : 0;
    return NULL;
}

static char *
find_ports(struct cisco_goal *goal, const struct switch_wanted *w)
{
    const struct shash_node **nodes = shash_sort(&w->ports);
    size_t n = shash_count(&w->ports);
    char *error = NULL;

    goal->ports = xcalloc(MAX(n, 1), sizeof *goal->ports);
    for (size_t i = 0; i < n && !error; i++) {
        const struct switch_port *port;
        struct cisco_port *p;

        error = switch_tables_find_port(goal->tables, nodes[i]->name, &port);
        if (!error && is_ours(goal, port->if_index)) {
            error = xasprintf("port \"%s\": has another name in the policy "
                              "too", nodes[i]->name);
        }
        if (!error) {
            p = &goal->ports[goal->n_ports++];
            p->now = switch_tables_interface(goal->tables, port->if_index);
            p->label = switch_tables_port_label(goal->tables, port);
            error = set_port(p, nodes[i]->data);
        }
    }
    free(nodes);
    return error;
}

/* A VLAN of ours, made now or marked already, must not be carried by ports
 * that are not ours: trunks carry all VLANs unless they are told not to. */
static char *
check_strangers(const struct cisco_goal *goal, unsigned int vid)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(goal->tables, &n);
    char *error = NULL;

    for (size_t i = 0; i < n && !error; i++) {
        const struct switch_interface *iface = switch_tables_interface(
            goal->tables, ports[i]->if_index);
        struct vidset set = memberships(iface);

        if (vidset_contains(&set, vid)
            && !is_ours(goal, ports[i]->if_index)) {
            char *label = switch_tables_port_label(goal->tables, ports[i]);

            error = xasprintf("VLAN %u: %s, which is not ours, carries it; "
                              "take the VLAN out of it, declare it as a link, "
                              "or adopt the VLAN", vid, label);
            free(label);
        }
    }
    free(ports);
    return error;
}

static void
add_vlan(struct cisco_goal *goal, unsigned int vid, bool create,
         const char *name)
{
    struct cisco_vlan *v = &goal->vlans[goal->n_vlans++];

    v->vid = vid;
    v->create = create;
    v->name = xstrdup(name);
}

static char *
set_wanted_vlan(struct cisco_goal *goal, const struct switch_wanted *w,
                const struct switch_wanted_vlan *wanted)
{
    const struct switch_vlan *v = switch_tables_vlan(goal->tables,
                                                     wanted->vid);
    char *error = NULL;

    if (vidset_contains(&w->adopted, wanted->vid) && v) {
        return NULL;
    }
    if (v && v->domain) {
        char *name = switch_vlan_label(v);

        if (!is_marked(name)) {
            error = xasprintf("VLAN %u: is on the device already, and is "
                              "called \"%s\"; adopt it, or give the TVD "
                              "another VLAN", wanted->vid, name);
        }
        free(name);
    } else {
        add_vlan(goal, wanted->vid, true, wanted->name);
    }
    return error ? error : check_strangers(goal, wanted->vid);
}

static char *
set_vlans(struct cisco_goal *goal, const struct switch_wanted *w)
{
    size_t n;
    const struct switch_vlan **rows = switch_tables_vlans(goal->tables, &n);
    const struct shash_node *node;
    char *error = NULL;

    goal->vlans = xcalloc(n + shash_count(&w->vlans) + 1,
                          sizeof *goal->vlans);
    for (size_t i = 0; i < n; i++) {
        char *name = switch_vlan_label(rows[i]), key[16];

        snprintf(key, sizeof key, "%u", rows[i]->vid);
        goal->domain = rows[i]->domain ? rows[i]->domain : goal->domain;
        if (rows[i]->domain && is_marked(name) && !shash_find(&w->vlans, key)
            && !vidset_contains(&w->adopted, rows[i]->vid)) {
            char *carried = check_strangers(goal, rows[i]->vid);

            if (!carried) {
                add_vlan(goal, rows[i]->vid, false, name);
            }
            free(carried);
        }
        free(name);
    }
    free(rows);
    SHASH_FOR_EACH (node, &w->vlans) {
        error = error ? error : set_wanted_vlan(goal, w, node->data);
    }
    if (!error && !goal->domain) {
        error = xstrdup("the device shows no VLANs (vtpVlanTable), so none "
                        "can be made");
    }
    return error;
}

/* --- As it was before ------------------------------------------------------*/

static void
restore_port(struct cisco_port *p, const struct switch_interface *before)
{
    p->mode = before->trunk_dynamic;
    p->vm_vlan = before->vm_vlan;
    p->native = before->trunk_native;
    p->encapsulation = before->trunk_encapsulation;
    p->trunk = trunk_lists(before);
    p->touches_trunk = before->has_trunk_vlans[0];
    p->old = memberships(p->now);
    p->new = memberships(before);
}

static void
restore_vlans(struct cisco_goal *goal, const struct switch_tables *before,
              const struct switch_wanted *w)
{
    const struct switch_tables *now = goal->tables;

    goal->vlans = xcalloc(hmap_count(&now->vlans) + hmap_count(&before->vlans)
                          + 1, sizeof *goal->vlans);
    for (unsigned int vid = 1; vid <= MIB_VID_MAX; vid++) {
        const struct switch_vlan *v = switch_tables_vlan(now, vid);
        const struct switch_vlan *old = switch_tables_vlan(before, vid);
        bool is = v && v->domain, was = old && old->domain;
        char *name;

        if (!is && !was) {
            continue;
        }
        name = switch_vlan_label(was ? old : v);
        goal->domain = was ? old->domain : v->domain;
        if (is_marked(name) && is != was) {
            add_vlan(goal, vid, was, name);
        }
        free(name);
    }
}

/* --- Steps -----------------------------------------------------------------*/

static void
add_port_step(struct plan_steps *steps, enum plan_phase phase,
              enum switch_action action, const struct mib_oid *column,
              const struct cisco_port *p, uint32_t value, const char *what)
{
    plan_add_number(steps, phase, action, column, p->now->if_index,
                    MIB_INTEGER, value,
                    xasprintf("%s: %s", p->label, what))->set.port
        = p->now->if_index;
}

/* Sets those lists that do not say 'set' yet; all four may be needed.  They
 * keep their length, or get that of all 1024 VLANs. */
static void
add_lists(struct plan_steps *steps, enum plan_phase phase,
          const struct cisco_port *p, const struct vidset *now,
          const struct vidset *set)
{
    for (unsigned int k = 0; k < N_LISTS; k++) {
        struct ds s = DS_EMPTY_INITIALIZER;
        struct vidset part = { .bits = { 0 } };
        struct portlist list = { .n = 0 };
        bool same = true;

        if (!p->now->has_trunk_vlans[k]) {
            continue;
        }
        portlist_clone(&list, &p->now->trunk_vlans[k]);
        for (unsigned int vid = MAX(1, 1024 * k);
             vid < 1024 * (k + 1) && vid <= MIB_VID_MAX; vid++) {
            bool wanted = vidset_contains(set, vid);

            if (wanted) {
                vidset_add(&part, vid);
                portlist_grow(&list, 128);
            }
            same = same && wanted == vidset_contains(now, vid);
            portlist_set(&list, PORTLIST_MSB_FIRST, vid % 1024 + 1, wanted);
        }
        if (!same) {
            ds_put_format(&s, "%s: trunk of VLANs ", p->label);
            vidset_format(&part, &s);
            plan_add_octets(steps, phase, SWITCH_SET_TRUNK_VLANS,
                            list_columns[k], p->now->if_index, list.octets,
                            list.n, ds_steal_cstr(&s))->set.port
                = p->now->if_index;
        }
        ds_destroy(&s);
        portlist_destroy(&list);
    }
}

static struct vidset
intersection(const struct vidset *a, const struct vidset *b)
{
    struct vidset both = *a;

    for (size_t i = 0; i < ARRAY_SIZE(both.bits); i++) {
        both.bits[i] &= b->bits[i];
    }
    return both;
}

static bool
is_trunk(const struct cisco_port *p)
{
    return p->now->trunk_dynamic && p->now->trunk_dynamic != MODE_ACCESS;
}

/* The lists of a port that is no trunk say nothing until it is one: they are
 * made as they shall be before that. */
static bool
has_lists_first(const struct cisco_port *p)
{
    return !is_trunk(p) && p->mode && p->mode != MODE_ACCESS
           && p->touches_trunk;
}

/* What they are after add_restrictions(). */
static struct vidset
first_lists(const struct cisco_port *p)
{
    struct vidset now = trunk_lists(p->now);

    return has_lists_first(p) ? p->trunk
           : is_trunk(p) ? intersection(&now, &p->new) : now;
}

/* Trunks leave VLANs first of all. */
static void
add_restrictions(struct plan_steps *steps, struct cisco_goal *goal)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        struct cisco_port *p = &goal->ports[i];
        struct vidset now = trunk_lists(p->now);
        struct vidset first = first_lists(p);

        add_lists(steps, PLAN_RESTRICT, p, &now, &first);
        if (is_trunk(p)) {
            p->old = p->now->vm_vlan && p->now->trunk_dynamic != MODE_ON
                     && p->now->trunk_dynamic != MODE_TRUNK ? p->old : first;
        }
    }
}

/* True if 'p' would meet a port in a VLAN that this one has still to leave. */
static bool
must_wait(const struct cisco_goal *goal, const struct cisco_port *p)
{
    for (size_t i = 0; i < goal->n_ports; i++) {
        const struct cisco_port *q = &goal->ports[i];
        unsigned int vid;

        VIDSET_FOR_EACH (vid, &p->new) {
            if (q != p && !q->done && vidset_contains(&q->old, vid)
                && !vidset_contains(&q->new, vid)
                && !vidset_contains(&p->old, vid)) {
                return true;
            }
        }
    }
    return false;
}

static void
add_mode(struct plan_steps *steps, const struct cisco_port *p, uint32_t mode,
         uint32_t now)
{
    if (mode && mode != now) {
        add_port_step(steps, PLAN_ALONE, SWITCH_SET_MODE,
                      &mib_cisco_trunk_dynamic, p, mode,
                      mode == MODE_ACCESS ? "access mode" : "trunk");
    }
}

static void
add_access_vlan(struct plan_steps *steps, const struct cisco_port *p)
{
    if (p->vm_vlan && p->vm_vlan != p->now->vm_vlan) {
        char *what = xasprintf("access VLAN %"PRIu32, p->vm_vlan);

        add_port_step(steps, PLAN_ALONE, SWITCH_SET_PVID, &mib_cisco_vm_vlan,
                      p, p->vm_vlan, what);
        free(what);
    }
}

/* Brings one port to where it should be. */
static void
add_port(struct plan_steps *steps, struct cisco_port *p, uint32_t mode_now)
{
    struct vidset none = { .bits = { 0 } };
    struct vidset lists = p->parked ? none : first_lists(p);

    /* In trunk mode the VLAN of access mode says nothing. */
    if (p->mode == MODE_ACCESS || !p->mode) {
        add_access_vlan(steps, p);
    }
    if (p->native && p->native != p->now->trunk_native) {
        add_port_step(steps, PLAN_ALONE, SWITCH_SET_PVID,
                      &mib_cisco_trunk_native, p, p->native, "native VLAN");
    }
    if (p->encapsulation
        && p->encapsulation != p->now->trunk_encapsulation) {
        add_port_step(steps, PLAN_ALONE, SWITCH_SET_MODE,
                      &mib_cisco_trunk_encapsulation, p, p->encapsulation,
                      "802.1Q tags");
    }
    add_mode(steps, p, p->mode, mode_now);
    if (p->mode && p->mode != MODE_ACCESS) {
        add_access_vlan(steps, p);
    }
    if (p->touches_trunk) {
        add_lists(steps, PLAN_ALONE, p, &lists, &p->trunk);
    }
    p->done = true;
}

/* A trunk of nothing, so that others can go where it was. */
static char *
park(struct plan_steps *steps, struct cisco_port *p)
{
    struct vidset none = { .bits = { 0 } };
    struct vidset lists = first_lists(p);

    if (!p->now->trunk_dynamic || !p->now->has_trunk_vlans[0]) {
        return xasprintf("%s: changes places with another port, and cannot be "
                         "put aside meanwhile; change one of them first",
                         p->label);
    }
    add_lists(steps, PLAN_ALONE, p, &lists, &none);
    add_mode(steps, p, MODE_TRUNK, p->now->trunk_dynamic);
    p->old = none;
    p->parked = true;
    return NULL;
}

static char *
add_moves(struct plan_steps *steps, struct cisco_goal *goal)
{
    uint32_t *mode_now = xcalloc(MAX(goal->n_ports, 1), sizeof *mode_now);
    size_t left = goal->n_ports;
    char *error = NULL;

    for (size_t i = 0; i < goal->n_ports; i++) {
        mode_now[i] = goal->ports[i].now->trunk_dynamic;
    }
    while (left && !error) {
        size_t before = left;

        for (size_t i = 0; i < goal->n_ports; i++) {
            struct cisco_port *p = &goal->ports[i];

            if (!p->done && !must_wait(goal, p)) {
                add_port(steps, p, mode_now[i]);
                left--;
            }
        }
        for (size_t i = 0; left == before && i < goal->n_ports; i++) {
            struct cisco_port *p = &goal->ports[i];

            if (!p->done && vidset_next(&p->old, 0)) {
                error = park(steps, p);
                mode_now[i] = MODE_TRUNK;
                break;
            }
        }
    }
    free(mode_now);
    return error;
}

static void
add_operation(struct plan_steps *steps, const struct cisco_goal *goal,
              int operation, const char *what)
{
    plan_add_number(steps, PLAN_ALONE, SWITCH_CREATE_VLAN,
                    &mib_cisco_edit_operation, goal->domain, MIB_INTEGER,
                    operation, xasprintf("VLANs: %s", what));
}

static void
add_new_vlan(struct plan_steps *steps, const struct cisco_goal *goal,
             const struct cisco_vlan *v)
{
    struct mib_oid status = mib_oid_child(&mib_cisco_edit_row_status,
                                          goal->domain);
    struct mib_oid type = mib_oid_child(&mib_cisco_edit_type, goal->domain);
    struct mib_oid name = mib_oid_child(&mib_cisco_edit_name, goal->domain);
    struct mib_oid said = mib_oid_child(&mib_cisco_edit_said, goal->domain);
    uint32_t number = 100000 + v->vid;
    uint8_t octets[4] = { number >> 24, number >> 16, number >> 8, number };
    size_t first = steps->n;

    plan_add_number(steps, PLAN_ALONE, SWITCH_CREATE_VLAN, &status, v->vid,
                    MIB_INTEGER, MIB_ROW_CREATE_AND_GO,
                    xasprintf("VLAN %u (%s): create", v->vid, v->name));
    plan_add_number(steps, PLAN_ALONE, SWITCH_CREATE_VLAN, &type, v->vid,
                    MIB_INTEGER, 1, xasprintf("VLAN %u: Ethernet", v->vid));
    plan_add_octets(steps, PLAN_ALONE, SWITCH_NAME_VLAN, &name, v->vid,
                    v->name, MIN(strlen(v->name), 32),
                    xasprintf("VLAN %u: call it \"%s\"", v->vid, v->name));
    plan_add_octets(steps, PLAN_ALONE, SWITCH_CREATE_VLAN, &said, v->vid,
                    octets, sizeof octets,
                    xasprintf("VLAN %u: SAID %"PRIu32, v->vid, number));
    for (size_t i = first; i < steps->n; i++) {
        steps->steps[i].set.vid = v->vid;
        steps->steps[i].glued = i > first;
    }
}

/* VLANs are made and removed in a copy of the device's list, which then is
 * applied, and released. */
static void
add_vlans(struct plan_steps *steps, const struct cisco_goal *goal, bool create)
{
    bool any = false;

    for (size_t i = 0; i < goal->n_vlans; i++) {
        any = any || goal->vlans[i].create == create;
    }
    if (!any) {
        return;
    }
    add_operation(steps, goal, 2, "edit a copy");
    plan_add_octets(steps, PLAN_ALONE, SWITCH_CREATE_VLAN,
                    &mib_cisco_edit_owner, goal->domain, "tvd", 3,
                    xstrdup("VLANs: tell who edits"));
    for (size_t i = 0; i < goal->n_vlans; i++) {
        const struct cisco_vlan *v = &goal->vlans[i];

        if (v->create && create) {
            add_new_vlan(steps, goal, v);
        } else if (!v->create && !create) {
            struct mib_oid status = mib_oid_child(&mib_cisco_edit_row_status,
                                                  goal->domain);

            plan_add_number(steps, PLAN_ALONE, SWITCH_DELETE_VLAN, &status,
                            v->vid, MIB_INTEGER, MIB_ROW_DESTROY,
                            xasprintf("VLAN %u (%s): delete", v->vid,
                                      v->name))->set.vid = v->vid;
        }
    }
    add_operation(steps, goal, 3, "apply the copy");
    add_operation(steps, goal, 4, "release the copy");
}

/* --- Differences, for people -----------------------------------------------*/

static void
describe_port(const struct cisco_port *p, struct svec *lines)
{
    struct vidset lists = trunk_lists(p->now), is = memberships(p->now);
    struct ds s = DS_EMPTY_INITIALIZER;

    if (p->vm_vlan && p->vm_vlan != p->now->vm_vlan) {
        ds_put_format(&s, ", access VLAN is %"PRIu32" and not %"PRIu32,
                      p->now->vm_vlan, p->vm_vlan);
    }
    if (p->touches_trunk && !vidset_equal(&lists, &p->trunk)) {
        ds_put_cstr(&s, ", trunk of VLANs ");
        vidset_format(&lists, &s);
        ds_put_cstr(&s, " and not ");
        vidset_format(&p->trunk, &s);
    }
    if (p->mode && p->mode != p->now->trunk_dynamic) {
        ds_put_cstr(&s, p->mode == MODE_ACCESS ? ", may be a trunk"
                    : ", is no trunk");
        ds_put_cstr(&s, " (is in VLANs ");
        vidset_format(&is, &s);
        ds_put_char(&s, ')');
    }
    if (p->native && p->native != p->now->trunk_native) {
        ds_put_format(&s, ", native VLAN is %"PRIu32" and not %"PRIu32,
                      p->now->trunk_native, p->native);
    }
    if (s.length) {
        svec_add_nocopy(lines, xasprintf("%s: %s", p->label,
                                         ds_cstr(&s) + strlen(", ")));
    }
    ds_destroy(&s);
}

/* --- Plans -----------------------------------------------------------------*/

static char *
make_plan(struct cisco_goal *goal, char *error, struct switch_plan *plan)
{
    struct plan_steps steps = { .n = 0 };

    for (size_t i = 0; !error && i < goal->n_ports; i++) {
        describe_port(&goal->ports[i], &plan->lines);
    }
    for (size_t i = 0; !error && i < goal->n_vlans; i++) {
        svec_add_nocopy(&plan->lines, xasprintf(
            "VLAN %u (%s): is %son the device%s", goal->vlans[i].vid,
            goal->vlans[i].name, goal->vlans[i].create ? "not " : "",
            goal->vlans[i].create ? "" : ", and not wanted"));
    }
    if (!error) {
        add_restrictions(&steps, goal);
        add_vlans(&steps, goal, true);
        error = add_moves(&steps, goal);
        add_vlans(&steps, goal, false);
    }
    if (!error) {
        error = plan_pack(goal->tables, &steps, plan);
    }
    plan_steps_destroy(&steps);
    goal_clear(goal);
    if (error) {
        switch_plan_destroy(plan);
    }
    return error;
}

char *
switch_cisco_plan(const struct switch_tables *t, const struct switch_wanted *w,
                  struct switch_plan *plan)
{
    struct cisco_goal goal = { .tables = t };
    char *error = switch_wanted_check(w);

    if (!error) {
        error = find_ports(&goal, w);
    }
    if (!error) {
        error = set_vlans(&goal, w);
    }
    return make_plan(&goal, error, plan);
}

char *
switch_cisco_restore(const struct switch_tables *now,
                     const struct switch_tables *before,
                     const struct switch_wanted *w, struct switch_plan *plan)
{
    struct cisco_goal goal = { .tables = now };
    char *error = find_ports(&goal, w);

    for (size_t i = 0; !error && i < goal.n_ports; i++) {
        const struct switch_interface *old = switch_tables_interface(
            before, goal.ports[i].now->if_index);

        if (old) {
            restore_port(&goal.ports[i], old);
        }
    }
    if (!error) {
        restore_vlans(&goal, before, w);
    }
    return make_plan(&goal, error, plan);
}
