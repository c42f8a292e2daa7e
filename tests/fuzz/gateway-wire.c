/* SPDX-License-Identifier: Apache-2.0
 *
 * What the gateway worker reads.  Whatever it accepts means the same when
 * written and read again, names only what is ours, and can be planned. */

#include <config.h>
#include "gateway/wire.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
plan(const struct gateway_wanted *w)
{
    struct ovs_list actions = OVS_LIST_INITIALIZER(&actions);
    struct gateway_observed nothing;
    char *text = gateway_ruleset_format(w->ruleset, true, NULL);

    ovs_assert(gateway_netns_name_is_ours(w->netns));
    ovs_assert(!strchr(w->netns, '/') && !strchr(w->inner_if, '/'));
    gateway_observed_init(&nothing);
    gateway_plan(w, text, &nothing, &actions);
    ovs_assert(!ovs_list_is_empty(&actions));
    gateway_actions_destroy(&actions);
    gateway_observed_destroy(&nothing);
    free(text);
}

static void
check_request(const struct json *json)
{
    struct gateway_request *request = gateway_request_from_json(json);
    struct shash_node *node;

    if (!request) {
        return;
    }

    struct json *once = gateway_request_to_json(request->id, request->mode,
                                                &request->wanted,
                                                &request->keep);
    struct gateway_request *again = gateway_request_from_json(once);
    ovs_assert(again);
    struct json *twice = gateway_request_to_json(again->id, again->mode,
                                                 &again->wanted,
                                                 &again->keep);
    ovs_assert(json_equal(once, twice));
    json_destroy(once);
    json_destroy(twice);
    gateway_request_destroy(again);
    SHASH_FOR_EACH (node, &request->wanted) {
        const struct gateway_wanted *w = node->data;

        if (!w->error) {
            plan(w);
        }
    }
    gateway_request_destroy(request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *) data, size);
    struct json *json = json_from_string(text);
    struct gateway_report *report = gateway_report_from_json(json);

    check_request(json);
    if (report) {
        json_destroy(gateway_report_to_json(report));
        gateway_report_destroy(report);
    }
    json_destroy(json);
    free(text);
    return 0;
}
