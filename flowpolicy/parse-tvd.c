/* SPDX-License-Identifier: Apache-2.0
 *
 * The section "tvds". */

#include <config.h>
#include "flowpolicy/parse.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* --- Subnets -------------------------------------------------------------- */

/* Where no EE's address can be. */
static const struct {
    const char *addr;
    unsigned int plen;
    const char *what;
} reserved[] = {
    { "0.0.0.0", 8, "\"this network\"" },
    { "127.0.0.0", 8, "loopback" },
    { "169.254.0.0", 16, "link-local" },
    { "224.0.0.0", 4, "multicast" },
    { "240.0.0.0", 4, "reserved" },
    { "::", 8, "reserved (unspecified, loopback, IPv4-mapped)" },
    { "fe80::", 10, "link-local" },
    { "ff00::", 8, "multicast" },
};

/* The subnet needs room for a router and an EE. */
#define MAX_PLEN_IPV4 30
#define MAX_PLEN_IPV6 126

/* Makes addr/plen a subnet; 'plen' is within the family of the address.
 * Host bits are cleared. */
static struct model_subnet
make_subnet(const struct in6_addr *addr, unsigned int plen)
{
    bool ipv6 = !IN6_IS_ADDR_V4MAPPED(addr);
    struct in6_addr mask = ipv6_create_mask(ipv6 ? plen : 96 + plen);
    struct model_subnet subnet = {
        .addr = ipv6_addr_bitand(addr, &mask),
        .plen = plen,
        .ipv6 = ipv6,
    };

    subnet.router = subnet.addr;
    subnet.router.s6_addr[15] |= 1;
    return subnet;
}

/* Parses "ADDRESS/LENGTH".  Returns false if it is not that. */
static bool
subnet_from_string(const char *s, struct in6_addr *addr, unsigned int *plen)
{
    const char *slash = strchr(s, '/');
    char text[INET6_ADDRSTRLEN];
    struct in_addr ip4;
    int length;

    if (!slash || slash - s >= sizeof text || strlen(slash + 1) > 3
        || slash[1 + strspn(slash + 1, "0123456789")]
        || (slash[1] == '0' && slash[2])
        || !str_to_int(slash + 1, 10, &length)) {
        return false;
    }
    ovs_strlcpy(text, s, slash - s + 1);
    if (inet_pton(AF_INET, text, &ip4) == 1) {
        in6_addr_set_mapped_ipv4(addr, ip4.s_addr);
    } else if (inet_pton(AF_INET6, text, addr) != 1
               || IN6_IS_ADDR_V4MAPPED(addr)) {
        return false;
    }
    *plen = length;
    return length <= (IN6_IS_ADDR_V4MAPPED(addr) ? 32 : 128);
}

static const char *
reserved_for(const struct model_subnet *subnet)
{
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        struct in_addr ip4;
        struct in6_addr addr;

        if (inet_pton(AF_INET, reserved[i].addr, &ip4) == 1) {
            in6_addr_set_mapped_ipv4(&addr, ip4.s_addr);
        } else {
            inet_pton(AF_INET6, reserved[i].addr, &addr);
        }

        struct model_subnet r = make_subnet(&addr, reserved[i].plen);
        if (model_subnet_contains(&r, &subnet->addr)
            || model_subnet_contains(subnet, &r.addr)) {
            return reserved[i].what;
        }
    }
    return NULL;
}

/* Returns true if 'node' is good as a subnet. */
static bool
parse_subnet(struct parser *p, const struct node *node,
             struct model_subnet *subnet)
{
    struct in6_addr addr;
    unsigned int plen;

    if (!parse_string(p, node, "subnet")) {
        return false;
    }
    if (!subnet_from_string(node->text, &addr, &plen)) {
        parse_error(p, node, "subnet '%s' is not an address and a prefix "
                    "length such as 10.1.0.0/24 or fd00:1::/64", node->text);
        return false;
    }
    *subnet = make_subnet(&addr, plen);
    subnet->loc = parse_loc(node);

    unsigned int max_plen = subnet->ipv6 ? MAX_PLEN_IPV6 : MAX_PLEN_IPV4;
    const char *what = reserved_for(subnet);
    if (!ipv6_addr_equals(&subnet->addr, &addr)) {
        char *right = parse_format_ip(&subnet->addr);

        parse_error(p, node, "subnet %s has bits set behind its prefix; did "
                    "you mean '%s/%u'?", node->text, right, plen);
        free(right);
    } else if (plen > max_plen) {
        parse_error(p, node, "subnet %s is too small for a router and an EE "
                    "(prefix length up to %u)", node->text, max_plen);
    } else if (what) {
        parse_error(p, node, "subnet %s is or holds addresses that are %s",
                    node->text, what);
    } else {
        return true;
    }
    return false;
}

static void
tvd_subnets(struct parser *p, const struct node *value, void *info_)
{
    struct parse_tvd *info = info_;

    if (!parse_is_list(p, value, "subnets",
                       "a list, as in [10.1.0.0/24, fd00:1::/64]")
        || !parse_max_items(p, value, "subnets", POLICY_MAX_SUBNETS)) {
        info->subnets_broken = true;
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        struct model_subnet subnet;

        if (parse_subnet(p, item, &subnet)) {
            model_subnet_add(info->tvd, &subnet);
        } else {
            info->subnets_broken = true;
        }
    }
    if (!value->first) {
        parse_error(p, value, "TVD '%s' has no subnets", info->tvd->name);
        info->subnets_broken = true;
    }
    info->n_declared = xcalloc(info->tvd->n_subnets + 1,
                               sizeof *info->n_declared);
}

/* --- Ids ------------------------------------------------------------------ */

/* Returns false if another TVD has 'text' already. */
static bool
unique(struct parser *p, const struct node *value, const char *what,
       const char *text, struct shash *seen, struct model_tvd *tvd)
{
    struct model_tvd *other = shash_find_data(seen, text);

    if (other) {
        parse_error(p, value, "%s %s is already that of TVD '%s'",
                    what, text, other->name);
        return false;
    }
    shash_add(seen, text, tvd);
    return true;
}

static void
tvd_vlan(struct parser *p, const struct node *value, void *info_)
{
    struct model_tvd *tvd = ((struct parse_tvd *) info_)->tvd;
    unsigned int vlan;

    if (parse_uint(p, value, "vlan", 1, 4094, &vlan)) {
        char text[16];

        snprintf(text, sizeof text, "%u", vlan);
        unique(p, value, "VLAN", text, &p->vlans, tvd);
        tvd->vlan = vlan;
        tvd->vlan_declared = true;
    }
}

static void
tvd_vni(struct parser *p, const struct node *value, void *info_)
{
    struct model_tvd *tvd = ((struct parse_tvd *) info_)->tvd;
    unsigned int vni;

    if (parse_uint(p, value, "vni", 1, (1u << 24) - 1, &vni)) {
        char text[16];

        snprintf(text, sizeof text, "%u", vni);
        unique(p, value, "VNI", text, &p->vnis, tvd);
        tvd->vni = vni;
        tvd->vni_declared = true;
    }
}

static void
tvd_router_mac(struct parser *p, const struct node *value, void *info_)
{
    struct model_tvd *tvd = ((struct parse_tvd *) info_)->tvd;
    struct eth_addr mac;

    if (parse_mac(p, value, "router_mac", &mac)) {
        char text[ETH_ADDR_STRLEN + 1];

        snprintf(text, sizeof text, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
        unique(p, value, "router MAC", text, &p->router_macs, tvd);
        tvd->router_mac = mac;
    }
}

/* --- Roles ---------------------------------------------------------------- */

static void
role_provides(struct parser *p, const struct node *value, void *role_)
{
    static const char *const words[] = {
        "dhcp-server", "router-advertisement"
    };
    static const unsigned int bits[] = {
        MODEL_PROVIDES_DHCP, MODEL_PROVIDES_RA
    };
    struct model_role *role = role_;

    if (!parse_is_list(p, value, "provides", "a list of what the role may "
                       "send: dhcp-server, router-advertisement")) {
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        size_t i;

        if (!parse_word(p, item, "service provided", words,
                        ARRAY_SIZE(words), &i)) {
            continue;
        }
        if (role->provides & bits[i]) {
            parse_error(p, item, "'%s' is here twice", words[i]);
        }
        role->provides |= bits[i];
    }
}

/* Adds the role that 'name' names; 'options' is the map of its keys or NULL. */
static void
add_role(struct parser *p, struct model_tvd *tvd, const struct node *name,
         const struct node *options)
{
    static const struct parse_field fields[] = {
        { "provides", role_provides, false },
    };
    struct model_role *role = model_role_find(tvd, name->text);

    parse_name(p, name, "role", PARSE_NAME_MAX);
    if (role) {
        parse_error(p, name, "role '%s' is here twice", name->text);
        return;
    }
    role = model_role_add(tvd, name->text);
    role->loc = parse_loc(name);
    if (options) {
        char *what = xasprintf("role '%s'", name->text);

        parse_map(p, name, options, what, fields, ARRAY_SIZE(fields), role);
        free(what);
    }
}

static void
tvd_roles(struct parser *p, const struct node *value, void *info_)
{
    static const char form[] = "a name, or a map with one name as in "
                               "{server: {provides: [dhcp-server]}}";
    struct parse_tvd *info = info_;

    if (!parse_is_list(p, value, "roles",
                       "a list, as in [gateway, client]")) {
        info->roles_broken = true;
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        if (item->kind == NODE_MAP && item->first && !item->first->next) {
            add_role(p, info->tvd, item->first, item->first->value);
        } else if (item->kind == NODE_SCALAR && parse_string(p, item, "role")) {
            add_role(p, info->tvd, item, NULL);
        } else {
            info->roles_broken = true;
            if (item->kind != NODE_SCALAR) {
                parse_error(p, item, "a role must be %s", form);
            }
        }
    }
}

/* --- Settings ------------------------------------------------------------- */

static void
setting_gateway_log(struct parser *p, const struct node *value, void *settings)
{
    static const char *const words[] = { "all", "denied", "none" };
    size_t i;

    if (parse_word(p, value, "gateway_log", words, ARRAY_SIZE(words), &i)) {
        smap_replace(settings, "gateway_log", words[i]);
    }
}

static void
tvd_settings(struct parser *p, const struct node *value, void *info_)
{
    static const struct parse_field fields[] = {
        { "gateway_log", setting_gateway_log, false },
    };
    struct parse_tvd *info = info_;

    parse_map(p, value, value, "settings", fields, ARRAY_SIZE(fields),
              &info->tvd->settings);
}

/* --- TVDs ----------------------------------------------------------------- */

static void
tvd_label(struct parser *p, const struct node *value, void *info_)
{
    struct parse_tvd *info = info_;

    info->tvd->label = parse_ref(p, value, "label", "labels", &p->m->labels,
                                 p->broken & BROKEN_LABELS);
}

static void
tvd_channel(struct parser *p, const struct node *value, void *info_)
{
    static const char *const words[] = { "vlan", "ipsec" };
    struct parse_tvd *info = info_;
    size_t i;

    if (parse_word(p, value, "channel", words, ARRAY_SIZE(words), &i)) {
        info->tvd->channel = i ? MODEL_CHANNEL_IPSEC : MODEL_CHANNEL_VLAN;
    }
}

static void
parse_tvd(struct parser *p, const struct node *key)
{
    static const struct parse_field fields[] = {
        { "label", tvd_label, true },
        { "subnets", tvd_subnets, true },
        { "vlan", tvd_vlan, false },
        { "vni", tvd_vni, false },
        { "channel", tvd_channel, false },
        { "roles", tvd_roles, false },
        { "router_mac", tvd_router_mac, false },
        { "settings", tvd_settings, false },
    };
    struct model_tvd *tvd = model_tvd_add(p->m, key->text);
    struct parse_tvd *info = parse_tvd_info(p, tvd);
    char *what = xasprintf("TVD '%s'", key->text);

    tvd->loc = parse_loc(key);
    /* What is safe anywhere, unless the file says that the fabric can be
     * trusted. */
    tvd->channel = MODEL_CHANNEL_IPSEC;
    parse_name(p, key, "TVD", PARSE_NAME_MAX);
    if (!parse_map(p, key, key->value, what, fields, ARRAY_SIZE(fields),
                   info)) {
        info->subnets_broken = info->roles_broken = true;
    } else if (!tvd->n_subnets) {
        info->subnets_broken = true;
    }
    free(what);
}

void
parse_tvds(struct parser *p, const struct node *section)
{
    for (const struct node *key = section->first; key; key = key->next) {
        parse_tvd(p, key);
    }
}
