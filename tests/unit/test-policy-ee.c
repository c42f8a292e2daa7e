/* SPDX-License-Identifier: Apache-2.0
 *
 * EEs that come one by one (policy_parse_ee) and that outlive a policy
 * (policy_merge_ees). */

#include <config.h>
#include <stdlib.h>
#include "flowpolicy/policy.h"
#include "tests/unit/tap.h"
#include "util.h"

static const char base[] =
    "version: 1\n"
    "labels: {red: [red], blue: [blue], all: [red, blue], green: [green]}\n"
    "conflicts: {competitors: [green, blue]}\n"
    "tvds:\n"
    "  red: {label: red, subnets: [10.1.0.0/24, fd00:1::/64],\n"
    "        roles: [gateway, client], router_mac: \"02:00:00:00:00:aa\"}\n"
    "  blue: {label: blue, subnets: [10.2.0.0/24], roles: [client]}\n"
    "hosts: {h1: {label: all}, h2: {label: red}}\n"
    "ees:\n"
    "  old: {label: red, host: h1,\n"
    "        nics: [{tvd: red, ip: [10.1.0.5], mac: \"02:00:00:00:00:05\"}]}\n"
    "  old2: {label: blue, host: h1, nics: [{tvd: blue}]}\n";

/* An EE and the messages it gives, "" if it is accepted. */
static const struct {
    const char *text;
    const char *errors;
    const char *what;
} cases[] = {
    { "{name: new, label: red, nics: [{tvd: red}]}", "", "least" },
    { "{\"name\": \"new\", \"label\": \"red\", \"kind\": \"vm\", "
      "\"host\": \"h2\", \"nics\": [{\"name\": \"lan\", \"tvd\": \"red\", "
      "\"role\": \"client\", \"ip\": [\"10.1.0.6\", \"fd00:1::6\"], "
      "\"mac\": \"02:00:00:00:00:06\"}]}", "", "JSON, everything" },
    { "{name: new, label: blue, nics: [{tvd: blue}, {tvd: blue}]}", "",
      "two NICs" },
    { "{name: old, label: red, nics: []}",
      "ee:1:8: there is an EE 'old' already\n", "name taken" },
    { "{label: red, nics: []}", "ee:1:1: the EE lacks the key 'name'\n",
      "no name" },
    { "{name: a/b, label: red, nics: []}",
      "ee:1:8: 'a/b' is not a valid name (EE): up to 63 letters, digits, '_', "
      "'.', '-', the first a letter or digit\n", "bad name" },
    { "[]", "ee:1:1: an EE must be a map with the keys name, label, kind, "
      "host and nics, not a list\n", "no map" },
    { "{name: new, lable: red, nics: []}",
      "ee:1:13: unknown key 'lable' in EE 'new'; did you mean 'label'? (keys: "
      "name, label, kind, host, nics)\n", "misspelt key" },
    { "{name: new, label: red, nics: [{tvd: red, ip: [10.1.0.5]}]}",
      "ee:1:48: address 10.1.0.5 is already that of 'old/eth0' (line 11)\n",
      "address taken" },
    { "{name: new, label: red, nics: [{tvd: red, "
      "mac: \"02:00:00:00:00:05\"}]}",
      "ee:1:48: MAC 02:00:00:00:00:05 is already that of 'old/eth0' "
      "(line 11)\n", "MAC taken" },
    { "{name: new, label: red, nics: [{tvd: red, "
      "mac: \"02:00:00:00:00:AA\"}]}",
      "ee:1:48: MAC 02:00:00:00:00:aa is already that of the router of TVD "
      "'red'\n", "MAC of a router" },
    { "{name: new, label: red, nics: [{tvd: red, ip: [10.3.0.5]}]}",
      "ee:1:48: address 10.3.0.5 is outside of TVD 'red' (subnets: "
      "10.1.0.0/24, fd00:1::/64)\n", "address outside" },
    { "{name: new, label: blue, host: h2, nics: [{tvd: blue}]}",
      "ee:1:32: host 'h2' may not run type 'blue' of EE 'new': its label "
      "'red' lacks it\n", "host not authorised" },
    { "{name: new, label: red, nics: [{tvd: blue}]}",
      "ee:1:38: EE 'new' shares no type with TVD 'blue': label 'red' and "
      "label 'blue' have none in common\n", "label" },
    { "{name: new, label: red, nics: [{tvd: red, role: clinet}]}",
      "ee:1:49: unknown role 'clinet'; did you mean 'client'? (roles of TVD "
      "'red': client, gateway, member)\n", "role" },
    { "{name: new", "ee:2:1: not valid YAML: did not find expected ',' or '}' "
      "while parsing a flow mapping (line 1)\n", "syntax" },
    { "", "ee:1:1: nothing is here, a document with keys and values is "
      "expected\n", "nothing" },
};

static struct model *
parse(const char *text)
{
    struct policy_errors errors;
    struct model *m;

    policy_errors_init(&errors, "policy");
    m = policy_parse(text, strlen(text), &errors);
    if (!m) {
        char *s = policy_errors_format(&errors);

        printf("# %s", s);
        free(s);
    }
    policy_errors_destroy(&errors);
    return m;
}

/* Adds an EE; returns the messages, which the caller frees. */
static char *
add(struct model *m, const char *text)
{
    struct policy_errors errors;
    struct model_ee *ee;
    char *messages;

    policy_errors_init(&errors, "ee");
    ee = policy_parse_ee(m, text, strlen(text), &errors);
    messages = policy_errors_format(&errors);
    ok(!ee == !!errors.n, "an EE or errors: %.30s", text);
    ok(!ee || ee->origin == MODEL_FROM_API, "origin");
    policy_errors_destroy(&errors);
    return messages;
}

static void
test_cases(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct model *m = parse(base);
        char *messages = add(m, cases[i].text);
        bool good = !cases[i].errors[0];

        is_str(messages, cases[i].errors, "%s", cases[i].what);
        ok(shash_count(&m->ees) == 2 + good, "%s: EEs in the model",
           cases[i].what);
        free(messages);
        model_destroy(m);
    }
}

static void
test_collocation(void)
{
    struct model *m = parse(base);
    struct model_label *all = model_label_find(m, "all");
    char *messages;

    /* A host that may run green and blue, one at a time. */
    sset_add(&all->types, "green");
    messages = add(m, "{name: new, label: green, host: h1, nics: []}");
    is_str(messages, "ee:1:8: EE 'new' (type green) and EE 'old2' (type blue) "
           "must not meet on host 'h1': conflict set 'competitors'\n",
           "the new EE is to blame, not the one that is there");
    ok(!model_ee_find(m, "new"), "it is not added");
    free(messages);
    model_destroy(m);
}

static bool
merge(struct model *m, const struct model *old, char **messages)
{
    struct policy_errors errors;
    bool good;

    policy_errors_init(&errors, "policy");
    good = policy_merge_ees(m, old, &errors);
    *messages = policy_errors_format(&errors);
    policy_errors_destroy(&errors);
    return good;
}

static void
test_merge(void)
{
    struct model *old = parse(base);
    struct model *m = parse(base);
    char *messages;

    free(add(old, "{name: n1, label: red, host: h1, nics: [{tvd: red, name: "
             "lan, ip: [10.1.0.6], mac: \"02:00:00:00:00:06\"}]}"));
    free(add(old, "{name: n2, label: blue, nics: [{tvd: blue}]}"));
    free(add(old, "{name: n3, label: red, nics: [{tvd: red, role: gateway}]}"));

    /* What allocation has chosen must not look as if it were declared. */
    struct model_nic *nic = model_ee_find(old, "n2")->nics[0];
    struct in6_addr ip;
    in6_addr_set_mapped_ipv4(&ip, htonl(0x0a020009));
    model_nic_add_ip(nic, &ip);
    model_nic_set_id(old, nic, 17);

    ok(merge(m, old, &messages), "all fit");
    free(messages);
    ok(shash_count(&m->ees) == 5, "all are there");
    const struct model_ee *ee = model_ee_find(m, "n1");
    ok(ee && ee->origin == MODEL_FROM_API && !strcmp(ee->host, "h1")
       && ee->n_nics == 1 && !strcmp(ee->nics[0]->name, "lan")
       && ee->nics[0]->n_ips == 1 && ee->nics[0]->mac_declared, "n1");
    ee = model_ee_find(m, "n2");
    ok(ee && !ee->nics[0]->n_ips && !ee->nics[0]->ips_declared
       && !ee->nics[0]->id, "n2");
    ee = model_ee_find(m, "n3");
    ok(ee && ee->managed && ee->kind == MODEL_EE_NAMESPACE, "n3");
    model_destroy(m);

    m = parse("version: 1\n"
              "labels: {red: [red]}\n"
              "tvds: {red: {label: red, subnets: [10.1.0.0/24]}}\n"
              "ees:\n"
              "  n3: {label: red, nics: []}\n"
              "  x: {label: red, nics: [{tvd: red, ip: [10.1.0.6]}]}\n");
    ok(!merge(m, old, &messages), "some do not fit");
    is_str(messages,
           "policy: EE 'n1', added with \"tvdctl ee add\", no longer fits: "
           "address 10.1.0.6 is already that of 'x/eth0' (line 6); change the "
           "policy, or first run \"tvdctl ee remove n1\"\n"
           "policy: EE 'n1', added with \"tvdctl ee add\", no longer fits: "
           "unknown host 'h1'; no hosts are declared; change the policy, or "
           "first run \"tvdctl ee remove n1\"\n"
           "policy: EE 'n2', added with \"tvdctl ee add\", no longer fits: "
           "unknown TVD 'blue' (TVDs: red); change the policy, or first run "
           "\"tvdctl ee remove n2\"\n"
           "policy: EE 'n2', added with \"tvdctl ee add\", no longer fits: "
           "unknown label 'blue' (labels: red); change the policy, or first "
           "run \"tvdctl ee remove n2\"\n", "what to do");
    free(messages);
    model_destroy(m);
    model_destroy(old);
}

int
main(void)
{
    test_cases();
    test_collocation();
    test_merge();
    return tap_done();
}
