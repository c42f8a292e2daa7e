/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/device-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "bitmap.h"
#include "openvswitch/dynamic-string.h"
#include "switchcfg/model-switch.h"
#include "switchcfg/profile.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/tables.h"
#include "switchsim/cisco.h"
#include "util.h"

#define SIM_OID(...) MIB_OID(1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1, __VA_ARGS__)
const struct mib_oid sim_object_id = SIM_OID(1);
const struct mib_oid sim_save = SIM_OID(2, 1, 0);
const struct mib_oid sim_save_status = SIM_OID(2, 2, 0);

/* ifIndex of port N is N + IF_BASE, so that nobody takes one for the other. */
#define IF_BASE 100

#define ERROR_NO_ACCESS 6
#define ERROR_NO_CREATION 11

#define EDIT_TIMEOUT 300000     /* ms */

static const struct mib_oid if_number = MIB_OID(1, 3, 6, 1, 2, 1, 2, 1, 0);
static const struct mib_oid if_oper_status
    = MIB_OID(1, 3, 6, 1, 2, 1, 2, 2, 1, 8);
static const struct mib_oid if_last_change
    = MIB_OID(1, 3, 6, 1, 2, 1, 2, 2, 1, 9);
static const struct mib_oid base_port_entry
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 1, 4, 1);
static const struct mib_oid qbridge_base = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1,
                                                   1);
static const struct mib_oid port_vlan
    = MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1);
static const struct mib_oid mib_2 = MIB_OID(1, 3, 6, 1, 2, 1);
static const struct mib_oid enterprises = MIB_OID(1, 3, 6, 1, 4, 1);

/* --- Objects ---------------------------------------------------------------*/

void
sim_put_number(struct sim_device *d, const struct mib_oid *oid,
               enum mib_type type, uint64_t number)
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

struct mib_oid
sim_cell(const struct mib_oid *entry, uint32_t column, uint32_t index)
{
    struct mib_oid oid = mib_oid_child(entry, column);

    mib_oid_append(&oid, index);
    return oid;
}

void
sim_put_cell(struct sim_device *d, const struct mib_oid *entry,
             uint32_t column, uint32_t index, enum mib_type type,
             uint64_t number)
{
    struct mib_oid oid = sim_cell(entry, column, index);

    sim_put_number(d, &oid, type, number);
}

void
sim_put_text(struct sim_device *d, const struct mib_oid *entry,
             uint32_t column, uint32_t index, const char *text)
{
    struct mib_oid oid = sim_cell(entry, column, index);

    put_octets(d, &oid, text, strlen(text));
}

const struct mib_varbind *
sim_next_below(const struct sim_device *d, const struct mib_oid *prefix,
               const struct mib_varbind *prev)
{
    const struct mib_varbind *vb
        = model_switch_next(d->ms, prev ? &prev->oid : prefix, false);

    return vb && mib_oid_has_prefix(&vb->oid, prefix) ? vb : NULL;
}

static bool
has_below(const struct sim_device *d, const struct mib_oid *prefix)
{
    return sim_next_below(d, prefix, NULL) != NULL;
}

static void
drop_below(struct sim_device *d, const struct mib_oid *prefix)
{
    const struct mib_varbind *vb;

    while ((vb = sim_next_below(d, prefix, NULL))) {
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

const struct switch_profile *
sim_kind(const struct sim_device *d)
{
    return d->config.profile ? d->config.profile : switch_profile_standard();
}

static bool
is_cisco(const struct sim_device *d)
{
    return sim_kind(d)->model == SWITCH_CISCO;
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

    model_switch_read(d->ms, sim_kind(d), &t);
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

    /* Cisco's ports are known by it. */
    return is_cisco(d) ? port : v ? v->number : 0;
}

/* --- Beginning -------------------------------------------------------------*/

static void
put_interface(struct sim_device *d, unsigned int port)
{
    const char *alias = d->config.aliases ? d->config.aliases[port - 1] : "";
    uint8_t mac[6] = { 0x02, 0x54, 0x56, 0x44, port >> 8, port };
    uint32_t i = port + IF_BASE;
    struct mib_oid oid = sim_cell(&sim_if_entry, 6, i);
    char *name = xasprintf("Port %u", port);

    sim_put_cell(d, &sim_if_entry, 1, i, MIB_INTEGER, i);
    sim_put_text(d, &sim_if_entry, 2, i, name);
    sim_put_cell(d, &sim_if_entry, 3, i, MIB_INTEGER, 6);   /* Ethernet */
    sim_put_cell(d, &sim_if_entry, 4, i, MIB_INTEGER, 1500);
    sim_put_cell(d, &sim_if_entry, 5, i, MIB_UNSIGNED32, 1000000000);
    put_octets(d, &oid, mac, sizeof mac);
    sim_put_cell(d, &sim_if_entry, 7, i, MIB_INTEGER, 1);   /* up */
    sim_put_cell(d, &sim_if_entry, 8, i, MIB_INTEGER, 1);
    sim_put_cell(d, &sim_if_entry, 9, i, MIB_TIME_TICKS, 0);
    sim_put_cell(d, &sim_if_x_entry, 15, i, MIB_UNSIGNED32, 1000);
    sim_put_text(d, &sim_if_x_entry, 18, i, alias);
    sim_put_cell(d, &base_port_entry, 1, port, MIB_INTEGER, port);
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
    struct mib_oid oid = sim_cell(&bridge, 1, 0);

    model_switch_load_default(d->ms, d->config.n_ports, IF_BASE);
    put_octets(d, &mib_sys_descr, "tvd-switchsim " TVD_VERSION,
               strlen("tvd-switchsim " TVD_VERSION));
    model_switch_put(d->ms, &mib_sys_object_id, &object_id);
    put_octets(d, &mib_sys_name, d->config.name, strlen(d->config.name));
    sim_put_number(d, &if_number, MIB_INTEGER, d->config.n_ports);
    for (unsigned int port = 1; port <= d->config.n_ports; port++) {
        put_interface(d, port);
    }
    put_octets(d, &oid, mac, sizeof mac);
    sim_put_cell(d, &bridge, 2, 0, MIB_INTEGER, d->config.n_ports);
    sim_put_cell(d, &bridge, 3, 0, MIB_INTEGER, 2);     /* transparent-only */
    sim_put_cell(d, &qbridge_base, 1, 0, MIB_INTEGER, 1);
    sim_put_cell(d, &qbridge_base, 2, 0, MIB_INTEGER, MIB_VID_MAX);
    sim_put_cell(d, &qbridge_base, 3, 0, MIB_UNSIGNED32, MIB_VID_MAX);
    sim_put_cell(d, &qbridge_base, 4, 0, MIB_UNSIGNED32, 1);
    sim_put_cell(d, &qbridge_base, 5, 0, MIB_INTEGER, MIB_ENABLED);
    sim_put_number(d, &sim_save, MIB_INTEGER, 2);
    sim_put_number(d, &sim_save_status, MIB_INTEGER, SIM_SAVE_IDLE);
    sim_follow_current(d, &none, 0xf8, 0);
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
    sim_follow_init(d);
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
    *port = 0;
    model_switch_read(d->ms, sim_kind(d), &t);
    if (is_cisco(d)) {
        sim_cisco_forwarding(d->ms, &t, &f);
        error = NULL;
    } else {
        error = forwarding_make(&t, d->down, &f, port);
    }
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

/* What can be configured is below these, '*n' of them. */
static const struct mib_oid *
configurable(const struct sim_device *d, size_t *n)
{
    static const struct mib_oid standard[] = {
        MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 1, 5),      /* GVRP */
        MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1),   /* VLANs */
        MIB_OID(1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1),   /* ports */
    };

    if (is_cisco(d)) {
        return sim_cisco_configurable(n);
    }
    *n = ARRAY_SIZE(standard);
    return standard;
}

char *
sim_device_config_to_string(const struct sim_device *d)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t n;
    const struct mib_oid *tables = configurable(d, &n);

    for (size_t k = 0; k < n; k++) {
        const struct mib_varbind *vb;

        for (vb = sim_next_below(d, &tables[k], NULL); vb;
             vb = sim_next_below(d, &tables[k], vb)) {
            snmprec_format(vb, &ds);
        }
    }
    return ds_steal_cstr(&ds);
}

/* True if 'vb' is for one of 'sets'. */
static bool
is_one_of(const struct mib_varbind *vb, const struct switch_save_set *sets,
          size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mib_oid_has_prefix(&vb->oid, &sets[i].oid)
            && vb->oid.n == sets[i].oid.n + sets[i].in_row) {
            return true;
        }
    }
    return false;
}

/* Does a varbind of a SET for a vendor's object.  Those by which it is told to
 * save are known, and those of Cisco; who sets another must not believe that
 * something came of it. */
static int
set_vendor(void *d_, const struct mib_varbind *vb)
{
    struct sim_device *d = d_;
    const struct switch_profile *p = sim_kind(d);
    const struct mib_value *now = model_switch_get(d->ms, &vb->oid);
    int error;

    if ((now && mib_value_equal(now, &vb->value))
        || !mib_oid_compare(&vb->oid, &sim_save)
        || (p->lock.n && !mib_oid_compare(&vb->oid, &p->lock))
        || is_one_of(vb, p->save_sets, p->n_save_sets)
        || is_one_of(vb, p->cleanup_sets, p->n_cleanup_sets)) {
        model_switch_put(d->ms, &vb->oid, &vb->value);
        return MIB_ERROR_NONE;
    }
    return is_cisco(d) && sim_cisco_set(d->ms, vb, &error) ? error
           : MIB_ERROR_NOT_WRITABLE;
}

/* Writes down that the link of 'port' is (not) there. */
static void
put_link(struct sim_device *d, unsigned int port, bool up, long long int now)
{
    uint32_t i = sim_device_if_index(d, port);

    if (i && has_below(d, &if_oper_status)) {
        struct mib_oid oid = mib_oid_child(&if_oper_status, i);

        sim_put_number(d, &oid, MIB_INTEGER, up ? 1 : 2);
        oid = mib_oid_child(&if_last_change, i);
        sim_put_number(d, &oid, MIB_TIME_TICKS, up_time(d, now));
    }
}

static void
put_links(struct sim_device *d, long long int now)
{
    size_t port;

    BITMAP_FOR_EACH_1 (port, PORTLIST_MAX_PORT + 1, d->down) {
        put_link(d, port, false, now);
    }
}

/* Ports behind which there is nothing. */
static void
unplug(struct sim_device *d)
{
    size_t n;
    unsigned int *numbers = sim_device_ports(d, &n);

    for (size_t i = d->config.n_links; i < n; i++) {
        if (numbers[i] <= PORTLIST_MAX_PORT) {
            bitmap_set1(d->down, numbers[i]);
        }
    }
    free(numbers);
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
        const struct mib_oid *tables;
        size_t n;

        tables = configurable(d, &n);
        for (size_t k = 0; k < n; k++) {
            drop_below(d, &tables[k]);
        }
        for (size_t i = 0; i < config.n; i++) {
            model_switch_put(d->ms, &config.v[i].oid, &config.v[i].value);
        }
        error = sim_follow(d, &d->factory, 0);
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
    options.order = sim_kind(d)->order;
    /* Which of them do this is known of one kind, which has both. */
    options.one_untagged = sim_kind(d)->leave_last;
    options.set_vendor = set_vendor;
    options.vendor_aux = d;
    options.untagged_within_egress = sim_kind(d)->join == SWITCH_EGRESS_FIRST;
    d->ms = model_switch_create(&options);
    d->down = bitmap_allocate(PORTLIST_MAX_PORT + 1);
    d->booted = now;
    if (config->recording) {
        load_recording(d);
    } else {
        load_default(d);
    }
    copy_objects(&d->factory, &d->ms->objects);
    if (config->n_links) {
        unplug(d);
    }
    error = start(d, saved);
    if (error) {
        sim_device_destroy(d);
        d = NULL;
    } else {
        put_links(d, now);
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
        sim_put_number(d, &oid, v ? v->type : MIB_TIME_TICKS,
                   (v ? v->number : 0) + good);
    } else if (good ? profile->n_poll_done : profile->n_poll_failed) {
        sim_put_number(d, &oid, MIB_INTEGER, good ? profile->poll_done[0]
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

/* True if one of the varbinds, '*index', is not what is there already. */
static bool
changes_any(const struct sim_device *d, const struct mib_varbind *vbs,
            size_t n, size_t *index)
{
    for (size_t i = 0; i < n; i++) {
        const struct mib_value *v = model_switch_get(d->ms, &vbs[i].oid);

        if (!v || !mib_value_equal(v, &vbs[i].value)) {
            *index = i + 1;
            return true;
        }
    }
    return false;
}

/* The varbind, from 1, that made a row for a VLAN that cannot be; or 0.  Rows
 * that are interfaces are looked at when these are made. */
static size_t
beyond(const struct sim_device *d, const struct mib_varbind *vbs, size_t n)
{
    const struct mib_oid *status = &mib_vlan_static_row_status;

    for (size_t i = 0; i < n; i++) {
        const struct mib_oid *oid = &vbs[i].oid;
        int64_t value = mib_value_integer(&vbs[i].value);

        if (oid->n == status->n + 1 && mib_oid_has_prefix(oid, status)
            && oid->ids[status->n] > MIB_VID_MAX
            && (value == MIB_ROW_CREATE_AND_GO
                || value == MIB_ROW_CREATE_AND_WAIT)
            && model_switch_get(d->ms, oid)
            && sim_kind(d)->row_index != SWITCH_ROW_IF_INDEX) {
            return i + 1;
        }
    }
    return 0;
}

/* Who began to edit VLANs on a Cisco and does not go on is not waited for. */
static void
run_edit_timer(struct sim_device *d, long long int now)
{
    if (!sim_cisco_is_editing(d->ms)) {
        d->editing_since = now;
    } else if (now - d->editing_since >= EDIT_TIMEOUT) {
        sim_cisco_release(d->ms);
    }
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
    if (sim_kind(d)->refusal && changes_any(d, vbs, n, error_index)) {
        return MIB_ERROR_NOT_WRITABLE;
    }
    if (is_cisco(d)) {
        run_edit_timer(d, now);
    }
    copy_objects(&d->before, &d->ms->objects);
    error = model_switch_set(d->ms, vbs, n, error_index);
    if (!error) {
        *error_index = beyond(d, vbs, n);
        error = *error_index ? ERROR_NO_CREATION : MIB_ERROR_NONE;
    }
    if (!error) {
        note_save(d, vbs, n);
        *why = sim_follow(d, &d->before, up_time(d, now));
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
        sim_put_number(d, &sim_save, MIB_INTEGER, 2);
        sim_put_number(d, &sim_save_status, MIB_INTEGER,
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
    sim_put_number(d, &mib_sys_up_time, MIB_TIME_TICKS, up_time(d, now));
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
    unsigned int ignored;

    if (!port || port > PORTLIST_MAX_PORT
        || bitmap_is_set(d->down, port) == !up) {
        return false;
    }
    bitmap_set(d->down, port, !up);
    put_link(d, port, up, now);
    /* Tables that were good are good with fewer links.  A port that comes up
     * as what a bridge cannot do stays mute. */
    free(refresh_forwarding(d, &ignored));
    return true;
}

static void
restart(struct sim_device *d, const char *saved, long long int now)
{
    d->booted = now;
    /* What was configured once can be configured. */
    free(start(d, saved));
    put_links(d, now);
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
