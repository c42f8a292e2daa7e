/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/yaml.h"

#include <yaml.h>
#include "flowpolicy/policy.h"
#include "hash.h"
#include "openvswitch/shash.h"
#include "util.h"

/* An anchored node and how many nodes an alias to it stands for. */
struct anchor {
    struct node *node;
    size_t weight;
    bool complete;              /* False while we are inside of it. */
};

/* A list or map that has begun and not ended. */
struct level {
    struct node *node;
    struct node *key;           /* Map: the key that waits for its value. */
    struct anchor *anchor;      /* NULL: the node has none. */
    size_t weight;              /* Nodes in it, aliases expanded. */
};

struct loader {
    yaml_parser_t parser;
    const char *text;
    size_t len;
    struct node_arena *arena;
    struct policy_errors *errors;
    struct shash anchors;       /* Contains "struct anchor *". */
    struct level levels[YAML_MAX_DEPTH];
    size_t depth;
    size_t aliased;             /* Nodes that aliases stand for, so far. */
    struct node *root;
};

static unsigned int
mark_line(const yaml_mark_t *mark)
{
    return mark->line + 1;
}

static unsigned int
mark_column(const yaml_mark_t *mark)
{
    return mark->column + 1;
}

#define loader_error(L, MARK, ...)                                      \
    policy_errors_add((L)->errors, mark_line(MARK), mark_column(MARK),  \
                      __VA_ARGS__)

/* True if it is a tab that the scanner could make nothing of. */
static bool
stopped_at_tab(const yaml_parser_t *p)
{
    return (p->error == YAML_SCANNER_ERROR
            && p->buffer.pointer < p->buffer.last
            && *p->buffer.pointer == '\t');
}

/* Errors of encoding come with an offset in bytes only. */
static void
report_reader_error(struct loader *l)
{
    size_t offset = MIN(l->parser.problem_offset, l->len);
    unsigned int line = 1, column = 1;

    for (size_t i = 0; i < offset; i++) {
        if (l->text[i] == '\n') {
            line++;
            column = 1;
        } else if ((l->text[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    policy_errors_add(l->errors, line, column,
                      "not a text in UTF-8: %s", l->parser.problem);
}

static void
report_parser_error(struct loader *l)
{
    const yaml_parser_t *p = &l->parser;

    if (p->error == YAML_READER_ERROR) {
        report_reader_error(l);
    } else if (p->error == YAML_MEMORY_ERROR || !p->problem) {
        policy_errors_add(l->errors, 0, 0, "out of memory");
    } else if (stopped_at_tab(p)) {
        loader_error(l, &p->problem_mark, "not valid YAML: a tab is here; "
                     "indent with spaces");
    } else if (p->context) {
        loader_error(l, &p->problem_mark, "not valid YAML: %s %s (line %u)",
                     p->problem, p->context, mark_line(&p->context_mark));
    } else {
        loader_error(l, &p->problem_mark, "not valid YAML: %s", p->problem);
    }
}

/* Puts 'node' where it belongs: the root, the next item of a list, the next
 * key or the value of the last key of a map.  'weight' is the number of nodes
 * it stands for.  Returns false after an error. */
static bool
place(struct loader *l, struct node *node, size_t weight,
      const yaml_mark_t *mark, bool is_alias)
{
    struct level *level = l->depth ? &l->levels[l->depth - 1] : NULL;

    if (!level) {
        l->root = node;
        return true;
    }
    level->weight += weight;
    if (level->node->kind == NODE_LIST) {
        node_append(level->node, node);
    } else if (level->key) {
        level->key->value = node;
        node_append(level->node, level->key);
        level->key = NULL;
    } else if (node->kind != NODE_SCALAR || is_alias) {
        loader_error(l, mark, "a key must be a plain word or a string, not %s",
                     is_alias ? "an alias"
                     : node->kind == NODE_LIST ? "a list" : "a map");
        return false;
    } else {
        level->key = node;
    }
    return true;
}

/* Notes that 'name' (NULL: no anchor) stands for 'node'. */
static struct anchor *
add_anchor(struct loader *l, const yaml_char_t *name, struct node *node,
           size_t weight, bool complete)
{
    struct anchor *anchor;

    if (!name) {
        return NULL;
    }
    anchor = xmalloc(sizeof *anchor);
    *anchor = (struct anchor) { node, weight, complete };
    shash_add_assert(&l->anchors, (const char *) name, anchor);
    return anchor;
}

/* Returns true, and says so, if a node's tag or anchor is refused. */
static bool
refuse_properties(struct loader *l, const yaml_char_t *tag,
                  const yaml_char_t *anchor, const yaml_mark_t *mark)
{
    /* "!" alone, as the emitter of some tools writes it, says nothing. */
    if (tag && strcmp((const char *) tag, "!")) {
        loader_error(l, mark,
                     "tags such as '%.64s' are not supported, remove it",
                     (const char *) tag);
        return true;
    }
    /* YAML lets an anchor be declared again; here it is a mistake. */
    if (anchor && shash_find(&l->anchors, (const char *) anchor)) {
        loader_error(l, mark, "anchor '&%.64s' is here twice",
                     (const char *) anchor);
        return true;
    }
    return false;
}

static bool
load_scalar(struct loader *l, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;
    const char *text = (const char *) event->data.scalar.value;
    size_t len = event->data.scalar.length;

    if (refuse_properties(l, event->data.scalar.tag,
                          event->data.scalar.anchor, mark)) {
        return false;
    }
    if (memchr(text, '\0', len)) {
        loader_error(l, mark, "a string contains a NUL character");
        return false;
    }

    bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    struct node *node = node_scalar(l->arena, text, len, quoted,
                                    mark_line(mark), mark_column(mark));

    add_anchor(l, event->data.scalar.anchor, node, 1, true);
    return place(l, node, 1, mark, false);
}

static bool
load_alias(struct loader *l, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;
    const char *name = (const char *) event->data.alias.anchor;
    struct anchor *anchor = shash_find_data(&l->anchors, name);

    if (!anchor) {
        loader_error(l, mark, "unknown alias '*%.64s', no anchor '&%.64s' "
                     "stands before it", name, name);
        return false;
    }
    if (!anchor->complete) {
        loader_error(l, mark, "alias '*%.64s' is inside of what it stands for",
                     name);
        return false;
    }
    l->aliased += anchor->weight;
    if (l->aliased > YAML_MAX_ALIASED) {
        loader_error(l, mark, "aliases stand for more than %d values",
                     YAML_MAX_ALIASED);
        return false;
    }

    /* The children are shared, they do not change any more. */
    struct node *node = node_new(l->arena, anchor->node->kind,
                                 mark_line(mark), mark_column(mark));
    node->quoted = anchor->node->quoted;
    node->text = anchor->node->text;
    node->first = anchor->node->first;
    node->last = anchor->node->last;
    return place(l, node, anchor->weight, mark, true);
}

static bool
begin_level(struct loader *l, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = (is_map ? event->data.mapping_start.tag
                              : event->data.sequence_start.tag);
    const yaml_char_t *name = (is_map ? event->data.mapping_start.anchor
                               : event->data.sequence_start.anchor);

    if (refuse_properties(l, tag, name, mark)) {
        return false;
    }
    if (l->depth >= YAML_MAX_DEPTH) {
        loader_error(l, mark, "nested deeper than %d levels", YAML_MAX_DEPTH);
        return false;
    }

    struct node *node = node_new(l->arena, is_map ? NODE_MAP : NODE_LIST,
                                 mark_line(mark), mark_column(mark));
    if (!place(l, node, 0, mark, false)) {
        return false;
    }
    l->levels[l->depth++] = (struct level) {
        .node = node,
        .anchor = add_anchor(l, name, node, 0, false),
        .weight = 1,
    };
    return true;
}

/* Reports keys of 'map' that occur again, and takes them out. */
static void
drop_duplicate_keys(struct loader *l, struct node *map)
{
    struct shash seen = SHASH_INITIALIZER(&seen);
    struct node *prev = NULL, *next;

    for (struct node *key = map->first; key; key = next) {
        struct node *first = shash_find_data(&seen, key->text);

        next = key->next;
        if (!first) {
            shash_add(&seen, key->text, key);
            prev = key;
            continue;
        }
        policy_errors_add(l->errors, key->line, key->column,
                          "key '%s' is here twice, first in line %u",
                          key->text, first->line);
        prev->next = next;
        map->last = next ? map->last : prev;
    }
    shash_destroy(&seen);
}

static void
end_level(struct loader *l)
{
    struct level *level = &l->levels[--l->depth];

    if (level->node->kind == NODE_MAP) {
        drop_duplicate_keys(l, level->node);
    }
    if (level->anchor) {
        level->anchor->weight = level->weight;
        level->anchor->complete = true;
    }
    if (l->depth) {
        l->levels[l->depth - 1].weight += level->weight;
    }
}

/* Takes in one event.  Returns false after an error. */
static bool
load_event(struct loader *l, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return load_scalar(l, event);
    case YAML_ALIAS_EVENT:
        return load_alias(l, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return begin_level(l, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        end_level(l);
        return true;
    case YAML_DOCUMENT_START_EVENT:
        if (l->root) {
            loader_error(l, &event->start_mark,
                         "a second document begins here, one is allowed");
            return false;
        }
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    return true;
}

static bool
load(struct loader *l)
{
    for (;;) {
        yaml_event_t event;

        if (!yaml_parser_parse(&l->parser, &event)) {
            report_parser_error(l);
            return false;
        }

        bool end = event.type == YAML_STREAM_END_EVENT;
        bool good = load_event(l, &event);
        yaml_event_delete(&event);
        if (end || !good) {
            return good;
        }
    }
}

struct node *
yaml_parse(const char *text, size_t len, struct node_arena *arena,
           struct policy_errors *errors)
{
    struct loader l = {
        .text = text,
        .len = len,
        .arena = arena,
        .errors = errors,
        .anchors = SHASH_INITIALIZER(&l.anchors),
    };

    if (!yaml_parser_initialize(&l.parser)) {
        policy_errors_add(errors, 0, 0, "out of memory");
        return NULL;
    }
    /* Without this a byte order mark would switch to UTF-16. */
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, (const unsigned char *) text, len);

    bool good = load(&l);
    if (good && !l.root) {
        policy_errors_add(errors, 1, 1, "nothing is here, a document with "
                          "keys and values is expected");
    }
    yaml_parser_delete(&l.parser);

    shash_destroy_free_data(&l.anchors);
    return good ? l.root : NULL;
}
