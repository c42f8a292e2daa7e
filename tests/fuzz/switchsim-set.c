/* SPDX-License-Identifier: Apache-2.0
 *
 * A SET, written as snmprec, to a simulated switch behind a bridge: it is done
 * or not; what is refused, undone or saved and started anew leaves what is to
 * be left. */

#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "switchcfg/snmprec.h"
#include "switchsim/device.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct sim_device *d, const char *wanted)
{
    char *text = sim_device_config_to_string(d);

    ovs_assert(!strcmp(text, wanted));
    free(text);
}

static void
try_set(struct sim_device *d, const struct mib_varbinds *vbs)
{
    char *before = sim_device_config_to_string(d), *after, *why;
    size_t error_index;
    int error = sim_device_set(d, vbs->v, vbs->n, 10, &error_index, &why);

    ovs_assert(!error || error_index <= vbs->n);
    free(why);
    if (error) {
        check(d, before);
    } else {
        sim_device_undo(d);
        check(d, before);
        ovs_assert(!sim_device_set(d, vbs->v, vbs->n, 20, &error_index,
                                   &why));
        after = sim_device_config_to_string(d);
        sim_device_commit(d);
        check(d, after);
        sim_device_reboot(d, 30);
        check(d, d->saved ? after : before);
        free(after);
    }
    free(before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mib_varbinds vbs = { .n = 0 };
    struct sim_device *d;
    char *error = snmprec_parse((const char *) data, size, &vbs);

    if (error || !vbs.n) {
        free(error);
        mib_varbinds_destroy(&vbs);
        return 0;
    }
    error = sim_device_create(&(struct sim_device_config) {
        .n_ports = 8, .name = "sw", .bridged = true,
    }, NULL, 0, &d);
    ovs_assert(!error);
    try_set(d, &vbs);
    sim_device_destroy(d);
    mib_varbinds_destroy(&vbs);
    return 0;
}
