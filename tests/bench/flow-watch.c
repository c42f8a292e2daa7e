/* SPDX-License-Identifier: Apache-2.0
 *
 * flow-watch TABLE[,TABLE]... VCONN...
 *
 * For benchmarks: tells when flows come and go on many switches at once, by
 * flow monitors, which cost the switches nothing while nothing changes.
 * Prints "ready" when all monitors are set up, then a line for each event:
 *
 *     SWITCH MICROSECONDS EVENT TABLE COOKIE MATCH
 *
 * SWITCH counts the VCONNs from 0, the time is CLOCK_MONOTONIC when the
 * message was read, EVENT is "+" (added), "-" (removed) or "=" (modified).
 * Ends when a connection is lost, or stdin ends. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "byte-order.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vconn.h"
#include "openvswitch/vlog.h"
#include "socket-util.h"
#include "util.h"

#define OF_VERSION OFP15_VERSION
#define OF_PROTOCOL OFPUTIL_P_OF15_OXM

struct watched {
    struct vconn *vconn;
    ovs_be32 barrier;           /* 0: its reply has come. */
};

static void
transmit(struct vconn *vconn, struct ofpbuf *msg)
{
    int error = vconn_send_block(vconn, msg);

    if (error) {
        ovs_fatal(error, "%s: cannot send", vconn_get_name(vconn));
    }
}

static void
watch_table(struct vconn *vconn, uint32_t id, uint8_t table)
{
    struct ofputil_flow_monitor_request rq = {
        .id = id,
        .command = OFPFMC_ADD,
        .flags = OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = table,
    };
    struct ofpbuf *msg = ofpbuf_new(256);

    match_init_catchall(&rq.match);
    ofputil_append_flow_monitor_request(&rq, msg, OF_PROTOCOL);
    transmit(vconn, msg);
}

static void
watch(struct watched *w, const char *name, const char *tables)
{
    struct ofpbuf *barrier;
    char *copy = xstrdup(tables);
    char *save = NULL;
    uint32_t id = 0;
    int error;

    error = vconn_open_block(name, 1u << OF_VERSION, DSCP_DEFAULT, 60000,
                             &w->vconn);
    if (error) {
        ovs_fatal(error, "cannot connect to %s", name);
    }
    for (char *t = strtok_r(copy, ",", &save); t;
         t = strtok_r(NULL, ",", &save)) {
        int table;

        if (!str_to_int(t, 10, &table) || table < 0 || table > 254) {
            ovs_fatal(0, "\"%s\" is no table: use 0 to 254", t);
        }
        watch_table(w->vconn, ++id, table);
    }
    free(copy);
    barrier = ofputil_encode_barrier_request(OF_VERSION);
    w->barrier = ((const struct ofp_header *) barrier->data)->xid;
    transmit(w->vconn, barrier);
}

static void
print_events(size_t n, long long int now, struct ofpbuf *msg)
{
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_update fu;
    struct ds s = DS_EMPTY_INITIALIZER;

    while (!ofputil_decode_flow_update(&fu, msg, &ofpacts)) {
        if (fu.event != OFPFME_ADDED && fu.event != OFPFME_REMOVED
            && fu.event != OFPFME_MODIFIED) {
            continue;
        }
        ds_put_format(&s, "%"PRIuSIZE" %lld %c %d 0x%"PRIx64" ", n, now,
                      fu.event == OFPFME_ADDED ? '+'
                      : fu.event == OFPFME_REMOVED ? '-' : '=',
                      fu.table_id, ntohll(fu.cookie));
        match_format(&fu.match, NULL, &s, OFP_DEFAULT_PRIORITY);
        ds_put_char(&s, '\n');
    }
    fwrite(ds_cstr(&s), 1, s.length, stdout);
    ds_destroy(&s);
    ofpbuf_uninit(&ofpacts);
}

static void
handle(struct watched *w, size_t n, size_t *n_ready, struct ofpbuf *msg)
{
    const struct ofp_header *oh = msg->data;
    struct timespec ts;
    enum ofptype type;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    if (ofptype_decode(&type, oh)) {
        return;
    }
    if (type == OFPTYPE_ECHO_REQUEST) {
        transmit(w->vconn, ofputil_encode_echo_reply(oh));
    } else if (type == OFPTYPE_ERROR) {
        ovs_fatal(0, "%s: %s", vconn_get_name(w->vconn),
                  ofperr_to_string(ofperr_decode_msg(oh, NULL)));
    } else if (type == OFPTYPE_BARRIER_REPLY && oh->xid == w->barrier) {
        w->barrier = 0;
        ++*n_ready;
    } else if (type == OFPTYPE_FLOW_MONITOR_STATS_REPLY) {
        print_events(n, ts.tv_sec * 1000000LL + ts.tv_nsec / 1000, msg);
    }
}

/* Reads what has come from 'w'. */
static void
run(struct watched *w, size_t n, size_t *n_ready)
{
    for (;;) {
        struct ofpbuf *msg;
        int error = vconn_recv(w->vconn, &msg);

        if (error == EAGAIN) {
            vconn_recv_wait(w->vconn);
            return;
        } else if (error) {
            ovs_fatal(error, "%s: connection lost", vconn_get_name(w->vconn));
        }
        handle(w, n, n_ready, msg);
        ofpbuf_delete(msg);
    }
}

int
main(int argc, char *argv[])
{
    size_t n = argc - 2, n_ready = 0;
    struct watched *watched;
    bool ready = false;
    int input;
    char c;

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    if (argc < 3) {
        ovs_fatal(0, "usage: %s TABLE[,TABLE]... VCONN...", argv[0]);
    }
    watched = xcalloc(n, sizeof *watched);
    for (size_t i = 0; i < n; i++) {
        watch(&watched[i], argv[2 + i], argv[1]);
    }
    /* Descriptor 0 is none to the poll loop. */
    input = fcntl(STDIN_FILENO, F_DUPFD, 3);
    if (input < 0) {
        ovs_fatal(errno, "no stdin");
    }
    set_nonblocking(input);
    while (read(input, &c, 1)) {
        for (size_t i = 0; i < n; i++) {
            run(&watched[i], i, &n_ready);
        }
        if (!ready && n_ready == n) {
            ready = true;
            puts("ready");
        }
        fflush(stdout);
        poll_fd_wait(input, POLLIN);
        poll_block();
    }
    for (size_t i = 0; i < n; i++) {
        vconn_close(watched[i].vconn);
    }
    free(watched);
    return 0;
}
