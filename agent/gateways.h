/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateways that the agent makes: hands what the model says to the gateway
 * worker, on each change and every few seconds, and knows how far it got.  It
 * does none of the work itself (gateway/gateway.h) and does not add the ports
 * to the bridge (the engine does).
 *
 * Gateways filter on their own what the flows allow through them, so in
 * whichever order the two change, nothing passes that either forbids. */

#ifndef AGENT_GATEWAYS_H
#define AGENT_GATEWAYS_H 1

#include <stdbool.h>
#include <stdint.h>
#include "smap.h"
#include "sset.h"

struct gateway_worker;
struct model;
struct report_sink;

struct gateways {
    struct gateway_worker *worker;  /* Borrowed. */
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

/* After a start, before the first report: takes the gateways of 'host' in
 * 'model' for present at the devices they have by plan, so that ports that an
 * agent before this one has put into the bridge stay in use.  A port that is
 * not in the bridge is not made by this. */
void gateways_assume(struct gateways *, const struct model *,
                     const char *host);

/* 'changed': the model is not what it was the last time.  Returns false if
 * the worker is gone and the program must end. */
bool gateways_run(struct gateways *, const struct model *, const char *host,
                  bool changed, long long int now, const struct report_sink *);
void gateways_wait(const struct gateways *);

#endif /* agent/gateways.h */
