/* SPDX-License-Identifier: Apache-2.0
 *
 * What identity.c and the authorities share: OpenSSL's own types. */

#ifndef LIB_IDENTITY_PRIVATE_H
#define LIB_IDENTITY_PRIVATE_H 1

#include <openssl/evp.h>
#include <openssl/x509.h>
#include "lib/identity.h"

struct identity {
    EVP_PKEY *key;
    X509 *cert;                 /* NULL: none. */
};

void identity_clear(struct identity *);

/* "WHAT: OpenSSL's reason"; empties OpenSSL's queue of errors. */
char *identity_ssl_error(const char *what);

/* Leaves 'id' empty, without an error, if there is no such file. */
char *identity_load_into(const char *path, bool with_certificate,
                         struct identity *id)
    OVS_WARN_UNUSED_RESULT;

/* What has been written to 'bio' as a string; frees it. */
char *identity_steal_text(BIO *bio);

/* As PEM; NULL if OpenSSL fails.  Caller frees. */
char *identity_certificate_to_text(X509 *);
/* The one certificate in 'text', or NULL. */
X509 *identity_certificate_from_text(const char *text);

/* In seconds since 1970. */
bool identity_get_time(const ASN1_TIME *, long long int *seconds);

#endif /* lib/identity-private.h */
