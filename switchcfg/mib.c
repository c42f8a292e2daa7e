/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/mib.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* --- Object identifiers ----------------------------------------------------*/

bool
mib_oid_parse(const char *text, size_t len, struct mib_oid *oid)
{
    size_t i = len && text[0] == '.';

    oid->n = 0;
    for (;;) {
        uint64_t id = 0;
        size_t start = i;

        while (i < len && text[i] >= '0' && text[i] <= '9') {
            id = id * 10 + (text[i] - '0');
            if (id > UINT32_MAX) {
                return false;
            }
            i++;
        }
        if (i == start || oid->n >= MIB_OID_MAX) {
            return false;
        }
        oid->ids[oid->n++] = id;
        if (i == len) {
            return true;
        }
        if (text[i++] != '.') {
            return false;
        }
    }
}

void
mib_oid_format(const struct mib_oid *oid, struct ds *out)
{
    for (size_t i = 0; i < oid->n; i++) {
        ds_put_format(out, "%s%"PRIu32, i ? "." : "", oid->ids[i]);
    }
}

char *
mib_oid_to_string(const struct mib_oid *oid)
{
    struct ds out = DS_EMPTY_INITIALIZER;

    mib_oid_format(oid, &out);
    return ds_steal_cstr(&out);
}

int
mib_oid_compare(const struct mib_oid *a, const struct mib_oid *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (a->ids[i] != b->ids[i]) {
            return a->ids[i] < b->ids[i] ? -1 : 1;
        }
    }
    return a->n < b->n ? -1 : a->n > b->n;
}

bool
mib_oid_has_prefix(const struct mib_oid *oid, const struct mib_oid *prefix)
{
    return oid->n >= prefix->n
           && !memcmp(oid->ids, prefix->ids, prefix->n * sizeof *oid->ids);
}

void
mib_oid_append(struct mib_oid *oid, uint32_t id)
{
    ovs_assert(oid->n < MIB_OID_MAX);
    oid->ids[oid->n++] = id;
}

struct mib_oid
mib_oid_child(const struct mib_oid *base, uint32_t id)
{
    struct mib_oid oid = *base;

    mib_oid_append(&oid, id);
    return oid;
}

/* --- Values ----------------------------------------------------------------*/

const char *
mib_type_to_string(enum mib_type type)
{
    switch (type) {
    case MIB_INTEGER: return "INTEGER";
    case MIB_OCTETS: return "OCTET STRING";
    case MIB_NULL: return "NULL";
    case MIB_OBJECT_ID: return "OBJECT IDENTIFIER";
    case MIB_IP_ADDRESS: return "IpAddress";
    case MIB_COUNTER32: return "Counter32";
    case MIB_UNSIGNED32: return "Unsigned32";
    case MIB_TIME_TICKS: return "TimeTicks";
    case MIB_OPAQUE: return "Opaque";
    case MIB_COUNTER64: return "Counter64";
    case MIB_NO_SUCH_OBJECT: return "noSuchObject";
    case MIB_NO_SUCH_INSTANCE: return "noSuchInstance";
    case MIB_END_OF_VIEW: return "endOfMibView";
    }
    return NULL;
}

bool
mib_type_is_exception(enum mib_type type)
{
    return type == MIB_NO_SUCH_OBJECT || type == MIB_NO_SUCH_INSTANCE
           || type == MIB_END_OF_VIEW;
}

bool
mib_type_is_number(enum mib_type type)
{
    return type == MIB_INTEGER || type == MIB_COUNTER32
           || type == MIB_UNSIGNED32 || type == MIB_TIME_TICKS
           || type == MIB_COUNTER64;
}

void
mib_value_clone(struct mib_value *dst, const struct mib_value *src)
{
    *dst = *src;
    if (src->octets) {
        dst->octets = xmemdup(src->octets, MAX(src->n_octets, 1));
    }
    if (src->oid) {
        dst->oid = xmemdup(src->oid, sizeof *src->oid);
    }
}

void
mib_value_clear(struct mib_value *v)
{
    free(v->octets);
    free(v->oid);
    *v = (struct mib_value) { .type = MIB_NULL };
}

bool
mib_value_equal(const struct mib_value *a, const struct mib_value *b)
{
    if (a->type != b->type) {
        return false;
    } else if (mib_type_is_number(a->type)) {
        return a->number == b->number;
    } else if (a->type == MIB_OBJECT_ID) {
        return !mib_oid_compare(a->oid, b->oid);
    }
    return a->n_octets == b->n_octets
           && (!a->n_octets || !memcmp(a->octets, b->octets, a->n_octets));
}

void
mib_value_format(const struct mib_value *v, struct ds *out)
{
    bool printable = v->n_octets > 0;

    for (size_t i = 0; i < v->n_octets; i++) {
        printable = printable && v->octets[i] >= ' ' && v->octets[i] < 0x7f;
    }
    if (v->type == MIB_INTEGER) {
        ds_put_format(out, "%"PRId64, mib_value_integer(v));
    } else if (mib_type_is_number(v->type)) {
        ds_put_format(out, "%"PRIu64, v->number);
    } else if (v->type == MIB_OBJECT_ID) {
        mib_oid_format(v->oid, out);
    } else if (v->type == MIB_NULL || mib_type_is_exception(v->type)) {
        ds_put_cstr(out, mib_type_to_string(v->type));
    } else if (printable) {
        ds_put_format(out, "\"%.*s\"", (int) v->n_octets,
                      (const char *) v->octets);
    } else {
        ds_put_cstr(out, "0x");
        for (size_t i = 0; i < v->n_octets; i++) {
            ds_put_format(out, "%02x", v->octets[i]);
        }
    }
}

/* --- Varbinds --------------------------------------------------------------*/

void
mib_varbinds_destroy(struct mib_varbinds *vbs)
{
    for (size_t i = 0; i < vbs->n; i++) {
        mib_value_clear(&vbs->v[i].value);
    }
    free(vbs->v);
    *vbs = (struct mib_varbinds) { .n = 0 };
}

void
mib_varbinds_swap(struct mib_varbinds *a, struct mib_varbinds *b)
{
    struct mib_varbinds tmp = *a;

    *a = *b;
    *b = tmp;
}

struct mib_varbind *
mib_varbinds_add_null(struct mib_varbinds *vbs, const struct mib_oid *oid)
{
    struct mib_varbind *vb;

    if (vbs->n >= vbs->allocated) {
        vbs->v = x2nrealloc(vbs->v, &vbs->allocated, sizeof *vbs->v);
    }
    vb = &vbs->v[vbs->n++];
    vb->oid = *oid;
    vb->value = (struct mib_value) { .type = MIB_NULL };
    return vb;
}

struct mib_varbind *
mib_varbinds_add(struct mib_varbinds *vbs, const struct mib_oid *oid,
                 const struct mib_value *value)
{
    struct mib_varbind *vb = mib_varbinds_add_null(vbs, oid);

    mib_value_clone(&vb->value, value);
    return vb;
}

struct mib_varbind *
mib_varbinds_add_number(struct mib_varbinds *vbs, const struct mib_oid *oid,
                        enum mib_type type, uint64_t number)
{
    struct mib_varbind *vb = mib_varbinds_add_null(vbs, oid);

    vb->value.type = type;
    vb->value.number = number;
    return vb;
}

struct mib_varbind *
mib_varbinds_add_octets(struct mib_varbinds *vbs, const struct mib_oid *oid,
                        const void *octets, size_t n)
{
    struct mib_varbind *vb = mib_varbinds_add_null(vbs, oid);

    vb->value.type = MIB_OCTETS;
    vb->value.octets = xmemdup(n ? octets : "", MAX(n, 1));
    vb->value.n_octets = n;
    return vb;
}

/* --- Size on the wire ------------------------------------------------------*/

/* Octets of a length field for contents of 'n' octets. */
static size_t
length_size(size_t n)
{
    return n < 0x80 ? 1 : n < 0x100 ? 2 : n < 0x10000 ? 3 : 4;
}

static size_t
oid_contents_size(const struct mib_oid *oid)
{
    size_t size = 1;            /* The first two share an octet or more. */

    if (oid->n && oid->ids[0] == 2 && oid->n > 1 && oid->ids[1] > 47) {
        size = 5;
    }
    for (size_t i = 2; i < oid->n; i++) {
        uint32_t id = oid->ids[i];

        size += id < 1u << 7 ? 1 : id < 1u << 14 ? 2 : id < 1u << 21 ? 3
                : id < 1u << 28 ? 4 : 5;
    }
    return size;
}

/* Of two's complement, without redundant octets in front. */
static size_t
integer_contents_size(int64_t value)
{
    uint64_t magnitude = value < 0 ? ~(uint64_t) value : value;
    size_t size = 1;

    while (magnitude > 127) {
        magnitude >>= 8;
        size++;
    }
    return size;
}

static size_t
value_contents_size(const struct mib_value *v)
{
    if (v->type == MIB_OBJECT_ID) {
        return oid_contents_size(v->oid);
    } else if (mib_type_is_number(v->type)) {
        /* An unsigned value that looks negative takes an octet more. */
        return v->type == MIB_COUNTER64 && v->number > INT64_MAX
               ? 9 : integer_contents_size(mib_value_integer(v));
    }
    return v->n_octets;
}

size_t
mib_varbind_size(const struct mib_varbind *vb)
{
    size_t oid = oid_contents_size(&vb->oid);
    size_t value = value_contents_size(&vb->value);
    size_t both = 1 + length_size(oid) + oid + 1 + length_size(value) + value;

    return 1 + length_size(both) + both;
}

/* Octets of a header in BER, if what follows is as long as a message; of small
 * numbers and of large ones. */
#define HEADER 4
#define SMALL 3
#define LARGE 6

/* Request id, error-status and -index, list of varbinds. */
#define PDU (HEADER + LARGE + 2 * SMALL + HEADER)

size_t
mib_overhead_v3(size_t engine, size_t user, size_t auth)
{
    size_t header = 2 + LARGE + LARGE + SMALL + SMALL;
    size_t security = 2 * HEADER + 2 + engine + 2 * LARGE + 2 + user
                      + 2 + auth + 2 + 8;
    size_t scoped = 2 * HEADER + 2 + engine + 2;

    return HEADER + SMALL + header + security + scoped + PDU;
}

size_t
mib_overhead_v2c(size_t community)
{
    return HEADER + SMALL + HEADER + community + PDU;
}

/* --- SNMP's words ----------------------------------------------------------*/

const char *
mib_error_to_string(int error_status)
{
    static const char *const names[] = {
        "noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr",
        "noAccess", "wrongType", "wrongLength", "wrongEncoding", "wrongValue",
        "noCreation", "inconsistentValue", "resourceUnavailable",
        "commitFailed", "undoFailed", "authorizationError", "notWritable",
        "inconsistentName",
    };

    return error_status >= 0 && error_status < ARRAY_SIZE(names)
           ? names[error_status] : "unknown error";
}

/* --- Objects ---------------------------------------------------------------*/

#define MIB2 1, 3, 6, 1, 2, 1
#define BRIDGE MIB2, 17
#define QVLAN BRIDGE, 7, 1, 4
#define CISCO 1, 3, 6, 1, 4, 1, 9, 9
#define CISCO_TRUNK CISCO, 46, 1, 6, 1, 1
#define OID(...) MIB_OID(__VA_ARGS__)

const struct mib_oid
    mib_sys_descr = OID(MIB2, 1, 1, 0),
    mib_sys_object_id = OID(MIB2, 1, 2, 0),
    mib_sys_up_time = OID(MIB2, 1, 3, 0),
    mib_sys_name = OID(MIB2, 1, 5, 0),
    mib_if_descr = OID(MIB2, 2, 2, 1, 2),
    mib_if_type = OID(MIB2, 2, 2, 1, 3),
    mib_if_name = OID(MIB2, 31, 1, 1, 1, 1),
    mib_if_alias = OID(MIB2, 31, 1, 1, 1, 18),
    mib_base_port_if_index = OID(BRIDGE, 1, 4, 1, 2),
    mib_gvrp_status = OID(BRIDGE, 7, 1, 1, 5, 0),
    mib_vlan_current_egress = OID(QVLAN, 2, 1, 4),
    mib_vlan_current_untagged = OID(QVLAN, 2, 1, 5),
    mib_vlan_static_name = OID(QVLAN, 3, 1, 1),
    mib_vlan_static_egress = OID(QVLAN, 3, 1, 2),
    mib_vlan_static_forbidden = OID(QVLAN, 3, 1, 3),
    mib_vlan_static_untagged = OID(QVLAN, 3, 1, 4),
    mib_vlan_static_row_status = OID(QVLAN, 3, 1, 5),
    mib_pvid = OID(QVLAN, 5, 1, 1),
    mib_acceptable_frames = OID(QVLAN, 5, 1, 2),
    mib_ingress_filtering = OID(QVLAN, 5, 1, 3),
    mib_port_gvrp = OID(QVLAN, 5, 1, 4),
    mib_cisco_vm_vlan = OID(CISCO, 68, 1, 2, 2, 1, 2),
    mib_cisco_trunk_encapsulation = OID(CISCO_TRUNK, 3),
    mib_cisco_trunk_vlans = OID(CISCO_TRUNK, 4),
    mib_cisco_trunk_native = OID(CISCO_TRUNK, 5),
    mib_cisco_trunk_dynamic = OID(CISCO_TRUNK, 13),
    mib_cisco_trunk_vlans_2k = OID(CISCO_TRUNK, 17),
    mib_cisco_trunk_vlans_3k = OID(CISCO_TRUNK, 18),
    mib_cisco_trunk_vlans_4k = OID(CISCO_TRUNK, 19),
    mib_cisco_vlan_state = OID(CISCO, 46, 1, 3, 1, 1, 2),
    mib_cisco_vlan_name = OID(CISCO, 46, 1, 3, 1, 1, 4),
    mib_cisco_edit_operation = OID(CISCO, 46, 1, 4, 1, 1, 1),
    mib_cisco_edit_owner = OID(CISCO, 46, 1, 4, 1, 1, 3),
    mib_cisco_edit_type = OID(CISCO, 46, 1, 4, 2, 1, 3),
    mib_cisco_edit_name = OID(CISCO, 46, 1, 4, 2, 1, 4),
    mib_cisco_edit_said = OID(CISCO, 46, 1, 4, 2, 1, 6),
    mib_cisco_edit_row_status = OID(CISCO, 46, 1, 4, 2, 1, 11);
