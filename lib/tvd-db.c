/* SPDX-License-Identifier: Apache-2.0
 *
 * The connection, the replica and the tracking of changes. */

#include <config.h>
#include "lib/tvd-db-provider.h"

#include <stdlib.h>
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* After how long a silence the server is asked whether it is there, and given
 * up if it does not answer for as long again, in ms.  Before the first reading
 * is done: a server to which many clients come at once has no time for answers,
 * and if they gave up and came again it would never have. */
#define PROBE_INTERVAL 5000
#define FIRST_PROBE_INTERVAL 60000

static void
monitor_for_agent(struct ovsdb_idl *idl, const char *host)
{
    struct ovsdb_idl_condition mine = OVSDB_IDL_CONDITION_INIT(&mine);
    struct ovsdb_idl_condition none = OVSDB_IDL_CONDITION_INIT(&none);

    tvdrec_agent_add_clause_host(&mine, OVSDB_F_EQ, host);
    tvdrec_agent_set_condition(idl, &mine);
    ovsdb_idl_condition_clear(&mine);
    tvdrec_binding_add_clause_host(&mine, OVSDB_F_EQ, host);
    tvdrec_binding_set_condition(idl, &mine);
    tvdrec_switch_set_condition(idl, &none);
    tvdrec_switch_status_set_condition(idl, &none);
    tvdrec_connection_set_condition(idl, &none);
    tvdrec_rbac_role_set_condition(idl, &none);
    tvdrec_rbac_permission_set_condition(idl, &none);
    ovsdb_idl_condition_destroy(&mine);
    ovsdb_idl_condition_destroy(&none);
}

struct tvd_db *
tvd_db_create(const char *remote, enum tvd_db_client client, const char *host)
{
    struct tvd_db *db = xzalloc(sizeof *db);

    db->remote = xstrdup(remote);
    db->idl = ovsdb_idl_create_unconnected(&tvdrec_idl_class, true);
    ovsdb_idl_track_add_all(db->idl);
    ovsdb_idl_set_write_changed_only_all(db->idl, true);
    if (client == TVD_DB_AGENT) {
        monitor_for_agent(db->idl, host);
        db->view = tvd_db_view_create(db->idl, host);
        ovsdb_idl_set_leader_only(db->idl, false);
        ovsdb_idl_omit(db->idl, &tvdrec_tvd_global_col_host_authorities);
    } else {
        db->redial.quick = true;
    }
    db->ee_index = ovsdb_idl_index_create1(db->idl, &tvdrec_ee_col_name);
    db->nic_index = ovsdb_idl_index_create2(db->idl, &tvdrec_nic_col_ee,
                                            &tvdrec_nic_col_id);
    hmap_init(&db->claims);
    svec_init(&db->problems);
    ovsdb_idl_set_probe_interval(db->idl, FIRST_PROBE_INTERVAL);
    ovsdb_idl_set_remote(db->idl, remote, true);
    return db;
}

void
tvd_db_destroy(struct tvd_db *db)
{
    if (!db) {
        return;
    }
    idl_redial_uninit(&db->redial);
    ovsdb_idl_destroy(db->idl);
    tvd_db_view_destroy(db->view);
    model_destroy(db->model);
    model_destroy(db->former);
    model_destroy(db->kept);
    tvd_db_claims_clear(db);
    hmap_destroy(&db->claims);
    svec_destroy(&db->problems);
    free(db->nics.ids);
    free(db->tvds.ids);
    free(db->remote);
    free(db);
}

struct ovsdb_idl *
tvd_db_idl(const struct tvd_db *db)
{
    return db->idl;
}

/* --- Lists of ids ---------------------------------------------------------*/

void
id_list_add(struct id_list *list, uint32_t id)
{
    if (list->n == list->allocated) {
        list->ids = x2nrealloc(list->ids, &list->allocated,
                               sizeof *list->ids);
    }
    list->ids[list->n++] = id;
}

static int
compare_ids(const void *a_, const void *b_)
{
    const uint32_t *a = a_;
    const uint32_t *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static void
id_list_unique(struct id_list *list)
{
    size_t n = 0;

    if (list->n > 1) {
        qsort(list->ids, list->n, sizeof *list->ids, compare_ids);
    }
    for (size_t i = 0; i < list->n; i++) {
        if (!n || list->ids[n - 1] != list->ids[i]) {
            list->ids[n++] = list->ids[i];
        }
    }
    list->n = n;
}

/* --- Rows -----------------------------------------------------------------*/

const struct tvdrec_ee *
tvd_db_find_ee_row(const struct tvd_db *db, const char *name)
{
    struct tvdrec_ee *key = tvdrec_ee_index_init_row(db->ee_index);

    tvdrec_ee_index_set_name(key, name);

    const struct tvdrec_ee *row = tvdrec_ee_index_find(db->ee_index, key);

    tvdrec_ee_index_destroy_row(key);
    return row;
}

void
tvd_db_nic_range(const struct tvd_db *db, const char *name,
                 struct tvdrec_nic **from, struct tvdrec_nic **to)
{
    *from = tvdrec_nic_index_init_row(db->nic_index);
    tvdrec_nic_index_set_ee(*from, name);
    tvdrec_nic_index_set_id(*from, INT64_MIN);
    *to = tvdrec_nic_index_init_row(db->nic_index);
    tvdrec_nic_index_set_ee(*to, name);
    tvdrec_nic_index_set_id(*to, INT64_MAX);
}

void
tvd_db_nic_range_done(struct tvdrec_nic *from, struct tvdrec_nic *to)
{
    tvdrec_nic_index_destroy_row(from);
    tvdrec_nic_index_destroy_row(to);
}

/* --- Tracking -------------------------------------------------------------*/

/* (Rows that leave the replica since they are not in the view change nothing:
 * they are not in the model.) */
static bool
domains_changed(const struct tvd_db *db)
{
    const struct tvdrec_tvd *tvd;
    const struct tvdrec_role *role;
    const struct tvdrec_rule *rule;

    TVDREC_TVD_FOR_EACH_TRACKED (tvd, db->idl) {
        if (tvd_db_view_has(db->view, tvd->name)) {
            return true;
        }
    }
    TVDREC_ROLE_FOR_EACH_TRACKED (role, db->idl) {
        if (tvd_db_view_has(db->view, role->tvd)) {
            return true;
        }
    }
    TVDREC_RULE_FOR_EACH_TRACKED (rule, db->idl) {
        if (tvd_db_view_has_rule(db->view, rule)) {
            return true;
        }
    }
    return false;
}

/* True if a row changed of which others depend, so that all is read again. */
static bool
structure_changed(const struct tvd_db *db)
{
    return tvdrec_label_track_get_first(db->idl)
           || tvdrec_conflict_track_get_first(db->idl)
           || tvdrec_host_track_get_first(db->idl)
           || tvdrec_switch_track_get_first(db->idl)
           || domains_changed(db);
}

/* Only 'pools' of TVD_Global is part of the model. */
static bool
pools_changed(const struct ovsdb_idl *idl)
{
    const struct tvdrec_tvd_global *global;

    TVDREC_TVD_GLOBAL_FOR_EACH_TRACKED (global, idl) {
        if (tvdrec_tvd_global_is_new(global)
            || tvdrec_tvd_global_is_deleted(global)
            || tvdrec_tvd_global_is_updated(global,
                                            TVDREC_TVD_GLOBAL_COL_POOLS)) {
            return true;
        }
    }
    return false;
}

/* Adds to 'names' the EEs whose row, or a NIC's row, changed.  (The columns
 * that name them cannot change, only come and go with their rows.) */
static void
changed_ees(const struct ovsdb_idl *idl, struct sset *names)
{
    const struct tvdrec_ee *ee;
    const struct tvdrec_nic *nic;

    TVDREC_EE_FOR_EACH_TRACKED (ee, idl) {
        sset_add(names, ee->name);
    }
    TVDREC_NIC_FOR_EACH_TRACKED (nic, idl) {
        sset_add(names, nic->ee);
    }
}

static void
update_ees(struct tvd_db *db, const struct sset *names)
{
    const char *name;

    /* All are removed before any is added: one may take what another had. */
    SSET_FOR_EACH (name, names) {
        tvd_db_forget_ee(db, name);
    }
    SSET_FOR_EACH (name, names) {
        tvd_db_read_ee_called(db, name);
    }
}

static void
reset_changes(struct tvd_db *db)
{
    model_destroy(db->former);
    db->former = NULL;
    db->nics.n = 0;
    db->tvds.n = 0;
    memset(&db->changes, 0, sizeof db->changes);
}

static void
read_changes(struct tvd_db *db)
{
    struct sset names = SSET_INITIALIZER(&names);

    changed_ees(db->idl, &names);
    if (!db->model || db->reread || structure_changed(db)
        || pools_changed(db->idl)) {
        db->changes.everything = true;
    } else if (!sset_is_empty(&names)) {
        if (!db->n_problems) {
            update_ees(db, &names);
        }
        /* What was left out may fit now that something else changed, and what
         * fitted may not; that rare case is left to a full reading. */
        db->changes.everything = db->n_problems > 0;
    }
    if (db->changes.everything) {
        db->changes.gateways = true;
        tvd_db_read_all(db);
        db->reread = false;
    }
    sset_destroy(&names);
}

/* Returns false if an agent has to wait for rows that it has asked for. */
static bool
run_view(struct tvd_db *db)
{
    if (db->view) {
        if (!tvd_db_view_run(db->view, db->idl)) {
            return false;
        }
        db->reread |= tvd_db_view_changed(db->view);
    }
    return true;
}

/* Takes note of which policy the rows are of.  To an agent that has had one,
 * none means that it was lost. */
static void
read_seq(struct tvd_db *db)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(db->idl);

    db->rows_seq = global ? global->seq : 0;
    db->lacks_policy = (db->view && db->rows_seq < 1
                        && (db->kept || db->seq > 0));
}

/* There is nothing to be read.  Puts what was kept in force, if it is time. */
static const struct tvd_db_changes *
read_nothing(struct tvd_db *db)
{
    if (db->model || !db->kept || !(db->use_kept || db->lacks_policy)) {
        return NULL;
    }
    db->model = db->kept;
    db->kept = NULL;
    db->seq = db->kept_seq;
    db->is_kept = true;
    db->changes.everything = db->changes.gateways = db->changes.seq = true;
    return &db->changes;
}

/* Returns false if the rows are not to be read, or not yet. */
static bool
may_read(struct tvd_db *db)
{
    if (!ovsdb_idl_has_ever_connected(db->idl)) {
        return false;
    }
    read_seq(db);
    if (!run_view(db)) {
        return false;
    }
    if (!db->has_read) {
        db->has_read = true;
        ovsdb_idl_set_probe_interval(db->idl, PROBE_INTERVAL);
    }
    return !db->lacks_policy;
}

static void
forget_kept(struct tvd_db *db)
{
    model_destroy(db->kept);
    db->kept = NULL;
    db->is_kept = false;
}

const struct tvd_db_changes *
tvd_db_run(struct tvd_db *db)
{
    reset_changes(db);
    idl_redial(&db->redial, db->idl, db->remote, time_msec());
    if (!may_read(db)) {
        /* What is passed over is not seen as a change again. */
        db->reread |= db->lacks_policy;
        ovsdb_idl_track_clear(db->idl);
        return read_nothing(db);
    }
    db->reread |= db->is_kept;
    read_changes(db);
    ovsdb_idl_track_clear(db->idl);
    forget_kept(db);

    db->changes.seq = db->rows_seq != db->seq;
    db->seq = db->rows_seq;
    if (db->changes.everything) {
        db->nics.n = db->tvds.n = 0;
    }
    id_list_unique(&db->nics);
    id_list_unique(&db->tvds);
    db->changes.nics = db->nics.ids;
    db->changes.n_nics = db->nics.n;
    db->changes.tvds = db->tvds.ids;
    db->changes.n_tvds = db->tvds.n;
    return (db->changes.everything || db->changes.seq || db->nics.n
            ? &db->changes : NULL);
}

void
tvd_db_wait(struct tvd_db *db)
{
    if (db->reread && !tvd_db_is_waiting(db) && !db->lacks_policy) {
        poll_immediate_wake();
    }
}

/* --- What was kept --------------------------------------------------------*/

void
tvd_db_keep(struct tvd_db *db, struct model *m, int64_t seq)
{
    ovs_assert(!db->model && !db->kept && seq > 0);
    db->kept = m;
    db->kept_seq = seq;
}

void
tvd_db_use_kept(struct tvd_db *db)
{
    db->use_kept = true;
}

bool
tvd_db_is_kept(const struct tvd_db *db)
{
    return db->is_kept;
}

bool
tvd_db_has_read(const struct tvd_db *db)
{
    return db->has_read;
}

bool
tvd_db_lacks_policy(const struct tvd_db *db)
{
    return db->lacks_policy;
}

int64_t
tvd_db_rows_seq(const struct tvd_db *db)
{
    return db->rows_seq;
}

/* --- Reading --------------------------------------------------------------*/

struct model *
tvd_db_model(const struct tvd_db *db)
{
    return db->model;
}

struct model *
tvd_db_copy_model(struct tvd_db *db)
{
    struct tvd_db copy = { .idl = db->idl, .view = db->view,
                           .ee_index = db->ee_index,
                           .nic_index = db->nic_index };

    if (!db->model || tvd_db_is_waiting(db)) {
        return NULL;
    }
    hmap_init(&copy.claims);
    svec_init(&copy.problems);
    tvd_db_read_all(&copy);
    tvd_db_claims_clear(&copy);
    hmap_destroy(&copy.claims);
    svec_destroy(&copy.problems);
    free(copy.nics.ids);
    free(copy.tvds.ids);
    return copy.model;
}

bool
tvd_db_is_waiting(const struct tvd_db *db)
{
    return db->view && !tvd_db_view_is_complete(db->view);
}

void
tvd_db_reread(struct tvd_db *db)
{
    db->reread = true;
}

int64_t
tvd_db_seq(const struct tvd_db *db)
{
    return db->seq;
}

static const struct smap empty_smap = SMAP_INITIALIZER(&empty_smap);

const struct smap *
tvd_db_ids(const struct tvd_db *db)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(db->idl);

    return global ? &global->ids : &empty_smap;
}

const struct smap *
tvd_db_policy(const struct tvd_db *db)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(db->idl);

    return global ? &global->policy : &empty_smap;
}

const char *
tvd_db_controller(const struct tvd_db *db)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(db->idl);

    return global ? global->controller : NULL;
}

void
tvd_db_set_asked(struct tvd_db *db, long long int asked)
{
    db->redial.asked = asked;
}

bool
tvd_db_may_write(struct tvd_db *db)
{
    return idl_may_write(db->idl);
}

const struct svec *
tvd_db_problems(const struct tvd_db *db, size_t *n)
{
    *n = db->n_problems;
    return &db->problems;
}
