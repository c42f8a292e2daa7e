/* SPDX-License-Identifier: Apache-2.0
 *
 * What "ee_move" asks for, judged: where an EE is to be from now on.
 *
 * It decides whether an administrator may want that; when the EE's host lets
 * go, and who has it then, is the arbiter's business (controller/holders.h). */

#ifndef CONTROLLER_MOVE_H
#define CONTROLLER_MOVE_H 1

#include <stdbool.h>
#include "compiler.h"
#include "flowpolicy/diff.h"
#include "svec.h"

struct hosts;
struct model;
struct model_ee;
struct request;

struct move {
    const struct model_ee *ee;
    const char *host;           /* Bound to; NULL: to none. */
    const char *next_host;      /* Announced; NULL: none. */
    const char *taken_from;     /* Host that holds it no more, though it has
                                 * not let go; NULL: none. */
    struct diff diff;           /* Empty: it is so already. */
    struct svec notes;          /* What an administrator should know. */
};

/* Judges 'request', an ee_move.  Returns NULL and fills in '*move', which
 * borrows from the model and the request and which the caller destroys; or
 * returns an error message that the caller frees, with nothing to destroy.
 * Linear in the number of EEs. */
char *move_plan(const struct model *, const struct hosts *,
                const struct request *, struct move *)
    OVS_WARN_UNUSED_RESULT;
void move_destroy(struct move *);

#endif /* controller/move.h */
