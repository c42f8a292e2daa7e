/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/snmprec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* A piece of text. */
struct span {
    const char *p;
    size_t n;
};

/* Cuts what is in front of 'sep' off 's'.  False if there is no 'sep'. */
static bool
cut(struct span *s, char sep, struct span *front)
{
    const char *at = s->n ? memchr(s->p, sep, s->n) : NULL;

    if (!at) {
        return false;
    }
    *front = (struct span) { s->p, at - s->p };
    s->n -= front->n + 1;
    s->p = at + 1;
    return true;
}

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Octets from hex; false if 's' is none. */
static bool
parse_hex(struct span s, struct mib_value *v)
{
    uint8_t *octets;

    if (s.n % 2) {
        return false;
    }
    octets = xmalloc(MAX(s.n / 2, 1));
    for (size_t i = 0; i < s.n; i += 2) {
        int high = hex_digit(s.p[i]), low = hex_digit(s.p[i + 1]);

        if (high < 0 || low < 0) {
            free(octets);
            return false;
        }
        octets[i / 2] = high << 4 | low;
    }
    v->octets = octets;
    v->n_octets = s.n / 2;
    return true;
}

/* What "\\C" stands for, or -1. */
static int
escaped(char c)
{
    static const char names[] = "\\'\"abfnrtv";
    static const char values[] = "\\'\"\a\b\f\n\r\t\v";
    const char *at = c ? strchr(names, c) : NULL;

    return at ? values[at - names] : -1;
}

/* Octets from text with escapes, as string literals of Python have them; false
 * if 's' is none. */
static bool
parse_escaped(struct span s, struct mib_value *v)
{
    size_t n = 0;

    v->octets = xmalloc(MAX(s.n, 1));
    for (size_t i = 0; i < s.n; i++) {
        int octet = (unsigned char) s.p[i];

        if (octet == '\\' && s.n - i >= 4 && s.p[i + 1] == 'x'
            && hex_digit(s.p[i + 2]) >= 0 && hex_digit(s.p[i + 3]) >= 0) {
            octet = hex_digit(s.p[i + 2]) << 4 | hex_digit(s.p[i + 3]);
            i += 3;
        } else if (octet == '\\') {
            octet = ++i < s.n ? escaped(s.p[i]) : -1;
        }
        if (octet < 0) {
            return false;
        }
        v->octets[n++] = octet;
    }
    v->n_octets = n;
    return true;
}

/* 's' without blanks at its ends. */
static struct span
trim(struct span s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s.n--;
    }
    return s;
}

/* A decimal number of 'type', within the bounds of that. */
static bool
parse_number(struct span s, enum mib_type type, uint64_t *number)
{
    bool negative = type == MIB_INTEGER && s.n && s.p[0] == '-';
    uint64_t max = type == MIB_COUNTER64 ? UINT64_MAX
                   : type == MIB_INTEGER ? (uint64_t) INT32_MAX + negative
                   : UINT32_MAX;
    uint64_t n = 0;

    if (s.n <= negative) {
        return false;
    }
    for (size_t i = negative; i < s.n; i++) {
        unsigned int digit = s.p[i] - '0';

        if (digit > 9 || n > (max - digit) / 10) {
            return false;
        }
        n = n * 10 + digit;
    }
    *number = negative ? -n : n;
    return true;
}

/* "192.0.2.1". */
static bool
parse_ip(struct span s, struct mib_value *v)
{
    struct mib_oid oid;

    if (!mib_oid_parse(s.p, s.n, &oid) || oid.n != 4) {
        return false;
    }
    v->octets = xmalloc(4);
    v->n_octets = 4;
    for (size_t i = 0; i < 4; i++) {
        if (oid.ids[i] > 255) {
            return false;
        }
        v->octets[i] = oid.ids[i];
    }
    return true;
}

/* An OID; none at all is zeroDotZero. */
static bool
parse_object_id(struct span s, struct mib_value *v)
{
    struct mib_oid oid = MIB_OID(0, 0);

    if (s.n && !mib_oid_parse(s.p, s.n, &oid)) {
        return false;
    }
    v->oid = xmemdup(&oid, sizeof oid);
    return true;
}

/* Sets '*v', whose type is set, from its text, which is in hex ('x'), has
 * escapes ('e') or is plain (0).  False if it is not right; '*v' is to be
 * cleared in either case. */
static bool
parse_value(struct span s, char form, struct mib_value *v)
{
    bool hex = form == 'x';

    if (form == 'e') {
        return (v->type == MIB_OCTETS || v->type == MIB_OPAQUE)
               && parse_escaped(s, v);
    }

    switch ((int) v->type) {
    case MIB_INTEGER:
    case MIB_COUNTER32:
    case MIB_UNSIGNED32:
    case MIB_TIME_TICKS:
    case MIB_COUNTER64:
        return !hex && parse_number(trim(s), v->type, &v->number);
    case MIB_OCTETS:
    case MIB_OPAQUE:
        if (hex) {
            return parse_hex(s, v);
        }
        v->octets = xmemdup(s.n ? s.p : "", MAX(s.n, 1));
        v->n_octets = s.n;
        return true;
    case MIB_IP_ADDRESS:
        return hex ? parse_hex(s, v) && v->n_octets == 4
               : parse_ip(trim(s), v);
    case MIB_OBJECT_ID:
        return !hex && parse_object_id(trim(s), v);
    case MIB_NULL:
    case MIB_NO_SUCH_OBJECT:
    case MIB_NO_SUCH_INSTANCE:
    case MIB_END_OF_VIEW:
        return !s.n;
    default:
        return false;
    }
}

/* Appends what a line holds.  Returns what is wrong with it, or NULL. */
static const char *
parse_line(struct span line, struct mib_varbinds *vbs)
{
    struct mib_value value = { .type = MIB_NULL };
    struct span oid_text, type_text, first;
    struct mib_oid oid;
    bool computed;
    uint64_t type;
    char form = 0;

    if (!cut(&line, '|', &oid_text) || !cut(&line, '|', &type_text)) {
        return "not of the form OID|TYPE|VALUE";
    }
    if (!mib_oid_parse(trim(oid_text).p, trim(oid_text).n, &oid)) {
        return "not an object identifier";
    }
    computed = cut(&type_text, ':', &first);
    type_text = computed ? first : type_text;
    if (type_text.n && (type_text.p[type_text.n - 1] == 'x'
                        || type_text.p[type_text.n - 1] == 'e')) {
        form = type_text.p[--type_text.n];
    }
    if (!parse_number(type_text, MIB_UNSIGNED32, &type)
        || !mib_type_to_string(MIN(type, 255))) {
        return "not a type";
    }
    if (computed) {
        return NULL;            /* Nobody has recorded a value. */
    }
    value.type = type;
    if (!parse_value(line, form, &value)) {
        mib_value_clear(&value);
        return "not a value of this type";
    }
    mib_varbinds_add_null(vbs, &oid)->value = value;
    return NULL;
}

char *
snmprec_parse(const char *text, size_t len, struct mib_varbinds *vbs)
{
    struct span rest = { text, len };
    size_t n_before = vbs->n;
    unsigned int number = 0;

    while (rest.n) {
        struct span line;
        const char *wrong;

        if (!cut(&rest, '\n', &line)) {
            line = rest;
            rest.n = 0;
        }
        number++;
        if (line.n && line.p[line.n - 1] == '\r') {
            line.n--;
        }
        if (!trim(line).n || *trim(line).p == '#') {
            continue;
        }
        wrong = parse_line(line, vbs);
        if (wrong) {
            while (vbs->n > n_before) {
                mib_value_clear(&vbs->v[--vbs->n].value);
            }
            return xasprintf("line %u: %s", number, wrong);
        }
    }
    return NULL;
}

void
snmprec_format(const struct mib_varbind *vb, struct ds *out)
{
    const struct mib_value *v = &vb->value;
    bool octets = v->type == MIB_OCTETS || v->type == MIB_OPAQUE
                  || v->type == MIB_IP_ADDRESS;
    bool hex = v->type == MIB_IP_ADDRESS;

    for (size_t i = 0; octets && i < v->n_octets; i++) {
        hex = hex || v->octets[i] < ' ' || v->octets[i] > '~';
    }
    mib_oid_format(&vb->oid, out);
    ds_put_format(out, "|%d%s|", (int) v->type, hex ? "x" : "");
    if (hex) {
        for (size_t i = 0; i < v->n_octets; i++) {
            ds_put_format(out, "%02x", v->octets[i]);
        }
    } else if (octets) {
        ds_put_buffer(out, (const char *) v->octets, v->n_octets);
    } else if (v->type != MIB_NULL && !mib_type_is_exception(v->type)) {
        mib_value_format(v, out);
    }
    ds_put_char(out, '\n');
}
