/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/holders.h"

#include <stdlib.h>
#include <string.h>
#include "controller/claims.h"
#include "controller/holder-plan.h"
#include "hash.h"
#include "lib/report.h"
#include "lib/tvd-db.h"
#include "ovsdb-idl.h"
#include "packets.h"
#include "smap.h"
#include "util.h"
#include "uuid.h"

/* Between two reports about the claims of one host, in ms. */
#define ACCUSE_EVERY 10000

/* Transactions of a host after which it has seen what was there before. */
#define BEATS 2

/* All NICs of the name that rows of Binding give. */
struct spot {
    char *name;                 /* "EE/NIC". */
    char *last;                 /* Host that held it last, NULL: unknown. */
    struct eth_addr mac;        /* As last seen. */
    struct ovs_list stakes;     /* "struct stake", one for each host. */
    bool fresh;                 /* Not looked at since we are active. */
};

/* What one host says of one NIC: the sum of its rows. */
struct stake {
    struct ovs_list node;       /* In 'stakes' of 'spot'. */
    struct ovs_list leaving;    /* In holders' 'leaving' if 'is_leaving'. */
    struct spot *spot;
    char *host;
    size_t n_rows;              /* 0: what we suspect alone. */
    size_t n_holding, n_arrived;
    uint64_t order;             /* When it was first seen. */
    bool fresh;                 /* It has not been looked at while the NIC was
                                 * not its host's. */
    bool maybe;                 /* Its host may hold the NIC without saying
                                 * so, as it was given it. */
    bool is_leaving;            /* Given it no more, and 'maybe'. */
    int beats;                  /* Of its host since. */
    int64_t seq;                /* It is not 'maybe' once its host has this. */
    bool accused;               /* Was reported. */
};

/* A row of Binding as we know it. */
struct claim_row {
    struct hmap_node node;      /* In 'rows', by 'uuid'. */
    struct uuid uuid;
    struct stake *stake;
    bool holding, arrived;
    bool seen;                  /* Used while looking at all. */
};

/* What was last reported about a host. */
struct accusation {
    long long int next;         /* Not again before, monotonic ms. */
    unsigned int left_out;
};

void
holders_init(struct holders *h)
{
    memset(h, 0, sizeof *h);
    hmap_init(&h->rows);
    shash_init(&h->spots);
    ovs_list_init(&h->leaving);
    shash_init(&h->accused);
    sset_init(&h->dirty);
    sset_init(&h->writing);
}

/* The host called 'name', if it can have anything: it is in the policy and not
 * revoked.  (Who does either says that it is off or fenced.) */
static const struct model_host *
find_host(const struct model *model, const char *name)
{
    const struct model_host *host = model_host_find(model, name);

    return host && !host->revoked ? host : NULL;
}

/* --- Stakes ---------------------------------------------------------------*/

static struct spot *
get_spot(struct holders *h, const char *name)
{
    struct spot *spot = shash_find_data(&h->spots, name);

    if (!spot) {
        spot = xzalloc(sizeof *spot);
        spot->name = xstrdup(name);
        ovs_list_init(&spot->stakes);
        spot->fresh = true;
        shash_add(&h->spots, name, spot);
    }
    return spot;
}

static void
spot_destroy(struct holders *h, struct spot *spot)
{
    shash_find_and_delete(&h->spots, spot->name);
    free(spot->name);
    free(spot->last);
    free(spot);
}

static struct stake *
get_stake(struct holders *h, const char *nic, const char *host)
{
    struct spot *spot = get_spot(h, nic);
    struct stake *stake;

    LIST_FOR_EACH (stake, node, &spot->stakes) {
        if (!strcmp(stake->host, host)) {
            return stake;
        }
    }
    stake = xzalloc(sizeof *stake);
    stake->spot = spot;
    stake->host = xstrdup(host);
    stake->order = ++h->clock;
    stake->fresh = true;
    ovs_list_push_back(&spot->stakes, &stake->node);
    return stake;
}

static void
set_leaving(struct holders *h, struct stake *stake, bool leaving)
{
    if (leaving && !stake->is_leaving) {
        stake->beats = 0;
        ovs_list_push_back(&h->leaving, &stake->leaving);
    } else if (!leaving && stake->is_leaving) {
        ovs_list_remove(&stake->leaving);
    }
    stake->is_leaving = leaving;
}

static void
stake_destroy(struct holders *h, struct stake *stake)
{
    set_leaving(h, stake, false);
    ovs_list_remove(&stake->node);
    free(stake->host);
    free(stake);
}

static void
mark_dirty(struct holders *h, const char *nic_name)
{
    char *ee = xmemdup0(nic_name, strcspn(nic_name, "/"));

    sset_add_and_free(&h->dirty, ee);
}

/* --- Rows -----------------------------------------------------------------*/

static struct claim_row *
find_row(const struct holders *h, const struct uuid *uuid)
{
    struct claim_row *row;

    HMAP_FOR_EACH_WITH_HASH (row, node, uuid_hash(uuid), &h->rows) {
        if (uuid_equals(&row->uuid, uuid)) {
            return row;
        }
    }
    return NULL;
}

static void
count(struct claim_row *row, bool holding, bool arrived)
{
    row->stake->n_holding += holding - row->holding;
    row->stake->n_arrived += arrived - row->arrived;
    row->holding = holding;
    row->arrived = arrived;
}

static void
forget_row(struct holders *h, struct claim_row *row)
{
    struct stake *stake = row->stake;

    mark_dirty(h, stake->spot->name);
    count(row, false, false);
    if (!--stake->n_rows) {
        stake_destroy(h, stake);
    }
    hmap_remove(&h->rows, &row->node);
    free(row);
}

static void
note_row(struct holders *h, const struct tvdrec_binding *b)
{
    const struct uuid *uuid = &b->header_.uuid;
    struct claim_row *row = find_row(h, uuid);

    if (row && (strcmp(row->stake->spot->name, b->nic)
                || strcmp(row->stake->host, b->host))) {
        forget_row(h, row);
        row = NULL;
    }
    if (!row) {
        row = xzalloc(sizeof *row);
        row->uuid = *uuid;
        row->stake = get_stake(h, b->nic, b->host);
        row->stake->n_rows++;
        hmap_insert(&h->rows, &row->node, uuid_hash(uuid));
    }
    count(row, b->admitted || b->installed, b->arrived);
    mark_dirty(h, b->nic);
}

/* The agent of 'agent->host' has written something. */
static void
note_beat(struct holders *h, const struct tvdrec_agent *agent)
{
    struct stake *stake;

    LIST_FOR_EACH_SAFE (stake, leaving, &h->leaving) {
        if (!strcmp(stake->host, agent->host)
            && (++stake->beats >= BEATS || agent->seq >= stake->seq)) {
            stake->maybe = false;
            set_leaving(h, stake, false);
            mark_dirty(h, stake->spot->name);
            if (!stake->n_rows) {
                stake_destroy(h, stake);
            }
        }
    }
}

void
holders_track(struct holders *h, const struct ovsdb_idl *idl)
{
    const struct tvdrec_binding *b;
    const struct tvdrec_agent *agent;

    /* Rows that go come first: one that was replaced by another is not the
     * same claim. */
    TVDREC_BINDING_FOR_EACH_TRACKED (b, idl) {
        struct claim_row *row = (tvdrec_binding_is_deleted(b)
                                 ? find_row(h, &b->header_.uuid) : NULL);

        if (row) {
            forget_row(h, row);
        }
    }
    TVDREC_BINDING_FOR_EACH_TRACKED (b, idl) {
        if (!tvdrec_binding_is_deleted(b)) {
            note_row(h, b);
        }
    }
    if (ovs_list_is_empty(&h->leaving)) {
        return;
    }
    TVDREC_AGENT_FOR_EACH_TRACKED (agent, idl) {
        if (!tvdrec_agent_is_deleted(agent)) {
            note_beat(h, agent);
        }
    }
}

/* Makes our picture equal to the table. */
static void
read_all(struct holders *h, const struct ovsdb_idl *idl)
{
    const struct tvdrec_binding *b;
    struct claim_row *row;

    HMAP_FOR_EACH (row, node, &h->rows) {
        row->seen = false;
    }
    TVDREC_BINDING_FOR_EACH (b, idl) {
        row = find_row(h, &b->header_.uuid);
        if (row) {
            row->seen = true;
        }
    }
    HMAP_FOR_EACH_SAFE (row, node, &h->rows) {
        if (!row->seen) {
            forget_row(h, row);
        }
    }
    TVDREC_BINDING_FOR_EACH (b, idl) {
        note_row(h, b);
    }
}

void
holders_destroy(struct holders *h)
{
    struct shash_node *node;
    struct claim_row *row;

    HMAP_FOR_EACH_SAFE (row, node, &h->rows) {
        forget_row(h, row);
    }
    hmap_destroy(&h->rows);
    SHASH_FOR_EACH_SAFE (node, &h->spots) {
        struct spot *spot = node->data;
        struct stake *stake;

        LIST_FOR_EACH_SAFE (stake, node, &spot->stakes) {
            stake_destroy(h, stake);
        }
        spot_destroy(h, spot);
    }
    shash_destroy(&h->spots);
    shash_destroy_free_data(&h->accused);
    sset_destroy(&h->dirty);
    sset_destroy(&h->writing);
}

/* --- What has changed -----------------------------------------------------*/

static void
mark_all(struct holders *h, const struct model *model)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &model->ees) {
        sset_add(&h->dirty, node->name);
    }
}

/* What another controller has granted, and whether its host has seen it, is
 * not known: a host that has not taken what it was given is given it anew. */
static void
become_active(struct holders *h, const struct model *model)
{
    const struct shash_node *node;
    struct stake *stake;

    SHASH_FOR_EACH (node, &h->spots) {
        struct spot *spot = node->data;

        spot->fresh = true;
        LIST_FOR_EACH (stake, node, &spot->stakes) {
            stake->fresh = true;
        }
    }
    mark_all(h, model);
}

/* Forgets NICs that are neither claimed nor in the model. */
static void
forget_spots(struct holders *h, const struct model *model)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &h->spots) {
        struct spot *spot = node->data;

        if (ovs_list_is_empty(&spot->stakes)
            && !model_nic_find_full_name(model, spot->name)) {
            spot_destroy(h, spot);
        }
    }
}

/* False for a database of an older version, which its owner has yet to
 * convert. */
static bool
has_columns(const struct ovsdb_idl *idl)
{
    return (tvdrec_server_has_nic_table_col_host(idl)
            && tvdrec_server_has_ee_table_col_next_host(idl));
}

void
holders_follow(struct holders *h, struct tvd_db *db,
               const struct tvd_db_changes *changes, bool active)
{
    const struct model *model = tvd_db_model(db);

    active = active && has_columns(tvd_db_idl(db));
    if (changes && changes->everything) {
        read_all(h, tvd_db_idl(db));
        forget_spots(h, model);
        mark_all(h, model);
    } else if (changes) {
        for (size_t i = 0; i < changes->n_nics; i++) {
            const struct model_nic *nic = model_nic_find_id(model,
                                                            changes->nics[i]);

            if (nic) {
                sset_add(&h->dirty, nic->ee->name);
            }
        }
    }
    if (active && !h->active) {
        become_active(h, model);
    }
    h->active = active;
}

bool
holders_pending(const struct holders *h)
{
    return h->active && !sset_is_empty(&h->dirty);
}

/* --- Looking at one EE ----------------------------------------------------*/

/* What is needed while EEs are looked at. */
struct look {
    struct holders *h;
    struct tvd_db *db;
    const struct model *model;
    const struct report_sink *sink;
    long long int now;
    bool bound;                 /* An EE was bound anew. */
};

static void
accuse(struct look *l, struct stake *stake, const struct model_nic *nic)
{
    struct accusation *a = shash_find_data(&l->h->accused, stake->host);

    stake->accused = true;
    if (!a) {
        a = xzalloc(sizeof *a);
        shash_add(&l->h->accused, stake->host, a);
    }
    if (l->now < a->next) {
        a->left_out++;
        return;
    }
    if (a->left_out) {
        report(l->sink, REPORT_WARNING, "refused-claim", "host \"%s\" says "
               "that it has NIC %s, which %s; and %u more since the last "
               "such report", stake->host, stake->spot->name,
               nic->host ? "another host holds" : "the policy does not let "
               "it have", a->left_out);
    } else {
        report(l->sink, REPORT_WARNING, "refused-claim", "host \"%s\" says "
               "that it has NIC %s, which %s%s", stake->host,
               stake->spot->name, nic->host ? "is held by host "
               : "the policy does not let it have",
               nic->host ? nic->host : "");
    }
    a->next = l->now + ACCUSE_EVERY;
    a->left_out = 0;
}

/* True if 'stake', which says that its host has 'nic' though it was not given
 * it, says what cannot be.  (A host that held it needs a moment to let go.) */
static bool
is_impossible(const struct stake *stake, const struct model_nic *nic,
              bool may)
{
    return (nic->host
            || (!may && !nullable_string_is_equal(stake->spot->last,
                                                  stake->host)));
}

/* Brings up to date what we think of 'stake', and makes a claim of it. */
static struct holder_claim
judge(struct look *l, struct stake *stake, const struct model_nic *nic,
      bool may)
{
    bool granted = nullable_string_is_equal(nic->host, stake->host);
    bool holding = stake->n_holding > 0;
    bool keeps = granted && may;

    if (holding) {
        stake->maybe = false;
    } else if (granted && (keeps || stake->fresh)) {
        stake->maybe = true;
    }
    stake->fresh = stake->fresh && keeps && !holding;
    if (!stake->is_leaving) {
        /* Where an EE may be has a number, which agents report. */
        stake->seq = may ? INT64_MAX : tvd_db_seq(l->db);
    }
    set_leaving(l->h, stake, stake->maybe && !keeps);
    if (!holding || granted) {
        stake->accused = false;
    } else if (!stake->accused && is_impossible(stake, nic, may)) {
        accuse(l, stake, nic);
    }
    return (struct holder_claim) {
        .host = stake->host,
        .may = may,
        .holds = holding || stake->maybe,
        .arrived = stake->n_arrived > 0,
        .renewed = stake->fresh && granted,
        .order = stake->order,
    };
}

/* True if 'host' has an agent, which may have read what the policy was. */
static bool
has_agent(const struct ovsdb_idl *idl, const char *host)
{
    const struct tvdrec_agent *agent;

    TVDREC_AGENT_FOR_EACH (agent, idl) {
        if (!strcmp(agent->host, host)) {
            return true;
        }
    }
    return false;
}

/* We do not know what another controller knew: a host that holds 'nic' and is
 * not to have it any more, but has no row, may not have seen that yet. */
static void
suspect(struct look *l, struct spot *spot, const struct model_nic *nic,
        const char *holder)
{
    if (spot->fresh && holder && nic->ee->host && strcmp(nic->ee->host, holder)
        && has_agent(tvd_db_idl(l->db), holder)) {
        struct stake *stake = get_stake(l->h, spot->name, holder);

        stake->maybe |= !stake->n_rows;
    }
    spot->fresh = false;
}

/* Fills in 'out' for 'nic'; out->claims is the caller's to free. */
static void
look_at_nic(struct look *l, const struct model_nic *nic,
            struct holder_nic *out)
{
    char *name = model_nic_full_name(nic);
    struct spot *spot = get_spot(l->h, name);
    struct holder_claim *claims;
    struct stake *stake;

    memset(out, 0, sizeof *out);
    spot->mac = nic->mac;
    if (nic->host && find_host(l->model, nic->host)) {
        out->host = nic->host;
    } else {
        out->stale = nic->host != NULL;
    }
    suspect(l, spot, nic, out->host);
    claims = xmalloc((ovs_list_size(&spot->stakes) + 1) * sizeof *claims);
    out->claims = claims;
    LIST_FOR_EACH (stake, node, &spot->stakes) {
        const struct model_host *host = find_host(l->model, stake->host);

        if (host) {
            claims[out->n_claims++] = judge(
                l, stake, nic, claim_will_be_allowed(host, nic));
        }
    }
    free(name);
}

/* Takes note of who holds 'ee', and reports where it went. */
static void
note_holder(struct look *l, const struct model_ee *ee,
            struct holder_nic *nics)
{
    bool reported = false;

    for (size_t i = 0; i < ee->n_nics; i++) {
        char *name = model_nic_full_name(ee->nics[i]);
        struct spot *spot = get_spot(l->h, name);
        const char *host = nics[i].host;

        if (host && spot->last && strcmp(spot->last, host) && !reported) {
            report(l->sink, REPORT_INFO, "moved", "EE \"%s\" moved from host "
                   "\"%s\" to host \"%s\"", ee->name, spot->last, host);
            reported = true;
        }
        if (host && !nullable_string_is_equal(spot->last, host)) {
            free(spot->last);
            spot->last = xstrdup(host);
        }
        nics[i].former = spot->last;
        free(name);
    }
}

/* From now on 'host' may take 'nic': not only once we look again, since by then
 * the EE may be bound elsewhere. */
static void
note_grant(struct look *l, const struct model_nic *nic, const char *host)
{
    char *name = model_nic_full_name(nic);
    struct stake *stake = get_stake(l->h, name, host);

    stake->maybe |= !stake->n_holding;
    free(name);
}

static void
write_change(struct look *l, const struct model_ee *ee,
             const struct holder_change *change)
{
    switch (change->action) {
    case HOLDER_GRANT:
        note_grant(l, ee->nics[change->nic], change->host);
        tvd_db_write_holder(l->db, ee->nics[change->nic], change->host);
        break;
    case HOLDER_CLEAR:
        tvd_db_write_holder(l->db, ee->nics[change->nic], NULL);
        break;
    case HOLDER_BIND:
        holders_guard(l->h, l->db, ee, change->host);
        tvd_db_write_bound(l->db, ee->name, change->host);
        l->bound = true;
        break;
    case HOLDER_MOVED:
        tvd_db_write_next_host(l->db, ee->name, NULL);
        break;
    }
}

/* True if something about 'ee' was written. */
static bool
look_at(struct look *l, const struct model_ee *ee)
{
    struct holder_change *changes
        = xmalloc(HOLDER_MAX_CHANGES(ee->n_nics) * sizeof *changes);
    struct holder_nic *nics = xmalloc((ee->n_nics + 1) * sizeof *nics);
    struct holder_ee in = {
        .host = ee->host,
        .next_host = ee->next_host,
        .nics = nics,
        .n_nics = ee->n_nics,
    };
    bool written = false;
    size_t n;

    for (size_t i = 0; i < ee->n_nics; i++) {
        look_at_nic(l, ee->nics[i], &nics[i]);
    }
    note_holder(l, ee, nics);
    if (ee->next_host && !find_host(l->model, ee->next_host)) {
        tvd_db_write_next_host(l->db, ee->name, NULL);
        in.next_host = NULL;
        written = true;
    }
    n = holder_plan(&in, changes);
    for (size_t i = 0; i < n; i++) {
        write_change(l, ee, &changes[i]);
    }
    for (size_t i = 0; i < ee->n_nics; i++) {
        free(CONST_CAST(struct holder_claim *, nics[i].claims));
    }
    free(nics);
    free(changes);
    return written || n > 0;
}

/* An EE was bound anew: agents are to report that they have seen it. */
static void
write_seq(struct tvd_db *db, struct ovsdb_idl_txn *txn)
{
    struct smap ids;

    smap_clone(&ids, tvd_db_ids(db));
    tvd_db_write_global(db, txn, tvd_db_seq(db) + 1, &ids, NULL);
    smap_destroy(&ids);
}

void
holders_write(struct holders *h, struct tvd_db *db, struct ovsdb_idl_txn *txn,
              const struct report_sink *sink, long long int now)
{
    struct look l = { .h = h, .db = db, .model = tvd_db_model(db),
                      .sink = sink, .now = now };
    const char *name;

    SSET_FOR_EACH_SAFE (name, &h->dirty) {
        const struct model_ee *ee = model_ee_find(l.model, name);

        if (sset_count(&h->writing) >= HOLDERS_BATCH) {
            break;
        }
        if (ee && look_at(&l, ee)) {
            sset_add(&h->writing, name);
        }
        sset_delete(&h->dirty, SSET_NODE_FROM_NAME(name));
    }
    if (l.bound) {
        write_seq(db, txn);
    }
}

void
holders_written(struct holders *h, bool success)
{
    const char *name;

    if (!success) {
        SSET_FOR_EACH (name, &h->writing) {
            sset_add(&h->dirty, name);
        }
    }
    sset_clear(&h->writing);
}

/* The host that had 'spot' last and has not let go, or NULL. */
static const char *
not_let_go(const struct spot *spot)
{
    const struct stake *stake;

    LIST_FOR_EACH (stake, node, &spot->stakes) {
        if ((stake->n_holding || stake->maybe)
            && nullable_string_is_equal(stake->host, spot->last)) {
            return stake->host;
        }
    }
    return NULL;
}

/* The host that 'ee' was bound to, if its agent may have taken it by itself and
 * not have said so yet; else NULL. */
static const char *
bound_before(struct tvd_db *db, const struct model_ee *ee, const char *host)
{
    const struct model *model = tvd_db_model(db);
    const struct model_ee *was = model_ee_find(model, ee->name);

    return (was && was->host && !nullable_string_is_equal(was->host, host)
            && find_host(model, was->host)
            && has_agent(tvd_db_idl(db), was->host) ? was->host : NULL);
}

void
holders_guard(struct holders *h, struct tvd_db *db, const struct model_ee *ee,
              const char *host)
{
    const struct model *model = tvd_db_model(db);
    const char *before = bound_before(db, ee, host);

    for (size_t i = 0; i < ee->n_nics; i++) {
        char *name = model_nic_full_name(ee->nics[i]);
        const struct model_nic *nic = model_nic_find_full_name(model, name);
        struct spot *spot = get_spot(h, name);
        const char *last = not_let_go(spot);

        if (nic && nic->host) {
            /* It says itself when it has let go. */
        } else if (last && !nullable_string_is_equal(last, host)) {
            tvd_db_write_holder(db, ee->nics[i], last);
        } else if (nic && before) {
            get_stake(h, name, before)->maybe = true;
            tvd_db_write_holder(db, ee->nics[i], before);
        }
        free(name);
    }
}

const char *
holders_of_mac(const struct holders *h, const struct model *model,
               struct eth_addr mac)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &h->spots) {
        const struct spot *spot = node->data;

        if (eth_addr_equals(spot->mac, mac)
            && !model_nic_find_full_name(model, spot->name)) {
            const char *host = not_let_go(spot);

            if (host && find_host(model, host)) {
                return host;
            }
        }
    }
    return NULL;
}
