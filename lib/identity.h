/* SPDX-License-Identifier: Apache-2.0
 *
 * Who somebody is: a private key, mostly with the certificate that says whose
 * it is; what can be proved with it; and the files that hold it.
 *
 * A key and its certificate are in one file, so that a crash cannot leave one
 * without the other.  Files have mode 0600, and one that others may read is
 * refused.  It trusts nobody by itself and opens no connection: what is to be
 * signed and checked are bytes that the caller has. */

#ifndef LIB_IDENTITY_H
#define LIB_IDENTITY_H 1

#include <stdbool.h>
#include <stddef.h>
#include "compiler.h"

struct identity;

/* A secret that two sides share, in bytes. */
#define IDENTITY_SECRET_SIZE 32
/* The longest proof, in hexadecimal digits (RSA of 8192 bits). */
#define IDENTITY_MAX_PROOF 2048

/* A new key (P-256), or NULL if OpenSSL fails. */
struct identity *identity_create(void);
void identity_destroy(struct identity *);

/* Reads the file 'path'.  Returns NULL and stores what is in there, NULL if
 * there is no such file; or returns an error message that the caller frees.
 * 'with_certificate': a key alone is an error. */
char *identity_load(const char *path, bool with_certificate,
                    struct identity **)
    OVS_WARN_UNUSED_RESULT;
/* Makes 'path' hold the key and, if there is one, the certificate: wholly or
 * not at all. */
char *identity_save(const struct identity *, const char *path)
    OVS_WARN_UNUSED_RESULT;
/* Makes 'path' hold 'text', wholly or not at all, with mode 0600. */
char *identity_write_file(const char *path, const char *text)
    OVS_WARN_UNUSED_RESULT;
/* Reads all of 'path', at most 'max' bytes, into '*text'; NULL if there is no
 * such file.  Caller frees.  Others must not be able to read it. */
char *identity_read_file(const char *path, size_t max, char **text)
    OVS_WARN_UNUSED_RESULT;

/* A certificate request (PKCS #10, PEM) for "CN = name"; NULL if OpenSSL
 * fails.  Caller frees. */
char *identity_request(const struct identity *, const char *name);

/* Takes over 'certificate' (PEM), which must be for this key.  Returns NULL, or
 * an error message that the caller frees; then nothing has changed. */
char *identity_set_certificate(struct identity *, const char *certificate)
    OVS_WARN_UNUSED_RESULT;
/* The certificate as PEM, NULL if there is none; caller frees. */
char *identity_certificate(const struct identity *);
/* Its common name, NULL if there is none; caller frees. */
char *identity_name(const struct identity *);
/* From when to when the certificate is valid, seconds since 1970; false if
 * there is none. */
bool identity_times(const struct identity *, long long int *from,
                    long long int *to);

/* Why the certificate (PEM) is not one of 'name' (NULL: of anybody) that
 * 'authority' (PEM) has signed for a server or else a client, or NULL if it
 * is.  Times are not looked at, but stored.  Caller frees. */
char *identity_check(const char *certificate, const char *authority,
                     bool server, const char *name, long long int *from,
                     long long int *to)
    OVS_WARN_UNUSED_RESULT;

/* --- Proofs: hexadecimal digits --------------------------------------------
 *
 * They are made over several strings, each with its length, so that no two
 * lists are the same bytes. */

/* Signed with the key; NULL if OpenSSL fails.  Caller frees. */
char *identity_sign(const struct identity *, const char *const *parts,
                    size_t n);
/* True if 'proof' was made so with the key of 'certificate' (PEM). */
bool identity_verify(const char *certificate, const char *const *parts,
                     size_t n, const char *proof);

/* The same with a shared secret (HMAC-SHA256). */
char *identity_mac(const unsigned char secret[IDENTITY_SECRET_SIZE],
                   const char *const *parts, size_t n);
bool identity_mac_is(const unsigned char secret[IDENTITY_SECRET_SIZE],
                     const char *const *parts, size_t n, const char *proof);

/* Lower-case hexadecimal digits; caller frees. */
char *identity_to_hex(const unsigned char *, size_t n);
/* Returns the number of bytes, 0 if 'text' is not an even number of such digits
 * that fits. */
size_t identity_from_hex(const char *text, unsigned char *, size_t max);

/* SHA-256 of 'text' as hexadecimal digits; caller frees. */
char *identity_digest(const char *text);
/* Unpredictable bytes; ends the program if there are none. */
void identity_random(unsigned char *, size_t);
/* Overwrites a secret and frees it; NULL is fine. */
void identity_wipe(char *);

#endif /* lib/identity.h */
