/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may talk to a simulated switch, read from files that only their owner
 * can read.
 *
 * Users of SNMPv3, a line each; "#" begins a comment:
 *
 *     NAME AUTHENTICATION PASSPHRASE PRIVACY PASSPHRASE [ro]
 *
 * AUTHENTICATION is sha1, sha256, sha384 or sha512, PRIVACY is aes; a
 * passphrase has 8 characters or more and no blanks.
 *
 * Communities of SNMPv2c: "COMMUNITY [ro]" a line.
 *
 * Messages say file and line, never what stands there. */

#ifndef SWITCHSIM_CREDENTIALS_H
#define SWITCHSIM_CREDENTIALS_H 1

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"

struct sim_user {
    char *name;                 /* Or the community. */
    const char *auth;           /* As net-snmp calls it, "SHA-256"; static. */
    const char *priv;           /* "AES"; static. */
    char *auth_pass, *priv_pass;
    bool read_only;
};

struct sim_users {
    struct sim_user *users;
    size_t n;
};
/* Overwrites what is secret.  Then as empty. */
void sim_users_destroy(struct sim_users *);

/* Appends what 'text' holds; 'file' is for messages.  Returns NULL, or what is
 * wrong; caller frees. */
char *sim_users_parse(const char *file, char *text, bool communities,
                      struct sim_users *) OVS_WARN_UNUSED_RESULT;
/* Appends what is in 'file', after a look at its permissions. */
char *sim_users_read(const char *file, bool communities, struct sim_users *)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchsim/credentials.h */
