/* SPDX-License-Identifier: Apache-2.0
 *
 * tvd-link: options, the poll loop, start and end. */

#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command-line.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "lib/daemon-main.h"
#include "lib/dirs.h"
#include "link/link.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(main);

/* How soon new files of keys and certificates are used, in ms. */
#define RELOAD_INTERVAL 1000

struct options {
    char *unixctl;
    const char *private_key, *certificate, *ca_cert;
};

static OVS_NO_RETURN void
usage(void)
{
    printf("%s: connections to servers on other machines, over mutual TLS\n"
           "usage: %s [OPTIONS] WAY...\n"
           "\nWays:\n"
           "  punix:FILE=ssl:IP:PORT[,patient]    from here to another machine\n"
           "  pssl:PORT[:IP]=unix:FILE[,patient]  from other machines to here\n"
           "\nOptions:\n"
           "  --private-key=FILE, --certificate=FILE   who we are\n"
           "  --ca-cert=FILE          who signs those of the others\n"
           "  --unixctl=SOCKET        control socket\n"
           "                          (default: %s/tvd-link.ctl)\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n",
           program_name, program_name, tvd_rundir());
    daemon_usage();
    vlog_usage();
    exit(EXIT_SUCCESS);
}

enum {
    OPT_UNIXCTL = DAEMON_MAIN_OWN,
    OPT_PRIVATE_KEY,
    OPT_CERTIFICATE,
    OPT_CA_CERT,
};

static bool
handle_option(int c, void *o_)
{
    struct options *o = o_;

    switch (c) {
    case OPT_UNIXCTL:
        free(o->unixctl);
        o->unixctl = xstrdup(optarg);
        return true;
    case OPT_PRIVATE_KEY:
        o->private_key = optarg;
        return true;
    case OPT_CERTIFICATE:
        o->certificate = optarg;
        return true;
    case OPT_CA_CERT:
        o->ca_cert = optarg;
        return true;
    default:
        return false;
    }
}

/* "none" would be a word to the library: do not check who the others are. */
static void
check_file(const char *option, const char *name)
{
    struct stat s;

    if (!name) {
        ovs_fatal(0, "%s is missing; use --help for usage", option);
    } else if (stat(name, &s)) {
        ovs_fatal(errno, "%s: cannot use %s", option, name);
    } else if (name[0] != '/') {
        ovs_fatal(0, "%s: %s must be an absolute path", option, name);
    }
}

static void
parse_options(int argc, char *argv[], struct options *o)
{
    static const struct option long_options[] = {
        { "unixctl", required_argument, NULL, OPT_UNIXCTL },
        { "private-key", required_argument, NULL, OPT_PRIVATE_KEY },
        { "certificate", required_argument, NULL, OPT_CERTIFICATE },
        { "ca-cert", required_argument, NULL, OPT_CA_CERT },
        DAEMON_MAIN_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };

    daemon_main_options(argc, argv, long_options, handle_option, o, usage);
    if (optind == argc) {
        ovs_fatal(0, "no way given; use --help for usage");
    }
    check_file("--private-key", o->private_key);
    check_file("--certificate", o->certificate);
    check_file("--ca-cert", o->ca_cert);
    o->unixctl = o->unixctl ? o->unixctl : tvd_run_path("tvd-link.ctl");
}

static void
use_tls(const struct options *o)
{
    stream_ssl_set_key_and_cert(o->private_key, o->certificate);
    stream_ssl_set_ca_cert_file(o->ca_cert, false);
}

static void
show_command(struct unixctl_conn *conn, int argc OVS_UNUSED,
             const char *argv[] OVS_UNUSED, void *link)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    link_show(link, time_msec(), &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
run(struct link *link, const struct options *o,
    struct unixctl_server *unixctl, const bool *exiting)
{
    long long int reload = time_msec() + RELOAD_INTERVAL;

    while (!*exiting) {
        link_run(link, time_msec());
        unixctl_server_run(unixctl);
        if (time_msec() >= reload) {
            use_tls(o);
            reload = time_msec() + RELOAD_INTERVAL;
        }

        link_wait(link, time_msec());
        unixctl_server_wait(unixctl);
        poll_timer_wait_until(reload);
        if (*exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
}

int
main(int argc, char *argv[])
{
    struct options options = { NULL, NULL, NULL, NULL };
    struct unixctl_server *unixctl;
    struct link *link;
    bool exiting = false;

    ovs_cmdl_proctitle_init(argc, argv);
    set_program_name(argv[0]);
    parse_options(argc, argv, &options);
    fatal_ignore_sigpipe();
    /* Whoever can open our sockets is trusted by the other end. */
    umask(077);
    link = link_create();
    for (int i = optind; i < argc; i++) {
        char *message = link_add(link, argv[i]);

        if (message) {
            ovs_fatal(0, "%s", message);
        }
    }
    use_tls(&options);
    daemonize_start(false);
    unixctl = daemon_main_open_control(options.unixctl, &exiting);
    unixctl_command_register("link/show", "", 0, 0, show_command, link);
    link_run(link, time_msec());
    daemonize_complete();
    VLOG_INFO("tvd-link %s", TVD_VERSION);

    run(link, &options, unixctl, &exiting);

    link_destroy(link);
    unixctl_server_destroy(unixctl);
    free(options.unixctl);
    return 0;
}
