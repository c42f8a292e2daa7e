/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/enroller.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/ca.h"
#include "lib/enrol.h"
#include "lib/identity.h"
#include "lib/report.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "random.h"
#include "socket-util.h"
#include "stream-ssl.h"
#include "stream.h"
#include "svec.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(enroller);

#define TIMEOUT 5000            /* Of one attempt, ms. */
#define MIN_BACKOFF 1000        /* After one that failed, ms. */
#define MAX_BACKOFF 60000
#define MAX_TOKEN_BACKOFF 10000 /* While somebody may be waiting, ms. */
#define TOKEN_INTERVAL 1000     /* Between looks for a token, ms. */
#define MAX_TOKEN 1024
#define MAX_STATE 8192
#define MAX_CLOCK_ERROR 60      /* Said nothing about, s. */

enum stage {
    STAGE_IDLE,                 /* Until 'next'. */
    STAGE_CONNECTING,
    STAGE_GREETING,             /* Expected. */
    STAGE_SENDING,
    STAGE_ANSWER,               /* Expected. */
};

/* One attempt. */
struct attempt {
    enum stage stage;
    struct stream *stream;
    long long int deadline;
    bool with_token;
    unsigned char secret[IDENTITY_SECRET_SIZE];
    char *token_digest;
    char *name;                 /* Of this host. */
    struct identity *key;       /* The one to be certified. */
    char *greeting;
    char *body;                 /* Of the request. */
    char *out;
    size_t sent;
    char *in;                   /* ENROL_MAX_LINE + 1 bytes. */
    size_t n_in;
};

struct enroller {
    char *dir, *identity_file, *ca_file, *pending_file, *state_file;
    char *token_file;           /* NULL: 'token' is all there is. */
    char *token;                /* From standard input, or NULL. */
    char *used_token;           /* Digest, of the last that was of use. */
    char *refused_token;        /* Digest. */
    struct svec remotes;
    size_t remote;              /* The one to ask next. */

    struct identity *identity;  /* With a certificate; or NULL. */
    char *host;                 /* Its name, or the one that was given. */
    long long int lifetime;     /* Of the certificate, ms. */
    long long int renew_at;     /* Monotonic ms. */
    long long int expires_at;

    struct attempt a;
    long long int next;         /* Of the next attempt, at the earliest. */
    long long int backoff;
    char *last_error;           /* Of the last attempt; NULL: it was good. */
    bool warned, expired;       /* What was reported. */
    bool waiting;               /* For a token, and that was said. */
};

/* --- Options --------------------------------------------------------------*/

static void
split_remotes(const char *text, struct svec *remotes)
{
    svec_clear(remotes);
    while (*text) {
        size_t n = strcspn(text, ",");

        svec_add_nocopy(remotes, xmemdup0(text, n));
        text += n + (text[n] == ',');
    }
}

char *
enroller_check_remotes(const char *text)
{
    struct svec remotes = SVEC_EMPTY_INITIALIZER;
    char *error = NULL;
    const char *remote;
    size_t i;

    split_remotes(text, &remotes);
    SVEC_FOR_EACH (i, remote, &remotes) {
        struct sockaddr_storage ss;

        if (!error && !inet_parse_active(remote, ENROL_PORT, &ss, false,
                                         NULL)) {
            error = xasprintf("'%s' is not an address (valid: IP or IP:PORT, "
                              "separated by commas)", remote);
        }
    }
    if (!error && !remotes.n) {
        error = xstrdup("no address is given");
    }
    svec_destroy(&remotes);
    return error;
}

char *
enroller_default_remotes(const char *db)
{
    struct svec remotes = SVEC_EMPTY_INITIALIZER;
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *remote;
    size_t i;

    split_remotes(db, &remotes);
    SVEC_FOR_EACH (i, remote, &remotes) {
        const char *port = strrchr(remote, ':');

        if (!strncmp(remote, "ssl:", 4) && port > remote + 4) {
            ds_put_format(&ds, "%s%.*s", ds.length ? "," : "",
                          (int) (port - remote - 4), remote + 4);
        }
    }
    svec_destroy(&remotes);
    return ds.length ? ds_steal_cstr(&ds) : NULL;
}

/* --- Telling --------------------------------------------------------------*/

static void OVS_PRINTF_FORMAT(3, 4)
tell(const struct report_sink *sink, enum report_severity severity,
     const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    if (sink) {
        report(sink, severity, "certificate", "%s", text);
    } else {
        VLOG(severity == REPORT_INFO ? VLL_INFO
             : severity == REPORT_WARNING ? VLL_WARN : VLL_ERR, "%s", text);
    }
    free(text);
}

/* --- What is kept ---------------------------------------------------------*/

static char *
take_string(const struct shash *object, const char *name)
{
    const struct json *value = shash_find_data(object, name);

    return (value && value->type == JSON_STRING
            ? xstrdup(json_string(value)) : NULL);
}

/* What cannot be read is not needed: options say it again. */
static void
read_state(struct enroller *e, char **remotes)
{
    char *text;

    *remotes = NULL;
    free(identity_read_file(e->state_file, MAX_STATE, &text));
    if (text) {
        struct json *json = json_from_string(text);

        if (json->type == JSON_OBJECT) {
            *remotes = take_string(json_object(json), "controllers");
            e->used_token = take_string(json_object(json), "token");
        }
        json_destroy(json);
        free(text);
    }
}

static char *
write_state(const struct enroller *e)
{
    struct json *json = json_object_create();
    char *remotes = svec_join(&e->remotes, ",", "");
    char *text, *error;

    json_object_put_string(json, "controllers", remotes);
    if (e->used_token) {
        json_object_put_string(json, "token", e->used_token);
    }
    text = json_to_string(json, JSSF_SORT);
    json_destroy(json);
    error = identity_write_file(e->state_file, text);
    free(text);
    free(remotes);
    return error;
}

static void
use_identity(const struct enroller *e)
{
    stream_ssl_set_key_and_cert(e->identity_file, e->identity_file);
    stream_ssl_set_ca_cert_file(e->ca_file, false);
}

/* When to renew: after 1/2 to 2/3 of its time, so that hosts do not come all at
 * once.  'elapsed' of it is over, in ms. */
static void
schedule(struct enroller *e, long long int now, long long int elapsed)
{
    long long int at = e->lifetime / 2 + random_range(e->lifetime / 6 + 1);

    elapsed = MAX(0, MIN(elapsed, e->lifetime));
    e->renew_at = now + MAX(0, at - elapsed);
    e->expires_at = now + e->lifetime - elapsed;
}

/* How much of the certificate's time is over, and sets 'e->lifetime'; ms. */
static long long int
measure(struct enroller *e, long long int wall)
{
    long long int from, to;

    if (!identity_times(e->identity, &from, &to)) {
        from = to = 0;
    }
    from = MIN(from + CA_BACKDATE, to - 1);
    e->lifetime = MIN((to - from) * 1000, INT_MAX);
    return wall - from * 1000;
}

static char *
check_name(const struct enroller *e, const char *name, const char *what)
{
    return (!name ? xasprintf("%s names no host", what)
            : e->host && strcmp(e->host, name)
            ? xasprintf("%s is for host \"%s\", and this is \"%s\"", what,
                        name, e->host)
            : NULL);
}

static char *
load(struct enroller *e)
{
    char *error = identity_load(e->identity_file, true, &e->identity);
    char *name;

    if (!e->identity) {
        return error;
    }
    if (access(e->ca_file, R_OK)) {
        return xasprintf("cannot use %s: %s", e->ca_file,
                         ovs_strerror(errno));
    }
    name = identity_name(e->identity);
    error = check_name(e, name, e->identity_file);
    if (!error) {
        free(e->host);
        e->host = xstrdup(name);
        use_identity(e);
    }
    free(name);
    return error;
}

/* --- The token ------------------------------------------------------------*/

/* The first word of 'text', which is wiped. */
static char *
first_word(char *text)
{
    size_t skip = strspn(text, " \t\r\n");
    char *word = xmemdup0(text + skip, strcspn(text + skip, " \t\r\n"));

    identity_wipe(text);
    return word;
}

static char *
read_standard_input(void)
{
    char *text = xzalloc(MAX_TOKEN + 1);
    size_t n = fread(text, 1, MAX_TOKEN, stdin);

    text[n] = '\0';
    return first_word(text);
}

/* The token that waits to be used, or NULL; for identity_wipe().  Stores its
 * digest. */
static char *
find_token(const struct enroller *e, char **digest, char **error)
{
    char *token = NULL;

    *digest = *error = NULL;
    if (e->token) {
        token = xstrdup(e->token);
    } else if (e->token_file) {
        *error = identity_read_file(e->token_file, MAX_TOKEN, &token);
        token = token ? first_word(token) : NULL;
    }
    if (token) {
        *digest = identity_digest(token);
    }
    if (token && e->used_token && !strcmp(*digest, e->used_token)) {
        identity_wipe(token);
        free(*digest);
        token = *digest = NULL;
    }
    return token;
}

/* --- Making ---------------------------------------------------------------*/

static char *
make_paths(struct enroller *e, const struct enroller_config *config)
{
    struct stat s;

    if (mkdir(config->dir, 0700) && errno != EEXIST) {
        return xasprintf("cannot make the directory %s: %s", config->dir,
                         ovs_strerror(errno));
    }
    if (stat(config->dir, &s) || !S_ISDIR(s.st_mode) || s.st_mode & 077
        || s.st_uid != geteuid()) {
        return xasprintf("cannot use %s: it holds the key of this host; it "
                         "must be a directory of mode 0700 that belongs to "
                         "the agent's user", config->dir);
    }
    e->dir = xstrdup(config->dir);
    e->identity_file = xasprintf("%s/identity.pem", e->dir);
    e->ca_file = xasprintf("%s/ca.pem", e->dir);
    e->pending_file = xasprintf("%s/pending.pem", e->dir);
    e->state_file = xasprintf("%s/state", e->dir);
    if (!config->token_file) {
        e->token_file = xasprintf("%s/token", e->dir);
    } else if (strcmp(config->token_file, "-")) {
        /* The process may change to another directory. */
        e->token_file = abs_file_name(NULL, config->token_file);
    } else {
        e->token = read_standard_input();
    }
    return NULL;
}

/* As "IP:PORT" each. */
static char *
take_remotes(struct enroller *e, const char *text)
{
    char *error = text ? enroller_check_remotes(text) : NULL;
    struct svec given = SVEC_EMPTY_INITIALIZER;
    const char *remote;
    size_t i;

    if (error || !text) {
        return error;
    }
    split_remotes(text, &given);
    SVEC_FOR_EACH (i, remote, &given) {
        struct sockaddr_storage ss;
        struct ds ds = DS_EMPTY_INITIALIZER;

        ignore(inet_parse_active(remote, ENROL_PORT, &ss, false, NULL));
        ss_format_address(&ss, &ds);
        ds_put_format(&ds, ":%"PRIu16, ss_get_port(&ss));
        svec_add_nocopy(&e->remotes, ds_steal_cstr(&ds));
    }
    svec_destroy(&given);
    return NULL;
}

static char *
prepare(struct enroller *e, const struct enroller_config *config)
{
    char *remotes, *error = make_paths(e, config);

    if (error) {
        return error;
    }
    e->host = nullable_xstrdup(config->host);
    read_state(e, &remotes);
    error = take_remotes(e, config->remotes ? config->remotes : remotes);
    free(remotes);
    if (error) {
        return error;
    }
    error = load(e);
    if (!error && !e->identity && !e->remotes.n) {
        error = xasprintf("this host has no certificate (none is in %s); "
                          "enrol it: --enrol, see tvd-agent(8)", e->dir);
    }
    return error;
}

char *
enroller_create(const struct enroller_config *config, struct enroller **ep)
{
    struct enroller *e = xzalloc(sizeof *e);
    char *error;

    svec_init(&e->remotes);
    e->renew_at = -1;
    error = prepare(e, config);
    if (error) {
        enroller_destroy(e);
        e = NULL;
    }
    *ep = e;
    return error;
}

static void
attempt_clear(struct attempt *a)
{
    stream_close(a->stream);
    free(a->token_digest);
    free(a->name);
    identity_destroy(a->key);
    free(a->greeting);
    free(a->body);
    free(a->out);
    free(a->in);
    explicit_bzero(a, sizeof *a);
}

void
enroller_destroy(struct enroller *e)
{
    if (e) {
        attempt_clear(&e->a);
        identity_destroy(e->identity);
        identity_wipe(e->token);
        svec_destroy(&e->remotes);
        free(e->dir);
        free(e->identity_file);
        free(e->ca_file);
        free(e->pending_file);
        free(e->state_file);
        free(e->token_file);
        free(e->used_token);
        free(e->refused_token);
        free(e->host);
        free(e->last_error);
        free(e);
    }
}

const char *
enroller_host(const struct enroller *e)
{
    return e->identity ? e->host : NULL;
}

/* --- Asking ---------------------------------------------------------------*/

/* The key for a token: always the same one until it is certified, since a token
 * is good for one key, and an answer may get lost. */
static char *
pending_key(const struct enroller *e, struct identity **key)
{
    char *error = identity_load(e->pending_file, false, key);

    if (error) {
        unlink(e->pending_file);
        free(error);
    }
    if (*key) {
        return NULL;
    }
    *key = identity_create();
    return (*key ? identity_save(*key, e->pending_file)
            : xstrdup("cannot make a key"));
}

static char *
prepare_token(struct enroller *e, const char *token)
{
    struct attempt *a = &e->a;
    char *error;

    a->with_token = true;
    a->name = enrol_token_name(token);
    if (!a->name) {
        return xstrdup("the token has not the form of one; copy all of what "
                       "'tvdctl host enrol' printed");
    }
    error = check_name(e, a->name, "the token");
    if (!error) {
        enrol_token_secret(token, a->secret);
        error = pending_key(e, &a->key);
    }
    return error;
}

static char *
prepare_renewal(struct enroller *e)
{
    e->a.name = xstrdup(e->host);
    e->a.key = identity_create();
    return e->a.key ? NULL : xstrdup("cannot make a key");
}

/* Makes 'a' ready to ask with the token that waits, if one does.  A token that
 * was refused is not tried again while there is a certificate to renew. */
static char *
try_token(struct enroller *e)
{
    char *digest, *error;
    char *token = find_token(e, &digest, &error);

    if (token && !(e->identity && e->refused_token
                   && !strcmp(digest, e->refused_token))) {
        e->a.token_digest = digest;
        digest = NULL;
        error = prepare_token(e, token);
    }
    identity_wipe(token);
    free(digest);
    return error;
}

/* Opens the connection of an attempt. */
static char *
dial(struct enroller *e, long long int now)
{
    struct attempt *a = &e->a;
    const char *remote;
    char *target;
    int error;

    if (!e->remotes.n) {
        return xstrdup("no controller to ask is known; give one with "
                       "--enrol");
    }
    remote = e->remotes.names[e->remote % e->remotes.n];
    target = xasprintf("tcp:%s", remote);
    error = stream_open(target, &a->stream, DSCP_DEFAULT);
    free(target);
    if (error) {
        a->stream = NULL;
        return xasprintf("cannot reach the controller at %s: %s", remote,
                         ovs_strerror(error));
    }
    a->stage = STAGE_CONNECTING;
    a->deadline = now + TIMEOUT;
    return NULL;
}

/* Starts an attempt if there is something to ask for. */
static char *
start(struct enroller *e, const struct report_sink *sink, long long int now)
{
    char *error = try_token(e);

    if (!e->a.name && e->identity && now >= e->renew_at) {
        free(error);
        error = prepare_renewal(e);
    }
    if (!error && e->a.name) {
        error = dial(e, now);
    } else if (!error && !e->identity && !e->waiting) {
        e->waiting = true;
        tell(sink, REPORT_WARNING, "waiting for a token%s%s",
             e->token_file ? " in " : "",
             e->token_file ? e->token_file : "; start anew with one");
    }
    return error;
}

static char *
make_request(struct enroller *e)
{
    struct attempt *a = &e->a;
    const char *parts[ENROL_N_PARTS];
    char *csr = identity_request(a->key, a->name);
    char *present = a->with_token ? NULL : identity_certificate(e->identity);
    char *proof = NULL;

    if (csr && (a->with_token || present)) {
        size_t n;

        a->body = enrol_request_body(a->with_token ? ENROL_TOKEN
                                     : ENROL_RENEW, a->name, csr, present);
        n = enrol_request_parts(a->greeting, a->body, parts);
        proof = (a->with_token ? identity_mac(a->secret, parts, n)
                 : identity_sign(e->identity, parts, n));
    }
    if (proof) {
        char *line = enrol_line(a->body, proof);

        a->out = xasprintf("%s\n", line);
        free(line);
    }
    free(csr);
    free(present);
    free(proof);
    return a->out ? NULL : xstrdup("cannot make a certificate request");
}

/* --- What comes back ------------------------------------------------------*/

/* Why the answer does not come from the controller, or NULL. */
static char *
check_proof(const struct enroller *e, const struct enrol_answer *answer,
            long long int wall)
{
    const struct attempt *a = &e->a;
    const char *parts[ENROL_N_PARTS];
    size_t n = enrol_answer_parts(a->greeting, a->body, answer->body, parts);
    long long int from, to;
    char *ca, *error;

    if (a->with_token) {
        return (identity_mac_is(a->secret, parts, n, answer->proof) ? NULL
                : xstrdup("it was not made with the token"));
    }
    if (!answer->server) {
        return xstrdup("it does not say which server made it");
    }
    error = identity_read_file(e->ca_file, ENROL_MAX_LINE, &ca);
    if (!error) {
        error = (ca ? identity_check(answer->server, ca, true, NULL, &from,
                                     &to)
                 : xstrdup("the authority's certificate is gone"));
    }
    free(ca);
    if (!error && (wall / 1000 < from || wall / 1000 > to)) {
        error = xstrdup("by this host's clock, the server's certificate is "
                        "not valid now; look at the clock");
    } else if (!error && !identity_verify(answer->server, parts, n,
                                          answer->proof)) {
        error = xstrdup("it is not signed by the server");
    }
    return error;
}

/* It may be anybody's word, since who has proved nothing is told nothing that
 * proves something: so we go on asking, whatever it says. */
static char *
refused(struct enroller *e, const struct enrol_answer *answer)
{
    if (e->a.with_token) {
        free(e->refused_token);
        e->refused_token = xstrdup(e->a.token_digest);
    }
    return xasprintf("the controller refuses: %.300s", answer->refused);
}

static char *
install(struct enroller *e, const struct enrol_answer *answer)
{
    struct attempt *a = &e->a;
    char *error, *name;

    error = identity_set_certificate(a->key, answer->certificate);
    if (!error) {
        name = identity_name(a->key);
        error = (!name || strcmp(name, a->name)
                 ? xstrdup("the certificate is for another host") : NULL);
        free(name);
    }
    /* In this order a crash in between leaves what works. */
    if (!error) {
        error = identity_write_file(e->ca_file, answer->ca);
    }
    if (!error) {
        error = identity_save(a->key, e->identity_file);
    }
    if (error) {
        return error;
    }
    if (a->with_token) {
        free(e->used_token);
        e->used_token = a->token_digest;
        a->token_digest = NULL;
        unlink(e->pending_file);
    }
    identity_destroy(e->identity);
    e->identity = a->key;
    a->key = NULL;
    free(e->host);
    e->host = xstrdup(a->name);
    return write_state(e);
}

/* Says so if this host's clock and the controller's are apart. */
static void
judge_clock(const struct enroller *e, const struct report_sink *sink,
            long long int elapsed)
{
    long long int s = elapsed / 1000;

    if (s < -CA_BACKDATE || elapsed > e->lifetime) {
        tell(sink, REPORT_ERROR, "by this host's clock, the new certificate "
             "is not valid: the clock is %lld s %s the controller's; set it",
             llabs(s), s < 0 ? "behind" : "ahead of");
    } else if (llabs(s) > MAX_CLOCK_ERROR) {
        tell(sink, REPORT_WARNING, "the clock of this host is %lld s %s the "
             "controller's", llabs(s), s < 0 ? "behind" : "ahead of");
    }
}

static void
succeed(struct enroller *e, const struct report_sink *sink,
        long long int now, long long int wall)
{
    bool with_token = e->a.with_token;

    use_identity(e);
    judge_clock(e, sink, measure(e, wall));
    /* By its own clock, from now: right also if the clock is not. */
    schedule(e, now, 0);
    if (with_token) {
        tell(sink, REPORT_INFO, "host \"%s\" has enrolled", e->host);
    } else if (e->warned || e->expired) {
        tell(sink, REPORT_INFO, "the certificate of host \"%s\" is renewed "
             "again", e->host);
    } else {
        VLOG_INFO("renewed the certificate of host \"%s\"", e->host);
    }
    e->warned = e->expired = e->waiting = false;
    e->backoff = 0;
    free(e->last_error);
    e->last_error = NULL;
}

static char *
take_answer(struct enroller *e, const struct report_sink *sink,
            long long int now, long long int wall)
{
    struct enrol_answer answer;
    char *error = enrol_answer_parse(e->a.in, &answer);

    if (error) {
        return error;
    }
    if (answer.refused) {
        error = refused(e, &answer);
    } else {
        char *why = check_proof(e, &answer, wall);

        error = (why ? xasprintf("the answer is not the controller's: %s",
                                 why) : install(e, &answer));
        free(why);
    }
    enrol_answer_destroy(&answer);
    if (!error) {
        succeed(e, sink, now, wall);
    }
    return error;
}

/* --- The connection -------------------------------------------------------*/

/* Each returns 0 when done, EAGAIN, or another errno. */

static int
receive_line(struct attempt *a)
{
    char *end;

    if (!a->in) {
        a->in = xzalloc(ENROL_MAX_LINE + 1);
    }
    while (!(end = memchr(a->in, '\n', a->n_in))) {
        int n;

        if (a->n_in >= ENROL_MAX_LINE) {
            return EMSGSIZE;
        }
        n = stream_recv(a->stream, a->in + a->n_in, ENROL_MAX_LINE - a->n_in);
        if (n <= 0) {
            return n ? -n : ECONNRESET;
        }
        a->n_in += n;
    }
    *end = '\0';
    a->n_in = 0;
    return 0;
}

static int
send_request(struct attempt *a)
{
    size_t n_out = strlen(a->out);

    while (a->sent < n_out) {
        int n = stream_send(a->stream, a->out + a->sent, n_out - a->sent);

        if (n <= 0) {
            return n ? -n : ECONNRESET;
        }
        a->sent += n;
    }
    return 0;
}

static int
run_stage(struct attempt *a)
{
    switch (a->stage) {
    case STAGE_CONNECTING:
        return stream_connect(a->stream);
    case STAGE_GREETING:
    case STAGE_ANSWER:
        return receive_line(a);
    case STAGE_SENDING:
        return send_request(a);
    case STAGE_IDLE:
    default:
        OVS_NOT_REACHED();
    }
}

/* Goes on with an attempt.  Sets '*over' if it has come to its end, as the error
 * that is returned says. */
static char *
advance(struct enroller *e, const struct report_sink *sink,
        long long int now, long long int wall, bool *over)
{
    struct attempt *a = &e->a;
    char *error = NULL;

    *over = false;
    while (!error && !*over) {
        int retval = run_stage(a);

        if (retval == EAGAIN && now < a->deadline) {
            return NULL;
        } else if (retval) {
            error = xasprintf("cannot talk to the controller at %s: %s",
                              e->remotes.names[e->remote % e->remotes.n],
                              ovs_strerror(retval == EAGAIN ? ETIMEDOUT
                                           : retval));
        } else if (a->stage == STAGE_GREETING) {
            a->greeting = xstrdup(a->in);
            error = (enrol_greeting_is_good(a->greeting) ? make_request(e)
                     : xasprintf("%s is not a controller",
                                 e->remotes.names[e->remote
                                                  % e->remotes.n]));
        } else if (a->stage == STAGE_ANSWER) {
            error = take_answer(e, sink, now, wall);
            *over = true;
        }
        a->stage++;
    }
    *over = true;
    return error;
}

/* --- The loop -------------------------------------------------------------*/

/* Tells what an administrator should know of a failure, once. */
static void
judge_failure(struct enroller *e, const struct report_sink *sink,
              const char *error, long long int now)
{
    bool late = (e->identity
                 && now > e->expires_at - e->lifetime / 4);

    if (!e->identity) {
        if (!e->last_error || strcmp(e->last_error, error)) {
            tell(sink, REPORT_ERROR, "cannot enrol: %s", error);
        }
    } else if (e->a.with_token) {
        tell(sink, REPORT_WARNING, "cannot enrol anew: %s", error);
    } else if (late && !e->warned) {
        e->warned = true;
        tell(sink, REPORT_WARNING, "cannot renew the certificate: %s", error);
    } else {
        VLOG_INFO("cannot renew the certificate: %s", error);
    }
}

static void
fail(struct enroller *e, const struct report_sink *sink, char *error,
     long long int now)
{
    long long int max = e->identity ? MAX_BACKOFF : MAX_TOKEN_BACKOFF;

    judge_failure(e, sink, error, now);
    if (e->identity) {
        max = MIN(max, MAX(e->lifetime / 16, MIN_BACKOFF));
    }
    e->backoff = MIN(MAX(2 * e->backoff, MIN_BACKOFF), max);
    e->next = now + e->backoff + random_range(e->backoff / 4 + 1);
    e->remote = e->remotes.n ? (e->remote + 1) % e->remotes.n : 0;
    free(e->last_error);
    e->last_error = error;
}

static void
check_expiry(struct enroller *e, const struct report_sink *sink,
             long long int now)
{
    if (e->identity && now >= e->expires_at && !e->expired) {
        e->expired = true;
        tell(sink, REPORT_ERROR, "the certificate of this host has expired%s"
             "%s; what is enforced stays, the database cannot be reached once "
             "the connection is lost",
             e->last_error ? ": " : "", e->last_error ? e->last_error : "");
    }
}

void
enroller_run(struct enroller *e, const struct report_sink *sink,
             long long int now, long long int wall)
{
    bool over = false;
    char *error = NULL;

    if (e->identity && e->renew_at < 0) {
        schedule(e, now, measure(e, wall));
    }
    if (e->a.stage == STAGE_IDLE) {
        if (now >= e->next) {
            e->next = now + TOKEN_INTERVAL;
            error = start(e, sink, now);
            over = error != NULL;
        }
    } else {
        stream_run(e->a.stream);
        error = advance(e, sink, now, wall, &over);
    }
    if (error) {
        fail(e, sink, error, now);
    }
    if (over) {
        attempt_clear(&e->a);
    }
    check_expiry(e, sink, now);
}

void
enroller_wait(const struct enroller *e)
{
    const struct attempt *a = &e->a;

    if (a->stage == STAGE_IDLE) {
        poll_timer_wait_until(e->next);
        return;
    }
    poll_timer_wait_until(a->deadline);
    stream_run_wait(a->stream);
    if (a->stage == STAGE_CONNECTING) {
        stream_connect_wait(a->stream);
    } else if (a->stage == STAGE_SENDING) {
        stream_send_wait(a->stream);
    } else {
        stream_recv_wait(a->stream);
    }
}

void
enroller_show(const struct enroller *e, long long int now, struct ds *ds)
{
    if (e->identity) {
        ds_put_format(ds, "host: %s\ncertificate: %s, %lld s left\n"
                      "renewal: in %lld s\n", e->host,
                      now < e->expires_at ? "valid" : "expired",
                      MAX(0, e->expires_at - now) / 1000,
                      MAX(0, e->renew_at - now) / 1000);
    } else {
        ds_put_cstr(ds, "certificate: none\n");
    }
    if (e->last_error) {
        ds_put_format(ds, "last attempt: %s\n", e->last_error);
    }
}
