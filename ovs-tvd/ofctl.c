/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/ofctl.h"

#include <errno.h>
#include <stdlib.h>
#include "byte-order.h"
#include "lib/report.h"
#include "openflow/nicira-ext.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-packet.h"
#include "openvswitch/ofp-switch.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vconn.h"
#include "openvswitch/vlog.h"
#include "ovs-tvd/appctl.h"
#include "ovs-tvd/counters.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "ovs-tvd/vswitch.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofctl);

#define OF_VERSION OFP15_VERSION
#define OF_PROTOCOL OFPUTIL_P_OF15_OXM

#define CONNECT_INTERVAL 100    /* Between attempts to connect, in ms. */
#define PROBE_INTERVAL 15       /* Of an idle connection, in s. */
#define DUMP_INTERVAL 5000      /* At least, between dumps, in ms. */
#define DUMP_SHARE 50           /* A dump takes at most 1/50 of the time. */
#define CONFIG_INTERVAL 500     /* Between looks at the settings, in ms. */
#define MIN_RETRY 100           /* After a rejected bundle, in ms. */
#define MAX_RETRY 5000
#define DRIFT_TEXT 500          /* Of an event about it, in bytes. */
#define MSGS_PER_RUN 100        /* Read in one iteration of the main loop. */

/* Table for flows that settle() adds and removes within one bundle, so that
 * they never exist.  Nothing goes to it. */
#define SCRATCH_TABLE 253

/* How long the data path may go on with cached flows if it cannot be asked:
 * three times the default of other_config:max-revalidator, in ms. */
#define REVALIDATION_TIME 1500
/* Complete rounds of the revalidators that settle() waits for. */
#define REVALIDATION_ROUNDS 3
/* Steps of settle() where cached flows are purged: these rounds between. */
#define PURGE_STEPS (REVALIDATION_ROUNDS + 2)

enum ofctl_state {
    S_DISCONNECTED,             /* No connection, or no version agreed yet. */
    S_DUMPING,                  /* All flows are being read. */
    S_IDLE,                     /* Flows known, nothing under way. */
    S_ADDING,                   /* Bundle opened and filled, barrier sent. */
    S_COMMITTING,               /* Commit sent. */
};

/* Waiting until cached flows in the data path have been revalidated. */
struct settle {
    bool running;
    int round;                  /* Steps done: rounds waited for, purges. */
    bool nudge;                 /* A nudge is to be sent. */
    long long int until;        /* If nonzero, the time alone decides. */
    uint64_t goal;              /* What will be enforced then. */
    uint64_t commits;           /* Value of struct ofctl's at the start. */
};

struct ofctl {
    char *rundir;
    char *bridge;
    struct flowtab *ft;
    const struct report_sink *sink;
    struct rconn *rc;
    struct appctl *appctl;
    enum ofctl_state state;
    bool synced;                /* Flows read on this connection. */
    bool allowed;
    long long int now;
    long long int next_connect;

    /* Reading back. */
    ovs_be32 dump_xid;
    long long int dump_started;
    long long int next_dump;
    struct counters counters;

    /* How the switch shows fragments to the flows. */
    struct ofputil_switch_config config; /* As last read. */
    bool set_config;            /* It is to be set right. */
    long long int next_config;
    bool config_right;          /* Was right when last read. */

    /* The bundle under way. */
    uint32_t bundle_id;
    bool bundle_is_nudge;
    struct ovs_list changes;    /* Of struct flow_change. */
    size_t n_changes;
    uint64_t bundle_goal;
    ovs_be32 barrier_xid;
    enum ofperr bundle_error;
    enum ofperr reported_error;
    long long int retry_at;
    int retry_delay;

    uint64_t goal, expected, installed, enforced;
    uint64_t commits;           /* Flow bundles committed. */
    uint64_t settled_commits;   /* Of these, revalidated. */
    struct settle settle;
    bool purges;                /* The data path is in user space. */

    ofctl_packet_cb *packet_cb;
    void *packet_aux;

    uint16_t *zones;            /* To be flushed. */
    size_t n_zones, allocated_zones;
    ovs_be32 flush_xid;         /* Of the last flush sent. */
};

struct ofctl *
ofctl_create(const char *rundir, const char *bridge, struct flowtab *ft,
             const struct report_sink *sink)
{
    struct ofctl *oc = xzalloc(sizeof *oc);

    oc->rundir = xstrdup(rundir);
    oc->bridge = xstrdup(bridge);
    oc->purges = !strcmp(vswitch_datapath_type(), "netdev");
    oc->ft = ft;
    oc->sink = sink;
    oc->rc = rconn_create(PROBE_INTERVAL, 1, DSCP_DEFAULT, 1u << OF_VERSION);
    oc->appctl = appctl_create(rundir);
    counters_init(&oc->counters);
    ovs_list_init(&oc->changes);
    oc->retry_delay = MIN_RETRY;
    return oc;
}

void
ofctl_destroy(struct ofctl *oc)
{
    if (!oc) {
        return;
    }
    rconn_destroy(oc->rc);
    appctl_destroy(oc->appctl);
    flow_changes_destroy(&oc->changes);
    counters_destroy(&oc->counters);
    free(oc->zones);
    free(oc->rundir);
    free(oc->bridge);
    free(oc);
}

/* Queues 'msg' and returns its transaction id. */
static ovs_be32
send_msg(struct ofctl *oc, struct ofpbuf *msg)
{
    ovs_be32 xid = ((const struct ofp_header *) msg->data)->xid;

    rconn_send(oc->rc, msg, NULL);
    return xid;
}

/* --- connection --- */

static void
abandon_bundle(struct ofctl *oc)
{
    flow_changes_destroy(&oc->changes);
    oc->n_changes = 0;
}

/* Ends waiting without a result.  A reply that is on its way must not be
 * taken for one of the next round of waiting. */
static void
abandon_settle(struct ofctl *oc)
{
    memset(&oc->settle, 0, sizeof oc->settle);
    appctl_destroy(oc->appctl);
    oc->appctl = appctl_create(oc->rundir);
}

static void
disconnected(struct ofctl *oc)
{
    if (oc->state == S_DUMPING) {
        flowtab_dump_cancel(oc->ft);
    }
    abandon_bundle(oc);
    abandon_settle(oc);
    oc->synced = false;
    oc->set_config = oc->config_right = false;
    oc->state = S_DISCONNECTED;
    oc->next_connect = oc->now + CONNECT_INTERVAL;
}

static void
connect_to_bridge(struct ofctl *oc)
{
    char *name = xasprintf("unix:%s/%s.mgmt", oc->rundir, oc->bridge);
    struct vconn *vconn;

    oc->next_connect = oc->now + CONNECT_INTERVAL;
    if (!vconn_open(name, 1u << OF_VERSION, DSCP_DEFAULT, &vconn)) {
        rconn_connect_unreliably(oc->rc, vconn, oc->bridge);
    }
    free(name);
}

/* Has the switch tell what others change from now on. */
static void
send_monitor(struct ofctl *oc)
{
    struct ofputil_flow_monitor_request rq = {
        .id = 1,
        .command = OFPFMC_ADD,
        .flags = (OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY
                  | OFPFMF_INSTRUCTIONS),
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };
    struct ofpbuf *msg = ofpbuf_new(256);

    match_init_catchall(&rq.match);
    ofputil_append_flow_monitor_request(&rq, msg, OF_PROTOCOL);
    send_msg(oc, msg);
}

/* The flows have to see the ports of a datagram's first fragment; by default
 * Open vSwitch hides them, and the pipeline drops what it cannot see.  And a
 * connection like ours is shown packets only if it asks for some length. */
static void
handle_config_reply(struct ofctl *oc, const struct ofp_header *oh)
{
    bool frag_wrong;

    ofputil_decode_get_config_reply(oh, &oc->config);
    frag_wrong = oc->config.frag != OFPUTIL_FRAG_NX_MATCH;
    oc->set_config = (frag_wrong
                      || oc->config.miss_send_len != PIPELINE_SHOWN_LEN);
    if (frag_wrong && oc->config_right) {
        report(oc->sink, REPORT_WARNING, "drift",
               "bridge %s: handling of fragments changed by somebody else to "
               "\"%s\", repaired", oc->bridge,
               ofputil_frag_handling_to_string(oc->config.frag));
    }
    oc->config_right = !oc->set_config;
}

static void
run_config(struct ofctl *oc)
{
    if (oc->now >= oc->next_config) {
        send_msg(oc, ofpraw_alloc(OFPRAW_OFPT_GET_CONFIG_REQUEST, OF_VERSION,
                                  0));
        oc->next_config = oc->now + CONFIG_INTERVAL;
    }
    if (oc->set_config && oc->allowed) {
        oc->config.frag = OFPUTIL_FRAG_NX_MATCH;
        oc->config.miss_send_len = PIPELINE_SHOWN_LEN;
        send_msg(oc, ofputil_encode_set_config(&oc->config, OF_VERSION));
        oc->set_config = false;
        oc->config_right = true;
    }
}

static void
start_dump(struct ofctl *oc)
{
    struct ofputil_flow_stats_request rq = {
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };

    match_init_catchall(&rq.match);
    oc->dump_xid = send_msg(oc, ofputil_encode_flow_stats_request(
                                &rq, OF_PROTOCOL));
    oc->dump_started = oc->now;
    flowtab_dump_begin(oc->ft);
    counters_begin(&oc->counters);
    oc->state = S_DUMPING;
}

/* A new connection: the switch may be a new one, so nothing is known. */
static void
connected(struct ofctl *oc)
{
    VLOG_DBG("%s: connected", oc->bridge);
    flowtab_reset(oc->ft);
    oc->next_config = 0;
    run_config(oc);
    send_monitor(oc);
    start_dump(oc);
}

/* --- reading back --- */

static void
report_drift(struct ofctl *oc)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    size_t n = flowtab_take_drift(oc->ft, &text);

    if (n) {
        ds_truncate(&text, DRIFT_TEXT);
        ds_chomp(&text, '\n');
        for (char *p = ds_cstr(&text); *p; p++) {
            *p = *p == '\n' ? ';' : *p;
        }
        report(oc->sink, REPORT_WARNING, "drift",
               "bridge %s: %"PRIuSIZE" flow%s changed by somebody else, "
               "repaired: %s", oc->bridge, n, n == 1 ? "" : "s",
               ds_cstr(&text));
    }
    ds_destroy(&text);
}

static void
dump_done(struct ofctl *oc)
{
    long long int duration = time_msec() - oc->dump_started;

    flowtab_dump_end(oc->ft);
    counters_end(&oc->counters);
    oc->state = S_IDLE;
    oc->synced = true;
    oc->next_dump = oc->now + MAX(DUMP_INTERVAL, duration * DUMP_SHARE);
}

static void
handle_dump_reply(struct ofctl *oc, struct ofpbuf *msg)
{
    const struct ofp_header *oh = msg->data;
    bool more = ofpmp_more(oh);
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    int error = 0;

    if (oc->state != S_DUMPING || oh->xid != oc->dump_xid) {
        goto exit;
    }
    for (;;) {
        struct ofputil_flow_stats fs;

        ofpbuf_clear(&ofpacts);
        error = ofputil_decode_flow_stats_reply(&fs, msg, false, &ofpacts);
        if (error) {
            break;
        }
        flowtab_dump_add(oc->ft, &fs);
        counters_add(&oc->counters, ntohll(fs.cookie), fs.packet_count,
                     fs.byte_count);
    }
    if (error != EOF) {
        /* A flow that cannot be read could be anything: start again. */
        report(oc->sink, REPORT_ERROR, "flows",
               "bridge %s: cannot decode the flow tables (%s)", oc->bridge,
               ofperr_to_string(error));
        rconn_disconnect(oc->rc);
    } else if (!more) {
        dump_done(oc);
    }
exit:
    ofpbuf_uninit(&ofpacts);
}

static void
handle_monitor_reply(struct ofctl *oc, struct ofpbuf *msg)
{
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    int error;

    for (;;) {
        struct ofputil_flow_update fu;

        error = ofputil_decode_flow_update(&fu, msg, &ofpacts);
        if (error) {
            break;
        }
        if (fu.event == OFPFME_RESUMED) {
            oc->next_dump = 0;  /* Something may have been missed. */
        } else if (fu.event != OFPFME_PAUSED && fu.event != OFPFME_ABBREV) {
            flowtab_update(oc->ft, &fu);
        }
    }
    if (error != EOF) {
        oc->next_dump = 0;
    }
    ofpbuf_uninit(&ofpacts);
}

/* --- bundles --- */

static void
send_bundle_control(struct ofctl *oc, uint16_t type)
{
    struct ofputil_bundle_ctrl_msg ctrl = {
        .bundle_id = oc->bundle_id,
        .type = type,
        .flags = OFPBF_ATOMIC | OFPBF_ORDERED,
    };

    send_msg(oc, ofputil_encode_bundle_ctrl_request(OF_VERSION, &ctrl));
}

static void
send_bundle_add(struct ofctl *oc, const struct ofputil_flow_mod *fm)
{
    struct ofpbuf *inner = ofputil_encode_flow_mod(fm, OF_PROTOCOL);
    struct ofputil_bundle_add_msg add = {
        .bundle_id = oc->bundle_id,
        .flags = OFPBF_ATOMIC | OFPBF_ORDERED,
    };

    ofpmsg_update_length(inner);
    add.msg = inner->data;
    send_msg(oc, ofputil_encode_bundle_add(OF_VERSION, &add));
    ofpbuf_delete(inner);
}

static void
open_bundle(struct ofctl *oc, bool nudge)
{
    oc->bundle_id++;
    oc->bundle_is_nudge = nudge;
    oc->bundle_error = 0;
    send_bundle_control(oc, OFPBCT_OPEN_REQUEST);
}

/* A message that is refused is left out of the bundle and the rest stays, so
 * the barrier tells when all errors have come, before it is committed. */
static void
finish_bundle(struct ofctl *oc)
{
    oc->barrier_xid = send_msg(oc, ofputil_encode_barrier_request(OF_VERSION));
    oc->state = S_ADDING;
}

static void
send_changes(struct ofctl *oc)
{
    const struct flow_change *change;

    open_bundle(oc, false);
    LIST_FOR_EACH (change, list_node, &oc->changes) {
        struct ofputil_flow_mod fm;

        flow_change_to_flow_mod(change, &fm);
        send_bundle_add(oc, &fm);
        minimatch_destroy(&fm.match);
    }
    oc->bundle_goal = oc->goal;
    finish_bundle(oc);
}

/* Adds a flow in a table of no use and removes it again, in one bundle: the
 * tables stay as they are, but the revalidators start a round at once. */
static void
send_nudge(struct ofctl *oc)
{
    struct ofputil_flow_mod fm = {
        .table_id = SCRATCH_TABLE,
        .new_cookie = htonll(pipeline_cookie(PIPELINE_COOKIE_STATIC,
                                             SCRATCH_TABLE)),
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
    };
    struct match match = MATCH_CATCHALL_INITIALIZER;

    minimatch_init(&fm.match, &match);
    open_bundle(oc, true);
    fm.command = OFPFC_ADD;
    send_bundle_add(oc, &fm);
    fm.command = OFPFC_DELETE_STRICT;
    fm.new_cookie = OVS_BE64_MAX;
    send_bundle_add(oc, &fm);
    minimatch_destroy(&fm.match);
    finish_bundle(oc);
}

static void
bundle_committed(struct ofctl *oc)
{
    oc->state = S_IDLE;
    oc->retry_delay = MIN_RETRY;
    oc->settle.nudge = false;   /* Every change of the tables is one. */
    if (oc->bundle_is_nudge) {
        return;
    }
    VLOG_DBG("%s: %"PRIuSIZE" changes committed", oc->bridge, oc->n_changes);
    flowtab_commit(oc->ft, &oc->changes);
    oc->n_changes = 0;
    oc->commits++;
    oc->installed = MAX(oc->installed, oc->bundle_goal);
    if (oc->reported_error) {
        report(oc->sink, REPORT_INFO, "flows",
               "bridge %s: flows are accepted again", oc->bridge);
        oc->reported_error = 0;
    }
}

static void
report_failure(struct ofctl *oc)
{
    struct ds example = DS_EMPTY_INITIALIZER;

    if (oc->bundle_error == oc->reported_error) {
        return;
    }
    flow_change_format(CONTAINER_OF(ovs_list_front(&oc->changes),
                                    struct flow_change, list_node), &example);
    report(oc->sink, REPORT_ERROR, "flows",
           "bridge %s: refused a bundle of %"PRIuSIZE" flow changes with %s, "
           "trying again (first change: %s)", oc->bridge, oc->n_changes,
           ofperr_to_string(oc->bundle_error), ds_cstr(&example));
    ds_destroy(&example);
    oc->reported_error = oc->bundle_error;
}

/* Nothing of the bundle was applied.  Something may be different from what we
 * believe, so all is read again before the next attempt. */
static void
bundle_failed(struct ofctl *oc)
{
    if (oc->bundle_is_nudge) {
        /* Then it takes longer. */
        oc->settle.until = oc->now + REVALIDATION_TIME;
        oc->state = S_IDLE;
        return;
    }
    report_failure(oc);
    abandon_bundle(oc);
    abandon_settle(oc);
    oc->retry_at = oc->now + oc->retry_delay;
    oc->retry_delay = MIN(oc->retry_delay * 2, MAX_RETRY);
    start_dump(oc);
}

static void
handle_barrier_reply(struct ofctl *oc, const struct ofp_header *oh)
{
    if (oc->state != S_ADDING || oh->xid != oc->barrier_xid) {
        return;
    }
    if (oc->bundle_error) {
        send_bundle_control(oc, OFPBCT_DISCARD_REQUEST);
        bundle_failed(oc);
    } else {
        send_bundle_control(oc, OFPBCT_COMMIT_REQUEST);
        oc->state = S_COMMITTING;
    }
}

static void
handle_bundle_control(struct ofctl *oc, const struct ofp_header *oh)
{
    struct ofputil_bundle_ctrl_msg reply;

    if (oc->state == S_COMMITTING
        && !ofputil_decode_bundle_ctrl(oh, &reply)
        && reply.bundle_id == oc->bundle_id
        && reply.type == OFPBCT_COMMIT_REPLY) {
        bundle_committed(oc);
    }
}

static void
handle_error(struct ofctl *oc, const struct ofp_header *oh)
{
    enum ofperr error = ofperr_decode_msg(oh, NULL);

    if (oh->xid == oc->flush_xid) {
        VLOG_DBG("%s: connection tracking cannot be flushed", oc->bridge);
    } else if (oc->state == S_DUMPING && oh->xid == oc->dump_xid) {
        flowtab_dump_cancel(oc->ft);
        rconn_disconnect(oc->rc);
    } else if (oc->state == S_ADDING) {
        /* The first cause, not what follows from it. */
        oc->bundle_error = oc->bundle_error ? oc->bundle_error : error;
    } else if (oc->state == S_COMMITTING) {
        oc->bundle_error = error;
        bundle_failed(oc);
    }
}

static void
handle_packet_in(struct ofctl *oc, const struct ofp_header *oh)
{
    struct ofputil_packet_in pin;

    if (oc->packet_cb && !ofputil_decode_packet_in(oh, true, NULL, NULL, &pin,
                                                   NULL, NULL, NULL)) {
        oc->packet_cb(oc->packet_aux, ntohll(pin.cookie), pin.packet,
                      pin.packet_len);
    }
}

static void
handle_msg(struct ofctl *oc, struct ofpbuf *msg)
{
    const struct ofp_header *oh = msg->data;
    enum ofptype type;

    if (ofptype_decode(&type, oh)) {
        return;
    }
    switch ((int) type) {
    case OFPTYPE_ECHO_REQUEST:
        send_msg(oc, ofputil_encode_echo_reply(oh));
        break;
    case OFPTYPE_ERROR:
        handle_error(oc, oh);
        break;
    case OFPTYPE_FLOW_STATS_REPLY:
        handle_dump_reply(oc, msg);
        break;
    case OFPTYPE_FLOW_MONITOR_STATS_REPLY:
        handle_monitor_reply(oc, msg);
        break;
    case OFPTYPE_FLOW_MONITOR_PAUSED:
    case OFPTYPE_FLOW_MONITOR_RESUMED:
        oc->next_dump = 0;
        break;
    case OFPTYPE_GET_CONFIG_REPLY:
        handle_config_reply(oc, oh);
        break;
    case OFPTYPE_BARRIER_REPLY:
        handle_barrier_reply(oc, oh);
        break;
    case OFPTYPE_PACKET_IN:
        handle_packet_in(oc, oh);
        break;
    case OFPTYPE_BUNDLE_CONTROL:
        handle_bundle_control(oc, oh);
        break;
    default:
        break;
    }
}

/* --- settling ---
 *
 * The data path goes on with its cached flows until ovs-vswitchd's
 * revalidators have seen to them.  "revalidator/wait" returns when a round of
 * theirs ends.  Three such waits, one after the other, are enough whatever
 * was under way: the first reply comes from a run of the main thread after
 * the commit, the same that tells the revalidators that flows have changed;
 * the round that ends with the second may have begun before that; the third
 * has not.  A nudge with each wait starts a round at once; without it that
 * would begin up to half a second later.
 *
 * In the user-space data path revalidating is not enough.  Its cached flows
 * may overlap, and a change of actions goes to whichever of them matches the
 * key, not to the one it is meant for (flow_put_on_pmd() of Open vSwitch
 * 3.1): the other stays as it was for as long as packets use it, and
 * ovs-vswitchd believes that it has been changed.  Connections that a policy
 * has closed went on like that.  So there all cached flows are thrown away,
 * right after the commit, so that old and new hardly meet, and once more when
 * nothing can be under way that a revalidator has begun before.  The data
 * path of the kernel finds flows by their own id, and is left alone. */

static void
settle_done(struct ofctl *oc)
{
    oc->enforced = MAX(oc->enforced, oc->settle.goal);
    oc->settled_commits = MAX(oc->settled_commits, oc->settle.commits);
    memset(&oc->settle, 0, sizeof oc->settle);
    poll_immediate_wake();
}

static appctl_cb settle_cb;

static void
settle_next(struct ofctl *oc)
{
    bool purge = (oc->purges && (!oc->settle.round
                                 || oc->settle.round == PURGE_STEPS - 1));

    appctl_submit(oc->appctl,
                  purge ? "revalidator/purge" : "revalidator/wait", NULL, 0,
                  settle_cb, oc);
    oc->settle.nudge = !purge;
}

static void
settle_cb(void *oc_, const char *result OVS_UNUSED, const char *error)
{
    struct ofctl *oc = oc_;

    if (!oc->settle.running || oc->settle.until) {
        return;
    }
    if (error) {
        VLOG_DBG("%s: revalidator/wait failed (%s), waiting %d ms",
                 oc->bridge, error, REVALIDATION_TIME);
        oc->settle.until = oc->now + REVALIDATION_TIME;
    } else if (++oc->settle.round >= (oc->purges ? PURGE_STEPS
                                      : REVALIDATION_ROUNDS)) {
        settle_done(oc);
    } else {
        settle_next(oc);
    }
}

static void
settle(struct ofctl *oc)
{
    if (oc->settle.running) {
        if (oc->settle.until && oc->now >= oc->settle.until) {
            settle_done(oc);
        }
    } else if (oc->installed > oc->enforced
               && (oc->purges || oc->expected > oc->enforced)) {
        if (oc->settled_commits == oc->commits) {
            oc->enforced = oc->installed;
        } else {
            oc->settle.running = true;
            oc->settle.goal = oc->installed;
            oc->settle.commits = oc->commits;
            settle_next(oc);
        }
    }
}

/* --- acting --- */

static void
flush_zones(struct ofctl *oc)
{
    for (size_t i = 0; i < oc->n_zones; i++) {
        struct ofpbuf *msg = ofpraw_alloc(OFPRAW_NXT_CT_FLUSH_ZONE,
                                          OF_VERSION, 0);
        struct nx_zone_id *nzi = ofpbuf_put_zeros(msg, sizeof *nzi);

        nzi->zone_id = htons(oc->zones[i]);
        oc->flush_xid = send_msg(oc, msg);
    }
    oc->n_zones = 0;
}

/* What to do when nothing is under way. */
static void
act(struct ofctl *oc)
{
    if (oc->now >= oc->next_dump) {
        start_dump(oc);
        return;
    }
    if (!oc->allowed) {
        return;
    }
    if (flowtab_is_clean(oc->ft)) {
        oc->installed = oc->goal;
        flush_zones(oc);
    }
    settle(oc);
    if (!flowtab_is_clean(oc->ft)) {
        if (oc->now >= oc->retry_at) {
            oc->n_changes = flowtab_plan(oc->ft, &oc->changes);
        }
        if (oc->n_changes) {
            send_changes(oc);
        }
    } else if (oc->settle.nudge) {
        oc->settle.nudge = false;
        send_nudge(oc);
    }
}

static bool
receive(struct ofctl *oc)
{
    for (int i = 0; i < MSGS_PER_RUN; i++) {
        struct ofpbuf *msg = rconn_recv(oc->rc);

        if (!msg) {
            return false;
        }
        if (oc->state != S_DISCONNECTED) {
            handle_msg(oc, msg);
        }
        ofpbuf_delete(msg);
    }
    return true;
}

void
ofctl_run(struct ofctl *oc, long long int now)
{
    bool more;

    oc->now = now;
    if (!rconn_is_alive(oc->rc) && now >= oc->next_connect) {
        connect_to_bridge(oc);
    }
    rconn_run(oc->rc);
    if (oc->state == S_DISCONNECTED && rconn_is_connected(oc->rc)) {
        connected(oc);
    }
    more = receive(oc);
    if (oc->state != S_DISCONNECTED && !rconn_is_connected(oc->rc)) {
        disconnected(oc);
    }
    appctl_run(oc->appctl, now);
    if (oc->state != S_DISCONNECTED) {
        run_config(oc);
    }
    if (oc->state == S_IDLE) {
        act(oc);
    }
    report_drift(oc);
    if (more) {
        poll_immediate_wake();
    }
}

void
ofctl_wait(const struct ofctl *oc)
{
    if (!rconn_is_alive(oc->rc)) {
        poll_timer_wait_until(oc->next_connect);
        return;
    }
    rconn_run_wait(oc->rc);
    rconn_recv_wait(oc->rc);
    appctl_wait(oc->appctl);
    poll_timer_wait_until(oc->state == S_DISCONNECTED ? LLONG_MAX
                          : oc->next_config);
    if (oc->state == S_IDLE) {
        poll_timer_wait_until(oc->next_dump);
        if (oc->allowed && !flowtab_is_clean(oc->ft)) {
            poll_timer_wait_until(oc->retry_at);
        }
        if (oc->settle.until) {
            poll_timer_wait_until(oc->settle.until);
        }
        if (oc->allowed && flowtab_is_clean(oc->ft)
            && (oc->settle.nudge || oc->installed < oc->goal)) {
            poll_immediate_wake();
        }
    }
}

/* --- what the engine asks --- */

void
ofctl_set_packet_cb(struct ofctl *oc, ofctl_packet_cb *cb, void *aux)
{
    oc->packet_cb = cb;
    oc->packet_aux = aux;
}

void
ofctl_send_packet(struct ofctl *oc, ofp_port_t port, const void *packet,
                  size_t len)
{
    uint64_t stub[128 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_packet_out po = {
        .packet = packet,
        .packet_len = len,
        .buffer_id = UINT32_MAX,
    };

    if (oc->state != S_DISCONNECTED) {
        ofpact_put_OUTPUT(&ofpacts)->port = port;
        po.ofpacts = ofpacts.data;
        po.ofpacts_len = ofpacts.size;
        match_init_catchall(&po.flow_metadata);
        match_set_in_port(&po.flow_metadata, OFPP_CONTROLLER);
        send_msg(oc, ofputil_encode_packet_out(&po, OF_PROTOCOL));
    }
    ofpbuf_uninit(&ofpacts);
}

void
ofctl_allow_changes(struct ofctl *oc)
{
    oc->allowed = true;
}

void
ofctl_set_goal(struct ofctl *oc, uint64_t goal)
{
    oc->goal = MAX(oc->goal, goal);
}

void
ofctl_expect(struct ofctl *oc, uint64_t goal)
{
    if (goal > oc->expected) {
        oc->expected = goal;
        poll_immediate_wake();
    }
}

uint64_t
ofctl_installed(const struct ofctl *oc)
{
    return oc->installed;
}

uint64_t
ofctl_enforced(const struct ofctl *oc)
{
    return oc->enforced;
}

bool
ofctl_is_synced(const struct ofctl *oc)
{
    return oc->synced;
}

void
ofctl_flush_zone(struct ofctl *oc, uint16_t zone)
{
    if (oc->n_zones >= oc->allocated_zones) {
        oc->zones = x2nrealloc(oc->zones, &oc->allocated_zones,
                               sizeof *oc->zones);
    }
    oc->zones[oc->n_zones++] = zone;
}

const struct hmap *
ofctl_counters(const struct ofctl *oc)
{
    return &oc->counters.by_cookie;
}

uint64_t
ofctl_counters_generation(const struct ofctl *oc)
{
    return oc->counters.generation;
}

void
ofctl_refresh(struct ofctl *oc)
{
    oc->next_dump = 0;
}
