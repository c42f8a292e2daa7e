/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of the API: what is accepted, with which values, and what is said
 * about the rest. */

#include <config.h>
#include "controller/request.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "tests/unit/tap.h"
#include "util.h"

static const struct {
    const char *what;
    const char *method;
    const char *params;
    const char *error;          /* NULL: is accepted. */
} cases[] = {
    { "no parameter at all", "status", "[]", NULL },
    { "an empty object", "status", "[{}]", NULL },
    { "a member for a method without any", "status", "[{\"x\":1}]",
      "unknown parameter \"x\"; none is valid here" },
    { "not an object", "status", "[1]",
      "method \"status\" takes one object as its only parameter" },
    { "two objects", "status", "[{},{}]",
      "method \"status\" takes one object as its only parameter" },
    { "no array", "status", "{}",
      "method \"status\" takes one object as its only parameter" },
    { "a method misspelt", "aply", "[{}]",
      "unknown method \"aply\"; did you mean \"apply\"? valid: plan, apply, "
      "wait, ee_add, ee_remove, ee_move, show, can, status, events, "
      "host_certify, admin_certify, host_enrol, host_revoke, "
      "switch_show, switch_plan, switch_verify, switch_adopt, switch_save, "
      "switch_retry, switch_probe" },
    { "a member misspelt", "apply", "[{\"txt\":\"\"}]",
      "unknown parameter \"txt\"; did you mean \"text\"? valid: file, text, "
      "dry_run" },
    { "a member missing", "apply", "[{\"file\":\"x\"}]",
      "parameter \"text\" is missing" },
    { "an integer for a text", "apply", "[{\"text\":1}]",
      "parameter \"text\" must be a string" },
    { "null for a text", "apply", "[{\"text\":null}]",
      "parameter \"text\" must be a string" },
    { "a text for a boolean", "apply", "[{\"text\":\"\",\"dry_run\":\"no\"}]",
      "parameter \"dry_run\" must be true or false" },
    { "a negative time", "wait", "[{\"timeout_ms\":-1}]",
      "parameter \"timeout_ms\" must be an integer from 0 to 86400000" },
    { "a fraction", "wait", "[{\"timeout_ms\":1.5}]",
      "parameter \"timeout_ms\" must be an integer from 0 to 86400000" },
    { "the largest seq", "wait", "[{\"seq\":9223372036854775807}]", NULL },
    { "a seq that is larger", "wait", "[{\"seq\":9223372036854775808}]",
      "parameter \"seq\" must be an integer from 0 to 9223372036854775807" },
    { "an EE as text", "ee_add", "[{\"ee\":\"{}\"}]",
      "parameter \"ee\" must be an object" },
    { "a move", "ee_move", "[{\"name\":\"a\",\"host\":\"h\",\"live\":true}]",
      NULL },
    { "a move of nothing", "ee_move", "[{\"host\":\"h\"}]",
      "parameter \"name\" is missing" },
    { "a move misspelt", "ee_move", "[{\"name\":\"a\",\"forced\":true}]",
      "unknown parameter \"forced\"; did you mean \"force\"? valid: name, "
      "host, live, force, cancel, dry_run" },
    { "something to show", "show", "[{\"what\":\"flows\"}]", NULL },
    { "something unknown", "show", "[{\"what\":\"flow\"}]",
      "unknown thing to show \"flow\"; did you mean \"flows\"? valid: tvds, "
      "roles, matrix, hosts, ees, flows, labels, switches" },
    { "nothing to show", "show", "[{\"what\":[]}]",
      "parameter \"what\" must be a string" },
    { "no destination", "can", "[{\"src\":\"a\"}]",
      "parameter \"dst\" is missing" },
    { "no events", "events", "[{\"limit\":0}]",
      "parameter \"limit\" must be an integer from 1 to 100000" },
};

static char *
decode(const char *method, const char *text, struct request *request)
{
    struct json *params = json_from_string(text);
    char *error = request_decode(method, params, request);

    json_destroy(params);
    return error;
}

static void
test_cases(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct request request;
        char *error = decode(cases[i].method, cases[i].params, &request);

        is_str(error, cases[i].error, "%s", cases[i].what);
        if (!error) {
            request_destroy(&request);
        }
        free(error);
    }
}

static void
test_values(void)
{
    struct request r;
    char *error;

    error = decode("apply", "[{\"file\":\"f\",\"text\":\"t\\n\","
                   "\"dry_run\":true}]", &r);
    ok(!error && r.method == REQUEST_APPLY && r.dry_run
       && !strcmp(r.file, "f") && !strcmp(r.text, "t\n"), "apply");
    request_destroy(&r);
    error = decode("wait", "[{}]", &r);
    ok(!error && r.seq == -1 && !r.timeout_ms, "wait: the newest, at once");
    request_destroy(&r);
    error = decode("events", "[{\"since\":7,\"wait_ms\":9}]", &r);
    ok(!error && r.since == 7 && r.wait_ms == 9
       && r.limit == REQUEST_DEFAULT_EVENTS, "events");
    request_destroy(&r);
    error = decode("ee_add", "[{\"ee\":{\"name\":\"x\",\"label\":\"a\"}}]",
                   &r);
    ok(!error, "ee_add");
    is_str(r.ee, "{\"label\":\"a\",\"name\":\"x\"}", "its EE as text");
    request_destroy(&r);
}

static void
test_sizes(void)
{
    char *name = xmalloc(2000), *text;
    struct request r;
    char *error;

    memset(name, 'x', 1999);
    name[1999] = '\0';
    text = xasprintf("[{\"name\":\"%s\"}]", name);
    error = decode("ee_remove", text, &r);
    is_str(error, "parameter \"name\" is too long: more than 1024 bytes",
           "a name without end");
    free(error);
    error = decode(name, "[{}]", &r);
    ok(error && strlen(error) < 500, "a method without end");
    free(error);
    free(text);
    free(name);
}

int
main(void)
{
    test_cases();
    test_values();
    test_sizes();
    return tap_done();
}
