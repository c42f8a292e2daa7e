/* SPDX-License-Identifier: Apache-2.0
 *
 * What the beginnings of our daemons have in common: the options that all
 * have (of daemon(7), vlog and stream-ssl, --help and --version), and the "exit"
 * command at the control socket.
 *
 * Errors of who started the program end it, with a message. */

#ifndef LIB_DAEMON_MAIN_H
#define LIB_DAEMON_MAIN_H 1

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include "daemon.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"

struct option;

/* Values of options.  A program's own begin at DAEMON_MAIN_OWN. */
enum {
    DAEMON_MAIN_FIRST = UCHAR_MAX + 1,
    VLOG_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
    DAEMON_MAIN_OWN,
};

/* For a program's "struct option[]", beside its own and, if it takes them,
 * STREAM_SSL_LONG_OPTIONS. */
#define DAEMON_MAIN_LONG_OPTIONS                \
        { "help", no_argument, NULL, 'h' },     \
        { "version", no_argument, NULL, 'V' },  \
        VLOG_LONG_OPTIONS,                      \
        DAEMON_LONG_OPTIONS

/* Reads all options.  'handle' gets each, with getopt's 'optarg', before it is
 * taken for one of those above, and returns false if it is not its.  'usage'
 * answers --help, and does not return.  The pid file's default is in
 * tvd_rundir(). */
void daemon_main_options(int argc, char *argv[], const struct option *,
                         bool (*handle)(int c, void *aux), void *aux,
                         void (*usage)(void));
/* What follows the options is an error. */
void daemon_main_no_arguments(int argc, char *argv[]);

/* Makes the directory, if there is none. */
void daemon_main_make_dir(const char *path, mode_t mode);

/* Opens the control socket 'path' (NULL: Open vSwitch's default), at which
 * "exit" sets '*exiting'. */
struct unixctl_server;
struct unixctl_server *daemon_main_open_control(const char *path,
                                                bool *exiting);

#endif /* lib/daemon-main.h */
