/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows to model.  Everything is checked again, though the controller only
 * writes what it has checked: a database may be damaged, half restored from a
 * backup or tampered with, and what is read here ends up in flows, names of
 * interfaces and rulesets. */

#include <config.h>
#include "lib/tvd-db-provider.h"

#include <stdlib.h>
#include <string.h>
#include "hash.h"
#include "lib/model-text.h"
#include "packets.h"
#include "util.h"

static void OVS_PRINTF_FORMAT(2, 3)
problem(struct tvd_db *db, const char *format, ...)
{
    db->n_problems++;
    if (db->problems.n < TVD_DB_MAX_PROBLEMS) {
        va_list args;

        va_start(args, format);
        svec_add_nocopy(&db->problems, xvasprintf(format, args));
        va_end(args);
    }
}

/* --- Claims: values that only one object may have -------------------------*/

enum claim_kind {
    CLAIM_TVD_ID,
    CLAIM_ROLE_ID,
    CLAIM_RULE_ID,
    CLAIM_VLAN,
    CLAIM_VNI,
    CLAIM_MAC,                  /* NICs' and virtual routers'. */
    CLAIM_IP,                   /* NICs' and virtual routers'. */
};

struct claim {
    struct hmap_node node;      /* In the tvd_db's 'claims'. */
    enum claim_kind kind;
    struct in6_addr value;
};

static struct claim *
claim_find(const struct tvd_db *db, enum claim_kind kind,
           const struct in6_addr *value, uint32_t hash)
{
    struct claim *claim;

    HMAP_FOR_EACH_WITH_HASH (claim, node, hash, &db->claims) {
        if (claim->kind == kind && ipv6_addr_equals(&claim->value, value)) {
            return claim;
        }
    }
    return NULL;
}

/* Returns false if somebody else has it. */
static bool
claim_ip(struct tvd_db *db, enum claim_kind kind, const struct in6_addr *value)
{
    uint32_t hash = hash_bytes(value, sizeof *value, kind);

    if (claim_find(db, kind, value, hash)) {
        return false;
    }

    struct claim *claim = xmalloc(sizeof *claim);

    claim->kind = kind;
    claim->value = *value;
    hmap_insert(&db->claims, &claim->node, hash);
    return true;
}

static void
unclaim_ip(struct tvd_db *db, enum claim_kind kind,
           const struct in6_addr *value)
{
    struct claim *claim = claim_find(db, kind, value,
                                     hash_bytes(value, sizeof *value, kind));

    if (claim) {
        hmap_remove(&db->claims, &claim->node);
        free(claim);
    }
}

static struct in6_addr
mac_as_ip(struct eth_addr mac)
{
    struct in6_addr value = in6addr_any;

    memcpy(&value, &mac, sizeof mac);
    return value;
}

static bool
claim_mac(struct tvd_db *db, struct eth_addr mac)
{
    struct in6_addr value = mac_as_ip(mac);

    return claim_ip(db, CLAIM_MAC, &value);
}

static bool
claim_number(struct tvd_db *db, enum claim_kind kind, uint32_t number)
{
    struct in6_addr value = in6addr_any;

    memcpy(&value, &number, sizeof number);
    return claim_ip(db, kind, &value);
}

void
tvd_db_claims_clear(struct tvd_db *db)
{
    struct claim *claim;

    HMAP_FOR_EACH_POP (claim, node, &db->claims) {
        free(claim);
    }
}

/* --- Values ---------------------------------------------------------------*/

/* Checks the name of a new object of 'kind' in 'siblings'. */
static bool
new_name(struct tvd_db *db, const struct shash *siblings, const char *kind,
         const char *name)
{
    if (!model_text_is_name(name)) {
        problem(db, "%s \"%.80s\" left out: not a valid name", kind, name);
        return false;
    }
    if (shash_find(siblings, name)) {
        problem(db, "%s \"%s\" left out: there is another one", kind, name);
        return false;
    }
    return true;
}

static struct model_label *
find_label(struct tvd_db *db, const char *kind, const char *name,
           const char *label)
{
    struct model_label *found = model_label_find(db->model, label);

    if (!found) {
        problem(db, "%s \"%s\" left out: no label \"%.80s\"", kind, name,
                label);
    }
    return found;
}

static bool
includes(char **words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(words[i], word)) {
            return true;
        }
    }
    return false;
}

/* --- Labels, hosts, switches ----------------------------------------------*/

static void
read_types(struct sset *types, char **words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sset_add(types, words[i]);
    }
}

static void
read_labels(struct tvd_db *db)
{
    const struct tvdrec_label *label;
    const struct tvdrec_conflict *conflict;
    struct model *m = db->model;

    TVDREC_LABEL_FOR_EACH (label, db->idl) {
        if (new_name(db, &m->labels, "label", label->name)) {
            read_types(&model_label_add(m, label->name)->types,
                       label->types, label->n_types);
        }
    }
    TVDREC_CONFLICT_FOR_EACH (conflict, db->idl) {
        if (new_name(db, &m->conflicts, "conflict set", conflict->name)) {
            read_types(&model_conflict_add(m, conflict->name)->types,
                       conflict->types, conflict->n_types);
        }
    }
}

/* A port that is not understood is left out: then it is not ours, and stays as
 * it is. */
static void
read_switch_ports(struct model_switch *s, const struct tvdrec_switch *row)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &row->access) {
        model_switch_port_add(s, node->key)->tvd = xstrdup(node->value);
    }
    SMAP_FOR_EACH (node, &row->links) {
        const char *slash = strchr(node->value, '/');
        struct model_switch_port *port;

        if (slash && !shash_find(&s->ports, node->key)) {
            port = model_switch_port_add(s, node->key);
            port->peer = xmemdup0(node->value, slash - node->value);
            port->peer_port = xstrdup(slash + 1);
        }
    }
}

static void
read_switch(struct model_switch *s, const struct tvdrec_switch *row)
{
    s->vlans = (row->vlans && !strcmp(row->vlans, "label") ? MODEL_VLANS_LABEL
                : MODEL_VLANS_ON_DEMAND);
    s->manage = smap_get_bool(&row->options, "manage", true);
    s->save = smap_get_bool(&row->options, "save", true);
    s->filter_others = smap_get_bool(&row->options, "filter_others", false);
    s->parking = smap_get_uint(&row->options, "parking", 0);
    s->parking = s->parking <= 4094 ? s->parking : 0;
    for (size_t i = 0; i < row->n_adopt; i++) {
        model_switch_adopt(s, row->adopt[i]);
    }
    read_switch_ports(s, row);
}

static void
read_hosts(struct tvd_db *db)
{
    const struct tvdrec_host *row;
    const struct tvdrec_switch *sw;
    struct model *m = db->model;

    TVDREC_HOST_FOR_EACH (row, db->idl) {
        struct model_label *label;

        if (!new_name(db, &m->hosts, "host", row->name)
            || !(label = find_label(db, "host", row->name, row->label))) {
            continue;
        }

        struct model_host *host = model_host_add(m, row->name);

        host->label = label;
        host->address = nullable_xstrdup(row->address);
        host->switch_name = nullable_xstrdup(row->switch_);
        host->switch_port = nullable_xstrdup(row->port);
        host->revoked = row->revoked;
    }
    TVDREC_SWITCH_FOR_EACH (sw, db->idl) {
        if (new_name(db, &m->switches, "switch", sw->name)) {
            struct model_switch *s = model_switch_add(m, sw->name);

            s->address = sw->address[0] ? xstrdup(sw->address) : NULL;
            smap_clone(&s->snmp, &sw->snmp);
            read_switch(s, sw);
        }
    }
}

/* --- TVDs, roles, rules ---------------------------------------------------*/

static bool
subnets_overlap(const struct model_subnet *a, const struct model_subnet *b)
{
    return (model_subnet_contains(a, &b->addr)
            || model_subnet_contains(b, &a->addr));
}

static bool
subnet_is_free(const struct model *m, const struct model_subnet *subnet)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        for (size_t i = 0; i < tvd->n_subnets; i++) {
            if (subnets_overlap(&tvd->subnets[i], subnet)) {
                return false;
            }
        }
    }
    return true;
}

static void
read_subnets(struct tvd_db *db, struct model_tvd *tvd,
             const struct tvdrec_tvd *row)
{
    for (size_t i = 0; i < row->n_subnets; i++) {
        struct model_subnet subnet;

        if (!model_text_parse_subnet(row->subnets[i], &subnet)) {
            problem(db, "subnet \"%.80s\" of TVD \"%s\" left out: not valid",
                    row->subnets[i], tvd->name);
        } else if (!subnet_is_free(db->model, &subnet)) {
            problem(db, "subnet \"%s\" of TVD \"%s\" left out: it overlaps "
                    "another one", row->subnets[i], tvd->name);
        } else {
            claim_ip(db, CLAIM_IP, &subnet.router);
            model_subnet_add(tvd, &subnet);
        }
    }
}

static void
read_tvd(struct tvd_db *db, const struct tvdrec_tvd *row)
{
    struct model_label *label;
    struct eth_addr mac;

    if (!tvd_db_view_has(db->view, row->name)) {
        return;
    }
    if (!new_name(db, &db->model->tvds, "TVD", row->name)
        || !(label = find_label(db, "TVD", row->name, row->label))) {
        return;
    }
    if (!model_text_parse_mac(row->router_mac, &mac)) {
        problem(db, "TVD \"%s\" left out: no valid router MAC", row->name);
        return;
    }
    if (row->id < 1 || row->id > 32767
        || !claim_number(db, CLAIM_TVD_ID, row->id)) {
        problem(db, "TVD \"%s\" left out: its id is not valid or taken",
                row->name);
        return;
    }
    if (row->vlan < 0 || row->vlan > 4094
        || (row->vlan && !claim_number(db, CLAIM_VLAN, row->vlan))
        || row->vni < 0 || row->vni > 0xffffff
        || (row->vni && !claim_number(db, CLAIM_VNI, row->vni))
        || !claim_mac(db, mac)) {
        problem(db, "TVD \"%s\" left out: its VLAN, VNI or router MAC is not "
                "valid or taken", row->name);
        return;
    }

    struct model_tvd *tvd = model_tvd_add(db->model, row->name);

    tvd->id = row->id;
    tvd->label = label;
    tvd->vlan = row->vlan;
    tvd->vlan_declared = includes(row->declared, row->n_declared, "vlan");
    tvd->vni = row->vni;
    tvd->vni_declared = includes(row->declared, row->n_declared, "vni");
    tvd->channel = (!strcmp(row->channel, "vlan")
                    ? MODEL_CHANNEL_VLAN : MODEL_CHANNEL_IPSEC);
    tvd->router_mac = mac;
    smap_destroy(&tvd->settings);
    smap_clone(&tvd->settings, &row->settings);
    read_subnets(db, tvd, row);
}

static void
read_role(struct tvd_db *db, const struct tvdrec_role *row)
{
    struct model_tvd *tvd = model_tvd_find(db->model, row->tvd);

    if (!tvd_db_view_has(db->view, row->tvd)) {
        return;
    }
    if (!tvd) {
        problem(db, "role \"%.80s\" left out: no TVD \"%.80s\"", row->name,
                row->tvd);
        return;
    }
    if (!new_name(db, &tvd->roles, "role", row->name)) {
        return;
    }
    if (row->id < 1 || row->id > 65535
        || !claim_number(db, CLAIM_ROLE_ID, row->id)) {
        problem(db, "role \"%s/%s\" left out: its id is not valid or taken",
                row->tvd, row->name);
        return;
    }

    struct model_role *role = model_role_add(tvd, row->name);

    role->id = row->id;
    if (includes(row->provides, row->n_provides, "dhcp-server")) {
        role->provides |= MODEL_PROVIDES_DHCP;
    }
    if (includes(row->provides, row->n_provides, "router-advertisement")) {
        role->provides |= MODEL_PROVIDES_RA;
    }
}

/* Makes 'rule' one that allows nothing. */
static void
close_rule(struct tvd_db *db, struct model_rule *rule, const char *why)
{
    problem(db, "the entry from \"%s/%s\" to \"%s\" is read as \"none\": %s",
            rule->from->tvd->name, rule->from->name, rule->to->name, why);
    rule->action = MODEL_NONE;
    free(rule->services);
    rule->services = NULL;
    rule->n_services = 0;
    free(rule->peer_roles);
    rule->peer_roles = NULL;
    rule->n_peer_roles = 0;
    sset_clear(&rule->peer_ees);
}

static void
read_peers(struct tvd_db *db, struct model_rule *rule,
           const struct tvdrec_rule *row)
{
    for (size_t i = 0; i < row->n_peer_roles; i++) {
        struct model_role *peer = model_role_find(rule->to,
                                                  row->peer_roles[i]);

        if (peer) {
            model_rule_add_peer_role(rule, peer);
        } else {
            problem(db, "peer left out: no role \"%.80s\" in TVD \"%s\"",
                    row->peer_roles[i], rule->to->name);
        }
    }
    for (size_t i = 0; i < row->n_peer_ees; i++) {
        sset_add(&rule->peer_ees, row->peer_ees[i]);
    }
}

static void
read_rule(struct tvd_db *db, const struct tvdrec_rule *row)
{
    struct model_tvd *from_tvd = model_tvd_find(db->model, row->from_tvd);
    struct model_tvd *to = model_tvd_find(db->model, row->to_tvd);
    struct model_role *from = (from_tvd
                               ? model_role_find(from_tvd, row->from_role)
                               : NULL);
    struct model_service service;

    if (!tvd_db_view_has_rule(db->view, row)) {
        return;
    }
    if (!from || !to) {
        /* Nothing is opened by this: no NIC has a role or TVD that is not in
         * the model. */
        problem(db, "the entry from \"%.80s/%.80s\" to \"%.80s\" left out: "
                "no such role or TVD", row->from_tvd, row->from_role,
                row->to_tvd);
        return;
    }

    struct model_rule *rule = model_rule_find(from, to);

    if (rule) {
        close_rule(db, rule, "there are several");
        return;
    }
    rule = model_rule_add(from, to, MODEL_NONE);
    if (row->id < 1 || row->id > INT32_MAX
        || !claim_number(db, CLAIM_RULE_ID, row->id)) {
        close_rule(db, rule, "its id is not valid or taken");
        return;
    }
    rule->id = row->id;
    if (!model_text_parse_action(row->action, &rule->action)) {
        close_rule(db, rule, "unknown rule");
        return;
    }
    read_peers(db, rule, row);
    for (size_t i = 0; i < row->n_services; i++) {
        if (!model_text_parse_service(row->services[i], &service)) {
            close_rule(db, rule, "a service is not valid");
            return;
        }
        model_rule_add_service(rule, &service);
    }
}

/* --- EEs and NICs ---------------------------------------------------------*/

static void
note_nic(struct tvd_db *db, const struct model_nic *nic)
{
    id_list_add(&db->nics, nic->id);
    id_list_add(&db->tvds, nic->tvd->id);
    if (model_role_is_gateway(nic->role)) {
        db->changes.gateways = true;
    }
}

static void
read_addresses(struct tvd_db *db, struct model_nic *nic,
               const struct tvdrec_nic *row)
{
    for (size_t i = 0; i < row->n_ips; i++) {
        struct in6_addr ip;
        const char *why = NULL;

        if (!model_text_parse_ip(row->ips[i], &ip)) {
            why = "not valid";
        } else if (!model_tvd_subnet_of(nic->tvd, &ip)) {
            why = "not in a subnet of its TVD";
        } else if (!claim_ip(db, CLAIM_IP, &ip)) {
            why = "taken";
        }
        if (why) {
            problem(db, "address \"%.80s\" of NIC \"%s/%s\" left out: %s",
                    row->ips[i], nic->ee->name, nic->name, why);
        } else {
            model_nic_add_ip(nic, &ip);
        }
    }
}

/* Says why 'row' cannot be a NIC of 'ee', or NULL if it can. */
static const char *
check_nic(struct tvd_db *db, const struct model_ee *ee,
          const struct tvdrec_nic *row, struct eth_addr *mac,
          struct model_role **rolep)
{
    struct model_tvd *tvd = model_tvd_find(db->model, row->tvd);

    *rolep = tvd ? model_role_find(tvd, row->role) : NULL;
    if (!model_text_is_nic_name(row->name)) {
        return "not a valid name";
    } else if (model_nic_find(ee, row->name)) {
        return "there is another one";
    } else if (!*rolep) {
        return "no such TVD or role";
    } else if (row->id < 1 || row->id > 0xffffff
               || model_nic_find_id(db->model, row->id)) {
        return "its id is not valid or taken";
    } else if (!model_text_parse_mac(row->mac, mac) || !claim_mac(db, *mac)) {
        return "its MAC is not valid or taken";
    }
    return NULL;
}

static void
read_nic(struct tvd_db *db, struct model_ee *ee, const struct tvdrec_nic *row)
{
    struct eth_addr mac;
    struct model_role *role;
    const char *why;

    /* Of an EE with NICs in several TVDs one may see some. */
    if (!tvd_db_view_has(db->view, row->tvd)) {
        return;
    }
    why = check_nic(db, ee, row, &mac, &role);
    if (why) {
        problem(db, "NIC \"%s/%.80s\" left out: %s", ee->name, row->name, why);
        return;
    }

    struct model_nic *nic = model_nic_add(ee, row->name);

    nic->role = role;
    nic->tvd = role->tvd;
    model_nic_set_id(db->model, nic, row->id);
    model_nic_set_mac(db->model, nic, mac);
    nic->mac_declared = includes(row->declared, row->n_declared, "mac");
    nic->ips_declared = includes(row->declared, row->n_declared, "ips");
    nic->host = nullable_xstrdup(row->host);
    read_addresses(db, nic, row);
    note_nic(db, nic);
}

/* The EE of 'row' without NICs, or NULL if it is left out. */
static struct model_ee *
read_ee_alone(struct tvd_db *db, const struct tvdrec_ee *row)
{
    struct model_label *label;

    if (!tvd_db_view_has_ee(db->view, row)
        || !new_name(db, &db->model->ees, "EE", row->name)
        || !(label = find_label(db, "EE", row->name, row->label))) {
        return NULL;
    }

    struct model_ee *ee = model_ee_add(db->model, row->name);

    ee->label = label;
    ee->kind = (!strcmp(row->kind, "namespace")
                ? MODEL_EE_NAMESPACE : MODEL_EE_VM);
    ee->origin = (!strcmp(row->origin, "api") ? MODEL_FROM_API
                  : !strcmp(row->origin, "system") ? MODEL_FROM_SYSTEM
                  : MODEL_FROM_POLICY);
    ee->managed = row->managed;
    ee->host = nullable_xstrdup(row->host);
    ee->next_host = nullable_xstrdup(row->next_host);
    return ee;
}

static void
read_ee(struct tvd_db *db, const struct tvdrec_ee *row)
{
    struct model_ee *ee = read_ee_alone(db, row);
    struct tvdrec_nic *from, *to;
    const struct tvdrec_nic *nic;

    if (!ee) {
        return;
    }
    tvd_db_nic_range(db, row->name, &from, &to);
    TVDREC_NIC_FOR_EACH_RANGE (nic, from, to, db->nic_index) {
        read_nic(db, ee, nic);
    }
    tvd_db_nic_range_done(from, to);
}

static void
report_orphan(struct tvd_db *db, const struct tvdrec_nic *nic)
{
    if (tvd_db_view_has(db->view, nic->tvd)) {
        problem(db, "NIC \"%.80s/%.80s\" left out: no such EE", nic->ee,
                nic->name);
    }
}

void
tvd_db_read_ee_called(struct tvd_db *db, const char *name)
{
    const struct tvdrec_ee *row = tvd_db_find_ee_row(db, name);
    struct tvdrec_nic *from, *to;
    const struct tvdrec_nic *nic;

    if (row) {
        read_ee(db, row);
        return;
    }
    tvd_db_nic_range(db, name, &from, &to);
    TVDREC_NIC_FOR_EACH_RANGE (nic, from, to, db->nic_index) {
        report_orphan(db, nic);
    }
    tvd_db_nic_range_done(from, to);
}

void
tvd_db_forget_ee(struct tvd_db *db, const char *name)
{
    struct model_ee *ee = model_ee_find(db->model, name);

    if (!ee) {
        return;
    }
    for (size_t i = 0; i < ee->n_nics; i++) {
        struct model_nic *nic = ee->nics[i];
        struct in6_addr mac = mac_as_ip(nic->mac);

        note_nic(db, nic);
        unclaim_ip(db, CLAIM_MAC, &mac);
        for (size_t j = 0; j < nic->n_ips; j++) {
            unclaim_ip(db, CLAIM_IP, &nic->ips[j]);
        }
        if (nic->tvd->gateway == nic) {
            nic->tvd->gateway = NULL;
        }
    }
    model_ee_remove(db->model, ee);
}

/* --- All ------------------------------------------------------------------*/

static void
read_range(const struct tvdrec_tvd_global *row, const char *min_key,
           const char *max_key, struct model_range *range)
{
    for (size_t i = 0; i < row->n_pools; i++) {
        uint32_t value = MIN(MAX(row->value_pools[i], 0), UINT32_MAX);

        if (!strcmp(row->key_pools[i], min_key)) {
            range->min = value;
        } else if (!strcmp(row->key_pools[i], max_key)) {
            range->max = value;
        }
    }
}

/* Takes from 'c' the NICs up to those of 'row' (NULL: all), which are those of
 * 'ee'; NULL if that is left out. */
static void
read_nics_up_to(struct tvd_db *db, struct ovsdb_idl_cursor *c,
                const struct tvdrec_ee *row, struct model_ee *ee)
{
    while (c->position) {
        const struct tvdrec_nic *nic = tvdrec_nic_cursor_data(c);
        int order = row ? strcmp(nic->ee, row->name) : -1;

        if (order > 0) {
            break;
        } else if (order < 0) {
            report_orphan(db, nic);
        } else if (ee) {
            read_nic(db, ee, nic);
        }
        ovsdb_idl_cursor_next(c);
    }
}

/* Reads all EEs and NICs side by side, both in the order of the EEs' names: to
 * look each up would take several times as long. */
static void
read_all_ees(struct tvd_db *db)
{
    struct ovsdb_idl_cursor nics = tvdrec_nic_cursor_first(db->nic_index);
    const struct tvdrec_ee *row;

    TVDREC_EE_FOR_EACH_BYINDEX (row, db->ee_index) {
        read_nics_up_to(db, &nics, row, read_ee_alone(db, row));
    }
    read_nics_up_to(db, &nics, NULL, NULL);
}

void
tvd_db_read_all(struct tvd_db *db)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(db->idl);
    const struct tvdrec_tvd *tvd;
    const struct tvdrec_role *role;
    const struct tvdrec_rule *rule;

    model_destroy(db->former);
    db->former = db->model;
    db->model = model_create();
    tvd_db_claims_clear(db);
    svec_clear(&db->problems);
    db->n_problems = 0;

    if (global) {
        read_range(global, "vlan_min", "vlan_max", &db->model->vlan_pool);
        read_range(global, "vni_min", "vni_max", &db->model->vni_pool);
    }
    read_labels(db);
    read_hosts(db);
    TVDREC_TVD_FOR_EACH (tvd, db->idl) {
        read_tvd(db, tvd);
    }
    TVDREC_ROLE_FOR_EACH (role, db->idl) {
        read_role(db, role);
    }
    TVDREC_RULE_FOR_EACH (rule, db->idl) {
        read_rule(db, rule);
    }
    read_all_ees(db);
}
