/* SPDX-License-Identifier: Apache-2.0
 *
 * OIDs, values and their sizes; port lists; recordings; notifications. */

#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/mib.h"
#include "switchcfg/notification.h"
#include "switchcfg/portlist.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/wanted.h"
#include "tests/unit/tap.h"
#include "util.h"

static void
test_oids(void)
{
    static const struct {
        const char *text, *printed;
    } tests[] = {
        { "1.3.6.1", "1.3.6.1" }, { ".1.3", "1.3" }, { "0", "0" },
        { "1.4294967295", "1.4294967295" }, { "1.4294967296", NULL },
        { "", NULL }, { ".", NULL }, { "1.", NULL }, { "1..3", NULL },
        { "1.x", NULL }, { "-1", NULL }, { "1.3 ", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct mib_oid oid;
        char *printed = mib_oid_parse(tests[i].text, strlen(tests[i].text),
                                      &oid) ? mib_oid_to_string(&oid) : NULL;

        is_str(printed, tests[i].printed, "OID \"%s\"", tests[i].text);
        free(printed);
    }
}

/* What is around them, counted by hand. */
static void
test_overhead(void)
{
    ok(mib_overhead_v3(17, 5, 24) == 158, "around the varbinds, v3");
    ok(mib_overhead_v2c(7) == 38, "around the varbinds, v2c");
    ok(mib_overhead_v3(32, 32, 48) <= MIB_MESSAGE_OVERHEAD,
       "around the varbinds, at most");
}

/* Sizes of varbinds, counted by hand. */
static void
test_sizes(void)
{
    static const struct {
        const char *line;
        size_t size;
    } tests[] = {
        { "1.3.6.1.2.1.1.3.0|5|", 14 },
        { "1.3.6.1.2.1.17.7.1.4.5.1.1.3|66|110", 20 },
        { "1.3.6.1.2.1.17.7.1.4.5.1.1.3|66|200", 21 },
        { "1.3.6.1.2.1.17.7.1.4.3.1.2.110|4x|ff0000000000", 25 },
        { "1.3.6.1.2.1.17.7.1.4.3.1.2.4094|4x|ff0000000000", 26 },
        { "1.3.6.1.4.1.99999.1|2|-129", 17 },
        { "1.3|70|18446744073709551615", 16 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct mib_varbinds vbs = { .n = 0 };
        char *error = snmprec_parse(tests[i].line, strlen(tests[i].line),
                                    &vbs);
        size_t size = error ? 0 : mib_varbind_size(&vbs.v[0]);

        ok(size == tests[i].size, "%s takes %"PRIuSIZE" octets (%"PRIuSIZE")",
           tests[i].line, tests[i].size, size);
        free(error);
        mib_varbinds_destroy(&vbs);
    }
}

static void
test_portlists(void)
{
    static const struct {
        const char *what;
        enum portlist_order order;
        uint8_t octets[4];
        size_t n;
        int set;                /* Port; negative: clear it. */
        uint8_t after[4];
        size_t n_after;
        const char *text;
    } tests[] = {
        { "first port", PORTLIST_MSB_FIRST, {0}, 1, 1, {0x80}, 1, "1" },
        { "lowest bit first", PORTLIST_LSB_FIRST, {0}, 1, 1, {1}, 1, "1" },
        { "grows as needed", PORTLIST_MSB_FIRST, {0}, 0, 17,
          {0, 0, 0x80}, 3, "17" },
        { "other bits stay", PORTLIST_MSB_FIRST, {0xf0, 0x01}, 2, 9,
          {0xf0, 0x81}, 2, "1-4,9,16" },
        { "does not shrink", PORTLIST_MSB_FIRST, {0x80, 0}, 2, -1,
          {0, 0}, 2, "-" },
        { "clearing does not grow", PORTLIST_MSB_FIRST, {0x80}, 1, -9,
          {0x80}, 1, "1" },
        { "two in a row", PORTLIST_LSB_FIRST, {0x01}, 1, 2, {0x03}, 1,
          "1,2" },
        { "empty stays empty", PORTLIST_MSB_FIRST, {0}, 0, -5, {0}, 0, "-" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct ds s = DS_EMPTY_INITIALIZER;
        struct portlist list, after;

        portlist_init(&list, tests[i].octets, tests[i].n);
        portlist_init(&after, tests[i].after, tests[i].n_after);
        portlist_set(&list, tests[i].order, abs(tests[i].set),
                     tests[i].set > 0);
        portlist_format(&list, tests[i].order, &s);
        ok(portlist_identical(&list, &after), "port list: %s", tests[i].what);
        is_str(ds_cstr(&s), tests[i].text, "port list: %s, printed",
               tests[i].what);
        ds_destroy(&s);
        portlist_destroy(&list);
        portlist_destroy(&after);
    }
}

/* Every length, both orders: each bit alone comes back. */
static void
test_round_trips(void)
{
    size_t n_bad = 0;

    for (size_t n = 0; n <= 760; n += n < 16 ? 1 : 93) {
        for (int order = PORTLIST_MSB_FIRST; order <= PORTLIST_LSB_FIRST;
             order++) {
            for (unsigned int port = 1; port <= 8 * n; port++) {
                struct portlist list = { .n = 0 };

                portlist_grow(&list, n);
                portlist_set(&list, order, port, true);
                n_bad += list.n != n
                         || portlist_next(&list, order, 0) != port
                         || portlist_next(&list, order, port) != 0;
                portlist_set(&list, order, port, false);
                n_bad += !portlist_is_empty(&list);
                portlist_destroy(&list);
            }
        }
    }
    ok(!n_bad, "port lists of 0 to 760 octets, every port");
}

static void
test_snmprec(void)
{
    static const struct {
        const char *text;
        const char *result;     /* Written again, or the error. */
    } tests[] = {
        { "1.3|4|x y\n", "1.3|4|x y\n" },
        { "1.3|4|a|b\n", "1.3|4|a|b\n" },
        { "1.3|4x|00\n", "1.3|4x|00\n" },
        { "1.3|4x|41\n", "1.3|4|A\n" },
        { "1.3|4x|\n", "1.3|4|\n" },
        { "# c\n\n1.3|2|-7\r\n1.3|66|1", "1.3|2|-7\n1.3|66|1\n" },
        { "1.3|64|192.0.2.1\n", "1.3|64x|c0000201\n" },
        { "1.3|6|.1.3.6\n", "1.3|6|1.3.6\n" },
        { "1.3|2|2147483648\n", "line 1: not a value of this type" },
        { "1.3|2|-2147483648\n", "1.3|2|-2147483648\n" },
        { "1.3|66|-1\n", "line 1: not a value of this type" },
        { "1.3|4x|0\n", "line 1: not a value of this type" },
        { "1.3|64|192.0.2.256\n", "line 1: not a value of this type" },
        { "1.3|64|1.2.3\n", "line 1: not a value of this type" },
        { "1.3|3|x\n", "line 1: not a type" },
        { "1.3||x\n", "line 1: not a type" },
        { "1.3|4\n", "line 1: not of the form OID|TYPE|VALUE" },
        { "1.3|2|1\nx|2|1\n", "line 2: not an object identifier" },
        { "1.3|4e|a\\x00\\n\\\\b\n", "1.3|4x|61000a5c62\n" },
        { "1.3|4e|\\'\\\"\\a\\b\\f\\r\\t\\v\\xfF\n",
          "1.3|4x|27220708" "0c0d090bff\n" },
        { "1.3|4e|\n", "1.3|4|\n" },
        { "1.3|4e|\\q\n", "line 1: not a value of this type" },
        { "1.3|4e|\\x0\n", "line 1: not a value of this type" },
        { "1.3|4e|\\", "line 1: not a value of this type" },
        { "1.3|2e|1\n", "line 1: not a value of this type" },
        { "1.3|65:numeric|rate=3\n1.4|2|1\n", "1.4|2|1\n" },
        { "1.3|4x:m|zz\n", "" },
        { "1.3|3:m|x\n", "line 1: not a type" },
        { "1.3|:m|x\n", "line 1: not a type" },
        { "1.3|6|\n", "1.3|6|0.0\n" },
        { "1.3|2| 7 \n", "1.3|2|7\n" },
        { "1.3|2|\n", "line 1: not a value of this type" },
        { "1.3|2|1 2\n", "line 1: not a value of this type" },
        { " \t \n  # c\n1.3|2|1\n  \r\n", "1.3|2|1\n" },
        { " 1.3|4| x \n", "1.3|4| x \n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct mib_varbinds vbs = { .n = 0 };
        struct ds s = DS_EMPTY_INITIALIZER;
        char *error = snmprec_parse(tests[i].text, strlen(tests[i].text),
                                    &vbs);

        for (size_t k = 0; k < vbs.n; k++) {
            snmprec_format(&vbs.v[k], &s);
        }
        is_str(error ? error : ds_cstr(&s), tests[i].result, "recording %"
               PRIuSIZE, i + 1);
        free(error);
        ds_destroy(&s);
        mib_varbinds_destroy(&vbs);
    }
}

static void
test_vidsets(void)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct vidset set = { .bits = { 0 } };

    vidset_format(&set, &s);
    ds_put_char(&s, ' ');
    vidset_add(&set, 1);
    vidset_add(&set, 64);
    vidset_add(&set, 65);
    vidset_add(&set, 4093);
    vidset_add(&set, 4094);
    vidset_add(&set, 4095);
    vidset_remove(&set, 1);
    vidset_format(&set, &s);
    is_str(ds_cstr(&s), "- 64,65,4093-4095", "sets of VIDs");
    ds_destroy(&s);
}

/* linkDown as net-snmp sends it, as an inform. */
static const uint8_t inform[] = {
    0x30, 0x44,
    0x02, 0x01, 0x01, 0x04, 0x06, 'p', 'u', 'b', 'l', 'i', 'c',
    0xa6, 0x37,
    0x02, 0x04, 0x5a, 0x01, 0x02, 0x03, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
    0x30, 0x29,
    0x30, 0x0e, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x03, 0x00,
    0x43, 0x02, 0x12, 0x34,
    0x30, 0x17, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x06, 0x03, 0x01, 0x01, 0x04,
    0x01, 0x00, 0x06, 0x09, 0x2b, 0x06, 0x01, 0x06, 0x03, 0x01, 0x01, 0x05,
    0x03,
};

static void
test_notifications(void)
{
    /* One octet that is otherwise. */
    static const struct {
        size_t at;
        uint8_t value;
        bool acknowledged;
        const char *what;
    } tests[] = {
        { 0, 0x31, false, "no sequence" },
        { 1, 0x43, false, "too long for what it says" },
        { 1, 0x45, false, "too short for what it says" },
        { 1, 0x80, false, "a length that is not told" },
        { 1, 0xff, false, "a length of too many octets" },
        { 4, 0x00, false, "version 1" },
        { 4, 0x03, false, "version 3" },
        { 6, 0x07, false, "a community that reaches into the rest" },
        { 6, 0x7f, false, "a community that reaches beyond the end" },
        { 7, 'P', true, "any community" },
        { 13, 0xa7, false, "a trap" },
        { 13, 0xa2, false, "a response" },
        { 13, 0xa3, false, "a SET" },
        { 14, 0x36, false, "something behind the PDU" },
        { 16, 0x05, false, "a request id of five octets" },
        { 16, 0x00, false, "a request id of none" },
        { 23, 0x05, true, "an error, which means nothing here" },
        { 28, 0x28, false, "varbinds that end too early" },
        { 30, 0x0d, false, "a varbind that ends too early" },
        { 31, 0x04, false, "a varbind without a name" },
        { 42, 0x01, false, "a varbind of three" },
        { 68, 0xff, true, "any value" },
    };
    uint8_t message[sizeof inform];

    memcpy(message, inform, sizeof inform);
    ok(notification_acknowledge(message, sizeof message)
       && message[13] == 0xa2 && !memcmp(message, inform, 13)
       && !memcmp(message + 14, inform + 14, sizeof inform - 14),
       "an inform becomes the response to it");
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        bool acknowledged;

        memcpy(message, inform, sizeof inform);
        message[tests[i].at] = tests[i].value;
        acknowledged = notification_acknowledge(message, sizeof message);
        ok(acknowledged == tests[i].acknowledged, "inform: %s",
           tests[i].what);
        ok(message[13] == (acknowledged ? 0xa2 : tests[i].at == 13
                           ? tests[i].value : 0xa6)
           && message[23] == 0, "and what it is then");
    }
    for (size_t n = 0; n < sizeof inform; n++) {
        memcpy(message, inform, n);
        if (notification_acknowledge(message, n)) {
            ok(false, "the first %"PRIuSIZE" octets of an inform", n);
        }
    }
}

int
main(void)
{
    test_notifications();
    test_oids();
    test_sizes();
    test_overhead();
    test_portlists();
    test_round_trips();
    test_snmprec();
    test_vidsets();
    return tap_done();
}
