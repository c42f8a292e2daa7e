/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeping one switch as it is wanted: read, plan, SET, read back, compare, and
 * back again if it did not work.
 *
 * It drives a session (switchcfg/session.h) and does not know which.  Time is
 * an argument.
 *
 *               +----------------------------------------------+
 *               v                                              |
 *     IDLE -> IDENTIFY -> READ -> PLAN -> LOCK -> SET -> SETTLE |
 *      ^  due,               |empty |refused       |refused  |  |
 *      |  trigger,           |      v              |late     v  |
 *      |  other wanted       |    FAILED           |    READBACK
 *      |                     v      ^              |      |   |differs
 *      +--- UNLOCK <-- SAVE <-------|--------------|------+   v
 *                                   |              +--> ROLLBACK -> READBACK
 *                                   +----------------------------------+
 *
 * Whatever a device answers, success is reported only if the tables that were
 * read back are as wanted.  After a failure the switch is read again with
 * growing delay.  If it can be brought neither to what is wanted nor to what
 * it was, nothing more is written until something else is wanted or an
 * administrator asks, and the status names every port and VLAN that
 * differs.
 *
 * A device that has been restarted since its SETs, by its sysUpTime, may have
 * lost them, and what it was before: it is planned for anew at once, instead of
 * being put back.
 *
 * At rest it is asked for its sysUpTime now and then, a heartbeat: if it has
 * been restarted, it is read at once, and if it does not answer, that is known
 * long before it would be read.
 *
 * What the tables of a device do not tell of a change, such as that a VLAN
 * which has no name yet is ours, is remembered before it is SET (memory.h), so
 * that it can be interrupted anywhere and goes on from there.  If nothing is
 * remembered of a device that is as wanted, it is saved once.
 *
 * SAVE is left for a change as soon as there is one, as it may take long: what
 * a device refuses because it is still at it is tried again when it has done,
 * and all is saved anew.  That begins only when nothing was changed for some
 * seconds (IDLE), with another READ.
 *
 * What somebody else changes at the same time: lists that others have ports in
 * are read once more right before they are SET, as SNMP has nothing to SET a
 * value only if it still is what was read.  The round trip in between is what
 * is left, and not that either on devices with a lock. */

#ifndef SWITCHCFG_RECONCILE_H
#define SWITCHCFG_RECONCILE_H 1

#include <stdbool.h>
#include "svec.h"
#include "switchcfg/memory.h"
#include "switchcfg/plan.h"
#include "switchcfg/tables.h"
#include "switchcfg/wanted.h"

struct report_sink;
struct switch_profiles;
struct switch_session;

enum switch_state {
    SWITCH_IDLE,                /* All is as wanted, or nothing is wanted. */
    SWITCH_IDENTIFY,            /* sysObjectID, sysDescr: which profile? */
    SWITCH_READ,                /* Walk the tables. */
    SWITCH_LOCK,                /* Take the device's lock, if it has one. */
    SWITCH_SET,                 /* One PDU of the plan is out. */
    SWITCH_SETTLE,              /* Wait before reading back. */
    SWITCH_READBACK,
    SWITCH_ROLLBACK,            /* One PDU of the way back is out. */
    SWITCH_READBACK_OLD,
    SWITCH_SAVE,
    SWITCH_UNLOCK,
    SWITCH_FAILED,              /* See 'error'; tries again when due. */
    SWITCH_STUCK,               /* Neither new nor old: see 'differences'. */
};
const char *switch_state_to_string(enum switch_state);

struct switch_reconcile_options {
    const char *profile;        /* Name; NULL: by sysObjectID. */
    bool save;                  /* Save what was changed and verified, once
                                 * nothing is changed for a while. */
    unsigned int read_interval_ms; /* For drift; 0: never on its own. */
    unsigned int beat_ms;       /* Between two heartbeats; 0: none.  They come */
    unsigned int beat_phase_ms; /* so long after its multiples; less. */
    unsigned int retry_ms;      /* After a failure, doubled up to */
    unsigned int retry_max_ms;
    const struct switch_memory *memory; /* Of the last time; copied.  NULL:
                                         * nothing is known. */
    /* Keeps '*memory', before something is sent that makes it true; or NULL. */
    void (*remember)(void *aux, const struct switch_memory *memory);
    void *aux;
};

struct switch_status {
    enum switch_state state;
    bool in_sync;               /* Read back, and as wanted. */
    bool saved;                 /* What is in sync is saved, verified. */
    bool will_save;             /* Not yet, but if nothing else changes. */
    bool reachable;
    const char *profile;        /* NULL: not known yet. */
    const char *descr;          /* sysDescr; likewise. */
    char *error;                /* Why not; NULL if nothing is wrong. */
    char *note;                 /* What may become wrong; NULL: nothing. */
    struct svec differences;    /* "port 3 (Gi1/0/3): ...". */
    struct svec planned;        /* Lines of the plan, done or (dry run) not. */
    unsigned long long n_reads, n_sets, n_pdus, n_rollbacks, n_drift;
    long long int last_read;    /* ms, monotonic; 0: never. */
    unsigned long long n_changes; /* As long as it is the same, so are all,
                                   * but for 'n_pdus'. */
};

struct switch_reconcile;

/* 'name' is the switch's in the policy.  'session' is taken over; 'profiles'
 * and 'sink' (may be NULL) must outlive it. */
struct switch_reconcile *switch_reconcile_create(
    const char *name, struct switch_session *session,
    const struct switch_profiles *profiles,
    const struct switch_reconcile_options *, const struct report_sink *sink);
/* Accepts NULL.  A SET that is out is not waited for. */
void switch_reconcile_destroy(struct switch_reconcile *);

/* What is wanted from now on; copied.  NULL: read, but change nothing.  A
 * change under way is finished first; a save is not waited for. */
void switch_reconcile_set_wanted(struct switch_reconcile *,
                                 const struct switch_wanted *);
/* Plan, but send no SET.  A change under way is finished first. */
void switch_reconcile_set_dry_run(struct switch_reconcile *, bool);
/* As the option. */
void switch_reconcile_set_save(struct switch_reconcile *, bool);
/* It is about to be destroyed: no change is begun any more, and what is not
 * saved yet is, without waiting.  False: it is not, after all. */
void switch_reconcile_set_ending(struct switch_reconcile *, bool);
/* True if a change is under way, or not saved yet, which should not be left
 * alone. */
bool switch_reconcile_is_changing(const struct switch_reconcile *);
/* Something happened there ('why': "linkDown"): read again soon, at most once
 * a second.  SWITCH_ASKED, by an administrator: at once, and write again if
 * it was SWITCH_STUCK. */
#define SWITCH_ASKED "asked"
void switch_reconcile_trigger(struct switch_reconcile *, const char *why);

/* Reads at once and, if all is as wanted, saves, even if nothing was changed
 * or the options say not to. */
void switch_reconcile_save(struct switch_reconcile *);

/* To be called in each turn of the poll loop; 'now' in ms, monotonic. */
void switch_reconcile_run(struct switch_reconcile *, long long int now);
void switch_reconcile_wait(struct switch_reconcile *, long long int now);

/* Valid until the next run. */
const struct switch_status *switch_reconcile_status(
    const struct switch_reconcile *);
/* What was read last; NULL: nothing yet.  Valid until the next run. */
const struct switch_tables *switch_reconcile_tables(
    const struct switch_reconcile *);

#endif /* switchcfg/reconcile.h */
