/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include "controller/dbserver.h"
#include "controller/engine-private.h"
#include "controller/enrolment.h"
#include "flowpolicy/decide.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine);

/* How long a request waits for the database to be read at all, in ms. */
#define FIRST_READ_TIMEOUT 15000

/* How long the answer waits for a revocation to take effect, in ms. */
#define REVOKE_TIMEOUT 5000

/* How old a connection is that is taken for one that stays, in ms. */
#define SETTLING_TIME 300

static void
take_report(void *e_, enum report_severity severity, const char *kind,
            const char *message)
{
    struct engine *e = e_;

    VLOG(severity == REPORT_INFO ? VLL_INFO
         : severity == REPORT_WARNING ? VLL_WARN : VLL_ERR,
         "%s: %s", kind, message);
    events_add(&e->events, severity, kind, message, time_wall_msec());
}

struct engine *
engine_create(const char *remote, const char *name,
              const struct dbserver *dbserver, struct access *access)
{
    struct engine *e = xzalloc(sizeof *e);

    e->remote = xstrdup(remote);
    e->name = xstrdup(name);
    e->dbserver = dbserver;
    e->access = access;
    e->db = tvd_db_create(remote, TVD_DB_CONTROLLER, NULL);
    e->idl = tvd_db_idl(e->db);
    ovsdb_idl_set_lock(e->idl, access_lock(access));
    hosts_init(&e->hosts);
    events_init(&e->events);
    holders_init(&e->holders);
    writer_init(&e->writer);
    ovs_list_init(&e->waiting);
    ovs_list_init(&e->early);
    e->sink = (struct report_sink) { .cb = take_report, .aux = e };
    e->started = time_msec();
    return e;
}

void
engine_set_switches(struct engine *e, struct switches *switches)
{
    e->switches = switches;
}

static void
waiting_destroy(struct waiting *w)
{
    ovs_list_remove(&w->node);
    free(w);
}

static void
discard_all(struct ovs_list *list)
{
    struct waiting *w;

    LIST_FOR_EACH_SAFE (w, node, list) {
        api_call_discard(w->call);
        waiting_destroy(w);
    }
}

void
engine_destroy(struct engine *e)
{
    if (!e) {
        return;
    }
    discard_all(&e->waiting);
    discard_all(&e->early);
    writer_destroy(&e->writer);
    switches_destroy(e->switches);
    holders_destroy(&e->holders);
    events_destroy(&e->events);
    hosts_destroy(&e->hosts);
    tvd_db_destroy(e->db);
    free(e->remote);
    free(e->name);
    free(e);
}

const struct report_sink *
engine_sink(struct engine *e)
{
    return &e->sink;
}

bool
engine_is_connected(const struct engine *e)
{
    return ovsdb_idl_is_connected(e->idl);
}

bool
engine_is_standby(const struct engine *e)
{
    return e->connected && !e->active;
}

char *
engine_standby_message(const struct engine *e)
{
    const char *active = tvd_db_controller(e->db);

    /* Right after a change what was announced may be ourselves. */
    return (active && strcmp(active, e->name)
            ? xasprintf("this controller is a standby; the active one is %s; "
                        "ask that one", active)
            : xstrdup("this controller is a standby; another one holds the "
                      "lock; ask that one"));
}

struct show_input
engine_show_input(const struct engine *e)
{
    return (struct show_input) {
        .model = tvd_db_model(e->db),
        .idl = e->idl,
        .hosts = &e->hosts,
        .access = e->access,
        .seq = tvd_db_seq(e->db),
    };
}

/* --- Following the database -----------------------------------------------*/

static void
report_problems(struct engine *e)
{
    size_t n;
    const struct svec *problems = tvd_db_problems(e->db, &n);

    if (n && n != e->n_problems) {
        report(&e->sink, REPORT_ERROR, "database", "%"PRIuSIZE" rows of the "
               "database do not fit and were left out, for example: %s; "
               "apply the policy again to write them anew", n,
               problems->names[0]);
    }
    e->n_problems = n;
}

/* True if another one has the lock.  While there is no leader we are connected
 * now to this member and now to that, and may find the lock taken by one that
 * tries as we do: so it counts only once the connection stays. */
static bool
is_settled_standby(struct engine *e, long long int now)
{
    if (!ovsdb_idl_is_connected(e->idl)) {
        e->settled = now + SETTLING_TIME;
    } else if (ovsdb_idl_is_lock_contended(e->idl)) {
        if (now < e->settled) {
            poll_timer_wait_until(e->settled);
        }
        return now >= e->settled;
    }
    return false;
}

static void
follow_connection(struct engine *e, long long int now)
{
    bool may_write = tvd_db_may_write(e->db);
    bool connected = may_write || is_settled_standby(e, now);
    bool foreign = may_write && access_is_foreign(e->access, e->idl);
    bool active = may_write && !foreign;

    if (connected != e->connected) {
        e->connected = connected;
        if (connected) {
            VLOG_INFO("connected to the database at %s", e->remote);
        } else {
            report(&e->sink, REPORT_WARNING, "database", "lost the database "
                   "at %s", e->remote);
        }
    }
    if (foreign != e->foreign) {
        e->foreign = foreign;
        if (foreign) {
            VLOG_ERR("hosts can connect to the database at %s: a controller "
                     "must be started with --listen and the site's "
                     "authorities to be active", e->remote);
        }
    }
    if (active != e->active) {
        e->active = active;
        e->writer.check_tvds = active;
        VLOG_INFO("this controller is %s", active ? "now active"
                  : "no longer active");
    }
}

/* --- Calls that wait ------------------------------------------------------*/

/* '*ready' is set if there is no use in waiting any longer: what was applied is
 * in force, or what is missing are switches that have never been reached. */
static struct json *
wait_result(struct engine *e, const struct request *request, bool *ready)
{
    struct show_input in = engine_show_input(e);
    int64_t seq = request->seq >= 0 ? request->seq : in.seq;
    struct json *result = json_object_create();
    bool enforced, hopeless = false;
    struct json *hosts = show_host_states(&in, seq, &enforced);

    if (e->switches) {
        struct json *missing = switches_missing(e->switches, &hopeless);

        hopeless &= enforced;
        enforced &= !missing->array.n;
        json_object_put(result, "switches", missing);
    }
    *ready = enforced || hopeless;
    json_object_put(result, "enforced", json_boolean_create(enforced));
    json_object_put(result, "hopeless", json_boolean_create(hopeless));
    json_object_put(result, "seq", json_integer_create(seq));
    json_object_put(result, "hosts", hosts);
    return result;
}

/* Answers 'call' if it can be answered now, or must be. */
static bool
try_answer(struct engine *e, struct api_call *call, bool last_chance)
{
    const struct request *request = api_call_request(call);
    struct json *result;
    bool ready;

    if (request->method == REQUEST_WAIT) {
        result = wait_result(e, request, &ready);
    } else if (request->method == REQUEST_HOST_REVOKE) {
        ready = access_is_settled(e->access);
        result = json_object_create();
        json_object_put(result, "effective", json_boolean_create(ready));
    } else {
        ready = events_any(&e->events, request->since);
        result = (ready || last_chance
                  ? events_to_json(&e->events, e->idl, request->since,
                                   request->limit)
                  : NULL);
    }
    if (!ready && !last_chance) {
        json_destroy(result);
        return false;
    }
    api_call_reply(call, result);
    return true;
}

static void
keep(struct ovs_list *list, struct api_call *call, int64_t ms)
{
    struct waiting *w = xmalloc(sizeof *w);

    w->call = call;
    w->deadline = time_msec() + ms;
    ovs_list_push_back(list, &w->node);
}

static void
run_waiting(struct engine *e, long long int now)
{
    struct waiting *w;

    LIST_FOR_EACH_SAFE (w, node, &e->waiting) {
        if (api_call_is_dead(w->call)) {
            api_call_discard(w->call);
        } else if (!try_answer(e, w->call, now >= w->deadline)) {
            continue;
        }
        waiting_destroy(w);
    }
}

static void
keep_waiting(struct engine *e, struct api_call *call, int64_t ms)
{
    if (!try_answer(e, call, ms <= 0)) {
        keep(&e->waiting, call, ms);
    }
}

/* --- Calls ----------------------------------------------------------------*/

static void
handle_wait(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);

    if (request->seq > tvd_db_seq(e->db)) {
        api_call_fail(call, NULL, "there is no seq %"PRId64" yet; the newest "
                      "is %"PRId64, request->seq, tvd_db_seq(e->db));
    } else {
        keep_waiting(e, call, request->timeout_ms);
    }
}

static void
handle_show(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);
    struct show_input in = engine_show_input(e);
    struct json *table;
    char *error = show_table(&in, request->show, request->name, &table);

    if (error) {
        api_call_fail(call, NULL, "%s", error);
        free(error);
    } else {
        api_call_reply(call, table);
    }
}

static void
handle_can(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);
    struct json *answer;
    char *error = show_can(tvd_db_model(e->db), request->src, request->dst,
                           request->service, &answer);

    if (error) {
        api_call_fail(call, NULL, "%s", error);
        free(error);
    } else {
        api_call_reply(call, answer);
    }
}

static void
handle_certify(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);
    bool host = request->method == REQUEST_HOST_CERTIFY;
    long long int wall = time_wall_msec();
    struct json *answer;
    char *error;

    error = (host
             ? access_certify_host(e->access, tvd_db_model(e->db),
                                   request->name, request->csr, wall, &answer)
             : access_certify_admin(e->access, request->name, request->csr,
                                    wall, &answer));
    if (error) {
        api_call_fail(call, NULL, "%s", error);
        free(error);
    } else {
        report(&e->sink, REPORT_INFO, "certificate", "signed a certificate "
               "for %s \"%s\"", host ? "host" : "administrator",
               request->name);
        api_call_reply(call, answer);
    }
}

static void
handle_host_enrol(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);
    struct json *answer;
    char *error;

    error = access_enrol_host(e->access, tvd_db_model(e->db), request->name,
                              request->validity, time_wall_msec(), &answer);
    if (error) {
        api_call_fail(call, NULL, "%s", error);
        free(error);
    } else {
        report(&e->sink, REPORT_INFO, "certificate", "made a token for host "
               "\"%s\"", request->name);
        api_call_reply_secret(call, answer);
    }
}

static void
handle_host_revoke(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);
    char *error = (engine_is_standby(e) ? engine_standby_message(e)
                   : access_revoke_host(e->access, tvd_db_model(e->db),
                                        request->name));

    if (error) {
        api_call_fail(call, NULL, "%s", error);
        free(error);
    } else {
        report(&e->sink, REPORT_WARNING, "certificate", "host \"%s\" is "
               "revoked", request->name);
        keep(&e->waiting, call, REVOKE_TIMEOUT);
    }
}

char *
engine_enrol(void *e_, const char *greeting, const char *line)
{
    struct engine *e = e_;
    struct enrolment enrolment = {
        .model = tvd_db_model(e->db),
        .sink = &e->sink,
    };

    ovs_assert(access_enrolment(e->access, &enrolment));
    return enrolment_answer(&enrolment, greeting, line, time_wall());
}

static void
handle_switch(struct engine *e, struct api_call *call)
{
    if (e->switches) {
        switches_handle(e->switches, call, time_msec());
    } else {
        api_call_fail(call, NULL, "this controller does not configure "
                      "switches");
    }
}

/* All but "status" need the database to have been read. */
static void
handle_with_model(struct engine *e, struct api_call *call)
{
    const struct request *request = api_call_request(call);

    switch (request->method) {
    case REQUEST_PLAN:
        writer_plan(e, call);
        break;
    case REQUEST_APPLY:
        if (request->dry_run) {
            writer_plan(e, call);
        } else {
            writer_add(e, call);
        }
        break;
    case REQUEST_EE_ADD:
    case REQUEST_EE_REMOVE:
    case REQUEST_EE_MOVE:
        writer_add(e, call);
        break;
    case REQUEST_WAIT:
        handle_wait(e, call);
        break;
    case REQUEST_SHOW:
        handle_show(e, call);
        break;
    case REQUEST_CAN:
        handle_can(e, call);
        break;
    case REQUEST_HOST_CERTIFY:
    case REQUEST_ADMIN_CERTIFY:
        handle_certify(e, call);
        break;
    case REQUEST_HOST_ENROL:
        handle_host_enrol(e, call);
        break;
    case REQUEST_HOST_REVOKE:
        handle_host_revoke(e, call);
        break;
    case REQUEST_EVENTS:
        keep_waiting(e, call, request->wait_ms);
        break;
    case REQUEST_SWITCH_SHOW:
    case REQUEST_SWITCH_PLAN:
    case REQUEST_SWITCH_VERIFY:
    case REQUEST_SWITCH_ADOPT:
    case REQUEST_SWITCH_SAVE:
    case REQUEST_SWITCH_RETRY:
    case REQUEST_SWITCH_PROBE:
        handle_switch(e, call);
        break;
    case REQUEST_STATUS:
    default:
        OVS_NOT_REACHED();
    }
}

void
engine_handle(void *e_, struct api_call *call)
{
    struct engine *e = e_;

    if (api_call_request(call)->method == REQUEST_STATUS) {
        api_call_reply(call, engine_status(e));
    } else if (!tvd_db_model(e->db)) {
        keep(&e->early, call, FIRST_READ_TIMEOUT);
    } else {
        handle_with_model(e, call);
    }
}

/* Requests that came before the database had been read. */
static void
run_early(struct engine *e, long long int now)
{
    struct waiting *w;

    LIST_FOR_EACH_SAFE (w, node, &e->early) {
        if (tvd_db_model(e->db)) {
            handle_with_model(e, w->call);
        } else if (now >= w->deadline) {
            api_call_fail(w->call, NULL, "the database at %s cannot be read; "
                          "tvdctl status tells more", e->remote);
        } else {
            continue;
        }
        waiting_destroy(w);
    }
}

/* --- The loop -------------------------------------------------------------*/

void
engine_run(struct engine *e)
{
    const struct tvd_db_changes *changes;
    long long int now = time_msec();

    ovsdb_idl_run(e->idl);
    holders_track(&e->holders, e->idl);
    if (e->switches) {
        switches_track(e->switches, e->idl);
    }
    changes = tvd_db_run(e->db);
    follow_connection(e, now);
    if (changes && changes->gateways) {
        decide_assign_gateways(tvd_db_model(e->db));
    }
    if (tvd_db_model(e->db)) {
        report_problems(e);
        holders_follow(&e->holders, e->db, changes, e->active);
        if (e->switches) {
            switches_follow(e->switches, e->db, changes, e->active, now);
            switches_run(e->switches, now);
        }
        hosts_run(&e->hosts, e->idl, &e->sink, now, time_wall_msec());
        events_run(&e->events, e->idl, e->active);
        run_waiting(e, now);
    }
    run_early(e, now);
    access_run(e->access, &e->sink, time_wall_msec());
    writer_run(e, e->active && tvd_db_model(e->db), now);
}

void
engine_wait(struct engine *e)
{
    const struct waiting *w;

    ovsdb_idl_wait(e->idl);
    tvd_db_wait(e->db);
    hosts_wait(&e->hosts);
    writer_wait(&e->writer);
    if (e->switches) {
        switches_wait(e->switches, time_msec());
    }
    access_wait(e->access, time_wall_msec());
    LIST_FOR_EACH (w, node, &e->waiting) {
        poll_timer_wait_until(w->deadline);
    }
    LIST_FOR_EACH (w, node, &e->early) {
        poll_timer_wait_until(w->deadline);
    }
}
