/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/events.h"

#include <stdlib.h>
#include "util.h"

/* An event seen not long ago. */
struct recent {
    long long int until;        /* End of the quiet time. */
    unsigned int repeated;      /* Left out since. */
};

void
events_init(struct events *e)
{
    ovs_list_init(&e->queue);
    e->n = 0;
    shash_init(&e->recent);
    e->next_sweep = 0;
}

static void
event_destroy(struct event *event)
{
    free(event->kind);
    free(event->message);
    free(event);
}

void
events_drop(struct events *e, size_t n)
{
    for (; n && e->n; n--, e->n--) {
        event_destroy(CONTAINER_OF(ovs_list_pop_front(&e->queue),
                                   struct event, node));
    }
}

void
events_destroy(struct events *e)
{
    events_drop(e, e->n);
    shash_destroy_free_data(&e->recent);
}

/* Forgets what has been quiet for long, now and then. */
static void
sweep(struct events *e, long long int now)
{
    struct shash_node *node;

    if (now < e->next_sweep) {
        return;
    }
    SHASH_FOR_EACH_SAFE (node, &e->recent) {
        const struct recent *r = node->data;

        if (now >= r->until + EVENTS_QUIET) {
            free(node->data);
            shash_delete(&e->recent, node);
        }
    }
    e->next_sweep = now + EVENTS_QUIET;
}

/* True if the event is to be written; '*repeated' says how often it has been
 * left out before. */
static bool
is_news(struct events *e, const char *key, long long int now,
        unsigned int *repeated)
{
    struct recent *r = shash_find_data(&e->recent, key);

    *repeated = 0;
    if (r && now < r->until) {
        r->repeated++;
        return false;
    }
    if (r) {
        *repeated = r->repeated;
    } else {
        r = xmalloc(sizeof *r);
        shash_add(&e->recent, key, r);
    }
    r->repeated = 0;
    r->until = now + EVENTS_QUIET;
    return true;
}

bool
events_add(struct events *e, enum report_severity severity, const char *kind,
           const char *message, long long int now, long long int wall)
{
    char *key = xasprintf("%s\n%s", kind, message);
    unsigned int repeated;
    struct event *event;
    bool news;

    sweep(e, now);
    news = is_news(e, key, now, &repeated);
    free(key);
    if (!news || e->n >= EVENTS_MAX) {
        return false;
    }
    event = xmalloc(sizeof *event);
    event->when = wall;
    event->severity = severity;
    event->kind = xstrdup(kind);
    event->message = (repeated
                      ? xasprintf("%s (and %u times before)", message,
                                  repeated)
                      : xstrdup(message));
    ovs_list_push_back(&e->queue, &event->node);
    e->n++;
    return true;
}

const struct event *
events_first(const struct events *e)
{
    return (ovs_list_is_empty(&e->queue) ? NULL
            : CONTAINER_OF(ovs_list_front(&e->queue), struct event, node));
}

const struct event *
events_next(const struct events *e, const struct event *event)
{
    return (event->node.next == &e->queue ? NULL
            : CONTAINER_OF(event->node.next, struct event, node));
}
