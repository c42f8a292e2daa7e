/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "ovs-tvd/flow-maker.h"

#include <arpa/inet.h>
#include "openvswitch/ofp-actions.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "util.h"

static const struct maker_field_def {
    enum mf_field_id id;
    unsigned int ofs, n_bits;
} field_defs[] = {
#define FIELD(ENUM, MF, OFS, N_BITS, WHAT) \
    [F_##ENUM] = { MFF_##MF, OFS, N_BITS },
    MAKER_FIELDS
#undef FIELD
};

static struct mf_subfield
subfield(enum maker_field f)
{
    return (struct mf_subfield) {
        .field = mf_from_id(field_defs[f].id),
        .ofs = field_defs[f].ofs,
        .n_bits = field_defs[f].n_bits,
    };
}

void
maker_init(struct maker *m, struct flow_list *list)
{
    m->list = list;
    match_init_catchall(&m->match);
    ofpbuf_init(&m->actions, 512);
}

void
maker_uninit(struct maker *m)
{
    ovs_assert(!m->actions.size);
    ofpbuf_uninit(&m->actions);
}

void
make_flow(struct maker *m, enum pipeline_table table, uint16_t priority,
          uint64_t cookie)
{
    flow_list_add(m->list, table, priority, cookie, &m->match, &m->actions);
    match_init_catchall(&m->match);
}

void
make_drop(struct maker *m, enum pipeline_table table, uint16_t priority,
          enum pipeline_drop reason)
{
    ovs_assert(!m->actions.size);
    make_flow(m, table, priority,
              pipeline_cookie(PIPELINE_COOKIE_DROP, reason));
}

uint32_t
maker_id(uint32_t role, uint32_t tvd)
{
    return role << 16 | tvd;
}

void
on_field(struct maker *m, enum maker_field f, uint64_t value)
{
    struct mf_subfield sf = subfield(f);
    union mf_subvalue x;

    memset(&x, 0, sizeof x);
    bitwise_put(value, &x, sizeof x, 0, MIN(sf.n_bits, 64));
    mf_write_subfield(&sf, &x, &m->match);
}

void
on_id(struct maker *m, enum maker_field f, uint32_t role, uint32_t tvd)
{
    on_field(m, f, maker_id(role, tvd));
}

void
on_proto(struct maker *m, uint16_t dl_type, uint8_t nw_proto)
{
    match_set_dl_type(&m->match, htons(dl_type));
    match_set_nw_proto(&m->match, nw_proto);
}

void
on_icmp4(struct maker *m, uint8_t type)
{
    on_proto(m, ETH_TYPE_IP, IPPROTO_ICMP);
    match_set_icmp_type(&m->match, type);
}

void
on_icmp6(struct maker *m, uint8_t type)
{
    on_proto(m, ETH_TYPE_IPV6, IPPROTO_ICMPV6);
    match_set_icmp_type(&m->match, type);
}

void
on_ct_state(struct maker *m, uint32_t set, uint32_t clear)
{
    match_set_ct_state_masked(&m->match, set, set | clear);
}

static void
parse_prefix(const char *prefix, unsigned int plen, struct in6_addr *addr,
             struct in6_addr *mask)
{
    ovs_assert(inet_pton(AF_INET6, prefix, addr) == 1);
    *mask = ipv6_create_mask(plen);
}

void
on_ipv6_src(struct maker *m, const char *prefix, unsigned int plen)
{
    struct in6_addr addr, mask;

    parse_prefix(prefix, plen, &addr, &mask);
    match_set_dl_type(&m->match, htons(ETH_TYPE_IPV6));
    match_set_ipv6_src_masked(&m->match, &addr, &mask);
}

void
on_ipv6_dst(struct maker *m, const char *prefix, unsigned int plen)
{
    struct in6_addr addr, mask;

    parse_prefix(prefix, plen, &addr, &mask);
    match_set_dl_type(&m->match, htons(ETH_TYPE_IPV6));
    match_set_ipv6_dst_masked(&m->match, &addr, &mask);
}

void
do_set(struct maker *m, enum maker_field f, uint64_t value)
{
    const struct maker_field_def *def = &field_defs[f];
    const struct mf_field *mf = mf_from_id(def->id);
    union mf_value bytes, mask;

    memset(&bytes, 0, sizeof bytes);
    memset(&mask, 0, sizeof mask);
    bitwise_put(value, &bytes, mf->n_bytes, def->ofs, MIN(def->n_bits, 64));
    bitwise_one(&mask, mf->n_bytes, def->ofs, def->n_bits);
    ofpact_put_set_field(&m->actions, mf, &bytes, &mask);
}

void
do_set_mac(struct maker *m, enum maker_field f, struct eth_addr mac)
{
    do_set(m, f, eth_addr_to_uint64(mac));
}

void
do_move(struct maker *m, enum maker_field src, enum maker_field dst)
{
    struct ofpact_reg_move *move = ofpact_put_REG_MOVE(&m->actions);

    move->src = subfield(src);
    move->dst = subfield(dst);
    ovs_assert(move->src.n_bits == move->dst.n_bits);
}

void
do_resubmit(struct maker *m, enum pipeline_table table)
{
    struct ofpact_resubmit *resubmit = ofpact_put_RESUBMIT(&m->actions);

    resubmit->in_port = OFPP_IN_PORT;
    resubmit->table_id = table;
}

void
do_output(struct maker *m, ofp_port_t port)
{
    struct ofpact_output *output = ofpact_put_OUTPUT(&m->actions);

    output->port = port;
}

void
do_show(struct maker *m)
{
    struct ofpact_output *output = ofpact_put_OUTPUT(&m->actions);

    output->port = OFPP_CONTROLLER;
    output->max_len = PIPELINE_SHOWN_LEN;
}

void
do_dec_ttl(struct maker *m)
{
    uint16_t id = 0;
    struct ofpact_cnt_ids *ids;

    ids = ofpact_put_DEC_TTL(&m->actions);
    ids->n_controllers = 1;
    ofpbuf_put(&m->actions, &id, sizeof id);
    ids = m->actions.header;
    ofpact_finish_DEC_TTL(&m->actions, &ids);
}

void
do_push_vlan(struct maker *m, uint16_t vlan)
{
    struct ofpact_push_vlan *push = ofpact_put_PUSH_VLAN(&m->actions);

    const union mf_value vid = { .be16 = htons(VLAN_CFI | vlan) };

    push->ethertype = htons(ETH_TYPE_VLAN_8021Q);
    ofpact_put_set_field(&m->actions, mf_from_id(MFF_VLAN_VID), &vid, NULL);
}

void
do_pop_vlan(struct maker *m)
{
    ofpact_put_STRIP_VLAN(&m->actions);
}

static struct ofpact_conntrack *
put_ct(struct maker *m)
{
    struct ofpact_conntrack *ct = ofpact_put_CT(&m->actions);

    ct->zone_src = subfield(F_ZONE);
    ct->recirc_table = NX_CT_RECIRC_NONE;
    return ct;
}

void
do_ct(struct maker *m, enum pipeline_table table)
{
    struct ofpact_conntrack *ct = put_ct(m);

    ct->recirc_table = table;
    ofpact_finish_CT(&m->actions, &ct);
}

void
do_ct_commit(struct maker *m)
{
    struct ofpact_conntrack *ct = put_ct(m);

    ct->flags = NX_CT_F_COMMIT | NX_CT_F_FORCE;
    ofpact_finish_CT(&m->actions, &ct);
}

void
do_ct_afresh(struct maker *m, enum pipeline_table table)
{
    struct ofpact_conntrack *ct = ofpact_put_CT(&m->actions);

    ct->zone_imm = PIPELINE_ZONE_NONE;
    ct->recirc_table = table;
    ofpact_finish_CT(&m->actions, &ct);
}

static void
do_forget_lookup(struct maker *m)
{
    do_set(m, F_ADDR_NIC, 0);
    do_set(m, F_ADDR_ID, 0);
    do_set(m, F_ADDR_KIND, ADDR_KIND_UNKNOWN);
    do_set(m, F_SAME, 0);
}

void
do_lookup(struct maker *m, enum maker_field src)
{
    bool ipv4 = field_defs[src].n_bits == 32;

    do_forget_lookup(m);
    if (ipv4) {
        do_set(m, F_ADDR, UINT64_C(0xffff) << 32);
    }
    do_move(m, src, ipv4 ? F_ADDR4 : F_ADDR);
    do_resubmit(m, TABLE_ADDRESS);
    do_resubmit(m, TABLE_SAME_NIC);
}

void
do_lookup_origin(struct maker *m)
{
    do_forget_lookup(m);
    do_resubmit(m, TABLE_ORIGIN);
    do_resubmit(m, TABLE_SAME_NIC);
}

uint32_t
maker_port_block(uint32_t port, uint32_t max)
{
    uint32_t size = port ? port & -port : 0x10000;

    while (port + size - 1 > max) {
        size /= 2;
    }
    return size;
}
