/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/device-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "switchcfg/model-switch.h"
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "util.h"

const struct mib_oid sim_if_entry = MIB_OID(1, 3, 6, 1, 2, 1, 2, 2, 1);
const struct mib_oid sim_if_x_entry = MIB_OID(1, 3, 6, 1, 2, 1, 31, 1, 1, 1);
static const struct mib_oid num_vlans
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 1, 4, 0);
static const struct mib_oid vlan_current
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1);
static const struct mib_oid vlan_static
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1);

/* --- dot1qVlanCurrentTable -------------------------------------------------
 *
 * A VLAN stands in it once, its TimeMark is when it last changed.  A recorded
 * device has the columns that it came with. */

/* How the table of a recorded device is indexed: by the standard the VID comes
 * last.  What its profile does not say is found out. */
static bool
is_reversed(const struct sim_device *d)
{
    const struct mib_varbind *vb;
    bool reversed = false;

    if (sim_kind(d)->current_reversed) {
        return true;
    }
    for (vb = sim_next_below(d, &mib_vlan_current_egress, NULL); vb;
         vb = sim_next_below(d, &mib_vlan_current_egress, vb)) {
        struct mib_oid first, last;

        if (vb->oid.n != mib_vlan_current_egress.n + 2) {
            continue;
        }
        first = mib_oid_child(&mib_vlan_static_row_status,
                              vb->oid.ids[vb->oid.n - 2]);
        last = mib_oid_child(&mib_vlan_static_row_status,
                             vb->oid.ids[vb->oid.n - 1]);
        if (model_switch_get(d->ms, &last)
            || !model_switch_get(d->ms, &first)) {
            return false;
        }
        reversed = true;
    }
    return reversed;
}

static void
put_current(struct sim_device *d, uint32_t column, uint32_t mark, uint32_t vid,
            const struct mib_value *value)
{
    struct mib_oid oid = mib_oid_child(&vlan_current, column);

    mib_oid_append(&oid, d->reversed ? vid : mark);
    mib_oid_append(&oid, d->reversed ? mark : vid);
    model_switch_put(d->ms, &oid, value);
}

static void
drop_current(struct sim_device *d, uint32_t vid)
{
    const struct mib_varbind *vb = sim_next_below(d, &vlan_current, NULL);

    while (vb) {
        struct mib_oid oid = vb->oid;

        if (oid.n == vlan_current.n + 3
            && oid.ids[oid.n - 1 - d->reversed] == vid) {
            model_switch_drop(d->ms, &oid);
        }
        vb = model_switch_next(d->ms, &oid, false);
        vb = vb && mib_oid_has_prefix(&vb->oid, &vlan_current) ? vb : NULL;
    }
}

/* 'columns' has a bit for each column that there is. */
static void
refresh_current(struct sim_device *d, uint32_t vid, unsigned int columns,
                uint32_t mark)
{
    struct mib_oid egress = mib_oid_child(&mib_vlan_static_egress, vid);
    struct mib_oid untagged = mib_oid_child(&mib_vlan_static_untagged, vid);
    struct mib_value values[8] = {
        [3] = { .type = MIB_UNSIGNED32, .number = vid }, /* FdbId */
        [6] = { .type = MIB_INTEGER, .number = 2 },      /* permanent(2) */
        [7] = { .type = MIB_TIME_TICKS, .number = mark }, /* created */
    };

    drop_current(d, vid);
    if (!model_switch_row_is_active(d->ms, vid)) {
        return;
    }
    if (model_switch_get(d->ms, &egress)) {
        mib_value_clone(&values[4], model_switch_get(d->ms, &egress));
    }
    if (model_switch_get(d->ms, &untagged)) {
        mib_value_clone(&values[5], model_switch_get(d->ms, &untagged));
    }
    for (uint32_t column = 3; column <= 7; column++) {
        if (columns & (1u << column) && values[column].type) {
            put_current(d, column, mark, vid, &values[column]);
        }
    }
    mib_value_clear(&values[4]);
    mib_value_clear(&values[5]);
}

static unsigned int
current_columns(const struct mib_varbinds *objects)
{
    unsigned int columns = 0;

    for (size_t i = 0; i < objects->n; i++) {
        const struct mib_oid *oid = &objects->v[i].oid;

        if (mib_oid_has_prefix(oid, &vlan_current)
            && oid->n > vlan_current.n && oid->ids[vlan_current.n] < 8) {
            columns |= 1u << oid->ids[vlan_current.n];
        }
    }
    return columns;
}

static const struct mib_value *
find_in(const struct mib_varbinds *objects, const struct mib_oid *oid)
{
    size_t low = 0, high = objects->n;

    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = mib_oid_compare(&objects->v[mid].oid, oid);

        if (!order) {
            return &objects->v[mid].value;
        } else if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

/* True if a row of the static table is another one than in 'before'. */
static bool
row_changed(const struct sim_device *d, const struct mib_varbinds *before,
            uint32_t row)
{
    for (uint32_t column = 2; column <= 5; column++) {
        struct mib_oid oid = sim_cell(&vlan_static, column, row);
        const struct mib_value *a = find_in(before, &oid);
        const struct mib_value *b = model_switch_get(d->ms, &oid);

        if (!a != !b || (a && !mib_value_equal(a, b))) {
            return true;
        }
    }
    return false;
}

static int
compare_rows(const void *a_, const void *b_)
{
    const uint32_t *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

/* The rows of the static table in any of 'lists', each once; caller frees. */
static uint32_t *
static_rows(const struct mib_varbinds *const *lists, size_t n_lists,
            size_t *n)
{
    size_t allocated = 0;
    uint32_t *rows = NULL;
    size_t n_all = 0;

    for (size_t k = 0; k < n_lists; k++) {
        for (size_t i = 0; i < lists[k]->n; i++) {
            const struct mib_oid *oid = &lists[k]->v[i].oid;

            if (oid->n != vlan_static.n + 2
                || !mib_oid_has_prefix(oid, &vlan_static)) {
                continue;
            }
            if (n_all == allocated) {
                rows = x2nrealloc(rows, &allocated, sizeof *rows);
            }
            rows[n_all++] = oid->ids[oid->n - 1];
        }
    }
    *n = 0;
    if (n_all) {
        qsort(rows, n_all, sizeof *rows, compare_rows);
    }
    for (size_t i = 0; i < n_all; i++) {
        if (!*n || rows[*n - 1] != rows[i]) {
            rows[(*n)++] = rows[i];
        }
    }
    return rows;
}

void
sim_follow_current(struct sim_device *d, const struct mib_varbinds *before,
                   unsigned int columns, uint32_t mark)
{
    const struct mib_varbinds *lists[] = { before, &d->ms->objects };
    size_t n;
    uint32_t *rows = static_rows(lists, ARRAY_SIZE(lists), &n);

    for (size_t i = 0; i < n && columns; i++) {
        if (row_changed(d, before, rows[i])) {
            refresh_current(d, rows[i], columns, mark);
        }
    }
    free(rows);
    if (model_switch_get(d->ms, &num_vlans)) {
        free(static_rows(&lists[1], 1, &n));
        sim_put_number(d, &num_vlans, MIB_UNSIGNED32, n);
    }
}

/* --- Rows that are interfaces ----------------------------------------------
 *
 * Where the rows of the static table are numbered by the interface of the
 * VLAN, a VLAN that is made gets one, and one that goes takes it along.  The
 * distance between the two numbers is that of the VLANs that were recorded. */

static bool
has_row(const struct mib_varbinds *objects, uint32_t row)
{
    for (uint32_t column = 1; column <= 5; column++) {
        struct mib_oid oid = sim_cell(&vlan_static, column, row);

        if (find_in(objects, &oid)) {
            return true;
        }
    }
    return false;
}

static void
find_distance(struct sim_device *d)
{
    struct switch_tables t;
    const struct switch_vlan *v;

    model_switch_read(d->ms, sim_kind(d), &t);
    HMAP_FOR_EACH (v, node, &t.vlans) {
        if (v->is_static && v->vid) {
            d->row_distance = v->row - v->vid;
        }
    }
    switch_tables_destroy(&t);
}

static void
drop_interface(struct sim_device *d, uint32_t if_index)
{
    static const struct mib_oid *const entries[] = {
        &sim_if_entry, &sim_if_x_entry,
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        for (uint32_t column = 1; column <= 22; column++) {
            struct mib_oid oid = sim_cell(entries[i], column, if_index);

            model_switch_drop(d->ms, &oid);
        }
    }
}

/* Makes the interfaces follow what the rows have become since 'before'.
 * Returns NULL, or what is wrong with a new one; caller frees. */
static char *
follow_rows(struct sim_device *d, const struct mib_varbinds *before)
{
    const struct mib_varbinds *lists[] = { before, &d->ms->objects };
    size_t n;
    uint32_t *rows = static_rows(lists, ARRAY_SIZE(lists), &n);
    char *error = NULL;

    for (size_t i = 0; i < n && !error; i++) {
        bool was = has_row(before, rows[i]);
        bool is = has_row(&d->ms->objects, rows[i]);
        uint32_t vid = rows[i] - d->row_distance;

        if (was && !is) {
            drop_interface(d, rows[i]);
        } else if (!was && is && (!vid || vid > MIB_VID_MAX)) {
            error = xasprintf("row %"PRIu32" is the interface of no VLAN",
                              rows[i]);
        } else if (!was && is) {
            char *name = xasprintf("Vlan %"PRIu32, vid);

            sim_put_cell(d, &sim_if_entry, 1, rows[i], MIB_INTEGER, rows[i]);
            sim_put_text(d, &sim_if_entry, 2, rows[i], name);
            sim_put_cell(d, &sim_if_entry, 3, rows[i], MIB_INTEGER,
                         136);                              /* l3ipvlan */
            sim_put_text(d, &sim_if_x_entry, 1, rows[i], name);
            free(name);
        }
    }
    free(rows);
    return error;
}

char *
sim_follow(struct sim_device *d, const struct mib_varbinds *before,
              uint32_t mark)
{
    sim_follow_current(d, before, current_columns(&d->factory), mark);
    return sim_kind(d)->row_index == SWITCH_ROW_IF_INDEX
           ? follow_rows(d, before) : NULL;
}

void
sim_follow_init(struct sim_device *d)
{
    d->reversed = is_reversed(d);
    if (sim_kind(d)->row_index == SWITCH_ROW_IF_INDEX) {
        find_distance(d);
    }
}
