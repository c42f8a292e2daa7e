/* SPDX-License-Identifier: Apache-2.0
 *
 * A switch in memory that is kept as wanted, and misbehaves at one of its
 * requests. */

#ifndef TESTS_UNIT_SWITCH_TRIAL_H
#define TESTS_UNIT_SWITCH_TRIAL_H 1

#include "switchcfg/model-switch.h"
#include "switchcfg/profile.h"
#include "switchcfg/reconcile.h"

#define PORTS 8

enum mischief {
    NOTHING,
    LOSE_ANSWER,                /* Of a SET that is done. */
    LOSE_REQUEST,               /* Not done. */
    LATE,                       /* Done some requests after it timed out. */
    REFUSE, REFUSE_ALL,
    FIRST_ONLY, FIRST_ONLY_ALL,
    IGNORE, IGNORE_ALL,         /* Acknowledged, not done. */
    RESET,                      /* All configuration is lost. */
    OTHER,                      /* Somebody else changes port 8. */
    OTHER_OURS,                 /* Somebody else changes a port of ours. */
    LOSE_THEN_REFUSE,           /* The answer to one, and the next. */
    DEAF,                       /* No answers any more. */
    N_MISCHIEF,
};

/* The session in between. */
struct between {
    struct switch_session session;
    struct model_switch *ms;
    struct mib_varbinds factory;
    enum mischief mischief;
    int at;                     /* At which request (mischief of SETs: SET)
                                 * counted from 0. */
    int n_requests, n_sets;
    struct mib_varbinds late;   /* To be done before request 'late_at'. */
    int late_at, late_by;
    struct switch_reply *reply; /* In place of the model's. */
    bool other_done;
    const char *twin;           /* Whom it may be mistaken for; NULL. */
};

struct want {
    const char *port;
    enum switch_role role;
    unsigned int vids[3];
};
#define N_WANTS 4
extern const struct want switch_first[N_WANTS], switch_second[N_WANTS];

struct kind {
    const char *what;
    struct model_switch_options model;
    struct switch_profile profile;
    unsigned int beat_ms;       /* Then it is read once a minute. */
};

/* A switch that is as switch_first says, to become as switch_second does; or that is as
 * it comes out of the box, to become as switch_first says. */
struct trial {
    struct between *b;
    struct switch_profiles profiles;
    struct switch_profile *profile;
    struct switch_wanted wanted, known;
    struct switch_tables old;
    struct switch_reconcile *r;
    struct switch_memory memory; /* What it had kept. */
    bool has_memory;
    unsigned int beat_ms;
    long long int now;
};

void trial_copy(struct mib_varbinds *, const struct mib_varbind *, size_t n);
void trial_make_wanted(struct switch_wanted *, const struct want *, size_t n);
/* The objects of the device. */
void trial_set_number(struct model_switch *, const struct mib_oid *,
                      int64_t n);
int64_t trial_get_number(const struct model_switch *, const struct mib_oid *);

/* Lets 'ms' pass. */
void trial_pass(struct switch_reconcile *, long long int *now, int ms);
/* What the device itself has, compared. */
bool trial_is_wanted(struct between *, const struct switch_profile *,
                     const struct switch_wanted *, struct svec *lines);
bool trial_is_before(struct between *, const struct switch_profile *,
                     const struct switch_tables *old,
                     const struct switch_wanted *);

/* It becomes what it is at first. */
void trial_init(struct trial *, const struct kind *, bool from_default);
void trial_destroy(struct trial *);
/* The program is killed, and begins anew. */
void trial_restart(struct trial *, const struct kind *);
/* Lets it become so, with 'mischief' at the 'n_th' request.  Returns what is
 * wrong; NULL: nothing. */
const char *trial_run(struct trial *, enum mischief mischief, int n_th,
                      int late_by);
/* Well again: it gets there, and what others have done stays.  Likewise. */
const char *trial_recover(struct trial *, const struct kind *);

#endif /* tests/unit/switch-trial.h */
