/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of each thing, as functions from the thing to a list of flows.
 * They keep nothing; pipeline.c decides when each is called and which flows
 * replace which. */

#ifndef OVS_TVD_PIPELINE_FLOWS_H
#define OVS_TVD_PIPELINE_FLOWS_H 1

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

/* The flows of a NIC: how it is reached by all others; and if 'port' is not
 * OFPP_NONE, how it sends and receives here.  Depends on the NIC, the ids of
 * its role and TVD, and its TVD's router MAC. */
void pipeline_nic_flows(const struct model_nic *, ofp_port_t port,
                        struct flow_list *);

/* The flows of a TVD: its virtual router, its gateway, what its roles provide
 * and may broadcast, and the matrix entries from its roles.  Depends on the
 * TVD, on the ids and gateways of the TVDs that these entries lead to, and on
 * the NICs of EEs named as peers.  'model' is searched for those EEs only. */
void pipeline_tvd_flows(const struct model *, const struct model_tvd *,
                        struct flow_list *);
/* Of these, the entries from its roles. */
void pipeline_matrix_flows(const struct model *, const struct model_tvd *,
                           struct maker *);

/* Broadcast: the list of parts of a TVD, and a part's list of ports. */
void pipeline_flood_flows(uint32_t tvd_id, const uint32_t *parts,
                          size_t n_parts, struct flow_list *);
void pipeline_flood_part_flows(uint32_t tvd_id, uint32_t part,
                               const ofp_port_t *ports, size_t n_ports,
                               struct flow_list *);

#endif /* ovs-tvd/pipeline-flows.h */
