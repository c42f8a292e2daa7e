/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "ovs-tvd/flow-entry.h"

#include <stdlib.h>
#include <string.h>
#include "byte-order.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-match.h"
#include "openvswitch/ofpbuf.h"
#include "ovs-tvd/flowtab.h"
#include "packets.h"
#include "util.h"

/* Actions in canonical form. */

/* Clears the bits of a set_field that are not set, and the padding, which
 * libopenvswitch leaves uninitialized. */
static void
canonicalize_set_field(struct ofpact_set_field *sf)
{
    uint8_t *value = (uint8_t *) sf->value;
    uint8_t *mask = (uint8_t *) ofpact_set_field_mask(sf);
    size_t n = sf->field->n_bytes;
    size_t padding = ROUND_UP(n, OFPACT_ALIGNTO) - n;

    sf->flow_has_vlan = false;
    for (size_t i = 0; i < n; i++) {
        value[i] &= mask[i];
    }
    memset(value + n, 0, padding);
    memset(mask + n, 0, padding);
}

/* Takes from an action what does not change its meaning. */
static void
canonicalize_action(struct ofpact *a)
{
    a->raw = 0;
    if (a->type == OFPACT_SET_FIELD) {
        canonicalize_set_field(ofpact_get_SET_FIELD(a));
    } else if (a->type == OFPACT_CT) {
        struct ofpact_conntrack *ct = ofpact_get_CT(a);
        struct ofpact *nested;

        OFPACT_FOR_EACH (nested, ct->actions, ofpact_ct_get_action_len(ct)) {
            canonicalize_action(nested);
        }
    }
}

void
flow_entry_canonicalize_actions(struct ofpact *ofpacts, size_t len)
{
    struct ofpact *a;

    OFPACT_FOR_EACH (a, ofpacts, len) {
        canonicalize_action(a);
    }
}

/* Matches in canonical form. */

/* Every packet on our bridges is an Ethernet frame; whether a match says so
 * depends on the way it was made. */
void
flow_entry_canonical_match(struct minimatch *minimatch,
                           const struct match *match)
{
    struct match m = *match;

    ofputil_normalize_match_quiet(&m);
    if (m.wc.masks.packet_type && m.flow.packet_type == htonl(PT_ETH)) {
        m.wc.masks.packet_type = 0;
    }
    minimatch_init(minimatch, &m);
}

/* Flow entries. */

uint32_t
flow_entry_place_hash(uint8_t table, uint16_t priority,
                      const struct minimatch *match)
{
    return minimatch_hash(match, hash_int((table << 16) | priority, 0));
}

/* Takes over 'match'; copies the actions, which must be canonical. */
struct flow_entry *
flow_entry_create(uint8_t table, uint16_t priority, uint64_t cookie,
                  struct minimatch *match, const struct ofpact *ofpacts,
                  size_t ofpacts_len)
{
    struct flow_entry *flow = xzalloc(sizeof *flow);

    flow->n_refs = 1;
    flow->table = table;
    flow->priority = priority;
    flow->cookie = cookie;
    minimatch_move(&flow->match, match);
    flow->hash = flow_entry_place_hash(table, priority, &flow->match);
    if (ofpacts_len) {
        flow->ofpacts = xmemdup(ofpacts, ofpacts_len);
        flow->ofpacts_len = ofpacts_len;
    }
    return flow;
}

struct flow_entry *
flow_entry_ref(struct flow_entry *flow)
{
    flow->n_refs++;
    return flow;
}

void
flow_entry_unref(struct flow_entry *flow)
{
    if (flow && !--flow->n_refs) {
        minimatch_destroy(&flow->match);
        free(flow->ofpacts);
        free(flow);
    }
}

/* Same content; the place is known to be the same. */
bool
flow_entry_equal(const struct flow_entry *a, const struct flow_entry *b)
{
    return a == b
           || (a->cookie == b->cookie && a->odd == b->odd
               && ofpacts_equal(a->ofpacts, a->ofpacts_len,
                                b->ofpacts, b->ofpacts_len));
}

void
flow_entry_format(const struct flow_entry *flow, struct ds *s)
{
    struct ofpact_format_params fp = { .s = s };
    struct match match;

    ds_put_format(s, "table=%d,cookie=0x%"PRIx64",", flow->table,
                  flow->cookie);
    minimatch_expand(&flow->match, &match);
    /* match_format() leaves out the default priority. */
    if (flow->priority == OFP_DEFAULT_PRIORITY) {
        ds_put_format(s, "priority=%d,", flow->priority);
    }
    match_format(&match, NULL, s, flow->priority);
    ds_chomp(s, ',');
    ds_put_cstr(s, ",actions=");
    ofpacts_format(flow->ofpacts, flow->ofpacts_len, &fp);
}

void
flow_list_init(struct flow_list *list)
{
    ovs_list_init(&list->flows);
    list->n = 0;
}

void
flow_list_clear(struct flow_list *list)
{
    struct flow_entry *flow;

    LIST_FOR_EACH_POP (flow, list_node, &list->flows) {
        flow_entry_unref(flow);
    }
    list->n = 0;
}

void
flow_list_add(struct flow_list *list, uint8_t table, uint16_t priority,
              uint64_t cookie, const struct match *match,
              struct ofpbuf *ofpacts)
{
    struct minimatch minimatch;
    struct flow_entry *flow;

    flow_entry_canonical_match(&minimatch, match);
    flow_entry_canonicalize_actions(ofpacts->data, ofpacts->size);
    flow = flow_entry_create(table, priority, cookie, &minimatch,
                             ofpacts->data, ofpacts->size);
    ofpbuf_clear(ofpacts);
    ovs_list_push_back(&list->flows, &flow->list_node);
    list->n++;
}
