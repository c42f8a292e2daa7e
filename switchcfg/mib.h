/* SPDX-License-Identifier: Apache-2.0
 *
 * What SNMP carries, as plain data: object identifiers, typed values and
 * varbinds, and the numbers of the objects that a switch is known by.
 *
 * Pure.  It sends nothing, knows no MIB files and no net-snmp: the adapter
 * (switchcfg/session.h) translates.  Types are numbered by their tag in ASN.1,
 * as in recorded devices (switchcfg/snmprec.h).
 *
 * Sources: RFC 3416 (SNMP), RFC 4188 (BRIDGE-MIB), RFC 4363 (Q-BRIDGE-MIB),
 * RFC 2863 (IF-MIB). */

#ifndef SWITCHCFG_MIB_H
#define SWITCHCFG_MIB_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

struct ds;

/* --- Object identifiers ----------------------------------------------------*/

#define MIB_OID_MAX 128         /* Sub-identifiers, RFC 3416 section 4.1. */

struct mib_oid {
    size_t n;
    uint32_t ids[MIB_OID_MAX];
};

/* MIB_OID(1, 3, 6, 1): a constant. */
#define MIB_OID(...)                                                    \
    { .n = sizeof ((uint32_t []) { __VA_ARGS__ }) / sizeof (uint32_t),  \
      .ids = { __VA_ARGS__ } }

/* Parses "1.3.6.1", also with a dot in front; at least one sub-identifier.
 * False, with '*oid' undefined, if 'text' (of 'len' bytes) is something
 * else. */
bool mib_oid_parse(const char *text, size_t len, struct mib_oid *oid);
void mib_oid_format(const struct mib_oid *, struct ds *);
char *mib_oid_to_string(const struct mib_oid *);        /* Caller frees. */
/* Less than, equal to or greater than 0, in the order of a walk. */
int mib_oid_compare(const struct mib_oid *, const struct mib_oid *);
/* True if 'oid' is 'prefix' or below it. */
bool mib_oid_has_prefix(const struct mib_oid *oid,
                        const struct mib_oid *prefix);
/* Appends 'id'.  'oid' must have room. */
void mib_oid_append(struct mib_oid *oid, uint32_t id);
/* 'base' with 'id' appended. */
struct mib_oid mib_oid_child(const struct mib_oid *base, uint32_t id);

/* --- Values ----------------------------------------------------------------*/

enum mib_type {
    MIB_INTEGER = 2,
    MIB_OCTETS = 4,             /* OCTET STRING. */
    MIB_NULL = 5,               /* What a GET sends. */
    MIB_OBJECT_ID = 6,
    MIB_IP_ADDRESS = 64,
    MIB_COUNTER32 = 65,
    MIB_UNSIGNED32 = 66,        /* Gauge32 too. */
    MIB_TIME_TICKS = 67,
    MIB_OPAQUE = 68,
    MIB_COUNTER64 = 70,
    MIB_NO_SUCH_OBJECT = 128,   /* Exceptions, as values in an answer. */
    MIB_NO_SUCH_INSTANCE = 129,
    MIB_END_OF_VIEW = 130,
};
/* "INTEGER", ...; "type 77" is NULL. */
const char *mib_type_to_string(enum mib_type);
/* True for the three exceptions. */
bool mib_type_is_exception(enum mib_type);
/* True if a value of this type is in 'number'. */
bool mib_type_is_number(enum mib_type);

struct mib_value {
    enum mib_type type;
    uint64_t number;            /* Of the number types; INTEGER sign-extended,
                                 * see mib_value_integer(). */
    uint8_t *octets;            /* MIB_OCTETS, MIB_IP_ADDRESS, MIB_OPAQUE; */
    size_t n_octets;            /* owned, may be NULL if 'n_octets' is 0. */
    struct mib_oid *oid;        /* MIB_OBJECT_ID; owned. */
};
/* As what a value of MIB_INTEGER is meant. */
static inline int64_t
mib_value_integer(const struct mib_value *v)
{
    return (int64_t) v->number;
}
void mib_value_clone(struct mib_value *dst, const struct mib_value *src);
/* Leaves a MIB_NULL. */
void mib_value_clear(struct mib_value *);
/* Same type and same value. */
bool mib_value_equal(const struct mib_value *, const struct mib_value *);
/* For people: numbers in decimal, octets as text if printable, else in hex. */
void mib_value_format(const struct mib_value *, struct ds *);

/* --- Varbinds --------------------------------------------------------------*/

struct mib_varbind {
    struct mib_oid oid;
    struct mib_value value;
};

/* A list of varbinds, owning its values.  Zeroed is empty. */
struct mib_varbinds {
    struct mib_varbind *v;
    size_t n;
    size_t allocated;
};
void mib_varbinds_destroy(struct mib_varbinds *);       /* Then as empty. */
void mib_varbinds_swap(struct mib_varbinds *, struct mib_varbinds *);
/* Each appends a varbind and returns it, valid until the next append. */
struct mib_varbind *mib_varbinds_add(struct mib_varbinds *,
                                     const struct mib_oid *,
                                     const struct mib_value *);
struct mib_varbind *mib_varbinds_add_null(struct mib_varbinds *,
                                          const struct mib_oid *);
/* 'type': one of the number types. */
struct mib_varbind *mib_varbinds_add_number(struct mib_varbinds *,
                                            const struct mib_oid *,
                                            enum mib_type, uint64_t number);
struct mib_varbind *mib_varbinds_add_octets(struct mib_varbinds *,
                                            const struct mib_oid *,
                                            const void *, size_t n);

/* --- Size on the wire ------------------------------------------------------
 *
 * Agents of switches are known to fail on requests that IP has to fragment,
 * so that requests are kept small by us. */

/* Largest message sent: 1,500 octets less headers of IPv4 and UDP. */
#define MIB_MAX_MESSAGE 1472
/* What the message around the varbinds takes at most: version, 32 octets of
 * engine id twice, user name of 32, authentication (SHA-512: 48) and privacy
 * parameters, context, PDU header, padding of the cipher. */
#define MIB_MESSAGE_OVERHEAD 240
/* The same for an engine id, user name and authentication parameters, or a
 * community, of so many octets. */
size_t mib_overhead_v3(size_t engine, size_t user, size_t auth);
size_t mib_overhead_v2c(size_t community);

/* Octets of one varbind in BER, exactly. */
size_t mib_varbind_size(const struct mib_varbind *);

/* --- SNMP's words ----------------------------------------------------------*/

/* error-status of an answer (RFC 3416): "noError", "notWritable", ... */
const char *mib_error_to_string(int error_status);
#define MIB_ERROR_NONE 0
#define MIB_ERROR_TOO_BIG 1
#define MIB_ERROR_GENERIC 5
#define MIB_ERROR_WRONG_VALUE 10
#define MIB_ERROR_INCONSISTENT_VALUE 12
#define MIB_ERROR_RESOURCE_UNAVAILABLE 13
#define MIB_ERROR_COMMIT_FAILED 14
#define MIB_ERROR_NOT_WRITABLE 17

/* RowStatus (RFC 2579). */
#define MIB_ROW_ACTIVE 1
#define MIB_ROW_NOT_IN_SERVICE 2
#define MIB_ROW_NOT_READY 3
#define MIB_ROW_CREATE_AND_GO 4
#define MIB_ROW_CREATE_AND_WAIT 5
#define MIB_ROW_DESTROY 6

/* TruthValue, EnabledStatus. */
#define MIB_TRUE 1
#define MIB_FALSE 2
#define MIB_ENABLED 1
#define MIB_DISABLED 2

/* dot1qPortAcceptableFrameTypes. */
#define MIB_FRAMES_ALL 1
#define MIB_FRAMES_TAGGED 2
#define MIB_FRAMES_UNTAGGED 3   /* Of IEEE8021-Q-BRIDGE-MIB. */

/* --- Objects ---------------------------------------------------------------
 *
 * Columns without index; scalars with their .0. */

extern const struct mib_oid
    mib_sys_descr,              /* .0, DisplayString */
    mib_sys_object_id,          /* .0, OBJECT IDENTIFIER */
    mib_sys_up_time,            /* .0, TimeTicks */
    mib_sys_name,               /* .0 */
    mib_if_descr,               /* .ifIndex */
    mib_if_type,
    mib_if_name,
    mib_if_alias,
    mib_base_port_if_index,     /* dot1dBasePortIfIndex.basePort */
    mib_gvrp_status,            /* dot1qGvrpStatus.0 */
    mib_vlan_current_egress,    /* .TimeMark.vid, PortList */
    mib_vlan_current_untagged,
    mib_vlan_static_name,       /* .vid */
    mib_vlan_static_egress,
    mib_vlan_static_forbidden,
    mib_vlan_static_untagged,
    mib_vlan_static_row_status,
    mib_pvid,                   /* .basePort, Unsigned32 */
    mib_acceptable_frames,
    mib_ingress_filtering,
    mib_port_gvrp,
    /* CISCO-VLAN-MEMBERSHIP-MIB and CISCO-VTP-MIB, .ifIndex. */
    mib_cisco_vm_vlan,
    mib_cisco_trunk_vlans,      /* Of VLANs 0..1023, octets. */
    mib_cisco_trunk_vlans_2k,
    mib_cisco_trunk_vlans_3k,
    mib_cisco_trunk_vlans_4k,
    mib_cisco_trunk_native,
    mib_cisco_trunk_dynamic,    /* vlanTrunkPortDynamicState */
    mib_cisco_trunk_encapsulation, /* vlanTrunkPortEncapsulationType */
    mib_cisco_vlan_name,        /* vtpVlanName.domain.vid */
    mib_cisco_vlan_state,       /* vtpVlanState.domain.vid */
    mib_cisco_edit_operation,   /* vtpVlanEditOperation.domain */
    mib_cisco_edit_owner,       /* vtpVlanEditBufferOwner.domain */
    mib_cisco_edit_type,        /* vtpVlanEditType.domain.vid */
    mib_cisco_edit_name,
    mib_cisco_edit_said,        /* vtpVlanEditDot10Said, 4 octets */
    mib_cisco_edit_row_status;

#define MIB_VID_MAX 4094

#endif /* switchcfg/mib.h */
