/* SPDX-License-Identifier: Apache-2.0
 *
 * Switches: how they are reached, and which of their ports are ours. */

#include <config.h>
#include "flowpolicy/parse.h"

#include <stdlib.h>
#include <string.h>
#include "svec.h"
#include "util.h"

/* --- How it is reached ---------------------------------------------------- */

static void
snmp_version(struct parser *p, const struct node *value, void *snmp)
{
    /* 3 is a number for YAML, 2c is a string. */
    bool is_scalar = value->kind == NODE_SCALAR;

    if (is_scalar && (!strcmp(value->text, "3")
                      || !strcmp(value->text, "2c"))) {
        smap_replace(snmp, "version", value->text);
    } else {
        char *found = node_describe(value);

        parse_error(p, value, "version of SNMP must be 3 or 2c, not %s",
                    found);
        free(found);
    }
}

static void
snmp_credentials(struct parser *p, const struct node *value, void *snmp)
{
    /* It becomes part of the name of a file.  What stands here by mistake may
     * be a secret, and is not shown. */
    if (value->kind != NODE_SCALAR || node_type(value) != NODE_STRING
        || !parse_name_is_valid(value->text, PARSE_NAME_MAX)) {
        parse_error(p, value, "credentials must be the name of a file with "
                    "secrets: up to %d letters, digits, '_', '.', '-'",
                    PARSE_NAME_MAX);
    } else {
        smap_replace(snmp, "credentials", value->text);
    }
}

static void
snmp_insecure(struct parser *p, const struct node *value, void *snmp)
{
    bool insecure;

    if (parse_bool(p, value, "insecure", &insecure)) {
        smap_replace(snmp, "insecure", insecure ? "true" : "false");
    }
}

static void
snmp_profile(struct parser *p, const struct node *value, void *snmp)
{
    if (parse_string(p, value, "profile")
        && parse_name(p, value, "profile", PARSE_NAME_MAX)) {
        smap_replace(snmp, "profile", value->text);
    }
}

static void
switch_snmp(struct parser *p, const struct node *value, void *sw_)
{
    static const struct parse_field fields[] = {
        { "version", snmp_version, true },
        { "credentials", snmp_credentials, true },
        { "insecure", snmp_insecure, false },
        { "profile", snmp_profile, false },
    };
    struct model_switch *sw = sw_;

    parse_map(p, value, value, "snmp", fields, ARRAY_SIZE(fields), &sw->snmp);
    if (!strcmp(smap_get_def(&sw->snmp, "version", ""), "2c")
        && !smap_get_bool(&sw->snmp, "insecure", false)) {
        parse_error(p, value, "SNMP version 2c protects nothing; use version "
                    "3, or add 'insecure: true'");
    }
}

static void
switch_address(struct parser *p, const struct node *value, void *sw_)
{
    struct model_switch *sw = sw_;

    parse_unique_ip(p, value, "switch", &p->switch_addresses, sw->name,
                    &sw->address);
}

static void
switch_vlans(struct parser *p, const struct node *value, void *sw_)
{
    static const char *const words[] = {
        [MODEL_VLANS_ON_DEMAND] = "on-demand",
        [MODEL_VLANS_LABEL] = "label",
    };
    struct model_switch *sw = sw_;
    size_t i;

    if (parse_word(p, value, "vlans", words, ARRAY_SIZE(words), &i)) {
        sw->vlans = i;
    }
}

static void
switch_manage(struct parser *p, const struct node *value, void *sw_)
{
    struct model_switch *sw = sw_;

    parse_bool(p, value, "manage", &sw->manage);
}

static void
switch_save(struct parser *p, const struct node *value, void *sw_)
{
    struct model_switch *sw = sw_;

    parse_bool(p, value, "save", &sw->save);
}

static void
switch_filter_others(struct parser *p, const struct node *value, void *sw_)
{
    struct model_switch *sw = sw_;

    parse_bool(p, value, "filter_others", &sw->filter_others);
}

static void
switch_adopt(struct parser *p, const struct node *value, void *sw_)
{
    struct model_switch *sw = sw_;

    if (!parse_is_list(p, value, "adopt", "a list of VLAN ids, as in "
                       "[110, 120]")) {
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        unsigned int vlan;

        if (parse_uint(p, item, "VLAN id", 1, 4094, &vlan)) {
            size_t n = sw->n_adopt;

            model_switch_adopt(sw, vlan);
            if (sw->n_adopt == n) {
                parse_error(p, item, "VLAN id %u is here twice", vlan);
            }
        }
    }
}

static void
switch_parking(struct parser *p, const struct node *value, void *sw_)
{
    struct model_switch *sw = sw_;
    unsigned int vlan;

    if (parse_uint(p, value, "parking", 1, 4094, &vlan)) {
        sw->parking = vlan;
        sw->parking_loc = parse_loc(value);
    }
}

/* Keys that parse_switch_ports() reads. */
static void
switch_later(struct parser *p, const struct node *value, void *sw)
{
}

void
parse_switches(struct parser *p, const struct node *section)
{
    static const struct parse_field fields[] = {
        { "address", switch_address, true },
        { "snmp", switch_snmp, false },
        { "vlans", switch_vlans, false },
        { "manage", switch_manage, false },
        { "save", switch_save, false },
        { "adopt", switch_adopt, false },
        { "filter_others", switch_filter_others, false },
        { "parking", switch_parking, false },
        { "links", switch_later, false },
        { "ports", switch_later, false },
    };

    for (const struct node *key = section->first; key; key = key->next) {
        struct model_switch *sw = model_switch_add(p->m, key->text);
        char *what = xasprintf("switch '%s'", key->text);

        sw->loc = parse_loc(key);
        parse_name(p, key, "switch", PARSE_NAME_MAX);
        parse_map(p, key, key->value, what, fields, ARRAY_SIZE(fields), sw);
        free(what);
    }
}

/* --- Ports ---------------------------------------------------------------- */

/* As for a name, and what vendors put into names of ports. */
static bool
port_name_is_valid(const char *name)
{
    char word[PARSE_NAME_MAX + 1];
    size_t len = strlen(name);

    if (len > PARSE_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i <= len; i++) {
        word[i] = name[i] && i && strchr(" /:", name[i]) ? '_' : name[i];
    }
    return parse_name_is_valid(word, PARSE_NAME_MAX);
}

static bool
check_port_name(struct parser *p, const struct node *node)
{
    if (!port_name_is_valid(node->text)) {
        parse_error(p, node, "'%s' is not a port of a switch: a number, "
                    "or up to %d letters, digits, blanks, '_', '.', '-', "
                    "'/', ':', the first a letter or digit", node->text,
                    PARSE_NAME_MAX);
        return false;
    }
    return true;
}

char *
parse_switch_port(struct parser *p, const struct node *value)
{
    if (value->kind == NODE_SCALAR && node_type(value) == NODE_INT) {
        unsigned int port;

        /* "port: 1" is what people write. */
        return (parse_uint(p, value, "port", 1, INT32_MAX, &port)
                ? xasprintf("%u", port) : NULL);
    }
    return (parse_string(p, value, "port") && check_port_name(p, value)
            ? xstrdup(value->text) : NULL);
}

bool
parse_occupy_port(struct parser *p, const struct node *node, const char *sw,
                  const char *port, const char *what)
{
    char *id = xasprintf("%s/%s", sw, port);
    const char *other = shash_find_data(&p->switch_ports, id);

    if (other) {
        parse_error(p, node, "port %s of switch '%s' is already that of %s",
                    port, sw, other);
    } else {
        shash_add(&p->switch_ports, id, xstrdup(what));
    }
    free(id);
    return !other;
}

/* What follows a port of a switch in the file. */
struct port_reader {
    struct model_tvd *tvd;
    struct model_switch *peer;
    char *peer_port;
};

static void
port_tvd(struct parser *p, const struct node *value, void *r_)
{
    struct port_reader *r = r_;

    r->tvd = parse_ref(p, value, "TVD", "tvds", &p->m->tvds,
                       p->broken & BROKEN_TVDS);
    if (r->tvd && r->tvd->channel != MODEL_CHANNEL_VLAN) {
        parse_error(p, value, "TVD '%s' has no VLAN on switches: its channel "
                    "is not 'vlan'", r->tvd->name);
        r->tvd = NULL;
    }
}

static void
parse_access_port(struct parser *p, struct model_switch *sw,
                  const struct node *key)
{
    static const struct parse_field fields[] = { { "tvd", port_tvd, true } };
    char *what = xasprintf("port %s", key->text);
    struct port_reader r = { .tvd = NULL };

    if (parse_map(p, key, key->value, what, fields, ARRAY_SIZE(fields), &r)
        && check_port_name(p, key) && r.tvd) {
        char *whose = xasprintf("TVD '%s'", r.tvd->name);

        if (parse_occupy_port(p, key, sw->name, key->text, whose)) {
            struct model_switch_port *port = model_switch_port_add(sw,
                                                                   key->text);

            port->loc = parse_loc(key);
            port->tvd = xstrdup(r.tvd->name);
        }
        free(whose);
    }
    free(what);
}

/* --- Links ---------------------------------------------------------------- */

static void
link_switch(struct parser *p, const struct node *value, void *r_)
{
    struct port_reader *r = r_;

    r->peer = parse_ref(p, value, "switch", "switches", &p->m->switches,
                        p->broken & BROKEN_SWITCHES);
}

static void
link_port(struct parser *p, const struct node *value, void *r_)
{
    struct port_reader *r = r_;

    r->peer_port = parse_switch_port(p, value);
}

static void
add_link_end(struct model_switch *sw, const char *name,
             const struct model_switch *peer, const char *peer_port,
             struct model_loc loc)
{
    struct model_switch_port *port = model_switch_port_add(sw, name);

    port->loc = loc;
    port->peer = xstrdup(peer->name);
    port->peer_port = xstrdup(peer_port);
}

/* True if the link has been told before, from its other end. */
static bool
is_known_link(const struct model_switch *sw, const char *name,
              const struct port_reader *r)
{
    const struct model_switch_port *port = shash_find_data(&sw->ports, name);

    return (port && port->peer && !strcmp(port->peer, r->peer->name)
            && !strcmp(port->peer_port, r->peer_port));
}

static void
add_link(struct parser *p, struct model_switch *sw, const struct node *key,
         const struct port_reader *r)
{
    char *here, *there;

    if (r->peer == sw) {
        parse_error(p, key, "port %s of switch '%s' is linked to the switch "
                    "itself", key->text, sw->name);
        return;
    } else if (is_known_link(sw, key->text, r)) {
        return;
    }
    here = xasprintf("the link to port %s of '%s'", r->peer_port,
                     r->peer->name);
    there = xasprintf("the link to port %s of '%s'", key->text, sw->name);
    if (parse_occupy_port(p, key, sw->name, key->text, here)
        && parse_occupy_port(p, key, r->peer->name, r->peer_port, there)) {
        add_link_end(sw, key->text, r->peer, r->peer_port, parse_loc(key));
        add_link_end(r->peer, r->peer_port, sw, key->text, parse_loc(key));
    }
    free(here);
    free(there);
}

static void
parse_link(struct parser *p, struct model_switch *sw, const struct node *key)
{
    static const struct parse_field fields[] = {
        { "switch", link_switch, true },
        { "port", link_port, true },
    };
    char *what = xasprintf("link %s", key->text);
    struct port_reader r = { .peer = NULL };

    if (parse_map(p, key, key->value, what, fields, ARRAY_SIZE(fields), &r)
        && check_port_name(p, key) && r.peer && r.peer_port) {
        add_link(p, sw, key, &r);
    }
    free(r.peer_port);
    free(what);
}

static bool
reaches(const struct model *m, const char *sw_name, const char *wanted,
        struct sset *seen, struct svec *path)
{
    const struct model_switch *sw = model_switch_find(m, sw_name);
    const struct shash_node *node;

    if (!sset_add(seen, sw_name)) {
        return false;
    }
    svec_add(path, sw_name);
    if (!strcmp(sw_name, wanted)) {
        return true;
    }
    SHASH_FOR_EACH (node, &sw->ports) {
        const struct model_switch_port *port = node->data;

        if (port->peer && reaches(m, port->peer, wanted, seen, path)) {
            return true;
        }
    }
    free(path->names[--path->n]);
    return false;
}

/* Complains if a link from 'sw' to 'peer' would be the second way between
 * them. */
static bool
closes_loop(struct parser *p, const struct node *key,
            const struct model_switch *sw, const char *peer)
{
    struct sset seen = SSET_INITIALIZER(&seen);
    struct svec path = SVEC_EMPTY_INITIALIZER;
    bool loop = reaches(p->m, sw->name, peer, &seen, &path);

    if (loop) {
        char *way = svec_join(&path, ", ", "");

        parse_error(p, key, "the link closes a loop, in which frames would "
                    "circle: there is a way over %s; name one of several "
                    "cables, or the aggregate that they are bound to", way);
        free(way);
    }
    svec_destroy(&path);
    sset_destroy(&seen);
    return loop;
}

/* --- Both ----------------------------------------------------------------- */

static void
parse_links(struct parser *p, struct model_switch *sw, const struct node *map)
{
    for (const struct node *key = map->first; key; key = key->next) {
        const struct node *peer = (key->value->kind == NODE_MAP
                                   ? parse_find_key(key->value, "switch")
                                   : NULL);
        const struct model_switch_port *known = shash_find_data(&sw->ports,
                                                                key->text);

        if (peer && peer->value->kind == NODE_SCALAR
            && !(known && known->peer)
            && strcmp(peer->value->text, sw->name)
            && model_switch_find(p->m, peer->value->text)
            && closes_loop(p, key, sw, peer->value->text)) {
            continue;
        }
        parse_link(p, sw, key);
    }
}

static void
parse_access_ports(struct parser *p, struct model_switch *sw,
                   const struct node *map)
{
    for (const struct node *key = map->first; key; key = key->next) {
        parse_access_port(p, sw, key);
    }
}

void
parse_switch_ports(struct parser *p, const struct node *section)
{
    static const struct {
        const char *name;
        void (*parse)(struct parser *, struct model_switch *,
                      const struct node *map);
    } keys[] = {
        { "links", parse_links },
        { "ports", parse_access_ports },
    };

    for (const struct node *key = section->first; key; key = key->next) {
        struct model_switch *sw = model_switch_find(p->m, key->text);

        for (size_t i = 0; key->value->kind == NODE_MAP
                           && i < ARRAY_SIZE(keys); i++) {
            const struct node *found = parse_find_key(key->value,
                                                      keys[i].name);

            if (found && parse_is_map(p, found->value, keys[i].name,
                                      "a map of ports")) {
                keys[i].parse(p, sw, found->value);
            }
        }
    }
}
