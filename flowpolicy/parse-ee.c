/* SPDX-License-Identifier: Apache-2.0
 *
 * The section "ees", and EEs that come one by one. */

#include <config.h>
#include "flowpolicy/parse.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/decide.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Whose an address is. */
struct parse_ip {
    struct hmap_node node;      /* In parser's 'ips'. */
    struct in6_addr ip;
    const struct model_nic *nic;
};

/* An EE in a set. */
struct parse_ee_ref {
    struct hmap_node node;      /* In parser's 'broken_ees'. */
    const struct model_ee *ee;
};

/* An EE while it is read. */
struct ee_reader {
    struct model_ee *ee;
    const struct node *name;
    const struct node *kind;
    const struct node *host;
    const struct node *nics;
    struct model_host *pinned;
};

/* A NIC while it is read. */
struct nic_reader {
    const struct node *name;
    const struct node *tvd;
    const struct node *role;
    const struct node *mac;
    const struct node *ip;
};

/* --- What the parser remembers of EEs ------------------------------------- */

void
parse_ee_set_broken(struct parser *p, const struct model_ee *ee)
{
    struct parse_ee_ref *ref = xmalloc(sizeof *ref);

    ref->ee = ee;
    hmap_insert(&p->broken_ees, &ref->node, hash_pointer(ee, 0));
}

bool
parse_ee_is_broken(const struct parser *p, const struct model_ee *ee)
{
    struct parse_ee_ref *ref;

    HMAP_FOR_EACH_WITH_HASH (ref, node, hash_pointer(ee, 0), &p->broken_ees) {
        if (ref->ee == ee) {
            return true;
        }
    }
    return false;
}

static uint32_t
hash_ip(const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, 0);
}

static void
note_ip(struct parser *p, const struct in6_addr *ip,
        const struct model_nic *nic)
{
    struct parse_ip *owner = xmalloc(sizeof *owner);

    owner->ip = *ip;
    owner->nic = nic;
    hmap_insert(&p->ips, &owner->node, hash_ip(ip));
}

static void
learn_ips(struct parser *p)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &p->m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            const struct model_nic *nic = ee->nics[i];

            for (size_t j = 0; j < nic->n_ips; j++) {
                note_ip(p, &nic->ips[j], nic);
            }
        }
    }
}

static const struct model_nic *
find_ip(struct parser *p, const struct in6_addr *ip)
{
    struct parse_ip *owner;

    if (p->ips_to_learn) {
        p->ips_to_learn = false;
        learn_ips(p);
    }
    HMAP_FOR_EACH_WITH_HASH (owner, node, hash_ip(ip), &p->ips) {
        if (ipv6_addr_equals(&owner->ip, ip)) {
            return owner->nic;
        }
    }
    return NULL;
}

void
parse_ees_learn(struct parser *p)
{
    struct shash_node *node;

    p->ips_to_learn = true;
    SHASH_FOR_EACH (node, &p->m->tvds) {
        struct model_tvd *tvd = node->data;

        if (!eth_addr_is_zero(tvd->router_mac)) {
            char text[ETH_ADDR_STRLEN + 1];

            snprintf(text, sizeof text, ETH_ADDR_FMT,
                     ETH_ADDR_ARGS(tvd->router_mac));
            shash_replace(&p->router_macs, text, tvd);
        }
    }
}

void
parse_ees_destroy(struct parser *p)
{
    struct parse_ee_ref *ref;
    struct parse_ip *owner;

    HMAP_FOR_EACH_POP (owner, node, &p->ips) {
        free(owner);
    }
    hmap_destroy(&p->ips);
    HMAP_FOR_EACH_POP (ref, node, &p->broken_ees) {
        free(ref);
    }
    hmap_destroy(&p->broken_ees);
}

/* " (line 7)", if it is known.  Caller frees. */
static char *
format_line(const struct model_loc *loc)
{
    return loc->line ? xasprintf(" (line %u)", loc->line) : xstrdup("");
}

/* --- Addresses of a NIC --------------------------------------------------- */

/* True if 'ip' is the last address of 'subnet', and that is IPv4. */
static bool
is_broadcast(const struct model_subnet *subnet, const struct in6_addr *ip)
{
    if (subnet->ipv6) {
        return false;
    }

    ovs_be32 last = (in6_addr_get_mapped_ipv4(&subnet->addr)
                     | ~be32_prefix_mask(subnet->plen));
    return in6_addr_get_mapped_ipv4(ip) == last;
}

/* Complains if 'ip' of 'subnet' is not for EEs. */
static bool
check_use(struct parser *p, const struct node *at,
          const struct model_subnet *subnet, const struct in6_addr *ip)
{
    const char *use = NULL;

    if (ipv6_addr_equals(ip, &subnet->router)) {
        use = "the address of the TVD's router";
    } else if (ipv6_addr_equals(ip, &subnet->addr)) {
        use = subnet->ipv6 ? "the anycast address of the subnet's routers"
              : "the address of the subnet itself";
    } else if (is_broadcast(subnet, ip)) {
        use = "the broadcast address of the subnet";
    }
    if (use) {
        parse_error(p, at, "address %s is %s, no EE may have it",
                    at->text, use);
    }
    return !use;
}

static void
outside_error(struct parser *p, const struct node *at,
              const struct model_tvd *tvd)
{
    struct ds subnets = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < tvd->n_subnets; i++) {
        ds_put_cstr(&subnets, i ? ", " : "");
        ipv6_format_mapped(&tvd->subnets[i].addr, &subnets);
        ds_put_format(&subnets, "/%u", tvd->subnets[i].plen);
    }
    parse_error(p, at, "address %s is outside of TVD '%s' (subnets: %s)",
                at->text, tvd->name, ds_cstr(&subnets));
    ds_destroy(&subnets);
}

static void
add_ip(struct parser *p, const struct node *at, struct model_nic *nic)
{
    struct parse_tvd *info = parse_tvd_info(p, nic->tvd);
    const struct model_subnet *subnet;
    struct in6_addr ip;

    if (!parse_ip(p, at, "address", &ip)) {
        return;
    }
    subnet = model_tvd_subnet_of(nic->tvd, &ip);
    if (subnet ? !check_use(p, at, subnet, &ip) : !info->subnets_broken) {
        if (!subnet) {
            outside_error(p, at, nic->tvd);
        }
        return;
    }

    const struct model_nic *owner = find_ip(p, &ip);
    if (owner == nic) {
        parse_error(p, at, "address %s is here twice", at->text);
    } else if (owner) {
        char *name = model_nic_full_name(owner);
        char *line = format_line(&owner->loc);

        parse_error(p, at, "address %s is already that of '%s'%s",
                    at->text, name, line);
        free(line);
        free(name);
    } else {
        note_ip(p, &ip, nic);
        model_nic_add_ip(nic, &ip);
        if (subnet && info->n_declared) {
            info->n_declared[subnet - nic->tvd->subnets]++;
        }
    }
}

static void
add_ips(struct parser *p, const struct node *list, struct model_nic *nic)
{
    if (!parse_is_list(p, list, "ip", "a list of addresses, as in "
                       "[10.1.0.10, fd00:1::10]")
        || !parse_max_items(p, list, "ip", POLICY_MAX_IPS)) {
        return;
    }
    if (!list->first) {
        parse_error(p, list, "ip is empty; leave it out to get addresses "
                    "chosen");
    }
    for (const struct node *item = list->first; item; item = item->next) {
        add_ip(p, item, nic);
    }
    nic->ips_declared = true;
}

static void
set_mac(struct parser *p, const struct node *at, struct model_nic *nic)
{
    char text[ETH_ADDR_STRLEN + 1];
    const struct model_tvd *tvd;
    const struct model_nic *owner;
    struct eth_addr mac;

    if (!parse_mac(p, at, "mac", &mac)) {
        return;
    }
    snprintf(text, sizeof text, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
    tvd = shash_find_data(&p->router_macs, text);
    owner = model_nic_find_mac(p->m, mac);
    if (tvd) {
        parse_error(p, at, "MAC %s is already that of the router of TVD '%s'",
                    text, tvd->name);
    } else if (owner) {
        char *name = model_nic_full_name(owner);
        char *line = format_line(&owner->loc);

        parse_error(p, at, "MAC %s is already that of '%s'%s",
                    text, name, line);
        free(line);
        free(name);
    } else {
        model_nic_set_mac(p->m, nic, mac);
        nic->mac_declared = true;
    }
}

/* --- NICs ----------------------------------------------------------------- */

#define NIC_KEY(KEY)                                                    \
    static void                                                         \
    nic_##KEY(struct parser *p, const struct node *value, void *r)      \
    {                                                                   \
        ((struct nic_reader *) r)->KEY = value;                         \
    }
NIC_KEY(name)
NIC_KEY(tvd)
NIC_KEY(role)
NIC_KEY(mac)
NIC_KEY(ip)

struct model_role *
parse_role_ref(struct parser *p, const struct node *at, const char *name,
               struct model_tvd *tvd)
{
    struct model_role *role = model_role_find(tvd, name);

    if (!role && !strcmp(name, MODEL_DEFAULT_ROLE)) {
        role = model_role_add(tvd, name);
    }
    if (!role) {
        char *plural = xasprintf("roles of TVD '%s'", tvd->name);

        role = parse_ref_name(p, at, name, "role", plural, &tvd->roles,
                              parse_tvd_info(p, tvd)->roles_broken);
        free(plural);
    }
    return role;
}

/* Returns true if 'node' can be the name of a NIC of 'ee'. */
static bool
nic_name_is_good(struct parser *p, const struct node *node,
                 const struct model_ee *ee)
{
    static const char *const taken[] = { "lo", "all", "default" };

    if (!parse_string(p, node, "name")
        || !parse_name(p, node, "NIC", PARSE_NIC_NAME_MAX)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        if (!strcmp(node->text, taken[i])) {
            parse_error(p, node, "'%s' cannot be the name of a NIC, Linux "
                        "uses it", node->text);
            return false;
        }
    }
    if (model_nic_find(ee, node->text)) {
        parse_error(p, node, "EE '%s' has two NICs '%s'",
                    ee->name, node->text);
        return false;
    }
    return true;
}

/* The name of the NIC, or one made from its 'position'.  A broken NIC too
 * needs one that is unique.  Caller frees. */
static char *
choose_nic_name(struct parser *p, const struct node *at,
                const struct nic_reader *r, const struct model_ee *ee,
                size_t position)
{
    if (r->name) {
        return (nic_name_is_good(p, r->name, ee) ? xstrdup(r->name->text)
                : xasprintf(" broken %"PRIuSIZE, position));
    }

    char *name = xasprintf("eth%"PRIuSIZE, position);
    if (model_nic_find(ee, name)) {
        parse_error(p, at, "NIC %"PRIuSIZE" of EE '%s' needs a name, the one "
                    "it would get ('%s') is taken", position, ee->name, name);
        free(name);
        name = xasprintf(" broken %"PRIuSIZE, position);
    }
    return name;
}

/* The EE and the TVD must have a type in common. */
static void
check_membership(struct parser *p, const struct node *at,
                 const struct model_ee *ee, const struct model_tvd *tvd)
{
    if (ee->label && tvd->label && !sset_is_empty(&ee->label->types)
        && !sset_is_empty(&tvd->label->types)
        && !decide_share(ee->label, tvd->label)) {
        parse_error(p, at, "EE '%s' shares no type with TVD '%s': label '%s' "
                    "and label '%s' have none in common", ee->name, tvd->name,
                    ee->label->name, tvd->label->name);
    }
}

static void
fill_nic(struct parser *p, const struct nic_reader *r, struct model_nic *nic)
{
    nic->tvd = parse_ref(p, r->tvd, "TVD", "TVDs", &p->m->tvds,
                         p->broken & BROKEN_TVDS);
    if (!nic->tvd) {
        parse_ee_set_broken(p, nic->ee);
        return;
    }
    check_membership(p, r->tvd, nic->ee, nic->tvd);
    if (!r->role) {
        nic->role = parse_role_ref(p, r->tvd, MODEL_DEFAULT_ROLE, nic->tvd);
    } else if (parse_string(p, r->role, "role")) {
        nic->role = parse_role_ref(p, r->role, r->role->text, nic->tvd);
    }
    if (r->mac) {
        set_mac(p, r->mac, nic);
    }
    if (r->ip) {
        add_ips(p, r->ip, nic);
    } else {
        parse_tvd_info(p, nic->tvd)->n_auto++;
    }
}

static void
parse_nic(struct parser *p, const struct node *value, struct model_ee *ee,
          size_t position)
{
    static const struct parse_field fields[] = {
        { "name", nic_name, false },
        { "tvd", nic_tvd, true },
        { "role", nic_role, false },
        { "ip", nic_ip, false },
        { "mac", nic_mac, false },
    };
    struct nic_reader r = { NULL };
    char *what = xasprintf("NIC %"PRIuSIZE" of EE '%s'", position, ee->name);

    bool good = parse_map(p, value, value, what, fields, ARRAY_SIZE(fields),
                          &r);
    free(what);
    if (!good) {
        parse_ee_set_broken(p, ee);
        return;
    }

    char *name = choose_nic_name(p, value, &r, ee, position);
    struct model_nic *nic = model_nic_add(ee, name);
    free(name);
    nic->loc = parse_loc(value);
    if (r.tvd) {
        fill_nic(p, &r, nic);
    } else {
        parse_ee_set_broken(p, ee);
    }
}

/* --- EEs ------------------------------------------------------------------ */

static void
ee_name(struct parser *p, const struct node *value, void *r)
{
    /* Only policy_parse_ee() has this key, and has read it. */
}

static void
ee_label(struct parser *p, const struct node *value, void *r_)
{
    struct ee_reader *r = r_;

    r->ee->label = parse_ref(p, value, "label", "labels", &p->m->labels,
                             p->broken & BROKEN_LABELS);
}

static void
ee_kind(struct parser *p, const struct node *value, void *r_)
{
    static const char *const words[] = { "vm", "namespace" };
    struct ee_reader *r = r_;
    size_t i;

    r->kind = value;
    if (parse_word(p, value, "kind", words, ARRAY_SIZE(words), &i)) {
        r->ee->kind = i ? MODEL_EE_NAMESPACE : MODEL_EE_VM;
    }
}

static void
ee_host(struct parser *p, const struct node *value, void *r_)
{
    struct ee_reader *r = r_;

    r->host = value;
    r->pinned = parse_ref(p, value, "host", "hosts", &p->m->hosts,
                          p->broken & BROKEN_HOSTS);
    if (r->pinned) {
        r->ee->host = xstrdup(value->text);
    }
}

static void
ee_nics(struct parser *p, const struct node *value, void *r)
{
    ((struct ee_reader *) r)->nics = value;
}

static void
add_nics(struct parser *p, const struct ee_reader *r)
{
    size_t position = 0;

    if (!r->nics || !parse_is_list(p, r->nics, "nics", "a list of NICs, as in "
                                   "[{tvd: red, role: client}]")
        || !parse_max_items(p, r->nics, "nics", POLICY_MAX_NICS)) {
        parse_ee_set_broken(p, r->ee);
        return;
    }
    for (const struct node *item = r->nics->first; item; item = item->next) {
        parse_nic(p, item, r->ee, position++);
    }
}

/* Whether it is a VM, if the file does not say, and whether it is a gateway
 * that we make ourselves: such a namespace stands in one TVD with one NIC, so
 * that what passes between two TVDs passes two of them (rule G). */
static void
settle_kind(struct parser *p, const struct ee_reader *r)
{
    struct model_ee *ee = r->ee;
    bool is_gateway = false;

    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct model_role *role = ee->nics[i]->role;

        is_gateway = is_gateway || (role && model_role_is_gateway(role));
    }
    if (!r->kind) {
        ee->kind = is_gateway ? MODEL_EE_NAMESPACE : MODEL_EE_VM;
    }
    ee->managed = is_gateway && ee->kind == MODEL_EE_NAMESPACE;
    if (ee->managed && ee->n_nics > 1) {
        parse_error(p, r->name, "gateway '%s' has %"PRIuSIZE" NICs, but a "
                    "namespace in the role '%s' has one; declare an EE for "
                    "each, or use 'kind: vm'", ee->name, ee->n_nics,
                    MODEL_GATEWAY_ROLE);
    }
}

/* An EE that names its host must be able to run there. */
static void
check_pinned(struct parser *p, const struct ee_reader *r)
{
    const struct model_ee *ee = r->ee;
    char *why = NULL;

    if (!r->pinned || !r->pinned->label || !ee->label) {
        return;
    }
    if (!decide_authorised(r->pinned, ee, &why)) {
        parse_error(p, r->host, "%s", why);
        free(why);
        return;
    }
    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct model_nic *nic = ee->nics[i];

        /* That EE and TVD share a type has been checked. */
        if (nic->tvd && nic->tvd->label
            && decide_share(ee->label, nic->tvd->label)
            && !decide_attachable(r->pinned, nic, nic->tvd, &why)) {
            parse_error(p, r->host, "%s, as EE '%s' needs it", why, ee->name);
            free(why);
            return;
        }
    }
}

/* Reads the keys of 'value' into 'r'.  'fields' begins with "name", which is
 * a key only if 'named'. */
static void
read_ee(struct parser *p, struct ee_reader *r, const struct node *value,
        bool named)
{
    static const struct parse_field fields[] = {
        { "name", ee_name, true },
        { "label", ee_label, true },
        { "kind", ee_kind, false },
        { "host", ee_host, false },
        { "nics", ee_nics, true },
    };
    char *what = xasprintf("EE '%s'", r->ee->name);

    if (parse_map(p, r->name, value, what, fields + !named,
                  ARRAY_SIZE(fields) - !named, r)) {
        add_nics(p, r);
        settle_kind(p, r);
        check_pinned(p, r);
    } else {
        parse_ee_set_broken(p, r->ee);
    }
    free(what);
}

static struct model_ee *
add_ee(struct parser *p, const struct node *name, const struct node *value,
       bool named)
{
    struct ee_reader r = { .name = name };

    if (model_ee_find(p->m, name->text)) {
        parse_error(p, name, "there is an EE '%s' already", name->text);
        return NULL;
    }
    parse_name(p, name, "EE", PARSE_NAME_MAX);
    r.ee = model_ee_add(p->m, name->text);
    r.ee->loc = parse_loc(name);
    read_ee(p, &r, value, named);
    return r.ee;
}

struct model_ee *
parse_ee(struct parser *p, const struct node *name, const struct node *value)
{
    return add_ee(p, name, value, false);
}

struct model_ee *
parse_named_ee(struct parser *p, const struct node *value)
{
    const struct node *name;

    if (!parse_is_map(p, value, "an EE", "a map with the keys name, label, "
                      "kind, host and nics")) {
        return NULL;
    }
    name = parse_find_key(value, "name");
    if (!name) {
        parse_error(p, value, "the EE lacks the key 'name'");
        return NULL;
    }
    return (parse_string(p, name->value, "name")
            ? add_ee(p, name->value, value, true) : NULL);
}

void
parse_ees(struct parser *p, const struct node *section)
{
    for (const struct node *key = section->first; key; key = key->next) {
        parse_ee(p, key, key->value);
    }
}
