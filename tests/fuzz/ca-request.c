/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificate requests from whoever sends them: they are refused with a
 * reason, or they can be signed. */

#include <config.h>
#include "lib/ca.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input = xmemdup0((const char *) data, size);
    char *error = ca_check_request(input, "desk1");

    ovs_assert(!error || strlen(error) > 10);
    free(error);
    free(input);
    return 0;
}
