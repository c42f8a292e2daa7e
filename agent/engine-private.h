/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the engine share.  Not for anyone else. */

#ifndef AGENT_ENGINE_PRIVATE_H
#define AGENT_ENGINE_PRIVATE_H 1

#include "agent/bindings.h"
#include "agent/engine.h"
#include "agent/events.h"
#include "agent/fabric.h"
#include "agent/gateways.h"
#include "agent/keep.h"
#include "agent/status.h"
#include "lib/report.h"
#include "openvswitch/hmap.h"
#include "ovsdb-idl.h"

struct tvd_db;

/* A TVD as last seen in the model. */
struct known_tvd {
    struct hmap_node node;      /* By id. */
    uint32_t id;
    uint32_t gateway;           /* NIC id, 0: none. */
    bool seen;
};

/* A value of the policy's 'seq' that is on its way to be enforced. */
struct pending_seq {
    bool active;
    int64_t seq;
    uint64_t goal;              /* Flows. */
    uint64_t gateways;          /* Request to the gateway worker. */
};

struct engine {
    struct engine_config config;        /* Strings owned. */
    char *host;                         /* NULL until known. */
    struct report_sink sink;

    struct vswitch *vs;
    uint64_t vs_generation;             /* Last seen. */
    struct flowtab *ft;
    struct pipeline *pipeline;
    struct ofctl *oc;
    struct ctlimit *limits;
    struct hostguard *guard;
    uint64_t guard_generation;          /* Of the vswitch, last seen. */
    struct gateways gateways;
    struct bindings bindings;
    uint64_t bindings_seen;             /* Generation given to the pipeline. */
    struct smap gateway_ports;          /* Ports given to the vswitch. */
    bool gateway_ports_changed;         /* Bindings are to be decided anew. */
    struct hmap ports;                  /* NIC ids given to the pipeline; see
                                         * struct engine_port in engine.c. */
    bool have_left;                     /* Bindings are to be decided anew. */
    struct fabric fabric;
    struct hmap watched;                /* See engine-fabric.c. */
    ofp_port_t uplink_port;
    bool tags_watched;
    bool vlans_published;               /* 'vlans_generation' is known. */
    uint64_t vlans_generation;          /* Of the pipeline, as published. */

    struct tvd_db *db;                  /* NULL until 'host' is known. */
    struct ovsdb_idl_loop loop;
    struct keep keep;                   /* What the next agent goes on with. */
    long long int patience;             /* When that of this one comes into
                                         * force; 0: the time has come. */
    struct hmap tvds;                   /* Of struct known_tvd. */
    bool gateways_stale;                /* They are to be told the model. */
    bool bindings_stale;                /* Bindings are to be decided anew. */
    bool pipeline_dirty;

    uint64_t goal;                      /* Of the flows wanted now. */
    struct pending_seq pending;
    int64_t enforced;                   /* 'seq' reported. */
    struct events events;
    struct status status;
    char *error;                        /* Reported, "" if none. */
    long long int last_good;            /* When all connections were up. */
};

/* --- engine-fabric.c. */

void engine_fabric_init(struct engine *);
void engine_fabric_destroy(struct engine *);
/* Before the flows are made: the uplink, what is watched. */
void engine_fabric_run(struct engine *, long long int now);
/* The bindings have changed. */
void engine_fabric_watch(struct engine *);
/* The flows have been made: shows the VLANs they carry at the uplink. */
void engine_fabric_publish_vlans(struct engine *);
/* Sends announcements that are due. */
void engine_fabric_announce(struct engine *, const struct model *,
                            long long int now);
void engine_fabric_wait(const struct engine *);

/* Registers the unixctl commands. */
void engine_show_init(struct engine *);

#endif /* agent/engine-private.h */
