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
    PIPELINE_TABLE(SOURCE_MAC, 1, "source-mac",                             \
                   "the source MAC must be the NIC's")                      \
    PIPELINE_TABLE(SOURCE_ADDRESS, 2, "source-address",                     \
                   "look the source address up")                            \
    PIPELINE_TABLE(SOURCE_CHECK, 3, "source-check",                         \
                   "whose address is it; gateway transit")                  \
    PIPELINE_TABLE(GUARD, 4, "guard",                                       \
                   "what only some roles, or nobody, may send")             \
    PIPELINE_TABLE(NEIGHBOUR, 5, "neighbour",                               \
                   "ARP and ND: look the target address up")                \
    PIPELINE_TABLE(ANSWER, 6, "answer",                                     \
                   "ARP and ND: is the target in the TVD")                  \
    PIPELINE_TABLE(REPLY, 7, "reply",                                       \
                   "turn a request into its reply, send it back")           \
    PIPELINE_TABLE(DESTINATION, 8, "destination",                           \
                   "look the destination address up, or flood")             \
    PIPELINE_TABLE(RECEIVER, 9, "receiver",                                 \
                   "is the frame sent to who has the address")              \
    PIPELINE_TABLE(ROUTE, 10, "route",                                      \
                   "what may be routed; the path to choose")                \
    PIPELINE_TABLE(REVERSE, 11, "reverse",                                  \
                   "matrix entry of the opposite direction")                \
    PIPELINE_TABLE(FORWARD, 12, "forward",                                  \
                   "matrix entry of this direction; stateless?")            \
    PIPELINE_TABLE(TRANSIT, 13, "transit",                                  \
                   "where a gateway may forward a packet to")               \
    PIPELINE_TABLE(EDGE, 14, "edge",                                        \
                   "connection tracking in this step's zone")               \
    PIPELINE_TABLE(TRACK, 15, "track",                                      \
                   "which way was the connection opened")                   \
    PIPELINE_TABLE(RELATED, 16, "related",                                  \
                   "ICMP errors: who may report")                           \
    PIPELINE_TABLE(EVALUATE, 17, "evaluate",                                \
                   "matrix entry of the original direction")                \
    PIPELINE_TABLE(VERDICT, 18, "verdict",                                  \
                   "the next step of the path")                             \
    PIPELINE_TABLE(GATEWAY, 19, "gateway",                                  \
                   "to the gateway of the source's TVD")                    \
    PIPELINE_TABLE(LEG, 20, "leg",                                          \
                   "to the gateway of the destination's TVD")               \
    PIPELINE_TABLE(FLOOD, 21, "flood",                                      \
                   "which roles may broadcast in their TVD")                \
    PIPELINE_TABLE(FLOOD_TVD, 22, "flood-tvd",                              \
                   "the parts of a TVD's list of ports")                    \
    PIPELINE_TABLE(FLOOD_PART, 23, "flood-part",                            \
                   "one part of a TVD's list of ports")                     \
    PIPELINE_TABLE(OUTPUT, 24, "output",                                    \
                   "TTL of routed packets")                                 \
    PIPELINE_TABLE(PORT, 25, "port",                                        \
                   "NIC to port; MACs of routed packets")                   \
    PIPELINE_TABLE(ARRIVAL, 26, "arrival",                                  \
                   "who sends a frame that comes from the fabric")          \
    PIPELINE_TABLE(ARRIVED, 27, "arrived",                                  \
                   "who here gets a frame that came from the fabric")       \
    PIPELINE_TABLE(VIA, 28, "via",                                          \
                   "what comes from the fabric for a gateway to forward")   \
    PIPELINE_TABLE(HANDOVER, 29, "handover",                                \
                   "the last edge: here, or on the receiver's host")        \
    PIPELINE_TABLE(ADDRESS, 30, "address",                                  \
                   "subroutine: address to NIC, role, TVD, MAC")            \
    PIPELINE_TABLE(SAME_NIC, 31, "same-nic",                                \
                   "subroutine: is it the source NIC's address")            \
    PIPELINE_TABLE(COMMIT, 32, "commit",                                    \
                   "subroutine: remember an allowed connection")           \
    PIPELINE_TABLE(ORIGIN, 33, "origin",                                    \
                   "subroutine: who opened the connection")                 \
    PIPELINE_TABLE(COUNT, 34, "count",                                      \
                   "subroutine: packets per rule")

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
                  "the destination is not on this host")                    \
    PIPELINE_DROP(UNTAGGED, 25, "untagged",                                 \
                  "came from the fabric without a tag")                     \
    PIPELINE_DROP(FOREIGN_TAG, 26, "foreign-tag",                           \
                  "came from the fabric with a tag this host may not carry")\
    PIPELINE_DROP(PRUNED_TAG, 27, "pruned-tag",                             \
                  "came from the fabric with a tag that nobody here needs") \
    PIPELINE_DROP(FABRIC_SOURCE, 28, "fabric-source",                       \
                  "came from the fabric from no NIC of another host")       \
    PIPELINE_DROP(FABRIC_TAG, 29, "fabric-tag",                             \
                  "came from the fabric with a tag of neither end")

enum pipeline_drop {
#define PIPELINE_DROP(ENUM, ID, NAME, MEANING) DROP_##ENUM = ID,
    PIPELINE_DROPS
#undef PIPELINE_DROP
};

#endif /* ovs-tvd/pipeline-tables.h */
