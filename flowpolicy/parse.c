/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections of a file, in the order in which they refer to each other, and
 * those that are short: labels, conflict sets, hosts, pools. */

#include <config.h>
#include "flowpolicy/parse.h"

#include <stdlib.h>
#include <string.h>
#include "hash.h"
#include "util.h"

/* Comparisons spent on suggestions for misspelt names in one run. */
#define SUGGEST_BUDGET (2 * 1000 * 1000)

/* --- The parser ----------------------------------------------------------- */

void
parser_init(struct parser *p, struct model *m, struct policy_errors *errors)
{
    *p = (struct parser) {
        .m = m,
        .errors = errors,
        .budget = SUGGEST_BUDGET,
    };
    hmap_init(&p->tvds);
    hmap_init(&p->ips);
    hmap_init(&p->broken_ees);
    shash_init(&p->router_macs);
    shash_init(&p->vlans);
    shash_init(&p->vnis);
    shash_init(&p->host_addresses);
    shash_init(&p->switch_ports);
    shash_init(&p->switch_addresses);
}

void
parser_destroy(struct parser *p)
{
    struct parse_tvd *info;

    HMAP_FOR_EACH_POP (info, node, &p->tvds) {
        free(info->n_declared);
        free(info);
    }
    hmap_destroy(&p->tvds);
    parse_ees_destroy(p);
    shash_destroy(&p->router_macs);
    shash_destroy(&p->vlans);
    shash_destroy(&p->vnis);
    shash_destroy(&p->host_addresses);
    shash_destroy_free_data(&p->switch_ports);
    shash_destroy(&p->switch_addresses);
}

struct parse_tvd *
parse_tvd_info(struct parser *p, const struct model_tvd *tvd)
{
    uint32_t hash = hash_pointer(tvd, 0);
    struct parse_tvd *info;

    HMAP_FOR_EACH_WITH_HASH (info, node, hash, &p->tvds) {
        if (info->tvd == tvd) {
            return info;
        }
    }
    info = xzalloc(sizeof *info);
    info->tvd = CONST_CAST(struct model_tvd *, tvd);
    hmap_insert(&p->tvds, &info->node, hash);
    return info;
}

/* --- Labels and conflict sets --------------------------------------------- */

static void
parse_types(struct parser *p, const struct node *value, const char *what,
            struct sset *types)
{
    if (!parse_is_list(p, value, what, "a list of types, as in [red, blue]")) {
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        if (parse_string(p, item, "type")
            && parse_name(p, item, "type", PARSE_NAME_MAX)
            && !sset_add(types, item->text)) {
            parse_error(p, item, "type '%s' is here twice", item->text);
        }
    }
}

static void
parse_labels(struct parser *p, const struct node *section)
{
    for (const struct node *key = section->first; key; key = key->next) {
        struct model_label *label = model_label_add(p->m, key->text);

        label->loc = parse_loc(key);
        parse_name(p, key, "label", PARSE_NAME_MAX);
        parse_types(p, key->value, "label", &label->types);
        if (key->value->kind == NODE_LIST && !key->value->first) {
            parse_error(p, key->value, "label '%s' has no types", key->text);
        }
    }
}

static void
parse_conflicts(struct parser *p, const struct node *section)
{
    for (const struct node *key = section->first; key; key = key->next) {
        struct model_conflict *set = model_conflict_add(p->m, key->text);
        const struct node *first = key->value->first;

        set->loc = parse_loc(key);
        parse_name(p, key, "conflict set", PARSE_NAME_MAX);
        parse_types(p, key->value, "conflict set", &set->types);
        if (key->value->kind == NODE_LIST && (!first || !first->next)) {
            parse_error(p, key->value, "conflict set '%s' needs two types or "
                        "more", key->text);
        }
    }
}

/* --- Hosts ---------------------------------------------------------------- */

/* A host and, while it is read, where its keys are. */
struct host_reader {
    struct model_host *host;
    const struct node *switch_node;
    const struct node *port_node;
};

static void
host_label(struct parser *p, const struct node *value, void *r_)
{
    struct host_reader *r = r_;

    r->host->label = parse_ref(p, value, "label", "labels", &p->m->labels,
                               p->broken & BROKEN_LABELS);
}

static void
host_address(struct parser *p, const struct node *value, void *r_)
{
    struct host_reader *r = r_;

    parse_unique_ip(p, value, "host", &p->host_addresses, r->host->name,
                    &r->host->address);
}

static void
host_switch(struct parser *p, const struct node *value, void *r_)
{
    struct host_reader *r = r_;

    r->switch_node = value;
    if (parse_ref(p, value, "switch", "switches", &p->m->switches,
                  p->broken & BROKEN_SWITCHES)) {
        r->host->switch_name = xstrdup(value->text);
    }
}

static void
host_port(struct parser *p, const struct node *value, void *r_)
{
    struct host_reader *r = r_;

    r->port_node = value;
    r->host->switch_port = parse_switch_port(p, value);
}

/* A port has room for one host, and needs to be told with its switch. */
static void
check_attachment(struct parser *p, const struct host_reader *r)
{
    struct model_host *host = r->host;

    if (r->switch_node && !r->port_node) {
        parse_error(p, r->switch_node, "host '%s' has a switch, but lacks the "
                    "key 'port'", host->name);
    } else if (r->port_node && !r->switch_node) {
        parse_error(p, r->port_node, "host '%s' has a port, but lacks the key "
                    "'switch'", host->name);
    } else if (host->switch_name && host->switch_port) {
        char *what = xasprintf("host '%s'", host->name);

        parse_occupy_port(p, r->port_node, host->switch_name,
                          host->switch_port, what);
        free(what);
    }
}

static void
parse_hosts(struct parser *p, const struct node *section)
{
    static const struct parse_field fields[] = {
        { "label", host_label, true },
        { "address", host_address, false },
        { "switch", host_switch, false },
        { "port", host_port, false },
    };

    for (const struct node *key = section->first; key; key = key->next) {
        struct host_reader r = { .host = model_host_add(p->m, key->text) };
        char *what = xasprintf("host '%s'", key->text);

        r.host->loc = parse_loc(key);
        parse_name(p, key, "host", PARSE_NAME_MAX);
        parse_map(p, key, key->value, what, fields, ARRAY_SIZE(fields), &r);
        check_attachment(p, &r);
        free(what);
    }
}

/* --- Pools ---------------------------------------------------------------- */

static void
parse_pool(struct parser *p, const struct node *value, const char *what,
           unsigned int max, struct model_range *pool)
{
    const struct node *first = value->first;
    unsigned int ends[2];

    if (value->kind != NODE_LIST || !first || !first->next
        || first->next->next) {
        parse_error(p, value, "%s must be a list of the first and the last "
                    "number, as in [100, 199]", what);
        return;
    }

    bool good = parse_uint(p, first, what, 1, max, &ends[0]);
    good = parse_uint(p, first->next, what, 1, max, &ends[1]) && good;
    if (good && ends[0] > ends[1]) {
        parse_error(p, value, "%s is empty: %u is above %u",
                    what, ends[0], ends[1]);
    } else if (good) {
        pool->min = ends[0];
        pool->max = ends[1];
        pool->loc = parse_loc(value);
    }
}

/* --- The file ------------------------------------------------------------- */

static void
policy_version(struct parser *p, const struct node *value, void *aux)
{
    if (value->kind != NODE_SCALAR || node_type(value) != NODE_INT
        || node_int(value) != 1) {
        char *found = node_describe(value);

        parse_error(p, value, "version must be 1, the only one there is, "
                    "not %s", found);
        free(found);
    }
}

static void
policy_vlan_pool(struct parser *p, const struct node *value, void *aux)
{
    parse_pool(p, value, "vlan_pool", 4094, &p->m->vlan_pool);
}

static void
policy_vni_pool(struct parser *p, const struct node *value, void *aux)
{
    parse_pool(p, value, "vni_pool", (1u << 24) - 1, &p->m->vni_pool);
}

/* Keeps a section for later.  A section with nothing in it, not even "{}", is
 * what remains when all its entries are commented out. */
static void
keep_section(struct parser *p, const struct node *value, const char *what,
             unsigned int broken, const struct node **section)
{
    if (value->kind == NODE_SCALAR && node_type(value) == NODE_NULL) {
        return;
    }
    if (parse_is_map(p, value, what, "a map of names")) {
        *section = value;
    } else {
        p->broken |= broken;
    }
}

#define SECTION(NAME, BROKEN)                                           \
    static void                                                         \
    policy_##NAME(struct parser *p, const struct node *value, void *aux) \
    {                                                                   \
        keep_section(p, value, #NAME, BROKEN, &p->sections.NAME);       \
    }
SECTION(labels, BROKEN_LABELS)
SECTION(conflicts, 0)
SECTION(tvds, BROKEN_TVDS)
SECTION(flows, 0)
SECTION(hosts, BROKEN_HOSTS)
SECTION(switches, BROKEN_SWITCHES)
SECTION(ees, BROKEN_EES)

void
parse_policy(struct parser *p, const struct node *root)
{
    static const struct parse_field fields[] = {
        { "version", policy_version, true },
        { "labels", policy_labels, false },
        { "conflicts", policy_conflicts, false },
        { "vlan_pool", policy_vlan_pool, false },
        { "vni_pool", policy_vni_pool, false },
        { "tvds", policy_tvds, false },
        { "flows", policy_flows, false },
        { "switches", policy_switches, false },
        { "hosts", policy_hosts, false },
        { "ees", policy_ees, false },
    };
    static const struct {
        size_t offset;
        void (*parse)(struct parser *, const struct node *section);
    } order[] = {
        { offsetof(struct parse_sections, labels), parse_labels },
        { offsetof(struct parse_sections, conflicts), parse_conflicts },
        { offsetof(struct parse_sections, switches), parse_switches },
        { offsetof(struct parse_sections, hosts), parse_hosts },
        { offsetof(struct parse_sections, tvds), parse_tvds },
        { offsetof(struct parse_sections, switches), parse_switch_ports },
        { offsetof(struct parse_sections, ees), parse_ees },
        { offsetof(struct parse_sections, flows), parse_flows },
    };

    if (!parse_map(p, root, root, "the policy", fields, ARRAY_SIZE(fields),
                   NULL)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        const struct node *section = *(const struct node **)
            ((char *) &p->sections + order[i].offset);

        if (section) {
            order[i].parse(p, section);
        }
    }
    check_policy(p);
}
