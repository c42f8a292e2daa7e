/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds ports that have lost their device although a device of that name is
 * there.
 *
 * A data path in user space reads a port's device through a socket that is
 * bound to the device, not to its name.  When the device is deleted and
 * another is made under the same name (a container that restarts, a gateway
 * made anew), the socket stays with the dead one: the port looks healthy and
 * passes nothing until it has been taken out of the bridge and put in again.
 * ovs-vswitchd shows the new device's index in the port's old row; that is how
 * it is noticed.
 *
 * This module remembers and decides; it touches nothing. */

#ifndef OVS_TVD_REPLUG_H
#define OVS_TVD_REPLUG_H 1

#include <stdbool.h>
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "openvswitch/uuid.h"

/* How long a port stays out, in ms, so that ovs-vswitchd sees it gone. */
#define REPLUG_DELAY 500

struct replug {
    struct shash ports;         /* "struct replug_port *" by name. */
};

void replug_init(struct replug *);
void replug_destroy(struct replug *);

/* Tells of port 'name', whose interface is database row 'row' with 'ifindex'
 * (0: not known, no device).  'now' is in ms.  Returns true if the port has to
 * be taken out, which the caller then does. */
bool replug_check(struct replug *, const char *name, const struct uuid *row,
                  unsigned int ifindex, long long int now);

/* Until when port 'name' has to stay out, in ms; 0 if it need not. */
long long int replug_out_until(const struct replug *, const char *name);

/* Port 'name' is nobody's concern any more. */
void replug_forget(struct replug *, const char *name);

#endif /* ovs-tvd/replug.h */
