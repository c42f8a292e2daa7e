/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "ovs-tvd/flowtab.h"

#include <stdlib.h>
#include <string.h>
#include "byte-order.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/hmap.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vlog.h"
#include "ovs-tvd/flow-entry.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(flowtab);

/* Findings of drift that are told in words. */
#define MAX_DRIFT_TEXTS 10

/* One (table, priority, match). */
struct slot {
    struct hmap_node node;      /* In flowtab's 'slots'. */
    struct ovs_list wishes;     /* "struct wish", by owner; the first wins. */
    struct flow_entry *installed; /* NULL: nothing. */
    struct ovs_list dirty_node; /* In flowtab's 'dirty', if 'dirty'. */
    bool dirty;
    unsigned int generation;    /* Of the dump that last saw 'installed'. */
};

/* That an owner wants a flow in a slot. */
struct wish {
    struct ovs_list slot_node;  /* In slot's 'wishes'. */
    struct ovs_list owner_node; /* In owner's 'wishes'. */
    uint64_t owner;
    struct slot *slot;
    struct flow_entry *flow;
};

struct owner {
    struct hmap_node node;      /* In flowtab's 'owners'. */
    uint64_t id;
    struct ovs_list wishes;
};

struct flowtab {
    struct hmap slots;
    struct hmap owners;
    struct ovs_list dirty;
    size_t n_dirty, n_wanted, n_installed;
    unsigned int generation;    /* Of the running or last dump. */
    bool settled;               /* A plan was empty or committed once. */
    size_t n_drift;
    struct ds drift;
};

/* Slots. */

static struct slot *
slot_find(const struct flowtab *ft, uint32_t hash, uint8_t table,
          uint16_t priority, const struct minimatch *match)
{
    struct slot *slot;

    HMAP_FOR_EACH_WITH_HASH (slot, node, hash, &ft->slots) {
        const struct flow_entry *flow = slot->installed;

        if (!flow) {
            struct wish *wish = CONTAINER_OF(ovs_list_front(&slot->wishes),
                                             struct wish, slot_node);
            flow = wish->flow;
        }
        if (flow->table == table && flow->priority == priority
            && minimatch_equal(&flow->match, match)) {
            return slot;
        }
    }
    return NULL;
}

/* The caller must put something into a new slot before the next lookup. */
static struct slot *
slot_find_or_create(struct flowtab *ft, const struct flow_entry *flow)
{
    struct slot *slot = slot_find(ft, flow->hash, flow->table, flow->priority,
                                  &flow->match);

    if (!slot) {
        slot = xzalloc(sizeof *slot);
        ovs_list_init(&slot->wishes);
        hmap_insert(&ft->slots, &slot->node, flow->hash);
    }
    return slot;
}

/* What should be in 'slot', NULL: nothing. */
static struct flow_entry *
slot_wanted(const struct slot *slot)
{
    if (ovs_list_is_empty(&slot->wishes)) {
        return NULL;
    }
    return CONTAINER_OF(ovs_list_front(&slot->wishes), struct wish,
                        slot_node)->flow;
}

static bool
slot_differs(const struct slot *slot)
{
    const struct flow_entry *wanted = slot_wanted(slot);

    return (wanted && slot->installed
            ? !flow_entry_equal(wanted, slot->installed)
            : wanted != slot->installed);
}

/* Brings the dirty list up to date after a change of 'slot', and frees the
 * slot if nothing is left in it. */
static void
slot_settle(struct flowtab *ft, struct slot *slot)
{
    bool dirty = slot_differs(slot);
    struct flow_entry *wanted = slot_wanted(slot);

    if (dirty != slot->dirty) {
        slot->dirty = dirty;
        if (dirty) {
            ovs_list_push_back(&ft->dirty, &slot->dirty_node);
            ft->n_dirty++;
        } else {
            ovs_list_remove(&slot->dirty_node);
            ft->n_dirty--;
        }
    }
    if (!dirty && wanted && wanted != slot->installed) {
        /* Equal: keep one copy. */
        flow_entry_unref(slot->installed);
        slot->installed = flow_entry_ref(wanted);
    }
    if (!wanted && !slot->installed) {
        hmap_remove(&ft->slots, &slot->node);
        free(slot);
    }
}

/* Takes over the reference to 'flow', which may be NULL. */
static void
slot_set_installed(struct flowtab *ft, struct slot *slot,
                   struct flow_entry *flow)
{
    ft->n_installed += !!flow;
    ft->n_installed -= !!slot->installed;
    flow_entry_unref(slot->installed);
    slot->installed = flow;
    slot->generation = ft->generation;
}

struct flowtab *
flowtab_create(void)
{
    struct flowtab *ft = xzalloc(sizeof *ft);

    hmap_init(&ft->slots);
    hmap_init(&ft->owners);
    ovs_list_init(&ft->dirty);
    ds_init(&ft->drift);
    return ft;
}

static void
wish_destroy(struct flowtab *ft, struct wish *wish)
{
    ft->n_wanted -= &wish->slot_node == ovs_list_front(&wish->slot->wishes)
                    && ovs_list_is_singleton(&wish->slot->wishes);
    ovs_list_remove(&wish->slot_node);
    ovs_list_remove(&wish->owner_node);
    flow_entry_unref(wish->flow);
    free(wish);
}

void
flowtab_destroy(struct flowtab *ft)
{
    struct owner *owner;
    struct slot *slot;

    if (!ft) {
        return;
    }
    HMAP_FOR_EACH_POP (owner, node, &ft->owners) {
        struct wish *wish;

        LIST_FOR_EACH_SAFE (wish, owner_node, &owner->wishes) {
            wish_destroy(ft, wish);
        }
        free(owner);
    }
    hmap_destroy(&ft->owners);
    HMAP_FOR_EACH_POP (slot, node, &ft->slots) {
        flow_entry_unref(slot->installed);
        free(slot);
    }
    hmap_destroy(&ft->slots);
    ds_destroy(&ft->drift);
    free(ft);
}

/* Wanted side. */

static struct owner *
owner_find(const struct flowtab *ft, uint64_t id)
{
    struct owner *owner;

    HMAP_FOR_EACH_WITH_HASH (owner, node, hash_uint64(id), &ft->owners) {
        if (owner->id == id) {
            return owner;
        }
    }
    return NULL;
}

static void
wish_insert(struct flowtab *ft, struct owner *owner, struct flow_entry *flow)
{
    struct slot *slot = slot_find_or_create(ft, flow);
    struct wish *wish = xmalloc(sizeof *wish);
    struct ovs_list *before = &slot->wishes;
    struct wish *next;

    wish->owner = owner->id;
    wish->slot = slot;
    wish->flow = flow;
    ovs_list_push_back(&owner->wishes, &wish->owner_node);
    ft->n_wanted += ovs_list_is_empty(&slot->wishes);
    LIST_FOR_EACH (next, slot_node, &slot->wishes) {
        if (next->owner != owner->id && !flow_entry_equal(next->flow, flow)) {
            VLOG_DBG("owners %#"PRIx64" and %#"PRIx64" want different flows "
                     "in table %d, priority %d", next->owner, owner->id,
                     flow->table, flow->priority);
        }
        if (next->owner > owner->id) {
            before = &next->slot_node;
            break;
        }
    }
    ovs_list_insert(before, &wish->slot_node);
}

/* True if 'owner' wants just these flows, in this order.  Most owners whose
 * flows are made anew do, and none of the slots has to be looked up then. */
static bool
wants_already(const struct owner *owner, const struct flow_list *flows)
{
    const struct ovs_list *node = owner->wishes.next;
    const struct flow_entry *flow;

    LIST_FOR_EACH (flow, list_node, &flows->flows) {
        const struct flow_entry *wanted;

        if (node == &owner->wishes) {
            return false;
        }
        wanted = CONTAINER_OF(node, struct wish, owner_node)->flow;
        if (wanted->hash != flow->hash || wanted->table != flow->table
            || wanted->priority != flow->priority
            || !minimatch_equal(&wanted->match, &flow->match)
            || !flow_entry_equal(wanted, flow)) {
            return false;
        }
        node = node->next;
    }
    return node == &owner->wishes;
}

void
flowtab_replace(struct flowtab *ft, uint64_t id, struct flow_list *flows)
{
    struct owner *owner = owner_find(ft, id);
    struct ovs_list old = OVS_LIST_INITIALIZER(&old);
    struct flow_entry *flow;
    struct wish *wish;

    if (!owner) {
        if (!flows->n) {
            return;
        }
        owner = xmalloc(sizeof *owner);
        owner->id = id;
        ovs_list_init(&owner->wishes);
        hmap_insert(&ft->owners, &owner->node, hash_uint64(id));
    } else if (wants_already(owner, flows)) {
        flow_list_clear(flows);
        return;
    }

    ovs_list_push_back_all(&old, &owner->wishes);
    LIST_FOR_EACH_POP (flow, list_node, &flows->flows) {
        wish_insert(ft, owner, flow);
    }
    flows->n = 0;

    /* The old wishes have kept their slots alive so far, so that a flow that
     * stays is found unchanged. */
    LIST_FOR_EACH_SAFE (wish, owner_node, &old) {
        struct slot *slot = wish->slot;

        wish_destroy(ft, wish);
        slot_settle(ft, slot);
    }
    LIST_FOR_EACH (wish, owner_node, &owner->wishes) {
        slot_settle(ft, wish->slot);
    }
    if (ovs_list_is_empty(&owner->wishes)) {
        hmap_remove(&ft->owners, &owner->node);
        free(owner);
    }
}

/* Installed side. */

void
flowtab_reset(struct flowtab *ft)
{
    struct slot *slot;

    HMAP_FOR_EACH_SAFE (slot, node, &ft->slots) {
        if (slot->installed) {
            slot_set_installed(ft, slot, NULL);
            slot_settle(ft, slot);
        }
    }
    ft->settled = false;
}

/* 'was' is the state of 'slot' before something was observed. */
static void
note_drift(struct flowtab *ft, const struct slot *slot, bool was_dirty)
{
    const struct flow_entry *wanted = slot_wanted(slot);

    if (was_dirty || !ft->settled || !slot_differs(slot)) {
        return;
    }
    if (ft->n_drift++ < MAX_DRIFT_TEXTS) {
        ds_put_cstr(&ft->drift, (!wanted ? "added: "
                                 : !slot->installed ? "deleted: "
                                 : "changed: "));
        flow_entry_format(slot->installed ? slot->installed : wanted,
                          &ft->drift);
        ds_put_char(&ft->drift, '\n');
    }
}

struct observation {
    uint8_t table;
    uint16_t priority;
    uint64_t cookie;
    bool odd;
    const struct match *match;
    const struct ofpact *ofpacts;
    size_t ofpacts_len;
};

/* The switch holds the flow 'o'. */
static void
observe(struct flowtab *ft, const struct observation *o)
{
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct minimatch match;
    struct flow_entry *flow;
    struct slot *slot;
    bool was_dirty;

    if (o->ofpacts_len) {
        ofpbuf_put(&ofpacts, o->ofpacts, o->ofpacts_len);
        flow_entry_canonicalize_actions(ofpacts.data, ofpacts.size);
    }
    flow_entry_canonical_match(&match, o->match);
    flow = flow_entry_create(o->table, o->priority, o->cookie, &match,
                             ofpacts.data, ofpacts.size);
    flow->odd = o->odd;
    ofpbuf_uninit(&ofpacts);

    slot = slot_find_or_create(ft, flow);
    was_dirty = slot->dirty;
    slot_set_installed(ft, slot, flow);
    note_drift(ft, slot, was_dirty);
    slot_settle(ft, slot);
}

void
flowtab_dump_begin(struct flowtab *ft)
{
    ft->generation++;
}

void
flowtab_dump_add(struct flowtab *ft, const struct ofputil_flow_stats *fs)
{
    struct observation o = {
        .table = fs->table_id,
        .priority = fs->priority,
        .cookie = ntohll(fs->cookie),
        .odd = (fs->idle_timeout || fs->hard_timeout || fs->importance
                || fs->flags & OFPUTIL_FF_STATE),
        .match = &fs->match,
        .ofpacts = fs->ofpacts,
        .ofpacts_len = fs->ofpacts_len,
    };

    observe(ft, &o);
}

/* The switch does not hold what 'slot' says it does. */
static void
slot_vanished(struct flowtab *ft, struct slot *slot)
{
    bool was_dirty = slot->dirty;

    slot_set_installed(ft, slot, NULL);
    note_drift(ft, slot, was_dirty);
    slot_settle(ft, slot);
}

void
flowtab_dump_end(struct flowtab *ft)
{
    struct slot *slot;

    HMAP_FOR_EACH_SAFE (slot, node, &ft->slots) {
        if (slot->installed && slot->generation != ft->generation) {
            slot_vanished(ft, slot);
        }
    }
}

void
flowtab_dump_cancel(struct flowtab *ft)
{
    ft->generation++;
}

void
flowtab_update(struct flowtab *ft, const struct ofputil_flow_update *fu)
{
    struct observation o = {
        .table = fu->table_id,
        .priority = fu->priority,
        .cookie = ntohll(fu->cookie),
        .odd = fu->idle_timeout || fu->hard_timeout,
        .match = &fu->match,
        .ofpacts = fu->ofpacts,
        .ofpacts_len = fu->ofpacts_len,
    };

    if (fu->event == OFPFME_INITIAL || fu->event == OFPFME_ADDED
        || fu->event == OFPFME_MODIFIED) {
        observe(ft, &o);
    } else if (fu->event == OFPFME_REMOVED) {
        struct minimatch match;
        struct slot *slot;
        uint32_t hash;

        flow_entry_canonical_match(&match, &fu->match);
        hash = flow_entry_place_hash(fu->table_id, fu->priority, &match);
        slot = slot_find(ft, hash, fu->table_id, fu->priority, &match);
        minimatch_destroy(&match);
        if (slot && slot->installed) {
            slot_vanished(ft, slot);
        }
    }
}

size_t
flowtab_take_drift(struct flowtab *ft, struct ds *text)
{
    size_t n = ft->n_drift;

    if (text) {
        ds_put_cstr(text, ds_cstr(&ft->drift));
        if (n > MAX_DRIFT_TEXTS) {
            ds_put_format(text, "and %"PRIuSIZE" more\n",
                          n - MAX_DRIFT_TEXTS);
        }
    }
    ds_clear(&ft->drift);
    ft->n_drift = 0;
    return n;
}

/* The difference. */

const char *
flow_change_type_to_string(enum flow_change_type type)
{
    switch (type) {
    case FLOW_ADD: return "add";
    case FLOW_MODIFY: return "modify";
    case FLOW_DELETE: return "delete";
    }
    OVS_NOT_REACHED();
}

bool
flowtab_is_clean(const struct flowtab *ft)
{
    return !ft->n_dirty;
}

size_t
flowtab_n_dirty(const struct flowtab *ft)
{
    return ft->n_dirty;
}

size_t
flowtab_n_wanted(const struct flowtab *ft)
{
    return ft->n_wanted;
}

size_t
flowtab_n_installed(const struct flowtab *ft)
{
    return ft->n_installed;
}

size_t
flowtab_plan(struct flowtab *ft, struct ovs_list *changes)
{
    struct slot *slot;

    ovs_list_init(changes);
    LIST_FOR_EACH (slot, dirty_node, &ft->dirty) {
        struct flow_entry *wanted = slot_wanted(slot);
        struct flow_change *change = xmalloc(sizeof *change);

        change->type = (!wanted ? FLOW_DELETE
                        : slot->installed ? FLOW_MODIFY : FLOW_ADD);
        change->flow = flow_entry_ref(wanted ? wanted : slot->installed);
        ovs_list_push_back(changes, &change->list_node);
    }
    ft->settled |= !ft->n_dirty;
    return ft->n_dirty;
}

static void
flow_change_destroy(struct flow_change *change)
{
    flow_entry_unref(change->flow);
    free(change);
}

void
flowtab_commit(struct flowtab *ft, struct ovs_list *changes)
{
    struct flow_change *change;

    LIST_FOR_EACH_POP (change, list_node, changes) {
        struct slot *slot;

        if (change->type == FLOW_DELETE) {
            struct flow_entry *f = change->flow;

            slot = slot_find(ft, f->hash, f->table, f->priority, &f->match);
            if (slot) {
                slot_set_installed(ft, slot, NULL);
            }
        } else {
            slot = slot_find_or_create(ft, change->flow);
            slot_set_installed(ft, slot, flow_entry_ref(change->flow));
        }
        if (slot) {
            slot_settle(ft, slot);
        }
        flow_change_destroy(change);
    }
    ft->settled = true;
}

void
flow_changes_destroy(struct ovs_list *changes)
{
    struct flow_change *change;

    LIST_FOR_EACH_POP (change, list_node, changes) {
        flow_change_destroy(change);
    }
}

void
flow_change_to_flow_mod(const struct flow_change *change,
                        struct ofputil_flow_mod *fm)
{
    const struct flow_entry *flow = change->flow;
    bool delete = change->type == FLOW_DELETE;

    *fm = (struct ofputil_flow_mod) {
        .priority = flow->priority,
        .new_cookie = htonll(flow->cookie),
        .table_id = flow->table,
        .command = delete ? OFPFC_DELETE_STRICT : OFPFC_ADD,
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .ofpacts = delete ? NULL : flow->ofpacts,
        .ofpacts_len = delete ? 0 : flow->ofpacts_len,
    };
    minimatch_clone(&fm->match, &flow->match);
}

void
flow_change_format(const struct flow_change *change, struct ds *s)
{
    ds_put_format(s, "%s ", flow_change_type_to_string(change->type));
    flow_entry_format(change->flow, s);
}

void
flowtab_for_each_wanted(const struct flowtab *ft, flowtab_wanted_cb *cb,
                        void *aux)
{
    const struct slot *slot;

    HMAP_FOR_EACH (slot, node, &ft->slots) {
        const struct flow_entry *flow = slot_wanted(slot);

        if (flow) {
            cb(flow->table, flow->priority, flow->cookie, &flow->match,
               flow->ofpacts, flow->ofpacts_len, aux);
        }
    }
}

struct flow_text {
    uint8_t table;
    uint16_t priority;
    char *text;
};

static int
compare_flow_texts(const void *a_, const void *b_)
{
    const struct flow_text *a = a_;
    const struct flow_text *b = b_;

    return (a->table != b->table ? (a->table < b->table ? -1 : 1)
            : a->priority != b->priority
            ? (a->priority > b->priority ? -1 : 1)
            : strcmp(a->text, b->text));
}

void
flowtab_format_wanted(const struct flowtab *ft, struct ds *s)
{
    struct flow_text *texts = xmalloc((ft->n_wanted + 1) * sizeof *texts);
    const struct slot *slot;
    size_t n = 0;

    HMAP_FOR_EACH (slot, node, &ft->slots) {
        const struct flow_entry *flow = slot_wanted(slot);

        if (flow) {
            struct ds text = DS_EMPTY_INITIALIZER;

            flow_entry_format(flow, &text);
            texts[n++] = (struct flow_text) {
                flow->table, flow->priority, ds_steal_cstr(&text),
            };
        }
    }
    qsort(texts, n, sizeof *texts, compare_flow_texts);
    for (size_t i = 0; i < n; i++) {
        ds_put_format(s, "%s\n", texts[i].text);
        free(texts[i].text);
    }
    free(texts);
}
