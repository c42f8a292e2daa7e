/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/readback.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "svec.h"
#include "util.h"

/* What has been collected. */
struct skeleton {
    size_t n_chains;            /* Of those that should be there, as they */
    bool odd;                   /* should be; whether there is anything else. */
    struct svec objects;        /* Table, counters, sets, chains; unsorted. */
    struct ds rules;            /* In the order of their chains. */
};

static const char *
get_string(const struct json *object, const char *key)
{
    const struct json *json = shash_find_data(json_object(object), key);

    return json && json->type == JSON_STRING ? json_string(json) : NULL;
}

static bool
is_our_table(const struct json *object, const char *name_key)
{
    const char *family = get_string(object, "family");
    const char *table = get_string(object, name_key);

    return family && table && !strcmp(family, "inet")
           && !strcmp(table, GATEWAY_TABLE);
}

/* Takes 'key' out of 'object', if it is there; caller owns. */
static struct json *
take(struct json *object, const char *key)
{
    return shash_find_and_delete(json_object(object), key);
}

static void
read_counter(struct json *body, struct gateway_observed *o)
{
    struct json *packets = take(body, "packets");
    struct json *bytes = take(body, "bytes");
    const char *name = get_string(body, "name");

    if (name && packets && packets->type == JSON_INTEGER && bytes
        && bytes->type == JSON_INTEGER) {
        struct gateway_counter *c = xmalloc(sizeof *c);

        c->packets = json_integer(packets);
        c->bytes = json_integer(bytes);
        if (!shash_add_once(&o->counters, name, c)) {
            free(c);
        }
    }
    json_destroy(packets);
    json_destroy(bytes);
}

static bool
read_element(const struct json *elem, struct gateway_set *set)
{
    struct in6_addr *ip = &set->ips[set->n];
    ovs_be32 ipv4;

    if (elem->type != JSON_STRING) {
        return false;
    }
    if (set->ipv6) {
        if (!ipv6_parse(json_string(elem), ip)) {
            return false;
        }
    } else {
        if (!ip_parse(json_string(elem), &ipv4)) {
            return false;
        }
        in6_addr_set_mapped_ipv4(ip, ipv4);
    }
    set->n++;
    return true;
}

static int
compare_ips(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

/* Moves the elements of an address set from 'body' to 'o', unless there is one
 * that is no plain address: then they stay and make the skeleton differ. */
static void
read_set(struct json *body, struct gateway_observed *o)
{
    const char *name = get_string(body, "name");
    const char *type = get_string(body, "type");
    bool ipv6 = type && !strcmp(type, "ipv6_addr");
    const struct json *elem = shash_find_data(json_object(body), "elem");

    if (!name || !type || (!ipv6 && strcmp(type, "ipv4_addr"))
        || (elem && elem->type != JSON_ARRAY)) {
        return;
    }

    size_t n = elem ? json_array(elem)->n : 0;
    struct gateway_set *set = xzalloc(sizeof *set);
    bool plain = true;

    set->name = xstrdup(name);
    set->comment = nullable_xstrdup(get_string(body, "comment"));
    set->ipv6 = ipv6;
    set->ips = xcalloc(MAX(n, 1), sizeof *set->ips);
    for (size_t i = 0; i < n; i++) {
        plain = read_element(json_array(elem)->elems[i], set) && plain;
    }
    qsort(set->ips, set->n, sizeof *set->ips, compare_ips);
    if (plain) {
        json_destroy(take(body, "elem"));
    }
    if (!shash_add_once(&o->sets, name, set)) {
        gateway_set_destroy(set);
    }
}

/* True for the five chains of our table, if they are in the right place and
 * have the right policy. */
static bool
is_right_chain(const struct json *body)
{
    const char *name = get_string(body, "name");
    const char *type = get_string(body, "type");
    const char *hook = get_string(body, "hook");
    const char *policy = get_string(body, "policy");
    const struct json *prio = shash_find_data(json_object(body), "prio");

    if (!name) {
        return false;
    }
    if (!strcmp(name, "own") || !strcmp(name, "transit")) {
        return !hook && !type;
    }
    return (!strcmp(name, "input") || !strcmp(name, "forward")
            || !strcmp(name, "output"))
           && hook && !strcmp(hook, name) && type && !strcmp(type, "filter")
           && policy && !strcmp(policy, "drop")
           && prio && prio->type == JSON_INTEGER && !json_integer(prio);
}

static void
note_kind(const char *kind, const struct json *body, struct skeleton *skeleton,
          struct gateway_observed *o)
{
    const char *name = get_string(body, "name");

    if (!strcmp(kind, "chain") && is_right_chain(body)) {
        skeleton->n_chains++;
    } else if (!strcmp(kind, "set") && name) {
        sset_add(&o->set_names, name);
    } else if (!strcmp(kind, "counter") && name) {
        const char *comment = get_string(body, "comment");

        smap_replace(&o->comments, name, comment ? comment : "");
    } else if (strcmp(kind, "table") && strcmp(kind, "rule")) {
        skeleton->odd = true;
    }
}

static void
read_table(const struct json *body, struct gateway_observed *o)
{
    const char *family = get_string(body, "family");
    const char *name = get_string(body, "name");

    if (is_our_table(body, "name")) {
        o->table = true;
    } else if (family && name) {
        sset_add_and_free(&o->foreign_tables,
                          xasprintf("%s %s", family, name));
    }
}

/* 'object' has one member: its kind. */
static void
read_object(struct json *object, struct skeleton *skeleton,
            struct gateway_observed *o)
{
    const struct shash_node *node = shash_first(json_object(object));
    struct json *body = node->data;
    bool table = !strcmp(node->name, "table");

    if (body->type != JSON_OBJECT || !strcmp(node->name, "metainfo")) {
        return;
    }
    if (table) {
        read_table(body, o);
    }
    if (!is_our_table(body, table ? "name" : "table")) {
        return;
    }
    json_destroy(take(body, "handle"));
    note_kind(node->name, body, skeleton, o);
    if (!strcmp(node->name, "counter")) {
        read_counter(body, o);
    } else if (!strcmp(node->name, "set")) {
        read_set(body, o);
    }

    char *text = json_to_string(object, JSSF_SORT);
    if (!strcmp(node->name, "rule")) {
        ds_put_format(&skeleton->rules, "%s\n", text);
        free(text);
    } else {
        svec_add_nocopy(&skeleton->objects, text);
    }
}

static char *
finish(struct skeleton *skeleton)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    const char *s;
    size_t i;

    svec_sort(&skeleton->objects);
    SVEC_FOR_EACH (i, s, &skeleton->objects) {
        ds_put_format(&out, "%s\n", s);
    }
    ds_put_cstr(&out, ds_cstr(&skeleton->rules));
    return ds_steal_cstr(&out);
}

char *
gateway_readback(const char *text, struct gateway_observed *o)
{
    struct json *json = json_from_string(text);
    const struct json *list = json->type == JSON_OBJECT
        ? shash_find_data(json_object(json), "nftables") : NULL;
    struct skeleton skeleton = { .n_chains = 0 };
    char *error = NULL;

    svec_init(&skeleton.objects);
    ds_init(&skeleton.rules);
    if (!list || list->type != JSON_ARRAY) {
        error = xasprintf("cannot understand nft's listing: %s",
                          json->type == JSON_STRING ? json_string(json)
                          : "it has no list \"nftables\"");
    } else {
        for (size_t i = 0; i < json_array(list)->n; i++) {
            struct json *object = json_array(list)->elems[i];

            if (object->type == JSON_OBJECT
                && shash_count(json_object(object)) == 1) {
                read_object(object, &skeleton, o);
            }
        }
        if (o->table) {
            o->skeleton = finish(&skeleton);
            o->replaceable = skeleton.n_chains == 5 && !skeleton.odd;
        }
    }
    svec_destroy(&skeleton.objects);
    ds_destroy(&skeleton.rules);
    json_destroy(json);
    return error;
}
