/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "flowpolicy/decide.h"

#include <netinet/icmp6.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "sset.h"
#include "util.h"

/* Stores the reason of a refusal and returns false. */
static bool
refuse(char **why, char *reason)
{
    if (why) {
        *why = reason;
    } else {
        free(reason);
    }
    return false;
}

static bool
grant(char **why)
{
    if (why) {
        *why = NULL;
    }
    return true;
}

/* --- Labels and admission. */

bool
decide_share(const struct model_label *a, const struct model_label *b)
{
    const char *type;

    if (a && b) {
        SSET_FOR_EACH (type, &a->types) {
            if (sset_contains(&b->types, type)) {
                return true;
            }
        }
    }
    return false;
}

bool
decide_authorised(const struct model_host *host, const struct model_ee *ee,
                  char **why)
{
    if (!ee->label) {
        return refuse(why, xasprintf("EE '%s' has no label", ee->name));
    }
    if (!host->label) {
        return refuse(why, xasprintf("host '%s' has no label", host->name));
    }

    const char *type = model_label_missing_type(ee->label, host->label);
    if (type) {
        return refuse(why, xasprintf("host '%s' may not run type '%s' of EE "
                                     "'%s': its label '%s' lacks it",
                                     host->name, type, ee->name,
                                     host->label->name));
    }
    return grant(why);
}

/* The first type of 'conflict', by name, that 'ee' has, except 'not'. */
static const char *
type_in_conflict(const struct model_conflict *conflict,
                 const struct model_ee *ee, const char *not)
{
    const char *first = NULL;
    const char *type;

    if (ee->label) {
        SSET_FOR_EACH (type, &ee->label->types) {
            if (sset_contains(&conflict->types, type)
                && (!not || strcmp(type, not))
                && (!first || strcmp(type, first) < 0)) {
                first = type;
            }
        }
    }
    return first;
}

/* As decide_collocatable(), for one conflict set. */
static bool
conflict_respected(const struct model_conflict *conflict,
                   struct model_ee *const running[], size_t n,
                   const struct model_ee *ee, char **why)
{
    const struct model_ee *holder = ee;
    const char *held = NULL;

    for (size_t i = 0; i <= n; i++) {
        const struct model_ee *other = i ? running[i - 1] : ee;

        if (!held) {
            held = type_in_conflict(conflict, other, NULL);
            holder = other;
        }
        /* A second type may stand in the very label that had the first. */
        const char *type = type_in_conflict(conflict, other, held);
        if (type) {
            return refuse(why, xasprintf(
                "EE '%s' may not run here: type '%s' of EE '%s' and type "
                "'%s' of EE '%s' are in conflict set '%s'", ee->name,
                held, holder->name, type, other->name, conflict->name));
        }
    }
    return grant(why);
}

bool
decide_collocatable(const struct model *m, struct model_ee *const running[],
                    size_t n, const struct model_ee *ee, char **why)
{
    /* By name, so that the same question gets the same reason. */
    const struct shash_node **nodes = shash_sort(&m->conflicts);
    size_t n_conflicts = shash_count(&m->conflicts);
    bool good = grant(why);

    for (size_t i = 0; good && i < n_conflicts; i++) {
        good = conflict_respected(nodes[i]->data, running, n, ee, why);
    }
    free(nodes);
    return good;
}

bool
decide_attachable(const struct model_host *host, const struct model_nic *nic,
                  const struct model_tvd *tvd, char **why)
{
    const struct model_label *label = nic->ee->label;

    if (!tvd->label || !decide_share(label, tvd->label)) {
        return refuse(why, xasprintf("EE '%s' may not join TVD '%s': their "
                                     "labels have no type in common",
                                     nic->ee->name, tvd->name));
    }
    if (!host->label) {
        return refuse(why, xasprintf("host '%s' has no label", host->name));
    }

    const char *type = model_label_missing_type(tvd->label, host->label);
    if (type) {
        return refuse(why, xasprintf("host '%s' may not carry TVD '%s': its "
                                     "label '%s' lacks type '%s'",
                                     host->name, tvd->name,
                                     host->label->name, type));
    }
    return grant(why);
}

/* --- The fabric. */

bool
decide_may_carry(const struct model_host *host, const struct model_tvd *tvd)
{
    return (host->label && tvd->label
            && model_label_may_be_carried(tvd->label, host->label));
}

/* How well the VLAN of 'a's TVD leads to 'b'; 0: not at all. */
static int
rate_carrier(const struct decide_end *a, const struct decide_end *b)
{
    bool both = a->tvd == b->tvd || b->has_other;

    return (!a->tvd->vlan || !decide_may_carry(a->host, a->tvd)
            || !decide_may_carry(b->host, a->tvd)) ? 0 : both ? 2 : 1;
}

const struct model_tvd *
decide_carrier(const struct decide_end *a, const struct decide_end *b)
{
    int rate_a = rate_carrier(a, b);
    int rate_b = rate_carrier(b, a);

    if (a->tvd->channel != MODEL_CHANNEL_VLAN
        || b->tvd->channel != MODEL_CHANNEL_VLAN || (!rate_a && !rate_b)) {
        return NULL;
    }
    return (rate_a != rate_b ? rate_a > rate_b : a->tvd->id <= b->tvd->id)
           ? a->tvd : b->tvd;
}

/* True if 'rule' leads straight to the NIC of 'ee' (NULL: to any EE that it
 * names) with 'role'. */
static bool
leads_straight(const struct model_rule *rule, const struct model_role *role,
               const struct model_ee *ee)
{
    if (!rule || rule->action == MODEL_NONE || rule->action == MODEL_G) {
        return false;
    } else if (rule->action == MODEL_UNRESTRICTED) {
        return true;
    }
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        if (rule->peer_roles[i] == role) {
            return true;
        }
    }
    return ee ? sset_contains(&rule->peer_ees, ee->name)
              : !sset_is_empty(&rule->peer_ees);
}

static bool
any_rule_g(const struct model_tvd *from, const struct model_tvd *to)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &from->roles) {
        const struct model_rule *rule = model_rule_find(node->data, to);

        if (rule && rule->action == MODEL_G) {
            return true;
        }
    }
    return false;
}

bool
decide_may_meet(const struct model_role *role, bool gateway,
                const struct model_nic *nic)
{
    return (leads_straight(model_rule_find(role, nic->tvd), nic->role, nic->ee)
            || leads_straight(model_rule_find(nic->role, role->tvd), role,
                              NULL)
            || (gateway && nic->tvd->gateway == nic
                && (any_rule_g(role->tvd, nic->tvd)
                    || any_rule_g(nic->tvd, role->tvd))));
}

/* --- Gateways. */

static bool
is_gateway_nic(const struct model_nic *nic)
{
    return nic->tvd && nic->role && nic->role->tvd == nic->tvd
           && model_role_is_gateway(nic->role);
}

static size_t
nic_index(const struct model_nic *nic)
{
    size_t i = 0;

    while (i < nic->ee->n_nics && nic->ee->nics[i] != nic) {
        i++;
    }
    return i;
}

/* True if 'a' comes before 'b', NULL being last. */
static bool
is_better_gateway(const struct model_nic *a, const struct model_nic *b)
{
    if (!b) {
        return true;
    }
    if (a->id != b->id) {
        return a->id && (!b->id || a->id < b->id);
    }

    int cmp = strcmp(a->ee->name, b->ee->name);
    return cmp ? cmp < 0 : nic_index(a) < nic_index(b);
}

/* Makes NICs of 'm' other than those of 'except' gateways where they are
 * better than what is there. */
static void
assign_gateways(struct model *m, const struct model_ee *except)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->ees) {
        struct model_ee *ee = node->data;

        for (size_t i = 0; ee != except && i < ee->n_nics; i++) {
            decide_gateway_nic_added(ee->nics[i]);
        }
    }
}

void
decide_assign_gateways(struct model *m)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        struct model_tvd *tvd = node->data;

        tvd->gateway = NULL;
    }
    assign_gateways(m, NULL);
}

bool
decide_gateway_nic_added(struct model_nic *nic)
{
    if (is_gateway_nic(nic) && nic != nic->tvd->gateway
        && is_better_gateway(nic, nic->tvd->gateway)) {
        nic->tvd->gateway = nic;
        return true;
    }
    return false;
}

bool
decide_gateway_ee_removing(struct model *m, const struct model_ee *ee)
{
    bool changed = false;

    for (size_t i = 0; i < ee->n_nics; i++) {
        struct model_nic *nic = ee->nics[i];

        if (nic->tvd && nic->tvd->gateway == nic) {
            nic->tvd->gateway = NULL;
            changed = true;
        }
    }
    if (changed) {
        assign_gateways(m, ee);
    }
    return changed;
}

/* --- The flow matrix. */

struct decide_entry
decide_entry(const struct model_role *src, const struct model_tvd *dst)
{
    const struct model_rule *rule = model_rule_find(src, dst);

    return (struct decide_entry) {
        .action = rule ? rule->action
                  : src->tvd == dst ? MODEL_UNRESTRICTED : MODEL_NONE,
        .rule = rule,
    };
}

bool
decide_peer_allows(const struct model_rule *rule, const struct model_nic *dst)
{
    if (dst->tvd != rule->to) {
        return false;
    }
    if (rule->action != MODEL_P) {
        return true;
    }
    for (size_t i = 0; i < rule->n_peer_roles; i++) {
        if (rule->peer_roles[i] == dst->role) {
            return true;
        }
    }
    return sset_contains(&rule->peer_ees, dst->ee->name);
}

bool
decide_pair_stateless(const struct model_role *a, const struct model_role *b)
{
    return decide_entry(a, b->tvd).action == MODEL_UNRESTRICTED
           && decide_entry(b, a->tvd).action == MODEL_UNRESTRICTED;
}

bool
decide_icmp_opens(bool ipv6, uint8_t type)
{
    enum { ECHO_REQUEST = 8, TIMESTAMP_REQUEST = 13, INFO_REQUEST = 15 };

    return ipv6 ? type == ICMP6_ECHO_REQUEST
                : (type == ECHO_REQUEST || type == TIMESTAMP_REQUEST
                   || type == INFO_REQUEST);
}

const char *
decide_why_to_string(enum decide_why why)
{
    switch (why) {
    case DECIDE_ALLOWED: return "allowed";
    case DECIDE_SAME_NIC: return "same-nic";
    case DECIDE_DEFAULT_NONE: return "default-none";
    case DECIDE_RULE_NONE: return "none";
    case DECIDE_NOT_A_PEER: return "peer";
    case DECIDE_SERVICE: return "service";
    case DECIDE_NO_GATEWAY_SRC:
    case DECIDE_NO_GATEWAY_DST: return "no-gateway";
    case DECIDE_ICMP_TYPE: return "icmp-type";
    }
    OVS_NOT_REACHED();
}

static void
add_hop(struct decision *d, const struct model_nic *nic)
{
    if (!d->n_path || d->path[d->n_path - 1] != nic) {
        d->path[d->n_path++] = nic;
    }
}

static enum decide_why
judge_pair(const struct decision *d, const struct model_nic *src,
           const struct model_nic *dst)
{
    if (src == dst) {
        return DECIDE_SAME_NIC;
    }
    switch (d->entry.action) {
    case MODEL_UNRESTRICTED:
        return DECIDE_ALLOWED;
    case MODEL_P:
        return decide_peer_allows(d->entry.rule, dst) ? DECIDE_ALLOWED
                                                      : DECIDE_NOT_A_PEER;
    case MODEL_G:
        return !src->tvd->gateway ? DECIDE_NO_GATEWAY_SRC
               : !dst->tvd->gateway ? DECIDE_NO_GATEWAY_DST
               : DECIDE_ALLOWED;
    case MODEL_NONE:
        return d->entry.rule ? DECIDE_RULE_NONE : DECIDE_DEFAULT_NONE;
    }
    /* A value that is none of the enum: whoever made it, it allows nothing. */
    return DECIDE_DEFAULT_NONE;
}

struct decision
decide_pair(const struct model_nic *src, const struct model_nic *dst)
{
    struct decision d = {
        .entry = decide_entry(src->role, dst->tvd),
        .stateful = !decide_pair_stateless(src->role, dst->role),
    };

    d.why = judge_pair(&d, src, dst);
    d.allowed = d.why == DECIDE_ALLOWED;
    if (d.allowed) {
        add_hop(&d, src);
        if (d.entry.action == MODEL_G) {
            add_hop(&d, src->tvd->gateway);
            add_hop(&d, dst->tvd->gateway);
        }
        add_hop(&d, dst);
    }
    return d;
}

/* True if the entry of 'd' holds for the service of 'packet'. */
static bool
entry_serves(const struct decision *d, const struct decide_packet *packet)
{
    const struct model_rule *rule = d->entry.rule;

    if (!rule || !rule->n_services
        || (rule->action != MODEL_P && rule->action != MODEL_G)) {
        return true;
    }
    for (size_t i = 0; i < rule->n_services; i++) {
        if (service_holds(&rule->services[i], packet->proto,
                          packet->dst_port)) {
            return true;
        }
    }
    return false;
}

static bool
packet_opens(const struct decide_packet *packet)
{
    switch (packet->proto) {
    case IPPROTO_ICMP:
        return decide_icmp_opens(false, packet->icmp_type);
    case IPPROTO_ICMPV6:
        return decide_icmp_opens(true, packet->icmp_type);
    default:
        return true;
    }
}

struct decision
decide_flow(const struct model_nic *src, const struct model_nic *dst,
            const struct decide_packet *packet)
{
    struct decision d = decide_pair(src, dst);

    if (d.allowed) {
        d.why = !entry_serves(&d, packet) ? DECIDE_SERVICE
                : d.stateful && !packet_opens(packet) ? DECIDE_ICMP_TYPE
                : DECIDE_ALLOWED;
        if (d.why != DECIDE_ALLOWED) {
            d.allowed = false;
            d.n_path = 0;
            memset(d.path, 0, sizeof d.path);
        }
    }
    return d;
}
