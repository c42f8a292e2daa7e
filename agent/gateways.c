/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/gateways.h"

#include <stdlib.h>
#include "gateway/gateway.h"
#include "lib/report.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* How often gateways are read back, in ms: if there are any, and if not (a
 * namespace that we once made may have to go). */
#define INTERVAL 400
#define IDLE_INTERVAL 5000
/* Planning again takes at most 1/PLAN_SHARE of the time. */
#define PLAN_SHARE 50
/* How long flows wait for gateways to open, and gateways that are to close
 * for the flows, in ms. */
#define HOLD 1000
#define MAX_OPEN 2000

void
gateways_init(struct gateways *g, struct gateway_worker *worker,
              bool plain_frames)
{
    memset(g, 0, sizeof *g);
    g->worker = worker;
    g->plain_frames = plain_frames;
    sset_init(&g->nics);
    smap_init(&g->ports);
    shash_init(&g->given);
}

void
gateways_destroy(struct gateways *g)
{
    sset_destroy(&g->nics);
    smap_destroy(&g->ports);
    gateway_wanted_destroy_all(&g->given);
    free(g->error);
}

/* Asks the worker for 'wanted', which is taken over. */
static void
submit(struct gateways *g, struct shash *wanted, long long int now)
{
    struct shash_node *node;

    g->n_wanted = shash_count(wanted);
    sset_clear(&g->nics);
    gateway_wanted_destroy_all(&g->given);
    shash_init(&g->given);
    SHASH_FOR_EACH (node, wanted) {
        const struct gateway_wanted *w = node->data;
        struct gateway_wanted *clone = gateway_wanted_clone(w);

        sset_add(&g->nics, w->nic);
        if (clone) {
            shash_add(&g->given, node->name, clone);
        }
    }
    g->submitted = gateway_submit(g->worker, wanted, GATEWAY_APPLY);
    g->next_submit = now + MAX(g->n_wanted ? INTERVAL : IDLE_INTERVAL,
                               (time_msec() - now) * PLAN_SHARE);
}

static void
submit_model(struct gateways *g, const struct model *m, const char *host,
             long long int now)
{
    struct shash wanted;

    gateway_plan_wanted(m, host, g->plain_frames, &wanted);
    submit(g, &wanted, now);
}

static void
assume(struct gateways *g, const struct shash *wanted)
{
    struct shash_node *node;

    smap_clear(&g->ports);
    SHASH_FOR_EACH (node, wanted) {
        const struct gateway_wanted *w = node->data;

        if (!w->error) {
            smap_replace(&g->ports, w->host_if, w->nic);
        }
    }
}

static void
await_flows(struct gateways *g, long long int now)
{
    g->phase = GATEWAYS_FLOWS;
    g->deadline = now + MAX_OPEN;
}

void
gateways_change(struct gateways *g, const struct model *m, const char *host,
                long long int now)
{
    struct shash wanted, both;
    bool opens, closes;

    gateway_plan_wanted(m, host, g->plain_frames, &wanted);
    if (!g->reported) {
        assume(g, &wanted);
        submit(g, &wanted, now);
        return;
    }
    gateway_wanted_unite(&g->given, &wanted, &both);
    opens = !gateway_wanted_equal_all(&both, &g->given);
    closes = !gateway_wanted_equal_all(&both, &wanted);
    gateway_wanted_destroy_all(&wanted);
    g->closing = closes;
    if (opens) {
        submit(g, &both, now);
        g->phase = GATEWAYS_OPENING;
        g->deadline = now + HOLD;
    } else {
        gateway_wanted_destroy_all(&both);
        if (g->phase == GATEWAYS_SETTLED && closes) {
            await_flows(g, now);
        }
    }
}

bool
gateways_hold_flows(const struct gateways *g)
{
    return g->phase == GATEWAYS_OPENING;
}

bool
gateways_want_flows(const struct gateways *g)
{
    return g->phase == GATEWAYS_FLOWS;
}

void
gateways_flows_enforced(struct gateways *g, const struct model *m,
                        const char *host, long long int now)
{
    if (g->phase == GATEWAYS_FLOWS) {
        g->phase = GATEWAYS_SETTLED;
        g->closing = false;
        submit_model(g, m, host, now);
    }
}

/* Says what was found changed by hand. */
static void
report_repairs(const struct gateway_status *s, const struct report_sink *sink)
{
    struct ds text = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < s->n_actions && i < 5; i++) {
        ds_put_format(&text, "%s%s", i ? ", " : "", s->actions[i]);
    }
    report(sink, REPORT_WARNING, "drift",
           "gateway %s was changed by somebody else, repaired: %s", s->ee,
           ds_cstr(&text));
    ds_destroy(&text);
}

static void
read_status(struct gateways *g, const struct gateway_status *s,
            const struct smap *old_ports, struct ds *errors,
            const struct report_sink *sink)
{
    if (s->drift && s->n_actions) {
        report_repairs(s, sink);
    }
    if (s->error) {
        ds_put_format(errors, "%sgateway %s: %s", errors->length ? "; " : "",
                      s->ee, s->error);
    }
    /* A port that is there stays while its gateway is being repaired. */
    if (s->ready || (s->host_if && smap_get(old_ports, s->host_if))) {
        smap_replace(&g->ports, s->host_if, s->nic);
    }
}

static void
set_error(struct gateways *g, char *error, const struct report_sink *sink)
{
    if (error && (!g->error || strcmp(error, g->error))) {
        report(sink, REPORT_ERROR, "gateway", "%s", error);
    }
    free(g->error);
    g->error = error;
}

static void
read_report(struct gateways *g, const struct gateway_report *r,
            const struct report_sink *sink)
{
    struct ds errors = DS_EMPTY_INITIALIZER;
    struct smap old_ports;
    struct shash_node *node;

    if (r->error) {
        ds_put_cstr(&errors, r->error);
    }
    /* A failure as a whole says nothing about any of them. */
    if (!r->error || shash_count(&r->gateways)) {
        smap_clone(&old_ports, &g->ports);
        smap_clear(&g->ports);
        SHASH_FOR_EACH (node, &r->gateways) {
            read_status(g, node->data, &old_ports, &errors, sink);
        }
        smap_destroy(&old_ports);
        g->reported = true;
    }
    if (r->ready) {
        g->done = r->id;
    }
    set_error(g, errors.length ? ds_steal_cstr(&errors) : NULL, sink);
    ds_destroy(&errors);
}

/* Goes on from GATEWAYS_OPENING when it is over. */
static void
end_opening(struct gateways *g, long long int now)
{
    if (g->phase == GATEWAYS_OPENING
        && (g->done >= g->submitted || now >= g->deadline)) {
        if (g->closing) {
            await_flows(g, now);
        } else {
            g->phase = GATEWAYS_SETTLED;
        }
        poll_immediate_wake();
    }
}

bool
gateways_run(struct gateways *g, const struct model *m, const char *host,
             long long int now, const struct report_sink *sink)
{
    struct gateway_report *r;

    if (m && g->phase == GATEWAYS_SETTLED && now >= g->next_submit) {
        submit_model(g, m, host, now);
    }
    while ((r = gateway_poll(g->worker))) {
        read_report(g, r, sink);
        gateway_report_destroy(r);
    }
    end_opening(g, now);
    if (m && now >= g->deadline) {
        gateways_flows_enforced(g, m, host, now);
    }
    return gateway_worker_is_alive(g->worker);
}

void
gateways_wait(const struct gateways *g)
{
    gateway_wait(g->worker);
    if (g->phase != GATEWAYS_SETTLED) {
        poll_timer_wait_until(g->deadline);
    } else if (g->submitted) {
        poll_timer_wait_until(g->next_submit);
    }
}
