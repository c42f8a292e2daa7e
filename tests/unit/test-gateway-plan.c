/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/plan.h"

#include <stdlib.h>
#include "gateway/wire.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "tests/unit/gateway-model.h"
#include "tests/unit/golden.h"
#include "tests/unit/tap.h"
#include "util.h"

static void
put_actions(struct ds *out, const struct ovs_list *actions)
{
    const struct gateway_action *a;

    LIST_FOR_EACH (a, node, actions) {
        char *s = gateway_action_format(a);

        ds_put_format(out, "%s\n", s);
        free(s);
    }
}

/* The plan for 'w' when 'o' is there, as text. */
static char *
plan(const struct gateway_wanted *w, const struct gateway_observed *o)
{
    struct ovs_list actions = OVS_LIST_INITIALIZER(&actions);
    struct ds out = DS_EMPTY_INITIALIZER;
    char *skeleton = gateway_ruleset_format(w->ruleset, false, NULL);

    gateway_plan(w, skeleton, o, &actions);
    put_actions(&out, &actions);
    gateway_actions_destroy(&actions);
    free(skeleton);
    return ds_steal_cstr(&out);
}

/* --- A system that is as wanted --------------------------------------------*/

static struct gateway_set *
clone_set(const struct gateway_set *set)
{
    struct gateway_set *copy = xzalloc(sizeof *copy);

    copy->name = xstrdup(set->name);
    copy->comment = xstrdup(set->comment);
    copy->ipv6 = set->ipv6;
    copy->n = set->n;
    copy->ips = set->n ? xmemdup(set->ips, set->n * sizeof *set->ips) : NULL;
    return copy;
}

static void
observe_ruleset(const struct gateway_wanted *w, struct gateway_observed *o)
{
    struct shash_node *node;

    o->table = true;
    o->skeleton = gateway_ruleset_format(w->ruleset, false, NULL);
    SHASH_FOR_EACH (node, &w->ruleset->sets) {
        shash_add(&o->sets, node->name, clone_set(node->data));
    }
}

static void
observe(const struct gateway_wanted *w, struct gateway_observed *o)
{
    size_t n;
    struct gateway_sysctl *sysctls = gateway_wanted_sysctls(w, &n);

    gateway_observed_init(o);
    for (size_t i = 0; i < n; i++) {
        smap_add(&o->sysctls, sysctls[i].name, sysctls[i].value);
    }
    gateway_sysctls_free(sysctls, n);
    o->netns = o->paired = o->lo_up = true;
    o->host_if = (struct gateway_device) { .present = true, .up = true,
                                           .plain_frames = true };
    o->inner_if = o->host_if;
    o->inner_if.mac = w->mac;
    o->n_addresses = w->n_addresses;
    o->addresses = xmemdup(w->addresses,
                           w->n_addresses * sizeof *w->addresses);
    for (size_t i = 0; i < w->n_routers; i++) {
        const struct in6_addr *r = &w->routers[i];
        const char *dest = IN6_IS_ADDR_V4MAPPED(r) ? "0.0.0.0/0" : "::/0";

        sset_add_and_free(&o->routes, gateway_route_format(dest, r));
        sset_add_and_free(&o->neighbours,
                          gateway_neighbour_format(r, w->router_mac));
    }
    observe_ruleset(w, o);
}

static void
test_golden(const struct shash *wanted)
{
    static const char *const names[] = { "gw-y", "gw-r" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct gateway_wanted *w = shash_find_data(wanted, names[i]);
        char *text = gateway_ruleset_format(w->ruleset, true, NULL);
        char *file = xasprintf("gateway/%s.nft", names[i]);

        is_golden(text, file);
        free(file);
        free(text);
    }

    struct gateway_observed nothing;
    gateway_observed_init(&nothing);
    char *actions = plan(shash_find_data(wanted, "gw-r"), &nothing);
    is_golden(actions, "gateway/gw-r.plan");
    free(actions);
    gateway_observed_destroy(&nothing);
}

/* --- Differences -----------------------------------------------------------*/

typedef void change_func(struct gateway_observed *);

static void nothing(struct gateway_observed *o) { }
static void host_down(struct gateway_observed *o) { o->host_if.up = false; }
static void inner_down(struct gateway_observed *o) { o->inner_if.up = false; }
static void lo_down(struct gateway_observed *o) { o->lo_up = false; }
static void other_mac(struct gateway_observed *o) { o->inner_if.mac.ea[5]++; }
static void offload(struct gateway_observed *o)
{
    o->inner_if.plain_frames = false;
}
static void other_rules(struct gateway_observed *o) { *o->skeleton = '#'; }
static void no_table(struct gateway_observed *o) { o->table = false; }
static void unpaired(struct gateway_observed *o) { o->paired = false; }
static void more_devices(struct gateway_observed *o)
{
    sset_add(&o->devices, "tap0");
}
static void more_tables(struct gateway_observed *o)
{
    sset_add(&o->foreign_tables, "ip nat");
}
static void more_routes(struct gateway_observed *o)
{
    sset_add(&o->routes, "10.9.0.0/16 via 10.20.0.7");
}
static void other_neighbour(struct gateway_observed *o)
{
    sset_find_and_delete(&o->neighbours, "10.20.0.1 02:54:56:ff:00:02");
    sset_add(&o->neighbours, "10.20.0.1 02:00:00:00:00:01");
}
static void no_route(struct gateway_observed *o)
{
    sset_find_and_delete(&o->routes, "::/0 via fd00:20::1");
}
static void no_forwarding(struct gateway_observed *o)
{
    smap_replace(&o->sysctls, "net/ipv4/ip_forward", "0");
}
static void redirects(struct gateway_observed *o)
{
    smap_replace(&o->sysctls, "net/ipv4/conf/eth0/send_redirects", "1");
}
static void other_address(struct gateway_observed *o)
{
    o->addresses[0].plen = 16;
}
static void fewer_elements(struct gateway_observed *o)
{
    struct gateway_set *set = shash_find_data(&o->sets, "role_3_v4");

    set->n = 0;
}
static void more_elements(struct gateway_observed *o)
{
    struct gateway_set *set = shash_find_data(&o->sets, "role_3_v4");

    set->ips = xrealloc(set->ips, 2 * sizeof *set->ips);
    set->ips[set->n++] = gateway_model_ip("10.10.0.66");
}

static void
test_differences(const struct shash *wanted)
{
    static const struct {
        change_func *change;
        const char *what;
        const char *plan;
    } cases[] = {
        { nothing, "all as wanted", "" },
        { host_down, "device in the host down", "set-up HOSTIF\n" },
        { inner_down, "device inside down", "set-up eth0\n" },
        { lo_down, "loopback down", "set-up lo\n" },
        { other_mac, "other MAC", "set-mac eth0 02:54:56:00:00:05\n" },
        { offload, "offload on", "set-plain-frames eth0 HOSTIF\n" },
        { other_rules, "other rules",
          "load-ruleset inet tvd (LINES lines)\n"
          "flush-connections tvd-gw-gw-r\n" },
        { no_table, "no table", "load-ruleset inet tvd (LINES lines)\n" },
        { more_devices, "another device", "remove-device tap0\n" },
        { more_tables, "another table", "delete-table ip nat\n" },
        { more_routes, "another route",
          "delete-route 10.9.0.0/16 via 10.20.0.7\n" },
        { other_neighbour, "router's MAC changed",
          "delete-neighbour 10.20.0.1 02:00:00:00:00:01\n"
          "add-neighbour 10.20.0.1 02:54:56:ff:00:02\n" },
        { no_route, "no route", "add-route ::/0 via fd00:20::1\n" },
        { no_forwarding, "forwarding off",
          "set-sysctl net/ipv4/ip_forward=1\n" },
        { redirects, "redirects on",
          "set-sysctl net/ipv4/conf/eth0/send_redirects=0\n" },
        { other_address, "other prefix length",
          "delete-address 10.20.0.3/16\nadd-address 10.20.0.3/24\n" },
        { fewer_elements, "an address missing",
          "add-elements role_3_v4 { 10.10.0.10 }\n" },
        { more_elements, "an address too many",
          "delete-elements role_3_v4 { 10.10.0.66 }\n"
          "flush-connections tvd-gw-gw-r\n" },
    };
    const struct gateway_wanted *w = shash_find_data(wanted, "gw-r");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct gateway_observed o;

        observe(w, &o);
        cases[i].change(&o);

        char *got = plan(w, &o);
        char *lines = strstr(got, " lines)");
        if (lines) {
            char *paren = strchr(got, '(') + 1;
            char *counted = got;

            *paren = '\0';
            got = xasprintf("%sLINES%s", counted, lines);
            free(counted);
        }

        struct ds want = DS_EMPTY_INITIALIZER;
        const char *p = strstr(cases[i].plan, "HOSTIF");
        ds_put_buffer(&want, cases[i].plan,
                      p ? p - cases[i].plan : strlen(cases[i].plan));
        if (p) {
            ds_put_format(&want, "%s%s", w->host_if, p + 6);
        }
        is_str(got, ds_cstr(&want), "%s", cases[i].what);
        ds_destroy(&want);
        free(got);
        gateway_observed_destroy(&o);
    }
}

/* A table with the right chains is emptied and filled; its counters that go on
 * are left alone. */
static void
test_replaced_in_place(const struct shash *wanted)
{
    const struct gateway_wanted *w = shash_find_data(wanted, "gw-r");
    struct ovs_list actions = OVS_LIST_INITIALIZER(&actions);
    struct gateway_observed o;

    observe(w, &o);
    other_rules(&o);
    o.replaceable = true;
    sset_add(&o.set_names, "role_9_v4");
    gateway_ruleset_counters(w->ruleset, &o.comments);
    smap_add(&o.comments, "rule_99", "");
    smap_replace(&o.comments, "rule_14", "rule 14 somebody/else -> red");
    gateway_plan(w, "", &o, &actions);

    const struct gateway_action *a
        = CONTAINER_OF(ovs_list_front(&actions), struct gateway_action, node);
    ok(a->kind == GATEWAY_LOAD_RULESET
       && !strncmp(a->value, "flush table inet tvd\n", 21),
       "the table is emptied");
    ok(strstr(a->value, "delete set inet tvd role_9_v4\n") != NULL,
       "its sets are deleted");
    ok(strstr(a->value, "delete counter inet tvd rule_99\n")
       && strstr(a->value, "delete counter inet tvd rule_14\n"),
       "counters that go, or mean something else, are deleted");
    ok(!strstr(a->value, "delete counter inet tvd rule_21\n")
       && !strstr(a->value, "delete counter inet tvd drop_input\n"),
       "others are not");
    ok(!strstr(a->value, "delete table"), "the table stays");
    gateway_actions_destroy(&actions);
    gateway_observed_destroy(&o);
}

static void
test_veth_replaced(const struct shash *wanted)
{
    const struct gateway_wanted *w = shash_find_data(wanted, "gw-r");
    struct gateway_observed o;

    observe(w, &o);
    unpaired(&o);
    char *got = plan(w, &o);
    char *want = xasprintf("delete-veth %s\nremove-device eth0\n"
                           "create-veth %s eth0\n", w->host_if, w->host_if);
    ok(!strncmp(got, want, strlen(want)), "a broken veth is made anew");
    ok(strstr(got, "add-address 10.20.0.3/24\n")
       && strstr(got, "add-route 0.0.0.0/0 via 10.20.0.1\n"),
       "with addresses and routes");
    ok(!strstr(got, "load-ruleset"), "but the rules stay");
    free(want);
    free(got);
    gateway_observed_destroy(&o);
}

/* --- Names -----------------------------------------------------------------*/

static void
test_names(void)
{
    static const char *const names[] = {
        "gw", "a/b", "a_b", "aber-sehr-lang-0123456789-0123456789-0123456789-"
        "0123456789-0123456789", "..", "gw red", "gw\nred",
    };
    struct model *m = gateway_model_create();
    struct sset seen = SSET_INITIALIZER(&seen);
    struct shash wanted;
    struct shash_node *node;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct model_ee *ee = gateway_model_add_ee(m, names[i], "red",
                                                   "gateway", 100 + i,
                                                   "10.20.0.99");
        ee->host = xstrdup("h");
    }
    gateway_plan_wanted(m, "h", false, &wanted);
    ok(shash_count(&wanted) == ARRAY_SIZE(names), "as many as there are EEs");
    SHASH_FOR_EACH (node, &wanted) {
        const struct gateway_wanted *w = node->data;

        ok(!w->error && gateway_netns_name_is_ours(w->netns)
           && gateway_device_name_is_valid(w->host_if)
           && sset_add(&seen, w->netns) && sset_add(&seen, w->host_if),
           "names of %s: %s %s", node->name, w->netns, w->host_if);
    }
    gateway_wanted_destroy_all(&wanted);
    sset_destroy(&seen);
    model_destroy(m);
}

static void
test_errors(void)
{
    struct model *m = gateway_model_create();
    struct shash wanted;
    const struct gateway_wanted *w;

    model_ee_find(m, "gw-r")->host = xstrdup("h");
    gateway_plan_wanted(m, "elsewhere", false, &wanted);
    ok(shash_is_empty(&wanted), "nothing is wanted on other hosts");
    gateway_wanted_destroy_all(&wanted);

    model_nic_set_id(m, model_ee_find(m, "gw-r")->nics[0], 0);
    gateway_plan_wanted(m, "h", false, &wanted);
    w = shash_find_data(&wanted, "gw-r");
    is_str(w->error, "cannot make gateway gw-r: its NIC eth0 has no id, MAC "
           "or IP address yet", "not allocated yet");
    gateway_wanted_destroy_all(&wanted);

    model_nic_set_id(m, model_ee_find(m, "gw-r")->nics[0], 5);
    model_role_find(model_tvd_find(m, "red"), "domain-controller")->id = 3;
    gateway_plan_wanted(m, "h", false, &wanted);
    w = shash_find_data(&wanted, "gw-r");
    ok(w->error && strstr(w->error, "have the same id 3") && !w->ruleset,
       "two roles with one id: %s", w->error);
    gateway_wanted_destroy_all(&wanted);
    model_destroy(m);
}

/* --- JSON ------------------------------------------------------------------*/

/* Everything that is wanted comes through JSON unchanged; with any member
 * missing, or of another type, it does not come through at all. */
static void
mutate(const struct json *json, int *n_bad)
{
    const struct shash_node **nodes = shash_sort(json_object(json));
    size_t n = shash_count(json_object(json));

    for (size_t i = 0; i < n; i++) {
        for (int how = 0; how < 2; how++) {
            struct json *copy = json_deep_clone(json);
            struct gateway_wanted *w;

            json_destroy(shash_find_and_delete(json_object(copy),
                                               nodes[i]->name));
            if (how) {
                json_object_put(copy, nodes[i]->name,
                                json_real_create(0.5));
            }
            w = gateway_wanted_from_json(copy);
            *n_bad += w != NULL;
            gateway_wanted_destroy(w);
            json_destroy(copy);
        }
    }
    free(nodes);
}

static void
test_json(const struct shash *wanted)
{
    struct sset keep = SSET_INITIALIZER(&keep);

    sset_add(&keep, "gw-other");

    struct json *json = gateway_request_to_json(7, GATEWAY_DRY_RUN, wanted,
                                                &keep);
    struct gateway_request *request = gateway_request_from_json(json);
    int n_bad = 0;

    ok(request && request->id == 7 && request->mode == GATEWAY_DRY_RUN
       && sset_equals(&request->keep, &keep),
       "a request comes through JSON");
    struct json *again = gateway_request_to_json(7, GATEWAY_DRY_RUN,
                                                 &request->wanted,
                                                 &request->keep);
    ok(json_equal(json, again), "unchanged");
    json_destroy(again);
    json_destroy(json);
    gateway_request_destroy(request);
    sset_add(&keep, "gw-r");
    json = gateway_request_to_json(7, GATEWAY_APPLY, wanted, &keep);
    ok(!gateway_request_from_json(json), "what changes cannot be kept");
    json_destroy(json);
    sset_destroy(&keep);

    json = gateway_wanted_to_json(shash_find_data(wanted, "gw-r"));
    mutate(json, &n_bad);
    ok(!n_bad, "a gateway with a member missing or wrong does not");
    json_object_put_string(json, "netns", "tvd-gw-../../etc");
    ok(!gateway_wanted_from_json(json), "nor one with a path as a name");
    json_destroy(json);
}

static void
test_report_json(void)
{
    struct gateway_report report = { .id = 3, .ready = true };
    struct gateway_status *s = xzalloc(sizeof *s);
    struct gateway_counter *c = xzalloc(sizeof *c);

    shash_init(&report.gateways);
    shash_init(&s->counters);
    s->ee = xstrdup("gw");
    s->nic = xstrdup("gw/eth0");
    s->error = xstrdup("cannot");
    s->drift = true;
    c->packets = 5;
    c->bytes = 500;
    shash_add(&s->counters, "rule_1", c);
    shash_add(&report.gateways, "gw", s);

    struct json *json = gateway_report_to_json(&report);
    struct gateway_report *copy = gateway_report_from_json(json);
    ok(copy && copy->id == 3 && copy->ready && !copy->error,
       "a report comes through JSON");
    s = shash_find_data(&copy->gateways, "gw");
    c = shash_find_data(&s->counters, "rule_1");
    ok(s->drift && !s->ready && c->packets == 5 && c->bytes == 500,
       "with the gateways' states and counters");
    is_str(s->error, "cannot", "and errors");
    gateway_report_destroy(copy);
    json_destroy(json);
    gateway_status_destroy(shash_find_data(&report.gateways, "gw"));
    shash_destroy(&report.gateways);
}

/* --- Judging ---------------------------------------------------------------*/

static void
test_allows(const struct shash *wanted)
{
    static const struct {
        const char *gateway, *src, *dst;
        uint8_t proto;
        uint16_t port;
        bool allowed;
        const char *what;
    } cases[] = {
        { "gw-y", "10.10.0.10", "10.20.0.20", 6, 22, true, "console, ssh" },
        { "gw-r", "10.10.0.10", "10.20.0.20", 6, 22, true, "console, ssh" },
        { "gw-r", "fd00:10::10", "fd00:20::20", 6, 22, true, "IPv6" },
        { "gw-y", "10.10.0.10", "10.20.0.20", 1, 0, true, "console, ping" },
        { "gw-y", "fd00:10::10", "fd00:20::20", 58, 0, true, "ping6" },
        { "gw-y", "fd00:10::10", "fd00:20::20", 1, 0, false, "ICMP in IPv6" },
        { "gw-y", "10.10.0.10", "10.20.0.20", 6, 23, false, "console, telnet" },
        { "gw-y", "10.10.0.10", "10.20.0.20", 17, 22, false, "udp/22" },
        { "gw-y", "10.20.0.20", "10.10.0.10", 6, 22, false, "backwards" },
        { "gw-y", "10.10.0.2", "10.20.0.2", 6, 22, false, "none" },
        { "gw-y", "10.10.0.10", "10.30.0.2", 6, 22, false, "elsewhere" },
        { "gw-y", "10.20.0.2", "10.10.0.2", 17, 99, true, "all services" },
        { "gw-y", "10.10.0.3", "10.20.0.3", 6, 99, true, "P from gateway" },
        { "gw-y", "10.10.0.3", "10.20.0.20", 6, 99, false, "P to no peer" },
        { "gw-y", "10.20.0.3", "10.10.0.3", 6, 99, true, "P to gateway" },
        { "gw-r", "10.20.0.20", "10.20.0.3", 6, 99, true, "inside the TVD" },
        { "gw-r", "10.20.0.3", "10.20.0.20", 6, 99, true, "inside the TVD" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct gateway_wanted *w = shash_find_data(wanted,
                                                         cases[i].gateway);
        struct gateway_tuple t = {
            .src = gateway_model_ip(cases[i].src),
            .dst = gateway_model_ip(cases[i].dst),
            .proto = cases[i].proto, .dst_port = cases[i].port,
        };

        ok(gateway_ruleset_allows(w->ruleset, &t) == cases[i].allowed,
           "%s: %s", cases[i].gateway, cases[i].what);
    }
}

/* How many times 'part' is in 'text'. */
static size_t
count(const char *text, const char *part)
{
    size_t n = 0;

    for (; (text = strstr(text, part)); text += strlen(part)) {
        n++;
    }
    return n;
}

/* The setting "gateway_log" of the TVD: lines that log what opens, and what is
 * dropped, in the three hooks. */
static void
test_log(struct model *m)
{
    static const struct {
        const char *value;      /* NULL: not set. */
        size_t n_new;
        size_t n_drop;
    } cases[] = {
        { NULL, 0, 3 }, { "denied", 0, 3 }, { "all", 3, 3 }, { "none", 0, 0 },
    };
    struct model_tvd *tvd = model_tvd_find(m, "red");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct gateway_wanted *w;
        struct shash wanted;

        smap_remove(&tvd->settings, "gateway_log");
        if (cases[i].value) {
            smap_add(&tvd->settings, "gateway_log", cases[i].value);
        }
        gateway_plan_wanted(m, "mgmt1", true, &wanted);
        w = shash_find_data(&wanted, "gw-r");

        /* By the way of the worker. */
        struct json *json = gateway_ruleset_to_json(w->ruleset);
        struct gateway_ruleset *rs = gateway_ruleset_from_json(json);
        char *text = gateway_ruleset_format(rs, true, NULL);
        ok(count(text, "log prefix \"tvd-gw gw-r new ") == cases[i].n_new
           && count(text, "log prefix \"tvd-gw gw-r drop ")
              == cases[i].n_drop, "gateway_log: %s",
           cases[i].value ? cases[i].value : "(default)");
        free(text);
        gateway_ruleset_destroy(rs);
        json_destroy(json);
        gateway_wanted_destroy_all(&wanted);
    }
    smap_remove(&tvd->settings, "gateway_log");
}

int
main(void)
{
    struct model *m = gateway_model_create();
    struct shash wanted;

    model_ee_find(m, "gw-y")->host = xstrdup("mgmt1");
    model_ee_find(m, "gw-r")->host = xstrdup("mgmt1");
    gateway_plan_wanted(m, "mgmt1", true, &wanted);
    test_golden(&wanted);
    test_differences(&wanted);
    test_replaced_in_place(&wanted);
    test_veth_replaced(&wanted);
    test_json(&wanted);
    test_allows(&wanted);
    gateway_wanted_destroy_all(&wanted);
    test_log(m);
    model_destroy(m);
    test_report_json();
    test_names();
    test_errors();
    return tap_done();
}
