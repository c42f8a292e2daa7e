/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/uplink-plan.h"

#include <string.h>
#include "bitmap.h"
#include "util.h"

#define N_VLANS 4096

int64_t *
uplink_trunks(const unsigned long *vlans, size_t *n)
{
    int64_t *trunks = xmalloc((bitmap_count1(vlans, N_VLANS) + 1)
                              * sizeof *trunks);
    int vlan;

    *n = 0;
    BITMAP_FOR_EACH_1 (vlan, N_VLANS, vlans) {
        trunks[(*n)++] = vlan;
    }
    if (!*n) {
        trunks[(*n)++] = UPLINK_NO_VLAN;
    }
    return trunks;
}

/* Both are sorted: so the database keeps sets. */
static bool
trunks_equal(const struct uplink_state *s, const int64_t *trunks, size_t n)
{
    return (s->n_trunks == n
            && !memcmp(s->trunks, trunks, n * sizeof *trunks));
}

unsigned int
uplink_plan(const struct uplink_state *s, const int64_t *trunks,
            size_t n_trunks)
{
    unsigned int fixes = 0;

    if (!s->vlan_mode || strcmp(s->vlan_mode, "trunk") || s->tag
        || s->cvlans) {
        fixes |= UPLINK_FIX_MODE;
    }
    if (trunks && !trunks_equal(s, trunks, n_trunks)) {
        fixes |= UPLINK_FIX_TRUNKS;
    }
    if (!s->marked) {
        fixes |= UPLINK_FIX_MARK;
    }
    return fixes;
}
