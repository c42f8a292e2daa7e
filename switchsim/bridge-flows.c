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

/* Open vSwitch takes a frame with an S-tag (0x88a8) for one with a tag, and no
 * flow can tell it from one with 0x8100: it shows the type behind the tag.  A
 * bridge of C-VLANs does not know S-tags; it takes such a frame for untagged.
 *
 * So each frame with some tag is looked at anew with another one in front
 * (TYPE), where the type behind that is the tag's.  If it is an S-tag, the new
 * tag stays, as that of the VLAN of untagged frames.  Else it goes again, and
 * the frame is looked at as it was (TAGGED).  What makes Open vSwitch look anew
 * is that a header, NSH, is put in front and taken away. */
enum { FIRST, TYPE, TAGGED };

/* Priorities: what is dropped, frames of VLAN 0, what strays, tagged frames
 * that are dropped, the rest. */
#define DROP 300
#define PRIORITY 250
#define STRAY 200
#define DROP_TAGGED 100
#define NORMAL 0

struct flow_maker {
    struct ofpbuf ofpacts;
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

static void
put_normal(struct flow_maker *m)
{
    ofpact_put_OUTPUT(&m->ofpacts)->port = OFPP_NORMAL;
}

/* The frame strays: it is forwarded as if it came in where nothing goes out.
 * What it teaches the bridge is then what it would teach a switch, that frames
 * to its sender do not leave: the port is not in the VLAN. */
static void
put_stray(struct flow_maker *m)
{
    const union mf_value value = { .be16 = htons(ofp_to_u16(m->strays)) };

    if (m->strays == OFPP_NONE) {
        ofpbuf_clear(&m->ofpacts);
        return;
    }
    ofpact_put_set_field(&m->ofpacts, mf_from_id(MFF_IN_PORT), &value, NULL);
    put_normal(m);
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

/* Matches frames from 'port' (NULL: any) with a tag, or without. */
static void
match_frames(struct match *match, const struct sim_bridge_port *port,
             bool tagged)
{
    match_init_catchall(match);
    if (port) {
        match_set_in_port(match, port->ofport);
    }
    match_set_dl_tci_masked(match, htons(tagged ? VLAN_CFI : 0),
                            htons(VLAN_CFI));
}

static void
add(struct flow_maker *m, uint8_t table, uint16_t priority,
    const struct match *match)
{
    flow_list_add(m->list, table, priority, 0, match, &m->ofpacts);
}

/* Frames that a switch takes for untagged: without a tag, with one of VLAN 0,
 * with one that it does not know. */
static void
make_untagged_flows(struct flow_maker *m, const struct sim_bridge_port *port,
                    const struct forwarding_port *fp)
{
    unsigned int vid = fp->drop_untagged ? 0 : fp->stray_untagged;
    struct match match;

    if (fp->drop_untagged || vid) {
        match_frames(&match, port, false);
        if (vid) {
            put_push(m);
            put_vlan(m, vid);
            put_stray(m);
        }
        add(m, FIRST, vid ? STRAY : DROP, &match);
    }

    match_frames(&match, port, true);
    match_set_dl_tci_masked(&match, htons(VLAN_CFI),
                            htons(VLAN_CFI | VLAN_VID_MASK));
    if (vid) {
        put_vlan(m, vid);
        put_stray(m);
    } else if (!fp->drop_untagged) {
        put_normal(m);
    }
    add(m, TAGGED, PRIORITY, &match);

    if (!fp->drop_untagged && (vid || fp->native)) {
        match_frames(&match, port, true);
        match_set_dl_type(&match, htons(ETH_TYPE_VLAN_8021AD));
        put_vlan(m, vid ? vid : fp->native);
        ofpact_put_SET_VLAN_PCP(&m->ofpacts)->vlan_pcp = 0;
        if (vid) {
            put_stray(m);
        } else {
            put_normal(m);
        }
        add(m, TYPE, STRAY, &match);
    }
}

static void
make_port_flows(struct flow_maker *m, const struct sim_bridge_port *port,
                const struct forwarding_port *fp)
{
    struct match match;
    size_t vid;

    make_untagged_flows(m, port, fp);
    if (fp->drop_tagged) {
        match_frames(&match, port, true);
        add(m, TAGGED, DROP_TAGGED, &match);
    }
    BITMAP_FOR_EACH_1 (vid, FORWARDING_N_VLANS, fp->strays) {
        match_init_catchall(&match);
        match_set_in_port(&match, port->ofport);
        match_set_dl_vlan(&match, htons(vid), 0);
        put_stray(m);
        add(m, TAGGED, STRAY, &match);
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

        if (fp && ports[i].ofport != OFPP_NONE) {
            make_port_flows(&m, &ports[i], fp);
        }
    }

    match_frames(&match, NULL, true);
    put_push(&m);
    put_look_anew(&m, TYPE);
    add(&m, FIRST, NORMAL, &match);
    match_frames(&match, NULL, false);
    put_normal(&m);
    add(&m, FIRST, NORMAL, &match);

    match_frames(&match, NULL, true);
    match_set_dl_type(&match, htons(ETH_TYPE_VLAN_8021AD));
    add(&m, TYPE, DROP_TAGGED, &match);
    match_frames(&match, NULL, true);
    ofpact_put_STRIP_VLAN(&m.ofpacts);
    put_look_anew(&m, TAGGED);
    add(&m, TYPE, NORMAL, &match);

    match_frames(&match, NULL, true);
    put_normal(&m);
    add(&m, TAGGED, NORMAL, &match);
    ofpbuf_uninit(&m.ofpacts);
}
