/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/holder-plan.h"

#include <string.h>
#include "util.h"

const char *
holder_action_to_string(enum holder_action action)
{
    switch (action) {
    case HOLDER_GRANT: return "grant";
    case HOLDER_CLEAR: return "clear";
    case HOLDER_BIND: return "bind";
    case HOLDER_MOVED: return "moved";
    }
    OVS_NOT_REACHED();
}

static bool
same(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* --- What a host says -----------------------------------------------------*/

static const struct holder_claim *
find_claim(const struct holder_nic *nic, const char *host)
{
    for (size_t i = 0; i < nic->n_claims; i++) {
        if (same(nic->claims[i].host, host)) {
            return &nic->claims[i];
        }
    }
    return NULL;
}

/* True if 'claim' to hold 'nic' counts: of who was given it, and of any that
 * may have it as long as we do not know whom it was given to. */
static bool
is_credible(const struct holder_nic *nic, const struct holder_claim *claim)
{
    return (claim->holds
            && (same(claim->host, nic->host)
                || (claim->may && (!nic->former
                                   || same(claim->host, nic->former)))));
}

/* What 'host' says of 'ee' as a whole: any NIC counts. */
struct sum {
    bool may, holds, arrived;
    bool credible;              /* That it holds it. */
    uint64_t order;
};

static struct sum
sum_of(const struct holder_ee *ee, const char *host)
{
    struct sum sum = { .order = UINT64_MAX };

    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct holder_nic *nic = &ee->nics[i];
        const struct holder_claim *claim = find_claim(nic, host);

        if (claim) {
            sum.may |= claim->may;
            sum.holds |= claim->holds;
            sum.credible |= is_credible(nic, claim);
            sum.arrived |= claim->may && claim->arrived;
            sum.order = MIN(sum.order, claim->order);
        }
    }
    return sum;
}

const char *
holder_of(const struct holder_ee *ee)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        if (ee->nics[i].host) {
            return ee->nics[i].host;
        }
    }
    return NULL;
}

/* --- Who is to have it ----------------------------------------------------*/

/* How much what 'host' claims counts while nobody holds 'ee'; 0: nothing. */
static int
rank(const struct holder_ee *ee, const char *host, const struct sum *claim)
{
    bool next = same(ee->next_host, host);

    if (!claim->may) {
        return 0;
    } else if (ee->host) {
        /* It can take it by itself, so no other can have it meanwhile. */
        return same(ee->host, host) ? 2 : 1;
    } else if (next && claim->arrived) {
        return 4;
    } else if (claim->credible) {
        return 3;
    }
    /* That it has arrived where nobody announced it is no more than a claim. */
    return next ? 2 : 1;
}

/* The best claimant, or NULL. */
static const char *
choose(const struct holder_ee *ee)
{
    const char *best = NULL;
    uint64_t best_order = 0;
    int best_rank = 0;

    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct holder_nic *nic = &ee->nics[i];

        for (size_t j = 0; j < nic->n_claims; j++) {
            const char *host = nic->claims[j].host;
            struct sum claim = sum_of(ee, host);
            int r = rank(ee, host, &claim);

            if (r > best_rank
                || (r && r == best_rank && claim.order < best_order)) {
                best = host;
                best_rank = r;
                best_order = claim.order;
            }
        }
    }
    return best;
}

/* True if a host other than 'host' may still accept a MAC of 'ee'. */
static bool
is_elsewhere(const struct holder_ee *ee, const char *host)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct holder_nic *nic = &ee->nics[i];

        for (size_t j = 0; j < nic->n_claims; j++) {
            const struct holder_claim *claim = &nic->claims[j];

            if (!same(claim->host, host) && is_credible(nic, claim)) {
                return true;
            }
        }
    }
    return false;
}

/* --- Changes --------------------------------------------------------------*/

struct plan {
    const struct holder_ee *ee;
    struct holder_change *changes;
    size_t n;
};

static void
add(struct plan *p, enum holder_action action, size_t nic, const char *host)
{
    p->changes[p->n++] = (struct holder_change) { action, nic, host };
}

static void
clear(struct plan *p, size_t i)
{
    if (p->ee->nics[i].host || p->ee->nics[i].stale) {
        add(p, HOLDER_CLEAR, i, NULL);
    }
}

/* Clears NIC 'i' unless its host still holds it. */
static void
clear_if_let_go(struct plan *p, size_t i)
{
    const struct holder_nic *nic = &p->ee->nics[i];
    const struct holder_claim *claim = find_claim(nic, nic->host);

    if (!claim || !claim->holds) {
        clear(p, i);
    }
}

/* A move to 'host' that was announced is over: it has it. */
static void
settle(struct plan *p, const char *host)
{
    const struct holder_ee *ee = p->ee;

    if (same(ee->next_host, host)) {
        if (ee->host && strcmp(ee->host, host)) {
            add(p, HOLDER_BIND, 0, host);
        }
        add(p, HOLDER_MOVED, 0, NULL);
    }
}

/* Nobody holds it any more: gives it to the best claimant. */
static void
plan_free(struct plan *p)
{
    const char *host = choose(p->ee);
    bool give = host && !is_elsewhere(p->ee, host);

    for (size_t i = 0; i < p->ee->n_nics; i++) {
        const struct holder_claim *claim = find_claim(&p->ee->nics[i], host);

        if (give && claim && claim->may) {
            add(p, HOLDER_GRANT, i, host);
        } else {
            clear_if_let_go(p, i);
        }
    }
    if (give) {
        settle(p, host);
    }
}

/* 'holder' has it, and it has arrived at the host that was announced. */
static void
plan_arrival(struct plan *p, const char *holder)
{
    if (p->ee->host) {
        add(p, HOLDER_BIND, 0, p->ee->next_host);
        return;
    }
    for (size_t i = 0; i < p->ee->n_nics; i++) {
        if (same(p->ee->nics[i].host, holder)) {
            clear(p, i);
        }
    }
}

/* 'holder' has it and keeps it. */
static void
plan_held(struct plan *p, const char *holder)
{
    for (size_t i = 0; i < p->ee->n_nics; i++) {
        const struct holder_nic *nic = &p->ee->nics[i];
        const struct holder_claim *claim = find_claim(nic, holder);

        if (!nic->host) {
            if (claim && claim->may && !is_elsewhere(p->ee, holder)) {
                add(p, HOLDER_GRANT, i, holder);
            } else {
                clear(p, i);
            }
        } else if (strcmp(nic->host, holder) && !p->ee->host) {
            /* An EE is at one host.  That one drops it when it is told so;
             * of one that is bound it does so by itself. */
            clear(p, i);
        } else if (claim && claim->renewed) {
            /* It gets it again once it has seen that. */
            clear(p, i);
        } else {
            clear_if_let_go(p, i);
        }
    }
    settle(p, holder);
}

size_t
holder_plan(const struct holder_ee *ee, struct holder_change *changes)
{
    struct plan p = { .ee = ee, .changes = changes };
    const char *holder = holder_of(ee);
    struct sum held = { .holds = false };

    if (holder) {
        held = sum_of(ee, holder);
    }
    if (!held.holds) {
        plan_free(&p);
    } else if (!held.may) {
        /* The policy has its agent drop it. */
    } else if (ee->next_host && strcmp(ee->next_host, holder)
               && sum_of(ee, ee->next_host).arrived) {
        plan_arrival(&p, holder);
    } else {
        plan_held(&p, holder);
    }
    return p.n;
}
