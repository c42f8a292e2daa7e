/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/events.h"
#include "tests/unit/tap.h"
#include "util.h"

static bool
add(struct events *e, const char *message, long long int now)
{
    return events_add(e, REPORT_WARNING, "drift", message, now, 1000 + now);
}

static void
test_order(void)
{
    struct events e;
    const struct event *event;

    events_init(&e);
    ok(!events_first(&e), "no event");
    add(&e, "a", 1);
    add(&e, "b", 2);
    event = events_first(&e);
    is_str(event->message, "a", "the oldest first");
    ok(event->when == 1001, "with its time");
    event = events_next(&e, event);
    is_str(event->message, "b", "then the next");
    ok(!events_next(&e, event), "then none");
    events_drop(&e, 1);
    is_str(events_first(&e)->message, "b", "the first can be dropped");
    events_drop(&e, 5);
    ok(!events_first(&e) && !e.n, "dropping too many is harmless");
    events_destroy(&e);
}

static void
test_repetition(void)
{
    struct events e;

    events_init(&e);
    ok(add(&e, "a", 0), "news");
    ok(!add(&e, "a", 1), "a repetition");
    ok(!add(&e, "a", EVENTS_QUIET - 1), "another");
    ok(add(&e, "b", 2), "other news");
    ok(events_add(&e, REPORT_INFO, "flows", "a", 3, 3), "of another kind");
    ok(add(&e, "a", EVENTS_QUIET), "later it is news again");
    events_drop(&e, 3);
    is_str(events_first(&e)->message, "a (and 2 times before)",
           "and says how often it was left out");
    add(&e, "c", 10 * EVENTS_QUIET);
    ok(shash_count(&e.recent) == 1, "what is long ago is forgotten");
    events_destroy(&e);
}

static void
test_bound(void)
{
    struct events e;

    events_init(&e);
    for (int i = 0; i < EVENTS_MAX + 10; i++) {
        char *message = xasprintf("event %d", i);

        add(&e, message, i);
        free(message);
    }
    ok(e.n == EVENTS_MAX, "the queue is bounded");
    is_str(events_first(&e)->message, "event 0", "first causes are kept");
    events_destroy(&e);
}

int
main(void)
{
    test_order();
    test_repetition();
    test_bound();
    return tap_done();
}
