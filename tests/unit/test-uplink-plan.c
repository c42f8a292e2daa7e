/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/uplink-plan.h"

#include <stdlib.h>
#include "bitmap.h"
#include "tests/unit/tap.h"
#include "util.h"

static void
test_trunks(void)
{
    unsigned long *vlans = bitmap_allocate(4096);
    int64_t *trunks;
    size_t n;

    trunks = uplink_trunks(vlans, &n);
    ok(n == 1 && trunks[0] == UPLINK_NO_VLAN, "no VLAN is not all of them");
    free(trunks);
    bitmap_set1(vlans, 200);
    bitmap_set1(vlans, 1);
    bitmap_set1(vlans, 4094);
    trunks = uplink_trunks(vlans, &n);
    ok(n == 3 && trunks[0] == 1 && trunks[1] == 200 && trunks[2] == 4094,
       "some, in order");
    free(trunks);
    bitmap_free(vlans);
}

static void
test_plan(void)
{
    static const int64_t want[] = { 10, 20 };
    static const int64_t other[] = { 10, 30 };
    static const struct {
        const char *what;
        struct uplink_state state;
        bool known;             /* What the trunks should be. */
        unsigned int fixes;
    } cases[] = {
        { "as it should be", { want, 2, "trunk", false, false, true }, true,
          0 },
        { "all VLANs", { NULL, 0, "trunk", false, false, true }, true,
          UPLINK_FIX_TRUNKS },
        { "other VLANs", { other, 2, "trunk", false, false, true }, true,
          UPLINK_FIX_TRUNKS },
        { "other VLANs, not known yet", { other, 2, "trunk", false, false,
                                          true }, false, 0 },
        { "one too few", { want, 1, "trunk", false, false, true }, true,
          UPLINK_FIX_TRUNKS },
        { "no mode", { want, 2, NULL, false, false, true }, true,
          UPLINK_FIX_MODE },
        { "another mode", { want, 2, "access", false, false, true }, true,
          UPLINK_FIX_MODE },
        { "a tag", { want, 2, "trunk", true, false, true }, true,
          UPLINK_FIX_MODE },
        { "customer VLANs", { want, 2, "trunk", false, true, true }, true,
          UPLINK_FIX_MODE },
        { "somebody else's", { NULL, 0, NULL, false, false, false }, true,
          UPLINK_FIX_MODE | UPLINK_FIX_TRUNKS | UPLINK_FIX_MARK },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned int fixes = uplink_plan(&cases[i].state,
                                         cases[i].known ? want : NULL, 2);

        ok(fixes == cases[i].fixes, "%s (%#x)", cases[i].what, fixes);
    }
}

int
main(void)
{
    test_trunks();
    test_plan();
    return tap_done();
}
