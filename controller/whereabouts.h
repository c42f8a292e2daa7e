/* SPDX-License-Identifier: Apache-2.0
 *
 * Where each NIC is or may be before long, for controller/needs.h: on the host
 * that holds it, on those where an agent has a port for it that may have it or
 * will be allowed to, on the one that its EE is bound to, and on the one that
 * its EE is about to move to. */

#ifndef CONTROLLER_WHEREABOUTS_H
#define CONTROLLER_WHEREABOUTS_H 1

#include "controller/needs.h"
#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "sset.h"

struct ovsdb_idl;
struct tvd_db;
struct tvd_db_changes;

struct whereabouts {
    struct hmap rows;           /* "struct port_row" by UUID. */
    struct shash ports;         /* "struct shash *" of counts by host, by full
                                 * name of a NIC. */
    struct sset dirty;          /* NICs whose ports have changed. */
    bool complete;              /* The rows have been read. */
    struct needs needs;
};

void whereabouts_init(struct whereabouts *);
void whereabouts_destroy(struct whereabouts *);

/* Takes note of what the IDL has tracked; to be called before tvd_db_run(),
 * which clears that. */
void whereabouts_track(struct whereabouts *, const struct ovsdb_idl *);

/* Takes note of what tvd_db_run() returned, once gateways are assigned.  There
 * must be a model.  True if some host needs other VLANs, or all may be
 * otherwise. */
bool whereabouts_follow(struct whereabouts *, struct tvd_db *,
                        const struct tvd_db_changes *, long long int now);
/* By when it is to be called again, ms; LLONG_MAX: never. */
long long int whereabouts_deadline(const struct whereabouts *);

#endif /* controller/whereabouts.h */
