/* SPDX-License-Identifier: Apache-2.0
 *
 * What nft says is loaded. */

#include <config.h>
#include "gateway/readback.h"

#include <stdlib.h>
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *) data, size);
    struct gateway_observed o;

    gateway_observed_init(&o);

    char *error = gateway_readback(text, &o);
    ovs_assert(error ? !o.skeleton : o.table == (o.skeleton != NULL));
    free(error);
    gateway_observed_destroy(&o);
    free(text);
    return 0;
}
