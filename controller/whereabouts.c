/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/whereabouts.h"

#include <stdint.h>
#include <stdlib.h>
#include "controller/claims.h"
#include "lib/tvd-db.h"
#include "ovsdb-idl.h"
#include "simap.h"
#include "util.h"
#include "uuid.h"

/* A row of Binding as we know it. */
struct port_row {
    struct hmap_node node;      /* In 'rows', by 'uuid'. */
    struct uuid uuid;
    char *nic;
    char *host;
};

void
whereabouts_init(struct whereabouts *w)
{
    hmap_init(&w->rows);
    shash_init(&w->ports);
    sset_init(&w->dirty);
    w->complete = false;
    needs_init(&w->needs);
}

/* --- Ports ----------------------------------------------------------------*/

static void
count(struct whereabouts *w, const struct port_row *row, bool more)
{
    struct simap *hosts = shash_find_data(&w->ports, row->nic);

    if (!hosts) {
        hosts = xmalloc(sizeof *hosts);
        simap_init(hosts);
        shash_add(&w->ports, row->nic, hosts);
    }
    if (more) {
        simap_increase(hosts, row->host, 1);
    } else {
        unsigned int n = simap_get(hosts, row->host);

        if (n > 1) {
            simap_put(hosts, row->host, n - 1);
        } else {
            simap_find_and_delete(hosts, row->host);
        }
    }
    if (simap_is_empty(hosts)) {
        shash_find_and_delete(&w->ports, row->nic);
        simap_destroy(hosts);
        free(hosts);
    }
    sset_add(&w->dirty, row->nic);
}

static void
forget_row(struct whereabouts *w, struct port_row *row)
{
    count(w, row, false);
    hmap_remove(&w->rows, &row->node);
    free(row->nic);
    free(row->host);
    free(row);
}

static struct port_row *
find_row(const struct whereabouts *w, const struct uuid *uuid)
{
    struct port_row *row;

    HMAP_FOR_EACH_WITH_HASH (row, node, uuid_hash(uuid), &w->rows) {
        if (uuid_equals(&row->uuid, uuid)) {
            return row;
        }
    }
    return NULL;
}

static void
note_row(struct whereabouts *w, const struct tvdrec_binding *b)
{
    struct port_row *row = find_row(w, &b->header_.uuid);

    if (row && !strcmp(row->nic, b->nic) && !strcmp(row->host, b->host)) {
        return;
    } else if (row) {
        forget_row(w, row);
    }
    row = xmalloc(sizeof *row);
    row->uuid = b->header_.uuid;
    row->nic = xstrdup(b->nic);
    row->host = xstrdup(b->host);
    hmap_insert(&w->rows, &row->node, uuid_hash(&row->uuid));
    count(w, row, true);
}

void
whereabouts_track(struct whereabouts *w, const struct ovsdb_idl *idl)
{
    const struct tvdrec_binding *b;

    TVDREC_BINDING_FOR_EACH_TRACKED (b, idl) {
        if (tvdrec_binding_is_deleted(b)) {
            struct port_row *row = find_row(w, &b->header_.uuid);

            if (row) {
                forget_row(w, row);
            }
        } else {
            note_row(w, b);
        }
    }
}

static void
forget_all(struct whereabouts *w)
{
    struct port_row *row;

    HMAP_FOR_EACH_SAFE (row, node, &w->rows) {
        forget_row(w, row);
    }
}

void
whereabouts_destroy(struct whereabouts *w)
{
    forget_all(w);
    hmap_destroy(&w->rows);
    shash_destroy(&w->ports);
    sset_destroy(&w->dirty);
    needs_destroy(&w->needs);
}

/* --- NICs -----------------------------------------------------------------*/

static void
add_ports(const struct whereabouts *w, const struct model *m,
          const struct model_nic *nic, struct sset *hosts)
{
    char *name = model_nic_full_name(nic);
    const struct simap *ports = shash_find_data(&w->ports, name);
    const struct simap_node *node;

    if (ports) {
        SIMAP_FOR_EACH (node, ports) {
            const struct model_host *host = model_host_find(m, node->name);

            if (host && claim_will_be_allowed(host, nic)) {
                sset_add(hosts, host->name);
            }
        }
    }
    free(name);
}

static void
put_nic(struct whereabouts *w, const struct model *m,
        const struct model_nic *nic)
{
    const char *const others[] = {
        nic->host, nic->ee->host, nic->ee->next_host,
    };
    struct sset hosts = SSET_INITIALIZER(&hosts);

    add_ports(w, m, nic, &hosts);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (others[i]) {
            sset_add(&hosts, others[i]);
        }
    }
    needs_put_nic(&w->needs, nic, &hosts, nic->host);
    sset_destroy(&hosts);
}

static void
put_all(struct whereabouts *w, const struct model *m)
{
    const struct model_nic *nic;

    needs_reset(&w->needs, m);
    HMAP_FOR_EACH (nic, id_node, &m->nics_by_id) {
        put_nic(w, m, nic);
    }
}

static void
put_changed(struct whereabouts *w, const struct model *m,
            const struct tvd_db_changes *changes)
{
    const struct model_nic *nic;
    const char *name;

    for (size_t i = 0; changes && i < changes->n_nics; i++) {
        nic = model_nic_find_id(m, changes->nics[i]);
        if (nic) {
            put_nic(w, m, nic);
        } else {
            needs_drop_nic(&w->needs, changes->nics[i]);
        }
    }
    SSET_FOR_EACH (name, &w->dirty) {
        nic = model_nic_find_full_name(m, name);
        if (nic && nic->id) {
            put_nic(w, m, nic);
        }
    }
}

bool
whereabouts_follow(struct whereabouts *w, struct tvd_db *db,
                   const struct tvd_db_changes *changes, long long int now)
{
    const struct model *m = tvd_db_model(db);
    const struct tvdrec_binding *b;

    if (!w->complete || (changes && changes->everything)) {
        /* What was tracked may not have been all, as after a connection was
         * lost. */
        forget_all(w);
        TVDREC_BINDING_FOR_EACH (b, tvd_db_idl(db)) {
            note_row(w, b);
        }
    }
    if (!w->complete || (changes && (changes->everything
                                     || changes->gateways))) {
        put_all(w, m);
    } else {
        put_changed(w, m, changes);
    }
    w->complete = true;
    sset_clear(&w->dirty);
    return needs_run(&w->needs, m, now);
}

long long int
whereabouts_deadline(const struct whereabouts *w)
{
    return needs_deadline(&w->needs);
}
