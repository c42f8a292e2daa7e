/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/fabric.h"

#include <limits.h>
#include <string.h>
#include "tests/unit/tap.h"
#include "util.h"

static void
test_announcements(void)
{
    struct fabric f;
    long long int last = 0;
    int sent = 0, others = 0;
    uint16_t vlan = 1;
    uint32_t id;

    fabric_init(&f);
    ok(fabric_deadline(&f) == LLONG_MAX && !fabric_next(&f, &vlan, 0),
       "nothing to announce");
    fabric_announce(&f, 7, FABRIC_ALL_VLANS, 1000);
    ok(fabric_deadline(&f) == 1000 && !fabric_next(&f, &vlan, 999),
       "not too early");
    id = fabric_next(&f, &vlan, 1000);
    ok(id == 7 && vlan == FABRIC_ALL_VLANS, "at the right time");
    fabric_announce(&f, id, vlan, 1010);
    ok(!fabric_next(&f, &vlan, 1000) && fabric_deadline(&f) == 1010,
       "put off while its flows are not there");
    fabric_announce(&f, 7, 100, 1010);
    for (long long int now = 1000; now < 20000; now++) {
        while ((id = fabric_next(&f, &vlan, now)) != 0) {
            last = now;
            sent += id == 7 && vlan == FABRIC_ALL_VLANS;
            others += id == 7 && vlan == 100;
        }
    }
    ok(sent == FABRIC_ANNOUNCEMENTS, "then as often as it should (%d)", sent);
    ok(others == FABRIC_ANNOUNCEMENTS, "in one VLAN by itself, too (%d)",
       others);
    ok(last == 1010 + 100 + 200 + 400 + 800 + 1600 + 3200,
       "each twice as late as the one before (%lld)", last);
    fabric_announce(&f, 8, FABRIC_ALL_VLANS, 26000);
    fabric_announce(&f, 8, 100, 26000);
    fabric_forget(&f, 8);
    ok(!fabric_next(&f, &vlan, 27000), "not what is gone again");
    fabric_announce(&f, 9, FABRIC_ALL_VLANS, 28000);
    fabric_destroy(&f);
}

static void
test_refresh(void)
{
    struct fabric f;
    uint16_t vlan;
    int sent = 0;

    fabric_init(&f);
    fabric_seen_tag(&f, 1000 + FABRIC_REFRESH);
    ok(!fabric_refreshes(&f, 1000)
       && fabric_deadline(&f) == 1000 + FABRIC_REFRESH
       && !fabric_refreshes(&f, 999 + FABRIC_REFRESH)
       && fabric_refreshes(&f, 1000 + FABRIC_REFRESH),
       "all are announced again after a while");
    fabric_announce_once(&f, 7, 70000);
    fabric_announce_once(&f, 7, 70000);
    for (long long int now = 70000; now < 75000; now++) {
        while (fabric_next(&f, &vlan, now)) {
            sent += vlan == FABRIC_ALL_VLANS;
        }
    }
    ok(sent == 1, "once each (%d)", sent);
    fabric_destroy(&f);
}

static void
test_looking(void)
{
    struct fabric f;

    fabric_init(&f);
    ok(fabric_looks(&f, 5), "looks at foreign tags from the beginning");
    fabric_seen_tag(&f, 100);
    ok(!fabric_looks(&f, 100 + FABRIC_LOOK_AWAY - 1), "looks away after one");
    ok(fabric_deadline(&f) == 100 + FABRIC_LOOK_AWAY
       && fabric_looks(&f, 100 + FABRIC_LOOK_AWAY), "for a while");
    fabric_destroy(&f);
}

static void
test_frames(void)
{
    static const struct {
        const char *what;
        size_t len;
        uint8_t bytes[20];
        bool good;
        uint16_t vlan;
    } cases[] = {
        { "tagged", 18, { 1, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 9, 0x81, 0, 0xe3,
                          0xe7, 8, 0 }, true, 999 },
        { "service tag", 18, { 1, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 9, 0x88, 0xa8,
                               0, 7, 8, 0 }, true, 7 },
        { "untagged", 18, { 1, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 9, 8, 0, 0, 0 },
          false, 0 },
        { "cut within the tag", 17, { 1, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 9, 0x81,
                                      0, 0, 7, 8 }, false, 0 },
        { "empty", 0, { 0 }, false, 0 },
    };
    const struct eth_addr mac = ETH_ADDR_C(02,54,56,00,00,09);
    uint8_t rarp[FABRIC_RARP_LEN];
    struct eth_addr src;
    uint16_t vlan;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        /* Exactly as long as it says, so that a sanitizer sees more. */
        uint8_t *frame = xmemdup(cases[i].bytes, MAX(cases[i].len, 1));
        bool good = fabric_parse_tag(frame, cases[i].len, &vlan, &src);

        ok(good == cases[i].good
           && (!good || (vlan == cases[i].vlan && src.ea[5] == 9)), "%s",
           cases[i].what);
        free(frame);
    }
    fabric_make_rarp(rarp, mac, 101);
    ok(fabric_parse_tag(rarp, sizeof rarp, &vlan, &src) && vlan == 101
       && !memcmp(&src, &mac, sizeof mac) && rarp[0] == 0xff
       && rarp[16] == 0x80 && rarp[17] == 0x35
       && !memcmp(&rarp[26], &mac, sizeof mac)
       && !memcmp(&rarp[36], &mac, sizeof mac), "a reverse ARP request");
}

int
main(void)
{
    test_announcements();
    test_refresh();
    test_looking();
    test_frames();
    return tap_done();
}
