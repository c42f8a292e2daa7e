/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer to "status". */

#include <config.h>
#include "controller/engine-private.h"

#include <unistd.h>
#include "controller/dbserver.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

static void
put_integer(struct json *object, const char *key, long long int value)
{
    json_object_put(object, key, json_integer_create(value));
}

static void
put_boolean(struct json *object, const char *key, bool value)
{
    json_object_put(object, key, json_boolean_create(value));
}

/* Which one is active, of several. */
static void
put_active_controller(struct json *s, const struct engine *e)
{
    const char *active = e->active ? e->name : tvd_db_controller(e->db);

    if (!e->dbserver && active) {
        json_object_put_string(s, "active_controller", active);
    }
}

static struct json *
controller_status(const struct engine *e)
{
    struct json *s = json_object_create();

    json_object_put_string(s, "version", TVD_VERSION);
    put_integer(s, "pid", getpid());
    put_boolean(s, "active", e->active);
    json_object_put_string(s, "state", e->active ? "active"
                           : engine_is_standby(e) ? "standby" : "no database");
    put_active_controller(s, e);
    put_integer(s, "uptime_s", (time_msec() - e->started) / 1000);
    put_integer(s, "changes_queued", e->writer.n_queued);
    return s;
}

static struct json *
database_status(const struct engine *e)
{
    struct json *s = json_object_create();
    struct json *array = json_array_create_empty();
    size_t n;
    const struct svec *problems = tvd_db_problems(e->db, &n);

    json_object_put_string(s, "remote", e->remote);
    put_boolean(s, "connected", e->connected);
    put_boolean(s, "embedded", e->dbserver != NULL);
    if (e->dbserver) {
        const char *error = dbserver_error(e->dbserver);

        put_integer(s, "pid", dbserver_pid(e->dbserver));
        put_integer(s, "restarts", dbserver_n_restarts(e->dbserver));
        if (error) {
            json_object_put_string(s, "error", error);
        }
    }
    put_integer(s, "rows_left_out", n);
    for (size_t i = 0; i < problems->n; i++) {
        json_array_add(array, json_string_create(problems->names[i]));
    }
    json_object_put(s, "problems", array);
    return s;
}

static struct json *
policy_status(const struct engine *e)
{
    const struct smap *policy = tvd_db_policy(e->db);
    const struct model *m = tvd_db_model(e->db);
    struct json *s = json_object_create();

    put_integer(s, "seq", tvd_db_seq(e->db));
    json_object_put_string(s, "file", smap_get_def(policy, "file", ""));
    json_object_put_string(s, "digest", smap_get_def(policy, "digest", ""));
    put_integer(s, "time", smap_get_ullong(policy, "time", 0));
    put_integer(s, "tvds", m ? shash_count(&m->tvds) : 0);
    put_integer(s, "hosts", m ? shash_count(&m->hosts) : 0);
    put_integer(s, "ees", m ? shash_count(&m->ees) : 0);
    put_integer(s, "nics", m ? hmap_count(&m->nics_by_id) : 0);
    return s;
}

struct json *
engine_status(struct engine *e)
{
    struct json *s = json_object_create();
    struct json *hosts;

    json_object_put(s, "controller", controller_status(e));
    json_object_put(s, "database", database_status(e));
    json_object_put(s, "policy", policy_status(e));
    if (tvd_db_model(e->db)) {
        struct show_input in = engine_show_input(e);
        bool enforced;

        hosts = show_host_states(&in, in.seq, &enforced);
    } else {
        hosts = json_array_create_empty();
    }
    json_object_put(s, "hosts", hosts);
    if (e->active && e->switches) {
        json_object_put(s, "switches", switches_status(e->switches));
    }
    return s;
}
