/* SPDX-License-Identifier: Apache-2.0
 *
 * The site's certificate authorities: keys and certificates in a directory,
 * and the decision which certificate requests are signed.
 *
 * There are four kinds, so that what one signs is worth nothing to who trusts
 * another: CA_SERVERS signs the certificate of the database server and the API,
 * which agents and tvdctl check; CA_HOSTS those of hosts, which the database
 * server checks; CA_ADMINS those of administrators, which the API checks;
 * CA_CLUSTER those of the members of a database cluster and of the machines of
 * controllers, which check each other.  A certificate says for which end of a
 * connection it is good as well (extended key usage), so that a host can never
 * pose as the server.
 *
 * Of CA_HOSTS each host has one of its own: ovsdb-server knows no revocation
 * lists, but reads the file of authorities that it trusts again whenever that
 * has changed.  So a host is revoked by taking its authority out of the file,
 * and nobody else is touched.
 *
 * It opens no connection and does not know which hosts the policy has.  With
 * identity.c it is what uses OpenSSL, besides a digest in the controller.
 *
 * Files in the directory, which is made with mode 0700; all have mode 0600:
 *
 *     servers.pem, admins.pem, cluster.pem    key and certificate of each
 *     servers-ca.pem, admins-ca.pem       the certificate alone
 *     hosts-ca.pem                        the certificates of all authorities
 *                                         of hosts in good standing
 *     hosts.pem                           a key that signs nothing; it names
 *                                         the lock (ca_secret_name())
 *     nobody-ca.pem                       an authority whose key was thrown
 *                                         away: a file of none is an error
 *     server.pem                          those of our own server
 *     hosts/NAME.pem                      key and certificate of the authority
 *                                         of a host
 *     hosts/NAME.state                    what else is known of it, as JSON
 *     hosts/drop                          connections are to be dropped
 *     lock                                held while hosts/ is changed, and
 *                                         while what is missing is made
 *
 * A key and its certificate are in one file, so that a crash cannot leave one
 * without the other.  Several controllers may share the directory. */

#ifndef LIB_CA_H
#define LIB_CA_H 1

#include <stdbool.h>
#include "compiler.h"

struct ca;
struct sset;

enum ca_kind {
    CA_SERVERS,
    CA_HOSTS,
    CA_ADMINS,
    CA_CLUSTER,
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

/* "DIR/<kind>-ca.pem", what to trust in order to know those of a kind, and
 * "DIR/server.pem"; owned by the ca. */
const char *ca_certificate_file(const struct ca *, enum ca_kind);
const char *ca_server_file(const struct ca *);

/* What is in that file, PEM; caller frees. */
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
 * is taken over.  A host's authority is made if there is none; one that was
 * revoked is in good standing again, with a new authority.
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

/* --- Hosts ------------------------------------------------------------------
 *
 * A host enrols with a token, once, and then renews its certificate with the
 * key of the present one.  lib/enrol.h says how that is asked for. */

/* What begins a token; then come the host's name, ':' and 64 digits. */
#define CA_TOKEN_PREFIX "tvd1:"

struct ca_host {
    bool enrolled;              /* Its certificates are accepted. */
    bool revoked;
    long long int expires;      /* The newest certificate; 0: none. */
    long long int token_expires;    /* 0: there is none that can be used. */
};

/* False if no host can have that name. */
bool ca_host_name_is_good(const char *name);

/* What is known of a host, as of 'now'. */
void ca_host_get(const struct ca *, const char *name, long long int now,
                 struct ca_host *);

/* Makes a token for host 'name' that is good for 'validity' seconds; one that
 * was made before is worthless from now on.  Stored is only what its proofs can
 * be checked with.  Returns NULL and stores the token, for identity_wipe(); or
 * an error message that the caller frees. */
char *ca_host_make_token(struct ca *, const char *name, long long int now,
                         long long int validity, char **token)
    OVS_WARN_UNUSED_RESULT;

/* The secret of the token of 'name', used or not, good or not; false if there
 * is none.  See enrol_token_secret(). */
bool ca_host_token_secret(const struct ca *, const char *name,
                          unsigned char secret[32]);

/* Signs 'request' for who has proved to have the token with 'secret'.  The
 * token is used up, but for the same key, whose answer may have been lost.  The
 * first use makes a new authority: what the host had before is worthless.
 * '*used' tells that somebody else's key came first. */
char *ca_host_enrol(struct ca *, const char *name,
                    const unsigned char secret[32], const char *request,
                    long long int now, long long int lifetime,
                    char **certificate, bool *used)
    OVS_WARN_UNUSED_RESULT;

/* Why 'present' is no certificate of host 'name' that counts, whatever the time
 * is, or NULL.  Caller frees. */
char *ca_host_check_issuer(const struct ca *, const char *name,
                           const char *present)
    OVS_WARN_UNUSED_RESULT;

/* Signs 'request' for who has proved to have the key of 'present', a
 * certificate of host 'name' that is valid or ran out at most 'grace' seconds
 * ago. */
char *ca_host_renew(struct ca *, const char *name, const char *present,
                    const char *request, long long int now,
                    long long int grace, long long int lifetime,
                    char **certificate)
    OVS_WARN_UNUSED_RESULT;

/* Makes certificates and token of 'name' worthless. */
char *ca_host_revoke(struct ca *, const char *name)
    OVS_WARN_UNUSED_RESULT;

/* Looks what we or another controller have changed; 'now' is in seconds.
 * Returns true if what the functions below return has changed. */
bool ca_hosts_run(struct ca *, long long int now);
/* The names of the revoked hosts, as of then; owned by the ca. */
const struct sset *ca_hosts_revoked(const struct ca *);
/* True if an authority was withdrawn, and connections that it let in may still
 * be there. */
bool ca_hosts_must_drop(const struct ca *);
/* They are gone. */
void ca_hosts_dropped(struct ca *);

#endif /* lib/ca.h */
