/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded devices: read without loss, and one access port and one trunk moved
 * without touching anything else. */

#include <config.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "switchcfg/profile-files.h"
#include "switchcfg/snmprec.h"
#include "switchcfg/wanted.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

/* VLANs that no recorded device has. */
#define VID_A 3901
#define VID_B 3902

static struct switch_profiles profiles;

static const struct {
    const char *file;
    const char *profile;
} expected[] = {
    { "hpe-procurve", "procurve" }, { "arista", "arista" },
    { "bdcom", "bdcom" }, { "dcs-3726", "dcn" },
    { "dlink-des3200", "dlink-des3200" }, { "h3c-comware", "comware" },
    { "juniper", "juniper" }, { "maipu", "maipu" }, { "ruijie", "ruijie" },
    { "zte", "zte" },
};

/* --- Invariants ------------------------------------------------------------*/

/* One device while a plan is done. */
struct watch {
    const struct model_switch *ms;
    const struct switch_tables *old;
    enum portlist_order order;
    uint32_t ports[2];          /* Ours: access, trunk; */
    struct vidset vids[2];      /* and where they may be in the end. */
    char *broken;               /* First invariant that did not hold. */
};

static bool
old_member(const struct watch *w, unsigned int vid, unsigned int port)
{
    const struct switch_vlan *v = switch_tables_vlan(w->old, vid);

    return v && v->is_static
           && portlist_contains(&v->egress, w->order, port);
}

static bool
new_member(const struct watch *w, unsigned int vid, unsigned int port)
{
    for (size_t i = 0; i < ARRAY_SIZE(w->ports); i++) {
        if (port == w->ports[i]) {
            return vidset_contains(&w->vids[i], vid);
        }
    }
    return old_member(w, vid, port);
}

static void
watch_vlan(struct watch *w, unsigned int vid, const struct portlist *egress)
{
    for (size_t i = 0; i < ARRAY_SIZE(w->ports); i++) {
        unsigned int port, ours = w->ports[i];

        if (!portlist_contains(egress, w->order, ours)) {
            continue;
        }
        if (!old_member(w, vid, ours) && !new_member(w, vid, ours)) {
            w->broken = xasprintf("port %u is in VLAN %u", ours, vid);
            return;
        }
        PORTLIST_FOR_EACH (port, egress, w->order) {
            if (!(old_member(w, vid, ours) && old_member(w, vid, port))
                && !(new_member(w, vid, ours) && new_member(w, vid, port))) {
                w->broken = xasprintf("ports %u and %u are in VLAN %u", ours,
                                      port, vid);
                return;
            }
        }
    }
}

/* Called after each varbind (or SET, if the device is atomic). */
static void
watch(void *w_)
{
    struct watch *w = w_;

    for (size_t i = 0; i < w->ms->objects.n && !w->broken; i++) {
        const struct mib_varbind *vb = &w->ms->objects.v[i];

        if (mib_oid_has_prefix(&vb->oid, &mib_vlan_static_egress)) {
            struct portlist list = { vb->value.octets, vb->value.n_octets };

            watch_vlan(w, vb->oid.ids[vb->oid.n - 1], &list);
        }
    }
}

/* --- Nothing else changed --------------------------------------------------*/

static bool
is_list(const struct mib_oid *oid)
{
    return mib_oid_has_prefix(oid, &mib_vlan_static_egress)
           || mib_oid_has_prefix(oid, &mib_vlan_static_untagged)
           || mib_oid_has_prefix(oid, &mib_vlan_static_forbidden);
}

static bool
is_ours(const struct watch *w, unsigned int port)
{
    return port == w->ports[0] || port == w->ports[1];
}

/* The same bits but those of our ports (unless 'all'), the same length. */
static bool
same_list(const struct watch *w, const struct mib_value *a,
          const struct mib_value *b, bool all)
{
    struct portlist p = { a->octets, a->n_octets };
    struct portlist q = { b->octets, b->n_octets };
    size_t n = MAX(a->n_octets, b->n_octets);

    for (unsigned int port = 1; port <= 8 * n; port++) {
        if (portlist_contains(&p, w->order, port)
            != portlist_contains(&q, w->order, port)
            && (all || !is_ours(w, port))) {
            return false;
        }
    }
    /* Longer only where one of our ports made it so. */
    return b->n_octets <= MAX(a->n_octets,
                              (MAX(w->ports[0], w->ports[1]) + 7) / 8)
           && b->n_octets >= a->n_octets;
}

/* An object that differs from the recording and should not, or NULL. */
static char *
find_touched(const struct watch *w, const struct mib_varbinds *recorded,
             bool all)
{
    for (size_t i = 0; i < recorded->n; i++) {
        const struct mib_varbind *vb = &recorded->v[i];
        const struct mib_value *now = model_switch_get(w->ms, &vb->oid);
        bool same = now && mib_value_equal(now, &vb->value);
        uint32_t index = vb->oid.ids[vb->oid.n - 1];

        if (!same && now && is_list(&vb->oid)) {
            same = same_list(w, &vb->value, now, all);
        } else if (!same && !all && now && is_ours(w, index)) {
            same = mib_oid_has_prefix(&vb->oid, &mib_pvid)
                   || mib_oid_has_prefix(&vb->oid, &mib_acceptable_frames)
                   || mib_oid_has_prefix(&vb->oid, &mib_ingress_filtering)
                   || mib_oid_has_prefix(&vb->oid, &mib_port_gvrp);
        }
        if (!same) {
            return mib_oid_to_string(&vb->oid);
        }
    }
    return NULL;
}

/* --- Moving ports ----------------------------------------------------------*/

static bool
ok_null(char *error, const char *what, const char *file, const char *where)
{
    bool good = ok(!error, "%s: %s (%s)", file, what, where);

    if (error) {
        printf("# %s\n", error);
        free(error);
    }
    return good;
}

/* True if the plan that makes 'port' an access port is not refused; else what
 * it says is in '*refusal'. */
static bool
can_be_moved(const struct switch_tables *t, uint32_t port, char **refusal)
{
    struct switch_plan plan = { .n = 0 };
    struct switch_wanted wanted;
    char name[16];

    free(*refusal);
    snprintf(name, sizeof name, "#%"PRIu32, port);
    switch_wanted_init(&wanted);
    switch_wanted_add_vlan(&wanted, VID_A, "a");
    vidset_add(&switch_wanted_add_port(&wanted, name, SWITCH_ACCESS,
                                       NULL)->vids, VID_A);
    *refusal = switch_plan_make(t, &wanted, &plan);
    switch_plan_destroy(&plan);
    switch_wanted_destroy(&wanted);
    return !*refusal;
}

/* Is a port refused for what a probe would tell? */
static bool
is_said_before(const struct switch_tables *t, const struct switch_port *port,
               const char *refusal)
{
    char *device = switch_check_device(t, true);
    char *lacks = switch_check_port(t, port);
    bool same = refusal ? (device && !strcmp(refusal, device))
                          || (!device && lacks && strstr(refusal, lacks))
                : !device && !lacks;

    free(device);
    free(lacks);
    return same;
}

/* Two ports that can be configured: the first one and the last. */
static bool
choose_ports(const struct switch_tables *t, struct watch *w, char **refusal)
{
    size_t n;
    const struct switch_port **ports = switch_tables_ports(t, &n);
    size_t found = 0, n_unsaid = 0;

    for (size_t i = 0; i < n; i++) {
        bool can = can_be_moved(t, ports[i]->number, refusal);

        n_unsaid += !is_said_before(t, ports[i], *refusal);
        if (can) {
            w->ports[found ? 1 : 0] = ports[i]->number;
            found++;
        } else {
            printf("# %s\n", *refusal);
        }
    }
    ok(!n_unsaid, "what is refused is what a probe tells");
    free(ports);
    return found > 1;
}

static void
want(struct switch_wanted *wanted, struct watch *w, unsigned int access_vid)
{
    struct switch_wanted_port *p;
    char name[16];

    switch_wanted_init(wanted);
    switch_wanted_add_vlan(wanted, VID_A, "a");
    switch_wanted_add_vlan(wanted, VID_B, "b");
    memset(w->vids, 0, sizeof w->vids);
    snprintf(name, sizeof name, "#%"PRIu32, w->ports[0]);
    p = switch_wanted_add_port(wanted, name, SWITCH_ACCESS, NULL);
    vidset_add(&p->vids, access_vid);
    w->vids[0] = p->vids;
    snprintf(name, sizeof name, "#%"PRIu32, w->ports[1]);
    p = switch_wanted_add_port(wanted, name, SWITCH_TRUNK, NULL);
    vidset_add(&p->vids, VID_A);
    vidset_add(&p->vids, VID_B);
    w->vids[1] = p->vids;
}

/* Plans and does a change.  False if something went wrong. */
static bool
change(struct model_switch *ms, struct watch *w,
       const struct switch_profile *profile, const struct switch_wanted *wanted,
       const struct switch_tables *back_to, const char *file, const char *how)
{
    struct switch_plan plan = { .n = 0 };
    struct switch_tables *now = xmalloc(sizeof *now), after;
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    char *error;
    bool good;

    model_switch_read(ms, profile, now);
    w->old = now;
    error = back_to ? switch_plan_restore(now, back_to, wanted, &plan)
            : switch_plan_make(now, wanted, &plan);
    good = ok_null(error, "plan", file, how);
    if (good) {
        printf("# %"PRIuSIZE" varbinds in %"PRIuSIZE" PDUs\n",
               switch_plan_n_varbinds(&plan), plan.n);
        good = ok_null(switch_check_execute(ms, &plan), "done", file, how);
        good = ok_null(w->broken, "invariants", file, how) && good;
        w->broken = NULL;
        model_switch_read(ms, profile, &after);
        good = ok(back_to ? switch_plan_verify_restored(&after, back_to,
                                                        wanted, &lines)
                  : switch_plan_verify(&after, wanted, &lines),
                  "%s: as wanted (%s)", file, how) && good;
        for (size_t i = 0; i < lines.n; i++) {
            printf("# %s\n", lines.names[i]);
        }
        switch_tables_destroy(&after);
    }
    svec_destroy(&lines);
    switch_plan_destroy(&plan);
    switch_tables_destroy(now);
    free(now);
    w->old = NULL;
    return good;
}

/* Moves the ports, moves one on, and all back. */
static void
test_moves(const char *file, const struct mib_varbinds *recorded,
           const struct switch_profile *profile, bool atomic)
{
    char *refusal = NULL;
    const char *how = atomic ? "atomic" : "one after the other";
    struct watch w = { .order = profile->order };
    struct model_switch_options options = {
        .atomic = atomic,
        .order = profile->order,
        .untagged_within_egress = profile->join == SWITCH_EGRESS_FIRST,
        .changed = watch,
        .aux = &w,
    };
    struct model_switch *ms = model_switch_create(&options);
    struct switch_wanted wanted;
    struct switch_tables before;

    model_switch_load(ms, recorded);
    model_switch_read(ms, profile, &before);
    w.ms = ms;
    if (!choose_ports(&before, &w, &refusal)) {
        ok(strstr(file, "zte") && strstr(refusal, "which port they mean"),
           "%s: refused: %s", file, refusal);
    } else {
        want(&wanted, &w, VID_A);
        w.old = &before;
        if (change(ms, &w, profile, &wanted, NULL, file, how)) {
            ok_null(find_touched(&w, recorded, false), "touches nothing else",
                    file, how);
        }
        switch_wanted_destroy(&wanted);
        want(&wanted, &w, VID_B);
        change(ms, &w, profile, &wanted, NULL, file, how);
        ok_null(find_touched(&w, recorded, false), "touches nothing else",
                file, how);
        /* Back: what is new then is what was old. */
        for (size_t i = 0; i < 2; i++) {
            memset(&w.vids[i], 0, sizeof w.vids[i]);
            for (unsigned int vid = 1; vid <= MIB_VID_MAX; vid++) {
                const struct switch_vlan *v = switch_tables_vlan(&before, vid);

                if (v && portlist_contains(&v->egress, w.order, w.ports[i])) {
                    vidset_add(&w.vids[i], vid);
                }
            }
        }
        change(ms, &w, profile, &wanted, &before, file, how);
        ok_null(find_touched(&w, recorded, true), "as it was", file, how);
        switch_wanted_destroy(&wanted);
    }
    free(refusal);
    switch_tables_destroy(&before);
    model_switch_destroy(ms);
}

/* --- Reading ---------------------------------------------------------------*/

/* True if what was recorded of what can be set comes out again. */
static void
test_lossless(const char *file, const struct mib_varbinds *recorded,
              const struct switch_tables *t)
{
    static const struct mib_oid *const columns[] = {
        &mib_vlan_static_name, &mib_vlan_static_egress,
        &mib_vlan_static_forbidden, &mib_vlan_static_untagged,
        &mib_vlan_static_row_status, &mib_pvid, &mib_acceptable_frames,
        &mib_ingress_filtering, &mib_port_gvrp,
    };
    struct mib_varbinds out = { .n = 0 };
    size_t n = 0, n_same = 0;

    switch_tables_to_varbinds(t, &out);
    for (size_t i = 0; i < recorded->n; i++) {
        const struct mib_varbind *vb = &recorded->v[i];

        for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
            if (!mib_oid_has_prefix(&vb->oid, columns[c])) {
                continue;
            }
            n++;
            for (size_t k = 0; k < out.n; k++) {
                if (!mib_oid_compare(&out.v[k].oid, &vb->oid)) {
                    n_same += mib_value_equal(&out.v[k].value, &vb->value);
                    break;
                }
            }
        }
    }
    ok(n && n == n_same && n == out.n, "%s: %"PRIuSIZE" objects read without "
       "loss", file, n);
    mib_varbinds_destroy(&out);
}

static void
test_unchanged(const char *file, const struct switch_tables *t)
{
    struct switch_plan plan = { .n = 0 };
    struct switch_wanted wanted;
    char *error;

    switch_wanted_init(&wanted);
    error = switch_plan_make(t, &wanted, &plan);
    if (t->profile->refusal) {
        ok(error && strstr(error, t->profile->refusal), "%s: refused: %s",
           file, error);
        free(error);
    } else {
        ok_null(error, "planned", file, "nothing wanted");
        ok(!plan.n, "%s: nothing wanted, nothing to do", file);
        switch_plan_destroy(&plan);
        ok_null(switch_plan_restore(t, t, &wanted, &plan), "planned", file,
                "restore");
        ok(!plan.n, "%s: as before, nothing to do", file);
    }
    switch_plan_destroy(&plan);
    switch_wanted_destroy(&wanted);
}

/* Wants of port 'name' what it is. */
static char *
adopt_as_it_is(const struct switch_tables *t, const char *name,
               struct switch_wanted *wanted)
{
    struct switch_wanted_port *p
        = switch_wanted_add_port(wanted, name, SWITCH_TRUNK, NULL);
    char *error = switch_adopt_port(t, name, p);
    unsigned int vid;

    VIDSET_FOR_EACH (vid, &p->vids) {
        switch_wanted_add_vlan(wanted, vid, "here");
    }
    switch_adopt_vlans(t, wanted, &wanted->adopted);
    return error;
}

/* Ports taken over as they are: no VLAN changes, but protection may. */
static void
test_adopted(const char *file, const struct switch_tables *t)
{
    size_t n, n_adopted = 0, n_changes = 0;
    const struct switch_port **ports = switch_tables_ports(t, &n);

    for (size_t i = 0; i < n; i++) {
        struct switch_plan plan = { .n = 0 };
        struct switch_wanted wanted;
        char name[16], *error;

        switch_wanted_init(&wanted);
        snprintf(name, sizeof name, "#%"PRIu32, ports[i]->number);
        error = adopt_as_it_is(t, name, &wanted);
        if (!error) {
            error = switch_plan_make(t, &wanted, &plan);
        }
        n_adopted += !error;
        free(error);
        for (size_t p = 0; p < plan.n; p++) {
            for (size_t s = 0; s < plan.pdus[p].n; s++) {
                enum switch_action a = plan.pdus[p].sets[s].action;

                n_changes += a != SWITCH_FILTER_INGRESS
                             && a != SWITCH_DISABLE_GVRP
                             && a != SWITCH_RESTRICT_FRAMES
                             && a != SWITCH_ADMIT_FRAMES;
            }
        }
        switch_plan_destroy(&plan);
        switch_wanted_destroy(&wanted);
    }
    free(ports);
    ok(!n_changes, "%s: %"PRIuSIZE" of %"PRIuSIZE" ports can be taken over "
       "without a change of VLANs", file, n_adopted, n);
}

/* Which profile a device gets, and whether it is refused. */
static void
test_matches(void)
{
    static const struct {
        const char *object_id, *descr, *profile;
        bool refused;
    } tests[] = {
        { "1.3.6.1.4.1.9.1.1208", "Cisco IOS Software", "cisco-ios", false },
        { "1.3.6.1.4.1.2636.1.1.1.2.31", "Juniper EX", "juniper", true },
        { "1.3.6.1.4.1.2011.2.62.2.9", "NE40E", "huawei-netengine", true },
        { "1.3.6.1.4.1.2011.2.224.1", "Huawei NetEngine 8000",
          "huawei-netengine-vrp", true },
        { "1.3.6.1.4.1.2011.2.23.339", "Huawei S5720", "standard", false },
        { "1.3.6.1.4.1.4526.100.4.19", "GS110TP", "netgear-gs110", false },
        { "1.3.6.1.4.1.4526.100.4.18", "M4100", "standard", false },
        { "1.3.6.1.4.1.572.17389.14500.1", "ES-4526G", "lg", false },
        { "1.3.6.1.4.1.343.5.1.9", "Express 530T", "intel-530", false },
        { "1.3.6.1.4.1.674.10895.3063", "N2048", "dell", false },
        { "1.3.6.1.4.1.6027.1.3.14", "Force10", "dell-ftos", false },
        { "1.3.6.1.4.1.171.10.64.1", "DES-3526", "dlink", false },
        { "1.3.6.1.4.1.171.10.105.1", "DES-3528", "dlink-des3200", false },
        { "1.3.6.1.4.1.25506.11.1.1", "HPE Comware", "comware", false },
        { "1.3.6.1.4.1.2011.10.1.89", "H3C Comware", "comware-old", false },
        { "1.3.6.1.4.1.43.1.16.4.3.11", "3Com Switch 5500", "comware-3com",
          false },
        { "1.3.6.1.4.1.9.12.3.1.3.1467", "Cisco NX-OS(tm) n9000",
          "cisco-nxos", true },
        { "1.3.6.1.4.1.255060.1", NULL, "standard", false },
        { "1.3.6.1.4.1.8072.3.2.10", "Linux", "standard", false },
        { NULL, NULL, "standard", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        const char *text = tests[i].object_id;
        const struct switch_profile *p;
        struct mib_oid oid;

        if (text) {
            mib_oid_parse(text, strlen(text), &oid);
        }
        p = switch_profiles_match(&profiles, text ? &oid : NULL,
                                  tests[i].descr);
        is_str(p->name, tests[i].profile, "profile of %s",
               text ? text : "a device that does not tell");
        ok(!p->refusal == !tests[i].refused, "%s is %s", p->name,
           p->refusal ? "refused" : "configured");
    }
}

static void
test_device(const char *dir, const char *file)
{
    char *path = xasprintf("%s/%s", dir, file);
    struct mib_varbinds recorded = { .n = 0 };
    const struct switch_profile *profile;
    const struct mib_oid *object_id = NULL;
    struct switch_tables t;
    char *descr = NULL;

    switch_check_load(path, &recorded);
    free(path);
    for (size_t i = 0; i < recorded.n; i++) {
        if (!mib_oid_compare(&recorded.v[i].oid, &mib_sys_object_id)) {
            object_id = recorded.v[i].value.oid;
        } else if (!mib_oid_compare(&recorded.v[i].oid, &mib_sys_descr)) {
            free(descr);
            descr = xmemdup0((char *) recorded.v[i].value.octets,
                             recorded.v[i].value.n_octets);
        }
    }
    profile = switch_profiles_match(&profiles, object_id, descr);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        if (strstr(file, expected[i].file)) {
            is_str(profile->name, expected[i].profile, "%s: profile", file);
        }
    }
    switch_tables_init(&t, profile);
    for (size_t i = 0; i < recorded.n; i++) {
        switch_tables_add(&t, &recorded.v[i]);
    }
    switch_tables_finish(&t);
    is_str(t.first_bad, NULL, "%s: nothing is wrong in it", file);
    test_lossless(file, &recorded, &t);
    test_unchanged(file, &t);
    if (!profile->refusal) {
        test_adopted(file, &t);
        test_moves(file, &recorded, profile, false);
        test_moves(file, &recorded, profile, true);
    }
    switch_tables_destroy(&t);
    mib_varbinds_destroy(&recorded);
    free(descr);
}

int
main(void)
{
    const char *dir = switch_check_walks();
    struct svec files = SVEC_EMPTY_INITIALIZER;
    DIR *stream = dir ? opendir(dir) : NULL;
    const struct dirent *entry;
    const char *file;
    char *error;
    size_t i;

    switch_profiles_init(&profiles);
    error = switch_profiles_load(&profiles, "switchcfg/profiles");
    is_str(error, NULL, "the profiles are right");
    free(error);
    test_matches();
    if (!stream) {
        skip("recorded devices", "no recordings here (set TVD_WALKS)");
    } else {
        while ((entry = readdir(stream))) {
            if (strstr(entry->d_name, ".snmprec")) {
                svec_add(&files, entry->d_name);
            }
        }
        closedir(stream);
        svec_sort(&files);
        SVEC_FOR_EACH (i, file, &files) {
            test_device(dir, file);
        }
    }
    svec_destroy(&files);
    switch_profiles_destroy(&profiles);
    return tap_done();
}
