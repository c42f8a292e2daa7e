/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl check: is a policy file right?  Needs no controller. */

#include <config.h>
#include "cli/local.h"

#include <stdlib.h>
#include "flowpolicy/decide.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

static size_t
count_rules(const struct model *model)
{
    struct shash_node *tvd_node, *role_node;
    size_t n = 0;

    SHASH_FOR_EACH (tvd_node, &model->tvds) {
        const struct model_tvd *tvd = tvd_node->data;

        SHASH_FOR_EACH (role_node, &tvd->roles) {
            const struct model_role *role = role_node->data;

            n += shash_count(&role->rules);
        }
    }
    return n;
}

static void
print_counts(struct output *o, const struct model *model)
{
    struct shash_node *node;
    size_t n_roles = 0, n_nics = 0;

    SHASH_FOR_EACH (node, &model->tvds) {
        const struct model_tvd *tvd = node->data;

        n_roles += shash_count(&tvd->roles);
    }
    SHASH_FOR_EACH (node, &model->ees) {
        const struct model_ee *ee = node->data;

        n_nics += ee->n_nics;
    }
    output_integer(o, "labels", shash_count(&model->labels));
    output_integer(o, "conflict_sets", shash_count(&model->conflicts));
    output_integer(o, "tvds", shash_count(&model->tvds));
    output_integer(o, "roles", n_roles);
    output_integer(o, "rules", count_rules(model));
    output_integer(o, "hosts", shash_count(&model->hosts));
    output_integer(o, "switches", shash_count(&model->switches));
    output_integer(o, "ees", shash_count(&model->ees));
    output_integer(o, "nics", n_nics);
}

/* The matrix as it was understood, defaults inside TVDs left out. */
static void
print_matrix(struct output *o, const struct model *model)
{
    static const struct output_column columns[] = {
        { .key = "from" },
        { .key = "to" },
        { .key = "entry" },
    };
    const struct shash_node **tvds = shash_sort(&model->tvds);

    output_open_table(o, "matrix", "matrix", columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < shash_count(&model->tvds); i++) {
        const struct model_tvd *tvd = tvds[i]->data;
        const struct shash_node **roles = shash_sort(&tvd->roles);

        for (size_t j = 0; j < shash_count(&tvd->roles); j++) {
            const struct model_role *role = roles[j]->data;
            const struct shash_node **rules = shash_sort(&role->rules);

            for (size_t k = 0; k < shash_count(&role->rules); k++) {
                const struct model_rule *rule = rules[k]->data;
                struct decide_entry entry = { rule->action, rule };
                char *from = xasprintf("%s/%s", tvd->name, role->name);
                char *text = decide_entry_format(&entry);

                output_string(o, "from", from);
                output_string(o, "to", rule->to->name);
                output_string(o, "entry", text);
                free(text);
                free(from);
            }
            free(rules);
        }
        free(roles);
    }
    output_close_table(o);
    free(tvds);
}

static void
print_nic(struct output *o, const struct model_nic *nic)
{
    const struct model_ee *ee = nic->ee;
    char *name = model_nic_full_name(nic);
    char **ips = xcalloc(MAX(nic->n_ips, 1), sizeof *ips);

    for (size_t i = 0; i < nic->n_ips; i++) {
        struct ds ds = DS_EMPTY_INITIALIZER;

        ipv6_format_mapped(&nic->ips[i], &ds);
        ips[i] = ds_steal_cstr(&ds);
    }
    output_string(o, "nic", name);
    output_string(o, "tvd", nic->tvd->name);
    output_string(o, "role", nic->role->name);
    output_string(o, "label", ee->label ? ee->label->name : NULL);
    output_string(o, "kind", ee->kind == MODEL_EE_VM ? "vm" : "namespace");
    output_string(o, "host", ee->host);
    output_strings(o, "ips", (const char *const *) ips, nic->n_ips);
    for (size_t i = 0; i < nic->n_ips; i++) {
        free(ips[i]);
    }
    free(ips);
    free(name);
}

/* The NICs, with what would be chosen for them in an empty database. */
static void
print_ees(struct output *o, const struct model *model)
{
    static const struct output_column columns[] = {
        { .key = "nic" }, { .key = "tvd" }, { .key = "role" },
        { .key = "label" }, { .key = "kind" }, { .key = "host" },
        { .key = "ips", .heading = "ADDRESSES" },
    };
    const struct shash_node **ees = shash_sort(&model->ees);

    output_open_table(o, "ees", "EEs", columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < shash_count(&model->ees); i++) {
        const struct model_ee *ee = ees[i]->data;

        for (size_t j = 0; j < ee->n_nics; j++) {
            print_nic(o, ee->nics[j]);
        }
    }
    output_close_table(o);
    free(ees);
}

static int
run_check(struct cli *cli)
{
    const char *file = cli->args.names[0];
    struct model *model = cli_load_policy(cli, file);
    struct output *o;

    if (!model) {
        return cli->verb->failure;
    }
    o = cli_output(cli);
    output_string(o, "file", file);
    output_styled(o, "policy", "valid", OUTPUT_GOOD);
    print_counts(o, model);
    if (cli_has(cli, "print")) {
        print_matrix(o, model);
        print_ees(o, model);
    }
    model_destroy(model);
    return EXIT_SUCCESS;
}

static const struct cli_option options[] = {
    { .name = "print", .help = "show the flow matrix and the EEs as they were understood" },
    { .name = NULL },
};

static const char *const exits[] = {
    "0  the policy is valid",
    "1  it is not, each error is shown with its place; or it cannot be read",
    NULL,
};

const struct cli_verb cli_verb_check = {
    .name = "check",
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .summary = "find all errors of a policy file; needs no controller",
    .description =
        "FILE may be '-' for standard input.  Counts include the gateways "
        "that would\nbe made.",
    .options = options,
    .exits = exits,
    .failure = 1,
    .run = run_check,
};
