/* SPDX-License-Identifier: Apache-2.0
 *
 * A small switch as bits: what it forwards, told from its tables alone, by
 * somebody who knows nothing of plans. */

#ifndef TESTS_UNIT_SWITCH_BITS_H
#define TESTS_UNIT_SWITCH_BITS_H 1

#include "switchcfg/model-switch.h"

#define SWITCH_BITS_PORTS 6     /* At most; lists are of one octet. */
#define SWITCH_BITS_VLANS 6

/* What is looked at. */
struct switch_bits_device {
    unsigned int n_ports;       /* 1, 2, ... */
    const unsigned int *vids;
    unsigned int n_vlans;
};

struct switch_bits {
    unsigned int exists;        /* Bit i: the VLAN vids[i] has a row, */
    unsigned int active;        /* that is active. */
    /* Bit p: port p + 1. */
    unsigned int egress[SWITCH_BITS_VLANS], untagged[SWITCH_BITS_VLANS];
    unsigned int forbidden[SWITCH_BITS_VLANS];
    /* 0: the device does not have it. */
    unsigned int pvid[SWITCH_BITS_PORTS], frames[SWITCH_BITS_PORTS];
    unsigned int filter[SWITCH_BITS_PORTS], gvrp[SWITCH_BITS_PORTS];
    /* passes[from][how]: where frames go that come in untagged (0) or tagged
     * with vids[how - 1]. */
    unsigned int passes[SWITCH_BITS_PORTS][SWITCH_BITS_VLANS + 1];
};
/* All of '*s' is set: two that are the same compare so with memcmp(). */
void switch_bits_take(const struct switch_bits_device *,
                      const struct model_switch *, struct switch_bits *s);

/* Objects of the switch, behind everybody's back. */
void switch_bits_number(struct model_switch *, const struct mib_oid *column,
                        uint32_t i, enum mib_type, uint64_t number);
void switch_bits_octets(struct model_switch *, const struct mib_oid *column,
                        uint32_t i, const char *octets, size_t n);
void switch_bits_list(struct model_switch *, const struct mib_oid *column,
                      uint32_t vid, unsigned int bits);

#endif /* tests/unit/switch-bits.h */
