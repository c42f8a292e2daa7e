/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/policy.h"
#include "lib/suggest.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

/* Names longer than this are not worth quoting in full. */
#define MAX_NAME 1024
#define MAX_CSR 16384           /* CA_MAX_REQUEST. */

enum member_type {
    MEMBER_STRING,              /* char *, at most 'max' bytes. */
    MEMBER_INTEGER,             /* int64_t, 'min' to 'max'. */
    MEMBER_BOOL,                /* bool. */
    MEMBER_OBJECT,              /* char *, the object as JSON text. */
    MEMBER_SHOW,                /* enum request_show. */
};

struct member {
    const char *name;
    enum member_type type;
    size_t offset;              /* In struct request. */
    bool required;
    long long int min, max;
};

#define MEMBER(NAME, TYPE) .name = #NAME, .type = TYPE, \
                           .offset = offsetof(struct request, NAME)
#define MEMBER_NAME(NAME) MEMBER(NAME, MEMBER_STRING), .max = MAX_NAME

/* Each ends with a NULL name. */
static const struct member policy_members[] = {
    { MEMBER_NAME(file) },
    { MEMBER(text, MEMBER_STRING), .required = true, .max = POLICY_MAX_SIZE },
    { MEMBER(dry_run, MEMBER_BOOL) },
    { .name = NULL },
};
static const struct member wait_members[] = {
    { MEMBER(seq, MEMBER_INTEGER), .max = INT64_MAX },
    { MEMBER(timeout_ms, MEMBER_INTEGER), .max = REQUEST_MAX_WAIT_MS },
    { .name = NULL },
};
static const struct member ee_add_members[] = {
    { MEMBER(ee, MEMBER_OBJECT), .required = true },
    { MEMBER(dry_run, MEMBER_BOOL) },
    { .name = NULL },
};
static const struct member ee_remove_members[] = {
    { MEMBER_NAME(name), .required = true },
    { MEMBER(dry_run, MEMBER_BOOL) },
    { .name = NULL },
};
static const struct member ee_move_members[] = {
    { MEMBER_NAME(name), .required = true },
    { MEMBER_NAME(host) },
    { MEMBER(live, MEMBER_BOOL) },
    { MEMBER(force, MEMBER_BOOL) },
    { MEMBER(cancel, MEMBER_BOOL) },
    { MEMBER(dry_run, MEMBER_BOOL) },
    { .name = NULL },
};
static const struct member show_members[] = {
    { .name = "what", .type = MEMBER_SHOW, .required = true,
      .offset = offsetof(struct request, show) },
    { MEMBER_NAME(name) },
    { .name = NULL },
};
static const struct member can_members[] = {
    { MEMBER_NAME(src), .required = true },
    { MEMBER_NAME(dst), .required = true },
    { MEMBER_NAME(service) },
    { .name = NULL },
};
static const struct member events_members[] = {
    { MEMBER(since, MEMBER_INTEGER), .max = INT64_MAX },
    { MEMBER(limit, MEMBER_INTEGER), .min = 1, .max = REQUEST_MAX_EVENTS },
    { MEMBER(wait_ms, MEMBER_INTEGER), .max = REQUEST_MAX_WAIT_MS },
    { .name = NULL },
};
static const struct member certify_members[] = {
    { MEMBER_NAME(name), .required = true },
    { MEMBER(csr, MEMBER_STRING), .required = true, .max = MAX_CSR },
    { .name = NULL },
};
static const struct member enrol_members[] = {
    { MEMBER_NAME(name), .required = true },
    { MEMBER(validity, MEMBER_INTEGER), .min = 1,
      .max = REQUEST_MAX_VALIDITY },
    { .name = NULL },
};
static const struct member name_members[] = {
    { MEMBER_NAME(name), .required = true },
    { .name = NULL },
};
static const struct member switch_show_members[] = {
    { MEMBER_NAME(name) },
    { .name = NULL },
};
static const struct member probe_members[] = {
    { MEMBER_NAME(address), .required = true },
    { MEMBER_NAME(credentials), .required = true },
    { MEMBER_NAME(profile) },
    { MEMBER(insecure, MEMBER_BOOL) },
    { .name = NULL },
};
static const struct member no_members[] = { { .name = NULL } };

static const struct {
    const char *name;
    const struct member *members;
} methods[REQUEST_N_METHODS] = {
    [REQUEST_PLAN] = { "plan", policy_members },
    [REQUEST_APPLY] = { "apply", policy_members },
    [REQUEST_WAIT] = { "wait", wait_members },
    [REQUEST_EE_ADD] = { "ee_add", ee_add_members },
    [REQUEST_EE_REMOVE] = { "ee_remove", ee_remove_members },
    [REQUEST_EE_MOVE] = { "ee_move", ee_move_members },
    [REQUEST_SHOW] = { "show", show_members },
    [REQUEST_CAN] = { "can", can_members },
    [REQUEST_STATUS] = { "status", no_members },
    [REQUEST_EVENTS] = { "events", events_members },
    [REQUEST_HOST_CERTIFY] = { "host_certify", certify_members },
    [REQUEST_ADMIN_CERTIFY] = { "admin_certify", certify_members },
    [REQUEST_HOST_ENROL] = { "host_enrol", enrol_members },
    [REQUEST_HOST_REVOKE] = { "host_revoke", name_members },
    [REQUEST_SWITCH_SHOW] = { "switch_show", switch_show_members },
    [REQUEST_SWITCH_PLAN] = { "switch_plan", name_members },
    [REQUEST_SWITCH_VERIFY] = { "switch_verify", name_members },
    [REQUEST_SWITCH_ADOPT] = { "switch_adopt", name_members },
    [REQUEST_SWITCH_SAVE] = { "switch_save", name_members },
    [REQUEST_SWITCH_RETRY] = { "switch_retry", name_members },
    [REQUEST_SWITCH_PROBE] = { "switch_probe", probe_members },
};

static const char *const show_names[] = {
    [SHOW_TVDS] = "tvds",
    [SHOW_ROLES] = "roles",
    [SHOW_MATRIX] = "matrix",
    [SHOW_HOSTS] = "hosts",
    [SHOW_EES] = "ees",
    [SHOW_FLOWS] = "flows",
    [SHOW_LABELS] = "labels",
    [SHOW_SWITCHES] = "switches",
};

const char *
request_method_to_string(enum request_method method)
{
    return methods[method].name;
}

/* "WHAT "word" is not known; ..., did you mean "x"?" */
static char *
unknown(const char *what, const char *word, const char *const *words, size_t n)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    const char *near = suggest_nearest(word, words, n);

    ds_put_format(&s, "unknown %s \"%.64s\"; ", what, word);
    if (near) {
        ds_put_format(&s, "did you mean \"%s\"? ", near);
    }
    ds_put_cstr(&s, n ? "valid:" : "none is valid here");
    for (size_t i = 0; i < n; i++) {
        ds_put_format(&s, "%s %s", i ? "," : "", words[i]);
    }
    return ds_steal_cstr(&s);
}

static char *
unknown_member(const struct member *members, const char *word)
{
    const char *words[8];
    size_t n = 0;

    for (const struct member *m = members; m->name; m++) {
        words[n++] = m->name;
    }
    return unknown("parameter", word, words, n);
}

static char *
decode_show(const struct json *value, enum request_show *show)
{
    if (value->type == JSON_STRING) {
        for (size_t i = 0; i < ARRAY_SIZE(show_names); i++) {
            if (!strcmp(json_string(value), show_names[i])) {
                *show = i;
                return NULL;
            }
        }
        return unknown("thing to show", json_string(value), show_names,
                       ARRAY_SIZE(show_names));
    }
    return xstrdup("parameter \"what\" must be a string");
}

static char *
decode_string(const struct member *m, const struct json *value, char **sp)
{
    if (value->type != JSON_STRING) {
        return xasprintf("parameter \"%s\" must be a string", m->name);
    }
    if (strlen(json_string(value)) > m->max) {
        return xasprintf("parameter \"%s\" is too long: more than %lld bytes",
                         m->name, m->max);
    }
    *sp = xstrdup(json_string(value));
    return NULL;
}

static char *
decode_member(const struct member *m, const struct json *value,
              struct request *request)
{
    void *p = (char *) request + m->offset;

    switch (m->type) {
    case MEMBER_STRING:
        return decode_string(m, value, p);

    case MEMBER_INTEGER:
        if (value->type != JSON_INTEGER || json_integer(value) < m->min
            || json_integer(value) > m->max) {
            return xasprintf("parameter \"%s\" must be an integer from %lld "
                             "to %lld", m->name, m->min, m->max);
        }
        *(int64_t *) p = json_integer(value);
        return NULL;

    case MEMBER_BOOL:
        if (value->type != JSON_TRUE && value->type != JSON_FALSE) {
            return xasprintf("parameter \"%s\" must be true or false",
                             m->name);
        }
        *(bool *) p = json_boolean(value);
        return NULL;

    case MEMBER_OBJECT:
        if (value->type != JSON_OBJECT) {
            return xasprintf("parameter \"%s\" must be an object", m->name);
        }
        *(char **) p = json_to_string(value, JSSF_SORT);
        return NULL;

    case MEMBER_SHOW:
        return decode_show(value, p);
    }
    OVS_NOT_REACHED();
}

static char *
decode_members(const struct member *members, const struct shash *object,
               struct request *request)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, object) {
        const struct member *m = members;
        char *error;

        while (m->name && strcmp(m->name, node->name)) {
            m++;
        }
        error = (m->name ? decode_member(m, node->data, request)
                 : unknown_member(members, node->name));
        if (error) {
            return error;
        }
    }
    for (const struct member *m = members; m->name; m++) {
        if (m->required && !shash_find(object, m->name)) {
            return xasprintf("parameter \"%s\" is missing", m->name);
        }
    }
    return NULL;
}

static char *
unknown_method(const char *method)
{
    const char *words[REQUEST_N_METHODS];

    for (size_t i = 0; i < REQUEST_N_METHODS; i++) {
        words[i] = methods[i].name;
    }
    return unknown("method", method, words, REQUEST_N_METHODS);
}

char *
request_decode(const char *method, const struct json *params,
               struct request *request)
{
    static const struct shash empty = SHASH_INITIALIZER(&empty);
    const struct shash *object = &empty;
    char *error;
    size_t i;

    memset(request, 0, sizeof *request);
    request->seq = -1;
    request->limit = REQUEST_DEFAULT_EVENTS;
    request->validity = REQUEST_DEFAULT_VALIDITY;
    for (i = 0; i < REQUEST_N_METHODS; i++) {
        if (!strcmp(method, methods[i].name)) {
            break;
        }
    }
    if (i >= REQUEST_N_METHODS) {
        return unknown_method(method);
    }
    request->method = i;
    if (params->type != JSON_ARRAY || params->array.n > 1
        || (params->array.n && params->array.elems[0]->type != JSON_OBJECT)) {
        return xasprintf("method \"%s\" takes one object as its only "
                         "parameter", method);
    }
    if (params->array.n) {
        object = json_object(params->array.elems[0]);
    }
    error = decode_members(methods[i].members, object, request);
    if (error) {
        request_destroy(request);
    }
    return error;
}

void
request_destroy(struct request *request)
{
    if (request) {
        free(request->file);
        free(request->text);
        free(request->ee);
        free(request->name);
        free(request->host);
        free(request->csr);
        free(request->address);
        free(request->credentials);
        free(request->profile);
        free(request->src);
        free(request->dst);
        free(request->service);
        memset(request, 0, sizeof *request);
    }
}
