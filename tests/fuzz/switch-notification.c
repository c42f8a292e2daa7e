/* SPDX-License-Identifier: Apache-2.0
 *
 * A datagram of any octets to the port for traps: left alone, or made a
 * Response, which nobody acknowledges in turn. */

#include <config.h>
#include "switchcfg/notification.h"

#include <stdlib.h>
#include <string.h>
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Exactly as large, so that reading beyond it is found. */
    uint8_t *message = size ? xmemdup(data, size) : NULL;
    bool acknowledged = notification_acknowledge(message, size);

    if (acknowledged) {
        ovs_assert(memcmp(message, data, size));
        ovs_assert(!notification_acknowledge(message, size));
    } else if (size) {
        ovs_assert(!memcmp(message, data, size));
    }
    free(message);
    return 0;
}
