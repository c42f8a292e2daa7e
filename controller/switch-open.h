/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens SNMP sessions with the switches of the policy: for struct
 * switches_config.
 *
 * Credentials are read from their file whenever a session is opened.  As long
 * as they stay what they were, sessions share them, and with them the keys
 * that take long to make. */

#ifndef CONTROLLER_SWITCH_OPEN_H
#define CONTROLLER_SWITCH_OPEN_H 1

#include "openvswitch/compiler.h"

struct model_switch;
struct switch_openings;
struct switch_session;

/* 'credentials_dir' has the files with secrets; 'state_dir' is for what is
 * remembered of devices, NULL: nothing. */
struct switch_openings *switch_openings_create(const char *credentials_dir,
                                               const char *state_dir);
/* All must have been closed.  Accepts NULL. */
void switch_openings_destroy(struct switch_openings *);

/* A switch_opener, and a switch_closer for its '*handle'. */
char *switch_open(void *openings, const struct model_switch *,
                  struct switch_session **, void **handle)
    OVS_WARN_UNUSED_RESULT;
void switch_close(void *openings, void *handle);

#endif /* controller/switch-open.h */
