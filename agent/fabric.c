/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/fabric.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "random.h"
#include "util.h"

/* RFC 903. */
#define ARP_OP_REVERSE_REQUEST 3

void
fabric_init(struct fabric *f)
{
    ovs_list_init(&f->announcements);
    f->looking = true;
    f->look_again = 0;
    f->refresh = 0;
}

static void
announcement_destroy(struct announcement *a)
{
    ovs_list_remove(&a->node);
    free(a);
}

void
fabric_destroy(struct fabric *f)
{
    struct announcement *a;

    LIST_FOR_EACH_SAFE (a, node, &f->announcements) {
        announcement_destroy(a);
    }
}

static struct announcement *
find(const struct fabric *f, uint32_t nic_id, uint16_t vlan)
{
    struct announcement *a;

    LIST_FOR_EACH (a, node, &f->announcements) {
        if (a->nic_id == nic_id && a->vlan == vlan) {
            return a;
        }
    }
    return NULL;
}

void
fabric_announce(struct fabric *f, uint32_t nic_id, uint16_t vlan,
                long long int now)
{
    struct announcement *a = find(f, nic_id, vlan);

    if (!a) {
        a = xmalloc(sizeof *a);
        a->nic_id = nic_id;
        a->vlan = vlan;
        ovs_list_push_back(&f->announcements, &a->node);
    }
    a->left = FABRIC_ANNOUNCEMENTS;
    a->when = now;
}

void
fabric_announce_once(struct fabric *f, uint32_t nic_id, long long int now)
{
    if (!find(f, nic_id, FABRIC_ALL_VLANS)) {
        fabric_announce(f, nic_id, FABRIC_ALL_VLANS,
                        now + random_range(1000));
        find(f, nic_id, FABRIC_ALL_VLANS)->left = 1;
    }
}

bool
fabric_refreshes(struct fabric *f, long long int now)
{
    bool due = f->refresh && now >= f->refresh;

    if (due || !f->refresh) {
        f->refresh = now + FABRIC_REFRESH;
    }
    return due;
}

void
fabric_forget(struct fabric *f, uint32_t nic_id)
{
    struct announcement *a;

    LIST_FOR_EACH_SAFE (a, node, &f->announcements) {
        if (a->nic_id == nic_id) {
            announcement_destroy(a);
        }
    }
}

uint32_t
fabric_next(struct fabric *f, uint16_t *vlan, long long int now)
{
    struct announcement *a;

    LIST_FOR_EACH (a, node, &f->announcements) {
        if (now >= a->when) {
            uint32_t nic_id = a->nic_id;

            *vlan = a->vlan;
            a->when = now + (FABRIC_ANNOUNCE_INTERVAL
                             << (FABRIC_ANNOUNCEMENTS - a->left));
            if (!--a->left) {
                announcement_destroy(a);
            }
            return nic_id;
        }
    }
    return 0;
}

long long int
fabric_deadline(const struct fabric *f)
{
    long long int deadline = f->looking ? LLONG_MAX : f->look_again;
    const struct announcement *a;

    if (f->refresh) {
        deadline = MIN(deadline, f->refresh);
    }
    LIST_FOR_EACH (a, node, &f->announcements) {
        deadline = MIN(deadline, a->when);
    }
    return deadline;
}

void
fabric_make_rarp(uint8_t frame[FABRIC_RARP_LEN], struct eth_addr mac,
                 uint16_t vlan)
{
    const struct {
        struct eth_addr dst, src;
        ovs_be16 tpid, tci, type;
        ovs_be16 hardware, protocol;
        uint8_t hardware_len, protocol_len;
        ovs_be16 op;
        struct eth_addr sender;
        ovs_be16 sender_ip[2];
        struct eth_addr target;
        ovs_be16 target_ip[2];
    } rarp = {
        .dst = eth_addr_broadcast,
        .src = mac,
        .tpid = htons(ETH_TYPE_VLAN_8021Q),
        .tci = htons(vlan & VLAN_VID_MASK),
        .type = htons(PIPELINE_ETH_TYPE_RARP),
        .hardware = htons(ARP_HRD_ETHERNET),
        .protocol = htons(ETH_TYPE_IP),
        .hardware_len = ETH_ADDR_LEN,
        .protocol_len = 4,
        .op = htons(ARP_OP_REVERSE_REQUEST),
        .sender = mac,
        .target = mac,
    };

    BUILD_ASSERT_DECL(sizeof rarp == FABRIC_RARP_LEN);
    memcpy(frame, &rarp, sizeof rarp);
}

bool
fabric_parse_tag(const uint8_t *frame, size_t len, uint16_t *vlan,
                 struct eth_addr *src)
{
    if (len < ETH_HEADER_LEN + VLAN_HEADER_LEN
        || !eth_type_vlan(htons(frame[12] << 8 | frame[13]))) {
        return false;
    }
    memcpy(src->ea, &frame[ETH_ADDR_LEN], ETH_ADDR_LEN);
    *vlan = (frame[14] << 8 | frame[15]) & VLAN_VID_MASK;
    return true;
}

void
fabric_seen_tag(struct fabric *f, long long int now)
{
    f->looking = false;
    f->look_again = now + FABRIC_LOOK_AWAY;
}

bool
fabric_looks(struct fabric *f, long long int now)
{
    if (!f->looking && now >= f->look_again) {
        f->looking = true;
    }
    return f->looking;
}
