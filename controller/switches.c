/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/switches-private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "controller/api-server.h"
#include "controller/request.h"
#include "controller/switch-show.h"
#include "lib/report.h"
#include "lib/suggest.h"
#include "lib/tvd-db.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "packets.h"
#include "socket-util.h"
#include "switchcfg/notification.h"
#include "switchcfg/profile-files.h"
#include "switchcfg/reconcile.h"
#include "switchcfg/session.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(switches);

#define LEAVING_RETRY 200       /* Of opening a session while another one has to
                                 * end first, in ms. */
#define ANSWER_TIMEOUT 20000    /* Of calls that wait for a switch. */
#define MAX_PROBES 16           /* At a time. */
#define MAX_TRAPS 100           /* Taken in one turn of the loop. */
#define MAX_NOTIFICATION 8192   /* That is acknowledged, in octets. */
#define STATUS_AGE 60000        /* 'last_read' is written as often. */
#define CHECK_EVERY 100         /* Between two looks at the rows. */
#define TURN_US 2000            /* Of work in one turn of the loop, */
#define TURN_FILES 1            /* and files that have to get to the disk. */

static const char standby_text[]
    = "this controller is a standby; ask the active one";

/* A call that waits until a switch has been read. */
struct asked {
    struct ovs_list node;       /* In 'asked'. */
    struct api_call *call;
    struct entry *entry;
    struct entry *probe;        /* The same, if it is to be destroyed. */
    long long int since, deadline;
};

/* --- Making and ending ----------------------------------------------------*/

static char *
open_traps(const char *where, int *fd)
{
    char *target = xasprintf(":%s", where);
    struct sockaddr_storage ss;
    char *error = NULL;

    *fd = inet_open_passive(SOCK_DGRAM, target + 1, -1, &ss, 0, false);
    if (*fd < 0) {
        error = xasprintf("cannot listen for traps at %s: %s", where,
                          ovs_strerror(-*fd));
        *fd = -1;
    }
    free(target);
    return error;
}

char *
switches_create(const struct switches_config *config, struct switches **sp)
{
    struct switches *s = xzalloc(sizeof *s);
    char *error;

    s->config = *config;
    s->state_dir = nullable_xstrdup(config->state_dir);
    s->traps = -1;
    s->fresh = true;
    switch_profiles_init(&s->profiles);
    whereabouts_init(&s->whereabouts);
    shash_init(&s->entries);
    ovs_list_init(&s->turns);
    ovs_list_init(&s->asked);
    sset_init(&s->gone);
    *sp = s;

    error = (config->profiles_dir
             ? switch_profiles_load(&s->profiles, config->profiles_dir)
             : NULL);
    if (error) {
        /* Those that are right can be used. */
        VLOG_ERR("profiles of switches: %s", error);
        free(error);
    }
    error = config->traps ? open_traps(config->traps, &s->traps) : NULL;
    if (error) {
        switches_destroy(s);
        *sp = NULL;
    }
    return error;
}

/* --- Calls that wait ------------------------------------------------------*/

static void
asked_destroy(struct switches *s, struct asked *asked)
{
    if (asked->probe) {
        entry_destroy(s, asked->probe);
        s->n_probes--;
    }
    ovs_list_remove(&asked->node);
    free(asked);
}

/* Calls about 'entry' get no answer any more. */
static void
fail_asked(struct switches *s, const struct entry *entry, const char *why)
{
    struct asked *asked;

    LIST_FOR_EACH_SAFE (asked, node, &s->asked) {
        if (!entry || asked->entry == entry) {
            api_call_fail(asked->call, NULL, "switch \"%s\": %s",
                          asked->entry->name, why);
            asked_destroy(s, asked);
        }
    }
}

void
switches_destroy(struct switches *s)
{
    struct shash_node *node;
    struct asked *asked;

    if (!s) {
        return;
    }
    LIST_FOR_EACH_SAFE (asked, node, &s->asked) {
        api_call_discard(asked->call);
        asked_destroy(s, asked);
    }
    SHASH_FOR_EACH (node, &s->entries) {
        entry_destroy(s, node->data);
    }
    shash_destroy(&s->entries);
    entries_end_leaving(s);
    whereabouts_destroy(&s->whereabouts);
    switch_profiles_destroy(&s->profiles);
    free(s->state_dir);
    sset_destroy(&s->gone);
    if (s->traps >= 0) {
        close(s->traps);
    }
    free(s);
}

/* --- What is known of a switch ---------------------------------------------*/

/* NULL: it has not been opened. */
static const struct switch_status *
entry_status(const struct entry *entry)
{
    return (entry->reconcile ? switch_reconcile_status(entry->reconcile)
            : NULL);
}

/* The state for people: reading again and again is nothing to tell. */
static const char *
phase_of(const struct entry *entry)
{
    if (!entry->reconcile) {
        return entry->error ? "failed" : "starting";
    }
    switch (switch_reconcile_status(entry->reconcile)->state) {
    case SWITCH_IDENTIFY:
    case SWITCH_READ:
    case SWITCH_LOCK:
        return entry->phase;
    case SWITCH_SET:
    case SWITCH_SETTLE:
    case SWITCH_READBACK:
    case SWITCH_ROLLBACK:
    case SWITCH_READBACK_OLD:
    case SWITCH_SAVE:
    case SWITCH_UNLOCK:
        return "changing";
    case SWITCH_FAILED: return "failed";
    case SWITCH_STUCK: return "stuck";
    case SWITCH_IDLE: return "idle";
    }
    OVS_NOT_REACHED();
}

static const char *
entry_error(const struct entry *entry)
{
    const struct switch_status *status = entry_status(entry);
    const char *error = entry->error ? entry->error
                        : status ? status->error : NULL;

    return error ? error : "";
}

static struct switch_view
view_of(const struct entry *entry)
{
    const struct switch_reconcile *r = entry->reconcile;

    return (struct switch_view) {
        .name = entry->name,
        .address = entry->sw->address,
        .manage = entry->sw->manage,
        .phase = phase_of(entry),
        .wanted = entry->wanted,
        .status = r ? switch_reconcile_status(r) : NULL,
        .tables = r ? switch_reconcile_tables(r) : NULL,
        .error = entry->error,
    };
}

static struct json *
answer(enum request_method method, const struct switch_view *v)
{
    switch (method) {
    case REQUEST_SWITCH_PLAN: return switch_show_plan(v);
    case REQUEST_SWITCH_VERIFY: return switch_show_verify(v);
    case REQUEST_SWITCH_ADOPT: return switch_show_adopt(v);
    case REQUEST_SWITCH_PROBE: return switch_show_probe(v);
    case REQUEST_SWITCH_SHOW:
    case REQUEST_SWITCH_SAVE:
    case REQUEST_SWITCH_RETRY:
    default: return switch_show(v);
    }
}

/* True if a switch rests since it was asked. */
static bool
is_settled(const struct switch_view *v, const struct asked *asked)
{
    enum switch_state state = v->status->state;

    return (state == SWITCH_STUCK
            || (state == SWITCH_FAILED && v->status->error
                && time_msec() - asked->since > RETRY / 2)
            || (state == SWITCH_IDLE
                && v->status->last_read >= asked->since));
}

/* Answers a call if it can be answered now, or must be. */
static bool
try_answer(const struct asked *asked, long long int now)
{
    enum request_method method = api_call_request(asked->call)->method;
    struct switch_view v = view_of(asked->entry);
    bool read = (v.status && v.tables
                 && v.status->last_read >= asked->since);

    if (!v.status) {
        api_call_fail(asked->call, NULL, "switch \"%s\": %s", v.name,
                      v.error ? v.error : "there is no session");
        return true;
    }
    if (method == REQUEST_SWITCH_RETRY || method == REQUEST_SWITCH_SAVE
        ? is_settled(&v, asked) : read) {
        api_call_reply(asked->call, answer(method, &v));
        return true;
    }
    if (asked->probe && v.status->state == SWITCH_FAILED && v.status->error) {
        api_call_fail(asked->call, NULL, "switch \"%s\": %s", v.name,
                      v.status->error);
        return true;
    }
    if (now >= asked->deadline) {
        api_call_fail(asked->call, NULL, "switch \"%s\" could not be read "
                      "within %d s: %s", v.name, ANSWER_TIMEOUT / 1000,
                      v.status->error ? v.status->error : "it is still being "
                      "read or changed; try again");
        return true;
    }
    return false;
}

static void
run_asked(struct switches *s, long long int now)
{
    struct asked *asked;

    LIST_FOR_EACH_SAFE (asked, node, &s->asked) {
        if (api_call_is_dead(asked->call)) {
            api_call_discard(asked->call);
        } else if (!try_answer(asked, now)) {
            continue;
        }
        asked_destroy(s, asked);
    }
}

static void
keep(struct switches *s, struct api_call *call, struct entry *entry,
     bool probe, long long int now)
{
    struct asked *asked = xmalloc(sizeof *asked);

    *asked = (struct asked) {
        .call = call,
        .entry = entry,
        .probe = probe ? entry : NULL,
        .since = now,
        .deadline = now + ANSWER_TIMEOUT,
    };
    ovs_list_push_back(&s->asked, &asked->node);
    s->n_probes += probe;
}

/* --- Calls ----------------------------------------------------------------*/

static void
handle_probe(struct switches *s, struct api_call *call, long long int now)
{
    const struct request *request = api_call_request(call);
    bool insecure = request->insecure;
    struct model_switch sw = {
        .name = request->address,
        .address = request->address,
    };
    struct in6_addr address;
    struct entry *entry;

    if (s->n_probes >= MAX_PROBES) {
        api_call_fail(call, NULL, "%d switches are being probed already; try "
                      "again", MAX_PROBES);
        return;
    }
    if (!ipv6_parse(request->address, &address)
        && !ip_parse(request->address, &(ovs_be32) { 0 })) {
        api_call_fail(call, NULL, "\"%s\" is not an IP address",
                      request->address);
        return;
    }
    shash_init(&sw.ports);
    smap_init(&sw.snmp);
    smap_add(&sw.snmp, "version", insecure ? "2c" : "3");
    smap_add(&sw.snmp, "insecure", insecure ? "true" : "false");
    smap_add(&sw.snmp, "credentials", request->credentials);
    if (request->profile) {
        smap_add(&sw.snmp, "profile", request->profile);
    }
    entry = entry_create(s, &sw);
    smap_destroy(&sw.snmp);
    shash_destroy(&sw.ports);
    entry_open(s, entry, now);
    keep(s, call, entry, true, now);
}

static const char *
why_not(const struct switches *s, const struct entry *entry)
{
    return (!s->active ? standby_text
            : !entry->wanted ? "what is wanted is not known yet; try again"
            : NULL);
}

/* Makes the switch be read for 'method'. */
static void
ask(struct switches *s, struct entry *entry, enum request_method method,
    long long int now)
{
    if (method == REQUEST_SWITCH_RETRY && entry->reconcile
        && !entry_is_changing(entry)
        && switch_reconcile_status(entry->reconcile)->error
        && (switch_reconcile_status(entry->reconcile)->state
            != SWITCH_STUCK)) {
        /* Its credentials may be other ones by now, or its engine. */
        entry_close(s, entry);
    }
    if (!entry->reconcile && !entry_find_leaving(s, NULL, entry->sw->address)) {
        entry_open(s, entry, now);
    }
    if (!entry->reconcile) {
        return;
    }
    switch_reconcile_trigger(entry->reconcile,
                             method == REQUEST_SWITCH_RETRY ? SWITCH_ASKED
                             : "read");
    if (method == REQUEST_SWITCH_SAVE) {
        switch_reconcile_save(entry->reconcile);
    }
}

/* A line for each. */
static struct json *
list(const struct switches *s)
{
    const struct shash_node **nodes = shash_sort(&s->entries);
    struct json *object = json_object_create();
    struct json *lines = json_array_create_empty();

    for (size_t i = 0; i < shash_count(&s->entries); i++) {
        struct switch_view v = view_of(nodes[i]->data);

        json_array_add(lines, switch_show_line(&v));
    }
    free(nodes);
    json_object_put(object, "switches", lines);
    return object;
}

static void
fail_unknown(struct switches *s, struct api_call *call, const char *name)
{
    const char **names = xmalloc((shash_count(&s->entries) + 1)
                                 * sizeof *names);
    const struct shash_node *node;
    const char *near;
    size_t n = 0;

    SHASH_FOR_EACH (node, &s->entries) {
        names[n++] = node->name;
    }
    near = suggest_nearest(name, names, n);
    api_call_fail(call, NULL, "there is no switch \"%s\" with 'snmp' in the "
                  "policy%s%s%s", name, near ? "; did you mean \"" : "",
                  near ? near : "", near ? "\"?" : "");
    free(names);
}

static void
handle_named(struct switches *s, struct api_call *call, long long int now)
{
    const struct request *request = api_call_request(call);
    struct entry *entry = shash_find_data(&s->entries, request->name);
    const char *why = entry ? why_not(s, entry) : NULL;

    if (!entry) {
        fail_unknown(s, call, request->name);
    } else if (why) {
        api_call_fail(call, NULL, "switch \"%s\": %s", request->name, why);
    } else if (request->method == REQUEST_SWITCH_SHOW) {
        struct switch_view v = view_of(entry);

        api_call_reply(call, switch_show(&v));
    } else {
        ask(s, entry, request->method, now);
        keep(s, call, entry, false, now);
    }
}

void
switches_handle(struct switches *s, struct api_call *call, long long int now)
{
    const struct request *request = api_call_request(call);

    if (request->method == REQUEST_SWITCH_PROBE) {
        handle_probe(s, call, now);
    } else if (!request->name) {
        if (s->active) {
            api_call_reply(call, list(s));
        } else {
            api_call_fail(call, NULL, "%s", standby_text);
        }
    } else {
        handle_named(s, call, now);
    }
}

/* --- Following the database -----------------------------------------------*/

void
switches_track(struct switches *s, const struct ovsdb_idl *idl)
{
    whereabouts_track(&s->whereabouts, idl);
}

static void
remove_entry(struct switches *s, struct shash_node *node, const char *why)
{
    struct entry *entry = node->data;

    fail_asked(s, entry, why);
    sset_add(&s->gone, entry->name);
    shash_delete(&s->entries, node);
    if (entry_is_changing(entry)) {
        entry->leaving = true;
        switch_reconcile_set_ending(entry->reconcile, true);
    } else {
        entry_destroy(s, entry);
    }
}

/* A switch of the policy that is new, or has come back before it had gone. */
static void
add_entry(struct switches *s, const struct model_switch *sw)
{
    struct entry *entry = entry_find_leaving(s, sw->name, sw->address);

    if (entry) {
        entry->leaving = false;
        switch_reconcile_set_ending(entry->reconcile, false);
        free(entry->written);
        entry->written = NULL;
        entry->unchecked = true;
    } else {
        entry = entry_create(s, sw);
        entry_recall(s, entry);
    }
    shash_add(&s->entries, sw->name, entry);
    sset_find_and_delete(&s->gone, sw->name);
}

/* Makes the entries those of the switches of 'm' that are configured. */
static void
follow_switches(struct switches *s, const struct model *m)
{
    const struct shash_node *node;
    struct shash_node *old;

    SHASH_FOR_EACH_SAFE (old, &s->entries) {
        const struct model_switch *sw = model_switch_find(m, old->name);

        if (!sw || smap_is_empty(&sw->snmp)) {
            remove_entry(s, old, "it is not in the policy any more");
        }
    }
    SHASH_FOR_EACH (node, &m->switches) {
        const struct model_switch *sw = node->data;
        struct entry *entry = shash_find_data(&s->entries, sw->name);

        if (smap_is_empty(&sw->snmp)) {
            continue;
        }
        if (!entry) {
            add_entry(s, sw);
            entry = shash_find_data(&s->entries, sw->name);
        }
        if (entry_update(entry, sw)) {
            fail_asked(s, entry, "the policy has just changed; try again");
        }
    }
}

static void
follow_wanted(struct switches *s, const struct model *m)
{
    struct shash wanted = SHASH_INITIALIZER(&wanted);
    struct shash_node *node;

    needs_want(&s->whereabouts.needs, m, &wanted);
    SHASH_FOR_EACH (node, &wanted) {
        struct entry *entry = shash_find_data(&s->entries, node->name);

        if (!entry || (entry->wanted
                       && switch_wanted_equal(entry->wanted, node->data))) {
            if (entry) {
                entry_set_tvds(entry, node->data);
            }
            switch_wanted_destroy(node->data);
            free(node->data);
        } else {
            entry_set_wanted(entry, node->data);
        }
    }
    shash_destroy(&wanted);
}

static void
follow_activity(struct switches *s, bool active)
{
    struct shash_node *node;

    if (s->active && !active) {
        fail_asked(s, NULL, "this controller is no longer the active one");
        SHASH_FOR_EACH (node, &s->entries) {
            entry_close(s, node->data);
        }
        entries_end_leaving(s);
    } else if (active && !s->active) {
        SHASH_FOR_EACH (node, &s->entries) {
            struct entry *entry = node->data;

            free(entry->written);
            entry->written = NULL;
            entry->unchecked = true;
        }
        s->fresh = true;
    }
    s->active = active;
}

void
switches_follow(struct switches *s, struct tvd_db *db,
                const struct tvd_db_changes *changes, bool active,
                long long int now)
{
    const struct model *m = tvd_db_model(db);
    bool first = !s->whereabouts.complete;

    if (first || (changes && changes->everything)) {
        follow_switches(s, m);
    }
    if (whereabouts_follow(&s->whereabouts, db, changes, now)) {
        follow_wanted(s, m);
    }
    follow_activity(s, active);
}

/* --- Traps ----------------------------------------------------------------*/

/* Makes the switches at 'from' be read.  Returns whether there are any. */
static bool
take_trap(struct switches *s, const struct sockaddr_storage *from)
{
    struct ds address = DS_EMPTY_INITIALIZER;
    struct in6_addr ip = ss_get_address(from);
    struct shash_node *node;
    bool known = false;

    ipv6_format_mapped(&ip, &address);
    SHASH_FOR_EACH (node, &s->entries) {
        struct entry *entry = node->data;

        if (!nullable_string_is_equal(entry->sw->address,
                                      ds_cstr(&address))) {
            continue;
        }
        known = true;
        if (entry->reconcile) {
            switch_reconcile_trigger(entry->reconcile, "trap");
        }
    }
    ds_destroy(&address);
    return known;
}

/* Acknowledges what a switch wants to be acknowledged, or it would send it
 * again and again.  A standby does so too: it reads all once it is active. */
static void
acknowledge(struct switches *s, uint8_t *message, size_t n,
            const struct sockaddr_storage *from, socklen_t from_len)
{
    if (notification_acknowledge(message, n)) {
        /* If it is lost, the switch sends its own again. */
        ignore(sendto(s->traps, message, n, MSG_DONTWAIT,
                      (const struct sockaddr *) from, from_len));
    }
}

static void
run_traps(struct switches *s)
{
    for (int i = 0; s->traps >= 0 && i < MAX_TRAPS; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        uint8_t message[MAX_NOTIFICATION];
        ssize_t n;

        memset(&from, 0, sizeof from);
        n = recvfrom(s->traps, message, sizeof message,
                     MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *) &from,
                     &len);
        if (n < 0) {
            break;
        }
        if (take_trap(s, &from) && n <= sizeof message) {
            acknowledge(s, message, n, &from, len);
        }
    }
}

/* --- Rows of Switch_Status ------------------------------------------------*/

struct json *
switches_missing(const struct switches *s, bool *hopeless)
{
    struct json *missing = json_array_create_empty();
    const struct shash_node **nodes = shash_sort(&s->entries);

    *hopeless = true;
    for (size_t i = 0; i < shash_count(&s->entries); i++) {
        const struct entry *entry = nodes[i]->data;
        const struct switch_status *status = entry_status(entry);
        struct json *object;

        bool failed, unread;

        if (!entry->sw->manage || (status && status->in_sync)) {
            continue;
        }
        failed = entry_error(entry)[0] != '\0';
        unread = failed && !(status && status->last_read);
        *hopeless &= unread;
        object = json_object_create();
        json_object_put_string(object, "name", entry->name);
        json_object_put_string(object, "state", unread ? "never reached"
                                                : phase_of(entry));
        if (failed) {
            json_object_put_string(object, "reason", entry_error(entry));
        }
        json_array_add(missing, object);
    }
    free(nodes);
    *hopeless &= missing->array.n > 0;
    return missing;
}

struct json *
switches_status(const struct switches *s)
{
    const struct shash_node **nodes = shash_sort(&s->entries);
    size_t n = shash_count(&s->entries);
    struct json *object = json_object_create();
    struct json *others = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        const struct switch_status *status = entry_status(nodes[i]->data);

        if (!status || !status->in_sync) {
            json_array_add(others, json_string_create(nodes[i]->name));
        }
    }
    json_object_put(object, "count", json_integer_create(n));
    json_object_put(object, "in_sync",
                    json_integer_create(n - others->array.n));
    json_object_put(object, "not_in_sync", others);
    free(nodes);
    return object;
}

/* All that the row says, but when it was read. */
static char *
row_text(const struct entry *entry)
{
    const struct switch_status *s = entry_status(entry);
    char *differences = s ? svec_join(CONST_CAST(struct svec *,
                                                 &s->differences), "\n", "")
                          : xstrdup("");
    char *text = xasprintf("%s\n%d %d\n%s\n%s\n%s\n%s", phase_of(entry),
                           s && s->in_sync, s && s->saved,
                           s && s->profile ? s->profile : "",
                           s && s->descr ? s->descr : "",
                           entry_error(entry), differences);

    free(differences);
    return text;
}

/* What the row says is put together only if it may be otherwise. */
static bool
is_stale(struct entry *entry)
{
    const struct switch_status *s = entry_status(entry);

    if (entry->unchecked || (s && s->n_changes != entry->n_changes)) {
        char *text = row_text(entry);

        entry->stale = !nullable_string_is_equal(text, entry->written);
        entry->n_changes = s ? s->n_changes : 0;
        entry->unchecked = false;
        free(text);
    }
    return entry->stale;
}

/* When the next row is due because of 'last_read' alone. */
static bool
is_due(const struct entry *entry, long long int now)
{
    return entry->reconcile && now >= entry->written_at + STATUS_AGE
           && switch_reconcile_status(entry->reconcile)->last_read
              > entry->written_at;
}

/* Looks whether there is something to write; not after each answer of each of
 * many switches. */
static void
check_rows(struct switches *s, long long int now)
{
    const struct shash_node *node;

    s->unchecked = now < s->check;
    if (s->unchecked) {
        return;
    }
    s->check = now + CHECK_EVERY;
    s->stale = s->fresh || !sset_is_empty(&s->gone);
    SHASH_FOR_EACH (node, &s->entries) {
        s->stale |= is_stale(node->data) || is_due(node->data, now);
    }
}

bool
switches_pending(const struct switches *s)
{
    return s->active && s->stale;
}

static void
write_row(const struct tvdrec_switch_status *row, struct entry *entry,
          long long int now, long long int wall)
{
    static const struct svec none;
    const struct switch_status *s = entry_status(entry);
    const struct svec *differences = s ? &s->differences : &none;
    bool read = s && s->last_read;

    entry->phase = phase_of(entry);
    tvdrec_switch_status_set_switch_(row, entry->name);
    tvdrec_switch_status_set_state(row, entry->phase);
    tvdrec_switch_status_set_in_sync(row, s && s->in_sync);
    tvdrec_switch_status_set_saved(row, s && s->saved);
    tvdrec_switch_status_set_profile(row, s && s->profile ? s->profile : "");
    tvdrec_switch_status_set_description(row, s && s->descr ? s->descr : "");
    tvdrec_switch_status_set_error(row, entry_error(entry));
    tvdrec_switch_status_set_differences(
        row, CONST_CAST(const char **, (char **) differences->names),
        differences->n);
    tvdrec_switch_status_set_last_read(row, read ? wall - (now - s->last_read)
                                                 : 0);
    free(entry->writing);
    entry->writing = row_text(entry);
    entry->written_at = now;
}

void
switches_write(struct switches *s, const struct ovsdb_idl *idl,
               struct ovsdb_idl_txn *txn, long long int now,
               long long int wall)
{
    struct shash rows = SHASH_INITIALIZER(&rows);
    const struct tvdrec_switch_status *row;
    struct shash_node *node;

    TVDREC_SWITCH_STATUS_FOR_EACH_SAFE (row, idl) {
        if (!shash_find(&s->entries, row->switch_)
            || !shash_add_once(&rows, row->switch_, row)) {
            tvdrec_switch_status_delete(row);
        }
    }
    SHASH_FOR_EACH (node, &s->entries) {
        struct entry *entry = node->data;

        if (is_stale(entry) || is_due(entry, now)) {
            row = shash_find_data(&rows, entry->name);
            write_row(row ? row : tvdrec_switch_status_insert(txn), entry,
                      now, wall);
        }
    }
    shash_destroy(&rows);
    s->writing = true;
}

void
switches_written(struct switches *s, bool success)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &s->entries) {
        struct entry *entry = node->data;

        entry->unchecked |= entry->writing != NULL;
        if (entry->writing && success) {
            free(entry->written);
            entry->written = entry->writing;
        } else {
            free(entry->writing);
        }
        entry->writing = NULL;
    }
    if (s->writing && success) {
        sset_clear(&s->gone);
        s->fresh = s->stale = false;
        s->check = 0;
    }
    s->writing = false;
}

/* --- Running --------------------------------------------------------------*/

static void
run_entry(struct switches *s, struct entry *entry, long long int now)
{
    if (entry->next && !entry_is_changing(entry)) {
        entry_renew(s, entry);
    }
    if (s->active && !entry->reconcile && entry->wanted
        && now >= entry->retry) {
        if (entry_find_leaving(s, NULL, entry->sw->address)) {
            entry->retry = now + LEAVING_RETRY;
        } else {
            entry_open(s, entry, now);
        }
    }
    if (entry->reconcile) {
        switch_reconcile_run(entry->reconcile, now);
        entry_watch_others(s, entry);
    }
    if (entry->leaving && !entry_is_changing(entry)) {
        entry_destroy(s, entry);
    }
}

/* How long we have worked: not how long others have had the processor, or there
 * would be less work in a turn, and more turns, the less we have of it. */
static long long int
worked_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/* Many switches may have answered at once: what they make to do is spread over
 * several turns of the loop, so that nothing else waits for it.  Those that
 * have to wait are the first ones in the next turn. */
static void
run_entries(struct switches *s, long long int now)
{
    long long int end = worked_us() + TURN_US;
    size_t n = ovs_list_size(&s->turns);

    s->n_files = 0;
    while (n && worked_us() < end && s->n_files < TURN_FILES) {
        struct ovs_list *node = ovs_list_pop_front(&s->turns);

        ovs_list_push_back(&s->turns, node);
        run_entry(s, CONTAINER_OF(node, struct entry, node), now);
        n--;
    }
    s->more = n > 0;
}

void
switches_run(struct switches *s, long long int now)
{
    run_entries(s, now);
    run_traps(s);
    run_asked(s, now);
    check_rows(s, now);
}

void
switches_wait(struct switches *s, long long int now)
{
    const struct entry *entry;
    const struct asked *asked;

    poll_timer_wait_until(whereabouts_deadline(&s->whereabouts));
    LIST_FOR_EACH (entry, node, &s->turns) {
        if (entry->reconcile) {
            switch_reconcile_wait(entry->reconcile, now);
        } else if (s->active && entry->wanted) {
            poll_timer_wait_until(entry->retry);
        }
    }
    if (s->more) {
        poll_immediate_wake();
    }
    LIST_FOR_EACH (asked, node, &s->asked) {
        poll_timer_wait_until(asked->deadline);
    }
    if (s->active && s->unchecked) {
        poll_timer_wait_until(s->check);
    }
    if (s->traps >= 0) {
        poll_fd_wait(s->traps, POLLIN);
    }
}
