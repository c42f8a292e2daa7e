/* SPDX-License-Identifier: Apache-2.0
 *
 * Model to rows.  Setters are called whether or not a value differs; the IDL
 * leaves out what is equal (ovsdb_idl_set_write_changed_only_all()). */

#include <config.h>
#include "lib/tvd-db-provider.h"

#include <stdlib.h>
#include <string.h>
#include "lib/model-text.h"
#include "packets.h"
#include "util.h"

/* Strings for a column that is a set. */
static const char **
strings(const struct svec *words)
{
    return CONST_CAST(const char **, (char **) words->names);
}

static void
put_address(struct svec *words, const struct in6_addr *ip)
{
    char s[INET6_ADDRSTRLEN];

    ipv6_string_mapped(s, ip);
    svec_add(words, s);
}

static void
format_mac(struct eth_addr mac, char s[18])
{
    snprintf(s, 18, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

/* --- Finding rows by name -------------------------------------------------*/

/* Rows of a table by their key; what is left of it after all that is wanted
 * has been taken out is to be deleted. */
static void *
take(struct shash *rows, const char *key)
{
    return shash_find_and_delete(rows, key);
}

/* Defines TABLE_rows(), which collects the rows of a table by the format and
 * arguments given, and TABLE_finish(), which deletes those that are left.  A
 * second row with the same key is deleted at once. */
#define DEFINE_ROWS(TABLE, UPPER, ...)                                  \
    static void                                                         \
    TABLE##_rows(const struct tvd_db *db, struct shash *rows)           \
    {                                                                   \
        const struct tvdrec_##TABLE *row;                               \
                                                                        \
        shash_init(rows);                                               \
        TVDREC_##UPPER##_FOR_EACH_SAFE (row, db->idl) {                 \
            char *key = xasprintf(__VA_ARGS__);                         \
                                                                        \
            if (!shash_add_once(rows, key, row)) {                      \
                tvdrec_##TABLE##_delete(row);                           \
            }                                                           \
            free(key);                                                  \
        }                                                               \
    }                                                                   \
                                                                        \
    static void                                                         \
    TABLE##_finish(struct shash *rows)                                  \
    {                                                                   \
        struct shash_node *node;                                        \
                                                                        \
        SHASH_FOR_EACH (node, rows) {                                   \
            tvdrec_##TABLE##_delete(node->data);                        \
        }                                                               \
        shash_destroy(rows);                                            \
    }

DEFINE_ROWS(label, LABEL, "%s", row->name)
DEFINE_ROWS(conflict, CONFLICT, "%s", row->name)
DEFINE_ROWS(host, HOST, "%s", row->name)
DEFINE_ROWS(switch, SWITCH, "%s", row->name)
DEFINE_ROWS(tvd, TVD, "%s", row->name)
DEFINE_ROWS(role, ROLE, "%s/%s", row->tvd, row->name)
DEFINE_ROWS(rule, RULE, "%s/%s/%s", row->from_tvd, row->from_role, row->to_tvd)

/* --- Labels, hosts, switches ----------------------------------------------*/

static void
write_labels(struct tvd_db *db, struct ovsdb_idl_txn *txn,
             const struct model *m)
{
    const struct shash_node *node;
    struct shash rows;

    label_rows(db, &rows);
    SHASH_FOR_EACH (node, &m->labels) {
        const struct model_label *label = node->data;
        const struct tvdrec_label *row = take(&rows, label->name);
        const char **types = sset_array(&label->types);

        row = row ? row : tvdrec_label_insert(txn);
        tvdrec_label_set_name(row, label->name);
        tvdrec_label_set_types(row, types, sset_count(&label->types));
        free(types);
    }
    label_finish(&rows);

    conflict_rows(db, &rows);
    SHASH_FOR_EACH (node, &m->conflicts) {
        const struct model_conflict *conflict = node->data;
        const struct tvdrec_conflict *row = take(&rows, conflict->name);
        const char **types = sset_array(&conflict->types);

        row = row ? row : tvdrec_conflict_insert(txn);
        tvdrec_conflict_set_name(row, conflict->name);
        tvdrec_conflict_set_types(row, types, sset_count(&conflict->types));
        free(types);
    }
    conflict_finish(&rows);
}

static void
write_switch_ports(const struct tvdrec_switch *row,
                   const struct model_switch *sw)
{
    struct smap access = SMAP_INITIALIZER(&access);
    struct smap links = SMAP_INITIALIZER(&links);
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &sw->ports) {
        const struct model_switch_port *port = node->data;

        if (port->tvd) {
            smap_add(&access, port->name, port->tvd);
        } else {
            smap_add_format(&links, port->name, "%s/%s", port->peer,
                            port->peer_port);
        }
    }
    tvdrec_switch_set_access(row, &access);
    tvdrec_switch_set_links(row, &links);
    smap_destroy(&access);
    smap_destroy(&links);
}

static void
write_switch(const struct tvdrec_switch *row, const struct model_switch *sw)
{
    struct smap options = SMAP_INITIALIZER(&options);
    int64_t *adopt = xcalloc(sw->n_adopt + 1, sizeof *adopt);

    for (size_t i = 0; i < sw->n_adopt; i++) {
        adopt[i] = sw->adopt[i];
    }
    if (!sw->manage) {
        smap_add(&options, "manage", "false");
    }
    if (!sw->save) {
        smap_add(&options, "save", "false");
    }
    if (sw->filter_others) {
        smap_add(&options, "filter_others", "true");
    }
    if (sw->parking) {
        smap_add_format(&options, "parking", "%u", sw->parking);
    }
    tvdrec_switch_set_name(row, sw->name);
    tvdrec_switch_set_address(row, sw->address ? sw->address : "");
    tvdrec_switch_set_snmp(row, &sw->snmp);
    tvdrec_switch_set_vlans(row, model_switch_vlans_to_string(sw->vlans));
    tvdrec_switch_set_options(row, &options);
    tvdrec_switch_set_adopt(row, adopt, sw->n_adopt);
    write_switch_ports(row, sw);
    smap_destroy(&options);
    free(adopt);
}

static void
write_hosts(struct tvd_db *db, struct ovsdb_idl_txn *txn,
            const struct model *m)
{
    const struct shash_node *node;
    struct shash rows;

    host_rows(db, &rows);
    SHASH_FOR_EACH (node, &m->hosts) {
        const struct model_host *host = node->data;
        const struct tvdrec_host *row = take(&rows, host->name);

        row = row ? row : tvdrec_host_insert(txn);
        tvdrec_host_set_name(row, host->name);
        tvdrec_host_set_label(row, host->label->name);
        tvdrec_host_set_address(row, host->address);
        tvdrec_host_set_switch_(row, host->switch_name);
        tvdrec_host_set_port(row, host->switch_port);
    }
    host_finish(&rows);

    switch_rows(db, &rows);
    SHASH_FOR_EACH (node, &m->switches) {
        const struct model_switch *sw = node->data;
        const struct tvdrec_switch *row = take(&rows, sw->name);

        row = row ? row : tvdrec_switch_insert(txn);
        write_switch(row, sw);
    }
    switch_finish(&rows);
}

/* --- TVDs, roles, rules ---------------------------------------------------*/

static void
write_tvd(const struct tvdrec_tvd *row, const struct model_tvd *tvd)
{
    struct svec subnets = SVEC_EMPTY_INITIALIZER;
    struct svec declared = SVEC_EMPTY_INITIALIZER;
    char mac[18];

    for (size_t i = 0; i < tvd->n_subnets; i++) {
        svec_add_nocopy(&subnets, model_text_format_subnet(&tvd->subnets[i]));
    }
    if (tvd->vlan_declared) {
        svec_add(&declared, "vlan");
    }
    if (tvd->vni_declared) {
        svec_add(&declared, "vni");
    }
    format_mac(tvd->router_mac, mac);
    tvdrec_tvd_set_name(row, tvd->name);
    tvdrec_tvd_set_id(row, tvd->id);
    tvdrec_tvd_set_label(row, tvd->label->name);
    tvdrec_tvd_set_subnets(row, strings(&subnets), subnets.n);
    tvdrec_tvd_set_vlan(row, tvd->vlan);
    tvdrec_tvd_set_vni(row, tvd->vni);
    tvdrec_tvd_set_channel(row, tvd->channel == MODEL_CHANNEL_VLAN
                                ? "vlan" : "ipsec");
    tvdrec_tvd_set_router_mac(row, mac);
    tvdrec_tvd_set_settings(row, &tvd->settings);
    tvdrec_tvd_set_declared(row, strings(&declared), declared.n);
    svec_destroy(&subnets);
    svec_destroy(&declared);
}

static void
write_role(const struct tvdrec_role *row, const struct model_role *role)
{
    const char *provides[2];
    size_t n = 0;

    if (role->provides & MODEL_PROVIDES_DHCP) {
        provides[n++] = "dhcp-server";
    }
    if (role->provides & MODEL_PROVIDES_RA) {
        provides[n++] = "router-advertisement";
    }
    tvdrec_role_set_tvd(row, role->tvd->name);
    tvdrec_role_set_name(row, role->name);
    tvdrec_role_set_id(row, role->id);
    tvdrec_role_set_provides(row, provides, n);
}

static void
write_rule(const struct tvdrec_rule *row, const struct model_rule *rule)
{
    struct svec roles = SVEC_EMPTY_INITIALIZER;
    struct svec services = SVEC_EMPTY_INITIALIZER;
    const char **ees = sset_array(&rule->peer_ees);

    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        svec_add(&roles, rule->peer_roles[i]->name);
    }
    for (size_t i = 0; i < rule->n_services; i++) {
        svec_add_nocopy(&services, model_service_format(&rule->services[i]));
    }
    tvdrec_rule_set_from_tvd(row, rule->from->tvd->name);
    tvdrec_rule_set_from_role(row, rule->from->name);
    tvdrec_rule_set_to_tvd(row, rule->to->name);
    tvdrec_rule_set_id(row, rule->id);
    tvdrec_rule_set_action(row, model_action_to_string(rule->action));
    tvdrec_rule_set_peer_roles(row, strings(&roles), roles.n);
    tvdrec_rule_set_peer_ees(row, ees, sset_count(&rule->peer_ees));
    tvdrec_rule_set_services(row, strings(&services), services.n);
    svec_destroy(&roles);
    svec_destroy(&services);
    free(ees);
}

static void
write_rules_of(struct ovsdb_idl_txn *txn, struct shash *rows,
               const struct model_role *role)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &role->rules) {
        const struct model_rule *rule = node->data;
        char *key = xasprintf("%s/%s/%s", role->tvd->name, role->name,
                              rule->to->name);
        const struct tvdrec_rule *row = take(rows, key);

        write_rule(row ? row : tvdrec_rule_insert(txn), rule);
        free(key);
    }
}

static void
write_tvds(struct tvd_db *db, struct ovsdb_idl_txn *txn, const struct model *m)
{
    const struct shash_node *node, *role_node;
    struct shash tvds, roles, rules;

    tvd_rows(db, &tvds);
    role_rows(db, &roles);
    rule_rows(db, &rules);
    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;
        const struct tvdrec_tvd *row = take(&tvds, tvd->name);

        write_tvd(row ? row : tvdrec_tvd_insert(txn), tvd);
        SHASH_FOR_EACH (role_node, &tvd->roles) {
            const struct model_role *role = role_node->data;
            char *key = xasprintf("%s/%s", tvd->name, role->name);
            const struct tvdrec_role *role_row = take(&roles, key);

            write_role(role_row ? role_row : tvdrec_role_insert(txn), role);
            write_rules_of(txn, &rules, role);
            free(key);
        }
    }
    tvd_finish(&tvds);
    role_finish(&roles);
    rule_finish(&rules);
}

/* --- EEs and NICs ---------------------------------------------------------*/

/* (Who holds a NIC is not of the policy: tvd_db_write_holder().) */
static void
write_nic(const struct tvdrec_nic *row, const struct model_nic *nic)
{
    struct svec ips = SVEC_EMPTY_INITIALIZER;
    const char *declared[2];
    size_t n_declared = 0;
    char mac[18];

    for (size_t i = 0; i < nic->n_ips; i++) {
        put_address(&ips, &nic->ips[i]);
    }
    if (nic->mac_declared) {
        declared[n_declared++] = "mac";
    }
    if (nic->ips_declared) {
        declared[n_declared++] = "ips";
    }
    format_mac(nic->mac, mac);
    tvdrec_nic_set_ee(row, nic->ee->name);
    tvdrec_nic_set_name(row, nic->name);
    tvdrec_nic_set_id(row, nic->id);
    tvdrec_nic_set_tvd(row, nic->tvd->name);
    tvdrec_nic_set_role(row, nic->role->name);
    tvdrec_nic_set_mac(row, mac);
    tvdrec_nic_set_ips(row, strings(&ips), ips.n);
    tvdrec_nic_set_declared(row, declared, n_declared);
    svec_destroy(&ips);
}

/* The rows of the NICs of the EE called 'name', by NIC name.  (They are
 * collected first: writing to a row moves it in the index.) */
static void
nic_rows(const struct tvd_db *db, const char *name, struct shash *rows)
{
    struct tvdrec_nic *from, *to;
    const struct tvdrec_nic *row;

    shash_init(rows);
    tvd_db_nic_range(db, name, &from, &to);
    TVDREC_NIC_FOR_EACH_RANGE (row, from, to, db->nic_index) {
        shash_add(rows, row->name, row);
    }
    tvd_db_nic_range_done(from, to);
}

static void
nic_finish(struct shash *rows)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, rows) {
        tvdrec_nic_delete(node->data);
    }
    shash_destroy(rows);
}

static void
write_tvds_of(const struct tvdrec_ee *row, const struct sset *tvds)
{
    const char **names = sset_array(tvds);

    tvdrec_ee_set_tvds(row, names, sset_count(tvds));
    free(names);
}

static void
write_ee(struct tvd_db *db, struct ovsdb_idl_txn *txn,
         const struct model_ee *ee)
{
    const struct tvdrec_ee *row = tvd_db_find_ee_row(db, ee->name);
    struct sset tvds = SSET_INITIALIZER(&tvds);
    struct shash rows;

    row = row ? row : tvdrec_ee_insert(txn);
    tvdrec_ee_set_name(row, ee->name);
    tvdrec_ee_set_label(row, ee->label->name);
    tvdrec_ee_set_kind(row, ee->kind == MODEL_EE_NAMESPACE
                            ? "namespace" : "vm");
    tvdrec_ee_set_origin(row, ee->origin == MODEL_FROM_API ? "api"
                              : ee->origin == MODEL_FROM_SYSTEM ? "system"
                              : "policy");
    tvdrec_ee_set_managed(row, ee->managed);
    if (!nullable_string_is_equal(row->host, ee->host)) {
        /* Whatever was announced was about another place. */
        tvdrec_ee_set_next_host(row, NULL);
    }
    tvdrec_ee_set_host(row, ee->host);
    nic_rows(db, ee->name, &rows);
    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct model_nic *nic = ee->nics[i];
        const struct tvdrec_nic *nic_row = take(&rows, nic->name);

        sset_add(&tvds, nic->tvd->name);
        write_nic(nic_row ? nic_row : tvdrec_nic_insert(txn), nic);
    }
    nic_finish(&rows);
    write_tvds_of(row, &tvds);
    sset_destroy(&tvds);
}

/* The TVDs of the NICs of 'row'. */
static void
tvds_of_row(const struct tvd_db *db, const struct tvdrec_ee *row,
            struct sset *tvds)
{
    struct tvdrec_nic *from, *to;
    const struct tvdrec_nic *nic;

    tvd_db_nic_range(db, row->name, &from, &to);
    TVDREC_NIC_FOR_EACH_RANGE (nic, from, to, db->nic_index) {
        sset_add(tvds, nic->tvd);
    }
    tvd_db_nic_range_done(from, to);
}

void
tvd_db_write_tvds(struct tvd_db *db)
{
    const struct tvdrec_ee *row;

    if (!tvdrec_server_has_ee_table_col_tvds(db->idl)) {
        return;
    }
    TVDREC_EE_FOR_EACH (row, db->idl) {
        struct sset tvds = SSET_INITIALIZER(&tvds);

        tvds_of_row(db, row, &tvds);
        write_tvds_of(row, &tvds);
        sset_destroy(&tvds);
    }
}

static void
write_missing_role(struct tvd_db *db, struct ovsdb_idl_txn *txn,
                   const struct model_role *role)
{
    const struct tvdrec_role *row;

    TVDREC_ROLE_FOR_EACH (row, db->idl) {
        if (!strcmp(row->tvd, role->tvd->name)
            && !strcmp(row->name, role->name)) {
            return;
        }
    }
    write_role(tvdrec_role_insert(txn), role);
}

void
tvd_db_write_ee(struct tvd_db *db, struct ovsdb_idl_txn *txn,
                const struct model_ee *ee)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        write_missing_role(db, txn, ee->nics[i]->role);
    }
    write_ee(db, txn, ee);
}

void
tvd_db_delete_ee(struct tvd_db *db, const char *name)
{
    const struct tvdrec_ee *row = tvd_db_find_ee_row(db, name);
    struct shash rows;

    if (row) {
        tvdrec_ee_delete(row);
    }
    nic_rows(db, name, &rows);
    nic_finish(&rows);
}

void
tvd_db_write_holder(struct tvd_db *db, const struct model_nic *nic,
                    const char *host)
{
    const struct tvdrec_ee *ee = tvd_db_find_ee_row(db, nic->ee->name);
    const struct tvdrec_nic *row;
    struct shash rows;

    nic_rows(db, nic->ee->name, &rows);
    row = shash_find_data(&rows, nic->name);
    if (ee && row) {
        tvdrec_ee_verify_host(ee);
        tvdrec_ee_verify_next_host(ee);
        tvdrec_nic_verify_host(row);
        tvdrec_nic_set_host(row, host);
    }
    shash_destroy(&rows);
}

void
tvd_db_write_bound(struct tvd_db *db, const char *ee, const char *host)
{
    const struct tvdrec_ee *row = tvd_db_find_ee_row(db, ee);

    if (row) {
        tvdrec_ee_verify_host(row);
        tvdrec_ee_set_host(row, host);
    }
}

void
tvd_db_write_next_host(struct tvd_db *db, const char *ee, const char *host)
{
    const struct tvdrec_ee *row = tvd_db_find_ee_row(db, ee);

    if (row) {
        tvdrec_ee_verify_next_host(row);
        tvdrec_ee_set_next_host(row, host);
    }
}

static bool
nic_equal(const struct model_nic *a, const struct model_nic *b)
{
    return (!strcmp(a->name, b->name) && a->id == b->id
            && !strcmp(a->tvd->name, b->tvd->name)
            && !strcmp(a->role->name, b->role->name)
            && eth_addr_equals(a->mac, b->mac)
            && a->mac_declared == b->mac_declared
            && a->ips_declared == b->ips_declared
            && a->n_ips == b->n_ips
            && (!a->n_ips
                || !memcmp(a->ips, b->ips, a->n_ips * sizeof *a->ips)));
}

/* True only if the rows of both are the same; a difference in the order of
 * things gives false, which costs time and does no harm. */
static bool
ee_equal(const struct model_ee *a, const struct model_ee *b)
{
    if (a->n_nics != b->n_nics || a->kind != b->kind
        || a->origin != b->origin || a->managed != b->managed
        || strcmp(a->label->name, b->label->name)
        || !nullable_string_is_equal(a->host, b->host)) {
        return false;
    }
    for (size_t i = 0; i < a->n_nics; i++) {
        if (!nic_equal(a->nics[i], b->nics[i])) {
            return false;
        }
    }
    return true;
}

static void
write_ees(struct tvd_db *db, struct ovsdb_idl_txn *txn, const struct model *m)
{
    const struct tvdrec_ee *ee_row;
    const struct tvdrec_nic *nic_row;
    const struct shash_node *node;
    /* Only if nothing was left out are the rows what db->model says. */
    const struct model *old = db->n_problems ? NULL : db->model;

    TVDREC_EE_FOR_EACH_SAFE (ee_row, db->idl) {
        if (!model_ee_find(m, ee_row->name)) {
            tvdrec_ee_delete(ee_row);
        }
    }
    TVDREC_NIC_FOR_EACH_SAFE (nic_row, db->idl) {
        if (!model_ee_find(m, nic_row->ee)) {
            tvdrec_nic_delete(nic_row);
        }
    }
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;
        const struct model_ee *was = old ? model_ee_find(old, ee->name) : NULL;

        if (!was || !ee_equal(was, ee)) {
            write_ee(db, txn, ee);
        }
    }
}

/* --- TVD_Global -----------------------------------------------------------*/

static const struct tvdrec_tvd_global *
global_row(struct tvd_db *db, struct ovsdb_idl_txn *txn)
{
    const struct tvdrec_tvd_global *row = tvdrec_tvd_global_first(db->idl);

    return row ? row : tvdrec_tvd_global_insert(txn);
}

static void
write_pools(struct tvd_db *db, struct ovsdb_idl_txn *txn,
            const struct model *m)
{
    const char *keys[4];
    int64_t values[4];
    size_t n = 0;

    if (m->vlan_pool.max) {
        keys[n] = "vlan_min";
        values[n++] = m->vlan_pool.min;
        keys[n] = "vlan_max";
        values[n++] = m->vlan_pool.max;
    }
    if (m->vni_pool.max) {
        keys[n] = "vni_min";
        values[n++] = m->vni_pool.min;
        keys[n] = "vni_max";
        values[n++] = m->vni_pool.max;
    }
    tvdrec_tvd_global_set_pools(global_row(db, txn), keys, values, n);
}

void
tvd_db_write_global(struct tvd_db *db, struct ovsdb_idl_txn *txn, int64_t seq,
                    const struct smap *ids, const struct smap *policy)
{
    const struct tvdrec_tvd_global *row = global_row(db, txn);

    /* Of a row that is new in this transaction there is nothing to verify:
     * there can be only one, so a second writer's insertion fails. */
    if (tvdrec_tvd_global_first(db->idl)) {
        tvdrec_tvd_global_verify_seq(row);
    }
    tvdrec_tvd_global_set_seq(row, seq);
    tvdrec_tvd_global_set_ids(row, ids);
    if (policy) {
        tvdrec_tvd_global_set_policy(row, policy);
    }
}

void
tvd_db_write_controller(struct tvd_db *db, const char *name)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(db->idl);

    if (global) {
        tvdrec_tvd_global_set_controller(global, name);
    }
}

void
tvd_db_write_model(struct tvd_db *db, struct ovsdb_idl_txn *txn,
                   const struct model *model)
{
    write_labels(db, txn, model);
    write_hosts(db, txn, model);
    write_tvds(db, txn, model);
    write_ees(db, txn, model);
    write_pools(db, txn, model);
}
