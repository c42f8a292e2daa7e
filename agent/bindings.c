/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "agent/bindings.h"

#include <stdlib.h>
#include "flow.h"
#include "flowpolicy/decide.h"
#include "lib/model.h"
#include "lib/report.h"
#include "openvswitch/ofp-port.h"
#include "ovs-tvd/vswitch.h"
#include "packets.h"
#include "smap.h"
#include "util.h"

/* What bindings_update() has to know while it goes through the interfaces. */
struct admission {
    const struct model *model;
    const struct model_host *host;
    const char *host_name;
    const struct smap *gateways;
    const struct sset *let_go;
    const struct sset *known;   /* NULL: any NIC may begin. */
    struct shash claimed;       /* Interface name by NIC name. */
    struct shash labels;        /* "struct model_ee *" by name of its label:
                                 * one EE that runs here for each label, since
                                 * conflicts depend on labels alone. */
    struct shash sole;          /* By name of a label: NULL if EEs that have
                                 * it may run on other hosts, too. */
};

void
bindings_init(struct bindings *b)
{
    shash_init(&b->by_iface);
    sset_init(&b->foreign);
    shash_init(&b->leaving);
    sset_init(&b->let_go);
    sset_init(&b->known);
    b->closed = false;
    b->began = false;
    b->clock = 0;
    b->generation = 1;
}

static void
binding_destroy(struct binding *binding)
{
    free(binding->iface);
    free(binding->nic);
    free(binding->reason);
    free(binding);
}

static void
clear(struct shash *by_iface)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, by_iface) {
        binding_destroy(node->data);
    }
    shash_destroy(by_iface);
}

static void
leaving_destroy(struct bindings *b, struct shash_node *node)
{
    struct leaving *leaving = node->data;

    free(leaving->nic);
    free(leaving);
    shash_delete(&b->leaving, node);
}

void
bindings_destroy(struct bindings *b)
{
    struct shash_node *node;

    clear(&b->by_iface);
    sset_destroy(&b->foreign);
    SHASH_FOR_EACH_SAFE (node, &b->leaving) {
        leaving_destroy(b, node);
    }
    shash_destroy(&b->leaving);
    sset_destroy(&b->let_go);
    sset_destroy(&b->known);
}

void
bindings_remember(struct bindings *b, const char *iface, const char *nic,
                  const char *reason, bool installed, bool arrived)
{
    struct binding *binding = xzalloc(sizeof *binding);

    binding->iface = xstrdup(iface);
    binding->nic = xstrdup(nic);
    binding->ofport = OFPP_NONE;
    binding->reason = nullable_xstrdup(reason);
    binding->since = reason ? 0 : ++b->clock;
    binding->remembered = !reason || installed;
    binding->arrived = arrived;
    if (!shash_add_once(&b->by_iface, iface, binding)) {
        binding_destroy(binding);
    }
}

void
bindings_close(struct bindings *b)
{
    const struct shash_node *node;

    b->closed = true;
    SHASH_FOR_EACH (node, &b->by_iface) {
        const struct binding *binding = node->data;

        if (binding->since) {
            sset_add(&b->known, binding->nic);
        }
    }
}

void
bindings_open(struct bindings *b)
{
    b->closed = false;
    sset_clear(&b->known);
}

const struct binding *
bindings_find_nic(const struct bindings *b, const char *nic)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &b->by_iface) {
        const struct binding *binding = node->data;

        if (binding->admitted && !strcmp(binding->nic, nic)) {
            return binding;
        }
    }
    return NULL;
}

/* --- deciding --- */

static const struct model_nic *
find_nic(const struct model *m, const struct vswitch_iface *iface)
{
    const struct model_nic *nic = NULL;
    struct eth_addr mac;

    if (iface->iface_id) {
        nic = model_nic_find_full_name(m, iface->iface_id);
    }
    if (!nic && iface->attached_mac
        && eth_addr_from_string(iface->attached_mac, &mac)) {
        nic = model_nic_find_mac(m, mac);
    }
    return nic && nic->id && nic->tvd && nic->role ? nic : NULL;
}

static bool
moves_here(const struct admission *a, const struct model_ee *ee)
{
    return ee->next_host && !strcmp(ee->next_host, a->host_name);
}

/* Why 'ee' may not run on this host, or NULL; caller frees. */
static char *
refuse_ee(const struct admission *a, const struct model_ee *ee)
{
    struct model_ee **running;
    struct shash_node *node;
    char *why = NULL;
    size_t n = 0;

    if (!a->host) {
        return xasprintf("host %s is not in the policy", a->host_name);
    }
    if (ee->host && strcmp(ee->host, a->host_name) && !moves_here(a, ee)) {
        return xasprintf("EE %s is bound to host %s", ee->name, ee->host);
    }
    if (!decide_authorised(a->host, ee, &why)) {
        return why;
    }
    running = xmalloc((shash_count(&a->labels) + 1) * sizeof *running);
    SHASH_FOR_EACH (node, &a->labels) {
        running[n++] = node->data;
    }
    decide_collocatable(a->model, running, n, ee, &why);
    free(running);
    return why;
}

/* True if no other host may run EEs with the label of 'ee'. */
static bool
is_sole_host(struct admission *a, const struct model_ee *ee)
{
    const struct shash_node *known = shash_find(&a->sole, ee->label->name);
    const struct shash_node *node;
    bool sole = true;

    if (known) {
        return known->data != NULL;
    }
    SHASH_FOR_EACH (node, &a->model->hosts) {
        sole &= (node->data == a->host
                 || !decide_authorised(node->data, ee, NULL));
    }
    shash_add(&a->sole, ee->label->name, sole ? a : NULL);
    return sole;
}

/* Why 'nic', called 'name', which may be here, has to wait for another host or the
 * controller, or NULL; caller frees. */
static char *
hold_back(struct admission *a, const struct model_nic *nic, const char *name)
{
    const struct model_ee *ee = nic->ee;

    if (nic->host && strcmp(nic->host, a->host_name)) {
        return xasprintf("waits for host %s to let go of NIC %s/%s",
                         nic->host, ee->name, nic->name);
    }
    if (a->known && !sset_contains(a->known, name)) {
        return xasprintf("waits for the policy database: NIC %s/%s was not "
                         "on this host when it was there", ee->name,
                         nic->name);
    }
    return ((nic->host && !sset_contains(a->let_go, name))
            || ee->host || is_sole_host(a, ee) ? NULL
            : xasprintf("waits for the controller to say which host NIC %s/%s "
                        "is on", ee->name, nic->name));
}

/* Why 'nic' may not be at 'iface', or NULL; caller frees. */
static char *
refuse(const struct admission *a, const struct vswitch_iface *iface,
       const struct model_nic *nic, const char *nic_name)
{
    const char *other = shash_find_data(&a->claimed, nic_name);
    char *why = NULL;

    if (other) {
        return xasprintf("NIC %s is at port %s already", nic_name, other);
    }
    if (nic->ee->managed
        && strcmp(smap_get_def(a->gateways, iface->name, ""), nic_name)) {
        return xasprintf("NIC %s is a gateway's that the agent manages, and "
                         "this is not its port", nic_name);
    }
    why = refuse_ee(a, nic->ee);
    if (!why) {
        decide_attachable(a->host, nic, nic->tvd, &why);
    }
    /* A port without a device must not keep a NIC from one that works. */
    if (!why && iface->ofport == OFPP_NONE && iface->error) {
        why = xasprintf("Open vSwitch cannot use the device: %s",
                        iface->error);
    }
    return why;
}

/* The NIC, another than 'nic', whose flows may still be at 'iface', or
 * NULL. */
static const char *
find_leaving(const struct bindings *b, const char *iface, const char *nic)
{
    const struct leaving *leaving = shash_find_data(&b->leaving, iface);
    const struct binding *old = shash_find_data(&b->by_iface, iface);

    if (leaving) {
        return strcmp(leaving->nic, nic) ? leaving->nic : NULL;
    }
    return (old && (old->holds || old->remembered) && strcmp(old->nic, nic)
            ? old->nic : NULL);
}

/* Decides on 'iface'.  'since' is UINT64_MAX for a newcomer. */
static struct binding *
decide(struct admission *a, struct bindings *b,
       const struct vswitch_iface *iface, const struct model_nic *nic,
       uint64_t since)
{
    struct binding *binding = xzalloc(sizeof *binding);
    const char *leaving;

    binding->iface = xstrdup(iface->name);
    binding->nic = model_nic_full_name(nic);
    binding->nic_id = nic->id;
    binding->ofport = iface->ofport;
    binding->reason = refuse(a, iface, nic, binding->nic);
    leaving = find_leaving(b, iface->name, binding->nic);
    if (!binding->reason && leaving) {
        binding->reason = xasprintf("port %s is still being taken from NIC %s",
                                    iface->name, leaving);
    } else if (!binding->reason) {
        binding->reason = hold_back(a, nic, binding->nic);
        binding->waits = binding->reason != NULL;
        binding->moves_here = binding->waits && moves_here(a, nic->ee);
        if (binding->waits) {
            shash_add(&a->claimed, binding->nic, binding->iface);
        }
    }
    if (!binding->reason) {
        binding->since = since != UINT64_MAX ? since : ++b->clock;
        shash_add(&a->claimed, binding->nic, binding->iface);
        shash_add_once(&a->labels, nic->ee->label->name, nic->ee);
        binding->holds = true;
        if (iface->ofport == OFPP_NONE) {
            binding->reason = xstrdup("Open vSwitch has given no port number "
                                      "yet");
        }
    }
    binding->admitted = !binding->reason;
    return binding;
}

/* --- ordering --- */

struct candidate {
    const struct vswitch_iface *iface;
    uint64_t since;             /* UINT64_MAX: a newcomer. */
};

static int
compare_candidates(const void *a_, const void *b_)
{
    const struct candidate *a = a_, *b = b_;

    if (a->since != b->since) {
        return a->since < b->since ? -1 : 1;
    }
    return strcmp(a->iface->name, b->iface->name);
}

/* Since when 'iface' has been admitted as what it claims to be now. */
static uint64_t
admitted_since(const struct bindings *b, const struct model *m,
               const struct vswitch_iface *iface)
{
    const struct binding *old = shash_find_data(&b->by_iface, iface->name);
    const struct model_nic *nic = old ? find_nic(m, iface) : NULL;
    uint64_t since = UINT64_MAX;

    if (nic && old->since) {
        char *name = model_nic_full_name(nic);

        if (!strcmp(old->nic, name)) {
            since = old->since;
        }
        free(name);
    }
    return since;
}

static struct candidate *
sort_candidates(const struct bindings *b, const struct model *m,
                const struct shash *ifaces)
{
    struct candidate *c = xmalloc((shash_count(ifaces) + 1) * sizeof *c);
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, ifaces) {
        c[n].iface = node->data;
        c[n].since = admitted_since(b, m, node->data);
        n++;
    }
    qsort(c, n, sizeof *c, compare_candidates);
    return c;
}

/* --- what changed --- */

static bool
same_string(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool
binding_equal(const struct binding *a, const struct binding *b)
{
    return (a->admitted == b->admitted && a->nic_id == b->nic_id
            && a->ofport == b->ofport && !strcmp(a->nic, b->nic)
            && a->holds == b->holds && a->waits == b->waits && a->moves_here == b->moves_here
            && same_string(a->reason, b->reason));
}

static void
report_refusal(const struct binding *old, const struct binding *binding,
               const struct report_sink *sink)
{
    if (binding->reason && (!old || !same_string(old->reason,
                                                 binding->reason))
        && !binding->since && !binding->waits) {
        report(sink, REPORT_WARNING, "refused", "port %s refused as %s: %s",
               binding->iface, binding->nic, binding->reason);
    }
}

/* Takes note of a NIC that 'old' had and that 'new' (may be NULL) has not. */
static void
note_leaving(struct bindings *b, const struct binding *old,
             const struct binding *new)
{
    struct leaving *leaving;

    if (!(old->holds || old->remembered)
        || (new && new->holds && !strcmp(new->nic, old->nic))
        || shash_find(&b->leaving, old->iface)) {
        return;
    }
    leaving = xzalloc(sizeof *leaving);
    leaving->nic = xstrdup(old->nic);
    shash_add(&b->leaving, old->iface, leaving);
}

/* What is admitted again does not leave. */
static void
note_staying(struct bindings *b, const struct binding *binding)
{
    struct shash_node *node = shash_find(&b->leaving, binding->iface);

    if (node && binding->holds
        && !strcmp(((struct leaving *) node->data)->nic, binding->nic)) {
        leaving_destroy(b, node);
    }
}

/* Replaces the bindings by 'new'.  A refusal is reported when it is new. */
static void
replace(struct bindings *b, struct shash *new, const struct report_sink *sink)
{
    bool changed = shash_count(new) != shash_count(&b->by_iface);
    struct shash_node *node;

    SHASH_FOR_EACH (node, new) {
        const struct binding *old = shash_find_data(&b->by_iface, node->name);
        struct binding *binding = node->data;

        if (old && binding_equal(old, binding)) {
            binding->goal = old->goal;
        } else {
            changed = true;
        }
        if (old && !strcmp(old->nic, binding->nic)) {
            binding->arrived = old->arrived && binding->waits;
            binding->remembered = old->remembered && binding->holds;
        }
        note_staying(b, binding);
        report_refusal(old, binding, sink);
    }
    SHASH_FOR_EACH (node, &b->by_iface) {
        note_leaving(b, node->data, shash_find_data(new, node->name));
    }
    if (changed) {
        b->generation++;
    }
    clear(&b->by_iface);
    shash_init(&b->by_iface);
    shash_swap(&b->by_iface, new);
    shash_destroy(new);
}

/* Takes note of the interfaces in 'names' that are no NIC's. */
static void
replace_foreign(struct bindings *b, struct sset *names,
                const struct shash *ifaces, const struct smap *gateways,
                const struct report_sink *sink)
{
    const char *name;

    SSET_FOR_EACH (name, names) {
        const struct vswitch_iface *iface = shash_find_data(ifaces, name);

        /* The port of a gateway that is going is no stranger. */
        if (!sset_contains(&b->foreign, name) && !smap_get(gateways, name)) {
            report(sink, REPORT_INFO, "foreign-port",
                   "port %s%s%s belongs to no NIC of the policy, or to one of "
                   "a TVD that has no business on this host: it stays mute",
                   name, iface->iface_id ? " with iface-id " : "",
                   iface->iface_id ? iface->iface_id : "");
        }
    }
    sset_swap(&b->foreign, names);
    sset_destroy(names);
}

/* The names of the NICs that some interface was known to claim when this
 * process began. */
static void
claimed_names(const struct bindings *b, struct sset *names)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &b->by_iface) {
        sset_add(names, ((struct binding *) node->data)->nic);
    }
}

/* What had been let go of before this process began: its row is gone. */
static void
recall_let_go(struct bindings *b, const struct model *m, const char *host)
{
    struct sset claimed = SSET_INITIALIZER(&claimed);
    const struct model_nic *nic;

    claimed_names(b, &claimed);
    HMAP_FOR_EACH (nic, id_node, &m->nics_by_id) {
        if (nic->host && !strcmp(nic->host, host)) {
            char *name = model_nic_full_name(nic);

            if (!sset_contains(&claimed, name)) {
                sset_add(&b->let_go, name);
            }
            free(name);
        }
    }
    sset_destroy(&claimed);
}

/* Forgets what the controller has said something new about. */
static void
update_let_go(struct bindings *b, const struct model *m, const char *host)
{
    const char *name;

    if (!b->began) {
        b->began = true;
        recall_let_go(b, m, host);
    }
    SSET_FOR_EACH_SAFE (name, &b->let_go) {
        const struct model_nic *nic = model_nic_find_full_name(m, name);

        if (!nic || !nic->host || strcmp(nic->host, host)) {
            sset_find_and_delete(&b->let_go, name);
        }
    }
}

void
bindings_update(struct bindings *b, const struct model *m, const char *host,
                const struct shash *ifaces, const struct smap *gateways,
                const struct report_sink *sink)
{
    struct admission a = {
        .model = m,
        .host = model_host_find(m, host),
        .host_name = host,
        .gateways = gateways,
        .let_go = &b->let_go,
        .known = b->closed ? &b->known : NULL,
        .claimed = SHASH_INITIALIZER(&a.claimed),
        .labels = SHASH_INITIALIZER(&a.labels),
        .sole = SHASH_INITIALIZER(&a.sole),
    };
    struct shash new = SHASH_INITIALIZER(&new);
    struct sset foreign = SSET_INITIALIZER(&foreign);
    struct candidate *c = sort_candidates(b, m, ifaces);

    update_let_go(b, m, host);
    for (size_t i = 0; i < shash_count(ifaces); i++) {
        const struct model_nic *nic = find_nic(m, c[i].iface);

        if (nic) {
            struct binding *binding = decide(&a, b, c[i].iface, nic,
                                             c[i].since);

            shash_add(&new, binding->iface, binding);
        } else {
            sset_add(&foreign, c[i].iface->name);
        }
    }
    replace(b, &new, sink);
    replace_foreign(b, &foreign, ifaces, gateways, sink);
    shash_destroy(&a.claimed);
    shash_destroy(&a.labels);
    shash_destroy(&a.sole);
    free(c);
}

bool
bindings_have_left(struct bindings *b, uint64_t goal)
{
    struct shash_node *node;
    bool news = false;

    SHASH_FOR_EACH_SAFE (node, &b->leaving) {
        const struct leaving *leaving = node->data;

        if (leaving->goal && leaving->goal <= goal) {
            sset_add(&b->let_go, leaving->nic);
            leaving_destroy(b, node);
            news = true;
        }
    }
    b->generation += news;
    return news;
}

void
bindings_arrived(struct bindings *b, uint32_t nic_id)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &b->by_iface) {
        struct binding *binding = node->data;

        if (binding->nic_id == nic_id && binding->moves_here
            && !binding->arrived) {
            binding->arrived = true;
            b->generation++;
        }
    }
}
