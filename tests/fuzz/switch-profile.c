/* SPDX-License-Identifier: Apache-2.0
 *
 * A profile of any bytes: refused with errors, or one that can be used. */

#include <config.h>
#include <stdlib.h>
#include "flowpolicy/node.h"
#include "flowpolicy/policy.h"
#include "flowpolicy/yaml.h"
#include "switchcfg/profile.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
use(struct switch_profile *p)
{
    struct mib_varbinds *pdus, cleanup = { .n = 0 };
    struct switch_profiles profiles;
    struct mib_oid poll;
    size_t n;

    ovs_assert(p->title && p->basis);
    ovs_assert(p->max_message <= MIB_MAX_MESSAGE);
    ovs_assert(p->max_message > MIB_MESSAGE_OVERHEAD);
    switch_profile_save_pdus(p, 7, &pdus, &n);
    for (size_t i = 0; i < n; i++) {
        mib_varbinds_destroy(&pdus[i]);
    }
    free(pdus);
    switch_profile_cleanup(p, 7, &cleanup);
    mib_varbinds_destroy(&cleanup);
    if (switch_profile_save_poll(p, 7, &poll)) {
        struct mib_value value = { .type = MIB_INTEGER, .number = 3 };

        switch_profile_saved(p, &value, &value);
    }
    ovs_assert(switch_profile_subtrees(p, &n) && n);
    switch_profiles_init(&profiles);
    switch_profiles_add(&profiles, p);
    for (size_t i = 0; i < p->n_object_ids; i++) {
        const struct switch_profile *found
            = switch_profiles_match(&profiles, &p->object_ids[i], p->descr);

        ovs_assert(found == p);
    }
    switch_profiles_destroy(&profiles);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy_errors errors;
    struct node_arena arena;
    struct node *root;

    policy_errors_init(&errors, "fuzz");
    node_arena_init(&arena);
    root = yaml_parse((const char *) data, size, &arena, &errors);
    if (root && !errors.n) {
        struct switch_profile *p = switch_profile_parse("fuzz", root, &errors);

        ovs_assert(!p == !!errors.n);
        if (p) {
            use(p);
        }
    }
    node_arena_destroy(&arena);
    policy_errors_destroy(&errors);
    return 0;
}
