/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking subtrees of a device: what to ask next, and what of an answer to
 * GETBULK or GETNEXT belongs to it.
 *
 * Pure, and safe with any answer: it ends, as each answer must go on where the
 * one before ended, and memory is bounded.
 *
 * Subtrees in ascending order are one pass: what an answer holds beyond the
 * end of one is used for the next ones. */

#ifndef SWITCHCFG_WALK_H
#define SWITCHCFG_WALK_H 1

#include "switchcfg/mib.h"

#define SWITCH_WALK_MAX_VARBINDS 131072
#define SWITCH_WALK_MAX_OCTETS (32 * 1024 * 1024) /* Of all values. */

struct switch_walk {
    struct mib_oid *roots;      /* Owned copy. */
    size_t n_roots;
    size_t at;                  /* The root that is walked; 'n_roots': done. */
    struct mib_oid cursor;      /* Where it is in there: at the root, or the
                                 * last object that came. */
    struct mib_varbinds found;
    size_t n_octets;
};
void switch_walk_init(struct switch_walk *, const struct mib_oid *, size_t n);
void switch_walk_destroy(struct switch_walk *); /* Then as initialised to 0. */

static inline bool
switch_walk_is_done(const struct switch_walk *w)
{
    return w->at >= w->n_roots;
}

/* Takes the answer to GETBULK or GETNEXT of 'cursor', leaving 'answer' empty.
 * Returns NULL, or what is wrong with it; caller frees. */
char *switch_walk_take(struct switch_walk *, struct mib_varbinds *answer)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchcfg/walk.h */
