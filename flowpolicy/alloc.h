/* SPDX-License-Identifier: Apache-2.0
 *
 * Stable allocation: fills in what the policy left open (ids of TVDs, roles,
 * rules and NICs, VLANs, VNIs, MACs, IP addresses) and keeps what was filled
 * in before.  docs/ARCHITECTURE.md, "Stable ids", has the promises.
 *
 * It works on models only: it does not read or store anything; the caller
 * keeps the model and the allocator's state between calls.  The result
 * depends on the arguments alone.
 *
 * Ids, VLANs and VNIs are taken in turn above the last one taken, and begin
 * again at the lowest free one when the range is spent, so that a value is not
 * given away again while something may still remember its former owner.  The
 * search for an address begins at the NIC's id, counted into the subnet, with
 * the same effect.
 *
 * MACs are locally administered: 02:54:56 and the NIC's id, 02:54:57:00 and
 * the TVD's for its router; where that is taken, the same with another first
 * byte. */

#ifndef FLOWPOLICY_ALLOC_H
#define FLOWPOLICY_ALLOC_H 1

#include "lib/model.h"

struct smap;
struct svec;

enum alloc_kind {
    ALLOC_TVD,                  /* 1..32767. */
    ALLOC_ROLE,                 /* 1..65535, over all TVDs. */
    ALLOC_RULE,                 /* 1..2^31-1. */
    ALLOC_NIC,                  /* 1..2^24-1. */
    ALLOC_VLAN,                 /* vlan_pool, else 100..4094. */
    ALLOC_VNI,                  /* vni_pool, else 4096..2^24-1. */
    ALLOC_N_KINDS
};

/* The last value taken of each kind; 0: none yet. */
struct alloc_state {
    uint32_t last[ALLOC_N_KINDS];
};
#define ALLOC_STATE_INITIALIZER { { 0 } }

/* To and from a map of strings, for storing: {tvd: 3, nic: 17, ...}.  Reading
 * takes what is missing or makes no sense as 0, which is safe: it then starts
 * above what the models hold. */
void alloc_state_to_smap(const struct alloc_state *, struct smap *);
void alloc_state_from_smap(struct alloc_state *, const struct smap *);

#define ALLOC_VLAN_POOL_MIN 100
#define ALLOC_VLAN_POOL_MAX 4094
#define ALLOC_VNI_POOL_MIN 4096
#define ALLOC_VNI_POOL_MAX ((1u << 24) - 1)

/* Fills in 'new', which flowpolicy's parser made and checked.  What has the
 * same name in 'old' (the model in force; NULL: none) keeps its ids, and keeps
 * VLAN, VNI, MAC and addresses where 'new' declares none and the kept value
 * still fits: it is in the pool or subnet and nobody declares it.  Where it
 * does not, the declared value wins, a new one is chosen, and a sentence about
 * it is added to 'notes' (NULL: not wanted).  A NIC without declared addresses
 * gets one in each subnet of its TVD; a NIC with some has just those.
 *
 * What 'new' has set already (ids, a router MAC) is left as it is.  Finally
 * assigns the gateways (flowpolicy/decide.h).
 *
 * Updates 'state'.  Returns NULL if successful, otherwise an error message to
 * be freed by the caller: something is exhausted; 'new' is then only good for
 * destroying and 'state' is unchanged.
 *
 * O(n log n) in the size of the models. */
char *alloc_fill(struct model *new, const struct model *old,
                 struct alloc_state *state, struct svec *notes)
    OVS_WARN_UNUSED_RESULT;

/* The same for one EE that was just added to 'model', all else of which is
 * filled in.  Nothing else changes, except that 'ee' may become a gateway.
 * A role that its TVD got for it (MODEL_DEFAULT_ROLE) is given its id.  What
 * 'ee' declares is free: flowpolicy's parser has checked that.  On failure
 * 'state' is unchanged and 'ee' is only good for model_ee_remove().
 *
 * Looks at each NIC of the model once, for the addresses of the TVDs it
 * joins. */
char *alloc_ee(struct model *model, struct model_ee *ee,
               struct alloc_state *state)
    OVS_WARN_UNUSED_RESULT;

#endif /* flowpolicy/alloc.h */
