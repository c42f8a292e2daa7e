/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy file: text in, checked model out.
 *
 * This module reads the language that tvd-policy(5) describes, finds every
 * error of a file in one run, and builds a struct model that is consistent:
 * what it returns needs no further checks.  It does not allocate anything
 * that the file leaves out (ids, VLANs, VNIs, MACs, addresses stay zero or
 * empty; see flowpolicy/alloc.h), and does not decide whether a packet may
 * pass (see flowpolicy/decide.h).  It touches nothing outside but the file
 * it is asked to read and /etc/services.
 *
 * What a parsed model looks like:
 *
 *   - All ids are 0.  'vlan', 'vni', MACs and a NIC's addresses are set only
 *     if declared, and the *_declared members say so.
 *   - The 'router' of each subnet is set: network address + 1.
 *   - A NIC without a name is called "ethN" after its position, one without a
 *     role has the role MODEL_DEFAULT_ROLE, which its TVD gets on demand.
 *   - An EE without a kind is a VM, except that one with a NIC in the gateway
 *     role is a namespace.  A namespace in the gateway role is 'managed'.
 *   - Matrix entries that are not in the file are not in the model: the
 *     default applies (flowpolicy/decide.h).
 *   - A pool that is not given is {0, 0}.
 *   - 'origin' is MODEL_FROM_POLICY. */

#ifndef FLOWPOLICY_POLICY_H
#define FLOWPOLICY_POLICY_H 1

#include <stdbool.h>
#include <stddef.h>
#include "lib/model.h"

/* A file is refused when larger than this, in bytes. */
#define POLICY_MAX_SIZE (64 * 1024 * 1024)
/* Lists are refused when longer than this.  Far above what is needed, and low
 * enough that work that grows with the square does not matter; an EE has as
 * many addresses as its TVD has subnets. */
#define POLICY_MAX_SUBNETS 64           /* Of a TVD. */
#define POLICY_MAX_NICS 64              /* Of an EE. */
#define POLICY_MAX_IPS 64               /* Of a NIC. */
#define POLICY_MAX_SERVICES 256         /* Of an entry of the matrix. */
#define POLICY_MAX_PEERS 1024           /* Of an entry of the matrix. */
#define POLICY_MAX_CONFLICTS 64         /* Conflict sets with a type. */
/* After so many errors the rest is counted, but not kept. */
#define POLICY_MAX_ERRORS 1000

struct policy_error {
    unsigned int line;          /* 1-based; 0: about no place in a file. */
    unsigned int column;        /* 1-based, in characters. */
    char *message;              /* Without position, no newline. */
};

/* What is wrong with a file.  Kept sorted by position once a parse function
 * has returned. */
struct policy_errors {
    char *file_name;            /* Shown in front; "-" is shown as "stdin". */
    struct policy_error *errors;
    size_t n;
    size_t allocated;
    size_t n_dropped;           /* Beyond POLICY_MAX_ERRORS. */
};

/* 'file_name' is what messages show; it is copied and never opened. */
void policy_errors_init(struct policy_errors *, const char *file_name);
/* Frees what hangs below; the struct itself is the caller's. */
void policy_errors_destroy(struct policy_errors *);
/* Adds an error.  'line' 0 stands for "no place". */
void policy_errors_add(struct policy_errors *, unsigned int line,
                       unsigned int column, const char *format, ...)
    OVS_PRINTF_FORMAT(4, 5);
/* True if a further error would be counted only. */
bool policy_errors_full(const struct policy_errors *);
/* Sorts by position, drops exact repetitions. */
void policy_errors_sort(struct policy_errors *);
/* "file:line:column: message\n" for each error, and a last line that counts
 * those dropped, if any; "" if there is none.  Caller frees. */
char *policy_errors_format(const struct policy_errors *);

/* Parses and checks the 'len' bytes at 'text' (YAML; any JSON file is YAML
 * too).  Returns the model, which the caller owns, or NULL with at least one
 * error added to 'errors'. */
struct model *policy_parse(const char *text, size_t len,
                           struct policy_errors *errors);

/* Reads the file errors->file_name ("-" is standard input) and does as
 * policy_parse().  If 'textp' is nonnull, *textp and *lenp get the text that
 * was read, also when it has errors; NULL if it could not be read.  The
 * caller frees it. */
struct model *policy_parse_file(struct policy_errors *errors,
                                char **textp, size_t *lenp);

/* Adds to 'm' the EE that the 'len' bytes at 'text' (YAML or JSON) declare:
 *
 *     {name: NAME, label: LABEL, kind: KIND, host: HOST, nics: [...]}
 *
 * as an entry of "ees" in a policy file, plus its name.  Everything that a
 * file's EEs are checked for is checked against 'm', which may come from a
 * file or from the database, and may have been through allocation; the work
 * is linear in the addresses of 'm' and a small constant of time for each.
 *
 * Returns the EE, which 'm' owns, with origin MODEL_FROM_API and without ids;
 * or NULL, with errors added and 'm' as it was, except that a TVD may have
 * got the role MODEL_DEFAULT_ROLE. */
struct model_ee *policy_parse_ee(struct model *m, const char *text,
                                 size_t len, struct policy_errors *errors);

/* Copies into 'm', a model from policy_parse(), each EE of 'old' that was
 * added by "tvdctl ee add" (origin MODEL_FROM_API) and that 'm' does not
 * declare by itself; an EE that 'm' declares replaces it.  Declared MACs and
 * addresses are copied; allocated ones are not, allocation finds them in
 * 'old' by name.
 *
 * An EE that no longer fits the new policy (its TVD, role, label or host is
 * gone, an address is taken, ...) is an error that names the EE and says what
 * to do.  Returns true if all fit; else false, with all errors added and 'm'
 * fit only to be destroyed. */
bool policy_merge_ees(struct model *m, const struct model *old,
                      struct policy_errors *errors);

#endif /* flowpolicy/policy.h */
