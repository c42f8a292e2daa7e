/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/model-switch.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "util.h"

/* Objects that a walk's request brings. */
#define BULK 50

/* Where vendors have their objects. */
static const struct mib_oid enterprises = MIB_OID(1, 3, 6, 1, 4, 1);

/* --- Objects ---------------------------------------------------------------*/

static int
compare_varbinds(const void *a_, const void *b_)
{
    const struct mib_varbind *a = a_, *b = b_;

    return mib_oid_compare(&a->oid, &b->oid);
}

/* The position of the first object that is not in front of 'oid'. */
static size_t
lower_bound(const struct model_switch *ms, const struct mib_oid *oid)
{
    size_t low = 0, high = ms->objects.n;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (mib_oid_compare(&ms->objects.v[mid].oid, oid) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static struct mib_value *
find(const struct model_switch *ms, const struct mib_oid *oid)
{
    size_t at = lower_bound(ms, oid);

    return at < ms->objects.n
           && !mib_oid_compare(&ms->objects.v[at].oid, oid)
           ? &ms->objects.v[at].value : NULL;
}

const struct mib_value *
model_switch_get(const struct model_switch *ms, const struct mib_oid *oid)
{
    return find(ms, oid);
}

void
model_switch_put(struct model_switch *ms, const struct mib_oid *oid,
                 const struct mib_value *value)
{
    struct mib_value *old = find(ms, oid), copy;

    mib_value_clone(&copy, value);
    if (old) {
        mib_value_clear(old);
        *old = copy;
    } else {
        size_t at = lower_bound(ms, oid);

        mib_varbinds_add_null(&ms->objects, oid);
        memmove(&ms->objects.v[at + 1], &ms->objects.v[at],
                (ms->objects.n - 1 - at) * sizeof *ms->objects.v);
        ms->objects.v[at].oid = *oid;
        ms->objects.v[at].value = copy;
    }
}

const struct mib_varbind *
model_switch_next(const struct model_switch *ms, const struct mib_oid *oid,
                  bool inclusive)
{
    size_t at = lower_bound(ms, oid);

    if (!inclusive && at < ms->objects.n
        && !mib_oid_compare(&ms->objects.v[at].oid, oid)) {
        at++;
    }
    return at < ms->objects.n ? &ms->objects.v[at] : NULL;
}

void
model_switch_drop(struct model_switch *ms, const struct mib_oid *oid)
{
    size_t at = lower_bound(ms, oid);

    if (at < ms->objects.n
        && !mib_oid_compare(&ms->objects.v[at].oid, oid)) {
        mib_value_clear(&ms->objects.v[at].value);
        memmove(&ms->objects.v[at], &ms->objects.v[at + 1],
                (ms->objects.n - 1 - at) * sizeof *ms->objects.v);
        ms->objects.n--;
    }
}

static void
put_number(struct model_switch *ms, const struct mib_oid *column,
           uint32_t index, enum mib_type type, uint64_t number)
{
    struct mib_oid oid = mib_oid_child(column, index);
    struct mib_value value = { .type = type, .number = number };

    model_switch_put(ms, &oid, &value);
}

static void
put_octets(struct model_switch *ms, const struct mib_oid *column,
           uint32_t index, const void *octets, size_t n)
{
    struct mib_oid oid = mib_oid_child(column, index);
    struct mib_value value = {
        .type = MIB_OCTETS,
        .octets = CONST_CAST(uint8_t *, octets),
        .n_octets = n,
    };

    model_switch_put(ms, &oid, &value);
}

/* A list as it is; empty if it is not there. */
static struct portlist
get_list(const struct model_switch *ms, const struct mib_oid *column,
         uint32_t row)
{
    struct mib_oid oid = mib_oid_child(column, row);
    const struct mib_value *v = find(ms, &oid);

    return v ? (struct portlist) { v->octets, v->n_octets }
             : (struct portlist) { .n = 0 };
}

/* The lists of a row that rules hold between. */
struct row_lists {
    struct portlist egress, forbidden, untagged;
};

/* As they are, borrowed. */
static struct row_lists
get_lists(const struct model_switch *ms, uint32_t row)
{
    return (struct row_lists) {
        .egress = get_list(ms, &mib_vlan_static_egress, row),
        .forbidden = get_list(ms, &mib_vlan_static_forbidden, row),
        .untagged = get_list(ms, &mib_vlan_static_untagged, row),
    };
}

void
model_switch_load(struct model_switch *ms, const struct mib_varbinds *vbs)
{
    for (size_t i = 0; i < vbs->n; i++) {
        const struct mib_varbind *vb = &vbs->v[i];

        mib_varbinds_add(&ms->objects, &vb->oid, &vb->value);
        if (mib_oid_has_prefix(&vb->oid, &mib_vlan_static_egress)
            || mib_oid_has_prefix(&vb->oid, &mib_vlan_static_untagged)) {
            ms->list_length = MAX(ms->list_length, vb->value.n_octets);
        }
        if (mib_oid_has_prefix(&vb->oid, &mib_vlan_static_egress)
            || mib_oid_has_prefix(&vb->oid, &mib_vlan_static_forbidden)
            || mib_oid_has_prefix(&vb->oid, &mib_vlan_static_untagged)) {
            mib_varbinds_add(&ms->found, &vb->oid, &vb->value);
        }
    }
    qsort(ms->objects.v, ms->objects.n, sizeof *ms->objects.v,
          compare_varbinds);
    if (ms->found.n) {
        qsort(ms->found.v, ms->found.n, sizeof *ms->found.v,
              compare_varbinds);
    }
}

void
model_switch_load_default(struct model_switch *ms, unsigned int n_ports,
                          unsigned int if_base)
{
    struct portlist all = { .n = 0 }, none = { .n = 0 };

    for (unsigned int port = 1; port <= n_ports; port++) {
        char *name = xasprintf("Gi1/0/%u", port);

        portlist_set(&all, ms->options.order, port, true);
        put_number(ms, &mib_base_port_if_index, port, MIB_INTEGER,
                   port + if_base);
        put_octets(ms, &mib_if_name, port + if_base, name, strlen(name));
        put_number(ms, &mib_pvid, port, MIB_UNSIGNED32, 1);
        put_number(ms, &mib_acceptable_frames, port, MIB_INTEGER,
                   MIB_FRAMES_ALL);
        put_number(ms, &mib_ingress_filtering, port, MIB_INTEGER, MIB_FALSE);
        put_number(ms, &mib_port_gvrp, port, MIB_INTEGER, MIB_ENABLED);
        free(name);
    }
    portlist_grow(&none, all.n);
    put_octets(ms, &mib_vlan_static_name, 1, "default", strlen("default"));
    put_octets(ms, &mib_vlan_static_egress, 1, all.octets, all.n);
    put_octets(ms, &mib_vlan_static_forbidden, 1, none.octets, none.n);
    put_octets(ms, &mib_vlan_static_untagged, 1, all.octets, all.n);
    put_number(ms, &mib_vlan_static_row_status, 1, MIB_INTEGER,
               MIB_ROW_ACTIVE);
    ms->list_length = all.n;
    portlist_destroy(&all);
    portlist_destroy(&none);
}

void
model_switch_read(const struct model_switch *ms,
                  const struct switch_profile *profile,
                  struct switch_tables *t)
{
    switch_tables_init(t, profile);
    for (size_t i = 0; i < ms->objects.n; i++) {
        switch_tables_add(t, &ms->objects.v[i]);
    }
    switch_tables_finish(t);
}

/* --- SET -------------------------------------------------------------------*/

#define WRONG_TYPE 7
#define WRONG_LENGTH 8
#define NO_CREATION 11

/* The index if 'oid' is an instance of 'column', else 0. */
static uint32_t
index_of(const struct mib_oid *oid, const struct mib_oid *column)
{
    return oid->n == column->n + 1 && mib_oid_has_prefix(oid, column)
           ? oid->ids[column->n] : 0;
}

/* The static columns; some devices do not have all of them. */
static const struct mib_oid *const static_columns[] = {
    &mib_vlan_static_name, &mib_vlan_static_egress,
    &mib_vlan_static_forbidden, &mib_vlan_static_untagged,
    &mib_vlan_static_row_status,
};

static bool
row_exists(const struct model_switch *ms, uint32_t row)
{
    for (size_t i = 0; i < ARRAY_SIZE(static_columns); i++) {
        struct mib_oid oid = mib_oid_child(static_columns[i], row);

        if (find(ms, &oid)) {
            return true;
        }
    }
    return false;
}

bool
model_switch_row_is_active(const struct model_switch *ms, uint32_t row)
{
    struct mib_oid oid = mib_oid_child(&mib_vlan_static_row_status, row);
    const struct mib_value *v = find(ms, &oid);

    return v ? v->number == MIB_ROW_ACTIVE : row_exists(ms, row);
}

static int
set_row_status(struct model_switch *ms, uint32_t row, int64_t status)
{
    struct portlist none = { .n = 0 };

    switch (status) {
    case MIB_ROW_CREATE_AND_GO:
    case MIB_ROW_CREATE_AND_WAIT:
        if (row_exists(ms, row)) {
            return MIB_ERROR_INCONSISTENT_VALUE;
        }
        portlist_grow(&none, ms->list_length);
        put_octets(ms, &mib_vlan_static_name, row, "", 0);
        put_octets(ms, &mib_vlan_static_egress, row, none.octets, none.n);
        put_octets(ms, &mib_vlan_static_forbidden, row, none.octets, none.n);
        put_octets(ms, &mib_vlan_static_untagged, row, none.octets, none.n);
        put_number(ms, &mib_vlan_static_row_status, row, MIB_INTEGER,
                   status == MIB_ROW_CREATE_AND_GO ? MIB_ROW_ACTIVE
                   : MIB_ROW_NOT_IN_SERVICE);
        portlist_destroy(&none);
        return MIB_ERROR_NONE;
    case MIB_ROW_ACTIVE:
    case MIB_ROW_NOT_IN_SERVICE:
        if (!row_exists(ms, row)) {
            return MIB_ERROR_INCONSISTENT_VALUE;
        }
        put_number(ms, &mib_vlan_static_row_status, row, MIB_INTEGER, status);
        return MIB_ERROR_NONE;
    case MIB_ROW_DESTROY:
        if (row == 1) {
            return MIB_ERROR_INCONSISTENT_VALUE;
        }
        for (size_t i = 0; i < ARRAY_SIZE(static_columns); i++) {
            struct mib_oid oid = mib_oid_child(static_columns[i], row);

            model_switch_drop(ms, &oid);
        }
        return MIB_ERROR_NONE;
    default:
        return MIB_ERROR_WRONG_VALUE;
    }
}

static uint8_t
octet_of(const struct portlist *list, size_t i)
{
    return i < list->n ? list->octets[i] : 0;
}

/* Rules between the lists of a row that must hold all the time, or, if a SET
 * is one instant, after it.  A port that breaks one that it broke in 'before'
 * too, or when the device was found, breaks none of this device. */
static bool
row_is_consistent(const struct model_switch *ms, uint32_t row,
                  const struct row_lists *before,
                  const struct row_lists *after)
{
    const struct model_switch as_found = { .objects = ms->found };
    struct row_lists found = get_lists(&as_found, row);
    const struct row_lists *all[] = { after, before, &found };
    size_t n = MAX(after->egress.n, after->untagged.n);

    for (size_t i = 0; i < n; i++) {
        uint8_t forbidden = 0xff, untagged = 0xff;

        /* Members that are forbidden, and untagged ports that are no members,
         * now but not in the others. */
        for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
            uint8_t egress = octet_of(&all[k]->egress, i);
            uint8_t f = egress & octet_of(&all[k]->forbidden, i);
            uint8_t u = octet_of(&all[k]->untagged, i) & ~egress;

            forbidden &= k ? ~f : f;
            untagged &= k ? ~u : u;
        }
        if (forbidden || (ms->options.untagged_within_egress && untagged)) {
            return false;
        }
    }
    return true;
}

/* True if a port of 'before' would be in no VLAN if row 'row' were 'after'. */
static bool
leaves_orphan(const struct model_switch *ms, uint32_t row,
              const struct portlist *before, const struct portlist *after)
{
    enum portlist_order order = ms->options.order;
    unsigned int port;

    PORTLIST_FOR_EACH (port, before, order) {
        bool found = portlist_contains(after, order, port);

        for (size_t i = lower_bound(ms, &mib_vlan_static_egress);
             !found && i < ms->objects.n
             && mib_oid_has_prefix(&ms->objects.v[i].oid,
                                   &mib_vlan_static_egress); i++) {
            const struct mib_varbind *vb = &ms->objects.v[i];
            struct portlist list = { vb->value.octets, vb->value.n_octets };

            found = vb->oid.ids[vb->oid.n - 1] != row
                    && portlist_contains(&list, order, port);
        }
        if (!found) {
            return true;
        }
    }
    return false;
}

static int
set_row_octets(struct model_switch *ms, const struct mib_varbind *vb,
               uint32_t row, bool is_list)
{
    if (vb->value.type != MIB_OCTETS) {
        return WRONG_TYPE;
    }
    if (!row_exists(ms, row)) {
        return NO_CREATION;
    }
    if (is_list ? !ms->options.lists_grow
                  && vb->value.n_octets > ms->list_length
        : vb->value.n_octets > 32) {
        return WRONG_LENGTH;
    }
    if (ms->options.keep_one && index_of(&vb->oid, &mib_vlan_static_egress)) {
        struct portlist before = get_list(ms, &mib_vlan_static_egress, row);
        struct portlist after = { vb->value.octets, vb->value.n_octets };

        if (leaves_orphan(ms, row, &before, &after)) {
            return MIB_ERROR_INCONSISTENT_VALUE;
        }
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    return MIB_ERROR_NONE;
}

/* 'port' has become untagged in the VLAN of 'row'. */
static void
move_untagged(struct model_switch *ms, uint32_t row, unsigned int port)
{
    enum portlist_order order = ms->options.order;
    struct mib_oid oid = mib_oid_child(&mib_pvid, port);
    struct mib_value *pvid = find(ms, &oid);

    for (size_t i = lower_bound(ms, &mib_vlan_static_untagged);
         i < ms->objects.n
         && mib_oid_has_prefix(&ms->objects.v[i].oid,
                               &mib_vlan_static_untagged); i++) {
        struct mib_varbind *vb = &ms->objects.v[i];
        struct portlist list = { vb->value.octets, vb->value.n_octets };
        uint32_t other = vb->oid.ids[vb->oid.n - 1];
        struct portlist egress = get_list(ms, &mib_vlan_static_egress, other);

        if (other != row && portlist_contains(&list, order, port)
            && portlist_contains(&egress, order, port)) {
            /* Does not make it longer. */
            portlist_set(&list, order, port, false);
            if (pvid && pvid->number == other) {
                pvid->number = row;
            }
        }
    }
}

static void
move_all_untagged(struct model_switch *ms, uint32_t row,
                  const struct portlist *before)
{
    struct row_lists now = get_lists(ms, row);
    enum portlist_order order = ms->options.order;
    unsigned int port;

    PORTLIST_FOR_EACH (port, &now.untagged, order) {
        if (portlist_contains(&now.egress, order, port)
            && !portlist_contains(before, order, port)) {
            move_untagged(ms, row, port);
        }
    }
}

static int
set_list(struct model_switch *ms, const struct mib_varbind *vb, uint32_t row)
{
    struct row_lists now = get_lists(ms, row), before;
    int error;

    portlist_clone(&before.egress, &now.egress);
    portlist_clone(&before.forbidden, &now.forbidden);
    portlist_clone(&before.untagged, &now.untagged);
    error = set_row_octets(ms, vb, row, true);
    now = get_lists(ms, row);
    if (!error && !ms->options.atomic
        && !row_is_consistent(ms, row, &before, &now)) {
        error = MIB_ERROR_INCONSISTENT_VALUE;
    }
    if (!error && ms->options.one_untagged) {
        move_all_untagged(ms, row, &before.untagged);
    }
    portlist_destroy(&before.egress);
    portlist_destroy(&before.forbidden);
    portlist_destroy(&before.untagged);
    return error;
}

static int
set_pvid(struct model_switch *ms, const struct mib_varbind *vb)
{
    const struct mib_value *old = find(ms, &vb->oid);

    if (!old) {
        return NO_CREATION;
    } else if (old->type != vb->value.type) {
        return WRONG_TYPE;
    } else if (!vb->value.number || vb->value.number > MIB_VID_MAX) {
        return MIB_ERROR_WRONG_VALUE;
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    return MIB_ERROR_NONE;
}

/* An enumeration of 1 to 'max'. */
static int
set_enum(struct model_switch *ms, const struct mib_varbind *vb, int max)
{
    int64_t value = mib_value_integer(&vb->value);

    if (vb->value.type != MIB_INTEGER) {
        return WRONG_TYPE;
    } else if (!find(ms, &vb->oid)) {
        return NO_CREATION;
    } else if (value < 1 || value > max) {
        return MIB_ERROR_WRONG_VALUE;
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    return MIB_ERROR_NONE;
}

/* Objects of the standard that can be set. */
static bool
is_writable(const struct mib_oid *oid)
{
    for (size_t i = 0; i < ARRAY_SIZE(static_columns); i++) {
        if (index_of(oid, static_columns[i])) {
            return true;
        }
    }
    return index_of(oid, &mib_pvid) || index_of(oid, &mib_acceptable_frames)
           || index_of(oid, &mib_ingress_filtering)
           || index_of(oid, &mib_port_gvrp)
           || !mib_oid_compare(oid, &mib_gvrp_status);
}

/* Does one varbind. */
static int
set_one(struct model_switch *ms, const struct mib_varbind *vb)
{
    static const struct {
        const struct mib_oid *column;
        int max;
    } enums[] = {
        { &mib_acceptable_frames, 3 },
        { &mib_ingress_filtering, MIB_FALSE },
        { &mib_port_gvrp, MIB_DISABLED },
    };
    const struct mib_value *now = find(ms, &vb->oid);
    uint32_t row;

    /* Also a value that nobody could set, such as a PVID of 0, is taken if it
     * is there already. */
    if (now && mib_value_equal(now, &vb->value) && is_writable(&vb->oid)) {
        return MIB_ERROR_NONE;
    }
    row = index_of(&vb->oid, &mib_vlan_static_row_status);
    if (row) {
        return vb->value.type != MIB_INTEGER ? WRONG_TYPE
               : set_row_status(ms, row, mib_value_integer(&vb->value));
    }
    row = index_of(&vb->oid, &mib_vlan_static_name);
    if (row) {
        return set_row_octets(ms, vb, row, false);
    }
    row = index_of(&vb->oid, &mib_vlan_static_egress);
    row = row ? row : index_of(&vb->oid, &mib_vlan_static_untagged);
    row = row ? row : index_of(&vb->oid, &mib_vlan_static_forbidden);
    if (row) {
        return set_list(ms, vb, row);
    }
    if (index_of(&vb->oid, &mib_pvid)) {
        return set_pvid(ms, vb);
    }
    for (size_t i = 0; i < ARRAY_SIZE(enums); i++) {
        if (index_of(&vb->oid, enums[i].column)) {
            return set_enum(ms, vb, enums[i].max);
        }
    }
    if (!mib_oid_compare(&vb->oid, &mib_gvrp_status)) {
        return set_enum(ms, vb, MIB_DISABLED);
    }
    if (mib_oid_has_prefix(&vb->oid, &enterprises)) {
        if (ms->options.set_vendor) {
            return ms->options.set_vendor(ms->options.vendor_aux, vb);
        }
        model_switch_put(ms, &vb->oid, &vb->value);
        return MIB_ERROR_NONE;
    }
    return MIB_ERROR_NOT_WRITABLE;
}

/* The current tables show what the static ones say. */
static void
update_current(struct model_switch *ms)
{
    static const struct mib_oid *const pairs[][2] = {
        { &mib_vlan_current_egress, &mib_vlan_static_egress },
        { &mib_vlan_current_untagged, &mib_vlan_static_untagged },
    };

    for (size_t p = 0; p < ARRAY_SIZE(pairs); p++) {
        struct mib_varbinds add = { .n = 0 };

        for (size_t i = lower_bound(ms, pairs[p][0]);
             i < ms->objects.n
             && mib_oid_has_prefix(&ms->objects.v[i].oid, pairs[p][0]); ) {
            struct mib_oid oid = ms->objects.v[i].oid;

            model_switch_drop(ms, &oid);
        }
        for (size_t i = lower_bound(ms, pairs[p][1]);
             i < ms->objects.n
             && mib_oid_has_prefix(&ms->objects.v[i].oid, pairs[p][1]); i++) {
            const struct mib_varbind *vb = &ms->objects.v[i];
            struct mib_oid oid = mib_oid_child(pairs[p][0], 0);

            mib_oid_append(&oid, vb->oid.ids[vb->oid.n - 1]);
            mib_varbinds_add(&add, &oid, &vb->value);
        }
        for (size_t i = 0; i < add.n; i++) {
            model_switch_put(ms, &add.v[i].oid, &add.v[i].value);
        }
        mib_varbinds_destroy(&add);
    }
}

static void
changed(struct model_switch *ms)
{
    if (ms->options.follow_current) {
        update_current(ms);
    }
    if (ms->options.changed) {
        ms->options.changed(ms->options.aux);
    }
}

static int
set_in_order(struct model_switch *ms, const struct mib_varbind *vbs, size_t n,
             size_t *error_index)
{
    for (size_t i = 0; i < n; i++) {
        const struct mib_value *v = find(ms, &vbs[i].oid);
        struct mib_value old = { .type = MIB_NULL };
        int error;

        if (v) {
            mib_value_clone(&old, v);
        }
        error = set_one(ms, &vbs[i]);
        if (error) {
            if (old.type != MIB_NULL) {
                model_switch_put(ms, &vbs[i].oid, &old);
            }
            *error_index = i + 1;
        }
        mib_value_clear(&old);
        if (error) {
            return error;
        }
        changed(ms);
    }
    return MIB_ERROR_NONE;
}

/* True if 'vb' makes a row, which has to be done before what is in it. */
static bool
makes_row(const struct mib_varbind *vb)
{
    return index_of(&vb->oid, &mib_vlan_static_row_status)
           && (vb->value.number == MIB_ROW_CREATE_AND_GO
               || vb->value.number == MIB_ROW_CREATE_AND_WAIT);
}

/* True if the rules hold for the row that 'oid' is in a list of. */
static bool
lists_are_consistent(const struct model_switch *before,
                     const struct model_switch *ms, const struct mib_oid *oid)
{
    uint32_t row = oid->ids[oid->n - 1];
    struct row_lists old, new;

    if (!mib_oid_has_prefix(oid, &mib_vlan_static_egress)
        && !mib_oid_has_prefix(oid, &mib_vlan_static_forbidden)
        && !mib_oid_has_prefix(oid, &mib_vlan_static_untagged)) {
        return true;
    }
    old = get_lists(before, row);
    new = get_lists(ms, row);
    return row_is_consistent(ms, row, &old, &new);
}

static int
set_at_once(struct model_switch *ms, const struct mib_varbind *vbs, size_t n,
            size_t *error_index)
{
    struct model_switch before = { .n_sets = 0 };
    int error = MIB_ERROR_NONE;

    for (size_t i = 0; i < ms->objects.n; i++) {
        mib_varbinds_add(&before.objects, &ms->objects.v[i].oid,
                         &ms->objects.v[i].value);
    }
    for (size_t i = 0; i < 2 * n && !error; i++) {
        const struct mib_varbind *vb = &vbs[i % n];

        if (makes_row(vb) == (i < n)) {
            error = set_one(ms, vb);
            *error_index = error ? i % n + 1 : 0;
        }
    }
    for (size_t i = 0; i < n && !error; i++) {
        if (!lists_are_consistent(&before, ms, &vbs[i].oid)) {
            error = MIB_ERROR_INCONSISTENT_VALUE;
            *error_index = i + 1;
        }
    }
    if (error) {
        mib_varbinds_swap(&before.objects, &ms->objects);
    } else {
        changed(ms);
    }
    mib_varbinds_destroy(&before.objects);
    return error;
}

int
model_switch_set(struct model_switch *ms, const struct mib_varbind *vbs,
                 size_t n, size_t *error_index)
{
    struct model_switch_options *o = &ms->options;

    ms->n_sets++;
    *error_index = 0;
    if (o->fail_nth && --o->fail_nth == 0) {
        o->fail_nth = o->fail_forever;
        *error_index = n ? 1 : 0;
        return MIB_ERROR_GENERIC;
    }
    if (o->accept_not_apply) {
        return MIB_ERROR_NONE;
    }
    if (o->first_only) {
        n = MIN(n, o->first_only);
    }
    return o->atomic ? set_at_once(ms, vbs, n, error_index)
                     : set_in_order(ms, vbs, n, error_index);
}

/* --- Frames ----------------------------------------------------------------*/

static uint64_t
get_number(const struct model_switch *ms, const struct mib_oid *column,
           uint32_t index)
{
    struct mib_oid oid = mib_oid_child(column, index);
    const struct mib_value *v = find(ms, &oid);

    return v ? v->number : 0;
}

bool
model_switch_forwards(const struct model_switch *ms, unsigned int from,
                      unsigned int vid, unsigned int to,
                      unsigned int *out_vid)
{
    struct portlist egress, untagged;

    if (!vid) {
        if (get_number(ms, &mib_acceptable_frames, from)
            == MIB_FRAMES_TAGGED) {
            return false;
        }
        vid = get_number(ms, &mib_pvid, from);
    }
    if (from == to || !model_switch_row_is_active(ms, vid)) {
        return false;
    }
    egress = get_list(ms, &mib_vlan_static_egress, vid);
    untagged = get_list(ms, &mib_vlan_static_untagged, vid);
    if (get_number(ms, &mib_ingress_filtering, from) == MIB_TRUE
        && !portlist_contains(&egress, ms->options.order, from)) {
        return false;
    }
    if (out_vid) {
        *out_vid = portlist_contains(&untagged, ms->options.order, to) ? 0
                   : vid;
    }
    return portlist_contains(&egress, ms->options.order, to);
}

/* --- As a session ----------------------------------------------------------*/

static struct model_switch *
model_switch_cast(struct switch_session *session)
{
    return CONTAINER_OF(session, struct model_switch, session);
}

/* Makes 'reply' the one that comes, after what time it takes. */
static void
answer(struct model_switch *ms, struct switch_reply *reply, bool lost)
{
    ms->session.busy = true;
    ms->n_requests += reply->n_pdus;
    if (lost) {
        mib_varbinds_destroy(&reply->varbinds);
        free(reply->error);
        reply->status = SWITCH_REPLY_TIMEOUT;
        reply->error = xstrdup("no answer");
    }
    ms->due = ms->now + (lost ? ms->options.timeout : ms->options.latency);
    ms->pending = reply;
}

static void
model_get(struct switch_session *session, const struct mib_oid *oids, size_t n)
{
    struct model_switch *ms = model_switch_cast(session);
    struct switch_reply *reply = xzalloc(sizeof *reply);

    for (size_t i = 0; i < n; i++) {
        const struct mib_value *v = find(ms, &oids[i]);

        if (v) {
            mib_varbinds_add(&reply->varbinds, &oids[i], v);
        } else {
            mib_varbinds_add_null(&reply->varbinds, &oids[i])->value.type
                = MIB_NO_SUCH_INSTANCE;
        }
    }
    reply->n_pdus = 1;
    answer(ms, reply, ms->options.deaf);
}

static void
model_walk(struct switch_session *session, const struct mib_oid *roots,
           size_t n)
{
    struct model_switch *ms = model_switch_cast(session);
    struct switch_reply *reply = xzalloc(sizeof *reply);

    for (size_t i = 0; i < n; i++) {
        size_t first = reply->varbinds.n;

        for (size_t j = lower_bound(ms, &roots[i]);
             j < ms->objects.n
             && mib_oid_has_prefix(&ms->objects.v[j].oid, &roots[i]); j++) {
            mib_varbinds_add(&reply->varbinds, &ms->objects.v[j].oid,
                             &ms->objects.v[j].value);
        }
        reply->n_pdus += 1 + (reply->varbinds.n - first) / BULK;
    }
    answer(ms, reply, ms->options.deaf);
}

static void
model_set(struct switch_session *session, const struct mib_varbind *vbs,
          size_t n)
{
    struct model_switch *ms = model_switch_cast(session);
    struct switch_reply *reply = xzalloc(sizeof *reply);
    bool lost = ms->options.deaf;

    reply->n_pdus = 1;
    if (!lost) {
        reply->error_status = model_switch_set(ms, vbs, n,
                                               &reply->error_index);
        lost = ms->options.lose_nth && --ms->options.lose_nth == 0;
    }
    if (reply->error_status) {
        reply->status = SWITCH_REPLY_REFUSED;
        reply->error = xasprintf("the device says %s",
                                 mib_error_to_string(reply->error_status));
    } else {
        for (size_t i = 0; i < n; i++) {
            mib_varbinds_add(&reply->varbinds, &vbs[i].oid, &vbs[i].value);
        }
    }
    answer(ms, reply, lost);
}

static void
model_run(struct switch_session *session, long long int now)
{
    model_switch_cast(session)->now = now;
}

static void
model_wait(struct switch_session *session)
{
    const struct model_switch *ms = model_switch_cast(session);

    if (ms->pending) {
        poll_timer_wait_until(ms->due);
    }
}

static struct switch_reply *
model_reply(struct switch_session *session)
{
    struct model_switch *ms = model_switch_cast(session);
    struct switch_reply *reply = ms->now >= ms->due ? ms->pending : NULL;

    if (reply) {
        ms->pending = NULL;
        session->busy = false;
    }
    return reply;
}

static void
model_cancel(struct switch_session *session)
{
    struct model_switch *ms = model_switch_cast(session);

    switch_reply_destroy(ms->pending);
    ms->pending = NULL;
    session->busy = false;
}

static void
model_destroy(struct switch_session *session)
{
    struct model_switch *ms = model_switch_cast(session);

    mib_varbinds_destroy(&ms->objects);
    mib_varbinds_destroy(&ms->found);
    switch_reply_destroy(ms->pending);
    free(ms);
}

struct model_switch *
model_switch_create(const struct model_switch_options *options)
{
    static const struct switch_session_class class = {
        .get = model_get,
        .walk = model_walk,
        .set = model_set,
        .run = model_run,
        .wait = model_wait,
        .reply = model_reply,
        .cancel = model_cancel,
        .destroy = model_destroy,
    };
    struct model_switch *ms = xzalloc(sizeof *ms);

    ms->session.class = &class;
    ms->options = *options;
    return ms;
}

void
model_switch_destroy(struct model_switch *ms)
{
    if (ms) {
        model_destroy(&ms->session);
    }
}
