/* SPDX-License-Identifier: Apache-2.0
 *
 * What the pipeline remembers between runs, and how it finds out, from what is
 * marked and what has become of it, whose flows may have to change.  Makes no
 * flows.  For pipeline.c only.
 *
 * Things are remembered by id; no pointer into a model is kept. */

#ifndef OVS_TVD_PIPELINE_KNOWN_H
#define OVS_TVD_PIPELINE_KNOWN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "ovs-tvd/idset.h"
#include "packets.h"
#include "simap.h"
#include "sset.h"

struct flowtab;
struct model;
struct model_nic;
struct model_tvd;

/* NICs whose ids agree but for the last 6 bits share a part of the list of
 * ports of their TVD, so that a port more or less changes one short flow. */
#define PART_BITS 6
#define PART_SIZE (1u << PART_BITS)

/* What is remembered of a NIC. */
struct known_nic {
    struct hmap_node node;      /* In pipeline's 'nics'. */
    uint32_t id;
    uint32_t tvd;               /* Its TVD's id; 0: it is not in the model. */
    char *ee;                   /* Its EE's name, if 'tvd'. */
    char *role;                 /* Its role's name, if 'tvd'. */
    ofp_port_t port;            /* As the caller last said. */
    ofp_port_t flood_port;      /* As the TVD's list of ports has it. */
    char *host;                 /* The other host that it is on, if 'tvd';
                                 * NULL: none, or this one. */
    ofp_port_t watched;         /* Where its arrival is waited for. */
    uint32_t here;              /* The TVD that counts it in 'n_here'; 0. */
    struct known_ways *ways;    /* The carriages that its flows use, or NULL. */
};

/* What is remembered of a TVD. */
struct known_tvd {
    struct hmap_node node;      /* In pipeline's 'tvds'. */
    uint32_t id;
    bool exists;                /* In the model. */
    bool relevant;              /* Its flows are needed on this host. */
    struct eth_addr router_mac;
    uint32_t gateway;           /* NIC id or 0. */
    size_t n_local;             /* NICs with a port here. */
    size_t n_here;              /* NICs that the model says are here, and of
                                 * the others those with a port here. */
    struct simap local_roles;   /* NICs with a port here, by role. */
    struct simap hosts;         /* NICs on other hosts, by host. */
    uint16_t vlan;              /* Tag that is let in, 0: none. */
    struct idset nics;          /* Ids of its NICs. */
    struct idset out, in;       /* Ids of TVDs that an entry other than none
                                 * leads to or comes from. */
    struct idset parts;         /* Of its list of ports. */
    struct sset peer_ees;       /* EEs named as peers in its entries. */
    bool made;                  /* Its flows have been. */
    long long int hold;         /* In ms; 0: nothing is held.  See
                                 * pipeline-hold.c. */
};

struct pipeline {
    struct flowtab *flowtab;
    struct hmap nics;           /* "struct known_nic" by id. */
    struct hmap tvds;           /* "struct known_tvd" by id. */
    struct shash peers;         /* EE name to "struct idset *" of the ids of
                                 * TVDs whose entries name it as a peer. */
    /* Marks. */
    bool all;
    struct idset touched_nics, touched_tvds;
    /* During a run: what is to be made anew. */
    struct idset stale_nics, stale_tvds, stale_parts, stale_floods;
    struct idset stale_links;   /* TVDs: what is let in from the fabric. */
    struct idset stale_watches; /* NICs. */
    struct idset check_tvds;    /* Whether they are relevant may change. */
    bool static_made;
    size_t n_recomputed;
    char *host;                 /* This one's name, NULL: not said. */
    ofp_port_t uplink;          /* OFPP_NONE: no fabric. */
    bool uplink_stale;          /* Its flows are to be made anew. */
    bool foreign_tags_watched;
    uint64_t links_generation;  /* Grows when a 'vlan' changes. */
    struct hmap carriages;      /* See pipeline-carriage.c. */
    long long int now;          /* Of the run, in ms. */
    long long int next_turn;    /* When one of them changes, LLONG_MAX: not. */
    struct idset stale_holds;   /* TVDs. */
    long long int next_hold;    /* The first that ends, LLONG_MAX: none. */
    struct idset announce;      /* NIC id << 16 | VLAN. */
};

/* TVDs by id, for one run; sorted when first asked. */
struct tvd_index {
    const struct model *model;
    const struct model_tvd **tvds;
    size_t n;
};

/* Makes the index, if it was not needed before. */
void tvd_index_prepare(struct tvd_index *);
/* NULL: there is no such TVD. */
const struct model_tvd *tvd_index_find(struct tvd_index *, uint32_t id);

/* _find() returns NULL if nothing is remembered, _get() begins to. */
struct known_nic *known_nic_find(const struct pipeline *, uint32_t id);
struct known_nic *known_nic_get(struct pipeline *, uint32_t id);
void known_nic_destroy(struct pipeline *, struct known_nic *);
struct known_tvd *known_tvd_find(const struct pipeline *, uint32_t id);
struct known_tvd *known_tvd_get(struct pipeline *, uint32_t id);
void known_tvd_destroy(struct pipeline *, struct known_tvd *);

/* It has all that flows are made of; NULL is allowed and has not. */
bool known_nic_is_complete(const struct model_nic *);

/* What was marked is compared with the model, remembered as it is now, and
 * what depends on a difference becomes stale.  NICs first: they may mark
 * TVDs; then TVDs ('model_tvd' NULL: gone); then once the relevance. */
void known_examine_nic(struct pipeline *, const struct model *, uint32_t id);
void known_examine_tvd(struct pipeline *, const struct model_tvd *model_tvd,
                       uint32_t id);
void known_examine_relevance(struct pipeline *);

/* The flows of NICs of the TVD have to be made anew. */
void known_stale_nics(struct pipeline *, uint32_t tvd_id);

/* True if 'tvd' has NICs on 'host', which may be this one.  Of this one it
 * is what all hosts know, so that they agree: an EE that has just gone still
 * counts. */
bool known_tvd_is_at(const struct pipeline *, const struct known_tvd *tvd,
                     const char *host);

/* The TVD in whose VLAN NICs are to send to each other. */
struct carriage_choice {
    uint32_t tvd;               /* Its id. */
    uint16_t vlan;
    bool former_works;          /* They still could in the other one's. */
};

/* Returns the id of the TVD in whose VLAN NICs of 'from' here send, in this
 * run, to those of the TVD with id 'to' on 'host'. */
uint32_t carriage_use(struct pipeline *, const struct known_tvd *from,
                      uint32_t to, const char *host,
                      const struct carriage_choice *);
/* Stores the ids of the TVDs in whose VLANs NICs of the TVD with id 'from' here
 * are looked for by others, each once and at most 'max'; returns how many. */
size_t carriage_list(const struct pipeline *, uint32_t from, uint32_t *tvds,
                     size_t max);
/* 'nic' is reached from the 'n' TVDs with ids 'from', on the host and in the
 * TVD that are known of it, over what carriage_use() said.  A carriage that no
 * NIC needs any more is forgotten: when it is needed again, much may have
 * changed. */
void carriage_note_users(struct pipeline *, struct known_nic *nic,
                         const uint32_t *from, size_t n);
/* There is none any more from 'from' (0: any) to 'to' (0: any) on 'host' (NULL:
 * any). */
void carriage_forget(struct pipeline *, uint32_t from, uint32_t to,
                     const char *host);
/* Makes stale whose VLAN is to be changed now. */
void carriage_turn(struct pipeline *);

#endif /* ovs-tvd/pipeline-known.h */
