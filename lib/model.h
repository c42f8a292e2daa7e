/* SPDX-License-Identifier: Apache-2.0
 *
 * The data model: what an administrator declared, as every part of the
 * software sees it.
 *
 * The same structures hold a policy file that was just parsed (flowpolicy),
 * the contents of the TVD database (lib/tvd-db), and what an agent enforces.
 * This module keeps them and looks them up.  It does not parse, does not
 * decide anything, does not allocate ids and does not touch the system.
 *
 * Ownership: a model owns everything that hangs below it.  Pointers between
 * objects of one model (a NIC's TVD, a rule's target) are borrowed and valid
 * as long as both objects are in the model; an object that others point to
 * must be removed after them.  EEs come and go one at a time; labels, TVDs,
 * roles, rules, hosts and switches are few and are rebuilt as a whole.
 *
 * An id of 0 means "not allocated yet".  Addresses are struct in6_addr with
 * IPv4 as ::ffff:a.b.c.d (see in6_addr_mapped_ipv4() of libopenvswitch);
 * ports and protocol numbers are in host byte order.
 *
 * Terms: TVD report sections 2 and 3 (TVD, EE, role, Table 3, rules P and G);
 * TVDc paper section 2.1.3 (label, type, conflict set). */

#ifndef LIB_MODEL_H
#define LIB_MODEL_H 1

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "smap.h"
#include "sset.h"

/* Where an object was declared; line 0 when it came from no file. */
struct model_loc {
    unsigned int line;          /* 1-based. */
    unsigned int column;        /* 1-based. */
};

/* A name and a set of types (TVDc paper, section 2.1.3). */
struct model_label {
    char *name;
    struct model_loc loc;
    struct sset types;
};

/* Types of which at most one may run on a host at a time. */
struct model_conflict {
    char *name;
    struct model_loc loc;
    struct sset types;
};

/* An address block, e.g. 10.10.0.0/24.  'plen' counts within the family:
 * 0..32 for IPv4, 0..128 for IPv6. */
struct model_subnet {
    struct in6_addr addr;       /* Host bits zero. */
    unsigned int plen;
    bool ipv6;
    struct in6_addr router;     /* The TVD's router in it: its first address. */
    struct model_loc loc;
};

enum model_channel {
    MODEL_CHANNEL_VLAN,         /* 802.1Q on a trusted fabric. */
    MODEL_CHANNEL_IPSEC,        /* VXLAN inside ESP. */
};

/* What a role may send beyond ordinary traffic (bits). */
enum model_provides {
    MODEL_PROVIDES_DHCP = 1 << 0,   /* DHCPv4/DHCPv6 server frames. */
    MODEL_PROVIDES_RA = 1 << 1,     /* IPv6 router advertisements. */
};

/* A trusted virtual domain. */
struct model_tvd {
    char *name;
    struct model_loc loc;
    uint32_t id;                /* 1..32767, stable.  Conntrack zones of the
                                 * TVD derive from it: 2*id and 2*id + 1. */
    struct model_label *label;
    struct model_subnet *subnets;
    size_t n_subnets;
    uint16_t vlan;              /* 802.1Q id 1..4094, 0: not allocated. */
    bool vlan_declared;         /* False if chosen by us. */
    uint32_t vni;               /* VXLAN network id, 24 bits. */
    bool vni_declared;
    enum model_channel channel;
    struct eth_addr router_mac; /* Of the virtual router in this TVD. */
    struct smap settings;       /* Per-TVD settings, checked by flowpolicy. */
    struct shash roles;         /* Contains "struct model_role *". */
    struct model_nic *gateway;  /* The NIC that rule G goes through, NULL if
                                 * none; set by decide_assign_gateways(). */
};

/* The role name that makes an EE a gateway (rule G). */
#define MODEL_GATEWAY_ROLE "gateway"
/* The role of a NIC whose declaration names none; made in a TVD on demand. */
#define MODEL_DEFAULT_ROLE "member"

/* A role that EEs may have in one TVD. */
struct model_role {
    char *name;                 /* Unique within its TVD. */
    struct model_loc loc;
    uint32_t id;                /* 1..65535, stable, unique over all TVDs. */
    struct model_tvd *tvd;
    unsigned int provides;      /* Bitwise OR of enum model_provides. */
    struct shash rules;         /* "struct model_rule *" by target TVD name;
                                 * a missing entry is the default. */
};

/* The four kinds of entry of the flow matrix (TVD report, Table 3). */
enum model_action {
    MODEL_NONE,                 /* No flow; the default between TVDs. */
    MODEL_UNRESTRICTED,         /* The default inside a TVD. */
    MODEL_P,                    /* Point to point: named peers only. */
    MODEL_G,                    /* Through both gateways only. */
};
const char *model_action_to_string(enum model_action);

/* One service a rule allows.  "icmp" is kept as protocol 1 and means ICMP for
 * IPv4 and ICMPv6 for IPv6. */
struct model_service {
    uint8_t proto;              /* IP protocol number. */
    bool any_port;              /* A bare protocol; ports do not matter. */
    uint16_t port_min;          /* Destination ports, inclusive, */
    uint16_t port_max;          /* when !any_port. */
};
bool model_service_equal(const struct model_service *,
                         const struct model_service *);
/* "icmp", "tcp/22", "udp/8000-8010", "sctp" or "47"; caller frees. */
char *model_service_format(const struct model_service *);

/* An entry of the flow matrix: from a role to a TVD. */
struct model_rule {
    struct model_loc loc;
    uint32_t id;                /* 1..2^31-1, stable. */
    struct model_role *from;
    struct model_tvd *to;
    enum model_action action;
    /* P only: the destinations. */
    struct model_role **peer_roles; /* Array owned, roles borrowed. */
    size_t n_peer_roles;
    struct sset peer_ees;       /* Names of EEs with a NIC in 'to'. */
    /* P and G: the services; none means all. */
    struct model_service *services;
    size_t n_services;
};

/* A machine that runs EEs. */
struct model_host {
    char *name;
    struct model_loc loc;
    struct model_label *label;
    char *address;              /* Underlay IP address, NULL if not given. */
    char *switch_name;          /* Physical attachment, NULL if not given. */
    char *switch_port;
    bool revoked;               /* Shut out of the database; no part of the
                                 * policy. */
};

/* A port of a switch that is ours, other than those of hosts: either an access
 * port of a TVD, or one end of a link between two switches. */
struct model_switch_port {
    char *name;                 /* As the policy calls it. */
    struct model_loc loc;
    char *tvd;                  /* Access port of this TVD, or NULL, and */
    char *peer;                 /* linked to this switch, */
    char *peer_port;            /* this port there. */
};

/* Which VLANs the ports of hosts carry. */
enum model_switch_vlans {
    MODEL_VLANS_ON_DEMAND,      /* Those that EEs need where they are. */
    MODEL_VLANS_LABEL,          /* All that the host's label allows. */
};
const char *model_switch_vlans_to_string(enum model_switch_vlans);

/* A physical switch; switchcfg gives its keys their meaning. */
struct model_switch {
    char *name;
    struct model_loc loc;
    char *address;
    struct smap snmp;           /* version, credentials, insecure, profile;
                                 * empty: it is not configured. */
    enum model_switch_vlans vlans;
    bool manage;                /* False: read and compared, never changed. */
    bool save;                  /* What was changed is saved there. */
    bool filter_others;         /* Ports that are not ours get ingress
                                 * filtering. */
    struct model_loc parking_loc;
    uint16_t parking;           /* VLAN of ports that have none, where a switch
                                 * insists on one; 0: none. */
    struct shash ports;         /* "struct model_switch_port *" by name.  Of a
                                 * link, both ends are there. */
    uint16_t *adopt;            /* VLAN ids that are ours although somebody */
    size_t n_adopt;             /* else made them; ascending. */
};

enum model_ee_kind {
    MODEL_EE_VM,                /* A libvirt domain. */
    MODEL_EE_NAMESPACE,         /* A network namespace. */
};

enum model_origin {
    MODEL_FROM_POLICY,          /* Declared in the policy file. */
    MODEL_FROM_API,             /* "tvdctl ee add". */
    MODEL_FROM_SYSTEM,          /* A gateway that nobody declared. */
};

/* One network interface of an EE. */
struct model_nic {
    struct hmap_node id_node;   /* In model's 'nics_by_id', if id != 0. */
    struct hmap_node mac_node;  /* In model's 'nics_by_mac', if mac set. */
    struct model_loc loc;
    struct model_ee *ee;
    char *name;                 /* "eth0", unique within the EE. */
    uint32_t id;                /* 1..2^24-1, stable. */
    struct model_tvd *tvd;
    struct model_role *role;
    struct eth_addr mac;        /* Zero: not allocated. */
    bool mac_declared;
    struct in6_addr *ips;       /* At most one for each subnet by default;
                                 * more may be declared. */
    size_t n_ips;
    bool ips_declared;
    char *host;                 /* The host that holds it: the only one that
                                 * accepts its MAC from a port.  NULL: none.
                                 * Not of the policy: what is so now. */
};

/* An execution environment. */
struct model_ee {
    char *name;
    struct model_loc loc;
    struct model_label *label;
    enum model_ee_kind kind;
    enum model_origin origin;
    bool managed;               /* A gateway that the agent makes and removes
                                 * (kind namespace, gateway role). */
    char *host;                 /* Host it is bound to, NULL: any. */
    char *next_host;            /* Host it is about to move to while it runs,
                                 * NULL: none. */
    struct model_nic **nics;
    size_t n_nics;
};

struct model_range {
    uint32_t min, max;          /* Inclusive; both 0: not given. */
    struct model_loc loc;
};

struct model {
    struct shash labels;        /* "struct model_label *" by name. */
    struct shash conflicts;     /* "struct model_conflict *" by name. */
    struct shash tvds;          /* "struct model_tvd *" by name. */
    struct shash hosts;         /* "struct model_host *" by name. */
    struct shash switches;      /* "struct model_switch *" by name. */
    struct shash ees;           /* "struct model_ee *" by name. */
    struct model_range vlan_pool;
    struct model_range vni_pool;
    struct hmap nics_by_id;     /* "struct model_nic". */
    struct hmap nics_by_mac;    /* "struct model_nic"; MACs are unique. */
};

struct model *model_create(void);
void model_destroy(struct model *);

/* Each _add function makes a named, otherwise empty object in its parent.
 * The name must be new there. */
struct model_label *model_label_add(struct model *, const char *name);
struct model_conflict *model_conflict_add(struct model *, const char *name);
struct model_tvd *model_tvd_add(struct model *, const char *name);
struct model_role *model_role_add(struct model_tvd *, const char *name);
struct model_rule *model_rule_add(struct model_role *from,
                                  struct model_tvd *to, enum model_action);
struct model_host *model_host_add(struct model *, const char *name);
/* It is managed and saved. */
struct model_switch *model_switch_add(struct model *, const char *name);
struct model_switch_port *model_switch_port_add(struct model_switch *,
                                                const char *name);
/* Keeps 'adopt' sorted; an id that is there already is not added. */
void model_switch_adopt(struct model_switch *, uint16_t vlan);
struct model_ee *model_ee_add(struct model *, const char *name);
struct model_nic *model_nic_add(struct model_ee *, const char *name);

/* Removes an EE with its NICs. */
void model_ee_remove(struct model *, struct model_ee *);

/* Enter a NIC into the indexes once its id or MAC is set; model_ee_remove()
 * and the setters below keep the indexes right. */
void model_nic_set_id(struct model *, struct model_nic *, uint32_t id);
void model_nic_set_mac(struct model *, struct model_nic *, struct eth_addr);
void model_nic_add_ip(struct model_nic *, const struct in6_addr *);

void model_subnet_add(struct model_tvd *, const struct model_subnet *);
void model_rule_add_service(struct model_rule *, const struct model_service *);
void model_rule_add_peer_role(struct model_rule *, struct model_role *);

/* Lookups return NULL if there is no such object. */
struct model_label *model_label_find(const struct model *, const char *name);
struct model_tvd *model_tvd_find(const struct model *, const char *name);
struct model_tvd *model_tvd_find_id(const struct model *, uint32_t id);
struct model_role *model_role_find(const struct model_tvd *, const char *name);
struct model_rule *model_rule_find(const struct model_role *,
                                   const struct model_tvd *to);
struct model_host *model_host_find(const struct model *, const char *name);
struct model_switch *model_switch_find(const struct model *, const char *name);
struct model_ee *model_ee_find(const struct model *, const char *name);
struct model_nic *model_nic_find(const struct model_ee *, const char *name);
struct model_nic *model_nic_find_id(const struct model *, uint32_t id);
struct model_nic *model_nic_find_mac(const struct model *, struct eth_addr);

/* "EE/NIC", e.g. "console/eth0": the name of a NIC in external_ids:iface-id of
 * an OVS interface, in messages and on the command line.  Caller frees. */
char *model_nic_full_name(const struct model_nic *);
/* The inverse; NULL if there is no such NIC. */
struct model_nic *model_nic_find_full_name(const struct model *,
                                           const char *full_name);

/* The first type, by name, of 'label' that 'within' lacks, or NULL. */
const char *model_label_missing_type(const struct model_label *label,
                                     const struct model_label *within);
/* A TVD labelled 'label' may be carried on a host labelled 'host': that has
 * every type of it, of which there is one at least.  (What follows for NICs is
 * decided in flowpolicy/decide.h.) */
bool model_label_may_be_carried(const struct model_label *label,
                                const struct model_label *host);

bool model_role_is_gateway(const struct model_role *);
bool model_subnet_contains(const struct model_subnet *,
                           const struct in6_addr *);
/* The subnet of 'tvd' that holds 'ip', or NULL. */
const struct model_subnet *model_tvd_subnet_of(const struct model_tvd *,
                                               const struct in6_addr *ip);

#endif /* lib/model.h */
