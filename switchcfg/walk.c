/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/walk.h"

#include <stdlib.h>
#include "util.h"

static void
go_to_root(struct switch_walk *w, size_t at)
{
    w->at = at;
    if (at < w->n_roots) {
        w->cursor = w->roots[at];
    }
}

void
switch_walk_init(struct switch_walk *w, const struct mib_oid *roots, size_t n)
{
    *w = (struct switch_walk) {
        .roots = n ? xmemdup(roots, n * sizeof *roots) : NULL,
        .n_roots = n,
    };
    go_to_root(w, 0);
}

void
switch_walk_destroy(struct switch_walk *w)
{
    free(w->roots);
    mib_varbinds_destroy(&w->found);
    w->roots = NULL;
    w->n_roots = w->at = 0;
}

/* Goes to the first root that is not wholly in front of 'oid', which is the
 * object that follows the cursor.  A root that is in front of the one walked
 * begins anew. */
static void
skip_to(struct switch_walk *w, const struct mib_oid *oid)
{
    size_t at = w->at;

    while (at < w->n_roots && !mib_oid_has_prefix(oid, &w->roots[at])
           && mib_oid_compare(&w->roots[at], oid) < 0) {
        at++;
        if (at < w->n_roots
            && mib_oid_compare(&w->roots[at], &w->roots[at - 1]) < 0) {
            break;
        }
    }
    if (at != w->at) {
        go_to_root(w, at);
    }
}

/* Moves 'vb' to what was found. */
static void
keep(struct switch_walk *w, struct mib_varbind *vb)
{
    struct mib_varbind *to = mib_varbinds_add_null(&w->found, &vb->oid);

    w->n_octets += vb->value.n_octets;
    to->value = vb->value;
    vb->value = (struct mib_value) { .type = MIB_NULL };
    w->cursor = vb->oid;
}

char *
switch_walk_take(struct switch_walk *w, struct mib_varbinds *answer)
{
    char *error = answer->n ? NULL : xstrdup("an answer without any object");

    for (size_t i = 0; i < answer->n && !error && !switch_walk_is_done(w);
         i++) {
        struct mib_varbind *vb = &answer->v[i];
        size_t at = w->at;

        if (vb->value.type == MIB_END_OF_VIEW) {
            /* Nothing follows: of those, only roots in front may have any. */
            do {
                at++;
            } while (at < w->n_roots
                     && mib_oid_compare(&w->roots[at], &w->roots[at - 1]) > 0);
            go_to_root(w, at);
            break;
        }
        if (mib_oid_compare(&vb->oid, &w->cursor) <= 0) {
            char *oid = mib_oid_to_string(&vb->oid);

            error = xasprintf("its objects do not ascend: %s comes again, or "
                              "too late", oid);
            free(oid);
            break;
        }
        skip_to(w, &vb->oid);
        if (switch_walk_is_done(w)
            || !mib_oid_has_prefix(&vb->oid, &w->roots[w->at])) {
            break;              /* Ask at the new root. */
        }
        if (mib_type_is_exception(vb->value.type)) {
            error = xasprintf("a walk was answered with an exception");
        } else if (w->found.n >= SWITCH_WALK_MAX_VARBINDS
                   || w->n_octets + vb->value.n_octets
                      > SWITCH_WALK_MAX_OCTETS) {
            error = xasprintf("more than %d objects, or %d octets",
                              SWITCH_WALK_MAX_VARBINDS,
                              SWITCH_WALK_MAX_OCTETS);
        } else {
            keep(w, vb);
        }
    }
    mib_varbinds_destroy(answer);
    return error;
}
