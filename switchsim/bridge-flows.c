/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/bridge.h"

#include "bitmap.h"
#include "flow.h"
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "switchsim/forwarding.h"

/* What comes in at a device goes to the core (bridge.h), with the tag of its
 * VLAN, at the port's patch or that of what strays; what comes from a port's
 * patch goes out of its device.  What no flow is for is dropped.
 *
 * Open vSwitch takes a frame with an S-tag (0x88a8) for one with a tag, and no
 * flow can tell it from one with 0x8100: it shows the type behind the tag.  A
 * bridge of C-VLANs does not know S-tags; it takes such a frame for untagged.
 *
 * So each frame with some tag is looked at anew with another one in front
 * (TYPE), where the type behind that is the tag's.  If it is an S-tag, the new
 * tag stays, as that of the VLAN of untagged frames.  Else it goes again, and
 * the frame is looked at as it was (TAGGED).  What makes Open vSwitch look anew
 * is that a header, NSH, is put in front and taken away. */
enum { FIRST, TYPE, TAGGED };

/* Priorities: frames that are untagged, frames with an S-tag at some port, at
 * others, the rest. */
#define UNTAGGED 300
#define S_TAG 200
#define DROP 100
#define NORMAL 0

struct flow_maker {
    struct ofpbuf ofpacts;
    const struct sim_bridge_port *port;
    ofp_port_t strays;
    struct flow_list *list;
};

static void
put_vlan(struct flow_maker *m, unsigned int vid)
{
    const union mf_value value = { .be16 = htons(VLAN_CFI | vid) };

    ofpact_put_set_field(&m->ofpacts, mf_from_id(MFF_VLAN_VID), &value, NULL);
}

static void
put_push(struct flow_maker *m)
{
    ofpact_put_PUSH_VLAN(&m->ofpacts)->ethertype
        = htons(ETH_TYPE_VLAN_8021Q);
}

/* What strays is forwarded as if it came in where nothing goes out.  What it
 * teaches the core is then what it would teach a switch, that frames to its
 * sender do not leave: the port is not in the VLAN. */
static void
put_output(struct flow_maker *m, ofp_port_t port)
{
    if (port == OFPP_NONE) {
        ofpbuf_clear(&m->ofpacts);
    } else {
        ofpact_put_OUTPUT(&m->ofpacts)->port = port;
    }
}

/* Goes on in 'table' with the frame as it is now. */
static void
put_look_anew(struct flow_maker *m, uint8_t table)
{
    struct ofpact_encap *encap = ofpact_put_ENCAP(&m->ofpacts);
    struct ofpact_resubmit *resubmit;

    encap->new_pkt_type = htonl(PT_NSH);
    ofpact_finish_ENCAP(&m->ofpacts, &encap);
    ofpact_put_DECAP(&m->ofpacts)->new_pkt_type = htonl(PT_USE_NEXT_PROTO);
    resubmit = ofpact_put_RESUBMIT(&m->ofpacts);
    resubmit->in_port = OFPP_IN_PORT;
    resubmit->table_id = table;
}

/* Matches frames from 'port' (OFPP_NONE: any) of VLANs that have those bits of
 * 'vid' that 'mask' has, or without a tag. */
static void
match_vlans(struct match *match, ofp_port_t port, unsigned int vid,
            unsigned int mask)
{
    match_init_catchall(match);
    if (port != OFPP_NONE) {
        match_set_in_port(match, port);
    }
    match_set_dl_tci_masked(match, htons(VLAN_CFI | vid),
                            htons(VLAN_CFI | mask));
}

static void
match_untagged(struct match *match, ofp_port_t port)
{
    match_vlans(match, port, 0, 0);
    match_set_dl_tci_masked(match, htons(0), htons(VLAN_CFI));
}

static void
add(struct flow_maker *m, uint8_t table, uint16_t priority,
    const struct match *match)
{
    flow_list_add(m->list, table, priority, 0, match, &m->ofpacts);
}

/* From 'in' to 'out' those of the 'n' VLANs from 'first' that are 'vlans', in
 * few flows: one where it is all of them, else those of the two halves. */
static void
make_vlan_flows(struct flow_maker *m, uint8_t table, ofp_port_t in,
                ofp_port_t out, const unsigned long *vlans, size_t first,
                size_t n)
{
    size_t end = first + n;
    struct match match;

    if (bitmap_scan(vlans, true, first, end) == end) {
        return;
    } else if (bitmap_scan(vlans, false, first, end) == end) {
        match_vlans(&match, in, first, VLAN_VID_MASK & ~(n - 1));
        put_output(m, out);
        add(m, table, NORMAL, &match);
    } else {
        make_vlan_flows(m, table, in, out, vlans, first, n / 2);
        make_vlan_flows(m, table, in, out, vlans, first + n / 2, n / 2);
    }
}

/* Frames that a switch takes for untagged: without a tag, with one of VLAN 0,
 * with one that it does not know. */
static void
make_untagged_flows(struct flow_maker *m, const struct forwarding_port *fp)
{
    unsigned int vid = forwarding_untagged(fp);
    ofp_port_t in = m->port->ofport;
    ofp_port_t out = fp->stray_untagged ? m->strays : m->port->patch;
    struct match match;

    if (!vid) {
        return;
    }
    match_untagged(&match, in);
    put_push(m);
    put_vlan(m, vid);
    put_output(m, out);
    add(m, FIRST, UNTAGGED, &match);

    match_vlans(&match, in, 0, VLAN_VID_MASK);
    put_vlan(m, vid);
    put_output(m, out);
    add(m, TAGGED, UNTAGGED, &match);

    match_vlans(&match, in, 0, 0);
    match_set_dl_type(&match, htons(ETH_TYPE_VLAN_8021AD));
    put_vlan(m, vid);
    ofpact_put_SET_VLAN_PCP(&m->ofpacts)->vlan_pcp = 0;
    put_output(m, out);
    add(m, TYPE, S_TAG, &match);
}

static void
make_port_flows(struct flow_maker *m, const struct forwarding_port *fp)
{
    ofp_port_t device = m->port->ofport, patch = m->port->patch;
    struct match match;

    make_untagged_flows(m, fp);
    match_vlans(&match, device, 0, 0);
    put_push(m);
    put_look_anew(m, TYPE);
    add(m, FIRST, NORMAL, &match);
    if (!fp->drop_tagged) {
        make_vlan_flows(m, TAGGED, device, patch, fp->members, 0,
                        FORWARDING_N_VLANS);
        make_vlan_flows(m, TAGGED, device, m->strays, fp->strays, 0,
                        FORWARDING_N_VLANS);
    }

    make_vlan_flows(m, FIRST, patch, device, fp->members, 0,
                    FORWARDING_N_VLANS);
    if (!fp->native_tagged && bitmap_is_set(fp->members, fp->native)) {
        match_vlans(&match, patch, fp->native, VLAN_VID_MASK);
        ofpact_put_STRIP_VLAN(&m->ofpacts);
        put_output(m, device);
        add(m, FIRST, UNTAGGED, &match);
    }
}

void
sim_bridge_make_flows(const struct sim_bridge_port *ports, size_t n,
                      ofp_port_t strays, const struct forwarding *f,
                      struct flow_list *list)
{
    struct flow_maker m = { .strays = strays, .list = list };
    struct match match;

    ofpbuf_init(&m.ofpacts, 256);
    for (size_t i = 0; i < n; i++) {
        const struct forwarding_port *fp = forwarding_find(f, ports[i].number);

        m.port = &ports[i];
        if (fp && m.port->ofport != OFPP_NONE && m.port->patch != OFPP_NONE) {
            make_port_flows(&m, fp);
        }
    }

    match_vlans(&match, OFPP_NONE, 0, 0);
    match_set_dl_type(&match, htons(ETH_TYPE_VLAN_8021AD));
    add(&m, TYPE, DROP, &match);
    match_vlans(&match, OFPP_NONE, 0, 0);
    ofpact_put_STRIP_VLAN(&m.ofpacts);
    put_look_anew(&m, TAGGED);
    add(&m, TYPE, NORMAL, &match);
    ofpbuf_uninit(&m.ofpacts);
}
