/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of lib/tvd-db share.  Not for anyone else. */

#ifndef LIB_TVD_DB_PROVIDER_H
#define LIB_TVD_DB_PROVIDER_H 1

#include "lib/idl-redial.h"
#include "lib/tvd-db.h"
#include "svec.h"

/* A growing array of ids, made unique before it is handed out. */
struct id_list {
    uint32_t *ids;
    size_t n;
    size_t allocated;
};

struct tvd_db {
    struct ovsdb_idl *idl;
    char *remote;
    struct idl_redial redial;

    struct tvd_db_view *view;           /* An agent's; NULL: sees all. */

    struct ovsdb_idl_index *ee_index;   /* EE by name. */
    struct ovsdb_idl_index *nic_index;  /* NIC by EE, then id. */

    struct model *model;                /* NULL until first read. */
    struct model *former;               /* Replaced by 'model'. */
    struct hmap claims;                 /* "struct claim", of 'model'. */
    bool reread;                        /* Read everything next time. */
    int64_t seq;                        /* Of 'model'. */

    bool has_read;                      /* 'idl' has rows. */
    bool lacks_policy;                  /* They are left unread. */
    int64_t rows_seq;                   /* 'seq' of the rows. */

    struct model *kept;                 /* From before; NULL: none. */
    int64_t kept_seq;
    bool use_kept;                      /* If there are no rows yet. */
    bool is_kept;                       /* 'model' was 'kept'. */

    struct svec problems;
    size_t n_problems;

    struct tvd_db_changes changes;
    struct id_list nics;
    struct id_list tvds;
};

void id_list_add(struct id_list *, uint32_t id);

/* Replaces db->model by what the rows say. */
void tvd_db_read_all(struct tvd_db *);

/* Adds the EE called 'name' with its NICs to db->model, if it has a row, and
 * the ids of its NICs and their TVDs to the lists of changes. */
void tvd_db_read_ee_called(struct tvd_db *, const char *name);

/* Removes the EE called 'name' from db->model, if it is there, with the same
 * effect on the lists of changes. */
void tvd_db_forget_ee(struct tvd_db *, const char *name);

/* The row of the EE called 'name', or NULL. */
const struct tvdrec_ee *tvd_db_find_ee_row(const struct tvd_db *,
                                           const char *name);

void tvd_db_claims_clear(struct tvd_db *);

/* What an agent sees of the database: tvd-db-view.c.
 *
 * _run(), to be called with what the IDL has tracked, asks for what is wanted
 * and returns true if all of it is there, so that the rows may be read.
 * _changed() then says whether everything must be, since it became another
 * view or changes were passed over; it does so once.
 *
 * _has..() say what of the rows is to be read: the IDL may still hold some
 * that are not in the view any more.  A view that is NULL has everything. */
struct tvd_db_view *tvd_db_view_create(struct ovsdb_idl *, const char *host);
void tvd_db_view_destroy(struct tvd_db_view *);
bool tvd_db_view_run(struct tvd_db_view *, struct ovsdb_idl *);
bool tvd_db_view_is_complete(const struct tvd_db_view *);
bool tvd_db_view_changed(struct tvd_db_view *);
bool tvd_db_view_has(const struct tvd_db_view *, const char *tvd);
bool tvd_db_view_has_rule(const struct tvd_db_view *,
                          const struct tvdrec_rule *);
bool tvd_db_view_has_ee(const struct tvd_db_view *, const struct tvdrec_ee *);

/* Iterates ROW, a "const struct tvdrec_nic *", over the rows of the NICs of
 * the EE called NAME, in the order of their ids.  FROM and TO are variables of
 * type "struct tvdrec_nic *", to be freed with tvd_db_nic_range_done(). */
void tvd_db_nic_range(const struct tvd_db *, const char *name,
                      struct tvdrec_nic **from, struct tvdrec_nic **to);
void tvd_db_nic_range_done(struct tvdrec_nic *from, struct tvdrec_nic *to);

#endif /* lib/tvd-db-provider.h */
