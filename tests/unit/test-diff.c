/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/diff.h"

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

#include "tests/unit/tap.h"

static void
add_subnet(struct model_tvd *tvd, const char *addr, unsigned int plen,
           bool ipv6)
{
    struct model_subnet subnet = { .plen = plen, .ipv6 = ipv6 };

    ipv6_parse(addr, &subnet.addr);
    model_subnet_add(tvd, &subnet);
}

/* One object of each kind. */
static struct model *
small_model(void)
{
    struct model *m = model_create();
    struct model_label *label = model_label_add(m, "red");
    struct model_tvd *tvd = model_tvd_add(m, "red");
    struct model_role *role = model_role_add(tvd, "client");
    struct model_host *host = model_host_add(m, "h1");
    struct model_switch *sw = model_switch_add(m, "core1");
    struct model_ee *ee = model_ee_add(m, "pc");
    struct model_nic *nic = model_nic_add(ee, "eth0");
    struct eth_addr mac;
    struct in6_addr ip;

    sset_add(&label->types, "red");
    sset_add(&model_conflict_add(m, "rivals")->types, "red");
    tvd->label = host->label = ee->label = label;
    add_subnet(tvd, "fd00:20::", 64, true);
    add_subnet(tvd, "::ffff:10.20.0.0", 24, false);
    tvd->vlan = 110;
    tvd->vni = 5000;
    eth_addr_from_string("02:54:57:00:00:01", &tvd->router_mac);
    host->address = xstrdup("192.0.2.1");
    sw->address = xstrdup("192.0.2.9");
    smap_add(&sw->snmp, "version", "3");
    m->vlan_pool = (struct model_range) { .min = 100, .max = 199 };
    model_rule_add(role, tvd, MODEL_NONE);
    nic->tvd = tvd;
    nic->role = role;
    eth_addr_from_string("02:54:56:00:00:01", &mac);
    model_nic_set_mac(m, nic, mac);
    ipv6_parse("fd00:20::2", &ip);
    model_nic_add_ip(nic, &ip);
    ipv6_parse("::ffff:10.20.0.2", &ip);
    model_nic_add_ip(nic, &ip);
    return m;
}

/* One line for each change, and below it its details. */
static void
diff_format(const struct diff *diff, struct ds *out)
{
    for (size_t i = 0; i < diff->n; i++) {
        const struct diff_change *change = &diff->changes[i];
        const char *detail;
        size_t j;

        ds_put_format(out, "%c %s %s\n", "+~-"[change->op],
                      diff_kind_to_string(change->kind), change->name);
        SVEC_FOR_EACH (j, detail, &change->details) {
            ds_put_format(out, "    %s\n", detail);
        }
    }
}

static void
check(const struct model *old, const struct model *new, const char *want,
      const char *what)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct diff diff;

    diff_models(old, new, &diff);
    diff_format(&diff, &text);
    is_str(ds_cstr(&text), want, "%s", what);
    ds_destroy(&text);
    diff_destroy(&diff);
}

static void
test_whole(void)
{
    struct model *m = small_model();
    struct model *same = small_model();

    /* None of these are what an administrator knows. */
    model_tvd_find(same, "red")->id = 17;
    model_nic_set_id(same, model_ee_find(same, "pc")->nics[0], 4);
    model_ee_find(same, "pc")->loc.line = 99;
    check(m, same, "", "equal models, but for ids and places");
    check(NULL, NULL, "", "nothing and nothing");
    check(NULL, m,
          "+ label red\n"
          "    types: [red]\n"
          "+ conflict rivals\n"
          "    types: [red]\n"
          "+ pool vlan_pool\n"
          "    range: 100-199\n"
          "+ switch core1\n"
          "    address: 192.0.2.9\n"
          "    snmp version: 3\n"
          "+ host h1\n"
          "    label: red\n"
          "    address: 192.0.2.1\n"
          "+ tvd red\n"
          "    label: red\n"
          "    subnets: 10.20.0.0/24, fd00:20::/64\n"
          "    vlan: 110\n"
          "    vni: 5000\n"
          "    channel: vlan\n"
          "    router MAC: 02:54:57:00:00:01\n"
          "+ role red/client\n"
          "+ flow red/client -> red\n"
          "    rule: none\n"
          "+ ee pc\n"
          "    label: red\n"
          "    kind: vm\n"
          "    nic eth0 tvd: red\n"
          "    nic eth0 role: client\n"
          "    nic eth0 mac: 02:54:56:00:00:01\n"
          "    nic eth0 ip: 10.20.0.2, fd00:20::2\n",
          "everything is new");
    check(m, NULL,
          "- label red\n- conflict rivals\n- pool vlan_pool\n"
          "- switch core1\n- host h1\n- tvd red\n- role red/client\n"
          "- flow red/client -> red\n- ee pc\n", "everything goes");
    model_destroy(m);
    model_destroy(same);
}

static void
change_all(struct model *m)
{
    struct model_tvd *tvd = model_tvd_find(m, "red");
    struct model_role *role = model_role_find(tvd, "client");
    struct model_rule *rule = model_rule_find(role, tvd);
    struct model_ee *ee = model_ee_find(m, "pc");
    struct model_service ssh = { .proto = 6, .port_min = 22, .port_max = 22 };
    struct model_service icmp = { .proto = 1, .any_port = true };
    struct model_nic *nic = model_nic_add(ee, "eth1");

    sset_add(&model_label_find(m, "red")->types, "crimson");
    m->vlan_pool = (struct model_range) { .min = 0 };
    m->vni_pool = (struct model_range) { .min = 9, .max = 99 };
    smap_replace(&model_switch_find(m, "core1")->snmp, "version", "2c");
    smap_add(&model_switch_find(m, "core1")->snmp, "insecure", "true");
    model_host_find(m, "h1")->switch_name = xstrdup("core1");
    model_host_find(m, "h1")->switch_port = xstrdup("4");
    tvd->vlan = 111;
    tvd->channel = MODEL_CHANNEL_IPSEC;
    smap_add(&tvd->settings, "log", "all");
    role->provides = MODEL_PROVIDES_RA;
    rule->action = MODEL_P;
    model_rule_add_peer_role(rule, role);
    sset_add(&rule->peer_ees, "pc");
    model_rule_add_service(rule, &ssh);
    model_rule_add_service(rule, &icmp);
    model_rule_add(model_role_add(tvd, "gateway"), tvd, MODEL_G);
    ee->host = xstrdup("h1");
    ee->origin = MODEL_FROM_API;
    ee->nics[0]->n_ips = 1;
    nic->tvd = tvd;
    nic->role = role;
}

static void
test_changes(void)
{
    struct model *old = small_model();
    struct model *new = small_model();

    change_all(new);
    check(old, new,
          "~ label red\n"
          "    types: [red] -> [crimson, red]\n"
          "- pool vlan_pool\n"
          "+ pool vni_pool\n"
          "    range: 9-99\n"
          "~ switch core1\n"
          "    snmp insecure: true (new)\n"
          "    snmp version: 3 -> 2c\n"
          "~ host h1\n"
          "    switch: - -> core1\n"
          "    port: - -> 4\n"
          "~ tvd red\n"
          "    vlan: 110 -> 111\n"
          "    channel: vlan -> ipsec\n"
          "    setting log: all (new)\n"
          "~ role red/client\n"
          "    provides: nothing -> router-advertisement\n"
          "+ role red/gateway\n"
          "~ flow red/client -> red\n"
          "    rule: none -> P\n"
          "    peers: pc, red/client (new)\n"
          "    services: icmp, tcp/22 (new)\n"
          "+ flow red/gateway -> red\n"
          "    rule: G\n"
          "~ ee pc\n"
          "    host: any -> h1\n"
          "    origin: policy -> tvdctl\n"
          "    nic eth0 ip: 10.20.0.2, fd00:20::2 -> fd00:20::2\n"
          "    nic eth1 tvd: red (new)\n"
          "    nic eth1 role: client (new)\n"
          "    nic eth1 mac: 00:00:00:00:00:00 (new)\n"
          "    nic eth1 ip: - (new)\n", "each kind of change");

    struct diff there, back;
    diff_models(old, new, &there);
    diff_models(new, old, &back);
    bool mirrored = there.n == back.n;
    for (size_t i = 0; mirrored && i < there.n; i++) {
        const struct diff_change *a = &there.changes[i];
        const struct diff_change *b = &back.changes[i];

        mirrored = a->kind == b->kind && !strcmp(a->name, b->name)
                   && a->op + b->op == DIFF_ADD + DIFF_REMOVE
                   && (a->op != DIFF_CHANGE || a->details.n == b->details.n);
    }
    ok(mirrored, "the way back is the mirror image");
    diff_destroy(&there);
    diff_destroy(&back);
    diff_destroy(NULL);
    model_destroy(old);
    model_destroy(new);
}

static void
test_json(void)
{
    struct model *old = small_model(), *new = small_model();
    struct diff diff;

    model_tvd_find(new, "red")->vlan = 111;
    model_ee_remove(new, model_ee_find(new, "pc"));
    diff_models(old, new, &diff);

    struct json *json = diff_to_json(&diff);
    char *text = json_to_string(json, JSSF_SORT);
    is_str(text, "[{\"details\":[\"vlan: 110 -> 111\"],\"kind\":\"tvd\","
           "\"name\":\"red\",\"op\":\"change\"},"
           "{\"details\":[],\"kind\":\"ee\",\"name\":\"pc\","
           "\"op\":\"remove\"}]", "changes in JSON");
    free(text);
    json_destroy(json);
    diff_destroy(&diff);
    model_destroy(old);
    model_destroy(new);
}

int
main(void)
{
    test_whole();
    test_changes();
    test_json();
    return tap_done();
}
