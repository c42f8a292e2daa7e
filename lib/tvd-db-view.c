/* SPDX-License-Identifier: Apache-2.0
 *
 * What an agent asks the database for, by conditional monitoring.
 *
 * Which rows it needs follows from other rows, so that it takes stages to ask:
 *
 *     Host, Label  -> the labels a TVD may have to be carried on this host
 *     TVD          -> with one of these: its own TVDs
 *     Rule         -> from or to an own TVD: the peers, where not "none"
 *     TVD, Role, NIC, EE: of own TVDs and peers
 *
 * A condition is in force once the server has answered and so sent all rows
 * that it adds.  Until what the rows say is wanted is in force, the view is
 * not complete, and nothing may be concluded from the rows.  What is not
 * wanted any more, however, need not be waited for: whoever reads leaves it
 * out, so that what is taken away is gone at once, whatever the server does.
 *
 * One question is under way at a time.  While the view is not complete it asks
 * for what it had too, lest rows go and come back when names change. */

#include <config.h>
#include "lib/tvd-db-provider.h"

#include <stdlib.h>
#include "openvswitch/poll-loop.h"
#include "sset.h"
#include "util.h"

/* Which rows of EE. */
enum scope_ees {
    EES_NONE,
    EES_BY_TVD,                 /* Of TVDs in the scope, or of none at all. */
    EES_ALL,                    /* The database cannot tell them apart. */
};

struct scope {
    struct sset labels;         /* TVDs with these labels. */
    struct sset own;            /* Rules from and to these TVDs. */
    struct sset peers;          /* These TVDs too. */
    enum scope_ees ees;
};

struct tvd_db_view {
    char *host;
    struct scope wanted;        /* Says what was read. */
    struct scope granted;       /* The server has sent all rows of it. */
    struct scope asked;         /* If 'waiting': the question under way. */
    bool waiting;
    unsigned int seqno;         /* The IDL's when the question was asked. */
    int64_t serial;             /* Number of the question. */
    unsigned int change_seqno;  /* The IDL's, as last seen. */
    struct sset present;        /* Names of the TVDs that have a row. */
    bool read;                  /* 'wanted' has been worked out. */
    bool complete;
    bool changed;               /* All is to be read again, once complete. */
};

/* --- Scopes ---------------------------------------------------------------*/

static void
scope_init(struct scope *s)
{
    sset_init(&s->labels);
    sset_init(&s->own);
    sset_init(&s->peers);
    s->ees = EES_NONE;
}

static void
scope_destroy(struct scope *s)
{
    sset_destroy(&s->labels);
    sset_destroy(&s->own);
    sset_destroy(&s->peers);
}

static void
scope_clone(struct scope *s, const struct scope *other)
{
    sset_clone(&s->labels, &other->labels);
    sset_clone(&s->own, &other->own);
    sset_clone(&s->peers, &other->peers);
    s->ees = other->ees;
}

/* Replaces 's' by 'new', which is taken over. */
static void
scope_replace(struct scope *s, struct scope *new)
{
    sset_swap(&s->labels, &new->labels);
    sset_swap(&s->own, &new->own);
    sset_swap(&s->peers, &new->peers);
    s->ees = new->ees;
    scope_destroy(new);
}

static void
add_all(struct sset *set, const struct sset *other)
{
    const char *name;

    SSET_FOR_EACH (name, other) {
        sset_add(set, name);
    }
}

static void
scope_unite(struct scope *s, const struct scope *other)
{
    add_all(&s->labels, &other->labels);
    add_all(&s->own, &other->own);
    add_all(&s->peers, &other->peers);
    s->ees = MAX(s->ees, other->ees);
}

static bool
scope_equals(const struct scope *a, const struct scope *b)
{
    return (a->ees == b->ees && sset_equals(&a->labels, &b->labels)
            && sset_equals(&a->own, &b->own)
            && sset_equals(&a->peers, &b->peers));
}

static bool
includes_all(const struct sset *set, const struct sset *wanted)
{
    const char *name;

    SSET_FOR_EACH (name, wanted) {
        if (!sset_contains(set, name)) {
            return false;
        }
    }
    return true;
}

/* True if 's' brings all rows of 'view->wanted'.  (The row of a TVD that was
 * an own one and now is a peer came by its label, which may be another now.) */
static bool
scope_suffices(const struct scope *s, const struct tvd_db_view *view)
{
    const char *name;

    if (s->ees < view->wanted.ees
        || !includes_all(&s->labels, &view->wanted.labels)
        || !includes_all(&s->own, &view->wanted.own)) {
        return false;
    }
    SSET_FOR_EACH (name, &view->wanted.peers) {
        if (!sset_contains(&s->peers, name)
            && !(sset_contains(&s->own, name)
                 && sset_contains(&view->present, name))) {
            return false;
        }
    }
    return true;
}

/* --- What is wanted -------------------------------------------------------*/

static const struct tvdrec_host *
find_host_row(const struct ovsdb_idl *idl, const char *name)
{
    const struct tvdrec_host *row;

    TVDREC_HOST_FOR_EACH (row, idl) {
        if (!strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

static void
want_labels(struct scope *s, const struct ovsdb_idl *idl, const char *host)
{
    const struct tvdrec_host *row = find_host_row(idl, host);
    struct model *m = model_create();
    const struct tvdrec_label *label;
    const struct shash_node *node;

    TVDREC_LABEL_FOR_EACH (label, idl) {
        if (!model_label_find(m, label->name)) {
            struct sset *types = &model_label_add(m, label->name)->types;

            for (size_t i = 0; i < label->n_types; i++) {
                sset_add(types, label->types[i]);
            }
        }
    }

    const struct model_label *here = row ? model_label_find(m, row->label)
                                         : NULL;

    SHASH_FOR_EACH (node, &m->labels) {
        if (here && model_label_may_be_carried(node->data, here)) {
            sset_add(&s->labels, node->name);
        }
    }
    model_destroy(m);
}

static void
want_peer(struct scope *s, const char *own, const char *peer)
{
    if (sset_contains(&s->own, own) && !sset_contains(&s->own, peer)) {
        sset_add(&s->peers, peer);
    }
}

/* Works out what is wanted from the rows that are there. */
static void
want(struct tvd_db_view *view, const struct ovsdb_idl *idl)
{
    const struct tvdrec_tvd *tvd;
    const struct tvdrec_rule *rule;
    struct scope wanted;

    scope_init(&wanted);
    sset_clear(&view->present);
    want_labels(&wanted, idl, view->host);
    TVDREC_TVD_FOR_EACH (tvd, idl) {
        sset_add(&view->present, tvd->name);
        if (sset_contains(&wanted.labels, tvd->label)) {
            sset_add(&wanted.own, tvd->name);
        }
    }
    TVDREC_RULE_FOR_EACH (rule, idl) {
        if (strcmp(rule->action, model_action_to_string(MODEL_NONE))) {
            want_peer(&wanted, rule->from_tvd, rule->to_tvd);
            want_peer(&wanted, rule->to_tvd, rule->from_tvd);
        }
    }
    /* A database that has not been upgraded lacks the column. */
    wanted.ees = (tvdrec_server_has_ee_table_col_tvds(idl)
                  ? EES_BY_TVD : EES_ALL);
    view->changed |= !scope_equals(&view->wanted, &wanted);
    view->read = true;
    scope_replace(&view->wanted, &wanted);
}

/* True if a row changed that want() looks at. */
static bool
basis_changed(const struct ovsdb_idl *idl)
{
    return (tvdrec_label_track_get_first(idl)
            || tvdrec_host_track_get_first(idl)
            || tvdrec_tvd_track_get_first(idl)
            || tvdrec_rule_track_get_first(idl));
}

/* --- Asking ---------------------------------------------------------------*/

static void
ask_tvds(struct ovsdb_idl *idl, const struct scope *s, const char **peers)
{
    struct ovsdb_idl_condition c = OVSDB_IDL_CONDITION_INIT(&c);
    const char **labels = sset_sort(&s->labels);

    for (size_t i = 0; labels[i]; i++) {
        tvdrec_tvd_add_clause_label(&c, OVSDB_F_EQ, labels[i]);
    }
    for (size_t i = 0; peers[i]; i++) {
        tvdrec_tvd_add_clause_name(&c, OVSDB_F_EQ, peers[i]);
    }
    tvdrec_tvd_set_condition(idl, &c);
    ovsdb_idl_condition_destroy(&c);
    free(labels);
}

static void
ask_rules(struct ovsdb_idl *idl, const char **own)
{
    struct ovsdb_idl_condition c = OVSDB_IDL_CONDITION_INIT(&c);

    for (size_t i = 0; own[i]; i++) {
        tvdrec_rule_add_clause_from_tvd(&c, OVSDB_F_EQ, own[i]);
        tvdrec_rule_add_clause_to_tvd(&c, OVSDB_F_EQ, own[i]);
    }
    tvdrec_rule_set_condition(idl, &c);
    ovsdb_idl_condition_destroy(&c);
}

static void
ask_ees(struct ovsdb_idl *idl, enum scope_ees ees, const char **tvds)
{
    struct ovsdb_idl_condition c = OVSDB_IDL_CONDITION_INIT(&c);

    if (ees == EES_ALL) {
        ovsdb_idl_condition_add_clause_true(&c);
    } else if (ees == EES_BY_TVD) {
        /* Those of which an older controller did not say it. */
        tvdrec_ee_add_clause_tvds(&c, OVSDB_F_EQ, NULL, 0);
        for (size_t i = 0; tvds[i]; i++) {
            tvdrec_ee_add_clause_tvds(&c, OVSDB_F_INCLUDES, &tvds[i], 1);
        }
    }
    tvdrec_ee_set_condition(idl, &c);
    ovsdb_idl_condition_destroy(&c);
}

static void
ask_members(struct ovsdb_idl *idl, const char **tvds)
{
    struct ovsdb_idl_condition roles = OVSDB_IDL_CONDITION_INIT(&roles);
    struct ovsdb_idl_condition nics = OVSDB_IDL_CONDITION_INIT(&nics);

    for (size_t i = 0; tvds[i]; i++) {
        tvdrec_role_add_clause_tvd(&roles, OVSDB_F_EQ, tvds[i]);
        tvdrec_nic_add_clause_tvd(&nics, OVSDB_F_EQ, tvds[i]);
    }
    tvdrec_role_set_condition(idl, &roles);
    tvdrec_nic_set_condition(idl, &nics);
    ovsdb_idl_condition_destroy(&roles);
    ovsdb_idl_condition_destroy(&nics);
}

/* Asks for no event, in a way that differs with each 'serial' (no event has an
 * id below 0): so each question holds a condition that is new, and is answered
 * by itself.  Returns the IDL's condition seqno when that will have been. */
static unsigned int
ask_events(struct ovsdb_idl *idl, int64_t serial)
{
    struct ovsdb_idl_condition c = OVSDB_IDL_CONDITION_INIT(&c);
    unsigned int seqno;

    tvdrec_event_add_clause_id(&c, OVSDB_F_EQ, -serial);
    seqno = tvdrec_event_set_condition(idl, &c);
    ovsdb_idl_condition_destroy(&c);
    return seqno;
}

/* Sets the conditions of 's'.  The IDL sends those that differ, in one
 * message; names are sorted, so that equal ones look the same. */
static void
set_conditions(struct ovsdb_idl *idl, const struct scope *s)
{
    struct sset tvds;

    sset_clone(&tvds, &s->own);
    add_all(&tvds, &s->peers);

    const char **own = sset_sort(&s->own);
    const char **peers = sset_sort(&s->peers);
    const char **all = sset_sort(&tvds);

    ask_tvds(idl, s, peers);
    ask_rules(idl, own);
    ask_ees(idl, s->ees, all);
    ask_members(idl, all);
    free(own);
    free(peers);
    free(all);
    sset_destroy(&tvds);
}

/* Takes over 's'. */
static void
ask(struct tvd_db_view *view, struct ovsdb_idl *idl, struct scope *s)
{
    scope_replace(&view->asked, s);
    set_conditions(idl, &view->asked);
    ask_events(idl, ++view->serial);
    view->seqno = ovsdb_idl_get_condition_seqno(idl);
    view->waiting = true;
}

/* Returns true if the answer to the question under way has come.
 *
 * A connection lost in between may be resumed with the new conditions from the
 * start.  The IDL then counts them as in force before the rows are there, and
 * does not say when they are: so the question is asked once more, which is not
 * sent before. */
static bool
is_answered(struct tvd_db_view *view, struct ovsdb_idl *idl)
{
    if (!view->waiting) {
        return false;
    }
    if (ovsdb_idl_get_condition_seqno(idl) == view->seqno) {
        if (ask_events(idl, view->serial) == view->seqno) {
            ask_events(idl, ++view->serial);
        }
        return false;
    }
    view->waiting = false;

    struct scope granted;

    scope_clone(&granted, &view->asked);
    scope_replace(&view->granted, &granted);
    return true;
}

/* --- The view -------------------------------------------------------------*/

struct tvd_db_view *
tvd_db_view_create(struct ovsdb_idl *idl, const char *host)
{
    struct tvd_db_view *view = xzalloc(sizeof *view);

    view->host = xstrdup(host);
    scope_init(&view->wanted);
    scope_init(&view->granted);
    scope_init(&view->asked);
    sset_init(&view->present);
    set_conditions(idl, &view->granted);
    ask_events(idl, ++view->serial);
    return view;
}

void
tvd_db_view_destroy(struct tvd_db_view *view)
{
    if (view) {
        scope_destroy(&view->wanted);
        scope_destroy(&view->granted);
        scope_destroy(&view->asked);
        sset_destroy(&view->present);
        free(view->host);
        free(view);
    }
}

/* A question that was held back until a connection was there again is sent
 * when the IDL is run next, for which nothing but this would wake us. */
static void
send_soon(struct tvd_db_view *view, struct ovsdb_idl *idl)
{
    unsigned int seqno = ovsdb_idl_get_seqno(idl);

    if (view->waiting && view->change_seqno != seqno) {
        poll_immediate_wake();
    }
    view->change_seqno = seqno;
}

bool
tvd_db_view_run(struct tvd_db_view *view, struct ovsdb_idl *idl)
{
    struct scope next;

    send_soon(view, idl);
    if (is_answered(view, idl) || !view->read || basis_changed(idl)) {
        want(view, idl);
    }
    view->complete = (scope_suffices(&view->granted, view)
                      && (!view->waiting
                          || scope_suffices(&view->asked, view)));
    view->changed |= !view->complete;
    if (!view->waiting) {
        scope_clone(&next, &view->wanted);
        if (!view->complete) {
            scope_unite(&next, &view->granted);
        }
        if (!scope_equals(&next, &view->granted)) {
            ask(view, idl, &next);
        } else {
            scope_destroy(&next);
        }
    }
    return view->complete;
}

bool
tvd_db_view_is_complete(const struct tvd_db_view *view)
{
    return view->complete;
}

bool
tvd_db_view_changed(struct tvd_db_view *view)
{
    bool changed = view->changed;

    view->changed = false;
    return changed;
}

bool
tvd_db_view_has(const struct tvd_db_view *view, const char *tvd)
{
    return (!view || sset_contains(&view->wanted.own, tvd)
            || sset_contains(&view->wanted.peers, tvd));
}

bool
tvd_db_view_has_rule(const struct tvd_db_view *view,
                     const struct tvdrec_rule *row)
{
    return (!view
            || (tvd_db_view_has(view, row->from_tvd)
                && tvd_db_view_has(view, row->to_tvd)
                && (sset_contains(&view->wanted.own, row->from_tvd)
                    || sset_contains(&view->wanted.own, row->to_tvd))));
}

bool
tvd_db_view_has_ee(const struct tvd_db_view *view,
                   const struct tvdrec_ee *row)
{
    for (size_t i = 0; i < row->n_tvds; i++) {
        if (tvd_db_view_has(view, row->tvds[i])) {
            return true;
        }
    }
    return !view || !row->n_tvds;
}
