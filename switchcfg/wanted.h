/* SPDX-License-Identifier: Apache-2.0
 *
 * What a switch should be: which of its ports carry which VLANs.
 *
 * Pure data, made from the policy by the controller, or by hand in tests.
 * A port that is not mentioned is not ours. */

#ifndef SWITCHCFG_WANTED_H
#define SWITCHCFG_WANTED_H 1

#include "openvswitch/compiler.h"
#include "openvswitch/shash.h"
#include "switchcfg/mib.h"

struct ds;

enum switch_role {
    SWITCH_ACCESS,              /* One VLAN, untagged. */
    SWITCH_TRUNK,               /* Any number of VLANs, tagged; a host. */
    SWITCH_LINK,                /* The same, to another switch. */
};
const char *switch_role_to_string(enum switch_role);    /* "access", ... */

/* A set of VIDs. */
struct vidset {
    unsigned long bits[4096 / (8 * sizeof (unsigned long))];
};
static inline bool
vidset_contains(const struct vidset *s, unsigned int vid)
{
    size_t w = 8 * sizeof s->bits[0];

    return vid < 4096 && s->bits[vid / w] >> vid % w & 1;
}
void vidset_add(struct vidset *, unsigned int vid);
void vidset_remove(struct vidset *, unsigned int vid);
bool vidset_equal(const struct vidset *, const struct vidset *);
/* The lowest VID above 'after', or 0. */
unsigned int vidset_next(const struct vidset *, unsigned int after);
#define VIDSET_FOR_EACH(VID, SET) \
    for (VID = vidset_next(SET, 0); VID; VID = vidset_next(SET, VID))
/* "110-112,120", "-" if empty. */
void vidset_format(const struct vidset *, struct ds *);

/* A port of ours. */
struct switch_wanted_port {
    enum switch_role role;
    struct vidset vids;         /* SWITCH_ACCESS: exactly one. */
    char *what;                 /* For people: "host desk1"; may be NULL. */
};

/* A VLAN of ours. */
struct switch_wanted_vlan {
    unsigned int vid;
    char *name;                 /* SWITCH_VLAN_PREFIX and the TVD's name. */
};

/* Our mark: what begins so is ours, and is removed if it is not wanted. */
#define SWITCH_VLAN_PREFIX "tvd-"

struct switch_wanted {
    struct shash ports;         /* "struct switch_wanted_port *" by the name
                                 * that the policy gives the port. */
    struct shash vlans;         /* "struct switch_wanted_vlan *" by VID in
                                 * decimal. */
    struct vidset adopted;      /* VIDs that may be ours although they are
                                 * there under another name, or with ports that
                                 * are not ours. */
    struct vidset created;      /* VIDs whose rows are known to be made by us,
                                 * whatever their names are: a change that
                                 * made them did not get to naming them. */
    struct vidset tvds;         /* VIDs of all TVDs of the policy, also such
                                 * that no port needs now: to tell what is
                                 * theirs.  No part of what is set, so not
                                 * compared. */
    bool filter_others;         /* Ports that are not ours get ingress
                                 * filtering, and nothing else. */
    unsigned int parking;       /* 0, or the VID of one of 'vlans': where ports
                                 * go, tagged, that would be in no VLAN, on
                                 * devices that insist on one
                                 * (switch_profile.leave_last). */
};
void switch_wanted_init(struct switch_wanted *);
void switch_wanted_destroy(struct switch_wanted *);
struct switch_wanted *switch_wanted_clone(const struct switch_wanted *);
/* Adds port 'name' (replacing) and returns it, to be given VIDs. */
struct switch_wanted_port *switch_wanted_add_port(struct switch_wanted *,
                                                  const char *name,
                                                  enum switch_role,
                                                  const char *what);
/* Adds a VLAN of ours for TVD 'tvd': its name gets the prefix. */
void switch_wanted_add_vlan(struct switch_wanted *, unsigned int vid,
                            const char *tvd);
bool switch_wanted_equal(const struct switch_wanted *,
                         const struct switch_wanted *);
/* NULL if it is consistent in itself: VIDs 1..4094 and all among 'vlans',
 * access ports with one; else what is wrong.  Caller frees. */
char *switch_wanted_check(const struct switch_wanted *)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchcfg/wanted.h */
