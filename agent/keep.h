/* SPDX-License-Identifier: Apache-2.0
 *
 * What an agent keeps on disk, to go on as it was if it is started anew while
 * the TVD database cannot be reached: the model that it enforces, and which
 * NICs this host has.
 *
 * Two files in one directory, readable by root alone (lib/model-file.h; there is
 * no secret in them).  They are never older than what others have been told:
 *
 *   - The model is removed before another one is enforced, and written again
 *     soon: at once if the last time is a second ago (or longer, if the model is
 *     large), and when the connection to the database is lost.
 *   - What NICs there are is written at once, and before the database is told
 *     that one has been let go of: after that another host may be given it.
 *
 * An agent that ends between two of these steps leaves no model, and the next
 * one has to wait for the database.
 *
 * Both are good only until the machine is started anew.  Until then the page
 * cache keeps them whatever happens to the agent, so that nobody has to wait
 * for a disk.  Afterwards nothing is in force, another host may have been given
 * what was here (`ee move --force` says that this one is off), and an agent
 * that knows nothing of it must not begin. */

#ifndef AGENT_KEEP_H
#define AGENT_KEEP_H 1

#include <stdbool.h>
#include <stdint.h>

struct bindings;
struct json;
struct model;
struct report_sink;

struct keep {
    const struct report_sink *sink;     /* Borrowed. */
    char *dir;
    char *model_file;
    char *ports_file;
    const char *host;           /* Borrowed; NULL: not in use. */
    const char *bridge;         /* Borrowed. */
    char *boot;                 /* Says when the machine was started. */
    struct json *ports;         /* Read, not recalled yet; or NULL. */
    bool stale;                 /* The model is to be written, and */
    bool writable;              /* could be when keep_run() was last run. */
    long long int due;          /* When. */
    long long int next_write;   /* Not before. */
    uint64_t ports_written;     /* Generation of the bindings. */
    char *error;                /* What does not work, or NULL. */
};

/* Nothing is read or written before keep_begin().  'dir' is made if there is
 * none.  What does not work is reported to 'sink'. */
void keep_init(struct keep *, const char *dir, const struct report_sink *sink);
void keep_destroy(struct keep *);

/* Returns the model that was kept for 'host' and 'bridge', which the caller
 * owns, and its 'seq'; or NULL, if there is none, or none that is good. */
struct model *keep_begin(struct keep *, const char *host, const char *bridge,
                         int64_t *seq);
/* Remembers in 'bindings' which NICs this host had when that was kept. */
void keep_recall(struct keep *, struct bindings *);

/* The model is about to be another one; or, unless 'differs', only its 'seq'
 * is. */
void keep_model_changes(struct keep *, bool differs, long long int now);
/* Writes what is due, before the database is told anything.  'm' is NULL if
 * what is in force is not to be written: it was read from the file.  'hurry'
 * writes the model at once: the database is not there, and nothing will change
 * for a while. */
void keep_run(struct keep *, const struct model *m, int64_t seq,
              const struct bindings *, bool hurry, long long int now);
/* Writes the model if that had to wait: the program ends. */
void keep_flush(struct keep *, const struct model *m, int64_t seq);
void keep_wait(const struct keep *);

#endif /* agent/keep.h */
