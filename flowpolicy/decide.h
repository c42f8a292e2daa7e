/* SPDX-License-Identifier: Apache-2.0
 *
 * Decisions: each question the system asks about a policy, answered by one
 * pure function that every layer uses (controller, agent, command line).
 *
 * It looks at a model and nothing else.  It does not know what is running or
 * plugged in where (callers tell it), does not read files, does not allocate
 * ids and changes nothing, except that decide_assign_gateways() and its kin
 * keep 'gateway' of struct model_tvd right.
 *
 * Sources: TVDc paper section 2.1.3 (labels, authorisation, attachment,
 * anti-collocation); TVD report section 3 and its Table 3 (flow matrix, rules
 * P and G).
 *
 *
 * What the flow matrix means
 * ==========================
 *
 * The source NIC 's' has a role in TVD A; the destination NIC 'd' is in TVD B.
 * The entry (role of s, B) alone decides whether s may open a connection to d;
 * a role without an entry for B has "unrestricted" if A is B, else "none".
 *
 *     none           nothing.
 *     unrestricted   everything, directly.
 *     P              directly, if d is a peer (its role, or its EE, is named)
 *                    and the service is one of the rule's.
 *     G              through gateways, if the service is one of the rule's and
 *                    both A and B have a gateway.
 *
 * The gateway of a TVD is one NIC, 'gateway' of struct model_tvd.  Other NICs
 * in the gateway role are ordinary members as far as paths are concerned.
 * Path of a G flow, with gA and gB the gateways of A and B:
 *
 *     s -> gA -> gB -> d
 *
 * leaving out a hop whose two ends are the same NIC.  That is:
 *
 *     s is gA              gA -> gB -> d
 *     d is gB              s -> gA -> gB
 *     s is gA, d is gB     gA -> gB
 *     A is B               s -> gA -> d; s -> d if s or d is gA itself.
 *
 * The legs of a G flow need no entries of their own: neither one of s to its
 * gateway's role, nor one of a gateway's role to the other TVD.  The rule's
 * services hold on every leg.  What a gateway sends with its own address is a
 * flow with the gateway as s, judged like any other by the entries of the
 * gateway's role.
 *
 * Two NICs of the same EE are a pair like any other.  A NIC and itself are
 * not: such a packet has no business on a bridge and is refused.
 *
 * State: if both directions are "unrestricted", nothing is remembered and
 * every packet passes as if it opened a connection.  Otherwise only a packet
 * that can open a connection does so, and replies to it, and ICMP errors about
 * it, pass on the same path backwards; nothing else passes because of it.  Of
 * ICMP only requests open connections (decide_icmp_opens()).
 *
 * Broadcast and multicast stay inside a TVD and reach all of it.  They are let
 * through exactly if the sender's entry for its own TVD is "unrestricted"; ARP
 * and neighbour discovery are answered by the network and need no entry.
 *
 * The answer is about policy alone.  Whether both ends have addresses of the
 * same IP version, are attached, or are running, is another matter. */

#ifndef FLOWPOLICY_DECIDE_H
#define FLOWPOLICY_DECIDE_H 1

#include "flowpolicy/service.h"
#include "lib/model.h"

struct json;

/* --- Labels and admission --------------------------------------------------
 *
 * Those with 'why' store NULL there if the answer is true, otherwise the
 * reason, to be freed by the caller; 'why' may be NULL. */

/* The labels have a type in common.  A NULL label has no types. */
bool decide_share(const struct model_label *, const struct model_label *);

/* 'host' may run 'ee': types(ee) is a subset of types(host).  An EE or host
 * without a label is refused. */
bool decide_authorised(const struct model_host *host,
                       const struct model_ee *ee, char **why);

/* 'ee' may run beside the 'n' EEs of 'running' (it may itself be among them):
 * of each conflict set, at most one type occurs in all their labels. */
bool decide_collocatable(const struct model *, struct model_ee *const running[],
                         size_t n, const struct model_ee *ee, char **why);

/* 'nic' may join 'tvd' on 'host': share(label of its EE, label of the TVD),
 * and the host's label holds every type of the TVD's (the TVD's traffic passes
 * through the host, so a part of its types is not enough). */
bool decide_attachable(const struct model_host *host,
                       const struct model_nic *nic,
                       const struct model_tvd *tvd, char **why);

/* --- The fabric ------------------------------------------------------------
 *
 * Which VLAN, of which TVD, frames travel on between two hosts. */

/* Frames of 'tvd' may pass through 'host': its label holds every type of the
 * TVD's.  False if one of them has no label. */
bool decide_may_carry(const struct model_host *, const struct model_tvd *);

/* One end of a path: a TVD and the host that its NIC is at. */
struct decide_end {
    const struct model_tvd *tvd;
    const struct model_host *host;
    bool has_other;             /* The host has NICs of the other end's TVD. */
};

/* The TVD in whose VLAN frames travel between the two ends, whichever way:
 * one of theirs that both hosts may carry.  One that has NICs on both hosts
 * goes before one that has not, so that a VLAN goes where it must only; then
 * the one with the lower id.  NULL: there is no way.  Traffic of a TVD whose
 * channel is not "vlan" never goes on a VLAN, not even another's. */
const struct model_tvd *decide_carrier(const struct decide_end *,
                                       const struct decide_end *);

/* True if some entry of the matrix lets packets go straight from a NIC with
 * 'role' to 'nic', in another TVD, or back; or from one gateway to the other, if
 * both are the gateways of their TVDs ('gateway': who has 'role' is).  Which
 * packets is another matter; replies go wherever packets do. */
bool decide_may_meet(const struct model_role *role, bool gateway,
                     const struct model_nic *nic);

/* --- Gateways --------------------------------------------------------------
 *
 * The gateway of a TVD is, of the NICs with its gateway role, the one with the
 * lowest id; NICs with an id go before those without, and those without go by
 * the name of their EE, then their place in it.  So a gateway that joins later
 * does not take over from one that is there. */

/* Sets 'gateway' of every TVD.  O(number of NICs). */
void decide_assign_gateways(struct model *);

/* To be called after 'nic', with its TVD, role and id, came into the model.
 * O(1).  Returns true if it is now the gateway of its TVD. */
bool decide_gateway_nic_added(struct model_nic *nic);

/* To be called right before model_ee_remove(m, ee).  Replaces 'ee' where it is
 * a gateway, by NULL if there is no other; O(1) if it is none, O(number of
 * NICs) otherwise.  Returns true if a gateway changed. */
bool decide_gateway_ee_removing(struct model *m, const struct model_ee *ee);

/* --- The flow matrix -------------------------------------------------------*/

/* An entry of the matrix; 'rule' is NULL if it is the default. */
struct decide_entry {
    enum model_action action;
    const struct model_rule *rule;
};
struct decide_entry decide_entry(const struct model_role *src,
                                 const struct model_tvd *dst);

/* True if 'dst' is among the peers of 'rule', which is a P rule, or if 'rule'
 * is of another kind; in any case only if 'dst' is in the rule's TVD. */
bool decide_peer_allows(const struct model_rule *rule,
                        const struct model_nic *dst);

/* True if the entries of both directions are "unrestricted", so that no state
 * is kept between NICs in these roles. */
bool decide_pair_stateless(const struct model_role *,
                           const struct model_role *);

/* True if an ICMP message of 'type' (ICMPv6 if 'ipv6') can open a connection:
 * echo, timestamp and information requests; of ICMPv6 echo requests. */
bool decide_icmp_opens(bool ipv6, uint8_t type);

/* A packet that would open a connection. */
struct decide_packet {
    uint8_t proto;              /* IP protocol: IPPROTO_ICMP is of IPv4,
                                 * IPPROTO_ICMPV6 of IPv6. */
    uint16_t dst_port;          /* TCP, UDP, SCTP; else 0. */
    uint8_t icmp_type;          /* ICMP, ICMPv6; else 0. */
};

enum decide_why {
    DECIDE_ALLOWED,
    DECIDE_SAME_NIC,            /* Source and destination are one NIC. */
    DECIDE_DEFAULT_NONE,        /* No entry between these TVDs. */
    DECIDE_RULE_NONE,           /* The entry is "none". */
    DECIDE_NOT_A_PEER,          /* P, but not to this destination. */
    DECIDE_SERVICE,             /* P or G, but not for this service. */
    DECIDE_NO_GATEWAY_SRC,      /* G, but the source's TVD has no gateway. */
    DECIDE_NO_GATEWAY_DST,      /* G, but the destination's TVD has none. */
    DECIDE_ICMP_TYPE,           /* ICMP that opens no connection. */
};
/* A word for programs: "allowed", "same-nic", "default-none", "none", "peer",
 * "service", "no-gateway" (both), "icmp-type". */
const char *decide_why_to_string(enum decide_why);

#define DECIDE_MAX_PATH 4

struct decision {
    bool allowed;               /* Exactly if 'why' is DECIDE_ALLOWED. */
    enum decide_why why;
    struct decide_entry entry;  /* Which entry decided. */
    bool stateful;              /* As decide_pair_stateless() says. */
    /* The NICs on the way, source first, destination last; empty if not
     * allowed.  A direct path has 2, one through gateways up to 4. */
    const struct model_nic *path[DECIDE_MAX_PATH];
    size_t n_path;
};

/* Would 'packet' from 'src' to 'dst' be let through and open a connection?
 * Gateways must have been assigned.  The NICs' TVDs and roles must be set. */
struct decision decide_flow(const struct model_nic *src,
                            const struct model_nic *dst,
                            const struct decide_packet *packet);

/* The same but for the packet: what the matrix says about this pair for any
 * service.  'allowed' means that there is a path for some service; why is then
 * DECIDE_ALLOWED and never DECIDE_SERVICE or DECIDE_ICMP_TYPE. */
struct decision decide_pair(const struct model_nic *src,
                            const struct model_nic *dst);

/* --- "tvdctl can" ---------------------------------------------------------*/

/* The answer for one pair and one service. */
struct decide_answer {
    const struct model_nic *src;
    const struct model_nic *dst;
    bool any_service;           /* No service was asked for: all of them. */
    struct model_service asked; /* Else this. */
    bool allowed;               /* All of what was asked. */
    bool partly;                /* Not all, but 'services' of it. */
    struct decision decision;   /* Its path is set if 'allowed' or 'partly'. */
    /* What of the services asked for is allowed, sorted; none (n == 0) if all
     * or nothing is. */
    struct model_service *services;
    size_t n_services;
};

/* Would new connections from 'src' to 'dst' for 'service' (NULL: every
 * service) be allowed?  For 'icmp' the question is about requests. */
void decide_ask(const struct model_nic *src, const struct model_nic *dst,
                const struct model_service *service, struct decide_answer *);
void decide_answer_destroy(struct decide_answer *);

/* The answer as "tvdctl can --format=json" and the API print it; caller owns.
 *
 *  src, dst          "EE/NIC"
 *  service           "tcp/22", or "all"
 *  verdict           "allowed", "partly" or "denied"
 *  allowed           true if verdict is "allowed"
 *  allowed_services  ["icmp", ...], ["all"] for all asked for, [] for none
 *  reason            decide_why_to_string()
 *  why               one line in plain words
 *  entry             {from: "TVD/role", to: "TVD", rule: "none" "unrestricted"
 *                    "P" "G", default: bool, text: as in the policy file;
 *                    if not the default: line, column (if known), id (if
 *                    allocated); peers, services where the rule has them}
 *  path              ["EE/NIC", ...], empty if denied
 *  legs              [{from, to, decided_by: "TVD/role -> TVD", implied: bool}]
 *                    of the path; implied: it starts at a gateway on the way
 *  stateful          bool
 *  would_allow       what entry would allow it (if not allowed)
 */
struct json *decide_answer_to_json(const struct decide_answer *);

/* An entry as the policy file would say it: "unrestricted" or "{rule: G,
 * services: [icmp, tcp/22]}".  Caller frees. */
char *decide_entry_format(const struct decide_entry *);

#endif /* flowpolicy/decide.h */
