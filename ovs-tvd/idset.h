/* SPDX-License-Identifier: Apache-2.0
 *
 * A set of 64-bit numbers.  An idset that is all zeros but for idset_init()
 * costs no memory until something is in it. */

#ifndef OVS_TVD_IDSET_H
#define OVS_TVD_IDSET_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/hmap.h"

struct idset {
    struct hmap ids;            /* Contains "struct idset_node". */
    size_t pop_at;              /* Buckets before this one are empty. */
};

struct idset_node {
    struct hmap_node node;
    uint64_t id;
};

void idset_init(struct idset *);
void idset_destroy(struct idset *);
void idset_clear(struct idset *);
void idset_swap(struct idset *, struct idset *);
/* True if 'id' was not yet (still) in the set. */
bool idset_add(struct idset *, uint64_t id);
bool idset_remove(struct idset *, uint64_t id);
bool idset_contains(const struct idset *, uint64_t id);
size_t idset_count(const struct idset *);

/* Any one member, removed from the set; false if the set is empty. */
bool idset_pop(struct idset *, uint64_t *id);

/* Iterates over all members, "struct idset_node *", in no order.  The set
 * must not be changed meanwhile. */
#define IDSET_FOR_EACH(NODE, SET) HMAP_FOR_EACH (NODE, node, &(SET)->ids)

#endif /* ovs-tvd/idset.h */
