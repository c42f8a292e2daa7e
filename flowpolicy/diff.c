/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/diff.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/service.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

const char *
diff_op_to_string(enum diff_op op)
{
    switch (op) {
    case DIFF_ADD: return "add";
    case DIFF_CHANGE: return "change";
    case DIFF_REMOVE: return "remove";
    }
    OVS_NOT_REACHED();
}

const char *
diff_kind_to_string(enum diff_kind kind)
{
    static const char *const names[DIFF_N_KINDS] = {
        [DIFF_LABEL] = "label",
        [DIFF_CONFLICT] = "conflict",
        [DIFF_POOL] = "pool",
        [DIFF_SWITCH] = "switch",
        [DIFF_HOST] = "host",
        [DIFF_TVD] = "tvd",
        [DIFF_ROLE] = "role",
        [DIFF_FLOW] = "flow",
        [DIFF_EE] = "ee",
    };

    return names[kind];
}

/* --- What is compared of an object: its properties, as text.
 *
 * In 'text' stand one after the other key, NUL, value, NUL, and one byte that
 * says whether the value is the default.  Two objects are equal if their texts
 * are; only if they are not are they taken apart.  So a model of many equal
 * EEs costs no more than writing them down, in a buffer that is used again. */
struct props {
    struct ds text;
};

static void OVS_PRINTF_FORMAT(4, 5)
put(struct props *p, const char *key, const char *dflt,
    const char *format, ...)
{
    va_list args;

    ds_put_buffer(&p->text, key, strlen(key) + 1);
    size_t start = p->text.length;

    va_start(args, format);
    ds_put_format_valist(&p->text, format, args);
    va_end(args);

    bool is_default = dflt && !strcmp(&p->text.string[start], dflt);
    ds_put_char(&p->text, '\0');
    ds_put_char(&p->text, is_default ? 'd' : '-');
}

struct prop {
    const char *key;
    const char *value;
    bool is_default;
};

/* Steps through 'p'; '*pos' begins with 0. */
static bool
next_prop(const struct props *p, size_t *pos, struct prop *prop)
{
    if (*pos >= p->text.length) {
        return false;
    }
    prop->key = &p->text.string[*pos];
    prop->value = prop->key + strlen(prop->key) + 1;

    const char *flag = prop->value + strlen(prop->value) + 1;
    prop->is_default = *flag == 'd';
    *pos = flag + 1 - p->text.string;
    return true;
}

static void
describe_addition(const struct props *p, struct svec *details)
{
    struct prop prop;
    size_t pos = 0;

    while (next_prop(p, &pos, &prop)) {
        if (!prop.is_default) {
            svec_add_nocopy(details,
                            xasprintf("%s: %s", prop.key, prop.value));
        }
    }
}

static void
describe_change(const struct props *old, const struct props *new,
                struct svec *details)
{
    struct shash gone = SHASH_INITIALIZER(&gone);
    struct prop prop;

    for (size_t pos = 0; next_prop(old, &pos, &prop); ) {
        shash_add(&gone, prop.key, prop.value);
    }
    for (size_t pos = 0; next_prop(new, &pos, &prop); ) {
        const char *was = shash_find_and_delete(&gone, prop.key);

        if (!was) {
            svec_add_nocopy(details, xasprintf("%s: %s (new)", prop.key,
                                               prop.value));
        } else if (strcmp(was, prop.value)) {
            svec_add_nocopy(details, xasprintf("%s: %s -> %s", prop.key, was,
                                               prop.value));
        }
    }
    for (size_t pos = 0; next_prop(old, &pos, &prop); ) {
        if (shash_find_and_delete(&gone, prop.key)) {
            svec_add_nocopy(details, xasprintf("%s: %s (gone)", prop.key,
                                               prop.value));
        }
    }
    shash_destroy(&gone);
}

/* --- The properties of each kind of object. */

static void
put_types(const struct sset *types, struct props *p)
{
    const char **names = sset_sort(types);
    struct ds list = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; names[i]; i++) {
        ds_put_format(&list, "%s%s", i ? ", " : "", names[i]);
    }
    put(p, "types", NULL, "[%s]", ds_cstr(&list));
    ds_destroy(&list);
    free(names);
}

static void
label_props(const void *label_, struct props *p)
{
    const struct model_label *label = label_;

    put_types(&label->types, p);
}

static void
conflict_props(const void *conflict_, struct props *p)
{
    const struct model_conflict *conflict = conflict_;

    put_types(&conflict->types, p);
}

static void
pool_props(const void *range_, struct props *p)
{
    const struct model_range *range = range_;

    put(p, "range", NULL, "%"PRIu32"-%"PRIu32, range->min, range->max);
}

/* Each entry of 'map', with 'prefix' before its key. */
static void
put_smap(const struct smap *map, const char *prefix, struct props *p)
{
    const struct smap_node **nodes = smap_sort(map);

    for (size_t i = 0; i < smap_count(map); i++) {
        char *key = xasprintf("%s%s", prefix, nodes[i]->key);

        put(p, key, NULL, "%s", nodes[i]->value);
        free(key);
    }
    free(nodes);
}

static void
put_adopted(const struct model_switch *sw, struct props *p)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < sw->n_adopt; i++) {
        ds_put_format(&s, "%s%"PRIu16, i ? ", " : "", sw->adopt[i]);
    }
    put(p, "adopt", "-", "%s", s.length ? ds_cstr(&s) : "-");
    ds_destroy(&s);
}

static void
put_switch_ports(const struct model_switch *sw, struct props *p)
{
    const struct shash_node **nodes = shash_sort(&sw->ports);

    for (size_t i = 0; i < shash_count(&sw->ports); i++) {
        const struct model_switch_port *port = nodes[i]->data;
        char *key = xasprintf("port %s", port->name);

        if (port->tvd) {
            put(p, key, NULL, "TVD %s", port->tvd);
        } else {
            put(p, key, NULL, "link to %s port %s", port->peer,
                port->peer_port);
        }
        free(key);
    }
    free(nodes);
}

static void
switch_props(const void *sw_, struct props *p)
{
    const struct model_switch *sw = sw_;

    put(p, "address", "-", "%s", sw->address ? sw->address : "-");
    put_smap(&sw->snmp, "snmp ", p);
    put(p, "vlans", "on-demand", "%s",
        model_switch_vlans_to_string(sw->vlans));
    put(p, "manage", "true", "%s", sw->manage ? "true" : "false");
    put(p, "save", "true", "%s", sw->save ? "true" : "false");
    put(p, "filter_others", "false", "%s",
        sw->filter_others ? "true" : "false");
    put(p, "parking", "0", "%u", sw->parking);
    put_adopted(sw, p);
    put_switch_ports(sw, p);
}

static const char *
label_name(const struct model_label *label)
{
    return label ? label->name : "-";
}

static void
host_props(const void *host_, struct props *p)
{
    const struct model_host *host = host_;

    put(p, "label", "-", "%s", label_name(host->label));
    put(p, "address", "-", "%s", host->address ? host->address : "-");
    put(p, "switch", "-", "%s", host->switch_name ? host->switch_name : "-");
    put(p, "port", "-", "%s", host->switch_port ? host->switch_port : "-");
}

static int
compare_ips(const void *a_, const void *b_)
{
    const struct in6_addr *a = a_, *b = b_;
    bool a6 = !IN6_IS_ADDR_V4MAPPED(a), b6 = !IN6_IS_ADDR_V4MAPPED(b);

    return a6 != b6 ? a6 - b6 : memcmp(a, b, sizeof *a);
}

/* "10.0.0.1, fd00::1", IPv4 first. */
static void
put_ips(const char *key, const struct in6_addr *ips, size_t n,
        struct props *p)
{
    struct in6_addr *sorted = n ? xmemdup(ips, n * sizeof *ips) : NULL;
    struct ds list = DS_EMPTY_INITIALIZER;

    if (n) {
        qsort(sorted, n, sizeof *sorted, compare_ips);
    }
    for (size_t i = 0; i < n; i++) {
        ds_put_cstr(&list, i ? ", " : "");
        ipv6_format_mapped(&sorted[i], &list);
    }
    put(p, key, "-", "%s", n ? ds_cstr(&list) : "-");
    ds_destroy(&list);
    free(sorted);
}

static int
compare_subnets(const void *a_, const void *b_)
{
    const struct model_subnet *a = a_, *b = b_;
    int cmp = compare_ips(&a->addr, &b->addr);

    return cmp ? cmp : (a->plen > b->plen) - (a->plen < b->plen);
}

static void
put_subnets(const struct model_tvd *tvd, struct props *p)
{
    size_t n = tvd->n_subnets;
    struct model_subnet *sorted
        = n ? xmemdup(tvd->subnets, n * sizeof *sorted) : NULL;
    struct ds list = DS_EMPTY_INITIALIZER;

    if (n) {
        qsort(sorted, n, sizeof *sorted, compare_subnets);
    }
    for (size_t i = 0; i < n; i++) {
        ds_put_cstr(&list, i ? ", " : "");
        ipv6_format_mapped(&sorted[i].addr, &list);
        ds_put_format(&list, "/%u", sorted[i].plen);
    }
    put(p, "subnets", "-", "%s", n ? ds_cstr(&list) : "-");
    ds_destroy(&list);
    free(sorted);
}

static void
put_mac(const char *key, struct eth_addr mac, struct props *p)
{
    put(p, key, "00:00:00:00:00:00", ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

static void
tvd_props(const void *tvd_, struct props *p)
{
    const struct model_tvd *tvd = tvd_;

    put(p, "label", "-", "%s", label_name(tvd->label));
    put_subnets(tvd, p);
    put(p, "vlan", "0", "%"PRIu16, tvd->vlan);
    put(p, "vni", "0", "%"PRIu32, tvd->vni);
    put(p, "channel", NULL, "%s",
        tvd->channel == MODEL_CHANNEL_IPSEC ? "ipsec" : "vlan");
    put_mac("router MAC", tvd->router_mac, p);
    put_smap(&tvd->settings, "setting ", p);
}

static void
role_props(const void *role_, struct props *p)
{
    const struct model_role *role = role_;

    put(p, "provides", "nothing", "%s",
        role->provides == (MODEL_PROVIDES_DHCP | MODEL_PROVIDES_RA)
        ? "dhcp-server, router-advertisement"
        : role->provides & MODEL_PROVIDES_DHCP ? "dhcp-server"
        : role->provides & MODEL_PROVIDES_RA ? "router-advertisement"
        : "nothing");
}

static void
put_peers(const struct model_rule *rule, struct props *p)
{
    struct svec peers = SVEC_EMPTY_INITIALIZER;
    const char *ee;

    SSET_FOR_EACH (ee, &rule->peer_ees) {
        svec_add(&peers, ee);
    }
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        const struct model_role *role = rule->peer_roles[i];

        svec_add_nocopy(&peers,
                        xasprintf("%s/%s", role->tvd->name, role->name));
    }
    svec_sort_unique(&peers);

    char *list = svec_join(&peers, ", ", "");
    put(p, "peers", "", "%s", list);
    free(list);
    svec_destroy(&peers);
}

static int
compare_services(const void *a, const void *b)
{
    return service_compare(a, b);
}

static void
put_services(const struct model_rule *rule, struct props *p)
{
    size_t n = rule->n_services;
    struct model_service *sorted
        = n ? xmemdup(rule->services, n * sizeof *sorted) : NULL;

    if (n) {
        qsort(sorted, n, sizeof *sorted, compare_services);
    }

    char *list = service_list_format(sorted, n);
    put(p, "services", "all", "%s", list);
    free(list);
    free(sorted);
}

static void
rule_props(const void *rule_, struct props *p)
{
    const struct model_rule *rule = rule_;

    put(p, "rule", NULL, "%s", model_action_to_string(rule->action));
    if (rule->action == MODEL_P) {
        put_peers(rule, p);
    }
    if (rule->action == MODEL_P || rule->action == MODEL_G) {
        put_services(rule, p);
    }
}

static const char *
origin_to_string(enum model_origin origin)
{
    switch (origin) {
    case MODEL_FROM_POLICY: return "policy";
    case MODEL_FROM_API: return "tvdctl";
    case MODEL_FROM_SYSTEM: return "system";
    }
    OVS_NOT_REACHED();
}

static void
put_nic(const struct model_nic *nic, struct props *p)
{
    char key[64];

    snprintf(key, sizeof key, "nic %s tvd", nic->name);
    put(p, key, NULL, "%s", nic->tvd ? nic->tvd->name : "-");
    snprintf(key, sizeof key, "nic %s role", nic->name);
    put(p, key, MODEL_DEFAULT_ROLE, "%s", nic->role ? nic->role->name : "-");
    snprintf(key, sizeof key, "nic %s mac", nic->name);
    put_mac(key, nic->mac, p);
    snprintf(key, sizeof key, "nic %s ip", nic->name);
    put_ips(key, nic->ips, nic->n_ips, p);
}

static int
compare_nics(const void *a_, const void *b_)
{
    const struct model_nic *const *a = a_, *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

static void
ee_props(const void *ee_, struct props *p)
{
    const struct model_ee *ee = ee_;

    put(p, "label", "-", "%s", label_name(ee->label));
    put(p, "kind", NULL, "%s",
        ee->kind == MODEL_EE_NAMESPACE ? "namespace" : "vm");
    put(p, "host", "any", "%s", ee->host ? ee->host : "any");
    put(p, "origin", "policy", "%s", origin_to_string(ee->origin));
    put(p, "managed", "no", "%s", ee->managed ? "yes" : "no");
    if (ee->n_nics <= 1) {
        if (ee->n_nics) {
            put_nic(ee->nics[0], p);
        }
        return;
    }

    struct model_nic **sorted = xmemdup(ee->nics,
                                        ee->n_nics * sizeof *sorted);
    qsort(sorted, ee->n_nics, sizeof *sorted, compare_nics);
    for (size_t i = 0; i < ee->n_nics; i++) {
        put_nic(sorted[i], p);
    }
    free(sorted);
}

/* --- Comparing. */

typedef void props_func(const void *object, struct props *);

struct differ {
    struct diff *diff;
    size_t allocated;
    struct props old, new;      /* Buffers. */
};

/* Notes how 'old' became 'new'; either may be NULL.  Takes 'name'. */
static void
diff_objects(struct differ *d, enum diff_kind kind, char *name,
             const void *old, const void *new, props_func *props)
{
    struct svec details = SVEC_EMPTY_INITIALIZER;

    ds_clear(&d->old.text);
    ds_clear(&d->new.text);
    if (old && new) {
        props(old, &d->old);
        props(new, &d->new);
        if (d->old.text.length == d->new.text.length
            && !memcmp(d->old.text.string, d->new.text.string,
                       d->new.text.length)) {
            free(name);
            return;
        }
        describe_change(&d->old, &d->new, &details);
    } else if (new) {
        props(new, &d->new);
        describe_addition(&d->new, &details);
    }

    if (d->diff->n >= d->allocated) {
        d->diff->changes = x2nrealloc(d->diff->changes, &d->allocated,
                                      sizeof *d->diff->changes);
    }
    d->diff->changes[d->diff->n++] = (struct diff_change) {
        .kind = kind, .name = name, .details = details,
        .op = !old ? DIFF_ADD : !new ? DIFF_REMOVE : DIFF_CHANGE,
    };
}

/* Calls diff_objects() for each name in 'old' or 'new' (NULL: empty), in the
 * order of names.  Names of changes get 'prefix' in front. */
static void
diff_shashes(struct differ *d, enum diff_kind kind, const char *prefix,
             const struct shash *old, const struct shash *new,
             props_func *props)
{
    size_t n_old = old ? shash_count(old) : 0;
    size_t n_new = new ? shash_count(new) : 0;
    const struct shash_node **a = old ? shash_sort(old) : NULL;
    const struct shash_node **b = new ? shash_sort(new) : NULL;

    for (size_t i = 0, j = 0; i < n_old || j < n_new; ) {
        int cmp = i >= n_old ? 1 : j >= n_new ? -1
                  : strcmp(a[i]->name, b[j]->name);
        const char *name = cmp <= 0 ? a[i]->name : b[j]->name;

        diff_objects(d, kind, xasprintf("%s%s", prefix, name),
                     cmp <= 0 ? a[i]->data : NULL,
                     cmp >= 0 ? b[j]->data : NULL, props);
        i += cmp <= 0;
        j += cmp >= 0;
    }
    free(a);
    free(b);
}

static void
diff_pool(struct differ *d, const char *name, const struct model_range *old,
          const struct model_range *new)
{
    const struct model_range *a = old && old->max ? old : NULL;
    const struct model_range *b = new && new->max ? new : NULL;

    if (a || b) {
        diff_objects(d, DIFF_POOL, xstrdup(name), a, b, pool_props);
    }
}

/* The names in 'old' or 'new' (NULL: empty), sorted. */
static void
all_names(const struct shash *old, const struct shash *new,
          struct svec *names)
{
    struct shash_node *node;

    svec_init(names);
    if (old) {
        SHASH_FOR_EACH (node, old) {
            svec_add(names, node->name);
        }
    }
    if (new) {
        SHASH_FOR_EACH (node, new) {
            svec_add(names, node->name);
        }
    }
    svec_sort_unique(names);
}

static void
diff_roles(struct differ *d, const char *name, const struct model_tvd *old,
           const struct model_tvd *new)
{
    char *prefix = xasprintf("%s/", name);

    diff_shashes(d, DIFF_ROLE, prefix, old ? &old->roles : NULL,
                 new ? &new->roles : NULL, role_props);
    free(prefix);
}

static void
diff_rules(struct differ *d, const char *name, const struct model_tvd *old,
           const struct model_tvd *new)
{
    struct svec roles;
    const char *role;
    size_t i;

    all_names(old ? &old->roles : NULL, new ? &new->roles : NULL, &roles);
    SVEC_FOR_EACH (i, role, &roles) {
        const struct model_role *a = old ? model_role_find(old, role) : NULL;
        const struct model_role *b = new ? model_role_find(new, role) : NULL;
        char *prefix = xasprintf("%s/%s -> ", name, role);

        diff_shashes(d, DIFF_FLOW, prefix, a ? &a->rules : NULL,
                     b ? &b->rules : NULL, rule_props);
        free(prefix);
    }
    svec_destroy(&roles);
}

typedef void diff_below_func(struct differ *, const char *name,
                             const struct model_tvd *old,
                             const struct model_tvd *new);

/* Calls 'cb' with each TVD of 'old' or 'new', in the order of names. */
static void
diff_below_tvds(struct differ *d, const struct shash *old,
                const struct shash *new, diff_below_func *cb)
{
    struct svec names;
    const char *name;
    size_t i;

    all_names(old, new, &names);
    SVEC_FOR_EACH (i, name, &names) {
        cb(d, name, old ? shash_find_data(old, name) : NULL,
           new ? shash_find_data(new, name) : NULL);
    }
    svec_destroy(&names);
}

void
diff_models(const struct model *old, const struct model *new,
            struct diff *diff)
{
    struct differ d = { .diff = diff };

#define BOTH(MEMBER) (old ? &old->MEMBER : NULL), (new ? &new->MEMBER : NULL)
    *diff = (struct diff) { .n = 0 };
    ds_init(&d.old.text);
    ds_init(&d.new.text);
    diff_shashes(&d, DIFF_LABEL, "", BOTH(labels), label_props);
    diff_shashes(&d, DIFF_CONFLICT, "", BOTH(conflicts), conflict_props);
    diff_pool(&d, "vlan_pool", BOTH(vlan_pool));
    diff_pool(&d, "vni_pool", BOTH(vni_pool));
    diff_shashes(&d, DIFF_SWITCH, "", BOTH(switches), switch_props);
    diff_shashes(&d, DIFF_HOST, "", BOTH(hosts), host_props);
    diff_shashes(&d, DIFF_TVD, "", BOTH(tvds), tvd_props);
    diff_below_tvds(&d, BOTH(tvds), diff_roles);
    diff_below_tvds(&d, BOTH(tvds), diff_rules);
    diff_shashes(&d, DIFF_EE, "", BOTH(ees), ee_props);
    ds_destroy(&d.old.text);
    ds_destroy(&d.new.text);
#undef BOTH
}

void
diff_destroy(struct diff *diff)
{
    if (diff) {
        for (size_t i = 0; i < diff->n; i++) {
            free(diff->changes[i].name);
            svec_destroy(&diff->changes[i].details);
        }
        free(diff->changes);
        *diff = (struct diff) { .n = 0 };
    }
}

/* --- Showing. */

struct json *
diff_to_json(const struct diff *diff)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < diff->n; i++) {
        const struct diff_change *change = &diff->changes[i];
        struct json *json = json_object_create();
        struct json *details = json_array_create_empty();
        const char *detail;
        size_t j;

        SVEC_FOR_EACH (j, detail, &change->details) {
            json_array_add(details, json_string_create(detail));
        }
        json_object_put_string(json, "op", diff_op_to_string(change->op));
        json_object_put_string(json, "kind",
                               diff_kind_to_string(change->kind));
        json_object_put_string(json, "name", change->name);
        json_object_put(json, "details", details);
        json_array_add(array, json);
    }
    return array;
}
