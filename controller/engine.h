/* SPDX-License-Identifier: Apache-2.0
 *
 * The controller's engine: answers the API's requests from the database, and
 * turns those that change something into transactions.
 *
 * Reading requests are answered at once from the replica.  Changes stand in a
 * queue and are made one after the other, each computed from the state that
 * the one before it left; a transaction that loses a race with somebody else
 * is computed again.  Requests that wait ("wait", "events") are kept aside.
 * Nothing here blocks but the computing itself.
 *
 * It does not listen (api-server), does not start the database (dbserver) and
 * does not know how to decide anything (intent). */

#ifndef CONTROLLER_ENGINE_H
#define CONTROLLER_ENGINE_H 1

#include <stdbool.h>
#include "lib/report.h"

struct access;
struct api_call;
struct dbserver;
struct engine;
struct switches;

/* 'remote' is the database.  'name' tells people which controller this is.
 * 'dbserver' is the embedded server, NULL if there is none; borrowed, for
 * "status" only.  'access' is borrowed too. */
struct engine *engine_create(const char *remote, const char *name,
                             const struct dbserver *dbserver,
                             struct access *access);
/* Hands it the switches, which become the engine's; before engine_run(). */
void engine_set_switches(struct engine *, struct switches *);
/* The calls not yet answered are discarded. */
void engine_destroy(struct engine *);

void engine_run(struct engine *);
void engine_wait(struct engine *);

/* True while there is a connection to the database. */
bool engine_is_connected(const struct engine *);

/* Takes 'call' over.  An api_handler. */
void engine_handle(void *engine, struct api_call *call);

/* Answers a host that asks for a certificate.  An enrol_handler. */
char *engine_enrol(void *engine, const char *greeting, const char *line);

/* Where modules beside the engine report what an administrator should know:
 * the log and the table of events. */
const struct report_sink *engine_sink(struct engine *);

#endif /* controller/engine.h */
