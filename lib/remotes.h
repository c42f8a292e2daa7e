/* SPDX-License-Identifier: Apache-2.0
 *
 * Connection methods as users write them (ovsdb(7)): a comma-separated list of
 * unix:PATH, tcp:HOST:PORT and ssl:HOST:PORT. */

#ifndef LIB_REMOTES_H
#define LIB_REMOTES_H 1

#include "compiler.h"

/* Checks 'text' and stores in '*remotes' the same with an address for each name
 * of a host; caller frees.  Names are looked up here, once, which may take as
 * long as a name server does.  Returns NULL, or, with '*remotes' NULL, a message
 * to be freed by the caller. */
char *remotes_parse(const char *text, char **remotes) OVS_WARN_UNUSED_RESULT;

#endif /* lib/remotes.h */
