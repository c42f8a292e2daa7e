/* SPDX-License-Identifier: Apache-2.0
 *
 * All objects have all of their members at all times, so that one that is
 * missing is seen as well as one that is not known. */

#include <config.h>
#include "lib/model-file.h"

#include <stdlib.h>
#include <string.h>
#include "lib/model.h"
#include "lib/model-text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "sha1.h"
#include "util.h"

/* Of the format.  To be changed with any change of what is written. */
#define FORMAT 1

/* --- Writing --------------------------------------------------------------
 *
 * In the order of names, so that equal models look the same; and as text, not
 * by way of a tree, which would take several times as long. */

/* What is inside of brackets is divided by commas. */
static void
put_comma(struct ds *s)
{
    char last = s->length ? s->string[s->length - 1] : '[';

    if (last != '[' && last != '{' && last != ':') {
        ds_put_char(s, ',');
    }
}

static void
put_string(struct ds *s, const char *value)
{
    put_comma(s);
    json_string_escape(value, s);
}

static void
put_nocopy(struct ds *s, char *value)
{
    put_string(s, value);
    free(value);
}

static void
put_ip(struct ds *s, const struct in6_addr *ip)
{
    char value[INET6_ADDRSTRLEN];

    ipv6_string_mapped(value, ip);
    put_string(s, value);
}

static void
put_key(struct ds *s, const char *key)
{
    put_string(s, key);
    ds_put_char(s, ':');
}

static void
open_bracket(struct ds *s, char bracket)
{
    put_comma(s);
    ds_put_char(s, bracket);
}

static void
open_member(struct ds *s, const char *key, char bracket)
{
    put_key(s, key);
    ds_put_char(s, bracket);
}

static void
put_text(struct ds *s, const char *key, const char *value)
{
    put_key(s, key);
    if (value) {
        json_string_escape(value, s);
    } else {
        ds_put_cstr(s, "null");
    }
}

static void
put_integer(struct ds *s, const char *key, uint32_t value)
{
    put_key(s, key);
    ds_put_format(s, "%"PRIu32, value);
}

static void
put_boolean(struct ds *s, const char *key, bool value)
{
    put_key(s, key);
    ds_put_cstr(s, value ? "true" : "false");
}

static void
put_mac(struct ds *s, const char *key, struct eth_addr mac)
{
    put_key(s, key);
    ds_put_format(s, "\""ETH_ADDR_FMT"\"", ETH_ADDR_ARGS(mac));
}

static void
put_set(struct ds *s, const char *key, const struct sset *set)
{
    const char **words = sset_sort(set);

    open_member(s, key, '[');
    for (size_t i = 0; words[i]; i++) {
        put_string(s, words[i]);
    }
    ds_put_char(s, ']');
    free(words);
}

/* Calls 'put' for each of 'objects', sorted by name. */
static void
put_each(struct ds *s, const struct shash *objects,
         void (*put)(struct ds *, const void *))
{
    const struct shash_node **nodes = shash_sort(objects);

    for (size_t i = 0; i < shash_count(objects); i++) {
        put(s, nodes[i]->data);
    }
    free(nodes);
}

static void
put_label(struct ds *s, const void *label_)
{
    const struct model_label *label = label_;

    put_set(s, label->name, &label->types);
}

static void
put_conflict(struct ds *s, const void *conflict_)
{
    const struct model_conflict *conflict = conflict_;

    put_set(s, conflict->name, &conflict->types);
}

static void
put_host(struct ds *s, const void *host_)
{
    const struct model_host *host = host_;

    open_bracket(s, '{');
    put_text(s, "name", host->name);
    put_text(s, "label", host->label->name);
    put_text(s, "address", host->address);
    put_text(s, "switch", host->switch_name);
    put_text(s, "port", host->switch_port);
    put_boolean(s, "revoked", host->revoked);
    ds_put_char(s, '}');
}

static void
put_role(struct ds *s, const void *role_)
{
    const struct model_role *role = role_;

    open_bracket(s, '{');
    put_text(s, "name", role->name);
    put_integer(s, "id", role->id);
    put_integer(s, "provides", role->provides);
    ds_put_char(s, '}');
}

static void
put_settings(struct ds *s, const struct smap *settings)
{
    const struct smap_node **nodes = smap_sort(settings);

    open_member(s, "settings", '{');
    for (size_t i = 0; i < smap_count(settings); i++) {
        put_text(s, nodes[i]->key, nodes[i]->value);
    }
    ds_put_char(s, '}');
    free(nodes);
}

static void
put_tvd(struct ds *s, const void *tvd_)
{
    const struct model_tvd *tvd = tvd_;

    open_bracket(s, '{');
    put_text(s, "name", tvd->name);
    put_integer(s, "id", tvd->id);
    put_text(s, "label", tvd->label->name);
    open_member(s, "subnets", '[');
    for (size_t i = 0; i < tvd->n_subnets; i++) {
        put_nocopy(s, model_text_format_subnet(&tvd->subnets[i]));
    }
    ds_put_char(s, ']');
    put_integer(s, "vlan", tvd->vlan);
    put_boolean(s, "vlan_declared", tvd->vlan_declared);
    put_integer(s, "vni", tvd->vni);
    put_boolean(s, "vni_declared", tvd->vni_declared);
    put_boolean(s, "ipsec", tvd->channel == MODEL_CHANNEL_IPSEC);
    put_mac(s, "router_mac", tvd->router_mac);
    put_settings(s, &tvd->settings);
    open_member(s, "roles", '[');
    put_each(s, &tvd->roles, put_role);
    ds_put_cstr(s, "]}");
}

static void
put_rule(struct ds *s, const void *rule_)
{
    const struct model_rule *rule = rule_;

    open_bracket(s, '{');
    put_text(s, "from_tvd", rule->from->tvd->name);
    put_text(s, "from_role", rule->from->name);
    put_text(s, "to_tvd", rule->to->name);
    put_integer(s, "id", rule->id);
    put_text(s, "action", model_action_to_string(rule->action));
    open_member(s, "peer_roles", '[');
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        put_string(s, rule->peer_roles[i]->name);
    }
    ds_put_char(s, ']');
    put_set(s, "peer_ees", &rule->peer_ees);
    open_member(s, "services", '[');
    for (size_t i = 0; i < rule->n_services; i++) {
        put_nocopy(s, model_service_format(&rule->services[i]));
    }
    ds_put_cstr(s, "]}");
}

static void
put_rules_of_role(struct ds *s, const void *role_)
{
    const struct model_role *role = role_;

    put_each(s, &role->rules, put_rule);
}

static void
put_rules_of_tvd(struct ds *s, const void *tvd_)
{
    const struct model_tvd *tvd = tvd_;

    put_each(s, &tvd->roles, put_rules_of_role);
}

static void
put_nic(struct ds *s, const struct model_nic *nic)
{
    open_bracket(s, '{');
    put_text(s, "name", nic->name);
    put_integer(s, "id", nic->id);
    put_text(s, "tvd", nic->tvd->name);
    put_text(s, "role", nic->role->name);
    put_mac(s, "mac", nic->mac);
    put_boolean(s, "mac_declared", nic->mac_declared);
    open_member(s, "ips", '[');
    for (size_t i = 0; i < nic->n_ips; i++) {
        put_ip(s, &nic->ips[i]);
    }
    ds_put_char(s, ']');
    put_boolean(s, "ips_declared", nic->ips_declared);
    put_text(s, "host", nic->host);
    ds_put_char(s, '}');
}

static void
put_ee(struct ds *s, const void *ee_)
{
    const struct model_ee *ee = ee_;

    open_bracket(s, '{');
    put_text(s, "name", ee->name);
    put_text(s, "label", ee->label->name);
    put_boolean(s, "namespace", ee->kind == MODEL_EE_NAMESPACE);
    put_integer(s, "origin", ee->origin);
    put_boolean(s, "managed", ee->managed);
    put_text(s, "host", ee->host);
    put_text(s, "next_host", ee->next_host);
    open_member(s, "nics", '[');
    for (size_t i = 0; i < ee->n_nics; i++) {
        put_nic(s, ee->nics[i]);
    }
    ds_put_cstr(s, "]}");
}

void
model_file_put(const struct model *m, struct ds *s)
{
    open_bracket(s, '{');
    open_member(s, "labels", '{');
    put_each(s, &m->labels, put_label);
    ds_put_char(s, '}');
    open_member(s, "conflicts", '{');
    put_each(s, &m->conflicts, put_conflict);
    ds_put_char(s, '}');
    open_member(s, "hosts", '[');
    put_each(s, &m->hosts, put_host);
    ds_put_char(s, ']');
    open_member(s, "tvds", '[');
    put_each(s, &m->tvds, put_tvd);
    ds_put_char(s, ']');
    open_member(s, "rules", '[');
    put_each(s, &m->tvds, put_rules_of_tvd);
    ds_put_char(s, ']');
    open_member(s, "ees", '[');
    put_each(s, &m->ees, put_ee);
    ds_put_cstr(s, "]}");
}

/* --- Reading --------------------------------------------------------------*/

struct reader {
    struct model *m;
    struct sset taken;          /* What only one object may have. */
    char *error;                /* The first; NULL: none. */
};

static void OVS_PRINTF_FORMAT(2, 3)
fail(struct reader *r, const char *format, ...)
{
    if (!r->error) {
        va_list args;

        va_start(args, format);
        r->error = xvasprintf(format, args);
        va_end(args);
    }
}

/* Takes a value that must be unique. */
static void OVS_PRINTF_FORMAT(2, 3)
take(struct reader *r, const char *format, ...)
{
    va_list args;
    char *value;

    va_start(args, format);
    value = xvasprintf(format, args);
    va_end(args);
    if (!sset_add(&r->taken, value)) {
        fail(r, "%s is there twice", value);
    }
    free(value);
}

/* Fails unless 'json' is an object with 'n' members.  With each of them read by
 * name there is no other. */
static void
check_object(struct reader *r, const struct json *json, size_t n)
{
    if (json->type != JSON_OBJECT || shash_count(json->object) != n) {
        fail(r, "an object has not the members that it must have");
    }
}

static const struct json *
member(struct reader *r, const struct json *object, const char *name,
       enum json_type type)
{
    const struct json *json = (object->type == JSON_OBJECT
                               ? shash_find_data(object->object, name) : NULL);

    if (!json || json->type != type) {
        fail(r, "\"%s\" is missing or of a wrong type", name);
        return NULL;
    }
    return json;
}

/* These return something harmless when they have failed. */

static const char *
get_string(struct reader *r, const struct json *object, const char *name)
{
    const struct json *json = member(r, object, name, JSON_STRING);

    return json ? json_string(json) : "";
}

static const char *
get_optional(struct reader *r, const struct json *object, const char *name)
{
    const struct json *json = (object->type == JSON_OBJECT
                               ? shash_find_data(object->object, name) : NULL);

    return (json && json->type == JSON_NULL ? NULL
            : get_string(r, object, name));
}

static bool
get_boolean(struct reader *r, const struct json *object, const char *name)
{
    const struct json *json = (object->type == JSON_OBJECT
                               ? shash_find_data(object->object, name) : NULL);

    if (json && (json->type == JSON_TRUE || json->type == JSON_FALSE)) {
        return json->type == JSON_TRUE;
    }
    fail(r, "\"%s\" is missing or of a wrong type", name);
    return false;
}

static uint32_t
get_integer(struct reader *r, const struct json *object, const char *name,
            int64_t min, int64_t max)
{
    const struct json *json = member(r, object, name, JSON_INTEGER);

    if (json && (json_integer(json) < min || json_integer(json) > max)) {
        fail(r, "\"%s\" is out of range", name);
        return 0;
    }
    return json ? json_integer(json) : 0;
}

static const struct json_array *
get_array(struct reader *r, const struct json *object, const char *name)
{
    static const struct json_array none = { .n = 0 };
    const struct json *json = member(r, object, name, JSON_ARRAY);

    return json ? &json->array : &none;
}

static const struct shash *
get_object(struct reader *r, const struct json *object, const char *name)
{
    static const struct shash none = SHASH_INITIALIZER(&none);
    const struct json *json = member(r, object, name, JSON_OBJECT);

    return json ? json->object : &none;
}

static const char *
element(struct reader *r, const struct json_array *array, size_t i)
{
    if (array->elems[i]->type != JSON_STRING) {
        fail(r, "an element of a list is no string");
        return "";
    }
    return json_string(array->elems[i]);
}

static void
read_set(struct reader *r, const struct json_array *array, struct sset *set)
{
    for (size_t i = 0; i < array->n; i++) {
        if (!sset_add(set, element(r, array, i))) {
            fail(r, "an element of a set is there twice");
        }
    }
}

static struct eth_addr
get_mac(struct reader *r, const struct json *object, const char *name)
{
    struct eth_addr mac = eth_addr_zero;

    if (!model_text_parse_mac(get_string(r, object, name), &mac)) {
        fail(r, "\"%s\" is not a MAC", name);
    }
    take(r, "MAC "ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
    return mac;
}

static void
take_ip(struct reader *r, const struct in6_addr *ip)
{
    char s[INET6_ADDRSTRLEN];

    ipv6_string_mapped(s, ip);
    take(r, "address %s", s);
}

/* Returns false, having failed, if there can be no object of this name. */
static bool
is_new(struct reader *r, const struct shash *siblings, const char *name)
{
    if (!model_text_is_name(name) || shash_find(siblings, name)) {
        fail(r, "\"%.80s\" is not a name, or there twice", name);
    }
    return !r->error;
}

static struct model_label *
get_label(struct reader *r, const struct json *object)
{
    const char *name = get_string(r, object, "label");
    struct model_label *label = model_label_find(r->m, name);

    if (!label) {
        fail(r, "there is no label \"%.80s\"", name);
    }
    return label;
}

static void
read_labels(struct reader *r, const struct json *top)
{
    const struct shash *labels = get_object(r, top, "labels");
    const struct shash *conflicts = get_object(r, top, "conflicts");
    const struct json *object = shash_find_data(top->object, "labels");
    const struct shash_node *node;

    SHASH_FOR_EACH (node, labels) {
        if (is_new(r, &r->m->labels, node->name)) {
            read_set(r, get_array(r, object, node->name),
                     &model_label_add(r->m, node->name)->types);
        }
    }
    object = shash_find_data(top->object, "conflicts");
    SHASH_FOR_EACH (node, conflicts) {
        if (is_new(r, &r->m->conflicts, node->name)) {
            read_set(r, get_array(r, object, node->name),
                     &model_conflict_add(r->m, node->name)->types);
        }
    }
}

static void
read_host(struct reader *r, const struct json *json)
{
    const char *name = get_string(r, json, "name");
    struct model_label *label = get_label(r, json);

    check_object(r, json, 6);
    if (is_new(r, &r->m->hosts, name)) {
        struct model_host *host = model_host_add(r->m, name);

        host->label = label;
        host->address = nullable_xstrdup(get_optional(r, json, "address"));
        host->switch_name = nullable_xstrdup(get_optional(r, json, "switch"));
        host->switch_port = nullable_xstrdup(get_optional(r, json, "port"));
        host->revoked = get_boolean(r, json, "revoked");
    }
}

static void
read_role(struct reader *r, struct model_tvd *tvd, const struct json *json)
{
    const char *name = get_string(r, json, "name");
    uint32_t id = get_integer(r, json, "id", 1, 65535);

    check_object(r, json, 3);
    take(r, "role %"PRIu32, id);
    if (is_new(r, &tvd->roles, name)) {
        struct model_role *role = model_role_add(tvd, name);

        role->id = id;
        role->provides = get_integer(r, json, "provides", 0,
                                     MODEL_PROVIDES_DHCP | MODEL_PROVIDES_RA);
    }
}

static void
read_subnets(struct reader *r, struct model_tvd *tvd, const struct json *json)
{
    const struct json_array *subnets = get_array(r, json, "subnets");
    struct model_subnet subnet;

    for (size_t i = 0; i < subnets->n && !r->error; i++) {
        if (!model_text_parse_subnet(element(r, subnets, i), &subnet)) {
            fail(r, "a subnet of TVD \"%s\" is not one", tvd->name);
            return;
        }
        take_ip(r, &subnet.router);
        model_subnet_add(tvd, &subnet);
    }
}

static void
read_settings(struct reader *r, struct model_tvd *tvd, const struct json *json)
{
    const struct shash *settings = get_object(r, json, "settings");
    const struct shash_node *node;

    SHASH_FOR_EACH (node, settings) {
        const struct json *value = node->data;

        if (value->type != JSON_STRING) {
            fail(r, "a setting of TVD \"%s\" is no string", tvd->name);
            return;
        }
        smap_add(&tvd->settings, node->name, json_string(value));
    }
}

/* Numbers that are unique once they are allocated. */
static uint32_t
get_number(struct reader *r, const struct json *json, const char *name,
           uint32_t max)
{
    uint32_t number = get_integer(r, json, name, 0, max);

    if (number) {
        take(r, "%s %"PRIu32, name, number);
    }
    return number;
}

static void
read_tvd(struct reader *r, const struct json *json)
{
    const char *name = get_string(r, json, "name");
    const struct json_array *roles = get_array(r, json, "roles");
    struct model_label *label = get_label(r, json);

    check_object(r, json, 12);
    if (!is_new(r, &r->m->tvds, name)) {
        return;
    }

    struct model_tvd *tvd = model_tvd_add(r->m, name);

    tvd->id = get_integer(r, json, "id", 1, 32767);
    take(r, "TVD %"PRIu32, tvd->id);
    tvd->label = label;
    tvd->vlan = get_number(r, json, "vlan", 4094);
    tvd->vlan_declared = get_boolean(r, json, "vlan_declared");
    tvd->vni = get_number(r, json, "vni", 0xffffff);
    tvd->vni_declared = get_boolean(r, json, "vni_declared");
    tvd->channel = (get_boolean(r, json, "ipsec") ? MODEL_CHANNEL_IPSEC
                    : MODEL_CHANNEL_VLAN);
    tvd->router_mac = get_mac(r, json, "router_mac");
    read_subnets(r, tvd, json);
    read_settings(r, tvd, json);
    for (size_t i = 0; i < roles->n && !r->error; i++) {
        read_role(r, tvd, roles->elems[i]);
    }
}

static struct model_role *
get_role(struct reader *r, const struct json *json, const char *tvd_name,
         const char *role_name)
{
    const struct model_tvd *tvd = model_tvd_find(r->m, tvd_name);
    struct model_role *role = tvd ? model_role_find(tvd, role_name) : NULL;

    if (!role) {
        fail(r, "there is no role \"%.80s/%.80s\"", tvd_name, role_name);
    }
    return role;
}

static void
read_peer_roles(struct reader *r, struct model_rule *rule,
                const struct json *json)
{
    const struct json_array *peers = get_array(r, json, "peer_roles");

    for (size_t i = 0; i < peers->n; i++) {
        struct model_role *peer = model_role_find(rule->to,
                                                  element(r, peers, i));

        if (!peer) {
            fail(r, "a rule names a role that is not there");
            return;
        }
        model_rule_add_peer_role(rule, peer);
    }
}

static void
read_services(struct reader *r, struct model_rule *rule,
              const struct json *json)
{
    const struct json_array *services = get_array(r, json, "services");
    struct model_service service;

    for (size_t i = 0; i < services->n; i++) {
        if (!model_text_parse_service(element(r, services, i), &service)) {
            fail(r, "a service of a rule is not one");
            return;
        }
        model_rule_add_service(rule, &service);
    }
}

static void
read_rule(struct reader *r, const struct json *json)
{
    enum model_action action = MODEL_NONE;
    struct model_role *from;
    struct model_tvd *to;

    check_object(r, json, 8);
    if (!model_text_parse_action(get_string(r, json, "action"), &action)) {
        fail(r, "an action is not known");
        return;
    }
    from = get_role(r, json, get_string(r, json, "from_tvd"),
                    get_string(r, json, "from_role"));
    to = model_tvd_find(r->m, get_string(r, json, "to_tvd"));
    if (!from || !to || model_rule_find(from, to)) {
        fail(r, "a rule leads nowhere, or is there twice");
        return;
    }

    struct model_rule *rule = model_rule_add(from, to, action);

    rule->id = get_integer(r, json, "id", action != MODEL_NONE, INT32_MAX);
    if (rule->id) {
        take(r, "rule %"PRIu32, rule->id);
    }
    read_peer_roles(r, rule, json);
    read_set(r, get_array(r, json, "peer_ees"), &rule->peer_ees);
    read_services(r, rule, json);
}

static void
read_ips(struct reader *r, struct model_nic *nic, const struct json *json)
{
    const struct json_array *ips = get_array(r, json, "ips");

    for (size_t i = 0; i < ips->n && !r->error; i++) {
        struct in6_addr ip;

        if (!model_text_parse_ip(element(r, ips, i), &ip)
            || !model_tvd_subnet_of(nic->tvd, &ip)) {
            fail(r, "an address of NIC %s/%s is not one of its TVD",
                 nic->ee->name, nic->name);
            return;
        }
        take_ip(r, &ip);
        model_nic_add_ip(nic, &ip);
    }
}

static void
read_nic(struct reader *r, struct model_ee *ee, const struct json *json)
{
    const char *name = get_string(r, json, "name");
    struct model_role *role = get_role(r, json, get_string(r, json, "tvd"),
                                       get_string(r, json, "role"));
    uint32_t id = get_integer(r, json, "id", 1, 0xffffff);
    struct eth_addr mac = get_mac(r, json, "mac");

    check_object(r, json, 9);
    if (!model_text_is_nic_name(name) || model_nic_find(ee, name)) {
        fail(r, "\"%.80s\" is not the name of a NIC, or there twice", name);
    }
    take(r, "NIC %"PRIu32, id);
    if (r->error) {
        return;
    }

    struct model_nic *nic = model_nic_add(ee, name);

    nic->role = role;
    nic->tvd = role->tvd;
    model_nic_set_id(r->m, nic, id);
    model_nic_set_mac(r->m, nic, mac);
    nic->mac_declared = get_boolean(r, json, "mac_declared");
    nic->ips_declared = get_boolean(r, json, "ips_declared");
    nic->host = nullable_xstrdup(get_optional(r, json, "host"));
    read_ips(r, nic, json);
}

static void
read_ee(struct reader *r, const struct json *json)
{
    const char *name = get_string(r, json, "name");
    const struct json_array *nics = get_array(r, json, "nics");
    struct model_label *label = get_label(r, json);

    check_object(r, json, 8);
    if (!is_new(r, &r->m->ees, name)) {
        return;
    }

    struct model_ee *ee = model_ee_add(r->m, name);

    ee->label = label;
    ee->kind = (get_boolean(r, json, "namespace") ? MODEL_EE_NAMESPACE
                : MODEL_EE_VM);
    ee->origin = get_integer(r, json, "origin", MODEL_FROM_POLICY,
                             MODEL_FROM_SYSTEM);
    ee->managed = get_boolean(r, json, "managed");
    ee->host = nullable_xstrdup(get_optional(r, json, "host"));
    ee->next_host = nullable_xstrdup(get_optional(r, json, "next_host"));
    for (size_t i = 0; i < nics->n && !r->error; i++) {
        read_nic(r, ee, nics->elems[i]);
    }
}

static void
read_each(struct reader *r, const struct json *top, const char *name,
          void (*read)(struct reader *, const struct json *))
{
    const struct json_array *array = get_array(r, top, name);

    for (size_t i = 0; i < array->n && !r->error; i++) {
        read(r, array->elems[i]);
    }
}

struct model *
model_file_get(const struct json *json, char **error)
{
    struct reader r = {
        .m = model_create(),
        .taken = SSET_INITIALIZER(&r.taken),
    };

    check_object(&r, json, 6);
    if (!r.error) {
        read_labels(&r, json);
        read_each(&r, json, "hosts", read_host);
        read_each(&r, json, "tvds", read_tvd);
        read_each(&r, json, "rules", read_rule);
        read_each(&r, json, "ees", read_ee);
    }
    sset_destroy(&r.taken);
    *error = r.error;
    if (r.error) {
        model_destroy(r.m);
        return NULL;
    }
    return r.m;
}

/* --- The text of a file ---------------------------------------------------*/

static char *
first_line(const char *kind, const char *text)
{
    uint8_t digest[SHA1_DIGEST_SIZE];
    char hex[SHA1_HEX_DIGEST_LEN + 1];

    sha1_bytes(text, strlen(text), digest);
    sha1_to_hex(digest, hex);
    return xasprintf("%s %d %s\n", kind, FORMAT, hex);
}

char *
model_file_format(const char *kind, const char *contents)
{
    char *first = first_line(kind, contents);
    char *file = xasprintf("%s%s", first, contents);

    free(first);
    return file;
}

struct json *
model_file_parse(const char *kind, const char *text, char **error)
{
    const char *end = strchr(text, '\n');
    char *first = end ? first_line(kind, end + 1) : NULL;
    struct json *json = NULL;

    *error = NULL;
    if (!end || strncmp(text, first, end + 1 - text)) {
        *error = xstrdup("it is damaged, or of another version");
    } else {
        json = json_from_string(end + 1);
        if (json->type != JSON_OBJECT) {
            *error = xstrdup("it holds no object");
            json_destroy(json);
            json = NULL;
        }
    }
    free(first);
    return json;
}
