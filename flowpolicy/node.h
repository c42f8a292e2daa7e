/* SPDX-License-Identifier: Apache-2.0
 *
 * A document as a tree of scalars, lists and maps with positions: what the
 * YAML adapter (flowpolicy/yaml.h) makes and the parser reads.
 *
 * It knows neither YAML's syntax nor the policy language.  Scalars keep their
 * text; node_type() tells what it would be by the YAML 1.2 core schema.
 *
 * All nodes and texts of a tree live in one arena and end with it. */

#ifndef FLOWPOLICY_NODE_H
#define FLOWPOLICY_NODE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind {
    NODE_SCALAR,
    NODE_LIST,
    NODE_MAP,
};

/* A node.  The children of a list are its items, those of a map its keys
 * (scalars), each with the value belonging to it in 'value'. */
struct node {
    enum node_kind kind;
    bool quoted;                /* Scalar: not plain, so always a string. */
    unsigned int line;          /* 1-based; 0: from no file. */
    unsigned int column;        /* 1-based, in characters. */
    const char *text;           /* Scalar: null-terminated, no NUL inside. */
    struct node *first;         /* List, map: first child. */
    struct node *last;
    struct node *next;          /* Next sibling. */
    struct node *value;         /* Key of a map: its value, never NULL. */
};

/* What a scalar is by the YAML 1.2 core schema. */
enum node_type {
    NODE_NULL,
    NODE_BOOL,
    NODE_INT,
    NODE_FLOAT,
    NODE_STRING,
};
enum node_type node_type(const struct node *scalar);
/* "a string", "the number 5", "a list", ... with the value if it is short, as
 * messages show what was found; caller frees. */
char *node_describe(const struct node *);

/* The value of a scalar of type NODE_INT, saturated to the range of the type.
 * For NODE_BOOL, 'true' or 'false'. */
int64_t node_int(const struct node *scalar);
bool node_bool(const struct node *scalar);

/* An arena: memory that is freed as a whole. */
struct node_arena {
    struct node_chunk *chunks;
};
void node_arena_init(struct node_arena *);
void node_arena_destroy(struct node_arena *);

/* Constructors.  Text is copied. */
struct node *node_new(struct node_arena *, enum node_kind,
                      unsigned int line, unsigned int column);
struct node *node_scalar(struct node_arena *, const char *text, size_t len,
                         bool quoted, unsigned int line, unsigned int column);
void node_append(struct node *list_or_map, struct node *child);

#endif /* flowpolicy/node.h */
