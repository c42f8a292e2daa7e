/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "controller/access.h"
#include "controller/claims.h"
#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "lib/suggest.h"
#include "lib/tvd-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

/* --- Tables ---------------------------------------------------------------*/

struct table {
    const char *name;           /* Only the object of this name, or NULL. */
    struct json *columns;
    struct json *rows;
};

static void
add_column(struct table *t, const char *name)
{
    json_array_add(t->columns, json_string_create(name));
}

static struct json *
add_row(struct table *t)
{
    struct json *row = json_object_create();

    json_array_add(t->rows, row);
    return row;
}

static bool
is_wanted(const struct table *t, const char *name)
{
    return !t->name || !strcmp(t->name, name);
}

static void
put_integer(struct json *row, const char *key, long long int value)
{
    json_object_put(row, key, json_integer_create(value));
}

/* An absent text is null. */
static void
put_text(struct json *row, const char *key, const char *text)
{
    json_object_put(row, key, text ? json_string_create(text)
                                   : json_null_create());
}

static struct json *
sset_to_json(const struct sset *words)
{
    struct json *array = json_array_create_empty();
    const char **sorted = sset_sort(words);

    for (size_t i = 0; i < sset_count(words); i++) {
        json_array_add(array, json_string_create(sorted[i]));
    }
    free(sorted);
    return array;
}

static struct json *
mac_to_json(struct eth_addr mac)
{
    return json_string_create_nocopy(xasprintf(ETH_ADDR_FMT,
                                               ETH_ADDR_ARGS(mac)));
}

static const char *
label_name(const struct model_label *label)
{
    return label ? label->name : NULL;
}

/* --- Labels, switches, hosts ----------------------------------------------*/

static void
show_labels(const struct show_input *in, struct table *t)
{
    const struct model *m = in->model;
    const struct shash_node **labels = shash_sort(&m->labels);
    const struct shash_node *node;

    add_column(t, "name");
    add_column(t, "types");
    add_column(t, "conflicts");
    for (size_t i = 0; i < shash_count(&m->labels); i++) {
        const struct model_label *label = labels[i]->data;
        struct sset conflicts = SSET_INITIALIZER(&conflicts);
        struct json *row;

        if (!is_wanted(t, label->name)) {
            continue;
        }
        SHASH_FOR_EACH (node, &m->conflicts) {
            const struct model_conflict *conflict = node->data;
            const char *type;

            SSET_FOR_EACH (type, &conflict->types) {
                if (sset_contains(&label->types, type)) {
                    sset_add(&conflicts, conflict->name);
                }
            }
        }
        row = add_row(t);
        put_text(row, "name", label->name);
        json_object_put(row, "types", sset_to_json(&label->types));
        json_object_put(row, "conflicts", sset_to_json(&conflicts));
        sset_destroy(&conflicts);
    }
    free(labels);
}

/* Also of a standby: what the active controller wrote. */
static void
put_switch_status(const struct show_input *in, struct json *row,
                  const char *name)
{
    const struct tvdrec_switch_status *s;

    TVDREC_SWITCH_STATUS_FOR_EACH (s, in->idl) {
        if (!strcmp(s->switch_, name)) {
            break;
        }
    }
    put_text(row, "state", s ? s->state : NULL);
    json_object_put(row, "in_sync", json_boolean_create(s && s->in_sync));
    put_text(row, "error", s && s->error[0] ? s->error : NULL);
}

/* Ports that are not hosts'. */
static void
add_other_ports(const struct model_switch *sw, struct sset *ports)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &sw->ports) {
        const struct model_switch_port *port = node->data;

        sset_add_and_free(ports, port->tvd
                          ? xasprintf("%s: TVD %s", port->name, port->tvd)
                          : xasprintf("%s: %s port %s", port->name, port->peer,
                                      port->peer_port));
    }
}

static void
show_switches(const struct show_input *in, struct table *t)
{
    const struct model *m = in->model;
    const struct shash_node **switches = shash_sort(&m->switches);
    const struct shash_node *node;

    add_column(t, "name");
    add_column(t, "address");
    add_column(t, "ports");
    add_column(t, "state");
    add_column(t, "in_sync");
    add_column(t, "error");
    for (size_t i = 0; i < shash_count(&m->switches); i++) {
        const struct model_switch *sw = switches[i]->data;
        struct sset ports = SSET_INITIALIZER(&ports);
        struct json *row;

        if (!is_wanted(t, sw->name)) {
            continue;
        }
        SHASH_FOR_EACH (node, &m->hosts) {
            const struct model_host *host = node->data;

            if (nullable_string_is_equal(host->switch_name, sw->name)) {
                char *s = xasprintf("%s: %s", host->switch_port
                                    ? host->switch_port : "?", host->name);

                sset_add_and_free(&ports, s);
            }
        }
        add_other_ports(sw, &ports);
        row = add_row(t);
        put_text(row, "name", sw->name);
        put_text(row, "address", sw->address);
        json_object_put(row, "ports", sset_to_json(&ports));
        put_switch_status(in, row, sw->name);
        sset_destroy(&ports);
    }
    free(switches);
}

static void
count_one(struct shash *counts, const char *name)
{
    struct shash_node *node = shash_find(counts, name);

    if (!node) {
        node = shash_add(counts, name, NULL);
    }
    node->data = (void *) ((intptr_t) node->data + 1);
}

static intptr_t
count_of(const struct shash *counts, const char *name)
{
    return (intptr_t) shash_find_data(counts, name);
}

/* The EEs that each host holds. */
static void
count_held(const struct show_input *in, struct shash *counts)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &in->model->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            if (ee->nics[i]->host) {
                count_one(counts, ee->nics[i]->host);
                break;
            }
        }
    }
}

/* True if the host of 'b' could have the NIC, which it does not hold. */
static bool
is_waiting(const struct show_input *in, const struct tvdrec_binding *b)
{
    const struct model_nic *nic = model_nic_find_full_name(in->model, b->nic);
    const struct model_host *host = model_host_find(in->model, b->host);

    return (nic && host && (!nic->host || strcmp(nic->host, b->host))
            && claim_will_be_allowed(host, nic));
}

/* The NICs for which each host waits. */
static void
count_waiting(const struct show_input *in, struct shash *counts)
{
    const struct tvdrec_binding *b;

    TVDREC_BINDING_FOR_EACH (b, in->idl) {
        if (is_waiting(in, b)) {
            count_one(counts, b->host);
        }
    }
}

static void
put_identity(const struct show_input *in, struct json *row, const char *host)
{
    long long int expires;
    const char *identity = access_host_identity(in->access, host,
                                                time_wall_msec(), &expires);
    char *text = (expires ? xastrftime_msec("%Y-%m-%dT%H:%M:%SZ",
                                            expires * 1000, true) : NULL);

    put_text(row, "identity", identity);
    put_text(row, "expires", text);
    free(text);
}

static void
show_hosts(const struct show_input *in, struct table *t)
{
    static const char *const columns[] = {
        "name", "label", "address", "switch", "port", "ees", "waiting",
        "state", "seq", "reason", "identity", "expires",
    };
    const struct model *m = in->model;
    const struct shash_node **hosts = shash_sort(&m->hosts);
    struct shash held = SHASH_INITIALIZER(&held);
    struct shash waiting = SHASH_INITIALIZER(&waiting);

    count_held(in, &held);
    count_waiting(in, &waiting);

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        add_column(t, columns[i]);
    }
    for (size_t i = 0; i < shash_count(&m->hosts); i++) {
        const struct model_host *host = hosts[i]->data;
        struct host_status status;
        struct json *row;

        if (!is_wanted(t, host->name)) {
            continue;
        }
        hosts_status(in->hosts, m, host->name, in->seq, in->seq, &status);
        row = add_row(t);
        put_text(row, "name", host->name);
        put_text(row, "label", label_name(host->label));
        put_text(row, "address", host->address);
        put_text(row, "switch", host->switch_name);
        put_text(row, "port", host->switch_port);
        put_integer(row, "ees", count_of(&held, host->name));
        put_integer(row, "waiting", count_of(&waiting, host->name));
        put_text(row, "state", host_state_to_string(status.state));
        put_integer(row, "seq", status.seq);
        put_text(row, "reason", status.reason);
        put_identity(in, row, host->name);
        host_status_destroy(&status);
    }
    shash_destroy(&held);
    shash_destroy(&waiting);
    free(hosts);
}

static void
add_host_state(struct json *array, const char *name,
               const struct host_status *status)
{
    struct json *object = json_object_create();

    put_text(object, "name", name);
    put_text(object, "state", host_state_to_string(status->state));
    put_integer(object, "seq", status->seq);
    put_text(object, "reason", status->reason ? status->reason : "");
    json_array_add(array, object);
}

struct json *
show_host_states(const struct show_input *in, int64_t seq, bool *enforced)
{
    const struct shash_node **hosts = shash_sort(&in->model->hosts);
    const struct shash_node **agents = shash_sort(&in->hosts->agents);
    struct json *array = json_array_create_empty();
    struct host_status status;

    *enforced = true;
    for (size_t i = 0; i < shash_count(&in->model->hosts); i++) {
        hosts_status(in->hosts, in->model, hosts[i]->name, seq, in->seq,
                     &status);
        *enforced &= status.state == HOST_ENFORCED;
        add_host_state(array, hosts[i]->name, &status);
        host_status_destroy(&status);
    }
    for (size_t i = 0; i < shash_count(&in->hosts->agents); i++) {
        const char *name = agents[i]->name;

        if (shash_find(&in->model->hosts, name)) {
            continue;
        }
        hosts_status(in->hosts, in->model, name, seq, in->seq, &status);
        if (status.state == HOST_BEHIND) {
            *enforced = false;
            add_host_state(array, name, &status);
        }
        host_status_destroy(&status);
    }
    free(agents);
    free(hosts);
    return array;
}

/* --- TVDs, roles, matrix --------------------------------------------------*/

static struct json *
subnets_to_json(const struct model_tvd *tvd)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < tvd->n_subnets; i++) {
        char s[INET6_ADDRSTRLEN];

        ipv6_string_mapped(s, &tvd->subnets[i].addr);
        json_array_add(array, json_string_create_nocopy(
            xasprintf("%s/%u", s, tvd->subnets[i].plen)));
    }
    return array;
}

static struct json *
role_names(const struct model_tvd *tvd)
{
    struct sset names = SSET_INITIALIZER(&names);
    const struct shash_node *node;
    struct json *array;

    SHASH_FOR_EACH (node, &tvd->roles) {
        sset_add(&names, node->name);
    }
    array = sset_to_json(&names);
    sset_destroy(&names);
    return array;
}

static void
show_tvds(const struct show_input *in, struct table *t)
{
    static const char *const columns[] = {
        "name", "label", "subnets", "channel", "vlan", "vni", "gateway",
        "roles", "router_mac",
    };
    const struct shash_node **tvds = shash_sort(&in->model->tvds);

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        add_column(t, columns[i]);
    }
    for (size_t i = 0; i < shash_count(&in->model->tvds); i++) {
        const struct model_tvd *tvd = tvds[i]->data;
        char *gateway;
        struct json *row;

        if (!is_wanted(t, tvd->name)) {
            continue;
        }
        gateway = tvd->gateway ? model_nic_full_name(tvd->gateway) : NULL;
        row = add_row(t);
        put_text(row, "name", tvd->name);
        put_text(row, "label", label_name(tvd->label));
        json_object_put(row, "subnets", subnets_to_json(tvd));
        put_text(row, "channel", tvd->channel == MODEL_CHANNEL_VLAN
                                 ? "vlan" : "ipsec");
        put_integer(row, "vlan", tvd->vlan);
        put_integer(row, "vni", tvd->vni);
        put_text(row, "gateway", gateway);
        json_object_put(row, "roles", role_names(tvd));
        json_object_put(row, "router_mac", mac_to_json(tvd->router_mac));
        free(gateway);
    }
    free(tvds);
}

typedef void role_func(const struct show_input *, struct table *,
                       const struct model_role *, const char *full_name,
                       const void *aux);

/* Calls 'cb' for each role that is wanted: "TVD/role", or a TVD's. */
static void
for_each_role(const struct show_input *in, struct table *t, role_func *cb,
              const void *aux)
{
    const struct shash_node **tvds = shash_sort(&in->model->tvds);

    for (size_t i = 0; i < shash_count(&in->model->tvds); i++) {
        const struct model_tvd *tvd = tvds[i]->data;
        const struct shash_node **roles = shash_sort(&tvd->roles);

        for (size_t j = 0; j < shash_count(&tvd->roles); j++) {
            char *name = xasprintf("%s/%s", tvd->name, roles[j]->name);

            if (is_wanted(t, tvd->name) || is_wanted(t, name)) {
                cb(in, t, roles[j]->data, name, aux);
            }
            free(name);
        }
        free(roles);
    }
    free(tvds);
}

static void
show_role(const struct show_input *in OVS_UNUSED, struct table *t,
          const struct model_role *role, const char *full_name OVS_UNUSED,
          const void *counts_)
{
    const struct shash *counts = counts_;
    struct sset provides = SSET_INITIALIZER(&provides);
    struct json *row = add_row(t);

    if (role->provides & MODEL_PROVIDES_DHCP) {
        sset_add(&provides, "dhcp-server");
    }
    if (role->provides & MODEL_PROVIDES_RA) {
        sset_add(&provides, "router-advertisement");
    }
    put_text(row, "tvd", role->tvd->name);
    put_text(row, "role", role->name);
    json_object_put(row, "provides", sset_to_json(&provides));
    put_integer(row, "nics", count_of(counts, full_name));
    sset_destroy(&provides);
}

static void
show_roles(const struct show_input *in, struct table *t)
{
    struct shash counts = SHASH_INITIALIZER(&counts);
    const struct shash_node *node;

    add_column(t, "tvd");
    add_column(t, "role");
    add_column(t, "provides");
    add_column(t, "nics");
    SHASH_FOR_EACH (node, &in->model->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            const struct model_role *role = ee->nics[i]->role;
            char *name = xasprintf("%s/%s", role->tvd->name, role->name);

            count_one(&counts, name);
            free(name);
        }
    }
    for_each_role(in, t, show_role, &counts);
    shash_destroy(&counts);
}

/* No TVD has this name: it has a slash. */
#define MATRIX_KEY "tvd/role"

static void
show_matrix_row(const struct show_input *in, struct table *t,
                const struct model_role *role, const char *full_name,
                const void *aux OVS_UNUSED)
{
    struct json *row = add_row(t);
    const struct shash_node *node;

    put_text(row, MATRIX_KEY, full_name);
    SHASH_FOR_EACH (node, &in->model->tvds) {
        struct decide_entry entry = decide_entry(role, node->data);

        json_object_put(row, node->name, json_string_create_nocopy(
            decide_entry_format(&entry)));
    }
}

static void
show_matrix(const struct show_input *in, struct table *t)
{
    const struct shash_node **tvds = shash_sort(&in->model->tvds);

    add_column(t, MATRIX_KEY);
    for (size_t i = 0; i < shash_count(&in->model->tvds); i++) {
        add_column(t, tvds[i]->name);
    }
    free(tvds);
    for_each_role(in, t, show_matrix_row, NULL);
}

/* --- EEs ------------------------------------------------------------------*/

/* The higher, the better. */
enum nic_state {
    NIC_ABSENT,                 /* On no host. */
    NIC_REFUSED,
    NIC_PENDING,                /* Admitted, its flows are on the way. */
    NIC_INSTALLED,
};

static const char *
nic_state_to_string(enum nic_state state)
{
    switch (state) {
    case NIC_ABSENT: return "absent";
    case NIC_REFUSED: return "refused";
    case NIC_PENDING: return "pending";
    case NIC_INSTALLED: return "installed";
    }
    OVS_NOT_REACHED();
}

static enum nic_state
binding_state(const struct tvdrec_binding *b)
{
    return (!b ? NIC_ABSENT : !b->admitted ? NIC_REFUSED
            : b->installed ? NIC_INSTALLED : NIC_PENDING);
}

/* The rows about one NIC. */
struct nic_rows {
    const struct tvdrec_binding *best;  /* The holder's, else the best of those
                                         * that the policy lets their hosts
                                         * have; NULL: none. */
    struct sset waiting;                /* Hosts that would have it, too. */
};

/* How much is to be learnt from 'b' about the NIC. */
static int
binding_rank(const struct show_input *in, const struct tvdrec_binding *b)
{
    const struct model_nic *nic = model_nic_find_full_name(in->model, b->nic);

    return (binding_state(b)
            + (nic && nic->host && !strcmp(nic->host, b->host)
               ? NIC_INSTALLED + 1 : 0));
}

/* "struct nic_rows" of each NIC by its full name. */
static void
collect_bindings(const struct show_input *in, struct shash *bindings)
{
    const struct tvdrec_binding *b;

    shash_init(bindings);
    TVDREC_BINDING_FOR_EACH (b, in->idl) {
        struct nic_rows *rows = shash_find_data(bindings, b->nic);

        if (!rows) {
            rows = xzalloc(sizeof *rows);
            sset_init(&rows->waiting);
            shash_add(bindings, b->nic, rows);
        }
        if (is_waiting(in, b)) {
            sset_add(&rows->waiting, b->host);
        }
        if (claim_is_possible(in->model, b)
            && (!rows->best
                || binding_rank(in, b) > binding_rank(in, rows->best))) {
            rows->best = b;
        }
    }
}

static void
free_bindings(struct shash *bindings)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, bindings) {
        struct nic_rows *rows = node->data;

        sset_destroy(&rows->waiting);
    }
    shash_destroy_free_data(bindings);
}

static struct json *
ips_to_json(const struct model_nic *nic)
{
    struct json *ips = json_array_create_empty();

    for (size_t i = 0; i < nic->n_ips; i++) {
        char s[INET6_ADDRSTRLEN];

        ipv6_string_mapped(s, &nic->ips[i]);
        json_array_add(ips, json_string_create(s));
    }
    return ips;
}

static struct json *
nic_to_json(const struct model_nic *nic, const struct shash *bindings)
{
    static const struct nic_rows none = { .waiting = SSET_INITIALIZER(
                                              &none.waiting) };
    struct json *object = json_object_create();
    char *full_name = model_nic_full_name(nic);
    const struct nic_rows *rows = shash_find_data(bindings, full_name);
    const struct tvdrec_binding *b = rows ? rows->best : NULL;

    put_text(object, "name", nic->name);
    put_text(object, "tvd", nic->tvd->name);
    put_text(object, "role", nic->role->name);
    json_object_put(object, "mac", mac_to_json(nic->mac));
    json_object_put(object, "ips", ips_to_json(nic));
    put_text(object, "state", nic_state_to_string(binding_state(b)));
    put_text(object, "holder", nic->host);
    json_object_put(object, "waiting",
                    sset_to_json(rows ? &rows->waiting : &none.waiting));
    if (b) {
        put_text(object, "host", b->host);
        put_text(object, "reason", b->reason);
    }
    free(full_name);
    return object;
}

struct json *
show_ee_to_json(const struct model_ee *ee, const struct shash *bindings)
{
    struct json *row = json_object_create();
    struct json *nics = json_array_create_empty();

    for (size_t i = 0; i < ee->n_nics; i++) {
        json_array_add(nics, nic_to_json(ee->nics[i], bindings));
    }
    put_text(row, "name", ee->name);
    put_text(row, "label", label_name(ee->label));
    put_text(row, "kind", ee->kind == MODEL_EE_VM ? "vm" : "namespace");
    put_text(row, "origin", ee->origin == MODEL_FROM_POLICY ? "policy"
             : ee->origin == MODEL_FROM_API ? "api" : "system");
    json_object_put(row, "managed", json_boolean_create(ee->managed));
    put_text(row, "host", ee->host);
    put_text(row, "next_host", ee->next_host);
    json_object_put(row, "nics", nics);
    return row;
}

static void
show_ees(const struct show_input *in, struct table *t)
{
    static const char *const columns[] = {
        "name", "label", "kind", "origin", "managed", "host", "next_host",
        "nics",
    };
    const struct shash_node **ees = shash_sort(&in->model->ees);
    struct shash bindings;

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        add_column(t, columns[i]);
    }
    collect_bindings(in, &bindings);
    for (size_t i = 0; i < shash_count(&in->model->ees); i++) {
        if (is_wanted(t, ees[i]->name)) {
            json_array_add(t->rows, show_ee_to_json(ees[i]->data, &bindings));
        }
    }
    free_bindings(&bindings);
    free(ees);
}

/* --- Flows ----------------------------------------------------------------*/

static int
compare_ids(const void *a_, const void *b_)
{
    const int64_t *a = a_;
    const int64_t *b = b_;

    return *a < *b ? -1 : *a > *b;
}

/* Summed over the hosts.  (The keys of a map are sorted in the database.) */
static int64_t
rule_hits(const struct ovsdb_idl *idl, int64_t id)
{
    const struct tvdrec_agent *agent;
    int64_t sum = 0;

    TVDREC_AGENT_FOR_EACH (agent, idl) {
        const int64_t *key = (agent->n_rule_hits
                              ? bsearch(&id, agent->key_rule_hits,
                                        agent->n_rule_hits, sizeof id,
                                        compare_ids)
                              : NULL);

        sum += key ? agent->value_rule_hits[key - agent->key_rule_hits] : 0;
    }
    return sum;
}

static void
show_rules_of(const struct show_input *in, struct table *t,
              const struct model_role *role, const char *full_name,
              const void *aux OVS_UNUSED)
{
    const struct shash_node **rules = shash_sort(&role->rules);

    for (size_t i = 0; i < shash_count(&role->rules); i++) {
        const struct model_rule *rule = rules[i]->data;
        struct decide_entry entry = { rule->action, rule };
        char *name = xasprintf("%s -> %s", full_name, rule->to->name);
        char *text = decide_entry_format(&entry);
        struct json *row = add_row(t);

        put_text(row, "what", "rule");
        put_text(row, "name", name);
        put_text(row, "rule", text);
        put_integer(row, "packets", rule_hits(in->idl, rule->id));
        free(name);
        free(text);
    }
    free(rules);
}

static void
show_drops(const struct show_input *in, struct table *t)
{
    struct shash drops = SHASH_INITIALIZER(&drops);
    const struct tvdrec_agent *agent;
    const struct shash_node **nodes;

    TVDREC_AGENT_FOR_EACH (agent, in->idl) {
        for (size_t i = 0; i < agent->n_drops; i++) {
            struct shash_node *node = shash_find(&drops, agent->key_drops[i]);

            if (!node) {
                node = shash_add(&drops, agent->key_drops[i],
                                 xzalloc(sizeof(int64_t)));
            }
            *(int64_t *) node->data += agent->value_drops[i];
        }
    }
    nodes = shash_sort(&drops);
    for (size_t i = 0; i < shash_count(&drops); i++) {
        if (is_wanted(t, nodes[i]->name)) {
            struct json *row = add_row(t);

            put_text(row, "what", "drop");
            put_text(row, "name", nodes[i]->name);
            put_text(row, "rule", NULL);
            put_integer(row, "packets", *(int64_t *) nodes[i]->data);
        }
    }
    free(nodes);
    shash_destroy_free_data(&drops);
}

static void
show_flows(const struct show_input *in, struct table *t)
{
    add_column(t, "what");
    add_column(t, "name");
    add_column(t, "rule");
    add_column(t, "packets");
    for_each_role(in, t, show_rules_of, NULL);
    show_drops(in, t);
}

/* --- All ------------------------------------------------------------------*/

static const struct {
    void (*show)(const struct show_input *, struct table *);
    const char *one;            /* What one of them is called. */
} shows[] = {
    [SHOW_TVDS] = { show_tvds, "TVD" },
    [SHOW_ROLES] = { show_roles, "TVD or role (TVD/role)" },
    [SHOW_MATRIX] = { show_matrix, "TVD or role (TVD/role)" },
    [SHOW_HOSTS] = { show_hosts, "host" },
    [SHOW_EES] = { show_ees, "EE" },
    [SHOW_FLOWS] = { show_flows, "TVD, role (TVD/role) or drop reason" },
    [SHOW_LABELS] = { show_labels, "label" },
    [SHOW_SWITCHES] = { show_switches, "switch" },
};

char *
show_table(const struct show_input *in, enum request_show what,
           const char *name, struct json **table)
{
    struct table t = {
        .name = name,
        .columns = json_array_create_empty(),
        .rows = json_array_create_empty(),
    };

    *table = NULL;
    shows[what].show(in, &t);
    if (name && !t.rows->array.n) {
        json_destroy(t.columns);
        json_destroy(t.rows);
        return xasprintf("there is no %s \"%s\"", shows[what].one, name);
    }
    *table = json_object_create();
    json_object_put(*table, "columns", t.columns);
    json_object_put(*table, "rows", t.rows);
    return NULL;
}

/* --- can ------------------------------------------------------------------*/

static char *
unknown_ee(const struct model *m, const char *name)
{
    const char **names = xmalloc((shash_count(&m->ees) + 1) * sizeof *names);
    const struct shash_node *node;
    const char *near;
    char *error;
    size_t n = 0;

    SHASH_FOR_EACH (node, &m->ees) {
        names[n++] = node->name;
    }
    near = suggest_nearest(name, names, n);
    error = (near ? xasprintf("there is no EE \"%s\"; did you mean \"%s\"?",
                              name, near)
             : xasprintf("there is no EE \"%s\"", name));
    free(names);
    return error;
}

static char *
several_nics(const struct model_ee *ee)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "EE \"%s\" has %"PRIuSIZE" NICs; say which:", ee->name,
                  ee->n_nics);
    for (size_t i = 0; i < ee->n_nics; i++) {
        ds_put_format(&s, "%s %s/%s (in %s)", i ? "," : "", ee->name,
                      ee->nics[i]->name, ee->nics[i]->tvd->name);
    }
    return ds_steal_cstr(&s);
}

/* Finds the NIC that "EE" or "EE/NIC" names. */
static char *
find_nic(const struct model *m, const char *name,
         const struct model_nic **nicp)
{
    char *ee_name = xmemdup0(name, strcspn(name, "/"));
    const char *slash = strchr(name, '/');
    const struct model_ee *ee = model_ee_find(m, ee_name);
    char *error = NULL;

    *nicp = NULL;
    if (!ee) {
        error = unknown_ee(m, ee_name);
    } else if (slash) {
        *nicp = model_nic_find(ee, slash + 1);
        if (!*nicp) {
            error = xasprintf("EE \"%s\" has no NIC \"%s\"", ee_name,
                              slash + 1);
        }
    } else if (ee->n_nics == 1) {
        *nicp = ee->nics[0];
    } else {
        error = (ee->n_nics ? several_nics(ee)
                 : xasprintf("EE \"%s\" has no NIC", ee_name));
    }
    free(ee_name);
    return error;
}

static struct json *
ask(const struct model_nic *src, const struct model_nic *dst,
    const struct model_service *service, bool *allowed)
{
    struct decide_answer answer;
    struct json *json;

    decide_ask(src, dst, service, &answer);
    json = decide_answer_to_json(&answer);
    *allowed = answer.allowed;
    decide_answer_destroy(&answer);
    return json;
}

char *
show_can(const struct model *m, const char *src_name, const char *dst_name,
         const char *service, struct json **answer)
{
    struct model_service services[SERVICE_PARSE_MAX];
    const struct model_nic *src, *dst;
    struct json *answers;
    bool allowed, all_allowed = true;
    size_t n = 0;
    char *error;

    *answer = NULL;
    if ((error = find_nic(m, src_name, &src))
        || (error = find_nic(m, dst_name, &dst))
        || (service && (error = service_parse(service, services, &n)))) {
        return error;
    }
    if (n <= 1) {
        *answer = ask(src, dst, n ? services : NULL, &allowed);
        return NULL;
    }
    answers = json_array_create_empty();
    for (size_t i = 0; i < n; i++) {
        json_array_add(answers, ask(src, dst, &services[i], &allowed));
        all_allowed &= allowed;
    }
    *answer = json_object_create();
    json_object_put(*answer, "allowed", json_boolean_create(all_allowed));
    json_object_put(*answer, "answers", answers);
    return NULL;
}
