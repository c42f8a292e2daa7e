/* SPDX-License-Identifier: Apache-2.0
 *
 * The ruleset as text for nft.  Protocols are numbers, because nft takes
 * names from /etc/protocols, which need not be there. */

#include <config.h>
#include "gateway/ruleset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/service.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "util.h"

/* What nft and the kernel keep of a comment, and of a log prefix. */
#define COMMENT_MAX 120
#define LOG_NAME_MAX 64

/* Names in the policy are plain; but what comes from a database is put in
 * quotes only after everything that could end them has been replaced. */
static void
put_plain(struct ds *out, const char *s, size_t max)
{
    for (size_t i = 0; i < max && s[i]; i++) {
        unsigned char c = s[i];

        ds_put_char(out, c < ' ' || c > '~' || c == '"' || c == '\\' ? '_'
                                                                     : c);
    }
}

static void
put_quoted(struct ds *out, const char *s, size_t max)
{
    ds_put_char(out, '"');
    put_plain(out, s, max);
    ds_put_char(out, '"');
}

static void
put_ip(struct ds *out, const struct in6_addr *ip)
{
    ipv6_format_mapped(ip, out);
}

void
gateway_set_format_elements(const struct gateway_set *set, struct ds *out)
{
    ds_put_cstr(out, "{ ");
    for (size_t i = 0; i < set->n; i++) {
        if (i) {
            ds_put_cstr(out, ", ");
        }
        put_ip(out, &set->ips[i]);
    }
    ds_put_cstr(out, " }");
}

static void
put_set(struct ds *out, const struct gateway_set *set, bool elements)
{
    ds_put_format(out, "    set %s {\n        type ipv%c_addr\n"
                  "        comment ", set->name, set->ipv6 ? '6' : '4');
    put_quoted(out, set->comment, COMMENT_MAX);
    ds_put_char(out, '\n');
    if (elements && set->n) {
        ds_put_cstr(out, "        elements = ");
        gateway_set_format_elements(set, out);
        ds_put_char(out, '\n');
    }
    ds_put_cstr(out, "    }\n");
}

static const char *const drop_counters[] = {
    "drop_invalid", "drop_nat", "drop_redirect", "drop_multicast",
    "drop_input", "drop_forward", "drop_output",
};

static void
put_counter(struct ds *out, const char *name, const char *comment,
            const struct shash *counters)
{
    const struct gateway_counter *c
        = counters ? shash_find_data(counters, name) : NULL;

    ds_put_format(out, "    counter %s {\n", name);
    if (comment) {
        ds_put_cstr(out, "        comment ");
        put_quoted(out, comment, COMMENT_MAX);
        ds_put_char(out, '\n');
    }
    ds_put_format(out, "        packets %"PRIu64" bytes %"PRIu64"\n    }\n",
                  c ? c->packets : 0, c ? c->bytes : 0);
}

/* Counters of rules, each once although a rule may stand in both chains. */
static void
put_counters(struct ds *out, const struct gateway_ruleset *rs,
             const struct shash *counters)
{
    struct sset seen = SSET_INITIALIZER(&seen);

    for (size_t i = 0; i < rs->n_rules; i++) {
        if (sset_add(&seen, rs->rules[i].counter)) {
            put_counter(out, rs->rules[i].counter, rs->rules[i].comment,
                        counters);
        }
    }
    sset_destroy(&seen);
    for (size_t i = 0; i < ARRAY_SIZE(drop_counters); i++) {
        put_counter(out, drop_counters[i], NULL, counters);
    }
}

void
gateway_ruleset_counters(const struct gateway_ruleset *rs,
                         struct smap *counters)
{
    for (size_t i = 0; i < rs->n_rules; i++) {
        struct ds comment = DS_EMPTY_INITIALIZER;

        put_plain(&comment, rs->rules[i].comment, COMMENT_MAX);
        smap_replace(counters, rs->rules[i].counter, ds_cstr(&comment));
        ds_destroy(&comment);
    }
    for (size_t i = 0; i < ARRAY_SIZE(drop_counters); i++) {
        smap_replace(counters, drop_counters[i], "");
    }
}

/* --- Services --------------------------------------------------------------*/

/* The services of one protocol: s[0] to s[n - 1]. */
struct proto_group {
    const struct model_service *s;
    size_t n;
    uint8_t proto;              /* As in the model: 1 for both ICMPs. */
    bool any_port;
};

/* The group that starts at index '*i' of the rule's services, which are
 * sorted by protocol; moves '*i' past it. */
static struct proto_group
next_group(const struct gateway_rule *r, size_t *i)
{
    struct proto_group g = {
        .s = &r->services[*i],
        .proto = service_canonical_proto(r->services[*i].proto),
    };

    while (*i < r->n_services
           && service_canonical_proto(r->services[*i].proto) == g.proto) {
        g.any_port |= r->services[*i].any_port;
        g.n++;
        ++*i;
    }
    return g;
}

/* The ports from '*i' on that are one range, in ascending order; moves '*i'
 * past them. */
static struct model_service
next_range(const struct proto_group *g, size_t *i)
{
    struct model_service range = g->s[*i];

    for (++*i; *i < g->n && g->s[*i].port_min <= range.port_max + 1; ++*i) {
        range.port_max = MAX(range.port_max, g->s[*i].port_max);
    }
    return range;
}

/* --- Chains ----------------------------------------------------------------*/

static void
put_accept(struct ds *out, const struct gateway_rule *r)
{
    ds_put_format(out, "counter name %s accept comment ", r->counter);
    put_quoted(out, r->comment, COMMENT_MAX);
    ds_put_char(out, '\n');
}

static void
put_rule_ports(struct ds *out, const struct gateway_rule *r,
               const struct proto_group *g, const char *match)
{
    for (size_t i = 0; i < g->n; ) {
        struct model_service range = next_range(g, &i);

        ds_put_format(out, "%sct protocol %u ct original proto-dst %u",
                      match, g->proto, range.port_min);
        if (range.port_max != range.port_min) {
            ds_put_format(out, "-%u", range.port_max);
        }
        ds_put_char(out, ' ');
        put_accept(out, r);
    }
}

/* The rules for one destination: one for each protocol or range of ports.
 *
 * No set holds ports or subnets: sets of intervals take effect at the end of
 * the kernel's commit, a little after the rules.  Packets in between would
 * meet new rules with sets that are still empty. */
static void
put_rule_services(struct ds *out, const struct gateway_rule *r, bool ipv6,
                  const char *match)
{
    if (!r->n_services) {
        ds_put_cstr(out, match);
        put_accept(out, r);
    }
    for (size_t i = 0; i < r->n_services; ) {
        struct proto_group g = next_group(r, &i);

        if (g.any_port) {
            uint8_t proto = g.proto == IPPROTO_ICMP && ipv6 ? IPPROTO_ICMPV6
                                                            : g.proto;

            ds_put_format(out, "%sct protocol %u ", match, proto);
            put_accept(out, r);
        } else {
            put_rule_ports(out, r, &g, match);
        }
    }
}

static void
put_rule(struct ds *out, const struct gateway_rule *r, bool ipv6)
{
    struct ds match = DS_EMPTY_INITIALIZER;
    const char *ip = ipv6 ? "ip6" : "ip";
    char v = ipv6 ? '6' : '4';

    for (size_t i = 0; i < r->n_dst_sets; i++) {
        ds_clear(&match);
        ds_put_format(&match, "        meta nfproto ipv%c "
                      "ct original %s saddr @%s_v%c "
                      "ct original %s daddr @%s_v%c ",
                      v, ip, r->src_set, v, ip, r->dst_sets[i], v);
        put_rule_services(out, r, ipv6, ds_cstr(&match));
    }
    for (size_t i = 0; i < r->n_dst_subnets; i++) {
        const struct model_subnet *subnet = &r->dst_subnets[i];

        if (subnet->ipv6 != ipv6) {
            continue;
        }
        ds_clear(&match);
        ds_put_format(&match, "        meta nfproto ipv%c "
                      "ct original %s saddr @%s_v%c ct original %s daddr ",
                      v, ip, r->src_set, v, ip);
        put_ip(&match, &subnet->addr);
        ds_put_format(&match, "/%u ", subnet->plen);
        put_rule_services(out, r, ipv6, ds_cstr(&match));
    }
    ds_destroy(&match);
}

static void
put_chain(struct ds *out, const struct gateway_ruleset *rs,
          enum gateway_chain chain, const char *name)
{
    ds_put_format(out, "    chain %s {\n", name);
    for (size_t i = 0; i < rs->n_rules; i++) {
        if (rs->rules[i].chain == chain) {
            put_rule(out, &rs->rules[i], false);
            put_rule(out, &rs->rules[i], true);
        }
    }
    ds_put_cstr(out, "    }\n");
}

static void
put_hook_head(struct ds *out, const char *hook)
{
    ds_put_format(out, "    chain %s {\n"
                  "        type filter hook %s priority filter; policy drop;\n",
                  hook, hook);
}

/* Neighbour discovery knows no connections; hop limit 255 says that it has
 * not been routed. */
static void
put_local_traffic(struct ds *out, const char *direction)
{
    ds_put_format(out, "        %sifname \"lo\" accept\n", direction);
    ds_put_cstr(out, "        icmpv6 type { nd-neighbor-solicit, "
                "nd-neighbor-advert } ip6 hoplimit 255 accept\n");
}

/* Redirects would lead packets past the gateway.  An address that has been
 * translated says nothing about where packets go. */
static void
put_hygiene(struct ds *out)
{
    ds_put_cstr(out,
        "        icmp type redirect counter name drop_redirect drop\n"
        "        icmpv6 type nd-redirect counter name drop_redirect drop\n"
        "        ct state invalid counter name drop_invalid drop\n"
        "        ct status snat,dnat counter name drop_nat drop\n");
}

/* Whoever sends many packets shall not fill the log. */
static void
put_log(struct ds *out, const struct gateway_ruleset *rs, const char *match,
        const char *rate, const char *event, const char *hook)
{
    char *prefix = xasprintf("tvd-gw %.*s %s %s: ", LOG_NAME_MAX, rs->name,
                             event, hook);

    ds_put_format(out, "        %slimit rate %s packets log prefix ",
                  match, rate);
    put_quoted(out, prefix, COMMENT_MAX);
    ds_put_char(out, '\n');
    free(prefix);
}

/* What opens here is logged as it comes; if it is then denied, again. */
static void
put_log_new(struct ds *out, const struct gateway_ruleset *rs, const char *hook)
{
    if (rs->log == GATEWAY_LOG_ALL) {
        put_log(out, rs, "ct state new ", "100/second burst 200", "new", hook);
    }
}

static void
put_hook_tail(struct ds *out, const struct gateway_ruleset *rs,
              const char *hook)
{
    ds_put_cstr(out, "        meta pkttype { broadcast, multicast } "
                "counter name drop_multicast drop\n"
                "        ip daddr 224.0.0.0/4 "
                "counter name drop_multicast drop\n"
                "        ip6 daddr ff00::/8 "
                "counter name drop_multicast drop\n");
    if (rs->log != GATEWAY_LOG_NONE) {
        put_log(out, rs, "", "10/minute burst 20", "drop", hook);
    }
    ds_put_format(out, "        counter name drop_%s drop\n    }\n", hook);
}

static void
put_hooks(struct ds *out, const struct gateway_ruleset *rs)
{
    put_hook_head(out, "input");
    put_local_traffic(out, "i");
    put_hygiene(out);
    put_log_new(out, rs, "input");
    ds_put_cstr(out, "        jump own\n");
    put_hook_tail(out, rs, "input");

    put_hook_head(out, "forward");
    put_hygiene(out);
    put_log_new(out, rs, "forward");
    ds_put_cstr(out, "        jump transit\n");
    put_hook_tail(out, rs, "forward");

    put_hook_head(out, "output");
    put_local_traffic(out, "o");
    put_hygiene(out);
    put_log_new(out, rs, "output");
    /* Errors the gateway reports about what passes through it. */
    ds_put_cstr(out, "        ct state related jump transit\n"
                "        jump own\n");
    put_hook_tail(out, rs, "output");
}

char *
gateway_ruleset_format(const struct gateway_ruleset *rs, bool elements,
                       const struct shash *counters)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    const struct shash_node **sets = shash_sort(&rs->sets);

    ds_put_cstr(&out, "table inet " GATEWAY_TABLE " {\n");
    put_counters(&out, rs, counters);
    for (size_t i = 0; i < shash_count(&rs->sets); i++) {
        put_set(&out, sets[i]->data, elements);
    }
    free(sets);
    put_chain(&out, rs, GATEWAY_TRANSIT, "transit");
    put_chain(&out, rs, GATEWAY_OWN, "own");
    put_hooks(&out, rs);
    ds_put_cstr(&out, "}\n");
    return ds_steal_cstr(&out);
}
