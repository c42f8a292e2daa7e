/* SPDX-License-Identifier: Apache-2.0 */

/* net-snmp first: it has a configuration of its own. */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#undef PACKAGE_BUGREPORT
#undef PACKAGE_NAME
#undef PACKAGE_STRING
#undef PACKAGE_TARNAME
#undef PACKAGE_URL
#undef PACKAGE_VERSION
#include <config.h>
#include "switchsim/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "switchcfg/credentials.h"
#include "switchcfg/mib.h"
#include "switchsim/device.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sim_agent);

/* Of libnetsnmpmibs, whose headers are not installed. */
void init_vacm_vars(void);
void init_vacm_conf(void);
void init_vacm_config_tokens(void);
void init_usmUser(void);
void init_snmpEngine(void);
void vacm_parse_rwuser(const char *, char *);
void vacm_parse_rouser(const char *, char *);
void vacm_parse_rwcommunity(const char *, char *);
void vacm_parse_rocommunity(const char *, char *);
void snmpd_parse_config_trapsess(const char *, char *);

/* engineBoots has to grow with each start, and nothing is kept: the seconds
 * since this moment (2020-01-01), which fit. */
#define BOOTS_EPOCH 1577836800

struct sim_agent_state sim_agent;
static struct sim_agent_config config;
static struct mib_varbinds staged;      /* Of the SET under way. */
static netsnmp_transport *transport;
static int last_boots;

/* --- The ends of the transport ---------------------------------------------*/

/* An answer that waits. */
struct late_answer {
    struct ovs_list node;
    long long int due;
    void *opaque;               /* Where it goes. */
    int opaque_len;
    int len;
    uint8_t data[];
};
static struct ovs_list late_answers = OVS_LIST_INITIALIZER(&late_answers);

static int (*real_recv)(netsnmp_transport *, void *, int, void **, int *);
static int (*real_send)(netsnmp_transport *, const void *, int, void **,
                        int *);

static bool
is_too_many(long long int now)
{
    static long long int second;
    static unsigned int n;

    if (now - second >= 1000) {
        second = now;
        n = 0;
    }
    return sim_agent.rate && ++n > sim_agent.rate;
}

static int
agent_recv(netsnmp_transport *t, void *buf, int size, void **opaque, int *olen)
{
    int n = real_recv(t, buf, size, opaque, olen);

    if (n <= 0) {
        return n;
    }
    sim_agent.n_requests++;
    if (sim_agent.deaf || is_too_many(time_msec())) {
        sim_agent.n_dropped++;
        free(*opaque);
        *opaque = NULL;
        *olen = 0;
        return -1;
    }
    return n;
}

static int
agent_send(netsnmp_transport *t, const void *buf, int size, void **opaque,
           int *olen)
{
    struct late_answer *late;

    if (sim_agent.deaf) {
        return size;
    }
    if (!sim_agent.late || !opaque || !*opaque) {
        return real_send(t, buf, size, opaque, olen);
    }
    late = xmalloc(sizeof *late + size);
    late->due = time_msec() + sim_agent.late;
    late->opaque = xmemdup(*opaque, *olen);
    late->opaque_len = *olen;
    late->len = size;
    memcpy(late->data, buf, size);
    ovs_list_push_back(&late_answers, &late->node);
    return size;
}

static void
send_late_answers(long long int now)
{
    struct late_answer *late;

    LIST_FOR_EACH_SAFE (late, node, &late_answers) {
        if (now >= late->due) {
            ovs_list_remove(&late->node);
            if (!sim_agent.deaf) {
                real_send(transport, late->data, late->len, &late->opaque,
                          &late->opaque_len);
            }
            free(late->opaque);
            free(late);
        }
    }
}

/* --- Objects ---------------------------------------------------------------*/

static bool
from_oid(const oid *ids, size_t n, struct mib_oid *to)
{
    if (n > MIB_OID_MAX) {
        return false;
    }
    to->n = n;
    for (size_t i = 0; i < n; i++) {
        to->ids[i] = ids[i];
    }
    return true;
}

static void
set_name(netsnmp_variable_list *vb, const struct mib_oid *name)
{
    oid ids[MIB_OID_MAX];

    for (size_t i = 0; i < name->n; i++) {
        ids[i] = name->ids[i];
    }
    snmp_set_var_objid(vb, ids, name->n);
}

static void
set_value(netsnmp_variable_list *vb, const struct mib_value *v)
{
    if (v->type == MIB_COUNTER64) {
        struct counter64 c = { .high = v->number >> 32,
                               .low = v->number & UINT32_MAX };

        snmp_set_var_typed_value(vb, v->type, &c, sizeof c);
    } else if (mib_type_is_number(v->type)) {
        snmp_set_var_typed_integer(vb, v->type, v->number);
    } else if (v->type == MIB_OBJECT_ID) {
        oid ids[MIB_OID_MAX];

        for (size_t i = 0; i < v->oid->n; i++) {
            ids[i] = v->oid->ids[i];
        }
        snmp_set_var_typed_value(vb, ASN_OBJECT_ID, ids,
                                 v->oid->n * sizeof *ids);
    } else {
        snmp_set_var_typed_value(vb, v->type, v->n_octets ? v->octets
                                 : (const void *) "", v->n_octets);
    }
}

/* The varbind of a SET as ours. */
static bool
stage(const netsnmp_variable_list *vb)
{
    struct mib_oid name;

    if (!from_oid(vb->name, vb->name_length, &name)) {
        return false;
    }
    switch (vb->type) {
    case ASN_INTEGER:
        mib_varbinds_add_number(&staged, &name, MIB_INTEGER,
                                (int64_t) (int32_t) *vb->val.integer);
        return true;
    case ASN_COUNTER:
    case ASN_UNSIGNED:
    case ASN_TIMETICKS:
        mib_varbinds_add_number(&staged, &name, (enum mib_type) vb->type,
                                (uint32_t) *vb->val.integer);
        return true;
    case ASN_OCTET_STR:
        mib_varbinds_add_octets(&staged, &name, vb->val.string, vb->val_len);
        return true;
    default:
        return false;
    }
}

static void
answer_get(netsnmp_agent_request_info *info, netsnmp_request_info *r)
{
    const struct mib_value *v = NULL;
    struct mib_oid name;

    if (from_oid(r->requestvb->name, r->requestvb->name_length, &name)) {
        v = sim_device_get(config.device, &name, time_msec());
    }
    if (v) {
        set_value(r->requestvb, v);
    } else {
        netsnmp_set_request_error(info, r, SNMP_NOSUCHINSTANCE);
    }
}

static void
answer_getnext(netsnmp_request_info *r)
{
    const struct mib_varbind *vb = NULL;
    struct mib_oid name;

    if (from_oid(r->requestvb->name, r->requestvb->name_length, &name)) {
        vb = sim_device_next(config.device, &name, r->inclusive, time_msec());
    }
    if (vb) {
        set_name(r->requestvb, &vb->oid);
        set_value(r->requestvb, &vb->value);
    }
}

/* --- SET -------------------------------------------------------------------*/

static netsnmp_request_info *
nth_request(netsnmp_request_info *requests, size_t n)
{
    while (n > 1 && requests->next) {
        requests = requests->next;
        n--;
    }
    return requests;
}

static void
reserve1(netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    mib_varbinds_destroy(&staged);
    for (netsnmp_request_info *r = requests; r; r = r->next) {
        if (!stage(r->requestvb)) {
            netsnmp_set_request_error(info, r, SNMP_ERR_WRONGTYPE);
            return;
        }
    }
}

static void
reserve2(netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    size_t error_index;
    char *why;
    int error = sim_device_set(config.device, staged.v, staged.n, time_msec(),
                               &error_index, &why);

    sim_agent.n_sets++;
    if (error) {
        VLOG_INFO("SET refused: %s%s%s", mib_error_to_string(error),
                  why ? ": " : "", why ? why : "");
        netsnmp_set_request_error(info, nth_request(requests, error_index),
                                  error);
    }
    free(why);
}

static void
set_phase(netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    switch (info->mode) {
    case MODE_SET_RESERVE1:
        reserve1(info, requests);
        break;
    case MODE_SET_RESERVE2:
        reserve2(info, requests);
        break;
    case MODE_SET_ACTION:
        if (config.apply(config.aux)) {
            netsnmp_set_request_error(info, requests, SNMP_ERR_COMMITFAILED);
        }
        break;
    case MODE_SET_COMMIT:
        sim_device_commit(config.device);
        config.done(config.aux);
        break;
    case MODE_SET_UNDO:
        sim_device_undo(config.device);
        if (config.apply(config.aux)) {
            netsnmp_set_request_error(info, requests, SNMP_ERR_UNDOFAILED);
        }
        break;
    case MODE_SET_FREE:
        sim_device_undo(config.device);
        break;
    }
}

static int
handle(netsnmp_mib_handler *handler OVS_UNUSED,
       netsnmp_handler_registration *registration OVS_UNUSED,
       netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    if (MODE_IS_SET(info->mode)) {
        set_phase(info, requests);
        return SNMP_ERR_NOERROR;
    }
    for (netsnmp_request_info *r = requests; r; r = r->next) {
        if (r->processed) {
            continue;
        } else if (info->mode == MODE_GET) {
            answer_get(info, r);
        } else {
            answer_getnext(r);
        }
    }
    return SNMP_ERR_NOERROR;
}

/* --- Who may ---------------------------------------------------------------*/

/* Gives 'line', which may hold a secret, to one of the library's parsers. */
static void
configure(void (*parse)(const char *, char *), const char *token, char *line)
{
    parse(token, line);
    explicit_bzero(line, strlen(line));
    free(line);
}

static void
add_v3_user(const struct switch_credentials *c, bool read_only)
{
    static const char *const auths[] = {
        [SWITCH_AUTH_SHA1] = "SHA",
        [SWITCH_AUTH_SHA256] = "SHA-256",
        [SWITCH_AUTH_SHA512] = "SHA-512",
    };
    static const char *const privs[] = {
        [SWITCH_PRIV_AES128] = "AES",
        [SWITCH_PRIV_AES256] = "AES-256",
    };

    configure(usm_parse_create_usmUser, "createUser",
              xasprintf("\"%s\" %s \"%s\" %s \"%s\"", c->user,
                        auths[c->auth], c->auth_password, privs[c->priv],
                        c->priv_password));
    configure(read_only ? vacm_parse_rouser : vacm_parse_rwuser,
              read_only ? "rouser" : "rwuser",
              xasprintf("\"%s\" priv", c->user));
}

static void
add_community(const struct switch_credentials *c, bool read_only)
{
    void (*parse)(const char *, char *)
        = read_only ? vacm_parse_rocommunity : vacm_parse_rwcommunity;

    configure(parse, read_only ? "rocommunity" : "rwcommunity",
              xasprintf("\"%s\"", c->community));
    configure(parse, read_only ? "rocommunity6" : "rwcommunity6",
              xasprintf("\"%s\"", c->community));
}

/* True if a secret can stand in quotes in a line of the library's
 * configuration. */
static bool
is_plain(const char *s)
{
    return !s || !strpbrk(s, "\"\\");
}

static char *
add_user(const struct sim_user *u)
{
    const struct switch_credentials *c = u->credentials;

    if (!is_plain(c->user) || !is_plain(c->auth_password)
        || !is_plain(c->priv_password) || !is_plain(c->community)) {
        return xstrdup("credentials with a quote or a backslash cannot be "
                       "used here");
    } else if (c->version == 3) {
        add_v3_user(c, u->read_only);
    } else {
        add_community(c, u->read_only);
    }
    return NULL;
}

static void
add_sink(const char *sink)
{
    const struct switch_credentials *c = config.users[0].credentials;

    configure(snmpd_parse_config_trapsess, "trapsess",
              c->version == 3
              ? xasprintf("-v 3 -u \"%s\" -l authPriv %s", c->user, sink)
              : xasprintf("-v 2c -c \"%s\" %s", c->community, sink));
}

static void
begin_engine_time(void)
{
    int boots = time(NULL) - BOOTS_EPOCH;
    size_t len;
    u_char *engine_id = snmpv3_generate_engineID(&len);
    char *line;

    last_boots = MAX(boots, last_boots + 1);
    /* The library adds 1, and takes for its time what it took before: to
     * managers a larger number of boots is what counts. */
    line = xasprintf("engineBoots %d", last_boots - 1);
    netsnmp_config(line);
    free(line);
    set_enginetime(engine_id, len, snmpv3_local_snmpEngineBoots(),
                   snmpv3_local_snmpEngineTime(), TRUE);
    free(engine_id);
    netsnmp_set_agent_uptime(0);
}

/* --- Traps -----------------------------------------------------------------*/

static void
send_trap(const oid *trap, size_t trap_len, uint32_t if_index, bool up)
{
    static const oid trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
    oid columns[][11] = {
        { 1, 3, 6, 1, 2, 1, 2, 2, 1, 1, if_index },     /* ifIndex */
        { 1, 3, 6, 1, 2, 1, 2, 2, 1, 7, if_index },     /* ifAdminStatus */
        { 1, 3, 6, 1, 2, 1, 2, 2, 1, 8, if_index },     /* ifOperStatus */
    };
    const int values[] = { if_index, 1, up ? 1 : 2 };
    netsnmp_variable_list *vars = NULL;

    snmp_varlist_add_variable(&vars, trap_oid, OID_LENGTH(trap_oid),
                              ASN_OBJECT_ID, trap, trap_len * sizeof *trap);
    for (size_t i = 0; if_index && i < ARRAY_SIZE(columns); i++) {
        snmp_varlist_add_variable(&vars, columns[i], OID_LENGTH(columns[i]),
                                  ASN_INTEGER, &values[i], sizeof values[i]);
    }
    send_v2trap(vars);
    snmp_free_varbind(vars);
}

void
sim_agent_send_link_trap(unsigned int port, bool up)
{
    const oid trap[] = { 1, 3, 6, 1, 6, 3, 1, 1, 5, up ? 4 : 3 };
    uint32_t if_index = sim_device_if_index(config.device, port);

    if (if_index && !sim_agent.deaf) {
        send_trap(trap, OID_LENGTH(trap), if_index, up);
    }
}

void
sim_agent_restarted(void)
{
    static const oid cold_start[] = { 1, 3, 6, 1, 6, 3, 1, 1, 5, 1 };

    begin_engine_time();
    send_trap(cold_start, OID_LENGTH(cold_start), 0, false);
}

/* --- The library -----------------------------------------------------------*/

/* What the library says.  It never says what is secret. */
static int
log_message(int major OVS_UNUSED, int minor OVS_UNUSED, void *message_,
            void *aux OVS_UNUSED)
{
    const struct snmp_log_message *message = message_;
    size_t len = strcspn(message->msg, "\n");

    VLOG(message->priority <= LOG_ERR ? VLL_WARN : VLL_DBG,
         "net-snmp: %.*s", (int) len, message->msg);
    return SNMP_ERR_NOERROR;
}

static void
init_library(void)
{
    setenv("MIBS", "", 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID,
                          NETSNMP_DS_LIB_PERSISTENT_DIR, "/dev/null");
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
                           NETSNMP_DS_AGENT_DONT_LOG_TCPWRAPPERS_CONNECTS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE,
                           0 /* Master. */);
    snmp_disable_log();
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
                           log_message, NULL);
    snmp_enable_calllog();
    init_agent("tvd-switchsim");
    init_vacm_conf();
    init_vacm_config_tokens();
    init_vacm_vars();
    init_usmUser();
    init_snmpEngine();
    init_snmp("tvd-switchsim");
}

static char *
open_transport(void)
{
    transport = netsnmp_transport_open_server("snmp", config.listen);
    if (!transport) {
        return xasprintf("cannot listen on %s: %s", config.listen,
                         ovs_strerror(errno));
    }
    real_recv = transport->f_recv;
    real_send = transport->f_send;
    transport->f_recv = agent_recv;
    transport->f_send = agent_send;
    if (!netsnmp_register_agent_nsap(transport)) {
        return xasprintf("cannot serve %s", config.listen);
    }
    return NULL;
}

char *
sim_agent_start(const struct sim_agent_config *c)
{
    static const oid root[] = { 1, 3, 6, 1 };
    netsnmp_handler_registration *registration;
    char *error = NULL;

    config = *c;
    init_library();
    setup_engineID(NULL, config.name);
    begin_engine_time();
    for (size_t i = 0; i < config.n_users && !error; i++) {
        error = add_user(&config.users[i]);
    }
    if (error) {
        return error;
    }
    registration = netsnmp_create_handler_registration(
        "switch", handle, root, OID_LENGTH(root), HANDLER_CAN_RWRITE);
    if (netsnmp_register_handler(registration) != MIB_REGISTERED_OK) {
        return xstrdup("cannot register the objects");
    }
    error = open_transport();
    for (size_t i = 0; i < config.n_sinks && !error; i++) {
        add_sink(config.sinks[i]);
    }
    return error;
}

void
sim_agent_stop(void)
{
    struct late_answer *late;

    LIST_FOR_EACH_POP (late, node, &late_answers) {
        free(late->opaque);
        free(late);
    }
    mib_varbinds_destroy(&staged);
    snmp_shutdown("tvd-switchsim");
    shutdown_agent();
}

/* What the library wants to wait for. */
static void
select_info(fd_set *fds, int *n_fds, struct timeval *timeout, int *block)
{
    FD_ZERO(fds);
    *n_fds = 0;
    *block = 1;
    *timeout = (struct timeval) { .tv_sec = 3600 };
    snmp_select_info(n_fds, fds, timeout, block);
}

void
sim_agent_run(long long int now)
{
    send_late_answers(now);
    /* One packet of each socket at a time. */
    for (int i = 0; i < 50 && agent_check_and_process(0) > 0; i++) {
        continue;
    }
}

void
sim_agent_wait(void)
{
    struct late_answer *late;
    struct timeval timeout;
    int n_fds, block;
    fd_set fds;

    select_info(&fds, &n_fds, &timeout, &block);
    for (int fd = 0; fd < n_fds; fd++) {
        if (FD_ISSET(fd, &fds)) {
            poll_fd_wait(fd, POLLIN);
        }
    }
    if (!block) {
        poll_timer_wait(timeout.tv_sec * 1000LL + timeout.tv_usec / 1000 + 1);
    }
    LIST_FOR_EACH (late, node, &late_answers) {
        poll_timer_wait_until(late->due);
    }
}
