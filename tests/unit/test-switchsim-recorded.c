/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded devices, and others made from them, played as switches that forward:
 * one access port and one trunk are moved, and moved back, by the plans that
 * would be sent.  Either all comes out as wanted, nothing else is touched on
 * the way, and all is as it was in the end; or there is a reason why not.
 *
 * TVD_SOAK: all pairs of ports of each, and more devices made from it, of which
 * more pairs are tried. */

#include <config.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include "bitmap.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "switchcfg/profile-files.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/wanted.h"
#include "switchsim/device.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

/* VLANs that no recorded device has. */
#define VID_A 3901
#define VID_B 3902
#define VID_PARK 3903
/* Pairs of ports that are tried of a device as recorded, and of one made from
 * it. */
#define N_PAIRS 40
#define N_PAIRS_MADE 4

static struct switch_profiles profiles;

/* --- Devices ---------------------------------------------------------------*/

static const struct mib_oid *const lists[] = {
    &mib_vlan_static_egress, &mib_vlan_static_forbidden,
    &mib_vlan_static_untagged, &mib_vlan_current_egress,
    &mib_vlan_current_untagged,
};

static bool
is_list(const struct mib_oid *oid, size_t n_lists)
{
    for (size_t i = 0; i < n_lists; i++) {
        if (mib_oid_has_prefix(oid, lists[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_static_list(const struct mib_oid *oid)
{
    return is_list(oid, 3);
}

static void
add_text(struct ds *ds, const char *oid, unsigned int index, const char *text)
{
    ds_put_format(ds, "%s.%u|4|%s\n", oid, index, text);
}

static void
add_hex(struct ds *ds, const char *oid, unsigned int index, uint8_t octet,
        size_t n)
{
    ds_put_format(ds, "%s.%u|4x|", oid, index);
    for (size_t i = 0; i < n; i++) {
        ds_put_format(ds, "%02x", octet);
    }
    ds_put_char(ds, '\n');
}

static void
add_number(struct ds *ds, const char *oid, unsigned int index,
           unsigned int number)
{
    ds_put_format(ds, "%s.%u|2|%u\n", oid, index, number);
}

/* A device whose rows are interfaces: all ports untagged in VLAN 1, the last
 * two tagged in VLAN 20. */
static char *
make_ftos(void)
{
#define Q "1.3.6.1.2.1.17.7.1.4."
    static const unsigned int rows[] = { 1107787777, 1107787796 };
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, "1.3.6.1.2.1.1.1.0|4|Dell Force10\n"
                "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.6027.1.3.14\n");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        add_text(&ds, "1.3.6.1.2.1.31.1.1.1.1", rows[i],
                 i ? "Vlan 20" : "Vlan 1");
        add_text(&ds, Q "3.1.1", rows[i], "");
        add_hex(&ds, Q "3.1.2", rows[i], i ? 3 : 0xff, 1);
        add_hex(&ds, Q "3.1.3", rows[i], 0, 1);
        add_hex(&ds, Q "3.1.4", rows[i], i ? 0 : 0xff, 1);
        add_number(&ds, Q "3.1.5", rows[i], MIB_ROW_ACTIVE);
    }
    for (unsigned int port = 1; port <= 8; port++) {
        char name[16];

        snprintf(name, sizeof name, "Te 0/%u", port);
        add_text(&ds, "1.3.6.1.2.1.31.1.1.1.1", 1000 + port, name);
        add_number(&ds, "1.3.6.1.2.1.17.1.4.1.2", port, 1000 + port);
        ds_put_format(&ds, Q "5.1.1.%u|66|1\n", port);
        add_number(&ds, Q "5.1.2", port, MIB_FRAMES_ALL);
        add_number(&ds, Q "5.1.3", port, MIB_TRUE);
        add_number(&ds, Q "5.1.4", port, MIB_DISABLED);
    }
    return ds_steal_cstr(&ds);
#undef Q
}

/* A device with Cisco's objects: access ports in VLANs 1 and 20 whose trunk
 * would carry everything, ports that would negotiate one of VLANs 1 and 4, and
 * such a trunk. */
static char *
make_cisco(void)
{
#define VTP "1.3.6.1.4.1.9.9.46.1."
    static const unsigned int vids[] = { 1, 20, 1002 };
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, "1.3.6.1.2.1.1.1.0|4|Cisco IOS Software, C2960\n"
                "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.1208\n");
    for (size_t i = 0; i < ARRAY_SIZE(vids); i++) {
        char name[16];

        snprintf(name, sizeof name, "office%"PRIuSIZE, i);
        add_number(&ds, VTP "3.1.1.2.1", vids[i], 1);
        add_number(&ds, VTP "3.1.1.3.1", vids[i], 1);
        add_text(&ds, VTP "3.1.1.4.1", vids[i], name);
    }
    for (unsigned int i = 10101; i <= 10108; i++) {
        bool trunk = i == 10108, few = i % 2 == 0;
        char name[16];

        snprintf(name, sizeof name, "Gi0/%u", i - 10100);
        add_text(&ds, "1.3.6.1.2.1.31.1.1.1.1", i, name);
        add_number(&ds, "1.3.6.1.4.1.9.9.68.1.2.2.1.2", i, i % 3 ? 1 : 20);
        add_number(&ds, VTP "6.1.1.3", i, trunk ? 4 : 5);
        add_hex(&ds, VTP "6.1.1.4", i, few ? 0x48 : 0xff, few ? 1 : 128);
        add_number(&ds, VTP "6.1.1.5", i, 1);
        add_number(&ds, VTP "6.1.1.13", i, trunk ? 1 : few ? 4 : 2);
        add_number(&ds, VTP "6.1.1.14", i, trunk ? 1 : 2);
        for (unsigned int k = 17; k <= 19; k++) {
            struct ds column = DS_EMPTY_INITIALIZER;

            ds_put_format(&column, VTP "6.1.1.%u", k);
            add_hex(&ds, ds_cstr(&column), i, 0xff, few ? 0 : 128);
            ds_destroy(&column);
        }
    }
    return ds_steal_cstr(&ds);
#undef VTP
}

/* --- Devices made from others ----------------------------------------------*/

enum mutation {
    AS_RECORDED,
    GAPS,                       /* Ports are numbered with gaps. */
    SHORT_LISTS,                /* Lists end with their last port. */
    LONG_LISTS,                 /* Lists are longer, each another bit. */
    ODD_PVIDS,                  /* Ports without a PVID: 0, 4095. */
    INTEGER_PVIDS,
    MISSING,                    /* Some columns are not there. */
    ODD_PORTS,                  /* Ports in lists that do not go together. */
    N_MUTATIONS,
};
static const char *const mutation_names[] = {
    "as recorded", "gaps", "short lists", "long lists", "odd PVIDs",
    "INTEGER PVIDs", "columns missing", "odd ports",
};

/* Pseudo-random, the same in each run: of 'seed', 0..n-1. */
static unsigned int
pick(uint32_t *seed, unsigned int n)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 8) % n;
}

static unsigned int
with_gaps(unsigned int port)
{
    return 3 * port + 40;
}

static void
renumber(struct mib_varbind *vb, enum portlist_order order)
{
    static const struct mib_oid base_port
        = MIB_OID(1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 1);
    static const struct mib_oid port_vlan
        = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1);
    uint32_t *index = &vb->oid.ids[vb->oid.n - 1];

    if (is_list(&vb->oid, ARRAY_SIZE(lists))) {
        struct portlist old = { vb->value.octets, vb->value.n_octets };
        struct portlist new = { .n = 0 };
        unsigned int port;

        PORTLIST_FOR_EACH (port, &old, order) {
            if (with_gaps(port) <= PORTLIST_MAX_PORT) {
                portlist_set(&new, order, with_gaps(port), true);
            }
        }
        portlist_grow(&new, old.n);
        free(vb->value.octets);
        vb->value.octets = new.octets;
        vb->value.n_octets = new.n;
    } else if (mib_oid_has_prefix(&vb->oid, &port_vlan)
               || mib_oid_has_prefix(&vb->oid, &base_port)
               || mib_oid_has_prefix(&vb->oid, &mib_base_port_if_index)) {
        *index = with_gaps(*index);
        if (mib_oid_has_prefix(&vb->oid, &base_port)) {
            vb->value.number = *index;
        }
    }
}

static void
change_list(struct mib_varbind *vb, enum mutation m, uint32_t *seed)
{
    struct portlist list = { vb->value.octets, vb->value.n_octets };

    if (m == SHORT_LISTS) {
        while (vb->value.n_octets
               && !vb->value.octets[vb->value.n_octets - 1]) {
            vb->value.n_octets--;
        }
    } else if (m == LONG_LISTS) {
        portlist_grow(&list, list.n + pick(seed, 100));
        vb->value.octets = list.octets;
        vb->value.n_octets = list.n;
    } else if (m == ODD_PORTS && list.n && !pick(seed, 2)
               && !mib_oid_has_prefix(&vb->oid, &mib_vlan_static_egress)) {
        /* Untagged without being in the VLAN, or forbidden and in it. */
        list.octets[pick(seed, MIN(list.n, 3))] |= 0x80 >> pick(seed, 8);
    }
}

/* Columns that a device may be without. */
static bool
is_missing(const struct mib_oid *oid, unsigned int which)
{
    static const struct mib_oid *const optional[] = {
        &mib_vlan_static_row_status, &mib_vlan_static_name,
        &mib_vlan_static_forbidden, &mib_acceptable_frames,
        &mib_ingress_filtering, &mib_port_gvrp, &mib_if_name,
        &mib_vlan_current_egress, &mib_vlan_current_untagged,
    };

    for (size_t i = 0; i < ARRAY_SIZE(optional); i++) {
        if (which & 1u << i && mib_oid_has_prefix(oid, optional[i])) {
            return true;
        }
    }
    return false;
}

static void
mutate(const struct mib_varbinds *recorded, enum mutation m, uint32_t seed,
       const struct switch_profile *profile, struct mib_varbinds *made)
{
    unsigned int missing = pick(&seed, 1u << 9);

    for (size_t i = 0; i < recorded->n; i++) {
        struct mib_varbind *vb;

        if (m == MISSING && is_missing(&recorded->v[i].oid, missing)) {
            continue;
        }
        vb = mib_varbinds_add(made, &recorded->v[i].oid,
                              &recorded->v[i].value);
        if (m == GAPS) {
            renumber(vb, profile->order);
        } else if (is_static_list(&vb->oid)) {
            change_list(vb, m, &seed);
        } else if (mib_oid_has_prefix(&vb->oid, &mib_pvid)) {
            if (m == ODD_PVIDS && !pick(&seed, 2)) {
                vb->value.number = pick(&seed, 2) ? 0 : 4095;
            } else if (m == INTEGER_PVIDS) {
                vb->value.type = MIB_INTEGER;
            }
        }
    }
}

/* --- One move --------------------------------------------------------------*/

struct move {
    struct sim_device *d;
    const struct switch_profile *profile;
    uint32_t ports[2];          /* Ours: access, trunk. */
    struct switch_wanted wanted;
    struct switch_tables before;
    struct forwarding old;      /* How frames went before. */
};

static bool
is_ours(const struct move *m, uint32_t port)
{
    return port == m->ports[0] || port == m->ports[1];
}

static bool
same_members(const unsigned long *a, const unsigned long *b)
{
    for (size_t vid = 1; vid <= MIB_VID_MAX; vid++) {
        if (bitmap_is_set(a, vid) != bitmap_is_set(b, vid)
            && vid != VID_A && vid != VID_B && vid != VID_PARK) {
            return false;
        }
    }
    return true;
}

/* A port that is not ours and for which frames go in another way, or NULL. */
static char *
find_disturbed(const struct move *m)
{
    for (size_t i = 0; i < m->old.n; i++) {
        const struct forwarding_port *p = &m->old.ports[i], *q;

        if (is_ours(m, p->number)) {
            continue;
        }
        q = forwarding_find(&m->d->forwarding, p->number);
        if (!q || p->native != q->native
            || p->native_tagged != q->native_tagged
            || p->drop_untagged != q->drop_untagged
            || p->stray_untagged != q->stray_untagged
            || !bitmap_equal(p->members, q->members, FORWARDING_N_VLANS)
            || !same_members(p->strays, q->strays)) {
            return xasprintf("frames of port %u go in another way",
                             p->number);
        }
    }
    return NULL;
}

/* Whether our ports are, for frames, where they should be; or NULL. */
static char *
find_misplaced(const struct move *m)
{
    for (size_t i = 0; i < 2; i++) {
        const struct forwarding_port *p = forwarding_find(&m->d->forwarding,
                                                          m->ports[i]);

        if (!p || !bitmap_is_set(p->members, VID_A)
            || bitmap_is_set(p->members, VID_B) != (i == 1)
            || bitmap_count1(p->members, FORWARDING_N_VLANS) != 1 + i
            || (p->native != 0) != (i == 0) || p->drop_untagged != (i == 1)) {
            return xasprintf("frames of port %"PRIu32" do not go as wanted",
                             m->ports[i]);
        }
    }
    return NULL;
}

static bool
same_ports_but_ours(const struct move *m, const struct mib_value *a,
                    const struct mib_value *b)
{
    struct portlist p = { a->octets, a->n_octets };
    struct portlist q = { b->octets, b->n_octets };

    for (unsigned int port = 1; port <= 8 * MAX(p.n, q.n); port++) {
        if (!is_ours(m, port)
            && portlist_contains(&p, m->profile->order, port)
               != portlist_contains(&q, m->profile->order, port)) {
            return false;
        }
    }
    /* Longer only where one of our ports makes it so. */
    return q.n >= p.n
           && q.n <= MAX(p.n, (MAX(m->ports[0], m->ports[1]) + 7) / 8);
}

/* True if the port had a PVID that cannot be set: there is no way back to it,
 * and what keeps untagged frames out meanwhile may stay. */
static bool
had_odd_pvid(const struct move *m, uint32_t port)
{
    const struct switch_port *p = switch_tables_port(&m->before, port);

    return is_ours(m, port) && p && p->has_pvid
           && (!p->pvid || p->pvid > MIB_VID_MAX);
}

/* True if an object that is not as it was may be so: always, or ('back') also
 * once all is undone. */
static bool
may_differ(const struct move *m, const struct mib_varbind *old,
           const struct mib_value *now, bool back)
{
    static const struct mib_oid port_vlan
        = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1);
    static const struct mib_oid vlan_current
        = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1);
    static const struct mib_oid n_vlans
        = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 1, 4);
    static const struct mib_oid trunk
        = MIB_OID(1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1);
    uint32_t index = old->oid.ids[old->oid.n - 1];

    if (mib_oid_has_prefix(&old->oid, &vlan_current)
        || mib_oid_has_prefix(&old->oid, &n_vlans)
        || !mib_oid_compare(&old->oid, &mib_sys_up_time)) {
        return true;
    } else if (!now) {
        return false;
    } else if (is_static_list(&old->oid)) {
        struct portlist p = { old->value.octets, old->value.n_octets };
        struct portlist q = { now->octets, now->n_octets };

        return back ? portlist_same_ports(&p, &q)
               : same_ports_but_ours(m, &old->value, now);
    } else if (mib_oid_has_prefix(&old->oid, &trunk)) {
        struct portlist p = { old->value.octets, old->value.n_octets };
        struct portlist q = { now->octets, now->n_octets };

        return is_ours(m, index)
               && (!back || (now->type == MIB_OCTETS
                             && portlist_same_ports(&p, &q)));
    } else if (mib_oid_has_prefix(&old->oid, &port_vlan)) {
        return back ? had_odd_pvid(m, index) : is_ours(m, index);
    }
    return !back && is_ours(m, index)
           && mib_oid_has_prefix(&old->oid, &mib_cisco_vm_vlan);
}

/* An object that is not as it was and should be, or NULL. */
static char *
find_touched(const struct move *m, bool back)
{
    const struct mib_varbinds *found = &m->d->factory;
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < found->n; i++) {
        const struct mib_varbind *vb = &found->v[i];
        const struct mib_value *now = model_switch_get(m->d->ms, &vb->oid);

        if ((now && mib_value_equal(now, &vb->value))
            || may_differ(m, vb, now, back)) {
            continue;
        }
        mib_oid_format(&vb->oid, &ds);
        ds_put_cstr(&ds, back ? " is not as it was: " : " was touched: ");
        if (now) {
            mib_value_format(now, &ds);
        }
        ds_put_cstr(&ds, ", not ");
        mib_value_format(&vb->value, &ds);
        return ds_steal_cstr(&ds);
    }
    return NULL;
}

/* Does a plan.  Returns what the device refused, or what was disturbed on the
 * way; '*refused' tells which. */
static char *
execute(struct move *m, const struct switch_plan *plan, bool *refused)
{
    *refused = false;
    for (size_t i = 0; i < plan->n; i++) {
        struct mib_varbinds vbs = { .n = 0 };
        size_t index;
        char *why, *wrong = NULL;
        int error;

        switch_pdu_varbinds(&plan->pdus[i], &vbs);
        error = sim_device_set(m->d, vbs.v, vbs.n, 2000, &index, &why);
        mib_varbinds_destroy(&vbs);
        if (error) {
            wrong = xasprintf("PDU %"PRIuSIZE": %s: %s (%s)", i + 1,
                              index ? plan->pdus[i].sets[index - 1].text
                              : "?", mib_error_to_string(error),
                              why ? why : "");
            *refused = true;
        } else {
            sim_device_commit(m->d);
            wrong = find_disturbed(m);
            if (wrong) {
                char *more = xasprintf("after PDU %"PRIuSIZE": %s", i + 1,
                                       wrong);

                free(wrong);
                wrong = more;
            }
        }
        free(why);
        if (wrong) {
            return wrong;
        }
    }
    return NULL;
}

/* What the plan that 'restore' or not makes, does; or what is wrong. */
static char *
go(struct move *m, bool restore, bool *refused)
{
    struct switch_plan plan = { .n = 0 };
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_tables now;
    char *wrong;

    model_switch_read(m->d->ms, m->profile, &now);
    wrong = restore ? switch_plan_restore(&now, &m->before, &m->wanted, &plan)
            : switch_plan_make(&now, &m->wanted, &plan);
    switch_tables_destroy(&now);
    if (wrong) {
        *refused = true;
        return wrong;
    }
    wrong = execute(m, &plan, refused);
    switch_plan_destroy(&plan);
    if (!wrong) {
        model_switch_read(m->d->ms, m->profile, &now);
        if (!(restore ? switch_plan_verify_restored(&now, &m->before,
                                                    &m->wanted, &lines)
              : switch_plan_verify(&now, &m->wanted, &lines))) {
            wrong = xasprintf("%s: %s", restore ? "not as it was"
                              : "not as wanted",
                              lines.n ? lines.names[0] : "nothing is told");
        }
        switch_tables_destroy(&now);
    }
    svec_destroy(&lines);
    return wrong;
}

static void
want(struct switch_wanted *w, const struct switch_profile *profile,
     const uint32_t *ports)
{
    switch_wanted_init(w);
    switch_wanted_add_vlan(w, VID_A, "a");
    switch_wanted_add_vlan(w, VID_B, "b");
    if (profile->leave_last) {
        switch_wanted_add_vlan(w, VID_PARK, "park");
        w->parking = VID_PARK;
    }
    for (size_t i = 0; i < 2; i++) {
        struct switch_wanted_port *p;
        char name[16];

        snprintf(name, sizeof name, "#%"PRIu32, ports[i]);
        p = switch_wanted_add_port(w, name, i ? SWITCH_TRUNK : SWITCH_ACCESS,
                                   NULL);
        vidset_add(&p->vids, VID_A);
        if (i) {
            vidset_add(&p->vids, VID_B);
        }
    }
}

enum outcome {
    MOVED,                      /* There and back. */
    REFUSED,                    /* Before anything was done. */
    BACK,                       /* The device refused; all is as it was. */
    STAYS,                      /* There; back it cannot, and says so. */
    BROKEN,
    N_OUTCOMES,
};

/* Moves two ports there and back.  '*why' is why not, if it was refused, or
 * what went wrong. */
static enum outcome
move(struct sim_device *d, const struct switch_profile *profile,
     uint32_t access, uint32_t trunk, char **why)
{
    struct move m = {
        .d = d, .profile = profile, .ports = { access, trunk },
    };
    enum outcome outcome = MOVED;
    bool refused = false, ignored;
    char *wrong;

    want(&m.wanted, profile, m.ports);
    model_switch_read(d->ms, profile, &m.before);
    forwarding_clone(&m.old, &d->forwarding);
    *why = go(&m, false, &refused);
    if (*why) {
        outcome = !refused ? BROKEN : d->ms->n_sets ? BACK : REFUSED;
    } else {
        *why = find_misplaced(&m);
        *why = *why ? *why : find_touched(&m, false);
        outcome = *why ? BROKEN : MOVED;
    }
    if (outcome == MOVED || outcome == BACK) {
        wrong = go(&m, true, &ignored);
        wrong = wrong ? wrong : find_touched(&m, true);
        if (wrong) {
            free(*why);
            *why = wrong;
            outcome = outcome == MOVED && strstr(wrong, "which cannot be set")
                      && (had_odd_pvid(&m, access) || had_odd_pvid(&m, trunk))
                      ? STAYS : BROKEN;
        }
    }
    forwarding_destroy(&m.old);
    switch_tables_destroy(&m.before);
    switch_wanted_destroy(&m.wanted);
    return outcome;
}

/* --- All of a device -------------------------------------------------------*/

/* All that can be configured, written back as it was read, 'step' objects at
 * a time (a SET takes as long as a device is large). */
static char *
write_back(struct sim_device *d, const struct switch_profile *profile,
           size_t step)
{
    char *before = sim_device_config_to_string(d), *after, *error = NULL;
    struct mib_varbinds vbs = { .n = 0 };

    if (profile->model == SWITCH_QBRIDGE) {
        struct switch_tables t;

        model_switch_read(d->ms, profile, &t);
        switch_tables_to_varbinds(&t, &vbs);
        switch_tables_destroy(&t);
    }
    for (size_t i = 0; i < vbs.n && !error; i += step) {
        size_t index;
        char *why;

        if (sim_device_set(d, &vbs.v[i], MIN(step, vbs.n - i), 2000, &index,
                           &why)) {
            error = mib_oid_to_string(&vbs.v[i + index - 1].oid);
        } else {
            sim_device_commit(d);
        }
        free(why);
    }
    mib_varbinds_destroy(&vbs);
    after = sim_device_config_to_string(d);
    if (!error && strcmp(before, after)) {
        error = xstrdup("something has changed");
    }
    free(before);
    free(after);
    return error;
}

static void
test_pairs(struct sim_device *d, const struct switch_profile *profile,
           const char *name, bool as_recorded)
{
    unsigned int counts[N_OUTCOMES] = { 0 };
    size_t n, n_pairs, step = 1;
    unsigned int *ports = sim_device_ports(d, &n);
    struct svec reasons = SVEC_EMPTY_INITIALIZER;

    n_pairs = n * n;
    if (!as_recorded || !getenv("TVD_SOAK")) {
        step = 1 + n_pairs / (as_recorded || getenv("TVD_SOAK") ? N_PAIRS
                              : N_PAIRS_MADE);
        /* So that it goes through both. */
        step += step % n == 0;
    }
    for (size_t i = 0; i < n_pairs; i += step) {
        uint32_t access = ports[i / n], trunk = ports[i % n];
        enum outcome outcome;
        char *why;

        if (access == trunk) {
            continue;
        }
        d->ms->n_sets = 0;
        outcome = move(d, profile, access, trunk, &why);
        counts[outcome]++;
        if (why) {
            svec_add_nocopy(&reasons, xasprintf("%s: %u, %u: %s",
                                                outcome == BROKEN ? "BROKEN"
                                                : "refused", access, trunk,
                                                why));
        }
        free(why);
        if (outcome != REFUSED) {
            sim_device_lose_config(d, 3000);
        }
    }
    svec_sort_unique(&reasons);
    ok(!counts[BROKEN] && (!as_recorded || (!counts[BACK] && !counts[STAYS])),
       "%s: %u pairs moved there and back, %u refused, %u refused by the "
       "device and undone, %u without a way back", name, counts[MOVED],
       counts[REFUSED], counts[BACK], counts[STAYS]);
    for (size_t i = 0; i < MIN(reasons.n, counts[BROKEN] ? 20 : 3); i++) {
        printf("# %s\n", reasons.names[i]);
    }
    svec_destroy(&reasons);
    free(ports);
}

static const struct switch_profile *
find_profile(const struct mib_varbinds *recorded)
{
    const struct switch_profile *profile;
    const struct mib_oid *object_id = NULL;
    char *descr = NULL;

    for (size_t i = 0; i < recorded->n; i++) {
        const struct mib_varbind *vb = &recorded->v[i];

        if (!mib_oid_compare(&vb->oid, &mib_sys_object_id)) {
            object_id = vb->value.oid;
        } else if (!mib_oid_compare(&vb->oid, &mib_sys_descr)) {
            free(descr);
            descr = xmemdup0((char *) vb->value.octets, vb->value.n_octets);
        }
    }
    profile = switch_profiles_match(&profiles, object_id, descr);
    free(descr);
    return profile;
}

static void
test_made(const char *file, const struct mib_varbinds *recorded,
          enum mutation m, uint32_t seed)
{
    const struct switch_profile *profile = find_profile(recorded);
    char *name = xasprintf("%s, %s %"PRIu32, file, mutation_names[m], seed);
    struct mib_varbinds made = { .n = 0 };
    struct sim_device *d;
    char *error;

    mutate(recorded, m, seed, profile, &made);
    error = sim_device_create(&(struct sim_device_config) {
        .recording = &made,
        .profile = profile,
        .name = "sw",
        .bridged = true,
    }, NULL, 1000, &d);
    if (error) {
        /* Ports that a bridge cannot stand for. */
        ok(m != AS_RECORDED || strstr(file, "zte"), "%s: not played: %s",
           name, error);
        free(error);
    } else {
        error = write_back(d, profile, m == AS_RECORDED ? 1 : 100);
        is_str(error, NULL, "%s: written back as it was read", name);
        free(error);
        test_pairs(d, profile, name, m == AS_RECORDED);
    }
    sim_device_destroy(d);
    mib_varbinds_destroy(&made);
    free(name);
}

static void
test_device(const char *name, const struct mib_varbinds *recorded)
{
    uint32_t n_seeds = getenv("TVD_SOAK") ? 20 : 2;

    test_made(name, recorded, AS_RECORDED, 0);
    if (find_profile(recorded)->refusal || strstr(name, "zte")
        || find_profile(recorded)->model != SWITCH_QBRIDGE) {
        return;
    }
    for (enum mutation m = AS_RECORDED + 1; m < N_MUTATIONS; m++) {
        for (uint32_t seed = 1; seed <= n_seeds; seed++) {
            test_made(name, recorded, m, seed);
        }
    }
}

static void
test_text(const char *name, char *text)
{
    struct mib_varbinds vbs = { .n = 0 };
    char *error = snmprec_parse(text, strlen(text), &vbs);

    is_str(error, NULL, "%s: a recording", name);
    if (!error) {
        test_device(name, &vbs);
    }
    free(error);
    free(text);
    mib_varbinds_destroy(&vbs);
}

static void
test_walks(void)
{
    const char *dir = switch_check_walks();
    struct svec files = SVEC_EMPTY_INITIALIZER;
    DIR *stream = dir ? opendir(dir) : NULL;
    const struct dirent *entry;
    const char *file;
    size_t i;

    if (!stream) {
        skip("recorded devices", "no recordings here (set TVD_WALKS)");
        return;
    }
    while ((entry = readdir(stream))) {
        if (strstr(entry->d_name, ".snmprec")) {
            svec_add(&files, entry->d_name);
        }
    }
    closedir(stream);
    svec_sort(&files);
    SVEC_FOR_EACH (i, file, &files) {
        struct mib_varbinds recorded = { .n = 0 };
        char *path = xasprintf("%s/%s", dir, file);

        switch_check_load(path, &recorded);
        test_device(file, &recorded);
        mib_varbinds_destroy(&recorded);
        free(path);
    }
    svec_destroy(&files);
}

int
main(void)
{
    char *error;

    switch_profiles_init(&profiles);
    error = switch_profiles_load(&profiles, "switchcfg/profiles");
    is_str(error, NULL, "the profiles are right");
    free(error);
    test_text("Cisco", make_cisco());
    test_text("FTOS", make_ftos());
    test_walks();
    switch_profiles_destroy(&profiles);
    return tap_done();
}
