/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/reconcile.h"

#include <stdlib.h>
#include <string.h>
#include "gateway/wire.h"
#include "openvswitch/json.h"
#include "util.h"

void
gateway_memory_clear(struct gateway_memory *memory)
{
    free(memory->text);
    free(memory->skeleton);
    free(memory->done);
    memset(memory, 0, sizeof *memory);
}

static void
note_action(char ***actions, size_t *n, const struct gateway_action *a)
{
    *actions = xrealloc(*actions, (*n + 1) * sizeof **actions);
    (*actions)[(*n)++] = gateway_action_format(a);
}

/* Keeps the first error, which is the cause of others. */
static void
note_error(char **first, char *error)
{
    if (*first) {
        free(error);
    } else {
        *first = error;
    }
}

/* Sees to it that 'memory' has the normal form of the wanted ruleset, computed
 * only if the ruleset changed.  A namespace that is not there needs none.  If
 * 'fresh', the namespace was made a moment ago and the ruleset loaded into it
 * by us: what is read back then is the normal form. */
static char *
learn_skeleton(struct gateway_system *sys, const struct gateway_wanted *w,
               const struct gateway_observed *o, bool fresh,
               struct gateway_memory *memory)
{
    char *text;

    if (!o->netns) {
        return NULL;
    }
    text = gateway_ruleset_format(w->ruleset, false, NULL);
    if (memory->text && memory->skeleton && !strcmp(text, memory->text)) {
        free(text);
        return NULL;
    }
    free(memory->text);
    free(memory->skeleton);
    memory->text = text;
    memory->skeleton = fresh ? nullable_xstrdup(o->skeleton) : NULL;
    return memory->skeleton ? NULL
           : sys->class->normalise(sys, text, &memory->skeleton);
}

/* Whether what follows makes no sense, or would be dangerous, after 'kind' has
 * failed. */
static bool
must_stop(enum gateway_action_kind kind)
{
    return kind == GATEWAY_CREATE_NETNS || kind == GATEWAY_CREATE_VETH
           || kind == GATEWAY_LOAD_RULESET || kind == GATEWAY_DELETE_TABLE
           || kind == GATEWAY_DELETE_ELEMENTS;
}

static bool
is_about_filter(enum gateway_action_kind kind)
{
    return kind == GATEWAY_LOAD_RULESET || kind == GATEWAY_DELETE_TABLE
           || kind == GATEWAY_DELETE_ELEMENTS;
}

/* Closes the gateway. */
static void
shut(struct gateway_system *sys, const struct gateway_wanted *w,
     struct gateway_status *status)
{
    struct gateway_action down = {
        .kind = GATEWAY_SET_DOWN, .subject = w->inner_if,
    };

    note_action(&status->actions, &status->n_actions, &down);
    free(sys->class->act(sys, w, &down));
}

static void
act(struct gateway_system *sys, const struct gateway_wanted *w,
    const struct ovs_list *actions, bool device_is_there,
    struct gateway_status *status)
{
    const struct gateway_action *a;

    LIST_FOR_EACH (a, node, actions) {
        char *error = sys->class->act(sys, w, a);

        note_action(&status->actions, &status->n_actions, a);
        if (error) {
            note_error(&status->error, error);
            if (is_about_filter(a->kind) && device_is_there) {
                shut(sys, w, status);
            }
            if (must_stop(a->kind)) {
                break;
            }
        }
    }
}

static void
take_counters(struct gateway_status *status, struct gateway_observed *o)
{
    shash_destroy_free_data(&status->counters);
    shash_init(&status->counters);
    shash_swap(&status->counters, &o->counters);
}

/* What was seen of a gateway, and what follows from it. */
struct view {
    struct ovs_list actions;
    bool netns;                 /* Its namespace was there, */
    bool device;                /* its device too. */
};

/* Observes and plans.  Returns an error or NULL. */
static char *
look(struct gateway_system *sys, const struct gateway_wanted *w, bool fresh,
     struct gateway_memory *memory, struct gateway_status *status,
     struct view *view)
{
    struct gateway_observed *o = xmalloc(sizeof *o);
    char *error;

    gateway_observed_init(o);
    ovs_list_init(&view->actions);
    view->netns = view->device = false;
    error = sys->class->observe(sys, w, o);
    if (!error) {
        o->replaceable &= !memory->failed;
        error = learn_skeleton(sys, w, o, fresh, memory);
    }
    if (!error) {
        gateway_plan(w, memory->skeleton ? memory->skeleton : "", o,
                     &view->actions);
        view->netns = o->netns;
        view->device = o->inner_if.present;
        take_counters(status, o);
    }
    gateway_observed_destroy(o);
    free(o);
    return error;
}

static void
read_back(struct gateway_system *sys, const struct gateway_wanted *w,
          bool fresh, struct gateway_memory *memory,
          struct gateway_status *status)
{
    struct view view;
    char *error = look(sys, w, fresh, memory, status, &view);

    if (error) {
        note_error(&status->error, error);
    } else if (!ovs_list_is_empty(&view.actions)) {
        struct gateway_action *a = CONTAINER_OF(ovs_list_front(&view.actions),
                                                struct gateway_action, node);
        char *s = gateway_action_format(a);

        note_error(&status->error,
                   xasprintf("gateway %s is not as it was made: still to do: "
                             "%s", w->ee, s));
        free(s);
    }
    gateway_actions_destroy(&view.actions);
}

static void
make(struct gateway_system *sys, const struct gateway_wanted *w,
     enum gateway_mode mode, struct gateway_memory *memory,
     struct gateway_status *status, bool *shut_now)
{
    struct view view;
    const struct gateway_action *a;

    status->error = look(sys, w, false, memory, status, &view);
    *shut_now = status->error != NULL;
    if (!status->error && mode == GATEWAY_DRY_RUN) {
        LIST_FOR_EACH (a, node, &view.actions) {
            note_action(&status->actions, &status->n_actions, a);
        }
    } else if (!status->error && !ovs_list_is_empty(&view.actions)) {
        act(sys, w, &view.actions, view.device, status);
        read_back(sys, w, !view.netns && !status->error, memory, status);
    }
    gateway_actions_destroy(&view.actions);
}

/* What is wanted, as text that can be compared.  Caller frees. */
static char *
wanted_text(const struct gateway_wanted *w)
{
    struct json *json = gateway_wanted_to_json(w);
    char *text = json_to_string(json, JSSF_SORT);

    json_destroy(json);
    return text;
}

static void
make_and_remember(struct gateway_system *sys, const struct gateway_wanted *w,
                  enum gateway_mode mode, struct gateway_memory *memory,
                  struct gateway_status *status)
{
    char *wanted = wanted_text(w);
    bool same = memory->done && !strcmp(memory->done, wanted);
    bool shut_now;

    make(sys, w, mode, memory, status, &shut_now);
    if (mode == GATEWAY_DRY_RUN) {
        free(wanted);
        return;
    }
    /* What is in force may be a policy that no longer holds. */
    if (shut_now && !same) {
        shut(sys, w, status);
    }
    memory->failed = status->error != NULL;
    status->drift = same && status->n_actions;
    if (!same) {
        free(memory->done);
        memory->done = status->error ? NULL : xstrdup(wanted);
    }
    free(wanted);
}

struct gateway_status *
gateway_reconcile(struct gateway_system *sys, const struct gateway_wanted *w,
                  enum gateway_mode mode, struct gateway_memory *memory)
{
    struct gateway_status *status = xzalloc(sizeof *status);

    shash_init(&status->counters);
    status->ee = xstrdup(w->ee);
    status->nic = xstrdup(w->nic);
    status->netns = nullable_xstrdup(w->netns);
    status->host_if = nullable_xstrdup(w->host_if);
    status->error = nullable_xstrdup(w->error);
    if (!status->error) {
        make_and_remember(sys, w, mode, memory, status);
    }
    status->ready = !status->error
                    && (mode == GATEWAY_APPLY || !status->n_actions);
    return status;
}

char *
gateway_remove(struct gateway_system *sys, const char *netns,
               enum gateway_mode mode, char ***done, size_t *n)
{
    struct ovs_list actions = OVS_LIST_INITIALIZER(&actions);
    const struct gateway_action *a;
    char *error = NULL;

    gateway_plan_removal(netns, &actions);
    LIST_FOR_EACH (a, node, &actions) {
        note_action(done, n, a);
        if (mode == GATEWAY_APPLY) {
            note_error(&error, sys->class->act(sys, NULL, a));
        }
    }
    gateway_actions_destroy(&actions);
    return error;
}
