/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of plans for switches share: doing a plan on a switch in memory,
 * and recorded devices. */

#ifndef TESTS_UNIT_SWITCH_CHECK_H
#define TESTS_UNIT_SWITCH_CHECK_H 1

#include "switchcfg/model-switch.h"
#include "switchcfg/plan.h"

/* Does all PDUs of 'plan'.  NULL if the device took them all, else what it
 * refused; caller frees. */
char *switch_check_execute(struct model_switch *, const struct switch_plan *);

/* The folder with recorded devices; NULL if there is none here. */
const char *switch_check_walks(void);
/* Reads a recording; the program ends if that does not work. */
void switch_check_load(const char *path, struct mib_varbinds *);

#endif /* tests/unit/switch-check.h */
