/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the TVD database share: a real server, a client that
 * writes and one that follows, and models to write. */

#ifndef TESTS_UNIT_TVD_DB_FIXTURE_H
#define TESTS_UNIT_TVD_DB_FIXTURE_H 1

#include "lib/tvd-db.h"
#include "ovsdb-idl.h"
#include "tests/unit/ovsdb-server.h"

struct fixture {
    struct test_server server;
    struct tvd_db *writer;
    struct tvd_db *reader;      /* Follows all the time. */
    int64_t seq;
};

/* The first argument, if any, is the seed.  Returns false if there can be no
 * server here. */
bool fixture_start(struct fixture *, int argc, char *argv[]);
void fixture_stop(struct fixture *);

/* Until both clients have f->seq; adds up in '*sum', if nonnull, what the
 * reader saw change. */
void fixture_sync(struct fixture *, struct tvd_db_changes *sum);

/* Runs a client until 'done'. */
void run_until(struct tvd_db *, bool (*done)(struct tvd_db *, const void *),
               const void *aux, struct tvd_db_changes *sum);
bool has_model(struct tvd_db *, const void *);
bool has_seq(struct tvd_db *, const void *seq);     /* An int64_t. */

/* Commits and destroys; prints the error, if any. */
enum ovsdb_idl_txn_status commit(struct ovsdb_idl_txn *);
/* Writes all of 'm', and 'seq' if it is not 0. */
enum ovsdb_idl_txn_status write_model(struct tvd_db *, const struct model *m,
                                      int64_t seq);

/* A model as text, sorted, to be compared; caller frees. */
char *model_text(const struct model *);
/* A check that the model of the client is 'm'. */
void check_same(struct tvd_db *, const struct model *m, const char *what);

/* A model of 'n_tvds' TVDs t0, t1, ... without EEs; other values of 'version'
 * give another model. */
struct model *make_model(unsigned int n_tvds, unsigned int version);
/* Adds EE number 'n', all of whose values follow from 'n', 'version' and what
 * is in the model. */
struct model_ee *add_ee(struct model *, unsigned int n, unsigned int version);

#endif /* tests/unit/tvd-db-fixture.h */
