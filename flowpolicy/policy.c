/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "flowpolicy/parse.h"
#include "flowpolicy/yaml.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* The size of 'text' is fine. */
static bool
check_size(size_t len, struct policy_errors *errors)
{
    if (len > POLICY_MAX_SIZE) {
        policy_errors_add(errors, 0, 0, "larger than %d MiB, which is more "
                          "than a policy can be",
                          POLICY_MAX_SIZE / (1024 * 1024));
        return false;
    }
    return true;
}

struct model *
policy_parse(const char *text, size_t len, struct policy_errors *errors)
{
    size_t n_before = errors->n + errors->n_dropped;
    struct model *m = NULL;
    struct node_arena arena;

    node_arena_init(&arena);
    if (check_size(len, errors)) {
        const struct node *root = yaml_parse(text, len, &arena, errors);

        if (root) {
            struct parser p;

            m = model_create();
            parser_init(&p, m, errors);
            parse_policy(&p, root);
            parser_destroy(&p);
        }
    }
    node_arena_destroy(&arena);
    policy_errors_sort(errors);
    if (m && errors->n + errors->n_dropped > n_before) {
        model_destroy(m);
        m = NULL;
    }
    return m;
}

/* Reads all of 'stream' but not more than is allowed, and one byte. */
static int
read_stream(FILE *stream, struct ds *text)
{
    for (;;) {
        char buffer[65536];
        size_t n = fread(buffer, 1, sizeof buffer, stream);

        ds_put_buffer(text, buffer, n);
        if (n < sizeof buffer) {
            return ferror(stream) ? (errno ? errno : EIO) : 0;
        }
        if (text->length > POLICY_MAX_SIZE) {
            return 0;
        }
    }
}

static int
read_file(const char *name, struct ds *text)
{
    bool is_stdin = !strcmp(name, "-");
    FILE *stream = is_stdin ? stdin : fopen(name, "r");
    int error;

    if (!stream) {
        return errno;
    }
    errno = 0;
    error = read_stream(stream, text);
    if (!is_stdin) {
        fclose(stream);
    }
    return error;
}

struct model *
policy_parse_file(struct policy_errors *errors, char **textp, size_t *lenp)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct model *m = NULL;
    int error = read_file(errors->file_name, &text);

    if (textp) {
        *textp = NULL;
        *lenp = 0;
    }
    if (error) {
        policy_errors_add(errors, 0, 0, "cannot read the file: %s",
                          ovs_strerror(error));
        ds_destroy(&text);
        return NULL;
    }
    m = policy_parse(ds_cstr(&text), text.length, errors);
    if (textp) {
        *lenp = text.length;
        *textp = ds_steal_cstr(&text);
    }
    ds_destroy(&text);
    return m;
}

struct model_ee *
policy_parse_ee(struct model *m, const char *text, size_t len,
                struct policy_errors *errors)
{
    size_t n_before = errors->n + errors->n_dropped;
    struct model_ee *ee = NULL;
    struct node_arena arena;
    const struct node *root;

    node_arena_init(&arena);
    root = check_size(len, errors) ? yaml_parse(text, len, &arena, errors)
                                   : NULL;
    if (root) {
        struct parser p;

        parser_init(&p, m, errors);
        parse_ees_learn(&p);
        ee = parse_named_ee(&p, root);
        if (ee) {
            ee->origin = MODEL_FROM_API;
            check_collocation(&p, ee);
        }
        parser_destroy(&p);
    }
    node_arena_destroy(&arena);
    policy_errors_sort(errors);
    if (ee && errors->n + errors->n_dropped > n_before) {
        model_ee_remove(m, ee);
        ee = NULL;
    }
    return ee;
}

/* --- EEs of "tvdctl ee add" under a new policy ---------------------------- */

static struct node *
new_string(struct node_arena *arena, const char *text)
{
    return node_scalar(arena, text, strlen(text), true, 0, 0);
}

/* Adds KEY: VALUE to 'map'. */
static void
put(struct node_arena *arena, struct node *map, const char *name,
    struct node *value)
{
    struct node *key = new_string(arena, name);

    key->value = value;
    node_append(map, key);
}

/* A NIC as it would be declared; what allocation chose is left out. */
static struct node *
nic_to_node(struct node_arena *arena, const struct model_nic *nic)
{
    struct node *map = node_new(arena, NODE_MAP, 0, 0);

    put(arena, map, "name", new_string(arena, nic->name));
    put(arena, map, "tvd", new_string(arena, nic->tvd->name));
    put(arena, map, "role", new_string(arena, nic->role->name));
    if (nic->mac_declared) {
        char text[ETH_ADDR_STRLEN + 1];

        snprintf(text, sizeof text, ETH_ADDR_FMT, ETH_ADDR_ARGS(nic->mac));
        put(arena, map, "mac", new_string(arena, text));
    }
    if (nic->ips_declared) {
        struct node *list = node_new(arena, NODE_LIST, 0, 0);

        for (size_t i = 0; i < nic->n_ips; i++) {
            char *ip = parse_format_ip(&nic->ips[i]);

            node_append(list, new_string(arena, ip));
            free(ip);
        }
        put(arena, map, "ip", list);
    }
    return map;
}

/* The EE as it would be declared. */
static struct node *
ee_to_node(struct node_arena *arena, const struct model_ee *ee)
{
    struct node *map = node_new(arena, NODE_MAP, 0, 0);
    struct node *nics = node_new(arena, NODE_LIST, 0, 0);

    if (ee->label) {
        put(arena, map, "label", new_string(arena, ee->label->name));
    }
    put(arena, map, "kind", new_string(arena, ee->kind == MODEL_EE_VM
                                       ? "vm" : "namespace"));
    if (ee->host) {
        put(arena, map, "host", new_string(arena, ee->host));
    }
    for (size_t i = 0; i < ee->n_nics; i++) {
        node_append(nics, nic_to_node(arena, ee->nics[i]));
    }
    put(arena, map, "nics", nics);
    return map;
}

/* Adds a copy of 'old' to the parser's model. */
static void
merge_ee(struct parser *p, const struct model_ee *old)
{
    struct node_arena arena;
    char *prefix = xasprintf("EE '%s', added with \"tvdctl ee add\", no longer "
                             "fits: ", old->name);
    char *suffix = xasprintf("; change the policy, or first run \"tvdctl ee "
                             "remove %s\"", old->name);

    node_arena_init(&arena);
    p->prefix = prefix;
    p->suffix = suffix;

    struct model_ee *ee = parse_ee(p, new_string(&arena, old->name),
                                   ee_to_node(&arena, old));
    if (ee) {
        ee->origin = MODEL_FROM_API;
    }
    p->prefix = p->suffix = NULL;
    node_arena_destroy(&arena);
    free(prefix);
    free(suffix);
}

bool
policy_merge_ees(struct model *m, const struct model *old,
                 struct policy_errors *errors)
{
    size_t n_before = errors->n + errors->n_dropped;
    const struct shash_node **nodes = shash_sort(&old->ees);
    struct parser p;

    parser_init(&p, m, errors);
    parse_ees_learn(&p);
    for (size_t i = 0; i < shash_count(&old->ees); i++) {
        const struct model_ee *ee = nodes[i]->data;

        if (ee->origin == MODEL_FROM_API && !model_ee_find(m, ee->name)) {
            merge_ee(&p, ee);
        }
    }
    check_collocation(&p, NULL);
    parser_destroy(&p);
    free(nodes);
    policy_errors_sort(errors);
    return errors->n + errors->n_dropped == n_before;
}
