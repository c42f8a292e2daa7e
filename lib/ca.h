/* SPDX-License-Identifier: Apache-2.0
 *
 * The site's certificate authorities: keys and certificates in a directory,
 * and the decision which certificate requests are signed.
 *
 * There are three, so that what one signs is worth nothing to who trusts
 * another: CA_SERVERS signs the certificate of the database server and the API,
 * which agents and tvdctl check; CA_HOSTS signs those of hosts, which the
 * database server checks; CA_ADMINS those of administrators, which the API
 * checks.  A certificate says for which end of a connection it is good as well (extended
 * key usage), so that a host can never pose as the server.
 *
 * It opens no connection and does not know which hosts there are.  It is the
 * only file that uses OpenSSL's headers, besides a digest in the controller.
 *
 * Files in the directory, which is made with mode 0700; all have mode 0600:
 *
 *     servers.pem, hosts.pem, admins.pem      key and certificate of each
 *     servers-ca.pem, ...                     the certificate alone
 *     server.pem                              those of our own server
 *
 * A key and its certificate are in one file, so that a crash cannot leave one
 * without the other. */

#ifndef LIB_CA_H
#define LIB_CA_H 1

#include <stdbool.h>
#include "compiler.h"

struct ca;

enum ca_kind {
    CA_SERVERS,
    CA_HOSTS,
    CA_ADMINS,
};

/* A request larger than this is refused unread, in bytes. */
#define CA_MAX_REQUEST 16384
/* The longest common name (RFC 5280, ub-common-name). */
#define CA_MAX_NAME 64
/* Certificates are valid from so long before they are made, for the sake of
 * clocks that differ, in seconds. */
#define CA_BACKDATE 300

/* Opens the authorities in 'dir' at time 'now' (seconds since 1970) and makes
 * what is missing.  Returns NULL and stores them, or returns an error message
 * that the caller frees.  Something that is there and cannot be used is an
 * error and stays as it is: a new key would lock out all hosts. */
char *ca_open(const char *dir, long long int now, struct ca **)
    OVS_WARN_UNUSED_RESULT;
void ca_close(struct ca *);

/* "DIR/<kind>-ca.pem" and "DIR/server.pem"; owned by the ca. */
const char *ca_certificate_file(const struct ca *, enum ca_kind);
const char *ca_server_file(const struct ca *);

/* The certificate of the authority as PEM; caller frees. */
char *ca_certificate(const struct ca *, enum ca_kind);

/* Makes the certificate of our own server, with a new key, if there is none or
 * half of the time of the one there is over, and stores in '*next' when to
 * call again, seconds since 1970.  Returns NULL, or an error message that the
 * caller frees. */
char *ca_renew_server(struct ca *, long long int now, long long int *next)
    OVS_WARN_UNUSED_RESULT;

/* Signs 'request' (a PEM certificate request, PKCS #10) with the authority
 * 'kind' for who is called 'name', from 'now' for 'lifetime' seconds.  See
 * ca_check_request() for what is refused; of the request only the public key
 * is taken over.
 *
 * Returns NULL and stores the certificate as PEM, which the caller frees, and
 * when it ends; or an error message that the caller frees. */
char *ca_sign(struct ca *, enum ca_kind, const char *name, const char *request,
              long long int now, long long int lifetime, char **certificate,
              long long int *expires)
    OVS_WARN_UNUSED_RESULT;

/* Why 'request' cannot be signed for 'name', or NULL.  It must be one PEM block
 * and nothing else but white space, signed by its own key; its subject must be
 * the common name 'name' and nothing else; its key RSA of 2048 to 8192 bits,
 * EC on P-256, P-384 or P-521, or Ed25519.  Caller frees. */
char *ca_check_request(const char *request, const char *name)
    OVS_WARN_UNUSED_RESULT;

/* "PURPOSE_" and 32 hexadecimal digits that only those who can read the key of
 * CA_HOSTS can know; caller frees.  Never changes. */
char *ca_secret_name(const struct ca *, const char *purpose);

#endif /* lib/ca.h */
