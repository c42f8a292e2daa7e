/* SPDX-License-Identifier: Apache-2.0
 *
 * Models into a real database and back: a writer, a reader that follows
 * changes, and an agent's reader. */

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

/* An agent sees of the agents' tables only its own rows. */
static void
test_agents_view(struct fixture *f)
{
    struct tvd_db *agent = tvd_db_create(f->server.remote, TVD_DB_AGENT, "h0");
    const char *const hosts[] = { "h0", "h1" };
    struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
    const struct tvdrec_agent *a;

    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        const struct tvdrec_binding *b = tvdrec_binding_insert(txn);
        const struct tvdrec_event *e = tvdrec_event_insert(txn);

        a = tvdrec_agent_insert(txn);
        tvdrec_agent_set_host(a, hosts[i]);
        tvdrec_binding_set_host(b, hosts[i]);
        tvdrec_event_set_host(e, hosts[i]);
        tvdrec_event_set_severity(e, "info");
    }
    ok(commit(txn) == TXN_SUCCESS, "rows of two agents");
    run_until(agent, has_seq, &f->seq, NULL);
    a = tvdrec_agent_first(tvd_db_idl(agent));

    const struct tvdrec_binding *b = tvdrec_binding_first(tvd_db_idl(agent));

    ok(a && !strcmp(a->host, "h0") && !tvdrec_agent_next(a)
       && b && !strcmp(b->host, "h0") && !tvdrec_binding_next(b)
       && !tvdrec_event_first(tvd_db_idl(agent)),
       "an agent sees its own rows, and no other's");
    tvd_db_destroy(agent);
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

/* --- An agent that knows a policy, and a database that has none. */

static bool
is_kept(struct tvd_db *db, const void *aux OVS_UNUSED)
{
    return tvd_db_is_kept(db);
}

static bool
lacks_policy(struct tvd_db *db, const void *aux OVS_UNUSED)
{
    return tvd_db_lacks_policy(db);
}

static struct tvd_db *
start_agent(const struct fixture *f, struct model *kept)
{
    struct tvd_db *agent = tvd_db_create(f->server.remote, TVD_DB_AGENT, "h0");

    tvd_db_keep(agent, kept, 7);
    return agent;
}

static void
test_kept_alone(void)
{
    struct tvd_db *agent = tvd_db_create("unix:/nowhere", TVD_DB_AGENT, "h0");
    struct model *kept = make_model(2, 2);

    tvd_db_keep(agent, kept, 7);
    ok(!tvd_db_run(agent) && !tvd_db_model(agent), "kept: not used at once");
    tvd_db_use_kept(agent);
    const struct tvd_db_changes *c = tvd_db_run(agent);
    ok(c && c->everything && c->gateways && c->seq
       && tvd_db_model(agent) == kept && tvd_db_seq(agent) == 7
       && tvd_db_is_kept(agent) && !tvd_db_has_read(agent),
       "kept: used when the database is not there in time");
    ok(!tvd_db_run(agent), "kept: as it is");
    tvd_db_destroy(agent);
}

/* Before a policy was ever applied. */
static void
test_kept_empty(struct fixture *f)
{
    struct model *kept = make_model(2, 2);
    struct tvd_db *agent = start_agent(f, kept);
    struct model *m = make_model(1, 4);

    run_until(agent, is_kept, NULL, NULL);
    ok(tvd_db_model(agent) == kept && tvd_db_lacks_policy(agent)
       && !tvd_db_rows_seq(agent), "kept: used if the database has no policy");
    f->seq++;
    write_model(f->writer, m, f->seq);
    fixture_sync(f, NULL);

    struct tvd_db_changes sum = { .everything = false };

    run_until(agent, has_seq, &f->seq, &sum);
    ok(sum.everything && !tvd_db_is_kept(agent) && !tvd_db_lacks_policy(agent)
       && shash_count(&tvd_db_model(agent)->tvds) == 1,
       "kept: until there is one");
    tvd_db_destroy(agent);

    agent = start_agent(f, make_model(2, 2));
    run_until(agent, has_model, NULL, NULL);
    ok(tvd_db_seq(agent) == f->seq && !tvd_db_is_kept(agent),
       "kept: not used if the database has a policy");
    tvd_db_destroy(agent);
    model_destroy(m);
}

/* The policy is lost while the agent runs. */
static void
test_lost(struct fixture *f)
{
    struct tvd_db *agent = tvd_db_create(f->server.remote, TVD_DB_AGENT, "h0");
    struct model *none = model_create();
    struct smap ids = SMAP_INITIALIZER(&ids);
    const int64_t before = f->seq, zero = 0;
    struct ovsdb_idl_txn *txn;

    run_until(agent, has_seq, &f->seq, NULL);
    char *want = model_text(tvd_db_model(agent));
    txn = ovsdb_idl_txn_create(tvd_db_idl(f->writer));
    tvd_db_write_model(f->writer, txn, none);
    tvd_db_write_global(f->writer, txn, 0, &ids, NULL);
    ok(commit(txn) == TXN_SUCCESS, "the policy is taken away");
    run_until(agent, lacks_policy, NULL, NULL);
    char *got = model_text(tvd_db_model(agent));
    is_str(got, want, "an agent goes on with what it had");
    ok(tvd_db_seq(agent) == before, "and says so");
    run_until(f->writer, has_seq, &zero, NULL);
    f->seq = before + 1;
    write_model(f->writer, none, f->seq);
    fixture_sync(f, NULL);
    run_until(agent, has_seq, &f->seq, NULL);
    ok(shash_is_empty(&tvd_db_model(agent)->tvds),
       "a policy that is empty, and applied, counts");
    free(want);
    free(got);
    model_destroy(none);
    tvd_db_destroy(agent);
}

int
main(int argc, char *argv[])
{
    struct fixture f = { .seq = 0 };

    if (!fixture_start(&f, argc, argv)) {
        skip("TVD database", "ovsdb-tool cannot make a database here");
        return tap_done();
    }
    ok(!tvd_db_seq(f.reader) && shash_is_empty(&tvd_db_model(f.reader)->tvds),
       "an empty database is an empty model");

    test_kept_alone();
    test_kept_empty(&f);
    test_lost(&f);
    test_incremental(&f);
    test_swap(&f);
    test_conflict(&f);
    test_bad_rows(&f);
    test_random(&f);
    test_agents_view(&f);
    test_restart(&f);
    test_large(&f);

    fixture_stop(&f);
    return tap_done();
}
