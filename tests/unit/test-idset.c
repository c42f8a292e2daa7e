/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of numbers, against an array of booleans. */

#include <config.h>

#include "ovs-tvd/idset.h"
#include "random.h"
#include "tests/unit/tap.h"
#include "util.h"

enum { N = 200 };

static bool
same(const struct idset *set, const bool *in)
{
    const struct idset_node *n;
    size_t count = 0, seen = 0;

    for (int i = 0; i < N; i++) {
        count += in[i];
        if (idset_contains(set, i) != in[i]) {
            return false;
        }
    }
    IDSET_FOR_EACH (n, set) {
        seen += n->id < N && in[n->id];
    }
    return count == idset_count(set) && count == seen;
}

int
main(void)
{
    bool in[N] = { false };
    bool good = true;
    struct idset set, other;
    uint64_t id;

    idset_init(&set);
    idset_init(&other);
    random_set_seed(7);
    for (int i = 0; i < 20000; i++) {
        int x = random_range(N);

        switch (random_range(8)) {
        case 0: case 1: case 2:
            good &= idset_add(&set, x) == !in[x];
            in[x] = true;
            break;
        case 3:
            good &= idset_remove(&set, x) == in[x];
            in[x] = false;
            break;
        case 4:
            idset_swap(&set, &other);
            idset_swap(&set, &other);
            break;
        default:
            if (idset_pop(&set, &id)) {
                good &= id < N && in[id];
                in[MIN(id, N - 1)] = false;
            } else {
                good &= !idset_count(&set);
            }
        }
        good &= same(&set, in);
    }
    ok(good, "20000 random steps agree with an array");

    for (int i = 0; i < N; i++) {
        idset_add(&set, i);
    }
    idset_swap(&set, &other);
    ok(idset_count(&other) == N && !idset_count(&set), "swap");
    idset_clear(&other);
    ok(!idset_count(&other) && !idset_pop(&other, &id), "clear");
    idset_destroy(&set);
    idset_destroy(&other);
    return tap_done();
}
