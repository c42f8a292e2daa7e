/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/bridge.h"

#include "bitmap.h"
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "switchsim/forwarding.h"

/* Priorities: untagged frames that are dropped, what strays, tagged frames
 * that are dropped, the rest. */
#define DROP 300
#define STRAY 200
#define DROP_TAGGED 100
#define NORMAL 0

static void
push_vlan(struct ofpbuf *ofpacts, unsigned int vid)
{
    struct ofpact_push_vlan *push = ofpact_put_PUSH_VLAN(ofpacts);
    const union mf_value value = { .be16 = htons(VLAN_CFI | vid) };

    push->ethertype = htons(ETH_TYPE_VLAN_8021Q);
    ofpact_put_set_field(ofpacts, mf_from_id(MFF_VLAN_VID), &value, NULL);
}

static bool
sends_untagged(const struct forwarding_port *fp, unsigned int vid)
{
    return fp->native == vid && !fp->native_tagged;
}

/* Sends the frame, which has a tag now if 'tagged', to all members of VLAN
 * 'vid': those first that get it as it is. */
static void
flood(const struct sim_bridge_port *ports, size_t n,
      const struct forwarding *f, unsigned int from, unsigned int vid,
      bool tagged, struct ofpbuf *ofpacts)
{
    for (int pass = 0; pass < 2; pass++) {
        bool changed = false;

        for (size_t i = 0; i < n; i++) {
            const struct forwarding_port *fp = forwarding_find(
                f, ports[i].number);

            if (!fp || ports[i].ofport == OFPP_NONE || fp->number == from
                || !bitmap_is_set(fp->members, vid)
                || sends_untagged(fp, vid) == (tagged == !pass)) {
                continue;
            }
            if (pass && !changed) {
                changed = true;
                if (tagged) {
                    ofpact_put_STRIP_VLAN(ofpacts);
                } else {
                    push_vlan(ofpacts, vid);
                }
            }
            ofpact_put_OUTPUT(ofpacts)->port = ports[i].ofport;
        }
    }
}

static void
make_port_flows(const struct sim_bridge_port *ports, size_t n,
                const struct forwarding *f, const struct sim_bridge_port *port,
                const struct forwarding_port *fp, struct ofpbuf *ofpacts,
                struct flow_list *list)
{
    struct match match;
    size_t vid;

    match_init_catchall(&match);
    match_set_in_port(&match, port->ofport);
    if (fp->drop_untagged || fp->stray_untagged) {
        /* Without a tag, or with one of VLAN 0. */
        match_set_dl_tci_masked(&match, htons(0), htons(VLAN_VID_MASK));
        if (!fp->drop_untagged) {
            flood(ports, n, f, fp->number, fp->stray_untagged, false, ofpacts);
        }
        flow_list_add(list, 0, fp->drop_untagged ? DROP : STRAY, 0, &match,
                      ofpacts);
    }
    if (fp->drop_tagged) {
        match_init_catchall(&match);
        match_set_in_port(&match, port->ofport);
        match_set_dl_tci_masked(&match, htons(VLAN_CFI), htons(VLAN_CFI));
        flow_list_add(list, 0, DROP_TAGGED, 0, &match, ofpacts);
        /* VLAN 0 is none, and not dropped. */
        if (!fp->drop_untagged && !fp->stray_untagged) {
            match_set_dl_tci_masked(&match, htons(VLAN_CFI),
                                    htons(VLAN_CFI | VLAN_VID_MASK));
            ofpact_put_OUTPUT(ofpacts)->port = OFPP_NORMAL;
            flow_list_add(list, 0, STRAY, 0, &match, ofpacts);
        }
    }
    BITMAP_FOR_EACH_1 (vid, FORWARDING_N_VLANS, fp->strays) {
        match_init_catchall(&match);
        match_set_in_port(&match, port->ofport);
        match_set_dl_vlan(&match, htons(vid), 0);
        flood(ports, n, f, fp->number, vid, true, ofpacts);
        flow_list_add(list, 0, STRAY, 0, &match, ofpacts);
    }
}

void
sim_bridge_make_flows(const struct sim_bridge_port *ports, size_t n,
                      const struct forwarding *f, struct flow_list *list)
{
    struct ofpbuf ofpacts;
    struct match match;

    ofpbuf_init(&ofpacts, 256);
    for (size_t i = 0; i < n; i++) {
        const struct forwarding_port *fp = forwarding_find(f, ports[i].number);

        if (fp && ports[i].ofport != OFPP_NONE) {
            make_port_flows(ports, n, f, &ports[i], fp, &ofpacts, list);
        }
    }
    match_init_catchall(&match);
    ofpact_put_OUTPUT(&ofpacts)->port = OFPP_NORMAL;
    flow_list_add(list, 0, NORMAL, 0, &match, &ofpacts);
    ofpbuf_uninit(&ofpacts);
}
