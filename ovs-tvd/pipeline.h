/* SPDX-License-Identifier: Apache-2.0
 *
 * From the data model and the ports of the NICs admitted here to the OpenFlow
 * flows that enforce it on this host.
 *
 * This module is pure: it writes wanted flows into a flowtab and reads
 * nothing but its arguments.  It does not decide who is admitted (the caller
 * gives it ports only of NICs that are), and does not talk to Open vSwitch.
 * docs/PIPELINE.md describes the tables; pipeline-tables.h lists them.
 *
 * Work is proportional to the change: the caller marks what changed, and
 * pipeline_run() recomputes the flows of what is marked and of what depends
 * on it.  Marking is by id, so that a thing may be gone from the model when
 * its mark is worked off.  No pointer into the model is kept between calls.
 *
 * Sources: TVD report, Table 3 and rules P and G; docs/ARCHITECTURE.md
 * ("The pipeline", "Zones"). */

#ifndef OVS_TVD_PIPELINE_H
#define OVS_TVD_PIPELINE_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/types.h"
#include "ovs-tvd/pipeline-tables.h"

struct flowtab;
struct model;

struct pipeline;

/* Reverse ARP (RFC 903), with which hosts announce NICs to switches; it goes to
 * no NIC. */
#define PIPELINE_ETH_TYPE_RARP 0x8035

/* 'flowtab' must outlive the pipeline, which is its only writer of wanted
 * flows.  A new pipeline has everything marked. */
struct pipeline *pipeline_create(struct flowtab *flowtab);
void pipeline_destroy(struct pipeline *);

/* The NIC with 'nic_id' is admitted here at OpenFlow port 'port'; OFPP_NONE:
 * it is not, or not any more.  Marks the NIC if that is news. */
void pipeline_set_port(struct pipeline *, uint32_t nic_id, ofp_port_t port);
/* OFPP_NONE if the NIC has none. */
ofp_port_t pipeline_get_port(const struct pipeline *, uint32_t nic_id);

/* This is host 'host', and 'uplink' its port to the fabric; OFPP_NONE: it has
 * none, and knows of no other host (the default).  Marks everything if that is
 * news. */
void pipeline_set_fabric(struct pipeline *, const char *host,
                         ofp_port_t uplink);

/* The VLANs whose frames the last run lets in from the fabric, as a bitmap of
 * 4,096 bits (libopenvswitch's bitmap.h) that the caller clears.  The number
 * of it changes when they do. */
void pipeline_get_vlans(const struct pipeline *, unsigned long *bitmap);
uint64_t pipeline_vlans_generation(const struct pipeline *);

/* True if the last run has taken the NIC for one that is here. */
bool pipeline_nic_is_here(const struct pipeline *, uint32_t nic_id);

/* The VLANs in which others look for the NIC, which is here: its TVD's, if that
 * has NICs elsewhere, and those in which NICs of its TVD meet others.  Stores
 * at most 'max' and returns how many. */
size_t pipeline_get_nic_vlans(const struct pipeline *, const struct model *,
                              uint32_t nic_id, uint16_t *vlans, size_t max);

/* What the runs since the last call have found that is to be announced at once:
 * that the NIC is here, in the VLAN 'vlan', in which others will look for it soon
 * (pipeline-carriage.c).  False: nothing more. */
bool pipeline_pop_announcement(struct pipeline *, uint32_t *nic_id,
                               uint16_t *vlan);

/* Packets that the flows show to the agent, which sees their first
 * PIPELINE_SHOWN_LEN octets with the cookie of the flow: it is asked for while
 * somebody wants to know, and to be taken back at the first packet, so that
 * nobody can keep the agent busy with them.
 *
 * _arrival: the NIC, which has to wait for another host to let go of it, is at
 *   'port' (OFPP_NONE: not any more); has it sent anything there?  The cookie
 *   is that of the NIC.  Its packets go nowhere else.
 * _foreign_tags: frames dropped for DROP_FOREIGN_TAG, under its cookie. */
#define PIPELINE_SHOWN_LEN 128
void pipeline_watch_arrival(struct pipeline *, uint32_t nic_id,
                            ofp_port_t port);
void pipeline_watch_foreign_tags(struct pipeline *, bool watch);

/* Marks.
 *
 * _nic: a NIC came, went, or anything in it or its EE changed.
 * _tvd: a TVD came or went, or any of its subnets, router MAC, gateway,
 *       roles, or rules from its roles changed.
 * _all: anything may have changed; hosts and labels among it. */
void pipeline_touch_nic(struct pipeline *, uint32_t nic_id);
void pipeline_touch_tvd(struct pipeline *, uint32_t tvd_id);
void pipeline_touch_all(struct pipeline *);

/* Recomputes the flows of what is marked, and of what depends on it, from
 * 'model', and unmarks it.  A NIC, TVD, role or rule whose id is 0 is treated
 * as absent: nothing is allowed because of it.  'now' is a time in ms; by
 * pipeline_deadline(), LLONG_MAX: never, it is to be run even if nothing has
 * been marked. */
void pipeline_run(struct pipeline *, const struct model *, long long int now);
long long int pipeline_deadline(const struct pipeline *);

/* How many owners (things that flows belong to) the last run recomputed. */
size_t pipeline_n_recomputed(const struct pipeline *);

/* Cookies.
 *
 * Each flow's cookie says what it is about: 0x7476 in bits 48..63, the kind
 * in bits 40..47, an id in bits 0..39. */
enum pipeline_cookie_kind {
    PIPELINE_COOKIE_STATIC = 1, /* id: table. */
    PIPELINE_COOKIE_DROP,       /* id: enum pipeline_drop. */
    PIPELINE_COOKIE_NIC,        /* id: NIC id. */
    PIPELINE_COOKIE_TVD,        /* id: TVD id. */
    PIPELINE_COOKIE_RULE,       /* id: rule id; packets that a rule of the
                                 * matrix lets pass, once for each connection
                                 * tracking zone they pass. */
    PIPELINE_COOKIE_RULE_DROP,  /* id: rule id; packets that it drops. */
};
uint64_t pipeline_cookie(enum pipeline_cookie_kind, uint64_t id);
/* False, with the outputs untouched, if the cookie is not ours. */
bool pipeline_cookie_parse(uint64_t cookie, enum pipeline_cookie_kind *,
                           uint64_t *id);

/* "spoofed-mac" etc.; NULL if there is no such reason. */
const char *pipeline_drop_to_string(unsigned int drop);
/* "classify" etc.; NULL if we have no such table. */
const char *pipeline_table_to_string(unsigned int table);

/* Conntrack zones (docs/ARCHITECTURE.md, "Zones").  All zones of a TVD that
 * is gone may be flushed as hygiene. */
#define PIPELINE_ZONE_NONE 1    /* Where no connection is ever remembered. */
uint16_t pipeline_zone_edge(uint32_t tvd_id);
uint16_t pipeline_zone_leg(uint32_t tvd_a, uint32_t tvd_b);

#endif /* ovs-tvd/pipeline.h */
