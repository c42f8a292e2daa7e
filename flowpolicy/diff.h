/* SPDX-License-Identifier: Apache-2.0
 *
 * The difference of two models as an ordered list of named changes, for
 * people ("tvdctl plan") and programs (the API's "changes").
 *
 * It compares what an administrator knows: names, labels, addresses, VLANs,
 * rules.  Internal ids, and where in a file something stands, are not part of
 * it.  It does not apply anything; what must be written to the database is
 * lib/tvd-db's business. */

#ifndef FLOWPOLICY_DIFF_H
#define FLOWPOLICY_DIFF_H 1

#include "lib/model.h"
#include "svec.h"

struct json;

enum diff_op {
    DIFF_ADD,
    DIFF_CHANGE,
    DIFF_REMOVE,
};
const char *diff_op_to_string(enum diff_op);    /* "add", "change", "remove" */

/* In the order in which changes are listed. */
enum diff_kind {
    DIFF_LABEL,
    DIFF_CONFLICT,
    DIFF_POOL,                  /* "vlan_pool", "vni_pool". */
    DIFF_SWITCH,
    DIFF_HOST,
    DIFF_TVD,
    DIFF_ROLE,                  /* Name "TVD/role". */
    DIFF_FLOW,                  /* An entry of the matrix: "TVD/role -> TVD" */
    DIFF_EE,                    /* With its NICs. */
    DIFF_N_KINDS
};
const char *diff_kind_to_string(enum diff_kind);    /* "label", ... "ee" */

struct diff_change {
    enum diff_kind kind;
    enum diff_op op;
    char *name;
    struct svec details;        /* In a fixed order.  Of a change "vlan: 110 ->
                                 * 111", and with " (new)" or " (gone)" behind
                                 * it what was not there before or is no more;
                                 * of an addition "vlan: 110", without what is
                                 * the default; of a removal nothing. */
};

/* Sorted by kind, then name. */
struct diff {
    struct diff_change *changes;
    size_t n;
};

/* What turns 'old' into 'new'; NULL stands for an empty model.  Both should
 * have been through alloc_fill().  Linear in their size, but for sorting. */
void diff_models(const struct model *old, const struct model *new,
                 struct diff *);
void diff_destroy(struct diff *);

/* A JSON array of {op, kind, name, details: [string]}; caller owns. */
struct json *diff_to_json(const struct diff *);

#endif /* flowpolicy/diff.h */
