/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading of single values, maps by a table of their keys, and references. */

#include <config.h>
#include "flowpolicy/parse.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "lib/suggest.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Not more names than this are listed in a message. */
#define MAX_LISTED 12

static void
add_error(struct parser *p, unsigned int line, unsigned int column,
          const char *format, va_list args)
{
    if (policy_errors_full(p->errors)) {
        p->errors->n_dropped++;
        return;
    }

    char *message = xvasprintf(format, args);
    policy_errors_add(p->errors, line, column, "%s%s%s",
                      p->prefix ? p->prefix : "", message,
                      p->suffix ? p->suffix : "");
    free(message);
}

void
parse_error(struct parser *p, const struct node *node, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_error(p, node->line, node->column, format, args);
    va_end(args);
}

void
parse_error_loc(struct parser *p, const struct model_loc *loc,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_error(p, loc->line, loc->column, format, args);
    va_end(args);
}

struct model_loc
parse_loc(const struct node *node)
{
    return (struct model_loc) { .line = node->line, .column = node->column };
}

/* --- What was meant, and what is valid ----------------------------------- */

static int
compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The nearest match of 'word', if looking for it does not take too long. */
static const char *
nearest(struct parser *p, const char *word, const char *const *words, size_t n)
{
    if (n > p->budget) {
        return NULL;
    }
    p->budget -= n;
    return suggest_nearest(word, words, n);
}

/* "; did you mean 'labels'? (valid: conflicts, ees, ...)" */
static char *
format_hint(struct parser *p, const char *word, const char *plural,
            const char *const *words, size_t n)
{
    const char *near = nearest(p, word, words, n);
    struct ds s = DS_EMPTY_INITIALIZER;

    if (near) {
        ds_put_format(&s, "; did you mean '%s'?", near);
    }
    if (!n) {
        ds_put_format(&s, "; no %s are declared", plural);
    } else if (n <= MAX_LISTED) {
        ds_put_format(&s, " (%s: ", plural);
        for (size_t i = 0; i < n; i++) {
            ds_put_format(&s, "%s%s", i ? ", " : "", words[i]);
        }
        ds_put_char(&s, ')');
    }
    return ds_steal_cstr(&s);
}

/* The same, with the names in 'set'. */
static char *
format_set_hint(struct parser *p, const char *word, const char *plural,
                const struct shash *set)
{
    size_t n = shash_count(set);

    if (n > p->budget || policy_errors_full(p->errors)) {
        return xstrdup("");
    }

    const char **names = xmalloc((n + 1) * sizeof *names);
    struct shash_node *node;
    size_t i = 0;

    SHASH_FOR_EACH (node, set) {
        names[i++] = node->name;
    }
    /* So that the first of equally near names is always the same one. */
    qsort(names, n, sizeof *names, compare_strings);

    char *hint = format_hint(p, word, plural, names, n);
    free(names);
    return hint;
}

/* --- Types ----------------------------------------------------------------- */

/* Complains that 'node' is not 'expected'. */
static bool
wrong_type(struct parser *p, const struct node *node, const char *what,
           const char *expected)
{
    char *found = node_describe(node);

    parse_error(p, node, "%s must be %s, not %s", what, expected, found);
    free(found);
    return false;
}

bool
parse_is_map(struct parser *p, const struct node *node, const char *what,
             const char *of)
{
    return node->kind == NODE_MAP || wrong_type(p, node, what, of);
}

bool
parse_is_list(struct parser *p, const struct node *node, const char *what,
              const char *of)
{
    return node->kind == NODE_LIST || wrong_type(p, node, what, of);
}

bool
parse_max_items(struct parser *p, const struct node *list, const char *what,
                size_t max)
{
    const struct node *item = list->first;

    for (size_t n = 0; item && n < max; n++) {
        item = item->next;
    }
    if (item) {
        parse_error(p, item, "%s has too many items, at most %"PRIuSIZE" are "
                    "allowed", what, max);
    }
    return !item;
}

/* --- Maps ----------------------------------------------------------------- */

static const struct parse_field *
find_field(const char *name, const struct parse_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(fields[i].name, name)) {
            return &fields[i];
        }
    }
    return NULL;
}

const struct node *
parse_find_key(const struct node *map, const char *name)
{
    for (const struct node *key = map->first; key; key = key->next) {
        if (!strcmp(key->text, name)) {
            return key;
        }
    }
    return NULL;
}

/* Complains about 'key', and returns what was meant, if that is clear. */
static const struct parse_field *
unknown_key(struct parser *p, const struct node *map, const struct node *key,
            const char *what, const struct parse_field *fields, size_t n)
{
    if (policy_errors_full(p->errors)) {
        parse_error(p, key, "unknown key");     /* Only counted. */
        return NULL;
    }

    const char **names = xmalloc(n * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        names[i] = fields[i].name;
    }

    const char *meant = suggest_nearest(key->text, names, n);
    struct ds valid = DS_EMPTY_INITIALIZER;
    for (size_t i = 0; i < n; i++) {
        ds_put_format(&valid, "%s%s", i ? ", " : "", names[i]);
    }
    free(names);

    if (meant) {
        parse_error(p, key, "unknown key '%s' in %s; did you mean '%s'? "
                    "(keys: %s)", key->text, what, meant, ds_cstr(&valid));
    } else {
        parse_error(p, key, "unknown key '%s' in %s (keys: %s)",
                    key->text, what, ds_cstr(&valid));
    }
    ds_destroy(&valid);
    return (meant && !parse_find_key(map, meant)
            ? find_field(meant, fields, n) : NULL);
}

bool
parse_map(struct parser *p, const struct node *at, const struct node *value,
          const char *what, const struct parse_field *fields, size_t n,
          void *object)
{
    uint64_t seen = 0;

    ovs_assert(n <= 64);
    if (!parse_is_map(p, value, what, "a map of keys and values")) {
        return false;
    }
    for (const struct node *key = value->first; key; key = key->next) {
        const struct parse_field *field = find_field(key->text, fields, n);

        if (!field) {
            field = unknown_key(p, value, key, what, fields, n);
        }
        if (field && !(seen & (UINT64_C(1) << (field - fields)))) {
            seen |= UINT64_C(1) << (field - fields);
            field->parse(p, key->value, object);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (fields[i].required && !(seen & (UINT64_C(1) << i))) {
            parse_error(p, at, "%s lacks the key '%s'", what, fields[i].name);
        }
    }
    return true;
}

/* --- Single values -------------------------------------------------------- */

bool
parse_string(struct parser *p, const struct node *node, const char *what)
{
    if (node->kind == NODE_SCALAR) {
        enum node_type type = node_type(node);

        if (type == NODE_STRING) {
            return true;
        }
        if (type != NODE_NULL) {
            return wrong_type(p, node, what, "a string (in quotes, if it "
                              "looks like a number or boolean)");
        }
    }
    return wrong_type(p, node, what, "a string");
}

bool
parse_uint(struct parser *p, const struct node *node, const char *what,
           unsigned int min, unsigned int max, unsigned int *value)
{
    if (node->kind != NODE_SCALAR || node_type(node) != NODE_INT) {
        char *expected = xasprintf("a number from %u to %u", min, max);

        wrong_type(p, node, what, expected);
        free(expected);
        return false;
    }

    int64_t n = node_int(node);
    if (n < min || n > max) {
        parse_error(p, node, "%s %s is out of range (%u to %u)",
                    what, node->text, min, max);
        return false;
    }
    *value = n;
    return true;
}

bool
parse_bool(struct parser *p, const struct node *node, const char *what,
           bool *value)
{
    if (node->kind != NODE_SCALAR || node_type(node) != NODE_BOOL) {
        return wrong_type(p, node, what, "true or false");
    }
    *value = node_bool(node);
    return true;
}

bool
parse_word(struct parser *p, const struct node *node, const char *what,
           const char *const *words, size_t n, size_t *index)
{
    if (!parse_string(p, node, what)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(words[i], node->text)) {
            *index = i;
            return true;
        }
    }

    char *hint = format_hint(p, node->text, "valid", words, n);
    parse_error(p, node, "unknown %s '%s'%s", what, node->text, hint);
    free(hint);
    return false;
}

bool
parse_mac(struct parser *p, const struct node *node, const char *what,
          struct eth_addr *mac)
{
    if (!parse_string(p, node, what)) {
        return false;
    }
    /* eth_addr_from_string() would take blanks and short bytes too. */
    if (strlen(node->text) != ETH_ADDR_STRLEN
        || node->text[strspn(node->text, "0123456789abcdefABCDEF:")]
        || !eth_addr_from_string(node->text, mac)) {
        parse_error(p, node, "%s '%s' is not a MAC address such as "
                    "02:00:00:00:00:01", what, node->text);
        return false;
    }
    if (eth_addr_is_zero(*mac) || eth_addr_is_multicast(*mac)) {
        parse_error(p, node, "%s %s is %s, which no interface may have",
                    what, node->text, eth_addr_is_zero(*mac)
                    ? "all zero" : "a multicast address");
        return false;
    }
    return true;
}

bool
parse_ip(struct parser *p, const struct node *node, const char *what,
         struct in6_addr *ip)
{
    struct in_addr ip4;

    if (!parse_string(p, node, what)) {
        return false;
    }
    if (inet_pton(AF_INET, node->text, &ip4) == 1) {
        in6_addr_set_mapped_ipv4(ip, ip4.s_addr);
        return true;
    }
    if (inet_pton(AF_INET6, node->text, ip) == 1
        && !IN6_IS_ADDR_V4MAPPED(ip)) {
        return true;
    }
    parse_error(p, node, "%s '%s' is not an IPv4 or IPv6 address%s",
                what, node->text, strchr(node->text, '/')
                ? "; leave out the prefix length" : "");
    return false;
}

char *
parse_format_ip(const struct in6_addr *ip)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ipv6_format_mapped(ip, &s);
    return ds_steal_cstr(&s);
}

void
parse_unique_ip(struct parser *p, const struct node *value, const char *what,
                struct shash *seen, const char *name, char **address)
{
    struct in6_addr ip;

    if (!parse_ip(p, value, "address", &ip)) {
        return;
    }
    free(*address);
    *address = parse_format_ip(&ip);

    const char *other = shash_find_data(seen, *address);
    if (other) {
        parse_error(p, value, "address %s is already that of %s '%s'",
                    *address, what, other);
    } else {
        shash_add(seen, *address, name);
    }
}

bool
parse_name_is_valid(const char *name, size_t max)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(name);

    if (!len || len > max || !strchr(first, name[0])) {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (!strchr(first, name[i]) && !strchr("_.-", name[i])) {
            return false;
        }
    }
    return true;
}

bool
parse_name(struct parser *p, const struct node *node, const char *what,
           size_t max)
{
    if (parse_name_is_valid(node->text, max)) {
        return true;
    }
    parse_error(p, node, "'%s' is not a valid name (%s): up to %"PRIuSIZE
                " letters, digits, '_', '.', '-', the first a letter or digit",
                node->text, what, max);
    return false;
}

/* --- References ----------------------------------------------------------- */

void *
parse_ref_name(struct parser *p, const struct node *node, const char *name,
               const char *what, const char *plural, const struct shash *set,
               bool quiet)
{
    struct shash_node *found = shash_find(set, name);

    if (found) {
        return found->data;
    }
    if (!quiet) {
        char *hint = format_set_hint(p, name, plural, set);

        parse_error(p, node, "unknown %s '%s'%s", what, name, hint);
        free(hint);
    }
    return NULL;
}

void *
parse_ref(struct parser *p, const struct node *node, const char *what,
          const char *plural, const struct shash *set, bool quiet)
{
    if (!parse_string(p, node, what)) {
        return NULL;
    }
    return parse_ref_name(p, node, node->text, what, plural, set, quiet);
}
