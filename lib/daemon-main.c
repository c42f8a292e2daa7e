/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/daemon-main.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "command-line.h"
#include "lib/dirs.h"
#include "unixctl.h"
#include "util.h"

/* Ours are not where Open vSwitch's are. */
static void
set_own_pidfile(const char *path)
{
    char *name = xasprintf("%s.pid", program_name);
    char *own = path ? xstrdup(path) : tvd_run_path(name);

    set_pidfile(own);
    free(own);
    free(name);
}

static void
handle_common(int c, void (*usage)(void))
{
    switch (c) {
    case 'h':
        usage();
        OVS_NOT_REACHED();
    case 'V':
        printf("%s (TVD) %s\n", program_name, TVD_VERSION);
        exit(EXIT_SUCCESS);
    case OPT_PIDFILE:
        set_own_pidfile(optarg);
        break;
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
        daemon_set_new_user(optarg);
        break;
    VLOG_OPTION_HANDLERS
    STREAM_SSL_OPTION_HANDLERS
    default:
        /* getopt_long() has said what is wrong. */
        exit(EXIT_FAILURE);
    }
}

void
daemon_main_options(int argc, char *argv[], const struct option *options,
                    bool (*handle)(int c, void *aux), void *aux,
                    void (*usage)(void))
{
    char *short_options = ovs_cmdl_long_options_to_short_options(options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, options, NULL)) != -1) {
        if (!handle(c, aux)) {
            handle_common(c, usage);
        }
    }
    free(short_options);
}

void
daemon_main_no_arguments(int argc, char *argv[])
{
    if (optind < argc) {
        ovs_fatal(0, "unexpected argument \"%s\"; use --help for usage",
                  argv[optind]);
    }
}

void
daemon_main_make_dir(const char *path, mode_t mode)
{
    if (mkdir(path, mode) && errno != EEXIST) {
        ovs_fatal(errno, "cannot make the directory %s; make it and give it "
                  "to the user that %s runs as", path, program_name);
    }
}

static void
exit_command(struct unixctl_conn *conn, int argc OVS_UNUSED,
             const char *argv[] OVS_UNUSED, void *exiting_)
{
    bool *exiting = exiting_;

    *exiting = true;
    unixctl_command_reply(conn, NULL);
}

struct unixctl_server *
daemon_main_open_control(const char *path, bool *exiting)
{
    struct unixctl_server *server;
    int error = unixctl_server_create(path, &server);

    if (error) {
        ovs_fatal(error, "cannot listen on %s",
                  path ? path : "the control socket");
    }
    unixctl_command_register("exit", "", 0, 0, exit_command, exiting);
    return server;
}
