/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/intent.h"

#include <stdlib.h>
#include <string.h>
#include "gateway/place.h"
#include "openvswitch/json.h"
#include "util.h"

void
intent_init(struct intent *intent)
{
    memset(intent, 0, sizeof *intent);
    svec_init(&intent->notes);
}

void
intent_destroy(struct intent *intent)
{
    model_destroy(intent->model);
    diff_destroy(&intent->diff);
    svec_destroy(&intent->notes);
    memset(intent, 0, sizeof *intent);
}

void
intent_error_init(struct intent_error *error, const char *file_name)
{
    error->message = NULL;
    policy_errors_init(&error->errors, file_name);
}

void
intent_error_destroy(struct intent_error *error)
{
    free(error->message);
    policy_errors_destroy(&error->errors);
}

char *
intent_error_summary(const struct intent_error *error)
{
    size_t n = error->errors.n + error->errors.n_dropped;

    if (error->message) {
        return xstrdup(error->message);
    } else if (n == 1) {
        return xstrdup(error->errors.errors[0].message);
    }
    return xasprintf("%"PRIuSIZE" errors; nothing was applied", n);
}

struct json *
intent_error_to_json(const struct intent_error *error)
{
    struct json *array;

    if (!error->errors.n) {
        return NULL;
    }
    array = json_array_create_empty();
    for (size_t i = 0; i < error->errors.n; i++) {
        const struct policy_error *e = &error->errors.errors[i];
        struct json *object = json_object_create();

        json_object_put(object, "line", json_integer_create(e->line));
        json_object_put(object, "column", json_integer_create(e->column));
        json_object_put_string(object, "message", e->message);
        json_array_add(array, object);
    }
    return array;
}

/* Gateways, ids and addresses for intent->model, and what changes. */
static bool
complete(const struct model *old, const struct smap *ids,
         struct intent *intent, struct intent_error *error)
{
    if (!gateway_place(intent->model, old, &error->errors)) {
        return false;
    }
    alloc_state_from_smap(&intent->ids, ids);
    error->message = alloc_fill(intent->model, old, &intent->ids,
                                &intent->notes);
    if (error->message) {
        return false;
    }
    diff_models(old, intent->model, &intent->diff);
    return true;
}

bool
intent_of_policy(const char *text, const struct model *old,
                 const struct smap *ids, struct intent *intent,
                 struct intent_error *error)
{
    intent->model = policy_parse(text, strlen(text), &error->errors);
    return (intent->model
            && policy_merge_ees(intent->model, old, &error->errors)
            && complete(old, ids, intent, error));
}

/* What is added or removed if just 'ee' is. */
static void
diff_ee(struct model_ee *ee, bool added, struct diff *diff)
{
    struct model *with = model_create();
    struct model *without = model_create();

    /* The EE is only lent: it stays in the model it is in. */
    shash_add(&with->ees, ee->name, ee);
    diff_models(added ? without : with, added ? with : without, diff);
    shash_clear(&with->ees);
    model_destroy(with);
    model_destroy(without);
}

bool
intent_ee_is_simple(const struct model_ee *ee)
{
    for (size_t i = 0; i < ee->n_nics; i++) {
        const struct model_role *role = ee->nics[i]->role;

        if (!role->id || model_role_is_gateway(role)) {
            return false;
        }
    }
    return true;
}

bool
intent_of_new_ee(struct model *model, struct model_ee *ee,
                 const struct smap *ids, struct intent *intent,
                 struct intent_error *error)
{
    alloc_state_from_smap(&intent->ids, ids);
    error->message = alloc_ee(model, ee, &intent->ids);
    if (error->message) {
        return false;
    }
    diff_ee(ee, true, &intent->diff);
    return true;
}

void
intent_of_gone_ee(struct model_ee *ee, const struct smap *ids,
                  struct intent *intent)
{
    alloc_state_from_smap(&intent->ids, ids);
    diff_ee(ee, false, &intent->diff);
}

bool
intent_of_model(struct model *new, const struct model *old,
                const struct smap *ids, struct intent *intent,
                struct intent_error *error)
{
    intent->model = new;
    return complete(old, ids, intent, error);
}
