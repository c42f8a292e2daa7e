/* SPDX-License-Identifier: Apache-2.0
 *
 * The arbiter: follows what hosts claim (table Binding) and writes which host
 * holds each NIC (NIC.host), as controller/holder-plan.h decides.
 *
 * It keeps its own picture of the claims, updated by what the database says
 * has changed, and looks again only at the EEs concerned.  It looks at all of
 * them when the model was read anew and when this controller becomes the active
 * one.
 *
 * What a host says is true when it writes it; what it may do next depends on
 * what it has seen by then.  So a host that was given a NIC and does not say
 * that it has it (or that lost it for a moment) may take it at any time: it
 * counts as holding it, and once it is not to have it any more, until it must
 * have seen that.  Its agent writes its row of Agent one transaction after the
 * other, and has seen at the second one what was there at the first. */

#ifndef CONTROLLER_HOLDERS_H
#define CONTROLLER_HOLDERS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "sset.h"

struct model;
struct model_ee;
struct ovsdb_idl;
struct ovsdb_idl_txn;
struct report_sink;
struct tvd_db;
struct tvd_db_changes;

/* EEs about which something is written in one transaction, at most. */
#define HOLDERS_BATCH 100

struct holders {
    struct hmap rows;           /* "struct claim_row" by UUID. */
    struct shash spots;         /* "struct spot" by full name of a NIC. */
    struct ovs_list leaving;    /* "struct stake". */
    struct shash accused;       /* "struct accusation" by host. */
    struct sset dirty;          /* EEs to look at again. */
    struct sset writing;        /* EEs in the transaction under way. */
    uint64_t clock;             /* Highest 'order' given out. */
    bool active;
};

void holders_init(struct holders *);
void holders_destroy(struct holders *);

/* Takes note of what the IDL has tracked; to be called before tvd_db_run(),
 * which clears that. */
void holders_track(struct holders *, const struct ovsdb_idl *);

/* Takes note of what tvd_db_run() returned, and of whether this controller is
 * the active one.  There must be a model. */
void holders_follow(struct holders *, struct tvd_db *,
                    const struct tvd_db_changes *, bool active);

/* True if there may be something to write. */
bool holders_pending(const struct holders *);

/* Adds to the open transaction what is to be written, if anything.  Reports
 * moves, and hosts that claim what they may not have; 'now' is monotonic, in
 * ms. */
void holders_write(struct holders *, struct tvd_db *, struct ovsdb_idl_txn *,
                   const struct report_sink *, long long int now);
/* The outcome of that transaction. */
void holders_written(struct holders *, bool success);

/* Adds to the open transaction, which binds 'ee' to 'host' (NULL: to none) or
 * adds it, that where nobody holds it the host holds it that may have it
 * nevertheless: the one that had it last and has not let go, or the one that it
 * was bound to, which may have taken it by itself a moment ago.  So 'host' does
 * not take it by itself before that one has seen that it may not. */
void holders_guard(struct holders *, struct tvd_db *,
                   const struct model_ee *ee, const char *host);

/* The host that may still accept 'mac' as that of a NIC which the policy has no
 * more, or NULL.  Linear in the number of NICs. */
const char *holders_of_mac(const struct holders *, const struct model *,
                           struct eth_addr mac);

#endif /* controller/holders.h */
