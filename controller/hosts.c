/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/hosts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "lib/model.h"
#include "lib/report.h"
#include "lib/tvd-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "sset.h"
#include "util.h"

/* Agents with a name that is not in the policy: how many are listed. */
#define MAX_STRANGERS 3

/* What we remember of the agent of a host. */
struct agent_life {
    int64_t heartbeat;          /* As last seen. */
    int64_t seq;
    char *error;
    long long int changed;      /* When we saw it change, monotonic ms. */
    bool online;
    bool seen;                  /* Used while looking: there is a row. */
};

const char *
host_state_to_string(enum host_state state)
{
    switch (state) {
    case HOST_ENFORCED: return "enforced";
    case HOST_BEHIND: return "behind";
    case HOST_OFFLINE: return "offline";
    case HOST_ERROR: return "error";
    }
    OVS_NOT_REACHED();
}

void
hosts_init(struct hosts *hosts)
{
    shash_init(&hosts->agents);
    hosts->started = false;
}

static void
forget(struct hosts *hosts, struct shash_node *node)
{
    struct agent_life *life = node->data;

    free(life->error);
    free(life);
    shash_delete(&hosts->agents, node);
}

void
hosts_destroy(struct hosts *hosts)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &hosts->agents) {
        forget(hosts, node);
    }
    shash_destroy(&hosts->agents);
}

/* Before the first look nothing is known but the time in the row; a host
 * whose clock is wrong is taken for offline until its next heartbeat. */
static struct agent_life *
first_look(struct hosts *hosts, const struct tvdrec_agent *row,
           long long int now, long long int wall)
{
    struct agent_life *life = xzalloc(sizeof *life);
    long long int age = wall - row->heartbeat;

    life->heartbeat = row->heartbeat;
    life->changed = (age > -HOSTS_OFFLINE_AFTER && age < HOSTS_OFFLINE_AFTER
                     ? now : now - HOSTS_OFFLINE_AFTER - 1);
    shash_add(&hosts->agents, row->host, life);
    return life;
}

static void
update(struct hosts *hosts, const struct tvdrec_agent *row,
       const struct report_sink *sink, long long int now, long long int wall)
{
    struct agent_life *life = shash_find_data(&hosts->agents, row->host);
    bool online;

    if (!life) {
        life = first_look(hosts, row, now, wall);
    } else if (life->heartbeat != row->heartbeat) {
        life->heartbeat = row->heartbeat;
        life->changed = now;
    }
    life->seen = true;
    life->seq = row->seq;
    if (!nullable_string_is_equal(life->error, row->error)) {
        free(life->error);
        life->error = xstrdup(row->error);
    }
    online = now - life->changed <= HOSTS_OFFLINE_AFTER;
    if (online != life->online) {
        life->online = online;
        if (online && hosts->started) {
            report(sink, REPORT_INFO, "host", "the agent of host \"%s\" "
                   "reports", row->host);
        } else if (!online) {
            report(sink, REPORT_WARNING, "host", "the agent of host \"%s\" "
                   "has not been heard of for %d s; it goes on enforcing "
                   "what it had", row->host, HOSTS_OFFLINE_AFTER / 1000);
        }
    }
}

void
hosts_run(struct hosts *hosts, const struct ovsdb_idl *idl,
          const struct report_sink *sink, long long int now,
          long long int wall)
{
    const struct tvdrec_agent *row;
    struct shash_node *node;

    SHASH_FOR_EACH (node, &hosts->agents) {
        struct agent_life *life = node->data;

        life->seen = false;
    }
    TVDREC_AGENT_FOR_EACH (row, idl) {
        update(hosts, row, sink, now, wall);
    }
    SHASH_FOR_EACH_SAFE (node, &hosts->agents) {
        struct agent_life *life = node->data;

        if (!life->seen) {
            forget(hosts, node);
        }
    }
    hosts->started = true;
}

void
hosts_wait(const struct hosts *hosts)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &hosts->agents) {
        const struct agent_life *life = node->data;

        if (life->online) {
            poll_timer_wait_until(life->changed + HOSTS_OFFLINE_AFTER + 1);
        }
    }
}

/* Why there is no agent: it may go by another name.  Caller frees. */
static char *
never_reported(const struct hosts *hosts, const struct model *model)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    const struct shash_node *node;
    struct sset names = SSET_INITIALIZER(&names);
    const char **sorted;

    SHASH_FOR_EACH (node, &hosts->agents) {
        const struct agent_life *life = node->data;

        if (life->online && !shash_find(&model->hosts, node->name)) {
            sset_add(&names, node->name);
        }
    }
    ds_put_cstr(&s, "no agent has ever reported from this host");
    sorted = sset_sort(&names);
    for (size_t i = 0; i < sset_count(&names) && i < MAX_STRANGERS; i++) {
        ds_put_format(&s, "%s '%s'", i ? "," : "; one that is not in the "
                      "policy reports as", sorted[i]);
    }
    if (sset_count(&names)) {
        ds_put_cstr(&s, " (tvd-agent --host gives it another name)");
    }
    free(sorted);
    sset_destroy(&names);
    return ds_steal_cstr(&s);
}

void
hosts_status(const struct hosts *hosts, const struct model *model,
             const char *name, int64_t wanted, int64_t newest,
             struct host_status *status)
{
    const struct agent_life *life = shash_find_data(&hosts->agents, name);

    memset(status, 0, sizeof *status);
    status->seq = life ? life->seq : 0;
    if (!life) {
        status->state = HOST_OFFLINE;
        status->reason = never_reported(hosts, model);
    } else if (!life->online) {
        status->state = HOST_OFFLINE;
        status->reason = xasprintf("its agent has not been heard of for more "
                                   "than %d s", HOSTS_OFFLINE_AFTER / 1000);
    } else if (life->error[0]) {
        status->state = HOST_ERROR;
        status->reason = xstrdup(life->error);
    } else if (life->seq < wanted || life->seq > newest) {
        status->state = HOST_BEHIND;
        status->reason = xasprintf("its agent has %"PRId64" of %"PRId64,
                                   life->seq, wanted);
    } else {
        status->state = HOST_ENFORCED;
    }
}

void
host_status_destroy(struct host_status *status)
{
    free(status->reason);
}
