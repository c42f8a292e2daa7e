/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans between random states of a small switch, there and back, also back
 * from half of the way, for devices that have the optional objects and such
 * that have not, and for all ways in which devices do a SET.  As in
 * test-switch-exhaustive a switch of bits judges what may be seen on the way.
 *
 * Four ports of ours and two of others; three VLANs of ours and three of
 * others.  "test-switch-random N [FIRST]" looks at N states, from seed FIRST;
 * a seed that is printed as wrong can be looked at alone so. */

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

#define N_PORTS 6
#define N_OURS 4
#define N_VLANS 6
#define OUR_PORTS ((1u << N_OURS) - 1)
#define ALL_PORTS ((1u << N_PORTS) - 1)
#define OUR_VLANS 0xeu          /* 11, 12 and 13, once they are ours. */
static const unsigned int vids[N_VLANS] = { 1, 11, 12, 13, 20, 30 };
static const char *const tvds[N_VLANS] = { "", "a", "b", "c", "", "" };

static const struct switch_bits_device device = {
    .n_ports = N_PORTS,
    .vids = vids,
    .n_vlans = N_VLANS,
};

/* --- Chance ----------------------------------------------------------------*/

static uint32_t chance_state;

static unsigned int
chance(unsigned int n)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 17;
    chance_state ^= chance_state << 5;
    return chance_state % n;
}

static void
chance_init(unsigned int seed)
{
    chance_state = seed * 2654435761u;
    chance_state = chance_state ? chance_state : 1;
    for (int i = 0; i < 8; i++) {
        chance(2);
    }
}

/* --- Kinds of devices ------------------------------------------------------*/

enum kind {
    PLAIN, ATOMIC, ORDERED, SINGLE, LEAVE_LAST, UNTAGGED_FIRST, CREATE_WAIT,
    THEN_FILL, SMALL, N_KINDS,
};

static void
set_kind(struct switch_profile *p, enum kind kind)
{
    *p = *switch_profile_standard();
    p->atomic = kind == ATOMIC || (kind == SMALL && chance(2));
    p->ordered = kind == ORDERED || (kind == LEAVE_LAST && chance(2));
    p->max_varbinds = kind == SINGLE ? 1 : kind == SMALL ? 2 + chance(4) : 0;
    p->leave_last = kind == LEAVE_LAST;
    p->join = kind == UNTAGGED_FIRST ? SWITCH_UNTAGGED_FIRST
              : SWITCH_EGRESS_FIRST;
    p->create = kind == CREATE_WAIT ? SWITCH_CREATE_WAIT
                : kind == THEN_FILL || chance(4) == 0
                ? SWITCH_CREATE_THEN_FILL : SWITCH_CREATE_WHOLE;
    if (chance(6) == 0) {
        p->acceptable_frames = SWITCH_UNUSED;
    }
}

/* --- States ----------------------------------------------------------------*/

static void
put_ports(struct model_switch *ms)
{
    bool frames = chance(3) != 0, gvrp = chance(2);
    struct mib_value status = { .type = MIB_INTEGER, .number = chance(3) };

    if (status.number) {
        model_switch_put(ms, &mib_gvrp_status, &status);
    }
    for (unsigned int p = 0; p < N_PORTS; p++) {
        switch_bits_number(ms, &mib_base_port_if_index, p + 1, MIB_INTEGER,
                           100 + p);
        switch_bits_number(ms, &mib_pvid, p + 1, MIB_UNSIGNED32,
                           chance(20) ? vids[chance(N_VLANS)] : 0);
        if (frames) {
            switch_bits_number(ms, &mib_acceptable_frames, p + 1, MIB_INTEGER,
                               1 + chance(chance(4) ? 2 : 3));
        }
        switch_bits_number(ms, &mib_ingress_filtering, p + 1, MIB_INTEGER,
                           1 + chance(2));
        if (gvrp) {
            switch_bits_number(ms, &mib_port_gvrp, p + 1, MIB_INTEGER,
                               1 + chance(2));
        }
    }
}

static void
put_vlans(struct model_switch *ms, bool keep_one)
{
    unsigned int anywhere = 0;

    for (unsigned int i = N_VLANS; i-- > 0; ) {
        bool ours = OUR_VLANS >> i & 1;
        unsigned int egress = chance(ALL_PORTS + 1);
        unsigned int untagged = egress & (chance(2) ? ~0u : chance(64));
        unsigned int forbidden = chance(4) ? 0 : chance(ALL_PORTS + 1);
        char name[16];

        if (ours && chance(2)) {
            continue;
        }
        if (!i && keep_one) {
            egress |= ALL_PORTS & ~anywhere;
        }
        anywhere |= egress;
        snprintf(name, sizeof name, "%s%s", ours ? "tvd-" : "other",
                 ours ? tvds[i] : "");
        switch_bits_octets(ms, &mib_vlan_static_name, vids[i], name,
                           strlen(name));
        switch_bits_list(ms, &mib_vlan_static_egress, vids[i], egress);
        switch_bits_list(ms, &mib_vlan_static_forbidden, vids[i],
                         forbidden & ~egress);
        switch_bits_list(ms, &mib_vlan_static_untagged, vids[i], untagged);
        switch_bits_number(ms, &mib_vlan_static_row_status, vids[i],
                           MIB_INTEGER, ours && chance(5) == 0
                           ? MIB_ROW_NOT_IN_SERVICE : MIB_ROW_ACTIVE);
    }
}

static void
want_ports(struct switch_wanted *w)
{
    switch_wanted_init(w);
    for (unsigned int p = 0; p < N_OURS; p++) {
        enum switch_role role = chance(2) ? SWITCH_ACCESS : SWITCH_TRUNK;
        unsigned int bits = role == SWITCH_ACCESS ? 2u << chance(3)
                            : chance(8) << 1;
        struct switch_wanted_port *port;
        char name[8];

        snprintf(name, sizeof name, "#%u", p + 1);
        port = switch_wanted_add_port(w, name, role, NULL);
        for (unsigned int i = 1; i <= 3; i++) {
            if (bits >> i & 1) {
                vidset_add(&port->vids, vids[i]);
                switch_wanted_add_vlan(w, vids[i], tvds[i]);
            }
        }
    }
}

/* --- What must hold --------------------------------------------------------*/

struct watch {
    const struct switch_profile *profile;
    struct switch_bits old, new;
    char *wrong;                /* The first thing; NULL: none. */
};

/* What is wrong with the state 's' on the way, or NULL. */
static char *
find_wrong(const struct watch *w, const struct switch_bits *s)
{
    for (unsigned int i = 0; i < N_VLANS; i++) {
        if (s->egress[i] & ~(w->old.egress[i] | w->new.egress[i])) {
            return xasprintf("a port that should not is in VLAN %u", vids[i]);
        }
        if (!(OUR_VLANS >> i & 1)
            && ((s->egress[i] ^ w->old.egress[i]) >> N_OURS
                || (s->untagged[i] ^ w->old.untagged[i]) >> N_OURS
                || (s->forbidden[i] ^ w->old.forbidden[i]) >> N_OURS
                || !(s->exists >> i & 1))) {
            return xasprintf("others' ports in VLAN %u are touched", vids[i]);
        }
    }
    for (unsigned int p = 0; p < N_PORTS; p++) {
        if (p >= N_OURS && (s->pvid[p] != w->old.pvid[p]
                            || s->frames[p] != w->old.frames[p]
                            || s->filter[p] != w->old.filter[p]
                            || s->gvrp[p] != w->old.gvrp[p])) {
            return xasprintf("port %u, not ours, is touched", p + 1);
        }
        for (unsigned int how = 0; how <= N_VLANS; how++) {
            unsigned int leak = s->passes[p][how]
                                & ~(w->old.passes[p][how]
                                    | w->new.passes[p][how]);
            /* Tagged ones of members have no reason to be lost. */
            bool member = how && w->old.egress[how - 1]
                                 & w->new.egress[how - 1] & 1u << p;
            unsigned int lost = member ? w->old.passes[p][how]
                                         & w->new.passes[p][how]
                                         & ~s->passes[p][how] : 0;

            if (leak | lost) {
                return xasprintf("frames from port %u, %s VLAN %u, %s ports "
                                 "of the bits %x", p + 1,
                                 how ? "tagged with" : "untagged, of",
                                 how ? vids[how - 1] : s->pvid[p],
                                 leak ? "reach" : "are lost for",
                                 leak ? leak : lost);
            }
        }
    }
    return NULL;
}

static void
look(struct watch *w, const struct model_switch *ms, const char *after)
{
    struct switch_bits s;

    if (!w->wrong) {
        switch_bits_take(&device, ms, &s);
        w->wrong = find_wrong(w, &s);
        if (w->wrong) {
            char *text = xasprintf("%s, after: %s", w->wrong, after);

            free(w->wrong);
            w->wrong = text;
        }
    }
}

/* --- There and back --------------------------------------------------------*/

static struct model_switch *
clone(const struct model_switch *ms)
{
    struct model_switch *copy = model_switch_create(&ms->options);

    model_switch_load(copy, &ms->objects);
    copy->list_length = ms->list_length;
    return copy;
}

/* Does a request; one varbind after the other if the device does it so, in an
 * order of its own if it is such.  Rows are made first. */
static char *
do_pdu(struct model_switch *ms, const struct switch_pdu *pdu, struct watch *w)
{
    size_t *order = xmalloc(pdu->n * sizeof *order), fixed = 0, at;
    struct mib_varbinds vbs = { .n = 0 };
    int error = MIB_ERROR_NONE;
    char *wrong = NULL;

    switch_pdu_varbinds(pdu, &vbs);
    for (size_t i = 0; i < pdu->n; i++) {
        order[i] = i;
        fixed = pdu->sets[i].action == SWITCH_CREATE_VLAN ? i + 1 : fixed;
    }
    for (size_t i = pdu->n; !w->profile->ordered && i > fixed + 1; i--) {
        size_t other = fixed + chance(i - fixed), swapped = order[i - 1];

        order[i - 1] = order[other];
        order[other] = swapped;
    }
    if (w->profile->max_varbinds && pdu->n > w->profile->max_varbinds) {
        wrong = xasprintf("%"PRIuSIZE" varbinds, more than the device takes",
                          pdu->n);
    } else if (w->profile->atomic) {
        error = model_switch_set(ms, vbs.v, vbs.n, &at);
        at = error ? at : 1;
        wrong = error ? xasprintf("%s: %s", pdu->sets[at - 1].text,
                                  mib_error_to_string(error)) : NULL;
        look(w, ms, pdu->sets[pdu->n - 1].text);
    }
    for (size_t i = 0; !w->profile->atomic && !wrong && i < pdu->n; i++) {
        const struct switch_set *set = &pdu->sets[order[i]];

        error = model_switch_set(ms, &vbs.v[order[i]], 1, &at);
        wrong = error ? xasprintf("%s: %s", set->text,
                                  mib_error_to_string(error)) : NULL;
        look(w, ms, set->text);
    }
    mib_varbinds_destroy(&vbs);
    free(order);
    return wrong;
}

/* Does the first 'n' requests of a plan, and sees that nothing passes on the
 * way that passes neither before it nor after all of it. */
static char *
execute(struct model_switch *ms, const struct switch_plan *plan, size_t n,
        const struct switch_profile *profile)
{
    struct model_switch *target = clone(ms);
    struct watch w = { .profile = profile };
    char *wrong = switch_check_execute(target, plan);

    switch_bits_take(&device, ms, &w.old);
    switch_bits_take(&device, target, &w.new);
    for (size_t i = 0; i < n && !wrong; i++) {
        wrong = do_pdu(ms, &plan->pdus[i], &w);
        if (!wrong) {
            wrong = w.wrong;
            w.wrong = NULL;
        }
        if (wrong) {
            char *text = xasprintf("request %"PRIuSIZE" of %"PRIuSIZE": %s",
                                   i + 1, plan->n, wrong);

            free(wrong);
            wrong = text;
        }
    }
    free(w.wrong);
    model_switch_destroy(target);
    return wrong;
}

enum { DONE, REFUSED, NOT_BACK, N_RESULTS };

struct change {
    struct switch_profile profile;
    struct switch_wanted wanted;
    struct model_switch *ms;
    struct switch_tables before;
    struct switch_bits old;
    unsigned int result;
};

static char *
check_verify(struct change *c, bool back)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    struct switch_tables now;
    char *wrong = NULL;
    bool same;

    model_switch_read(c->ms, &c->profile, &now);
    same = back ? switch_plan_verify_restored(&now, &c->before, &c->wanted,
                                              &lines)
           : switch_plan_verify(&now, &c->wanted, &lines);
    if (!same || lines.n) {
        wrong = xasprintf("%s afterwards: %s", same ? "agrees" : "differs",
                          lines.n ? lines.names[0] : "in what is not said");
    }
    svec_destroy(&lines);
    switch_tables_destroy(&now);
    return wrong;
}

/* A VLAN that was made stays, empty, if the PVID of others' ports names it. */
static void
forget_kept(struct switch_bits *s, const struct switch_bits *old)
{
    for (unsigned int p = N_OURS; p < N_PORTS; p++) {
        for (unsigned int i = 1; i <= 3; i++) {
            if (s->pvid[p] == vids[i] && !s->egress[i]) {
                unsigned int bit = 1u << i;

                s->exists = (s->exists & ~bit) | (old->exists & bit);
                s->active = (s->active & ~bit) | (old->active & bit);
            }
        }
    }
}

/* A PVID of 0 cannot be set: instead it is a VLAN that the port is not in and
 * that it does not get into. */
static void
forget_no_pvid(struct switch_bits *s, const struct switch_bits *old)
{
    for (unsigned int p = 0; p < N_OURS; p++) {
        if (!old->pvid[p] && s->pvid[p] && s->filter[p] == MIB_TRUE
            && !s->passes[p][0]) {
            s->pvid[p] = 0;
            s->filter[p] = old->filter[p];
            memcpy(s->passes[p], old->passes[p], sizeof s->passes[p]);
        }
    }
}

/* What of 's' is not as it was, or NULL. */
static char *
find_difference(struct switch_bits *s, const struct switch_bits *old)
{
    forget_kept(s, old);
    forget_no_pvid(s, old);
    for (unsigned int i = 0; i < N_VLANS; i++) {
        const char *what = s->egress[i] != old->egress[i] ? "egress"
                           : s->untagged[i] != old->untagged[i] ? "untagged"
                           : s->forbidden[i] != old->forbidden[i]
                           ? "forbidden"
                           : (s->active ^ old->active) >> i & 1 ? "active"
                           : (s->exists ^ old->exists) >> i & 1 ? "there"
                           : NULL;

        if (what) {
            return xasprintf("VLAN %u: %s is not as it was", vids[i], what);
        }
    }
    return memcmp(s, old, sizeof *s)
           ? xstrdup("a port is not as it was") : NULL;
}

/* From how it is now back to how it was. */
static char *
go_back(struct change *c)
{
    struct switch_plan plan = { .n = 0 };
    struct switch_tables now;
    char *wrong;

    /* The rows that a change makes are known, whatever they are called. */
    for (unsigned int i = 1; i <= 3; i++) {
        if (!switch_tables_vlan(&c->before, vids[i])) {
            vidset_add(&c->wanted.created, vids[i]);
        }
    }
    model_switch_read(c->ms, &c->profile, &now);
    wrong = switch_plan_restore(&now, &c->before, &c->wanted, &plan);
    if (wrong && (strstr(wrong, "one after the other")
                  || strstr(wrong, "went to no VLAN (PVID 0)"))) {
        c->result = NOT_BACK;
        free(wrong);
        wrong = NULL;
    } else if (!wrong) {
        struct switch_bits s;

        wrong = execute(c->ms, &plan, plan.n, &c->profile);
        wrong = wrong ? wrong : check_verify(c, true);
        switch_bits_take(&device, c->ms, &s);
        wrong = wrong ? wrong : find_difference(&s, &c->old);
    }
    switch_plan_destroy(&plan);
    switch_tables_destroy(&now);
    return wrong;
}

static char *
there_and_back(struct change *c)
{
    struct switch_plan plan = { .n = 0 };
    char *wrong = switch_plan_make(&c->before, &c->wanted, &plan);

    if (wrong) {
        c->result = REFUSED;
        free(wrong);
        wrong = NULL;
    } else if (chance(2) || !plan.n) {
        wrong = execute(c->ms, &plan, plan.n, &c->profile);
        wrong = wrong ? wrong : check_verify(c, false);
    } else {
        wrong = execute(c->ms, &plan, chance(plan.n), &c->profile);
    }
    switch_plan_destroy(&plan);
    if (!wrong && c->result == DONE) {
        wrong = go_back(c);
        if (wrong) {
            char *text = xasprintf("back: %s", wrong);

            free(wrong);
            wrong = text;
        }
    }
    return wrong;
}

static char *
try_seed(unsigned int seed, unsigned int *result)
{
    struct model_switch_options options = { .lists_grow = true };
    struct change c = { .result = DONE };
    char *wrong;

    chance_init(seed);
    set_kind(&c.profile, chance(N_KINDS));
    options.atomic = c.profile.atomic;
    options.keep_one = c.profile.leave_last;
    c.ms = model_switch_create(&options);
    c.ms->list_length = 1;
    put_ports(c.ms);
    put_vlans(c.ms, options.keep_one);
    want_ports(&c.wanted);
    model_switch_read(c.ms, &c.profile, &c.before);
    switch_bits_take(&device, c.ms, &c.old);
    wrong = there_and_back(&c);
    switch_tables_destroy(&c.before);
    switch_wanted_destroy(&c.wanted);
    model_switch_destroy(c.ms);
    *result = c.result;
    return wrong;
}

int
main(int argc, char *argv[])
{
    unsigned int n = argc > 1 ? strtoul(argv[1], NULL, 10)
                     : getenv("TVD_SOAK") ? 1000000 : 3000;
    unsigned int first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    unsigned int counts[N_RESULTS] = { 0 }, n_wrong = 0;

    for (unsigned int seed = first; seed < first + n; seed++) {
        unsigned int result;
        char *wrong = try_seed(seed, &result);

        counts[result]++;
        if (wrong && n_wrong++ < 10) {
            printf("# seed %u: %s\n", seed, wrong);
        }
        free(wrong);
    }
    ok(!n_wrong, "%u changes from random states: %u there and back, %u "
       "refused, %u with no way back; %u wrong", n, counts[DONE],
       counts[REFUSED], counts[NOT_BACK], n_wrong);
    ok(n < 1000 || counts[DONE] > n / 2, "most can be done");
    return tap_done();
}
