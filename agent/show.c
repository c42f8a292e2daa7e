/* SPDX-License-Identifier: Apache-2.0
 *
 * The unixctl commands of the agent. */

#include <config.h>
#include "agent/engine-private.h"

#include <inttypes.h>
#include "flow.h"
#include "lib/tvd-db.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-port.h"
#include "ovs-tvd/counters.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/ofctl.h"
#include "ovs-tvd/pipeline.h"
#include "ovs-tvd/vswitch.h"
#include "unixctl.h"
#include "util.h"

static void
show_binding(const struct binding *b, uint64_t installed, struct ds *s)
{
    ds_put_format(s, "port %s: nic %s", b->iface, b->nic);
    if (b->ofport != OFPP_NONE) {
        ds_put_format(s, ", ofport %"PRIu32, ofp_to_u16(b->ofport));
    }
    if (b->admitted) {
        ds_put_format(s, ", admitted, %s\n",
                      b->goal && installed >= b->goal ? "installed"
                      : "not installed yet");
    } else {
        ds_put_format(s, ", refused: %s\n", b->reason);
    }
}

/* The TVDs that the database has for this host: what an administrator may hold
 * against the host's label and the matrix. */
static void
show_tvds(const struct engine *e, struct ds *s)
{
    const struct model *m = tvd_db_model(e->db);
    const struct model_host *host = model_host_find(m, e->host);
    const struct shash_node **nodes = shash_sort(&m->tvds);

    for (size_t i = 0; i < shash_count(&m->tvds); i++) {
        const struct model_tvd *tvd = nodes[i]->data;
        bool own = host && model_label_may_be_carried(tvd->label, host->label);

        ds_put_format(s, "TVD %s: %s\n", tvd->name,
                      own ? "own" : "peer of an own one");
    }
    free(nodes);
}

static void
show(struct unixctl_conn *conn, int argc OVS_UNUSED,
     const char *argv[] OVS_UNUSED, void *e_)
{
    const struct engine *e = e_;
    const struct shash_node **nodes = shash_sort(&e->bindings.by_iface);
    struct ds s = DS_EMPTY_INITIALIZER;
    bool read = e->db && tvd_db_model(e->db);

    ds_put_format(&s, "host %s\n", e->host ? e->host : "(not known yet)");
    ds_put_format(&s, "policy: %s, seq %"PRId64", enforced %"PRId64"\n",
                  !read ? "never read"
                  : tvd_db_is_kept(e->db) ? "kept from before"
                  : tvd_db_lacks_policy(e->db) ? "gone from the database"
                  : tvd_db_is_waiting(e->db) ? "changing" : "read",
                  read ? tvd_db_seq(e->db) : 0, e->enforced);
    ds_put_format(&s, "bridge %s: %s, flows %"PRIuSIZE" wanted, %"PRIuSIZE
                  " installed, %"PRIuSIZE" differ\n", e->config.bridge,
                  !vswitch_is_ready(e->vs) ? "not ready"
                  : ofctl_is_synced(e->oc) ? "in step" : "not connected",
                  flowtab_n_wanted(e->ft), flowtab_n_installed(e->ft),
                  flowtab_n_dirty(e->ft));
    ds_put_format(&s, "gateways: %"PRIuSIZE", %s\n", e->gateways.n_wanted,
                  e->gateways.error ? e->gateways.error
                  : e->gateways.done == e->gateways.submitted ? "in place"
                  : "being made");
    if (e->error[0]) {
        ds_put_format(&s, "error: %s\n", e->error);
    }
    if (read) {
        show_tvds(e, &s);
    }
    for (size_t i = 0; i < shash_count(&e->bindings.by_iface); i++) {
        show_binding(nodes[i]->data, ofctl_installed(e->oc), &s);
    }
    free(nodes);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
show_flows(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *e_)
{
    const struct engine *e = e_;
    struct ds s = DS_EMPTY_INITIALIZER;

    flowtab_format_wanted(e->ft, &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
show_counter(const struct counter *c, struct ds *s)
{
    enum pipeline_cookie_kind kind;
    uint64_t id;

    if (!c->packets || !pipeline_cookie_parse(c->cookie, &kind, &id)) {
        return;
    }
    if (kind == PIPELINE_COOKIE_DROP) {
        const char *name = pipeline_drop_to_string(id);

        ds_put_format(s, "drop %s", name ? name : "?");
    } else {
        ds_put_format(s, "rule %"PRIu64"%s", id,
                      kind == PIPELINE_COOKIE_RULE_DROP ? " dropped" : "");
    }
    ds_put_format(s, ": %"PRIu64" packets, %"PRIu64" bytes\n", c->packets,
                  c->bytes);
}

static void
show_counters(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[] OVS_UNUSED, void *e_)
{
    const struct engine *e = e_;
    struct ds s = DS_EMPTY_INITIALIZER;
    const struct counter *c;

    HMAP_FOR_EACH (c, node, ofctl_counters(e->oc)) {
        show_counter(c, &s);
    }
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

/* Reads the database's replica and computes all flows anew, as after a start.
 * If nothing was wrong the result is the same, and nothing is sent. */
static void
recompute(struct unixctl_conn *conn, int argc OVS_UNUSED,
          const char *argv[] OVS_UNUSED, void *e_)
{
    struct engine *e = e_;

    if (!e->db) {
        unixctl_command_reply_error(conn, "the name of this host is not known "
                                    "yet: Open vSwitch's database cannot be "
                                    "read");
        return;
    }
    tvd_db_reread(e->db);
    unixctl_command_reply(conn, NULL);
}

void
engine_show_init(struct engine *e)
{
    unixctl_command_register("tvd/recompute", "", 0, 0, recompute, e);
    unixctl_command_register("tvd/show", "", 0, 0, show, e);
    unixctl_command_register("tvd/flows", "", 0, 0, show_flows, e);
    unixctl_command_register("tvd/counters", "", 0, 0, show_counters, e);
}
