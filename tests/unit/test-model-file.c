/* SPDX-License-Identifier: Apache-2.0
 *
 * Models into the text of a file and back: what is read is what was written,
 * down to the flows that follow, and what is not whole is refused. */

#include <config.h>
#include "lib/model-file.h"

#include <stdlib.h>
#include "flow.h"
#include "flowpolicy/decide.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "random.h"
#include "util.h"

#include "tests/unit/random-policy.h"
#include "tests/unit/tap.h"
#include "tests/unit/tvd-db-fixture.h"

#define KIND "test"

static char *
to_text(const struct model *m)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    model_file_put(m, &s);

    char *text = model_file_format(KIND, ds_cstr(&s));

    ds_destroy(&s);
    return text;
}

static struct json *
to_json(const struct model *m)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    model_file_put(m, &s);

    struct json *json = json_from_string(ds_cstr(&s));

    ds_destroy(&s);
    return json;
}

/* NULL, and says why, if it is refused. */
static struct model *
from_text(const char *text)
{
    char *error;
    struct json *json = model_file_parse(KIND, text, &error);
    struct model *m = json ? model_file_get(json, &error) : NULL;

    if (error) {
        printf("# %s\n", error);
        free(error);
    }
    json_destroy(json);
    return m;
}

static char *
flows_of(struct model *m)
{
    struct ds flows = DS_EMPTY_INITIALIZER;
    struct flowtab *flowtab = flowtab_create();
    struct pipeline *pipeline = pipeline_create(flowtab);
    const struct model_nic *nic;

    decide_assign_gateways(m);
    pipeline_set_fabric(pipeline, "h0", u16_to_ofp(60000));
    HMAP_FOR_EACH (nic, id_node, &m->nics_by_id) {
        if (nic->host && !strcmp(nic->host, "h0")) {
            pipeline_set_port(pipeline, nic->id, u16_to_ofp(nic->id));
        }
    }
    pipeline_run(pipeline, m, 0);
    flowtab_format_wanted(flowtab, &flows);
    pipeline_destroy(pipeline);
    flowtab_destroy(flowtab);
    return ds_steal_cstr(&flows);
}

static bool
same_flows(struct model *a, struct model *b)
{
    char *a_flows = flows_of(a), *b_flows = flows_of(b);
    bool same = !strcmp(a_flows, b_flows) && strlen(a_flows) > 1000;

    free(a_flows);
    free(b_flows);
    return same;
}

static void
test_flows(void)
{
    bool all = true;

    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct model *m = random_policy(seed, seed, NULL);
        struct shash_node *node;

        random_policy_place(m, 2, seed % 2);
        SHASH_FOR_EACH (node, &m->ees) {
            struct model_ee *ee = node->data;

            ee->label = ee->nics[0]->tvd->label;
        }

        char *text = to_text(m);
        struct model *again = from_text(text);
        char *text2 = again ? to_text(again) : NULL;

        if (!again || strcmp(text, text2) || !same_flows(m, again)) {
            printf("# seed %"PRIu32"\n", seed);
            all = false;
        }
        model_destroy(again);
        model_destroy(m);
        free(text);
        free(text2);
    }
    ok(all, "40 random policies come back, with the same flows");
}

/* What an agent does not see. */
static void
strip(struct model *m)
{
    struct model *empty = model_create();

    shash_swap(&m->switches, &empty->switches);
    m->vlan_pool = m->vni_pool = empty->vlan_pool;
    model_destroy(empty);
}

static struct model *
make(unsigned int version)
{
    struct model *m = make_model(4, version);

    for (unsigned int n = 0; n < 20; n++) {
        struct model_ee *ee = add_ee(m, n, version);

        ee->managed = n % 2;
        ee->next_host = n % 3 ? NULL : xstrdup("h1");
        ee->nics[0]->host = n % 4 ? xstrdup("h0") : NULL;
        ee->nics[0]->ips_declared = n % 5;
    }
    strip(m);
    return m;
}

static void
test_fields(void)
{
    bool all = true;

    for (unsigned int version = 0; version < 8; version++) {
        struct model *m = make(version);
        char *text = to_text(m);
        struct model *again = from_text(text);
        char *want = model_text(m);
        char *got = again ? model_text(again) : xstrdup("");

        all &= !strcmp(want, got);
        free(want);
        free(got);
        free(text);
        model_destroy(again);
        model_destroy(m);
    }
    ok(all, "all that an agent knows comes back");
}

static void
test_damage(void)
{
    struct model *m = make(1);
    char *text = to_text(m);
    size_t n = strlen(text);
    bool good = false;

    for (size_t i = 0; i < n; i += 1 + n / 200) {
        char *cut = xmemdup0(text, i);
        char *other = xstrdup(text);
        char *error;

        other[i] ^= 1;
        struct json *a = model_file_parse(KIND, cut, &error);
        free(error);
        struct json *b = model_file_parse(KIND, other, &error);
        free(error);

        good |= a || b;
        json_destroy(a);
        json_destroy(b);
        free(cut);
        free(other);
    }
    ok(!good, "what is cut or damaged anywhere is refused");

    char *error;
    ok(!model_file_parse("other", text, &error), "so is a file of another kind");
    free(error);
    free(text);
    model_destroy(m);
}

/* Changes something at random: removes or doubles a member or an element, or
 * replaces a value. */
static void
spoil(struct json *json)
{
    if (json->type == JSON_OBJECT && shash_count(json->object)) {
        struct shash_node *node = shash_random_node(json->object);
        struct json *value = node->data;

        if (random_range(4) && (value->type == JSON_OBJECT
                                || value->type == JSON_ARRAY)) {
            spoil(value);
        } else if (random_range(3)) {
            json_object_put(json, node->name,
                            (random_range(2) ? json_integer_create(-1)
                             : json_string_create("no such thing")));
        } else {
            json_destroy(shash_find_and_delete(json->object, node->name));
        }
    } else if (json->type == JSON_ARRAY && json->array.n) {
        size_t i = random_range(json->array.n);
        struct json *value = json->array.elems[i];

        if (random_range(4) && value->type == JSON_OBJECT) {
            spoil(value);
        } else {
            json_array_add(json, json_deep_clone(value));
        }
    }
}

/* What is accepted all the same must be what it seems. */
static void
test_spoilt(void)
{
    struct model *m = make(2);
    struct json *good = to_json(m);
    size_t n_refused = 0, n_other = 0;

    random_set_seed(1);
    for (int i = 0; i < 3000; i++) {
        struct json *json = json_deep_clone(good);
        struct model *again;
        char *error;

        spoil(json);
        again = model_file_get(json, &error);
        n_refused += !again;
        if (again) {
            struct json *back = to_json(again);

            n_other += !json_equal(back, json);
            json_destroy(back);
        }
        free(error);
        model_destroy(again);
        json_destroy(json);
    }
    ok(!n_other && n_refused > 1500, "%"PRIuSIZE" of 3000 spoilt models are "
       "refused, the others are as they say", n_refused);
    json_destroy(good);
    model_destroy(m);
}

int
main(void)
{
    test_flows();
    test_fields();
    test_damage();
    test_spoilt();
    return tap_done();
}
