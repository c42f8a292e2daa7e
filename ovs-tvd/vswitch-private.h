/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of vswitch share.  Not for anyone else. */

#ifndef OVS_TVD_VSWITCH_PRIVATE_H
#define OVS_TVD_VSWITCH_PRIVATE_H 1

#include "lib/idl-redial.h"
#include "ovs-tvd/replug.h"
#include "ovs-tvd/vswitch.h"
#include "ovsdb-idl.h"
#include "sset.h"
#include "vswitch-idl.h"

/* A port that is put back when it is deleted. */
struct saved_port {
    struct smap external_ids;   /* As last seen. */
    char *type;                 /* Of the interface. */
    long long int missing;      /* Since when, 0 if it is there. */
};

struct vswitch {
    struct ovsdb_idl_loop loop;
    struct idl_redial redial;
    char *remote;
    char *bridge;
    char *datapath_type;
    const struct report_sink *sink;

    unsigned int seqno;         /* Of the IDL, as last read. */
    uint64_t generation;
    bool ready;
    bool had_bridge;            /* It has been there since we began. */
    struct shash ifaces;        /* "struct vswitch_iface *" by name. */
    struct smap external_ids;   /* Of the Open_vSwitch row. */
    struct shash saved;         /* "struct saved_port *" by port name. */
    struct smap wanted;         /* Our ports. */
    struct sset placed;         /* Of these, those that have been there. */
    bool wanted_known;
    struct replug replug;       /* Ports that lost their device. */
    char *uplink;               /* Device, NULL: none. */
    bool uplink_known;          /* It has been said. */
    bool uplink_placed;         /* Its port has been there. */
    ofp_port_t uplink_port;
    unsigned int uplink_ifindex;        /* 0: not known. */
    char *uplink_error;
    int64_t *trunks;            /* For it, NULL: not known yet. */
    size_t n_trunks;
    bool trunks_news;           /* To differ from them is no drift yet. */
    struct sset reports;        /* What the transaction under way repairs. */
    long long int now;
    long long int retry_at;     /* No transaction before this. */
    bool check;                 /* Compare, even if nothing has changed. */
};

bool vswitch_connected(const struct vswitch *);
const struct ovsrec_bridge *vswitch_find_bridge(const struct vswitch *);
const struct ovsrec_port *vswitch_find_port(const struct ovsrec_bridge *,
                                            const char *name);
ofp_port_t vswitch_iface_ofport(const struct ovsrec_interface *);
void vswitch_read_ifaces(struct vswitch *, const struct ovsrec_bridge *);

/* What the transaction under way repairs: reported once it is committed. */
void vswitch_note_repair(struct vswitch *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);
/* A port with one interface, not yet on any bridge. */
struct ovsrec_port *vswitch_make_port(struct ovsdb_idl_txn *, const char *name,
                                      const char *type, const struct smap *);
/* Whether port 'name' has to stay out for a while. */
bool vswitch_must_stay_out(struct vswitch *, const char *name);
/* True if an interface of that name is anywhere in the database. */
bool vswitch_name_is_taken(const struct vswitch *, const char *name);

/* --- vswitch-uplink.c. */

bool vswitch_is_marked_uplink(const struct ovsrec_port *);
bool vswitch_is_uplink(const struct vswitch *, const struct ovsrec_port *);
void vswitch_read_uplink(struct vswitch *, const struct ovsrec_interface *);
/* Writes what differs into the open transaction. */
void vswitch_fix_uplink(struct vswitch *, const struct ovsrec_bridge *);

#endif /* ovs-tvd/vswitch-private.h */
