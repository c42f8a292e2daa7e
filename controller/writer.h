/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue of changes and the one transaction that is under way.
 *
 * A change goes through these states:
 *
 *        engine_handle()         database and lock there
 *   ------------------> queued --------------------------> computed --> failed
 *                         ^ |                                 |
 *              try again  | | deadline                        | commit
 *                         | v                                 v
 *                         | failed                        in progress --> done
 *                         |___________________________________|
 */

#ifndef CONTROLLER_WRITER_H
#define CONTROLLER_WRITER_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/list.h"

struct api_call;
struct change;
struct engine;
struct ovsdb_idl_txn;

/* A change that could not begin for so long fails, in ms. */
#define WRITER_TIMEOUT 15000
/* Changes that may stand in the queue. */
#define WRITER_MAX_QUEUE 100

struct writer {
    struct ovs_list queue;      /* "struct change". */
    size_t n_queued;
    struct ovsdb_idl_txn *txn;  /* In progress, or NULL. */
    struct change *change;      /* What 'txn' is for; NULL: rows of our own. */
    bool own_turn;              /* These come before the next change. */
    unsigned int seqno;         /* Of the IDL, when 'txn' was made. */
    long long int retry;        /* Try again at the latest then, or 0. */
    bool check_tvds;            /* tvd_db_write_tvds() is to be called. */
};

void writer_init(struct writer *);
void writer_destroy(struct writer *);

/* Takes over 'call', an apply, ee_add, ee_remove or ee_move. */
void writer_add(struct engine *, struct api_call *);

/* 'ready': the database is connected, read, and ours to write. */
void writer_run(struct engine *, bool ready, long long int now);
void writer_wait(const struct writer *);

/* Answers "plan", and an "apply" that is a dry run. */
void writer_plan(struct engine *, struct api_call *);

#endif /* controller/writer.h */
