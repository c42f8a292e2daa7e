/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/ctlimit.h"
#include "tests/unit/tap.h"
#include "util.h"

int
main(void)
{
    static const uint16_t zones[] = { 2, 3, 65535 };
    static const struct {
        const char *what, *printed;
        size_t n;
        uint16_t first;
    } tests[] = {
        { "all are right", "default limit=0\nzone=2,limit=9,count=1\n"
          "zone=3,limit=9,count=0\nzone=65535,limit=9,count=0\n", 0, 0 },
        { "nothing printed", "", 3, 2 },
        { "only the default", "default limit=9\n", 3, 2 },
        { "another limit", "default limit=0\nzone=2,limit=9,count=1\n"
          "zone=3,limit=8,count=0\nzone=65535,limit=9,count=0", 1, 3 },
        { "other zones", "zone=4,limit=9,count=0\nzone=2,limit=9,count=0\n"
          "zone=3,limit=9,count=0", 1, 65535 },
        { "nonsense", "zone=99999999,limit=9\nzone=-1,limit=9\n\n\nzone=,\n"
          "zone=2,limit=", 3, 2 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        uint16_t missing[ARRAY_SIZE(zones)] = { 0 };
        size_t n = ctlimit_missing(tests[i].printed, zones, ARRAY_SIZE(zones),
                                   9, missing);

        ok(n == tests[i].n && missing[0] == tests[i].first, "%s",
           tests[i].what);
    }
    return tap_done();
}
