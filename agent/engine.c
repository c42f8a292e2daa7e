/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "agent/engine-private.h"
#include "flow.h"
#include "flowpolicy/decide.h"
#include "hash.h"
#include "lib/dirs.h"
#include "lib/model.h"
#include "lib/tvd-db.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-tvd/ctlimit.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/hostguard.h"
#include "ovs-tvd/ofctl.h"
#include "ovs-tvd/pipeline.h"
#include "ovs-tvd/vswitch.h"
#include "simap.h"
#include "socket-util.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine);

/* A NIC whose port the pipeline knows. */
struct engine_port {
    struct hmap_node node;      /* In struct engine's 'ports', by NIC id. */
    uint32_t nic_id;
    bool seen;
};

static void
engine_report(void *e_, enum report_severity severity, const char *kind,
              const char *message)
{
    struct engine *e = e_;

    if (events_add(&e->events, severity, kind, message, time_msec(),
                   time_wall_msec())) {
        VLOG(severity == REPORT_ERROR ? VLL_ERR
             : severity == REPORT_WARNING ? VLL_WARN : VLL_INFO,
             "%s: %s", kind, message);
    }
}

struct engine *
engine_create(const struct engine_config *config)
{
    struct engine *e = xzalloc(sizeof *e);
    const char *datapath_type = vswitch_datapath_type();

    e->config = (struct engine_config) {
        .db = xstrdup(config->db),
        .ovsdb = xstrdup(config->ovsdb),
        .rundir = xstrdup(config->rundir),
        .bridge = xstrdup(config->bridge),
        .uplink = nullable_xstrdup(config->uplink),
        .worker = config->worker,
    };
    e->host = nullable_xstrdup(config->host);
    e->sink = (struct report_sink) { .cb = engine_report, .aux = e };
    e->vs = vswitch_create(config->ovsdb, config->bridge, datapath_type,
                           &e->sink);
    e->ft = flowtab_create();
    e->pipeline = pipeline_create(e->ft);
    e->oc = ofctl_create(config->rundir, config->bridge, e->ft, &e->sink);
    e->limits = ctlimit_create(config->rundir, datapath_type, &e->sink);
    e->guard = hostguard_create(!strcmp(datapath_type, "netdev"), &e->sink);
    gateways_init(&e->gateways, config->worker,
                  !strcmp(datapath_type, "netdev"));
    bindings_init(&e->bindings);
    smap_init(&e->gateway_ports);
    hmap_init(&e->ports);
    hmap_init(&e->tvds);
    events_init(&e->events);
    keep_init(&e->keep, tvd_agentdir(), &e->sink);
    e->error = xstrdup("");
    e->uplink_port = OFPP_NONE;
    engine_fabric_init(e);
    engine_show_init(e);
    return e;
}

const struct report_sink *
engine_sink(const struct engine *e)
{
    return &e->sink;
}

static void
destroy_tables(struct engine *e)
{
    struct engine_port *port;
    struct known_tvd *tvd;

    HMAP_FOR_EACH_POP (port, node, &e->ports) {
        free(port);
    }
    hmap_destroy(&e->ports);
    HMAP_FOR_EACH_POP (tvd, node, &e->tvds) {
        free(tvd);
    }
    hmap_destroy(&e->tvds);
    smap_destroy(&e->gateway_ports);
}

void
engine_destroy(struct engine *e)
{
    if (!e) {
        return;
    }
    if (e->loop.committing_txn) {
        ovsdb_idl_txn_destroy(e->loop.committing_txn);
    }
    if (e->db) {
        keep_flush(&e->keep, tvd_db_model(e->db), tvd_db_seq(e->db));
    }
    keep_destroy(&e->keep);
    tvd_db_destroy(e->db);
    ofctl_destroy(e->oc);
    ctlimit_destroy(e->limits);
    hostguard_destroy(e->guard);
    pipeline_destroy(e->pipeline);
    flowtab_destroy(e->ft);
    vswitch_destroy(e->vs);
    gateways_destroy(&e->gateways);
    bindings_destroy(&e->bindings);
    engine_fabric_destroy(e);
    events_destroy(&e->events);
    destroy_tables(e);
    free(e->error);
    free(e->host);
    free(CONST_CAST(char *, e->config.db));
    free(CONST_CAST(char *, e->config.ovsdb));
    free(CONST_CAST(char *, e->config.rundir));
    free(CONST_CAST(char *, e->config.bridge));
    free(CONST_CAST(char *, e->config.uplink));
    free(e);
}

/* --- the TVD database --- */

/* How long the database is waited for at the start, in ms, before what was kept
 * comes into force. */
#define PATIENCE 500

static char *
system_host_name(void)
{
    char name[256];

    if (gethostname(name, sizeof name)) {
        VLOG_WARN("cannot get the host's name (%s)", ovs_strerror(errno));
        return xstrdup("localhost");
    }
    name[sizeof name - 1] = '\0';
    return xstrdup(name);
}

/* Finds out under which name the policy knows this host.  Without an option
 * that takes reading the Open_vSwitch database first. */
static bool
know_host(struct engine *e)
{
    if (!e->host && vswitch_generation(e->vs)) {
        const char *id = vswitch_external_id(e->vs, "tvd-host");

        e->host = id[0] ? xstrdup(id) : system_host_name();
        VLOG_INFO("this host is \"%s\"", e->host);
    }
    return e->host != NULL;
}

/* Interfaces that were admitted when the agent last ran keep their places. */
static void
remember_bindings(struct engine *e)
{
    const struct tvdrec_binding *row;

    TVDREC_BINDING_FOR_EACH (row, e->loop.idl) {
        if (!strcmp(row->host, e->host)) {
            bindings_remember(&e->bindings, row->interface, row->nic,
                              row->admitted ? NULL : row->reason,
                              row->installed, row->arrived);
        }
    }
}

static struct known_tvd *
find_known_tvd(const struct engine *e, uint32_t id)
{
    struct known_tvd *known;

    HMAP_FOR_EACH_WITH_HASH (known, node, hash_int(id, 0), &e->tvds) {
        if (known->id == id) {
            return known;
        }
    }
    return NULL;
}

static void
note_tvd(struct engine *e, const struct model_tvd *tvd)
{
    uint32_t gateway = tvd->gateway ? tvd->gateway->id : 0;
    struct known_tvd *known = find_known_tvd(e, tvd->id);

    if (!known) {
        known = xzalloc(sizeof *known);
        known->id = tvd->id;
        hmap_insert(&e->tvds, &known->node, hash_int(tvd->id, 0));
        pipeline_touch_tvd(e->pipeline, tvd->id);
    } else if (known->gateway != gateway) {
        pipeline_touch_tvd(e->pipeline, tvd->id);
    }
    known->gateway = gateway;
    known->seen = true;
}

/* Bounds the connections of each TVD. */
static void
limit_zones(struct engine *e)
{
    uint16_t *zones = xmalloc((2 * hmap_count(&e->tvds) + 1) * sizeof *zones);
    const struct known_tvd *known;
    size_t n = 0;

    HMAP_FOR_EACH (known, node, &e->tvds) {
        zones[n++] = pipeline_zone_edge(known->id);
        zones[n++] = pipeline_zone_leg(known->id, known->id);
    }
    ctlimit_set(e->limits, zones, n);
    free(zones);
}

/* Compares TVDs and their gateways with what they were.  Connections of a TVD
 * that is gone are forgotten: its zones may be given to another one day. */
static void
note_tvds(struct engine *e, const struct model *m)
{
    struct shash_node *node;
    struct known_tvd *known;

    HMAP_FOR_EACH (known, node, &e->tvds) {
        known->seen = false;
    }
    SHASH_FOR_EACH (node, &m->tvds) {
        note_tvd(e, node->data);
    }
    HMAP_FOR_EACH_SAFE (known, node, &e->tvds) {
        if (!known->seen) {
            ofctl_flush_zone(e->oc, pipeline_zone_edge(known->id));
            ofctl_flush_zone(e->oc, pipeline_zone_leg(known->id, known->id));
            hmap_remove(&e->tvds, &known->node);
            free(known);
        }
    }
    limit_zones(e);
}

static void
report_problems(struct engine *e)
{
    const struct svec *problems;
    size_t n;

    problems = tvd_db_problems(e->db, &n);
    for (size_t i = 0; i < problems->n && i < 10; i++) {
        engine_report(e, REPORT_ERROR, "database", problems->names[i]);
    }
}

/* True if some interface here is, or may now be, NIC 'id'; or the NIC has been
 * let go of. */
static bool
concerns_interfaces(const struct engine *e, const struct model *m, uint32_t id)
{
    const struct model_nic *nic = model_nic_find_id(m, id);
    char *name = nic ? model_nic_full_name(nic) : NULL;
    bool concerns = name && sset_contains(&e->bindings.let_go, name);
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &e->bindings.by_iface) {
        concerns |= ((struct binding *) node->data)->nic_id == id;
    }
    SHASH_FOR_EACH (node, vswitch_ifaces(e->vs)) {
        const struct vswitch_iface *iface = node->data;
        struct eth_addr mac;

        concerns |= nic && ((iface->iface_id && !strcmp(iface->iface_id, name))
                            || (iface->attached_mac
                                && eth_addr_from_string(iface->attached_mac,
                                                        &mac)
                                && eth_addr_equals(mac, nic->mac)));
    }
    free(name);
    return concerns;
}

/* True if NICs have changed that are, or may be, on this host. */
static bool
own_nics_changed(const struct engine *e, const struct model *m,
                 const struct tvd_db_changes *changes)
{
    bool own = changes->everything;

    for (size_t i = 0; i < changes->n_nics && !own; i++) {
        own = concerns_interfaces(e, m, changes->nics[i]);
    }
    return own;
}

static void
model_changed(struct engine *e, const struct tvd_db_changes *changes)
{
    struct model *m = tvd_db_model(e->db);

    if (!tvd_db_is_kept(e->db)) {
        keep_model_changes(&e->keep, changes->everything || changes->n_nics,
                           time_msec());
    }
    if (changes->gateways) {
        decide_assign_gateways(m);
    }
    if (changes->everything) {
        pipeline_touch_all(e->pipeline);
        report_problems(e);
    }
    for (size_t i = 0; i < changes->n_nics; i++) {
        pipeline_touch_nic(e->pipeline, changes->nics[i]);
    }
    if (changes->everything || changes->gateways) {
        note_tvds(e, m);
    }
    if (own_nics_changed(e, m, changes)) {
        status_show_read(&e->status);
        e->bindings_stale = true;
    }
    if (changes->everything || changes->gateways
        || !shash_is_empty(&e->gateways.given)) {
        e->gateways_stale = true;
    }
    if (changes->everything || changes->n_nics) {
        e->pipeline_dirty = true;
    }
}

static void
status_result(struct engine *e, bool failed)
{
    struct status *st = &e->status;

    if (st->asked && e->loop.cur_cfg == st->serial) {
        status_committed(st, &e->events, true);
    } else if (st->asked && failed) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

        VLOG_WARN_RL(&rl, "cannot write the agent's state to the TVD "
                     "database, trying again");
        status_committed(st, &e->events, false);
        st->retry_at = time_msec() + STATUS_RETRY;
        /* We write what is so, not what follows from the database: there is
         * no need to wait until it changes. */
        e->loop.skip_seqno = 0;
    }
}

static void
open_db(struct engine *e)
{
    struct model *kept;
    int64_t seq;

    e->db = tvd_db_create(e->config.db, TVD_DB_AGENT, e->host);
    e->loop = (struct ovsdb_idl_loop)
        OVSDB_IDL_LOOP_INITIALIZER(tvd_db_idl(e->db));
    e->status.host = e->host;
    e->patience = time_msec() + PATIENCE;
    kept = keep_begin(&e->keep, e->host, e->config.bridge, &seq);
    if (kept) {
        tvd_db_keep(e->db, kept, seq);
    }
}

/* What is in force now is the first model, or the first from the database. */
static void
begin_model(struct engine *e, bool first)
{
    if (tvd_db_is_kept(e->db)) {
        VLOG_WARN("the policy database %s: going on with the policy of seq "
                  "%"PRId64", as this host last knew it",
                  tvd_db_lacks_policy(e->db) ? "has no policy"
                  : "cannot be reached", tvd_db_seq(e->db));
        keep_recall(&e->keep, &e->bindings);
        bindings_close(&e->bindings);
    } else {
        if (first) {
            remember_bindings(e);
        }
        bindings_open(&e->bindings);
    }
}

static void
run_db(struct engine *e)
{
    const struct tvd_db_changes *changes;
    bool first, was_kept;

    if (!e->db) {
        if (!know_host(e)) {
            return;
        }
        open_db(e);
    }
    ovsdb_idl_loop_run(&e->loop);
    status_result(e, false);
    first = !tvd_db_model(e->db);
    was_kept = tvd_db_is_kept(e->db);
    tvd_db_set_asked(e->db, e->status.asked);
    if (e->patience && time_msec() >= e->patience) {
        tvd_db_use_kept(e->db);
        e->patience = 0;
    }
    changes = tvd_db_run(e->db);
    if (changes) {
        if (first || was_kept) {
            begin_model(e, first);
        }
        model_changed(e, changes);
    }
}

/* --- ports and flows --- */

static struct engine_port *
find_port(const struct engine *e, uint32_t nic_id)
{
    struct engine_port *port;

    HMAP_FOR_EACH_WITH_HASH (port, node, hash_int(nic_id, 0), &e->ports) {
        if (port->nic_id == nic_id) {
            return port;
        }
    }
    return NULL;
}

static void
give_port(struct engine *e, const struct binding *b)
{
    struct engine_port *port = find_port(e, b->nic_id);

    if (!port) {
        port = xzalloc(sizeof *port);
        port->nic_id = b->nic_id;
        hmap_insert(&e->ports, &port->node, hash_int(b->nic_id, 0));
    }
    port->seen = true;
    if (pipeline_get_port(e->pipeline, b->nic_id) != b->ofport) {
        VLOG_INFO("NIC %s is at port %s (%"PRIu32")", b->nic, b->iface,
                  ofp_to_u16(b->ofport));
        pipeline_set_port(e->pipeline, b->nic_id, b->ofport);
        if (!b->remembered) {
            fabric_announce(&e->fabric, b->nic_id, FABRIC_ALL_VLANS,
                            time_msec());
        }
    }
}

/* Tells the pipeline the ports of all NICs that are admitted, and takes them
 * away from those that are not any more. */
static void
give_ports(struct engine *e)
{
    struct engine_port *port;
    struct shash_node *node;

    HMAP_FOR_EACH (port, node, &e->ports) {
        port->seen = false;
    }
    SHASH_FOR_EACH (node, &e->bindings.by_iface) {
        const struct binding *b = node->data;

        if (b->admitted) {
            give_port(e, b);
        }
    }
    HMAP_FOR_EACH_SAFE (port, node, &e->ports) {
        if (!port->seen) {
            VLOG_INFO("NIC with id %"PRIu32" has no port any more",
                      port->nic_id);
            pipeline_set_port(e->pipeline, port->nic_id, OFPP_NONE);
            hmap_remove(&e->ports, &port->node);
            free(port);
        }
    }
    e->pipeline_dirty = true;
}

/* Ports of EEs are put back when somebody deletes them; those of managed
 * gateways are wanted as such, and a port that claims a NIC which another port
 * has is left to who made it. */
static void
protect_ports(struct engine *e)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, vswitch_ifaces(e->vs)) {
        const struct binding *b = shash_find_data(&e->bindings.by_iface,
                                                  node->name);

        if (b && (b->admitted || !find_port(e, b->nic_id))
            && !smap_get(&e->gateways.ports, node->name)) {
            vswitch_protect(e->vs, node->name);
        } else {
            vswitch_unprotect(e->vs, node->name);
        }
    }
}

/* Guards the devices that say they are an EE's, admitted or not, and the one
 * that leads to the fabric, so that the host's stack never sees what comes in
 * there, and says nothing itself.  Others may be the host's own. */
static void
run_guard(struct engine *e)
{
    uint64_t generation = vswitch_generation(e->vs);
    struct simap devices = SIMAP_INITIALIZER(&devices);
    struct shash_node *node;
    unsigned int ifindex;
    const char *uplink;

    if (generation && generation != e->guard_generation) {
        e->guard_generation = generation;
        SHASH_FOR_EACH (node, vswitch_ifaces(e->vs)) {
            const struct vswitch_iface *iface = node->data;

            if (iface->device && (iface->iface_id || iface->attached_mac)) {
                simap_put(&devices, iface->name, iface->ifindex);
            }
        }
        ifindex = vswitch_uplink_device(e->vs, &uplink);
        if (ifindex) {
            simap_put(&devices, uplink, ifindex);
        }
        hostguard_set(e->guard, &devices);
    }
    simap_destroy(&devices);
    if (generation) {
        hostguard_run(e->guard, time_msec());
    }
}

static void
run_bindings(struct engine *e, const struct model *m)
{
    uint64_t generation = vswitch_generation(e->vs);

    if (!generation || (generation == e->vs_generation && !e->bindings_stale
                        && !e->gateway_ports_changed && !e->have_left)) {
        return;
    }
    e->vs_generation = generation;
    e->gateway_ports_changed = e->have_left = e->bindings_stale = false;
    bindings_update(&e->bindings, m, e->host, vswitch_ifaces(e->vs),
                    &e->gateways.ports, &e->sink);
    if (e->bindings.generation != e->bindings_seen) {
        e->bindings_seen = e->bindings.generation;
        give_ports(e);
        engine_fabric_watch(e);
    }
    protect_ports(e);
}

static void
run_pipeline(struct engine *e, const struct model *m)
{
    struct shash_node *node;

    /* Flows of a host whose ports are not known would be none at all. */
    if (time_msec() >= pipeline_deadline(e->pipeline)) {
        e->pipeline_dirty = true;
    }
    if (!e->pipeline_dirty || !vswitch_generation(e->vs)
        || gateways_hold_flows(&e->gateways)) {
        return;
    }
    e->pipeline_dirty = false;
    pipeline_run(e->pipeline, m, time_msec());
    e->goal++;
    SHASH_FOR_EACH (node, &e->bindings.by_iface) {
        struct binding *b = node->data;

        b->goal = b->goal ? b->goal : e->goal;
    }
    SHASH_FOR_EACH (node, &e->bindings.leaving) {
        struct leaving *leaving = node->data;

        leaving->goal = leaving->goal ? leaving->goal : e->goal;
    }
    engine_fabric_publish_vlans(e);
    ofctl_set_goal(e->oc, e->goal);
    ofctl_allow_changes(e->oc);
}

static bool
run_gateways(struct engine *e, const struct model *m)
{
    bool reported = e->gateways.reported;
    bool alive;

    alive = gateways_run(&e->gateways, m, e->host, time_msec(), &e->sink);
    if (e->gateways.reported
        && (!reported || !smap_equal(&e->gateways.ports, &e->gateway_ports))) {
        smap_destroy(&e->gateway_ports);
        smap_clone(&e->gateway_ports, &e->gateways.ports);
        vswitch_want_ports(e->vs, &e->gateway_ports);
        e->gateway_ports_changed = true;
        poll_immediate_wake();
    }
    return alive;
}

/* --- what is enforced --- */

/* True if every gateway has its port, and its flows are in force. */
static bool
gateways_are_in_place(struct engine *e)
{
    bool all = true;
    const char *nic;

    SSET_FOR_EACH (nic, &e->gateways.nics) {
        const struct binding *b = bindings_find_nic(&e->bindings, nic);

        if (b) {
            ofctl_expect(e->oc, b->goal);
        }
        all &= b && b->goal && ofctl_enforced(e->oc) >= b->goal;
    }
    return all;
}

/* Takes note of NICs whose flows are out of the data path. */
static void
track_leaving(struct engine *e)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &e->bindings.leaving) {
        ofctl_expect(e->oc, ((struct leaving *) node->data)->goal);
    }
    if (ofctl_is_synced(e->oc)
        && bindings_have_left(&e->bindings, ofctl_enforced(e->oc))) {
        e->have_left = true;
        poll_immediate_wake();
    }
}

/* Tells the gateways when the flows that a change needs are in force. */
static void
track_gateways(struct engine *e, const struct model *m, long long int now)
{
    if (!m || e->pipeline_dirty || !gateways_want_flows(&e->gateways)) {
        return;
    }
    ofctl_expect(e->oc, e->goal);
    if (ofctl_is_synced(e->oc) && ofctl_enforced(e->oc) >= e->goal) {
        gateways_flows_enforced(&e->gateways, m, e->host, now);
        e->pending.gateways = e->gateways.submitted;
    }
}

/* One value of 'seq' at a time is waited for, so that a stream of changes
 * does not keep any from being reported. */
static void
track_seq(struct engine *e, const struct model *m)
{
    struct pending_seq *p = &e->pending;

    /* What a database that was made anew, or set back, did not say is not
     * reported to it. */
    if (e->db && tvd_db_rows_seq(e->db) < e->enforced) {
        e->enforced = 0;
        p->active = false;
    }
    if (m && (tvd_db_is_kept(e->db) || tvd_db_lacks_policy(e->db))) {
        return;
    }
    /* Flows that are still to be made belong to no goal yet. */
    if (!m || !e->goal || e->pipeline_dirty) {
        return;
    }
    if (p->active && ofctl_is_synced(e->oc)
        && ofctl_enforced(e->oc) >= p->goal
        && e->gateways.phase == GATEWAYS_SETTLED
        && e->gateways.done >= p->gateways && gateways_are_in_place(e)) {
        e->enforced = p->seq;
        p->active = false;
    }
    if (!p->active && tvd_db_seq(e->db) != e->enforced) {
        *p = (struct pending_seq) {
            .active = true,
            .seq = tvd_db_seq(e->db),
            .goal = e->goal,
            .gateways = e->gateways.submitted,
        };
        ofctl_expect(e->oc, p->goal);
        poll_immediate_wake();
    }
}

/* --- status --- */

/* A connection that is gone for less than this, in ms, is no error. */
#define CONNECTION_PATIENCE 1000

static void OVS_PRINTF_FORMAT(2, 3)
add_error(struct ds *errors, const char *format, ...)
{
    va_list args;

    ds_put_cstr(errors, errors->length ? "; " : "");
    va_start(args, format);
    ds_put_format_valist(errors, format, args);
    va_end(args);
}

static void
update_error(struct engine *e, long long int now)
{
    struct ds errors = DS_EMPTY_INITIALIZER;
    size_t n_problems = 0;

    if ((vswitch_is_ready(e->vs) && ofctl_is_synced(e->oc)) || !e->last_good) {
        e->last_good = now;
    }
    if (now >= e->last_good + CONNECTION_PATIENCE) {
        add_error(&errors, "%s", !vswitch_is_ready(e->vs)
                  ? "the Open_vSwitch database cannot be reached, or does not "
                    "have the bridge as it must be"
                  : "the bridge cannot be reached over OpenFlow");
    }
    if (e->gateways.error) {
        add_error(&errors, "%s", e->gateways.error);
    }
    if (vswitch_uplink_error(e->vs)) {
        add_error(&errors, "the port to the fabric does not work: %s",
                  vswitch_uplink_error(e->vs));
    }
    if (hostguard_error(e->guard)) {
        add_error(&errors, "%s", hostguard_error(e->guard));
    }
    if (e->db && tvd_db_lacks_policy(e->db)) {
        add_error(&errors, "the policy database has no policy: going on with "
                  "the one of seq %"PRId64", until one is applied",
                  tvd_db_seq(e->db));
    }
    if (e->db) {
        tvd_db_problems(e->db, &n_problems);
    }
    if (n_problems) {
        add_error(&errors, "%"PRIuSIZE" row%s of the policy database left out "
                  "(see events)", n_problems, n_problems == 1 ? "" : "s");
    }
    if (strcmp(e->error, ds_cstr(&errors))) {
        free(e->error);
        e->error = ds_steal_cstr(&errors);
    }
    ds_destroy(&errors);
}

static bool
can_write(const struct engine *e)
{
    return (e->db && tvd_db_model(e->db) && tvd_db_has_read(e->db)
            && ovsdb_idl_is_connected(e->loop.idl));
}

static void
write_status(struct engine *e, long long int now)
{
    const struct status_input in = {
        .model = e->db ? tvd_db_model(e->db) : NULL,
        .seq = e->enforced,
        .error = e->error,
        .bindings = &e->bindings,
        .installed = ofctl_installed(e->oc),
        .counters = ofctl_counters(e->oc),
        .counters_generation = ofctl_counters_generation(e->oc),
        .events = &e->events,
    };

    if (!can_write(e) || !e->loop.open_txn || now < e->status.retry_at) {
        return;
    }
    e->loop.next_cfg = ++e->status.serial;
    status_write(&e->status, e->loop.idl, e->loop.open_txn, &in, now);
}

/* Before the database is told anything. */
static void
run_keep(struct engine *e, const struct model *m, long long int now)
{
    if (m) {
        bool from_db = !tvd_db_is_kept(e->db);

        keep_run(&e->keep, from_db ? m : NULL, tvd_db_seq(e->db),
                 &e->bindings, !ovsdb_idl_is_connected(e->loop.idl), now);
    }
}

bool
engine_run(struct engine *e)
{
    long long int now = time_msec();
    const struct model *m;
    bool alive;

    vswitch_run(e->vs, now);
    run_guard(e);
    run_db(e);
    engine_fabric_run(e, now);
    m = e->db ? tvd_db_model(e->db) : NULL;
    if (m) {
        if (e->gateways_stale) {
            gateways_change(&e->gateways, m, e->host, now);
        }
        run_bindings(e, m);
        e->gateways_stale = false;
        run_pipeline(e, m);
    }
    ofctl_run(e->oc, now);
    alive = run_gateways(e, m);
    if (m) {
        engine_fabric_announce(e, m, now);
    }
    track_leaving(e);
    track_gateways(e, m, now);
    track_seq(e, m);
    run_keep(e, m, now);
    ctlimit_run(e->limits, now);
    update_error(e, now);
    write_status(e, now);
    return alive;
}

void
engine_wait(struct engine *e)
{
    vswitch_commit_and_wait(e->vs);
    if (e->db) {
        status_result(e, !ovsdb_idl_loop_commit_and_wait(&e->loop));
        tvd_db_wait(e->db);
        keep_wait(&e->keep);
        if (e->patience) {
            poll_timer_wait_until(e->patience);
        }
        if (can_write(e) && !e->loop.committing_txn) {
            status_wait(&e->status);
        }
    }
    if (!e->pipeline_dirty) {
        poll_timer_wait_until(pipeline_deadline(e->pipeline));
    }
    engine_fabric_wait(e);
    ofctl_wait(e->oc);
    ctlimit_wait(e->limits);
    if (e->guard_generation) {
        hostguard_wait(e->guard);
    }
    gateways_wait(&e->gateways);
}
