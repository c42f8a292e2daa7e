/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificate authorities: what they make is checked with OpenSSL's own
 * verification; requests of every wrong kind are refused. */

#include <config.h>
#include "lib/ca.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tests/unit/tap.h"
#include "util.h"

#define HOUR 3600

static char *
bio_text(BIO *bio)
{
    char *data, *text;
    long int n = BIO_get_mem_data(bio, &data);

    text = xmemdup0(data, n);
    BIO_free(bio);
    return text;
}

/* A request for "CN = cn", and "O = org" if nonnull, signed by 'signer'. */
static char *
make_request(EVP_PKEY *key, const char *cn, const char *org, EVP_PKEY *signer)
{
    X509_REQ *request = X509_REQ_new();
    X509_NAME *name = X509_REQ_get_subject_name(request);
    BIO *bio = BIO_new(BIO_s_mem());

    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *) cn, -1, -1, 0);
    if (org) {
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                                   (const unsigned char *) org, -1, -1, 0);
    }
    X509_REQ_set_pubkey(request, key);
    X509_REQ_sign(request, signer,
                  EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519
                  ? NULL : EVP_sha256());
    PEM_write_bio_X509_REQ(bio, request);
    X509_REQ_free(request);
    return bio_text(bio);
}

static char *
simple_request(EVP_PKEY *key, const char *cn)
{
    return make_request(key, cn, NULL, key);
}

static X509 *
parse_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return cert;
}

/* What OpenSSL says to 'cert' at 'when' if it trusts 'authorities' only. */
static int
verify(const char *cert_pem, const char *authorities, int purpose,
       time_t when)
{
    BIO *bio = BIO_new_mem_buf(authorities, -1);
    X509 *cert = parse_cert(cert_pem), *authority;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int error;

    while ((authority = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        X509_STORE_add_cert(store, authority);
        X509_free(authority);
    }
    BIO_free(bio);
    X509_STORE_CTX_init(ctx, store, cert, NULL);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    X509_STORE_CTX_set_time(ctx, 0, when);
    X509_verify_cert(ctx);
    error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(cert);
    return error;
}

static bool
mode_is(const char *path, mode_t mode)
{
    struct stat s;

    return !stat(path, &s) && (s.st_mode & 07777) == mode;
}

static char *
read_file(const char *path)
{
    static char text[65536];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

    if (f) {
        fclose(f);
    }
    return xmemdup0(text, n);
}

static void
test_certificates(struct ca *ca, time_t now)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    char *request = make_request(key, "desk1", NULL, key);
    char *servers = ca_certificate(ca, CA_SERVERS);
    char *admins = ca_certificate(ca, CA_ADMINS);
    long long int expires;
    char *pem, *hosts, *error;
    X509 *cert;

    error = ca_sign(ca, CA_HOSTS, "desk1", request, now, HOUR, &pem, &expires);
    is_str(error, NULL, "a host's certificate is made");
    hosts = ca_certificate(ca, CA_HOSTS);
    ok(expires == now + HOUR, "it ends when it should");
    ok(verify(pem, hosts, X509_PURPOSE_SSL_CLIENT, now) == X509_V_OK,
       "it is good for a client");
    ok(verify(pem, hosts, X509_PURPOSE_SSL_SERVER, now) != X509_V_OK,
       "not for a server");
    ok(verify(pem, servers, X509_PURPOSE_SSL_CLIENT, now) != X509_V_OK,
       "and not for who trusts the other authority");
    ok(verify(pem, admins, X509_PURPOSE_SSL_CLIENT, now) != X509_V_OK,
       "nor for who trusts that of administrators");
    ok(verify(pem, hosts, X509_PURPOSE_SSL_CLIENT, now + HOUR + 1)
       == X509_V_ERR_CERT_HAS_EXPIRED, "nor when its time is over");
    ok(verify(pem, hosts, X509_PURPOSE_SSL_CLIENT, now - CA_BACKDATE - 1)
       == X509_V_ERR_CERT_NOT_YET_VALID, "nor before");
    cert = parse_cert(pem);
    ok(X509_check_ca(cert) == 0, "it is no authority");
    ok(X509_NAME_entry_count(X509_get_subject_name(cert)) == 1
       && EVP_PKEY_eq(X509_get0_pubkey(cert), key) == 1,
       "its name is one CN, its key the host's");
    X509_free(cert);
    free(pem);
    free(request);
    free(hosts);
    free(servers);
    free(admins);
    EVP_PKEY_free(key);
}

static void
test_server(struct ca *ca, time_t now)
{
    char *servers = ca_certificate(ca, CA_SERVERS);
    char *first, *second, *third;
    long long int next;

    is_str(ca_renew_server(ca, now, &next), NULL, "the server's certificate");
    ok(next > now + 24 * HOUR && mode_is(ca_server_file(ca), 0600),
       "lasts a while, in a file of mode 0600");
    first = read_file(ca_server_file(ca));
    ok(verify(strstr(first, "-----BEGIN CERT"), servers,
              X509_PURPOSE_SSL_SERVER, now) == X509_V_OK
       && verify(strstr(first, "-----BEGIN CERT"), servers,
                 X509_PURPOSE_SSL_CLIENT, now) != X509_V_OK,
       "it is good for a server, not for a client");
    is_str(ca_renew_server(ca, next - 1, &next), NULL, "looked at again");
    second = read_file(ca_server_file(ca));
    is_str(second, first, "it stays while it is fresh");
    is_str(ca_renew_server(ca, next + 1, &next), NULL, "and later");
    third = read_file(ca_server_file(ca));
    ok(strcmp(third, first), "it is renewed when half of its time is over");
    free(first);
    free(second);
    free(third);
    free(servers);
}

struct bad_request {
    const char *what;
    char *request;              /* Freed. */
    const char *message;        /* Part of what is said. */
};

static EVP_PKEY *
rsa_key(int bits)
{
    return EVP_RSA_gen(bits);
}

static void
test_requests(struct ca *ca, time_t now)
{
    EVP_PKEY *ec = EVP_EC_gen("P-256"), *ec2 = EVP_EC_gen("P-256");
    EVP_PKEY *small = rsa_key(1024), *rsa = rsa_key(2048);
    EVP_PKEY *odd = EVP_EC_gen("secp256k1");
    EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    char *good = simple_request(ec, "desk1");
    char *huge = xzalloc(CA_MAX_REQUEST + 2);
    struct bad_request bad[] = {
        { "nothing", xstrdup(""), "must begin" },
        { "something else", xstrdup("GET / HTTP/1.0"), "must begin" },
        { "a half", xmemdup0(good, strlen(good) / 2), "bad certificate" },
        { "two", xasprintf("%s%s", good, good), "something follows" },
        { "a tail", xasprintf("%sx", good), "something follows" },
        { "too much", huge, "more than" },
        { "another name", simple_request(ec, "desk2"), "another name" },
        { "a longer name", simple_request(ec, "desk11"), "another name" },
        { "a shorter name", simple_request(ec, "desk"), "another name" },
        { "other case", simple_request(ec, "DESK1"), "another name" },
        { "more than a name", make_request(ec, "desk1", "x", ec),
          "nothing else" },
        { "somebody else's key", make_request(ec, "desk1", NULL, ec2),
          "its own key" },
        { "a short key", simple_request(small, "desk1"), "its key must" },
        { "an odd curve", simple_request(odd, "desk1"), "its key must" },
    };
    long long int expires;
    char *pem, *error;

    memset(huge, ' ', CA_MAX_REQUEST + 1);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        error = ca_sign(ca, CA_HOSTS, "desk1", bad[i].request, now, HOUR, &pem,
                        &expires);
        ok(error && !pem && strstr(error, bad[i].message), "refused: %s (%s)",
           bad[i].what, error ? error : "no error");
        free(error);
        free(bad[i].request);
    }
    for (int i = 0; i < 3; i++) {
        EVP_PKEY *keys[] = { ec, rsa, ed };
        char *request = simple_request(keys[i], "desk1");

        error = ca_check_request(request, "desk1");
        is_str(error, NULL, "key of kind %d is good", i);
        free(error);
        free(request);
    }
    free(good);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(ec2);
    EVP_PKEY_free(small);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(odd);
    EVP_PKEY_free(ed);
}

static void
test_again(const char *dir, struct ca *ca, time_t now)
{
    char *hosts = ca_certificate(ca, CA_HOSTS);
    char *name = ca_secret_name(ca, "lock");
    char *file = xasprintf("%s/hosts.pem", dir);
    char *again_hosts, *again_name, *error;
    struct ca *again;

    ok(mode_is(dir, 0700) && mode_is(file, 0600),
       "directory and keys are for their owner alone");
    error = ca_open(dir, now, &again);
    is_str(error, NULL, "opened again");
    again_hosts = ca_certificate(again, CA_HOSTS);
    again_name = ca_secret_name(again, "lock");
    is_str(again_hosts, hosts, "the authority is the same");
    is_str(again_name, name, "and so are names derived from its key");
    ok(!strncmp(name, "lock_", 5) && strlen(name) == 37, "of 128 bits");
    ca_close(again);

    ok(!chmod(file, 0640), "others may read a key");
    error = ca_open(dir, now, &again);
    ok(error && !again && strstr(error, "0600"), "then it is not used: %s",
       error ? error : "");
    free(error);
    ok(!chmod(file, 0600) && !truncate(file, 100), "a key is damaged");
    error = ca_open(dir, now, &again);
    ok(error && !again && strstr(error, "backup"), "it is an error: %s",
       error ? error : "");
    free(error);
    error = read_file(file);
    ok(strlen(error) == 100, "and nothing is written over it");
    free(error);
    free(hosts);
    free(name);
    free(again_hosts);
    free(again_name);
    free(file);
}

/* Both certificates of the authorities in 'dir' that others have to trust. */
static char *
what_is_trusted(const char *dir, time_t now)
{
    char *servers, *cluster, *both;
    struct ca *ca;
    char *error = ca_open(dir, now, &ca);

    if (error) {
        return error;
    }
    servers = ca_certificate(ca, CA_SERVERS);
    cluster = ca_certificate(ca, CA_CLUSTER);
    both = xasprintf("%s%s", servers, cluster);
    free(servers);
    free(cluster);
    ca_close(ca);
    return both;
}

/* Controllers that share a directory may be started at the same time. */
static void
test_together(const char *dir, time_t now)
{
    enum { N = 8 };
    int start[2], answers[2];
    size_t same = 0;
    char *text;

    ovs_assert(!pipe(start) && !pipe(answers));
    for (int i = 0; i < N; i++) {
        if (!fork()) {
            char go;

            close(start[1]);
            ignore(read(start[0], &go, 1));
            text = what_is_trusted(dir, now);
            /* At once, as it is less than PIPE_BUF. */
            ignore(write(answers[1], text, strlen(text)));
            _exit(0);
        }
    }
    close(start[0]);
    close(start[1]);
    close(answers[1]);
    text = what_is_trusted(dir, now);
    for (size_t length = strlen(text);;) {
        char answer[4096];
        size_t got = 0;
        ssize_t n;

        while (got < length
               && (n = read(answers[0], answer + got, length - got)) > 0) {
            got += n;
        }
        if (!got) {
            break;
        }
        same += got == length && !memcmp(answer, text, length);
    }
    while (wait(NULL) > 0) {
        continue;
    }
    close(answers[0]);
    free(text);
    ok(same == N, "%d that start together have the same authorities (%"PRIuSIZE
       ")", N, same);
}

static void
remove_all(const char *dir)
{
    static const char *const names[] = {
        "servers.pem", "hosts.pem", "servers-ca.pem", "hosts-ca.pem",
        "server.pem", "admins.pem", "admins-ca.pem", "cluster.pem",
        "cluster-ca.pem", "nobody-ca.pem", "lock",
        "hosts/desk1.pem", "hosts/desk1.state", "hosts",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char *path = xasprintf("%s/%s", dir, names[i]);

        remove(path);
        free(path);
    }
    ok(!rmdir(dir), "no other file was left behind");
}

int
main(void)
{
    char top[] = "/tmp/tvd-test-ca-XXXXXX";
    char *dir = xasprintf("%s/pki", mkdtemp(top));
    time_t now = time(NULL);
    struct ca *ca;
    char *error;

    test_together(dir, now);
    remove_all(dir);
    error = ca_open(dir, now, &ca);
    is_str(error, NULL, "authorities are made");
    test_certificates(ca, now);
    test_server(ca, now);
    test_requests(ca, now);
    test_again(dir, ca, now);
    ca_close(ca);
    remove_all(dir);
    rmdir(top);
    free(dir);
    error = ca_open("/proc/nowhere/pki", now, &ca);
    ok(error && !ca, "a directory that cannot be made: %s", error);
    free(error);
    return tap_done();
}
