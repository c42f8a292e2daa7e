/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's part that has to do with other hosts: the uplink, the VLANs
 * carried there, EEs that arrive, and foreign tags. */

#include <config.h>
#include "agent/engine-private.h"

#include <inttypes.h>
#include "bitmap.h"
#include "flow.h"
#include "lib/model.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-tvd/ofctl.h"
#include "ovs-tvd/pipeline.h"
#include "ovs-tvd/uplink-plan.h"
#include "ovs-tvd/vswitch.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(engine_fabric);

#define N_VLANS 4096
/* VLANs in which one EE is announced at most: its own, and those in which it
 * meets others. */
#define MAX_ANNOUNCED 16

/* How long to wait for flows before an EE is announced, in ms: while they are
 * being installed, and while there is nobody to install them. */
#define PUT_OFF 10
#define PUT_OFF_LONG 500

/* A NIC whose interface is watched because it may arrive there. */
struct watched_nic {
    struct hmap_node node;      /* In struct engine's 'watched', by NIC id. */
    uint32_t nic_id;
    bool seen;
};

static struct watched_nic *
find_watched(const struct engine *e, uint32_t nic_id)
{
    struct watched_nic *w;

    HMAP_FOR_EACH_WITH_HASH (w, node, nic_id, &e->watched) {
        if (w->nic_id == nic_id) {
            return w;
        }
    }
    return NULL;
}

static void
forget_watched(struct engine *e, struct watched_nic *w)
{
    pipeline_watch_arrival(e->pipeline, w->nic_id, OFPP_NONE);
    hmap_remove(&e->watched, &w->node);
    free(w);
}

/* A frame with a tag that this host may not carry. */
static void
foreign_tag(struct engine *e, const uint8_t *frame, size_t len)
{
    long long int now = time_msec();
    struct eth_addr src;
    uint16_t vlan;

    if (fabric_looks(&e->fabric, now)
        && fabric_parse_tag(frame, len, &vlan, &src)) {
        report(&e->sink, REPORT_WARNING, "foreign-tag",
               "dropped a frame of VLAN %"PRIu16" from "ETH_ADDR_FMT" at the "
               "uplink: this host may not carry that VLAN", vlan,
               ETH_ADDR_ARGS(src));
        fabric_seen_tag(&e->fabric, now);
        pipeline_watch_foreign_tags(e->pipeline, false);
        e->pipeline_dirty = true;
    }
}

static void
arrived(struct engine *e, uint32_t nic_id)
{
    struct watched_nic *w = find_watched(e, nic_id);

    if (w) {
        VLOG_INFO("NIC with id %"PRIu32" has arrived", nic_id);
        bindings_arrived(&e->bindings, nic_id);
        forget_watched(e, w);
        e->pipeline_dirty = true;
    }
}

static void
take_packet(void *e_, uint64_t cookie, const uint8_t *packet, size_t len)
{
    enum pipeline_cookie_kind kind;
    struct engine *e = e_;
    uint64_t id;

    if (!pipeline_cookie_parse(cookie, &kind, &id)) {
        return;
    }
    if (kind == PIPELINE_COOKIE_DROP && id == DROP_FOREIGN_TAG) {
        foreign_tag(e, packet, len);
    } else if (kind == PIPELINE_COOKIE_NIC) {
        arrived(e, id);
    }
}

void
engine_fabric_init(struct engine *e)
{
    fabric_init(&e->fabric);
    hmap_init(&e->watched);
    ofctl_set_packet_cb(e->oc, take_packet, e);
}

void
engine_fabric_destroy(struct engine *e)
{
    struct watched_nic *w;

    fabric_destroy(&e->fabric);
    HMAP_FOR_EACH_POP (w, node, &e->watched) {
        free(w);
    }
    hmap_destroy(&e->watched);
}

void
engine_fabric_watch(struct engine *e)
{
    struct shash_node *node;
    struct watched_nic *w;

    HMAP_FOR_EACH (w, node, &e->watched) {
        w->seen = false;
    }
    SHASH_FOR_EACH (node, &e->bindings.by_iface) {
        const struct binding *b = node->data;

        if (b->moves_here && !b->arrived && b->ofport != OFPP_NONE) {
            w = find_watched(e, b->nic_id);
            if (!w) {
                w = xzalloc(sizeof *w);
                w->nic_id = b->nic_id;
                hmap_insert(&e->watched, &w->node, w->nic_id);
            }
            w->seen = true;
            pipeline_watch_arrival(e->pipeline, b->nic_id, b->ofport);
        }
    }
    HMAP_FOR_EACH_SAFE (w, node, &e->watched) {
        if (!w->seen) {
            forget_watched(e, w);
        }
    }
}

/* Which port leads to the fabric. */
static void
follow_uplink(struct engine *e)
{
    const char *uplink = e->config.uplink;
    ofp_port_t port;

    if (!e->host || !vswitch_generation(e->vs)) {
        return;
    }
    if (!uplink) {
        uplink = vswitch_external_id(e->vs, UPLINK_KEY);
    }
    vswitch_set_uplink(e->vs, uplink);
    port = vswitch_uplink_port(e->vs);
    if (port != e->uplink_port) {
        VLOG_INFO("the port to the fabric is %"PRIu32, ofp_to_u16(port));
        e->uplink_port = port;
        e->pipeline_dirty = true;
    }
    pipeline_set_fabric(e->pipeline, e->host, port);
}

void
engine_fabric_run(struct engine *e, long long int now)
{
    follow_uplink(e);
    if (fabric_looks(&e->fabric, now) != e->tags_watched) {
        e->tags_watched = !e->tags_watched;
        pipeline_watch_foreign_tags(e->pipeline, e->tags_watched);
        e->pipeline_dirty = true;
    }
}

void
engine_fabric_publish_vlans(struct engine *e)
{
    uint64_t generation = pipeline_vlans_generation(e->pipeline);
    unsigned long *vlans;

    if (e->vlans_published && generation == e->vlans_generation) {
        return;
    }
    e->vlans_published = true;
    e->vlans_generation = generation;
    vlans = bitmap_allocate(N_VLANS);
    pipeline_get_vlans(e->pipeline, vlans);
    vswitch_set_vlans(e->vs, vlans);
    bitmap_free(vlans);
}

static void
announce_all(struct engine *e, long long int now)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &e->bindings.by_iface) {
        const struct binding *b = node->data;

        fabric_announce_once(&e->fabric, b->nic_id, now);
    }
}

/* The VLANs of a few TVDs, for as long as nothing changes: they are the same for
 * all NICs of one, and take a look at all NICs that those meet. */
#define N_CACHED 16
struct vlan_cache {
    struct {
        const struct model_tvd *tvd;
        uint16_t vlans[MAX_ANNOUNCED];
        size_t n;
    } tvds[N_CACHED];
    size_t next;
};

static size_t
find_vlans(const struct engine *e, const struct model *m,
           const struct model_nic *nic, struct vlan_cache *cache,
           const uint16_t **vlans)
{
    size_t i;

    for (i = 0; i < N_CACHED && cache->tvds[i].tvd != nic->tvd; i++) {
        continue;
    }
    if (i == N_CACHED) {
        i = cache->next++ % N_CACHED;
        cache->tvds[i].tvd = nic->tvd;
        cache->tvds[i].n = pipeline_get_nic_vlans(e->pipeline, m, nic->id,
                                                  cache->tvds[i].vlans,
                                                  MAX_ANNOUNCED);
    }
    *vlans = cache->tvds[i].vlans;
    return cache->tvds[i].n;
}

void
engine_fabric_announce(struct engine *e, const struct model *m,
                       long long int now)
{
    struct vlan_cache cache = { .next = 0 };
    uint16_t vlan;
    uint32_t id;

    if (fabric_refreshes(&e->fabric, now)) {
        announce_all(e, now);
    }
    while (pipeline_pop_announcement(e->pipeline, &id, &vlan)) {
        fabric_announce(&e->fabric, id, vlan, now);
    }
    while ((id = fabric_next(&e->fabric, &vlan, now)) != 0) {
        const struct model_nic *nic = model_nic_find_id(m, id);
        const uint16_t *vlans;
        uint8_t frame[FABRIC_RARP_LEN];
        size_t n;

        if (!nic || e->uplink_port == OFPP_NONE
            || pipeline_get_port(e->pipeline, id) == OFPP_NONE) {
            fabric_forget(&e->fabric, id);
            continue;
        }
        /* Its port may be known before the database says that it is here. */
        if (e->pipeline_dirty || ofctl_installed(e->oc) < e->goal
            || !pipeline_nic_is_here(e->pipeline, id)) {
            fabric_announce(&e->fabric, id, vlan,
                            now + (ofctl_is_synced(e->oc) ? PUT_OFF
                                   : PUT_OFF_LONG));
            continue;
        }
        n = find_vlans(e, m, nic, &cache, &vlans);
        for (size_t i = 0; i < n; i++) {
            if (vlan != FABRIC_ALL_VLANS && vlan != vlans[i]) {
                continue;
            }
            fabric_make_rarp(frame, nic->mac, vlans[i]);
            ofctl_send_packet(e->oc, e->uplink_port, frame, sizeof frame);
        }
    }
}

void
engine_fabric_wait(const struct engine *e)
{
    poll_timer_wait_until(fabric_deadline(&e->fabric));
}
