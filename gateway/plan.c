/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/plan.h"

#include <ctype.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* --- Observed state and actions as objects ---------------------------------*/

void
gateway_observed_init(struct gateway_observed *o)
{
    memset(o, 0, sizeof *o);
    sset_init(&o->routes);
    sset_init(&o->neighbours);
    sset_init(&o->devices);
    smap_init(&o->sysctls);
    sset_init(&o->set_names);
    smap_init(&o->comments);
    shash_init(&o->sets);
    shash_init(&o->counters);
    sset_init(&o->foreign_tables);
}

void
gateway_observed_destroy(struct gateway_observed *o)
{
    free(o->addresses);
    sset_destroy(&o->routes);
    sset_destroy(&o->neighbours);
    sset_destroy(&o->devices);
    smap_destroy(&o->sysctls);
    free(o->skeleton);
    sset_destroy(&o->set_names);
    smap_destroy(&o->comments);
    gateway_sets_destroy(&o->sets);
    shash_destroy_free_data(&o->counters);
    sset_destroy(&o->foreign_tables);
}

const char *
gateway_action_kind_to_string(enum gateway_action_kind kind)
{
    switch (kind) {
    case GATEWAY_CREATE_NETNS: return "create-namespace";
    case GATEWAY_DELETE_VETH: return "delete-veth";
    case GATEWAY_REMOVE_DEVICE: return "remove-device";
    case GATEWAY_SET_SYSCTL: return "set-sysctl";
    case GATEWAY_LOAD_RULESET: return "load-ruleset";
    case GATEWAY_DELETE_TABLE: return "delete-table";
    case GATEWAY_ADD_ELEMENTS: return "add-elements";
    case GATEWAY_DELETE_ELEMENTS: return "delete-elements";
    case GATEWAY_CREATE_VETH: return "create-veth";
    case GATEWAY_SET_MAC: return "set-mac";
    case GATEWAY_SET_PLAIN_FRAMES: return "set-plain-frames";
    case GATEWAY_ADD_ADDRESS: return "add-address";
    case GATEWAY_DELETE_ADDRESS: return "delete-address";
    case GATEWAY_SET_UP: return "set-up";
    case GATEWAY_SET_DOWN: return "set-down";
    case GATEWAY_ADD_NEIGHBOUR: return "add-neighbour";
    case GATEWAY_DELETE_NEIGHBOUR: return "delete-neighbour";
    case GATEWAY_ADD_ROUTE: return "add-route";
    case GATEWAY_DELETE_ROUTE: return "delete-route";
    case GATEWAY_FLUSH_CONNECTIONS: return "flush-connections";
    case GATEWAY_DELETE_NETNS: return "delete-namespace";
    }
    OVS_NOT_REACHED();
}

static struct gateway_action *
add_action(struct ovs_list *actions, enum gateway_action_kind kind,
           const char *subject, const char *value)
{
    struct gateway_action *a = xzalloc(sizeof *a);

    a->kind = kind;
    a->subject = xstrdup(subject);
    a->value = nullable_xstrdup(value);
    ovs_list_push_back(actions, &a->node);
    return a;
}

void
gateway_actions_destroy(struct ovs_list *actions)
{
    struct gateway_action *a;

    LIST_FOR_EACH_POP (a, node, actions) {
        free(a->subject);
        free(a->value);
        free(a);
    }
}

/* Of the text for nft only its size: it is long, and has several lines. */
char *
gateway_action_format(const struct gateway_action *a)
{
    struct ds out = DS_EMPTY_INITIALIZER;

    ds_put_format(&out, "%s %s", gateway_action_kind_to_string(a->kind),
                  a->subject);
    if (a->kind == GATEWAY_LOAD_RULESET) {
        size_t lines = 0;

        for (const char *p = a->value; *p; p++) {
            lines += *p == '\n';
        }
        ds_put_format(&out, " (%"PRIuSIZE" lines)", lines);
    } else if (a->kind == GATEWAY_SET_SYSCTL) {
        ds_put_format(&out, "=%s", a->value);
    } else if (a->value) {
        ds_put_format(&out, " %s", a->value);
    }
    ds_chomp(&out, ' ');
    return ds_steal_cstr(&out);
}

/* --- Normal forms ----------------------------------------------------------*/

char *
gateway_route_format(const char *dest, const struct in6_addr *via)
{
    char ip[INET6_ADDRSTRLEN + 1];

    return xasprintf("%s via %s", dest, ipv6_string_mapped(ip, via));
}

char *
gateway_neighbour_format(const struct in6_addr *addr, struct eth_addr mac)
{
    char ip[INET6_ADDRSTRLEN + 1];

    return xasprintf("%s "ETH_ADDR_FMT, ipv6_string_mapped(ip, addr),
                     ETH_ADDR_ARGS(mac));
}

static char *
address_format(const struct gateway_address *a)
{
    char ip[INET6_ADDRSTRLEN + 1];

    return xasprintf("%s/%u", ipv6_string_mapped(ip, &a->ip), a->plen);
}

static const char *
default_dest(const struct in6_addr *via)
{
    return IN6_IS_ADDR_V4MAPPED(via) ? "0.0.0.0/0" : "::/0";
}

/* --- Kernel settings -------------------------------------------------------*/

struct sysctl_template {
    const char *name;
    const char *value;
};

/* Before all others: switching forwarding resets some of them. */
static const struct sysctl_template forwarding_sysctls[] = {
    { "net/ipv4/ip_forward", "1" },
    { "net/ipv6/conf/all/forwarding", "1" },
    { "net/ipv6/conf/default/forwarding", "1" },
};

/* For "all", "default" and the device, with a %s for these.  Packets go back
 * where they came from, which must neither be reported to the sender as a
 * detour nor be taken for a forgery; nobody tells a gateway where to send. */
static const struct sysctl_template device_sysctls[] = {
    { "net/ipv4/conf/%s/send_redirects", "0" },
    { "net/ipv4/conf/%s/accept_redirects", "0" },
    { "net/ipv4/conf/%s/secure_redirects", "0" },
    { "net/ipv4/conf/%s/accept_source_route", "0" },
    { "net/ipv4/conf/%s/rp_filter", "0" },
    { "net/ipv6/conf/%s/accept_ra", "0" },
    { "net/ipv6/conf/%s/accept_redirects", "0" },
    { "net/ipv6/conf/%s/accept_source_route", "0" },
    { "net/ipv6/conf/%s/accept_dad", "0" },
    { "net/ipv6/conf/%s/router_solicitations", "0" },
    { "net/ipv6/conf/%s/addr_gen_mode", "0" },
};

/* For the end in the host.  A user-space data path leaves frames to the
 * host's network stack too, which must not answer or route them. */
static const struct sysctl_template host_sysctls[] = {
    { "host:net/ipv6/conf/%s/disable_ipv6", "1" },
    { "host:net/ipv4/conf/%s/forwarding", "0" },
    { "host:net/ipv4/conf/%s/arp_ignore", "8" },
};

static void
add_sysctls(struct gateway_sysctl *out, size_t *n,
            const struct sysctl_template *t, size_t n_t, const char *device,
            bool is_device)
{
    for (size_t i = 0; i < n_t; i++) {
        out[*n] = (struct gateway_sysctl) {
            .name = xasprintf(t[i].name, device),
            .value = t[i].value,
            .device = is_device,
        };
        ++*n;
    }
}

struct gateway_sysctl *
gateway_wanted_sysctls(const struct gateway_wanted *w, size_t *n)
{
    struct gateway_sysctl *out
        = xcalloc(ARRAY_SIZE(forwarding_sysctls)
                  + 3 * ARRAY_SIZE(device_sysctls)
                  + ARRAY_SIZE(host_sysctls), sizeof *out);

    *n = 0;
    add_sysctls(out, n, forwarding_sysctls, ARRAY_SIZE(forwarding_sysctls),
                "", false);
    add_sysctls(out, n, device_sysctls, ARRAY_SIZE(device_sysctls), "all",
                false);
    add_sysctls(out, n, device_sysctls, ARRAY_SIZE(device_sysctls), "default",
                false);
    add_sysctls(out, n, device_sysctls, ARRAY_SIZE(device_sysctls),
                w->inner_if, true);
    add_sysctls(out, n, host_sysctls, ARRAY_SIZE(host_sysctls), w->host_if,
                true);
    return out;
}

void
gateway_sysctls_free(struct gateway_sysctl *sysctls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(sysctls[i].name);
    }
    free(sysctls);
}

static void
plan_sysctls(const struct gateway_wanted *w, const struct gateway_observed *o,
             bool device, struct ovs_list *actions)
{
    size_t n;
    struct gateway_sysctl *sysctls = gateway_wanted_sysctls(w, &n);

    for (size_t i = 0; i < n; i++) {
        const char *old = smap_get(&o->sysctls, sysctls[i].name);

        if (sysctls[i].device == device
            && (!old || strcmp(old, sysctls[i].value))) {
            add_action(actions, GATEWAY_SET_SYSCTL, sysctls[i].name,
                       sysctls[i].value);
        }
    }
    gateway_sysctls_free(sysctls, n);
}

/* --- Packet filter ---------------------------------------------------------*/

static void
plan_elements_of(const struct gateway_set *from, const struct gateway_set *to,
                 enum gateway_action_kind kind, struct ovs_list *actions)
{
    struct gateway_set only = { .name = to->name, .ipv6 = to->ipv6 };
    size_t i = 0;

    only.ips = xmalloc(MAX(to->n, 1) * sizeof *only.ips);
    for (size_t j = 0; j < to->n; j++) {
        int cmp = 1;

        while (i < from->n
               && (cmp = memcmp(&from->ips[i], &to->ips[j],
                                sizeof to->ips[j])) < 0) {
            i++;
        }
        if (i >= from->n || cmp) {
            only.ips[only.n++] = to->ips[j];
        }
    }
    if (only.n) {
        struct ds elements = DS_EMPTY_INITIALIZER;

        gateway_set_format_elements(&only, &elements);
        add_action(actions, kind, to->name, ds_cstr(&elements));
        ds_destroy(&elements);
    }
    free(only.ips);
}

/* Returns true if something that was allowed is no longer. */
static bool
plan_elements(const struct gateway_ruleset *rs,
              const struct gateway_observed *o, struct ovs_list *actions)
{
    const struct shash_node **nodes = shash_sort(&rs->sets);
    bool shrunk = false;

    for (size_t i = 0; i < shash_count(&rs->sets); i++) {
        static const struct gateway_set none;
        const struct gateway_set *wanted = nodes[i]->data;
        const struct gateway_set *old = shash_find_data(&o->sets,
                                                        wanted->name);
        struct gateway_set old_or_none = old ? *old : none;

        old_or_none.name = wanted->name;

        size_t before = ovs_list_size(actions);
        plan_elements_of(wanted, &old_or_none, GATEWAY_DELETE_ELEMENTS,
                         actions);
        shrunk |= ovs_list_size(actions) != before;
        plan_elements_of(&old_or_none, wanted, GATEWAY_ADD_ELEMENTS, actions);
    }
    free(nodes);
    return shrunk;
}

static bool
set_equal(const struct gateway_set *a, const struct gateway_set *b)
{
    return a->ipv6 == b->ipv6 && a->n == b->n
           && (!a->n || !memcmp(a->ips, b->ips, a->n * sizeof *a->ips));
}

/* Commands that empty the table, but for its chains, for the counters that go
 * on, and for the sets that stay as they are. */
static void
put_emptying(struct ds *out, const struct gateway_ruleset *rs,
             const struct gateway_observed *o)
{
    struct smap wanted = SMAP_INITIALIZER(&wanted);
    const char *name;
    struct smap_node *node;

    gateway_ruleset_counters(rs, &wanted);
    ds_put_cstr(out, "flush table inet "GATEWAY_TABLE"\n");
    SSET_FOR_EACH (name, &o->set_names) {
        const struct gateway_set *old = shash_find_data(&o->sets, name);
        const struct gateway_set *new = shash_find_data(&rs->sets, name);

        if (!old || !new || !set_equal(old, new)) {
            ds_put_format(out, "delete set inet "GATEWAY_TABLE" %s\n", name);
        }
    }
    SMAP_FOR_EACH (node, &o->comments) {
        const char *comment = smap_get(&wanted, node->key);

        if (!comment || strcmp(comment, node->value)) {
            ds_put_format(out, "delete counter inet "GATEWAY_TABLE" %s\n",
                          node->key);
        }
    }
    smap_destroy(&wanted);
}

/* The text that makes the table as wanted in one transaction.  It is emptied
 * and filled if that will do: packets then go by the old rules or by the new.
 * If chains are at fault it is deleted and made again, and while the kernel
 * does that a packet may meet a chain that has no rules and drops it. */
static char *
load_text(const struct gateway_ruleset *rs, const struct gateway_observed *o)
{
    char *table = gateway_ruleset_format(rs, true, &o->counters);
    struct ds text = DS_EMPTY_INITIALIZER;

    if (o->table && o->replaceable) {
        put_emptying(&text, rs, o);
    } else {
        ds_put_cstr(&text, "table inet "GATEWAY_TABLE"\n"
                    "delete table inet "GATEWAY_TABLE"\n");
    }
    ds_put_cstr(&text, table);
    free(table);
    return ds_steal_cstr(&text);
}

static bool
plan_ruleset(const struct gateway_wanted *w, const char *skeleton,
             const struct gateway_observed *o, struct ovs_list *actions)
{
    const char *name;
    bool shrunk = false;

    if (!o->table || !o->skeleton || strcmp(o->skeleton, skeleton)) {
        char *text = load_text(w->ruleset, o);

        add_action(actions, GATEWAY_LOAD_RULESET, "inet "GATEWAY_TABLE, text);
        free(text);
        shrunk = o->table;
    } else {
        shrunk = plan_elements(w->ruleset, o, actions);
    }
    SSET_FOR_EACH (name, &o->foreign_tables) {
        add_action(actions, GATEWAY_DELETE_TABLE, name, NULL);
    }
    return shrunk;
}

/* --- Devices, addresses, routes --------------------------------------------*/

static bool
have_address(const struct gateway_address *list, size_t n,
             const struct gateway_address *a)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].plen == a->plen
            && ipv6_addr_equals(&list[i].ip, &a->ip)) {
            return true;
        }
    }
    return false;
}

static void
plan_address_list(const struct gateway_address *from, size_t n_from,
                  const struct gateway_address *to, size_t n_to,
                  enum gateway_action_kind kind, struct ovs_list *actions)
{
    for (size_t i = 0; i < n_to; i++) {
        if (!have_address(from, n_from, &to[i])) {
            char *s = address_format(&to[i]);

            add_action(actions, kind, s, NULL)->address = to[i];
            free(s);
        }
    }
}

/* Deletes from 'present' what 'wanted' has not, and the other way round. */
static void
plan_stale(const struct sset *present, const struct sset *wanted,
           enum gateway_action_kind kind, struct ovs_list *actions)
{
    const char *s;

    SSET_FOR_EACH (s, present) {
        if (!sset_contains(wanted, s)) {
            add_action(actions, kind, s, NULL);
        }
    }
}

static void
plan_routes(const struct gateway_wanted *w, const struct gateway_observed *o,
            struct ovs_list *actions)
{
    struct sset routes = SSET_INITIALIZER(&routes);
    struct sset neighbours = SSET_INITIALIZER(&neighbours);

    for (size_t i = 0; i < w->n_routers; i++) {
        const struct in6_addr *router = &w->routers[i];
        char *n = gateway_neighbour_format(router, w->router_mac);
        char *r = gateway_route_format(default_dest(router), router);

        sset_add_and_free(&neighbours, n);
        sset_add_and_free(&routes, r);
    }
    plan_stale(&o->neighbours, &neighbours, GATEWAY_DELETE_NEIGHBOUR, actions);
    plan_stale(&o->routes, &routes, GATEWAY_DELETE_ROUTE, actions);
    for (size_t i = 0; i < w->n_routers; i++) {
        struct gateway_address router = { .ip = w->routers[i] };
        char *n = gateway_neighbour_format(&router.ip, w->router_mac);
        char *r = gateway_route_format(default_dest(&router.ip), &router.ip);

        if (!sset_contains(&o->neighbours, n)) {
            add_action(actions, GATEWAY_ADD_NEIGHBOUR, n, NULL)->address
                = router;
        }
        if (!sset_contains(&o->routes, r)) {
            add_action(actions, GATEWAY_ADD_ROUTE, r, NULL)->address = router;
        }
        free(n);
        free(r);
    }
    sset_destroy(&routes);
    sset_destroy(&neighbours);
}

/* Returns false if the veth has to be made anew. */
static bool
plan_stale_devices(const struct gateway_wanted *w,
                   const struct gateway_observed *o, struct ovs_list *actions)
{
    const char *device;
    bool good = o->host_if.present && o->inner_if.present && o->paired;

    if (!good && o->host_if.present) {
        add_action(actions, GATEWAY_DELETE_VETH, w->host_if, NULL);
    }
    if (!good && o->inner_if.present) {
        add_action(actions, GATEWAY_REMOVE_DEVICE, w->inner_if, NULL);
    }
    SSET_FOR_EACH (device, &o->devices) {
        add_action(actions, GATEWAY_REMOVE_DEVICE, device, NULL);
    }
    return good;
}

static void
plan_devices(const struct gateway_wanted *w, const struct gateway_observed *o,
             struct ovs_list *actions)
{
    plan_sysctls(w, o, true, actions);
    if (!eth_addr_equals(o->inner_if.mac, w->mac)) {
        char *mac = xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(w->mac));

        add_action(actions, GATEWAY_SET_MAC, w->inner_if, mac);
        free(mac);
    }
    if (w->plain_frames
        && !(o->host_if.plain_frames && o->inner_if.plain_frames)) {
        add_action(actions, GATEWAY_SET_PLAIN_FRAMES, w->inner_if, w->host_if);
    }
    plan_address_list(w->addresses, w->n_addresses,
                      o->addresses, o->n_addresses,
                      GATEWAY_DELETE_ADDRESS, actions);
    plan_address_list(o->addresses, o->n_addresses,
                      w->addresses, w->n_addresses,
                      GATEWAY_ADD_ADDRESS, actions);
    if (!o->lo_up) {
        add_action(actions, GATEWAY_SET_UP, "lo", NULL);
    }
    if (!o->host_if.up) {
        add_action(actions, GATEWAY_SET_UP, w->host_if, NULL);
    }
    if (!o->inner_if.up) {
        add_action(actions, GATEWAY_SET_UP, w->inner_if, NULL);
    }
    plan_routes(w, o, actions);
}

void
gateway_plan(const struct gateway_wanted *w, const char *skeleton,
             const struct gateway_observed *o, struct ovs_list *actions)
{
    struct gateway_observed blank;

    gateway_observed_init(&blank);
    if (!o->netns) {
        add_action(actions, GATEWAY_CREATE_NETNS, w->netns, NULL);
    }

    bool have_veth = plan_stale_devices(w, o, actions);
    plan_sysctls(w, o, false, actions);
    bool shrunk = plan_ruleset(w, skeleton, o, actions);
    if (!have_veth) {
        add_action(actions, GATEWAY_CREATE_VETH, w->host_if, w->inner_if);
        blank.lo_up = o->lo_up;
        blank.inner_if.mac = w->mac; /* Made with it. */
    }
    plan_devices(w, have_veth ? o : &blank, actions);
    if (shrunk) {
        add_action(actions, GATEWAY_FLUSH_CONNECTIONS, w->netns, NULL);
    }
    gateway_observed_destroy(&blank);
}

void
gateway_plan_removal(const char *netns, struct ovs_list *actions)
{
    add_action(actions, GATEWAY_DELETE_NETNS, netns, NULL);
}
