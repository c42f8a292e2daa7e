/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/place.h"

#include "flowpolicy/decide.h"
#include "flowpolicy/policy.h"
#include "tests/unit/gateway-model.h"
#include "tests/unit/tap.h"
#include "util.h"

/* A model whose TVDs have no gateway EE. */
static struct model *
without_gateways(void)
{
    struct model *m = gateway_model_create();

    model_ee_remove(m, model_ee_find(m, "gw-y"));
    model_ee_remove(m, model_ee_find(m, "gw-r"));
    decide_assign_gateways(m);
    return m;
}

static const char *
host_of(const struct model *m, const char *ee_name)
{
    const struct model_ee *ee = model_ee_find(m, ee_name);

    return ee ? ee->host : "no such EE";
}

/* Runs gateway_place() and returns the errors, or "" if there are none. */
static char *
place(struct model *m, const struct model *old)
{
    struct policy_errors errors;

    policy_errors_init(&errors, "p");
    bool ok = gateway_place(m, old, &errors);
    char *text = policy_errors_format(&errors);
    ok(ok == !errors.n, "success exactly if there are no errors");
    policy_errors_destroy(&errors);
    return text;
}

static void
place_expect(struct model *m, const struct model *old, const char *expected,
             const char *what)
{
    char *text = place(m, old);

    is_str(text, expected, "%s", what);
    free(text);
}

static void
test_made(void)
{
    struct model *m = without_gateways();
    struct model_tvd *yellow = model_tvd_find(m, "yellow");

    ok(gateway_needed(m, yellow), "yellow needs a gateway");
    ok(gateway_needed(m, model_tvd_find(m, "red")), "red needs a gateway");
    place_expect(m, NULL, "", "gateways can be placed");

    struct model_ee *gw = model_ee_find(m, "gw-yellow");
    ok(gw && gw->managed && gw->kind == MODEL_EE_NAMESPACE
       && gw->origin == MODEL_FROM_SYSTEM && gw->label == yellow->label
       && gw->n_nics == 1 && gw->nics[0]->tvd == yellow
       && model_role_is_gateway(gw->nics[0]->role),
       "yellow gets a system gateway");
    is_str(host_of(m, "gw-yellow"), "mgmt1", "on the only host that may");
    is_str(host_of(m, "gw-red"), "desk1", "red's on the first by name");

    size_t n = shash_count(&m->ees);
    place_expect(m, m, "", "once more changes nothing");
    ok(shash_count(&m->ees) == n, "no EE more or less");

    struct model_tvd *red = model_tvd_find(m, "red");
    model_rule_find(model_role_find(red, "domain-controller"),
                    yellow)->action = MODEL_NONE;
    model_rule_find(model_role_find(yellow, "management-console"),
                    red)->action = MODEL_NONE;
    ok(!gateway_needed(m, yellow), "without rules G nobody needs a gateway");
    place_expect(m, m, "", "then they can be removed");
    ok(!model_ee_find(m, "gw-yellow") && !model_ee_find(m, "gw-red"),
       "and are gone");
    model_destroy(m);
}

static void
test_declared(void)
{
    struct model *m = gateway_model_create();
    size_t n = shash_count(&m->ees);

    place_expect(m, NULL, "", "declared gateways are placed");
    ok(shash_count(&m->ees) == n, "none is made beside them");
    is_str(host_of(m, "gw-r"), "desk1", "a declared one without host");
    ok(!host_of(m, "pc1"), "other EEs are not placed");
    model_destroy(m);

    m = without_gateways();
    place_expect(m, NULL, "", "a system gateway");
    gateway_model_add_ee(m, "mine", "yellow", "gateway", 9, "10.10.0.9");
    place_expect(m, m, "", "then somebody adds one");
    ok(!model_ee_find(m, "gw-yellow") && model_ee_find(m, "mine"),
       "a declared gateway replaces the system's");
    model_destroy(m);
}

static void
test_names(void)
{
    struct model *m = without_gateways();

    gateway_model_add_ee(m, "gw-yellow", "red", "client-os", 9, "10.20.0.9");
    gateway_model_add_ee(m, "gw-yellow-2", "red", "client-os", 10,
                         "10.20.0.10");
    place_expect(m, NULL, "", "names may be taken");
    ok(model_ee_find(m, "gw-yellow-3") != NULL, "the next free name is used");
    model_destroy(m);
}

static void
test_previous(void)
{
    struct model *old = without_gateways();
    struct model *new = without_gateways();

    place_expect(old, NULL, "", "first placement");
    free(model_ee_find(old, "gw-red")->host);
    model_ee_find(old, "gw-red")->host = xstrdup("mgmt1");
    place_expect(new, old, "", "second placement");
    is_str(host_of(new, "gw-red"), "mgmt1", "stays where it was");
    model_destroy(new);

    new = without_gateways();
    sset_find_and_delete(&model_label_find(new, "label-mgmt1")->types, "red");
    place_expect(new, old, "", "third placement");
    is_str(host_of(new, "gw-red"), "desk1",
           "moves when its host may no longer run it");
    place_expect(new, new, "", "placement of the same model");
    is_str(host_of(new, "gw-red"), "desk1", "changes nothing");
    sset_find_and_delete(&model_label_find(new, "label-desk1")->types, "red");
    sset_add(&model_label_find(new, "label-mgmt1")->types, "red");
    place_expect(new, new, "", "placement after labels changed");
    is_str(host_of(new, "gw-red"), "mgmt1", "moves a system gateway again");
    model_destroy(new);
    model_destroy(old);
}

static void
test_conflict(void)
{
    struct model *m = without_gateways();
    struct model_conflict *c = model_conflict_add(m, "competitors");

    sset_add(&c->types, "yellow");
    sset_add(&c->types, "red");
    model_ee_find(m, "dc-y")->host = xstrdup("mgmt1");
    model_ee_find(m, "dc-r")->host = xstrdup("desk1");
    place_expect(m, NULL, "", "with a conflict set");
    is_str(host_of(m, "gw-yellow"), "mgmt1", "beside its own kind");
    is_str(host_of(m, "gw-red"), "desk1", "beside its own kind");
    model_destroy(m);
}

static void
test_errors(void)
{
    struct model *m = without_gateways();
    char *text;

    sset_find_and_delete(&model_label_find(m, "label-mgmt1")->types, "yellow");
    text = place(m, NULL);
    ok(strstr(text, "no host can run gateway gw-yellow of TVD yellow (desk1: ")
       && strstr(text, "; mgmt1: "), "no host fits: %s", text);
    free(text);
    model_destroy(m);

    m = gateway_model_create();
    struct model_nic *nic = model_nic_add(model_ee_find(m, "gw-y"), "eth1");
    nic->tvd = model_tvd_find(m, "red");
    nic->role = model_role_find(nic->tvd, "gateway");
    place_expect(m, NULL, "p: gateway gw-y has 2 NICs: a namespace in the "
                 "gateway role has exactly 1; declare one for each TVD, or "
                 "use kind: vm\n", "two NICs");
    model_destroy(m);

    m = without_gateways();
    struct shash *roles = &model_tvd_find(m, "red")->roles;
    struct model_role *role = shash_find_and_delete(roles, "gateway");
    text = place(m, NULL);
    ok(strstr(text, "needs the role \"gateway\" in TVD red") != NULL,
       "no gateway role: %s", text);
    free(text);
    shash_add(roles, "gateway", role);
    model_destroy(m);
}

int
main(void)
{
    test_made();
    test_declared();
    test_names();
    test_previous();
    test_conflict();
    test_errors();
    return tap_done();
}
