/* SPDX-License-Identifier: Apache-2.0
 *
 * Cookies, names of tables and drops, and conntrack zones. */

#include <config.h>

#include "ovs-tvd/pipeline.h"

#include "util.h"

#define COOKIE_MARK UINT64_C(0x7476)

uint64_t
pipeline_cookie(enum pipeline_cookie_kind kind, uint64_t id)
{
    return COOKIE_MARK << 48 | (uint64_t) kind << 40
           | (id & UINT64_C(0xffffffffff));
}

bool
pipeline_cookie_parse(uint64_t cookie, enum pipeline_cookie_kind *kind,
                      uint64_t *id)
{
    uint8_t k = cookie >> 40;

    if (cookie >> 48 != COOKIE_MARK || k < PIPELINE_COOKIE_STATIC
        || k > PIPELINE_COOKIE_RULE_DROP) {
        return false;
    }
    *kind = k;
    *id = cookie & UINT64_C(0xffffffffff);
    return true;
}

const char *
pipeline_drop_to_string(unsigned int drop)
{
    switch (drop) {
#define PIPELINE_DROP(ENUM, ID, NAME, MEANING) case ID: return NAME;
    PIPELINE_DROPS
#undef PIPELINE_DROP
    }
    return NULL;
}

const char *
pipeline_table_to_string(unsigned int table)
{
    switch (table) {
#define PIPELINE_TABLE(ENUM, ID, NAME, PURPOSE) case ID: return NAME;
    PIPELINE_TABLES
#undef PIPELINE_TABLE
    }
    return NULL;
}

uint16_t
pipeline_zone_edge(uint32_t tvd_id)
{
    return 2 * tvd_id;
}

uint16_t
pipeline_zone_leg(uint32_t tvd_a, uint32_t tvd_b)
{
    return 2 * MIN(tvd_a, tvd_b) + 1;
}
