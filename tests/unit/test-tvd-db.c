/* SPDX-License-Identifier: Apache-2.0
 *
 * Models into a real database and back: a writer, a reader that follows
 * changes, and an agent's reader; random models, and rows that make no sense. */

#include <config.h>
#include "lib/tvd-db.h"

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "packets.h"
#include "random.h"
#include "svec.h"
#include "tests/unit/ovsdb-server.h"
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

static char *
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
            "switch %s: %s %s", sw->name, sw->address ? sw->address : "-",
            smap_get_def(&sw->snmp, "version", "-")));
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

/* Adds EE number 'n', all of whose values follow from 'n', 'version' and what
 * is in the model. */
static struct model_ee *
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
static struct model *
make_model(unsigned int n_tvds, unsigned int version)
{
    struct model *m = model_create();
    struct model_conflict *conflict;
    struct model_host *host;
    struct model_switch *sw;

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
    m->vlan_pool.min = 100;
    m->vlan_pool.max = 200 + version;
    for (unsigned int i = 0; i < n_tvds; i++) {
        add_tvd(m, i);
    }
    add_rules(m, version);
    return m;
}

/* --- Clients --------------------------------------------------------------*/

static void
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

static bool
has_model(struct tvd_db *db, const void *aux OVS_UNUSED)
{
    return tvd_db_model(db) != NULL;
}

static bool
has_seq(struct tvd_db *db, const void *seq)
{
    return tvd_db_model(db) && tvd_db_seq(db) == *(const int64_t *) seq;
}

static enum ovsdb_idl_txn_status
commit(struct ovsdb_idl_txn *txn)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit_block(txn);

    if (status == TXN_ERROR) {
        printf("# %s\n", ovsdb_idl_txn_get_error(txn));
    }
    ovsdb_idl_txn_destroy(txn);
    return status;
}

static enum ovsdb_idl_txn_status
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

static void
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

struct fixture {
    struct test_server server;
    struct tvd_db *writer;
    struct tvd_db *reader;      /* Follows all the time. */
    int64_t seq;
};

static void
fixture_sync(struct fixture *f, struct tvd_db_changes *sum)
{
    run_until(f->writer, has_seq, &f->seq, NULL);
    run_until(f->reader, has_seq, &f->seq, sum);
}

/* --- Tests ----------------------------------------------------------------*/

static void
test_random(struct fixture *f)
{
    bool all = true;

    for (unsigned int step = 0; step < 60; step++) {
        struct model *m = make_model(1 + random_range(4), random_range(6));
        char *want, *got, *got2;

        for (unsigned int n = random_range(3); n < 40;
             n += 1 + random_range(5)) {
            add_ee(m, n, random_range(4));
        }
        f->seq++;
        all &= write_model(f->writer, m, f->seq) == TXN_SUCCESS;
        fixture_sync(f, NULL);
        want = model_text(m);
        got = model_text(tvd_db_model(f->writer));
        got2 = model_text(tvd_db_model(f->reader));
        if (strcmp(want, got) || strcmp(want, got2)) {
            all = false;
            printf("# step %u want:\n%s# got:\n%s# or:\n%s", step, want, got,
                   got2);
        }
        free(want);
        free(got);
        free(got2);
        model_destroy(m);
    }
    ok(all, "60 random models, each as written for writer and reader");
}

static void
test_unchanged(struct fixture *f, struct model *m)
{
    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, NULL);
    ok(write_model(f->writer, m, 0) == TXN_UNCHANGED,
       "writing the same model again changes nothing");
}

static void
test_incremental(struct fixture *f)
{
    struct model *m = make_model(3, 1);
    struct tvd_db_changes sum = { .everything = false };
    struct ovsdb_idl_txn *txn;
    struct model_ee *ee;
    struct smap ids = SMAP_INITIALIZER(&ids);

    for (unsigned int n = 1; n <= 6; n++) {
        add_ee(m, n, 1);
    }
    test_unchanged(f, m);

    ee = add_ee(m, 9, 1);
    txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
    tvd_db_write_ee(f->writer, txn, ee);
    tvd_db_write_global(f->writer, txn, ++f->seq, &ids, NULL);
    ok(commit(txn) == TXN_SUCCESS, "one EE added");
    fixture_sync(f, &sum);
    ok(!sum.everything && sum.n_nics == 2 && sum.n_tvds == 1 && sum.seq
       && !sum.gateways, "an EE with two NICs: two NICs changed in one TVD");
    check_same(f->reader, m, "EE added");

    memset(&sum, 0, sizeof sum);
    ee = add_ee(m, 7, 1);
    txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
    tvd_db_write_ee(f->writer, txn, ee);
    tvd_db_write_global(f->writer, txn, ++f->seq, &ids, NULL);
    commit(txn);
    fixture_sync(f, &sum);
    ok(!sum.everything && sum.gateways, "a gateway is reported as such");

    struct model *seen = tvd_db_model(f->reader);
    struct model_tvd *t1 = model_tvd_find(seen, "t1");
    t1->gateway = model_ee_find(seen, "ee7")->nics[0];
    memset(&sum, 0, sizeof sum);
    txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
    tvd_db_delete_ee(f->writer, "ee7");
    tvd_db_write_global(f->writer, txn, ++f->seq, &ids, NULL);
    commit(txn);
    model_ee_remove(m, ee);
    fixture_sync(f, &sum);
    ok(!sum.everything && sum.gateways && sum.n_nics == 2 && !t1->gateway,
       "a gateway that goes leaves no pointer behind");
    check_same(f->reader, m, "EE removed");

    smap_destroy(&ids);
    model_destroy(m);
}

static void
test_swap(struct fixture *f)
{
    struct model *m = make_model(1, 1);
    struct model_nic *a = add_ee(m, 2, 1)->nics[0];
    struct model_nic *b = add_ee(m, 4, 1)->nics[0];
    struct tvd_db_changes sum = { .everything = false };
    struct eth_addr mac = a->mac;
    struct in6_addr ip = a->ips[0];
    uint32_t id = a->id, id2 = b->id;

    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, NULL);
    a->ips[0] = b->ips[0];
    b->ips[0] = ip;
    model_nic_set_mac(m, a, b->mac);
    model_nic_set_mac(m, b, mac);
    model_nic_set_id(m, b, 0);
    model_nic_set_id(m, a, id2);
    model_nic_set_id(m, b, id);
    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, &sum);
    ok(!sum.everything && sum.n_nics == 2,
       "two EEs that swap ids, MACs and addresses are two changes");
    check_same(f->reader, m, "swapped");
    model_destroy(m);
}

/* Two writers that saw the same seq. */
static void
test_conflict(struct fixture *f)
{
    struct model *m = make_model(1, 1);
    struct smap ids = SMAP_INITIALIZER(&ids);
    struct ovsdb_idl_txn *txn;

    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, NULL);
    txn = ovsdb_idl_txn_create(tvd_db_idl(f->reader));
    tvd_db_write_global(f->reader, txn, f->seq + 1, &ids, NULL);
    ok(commit(txn) == TXN_SUCCESS, "the first of two writers succeeds");
    txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
    tvd_db_write_global(f->writer, txn, f->seq + 1, &ids, NULL);
    ok(commit(txn) == TXN_TRY_AGAIN, "the second must try again");
    f->seq++;
    fixture_sync(f, NULL);
    smap_destroy(&ids);
    model_destroy(m);
}

/* What one bad value does. */
struct bad {
    const char *what;
    void (*spoil)(struct ovsdb_idl *);
    const char *gone;           /* Line of the model's text that goes. */
    const char *instead;        /* Line that comes, NULL if none. */
};

static const struct tvdrec_nic *
first_nic(struct ovsdb_idl *idl, const char *ee)
{
    const struct tvdrec_nic *nic;

    TVDREC_NIC_FOR_EACH (nic, idl) {
        if (!strcmp(nic->ee, ee)) {
            return nic;
        }
    }
    OVS_NOT_REACHED();
}

static const struct tvdrec_rule *
some_rule(struct ovsdb_idl *idl, const char *action)
{
    const struct tvdrec_rule *rule;

    TVDREC_RULE_FOR_EACH (rule, idl) {
        if (!strcmp(rule->action, action)) {
            return rule;
        }
    }
    OVS_NOT_REACHED();
}

static void
spoil_mac(struct ovsdb_idl *idl)
{
    tvdrec_nic_set_mac(first_nic(idl, "ee2"), "01:00:5e:00:00:01");
}

static void
spoil_mac_taken(struct ovsdb_idl *idl)
{
    tvdrec_nic_set_mac(first_nic(idl, "ee2"), first_nic(idl, "ee4")->mac);
}

static void
spoil_mac_router(struct ovsdb_idl *idl)
{
    tvdrec_nic_set_mac(first_nic(idl, "ee2"),
                       tvdrec_tvd_first(idl)->router_mac);
}

static void
spoil_role(struct ovsdb_idl *idl)
{
    tvdrec_nic_set_role(first_nic(idl, "ee2"), "nobody");
}

static void
spoil_ips(struct ovsdb_idl *idl)
{
    const char *ips[] = { "10.0.0.1", "10.9.0.1", "x", "::ffff:10.0.0.9" };

    tvdrec_nic_set_ips(first_nic(idl, "ee2"), ips, ARRAY_SIZE(ips));
}

static void
spoil_ee_label(struct ovsdb_idl *idl)
{
    const struct tvdrec_ee *ee;

    TVDREC_EE_FOR_EACH (ee, idl) {
        if (!strcmp(ee->name, "ee2")) {
            tvdrec_ee_set_label(ee, "none");
        }
    }
}

static void
spoil_ee_gone(struct ovsdb_idl *idl)
{
    const struct tvdrec_ee *ee;

    TVDREC_EE_FOR_EACH_SAFE (ee, idl) {
        if (!strcmp(ee->name, "ee2")) {
            tvdrec_ee_delete(ee);
        }
    }
}

static void
spoil_service(struct ovsdb_idl *idl)
{
    const char *services[] = { "tcp/22", "tcp/70000" };

    tvdrec_rule_set_services(some_rule(idl, "P"), services, 2);
}

static void
spoil_router(struct ovsdb_idl *idl)
{
    tvdrec_tvd_set_router_mac(tvdrec_tvd_first(idl), "zz");
}

static void
spoil_subnets(struct ovsdb_idl *idl)
{
    const char *subnets[] = {
        "10.0.0.0/16", "10.0.128.0/17", "fd00::/128", "10.0.0.1/16", "/", "",
        "1.2.3.0/99", "1.2.3.4/0", "255.255.255.255/32", "fd00::/64x",
        "fd00::/ 64" };

    tvdrec_tvd_set_subnets(tvdrec_tvd_first(idl), subnets,
                           ARRAY_SIZE(subnets));
}

static const struct bad bads[] = {
    { "a multicast MAC", spoil_mac, "nic ee2/", NULL },
    { "a MAC of another NIC", spoil_mac_taken, "nic ee", NULL },
    { "a router's MAC", spoil_mac_router, "nic ee2/", NULL },
    { "an unknown role", spoil_role, "nic ee2/", NULL },
    { "addresses", spoil_ips, "nic ee2/", "nic ee2/eth0: 5 t0/member "
      "02:01:00:00:00:05 " },
    { "an unknown label of an EE", spoil_ee_label, "ee ee2:", NULL },
    { "no row for an EE", spoil_ee_gone, "ee ee2:", NULL },
    { "a service", spoil_service, "rule t0/member -> t0: 1 P",
      "rule t0/member -> t0: 1 none " },
    { "a router MAC", spoil_router, "tvd t0:", NULL },
    { "subnets", spoil_subnets, "tvd t0:",
      "tvd t0: 1 l0 100 5000 1 02:ff:00:00:00:00 10.0.0.1 blue" },
};

/* Is there a line in 'text' that begins with 'start'? */
static bool
has_line(const char *text, const char *start)
{
    size_t n = strlen(start);

    for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
        if (!strncmp(p, start, n)) {
            return true;
        }
    }
    return false;
}

static size_t
count_lines(const char *text, const char *start)
{
    size_t n = 0;

    for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
        n += !strncmp(p, start, strlen(start));
    }
    return n;
}

static void
test_bad_rows(struct fixture *f)
{
    struct model *m = make_model(1, 1);
    struct smap ids = SMAP_INITIALIZER(&ids);

    add_ee(m, 2, 1);
    add_ee(m, 4, 1);
    for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
        const struct bad *bad = &bads[i];
        struct ovsdb_idl_txn *txn;
        char *before, *after;
        size_t n;

        f->seq++;
        write_model(f->writer, m, f->seq);
        fixture_sync(f, NULL);
        tvd_db_problems(f->reader, &n);
        before = model_text(tvd_db_model(f->reader));
        ok(!n && has_line(before, bad->gone), "before %s: no problems",
           bad->what);

        txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
        bad->spoil(tvd_db_idl(f->writer));
        tvd_db_write_global(f->writer, txn, ++f->seq, &ids, NULL);
        commit(txn);
        fixture_sync(f, NULL);
        after = model_text(tvd_db_model(f->reader));
        tvd_db_problems(f->reader, &n);
        ok(n && count_lines(after, bad->gone)
                == count_lines(before, bad->gone) - 1
                   + (bad->instead && !strncmp(bad->instead, bad->gone,
                                               strlen(bad->gone))),
           "%s: left out and reported", bad->what);
        if (bad->instead) {
            ok(has_line(after, bad->instead), "%s: read as %s", bad->what,
               bad->instead);
        }
        const struct svec *problems = tvd_db_problems(f->reader, &n);
        for (size_t j = 0; j < problems->n; j++) {
            printf("#   %s\n", problems->names[j]);
        }
        free(before);
        free(after);
    }
    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, NULL);
    check_same(f->reader, m, "written over bad rows");
    smap_destroy(&ids);
    model_destroy(m);
}

static void
test_restart(struct fixture *f)
{
    struct model *m = make_model(2, 2);
    struct tvd_db *late;
    long long int start;

    for (unsigned int n = 0; n < 10; n++) {
        add_ee(m, n, 1);
    }
    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, NULL);

    test_server_kill(&f->server);
    for (int i = 0; i < 5; i++) {
        ovsdb_idl_run(tvd_db_idl(f->reader));
        tvd_db_run(f->reader);
        poll_timer_wait(50);
        poll_block();
    }
    check_same(f->reader, m, "server gone");
    test_server_run(&f->server);
    start = time_msec();
    late = tvd_db_create(f->server.remote, TVD_DB_AGENT, "h0");
    run_until(late, has_seq, &f->seq, NULL);
    check_same(f->writer, m, "server back");
    model_destroy(m);
    m = make_model(1, 3);
    run_until(f->writer, has_model, NULL, NULL);
    f->seq++;
    while (write_model(f->writer, m, f->seq) != TXN_SUCCESS) {
        ovsdb_idl_run(tvd_db_idl(f->writer));
        tvd_db_run(f->writer);
    }
    fixture_sync(f, NULL);
    run_until(late, has_seq, &f->seq, NULL);
    check_same(f->reader, m, "written after a restart");
    ok(time_msec() - start < 2000, "back in %lld ms", time_msec() - start);

    /* An agent does not see switches. */
    model_destroy(m);
    ok(shash_is_empty(&tvd_db_model(late)->switches)
       && shash_count(&tvd_db_model(late)->tvds) == 1,
       "an agent sees TVDs, not switches");
    tvd_db_destroy(late);
}

static void
test_large(struct fixture *f)
{
    struct model *m = make_model(4, 1);
    struct smap ids = SMAP_INITIALIZER(&ids);
    struct tvd_db_changes sum = { .everything = false };
    struct ovsdb_idl_txn *txn;
    long long int start;

    for (unsigned int n = 1; n < 5000; n++) {
        add_ee(m, n, 1);
    }
    start = time_msec();
    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, NULL);
    printf("# 5,000 EEs written and read in %lld ms\n", time_msec() - start);
    check_same(f->reader, m, "5,000 EEs");

    start = time_msec();
    ok(write_model(f->writer, m, 0) == TXN_UNCHANGED, "nothing to write");
    printf("# found equal in %lld ms\n", time_msec() - start);

    start = time_msec();
    for (int i = 0; i < 100; i++) {
        char *name = xasprintf("ee%d", 1000 + i);
        struct model_ee *ee = model_ee_find(m, name);

        free(name);
        ee->origin = MODEL_FROM_API;
        ee->managed = !ee->managed;
        txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
        tvd_db_write_ee(f->writer, txn, ee);
        tvd_db_write_global(f->writer, txn, ++f->seq, &ids, NULL);
        commit(txn);
        fixture_sync(f, &sum);
    }
    printf("# an EE changed in %.2f ms\n", (time_msec() - start) / 100.);
    ok(!sum.everything && sum.n_nics == 150, "100 changes of one EE each");
    smap_destroy(&ids);
    model_destroy(m);
}

int
main(int argc, char *argv[])
{
    struct fixture f = { .seq = 0 };

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    random_set_seed(argc > 1 ? strtoul(argv[1], NULL, 0) : 1);
    signal(SIGPIPE, SIG_IGN);
    if (!test_server_start(&f.server, tvd_db_schema)) {
        skip("TVD database", "ovsdb-tool cannot make a database here");
        return tap_done();
    }
    f.writer = tvd_db_create(f.server.remote, TVD_DB_CONTROLLER, NULL);
    f.reader = tvd_db_create(f.server.remote, TVD_DB_CONTROLLER, NULL);
    run_until(f.writer, has_model, NULL, NULL);
    run_until(f.reader, has_model, NULL, NULL);
    ok(!tvd_db_seq(f.reader) && shash_is_empty(&tvd_db_model(f.reader)->tvds),
       "an empty database is an empty model");

    test_incremental(&f);
    test_swap(&f);
    test_conflict(&f);
    test_bad_rows(&f);
    test_random(&f);
    test_restart(&f);
    test_large(&f);

    tvd_db_destroy(f.writer);
    tvd_db_destroy(f.reader);
    test_server_stop(&f.server);
    return tap_done();
}
