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
    uint64_t last_id;
    uint64_t busy_id;           /* What the worker is doing; 0: nothing. */
    uint64_t pending_id;        /* What comes next; 0: nothing. */
    char *pending;              /* Its text. */
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
        bury(worker);
        free(worker->pending);
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
    uint64_t id = ++worker->last_id;
    struct json *json = gateway_request_to_json(id, mode, wanted);

    free(worker->pending);
    worker->pending = json_to_string(json, 0);
    worker->pending_id = id;
    json_destroy(json);
    gateway_wanted_destroy_all(wanted);
    return id;
}

/* Hands the worker the next request if it has nothing to do. */
static void
start_next(struct gateway_worker *worker)
{
    uint8_t header[GATEWAY_FRAME_HEADER];
    size_t len;

    if (worker->busy_id || !worker->pending_id) {
        return;
    }
    len = strlen(worker->pending);
    gateway_frame_put_header(header, len);
    ofpbuf_clear(&worker->out);
    ofpbuf_put(&worker->out, header, sizeof header);
    ofpbuf_put(&worker->out, worker->pending, len);
    worker->busy_id = worker->pending_id;
    worker->pending_id = 0;
    free(worker->pending);
    worker->pending = NULL;
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

static struct gateway_report *
take_report(struct gateway_worker *worker)
{
    char *text = take_message(worker);
    struct gateway_report *report = NULL;

    if (text) {
        struct json *json = json_from_string(text);

        report = gateway_report_from_json(json);
        json_destroy(json);
        free(text);
        if (!report || report->id != worker->busy_id) {
            gateway_report_destroy(report);
            report = NULL;
            bury(worker);
        }
    }
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
        worker->busy_id = 0;
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
    poll_fd_wait(worker->fd, POLLIN | (worker->out.size ? POLLOUT : 0));
    if (worker->pending_id && !worker->busy_id) {
        poll_immediate_wake();
    }
}
