/* SPDX-License-Identifier: Apache-2.0
 *
 * Reconciling one gateway: observe, plan, act, read back.
 *
 * It knows the system only through 'struct gateway_system', of which there
 * are two: the real one (gateway/system.h) and one in memory for tests
 * (gateway/fake.h). */

#ifndef GATEWAY_RECONCILE_H
#define GATEWAY_RECONCILE_H 1

#include "gateway/gateway.h"

/* Functions that return a string return NULL if successful, otherwise an
 * error message, to be freed by the caller. */
struct gateway_system;
struct gateway_system_class {
    /* Fills 'o', which is initialised, with what there is of 'wanted'. */
    char *(*observe)(struct gateway_system *,
                     const struct gateway_wanted *wanted,
                     struct gateway_observed *o);
    /* The normal form of the ruleset 'text'; caller frees '*skeleton'. */
    char *(*normalise)(struct gateway_system *, const char *text,
                       char **skeleton);
    /* 'wanted' is NULL for GATEWAY_DELETE_NETNS. */
    char *(*act)(struct gateway_system *, const struct gateway_wanted *wanted,
                 const struct gateway_action *);
};
struct gateway_system {
    const struct gateway_system_class *class;
};

/* What is remembered of a gateway between two runs, so that less has to be
 * computed and drift can be told from change.  Zeroed at first. */
struct gateway_memory {
    char *text;                 /* Ruleset without addresses, */
    char *skeleton;             /* and its normal form. */
    char *done;                 /* What was wanted when it last was so. */
    bool failed;                /* The last run: the next makes the whole
                                 * table anew, if its rules are not right. */
};
/* Forgets all. */
void gateway_memory_clear(struct gateway_memory *);

/* Makes the gateway as 'wanted' says, or, with GATEWAY_DRY_RUN, only says how.
 * Returns what came of it, owned by the caller.
 *
 * A packet filter that cannot be made as wanted closes the gateway: its device
 * is set down until it can. */
struct gateway_status *gateway_reconcile(struct gateway_system *,
                                         const struct gateway_wanted *wanted,
                                         enum gateway_mode,
                                         struct gateway_memory *);

/* Removes namespace 'netns'.  Appends what was done (or would be) to
 * 'actions', an array with '*n' elements.  Returns an error or NULL. */
char *gateway_remove(struct gateway_system *, const char *netns,
                     enum gateway_mode, char ***actions, size_t *n)
    OVS_WARN_UNUSED_RESULT;

#endif /* gateway/reconcile.h */
