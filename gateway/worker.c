/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker process: its own side.  The agent's side is gateway.c.
 *
 *     agent --- worker --- a child for each gateway, a few at a time
 *
 * The children enter namespaces, so that neither the agent nor the worker
 * ever is in the wrong one, and so that a crash or an exit() in a library, or
 * a call that hangs, costs one gateway one round. */

#include <config.h>
#include "gateway/worker.h"

#include <cap-ng.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gateway/frame.h"
#include "gateway/netns.h"
#include "gateway/reconcile.h"
#include "gateway/system.h"
#include "gateway/wire.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "util.h"

#define SOCKET 3                /* Descriptor of the connection to the agent. */
#define CHILD_SECONDS 30        /* After which a child is given up. */
#define MAX_CHILDREN 4          /* At the same time. */

/* How often each gateway is read back, and stale namespaces are looked for, in
 * ms; and how much longer to do nothing than it takes, which spreads this out
 * when there are many. */
#define CHECK_INTERVAL 400
#define REMOVAL_INTERVAL 1000
#define IDLE_FACTOR 7

/* Not time_msec(), which needs the poll loop to go on. */
static long long int
time_msec_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* --- Children --------------------------------------------------------------*/

/* Something to do in a child; the JSON it returns is sent to the worker. */
typedef struct json *child_func(void *aux);

static void OVS_NO_RETURN
child_main(child_func *func, void *aux, int fd)
{
    signal(SIGALRM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(CHILD_SECONDS);

    struct json *json = func(aux);
    char *text = json_to_string(json, 0);
    int error = gateway_frame_write(fd, text, strlen(text));

    _exit(error != 0);
}

struct child {
    pid_t pid;                  /* -1 if it could not be started. */
    int fd;                     /* Its answer can be read here. */
};

/* Starts a child process that does 'func'. */
static struct child
start_child(child_func *func, void *aux)
{
    struct child child = { -1, -1 };
    int fds[2];

    if (pipe(fds)) {
        return child;
    }
    child.pid = fork();
    if (!child.pid) {
        close(fds[0]);
        child_main(func, aux, fds[1]);
    }
    close(fds[1]);
    child.fd = fds[0];
    return child;
}

/* Waits for it.  Returns what it sent, or NULL if it died or took too long. */
static struct json *
finish_child(const struct child *child)
{
    struct json *json = NULL;
    char *text;

    if (child->pid > 0 && !gateway_frame_read(child->fd, &text)) {
        json = json_from_string(text);
        free(text);
    }
    while (child->pid > 0 && waitpid(child->pid, NULL, 0) < 0
           && errno == EINTR) {
        continue;
    }
    if (child->fd >= 0) {
        close(child->fd);
    }
    return json;
}

/* --- One gateway -----------------------------------------------------------*/

struct make_args {
    const struct gateway_wanted *wanted;
    enum gateway_mode mode;
    struct gateway_memory *memory;
};

static void
put_nonnull(struct json *object, const char *key, const char *value)
{
    if (value) {
        json_object_put_string(object, key, value);
    }
}

static struct json *
make_in_child(void *args_)
{
    struct make_args *args = args_;
    struct gateway_status *status
        = gateway_reconcile(&gateway_real_system, args->wanted, args->mode,
                            args->memory);
    struct json *json = json_object_create();

    json_object_put(json, "status", gateway_status_to_json(status));
    put_nonnull(json, "text", args->memory->text);
    put_nonnull(json, "skeleton", args->memory->skeleton);
    put_nonnull(json, "done", args->memory->done);
    json_object_put(json, "failed",
                    json_boolean_create(args->memory->failed));
    return json;
}

static char *
member_string(const struct json *object, const char *key)
{
    const struct json *json = shash_find_data(json_object(object), key);

    return json && json->type == JSON_STRING ? xstrdup(json_string(json))
                                             : NULL;
}

static void
remember(struct gateway_memory *memory, const struct json *json)
{
    free(memory->text);
    free(memory->skeleton);
    free(memory->done);
    memory->text = member_string(json, "text");
    memory->skeleton = member_string(json, "skeleton");
    memory->done = member_string(json, "done");

    const struct json *failed = shash_find_data(json_object(json), "failed");
    memory->failed = !failed || failed->type != JSON_FALSE;
}

static struct gateway_status *
failed_status(const struct gateway_wanted *w)
{
    struct gateway_status *status = xzalloc(sizeof *status);

    shash_init(&status->counters);
    status->ee = xstrdup(w->ee);
    status->nic = xstrdup(w->nic);
    status->netns = nullable_xstrdup(w->netns);
    status->host_if = nullable_xstrdup(w->host_if);
    status->error = xasprintf("cannot make gateway %s: its helper process "
                              "died or took more than %d s", w->ee,
                              CHILD_SECONDS);
    return status;
}

/* Takes over what the child that made 'args' has sent. */
static struct gateway_status *
read_result(const struct make_args *args, struct json *json)
{
    struct gateway_status *status = NULL;

    if (json && json->type == JSON_OBJECT) {
        status = gateway_status_from_json(
            shash_find_data(json_object(json), "status"));
        if (status && args->mode == GATEWAY_APPLY) {
            remember(args->memory, json);
        }
    }
    if (!status) {
        status = failed_status(args->wanted);
        args->memory->failed = true;
        free(args->memory->done);
        args->memory->done = NULL;
    }
    json_destroy(json);
    return status;
}

/* --- Members ---------------------------------------------------------------*/

/* A gateway that is wanted. */
struct member {
    struct gateway_wanted *wanted;
    struct gateway_memory memory;
    bool ready;                 /* As it was last seen. */
    char *error;                /* The same. */
    long long int checked;      /* When, in ms. */
};

struct worker {
    uint64_t id;                /* Of the last request; 0: none yet. */
    struct shash members;       /* "struct member *" by EE. */
    long long int next_round;   /* When to look for changes by hand, in ms. */
    long long int next_removal; /* When to look for stale namespaces. */
};

static void
member_destroy(struct member *member)
{
    gateway_wanted_destroy(member->wanted);
    gateway_memory_clear(&member->memory);
    free(member->error);
    free(member);
}

/* True if the agent has something to say. */
static bool
request_waits(void)
{
    struct pollfd pfd = { .fd = SOCKET, .events = POLLIN };

    return poll(&pfd, 1, 0) > 0;
}

/* Notes how a member is now.  Returns true if that is news to the agent. */
static bool
update_member(struct member *member, const struct gateway_status *status)
{
    bool same_error = member->error && status->error
                      ? !strcmp(member->error, status->error)
                      : member->error == status->error;
    bool news = status->drift || status->ready != member->ready || !same_error;

    member->ready = status->ready;
    free(member->error);
    member->error = nullable_xstrdup(status->error);
    member->checked = time_msec_now();
    return news;
}

/* Makes the 'n' gateways of 'members', a few at a time.  Adds to 'report' how
 * they are: all of them, or, with 'news_only', those that changed.  Stops early
 * if the agent has a new request; a part is always done. */
static void
make_members(struct member *members[], size_t n, bool news_only,
             struct gateway_report *report)
{
    struct child children[MAX_CHILDREN];
    struct make_args args[MAX_CHILDREN];
    size_t started = 0;

    for (size_t i = 0; i < n; i++) {
        struct gateway_status *status;

        if (i && i < started && request_waits()) {
            n = started;
        }
        for (; started < n && started < i + MAX_CHILDREN; started++) {
            struct member *member = members[started];

            args[started % MAX_CHILDREN] = (struct make_args) {
                member->wanted, GATEWAY_APPLY, &member->memory };
            children[started % MAX_CHILDREN]
                = start_child(make_in_child, &args[started % MAX_CHILDREN]);
        }
        status = read_result(&args[i % MAX_CHILDREN],
                             finish_child(&children[i % MAX_CHILDREN]));
        if (update_member(members[i], status) || !news_only) {
            shash_add(&report->gateways, members[i]->wanted->ee, status);
        } else {
            gateway_status_destroy(status);
        }
    }
}

/* --- Those no longer wanted ------------------------------------------------*/

struct remove_args {
    const struct sset *stale;   /* Names of namespaces. */
    enum gateway_mode mode;
};

/* Fills in 'actions' and returns the first error, or NULL. */
static char *
remove_stale(const struct remove_args *args, struct json *actions)
{
    char *first = NULL;
    const char *name;

    SSET_FOR_EACH (name, args->stale) {
        char **done = NULL;
        size_t n = 0;
        char *error = gateway_remove(&gateway_real_system, name, args->mode,
                                     &done, &n);

        for (size_t i = 0; i < n; i++) {
            json_array_add(actions, json_string_create(done[i]));
            free(done[i]);
        }
        free(done);
        if (first) {
            free(error);
        } else {
            first = error;
        }
    }
    return first;
}

static struct json *
remove_in_child(void *args)
{
    struct json *json = json_object_create();
    struct json *actions = json_array_create_empty();
    char *error = remove_stale(args, actions);

    json_object_put(json, "removed", actions);
    put_nonnull(json, "error", error);
    free(error);
    return json;
}

static void
take_removed(struct gateway_report *report, const struct json *json)
{
    const struct json *array = shash_find_data(json_object(json), "removed");

    report->error = member_string(json, "error");
    if (!array || array->type != JSON_ARRAY) {
        return;
    }
    report->removed = xcalloc(MAX(json_array(array)->n, 1),
                              sizeof *report->removed);
    for (size_t i = 0; i < json_array(array)->n; i++) {
        const struct json *action = json_array(array)->elems[i];

        if (action->type == JSON_STRING) {
            report->removed[report->n_removed++]
                = xstrdup(json_string(action));
        }
    }
}

static void
remove_others(struct worker *worker, struct gateway_report *report)
{
    struct sset stale = SSET_INITIALIZER(&stale);
    struct remove_args args = { &stale, GATEWAY_APPLY };
    struct shash_node *node;

    worker->next_removal = time_msec_now() + REMOVAL_INTERVAL;
    report->error = gateway_netns_list(&stale);
    SHASH_FOR_EACH (node, &worker->members) {
        const struct member *member = node->data;

        if (member->wanted->netns) {
            sset_find_and_delete(&stale, member->wanted->netns);
        }
    }
    if (!report->error && !sset_is_empty(&stale)) {
        struct child child = start_child(remove_in_child, &args);
        struct json *json = finish_child(&child);

        if (json && json->type == JSON_OBJECT) {
            take_removed(report, json);
        } else {
            report->error = xstrdup("cannot remove gateways: the helper "
                                    "process died");
        }
        json_destroy(json);
    }
    sset_destroy(&stale);
}

/* --- Requests --------------------------------------------------------------*/

static struct gateway_report *
new_report(uint64_t id)
{
    struct gateway_report *report = xzalloc(sizeof *report);

    report->id = id;
    shash_init(&report->gateways);
    return report;
}

static bool
all_ready(const struct worker *worker)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &worker->members) {
        const struct member *member = node->data;

        if (!member->ready) {
            return false;
        }
    }
    return true;
}

/* Makes the members those that the request names.  Returns false if it keeps
 * one that there is not. */
static bool
take_members(struct worker *worker, struct gateway_request *request)
{
    struct shash_node *node;
    const char *name;

    SSET_FOR_EACH (name, &request->keep) {
        if (!shash_find(&worker->members, name)) {
            return false;
        }
    }
    SHASH_FOR_EACH_SAFE (node, &worker->members) {
        if (!sset_contains(&request->keep, node->name)
            && !shash_find(&request->wanted, node->name)) {
            member_destroy(node->data);
            shash_delete(&worker->members, node);
        }
    }
    SHASH_FOR_EACH_SAFE (node, &request->wanted) {
        struct member *member = shash_find_data(&worker->members, node->name);

        if (!member) {
            member = xzalloc(sizeof *member);
            shash_add(&worker->members, node->name, member);
        }
        gateway_wanted_destroy(member->wanted);
        member->wanted = node->data;
        member->ready = false;
        member->checked = 0;
        shash_delete(&request->wanted, node);
    }
    return true;
}

static int
compare_checked(const void *a_, const void *b_)
{
    const struct member *const *a = a_, *const *b = b_;

    return (*a)->checked < (*b)->checked ? -1 : (*a)->checked > (*b)->checked;
}

/* The members that were last checked before 'before', or are not ready if
 * 'unready'; those not checked for longest first.  Caller frees. */
static struct member **
pick_members(const struct worker *worker, bool unready, long long int before,
             size_t *n)
{
    struct member **members = xcalloc(shash_count(&worker->members) + 1,
                                      sizeof *members);
    struct shash_node *node;

    *n = 0;
    SHASH_FOR_EACH (node, &worker->members) {
        struct member *member = node->data;

        if (unready ? !member->ready : member->checked < before) {
            members[(*n)++] = member;
        }
    }
    qsort(members, *n, sizeof *members, compare_checked);
    return members;
}

/* Does what the agent asks for: what it has changed, and what has not become
 * ready before. */
static struct gateway_report *
apply(struct worker *worker, struct gateway_request *request)
{
    struct gateway_report *report = new_report(request->id);
    struct member **members;
    size_t n;

    if (!take_members(worker, request)) {
        _exit(2);
    }
    worker->id = request->id;
    remove_others(worker, report);
    if (!report->error && !shash_is_empty(&worker->members)) {
        report->error = gateway_netns_prepare();
    }
    members = pick_members(worker, true, 0, &n);
    make_members(members, n, false, report);
    free(members);
    report->ready = !report->error && all_ready(worker);
    return report;
}

/* Says what would be done for the request. */
static struct gateway_report *
dry_run(const struct worker *worker, const struct gateway_request *request)
{
    struct gateway_report *report = new_report(request->id);
    struct shash_node *node;

    report->ready = true;
    SHASH_FOR_EACH (node, &request->wanted) {
        struct member *member = shash_find_data(&worker->members, node->name);
        struct gateway_memory none = { .done = NULL };
        struct make_args args = { node->data, GATEWAY_DRY_RUN,
                                  member ? &member->memory : &none };
        struct child child = start_child(make_in_child, &args);
        struct gateway_status *status = read_result(&args,
                                                    finish_child(&child));

        gateway_memory_clear(&none);
        report->ready = report->ready && status->ready;
        shash_add(&report->gateways, node->name, status);
    }
    return report;
}

/* Looks for what was changed by hand.  Returns a report if there is news. */
static struct gateway_report *
look_around(struct worker *worker)
{
    long long int began = time_msec_now();
    struct gateway_report *report = new_report(worker->id);
    struct member **members;
    size_t n;

    if (began >= worker->next_removal) {
        remove_others(worker, report);
    }
    members = pick_members(worker, false, began - CHECK_INTERVAL + 1, &n);
    make_members(members, MIN(n, MAX_CHILDREN), true, report);
    free(members);
    report->ready = !report->error && all_ready(worker);
    worker->next_round = time_msec_now()
                         + (time_msec_now() - began) * IDLE_FACTOR;
    if (report->error || report->n_removed
        || !shash_is_empty(&report->gateways)) {
        return report;
    }
    gateway_report_destroy(report);
    return NULL;
}

/* How long until look_around() has something to do, in ms. */
static int
idle_time(const struct worker *worker)
{
    long long int now = time_msec_now();
    long long int next = worker->next_removal;
    struct shash_node *node;

    if (!worker->id) {
        return -1;              /* Nothing was asked for yet. */
    }
    SHASH_FOR_EACH (node, &worker->members) {
        const struct member *member = node->data;

        next = MIN(next, member->checked + CHECK_INTERVAL);
    }
    next = MAX(next, worker->next_round);
    return next <= now ? 0 : MIN(next - now, REMOVAL_INTERVAL);
}

/* --- The process -----------------------------------------------------------*/

/* What the worker may do:
 *
 *     CAP_SYS_ADMIN   make, enter, mount and unmount network namespaces
 *     CAP_NET_ADMIN   devices, addresses, routes, nftables, connection
 *                     tracking, settings of the network
 *
 * It stays root, because the files below /proc/sys/net and /run/netns are
 * root's; but without CAP_DAC_OVERRIDE it can touch nobody else's files. */
static bool
restrict_self(void)
{
    capng_clear(CAPNG_SELECT_BOTH);
    return !capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
                          CAP_SYS_ADMIN, CAP_NET_ADMIN, -1)
           && !capng_apply(CAPNG_SELECT_CAPS)
           && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void
close_others(int fd)
{
    int max = sysconf(_SC_OPEN_MAX);

    if (fd != SOCKET) {
        dup2(fd, SOCKET);
    }
    if (close_range(SOCKET + 1, ~0U, 0)) {
        for (int i = SOCKET + 1; i < max; i++) {
            close(i);
        }
    }
}

/* Reads and does one request. */
static struct gateway_report *
serve(struct worker *worker)
{
    struct gateway_request *request;
    struct gateway_report *report;
    struct json *json;
    char *text;

    if (gateway_frame_read(SOCKET, &text)) {
        _exit(0);               /* The agent has gone. */
    }
    json = json_from_string(text);
    request = gateway_request_from_json(json);
    json_destroy(json);
    free(text);
    if (!request) {
        /* The agent does not send nonsense: something is very wrong. */
        _exit(2);
    }
    report = (request->mode == GATEWAY_APPLY ? apply(worker, request)
              : dry_run(worker, request));
    gateway_request_destroy(request);
    return report;
}

static void
send_report(struct gateway_report *report)
{
    struct json *json = gateway_report_to_json(report);
    char *text = json_to_string(json, 0);

    if (gateway_frame_write(SOCKET, text, strlen(text))) {
        _exit(1);
    }
    free(text);
    json_destroy(json);
    gateway_report_destroy(report);
}

void
gateway_worker_main(int fd, pid_t agent)
{
    static const int signals[] = { SIGTERM, SIGALRM, SIGCHLD, SIGPIPE };
    struct worker worker = { .id = 0 };

    shash_init(&worker.members);
    prctl(PR_SET_NAME, "tvd-gateway");
    /* The agent's log file is about to be closed; what the library logs must
     * not end up in the descriptor that gets its number. */
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        signal(signals[i], SIG_DFL);
    }
    /* A terminal sends these to the agent too, which then ends us. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    close_others(fd);
    if (!restrict_self() || prctl(PR_SET_PDEATHSIG, SIGKILL)
        || getppid() != agent) {
        _exit(1);
    }

    for (;;) {
        struct pollfd pfd = { .fd = SOCKET, .events = POLLIN };
        int n = poll(&pfd, 1, idle_time(&worker));
        struct gateway_report *report
            = n > 0 ? serve(&worker) : !n ? look_around(&worker) : NULL;

        if (report) {
            send_report(report);
        }
    }
}
