/* SPDX-License-Identifier: Apache-2.0
 *
 * What a switch is logged in to with, from files that nobody else can read.
 *
 * A file has a line for each key, "key: value"; values may stand in quotes.
 * Version 3, the default: user, auth (sha, sha256, sha512), auth-password,
 * priv (aes, aes256), priv-password.  Version 2c: community.
 *
 * Messages name the file, the line and the key, and never show a value or
 * what else stands in a line. */

#ifndef SWITCHCFG_CREDENTIALS_H
#define SWITCHCFG_CREDENTIALS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

#define SWITCH_CREDENTIALS_MAX 4096     /* Octets of a file. */

enum switch_auth { SWITCH_AUTH_SHA1, SWITCH_AUTH_SHA256, SWITCH_AUTH_SHA512 };
enum switch_priv { SWITCH_PRIV_AES128, SWITCH_PRIV_AES256 };

struct switch_credentials {
    int version;                /* 3, or 2 for v2c. */
    char *user;
    enum switch_auth auth;
    char *auth_password;
    enum switch_priv priv;
    char *priv_password;
    char *community;

    /* The passwords as keys (RFC 3414, appendix A.2), not yet localized to an
     * engine: making one takes milliseconds, so the session keeps them here.
     * Length 0: not made yet. */
    struct switch_key {
        uint8_t octets[64];
        size_t n;
    } auth_key, priv_key;
};

/* Reads 'text'.  Returns NULL and sets '*cp', or what is wrong, "line 3: ...";
 * caller frees. */
char *switch_credentials_parse(const char *text, size_t len,
                               struct switch_credentials **cp)
    OVS_WARN_UNUSED_RESULT;
/* Reads file 'name' of folder 'dir'.  Refuses symbolic links, files that are
 * not root's or ours or that others can read, folders that others can write,
 * and, but if 'insecure', those
 * with a community.  Returns NULL and sets '*cp', or what is wrong; caller
 * frees. */
char *switch_credentials_load(const char *dir, const char *name,
                              bool insecure, struct switch_credentials **cp)
    OVS_WARN_UNUSED_RESULT;
/* Wipes them.  Accepts NULL. */
void switch_credentials_destroy(struct switch_credentials *);

#endif /* switchcfg/credentials.h */
