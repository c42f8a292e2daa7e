/* SPDX-License-Identifier: Apache-2.0
 *
 * A private ovsdb-server for a unit test, in a temporary directory. */

#ifndef TESTS_UNIT_OVSDB_SERVER_H
#define TESTS_UNIT_OVSDB_SERVER_H 1

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "util.h"

struct test_server {
    char *dir;                  /* Temporary, removed at the end. */
    char *remote;               /* "unix:..." */
    pid_t pid;
};

static int
test_run(const char *const argv[])
{
    pid_t pid = fork();
    int status;

    if (!pid) {
        execvp(argv[0], CONST_CAST(char *const *, argv));
        _exit(127);
    }
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* Starts the server (again). */
static void
test_server_run(struct test_server *s)
{
    char *file = xasprintf("%s/db", s->dir);
    char *remote = xasprintf("--remote=punix:%s/sock", s->dir);
    char *ctl = xasprintf("--unixctl=%s/ctl", s->dir);

    s->pid = fork();
    if (!s->pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("ovsdb-server", "ovsdb-server", "-voff", remote, ctl, file,
               (char *) NULL);
        _exit(127);
    }
    free(file);
    free(remote);
    free(ctl);
}

static void
test_server_kill(struct test_server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

/* Makes a database of 'schema' (the text of it) and serves it.  Returns false
 * if this machine cannot. */
__attribute__((unused)) static bool
test_server_start(struct test_server *s, const char *schema)
{
    char dir[] = "/tmp/tvd-test-XXXXXX";
    char *schema_file, *db_file;
    FILE *f;
    int status;

    s->dir = xstrdup(mkdtemp(dir));
    s->remote = xasprintf("unix:%s/sock", s->dir);
    schema_file = xasprintf("%s/schema", s->dir);
    db_file = xasprintf("%s/db", s->dir);
    f = fopen(schema_file, "w");
    fputs(schema, f);
    fclose(f);
    status = test_run((const char *const []) {
        "ovsdb-tool", "-voff", "create", db_file, schema_file, NULL });
    free(schema_file);
    free(db_file);
    if (!status) {
        test_server_run(s);
    }
    return !status;
}

__attribute__((unused)) static void
test_server_stop(struct test_server *s)
{
    test_server_kill(s);
    test_run((const char *const []) { "rm", "-rf", s->dir, NULL });
    free(s->dir);
    free(s->remote);
}

#endif /* tests/unit/ovsdb-server.h */
