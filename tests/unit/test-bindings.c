/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include <stdlib.h>
#include "agent/bindings.h"
#include "flow.h"
#include "lib/model.h"
#include "lib/report.h"
#include "openvswitch/ofp-port.h"
#include "ovs-tvd/vswitch.h"
#include "smap.h"
#include "tests/unit/tap.h"
#include "util.h"

/* A host that may run red and blue, of which only one at a time. */
struct fixture {
    struct model *m;
    struct bindings b;
    struct shash ifaces;        /* Of struct vswitch_iface. */
    struct smap gateways;
    struct report_sink sink;
    int n_reports;
};

static void
count_report(void *f_, enum report_severity severity OVS_UNUSED,
             const char *kind OVS_UNUSED, const char *message OVS_UNUSED)
{
    struct fixture *f = f_;

    f->n_reports++;
}

static struct model_label *
label(struct model *m, const char *name, const char *type1, const char *type2)
{
    struct model_label *l = model_label_add(m, name);

    sset_add(&l->types, type1);
    if (type2) {
        sset_add(&l->types, type2);
    }
    return l;
}

static struct model_ee *
add_ee(struct fixture *f, const char *name, const char *label_name,
       const char *tvd, uint32_t id)
{
    struct model_ee *ee = model_ee_add(f->m, name);
    struct model_nic *nic = model_nic_add(ee, "eth0");

    ee->label = model_label_find(f->m, label_name);
    nic->tvd = model_tvd_find(f->m, tvd);
    nic->role = model_role_find(nic->tvd, "member");
    model_nic_set_id(f->m, nic, id);
    model_nic_set_mac(f->m, nic,
                      (struct eth_addr) { { { 2, 0, 0, 0, 0, id } } });
    return ee;
}

static void
add_tvd(struct fixture *f, const char *name, uint32_t id)
{
    struct model_tvd *tvd = model_tvd_add(f->m, name);

    tvd->id = id;
    tvd->label = model_label_find(f->m, name);
    model_role_add(tvd, "member")->id = id;
}

static void
setup(struct fixture *f)
{
    struct model_conflict *conflict;

    f->m = model_create();
    label(f->m, "red", "red", NULL);
    label(f->m, "blue", "blue", NULL);
    label(f->m, "green", "green", NULL);
    conflict = model_conflict_add(f->m, "rivals");
    sset_add(&conflict->types, "red");
    sset_add(&conflict->types, "blue");
    model_host_add(f->m, "desk1")->label = label(f->m, "both", "red", "blue");
    add_tvd(f, "red", 1);
    add_tvd(f, "blue", 2);
    add_tvd(f, "green", 3);
    add_ee(f, "r1", "red", "red", 1);
    add_ee(f, "r2", "red", "red", 2);
    add_ee(f, "b1", "blue", "blue", 3);
    add_ee(f, "g1", "green", "green", 4);
    bindings_init(&f->b);
    shash_init(&f->ifaces);
    smap_init(&f->gateways);
    f->sink = (struct report_sink) { .cb = count_report, .aux = f };
    f->n_reports = 0;
}

static struct vswitch_iface *
plug(struct fixture *f, const char *name, const char *iface_id, int port)
{
    struct vswitch_iface *iface = xzalloc(sizeof *iface);

    iface->name = xstrdup(name);
    iface->iface_id = nullable_xstrdup(iface_id);
    iface->ofport = port ? u16_to_ofp(port) : OFPP_NONE;
    shash_add(&f->ifaces, name, iface);
    return iface;
}

static void
free_iface(struct vswitch_iface *iface)
{
    free(iface->name);
    free(iface->iface_id);
    free(iface->attached_mac);
    free(iface->error);
    free(iface);
}

static void
unplug(struct fixture *f, const char *name)
{
    free_iface(shash_find_and_delete(&f->ifaces, name));
}

static void
teardown(struct fixture *f)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &f->ifaces) {
        free_iface(node->data);
    }
    shash_destroy(&f->ifaces);
    smap_destroy(&f->gateways);
    bindings_destroy(&f->b);
    model_destroy(f->m);
}

static void
update(struct fixture *f)
{
    bindings_update(&f->b, f->m, "desk1", &f->ifaces, &f->gateways, &f->sink);
}

static bool
admitted(const struct fixture *f, const char *iface)
{
    const struct binding *b = shash_find_data(&f->b.by_iface, iface);

    return b && b->admitted;
}

static bool
refused(const struct fixture *f, const char *iface, const char *why)
{
    const struct binding *b = shash_find_data(&f->b.by_iface, iface);

    return b && !b->admitted && strstr(b->reason, why);
}

static void
test_identity(void)
{
    struct fixture f;
    struct vswitch_iface *vm;

    setup(&f);
    plug(&f, "a", "r1/eth0", 1);
    vm = plug(&f, "vm", "a-uuid", 2);
    vm->attached_mac = xstrdup("02:00:00:00:00:02");
    plug(&f, "x", "nobody/eth0", 3);
    plug(&f, "y", NULL, 4);
    update(&f);
    ok(admitted(&f, "a"), "known by its iface-id");
    ok(admitted(&f, "vm"), "known by its attached-mac");
    ok(!shash_find(&f.b.by_iface, "x") && !shash_find(&f.b.by_iface, "y"),
       "nobody's are no bindings");
    ok(sset_count(&f.b.foreign) == 2 && f.n_reports == 2,
       "but are reported");
    update(&f);
    ok(f.n_reports == 2, "once");
    is_str(bindings_find_nic(&f.b, "r2/eth0")->iface, "vm", "found by NIC");
    teardown(&f);
}

static void
test_policy(void)
{
    struct fixture f;

    setup(&f);
    plug(&f, "g", "g1/eth0", 4);
    plug(&f, "r", "r1/eth0", 1);
    update(&f);
    ok(refused(&f, "g", "green"), "not authorised");
    plug(&f, "b", "b1/eth0", 3);
    update(&f);
    ok(refused(&f, "b", "rivals"), "in conflict with what runs here");
    ok(f.n_reports == 2, "each refusal is reported");
    unplug(&f, "r");
    update(&f);
    ok(admitted(&f, "b"), "admitted once that has gone");
    model_ee_find(f.m, "r2")->host = xstrdup("desk2");
    plug(&f, "r2", "r2/eth0", 2);
    update(&f);
    ok(refused(&f, "r2", "desk2"), "bound to another host");
    bindings_update(&f.b, f.m, "desk9", &f.ifaces, &f.gateways, &f.sink);
    ok(refused(&f, "b", "desk9"), "a host that is not in the policy");
    teardown(&f);
}

static void
test_first_stays(void)
{
    struct fixture f;

    setup(&f);
    plug(&f, "z", "r1/eth0", 1);
    update(&f);
    plug(&f, "a", "r1/eth0", 2);
    update(&f);
    ok(admitted(&f, "z") && refused(&f, "a", "at port z already"),
       "the first keeps its NIC");
    ((struct vswitch_iface *) shash_find_data(&f.ifaces, "z"))->ofport
        = OFPP_NONE;
    update(&f);
    ok(!admitted(&f, "z") && !admitted(&f, "a"),
       "also while it has no port number");
    ((struct vswitch_iface *) shash_find_data(&f.ifaces, "z"))->error
        = xstrdup("no such device");
    update(&f);
    ok(refused(&f, "z", "no such device") && admitted(&f, "a"),
       "but not without a device");
    teardown(&f);

    setup(&f);
    bindings_remember(&f.b, "z", "r1/eth0", NULL, false, false);
    bindings_remember(&f.b, "a", "r1/eth0",
                      "NIC r1/eth0 is at port z already", false, false);
    plug(&f, "z", "r1/eth0", 1);
    plug(&f, "a", "r1/eth0", 2);
    update(&f);
    ok(admitted(&f, "z"), "it keeps it over a restart");
    ok(!f.n_reports, "and a known refusal is not reported again");
    teardown(&f);
}

static void
test_changes(void)
{
    struct fixture f;
    uint64_t generation;
    struct binding *b;

    setup(&f);
    plug(&f, "a", "r1/eth0", 1);
    update(&f);
    generation = f.b.generation;
    b = shash_find_data(&f.b.by_iface, "a");
    ok(!b->goal, "a new binding has no goal");
    b->goal = 7;
    update(&f);
    b = shash_find_data(&f.b.by_iface, "a");
    ok(f.b.generation == generation && b->goal == 7, "nothing changed");
    ((struct vswitch_iface *) shash_find_data(&f.ifaces, "a"))->ofport
        = u16_to_ofp(9);
    update(&f);
    b = shash_find_data(&f.b.by_iface, "a");
    ok(f.b.generation != generation && !b->goal, "a new port number");
    generation = f.b.generation;
    unplug(&f, "a");
    update(&f);
    ok(f.b.generation != generation && shash_is_empty(&f.b.by_iface), "gone");
    teardown(&f);
}

/* Two hosts may run r1; who holds it? */
static void
test_holder(void)
{
    struct model_nic *nic;
    struct fixture f;
    struct binding *b;

    setup(&f);
    nic = model_nic_find_full_name(f.m, "r1/eth0");
    model_host_add(f.m, "desk2")->label = model_label_find(f.m, "red");
    plug(&f, "a", "r1/eth0", 1);
    plug(&f, "b", "b1/eth0", 2);
    update(&f);
    ok(refused(&f, "a", "waits for the controller"),
       "nobody holds what two hosts may run");
    ok(admitted(&f, "b"), "what only this one may run needs nobody's word");
    ok(!f.n_reports, "to wait is no refusal to be reported");
    unplug(&f, "b");            /* It excludes the other one. */
    nic->host = xstrdup("desk1");
    update(&f);
    ok(admitted(&f, "a") && !shash_find(&f.b.leaving, "a"), "it is given");

    nic->host[4] = '2';
    update(&f);
    b = shash_find_data(&f.b.by_iface, "a");
    ok(refused(&f, "a", "waits for host desk2") && b->waits && !b->holds
       && shash_find(&f.b.leaving, "a"), "taken away again, it leaves");
    ok(!bindings_have_left(&f.b, 100), "not before its flows have a goal");
    ((struct leaving *) shash_find_data(&f.b.leaving, "a"))->goal = 5;
    ok(!bindings_have_left(&f.b, 4) && bindings_have_left(&f.b, 5)
       && !shash_find(&f.b.leaving, "a"), "it has left when that is reached");

    nic->ee->host = xstrdup("desk2");
    update(&f);
    ok(refused(&f, "a", "bound to host desk2"), "bound to another host");
    nic->ee->next_host = xstrdup("desk1");
    update(&f);
    b = shash_find_data(&f.b.by_iface, "a");
    ok(b->waits && b->moves_here && !b->arrived,
       "unless it is to move here: then it waits");
    bindings_arrived(&f.b, 99);
    ok(!b->arrived, "another NIC arrives");
    bindings_arrived(&f.b, 1);
    update(&f);
    b = shash_find_data(&f.b.by_iface, "a");
    ok(b->arrived, "it arrives, and that is kept");
    teardown(&f);
}

/* What has been let go of has to be given anew. */
static void
test_let_go(void)
{
    struct model_nic *nic;
    struct fixture f;

    setup(&f);
    nic = model_nic_find_full_name(f.m, "r1/eth0");
    model_host_add(f.m, "desk2")->label = model_label_find(f.m, "red");
    nic->host = xstrdup("desk1");
    bindings_remember(&f.b, "a", "r1/eth0", NULL, true, false);
    plug(&f, "a", "r1/eth0", 1);
    update(&f);
    ok(admitted(&f, "a"), "held since before");
    unplug(&f, "a");
    update(&f);
    plug(&f, "a", "r1/eth0", 2);
    update(&f);
    ok(admitted(&f, "a"), "back before it has left");
    unplug(&f, "a");
    update(&f);
    ((struct leaving *) shash_find_data(&f.b.leaving, "a"))->goal = 1;
    bindings_have_left(&f.b, 1);
    plug(&f, "a", "r1/eth0", 3);
    update(&f);
    ok(refused(&f, "a", "waits for the controller"),
       "back after it has left: another host may have it");
    nic->ee->host = xstrdup("desk1");
    update(&f);
    ok(admitted(&f, "a"), "unless none may");
    free(nic->ee->host);
    nic->ee->host = NULL;
    free(nic->host);
    nic->host = NULL;
    update(&f);
    nic->host = xstrdup("desk1");
    update(&f);
    ok(admitted(&f, "a"), "given anew");
    teardown(&f);

    setup(&f);
    nic = model_nic_find_full_name(f.m, "r1/eth0");
    model_host_add(f.m, "desk2")->label = model_label_find(f.m, "red");
    nic->host = xstrdup("desk1");
    plug(&f, "a", "r1/eth0", 1);
    update(&f);
    ok(refused(&f, "a", "waits for the controller"),
       "let go of before this process began");
    teardown(&f);

    setup(&f);
    nic = model_nic_find_full_name(f.m, "r1/eth0");
    model_host_add(f.m, "desk2")->label = model_label_find(f.m, "red");
    nic->host = xstrdup("desk1");
    bindings_remember(&f.b, "a", "r1/eth0", "waits", false, false);
    plug(&f, "a", "r1/eth0", 1);
    update(&f);
    ok(admitted(&f, "a"), "given while no process was there");
    teardown(&f);
}

static void
test_leaving(void)
{
    struct fixture f;
    struct vswitch_iface *iface;

    setup(&f);
    iface = plug(&f, "a", "r1/eth0", 1);
    update(&f);
    iface->ofport = OFPP_NONE;
    update(&f);
    ok(!admitted(&f, "a") && shash_is_empty(&f.b.leaving),
       "a port that has lost its number has not left");
    free(iface->iface_id);
    iface->iface_id = xstrdup("r2/eth0");
    iface->ofport = u16_to_ofp(1);
    update(&f);
    ok(refused(&f, "a", "still being taken from NIC r1/eth0"),
       "a port is another NIC's only when the one before has left");
    ((struct leaving *) shash_find_data(&f.b.leaving, "a"))->goal = 1;
    bindings_have_left(&f.b, 1);
    update(&f);
    ok(admitted(&f, "a"), "then it is");
    teardown(&f);

    setup(&f);
    bindings_remember(&f.b, "a", "r1/eth0", NULL, true, false);
    bindings_remember(&f.b, "b", "r2/eth0", "some reason", true, false);
    update(&f);
    ok(shash_count(&f.b.leaving) == 2,
       "what was installed before this process began leaves, too");
    teardown(&f);
}

/* As before, and nobody begins. */
static void
test_closed(void)
{
    struct fixture f;

    setup(&f);
    bindings_remember(&f.b, "a", "r1/eth0", NULL, true, false);
    bindings_remember(&f.b, "b", "r2/eth0", "waits", false, false);
    bindings_close(&f.b);
    plug(&f, "a", "r1/eth0", 1);
    plug(&f, "b", "r2/eth0", 2);
    update(&f);
    ok(admitted(&f, "a"), "closed: what was here stays");
    ok(refused(&f, "b", "waits for the policy database"),
       "closed: what was not waits, although no other host may have it");
    unplug(&f, "a");
    update(&f);
    plug(&f, "c", "r1/eth0", 1);
    update(&f);
    ok(admitted(&f, "c"), "closed: what was here may come back");
    model_nic_find_full_name(f.m, "r1/eth0")->host = xstrdup("desk2");
    update(&f);
    ok(refused(&f, "c", "desk2"), "closed: unless another host has it");
    bindings_open(&f.b);
    update(&f);
    ok(admitted(&f, "b"), "open: anybody begins");
    teardown(&f);
}

static void
test_managed(void)
{
    struct fixture f;

    setup(&f);
    model_ee_find(f.m, "r1")->managed = true;
    plug(&f, "a", "r1/eth0", 1);
    update(&f);
    ok(refused(&f, "a", "manages"), "a managed NIC at a port of others");
    smap_add(&f.gateways, "a", "r2/eth0");
    update(&f);
    ok(refused(&f, "a", "manages"), "at the port of another gateway");
    smap_replace(&f.gateways, "a", "r1/eth0");
    update(&f);
    ok(admitted(&f, "a"), "at its own port");
    teardown(&f);
}

int
main(void)
{
    test_identity();
    test_policy();
    test_first_stays();
    test_changes();
    test_holder();
    test_let_go();
    test_leaving();
    test_managed();
    test_closed();
    return tap_done();
}
