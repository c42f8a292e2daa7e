/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps become requests, as few as possible. */

#include <config.h>
#include "switchcfg/plan-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "switchcfg/profile.h"
#include "switchcfg/tables.h"
#include "util.h"

size_t
plan_room(const struct switch_tables *t)
{
    return t->profile->max_message - t->overhead;
}

struct packer {
    const struct switch_profile *profile;
    size_t room;
    struct switch_plan *plan;
    enum plan_phase phase;      /* What is in the last PDU. */
};

static struct switch_pdu *
last_pdu(struct packer *p)
{
    return p->plan->n ? &p->plan->pdus[p->plan->n - 1] : NULL;
}

static struct switch_set *
find_set(struct switch_pdu *pdu, const struct mib_oid *oid)
{
    for (size_t i = 0; i < pdu->n; i++) {
        if (!mib_oid_compare(&pdu->sets[i].vb.oid, oid)) {
            return &pdu->sets[i];
        }
    }
    return NULL;
}

/* True if 'pdu' has room for 'n' varbinds more, of 'size'. */
static bool
has_room(const struct packer *p, const struct switch_pdu *pdu, size_t n,
         size_t size)
{
    return pdu->size + size <= p->room
           && (!p->profile->max_varbinds
               || pdu->n + n <= p->profile->max_varbinds);
}

/* True if the 'n' steps can go into the last PDU. */
static bool
fits(struct packer *p, const struct plan_step *steps, size_t n, size_t size)
{
    struct switch_pdu *pdu = last_pdu(p);

    if (!pdu || !has_room(p, pdu, n, size)) {
        return false;
    }
    /* What a device does in any order must be safe in any order. */
    if (!p->profile->atomic && !p->profile->ordered
        && p->phase != steps[0].phase) {
        return false;
    }
    for (size_t i = 0; !p->profile->atomic && i < n; i++) {
        if (find_set(pdu, &steps[i].set.vb.oid)) {
            return false;
        }
    }
    return true;
}

static struct switch_pdu *
new_pdu(struct packer *p)
{
    struct switch_plan *plan = p->plan;

    if (plan->n >= plan->allocated) {
        plan->pdus = x2nrealloc(plan->pdus, &plan->allocated,
                                sizeof *plan->pdus);
    }
    plan->pdus[plan->n++] = (struct switch_pdu) { .n = 0 };
    return &plan->pdus[plan->n - 1];
}

/* Puts a step into 'pdu' and takes what it owns. */
static void
put(struct switch_pdu *pdu, struct plan_step *step)
{
    struct switch_set *same = find_set(pdu, &step->set.vb.oid);

    if (same) {
        /* All at once: only how it is in the end counts. */
        char *text = xasprintf("%s; %s", same->text,
                               strstr(step->set.text, ": ")
                               ? strstr(step->set.text, ": ") + 2
                               : step->set.text);

        free(step->set.text);
        step->set.text = text;
        pdu->size -= mib_varbind_size(&same->vb);
        plan_set_clear(same);
        *same = step->set;
    } else {
        if (pdu->n >= pdu->allocated) {
            pdu->sets = x2nrealloc(pdu->sets, &pdu->allocated,
                                   sizeof *pdu->sets);
        }
        pdu->sets[pdu->n++] = step->set;
    }
    pdu->size += mib_varbind_size(&step->set.vb);
    step->set = (struct switch_set) { .vb.value.type = MIB_NULL };
}

/* Puts a step that may be done at any time where there is room. */
static void
fill_in(struct packer *p, struct plan_step *step)
{
    size_t size = mib_varbind_size(&step->set.vb);
    size_t i = 0;

    while (i < p->plan->n && !has_room(p, &p->plan->pdus[i], 1, size)) {
        i++;
    }
    put(i < p->plan->n ? &p->plan->pdus[i] : new_pdu(p), step);
}

/* Puts the step at 'i', and those that are glued to it, into the last PDU or
 * one more.  Returns NULL and sets '*next', or what does not fit. */
static char *
pack_step(struct packer *p, struct plan_steps *steps, size_t i, size_t *next)
{
    struct plan_step *step = &steps->steps[i];
    size_t size = mib_varbind_size(&step->set.vb);
    size_t n = 1;

    while (i + n < steps->n && steps->steps[i + n].glued) {
        size += mib_varbind_size(&steps->steps[i + n++].set.vb);
    }
    if (size > p->room) {
        return xasprintf("%s: takes %"PRIuSIZE" octets, and %"PRIuSIZE
                         " fit into a request", step->set.text, size,
                         p->room);
    }
    *next = i + n;
    if (step->anywhere) {
        return NULL;
    }
    if (step->phase == PLAN_ALONE || p->phase == PLAN_ALONE
        || !fits(p, step, n, size)) {
        new_pdu(p);
    }
    p->phase = step->phase;
    for (size_t j = 0; j < n; j++) {
        put(last_pdu(p), &step[j]);
    }
    return NULL;
}

char *
plan_pack(const struct switch_tables *t, struct plan_steps *steps,
          struct switch_plan *plan)
{
    struct packer p = {
        .profile = t->profile, .room = plan_room(t), .plan = plan,
    };

    for (size_t i = 0; i < steps->n; ) {
        char *error = pack_step(&p, steps, i, &i);

        if (error) {
            return error;
        }
    }
    for (size_t i = 0; i < steps->n; i++) {
        if (steps->steps[i].anywhere) {
            fill_in(&p, &steps->steps[i]);
        }
    }
    return NULL;
}
