/* SPDX-License-Identifier: Apache-2.0
 *
 * The authorities of hosts, their tokens, and who is revoked.
 *
 * All of it is in files that are read when needed, since another controller may
 * change them; each change is made under a lock and each file is replaced as a
 * whole.  The order within a change is such that a crash in between leaves a
 * host shut out, never let in. */

#include <config.h>
#include "lib/ca.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/ca-private.h"
#include "lib/enrol.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "svec.h"
#include "util.h"

#define HOST_USAGE "clientAuth"
#define AUTHORITY_NAME "TVD hosts"
#define MAX_STATE 4096          /* Of a file, bytes. */
#define MAX_AUTHORITY 8192

/* The file hosts/NAME.state. */
struct state {
    bool revoked;
    long long int expires;      /* Of the newest certificate, or 0. */
    char *secret;               /* Of the token, in digits; NULL: none. */
    long long int token_expires;
    char *used;                 /* Digest of the key it was used for. */
};

static void
state_clear_token(struct state *state)
{
    identity_wipe(state->secret);
    free(state->used);
    state->secret = state->used = NULL;
    state->token_expires = 0;
}

bool
ca_host_name_is_good(const char *name)
{
    size_t n = strlen(name);

    return (n && n <= CA_MAX_NAME && name[0] != '.'
            && strspn(name, "abcdefghijklmnopqrstuvwxyz"
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n);
}

static char *
bad_name(const char *name)
{
    return xasprintf("\"%.64s\" cannot be the name of a host", name);
}

static char *
authority_path(const struct ca *ca, const char *name)
{
    return xasprintf("%s/%s.pem", ca->hosts_dir, name);
}

/* --- States ---------------------------------------------------------------*/

static char *
get_string(const struct shash *object, const char *name)
{
    const struct json *member = shash_find_data(object, name);

    return (member && member->type == JSON_STRING
            ? xstrdup(json_string(member)) : NULL);
}

static long long int
get_integer(const struct shash *object, const char *name)
{
    const struct json *member = shash_find_data(object, name);

    return member && member->type == JSON_INTEGER ? json_integer(member) : 0;
}

static bool
decode_state(const char *text, struct state *state)
{
    struct json *json = json_from_string(text);
    bool good = json->type == JSON_OBJECT;

    if (good) {
        const struct shash *object = json_object(json);
        const struct json *revoked = shash_find_data(object, "revoked");

        state->revoked = revoked && revoked->type == JSON_TRUE;
        state->expires = get_integer(object, "expires");
        state->secret = get_string(object, "token_secret");
        state->token_expires = get_integer(object, "token_expires");
        state->used = get_string(object, "token_used");
    }
    json_destroy(json);
    return good;
}

/* Of a host that nothing is known about all is zero. */
static char *
read_state(const struct ca *ca, const char *name, struct state *state)
{
    char *path = xasprintf("%s/%s.state", ca->hosts_dir, name);
    char *text;
    char *error = identity_read_file(path, MAX_STATE, &text);

    memset(state, 0, sizeof *state);
    if (text && !decode_state(text, state)) {
        error = xasprintf("cannot use %s: it is damaged; put it back from a "
                          "backup, or remove it and enrol the host anew",
                          path);
    }
    identity_wipe(text);
    free(path);
    return error;
}

static char *
write_state(struct ca *ca, const char *name, const struct state *state)
{
    char *path = xasprintf("%s/%s.state", ca->hosts_dir, name);
    struct json *json = json_object_create();
    char *text, *error;

    json_object_put(json, "revoked", json_boolean_create(state->revoked));
    json_object_put(json, "expires", json_integer_create(state->expires));
    if (state->secret) {
        json_object_put_string(json, "token_secret", state->secret);
        json_object_put(json, "token_expires",
                        json_integer_create(state->token_expires));
        if (state->used) {
            json_object_put_string(json, "token_used", state->used);
        }
    }
    text = json_to_string(json, JSSF_SORT);
    json_destroy(json);
    error = identity_write_file(path, text);
    identity_wipe(text);
    free(path);
    ca->changed = true;
    return error;
}

/* --- The file of authorities ----------------------------------------------*/

/* The names in hosts/ of files that end with 'suffix', sorted. */
static void
list_hosts(const struct ca *ca, const char *suffix, struct svec *names)
{
    DIR *dir = opendir(ca->hosts_dir);
    struct dirent *entry;

    svec_init(names);
    while (dir && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name), n_suffix = strlen(suffix);

        if (n > n_suffix && !strcmp(entry->d_name + n - n_suffix, suffix)) {
            char *name = xmemdup0(entry->d_name, n - n_suffix);

            if (ca_host_name_is_good(name)) {
                svec_add(names, name);
            }
            free(name);
        }
    }
    if (dir) {
        closedir(dir);
    }
    svec_sort(names);
}

/* Appends the certificate of the authority in 'path' to 'ds'.  Its key, which
 * comes first in there, is not even decoded: that is what takes time.  Nothing
 * is appended if there is no such file. */
static char *
append_authority(const char *path, struct ds *ds)
{
    char *text, *error = identity_read_file(path, MAX_AUTHORITY, &text);
    const char *start = text ? strstr(text, "-----BEGIN CERTIFICATE-----")
                             : NULL;
    X509 *cert = start ? identity_certificate_from_text(start) : NULL;
    char *again = cert ? identity_certificate_to_text(cert) : NULL;

    if (again) {
        ds_put_cstr(ds, again);
    } else if (text) {
        error = xasprintf("cannot use %s: it has no certificate; put it back "
                          "from a backup, or enrol the host anew", path);
    }
    free(again);
    X509_free(cert);
    identity_wipe(text);
    return error;
}

/* One that cannot be read leaves its host out, and the others in. */
static char *
append_hosts(const struct ca *ca, struct ds *ds)
{
    char *first = NULL;
    struct svec names;
    const char *name;
    size_t i;

    list_hosts(ca, ".pem", &names);
    SVEC_FOR_EACH (i, name, &names) {
        struct state state;
        char *error = read_state(ca, name, &state);

        if (!error && !state.revoked) {
            char *path = authority_path(ca, name);

            error = append_authority(path, ds);
            free(path);
        }
        state_clear_token(&state);
        if (first) {
            free(error);
        } else {
            first = error;
        }
    }
    svec_destroy(&names);
    return first;
}

char *
ca_hosts_authorities(const struct ca *ca)
{
    char *text;
    char *error = identity_read_file(ca->ca_files[CA_HOSTS],
                                     MAX_AUTHORITY * 65536, &text);

    free(error);
    return text ? text : xstrdup("");
}

/* Brings hosts-ca.pem up to date, if need be. */
static char *
write_authorities(const struct ca *ca)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    char *before = ca_hosts_authorities(ca);
    char *nobody, *error, *more;

    error = identity_read_file(ca->nobody_file, MAX_AUTHORITY, &nobody);
    if (error) {
        free(before);
        return error;
    }
    ds_put_cstr(&ds, nobody ? nobody : "");
    error = append_hosts(ca, &ds);
    if (strcmp(before, ds_cstr(&ds))) {
        more = identity_write_file(ca->ca_files[CA_HOSTS], ds_cstr(&ds));
        if (more) {
            free(error);
            error = more;
        }
    }
    ds_destroy(&ds);
    free(nobody);
    free(before);
    return error;
}

static char *
make_nobody(const struct ca *ca, long long int now)
{
    struct identity id;
    char *text, *error;

    if (!access(ca->nobody_file, F_OK)) {
        return NULL;
    }
    error = ca_make_identity(NULL, "nobody", NULL, NULL, now, CA_LIFETIME,
                             &id);
    if (!error) {
        text = identity_certificate_to_text(id.cert);
        error = (text ? identity_write_file(ca->nobody_file, text)
                 : identity_ssl_error("cannot encode a certificate"));
        free(text);
        identity_clear(&id);
    }
    return error;
}

/* --- Opening --------------------------------------------------------------*/

char *
ca_hosts_open(struct ca *ca, long long int now)
{
    char *error;

    sset_init(&ca->revoked);
    ca->hosts_dir = xasprintf("%s/hosts", ca->dir);
    ca->nobody_file = xasprintf("%s/nobody-ca.pem", ca->dir);
    ca->drop_file = xasprintf("%s/drop", ca->hosts_dir);
    ca->changed = true;
    if (mkdir(ca->hosts_dir, 0700) && errno != EEXIST) {
        return xasprintf("cannot make the directory %s: %s", ca->hosts_dir,
                         ovs_strerror(errno));
    }
    error = make_nobody(ca, now);
    return error ? error : write_authorities(ca);
}

void
ca_hosts_close(struct ca *ca)
{
    if (ca->hosts_dir) {
        sset_destroy(&ca->revoked);
        free(ca->hosts_dir);
        free(ca->nobody_file);
        free(ca->drop_file);
    }
}

/* --- Signing --------------------------------------------------------------*/

/* Stores the authority of host 'name'.  'renewed': a new one, in place of any
 * that there is; else one is made only if there is none.  '*made' tells. */
static char *
get_authority(struct ca *ca, const char *name, bool renewed,
              long long int now, struct identity *id, bool *made)
{
    char *path = authority_path(ca, name);
    char *error = identity_load_into(path, true, id);

    if (error && renewed) {
        free(error);
        error = NULL;
    }
    *made = !error && (renewed || !id->cert);
    if (*made) {
        if (id->cert) {
            /* Before the old one is gone: a crash must not forget it. */
            error = identity_write_file(ca->drop_file, "");
        }
        identity_clear(id);
        if (!error) {
            error = ca_make_identity(path, AUTHORITY_NAME, NULL, NULL, now,
                                     CA_LIFETIME, id);
        }
        ca->changed = true;
    }
    free(path);
    return error;
}

/* Signs for host 'name' and puts it into good standing.  Under the lock. */
static char *
sign_for_host(struct ca *ca, const char *name, struct state *state,
              bool renewed, const char *request, long long int now,
              long long int lifetime, char **certificate)
{
    struct identity authority = { .key = NULL };
    bool made;
    char *error;

    error = get_authority(ca, name, renewed || state->revoked, now,
                          &authority, &made);
    if (!error) {
        error = ca_sign_by(&authority, HOST_USAGE, name, request, now,
                           lifetime, certificate);
    }
    identity_clear(&authority);
    if (!error) {
        state->revoked = false;
        state->expires = now + lifetime;
        error = write_state(ca, name, state);
    }
    if (!error && made) {
        error = write_authorities(ca);
    }
    if (error) {
        free(*certificate);
        *certificate = NULL;
    }
    return error;
}

/* Takes the lock and reads the state; both are for end() if there is no
 * error. */
static char *
begin(struct ca *ca, const char *name, struct state *state)
{
    char *error;

    memset(state, 0, sizeof *state);
    if (!ca_host_name_is_good(name)) {
        return bad_name(name);
    }
    error = ca_lock(ca);
    if (!error) {
        error = read_state(ca, name, state);
        if (error) {
            state_clear_token(state);
            ca_unlock(ca);
        }
    }
    return error;
}

static void
end(struct ca *ca, struct state *state)
{
    state_clear_token(state);
    ca_unlock(ca);
}

char *
ca_host_certify(struct ca *ca, const char *name, const char *request,
                long long int now, long long int lifetime, char **certificate)
{
    struct state state;
    char *error;

    *certificate = NULL;
    error = ca_check_request(request, name);
    if (!error) {
        error = begin(ca, name, &state);
    }
    if (error) {
        return error;
    }
    error = sign_for_host(ca, name, &state, false, request, now, lifetime,
                          certificate);
    end(ca, &state);
    return error;
}

/* --- Tokens ---------------------------------------------------------------*/

char *
ca_host_make_token(struct ca *ca, const char *name, long long int now,
                   long long int validity, char **token)
{
    unsigned char bytes[IDENTITY_SECRET_SIZE];
    struct state state;
    char *digits, *error;

    *token = NULL;
    error = begin(ca, name, &state);
    if (error) {
        return error;
    }
    identity_random(bytes, sizeof bytes);
    digits = identity_to_hex(bytes, sizeof bytes);
    *token = xasprintf(CA_TOKEN_PREFIX "%s:%s", name, digits);
    identity_wipe(digits);
    enrol_token_secret(*token, bytes);
    state_clear_token(&state);
    state.secret = identity_to_hex(bytes, sizeof bytes);
    state.token_expires = now + validity;
    error = write_state(ca, name, &state);
    end(ca, &state);
    if (error) {
        identity_wipe(*token);
        *token = NULL;
    }
    return error;
}

static bool
secret_is(const struct state *state, const unsigned char *secret)
{
    char *digits = identity_to_hex(secret, IDENTITY_SECRET_SIZE);
    bool same = state->secret && !strcmp(digits, state->secret);

    identity_wipe(digits);
    return same;
}

bool
ca_host_token_secret(const struct ca *ca, const char *name,
                     unsigned char secret[32])
{
    struct state state;
    bool good = false;

    if (ca_host_name_is_good(name)) {
        free(read_state(ca, name, &state));
        good = (state.secret
                && identity_from_hex(state.secret, secret,
                                     IDENTITY_SECRET_SIZE)
                   == IDENTITY_SECRET_SIZE);
        state_clear_token(&state);
    }
    return good;
}

/* Why the token of 'state' is not good for the key with 'digest', or NULL. */
static char *
check_token(const struct state *state, const unsigned char *secret,
            const char *digest, long long int now, bool *used)
{
    if (!secret_is(state, secret)) {
        return xstrdup("the token was replaced or withdrawn; ask for a new "
                       "one (tvdctl host enrol)");
    } else if (state->used && strcmp(state->used, digest)) {
        *used = true;
        return xstrdup("the token was used already, with another key; if "
                       "that was not this host, revoke it (tvdctl host "
                       "revoke)");
    } else if (now >= state->token_expires) {
        return xstrdup("the token has expired; ask for a new one (tvdctl "
                       "host enrol)");
    }
    return NULL;
}

char *
ca_host_enrol(struct ca *ca, const char *name, const unsigned char secret[32],
              const char *request, long long int now, long long int lifetime,
              char **certificate, bool *used)
{
    char *error = ca_check_request(request, name);
    struct state state;
    char *digest;

    *certificate = NULL;
    *used = false;
    if (!error) {
        error = begin(ca, name, &state);
    }
    if (error) {
        return error;
    }
    digest = ca_request_key_digest(request);
    error = (digest ? check_token(&state, secret, digest, now, used)
             : xstrdup("cannot read the key"));
    if (!error) {
        bool first = !state.used;

        /* Is written before the certificate is given away. */
        if (first) {
            state.used = xstrdup(digest);
        }
        error = sign_for_host(ca, name, &state, first, request, now, lifetime,
                              certificate);
    }
    free(digest);
    end(ca, &state);
    return error;
}

/* --- Renewal --------------------------------------------------------------*/

/* Stores from when to when it is valid, too. */
static char *
check_issuer(const struct ca *ca, const char *name, const char *present,
             long long int *from, long long int *to)
{
    struct ds authority = DS_EMPTY_INITIALIZER;
    char *path = authority_path(ca, name);
    char *error = append_authority(path, &authority);

    if (!error && !authority.length) {
        error = xstrdup("the host is not enrolled (tvdctl host enrol)");
    }
    if (!error) {
        char *why = identity_check(present, ds_cstr(&authority), false, name,
                                   from, to);

        if (why) {
            error = xasprintf("the present certificate is not good: %s; the "
                              "host has to be enrolled (tvdctl host enrol)",
                              why);
            free(why);
        }
    }
    ds_destroy(&authority);
    free(path);
    return error;
}

/* The same, and whether the host is in good standing. */
static char *
check_host(const struct ca *ca, const char *name, const struct state *state,
           const char *present, long long int *from, long long int *to)
{
    return (state->revoked
            ? xstrdup("the host is revoked; it has to be enrolled anew "
                      "(tvdctl host enrol)")
            : check_issuer(ca, name, present, from, to));
}

char *
ca_host_check_issuer(const struct ca *ca, const char *name,
                     const char *present)
{
    long long int from, to;
    struct state state;
    char *error;

    if (!ca_host_name_is_good(name)) {
        return bad_name(name);
    }
    error = read_state(ca, name, &state);
    if (!error) {
        error = check_host(ca, name, &state, present, &from, &to);
    }
    state_clear_token(&state);
    return error;
}

static char *
check_present(const struct ca *ca, const char *name,
              const struct state *state, const char *present,
              long long int now, long long int grace)
{
    long long int from, to;
    char *error = check_host(ca, name, state, present, &from, &to);

    if (!error && now > to + grace) {
        error = xstrdup("the present certificate has expired; the host has "
                        "to be enrolled anew (tvdctl host enrol)");
    } else if (!error && now < from) {
        error = xstrdup("the present certificate is not valid yet; look at "
                        "the controller's clock");
    }
    return error;
}

char *
ca_host_renew(struct ca *ca, const char *name, const char *present,
              const char *request, long long int now, long long int grace,
              long long int lifetime, char **certificate)
{
    char *error = ca_check_request(request, name);
    struct state state;

    *certificate = NULL;
    if (!error) {
        error = begin(ca, name, &state);
    }
    if (error) {
        return error;
    }
    error = check_present(ca, name, &state, present, now, grace);
    if (!error) {
        error = sign_for_host(ca, name, &state, false, request, now, lifetime,
                              certificate);
    }
    end(ca, &state);
    return error;
}

/* --- Revocation -----------------------------------------------------------*/

char *
ca_host_revoke(struct ca *ca, const char *name)
{
    struct state state;
    char *path, *error;

    error = begin(ca, name, &state);
    if (error) {
        return error;
    }
    state_clear_token(&state);
    state.revoked = true;
    state.expires = 0;
    error = identity_write_file(ca->drop_file, "");
    if (!error) {
        error = write_state(ca, name, &state);
    }
    if (!error) {
        error = write_authorities(ca);
    }
    path = authority_path(ca, name);
    if (unlink(path) && errno != ENOENT && !error) {
        error = xasprintf("cannot remove %s: %s", path, ovs_strerror(errno));
    }
    free(path);
    end(ca, &state);
    return error;
}

/* --- What is known --------------------------------------------------------*/

void
ca_host_get(const struct ca *ca, const char *name, long long int now,
            struct ca_host *host)
{
    struct state state;
    char *path;

    memset(host, 0, sizeof *host);
    if (!ca_host_name_is_good(name)) {
        return;
    }
    /* What cannot be read is not in the file of authorities either. */
    free(read_state(ca, name, &state));
    path = authority_path(ca, name);
    host->revoked = state.revoked;
    host->enrolled = !state.revoked && !access(path, F_OK);
    host->expires = host->enrolled ? state.expires : 0;
    if (state.secret && !state.used && now < state.token_expires) {
        host->token_expires = state.token_expires;
    }
    free(path);
    state_clear_token(&state);
}

static void
read_all(struct ca *ca)
{
    struct svec names;
    const char *name;
    size_t i;

    list_hosts(ca, ".state", &names);
    sset_clear(&ca->revoked);
    SVEC_FOR_EACH (i, name, &names) {
        struct state state;
        char *error = read_state(ca, name, &state);

        if (state.revoked && !error) {
            sset_add(&ca->revoked, name);
        }
        free(error);
        state_clear_token(&state);
    }
    svec_destroy(&names);
    ca->must_drop = !access(ca->drop_file, F_OK);
}

/* True if the files may differ from what was read last.  Two changes within the
 * resolution of the file system's clock look like one, so what changed a
 * moment ago is read once more. */
static bool
is_stale(struct ca *ca, long long int now)
{
    struct stat s;
    bool stale;

    if (stat(ca->hosts_dir, &s)) {
        return false;
    }
    stale = (ca->changed || s.st_mtim.tv_sec != ca->mtime.tv_sec
             || s.st_mtim.tv_nsec != ca->mtime.tv_nsec
             || (ca->recent && now > s.st_mtim.tv_sec + 1));
    if (stale) {
        ca->changed = false;
        ca->recent = now <= s.st_mtim.tv_sec + 1;
        ca->mtime = s.st_mtim;
    }
    return stale;
}

bool
ca_hosts_run(struct ca *ca, long long int now)
{
    struct sset before;
    bool changed;

    if (!is_stale(ca, now)) {
        return false;
    }
    changed = ca->must_drop;
    sset_clone(&before, &ca->revoked);
    read_all(ca);
    changed = changed != ca->must_drop || !sset_equals(&before, &ca->revoked);
    sset_destroy(&before);
    return changed;
}

const struct sset *
ca_hosts_revoked(const struct ca *ca)
{
    return &ca->revoked;
}

bool
ca_hosts_must_drop(const struct ca *ca)
{
    return ca->must_drop;
}

void
ca_hosts_dropped(struct ca *ca)
{
    unlink(ca->drop_file);
    ca->must_drop = false;
    ca->changed = true;
}
