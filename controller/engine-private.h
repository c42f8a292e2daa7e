/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the engine share. */

#ifndef CONTROLLER_ENGINE_PRIVATE_H
#define CONTROLLER_ENGINE_PRIVATE_H 1

#include "controller/access.h"
#include "controller/api-server.h"
#include "controller/engine.h"
#include "controller/events.h"
#include "controller/holders.h"
#include "controller/hosts.h"
#include "controller/show.h"
#include "controller/switches.h"
#include "controller/writer.h"
#include "lib/tvd-db.h"

/* A call that is kept for later. */
struct waiting {
    struct ovs_list node;       /* In 'waiting' or 'early'. */
    struct api_call *call;
    long long int deadline;     /* Monotonic ms. */
};

struct engine {
    char *remote;
    char *name;                 /* Which controller this is, for people. */
    const struct dbserver *dbserver;
    struct access *access;
    struct tvd_db *db;
    struct ovsdb_idl *idl;      /* Of 'db'. */
    struct hosts hosts;
    struct events events;
    struct holders holders;
    struct switches *switches;  /* NULL: none are configured. */
    struct writer writer;
    struct ovs_list waiting;    /* "struct waiting", for an event. */
    struct ovs_list early;      /* "struct waiting", for the database. */
    struct report_sink sink;
    long long int started;      /* Monotonic ms. */
    size_t n_problems;          /* As last reported. */
    bool active;                /* Has the lock. */
    bool foreign;               /* Must not write: access_is_foreign(). */
    bool connected;             /* To a server that is good for us. */
    long long int settled;      /* When the connection is one that stays. */
};

/* What show needs. */
struct show_input engine_show_input(const struct engine *);

/* True if another controller is the active one. */
bool engine_is_standby(const struct engine *);

/* A sentence saying that this is a standby, and of which one if that is
 * known; caller frees. */
char *engine_standby_message(const struct engine *);

/* The answer to "status"; caller owns. */
struct json *engine_status(struct engine *);

#endif /* controller/engine-private.h */
