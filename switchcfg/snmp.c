/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "switchcfg/snmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "switchcfg/snmp-value.h"
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/library/lcd_time.h>
#include "openvswitch/list.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "switchcfg/credentials.h"
#include "switchcfg/engine.h"
#include "switchcfg/session.h"
#include "switchcfg/walk.h"
#include "timeval.h"
#include "util.h"

#define BULK 50                 /* Objects asked for in a GETBULK. */
#define BULK_SAFE 10            /* In one that is tried again. */
#define IPV6_LONGER 20          /* Its header than IPv4's. */
#define MAX_TRIES 8             /* Of a request that reads. */
#define READ_TIMEOUT_MAX 4      /* Of a try, in first ones. */
#define MAX_DATAGRAMS 64        /* Read in a turn of the poll loop. */
/* libsnmp's own timeouts: never; ours end a request. */
#define NEVER_US (24L * 3600 * 1000 * 1000)

enum kind { GET, WALK, SET };

struct snmp {
    struct switch_session session; /* First member. */
    struct ovs_list node;       /* In 'all_sessions'. */
    char *name;
    char *peer;                 /* For libsnmp: "udp:192.0.2.1:161". */
    struct sockaddr_storage address;
    socklen_t address_len;
    struct switch_credentials *credentials;
    char *state_path;           /* NULL: no file. */
    unsigned int read_timeout, read_tries, set_timeout; /* ms; ms. */

    void *handle;               /* libsnmp's session; NULL: none now. */
    struct switch_engine engine; /* 'n_id' is 0: not known. */
    struct switch_engine kept;  /* As in the file. */
    bool discover;              /* It is to be asked for: not known, or
                                 * perhaps another by now. */
    bool discovering;           /* The message that is out asks for it. */
    bool forget_clock;          /* What libsnmp knows of its clock, unless
                                 * that is of another session or a file. */
    bool doubted;               /* The device has said that it is not its. */
    bool proven;                /* An answer that was protected with it has
                                 * come in this session. */

    enum kind kind;             /* The request, if busy. */
    struct mib_varbinds request; /* GET, SET. */
    struct switch_walk walk;
    unsigned int bulk;          /* 1: GETNEXT. */
    unsigned int n_tries, n_pdus, n_discoveries;
    bool waiting;               /* A message is out. */
    struct { int id; long long int at; } sent[MAX_TRIES]; /* Messages that ask
                                 * for what is waited for, of which each may
                                 * be answered, */
    size_t n_sent;              /* so many since the handle was opened. */
    unsigned int latency;       /* ms that the last answer took. */
    long long int deadline;
    struct switch_reply *reply; /* Finished. */

    /* Set by the callback. */
    bool answered;
    bool again;                 /* With a new engine. */
    enum switch_reply_status status;
    long int error_status, error_index;
    char *error;
    struct mib_varbinds answer;
};

static struct ovs_list all_sessions = OVS_LIST_INITIALIZER(&all_sessions);

static struct snmp *
snmp_cast(struct switch_session *session)
{
    return CONTAINER_OF(session, struct snmp, session);
}

/* --- libsnmp, once per process ---------------------------------------------*/

static void
init_once(void)
{
    static bool done;

    if (done) {
        return;
    }
    done = true;
    /* No MIB files, no configuration of the machine's other programs. */
    setenv("MIBS", "", 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_NO_DISCOVERY, 1);
    /* It would log what anybody may send us. */
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    init_snmp("tvd");
    /* The user that asks for engine ids has neither name nor keys. */
    if (!usm_get_user(NULL, 0, "")) {
        struct usmUser *user = calloc(1, sizeof *user);

        ovs_assert(user);
        user->name = strdup("");
        user->secName = strdup("");
        user->authProtocolLen = OID_LENGTH(usmNoAuthProtocol);
        user->authProtocol = snmp_duplicate_objid(usmNoAuthProtocol,
                                                  user->authProtocolLen);
        user->privProtocolLen = OID_LENGTH(usmNoPrivProtocol);
        user->privProtocol = snmp_duplicate_objid(usmNoPrivProtocol,
                                                  user->privProtocolLen);
        usm_add_user(user);
    }
}

/* --- Engines ---------------------------------------------------------------*/

/* Another session that is known to talk to the same engine; if not 'any', with
 * another device, as no two may have one: either would take what is sent to the
 * other, and libsnmp knows only one clock of both.  NULL if there is none. */
static const struct snmp *
find_other(const struct snmp *s, bool any)
{
    const struct snmp *other;

    LIST_FOR_EACH (other, node, &all_sessions) {
        if (other != s && other->proven && s->engine.n_id
            && other->engine.n_id == s->engine.n_id
            && !memcmp(other->engine.id, s->engine.id, s->engine.n_id)
            && (any || strcmp(other->peer, s->peer))) {
            return other;
        }
    }
    return NULL;
}

/* Works out how much of a message is not varbinds. */
static void
note_overhead(struct snmp *s)
{
    static const size_t auths[] = { 12, 24, 48 };
    const struct switch_credentials *c = s->credentials;
    size_t engine = s->engine.n_id ? s->engine.n_id : sizeof s->engine.id;

    s->session.overhead
        = (c->version == 3
           ? mib_overhead_v3(engine, strlen(c->user), auths[c->auth])
           : mib_overhead_v2c(strlen(c->community)))
          + (s->address.ss_family == AF_INET6 ? IPV6_LONGER : 0);
}

/* Notes boots and time of the device's engine, and keeps them if it has been
 * started anew since. */
static void
keep_engine(struct snmp *s, bool always)
{
    u_int boots, now;

    if (!s->engine.n_id
        || get_enginetime(s->engine.id, s->engine.n_id, &boots, &now, TRUE)
           != SNMPERR_SUCCESS || (!boots && !now)) {
        return;
    }
    s->session.n_restarts += s->engine.boots && boots != s->engine.boots;
    s->engine.boots = boots;
    s->engine.time = now;
    if (s->state_path
        && (always || s->engine.n_id != s->kept.n_id
            || memcmp(s->engine.id, s->kept.id, s->engine.n_id)
            || s->engine.boots != s->kept.boots)
        && !(s->kept.n_id && access(s->state_path, F_OK))
        && !switch_engine_save(s->state_path, &s->engine)) {
        s->kept = s->engine;
    }
}

/* --- Opening and closing libsnmp's session ---------------------------------*/

static int on_message(int op, netsnmp_session *, int reqid, netsnmp_pdu *,
                      void *s);

static void
close_handle(struct snmp *s)
{
    if (s->handle) {
        snmp_sess_close(s->handle);
        s->handle = NULL;
    }
    s->n_sent = 0;
    s->waiting = false;
}

/* Makes a key of a password, once. */
static bool
make_key(const netsnmp_session *ss, const char *password,
         struct switch_key *key)
{
    size_t n = sizeof key->octets;

    if (!key->n
        && generate_Ku(ss->securityAuthProto, ss->securityAuthProtoLen,
                       (const u_char *) password, strlen(password),
                       key->octets, &n) == SNMPERR_SUCCESS) {
        key->n = n;
    }
    return key->n > 0;
}

/* Fills in user and keys. */
static bool
set_user(struct snmp *s, netsnmp_session *ss)
{
    static oid *const auths[] = {
        usmHMACSHA1AuthProtocol, usmHMAC192SHA256AuthProtocol,
        usmHMAC384SHA512AuthProtocol,
    };
    struct switch_credentials *c = s->credentials;

    ss->securityName = c->user;
    ss->securityNameLen = strlen(c->user);
    ss->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
    ss->securityAuthProto = auths[c->auth];
    ss->securityAuthProtoLen = OID_LENGTH(usmHMACSHA1AuthProtocol);
    ss->securityPrivProto = c->priv == SWITCH_PRIV_AES256
                            ? usmAES256PrivProtocol : usmAESPrivProtocol;
    ss->securityPrivProtoLen = c->priv == SWITCH_PRIV_AES256
                               ? OID_LENGTH(usmAES256PrivProtocol)
                               : OID_LENGTH(usmAESPrivProtocol);
    if (!make_key(ss, c->auth_password, &c->auth_key)
        || !make_key(ss, c->priv_password, &c->priv_key)) {
        return false;
    }
    memcpy(ss->securityAuthKey, c->auth_key.octets, c->auth_key.n);
    ss->securityAuthKeyLen = c->auth_key.n;
    memcpy(ss->securityPrivKey, c->priv_key.octets, c->priv_key.n);
    ss->securityPrivKeyLen = c->priv_key.n;
    return true;
}

/* libsnmp keeps users by name and engine, and would go on with the keys that
 * the user had in another session. */
static void
forget_user(const struct snmp *s)
{
    struct usmUser *old = usm_get_user(s->engine.id, s->engine.n_id,
                                       s->credentials->user);

    if (old) {
        usm_remove_user(old);
        usm_free_user(old);
    }
}

/* So that what the engine sent before, in an earlier run, is not taken for
 * new. */
static void
set_engine_time(struct snmp *s)
{
    u_int boots, now;

    if (s->forget_clock && !find_other(s, true)) {
        free_enginetime(s->engine.id, s->engine.n_id);
    }
    s->forget_clock = false;
    if (s->engine.boots
        && (get_enginetime(s->engine.id, s->engine.n_id, &boots, &now, TRUE)
            != SNMPERR_SUCCESS || boots < s->engine.boots)) {
        set_enginetime(s->engine.id, s->engine.n_id, s->engine.boots,
                       s->engine.time, TRUE);
    }
}

static bool
prepare_socket(struct snmp *s)
{
    int fd = snmp_sess_transport(s->handle)->sock;
    int flags = fcntl(fd, F_GETFL);

    /* libsnmp takes answers from anywhere; the kernel then does not. */
    return flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK)
           && !fcntl(fd, F_SETFD, FD_CLOEXEC)
           && !connect(fd, (const struct sockaddr *) &s->address,
                       s->address_len);
}

/* Opens a session of libsnmp.  Returns NULL, or what is wrong. */
static char *
open_handle(struct snmp *s)
{
    const struct switch_credentials *c = s->credentials;
    netsnmp_session ss;
    bool v3 = c->version == 3;
    bool good = true;

    snmp_sess_init(&ss);
    ss.peername = s->peer;
    ss.retries = 0;
    ss.timeout = NEVER_US;
    ss.callback = on_message;
    ss.callback_magic = s;
    ss.flags |= SNMP_FLAGS_DONT_PROBE;
    ss.version = v3 ? SNMP_VERSION_3 : SNMP_VERSION_2c;
    if (!v3) {
        ss.community = (u_char *) c->community;
        ss.community_len = strlen(c->community);
    } else if (!s->discover && s->engine.n_id) {
        ss.securityEngineID = s->engine.id;
        ss.securityEngineIDLen = s->engine.n_id;
        ss.contextEngineID = s->engine.id;
        ss.contextEngineIDLen = s->engine.n_id;
        good = set_user(s, &ss);
        forget_user(s);
    } else {
        static char nobody[] = "";

        ss.securityName = nobody;
        ss.securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    }
    s->handle = good ? snmp_sess_open(&ss) : NULL;
    explicit_bzero(ss.securityAuthKey, sizeof ss.securityAuthKey);
    explicit_bzero(ss.securityPrivKey, sizeof ss.securityPrivKey);
    if (!s->handle) {
        return xasprintf("cannot talk to %s", s->peer);
    }
    /* Opening takes the flag away; without it, sending asks for the engine id
     * and waits for the answer. */
    snmp_sess_session(s->handle)->flags |= SNMP_FLAGS_DONT_PROBE;
    if (ss.securityEngineIDLen) {
        netsnmp_session *opened = snmp_sess_session(s->handle);

        good = create_user_from_session(opened) == SNMPERR_SUCCESS;
        explicit_bzero(opened->securityAuthKey,
                       sizeof opened->securityAuthKey);
        explicit_bzero(opened->securityPrivKey,
                       sizeof opened->securityPrivKey);
        set_engine_time(s);
    }
    if (!good || !prepare_socket(s)) {
        char *error = xasprintf("cannot talk to %s: %s", s->peer,
                                good ? ovs_strerror(errno)
                                : "the keys cannot be made");

        close_handle(s);
        return error;
    }
    return NULL;
}

/* --- Answers ---------------------------------------------------------------*/

static void
set_error(struct snmp *s, enum switch_reply_status status, char *error)
{
    free(s->error);
    s->status = status;
    s->error = error;
}

/* A REPORT: why the device did not take the message.  Whoever sees the message
 * can make one, so it does not say that a SET was not done. */
static void
take_report(struct snmp *s, netsnmp_pdu *pdu)
{
    int type = snmpv3_get_report_type(pdu);

    if (!s->discovering && type == SNMPERR_UNKNOWN_ENG_ID) {
        /* Another device, or it was given another engine.  What it is now is
         * asked for at once, but if this was a SET: who can make a REPORT
         * should not be able to make us repeat one. */
        s->doubted = true;
        if (s->kind != SET && !s->n_discoveries) {
            s->discover = s->again = true;
            return;
        }
    }
    if (s->discovering) {
        if (pdu->securityEngineIDLen < 5
            || pdu->securityEngineIDLen > sizeof s->engine.id) {
            set_error(s, SWITCH_REPLY_BROKEN,
                      xstrdup("the device does not tell its engine id"));
            return;
        }
        if (pdu->securityEngineIDLen != s->engine.n_id
            || memcmp(pdu->securityEngineID, s->engine.id, s->engine.n_id)) {
            s->session.n_restarts += s->engine.n_id > 0;
            s->forget_clock = true;
            memset(&s->engine, 0, sizeof s->engine);
            s->proven = false;
            s->engine.n_id = pdu->securityEngineIDLen;
            memcpy(s->engine.id, pdu->securityEngineID, s->engine.n_id);
            note_overhead(s);
        }
        s->discover = s->doubted = false;
        s->again = true;
    } else {
        set_error(s, SWITCH_REPLY_BROKEN,
                  xasprintf("the device does not take the message: %s",
                            type == SNMPERR_UNKNOWN_USER_NAME
                            ? "it does not know the user"
                            : type == SNMPERR_AUTHENTICATION_FAILURE
                            ? "auth-password or auth is wrong"
                            : type == SNMPERR_DECRYPTION_ERR
                            ? "priv-password or priv is wrong"
                            : type == SNMPERR_UNSUPPORTED_SEC_LEVEL
                            ? "it does not take authPriv from this user"
                            : type == SNMPERR_NOT_IN_TIME_WINDOW
                            ? "its clock (engine boots) is not where it was; "
                              "if the device was reset, remove the file with "
                              "its engine id" : snmp_api_errstring(type)));
    }
}

/* True if the answer was protected as the request was. */
static bool
is_genuine(const struct snmp *s, const netsnmp_pdu *pdu)
{
    const struct switch_credentials *c = s->credentials;

    return c->version == 3
           ? pdu->version == SNMP_VERSION_3
             && pdu->securityLevel == SNMP_SEC_LEVEL_AUTHPRIV
             && pdu->securityNameLen == strlen(c->user)
             && !memcmp(pdu->securityName, c->user, pdu->securityNameLen)
           : pdu->version == SNMP_VERSION_2c
             && pdu->community_len == strlen(c->community)
             && !memcmp(pdu->community, c->community, pdu->community_len);
}

static void
take_response(struct snmp *s, const netsnmp_pdu *pdu)
{
    mib_varbinds_destroy(&s->answer);
    s->error_status = pdu->errstat;
    s->error_index = pdu->errindex;
    if (!is_genuine(s, pdu)) {
        set_error(s, SWITCH_REPLY_BROKEN,
                  xstrdup("an answer that is not protected as it should be"));
        return;
    }
    if (pdu->errstat) {
        set_error(s, SWITCH_REPLY_REFUSED,
                  xasprintf("the device says %s",
                            mib_error_to_string(pdu->errstat)));
        return;
    }
    set_error(s, SWITCH_REPLY_OK, NULL);
    for (const netsnmp_variable_list *v = pdu->variables; v;
         v = v->next_variable) {
        struct mib_varbind *vb;
        struct mib_oid o;

        if (!snmp_oid_get(v->name, v->name_length, &o)) {
            set_error(s, SWITCH_REPLY_BROKEN,
                      xstrdup("an answer with an impossible object"));
            return;
        }
        vb = mib_varbinds_add_null(&s->answer, &o);
        if (!snmp_value_get(v, &vb->value)) {
            set_error(s, SWITCH_REPLY_BROKEN,
                      xstrdup("an answer with an impossible value"));
            return;
        }
    }
}

/* True if 'reqid' is of a message that is waited for. */
static bool
note_latency(struct snmp *s, int reqid)
{
    for (size_t i = 0; i < s->n_sent; i++) {
        if (s->sent[i].id == reqid) {
            s->latency = time_msec() - s->sent[i].at;
            return true;
        }
    }
    return false;
}

/* Called by libsnmp.  Must not close the session.  Only notes: what to do is
 * decided in snmp_run(). */
static int
on_message(int op, netsnmp_session *ss, int reqid, netsnmp_pdu *pdu, void *s_)
{
    struct snmp *s = s_;

    /* What comes late is to what was asked before. */
    if (!s->waiting || (op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE
                        && pdu->command != SNMP_MSG_REPORT
                        && !note_latency(s, reqid))) {
        return 1;
    }
    switch (op) {
    case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
        if (pdu->command == SNMP_MSG_REPORT) {
            take_report(s, pdu);
            s->answered = true;
        } else if (pdu->command == SNMP_MSG_RESPONSE && !s->discovering) {
            take_response(s, pdu);
            s->answered = true;
        }
        break;
    case NETSNMP_CALLBACK_OP_SEND_FAILED:
        set_error(s, SWITCH_REPLY_NOT_SENT,
                  xasprintf("cannot be sent: %s",
                            snmp_api_errstring(ss->s_snmp_errno)));
        s->answered = true;
        break;
    default:
        /* Of what could not be verified nothing is believed; it may be
         * forged, and the right answer still come. */
        break;
    }
    return 1;
}

/* --- Requests --------------------------------------------------------------*/

static char *
snmp_twin(const struct switch_session *session)
{
    const struct snmp *twin
        = find_other(CONTAINER_OF(session, struct snmp, session), false);

    return twin ? xasprintf("it has the same SNMP engine id as switch %s (%s): "
                            "give one of them another", twin->name, twin->peer)
           : NULL;
}

static void
finish(struct snmp *s, enum switch_reply_status status, char *error)
{
    struct switch_reply *reply = xzalloc(sizeof *reply);
    char *twin = error && status != SWITCH_REPLY_REFUSED
                 ? snmp_twin(&s->session) : NULL;

    reply->status = status;
    reply->error = error;
    reply->n_pdus = s->n_pdus;
    if (twin) {
        reply->error = xasprintf("%s; %s", error, twin);
        free(twin);
        free(error);
    }
    if (status == SWITCH_REPLY_REFUSED) {
        reply->error_status = s->error_status;
        reply->error_index = MAX(0, s->error_index);
    } else if (status == SWITCH_REPLY_OK) {
        mib_varbinds_swap(&reply->varbinds, s->kind == WALK ? &s->walk.found
                          : &s->answer);
    }
    s->reply = reply;
    s->waiting = false;
    mib_varbinds_destroy(&s->answer);
    mib_varbinds_destroy(&s->request);
    switch_walk_destroy(&s->walk);
}

static netsnmp_pdu *
make_pdu(const struct snmp *s)
{
    oid ids[MIB_OID_MAX];
    netsnmp_pdu *pdu;

    if (s->kind == WALK) {
        pdu = snmp_pdu_create(s->bulk > 1 ? SNMP_MSG_GETBULK
                              : SNMP_MSG_GETNEXT);
        if (pdu && s->bulk > 1) {
            pdu->non_repeaters = 0;
            pdu->max_repetitions = s->bulk;
        }
        if (pdu) {
            snmp_add_null_var(pdu, ids, snmp_oid_put(&s->walk.cursor, ids));
        }
        return pdu;
    }
    pdu = snmp_pdu_create(s->kind == SET ? SNMP_MSG_SET : SNMP_MSG_GET);
    for (size_t i = 0; pdu && i < s->request.n; i++) {
        snmp_add_varbind(pdu, &s->request.v[i]);
    }
    return pdu;
}

static netsnmp_pdu *
make_discovery(void)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

    if (pdu) {
        pdu->version = SNMP_VERSION_3;
        pdu->securityName = strdup("");
        pdu->securityNameLen = 0;
        pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
        pdu->securityModel = SNMP_SEC_MODEL_USM;
    }
    return pdu;
}

/* Of the next try: longer each time, and what a device needs that is known to
 * be slow. */
static unsigned int
read_timeout(const struct snmp *s)
{
    unsigned int max = READ_TIMEOUT_MAX * s->read_timeout;
    unsigned int least = MAX(s->read_timeout, MIN(2 * s->latency, max));

    return MIN(least << MIN(s->n_tries, 3), max);
}

/* Sends what is next: the message that asks for the engine id, or that of the
 * request. */
static void
send_message(struct snmp *s)
{
    bool discover = s->credentials->version == 3
                    && (s->discover || !s->engine.n_id);
    netsnmp_pdu *pdu;
    char *error;
    int id;

    if (s->handle && s->discovering != discover) {
        close_handle(s);
    }
    error = s->handle ? NULL : open_handle(s);
    if (error) {
        finish(s, SWITCH_REPLY_NOT_SENT, error);
        return;
    }
    s->discovering = discover;
    s->n_discoveries += discover;
    s->n_pdus++;
    s->answered = s->again = false;
    s->waiting = true;
    s->deadline = time_msec() + (discover || s->kind != SET ? read_timeout(s)
                                 : s->set_timeout);
    pdu = discover ? make_discovery() : make_pdu(s);
    id = pdu ? snmp_sess_send(s->handle, pdu) : 0;
    if (id && s->n_sent < MAX_TRIES) {
        s->sent[s->n_sent].id = id;
        s->sent[s->n_sent++].at = time_msec();
    }
    if (!id) {
        int code = SNMPERR_MALLOC, system_errno = 0;
        char *text = NULL;

        if (pdu) {
            snmp_sess_error(s->handle, &system_errno, &code, &text);
            free(text);
            snmp_free_pdu(pdu);
        }
        s->answered = false;
        finish(s, SWITCH_REPLY_NOT_SENT,
               xasprintf("cannot be sent: %s", system_errno
                         ? ovs_strerror(system_errno)
                         : snmp_api_errstring(code)));
    }
}

/* No answer came to what was protected; for people. */
static char *
explain_silence(const struct snmp *s)
{
    const char *unknown = s->kind == SET ? "; it may be done or not" : "";

    return s->credentials->version != 3 ? xasprintf("no answer%s", unknown)
           : !s->n_discoveries
           ? xasprintf("no answer (also what a wrong priv-password looks "
                       "like)%s", unknown)
           : xasprintf("no answer, although it tells its engine id: "
                       "priv-password or priv is wrong%s%s%s%s",
                       s->kept.n_id ? ", or its engine boots have gone back, "
                       "as after a reset (if it was reset, remove " : "",
                       s->kept.n_id ? s->state_path : "", s->kept.n_id
                       ? " and retry)" : "", unknown);
}

/* No answer came. */
static void
timed_out(struct snmp *s)
{
    s->n_tries++;
    if (s->kind != SET ? s->n_tries < s->read_tries
        : s->discovering && s->n_tries < s->read_tries) {
        if (s->n_tries >= 2) {
            s->bulk = s->n_tries > 2 ? 1 : MIN(s->bulk, BULK_SAFE);
            /* A device with a new engine id may say so in a way that libsnmp
             * does not tell us, as it has no user of that name there. */
            s->discover = !s->n_discoveries;
        }
        send_message(s);        /* The one before may still be answered. */
        return;
    }
    close_handle(s);            /* And with it what comes late. */
    if (s->discovering) {
        finish(s, SWITCH_REPLY_NOT_SENT, xstrdup("no answer"));
    } else {
        finish(s, SWITCH_REPLY_TIMEOUT, explain_silence(s));
    }
}

/* True if the answer is one to exactly what was asked. */
static bool
answers_request(const struct snmp *s)
{
    if (s->answer.n != s->request.n) {
        return false;
    }
    for (size_t i = 0; i < s->answer.n; i++) {
        if (mib_oid_compare(&s->answer.v[i].oid, &s->request.v[i].oid)) {
            return false;
        }
    }
    return true;
}

static void
walk_answered(struct snmp *s)
{
    if (s->status == SWITCH_REPLY_REFUSED && s->bulk > 1) {
        s->bulk = s->bulk > BULK_SAFE ? BULK_SAFE : 1;
        send_message(s);
    } else if (s->status != SWITCH_REPLY_OK) {
        char *error = s->error;

        s->error = NULL;
        finish(s, s->status, error);
    } else {
        char *error = switch_walk_take(&s->walk, &s->answer);

        s->n_tries = 0;
        if (error) {
            finish(s, SWITCH_REPLY_BROKEN, error);
        } else if (switch_walk_is_done(&s->walk)) {
            finish(s, SWITCH_REPLY_OK, NULL);
        } else {
            send_message(s);
        }
    }
}

/* An answer is there. */
static void
answered(struct snmp *s)
{
    bool again = s->again;

    s->waiting = false;
    s->answered = false;
    s->n_sent = 0;
    if (again) {
        close_handle(s);
        send_message(s);
        return;
    }
    if (s->status == SWITCH_REPLY_OK) {
        s->proven = true;
        keep_engine(s, false);
    }
    if (s->kind == WALK) {
        walk_answered(s);
    } else if (s->status == SWITCH_REPLY_OK && !answers_request(s)) {
        finish(s, SWITCH_REPLY_BROKEN,
               xstrdup("the answer is not one to what was asked"));
    } else {
        char *error = s->error;

        s->error = NULL;
        finish(s, s->status, error);
    }
}

/* --- The session -----------------------------------------------------------*/

static void
start(struct snmp *s, enum kind kind)
{
    ovs_assert(!s->session.busy);
    s->session.busy = true;
    s->kind = kind;
    s->bulk = BULK;
    s->n_tries = s->n_pdus = s->n_discoveries = 0;
    s->discover = s->doubted;
}

static void
snmp_get(struct switch_session *session, const struct mib_oid *oids, size_t n)
{
    struct snmp *s = snmp_cast(session);

    start(s, GET);
    for (size_t i = 0; i < n; i++) {
        mib_varbinds_add_null(&s->request, &oids[i]);
    }
    send_message(s);
}

static void
snmp_walk(struct switch_session *session, const struct mib_oid *roots,
          size_t n)
{
    struct snmp *s = snmp_cast(session);

    start(s, WALK);
    switch_walk_init(&s->walk, roots, n);
    if (switch_walk_is_done(&s->walk)) {
        finish(s, SWITCH_REPLY_OK, NULL);
    } else {
        send_message(s);
    }
}

static void
snmp_set(struct switch_session *session, const struct mib_varbind *vbs,
         size_t n)
{
    struct snmp *s = snmp_cast(session);

    start(s, SET);
    for (size_t i = 0; i < n; i++) {
        mib_varbinds_add(&s->request, &vbs[i].oid, &vbs[i].value);
    }
    send_message(s);
}

/* Lets libsnmp take in what has come. */
static void
receive(struct snmp *s)
{
    for (int i = 0; i < MAX_DATAGRAMS && s->waiting && !s->answered; i++) {
        struct pollfd pfd = {
            .fd = snmp_sess_transport(s->handle)->sock,
            .events = POLLIN,
        };
        netsnmp_large_fd_set fds;

        if (poll(&pfd, 1, 0) <= 0) {
            break;
        }
        netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
        netsnmp_large_fd_setfd(pfd.fd, &fds);
        snmp_sess_read2(s->handle, &fds);
        netsnmp_large_fd_set_cleanup(&fds);
    }
}

static void
snmp_run(struct switch_session *session, long long int now)
{
    struct snmp *s = snmp_cast(session);

    while (s->waiting) {
        receive(s);
        if (s->answered) {
            answered(s);
        } else if (now >= s->deadline) {
            timed_out(s);
            break;
        } else {
            break;
        }
    }
}

static void
snmp_wait(struct switch_session *session)
{
    struct snmp *s = snmp_cast(session);

    if (s->reply) {
        poll_immediate_wake();
    } else if (s->waiting) {
        poll_fd_wait(snmp_sess_transport(s->handle)->sock, POLLIN);
        poll_timer_wait_until(s->deadline);
    }
}

static struct switch_reply *
snmp_reply(struct switch_session *session)
{
    struct snmp *s = snmp_cast(session);
    struct switch_reply *reply = s->reply;

    if (reply) {
        s->reply = NULL;
        session->busy = false;
    }
    return reply;
}

static void
snmp_cancel(struct switch_session *session)
{
    struct snmp *s = snmp_cast(session);

    close_handle(s);
    switch_reply_destroy(s->reply);
    s->reply = NULL;
    session->busy = false;
    mib_varbinds_destroy(&s->answer);
    mib_varbinds_destroy(&s->request);
    switch_walk_destroy(&s->walk);
}

static void
snmp_destroy(struct switch_session *session)
{
    struct snmp *s = snmp_cast(session);

    snmp_cancel(session);
    keep_engine(s, true);
    ovs_list_remove(&s->node);
    free(s->error);
    free(s->name);
    free(s->peer);
    free(s->state_path);
    free(s);
}

/* Understands the address.  False if it is none. */
static bool
set_address(struct snmp *s, const struct switch_snmp_options *o)
{
    struct sockaddr_in *sin = (struct sockaddr_in *) &s->address;
    struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *) &s->address;
    uint16_t port = o->port ? o->port : 161;

    if (inet_pton(AF_INET, o->address, &sin->sin_addr) == 1) {
        sin->sin_family = AF_INET;
        sin->sin_port = htons(port);
        s->address_len = sizeof *sin;
        s->peer = xasprintf("udp:%s:%d", o->address, port);
        return true;
    } else if (inet_pton(AF_INET6, o->address, &sin6->sin6_addr) == 1) {
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons(port);
        s->address_len = sizeof *sin6;
        s->peer = xasprintf("udp6:[%s]:%d", o->address, port);
        return true;
    }
    return false;
}

char *
switch_snmp_open(const char *name, const struct switch_snmp_options *o,
                 struct switch_session **session)
{
    static const struct switch_session_class class = {
        .get = snmp_get,
        .walk = snmp_walk,
        .set = snmp_set,
        .run = snmp_run,
        .wait = snmp_wait,
        .reply = snmp_reply,
        .cancel = snmp_cancel,
        .destroy = snmp_destroy,
        .twin = snmp_twin,
    };
    struct snmp *s = xzalloc(sizeof *s);

    *session = NULL;
    init_once();
    s->session.class = &class;
    if (!set_address(s, o)) {
        free(s);
        return xasprintf("\"%s\" is no IP address; a switch is not looked up "
                         "by name", o->address);
    }
    s->name = xstrdup(name);
    s->credentials = o->credentials;
    s->read_timeout = o->read_timeout_ms ? o->read_timeout_ms : 1000;
    s->read_tries = MIN(o->read_tries ? o->read_tries : 4, MAX_TRIES);
    s->set_timeout = o->set_timeout_ms ? o->set_timeout_ms : 10000;
    if (o->state_dir && o->credentials->version == 3
        && *name && *name != '.' && !strchr(name, '/')) {
        s->state_path = xasprintf("%s/%s.engine", o->state_dir, name);
        if (!switch_engine_load(s->state_path, &s->engine)) {
            s->kept = s->engine;
        }
    }
    note_overhead(s);
    ovs_list_push_back(&all_sessions, &s->node);
    *session = &s->session;
    return NULL;
}
