/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/replug.h"

#include <stdlib.h>
#include "util.h"
#include "uuid.h"

struct replug_port {
    struct uuid row;
    unsigned int ifindex;       /* When the row first had one; 0: not yet. */
    long long int out_until;    /* 0: it has not been taken out. */
};

void
replug_init(struct replug *r)
{
    shash_init(&r->ports);
}

void
replug_destroy(struct replug *r)
{
    shash_destroy_free_data(&r->ports);
}

bool
replug_check(struct replug *r, const char *name, const struct uuid *row,
             unsigned int ifindex, long long int now)
{
    struct replug_port *port = shash_find_data(&r->ports, name);

    if (!port) {
        port = xzalloc(sizeof *port);
        shash_add(&r->ports, name, port);
    }
    if (!uuid_equals(&port->row, row)) {
        port->row = *row;
        port->ifindex = 0;
        port->out_until = 0;
    }
    if (!ifindex) {
        return false;
    } else if (!port->ifindex) {
        port->ifindex = ifindex;
    }
    if (port->ifindex == ifindex) {
        return false;
    }
    port->out_until = now + REPLUG_DELAY;
    return true;
}

long long int
replug_out_until(const struct replug *r, const char *name)
{
    const struct replug_port *port = shash_find_data(&r->ports, name);

    return port ? port->out_until : 0;
}

void
replug_forget(struct replug *r, const char *name)
{
    free(shash_find_and_delete(&r->ports, name));
}
