/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/policy-print.h"

#include <stdlib.h>
#include "lib/model.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Visits the elements of SHASH by name; NODE names each in turn. */
#define FOR_EACH_SORTED(NODE, I, SHASH)                                 \
    for (const struct shash_node **I##s = shash_sort(SHASH), *NODE;     \
         I##s; free(I##s), I##s = NULL)                                 \
        for (size_t I = 0; I < shash_count(SHASH)                       \
             && (NODE = I##s[I], true); I++)

static void
print_section(struct ds *s, const char *name, const struct shash *contents)
{
    ds_put_format(s, "%s:%s\n", name, shash_is_empty(contents) ? " {}" : "");
}

static void
print_types(struct ds *s, const char *name, const struct sset *types)
{
    const char **sorted = sset_sort(types);

    ds_put_format(s, "  %s: [", name);
    for (size_t i = 0; sorted[i]; i++) {
        ds_put_format(s, "%s\"%s\"", i ? ", " : "", sorted[i]);
    }
    ds_put_cstr(s, "]\n");
    free(sorted);
}

static void
print_smap(struct ds *s, const struct smap *smap)
{
    const struct smap_node **sorted = smap_sort(smap);

    ds_put_char(s, '{');
    for (size_t i = 0; i < smap_count(smap); i++) {
        ds_put_format(s, "%s%s: %s", i ? ", " : "",
                      sorted[i]->key, sorted[i]->value);
    }
    ds_put_char(s, '}');
    free(sorted);
}

static void
print_ip(struct ds *s, const struct in6_addr *ip, unsigned int i)
{
    ds_put_cstr(s, i ? ", \"" : "\"");
    ipv6_format_mapped(ip, s);
}

static void
print_roles(struct ds *s, const struct model_tvd *tvd)
{
    bool first = true;

    ds_put_cstr(s, "    roles: [");
    FOR_EACH_SORTED (node, i, &tvd->roles) {
        const struct model_role *role = node->data;
        bool dhcp = role->provides & MODEL_PROVIDES_DHCP;
        bool ra = role->provides & MODEL_PROVIDES_RA;

        ds_put_cstr(s, first ? "" : ", ");
        first = false;
        if (role->provides) {
            ds_put_format(s, "{\"%s\": {provides: [%s%s%s]}}", role->name,
                          dhcp ? "dhcp-server" : "", dhcp && ra ? ", " : "",
                          ra ? "router-advertisement" : "");
        } else {
            ds_put_format(s, "\"%s\"", role->name);
        }
    }
    ds_put_cstr(s, "]\n");
}

static void
print_tvd(struct ds *s, const struct model_tvd *tvd)
{
    ds_put_format(s, "  %s:\n    label: \"%s\"\n    subnets: [", tvd->name,
                  tvd->label->name);
    for (size_t i = 0; i < tvd->n_subnets; i++) {
        print_ip(s, &tvd->subnets[i].addr, i);
        ds_put_format(s, "/%u\"", tvd->subnets[i].plen);
    }
    ds_put_format(s, "]\n    channel: %s\n",
                  tvd->channel == MODEL_CHANNEL_VLAN ? "vlan" : "ipsec");
    if (tvd->vlan_declared) {
        ds_put_format(s, "    vlan: %u\n", tvd->vlan);
    }
    if (tvd->vni_declared) {
        ds_put_format(s, "    vni: %u\n", tvd->vni);
    }
    if (!eth_addr_is_zero(tvd->router_mac)) {
        ds_put_format(s, "    router_mac: \""ETH_ADDR_FMT"\"\n",
                      ETH_ADDR_ARGS(tvd->router_mac));
    }
    if (!smap_is_empty(&tvd->settings)) {
        ds_put_cstr(s, "    settings: ");
        print_smap(s, &tvd->settings);
        ds_put_char(s, '\n');
    }
    print_roles(s, tvd);
}

static void
print_rule(struct ds *s, const struct model_rule *rule)
{
    const char **ees = sset_sort(&rule->peer_ees);
    bool first = true;

    ds_put_format(s, "      %s: {rule: %s", rule->to->name,
                  model_action_to_string(rule->action));
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        ds_put_format(s, "%s\"%s/%s\"", first ? ", peers: [" : ", ",
                      rule->to->name, rule->peer_roles[i]->name);
        first = false;
    }
    for (size_t i = 0; ees[i]; i++) {
        ds_put_format(s, "%s\"%s\"", first ? ", peers: [" : ", ", ees[i]);
        first = false;
    }
    ds_put_cstr(s, first ? "" : "]");
    for (size_t i = 0; i < rule->n_services; i++) {
        char *service = model_service_format(&rule->services[i]);

        ds_put_format(s, "%s\"%s\"", i ? ", " : ", services: [", service);
        free(service);
    }
    ds_put_cstr(s, rule->n_services ? "]}\n" : "}\n");
    free(ees);
}

static void
print_flows(struct ds *s, const struct model *m)
{
    print_section(s, "flows", &m->tvds);
    FOR_EACH_SORTED (tvd_node, i, &m->tvds) {
        const struct model_tvd *tvd = tvd_node->data;

        ds_put_format(s, "  %s:%s\n", tvd->name,
                      shash_is_empty(&tvd->roles) ? " {}" : "");
        FOR_EACH_SORTED (role_node, j, &tvd->roles) {
            const struct model_role *role = role_node->data;

            ds_put_format(s, "    \"%s\":%s\n", role->name,
                          shash_is_empty(&role->rules) ? " {}" : "");
            FOR_EACH_SORTED (rule_node, k, &role->rules) {
                print_rule(s, rule_node->data);
            }
        }
    }
}

static void
print_nic(struct ds *s, const struct model_nic *nic)
{
    ds_put_format(s, "    - {name: \"%s\", tvd: \"%s\", role: \"%s\"",
                  nic->name, nic->tvd->name, nic->role->name);
    if (nic->mac_declared) {
        ds_put_format(s, ", mac: \""ETH_ADDR_FMT"\"", ETH_ADDR_ARGS(nic->mac));
    }
    for (size_t i = 0; i < nic->n_ips; i++) {
        ds_put_cstr(s, i ? "" : ", ip: [");
        print_ip(s, &nic->ips[i], i);
        ds_put_cstr(s, i + 1 < nic->n_ips ? "\"" : "\"]");
    }
    ds_put_cstr(s, "}\n");
}

static void
print_ees(struct ds *s, const struct model *m)
{
    print_section(s, "ees", &m->ees);
    FOR_EACH_SORTED (node, i, &m->ees) {
        const struct model_ee *ee = node->data;

        ds_put_format(s, "  %s:%s\n    label: \"%s\"\n    kind: %s\n",
                      ee->name, ee->managed ? "  # managed" : "",
                      ee->label->name,
                      ee->kind == MODEL_EE_VM ? "vm" : "namespace");
        if (ee->host) {
            ds_put_format(s, "    host: \"%s\"\n", ee->host);
        }
        ds_put_format(s, "    nics:%s\n", ee->n_nics ? "" : " []");
        for (size_t j = 0; j < ee->n_nics; j++) {
            print_nic(s, ee->nics[j]);
        }
    }
}

/* The ports of 'sw' that are links, or those that are not. */
static void
print_switch_ports(struct ds *s, const struct model_switch *sw, bool links)
{
    size_t n = 0;

    FOR_EACH_SORTED (node, i, &sw->ports) {
        const struct model_switch_port *port = node->data;

        if (links && port->peer) {
            ds_put_format(s, "%s\"%s\": {switch: \"%s\", port: \"%s\"}",
                          n++ ? ", " : ", links: {", port->name, port->peer,
                          port->peer_port);
        } else if (!links && port->tvd) {
            ds_put_format(s, "%s\"%s\": {tvd: \"%s\"}",
                          n++ ? ", " : ", ports: {", port->name, port->tvd);
        }
    }
    ds_put_cstr(s, n ? "}" : "");
}

static void
print_switch_keys(struct ds *s, const struct model_switch *sw)
{
    if (sw->vlans == MODEL_VLANS_LABEL) {
        ds_put_cstr(s, ", vlans: label");
    }
    ds_put_cstr(s, sw->manage ? "" : ", manage: false");
    ds_put_cstr(s, sw->save ? "" : ", save: false");
    ds_put_cstr(s, sw->filter_others ? ", filter_others: true" : "");
    if (sw->parking) {
        ds_put_format(s, ", parking: %u", sw->parking);
    }
    for (size_t i = 0; i < sw->n_adopt; i++) {
        ds_put_format(s, "%s%u", i ? ", " : ", adopt: [", sw->adopt[i]);
    }
    ds_put_cstr(s, sw->n_adopt ? "]" : "");
    print_switch_ports(s, sw, true);
    print_switch_ports(s, sw, false);
}

static void
print_hosts(struct ds *s, const struct model *m)
{
    print_section(s, "switches", &m->switches);
    FOR_EACH_SORTED (node, i, &m->switches) {
        const struct model_switch *sw = node->data;

        ds_put_format(s, "  %s: {address: \"%s\"", sw->name, sw->address);
        if (!smap_is_empty(&sw->snmp)) {
            ds_put_cstr(s, ", snmp: ");
            print_smap(s, &sw->snmp);
        }
        print_switch_keys(s, sw);
        ds_put_cstr(s, "}\n");
    }
    print_section(s, "hosts", &m->hosts);
    FOR_EACH_SORTED (node, i, &m->hosts) {
        const struct model_host *host = node->data;

        ds_put_format(s, "  %s: {label: \"%s\"", host->name,
                      host->label->name);
        if (host->address) {
            ds_put_format(s, ", address: \"%s\"", host->address);
        }
        if (host->switch_name) {
            ds_put_format(s, ", switch: \"%s\", port: \"%s\"",
                          host->switch_name, host->switch_port);
        }
        ds_put_cstr(s, "}\n");
    }
}

static void
print_pool(struct ds *s, const char *name, const struct model_range *pool)
{
    if (pool->max) {
        ds_put_format(s, "%s: [%u, %u]\n", name, pool->min, pool->max);
    }
}

char *
policy_print(const struct model *m)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&s, "version: 1\n");
    print_pool(&s, "vlan_pool", &m->vlan_pool);
    print_pool(&s, "vni_pool", &m->vni_pool);
    print_section(&s, "labels", &m->labels);
    FOR_EACH_SORTED (node, i, &m->labels) {
        const struct model_label *label = node->data;

        print_types(&s, label->name, &label->types);
    }
    print_section(&s, "conflicts", &m->conflicts);
    FOR_EACH_SORTED (node, i, &m->conflicts) {
        const struct model_conflict *conflict = node->data;

        print_types(&s, conflict->name, &conflict->types);
    }
    print_section(&s, "tvds", &m->tvds);
    FOR_EACH_SORTED (node, i, &m->tvds) {
        print_tvd(&s, node->data);
    }
    print_flows(&s, m);
    print_hosts(&s, m);
    print_ees(&s, m);
    return ds_steal_cstr(&s);
}
