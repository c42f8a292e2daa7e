/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/counters.h"

#include <stdlib.h>
#include "hash.h"
#include "ovs-tvd/pipeline.h"
#include "util.h"

void
counters_init(struct counters *counters)
{
    hmap_init(&counters->by_cookie);
    counters->generation = 0;
}

void
counters_destroy(struct counters *counters)
{
    struct counter *c;

    HMAP_FOR_EACH_POP (c, node, &counters->by_cookie) {
        free(c);
    }
    hmap_destroy(&counters->by_cookie);
}

static bool
is_counted(uint64_t cookie)
{
    enum pipeline_cookie_kind kind;
    uint64_t id;

    return (pipeline_cookie_parse(cookie, &kind, &id)
            && (kind == PIPELINE_COOKIE_DROP || kind == PIPELINE_COOKIE_RULE
                || kind == PIPELINE_COOKIE_RULE_DROP));
}

static struct counter *
counter_get(struct counters *counters, uint64_t cookie)
{
    uint32_t hash = hash_uint64(cookie);
    struct counter *c;

    HMAP_FOR_EACH_WITH_HASH (c, node, hash, &counters->by_cookie) {
        if (c->cookie == cookie) {
            return c;
        }
    }
    c = xzalloc(sizeof *c);
    c->cookie = cookie;
    hmap_insert(&counters->by_cookie, &c->node, hash);
    return c;
}

void
counters_begin(struct counters *counters)
{
    struct counter *c;

    HMAP_FOR_EACH (c, node, &counters->by_cookie) {
        c->sum_packets = c->sum_bytes = 0;
    }
}

void
counters_add(struct counters *counters, uint64_t cookie, uint64_t packets,
             uint64_t bytes)
{
    if (is_counted(cookie)) {
        struct counter *c = counter_get(counters, cookie);

        c->sum_packets += packets;
        c->sum_bytes += bytes;
    }
}

/* What was counted between 'last' and 'sum'.  A sum that shrank means that
 * flows have been replaced: what is there now is new. */
static uint64_t
growth(uint64_t last, uint64_t sum)
{
    return sum >= last ? sum - last : sum;
}

void
counters_end(struct counters *counters)
{
    struct counter *c;

    HMAP_FOR_EACH (c, node, &counters->by_cookie) {
        c->packets += growth(c->last_packets, c->sum_packets);
        c->bytes += growth(c->last_bytes, c->sum_bytes);
        c->last_packets = c->sum_packets;
        c->last_bytes = c->sum_bytes;
    }
    counters->generation++;
}
