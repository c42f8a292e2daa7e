/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/service.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <string.h>
#include "lib/suggest.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-thread.h"
#include "svec.h"
#include "util.h"

/* Protocols by name.  Any other has only its number: a name that means one
 * thing in one /etc/protocols and nothing in another has no place in a
 * policy. */
static const struct proto {
    const char *name;
    uint8_t number;
    bool ports;
} protos[] = {
    { "icmp", IPPROTO_ICMP, false },
    { "tcp", IPPROTO_TCP, true },
    { "udp", IPPROTO_UDP, true },
    { "sctp", IPPROTO_SCTP, true },
    { "gre", IPPROTO_GRE, false },
    { "esp", IPPROTO_ESP, false },
};

#define VALID "valid are icmp, tcp, udp, sctp, gre, esp, a protocol number " \
              "1..255, tcp/22, udp/8000-8010, or a name of /etc/services"

static const struct proto *
proto_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
        if (strlen(protos[i].name) == len
            && !memcmp(protos[i].name, name, len)) {
            return &protos[i];
        }
    }
    return NULL;
}

/* 'text', cut to a length that a message can bear and without bytes that
 * would upset a terminal; caller frees. */
static char *
quote(const char *text)
{
    enum { MAX = 64 };
    struct ds out = DS_EMPTY_INITIALIZER;
    size_t i;

    ds_put_char(&out, '\'');
    for (i = 0; i < MAX && text[i]; i++) {
        unsigned char c = text[i];

        ds_put_char(&out, c < ' ' || c == 127 ? '?' : c);
    }
    ds_put_cstr(&out, text[i] ? "...'" : "'");
    return ds_steal_cstr(&out);
}

static char *
error(const char *what, const char *text, const char *hint)
{
    char *quoted = quote(text);
    char *msg = xasprintf("%s %s: %s", what, quoted, hint);

    free(quoted);
    return msg;
}

/* Reads decimal digits at '*p', at most 5 of them, and steps over them.  No
 * leading zeros: some would read them as octal. */
static bool
parse_number(const char **p, unsigned int *value)
{
    const char *start = *p;

    for (*value = 0; isdigit((unsigned char) **p) && *p - start < 5; ++*p) {
        *value = *value * 10 + (**p - '0');
    }
    return (*p != start && !isdigit((unsigned char) **p)
            && (*start != '0' || *p - start == 1));
}

static bool
is_number(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

static bool
parse_port(const char **p, uint16_t *port)
{
    unsigned int value;

    if (!parse_number(p, &value) || value < 1 || value > UINT16_MAX) {
        return false;
    }
    *port = value;
    return true;
}

/* The port of 'name' in /etc/services for 'proto', 0 if there is none. */
static uint16_t
port_by_name(const char *name, const char *proto)
{
    /* Names of services are short; nothing longer goes to the resolver. */
    if (strlen(name) > 63) {
        return 0;
    }

    struct servent *entry = getservbyname(name, proto);
    return entry ? ntohs((uint16_t) entry->s_port) : 0;
}

/* The names of protocols and those of /etc/services. */
static const struct svec *
known_names(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;
    static struct svec names = SVEC_EMPTY_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        struct servent *entry;

        for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
            svec_add(&names, protos[i].name);
        }
        setservent(1);
        while ((entry = getservent())) {
            svec_add(&names, entry->s_name);
        }
        endservent();
        ovsthread_once_done(&once);
    }
    return &names;
}

/* 'name' in 'text' is not known, or not for 'proto' if that is not NULL. */
static char *
error_name(const char *text, const struct proto *proto, const char *name,
           const char *hint)
{
    const struct svec *names = known_names();
    const char *meant = suggest_nearest(
        name, (const char *const *) names->names, names->n);
    char *near, *msg;

    if (!meant || (proto && !port_by_name(meant, proto->name))) {
        return error("unknown service", text, hint);
    }
    near = xasprintf("did you mean '%s%s%s'? %s", proto ? proto->name : "",
                     proto ? "/" : "", meant, hint);
    msg = error("unknown service", text, near);
    free(near);
    return msg;
}

/* The part of 'text' after "tcp/". */
static char *
parse_ports(const char *text, const struct proto *proto, const char *ports,
            struct model_service *s)
{
    const char *p = ports;

    *s = (struct model_service) { .proto = proto->number };
    if (!isdigit((unsigned char) *p)) {
        s->port_min = s->port_max = port_by_name(p, proto->name);
        return s->port_min ? NULL
               : error_name(text, proto, p, "after the slash stands a port "
                            "1..65535, a range like 8000-8010, or a name "
                            "that /etc/services has for this protocol");
    }
    if (!parse_port(&p, &s->port_min)) {
        return error("invalid port in service", text,
                     "ports are 1..65535");
    }
    s->port_max = s->port_min;
    if (*p == '-') {
        p++;
        if (!parse_port(&p, &s->port_max)) {
            return error("invalid port in service", text,
                         "ports are 1..65535");
        }
    }
    if (*p) {
        return error("invalid service", text, VALID);
    }
    if (s->port_max < s->port_min) {
        return error("invalid port range in service", text,
                     "the lower port comes first");
    }
    return NULL;
}

static char *
parse_proto_number(const char *text, struct model_service *s)
{
    const char *p = text;
    unsigned int value;

    if (!parse_number(&p, &value) || value < 1 || value > 255) {
        return error("invalid protocol number", text,
                     "protocol numbers are 1..255; a port needs its protocol, "
                     "as in tcp/22");
    }
    switch (value) {
    case IPPROTO_ICMPV6:
        return error("invalid service", text,
                     "write icmp, which means both ICMP and ICMPv6");
    case IPPROTO_ROUTING:
    case IPPROTO_FRAGMENT:
    case IPPROTO_DSTOPTS:
        return error("invalid service", text,
                     "this is the number of an IPv6 extension header, not of "
                     "a protocol");
    }
    *s = (struct model_service) { .proto = value, .any_port = true };
    return NULL;
}

static char *
parse_name(const char *text, struct model_service s[SERVICE_PARSE_MAX],
           size_t *n)
{
    for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
        uint16_t port = protos[i].ports
                        ? port_by_name(text, protos[i].name) : 0;

        if (port) {
            s[(*n)++] = (struct model_service) {
                .proto = protos[i].number, .port_min = port, .port_max = port
            };
        }
    }
    return *n ? NULL : error_name(text, NULL, text, VALID);
}

char *
service_parse(const char *text, struct model_service s[SERVICE_PARSE_MAX],
              size_t *n)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? slash - text : strlen(text);
    const struct proto *proto = proto_find(text, len);
    char *msg = NULL;

    *n = 0;
    if (!slash && !proto && !is_number(text)) {
        return parse_name(text, s, n);
    }
    if (slash && (!proto || !proto->ports)) {
        msg = error("invalid service", text,
                    "before the slash stands tcp, udp or sctp");
    } else if (slash) {
        msg = parse_ports(text, proto, slash + 1, &s[0]);
    } else if (proto) {
        s[0] = (struct model_service) { .proto = proto->number,
                                        .any_port = true };
    } else {
        msg = parse_proto_number(text, &s[0]);
    }
    *n = !msg;
    return msg;
}

uint8_t
service_canonical_proto(uint8_t ip_proto)
{
    return ip_proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : ip_proto;
}

bool
service_holds(const struct model_service *s, uint8_t ip_proto,
              uint16_t dst_port)
{
    return service_canonical_proto(s->proto)
               == service_canonical_proto(ip_proto)
           && (s->any_port
               || (dst_port >= s->port_min && dst_port <= s->port_max));
}

/* True if the 'n' services of 's' together hold 'proto', which is canonical,
 * on every port of 'min'..'max'. */
static bool
covers_ports(const struct model_service *s, size_t n, uint8_t proto,
             unsigned int min, unsigned int max)
{
    /* Everything below 'min' is known to be covered; each round moves it
     * beyond a service that holds it, so there are at most 'n' rounds. */
    for (bool moved = true; moved; ) {
        moved = false;
        for (size_t i = 0; i < n; i++) {
            if (!service_holds(&s[i], proto, min)) {
                continue;
            }
            if (s[i].any_port || s[i].port_max >= max) {
                return true;
            }
            min = s[i].port_max + 1;
            moved = true;
        }
    }
    return false;
}

bool
service_list_covers(const struct model_service *s, size_t n,
                    const struct model_service *asked)
{
    if (!n) {
        return true;
    }
    if (asked) {
        uint8_t proto = service_canonical_proto(asked->proto);

        return asked->any_port
               ? covers_ports(s, n, proto, 0, UINT16_MAX)
               : covers_ports(s, n, proto, asked->port_min, asked->port_max);
    }
    for (int proto = 0; proto <= UINT8_MAX; proto++) {
        if (!covers_ports(s, n, service_canonical_proto(proto),
                          0, UINT16_MAX)) {
            return false;
        }
    }
    return true;
}

bool
service_intersect(const struct model_service *a, const struct model_service *b,
                  struct model_service *common)
{
    struct model_service s = { .proto = service_canonical_proto(a->proto) };

    if (s.proto != service_canonical_proto(b->proto)) {
        return false;
    }
    if (a->any_port && b->any_port) {
        s.any_port = true;
    } else {
        s.port_min = MAX(a->any_port ? 0 : a->port_min,
                         b->any_port ? 0 : b->port_min);
        s.port_max = MIN(a->any_port ? UINT16_MAX : a->port_max,
                         b->any_port ? UINT16_MAX : b->port_max);
        if (s.port_min > s.port_max) {
            return false;
        }
    }
    *common = s;
    return true;
}

int
service_compare(const struct model_service *a, const struct model_service *b)
{
    if (a->proto != b->proto) {
        return a->proto < b->proto ? -1 : 1;
    }
    if (a->any_port || b->any_port) {
        return b->any_port - a->any_port;
    }
    if (a->port_min != b->port_min) {
        return a->port_min < b->port_min ? -1 : 1;
    }
    return a->port_max < b->port_max ? -1 : a->port_max > b->port_max;
}

char *
service_list_format(const struct model_service *s, size_t n)
{
    struct ds out = DS_EMPTY_INITIALIZER;

    if (!n) {
        ds_put_cstr(&out, "all");
    }
    for (size_t i = 0; i < n; i++) {
        char *text = model_service_format(&s[i]);

        ds_put_format(&out, "%s%s", i ? ", " : "", text);
        free(text);
    }
    return ds_steal_cstr(&out);
}
