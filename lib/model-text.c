/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/model-text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "packets.h"
#include "util.h"

#define MAX_NAME 63
#define MAX_NIC_NAME 15

static bool
is_name(const char *name, size_t max)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz0123456789_.-");

    return n && n <= max && !name[n] && isalnum((unsigned char) name[0]);
}

bool
model_text_is_name(const char *s)
{
    return is_name(s, MAX_NAME);
}

bool
model_text_is_nic_name(const char *s)
{
    return is_name(s, MAX_NIC_NAME);
}

bool
model_text_parse_mac(const char *s, struct eth_addr *mac)
{
    return (eth_addr_from_string(s, mac) && !eth_addr_is_zero(*mac)
            && !eth_addr_is_multicast(*mac));
}

bool
model_text_parse_ip(const char *s, struct in6_addr *ip)
{
    ovs_be32 ip4;

    if (ip_parse(s, &ip4)) {
        in6_addr_set_mapped_ipv4(ip, ip4);
        return true;
    }
    return ipv6_parse(s, ip) && !IN6_IS_ADDR_V4MAPPED(ip);
}

static bool
parse_number(const char **s, unsigned int max, unsigned int *number)
{
    unsigned long int value;
    char *end;

    if (!isdigit((unsigned char) **s)) {
        return false;
    }
    value = strtoul(*s, &end, 10);
    if (value > max || end - *s > 10) {
        return false;
    }
    *s = end;
    *number = value;
    return true;
}

bool
model_text_parse_subnet(const char *s, struct model_subnet *subnet)
{
    const char *slash = strchr(s, '/');
    char *address = slash ? xmemdup0(s, slash - s) : NULL;
    bool good = false;

    memset(subnet, 0, sizeof *subnet);
    if (address && model_text_parse_ip(address, &subnet->addr)) {
        const char *p = slash + 1;
        unsigned int max;

        subnet->ipv6 = !IN6_IS_ADDR_V4MAPPED(&subnet->addr);
        max = subnet->ipv6 ? 128 : 32;
        subnet->router = subnet->addr;
        subnet->router.s6_addr[15]++;
        /* With at least one host bit, which is zero in the address, adding 1
         * cannot carry. */
        good = (parse_number(&p, max - 1, &subnet->plen) && !*p
                && model_subnet_contains(subnet, &subnet->addr)
                && model_subnet_contains(subnet, &subnet->router));
    }
    free(address);
    return good;
}

char *
model_text_format_subnet(const struct model_subnet *subnet)
{
    char s[INET6_ADDRSTRLEN];

    ipv6_string_mapped(s, &subnet->addr);
    return xasprintf("%s/%u", s, subnet->plen);
}

bool
model_text_parse_service(const char *s, struct model_service *service)
{
    static const struct {
        const char *name;
        uint8_t proto;
    } names[] = {
        { "icmp", IPPROTO_ICMP },
        { "tcp", IPPROTO_TCP },
        { "udp", IPPROTO_UDP },
        { "sctp", IPPROTO_SCTP },
    };
    size_t len = strcspn(s, "/");
    unsigned int n = 0, min, max;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strlen(names[i].name) == len && !memcmp(names[i].name, s, len)) {
            n = names[i].proto;
            s += len;
            break;
        }
    }
    if (!n && (!parse_number(&s, 255, &n) || !n)) {
        return false;
    }
    *service = (struct model_service) { .proto = n, .any_port = !*s };
    if (!*s) {
        return true;
    }
    if (n != IPPROTO_TCP && n != IPPROTO_UDP && n != IPPROTO_SCTP) {
        return false;
    }
    s++;
    if (!parse_number(&s, 65535, &min)) {
        return false;
    }
    max = min;
    if (*s == '-') {
        s++;
        if (!parse_number(&s, 65535, &max)) {
            return false;
        }
    }
    service->port_min = min;
    service->port_max = max;
    return !*s && min <= max;
}

bool
model_text_parse_action(const char *s, enum model_action *action)
{
    for (*action = MODEL_NONE; *action <= MODEL_G; ++*action) {
        if (!strcmp(s, model_action_to_string(*action))) {
            return true;
        }
    }
    return false;
}
