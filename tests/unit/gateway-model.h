/* SPDX-License-Identifier: Apache-2.0
 *
 * Case study 1 of the TVD report, with its Table 3, as a model with all ids,
 * MACs and addresses: what tests of gateways start from. */

#ifndef TESTS_UNIT_GATEWAY_MODEL_H
#define TESTS_UNIT_GATEWAY_MODEL_H 1

#include "lib/model.h"

/* TVDs yellow (id 1) and red (2); EEs dc-y, gw-y (managed), console of yellow,
 * dc-r, gw-r (managed), pc1 of red; hosts mgmt1 (both types), desk1 (red). */
struct model *gateway_model_create(void);

/* An EE of kind namespace with one NIC "eth0" in TVD/role, with the id 'id',
 * a MAC made from it, and 'ips', separated by blanks. */
struct model_ee *gateway_model_add_ee(struct model *, const char *name,
                                      const char *tvd, const char *role,
                                      uint32_t id, const char *ips);

struct in6_addr gateway_model_ip(const char *);

#endif /* tests/unit/gateway-model.h */
