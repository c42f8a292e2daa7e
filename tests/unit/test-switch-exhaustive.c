/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans for all states of small switches, before and after: what they may do
 * on the way, judged by a switch of bits that knows nothing of plans.
 *
 * Three ports of ours and one of others; three VLANs of ours and one of
 * others.  After each varbind (atomic devices: after each SET), no frame may
 * pass that passes neither before nor after. */

#include <config.h>

#include <stdlib.h>
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "switchcfg/profile.h"
#include "switchcfg/wanted.h"
#include "tests/unit/switch-bits.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

#define N_PORTS 4               /* The last is not ours. */
#define N_OURS 3
#define N_VLANS 5               /* 1, 11, 12, 13 (ours), 20 (not ours). */
static const unsigned int vids[N_VLANS] = { 1, 11, 12, 13, 20 };

/* As the device comes. */
enum {
    RAW = 1 << 0,               /* Nothing protected. */
    NO_FRAMES = 1 << 1,         /* No dot1qPortAcceptableFrameTypes. */
};

/* A port of ours: bits of VLANs 11..13; access if 'untagged'. */
struct port_state {
    unsigned int vlans;
    bool untagged;
};

static const struct switch_bits_device device = {
    .n_ports = N_PORTS,
    .vids = vids,
    .n_vlans = N_VLANS,
};

/* --- Before, after, and on the way -----------------------------------------*/

struct watch {
    struct model_switch *ms;
    struct switch_bits old, new;
    bool broken;
    unsigned int n_seen;
};

static bool
allowed(const struct watch *w, const struct switch_bits *s)
{
    for (unsigned int i = 0; i < N_VLANS; i++) {
        if (s->egress[i] & ~(w->old.egress[i] | w->new.egress[i])) {
            return false;
        }
        /* Not ours: bit of port 4, and VLANs 1 and 20. */
        if ((s->egress[i] ^ w->old.egress[i]) >> N_OURS
            || (s->untagged[i] ^ w->old.untagged[i]) >> N_OURS) {
            return false;
        }
    }
    for (unsigned int p = 0; p < N_PORTS; p++) {
        for (unsigned int how = 0; how <= N_VLANS; how++) {
            if (s->passes[p][how]
                & ~(w->old.passes[p][how] | w->new.passes[p][how])) {
                return false;
            }
        }
    }
    return s->pvid[N_OURS] == w->old.pvid[N_OURS]
           && s->frames[N_OURS] == w->old.frames[N_OURS]
           && s->filter[N_OURS] == w->old.filter[N_OURS]
           && s->exists & 1 << 0 && s->exists & 1 << 4;
}

static void
watch(void *w_)
{
    struct watch *w = w_;
    struct switch_bits s;

    switch_bits_take(&device, w->ms, &s);
    w->broken = w->broken || !allowed(w, &s);
    w->n_seen++;
}

/* --- States ----------------------------------------------------------------*/

static void
put(struct model_switch *ms, const struct mib_oid *column, uint32_t i,
    enum mib_type type, uint64_t number)
{
    switch_bits_number(ms, column, i, type, number);
}

static void
put_vlan(struct model_switch *ms, uint32_t vid, const char *name,
         unsigned int egress, unsigned int untagged)
{
    switch_bits_octets(ms, &mib_vlan_static_name, vid, name, strlen(name));
    switch_bits_list(ms, &mib_vlan_static_egress, vid, egress);
    switch_bits_list(ms, &mib_vlan_static_forbidden, vid, 0);
    switch_bits_list(ms, &mib_vlan_static_untagged, vid, untagged);
    put(ms, &mib_vlan_static_row_status, vid, MIB_INTEGER, MIB_ROW_ACTIVE);
}

/* Makes the switch as 'ports' say.  A port without VLANs is as it comes out of
 * the box if RAW: untagged in VLAN 1. */
static void
put_state(struct model_switch *ms, const struct port_state *ports,
          unsigned int how)
{
    static const char *const names[] = { "tvd-a", "tvd-b", "tvd-c" };
    unsigned int default_vlan = 1u << N_OURS;

    for (unsigned int p = 0; p < N_OURS; p++) {
        bool boxed = how & RAW && !ports[p].vlans;
        unsigned int pvid = 1;

        default_vlan |= (boxed ? 1u : 0) << p;
        for (unsigned int i = 0; ports[p].untagged && i < 3; i++) {
            pvid = ports[p].vlans & 1u << i ? vids[1 + i] : pvid;
        }
        put(ms, &mib_base_port_if_index, p + 1, MIB_INTEGER, 100 + p);
        put(ms, &mib_pvid, p + 1, MIB_UNSIGNED32, pvid);
        if (!(how & NO_FRAMES)) {
            put(ms, &mib_acceptable_frames, p + 1, MIB_INTEGER,
                ports[p].untagged || boxed ? MIB_FRAMES_ALL
                : MIB_FRAMES_TAGGED);
        }
        put(ms, &mib_ingress_filtering, p + 1, MIB_INTEGER,
            how & RAW ? MIB_FALSE : MIB_TRUE);
        put(ms, &mib_port_gvrp, p + 1, MIB_INTEGER,
            how & RAW ? MIB_ENABLED : MIB_DISABLED);
    }
    put(ms, &mib_base_port_if_index, N_PORTS, MIB_INTEGER, 100 + N_OURS);
    put(ms, &mib_pvid, N_PORTS, MIB_UNSIGNED32, 1);
    if (!(how & NO_FRAMES)) {
        put(ms, &mib_acceptable_frames, N_PORTS, MIB_INTEGER, MIB_FRAMES_ALL);
    }
    put(ms, &mib_ingress_filtering, N_PORTS, MIB_INTEGER, MIB_FALSE);
    put(ms, &mib_port_gvrp, N_PORTS, MIB_INTEGER, MIB_ENABLED);
    put_vlan(ms, 1, "default", default_vlan, default_vlan);
    put_vlan(ms, 20, "office", 1u << N_OURS, 0);
    for (unsigned int i = 0; i < 3; i++) {
        unsigned int egress = 0, untagged = 0;

        for (unsigned int p = 0; p < N_OURS; p++) {
            unsigned int member = ports[p].vlans & 1u << i ? 1u << p : 0;

            egress |= member;
            untagged |= ports[p].untagged ? member : 0;
        }
        if (egress) {
            put_vlan(ms, vids[1 + i], names[i], egress, untagged);
        }
    }
    ms->list_length = 1;
}

static void
want_state(struct switch_wanted *w, const struct port_state *ports)
{
    static const char *const names[] = { "1", "2", "3" };
    static const char *const tvds[] = { "a", "b", "c" };

    switch_wanted_init(w);
    for (unsigned int p = 0; p < N_OURS; p++) {
        struct switch_wanted_port *port
            = switch_wanted_add_port(w, names[p], ports[p].untagged
                                     ? SWITCH_ACCESS : SWITCH_TRUNK, NULL);

        for (unsigned int i = 0; i < 3; i++) {
            if (ports[p].vlans & 1u << i) {
                vidset_add(&port->vids, vids[1 + i]);
                switch_wanted_add_vlan(w, vids[1 + i], tvds[i]);
            }
        }
    }
}

/* The state with a number; there are 11 for three VLANs, 6 for two. */
static struct port_state
port_state(unsigned int number, unsigned int n_vlans)
{
    unsigned int n_trunks = 1u << n_vlans;
    struct port_state s = { .vlans = number };

    if (number >= n_trunks) {
        s.vlans = 1u << (number - n_trunks);
        s.untagged = true;
    }
    return s;
}

/* --- One change ------------------------------------------------------------*/

/* Ways in which devices do a SET. */
static struct switch_profile kinds[5];

static void
init_kinds(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        kinds[i] = *switch_profile_standard();
    }
    kinds[0].atomic = true;
    kinds[2].ordered = true;
    kinds[3].max_varbinds = 1;
    kinds[4].leave_last = true;
}

static const char *
state_as_wanted(const struct switch_bits *s, const struct port_state *new)
{
    for (unsigned int p = 0; p < N_OURS; p++) {
        for (unsigned int i = 0; i < 3; i++) {
            unsigned int member = new[p].vlans >> i & 1;

            if ((s->egress[1 + i] >> p & 1) != member
                || (s->untagged[1 + i] >> p & 1)
                   != (member && new[p].untagged)) {
                return "a port is not where it should be";
            }
        }
        if (s->egress[0] >> p & 1 || s->egress[4] >> p & 1) {
            return "a port is still in a VLAN that is not ours";
        }
        if (s->filter[p] != MIB_TRUE
            || (s->frames[p]
                && s->frames[p] != (new[p].untagged ? MIB_FRAMES_ALL
                                    : MIB_FRAMES_TAGGED))) {
            return "a port is not protected";
        }
    }
    return NULL;
}

/* Devices that keep a port in some VLAN do not take all changes: a port may be
 * in none before or after, or ports may change places.  The latter needs a
 * VLAN that one leaves and another joins. */
static bool
may_be_refused(const struct switch_profile *kind,
               const struct port_state *old, const struct port_state *new,
               const char *error)
{
    unsigned int left = 0, joined = 0;
    bool none = false;

    for (unsigned int p = 0; p < N_OURS; p++) {
        none = none || !old[p].vlans || !new[p].vlans;
        left |= old[p].vlans & ~new[p].vlans;
        joined |= new[p].vlans & ~old[p].vlans;
    }
    return kind->leave_last && strstr(error, "and be in no VLAN")
           && (none || left & joined);
}

/* Goes from 'old' to 'new' and back.  Returns what is wrong, or NULL. */
static char *
change(const struct port_state *old, const struct port_state *new,
       unsigned int how,
       const struct switch_profile *kind)
{
    struct model_switch_options options = {
        .atomic = kind->atomic,
        .untagged_within_egress = true,
        .keep_one = kind->leave_last,
    };
    struct model_switch *ms = model_switch_create(&options);
    struct model_switch *target = model_switch_create(&options);
    struct switch_plan plan = { .n = 0 }, back = { .n = 0 };
    struct switch_tables before, after;
    struct watch w = { .ms = ms };
    struct switch_wanted wanted;
    struct switch_bits s;
    char *wrong;

    put_state(ms, old, how);
    put_state(target, new, how & NO_FRAMES);
    switch_bits_take(&device, ms, &w.old);
    switch_bits_take(&device, target, &w.new);
    want_state(&wanted, new);
    model_switch_read(ms, kind, &before);
    ms->options.changed = watch;
    ms->options.aux = &w;
    wrong = switch_plan_make(&before, &wanted, &plan);
    if (wrong && may_be_refused(kind, old, new, wrong)) {
        free(wrong);
        wrong = NULL;
        new = NULL;
    } else if (!wrong) {
        wrong = switch_check_execute(ms, &plan);
    }
    switch_bits_take(&device, ms, &s);
    if (!wrong) {
        wrong = nullable_xstrdup(w.broken ? "something passed on the way"
                                 : new ? state_as_wanted(&s, new) : NULL);
    }
    /* And back. */
    w.new = s;
    model_switch_read(ms, kind, &after);
    if (!wrong) {
        wrong = switch_plan_restore(&after, &before, &wanted, &back);
    }
    if (wrong && new && may_be_refused(kind, new, old, wrong)) {
        goto out;
    }
    if (!wrong) {
        wrong = switch_check_execute(ms, &back);
    }
    if (!wrong && w.broken) {
        wrong = xstrdup("something passed on the way back");
    }
    switch_bits_take(&device, ms, &s);
    if (!wrong && memcmp(&s, &w.old, sizeof s)) {
        wrong = xstrdup("not as it was");
    }
    goto done;

out:
    free(wrong);
    wrong = NULL;
done:
    switch_plan_destroy(&plan);
    switch_plan_destroy(&back);
    switch_tables_destroy(&before);
    switch_tables_destroy(&after);
    switch_wanted_destroy(&wanted);
    model_switch_destroy(ms);
    model_switch_destroy(target);
    return wrong;
}

static void
print_state(const char *what, const struct port_state *ports)
{
    printf("# %s:", what);
    for (unsigned int p = 0; p < N_OURS; p++) {
        printf(" %c%x", ports[p].untagged ? 'u' : 't', ports[p].vlans);
    }
    putchar('\n');
}

/* All (each 'step'th) changes of all ports among 'n_vlans' VLANs. */
static void
test_all(unsigned int n_vlans, unsigned int step)
{
    unsigned int n_states = (1u << n_vlans) + n_vlans;
    unsigned int n_all = n_states * n_states * n_states;
    unsigned long long int n = 0, n_wrong = 0;

    for (unsigned long long int i = 0;
         i < (unsigned long long int) n_all * n_all; i += step) {
        struct port_state old[N_OURS], new[N_OURS];
        unsigned long long int rest = i;
        unsigned int how;
        char *wrong;

        for (unsigned int p = 0; p < N_OURS; p++) {
            old[p] = port_state(rest % n_states, n_vlans);
            rest /= n_states;
            new[p] = port_state(rest % n_states, n_vlans);
            rest /= n_states;
        }
        how = (n % 3 == 0 ? RAW : 0) | (n / 15 % 3 == 0 ? NO_FRAMES : 0);
        wrong = change(old, new, how, &kinds[n / 3 % 5]);
        if (wrong && n_wrong++ < 5) {
            printf("# %s (%s%s, kind %llu)\n", wrong,
                   how & RAW ? "raw" : "protected",
                   how & NO_FRAMES ? ", no frame types" : "", n / 3 % 5);
            print_state("from", old);
            print_state("to", new);
        }
        n++;
        free(wrong);
    }
    ok(!n_wrong, "%llu changes of 3 ports among %u VLANs, there and back", n,
       n_vlans);
}

int
main(void)
{
    bool all = getenv("TVD_SOAK") != NULL;

    init_kinds();
    test_all(1, 1);
    test_all(2, all ? 1 : 11);
    test_all(3, all ? 41 : 661);
    return tap_done();
}
