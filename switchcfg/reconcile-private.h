/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sources of reconcile share. */

#ifndef SWITCHCFG_RECONCILE_PRIVATE_H
#define SWITCHCFG_RECONCILE_PRIVATE_H 1

#include <stdlib.h>
#include "switchcfg/reconcile.h"

struct switch_reply;

/* Steps within SWITCH_LOCK, SWITCH_SET and SWITCH_SAVE. */
enum step {
    STEP_LOOK,                  /* LOCK: is it free?  SET: are the lists that
                                 * others share as they were?  SAVE: what does
                                 * the object say that is polled? */
    STEP_SET,
    STEP_POLL,                  /* SAVE alone, as the rest. */
    STEP_PAUSE,
    STEP_CLEANUP,
};

struct switch_reconcile {
    char *name;
    struct switch_session *session;
    const struct switch_profiles *profiles;
    const struct report_sink *sink;
    struct switch_reconcile_options options;
    char *profile_name;         /* What options.profile points to. */

    struct switch_wanted *wanted; /* NULL: nothing; the newest, */
    struct switch_wanted *active; /* and what the plan under way is for. */
    bool wanted_changed;
    bool dry_run;
    bool ending;                /* No change is begun any more. */
    char *stuck;                /* Why nothing is written any more; or NULL. */
    bool save_asked;            /* Save at once, whatever the options say. */
    bool save_told;             /* Likewise, of the save under way. */
    bool kick;                  /* Read at once, */
    bool trigger;               /* or soon. */

    struct switch_status status;
    char *descr;
    enum step step;
    long long int now;
    long long int round;        /* When the last one began. */
    long long int due;          /* When the state goes on by itself; LLONG_MAX:
                                 * never. */
    unsigned int backoff;       /* ms; 0: the last time all went well. */
    long long int beat;         /* When the next heartbeat is due, */
    long long int beat_asked;   /* when the last one was sent, */
    bool beating;               /* and whether it is out: the state is one at
                                 * rest meanwhile. */

    const struct switch_profile *profile; /* NULL: to be found out. */
    struct switch_tables *tables; /* As read last, */
    struct switch_tables *before; /* and before the first SET of 'plan'. */
    long long int asked;        /* When it was asked for its sysUpTime last. */
    unsigned int n_restarts;    /* Of the session, when it was read last. */
    bool restarted;             /* The device, between the last two reads. */
    bool unsettled;             /* There was a SET, and it is not known yet
                                 * what came of it: 'before' stays. */
    struct vidset created;      /* VLANs made by a plan that did not get to
                                 * its end: ours, also without our mark. */
    struct switch_plan plan;    /* There, or back. */
    size_t next_pdu;
    char *cause;                /* The first thing that went wrong with it. */
    bool late;                  /* It was an answer that did not come, */
    bool told_late;             /* which the status tells already. */
    unsigned int n_forward, n_back, n_readback, n_unlock;

    bool locked;                /* The device's lock is ours, or may be. */
    bool save_due;              /* There may be something not saved. */
    bool save_unknown;          /* Nothing is remembered of it. */
    struct switch_memory kept;  /* What is remembered now. */
    bool has_kept;
    bool save_doubt;            /* It has not answered since it was asked to:
                                 * it may have been restarted. */
    long long int doubt_at;     /* When that is said; LLONG_MAX: not yet. */
    bool save_disturbed;        /* Something has happened there meanwhile. */
    unsigned int n_save_restarts;
    char *save_error;
    uint32_t save_row;
    size_t save_next;
    long long int save_until;
    struct mib_value save_before;
    long long int save_from;    /* Not to begin earlier, */
    long long int save_by;      /* nor, whatever changes, much later; LLONG_MAX:
                                 * nothing was changed. */
    long long int save_at;      /* When it will begin; LLONG_MAX: never. */
    bool save_left;             /* The device may still be at one that was not
                                 * waited for: save_row, save_until. */
    bool save_awaited;          /* It is waited for after all, and */
    bool again;                 /* then, what it refused meanwhile is planned
                                 * anew. */

    enum switch_state after;    /* What comes after SWITCH_UNLOCK. */
};

/* Frees '*to', then makes it 'from'. */
static inline void
set_string(char **to, char *from)
{
    free(*to);
    *to = from;
}

/* Has what must not be forgotten kept. */
void reconcile_remember(struct switch_reconcile *);
static inline void
tables_free(struct switch_tables **t)
{
    if (*t) {
        switch_tables_destroy(*t);
        free(*t);
        *t = NULL;
    }
}

/* Ends what is under way with 'state' and 'error' (taken over; NULL: none). */
void reconcile_finish(struct switch_reconcile *, enum switch_state,
                      char *error);

/* The same once the lock is no longer ours. */
void reconcile_rest(struct switch_reconcile *);

/* Takes the device's lock if it has one, then calls reconcile_start_set(). */
void reconcile_start_lock(struct switch_reconcile *);
void reconcile_lock_replied(struct switch_reconcile *,
                            const struct switch_reply *);
/* Gives it back, then calls reconcile_rest(). */
void reconcile_start_unlock(struct switch_reconcile *);
void reconcile_unlock_replied(struct switch_reconcile *,
                              const struct switch_reply *);
/* Sends the first PDU of the plan. */
void reconcile_start_set(struct switch_reconcile *);

/* True if a device that answers what was asked at 'asked', that it has been
 * running for '*up_time', hundredths of a second, or does not tell, was started
 * anew since it was read last. */
bool reconcile_has_restarted(const struct switch_reconcile *,
                             const uint32_t *up_time, long long int asked);
/* Finds out which kind of device it is, if that is not known, then reads it. */
void reconcile_start_identify(struct switch_reconcile *);
void reconcile_identify_replied(struct switch_reconcile *,
                                const struct switch_reply *);
/* Walks the tables; 'state' says what for. */
void reconcile_start_read(struct switch_reconcile *, enum switch_state state);
/* Takes over what was read.  False if the device turns out to be another. */
bool reconcile_take_tables(struct switch_reconcile *,
                           const struct switch_reply *);
/* Reading did not work: whatever is there, it is not known to be right. */
void reconcile_finish_unread(struct switch_reconcile *,
                             const struct switch_reply *);

/* Notes when the next heartbeat is due, from now on; says when it is to be
 * sent, LLONG_MAX: not in this state; sends it.  It gives way to whatever else
 * is to be done. */
void reconcile_plan_beat(struct switch_reconcile *);
long long int reconcile_next_beat(const struct switch_reconcile *);
void reconcile_start_beat(struct switch_reconcile *);
void reconcile_cancel_beat(struct switch_reconcile *);
void reconcile_beat_replied(struct switch_reconcile *,
                            const struct switch_reply *);

/* What was wanted is there: saves it if that is due, then ends. */
void reconcile_start_save(struct switch_reconcile *);
void reconcile_save_replied(struct switch_reconcile *,
                            const struct switch_reply *);
/* Something has happened at the device while the answer to a SET is waited
 * for.  True if that is not waited for any more. */
bool reconcile_save_disturb(struct switch_reconcile *);
/* To be called at 'doubt_at'. */
void reconcile_save_doubt(struct switch_reconcile *);
/* Asks once more whether it is saved; after STEP_PAUSE. */
void reconcile_save_poll(struct switch_reconcile *);
/* Something is not saved yet: it is once nothing has changed for a while. */
void reconcile_save_put_off(struct switch_reconcile *);
/* True if something else is wanted, so that a save is not waited for. */
bool reconcile_save_must_yield(const struct switch_reconcile *);
/* Leaves the device alone with its save, and begins anew. */
void reconcile_save_yield(struct switch_reconcile *);
/* True if the device may be busy with a save that was not waited for. */
bool reconcile_save_is_left(const struct switch_reconcile *);
/* Waits for that one after all, before what comes after the SET that was
 * refused. */
void reconcile_save_await(struct switch_reconcile *);

#endif /* switchcfg/reconcile-private.h */
