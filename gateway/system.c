/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gateway/conntrack.h"
#include "gateway/netns.h"
#include "gateway/nft.h"
#include "gateway/readback.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

static char *
observe_nft(struct gateway_observed *o)
{
    char *json;
    char *error = gateway_nft_list(&json);

    if (!error) {
        error = gateway_readback(json, o);
        free(json);
    }
    return error;
}

static char *
real_observe(struct gateway_system *sys OVS_UNUSED,
             const struct gateway_wanted *w, struct gateway_observed *o)
{
    struct gateway_netns *s;
    char *error = gateway_netns_open(w->netns, &s);

    if (!error) {
        error = gateway_netns_observe(s, w, o);
        if (!error && o->netns) {
            error = observe_nft(o);
        }
        gateway_netns_close(s);
    }
    return error;
}

/* Loads 'text' in a namespace of its own and reads it back. */
static char *
normalise_here(const char *text, char **skeleton)
{
    struct gateway_observed o;
    char *error = gateway_netns_enter_scratch();

    gateway_observed_init(&o);
    if (!error) {
        error = gateway_nft_run(text);
    }
    if (!error) {
        error = observe_nft(&o);
    }
    if (!error) {
        *skeleton = o.skeleton;
        o.skeleton = NULL;
    }
    gateway_observed_destroy(&o);
    return error;
}

static bool
write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t retval = write(fd, p, n);

        if (retval < 0 && errno != EINTR) {
            return false;
        } else if (retval > 0) {
            p += retval;
            n -= retval;
        }
    }
    return true;
}

static char *
read_all(int fd)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    char buffer[4096];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0
           || (n < 0 && errno == EINTR)) {
        ds_put_buffer(&text, buffer, MAX(n, 0));
    }
    return ds_steal_cstr(&text);
}

/* The child of real_normalise(): writes '+' and the normal form, or '-' and an
 * error message. */
static void OVS_NO_RETURN
normalise_child(const char *text, int fd)
{
    char *skeleton = NULL;
    char *error = normalise_here(text, &skeleton);
    const char *answer = error ? error : skeleton ? skeleton : "";

    _exit(!write_all(fd, error ? "-" : "+", 1)
          || !write_all(fd, answer, strlen(answer)));
}

/* In a child process, because it has to leave the namespace for good. */
static char *
real_normalise(struct gateway_system *sys OVS_UNUSED, const char *text,
               char **skeleton)
{
    int fds[2];
    pid_t pid;

    *skeleton = NULL;
    if (pipe(fds)) {
        return xasprintf("cannot make a pipe: %s", ovs_strerror(errno));
    }
    pid = fork();
    if (!pid) {
        close(fds[0]);
        normalise_child(text, fds[1]);
    }
    close(fds[1]);

    char *answer = pid > 0 ? read_all(fds[0]) : xstrdup("");
    char *error = NULL;
    int status;

    close(fds[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    if (*answer == '+') {
        *skeleton = xstrdup(answer + 1);
    } else {
        error = xstrdup(*answer == '-' ? answer + 1
                        : "cannot check the ruleset: the process died");
    }
    free(answer);
    return error;
}

static char *
act_nft(const struct gateway_wanted *w, const struct gateway_action *a)
{
    char *command = NULL;
    char *error;

    switch ((int) a->kind) {
    case GATEWAY_LOAD_RULESET:
        return gateway_nft_run(a->value);
    case GATEWAY_FLUSH_CONNECTIONS:
        return gateway_conntrack_flush(w->ruleset);
    case GATEWAY_DELETE_TABLE:
        command = xasprintf("delete table %s", a->subject);
        break;
    case GATEWAY_ADD_ELEMENTS:
        command = xasprintf("add element inet "GATEWAY_TABLE" %s %s",
                            a->subject, a->value);
        break;
    case GATEWAY_DELETE_ELEMENTS:
        command = xasprintf("delete element inet "GATEWAY_TABLE" %s %s",
                            a->subject, a->value);
        break;
    default:
        OVS_NOT_REACHED();
    }
    error = gateway_nft_run(command);
    free(command);
    return error;
}

static bool
is_nft_action(enum gateway_action_kind kind)
{
    return kind == GATEWAY_LOAD_RULESET || kind == GATEWAY_DELETE_TABLE
           || kind == GATEWAY_ADD_ELEMENTS || kind == GATEWAY_DELETE_ELEMENTS
           || kind == GATEWAY_FLUSH_CONNECTIONS;
}

static char *
real_act(struct gateway_system *sys OVS_UNUSED,
         const struct gateway_wanted *w, const struct gateway_action *a)
{
    const char *netns = w ? w->netns : a->subject;
    struct gateway_netns *s;
    char *error = gateway_netns_open(netns, &s);

    if (error) {
        return error;
    }
    if (!is_nft_action(a->kind)) {
        error = gateway_netns_act(s, w, a);
    } else if (gateway_netns_is_inside(s)) {
        error = act_nft(w, a);
    } else {
        /* Never the host's own tables. */
        error = xasprintf("cannot enter namespace %s", netns);
    }
    gateway_netns_close(s);
    return error;
}

static const struct gateway_system_class real_class = {
    .observe = real_observe,
    .normalise = real_normalise,
    .act = real_act,
};

struct gateway_system gateway_real_system = { .class = &real_class };
