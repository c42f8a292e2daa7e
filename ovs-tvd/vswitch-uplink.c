/* SPDX-License-Identifier: Apache-2.0
 *
 * The port of our bridge that leads to the fabric. */

#include <config.h>
#include "ovs-tvd/vswitch-private.h"

#include <stdlib.h>
#include "flow.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/poll-loop.h"
#include "ovs-tvd/bridge-plan.h"
#include "ovs-tvd/uplink-plan.h"
#include "smap.h"
#include "util.h"

/* --- reading --- */

bool
vswitch_is_marked_uplink(const struct ovsrec_port *port)
{
    return (port->n_interfaces == 1
            && smap_get_bool(&port->interfaces[0]->external_ids, BRIDGE_MARK,
                             false)
            && smap_get_bool(&port->interfaces[0]->external_ids, UPLINK_MARK,
                             false));
}

bool
vswitch_is_uplink(const struct vswitch *vs, const struct ovsrec_port *port)
{
    return (!vs->uplink_known ? vswitch_is_marked_uplink(port)
            : vs->uplink && !strcmp(port->name, vs->uplink));
}

void
vswitch_read_uplink(struct vswitch *vs, const struct ovsrec_interface *row)
{
    vs->uplink_port = vswitch_iface_ofport(row);
    vs->uplink_ifindex = row->n_ifindex ? row->ifindex[0] : 0;
    vs->uplink_placed = true;
    free(vs->uplink_error);
    vs->uplink_error = row->error && row->error[0] ? xstrdup(row->error)
                                                   : NULL;
}

/* --- writing --- */

static void
add_uplink(struct vswitch *vs, const struct ovsrec_bridge *br)
{
    struct smap ids = SMAP_INITIALIZER(&ids);
    struct ovsrec_port *port;
    int64_t none = UPLINK_NO_VLAN;

    smap_add(&ids, BRIDGE_MARK, "true");
    smap_add(&ids, UPLINK_MARK, "true");
    port = vswitch_make_port(vs->loop.open_txn, vs->uplink, "", &ids);
    smap_destroy(&ids);
    ovsrec_port_set_vlan_mode(port, "trunk");
    ovsrec_port_set_trunks(port, vs->trunks ? vs->trunks : &none,
                           vs->trunks ? vs->n_trunks : 1);
    ovsrec_bridge_update_ports_addvalue(br, port);
    if (vs->uplink_placed && !replug_out_until(&vs->replug, vs->uplink)) {
        vswitch_note_repair(vs, "port %s to the fabric: was deleted, put back",
                    vs->uplink);
    }
}

static unsigned int
plan_uplink(const struct vswitch *vs, const struct ovsrec_port *port)
{
    const struct uplink_state state = {
        .trunks = port->trunks,
        .n_trunks = port->n_trunks,
        .vlan_mode = port->vlan_mode,
        .tag = port->n_tag > 0,
        .cvlans = port->n_cvlans > 0,
        .marked = vswitch_is_marked_uplink(port),
    };

    return uplink_plan(&state, vs->trunks, vs->n_trunks);
}

/* Puts the settings of the uplink's port right.  A port that an administrator
 * has put there becomes ours. */
static void
fix_uplink_port(struct vswitch *vs, const struct ovsrec_port *port)
{
    unsigned int fixes = plan_uplink(vs, port);

    if (fixes & UPLINK_FIX_MARK) {
        const struct ovsrec_interface *iface = port->interfaces[0];

        ovsrec_interface_update_external_ids_setkey(iface, BRIDGE_MARK,
                                                    "true");
        ovsrec_interface_update_external_ids_setkey(iface, UPLINK_MARK,
                                                    "true");
    }
    if (fixes & UPLINK_FIX_MODE) {
        ovsrec_port_set_vlan_mode(port, "trunk");
        ovsrec_port_set_tag(port, NULL, 0);
        ovsrec_port_set_cvlans(port, NULL, 0);
    }
    if (fixes & UPLINK_FIX_TRUNKS) {
        ovsrec_port_set_trunks(port, vs->trunks, vs->n_trunks);
    }
    if (fixes && !vs->trunks_news) {
        vswitch_note_repair(vs, "port %s to the fabric: VLAN settings put "
                            "right", port->name);
    }
    vs->trunks_news = false;
}

void
vswitch_fix_uplink(struct vswitch *vs, const struct ovsrec_bridge *br)
{
    const struct ovsrec_port *port;

    if (!vs->uplink) {
        return;
    }
    port = vswitch_find_port(br, vs->uplink);
    if (port && port->n_interfaces == 1) {
        fix_uplink_port(vs, port);
    } else if (!port && !vswitch_must_stay_out(vs, vs->uplink)) {
        if (vswitch_name_is_taken(vs, vs->uplink)) {
            free(vs->uplink_error);
            vs->uplink_error = xasprintf("device %s is on another bridge",
                                         vs->uplink);
        } else {
            add_uplink(vs, br);
        }
    }
}

/* --- what the engine asks --- */

void
vswitch_set_uplink(struct vswitch *vs, const char *device)
{
    if (device && !device[0]) {
        device = NULL;
    }
    if (vs->uplink_known && nullable_string_is_equal(vs->uplink, device)) {
        return;
    }
    if (vs->uplink) {
        replug_forget(&vs->replug, vs->uplink);
        free(vs->uplink);
    }
    free(vs->uplink_error);
    vs->uplink_error = NULL;
    vs->uplink = nullable_xstrdup(device);
    vs->uplink_placed = false;
    vs->trunks_news = true;
    vs->uplink_known = true;
    if (vswitch_connected(vs)) {
        vswitch_read_ifaces(vs, vswitch_find_bridge(vs));
        vs->generation++;
    }
    vs->check = true;
    poll_immediate_wake();
}

ofp_port_t
vswitch_uplink_port(const struct vswitch *vs)
{
    return vs->uplink_port;
}

unsigned int
vswitch_uplink_device(const struct vswitch *vs, const char **name)
{
    *name = vs->uplink;
    return vs->uplink && vs->uplink_port != OFPP_NONE ? vs->uplink_ifindex : 0;
}

const char *
vswitch_uplink_error(const struct vswitch *vs)
{
    return vs->uplink_error;
}

void
vswitch_set_vlans(struct vswitch *vs, const unsigned long *vlans)
{
    free(vs->trunks);
    vs->trunks = uplink_trunks(vlans, &vs->n_trunks);
    vs->trunks_news = true;
    vs->check = true;
    poll_immediate_wake();
}
