/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/random-policy.h"

#include <stdlib.h>
#include "flowpolicy/alloc.h"
#include "packets.h"
#include "random.h"
#include "util.h"

const char *const random_tvds[RANDOM_N_TVDS] = { "A", "B", "C" };
const char *const random_roles[RANDOM_N_ROLES] = { "gateway", "m", "n" };

static const struct model_service services[] = {
    { .proto = IPPROTO_TCP, .port_min = 22, .port_max = 22 },
    { .proto = IPPROTO_TCP, .port_min = 21, .port_max = 90 },
    { .proto = IPPROTO_UDP, .any_port = true },
    { .proto = IPPROTO_ICMP, .any_port = true },
};

struct model_nic *
random_policy_add(struct model *m, struct model_tvd *tvd, const char *role,
                  int i)
{
    char *name = xasprintf("%s-%s%d", tvd->name, role, i);
    struct model_nic *nic = model_nic_add(model_ee_add(m, name), "eth0");

    nic->tvd = tvd;
    nic->role = model_role_find(tvd, role);
    free(name);
    return nic;
}

static void
add_subnets(struct model_tvd *tvd, int number)
{
    struct model_subnet v4 = { .plen = 24 }, v6 = { .plen = 64,
                                                    .ipv6 = true };

    in6_addr_set_mapped_ipv4(&v4.addr, htonl(0x0a000000 | number << 8));
    in6_addr_set_mapped_ipv4(&v4.router, htonl(0x0a000001 | number << 8));
    v6.addr.s6_addr[0] = 0xfd;
    v6.addr.s6_addr[7] = number;
    v6.router = v6.addr;
    v6.router.s6_addr[15] = 1;
    model_subnet_add(tvd, &v4);
    model_subnet_add(tvd, &v6);
}

void
random_policy_fill_rule(struct model_rule *rule)
{
    struct model_tvd *to = rule->to;

    if (rule->action == MODEL_P) {
        for (int r = 0; r < RANDOM_N_ROLES; r++) {
            if (!random_range(3)) {
                model_rule_add_peer_role(rule, model_role_find(
                                             to, random_roles[r]));
            }
        }
        if (!random_range(2)) {
            sset_add_and_free(&rule->peer_ees, xasprintf("%s-m0", to->name));
        }
        if (!random_range(2)) {
            sset_add(&rule->peer_ees, "both");
        }
    }
    if (rule->action == MODEL_P || rule->action == MODEL_G) {
        for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
            if (!random_range(4)) {
                model_rule_add_service(rule, &services[i]);
            }
        }
    }
}

enum model_action
random_policy_action(void)
{
    static const enum model_action actions[] = {
        MODEL_NONE, MODEL_UNRESTRICTED, MODEL_P, MODEL_P, MODEL_G, MODEL_G,
    };

    return actions[random_range(ARRAY_SIZE(actions))];
}

static void
add_rule(struct model_role *role, struct model_tvd *to)
{
    if (random_range(4)) {      /* Else the default. */
        random_policy_fill_rule(model_rule_add(role, to,
                                               random_policy_action()));
    }
}

/* Adds EE "both", which has NICs in two TVDs or twice in one. */
static void
add_bridge(struct model *m)
{
    struct model_ee *ee = model_ee_add(m, "both");

    for (int i = 0; i < 2; i++) {
        struct model_tvd *tvd = model_tvd_find(
            m, random_tvds[random_range(RANDOM_N_TVDS)]);
        struct model_nic *nic = model_nic_add(ee, i ? "eth1" : "eth0");

        nic->tvd = tvd;
        nic->role = model_role_find(tvd, i ? "n" : "m");
    }
}

struct model *
random_policy(uint32_t members, uint32_t matrix, const struct model *old)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *m = model_create();

    random_set_seed(members);
    for (int t = 0; t < RANDOM_N_TVDS; t++) {
        struct model_tvd *tvd = model_tvd_add(m, random_tvds[t]);

        add_subnets(tvd, t);
        for (int r = 0; r < RANDOM_N_ROLES; r++) {
            model_role_add(tvd, random_roles[r]);
        }
        for (int r = 0; r < RANDOM_N_ROLES; r++) {
            int n = r == 0 ? (random_range(5) > 0) + (random_range(4) == 0)
                           : 1 + random_range(2);

            for (int i = 0; i < n; i++) {
                random_policy_add(m, tvd, random_roles[r], i);
            }
        }
    }
    add_bridge(m);
    random_set_seed(matrix);
    for (int t = 0; t < RANDOM_N_TVDS; t++) {
        for (int r = 0; r < RANDOM_N_ROLES; r++) {
            for (int u = 0; u < RANDOM_N_TVDS; u++) {
                add_rule(model_role_find(model_tvd_find(m, random_tvds[t]),
                                         random_roles[r]),
                         model_tvd_find(m, random_tvds[u]));
            }
        }
    }

    char *error = alloc_fill(m, old, &state, NULL);
    ovs_assert(!error);
    return m;
}

static void
label_tvds(struct model *m, struct model_label *all, bool narrow)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        struct model_tvd *tvd = node->data;

        tvd->channel = MODEL_CHANNEL_VLAN;
        tvd->label = narrow ? model_label_add(m, tvd->name) : all;
        sset_add(&tvd->label->types, narrow ? tvd->name : "any");
    }
}

void
random_policy_place(struct model *m, int n_hosts, bool narrow)
{
    struct model_label *all = model_label_add(m, "all");
    const char **names;
    struct sset ees = SSET_INITIALIZER(&ees);
    struct shash_node *node;

    label_tvds(m, all, narrow);
    for (int i = 0; i < n_hosts; i++) {
        char *name = xasprintf("h%d", i);
        struct model_host *host = model_host_add(m, name);

        host->label = narrow ? model_label_add(m, name) : all;
        for (int t = 0; narrow && t < RANDOM_N_TVDS; t++) {
            if (random_range(2)) {
                sset_add(&host->label->types, random_tvds[t]);
            }
        }
        free(name);
    }
    SHASH_FOR_EACH (node, &m->ees) {
        sset_add(&ees, node->name);
    }
    names = sset_sort(&ees);    /* The same for the same seed. */
    for (size_t e = 0; e < sset_count(&ees); e++) {
        struct model_ee *ee = model_ee_find(m, names[e]);
        char *name = xasprintf("h%d", random_range(n_hosts));
        struct model_host *host = model_host_find(m, name);

        for (size_t i = 0; i < ee->n_nics; i++) {
            ee->nics[i]->host = xstrdup(name);
            if (narrow) {
                sset_add(&host->label->types, ee->nics[i]->tvd->name);
            }
        }
        free(name);
    }
    free(names);
    sset_destroy(&ees);
}

const struct model_nic **
random_policy_nics(const struct model *m, size_t *n)
{
    const struct model_nic **nics = NULL;
    struct shash_node *node;
    size_t allocated = 0;

    *n = 0;
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            if (*n >= allocated) {
                nics = x2nrealloc(nics, &allocated, sizeof *nics);
            }
            nics[(*n)++] = ee->nics[i];
        }
    }
    return nics;
}
