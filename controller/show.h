/* SPDX-License-Identifier: Apache-2.0
 *
 * What "show" and "can" answer: tables of what is declared, together with
 * what agents report about it.  Reads only. */

#ifndef CONTROLLER_SHOW_H
#define CONTROLLER_SHOW_H 1

#include "compiler.h"
#include "controller/hosts.h"
#include "controller/request.h"

struct access;
struct json;
struct model;
struct model_ee;

/* What there is to be shown. */
struct show_input {
    const struct model *model;
    const struct ovsdb_idl *idl;    /* Tables Agent and Binding. */
    const struct hosts *hosts;
    const struct access *access;
    int64_t seq;                    /* Of the model. */
};

/* Makes {columns, rows} of 'what', of the object called 'name' alone if it is
 * nonnull.  Returns NULL and stores the table, which the caller owns, or
 * returns an error message that the caller frees: there is no such object. */
char *show_table(const struct show_input *, enum request_show what,
                 const char *name, struct json **table)
    OVS_WARN_UNUSED_RESULT;

/* One EE as in the rows of "show ees".  'bindings' may be empty. */
struct json *show_ee_to_json(const struct model_ee *,
                             const struct shash *bindings);

/* Answers "can 'src' reach 'dst' by 'service'": as decide_answer_to_json(), or
 * {allowed, answers: [...]} if 'service' stands for several.  Returns as
 * show_table(). */
char *show_can(const struct model *, const char *src, const char *dst,
               const char *service, struct json **answer)
    OVS_WARN_UNUSED_RESULT;

/* [{name, state, seq, reason}...] of all hosts declared, for "wait" and
 * "status"; '*enforced' is true if all of them have 'seq'.  A host that the
 * policy has no more is among them until its agent has taken down what it
 * had. */
struct json *show_host_states(const struct show_input *, int64_t seq,
                              bool *enforced);

#endif /* controller/show.h */
