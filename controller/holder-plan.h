/* SPDX-License-Identifier: Apache-2.0
 *
 * Which host is to hold an EE: what the arbiter writes next, as data.
 *
 * An EE is held by one host at a time, with all its NICs (NIC.host); only that
 * host accepts its MACs from a port.  Hosts claim NICs by rows of Binding.
 * What may be written next depends on these alone:
 *
 *                      a host claims it
 *         nobody ----------------------------------> held by H
 *           ^   ^                                     |  |  ^
 *           |   |      H has let go, nobody claims    |  |  | H has let go,
 *           |   +-------------------------------------+  |  | N claims
 *           |                                            |  |
 *           | H has let go                               |  |
 *           |                        bound to N          v  |
 *           +---------- H is to let go <-----------------+--+
 *                                        unbound, and it arrived at N
 *
 * "Is to let go" is not written as such.  Of an EE that is bound it is that
 * EE.host is another than NIC.host: H's agent drops it, and the other waits
 * because NIC.host is not its name.  Of an EE that is not bound NIC.host is
 * made empty, and H says that it still has it; no agent takes an EE that
 * several hosts may have by itself.  So at no time two hosts accept its MACs.
 *
 * Pure: rows come in, changes go out. */

#ifndef CONTROLLER_HOLDER_PLAN_H
#define CONTROLLER_HOLDER_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one host says of one NIC. */
struct holder_claim {
    const char *host;           /* One of the policy. */
    bool may;                   /* The policy lets it have the NIC, now or, as
                                 * the EE's next host, soon. */
    bool holds;                 /* It accepts the NIC's MAC, or may do so: it
                                 * has not let go. */
    bool arrived;               /* It has seen frames of the EE. */
    bool renewed;               /* It did not keep its claim since it was
                                 * granted the NIC, and does not go by that
                                 * grant. */
    uint64_t order;             /* The lower, the older. */
};

struct holder_nic {
    const char *host;           /* That holds it; NULL: none.  One that the
                                 * policy has no more is none. */
    bool stale;                 /* 'host' is NULL here, but not in the
                                 * database. */
    const char *former;         /* The last that held it; NULL: not known.  It
                                 * may not have let go yet. */
    const struct holder_claim *claims;  /* Of each host at most one. */
    size_t n_claims;
};

struct holder_ee {
    const char *host;           /* Bound to; NULL: to none. */
    const char *next_host;      /* Announced; NULL: none. */
    const struct holder_nic *nics;
    size_t n_nics;
};

enum holder_action {
    HOLDER_GRANT,               /* 'host' holds 'nic'. */
    HOLDER_CLEAR,               /* Nobody holds 'nic'. */
    HOLDER_BIND,                /* The EE is bound to 'host'. */
    HOLDER_MOVED,               /* No move is announced any more. */
};
const char *holder_action_to_string(enum holder_action);

struct holder_change {
    enum holder_action action;
    size_t nic;                 /* Index. */
    const char *host;           /* Borrowed from the EE. */
};

/* Fills in 'changes', which has room for HOLDER_MAX_CHANGES(ee->n_nics), with
 * what is to be written in one transaction.  Returns how many.  No changes:
 * it is as it should be, or somebody must let go first. */
#define HOLDER_MAX_CHANGES(N_NICS) ((N_NICS) + 2)
size_t holder_plan(const struct holder_ee *, struct holder_change *changes);

/* The host that holds 'ee', or NULL. */
const char *holder_of(const struct holder_ee *ee);

#endif /* controller/holder-plan.h */
