/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/bridge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "flow.h"
#include "hash.h"
#include "lib/idl-redial.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/ofctl.h"
#include "ovs-tvd/vswitch.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "switchsim/forwarding.h"
#include "timeval.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(sim_bridge);

/* What a network device is named has so many characters at most; a bridge has
 * one of its name. */
#define MAX_NAME 15
/* A VLAN id that no frame has. */
#define NO_VLAN 4095
/* A table that nothing goes to.  The data path goes on as it did for some time
 * after addresses were forgotten.  That it does as it should is waited for when
 * flows change, so there is one here that changes then. */
#define MARK_TABLE 100

struct sim_bridge_private {
    struct ovsdb_idl *idl;
    struct idl_redial redial;
    char *ovsdb;
    char *name;                 /* Of the edge. */
    char *core;
    char *strays;               /* Names of the two ends of the patch for what */
    char *nowhere;              /* strays, at the edge and at the core. */
    struct flowtab *flowtab;    /* Of the edge. */
    struct ofctl *ofctl;
    uint64_t goal;
    uint16_t mark;              /* Priority of the flow in MARK_TABLE. */
    bool moved;                 /* Ports have other numbers than in flows. */
    struct forwarding current;  /* What it was made to do last, */
    bool uncertain;             /* or something since then. */
};

static void
monitor(struct ovsdb_idl *idl)
{
    struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_open_vswitch_col_next_cfg,
        &ovsrec_open_vswitch_col_cur_cfg,
        &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_datapath_type,
        &ovsrec_bridge_col_fail_mode,
        &ovsrec_bridge_col_ports,
        &ovsrec_port_col_name,
        &ovsrec_port_col_interfaces,
        &ovsrec_port_col_tag,
        &ovsrec_port_col_trunks,
        &ovsrec_port_col_vlan_mode,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_link_state,
        &ovsrec_interface_col_ofport,
        &ovsrec_interface_col_options,
        &ovsrec_interface_col_type,
    };

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

/* The core of bridge 'name', which other bridges have not; caller frees. */
static char *
core_name(const char *name)
{
    char *core = xasprintf("%s-core", name);

    if (strlen(core) > MAX_NAME) {
        free(core);
        core = xasprintf("%08"PRIx32"-core", hash_string(name, 0));
    }
    return core;
}

struct sim_bridge *
sim_bridge_create(const char *ovsdb, const char *rundir, const char *name,
                  const char *const *devices, const unsigned int *numbers,
                  size_t n)
{
    struct sim_bridge *b = xzalloc(sizeof *b);
    struct sim_bridge_private *p = xzalloc(sizeof *p);

    b->private = p;
    b->n_ports = n;
    b->strays = OFPP_NONE;
    b->ports = xcalloc(MAX(n, 1), sizeof *b->ports);
    for (size_t i = 0; i < n; i++) {
        b->ports[i].device = xstrdup(devices[i]);
        b->ports[i].number = numbers[i];
        b->ports[i].ofport = b->ports[i].patch = OFPP_NONE;
    }
    p->idl = ovsdb_idl_create_unconnected(&ovsrec_idl_class, false);
    monitor(p->idl);
    ovsdb_idl_set_write_changed_only_all(p->idl, true);
    ovsdb_idl_set_remote(p->idl, ovsdb, true);
    p->ovsdb = xstrdup(ovsdb);
    p->name = xstrdup(name);
    p->core = core_name(name);
    p->strays = xasprintf("%s-strays", name);
    p->nowhere = xasprintf("%s-nowhere", name);
    p->flowtab = flowtab_create();
    p->ofctl = ofctl_create(rundir, name, p->flowtab, NULL);
    return b;
}

/* --- Reading ---------------------------------------------------------------*/

/* The port's end of its patch at 'bridge'; caller frees.  No device has a
 * colon. */
static char *
patch_name(const char *bridge, const struct sim_bridge_port *port)
{
    return xasprintf("%s:%s", bridge, port->device);
}

static const struct ovsrec_bridge *
find_bridge(const struct sim_bridge_private *p, const char *name)
{
    const struct ovsrec_open_vswitch *ovs = ovsrec_open_vswitch_first(p->idl);

    for (size_t i = 0; ovs && i < ovs->n_bridges; i++) {
        if (!strcmp(ovs->bridges[i]->name, name)) {
            return ovs->bridges[i];
        }
    }
    return NULL;
}

static const struct ovsrec_port *
find_port(const struct ovsrec_bridge *br, const char *name)
{
    for (size_t i = 0; br && i < br->n_ports; i++) {
        if (!strcmp(br->ports[i]->name, name)) {
            return br->ports[i];
        }
    }
    return NULL;
}

static const struct ovsrec_interface *
find_interface(const struct ovsrec_bridge *br, const char *name)
{
    const struct ovsrec_port *port = find_port(br, name);

    return port && port->n_interfaces == 1 ? port->interfaces[0] : NULL;
}

static ofp_port_t
number_of(const struct ovsrec_interface *iface)
{
    return iface && iface->n_ofport && iface->ofport[0] > 0
           ? u16_to_ofp(iface->ofport[0]) : OFPP_NONE;
}

static void
read_number(struct sim_bridge *b, const struct ovsrec_interface *iface,
            ofp_port_t *number)
{
    ofp_port_t now = number_of(iface);

    b->private->moved = b->private->moved || now != *number;
    *number = now;
}

static void
read_ports(struct sim_bridge *b)
{
    const struct sim_bridge_private *p = b->private;
    const struct ovsrec_bridge *edge = find_bridge(p, p->name);

    read_number(b, find_interface(edge, p->strays), &b->strays);
    for (size_t i = 0; i < b->n_ports; i++) {
        struct sim_bridge_port *port = &b->ports[i];
        const struct ovsrec_interface *iface = find_interface(edge,
                                                              port->device);
        char *patch = patch_name(p->name, port);

        read_number(b, iface, &port->ofport);
        port->up = iface && iface->link_state
                   && !strcmp(iface->link_state, "up");
        read_number(b, find_interface(edge, patch), &port->patch);
        free(patch);
    }
}

static void
put_flows(struct sim_bridge *b, const struct forwarding *f)
{
    struct sim_bridge_private *p = b->private;
    struct flow_list flows;
    struct ofpbuf none;
    struct match all;

    flow_list_init(&flows);
    sim_bridge_make_flows(b->ports, b->n_ports, b->strays, f, &flows);
    match_init_catchall(&all);
    ofpbuf_init(&none, 0);
    flow_list_add(&flows, MARK_TABLE, p->mark, 0, &all, &none);
    ofpbuf_uninit(&none);
    flowtab_replace(p->flowtab, 1, &flows);
    ofctl_set_goal(p->ofctl, ++p->goal);
    ofctl_allow_changes(p->ofctl);
    p->moved = false;
}

void
sim_bridge_run(struct sim_bridge *b, long long int now)
{
    struct sim_bridge_private *p = b->private;

    idl_redial(&p->redial, p->idl, p->ovsdb, now);
    ovsdb_idl_run(p->idl);
    read_ports(b);
    if (p->moved && p->current.n && !p->uncertain) {
        put_flows(b, &p->current);
    }
    ofctl_run(p->ofctl, now);
}

void
sim_bridge_wait(struct sim_bridge *b)
{
    ovsdb_idl_wait(b->private->idl);
    ofctl_wait(b->private->ofctl);
}

/* --- Writing ---------------------------------------------------------------*/

static const struct ovsrec_port *
make_port(struct ovsdb_idl_txn *txn, const struct ovsrec_bridge *br,
          const char *name, const char *type)
{
    const struct ovsrec_port *port = ovsrec_port_insert(txn);
    struct ovsrec_interface *iface = ovsrec_interface_insert(txn);

    ovsrec_interface_set_name(iface, name);
    ovsrec_interface_set_type(iface, type);
    ovsrec_port_set_name(port, name);
    ovsrec_port_set_interfaces(port, &iface, 1);
    ovsrec_bridge_update_ports_addvalue(br, port);
    return port;
}

/* A bridge with its own port, through which nothing goes: the machine that
 * plays the switch is not on the network that it switches. */
static const struct ovsrec_bridge *
make_bridge(const struct sim_bridge_private *p, struct ovsdb_idl_txn *txn,
            const char *name, const char *fail_mode)
{
    const struct ovsrec_open_vswitch *ovs = ovsrec_open_vswitch_first(p->idl);
    const struct ovsrec_bridge *br = find_bridge(p, name);
    const int64_t none = NO_VLAN;
    const struct ovsrec_port *own;

    if (!br) {
        br = ovsrec_bridge_insert(txn);
        ovsrec_bridge_set_name(br, name);
        ovsrec_open_vswitch_update_bridges_addvalue(ovs, br);
    }
    ovsrec_bridge_set_fail_mode(br, fail_mode);
    ovsrec_bridge_set_datapath_type(br, vswitch_datapath_type());
    own = find_port(br, name);
    if (!own) {
        own = make_port(txn, br, name, "internal");
    }
    ovsrec_port_set_trunks(own, &none, 1);
    ovsrec_port_set_vlan_mode(own, "trunk");
    return br;
}

static const struct ovsrec_port *
make_patch(struct ovsdb_idl_txn *txn, const struct ovsrec_bridge *br,
           const char *name, const char *peer)
{
    const struct ovsrec_port *port = find_port(br, name);
    struct smap options = SMAP_CONST1(&options, "peer", peer);

    if (!port) {
        port = make_port(txn, br, name, "patch");
    }
    ovsrec_interface_set_options(port->interfaces[0], &options);
    return port;
}

/* A patch at the core.  With 'forget', what was learnt at it is forgotten.  The
 * set of its VLANs, all, is the same with either tag. */
static void
make_core_patch(struct ovsdb_idl_txn *txn, const struct ovsrec_bridge *core,
                const char *name, const char *peer, bool forget)
{
    const struct ovsrec_port *port = make_patch(txn, core, name, peer);
    int64_t tag = port->n_tag && port->tag[0] == 1 ? 2 : 1;

    if (forget || !port->n_tag) {
        ovsrec_port_set_tag(port, &tag, 1);
        ovsrec_port_set_vlan_mode(port, "native-tagged");
    }
}

/* Waits until 'done' or 'deadline'. */
static int
wait_for(struct sim_bridge *b, bool (*done)(const struct sim_bridge *,
                                            int64_t),
         int64_t arg, long long int deadline)
{
    for (;;) {
        sim_bridge_run(b, time_msec());
        if (done(b, arg)) {
            return 0;
        } else if (time_msec() >= deadline) {
            return ETIMEDOUT;
        }
        sim_bridge_wait(b);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

static bool
is_connected(const struct sim_bridge *b, int64_t arg OVS_UNUSED)
{
    return idl_may_write(b->private->idl)
           && ovsrec_open_vswitch_first(b->private->idl);
}

static bool
is_configured(const struct sim_bridge *b, int64_t cfg)
{
    const struct ovsrec_open_vswitch *ovs
        = ovsrec_open_vswitch_first(b->private->idl);

    return ovs && ovs->cur_cfg >= cfg;
}

static bool
is_enforced(const struct sim_bridge *b, int64_t goal)
{
    return ofctl_enforced(b->private->ofctl) >= goal;
}

/* Makes the bridges and their ports. */
static void
make_all(struct sim_bridge *b, struct ovsdb_idl_txn *txn,
         const struct forwarding *f)
{
    const struct sim_bridge_private *p = b->private;
    const struct ovsrec_bridge *edge, *core;

    edge = make_bridge(p, txn, p->name, "secure");
    core = make_bridge(p, txn, p->core, "standalone");
    make_patch(txn, edge, p->strays, p->nowhere);
    make_core_patch(txn, core, p->nowhere, p->strays, f != NULL);
    for (size_t i = 0; i < b->n_ports; i++) {
        const struct sim_bridge_port *port = &b->ports[i];
        char *inside = patch_name(p->name, port);
        char *outside = patch_name(p->core, port);
        bool forget = f && !forwarding_port_equal(&p->current, f,
                                                  port->number);

        if (!find_port(edge, port->device)) {
            make_port(txn, edge, port->device, "");
        }
        make_patch(txn, edge, inside, outside);
        make_core_patch(txn, core, outside, inside, forget);
        free(inside);
        free(outside);
    }
}

/* Writes the columns and waits until ovs-vswitchd has done it.  If 'f' is not
 * NULL, what was learnt at ports that do something else by it is forgotten,
 * and of what strayed. */
static int
write_columns(struct sim_bridge *b, const struct forwarding *f,
              long long int deadline)
{
    struct sim_bridge_private *p = b->private;
    enum ovsdb_idl_txn_status status;
    struct ovsdb_idl_txn *txn;
    int64_t cfg;

    if (wait_for(b, is_connected, 0, deadline)) {
        return ETIMEDOUT;
    }
    txn = ovsdb_idl_txn_create(p->idl);
    make_all(b, txn, f);
    ovsdb_idl_txn_increment(txn, &ovsrec_open_vswitch_first(p->idl)->header_,
                            &ovsrec_open_vswitch_col_next_cfg, false);
    status = ovsdb_idl_txn_commit_block(txn);
    cfg = status == TXN_SUCCESS ? ovsdb_idl_txn_get_increment_new_value(txn)
          : 0;
    if (status != TXN_SUCCESS && status != TXN_UNCHANGED) {
        VLOG_WARN("cannot configure bridge %s: %s", p->name,
                  ovsdb_idl_txn_get_error(txn));
    }
    ovsdb_idl_txn_destroy(txn);
    return status != TXN_SUCCESS && status != TXN_UNCHANGED ? EIO
           : wait_for(b, is_configured, cfg, deadline);
}

/* Installs flows and waits until they are in force. */
static int
write_flows(struct sim_bridge *b, const struct forwarding *f,
            long long int deadline)
{
    struct sim_bridge_private *p = b->private;

    put_flows(b, f);
    ofctl_expect(p->ofctl, p->goal);
    return wait_for(b, is_enforced, p->goal, deadline);
}

/* The flows of the old state that the new one has too, so that what the new
 * one forbids is over first; then all flows.  What was learnt goes last, as
 * old flows may have taught it. */
static int
change(struct sim_bridge *b, const struct forwarding *between,
       const struct forwarding *f, long long int deadline)
{
    struct sim_bridge_private *p = b->private;
    int error = 0;

    if (!forwarding_equal(between, &p->current)) {
        error = write_flows(b, between, deadline);
    }
    if (!error && !forwarding_equal(between, f)) {
        error = write_flows(b, f, deadline);
    }
    if (!error) {
        error = write_columns(b, f, deadline);
    }
    p->mark ^= 1;
    return error ? error : write_flows(b, f, deadline);
}

int
sim_bridge_apply(struct sim_bridge *b, const struct forwarding *f, int timeout)
{
    struct sim_bridge_private *p = b->private;
    long long int deadline = time_msec() + timeout;
    struct forwarding between;
    int error = 0;

    if (p->uncertain) {
        forwarding_destroy(&p->current);
    } else if (p->current.n && forwarding_equal(&p->current, f)) {
        return 0;
    }
    p->uncertain = true;
    forwarding_clone(&between, f);
    forwarding_restrict(&between, &p->current);
    if (!p->current.n) {
        error = write_columns(b, NULL, deadline);
    }
    if (!error) {
        error = change(b, &between, f, deadline);
    }
    forwarding_destroy(&between);
    if (!error) {
        forwarding_destroy(&p->current);
        forwarding_clone(&p->current, f);
        p->uncertain = false;
    }
    return error;
}

void
sim_bridge_destroy(struct sim_bridge *b)
{
    struct sim_bridge_private *p;
    struct forwarding off = { .n = 0 };

    if (!b) {
        return;
    }
    p = b->private;
    p->uncertain = true;
    if (write_flows(b, &off, time_msec() + 2000)) {
        VLOG_WARN("bridge %s goes on as it was", p->name);
    }
    ofctl_destroy(p->ofctl);
    flowtab_destroy(p->flowtab);
    ovsdb_idl_destroy(p->idl);
    forwarding_destroy(&p->current);
    for (size_t i = 0; i < b->n_ports; i++) {
        free(b->ports[i].device);
    }
    free(b->ports);
    free(p->ovsdb);
    free(p->name);
    free(p->core);
    free(p->strays);
    free(p->nowhere);
    free(p);
    free(b);
}
