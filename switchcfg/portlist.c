/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/portlist.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

void
portlist_init(struct portlist *list, const void *octets, size_t n)
{
    list->octets = n ? xmemdup(octets, n) : NULL;
    list->n = n;
}

void
portlist_clone(struct portlist *dst, const struct portlist *src)
{
    portlist_init(dst, src->octets, src->n);
}

void
portlist_destroy(struct portlist *list)
{
    free(list->octets);
    *list = (struct portlist) { .n = 0 };
}

/* The bit of 'port' in its octet. */
static uint8_t
port_bit(enum portlist_order order, unsigned int port)
{
    unsigned int i = (port - 1) % 8;

    return order == PORTLIST_MSB_FIRST ? 0x80 >> i : 1 << i;
}

bool
portlist_contains(const struct portlist *list, enum portlist_order order,
                  unsigned int port)
{
    return port && (port - 1) / 8 < list->n
           && list->octets[(port - 1) / 8] & port_bit(order, port);
}

void
portlist_grow(struct portlist *list, size_t n)
{
    if (n > list->n) {
        list->octets = xrealloc(list->octets, n);
        memset(list->octets + list->n, 0, n - list->n);
        list->n = n;
    }
}

void
portlist_set(struct portlist *list, enum portlist_order order,
             unsigned int port, bool present)
{
    size_t at = (port - 1) / 8;

    ovs_assert(port && port <= PORTLIST_MAX_PORT);
    if (present) {
        portlist_grow(list, at + 1);
        list->octets[at] |= port_bit(order, port);
    } else if (at < list->n) {
        list->octets[at] &= ~port_bit(order, port);
    }
}

unsigned int
portlist_next(const struct portlist *list, enum portlist_order order,
              unsigned int after)
{
    unsigned int end = MIN(list->n, PORTLIST_MAX_PORT / 8 + 1) * 8;

    for (unsigned int port = after + 1; port <= end; port++) {
        if ((port - 1) % 8 == 0 && !list->octets[(port - 1) / 8]) {
            port += 7;
        } else if (portlist_contains(list, order, port)) {
            return port;
        }
    }
    return 0;
}

bool
portlist_is_empty(const struct portlist *list)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->octets[i]) {
            return false;
        }
    }
    return true;
}

bool
portlist_identical(const struct portlist *a, const struct portlist *b)
{
    return a->n == b->n && (!a->n || !memcmp(a->octets, b->octets, a->n));
}

bool
portlist_same_ports(const struct portlist *a, const struct portlist *b)
{
    for (size_t i = 0; i < MAX(a->n, b->n); i++) {
        if ((i < a->n ? a->octets[i] : 0) != (i < b->n ? b->octets[i] : 0)) {
            return false;
        }
    }
    return true;
}

void
portlist_format(const struct portlist *list, enum portlist_order order,
                struct ds *out)
{
    unsigned int port = portlist_next(list, order, 0);

    if (!port) {
        ds_put_char(out, '-');
    }
    while (port) {
        unsigned int last = port;

        while (portlist_contains(list, order, last + 1)) {
            last++;
        }
        ds_put_format(out, "%u", port);
        if (last > port) {
            ds_put_format(out, "%c%u", last > port + 1 ? '-' : ',', last);
        }
        port = portlist_next(list, order, last);
        if (port) {
            ds_put_char(out, ',');
        }
    }
}
