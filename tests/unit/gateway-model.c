/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/gateway-model.h"

#include <string.h>
#include "flowpolicy/decide.h"
#include "util.h"

struct in6_addr
gateway_model_ip(const char *s)
{
    struct in6_addr addr;
    ovs_be32 ip;

    if (ip_parse(s, &ip)) {
        in6_addr_set_mapped_ipv4(&addr, ip);
    } else {
        ovs_assert(ipv6_parse(s, &addr));
    }
    return addr;
}

static void
add_subnet(struct model_tvd *tvd, const char *net, unsigned int plen,
           const char *router)
{
    struct model_subnet subnet = {
        .addr = gateway_model_ip(net), .plen = plen,
        .ipv6 = strchr(net, ':') != NULL, .router = gateway_model_ip(router),
    };

    model_subnet_add(tvd, &subnet);
}

struct model_ee *
gateway_model_add_ee(struct model *m, const char *name, const char *tvd,
                     const char *role, uint32_t id, const char *ips)
{
    struct model_ee *ee = model_ee_add(m, name);
    struct model_nic *nic = model_nic_add(ee, "eth0");
    struct eth_addr mac = ETH_ADDR_C(02,54,56,00,00,00);
    char *list = xstrdup(ips);
    char *save = NULL;

    mac.ea[4] = id >> 8;
    mac.ea[5] = id;
    nic->tvd = model_tvd_find(m, tvd);
    nic->role = model_role_find(nic->tvd, role);
    model_nic_set_id(m, nic, id);
    model_nic_set_mac(m, nic, mac);
    for (char *ip = strtok_r(list, " ", &save); ip;
         ip = strtok_r(NULL, " ", &save)) {
        struct in6_addr addr = gateway_model_ip(ip);

        model_nic_add_ip(nic, &addr);
    }
    free(list);
    ee->label = nic->tvd->label;
    ee->kind = MODEL_EE_NAMESPACE;
    ee->managed = model_role_is_gateway(nic->role);
    return ee;
}

static struct model_tvd *
add_tvd(struct model *m, const char *name, uint32_t id, uint32_t first_role,
        const char *const roles[3])
{
    struct model_label *label = model_label_add(m, name);
    struct model_tvd *tvd = model_tvd_add(m, name);
    struct eth_addr mac = ETH_ADDR_C(02,54,56,ff,00,00);

    sset_add(&label->types, name);
    mac.ea[5] = id;
    tvd->id = id;
    tvd->label = label;
    tvd->router_mac = mac;
    for (size_t i = 0; i < 3; i++) {
        model_role_add(tvd, roles[i])->id = first_role + i;
    }
    return tvd;
}

static struct model_rule *
add_rule(struct model_tvd *from, const char *role, struct model_tvd *to,
         enum model_action action, uint32_t id)
{
    struct model_rule *rule = model_rule_add(model_role_find(from, role), to,
                                             action);

    rule->id = id;
    return rule;
}

static void
add_rules(struct model_tvd *yellow, struct model_tvd *red)
{
    static const struct model_service icmp = { .proto = 1, .any_port = true };
    static const struct model_service ssh = { .proto = 6, .port_min = 22,
                                              .port_max = 22 };
    struct model_rule *rule;

    add_rule(yellow, "domain-controller", yellow, MODEL_UNRESTRICTED, 11);
    add_rule(yellow, "domain-controller", red, MODEL_NONE, 12);
    rule = add_rule(yellow, "gateway", red, MODEL_P, 13);
    model_rule_add_peer_role(rule, model_role_find(red, "gateway"));
    rule = add_rule(yellow, "management-console", red, MODEL_G, 14);
    model_rule_add_service(rule, &ssh);
    model_rule_add_service(rule, &icmp);

    add_rule(red, "domain-controller", yellow, MODEL_G, 21);
    rule = add_rule(red, "gateway", yellow, MODEL_P, 22);
    model_rule_add_peer_role(rule, model_role_find(yellow, "gateway"));
    add_rule(red, "client-os", yellow, MODEL_NONE, 23);
}

static void
add_host(struct model *m, const char *name, const char *type1,
         const char *type2)
{
    struct model_host *host = model_host_add(m, name);
    char *label = xasprintf("label-%s", name);

    host->label = model_label_add(m, label);
    sset_add(&host->label->types, type1);
    if (type2) {
        sset_add(&host->label->types, type2);
    }
    free(label);
}

struct model *
gateway_model_create(void)
{
    static const char *const yellow_roles[] = {
        "domain-controller", "gateway", "management-console" };
    static const char *const red_roles[] = {
        "domain-controller", "gateway", "client-os" };
    struct model *m = model_create();
    struct model_tvd *yellow = add_tvd(m, "yellow", 1, 1, yellow_roles);
    struct model_tvd *red = add_tvd(m, "red", 2, 4, red_roles);

    add_subnet(yellow, "10.10.0.0", 24, "10.10.0.1");
    add_subnet(yellow, "fd00:10::", 64, "fd00:10::1");
    add_subnet(red, "10.20.0.0", 24, "10.20.0.1");
    add_subnet(red, "fd00:20::", 64, "fd00:20::1");
    add_rules(yellow, red);
    add_host(m, "mgmt1", "yellow", "red");
    add_host(m, "desk1", "red", NULL);
    gateway_model_add_ee(m, "dc-y", "yellow", "domain-controller", 1,
                         "10.10.0.2 fd00:10::2");
    gateway_model_add_ee(m, "gw-y", "yellow", "gateway", 2,
                         "10.10.0.3 fd00:10::3");
    gateway_model_add_ee(m, "console", "yellow", "management-console", 3,
                         "10.10.0.10 fd00:10::10");
    gateway_model_add_ee(m, "dc-r", "red", "domain-controller", 4,
                         "10.20.0.2 fd00:20::2");
    gateway_model_add_ee(m, "gw-r", "red", "gateway", 5,
                         "10.20.0.3 fd00:20::3");
    gateway_model_add_ee(m, "pc1", "red", "client-os", 6,
                         "10.20.0.20 fd00:20::20");
    decide_assign_gateways(m);
    return m;
}
