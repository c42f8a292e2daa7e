/* SPDX-License-Identifier: Apache-2.0
 *
 * The packet filter of a gateway: which connections the flow matrix lets
 * through a gateway EE, and the nftables ruleset that says so.
 *
 * Pure: it makes text and answers questions.  It does not load anything; the
 * adapter gateway/nft.h does.
 *
 * What the ruleset is like
 * ========================
 *
 * One table, "inet tvd", with base chains input, forward and output that drop
 * by default.  Every packet is judged by the tuple of the packet that opened
 * its connection (ct original), whichever direction it travels in: so a rule
 * that is gone stops its connections and their replies with the next packet,
 * and an ICMP error passes exactly if the connection it is about may.
 *
 *     chain    who           holds
 *     transit  forward       the rules G from or to the gateway's TVD
 *     own      input,output  connections from and to the gateway itself
 *
 * Addresses are in named sets, so that an EE that comes or goes is one
 * element.  Counters are named after rules, so that their values survive a
 * replacement of the table.
 *
 * Names within the table (N, R: stable ids of a rule and a role)
 *
 *     counter rule_N, default_R   packets an entry of the matrix accepted;
 *                                 default_R: the entry that role R has inside
 *                                 its TVD without being told
 *     counter drop_*              packets dropped, by reason
 *     set role_R_v4, role_R_v6    addresses of the NICs in a role
 *     set peers_N_v4, ..._v6      addresses of EEs a rule P names
 *     set self_v4, self_v6        the gateway's own addresses
 *
 * Ports and subnets stand in the rules, one rule for each range. */

#ifndef GATEWAY_RULESET_H
#define GATEWAY_RULESET_H 1

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/model.h"
#include "openvswitch/shash.h"

struct ds;
struct gateway_index;
struct json;
struct smap;

#define GATEWAY_TABLE "tvd"     /* Family inet. */

/* A named set of addresses of one IP version, sorted. */
struct gateway_set {
    char *name;                 /* "role_3_v4" */
    char *comment;              /* "red/client-os" */
    bool ipv6;
    struct in6_addr *ips;
    size_t n;
};

enum gateway_chain {
    GATEWAY_TRANSIT,            /* Packets passing through. */
    GATEWAY_OWN,                /* From and to the gateway itself. */
};

/* Connections that an entry of the matrix allows.  Sources are a named set;
 * destinations are named sets, or, if there are none, a TVD's subnets.  Sets
 * are meant by their base names, without "_v4" and "_v6". */
struct gateway_rule {
    enum gateway_chain chain;
    char *counter;              /* "rule_12" */
    char *comment;              /* "rule 12 yellow/console -> red" */
    char *src_set;
    char **dst_sets;
    size_t n_dst_sets;
    struct model_subnet *dst_subnets;
    size_t n_dst_subnets;
    struct model_service *services; /* Sorted; none means all. */
    size_t n_services;
};

/* Which new connections the gateway logs: setting "gateway_log" of its TVD. */
enum gateway_log {
    GATEWAY_LOG_DENIED,         /* What is dropped; the default. */
    GATEWAY_LOG_ALL,            /* What is dropped, and what opens. */
    GATEWAY_LOG_NONE,
};

struct gateway_ruleset {
    char *name;                 /* Of the gateway EE; shown in log lines. */
    enum gateway_log log;
    struct shash sets;          /* "struct gateway_set *" by name; a base
                                 * name has both versions, maybe empty. */
    struct gateway_rule *rules; /* In the order of the chains. */
    size_t n_rules;
};

/* The NICs of a model by role, and its matrix by the TVDs concerned, so that
 * the rulesets of several gateways do not search all of it each. */
struct gateway_index *gateway_index_create(const struct model *);
void gateway_index_destroy(struct gateway_index *);

/* Makes the ruleset of the gateway NIC 'nic', with role and TVD set, and puts
 * it into '*rulesetp', owned by the caller.  Returns NULL if successful; else
 * '*rulesetp' is NULL and an error message says what is wrong with the model
 * (ids missing or used twice), to be freed by the caller. */
char *gateway_ruleset_create(const struct model *,
                             const struct gateway_index *,
                             const struct model_nic *nic,
                             struct gateway_ruleset **rulesetp)
    OVS_WARN_UNUSED_RESULT;
/* Makes 'rs' allow also what the second one, of the same gateway, allows. */
void gateway_ruleset_unite(struct gateway_ruleset *rs,
                           const struct gateway_ruleset *);
/* Accepts NULL. */
void gateway_ruleset_destroy(struct gateway_ruleset *);

/* True if both are the same in all that they hold. */
bool gateway_ruleset_equal(const struct gateway_ruleset *,
                           const struct gateway_ruleset *);

/* The text for nft that makes the table: counters, sets, chains and rules;
 * with the elements of the address sets if 'elements'.  Equal texts without
 * elements mean that two rulesets differ in nothing but addresses.  Counters
 * start with the values in 'counters' ("struct gateway_counter *" by name),
 * which may be NULL.  Caller frees. */
char *gateway_ruleset_format(const struct gateway_ruleset *, bool elements,
                             const struct shash *counters);

/* Appends "{ 10.0.0.1, 10.0.0.2 }". */
void gateway_set_format_elements(const struct gateway_set *, struct ds *);
/* Accepts NULL. */
void gateway_set_destroy(struct gateway_set *);
/* Destroys 'sets' ("struct gateway_set *" by name) with its contents. */
void gateway_sets_destroy(struct shash *sets);

/* Puts the names of the counters of the ruleset into 'counters', with their
 * comments as nft lists them, "" for none. */
void gateway_ruleset_counters(const struct gateway_ruleset *,
                              struct smap *counters);

/* Packets and bytes that an nftables counter has counted. */
struct gateway_counter {
    uint64_t packets;
    uint64_t bytes;
};

/* The original direction of a connection, or the first packet of one. */
struct gateway_tuple {
    struct in6_addr src, dst;   /* IPv4 as ::ffff:a.b.c.d. */
    uint8_t proto;              /* IP protocol number. */
    uint16_t dst_port;          /* Host byte order; 0 if it has none. */
};

/* True if the ruleset lets such a connection pass, in either chain.  Says the
 * same as the kernel does about the text (tests compare them). */
bool gateway_ruleset_allows(const struct gateway_ruleset *,
                            const struct gateway_tuple *);

/* To and from JSON, for the gateway worker.  The reader takes nothing on
 * trust: NULL if 'json' is not what the writer makes. */
struct json *gateway_ruleset_to_json(const struct gateway_ruleset *);
struct gateway_ruleset *gateway_ruleset_from_json(const struct json *);

#endif /* gateway/ruleset.h */
