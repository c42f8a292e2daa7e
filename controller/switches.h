/* SPDX-License-Identifier: Apache-2.0
 *
 * The switches of the policy: each is kept as it is wanted
 * (switchcfg/reconcile.h), by the active controller alone, all at once and
 * without waiting for any.
 *
 * It opens and closes sessions as switches come and go, a change that is under
 * way being finished first, tells each what is
 * wanted (controller/needs.h), writes the rows of Switch_Status, and answers
 * the methods "switch_..." of the API.
 *
 * Traps: a datagram that comes from a switch's address to the port for traps
 * makes us read that switch again, whatever is in it: it is not decoded, and
 * need not be believed. */

#ifndef CONTROLLER_SWITCHES_H
#define CONTROLLER_SWITCHES_H 1

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

struct api_call;
struct model_switch;
struct ovsdb_idl;
struct ovsdb_idl_txn;
struct report_sink;
struct switch_session;
struct switches;
struct tvd_db;
struct tvd_db_changes;

/* Makes a session with 'sw'.  Returns NULL and sets '*session', and '*handle'
 * for switch_closer, or what is wrong; caller frees. */
typedef char *switch_opener(void *aux, const struct model_switch *sw,
                            struct switch_session **session, void **handle);
/* To be called when the session has been destroyed. */
typedef void switch_closer(void *aux, void *handle);

struct switches_config {
    const char *profiles_dir;
    const char *traps;          /* "PORT" or "PORT:IP"; NULL: no traps. */
    const char *state_dir;      /* Folder for what is remembered of switches;
                                 * NULL: not longer than they are there. */
    switch_opener *open;
    switch_closer *close;
    void *aux;                  /* For both. */
    const struct report_sink *sink; /* Must outlive the switches. */
};

/* Returns NULL and sets '*sp', or what is wrong; caller frees. */
char *switches_create(const struct switches_config *, struct switches **sp)
    OVS_WARN_UNUSED_RESULT;
/* Calls that wait are discarded. */
void switches_destroy(struct switches *);

/* Takes note of what the IDL has tracked; to be called before tvd_db_run(). */
void switches_track(struct switches *, const struct ovsdb_idl *);
/* Takes note of what tvd_db_run() returned, once gateways are assigned, and of
 * whether this controller is the active one.  There must be a model. */
void switches_follow(struct switches *, struct tvd_db *,
                     const struct tvd_db_changes *, bool active,
                     long long int now);

/* 'now' is monotonic, in ms. */
void switches_run(struct switches *, long long int now);
void switches_wait(struct switches *, long long int now);

/* Rows of Switch_Status: true if there is something to write; adds it to the
 * open transaction; the outcome of that. */
bool switches_pending(const struct switches *);
void switches_write(struct switches *, const struct ovsdb_idl *,
                    struct ovsdb_idl_txn *, long long int now,
                    long long int wall);
void switches_written(struct switches *, bool success);

/* The managed switches that are not as wanted, each an object with "name",
 * "state" and, if something is wrong, "reason"; caller owns.  Sets '*hopeless'
 * if none of them is worth waiting for: it was tried to read them, which has
 * never worked. */
struct json *switches_missing(const struct switches *, bool *hopeless);

/* How many there are, and which are not as wanted; caller owns. */
struct json *switches_status(const struct switches *);

/* Takes over 'call', a "switch_..." method. */
void switches_handle(struct switches *, struct api_call *call,
                     long long int now);

#endif /* controller/switches.h */
