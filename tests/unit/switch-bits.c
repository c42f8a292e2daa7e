/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/switch-bits.h"

#include <string.h>
#include "util.h"

static const struct mib_value *
get(const struct model_switch *ms, const struct mib_oid *column, uint32_t i)
{
    struct mib_oid oid = mib_oid_child(column, i);

    return model_switch_get(ms, &oid);
}

static unsigned int
get_number(const struct model_switch *ms, const struct mib_oid *column,
           uint32_t i)
{
    const struct mib_value *v = get(ms, column, i);

    return v ? v->number : 0;
}

static unsigned int
get_list(const struct model_switch *ms, const struct mib_oid *column,
         uint32_t vid)
{
    const struct mib_value *v = get(ms, column, vid);
    unsigned int bits = 0;

    for (unsigned int p = 0; v && v->n_octets && p < 8; p++) {
        bits |= (v->octets[0] & 0x80 >> p ? 1u : 0) << p;
    }
    return bits;
}

/* Where frames go that come in at 'port' and are of VLAN 'vid'. */
static unsigned int
reach(const struct switch_bits_device *d, const struct switch_bits *s,
      unsigned int port, unsigned int vid)
{
    for (unsigned int i = 0; i < d->n_vlans; i++) {
        if (d->vids[i] == vid && s->active & 1u << i
            && (s->filter[port] != MIB_TRUE
                || s->egress[i] & 1u << port)) {
            return s->egress[i] & ~(1u << port);
        }
    }
    return 0;
}

void
switch_bits_take(const struct switch_bits_device *d,
                 const struct model_switch *ms, struct switch_bits *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned int i = 0; i < d->n_vlans; i++) {
        unsigned int vid = d->vids[i];
        unsigned int status = get_number(ms, &mib_vlan_static_row_status, vid);

        s->exists |= (status ? 1u : 0) << i;
        s->active |= (status == MIB_ROW_ACTIVE ? 1u : 0) << i;
        s->egress[i] = get_list(ms, &mib_vlan_static_egress, vid);
        s->untagged[i] = get_list(ms, &mib_vlan_static_untagged, vid);
        s->forbidden[i] = get_list(ms, &mib_vlan_static_forbidden, vid);
    }
    for (unsigned int p = 0; p < d->n_ports; p++) {
        s->pvid[p] = get_number(ms, &mib_pvid, p + 1);
        s->frames[p] = get_number(ms, &mib_acceptable_frames, p + 1);
        s->filter[p] = get_number(ms, &mib_ingress_filtering, p + 1);
        s->gvrp[p] = get_number(ms, &mib_port_gvrp, p + 1);
    }
    for (unsigned int p = 0; p < d->n_ports; p++) {
        if (s->frames[p] != MIB_FRAMES_TAGGED) {
            s->passes[p][0] = reach(d, s, p, s->pvid[p]);
        }
        for (unsigned int i = 0; i < d->n_vlans; i++) {
            if (s->frames[p] != MIB_FRAMES_UNTAGGED) {
                s->passes[p][i + 1] = reach(d, s, p, d->vids[i]);
            }
        }
    }
}

void
switch_bits_number(struct model_switch *ms, const struct mib_oid *column,
                   uint32_t i, enum mib_type type, uint64_t number)
{
    struct mib_oid oid = mib_oid_child(column, i);
    struct mib_value value = { .type = type, .number = number };

    model_switch_put(ms, &oid, &value);
}

void
switch_bits_octets(struct model_switch *ms, const struct mib_oid *column,
                   uint32_t i, const char *octets, size_t n)
{
    struct mib_oid oid = mib_oid_child(column, i);
    struct mib_value value = {
        .type = MIB_OCTETS,
        .octets = (uint8_t *) CONST_CAST(char *, octets),
        .n_octets = n,
    };

    model_switch_put(ms, &oid, &value);
}

void
switch_bits_list(struct model_switch *ms, const struct mib_oid *column,
                 uint32_t vid, unsigned int bits)
{
    char octet = 0;

    for (unsigned int p = 0; p < 8; p++) {
        octet |= bits & 1u << p ? 0x80 >> p : 0;
    }
    switch_bits_octets(ms, column, vid, &octet, 1);
}
