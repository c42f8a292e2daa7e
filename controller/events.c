/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/events.h"

#include <stdlib.h>
#include <string.h>
#include "lib/tvd-idl.h"
#include "openvswitch/json.h"
#include "simap.h"
#include "util.h"

/* Numbers found in the table are taken for ours up to this; one above would
 * leave none to give. */
#define MAX_FOUND (INT64_C(1) << 52)

/* Events whose texts are longer together are not kept, in bytes. */
#define MAX_TEXT 4096

struct own_event {
    struct ovs_list node;       /* In 'pending'. */
    enum report_severity severity;
    char *kind;
    char *message;
    long long int time;
};

void
events_init(struct events *events)
{
    memset(events, 0, sizeof *events);
    ovs_list_init(&events->pending);
}

static void
own_event_destroy(struct own_event *event)
{
    free(event->kind);
    free(event->message);
    free(event);
}

void
events_destroy(struct events *events)
{
    struct own_event *event;

    LIST_FOR_EACH_POP (event, node, &events->pending) {
        own_event_destroy(event);
    }
}

void
events_add(struct events *events, enum report_severity severity,
           const char *kind, const char *message, long long int wall)
{
    struct own_event *event;

    if (events->n_pending >= EVENTS_MAX_PENDING) {
        return;
    }
    event = xzalloc(sizeof *event);
    event->severity = severity;
    event->kind = xstrdup(kind);
    event->message = xstrdup(message);
    event->time = wall;
    ovs_list_push_back(&events->pending, &event->node);
    events->n_pending++;
}

/* --- The table ------------------------------------------------------------*/

/* Only numbers that we have given count: agents may insert rows with any. */
static bool
is_numbered(const struct events *events, const struct tvdrec_event *row)
{
    return row->id > 0 && row->id <= events->last;
}

static bool
is_too_long(const struct tvdrec_event *row)
{
    return (strlen(row->message) + strlen(row->kind) + strlen(row->host)
            > MAX_TEXT);
}

/* Takes over what an earlier controller, or the active one, has numbered. */
static void
adopt_numbers(struct events *events, const struct ovsdb_idl *idl)
{
    const struct tvdrec_event *row;

    TVDREC_EVENT_FOR_EACH (row, idl) {
        if (row->id <= MAX_FOUND) {
            events->last = MAX(events->last, row->id);
        }
    }
}

void
events_run(struct events *events, const struct ovsdb_idl *idl, bool active)
{
    unsigned int seqno = tvdrec_event_get_seqno(idl);
    const struct tvdrec_event *row;
    size_t n = 0;

    if (seqno == events->seqno) {
        return;
    }
    if (!events->seqno || !active) {
        adopt_numbers(events, idl);
    }
    events->seqno = seqno;
    events->visible = 0;
    events->work = false;
    TVDREC_EVENT_FOR_EACH (row, idl) {
        n++;
        if (is_too_long(row) || !is_numbered(events, row)) {
            events->work = true;
        } else {
            events->visible = MAX(events->visible, row->id);
        }
    }
    events->work |= n > EVENTS_MAX;
}

bool
events_any(const struct events *events, int64_t since)
{
    return events->visible > since;
}

bool
events_pending(const struct events *events)
{
    return events->work || events->n_pending;
}

struct entry {
    const struct tvdrec_event *row;
    bool numbered;
};

static int
compare_entries(const void *a_, const void *b_)
{
    const struct entry *a = a_;
    const struct entry *b = b_;

    /* Those without a number come last, by their time. */
    if (a->numbered != b->numbered) {
        return a->numbered ? -1 : 1;
    } else if (a->numbered) {
        return a->row->id < b->row->id ? -1 : a->row->id > b->row->id;
    } else if (a->row->time != b->row->time) {
        return a->row->time < b->row->time ? -1 : 1;
    }
    return strcmp(a->row->host, b->row->host);
}

/* All rows in their order; caller frees. */
static struct entry *
sorted_rows(const struct events *events, const struct ovsdb_idl *idl,
            size_t *np)
{
    const struct tvdrec_event *row;
    size_t n = 0, allocated = EVENTS_MAX;
    struct entry *rows = xmalloc(allocated * sizeof *rows);

    TVDREC_EVENT_FOR_EACH (row, idl) {
        if (n >= allocated) {
            rows = x2nrealloc(rows, &allocated, sizeof *rows);
        }
        rows[n].row = row;
        rows[n++].numbered = is_numbered(events, row);
    }
    qsort(rows, n, sizeof *rows, compare_entries);
    *np = n;
    return rows;
}

static void
write_own(struct events *events, struct ovsdb_idl_txn *txn)
{
    const struct own_event *own;

    LIST_FOR_EACH (own, node, &events->pending) {
        const struct tvdrec_event *row = tvdrec_event_insert(txn);

        tvdrec_event_set_id(row, ++events->last);
        tvdrec_event_set_time(row, own->time);
        tvdrec_event_set_host(row, "");
        tvdrec_event_set_severity(row,
                                  report_severity_to_string(own->severity));
        tvdrec_event_set_kind(row, own->kind);
        tvdrec_event_set_message(row, own->message);
    }
    events->n_writing = events->n_pending;
}

static size_t
n_within(const struct simap *counts, unsigned int limit)
{
    const struct simap_node *node;
    size_t n = 0;

    SIMAP_FOR_EACH (node, counts) {
        n += MIN(node->data, limit);
    }
    return n;
}

/* Leaves of 'counts', rows by host, how many rows each host has too many if
 * there may be no more than 'max': those with most have to give way, so that
 * none can push out what others have said. */
static void
find_surplus(struct simap *counts, size_t max)
{
    unsigned int low = 0, high = EVENTS_MAX;
    struct simap_node *node;

    while (low < high) {
        unsigned int limit = low + (high - low + 1) / 2;

        if (n_within(counts, limit) <= max) {
            low = limit;
        } else {
            high = limit - 1;
        }
    }
    SIMAP_FOR_EACH (node, counts) {
        node->data -= MIN(node->data, low);
    }
}

void
events_write(struct events *events, struct ovsdb_idl *idl,
             struct ovsdb_idl_txn *txn)
{
    size_t n;
    struct entry *rows = sorted_rows(events, idl, &n);
    struct simap surplus = SIMAP_INITIALIZER(&surplus);

    for (size_t i = 0; i < n; i++) {
        simap_increase(&surplus, rows[i].row->host, 1);
    }
    find_surplus(&surplus, EVENTS_MAX - MIN(events->n_pending, EVENTS_MAX));
    for (size_t i = 0; i < n; i++) {
        struct simap_node *node = simap_find(&surplus, rows[i].row->host);

        if (node->data || is_too_long(rows[i].row)) {
            node->data -= node->data > 0;
            tvdrec_event_delete(rows[i].row);
        } else if (!rows[i].numbered) {
            tvdrec_event_set_id(rows[i].row, ++events->last);
        }
    }
    free(rows);
    simap_destroy(&surplus);
    write_own(events, txn);
}

void
events_written(struct events *events, bool success)
{
    if (success) {
        while (events->n_writing) {
            struct own_event *own = CONTAINER_OF(
                ovs_list_pop_front(&events->pending), struct own_event, node);

            own_event_destroy(own);
            events->n_writing--;
            events->n_pending--;
        }
    }
    events->n_writing = 0;
}

/* --- Questions ------------------------------------------------------------*/

static struct json *
event_to_json(const struct tvdrec_event *row)
{
    struct json *event = json_object_create();

    json_object_put(event, "id", json_integer_create(row->id));
    json_object_put(event, "time", json_integer_create(row->time));
    json_object_put_string(event, "host", row->host);
    json_object_put_string(event, "severity", row->severity);
    json_object_put_string(event, "kind", row->kind);
    json_object_put_string(event, "message", row->message);
    return event;
}

struct json *
events_to_json(const struct events *events, const struct ovsdb_idl *idl,
               int64_t since, int64_t limit)
{
    struct json *array = json_array_create_empty();
    struct json *result = json_object_create();
    size_t n, first = 0, end = 0;
    struct entry *rows = sorted_rows(events, idl, &n);
    int64_t last = since;

    while (end < n && rows[end].numbered) {
        first += rows[end].row->id <= since;
        end++;
    }
    if (end - first > limit) {
        if (since) {
            end = first + limit;
        } else {
            first = end - limit;
        }
    }
    for (size_t i = first; i < end; i++) {
        json_array_add(array, event_to_json(rows[i].row));
        last = rows[i].row->id;
    }
    free(rows);
    json_object_put(result, "events", array);
    json_object_put(result, "last", json_integer_create(last));
    return result;
}
