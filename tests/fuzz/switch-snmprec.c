/* SPDX-License-Identifier: Apache-2.0
 *
 * A recording of any bytes: refused, or the same when written and read
 * again. */

#include <config.h>
#include "switchcfg/snmprec.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mib_varbinds vbs = { .n = 0 }, again = { .n = 0 };
    struct ds text = DS_EMPTY_INITIALIZER;
    char *error = snmprec_parse((const char *) data, size, &vbs);

    if (error) {
        ovs_assert(!vbs.n);
        free(error);
        mib_varbinds_destroy(&vbs);
        return 0;
    }
    for (size_t i = 0; i < vbs.n; i++) {
        snmprec_format(&vbs.v[i], &text);
        ovs_assert(mib_varbind_size(&vbs.v[i])
                   > vbs.v[i].value.n_octets);
    }
    error = snmprec_parse(ds_cstr(&text), text.length, &again);
    ovs_assert(!error && again.n == vbs.n);
    for (size_t i = 0; i < vbs.n; i++) {
        ovs_assert(!mib_oid_compare(&vbs.v[i].oid, &again.v[i].oid));
        ovs_assert(mib_value_equal(&vbs.v[i].value, &again.v[i].value));
    }
    ds_destroy(&text);
    mib_varbinds_destroy(&vbs);
    mib_varbinds_destroy(&again);
    return 0;
}
