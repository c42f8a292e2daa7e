/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/access.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "controller/enrolment.h"
#include "lib/ca.h"
#include "lib/identity.h"
#include "lib/model.h"
#include "lib/report.h"
#include "lib/tvd-db.h"
#include "lib/tvd-idl.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "smap.h"
#include "socket-util.h"
#include "sset.h"
#include "stream-ssl.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

struct access {
    struct ca *ca;              /* Borrowed, or NULL. */
    bool own_server;
    struct svec listen;
    long long int lifetime;     /* s. */
    long long int grace;        /* s. */
    char *lock;
    long long int renewal;      /* Of the server's certificate, s. */
    bool renewal_failed;        /* And that was reported. */
    unsigned int seqno;         /* Of the tables, when last looked at. */
    unsigned int rows_seqno;    /* Of those in which hosts have rows. */
    bool work;
    bool writing;               /* The transaction is under way. */
    bool dropping;              /* It drops connections. */
    bool dropped;               /* It did; the rest is to be written. */
    struct timespec changed;    /* Of hosts' authorities, when last seen. */
};

/* --- Roles ----------------------------------------------------------------
 *
 * What the agent of a host writes, and nothing else.  'host' is in none of the
 * lists of columns: whose a row is cannot be changed. */

#define MAX_COLUMNS 8

static const struct permission {
    const char *table;
    const char *columns[MAX_COLUMNS];   /* That may be changed. */
} permissions[] = {
    { "Agent", { "version", "seq", "error", "heartbeat", "drops",
                 "rule_hits" } },
    { "Binding", { "nic", "admitted", "installed", "arrived", "ofport",
                   "reason" } },
    /* Inserted and never changed again but by the controller. */
    { "Event", { NULL } },
};

/* The column that says whose a row is. */
static const char *owner_column = "host";

char *
access_check_target(const char *target)
{
    struct sockaddr_storage ss;

    if (strncmp(target, "pssl:", 5) || target[5] < '0' || target[5] > '9'
        || !inet_parse_passive(target + 5, -1, &ss, false, NULL)) {
        return xasprintf("bad target '%s' to listen at: it must be "
                         "pssl:PORT or pssl:PORT:IP", target);
    }
    return NULL;
}

struct access *
access_create(const struct access_config *config)
{
    struct access *a = xzalloc(sizeof *a);

    a->ca = config->ca;
    a->own_server = config->own_server;
    svec_clone(&a->listen, &config->listen);
    svec_sort_unique(&a->listen);
    a->lifetime = config->lifetime;
    a->grace = config->grace;
    a->lock = (a->listen.n || (a->ca && !a->own_server)
               ? ca_secret_name(a->ca, TVD_DB_LOCK) : xstrdup(TVD_DB_LOCK));
    a->work = true;
    return a;
}

void
access_destroy(struct access *a)
{
    if (a) {
        svec_destroy(&a->listen);
        free(a->lock);
        free(a);
    }
}

const char *
access_lock(const struct access *a)
{
    return a->lock;
}

bool
access_is_foreign(const struct access *a, const struct ovsdb_idl *idl)
{
    return !a->ca && tvdrec_connection_first(idl);
}

/* --- The server's certificate ---------------------------------------------*/

void
access_use_tls(const struct ca *ca)
{
    const char *identity = ca_server_file(ca);

    stream_ssl_set_key_and_cert(identity, identity);
    stream_ssl_set_ca_cert_file(ca_certificate_file(ca, CA_ADMINS), false);
}

/* Sees that the members of a cluster are to trust others: we or another
 * controller have changed the file. */
static bool
authorities_changed(struct access *a)
{
    struct stat s;

    if (a->own_server || stat(ca_certificate_file(a->ca, CA_HOSTS), &s)
        || (s.st_mtim.tv_sec == a->changed.tv_sec
            && s.st_mtim.tv_nsec == a->changed.tv_nsec)) {
        return false;
    }
    a->changed = s.st_mtim;
    return true;
}

void
access_run(struct access *a, const struct report_sink *sink,
           long long int wall)
{
    char *error;

    if (a->ca && (ca_hosts_run(a->ca, wall / 1000)
                  | authorities_changed(a))) {
        a->work = true;
    }
    if (!a->ca || wall / 1000 < a->renewal) {
        return;
    }
    error = ca_renew_server(a->ca, wall / 1000, &a->renewal);
    if (error && !a->renewal_failed) {
        report(sink, REPORT_ERROR, "certificate", "cannot renew the database "
               "server's certificate: %s", error);
    }
    a->renewal_failed = error != NULL;
    if (!error && stream_ssl_is_configured()) {
        access_use_tls(a->ca);
    }
    free(error);
}

void
access_wait(const struct access *a, long long int wall)
{
    if (a->ca) {
        long long int left = a->renewal * 1000 - wall;

        /* By the hour, should somebody set the clock. */
        poll_timer_wait(MAX(0, MIN(left, 3600 * 1000)));
        if (!a->own_server) {
            poll_timer_wait(1000);
        }
    }
}

/* --- The tables -----------------------------------------------------------*/

/* False for a database of an older version, which its owner has yet to convert:
 * a transaction for tables that are not there would fail, with all that is in
 * it. */
static bool
has_tables(const struct ovsdb_idl *idl)
{
    return (tvdrec_server_has_rbac_role_table(idl)
            && tvdrec_server_has_rbac_permission_table(idl));
}

static bool
is_revoked(const struct access *a, const char *host)
{
    return a->ca && sset_contains(ca_hosts_revoked(a->ca), host);
}

/* A host may write until its connection is dropped. */
static bool
has_rows_of_revoked(const struct access *a, const struct ovsdb_idl *idl)
{
    const struct tvdrec_binding *binding;
    const struct tvdrec_agent *agent;

    if (!a->ca || sset_is_empty(ca_hosts_revoked(a->ca))) {
        return false;
    }
    TVDREC_AGENT_FOR_EACH (agent, idl) {
        if (is_revoked(a, agent->host)) {
            return true;
        }
    }
    TVDREC_BINDING_FOR_EACH (binding, idl) {
        if (is_revoked(a, binding->host)) {
            return true;
        }
    }
    return false;
}

bool
access_pending(struct access *a, const struct ovsdb_idl *idl)
{
    unsigned int seqno = MAX(tvdrec_rbac_role_get_seqno(idl),
                             tvdrec_rbac_permission_get_seqno(idl));

    seqno = MAX(seqno, tvdrec_connection_get_seqno(idl));
    seqno = MAX(seqno, tvdrec_tvd_global_get_seqno(idl));
    seqno = MAX(seqno, tvdrec_host_get_seqno(idl));
    if (seqno != a->seqno) {
        a->seqno = seqno;
        a->work = true;
    }
    seqno = MAX(tvdrec_agent_get_seqno(idl), tvdrec_binding_get_seqno(idl));
    if (seqno != a->rows_seqno && !a->work) {
        a->rows_seqno = seqno;
        a->work = has_rows_of_revoked(a, idl);
    }
    return a->work && has_tables(idl);
}

static const struct tvdrec_rbac_permission *
find_permission(const struct tvdrec_rbac_role *role, const char *table)
{
    for (size_t i = 0; i < role->n_permissions; i++) {
        if (!strcmp(role->key_permissions[i], table)
            && !strcmp(role->value_permissions[i]->table, table)) {
            return role->value_permissions[i];
        }
    }
    return NULL;
}

static struct tvdrec_rbac_permission *
write_permission(const struct tvdrec_rbac_role *role,
                 const struct permission *p, struct ovsdb_idl_txn *txn)
{
    const struct tvdrec_rbac_permission *row = find_permission(role, p->table);
    size_t n = 0;

    if (!row) {
        row = tvdrec_rbac_permission_insert(txn);
        tvdrec_rbac_permission_set_table(row, p->table);
    }
    while (n < MAX_COLUMNS && p->columns[n]) {
        n++;
    }
    tvdrec_rbac_permission_set_authorization(row, &owner_column, 1);
    tvdrec_rbac_permission_set_insert_delete(row, true);
    tvdrec_rbac_permission_set_update(row, CONST_CAST(const char **,
                                                      p->columns), n);
    return CONST_CAST(struct tvdrec_rbac_permission *, row);
}

static void
write_roles(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn)
{
    struct tvdrec_rbac_permission *values[ARRAY_SIZE(permissions)];
    const char *keys[ARRAY_SIZE(permissions)];
    const struct tvdrec_rbac_role *row, *role = NULL;

    TVDREC_RBAC_ROLE_FOR_EACH_SAFE (row, idl) {
        if (!strcmp(row->name, ACCESS_AGENT_ROLE)) {
            role = row;
        } else {
            tvdrec_rbac_role_delete(row);
        }
    }
    if (!role) {
        role = tvdrec_rbac_role_insert(txn);
        tvdrec_rbac_role_set_name(role, ACCESS_AGENT_ROLE);
    }
    for (size_t i = 0; i < ARRAY_SIZE(permissions); i++) {
        keys[i] = permissions[i].table;
        values[i] = write_permission(role, &permissions[i], txn);
    }
    tvdrec_rbac_role_set_permissions(role, keys, values, ARRAY_SIZE(keys));
}

static struct tvdrec_connection *
write_connection(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
                 const char *target)
{
    const struct tvdrec_connection *row;

    TVDREC_CONNECTION_FOR_EACH (row, idl) {
        if (!strcmp(row->target, target)) {
            break;
        }
    }
    if (!row) {
        row = tvdrec_connection_insert(txn);
        tvdrec_connection_set_target(row, target);
    }
    tvdrec_connection_set_role(row, ACCESS_AGENT_ROLE);
    return CONST_CAST(struct tvdrec_connection *, row);
}

/* Rows of Connection that nothing refers to go by themselves. */
static void
write_connections(const struct access *a, struct ovsdb_idl *idl,
                  struct ovsdb_idl_txn *txn)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(idl);
    struct tvdrec_connection **rows;

    if (!a->listen.n && (!global || !a->own_server)) {
        return;
    }
    if (!global) {
        global = tvdrec_tvd_global_insert(txn);
    }
    rows = xcalloc(a->listen.n + 1, sizeof *rows);
    for (size_t i = 0; i < a->listen.n; i++) {
        rows[i] = write_connection(idl, txn, a->listen.names[i]);
    }
    tvdrec_tvd_global_set_connections(global, rows, a->listen.n);
    free(rows);
}

/* The PEM blocks of a text. */
static void
split_certificates(char *text, struct svec *certificates)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char end[] = "-----END CERTIFICATE-----";
    char *from, *to;

    while ((from = strstr(text, begin)) && (to = strstr(from, end))) {
        text = to + strlen(end);
        svec_add_nocopy(certificates,
                        xasprintf("%.*s\n", (int) (text - from), from));
    }
    svec_sort_unique(certificates);
}

/* For the members of a cluster.  None is no order to forget all: where no host
 * is trusted there is an authority of nobody. */
static void
write_authorities(const struct access *a, const struct ovsdb_idl *idl)
{
    const struct tvdrec_tvd_global *global = tvdrec_tvd_global_first(idl);
    struct svec certificates = SVEC_EMPTY_INITIALIZER;
    char *text;

    if (!global || !tvdrec_server_has_tvd_global_table_col_host_authorities(
            idl)) {
        return;
    }
    text = ca_certificate(a->ca, CA_HOSTS);
    split_certificates(text, &certificates);
    if (certificates.n) {
        tvdrec_tvd_global_set_host_authorities(
            global, CONST_CAST(const char **, certificates.names),
            certificates.n);
    }
    free(text);
    svec_destroy(&certificates);
}

/* Has the database server close all connections of hosts: it does so when the
 * way it marks packets is to be another one, and listens again at once.  By then
 * it has read what it trusts anew.
 *
 * The server looks at this when it begins a turn of its loop.  So after this
 * transaction a second one must follow, 'confirmed', which makes it begin one:
 * when that is done the connections are closed, and what is removed with it
 * cannot come back. */
static void
drop_connections(const struct ovsdb_idl *idl, bool confirmed)
{
    const struct tvdrec_connection *row;

    TVDREC_CONNECTION_FOR_EACH (row, idl) {
        const char *dscp = smap_get(&row->other_config, "dscp");

        if (strcmp(row->role, ACCESS_AGENT_ROLE)) {
            continue;
        } else if (confirmed) {
            tvdrec_connection_update_other_config_setkey(
                row, "closed", dscp ? dscp : "48");
        } else {
            /* Class selectors 6, which is the default, and 5. */
            tvdrec_connection_update_other_config_setkey(
                row, "dscp", dscp && !strcmp(dscp, "40") ? "48" : "40");
        }
    }
}

static void
write_revoked(const struct access *a, struct ovsdb_idl *idl)
{
    const struct tvdrec_binding *binding;
    const struct tvdrec_agent *agent;
    const struct tvdrec_host *host;

    TVDREC_HOST_FOR_EACH (host, idl) {
        if (host->revoked != is_revoked(a, host->name)) {
            tvdrec_host_set_revoked(host, !host->revoked);
        }
    }
    TVDREC_AGENT_FOR_EACH_SAFE (agent, idl) {
        if (is_revoked(a, agent->host)) {
            tvdrec_agent_delete(agent);
        }
    }
    TVDREC_BINDING_FOR_EACH_SAFE (binding, idl) {
        if (is_revoked(a, binding->host)) {
            tvdrec_binding_delete(binding);
        }
    }
}

/* False for a database that has yet to be converted. */
static bool
has_columns(const struct ovsdb_idl *idl)
{
    return (tvdrec_server_has_host_table_col_revoked(idl)
            && tvdrec_server_has_connection_table_col_other_config(idl));
}

/* Makes the database agree with who is revoked, in two transactions if
 * connections are to be dropped. */
static void
write_hosts(struct access *a, struct ovsdb_idl *idl)
{
    a->dropping = ca_hosts_must_drop(a->ca) && !a->dropped;
    if (a->dropping || a->dropped) {
        drop_connections(idl, a->dropped);
    }
    if (!a->dropping) {
        write_revoked(a, idl);
    }
}

void
access_write(struct access *a, struct ovsdb_idl *idl,
             struct ovsdb_idl_txn *txn)
{
    if (!has_tables(idl)) {
        return;
    }
    write_roles(idl, txn);
    if (a->ca) {
        write_connections(a, idl, txn);
        if (!a->own_server) {
            write_authorities(a, idl);
        }
    }
    if (a->ca && has_columns(idl)) {
        write_hosts(a, idl);
    }
    a->work = false;
    a->writing = true;
}

void
access_written(struct access *a, bool success)
{
    bool dropped = success && a->dropping;

    if (success && a->dropped) {
        ca_hosts_dropped(a->ca);
        /* Somebody waits for that. */
        poll_immediate_wake();
    }
    if (!success || dropped) {
        a->work = true;
    }
    a->dropped = dropped || (a->dropped && !success);
    a->writing = a->dropping = false;
}

bool
access_is_settled(const struct access *a)
{
    return !(a->work || a->writing
             || (a->ca && ca_hosts_must_drop(a->ca)));
}

/* --- Certificates ---------------------------------------------------------*/

static void
put_certificate(struct json *object, const struct access *a,
                const char *certificate, long long int expires)
{
    char *authority = ca_certificate(a->ca, CA_SERVERS);

    json_object_put_string(object, "certificate", certificate);
    json_object_put_string(object, "ca", authority);
    json_object_put(object, "expires", json_integer_create(expires * 1000));
    free(authority);
}

static char *
certify(struct access *a, enum ca_kind kind, long long int lifetime,
        const char *name, const char *csr, long long int wall,
        struct json **answer)
{
    long long int expires;
    char *certificate, *error;

    error = ca_sign(a->ca, kind, name, csr, wall / 1000, lifetime,
                    &certificate, &expires);
    if (!error) {
        *answer = json_object_create();
        put_certificate(*answer, a, certificate, expires);
    }
    free(certificate);
    return error;
}

static char *
no_authority(void)
{
    return xstrdup("this controller has no authority: its database server is "
                   "not its own, and it was started without --pki");
}

static char *
undeclared(const char *name)
{
    return xasprintf("there is no host \"%.64s\"; declare it in the policy "
                     "first", name);
}

char *
access_certify_host(struct access *a, const struct model *model,
                    const char *name, const char *csr, long long int wall,
                    struct json **answer)
{
    *answer = NULL;
    if (!a->ca) {
        return no_authority();
    } else if (!shash_find(&model->hosts, name)) {
        return undeclared(name);
    }
    return certify(a, CA_HOSTS, a->lifetime, name, csr, wall, answer);
}

char *
access_certify_admin(struct access *a, const char *name, const char *csr,
                     long long int wall, struct json **answer)
{
    *answer = NULL;
    return (a->ca ? certify(a, CA_ADMINS, ACCESS_ADMIN_LIFETIME, name, csr,
                            wall, answer)
            : no_authority());
}

char *
access_enrol_host(struct access *a, const struct model *model,
                  const char *name, int64_t validity, long long int wall,
                  struct json **answer)
{
    char *token, *error;

    *answer = NULL;
    if (!a->ca) {
        return no_authority();
    } else if (!shash_find(&model->hosts, name)) {
        return undeclared(name);
    }
    error = ca_host_make_token(a->ca, name, wall / 1000, validity, &token);
    if (!error) {
        *answer = json_object_create();
        json_object_put_string(*answer, "token", token);
        json_object_put(*answer, "expires",
                        json_integer_create((wall / 1000 + validity) * 1000));
        identity_wipe(token);
    }
    return error;
}

char *
access_revoke_host(struct access *a, const struct model *model,
                   const char *name)
{
    struct ca_host host;
    char *error;

    if (!a->ca) {
        return no_authority();
    }
    ca_host_get(a->ca, name, 0, &host);
    if (!host.enrolled && !host.revoked
        && !shash_find(&model->hosts, name)) {
        return xasprintf("there is no host \"%.64s\"", name);
    }
    error = ca_host_revoke(a->ca, name);
    a->work = true;
    return error;
}

bool
access_enrolment(const struct access *a, struct enrolment *e)
{
    if (a->ca) {
        e->ca = a->ca;
        e->lifetime = a->lifetime;
        e->grace = a->grace;
    }
    return a->ca != NULL;
}

const char *
access_host_identity(const struct access *a, const char *name,
                     long long int wall, long long int *expires)
{
    struct ca_host host = { .enrolled = false };

    if (a->ca) {
        ca_host_get(a->ca, name, wall / 1000, &host);
    }
    *expires = host.expires;
    if (host.revoked || !host.enrolled) {
        *expires = host.token_expires;
        return (host.token_expires ? "token"
                : host.revoked ? "revoked" : "none");
    }
    return wall / 1000 < host.expires ? "enrolled" : "expired";
}
