/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/dbserver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daemon.h"
#include "lib/tvd-db.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "process.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(dbserver);

#define CHECK_INTERVAL 1000     /* Looks while connected, ms. */
#define QUICK_INTERVAL 50       /* Looks while not connected, ms. */
#define RETRY_INTERVAL 1000     /* After a start that failed, ms. */
#define STOP_TIMEOUT 5000       /* ms. */
#define MAX_OUTPUT 4096         /* Kept of what a tool prints, bytes. */

struct dbserver {
    char *remote;
    char *socket;
    char *pidfile;
    char *ctl;
    char *log;
    char *file;                 /* The database. */
    char *lock;                 /* What the server locks while it has 'file'. */
    char *schema;
    struct process *starting;   /* "ovsdb-server --detach", not yet done. */
    pid_t pid;                  /* Of the running server, or 0. */
    long long int next;         /* When to look again. */
    size_t n_starts;
    bool adopted;               /* The first one ran already. */
    char *error;                /* Of the last start. */
    const char *identity;       /* Key and certificate; NULL: no TLS. */
    const char *clients;        /* The authority of clients. */
};

struct dbserver *
dbserver_create(const char *rundir, const char *dbdir)
{
    struct dbserver *s = xzalloc(sizeof *s);

    s->socket = xasprintf("%s/tvd-db.sock", rundir);
    s->remote = xasprintf("unix:%s", s->socket);
    s->pidfile = xasprintf("%s/tvd-db.pid", rundir);
    s->ctl = xasprintf("%s/tvd-db.ctl", rundir);
    s->log = xasprintf("%s/tvd-db.log", rundir);
    s->file = xasprintf("%s/tvd.db", dbdir);
    s->lock = xasprintf("%s/.tvd.db.~lock~", dbdir);
    s->schema = xasprintf("%s/tvd.ovsschema", dbdir);
    return s;
}

void
dbserver_set_tls(struct dbserver *s, const char *identity,
                 const char *clients)
{
    s->identity = identity;
    s->clients = clients;
}

void
dbserver_destroy(struct dbserver *s)
{
    if (s) {
        process_destroy(s->starting);
        free(s->remote);
        free(s->socket);
        free(s->pidfile);
        free(s->ctl);
        free(s->log);
        free(s->file);
        free(s->lock);
        free(s->schema);
        free(s->error);
        free(s);
    }
}

const char *
dbserver_remote(const struct dbserver *s)
{
    return s->remote;
}

pid_t
dbserver_pid(const struct dbserver *s)
{
    return s->pid;
}

size_t
dbserver_n_restarts(const struct dbserver *s)
{
    size_t first = s->adopted ? 0 : 1;

    return s->n_starts > first ? s->n_starts - first : 0;
}

const char *
dbserver_error(const struct dbserver *s)
{
    return s->error;
}

/* The process that runs the server, or 0. */
static pid_t
find_server(const struct dbserver *s)
{
    pid_t pid;

    if (access(s->pidfile, F_OK)) {
        return 0;
    }
    pid = read_pidfile(s->pidfile);
    return pid > 0 ? pid : 0;
}

/* The process that has the database file open, or 0.  It may be a server that
 * is about to end and has given up its pid file already, or a stranger. */
static pid_t
find_user(const struct dbserver *s)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open(s->lock, O_RDWR | O_CLOEXEC);
    bool locked;

    if (fd < 0) {
        return 0;
    }
    locked = !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK;
    close(fd);
    return locked ? lock.l_pid : 0;
}

/* --- The file -------------------------------------------------------------*/

static void
exec_tool(char *const argv[], int output)
{
    int null = open("/dev/null", O_RDONLY);

    dup2(null, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    close_range(3, ~0U, 0);
    execvp(argv[0], argv);
    dprintf(STDOUT_FILENO, "cannot run %s: %s", argv[0], strerror(errno));
    _exit(127);
}

/* Runs a tool to its end; returns its wait status (-1: could not be run) and
 * what it printed, without the last new-line, which the caller frees. */
static int
run_tool(char *const argv[], char **output)
{
    char buffer[MAX_OUTPUT + 1];
    size_t used = 0;
    int fds[2], status = -1;
    ssize_t n;
    pid_t pid;

    *output = xstrdup("");
    if (pipe(fds)) {
        return -1;
    }
    pid = fork();
    if (!pid) {
        exec_tool(argv, fds[1]);
    }
    close(fds[1]);
    while (pid > 0 && (n = read(fds[0], buffer + used,
                                MAX_OUTPUT - used)) != 0) {
        if (n < 0 && errno != EINTR) {
            break;
        }
        used += n > 0 ? n : 0;
        if (used == MAX_OUTPUT) {
            break;
        }
    }
    close(fds[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    while (used && buffer[used - 1] == '\n') {
        used--;
    }
    buffer[used] = '\0';
    free(*output);
    *output = xstrdup(buffer);
    return status;
}

/* Runs "ovsdb-tool VERB FILE SCHEMA". */
static char *
run_ovsdb_tool(struct dbserver *s, const char *verb, char *file,
               char **outputp)
{
    char *argv[] = {
        CONST_CAST(char *, "ovsdb-tool"), CONST_CAST(char *, "-voff"),
        CONST_CAST(char *, verb), file, s->schema, NULL,
    };
    char *output, *error = NULL;
    int status = run_tool(argv, &output);

    if (status) {
        char *how = status < 0 ? xstrdup("cannot fork")
                               : process_status_msg(status);

        error = xasprintf("cannot %s the database %s: %s (ovsdb-tool: %s)",
                          verb, file, output[0] ? output : "no message",
                          how);
        free(how);
    }
    if (outputp && !error) {
        *outputp = output;
    } else {
        free(output);
    }
    return error;
}

static char *
write_schema(const struct dbserver *s)
{
    char *tmp = xasprintf("%s.tmp", s->schema);
    FILE *stream = fopen(tmp, "w");
    bool good = (stream && fputs(tvd_db_schema, stream) >= 0);
    char *error = NULL;

    if (stream && fclose(stream)) {
        good = false;
    }
    if (!good || rename(tmp, s->schema)) {
        error = xasprintf("cannot write %s: %s", s->schema,
                          ovs_strerror(errno));
    }
    free(tmp);
    return error;
}

/* Under another name first: half a file would never be taken for one that is
 * there. */
static char *
make_file(struct dbserver *s)
{
    char *tmp = xasprintf("%s.new", s->file);
    char *error;

    VLOG_INFO("making the database %s", s->file);
    unlink(tmp);
    error = run_ovsdb_tool(s, "create", tmp, NULL);
    if (!error && rename(tmp, s->file)) {
        error = xasprintf("cannot make %s: %s", s->file, ovs_strerror(errno));
    }
    free(tmp);
    return error;
}

static char *
convert_if_needed(struct dbserver *s)
{
    char *output, *error = run_ovsdb_tool(s, "needs-conversion", s->file,
                                           &output);

    if (error) {
        return error;
    }
    if (!strcmp(output, "yes")) {
        VLOG_INFO("converting %s to the present schema", s->file);
        dbserver_stop(s);
        error = run_ovsdb_tool(s, "convert", s->file, NULL);
    }
    free(output);
    return error;
}

char *
dbserver_prepare(struct dbserver *s)
{
    char *error = write_schema(s);

    s->pid = find_server(s);
    if (error) {
        return error;
    }
    if (access(s->file, F_OK)) {
        if (errno != ENOENT) {
            return xasprintf("cannot use %s: %s", s->file,
                             ovs_strerror(errno));
        }
        return make_file(s);
    }
    error = convert_if_needed(s);
    s->adopted = s->pid != 0;
    if (s->adopted) {
        VLOG_INFO("found the database server running, pid %ld",
                  (long int) s->pid);
    }
    return error;
}

/* --- The process ----------------------------------------------------------*/

static void
set_error(struct dbserver *s, char *error)
{
    if (error && (!s->error || strcmp(error, s->error))) {
        VLOG_WARN("%s", error);
    }
    free(s->error);
    s->error = error;
}

static void
add_tls_options(const struct dbserver *s, struct svec *args)
{
    svec_add(args, "--remote=db:TVD,TVD_Global,connections");
    svec_add_nocopy(args, xasprintf("--private-key=%s", s->identity));
    svec_add_nocopy(args, xasprintf("--certificate=%s", s->identity));
    svec_add_nocopy(args, xasprintf("--ca-cert=%s", s->clients));
}

static void
start(struct dbserver *s)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    int error;

    svec_add(&args, "ovsdb-server");
    svec_add(&args, "--detach");
    svec_add(&args, "--no-chdir");
    svec_add(&args, "-vconsole:off");
    svec_add(&args, "-vsyslog:err");
    svec_add_nocopy(&args, xasprintf("--log-file=%s", s->log));
    svec_add_nocopy(&args, xasprintf("--pidfile=%s", s->pidfile));
    svec_add_nocopy(&args, xasprintf("--unixctl=%s", s->ctl));
    svec_add_nocopy(&args, xasprintf("--remote=punix:%s", s->socket));
    if (s->identity) {
        add_tls_options(s, &args);
    }
    svec_add(&args, s->file);
    svec_terminate(&args);
    error = process_start(args.names, &s->starting);
    svec_destroy(&args);
    if (error) {
        set_error(s, xasprintf("cannot start ovsdb-server: %s",
                               ovs_strerror(error)));
        s->next = time_msec() + RETRY_INTERVAL;
    } else {
        s->n_starts++;
    }
}

static void
finish_start(struct dbserver *s)
{
    int status = process_status(s->starting);

    process_destroy(s->starting);
    s->starting = NULL;
    s->pid = find_server(s);
    if (status || !s->pid) {
        char *how = process_status_msg(status);

        set_error(s, xasprintf("ovsdb-server did not start: %s; see %s", how,
                               s->log));
        free(how);
        s->next = time_msec() + RETRY_INTERVAL;
    } else {
        set_error(s, NULL);
        if (chmod(s->socket, 0600)) {
            VLOG_WARN("cannot restrict %s: %s", s->socket,
                      ovs_strerror(errno));
        }
        VLOG_INFO("started the database server, pid %ld", (long int) s->pid);
    }
}

void
dbserver_run(struct dbserver *s, bool connected)
{
    long long int now = time_msec();

    if (s->starting) {
        if (process_exited(s->starting)) {
            finish_start(s);
        }
        return;
    }
    if (!connected) {
        s->next = MIN(s->next, now + (s->error ? RETRY_INTERVAL
                                               : QUICK_INTERVAL));
    }
    if (now < s->next) {
        return;
    }
    s->next = now + (connected ? CHECK_INTERVAL : QUICK_INTERVAL);

    pid_t pid = find_server(s);

    if (!pid && s->pid) {
        VLOG_WARN("the database server, pid %ld, is gone; starting it again",
                  (long int) s->pid);
    }
    s->pid = pid;
    if (!pid) {
        pid_t user = find_user(s);

        if (user) {
            set_error(s, xasprintf("the database file %s is in use by process "
                                   "%ld", s->file, (long int) user));
        } else {
            start(s);
        }
    }
}

void
dbserver_wait(const struct dbserver *s)
{
    if (s->starting) {
        process_wait(s->starting);
    } else {
        poll_timer_wait_until(s->next);
    }
}

static void
nap(void)
{
    xnanosleep(10 * 1000 * 1000);
}

void
dbserver_stop(struct dbserver *s)
{
    long long int deadline = time_msec() + STOP_TIMEOUT;
    pid_t pid;

    /* One that is just starting has no pid file yet. */
    while (s->starting && time_msec() < deadline) {
        process_run();
        if (process_exited(s->starting)) {
            finish_start(s);
        } else {
            nap();
        }
    }
    pid = find_server(s);
    if (pid) {
        VLOG_INFO("stopping the database server, pid %ld", (long int) pid);
    }
    if (pid && !kill(pid, SIGTERM)) {
        while ((find_server(s) == pid || find_user(s) == pid)
               && time_msec() < deadline) {
            nap();
        }
    }
    s->pid = 0;
}
