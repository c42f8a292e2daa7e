/* SPDX-License-Identifier: Apache-2.0
 *
 * Stable allocation: random histories of a policy, in which TVDs, roles, rules
 * and EEs come and go and declare things or don't, and after each step the
 * promises of flowpolicy/alloc.h; then the corner cases by name. */

#include <config.h>
#include "flowpolicy/alloc.h"

#include <stdlib.h>
#include "flowpolicy/decide.h"
#include "flowpolicy/diff.h"
#include "random.h"
#include "simap.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

#include "tests/unit/tap.h"

/* --- A world: what a policy declares, in numbers. */

enum { MAX_TVDS = 8, MAX_EES = 40, MAX_ROLES = 3 };

struct world_tvd {
    bool there;
    uint16_t vlan;              /* Declared, or 0. */
    bool has_role[MAX_ROLES];
    bool rule[MAX_ROLES][MAX_TVDS];
    bool small;                 /* A /27, so that addresses collide. */
};

struct world_ee {
    bool there;
    int tvd, role;
    int mac;                    /* Declared: this id's MAC; or 0. */
    int host;                   /* Declared address, or 0. */
};

struct world {
    struct world_tvd tvds[MAX_TVDS];
    struct world_ee ees[MAX_EES];
};

static const char *const role_names[MAX_ROLES] = { "gateway", "a", "b" };

static void
add_subnets(struct model_tvd *tvd, int number, unsigned int plen)
{
    struct model_subnet v4 = { .plen = plen }, v6 = { .plen = 64,
                                                      .ipv6 = true };

    in6_addr_set_mapped_ipv4(&v4.addr, htonl(0x0a000000 | number << 8));
    in6_addr_set_mapped_ipv4(&v4.router, htonl(0x0a000001 | number << 8));
    v6.addr.s6_addr[0] = 0xfd;
    v6.addr.s6_addr[6] = number >> 8;
    v6.addr.s6_addr[7] = number;
    v6.router = v6.addr;
    v6.router.s6_addr[15] = 1;
    model_subnet_add(tvd, &v4);
    model_subnet_add(tvd, &v6);
}

static struct model_tvd *
add_tvd(struct model *m, int number, unsigned int plen)
{
    char name[16];

    snprintf(name, sizeof name, "t%d", number);

    struct model_tvd *tvd = model_tvd_add(m, name);
    add_subnets(tvd, number, plen);
    return tvd;
}

static struct model_nic *
add_ee(struct model *m, int number, struct model_tvd *tvd, const char *role)
{
    char name[16];

    snprintf(name, sizeof name, "e%d", number);

    struct model_nic *nic = model_nic_add(model_ee_add(m, name), "eth0");
    nic->tvd = tvd;
    nic->role = model_role_find(tvd, role);
    if (!nic->role) {
        nic->role = model_role_add(tvd, role);
    }
    return nic;
}

static struct model_tvd *
find_tvd(const struct model *m, int number)
{
    char name[16];

    snprintf(name, sizeof name, "t%d", number);
    return model_tvd_find(m, name);
}

static void
build_tvd(const struct world *w, struct model *m, int t)
{
    const struct world_tvd *wt = &w->tvds[t];
    struct model_tvd *tvd = find_tvd(m, t);

    for (int r = 0; r < MAX_ROLES; r++) {
        if (!wt->has_role[r]) {
            continue;
        }
        struct model_role *role = model_role_add(tvd, role_names[r]);
        for (int u = 0; u < MAX_TVDS; u++) {
            if (wt->rule[r][u] && w->tvds[u].there) {
                model_rule_add(role, find_tvd(m, u), MODEL_NONE);
            }
        }
    }
}

static void
build_ee(const struct world *w, struct model *m, int e)
{
    const struct world_ee *we = &w->ees[e];
    struct model_nic *nic = add_ee(m, e, find_tvd(m, we->tvd),
                                   role_names[we->role]);

    if (we->mac) {
        struct eth_addr mac;

        eth_addr_from_uint64(0x025456000000 + we->mac, &mac);
        model_nic_set_mac(m, nic, mac);
        nic->mac_declared = true;
    }
    if (we->host) {
        struct in6_addr ip = nic->tvd->subnets[0].addr;

        ip.s6_addr[15] |= we->host;
        model_nic_add_ip(nic, &ip);
        nic->ips_declared = true;
    }
}

static struct model *
build(const struct world *w)
{
    struct model *m = model_create();

    m->vlan_pool = (struct model_range) { .min = 100, .max = 119 };
    for (int t = 0; t < MAX_TVDS; t++) {
        if (w->tvds[t].there) {
            struct model_tvd *tvd = add_tvd(m, t, w->tvds[t].small ? 27 : 24);

            tvd->vlan = w->tvds[t].vlan;
            tvd->vlan_declared = tvd->vlan != 0;
        }
    }
    for (int t = 0; t < MAX_TVDS; t++) {
        if (w->tvds[t].there) {
            build_tvd(w, m, t);
        }
    }
    for (int e = 0; e < MAX_EES; e++) {
        if (w->ees[e].there && w->tvds[w->ees[e].tvd].there) {
            build_ee(w, m, e);
        }
    }
    return m;
}

/* True if another EE declares the MAC or address that 'we' wants to. */
static bool
declared_twice(const struct world *w, const struct world_ee *we)
{
    for (int e = 0; e < MAX_EES; e++) {
        const struct world_ee *other = &w->ees[e];

        if (other != we && other->there
            && ((we->mac && other->mac == we->mac)
                || (we->host && other->tvd == we->tvd
                    && other->host == we->host))) {
            return true;
        }
    }
    return false;
}

static void
mutate_ee(struct world *w)
{
    struct world_ee *we = &w->ees[random_range(MAX_EES)];

    we->there = random_range(3) > 0;
    we->tvd = random_range(MAX_TVDS);
    we->role = random_range(MAX_ROLES);
    we->mac = random_range(4) ? 0 : 1 + random_range(60);
    we->host = random_range(4) ? 0 : 2 + random_range(28);
    if (declared_twice(w, we)) {
        we->mac = we->host = 0;
    }
}

static void
mutate_tvd(struct world *w)
{
    struct world_tvd *wt = &w->tvds[random_range(MAX_TVDS)];

    wt->there = random_range(3) > 0;
    wt->small = random_range(2);
    wt->vlan = random_range(3) ? 0 : 95 + random_range(20);
    for (int t = 0; t < MAX_TVDS; t++) {
        if (wt != &w->tvds[t] && w->tvds[t].vlan == wt->vlan) {
            wt->vlan = 0;
        }
    }
    for (int r = 0; r < MAX_ROLES; r++) {
        wt->has_role[r] = random_range(2);
        for (int u = 0; u < MAX_TVDS; u++) {
            wt->rule[r][u] = random_range(2);
        }
    }
}

/* --- The promises. */

struct history {
    struct simap owners;        /* "KIND ID" to a number for its owner. */
    struct simap names;         /* Owner to its number. */
    size_t wrong;
};

/* Complains if 'id' of 'kind' was or is somebody else's. */
static void
check_owner(struct history *h, const char *kind, uint32_t id,
            const char *owner)
{
    char key[64], name[64];

    snprintf(key, sizeof key, "%s %u", kind, id);
    snprintf(name, sizeof name, "%s %s", kind, owner);
    if (!simap_contains(&h->names, name)) {
        simap_put(&h->names, name, simap_count(&h->names) + 1);
    }

    unsigned int number = simap_get(&h->names, name);
    unsigned int known = simap_get(&h->owners, key);
    if (!id || (known && known != number)) {
        if (!h->wrong++) {
            printf("# %s has %s, which was another's\n", name, key);
        }
    }
    simap_put(&h->owners, key, number);
}

/* A removed object's name may come back, as another object. */
static void
forget_names(struct history *h, const struct diff *diff)
{
    static const char *const kinds[DIFF_N_KINDS] = {
        [DIFF_TVD] = "tvd", [DIFF_ROLE] = "role", [DIFF_FLOW] = "rule",
        [DIFF_EE] = "nic",
    };

    for (size_t i = 0; i < diff->n; i++) {
        const struct diff_change *change = &diff->changes[i];

        if (change->op == DIFF_REMOVE && kinds[change->kind]) {
            char name[64];

            snprintf(name, sizeof name, "%s %s", kinds[change->kind],
                     change->name);
            simap_find_and_delete(&h->names, name);
        }
    }
}

/* Counts what is not unique or not within bounds. */
static size_t
check_values(const struct model *m)
{
    struct sset seen = SSET_INITIALIZER(&seen);
    struct shash_node *node;
    size_t wrong = 0;
    char text[80];

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        snprintf(text, sizeof text, "vlan %u", tvd->vlan);
        wrong += !sset_add(&seen, text);
        wrong += !tvd->vlan_declared && (tvd->vlan < 100 || tvd->vlan > 119);
        snprintf(text, sizeof text, "vni %u", tvd->vni);
        wrong += !sset_add(&seen, text) || tvd->vni < ALLOC_VNI_POOL_MIN;
        snprintf(text, sizeof text, "mac "ETH_ADDR_FMT,
                 ETH_ADDR_ARGS(tvd->router_mac));
        wrong += !sset_add(&seen, text) || eth_addr_is_zero(tvd->router_mac);
        for (size_t s = 0; s < tvd->n_subnets; s++) {
            snprintf(text, sizeof text, "ip ");
            ipv6_string_mapped(text + 3, &tvd->subnets[s].router);
            sset_add(&seen, text);
            ipv6_string_mapped(text + 3, &tvd->subnets[s].addr);
            sset_add(&seen, text);
        }
    }
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;
        const struct model_nic *nic = ee->nics[0];
        const struct model_subnet *v4 = &nic->tvd->subnets[0];

        snprintf(text, sizeof text, "mac "ETH_ADDR_FMT,
                 ETH_ADDR_ARGS(nic->mac));
        wrong += !sset_add(&seen, text) || eth_addr_is_zero(nic->mac)
                 || eth_addr_is_multicast(nic->mac);
        wrong += nic->n_ips != (nic->ips_declared ? 1 : 2);
        for (size_t i = 0; i < nic->n_ips; i++) {
            snprintf(text, sizeof text, "ip ");
            ipv6_string_mapped(text + 3, &nic->ips[i]);
            wrong += !sset_add(&seen, text);
            wrong += !model_subnet_contains(&nic->tvd->subnets[i],
                                            &nic->ips[i]);
        }
        wrong += nic->ips[0].s6_addr[15] == (v4->plen == 27 ? 31 : 255);
    }
    sset_destroy(&seen);
    return wrong;
}

static void
check_history(const struct model *m, struct history *h)
{
    struct shash_node *node, *role_node, *rule_node;
    char name[64];

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        check_owner(h, "tvd", tvd->id, tvd->name);
        SHASH_FOR_EACH (role_node, &tvd->roles) {
            const struct model_role *role = role_node->data;

            snprintf(name, sizeof name, "%s/%s", tvd->name, role->name);
            check_owner(h, "role", role->id, name);
            SHASH_FOR_EACH (rule_node, &role->rules) {
                const struct model_rule *rule = rule_node->data;

                snprintf(name, sizeof name, "%s/%s -> %s", tvd->name,
                         role->name, rule->to->name);
                check_owner(h, "rule", rule->id, name);
            }
        }
    }
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        check_owner(h, "nic", ee->nics[0]->id, ee->name);
    }
}

/* True if somebody in 'm' declares the MAC of 'nic'. */
static bool
mac_is_declared(const struct model *m, struct eth_addr mac)
{
    const struct model_nic *nic = model_nic_find_mac(m, mac);

    return nic && nic->mac_declared;
}

static bool
ip_is_declared(const struct model *m, const struct in6_addr *ip)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        if (ee->nics[0]->ips_declared
            && ipv6_addr_equals(&ee->nics[0]->ips[0], ip)) {
            return true;
        }
    }
    return false;
}

/* Counts what survived and was changed without need. */
static size_t
check_kept(const struct model *old, const struct model *new)
{
    struct shash_node *node;
    size_t wrong = 0;

    SHASH_FOR_EACH (node, &new->tvds) {
        const struct model_tvd *was = model_tvd_find(old, node->name);
        const struct model_tvd *tvd = node->data;

        if (was && !tvd->vlan_declared && tvd->vlan != was->vlan) {
            bool stolen = was->vlan < 100 || was->vlan > 119;
            struct shash_node *other;

            SHASH_FOR_EACH (other, &new->tvds) {
                const struct model_tvd *t = other->data;

                stolen |= t->vlan_declared && t->vlan == was->vlan;
            }
            wrong += !stolen;
        }
        wrong += was && (tvd->vni != was->vni
                         || !eth_addr_equals(tvd->router_mac,
                                             was->router_mac));
    }
    SHASH_FOR_EACH (node, &new->ees) {
        const struct model_ee *was = model_ee_find(old, node->name);
        const struct model_nic *nic = ((struct model_ee *) node->data)->nics[0];

        if (!was) {
            continue;
        }
        wrong += !nic->mac_declared
                 && !eth_addr_equals(nic->mac, was->nics[0]->mac)
                 && !mac_is_declared(new, was->nics[0]->mac);
        for (size_t i = 0; !nic->ips_declared && i < 2
             && i < was->nics[0]->n_ips; i++) {
            const struct in6_addr *ip = &was->nics[0]->ips[i];
            bool broadcast = nic->tvd->subnets[0].plen == 27 && !i
                             && ip->s6_addr[15] == 31;

            wrong += model_subnet_contains(&nic->tvd->subnets[i], ip)
                     && !broadcast
                     && !ipv6_addr_equals(&nic->ips[i], ip)
                     && !ip_is_declared(new, ip);
        }
    }
    return wrong;
}

static bool
is_unchanged(const struct model *a, const struct model *b)
{
    struct diff diff;

    diff_models(a, b, &diff);
    bool same = diff.n == 0;
    diff_destroy(&diff);
    return same;
}

/* Adding the last EE of 'w' by alloc_ee() must give what alloc_fill() gives
 * for the whole. */
static size_t
check_one_ee(const struct world *w, struct model *m,
             const struct alloc_state *state)
{
    struct alloc_state fill = *state, one = *state;
    struct world more = *w;
    int e = MAX_EES - 1;

    if (more.ees[e].there) {
        return 0;
    }
    for (int t = 0; t < MAX_TVDS; t++) {
        if (more.tvds[t].there && more.tvds[t].has_role[0]) {
            more.ees[e] = (struct world_ee) { .there = true, .tvd = t };
        }
    }
    if (!more.ees[e].there) {
        return 0;
    }

    struct model *whole = build(&more);
    char *error1 = alloc_fill(whole, m, &fill, NULL);
    build_ee(&more, m, e);
    struct model_ee *ee = model_ee_find(m, "e39");
    char *error2 = alloc_ee(m, ee, &one);
    size_t wrong = !!error1 != !!error2;

    if (!error1 && !error2) {
        wrong += !is_unchanged(whole, m)
                 || ee->nics[0]->id != model_ee_find(whole, "e39")->nics[0]->id
                 || memcmp(&fill, &one, sizeof one)
                 || strcmp(ee->nics[0]->tvd->gateway->ee->name,
                           model_tvd_find(whole, ee->nics[0]->tvd->name)
                           ->gateway->ee->name);
        decide_gateway_ee_removing(m, ee);
    }
    model_ee_remove(m, ee);
    free(error1);
    free(error2);
    model_destroy(whole);
    return wrong;
}

/* What went wrong, by promise. */
struct tally {
    size_t steps, failed, values, kept, reused, again, one, notes;
};

/* One change of 'w'.  Returns the model of it, which replaces 'old'. */
static struct model *
step_history(struct world *w, struct model *old, struct alloc_state *state,
             struct history *h, struct tally *t)
{
    struct svec notes = SVEC_EMPTY_INITIALIZER;
    struct model *new, *same;
    struct diff diff;
    char *error;

    for (int i = random_range(4); i >= 0; i--) {
        mutate_ee(w);
    }
    if (!random_range(3)) {
        mutate_tvd(w);
    }
    new = build(w);
    error = alloc_fill(new, old, state, &notes);
    t->notes += notes.n;
    t->steps++;
    t->failed += error != NULL;
    free(error);
    svec_destroy(&notes);

    diff_models(old, new, &diff);
    forget_names(h, &diff);
    diff_destroy(&diff);
    check_history(new, h);
    t->values += check_values(new);
    t->kept += old ? check_kept(old, new) : 0;

    same = build(w);
    error = alloc_fill(same, new, state, NULL);
    t->again += error || !is_unchanged(new, same);
    free(error);
    model_destroy(same);
    t->one += check_one_ee(w, new, state);
    model_destroy(old);
    return new;
}

static void
test_histories(void)
{
    struct tally t = { .steps = 0 };

    for (int seed = 1; seed <= 40; seed++) {
        struct history h = { .wrong = 0 };
        struct alloc_state state = ALLOC_STATE_INITIALIZER;
        struct world w = { .tvds[0].there = false };
        struct model *m = NULL;

        random_set_seed(seed);
        simap_init(&h.owners);
        simap_init(&h.names);
        for (int step = 0; step < 60; step++) {
            m = step_history(&w, m, &state, &h, &t);
        }
        t.reused += h.wrong;
        simap_destroy(&h.owners);
        simap_destroy(&h.names);
        model_destroy(m);
    }
    ok(!t.values && !t.failed,
       "%zu random steps: all values unique and in bounds", t.steps);
    ok(!t.kept, "survivors keep what still fits");
    ok(!t.reused, "no id changes, and none is given to another object");
    ok(!t.again, "allocating again changes nothing");
    ok(!t.one, "one EE alone gets what it gets as part of a policy");
    ok(t.notes > 50, "%zu values had to move", t.notes);
}

/* --- Corner cases. */

static void
test_declared_wins(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct svec notes = SVEC_EMPTY_INITIALIZER;
    struct model *old = model_create(), *new = model_create();
    struct model_nic *nic;
    struct eth_addr mac;

    add_ee(old, 1, add_tvd(old, 1, 24), "a");
    char *error = alloc_fill(old, NULL, &state, NULL);
    ok(!error, "fill a first policy");
    free(error);

    struct model_tvd *t1 = add_tvd(new, 1, 24), *t2 = add_tvd(new, 2, 24);
    t2->vlan = 100;
    t2->vlan_declared = true;
    t2->vni = ALLOC_VNI_POOL_MIN;
    t2->vni_declared = true;
    add_ee(new, 1, t1, "a");
    nic = add_ee(new, 2, t1, "a");
    eth_addr_from_string("02:54:56:00:00:01", &mac);
    model_nic_set_mac(new, nic, mac);
    nic->mac_declared = true;
    model_nic_add_ip(nic, &model_ee_find(old, "e1")->nics[0]->ips[0]);
    nic->ips_declared = true;

    error = alloc_fill(new, old, &state, &notes);
    ok(!error && t1->id == 1 && t1->vlan == 101 && t2->vlan == 100,
       "a declared VLAN wins over an allocated one");
    free(error);
    svec_sort(&notes);

    char *text = svec_join(&notes, "\n", "");
    is_str(text,
           "NIC 'e1/eth0': it loses address 10.0.1.2: that is declared "
           "elsewhere, or the subnet's own\n"
           "NIC 'e1/eth0': its MAC moves from 02:54:56:00:00:01 to "
           "06:54:56:00:00:01: the old one is declared elsewhere\n"
           "TVD 't1': its VLAN moves from 100 to 101: the old one is "
           "declared elsewhere\n"
           "TVD 't1': its VNI moves from 4096 to 4097: the old one is "
           "declared elsewhere", "and that is said");
    free(text);
    svec_destroy(&notes);
    model_destroy(old);
    model_destroy(new);
}

static void
check_exhausted(struct model *m, struct alloc_state state, const char *want)
{
    struct alloc_state before = state;
    char *error = alloc_fill(m, NULL, &state, NULL);

    is_str(error, want, "exhausted: %.30s...", want);
    ok(!memcmp(&before, &state, sizeof state), "the state stays as it was");
    free(error);
    model_destroy(m);
}

static void
test_exhausted(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *m = model_create();

    m->vlan_pool = (struct model_range) { .min = 10, .max = 12 };
    for (int i = 0; i < 4; i++) {
        add_tvd(m, i, 24);
    }
    check_exhausted(m, state, "no VLAN is left for TVD 't3': all 3 of 10-12 "
                    "are taken; widen vlan_pool");

    m = model_create();
    m->vni_pool = (struct model_range) { .min = 7, .max = 7 };
    add_tvd(m, 1, 24);
    add_tvd(m, 2, 24);
    check_exhausted(m, state, "no VNI is left for TVD 't2': all 1 of 7-7 are "
                    "taken; widen vni_pool");

    m = model_create();
    struct model_tvd *tvd = add_tvd(m, 1, 29);
    for (int i = 0; i < 6; i++) {
        add_ee(m, i, tvd, "a");
    }
    check_exhausted(m, state, "no address is left for NIC 'e5/eth0' in "
                    "subnet 10.0.1.0/29 of TVD 't1': all 5 are taken; widen "
                    "the subnet");

    for (unsigned int plen = 31; plen <= 32; plen++) {
        m = model_create();
        add_ee(m, 0, add_tvd(m, 1, plen), "a");
        char *error = xasprintf("no address is left for NIC 'e0/eth0' in "
                                "subnet 10.0.1.0/%u of TVD 't1': all 0 are "
                                "taken; widen the subnet", plen);
        check_exhausted(m, state, error);
        free(error);
    }
}

static void
test_wrap(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *m = model_create();

    state.last[ALLOC_TVD] = 32766;
    state.last[ALLOC_ROLE] = 65535;
    state.last[ALLOC_NIC] = (1 << 24) - 1;
    state.last[ALLOC_VLAN] = 4094;
    state.last[ALLOC_VNI] = (1 << 24) - 1;
    for (int i = 0; i < 3; i++) {
        add_ee(m, i, add_tvd(m, i, 24), "a");
    }
    find_tvd(m, 2)->vlan = 100;
    find_tvd(m, 2)->vlan_declared = true;
    char *error = alloc_fill(m, NULL, &state, NULL);
    ok(!error && find_tvd(m, 0)->id == 32767 && find_tvd(m, 1)->id == 1
       && find_tvd(m, 2)->id == 2 && state.last[ALLOC_TVD] == 2,
       "TVD ids begin again at the lowest when the range is spent");
    ok(find_tvd(m, 0)->vlan == 101 && find_tvd(m, 1)->vlan == 102
       && find_tvd(m, 0)->vni == 4096,
       "so do VLANs, around declared ones, and VNIs");
    ok(model_ee_find(m, "e0")->nics[0]->id == 1, "so do NIC ids");
    free(error);
    model_destroy(m);
}

static void
test_lost_state(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *old = model_create(), *new = model_create();

    for (int i = 0; i < 3; i++) {
        add_ee(old, i, add_tvd(old, i, 24), "a");
    }
    free(alloc_fill(old, NULL, &state, NULL));
    add_ee(new, 0, add_tvd(new, 0, 24), "a");
    add_ee(new, 7, add_tvd(new, 7, 24), "a");
    memset(&state, 0, sizeof state);
    free(alloc_fill(new, old, &state, NULL));
    ok(find_tvd(new, 0)->id == 1 && find_tvd(new, 7)->id == 4
       && find_tvd(new, 7)->vlan == 103
       && model_ee_find(new, "e7")->nics[0]->id == 4,
       "with the state lost it goes on above what the old model has");
    model_destroy(old);
    model_destroy(new);
}

/* A state that has wrapped says where to go on, whatever ids are in use. */
static void
test_known_state(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *old = model_create(), *new = model_create();

    add_tvd(old, 1, 24)->id = 32767;
    free(alloc_fill(old, NULL, &state, NULL));
    add_tvd(new, 1, 24);
    add_tvd(new, 2, 24);
    state.last[ALLOC_TVD] = 2;
    free(alloc_fill(new, old, &state, NULL));
    ok(find_tvd(new, 1)->id == 32767 && find_tvd(new, 2)->id == 3,
       "after a wrap it goes on behind the last id taken");
    model_destroy(old);
    model_destroy(new);
}

static void
test_dense(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *m = model_create();

    for (int i = 0; i < 10; i++) {
        struct model_tvd *tvd = add_tvd(m, i, 24);

        tvd->vlan = i < 9 ? 100 + i : 0;
        tvd->vlan_declared = i < 9;
    }
    free(alloc_fill(m, NULL, &state, NULL));
    ok(find_tvd(m, 9)->vlan == 109, "many in a row that are taken");
    model_destroy(m);
}

static void
test_subnet_moves(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct svec notes = SVEC_EMPTY_INITIALIZER;
    struct model *old = model_create(), *new = model_create();

    add_ee(old, 1, add_tvd(old, 1, 24), "a");
    free(alloc_fill(old, NULL, &state, NULL));
    add_ee(new, 1, add_tvd(new, 1, 24), "a");
    /* The old address, 10.0.1.2, becomes the router's. */
    in6_addr_set_mapped_ipv4(&find_tvd(new, 1)->subnets[0].router,
                             htonl(0x0a000102));
    char *error = alloc_fill(new, old, &state, &notes);
    struct in6_addr ip = model_ee_find(new, "e1")->nics[0]->ips[0];
    ok(!error && in6_addr_get_mapped_ipv4(&ip) == htonl(0x0a000103)
       && notes.n == 1, "an address that becomes the router's is given up");
    free(error);
    svec_destroy(&notes);
    model_destroy(old);
    model_destroy(new);
}

static void
test_mac_collisions(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *m = model_create();
    struct model_tvd *t1 = add_tvd(m, 1, 24), *t2 = add_tvd(m, 2, 24);
    struct model_nic *e1 = add_ee(m, 1, t1, "a"), *e2 = add_ee(m, 2, t1, "a");
    struct eth_addr router1 = ETH_ADDR_C(02,54,57,00,00,01);
    struct eth_addr nic2 = ETH_ADDR_C(02,54,56,00,00,02);

    model_nic_set_mac(m, e1, router1);
    e1->mac_declared = true;
    t2->router_mac = nic2;
    free(alloc_fill(m, NULL, &state, NULL));
    router1.ea[0] = nic2.ea[0] = 0x06;
    ok(t1->id == 1 && eth_addr_equals(t1->router_mac, router1),
       "a router's MAC keeps clear of a NIC's");
    ok(e2->id == 2 && eth_addr_equals(e2->mac, nic2),
       "a NIC's MAC keeps clear of a router's");
    model_destroy(m);
}

static void
test_new_role(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *m = model_create();
    struct model_tvd *tvd = add_tvd(m, 1, 24);

    add_ee(m, 1, tvd, "a");
    free(alloc_fill(m, NULL, &state, NULL));
    struct model_nic *nic = add_ee(m, 2, tvd, MODEL_DEFAULT_ROLE);
    char *error = alloc_ee(m, nic->ee, &state);
    ok(!error && nic->role->id == 2, "a role made on demand gets an id");
    free(error);
    model_destroy(m);
}

static void
test_state_map(void)
{
    struct alloc_state state = { { 1, 2, 3, 4, 5, 6 } }, again;
    struct smap map = SMAP_INITIALIZER(&map);

    alloc_state_to_smap(&state, &map);
    alloc_state_from_smap(&again, &map);
    ok(!memcmp(&state, &again, sizeof state) && smap_count(&map) == 6,
       "the state survives being stored");
    smap_replace(&map, "tvd", "32768");
    smap_replace(&map, "role", "-1");
    smap_replace(&map, "nic", "17x");
    smap_remove(&map, "vlan");
    alloc_state_from_smap(&again, &map);
    ok(!again.last[ALLOC_TVD] && !again.last[ALLOC_ROLE]
       && !again.last[ALLOC_NIC] && !again.last[ALLOC_VLAN]
       && again.last[ALLOC_VNI] == 6, "nonsense is read as nothing");
    smap_destroy(&map);
}

/* --- Size. */

static struct model *
large_model(int n_tvds, int n_ees)
{
    struct model *m = model_create();

    for (int t = 0; t < n_tvds; t++) {
        struct model_tvd *tvd = add_tvd(m, t, 24);

        for (int r = 0; r < MAX_ROLES; r++) {
            model_rule_add(model_role_add(tvd, role_names[r]), tvd,
                           MODEL_UNRESTRICTED);
        }
    }
    for (int e = 0; e < n_ees; e++) {
        add_ee(m, e, find_tvd(m, e % n_tvds), role_names[e % MAX_ROLES]);
    }
    return m;
}

static void
test_large(void)
{
    enum { N_TVDS = 500, N_EES = 20000 };
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *old = large_model(N_TVDS, N_EES);
    struct model *new = large_model(N_TVDS, N_EES);
    struct diff diff;
    long long int t0 = time_usec();
    char *error = alloc_fill(old, NULL, &state, NULL);
    long long int t1 = time_usec();

    ok(!error, "fill %d TVDs, %d EEs: %lld ms", N_TVDS, N_EES,
       (t1 - t0) / 1000);
    free(error);
    t0 = time_usec();
    error = alloc_fill(new, old, &state, NULL);
    t1 = time_usec();
    ok(!error, "keep all of it: %lld ms", (t1 - t0) / 1000);
    free(error);
    t0 = time_usec();
    diff_models(old, new, &diff);
    t1 = time_usec();
    ok(!diff.n, "find no difference: %lld ms", (t1 - t0) / 1000);
    diff_destroy(&diff);

    struct model_nic *nic = add_ee(new, N_EES, find_tvd(new, 7), "a");
    t0 = time_usec();
    error = alloc_ee(new, nic->ee, &state);
    t1 = time_usec();
    ok(!error && nic->id == N_EES + 1, "add one EE: %lld us", t1 - t0);
    free(error);
    model_destroy(old);
    model_destroy(new);
}

int
main(void)
{
    test_histories();
    test_declared_wins();
    test_exhausted();
    test_wrap();
    test_lost_state();
    test_known_state();
    test_dense();
    test_subnet_moves();
    test_mac_collisions();
    test_new_role();
    test_state_map();
    test_large();
    return tap_done();
}
