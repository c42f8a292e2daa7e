/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of credentials, engines and memories; answers to walks, as recordings. */

#include <config.h>

#include <stdint.h>
#include <stdlib.h>
#include "switchcfg/credentials.h"
#include "switchcfg/engine.h"
#include "switchcfg/memory.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/walk.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
walk(const char *text, size_t len)
{
    static const struct mib_oid roots[] = {
        MIB_OID(1, 3, 1), MIB_OID(1, 3, 6), MIB_OID(1, 3, 2),
    };
    struct mib_varbinds vbs = { .n = 0 };
    struct switch_walk w;
    char *error = snmprec_parse(text, len, &vbs);

    switch_walk_init(&w, roots, ARRAY_SIZE(roots));
    for (size_t i = 0; i < 4 && !error; i++) {
        struct mib_varbinds answer = { .n = 0 };

        for (size_t j = i; j < vbs.n; j++) {
            mib_varbinds_add(&answer, &vbs.v[j].oid, &vbs.v[j].value);
        }
        error = switch_walk_take(&w, &answer);
    }
    free(error);
    switch_walk_destroy(&w);
    mib_varbinds_destroy(&vbs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct switch_credentials *c;
    struct switch_engine e;
    struct switch_memory m;

    free(switch_credentials_parse((const char *) data, len, &c));
    switch_credentials_destroy(c);
    free(switch_engine_parse((const char *) data, len, &e));
    free(switch_memory_parse((const char *) data, len, "::1", &m));
    walk((const char *) data, len);
    return 0;
}
