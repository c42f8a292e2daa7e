/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of each thing, as functions from the thing to a list of flows.
 * They keep nothing; pipeline.c decides when each is called and which flows
 * replace which. */

#ifndef OVS_TVD_PIPELINE_FLOWS_H
#define OVS_TVD_PIPELINE_FLOWS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/types.h"

struct flow_list;
struct maker;
struct model;
struct model_nic;
struct model_tvd;

/* Flows that depend on nothing. */
void pipeline_static_flows(struct flow_list *);
/* Of these, what happens to a packet once it is tracked. */
void pipeline_static_track_flows(struct maker *);

/* A way over the fabric from NICs of a TVD here. */
struct pipeline_way {
    uint32_t tvd_id;            /* That TVD. */
    uint16_t vlan;              /* The tag to send with. */
};

/* Where a NIC is. */
struct pipeline_place {
    ofp_port_t port;            /* Its port, OFPP_NONE: it is not here. */
    ofp_port_t uplink;          /* OFPP_NONE: there is no fabric. */
    bool remote;                /* It is on another host of the fabric. */
    const struct pipeline_way *ways;    /* To it, if 'remote': at most one */
    size_t n_ways;                      /* for each TVD. */
};

/* The flows of a NIC: how it is reached by all others; if it has a port, how
 * it sends and receives here; if it is remote, how it sends and receives over
 * the fabric.  Depends on the NIC, the ids of its role and TVD, and its TVD's
 * router MAC. */
void pipeline_nic_flows(const struct model_nic *,
                        const struct pipeline_place *, struct flow_list *);

/* What the NIC sends at 'port' is shown to the agent and goes nowhere. */
void pipeline_watch_flows(const struct model_nic *, ofp_port_t port,
                          struct flow_list *);

/* --- The fabric (pipeline-fabric.c). */

/* Flows that depend on nothing. */
void pipeline_fabric_static_flows(struct maker *);
/* What comes in at 'uplink' with no tag of ours.  With 'watched', foreign tags
 * are shown to the agent. */
void pipeline_uplink_flows(ofp_port_t uplink, bool watched,
                           struct flow_list *);
/* What comes in there with 'vlan', of a TVD that this host may carry: let in,
 * if it is 'carried'. */
void pipeline_link_flows(uint32_t tvd_id, uint16_t vlan, ofp_port_t uplink,
                         bool carried, struct flow_list *);
/* How a NIC here receives from the fabric. */
void pipeline_fabric_receiver(struct maker *, const struct model_nic *);
/* How a NIC elsewhere sends and receives. */
void pipeline_fabric_remote(struct maker *, const struct model_nic *,
                            const struct pipeline_place *);
/* What the gateway of 'tvd' gets from its TVD's EEs elsewhere; what it sends
 * to them of its own. */
void pipeline_fabric_gateway(struct maker *, const struct model_tvd *tvd);
/* Its ICMP errors to them. */
void pipeline_fabric_behalf(struct maker *, const struct model_tvd *tvd);
/* The path by gateways from TVD 'a' to 'b', for packets from 'a'. */
void pipeline_fabric_leg(struct maker *, const struct model_tvd *a,
                         const struct model_tvd *b);

/* The flows of a TVD: its virtual router, its gateway, what its roles provide
 * and may broadcast, and the matrix entries from its roles.  Depends on the
 * TVD, on the ids and gateways of the TVDs that these entries lead to, and on
 * the NICs of EEs named as peers.  'model' is searched for those EEs only. */
void pipeline_tvd_flows(const struct model *, const struct model_tvd *,
                        struct flow_list *);
/* True if rule G can send anything through it. */
bool pipeline_has_gateway(const struct model_tvd *);
/* Of these, the entries from its roles. */
void pipeline_matrix_flows(const struct model *, const struct model_tvd *,
                           struct maker *);

/* Of these, which packets of the TVD's roles do not turn round what is
 * remembered of a connection (pipeline-hold.c). */
void pipeline_own_right_flows(const struct model *, const struct model_tvd *,
                              struct maker *);
/* What is let in for as long as other hosts may still have another policy.
 * Depends on what pipeline_tvd_flows() does. */
void pipeline_hold_flows(const struct model *, const struct model_tvd *,
                         struct flow_list *);

/* Broadcast: the list of parts of a TVD, and a part's list of ports. */
/* What is sent here goes to the fabric, too, at 'uplink' with tag 'vlan', unless
 * that is OFPP_NONE. */
void pipeline_flood_flows(uint32_t tvd_id, const uint32_t *parts,
                          size_t n_parts, ofp_port_t uplink, uint16_t vlan,
                          struct flow_list *);
void pipeline_flood_part_flows(uint32_t tvd_id, uint32_t part,
                               const ofp_port_t *ports, size_t n_ports,
                               struct flow_list *);

#endif /* ovs-tvd/pipeline-flows.h */
