/* SPDX-License-Identifier: Apache-2.0
 *
 * tvd-agent: the main program.  See tvd-agent(8). */

#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "agent/engine.h"
#include "agent/enroller.h"
#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "gateway/gateway.h"
#include "lib/ca.h"
#include "lib/daemon-main.h"
#include "lib/dirs.h"
#include "lib/enrol.h"
#include "lib/remotes.h"
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
    OPT_DB = DAEMON_MAIN_OWN,
    OPT_OVSDB,
    OPT_HOST,
    OPT_UPLINK,
    OPT_UNIXCTL,
    OPT_ENROL,
    OPT_TOKEN_FILE,
};

static void
set_remotes(const char *option, char **remotes)
{
    char *error;

    free(*remotes);
    error = remotes_parse(optarg, remotes);
    if (error) {
        ovs_fatal(0, "%s: %s", option, error);
    }
}

static void
set_string(char **s)
{
    free(*s);
    *s = nullable_xstrdup(optarg);
}

static void
check_host(const char *name)
{
    if (!ca_host_name_is_good(name)) {
        ovs_fatal(0, "--host: '%s' cannot be the name of a host in a policy "
                  "(letters, digits, '.', '-' and '_')", name);
    }
}

static void
check_uplink(const char *device)
{
    if (strlen(device) >= IFNAMSIZ || strpbrk(device, "/ \t\n")) {
        ovs_fatal(0, "--uplink: '%s' is not the name of a network device "
                  "(fewer than %d characters, no '/' and no space)", device,
                  IFNAMSIZ);
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

static bool
handle_option(int c, void *o_)
{
    struct options *o = o_;

    switch (c) {
    case OPT_DB:
        set_remotes("--db", &o->db);
        break;
    case OPT_OVSDB:
        set_remotes("--ovsdb", &o->ovsdb);
        break;
    case OPT_HOST:
        check_host(optarg);
        set_string(&o->host);
        break;
    case OPT_ENROL:
        check_controllers(optarg);
        o->enrol = true;
        set_string(&o->controllers);
        break;
    case OPT_TOKEN_FILE:
        set_string(&o->token_file);
        break;
    case OPT_UPLINK:
        check_uplink(optarg);
        set_string(&o->uplink);
        break;
    case OPT_UNIXCTL:
        set_string(&o->unixctl_path);
        break;
    case OPT_USER_GROUP:
        ovs_fatal(0, "--user: the agent needs the rights of root");
    default:
        return false;
    }
    return true;
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
        DAEMON_MAIN_LONG_OPTIONS,
        STREAM_SSL_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };

    daemon_main_options(argc, argv, long_options, handle_option, o, usage);
    daemon_main_no_arguments(argc, argv);
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
    daemon_main_make_dir(tvd_rundir(), 0755);
    daemonize_start(false);

    parts.unixctl = daemon_main_open_control(options.unixctl_path, &exiting);
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
