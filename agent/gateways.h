/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateways that the agent makes: hands what the model says to the gateway
 * worker, on each change and every few seconds, and knows how far it got.  It
 * does none of the work itself (gateway/gateway.h) and does not add the ports
 * to the bridge (the engine does).
 *
 * Gateways filter on their own what the flows allow through them, so in
 * whichever order the two change, nothing passes that either forbids.  That
 * nothing is lost that both allow takes an order:
 *
 *                 change                 reported, or          enforced, or
 *                                        it takes too long     it takes too long
 *     SETTLED ----------> OPENING ------------------> FLOWS -------> SETTLED
 *     as the model        as the old or the           flows          as the
 *     wants               new model wants             change         model wants
 *
 * A change that only opens something is settled with the first report; one
 * that only closes something begins with the flows. */

#ifndef AGENT_GATEWAYS_H
#define AGENT_GATEWAYS_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/shash.h"
#include "smap.h"
#include "sset.h"

struct gateway_worker;
struct model;
struct report_sink;

enum gateways_phase {
    GATEWAYS_SETTLED,           /* They are, or become, what is wanted. */
    GATEWAYS_OPENING,           /* They get what is to be opened; the flows
                                 * have to wait for it. */
    GATEWAYS_FLOWS,             /* What is to be closed waits for the flows. */
};

struct gateways {
    struct gateway_worker *worker;  /* Borrowed. */
    enum gateways_phase phase;
    struct shash given;         /* "struct gateway_wanted *" by EE: what the
                                 * worker was asked for last. */
    bool closing;               /* 'given' is more than what is wanted. */
    long long int deadline;     /* Of this phase, unless it is settled. */
    bool plain_frames;          /* See gateway_plan_wanted(). */
    uint64_t submitted;         /* Last request. */
    uint64_t done;              /* Last request that was reported ready. */
    size_t n_wanted;            /* In the last request. */
    struct sset nics;           /* "EE/NIC" of these. */
    char *error;                /* What does not work, or NULL. */
    long long int next_submit;
    bool reported;              /* A report has come. */
    struct smap ports;          /* "EE/NIC" by device, of what exists. */
};

void gateways_init(struct gateways *, struct gateway_worker *,
                   bool plain_frames);
void gateways_destroy(struct gateways *);

/* To be called when the model is not what it was, before its flows are made.
 *
 * Until the first report after a start, the gateways of 'host' in 'model' are
 * taken for present at the devices they have by plan, so that ports that an
 * agent before this one has put into the bridge stay in use.  A port that is
 * not in the bridge is not made by this. */
void gateways_change(struct gateways *, const struct model *,
                     const char *host, long long int now);
/* True while flows of the model must not be installed yet. */
bool gateways_hold_flows(const struct gateways *);
/* True if gateways_flows_enforced() is waited for. */
bool gateways_want_flows(const struct gateways *);
/* The flows of the model are in force. */
void gateways_flows_enforced(struct gateways *, const struct model *,
                             const char *host, long long int now);

/* Returns false if the worker is gone and the program must end. */
bool gateways_run(struct gateways *, const struct model *, const char *host,
                  long long int now, const struct report_sink *);
void gateways_wait(const struct gateways *);

#endif /* agent/gateways.h */
