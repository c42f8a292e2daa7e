/* SPDX-License-Identifier: Apache-2.0
 *
 * tvd-agent: the main program.  See tvd-agent(8). */

#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "agent/engine.h"
#include "agent/enroller.h"
#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "gateway/gateway.h"
#include "lib/dirs.h"
#include "lib/enrol.h"
#include "lib/idl-redial.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "stream.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(agent);

#define BRIDGE "br-tvd"

struct options {
    char *db;
    char *ovsdb;
    char *host;
    char *uplink;
    char *unixctl_path;
    bool enrol;
    char *controllers;          /* To enrol with; NULL: those of 'db'. */
    char *token_file;
};

static void usage(void) OVS_NO_RETURN;

static void
usage(void)
{
    printf("%s: enforces the policy of trusted virtual domains on this host\n"
           "usage: %s [OPTIONS]\n"
           "\nOptions:\n"
           "  --db=DATABASE      TVD database (default: unix:%s/tvd-db.sock)\n"
           "  --ovsdb=DATABASE   Open_vSwitch database (default: "
           "unix:%s/db.sock)\n"
           "  --host=NAME        name of this host in the policy (default:\n"
           "                     external_ids:tvd-host, else the host name)\n"
           "  --enrol[=IP[:PORT],...]  get a certificate with a token, from\n"
           "                     these controllers (default: where an ssl:\n"
           "                     DATABASE is, port %d)\n"
           "  --token-file=FILE  where the token is, - for standard input\n"
           "                     (default: %s/token)\n"
           "  --uplink=DEVICE    network device that leads to the fabric, \"\" "
           "for none\n"
           "                     (default: external_ids:tvd-uplink)\n"
           "  --unixctl=SOCKET   control socket (default: "
           "%s/tvd-agent.ctl)\n"
           "  -h, --help         display this help message\n"
           "  -V, --version      display version information\n",
           program_name, program_name, tvd_rundir(), ovs_rundir(),
           ENROL_PORT, tvd_agentdir(), tvd_rundir());
    stream_usage("DATABASE", true, false, false);
    daemon_usage();
    vlog_usage();
    exit(EXIT_SUCCESS);
}

enum {
    OPT_DB = UCHAR_MAX + 1,
    OPT_OVSDB,
    OPT_HOST,
    OPT_UPLINK,
    OPT_UNIXCTL,
    OPT_ENROL,
    OPT_TOKEN_FILE,
    VLOG_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
};

static void
check_remotes(const char *option, const char *remotes)
{
    char *error = idl_remotes_check(remotes);

    if (error) {
        ovs_fatal(0, "%s: %s", option, error);
    }
}

static void
check_controllers(const char *controllers)
{
    char *error = controllers ? enroller_check_remotes(controllers) : NULL;

    if (error) {
        ovs_fatal(0, "--enrol: %s", error);
    }
}

static void
handle_option(int c, struct options *o)
{
    switch (c) {
    case OPT_DB:
        check_remotes("--db", optarg);
        free(o->db);
        o->db = xstrdup(optarg);
        break;
    case OPT_OVSDB:
        check_remotes("--ovsdb", optarg);
        free(o->ovsdb);
        o->ovsdb = xstrdup(optarg);
        break;
    case OPT_HOST:
        free(o->host);
        o->host = xstrdup(optarg);
        break;
    case OPT_ENROL:
        check_controllers(optarg);
        o->enrol = true;
        free(o->controllers);
        o->controllers = nullable_xstrdup(optarg);
        break;
    case OPT_TOKEN_FILE:
        free(o->token_file);
        o->token_file = xstrdup(optarg);
        break;
    case OPT_UPLINK:
        free(o->uplink);
        o->uplink = xstrdup(optarg);
        break;
    case OPT_UNIXCTL:
        free(o->unixctl_path);
        o->unixctl_path = xstrdup(optarg);
        break;
    case 'h':
        usage();
    case 'V':
        printf("%s (TVD) %s\n", program_name, TVD_VERSION);
        exit(EXIT_SUCCESS);
    case OPT_PIDFILE: {
        /* Ours are not where Open vSwitch's are. */
        char *path = optarg ? xstrdup(optarg)
                            : tvd_run_path("tvd-agent.pid");

        set_pidfile(path);
        free(path);
        break;
    }
    case OPT_DETACH:
        set_detach();
        break;
    case OPT_NO_SELF_CONFINEMENT:
        daemon_disable_self_confinement();
        break;
    case OPT_NO_CHDIR:
        set_no_chdir();
        break;
    case OPT_OVERWRITE_PIDFILE:
        ignore_existing_pidfile();
        break;
    case OPT_MONITOR:
        daemon_set_monitor();
        break;
    case OPT_USER_GROUP:
        ovs_fatal(0, "--user: the agent needs the rights of root");
        break;
    VLOG_OPTION_HANDLERS
    STREAM_SSL_OPTION_HANDLERS
    default:
        exit(EXIT_FAILURE);
    }
}

static void
parse_options(int argc, char *argv[], struct options *o)
{
    static const struct option long_options[] = {
        { "db", required_argument, NULL, OPT_DB },
        { "ovsdb", required_argument, NULL, OPT_OVSDB },
        { "host", required_argument, NULL, OPT_HOST },
        { "uplink", required_argument, NULL, OPT_UPLINK },
        { "unixctl", required_argument, NULL, OPT_UNIXCTL },
        { "enrol", optional_argument, NULL, OPT_ENROL },
        { "token-file", required_argument, NULL, OPT_TOKEN_FILE },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        VLOG_LONG_OPTIONS,
        DAEMON_LONG_OPTIONS,
        STREAM_SSL_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, long_options,
                            NULL)) != -1) {
        handle_option(c, o);
    }
    free(short_options);
    if (optind < argc) {
        ovs_fatal(0, "unexpected argument \"%s\"; use --help for usage",
                  argv[optind]);
    }
    if (!o->db) {
        o->db = xasprintf("unix:%s/tvd-db.sock", tvd_rundir());
    }
    if (!o->ovsdb) {
        o->ovsdb = xasprintf("unix:%s/db.sock", ovs_rundir());
    }
    if (!o->unixctl_path) {
        o->unixctl_path = tvd_run_path("tvd-agent.ctl");
    }
    if (o->enrol && stream_ssl_is_configured()) {
        ovs_fatal(0, "--enrol gets a key and a certificate; --private-key, "
                  "--certificate and --ca-cert say that there are some");
    }
    if (o->enrol && !o->controllers) {
        o->controllers = enroller_default_remotes(o->db);
        if (!o->controllers) {
            ovs_fatal(0, "--enrol needs the address of a controller, since "
                      "--db names none (ssl:IP:PORT)");
        }
    }
}

static void
free_options(struct options *o)
{
    free(o->db);
    free(o->ovsdb);
    free(o->host);
    free(o->uplink);
    free(o->unixctl_path);
    free(o->controllers);
    free(o->token_file);
}

static void
make_rundir(void)
{
    if (mkdir(tvd_rundir(), 0755) && errno != EEXIST) {
        ovs_fatal(errno, "cannot make the directory %s", tvd_rundir());
    }
}

static void
handle_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
            const char *argv[] OVS_UNUSED, void *exiting)
{
    *(bool *) exiting = true;
    unixctl_command_reply(conn, NULL);
}

/* What identifies this host in a database elsewhere; NULL if that is done by the
 * files that options name, or is not needed. */
static struct enroller *
open_enroller(const struct options *o)
{
    struct enroller *enroller;
    char *error;

    if (!o->enrol && (stream_ssl_is_configured()
                      || !(strstr(o->db, ",ssl:")
                           || !strncmp(o->db, "ssl:", 4)))) {
        return NULL;
    }
    error = enroller_create(&(struct enroller_config) {
        .dir = tvd_agentdir(),
        .remotes = o->controllers,
        .token_file = o->token_file,
        .host = o->host,
    }, &enroller);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    return enroller;
}

static void
handle_identity(struct unixctl_conn *conn, int argc OVS_UNUSED,
                const char *argv[] OVS_UNUSED, void *enroller)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (enroller) {
        enroller_show(enroller, time_msec(), &ds);
    } else {
        ds_put_cstr(&ds, "not kept by the agent\n");
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

/* What the main loop drives. */
struct parts {
    struct engine *engine;      /* NULL until the host has an identity. */
    struct enroller *enroller;  /* NULL if it needs none of ours. */
    struct gateway_worker *worker;
    struct unixctl_server *unixctl;
};

static struct engine *
start_engine(const struct options *o, const struct parts *parts)
{
    const char *host = parts->enroller ? enroller_host(parts->enroller)
                                       : o->host;

    return engine_create(&(struct engine_config) {
        .db = o->db,
        .ovsdb = o->ovsdb,
        .rundir = ovs_rundir(),
        .bridge = BRIDGE,
        .host = host,
        .uplink = o->uplink,
        .worker = parts->worker,
    });
}

static void
run_enroller(struct parts *parts)
{
    if (parts->enroller) {
        enroller_run(parts->enroller,
                     parts->engine ? engine_sink(parts->engine) : NULL,
                     time_msec(), time_wall_msec());
        enroller_wait(parts->enroller);
    }
}

/* Returns false if the program is to be started anew. */
static bool
main_loop(const struct options *o, struct parts *parts, const bool *exiting)
{
    while (!*exiting) {
        run_enroller(parts);
        /* Without a name and a certificate there is nothing to be had from the
         * database; what is installed stays as it is. */
        if (!parts->engine && (!parts->enroller
                               || enroller_host(parts->enroller))) {
            parts->engine = start_engine(o, parts);
        }
        if (parts->engine && !engine_run(parts->engine)) {
            VLOG_ERR("the gateway worker has died");
            engine_wait(parts->engine);     /* Sends what there is to say. */
            return false;
        }
        unixctl_server_run(parts->unixctl);
        if (parts->engine) {
            engine_wait(parts->engine);
        }
        unixctl_server_wait(parts->unixctl);
        if (*exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
    return true;
}

int
main(int argc, char *argv[])
{
    struct options options = { .db = NULL };
    struct parts parts = { .engine = NULL };
    bool exiting = false;
    bool good;
    int error;

    ovs_cmdl_proctitle_init(argc, argv);
    set_program_name(argv[0]);
    parse_options(argc, argv, &options);
    fatal_ignore_sigpipe();
    make_rundir();
    daemonize_start(false);

    error = unixctl_server_create(options.unixctl_path, &parts.unixctl);
    if (error) {
        ovs_fatal(error, "cannot listen on %s", options.unixctl_path);
    }
    unixctl_command_register("exit", "", 0, 0, handle_exit, &exiting);
    error = gateway_worker_start(&parts.worker);
    if (error) {
        ovs_fatal(error, "cannot start the gateway worker");
    }
    /* After the worker, which gets no copy of the host's key so. */
    parts.enroller = open_enroller(&options);
    unixctl_command_register("tvd/identity", "", 0, 0, handle_identity,
                             parts.enroller);
    daemonize_complete();

    good = main_loop(&options, &parts, &exiting);
    engine_destroy(parts.engine);
    gateway_worker_stop(parts.worker);
    enroller_destroy(parts.enroller);
    unixctl_server_destroy(parts.unixctl);
    free_options(&options);
    service_stop();
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
