/* SPDX-License-Identifier: Apache-2.0
 *
 * The local Open_vSwitch database: makes our bridge and keeps its settings as
 * they must be, tells which interfaces are on it, and adds and removes the
 * ports that are ours.  It does not touch flows and knows nothing of policy.
 *
 * What it owns in the database: the row of the bridge (created with
 * fail_mode=secure in one transaction, so that no port ever sees a standalone
 * switch), ports marked external_ids:tvd-managed=true.  Other ports on the
 * bridge are left alone, but for tag, trunks, vlan_mode and cvlans of ports
 * that vswitch_protect() names, and such a port is put back if it is deleted
 * while its network device is still there.  With a user-space data path a port
 * of either kind whose device was made anew is taken out and put in again
 * (ovs-tvd/replug.h).
 *
 * One port may lead to the fabric.  It is ours: made, marked, kept a trunk of
 * the VLANs that are carried (ovs-tvd/uplink-plan.h), and taken away when
 * another one is named.
 *
 * Repairs are reported through the sink as "drift".
 *
 * Usage, in the main loop: vswitch_run(), then read, then
 * vswitch_commit_and_wait(), once each per iteration. */

#ifndef OVS_TVD_VSWITCH_H
#define OVS_TVD_VSWITCH_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "smap.h"

struct report_sink;
struct vswitch;

/* An interface on our bridge. */
struct vswitch_iface {
    char *name;                 /* Of the port and the interface. */
    bool device;                /* Of no special type: a network device that
                                 * was there before. */
    unsigned int ifindex;       /* Of the device, 0 if not known. */
    char *iface_id;             /* external_ids:iface-id, or NULL. */
    char *attached_mac;         /* external_ids:attached-mac, or NULL. */
    ofp_port_t ofport;          /* OFPP_NONE until ovs-vswitchd gave one. */
    char *error;                /* Of ovs-vswitchd, NULL if none. */
};

/* 'remote' is e.g. "unix:/run/openvswitch/db.sock"; 'datapath_type' is
 * "system" or "netdev" (see vswitch_datapath_type()).  'sink' is borrowed and
 * may be NULL. */
struct vswitch *vswitch_create(const char *remote, const char *bridge,
                               const char *datapath_type,
                               const struct report_sink *sink);
void vswitch_destroy(struct vswitch *);

/* "system" if the kernel has an Open vSwitch data path (generic netlink
 * family ovs_datapath), else "netdev". */
const char *vswitch_datapath_type(void);

/* 'now' is time_msec(). */
void vswitch_run(struct vswitch *, long long int now);
void vswitch_commit_and_wait(struct vswitch *);

/* True while connected, the database has been read and our bridge is in it
 * with the right settings.  False changes nothing by itself. */
bool vswitch_is_ready(const struct vswitch *);

/* Grows when anything that can be read here has changed. */
uint64_t vswitch_generation(const struct vswitch *);

/* "struct vswitch_iface *" by name; all of the bridge but its own port and the
 * uplink.  As of the last time the database could be read. */
const struct shash *vswitch_ifaces(const struct vswitch *);

/* external_ids of the Open_vSwitch row, "" if absent. */
const char *vswitch_external_id(const struct vswitch *, const char *key);

/* The ports that are wanted on the bridge as ours: port name -> iface-id.
 * Copied.  Until the first call none of our ports is removed. */
void vswitch_want_ports(struct vswitch *, const struct smap *ports);

/* The network device that leads to the fabric; NULL or "": none.  Until the
 * first call the port that is marked as such is taken for it. */
void vswitch_set_uplink(struct vswitch *, const char *device);
/* Its OpenFlow port; OFPP_NONE: there is none, or it has no number yet. */
ofp_port_t vswitch_uplink_port(const struct vswitch *);
/* The index of its device, 0: not known; stores the device's name. */
unsigned int vswitch_uplink_device(const struct vswitch *, const char **name);
/* What is wrong with it, NULL: nothing, or there is to be none. */
const char *vswitch_uplink_error(const struct vswitch *);

/* The VLANs carried there, a bitmap of 4,096 bits.  Until the first call they
 * are left as they are. */
void vswitch_set_vlans(struct vswitch *, const unsigned long *vlans);

/* From now on (not any more) 'port' is an EE's: see above. */
void vswitch_protect(struct vswitch *, const char *port);
void vswitch_unprotect(struct vswitch *, const char *port);

#endif /* ovs-tvd/vswitch.h */
