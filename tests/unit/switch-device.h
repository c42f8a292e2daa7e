/* SPDX-License-Identifier: Apache-2.0
 *
 * A switch in memory (switchcfg/model-switch.h) for tests that know lib/model.h
 * too, where a "struct model_switch" is something else. */

#ifndef TESTS_UNIT_SWITCH_DEVICE_H
#define TESTS_UNIT_SWITCH_DEVICE_H 1

#include <stdbool.h>

struct switch_session;

struct switch_device_ways {
    bool deaf;                  /* No answer to anything. */
    long long int latency;      /* ms until an answer comes. */
    long long int timeout;      /* ms until a lost one is given up. */
};

/* Four ports, as out of the box.  Goes with its session. */
struct switch_device *switch_device_create(const struct switch_device_ways *);
struct switch_session *switch_device_session(struct switch_device *);
void switch_device_set_deaf(struct switch_device *, bool deaf);
/* Of all kinds, so far. */
unsigned int switch_device_n_requests(const struct switch_device *);
/* True if VLAN 'vid' is there and has port 1, and no other. */
bool switch_device_has(const struct switch_device *, unsigned int vid);

#endif /* tests/unit/switch-device.h */
