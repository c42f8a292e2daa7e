/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes as they come from a client of the API: JSON, JSON-RPC, request.  What
 * is decoded must keep the promises of controller/request.h. */

#include <config.h>
#include "controller/request.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/policy.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct request *r)
{
    bool has_policy = (r->method == REQUEST_PLAN
                       || r->method == REQUEST_APPLY);

    ovs_assert(has_policy == (r->text != NULL));
    ovs_assert(!r->text || strlen(r->text) <= POLICY_MAX_SIZE);
    ovs_assert((r->method == REQUEST_EE_ADD) == (r->ee != NULL));
    ovs_assert((r->method == REQUEST_CAN) == (r->src && r->dst));
    ovs_assert(r->method != REQUEST_EE_REMOVE || r->name);
    ovs_assert(r->seq >= -1 && r->since >= 0);
    ovs_assert(r->timeout_ms >= 0 && r->timeout_ms <= REQUEST_MAX_WAIT_MS);
    ovs_assert(r->wait_ms >= 0 && r->wait_ms <= REQUEST_MAX_WAIT_MS);
    ovs_assert(r->limit >= 1 && r->limit <= REQUEST_MAX_EVENTS);
    ovs_assert(r->show <= SHOW_SWITCHES);
    ovs_assert(r->validity >= 1 && r->validity <= REQUEST_MAX_VALIDITY);
    ovs_assert(request_method_to_string(r->method));
}

static void
decode(const char *method, const struct json *params)
{
    struct request request;
    char *error = request_decode(method, params, &request);

    if (error) {
        ovs_assert(error[0] && strlen(error) < 2000);
        free(error);
    } else {
        check(&request);
        request_destroy(&request);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_parser *parser = json_parser_create(0);
    struct jsonrpc_msg *msg;
    struct json *json;
    char *error;

    json_parser_feed(parser, (const char *) data, size);
    json = json_parser_finish(parser);
    if (json->type == JSON_STRING) {
        json_destroy(json);
        return 0;
    }
    error = jsonrpc_msg_from_json(json, &msg);
    if (error) {
        free(error);
        return 0;
    }
    if (msg->type == JSONRPC_REQUEST) {
        decode(msg->method, msg->params);
    }
    jsonrpc_msg_destroy(msg);
    return 0;
}
