/* SPDX-License-Identifier: Apache-2.0
 *
 * The agent's side of the gateway worker: never blocks. */

#include <config.h>
#include "gateway/gateway.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gateway/frame.h"
#include "gateway/wire.h"
#include "gateway/worker.h"
#include "openvswitch/json.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "socket-util.h"
#include "util.h"

struct gateway_worker {
    pid_t pid;
    int fd;                     /* -1 once the worker is gone. */
    uint64_t last_id;           /* Given out. */
    uint64_t busy_id;           /* What the worker is doing; 0: nothing. */
    enum gateway_mode busy_mode;
    uint64_t pending_id;        /* What comes next; 0: nothing. */
    enum gateway_mode pending_mode;
    struct shash pending;       /* "struct gateway_wanted *" by EE. */

    /* What the worker has been told to keep, and how that was last. */
    struct shash wanted;        /* "struct gateway_wanted *" by EE. */
    struct shash states;        /* "struct gateway_status *" by EE. */
    struct ofpbuf out;          /* To be written. */
    struct ofpbuf in;           /* Read, but not yet a whole message. */
};

int
gateway_worker_start(struct gateway_worker **workerp)
{
    struct gateway_worker *worker;
    pid_t agent = getpid();
    int fds[2];
    pid_t pid;

    *workerp = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
        return errno;
    }
    fflush(NULL);
    pid = fork();
    if (pid < 0) {
        int error = errno;

        close(fds[0]);
        close(fds[1]);
        return error;
    } else if (!pid) {
        gateway_worker_main(fds[1], agent);
    }
    close(fds[1]);
    set_nonblocking(fds[0]);

    worker = xzalloc(sizeof *worker);
    worker->pid = pid;
    worker->fd = fds[0];
    shash_init(&worker->pending);
    shash_init(&worker->wanted);
    shash_init(&worker->states);
    ofpbuf_init(&worker->out, 0);
    ofpbuf_init(&worker->in, 0);
    *workerp = worker;
    return 0;
}

static void
bury(struct gateway_worker *worker)
{
    if (worker->fd >= 0) {
        close(worker->fd);
        worker->fd = -1;
        kill(worker->pid, SIGKILL);
        while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) {
            continue;
        }
    }
}

void
gateway_worker_stop(struct gateway_worker *worker)
{
    if (worker) {
        struct shash_node *node;

        bury(worker);
        gateway_wanted_destroy_all(&worker->pending);
        gateway_wanted_destroy_all(&worker->wanted);
        SHASH_FOR_EACH (node, &worker->states) {
            gateway_status_destroy(node->data);
        }
        shash_destroy(&worker->states);
        ofpbuf_uninit(&worker->out);
        ofpbuf_uninit(&worker->in);
        free(worker);
    }
}

bool
gateway_worker_is_alive(const struct gateway_worker *worker)
{
    return worker->fd >= 0;
}

uint64_t
gateway_submit(struct gateway_worker *worker, struct shash *wanted,
               enum gateway_mode mode)
{
    gateway_wanted_destroy_all(&worker->pending);
    shash_init(&worker->pending);
    shash_swap(&worker->pending, wanted);
    shash_destroy(wanted);
    worker->pending_mode = mode;
    worker->pending_id = ++worker->last_id;
    return worker->pending_id;
}

static void
put_request(struct gateway_worker *worker, struct json *json)
{
    char *text = json_to_string(json, 0);
    size_t len = strlen(text);
    uint8_t header[GATEWAY_FRAME_HEADER];

    gateway_frame_put_header(header, len);
    ofpbuf_clear(&worker->out);
    ofpbuf_put(&worker->out, header, sizeof header);
    ofpbuf_put(&worker->out, text, len);
    free(text);
    json_destroy(json);
}

/* Tells the worker only what is not as it was told before. */
static void
put_pending(struct gateway_worker *worker)
{
    bool apply = worker->pending_mode == GATEWAY_APPLY;
    struct shash changed = SHASH_INITIALIZER(&changed);
    struct sset keep = SSET_INITIALIZER(&keep);
    struct shash_node *node;

    SHASH_FOR_EACH (node, &worker->pending) {
        const struct gateway_wanted *old = shash_find_data(&worker->wanted,
                                                           node->name);

        if (apply && old && gateway_wanted_equal(old, node->data)) {
            sset_add(&keep, node->name);
        } else {
            shash_add(&changed, node->name, node->data);
        }
    }
    put_request(worker, gateway_request_to_json(worker->pending_id,
                                                worker->pending_mode,
                                                &changed, &keep));
    shash_destroy(&changed);
    sset_destroy(&keep);
}

static void
forget_states(struct gateway_worker *worker)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &worker->states) {
        if (!shash_find(&worker->wanted, node->name)) {
            gateway_status_destroy(node->data);
            shash_delete(&worker->states, node);
        }
    }
}

/* Hands the worker the next request if it has nothing to do. */
static void
start_next(struct gateway_worker *worker)
{
    if (worker->busy_id || !worker->pending_id) {
        return;
    }
    put_pending(worker);
    worker->busy_id = worker->pending_id;
    worker->busy_mode = worker->pending_mode;
    worker->pending_id = 0;
    if (worker->busy_mode == GATEWAY_APPLY) {
        shash_swap(&worker->wanted, &worker->pending);
        forget_states(worker);
    }
    gateway_wanted_destroy_all(&worker->pending);
    shash_init(&worker->pending);
}

static void
run_out(struct gateway_worker *worker)
{
    while (worker->fd >= 0 && worker->out.size) {
        ssize_t n = send(worker->fd, worker->out.data, worker->out.size,
                         MSG_NOSIGNAL);

        if (n > 0) {
            ofpbuf_pull(&worker->out, n);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            if (n < 0 && errno != EAGAIN) {
                bury(worker);
            }
            return;
        }
    }
}

static void
run_in(struct gateway_worker *worker)
{
    while (worker->fd >= 0) {
        ssize_t n;

        ofpbuf_prealloc_tailroom(&worker->in, 65536);
        n = read(worker->fd, ofpbuf_tail(&worker->in), 65536);
        if (n > 0) {
            worker->in.size += n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            if (!n || errno != EAGAIN) {
                bury(worker);
            }
            return;
        }
    }
}

/* A whole message that has come in, or NULL.  Caller frees. */
static char *
take_message(struct gateway_worker *worker)
{
    struct ofpbuf *in = &worker->in;
    size_t len;
    char *text;

    if (in->size < GATEWAY_FRAME_HEADER) {
        return NULL;
    }
    len = gateway_frame_get_header(in->data);
    if (len == SIZE_MAX) {
        bury(worker);
        return NULL;
    } else if (in->size - GATEWAY_FRAME_HEADER < len) {
        return NULL;
    }
    text = xmemdup0((char *) in->data + GATEWAY_FRAME_HEADER, len);
    ofpbuf_pull(in, GATEWAY_FRAME_HEADER + len);
    return text;
}

/* The state of a gateway about which nothing is known yet. */
static struct gateway_status *
unknown_state(const struct gateway_wanted *w)
{
    struct gateway_status *status = xzalloc(sizeof *status);

    shash_init(&status->counters);
    status->ee = xstrdup(w->ee);
    status->nic = xstrdup(w->nic);
    status->netns = nullable_xstrdup(w->netns);
    status->host_if = nullable_xstrdup(w->host_if);
    return status;
}

/* Remembers what the worker reports, and adds to the report the gateways that
 * it says nothing about, because they are as they were. */
static void
complete(struct gateway_worker *worker, struct gateway_report *report)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &report->gateways) {
        if (!shash_find(&worker->wanted, node->name)) {
            /* From before it was told that this one is to go. */
            gateway_status_destroy(node->data);
            shash_delete(&report->gateways, node);
            continue;
        }
        gateway_status_destroy(shash_replace(
            &worker->states, node->name,
            gateway_status_clone_state(node->data)));
    }
    SHASH_FOR_EACH (node, &worker->wanted) {
        if (!shash_find(&report->gateways, node->name)) {
            const struct gateway_status *state
                = shash_find_data(&worker->states, node->name);

            shash_add(&report->gateways, node->name,
                      state ? gateway_status_clone_state(state)
                      : unknown_state(node->data));
        }
    }
}

static struct gateway_report *
parse_report(const char *text)
{
    struct json *json = json_from_string(text);
    struct gateway_report *report = gateway_report_from_json(json);

    json_destroy(json);
    return report;
}

/* A report that answers the request under way, or that the worker makes
 * because it has found something, and then has the id of an older one. */
static struct gateway_report *
take_report(struct gateway_worker *worker)
{
    char *text = take_message(worker);
    struct gateway_report *report = text ? parse_report(text) : NULL;
    bool answer = report && report->id == worker->busy_id;

    if (text && (!report || report->id > worker->last_id)) {
        gateway_report_destroy(report);
        report = NULL;
        bury(worker);
    } else if (report && !(answer && worker->busy_mode == GATEWAY_DRY_RUN)) {
        complete(worker, report);
    }
    if (answer) {
        worker->busy_id = 0;
    }
    free(text);
    return report;
}

/* The report for a request that died with the worker, or NULL. */
static struct gateway_report *
report_death(struct gateway_worker *worker)
{
    uint64_t *id = worker->busy_id ? &worker->busy_id : &worker->pending_id;
    struct gateway_report *report = NULL;

    if (*id) {
        report = xzalloc(sizeof *report);
        shash_init(&report->gateways);
        report->id = *id;
        report->error = xstrdup("the gateway worker has died: restart the "
                                "agent");
        *id = 0;
    }
    return report;
}

struct gateway_report *
gateway_poll(struct gateway_worker *worker)
{
    struct gateway_report *report;

    if (worker->fd < 0) {
        return report_death(worker);
    }
    start_next(worker);
    run_out(worker);
    run_in(worker);
    report = take_report(worker);
    if (report) {
        start_next(worker);
        run_out(worker);
    } else if (worker->fd < 0) {
        report = report_death(worker);
    }
    return report;
}

void
gateway_wait(struct gateway_worker *worker)
{
    if (worker->fd < 0) {
        if (worker->busy_id || worker->pending_id) {
            poll_immediate_wake();
        }
        return;
    }
    if (worker->in.size) {
        poll_immediate_wake();  /* Maybe another whole message. */
    }
    poll_fd_wait(worker->fd, POLLIN | (worker->out.size ? POLLOUT : 0));
    if (worker->pending_id && !worker->busy_id) {
        poll_immediate_wake();
    }
}
