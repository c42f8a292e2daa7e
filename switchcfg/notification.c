/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/notification.h"

#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_OCTETS 0x04
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30
#define TAG_RESPONSE 0xa2
#define TAG_INFORM 0xa6

#define VERSION_2C 1

/* Octets that have not been read yet. */
struct octets {
    uint8_t *p;
    size_t n;
};

/* Takes an element of BER off the front of 'in'; 'content' becomes what is in
 * it.  Returns its tag; 0, which none of ours is, if there is no whole one. */
static uint8_t
take(struct octets *in, struct octets *content)
{
    size_t header = 2, length;
    uint8_t tag;

    if (in->n < header) {
        return 0;
    }
    tag = in->p[0];
    length = in->p[1];
    if (length & 0x80) {
        /* The low bits count octets of the length; 0: it is not told, which
         * SNMP does not allow. */
        size_t n_octets = length & 0x7f;

        if (!n_octets || n_octets > sizeof(uint32_t)
            || n_octets > in->n - header) {
            return 0;
        }
        length = 0;
        for (size_t i = 0; i < n_octets; i++) {
            length = length << 8 | in->p[header + i];
        }
        header += n_octets;
    }
    if (length > in->n - header) {
        return 0;
    }
    *content = (struct octets) { in->p + header, length };
    in->p = content->p + length;
    in->n -= header + length;
    return tag;
}

static bool
take_integer(struct octets *in, struct octets *content)
{
    return (take(in, content) == TAG_INTEGER
            && content->n >= 1 && content->n <= sizeof(uint32_t));
}

/* A list of pairs, of a name and a value. */
static bool
are_varbinds(struct octets list)
{
    while (list.n) {
        struct octets varbind, part;

        if (take(&list, &varbind) != TAG_SEQUENCE
            || take(&varbind, &part) != TAG_OID
            || !take(&varbind, &part) || varbind.n) {
            return false;
        }
    }
    return true;
}

bool
notification_acknowledge(uint8_t *message, size_t n)
{
    struct octets in = { message, n };
    struct octets body, version, community, pdu, id, status, index, list;
    uint8_t *tag;

    if (take(&in, &body) != TAG_SEQUENCE || in.n
        || !take_integer(&body, &version)
        || version.n != 1 || version.p[0] != VERSION_2C
        || take(&body, &community) != TAG_OCTETS) {
        return false;
    }
    tag = body.p;
    if (take(&body, &pdu) != TAG_INFORM || body.n
        || !take_integer(&pdu, &id)
        || !take_integer(&pdu, &status)
        || !take_integer(&pdu, &index)
        || take(&pdu, &list) != TAG_SEQUENCE || pdu.n
        || !are_varbinds(list)) {
        return false;
    }
    *tag = TAG_RESPONSE;
    /* They mean something in the answer alone: no error. */
    memset(status.p, 0, status.n);
    memset(index.p, 0, index.n);
    return true;
}
