/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/switch-open.h"

#include <stdlib.h>
#include "lib/model.h"
#include "openvswitch/list.h"
#include "switchcfg/credentials.h"
#include "switchcfg/snmp.h"
#include "util.h"

/* Credentials that sessions use. */
struct shared {
    struct ovs_list node;       /* In 'shared'. */
    char *name;
    struct switch_credentials *credentials;
    size_t n_users;
};

struct switch_openings {
    char *credentials_dir;
    char *state_dir;
    struct ovs_list shared;     /* "struct shared". */
};

struct switch_openings *
switch_openings_create(const char *credentials_dir, const char *state_dir)
{
    struct switch_openings *o = xzalloc(sizeof *o);

    o->credentials_dir = xstrdup(credentials_dir);
    o->state_dir = nullable_xstrdup(state_dir);
    ovs_list_init(&o->shared);
    return o;
}

void
switch_openings_destroy(struct switch_openings *o)
{
    if (o) {
        ovs_assert(ovs_list_is_empty(&o->shared));
        free(o->credentials_dir);
        free(o->state_dir);
        free(o);
    }
}

static bool
are_same(const struct switch_credentials *a,
         const struct switch_credentials *b)
{
    return (a->version == b->version && a->auth == b->auth
            && a->priv == b->priv
            && nullable_string_is_equal(a->user, b->user)
            && nullable_string_is_equal(a->auth_password, b->auth_password)
            && nullable_string_is_equal(a->priv_password, b->priv_password)
            && nullable_string_is_equal(a->community, b->community));
}

/* Takes over 'c', as read from file 'name'. */
static struct shared *
share(struct switch_openings *o, const char *name,
      struct switch_credentials *c)
{
    struct shared *shared;

    LIST_FOR_EACH (shared, node, &o->shared) {
        if (!strcmp(shared->name, name) && are_same(shared->credentials, c)) {
            switch_credentials_destroy(c);
            shared->n_users++;
            return shared;
        }
    }
    shared = xmalloc(sizeof *shared);
    *shared = (struct shared) {
        .name = xstrdup(name), .credentials = c, .n_users = 1,
    };
    ovs_list_push_back(&o->shared, &shared->node);
    return shared;
}

void
switch_close(void *o OVS_UNUSED, void *handle)
{
    struct shared *shared = handle;

    if (!--shared->n_users) {
        ovs_list_remove(&shared->node);
        switch_credentials_destroy(shared->credentials);
        free(shared->name);
        free(shared);
    }
}

/* The version that the policy says must be the one of the file, so that a file
 * cannot make what is sent less safe than the policy reads. */
static char *
check_version(const struct model_switch *sw, const char *name,
              const struct switch_credentials *c)
{
    const char *version = smap_get_def(&sw->snmp, "version", "3");

    return (c->version == (strcmp(version, "2c") ? 3 : 2) ? NULL
            : xasprintf("credentials %s are for SNMP version %s, but the "
                        "policy says %s", name, c->version == 3 ? "3" : "2c",
                        version));
}

char *
switch_open(void *o_, const struct model_switch *sw,
            struct switch_session **session, void **handle)
{
    const char *name = smap_get_def(&sw->snmp, "credentials", "");
    bool insecure = smap_get_bool(&sw->snmp, "insecure", false);
    struct switch_openings *o = o_;
    struct switch_snmp_options options = {
        .address = sw->address,
        .state_dir = o->state_dir,
    };
    struct switch_credentials *c;
    struct shared *shared;
    char *error = switch_credentials_load(o->credentials_dir, name, insecure,
                                          &c);

    if (error) {
        return error;
    }
    error = check_version(sw, name, c);
    if (error) {
        switch_credentials_destroy(c);
        return error;
    }
    shared = share(o, name, c);
    options.credentials = shared->credentials;
    error = switch_snmp_open(sw->name, &options, session);
    if (error) {
        switch_close(o, shared);
    } else {
        *handle = shared;
    }
    return error;
}
