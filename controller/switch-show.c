/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/switch-show.h"

#include <inttypes.h>
#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "svec.h"
#include "switchcfg/plan.h"
#include "switchcfg/profile.h"
#include "switchcfg/reconcile.h"
#include "switchcfg/tables.h"
#include "switchcfg/wanted.h"
#include "util.h"

static void
put_text(struct json *object, const char *key, const char *text)
{
    json_object_put(object, key, text ? json_string_create(text)
                                      : json_null_create());
}

static void
put_bool(struct json *object, const char *key, bool value)
{
    json_object_put(object, key, json_boolean_create(value));
}

static void
put_integer(struct json *object, const char *key, long long int value)
{
    json_object_put(object, key, json_integer_create(value));
}

static void
put_lines(struct json *object, const char *key, const struct svec *lines)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < lines->n; i++) {
        json_array_add(array, json_string_create(lines->names[i]));
    }
    json_object_put(object, key, array);
}

static void
put_vids(struct json *object, const char *key, const struct vidset *vids)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    vidset_format(vids, &s);
    put_text(object, key, ds_cstr(&s));
    ds_destroy(&s);
}

/* --- Ports ----------------------------------------------------------------*/

/* What a port lacks to be one of ours. */
static void
put_lacks(struct json *object, const struct switch_tables *t,
          const struct switch_port *port)
{
    char *lacks = switch_check_port(t, port);

    put_text(object, "lacks", lacks);
    free(lacks);
}

/* What 'port' is in, as the device has it. */
static void
put_memberships(struct json *object, const struct switch_tables *t,
                const struct switch_port *port)
{
    struct vidset tagged, untagged;

    switch_port_memberships(t, port, &tagged, &untagged);
    put_vids(object, "tagged", &tagged);
    put_vids(object, "untagged", &untagged);
    if (port->has_pvid) {
        put_integer(object, "pvid", port->pvid);
    } else {
        put_text(object, "pvid", NULL);
    }
}

static void
put_wanted_port(struct json *object, const struct switch_wanted_port *port)
{
    put_text(object, "what", port ? port->what : NULL);
    put_text(object, "role", port ? switch_role_to_string(port->role) : NULL);
    if (port) {
        put_vids(object, "wanted", &port->vids);
    } else {
        put_text(object, "wanted", NULL);
    }
}

/* The ports that are wanted, by bridge port number in decimal, of those that
 * can be found. */
static void
find_wanted(const struct switch_view *v, struct shash *by_number)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &v->wanted->ports) {
        const struct switch_port *port;
        char *error = switch_tables_find_port(v->tables, node->name, &port);

        if (!error) {
            char *number = xasprintf("%"PRIu32, port->number);

            shash_add_once(by_number, number, node->data);
            free(number);
        }
        free(error);
    }
}

static struct json *
ports_as_read(const struct switch_view *v, bool lacks)
{
    struct json *array = json_array_create_empty();
    struct shash wanted = SHASH_INITIALIZER(&wanted);
    size_t n;
    const struct switch_port **ports = switch_tables_ports(v->tables, &n);

    if (v->wanted) {
        find_wanted(v, &wanted);
    }
    for (size_t i = 0; i < n; i++) {
        struct json *object = json_object_create();
        char *label = switch_tables_port_label(v->tables, ports[i]);
        char *number = xasprintf("%"PRIu32, ports[i]->number);

        put_text(object, "port", label);
        put_memberships(object, v->tables, ports[i]);
        put_wanted_port(object, shash_find_data(&wanted, number));
        if (lacks) {
            put_lacks(object, v->tables, ports[i]);
        }
        json_array_add(array, object);
        free(number);
        free(label);
    }
    free(ports);
    shash_destroy(&wanted);
    return array;
}

/* Before it has been read: what is wanted alone. */
static struct json *
ports_as_wanted(const struct switch_wanted *wanted)
{
    struct json *array = json_array_create_empty();
    const struct shash_node **nodes = shash_sort(&wanted->ports);

    for (size_t i = 0; i < shash_count(&wanted->ports); i++) {
        struct json *object = json_object_create();

        put_text(object, "port", nodes[i]->name);
        put_text(object, "tagged", NULL);
        put_text(object, "untagged", NULL);
        put_text(object, "pvid", NULL);
        put_wanted_port(object, nodes[i]->data);
        json_array_add(array, object);
    }
    free(nodes);
    return array;
}

static void
put_ports(struct json *object, const struct switch_view *v)
{
    json_object_put(object, "ports",
                    v->tables ? ports_as_read(v, false)
                    : v->wanted ? ports_as_wanted(v->wanted)
                    : json_array_create_empty());
}

/* --- The answers ----------------------------------------------------------*/

static struct json *
start(const struct switch_view *v)
{
    struct json *object = json_object_create();

    put_text(object, "name", v->name);
    put_text(object, "address", v->address);
    return object;
}

static void
put_status(struct json *object, const struct switch_view *v)
{
    const struct switch_status *s = v->status;

    put_text(object, "state", v->error ? "failed"
             : s ? switch_state_to_string(s->state) : "starting");
    put_bool(object, "manage", v->manage);
    put_bool(object, "reachable", s && s->reachable);
    put_bool(object, "in_sync", s && s->in_sync);
    put_bool(object, "saved", s && s->saved);
    put_text(object, "save", !s ? NULL
             : s->state == SWITCH_SAVE ? "is being saved"
             : s->will_save ? "will be saved, once nothing is changed for 3 s"
             : NULL);
    put_text(object, "profile", s ? s->profile : NULL);
    put_text(object, "description", s ? s->descr : NULL);
    put_text(object, "error", v->error ? v->error : s ? s->error : NULL);
}

/* What is not wrong yet, or not for us to change unless the policy says so. */
static void
put_notes(struct json *object, const struct switch_view *v)
{
    struct svec notes = SVEC_EMPTY_INITIALIZER;
    char *note = v->tables && v->wanted
                 ? switch_open_ports(v->tables, v->wanted) : NULL;

    if (v->status && v->status->note) {
        svec_add(&notes, v->status->note);
    }
    if (note) {
        svec_add_nocopy(&notes, note);
    }
    put_lines(object, "notes", &notes);
    svec_destroy(&notes);
}

struct json *
switch_show_line(const struct switch_view *v)
{
    struct json *object = start(v);

    put_status(object, v);
    put_notes(object, v);
    put_text(object, "state", v->phase);
    return object;
}

struct json *
switch_show(const struct switch_view *v)
{
    static const struct svec none;
    struct json *object = start(v);
    const struct switch_status *s = v->status;

    put_status(object, v);
    put_lines(object, "differences", s ? &s->differences : &none);
    put_notes(object, v);
    put_integer(object, "reads", s ? s->n_reads : 0);
    put_integer(object, "sets", s ? s->n_sets : 0);
    put_integer(object, "rollbacks", s ? s->n_rollbacks : 0);
    put_integer(object, "drifts", s ? s->n_drift : 0);
    put_ports(object, v);
    return object;
}

struct json *
switch_show_plan(const struct switch_view *v)
{
    struct json *object = start(v);
    struct switch_plan plan;
    char *refusal = NULL;

    memset(&plan, 0, sizeof plan);
    if (v->wanted) {
        refusal = switch_plan_make(v->tables, v->wanted, &plan);
    }
    put_text(object, "refusal", refusal);
    put_lines(object, "changes", &plan.lines);
    put_lines(object, "notes", &plan.notes);
    put_integer(object, "requests", plan.n);
    put_integer(object, "objects", switch_plan_n_varbinds(&plan));
    put_bool(object, "manage", v->manage);
    switch_plan_destroy(&plan);
    free(refusal);
    return object;
}

struct json *
switch_show_verify(const struct switch_view *v)
{
    struct json *object = start(v);
    struct svec differences = SVEC_EMPTY_INITIALIZER;
    bool same = !v->wanted || switch_plan_verify(v->tables, v->wanted,
                                                 &differences);

    put_bool(object, "same", same);
    put_lines(object, "differences", &differences);
    put_notes(object, v);
    put_bool(object, "saved", v->status && v->status->saved);
    svec_destroy(&differences);
    return object;
}

static struct json *
port_to_adopt(const struct switch_tables *t, const char *name,
              const struct switch_wanted_port *wanted)
{
    struct json *object = json_object_create();
    struct switch_wanted_port is = { .role = wanted->role };
    char *problem = switch_adopt_port(t, name, &is);

    put_text(object, "port", name);
    put_text(object, "what", wanted->what);
    put_text(object, "role", switch_role_to_string(is.role));
    put_vids(object, "present", &is.vids);
    put_vids(object, "wanted", &wanted->vids);
    put_bool(object, "same", !problem && wanted->role == is.role
                             && vidset_equal(&wanted->vids, &is.vids));
    put_text(object, "problem", problem);
    free(problem);
    return object;
}

/* Why there would be no plan even if 'vids' were adopted. */
static char *
adopt_refusal(const struct switch_view *v, const struct vidset *vids)
{
    struct switch_wanted *w = switch_wanted_clone(v->wanted);
    struct switch_plan plan = { .n = 0 };
    unsigned int vid;
    char *refusal;

    VIDSET_FOR_EACH (vid, vids) {
        vidset_add(&w->adopted, vid);
    }
    refusal = switch_plan_make(v->tables, w, &plan);
    switch_plan_destroy(&plan);
    switch_wanted_destroy(w);
    free(w);
    return refusal;
}

struct json *
switch_show_adopt(const struct switch_view *v)
{
    struct json *object = start(v);
    struct json *ports = json_array_create_empty();
    const struct shash_node **nodes = shash_sort(&v->wanted->ports);
    struct vidset vids;
    char *refusal;

    switch_adopt_vlans(v->tables, v->wanted, &vids);
    refusal = adopt_refusal(v, &vids);
    put_text(object, "refusal", refusal);
    put_vids(object, "adopt", &vids);
    for (size_t i = 0; i < shash_count(&v->wanted->ports); i++) {
        json_array_add(ports, port_to_adopt(v->tables, nodes[i]->name,
                                            nodes[i]->data));
    }
    json_object_put(object, "ports", ports);
    free(nodes);
    free(refusal);
    return object;
}

/* Why no plan for the device can be made: for want of something in it, or in
 * all of its ports. */
static char *
probe_refusal(const struct switch_tables *t)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(t, &n);
    char *error = switch_check_device(t, true);

    for (size_t i = 0; !error && i < n; i++) {
        char *lacks = switch_check_port(t, ports[i]);

        if (!lacks) {
            break;
        }
        if (i == n - 1) {
            error = xasprintf("none of its ports can be one of ours: %s",
                              lacks);
        }
        free(lacks);
    }
    free(ports);
    return error;
}

struct json *
switch_show_probe(const struct switch_view *v)
{
    const struct switch_profile *p = v->tables->profile;
    struct json *object = start(v);
    char *refusal = probe_refusal(v->tables);
    size_t n_vlans;

    free(switch_tables_vlans(v->tables, &n_vlans));
    put_text(object, "description", v->tables->descr);
    put_text(object, "profile", p->name);
    put_text(object, "title", p->title);
    put_text(object, "basis", p->basis);
    put_bool(object, "configurable", !refusal);
    put_text(object, "refusal", refusal);
    free(refusal);
    put_bool(object, "atomic", p->atomic);
    put_text(object, "saves", p->save == SWITCH_SAVE_SET ? "when asked to"
                              : p->save == SWITCH_SAVE_IMPLICIT ? "by itself"
                              : "not over SNMP, as far as is known");
    put_integer(object, "vlans", n_vlans);
    put_text(object, "unreadable", v->tables->first_bad);
    json_object_put(object, "ports", ports_as_read(v, true));
    return object;
}
