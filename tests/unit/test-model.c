/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/model.h"

#include "tests/unit/tap.h"

static void
test_lookup(void)
{
    struct model *m = model_create();
    struct model_tvd *red = model_tvd_add(m, "red");
    struct model_role *client = model_role_add(red, "client");
    struct model_ee *ee = model_ee_add(m, "pc1");
    struct model_nic *nic = model_nic_add(ee, "eth0");

    nic->tvd = red;
    nic->role = client;
    model_nic_set_id(m, nic, 7);
    model_nic_set_mac(m, nic, (struct eth_addr) ETH_ADDR_C(02,00,00,00,00,07));
    ok(model_nic_find_id(m, 7) == nic, "find a NIC by its id");
    model_nic_set_id(m, nic, 9);
    ok(!model_nic_find_id(m, 7), "an old id no longer finds the NIC");
    ok(model_nic_find_mac(m, nic->mac) == nic, "find a NIC by its MAC");
    ok(model_nic_find_full_name(m, "pc1/eth0") == nic, "find by full name");
    ok(!model_nic_find_full_name(m, "pc1/eth1"), "no NIC of that name");
    ok(!model_nic_find_full_name(m, "pc1"), "a full name has a slash");

    char *name = model_nic_full_name(nic);
    is_str(name, "pc1/eth0", "full name of a NIC");
    free(name);

    model_ee_remove(m, ee);
    ok(!model_nic_find_id(m, 9), "removing an EE removes its NICs");
    model_destroy(m);
}

static void
test_subnet(void)
{
    struct model_subnet v4 = { .plen = 24 };
    struct model_subnet v6 = { .plen = 64, .ipv6 = true };
    struct in6_addr ip;

    in6_addr_set_mapped_ipv4(&v4.addr, htonl(0x0a0a0000));
    ipv6_parse("fd00:10::", &v6.addr);
    in6_addr_set_mapped_ipv4(&ip, htonl(0x0a0a00ff));
    ok(model_subnet_contains(&v4, &ip), "10.10.0.255 is in 10.10.0.0/24");
    ok(!model_subnet_contains(&v6, &ip), "an IPv4 address is in no IPv6 net");
    in6_addr_set_mapped_ipv4(&ip, htonl(0x0a0a0100));
    ok(!model_subnet_contains(&v4, &ip), "10.10.1.0 is not in 10.10.0.0/24");
    ipv6_parse("fd00:10::1", &ip);
    ok(model_subnet_contains(&v6, &ip), "fd00:10::1 is in fd00:10::/64");
}

static void
test_service(void)
{
    static const struct {
        const char *what;
        struct model_service s;
    } cases[] = {
        { "icmp", { .proto = 1, .any_port = true } },
        { "tcp/22", { .proto = 6, .port_min = 22, .port_max = 22 } },
        { "udp/8000-8010", { .proto = 17, .port_min = 8000,
                             .port_max = 8010 } },
        { "47", { .proto = 47, .any_port = true } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *s = model_service_format(&cases[i].s);
        is_str(s, cases[i].what, "format service %s", cases[i].what);
        free(s);
    }
}

int
main(void)
{
    test_lookup();
    test_subnet();
    test_service();
    return tap_done();
}
