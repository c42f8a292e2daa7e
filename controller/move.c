/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/move.h"

#include <stdlib.h>
#include <string.h>
#include "controller/hosts.h"
#include "controller/request.h"
#include "flowpolicy/decide.h"
#include "lib/suggest.h"
#include "util.h"

static bool
same(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* The host that holds 'ee', or NULL. */
static const char *
holder_of(const struct model_ee *ee)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        if (ee->nics[i]->host) {
            return ee->nics[i]->host;
        }
    }
    return NULL;
}

/* True if the agent of 'host' is heard of. */
static bool
is_online(const struct hosts *hosts, const struct model *m, const char *host)
{
    struct host_status status;
    bool online;

    hosts_status(hosts, m, host, 0, INT64_MAX, &status);
    online = status.state != HOST_OFFLINE;
    host_status_destroy(&status);
    return online;
}

static bool
is_revoked(const struct model *m, const char *name)
{
    const struct model_host *host = model_host_find(m, name);

    return host && host->revoked;
}

/* The host that holds 'ee', or that may, as far as is known: it is bound there,
 * and the host does not answer.  NULL: none. */
static const char *
possible_holder_of(const struct model *m, const struct hosts *hosts,
                   const struct model_ee *ee)
{
    const char *holder = holder_of(ee);

    return (holder ? holder
            : ee->host && !is_revoked(m, ee->host)
              && shash_find(&hosts->agents, ee->host)
              && !is_online(hosts, m, ee->host) ? ee->host : NULL);
}

/* --- Refusals -------------------------------------------------------------*/

/* "there is no WHAT "name"; did you mean "x"?" of the names in 'objects'. */
static char *
unknown(const char *what, const char *name, const struct shash *objects)
{
    const char **names = xmalloc((shash_count(objects) + 1) * sizeof *names);
    const struct shash_node *node;
    const char *near;
    char *error;
    size_t n = 0;

    SHASH_FOR_EACH (node, objects) {
        names[n++] = node->name;
    }
    near = suggest_nearest(name, names, n);
    error = (near ? xasprintf("there is no %s \"%.64s\"; did you mean "
                              "\"%s\"?", what, name, near)
             : xasprintf("there is no %s \"%.64s\"", what, name));
    free(names);
    return error;
}

/* Why 'ee' may not run beside what 'host' holds, or NULL; caller frees. */
static char *
why_not_beside(const struct model *m, const char *host,
               const struct model_ee *ee)
{
    struct model_ee **running
        = xmalloc((shash_count(&m->ees) + 1) * sizeof *running);
    const struct shash_node *node;
    char *why = NULL;
    size_t n = 0;

    SHASH_FOR_EACH (node, &m->ees) {
        struct model_ee *other = node->data;

        if (other != ee && same(holder_of(other), host)) {
            running[n++] = other;
        }
    }
    decide_collocatable(m, running, n, ee, &why);
    free(running);
    return why;
}

/* Why the policy does not let 'ee' be on 'host', or NULL; caller frees. */
static char *
why_not_on(const struct model *m, const struct model_host *host,
           const struct model_ee *ee)
{
    char *why = NULL;

    if (host->revoked) {
        return xstrdup("that host is revoked; enrol it again first");
    } else if (!decide_authorised(host, ee, &why)) {
        return why;
    }
    for (size_t i = 0; i < ee->n_nics; i++) {
        if (!decide_attachable(host, ee->nics[i], ee->nics[i]->tvd, &why)) {
            return why;
        }
    }
    return why_not_beside(m, host->name, ee);
}

static char *
refuse(const struct request *r, char *why)
{
    char *error = xasprintf("cannot move EE \"%s\"%s%s%s: %s", r->name,
                            r->host ? " to host \"" : "",
                            r->host ? r->host : "", r->host ? "\"" : "", why);

    free(why);
    return error;
}

/* --- What changes ---------------------------------------------------------*/

static void
add_detail(struct svec *details, const char *what, const char *from,
           const char *to, const char *none)
{
    if (!nullable_string_is_equal(from, to)) {
        svec_add_nocopy(details, xasprintf("%s: %s -> %s", what,
                                           from ? from : none,
                                           to ? to : none));
    }
}

static void
describe(struct move *move)
{
    struct svec details = SVEC_EMPTY_INITIALIZER;
    struct diff_change *change;

    add_detail(&details, "host", move->ee->host, move->host, "any");
    add_detail(&details, "moves to", move->ee->next_host, move->next_host,
               "-");
    if (move->taken_from) {
        svec_add_nocopy(&details, xasprintf("taken from: %s",
                                            move->taken_from));
    }
    if (!details.n) {
        svec_destroy(&details);
        return;
    }
    change = xzalloc(sizeof *change);
    change->kind = DIFF_EE;
    change->op = DIFF_CHANGE;
    change->name = xstrdup(move->ee->name);
    change->details = details;
    move->diff = (struct diff) { change, 1 };
}

static void
note(struct move *move, const struct model *m, const struct hosts *hosts)
{
    const struct model_ee *ee = move->ee;
    const char *holder = possible_holder_of(m, hosts, ee);

    if (!nullable_string_is_equal(ee->host, move->host)
        && ee->origin == MODEL_FROM_POLICY) {
        svec_add_nocopy(&move->notes, xasprintf(
            "EE \"%s\" is declared in the policy file; the next apply of the "
            "file decides again where it runs: write 'host: %s' there, too",
            ee->name, move->host));
    }
    if (holder && !move->taken_from && !same(holder, move->host)
        && !is_online(hosts, m, holder)) {
        svec_add_nocopy(&move->notes, xasprintf(
            "host \"%s\" does not answer, and may have EE \"%s\" until it has "
            "let go; if it is off or fenced: tvdctl ee move %s %s --force",
            holder, ee->name, ee->name,
            move->next_host ? move->next_host : move->host));
    }
}

/* --- The kinds of moves ---------------------------------------------------*/

static char *
plan_cancel(const struct model_ee *ee, struct move *move)
{
    move->next_host = NULL;
    return (ee->next_host ? NULL
            : xstrdup("no move of it is announced; nothing to cancel"));
}

static char *
plan_live(const struct model_ee *ee, const struct model_host *host,
          struct move *move)
{
    const char *holder = holder_of(ee);

    if (!holder) {
        return xstrdup("it runs nowhere, as far as is known; move it without "
                       "--live");
    } else if (same(holder, host->name)) {
        return xstrdup("it is there already");
    }
    move->next_host = host->name;
    return NULL;
}

static char *
plan_force(const struct model *m, const struct hosts *hosts,
           const struct model_ee *ee, const struct model_host *host,
           struct move *move)
{
    const char *holder = possible_holder_of(m, hosts, ee);

    if (same(holder, host->name)) {
        return xstrdup("it is there already");
    } else if (holder && is_online(hosts, m, holder)) {
        return xasprintf("host \"%s\", which has it, answers and lets go by "
                         "itself; move it without --force", holder);
    }
    move->host = host->name;
    move->next_host = NULL;
    move->taken_from = holder;
    return NULL;
}

static char *
plan_cold(const struct model_ee *ee, const struct model_host *host,
          struct move *move)
{
    const char *holder = holder_of(ee);

    if (same(ee->host, host->name) && !ee->next_host) {
        return (!holder || same(holder, host->name)
                ? xstrdup("it is bound to that host already")
                : xasprintf("it is bound to that host already, but host "
                            "\"%s\" has not let go of it; if that is off or "
                            "fenced, --force takes it", holder));
    }
    move->host = host->name;
    move->next_host = NULL;
    return NULL;
}

char *
move_plan(const struct model *m, const struct hosts *hosts,
          const struct request *r, struct move *move)
{
    const struct model_ee *ee = model_ee_find(m, r->name);
    const struct model_host *host = r->host ? model_host_find(m, r->host)
                                    : NULL;
    char *why;

    memset(move, 0, sizeof *move);
    if (!ee) {
        return unknown("EE", r->name, &m->ees);
    } else if (r->cancel == (r->host != NULL)
               || (r->cancel && (r->live || r->force))
               || (r->live && r->force)) {
        return xstrdup("ee_move takes a host, with \"live\", \"force\" or "
                       "neither, or \"cancel\" alone");
    } else if (r->host && !host) {
        return unknown("host", r->host, &m->hosts);
    }
    move->ee = ee;
    move->host = ee->host;
    move->next_host = ee->next_host;
    svec_init(&move->notes);
    why = (ee->managed ? xstrdup("it is a gateway, which the policy places")
           : host ? why_not_on(m, host, ee) : NULL);
    if (!why) {
        why = (r->cancel ? plan_cancel(ee, move)
               : r->live ? plan_live(ee, host, move)
               : r->force ? plan_force(m, hosts, ee, host, move)
               : plan_cold(ee, host, move));
    }
    if (why) {
        move_destroy(move);
        return refuse(r, why);
    }
    describe(move);
    note(move, m, hosts);
    return NULL;
}

void
move_destroy(struct move *move)
{
    diff_destroy(&move->diff);
    svec_destroy(&move->notes);
}
