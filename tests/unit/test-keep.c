/* SPDX-License-Identifier: Apache-2.0
 *
 * What an agent keeps: it is there for the next one, exactly if it is still
 * what is in force, of this host, and whole. */

#include <config.h>
#include "agent/keep.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "agent/bindings.h"
#include "lib/model.h"
#include "lib/report.h"
#include "openvswitch/json.h"
#include "tests/unit/tap.h"
#include "util.h"

static int n_reports;

static void
count_report(void *aux OVS_UNUSED, enum report_severity severity OVS_UNUSED,
             const char *kind OVS_UNUSED, const char *message)
{
    printf("# %s\n", message);
    n_reports++;
}

static const struct report_sink sink = { .cb = count_report };

struct fixture {
    char dir[32];
    char *model_file, *ports_file;
    struct model *m;
    struct bindings b;
    struct keep k;              /* Of an agent that runs. */
    long long int now;
};

static void
agent_start(struct fixture *f)
{
    int64_t seq;

    keep_init(&f->k, f->dir, &sink);
    model_destroy(keep_begin(&f->k, "desk1", "br-tvd", &seq));
    bindings_init(&f->b);
    bindings_remember(&f->b, "a", "r1/eth0", NULL, true, false);
    bindings_remember(&f->b, "b", "r2/eth0", "waits", false, true);
    f->b.began = true;
    f->now = 100000;
}

static void
agent_end(struct fixture *f)
{
    bindings_destroy(&f->b);
    keep_destroy(&f->k);
}

static void
run(struct fixture *f)
{
    keep_run(&f->k, f->m, 7, &f->b, false, f->now);
}

/* Enforces a model. */
static void
change(struct fixture *f)
{
    keep_model_changes(&f->k, true, f->now);
    run(f);
}

static void
setup(struct fixture *f)
{
    ovs_strlcpy(f->dir, "/tmp/test-keep.XXXXXX", sizeof f->dir);
    ovs_assert(mkdtemp(f->dir));
    f->model_file = xasprintf("%s/policy", f->dir);
    f->ports_file = xasprintf("%s/ports", f->dir);
    f->m = model_create();
    sset_add(&model_label_add(f->m, "red")->types, "red");
    agent_start(f);
}

static void
teardown(struct fixture *f)
{
    agent_end(f);
    unlink(f->model_file);
    unlink(f->ports_file);
    ok(!rmdir(f->dir), "nothing else is left behind");
    free(f->model_file);
    free(f->ports_file);
    model_destroy(f->m);
}

/* The 'seq' that the next agent goes on with, 0: none.  Its bindings go to
 * 'b', if it is nonnull. */
static int64_t
next_agent(const struct fixture *f, const char *host, const char *bridge,
           struct bindings *b)
{
    struct model *m;
    struct keep k;
    int64_t seq = 0;

    keep_init(&k, f->dir, &sink);
    m = keep_begin(&k, host, bridge, &seq);
    if (m && b) {
        keep_recall(&k, b);
    }
    keep_destroy(&k);
    if (!m) {
        return 0;
    }
    ovs_assert(model_label_find(m, "red"));
    model_destroy(m);
    return seq;
}

static bool
is_there(const struct fixture *f)
{
    return next_agent(f, "desk1", "br-tvd", NULL) == 7;
}

static void
test_there(void)
{
    struct bindings b;
    struct fixture f;
    struct stat s;

    setup(&f);
    ok(!is_there(&f), "nothing is kept at first");
    change(&f);
    bindings_init(&b);
    ok(next_agent(&f, "desk1", "br-tvd", &b) == 7, "a model is kept");

    const struct binding *a = shash_find_data(&b.by_iface, "a");
    const struct binding *waits = shash_find_data(&b.by_iface, "b");

    ok(a && !a->reason && a->remembered && !strcmp(a->nic, "r1/eth0")
       && waits && !strcmp(waits->reason, "waits") && !waits->remembered
       && waits->arrived, "and what NICs there were");
    bindings_destroy(&b);
    ok(!stat(f.model_file, &s) && (s.st_mode & 0777) == 0600
       && !stat(f.ports_file, &s) && (s.st_mode & 0777) == 0600,
       "for nobody else to read");
    ok(!next_agent(&f, "desk2", "br-tvd", NULL)
       && !next_agent(&f, "desk1", "br-x", NULL),
       "not for another host or bridge");
    ok(!n_reports, "no complaints");
    teardown(&f);
}

static void
test_current(void)
{
    struct fixture f;

    setup(&f);
    change(&f);
    f.now += 10;
    change(&f);
    ok(!is_there(&f), "gone as soon as another one is enforced");
    f.now += 2000;
    run(&f);
    ok(is_there(&f), "there again a second later");
    f.now += 10;
    keep_model_changes(&f.k, true, f.now);
    keep_flush(&f.k, f.m, 7);
    ok(is_there(&f), "or when the agent ends");
    keep_model_changes(&f.k, true, f.now);
    keep_run(&f.k, f.m, 7, &f.b, true, f.now);
    ok(is_there(&f), "or when it loses the database");
    keep_model_changes(&f.k, false, f.now);
    ok(is_there(&f), "stays when only seq is another one");
    keep_model_changes(&f.k, true, f.now);
    f.now += 2000;
    keep_run(&f.k, NULL, 7, &f.b, true, f.now);
    keep_run(&f.k, f.m, 0, &f.b, true, f.now);
    ok(!is_there(&f), "what is no policy of the database is not kept");
    teardown(&f);
}

static void
test_ports(void)
{
    struct bindings b;
    struct fixture f;

    setup(&f);
    change(&f);

    struct binding *a = shash_find_data(&f.b.by_iface, "a");
    struct leaving *leaving = xzalloc(sizeof *leaving);

    /* r1 leaves and has not left yet; somebody else is at its port. */
    leaving->nic = xstrdup("r1/eth0");
    leaving->goal = 1;
    shash_add(&f.b.leaving, "a", leaving);
    free(a->nic);
    a->nic = xstrdup("r3/eth0");
    f.b.generation++;
    run(&f);
    bindings_init(&b);
    next_agent(&f, "desk1", "br-tvd", &b);
    a = shash_find_data(&b.by_iface, "a");
    ok(a && !strcmp(a->nic, "r1/eth0") && a->reason && a->remembered,
       "a NIC that is leaving is known as such");
    bindings_destroy(&b);

    ok(bindings_have_left(&f.b, 1), "it has left");
    run(&f);
    bindings_init(&b);
    next_agent(&f, "desk1", "br-tvd", &b);
    a = shash_find_data(&b.by_iface, "a");
    ok(a && !strcmp(a->nic, "r3/eth0"), "and is gone at once");
    bindings_destroy(&b);
    teardown(&f);
}

static void
test_damaged(void)
{
    struct fixture f;

    setup(&f);
    change(&f);
    n_reports = 0;
    ok(!chmod(f.dir, 0777) && !is_there(&f) && !chmod(f.dir, 0700),
       "others may write into the directory");
    ok(!chmod(f.ports_file, 0644) && !is_there(&f), "others may read it");
    ok(!chmod(f.ports_file, 0600) && is_there(&f), "(or not)");
    ok(!truncate(f.model_file, 100) && !is_there(&f), "the model is cut");
    f.now += 5000;
    change(&f);
    ok(is_there(&f), "written anew");
    ok(!truncate(f.ports_file, 0) && !is_there(&f), "the ports are cut");
    ok(!unlink(f.ports_file) && !is_there(&f), "or gone");
    ok(!symlink(f.model_file, f.ports_file) && !is_there(&f),
       "or somewhere else");
    f.b.generation++;
    run(&f);
    ok(is_there(&f), "written anew, in their place");

    /* It is not possible to write: root may do anything, but not rename a file
     * to a directory. */
    n_reports = 0;
    unlink(f.ports_file);
    mkdir(f.ports_file, 0700);
    f.b.generation++;
    run(&f);
    ok(n_reports == 1 && access(f.model_file, F_OK),
       "the model goes if ports cannot be written, which is reported");
    rmdir(f.ports_file);
    f.now += 5000;
    run(&f);
    ok(is_there(&f), "and all is well once they can");
    teardown(&f);
}

int
main(void)
{
    test_there();
    test_current();
    test_ports();
    test_damaged();
    return tap_done();
}
