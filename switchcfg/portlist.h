/* SPDX-License-Identifier: Apache-2.0
 *
 * PortLists (RFC 4363): a set of ports as the bits of an octet string.
 *
 * Pure.  A list keeps its length and every bit that nobody changes, also bits
 * of ports that do not exist: devices use them.  Lists of one device may
 * differ in length; a list shorter than a port is the same as one whose bit
 * is 0. */

#ifndef SWITCHCFG_PORTLIST_H
#define SWITCHCFG_PORTLIST_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ds;

/* Which bit of an octet is the lowest port. */
enum portlist_order {
    PORTLIST_MSB_FIRST,         /* RFC 4363: 0x80 of octet 1 is port 1. */
    PORTLIST_LSB_FIRST,         /* 0x01 of octet 1 is port 1. */
};

/* Ports are numbered from 1.  Lists end before this one. */
#define PORTLIST_MAX_PORT 65535

/* Zeroed is empty. */
struct portlist {
    uint8_t *octets;            /* Owned. */
    size_t n;                   /* Octets. */
};
void portlist_init(struct portlist *, const void *octets, size_t n);
void portlist_clone(struct portlist *dst, const struct portlist *src);
void portlist_destroy(struct portlist *);               /* Then as empty. */

/* False for a port beyond the end, and for port 0. */
bool portlist_contains(const struct portlist *, enum portlist_order,
                       unsigned int port);
/* Sets one bit.  The list grows, by octets of 0, only if the bit is to be 1
 * and beyond the end.  'port' is 1..PORTLIST_MAX_PORT. */
void portlist_set(struct portlist *, enum portlist_order, unsigned int port,
                  bool present);
/* Makes the list at least 'n' octets long; octets of 0 are appended. */
void portlist_grow(struct portlist *, size_t n);

/* The lowest port above 'after' that is in the list, or 0. */
unsigned int portlist_next(const struct portlist *, enum portlist_order,
                           unsigned int after);
#define PORTLIST_FOR_EACH(PORT, LIST, ORDER)                    \
    for (PORT = portlist_next(LIST, ORDER, 0); PORT;            \
         PORT = portlist_next(LIST, ORDER, PORT))
bool portlist_is_empty(const struct portlist *);
/* The same octets, and the same number of them. */
bool portlist_identical(const struct portlist *, const struct portlist *);
/* The same ports, whatever the lengths. */
bool portlist_same_ports(const struct portlist *, const struct portlist *);
/* "1-4,7", "-" if empty. */
void portlist_format(const struct portlist *, enum portlist_order,
                     struct ds *);

#endif /* switchcfg/portlist.h */
