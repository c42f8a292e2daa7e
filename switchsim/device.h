/* SPDX-License-Identifier: Apache-2.0
 *
 * The switch that tvd-switchsim plays: its objects, SETs in phases, what it
 * keeps over a restart, links of its ports, and how it misbehaves.
 *
 * Pure: time is an argument, the agent (switchsim/agent.h) and the bridge
 * (switchsim/bridge.h) are elsewhere.  The objects are those of
 * switchcfg/model-switch.h, which does the SETs; this adds what makes a device
 * of it.  A SET is done as a whole or not at all:
 *
 *     sim_device_set()        the model has the new state; refused: the old
 *     sim_device_commit()     it stays, or
 *     sim_device_undo()       the old one is back. */

#ifndef SWITCHSIM_DEVICE_H
#define SWITCHSIM_DEVICE_H 1

#include <stdbool.h>
#include <stdint.h>
#include "switchcfg/mib.h"
#include "switchsim/forwarding.h"

struct model_switch;
struct switch_profile;

/* Objects of our own, below net-snmp's arc for tests: what sysObjectID says,
 * the object that saves when it is set to 1, and what became of it. */
extern const struct mib_oid sim_object_id, sim_save, sim_save_status;
enum sim_save_state {
    SIM_SAVE_IDLE = 1,
    SIM_SAVE_DONE = 3,
    SIM_SAVE_FAILED = 4,
};

struct sim_device_config {
    /* A recorded device to begin as, or NULL: 'n_ports' ports, all untagged
     * in VLAN 1. */
    const struct mib_varbinds *recording;
    size_t n_ports;
    const char *const *aliases; /* ifAlias of each, or NULL. */
    const char *name;           /* sysName. */
    /* The kind of the recorded device: how its tables are to be read, and how
     * it is told to save.  Borrowed; NULL: the standard, it cannot be told. */
    const struct switch_profile *profile;
    bool bridged;               /* Refuse what a bridge cannot do. */
    size_t n_links;             /* Only its first so many ports have a link, so
                                 * that nothing is asked of a bridge for the
                                 * others; 0: all. */
    /* Writes down 'text', what a restart is to begin with.  Returns 0 or a
     * positive errno.  NULL: kept in memory only. */
    int (*save)(void *aux, const char *text);
    void *aux;
};

struct sim_device {
    struct model_switch *ms;    /* Its options are the misbehaviours. */
    struct sim_device_config config;
    struct mib_varbinds factory; /* As it began. */
    struct mib_varbinds before; /* Of the SET under way. */
    bool in_set;
    bool save_wanted;           /* It tells to save, in the way of 'profile', */
    uint32_t save_row;          /* by this row. */
    bool reversed;              /* Current table by VID.TimeMark. */
    uint32_t row_distance;      /* From VID to row, SWITCH_ROW_IF_INDEX. */
    long long int editing_since; /* Cisco: VLANs are edited; ms. */
    unsigned long *down;        /* Bit N: port N has no link. */
    struct forwarding forwarding; /* 'bridged': what the objects mean. */
    char *saved;                /* What a restart begins with; NULL: factory. */
    bool forget;                /* Misbehaviour: a restart begins with factory
                                 * defaults all the same. */
    bool refuse_write;          /* Misbehaviour. */
    long long int booted;       /* ms. */
};

/* 'saved' (may be NULL) is the text that a call of 'save' wrote down.  'now'
 * in ms, monotonic.  Returns NULL and sets '*devicep', or what is wrong with
 * the recording or 'saved'; caller frees. */
char *sim_device_create(const struct sim_device_config *, const char *saved,
                        long long int now, struct sim_device **devicep)
    OVS_WARN_UNUSED_RESULT;
void sim_device_destroy(struct sim_device *);           /* Accepts NULL. */

/* Does a SET.  Returns the error-status and sets '*error_index' (1-based) and,
 * if a rule of the bridge was broken, '*why' (caller frees), or NULL.  After
 * success one of the two below has to follow. */
int sim_device_set(struct sim_device *, const struct mib_varbind *, size_t n,
                   long long int now, size_t *error_index, char **why);
void sim_device_commit(struct sim_device *);
void sim_device_undo(struct sim_device *);

/* The value of an object at 'now', or NULL; the object behind 'oid' likewise.
 * Valid until the next call. */
const struct mib_value *sim_device_get(struct sim_device *,
                                       const struct mib_oid *,
                                       long long int now);
const struct mib_varbind *sim_device_next(struct sim_device *,
                                          const struct mib_oid *,
                                          bool inclusive, long long int now);

/* The link of a port is (not) there.  Returns true if that is news.  A port
 * without one passes nothing. */
bool sim_device_set_link(struct sim_device *, unsigned int port, bool up,
                         long long int now);
/* ifIndex of a port, 0: not known. */
uint32_t sim_device_if_index(const struct sim_device *, unsigned int port);
/* dot1dBasePorts in their order, '*n' of them; caller frees. */
unsigned int *sim_device_ports(const struct sim_device *, size_t *n);

/* Begins anew, with what was saved. */
void sim_device_reboot(struct sim_device *, long long int now);
/* What was configured is gone, saved or not, as if the device came out of the
 * box. */
void sim_device_lose_config(struct sim_device *, long long int now);

/* All that can be configured, as snmprec; caller frees. */
char *sim_device_config_to_string(const struct sim_device *);

#endif /* switchsim/device.h */
