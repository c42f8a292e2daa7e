/* SPDX-License-Identifier: Apache-2.0
 *
 * The port at which hosts ask for certificates: connections of strangers, each
 * for one question.
 *
 * It does not know what is asked (lib/enrol.h, controller/enrolment.h).  What
 * strangers can make us hold and do is bounded:
 *
 *   - at most ENROL_MAX_CLIENTS connections; when there are more, the oldest of
 *     the address that has most of them is closed, so that one who opens many
 *     keeps out nobody but himself;
 *   - each lasts at most ENROL_TIMEOUT, from its first packet to its end;
 *   - at most ENROL_MAX_LINE bytes are taken of each, and one line answered;
 *   - at most ENROL_MAX_ANSWERS are made in one turn of the main loop. */

#ifndef CONTROLLER_ENROL_SERVER_H
#define CONTROLLER_ENROL_SERVER_H 1

#include "compiler.h"

struct enrol_server;

#define ENROL_MAX_CLIENTS 128
#define ENROL_TIMEOUT 5000      /* In ms. */
#define ENROL_MAX_ANSWERS 8

/* Answers 'line', which followed 'greeting'.  Returns a line, without its
 * new-line; the server frees it. */
typedef char *enrol_handler(void *aux, const char *greeting,
                            const char *line);

/* Returns NULL if 'target' says where to listen ("ptcp:PORT[:IP]"), else an
 * error message that the caller frees. */
char *enrol_server_check_target(const char *target)
    OVS_WARN_UNUSED_RESULT;

/* Returns 0 and stores the server, or a positive errno. */
int enrol_server_create(const char *target, enrol_handler *, void *aux,
                        struct enrol_server **);
void enrol_server_destroy(struct enrol_server *);

/* 'now' is monotonic, in ms. */
void enrol_server_run(struct enrol_server *, long long int now);
void enrol_server_wait(struct enrol_server *);

#endif /* controller/enrol-server.h */
