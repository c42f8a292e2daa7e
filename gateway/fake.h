/* SPDX-License-Identifier: Apache-2.0
 *
 * A system in memory behind gateway/reconcile.h, for tests: it does what it is
 * told, remembers it, and can be made to fail or to lie. */

#ifndef GATEWAY_FAKE_H
#define GATEWAY_FAKE_H 1

#include "gateway/reconcile.h"
#include "svec.h"

struct gateway_fake {
    struct gateway_system system; /* To be given to gateway_reconcile(). */
    struct shash netns;         /* "struct gateway_observed *" by namespace. */
    struct svec log;            /* Actions done, as they are printed. */

    /* Faults. */
    int fail_kind;              /* An enum gateway_action_kind that fails, or
                                 * -1. */
    int ignore_kind;            /* One that says it works, but does nothing. */
    bool fail_observe;
    bool fail_normalise;
    size_t n_normalised;        /* Calls of 'normalise'. */
};

void gateway_fake_init(struct gateway_fake *);
void gateway_fake_destroy(struct gateway_fake *);

/* What there is of namespace 'name', to be changed behind the reconciler's
 * back; NULL if it does not exist. */
struct gateway_observed *gateway_fake_find(struct gateway_fake *,
                                           const char *name);

#endif /* gateway/fake.h */
