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
#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "gateway/gateway.h"
#include "lib/dirs.h"
#include "lib/idl-redial.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "stream.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(agent);

#define BRIDGE "br-tvd"

struct options {
    char *db;
    char *ovsdb;
    char *host;
    char *unixctl_path;
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
           "  --unixctl=SOCKET   control socket (default: "
           "%s/tvd-agent.ctl)\n"
           "  -h, --help         display this help message\n"
           "  -V, --version      display version information\n",
           program_name, program_name, tvd_rundir(), ovs_rundir(),
           tvd_rundir());
    stream_usage("DATABASE", true, false, false);
    daemon_usage();
    vlog_usage();
    exit(EXIT_SUCCESS);
}

enum {
    OPT_DB = UCHAR_MAX + 1,
    OPT_OVSDB,
    OPT_HOST,
    OPT_UNIXCTL,
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
        { "unixctl", required_argument, NULL, OPT_UNIXCTL },
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
}

static void
free_options(struct options *o)
{
    free(o->db);
    free(o->ovsdb);
    free(o->host);
    free(o->unixctl_path);
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

/* Returns false if the program is to be started anew. */
static bool
main_loop(struct engine *engine, struct unixctl_server *unixctl,
          const bool *exiting)
{
    while (!*exiting) {
        if (!engine_run(engine)) {
            VLOG_ERR("the gateway worker has died");
            engine_wait(engine);        /* Sends what there is to say. */
            return false;
        }
        unixctl_server_run(unixctl);
        engine_wait(engine);
        unixctl_server_wait(unixctl);
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
    struct gateway_worker *worker;
    struct unixctl_server *unixctl;
    struct engine *engine;
    bool exiting = false;
    bool good;
    int error;

    ovs_cmdl_proctitle_init(argc, argv);
    set_program_name(argv[0]);
    parse_options(argc, argv, &options);
    fatal_ignore_sigpipe();
    make_rundir();
    daemonize_start(false);

    error = unixctl_server_create(options.unixctl_path, &unixctl);
    if (error) {
        ovs_fatal(error, "cannot listen on %s", options.unixctl_path);
    }
    unixctl_command_register("exit", "", 0, 0, handle_exit, &exiting);
    error = gateway_worker_start(&worker);
    if (error) {
        ovs_fatal(error, "cannot start the gateway worker");
    }
    engine = engine_create(&(struct engine_config) {
        .db = options.db,
        .ovsdb = options.ovsdb,
        .rundir = ovs_rundir(),
        .bridge = BRIDGE,
        .host = options.host,
        .worker = worker,
    });
    daemonize_complete();

    good = main_loop(engine, unixctl, &exiting);
    engine_destroy(engine);
    gateway_worker_stop(worker);
    unixctl_server_destroy(unixctl);
    free_options(&options);
    service_stop();
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
