/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/alloc.h"

#include <string.h>
#include "flowpolicy/decide.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "util.h"

static const struct kind {
    const char *key;            /* In the stored state. */
    const char *what;           /* In messages. */
    uint32_t max;               /* Ids are 1..max; pools have their own. */
} kinds[ALLOC_N_KINDS] = {
    [ALLOC_TVD] = { "tvd", "TVD id", 32767 },
    [ALLOC_ROLE] = { "role", "role id", 65535 },
    [ALLOC_RULE] = { "rule", "rule id", INT32_MAX },
    [ALLOC_NIC] = { "nic", "NIC id", (1u << 24) - 1 },
    [ALLOC_VLAN] = { "vlan", "VLAN", 4094 },
    [ALLOC_VNI] = { "vni", "VNI", (1u << 24) - 1 },
};

/* What is taken, other than NICs' ids and MACs, which the model indexes: ids,
 * routers' MACs and addresses, each in a space of its own. */
enum { SPACE_MAC = ALLOC_N_KINDS, SPACE_IP };

struct taken_key {
    uint32_t space;             /* enum alloc_kind, or one of the above. */
    uint32_t word[4];
};

struct taken {
    struct hmap_node node;
    struct taken_key key;
};

struct allocator {
    struct model *m;
    struct alloc_state state;
    struct hmap taken;
    uint32_t n_taken[ALLOC_N_KINDS];
    size_t n_ips;
    struct svec *notes;
    char *error;
};

/* --- Stored state. */

void
alloc_state_to_smap(const struct alloc_state *state, struct smap *map)
{
    for (int i = 0; i < ALLOC_N_KINDS; i++) {
        smap_add_format(map, kinds[i].key, "%"PRIu32, state->last[i]);
    }
}

void
alloc_state_from_smap(struct alloc_state *state, const struct smap *map)
{
    for (int i = 0; i < ALLOC_N_KINDS; i++) {
        const char *text = smap_get(map, kinds[i].key);
        unsigned int value;

        state->last[i] = text && str_to_uint(text, 10, &value)
                         && value <= kinds[i].max ? value : 0;
    }
}

/* --- What is taken. */

static struct taken_key
id_key(enum alloc_kind kind, uint32_t id)
{
    return (struct taken_key) { .space = kind, .word = { id } };
}

static struct taken_key
mac_key(struct eth_addr mac)
{
    uint64_t n = eth_addr_to_uint64(mac);

    return (struct taken_key) { .space = SPACE_MAC, .word = { n >> 32, n } };
}

static struct taken_key
ip_key(const struct in6_addr *ip)
{
    struct taken_key key = { .space = SPACE_IP };

    memcpy(key.word, ip, sizeof key.word);
    return key;
}

static bool
is_taken(const struct allocator *a, struct taken_key key)
{
    uint32_t hash = hash_bytes(&key, sizeof key, 0);
    struct taken *t;

    HMAP_FOR_EACH_WITH_HASH (t, node, hash, &a->taken) {
        if (!memcmp(&t->key, &key, sizeof key)) {
            return true;
        }
    }
    return false;
}

static void
take(struct allocator *a, struct taken_key key)
{
    struct taken *t = xmalloc(sizeof *t);

    t->key = key;
    hmap_insert(&a->taken, &t->node, hash_bytes(&key, sizeof key, 0));
    if (key.space < ALLOC_N_KINDS) {
        a->n_taken[key.space]++;
    } else if (key.space == SPACE_IP) {
        a->n_ips++;
    }
}

static bool
id_is_taken(const struct allocator *a, enum alloc_kind kind, uint32_t id)
{
    return kind == ALLOC_NIC ? model_nic_find_id(a->m, id) != NULL
                             : is_taken(a, id_key(kind, id));
}

static bool
mac_is_taken(const struct allocator *a, struct eth_addr mac)
{
    return model_nic_find_mac(a->m, mac) || is_taken(a, mac_key(mac));
}

/* Records an id that is set already; 0 is none. */
static void
take_set_id(struct allocator *a, enum alloc_kind kind, uint32_t id)
{
    if (id && !id_is_taken(a, kind, id)) {
        take(a, id_key(kind, id));
    }
}

static void
take_nic_ips(struct allocator *a, const struct model_nic *nic)
{
    for (size_t i = 0; i < nic->n_ips; i++) {
        take(a, ip_key(&nic->ips[i]));
    }
}

/* --- The allocator. */

static void
allocator_init(struct allocator *a, struct model *m,
               const struct alloc_state *state, struct svec *notes)
{
    *a = (struct allocator) { .m = m, .state = *state, .notes = notes };
    hmap_init(&a->taken);
}

/* Stores the state if nothing failed.  Returns the error, if any. */
static char *
allocator_finish(struct allocator *a, struct alloc_state *state)
{
    struct taken *t;

    HMAP_FOR_EACH_POP (t, node, &a->taken) {
        free(t);
    }
    hmap_destroy(&a->taken);
    if (!a->error) {
        *state = a->state;
    }
    return a->error;
}

static void OVS_PRINTF_FORMAT(2, 3)
note(struct allocator *a, const char *format, ...)
{
    if (a->notes) {
        va_list args;

        va_start(args, format);
        svec_add_nocopy(a->notes, xvasprintf(format, args));
        va_end(args);
    }
}

static struct model_range
range_of(const struct allocator *a, enum alloc_kind kind)
{
    if (kind == ALLOC_VLAN) {
        return a->m->vlan_pool.max ? a->m->vlan_pool : (struct model_range) {
            .min = ALLOC_VLAN_POOL_MIN, .max = ALLOC_VLAN_POOL_MAX };
    } else if (kind == ALLOC_VNI) {
        return a->m->vni_pool.max ? a->m->vni_pool : (struct model_range) {
            .min = ALLOC_VNI_POOL_MIN, .max = ALLOC_VNI_POOL_MAX };
    }
    return (struct model_range) { .min = 1, .max = kinds[kind].max };
}

static bool
in_range(const struct model_range *range, uint32_t id)
{
    return id && id >= range->min && id <= range->max;
}

/* True if 'id', which an object of the old model has, is still good for the
 * object of that name in the new one. */
static bool
may_keep_id(const struct allocator *a, enum alloc_kind kind, uint32_t id)
{
    struct model_range range = range_of(a, kind);

    return in_range(&range, id) && !id_is_taken(a, kind, id);
}

/* The next free id after the last one taken, 0 and an error if there is none.
 * Of n + 1 candidates at least one is not among the n that are taken. */
static uint32_t
next_id(struct allocator *a, enum alloc_kind kind, const char *owner)
{
    struct model_range range = range_of(a, kind);
    uint32_t size = range.max - range.min + 1;
    size_t n_taken = kind == ALLOC_NIC ? hmap_count(&a->m->nics_by_id)
                                       : a->n_taken[kind];
    uint32_t id = a->state.last[kind];

    for (size_t i = 0; i < size && i <= n_taken; i++) {
        id = id < range.min || id >= range.max ? range.min : id + 1;
        if (!id_is_taken(a, kind, id)) {
            a->state.last[kind] = id;
            if (kind != ALLOC_NIC) {
                take(a, id_key(kind, id));
            }
            return id;
        }
    }

    bool pool = kind == ALLOC_VLAN || kind == ALLOC_VNI;
    a->error = xasprintf("no %s is left for %s: all %"PRIu32" of %"PRIu32
                         "-%"PRIu32" are taken%s%s", kinds[kind].what, owner,
                         size, range.min, range.max,
                         pool ? "; widen " : "",
                         !pool ? "" : kind == ALLOC_VLAN
                         ? "vlan_pool" : "vni_pool");
    return 0;
}

/* If nothing is known of what was taken last, begins above 'id'. */
static void
remember(struct allocator *a, const struct alloc_state *known,
         enum alloc_kind kind, uint32_t id)
{
    if (!known->last[kind]) {
        a->state.last[kind] = MAX(a->state.last[kind], id);
    }
}

/* --- MACs. */

/* Chooses for the object with 'id' a MAC that begins with 'prefix', in whose
 * first byte all but "locally administered" and "group" may vary. */
static bool
choose_mac(struct allocator *a, uint64_t prefix, uint32_t id,
           const char *owner, struct eth_addr *mac)
{
    for (uint64_t variant = 0; variant < 64; variant++) {
        eth_addr_from_uint64((prefix | id) ^ variant << 42, mac);
        if (!mac_is_taken(a, *mac)) {
            return true;
        }
    }
    a->error = xasprintf("no MAC is left for %s: all that are made from its "
                         "id %"PRIu32" are taken", owner, id);
    return false;
}

static bool
may_keep_mac(const struct allocator *a, struct eth_addr mac)
{
    return !eth_addr_is_zero(mac) && !eth_addr_is_multicast(mac)
           && !mac_is_taken(a, mac);
}

/* --- Addresses. */

/* The number of host numbers of 'subnet' to choose from, from 2 on (0 is the
 * network's, 1 the router's); of a large subnet, as many as there are ids. */
static uint32_t
n_hosts(const struct model_subnet *subnet)
{
    unsigned int bits = (subnet->ipv6 ? 128 : 32) - subnet->plen;
    uint32_t reserved = subnet->ipv6 ? 2 : 3;   /* IPv4 has a broadcast. */
    uint32_t n = bits >= 26 ? 1u << 26 : 1u << bits;

    return n > reserved ? n - reserved : 0;
}

static struct in6_addr
host_address(const struct model_subnet *subnet, uint32_t host)
{
    struct in6_addr ip = subnet->addr;
    ovs_be32 low;

    memcpy(&low, &ip.s6_addr[12], sizeof low);
    low |= htonl(host);
    memcpy(&ip.s6_addr[12], &low, sizeof low);
    return ip;
}

static bool
is_broadcast(const struct model_subnet *subnet, const struct in6_addr *ip)
{
    if (subnet->ipv6) {
        return false;
    }

    struct in6_addr last = host_address(
        subnet, subnet->plen < 32 ? UINT32_MAX >> subnet->plen : 0);
    return ipv6_addr_equals(ip, &last);
}

static bool
may_keep_ip(const struct allocator *a, const struct model_subnet *subnet,
            const struct in6_addr *ip)
{
    return model_subnet_contains(subnet, ip)
           && !ipv6_addr_equals(ip, &subnet->addr)
           && !ipv6_addr_equals(ip, &subnet->router)
           && !is_broadcast(subnet, ip)
           && !is_taken(a, ip_key(ip));
}

static bool
nic_has_ip_in(const struct model_nic *nic, const struct model_subnet *subnet)
{
    for (size_t i = 0; i < nic->n_ips; i++) {
        if (model_subnet_contains(subnet, &nic->ips[i])) {
            return true;
        }
    }
    return false;
}

static void
add_ip(struct allocator *a, struct model_nic *nic, const struct in6_addr *ip)
{
    model_nic_add_ip(nic, ip);
    take(a, ip_key(ip));
}

/* Keeps those of the addresses 'old' had that still fit, one a subnet. */
static void
keep_ips(struct allocator *a, struct model_nic *nic,
         const struct model_nic *old)
{
    for (size_t s = 0; s < nic->tvd->n_subnets; s++) {
        const struct model_subnet *subnet = &nic->tvd->subnets[s];

        for (size_t i = 0; i < old->n_ips; i++) {
            if (may_keep_ip(a, subnet, &old->ips[i])) {
                add_ip(a, nic, &old->ips[i]);
                break;
            }
        }
    }
}

static bool
choose_ip(struct allocator *a, struct model_nic *nic,
          const struct model_subnet *subnet)
{
    uint32_t n = n_hosts(subnet);

    for (uint32_t i = 0; i < n && i <= a->n_ips; i++) {
        uint32_t host = 2 + (nic->id - 1 + i) % n;
        struct in6_addr ip = host_address(subnet, host);

        if (!ipv6_addr_equals(&ip, &subnet->router)
            && !is_taken(a, ip_key(&ip))) {
            add_ip(a, nic, &ip);
            return true;
        }
    }

    struct ds net = DS_EMPTY_INITIALIZER;
    ipv6_format_mapped(&subnet->addr, &net);
    a->error = xasprintf("no address is left for NIC '%s/%s' in subnet %s/%u "
                         "of TVD '%s': all %"PRIu32" are taken; widen the "
                         "subnet", nic->ee->name, nic->name, ds_cstr(&net),
                         subnet->plen, nic->tvd->name, n);
    ds_destroy(&net);
    return false;
}

/* Puts the addresses in the order of the subnets they are in. */
static void
order_ips(struct model_nic *nic)
{
    size_t n = 0;

    for (size_t s = 0; s < nic->tvd->n_subnets; s++) {
        for (size_t i = n; i < nic->n_ips; i++) {
            struct in6_addr ip = nic->ips[i];

            if (model_subnet_contains(&nic->tvd->subnets[s], &ip)) {
                memmove(&nic->ips[n + 1], &nic->ips[n], (i - n) * sizeof ip);
                nic->ips[n++] = ip;
            }
        }
    }
}

/* --- NICs. */

static bool
fill_nic(struct allocator *a, struct model_nic *nic)
{
    char *name = xasprintf("NIC '%s/%s'", nic->ee->name, nic->name);
    bool good = true;

    if (!nic->id) {
        uint32_t id = next_id(a, ALLOC_NIC, name);

        good = id != 0;
        model_nic_set_id(a->m, nic, id);
    }
    if (good && eth_addr_is_zero(nic->mac)) {
        struct eth_addr mac;

        good = choose_mac(a, 0x025456000000, nic->id, name, &mac);
        if (good) {
            model_nic_set_mac(a->m, nic, mac);
        }
    }
    if (!nic->ips_declared) {
        for (size_t s = 0; good && s < nic->tvd->n_subnets; s++) {
            const struct model_subnet *subnet = &nic->tvd->subnets[s];

            good = nic_has_ip_in(nic, subnet) || choose_ip(a, nic, subnet);
        }
        order_ips(nic);
    }
    free(name);
    return good;
}

static void
keep_nic(struct allocator *a, struct model_nic *nic,
         const struct model_nic *old)
{
    if (!nic->id && may_keep_id(a, ALLOC_NIC, old->id)) {
        model_nic_set_id(a->m, nic, old->id);
    }
    if (eth_addr_is_zero(nic->mac) && may_keep_mac(a, old->mac)) {
        model_nic_set_mac(a->m, nic, old->mac);
    }
    if (!nic->ips_declared && !nic->n_ips) {
        keep_ips(a, nic, old);
    }
}

static bool
nic_has_ip(const struct model_nic *nic, const struct in6_addr *ip)
{
    for (size_t i = 0; i < nic->n_ips; i++) {
        if (ipv6_addr_equals(&nic->ips[i], ip)) {
            return true;
        }
    }
    return false;
}

/* Says what 'nic' had chosen for it before and could not keep. */
static void
note_moved_nic(struct allocator *a, const struct model_nic *nic,
               const struct model_nic *old)
{
    if (!nic->mac_declared && !old->mac_declared
        && !eth_addr_equals(nic->mac, old->mac)) {
        note(a, "NIC '%s/%s': its MAC moves from "ETH_ADDR_FMT" to "
             ETH_ADDR_FMT": the old one is declared elsewhere",
             nic->ee->name, nic->name, ETH_ADDR_ARGS(old->mac),
             ETH_ADDR_ARGS(nic->mac));
    }
    if (nic->ips_declared || old->ips_declared) {
        return;
    }
    for (size_t i = 0; i < old->n_ips; i++) {
        if (!nic_has_ip(nic, &old->ips[i])) {
            struct ds ip = DS_EMPTY_INITIALIZER;
            bool fits = model_tvd_subnet_of(nic->tvd, &old->ips[i]);

            ipv6_format_mapped(&old->ips[i], &ip);
            note(a, "NIC '%s/%s': it loses address %s: that is %s",
                 nic->ee->name, nic->name, ds_cstr(&ip),
                 fits ? "declared elsewhere, or the subnet's own"
                      : "in no subnet of its TVD");
            ds_destroy(&ip);
        }
    }
}

/* The NIC of the old model that has the names of 'nic', or NULL. */
static const struct model_nic *
old_nic(const struct model *old, const struct model_nic *nic)
{
    const struct model_ee *ee = old ? model_ee_find(old, nic->ee->name) : NULL;

    return ee ? model_nic_find(ee, nic->name) : NULL;
}

/* --- TVDs, roles, rules. */

static bool
fill_tvd(struct allocator *a, struct model_tvd *tvd)
{
    char *name = xasprintf("TVD '%s'", tvd->name);

    if (!tvd->id) {
        tvd->id = next_id(a, ALLOC_TVD, name);
    }
    if (tvd->id && !tvd->vlan) {
        tvd->vlan = next_id(a, ALLOC_VLAN, name);
    }
    if (tvd->vlan && !tvd->vni) {
        tvd->vni = next_id(a, ALLOC_VNI, name);
    }
    if (tvd->vni && eth_addr_is_zero(tvd->router_mac)
        && choose_mac(a, 0x025457000000, tvd->id, name, &tvd->router_mac)) {
        take(a, mac_key(tvd->router_mac));
    }
    free(name);
    return !a->error;
}

static void
keep_tvd(struct allocator *a, struct model_tvd *tvd,
         const struct model_tvd *old)
{
    if (!tvd->id && may_keep_id(a, ALLOC_TVD, old->id)) {
        tvd->id = old->id;
        take(a, id_key(ALLOC_TVD, tvd->id));
    }
    if (!tvd->vlan && may_keep_id(a, ALLOC_VLAN, old->vlan)) {
        tvd->vlan = old->vlan;
        take(a, id_key(ALLOC_VLAN, tvd->vlan));
    }
    if (!tvd->vni && may_keep_id(a, ALLOC_VNI, old->vni)) {
        tvd->vni = old->vni;
        take(a, id_key(ALLOC_VNI, tvd->vni));
    }
    if (eth_addr_is_zero(tvd->router_mac)
        && may_keep_mac(a, old->router_mac)) {
        tvd->router_mac = old->router_mac;
        take(a, mac_key(tvd->router_mac));
    }
}

static void
note_moved_id(struct allocator *a, const struct model_tvd *tvd,
              enum alloc_kind kind, uint32_t from, uint32_t to)
{
    struct model_range range = range_of(a, kind);

    if (from && from != to) {
        note(a, "TVD '%s': its %s moves from %"PRIu32" to %"PRIu32": the old "
             "one is %s", tvd->name, kinds[kind].what, from, to,
             in_range(&range, from) ? "declared elsewhere" : "outside the "
             "pool");
    }
}

static void
note_moved_tvd(struct allocator *a, const struct model_tvd *tvd,
               const struct model_tvd *old)
{
    if (!tvd->vlan_declared && !old->vlan_declared) {
        note_moved_id(a, tvd, ALLOC_VLAN, old->vlan, tvd->vlan);
    }
    if (!tvd->vni_declared && !old->vni_declared) {
        note_moved_id(a, tvd, ALLOC_VNI, old->vni, tvd->vni);
    }
}

static void
keep_role(struct allocator *a, struct model_role *role,
          const struct model_role *old)
{
    struct shash_node *node;

    if (!role->id && may_keep_id(a, ALLOC_ROLE, old->id)) {
        role->id = old->id;
        take(a, id_key(ALLOC_ROLE, role->id));
    }
    SHASH_FOR_EACH (node, &role->rules) {
        const struct model_rule *old_rule
            = shash_find_data(&old->rules, node->name);
        struct model_rule *rule = node->data;

        if (old_rule && !rule->id
            && may_keep_id(a, ALLOC_RULE, old_rule->id)) {
            rule->id = old_rule->id;
            take(a, id_key(ALLOC_RULE, rule->id));
        }
    }
}

static bool
fill_role(struct allocator *a, struct model_role *role)
{
    const struct shash_node **nodes = shash_sort(&role->rules);
    size_t n = shash_count(&role->rules);
    char *name = xasprintf("role '%s/%s'", role->tvd->name, role->name);

    if (!role->id) {
        role->id = next_id(a, ALLOC_ROLE, name);
    }
    for (size_t i = 0; !a->error && i < n; i++) {
        struct model_rule *rule = nodes[i]->data;

        if (!rule->id) {
            rule->id = next_id(a, ALLOC_RULE, name);
        }
    }
    free(name);
    free(nodes);
    return !a->error;
}

static bool
fill_roles(struct allocator *a, struct model_tvd *tvd)
{
    const struct shash_node **nodes = shash_sort(&tvd->roles);
    size_t n = shash_count(&tvd->roles);

    for (size_t i = 0; !a->error && i < n; i++) {
        fill_role(a, nodes[i]->data);
    }
    free(nodes);
    return !a->error;
}

/* --- Whole models.
 *
 * First everything that 'new' has set is taken; then each object keeps what
 * it had and is free; what is left is filled in last, so that nobody is given
 * a value that somebody else is about to keep. */

static void
take_tvd(struct allocator *a, const struct model_tvd *tvd)
{
    struct shash_node *node, *rule_node;

    take_set_id(a, ALLOC_TVD, tvd->id);
    take_set_id(a, ALLOC_VLAN, tvd->vlan);
    take_set_id(a, ALLOC_VNI, tvd->vni);
    if (!eth_addr_is_zero(tvd->router_mac)) {
        take(a, mac_key(tvd->router_mac));
    }
    SHASH_FOR_EACH (node, &tvd->roles) {
        const struct model_role *role = node->data;

        take_set_id(a, ALLOC_ROLE, role->id);
        SHASH_FOR_EACH (rule_node, &role->rules) {
            const struct model_rule *rule = rule_node->data;

            take_set_id(a, ALLOC_RULE, rule->id);
        }
    }
}

static void
take_model(struct allocator *a)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &a->m->tvds) {
        take_tvd(a, node->data);
    }
    SHASH_FOR_EACH (node, &a->m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            take_nic_ips(a, ee->nics[i]);
        }
    }
}

static void
remember_tvd(struct allocator *a, const struct alloc_state *known,
             const struct model_tvd *tvd)
{
    struct shash_node *node, *rule_node;

    remember(a, known, ALLOC_TVD, tvd->id);
    remember(a, known, ALLOC_VLAN, tvd->vlan_declared ? 0 : tvd->vlan);
    remember(a, known, ALLOC_VNI, tvd->vni_declared ? 0 : tvd->vni);
    SHASH_FOR_EACH (node, &tvd->roles) {
        const struct model_role *role = node->data;

        remember(a, known, ALLOC_ROLE, role->id);
        SHASH_FOR_EACH (rule_node, &role->rules) {
            const struct model_rule *rule = rule_node->data;

            remember(a, known, ALLOC_RULE, rule->id);
        }
    }
}

/* Makes up for a state that was never stored, or lost. */
static void
remember_model(struct allocator *a, const struct alloc_state *known,
               const struct model *m)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        remember_tvd(a, known, node->data);
    }
    if (!known->last[ALLOC_NIC]) {
        const struct model_nic *nic;

        HMAP_FOR_EACH (nic, id_node, &m->nics_by_id) {
            remember(a, known, ALLOC_NIC, nic->id);
        }
    }
}

static void
keep_model(struct allocator *a, const struct model *old)
{
    struct shash_node *node, *role_node;

    SHASH_FOR_EACH (node, &a->m->tvds) {
        const struct model_tvd *old_tvd = model_tvd_find(old, node->name);
        struct model_tvd *tvd = node->data;

        if (!old_tvd) {
            continue;
        }
        keep_tvd(a, tvd, old_tvd);
        SHASH_FOR_EACH (role_node, &tvd->roles) {
            const struct model_role *old_role
                = model_role_find(old_tvd, role_node->name);

            if (old_role) {
                keep_role(a, role_node->data, old_role);
            }
        }
    }
    SHASH_FOR_EACH (node, &a->m->ees) {
        struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            const struct model_nic *nic = old_nic(old, ee->nics[i]);

            if (nic) {
                keep_nic(a, ee->nics[i], nic);
            }
        }
    }
}

static void
fill_tvds(struct allocator *a, const struct model *old)
{
    const struct shash_node **nodes = shash_sort(&a->m->tvds);
    size_t n = shash_count(&a->m->tvds);

    for (size_t i = 0; !a->error && i < n; i++) {
        const struct model_tvd *old_tvd
            = old ? model_tvd_find(old, nodes[i]->name) : NULL;
        struct model_tvd *tvd = nodes[i]->data;

        if (fill_tvd(a, tvd) && fill_roles(a, tvd) && old_tvd) {
            note_moved_tvd(a, tvd, old_tvd);
        }
    }
    free(nodes);
}

static void
fill_ees(struct allocator *a, const struct model *old)
{
    const struct shash_node **nodes = shash_sort(&a->m->ees);
    size_t n = shash_count(&a->m->ees);

    for (size_t i = 0; !a->error && i < n; i++) {
        struct model_ee *ee = nodes[i]->data;

        for (size_t j = 0; j < ee->n_nics && fill_nic(a, ee->nics[j]); j++) {
            const struct model_nic *nic = old_nic(old, ee->nics[j]);

            if (nic) {
                note_moved_nic(a, ee->nics[j], nic);
            }
        }
    }
    free(nodes);
}

char *
alloc_fill(struct model *new, const struct model *old,
           struct alloc_state *state, struct svec *notes)
{
    struct allocator a;

    allocator_init(&a, new, state, notes);
    take_model(&a);
    remember_model(&a, state, new);
    if (old) {
        remember_model(&a, state, old);
        keep_model(&a, old);
    }
    fill_tvds(&a, old);
    if (!a.error) {
        fill_ees(&a, old);
    }
    if (!a.error) {
        decide_assign_gateways(new);
    }
    return allocator_finish(&a, state);
}

/* --- One EE. */

static bool
joins(const struct model_ee *ee, const struct model_tvd *tvd)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        if (ee->nics[i]->tvd == tvd) {
            return true;
        }
    }
    return false;
}

/* Takes the addresses that matter to 'ee', its own included. */
static void
take_ips_beside(struct allocator *a, const struct model_ee *ee)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &a->m->ees) {
        const struct model_ee *other = node->data;

        for (size_t i = 0; i < other->n_nics; i++) {
            if (joins(ee, other->nics[i]->tvd)) {
                take_nic_ips(a, other->nics[i]);
            }
        }
    }
}

char *
alloc_ee(struct model *m, struct model_ee *ee, struct alloc_state *state)
{
    struct shash_node *node;
    struct allocator a;

    allocator_init(&a, m, state, NULL);
    SHASH_FOR_EACH (node, &m->tvds) {
        take_tvd(&a, node->data);
    }
    remember_model(&a, state, m);
    take_ips_beside(&a, ee);
    for (size_t i = 0; !a.error && i < ee->n_nics; i++) {
        struct model_nic *nic = ee->nics[i];

        if (fill_role(&a, nic->role)) {
            fill_nic(&a, nic);
        }
    }
    for (size_t i = 0; !a.error && i < ee->n_nics; i++) {
        decide_gateway_nic_added(ee->nics[i]);
    }
    return allocator_finish(&a, state);
}
