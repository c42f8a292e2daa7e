/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/device.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "bitmap.h"
#include "openvswitch/dynamic-string.h"
#include "switchcfg/model-switch.h"
#include "switchcfg/profile.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/tables.h"
#include "util.h"

#define SIM_OID(...) MIB_OID(1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1, __VA_ARGS__)
const struct mib_oid sim_object_id = SIM_OID(1);
const struct mib_oid sim_save = SIM_OID(2, 1, 0);
const struct mib_oid sim_save_status = SIM_OID(2, 2, 0);

/* ifIndex of port N is N + IF_BASE, so that nobody takes one for the other. */
#define IF_BASE 100

#define ERROR_NO_ACCESS 6

static const struct mib_oid if_number = MIB_OID(1, 3, 6, 1, 2, 1, 2, 1, 0);
static const struct mib_oid if_entry = MIB_OID(1, 3, 6, 1, 2, 1, 2, 2, 1);
static const struct mib_oid if_x_entry
    = MIB_OID(1, 3, 6, 1, 2, 1, 31, 1, 1, 1);
static const struct mib_oid if_oper_status
    = MIB_OID(1, 3, 6, 1, 2, 1, 2, 2, 1, 8);
static const struct mib_oid if_last_change
    = MIB_OID(1, 3, 6, 1, 2, 1, 2, 2, 1, 9);
static const struct mib_oid base_port_entry
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 1, 4, 1);
static const struct mib_oid qbridge_base = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1,
                                                   1);
static const struct mib_oid num_vlans
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 1, 4, 0);
static const struct mib_oid vlan_current
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1);
static const struct mib_oid vlan_static
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1);
static const struct mib_oid port_vlan
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1);
static const struct mib_oid mib_2 = MIB_OID(1, 3, 6, 1, 2, 1);
static const struct mib_oid enterprises = MIB_OID(1, 3, 6, 1, 4, 1);

/* --- Objects ---------------------------------------------------------------*/

static void
put_number(struct sim_device *d, const struct mib_oid *oid, enum mib_type type,
           uint64_t number)
{
    struct mib_value value = { .type = type, .number = number };

    model_switch_put(d->ms, oid, &value);
}

static void
put_octets(struct sim_device *d, const struct mib_oid *oid, const void *octets,
           size_t n)
{
    struct mib_value value = {
        .type = MIB_OCTETS,
        .octets = CONST_CAST(uint8_t *, octets),
        .n_octets = n,
    };

    model_switch_put(d->ms, oid, &value);
}

/* 'entry'.'column'.'index' */
static struct mib_oid
cell(const struct mib_oid *entry, uint32_t column, uint32_t index)
{
    struct mib_oid oid = mib_oid_child(entry, column);

    mib_oid_append(&oid, index);
    return oid;
}

static void
put_cell(struct sim_device *d, const struct mib_oid *entry, uint32_t column,
         uint32_t index, enum mib_type type, uint64_t number)
{
    struct mib_oid oid = cell(entry, column, index);

    put_number(d, &oid, type, number);
}

static void
put_text(struct sim_device *d, const struct mib_oid *entry, uint32_t column,
         uint32_t index, const char *text)
{
    struct mib_oid oid = cell(entry, column, index);

    put_octets(d, &oid, text, strlen(text));
}

/* The objects below 'prefix', one after the other. */
static const struct mib_varbind *
next_below(const struct sim_device *d, const struct mib_oid *prefix,
           const struct mib_varbind *prev)
{
    const struct mib_varbind *vb
        = model_switch_next(d->ms, prev ? &prev->oid : prefix, false);

    return vb && mib_oid_has_prefix(&vb->oid, prefix) ? vb : NULL;
}

static bool
has_below(const struct sim_device *d, const struct mib_oid *prefix)
{
    return next_below(d, prefix, NULL) != NULL;
}

static void
drop_below(struct sim_device *d, const struct mib_oid *prefix)
{
    const struct mib_varbind *vb;

    while ((vb = next_below(d, prefix, NULL))) {
        struct mib_oid oid = vb->oid;

        model_switch_drop(d->ms, &oid);
    }
}

static void
copy_objects(struct mib_varbinds *dst, const struct mib_varbinds *src)
{
    mib_varbinds_destroy(dst);
    for (size_t i = 0; i < src->n; i++) {
        mib_varbinds_add(dst, &src->v[i].oid, &src->v[i].value);
    }
}

/* What kind of switch it is. */
static const struct switch_profile *
kind(const struct sim_device *d)
{
    return d->config.profile ? d->config.profile : switch_profile_standard();
}

static uint32_t
up_time(const struct sim_device *d, long long int now)
{
    return (now - d->booted) / 10;
}

unsigned int *
sim_device_ports(const struct sim_device *d, size_t *n)
{
    struct switch_tables t;
    const struct switch_port **ports;
    unsigned int *numbers;

    model_switch_read(d->ms, kind(d), &t);
    ports = switch_tables_ports(&t, n);
    numbers = xmalloc(MAX(*n, 1) * sizeof *numbers);
    for (size_t i = 0; i < *n; i++) {
        numbers[i] = ports[i]->number;
    }
    free(ports);
    switch_tables_destroy(&t);
    return numbers;
}

uint32_t
sim_device_if_index(const struct sim_device *d, unsigned int port)
{
    struct mib_oid oid = mib_oid_child(&mib_base_port_if_index, port);
    const struct mib_value *v = model_switch_get(d->ms, &oid);

    return v ? v->number : 0;
}

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

    if (kind(d)->current_reversed) {
        return true;
    }
    for (vb = next_below(d, &mib_vlan_current_egress, NULL); vb;
         vb = next_below(d, &mib_vlan_current_egress, vb)) {
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
    const struct mib_varbind *vb = next_below(d, &vlan_current, NULL);

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
        struct mib_oid oid = cell(&vlan_static, column, row);
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

/* Makes the current table follow what the static one has become since
 * 'before'. */
static void
follow(struct sim_device *d, const struct mib_varbinds *before,
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
        put_number(d, &num_vlans, MIB_UNSIGNED32, n);
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
        struct mib_oid oid = cell(&vlan_static, column, row);

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

    model_switch_read(d->ms, kind(d), &t);
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
    static const struct mib_oid *const entries[] = { &if_entry, &if_x_entry };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        for (uint32_t column = 1; column <= 22; column++) {
            struct mib_oid oid = cell(entries[i], column, if_index);

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

            put_cell(d, &if_entry, 1, rows[i], MIB_INTEGER, rows[i]);
            put_text(d, &if_entry, 2, rows[i], name);
            put_cell(d, &if_entry, 3, rows[i], MIB_INTEGER, 136); /* l3ipvlan */
            put_text(d, &if_x_entry, 1, rows[i], name);
            free(name);
        }
    }
    free(rows);
    return error;
}

/* Makes the rest follow what the static table has become since 'before'.
 * Returns NULL, or what cannot be; caller frees. */
static char *
follow_tables(struct sim_device *d, const struct mib_varbinds *before,
              uint32_t mark)
{
    follow(d, before, current_columns(&d->factory), mark);
    return kind(d)->row_index == SWITCH_ROW_IF_INDEX ? follow_rows(d, before)
           : NULL;
}

/* --- Beginning -------------------------------------------------------------*/

static void
put_interface(struct sim_device *d, unsigned int port)
{
    const char *alias = d->config.aliases ? d->config.aliases[port - 1] : "";
    uint8_t mac[6] = { 0x02, 0x54, 0x56, 0x44, port >> 8, port };
    uint32_t i = port + IF_BASE;
    struct mib_oid oid = cell(&if_entry, 6, i);
    char *name = xasprintf("Port %u", port);

    put_cell(d, &if_entry, 1, i, MIB_INTEGER, i);
    put_text(d, &if_entry, 2, i, name);
    put_cell(d, &if_entry, 3, i, MIB_INTEGER, 6);           /* Ethernet */
    put_cell(d, &if_entry, 4, i, MIB_INTEGER, 1500);
    put_cell(d, &if_entry, 5, i, MIB_UNSIGNED32, 1000000000);
    put_octets(d, &oid, mac, sizeof mac);
    put_cell(d, &if_entry, 7, i, MIB_INTEGER, 1);           /* up */
    put_cell(d, &if_entry, 8, i, MIB_INTEGER, 1);
    put_cell(d, &if_entry, 9, i, MIB_TIME_TICKS, 0);
    put_cell(d, &if_x_entry, 15, i, MIB_UNSIGNED32, 1000);
    put_text(d, &if_x_entry, 18, i, alias);
    put_cell(d, &base_port_entry, 1, port, MIB_INTEGER, port);
    free(name);
}

/* As the device comes out of the box. */
static void
load_default(struct sim_device *d)
{
    static const struct mib_oid bridge = MIB_OID(1, 3, 6, 1, 2, 1, 17, 1);
    static const uint8_t mac[6] = { 0x02, 0x54, 0x56, 0x44, 0, 0 };
    struct mib_value object_id = {
        .type = MIB_OBJECT_ID, .oid = CONST_CAST(struct mib_oid *,
                                                 &sim_object_id),
    };
    struct mib_varbinds none = { .n = 0 };
    struct mib_oid oid = cell(&bridge, 1, 0);

    model_switch_load_default(d->ms, d->config.n_ports, IF_BASE);
    put_octets(d, &mib_sys_descr, "tvd-switchsim " TVD_VERSION,
               strlen("tvd-switchsim " TVD_VERSION));
    model_switch_put(d->ms, &mib_sys_object_id, &object_id);
    put_octets(d, &mib_sys_name, d->config.name, strlen(d->config.name));
    put_number(d, &if_number, MIB_INTEGER, d->config.n_ports);
    for (unsigned int port = 1; port <= d->config.n_ports; port++) {
        put_interface(d, port);
    }
    put_octets(d, &oid, mac, sizeof mac);
    put_cell(d, &bridge, 2, 0, MIB_INTEGER, d->config.n_ports);
    put_cell(d, &bridge, 3, 0, MIB_INTEGER, 2);     /* transparent-only */
    put_cell(d, &qbridge_base, 1, 0, MIB_INTEGER, 1);
    put_cell(d, &qbridge_base, 2, 0, MIB_INTEGER, MIB_VID_MAX);
    put_cell(d, &qbridge_base, 3, 0, MIB_UNSIGNED32, MIB_VID_MAX);
    put_cell(d, &qbridge_base, 4, 0, MIB_UNSIGNED32, 1);
    put_cell(d, &qbridge_base, 5, 0, MIB_INTEGER, MIB_ENABLED);
    put_number(d, &sim_save, MIB_INTEGER, 2);
    put_number(d, &sim_save_status, MIB_INTEGER, SIM_SAVE_IDLE);
    follow(d, &none, 0xf8, 0);
}

static void
load_recording(struct sim_device *d)
{
    struct mib_varbinds ours = { .n = 0 };

    for (size_t i = 0; i < d->config.recording->n; i++) {
        const struct mib_varbind *vb = &d->config.recording->v[i];

        if (mib_oid_has_prefix(&vb->oid, &mib_2)
            || mib_oid_has_prefix(&vb->oid, &enterprises)) {
            mib_varbinds_add(&ours, &vb->oid, &vb->value);
        }
    }
    model_switch_load(d->ms, &ours);
    mib_varbinds_destroy(&ours);
    d->reversed = is_reversed(d);
    if (kind(d)->row_index == SWITCH_ROW_IF_INDEX) {
        find_distance(d);
    }
}

/* Brings 'forwarding' up to date with the objects. */
static char *
refresh_forwarding(struct sim_device *d, unsigned int *port)
{
    struct switch_tables t;
    struct forwarding f;
    char *error;
    size_t down;

    if (!d->config.bridged) {
        return NULL;
    }
    model_switch_read(d->ms, kind(d), &t);
    error = forwarding_make(&t, &f, port);
    switch_tables_destroy(&t);
    if (error) {
        return error;
    }
    BITMAP_FOR_EACH_1 (down, PORTLIST_MAX_PORT + 1, d->down) {
        forwarding_mute(&f, down);
    }
    forwarding_destroy(&d->forwarding);
    d->forwarding = f;
    return NULL;
}

static const struct mib_oid *const configurable[] = {
    &vlan_static, &port_vlan, &mib_gvrp_status,
};

char *
sim_device_config_to_string(const struct sim_device *d)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t k = 0; k < ARRAY_SIZE(configurable); k++) {
        const struct mib_varbind *vb
            = model_switch_next(d->ms, configurable[k], true);

        while (vb && mib_oid_has_prefix(&vb->oid, configurable[k])) {
            snmprec_format(vb, &ds);
            vb = model_switch_next(d->ms, &vb->oid, false);
        }
    }
    return ds_steal_cstr(&ds);
}

/* Makes the objects what they are after a start with 'saved' (NULL: factory
 * defaults).  False: they are something that cannot be. */
static char *
start(struct sim_device *d, const char *saved)
{
    struct mib_varbinds config = { .n = 0 };
    unsigned int port;
    char *error = saved ? snmprec_parse(saved, strlen(saved), &config) : NULL;

    if (error) {
        mib_varbinds_destroy(&config);
        return error;
    }
    copy_objects(&d->ms->objects, &d->factory);
    if (saved) {
        for (size_t k = 0; k < ARRAY_SIZE(configurable); k++) {
            drop_below(d, configurable[k]);
            model_switch_drop(d->ms, configurable[k]);
        }
        for (size_t i = 0; i < config.n; i++) {
            model_switch_put(d->ms, &config.v[i].oid, &config.v[i].value);
        }
        error = follow_tables(d, &d->factory, 0);
    }
    mib_varbinds_destroy(&config);
    return error ? error : refresh_forwarding(d, &port);
}

char *
sim_device_create(const struct sim_device_config *config, const char *saved,
                  long long int now, struct sim_device **devicep)
{
    struct model_switch_options options = {
        .atomic = true, .lists_grow = true,
    };
    struct sim_device *d = xzalloc(sizeof *d);
    char *error;

    d->config = *config;
    options.order = kind(d)->order;
    /* Which of them do this is known of one kind, which has both. */
    options.one_untagged = kind(d)->leave_last;
    options.untagged_within_egress = kind(d)->join == SWITCH_EGRESS_FIRST;
    d->ms = model_switch_create(&options);
    d->down = bitmap_allocate(PORTLIST_MAX_PORT + 1);
    d->booted = now;
    if (config->recording) {
        load_recording(d);
    } else {
        load_default(d);
    }
    copy_objects(&d->factory, &d->ms->objects);
    error = start(d, saved);
    if (error) {
        sim_device_destroy(d);
        d = NULL;
    } else {
        d->saved = nullable_xstrdup(saved);
    }
    *devicep = d;
    return error;
}

void
sim_device_destroy(struct sim_device *d)
{
    if (d) {
        model_switch_destroy(d->ms);
        mib_varbinds_destroy(&d->factory);
        mib_varbinds_destroy(&d->before);
        forwarding_destroy(&d->forwarding);
        bitmap_free(d->down);
        free(d->saved);
        free(d);
    }
}

/* --- Saving as vendors do --------------------------------------------------
 *
 * The last of the SETs by which a device of the profile saves is what counts.
 * Then the object that is polled says that it did. */

/* True if 'vb' is it; '*row' is the row, if it is in one. */
static bool
tells_to_save(const struct switch_profile *profile,
              const struct mib_varbind *vb, uint32_t *row)
{
    const struct switch_save_set *last;

    if (!profile || profile->save != SWITCH_SAVE_SET
        || !profile->n_save_sets) {
        return false;
    }
    last = &profile->save_sets[profile->n_save_sets - 1];
    *row = last->in_row ? vb->oid.ids[vb->oid.n - 1] : 0;
    return mib_oid_has_prefix(&vb->oid, &last->oid)
           && vb->oid.n == last->oid.n + last->in_row
           && vb->value.type == last->type
           && mib_value_integer(&vb->value) == last->value;
}

static void
note_save(struct sim_device *d, const struct mib_varbind *vbs, size_t n)
{
    d->save_wanted = false;
    for (size_t i = 0; i < n; i++) {
        /* Of a SET that is not done, or in part, nothing is to be seen. */
        const struct mib_value *v = model_switch_get(d->ms, &vbs[i].oid);

        if (v && mib_value_equal(v, &vbs[i].value)
            && tells_to_save(d->config.profile, &vbs[i], &d->save_row)) {
            d->save_wanted = true;
        }
    }
}

static void
tell_saved(struct sim_device *d, bool good)
{
    const struct switch_profile *profile = d->config.profile;
    struct mib_oid oid;
    const struct mib_value *v;

    if (!switch_profile_save_poll(profile, d->save_row, &oid)) {
        return;
    }
    v = model_switch_get(d->ms, &oid);
    if (profile->poll_changes) {
        put_number(d, &oid, v ? v->type : MIB_TIME_TICKS,
                   (v ? v->number : 0) + good);
    } else if (good ? profile->n_poll_done : profile->n_poll_failed) {
        put_number(d, &oid, MIB_INTEGER, good ? profile->poll_done[0]
                                              : profile->poll_failed[0]);
    }
}

/* --- SET -------------------------------------------------------------------*/

/* The varbind that a refusal because of 'port' is about: the first that has to
 * do with it, else the first. */
static size_t
guilty(const struct mib_varbind *vbs, size_t n, unsigned int port)
{
    for (size_t i = 0; i < n; i++) {
        if (mib_oid_has_prefix(&vbs[i].oid, &port_vlan)
            && vbs[i].oid.ids[vbs[i].oid.n - 1] == port) {
            return i + 1;
        }
    }
    return n ? 1 : 0;
}

int
sim_device_set(struct sim_device *d, const struct mib_varbind *vbs, size_t n,
               long long int now, size_t *error_index, char **why)
{
    unsigned int port = 0;
    int error;

    *why = NULL;
    if (d->refuse_write) {
        *error_index = 1;
        return ERROR_NO_ACCESS;
    }
    copy_objects(&d->before, &d->ms->objects);
    error = model_switch_set(d->ms, vbs, n, error_index);
    if (!error) {
        note_save(d, vbs, n);
        *why = follow_tables(d, &d->before, up_time(d, now));
        *why = *why ? *why : refresh_forwarding(d, &port);
    }
    if (*why) {
        error = MIB_ERROR_INCONSISTENT_VALUE;
        *error_index = guilty(vbs, n, port);
    }
    d->in_set = true;
    if (error) {
        sim_device_undo(d);
    }
    return error;
}

/* Keeps what is configured for the next start.  False: it could not. */
static bool
save(struct sim_device *d)
{
    char *text = sim_device_config_to_string(d);
    int error = d->config.save ? d->config.save(d->config.aux, text) : 0;

    if (error) {
        free(text);
    } else {
        free(d->saved);
        d->saved = text;
    }
    return !error;
}

void
sim_device_commit(struct sim_device *d)
{
    const struct mib_value *v = model_switch_get(d->ms, &sim_save);

    d->in_set = false;
    mib_varbinds_destroy(&d->before);
    if (v && v->type == MIB_INTEGER && v->number == 1) {
        put_number(d, &sim_save, MIB_INTEGER, 2);
        put_number(d, &sim_save_status, MIB_INTEGER,
                   save(d) ? SIM_SAVE_DONE : SIM_SAVE_FAILED);
    }
    if (d->save_wanted) {
        d->save_wanted = false;
        tell_saved(d, save(d));
    }
}

void
sim_device_undo(struct sim_device *d)
{
    unsigned int port;

    if (d->in_set) {
        d->in_set = d->save_wanted = false;
        mib_varbinds_swap(&d->before, &d->ms->objects);
        mib_varbinds_destroy(&d->before);
        /* It was good before. */
        free(refresh_forwarding(d, &port));
    }
}

/* --- The rest --------------------------------------------------------------*/

static void
refresh_up_time(struct sim_device *d, long long int now)
{
    put_number(d, &mib_sys_up_time, MIB_TIME_TICKS, up_time(d, now));
}

const struct mib_value *
sim_device_get(struct sim_device *d, const struct mib_oid *oid,
               long long int now)
{
    refresh_up_time(d, now);
    return model_switch_get(d->ms, oid);
}

const struct mib_varbind *
sim_device_next(struct sim_device *d, const struct mib_oid *oid,
                bool inclusive, long long int now)
{
    refresh_up_time(d, now);
    return model_switch_next(d->ms, oid, inclusive);
}

bool
sim_device_set_link(struct sim_device *d, unsigned int port, bool up,
                    long long int now)
{
    uint32_t i = sim_device_if_index(d, port);
    unsigned int ignored;

    if (!port || port > PORTLIST_MAX_PORT
        || bitmap_is_set(d->down, port) == !up) {
        return false;
    }
    bitmap_set(d->down, port, !up);
    if (i && has_below(d, &if_oper_status)) {
        struct mib_oid oid = mib_oid_child(&if_oper_status, i);

        put_number(d, &oid, MIB_INTEGER, up ? 1 : 2);
        oid = mib_oid_child(&if_last_change, i);
        put_number(d, &oid, MIB_TIME_TICKS, up_time(d, now));
    }
    /* Tables that were good are good with fewer links. */
    free(refresh_forwarding(d, &ignored));
    return true;
}

static void
restart(struct sim_device *d, const char *saved, long long int now)
{
    char *error;
    size_t port;

    d->booted = now;
    /* What was configured once can be configured. */
    error = start(d, saved);
    free(error);
    BITMAP_FOR_EACH_1 (port, PORTLIST_MAX_PORT + 1, d->down) {
        bitmap_set0(d->down, port);
        sim_device_set_link(d, port, false, now);
    }
}

void
sim_device_reboot(struct sim_device *d, long long int now)
{
    restart(d, d->forget ? NULL : d->saved, now);
}

void
sim_device_lose_config(struct sim_device *d, long long int now)
{
    long long int booted = d->booted;

    free(d->saved);
    d->saved = NULL;
    restart(d, NULL, now);
    d->booted = booted;
}
