/* SPDX-License-Identifier: Apache-2.0
 *
 * One switch of the policy and its session, see controller/switches-private.h. */

#include <config.h>
#include "controller/switches-private.h"

#include <stdlib.h>
#include <string.h>
#include "lib/model.h"
#include "lib/report.h"
#include "openvswitch/vlog.h"
#include "switchcfg/reconcile.h"
#include "switchcfg/session.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(switch_entry);

#define READ_INTERVAL 60000     /* Between two looks for drift, in ms. */
#define BEAT_INTERVAL 5000      /* Between two looks whether it is there, */
#define BEAT_STEP 0x9e3779b9u   /* and from one switch's to the next one's, in
                                 * 2^-32 of that, by the golden ratio: those of
                                 * any number of them are apart. */
#define RETRY_MAX 60000         /* After many failures. */
#define OPEN_RETRY 10000        /* Of opening a session. */

static void
wanted_free(struct switch_wanted *wanted)
{
    if (wanted) {
        switch_wanted_destroy(wanted);
        free(wanted);
    }
}

/* What a session depends on. */
static struct model_switch *
copy_switch(const struct model_switch *sw)
{
    struct model_switch *copy = xzalloc(sizeof *copy);

    copy->name = xstrdup(sw->name);
    copy->address = nullable_xstrdup(sw->address);
    smap_clone(&copy->snmp, &sw->snmp);
    copy->manage = sw->manage;
    copy->save = sw->save;
    shash_init(&copy->ports);
    return copy;
}

/* True if one can be made the other without another session. */
static bool
is_same_session(const struct model_switch *a, const struct model_switch *b)
{
    return (nullable_string_is_equal(a->address, b->address)
            && smap_equal(&a->snmp, &b->snmp));
}

static void
free_switch(struct model_switch *sw)
{
    if (sw) {
        free(sw->name);
        free(sw->address);
        smap_destroy(&sw->snmp);
        shash_destroy(&sw->ports);
        free(sw);
    }
}

static void
remember(void *entry_, const struct switch_memory *memory)
{
    struct entry *entry = entry_;
    int error;

    entry->memory = *memory;
    entry->has_memory = true;
    entry->switches->n_files += entry->memory_path != NULL;
    error = entry->memory_path
            ? switch_memory_save(entry->memory_path, entry->sw->address,
                                 memory) : 0;
    if (error) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

        VLOG_WARN_RL(&rl, "%s: what is changed on the switch cannot be "
                     "remembered: %s", entry->memory_path,
                     ovs_strerror(error));
    }
}

void
entry_recall(struct switches *s, struct entry *entry)
{
    if (!entry->memory_path && s->state_dir && *entry->name != '.'
        && !strchr(entry->name, '/')) {
        entry->memory_path = xasprintf("%s/%s.memory", s->state_dir,
                                       entry->name);
    }
    memset(&entry->memory, 0, sizeof entry->memory);
    entry->has_memory
        = entry->memory_path
          && !switch_memory_load(entry->memory_path, entry->sw->address,
                                 &entry->memory);
}

struct entry *
entry_create(struct switches *s, const struct model_switch *sw)
{
    struct entry *entry = xzalloc(sizeof *entry);

    ovs_list_push_back(&s->turns, &entry->node);
    entry->switches = s;
    entry->name = xstrdup(sw->name);
    entry->sw = copy_switch(sw);
    entry->beat = s->next_beat += BEAT_STEP;
    entry->phase = "starting";
    entry->unchecked = true;
    return entry;
}

void
entry_close(struct switches *s, struct entry *entry)
{
    if (entry->reconcile) {
        switch_reconcile_destroy(entry->reconcile);
        s->config.close(s->config.aux, entry->handle);
    }
    entry->reconcile = NULL;
    entry->handle = NULL;
    free(entry->error);
    entry->error = NULL;
    entry->retry = 0;
    entry->phase = "starting";
    entry->unchecked = true;
}

void
entry_destroy(struct switches *s, struct entry *entry)
{
    entry_close(s, entry);
    ovs_list_remove(&entry->node);
    wanted_free(entry->wanted);
    free_switch(entry->sw);
    free_switch(entry->next);
    free(entry->memory_path);
    free(entry->open_ports);
    free(entry->name);
    free(entry->written);
    free(entry->writing);
    free(entry);
}

/* --- Switches that leave --------------------------------------------------*/

bool
entry_is_changing(const struct entry *entry)
{
    return (entry->reconcile
            && switch_reconcile_is_changing(entry->reconcile));
}

struct entry *
entry_find_leaving(const struct switches *s, const char *name,
                   const char *address)
{
    struct entry *entry;

    LIST_FOR_EACH (entry, node, &s->turns) {
        if (entry->leaving && (!name || !strcmp(entry->name, name))
            && nullable_string_is_equal(entry->sw->address, address)) {
            return entry;
        }
    }
    return NULL;
}

void
entries_end_leaving(struct switches *s)
{
    struct entry *entry;

    LIST_FOR_EACH_SAFE (entry, node, &s->turns) {
        if (entry->leaving) {
            entry_destroy(s, entry);
        }
    }
}

/* --- Sessions -------------------------------------------------------------*/

void
entry_open(struct switches *s, struct entry *entry, long long int now)
{
    const char *profile = smap_get(&entry->sw->snmp, "profile");
    const struct switch_reconcile_options options = {
        .profile = profile,
        .save = entry->sw->save,
        .read_interval_ms = READ_INTERVAL,
        .beat_ms = BEAT_INTERVAL,
        .beat_phase_ms = entry->beat * 1ULL * BEAT_INTERVAL >> 32,
        .retry_ms = RETRY,
        .retry_max_ms = RETRY_MAX,
        .memory = entry->has_memory ? &entry->memory : NULL,
        .remember = remember,
        .aux = entry,
    };
    struct switch_session *session;
    char *error = s->config.open(s->config.aux, entry->sw, &session,
                                 &entry->handle);

    entry->unchecked = true;
    if (error) {
        if (!nullable_string_is_equal(error, entry->error)) {
            report(s->config.sink, REPORT_ERROR, "switch-failed",
                   "switch %s: %s", entry->name, error);
        }
        free(entry->error);
        entry->error = error;
        entry->retry = now + OPEN_RETRY;
        return;
    }
    free(entry->error);
    entry->error = NULL;
    entry->reconcile = switch_reconcile_create(entry->name, session,
                                               &s->profiles, &options,
                                               s->config.sink);
    switch_reconcile_set_dry_run(entry->reconcile, !entry->sw->manage);
    if (entry->wanted) {
        switch_reconcile_set_wanted(entry->reconcile, entry->wanted);
    }
}

/* --- Changes of the policy ------------------------------------------------*/

bool
entry_update(struct entry *entry, const struct model_switch *sw)
{
    free_switch(entry->next);
    entry->next = NULL;
    if (!is_same_session(entry->sw, sw)) {
        entry->next = copy_switch(sw);
        if (entry->reconcile) {
            switch_reconcile_set_ending(entry->reconcile, true);
        }
        return true;
    }
    entry->sw->manage = sw->manage;
    entry->sw->save = sw->save;
    if (entry->reconcile) {
        switch_reconcile_set_ending(entry->reconcile, false);
        switch_reconcile_set_dry_run(entry->reconcile, !sw->manage);
        switch_reconcile_set_save(entry->reconcile, sw->save);
    }
    return false;
}

void
entry_renew(struct switches *s, struct entry *entry)
{
    bool moved = !nullable_string_is_equal(entry->sw->address,
                                           entry->next->address);

    entry_close(s, entry);
    free_switch(entry->sw);
    entry->sw = entry->next;
    entry->next = NULL;
    if (moved) {
        entry_recall(s, entry);
    }
}

void
entry_set_wanted(struct entry *entry, struct switch_wanted *wanted)
{
    wanted_free(entry->wanted);
    entry->wanted = wanted;
    entry->looked_at = 0;
    if (entry->reconcile) {
        switch_reconcile_set_wanted(entry->reconcile, wanted);
    }
}

void
entry_set_tvds(struct entry *entry, const struct switch_wanted *wanted)
{
    entry->wanted->tvds = wanted->tvds;
}

void
entry_watch_others(const struct switches *s, struct entry *entry)
{
    const struct switch_status *status
        = switch_reconcile_status(entry->reconcile);
    const struct switch_tables *t = switch_reconcile_tables(entry->reconcile);
    char *open_ports;

    if (!t || !entry->wanted || status->last_read == entry->looked_at
        || (status->state != SWITCH_IDLE && status->state != SWITCH_FAILED
            && status->state != SWITCH_STUCK)) {
        return;
    }
    entry->looked_at = status->last_read;
    open_ports = switch_open_ports(t, entry->wanted);
    if (open_ports && !nullable_string_is_equal(open_ports,
                                                entry->open_ports)) {
        report(s->config.sink, REPORT_WARNING, "switch-open-ports",
               "switch %s: %s", entry->name, open_ports);
    }
    free(entry->open_ports);
    entry->open_ports = open_ports;
}
