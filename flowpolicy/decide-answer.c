/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of "decide" that explains: the answers of "tvdctl can". */

#include <config.h>
#include "flowpolicy/decide.h"

#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "sset.h"
#include "util.h"

static int
compare_services(const void *a, const void *b)
{
    return service_compare(a, b);
}

/* Stores into 'answer' what the rule's services and the one asked for have in
 * common. */
static void
add_common_services(struct decide_answer *answer,
                    const struct model_rule *rule)
{
    struct model_service *s = xcalloc(rule->n_services, sizeof *s);
    size_t n = 0;

    for (size_t i = 0; i < rule->n_services; i++) {
        if (answer->any_service) {
            s[n++] = rule->services[i];
        } else if (service_intersect(&rule->services[i], &answer->asked,
                                     &s[n])) {
            n++;
        }
    }
    qsort(s, n, sizeof *s, compare_services);
    for (size_t i = 0; i < n; i++) {
        if (!i || service_compare(&s[i], &s[answer->n_services - 1])) {
            s[answer->n_services++] = s[i];
        }
    }
    answer->services = s;
}

void
decide_ask(const struct model_nic *src, const struct model_nic *dst,
           const struct model_service *service, struct decide_answer *answer)
{
    *answer = (struct decide_answer) {
        .src = src, .dst = dst, .any_service = !service,
        .asked = service ? *service : (struct model_service) { .proto = 0 },
        .decision = decide_pair(src, dst),
    };

    struct decision *d = &answer->decision;
    const struct model_rule *rule = d->entry.rule;
    bool limited = rule && (rule->action == MODEL_P
                            || rule->action == MODEL_G);
    if (!d->allowed || !limited
        || service_list_covers(rule->services, rule->n_services, service)) {
        answer->allowed = d->allowed;
        return;
    }

    add_common_services(answer, rule);
    answer->partly = answer->n_services > 0;
    d->allowed = false;
    d->why = DECIDE_SERVICE;
    if (!answer->partly) {
        d->n_path = 0;
        memset(d->path, 0, sizeof d->path);
    }
}

void
decide_answer_destroy(struct decide_answer *answer)
{
    if (answer) {
        free(answer->services);
        answer->services = NULL;
        answer->n_services = 0;
    }
}

/* --- Text. */

static void
put_peers(const struct model_rule *rule, const char *extra, struct ds *out)
{
    const char **ees = sset_sort(&rule->peer_ees);
    const char *sep = "";

    ds_put_cstr(out, ", peers: [");
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        const struct model_role *role = rule->peer_roles[i];

        ds_put_format(out, "%s%s/%s", sep, role->tvd->name, role->name);
        sep = ", ";
    }
    for (size_t i = 0; ees[i]; i++) {
        ds_put_format(out, "%s%s", sep, ees[i]);
        sep = ", ";
    }
    if (extra) {
        ds_put_format(out, "%s%s", sep, extra);
    }
    ds_put_char(out, ']');
    free(ees);
}

static void
put_services(const struct model_rule *rule, const char *extra, struct ds *out)
{
    char *list = service_list_format(rule->services, rule->n_services);

    ds_put_format(out, ", services: [%s%s%s]", list, extra ? ", " : "",
                  extra ? extra : "");
    free(list);
}

/* 'rule' as the policy file would say it, with one more peer and one more
 * service if those are nonnull. */
static void
put_rule(const struct model_rule *rule, const char *extra_peer,
         const char *extra_service, struct ds *out)
{
    bool limited = rule->action == MODEL_P || rule->action == MODEL_G;

    if (!limited) {
        ds_put_cstr(out, model_action_to_string(rule->action));
        return;
    }
    ds_put_format(out, "{rule: %s", model_action_to_string(rule->action));
    if (rule->action == MODEL_P) {
        put_peers(rule, extra_peer, out);
    }
    if (rule->n_services) {
        put_services(rule, extra_service, out);
    }
    ds_put_char(out, '}');
}

char *
decide_entry_format(const struct decide_entry *entry)
{
    struct ds out = DS_EMPTY_INITIALIZER;

    if (entry->rule) {
        put_rule(entry->rule, NULL, NULL, &out);
    } else {
        ds_put_cstr(&out, model_action_to_string(entry->action));
    }
    return ds_steal_cstr(&out);
}

static char *
asked_format(const struct decide_answer *answer)
{
    return answer->any_service ? xstrdup("all")
                               : model_service_format(&answer->asked);
}

/* "TVD/role -> TVD". */
static char *
entry_name(const struct decide_answer *answer)
{
    const struct model_role *role = answer->src->role;

    return xasprintf("%s/%s -> %s", role->tvd->name, role->name,
                     answer->dst->tvd->name);
}

static const char *
verdict(const struct decide_answer *answer)
{
    return answer->allowed ? "allowed" : answer->partly ? "partly" : "denied";
}

/* One line that says why, for people; caller frees. */
static char *
why_text(const struct decide_answer *answer)
{
    const struct model_nic *src = answer->src, *dst = answer->dst;
    const struct decision *d = &answer->decision;
    char *name = entry_name(answer);
    char *asked = asked_format(answer);
    char *text = NULL;

    switch (d->why) {
    case DECIDE_ALLOWED:
        text = xasprintf("%s %s allows it", d->entry.rule
                         ? "the entry" : "the default for", name);
        break;
    case DECIDE_SAME_NIC:
        text = xstrdup("source and destination are the same NIC");
        break;
    case DECIDE_DEFAULT_NONE:
        text = xasprintf("there is no entry %s, and between TVDs the default "
                         "is none", name);
        break;
    case DECIDE_RULE_NONE:
        text = xasprintf("the entry %s is none", name);
        break;
    case DECIDE_NOT_A_PEER:
        text = xasprintf("the entry %s allows its peers only, and neither "
                         "role '%s/%s' nor EE '%s' is one", name,
                         dst->tvd->name, dst->role->name, dst->ee->name);
        break;
    case DECIDE_SERVICE:
        text = xasprintf("the entry %s does not allow %s%s", name,
                         answer->any_service ? "every service" : asked,
                         answer->partly && !answer->any_service
                         ? " as a whole" : "");
        break;
    case DECIDE_NO_GATEWAY_SRC:
    case DECIDE_NO_GATEWAY_DST:
        text = xasprintf("the entry %s leads through gateways, and TVD '%s' "
                         "has none", name,
                         d->why == DECIDE_NO_GATEWAY_SRC
                         ? src->tvd->name : dst->tvd->name);
        break;
    case DECIDE_ICMP_TYPE:
        text = xstrdup("an ICMP message of this type opens no connection");
        break;
    }
    free(asked);
    free(name);
    return text;
}

/* A new entry between 'src' and 'dst' that is no wider than what was asked. */
static void
put_new_entry(const struct decide_answer *answer, struct ds *out)
{
    const struct model_nic *src = answer->src, *dst = answer->dst;
    char *service = asked_format(answer);
    char *services = answer->any_service ? xstrdup("")
                     : xasprintf(", services: [%s]", service);

    ds_put_format(out, "{rule: P, peers: [%s/%s]%s}", dst->tvd->name,
                  dst->role->name, services);
    if (src->tvd != dst->tvd && src->tvd->gateway && dst->tvd->gateway) {
        ds_put_format(out, ", or through the gateways {rule: G%s}", services);
    }
    free(services);
    free(service);
}

/* What to write into the policy file to have it allowed; NULL if nothing
 * would do.  Caller frees. */
static char *
would_allow_text(const struct decide_answer *answer)
{
    const struct model_nic *src = answer->src, *dst = answer->dst;
    const struct decision *d = &answer->decision;
    struct ds out = DS_EMPTY_INITIALIZER;
    char *name = entry_name(answer);
    char *peer = xasprintf("%s/%s", dst->tvd->name, dst->role->name);
    char *service = asked_format(answer);

    switch (d->why) {
    case DECIDE_DEFAULT_NONE:
    case DECIDE_RULE_NONE:
        ds_put_format(&out, "%s: ", name);
        put_new_entry(answer, &out);
        break;
    case DECIDE_NOT_A_PEER:
        ds_put_format(&out, "%s: ", name);
        put_rule(d->entry.rule, peer, NULL, &out);
        break;
    case DECIDE_SERVICE:
        if (answer->any_service) {
            ds_put_format(&out, "%s: the same entry without services", name);
        } else {
            ds_put_format(&out, "%s: ", name);
            put_rule(d->entry.rule, NULL, service, &out);
        }
        break;
    case DECIDE_NO_GATEWAY_SRC:
    case DECIDE_NO_GATEWAY_DST:
        ds_put_format(&out, "an EE with the role '%s' in TVD '%s'",
                      MODEL_GATEWAY_ROLE,
                      d->why == DECIDE_NO_GATEWAY_SRC
                      ? src->tvd->name : dst->tvd->name);
        break;
    case DECIDE_ALLOWED:
    case DECIDE_SAME_NIC:
    case DECIDE_ICMP_TYPE:
        break;
    }
    free(service);
    free(peer);
    free(name);
    return out.length ? ds_steal_cstr(&out) : NULL;
}

/* True for a leg that starts at a gateway on the way, which the entry implies
 * without an entry of the gateway's role. */
static bool
leg_is_implied(const struct decide_answer *answer, size_t i)
{
    return answer->decision.path[i] != answer->src;
}

/* --- JSON. */

static struct json *
services_to_json(const struct model_service *s, size_t n)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(array, json_string_create_nocopy(
                                  model_service_format(&s[i])));
    }
    return array;
}

static struct json *
peers_to_json(const struct model_rule *rule)
{
    struct json *array = json_array_create_empty();
    const char **ees = sset_sort(&rule->peer_ees);

    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        const struct model_role *role = rule->peer_roles[i];

        json_array_add(array, json_string_create_nocopy(
            xasprintf("%s/%s", role->tvd->name, role->name)));
    }
    for (size_t i = 0; ees[i]; i++) {
        json_array_add(array, json_string_create(ees[i]));
    }
    free(ees);
    return array;
}

static struct json *
entry_to_json(const struct decide_answer *answer)
{
    const struct decide_entry *entry = &answer->decision.entry;
    const struct model_role *from = answer->src->role;
    const struct model_rule *rule = entry->rule;
    struct json *json = json_object_create();

    json_object_put_format(json, "from", "%s/%s", from->tvd->name, from->name);
    json_object_put_string(json, "to", answer->dst->tvd->name);
    json_object_put_string(json, "rule",
                           model_action_to_string(entry->action));
    json_object_put(json, "default", json_boolean_create(!rule));
    json_object_put(json, "text", json_string_create_nocopy(
                               decide_entry_format(entry)));
    if (!rule) {
        return json;
    }
    if (rule->loc.line) {
        json_object_put(json, "line", json_integer_create(rule->loc.line));
        json_object_put(json, "column", json_integer_create(rule->loc.column));
    }
    if (rule->id) {
        json_object_put(json, "id", json_integer_create(rule->id));
    }
    if (rule->action == MODEL_P) {
        json_object_put(json, "peers", peers_to_json(rule));
    }
    if (rule->n_services
        && (rule->action == MODEL_P || rule->action == MODEL_G)) {
        json_object_put(json, "services",
                        services_to_json(rule->services, rule->n_services));
    }
    return json;
}

static void
put_path(const struct decide_answer *answer, struct json *json)
{
    const struct decision *d = &answer->decision;
    struct json *path = json_array_create_empty();
    struct json *legs = json_array_create_empty();

    for (size_t i = 0; i < d->n_path; i++) {
        json_array_add(path, json_string_create_nocopy(
                                 model_nic_full_name(d->path[i])));
    }
    for (size_t i = 0; i + 1 < d->n_path; i++) {
        struct json *leg = json_object_create();

        json_object_put(leg, "from", json_string_create_nocopy(
                            model_nic_full_name(d->path[i])));
        json_object_put(leg, "to", json_string_create_nocopy(
                            model_nic_full_name(d->path[i + 1])));
        json_object_put(leg, "decided_by",
                        json_string_create_nocopy(entry_name(answer)));
        json_object_put(leg, "implied",
                        json_boolean_create(leg_is_implied(answer, i)));
        json_array_add(legs, leg);
    }
    json_object_put(json, "path", path);
    json_object_put(json, "legs", legs);
}

static struct json *
allowed_services_to_json(const struct decide_answer *answer)
{
    return answer->allowed
           ? json_array_create_1(json_string_create("all"))
           : services_to_json(answer->services, answer->n_services);
}

struct json *
decide_answer_to_json(const struct decide_answer *answer)
{
    const struct decision *d = &answer->decision;
    struct json *json = json_object_create();

    json_object_put(json, "src", json_string_create_nocopy(
                        model_nic_full_name(answer->src)));
    json_object_put(json, "dst", json_string_create_nocopy(
                        model_nic_full_name(answer->dst)));
    json_object_put(json, "service",
                    json_string_create_nocopy(asked_format(answer)));
    json_object_put_string(json, "verdict", verdict(answer));
    json_object_put(json, "allowed", json_boolean_create(answer->allowed));
    json_object_put(json, "allowed_services",
                    allowed_services_to_json(answer));
    json_object_put_string(json, "reason", decide_why_to_string(d->why));
    json_object_put(json, "why", json_string_create_nocopy(why_text(answer)));
    json_object_put(json, "entry", entry_to_json(answer));
    put_path(answer, json);
    json_object_put(json, "stateful", json_boolean_create(d->stateful));

    char *would = answer->allowed ? NULL : would_allow_text(answer);
    if (would) {
        json_object_put(json, "would_allow",
                        json_string_create_nocopy(would));
    }
    return json;
}
