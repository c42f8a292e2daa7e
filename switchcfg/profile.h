/* SPDX-License-Identifier: Apache-2.0
 *
 * What kinds of switches differ in, as data: a file of a few lines each,
 * switchcfg/profiles/NAME.yaml, described in tvd-switch-profile(5).
 *
 * Pure: the reader takes the tree that flowpolicy/yaml.h makes.  Reading the
 * files of a folder is profile-files.h's. */

#ifndef SWITCHCFG_PROFILE_H
#define SWITCHCFG_PROFILE_H 1

#include "openvswitch/shash.h"
#include "switchcfg/mib.h"
#include "switchcfg/portlist.h"

struct node;
struct policy_errors;

/* By what objects VLANs are set. */
enum switch_model {
    SWITCH_QBRIDGE,             /* RFC 4363. */
    SWITCH_CISCO,               /* vmVlan, vlanTrunkPortVlansEnabled. */
};

/* What the index of dot1qVlanStaticTable is. */
enum switch_row_index {
    SWITCH_ROW_VID,
    SWITCH_ROW_IF_INDEX,        /* ifIndex of an interface "... 110". */
};

/* How a device takes an object of a port. */
enum switch_support {
    SWITCH_IF_PRESENT,          /* Set if the device has it (default). */
    SWITCH_IMPLICIT,            /* As if it were always set the safe way. */
    SWITCH_UNUSED,              /* Never written, nor trusted. */
};

/* How a row of dot1qVlanStaticTable comes to be. */
enum switch_create {
    SWITCH_CREATE_WHOLE,        /* createAndGo, name and lists in one PDU. */
    SWITCH_CREATE_THEN_FILL,    /* createAndGo alone, then the rest. */
    SWITCH_CREATE_WAIT,         /* createAndWait, the rest, then active. */
};

/* In which order two SETs for the same VLAN go. */
enum switch_join {
    SWITCH_EGRESS_FIRST,        /* A port is a member, then untagged. */
    SWITCH_UNTAGGED_FIRST,
};

/* One varbind of saving.  In a profile an OID that ends in ".ROW" is that of a
 * row, whose index is chosen anew each time. */
struct switch_save_set {
    struct mib_oid oid;
    bool in_row;
    enum mib_type type;         /* A number type. */
    int64_t value;
};

enum switch_save {
    SWITCH_SAVE_UNKNOWN,        /* Not over SNMP, as far as is known. */
    SWITCH_SAVE_IMPLICIT,       /* The device saves by itself. */
    SWITCH_SAVE_SET,            /* By 'sets', then poll 'poll'. */
};

struct switch_profile {
    char *name;                 /* Of the file, without ".yaml". */
    char *title;                /* For people: "D-Link DES, DGS". */
    char *basis;                /* What all this is known from. */
    char *refusal;              /* Why devices of this kind are not configured;
                                 * NULL if they are. */

    /* Recognised by: sysObjectID below one of these and, if there is
     * 'descr', that text in sysDescr.  None: only by name. */
    struct mib_oid *object_ids;
    size_t n_object_ids;
    char *descr;

    enum switch_model model;
    bool atomic;                /* A SET is done as a whole or not at all, and
                                 * in one instant. */
    bool ordered;               /* The varbinds of a SET are done one after the
                                 * other, in their order. */
    bool leave_last;            /* A port must be in some VLAN all the time (or
                                 * the device puts it into one): it joins new
                                 * ones before it leaves the old. */
    size_t max_varbinds;        /* In a SET; 0: as many as fit. */
    size_t max_message;         /* Octets; at most MIB_MAX_MESSAGE. */
    enum portlist_order order;
    enum switch_row_index row_index;
    bool current_reversed;      /* Current table by VID.TimeMark. */
    enum mib_type pvid_type;    /* MIB_UNSIGNED32 or MIB_INTEGER. */
    enum switch_create create;
    enum switch_join join;
    enum switch_support ingress_filtering;
    enum switch_support acceptable_frames;
    enum switch_support gvrp;
    size_t name_max;            /* Longest name of a VLAN, octets. */
    unsigned int settle_ms;     /* After a SET, before it can be read back. */

    enum switch_save save;
    struct switch_save_set *save_sets;
    size_t n_save_sets;
    bool save_single;           /* Each in a PDU of its own. */
    struct mib_oid poll;        /* 'n' is 0: nothing tells, see
                                 * switch_profile_save_poll(). */
    bool poll_in_row;
    bool poll_changes;          /* Saved once it is other than before. */
    int64_t *poll_done;         /* Values that mean: saved; */
    size_t n_poll_done;
    int64_t *poll_failed;       /* and not saved.  Others: not yet. */
    size_t n_poll_failed;
    unsigned int save_timeout_ms;
    struct switch_save_set *cleanup_sets; /* Afterwards, in any case. */
    size_t n_cleanup_sets;

    struct mib_oid lock;        /* 'n' is 0: none.  An integer, */
    int64_t lock_free;          /* this value while nobody, */
    int64_t lock_held;          /* and this while we change. */
};

/* Reads a profile called 'name' from its tree.  NULL, with at least one error
 * added to 'errors', if it is not right; goes on after errors to find all. */
struct switch_profile *switch_profile_parse(const char *name,
                                            const struct node *root,
                                            struct policy_errors *errors);
void switch_profile_destroy(struct switch_profile *);   /* Accepts NULL. */

/* The standard: RFC 4363 and nothing else.  Static, never destroyed; used
 * where no profile fits, and then trusted in nothing that the standard leaves
 * open: not atomic. */
const struct switch_profile *switch_profile_standard(void);

/* Profiles by name, owned. */
struct switch_profiles {
    struct shash by_name;       /* "struct switch_profile *". */
};
void switch_profiles_init(struct switch_profiles *);
void switch_profiles_destroy(struct switch_profiles *);
/* Takes 'profile' over; one of the same name is replaced. */
void switch_profiles_add(struct switch_profiles *, struct switch_profile *);
/* NULL if there is none of this name. */
const struct switch_profile *switch_profiles_get(
    const struct switch_profiles *, const char *name);
/* The profile for a device: of those that match the one with the longest
 * object id, of these one with 'descr' before one without; the standard if
 * none does.  'object_id' and 'descr' may be NULL. */
const struct switch_profile *switch_profiles_match(
    const struct switch_profiles *, const struct mib_oid *object_id,
    const char *descr);

/* The subtrees to walk to know a device of this kind, as switch_tables_add()
 * wants them: '*n' OIDs, static. */
const struct mib_oid *switch_profile_subtrees(const struct switch_profile *,
                                              size_t *n);

/* What to SET to save, as PDUs to be sent one after the other, for a row
 * index 'row' that is free on the device (any number). */
void switch_profile_save_pdus(const struct switch_profile *, uint32_t row,
                              struct mib_varbinds **pdus, size_t *n_pdus);
/* Likewise for cleaning up. */
void switch_profile_cleanup(const struct switch_profile *, uint32_t row,
                            struct mib_varbinds *pdu);
/* What to GET to know whether it was saved, before the SETs too; false if
 * there is no such object: then it is not known that it was. */
bool switch_profile_save_poll(const struct switch_profile *, uint32_t row,
                              struct mib_oid *);
enum switch_saved { SWITCH_SAVED, SWITCH_NOT_SAVED, SWITCH_STILL_SAVING };
/* What the answer 'now' to that GET means, after 'before' (may be NULL) the
 * SETs. */
enum switch_saved switch_profile_saved(const struct switch_profile *,
                                       const struct mib_value *before,
                                       const struct mib_value *now);

#endif /* switchcfg/profile.h */
