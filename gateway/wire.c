/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "ovs-thread.h"
#include "util.h"

/* --- Pieces ----------------------------------------------------------------*/

static void
put_string(struct json *object, const char *key, const char *s)
{
    if (s) {
        json_object_put_string(object, key, s);
    }
}

static void
put_bool(struct json *object, const char *key, bool value)
{
    json_object_put(object, key, json_boolean_create(value));
}

static void
put_mac(struct json *object, const char *key, struct eth_addr mac)
{
    json_object_put_format(object, key, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

static struct json *
ip_to_json(const struct in6_addr *addr)
{
    char ip[INET6_ADDRSTRLEN + 1];

    return json_string_create(ipv6_string_mapped(ip, addr));
}

static struct json *
strings_to_json(char *const strings[], size_t n)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(array, json_string_create(strings[i]));
    }
    return array;
}

/* Reading: a reader that has failed reads no more and stays failed. */
struct reader {
    const struct json *object;
    bool failed;
};

static struct reader
reader_init(const struct json *json)
{
    bool good = json && json->type == JSON_OBJECT;

    return (struct reader) { .object = good ? json : NULL, .failed = !good };
}

static const struct json *
get(struct reader *r, const char *key, enum json_type type, bool optional)
{
    const struct json *json
        = r->failed ? NULL : shash_find_data(json_object(r->object), key);

    if (json ? json->type != type : !optional) {
        r->failed = true;
    }
    return r->failed ? NULL : json;
}

static char *
get_string(struct reader *r, const char *key, bool optional)
{
    const struct json *json = get(r, key, JSON_STRING, optional);

    return json ? xstrdup(json_string(json)) : NULL;
}

static bool
get_bool(struct reader *r, const char *key)
{
    const struct json *json = r->failed ? NULL
                              : shash_find_data(json_object(r->object), key);

    if (!json || (json->type != JSON_TRUE && json->type != JSON_FALSE)) {
        r->failed = true;
        return false;
    }
    return json->type == JSON_TRUE;
}

static int64_t
get_integer(struct reader *r, const char *key, int64_t min, int64_t max)
{
    const struct json *json = get(r, key, JSON_INTEGER, false);

    if (json && (json_integer(json) < min || json_integer(json) > max)) {
        r->failed = true;
    }
    return r->failed ? min : json_integer(json);
}

static const struct json_array *
get_array(struct reader *r, const char *key)
{
    static const struct json_array none;
    const struct json *json = get(r, key, JSON_ARRAY, false);

    return json ? json_array(json) : &none;
}

static struct eth_addr
get_mac(struct reader *r, const char *key)
{
    struct eth_addr mac = eth_addr_zero;
    const struct json *json = get(r, key, JSON_STRING, false);

    if (json && !eth_addr_from_string(json_string(json), &mac)) {
        r->failed = true;
    }
    return mac;
}

static bool
ip_from_string(const char *s, struct in6_addr *addr)
{
    ovs_be32 ip;

    if (ip_parse(s, &ip)) {
        in6_addr_set_mapped_ipv4(addr, ip);
        return true;
    }
    return ipv6_parse(s, addr);
}

static bool
ip_from_json(const struct json *json, struct in6_addr *addr)
{
    return json->type == JSON_STRING
           && ip_from_string(json_string(json), addr);
}

/* An array of addresses; '*n' gets their number. */
static struct in6_addr *
get_ips(struct reader *r, const char *key, size_t *n)
{
    const struct json_array *array = get_array(r, key);
    struct in6_addr *ips = xcalloc(MAX(array->n, 1), sizeof *ips);

    *n = 0;
    for (size_t i = 0; i < array->n; i++) {
        if (!ip_from_json(array->elems[i], &ips[(*n)++])) {
            r->failed = true;
        }
    }
    return ips;
}

static char **
get_strings(struct reader *r, const char *key, size_t *n)
{
    const struct json_array *array = get_array(r, key);
    char **strings = xcalloc(MAX(array->n, 1), sizeof *strings);

    *n = 0;
    for (size_t i = 0; i < array->n; i++) {
        if (array->elems[i]->type != JSON_STRING) {
            r->failed = true;
            break;
        }
        strings[(*n)++] = xstrdup(json_string(array->elems[i]));
    }
    return strings;
}

/* "10.0.0.0/24", or as an address with a prefix length. */
static bool
prefix_from_json(const struct json *json, struct in6_addr *addr,
                 unsigned int *plen)
{
    if (json->type != JSON_STRING) {
        return false;
    }

    char *s = xstrdup(json_string(json));
    char *slash = strchr(s, '/');
    bool ok = slash != NULL;

    if (ok) {
        *slash = '\0';
        ok = ip_from_string(s, addr) && str_to_uint(slash + 1, 10, plen)
             && *plen <= (IN6_IS_ADDR_V4MAPPED(addr) ? 32 : 128);
    }
    free(s);
    return ok;
}

static struct json *
prefix_to_json(const struct in6_addr *addr, unsigned int plen)
{
    char ip[INET6_ADDRSTRLEN + 1];

    return json_string_create_nocopy(
        xasprintf("%s/%u", ipv6_string_mapped(ip, addr), plen));
}

/* A name as nft takes it: a letter, then letters, digits and '_'. */
static bool
is_nft_name(const char *s)
{
    const char *alnum = "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

    return s && *s >= 'a' && *s <= 'z' && !s[strspn(s, alnum)];
}

/* --- Rulesets --------------------------------------------------------------*/

static struct json *
set_to_json(const struct gateway_set *set)
{
    struct json *json = json_object_create();
    struct json *ips = json_array_create_empty();

    for (size_t i = 0; i < set->n; i++) {
        json_array_add(ips, ip_to_json(&set->ips[i]));
    }
    put_string(json, "name", set->name);
    put_string(json, "comment", set->comment);
    put_bool(json, "ipv6", set->ipv6);
    json_object_put(json, "ips", ips);
    return json;
}

static struct gateway_set *
set_from_json(const struct json *json)
{
    struct reader r = reader_init(json);
    struct gateway_set *set = xzalloc(sizeof *set);

    set->name = get_string(&r, "name", false);
    set->comment = get_string(&r, "comment", false);
    set->ipv6 = get_bool(&r, "ipv6");
    set->ips = get_ips(&r, "ips", &set->n);
    for (size_t i = 0; i < set->n; i++) {
        r.failed |= IN6_IS_ADDR_V4MAPPED(&set->ips[i]) == set->ipv6
                    || (i && memcmp(&set->ips[i - 1], &set->ips[i],
                                    sizeof set->ips[i]) >= 0);
    }
    if (r.failed || !is_nft_name(set->name)) {
        gateway_set_destroy(set);
        return NULL;
    }
    return set;
}

static struct json *
rule_to_json(const struct gateway_rule *rule)
{
    struct json *json = json_object_create();
    struct json *subnets = json_array_create_empty();
    struct json *services = json_array_create_empty();

    for (size_t i = 0; i < rule->n_dst_subnets; i++) {
        json_array_add(subnets, prefix_to_json(&rule->dst_subnets[i].addr,
                                               rule->dst_subnets[i].plen));
    }
    for (size_t i = 0; i < rule->n_services; i++) {
        const struct model_service *s = &rule->services[i];
        struct json *service = json_object_create();

        json_object_put(service, "proto", json_integer_create(s->proto));
        put_bool(service, "any_port", s->any_port);
        json_object_put(service, "min", json_integer_create(s->port_min));
        json_object_put(service, "max", json_integer_create(s->port_max));
        json_array_add(services, service);
    }
    json_object_put(json, "chain", json_integer_create(rule->chain));
    put_string(json, "counter", rule->counter);
    put_string(json, "comment", rule->comment);
    put_string(json, "src_set", rule->src_set);
    json_object_put(json, "dst_sets", strings_to_json(rule->dst_sets,
                                                      rule->n_dst_sets));
    json_object_put(json, "dst_subnets", subnets);
    json_object_put(json, "services", services);
    return json;
}

static void
read_dst_subnets(struct reader *r, struct gateway_rule *rule)
{
    const struct json_array *array = get_array(r, "dst_subnets");

    rule->dst_subnets = xcalloc(MAX(array->n, 1), sizeof *rule->dst_subnets);
    for (size_t i = 0; i < array->n && !r->failed; i++) {
        struct model_subnet *s = &rule->dst_subnets[rule->n_dst_subnets++];

        r->failed = !prefix_from_json(array->elems[i], &s->addr, &s->plen);
        s->ipv6 = !IN6_IS_ADDR_V4MAPPED(&s->addr);
    }
}

static void
read_services(struct reader *r, struct gateway_rule *rule)
{
    const struct json_array *array = get_array(r, "services");

    rule->services = xcalloc(MAX(array->n, 1), sizeof *rule->services);
    for (size_t i = 0; i < array->n && !r->failed; i++) {
        struct model_service *s = &rule->services[rule->n_services++];
        struct reader sr = reader_init(array->elems[i]);

        s->proto = get_integer(&sr, "proto", 0, 255);
        s->any_port = get_bool(&sr, "any_port");
        s->port_min = get_integer(&sr, "min", 0, 65535);
        s->port_max = get_integer(&sr, "max", s->port_min, 65535);
        r->failed = sr.failed;
    }
}

/* Fills in 'rule', to be cleared by the caller even if false is returned. */
static bool
rule_from_json(const struct json *json, struct gateway_rule *rule)
{
    struct reader r = reader_init(json);

    memset(rule, 0, sizeof *rule);
    rule->chain = get_integer(&r, "chain", GATEWAY_TRANSIT, GATEWAY_OWN);
    rule->counter = get_string(&r, "counter", false);
    rule->comment = get_string(&r, "comment", false);
    rule->src_set = get_string(&r, "src_set", false);
    rule->dst_sets = get_strings(&r, "dst_sets", &rule->n_dst_sets);
    read_dst_subnets(&r, rule);
    read_services(&r, rule);
    for (size_t i = 0; i < rule->n_dst_sets; i++) {
        r.failed |= !is_nft_name(rule->dst_sets[i]);
    }
    return !r.failed && is_nft_name(rule->counter)
           && is_nft_name(rule->src_set);
}

struct json *
gateway_ruleset_to_json(const struct gateway_ruleset *rs)
{
    struct json *json = json_object_create();
    struct json *sets = json_array_create_empty();
    struct json *rules = json_array_create_empty();
    const struct shash_node **nodes = shash_sort(&rs->sets);

    for (size_t i = 0; i < shash_count(&rs->sets); i++) {
        json_array_add(sets, set_to_json(nodes[i]->data));
    }
    free(nodes);
    for (size_t i = 0; i < rs->n_rules; i++) {
        json_array_add(rules, rule_to_json(&rs->rules[i]));
    }
    put_string(json, "name", rs->name);
    json_object_put(json, "log", json_integer_create(rs->log));
    json_object_put(json, "sets", sets);
    json_object_put(json, "rules", rules);
    return json;
}

struct gateway_ruleset *
gateway_ruleset_from_json(const struct json *json)
{
    struct reader r = reader_init(json);
    struct gateway_ruleset *rs = xzalloc(sizeof *rs);
    const struct json_array *sets, *rules;

    shash_init(&rs->sets);
    rs->name = get_string(&r, "name", false);
    rs->log = get_integer(&r, "log", GATEWAY_LOG_DENIED, GATEWAY_LOG_NONE);
    sets = get_array(&r, "sets");
    for (size_t i = 0; i < sets->n && !r.failed; i++) {
        struct gateway_set *set = set_from_json(sets->elems[i]);

        if (!set || !shash_add_once(&rs->sets, set->name, set)) {
            gateway_set_destroy(set);
            r.failed = true;
        }
    }
    rules = get_array(&r, "rules");
    rs->rules = xcalloc(MAX(rules->n, 1), sizeof *rs->rules);
    for (size_t i = 0; i < rules->n && !r.failed; i++) {
        r.failed = !rule_from_json(rules->elems[i], &rs->rules[rs->n_rules++]);
    }
    if (r.failed) {
        gateway_ruleset_destroy(rs);
        return NULL;
    }
    return rs;
}

/* --- Wanted gateways -------------------------------------------------------*/

struct json *
gateway_wanted_to_json(const struct gateway_wanted *w)
{
    struct json *json = json_object_create();

    put_string(json, "ee", w->ee);
    put_string(json, "nic", w->nic);
    put_string(json, "error", w->error);
    if (w->error) {
        return json;
    }

    struct json *addresses = json_array_create_empty();
    struct json *routers = json_array_create_empty();

    for (size_t i = 0; i < w->n_addresses; i++) {
        json_array_add(addresses, prefix_to_json(&w->addresses[i].ip,
                                                 w->addresses[i].plen));
    }
    for (size_t i = 0; i < w->n_routers; i++) {
        json_array_add(routers, ip_to_json(&w->routers[i]));
    }
    put_string(json, "netns", w->netns);
    put_string(json, "host_if", w->host_if);
    put_string(json, "inner_if", w->inner_if);
    put_mac(json, "mac", w->mac);
    put_bool(json, "plain_frames", w->plain_frames);
    json_object_put(json, "addresses", addresses);
    json_object_put(json, "routers", routers);
    put_mac(json, "router_mac", w->router_mac);
    json_object_put(json, "ruleset", gateway_ruleset_to_json(w->ruleset));
    return json;
}

static void
read_addresses(struct reader *r, struct gateway_wanted *w)
{
    const struct json_array *array = get_array(r, "addresses");

    w->addresses = xcalloc(MAX(array->n, 1), sizeof *w->addresses);
    for (size_t i = 0; i < array->n && !r->failed; i++) {
        struct gateway_address *a = &w->addresses[w->n_addresses++];

        r->failed = !prefix_from_json(array->elems[i], &a->ip, &a->plen);
    }
}

static void
read_wanted(struct reader *r, struct gateway_wanted *w)
{
    const struct json *ruleset = get(r, "ruleset", JSON_OBJECT, false);

    w->netns = get_string(r, "netns", false);
    w->host_if = get_string(r, "host_if", false);
    w->inner_if = get_string(r, "inner_if", false);
    w->mac = get_mac(r, "mac");
    w->plain_frames = get_bool(r, "plain_frames");
    read_addresses(r, w);
    w->routers = get_ips(r, "routers", &w->n_routers);
    w->router_mac = get_mac(r, "router_mac");
    if (!r->failed) {
        w->ruleset = gateway_ruleset_from_json(ruleset);
        r->failed = !w->ruleset || !gateway_netns_name_is_ours(w->netns)
                    || strncmp(w->host_if, "tvdg", 4)
                    || !gateway_device_name_is_valid(w->host_if)
                    || !gateway_device_name_is_valid(w->inner_if);
    }
}

struct gateway_wanted *
gateway_wanted_from_json(const struct json *json)
{
    struct reader r = reader_init(json);
    struct gateway_wanted *w = xzalloc(sizeof *w);

    w->ee = get_string(&r, "ee", false);
    w->nic = get_string(&r, "nic", false);
    w->error = get_string(&r, "error", true);
    if (!r.failed && !w->error) {
        read_wanted(&r, w);
    }
    if (r.failed) {
        gateway_wanted_destroy(w);
        return NULL;
    }
    return w;
}

/* --- Requests --------------------------------------------------------------*/

struct json *
gateway_request_to_json(uint64_t id, enum gateway_mode mode,
                        const struct shash *wanted, const struct sset *keep)
{
    struct json *json = json_object_create();
    struct json *array = json_array_create_empty();
    struct json *names = json_array_create_empty();
    const char **keep_names = sset_sort(keep);
    const struct shash_node **nodes = shash_sort(wanted);

    for (size_t i = 0; i < shash_count(wanted); i++) {
        json_array_add(array, gateway_wanted_to_json(nodes[i]->data));
    }
    free(nodes);
    json_object_put(json, "id", json_integer_create(id));
    json_object_put(json, "mode", json_integer_create(mode));
    json_object_put(json, "wanted", array);
    for (size_t i = 0; i < sset_count(keep); i++) {
        json_array_add(names, json_string_create(keep_names[i]));
    }
    free(keep_names);
    json_object_put(json, "keep", names);
    return json;
}

static void
read_keep(struct reader *r, struct gateway_request *request)
{
    const struct json_array *names = get_array(r, "keep");

    for (size_t i = 0; i < names->n && !r->failed; i++) {
        const struct json *name = names->elems[i];

        r->failed = name->type != JSON_STRING
                    || shash_find(&request->wanted, json_string(name))
                    || !sset_add(&request->keep, json_string(name));
    }
}

struct gateway_request *
gateway_request_from_json(const struct json *json)
{
    struct reader r = reader_init(json);
    struct gateway_request *request = xzalloc(sizeof *request);
    const struct json_array *array;

    shash_init(&request->wanted);
    sset_init(&request->keep);
    request->id = get_integer(&r, "id", 0, INT64_MAX);
    request->mode = get_integer(&r, "mode", GATEWAY_APPLY, GATEWAY_DRY_RUN);
    array = get_array(&r, "wanted");
    for (size_t i = 0; i < array->n && !r.failed; i++) {
        struct gateway_wanted *w = gateway_wanted_from_json(array->elems[i]);

        if (!w || !shash_add_once(&request->wanted, w->ee, w)) {
            gateway_wanted_destroy(w);
            r.failed = true;
        }
    }
    read_keep(&r, request);
    if (r.failed) {
        gateway_request_destroy(request);
        return NULL;
    }
    return request;
}

void
gateway_request_destroy(struct gateway_request *request)
{
    if (request) {
        gateway_wanted_destroy_all(&request->wanted);
        sset_destroy(&request->keep);
        free(request);
    }
}

/* --- Reports ---------------------------------------------------------------*/

struct json *
gateway_status_to_json(const struct gateway_status *s)
{
    struct json *json = json_object_create();
    struct json *counters = json_object_create();
    struct shash_node *node;

    SHASH_FOR_EACH (node, &s->counters) {
        const struct gateway_counter *c = node->data;

        json_object_put(counters, node->name,
                        json_array_create_2(json_integer_create(c->packets),
                                            json_integer_create(c->bytes)));
    }
    put_string(json, "ee", s->ee);
    put_string(json, "nic", s->nic);
    put_string(json, "netns", s->netns);
    put_string(json, "host_if", s->host_if);
    put_bool(json, "ready", s->ready);
    put_string(json, "error", s->error);
    json_object_put(json, "actions", strings_to_json(s->actions,
                                                     s->n_actions));
    put_bool(json, "drift", s->drift);
    json_object_put(json, "counters", counters);
    return json;
}

static void
read_counters(struct reader *r, struct shash *counters)
{
    const struct json *json = get(r, "counters", JSON_OBJECT, false);
    struct shash_node *node;

    if (!json) {
        return;
    }
    SHASH_FOR_EACH (node, json_object(json)) {
        const struct json *value = node->data;
        struct gateway_counter *c;

        if (value->type != JSON_ARRAY || json_array(value)->n != 2
            || json_array(value)->elems[0]->type != JSON_INTEGER
            || json_array(value)->elems[1]->type != JSON_INTEGER) {
            r->failed = true;
            return;
        }
        c = xmalloc(sizeof *c);
        c->packets = json_integer(json_array(value)->elems[0]);
        c->bytes = json_integer(json_array(value)->elems[1]);
        shash_add(counters, node->name, c);
    }
}

struct gateway_status *
gateway_status_from_json(const struct json *json)
{
    struct reader r = reader_init(json);
    struct gateway_status *s = xzalloc(sizeof *s);

    shash_init(&s->counters);
    s->ee = get_string(&r, "ee", false);
    s->nic = get_string(&r, "nic", false);
    s->netns = get_string(&r, "netns", true);
    s->host_if = get_string(&r, "host_if", true);
    s->ready = get_bool(&r, "ready");
    s->error = get_string(&r, "error", true);
    s->actions = get_strings(&r, "actions", &s->n_actions);
    s->drift = get_bool(&r, "drift");
    read_counters(&r, &s->counters);
    if (r.failed) {
        gateway_status_destroy(s);
        return NULL;
    }
    return s;
}

struct gateway_status *
gateway_status_clone_state(const struct gateway_status *s)
{
    struct gateway_status *copy = xzalloc(sizeof *copy);

    shash_init(&copy->counters);
    copy->ee = xstrdup(s->ee);
    copy->nic = xstrdup(s->nic);
    copy->netns = nullable_xstrdup(s->netns);
    copy->host_if = nullable_xstrdup(s->host_if);
    copy->ready = s->ready;
    copy->error = nullable_xstrdup(s->error);
    return copy;
}

static void
strings_free(char **strings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(strings[i]);
    }
    free(strings);
}

void
gateway_status_destroy(struct gateway_status *s)
{
    if (s) {
        free(s->ee);
        free(s->nic);
        free(s->netns);
        free(s->host_if);
        free(s->error);
        strings_free(s->actions, s->n_actions);
        shash_destroy_free_data(&s->counters);
        free(s);
    }
}

struct json *
gateway_report_to_json(const struct gateway_report *report)
{
    struct json *json = json_object_create();
    struct json *gateways = json_array_create_empty();
    const struct shash_node **nodes = shash_sort(&report->gateways);

    for (size_t i = 0; i < shash_count(&report->gateways); i++) {
        json_array_add(gateways, gateway_status_to_json(nodes[i]->data));
    }
    free(nodes);
    json_object_put(json, "id", json_integer_create(report->id));
    put_bool(json, "ready", report->ready);
    put_string(json, "error", report->error);
    json_object_put(json, "gateways", gateways);
    json_object_put(json, "removed", strings_to_json(report->removed,
                                                     report->n_removed));
    return json;
}

struct gateway_report *
gateway_report_from_json(const struct json *json)
{
    struct reader r = reader_init(json);
    struct gateway_report *report = xzalloc(sizeof *report);
    const struct json_array *array;

    shash_init(&report->gateways);
    report->id = get_integer(&r, "id", 0, INT64_MAX);
    report->ready = get_bool(&r, "ready");
    report->error = get_string(&r, "error", true);
    report->removed = get_strings(&r, "removed", &report->n_removed);
    array = get_array(&r, "gateways");
    for (size_t i = 0; i < array->n && !r.failed; i++) {
        struct gateway_status *s = gateway_status_from_json(array->elems[i]);

        if (!s || !shash_add_once(&report->gateways, s->ee, s)) {
            gateway_status_destroy(s);
            r.failed = true;
        }
    }
    if (r.failed) {
        gateway_report_destroy(report);
        return NULL;
    }
    return report;
}

void
gateway_report_destroy(struct gateway_report *report)
{
    struct shash_node *node;

    if (!report) {
        return;
    }
    free(report->error);
    SHASH_FOR_EACH (node, &report->gateways) {
        gateway_status_destroy(node->data);
    }
    shash_destroy(&report->gateways);
    strings_free(report->removed, report->n_removed);
    free(report);
}
