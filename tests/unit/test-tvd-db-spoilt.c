/* SPDX-License-Identifier: Apache-2.0
 *
 * A database whose rows are spoilt at random: what is read stays sound. */

#include <config.h>
#include "tests/unit/tvd-db-fixture.h"

#include <stdlib.h>
#include "openvswitch/poll-loop.h"
#include "packets.h"
#include "random.h"
#include "svec.h"
#include "tests/unit/tap.h"
#include "timeval.h"
#include "util.h"

static const char *
nasty(void)
{
    static const char *const words[] = {
        "", "t0", "t1", "l0", "member", "gateway", "h0", "../../x", "%s%n",
        "10.0.0.0/16", "10.0.0.5", "fd00::7", "02:01:00:00:00:05",
        "02:ff:00:00:00:00", "ff:ff:ff:ff:ff:ff", "tcp/22", "tcp/0-65535",
        "icmp/1", "999999999999", "0/0", "::/0", "::/1", "\n", "\303\244",
    };

    return words[random_range(ARRAY_SIZE(words))];
}

static size_t
nasties(const char **words, size_t max)
{
    size_t n = random_range(max + 1);

    for (size_t i = 0; i < n; i++) {
        words[i] = nasty();
    }
    return n;
}

static void
spoil_nic(const struct tvdrec_nic *row)
{
    const char *words[3];
    size_t n;

    switch (random_range(5)) {
    case 0: tvdrec_nic_set_mac(row, nasty()); break;
    case 1: tvdrec_nic_set_tvd(row, nasty()); break;
    case 2: tvdrec_nic_set_role(row, nasty()); break;
    case 3:
        n = nasties(words, 3);
        tvdrec_nic_set_ips(row, words, n);
        break;
    case 4: tvdrec_nic_delete(row); break;
    }
}

static void
spoil_tvd(const struct tvdrec_tvd *row)
{
    const char *words[3];
    size_t n;

    switch (random_range(5)) {
    case 0: tvdrec_tvd_set_label(row, nasty()); break;
    case 1: tvdrec_tvd_set_router_mac(row, nasty()); break;
    case 2: tvdrec_tvd_set_vlan(row, random_range(4095)); break;
    case 3:
        n = nasties(words, 3);
        tvdrec_tvd_set_subnets(row, words, n);
        break;
    case 4: tvdrec_tvd_set_vni(row, random_range(3)); break;
    }
}

static void
spoil_rule(const struct tvdrec_rule *row)
{
    const char *words[3];
    size_t n = nasties(words, 3);

    switch (random_range(3)) {
    case 0: tvdrec_rule_set_services(row, words, n); break;
    case 1: tvdrec_rule_set_peer_roles(row, words, n); break;
    case 2: tvdrec_rule_set_peer_ees(row, words, n); break;
    }
}

static void
add_strangers(struct ovsdb_idl_txn *txn)
{
    const struct tvdrec_nic *nic = tvdrec_nic_insert(txn);
    const struct tvdrec_ee *ee = tvdrec_ee_insert(txn);
    char *unique = xasprintf("%s-%"PRIu32, nasty(), random_uint32());

    tvdrec_ee_set_name(ee, unique);
    tvdrec_ee_set_label(ee, nasty());
    tvdrec_ee_set_kind(ee, "vm");
    tvdrec_ee_set_origin(ee, "api");
    tvdrec_nic_set_ee(nic, random_range(2) ? unique : "ee3");
    tvdrec_nic_set_name(nic, random_range(2) ? unique : "eth9");
    tvdrec_nic_set_id(nic, 1000000 + random_range(1000000));
    tvdrec_nic_set_tvd(nic, nasty());
    tvdrec_nic_set_role(nic, nasty());
    tvdrec_nic_set_mac(nic, nasty());
    free(unique);
}

/* Spoils every row with the probability 1/n. */
static void
spoil_some(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn, unsigned int n)
{
    const struct tvdrec_nic *nic;
    const struct tvdrec_tvd *tvd;
    const struct tvdrec_rule *rule;
    const struct tvdrec_ee *ee;

    TVDREC_NIC_FOR_EACH_SAFE (nic, idl) {
        if (!random_range(n)) {
            spoil_nic(nic);
        }
    }
    TVDREC_TVD_FOR_EACH (tvd, idl) {
        if (!random_range(4 * n)) {
            spoil_tvd(tvd);
        }
    }
    TVDREC_RULE_FOR_EACH (rule, idl) {
        if (!random_range(4 * n)) {
            spoil_rule(rule);
        }
    }
    TVDREC_EE_FOR_EACH_SAFE (ee, idl) {
        if (!random_range(4 * n)) {
            tvdrec_ee_delete(ee);
        }
    }
    if (!random_range(3)) {
        add_strangers(txn);
    }
}

/* What lib/tvd-db.h promises of each model. */
static bool
nic_is_sound(const struct model *m, const struct model_nic *nic,
             struct sset *addresses)
{
    bool sound = (model_tvd_find(m, nic->tvd->name) == nic->tvd
                  && model_role_find(nic->tvd, nic->role->name) == nic->role
                  && nic->id && model_nic_find_id(m, nic->id) == nic
                  && model_nic_find_mac(m, nic->mac) == nic
                  && !eth_addr_is_multicast(nic->mac)
                  && strlen(nic->name) < 16);

    for (size_t i = 0; i < nic->n_ips; i++) {
        const struct model_subnet *subnet
            = model_tvd_subnet_of(nic->tvd, &nic->ips[i]);
        char s[INET6_ADDRSTRLEN];

        ipv6_string_mapped(s, &nic->ips[i]);
        sound &= (subnet && !ipv6_addr_equals(&subnet->router, &nic->ips[i])
                  && sset_add(addresses, s));
    }
    return sound;
}

static bool
is_sound(const struct model *m)
{
    struct sset addresses = SSET_INITIALIZER(&addresses);
    struct shash_node *node;
    bool sound = true;

    SHASH_FOR_EACH (node, &m->tvds) {
        struct model_tvd *tvd = node->data;

        sound &= (tvd->id && model_tvd_find_id(m, tvd->id) == tvd
                  && model_label_find(m, tvd->label->name) == tvd->label);
    }
    SHASH_FOR_EACH (node, &m->ees) {
        struct model_ee *ee = node->data;

        sound &= model_label_find(m, ee->label->name) == ee->label;
        for (size_t i = 0; i < ee->n_nics; i++) {
            sound &= nic_is_sound(m, ee->nics[i], &addresses);
        }
    }
    sset_destroy(&addresses);
    return sound;
}

static void
test_spoilt(struct fixture *f)
{
    struct smap ids = SMAP_INITIALIZER(&ids);
    bool sound = true, healed = true;
    size_t n, most = 0;

    for (int round = 0; round < 20; round++) {
        struct model *m = make_model(3, round);

        for (int i = 1; i < 30; i++) {
            add_ee(m, i, 1);
        }
        f->seq++;
        write_model(f->writer, m, f->seq);
        fixture_sync(f, NULL);
        tvd_db_problems(f->reader, &n);
        healed &= !n && is_sound(tvd_db_model(f->reader));
        for (int step = 0; step < 5; step++) {
            struct ovsdb_idl *idl = tvd_db_idl(f->writer);
            struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(idl);

            spoil_some(idl, txn, 3 + random_range(40));
            tvd_db_write_global(f->writer, txn, f->seq + 1, &ids, NULL);
            if (commit(txn) == TXN_SUCCESS) {
                f->seq++;
            }
            fixture_sync(f, NULL);
            sound &= (is_sound(tvd_db_model(f->reader))
                      && is_sound(tvd_db_model(f->writer)));
            tvd_db_problems(f->reader, &n);
            most = MAX(most, n);
        }
        model_destroy(m);
    }
    ok(sound && most > 5, "rows spoilt at random: each model is sound (up to "
       "%"PRIuSIZE" rows left out)", most);
    ok(healed, "writing a model heals all of it");
    smap_destroy(&ids);
}

int
main(int argc, char *argv[])
{
    struct fixture f = { .seq = 0 };

    if (!fixture_start(&f, argc, argv)) {
        skip("TVD database", "ovsdb-tool cannot make a database here");
        return tap_done();
    }

    test_spoilt(&f);

    fixture_stop(&f);
    return tap_done();
}
