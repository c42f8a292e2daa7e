/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/ca.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/ca-private.h"
#include "util.h"

#define SERVER_LIFETIME (90LL * CA_DAY)
#define SERVER_NAME "tvd-controller"

static const struct {
    const char *file;           /* Without ".pem". */
    const char *name;           /* Common name. */
    const char *usage;          /* Of what it signs. */
} kinds[CA_N_KINDS] = {
    [CA_SERVERS] = { "servers", "TVD servers", "serverAuth" },
    [CA_HOSTS] = { "hosts", "TVD hosts", "clientAuth" },
    [CA_ADMINS] = { "admins", "TVD administrators", "clientAuth" },
    /* Members connect to each other either way. */
    [CA_CLUSTER] = { "cluster", "TVD cluster", "serverAuth,clientAuth" },
};

/* --- Certificates ---------------------------------------------------------*/

static bool
set_serial(X509 *cert)
{
    BIGNUM *serial = BN_new();
    bool good = (serial && BN_rand(serial, 127, BN_RAND_TOP_ANY,
                                   BN_RAND_BOTTOM_ANY)
                 && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)));

    BN_free(serial);
    return good;
}

static bool
set_times(X509 *cert, long long int from, long long int to)
{
    return (ASN1_TIME_set(X509_getm_notBefore(cert), from)
            && ASN1_TIME_set(X509_getm_notAfter(cert), to));
}

static bool
add_name(X509_NAME *name, const char *cn)
{
    return X509_NAME_add_entry_by_NID(
        name, NID_commonName, MBSTRING_UTF8,
        CONST_CAST(unsigned char *, (const unsigned char *) cn), -1, -1, 0);
}

static bool
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;
    bool good;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid,
                                    CONST_CAST(char *, value));
    good = extension && X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return good;
}

static bool
add_extensions(X509 *cert, X509 *issuer, const char *usage)
{
    bool is_ca = !usage;

    return (add_extension(cert, issuer, NID_basic_constraints,
                          is_ca ? "critical,CA:TRUE,pathlen:0"
                          : "critical,CA:FALSE")
            && add_extension(cert, issuer, NID_key_usage,
                             is_ca ? "critical,keyCertSign"
                             : "critical,digitalSignature")
            && (is_ca || add_extension(cert, issuer, NID_ext_key_usage,
                                       usage))
            && add_extension(cert, issuer, NID_subject_key_identifier, "hash")
            && add_extension(cert, issuer, NID_authority_key_identifier,
                             "keyid:always"));
}

/* Makes a certificate that says that 'key' is that of 'cn', signed by
 * 'issuer', or by itself if that is NULL.  'usage' is its extended key usage;
 * NULL: an authority's.  Returns NULL if OpenSSL fails. */
static X509 *
make_certificate(const char *cn, EVP_PKEY *key, const struct identity *issuer,
                 const char *usage, long long int now, long long int lifetime)
{
    X509 *cert = X509_new();
    X509 *by = issuer ? issuer->cert : cert;
    EVP_PKEY *signer = issuer ? issuer->key : key;

    if (cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert)
        && set_times(cert, now - CA_BACKDATE, now + lifetime)
        && add_name(X509_get_subject_name(cert), cn)
        && X509_set_issuer_name(cert, X509_get_subject_name(by))
        && X509_set_pubkey(cert, key) && add_extensions(cert, by, usage)
        && X509_sign(cert, signer, EVP_sha256())) {
        return cert;
    }
    X509_free(cert);
    return NULL;
}

char *
ca_make_identity(const char *path, const char *cn,
                 const struct identity *issuer,
                 const char *usage, long long int now, long long int lifetime,
                 struct identity *id)
{
    char *error;

    id->key = EVP_EC_gen("P-256");
    id->cert = id->key ? make_certificate(cn, id->key, issuer, usage, now,
                                          lifetime) : NULL;
    error = (!id->cert ? identity_ssl_error("cannot make a certificate")
             : path ? identity_save(id, path) : NULL);
    if (error) {
        identity_clear(id);
    }
    return error;
}

/* --- The lock -------------------------------------------------------------*/

static char *
open_lock(struct ca *ca)
{
    char *path = xasprintf("%s/lock", ca->dir);
    char *error = NULL;

    ca->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ca->lock < 0) {
        error = xasprintf("cannot make %s: %s", path, ovs_strerror(errno));
    }
    free(path);
    return error;
}

char *
ca_lock(const struct ca *ca)
{
    while (flock(ca->lock, LOCK_EX)) {
        if (errno != EINTR) {
            return xasprintf("cannot lock %s/lock: %s", ca->dir,
                             ovs_strerror(errno));
        }
    }
    return NULL;
}

void
ca_unlock(const struct ca *ca)
{
    flock(ca->lock, LOCK_UN);
}

/* --- The authorities ------------------------------------------------------*/

static char *
open_authority(struct ca *ca, enum ca_kind kind, long long int now)
{
    struct identity *id = &ca->authorities[kind];
    char *path = xasprintf("%s/%s.pem", ca->dir, kinds[kind].file);
    char *error = identity_load_into(path, true, id);

    if (!error && !id->cert) {
        error = ca_make_identity(path, kinds[kind].name, NULL, NULL, now,
                                 CA_LIFETIME, id);
    }
    /* For hosts that file has the authorities of all of them. */
    if (!error && kind != CA_HOSTS) {
        char *text = identity_certificate_to_text(id->cert);

        error = (text ? identity_write_file(ca->ca_files[kind], text)
                 : identity_ssl_error("cannot encode a certificate"));
        free(text);
    }
    free(path);
    return error;
}

/* One that makes what is missing while another does so would have keys whose
 * certificates nobody trusts. */
static char *
open_all(struct ca *ca, long long int now)
{
    char *error = ca_lock(ca);

    if (error) {
        return error;
    }
    for (int kind = 0; kind < CA_N_KINDS && !error; kind++) {
        error = open_authority(ca, kind, now);
    }
    if (!error) {
        error = ca_hosts_open(ca, now);
    }
    ca_unlock(ca);
    return error;
}

char *
ca_open(const char *dir, long long int now, struct ca **cap)
{
    struct ca *ca;
    char *error;

    *cap = NULL;
    if (mkdir(dir, 0700) && errno != EEXIST) {
        return xasprintf("cannot make the directory %s: %s", dir,
                         ovs_strerror(errno));
    }
    ca = xzalloc(sizeof *ca);
    ca->dir = xstrdup(dir);
    ca->server_file = xasprintf("%s/server.pem", dir);
    for (int kind = 0; kind < CA_N_KINDS; kind++) {
        ca->ca_files[kind] = xasprintf("%s/%s-ca.pem", dir, kinds[kind].file);
    }
    error = open_lock(ca);
    if (!error) {
        error = open_all(ca, now);
    }
    if (error) {
        ca_close(ca);
    } else {
        *cap = ca;
    }
    return error;
}

void
ca_close(struct ca *ca)
{
    if (ca) {
        for (int kind = 0; kind < CA_N_KINDS; kind++) {
            identity_clear(&ca->authorities[kind]);
            free(ca->ca_files[kind]);
        }
        ca_hosts_close(ca);
        if (ca->lock >= 0) {
            close(ca->lock);
        }
        free(ca->dir);
        free(ca->server_file);
        free(ca);
    }
}

const char *
ca_certificate_file(const struct ca *ca, enum ca_kind kind)
{
    return ca->ca_files[kind];
}

const char *
ca_server_file(const struct ca *ca)
{
    return ca->server_file;
}

char *
ca_certificate(const struct ca *ca, enum ca_kind kind)
{
    char *text = (kind == CA_HOSTS ? ca_hosts_authorities(ca)
                  : identity_certificate_to_text(ca->authorities[kind].cert));

    ovs_assert(text);
    return text;
}

char *
ca_renew_server(struct ca *ca, long long int now, long long int *next)
{
    const struct identity *issuer = &ca->authorities[CA_SERVERS];
    long long int from, to;
    struct identity id;
    char *error = identity_load_into(ca->server_file, true, &id);
    bool good;

    *next = now + 60;
    /* One that cannot be read is no loss: it is made anew. */
    free(error);
    good = (id.cert && X509_verify(id.cert, X509_get0_pubkey(issuer->cert)) == 1
            && identity_get_time(X509_get0_notBefore(id.cert), &from)
            && identity_get_time(X509_get0_notAfter(id.cert), &to)
            && from <= now && now < from + (to - from) / 2);
    identity_clear(&id);
    ERR_clear_error();
    if (good) {
        *next = from + (to - from) / 2;
        return NULL;
    }
    error = ca_make_identity(ca->server_file, SERVER_NAME, issuer,
                             kinds[CA_SERVERS].usage, now, SERVER_LIFETIME,
                             &id);
    identity_clear(&id);
    if (!error) {
        *next = now + SERVER_LIFETIME / 2 - CA_BACKDATE;
    }
    return error;
}

char *
ca_secret_name(const struct ca *ca, const char *purpose)
{
    unsigned char *key = NULL;
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n_md;
    int n = i2d_PrivateKey(ca->authorities[CA_HOSTS].key, &key);
    char *name;

    ovs_assert(n > 0 && HMAC(EVP_sha256(), key, n,
                             (const unsigned char *) purpose,
                             strlen(purpose), md, &n_md) && n_md >= 16);
    OPENSSL_clear_free(key, n);
    name = xasprintf("%s_", purpose);
    for (int i = 0; i < 16; i++) {
        char *longer = xasprintf("%s%02x", name, md[i]);

        free(name);
        name = longer;
    }
    return name;
}

/* --- Requests -------------------------------------------------------------*/

#define BEGIN "-----BEGIN CERTIFICATE REQUEST-----"
#define BEGIN_NEW "-----BEGIN NEW CERTIFICATE REQUEST-----"

static X509_REQ *
parse_request(const char *text, char **error)
{
    static const char spaces[] = " \t\r\n";
    const char *start = text + strspn(text, spaces);
    X509_REQ *request = NULL;
    BIO *bio;

    *error = NULL;
    if (strlen(text) > CA_MAX_REQUEST) {
        *error = xasprintf("bad certificate request: more than %d bytes",
                           CA_MAX_REQUEST);
        return NULL;
    }
    if (strncmp(start, BEGIN, strlen(BEGIN))
        && strncmp(start, BEGIN_NEW, strlen(BEGIN_NEW))) {
        *error = xstrdup("bad certificate request: it must begin with "
                         "\"" BEGIN "\"");
        return NULL;
    }
    bio = BIO_new_mem_buf(start, -1);
    request = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL,
                                          CONST_CAST(char *, "")) : NULL;
    if (!request) {
        *error = identity_ssl_error("bad certificate request");
    } else {
        char *rest = NULL;
        long int n = BIO_get_mem_data(bio, &rest);

        if (n > 0 && strspn(rest, spaces) < n) {
            *error = xstrdup("bad certificate request: something follows it");
        }
    }
    BIO_free(bio);
    return request;
}

static char *
check_subject(X509_REQ *request, const char *name)
{
    const X509_NAME *subject = X509_REQ_get_subject_name(request);
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, 0);
    unsigned char *cn = NULL;
    char *error = NULL;
    int n;

    if (X509_NAME_entry_count(subject) != 1
        || OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName) {
        return xasprintf("bad certificate request: its subject must be "
                         "\"CN = %s\" and nothing else", name);
    }
    n = ASN1_STRING_to_UTF8(&cn, X509_NAME_ENTRY_get_data(entry));
    if (n < 0 || n != strlen(name) || memcmp(cn, name, n)) {
        error = xasprintf("bad certificate request: it is for another name; "
                          "its subject must be \"CN = %s\"", name);
    }
    OPENSSL_free(cn);
    ERR_clear_error();
    return error;
}

static bool
is_good_curve(const EVP_PKEY *key)
{
    static const char *const curves[] = {
        SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1
    };
    char group[64];
    size_t n;

    if (EVP_PKEY_get_group_name(key, group, sizeof group, &n) != 1) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(curves); i++) {
        if (!strcmp(group, curves[i])) {
            return true;
        }
    }
    return false;
}

static char *
check_key(X509_REQ *request)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    bool good = false;

    if (key) {
        int bits = EVP_PKEY_get_bits(key);

        switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
            good = bits >= 2048 && bits <= 8192;
            break;
        case EVP_PKEY_EC:
            good = is_good_curve(key);
            break;
        case EVP_PKEY_ED25519:
            good = true;
            break;
        default:
            break;
        }
    }
    ERR_clear_error();
    if (!good) {
        return xstrdup("bad certificate request: its key must be RSA of 2048 "
                       "to 8192 bits, EC on P-256, P-384 or P-521, or "
                       "Ed25519");
    }
    if (X509_REQ_verify(request, key) != 1) {
        ERR_clear_error();
        return xstrdup("bad certificate request: it is not signed by its own "
                       "key");
    }
    return NULL;
}

/* Returns the request if it is good, else NULL with the reason. */
static X509_REQ *
good_request(const char *text, const char *name, char **error)
{
    X509_REQ *request = parse_request(text, error);

    if (request && !*error) {
        *error = check_subject(request, name);
    }
    if (request && !*error) {
        *error = check_key(request);
    }
    if (*error) {
        X509_REQ_free(request);
        request = NULL;
    }
    return request;
}

char *
ca_check_request(const char *text, const char *name)
{
    char *error;

    X509_REQ_free(good_request(text, name, &error));
    return error;
}

char *
ca_request_key_digest(const char *text)
{
    unsigned char *der = NULL;
    char *error, *digest = NULL;
    X509_REQ *request = parse_request(text, &error);
    EVP_PKEY *key = request && !error ? X509_REQ_get0_pubkey(request) : NULL;
    int n = key ? i2d_PUBKEY(key, &der) : 0;
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n_md;

    if (n > 0 && EVP_Digest(der, n, md, &n_md, EVP_sha256(), NULL)) {
        digest = identity_to_hex(md, n_md);
    }
    OPENSSL_free(der);
    X509_REQ_free(request);
    ERR_clear_error();
    free(error);
    return digest;
}

char *
ca_sign_by(const struct identity *issuer, const char *usage, const char *name,
           const char *text, long long int now, long long int lifetime,
           char **certificate)
{
    X509_REQ *request;
    char *error;
    X509 *cert;

    *certificate = NULL;
    if (!name[0] || strlen(name) > CA_MAX_NAME) {
        return xasprintf("a certificate's name must have 1 to %d bytes",
                         CA_MAX_NAME);
    }
    request = good_request(text, name, &error);
    if (!request) {
        return error;
    }
    cert = make_certificate(name, X509_REQ_get0_pubkey(request), issuer, usage,
                            now, lifetime);
    *certificate = cert ? identity_certificate_to_text(cert) : NULL;
    X509_free(cert);
    X509_REQ_free(request);
    return (*certificate ? NULL
            : identity_ssl_error("cannot make a certificate"));
}

char *
ca_sign(struct ca *ca, enum ca_kind kind, const char *name, const char *text,
        long long int now, long long int lifetime, char **certificate,
        long long int *expires)
{
    *expires = now + lifetime;
    return (kind == CA_HOSTS
            ? ca_host_certify(ca, name, text, now, lifetime, certificate)
            : ca_sign_by(&ca->authorities[kind], kinds[kind].usage, name, text,
                         now, lifetime, certificate));
}
