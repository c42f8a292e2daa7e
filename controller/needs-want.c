/* SPDX-License-Identifier: Apache-2.0
 *
 * From what hosts need to what switches should be.
 *
 * Switches and the links between them are trees.  What a link carries is what
 * is needed on both of its sides. */

#include <config.h>
#include "controller/needs.h"

#include <stdlib.h>
#include <string.h>
#include "lib/model.h"
#include "util.h"

/* What is needed beyond one end of a link. */
struct beyond {
    struct vidset vids;
    bool known;
};

struct wanting {
    const struct needs *needs;
    const struct model *m;
    struct shash local;         /* "struct vidset *" by switch. */
    struct shash beyond;        /* "struct beyond *" by "SWITCH/PORT". */
    const char *tvds[4096];     /* Names by VID. */
};

static void
add_all(struct vidset *to, const struct vidset *from)
{
    for (size_t i = 0; i < ARRAY_SIZE(to->bits); i++) {
        to->bits[i] |= from->bits[i];
    }
}

static unsigned int
access_vlan(const struct wanting *w, const struct model_switch_port *port)
{
    const struct model_tvd *tvd = (port->tvd ? model_tvd_find(w->m, port->tvd)
                                   : NULL);

    return tvd && tvd->channel == MODEL_CHANNEL_VLAN ? tvd->vlan : 0;
}

/* Collects what is needed at each switch itself. */
static void
collect_local(struct wanting *w)
{
    const struct shash_node *node, *port;

    SHASH_FOR_EACH (node, &w->m->switches) {
        const struct model_switch *sw = node->data;
        struct vidset *vids = xzalloc(sizeof *vids);

        shash_add(&w->local, sw->name, vids);
        SHASH_FOR_EACH (port, &sw->ports) {
            unsigned int vlan = access_vlan(w, port->data);

            if (vlan) {
                vidset_add(vids, vlan);
            }
        }
    }
    SHASH_FOR_EACH (node, &w->m->hosts) {
        const struct model_host *host = node->data;
        struct vidset *vids = (host->switch_name
                               ? shash_find_data(&w->local, host->switch_name)
                               : NULL);

        if (vids) {
            add_all(vids, needs_of_host(w->needs, host->name));
        }
    }
}

/* What is needed beyond 'port' of 'sw'. */
static const struct vidset *
look_beyond(struct wanting *w, const struct model_switch *sw,
            const struct model_switch_port *port)
{
    char *key = xasprintf("%s/%s", sw->name, port->name);
    struct beyond *b = shash_find_data(&w->beyond, key);
    const struct model_switch *peer;
    const struct shash_node *node;

    if (!b) {
        b = xzalloc(sizeof *b);
        shash_add(&w->beyond, key, b);
    }
    free(key);
    peer = model_switch_find(w->m, port->peer);
    if (b->known || !peer) {
        return &b->vids;
    }
    b->known = true;            /* Now already: ends if there is a loop. */
    add_all(&b->vids, shash_find_data(&w->local, peer->name));
    SHASH_FOR_EACH (node, &peer->ports) {
        const struct model_switch_port *next = node->data;

        if (next->peer && strcmp(next->name, port->peer_port)) {
            add_all(&b->vids, look_beyond(w, peer, next));
        }
    }
    return &b->vids;
}

static void
want_link(struct wanting *w, const struct model_switch *sw,
          const struct model_switch_port *port, struct switch_wanted *wanted)
{
    const struct model_switch *peer = model_switch_find(w->m, port->peer);
    const struct model_switch_port *back
        = peer ? shash_find_data(&peer->ports, port->peer_port) : NULL;
    char *what = xasprintf("link to port %s of %s", port->peer_port,
                           port->peer);
    struct switch_wanted_port *p
        = switch_wanted_add_port(wanted, port->name, SWITCH_LINK, what);

    free(what);
    if (back && back->peer && !strcmp(back->peer, sw->name)) {
        const struct vidset *there = look_beyond(w, sw, port);
        const struct vidset *here = look_beyond(w, peer, back);

        for (size_t i = 0; i < ARRAY_SIZE(p->vids.bits); i++) {
            p->vids.bits[i] = there->bits[i] & here->bits[i];
        }
    }
}

static void
want_port(struct wanting *w, const struct model_switch *sw,
          const struct model_switch_port *port, struct switch_wanted *wanted)
{
    unsigned int vlan = access_vlan(w, port);

    if (port->peer) {
        want_link(w, sw, port, wanted);
    } else if (vlan) {
        char *what = xasprintf("TVD %s", port->tvd);

        vidset_add(&switch_wanted_add_port(wanted, port->name, SWITCH_ACCESS,
                                           what)->vids, vlan);
        free(what);
    } else {
        /* Its TVD has no VLAN (any more): nothing reaches what is there. */
        switch_wanted_add_port(wanted, port->name, SWITCH_TRUNK,
                               "nothing");
    }
}

static void
want_hosts(struct wanting *w, struct shash *wanted)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &w->m->hosts) {
        const struct model_host *host = node->data;
        struct switch_wanted *sw = (host->switch_name && host->switch_port
                                    ? shash_find_data(wanted,
                                                      host->switch_name)
                                    : NULL);

        if (sw) {
            char *what = xasprintf("host %s", host->name);

            add_all(&switch_wanted_add_port(sw, host->switch_port,
                                            SWITCH_TRUNK, what)->vids,
                    needs_of_host(w->needs, host->name));
            free(what);
        }
    }
}

/* The VLANs that some port is in are ours. */
static void
want_vlans(const struct wanting *w, struct switch_wanted *wanted)
{
    const struct shash_node *node;
    struct vidset all;
    unsigned int vid;

    memset(&all, 0, sizeof all);
    SHASH_FOR_EACH (node, &wanted->ports) {
        const struct switch_wanted_port *port = node->data;

        add_all(&all, &port->vids);
    }
    VIDSET_FOR_EACH (vid, &all) {
        switch_wanted_add_vlan(wanted, vid, w->tvds[vid]);
    }
}

void
needs_want(const struct needs *f, const struct model *m,
            struct shash *wanted)
{
    struct wanting *w = xzalloc(sizeof *w);
    const struct shash_node *node, *port;

    w->needs = f;
    w->m = m;
    shash_init(&w->local);
    shash_init(&w->beyond);
    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        w->tvds[tvd->vlan & 4095] = tvd->name;
    }
    collect_local(w);
    SHASH_FOR_EACH (node, &m->switches) {
        const struct model_switch *sw = node->data;
        struct switch_wanted *s = xmalloc(sizeof *s);

        switch_wanted_init(s);
        shash_add(wanted, sw->name, s);
        s->filter_others = sw->filter_others;
        if (sw->parking) {
            s->parking = sw->parking;
            switch_wanted_add_vlan(s, sw->parking, "parking");
        }
        for (size_t i = 0; i < sw->n_adopt; i++) {
            vidset_add(&s->adopted, sw->adopt[i]);
        }
        for (unsigned int vid = 1; vid < ARRAY_SIZE(w->tvds); vid++) {
            if (w->tvds[vid]) {
                vidset_add(&s->tvds, vid);
            }
        }
        SHASH_FOR_EACH (port, &sw->ports) {
            want_port(w, sw, port->data, s);
        }
    }
    want_hosts(w, wanted);
    SHASH_FOR_EACH (node, wanted) {
        want_vlans(w, node->data);
    }
    shash_destroy_free_data(&w->local);
    shash_destroy_free_data(&w->beyond);
    free(w);
}
