/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "lib/identity-private.h"
#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "util.h"

void
identity_clear(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
    id->key = NULL;
    id->cert = NULL;
}

struct identity *
identity_create(void)
{
    struct identity *id = xzalloc(sizeof *id);

    id->key = EVP_EC_gen("P-256");
    if (!id->key) {
        ERR_clear_error();
        free(id);
        return NULL;
    }
    return id;
}

void
identity_destroy(struct identity *id)
{
    if (id) {
        identity_clear(id);
        free(id);
    }
}

char *
identity_ssl_error(const char *what)
{
    unsigned long int code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return xasprintf("%s%s%s", what, reason ? ": " : "",
                     reason ? reason : "");
}

void
identity_wipe(char *secret)
{
    if (secret) {
        OPENSSL_cleanse(secret, strlen(secret));
        free(secret);
    }
}

void
identity_random(unsigned char *bytes, size_t n)
{
    if (RAND_bytes(bytes, n) != 1) {
        ovs_fatal(0, "OpenSSL has no random numbers");
    }
}

/* --- Files ----------------------------------------------------------------*/

static char *
write_all(int fd, const char *text, const char *path)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno == EINTR) {
            continue;
        } else if (n <= 0) {
            return xasprintf("cannot write %s: %s", path,
                             ovs_strerror(n ? errno : ENOSPC));
        }
        text += n;
        left -= n;
    }
    return (fsync(fd) ? xasprintf("cannot write %s: %s", path,
                                  ovs_strerror(errno))
            : NULL);
}

char *
identity_write_file(const char *path, const char *text)
{
    /* Several controllers may do so at the same time. */
    char *tmp = xasprintf("%s.%08"PRIx32".tmp", path, random_uint32());
    char *error;
    int fd;

    unlink(tmp);
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        error = xasprintf("cannot make %s: %s", tmp, ovs_strerror(errno));
    } else {
        error = write_all(fd, text, tmp);
        close(fd);
        if (!error && rename(tmp, path)) {
            error = xasprintf("cannot make %s: %s", path,
                              ovs_strerror(errno));
        }
        if (error) {
            unlink(tmp);
        }
    }
    free(tmp);
    return error;
}

/* Nobody else may be able to read a file that holds a key. */
static char *
check_mode(int fd, const char *path)
{
    struct stat s;

    if (fstat(fd, &s)) {
        return xasprintf("cannot use %s: %s", path, ovs_strerror(errno));
    } else if (!S_ISREG(s.st_mode) || s.st_mode & 077) {
        return xasprintf("cannot use %s: it holds a secret and others may "
                         "read or write it; its mode must be 0600", path);
    }
    return NULL;
}

/* Stores NULL, without an error, if there is no such file. */
static char *
open_secret(const char *path, FILE **stream)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *error;

    *stream = NULL;
    if (fd < 0) {
        return (errno == ENOENT ? NULL
                : xasprintf("cannot use %s: %s", path, ovs_strerror(errno)));
    }
    error = check_mode(fd, path);
    *stream = error ? NULL : fdopen(fd, "r");
    if (!*stream) {
        close(fd);
        return error ? error : xasprintf("cannot use %s: %s", path,
                                         ovs_strerror(errno));
    }
    return NULL;
}

char *
identity_read_file(const char *path, size_t max, char **text)
{
    FILE *stream;
    char *error = open_secret(path, &stream);
    size_t n;

    *text = NULL;
    if (!stream) {
        return error;
    }
    *text = xzalloc(max + 2);
    n = fread(*text, 1, max + 1, stream);
    if (ferror(stream) || n > max) {
        error = xasprintf("cannot use %s: %s", path,
                          n > max ? "it is too large" : ovs_strerror(errno));
        identity_wipe(*text);
        *text = NULL;
    }
    fclose(stream);
    return error;
}

static char *
read_identity(FILE *stream, const char *path, bool with_certificate,
              struct identity *id)
{
    bool good;

    id->key = PEM_read_PrivateKey(stream, NULL, NULL, CONST_CAST(char *, ""));
    id->cert = id->key ? PEM_read_X509(stream, NULL, NULL, NULL) : NULL;
    good = (id->cert ? X509_check_private_key(id->cert, id->key) == 1
            : id->key && !with_certificate);
    if (!good) {
        char *what = xasprintf("cannot use %s: it must hold a key and its "
                               "certificate; put it back from a backup",
                               path);
        char *error = identity_ssl_error(what);

        free(what);
        identity_clear(id);
        return error;
    }
    ERR_clear_error();
    return NULL;
}

char *
identity_load_into(const char *path, bool with_certificate,
                   struct identity *id)
{
    FILE *stream;
    char *error = open_secret(path, &stream);

    memset(id, 0, sizeof *id);
    if (stream) {
        error = read_identity(stream, path, with_certificate, id);
        fclose(stream);
    }
    return error;
}

char *
identity_load(const char *path, bool with_certificate,
              struct identity **idp)
{
    struct identity id;
    char *error = identity_load_into(path, with_certificate, &id);

    *idp = id.key ? xmemdup(&id, sizeof id) : NULL;
    return error;
}

char *
identity_steal_text(BIO *bio)
{
    char *data;
    long int n = BIO_get_mem_data(bio, &data);
    char *text = xmemdup0(data, n > 0 ? n : 0);

    BIO_free(bio);
    return text;
}

static char *
identity_to_text(const struct identity *id)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    if (bio && PEM_write_bio_PrivateKey(bio, id->key, NULL, NULL, 0, NULL,
                                        NULL)
        && (!id->cert || PEM_write_bio_X509(bio, id->cert))) {
        return identity_steal_text(bio);
    }
    BIO_free(bio);
    return NULL;
}

char *
identity_save(const struct identity *id, const char *path)
{
    char *text = identity_to_text(id);
    char *error;

    if (!text) {
        return identity_ssl_error("cannot encode a key");
    }
    error = identity_write_file(path, text);
    identity_wipe(text);
    return error;
}

/* --- Requests and certificates --------------------------------------------*/

char *
identity_request(const struct identity *id, const char *name)
{
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = (request && bio && X509_REQ_set_version(request, 0)
                 && X509_NAME_add_entry_by_NID(
                     X509_REQ_get_subject_name(request), NID_commonName,
                     MBSTRING_UTF8,
                     CONST_CAST(unsigned char *, (const unsigned char *) name),
                     -1, -1, 0)
                 && X509_REQ_set_pubkey(request, id->key)
                 && X509_REQ_sign(request, id->key, EVP_sha256())
                 && PEM_write_bio_X509_REQ(bio, request));

    X509_REQ_free(request);
    ERR_clear_error();
    if (!good) {
        BIO_free(bio);
        return NULL;
    }
    return identity_steal_text(bio);
}

char *
identity_certificate_to_text(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio && PEM_write_bio_X509(bio, cert)) {
        return identity_steal_text(bio);
    }
    BIO_free(bio);
    return NULL;
}

X509 *
identity_certificate_from_text(const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL,
                                         CONST_CAST(char *, "")) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

char *
identity_set_certificate(struct identity *id, const char *text)
{
    X509 *cert = identity_certificate_from_text(text);

    if (!cert) {
        return xstrdup("what came is not a certificate");
    }
    if (X509_check_private_key(cert, id->key) != 1) {
        ERR_clear_error();
        X509_free(cert);
        return xstrdup("the certificate is for another key");
    }
    X509_free(id->cert);
    id->cert = cert;
    return NULL;
}

char *
identity_certificate(const struct identity *id)
{
    return id->cert ? identity_certificate_to_text(id->cert) : NULL;
}

/* The one common name; NULL unless there is exactly one.  Caller frees. */
static char *
common_name(const X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *cn = NULL;
    char *name = NULL;
    int n;

    if (i < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, i) >= 0) {
        return NULL;
    }
    n = ASN1_STRING_to_UTF8(&cn, X509_NAME_ENTRY_get_data(
                                     X509_NAME_get_entry(subject, i)));
    if (n > 0 && strnlen((char *) cn, n) == n) {
        name = xmemdup0((char *) cn, n);
    }
    OPENSSL_free(cn);
    ERR_clear_error();
    return name;
}

char *
identity_name(const struct identity *id)
{
    return id->cert ? common_name(id->cert) : NULL;
}

bool
identity_get_time(const ASN1_TIME *time, long long int *seconds)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1) {
        return false;
    }
    *seconds = timegm(&tm);
    return true;
}

static bool
get_times(const X509 *cert, long long int *from, long long int *to)
{
    return (identity_get_time(X509_get0_notBefore(cert), from)
            && identity_get_time(X509_get0_notAfter(cert), to));
}

bool
identity_times(const struct identity *id, long long int *from,
               long long int *to)
{
    return id->cert && get_times(id->cert, from, to);
}

/* OpenSSL's own verification, whatever the time is. */
static bool
is_issued(X509 *cert, X509 *authority, bool server)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool good = (store && ctx && X509_STORE_add_cert(store, authority)
                 && X509_STORE_CTX_init(ctx, store, cert, NULL)
                 && X509_STORE_CTX_set_purpose(
                     ctx, server ? X509_PURPOSE_SSL_SERVER
                     : X509_PURPOSE_SSL_CLIENT));

    if (good) {
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME);
        good = X509_verify_cert(ctx) == 1;
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return good;
}

static char *
check_certificate(X509 *cert, X509 *authority, bool server, const char *name,
                  long long int *from, long long int *to)
{
    char *cn;
    bool same;

    if (!cert || !authority || !get_times(cert, from, to)) {
        return xstrdup("it cannot be read");
    }
    if (!is_issued(cert, authority, server)) {
        return xstrdup("it is not signed by the authority in charge");
    }
    cn = common_name(cert);
    same = cn && (!name || !strcmp(cn, name));
    free(cn);
    return same ? NULL : xstrdup("it is another's");
}

char *
identity_check(const char *certificate, const char *authority, bool server,
               const char *name, long long int *from, long long int *to)
{
    X509 *cert = identity_certificate_from_text(certificate);
    X509 *by = identity_certificate_from_text(authority);
    char *error;

    *from = *to = 0;
    error = check_certificate(cert, by, server, name, from, to);
    X509_free(cert);
    X509_free(by);
    return error;
}

/* --- Proofs ---------------------------------------------------------------*/

/* The parts as one string, each with its length in front. */
static void
join(const char *const *parts, size_t n, struct ds *ds)
{
    ds_init(ds);
    for (size_t i = 0; i < n; i++) {
        ds_put_format(ds, "%"PRIuSIZE":%s", strlen(parts[i]), parts[i]);
    }
}

char *
identity_to_hex(const unsigned char *bytes, size_t n)
{
    char *text = xmalloc(2 * n + 1);

    for (size_t i = 0; i < n; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    text[2 * n] = '\0';
    return text;
}

size_t
identity_from_hex(const char *text, unsigned char *bytes, size_t max)
{
    size_t n = strlen(text);

    if (n % 2 || n / 2 > max
        || strspn(text, "0123456789abcdef") != n) {
        return 0;
    }
    for (size_t i = 0; i < n / 2; i++) {
        bytes[i] = hexit_value(text[2 * i]) << 4 | hexit_value(text[2 * i
                                                                    + 1]);
    }
    return n / 2;
}

/* The digest to sign with; some kinds of key bring their own. */
static const EVP_MD *
digest_of(const EVP_PKEY *key)
{
    return (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL
            : EVP_sha256());
}

char *
identity_sign(const struct identity *id, const char *const *parts, size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char proof[IDENTITY_MAX_PROOF / 2];
    size_t size = sizeof proof;
    struct ds ds;
    bool good;

    join(parts, n, &ds);
    good = (ctx && EVP_DigestSignInit(ctx, NULL, digest_of(id->key), NULL,
                                      id->key) == 1
            && EVP_DigestSign(ctx, proof, &size,
                              (const unsigned char *) ds.string,
                              ds.length) == 1);
    EVP_MD_CTX_free(ctx);
    ds_destroy(&ds);
    ERR_clear_error();
    return good ? identity_to_hex(proof, size) : NULL;
}

bool
identity_verify(const char *certificate, const char *const *parts, size_t n,
                const char *proof_)
{
    unsigned char proof[IDENTITY_MAX_PROOF / 2];
    size_t size = identity_from_hex(proof_, proof, sizeof proof);
    X509 *cert = size ? identity_certificate_from_text(certificate) : NULL;
    EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
    EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
    bool good = false;

    if (ctx) {
        struct ds ds;

        join(parts, n, &ds);
        good = (EVP_DigestVerifyInit(ctx, NULL, digest_of(key), NULL,
                                     key) == 1
                && EVP_DigestVerify(ctx, proof, size,
                                    (const unsigned char *) ds.string,
                                    ds.length) == 1);
        ds_destroy(&ds);
    }
    EVP_MD_CTX_free(ctx);
    X509_free(cert);
    ERR_clear_error();
    return good;
}

char *
identity_mac(const unsigned char secret[IDENTITY_SECRET_SIZE],
             const char *const *parts, size_t n)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n_md;
    struct ds ds;

    join(parts, n, &ds);
    if (!HMAC(EVP_sha256(), secret, IDENTITY_SECRET_SIZE,
              (const unsigned char *) ds.string, ds.length, md, &n_md)) {
        ovs_fatal(0, "OpenSSL cannot compute a digest");
    }
    ds_destroy(&ds);
    return identity_to_hex(md, n_md);
}

bool
identity_mac_is(const unsigned char secret[IDENTITY_SECRET_SIZE],
                const char *const *parts, size_t n, const char *proof)
{
    char *wanted = identity_mac(secret, parts, n);
    bool same = (strlen(proof) == strlen(wanted)
                 && !CRYPTO_memcmp(proof, wanted, strlen(wanted)));

    identity_wipe(wanted);
    return same;
}

char *
identity_digest(const char *text)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n_md;

    if (!EVP_Digest(text, strlen(text), md, &n_md, EVP_sha256(), NULL)) {
        ovs_fatal(0, "OpenSSL cannot compute a digest");
    }
    return identity_to_hex(md, n_md);
}
