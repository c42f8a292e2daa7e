/* SPDX-License-Identifier: Apache-2.0
 *
 * tvd-controller: options, the poll loop, start and end. */

#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command-line.h"
#include "controller/access.h"
#include "controller/api-server.h"
#include "controller/dbserver.h"
#include "controller/engine.h"
#include "controller/enrol-server.h"
#include "controller/member.h"
#include "controller/switch-open.h"
#include "controller/switches.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "lib/ca.h"
#include "lib/daemon-main.h"
#include "lib/dirs.h"
#include "lib/duration.h"
#include "lib/remotes.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "process.h"
#include "stream.h"
#include "stream-ssl.h"
#include "svec.h"
#include "switchcfg/profile-files.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(controller);

/* That the database server may have open, if that is ours to say. */
#define MAX_FILES 65536

#define SWITCH_CREDENTIALS_DIR "/etc/tvd/credentials"

struct options {
    char *db;                   /* NULL: embedded. */
    char *api;                  /* For root, on this machine. */
    struct svec tls_api;        /* For administrators elsewhere. */
    char *unixctl;
    char *pki;                  /* NULL: none, or of the embedded one. */
    struct svec listen;         /* Of the database server. */
    struct svec enrol;          /* For hosts that want certificates. */
    long long int lifetime;     /* Of hosts' certificates, seconds. */
    long long int grace;        /* For renewing them, seconds. */
    const char *credentials;    /* Folder of secrets of switches. */
    const char *profiles;       /* Folder of kinds of switches. */
    const char *traps;          /* Where switches send traps, or NULL. */
    const char *member;         /* Sign a certificate for it, and end. */
};

static OVS_NO_RETURN void
usage(void)
{
    printf("%s: network isolation controller for Trusted Virtual Domains\n"
           "usage: %s [OPTIONS]\n"
           "\nOptions:\n"
           "  --db=REMOTE             database, such as unix:FILE or\n"
           "                          ssl:IP:PORT[,...]; default: an own\n"
           "                          ovsdb-server on %s/tvd.db\n"
           "  --api=PASSIVE           where tvdctl connects\n"
           "                          (default: punix:%s/controller.sock);\n"
           "                          pssl:PORT[:IP] in addition\n"
           "  --listen=pssl:PORT[:IP] where the own ovsdb-server, or each\n"
           "                          member of a cluster, listens for agents\n"
           "                          of other hosts\n"
           "  --enrol=ptcp:PORT[:IP]  where hosts ask for certificates\n"
           "  --certificate-lifetime=TIME  of hosts' certificates, such as\n"
           "                          15m or 24h (default: %dh)\n"
           "  --certificate-grace=TIME  in which one that ran out can be\n"
           "                          renewed (default: %dd)\n"
           "  --pki=DIR               keys of the authorities, to be shared by\n"
           "                          several controllers (default: %s/pki,\n"
           "                          with --db: none)\n"
           "  --certify-member=NAME   sign the request on standard input for\n"
           "                          a machine of a cluster, and end\n"
           "  --switch-credentials=DIR  files with what to log in to switches\n"
           "                          (default: %s)\n"
           "  --switch-profiles=DIR   what kinds of switches differ in\n"
           "                          (default: %s)\n"
           "  --switch-traps=PORT[:IP]  where switches send SNMP traps to\n"
           "                          (default: nowhere)\n"
           "  --unixctl=SOCKET        control socket\n"
           "                          (default: %s/tvd-controller.ctl)\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n",
           program_name, program_name, tvd_dbdir(), tvd_rundir(),
           ACCESS_DEFAULT_LIFETIME / 3600, ACCESS_DEFAULT_GRACE / 86400,
           tvd_dbdir(), SWITCH_CREDENTIALS_DIR, SWITCH_PROFILES_DIR,
           tvd_rundir());
    daemon_usage();
    vlog_usage();
    stream_usage("REMOTE", true, true, false);
    exit(EXIT_SUCCESS);
}

static void
set_db(struct options *o, const char *remotes)
{
    char *error;

    free(o->db);
    error = remotes_parse(remotes, &o->db);
    if (error) {
        ovs_fatal(0, "--db: %s", error);
    }
}

static void
add_listen(struct svec *targets, const char *target)
{
    char *error = access_check_target(target);

    if (error) {
        ovs_fatal(0, "%s", error);
    }
    svec_add(targets, target);
}

static void
add_api(struct options *o, const char *target)
{
    if (!strncmp(target, "pssl:", 5)) {
        add_listen(&o->tls_api, target);
    } else {
        free(o->api);
        o->api = xstrdup(target);
    }
}

static void
add_enrol(struct svec *targets, const char *target)
{
    char *error = enrol_server_check_target(target);

    if (error) {
        ovs_fatal(0, "%s", error);
    }
    svec_add(targets, target);
}

/* A plain number is one of hours. */
static long long int
parse_time(const char *option, const char *text, long long int min)
{
    char *number = xstrdup(text);
    long long int seconds;
    char *error;

    if (text[0] && strspn(text, "0123456789") == strlen(text)) {
        free(number);
        number = xasprintf("%sh", text);
    }
    error = duration_parse(number, min, ACCESS_MAX_LIFETIME, &seconds);
    if (error) {
        ovs_fatal(0, "bad %s '%s': %s", option, text, error);
    }
    free(number);
    return seconds;
}

static void
complete_options(struct options *o)
{
    if (o->db && o->member) {
        ovs_fatal(0, "--certify-member needs no --db, but the keys: --pki");
    }
    if (o->db && !o->pki && o->listen.n) {
        ovs_fatal(0, "--listen is for the controller's own database server; "
                  "with --db, it needs --pki");
    }
    if (o->db && !o->pki && (o->tls_api.n || o->enrol.n)) {
        ovs_fatal(0, "%s needs the controller's own authority, which there is "
                  "none of with --db and without --pki",
                  o->tls_api.n ? "--api=pssl:" : "--enrol");
    }
    if (o->db && o->tls_api.n && strstr(o->db, "ssl:")) {
        ovs_fatal(0, "--api=pssl: and --db=ssl: need different certificates; "
                  "let tvd-link connect to the database, see "
                  "tvd-db-cluster(8)");
    }
    o->api = o->api ? o->api : xasprintf("punix:%s/controller.sock",
                                         tvd_rundir());
    o->unixctl = o->unixctl ? o->unixctl : tvd_run_path("tvd-controller.ctl");
}

enum {
    OPT_DB = DAEMON_MAIN_OWN,
    OPT_API,
    OPT_UNIXCTL,
    OPT_LISTEN,
    OPT_LIFETIME,
    OPT_GRACE,
    OPT_ENROL,
    OPT_PKI,
    OPT_CERTIFY_MEMBER,
    OPT_SWITCH_CREDENTIALS,
    OPT_SWITCH_PROFILES,
    OPT_SWITCH_TRAPS,
};

/* Handles an option about switches; returns false if it is none. */
static bool
handle_switch_option(int c, struct options *o)
{
    switch (c) {
    case OPT_SWITCH_CREDENTIALS:
        o->credentials = optarg;
        return true;
    case OPT_SWITCH_PROFILES:
        o->profiles = optarg;
        return true;
    case OPT_SWITCH_TRAPS:
        o->traps = optarg;
        return true;
    default:
        return false;
    }
}

static bool
handle_option(int c, void *o_)
{
    struct options *o = o_;

    switch (c) {
    case OPT_DB:
        set_db(o, optarg);
        return true;
    case OPT_API:
        add_api(o, optarg);
        return true;
    case OPT_UNIXCTL:
        free(o->unixctl);
        o->unixctl = xstrdup(optarg);
        return true;
    case OPT_LISTEN:
        add_listen(&o->listen, optarg);
        return true;
    case OPT_LIFETIME:
        o->lifetime = parse_time("--certificate-lifetime", optarg,
                                 ACCESS_MIN_LIFETIME);
        return true;
    case OPT_GRACE:
        o->grace = parse_time("--certificate-grace", optarg, 0);
        return true;
    case OPT_ENROL:
        add_enrol(&o->enrol, optarg);
        return true;
    case OPT_PKI:
        free(o->pki);
        o->pki = xstrdup(optarg);
        return true;
    case OPT_CERTIFY_MEMBER:
        o->member = optarg;
        return true;
    default:
        return handle_switch_option(c, o);
    }
}

static void
parse_options(int argc, char *argv[], struct options *o)
{
    static const struct option long_options[] = {
        { "db", required_argument, NULL, OPT_DB },
        { "api", required_argument, NULL, OPT_API },
        { "unixctl", required_argument, NULL, OPT_UNIXCTL },
        { "listen", required_argument, NULL, OPT_LISTEN },
        { "certificate-lifetime", required_argument, NULL, OPT_LIFETIME },
        { "certificate-grace", required_argument, NULL, OPT_GRACE },
        { "enrol", required_argument, NULL, OPT_ENROL },
        { "pki", required_argument, NULL, OPT_PKI },
        { "certify-member", required_argument, NULL, OPT_CERTIFY_MEMBER },
        { "switch-credentials", required_argument, NULL,
          OPT_SWITCH_CREDENTIALS },
        { "switch-profiles", required_argument, NULL, OPT_SWITCH_PROFILES },
        { "switch-traps", required_argument, NULL, OPT_SWITCH_TRAPS },
        DAEMON_MAIN_LONG_OPTIONS,
        STREAM_SSL_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };

    daemon_main_options(argc, argv, long_options, handle_option, o, usage);
    daemon_main_no_arguments(argc, argv);
    complete_options(o);
}

/* Ends the embedded server when we are told to end by a signal.  (After a
 * crash it runs on, and is found again.) */
static void
stop_dbserver(void *dbserver_)
{
    struct dbserver **dbserver = dbserver_;

    if (*dbserver) {
        dbserver_stop(*dbserver);
    }
}

static struct ca *
open_ca(const struct options *o)
{
    char *dir = o->pki ? xstrdup(o->pki) : xasprintf("%s/pki", tvd_dbdir());
    struct ca *ca;
    char *error;

    if (o->db && !o->pki) {
        free(dir);
        return NULL;
    }
    daemon_main_make_dir(tvd_dbdir(), 0700);
    error = ca_open(dir, time_wall(), &ca);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    free(dir);
    return ca;
}

/* Answers "--certify-member": a request comes in, a bundle goes out. */
static void
certify_member(const struct options *o)
{
    char csr[CA_MAX_REQUEST + 2];
    struct ds bundle = DS_EMPTY_INITIALIZER;
    struct ca *ca = open_ca(o);
    char *error;

    csr[fread(csr, 1, sizeof csr - 1, stdin)] = '\0';
    error = member_certify(ca, o->member, csr, time_wall(), &bundle);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    if (fputs(ds_cstr(&bundle), stdout) < 0 || fflush(stdout)) {
        ovs_fatal(errno, "cannot write the certificate");
    }
    ds_destroy(&bundle);
    ca_close(ca);
}

/* The database server, which inherits it, has a connection for each agent, and
 * for each stranger. */
static void
allow_many_files(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = MAX(limit.rlim_cur, MIN(limit.rlim_max, MAX_FILES));
        if (setrlimit(RLIMIT_NOFILE, &limit)) {
            VLOG_DBG("cannot have more open files: %s", ovs_strerror(errno));
        }
    }
}

/* Nothing listens on TLS without it. */
static void
renew_server_certificate(struct ca *ca)
{
    long long int next;
    char *error = ca_renew_server(ca, time_wall(), &next);

    if (error) {
        ovs_fatal(0, "%s", error);
    }
}

static struct dbserver *
start_dbserver(struct ca *ca)
{
    struct dbserver *dbserver;
    char *error;

    renew_server_certificate(ca);
    allow_many_files();
    dbserver = dbserver_create(tvd_rundir(), tvd_dbdir());
    dbserver_set_tls(dbserver, ca_server_file(ca),
                     ca_certificate_file(ca, CA_HOSTS));
    error = dbserver_prepare(dbserver);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    return dbserver;
}

static struct access *
start_access(const struct options *o, struct ca *ca)
{
    return access_create(&(struct access_config) {
        .ca = ca,
        .own_server = !o->db,
        .listen = o->listen,
        .lifetime = o->lifetime,
        .grace = o->grace,
    });
}

static struct engine *
start_engine(const struct options *o, const struct dbserver *dbserver,
             struct access *access)
{
    char host[HOST_NAME_MAX + 1] = "";
    struct engine *engine;
    char *name;

    ignore(gethostname(host, sizeof host - 1));
    name = xasprintf("%s (%s)", host[0] ? host : "unnamed host", o->api);
    engine = engine_create(o->db, name, dbserver, access);
    free(name);
    return engine;
}

/* What is remembered of switches is kept beside the database. */
static struct switch_openings *
start_switches(const struct options *o, struct engine *engine)
{
    char *state_dir = xasprintf("%s/switches", tvd_dbdir());
    struct switch_openings *openings;
    struct switches *switches;
    char *error;

    daemon_main_make_dir(tvd_dbdir(), 0700);
    daemon_main_make_dir(state_dir, 0700);
    openings = switch_openings_create(o->credentials, state_dir);
    error = switches_create(&(struct switches_config) {
            .profiles_dir = o->profiles,
            .traps = o->traps,
            .state_dir = state_dir,
            .open = switch_open,
            .close = switch_close,
            .aux = openings,
            .sink = engine_sink(engine),
        }, &switches);
    if (error) {
        ovs_fatal(0, "--switch-traps: %s", error);
    }
    engine_set_switches(engine, switches);
    free(state_dir);
    return openings;
}

/* The sockets of the API, and those at which hosts enrol. */
struct apis {
    struct api_server **servers;
    size_t n;
    struct enrol_server **enrol;
    size_t n_enrol;
};

static void
add_api_server(struct apis *apis, const char *target, struct engine *engine)
{
    int error = api_server_create(target, engine_handle, engine,
                                  &apis->servers[apis->n]);

    if (error) {
        ovs_fatal(error, "cannot listen on %s", target);
    }
    apis->n++;
}

static void
open_apis(struct apis *apis, const struct options *o, struct ca *ca,
          struct engine *engine)
{
    apis->servers = xcalloc(o->tls_api.n + 1, sizeof *apis->servers);
    add_api_server(apis, o->api, engine);
    if (o->tls_api.n) {
        renew_server_certificate(ca);
        access_use_tls(ca);
    }
    for (size_t i = 0; i < o->tls_api.n; i++) {
        add_api_server(apis, o->tls_api.names[i], engine);
    }
}

static void
close_apis(struct apis *apis)
{
    for (size_t i = 0; i < apis->n; i++) {
        api_server_destroy(apis->servers[i]);
    }
    for (size_t i = 0; i < apis->n_enrol; i++) {
        enrol_server_destroy(apis->enrol[i]);
    }
    free(apis->servers);
    free(apis->enrol);
}

static void
open_enrol_servers(struct apis *apis, const struct options *o,
                   struct engine *engine)
{
    apis->enrol = xcalloc(o->enrol.n + 1, sizeof *apis->enrol);
    for (size_t i = 0; i < o->enrol.n; i++) {
        int error = enrol_server_create(o->enrol.names[i], engine_enrol,
                                        engine, &apis->enrol[i]);

        if (error) {
            ovs_fatal(error, "cannot listen on %s", o->enrol.names[i]);
        }
        apis->n_enrol++;
    }
}

static void
run_apis(const struct apis *apis)
{
    for (size_t i = 0; i < apis->n; i++) {
        api_server_run(apis->servers[i], time_msec());
    }
    for (size_t i = 0; i < apis->n_enrol; i++) {
        enrol_server_run(apis->enrol[i], time_msec());
    }
}

static void
wait_apis(const struct apis *apis)
{
    for (size_t i = 0; i < apis->n; i++) {
        api_server_wait(apis->servers[i]);
    }
    for (size_t i = 0; i < apis->n_enrol; i++) {
        enrol_server_wait(apis->enrol[i]);
    }
}

static void
run(struct engine *engine, struct dbserver *dbserver, const struct apis *apis,
    struct unixctl_server *unixctl, const bool *exiting)
{
    while (!*exiting) {
        process_run();
        /* Requests first: what they ask for is begun in the same turn. */
        run_apis(apis);
        engine_run(engine);
        if (dbserver) {
            dbserver_run(dbserver, engine_is_connected(engine));
        }
        unixctl_server_run(unixctl);

        if (dbserver) {
            dbserver_wait(dbserver);
        }
        engine_wait(engine);
        wait_apis(apis);
        unixctl_server_wait(unixctl);
        if (*exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
}

int
main(int argc, char *argv[])
{
    struct options options = {
        .listen = SVEC_EMPTY_INITIALIZER,
        .tls_api = SVEC_EMPTY_INITIALIZER,
        .enrol = SVEC_EMPTY_INITIALIZER,
        .lifetime = ACCESS_DEFAULT_LIFETIME,
        .grace = ACCESS_DEFAULT_GRACE,
        .credentials = SWITCH_CREDENTIALS_DIR,
        .profiles = SWITCH_PROFILES_DIR,
    };
    struct switch_openings *openings;
    struct unixctl_server *unixctl;
    struct dbserver *dbserver = NULL;
    struct access *access;
    struct ca *ca;
    struct apis apis = { .n = 0 };
    struct engine *engine;
    bool exiting = false;

    ovs_cmdl_proctitle_init(argc, argv);
    set_program_name(argv[0]);
    parse_options(argc, argv, &options);
    if (options.member) {
        umask(077);
        certify_member(&options);
        return 0;
    }
    fatal_ignore_sigpipe();

    daemon_main_make_dir(tvd_rundir(), 0755);
    /* Sockets, the database and its log are for us alone. */
    umask(077);
    daemonize_start(false);
    process_init();
    unixctl = daemon_main_open_control(options.unixctl, &exiting);
    ca = open_ca(&options);
    access = start_access(&options, ca);
    if (!options.db) {
        dbserver = start_dbserver(ca);
        fatal_signal_add_hook(stop_dbserver, NULL, &dbserver, false);
        options.db = xstrdup(dbserver_remote(dbserver));
    }
    engine = start_engine(&options, dbserver, access);
    openings = start_switches(&options, engine);
    open_apis(&apis, &options, ca, engine);
    open_enrol_servers(&apis, &options, engine);
    daemonize_complete();
    VLOG_INFO("tvd-controller %s", TVD_VERSION);

    run(engine, dbserver, &apis, unixctl, &exiting);

    close_apis(&apis);
    engine_destroy(engine);
    switch_openings_destroy(openings);
    if (dbserver) {
        struct dbserver *d = dbserver;

        dbserver_stop(d);
        dbserver = NULL;        /* Not for the hook any more. */
        dbserver_destroy(d);
    }
    access_destroy(access);
    ca_close(ca);
    unixctl_server_destroy(unixctl);
    svec_destroy(&options.listen);
    svec_destroy(&options.tls_api);
    svec_destroy(&options.enrol);
    free(options.pki);
    free(options.db);
    free(options.api);
    free(options.unixctl);
    return 0;
}
