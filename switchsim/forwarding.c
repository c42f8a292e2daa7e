/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/forwarding.h"

#include <stdlib.h>
#include <string.h>
#include "bitmap.h"
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "util.h"

void
forwarding_destroy(struct forwarding *f)
{
    for (size_t i = 0; i < f->n; i++) {
        bitmap_free(f->ports[i].members);
        bitmap_free(f->ports[i].strays);
    }
    free(f->ports);
    *f = (struct forwarding) { .n = 0 };
}

void
forwarding_clone(struct forwarding *dst, const struct forwarding *src)
{
    dst->n = src->n;
    dst->ports = xcalloc(MAX(src->n, 1), sizeof *dst->ports);
    for (size_t i = 0; i < src->n; i++) {
        dst->ports[i] = src->ports[i];
        dst->ports[i].members = bitmap_clone(src->ports[i].members,
                                             FORWARDING_N_VLANS);
        dst->ports[i].strays = bitmap_clone(src->ports[i].strays,
                                            FORWARDING_N_VLANS);
    }
}

struct forwarding_port *
forwarding_find(const struct forwarding *f, unsigned int number)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->ports[i].number == number) {
            return &f->ports[i];
        }
    }
    return NULL;
}

/* A row of which the device does not tell the status is active. */
static bool
is_active(const struct switch_vlan *v)
{
    return v && v->is_static
           && (!v->row_status || v->row_status == MIB_ROW_ACTIVE);
}

/* Sets 'members' and, if the port sends untagged frames, 'native'. */
static char *
find_members(const struct switch_vlan *const *vlans, size_t n,
             enum portlist_order order, struct forwarding_port *fp)
{
    for (size_t i = 0; i < n; i++) {
        const struct switch_vlan *v = vlans[i];

        if (!is_active(v) || !v->vid
            || !portlist_contains(&v->egress, order, fp->number)) {
            continue;
        }
        bitmap_set1(fp->members, v->vid);
        if (!portlist_contains(&v->untagged, order, fp->number)) {
            continue;
        }
        if (fp->native) {
            return xasprintf("port %u is untagged in two VLANs, %u and %u",
                             fp->number, fp->native, v->vid);
        }
        fp->native = v->vid;
    }
    return NULL;
}

/* Says where untagged frames go that come in; 'members' is known. */
static char *
place_untagged(const struct switch_tables *t, const struct switch_port *p,
               struct forwarding_port *fp)
{
    bool filtering = p->ingress_filtering == MIB_TRUE;
    unsigned int pvid = p->has_pvid ? p->pvid : 1;
    bool member = pvid < FORWARDING_N_VLANS
                  && bitmap_is_set(fp->members, pvid);
    bool taken = p->acceptable_frames != MIB_FRAMES_TAGGED
                 && is_active(switch_tables_vlan(t, pvid))
                 && (member || !filtering);

    if (!taken) {
        fp->drop_untagged = true;
    } else if (fp->native && pvid != fp->native) {
        return xasprintf("port %u would take untagged frames into VLAN %u "
                         "(PVID) and send those of VLAN %u untagged",
                         fp->number, pvid, fp->native);
    } else if (member) {
        fp->native_tagged = !fp->native;
        fp->native = pvid;
    } else {
        fp->stray_untagged = pvid;
    }
    return NULL;
}

static char *
make_port(const struct switch_tables *t,
          const struct switch_vlan *const *vlans, size_t n,
          const struct switch_port *p, struct forwarding_port *fp)
{
    char *error = find_members(vlans, n, t->profile->order, fp);

    if (!error) {
        error = place_untagged(t, p, fp);
    }
    fp->drop_tagged = p->acceptable_frames == MIB_FRAMES_UNTAGGED;
    for (size_t i = 0; i < n && !error && !fp->drop_tagged
                       && p->ingress_filtering != MIB_TRUE; i++) {
        if (is_active(vlans[i]) && vlans[i]->vid
            && !bitmap_is_set(fp->members, vlans[i]->vid)) {
            bitmap_set1(fp->strays, vlans[i]->vid);
        }
    }
    return error;
}

char *
forwarding_make(const struct switch_tables *t, const unsigned long *down,
                struct forwarding *f, unsigned int *port)
{
    size_t n_vlans, n_ports;
    const struct switch_vlan **vlans = switch_tables_vlans(t, &n_vlans);
    const struct switch_port **ports = switch_tables_ports(t, &n_ports);
    char *error = NULL;

    *port = 0;
    *f = (struct forwarding) {
        .ports = xcalloc(MAX(n_ports, 1), sizeof *f->ports),
    };
    for (size_t i = 0; i < n_ports && !error; i++) {
        struct forwarding_port *fp = &f->ports[f->n++];

        fp->number = ports[i]->number;
        fp->members = bitmap_allocate(FORWARDING_N_VLANS);
        fp->strays = bitmap_allocate(FORWARDING_N_VLANS);
        if (down && bitmap_is_set(down, fp->number)) {
            fp->drop_untagged = true;
            continue;
        }
        error = make_port(t, vlans, n_vlans, ports[i], fp);
        *port = error ? fp->number : 0;
    }
    if (error) {
        forwarding_destroy(f);
    }
    free(vlans);
    free(ports);
    return error;
}

void
forwarding_mute(struct forwarding *f, unsigned int number)
{
    struct forwarding_port *fp = forwarding_find(f, number);

    if (fp) {
        memset(fp->members, 0, bitmap_n_bytes(FORWARDING_N_VLANS));
        memset(fp->strays, 0, bitmap_n_bytes(FORWARDING_N_VLANS));
        fp->native = fp->stray_untagged = 0;
        fp->native_tagged = false;
        fp->drop_untagged = true;
    }
}

static bool
port_equal(const struct forwarding_port *p, const struct forwarding_port *q)
{
    return p->number == q->number && p->native == q->native
           && p->native_tagged == q->native_tagged
           && p->drop_untagged == q->drop_untagged
           && p->drop_tagged == q->drop_tagged
           && p->stray_untagged == q->stray_untagged
           && bitmap_equal(p->members, q->members, FORWARDING_N_VLANS)
           && bitmap_equal(p->strays, q->strays, FORWARDING_N_VLANS);
}

bool
forwarding_equal(const struct forwarding *a, const struct forwarding *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (!port_equal(&a->ports[i], &b->ports[i])) {
            return false;
        }
    }
    return true;
}

bool
forwarding_port_equal(const struct forwarding *a, const struct forwarding *b,
                      unsigned int number)
{
    const struct forwarding_port *p = forwarding_find(a, number);
    const struct forwarding_port *q = forwarding_find(b, number);

    return p && q ? port_equal(p, q) : p == q;
}

unsigned int
forwarding_untagged(const struct forwarding_port *fp)
{
    return fp->drop_untagged ? 0
           : fp->stray_untagged ? fp->stray_untagged
           : bitmap_is_set(fp->members, fp->native) ? fp->native : 0;
}

/* VLANs whose tagged frames are taken in; caller frees. */
static unsigned long *
taken(const struct forwarding_port *fp)
{
    unsigned long *vlans = bitmap_allocate(FORWARDING_N_VLANS);

    if (!fp->drop_tagged) {
        bitmap_or(vlans, fp->members, FORWARDING_N_VLANS);
        bitmap_or(vlans, fp->strays, FORWARDING_N_VLANS);
    }
    return vlans;
}

/* What both take in and one of them sends out strays meanwhile. */
static void
restrict_port(struct forwarding_port *fp, const struct forwarding_port *o)
{
    unsigned long *in = taken(fp), *also_in = taken(o);
    unsigned int vid = forwarding_untagged(fp);
    size_t member;

    bitmap_and(in, also_in, FORWARDING_N_VLANS);
    bitmap_free(also_in);
    vid = vid == forwarding_untagged(o) ? vid : 0;
    bitmap_and(fp->members, o->members, FORWARDING_N_VLANS);
    BITMAP_FOR_EACH_1 (member, FORWARDING_N_VLANS, fp->members) {
        bitmap_set0(in, member);
    }
    bitmap_free(fp->strays);
    fp->strays = in;
    fp->drop_tagged = fp->drop_tagged || o->drop_tagged;
    fp->drop_untagged = !vid;
    fp->stray_untagged = bitmap_is_set(fp->members, vid) ? 0 : vid;
}

void
forwarding_restrict(struct forwarding *f, const struct forwarding *other)
{
    for (size_t i = 0; i < f->n; i++) {
        struct forwarding_port *fp = &f->ports[i];
        const struct forwarding_port *o = forwarding_find(other, fp->number);

        if (o) {
            restrict_port(fp, o);
        } else {
            forwarding_mute(f, fp->number);
        }
    }
}
