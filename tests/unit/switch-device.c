/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/switch-device.h"

#include "switchcfg/model-switch.h"
#include "util.h"

static struct model_switch *
ms_cast(const struct switch_device *device)
{
    return (struct model_switch *) CONST_CAST(struct switch_device *, device);
}

struct switch_device *
switch_device_create(const struct switch_device_ways *ways)
{
    const struct model_switch_options options = {
        .deaf = ways->deaf,
        .latency = ways->latency,
        .timeout = ways->timeout,
    };
    struct model_switch *ms = model_switch_create(&options);

    model_switch_load_default(ms, 4, 0);
    return (struct switch_device *) ms;
}

struct switch_session *
switch_device_session(struct switch_device *device)
{
    return &ms_cast(device)->session;
}

void
switch_device_set_deaf(struct switch_device *device, bool deaf)
{
    ms_cast(device)->options.deaf = deaf;
}

unsigned int
switch_device_n_requests(const struct switch_device *device)
{
    return ms_cast(device)->n_requests;
}

bool
switch_device_has(const struct switch_device *device, unsigned int vid)
{
    struct mib_oid oid = mib_oid_child(&mib_vlan_static_egress, vid);
    const struct mib_value *v = model_switch_get(ms_cast(device), &oid);

    return v && v->n_octets && v->octets[0] == 0x80;
}
