/* SPDX-License-Identifier: Apache-2.0
 *
 * Hosts' authorities: tokens, renewal and revocation, by two controllers that
 * share a directory. */

#include <config.h>
#include "lib/ca.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lib/enrol.h"
#include "lib/identity.h"
#include "sset.h"
#include "tests/unit/tap.h"
#include "util.h"

#define HOUR 3600
#define LIFETIME 100

/* A key, and a request for it. */
struct key {
    struct identity *id;
    char *request;
};

static void
key_init(struct key *key, const char *name)
{
    key->id = identity_create();
    key->request = identity_request(key->id, name);
}

static void
key_destroy(struct key *key)
{
    identity_destroy(key->id);
    free(key->request);
}

/* True if hosts-ca.pem accepts what 'key' has been given. */
static bool
is_accepted(struct ca *ca, const struct key *key)
{
    char *certificate = identity_certificate(key->id);
    char *all = ca_certificate(ca, CA_HOSTS);
    bool good = false;

    for (char *p = all; certificate && (p = strstr(p, "-----BEGIN")); p++) {
        long long int from, to;
        char *error = identity_check(certificate, p, false, NULL, &from, &to);

        good |= !error;
        free(error);
    }
    free(certificate);
    free(all);
    return good;
}

/* Enrols with 'token' at 'now'; returns what is wrong, caller frees. */
static char *
enrol(struct ca *ca, const char *name, const char *token, struct key *key,
      long long int now, bool *used)
{
    unsigned char secret[IDENTITY_SECRET_SIZE];
    char *certificate, *error;

    enrol_token_secret(token, secret);
    error = ca_host_enrol(ca, name, secret, key->request, now, LIFETIME,
                          &certificate, used);
    if (!error) {
        error = identity_set_certificate(key->id, certificate);
    }
    free(certificate);
    return error;
}

/* Renews what 'key' has; the new certificate is for 'next'. */
static char *
renew(struct ca *ca, const char *name, const struct key *key,
      struct key *next, long long int now, long long int grace)
{
    char *present = identity_certificate(key->id);
    char *certificate, *error;

    error = ca_host_renew(ca, name, present, next->request, now, grace,
                          LIFETIME, &certificate);
    if (!error) {
        error = identity_set_certificate(next->id, certificate);
    }
    free(present);
    free(certificate);
    return error;
}

static void
refused(char *error, const char *part, const char *what)
{
    ok(error && strstr(error, part), "refused: %s (%s)", what,
       error ? error : "no error");
    free(error);
}

static void
good(char *error, const char *what)
{
    is_str(error, NULL, "%s", what);
    free(error);
}

static void
test_tokens(struct ca *ca, long long int now)
{
    struct ca_host host;
    struct key a, b;
    char *first, *token;
    bool used;

    key_init(&a, "desk1");
    key_init(&b, "desk1");
    good(ca_host_make_token(ca, "desk1", now, HOUR, &first), "a token");
    ok(!strncmp(first, "tvd1:desk1:", 11) && strlen(first) == 75,
       "has the form of one");
    ca_host_get(ca, "desk1", now, &host);
    ok(!host.enrolled && host.token_expires == now + HOUR, "it waits");
    good(ca_host_make_token(ca, "desk1", now, HOUR, &token), "another one");
    refused(enrol(ca, "desk1", first, &a, now, &used), "replaced",
            "the one that was replaced");
    refused(enrol(ca, "desk1", token, &a, now + HOUR, &used), "expired",
            "one that has expired");
    refused(enrol(ca, "desk2", token, &a, now, &used), "another name",
            "a request for another host");
    good(enrol(ca, "desk1", token, &a, now, &used), "it enrols");
    ok(is_accepted(ca, &a) && !is_accepted(ca, &b), "what it gets is good");
    ca_host_get(ca, "desk1", now, &host);
    ok(host.enrolled && !host.token_expires && host.expires == now + LIFETIME,
       "the host has enrolled, its token is used up");
    good(enrol(ca, "desk1", token, &a, now + 1, &used),
         "the same key again, whose answer may have been lost");
    ok(!used, "is no second use");
    refused(enrol(ca, "desk1", token, &b, now + 2, &used), "used already",
            "another key");
    ok(used, "that is told");
    free(first);
    free(token);
    good(ca_host_make_token(ca, "desk1", now, HOUR, &token), "a new token");
    ok(is_accepted(ca, &a), "changes nothing before it is used");
    good(enrol(ca, "desk1", token, &b, now, &used), "with another key");
    ok(is_accepted(ca, &b) && !is_accepted(ca, &a),
       "then what the host had before is worthless");
    ok(ca_hosts_run(ca, now) && ca_hosts_must_drop(ca),
       "and its connections are to be dropped");
    ca_hosts_dropped(ca);
    ok(ca_hosts_run(ca, now) || !ca_hosts_must_drop(ca), "once");
    refused(ca_host_make_token(ca, "../x", now, HOUR, &first), "cannot be",
            "a name that is a path");
    free(token);
    key_destroy(&a);
    key_destroy(&b);
}

static void
test_renewal(struct ca *ca, long long int now)
{
    struct key a, b, c, other;
    char *token;
    bool used;

    key_init(&a, "desk1");
    key_init(&b, "desk1");
    key_init(&c, "desk1");
    key_init(&other, "desk2");
    good(ca_host_make_token(ca, "desk1", now, HOUR, &token), "a token");
    good(enrol(ca, "desk1", token, &a, now, &used), "a host has enrolled");
    free(token);
    good(renew(ca, "desk1", &a, &b, now + 50, 0), "it renews, with a new key");
    ok(is_accepted(ca, &b) && is_accepted(ca, &a),
       "both are good as long as they last");
    refused(renew(ca, "desk1", &a, &c, now + LIFETIME + 1, 0), "expired",
            "one that has expired");
    good(renew(ca, "desk1", &a, &c, now + LIFETIME + 1, 5),
         "unless there is grace");
    refused(renew(ca, "desk1", &a, &c, now + LIFETIME + 6, 5), "expired",
            "after that");
    refused(renew(ca, "desk1", &a, &c, now - CA_BACKDATE - 1, 0),
            "not valid yet", "one of the future");
    refused(renew(ca, "desk2", &a, &other, now, 0), "not enrolled",
            "for another host");
    good(ca_host_make_token(ca, "desk2", now, HOUR, &token), "a token");
    good(enrol(ca, "desk2", token, &other, now, &used), "of another host");
    free(token);
    refused(renew(ca, "desk1", &other, &c, now, 0), "not good",
            "with another's certificate");
    refused(renew(ca, "desk2", &a, &other, now, 0), "not good",
            "and the other way round");
    key_destroy(&a);
    key_destroy(&b);
    key_destroy(&c);
    key_destroy(&other);
}

static void
test_revocation(struct ca *ca, struct ca *elsewhere, long long int now)
{
    struct ca_host host;
    struct key a, b, other;
    char *token;
    bool used;

    key_init(&a, "desk1");
    key_init(&b, "desk1");
    key_init(&other, "desk2");
    good(ca_host_make_token(ca, "desk1", now, HOUR, &token), "a token");
    good(enrol(elsewhere, "desk1", token, &a, now, &used),
         "is good at the other controller");
    refused(enrol(ca, "desk1", token, &b, now, &used), "used already",
            "but only once");
    free(token);
    good(ca_host_make_token(ca, "desk2", now, HOUR, &token), "a token");
    good(enrol(ca, "desk2", token, &other, now, &used), "of another host");
    free(token);
    ca_hosts_run(ca, now);
    ca_hosts_dropped(ca);
    ca_hosts_run(ca, now);
    good(ca_host_make_token(ca, "desk1", now, HOUR, &token), "a new token");
    good(ca_host_revoke(ca, "desk1"), "a host is revoked");
    ok(!is_accepted(ca, &a) && is_accepted(ca, &other),
       "its certificate is worthless, others' are not");
    ok(ca_hosts_run(ca, now) && ca_hosts_must_drop(ca)
       && sset_contains(ca_hosts_revoked(ca), "desk1")
       && sset_count(ca_hosts_revoked(ca)) == 1, "it is known as revoked");
    ok(ca_hosts_run(elsewhere, now) && ca_hosts_must_drop(elsewhere)
       && sset_contains(ca_hosts_revoked(elsewhere), "desk1"),
       "also at the other controller");
    refused(enrol(ca, "desk1", token, &b, now, &used), "withdrawn",
            "its token");
    refused(renew(ca, "desk1", &a, &b, now, 1000), "revoked",
            "its renewal");
    free(token);
    ca_host_get(ca, "desk1", now, &host);
    ok(host.revoked && !host.enrolled && !host.expires, "that is shown");
    good(ca_host_make_token(ca, "desk1", now, HOUR, &token), "a new token");
    ca_host_get(ca, "desk1", now, &host);
    ok(host.revoked, "does not yet let it in");
    good(enrol(ca, "desk1", token, &b, now, &used), "but when it is used");
    ok(is_accepted(ca, &b) && !is_accepted(ca, &a),
       "with a new key, not with the old one");
    ok(ca_hosts_run(elsewhere, now + 5)
       && sset_is_empty(ca_hosts_revoked(elsewhere)),
       "it is in good standing everywhere");
    free(token);
    key_destroy(&a);
    key_destroy(&b);
    key_destroy(&other);
}

static void
test_secrets(const char *dir, long long int now, struct ca *ca)
{
    char *token, *digits, *path = xasprintf("%s/hosts/desk1.state", dir);
    char *text;

    good(ca_host_make_token(ca, "desk1", now, HOUR, &token), "a token");
    good(identity_read_file(path, 4096, &text), "what is kept of it");
    digits = strrchr(token, ':') + 1;
    ok(!strstr(text, digits), "is not the token");
    free(text);
    free(token);
    free(path);
}

static int
remove_one(const char *path, const struct stat *s OVS_UNUSED,
           int type OVS_UNUSED, struct FTW *ftw OVS_UNUSED)
{
    return remove(path);
}

int
main(void)
{
    char top[] = "/tmp/tvd-test-hosts-XXXXXX";
    char *dir = xasprintf("%s/pki", mkdtemp(top));
    long long int now = time(NULL);
    struct ca *ca, *elsewhere;

    good(ca_open(dir, now, &ca), "opened");
    good(ca_open(dir, now, &elsewhere), "opened twice");
    test_tokens(ca, now);
    test_renewal(ca, now);
    test_revocation(ca, elsewhere, now);
    test_secrets(dir, now, ca);
    ca_close(ca);
    ca_close(elsewhere);
    ok(!nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS), "removed");
    free(dir);
    return tap_done();
}
