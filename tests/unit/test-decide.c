/* SPDX-License-Identifier: Apache-2.0
 *
 * Decisions about labels, exhaustively for three types; gateways; and the
 * answers of "tvdctl can".  The flow matrix has a test of its own. */

#include <config.h>
#include "flowpolicy/decide.h"

#include <stdlib.h>
#include "openvswitch/json.h"
#include "svec.h"
#include "util.h"

#include "tests/unit/tap.h"

/* --- Labels.  The oracle has sets as bits: label 5 has types "a" and "c". */

enum { N_LABELS = 8, NO_LABEL = N_LABELS };
static const char *const type_names[] = { "a", "b", "c" };

static void
add_types(struct sset *types, int bits)
{
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (bits >> i & 1) {
            sset_add(types, type_names[i]);
        }
    }
}

static struct model *
label_universe(struct model_label *labels[N_LABELS + 1])
{
    struct model *m = model_create();

    for (int bits = 0; bits < N_LABELS; bits++) {
        char name[8];

        snprintf(name, sizeof name, "l%d", bits);
        labels[bits] = model_label_add(m, name);
        add_types(&labels[bits]->types, bits);
    }
    labels[NO_LABEL] = NULL;
    return m;
}

/* Counts 'wrong' up unless a refusal has a reason, and only a refusal. */
static bool
explained(bool good, char *why, size_t *wrong)
{
    *wrong += good != !why;
    free(why);
    return good;
}

static void
test_share_authorised(void)
{
    struct model_label *labels[N_LABELS + 1];
    struct model *m = label_universe(labels);
    struct model_host *host = model_host_add(m, "h");
    struct model_ee *ee = model_ee_add(m, "e");
    size_t n = 0, wrong = 0;

    for (int a = 0; a <= NO_LABEL; a++) {
        for (int b = 0; b <= NO_LABEL; b++) {
            bool both = a != NO_LABEL && b != NO_LABEL;
            char *why;

            n++;
            wrong += decide_share(labels[a], labels[b])
                     != (both && (a & b) != 0);
            host->label = labels[a];
            ee->label = labels[b];
            bool good = decide_authorised(host, ee, &why);
            wrong += explained(good, why, &wrong) != (both && (a | b) == a);
            wrong += decide_authorised(host, ee, NULL) != good;
        }
    }
    ok(!wrong, "share and authorised: %zu pairs of labels, %zu wrong",
       n, wrong);
    model_destroy(m);
}

static void
test_attachable(void)
{
    struct model_label *labels[N_LABELS + 1];
    struct model *m = label_universe(labels);
    struct model_host *host = model_host_add(m, "h");
    struct model_tvd *tvd = model_tvd_add(m, "t");
    struct model_nic *nic = model_nic_add(model_ee_add(m, "e"), "eth0");
    size_t n = 0, wrong = 0;

    for (int i = 0; i < 9 * 9 * 9; i++) {
        int h = i % 9, t = i / 9 % 9, e = i / 81;
        bool all = h != NO_LABEL && t != NO_LABEL && e != NO_LABEL;
        char *why;

        host->label = labels[h];
        tvd->label = labels[t];
        nic->ee->label = labels[e];
        n++;
        bool got = decide_attachable(host, nic, tvd, &why);
        wrong += explained(got, why, &wrong)
                 != (all && (t & e) && !(t & ~h));
    }
    ok(!wrong, "attachable: %zu triples of labels, %zu wrong", n, wrong);
    model_destroy(m);
}

static bool
at_most_one(int bits)
{
    return !(bits & (bits - 1));
}

/* Two conflict sets of any kind, an EE and two running ones. */
static void
test_collocatable(void)
{
    struct model_label *labels[N_LABELS + 1];
    size_t n = 0, allowed = 0, wrong = 0;

    for (int sets = 0; sets < N_LABELS * N_LABELS; sets++) {
        struct model *m = label_universe(labels);
        int x = sets % N_LABELS, y = sets / N_LABELS;
        struct model_ee *ees[3];

        add_types(&model_conflict_add(m, "x")->types, x);
        add_types(&model_conflict_add(m, "y")->types, y);
        for (int i = 0; i < 3; i++) {
            ees[i] = model_ee_add(m, (const char *[]) {"e", "f", "g"}[i]);
        }
        for (int i = 0; i < 9 * 9 * 9; i++) {
            int u[3] = { i % 9, i / 9 % 9, i / 81 };
            int all = 0;
            char *why;

            for (int k = 0; k < 3; k++) {
                ees[k]->label = labels[u[k]];
                all |= u[k] == NO_LABEL ? 0 : u[k];
            }
            bool want = at_most_one(all & x) && at_most_one(all & y);
            bool got = decide_collocatable(m, &ees[1], 2, ees[0], &why);
            wrong += explained(got, why, &wrong) != want;
            wrong += decide_collocatable(m, ees, 3, ees[0], NULL) != want;
            allowed += got;
            n++;
        }
        model_destroy(m);
    }
    ok(!wrong, "collocatable: %zu cases, %zu allowed, %zu wrong",
       n, allowed, wrong);
}

static void
test_reasons(void)
{
    struct model *m = model_create();
    struct model_label *red = model_label_add(m, "red");
    struct model_label *blue = model_label_add(m, "blue");
    struct model_ee *a = model_ee_add(m, "a"), *b = model_ee_add(m, "b");
    struct model_host *host = model_host_add(m, "h1");
    struct model_conflict *conflict = model_conflict_add(m, "rivals");
    struct model_nic *nic = model_nic_add(a, "eth0");
    struct model_tvd *tvd = model_tvd_add(m, "sky");
    char *why;

    sset_add(&red->types, "red");
    sset_add(&blue->types, "blue");
    sset_add(&conflict->types, "red");
    sset_add(&conflict->types, "blue");
    a->label = host->label = red;
    b->label = tvd->label = blue;

    decide_collocatable(m, &b, 1, a, &why);
    is_str(why, "EE 'a' may not run here: type 'red' of EE 'a' and type "
           "'blue' of EE 'b' are in conflict set 'rivals'",
           "reason of a conflict");
    free(why);
    decide_authorised(host, b, &why);
    is_str(why, "host 'h1' may not run type 'blue' of EE 'b': its label "
           "'red' lacks it", "reason of a host that may not run an EE");
    free(why);
    decide_attachable(host, nic, tvd, &why);
    is_str(why, "EE 'a' may not join TVD 'sky': their labels have no type in "
           "common", "reason of a NIC that may not join");
    free(why);
    a->label = blue;
    decide_attachable(host, nic, tvd, &why);
    is_str(why, "host 'h1' may not carry TVD 'sky': its label 'red' lacks "
           "type 'blue'", "reason of a host that may not carry a TVD");
    free(why);
    model_destroy(m);
}

/* --- Gateways. */

static struct model_nic *
add_member(struct model *m, const char *ee, struct model_tvd *tvd,
           const char *role, uint32_t id)
{
    struct model_nic *nic = model_nic_add(model_ee_add(m, ee), "eth0");

    nic->tvd = tvd;
    nic->role = model_role_find(tvd, role);
    if (!nic->role) {
        nic->role = model_role_add(tvd, role);
    }
    model_nic_set_id(m, nic, id);
    return nic;
}

static void
test_gateways(void)
{
    struct model *m = model_create();
    struct model_tvd *red = model_tvd_add(m, "red");
    struct model_tvd *blue = model_tvd_add(m, "blue");

    decide_assign_gateways(m);
    ok(!red->gateway, "no EE, no gateway");
    add_member(m, "m", red, "member", 1);
    struct model_nic *g2 = add_member(m, "g2", red, "gateway", 0);
    struct model_nic *g1 = add_member(m, "g1", red, "gateway", 0);
    decide_assign_gateways(m);
    ok(red->gateway == g1 && !blue->gateway,
       "without ids the first name is the gateway");
    model_nic_set_id(m, g2, 9);
    decide_assign_gateways(m);
    ok(red->gateway == g2, "one with an id goes before one without");
    model_nic_set_id(m, g1, 10);
    ok(!decide_gateway_nic_added(g1) && red->gateway == g2,
       "one that joins later does not take over");
    struct model_nic *g3 = add_member(m, "g3", red, "gateway", 4);
    ok(decide_gateway_nic_added(g3) && red->gateway == g3,
       "a lower id takes over");
    ok(!decide_gateway_ee_removing(m, g1->ee), "another may go");
    model_ee_remove(m, g1->ee);
    ok(decide_gateway_ee_removing(m, g3->ee) && red->gateway == g2,
       "the next takes over when the gateway goes");
    model_ee_remove(m, g3->ee);
    ok(decide_gateway_ee_removing(m, g2->ee) && !red->gateway,
       "no pointer dangles when the last one goes");
    model_ee_remove(m, g2->ee);

    struct model_nic *odd = add_member(m, "odd", red, "gateway", 2);
    odd->tvd = blue;
    decide_assign_gateways(m);
    ok(!blue->gateway && !red->gateway,
       "a role of another TVD makes no gateway");
    model_destroy(m);
}

/* --- Peers. */

static void
test_peers(void)
{
    struct model *m = model_create();
    struct model_tvd *red = model_tvd_add(m, "red");
    struct model_tvd *blue = model_tvd_add(m, "blue");
    struct model_nic *r1 = add_member(m, "r1", red, "a", 1);
    struct model_nic *r2 = add_member(m, "r2", red, "b", 2);
    struct model_nic *b1 = add_member(m, "b1", blue, "a", 3);
    struct model_nic *r1_blue = model_nic_add(r1->ee, "eth1");
    struct model_rule *rule = model_rule_add(b1->role, red, MODEL_P);

    r1_blue->tvd = blue;
    r1_blue->role = b1->role;
    ok(!decide_peer_allows(rule, r1) && !decide_peer_allows(rule, r2),
       "P without peers leads nowhere");
    sset_add(&rule->peer_ees, "r1");
    ok(decide_peer_allows(rule, r1) && !decide_peer_allows(rule, r2),
       "P to an EE");
    ok(!decide_peer_allows(rule, r1_blue),
       "P does not lead to another TVD's NIC of a peer");
    model_rule_add_peer_role(rule, r2->role);
    ok(decide_peer_allows(rule, r1) && decide_peer_allows(rule, r2),
       "P to an EE and a role");
    rule->action = MODEL_G;
    ok(decide_peer_allows(rule, r2) && !decide_peer_allows(rule, b1),
       "G has no peers, but a TVD");
    model_destroy(m);
}

/* --- Answers. */

/* Table 3 of the TVD report in small, with a third TVD. */
static struct model *
table3(void)
{
    struct model *m = model_create();
    struct model_tvd *yellow = model_tvd_add(m, "yellow");
    struct model_tvd *red = model_tvd_add(m, "red");
    struct model_tvd *blue = model_tvd_add(m, "blue");
    struct model_service icmp = { .proto = IPPROTO_ICMP, .any_port = true };
    struct model_service ssh = { .proto = IPPROTO_TCP,
                                 .port_min = 22, .port_max = 22 };
    struct model_rule *rule;

    add_member(m, "yg", yellow, "gateway", 1);
    add_member(m, "rg", red, "gateway", 2);
    add_member(m, "console", yellow, "console", 3);
    add_member(m, "pc", red, "client", 4);
    add_member(m, "rdc", red, "dc", 5);
    add_member(m, "b1", blue, "member", 6);

    rule = model_rule_add(model_role_find(yellow, "console"), red, MODEL_G);
    model_rule_add_service(rule, &ssh);
    model_rule_add_service(rule, &icmp);
    rule->loc = (struct model_loc) { 23, 40 };
    rule = model_rule_add(model_role_find(yellow, "gateway"), red, MODEL_P);
    model_rule_add_peer_role(rule, model_role_find(red, "gateway"));
    rule = model_rule_add(model_role_find(red, "gateway"), yellow, MODEL_P);
    model_rule_add_peer_role(rule, model_role_find(yellow, "gateway"));
    sset_add(&rule->peer_ees, "console");
    model_rule_add_service(rule, &ssh);
    model_rule_add(model_role_find(red, "client"), yellow, MODEL_NONE);
    model_rule_add(model_role_find(red, "dc"), blue, MODEL_G);
    decide_assign_gateways(m);
    return m;
}

static const struct answer_test {
    const char *src, *dst, *service, *text;
} answer_table[] = {
    { "console", "pc", "tcp/22",
      "allowed [all] stateful\n"
      "{rule: G, services: [tcp/22, icmp]}\n"
      "the entry yellow/console -> red allows it\n"
      "console/eth0 yg/eth0 rg/eth0 pc/eth0\n-" },
    { "console", "pc", NULL,
      "partly [icmp tcp/22] stateful\n"
      "{rule: G, services: [tcp/22, icmp]}\n"
      "the entry yellow/console -> red does not allow every service\n"
      "console/eth0 yg/eth0 rg/eth0 pc/eth0\n"
      "yellow/console -> red: the same entry without services" },
    { "console", "rg", "udp/53",
      "denied [] stateful\n"
      "{rule: G, services: [tcp/22, icmp]}\n"
      "the entry yellow/console -> red does not allow udp/53\n\n"
      "yellow/console -> red: {rule: G, services: [tcp/22, icmp, udp/53]}" },
    { "pc", "console", "tcp/22",
      "denied [] stateful\n"
      "none\n"
      "the entry red/client -> yellow is none\n\n"
      "red/client -> yellow: {rule: P, peers: [yellow/console], services: "
      "[tcp/22]}, or through the gateways {rule: G, services: [tcp/22]}" },
    { "yg", "pc", NULL,
      "denied [] stateful\n"
      "{rule: P, peers: [red/gateway]}\n"
      "the entry yellow/gateway -> red allows its peers only, and neither "
      "role 'red/client' nor EE 'pc' is one\n\n"
      "yellow/gateway -> red: {rule: P, peers: [red/gateway, red/client]}" },
    { "yg", "rg", NULL,
      "allowed [all] stateful\n"
      "{rule: P, peers: [red/gateway]}\n"
      "the entry yellow/gateway -> red allows it\n"
      "yg/eth0 rg/eth0\n-" },
    { "rg", "console", "tcp",
      "partly [tcp/22] stateful\n"
      "{rule: P, peers: [yellow/gateway, console], services: [tcp/22]}\n"
      "the entry red/gateway -> yellow does not allow tcp as a whole\n"
      "rg/eth0 console/eth0\n"
      "red/gateway -> yellow: {rule: P, peers: [yellow/gateway, console], "
      "services: [tcp/22, tcp]}" },
    { "pc", "rdc", NULL,
      "allowed [all] stateless\n"
      "unrestricted\n"
      "the default for red/client -> red allows it\n"
      "pc/eth0 rdc/eth0\n-" },
    { "b1", "pc", "icmp",
      "denied [] stateful\n"
      "none\n"
      "there is no entry blue/member -> red, and between TVDs the default is "
      "none\n\n"
      "blue/member -> red: {rule: P, peers: [red/client], services: "
      "[icmp]}" },
    { "rdc", "b1", "icmp",
      "denied [] stateful\n"
      "{rule: G}\n"
      "the entry red/dc -> blue leads through gateways, and TVD 'blue' has "
      "none\n\n"
      "an EE with the role 'gateway' in TVD 'blue'" },
    { "pc", "pc", "icmp",
      "denied [] stateless\n"
      "unrestricted\n"
      "source and destination are the same NIC\n\n-" },
};

static void
ask(const struct model *m, const char *src, const char *dst,
    const char *service, struct decide_answer *answer)
{
    struct model_service s[SERVICE_PARSE_MAX];
    size_t n = 0;

    free(service ? service_parse(service, s, &n) : NULL);
    decide_ask(model_ee_find(m, src)->nics[0], model_ee_find(m, dst)->nics[0],
               n ? s : NULL, answer);
}

/* The strings of the member 'name', with spaces between them. */
static char *
join_member(const struct json *json, const char *name)
{
    const struct json *array = shash_find_data(json_object(json), name);
    struct svec words = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < array->array.n; i++) {
        svec_add(&words, json_string(array->array.elems[i]));
    }
    char *text = svec_join(&words, " ", "");
    svec_destroy(&words);
    return text;
}

static const char *
get_string(const struct json *json, const char *name)
{
    const struct json *member = shash_find_data(json_object(json), name);

    return member ? json_string(member) : "-";
}

static void
test_answer(const struct model *m, const struct answer_test *t)
{
    struct decide_answer answer;

    ask(m, t->src, t->dst, t->service, &answer);
    struct json *json = decide_answer_to_json(&answer);
    char *services = join_member(json, "allowed_services");
    char *path = join_member(json, "path");
    const struct json *entry = shash_find_data(json_object(json), "entry");
    const struct json *stateful = shash_find_data(json_object(json),
                                                  "stateful");
    char *text = xasprintf("%s [%s] %s\n%s\n%s\n%s\n%s",
                           get_string(json, "verdict"), services,
                           json_boolean(stateful) ? "stateful" : "stateless",
                           get_string(entry, "text"), get_string(json, "why"),
                           path, get_string(json, "would_allow"));

    is_str(text, t->text, "answer: %s to %s, %s", t->src, t->dst,
           t->service ? t->service : "any service");
    free(text);
    free(path);
    free(services);
    json_destroy(json);
    decide_answer_destroy(&answer);
}

static void
test_answers(void)
{
    struct model *m = table3();

    for (size_t i = 0; i < ARRAY_SIZE(answer_table); i++) {
        test_answer(m, &answer_table[i]);
    }
    model_destroy(m);
}

static void
test_json(void)
{
    struct model *m = table3();
    struct decide_answer answer;

    ask(m, "console", "rg", NULL, &answer);
    struct json *json = decide_answer_to_json(&answer);
    char *text = json_to_string(json, JSSF_SORT);
    is_str(text, "{\"allowed\":false,"
           "\"allowed_services\":[\"icmp\",\"tcp/22\"],"
           "\"dst\":\"rg/eth0\","
           "\"entry\":{\"column\":40,\"default\":false,"
           "\"from\":\"yellow/console\",\"line\":23,\"rule\":\"G\","
           "\"services\":[\"tcp/22\",\"icmp\"],"
           "\"text\":\"{rule: G, services: [tcp/22, icmp]}\","
           "\"to\":\"red\"},"
           "\"legs\":[{\"decided_by\":\"yellow/console -> red\","
           "\"from\":\"console/eth0\",\"implied\":false,\"to\":\"yg/eth0\"},"
           "{\"decided_by\":\"yellow/console -> red\","
           "\"from\":\"yg/eth0\",\"implied\":true,\"to\":\"rg/eth0\"}],"
           "\"path\":[\"console/eth0\",\"yg/eth0\",\"rg/eth0\"],"
           "\"reason\":\"service\",\"service\":\"all\","
           "\"src\":\"console/eth0\",\"stateful\":true,"
           "\"verdict\":\"partly\","
           "\"why\":\"the entry yellow/console -> red does not allow every "
           "service\","
           "\"would_allow\":\"yellow/console -> red: the same entry without "
           "services\"}", "answer in JSON");
    free(text);
    json_destroy(json);
    decide_answer_destroy(&answer);
    decide_answer_destroy(NULL);
    model_destroy(m);
}

int
main(void)
{
    test_share_authorised();
    test_attachable();
    test_collocatable();
    test_reasons();
    test_gateways();
    test_peers();
    test_answers();
    test_json();
    return tap_done();
}
