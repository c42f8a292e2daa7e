/* SPDX-License-Identifier: Apache-2.0
 *
 * The file that an agent keeps: whatever it holds, also behind a digest that is
 * right, it is refused, or it is a whole model that comes out as it went in.
 * (But for what JSON can say in two ways, and names of subnets and services.) */

#include <config.h>
#include "lib/model-file.h"

#include <stdlib.h>
#include "lib/model.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse_file(const char *text)
{
    char *error;
    struct json *json = model_file_parse("fuzz", text, &error);

    ovs_assert(!json == !!error);
    json_destroy(json);
    free(error);
}

static struct json *
to_json(const struct model *m)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    model_file_put(m, &s);

    struct json *json = json_from_string(ds_cstr(&s));

    ovs_assert(json->type == JSON_OBJECT);
    ds_destroy(&s);
    return json;
}

static void
parse_model(const char *text)
{
    struct json *json = json_from_string(text);
    char *error;
    struct model *m = model_file_get(json, &error);

    ovs_assert(!m == !!error);
    free(error);
    if (m) {
        struct json *one = to_json(m);
        struct model *again = model_file_get(one, &error);

        ovs_assert(again && !error);

        struct json *two = to_json(again);

        ovs_assert(json_equal(one, two));
        json_destroy(one);
        json_destroy(two);
        model_destroy(again);
        model_destroy(m);
    }
    json_destroy(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *) data, size);

    parse_file(text);
    parse_model(text);
    free(text);
    return 0;
}
