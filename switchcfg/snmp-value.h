/* SPDX-License-Identifier: Apache-2.0
 *
 * OIDs and values as libsnmp has them, and as we do; for snmp.c alone, as it
 * includes net-snmp's headers. */

#ifndef SWITCHCFG_SNMP_VALUE_H
#define SWITCHCFG_SNMP_VALUE_H 1

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

/* Of net-snmp's configuration, not ours. */
#undef PACKAGE_BUGREPORT
#undef PACKAGE_NAME
#undef PACKAGE_STRING
#undef PACKAGE_TARNAME
#undef PACKAGE_VERSION

#include "switchcfg/mib.h"

/* False if it cannot be an OID. */
bool snmp_oid_get(const oid *ids, size_t n, struct mib_oid *);
/* Returns the number of 'ids', which has room for MIB_OID_MAX. */
size_t snmp_oid_put(const struct mib_oid *, oid *ids);
/* Copies a value.  False if it is not what its type says. */
bool snmp_value_get(const netsnmp_variable_list *, struct mib_value *);
void snmp_add_varbind(netsnmp_pdu *, const struct mib_varbind *);

#endif /* switchcfg/snmp-value.h */
