/* SPDX-License-Identifier: Apache-2.0
 *
 * Which VLANs each host needs from its switch.
 *
 * Pure.  It is told where NICs are, or may be before long; from the policy it
 * computes which VLANs frames between hosts may come in, by the same decisions
 * as the agents (flowpolicy/decide.h).  A host needs the VLAN of a TVD if it
 * has a NIC of it and there is another one elsewhere, and the VLAN in which a
 * NIC of its meets one of another TVD elsewhere.
 *
 * A VLAN that a host needs no more is left to it for NEEDS_GRACE ms, if its label
 * allows it: hosts hear one after the other where a NIC is, and go on for a
 * while in the VLAN in which they have met before (docs/PIPELINE.md, "Between
 * hosts").
 *
 * When a NIC comes or goes only those hosts are looked at again for which that
 * can make a difference.  All is looked at when the model is a new one. */

#ifndef CONTROLLER_NEEDS_H
#define CONTROLLER_NEEDS_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "switchcfg/wanted.h"

struct model;
struct model_nic;

#define NEEDS_GRACE 2500

struct needs {
    struct shash hosts;         /* "struct needs_host *" by name. */
    struct shash carried;       /* "struct carried *" by host. */
    long long int next_end;     /* When some host is to lose a VLAN, ms;
                                 * LLONG_MAX: none is. */
    struct shash tvds;          /* "struct needs_tvd *" by name. */
    struct hmap nics;           /* "struct needs_nic" by id. */
    struct sset named;          /* EEs that rules name as peers. */
    struct sset dirty;          /* Hosts to look at again. */
    bool all_dirty;
};

void needs_init(struct needs *);
void needs_destroy(struct needs *);

/* Forgets all NICs.  Also to be called when the gateway of a TVD is another
 * one. */
void needs_reset(struct needs *, const struct model *);

/* 'nic' is or may be on each of 'hosts', of which host 'holder' (NULL: none)
 * has it for certain. */
void needs_put_nic(struct needs *, const struct model_nic *nic,
                    const struct sset *hosts, const char *holder);
/* There is no such NIC any more. */
void needs_drop_nic(struct needs *, uint32_t nic_id);

/* Computes anew what needs be; true if some host is to carry other VLANs than
 * before, or the model is new.  'now' is a time in ms.  To be called by
 * needs_deadline(), LLONG_MAX: never, even if nothing has happened. */
bool needs_run(struct needs *, const struct model *, long long int now);
long long int needs_deadline(const struct needs *);

/* The VLANs that 'host' needs, or has needed until a moment ago.  Valid until
 * the next call of the others. */
const struct vidset *needs_of_host(const struct needs *, const char *host);

/* --- What switches should be -----------------------------------------------
 *
 * A host's port is a trunk of the VLANs that it needs; one to which something
 * else is attached is an access port of its TVD; a link between switches
 * carries what is needed on both of its sides. */

/* Makes a "struct switch_wanted *" for each switch of 'model' and adds it to
 * 'wanted' by the switch's name.  Caller owns. */
void needs_want(const struct needs *, const struct model *,
                 struct shash *wanted);

#endif /* controller/needs.h */
