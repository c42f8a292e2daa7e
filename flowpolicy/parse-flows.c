/* SPDX-License-Identifier: Apache-2.0
 *
 * The section "flows": the flow matrix (TVD report, Table 3).  It is read
 * after TVDs and EEs, so that peers can be looked up. */

#include <config.h>
#include "flowpolicy/parse.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/service.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

static const char *const actions[] = { "none", "unrestricted", "P", "G" };
BUILD_ASSERT_DECL(MODEL_NONE == 0 && MODEL_UNRESTRICTED == 1
                  && MODEL_P == 2 && MODEL_G == 3);

/* An entry while it is read. */
struct entry_reader {
    struct model_role *from;
    struct model_tvd *to;
    bool has_action;
    enum model_action action;
    const struct node *at;      /* Where the entry begins. */
    const struct node *peers;
    const struct node *services;
};

static void
entry_rule(struct parser *p, const struct node *value, void *r_)
{
    struct entry_reader *r = r_;
    size_t i;

    if (parse_word(p, value, "rule", actions, ARRAY_SIZE(actions), &i)) {
        r->has_action = true;
        r->action = i;
    }
}

static void
entry_peers(struct parser *p, const struct node *value, void *r_)
{
    if (parse_is_list(p, value, "peers",
                      "a list of TVD/ROLE or EE names, as in [red/gateway]")
        && parse_max_items(p, value, "peers", POLICY_MAX_PEERS)) {
        ((struct entry_reader *) r_)->peers = value;
    }
}

static void
entry_services(struct parser *p, const struct node *value, void *r_)
{
    if (parse_is_list(p, value, "services",
                      "a list, as in [icmp, tcp/22, udp/8000-8010]")
        && parse_max_items(p, value, "services", POLICY_MAX_SERVICES)) {
        ((struct entry_reader *) r_)->services = value;
    }
}

/* --- Services ------------------------------------------------------------- */

static void
add_service(struct model_rule *rule, const struct model_service *service)
{
    for (size_t i = 0; i < rule->n_services; i++) {
        if (model_service_equal(&rule->services[i], service)) {
            return;             /* "domain" and "udp/53", for example. */
        }
    }
    model_rule_add_service(rule, service);
}

static void
parse_services(struct parser *p, const struct node *list,
               struct model_rule *rule)
{
    if (!list->first) {
        parse_error(p, list, "services is empty; leave it out if all services "
                    "are meant, and write none if no service is");
    }
    for (const struct node *item = list->first; item; item = item->next) {
        struct model_service services[SERVICE_PARSE_MAX];
        size_t n;

        /* A bare protocol may be given as a number. */
        bool is_number = (item->kind == NODE_SCALAR
                          && node_type(item) == NODE_INT);
        if (!is_number && !parse_string(p, item, "service")) {
            continue;
        }

        char *error = service_parse(item->text, services, &n);
        if (error) {
            parse_error(p, item, "%s", error);
            free(error);
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            add_service(rule, &services[i]);
        }
    }
}

/* --- Peers ---------------------------------------------------------------- */

static void
add_peer_role(struct parser *p, const struct node *item,
              struct model_rule *rule)
{
    const char *slash = strchr(item->text, '/');
    char *tvd_name = xmemdup0(item->text, slash - item->text);
    struct model_tvd *to = rule->to;
    struct model_tvd *tvd = parse_ref_name(p, item, tvd_name, "TVD", "TVDs",
                                           &p->m->tvds, false);

    free(tvd_name);
    if (!tvd) {
        return;
    }
    if (tvd != to) {
        parse_error(p, item, "peer '%s' is not in TVD '%s', to which this "
                    "entry is", item->text, to->name);
        return;
    }

    struct model_role *role = parse_role_ref(p, item, slash + 1, tvd);
    if (!role) {
        return;
    }
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        if (rule->peer_roles[i] == role) {
            parse_error(p, item, "peer '%s' is here twice", item->text);
            return;
        }
    }
    model_rule_add_peer_role(rule, role);
}

static bool
ee_is_in(const struct model_ee *ee, const struct model_tvd *tvd)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        if (ee->nics[i]->tvd == tvd) {
            return true;
        }
    }
    return false;
}

static void
add_peer_ee(struct parser *p, const struct node *item, struct model_rule *rule)
{
    struct model_ee *ee = model_ee_find(p->m, item->text);

    if (!ee && model_role_find(rule->to, item->text)) {
        parse_error(p, item, "unknown EE '%s'; a role is written with its "
                    "TVD, did you mean '%s/%s'?", item->text,
                    rule->to->name, item->text);
        return;
    }
    ee = parse_ref_name(p, item, item->text, "EE", "EEs", &p->m->ees,
                        p->broken & BROKEN_EES);
    if (!ee) {
        return;
    }
    if (!ee_is_in(ee, rule->to) && !parse_ee_is_broken(p, ee)) {
        parse_error(p, item, "peer '%s' has no NIC in TVD '%s', to which this "
                    "entry is", item->text, rule->to->name);
    } else if (!sset_add(&rule->peer_ees, item->text)) {
        parse_error(p, item, "peer '%s' is here twice", item->text);
    }
}

static void
parse_peers(struct parser *p, const struct node *list, struct model_rule *rule)
{
    if (!list->first) {
        parse_error(p, list, "rule P to no one: peers is empty");
    }
    for (const struct node *item = list->first; item; item = item->next) {
        if (!parse_string(p, item, "peer")) {
            continue;
        }
        if (strchr(item->text, '/')) {
            add_peer_role(p, item, rule);
        } else {
            add_peer_ee(p, item, rule);
        }
    }
}

/* --- Entries -------------------------------------------------------------- */

/* Complains if 'tvd' cannot have a gateway. */
static void
need_gateway(struct parser *p, const struct entry_reader *r,
             const struct model_tvd *tvd)
{
    if (!model_role_find(tvd, MODEL_GATEWAY_ROLE)
        && !parse_tvd_info(p, tvd)->roles_broken) {
        parse_error(p, r->at, "rule G needs a gateway on both sides, but TVD "
                    "'%s' has no role '%s'; add it to its roles",
                    tvd->name, MODEL_GATEWAY_ROLE);
    }
}

static void
make_rule(struct parser *p, const struct entry_reader *r)
{
    struct model_rule *rule = model_rule_add(r->from, r->to, r->action);
    const char *action = model_action_to_string(r->action);

    rule->loc = parse_loc(r->at);
    if (r->peers && r->action != MODEL_P) {
        parse_error(p, r->peers, "rule %s takes no peers, only P does",
                    action);
    } else if (r->peers) {
        parse_peers(p, r->peers, rule);
    }
    if (r->services && r->action != MODEL_P && r->action != MODEL_G) {
        parse_error(p, r->services, "rule %s takes no services, only P and G "
                    "do", action);
    } else if (r->services) {
        parse_services(p, r->services, rule);
    }
    if (r->action == MODEL_G) {
        need_gateway(p, r, r->from->tvd);
        if (r->to != r->from->tvd) {
            need_gateway(p, r, r->to);
        }
    }
}

static void
parse_entry(struct parser *p, const struct node *value,
            struct model_role *from, struct model_tvd *to)
{
    static const struct parse_field fields[] = {
        { "rule", entry_rule, true },
        { "peers", entry_peers, false },
        { "services", entry_services, false },
    };
    struct entry_reader r = { .from = from, .to = to, .at = value };

    if (value->kind == NODE_SCALAR && node_type(value) == NODE_STRING) {
        entry_rule(p, value, &r);
    } else if (value->kind == NODE_MAP) {
        parse_map(p, value, value, "the entry", fields, ARRAY_SIZE(fields),
                  &r);
    } else {
        parse_is_map(p, value, "the entry", "none, unrestricted, G, "
                     "{rule: P, peers: [...]} or {rule: G, services: [...]}");
    }
    if (!r.has_action) {
        return;
    }
    if (r.action == MODEL_P && !r.peers
        && (value->kind == NODE_SCALAR || !parse_find_key(value, "peers"))) {
        parse_error(p, value, "rule P to no one: it needs peers, as in "
                    "{rule: P, peers: [%s/ROLE]}", to->name);
    }
    make_rule(p, &r);
}

/* Entries of one role: target TVD -> entry. */
static void
parse_row(struct parser *p, const struct node *value, struct model_role *from)
{
    if (!parse_is_map(p, value, "the row of a role",
                      "a map from TVDs to entries")) {
        return;
    }
    for (const struct node *key = value->first; key; key = key->next) {
        struct model_tvd *to = parse_ref_name(p, key, key->text, "TVD", "TVDs",
                                              &p->m->tvds,
                                              p->broken & BROKEN_TVDS);
        if (to) {
            parse_entry(p, key->value, from, to);
        }
    }
}

/* The part of the matrix of one source TVD: role -> row. */
static void
parse_part(struct parser *p, const struct node *value, struct model_tvd *tvd)
{
    if (!parse_is_map(p, value, "the flows of a TVD",
                      "a map from its roles to entries")) {
        return;
    }
    for (const struct node *key = value->first; key; key = key->next) {
        struct model_role *role = parse_role_ref(p, key, key->text, tvd);

        if (role) {
            parse_row(p, key->value, role);
        }
    }
}

void
parse_flows(struct parser *p, const struct node *section)
{
    for (const struct node *key = section->first; key; key = key->next) {
        struct model_tvd *tvd = parse_ref_name(p, key, key->text, "TVD", "TVDs",
                                               &p->m->tvds,
                                               p->broken & BROKEN_TVDS);
        if (tvd) {
            parse_part(p, key->value, tvd);
        }
    }
}
