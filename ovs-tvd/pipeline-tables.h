/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenFlow tables of the pipeline and the reasons why packets are dropped
 * in them, as lists.  docs/PIPELINE.md has a section for each table and a row
 * for each reason; a test compares.
 *
 * Numbers are part of what other programs read (flow statistics, the TVD
 * database): append, never renumber. */

#ifndef OVS_TVD_PIPELINE_TABLES_H
#define OVS_TVD_PIPELINE_TABLES_H 1

/* PIPELINE_TABLE(ENUM, id, "name", "purpose") */
#define PIPELINE_TABLES                                                     \
    PIPELINE_TABLE(CLASSIFY, 0, "classify",                                 \
                   "port to NIC, role and TVD")                             \
    PIPELINE_TABLE(SOURCE_L2, 1, "source-l2",                               \
                   "source MAC; look the source address up")                \
    PIPELINE_TABLE(SOURCE_L3, 2, "source-l3",                               \
                   "source address; gateway transit")                       \
    PIPELINE_TABLE(GUARD, 3, "guard",                                       \
                   "frames that only some roles, or nobody, may send")      \
    PIPELINE_TABLE(RESPOND, 4, "respond",                                   \
                   "ARP, ND and router echo answered on the spot")          \
    PIPELINE_TABLE(RESPOND_ARP, 5, "respond-arp",                           \
                   "ARP reply to a known address")                          \
    PIPELINE_TABLE(RESPOND_ND, 6, "respond-nd",                             \
                   "neighbour advertisement for a known address")           \
    PIPELINE_TABLE(NA, 7, "neighbour-advertisement",                        \
                   "completes a neighbour advertisement and returns it")    \
    PIPELINE_TABLE(DESTINATION, 8, "destination",                           \
                   "destination MAC and address to NIC, role and TVD")      \
    PIPELINE_TABLE(REVERSE, 9, "reverse",                                   \
                   "matrix entry of the opposite direction")                \
    PIPELINE_TABLE(FORWARD, 10, "forward",                                  \
                   "matrix entry of the packet's direction; stateless?")    \
    PIPELINE_TABLE(TRANSIT, 11, "transit",                                  \
                   "where a packet that a gateway forwards may be going")   \
    PIPELINE_TABLE(TRACK, 12, "track",                                      \
                   "connection state: which way was it opened")             \
    PIPELINE_TABLE(RELATED, 13, "related",                                  \
                   "ICMP errors: who may report about a connection")        \
    PIPELINE_TABLE(EVALUATE, 14, "evaluate",                                \
                   "matrix entry of the connection's original direction")   \
    PIPELINE_TABLE(VERDICT, 15, "verdict",                                  \
                   "next step for the verdict at this point of the path")   \
    PIPELINE_TABLE(GATEWAY, 16, "gateway",                                  \
                   "to the gateway of the source's TVD, or past it")        \
    PIPELINE_TABLE(LEG, 17, "leg",                                          \
                   "to the gateway of the destination's TVD")               \
    PIPELINE_TABLE(FLOOD, 18, "flood",                                      \
                   "broadcast and multicast within the TVD")                \
    PIPELINE_TABLE(FLOOD_PART, 19, "flood-part",                            \
                   "some of the ports of a TVD")                            \
    PIPELINE_TABLE(OUTPUT, 20, "output",                                    \
                   "NIC to port; routed packets get their new MACs")        \
    PIPELINE_TABLE(ADDRESS, 30, "address",                                  \
                   "subroutine: address to NIC, role, TVD and MAC")         \
    PIPELINE_TABLE(SAME_NIC, 31, "same-nic",                                \
                   "subroutine: is the address the source NIC's own")       \
    PIPELINE_TABLE(COMMIT, 32, "commit",                                    \
                   "subroutine: remember an allowed new connection")

enum pipeline_table {
#define PIPELINE_TABLE(ENUM, ID, NAME, PURPOSE) TABLE_##ENUM = ID,
    PIPELINE_TABLES
#undef PIPELINE_TABLE
};

/* PIPELINE_DROP(ENUM, id, "name", "meaning") */
#define PIPELINE_DROPS                                                      \
    PIPELINE_DROP(UNKNOWN_PORT, 1, "unknown-port",                          \
                  "from a port that belongs to no admitted NIC")            \
    PIPELINE_DROP(TAGGED, 2, "tagged",                                      \
                  "802.1Q or 802.1ad tagged, from an EE")                   \
    PIPELINE_DROP(SPOOFED_MAC, 3, "spoofed-mac",                            \
                  "source MAC is not the NIC's")                            \
    PIPELINE_DROP(RESERVED_MULTICAST, 4, "reserved-multicast",              \
                  "STP, LLDP, CDP and other bridge protocols")              \
    PIPELINE_DROP(ETHERTYPE, 5, "ethertype",                                \
                  "neither ARP nor IPv4 nor IPv6")                          \
    PIPELINE_DROP(SPOOFED_IP, 6, "spoofed-ip",                              \
                  "source address is not the NIC's")                        \
    PIPELINE_DROP(SPOOFED_ARP, 7, "spoofed-arp",                            \
                  "ARP sender is not the NIC")                              \
    PIPELINE_DROP(SPOOFED_ND, 8, "spoofed-nd",                              \
                  "neighbour discovery with a false address or hop limit")  \
    PIPELINE_DROP(ROGUE_RA, 9, "rogue-ra",                                  \
                  "router advertisement from a role that provides none")    \
    PIPELINE_DROP(ROGUE_DHCP, 10, "rogue-dhcp",                             \
                  "DHCP server message from a role that provides none")     \
    PIPELINE_DROP(REDIRECT, 11, "redirect",                                 \
                  "ICMP or ICMPv6 redirect")                                \
    PIPELINE_DROP(FRAGMENT, 12, "fragment",                                 \
                  "fragment that hides what it carries")                    \
    PIPELINE_DROP(NEIGHBOUR, 13, "neighbour",                               \
                  "ARP or ND message that needs no answer")                 \
    PIPELINE_DROP(UNKNOWN_TARGET, 14, "unknown-target",                     \
                  "ARP or ND asks for an address not in the TVD")           \
    PIPELINE_DROP(UNKNOWN_DESTINATION, 15, "unknown-destination",           \
                  "destination MAC and address belong to no reachable NIC") \
    PIPELINE_DROP(TTL, 16, "ttl",                                           \
                  "TTL or hop limit used up at the router")                 \
    PIPELINE_DROP(NO_RULE, 17, "no-rule",                                   \
                  "no entry of the matrix allows it")                       \
    PIPELINE_DROP(TRANSIT, 18, "transit",                                   \
                  "a gateway forwards what may not go through it")          \
    PIPELINE_DROP(INVALID_STATE, 19, "invalid-state",                       \
                  "belongs to no connection and cannot open one")           \
    PIPELINE_DROP(RELATED, 20, "related",                                   \
                  "ICMP error from somebody who is not on the path")        \
    PIPELINE_DROP(WRONG_PATH, 21, "wrong-path",                             \
                  "allowed, but not on the way it has come")                \
    PIPELINE_DROP(NO_GATEWAY, 22, "no-gateway",                             \
                  "rule G, and one of the TVDs has no gateway")             \
    PIPELINE_DROP(BROADCAST_RESTRICTED, 23, "broadcast-restricted",         \
                  "broadcast from a role not unrestricted in its TVD")      \
    PIPELINE_DROP(NOT_HERE, 24, "not-here",                                 \
                  "the destination is not on this host")

enum pipeline_drop {
#define PIPELINE_DROP(ENUM, ID, NAME, MEANING) DROP_##ENUM = ID,
    PIPELINE_DROPS
#undef PIPELINE_DROP
};

#endif /* ovs-tvd/pipeline-tables.h */
