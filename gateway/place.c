/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/place.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/decide.h"
#include "flowpolicy/policy.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "util.h"

/* --- Which TVDs need a gateway ---------------------------------------------*/

bool
gateway_needed(const struct model *m, const struct model_tvd *tvd)
{
    struct shash_node *tvd_node, *role_node, *rule_node;

    SHASH_FOR_EACH (tvd_node, &m->tvds) {
        const struct model_tvd *from = tvd_node->data;

        SHASH_FOR_EACH (role_node, &from->roles) {
            const struct model_role *role = role_node->data;

            SHASH_FOR_EACH (rule_node, &role->rules) {
                const struct model_rule *rule = rule_node->data;

                if (rule->action == MODEL_G
                    && (from == tvd || rule->to == tvd)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool
is_gateway_nic(const struct model_nic *nic)
{
    return nic->role && model_role_is_gateway(nic->role);
}

/* --- System gateways -------------------------------------------------------*/

/* What is known of a TVD while gateways are made. */
struct tvd_state {
    const struct model_rule *rule; /* Why it needs a gateway, or NULL. */
    bool declared;              /* Has an EE in the gateway role. */
    bool made;                  /* Has a system gateway. */
};

static void
set_rule(struct shash *states, const struct model_tvd *tvd,
         const struct model_rule *rule)
{
    struct tvd_state *state = shash_find_data(states, tvd->name);

    if (!state->rule) {
        state->rule = rule;
    }
}

/* Notes for each TVD the first rule G, by name, from or to it. */
static void
survey_rules(const struct model *m, struct shash *states)
{
    const struct shash_node **tvds = shash_sort(&m->tvds);

    for (size_t i = 0; i < shash_count(&m->tvds); i++) {
        const struct model_tvd *tvd = tvds[i]->data;
        const struct shash_node **roles = shash_sort(&tvd->roles);

        for (size_t j = 0; j < shash_count(&tvd->roles); j++) {
            const struct model_role *role = roles[j]->data;
            const struct shash_node **rules = shash_sort(&role->rules);

            for (size_t k = 0; k < shash_count(&role->rules); k++) {
                const struct model_rule *rule = rules[k]->data;

                if (rule->action == MODEL_G) {
                    set_rule(states, tvd, rule);
                    set_rule(states, rule->to, rule);
                }
            }
            free(rules);
        }
        free(roles);
    }
    free(tvds);
}

/* Fills 'states' with a "struct tvd_state *" for each TVD, by name. */
static void
survey(const struct model *m, struct shash *states)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        shash_add_assert(states, node->name,
                         xzalloc(sizeof(struct tvd_state)));
    }
    survey_rules(m, states);
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            if (is_gateway_nic(ee->nics[i])
                && ee->origin != MODEL_FROM_SYSTEM) {
                struct tvd_state *state
                    = shash_find_data(states, ee->nics[i]->tvd->name);

                state->declared = true;
            }
        }
    }
}

/* A system gateway that its TVD still needs, and that still has the TVD's
 * label. */
static bool
keep(const struct shash *states, const struct model_ee *ee)
{
    const struct model_tvd *tvd = ee->n_nics == 1 ? ee->nics[0]->tvd : NULL;
    struct tvd_state *state = tvd ? shash_find_data(states, tvd->name) : NULL;

    if (!state || !state->rule || state->declared || state->made
        || !is_gateway_nic(ee->nics[0]) || ee->label != tvd->label) {
        return false;
    }
    state->made = true;
    return true;
}

static void
remove_stale(struct model *m, struct shash *states)
{
    const struct shash_node **ees = shash_sort(&m->ees);
    size_t n = shash_count(&m->ees);

    for (size_t i = 0; i < n; i++) {
        struct model_ee *ee = ees[i]->data;

        if (ee->origin == MODEL_FROM_SYSTEM && !keep(states, ee)) {
            decide_gateway_ee_removing(m, ee);
            model_ee_remove(m, ee);
        }
    }
    free(ees);
}

static char *
free_name(const struct model *m, const struct model_tvd *tvd)
{
    char *name = xasprintf("gw-%s", tvd->name);

    for (unsigned int i = 2; model_ee_find(m, name); i++) {
        free(name);
        name = xasprintf("gw-%s-%u", tvd->name, i);
    }
    return name;
}

static bool
make_gateway(struct model *m, struct model_tvd *tvd,
             const struct model_rule *why, struct policy_errors *errors)
{
    struct model_role *role = model_role_find(tvd, MODEL_GATEWAY_ROLE);

    if (!role) {
        policy_errors_add(errors, why->loc.line, why->loc.column,
                          "rule G from %s/%s to %s needs the role \""
                          MODEL_GATEWAY_ROLE "\" in TVD %s: add it to the "
                          "TVD's roles", why->from->tvd->name,
                          why->from->name, why->to->name, tvd->name);
        return false;
    }

    char *name = free_name(m, tvd);
    struct model_ee *ee = model_ee_add(m, name);
    struct model_nic *nic = model_nic_add(ee, "eth0");

    free(name);
    ee->loc = why->loc;
    ee->label = tvd->label;
    ee->kind = MODEL_EE_NAMESPACE;
    ee->origin = MODEL_FROM_SYSTEM;
    ee->managed = true;
    nic->loc = why->loc;
    nic->tvd = tvd;
    nic->role = role;
    return true;
}

static bool
make_missing(struct model *m, const struct shash *states,
             struct policy_errors *errors)
{
    const struct shash_node **tvds = shash_sort(&m->tvds);
    bool ok = true;

    for (size_t i = 0; i < shash_count(&m->tvds); i++) {
        const struct tvd_state *state = shash_find_data(states,
                                                        tvds[i]->name);

        if (state->rule && !state->declared && !state->made
            && !make_gateway(m, tvds[i]->data, state->rule, errors)) {
            ok = false;
        }
    }
    free(tvds);
    return ok;
}

/* --- Hosts -----------------------------------------------------------------*/

/* EEs bound to one host. */
struct residents {
    struct model_ee **ees;
    size_t n, allocated;
};

static void
residents_add(struct shash *hosts, struct model_ee *ee)
{
    struct residents *r = shash_find_data(hosts, ee->host);

    if (!r) {
        r = xzalloc(sizeof *r);
        shash_add(hosts, ee->host, r);
    }
    if (r->n >= r->allocated) {
        r->ees = x2nrealloc(r->ees, &r->allocated, sizeof *r->ees);
    }
    r->ees[r->n++] = ee;
}

static void
residents_create(const struct model *m, struct shash *hosts)
{
    const struct shash_node **ees = shash_sort(&m->ees);

    shash_init(hosts);
    for (size_t i = 0; i < shash_count(&m->ees); i++) {
        struct model_ee *ee = ees[i]->data;

        if (ee->host) {
            residents_add(hosts, ee);
        }
    }
    free(ees);
}

static void
residents_destroy(struct shash *hosts)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, hosts) {
        struct residents *r = node->data;

        free(r->ees);
    }
    shash_destroy_free_data(hosts);
}

/* Whether 'host' may run 'ee'; if not, stores why. */
static bool
host_fits(const struct model *m, const struct shash *residents,
          const struct model_host *host, const struct model_ee *ee, char **why)
{
    const struct residents *r = shash_find_data(residents, host->name);
    const struct model_nic *nic = ee->nics[0];

    return decide_authorised(host, ee, why)
           && decide_attachable(host, nic, nic->tvd, why)
           && decide_collocatable(m, r ? r->ees : NULL, r ? r->n : 0, ee, why);
}

static const struct model_host *
previous_host(const struct model *m, const struct model *old,
              const struct model_ee *ee)
{
    const struct model_ee *before = old ? model_ee_find(old, ee->name) : NULL;

    return before && before->managed && before->host
           ? model_host_find(m, before->host) : NULL;
}

/* The host for 'ee'; NULL, with an error, if there is none. */
static const struct model_host *
choose_host(const struct model *m, const struct model *old,
            const struct shash *residents, const struct model_ee *ee,
            struct policy_errors *errors)
{
    const struct model_host *previous = previous_host(m, old, ee);
    const struct model_host *found = NULL;
    struct ds reasons = DS_EMPTY_INITIALIZER;
    size_t n_hosts = shash_count(&m->hosts);
    char *why = NULL;

    if (previous && host_fits(m, residents, previous, ee, &why)) {
        return previous;
    }
    free(why);

    const struct shash_node **hosts = shash_sort(&m->hosts);
    for (size_t i = 0; i < n_hosts && !found; i++) {
        const struct model_host *host = hosts[i]->data;

        if (host_fits(m, residents, host, ee, &why)) {
            found = host;
        } else if (i < 4) {
            ds_put_format(&reasons, "%s%s: %s", i ? "; " : "", host->name,
                          why);
        } else if (i == 4) {
            ds_put_format(&reasons, "; and %"PRIuSIZE" more", n_hosts - 4);
        }
        free(found ? NULL : why);
    }
    free(hosts);
    if (!found) {
        policy_errors_add(errors, ee->loc.line, ee->loc.column,
                          "no host can run gateway %s of TVD %s (%s): "
                          "declare a host whose label has the types of both",
                          ee->name, ee->nics[0]->tvd->name,
                          n_hosts ? ds_cstr(&reasons) : "no host is declared");
    }
    ds_destroy(&reasons);
    return found;
}

/* Whether 'ee' may stay on the host that it is bound to. */
static bool
may_stay(const struct model *m, const struct shash *residents,
         const struct model_ee *ee)
{
    const struct model_host *host = model_host_find(m, ee->host);
    char *why = NULL;
    bool fits = host && host_fits(m, residents, host, ee, &why);

    free(why);
    return fits;
}

static bool
place(const struct model *m, const struct model *old, struct shash *residents,
      struct model_ee *ee, struct policy_errors *errors)
{
    if (ee->n_nics != 1) {
        policy_errors_add(errors, ee->loc.line, ee->loc.column,
                          "gateway %s has %"PRIuSIZE" NICs: a namespace in "
                          "the gateway role has exactly 1; declare one for "
                          "each TVD, or use kind: vm", ee->name, ee->n_nics);
        return false;
    }
    if (ee->host && ee->origin == MODEL_FROM_SYSTEM
        && !may_stay(m, residents, ee)) {
        free(ee->host);
        ee->host = NULL;
    }
    if (ee->host) {
        return true;
    }

    const struct model_host *host = choose_host(m, old, residents, ee, errors);
    if (host) {
        ee->host = xstrdup(host->name);
        residents_add(residents, ee);
    }
    return host != NULL;
}

/* Those who stay where they are go first, so that nobody takes their place. */
static bool
place_all(struct model *m, const struct model *old,
          struct policy_errors *errors)
{
    const struct shash_node **ees = shash_sort(&m->ees);
    struct shash residents;
    bool ok = true;

    residents_create(m, &residents);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < shash_count(&m->ees); i++) {
            struct model_ee *ee = ees[i]->data;
            bool stays = previous_host(m, old, ee) != NULL;

            if (ee->managed && stays == !pass) {
                ok = place(m, old, &residents, ee, errors) && ok;
            }
        }
    }
    free(ees);
    residents_destroy(&residents);
    return ok;
}

bool
gateway_place(struct model *m, const struct model *old,
              struct policy_errors *errors)
{
    struct shash states = SHASH_INITIALIZER(&states);

    survey(m, &states);
    remove_stale(m, &states);

    bool ok = make_missing(m, &states, errors);
    shash_destroy_free_data(&states);
    return place_all(m, old, errors) && ok;
}
