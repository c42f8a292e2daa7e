/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "util.h"

#define CHUNK_SIZE (64 * 1024)

struct node_chunk {
    struct node_chunk *next;
    size_t used;
    size_t size;
    uint64_t data[];            /* So that what is in it is aligned. */
};

void
node_arena_init(struct node_arena *arena)
{
    arena->chunks = NULL;
}

void
node_arena_destroy(struct node_arena *arena)
{
    struct node_chunk *chunk = arena->chunks;

    while (chunk) {
        struct node_chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
}

static void *
arena_alloc(struct node_arena *arena, size_t size)
{
    struct node_chunk *chunk = arena->chunks;
    void *p;

    size = ROUND_UP(size, sizeof chunk->data[0]);
    if (!chunk || chunk->size - chunk->used < size) {
        size_t chunk_size = MAX(size, CHUNK_SIZE);

        chunk = xmalloc(sizeof *chunk + chunk_size);
        chunk->used = 0;
        chunk->size = chunk_size;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    p = (char *) chunk->data + chunk->used;
    chunk->used += size;
    return p;
}

struct node *
node_new(struct node_arena *arena, enum node_kind kind,
         unsigned int line, unsigned int column)
{
    struct node *node = arena_alloc(arena, sizeof *node);

    memset(node, 0, sizeof *node);
    node->kind = kind;
    node->line = line;
    node->column = column;
    return node;
}

struct node *
node_scalar(struct node_arena *arena, const char *text, size_t len,
            bool quoted, unsigned int line, unsigned int column)
{
    struct node *node = node_new(arena, NODE_SCALAR, line, column);
    char *copy = arena_alloc(arena, len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    node->text = copy;
    node->quoted = quoted;
    return node;
}

void
node_append(struct node *parent, struct node *child)
{
    if (parent->last) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
}

static bool
is_one_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(text, words[i])) {
            return true;
        }
    }
    return false;
}

/* [-+]? [0-9]+, 0o[0-7]+ or 0x[0-9a-fA-F]+ */
static bool
is_int(const char *s)
{
    if (s[0] == '0' && s[1] == 'o') {
        return s[2] && !s[2 + strspn(s + 2, "01234567")];
    }
    if (s[0] == '0' && s[1] == 'x') {
        return s[2] && !s[2 + strspn(s + 2, "0123456789abcdefABCDEF")];
    }
    s += *s == '-' || *s == '+';
    return *s && !s[strspn(s, "0123456789")];
}

/* [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE] [-+]? [0-9]+)?, or one of the
 * words for infinity and not-a-number. */
static bool
is_float(const char *s)
{
    static const char *const words[] = {
        ".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF",
        "+.inf", "+.Inf", "+.INF", ".nan", ".NaN", ".NAN",
    };
    static const char digits[] = "0123456789";

    if (is_one_of(s, words, ARRAY_SIZE(words))) {
        return true;
    }
    s += *s == '-' || *s == '+';

    size_t whole = strspn(s, digits);
    s += whole;
    if (*s == '.') {
        size_t fraction = strspn(++s, digits);

        if (!whole && !fraction) {
            return false;
        }
        s += fraction;
    } else if (!whole) {
        return false;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        if (!*s) {
            return false;
        }
        s += strspn(s, digits);
    }
    return !*s;
}

enum node_type
node_type(const struct node *node)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
    static const char *const bools[] = {
        "true", "True", "TRUE", "false", "False", "FALSE"
    };

    if (node->quoted) {
        return NODE_STRING;
    } else if (is_one_of(node->text, nulls, ARRAY_SIZE(nulls))) {
        return NODE_NULL;
    } else if (is_one_of(node->text, bools, ARRAY_SIZE(bools))) {
        return NODE_BOOL;
    } else if (is_int(node->text)) {
        return NODE_INT;
    } else if (is_float(node->text)) {
        return NODE_FLOAT;
    }
    return NODE_STRING;
}

char *
node_describe(const struct node *node)
{
    if (node->kind != NODE_SCALAR) {
        return xstrdup(node->kind == NODE_LIST ? "a list" : "a map");
    }

    const char *text = strlen(node->text) <= 64 ? node->text : "...";
    switch (node_type(node)) {
    case NODE_NULL: return xstrdup("nothing");
    case NODE_BOOL: return xasprintf("the boolean %s", text);
    case NODE_INT: case NODE_FLOAT: return xasprintf("the number %s", text);
    case NODE_STRING: return xasprintf("the string '%s'", text);
    }
    OVS_NOT_REACHED();
}

int64_t
node_int(const struct node *node)
{
    const char *s = node->text;
    int base = 10;

    if (s[0] == '0' && (s[1] == 'o' || s[1] == 'x')) {
        base = s[1] == 'o' ? 8 : 16;
        s += 2;
    }
    return strtoll(s, NULL, base);      /* Saturates. */
}

bool
node_bool(const struct node *node)
{
    return node->text[0] == 't' || node->text[0] == 'T';
}
