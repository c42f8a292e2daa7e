/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "agent/bindings.h"
#include "lib/model-file.h"
#include "lib/model.h"
#include "lib/report.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-error.h"
#include "ovsdb-parser.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(keep);

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define KIND_MODEL "tvd-agent-policy"
#define KIND_PORTS "tvd-agent-ports"

/* A model of 10,000 EEs takes 4 MB. */
#define MAX_SIZE (64 << 20)

/* Between two times that the model is written, in ms; that takes at most
 * 1/SHARE of the time. */
#define INTERVAL 1000
#define SHARE 500
/* The same if only 'seq' differs, which others' changes make grow. */
#define SEQ_INTERVAL 10000

static void
set_error(struct keep *k, char *error)
{
    if (error && (!k->error || strcmp(error, k->error))) {
        report(k->sink, REPORT_WARNING, "keep", "%s: an agent that is started "
               "while the policy database cannot be reached will not know "
               "what is in force now", error);
    }
    free(k->error);
    k->error = error;
}

/* --- Files ----------------------------------------------------------------*/

/* Stores the text of the file in '*text', NULL if there is none.  Returns what
 * is wrong with it, or NULL. */
static char *
read_stream(FILE *stream, char **text)
{
    struct stat s;
    size_t n;

    if (fstat(fileno(stream), &s)) {
        return xstrdup(ovs_strerror(errno));
    } else if (!S_ISREG(s.st_mode) || s.st_mode & 077
               || s.st_uid != geteuid()) {
        return xstrdup("it must be a file of mode 0600 that belongs to the "
                       "agent's user");
    } else if (s.st_size > MAX_SIZE) {
        return xstrdup("it is too large");
    }
    *text = xmalloc(s.st_size + 1);
    n = fread(*text, 1, s.st_size, stream);
    (*text)[n] = '\0';
    return NULL;
}

static char *
read_file(const char *path, char **text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
    char *error;

    *text = NULL;
    if (!stream) {
        return errno == ENOENT ? NULL : xstrdup(ovs_strerror(errno));
    }
    error = read_stream(stream, text);
    fclose(stream);
    return error;
}

/* Returns an errno value. */
static int
write_tmp(const char *tmp, const char *text)
{
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                  0600);
    size_t written;
    int error;

    if (fd < 0) {
        return errno;
    }
    error = write_fully(fd, text, strlen(text), &written);
    return close(fd) && !error ? errno : error;
}

/* Replaces the file as a whole.  Returns an errno value. */
static int
write_file(const char *path, const char *text)
{
    char *tmp = xasprintf("%s.tmp", path);
    int error;

    unlink(tmp);
    error = write_tmp(tmp, text);
    if (!error && rename(tmp, path)) {
        error = errno;
    }
    if (error) {
        unlink(tmp);
    }
    free(tmp);
    return error;
}

/* Returns false if it may still be there. */
static bool
remove_file(struct keep *k, const char *path)
{
    if (unlink(path) && errno != ENOENT) {
        set_error(k, xasprintf("cannot remove %s, which is not true any more "
                               "(%s)", path, ovs_strerror(errno)));
        return false;
    }
    return true;
}

/* What cannot be written is removed: it is not true any more. */
static bool
replace_file(struct keep *k, const char *path, const char *kind,
             const struct ds *contents)
{
    char *text = model_file_format(kind, ds_cstr_ro(contents));
    int error = write_file(path, text);

    free(text);
    if (error && remove_file(k, path)) {
        set_error(k, xasprintf("cannot write %s (%s)", path,
                               ovs_strerror(error)));
    }
    return !error;
}

/* --- Contents -------------------------------------------------------------*/

/* Begins with what every file says, and ends where more may follow. */
static void
begin_contents(const struct keep *k, struct ds *s)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "boot", k->boot);
    json_object_put_string(json, "host", k->host);
    json_object_put_string(json, "bridge", k->bridge);
    json_to_ds(json, JSSF_SORT, s);
    json_destroy(json);
    ds_chomp(s, '}');
}

static bool
is_ours(const struct json *contents, const char *name, const char *value)
{
    const struct json *json = shash_find_data(json_object(contents), name);

    return (json && json->type == JSON_STRING
            && !strcmp(json_string(json), value));
}

/* The contents of the file, of this host, bridge and start of the machine, which
 * the caller frees; or NULL. */
static struct json *
read_contents(const struct keep *k, const char *path, const char *kind)
{
    struct json *json = NULL;
    char *text;
    char *error = read_file(path, &text);

    if (text) {
        json = model_file_parse(kind, text, &error);
    }
    free(text);
    if (json && !(is_ours(json, "boot", k->boot)
                  && is_ours(json, "host", k->host)
                  && is_ours(json, "bridge", k->bridge))) {
        error = xstrdup("it is of another host or bridge, or from before the "
                        "machine was started");
        json_destroy(json);
        json = NULL;
    }
    if (error) {
        VLOG_WARN("%s is ignored: %s", path, error);
        free(error);
    }
    return json;
}

static struct model *
read_model(const struct keep *k, int64_t *seq)
{
    struct json *contents = read_contents(k, k->model_file, KIND_MODEL);
    const struct json *model, *number;
    struct model *m = NULL;
    char *error = NULL;

    if (!contents) {
        return NULL;
    }
    model = shash_find_data(json_object(contents), "model");
    number = shash_find_data(json_object(contents), "seq");
    *seq = number && number->type == JSON_INTEGER ? json_integer(number) : 0;
    if (!model || *seq < 1) {
        error = xstrdup("it holds no policy");
    } else {
        m = model_file_get(model, &error);
    }
    if (error) {
        VLOG_WARN("%s is ignored: %s", k->model_file, error);
        free(error);
    }
    json_destroy(contents);
    return m;
}

static void
write_model(struct keep *k, const struct model *m, int64_t seq,
            long long int now)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    long long int began = time_msec();

    begin_contents(k, &s);
    ds_put_format(&s, ",\"seq\":%"PRId64",\"model\":", seq);
    model_file_put(m, &s);
    ds_put_char(&s, '}');
    k->stale = !replace_file(k, k->model_file, KIND_MODEL, &s);
    ds_destroy(&s);
    if (!k->stale) {
        set_error(k, NULL);
    }
    k->next_write = now + MAX(INTERVAL, (time_msec() - began) * SHARE);
    k->due = k->next_write;
}

/* --- Ports ----------------------------------------------------------------*/

static void
add_port(struct json *array, const char *iface, const char *nic,
         const char *reason, bool installed, bool arrived)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "interface", iface);
    json_object_put_string(json, "nic", nic);
    json_object_put(json, "reason", reason ? json_string_create(reason)
                                           : json_null_create());
    json_object_put(json, "installed", json_boolean_create(installed));
    json_object_put(json, "arrived", json_boolean_create(arrived));
    json_array_add(array, json);
}

static int
compare_since(const void *a_, const void *b_)
{
    const struct binding *const *a = a_, *const *b = b_;

    return (*a)->since < (*b)->since ? -1 : (*a)->since > (*b)->since;
}

static const struct binding **
sort_bindings(const struct bindings *b)
{
    size_t n = shash_count(&b->by_iface), i = 0;
    const struct binding **sorted = xmalloc((n + 1) * sizeof *sorted);
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &b->by_iface) {
        sorted[i++] = node->data;
    }
    qsort(sorted, n, sizeof *sorted, compare_since);
    return sorted;
}

/* As they stand in the database: of two NICs at one interface, the one that is
 * leaving. */
static struct json *
ports_to_json(const struct bindings *b)
{
    const struct binding **sorted = sort_bindings(b);
    struct json *array = json_array_create_empty();
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &b->leaving) {
        const struct leaving *leaving = node->data;

        add_port(array, node->name, leaving->nic, "it is leaving", true,
                 false);
    }
    for (size_t i = 0; i < shash_count(&b->by_iface); i++) {
        const struct binding *binding = sorted[i];

        if (!shash_find(&b->leaving, binding->iface)) {
            add_port(array, binding->iface, binding->nic,
                     binding->holds ? NULL : binding->reason,
                     false, binding->arrived);
        }
    }
    free(sorted);
    return array;
}

/* One file is worth nothing without the other. */
static void
write_ports(struct keep *k, const struct bindings *b)
{
    struct json *ports = ports_to_json(b);
    struct ds s = DS_EMPTY_INITIALIZER;

    begin_contents(k, &s);
    ds_put_cstr(&s, ",\"ports\":");
    json_to_ds(ports, 0, &s);
    ds_put_char(&s, '}');
    json_destroy(ports);
    if (replace_file(k, k->ports_file, KIND_PORTS, &s)) {
        k->ports_written = b->generation;
    } else if (remove_file(k, k->model_file)) {
        k->stale = true;
    }
    ds_destroy(&s);
}

static char *
recall_port(const struct json *json, struct bindings *b)
{
    struct ovsdb_parser p;
    const struct json *iface, *nic, *reason, *installed, *arrived;
    struct ovsdb_error *error;

    ovsdb_parser_init(&p, json, "port");
    iface = ovsdb_parser_member(&p, "interface", OP_STRING);
    nic = ovsdb_parser_member(&p, "nic", OP_STRING);
    reason = ovsdb_parser_member(&p, "reason", OP_STRING | OP_NULL);
    installed = ovsdb_parser_member(&p, "installed", OP_BOOLEAN);
    arrived = ovsdb_parser_member(&p, "arrived", OP_BOOLEAN);
    error = ovsdb_parser_finish(&p);
    if (error) {
        return ovsdb_error_to_string_free(error);
    }
    if (b) {
        bindings_remember(b, json_string(iface), json_string(nic),
                          (reason->type == JSON_STRING ? json_string(reason)
                           : NULL),
                          json_boolean(installed), json_boolean(arrived));
    }
    return NULL;
}

/* Of 'ports' as read.  With 'b' NULL it only tells whether they are good. */
static bool
recall_ports(const struct keep *k, const struct json *contents,
             struct bindings *b)
{
    const struct json *ports = shash_find_data(json_object(contents), "ports");
    char *error = NULL;

    if (!ports || ports->type != JSON_ARRAY) {
        error = xstrdup("it has no ports");
    }
    for (size_t i = 0; !error && i < ports->array.n; i++) {
        error = recall_port(ports->array.elems[i], b);
    }
    if (error) {
        VLOG_WARN("%s is ignored: %s", k->ports_file, error);
        free(error);
        return false;
    }
    return true;
}

/* --- The contract ---------------------------------------------------------*/

void
keep_init(struct keep *k, const char *dir, const struct report_sink *sink)
{
    *k = (struct keep) {
        .sink = sink,
        .dir = xstrdup(dir),
        .model_file = xasprintf("%s/policy", dir),
        .ports_file = xasprintf("%s/ports", dir),
    };
}

void
keep_destroy(struct keep *k)
{
    json_destroy(k->ports);
    free(k->dir);
    free(k->model_file);
    free(k->ports_file);
    free(k->boot);
    free(k->error);
}

static char *
read_boot_id(void)
{
    FILE *stream = fopen(BOOT_ID, "re");
    char id[64] = "";

    if (stream) {
        if (fgets(id, sizeof id, stream)) {
            id[strcspn(id, "\n")] = '\0';
        }
        fclose(stream);
    }
    return id[0] ? xstrdup(id) : NULL;
}

/* Returns false if there is no directory, or others may write into it. */
static bool
make_dir(struct keep *k)
{
    struct stat s;

    if (mkdir(k->dir, 0700) && errno != EEXIST) {
        set_error(k, xasprintf("cannot make the directory %s (%s)", k->dir,
                               ovs_strerror(errno)));
        return false;
    }
    if (stat(k->dir, &s) || !S_ISDIR(s.st_mode) || s.st_mode & 022
        || s.st_uid != geteuid()) {
        set_error(k, xasprintf("cannot use %s: it must be a directory that "
                               "belongs to the agent's user and that nobody "
                               "else can write to", k->dir));
        return false;
    }
    return true;
}

struct model *
keep_begin(struct keep *k, const char *host, const char *bridge, int64_t *seq)
{
    struct model *m;

    k->boot = read_boot_id();
    if (!k->boot) {
        set_error(k, xasprintf("cannot read %s", BOOT_ID));
        return NULL;
    }
    if (!make_dir(k)) {
        return NULL;
    }
    k->host = host;
    k->bridge = bridge;
    k->ports = read_contents(k, k->ports_file, KIND_PORTS);
    m = (k->ports && recall_ports(k, k->ports, NULL) ? read_model(k, seq)
         : NULL);
    if (!m) {
        json_destroy(k->ports);
        k->ports = NULL;
    }
    return m;
}

void
keep_recall(struct keep *k, struct bindings *b)
{
    if (k->ports) {
        recall_ports(k, k->ports, b);
        json_destroy(k->ports);
        k->ports = NULL;
    }
}

void
keep_model_changes(struct keep *k, bool differs, long long int now)
{
    long long int due = MAX(now, k->next_write);

    if (!k->host) {
        return;
    }
    if (differs) {
        remove_file(k, k->model_file);
    } else {
        due += SEQ_INTERVAL;
    }
    k->due = k->stale ? MIN(k->due, due) : due;
    k->stale = true;
}

void
keep_run(struct keep *k, const struct model *m, int64_t seq,
         const struct bindings *b, bool hurry, long long int now)
{
    if (!k->host || !b->began) {
        return;
    }
    if (b->generation != k->ports_written) {
        write_ports(k, b);
    }
    k->writable = m && seq > 0 && b->generation == k->ports_written;
    k->due = hurry ? MIN(k->due, now) : k->due;
    if (k->stale && k->writable && now >= k->due) {
        write_model(k, m, seq, now);
    }
}

void
keep_flush(struct keep *k, const struct model *m, int64_t seq)
{
    if (k->stale && k->writable) {
        write_model(k, m, seq, time_msec());
    }
}

void
keep_wait(const struct keep *k)
{
    if (k->stale && k->writable) {
        poll_timer_wait_until(k->due);
    }
}
