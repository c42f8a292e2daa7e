/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/wanted.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

const char *
switch_role_to_string(enum switch_role role)
{
    switch (role) {
    case SWITCH_ACCESS: return "access";
    case SWITCH_TRUNK: return "trunk";
    case SWITCH_LINK: return "link";
    }
    OVS_NOT_REACHED();
}

/* --- Sets of VIDs ----------------------------------------------------------*/

#define WORD_BITS (8 * sizeof (unsigned long))

void
vidset_add(struct vidset *s, unsigned int vid)
{
    ovs_assert(vid < 4096);
    s->bits[vid / WORD_BITS] |= 1UL << vid % WORD_BITS;
}

void
vidset_remove(struct vidset *s, unsigned int vid)
{
    ovs_assert(vid < 4096);
    s->bits[vid / WORD_BITS] &= ~(1UL << vid % WORD_BITS);
}

bool
vidset_equal(const struct vidset *a, const struct vidset *b)
{
    return !memcmp(a, b, sizeof *a);
}

unsigned int
vidset_next(const struct vidset *s, unsigned int after)
{
    for (unsigned int vid = after + 1; vid < 4096; vid++) {
        if (vid % WORD_BITS == 0 && !s->bits[vid / WORD_BITS]) {
            vid += WORD_BITS - 1;
        } else if (vidset_contains(s, vid)) {
            return vid;
        }
    }
    return 0;
}

void
vidset_format(const struct vidset *s, struct ds *out)
{
    unsigned int vid = vidset_next(s, 0);

    if (!vid) {
        ds_put_char(out, '-');
    }
    while (vid) {
        unsigned int last = vid;

        while (vidset_contains(s, last + 1)) {
            last++;
        }
        ds_put_format(out, "%u", vid);
        if (last > vid) {
            ds_put_format(out, "%c%u", last > vid + 1 ? '-' : ',', last);
        }
        vid = vidset_next(s, last);
        if (vid) {
            ds_put_char(out, ',');
        }
    }
}

/* --- What is wanted --------------------------------------------------------*/

void
switch_wanted_init(struct switch_wanted *w)
{
    memset(w, 0, sizeof *w);
    shash_init(&w->ports);
    shash_init(&w->vlans);
}

static void
wanted_port_destroy(struct switch_wanted_port *p)
{
    if (p) {
        free(p->what);
        free(p);
    }
}

static void
wanted_vlan_destroy(struct switch_wanted_vlan *v)
{
    if (v) {
        free(v->name);
        free(v);
    }
}

void
switch_wanted_destroy(struct switch_wanted *w)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->ports) {
        wanted_port_destroy(node->data);
    }
    shash_destroy(&w->ports);
    SHASH_FOR_EACH (node, &w->vlans) {
        wanted_vlan_destroy(node->data);
    }
    shash_destroy(&w->vlans);
}

struct switch_wanted_port *
switch_wanted_add_port(struct switch_wanted *w, const char *name,
                       enum switch_role role, const char *what)
{
    struct switch_wanted_port *p = xzalloc(sizeof *p);

    p->role = role;
    p->what = nullable_xstrdup(what);
    wanted_port_destroy(shash_replace(&w->ports, name, p));
    return p;
}

static void
add_named_vlan(struct switch_wanted *w, unsigned int vid, char *name)
{
    struct switch_wanted_vlan *v = xzalloc(sizeof *v);
    char key[16];

    v->vid = vid;
    v->name = name;
    snprintf(key, sizeof key, "%u", vid);
    wanted_vlan_destroy(shash_replace(&w->vlans, key, v));
}

void
switch_wanted_add_vlan(struct switch_wanted *w, unsigned int vid,
                       const char *tvd)
{
    add_named_vlan(w, vid, xasprintf(SWITCH_VLAN_PREFIX"%s", tvd));
}

struct switch_wanted *
switch_wanted_clone(const struct switch_wanted *w)
{
    struct switch_wanted *copy = xmalloc(sizeof *copy);
    const struct shash_node *node;

    switch_wanted_init(copy);
    SHASH_FOR_EACH (node, &w->ports) {
        const struct switch_wanted_port *p = node->data;

        switch_wanted_add_port(copy, node->name, p->role, p->what)->vids
            = p->vids;
    }
    SHASH_FOR_EACH (node, &w->vlans) {
        const struct switch_wanted_vlan *v = node->data;

        add_named_vlan(copy, v->vid, xstrdup(v->name));
    }
    copy->adopted = w->adopted;
    copy->parking = w->parking;
    copy->filter_others = w->filter_others;
    copy->created = w->created;
    copy->tvds = w->tvds;
    return copy;
}

bool
switch_wanted_equal(const struct switch_wanted *a,
                    const struct switch_wanted *b)
{
    const struct shash_node *node;

    if (shash_count(&a->ports) != shash_count(&b->ports)
        || shash_count(&a->vlans) != shash_count(&b->vlans)
        || a->parking != b->parking
        || a->filter_others != b->filter_others
        || !vidset_equal(&a->adopted, &b->adopted)
        || !vidset_equal(&a->created, &b->created)) {
        return false;
    }
    SHASH_FOR_EACH (node, &a->ports) {
        const struct switch_wanted_port *p = node->data;
        const struct switch_wanted_port *q = shash_find_data(&b->ports,
                                                             node->name);

        if (!q || p->role != q->role || !vidset_equal(&p->vids, &q->vids)) {
            return false;
        }
    }
    SHASH_FOR_EACH (node, &a->vlans) {
        const struct switch_wanted_vlan *v = node->data;
        const struct switch_wanted_vlan *o = shash_find_data(&b->vlans,
                                                             node->name);

        if (!o || strcmp(v->name, o->name)) {
            return false;
        }
    }
    return true;
}

/* What is wrong with one port, or NULL. */
static char *
check_port(const struct switch_wanted *w, const char *name,
           const struct switch_wanted_port *p)
{
    unsigned int n = 0, vid;

    VIDSET_FOR_EACH (vid, &p->vids) {
        char key[16];

        snprintf(key, sizeof key, "%u", vid);
        if (!shash_find(&w->vlans, key)) {
            return xasprintf("port \"%s\": VLAN %u is not one of ours", name,
                             vid);
        }
        n++;
    }
    if (p->role == SWITCH_ACCESS && n != 1) {
        return xasprintf("port \"%s\": an access port has one VLAN, not %u",
                         name, n);
    }
    return NULL;
}

char *
switch_wanted_check(const struct switch_wanted *w)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &w->vlans) {
        const struct switch_wanted_vlan *v = node->data;

        if (v->vid < 1 || v->vid > MIB_VID_MAX) {
            return xasprintf("VLAN %u (\"%s\"): not within 1 to %d", v->vid,
                             v->name, MIB_VID_MAX);
        }
    }
    if (w->parking) {
        char key[16];

        snprintf(key, sizeof key, "%u", w->parking);
        if (!shash_find(&w->vlans, key)) {
            return xasprintf("VLAN %u: ports without a VLAN cannot be put "
                             "there, as it is not one of ours", w->parking);
        }
    }
    SHASH_FOR_EACH (node, &w->ports) {
        char *error = check_port(w, node->name, node->data);

        if (error) {
            return error;
        }
    }
    return NULL;
}
