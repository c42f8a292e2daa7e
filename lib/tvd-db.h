/* SPDX-License-Identifier: Apache-2.0
 *
 * The TVD database and the data model: a struct model that follows the
 * contents of the database, and transactions that make the database equal to
 * a model.
 *
 * The schema (schema/tvd.ovsschema, docs/SCHEMA.md) has a row for each object
 * of the model, with references by name.  This module turns the rows that the
 * controller writes into a model and back.  It does not decide or allocate
 * anything, keeps no connection but the one to the database, never blocks,
 * and leaves the rows of agents (Binding, Agent, Event) to its users, who
 * reach them with the generated functions of lib/tvd-idl.h.
 *
 * Whatever the rows hold, what is read is a consistent model: names resolve,
 * ids, MACs and IP addresses are unique and in range, addresses are in a
 * subnet of their NIC's TVD.  A row that does not fit is left out and
 * reported (tvd_db_problems()), always on the safe side: a matrix entry that
 * cannot be understood is read as "none", never as missing.
 *
 * Typical use, in the poll loop of a program:
 *
 *     struct tvd_db *db = tvd_db_create("unix:...", TVD_DB_AGENT, "desk1");
 *     for (;;) {
 *         ovsdb_idl_run(tvd_db_idl(db));       (or ovsdb_idl_loop_run())
 *         changes = tvd_db_run(db);
 *         if (changes) { ... tvd_db_model(db) ... }
 *         ...
 *         ovsdb_idl_wait(tvd_db_idl(db));
 *         tvd_db_wait(db);
 *         poll_block();
 *     }
 */

#ifndef LIB_TVD_DB_H
#define LIB_TVD_DB_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/model.h"
#include "lib/tvd-idl.h"

struct svec;
struct tvd_db;

/* The text of schema/tvd.ovsschema. */
extern const char tvd_db_schema[];

/* The name of the OVSDB lock that the active controller holds. */
#define TVD_DB_LOCK "tvd_controller"

enum tvd_db_client {
    TVD_DB_CONTROLLER,          /* Sees everything, writes. */
    TVD_DB_AGENT,               /* Sees what concerns its host; see below. */
};

/* Makes a client of the database at 'remote' (see ovsdb(7)), which connects
 * and reconnects in the background.  'host' is the name of an agent's host;
 * NULL for the controller. */
struct tvd_db *tvd_db_create(const char *remote, enum tvd_db_client,
                             const char *host);
void tvd_db_destroy(struct tvd_db *);

/* What an agent sees
 * ------------------
 *
 * It asks the database for labels, conflict sets and hosts, for the rows of
 * its own host in the agents' tables, and
 *
 *   - for the TVDs that its host's label lets it carry, its own TVDs: them,
 *     their roles and NICs, and the rules from and to them;
 *   - for the TVDs that these rules connect them with, other than by "none",
 *     its peers: them, their roles and NICs, but not the rules among them;
 *   - for the EEs that have a NIC in one of these, or no NIC.
 *
 * Its model has nothing else, and that another TVD exists is no problem.  For
 * NICs in own TVDs, the only ones that may be attached there, decide_flow()
 * says the same as with all of the policy; what its model says about traffic
 * among peers means nothing.
 *
 * It takes several questions and answers until it knows what concerns it, at
 * the start and when labels, TVDs or rules change.  Meanwhile tvd_db_run()
 * returns NULL and the model and tvd_db_seq() stay as they are, however long
 * it takes: there never is a model of a part. */

/* What an agent goes on with
 * --------------------------
 *
 * A database that has no policy ('seq' is 0, or TVD_Global has no row) was lost
 * and made anew, if an agent has had a policy before: it leaves such rows
 * unread, and its model and tvd_db_seq() stay as they are, until a policy is
 * applied.
 *
 * What an agent enforced when it last ran, and kept, can be given to it by
 * tvd_db_keep() when it has been made.  It becomes the model, with 'everything'
 * changed, if the database turns out to lack a policy, or if nothing has been
 * read by the time of tvd_db_use_kept(); and stays so until there is something
 * to be read, which changes 'everything' again. */

/* Takes over 'model'; 'seq' is not 0. */
void tvd_db_keep(struct tvd_db *, struct model *model, int64_t seq);
void tvd_db_use_kept(struct tvd_db *);
/* True if the model is the one of tvd_db_keep(). */
bool tvd_db_is_kept(const struct tvd_db *);
/* True once rows have come, whether or not they became the model: before that
 * nothing is known of what is in the database, and nothing may be written. */
bool tvd_db_has_read(const struct tvd_db *);
/* True if rows are left unread since they hold no policy. */
bool tvd_db_lacks_policy(const struct tvd_db *);
/* 'seq' of the rows, which is that of the model once they have been read. */
int64_t tvd_db_rows_seq(const struct tvd_db *);

/* True of an agent that waits for rows it has asked for. */
bool tvd_db_is_waiting(const struct tvd_db *);

/* For ovsdb_idl_run(), transactions, and the agents' tables.  Owned by 'db'. */
struct ovsdb_idl *tvd_db_idl(const struct tvd_db *);

/* What tvd_db_run() found.  Owned by the tvd_db, valid until its next call. */
struct tvd_db_changes {
    /* The model is a new one.  The former model stays valid until the next
     * call of tvd_db_run(); nothing may point to it after that. */
    bool everything;

    /* If !everything: the NICs that came, went (tvd_db_model() no longer has
     * their id) or changed; struct model_nic and struct model_ee of these are
     * gone or new.  Each id once, in no order. */
    const uint32_t *nics;
    size_t n_nics;

    /* Ids of the TVDs those NICs are or were in.  Each once, in no order. */
    const uint32_t *tvds;
    size_t n_tvds;

    /* A NIC in a gateway role came, went or changed: the 'gateway' of each
     * TVD must be assigned again, with decide_assign_gateways().  Also true
     * with 'everything'; until assigned it is NULL where it would dangle. */
    bool gateways;

    bool seq;                   /* tvd_db_seq() is another than before. */
};

/* Brings the model up to date with the replica of the database, in time
 * proportional to what changed if only EEs and NICs did.  To be called after
 * each ovsdb_idl_run() and outside of transactions that have been written to;
 * it consumes and clears what the IDL has tracked, for all tables.  It also
 * sees to a quick reconnection (lib/idl-redial.h).
 *
 * Returns NULL if nothing changed, or if there is nothing to be read. */
const struct tvd_db_changes *tvd_db_run(struct tvd_db *);
/* Wakes the poll loop if tvd_db_run() has something to do though nothing
 * arrived. */
void tvd_db_wait(struct tvd_db *);

/* The model, or NULL if the database has never been read.  Owned by 'db'.
 * Callers may change 'gateway' of TVDs.  It may also be changed in other ways,
 * to try something out, if it is changed back, or if tvd_db_reread() is called,
 * before the next tvd_db_run(). */
struct model *tvd_db_model(const struct tvd_db *);

/* A model of the same rows that the caller owns, to make another one from it.
 * NULL if the database has never been read, or tvd_db_is_waiting().  Linear in its size. */
struct model *tvd_db_copy_model(struct tvd_db *);

/* Makes the next tvd_db_run() read everything again. */
void tvd_db_reread(struct tvd_db *);

/* 'seq' of TVD_Global that the model is of; 0 if no policy was ever applied. */
int64_t tvd_db_seq(const struct tvd_db *);

/* 'ids' and 'policy' of TVD_Global; empty maps if there is none.  Valid until
 * the next ovsdb_idl_run(). */
const struct smap *tvd_db_ids(const struct tvd_db *);
const struct smap *tvd_db_policy(const struct tvd_db *);

/* 'controller' of TVD_Global; NULL if none has been announced.  Valid until
 * the next ovsdb_idl_run(). */
const char *tvd_db_controller(const struct tvd_db *);

/* Tells when the transaction that is under way was begun, ms; 0: there is none.
 * Of a cluster, a member that does not answer it is left for another one. */
void tvd_db_set_asked(struct tvd_db *, long long int asked);

/* True if changes would be sent to the database now (lib/idl-redial.h).  No
 * transaction may be open. */
bool tvd_db_may_write(struct tvd_db *);

/* What was left out of the model, one sentence for each row, and why; at most
 * TVD_DB_MAX_PROBLEMS of them.  The number of all is in '*n'.  Owned by 'db',
 * valid until the next tvd_db_run(). */
#define TVD_DB_MAX_PROBLEMS 100
const struct svec *tvd_db_problems(const struct tvd_db *, size_t *n);

/* --- Writing (the controller) ----------------------------------------------
 *
 * These add to a transaction of tvd_db_idl(), which the caller commits.  They
 * write a column only where it differs from what is in the database.  Ids must
 * be allocated. */

/* Makes all rows that the controller owns, but TVD_Global's 'seq', 'ids' and
 * 'policy', equal to 'model'. */
void tvd_db_write_model(struct tvd_db *, struct ovsdb_idl_txn *,
                        const struct model *model);

/* Writes the rows of one EE, and of the roles of its NICs where these are
 * new.  The work does not depend on the number of EEs (but for a logarithm). */
void tvd_db_write_ee(struct tvd_db *, struct ovsdb_idl_txn *,
                     const struct model_ee *);

/* Deletes the rows of the EE called 'name', if there are any. */
void tvd_db_delete_ee(struct tvd_db *, const char *name);

/* Writes 'tvds' of the EEs where it is not what their NICs say, as in a
 * database that an older controller has written. */
void tvd_db_write_tvds(struct tvd_db *);

/* Says which host holds 'nic', NULL: none.  What writes EEs leaves that as it
 * is, and 'next_host' unless the EE is bound elsewhere.  The transaction fails
 * with TXN_TRY_AGAIN if somebody else has written by then who holds the NIC, or
 * where the EE is to be. */
void tvd_db_write_holder(struct tvd_db *, const struct model_nic *nic,
                         const char *host);

/* Binds the EE called 'ee' to 'host', NULL: to none. */
void tvd_db_write_bound(struct tvd_db *, const char *ee, const char *host);

/* Announces that the EE called 'ee' moves to 'host' while it runs; NULL: it
 * does not any more. */
void tvd_db_write_next_host(struct tvd_db *, const char *ee, const char *host);

/* Writes TVD_Global.  Transactions of two writers that read the same 'seq'
 * exclude each other: the later one fails with TXN_TRY_AGAIN.  'policy' may
 * be NULL to leave that column as it is. */
void tvd_db_write_global(struct tvd_db *, struct ovsdb_idl_txn *,
                         int64_t seq, const struct smap *ids,
                         const struct smap *policy);

/* Writes 'controller' of TVD_Global, if it has a row. */
void tvd_db_write_controller(struct tvd_db *, const char *name);

#endif /* lib/tvd-db.h */
