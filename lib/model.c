/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/model.h"

#include <string.h>
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

const char *
model_action_to_string(enum model_action action)
{
    switch (action) {
    case MODEL_NONE: return "none";
    case MODEL_UNRESTRICTED: return "unrestricted";
    case MODEL_P: return "P";
    case MODEL_G: return "G";
    }
    OVS_NOT_REACHED();
}

const char *
model_switch_vlans_to_string(enum model_switch_vlans vlans)
{
    switch (vlans) {
    case MODEL_VLANS_ON_DEMAND: return "on-demand";
    case MODEL_VLANS_LABEL: return "label";
    }
    OVS_NOT_REACHED();
}

bool
model_service_equal(const struct model_service *a,
                    const struct model_service *b)
{
    return a->proto == b->proto && a->any_port == b->any_port
           && (a->any_port || (a->port_min == b->port_min
                               && a->port_max == b->port_max));
}

static const char *
proto_name(uint8_t proto)
{
    switch (proto) {
    case IPPROTO_ICMP: return "icmp";
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_SCTP: return "sctp";
    default: return NULL;
    }
}

char *
model_service_format(const struct model_service *s)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    const char *name = proto_name(s->proto);

    if (name) {
        ds_put_cstr(&out, name);
    } else {
        ds_put_format(&out, "%u", s->proto);
    }
    if (!s->any_port) {
        ds_put_format(&out, "/%u", s->port_min);
        if (s->port_max != s->port_min) {
            ds_put_format(&out, "-%u", s->port_max);
        }
    }
    return ds_steal_cstr(&out);
}

struct model *
model_create(void)
{
    struct model *m = xzalloc(sizeof *m);

    shash_init(&m->labels);
    shash_init(&m->conflicts);
    shash_init(&m->tvds);
    shash_init(&m->hosts);
    shash_init(&m->switches);
    shash_init(&m->ees);
    hmap_init(&m->nics_by_id);
    hmap_init(&m->nics_by_mac);
    return m;
}

static void
nic_destroy(struct model *m, struct model_nic *nic)
{
    if (nic->id) {
        hmap_remove(&m->nics_by_id, &nic->id_node);
    }
    if (!eth_addr_is_zero(nic->mac)) {
        hmap_remove(&m->nics_by_mac, &nic->mac_node);
    }
    free(nic->name);
    free(nic->ips);
    free(nic->host);
    free(nic);
}

static void
ee_destroy(struct model *m, struct model_ee *ee)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        nic_destroy(m, ee->nics[i]);
    }
    free(ee->nics);
    free(ee->name);
    free(ee->host);
    free(ee->next_host);
    free(ee);
}

static void
rule_destroy(struct model_rule *rule)
{
    free(rule->peer_roles);
    sset_destroy(&rule->peer_ees);
    free(rule->services);
    free(rule);
}

static void
tvd_destroy(struct model_tvd *tvd)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &tvd->roles) {
        struct model_role *role = node->data;
        struct shash_node *rule_node;

        SHASH_FOR_EACH (rule_node, &role->rules) {
            rule_destroy(rule_node->data);
        }
        shash_destroy(&role->rules);
        free(role->name);
        free(role);
    }
    shash_destroy(&tvd->roles);
    smap_destroy(&tvd->settings);
    free(tvd->subnets);
    free(tvd->name);
    free(tvd);
}

static void
switch_destroy(struct model_switch *sw)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &sw->ports) {
        struct model_switch_port *port = node->data;

        free(port->name);
        free(port->tvd);
        free(port->peer);
        free(port->peer_port);
    }
    shash_destroy_free_data(&sw->ports);
    smap_destroy(&sw->snmp);
    free(sw->adopt);
    free(sw->name);
    free(sw->address);
    free(sw);
}

void
model_destroy(struct model *m)
{
    struct shash_node *node;

    if (!m) {
        return;
    }
    SHASH_FOR_EACH (node, &m->ees) {
        ee_destroy(m, node->data);
    }
    shash_destroy(&m->ees);
    SHASH_FOR_EACH (node, &m->tvds) {
        tvd_destroy(node->data);
    }
    shash_destroy(&m->tvds);
    SHASH_FOR_EACH (node, &m->hosts) {
        struct model_host *host = node->data;

        free(host->name);
        free(host->address);
        free(host->switch_name);
        free(host->switch_port);
        free(host);
    }
    shash_destroy(&m->hosts);
    SHASH_FOR_EACH (node, &m->switches) {
        switch_destroy(node->data);
    }
    shash_destroy(&m->switches);
    SHASH_FOR_EACH (node, &m->conflicts) {
        struct model_conflict *conflict = node->data;

        sset_destroy(&conflict->types);
        free(conflict->name);
        free(conflict);
    }
    shash_destroy(&m->conflicts);
    SHASH_FOR_EACH (node, &m->labels) {
        struct model_label *label = node->data;

        sset_destroy(&label->types);
        free(label->name);
        free(label);
    }
    shash_destroy(&m->labels);
    hmap_destroy(&m->nics_by_id);
    hmap_destroy(&m->nics_by_mac);
    free(m);
}

struct model_label *
model_label_add(struct model *m, const char *name)
{
    struct model_label *label = xzalloc(sizeof *label);

    label->name = xstrdup(name);
    sset_init(&label->types);
    shash_add_assert(&m->labels, name, label);
    return label;
}

struct model_conflict *
model_conflict_add(struct model *m, const char *name)
{
    struct model_conflict *conflict = xzalloc(sizeof *conflict);

    conflict->name = xstrdup(name);
    sset_init(&conflict->types);
    shash_add_assert(&m->conflicts, name, conflict);
    return conflict;
}

struct model_tvd *
model_tvd_add(struct model *m, const char *name)
{
    struct model_tvd *tvd = xzalloc(sizeof *tvd);

    tvd->name = xstrdup(name);
    smap_init(&tvd->settings);
    shash_init(&tvd->roles);
    shash_add_assert(&m->tvds, name, tvd);
    return tvd;
}

struct model_role *
model_role_add(struct model_tvd *tvd, const char *name)
{
    struct model_role *role = xzalloc(sizeof *role);

    role->name = xstrdup(name);
    role->tvd = tvd;
    shash_init(&role->rules);
    shash_add_assert(&tvd->roles, name, role);
    return role;
}

struct model_rule *
model_rule_add(struct model_role *from, struct model_tvd *to,
               enum model_action action)
{
    struct model_rule *rule = xzalloc(sizeof *rule);

    rule->from = from;
    rule->to = to;
    rule->action = action;
    sset_init(&rule->peer_ees);
    shash_add_assert(&from->rules, to->name, rule);
    return rule;
}

struct model_host *
model_host_add(struct model *m, const char *name)
{
    struct model_host *host = xzalloc(sizeof *host);

    host->name = xstrdup(name);
    shash_add_assert(&m->hosts, name, host);
    return host;
}

struct model_switch *
model_switch_add(struct model *m, const char *name)
{
    struct model_switch *sw = xzalloc(sizeof *sw);

    sw->name = xstrdup(name);
    sw->manage = sw->save = true;
    shash_init(&sw->ports);
    smap_init(&sw->snmp);
    shash_add_assert(&m->switches, name, sw);
    return sw;
}

struct model_switch_port *
model_switch_port_add(struct model_switch *sw, const char *name)
{
    struct model_switch_port *port = xzalloc(sizeof *port);

    port->name = xstrdup(name);
    shash_add_assert(&sw->ports, name, port);
    return port;
}

void
model_switch_adopt(struct model_switch *sw, uint16_t vlan)
{
    size_t i = 0;

    while (i < sw->n_adopt && sw->adopt[i] < vlan) {
        i++;
    }
    if (i < sw->n_adopt && sw->adopt[i] == vlan) {
        return;
    }
    sw->adopt = xrealloc(sw->adopt, (sw->n_adopt + 1) * sizeof *sw->adopt);
    memmove(&sw->adopt[i + 1], &sw->adopt[i],
            (sw->n_adopt - i) * sizeof *sw->adopt);
    sw->adopt[i] = vlan;
    sw->n_adopt++;
}

struct model_ee *
model_ee_add(struct model *m, const char *name)
{
    struct model_ee *ee = xzalloc(sizeof *ee);

    ee->name = xstrdup(name);
    shash_add_assert(&m->ees, name, ee);
    return ee;
}

struct model_nic *
model_nic_add(struct model_ee *ee, const char *name)
{
    struct model_nic *nic = xzalloc(sizeof *nic);

    nic->ee = ee;
    nic->name = xstrdup(name);
    ee->nics = xrealloc(ee->nics, (ee->n_nics + 1) * sizeof *ee->nics);
    ee->nics[ee->n_nics++] = nic;
    return nic;
}

void
model_ee_remove(struct model *m, struct model_ee *ee)
{
    shash_find_and_delete_assert(&m->ees, ee->name);
    ee_destroy(m, ee);
}

void
model_nic_set_id(struct model *m, struct model_nic *nic, uint32_t id)
{
    if (nic->id) {
        hmap_remove(&m->nics_by_id, &nic->id_node);
    }
    nic->id = id;
    if (id) {
        hmap_insert(&m->nics_by_id, &nic->id_node, hash_int(id, 0));
    }
}

void
model_nic_set_mac(struct model *m, struct model_nic *nic, struct eth_addr mac)
{
    if (!eth_addr_is_zero(nic->mac)) {
        hmap_remove(&m->nics_by_mac, &nic->mac_node);
    }
    nic->mac = mac;
    if (!eth_addr_is_zero(mac)) {
        hmap_insert(&m->nics_by_mac, &nic->mac_node, hash_mac(mac, 0, 0));
    }
}

void
model_nic_add_ip(struct model_nic *nic, const struct in6_addr *ip)
{
    nic->ips = xrealloc(nic->ips, (nic->n_ips + 1) * sizeof *nic->ips);
    nic->ips[nic->n_ips++] = *ip;
}

void
model_subnet_add(struct model_tvd *tvd, const struct model_subnet *subnet)
{
    tvd->subnets = xrealloc(tvd->subnets,
                            (tvd->n_subnets + 1) * sizeof *tvd->subnets);
    tvd->subnets[tvd->n_subnets++] = *subnet;
}

void
model_rule_add_service(struct model_rule *rule,
                       const struct model_service *service)
{
    rule->services = xrealloc(rule->services, (rule->n_services + 1)
                                              * sizeof *rule->services);
    rule->services[rule->n_services++] = *service;
}

void
model_rule_add_peer_role(struct model_rule *rule, struct model_role *role)
{
    rule->peer_roles = xrealloc(rule->peer_roles,
                                (rule->n_peer_roles + 1)
                                * sizeof *rule->peer_roles);
    rule->peer_roles[rule->n_peer_roles++] = role;
}

struct model_label *
model_label_find(const struct model *m, const char *name)
{
    return shash_find_data(&m->labels, name);
}

struct model_tvd *
model_tvd_find(const struct model *m, const char *name)
{
    return shash_find_data(&m->tvds, name);
}

struct model_tvd *
model_tvd_find_id(const struct model *m, uint32_t id)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        struct model_tvd *tvd = node->data;

        if (tvd->id == id) {
            return tvd;
        }
    }
    return NULL;
}

struct model_role *
model_role_find(const struct model_tvd *tvd, const char *name)
{
    return shash_find_data(&tvd->roles, name);
}

struct model_rule *
model_rule_find(const struct model_role *role, const struct model_tvd *to)
{
    return shash_find_data(&role->rules, to->name);
}

struct model_host *
model_host_find(const struct model *m, const char *name)
{
    return shash_find_data(&m->hosts, name);
}

struct model_switch *
model_switch_find(const struct model *m, const char *name)
{
    return shash_find_data(&m->switches, name);
}

struct model_ee *
model_ee_find(const struct model *m, const char *name)
{
    return shash_find_data(&m->ees, name);
}

struct model_nic *
model_nic_find(const struct model_ee *ee, const char *name)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        if (!strcmp(ee->nics[i]->name, name)) {
            return ee->nics[i];
        }
    }
    return NULL;
}

struct model_nic *
model_nic_find_id(const struct model *m, uint32_t id)
{
    struct model_nic *nic;

    HMAP_FOR_EACH_WITH_HASH (nic, id_node, hash_int(id, 0), &m->nics_by_id) {
        if (nic->id == id) {
            return nic;
        }
    }
    return NULL;
}

struct model_nic *
model_nic_find_mac(const struct model *m, struct eth_addr mac)
{
    struct model_nic *nic;

    HMAP_FOR_EACH_WITH_HASH (nic, mac_node, hash_mac(mac, 0, 0), &m->nics_by_mac) {
        if (eth_addr_equals(nic->mac, mac)) {
            return nic;
        }
    }
    return NULL;
}

char *
model_nic_full_name(const struct model_nic *nic)
{
    return xasprintf("%s/%s", nic->ee->name, nic->name);
}

struct model_nic *
model_nic_find_full_name(const struct model *m, const char *full_name)
{
    const char *slash = strchr(full_name, '/');

    if (!slash) {
        return NULL;
    }

    char *ee_name = xmemdup0(full_name, slash - full_name);
    struct model_ee *ee = model_ee_find(m, ee_name);

    free(ee_name);
    return ee ? model_nic_find(ee, slash + 1) : NULL;
}

const char *
model_label_missing_type(const struct model_label *label,
                         const struct model_label *within)
{
    const char *first = NULL;
    const char *type;

    SSET_FOR_EACH (type, &label->types) {
        if (!sset_contains(&within->types, type)
            && (!first || strcmp(type, first) < 0)) {
            first = type;
        }
    }
    return first;
}

bool
model_label_may_be_carried(const struct model_label *label,
                           const struct model_label *host)
{
    return (!sset_is_empty(&label->types)
            && !model_label_missing_type(label, host));
}

bool
model_role_is_gateway(const struct model_role *role)
{
    return !strcmp(role->name, MODEL_GATEWAY_ROLE);
}

bool
model_subnet_contains(const struct model_subnet *subnet,
                      const struct in6_addr *ip)
{
    struct in6_addr mask;

    if (IN6_IS_ADDR_V4MAPPED(ip) == subnet->ipv6) {
        return false;
    }
    mask = ipv6_create_mask(subnet->ipv6 ? subnet->plen : 96 + subnet->plen);

    struct in6_addr net = ipv6_addr_bitand(ip, &mask);
    return ipv6_addr_equals(&net, &subnet->addr);
}

const struct model_subnet *
model_tvd_subnet_of(const struct model_tvd *tvd, const struct in6_addr *ip)
{
    for (size_t i = 0; i < tvd->n_subnets; i++) {
        if (model_subnet_contains(&tvd->subnets[i], ip)) {
            return &tvd->subnets[i];
        }
    }
    return NULL;
}
