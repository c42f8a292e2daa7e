/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications of devices (RFC 3416): which of them want to be acknowledged,
 * and the message that does so.
 *
 * Nothing else is read of them: they are not believed.  Those of SNMPv3 are
 * not acknowledged: their sender would have to know an engine of ours.
 *
 * Pure, and safe with any input. */

#ifndef SWITCHCFG_NOTIFICATION_H
#define SWITCHCFG_NOTIFICATION_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* If the 'n' octets of 'message' are an InformRequest of SNMPv2c, makes them
 * the Response to it, which has the same size, and returns true.  Otherwise
 * leaves them alone. */
bool notification_acknowledge(uint8_t *message, size_t n);

#endif /* switchcfg/notification.h */
