/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/service.h"

#include <stdlib.h>
#include "random.h"
#include "util.h"

#include "tests/unit/tap.h"

/* --- Parsing. */

static const struct {
    const char *text;
    const char *want;           /* Formatted again; or the error, with "!". */
} parse_table[] = {
    { "icmp", "icmp" },
    { "tcp", "tcp" },
    { "udp", "udp" },
    { "sctp", "sctp" },
    { "gre", "47" },
    { "esp", "50" },
    { "1", "icmp" },
    { "6", "tcp" },
    { "47", "47" },
    { "255", "255" },
    { "tcp/22", "tcp/22" },
    { "udp/53", "udp/53" },
    { "sctp/1", "sctp/1" },
    { "tcp/65535", "tcp/65535" },
    { "tcp/8000-8010", "tcp/8000-8010" },
    { "tcp/80-80", "tcp/80" },
    { "tcp/1-65535", "tcp/1-65535" },
    { "tcp/ssh", "tcp/22" },
    { "ssh", "tcp/22" },
    { "domain", "tcp/53, udp/53" },
    { "", "!unknown service '': " },
    { "0", "!invalid protocol number '0': " },
    { "256", "!invalid protocol number '256': " },
    { "99999999999999999999", "!invalid protocol number '9" },
    { "58", "!invalid service '58': write icmp" },
    { "43", "!invalid service '43': this is the number of an IPv6 ext" },
    { "44", "!invalid service '44': this is the number of an IPv6 ext" },
    { "60", "!invalid service '60': this is the number of an IPv6 ext" },
    { "tcp/", "!unknown service 'tcp/': " },
    { "tcp/0", "!invalid port in service 'tcp/0': " },
    { "tcp/65536", "!invalid port in service 'tcp/65536': " },
    { "tcp/100000", "!invalid port in service 'tcp/100000': " },
    { "tcp/22-", "!invalid port in service 'tcp/22-': " },
    { "tcp/-22", "!unknown service 'tcp/-22': " },
    { "tcp/23-22", "!invalid port range in service 'tcp/23-22': " },
    { "tcp/22-23-24", "!invalid service 'tcp/22-23-24': " },
    { "tcp/22 ", "!invalid service 'tcp/22 ': " },
    { " tcp/22", "!invalid service ' tcp/22': " },
    { "TCP/22", "!invalid service 'TCP/22': " },
    { "icmp/8", "!invalid service 'icmp/8': before the slash stands tcp" },
    { "47/1", "!invalid service '47/1': before the slash stands tcp" },
    { "/22", "!invalid service '/22': before the slash stands tcp" },
    { "tcp//22", "!unknown service 'tcp//22': " },
    { "htttps", "!unknown service 'htttps': did you mean 'https'? " },
    { "icpm", "!unknown service 'icpm': did you mean 'icmp'? " },
    { "tcp/sssh", "!unknown service 'tcp/sssh': did you mean 'tcp/ssh'? " },
    /* That is for UDP alone. */
    { "tcp/bootpss", "!unknown service 'tcp/bootpss': after " },
    { "tcp/no-such-service", "!unknown service 'tcp/no-such-service': " },
    { "no-such-service", "!unknown service 'no-such-service': " },
    { "bad\033[2Jtext", "!unknown service 'bad?[2Jtext': " },
};

static void
test_parse(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(parse_table); i++) {
        const char *text = parse_table[i].text;
        const char *want = parse_table[i].want;
        struct model_service s[SERVICE_PARSE_MAX];
        size_t n = 99;
        char *msg = service_parse(text, s, &n);

        if (*want == '!') {
            ok(msg && !n && !strncmp(msg, want + 1, strlen(want + 1)),
               "'%s' is refused: %s", text[0] == 'b' ? "(escape)" : text,
               msg ? msg : "no, it is accepted");
        } else {
            char *got = n && !msg ? service_list_format(s, n) : NULL;

            is_str(got, want, "'%s' is read", text);
            free(got);
        }
        free(msg);
    }
}

static void
test_long(void)
{
    static const char *const prefixes[] = { "", "tcp/", "1", "tcp/1" };

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        enum { LEN = 100000 };
        struct model_service s[SERVICE_PARSE_MAX];
        size_t len = strlen(prefixes[i]);
        char *text = xmalloc(LEN + 1);
        size_t n;

        memset(text, i < 2 ? 'x' : '1', LEN);
        memcpy(text, prefixes[i], len);
        text[LEN] = '\0';

        char *msg = service_parse(text, s, &n);
        ok(msg && strlen(msg) < 400,
           "a long text after '%s' gets a short message", prefixes[i]);
        free(msg);
        free(text);
    }
}

/* --- Algebra, against counting packets one by one. */

/* Small enough to enumerate, with the protocols that matter. */
static const uint8_t few_protos[] = { IPPROTO_ICMP, IPPROTO_ICMPV6,
                                      IPPROTO_TCP, IPPROTO_UDP, 47 };
#define MAX_PORT 6

static struct model_service
random_service(void)
{
    static const uint8_t protos[] = { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP,
                                      47 };
    struct model_service s = {
        .proto = protos[random_range(ARRAY_SIZE(protos))]
    };

    s.any_port = s.proto == IPPROTO_ICMP || s.proto == 47
                 || !random_range(4);
    if (!s.any_port) {
        s.port_min = 1 + random_range(MAX_PORT);
        s.port_max = s.port_min + random_range(MAX_PORT + 1 - s.port_min);
    }
    return s;
}

static bool
any_holds(const struct model_service *s, size_t n, uint8_t proto, int port)
{
    for (size_t i = 0; i < n; i++) {
        bool icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;

        if ((icmp ? s[i].proto == IPPROTO_ICMP : s[i].proto == proto)
            && (s[i].any_port
                || (s[i].port_min <= port && port <= s[i].port_max))) {
            return true;
        }
    }
    return false;
}

static void
test_algebra(void)
{
    size_t n_covers = 0, n_checks = 0, wrong = 0;

    random_set_seed(22);
    for (int round = 0; round < 200000; round++) {
        struct model_service s[4], asked = random_service(), common = {0};
        size_t n = 1 + random_range(ARRAY_SIZE(s));
        bool all = true;

        for (size_t i = 0; i < n; i++) {
            s[i] = random_service();
        }
        bool meets = service_intersect(&s[0], &asked, &common);
        for (size_t p = 0; p < ARRAY_SIZE(few_protos); p++) {
            for (int port = 0; port <= MAX_PORT + 1; port++) {
                uint8_t proto = few_protos[p];
                bool in_asked = any_holds(&asked, 1, proto, port);
                bool in_both = in_asked && any_holds(s, 1, proto, port);

                wrong += service_holds(&asked, proto, port) != in_asked;
                wrong += (meets && any_holds(&common, 1, proto, port))
                         != in_both;
                all = all && (!in_asked || any_holds(s, n, proto, port));
            }
        }
        bool covers = service_list_covers(s, n, &asked);
        wrong += covers != all;
        n_covers += covers;
        n_checks++;
    }
    ok(!wrong, "%zu lists of services (%zu cover) hold, cover and intersect "
       "as counted packet by packet", n_checks, n_covers);
}

static void
test_cover_all(void)
{
    struct model_service s[256];
    size_t n = 0;

    ok(service_list_covers(NULL, 0, NULL), "no list covers everything");
    for (int proto = 0; proto < 256; proto++) {
        if (proto != IPPROTO_ICMPV6) {
            s[n++] = (struct model_service) { .proto = proto,
                                              .any_port = true };
        }
    }
    ok(service_list_covers(s, n, NULL), "all protocols cover everything");
    s[6].any_port = false;
    s[6].port_min = 1;
    s[6].port_max = 65535;
    ok(!service_list_covers(s, n, NULL), "all but port 0 of TCP do not");
    ok(!service_list_covers(s, n - 1, NULL), "all but one do not");
}

int
main(void)
{
    test_parse();
    test_long();
    test_algebra();
    test_cover_all();
    return tap_done();
}
