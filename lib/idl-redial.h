/* SPDX-License-Identifier: Apache-2.0
 *
 * Connects an IDL to its database at once when the server is back.
 *
 * The IDL's own backoff grows to 8 s and cannot be set.  This looks five
 * times a second whether a local server listens again, and if so makes the
 * IDL open a new session.  Databases on other machines are left to the IDL. */

#ifndef LIB_IDL_REDIAL_H
#define LIB_IDL_REDIAL_H 1

#include <stdbool.h>

struct ovsdb_idl;

struct idl_redial {
    bool refused;               /* The server did not listen when last tried,
                                 * or has been lost since. */
    long long int next;         /* When to look again, ms. */
};

/* To be called in each iteration with the IDL's remote; 'now' is time_msec().
 * Has the poll loop wake up for the next look. */
void idl_redial(struct idl_redial *, struct ovsdb_idl *, const char *remote,
                long long int now);

#endif /* lib/idl-redial.h */
