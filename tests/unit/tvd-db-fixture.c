/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/tvd-db-fixture.h"

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "packets.h"
#include "random.h"
#include "svec.h"
#include "tests/unit/tap.h"
#include "timeval.h"
#include "util.h"

/* --- A model as text, sorted, to be compared ------------------------------*/

static void
put_types(struct svec *out, const char *what, const char *name,
          const struct sset *types)
{
    const char **a = sset_sort(types);
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < sset_count(types); i++) {
        ds_put_format(&s, " %s", a[i]);
    }
    svec_add_nocopy(out, xasprintf("%s %s:%s", what, name, ds_cstr(&s)));
    ds_destroy(&s);
    free(a);
}

static char *
format_ips(const struct in6_addr *ips, size_t n)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    char s[INET6_ADDRSTRLEN], *joined;

    for (size_t i = 0; i < n; i++) {
        ipv6_string_mapped(s, &ips[i]);
        svec_add(&words, s);
    }
    svec_sort(&words);
    joined = svec_join(&words, ",", "");
    svec_destroy(&words);
    return joined;
}

static void
put_rule(struct svec *out, const struct model_rule *rule)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    const char *ee;
    char *joined;

    for (size_t i = 0; i < rule->n_services; i++) {
        svec_add_nocopy(&words, model_service_format(&rule->services[i]));
    }
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        svec_add_nocopy(&words, xasprintf("role:%s/%s",
                                          rule->peer_roles[i]->tvd->name,
                                          rule->peer_roles[i]->name));
    }
    SSET_FOR_EACH (ee, &rule->peer_ees) {
        svec_add(&words, ee);
    }
    svec_sort(&words);
    joined = svec_join(&words, ",", "");
    svec_add_nocopy(out, xasprintf("rule %s/%s -> %s: %"PRIu32" %s %s",
                                   rule->from->tvd->name, rule->from->name,
                                   rule->to->name, rule->id,
                                   model_action_to_string(rule->action),
                                   joined));
    free(joined);
    svec_destroy(&words);
}

static void
put_tvd(struct svec *out, const struct model_tvd *tvd)
{
    struct in6_addr *routers = xmalloc(tvd->n_subnets * sizeof *routers);
    struct shash_node *node, *node2;
    char *ips;

    for (size_t i = 0; i < tvd->n_subnets; i++) {
        routers[i] = tvd->subnets[i].router;
    }
    ips = format_ips(routers, tvd->n_subnets);
    svec_add_nocopy(out, xasprintf(
        "tvd %s: %"PRIu32" %s %u%s %"PRIu32"%s %d "ETH_ADDR_FMT" %s %s",
        tvd->name, tvd->id, tvd->label->name, tvd->vlan,
        tvd->vlan_declared ? "!" : "", tvd->vni, tvd->vni_declared ? "!" : "",
        tvd->channel, ETH_ADDR_ARGS(tvd->router_mac), ips,
        smap_get_def(&tvd->settings, "color", "")));
    free(ips);
    free(routers);
    SHASH_FOR_EACH (node, &tvd->roles) {
        struct model_role *role = node->data;

        svec_add_nocopy(out, xasprintf("role %s/%s: %"PRIu32" %u", tvd->name,
                                       role->name, role->id, role->provides));
        SHASH_FOR_EACH (node2, &role->rules) {
            put_rule(out, node2->data);
        }
    }
}

static void
put_ee(struct svec *out, const struct model_ee *ee)
{
    svec_add_nocopy(out, xasprintf("ee %s: %s %d %d %d %s", ee->name,
                                   ee->label->name, ee->kind, ee->origin,
                                   ee->managed, ee->host ? ee->host : "-"));
    for (size_t i = 0; i < ee->n_nics; i++) {
        struct model_nic *nic = ee->nics[i];
        char *ips = format_ips(nic->ips, nic->n_ips);

        svec_add_nocopy(out, xasprintf(
            "nic %s/%s: %"PRIu32" %s/%s "ETH_ADDR_FMT"%s %s%s", ee->name,
            nic->name, nic->id, nic->tvd->name, nic->role->name,
            ETH_ADDR_ARGS(nic->mac), nic->mac_declared ? "!" : "", ips,
            nic->ips_declared ? "!" : ""));
        free(ips);
    }
}

static void
put_switch_ports(struct svec *out, const struct model_switch *sw)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &sw->ports) {
        const struct model_switch_port *port = node->data;

        svec_add_nocopy(out, xasprintf("port %s/%s: %s %s %s", sw->name,
                                       port->name, port->tvd ? port->tvd : "-",
                                       port->peer ? port->peer : "-",
                                       port->peer_port ? port->peer_port
                                                       : "-"));
    }
}

char *
model_text(const struct model *m)
{
    struct svec out = SVEC_EMPTY_INITIALIZER;
    struct shash_node *node;
    char *text;

    SHASH_FOR_EACH (node, &m->labels) {
        struct model_label *label = node->data;

        put_types(&out, "label", label->name, &label->types);
    }
    SHASH_FOR_EACH (node, &m->conflicts) {
        struct model_conflict *conflict = node->data;

        put_types(&out, "conflict", conflict->name, &conflict->types);
    }
    SHASH_FOR_EACH (node, &m->hosts) {
        struct model_host *host = node->data;

        svec_add_nocopy(&out, xasprintf(
            "host %s: %s %s %s %s", host->name, host->label->name,
            host->address ? host->address : "-",
            host->switch_name ? host->switch_name : "-",
            host->switch_port ? host->switch_port : "-"));
    }
    SHASH_FOR_EACH (node, &m->switches) {
        struct model_switch *sw = node->data;

        svec_add_nocopy(&out, xasprintf(
            "switch %s: %s %s %s%s%s%s %u %"PRIuSIZE" %u", sw->name,
            sw->address ? sw->address : "-",
            smap_get_def(&sw->snmp, "version", "-"),
            model_switch_vlans_to_string(sw->vlans),
            sw->manage ? " managed" : "", sw->save ? " saved" : "",
            sw->filter_others ? " filtered" : "", sw->parking, sw->n_adopt,
            sw->n_adopt ? sw->adopt[0] : 0));
        put_switch_ports(&out, sw);
    }
    SHASH_FOR_EACH (node, &m->tvds) {
        put_tvd(&out, node->data);
    }
    SHASH_FOR_EACH (node, &m->ees) {
        put_ee(&out, node->data);
    }
    svec_add_nocopy(&out, xasprintf("pools %"PRIu32"-%"PRIu32" "
                                    "%"PRIu32"-%"PRIu32,
                                    m->vlan_pool.min, m->vlan_pool.max,
                                    m->vni_pool.min, m->vni_pool.max));
    svec_sort(&out);
    text = svec_join(&out, "\n", "\n");
    svec_destroy(&out);
    return text;
}

/* --- Random models --------------------------------------------------------*/

struct model_ee *
add_ee(struct model *m, unsigned int n, unsigned int version)
{
    char *name = xasprintf("ee%u", n);
    struct model_ee *ee = model_ee_add(m, name);
    unsigned int n_tvds = shash_count(&m->tvds);

    free(name);
    ee->label = model_label_find(m, "l0");
    ee->kind = n % 3 ? MODEL_EE_VM : MODEL_EE_NAMESPACE;
    ee->origin = n % 5 ? MODEL_FROM_POLICY : MODEL_FROM_API;
    ee->host = version % 2 ? xstrdup("h0") : NULL;
    for (unsigned int i = 0; i < 1 + n % 2; i++) {
        char nic_name[16];
        struct model_nic *nic;
        unsigned int id = 1 + n * 2 + i;

        snprintf(nic_name, sizeof nic_name, "eth%u", i);
        nic = model_nic_add(ee, nic_name);
        snprintf(nic_name, sizeof nic_name, "t%u", n % n_tvds);
        nic->tvd = model_tvd_find(m, nic_name);
        nic->role = model_role_find(nic->tvd, n % 7 ? "member" : "gateway");
        model_nic_set_id(m, nic, id);
        model_nic_set_mac(m, nic, (struct eth_addr) { { .ea = {
            2, version, 0, id >> 16, id >> 8, id } } });
        nic->mac_declared = version % 3 == 0;

        struct in6_addr ip = nic->tvd->subnets[0].addr;
        ip.s6_addr[14] = (id + 16) >> 8;
        ip.s6_addr[15] = id + 16;
        model_nic_add_ip(nic, &ip);
    }
    return ee;
}

static void
add_subnet(struct model_tvd *tvd, const char *address, unsigned int plen)
{
    struct model_subnet subnet = { .plen = plen };
    ovs_be32 ip4;

    if (ip_parse(address, &ip4)) {
        in6_addr_set_mapped_ipv4(&subnet.addr, ip4);
    } else {
        subnet.ipv6 = ipv6_parse(address, &subnet.addr);
    }
    subnet.router = subnet.addr;
    subnet.router.s6_addr[15]++;
    model_subnet_add(tvd, &subnet);
}

static void
add_tvd(struct model *m, unsigned int n)
{
    char *name = xasprintf("t%u", n);
    struct model_tvd *tvd = model_tvd_add(m, name);
    char s[64];

    free(name);
    tvd->id = n + 1;
    tvd->label = model_label_find(m, "l0");
    tvd->vlan = 100 + n;
    tvd->vlan_declared = n % 2;
    tvd->vni = 5000 + n;
    tvd->channel = n % 2 ? MODEL_CHANNEL_VLAN : MODEL_CHANNEL_IPSEC;
    tvd->router_mac = (struct eth_addr) { { .ea = {
        2, 0xff, 0, 0, n >> 8, n } } };
    smap_add(&tvd->settings, "color", n % 3 ? "green" : "blue");
    snprintf(s, sizeof s, "10.%u.0.0", n);
    add_subnet(tvd, s, 16);
    snprintf(s, sizeof s, "fd00:%x::", n);
    add_subnet(tvd, s, 64);
    model_role_add(tvd, "member")->id = 1 + 2 * n;
    model_role_add(tvd, "gateway")->id = 2 + 2 * n;
    model_role_find(tvd, "gateway")->provides = n % 4;
}

static void
add_rules(struct model *m, unsigned int version)
{
    struct shash_node *a, *b;
    unsigned int id = 0;

    SHASH_FOR_EACH (a, &m->tvds) {
        SHASH_FOR_EACH (b, &m->tvds) {
            struct model_tvd *to = b->data;
            struct model_role *from = model_role_find(a->data, "member");
            struct model_rule *rule;
            unsigned int n = ++id + version;

            if (n % 3 == 0) {
                continue;
            }
            rule = model_rule_add(from, to, n % 4);
            rule->id = id;
            if (rule->action == MODEL_P) {
                model_rule_add_peer_role(rule, model_role_find(to, "gateway"));
                sset_add(&rule->peer_ees, "ee7");
            }
            if (rule->action >= MODEL_P) {
                model_rule_add_service(rule, &(struct model_service) {
                    .proto = n % 2 ? IPPROTO_TCP : IPPROTO_UDP,
                    .port_min = n, .port_max = n + n % 5 });
                model_rule_add_service(rule, &(struct model_service) {
                    .proto = n % 5 ? IPPROTO_ICMP : 47, .any_port = true });
            }
        }
    }
}

/* The frame of a model: everything but EEs. */
struct model *
make_model(unsigned int n_tvds, unsigned int version)
{
    struct model *m = model_create();
    struct model_conflict *conflict;
    struct model_host *host;
    struct model_switch *sw;
    struct model_switch_port *port;

    sset_add(&model_label_add(m, "l0")->types, "a");
    sset_add(&model_label_find(m, "l0")->types, "b");
    sset_add(&model_label_add(m, version % 2 ? "l1" : "l2")->types, "c");
    conflict = model_conflict_add(m, "c0");
    sset_add(&conflict->types, "a");
    sset_add(&conflict->types, "c");
    host = model_host_add(m, "h0");
    host->label = model_label_find(m, "l0");
    host->address = version % 2 ? xstrdup("192.0.2.1") : NULL;
    host->switch_name = xstrdup("s0");
    host->switch_port = xstrdup("1");
    sw = model_switch_add(m, "s0");
    sw->address = xstrdup("192.0.2.9");
    smap_add(&sw->snmp, "version", version % 2 ? "3" : "2c");
    sw->vlans = version % 2 ? MODEL_VLANS_LABEL : MODEL_VLANS_ON_DEMAND;
    sw->manage = version % 2;
    sw->save = version % 3;
    sw->filter_others = version % 4 == 1;
    sw->parking = version % 2 ? 0 : 77;
    model_switch_adopt(sw, 100 + version);
    port = model_switch_port_add(sw, "Gi 1/0/1");
    port->peer = xstrdup("s1");
    port->peer_port = xasprintf("Gi1/%u", version);
    model_switch_port_add(sw, "7")->tvd = xstrdup("t0");
    m->vlan_pool.min = 100;
    m->vlan_pool.max = 200 + version;
    for (unsigned int i = 0; i < n_tvds; i++) {
        add_tvd(m, i);
    }
    add_rules(m, version);
    return m;
}

/* --- Clients --------------------------------------------------------------*/

void
run_until(struct tvd_db *db, bool (*done)(struct tvd_db *, const void *),
          const void *aux, struct tvd_db_changes *sum)
{
    long long int deadline = time_msec() + 10000;

    for (;;) {
        ovsdb_idl_run(tvd_db_idl(db));

        const struct tvd_db_changes *c = tvd_db_run(db);

        if (c && sum) {
            sum->everything |= c->everything;
            sum->gateways |= c->gateways;
            sum->seq |= c->seq;
            sum->n_nics += c->n_nics;
            sum->n_tvds += c->n_tvds;
        }
        if (done(db, aux)) {
            return;
        }
        if (time_msec() > deadline) {
            ok(false, "waited in vain");
            exit(tap_done());
        }
        ovsdb_idl_wait(tvd_db_idl(db));
        tvd_db_wait(db);
        poll_timer_wait_until(deadline + 1);
        poll_block();
    }
}

bool
has_model(struct tvd_db *db, const void *aux OVS_UNUSED)
{
    return tvd_db_model(db) != NULL;
}

bool
has_seq(struct tvd_db *db, const void *seq)
{
    return tvd_db_model(db) && tvd_db_seq(db) == *(const int64_t *) seq;
}

enum ovsdb_idl_txn_status
commit(struct ovsdb_idl_txn *txn)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit_block(txn);

    if (status == TXN_ERROR) {
        printf("# %s\n", ovsdb_idl_txn_get_error(txn));
    }
    ovsdb_idl_txn_destroy(txn);
    return status;
}

enum ovsdb_idl_txn_status
write_model(struct tvd_db *db, const struct model *m, int64_t seq)
{
    struct smap ids = SMAP_INITIALIZER(&ids);
    struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(tvd_db_idl(db));

    smap_add(&ids, "nic", "17");
    tvd_db_write_model(db, txn, m);
    if (seq) {
        tvd_db_write_global(db, txn, seq, &ids, NULL);
    }
    smap_destroy(&ids);
    return commit(txn);
}

void
check_same(struct tvd_db *db, const struct model *m, const char *what)
{
    char *want = model_text(m);
    char *got = model_text(tvd_db_model(db));

    if (strcmp(want, got)) {
        ok(false, "%s: the model is as written", what);
        printf("# want:\n%s# got:\n%s", want, got);
    } else {
        ok(true, "%s: the model is as written", what);
    }
    free(want);
    free(got);
}

void
fixture_sync(struct fixture *f, struct tvd_db_changes *sum)
{
    run_until(f->writer, has_seq, &f->seq, NULL);
    run_until(f->reader, has_seq, &f->seq, sum);
}

/* --- The fixture ----------------------------------------------------------*/

bool
fixture_start(struct fixture *f, int argc, char *argv[])
{
    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    random_set_seed(argc > 1 ? strtoul(argv[1], NULL, 0) : 1);
    signal(SIGPIPE, SIG_IGN);
    if (!test_server_start(&f->server, tvd_db_schema)) {
        return false;
    }
    f->writer = tvd_db_create(f->server.remote, TVD_DB_CONTROLLER, NULL);
    f->reader = tvd_db_create(f->server.remote, TVD_DB_CONTROLLER, NULL);
    run_until(f->writer, has_model, NULL, NULL);
    run_until(f->reader, has_model, NULL, NULL);
    return true;
}

void
fixture_stop(struct fixture *f)
{
    tvd_db_destroy(f->writer);
    tvd_db_destroy(f->reader);
    test_server_stop(&f->server);
}
