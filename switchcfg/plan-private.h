/* SPDX-License-Identifier: Apache-2.0
 *
 * What the makers of plans share: steps in their order, and how they become
 * requests.  Part of switchcfg/plan.h. */

#ifndef SWITCHCFG_PLAN_PRIVATE_H
#define SWITCHCFG_PLAN_PRIVATE_H 1

#include "switchcfg/plan.h"

struct goal_port;
struct goal_vlan;
struct portlist;
struct switch_goal;

/* Steps of one phase are safe in any order among themselves, also if only
 * some of them are done.  Steps come in the order of their phases. */
enum plan_phase {
    PLAN_RESTRICT,              /* Less is allowed than before: filtering,
                                 * acceptable frames, leaving VLANs. */
    PLAN_CREATE,                /* Empty rows. */
    PLAN_TURN_TAGGED,           /* From untagged frames only to tagged ones; */
    PLAN_TURN_PVID,             /* PVIDs that matter to who joins; */
    PLAN_TURN_UNTAGGED,         /* from tagged frames to untagged ones. */
    PLAN_JOIN,                  /* Ports become members of VLANs. */
    PLAN_ACTIVATE,
    PLAN_ADMIT,                 /* PVID, acceptable frames, GVRP off. */
    PLAN_UNPROTECT,
    PLAN_DELETE,
    PLAN_ALONE,                 /* Each in a request of its own, in order. */
};

struct plan_step {
    enum plan_phase phase;
    bool glued;                 /* In the same request as the one before. */
    bool anywhere;              /* Safe before and after all others, not glued
                                 * and not PLAN_ALONE. */
    struct switch_set set;
};

/* Zeroed is empty. */
struct plan_steps {
    struct plan_step *steps;
    size_t n;
    size_t allocated;
};
void plan_steps_destroy(struct plan_steps *);

/* Each appends a step for 'column'.'index', and returns it, valid until the
 * next; 'text' is taken over. */
struct plan_step *plan_add(struct plan_steps *, enum plan_phase,
                           enum switch_action, const struct mib_oid *column,
                           uint32_t index, char *text);
struct plan_step *plan_add_number(struct plan_steps *, enum plan_phase,
                                  enum switch_action,
                                  const struct mib_oid *column, uint32_t index,
                                  enum mib_type, int64_t number, char *text);
struct plan_step *plan_add_octets(struct plan_steps *, enum plan_phase,
                                  enum switch_action,
                                  const struct mib_oid *column, uint32_t index,
                                  const void *, size_t n, char *text);

/* Puts 'a' without what is not in 'b' into 'out', as long as 'a', and the bits
 * that differ from 'a' into 'changed'; both are to be destroyed. */
void plan_intersect(const struct portlist *a, const struct portlist *b,
                    struct portlist *out, struct portlist *changed);

/* Those who leave the VLAN. */
void plan_leave(struct plan_steps *, const struct switch_goal *,
                const struct goal_vlan *);
/* The VLANs that 'which' names (NULL: all) get what they should have more. */
void plan_join(struct plan_steps *, const struct switch_goal *,
               const bool *which);
/* Likewise, for devices that keep a port in some VLAN: leaving too.  Returns
 * NULL, or why there is no such way. */
char *plan_join_first(struct plan_steps *, const struct switch_goal *)
    OVS_WARN_UNUSED_RESULT;

/* Turning ports.
 *
 * A port that is in the VLAN of its old PVID in the end too, and takes
 * untagged frames then, must not send them to those who join that VLAN: its
 * PVID is set after ports have left and before others join.  (Else it is set
 * when the port is a member of the VLAN that it names, which more devices
 * take.)  Likewise if it changes from tagged frames only to untagged ones
 * only, or the other way round. */
bool plan_turns_pvid(const struct switch_goal *, const struct goal_port *);
bool plan_turns_frames(const struct goal_port *);
/* True if a port drops frames of VLANs it is not in while ports join. */
bool plan_is_filtered(const struct switch_goal *, const struct goal_port *);
/* The rows that have to be there, empty, for ports to be turned to; and
 * turning the ports that 'which' names (NULL: all). */
void plan_rows_to_turn_to(struct plan_steps *, const struct switch_goal *);
void plan_turn(struct plan_steps *, const struct switch_goal *,
               const bool *which);

/* Frees what it owns. */
void plan_set_clear(struct switch_set *);

/* Octets that varbinds can have in a request. */
size_t plan_room(const struct switch_tables *);

/* Appends requests with all steps to 'plan', as few as the profile allows;
 * takes what the steps own.  Returns NULL, or what does not fit. */
char *plan_pack(const struct switch_tables *, struct plan_steps *,
                struct switch_plan *plan)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchcfg/plan-private.h */
