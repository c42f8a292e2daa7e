/* SPDX-License-Identifier: Apache-2.0
 *
 * The API client against a server that says whatever it is told to. */

#include <config.h>
#undef NDEBUG
#include "lib/api-client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fatal-signal.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "tests/unit/tap.h"
#include "timeval.h"
#include "util.h"

static char path[64];
static int listener;

/* The child: answers each request with 'reply', in which "@" stands for the
 * request's id; closes without an answer if 'reply' is NULL. */
static void
serve(const char *reply)
{
    int fd = accept(listener, NULL, NULL);
    char request[4096];
    const char *id;
    ssize_t n;

    while (reply && (n = read(fd, request, sizeof request - 1)) > 0) {
        request[n] = '\0';
        id = strstr(request, "\"id\":");
        for (const char *p = reply; *p; p++) {
            if (*p != '@') {
                ignore(write(fd, p, 1));
            } else if (id) {
                ignore(write(fd, id + 5, strspn(id + 5, "0123456789")));
            }
        }
    }
    close(fd);
    _exit(0);
}

static pid_t
start_server(const char *reply)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (!pid) {
        serve(reply);
    }
    return pid;
}

static char *
target(void)
{
    return xasprintf("unix:%s", path);
}

static void
test_call(const char *what, const char *reply, const char *want_result,
          const char *want_error)
{
    pid_t pid = start_server(reply);
    char *name = target();
    struct api_client *client;
    char *message = api_client_open(name, 1000, &client);
    struct api_error error;
    struct json *result;

    ok(!message, "%s: connected", what);
    result = api_client_call(client, "plan", json_object_create(), 300, NULL,
                             NULL, &error);
    if (want_result) {
        char *text = result ? json_to_string(result, JSSF_SORT) : NULL;

        is_str(text, want_result, "%s: result", what);
        ok(!error.message, "%s: no error", what);
        free(text);
    } else {
        ok(!result, "%s: no result", what);
        ok(error.message && strstr(error.message, want_error),
           "%s: \"%s\" says \"%s\"", what, error.message, want_error);
    }
    json_destroy(result);
    api_error_destroy(&error);
    api_client_close(client);
    free(message);
    free(name);
    ok(waitpid(pid, NULL, 0) == pid, "%s: server ended", what);
}

static void
test_replies(void)
{
    static const struct {
        const char *what, *reply, *result, *error;
    } tests[] = {
        { "result", "{\"id\":@,\"result\":{\"seq\":7},\"error\":null}",
          "{\"seq\":7}", NULL },
        { "other id first",
          "{\"id\":99999,\"result\":{},\"error\":null}"
          "{\"id\":@,\"result\":{\"seq\":7},\"error\":null}",
          "{\"seq\":7}", NULL },
        { "request of the server first",
          "{\"id\":1,\"method\":\"echo\",\"params\":[]}"
          "{\"id\":@,\"result\":{},\"error\":null}", "{}", NULL },
        { "error object",
          "{\"id\":@,\"result\":null,\"error\":{\"error\":\"no such EE\"}}",
          NULL, "no such EE" },
        { "error string",
          "{\"id\":@,\"result\":null,\"error\":\"unknown method\"}",
          NULL, "unknown method" },
        { "error of no known form",
          "{\"id\":@,\"result\":null,\"error\":[1,2]}",
          NULL, "without saying why" },
        { "error without text",
          "{\"id\":@,\"result\":null,\"error\":{\"error\":{}}}",
          NULL, "without saying why" },
        { "result that is an array",
          "{\"id\":@,\"result\":[1],\"error\":null}", NULL,
          "not an object" },
        { "result that is null",
          "{\"id\":@,\"result\":null,\"error\":null}", NULL,
          "does not speak" },
        { "no JSON", "]]", NULL, "does not speak" },
        { "no JSON-RPC", "{\"a\":1}", NULL, "does not speak" },
        { "silence", "", NULL, "within 0.3 s" },
        { "half a reply", "{\"id\":@,", NULL, "within 0.3 s" },
        { "closed", NULL, NULL, "closed the connection" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        test_call(tests[i].what, tests[i].reply, tests[i].result,
                  tests[i].error);
    }
}

static void
count(void *n, long long int waited_ms)
{
    ok(waited_ms >= 1000, "progress after %lld ms", waited_ms);
    ++*(int *) n;
}

static void
test_policy_errors_and_progress(void)
{
    pid_t pid = start_server(
        "{\"id\":@,\"result\":null,\"error\":{\"error\":\"2 errors\","
        "\"errors\":[{\"line\":1,\"column\":2,\"message\":\"x\"}]}}");
    struct api_client *client;
    char *name = target();
    char *message = api_client_open(name, 1000, &client);
    struct api_error error;
    int n = 0;

    ok(!message, "connected");
    ok(!api_client_call(client, "apply", json_object_create(), 1000, NULL,
                        NULL, &error), "a policy with errors");
    ok(error.errors && error.errors->array.n == 1, "its errors");
    api_error_destroy(&error);
    api_client_close(client);
    waitpid(pid, NULL, 0);

    pid = start_server("");
    message = api_client_open(name, 1000, &client);
    ok(!message, "connected");
    ok(!api_client_call(client, "wait", json_object_create(), 1300, count, &n,
                        &error), "a slow controller");
    ok(n == 1, "progress once in 1.3 s");
    api_error_destroy(&error);
    ok(!api_client_call(client, "plan", json_object_create(), 1300, count, &n,
                        &error), "no call after a timeout");
    ok(strstr(error.message, "lost") != NULL, "%s", error.message);
    api_error_destroy(&error);
    api_client_close(client);
    waitpid(pid, NULL, 0);
    free(name);
}

static void
test_open(void)
{
    static const char *const bad[] = {
        "", "unix:", "tcp:127.0.0.1:1", "/run/x", "ssl:a", "unix:/no/such/dir",
        "unix:/dev/null",
    };
    struct api_client *client;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *message = api_client_open(bad[i], 200, &client);

        ok(message && !client, "target \"%s\": %s", bad[i], message);
        free(message);
    }
    api_client_close(NULL);
}

int
main(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    snprintf(path, sizeof path, "/tmp/tvd-test-api-client.%d", (int) getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ok(listener >= 0
       && !bind(listener, (struct sockaddr *) &address, sizeof address)
       && !listen(listener, 10), "listening");
    test_open();
    test_replies();
    test_policy_errors_and_progress();
    unlink(path);
    return tap_done();
}
