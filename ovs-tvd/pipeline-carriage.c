/* SPDX-License-Identifier: Apache-2.0
 *
 * The VLANs in which NICs here send to those on other hosts, and when another
 * one takes over.
 *
 * Which of two TVDs' VLANs it is follows from where EEs are (decide_carrier()),
 * so it changes as they come and go.  A switch learns in each VLAN by itself
 * where a MAC is, and what it has learned in the new one may be old: the NIC
 * may have been on another host when it was last heard of there.  So the change
 * is made before it is needed: each host announces its NICs in the new VLAN at
 * once, and goes on sending in the old one, which every host still lets in, for
 * as long as it takes the other host to hear of the change and do so, and the
 * controller to give the new VLAN to switches over SNMP. */

#include <config.h>

#include "ovs-tvd/pipeline-known.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "hash.h"
#include "util.h"

/* How long the old VLAN is used after a change, in ms. */
#define OVERLAP 900

/* NICs of one TVD here and of another, or the same, on 'host'. */
struct carriage {
    struct hmap_node node;      /* In pipeline's 'carriages'. */
    uint32_t from, to;          /* Ids of TVDs: of those here, of the others. */
    char *host;
    size_t n_users;             /* NICs that are reached over it. */
    uint32_t used;              /* Id of the TVD in whose VLAN they send. */
    uint32_t next;              /* The same, from 'turn' on; 0: no change. */
    long long int turn;         /* In ms. */
};

static uint32_t
hash_key(uint32_t from, uint32_t to, const char *host)
{
    return hash_string(host, hash_2words(from, to));
}

static struct carriage *
find(const struct pipeline *p, uint32_t from, uint32_t to, const char *host)
{
    struct carriage *c;

    HMAP_FOR_EACH_WITH_HASH (c, node, hash_key(from, to, host),
                             &p->carriages) {
        if (c->from == from && c->to == to && !strcmp(c->host, host)) {
            return c;
        }
    }
    return NULL;
}

static void
carriage_destroy(struct pipeline *p, struct carriage *c)
{
    hmap_remove(&p->carriages, &c->node);
    free(c->host);
    free(c);
}

/* True if NICs of the TVD with id 'from' are known to be here in the VLAN of
 * the TVD with id 'in'. */
static bool
is_announced(const struct pipeline *p, uint32_t from, uint32_t in)
{
    const struct carriage *c;

    HMAP_FOR_EACH (c, node, &p->carriages) {
        if (c->from == from && (c->used == in || c->next == in)) {
            return true;
        }
    }
    return false;
}

/* Has the NICs here announced in the VLAN that others will look for them in,
 * unless they have been. */
static void
announce(struct pipeline *p, const struct known_tvd *tvd,
         const struct carriage_choice *choice)
{
    const struct idset_node *n;

    if (is_announced(p, tvd->id, choice->tvd)) {
        return;
    }
    IDSET_FOR_EACH (n, &tvd->nics) {
        if (known_nic_get(p, n->id)->flood_port != OFPP_NONE) {
            idset_add(&p->announce, (uint64_t) n->id << 16 | choice->vlan);
        }
    }
}

static struct carriage *
carriage_create(struct pipeline *p, uint32_t from, uint32_t to,
                const char *host, uint32_t used)
{
    struct carriage *c = xzalloc(sizeof *c);

    c->from = from;
    c->to = to;
    c->host = xstrdup(host);
    c->used = used;
    hmap_insert(&p->carriages, &c->node, hash_key(from, to, host));
    return c;
}

uint32_t
carriage_use(struct pipeline *p, const struct known_tvd *from, uint32_t to,
             const char *host, const struct carriage_choice *choice)
{
    struct carriage *c = find(p, from->id, to, host);

    if (!c) {
        announce(p, from, choice);
        c = carriage_create(p, from->id, to, host, choice->tvd);
    } else if (c->used == choice->tvd) {
        c->next = 0;
    } else if (!choice->former_works
               || (c->next == choice->tvd && p->now >= c->turn)) {
        announce(p, from, choice);
        c->used = choice->tvd;
        c->next = 0;
    } else if (c->next != choice->tvd) {
        announce(p, from, choice);
        c->next = choice->tvd;
        c->turn = p->now + OVERLAP;
        p->next_turn = MIN(p->next_turn, c->turn);
    }
    return c->used;
}

/* Who reaches a NIC: the TVDs with ids 'from'. */
struct known_ways {
    uint32_t to;                /* The NIC's TVD, */
    char *host;                 /* and host. */
    size_t n;
    uint32_t from[];
};

static void
drop_users(struct pipeline *p, const struct known_ways *ways)
{
    for (size_t i = 0; i < ways->n; i++) {
        struct carriage *c = find(p, ways->from[i], ways->to, ways->host);

        if (c && (!c->n_users || !--c->n_users)) {
            carriage_destroy(p, c);
        }
    }
}

void
carriage_note_users(struct pipeline *p, struct known_nic *nic,
                    const uint32_t *from, size_t n)
{
    struct known_ways *old = nic->ways;

    nic->ways = NULL;
    if (n) {
        nic->ways = xmalloc(sizeof *nic->ways + n * sizeof *from);
        nic->ways->to = nic->tvd;
        nic->ways->host = xstrdup(nic->host);
        nic->ways->n = n;
        memcpy(nic->ways->from, from, n * sizeof *from);
    }
    for (size_t i = 0; i < n; i++) {
        struct carriage *c = find(p, from[i], nic->tvd, nic->host);

        if (c) {
            c->n_users++;
        }
    }
    if (old) {
        drop_users(p, old);
        free(old->host);
        free(old);
    }
}

static void
list_add(uint32_t *tvds, size_t *n, size_t max, uint32_t tvd)
{
    for (size_t i = 0; i < *n; i++) {
        if (tvds[i] == tvd) {
            return;
        }
    }
    if (tvd && *n < max) {
        tvds[(*n)++] = tvd;
    }
}

size_t
carriage_list(const struct pipeline *p, uint32_t from, uint32_t *tvds,
              size_t max)
{
    const struct carriage *c;
    size_t n = 0;

    HMAP_FOR_EACH (c, node, &p->carriages) {
        if (c->from == from) {
            list_add(tvds, &n, max, c->used);
            list_add(tvds, &n, max, c->next);
        }
    }
    return n;
}

void
carriage_forget(struct pipeline *p, uint32_t from, uint32_t to,
                const char *host)
{
    struct carriage *c;

    HMAP_FOR_EACH_SAFE (c, node, &p->carriages) {
        if ((!from || c->from == from) && (!to || c->to == to)
            && (!host || !strcmp(c->host, host))) {
            carriage_destroy(p, c);
        }
    }
}

void
carriage_turn(struct pipeline *p)
{
    struct carriage *c;

    if (p->now < p->next_turn) {
        return;
    }
    p->next_turn = LLONG_MAX;
    HMAP_FOR_EACH (c, node, &p->carriages) {
        if (!c->next) {
            continue;
        } else if (p->now < c->turn) {
            p->next_turn = MIN(p->next_turn, c->turn);
        } else {
            /* A turn that is over is worked out with the flows. */
            known_stale_nics(p, c->to);
        }
    }
}
