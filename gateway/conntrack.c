/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/conntrack.h"

#include <errno.h>
#include <sys/socket.h>
#include "byte-order.h"
#include "netlink-conntrack.h"
#include "util.h"

static bool
has_ports(uint8_t proto)
{
    return proto == IPPROTO_TCP || proto == IPPROTO_UDP
           || proto == IPPROTO_SCTP;
}

static bool
is_allowed(const struct gateway_ruleset *rs, const struct ct_dpif_tuple *ct)
{
    struct gateway_tuple t = {
        .proto = ct->ip_proto,
        .dst_port = has_ports(ct->ip_proto) ? ntohs(ct->dst_port) : 0,
    };

    if (ct->l3_type == AF_INET) {
        in6_addr_set_mapped_ipv4(&t.src, ct->src.ip);
        in6_addr_set_mapped_ipv4(&t.dst, ct->dst.ip);
    } else {
        t.src = ct->src.in6;
        t.dst = ct->dst.in6;
    }
    return gateway_ruleset_allows(rs, &t);
}

char *
gateway_conntrack_flush(const struct gateway_ruleset *rs)
{
    struct nl_ct_dump_state *dump;
    struct ct_dpif_entry entry;
    struct ct_dpif_tuple *stale = NULL;
    size_t n = 0, allocated = 0;
    int error, n_buckets;

    error = nl_ct_dump_start(&dump, NULL, &n_buckets);
    if (error) {
        return xasprintf("cannot list tracked connections: %s",
                         ovs_strerror(error));
    }
    while (!nl_ct_dump_next(dump, &entry)) {
        if (!is_allowed(rs, &entry.tuple_orig)) {
            if (n >= allocated) {
                stale = x2nrealloc(stale, &allocated, sizeof *stale);
            }
            stale[n++] = entry.tuple_orig;
        }
        ct_dpif_entry_uninit(&entry);
    }
    error = nl_ct_dump_done(dump);

    for (size_t i = 0; i < n; i++) {
        int retval = nl_ct_flush_tuple(&stale[i], 0);

        /* It may have gone in the meantime. */
        if (retval && retval != ENOENT && !error) {
            error = retval;
        }
    }
    free(stale);
    return error ? xasprintf("cannot forget tracked connections: %s",
                             ovs_strerror(error)) : NULL;
}
