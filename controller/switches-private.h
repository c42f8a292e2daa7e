/* SPDX-License-Identifier: Apache-2.0
 *
 * What switches.c and switch-entry.c share. */

#ifndef CONTROLLER_SWITCHES_PRIVATE_H
#define CONTROLLER_SWITCHES_PRIVATE_H 1

#include "controller/switches.h"
#include "controller/whereabouts.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "switchcfg/memory.h"
#include "switchcfg/profile.h"

struct switch_reconcile;

#define RETRY 2000              /* After a failure, in ms. */

/* A switch of the policy, or one that is probed. */
struct entry {
    struct ovs_list node;       /* In 'turns'. */
    struct switches *switches;
    char *name;
    struct model_switch *sw;    /* A copy without ports, */
    struct model_switch *next;  /* and what it becomes once the change under
                                 * way has been finished; or NULL. */
    bool leaving;               /* Likewise, it goes then; it is in 'turns'
                                 * alone. */
    char *memory_path;          /* NULL: no file. */
    struct switch_memory memory;
    bool has_memory;
    struct switch_reconcile *reconcile; /* NULL: no session. */
    void *handle;               /* Of the session. */
    char *error;                /* Why not; NULL. */
    long long int retry;        /* Of opening it. */
    uint32_t beat;              /* When it is due, within the interval. */
    struct switch_wanted *wanted; /* NULL: not known yet. */
    char *written;              /* Its row, as text; NULL: not written. */
    char *writing;              /* The same, in the transaction under way. */
    long long int written_at;
    const char *phase;          /* What its row says of its state. */
    unsigned long long n_changes; /* Of its status, when it was looked at. */
    bool unchecked;             /* It was not, since it may be otherwise. */
    bool stale;                 /* Its row is to be written. */
    long long int looked_at;    /* The 'last_read' of its status, when its
                                 * others' ports were looked at, and */
    char *open_ports;           /* what was said of them; NULL: nothing. */
};

struct switches {
    struct switches_config config;
    char *state_dir;
    struct switch_profiles profiles;
    struct whereabouts whereabouts;
    struct shash entries;       /* "struct entry *" by name. */
    struct ovs_list turns;      /* The same, those that are probed and those
                                 * that leave; whose turn it is next is in
                                 * front. */
    unsigned int n_files;       /* Written in this turn. */
    bool more;                  /* Not all had their turn. */
    struct ovs_list asked;      /* "struct asked". */
    struct sset gone;           /* Rows to be removed. */
    uint32_t next_beat;         /* Of the entry that was made last. */
    size_t n_probes;
    bool active;
    bool fresh;                 /* Rows have not been looked at. */
    bool writing;               /* In the transaction under way. */
    bool stale;                 /* Some row is to be written. */
    bool unchecked;             /* That may be otherwise since 'check'. */
    long long int check;        /* When to look again, at the earliest. */
    int traps;                  /* Socket, or -1. */
};

/* --- One switch and its session (switch-entry.c). */

/* A switch as 'sw' is, with no session yet. */
struct entry *entry_create(struct switches *, const struct model_switch *sw);
void entry_destroy(struct switches *, struct entry *);
/* Makes and ends its session. */
void entry_open(struct switches *, struct entry *, long long int now);
void entry_close(struct switches *, struct entry *);

/* Keeps, from now on, what is remembered of it in a file, and takes up what was
 * kept there. */
void entry_recall(struct switches *, struct entry *);
/* Makes it as 'sw' from now on.  If that needs another session, this is for
 * entry_renew(), once nothing is changing.  True in that case. */
bool entry_update(struct entry *, const struct model_switch *sw);
void entry_renew(struct switches *, struct entry *);
/* True if a change is under way. */
bool entry_is_changing(const struct entry *);
/* What is wanted from now on; taken over. */
void entry_set_wanted(struct entry *, struct switch_wanted *);
/* Warns of ports that are not ours, once until they are others. */
void entry_watch_others(const struct switches *, struct entry *);
/* Nothing else is wanted than was, but the TVDs may be those of 'wanted'. */
void entry_set_tvds(struct entry *, const struct switch_wanted *wanted);

/* The one that leaves, is called 'name' and is at 'address'; NULL: whatever it
 * is called.  NULL if there is none. */
struct entry *entry_find_leaving(const struct switches *, const char *name,
                                 const char *address);
/* Those that leave are not waited for any more. */
void entries_end_leaving(struct switches *);

#endif /* controller/switches-private.h */
