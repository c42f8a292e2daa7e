/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of any octets, and any changes of bits: nothing else changes, and the
 * list grows only as far as needed.  Input: order, number of changes, changes
 * (three octets each), list. */

#include <config.h>
#include "switchcfg/portlist.h"

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sets a bit and checks that only this one is other than before. */
static void
change(struct portlist *list, enum portlist_order order, unsigned int port,
       bool present)
{
    struct portlist before;

    portlist_clone(&before, list);
    portlist_set(list, order, port, present);
    ovs_assert(portlist_contains(list, order, port) == present);
    ovs_assert(list->n == before.n
               || (present && list->n == (port + 7) / 8
                   && list->n > before.n));
    portlist_set(list, order, port, portlist_contains(&before, order, port));
    ovs_assert(portlist_same_ports(list, &before));
    portlist_set(list, order, port, present);
    portlist_destroy(&before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum portlist_order order;
    struct portlist list, copy = { .n = 0 };
    struct ds text = DS_EMPTY_INITIALIZER;
    unsigned int port, n;

    if (size < 2) {
        return 0;
    }
    order = data[0] & 1 ? PORTLIST_LSB_FIRST : PORTLIST_MSB_FIRST;
    n = data[1] % 16;
    data += 2;
    size -= 2;
    if (size < 3 * n) {
        return 0;
    }
    portlist_init(&list, data + 3 * n, size - 3 * n);
    for (unsigned int i = 0; i < n; i++) {
        const uint8_t *c = data + 3 * i;

        port = (c[0] << 8 | c[1]) % PORTLIST_MAX_PORT + 1;
        change(&list, order, port, c[2] & 1);
    }
    PORTLIST_FOR_EACH (port, &list, order) {
        portlist_set(&copy, order, port, true);
    }
    if (list.n <= PORTLIST_MAX_PORT / 8) {
        ovs_assert(portlist_same_ports(&list, &copy));
    }
    ovs_assert(portlist_is_empty(&copy)
               == !portlist_next(&list, order, 0));
    portlist_format(&list, order, &text);
    ovs_assert(text.length);
    ds_destroy(&text);
    portlist_destroy(&list);
    portlist_destroy(&copy);
    return 0;
}
