/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/fake.h"

#include <stdlib.h>
#include <string.h>
#include "svec.h"
#include "util.h"

static struct gateway_fake *
fake_cast(struct gateway_system *sys)
{
    return CONTAINER_OF(sys, struct gateway_fake, system);
}

struct gateway_observed *
gateway_fake_find(struct gateway_fake *fake, const char *name)
{
    return shash_find_data(&fake->netns, name);
}

static struct gateway_set *
clone_set(const struct gateway_set *set)
{
    struct gateway_set *copy = xzalloc(sizeof *copy);

    copy->name = xstrdup(set->name);
    copy->comment = nullable_xstrdup(set->comment);
    copy->ipv6 = set->ipv6;
    copy->n = set->n;
    copy->ips = xmemdup(set->ips, MAX(set->n, 1) * sizeof *set->ips);
    return copy;
}

static void
copy_sets(struct shash *to, const struct shash *from)
{
    struct shash_node *node;

    gateway_sets_destroy(to);
    shash_init(to);
    SHASH_FOR_EACH (node, from) {
        shash_add(to, node->name, clone_set(node->data));
    }
}

static char *
fake_observe(struct gateway_system *sys, const struct gateway_wanted *w,
             struct gateway_observed *o)
{
    struct gateway_fake *fake = fake_cast(sys);
    const struct gateway_observed *real = gateway_fake_find(fake, w->netns);

    if (fake->fail_observe) {
        return xstrdup("cannot list: no memory");
    } else if (!real) {
        return NULL;
    }
    o->netns = real->netns;
    o->host_if = real->host_if;
    o->inner_if = real->inner_if;
    o->paired = real->paired;
    o->lo_up = real->lo_up;
    o->n_addresses = real->n_addresses;
    o->addresses = xmemdup(real->addresses, (real->n_addresses + 1)
                                            * sizeof *real->addresses);
    sset_destroy(&o->routes);
    sset_clone(&o->routes, &real->routes);
    sset_destroy(&o->neighbours);
    sset_clone(&o->neighbours, &real->neighbours);
    sset_destroy(&o->devices);
    sset_clone(&o->devices, &real->devices);
    smap_destroy(&o->sysctls);
    smap_clone(&o->sysctls, &real->sysctls);
    o->table = real->table;
    o->skeleton = nullable_xstrdup(real->skeleton);
    copy_sets(&o->sets, &real->sets);
    sset_destroy(&o->foreign_tables);
    sset_clone(&o->foreign_tables, &real->foreign_tables);
    return NULL;
}

/* The fake's normal form is the text itself. */
static char *
fake_normalise(struct gateway_system *sys, const char *text, char **skeleton)
{
    struct gateway_fake *fake = fake_cast(sys);

    fake->n_normalised++;
    *skeleton = fake->fail_normalise ? NULL : xstrdup(text);
    return fake->fail_normalise ? xstrdup("cannot check the ruleset") : NULL;
}

static void
create_netns(struct gateway_fake *fake, const char *name)
{
    struct gateway_observed *o = xmalloc(sizeof *o);

    gateway_observed_init(o);
    o->addresses = xmalloc(64 * sizeof *o->addresses);
    o->netns = true;
    shash_add(&fake->netns, name, o);
}

static void
delete_netns(struct gateway_fake *fake, const char *name)
{
    struct gateway_observed *o = shash_find_and_delete(&fake->netns, name);

    if (o) {
        gateway_observed_destroy(o);
        free(o);
    }
}

static void
load(const struct gateway_wanted *w, struct gateway_observed *o)
{
    o->table = true;
    free(o->skeleton);
    o->skeleton = gateway_ruleset_format(w->ruleset, false, NULL);
    copy_sets(&o->sets, &w->ruleset->sets);
}

/* Elements are set to what is wanted, whatever the text says. */
static void
set_elements(const struct gateway_wanted *w, struct gateway_observed *o)
{
    copy_sets(&o->sets, &w->ruleset->sets);
}

static void
delete_address(struct gateway_observed *o, const struct gateway_address *a)
{
    for (size_t i = 0; i < o->n_addresses; i++) {
        if (ipv6_addr_equals(&o->addresses[i].ip, &a->ip)) {
            o->addresses[i] = o->addresses[--o->n_addresses];
            return;
        }
    }
}

static void
set_up(const struct gateway_wanted *w, struct gateway_observed *o,
       const char *device, bool up)
{
    if (!strcmp(device, "lo")) {
        o->lo_up = up;
    } else if (!strcmp(device, w->host_if)) {
        o->host_if.up = up;
    } else {
        o->inner_if.up = up;
    }
}

static void
create_veth(const struct gateway_wanted *w, struct gateway_observed *o)
{
    o->host_if = (struct gateway_device) { .present = true };
    o->inner_if = o->host_if;
    o->inner_if.mac = w->mac;
    o->paired = true;
}

static void
do_action(const struct gateway_wanted *w, struct gateway_observed *o,
          const struct gateway_action *a)
{
    switch (a->kind) {
    case GATEWAY_CREATE_NETNS:
    case GATEWAY_DELETE_NETNS:
    case GATEWAY_FLUSH_CONNECTIONS:
        break;
    case GATEWAY_DELETE_VETH: o->host_if.present = false; break;
    case GATEWAY_REMOVE_DEVICE:
        sset_find_and_delete(&o->devices, a->subject);
        if (!strcmp(a->subject, w->inner_if)) {
            o->inner_if.present = false;
        }
        break;
    case GATEWAY_SET_SYSCTL:
        smap_replace(&o->sysctls, a->subject, a->value);
        break;
    case GATEWAY_LOAD_RULESET: load(w, o); break;
    case GATEWAY_DELETE_TABLE:
        sset_find_and_delete(&o->foreign_tables, a->subject);
        break;
    case GATEWAY_ADD_ELEMENTS:
    case GATEWAY_DELETE_ELEMENTS: set_elements(w, o); break;
    case GATEWAY_CREATE_VETH: create_veth(w, o); break;
    case GATEWAY_SET_MAC: o->inner_if.mac = w->mac; break;
    case GATEWAY_SET_PLAIN_FRAMES:
        o->host_if.plain_frames = o->inner_if.plain_frames = true;
        break;
    case GATEWAY_ADD_ADDRESS:
        o->addresses[o->n_addresses++] = a->address;
        break;
    case GATEWAY_DELETE_ADDRESS: delete_address(o, &a->address); break;
    case GATEWAY_SET_UP: set_up(w, o, a->subject, true); break;
    case GATEWAY_SET_DOWN: set_up(w, o, a->subject, false); break;
    case GATEWAY_ADD_NEIGHBOUR: sset_add(&o->neighbours, a->subject); break;
    case GATEWAY_DELETE_NEIGHBOUR:
        sset_find_and_delete(&o->neighbours, a->subject);
        break;
    case GATEWAY_ADD_ROUTE: sset_add(&o->routes, a->subject); break;
    case GATEWAY_DELETE_ROUTE:
        sset_find_and_delete(&o->routes, a->subject);
        break;
    }
}

static char *
fake_act(struct gateway_system *sys, const struct gateway_wanted *w,
         const struct gateway_action *a)
{
    struct gateway_fake *fake = fake_cast(sys);
    const char *netns = w ? w->netns : a->subject;

    svec_add_nocopy(&fake->log, gateway_action_format(a));
    if ((int) a->kind == fake->fail_kind) {
        return xasprintf("cannot do %s: fault injected",
                         gateway_action_kind_to_string(a->kind));
    } else if ((int) a->kind == fake->ignore_kind) {
        return NULL;
    } else if (a->kind == GATEWAY_CREATE_NETNS) {
        create_netns(fake, netns);
    } else if (a->kind == GATEWAY_DELETE_NETNS) {
        delete_netns(fake, netns);
    } else if (!gateway_fake_find(fake, netns)) {
        return xasprintf("cannot enter namespace %s", netns);
    } else {
        do_action(w, gateway_fake_find(fake, netns), a);
    }
    return NULL;
}

static const struct gateway_system_class fake_class = {
    .observe = fake_observe,
    .normalise = fake_normalise,
    .act = fake_act,
};

void
gateway_fake_init(struct gateway_fake *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->system.class = &fake_class;
    shash_init(&fake->netns);
    svec_init(&fake->log);
    fake->fail_kind = fake->ignore_kind = -1;
}

void
gateway_fake_destroy(struct gateway_fake *fake)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &fake->netns) {
        gateway_observed_destroy(node->data);
        free(node->data);
    }
    shash_destroy(&fake->netns);
    svec_destroy(&fake->log);
}
