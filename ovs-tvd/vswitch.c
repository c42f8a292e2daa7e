/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/vswitch-private.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include "flow.h"
#include "lib/report.h"
#include "netlink-socket.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-tvd/bridge-plan.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(vswitch);

/* Mark on a port that somebody deleted and we have put back. */
#define RESTORED_MARK "tvd-restored"

/* How long a deleted port stays away before it is put back, in ms: who takes
 * an interface down deletes the port and then the device. */
#define RESTORE_DELAY 200

/* How long to wait before a transaction that failed is tried again, in ms. */
#define RETRY_DELAY 100

const char *
vswitch_datapath_type(void)
{
    int family = 0;             /* 0: not looked up yet. */

    return nl_lookup_genl_family("ovs_datapath", &family) ? "netdev"
                                                          : "system";
}

static void
monitor(struct ovsdb_idl *idl)
{
    struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_auto_attach,
        &ovsrec_bridge_col_controller,
        &ovsrec_bridge_col_datapath_type,
        &ovsrec_bridge_col_external_ids,
        &ovsrec_bridge_col_fail_mode,
        &ovsrec_bridge_col_flood_vlans,
        &ovsrec_bridge_col_flow_tables,
        &ovsrec_bridge_col_ipfix,
        &ovsrec_bridge_col_mcast_snooping_enable,
        &ovsrec_bridge_col_mirrors,
        &ovsrec_bridge_col_netflow,
        &ovsrec_bridge_col_other_config,
        &ovsrec_bridge_col_ports,
        &ovsrec_bridge_col_protocols,
        &ovsrec_bridge_col_rstp_enable,
        &ovsrec_bridge_col_sflow,
        &ovsrec_bridge_col_stp_enable,
        &ovsrec_port_col_name,
        &ovsrec_port_col_cvlans,
        &ovsrec_port_col_external_ids,
        &ovsrec_port_col_interfaces,
        &ovsrec_port_col_tag,
        &ovsrec_port_col_trunks,
        &ovsrec_port_col_vlan_mode,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_error,
        &ovsrec_interface_col_external_ids,
        &ovsrec_interface_col_ifindex,
        &ovsrec_interface_col_ofport,
        &ovsrec_interface_col_type,
    };

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

struct vswitch *
vswitch_create(const char *remote, const char *bridge,
               const char *datapath_type, const struct report_sink *sink)
{
    struct vswitch *vs = xzalloc(sizeof *vs);
    struct ovsdb_idl *idl = ovsdb_idl_create_unconnected(&ovsrec_idl_class,
                                                         false);

    monitor(idl);
    ovsdb_idl_set_write_changed_only_all(idl, true);
    ovsdb_idl_set_remote(idl, remote, true);
    vs->loop = (struct ovsdb_idl_loop) OVSDB_IDL_LOOP_INITIALIZER(idl);
    vs->remote = xstrdup(remote);
    vs->bridge = xstrdup(bridge);
    vs->datapath_type = xstrdup(datapath_type);
    vs->sink = sink;
    shash_init(&vs->ifaces);
    smap_init(&vs->external_ids);
    shash_init(&vs->saved);
    smap_init(&vs->wanted);
    sset_init(&vs->placed);
    replug_init(&vs->replug);
    vs->uplink_port = OFPP_NONE;
    sset_init(&vs->reports);
    return vs;
}

static void
iface_destroy(struct vswitch_iface *iface)
{
    free(iface->name);
    free(iface->iface_id);
    free(iface->attached_mac);
    free(iface->error);
    free(iface);
}

static void
clear_ifaces(struct vswitch *vs)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &vs->ifaces) {
        iface_destroy(node->data);
    }
    shash_clear(&vs->ifaces);
}

static void
saved_port_destroy(struct saved_port *saved)
{
    smap_destroy(&saved->external_ids);
    free(saved->type);
    free(saved);
}

void
vswitch_destroy(struct vswitch *vs)
{
    struct shash_node *node;

    if (!vs) {
        return;
    }
    idl_redial_uninit(&vs->redial);
    ovsdb_idl_loop_destroy(&vs->loop);
    clear_ifaces(vs);
    shash_destroy(&vs->ifaces);
    smap_destroy(&vs->external_ids);
    SHASH_FOR_EACH (node, &vs->saved) {
        saved_port_destroy(node->data);
    }
    shash_destroy(&vs->saved);
    smap_destroy(&vs->wanted);
    sset_destroy(&vs->placed);
    replug_destroy(&vs->replug);
    sset_destroy(&vs->reports);
    free(vs->uplink);
    free(vs->uplink_error);
    free(vs->trunks);
    free(vs->datapath_type);
    free(vs->bridge);
    free(vs->remote);
    free(vs);
}

/* --- reading --- */

const struct ovsrec_bridge *
vswitch_find_bridge(const struct vswitch *vs)
{
    const struct ovsrec_open_vswitch *ovs
        = ovsrec_open_vswitch_first(vs->loop.idl);

    for (size_t i = 0; ovs && i < ovs->n_bridges; i++) {
        if (!strcmp(ovs->bridges[i]->name, vs->bridge)) {
            return ovs->bridges[i];
        }
    }
    return NULL;
}

bool
vswitch_connected(const struct vswitch *vs)
{
    return (ovsdb_idl_has_ever_connected(vs->loop.idl)
            && ovsdb_idl_is_connected(vs->loop.idl)
            && ovsrec_open_vswitch_first(vs->loop.idl));
}

static char *
nullable_id(const struct smap *ids, const char *key)
{
    const char *value = smap_get(ids, key);

    return value ? xstrdup(value) : NULL;
}

ofp_port_t
vswitch_iface_ofport(const struct ovsrec_interface *row)
{
    return (row->n_ofport && row->ofport[0] > 0
            && row->ofport[0] < ofp_to_u16(OFPP_MAX)
            ? u16_to_ofp(row->ofport[0]) : OFPP_NONE);
}

static void
read_iface(struct vswitch *vs, const struct ovsrec_interface *row)
{
    struct vswitch_iface *iface = xzalloc(sizeof *iface);

    iface->name = xstrdup(row->name);
    iface->device = !row->type[0] || !strcmp(row->type, "system");
    iface->ifindex = row->n_ifindex ? row->ifindex[0] : 0;
    iface->iface_id = nullable_id(&row->external_ids, "iface-id");
    iface->attached_mac = nullable_id(&row->external_ids, "attached-mac");
    iface->ofport = vswitch_iface_ofport(row);
    iface->error = row->error && row->error[0] ? xstrdup(row->error) : NULL;
    if (!shash_add_once(&vs->ifaces, iface->name, iface)) {
        iface_destroy(iface);
    }
}

void
vswitch_read_ifaces(struct vswitch *vs, const struct ovsrec_bridge *br)
{
    clear_ifaces(vs);
    vs->uplink_port = OFPP_NONE;
    for (size_t i = 0; br && i < br->n_ports; i++) {
        const struct ovsrec_port *port = br->ports[i];

        /* A bond is nothing an EE could have; it stays mute. */
        if (port->n_interfaces != 1 || !strcmp(port->name, vs->bridge)) {
            continue;
        } else if (vswitch_is_uplink(vs, port)) {
            vswitch_read_uplink(vs, port->interfaces[0]);
        } else {
            read_iface(vs, port->interfaces[0]);
        }
    }
}

const struct ovsrec_port *
vswitch_find_port(const struct ovsrec_bridge *br, const char *name)
{
    for (size_t i = 0; br && i < br->n_ports; i++) {
        if (!strcmp(br->ports[i]->name, name)) {
            return br->ports[i];
        }
    }
    return NULL;
}

static void
save_port(struct saved_port *saved, const struct ovsrec_port *port)
{
    if (port->n_interfaces != 1) {
        return;
    }
    smap_destroy(&saved->external_ids);
    smap_clone(&saved->external_ids, &port->interfaces[0]->external_ids);
    free(saved->type);
    saved->type = xstrdup(port->interfaces[0]->type);
    saved->missing = 0;
}

/* Brings the copies of protected ports up to date.  A copy that is taken over
 * by something else (no iface-id any more) keeps what it had: the engine
 * decides when it stops to protect a port. */
static void
refresh_saved(struct vswitch *vs, const struct ovsrec_bridge *br)
{
    struct shash by_name = SHASH_INITIALIZER(&by_name);
    struct shash_node *node;

    for (size_t i = 0; br && i < br->n_ports; i++) {
        shash_add(&by_name, br->ports[i]->name, br->ports[i]);
    }
    SHASH_FOR_EACH (node, &vs->saved) {
        struct saved_port *saved = node->data;
        const struct ovsrec_port *port = shash_find_data(&by_name, node->name);

        if (port) {
            save_port(saved, port);
        } else if (!saved->missing) {
            saved->missing = vs->now;
        }
    }
    shash_destroy(&by_name);
}

void
vswitch_run(struct vswitch *vs, long long int now)
{
    const struct ovsrec_bridge *br;
    unsigned int seqno;

    vs->now = now;
    idl_redial(&vs->redial, vs->loop.idl, vs->remote, now);
    ovsdb_idl_loop_run(&vs->loop);
    if (!vswitch_connected(vs)) {
        vs->ready = false;
        return;
    }
    seqno = ovsdb_idl_get_seqno(vs->loop.idl);
    if (seqno == vs->seqno) {
        return;
    }
    vs->seqno = seqno;
    vs->generation++;
    vs->check = true;
    br = vswitch_find_bridge(vs);
    vswitch_read_ifaces(vs, br);
    refresh_saved(vs, br);
    smap_destroy(&vs->external_ids);
    smap_clone(&vs->external_ids,
               &ovsrec_open_vswitch_first(vs->loop.idl)->external_ids);
}

/* --- writing --- */

void OVS_PRINTF_FORMAT(2, 3)
vswitch_note_repair(struct vswitch *vs, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sset_add_and_free(&vs->reports, xvasprintf(format, args));
    va_end(args);
}

static void
read_bridge_state(const struct ovsrec_bridge *br, struct bridge_state *s)
{
    *s = (struct bridge_state) {
        .datapath_type = br->datapath_type,
        .fail_mode = br->fail_mode,
        .protocols = br->protocols,
        .n_protocols = br->n_protocols,
        .n_controllers = br->n_controller,
        .n_mirrors = br->n_mirrors,
        .n_flow_tables = br->n_flow_tables,
        .n_flood_vlans = br->n_flood_vlans,
        .netflow = br->netflow != NULL,
        .sflow = br->sflow != NULL,
        .ipfix = br->ipfix != NULL,
        .auto_attach = br->auto_attach != NULL,
        .stp = br->stp_enable,
        .rstp = br->rstp_enable,
        .mcast_snooping = br->mcast_snooping_enable,
        .in_band = !smap_get_bool(&br->other_config, "disable-in-band",
                                  false),
        .unmarked = !smap_get_bool(&br->external_ids, BRIDGE_MARK, false),
    };
}

static void
remove_references(const struct ovsrec_bridge *br, unsigned int fixes)
{
    if (fixes & BRIDGE_FIX_CONTROLLERS) {
        ovsrec_bridge_set_controller(br, NULL, 0);
    }
    if (fixes & BRIDGE_FIX_MIRRORS) {
        ovsrec_bridge_set_mirrors(br, NULL, 0);
    }
    if (fixes & BRIDGE_FIX_FLOW_TABLES) {
        ovsrec_bridge_set_flow_tables(br, NULL, NULL, 0);
    }
    if (fixes & BRIDGE_FIX_FLOOD_VLANS) {
        ovsrec_bridge_set_flood_vlans(br, NULL, 0);
    }
    if (fixes & BRIDGE_FIX_NETFLOW) {
        ovsrec_bridge_set_netflow(br, NULL);
    }
    if (fixes & BRIDGE_FIX_SFLOW) {
        ovsrec_bridge_set_sflow(br, NULL);
    }
    if (fixes & BRIDGE_FIX_IPFIX) {
        ovsrec_bridge_set_ipfix(br, NULL);
    }
    if (fixes & BRIDGE_FIX_AUTO_ATTACH) {
        ovsrec_bridge_set_auto_attach(br, NULL);
    }
}

static void
set_settings(const struct vswitch *vs, const struct ovsrec_bridge *br,
             unsigned int fixes)
{
    if (fixes & BRIDGE_FIX_DATAPATH_TYPE) {
        ovsrec_bridge_set_datapath_type(br, vs->datapath_type);
    }
    if (fixes & BRIDGE_FIX_FAIL_MODE) {
        ovsrec_bridge_set_fail_mode(br, "secure");
    }
    if (fixes & BRIDGE_FIX_PROTOCOLS) {
        const char *protocols[BRIDGE_N_PROTOCOLS];

        memcpy(protocols, bridge_protocols, sizeof protocols);
        ovsrec_bridge_set_protocols(br, protocols, BRIDGE_N_PROTOCOLS);
    }
    if (fixes & BRIDGE_FIX_STP) {
        ovsrec_bridge_set_stp_enable(br, false);
    }
    if (fixes & BRIDGE_FIX_RSTP) {
        ovsrec_bridge_set_rstp_enable(br, false);
    }
    if (fixes & BRIDGE_FIX_MCAST_SNOOPING) {
        ovsrec_bridge_set_mcast_snooping_enable(br, false);
    }
    if (fixes & BRIDGE_FIX_IN_BAND) {
        ovsrec_bridge_update_other_config_setkey(br, "disable-in-band",
                                                 "true");
    }
    if (fixes & BRIDGE_FIX_MARK) {
        ovsrec_bridge_update_external_ids_setkey(br, BRIDGE_MARK, "true");
    }
}

/* Repairs the bridge's settings.  Returns true if they are right. */
static bool
fix_bridge(struct vswitch *vs, const struct ovsrec_bridge *br, bool writable)
{
    struct bridge_state state;
    unsigned int fixes;
    char *text;

    read_bridge_state(br, &state);
    fixes = bridge_plan(&state, vs->datapath_type);
    if (!fixes) {
        return true;
    }
    if (writable) {
        remove_references(br, fixes);
        set_settings(vs, br, fixes);
        text = bridge_plan_format(fixes);
        vswitch_note_repair(vs, "bridge %s: %s", vs->bridge, text);
        free(text);
    }
    return false;
}

struct ovsrec_port *
vswitch_make_port(struct ovsdb_idl_txn *txn, const char *name,
                  const char *type, const struct smap *ids)
{
    struct ovsrec_interface *iface = ovsrec_interface_insert(txn);
    struct ovsrec_port *port = ovsrec_port_insert(txn);

    ovsrec_interface_set_name(iface, name);
    ovsrec_interface_set_type(iface, type);
    ovsrec_interface_set_external_ids(iface, ids);
    ovsrec_port_set_name(port, name);
    ovsrec_port_set_interfaces(port, &iface, 1);
    return port;
}

/* Makes the bridge, whole and secure, in the transaction under way. */
static void
create_bridge(struct vswitch *vs)
{
    struct ovsdb_idl_txn *txn = vs->loop.open_txn;
    struct ovsrec_bridge *br = ovsrec_bridge_insert(txn);
    const struct smap none = SMAP_INITIALIZER(&none);
    struct ovsrec_port *port = vswitch_make_port(txn, vs->bridge, "internal",
                                                 &none);
    const char *protocols[BRIDGE_N_PROTOCOLS];
    struct smap map = SMAP_INITIALIZER(&map);

    memcpy(protocols, bridge_protocols, sizeof protocols);
    ovsrec_bridge_set_name(br, vs->bridge);
    ovsrec_bridge_set_datapath_type(br, vs->datapath_type);
    ovsrec_bridge_set_fail_mode(br, "secure");
    ovsrec_bridge_set_protocols(br, protocols, BRIDGE_N_PROTOCOLS);
    ovsrec_bridge_set_ports(br, &port, 1);
    smap_add(&map, "disable-in-band", "true");
    ovsrec_bridge_set_other_config(br, &map);
    smap_clear(&map);
    smap_add(&map, BRIDGE_MARK, "true");
    ovsrec_bridge_set_external_ids(br, &map);
    smap_destroy(&map);
    ovsrec_open_vswitch_update_bridges_addvalue(
        ovsrec_open_vswitch_first(vs->loop.idl), br);
    if (vs->had_bridge) {
        vswitch_note_repair(vs, "bridge %s: was deleted, made again",
                            vs->bridge);
    } else {
        report(vs->sink, REPORT_INFO, "bridge", "bridge %s made", vs->bridge);
    }
}

static void
fix_port_vlans(struct vswitch *vs, const struct ovsrec_port *port)
{
    const struct port_state state = {
        .tag = port->n_tag > 0,
        .trunks = port->n_trunks > 0,
        .vlan_mode = port->vlan_mode != NULL,
        .cvlans = port->n_cvlans > 0,
    };

    if (port_needs_fix(&state)) {
        ovsrec_port_set_tag(port, NULL, 0);
        ovsrec_port_set_trunks(port, NULL, 0);
        ovsrec_port_set_vlan_mode(port, NULL);
        ovsrec_port_set_cvlans(port, NULL, 0);
        vswitch_note_repair(vs, "port %s: removed VLAN settings", port->name);
    }
}

/* True if an interface of that name is anywhere in the database; names are
 * unique, so it could not be added. */
bool
vswitch_name_is_taken(const struct vswitch *vs, const char *name)
{
    const struct ovsrec_interface *row;

    OVSREC_INTERFACE_FOR_EACH (row, vs->loop.idl) {
        if (!strcmp(row->name, name)) {
            return true;
        }
    }
    return false;
}

static void
restore_port(struct vswitch *vs, const struct ovsrec_bridge *br,
             const char *name, const struct saved_port *saved)
{
    struct smap ids;

    smap_clone(&ids, &saved->external_ids);
    smap_replace(&ids, RESTORED_MARK, "true");
    ovsrec_bridge_update_ports_addvalue(
        br, vswitch_make_port(vs->loop.open_txn, name, saved->type, &ids));
    smap_destroy(&ids);
    vswitch_note_repair(vs, "port %s: was deleted while its device is there, "
                "put back", name);
}

/* Whether port 'name' has to stay out for a while. */
bool
vswitch_must_stay_out(struct vswitch *vs, const char *name)
{
    long long int until = replug_out_until(&vs->replug, name);

    if (vs->now >= until) {
        return false;
    }
    poll_timer_wait_until(until);
    vs->check = true;
    return true;
}

/* Puts deleted ports back whose device is there, forgets those whose device
 * went too. */
static void
restore_ports(struct vswitch *vs, const struct ovsrec_bridge *br)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &vs->saved) {
        struct saved_port *saved = node->data;

        if (!saved->missing) {
            continue;
        }
        if (vs->now < saved->missing + RESTORE_DELAY) {
            poll_timer_wait_until(saved->missing + RESTORE_DELAY);
            vs->check = true;
        } else if (vswitch_must_stay_out(vs, node->name)) {
            continue;
        } else if (vswitch_name_is_taken(vs, node->name)
                   || !if_nametoindex(node->name)) {
            saved_port_destroy(saved);
            shash_delete(&vs->saved, node);
        } else {
            restore_port(vs, br, node->name, saved);
        }
    }
}

/* Removes a port that we have put back and whose device has gone since. */
static bool
is_stale_restored(const struct ovsrec_port *port)
{
    const struct ovsrec_interface *iface;

    if (port->n_interfaces != 1) {
        return false;
    }
    iface = port->interfaces[0];
    return (smap_get_bool(&iface->external_ids, RESTORED_MARK, false)
            && vswitch_iface_ofport(iface) == OFPP_NONE
            && !if_nametoindex(port->name));
}

static bool
is_unwanted(const struct vswitch *vs, const struct ovsrec_port *port)
{
    if (vswitch_is_marked_uplink(port)) {
        return vs->uplink_known && !vswitch_is_uplink(vs, port);
    }
    return (!vswitch_is_uplink(vs, port) && vs->wanted_known
            && port->n_interfaces == 1
            && smap_get_bool(&port->interfaces[0]->external_ids,
                             BRIDGE_MARK, false)
            && !smap_get(&vs->wanted, port->name));
}

/* A port that is kept by us, and has to be taken out to be put in again. */
static bool
lost_device(struct vswitch *vs, const struct ovsrec_port *port)
{
    const struct ovsrec_interface *iface;

    if (port->n_interfaces != 1 || strcmp(vs->datapath_type, "netdev")
        || !(shash_find(&vs->saved, port->name) || vswitch_is_uplink(vs, port)
             || smap_get(&vs->wanted, port->name))) {
        return false;
    }
    iface = port->interfaces[0];
    return replug_check(&vs->replug, port->name, &iface->header_.uuid,
                        iface->n_ifindex ? iface->ifindex[0] : 0, vs->now);
}

static void
fix_ports(struct vswitch *vs, const struct ovsrec_bridge *br)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        const struct ovsrec_port *port = br->ports[i];

        if (is_unwanted(vs, port) || is_stale_restored(port)) {
            ovsrec_bridge_update_ports_delvalue(br, port);
        } else if (lost_device(vs, port)) {
            ovsrec_bridge_update_ports_delvalue(br, port);
            vswitch_note_repair(vs, "port %s: its device was made anew, taken "
                                "out to be plugged in again", port->name);
        } else if (shash_find(&vs->saved, port->name)
                   || smap_get(&vs->wanted, port->name)) {
            fix_port_vlans(vs, port);
        }
    }
}

static void
add_wanted(struct vswitch *vs, const struct ovsrec_bridge *br,
           const char *name, const char *iface_id)
{
    struct smap ids = SMAP_INITIALIZER(&ids);

    smap_add(&ids, "iface-id", iface_id);
    smap_add(&ids, BRIDGE_MARK, "true");
    ovsrec_bridge_update_ports_addvalue(
        br, vswitch_make_port(vs->loop.open_txn, name, "", &ids));
    smap_destroy(&ids);
}

/* Sees to it that our ports are there and say what they are. */
static void
fix_wanted(struct vswitch *vs, const struct ovsrec_bridge *br)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, &vs->wanted) {
        const struct ovsrec_port *port = vswitch_find_port(br, node->key);
        const struct ovsrec_interface *iface
            = port && port->n_interfaces == 1 ? port->interfaces[0] : NULL;

        if (!port) {
            if (!vswitch_must_stay_out(vs, node->key)
                && !vswitch_name_is_taken(vs, node->key)) {
                add_wanted(vs, br, node->key, node->value);
                if (sset_contains(&vs->placed, node->key)
                    && !replug_out_until(&vs->replug, node->key)) {
                    vswitch_note_repair(vs, "port %s of a gateway: was "
                                        "deleted, put back", node->key);
                }
            }
            continue;
        }
        sset_add(&vs->placed, node->key);
        if (iface
                   && (strcmp(smap_get_def(&iface->external_ids, "iface-id",
                                           ""), node->value)
                       || !smap_get_bool(&iface->external_ids, BRIDGE_MARK,
                                         false))) {
            ovsrec_interface_update_external_ids_setkey(iface, "iface-id",
                                                        node->value);
            ovsrec_interface_update_external_ids_setkey(iface, BRIDGE_MARK,
                                                        "true");
            vswitch_note_repair(vs, "port %s: external_ids corrected",
                                node->key);
        }
    }
}

/* Compares and writes what differs into the open transaction, if any. */
static void
compare(struct vswitch *vs)
{
    const struct ovsrec_bridge *br;
    bool writable = vs->loop.open_txn && vs->now >= vs->retry_at;

    if (!vs->check || !vswitch_connected(vs)) {
        return;
    }
    br = vswitch_find_bridge(vs);
    vs->had_bridge |= br != NULL;
    vs->ready = br && fix_bridge(vs, br, writable);
    if (!writable) {
        return;
    }
    vs->check = false;
    if (!br) {
        create_bridge(vs);
        return;
    }
    fix_ports(vs, br);
    vswitch_fix_uplink(vs, br);
    fix_wanted(vs, br);
    restore_ports(vs, br);
}

static void
publish_reports(struct vswitch *vs)
{
    const char *text;

    SSET_FOR_EACH (text, &vs->reports) {
        report(vs->sink, REPORT_WARNING, "drift", "%s", text);
    }
    sset_clear(&vs->reports);
}

void
vswitch_commit_and_wait(struct vswitch *vs)
{
    int status;

    compare(vs);
    status = ovsdb_idl_loop_commit_and_wait(&vs->loop);
    if (status > 0) {
        publish_reports(vs);
    } else if (!status) {
        sset_clear(&vs->reports);
        vs->retry_at = vs->now + RETRY_DELAY;
        vs->check = true;
        vs->loop.skip_seqno = 0;
    }
    if (vs->check && vs->now < vs->retry_at) {
        poll_timer_wait_until(vs->retry_at);
    }
}

/* --- what the engine asks --- */

bool
vswitch_is_ready(const struct vswitch *vs)
{
    return vs->ready;
}

uint64_t
vswitch_generation(const struct vswitch *vs)
{
    return vs->generation;
}

const struct shash *
vswitch_ifaces(const struct vswitch *vs)
{
    return &vs->ifaces;
}

const char *
vswitch_external_id(const struct vswitch *vs, const char *key)
{
    return smap_get_def(&vs->external_ids, key, "");
}

void
vswitch_want_ports(struct vswitch *vs, const struct smap *ports)
{
    const char *name;

    if (vs->wanted_known && smap_equal(&vs->wanted, ports)) {
        return;
    }
    SSET_FOR_EACH_SAFE (name, &vs->placed) {
        if (!smap_get(ports, name)) {
            replug_forget(&vs->replug, name);
            sset_find_and_delete(&vs->placed, name);
        }
    }
    smap_destroy(&vs->wanted);
    smap_clone(&vs->wanted, ports);
    vs->wanted_known = true;
    vs->check = true;
    poll_immediate_wake();
}

void
vswitch_protect(struct vswitch *vs, const char *name)
{
    const struct ovsrec_bridge *br = vswitch_find_bridge(vs);
    const struct ovsrec_port *port = vswitch_find_port(br, name);
    struct saved_port *saved;

    if (!port || shash_find(&vs->saved, name)) {
        return;
    }
    saved = xzalloc(sizeof *saved);
    smap_init(&saved->external_ids);
    saved->type = xstrdup("");
    save_port(saved, port);
    shash_add(&vs->saved, name, saved);
    vs->check = true;
}

void
vswitch_unprotect(struct vswitch *vs, const char *name)
{
    struct saved_port *saved = shash_find_and_delete(&vs->saved, name);

    if (saved) {
        saved_port_destroy(saved);
        replug_forget(&vs->replug, name);
    }
}
