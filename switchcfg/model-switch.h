/* SPDX-License-Identifier: Apache-2.0
 *
 * A switch in memory: the fake of switchcfg/session.h, for tests.
 *
 * It keeps objects in the order of a walk, takes SETs as a Q-BRIDGE device
 * does (types, ranges, rows that exist, egress before untagged, RowStatus) and
 * says which ports a frame would reach.  It can misbehave like real ones. */

#ifndef SWITCHCFG_MODEL_SWITCH_H
#define SWITCHCFG_MODEL_SWITCH_H 1

#include "switchcfg/mib.h"
#include "switchcfg/profile.h"
#include "switchcfg/session.h"
#include "switchcfg/tables.h"

/* How it behaves.  Zeroed: well, one varbind after the other. */
struct model_switch_options {
    bool atomic;                /* A SET is done as a whole or not at all. */
    enum portlist_order order;
    bool lists_grow;            /* Takes longer lists than it has. */
    bool untagged_within_egress; /* Refuses untagged ports that are no
                                 * members. */
    bool one_untagged;          /* A port that becomes untagged in a VLAN stays
                                 * in the one where it was so, tagged; what
                                 * comes in untagged goes to the new one. */
    bool keep_one;              /* Refuses to leave a port without a VLAN. */
    bool follow_current;        /* Current tables follow the static ones. */

    /* Does a varbind of a SET for an object below enterprises, by changing
     * objects; returns the error-status.  NULL: all are taken, and kept. */
    int (*set_vendor)(void *vendor_aux, const struct mib_varbind *);
    void *vendor_aux;

    /* Misbehaviour. */
    unsigned int first_only;    /* Acknowledges a SET, does only so many
                                 * varbinds of it; 0: all. */
    unsigned int fail_nth;      /* Refuses the n-th SET from now (1-based), */
    bool fail_forever;          /* and all after it. */
    unsigned int lose_nth;      /* The n-th SET is done, its answer lost. */
    bool accept_not_apply;      /* Acknowledges SETs and does nothing. */
    bool deaf;                  /* No answer to anything, nothing done. */
    long long int latency;      /* ms until an answer comes. */
    long long int timeout;      /* ms until a lost one is given up; 0: at
                                 * once. */

    /* Called after each varbind that was done (atomic: each SET). */
    void (*changed)(void *aux);
    void *aux;
};

struct model_switch {
    struct switch_session session; /* First member. */
    struct model_switch_options options; /* May be changed at any time. */
    struct mib_varbinds objects; /* Sorted. */
    struct mib_varbinds found;  /* Lists that it came with. */
    size_t list_length;         /* Longest list that it came with. */
    unsigned int n_sets;        /* SET requests that came. */
    unsigned int n_requests;    /* On the wire: a walk counts as many as
                                 * GETBULKs of 50 would be. */
    /* Of the session. */
    long long int now, due;
    struct switch_reply *pending;
};

/* Starts with no objects. */
struct model_switch *model_switch_create(const struct model_switch_options *);
void model_switch_destroy(struct model_switch *);       /* Accepts NULL. */
/* Adds the objects of 'vbs' (a recording). */
void model_switch_load(struct model_switch *, const struct mib_varbinds *vbs);
/* Makes a device of 'n_ports' ports as it comes out of the box: all ports
 * untagged in VLAN 1, ingress filtering off, GVRP on; ifIndex is the port's
 * number + 'if_base', names "Gi1/0/N". */
void model_switch_load_default(struct model_switch *, unsigned int n_ports,
                               unsigned int if_base);

/* The value of an object, or NULL. */
const struct mib_value *model_switch_get(const struct model_switch *,
                                         const struct mib_oid *);
/* Changes or adds an object, behind everybody's back. */
void model_switch_put(struct model_switch *, const struct mib_oid *,
                      const struct mib_value *);
/* Takes an object away, if it is there. */
void model_switch_drop(struct model_switch *, const struct mib_oid *);
/* The first object behind 'oid' in the order of a walk, or at it if
 * 'inclusive'; NULL at the end. */
const struct mib_varbind *model_switch_next(const struct model_switch *,
                                            const struct mib_oid *oid,
                                            bool inclusive);
/* True if there is such a row of dot1qVlanStaticTable, and it is active; one of
 * which the device does not tell the status is. */
bool model_switch_row_is_active(const struct model_switch *, uint32_t row);
/* What a device of 'profile' that is this one shows; caller destroys. */
void model_switch_read(const struct model_switch *,
                       const struct switch_profile *profile,
                       struct switch_tables *);
/* Does a SET request, as the options say.  Returns the error-status and sets
 * '*error_index' (1-based; 0 if there is no error). */
int model_switch_set(struct model_switch *, const struct mib_varbind *,
                     size_t n, size_t *error_index);

/* True if a frame that comes in at port 'from' (untagged if 'vid' is 0, else
 * tagged with it) goes out at port 'to', if it were flooded; '*out_vid' (may
 * be NULL) gets 0 or its tag there. */
bool model_switch_forwards(const struct model_switch *, unsigned int from,
                           unsigned int vid, unsigned int to,
                           unsigned int *out_vid);

#endif /* switchcfg/model-switch.h */
