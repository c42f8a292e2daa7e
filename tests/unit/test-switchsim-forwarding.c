/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/forwarding.h"

#include <stdlib.h>
#include <string.h>
#include "bitmap.h"
#include "openvswitch/dynamic-string.h"
#include "switchcfg/model-switch.h"
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "tests/unit/tap.h"
#include "util.h"

#define N_PORTS 3
#define VLAN_A 1
#define VLAN_B 10
#define N_SETUPS 512

/* How port 1 is set up; the other ports are untagged in VLAN 1. */
struct setup {
    bool filtering;
    bool tagged_only, untagged_only;
    unsigned int pvid;
    bool in_a, untagged_a, in_b, untagged_b;
    int status_b;
};

static void
put(struct model_switch *ms, const struct mib_oid *column, uint32_t index,
    enum mib_type type, uint64_t number)
{
    struct mib_oid oid = mib_oid_child(column, index);
    struct mib_value value = { .type = type, .number = number };

    model_switch_put(ms, &oid, &value);
}

static void
put_list(struct model_switch *ms, const struct mib_oid *column, uint32_t vid,
         uint8_t octet)
{
    struct mib_oid oid = mib_oid_child(column, vid);
    struct mib_value value = { .type = MIB_OCTETS, .octets = &octet,
                               .n_octets = 1 };

    model_switch_put(ms, &oid, &value);
}

static struct model_switch *
make_switch(const struct setup *s)
{
    struct model_switch_options options = { .atomic = true };
    struct model_switch *ms = model_switch_create(&options);

    model_switch_load_default(ms, N_PORTS, 100);
    put_list(ms, &mib_vlan_static_egress, VLAN_A, s->in_a ? 0xe0 : 0x60);
    put_list(ms, &mib_vlan_static_untagged, VLAN_A,
             s->untagged_a ? 0xe0 : 0x60);
    put(ms, &mib_vlan_static_row_status, VLAN_B, MIB_INTEGER, s->status_b);
    put_list(ms, &mib_vlan_static_egress, VLAN_B, s->in_b ? 0x80 : 0);
    put_list(ms, &mib_vlan_static_untagged, VLAN_B, s->untagged_b ? 0x80 : 0);
    put(ms, &mib_pvid, 1, MIB_UNSIGNED32, s->pvid);
    put(ms, &mib_ingress_filtering, 1, MIB_INTEGER,
        s->filtering ? MIB_TRUE : MIB_FALSE);
    put(ms, &mib_acceptable_frames, 1, MIB_INTEGER,
        s->tagged_only ? MIB_FRAMES_TAGGED
        : s->untagged_only ? MIB_FRAMES_UNTAGGED : MIB_FRAMES_ALL);
    return ms;
}

/* Where a bridge that is told 'f' floods a frame: the VLAN of a frame from
 * port 'from' with tag 'vid' (0: none), 0 if it is dropped; written down from
 * what forwarding.h says, not from forwarding.c. */
static bool
bridge_forwards(const struct forwarding *f, unsigned int from,
                unsigned int vid, unsigned int to, unsigned int *out_vid)
{
    const struct forwarding_port *in = forwarding_find(f, from);
    const struct forwarding_port *out = forwarding_find(f, to);

    if (vid ? in->drop_tagged : in->drop_untagged) {
        return false;
    } else if (!vid && in->stray_untagged) {
        vid = in->stray_untagged;
    } else if (vid && bitmap_is_set(in->strays, vid)) {
        /* A flow of its own. */
    } else {
        vid = vid ? vid : in->native;
        if (!vid || !bitmap_is_set(in->members, vid)) {
            return false;
        }
    }
    *out_vid = out->native == vid && !out->native_tagged ? 0 : vid;
    return from != to && bitmap_is_set(out->members, vid);
}

/* Whether the bridge does with every frame what the switch does; or NULL. */
static char *
find_difference(const struct model_switch *ms, const struct forwarding *f,
                bool untagged_only)
{
    static const unsigned int vids[] = { 0, VLAN_A, VLAN_B, 77 };

    for (unsigned int from = 1; from <= N_PORTS; from++) {
        for (unsigned int to = 1; to <= N_PORTS; to++) {
            for (size_t i = 0; i < ARRAY_SIZE(vids); i++) {
                unsigned int a = 0, b = 0;
                /* What port 1 accepts is not the model's to say. */
                bool taken = from != 1 || !vids[i] || !untagged_only;
                bool want = taken && model_switch_forwards(ms, from, vids[i],
                                                           to, &a);
                bool got = bridge_forwards(f, from, vids[i], to, &b);

                if (want != got || (want && a != b)) {
                    return xasprintf("%u -> %u, VLAN %u: %d as %u, not %d as "
                                     "%u", from, to, vids[i], got, b, want, a);
                }
            }
        }
    }
    return NULL;
}

static struct setup
nth_setup(unsigned int n)
{
    struct setup s = { .pvid = n & 1 ? VLAN_A : VLAN_B };

    s.filtering = n & 2;
    s.tagged_only = n & 4;
    s.in_a = n & 8;
    s.untagged_a = n & 16 && s.in_a;
    s.in_b = n & 32;
    s.untagged_b = n & 64 && s.in_b;
    s.status_b = n & 128 ? MIB_ROW_ACTIVE : MIB_ROW_NOT_IN_SERVICE;
    s.untagged_only = n & 256 && !s.tagged_only;
    return s;
}

/* True if a bridge cannot do it, by what the header says. */
static bool
is_beyond(const struct setup *s)
{
    bool active = s->status_b == MIB_ROW_ACTIVE;
    bool untagged_b = s->untagged_b && active;
    unsigned int native = s->untagged_a ? VLAN_A : untagged_b ? VLAN_B : 0;
    bool member = s->pvid == VLAN_A ? s->in_a : s->in_b;
    bool exists = s->pvid == VLAN_A || active;

    return (s->untagged_a && untagged_b)
           || (native && native != s->pvid && !s->tagged_only && exists
               && (member || !s->filtering));
}

/* All states of one port and two VLANs. */
static void
test_all(void)
{
    unsigned int n_bad = 0, n_refused = 0;

    for (unsigned int n = 0; n < N_SETUPS; n++) {
        struct setup s = nth_setup(n);
        struct model_switch *ms = make_switch(&s);
        struct switch_tables t;
        struct forwarding f;
        unsigned int port;
        char *error, *difference = NULL;

        model_switch_read(ms, switch_profile_standard(), &t);
        error = forwarding_make(&t, NULL, &f, &port);
        if (!error) {
            difference = find_difference(ms, &f, s.untagged_only);
        } else {
            n_refused++;
        }
        if (!error == is_beyond(&s) || difference
            || (error && (port != 1 || f.n))) {
            n_bad++;
            ok(false, "state %u: %s", n, difference ? difference
               : error ? error : "not refused");
        }
        free(error);
        free(difference);
        forwarding_destroy(&f);
        switch_tables_destroy(&t);
        model_switch_destroy(ms);
    }
    ok(!n_bad && n_refused, "%d states of a port, %u of them refused",
       N_SETUPS, n_refused);
}

/* VLAN into which a port takes frames with tag 'vid' (0: none), or 0. */
static unsigned int
takes(const struct forwarding_port *fp, unsigned int vid)
{
    bool member = bitmap_is_set(fp->members, vid ? vid : fp->native);

    if (vid) {
        return !fp->drop_tagged
               && (member || bitmap_is_set(fp->strays, vid)) ? vid : 0;
    } else if (fp->drop_untagged) {
        return 0;
    }
    return fp->stray_untagged ? fp->stray_untagged
           : member ? fp->native : 0;
}

/* True if 'between' lets frames in and out at a port just if both do.  How
 * they leave is as in the new state. */
static bool
is_between(const struct forwarding_port *between,
           const struct forwarding_port *old,
           const struct forwarding_port *new)
{
    static const unsigned int vids[] = { 0, VLAN_A, VLAN_B, 77 };

    for (size_t i = 0; i < ARRAY_SIZE(vids); i++) {
        unsigned int vid = vids[i];
        unsigned int in = takes(old, vid) == takes(new, vid) ? takes(new, vid)
                          : 0;
        bool out = bitmap_is_set(old->members, vid)
                   && bitmap_is_set(new->members, vid);

        if (takes(between, vid) != in
            || bitmap_is_set(between->members, vid) != out) {
            return false;
        }
    }
    return between->native == new->native
           && between->native_tagged == new->native_tagged;
}

/* Between two states that passes which both let through. */
static void
test_restrict(void)
{
    unsigned int n_bad = 0;

    for (unsigned int n = 0; n < N_SETUPS * N_SETUPS; n += 31) {
        struct setup s[2] = { nth_setup(n % N_SETUPS),
                              nth_setup(n / N_SETUPS) };
        struct forwarding f[2], between;
        bool good = true;

        for (int k = 0; k < 2; k++) {
            struct model_switch *ms = make_switch(&s[k]);
            struct switch_tables t;
            unsigned int port;
            char *error;

            model_switch_read(ms, switch_profile_standard(), &t);
            error = forwarding_make(&t, NULL, &f[k], &port);
            good = good && !error;
            free(error);
            switch_tables_destroy(&t);
            model_switch_destroy(ms);
        }
        if (good) {
            forwarding_clone(&between, &f[1]);
            forwarding_restrict(&between, &f[0]);
            for (size_t i = 0; i < between.n; i++) {
                n_bad += !is_between(&between.ports[i], &f[0].ports[i],
                                     &f[1].ports[i]);
            }
            forwarding_destroy(&between);
        }
        forwarding_destroy(&f[0]);
        forwarding_destroy(&f[1]);
    }
    ok(!n_bad, "on the way from state to state passes what both let (%u)",
       n_bad);
}

static void
test_mute(void)
{
    struct setup s = { .pvid = 1, .in_a = true, .untagged_a = true,
                       .status_b = MIB_ROW_ACTIVE };
    struct model_switch *ms = make_switch(&s);
    struct switch_tables t;
    struct forwarding f, copy;
    unsigned int port, ignored;
    char *error;
    bool passes = false;

    model_switch_read(ms, switch_profile_standard(), &t);
    error = forwarding_make(&t, NULL, &f, &port);
    forwarding_clone(&copy, &f);
    ok(!error && forwarding_equal(&copy, &f), "a copy is the same");
    forwarding_mute(&f, 2);
    ok(!forwarding_equal(&copy, &f), "a port made mute is another");
    for (unsigned int other = 1; other <= N_PORTS; other++) {
        passes = passes || bridge_forwards(&f, 2, 0, other, &ignored)
                 || bridge_forwards(&f, other, 0, 2, &ignored);
    }
    ok(!passes, "nothing passes it");
    ok(bridge_forwards(&f, 1, 0, 3, &ignored), "the others go on");
    free(error);
    forwarding_destroy(&f);
    forwarding_destroy(&copy);
    switch_tables_destroy(&t);
    model_switch_destroy(ms);
}

int
main(void)
{
    test_all();
    test_restrict();
    test_mute();
    return tap_done();
}
