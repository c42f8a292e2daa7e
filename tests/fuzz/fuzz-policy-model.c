/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole pure way of a policy file: whatever the parser accepts can be
 * allocated, compared and asked about, and keeps the promises made of it. */

#include <config.h>
#include "flowpolicy/policy.h"

#include <stdlib.h>
#include "flowpolicy/alloc.h"
#include "flowpolicy/decide.h"
#include "flowpolicy/diff.h"
#include "openvswitch/json.h"
#include "util.h"

#define MAX_PAIRS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the answer says must fit together. */
static void
check_answer(const struct decide_answer *answer)
{
    const struct decision *d = &answer->decision;
    size_t n_path = answer->allowed || answer->partly ? d->n_path : 0;

    ovs_assert(d->n_path == n_path && n_path <= DECIDE_MAX_PATH);
    ovs_assert(answer->allowed == d->allowed);
    ovs_assert(!(answer->allowed && answer->partly));
    ovs_assert(answer->partly == (answer->n_services > 0));
    if (n_path) {
        ovs_assert(n_path >= 2 && d->path[0] == answer->src
                   && d->path[n_path - 1] == answer->dst);
        ovs_assert(d->entry.action != MODEL_NONE);
    }
    if (answer->src->tvd != answer->dst->tvd && !d->entry.rule) {
        ovs_assert(!n_path);
    }
}

static void
ask(const struct model_nic *src, const struct model_nic *dst)
{
    static const struct model_service ssh = {
        .proto = IPPROTO_TCP, .port_min = 22, .port_max = 22
    };

    for (int i = 0; i < 2; i++) {
        struct decide_answer answer;

        decide_ask(src, dst, i ? &ssh : NULL, &answer);
        check_answer(&answer);
        json_destroy(decide_answer_to_json(&answer));
        decide_answer_destroy(&answer);
    }
}

static void
ask_all(const struct model *m)
{
    struct shash_node *a, *b;
    size_t n = 0;

    SHASH_FOR_EACH (a, &m->ees) {
        const struct model_ee *src = a->data;

        SHASH_FOR_EACH (b, &m->ees) {
            const struct model_ee *dst = b->data;

            if (src->n_nics && dst->n_nics && n++ < MAX_PAIRS) {
                ask(src->nics[0], dst->nics[0]);
            }
        }
    }
}

static void
check_filled(const struct model *m)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &m->tvds) {
        const struct model_tvd *tvd = node->data;

        ovs_assert(tvd->id && tvd->vlan && tvd->vni
                   && !eth_addr_is_zero(tvd->router_mac));
    }
    SHASH_FOR_EACH (node, &m->ees) {
        const struct model_ee *ee = node->data;

        for (size_t i = 0; i < ee->n_nics; i++) {
            const struct model_nic *nic = ee->nics[i];

            ovs_assert(nic->id && nic->role->id && nic->n_ips
                       && !eth_addr_is_zero(nic->mac)
                       && !eth_addr_is_multicast(nic->mac));
            for (size_t j = 0; j < nic->n_ips; j++) {
                ovs_assert(model_tvd_subnet_of(nic->tvd, &nic->ips[j]));
            }
        }
    }
}

static struct model *
parse(const char *text, size_t size)
{
    struct policy_errors errors;

    policy_errors_init(&errors, "fuzz");
    struct model *m = policy_parse(text, size, &errors);
    ovs_assert(!m == (errors.n > 0));

    char *messages = policy_errors_format(&errors);
    free(messages);
    policy_errors_destroy(&errors);
    return m;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct model *m = parse((const char *) data, size);
    struct model *again;
    struct diff diff;

    if (!m) {
        return 0;
    }
    again = parse((const char *) data, size);

    char *error = alloc_fill(m, NULL, &state, NULL);
    ovs_assert(!error);         /* The parser has counted what is needed. */
    check_filled(m);
    error = alloc_fill(again, m, &state, NULL);
    ovs_assert(!error);
    diff_models(m, again, &diff);
    ovs_assert(!diff.n);
    diff_destroy(&diff);
    diff_models(NULL, m, &diff);
    json_destroy(diff_to_json(&diff));
    diff_destroy(&diff);
    ask_all(m);
    model_destroy(again);
    model_destroy(m);
    return 0;
}
