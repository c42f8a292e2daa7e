/* SPDX-License-Identifier: Apache-2.0
 *
 * What ca.c and ca-hosts.c share. */

#ifndef LIB_CA_PRIVATE_H
#define LIB_CA_PRIVATE_H 1

#include <time.h>
#include "lib/ca.h"
#include "lib/identity-private.h"
#include "sset.h"

#define CA_DAY (24 * 60 * 60)
#define CA_LIFETIME (3650LL * CA_DAY)
#define CA_N_KINDS (CA_CLUSTER + 1)

struct ca {
    char *dir;
    struct identity authorities[CA_N_KINDS];
    char *ca_files[CA_N_KINDS];     /* Certificates alone. */
    char *server_file;

    char *hosts_dir;
    char *nobody_file;
    char *drop_file;
    int lock;                   /* Descriptor of the file "lock". */
    struct sset revoked;
    struct timespec mtime;      /* Of 'hosts_dir', when last read. */
    bool changed;               /* By ourselves, since then. */
    bool recent;                /* That time was a moment ago. */
    bool must_drop;
};

/* Waits until no other controller holds the lock. */
char *ca_lock(const struct ca *)
    OVS_WARN_UNUSED_RESULT;
void ca_unlock(const struct ca *);

/* Makes a new key with a certificate, and the file for both unless 'path' is
 * NULL.  'issuer' is NULL if it signs itself; 'usage' its extended key usage,
 * NULL for an authority. */
char *ca_make_identity(const char *path, const char *cn,
                       const struct identity *issuer, const char *usage,
                       long long int now, long long int lifetime,
                       struct identity *id)
    OVS_WARN_UNUSED_RESULT;

/* As ca_sign(), by 'issuer'. */
char *ca_sign_by(const struct identity *issuer, const char *usage,
                 const char *name, const char *request, long long int now,
                 long long int lifetime, char **certificate)
    OVS_WARN_UNUSED_RESULT;

/* SHA-256 of the public key in a request, NULL if it is none; caller frees. */
char *ca_request_key_digest(const char *request);

/* --- ca-hosts.c -----------------------------------------------------------*/

/* Under the lock. */
char *ca_hosts_open(struct ca *, long long int now)
    OVS_WARN_UNUSED_RESULT;
void ca_hosts_close(struct ca *);
/* The contents of hosts-ca.pem. */
char *ca_hosts_authorities(const struct ca *);
/* ca_sign() for a host. */
char *ca_host_certify(struct ca *, const char *name, const char *request,
                      long long int now, long long int lifetime,
                      char **certificate)
    OVS_WARN_UNUSED_RESULT;

#endif /* lib/ca-private.h */
