/* SPDX-License-Identifier: Apache-2.0
 *
 * A switch's VLAN tables as they were read.
 *
 * Pure.  Fed with varbinds, one at a time and in any order, that a device (or
 * who pretends to be it) sent: types and indexes are checked, what is not
 * understood is counted and left out.  Nothing is made up: an object that the
 * device does not have is told from one that is 0, lists keep their lengths
 * and all their bits.
 *
 * Memory is bounded by SWITCH_TABLES_MAX, however much a device sends. */

#ifndef SWITCHCFG_TABLES_H
#define SWITCHCFG_TABLES_H 1

#include "openvswitch/hmap.h"
#include "switchcfg/mib.h"
#include "switchcfg/portlist.h"

struct sset;
struct switch_profile;

#define SWITCH_TABLES_MAX 65536 /* VLANs, ports, interfaces, each; */
#define SWITCH_OCTETS_MAX 8192  /* and octets of a list or name. */

/* A row of dot1qVlanStaticTable, and of the current table for its VID. */
struct switch_vlan {
    struct hmap_node node;      /* In 'vlans', by 'row'. */
    uint32_t row;               /* Index of the static row; the VID but for
                                 * SWITCH_ROW_IF_INDEX. */
    unsigned int vid;           /* 1..4094; 0: not known (see
                                 * switch_tables_finish()). */
    bool is_static;             /* There is something in the static table. */
    bool is_current;            /* and in the current one. */
    uint8_t *name;              /* As read: octets, often NUL-terminated. */
    size_t n_name;
    bool has_name, has_egress, has_forbidden, has_untagged;
    struct portlist egress, forbidden, untagged;
    int row_status;             /* 0: not there. */
    bool bad;                   /* Something in the static row was wrong. */
    bool has_current_egress, has_current_untagged;
    uint32_t time_mark;         /* Of the current lists: the newest. */
    struct portlist current_egress, current_untagged;
    uint32_t domain;            /* Cisco: of VTP; 0: not there. */
};

/* A port of the bridge. */
struct switch_port {
    struct hmap_node node;      /* In 'ports', by 'number'. */
    uint32_t number;            /* dot1dBasePort; Cisco, which numbers them
                                 * anew for each VLAN: the ifIndex. */
    uint32_t if_index;          /* 0: not told. */
    bool has_pvid;
    uint32_t pvid;              /* VID; see also 'pvid_type'. */
    enum mib_type pvid_type;    /* As the device sends it. */
    int acceptable_frames;      /* 0: not there. */
    int ingress_filtering;
    int gvrp;
    bool bad;                   /* Something of the port was wrong. */
};

/* An interface. */
struct switch_interface {
    struct hmap_node node;      /* In 'interfaces', by 'if_index'. */
    uint32_t if_index;
    char *name, *descr, *alias; /* Printable; NULL: not there. */
    int type;                   /* ifType; 0: not there. */
    /* Cisco; 0 and not 'has_': not there. */
    uint32_t vm_vlan;
    uint32_t trunk_native;
    int trunk_dynamic;
    int trunk_encapsulation;
    bool has_trunk_vlans[4];
    struct portlist trunk_vlans[4]; /* Octets as read: bits 0..1023 each. */
};

struct switch_tables {
    const struct switch_profile *profile; /* Borrowed. */
    struct mib_oid object_id;   /* 'n' is 0: not there. */
    char *descr;                /* sysDescr; printable; NULL: not there. */
    char *sys_name;
    bool has_up_time;
    uint32_t up_time;           /* Hundredths of a second. */
    int gvrp;                   /* dot1qGvrpStatus; 0: not there. */
    struct hmap vlans;          /* "struct switch_vlan". */
    struct hmap ports;          /* "struct switch_port". */
    struct hmap interfaces;     /* "struct switch_interface". */
    struct switch_vlan **by_vid; /* 4096 elements, by switch_tables_finish();
                                 * a VID without a row is NULL. */
    size_t n_bad;               /* Varbinds that were wrong, */
    char *first_bad;            /* and what the first was; or NULL. */
    bool rows_bad;              /* Among them an index of a static row. */
    size_t overhead;            /* Octets that a message to it has around its
                                 * varbinds, at most. */
};

/* Empty tables of a device of this kind.  'profile' must outlive them. */
void switch_tables_init(struct switch_tables *,
                        const struct switch_profile *);
void switch_tables_destroy(struct switch_tables *);     /* Then re-init. */
void switch_tables_clone(struct switch_tables *dst,
                         const struct switch_tables *src);

/* Takes in one varbind.  Returns true if it belongs here and is right; false
 * if it is of no interest or, counted in 'n_bad', wrong. */
bool switch_tables_add(struct switch_tables *, const struct mib_varbind *);
/* To be called when all is in, before anything below: finds out VIDs. */
void switch_tables_finish(struct switch_tables *);

struct switch_vlan *switch_tables_row(const struct switch_tables *,
                                      uint32_t row);
/* The VLAN 'vid', with a static row if 'is_static'; NULL if there is none. */
struct switch_vlan *switch_tables_vlan(const struct switch_tables *,
                                       unsigned int vid);
struct switch_port *switch_tables_port(const struct switch_tables *,
                                       uint32_t number);
struct switch_interface *switch_tables_interface(const struct switch_tables *,
                                                 uint32_t if_index);
/* Sorted by VID (row) and number, '*n' elements; caller frees the array. */
const struct switch_vlan **switch_tables_vlans(const struct switch_tables *,
                                               size_t *n);
const struct switch_port **switch_tables_ports(const struct switch_tables *,
                                               size_t *n);

/* Finds the port that people call 'name': ifName, ifDescr, ifAlias, or the
 * port's number ("7"; "port 7" and "#7" mean nothing else).  All of these are
 * looked at, in this order, letters' case is ignored if nothing fits exactly.
 * Returns NULL and sets '*portp', or what is wrong: none, with the nearest
 * names; or several, which are then named.  Caller frees. */
char *switch_tables_find_port(const struct switch_tables *, const char *name,
                              const struct switch_port **portp)
    OVS_WARN_UNUSED_RESULT;
/* "port 7 (Gi1/0/7)", for messages; caller frees. */
char *switch_tables_port_label(const struct switch_tables *,
                               const struct switch_port *);
/* The name of a VLAN, without what is after a NUL, control characters as
 * "?"; caller frees. */
char *switch_vlan_label(const struct switch_vlan *);

/* All that SETs can change, as the device has it, as varbinds in the order of
 * a walk: what was read without loss. */
void switch_tables_to_varbinds(const struct switch_tables *,
                               struct mib_varbinds *);

#endif /* switchcfg/tables.h */
