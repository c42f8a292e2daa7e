/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "switchcfg/profile.h"
#include "unicode.h"
#include "util.h"

void
switch_tables_init(struct switch_tables *t,
                   const struct switch_profile *profile)
{
    memset(t, 0, sizeof *t);
    t->profile = profile;
    t->overhead = MIB_MESSAGE_OVERHEAD;
    hmap_init(&t->vlans);
    hmap_init(&t->ports);
    hmap_init(&t->interfaces);
}

static void
vlan_clear(struct switch_vlan *v)
{
    free(v->name);
    portlist_destroy(&v->egress);
    portlist_destroy(&v->forbidden);
    portlist_destroy(&v->untagged);
    portlist_destroy(&v->current_egress);
    portlist_destroy(&v->current_untagged);
}

static void
interface_clear(struct switch_interface *i)
{
    free(i->name);
    free(i->descr);
    free(i->alias);
    for (size_t k = 0; k < ARRAY_SIZE(i->trunk_vlans); k++) {
        portlist_destroy(&i->trunk_vlans[k]);
    }
}

void
switch_tables_destroy(struct switch_tables *t)
{
    struct switch_interface *i;
    struct switch_vlan *v;
    struct switch_port *p;

    HMAP_FOR_EACH_POP (v, node, &t->vlans) {
        vlan_clear(v);
        free(v);
    }
    HMAP_FOR_EACH_POP (p, node, &t->ports) {
        free(p);
    }
    HMAP_FOR_EACH_POP (i, node, &t->interfaces) {
        interface_clear(i);
        free(i);
    }
    hmap_destroy(&t->vlans);
    hmap_destroy(&t->ports);
    hmap_destroy(&t->interfaces);
    free(t->by_vid);
    free(t->descr);
    free(t->sys_name);
    free(t->first_bad);
}

static void
vlan_clone(struct switch_tables *dst, const struct switch_vlan *src)
{
    struct switch_vlan *v = xmemdup(src, sizeof *src);

    v->name = src->name ? xmemdup(src->name, MAX(src->n_name, 1)) : NULL;
    portlist_clone(&v->egress, &src->egress);
    portlist_clone(&v->forbidden, &src->forbidden);
    portlist_clone(&v->untagged, &src->untagged);
    portlist_clone(&v->current_egress, &src->current_egress);
    portlist_clone(&v->current_untagged, &src->current_untagged);
    hmap_insert(&dst->vlans, &v->node, hash_int(v->row, 0));
}

void
switch_tables_clone(struct switch_tables *dst, const struct switch_tables *src)
{
    const struct switch_interface *i;
    const struct switch_vlan *v;
    const struct switch_port *p;

    switch_tables_init(dst, src->profile);
    dst->object_id = src->object_id;
    dst->descr = nullable_xstrdup(src->descr);
    dst->sys_name = nullable_xstrdup(src->sys_name);
    dst->has_up_time = src->has_up_time;
    dst->up_time = src->up_time;
    dst->gvrp = src->gvrp;
    dst->n_bad = src->n_bad;
    dst->first_bad = nullable_xstrdup(src->first_bad);
    dst->rows_bad = src->rows_bad;
    dst->overhead = src->overhead;
    HMAP_FOR_EACH (v, node, &src->vlans) {
        vlan_clone(dst, v);
    }
    HMAP_FOR_EACH (p, node, &src->ports) {
        struct switch_port *copy = xmemdup(p, sizeof *p);

        hmap_insert(&dst->ports, &copy->node, hash_int(copy->number, 0));
    }
    HMAP_FOR_EACH (i, node, &src->interfaces) {
        struct switch_interface *copy = xmemdup(i, sizeof *i);

        copy->name = nullable_xstrdup(i->name);
        copy->descr = nullable_xstrdup(i->descr);
        copy->alias = nullable_xstrdup(i->alias);
        for (size_t k = 0; k < ARRAY_SIZE(i->trunk_vlans); k++) {
            portlist_clone(&copy->trunk_vlans[k], &i->trunk_vlans[k]);
        }
        hmap_insert(&dst->interfaces, &copy->node,
                    hash_int(copy->if_index, 0));
    }
    if (src->by_vid) {
        switch_tables_finish(dst);
        /* Not counted a second time. */
        dst->n_bad = src->n_bad;
    }
}

/* --- Rows ------------------------------------------------------------------*/

struct switch_vlan *
switch_tables_row(const struct switch_tables *t, uint32_t row)
{
    struct switch_vlan *v;

    HMAP_FOR_EACH_WITH_HASH (v, node, hash_int(row, 0), &t->vlans) {
        if (v->row == row) {
            return v;
        }
    }
    return NULL;
}

struct switch_port *
switch_tables_port(const struct switch_tables *t, uint32_t number)
{
    struct switch_port *p;

    HMAP_FOR_EACH_WITH_HASH (p, node, hash_int(number, 0), &t->ports) {
        if (p->number == number) {
            return p;
        }
    }
    return NULL;
}

struct switch_interface *
switch_tables_interface(const struct switch_tables *t, uint32_t if_index)
{
    struct switch_interface *i;

    HMAP_FOR_EACH_WITH_HASH (i, node, hash_int(if_index, 0), &t->interfaces) {
        if (i->if_index == if_index) {
            return i;
        }
    }
    return NULL;
}

/* The row, made if need be; NULL if there are too many. */
static struct switch_vlan *
get_row(struct switch_tables *t, uint32_t row)
{
    struct switch_vlan *v = switch_tables_row(t, row);

    if (!v && hmap_count(&t->vlans) < SWITCH_TABLES_MAX) {
        v = xzalloc(sizeof *v);
        v->row = row;
        hmap_insert(&t->vlans, &v->node, hash_int(row, 0));
    }
    return v;
}

static struct switch_port *
get_port(struct switch_tables *t, uint32_t number)
{
    struct switch_port *p = switch_tables_port(t, number);

    if (!p && hmap_count(&t->ports) < SWITCH_TABLES_MAX) {
        p = xzalloc(sizeof *p);
        p->number = number;
        hmap_insert(&t->ports, &p->node, hash_int(number, 0));
    }
    return p;
}

static struct switch_interface *
get_interface(struct switch_tables *t, uint32_t if_index)
{
    struct switch_interface *i = switch_tables_interface(t, if_index);

    if (!i && hmap_count(&t->interfaces) < SWITCH_TABLES_MAX) {
        i = xzalloc(sizeof *i);
        i->if_index = if_index;
        hmap_insert(&t->interfaces, &i->node, hash_int(if_index, 0));
    }
    return i;
}

/* --- Taking in varbinds ----------------------------------------------------*/

/* What is wrong with a varbind. */
#define BAD_TYPE "is not of the type that the MIB gives it"
#define BAD_VALUE "has a value that it cannot have"
#define BAD_INDEX "has an index that it cannot have"
#define TOO_MANY "is one too many"

/* Octets as text that can be shown: without NULs and blanks at the end,
 * control characters and what is not UTF-8 as "?". */
static char *
printable(const uint8_t *octets, size_t n)
{
    char *text, *error;
    bool utf8;

    for (size_t i = 0; i < n; i++) {
        if (!octets[i]) {
            n = i;
        }
    }
    while (n && octets[n - 1] == ' ') {
        n--;
    }
    text = xmemdup0((const char *) octets, n);
    error = utf8_validate(text, NULL);
    utf8 = !error;
    free(error);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = text[i];

        if (c < ' ' || c == 0x7f || (c >= 0x80 && !utf8)) {
            text[i] = '?';
        }
    }
    return text;
}

static const char *
take_text(char **text, const struct mib_value *v)
{
    if (v->type != MIB_OCTETS || v->n_octets > SWITCH_OCTETS_MAX) {
        return v->type != MIB_OCTETS ? BAD_TYPE : BAD_VALUE;
    }
    free(*text);
    *text = printable(v->n_octets ? v->octets : (const uint8_t *) "",
                      v->n_octets);
    return NULL;
}

static const char *
take_list(bool *has, struct portlist *list, const struct mib_value *v)
{
    if (v->type != MIB_OCTETS || v->n_octets > SWITCH_OCTETS_MAX) {
        return v->type != MIB_OCTETS ? BAD_TYPE : BAD_VALUE;
    }
    portlist_destroy(list);
    portlist_init(list, v->octets, v->n_octets);
    *has = true;
    return NULL;
}

/* An enumeration of 1 to 'max'. */
static const char *
take_enum(int *to, const struct mib_value *v, int max)
{
    if (v->type != MIB_INTEGER) {
        return BAD_TYPE;
    }
    if (mib_value_integer(v) < 1 || mib_value_integer(v) > max) {
        return BAD_VALUE;
    }
    *to = mib_value_integer(v);
    return NULL;
}

static const char *
take_number(uint32_t *to, const struct mib_value *v)
{
    if (v->type != MIB_INTEGER && v->type != MIB_UNSIGNED32) {
        return BAD_TYPE;
    }
    if (v->number > INT32_MAX) {
        return BAD_VALUE;
    }
    *to = v->number;
    return NULL;
}

enum column {
    COL_STATIC_NAME, COL_STATIC_EGRESS, COL_STATIC_FORBIDDEN,
    COL_STATIC_UNTAGGED, COL_STATIC_STATUS,
    COL_PORT_IF_INDEX, COL_PVID, COL_FRAMES, COL_FILTERING, COL_PORT_GVRP,
    COL_IF_DESCR, COL_IF_TYPE, COL_IF_NAME, COL_IF_ALIAS,
    COL_VM_VLAN, COL_NATIVE, COL_DYNAMIC, COL_ENCAPSULATION,
    COL_TRUNK, COL_TRUNK_2K, COL_TRUNK_3K, COL_TRUNK_4K,
};

/* Columns with one index. */
static const struct {
    const struct mib_oid *oid;
    enum column column;
} columns[] = {
    { &mib_vlan_static_name, COL_STATIC_NAME },
    { &mib_vlan_static_egress, COL_STATIC_EGRESS },
    { &mib_vlan_static_forbidden, COL_STATIC_FORBIDDEN },
    { &mib_vlan_static_untagged, COL_STATIC_UNTAGGED },
    { &mib_vlan_static_row_status, COL_STATIC_STATUS },
    { &mib_base_port_if_index, COL_PORT_IF_INDEX },
    { &mib_pvid, COL_PVID },
    { &mib_acceptable_frames, COL_FRAMES },
    { &mib_ingress_filtering, COL_FILTERING },
    { &mib_port_gvrp, COL_PORT_GVRP },
    { &mib_if_descr, COL_IF_DESCR },
    { &mib_if_type, COL_IF_TYPE },
    { &mib_if_name, COL_IF_NAME },
    { &mib_if_alias, COL_IF_ALIAS },
    { &mib_cisco_vm_vlan, COL_VM_VLAN },
    { &mib_cisco_trunk_native, COL_NATIVE },
    { &mib_cisco_trunk_dynamic, COL_DYNAMIC },
    { &mib_cisco_trunk_encapsulation, COL_ENCAPSULATION },
    { &mib_cisco_trunk_vlans, COL_TRUNK },
    { &mib_cisco_trunk_vlans_2k, COL_TRUNK_2K },
    { &mib_cisco_trunk_vlans_3k, COL_TRUNK_3K },
    { &mib_cisco_trunk_vlans_4k, COL_TRUNK_4K },
};

static const char *
take_name(struct switch_vlan *v, const struct mib_value *value)
{
    if (value->type != MIB_OCTETS || value->n_octets > SWITCH_OCTETS_MAX) {
        return value->type != MIB_OCTETS ? BAD_TYPE : BAD_VALUE;
    }
    free(v->name);
    v->name = xmemdup(value->n_octets ? (const void *) value->octets : "",
                      MAX(value->n_octets, 1));
    v->n_name = value->n_octets;
    v->has_name = true;
    return NULL;
}

static const char *
take_static(struct switch_tables *t, enum column column, uint32_t row,
            const struct mib_value *value)
{
    struct switch_vlan *v = get_row(t, row);
    const char *wrong;

    if (!v) {
        t->rows_bad = true;
        return TOO_MANY;
    }
    v->is_static = true;
    wrong = column == COL_STATIC_NAME ? take_name(v, value)
            : column == COL_STATIC_EGRESS
            ? take_list(&v->has_egress, &v->egress, value)
            : column == COL_STATIC_FORBIDDEN
            ? take_list(&v->has_forbidden, &v->forbidden, value)
            : column == COL_STATIC_UNTAGGED
            ? take_list(&v->has_untagged, &v->untagged, value)
            : take_enum(&v->row_status, value, MIB_ROW_DESTROY);
    v->bad = v->bad || wrong;
    return wrong;
}

static const char *
take_port(struct switch_tables *t, enum column column, uint32_t number,
          const struct mib_value *value)
{
    struct switch_port *p;
    const char *wrong;

    if (!number || number > PORTLIST_MAX_PORT) {
        return BAD_INDEX;
    }
    p = get_port(t, number);
    if (!p) {
        return TOO_MANY;
    }
    /* Acceptable frames of 3 is that of IEEE8021-Q-BRIDGE-MIB: untagged only. */
    wrong = column == COL_PORT_IF_INDEX ? take_number(&p->if_index, value)
            : column == COL_PVID ? take_number(&p->pvid, value)
            : column == COL_FRAMES ? take_enum(&p->acceptable_frames, value, 3)
            : column == COL_FILTERING
            ? take_enum(&p->ingress_filtering, value, MIB_FALSE)
            : take_enum(&p->gvrp, value, MIB_DISABLED);
    if (column == COL_PVID && !wrong) {
        p->has_pvid = true;
        p->pvid_type = value->type;
    }
    p->bad = p->bad || wrong;
    return wrong;
}

static const char *
take_interface(struct switch_tables *t, enum column column, uint32_t if_index,
               const struct mib_value *value)
{
    struct switch_interface *i = get_interface(t, if_index);

    if (!i) {
        return TOO_MANY;
    }
    switch ((int) column) {
    case COL_IF_DESCR:
        return take_text(&i->descr, value);
    case COL_IF_NAME:
        return take_text(&i->name, value);
    case COL_IF_ALIAS:
        return take_text(&i->alias, value);
    case COL_IF_TYPE:
        return take_enum(&i->type, value, INT32_MAX);
    case COL_VM_VLAN:
        return take_number(&i->vm_vlan, value);
    case COL_NATIVE:
        return take_number(&i->trunk_native, value);
    case COL_DYNAMIC:
        return take_enum(&i->trunk_dynamic, value, 5);
    case COL_ENCAPSULATION:
        return take_enum(&i->trunk_encapsulation, value, 5);
    default:
        return take_list(&i->has_trunk_vlans[column - COL_TRUNK],
                         &i->trunk_vlans[column - COL_TRUNK], value);
    }
}

/* A list of dot1qVlanCurrentTable.  Agents may give a VLAN several times, with
 * the TimeMarks of its changes; the newest counts. */
static const char *
take_current(struct switch_tables *t, bool untagged, uint32_t mark,
             uint32_t row, const struct mib_value *value)
{
    struct switch_vlan *v = get_row(t, row);

    if (!v) {
        return TOO_MANY;
    }
    if (v->is_current && mark < v->time_mark) {
        return value->type == MIB_OCTETS ? NULL : BAD_TYPE;
    }
    if (v->is_current && mark > v->time_mark) {
        v->has_current_egress = v->has_current_untagged = false;
        portlist_destroy(&v->current_egress);
        portlist_destroy(&v->current_untagged);
    }
    v->is_current = true;
    v->time_mark = mark;
    return untagged
           ? take_list(&v->has_current_untagged, &v->current_untagged, value)
           : take_list(&v->has_current_egress, &v->current_egress, value);
}

/* A row of vtpVlanTable: a VLAN of a Cisco switch. */
static const char *
take_vtp_vlan(struct switch_tables *t, const struct mib_varbind *vb)
{
    size_t n = mib_cisco_vlan_name.n;
    struct switch_vlan *v;

    if (vb->oid.n != n + 2 || !vb->oid.ids[n] || !vb->oid.ids[n + 1]) {
        return BAD_INDEX;
    }
    v = get_row(t, vb->oid.ids[n + 1]);
    if (!v) {
        return TOO_MANY;
    }
    v->domain = vb->oid.ids[n];
    return mib_oid_has_prefix(&vb->oid, &mib_cisco_vlan_name)
           ? take_name(v, &vb->value)
           : take_enum(&(int) { 0 }, &vb->value, 8);
}

static const char *
take_system(struct switch_tables *t, const struct mib_varbind *vb, bool *known)
{
    const struct mib_value *v = &vb->value;

    *known = true;
    if (!mib_oid_compare(&vb->oid, &mib_sys_object_id)) {
        if (v->type != MIB_OBJECT_ID) {
            return BAD_TYPE;
        }
        t->object_id = *v->oid;
        return NULL;
    } else if (!mib_oid_compare(&vb->oid, &mib_sys_descr)) {
        return take_text(&t->descr, v);
    } else if (!mib_oid_compare(&vb->oid, &mib_sys_name)) {
        return take_text(&t->sys_name, v);
    } else if (!mib_oid_compare(&vb->oid, &mib_sys_up_time)) {
        t->up_time = v->number;
        t->has_up_time = v->type == MIB_TIME_TICKS;
        return t->has_up_time ? NULL : BAD_TYPE;
    } else if (!mib_oid_compare(&vb->oid, &mib_gvrp_status)) {
        return take_enum(&t->gvrp, v, MIB_DISABLED);
    }
    *known = false;
    return NULL;
}

/* Takes in a varbind.  Returns what is wrong with it, or NULL; '*known' tells
 * whether it is one of those we know. */
static const char *
take(struct switch_tables *t, const struct mib_varbind *vb, bool *known)
{
    const struct mib_oid *oid = &vb->oid;

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        enum column column = columns[i].column;
        uint32_t index;

        if (!mib_oid_has_prefix(oid, columns[i].oid)) {
            continue;
        }
        *known = true;
        if (oid->n != columns[i].oid->n + 1 || !oid->ids[oid->n - 1]) {
            t->rows_bad = t->rows_bad || column <= COL_STATIC_STATUS;
            return BAD_INDEX;
        }
        index = oid->ids[oid->n - 1];
        if (t->profile->model == SWITCH_CISCO && column <= COL_PORT_GVRP) {
            return NULL;
        }
        return column <= COL_STATIC_STATUS
               ? take_static(t, column, index, &vb->value)
               : column <= COL_PORT_GVRP
               ? take_port(t, column, index, &vb->value)
               : take_interface(t, column, index, &vb->value);
    }
    if (mib_oid_has_prefix(oid, &mib_vlan_current_egress)
        || mib_oid_has_prefix(oid, &mib_vlan_current_untagged)) {
        bool untagged = mib_oid_has_prefix(oid, &mib_vlan_current_untagged);
        bool reversed = t->profile->current_reversed;
        size_t n = mib_vlan_current_egress.n;

        *known = true;
        if (oid->n != n + 2 || !oid->ids[n + !reversed]) {
            return BAD_INDEX;
        }
        return take_current(t, untagged, oid->ids[n + reversed],
                            oid->ids[n + !reversed], &vb->value);
    }
    if (mib_oid_has_prefix(oid, &mib_cisco_vlan_name)
        || mib_oid_has_prefix(oid, &mib_cisco_vlan_state)) {
        *known = true;
        return take_vtp_vlan(t, vb);
    }
    return take_system(t, vb, known);
}

static void
count_bad(struct switch_tables *t, const struct mib_oid *oid,
          const char *wrong)
{
    t->n_bad++;
    if (!t->first_bad) {
        char *text = mib_oid_to_string(oid);

        t->first_bad = xasprintf("%s %s", text, wrong);
        free(text);
    }
}

bool
switch_tables_add(struct switch_tables *t, const struct mib_varbind *vb)
{
    const char *wrong;
    bool known;

    if (vb->value.type == MIB_NULL || mib_type_is_exception(vb->value.type)) {
        return false;
    }
    wrong = take(t, vb, &known);
    if (wrong) {
        count_bad(t, &vb->oid, wrong);
    }
    return known && !wrong;
}

/* The VID in the name of an interface: "Vlan 110", "vlan110"; 0: none. */
static unsigned int
vid_in_name(const char *name)
{
    unsigned int vid = 0;

    if (!name || strncasecmp(name, "vlan", 4)) {
        return 0;
    }
    name += 4 + strspn(name + 4, " -_.");
    for (; *name >= '0' && *name <= '9' && vid <= MIB_VID_MAX; name++) {
        vid = vid * 10 + (*name - '0');
    }
    return *name || vid > MIB_VID_MAX ? 0 : vid;
}

static unsigned int
find_vid(const struct switch_tables *t, const struct switch_vlan *v)
{
    unsigned int vid = 0;

    if (t->profile->row_index == SWITCH_ROW_IF_INDEX) {
        const struct switch_interface *i = switch_tables_interface(t, v->row);

        vid = i ? vid_in_name(i->name) : 0;
        if (i && !vid) {
            vid = vid_in_name(i->descr);
        }
    }
    return vid ? vid : v->row <= MIB_VID_MAX ? v->row : 0;
}

/* The ports of a Cisco switch are its interfaces that have a VLAN. */
static void
add_cisco_ports(struct switch_tables *t)
{
    const struct switch_interface *i;

    HMAP_FOR_EACH (i, node, &t->interfaces) {
        struct switch_port *p = i->vm_vlan || i->trunk_dynamic
                                ? get_port(t, i->if_index) : NULL;

        if (p) {
            p->if_index = i->if_index;
        }
    }
}

void
switch_tables_finish(struct switch_tables *t)
{
    const struct switch_vlan **rows;
    size_t n;

    if (t->profile->model == SWITCH_CISCO) {
        add_cisco_ports(t);
    }
    rows = switch_tables_vlans(t, &n);
    free(t->by_vid);
    t->by_vid = xcalloc(4096, sizeof *t->by_vid);
    for (size_t i = 0; i < n; i++) {
        struct switch_vlan *v = CONST_CAST(struct switch_vlan *, rows[i]);
        struct switch_vlan **slot;

        v->vid = find_vid(t, v);
        slot = &t->by_vid[v->vid];
        if (!v->vid) {
            continue;
        }
        if (*slot && (*slot)->is_static && v->is_static) {
            struct mib_oid oid = mib_oid_child(&mib_vlan_static_row_status,
                                               v->row);

            count_bad(t, &oid, "is a second row for the same VLAN");
            t->rows_bad = true;
        } else if (!*slot || v->is_static) {
            *slot = v;
        }
    }
    free(rows);
}

struct switch_vlan *
switch_tables_vlan(const struct switch_tables *t, unsigned int vid)
{
    return t->by_vid && vid && vid <= MIB_VID_MAX ? t->by_vid[vid] : NULL;
}

static int
compare_vlans(const void *a_, const void *b_)
{
    const struct switch_vlan *const *a = a_, *const *b = b_;

    return (*a)->row < (*b)->row ? -1 : (*a)->row > (*b)->row;
}

const struct switch_vlan **
switch_tables_vlans(const struct switch_tables *t, size_t *n)
{
    const struct switch_vlan **array, *v;

    *n = 0;
    array = xmalloc(MAX(hmap_count(&t->vlans), 1) * sizeof *array);
    HMAP_FOR_EACH (v, node, &t->vlans) {
        array[(*n)++] = v;
    }
    qsort(array, *n, sizeof *array, compare_vlans);
    return array;
}

static int
compare_ports(const void *a_, const void *b_)
{
    const struct switch_port *const *a = a_, *const *b = b_;

    return (*a)->number < (*b)->number ? -1 : (*a)->number > (*b)->number;
}

const struct switch_port **
switch_tables_ports(const struct switch_tables *t, size_t *n)
{
    const struct switch_port **array, *p;

    *n = 0;
    array = xmalloc(MAX(hmap_count(&t->ports), 1) * sizeof *array);
    HMAP_FOR_EACH (p, node, &t->ports) {
        array[(*n)++] = p;
    }
    qsort(array, *n, sizeof *array, compare_ports);
    return array;
}

char *
switch_vlan_label(const struct switch_vlan *v)
{
    return printable(v->n_name ? v->name : (const uint8_t *) "", v->n_name);
}

/* --- What was read, as varbinds --------------------------------------------*/

static void
put_octets(struct mib_varbinds *vbs, const struct mib_oid *column, uint32_t i,
           const void *octets, size_t n)
{
    struct mib_oid oid = mib_oid_child(column, i);

    mib_varbinds_add_octets(vbs, &oid, octets, n);
}

static void
put_number(struct mib_varbinds *vbs, const struct mib_oid *column, uint32_t i,
           enum mib_type type, uint32_t number)
{
    struct mib_oid oid = mib_oid_child(column, i);

    mib_varbinds_add_number(vbs, &oid, type, number);
}

static void
put_vlans(const struct switch_vlan **rows, size_t n, enum column column,
          struct mib_varbinds *vbs)
{
    for (size_t i = 0; i < n; i++) {
        const struct switch_vlan *v = rows[i];
        uint32_t row = v->row;

        if (column == COL_STATIC_NAME && v->has_name) {
            put_octets(vbs, &mib_vlan_static_name, row, v->name, v->n_name);
        } else if (column == COL_STATIC_EGRESS && v->has_egress) {
            put_octets(vbs, &mib_vlan_static_egress, row, v->egress.octets,
                       v->egress.n);
        } else if (column == COL_STATIC_FORBIDDEN && v->has_forbidden) {
            put_octets(vbs, &mib_vlan_static_forbidden, row,
                       v->forbidden.octets, v->forbidden.n);
        } else if (column == COL_STATIC_UNTAGGED && v->has_untagged) {
            put_octets(vbs, &mib_vlan_static_untagged, row,
                       v->untagged.octets, v->untagged.n);
        } else if (column == COL_STATIC_STATUS && v->row_status) {
            put_number(vbs, &mib_vlan_static_row_status, row, MIB_INTEGER,
                       v->row_status);
        }
    }
}

static void
put_ports(const struct switch_port **ports, size_t n, enum column column,
          struct mib_varbinds *vbs)
{
    for (size_t i = 0; i < n; i++) {
        const struct switch_port *p = ports[i];

        if (column == COL_PVID && p->has_pvid) {
            put_number(vbs, &mib_pvid, p->number, p->pvid_type, p->pvid);
        } else if (column == COL_FRAMES && p->acceptable_frames) {
            put_number(vbs, &mib_acceptable_frames, p->number, MIB_INTEGER,
                       p->acceptable_frames);
        } else if (column == COL_FILTERING && p->ingress_filtering) {
            put_number(vbs, &mib_ingress_filtering, p->number, MIB_INTEGER,
                       p->ingress_filtering);
        } else if (column == COL_PORT_GVRP && p->gvrp) {
            put_number(vbs, &mib_port_gvrp, p->number, MIB_INTEGER, p->gvrp);
        }
    }
}

void
switch_tables_to_varbinds(const struct switch_tables *t,
                          struct mib_varbinds *vbs)
{
    size_t n_rows, n_ports;
    const struct switch_vlan **rows = switch_tables_vlans(t, &n_rows);
    const struct switch_port **ports = switch_tables_ports(t, &n_ports);

    for (int column = COL_STATIC_NAME; column <= COL_STATIC_STATUS; column++) {
        put_vlans(rows, n_rows, column, vbs);
    }
    for (int column = COL_PVID; column <= COL_PORT_GVRP; column++) {
        put_ports(ports, n_ports, column, vbs);
    }
    free(rows);
    free(ports);
}
