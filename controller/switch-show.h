/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of a switch, as JSON for the API (docs/ARCHITECTURE.md).
 * Pure. */

#ifndef CONTROLLER_SWITCH_SHOW_H
#define CONTROLLER_SWITCH_SHOW_H 1

#include "openvswitch/compiler.h"

struct json;
struct switch_status;
struct switch_tables;
struct switch_wanted;

struct switch_view {
    const char *name;
    const char *address;
    bool manage;
    const char *phase;          /* Its state in short. */
    const struct switch_wanted *wanted; /* NULL: nothing. */
    const struct switch_status *status; /* NULL: no session, see 'error'. */
    const struct switch_tables *tables; /* NULL: not read yet. */
    const char *error;          /* Why there is no session; NULL. */
};

/* What matters most. */
struct json *switch_show_line(const struct switch_view *);
/* State, and its ports with what is wanted. */
struct json *switch_show(const struct switch_view *);
/* What would be changed, or why there is no plan.  The tables have been
 * read. */
struct json *switch_show_plan(const struct switch_view *);
/* What differs. */
struct json *switch_show_verify(const struct switch_view *);
/* What the policy would have to say to take it over, and what its ports are
 * now. */
struct json *switch_show_adopt(const struct switch_view *);
/* What the device is. */
struct json *switch_show_probe(const struct switch_view *);

#endif /* controller/switch-show.h */
