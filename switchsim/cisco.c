/* SPDX-License-Identifier: Apache-2.0
 *
 * Source of the rules: the descriptions in CISCO-VTP-MIB and
 * CISCO-VLAN-MEMBERSHIP-MIB, and what IOS says on its command line. */

#include <config.h>
#include "switchsim/cisco.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bitmap.h"
#include "switchcfg/model-switch.h"
#include "switchcfg/tables.h"
#include "switchsim/forwarding.h"
#include "util.h"

#define WRONG_TYPE 7
#define WRONG_LENGTH 8
#define NO_CREATION 11

/* vlanTrunkPortDynamicState, vlanTrunkPortDynamicStatus. */
#define MODE_ON 1
#define MODE_ACCESS 2
#define MODE_TRUNK 5
#define TRUNKING 1
#define NOT_TRUNKING 2
#define ENCAPSULATION_NEGOTIATE 5
#define LIST_OCTETS 128

/* vtpVlanEditOperation. */
#define EDIT_NONE 1
#define EDIT_COPY 2
#define EDIT_APPLY 3
#define EDIT_RELEASE 4
#define EDIT_RESTART_TIMER 5

#define VTP(...) MIB_OID(1, 3, 6, 1, 4, 1, 9, 9, 46, 1, __VA_ARGS__)
static const struct mib_oid vlan_entry = VTP(3, 1, 1);
static const struct mib_oid edit_entry = VTP(4, 2, 1);
static const struct mib_oid edit_control = VTP(4, 1, 1);
static const struct mib_oid trunk_status = VTP(6, 1, 1, 14);
/* Columns that both tables of VLANs have under the same numbers. */
#define COL_STATE 2
#define COL_TYPE 3
#define COL_NAME 4
#define COL_LAST 10
#define COL_ROW_STATUS 11       /* Of the buffer. */
/* The table of VLANs has more of its own. */
#define COL_MAX 32

const struct mib_oid *
sim_cisco_configurable(size_t *n)
{
    static const struct mib_oid tables[] = {
        VTP(3, 1, 1), VTP(6, 1, 1),
        MIB_OID(1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1, 2),
    };

    *n = ARRAY_SIZE(tables);
    return tables;
}

/* --- Objects ---------------------------------------------------------------*/

/* 'entry'.'column'.'domain'.'vid' */
static struct mib_oid
cell(const struct mib_oid *entry, uint32_t column, uint32_t domain,
     uint32_t vid)
{
    struct mib_oid oid = mib_oid_child(entry, column);

    mib_oid_append(&oid, domain);
    mib_oid_append(&oid, vid);
    return oid;
}

static void
put_number(struct model_switch *ms, const struct mib_oid *oid, uint64_t number)
{
    struct mib_value value = { .type = MIB_INTEGER, .number = number };

    model_switch_put(ms, oid, &value);
}

static void
put_text(struct model_switch *ms, const struct mib_oid *oid, const char *text)
{
    struct mib_value value = {
        .type = MIB_OCTETS,
        .octets = CONST_CAST(uint8_t *, (const uint8_t *) text),
        .n_octets = strlen(text),
    };

    model_switch_put(ms, oid, &value);
}

/* The number of an object, 'missing' if it is not there. */
static uint64_t
get(const struct model_switch *ms, const struct mib_oid *column,
    uint32_t index, uint64_t missing)
{
    struct mib_oid oid = mib_oid_child(column, index);
    const struct mib_value *v = model_switch_get(ms, &oid);

    return v ? v->number : missing;
}

/* The index if 'oid' is an instance of 'column', else 0. */
static uint32_t
index_of(const struct mib_oid *oid, const struct mib_oid *column)
{
    return oid->n == column->n + 1 && mib_oid_has_prefix(oid, column)
           ? oid->ids[column->n] : 0;
}

/* True if there is a VLAN, in whatever domain, that is not suspended. */
static bool
vlan_works(const struct model_switch *ms, const struct switch_vlan *v)
{
    const struct mib_value *state;
    struct mib_oid oid;

    if (!v || !v->domain) {
        return false;
    }
    oid = cell(&vlan_entry, COL_STATE, v->domain, v->vid);
    state = model_switch_get(ms, &oid);
    return !state || state->number == 1;
}

/* --- The buffer ------------------------------------------------------------*/

static const struct mib_varbind *
next_below(const struct model_switch *ms, const struct mib_oid *prefix,
           const struct mib_oid *prev)
{
    const struct mib_varbind *vb = model_switch_next(ms, prev ? prev : prefix,
                                                     false);

    return vb && mib_oid_has_prefix(&vb->oid, prefix) ? vb : NULL;
}

bool
sim_cisco_is_editing(const struct model_switch *ms)
{
    return next_below(ms, &edit_entry, NULL) != NULL;
}

void
sim_cisco_release(struct model_switch *ms)
{
    static const struct mib_oid *const tables[] = {
        &edit_entry, &mib_cisco_edit_owner,
    };

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        const struct mib_varbind *vb;

        while ((vb = next_below(ms, tables[i], NULL))) {
            struct mib_oid oid = vb->oid;

            model_switch_drop(ms, &oid);
        }
    }
}

/* Copies the columns that a VLAN has in 'from' to 'to'. */
static void
copy_vlan(struct model_switch *ms, const struct mib_oid *from,
          const struct mib_oid *to, uint32_t domain, uint32_t vid)
{
    for (uint32_t column = COL_STATE; column <= COL_LAST; column++) {
        struct mib_oid src = cell(from, column, domain, vid);
        struct mib_oid dst = cell(to, column, domain, vid);
        const struct mib_value *v = model_switch_get(ms, &src);

        if (v) {
            struct mib_value copy;

            mib_value_clone(&copy, v);
            model_switch_put(ms, &dst, &copy);
            mib_value_clear(&copy);
        }
    }
}

/* The VLANs of 'domain' in 'table' (by 'column', which each has): a bitmap. */
static unsigned long *
vlans_in(const struct model_switch *ms, const struct mib_oid *table,
         uint32_t column, uint32_t domain)
{
    unsigned long *vlans = bitmap_allocate(FORWARDING_N_VLANS);
    struct mib_oid prefix = mib_oid_child(table, column);
    const struct mib_varbind *vb;

    mib_oid_append(&prefix, domain);
    for (vb = next_below(ms, &prefix, NULL); vb;
         vb = next_below(ms, &prefix, &vb->oid)) {
        uint32_t vid = vb->oid.ids[vb->oid.n - 1];

        if (vb->oid.n == prefix.n + 1 && vid && vid < FORWARDING_N_VLANS) {
            bitmap_set1(vlans, vid);
        }
    }
    return vlans;
}

static int
copy_vlans(struct model_switch *ms, uint32_t domain)
{
    unsigned long *vlans = vlans_in(ms, &vlan_entry, COL_NAME, domain);
    size_t vid;
    bool any = !bitmap_is_all_zeros(vlans, FORWARDING_N_VLANS);

    /* "If the Edit Buffer is not currently empty, a copy operation fails." */
    if (!any || sim_cisco_is_editing(ms)) {
        free(vlans);
        return MIB_ERROR_INCONSISTENT_VALUE;
    }
    BITMAP_FOR_EACH_1 (vid, FORWARDING_N_VLANS, vlans) {
        struct mib_oid status = cell(&edit_entry, COL_ROW_STATUS, domain, vid);

        copy_vlan(ms, &vlan_entry, &edit_entry, domain, vid);
        put_number(ms, &status, MIB_ROW_ACTIVE);
    }
    free(vlans);
    return MIB_ERROR_NONE;
}

static void
drop_vlan(struct model_switch *ms, const struct mib_oid *table,
          uint32_t domain, uint32_t vid)
{
    for (uint32_t column = 1; column <= COL_MAX; column++) {
        struct mib_oid oid = cell(table, column, domain, vid);

        model_switch_drop(ms, &oid);
    }
}

static int
apply_vlans(struct model_switch *ms, uint32_t domain)
{
    struct mib_oid status = mib_oid_child(&edit_control, 2);
    unsigned long *old, *new;
    size_t vid;

    if (!sim_cisco_is_editing(ms)) {
        return MIB_ERROR_INCONSISTENT_VALUE;
    }
    old = vlans_in(ms, &vlan_entry, COL_NAME, domain);
    new = vlans_in(ms, &edit_entry, COL_ROW_STATUS, domain);
    BITMAP_FOR_EACH_1 (vid, FORWARDING_N_VLANS, old) {
        if (!bitmap_is_set(new, vid)) {
            drop_vlan(ms, &vlan_entry, domain, vid);
        }
    }
    BITMAP_FOR_EACH_1 (vid, FORWARDING_N_VLANS, new) {
        copy_vlan(ms, &edit_entry, &vlan_entry, domain, vid);
    }
    free(old);
    free(new);
    mib_oid_append(&status, domain);
    put_number(ms, &status, 2);         /* succeeded */
    return MIB_ERROR_NONE;
}

static int
set_operation(struct model_switch *ms, const struct mib_varbind *vb,
              uint32_t domain)
{
    int error = MIB_ERROR_NONE;

    if (vb->value.type != MIB_INTEGER) {
        return WRONG_TYPE;
    }
    switch (mib_value_integer(&vb->value)) {
    case EDIT_NONE:
    case EDIT_RESTART_TIMER:
        break;
    case EDIT_COPY:
        error = copy_vlans(ms, domain);
        break;
    case EDIT_APPLY:
        error = apply_vlans(ms, domain);
        break;
    case EDIT_RELEASE:
        sim_cisco_release(ms);
        break;
    default:
        return MIB_ERROR_WRONG_VALUE;
    }
    if (!error) {
        /* "This object always has the value none(1) when read." */
        put_number(ms, &vb->oid, EDIT_NONE);
    }
    return error;
}

static int
set_owner(struct model_switch *ms, const struct mib_varbind *vb)
{
    if (vb->value.type != MIB_OCTETS) {
        return WRONG_TYPE;
    } else if (!sim_cisco_is_editing(ms)) {
        return MIB_ERROR_INCONSISTENT_VALUE;
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    return MIB_ERROR_NONE;
}

static int
set_edit_status(struct model_switch *ms, const struct mib_varbind *vb,
                uint32_t domain, uint32_t vid)
{
    bool exists = model_switch_get(ms, &vb->oid) != NULL;
    struct mib_oid oid;
    char name[16];

    if (vb->value.type != MIB_INTEGER) {
        return WRONG_TYPE;
    }
    switch (mib_value_integer(&vb->value)) {
    case MIB_ROW_ACTIVE:
        return exists ? MIB_ERROR_NONE : MIB_ERROR_INCONSISTENT_VALUE;
    case MIB_ROW_CREATE_AND_GO:
        if (exists || !vid || vid > MIB_VID_MAX) {
            return MIB_ERROR_INCONSISTENT_VALUE;
        }
        oid = cell(&edit_entry, COL_STATE, domain, vid);
        put_number(ms, &oid, 1);        /* operational */
        oid = cell(&edit_entry, COL_TYPE, domain, vid);
        put_number(ms, &oid, 1);        /* ethernet */
        oid = cell(&edit_entry, COL_NAME, domain, vid);
        snprintf(name, sizeof name, "VLAN%04u", vid);
        put_text(ms, &oid, name);
        put_number(ms, &vb->oid, MIB_ROW_ACTIVE);
        return MIB_ERROR_NONE;
    case MIB_ROW_DESTROY:
        /* These are always there. */
        if (vid == 1 || (vid >= 1002 && vid <= 1005)) {
            return MIB_ERROR_INCONSISTENT_VALUE;
        }
        drop_vlan(ms, &edit_entry, domain, vid);
        return MIB_ERROR_NONE;
    default:
        return MIB_ERROR_WRONG_VALUE;
    }
}

/* An object of a VLAN in the buffer. */
static int
set_edit(struct model_switch *ms, const struct mib_varbind *vb)
{
    uint32_t column = vb->oid.ids[edit_entry.n];
    uint32_t domain = vb->oid.ids[edit_entry.n + 1];
    uint32_t vid = vb->oid.ids[edit_entry.n + 2];
    struct mib_oid status = cell(&edit_entry, COL_ROW_STATUS, domain, vid);
    bool octets = column == COL_NAME || column == 6; /* Dot10Said */

    if (!sim_cisco_is_editing(ms)) {
        return MIB_ERROR_INCONSISTENT_VALUE;
    } else if (column == COL_ROW_STATUS) {
        return set_edit_status(ms, vb, domain, vid);
    } else if (column < COL_STATE || column > COL_LAST) {
        return MIB_ERROR_NOT_WRITABLE;
    } else if (!model_switch_get(ms, &status)) {
        return NO_CREATION;
    } else if (vb->value.type != (octets ? MIB_OCTETS : MIB_INTEGER)) {
        return WRONG_TYPE;
    } else if (octets && vb->value.n_octets > 32) {
        return WRONG_LENGTH;
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    return MIB_ERROR_NONE;
}

/* --- Ports -----------------------------------------------------------------*/

/* True if the port is a trunk.  One that would negotiate is what it was found
 * to be: who is at its other end negotiates nothing. */
static bool
is_trunk(const struct model_switch *ms, uint32_t port)
{
    uint64_t mode = get(ms, &mib_cisco_trunk_dynamic, port, MODE_ACCESS);

    return mode == MODE_ON || mode == MODE_TRUNK
           || (mode != MODE_ACCESS
               && get(ms, &trunk_status, port, NOT_TRUNKING) == TRUNKING);
}

static int
set_mode(struct model_switch *ms, const struct mib_varbind *vb, uint32_t port)
{
    struct mib_oid status = mib_oid_child(&trunk_status, port);
    struct mib_oid vm_vlan = mib_oid_child(&mib_cisco_vm_vlan, port);
    int64_t mode = mib_value_integer(&vb->value);
    bool trunk = mode == MODE_ON || mode == MODE_TRUNK;

    if (mode < 1 || mode > 5) {
        return MIB_ERROR_WRONG_VALUE;
    }
    /* "An interface whose trunk encapsulation is "Auto" can not be configured
     * to "trunk" mode." */
    if (trunk && get(ms, &mib_cisco_trunk_encapsulation, port, 0)
                 == ENCAPSULATION_NEGOTIATE) {
        return MIB_ERROR_INCONSISTENT_VALUE;
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    if (model_switch_get(ms, &status)) {
        put_number(ms, &status, trunk ? TRUNKING : NOT_TRUNKING);
    }
    if (!trunk && !model_switch_get(ms, &vm_vlan)) {
        put_number(ms, &vm_vlan, 1);
    }
    return MIB_ERROR_NONE;
}

static bool
vlan_exists(const struct model_switch *ms, uint64_t vid)
{
    const struct mib_varbind *vb;

    for (vb = next_below(ms, &mib_cisco_vlan_name, NULL); vb;
         vb = next_below(ms, &mib_cisco_vlan_name, &vb->oid)) {
        if (vb->oid.ids[vb->oid.n - 1] == vid) {
            return true;
        }
    }
    return false;
}

static int
set_vm_vlan(struct model_switch *ms, const struct mib_varbind *vb,
            uint32_t port)
{
    if (vb->value.type != MIB_INTEGER) {
        return WRONG_TYPE;
    } else if (!model_switch_get(ms, &vb->oid)
               && !get(ms, &mib_cisco_trunk_dynamic, port, 0)) {
        return NO_CREATION;
    } else if (!vb->value.number || vb->value.number > MIB_VID_MAX) {
        return MIB_ERROR_WRONG_VALUE;
    } else if (!vlan_exists(ms, vb->value.number)) {
        return MIB_ERROR_INCONSISTENT_VALUE;
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    return MIB_ERROR_NONE;
}

/* An object of a port that has to be there. */
static int
set_port(struct model_switch *ms, const struct mib_varbind *vb,
         const struct mib_oid *column, uint32_t port)
{
    bool is_list = column != &mib_cisco_trunk_dynamic
                   && column != &mib_cisco_trunk_encapsulation
                   && column != &mib_cisco_trunk_native;

    if (!model_switch_get(ms, &vb->oid)) {
        return NO_CREATION;
    } else if (vb->value.type != (is_list ? MIB_OCTETS : MIB_INTEGER)) {
        return WRONG_TYPE;
    } else if (is_list && vb->value.n_octets > LIST_OCTETS) {
        return WRONG_LENGTH;
    } else if (column == &mib_cisco_trunk_dynamic) {
        return set_mode(ms, vb, port);
    } else if (!is_list
               && (!vb->value.number
                   || vb->value.number > (column == &mib_cisco_trunk_native
                                          ? MIB_VID_MAX : 5))) {
        return MIB_ERROR_WRONG_VALUE;
    }
    model_switch_put(ms, &vb->oid, &vb->value);
    return MIB_ERROR_NONE;
}

bool
sim_cisco_set(struct model_switch *ms, const struct mib_varbind *vb,
              int *error)
{
    static const struct mib_oid *const columns[] = {
        &mib_cisco_trunk_vlans, &mib_cisco_trunk_vlans_2k,
        &mib_cisco_trunk_vlans_3k, &mib_cisco_trunk_vlans_4k,
        &mib_cisco_trunk_native, &mib_cisco_trunk_dynamic,
        &mib_cisco_trunk_encapsulation,
    };
    uint32_t index = index_of(&vb->oid, &mib_cisco_vm_vlan);

    if (index) {
        *error = set_vm_vlan(ms, vb, index);
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        index = index_of(&vb->oid, columns[i]);
        if (index) {
            *error = set_port(ms, vb, columns[i], index);
            return true;
        }
    }
    index = index_of(&vb->oid, &mib_cisco_edit_operation);
    if (index) {
        *error = set_operation(ms, vb, index);
        return true;
    }
    if (index_of(&vb->oid, &mib_cisco_edit_owner)) {
        *error = set_owner(ms, vb);
        return true;
    }
    if (mib_oid_has_prefix(&vb->oid, &edit_entry)
        && vb->oid.n == edit_entry.n + 3) {
        *error = set_edit(ms, vb);
        return true;
    }
    return false;
}

/* --- Frames ----------------------------------------------------------------*/

static void
make_access(const struct model_switch *ms, const struct switch_tables *t,
            const struct switch_interface *i, struct forwarding_port *fp)
{
    unsigned int vid = i->vm_vlan ? i->vm_vlan : 1;

    if (vlan_works(ms, switch_tables_vlan(t, vid))) {
        bitmap_set1(fp->members, vid);
        fp->native = vid;
    }
    fp->drop_untagged = !fp->native;
}

static void
make_trunk(const struct model_switch *ms, const struct switch_tables *t,
           const struct switch_interface *i, struct forwarding_port *fp)
{
    for (unsigned int vid = 1; vid <= MIB_VID_MAX; vid++) {
        /* VLAN 0 is the highest bit of the first octet. */
        if (portlist_contains(&i->trunk_vlans[vid / 1024], PORTLIST_MSB_FIRST,
                              vid % 1024 + 1)
            && vlan_works(ms, switch_tables_vlan(t, vid))) {
            bitmap_set1(fp->members, vid);
        }
    }
    if (i->trunk_native <= MIB_VID_MAX
        && bitmap_is_set(fp->members, i->trunk_native)) {
        fp->native = i->trunk_native;
    }
    fp->drop_untagged = !fp->native;
}

void
sim_cisco_forwarding(const struct model_switch *ms,
                     const struct switch_tables *t, struct forwarding *f)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(t, &n);

    *f = (struct forwarding) { .ports = xcalloc(MAX(n, 1), sizeof *f->ports) };
    for (size_t k = 0; k < n; k++) {
        const struct switch_interface *i
            = switch_tables_interface(t, ports[k]->number);
        struct forwarding_port *fp = &f->ports[f->n++];

        fp->number = ports[k]->number;
        fp->members = bitmap_allocate(FORWARDING_N_VLANS);
        fp->strays = bitmap_allocate(FORWARDING_N_VLANS);
        if (is_trunk(ms, fp->number)) {
            make_trunk(ms, t, i, fp);
        } else {
            make_access(ms, t, i, fp);
        }
    }
    free(ports);
}
