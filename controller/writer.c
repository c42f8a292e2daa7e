/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/writer.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "controller/engine-private.h"
#include "controller/intent.h"
#include "controller/move.h"
#include "flowpolicy/decide.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(writer);

/* After a transaction that lost a race, in ms; an update from the database
 * usually comes before. */
#define RETRY_AFTER 100

struct change {
    struct ovs_list node;       /* In 'queue' of the writer. */
    struct api_call *call;
    long long int deadline;     /* To begin, monotonic ms. */
    struct json *result;        /* The reply if the transaction succeeds. */
    char *event;                /* What to report then; NULL: nothing. */
    char *warning;              /* The same, as a warning. */
    bool unknown;               /* It was sent, and may have been made. */
};

void
writer_init(struct writer *w)
{
    memset(w, 0, sizeof *w);
    ovs_list_init(&w->queue);
}

static void
change_forget(struct change *change)
{
    json_destroy(change->result);
    change->result = NULL;
    free(change->event);
    change->event = NULL;
    free(change->warning);
    change->warning = NULL;
}

/* The call must have been answered. */
static void
change_destroy(struct change *change)
{
    change_forget(change);
    free(change);
}

void
writer_destroy(struct writer *w)
{
    struct change *change;

    if (w->txn) {
        ovsdb_idl_txn_destroy(w->txn);
    }
    if (w->change) {
        ovs_list_push_back(&w->queue, &w->change->node);
    }
    LIST_FOR_EACH_POP (change, node, &w->queue) {
        api_call_discard(change->call);
        change_destroy(change);
    }
}

void
writer_add(struct engine *e, struct api_call *call)
{
    struct writer *w = &e->writer;
    struct change *change;

    if (w->n_queued >= WRITER_MAX_QUEUE) {
        api_call_fail(call, NULL, "too many changes at once: %d are waiting; "
                      "try again later", WRITER_MAX_QUEUE);
        return;
    }
    change = xzalloc(sizeof *change);
    change->call = call;
    change->deadline = time_msec() + WRITER_TIMEOUT;
    ovs_list_push_back(&w->queue, &change->node);
    w->n_queued++;
    /* The writer has had its turn in this iteration of the main loop; without
     * this the change would wait for whatever wakes it next. */
    poll_immediate_wake();
}

/* --- Answers --------------------------------------------------------------*/

static void
fail_with(struct api_call *call, const struct intent_error *error)
{
    char *summary = intent_error_summary(error);

    api_call_fail(call, intent_error_to_json(error), "%s", summary);
    free(summary);
}

static struct json *
make_result(const struct diff *diff, const struct svec *notes, int64_t seq)
{
    struct json *result = json_object_create();

    json_object_put(result, "changes", diff_to_json(diff));
    json_object_put(result, "seq", json_integer_create(seq));
    if (notes->n) {
        struct json *array = json_array_create_empty();

        for (size_t i = 0; i < notes->n; i++) {
            json_array_add(array, json_string_create(notes->names[i]));
        }
        json_object_put(result, "notes", array);
    }
    return result;
}

static struct json *
result_of(const struct intent *intent, int64_t seq)
{
    return make_result(&intent->diff, &intent->notes, seq);
}

static struct json *
ee_to_json(const struct model_ee *ee)
{
    struct shash none = SHASH_INITIALIZER(&none);

    return show_ee_to_json(ee, &none);
}

/* --- What is to be written ------------------------------------------------*/

/* SHA-256 in hex. */
static char *
digest(const char *text)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    char *hex;

    if (!EVP_Digest(text, strlen(text), md, &n, EVP_sha256(), NULL)) {
        n = 0;
    }
    hex = xzalloc(2 * n + 1);
    for (unsigned int i = 0; i < n; i++) {
        snprintf(hex + 2 * i, 3, "%02x", md[i]);
    }
    return hex;
}

/* 'policy' for TVD_Global. */
static void
describe_policy(const struct request *request, struct smap *policy)
{
    char *hex = digest(request->text);

    smap_add(policy, "file", request->file ? request->file : "");
    smap_add(policy, "digest", hex);
    smap_add_format(policy, "time", "%lld", time_wall_msec());
    free(hex);
}

/* Begins a transaction for 'change', which makes 'n_changes' changes and leads
 * to the returned seq. */
static int64_t
begin_txn(struct engine *e, struct change *change, size_t n_changes)
{
    int64_t seq = tvd_db_seq(e->db) + (n_changes > 0);

    e->writer.seqno = ovsdb_idl_get_seqno(e->idl);
    e->writer.txn = ovsdb_idl_txn_create(e->idl);
    e->writer.change = change;
    if (n_changes) {
        change->event = xasprintf("%s: %"PRIuSIZE" change%s, seq %"PRId64,
                                  request_method_to_string(
                                      api_call_request(change->call)->method),
                                  n_changes, n_changes > 1 ? "s" : "", seq);
    }
    return seq;
}

/* Where an EE is bound anew, its former host may still have it. */
static void
guard_holders(struct engine *e, const struct intent *intent)
{
    for (size_t i = 0; i < intent->diff.n; i++) {
        const struct diff_change *c = &intent->diff.changes[i];
        const struct model_ee *ee
            = (c->kind == DIFF_EE && c->op != DIFF_REMOVE
               ? model_ee_find(intent->model, c->name) : NULL);

        if (ee) {
            holders_guard(&e->holders, e->db, ee, ee->host);
        }
    }
}

/* Begins the transaction for 'change' with 'intent' (all of the model, or
 * nothing of it if intent->model is NULL). */
static void
begin(struct engine *e, struct change *change, const struct intent *intent,
      const struct smap *policy)
{
    struct smap ids = SMAP_INITIALIZER(&ids);
    int64_t seq = begin_txn(e, change, intent->diff.n);

    alloc_state_to_smap(&intent->ids, &ids);
    tvd_db_write_global(e->db, e->writer.txn, seq, &ids, policy);
    if (intent->model) {
        tvd_db_write_model(e->db, e->writer.txn, intent->model);
        guard_holders(e, intent);
    }
    smap_destroy(&ids);
    change->result = result_of(intent, seq);
}

/* Each answers the call of 'change', which is then gone. */
static void
finish_early(struct change *change, struct json *result)
{
    api_call_reply(change->call, result);
    change_destroy(change);
}

static void
refuse(struct change *change, const struct intent_error *error)
{
    if (change->unknown) {
        char *summary = intent_error_summary(error);

        api_call_fail(change->call, intent_error_to_json(error),
                      "not known to be applied: the database was lost while it "
                      "was tried; when tried again: %s", summary);
        free(summary);
    } else {
        fail_with(change->call, error);
    }
    change_destroy(change);
}

/* --- apply and plan -------------------------------------------------------*/

static bool
make_policy_intent(struct engine *e, const struct request *request,
                   struct intent *intent, struct intent_error *error)
{
    long long int start = time_msec();
    bool good = intent_of_policy(request->text, tvd_db_model(e->db),
                                 tvd_db_ids(e->db), intent, error);

    VLOG_DBG("%s computed in %lld ms",
             request_method_to_string(request->method), time_msec() - start);
    return good;
}

void
writer_plan(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);
    struct intent_error error;
    struct intent intent;

    intent_init(&intent);
    intent_error_init(&error, request->file ? request->file : "policy");
    if (make_policy_intent(e, request, &intent, &error)) {
        api_call_reply(call, result_of(&intent, tvd_db_seq(e->db)));
    } else {
        fail_with(call, &error);
    }
    intent_destroy(&intent);
    intent_error_destroy(&error);
}

static void
start_apply(struct engine *e, struct change *change)
{
    const struct request *request = api_call_request(change->call);
    struct smap policy = SMAP_INITIALIZER(&policy);
    struct intent_error error;
    struct intent intent;
    size_t n_problems;

    intent_init(&intent);
    intent_error_init(&error, request->file ? request->file : "policy");
    describe_policy(request, &policy);
    tvd_db_problems(e->db, &n_problems);
    if (!make_policy_intent(e, request, &intent, &error)) {
        refuse(change, &error);
    } else if (!intent.diff.n && !n_problems
               && !strcmp(smap_get_def(&policy, "digest", ""),
                          smap_get_def(tvd_db_policy(e->db), "digest", ""))) {
        finish_early(change, result_of(&intent, tvd_db_seq(e->db)));
    } else {
        begin(e, change, &intent, &policy);
    }
    smap_destroy(&policy);
    intent_destroy(&intent);
    intent_error_destroy(&error);
}

/* --- ee_add and ee_remove -------------------------------------------------*/

/* Why 'ee' cannot be added yet: a host may still accept a MAC of it as that of
 * an EE that was removed.  NULL if it can; caller frees. */
static char *
why_too_early(const struct engine *e, const struct model_ee *ee)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct model_nic *nic = ee->nics[i];
        const char *host = (nic->mac_declared
                            ? holders_of_mac(&e->holders, tvd_db_model(e->db),
                                             nic->mac) : NULL);

        if (host) {
            return xasprintf("cannot add EE \"%s\" yet: host \"%s\" has not "
                             "let go of an EE that had MAC "ETH_ADDR_FMT
                             " and was removed; try again, or give it another "
                             "MAC", ee->name, host, ETH_ADDR_ARGS(nic->mac));
        }
    }
    return NULL;
}

/* Does what is needed for 'ee' of intent->model or of the model in force. */
static void
write_added(struct engine *e, struct change *change, struct intent *intent,
            const struct model_ee *ee)
{
    char *why = why_too_early(e, ee);
    struct json *json;

    if (why) {
        api_call_fail(change->call, NULL, "%s", why);
        change_destroy(change);
        free(why);
        return;
    }
    json = ee_to_json(ee);
    if (api_call_request(change->call)->dry_run) {
        struct json *result = result_of(intent, tvd_db_seq(e->db));

        json_object_put(result, "ee", json);
        finish_early(change, result);
        return;
    }
    begin(e, change, intent, NULL);
    if (!intent->model) {
        tvd_db_write_ee(e->db, e->writer.txn, ee);
        holders_guard(&e->holders, e->db, ee, ee->host);
    }
    json_object_put(change->result, "ee", json);
}

/* Adds an EE that concerns others too: on a copy of the whole model. */
static void
add_by_copy(struct engine *e, struct change *change)
{
    const struct request *request = api_call_request(change->call);
    struct model *copy = tvd_db_copy_model(e->db);
    struct intent_error error;
    struct intent intent;
    struct model_ee *ee;

    intent_init(&intent);
    intent_error_init(&error, "ee");
    ee = policy_parse_ee(copy, request->ee, strlen(request->ee),
                         &error.errors);
    if (!ee) {
        model_destroy(copy);
        refuse(change, &error);
    } else if (!intent_of_model(copy, tvd_db_model(e->db), tvd_db_ids(e->db),
                                &intent, &error)) {
        refuse(change, &error);
    } else {
        write_added(e, change, &intent, ee);
    }
    intent_destroy(&intent);
    intent_error_destroy(&error);
}

static size_t
count_roles(const struct model *m)
{
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        n += shash_count(&tvd->roles);
    }
    return n;
}

/* Adds an EE by itself.  The model in force is borrowed for that, and is as it
 * was afterwards: what is committed comes back from the database.  Returns
 * false, with nothing done, if the EE concerns more than itself. */
static bool
add_alone(struct engine *e, struct change *change)
{
    const struct request *request = api_call_request(change->call);
    struct model *model = tvd_db_model(e->db);
    struct intent_error error;
    struct intent intent;
    size_t n_roles = count_roles(model);
    struct model_ee *ee;
    bool alone = true;

    intent_init(&intent);
    intent_error_init(&error, "ee");
    ee = policy_parse_ee(model, request->ee, strlen(request->ee),
                         &error.errors);
    if (count_roles(model) != n_roles) {
        tvd_db_reread(e->db);
    }
    if (!ee) {
        refuse(change, &error);
    } else if (!intent_ee_is_simple(ee)) {
        alone = false;
    } else if (!intent_of_new_ee(model, ee, tvd_db_ids(e->db), &intent,
                                 &error)) {
        refuse(change, &error);
    } else {
        write_added(e, change, &intent, ee);
    }
    if (ee) {
        model_ee_remove(model, ee);
    }
    intent_destroy(&intent);
    intent_error_destroy(&error);
    return alone;
}

static void
start_ee_add(struct engine *e, struct change *change)
{
    if (!add_alone(e, change)) {
        add_by_copy(e, change);
    }
}

static void
write_removed(struct engine *e, struct change *change, struct intent *intent,
              const char *name)
{
    if (api_call_request(change->call)->dry_run) {
        finish_early(change, result_of(intent, tvd_db_seq(e->db)));
        return;
    }
    begin(e, change, intent, NULL);
    if (!intent->model) {
        tvd_db_delete_ee(e->db, name);
    }
}

static void
remove_by_copy(struct engine *e, struct change *change, const char *name)
{
    struct model *copy = tvd_db_copy_model(e->db);
    struct intent_error error;
    struct intent intent;

    intent_init(&intent);
    intent_error_init(&error, "ee");
    model_ee_remove(copy, model_ee_find(copy, name));
    if (!intent_of_model(copy, tvd_db_model(e->db), tvd_db_ids(e->db),
                         &intent, &error)) {
        refuse(change, &error);
    } else {
        write_removed(e, change, &intent, name);
    }
    intent_destroy(&intent);
    intent_error_destroy(&error);
}

static const char *
why_not_removable(const struct model_ee *ee)
{
    if (!ee) {
        return "there is no such EE";
    }
    switch (ee->origin) {
    case MODEL_FROM_API:
        return NULL;
    case MODEL_FROM_POLICY:
        return "it is declared in the policy file; remove it there and apply "
               "the file";
    case MODEL_FROM_SYSTEM:
        return "it is a gateway that a TVD's rules need; it goes when they do";
    }
    OVS_NOT_REACHED();
}

static void
start_ee_remove(struct engine *e, struct change *change)
{
    const char *name = api_call_request(change->call)->name;
    struct model_ee *ee = model_ee_find(tvd_db_model(e->db), name);
    const char *why = why_not_removable(ee);

    if (why) {
        api_call_fail(change->call, NULL, "cannot remove EE \"%s\": %s", name,
                      why);
        change_destroy(change);
    } else if (intent_ee_is_simple(ee)) {
        struct intent intent;

        intent_init(&intent);
        intent_of_gone_ee(ee, tvd_db_ids(e->db), &intent);
        write_removed(e, change, &intent, name);
        intent_destroy(&intent);
    } else {
        remove_by_copy(e, change, name);
    }
}

/* --- ee_move --------------------------------------------------------------*/

static void
write_move(struct engine *e, struct change *change, const struct move *move)
{
    struct smap ids = SMAP_INITIALIZER(&ids);
    const struct model_ee *ee = move->ee;
    int64_t seq = begin_txn(e, change, move->diff.n);

    smap_clone(&ids, tvd_db_ids(e->db));
    tvd_db_write_global(e->db, e->writer.txn, seq, &ids, NULL);
    smap_destroy(&ids);
    tvd_db_write_bound(e->db, ee->name, move->host);
    tvd_db_write_next_host(e->db, ee->name, move->next_host);
    if (move->taken_from) {
        for (size_t i = 0; i < ee->n_nics; i++) {
            tvd_db_write_holder(e->db, ee->nics[i], NULL);
        }
        change->warning = xasprintf(
            "EE \"%s\" was taken from host \"%s\" by force: if that host is "
            "not off or fenced, it still accepts what EE \"%s\" sends there",
            ee->name, move->taken_from, ee->name);
    } else if (!nullable_string_is_equal(ee->host, move->host)) {
        holders_guard(&e->holders, e->db, ee, move->host);
    }
    change->result = make_result(&move->diff, &move->notes, seq);
}

static void
start_ee_move(struct engine *e, struct change *change)
{
    const struct request *request = api_call_request(change->call);
    struct move move;
    char *error = move_plan(tvd_db_model(e->db), &e->hosts, request, &move);

    if (error) {
        api_call_fail(change->call, NULL, "%s%s", change->unknown
                      ? "not known to be applied: the database was lost while "
                      "it was tried; when tried again: " : "", error);
        free(error);
        change_destroy(change);
        return;
    }
    if (request->dry_run || !move.diff.n) {
        finish_early(change, make_result(&move.diff, &move.notes,
                                         tvd_db_seq(e->db)));
    } else {
        write_move(e, change, &move);
    }
    move_destroy(&move);
}

/* --- The transaction ------------------------------------------------------*/

static void
start(struct engine *e, struct change *change)
{
    switch (api_call_request(change->call)->method) {
    case REQUEST_APPLY:
        start_apply(e, change);
        break;
    case REQUEST_EE_ADD:
        start_ee_add(e, change);
        break;
    case REQUEST_EE_REMOVE:
        start_ee_remove(e, change);
        break;
    case REQUEST_EE_MOVE:
        start_ee_move(e, change);
        break;
    case REQUEST_PLAN:
    case REQUEST_WAIT:
    case REQUEST_SHOW:
    case REQUEST_CAN:
    case REQUEST_STATUS:
    case REQUEST_EVENTS:
    case REQUEST_HOST_CERTIFY:
    case REQUEST_ADMIN_CERTIFY:
    case REQUEST_HOST_ENROL:
    case REQUEST_HOST_REVOKE:
    case REQUEST_SWITCH_SHOW:
    case REQUEST_SWITCH_PLAN:
    case REQUEST_SWITCH_VERIFY:
    case REQUEST_SWITCH_ADOPT:
    case REQUEST_SWITCH_SAVE:
    case REQUEST_SWITCH_RETRY:
    case REQUEST_SWITCH_PROBE:
    default:
        OVS_NOT_REACHED();
    }
}

static void
succeed(struct engine *e, struct change *change)
{
    struct json *result = change->result;

    if (change->event) {
        report(&e->sink, REPORT_INFO, "policy", "%s", change->event);
    }
    if (change->warning) {
        report(&e->sink, REPORT_WARNING, "taken", "%s", change->warning);
    }
    change->result = NULL;
    api_call_reply(change->call, result);
    change_destroy(change);
}

/* Puts 'change' back to the head of the queue. */
static void
again(struct writer *w, struct change *change, long long int now)
{
    change_forget(change);
    /* A server that was lost may have committed it.  Once begun anew it is
     * computed from what there is, and found to be made already. */
    change->unknown = true;
    ovs_list_push_front(&w->queue, &change->node);
    w->n_queued++;
    w->retry = now + RETRY_AFTER;
}

static void
finish_change(struct engine *e, struct change *change,
              enum ovsdb_idl_txn_status status, const char *error,
              long long int now)
{
    switch (status) {
    case TXN_SUCCESS:
    case TXN_UNCHANGED:
        succeed(e, change);
        break;

    case TXN_TRY_AGAIN:
        again(&e->writer, change, now);
        break;

    case TXN_NOT_LOCKED:
        api_call_fail(change->call, NULL, "not applied: this controller has "
                      "just lost the lock to another one; ask that one");
        change_destroy(change);
        break;

    case TXN_UNCOMMITTED:
    case TXN_INCOMPLETE:
    case TXN_ABORTED:
    case TXN_ERROR:
    default:
        VLOG_ERR("transaction failed: %s", error ? error : "unknown error");
        api_call_fail(change->call, NULL, "not applied: the database refused "
                      "the transaction: %s", error ? error : "unknown error");
        change_destroy(change);
        break;
    }
}

/* Asks how the transaction is; returns true if it is over. */
static bool
run_txn(struct engine *e, long long int now)
{
    struct writer *w = &e->writer;
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(w->txn);
    struct change *change = w->change;

    if (status == TXN_INCOMPLETE) {
        return false;
    }

    char *error = nullable_xstrdup(ovsdb_idl_txn_get_error(w->txn));

    ovsdb_idl_txn_destroy(w->txn);
    w->txn = NULL;
    w->change = NULL;
    if (change) {
        finish_change(e, change, status, error, now);
    } else {
        bool good = status == TXN_SUCCESS || status == TXN_UNCHANGED;

        if (!good) {
            VLOG_DBG("rows of our own not written: %s",
                     ovsdb_idl_txn_status_to_string(status));
            w->retry = now + RETRY_AFTER;
        }
        w->check_tvds &= !good;
        events_written(&e->events, good);
        access_written(e->access, good);
        holders_written(&e->holders, good);
        if (e->switches) {
            switches_written(e->switches, good);
        }
    }
    free(error);
    return true;
}

/* Why 'change' cannot be made, or NULL if it can still be waited for. */
static char *
why_expired(const struct engine *e, const struct change *change,
            long long int now)
{
    if (engine_is_standby(e)) {
        return engine_standby_message(e);
    } else if (now < change->deadline) {
        return NULL;
    } else if (!e->connected) {
        return xasprintf("the database at %s cannot be reached, or its "
                         "cluster has no leader", e->remote);
    }
    return xasprintf("the database did not accept a change for %d s",
                     WRITER_TIMEOUT / 1000);
}

/* Fails what cannot be made, and forgets what nobody waits for. */
static void
expire(struct engine *e, long long int now)
{
    struct change *change;

    LIST_FOR_EACH_SAFE (change, node, &e->writer.queue) {
        char *why = why_expired(e, change, now);

        if (!why && !api_call_is_dead(change->call)) {
            continue;
        }
        ovs_list_remove(&change->node);
        e->writer.n_queued--;
        api_call_fail(change->call, NULL, "%s: %s",
                      change->unknown ? "not known to be applied"
                      : "not applied", why ? why : "nobody waits for it");
        change_destroy(change);
        free(why);
    }
}

/* True unless the database is to be told that this controller is the active
 * one: not an embedded one, whose clients have no other to ask, and not one
 * whose schema is older than the column. */
static bool
is_announced(const struct engine *e)
{
    const char *announced = tvd_db_controller(e->db);

    return e->dbserver || !tvdrec_tvd_global_first(e->idl)
           || !tvdrec_server_has_tvd_global_table_col_controller(e->idl)
           || (announced && !strcmp(announced, e->name));
}

static void
announce(struct engine *e)
{
    if (!is_announced(e)) {
        tvd_db_write_controller(e->db, e->name);
    }
}

static bool
may_start(struct engine *e, bool ready, long long int now)
{
    struct writer *w = &e->writer;

    if (w->retry && (now >= w->retry
                     || ovsdb_idl_get_seqno(e->idl) != w->seqno)) {
        w->retry = 0;
    }
    return ready && !w->retry && !w->txn;
}

static void
start_next_change(struct engine *e)
{
    struct writer *w = &e->writer;
    struct change *change = CONTAINER_OF(ovs_list_pop_front(&w->queue),
                                         struct change, node);

    w->n_queued--;
    w->own_turn = true;
    start(e, change);
}

static bool
own_rows_pending(struct engine *e)
{
    return (holders_pending(&e->holders) || access_pending(e->access, e->idl)
            || events_pending(&e->events) || !is_announced(e)
            || (e->switches && switches_pending(e->switches))
            || e->writer.check_tvds);
}

/* Begins a transaction for what nobody asks for: who holds what, events, access,
 * who we are, and what an older controller left out. */
static void
start_own_rows(struct engine *e, long long int now)
{
    struct writer *w = &e->writer;

    w->own_turn = false;
    w->seqno = ovsdb_idl_get_seqno(e->idl);
    w->txn = ovsdb_idl_txn_create(e->idl);
    holders_write(&e->holders, e->db, w->txn, &e->sink, now);
    if (access_pending(e->access, e->idl)) {
        access_write(e->access, e->idl, w->txn);
    }
    if (events_pending(&e->events)) {
        events_write(&e->events, e->idl, w->txn);
    }
    announce(e);
    if (e->switches && switches_pending(e->switches)) {
        switches_write(e->switches, e->idl, w->txn, now, time_wall_msec());
    }
    if (w->check_tvds) {
        tvd_db_write_tvds(e->db);
    }
}

/* Begins the next transaction.  Changes come first, but a row of them does not
 * keep an EE from its host: what is small and quick has its turn after each. */
static void
start_next(struct engine *e, long long int now)
{
    struct writer *w = &e->writer;

    if (w->n_queued && !(w->own_turn && holders_pending(&e->holders))) {
        start_next_change(e);
    } else if (own_rows_pending(e)) {
        start_own_rows(e, now);
    }
}

void
writer_run(struct engine *e, bool ready, long long int now)
{
    struct writer *w = &e->writer;

    if (w->txn && !run_txn(e, now)) {
        return;
    }
    expire(e, now);
    /* One that writes nothing is over at once; but each needs the model that
     * the one before left, which comes with the next iteration. */
    if (may_start(e, ready, now)) {
        start_next(e, now);
    }
    if (w->txn) {
        run_txn(e, now);
    }
    if (!w->txn && ready && !w->retry
        && (w->n_queued || holders_pending(&e->holders))) {
        poll_immediate_wake();
    }
}

void
writer_wait(const struct writer *w)
{
    const struct change *change;

    if (w->txn) {
        ovsdb_idl_txn_wait(w->txn);
    }
    if (w->retry) {
        poll_timer_wait_until(w->retry);
    }
    LIST_FOR_EACH (change, node, &w->queue) {
        poll_timer_wait_until(change->deadline);
    }
}
