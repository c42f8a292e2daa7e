/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans for gateway EEs: what a gateway on this host should look like, and
 * the actions that make what is observed so.
 *
 * Pure: a model goes in, data comes out.  Nothing is touched or looked up in
 * the system; gateway/netns.h and gateway/nft.h do that.
 *
 * A gateway EE is a network namespace with one NIC.  Packets of rule G come
 * in from the bridge through that NIC, are routed and filtered, and leave by
 * the same NIC towards the TVD's virtual router (a hairpin).
 *
 *     namespace   tvd-gw-EE below /run/netns (that prefix is our mark: what
 *                 else is there is removed)
 *     veth        "tvdg" and a hash in the host, for the bridge; the NIC's
 *                 name inside
 *     addresses   the NIC's, with the prefix length of their subnet
 *     routes      default, IPv4 and IPv6, to the TVD's virtual router, whose
 *                 MAC is a permanent neighbour
 *     nftables    table "inet tvd", see gateway/ruleset.h */

#ifndef GATEWAY_PLAN_H
#define GATEWAY_PLAN_H 1

#include "gateway/ruleset.h"
#include "lib/model.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "smap.h"
#include "sset.h"

struct ds;

#define GATEWAY_NETNS_PREFIX "tvd-gw-"
#define GATEWAY_NETNS_MAX 64    /* Bytes of a namespace's name. */

/* An address as "ip address" shows it. */
struct gateway_address {
    struct in6_addr ip;         /* IPv4 as ::ffff:a.b.c.d. */
    unsigned int plen;          /* 0..32 for IPv4, 0..128 for IPv6. */
};

/* What a gateway should look like. */
struct gateway_wanted {
    char *ee;                   /* Name of the EE. */
    char *nic;                  /* "EE/NIC": external_ids:iface-id. */
    char *error;                /* Why it cannot be made; else NULL. */
    char *netns;                /* "tvd-gw-..." */
    char *host_if;              /* Device for the bridge, 15 bytes at most. */
    char *inner_if;             /* Device in the namespace: the NIC's name. */
    struct eth_addr mac;        /* Of 'inner_if'. */
    bool plain_frames;          /* Checksums and segments made in full, as a
                                 * user-space data path needs them. */
    struct gateway_address *addresses;
    size_t n_addresses;
    struct in6_addr *routers;   /* At most one of each IP version: the next
                                 * hop of the default route. */
    size_t n_routers;
    struct eth_addr router_mac;
    struct gateway_ruleset *ruleset;
};

/* The gateways that 'host' should run, as "struct gateway_wanted *" by name
 * of the EE, put into 'wanted', which is initialised here: managed EEs that
 * are bound to 'host'.  'plain_frames': see above.  One that cannot be made
 * has 'error' set. */
void gateway_plan_wanted(const struct model *, const char *host,
                         bool plain_frames, struct shash *wanted);
/* Accepts NULL. */
void gateway_wanted_destroy(struct gateway_wanted *);
/* Destroys the contents of 'wanted' and itself. */
void gateway_wanted_destroy_all(struct shash *wanted);

/* True if both are the same in all that they hold. */
bool gateway_wanted_equal(const struct gateway_wanted *,
                          const struct gateway_wanted *);

/* True if a namespace of this name carries our mark. */
bool gateway_netns_name_is_ours(const char *name);
/* True if a network device may have this name. */
bool gateway_device_name_is_valid(const char *name);

/* --- Between two states -----------------------------------------------------
 *
 * While flows go from an old policy to a new one, gateways that change first
 * would drop what the old flows still send them, and gateways that change last
 * what the new flows do.  So they allow both meanwhile; the flows alone decide
 * then, as they do anyway. */

/* What 'old' or 'new' want, into 'both', which is initialised here: gateways
 * of either, rulesets that allow what either allows (and, for the same entry
 * of the matrix, the services of one with the destinations of the other),
 * everything else as in 'new'. */
void gateway_wanted_unite(const struct shash *old, const struct shash *new,
                          struct shash *both);
/* True if the two want the same. */
bool gateway_wanted_equal_all(const struct shash *, const struct shash *);
struct gateway_wanted *gateway_wanted_clone(const struct gateway_wanted *);

struct json *gateway_wanted_to_json(const struct gateway_wanted *);
/* NULL if 'json' is not what gateway_wanted_to_json() makes.  Checks names so
 * that nothing below /run/netns but our own can be meant. */
struct gateway_wanted *gateway_wanted_from_json(const struct json *);

/* A kernel setting, as a path below /proc/sys: of the namespace, or, with
 * "host:" in front, of the host. */
struct gateway_sysctl {
    char *name;                 /* "net/ipv4/ip_forward" */
    const char *value;          /* Static. */
    bool device;                /* Of a device, which has to exist. */
};
/* All that 'wanted' has, in the order in which they are to be set; '*n' gets
 * their number.  Caller frees with gateway_sysctls_free(). */
struct gateway_sysctl *gateway_wanted_sysctls(const struct gateway_wanted *,
                                              size_t *n);
void gateway_sysctls_free(struct gateway_sysctl *, size_t n);

/* --- What is there ---------------------------------------------------------*/

struct gateway_device {
    bool present;
    bool up;
    struct eth_addr mac;
    bool plain_frames;          /* Transmit checksum offload is off. */
};

/* What was found of one gateway.  A zeroed structure with the shashes
 * initialised means that nothing is there. */
struct gateway_observed {
    bool netns;                 /* The namespace exists and can be entered. */
    struct gateway_device host_if;
    struct gateway_device inner_if;
    bool paired;                /* They are the two ends of one veth. */
    bool lo_up;
    struct gateway_address *addresses; /* Of 'inner_if', but link-local. */
    size_t n_addresses;
    struct sset routes;         /* Of the main tables, but those the kernel
                                 * makes, as "default via 10.0.0.1". */
    struct sset neighbours;     /* Permanent, as "10.0.0.1 02:...". */
    struct sset devices;        /* Others than lo and 'inner_if', if up. */
    struct smap sysctls;        /* By name; absent if it cannot be read. */
    bool table;                 /* "inet tvd" exists. */
    bool replaceable;           /* It has the chains that it should have, and
                                 * nothing of a kind that it should not. */
    char *skeleton;             /* Its normal form without addresses. */
    struct sset set_names;      /* All sets in it. */
    struct smap comments;       /* Comments of its counters by name. */
    struct shash sets;          /* "struct gateway_set *" by name. */
    struct shash counters;      /* "struct gateway_counter *" by name. */
    struct sset foreign_tables; /* "FAMILY NAME" of other nftables tables. */
};
void gateway_observed_init(struct gateway_observed *);
void gateway_observed_destroy(struct gateway_observed *);

/* --- What to do ------------------------------------------------------------*/

enum gateway_action_kind {
    GATEWAY_CREATE_NETNS,
    GATEWAY_DELETE_VETH,        /* 'subject', in the host: not our pair. */
    GATEWAY_REMOVE_DEVICE,      /* 'subject', in the namespace: delete it, or
                                 * set it down if the kernel keeps it. */
    GATEWAY_SET_SYSCTL,         /* 'subject' to 'value'. */
    GATEWAY_LOAD_RULESET,       /* 'value': text for nft, one transaction. */
    GATEWAY_DELETE_TABLE,       /* 'subject': "FAMILY NAME". */
    GATEWAY_ADD_ELEMENTS,       /* 'subject': set; 'value': text for nft. */
    GATEWAY_DELETE_ELEMENTS,
    GATEWAY_CREATE_VETH,
    GATEWAY_SET_MAC,
    GATEWAY_SET_PLAIN_FRAMES,
    GATEWAY_ADD_ADDRESS,        /* 'address'. */
    GATEWAY_DELETE_ADDRESS,
    GATEWAY_SET_UP,             /* 'subject': device. */
    GATEWAY_SET_DOWN,           /* Never planned: see gateway/reconcile.h. */
    GATEWAY_ADD_NEIGHBOUR,      /* 'address', router MAC. */
    GATEWAY_DELETE_NEIGHBOUR,   /* and here. */
    GATEWAY_ADD_ROUTE,          /* Default, via 'address'. */
    GATEWAY_DELETE_ROUTE,       /* 'subject': as in gateway_observed, */
    GATEWAY_FLUSH_CONNECTIONS,  /* Forget those no longer allowed. */
    GATEWAY_DELETE_NETNS,
};
const char *gateway_action_kind_to_string(enum gateway_action_kind);

struct gateway_action {
    struct ovs_list node;
    enum gateway_action_kind kind;
    char *subject;              /* Never NULL. */
    char *value;                /* NULL where there is none. */
    struct gateway_address address;
};

/* Appends to 'actions' ("struct gateway_action") what makes 'observed' as
 * 'wanted' says, in an order in which no packet passes that should not: the
 * filter is there before a device is up.  'skeleton' is the normal form of
 * the wanted ruleset, to be compared with that of 'observed'. */
void gateway_plan(const struct gateway_wanted *wanted, const char *skeleton,
                  const struct gateway_observed *observed,
                  struct ovs_list *actions);

/* The normal forms of routes and neighbours in gateway_observed: "DEST via
 * NEXT-HOP" and "IP MAC".  Callers free. */
char *gateway_route_format(const char *dest, const struct in6_addr *via);
char *gateway_neighbour_format(const struct in6_addr *, struct eth_addr);

/* Appends what removes the gateway in namespace 'netns' for good. */
void gateway_plan_removal(const char *netns, struct ovs_list *actions);

/* "create-netns tvd-gw-red", one line without its end.  Caller frees. */
char *gateway_action_format(const struct gateway_action *);
void gateway_actions_destroy(struct ovs_list *actions);

#endif /* gateway/plan.h */
