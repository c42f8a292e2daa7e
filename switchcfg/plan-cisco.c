/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/plan-cisco.h"
#include "util.h"

char *
switch_cisco_plan(const struct switch_tables *t, const struct switch_wanted *w,
                  struct switch_plan *plan)
{
    return xstrdup("not supported");
}

char *
switch_cisco_restore(const struct switch_tables *now,
                     const struct switch_tables *before,
                     const struct switch_wanted *w, struct switch_plan *plan)
{
    return xstrdup("not supported");
}
