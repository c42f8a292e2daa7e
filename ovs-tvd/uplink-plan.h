/* SPDX-License-Identifier: Apache-2.0
 *
 * The port of our bridge that leads to the fabric: what is wrong with its row,
 * as data.  Pure; the adapter (vswitch) observes and carries out.
 *
 * The port's VLAN settings do not matter to our flows, which tag frames and
 * let them in themselves.  They are kept equal to what the flows do so that
 * people, and whoever configures the switch, see it where they look for it:
 * vlan_mode "trunk", and in 'trunks' the VLANs carried.
 *
 * Source: ovs-vswitchd.conf.db(5), table Port: no trunks means all VLANs, so
 * "none" is written as the one id that no frame can have. */

#ifndef OVS_TVD_UPLINK_PLAN_H
#define OVS_TVD_UPLINK_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The mark on the interface of the uplink, in external_ids, beside
 * BRIDGE_MARK. */
#define UPLINK_MARK "tvd-uplink"
/* external_ids of the Open_vSwitch row: the device to use. */
#define UPLINK_KEY "tvd-uplink"

/* A VLAN id that stands for "none". */
#define UPLINK_NO_VLAN 4095

struct uplink_state {
    const int64_t *trunks;
    size_t n_trunks;
    const char *vlan_mode;      /* NULL: not set. */
    bool tag, cvlans;
    bool marked;                /* Both marks are there. */
};

enum uplink_fix {
    UPLINK_FIX_MODE = 1 << 0,   /* vlan_mode, tag, cvlans. */
    UPLINK_FIX_TRUNKS = 1 << 1,
    UPLINK_FIX_MARK = 1 << 2,
};

/* The trunks for the VLANs of 'vlans', a bitmap of 4,096 bits; stores their
 * number in '*n'.  Sorted; caller frees. */
int64_t *uplink_trunks(const unsigned long *vlans, size_t *n);

/* What has to be put right, a bitwise OR of enum uplink_fix; 'trunks' is what
 * uplink_trunks() makes, NULL: not known yet, leave them. */
unsigned int uplink_plan(const struct uplink_state *, const int64_t *trunks,
                         size_t n_trunks);

#endif /* ovs-tvd/uplink-plan.h */
