/* SPDX-License-Identifier: Apache-2.0
 *
 * What the makers of plans share: steps in their order, and how they become
 * requests.  Part of switchcfg/plan.h. */

#ifndef SWITCHCFG_PLAN_PRIVATE_H
#define SWITCHCFG_PLAN_PRIVATE_H 1

#include "switchcfg/plan.h"

/* Steps of one phase are safe in any order among themselves, also if only
 * some of them are done.  Steps come in the order of their phases. */
enum plan_phase {
    PLAN_RESTRICT,              /* Less is allowed than before: filtering,
                                 * acceptable frames, leaving VLANs. */
    PLAN_CREATE,                /* Empty rows. */
    PLAN_JOIN,                  /* Ports become members of VLANs. */
    PLAN_ACTIVATE,
    PLAN_ADMIT,                 /* PVID, acceptable frames, GVRP off. */
    PLAN_UNPROTECT,
    PLAN_DELETE,
    PLAN_ALONE,                 /* Each in a request of its own, in order. */
};

struct plan_step {
    enum plan_phase phase;
    bool glued;                 /* In the same request as the one before. */
    bool anywhere;              /* Safe before and after all others, not glued
                                 * and not PLAN_ALONE. */
    struct switch_set set;
};

/* Zeroed is empty. */
struct plan_steps {
    struct plan_step *steps;
    size_t n;
    size_t allocated;
};
void plan_steps_destroy(struct plan_steps *);

/* Each appends a step for 'column'.'index', and returns it, valid until the
 * next; 'text' is taken over. */
struct plan_step *plan_add(struct plan_steps *, enum plan_phase,
                           enum switch_action, const struct mib_oid *column,
                           uint32_t index, char *text);
struct plan_step *plan_add_number(struct plan_steps *, enum plan_phase,
                                  enum switch_action,
                                  const struct mib_oid *column, uint32_t index,
                                  enum mib_type, int64_t number, char *text);
struct plan_step *plan_add_octets(struct plan_steps *, enum plan_phase,
                                  enum switch_action,
                                  const struct mib_oid *column, uint32_t index,
                                  const void *, size_t n, char *text);

/* Frees what it owns. */
void plan_set_clear(struct switch_set *);

/* Octets that varbinds can have in a request. */
size_t plan_room(const struct switch_tables *);

/* Appends requests with all steps to 'plan', as few as the profile allows;
 * takes what the steps own.  Returns NULL, or what does not fit. */
char *plan_pack(const struct switch_tables *, struct plan_steps *,
                struct switch_plan *plan)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchcfg/plan-private.h */
