/* SPDX-License-Identifier: Apache-2.0
 *
 * From what an administrator asks for to what is to be in the database: the
 * policy text, or one EE, and the model in force become a new model and the
 * list of changes.
 *
 * Pure.  Who asks and when, and the transaction, are the engine's business. */

#ifndef CONTROLLER_INTENT_H
#define CONTROLLER_INTENT_H 1

#include <stdbool.h>
#include "flowpolicy/alloc.h"
#include "flowpolicy/diff.h"
#include "flowpolicy/policy.h"
#include "svec.h"

struct json;
struct smap;

/* What is to become of the database. */
struct intent {
    struct model *model;        /* The whole new model; NULL if it is about
                                 * one EE alone. */
    struct alloc_state ids;
    struct diff diff;
    struct svec notes;          /* What was moved, in words. */
};
void intent_init(struct intent *);
void intent_destroy(struct intent *);

/* Why something cannot be. */
struct intent_error {
    char *message;              /* NULL: only 'errors'. */
    struct policy_errors errors;
};
void intent_error_init(struct intent_error *, const char *file_name);
void intent_error_destroy(struct intent_error *);
/* The first reason in one sentence; caller frees. */
char *intent_error_summary(const struct intent_error *);
/* [{line, column, message}...], or NULL if there are none. */
struct json *intent_error_to_json(const struct intent_error *);

/* Parses and checks the policy 'text', merges in the EEs that were added one
 * by one, makes and places gateways, allocates, and compares with 'old'.
 * 'ids' is what was stored of the allocator's state.  Returns false, with the
 * reasons in the error, if it cannot be. */
bool intent_of_policy(const char *text, const struct model *old,
                      const struct smap *ids, struct intent *,
                      struct intent_error *);

/* As intent_of_policy(), for 'new', which is taken over: a copy of 'old' with
 * an EE added or removed. */
bool intent_of_model(struct model *new, const struct model *old,
                     const struct smap *ids, struct intent *,
                     struct intent_error *);

/* True if adding or removing 'ee' concerns nothing but 'ee': it is no gateway,
 * so no other comes or goes because of it, and its roles are there already.
 * The following two are only for such EEs, and cost no more than one EE. */
bool intent_ee_is_simple(const struct model_ee *ee);

/* Allocates for 'ee', which was just added to 'model'. */
bool intent_of_new_ee(struct model *model, struct model_ee *ee,
                      const struct smap *ids, struct intent *,
                      struct intent_error *);
/* 'ee' is still in its model. */
void intent_of_gone_ee(struct model_ee *ee, const struct smap *ids,
                       struct intent *);

#endif /* controller/intent.h */
