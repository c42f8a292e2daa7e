/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "ovs-tvd/idset.h"

#include <stdlib.h>
#include "hash.h"
#include "util.h"

void
idset_init(struct idset *set)
{
    hmap_init(&set->ids);
    set->pop_at = 0;
}

void
idset_destroy(struct idset *set)
{
    idset_clear(set);
    hmap_destroy(&set->ids);
}

void
idset_clear(struct idset *set)
{
    uint64_t id;

    while (idset_pop(set, &id)) {
        continue;
    }
}

void
idset_swap(struct idset *a, struct idset *b)
{
    size_t pop_at = a->pop_at;

    hmap_swap(&a->ids, &b->ids);
    a->pop_at = b->pop_at;
    b->pop_at = pop_at;
}

static struct idset_node *
idset_find(const struct idset *set, uint64_t id)
{
    struct idset_node *n;

    HMAP_FOR_EACH_WITH_HASH (n, node, hash_uint64(id), &set->ids) {
        if (n->id == id) {
            return n;
        }
    }
    return NULL;
}

bool
idset_add(struct idset *set, uint64_t id)
{
    struct idset_node *n;

    if (idset_find(set, id)) {
        return false;
    }
    n = xmalloc(sizeof *n);
    n->id = id;
    hmap_insert(&set->ids, &n->node, hash_uint64(id));
    set->pop_at = 0;
    return true;
}

bool
idset_remove(struct idset *set, uint64_t id)
{
    struct idset_node *n = idset_find(set, id);

    if (!n) {
        return false;
    }
    hmap_remove(&set->ids, &n->node);
    free(n);
    return true;
}

bool
idset_contains(const struct idset *set, uint64_t id)
{
    return idset_find(set, id) != NULL;
}

size_t
idset_count(const struct idset *set)
{
    return hmap_count(&set->ids);
}

bool
idset_pop(struct idset *set, uint64_t *id)
{
    for (; set->pop_at <= set->ids.mask; set->pop_at++) {
        struct hmap_node *first = set->ids.buckets[set->pop_at];

        if (first) {
            struct idset_node *n = CONTAINER_OF(first, struct idset_node,
                                                node);

            *id = n->id;
            hmap_remove(&set->ids, first);
            free(n);
            return true;
        }
    }
    set->pop_at = 0;
    return false;
}
