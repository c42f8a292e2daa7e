/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenFlow adapter against a switch that lives in this program, so that
 * it can refuse, forget and hang up as told.  There is no ovs-vswitchd, so
 * that revalidation is waited for by time. */

#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "byte-order.h"
#include "flow.h"
#include "lib/report.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vconn.h"
#include "ovs-tvd/counters.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/ofctl.h"
#include "ovs-tvd/pipeline.h"
#include "tests/unit/tap.h"
#include "timeval.h"
#include "util.h"

#define OFP OFPUTIL_P_OF15_OXM

struct fake_flow {
    struct ovs_list node;
    struct match match;
    uint8_t table;
    int priority;
    ovs_be64 cookie;
    struct ofpbuf ofpacts;
};

struct fake_switch {
    char *dir;
    struct pvconn *pvconn;
    struct vconn *vconn;
    struct ovs_list flows;      /* Of struct fake_flow. */
    struct ovs_list bundle;     /* Inner messages, struct ofpbuf. */
    size_t n_flows;
    int n_commits, n_dumps;
    int fail_adds, fail_commits, hang_ups;      /* How many are to come. */
};

struct fixture {
    struct fake_switch sw;
    struct flowtab *ft;
    struct ofctl *oc;
    struct report_sink sink;
    int n_errors, n_infos;
    long long int skew;         /* Added to the clock. */
};

static void
fake_send(struct fake_switch *sw, struct ofpbuf *msg)
{
    if (!sw->vconn || vconn_send(sw->vconn, msg)) {
        ofpbuf_delete(msg);
    }
}

static void
forget_flow(struct fake_switch *sw, struct fake_flow *f)
{
    ovs_list_remove(&f->node);
    ofpbuf_uninit(&f->ofpacts);
    free(f);
    sw->n_flows--;
}

static void
fake_flow_mod(struct fake_switch *sw, const struct ofp_header *oh)
{
    uint64_t stub[256];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_mod fm;
    struct fake_flow *f;
    struct match match;

    if (ofputil_decode_flow_mod(&fm, oh, OFP, NULL, NULL, &ofpacts, OFPP_MAX,
                                255)) {
        ovs_fatal(0, "bad flow_mod");
    }
    minimatch_expand(&fm.match, &match);
    LIST_FOR_EACH_SAFE (f, node, &sw->flows) {
        if (f->table == fm.table_id && f->priority == fm.priority
            && match_equal(&f->match, &match)) {
            forget_flow(sw, f);
        }
    }
    if (fm.command == OFPFC_ADD) {
        f = xmalloc(sizeof *f);
        f->match = match;
        f->table = fm.table_id;
        f->priority = fm.priority;
        f->cookie = fm.new_cookie;
        ofpbuf_init(&f->ofpacts, 64);
        ofpbuf_put(&f->ofpacts, fm.ofpacts, fm.ofpacts_len);
        ovs_list_push_back(&sw->flows, &f->node);
        sw->n_flows++;
    }
    minimatch_destroy(&fm.match);
    ofpbuf_uninit(&ofpacts);
}

static void
fake_dump(struct fake_switch *sw, const struct ofp_header *oh)
{
    struct ovs_list replies;
    struct fake_flow *f;
    struct ofpbuf *msg;

    ofpmp_init(&replies, oh);
    LIST_FOR_EACH (f, node, &sw->flows) {
        const struct ofputil_flow_stats fs = {
            .match = f->match,
            .cookie = f->cookie,
            .table_id = f->table,
            .priority = f->priority,
            .idle_age = -1,
            .hard_age = -1,
            .packet_count = 3,
            .byte_count = 300,
            .ofpacts = f->ofpacts.data,
            .ofpacts_len = f->ofpacts.size,
        };

        ofputil_append_flow_stats_reply(&fs, &replies, NULL);
    }
    LIST_FOR_EACH_POP (msg, list_node, &replies) {
        fake_send(sw, msg);
    }
    sw->n_dumps++;
}

static void
clear_bundle(struct fake_switch *sw)
{
    struct ofpbuf *msg;

    LIST_FOR_EACH_POP (msg, list_node, &sw->bundle) {
        ofpbuf_delete(msg);
    }
}

static void
fake_bundle_control(struct fake_switch *sw, const struct ofp_header *oh)
{
    struct ofputil_bundle_ctrl_msg ctrl;
    struct ofpbuf *msg;

    ofputil_decode_bundle_ctrl(oh, &ctrl);
    if (ctrl.type == OFPBCT_COMMIT_REQUEST) {
        if (sw->fail_commits) {
            sw->fail_commits--;
            clear_bundle(sw);
            fake_send(sw, ofperr_encode_reply(OFPERR_OFPBFC_MSG_FAILED, oh));
            return;
        }
        LIST_FOR_EACH (msg, list_node, &sw->bundle) {
            fake_flow_mod(sw, msg->data);
        }
        sw->n_commits++;
    }
    clear_bundle(sw);
    ctrl.type++;                /* The reply to each request. */
    fake_send(sw, ofputil_encode_bundle_ctrl_reply(oh, &ctrl));
}

static void
fake_bundle_add(struct fake_switch *sw, const struct ofp_header *oh)
{
    struct ofputil_bundle_add_msg add;
    enum ofptype type;

    ofputil_decode_bundle_add(oh, &add, &type);
    if (sw->hang_ups) {
        sw->hang_ups--;
        vconn_close(sw->vconn);
        sw->vconn = NULL;
        clear_bundle(sw);
    } else if (sw->fail_adds) {
        sw->fail_adds--;
        fake_send(sw, ofperr_encode_reply(OFPERR_OFPFMFC_TABLE_FULL, oh));
    } else {
        struct ofpbuf *msg = ofpbuf_clone_data(add.msg,
                                               ntohs(add.msg->length));

        ovs_list_push_back(&sw->bundle, &msg->list_node);
    }
}

static void
fake_handle(struct fake_switch *sw, const struct ofp_header *oh)
{
    enum ofptype type;

    if (ofptype_decode(&type, oh)) {
        return;
    }
    switch ((int) type) {
    case OFPTYPE_FLOW_STATS_REQUEST:
        fake_dump(sw, oh);
        break;
    case OFPTYPE_BUNDLE_CONTROL:
        fake_bundle_control(sw, oh);
        break;
    case OFPTYPE_BUNDLE_ADD_MESSAGE:
        fake_bundle_add(sw, oh);
        break;
    case OFPTYPE_BARRIER_REQUEST:
        fake_send(sw, ofpraw_alloc_reply(OFPRAW_OFPT11_BARRIER_REPLY, oh, 0));
        break;
    default:
        break;
    }
}

static void
fake_run(struct fake_switch *sw)
{
    struct ofpbuf *msg;

    if (!sw->vconn && pvconn_accept(sw->pvconn, &sw->vconn)) {
        sw->vconn = NULL;
    }
    if (sw->vconn) {
        vconn_run(sw->vconn);
    }
    while (sw->vconn) {
        int error = vconn_recv(sw->vconn, &msg);

        if (error) {
            if (error != EAGAIN) {
                vconn_close(sw->vconn);
                sw->vconn = NULL;
            }
            break;
        }
        fake_handle(sw, msg->data);
        ofpbuf_delete(msg);
    }
}

/* Lets both sides talk until they have nothing more to say. */
static void
spin(struct fixture *f)
{
    for (int i = 0; i < 200; i++) {
        fake_run(&f->sw);
        ofctl_run(f->oc, time_msec() + f->skew);
    }
}

/* The same, after 'ms' have passed. */
static void
later(struct fixture *f, long long int ms)
{
    f->skew += ms;
    spin(f);
}

static void
note_report(void *f_, enum report_severity severity,
            const char *kind OVS_UNUSED, const char *message OVS_UNUSED)
{
    struct fixture *f = f_;

    f->n_errors += severity == REPORT_ERROR;
    f->n_infos += severity == REPORT_INFO;
}

static void
setup(struct fixture *f)
{
    char template[] = "/tmp/test-ofctl-XXXXXX";
    char *name;

    memset(f, 0, sizeof *f);
    f->sw.dir = xstrdup(mkdtemp(template));
    ovs_list_init(&f->sw.flows);
    ovs_list_init(&f->sw.bundle);
    name = xasprintf("punix:%s/br.mgmt", f->sw.dir);
    if (pvconn_open(name, 1u << OFP15_VERSION, 0, &f->sw.pvconn)) {
        ovs_fatal(0, "cannot listen on %s", name);
    }
    free(name);
    f->ft = flowtab_create();
    f->sink = (struct report_sink) { .cb = note_report, .aux = f };
    f->oc = ofctl_create(f->sw.dir, "br", f->ft, &f->sink);
}

static void
restart(struct fixture *f)
{
    ofctl_destroy(f->oc);
    flowtab_destroy(f->ft);
    f->ft = flowtab_create();
    f->oc = ofctl_create(f->sw.dir, "br", f->ft, &f->sink);
    f->sw.n_commits = 0;
}

static void
teardown(struct fixture *f)
{
    struct fake_flow *flow;
    char *path = xasprintf("%s/br.mgmt", f->sw.dir);

    ofctl_destroy(f->oc);
    flowtab_destroy(f->ft);
    vconn_close(f->sw.vconn);
    pvconn_close(f->sw.pvconn);
    clear_bundle(&f->sw);
    LIST_FOR_EACH_SAFE (flow, node, &f->sw.flows) {
        forget_flow(&f->sw, flow);
    }
    unlink(path);
    rmdir(f->sw.dir);
    free(path);
    free(f->sw.dir);
}

/* 'n' flows that are wanted by owner 1. */
static void
want(struct fixture *f, int n, uint64_t goal)
{
    struct flow_list flows;

    flow_list_init(&flows);
    for (int i = 0; i < n; i++) {
        struct match match;
        struct ofpbuf ofpacts;

        match_init_catchall(&match);
        match_set_in_port(&match, u16_to_ofp(i + 1));
        ofpbuf_init(&ofpacts, 64);
        flow_list_add(&flows, 0, 100,
                      pipeline_cookie(PIPELINE_COOKIE_DROP, 1), &match,
                      &ofpacts);
        ofpbuf_uninit(&ofpacts);
    }
    flowtab_replace(f->ft, 1, &flows);
    flow_list_clear(&flows);
    ofctl_set_goal(f->oc, goal);
}

static void
test_fill(void)
{
    struct fixture f;
    const struct counter *c;

    setup(&f);
    want(&f, 5, 1);
    spin(&f);
    ok(ofctl_is_synced(f.oc) && !f.sw.n_flows && !f.sw.n_commits,
       "nothing is written before it is allowed");
    ofctl_allow_changes(f.oc);
    spin(&f);
    ok(f.sw.n_flows == 5 && f.sw.n_commits == 1, "one bundle fills it");
    ok(ofctl_installed(f.oc) == 1 && !ofctl_enforced(f.oc),
       "installed, nobody asked whether enforced");
    ofctl_expect(f.oc, 1);
    spin(&f);
    ok(!ofctl_enforced(f.oc), "not enforced at once");
    later(&f, 1600);
    ok(ofctl_enforced(f.oc) == 1, "but once revalidation must be over");
    ok(f.sw.n_flows == 5, "the scratch flow never stays");
    want(&f, 3, 2);
    spin(&f);
    ok(f.sw.n_flows == 3 && ofctl_installed(f.oc) == 2, "some are removed");

    later(&f, 6000);
    c = CONTAINER_OF(hmap_first(ofctl_counters(f.oc)), struct counter,
                     node);
    ok(hmap_count(ofctl_counters(f.oc)) == 1 && c->packets == 9
       && c->bytes == 900, "flows with one cookie are counted together");

    restart(&f);
    want(&f, 3, 1);
    ofctl_allow_changes(f.oc);
    spin(&f);
    ok(!f.sw.n_commits && ofctl_installed(f.oc) == 1,
       "a restart takes over what is there");
    restart(&f);
    want(&f, 1, 1);
    ofctl_allow_changes(f.oc);
    spin(&f);
    ok(f.sw.n_commits == 1 && f.sw.n_flows == 1,
       "and removes what is not wanted any more");
    ok(!f.n_errors, "no error");
    teardown(&f);
}

static void
test_refusal(bool at_commit)
{
    const char *when = at_commit ? "commit" : "add";
    struct fixture f;

    setup(&f);
    want(&f, 5, 1);
    ofctl_allow_changes(f.oc);
    f.sw.fail_adds = at_commit ? 0 : 2;
    f.sw.fail_commits = at_commit ? 1 : 0;
    spin(&f);
    ok(!f.sw.n_flows && !f.sw.n_commits && !ofctl_installed(f.oc),
       "refused at %s: nothing is half applied", when);
    ok(f.n_errors == 1, "refused at %s: reported", when);
    later(&f, 200);
    ok(f.sw.n_flows == 5 && ofctl_installed(f.oc) == 1,
       "refused at %s: tried again", when);
    ok(f.n_infos == 1, "refused at %s: reported that all is well", when);
    teardown(&f);
}

static void
test_repeated_refusal(void)
{
    struct fixture f;

    setup(&f);
    want(&f, 5, 1);
    ofctl_allow_changes(f.oc);
    f.sw.fail_commits = 1000;
    spin(&f);
    for (int i = 0; i < 20; i++) {
        later(&f, 1000);
    }
    ok(f.n_errors == 1, "a lasting refusal is reported once");
    ok(f.sw.fail_commits > 975, "and not tried too often");
    teardown(&f);
}

static void
test_hang_up(void)
{
    struct fixture f;

    setup(&f);
    want(&f, 5, 1);
    ofctl_allow_changes(f.oc);
    f.sw.hang_ups = 1;
    spin(&f);
    ok(!f.sw.n_flows && !ofctl_is_synced(f.oc), "hung up on in a bundle");
    later(&f, 200);
    ok(f.sw.n_flows == 5 && f.sw.n_commits == 1 && ofctl_installed(f.oc) == 1,
       "connects again, reads back, fills");

    vconn_close(f.sw.vconn);
    f.sw.vconn = NULL;
    forget_flow(&f.sw, CONTAINER_OF(ovs_list_front(&f.sw.flows),
                                    struct fake_flow, node));
    later(&f, 200);
    later(&f, 200);
    ok(f.sw.n_flows == 5 && f.sw.n_commits == 2,
       "puts right what changed while it was away");
    ok(!f.n_errors, "without an error");
    teardown(&f);
}

static void
test_silent_loss(void)
{
    struct fixture f;

    setup(&f);
    want(&f, 5, 1);
    ofctl_allow_changes(f.oc);
    spin(&f);
    forget_flow(&f.sw, CONTAINER_OF(ovs_list_front(&f.sw.flows),
                                    struct fake_flow, node));
    spin(&f);
    ok(f.sw.n_flows == 4, "a switch that does not tell what it lost");
    later(&f, 6000);
    ok(f.sw.n_flows == 5, "is found out by the periodic dump");
    teardown(&f);
}

int
main(void)
{
    test_fill();
    test_refusal(false);
    test_refusal(true);
    test_repeated_refusal();
    test_hang_up();
    test_silent_loss();
    return tap_done();
}
