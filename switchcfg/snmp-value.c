/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/snmp-value.h"

#include <stdint.h>
#include "util.h"

bool
snmp_oid_get(const oid *ids, size_t n, struct mib_oid *to)
{
    if (n > MIB_OID_MAX) {
        return false;
    }
    to->n = n;
    for (size_t i = 0; i < n; i++) {
        if (ids[i] > UINT32_MAX) {
            return false;
        }
        to->ids[i] = ids[i];
    }
    return true;
}

size_t
snmp_oid_put(const struct mib_oid *from, oid *ids)
{
    for (size_t i = 0; i < from->n; i++) {
        ids[i] = from->ids[i];
    }
    return from->n;
}

bool
snmp_value_get(const netsnmp_variable_list *v, struct mib_value *to)
{
    struct mib_oid o;

    *to = (struct mib_value) { .type = v->type };
    switch (v->type) {
    case ASN_INTEGER:
        to->number = (int64_t) *v->val.integer;
        return true;
    case ASN_COUNTER:
    case ASN_UNSIGNED:
    case ASN_TIMETICKS:
        to->number = (uint32_t) *v->val.integer;
        return true;
    case ASN_COUNTER64:
        to->number = (uint64_t) v->val.counter64->high << 32
                     | (uint32_t) v->val.counter64->low;
        return true;
    case ASN_OBJECT_ID:
        if (!snmp_oid_get(v->val.objid, v->val_len / sizeof(oid), &o)) {
            to->type = MIB_NULL;
            return false;
        }
        to->oid = xmemdup(&o, sizeof o);
        return true;
    case ASN_NULL:
    case SNMP_NOSUCHOBJECT:
    case SNMP_NOSUCHINSTANCE:
    case SNMP_ENDOFMIBVIEW:
        return true;
    case ASN_OCTET_STR:
    case ASN_IPADDRESS:
        break;
    default:
        to->type = MIB_OPAQUE;  /* Of no use, and not an error. */
        if (v->type & ASN_CONSTRUCTOR || !v->val.string) {
            return true;
        }
        break;
    }
    to->octets = v->val_len ? xmemdup(v->val.string, v->val_len) : NULL;
    to->n_octets = v->val_len;
    return true;
}

void
snmp_add_varbind(netsnmp_pdu *pdu, const struct mib_varbind *vb)
{
    oid ids[MIB_OID_MAX], value_ids[MIB_OID_MAX];
    const struct mib_value *v = &vb->value;
    size_t n = snmp_oid_put(&vb->oid, ids);
    struct counter64 big;
    long int number = v->number;

    switch (v->type) {
    case MIB_OCTETS:
    case MIB_IP_ADDRESS:
    case MIB_OPAQUE:
        snmp_pdu_add_variable(pdu, ids, n, v->type,
                              v->octets ? v->octets : (uint8_t *) "",
                              v->n_octets);
        break;
    case MIB_OBJECT_ID:
        snmp_pdu_add_variable(pdu, ids, n, v->type, value_ids,
                              snmp_oid_put(v->oid, value_ids) * sizeof(oid));
        break;
    case MIB_COUNTER64:
        big.high = v->number >> 32;
        big.low = (uint32_t) v->number;
        snmp_pdu_add_variable(pdu, ids, n, v->type, &big, sizeof big);
        break;
    case MIB_INTEGER:
    case MIB_COUNTER32:
    case MIB_UNSIGNED32:
    case MIB_TIME_TICKS:
        snmp_pdu_add_variable(pdu, ids, n, v->type, &number, sizeof number);
        break;
    case MIB_NULL:
    case MIB_NO_SUCH_OBJECT:
    case MIB_NO_SUCH_INSTANCE:
    case MIB_END_OF_VIEW:
        snmp_add_null_var(pdu, ids, n);
        break;
    }
}
