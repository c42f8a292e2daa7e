/* SPDX-License-Identifier: Apache-2.0
 *
 * What the gateways of a host should look like. */

#include <config.h>
#include "gateway/plan.h"

#include <ctype.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include "util.h"

/* FNV-1a.  Names must not change with a version of a library. */
static uint64_t
stable_hash(const char *s, unsigned int salt)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + salt;

    for (; *s; s++) {
        hash = (hash ^ (unsigned char) *s) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* "tvd-gw-EE", or, if the EE's name is too long or has characters that do not
 * belong into a file name, with these replaced and a hash at the end. */
static char *
netns_name(const char *ee, unsigned int salt)
{
    const size_t room = GATEWAY_NETNS_MAX - strlen(GATEWAY_NETNS_PREFIX);
    char *safe = xstrdup(ee);
    bool changed = salt != 0 || strlen(ee) > room;
    char *name;

    for (char *p = safe; *p; p++) {
        if (!isalnum((unsigned char) *p) && !strchr("_.-", *p)) {
            *p = '_';
            changed = true;
        }
    }
    if (changed) {
        name = xasprintf(GATEWAY_NETNS_PREFIX "%.*s-%08"PRIx32,
                         (int) room - 9, safe,
                         (uint32_t) stable_hash(ee, salt));
    } else {
        name = xasprintf(GATEWAY_NETNS_PREFIX "%s", safe);
    }
    free(safe);
    return name;
}

static char *
host_if_name(const char *nic, unsigned int salt)
{
    return xasprintf("tvdg%010"PRIx64,
                     stable_hash(nic, salt) & UINT64_C(0xffffffffff));
}

/* A name from 'make' that is not in 'used' yet, and now is. */
static char *
unique_name(struct sset *used, char *(*make)(const char *, unsigned int),
            const char *from)
{
    for (unsigned int salt = 0; ; salt++) {
        char *name = make(from, salt);

        if (sset_add(used, name)) {
            return name;
        }
        free(name);
    }
}

bool
gateway_netns_name_is_ours(const char *name)
{
    return !strncmp(name, GATEWAY_NETNS_PREFIX, strlen(GATEWAY_NETNS_PREFIX))
           && strlen(name) > strlen(GATEWAY_NETNS_PREFIX)
           && strlen(name) <= GATEWAY_NETNS_MAX && !strchr(name, '/');
}

/* As the kernel's dev_valid_name(), and no name that means something else
 * where settings of devices are. */
bool
gateway_device_name_is_valid(const char *name)
{
    if (!*name || strlen(name) >= IFNAMSIZ || !strcmp(name, ".")
        || !strcmp(name, "..") || !strcmp(name, "lo")
        || !strcmp(name, "all") || !strcmp(name, "default")) {
        return false;
    }
    for (; *name; name++) {
        if (*name == '/' || *name == ':' || *name == '%'
            || isspace((unsigned char) *name)) {
            return false;
        }
    }
    return true;
}

/* Why no gateway can be made for 'ee', or NULL. */
static char *
check_ee(const struct model_ee *ee)
{
    const struct model_nic *nic = ee->n_nics ? ee->nics[0] : NULL;

    if (ee->n_nics != 1) {
        return xasprintf("cannot make gateway %s: it has %"PRIuSIZE" NICs, "
                         "a gateway made by the agent has 1",
                         ee->name, ee->n_nics);
    } else if (ee->kind != MODEL_EE_NAMESPACE) {
        return xasprintf("cannot make gateway %s: it is not of kind "
                         "namespace", ee->name);
    } else if (!nic->tvd || !nic->role || !nic->id
               || eth_addr_is_zero(nic->mac) || !nic->n_ips
               || eth_addr_is_zero(nic->tvd->router_mac)) {
        return xasprintf("cannot make gateway %s: its NIC %s has no id, MAC "
                         "or IP address yet", ee->name, nic->name);
    } else if (!model_role_is_gateway(nic->role)) {
        return xasprintf("cannot make gateway %s: its NIC %s has role %s, "
                         "not " MODEL_GATEWAY_ROLE, ee->name, nic->name,
                         nic->role->name);
    } else if (!gateway_device_name_is_valid(nic->name)) {
        return xasprintf("cannot make gateway %s: \"%s\" cannot be the name "
                         "of a network device", ee->name, nic->name);
    }
    return NULL;
}

static void
fill_addresses(struct gateway_wanted *w, const struct model_nic *nic)
{
    w->addresses = xcalloc(nic->n_ips, sizeof *w->addresses);
    for (size_t i = 0; i < nic->n_ips; i++) {
        const struct model_subnet *subnet
            = model_tvd_subnet_of(nic->tvd, &nic->ips[i]);
        struct gateway_address *a = &w->addresses[w->n_addresses++];

        a->ip = nic->ips[i];
        a->plen = subnet ? subnet->plen
                  : IN6_IS_ADDR_V4MAPPED(&a->ip) ? 32 : 128;
    }
}

static bool
nic_is_in(const struct model_nic *nic, const struct model_subnet *subnet)
{
    for (size_t i = 0; i < nic->n_ips; i++) {
        if (model_subnet_contains(subnet, &nic->ips[i])) {
            return true;
        }
    }
    return false;
}

/* The next hop for each IP version: the router in a subnet where the gateway
 * has an address, else in the first subnet. */
static void
fill_routers(struct gateway_wanted *w, const struct model_nic *nic)
{
    const struct model_tvd *tvd = nic->tvd;

    w->routers = xcalloc(2, sizeof *w->routers);
    w->router_mac = tvd->router_mac;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const struct model_subnet *best = NULL;

        for (size_t i = 0; i < tvd->n_subnets; i++) {
            const struct model_subnet *subnet = &tvd->subnets[i];

            if (subnet->ipv6 == ipv6
                && (!best || (nic_is_in(nic, subnet)
                              && !nic_is_in(nic, best)))) {
                best = subnet;
            }
        }
        if (best) {
            w->routers[w->n_routers++] = best->router;
        }
    }
}

static void
fill(struct gateway_wanted *w, const struct model *m,
     const struct gateway_index *index, const struct model_nic *nic,
     struct sset *used)
{
    w->inner_if = xstrdup(nic->name);
    w->netns = unique_name(used, netns_name, nic->ee->name);
    w->host_if = unique_name(used, host_if_name, w->nic);
    w->mac = nic->mac;
    fill_addresses(w, nic);
    fill_routers(w, nic);
    w->error = gateway_ruleset_create(m, index, nic, &w->ruleset);
}

void
gateway_plan_wanted(const struct model *m, const char *host,
                    bool plain_frames, struct shash *wanted)
{
    struct shash managed = SHASH_INITIALIZER(&managed);
    struct gateway_index *index = NULL;
    struct sset used = SSET_INITIALIZER(&used);
    const struct shash_node **ees, *node;

    shash_init(wanted);
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        if (ee->managed && ee->host && !strcmp(ee->host, host)) {
            shash_add(&managed, ee->name, ee);
        }
    }
    ees = shash_sort(&managed);
    for (size_t i = 0; i < shash_count(&managed); i++) {
        const struct model_ee *ee = ees[i]->data;
        struct gateway_wanted *w = xzalloc(sizeof *w);

        shash_add_assert(wanted, ee->name, w);
        w->ee = xstrdup(ee->name);
        w->nic = xasprintf("%s/%s", ee->name,
                           ee->n_nics ? ee->nics[0]->name : "");
        w->plain_frames = plain_frames;
        w->error = check_ee(ee);
        if (!w->error) {
            if (!index) {
                index = gateway_index_create(m);
            }
            fill(w, m, index, ee->nics[0], &used);
        }
    }
    shash_destroy(&managed);
    sset_destroy(&used);
    gateway_index_destroy(index);
    free(ees);
}

static bool
nullable_strings_equal(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool
addresses_equal(const struct gateway_wanted *a, const struct gateway_wanted *b)
{
    for (size_t i = 0; i < a->n_addresses && a->n_addresses == b->n_addresses;
         i++) {
        if (a->addresses[i].plen != b->addresses[i].plen
            || !ipv6_addr_equals(&a->addresses[i].ip, &b->addresses[i].ip)) {
            return false;
        }
    }
    return a->n_addresses == b->n_addresses;
}

bool
gateway_wanted_equal(const struct gateway_wanted *a,
                     const struct gateway_wanted *b)
{
    if (strcmp(a->ee, b->ee) || strcmp(a->nic, b->nic)
        || !nullable_strings_equal(a->error, b->error)) {
        return false;
    }
    return a->error
           || (!strcmp(a->netns, b->netns) && !strcmp(a->host_if, b->host_if)
               && !strcmp(a->inner_if, b->inner_if)
               && eth_addr_equals(a->mac, b->mac)
               && a->plain_frames == b->plain_frames
               && addresses_equal(a, b)
               && a->n_routers == b->n_routers
               && !memcmp(a->routers, b->routers,
                          a->n_routers * sizeof *a->routers)
               && eth_addr_equals(a->router_mac, b->router_mac)
               && gateway_ruleset_equal(a->ruleset, b->ruleset));
}

void
gateway_wanted_destroy(struct gateway_wanted *w)
{
    if (w) {
        free(w->ee);
        free(w->nic);
        free(w->error);
        free(w->netns);
        free(w->host_if);
        free(w->inner_if);
        free(w->addresses);
        free(w->routers);
        gateway_ruleset_destroy(w->ruleset);
        free(w);
    }
}

void
gateway_wanted_destroy_all(struct shash *wanted)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, wanted) {
        gateway_wanted_destroy(node->data);
    }
    shash_destroy(wanted);
}
