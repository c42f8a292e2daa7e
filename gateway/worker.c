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
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

#define CHILD_SECONDS 30        /* After which a child is given up. */
#define MAX_CHILDREN 4          /* At the same time. */

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
        free(args->memory->done);
        args->memory->done = NULL;
    }
    json_destroy(json);
    return status;
}

/* Makes 'n' gateways, a few at a time, and adds what came of it to
 * 'report'. */
static void
make_gateways(struct make_args args[], size_t n, struct gateway_report *report)
{
    struct child children[MAX_CHILDREN];
    size_t started = 0;

    for (size_t i = 0; i < n; i++) {
        struct gateway_status *status;

        for (; started < n && started < i + MAX_CHILDREN; started++) {
            children[started % MAX_CHILDREN]
                = start_child(make_in_child, &args[started]);
        }
        status = read_result(&args[i],
                             finish_child(&children[i % MAX_CHILDREN]));
        report->ready = report->ready && status->ready;
        shash_add(&report->gateways, args[i].wanted->ee, status);
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
remove_others(const struct gateway_request *request,
              struct gateway_report *report)
{
    struct sset stale = SSET_INITIALIZER(&stale);
    struct remove_args args = { &stale, request->mode };
    struct shash_node *node;

    report->error = gateway_netns_list(&stale);
    SHASH_FOR_EACH (node, &request->wanted) {
        const struct gateway_wanted *w = node->data;

        if (w->netns) {
            sset_find_and_delete(&stale, w->netns);
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

/* The memory of gateway 'ee', made if there is none. */
static struct gateway_memory *
get_memory(struct shash *memories, const char *ee)
{
    struct gateway_memory *memory = shash_find_data(memories, ee);

    if (!memory) {
        memory = xzalloc(sizeof *memory);
        shash_add(memories, ee, memory);
    }
    return memory;
}

static void
forget_others(struct shash *memories, const struct shash *wanted)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, memories) {
        if (!shash_find(wanted, node->name)) {
            gateway_memory_destroy(node->data);
            shash_delete(memories, node);
        }
    }
}

static struct gateway_report *
serve(const struct gateway_request *request, struct shash *memories)
{
    struct gateway_report *report = xzalloc(sizeof *report);
    const struct shash_node **nodes = shash_sort(&request->wanted);
    size_t n = shash_count(&request->wanted);

    shash_init(&report->gateways);
    report->id = request->id;
    remove_others(request, report);
    if (!report->error && n && request->mode == GATEWAY_APPLY) {
        report->error = gateway_netns_prepare();
    }
    report->ready = !report->error;
    if (request->mode == GATEWAY_APPLY) {
        forget_others(memories, &request->wanted);
    } else {
        report->ready = report->ready && !report->n_removed;
    }

    struct make_args *args = xcalloc(n + 1, sizeof *args);
    for (size_t i = 0; i < n; i++) {
        args[i].wanted = nodes[i]->data;
        args[i].mode = request->mode;
        args[i].memory = get_memory(memories, args[i].wanted->ee);
    }
    make_gateways(args, n, report);
    free(args);
    free(nodes);
    return report;
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

    if (fd != 3) {
        dup2(fd, 3);
    }
    if (close_range(4, ~0U, 0)) {
        for (int i = 4; i < max; i++) {
            close(i);
        }
    }
}

void
gateway_worker_main(int fd, pid_t agent)
{
    static const int signals[] = { SIGTERM, SIGALRM, SIGCHLD, SIGPIPE };
    struct shash memories = SHASH_INITIALIZER(&memories);
    char *text;

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

    while (!gateway_frame_read(3, &text)) {
        struct json *json = json_from_string(text);
        struct gateway_request *request = gateway_request_from_json(json);

        /* The agent does not send nonsense: something is very wrong. */
        if (!request) {
            _exit(2);
        }
        json_destroy(json);
        free(text);

        struct gateway_report *report = serve(request, &memories);
        json = gateway_report_to_json(report);
        text = json_to_string(json, 0);
        json_destroy(json);
        gateway_report_destroy(report);
        gateway_request_destroy(request);
        if (gateway_frame_write(3, text, strlen(text))) {
            _exit(1);
        }
        free(text);
    }
    _exit(0);
}
