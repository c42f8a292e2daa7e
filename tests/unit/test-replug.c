/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/replug.h"

#include "tests/unit/tap.h"
#include "util.h"

int
main(void)
{
    static const struct {
        const char *what;
        unsigned int row;
        unsigned int ifindex;
        long long int now;
        bool stale;
        long long int out_until;
    } steps[] = {
        { "a new row without a device", 1, 0, 1000, false, 0 },
        { "its device", 1, 7, 2000, false, 0 },
        { "the same", 1, 7, 3000, false, 0 },
        { "the device is gone", 1, 0, 4000, false, 0 },
        { "the same device again", 1, 7, 5000, false, 0 },
        { "another device, same row", 1, 9, 6000, true, 6500 },
        { "still there: taking it out failed", 1, 9, 7000, true, 7500 },
        { "a new row", 2, 9, 8000, false, 0 },
        { "the same", 2, 9, 9000, false, 0 },
        { "a new row and device", 3, 11, 9500, false, 0 },
    };
    struct replug r;

    replug_init(&r);
    ok(!replug_out_until(&r, "p"), "a port never heard of need not stay out");
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct uuid row = { .parts = { steps[i].row } };

        ok(replug_check(&r, "p", &row, steps[i].ifindex, steps[i].now)
           == steps[i].stale
           && replug_out_until(&r, "p") == steps[i].out_until,
           "%s", steps[i].what);
    }
    replug_forget(&r, "p");
    replug_forget(&r, "q");
    struct uuid row = { .parts = { 3 } };
    ok(!replug_check(&r, "p", &row, 99, 10000), "a forgotten port begins anew");
    replug_destroy(&r);
    return tap_done();
}
