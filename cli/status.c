/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl status: how the system is. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

/* What comes first, in this order; whatever else the controller says follows
 * by name. */
static const char *const sections[] = {
    "controller", "database", "policy",
};

static bool
is_section(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
        if (!strcmp(name, sections[i])) {
            return true;
        }
    }
    return false;
}

/* For people: 'section' with its "time", milliseconds since 1970, readable. */
static void
print_section(struct output *o, const char *name, const struct json *section)
{
    long long int when = cli_member_integer(section, "time");
    struct json *readable;

    if (!when || output_get_format(o) != OUTPUT_TABLE) {
        output_json(o, name, section);
        return;
    }
    readable = json_deep_clone(section);
    json_object_put(readable, "time", json_string_create_nocopy(
        xastrftime_msec("%Y-%m-%dT%H:%M:%S.###Z", when, true)));
    output_json(o, name, readable);
    json_destroy(readable);
}

static int
run_status(struct cli *cli)
{
    struct json *answer = cli_call(cli, "status", json_object_create(), NULL);
    const struct shash_node **members;
    struct output *o;

    if (!answer) {
        return cli->verb->failure;
    }
    o = cli_output(cli);
    for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
        const struct json *section = cli_member(answer, sections[i]);

        if (section) {
            print_section(o, sections[i], section);
        }
    }
    members = shash_sort(json_object(answer));
    for (size_t i = 0; i < shash_count(json_object(answer)); i++) {
        const struct json *member = members[i]->data;
        bool hosts = !strcmp(members[i]->name, "hosts")
                     && member->type == JSON_ARRAY;

        if (hosts) {
            cli_print_hosts(cli, member, "hosts", false);
        } else if (!is_section(members[i]->name)) {
            output_json(o, members[i]->name, member);
        }
    }
    free(members);
    json_destroy(answer);
    return EXIT_SUCCESS;
}

static const char *const exits[] = {
    "0  the controller answered",
    "1  failure: the controller cannot be reached",
    NULL,
};

const struct cli_verb cli_verb_status = {
    .name = "status",
    .args = "",
    .summary = "the controller, its database, the policy, each host, switches",
    .exits = exits,
    .failure = 1,
    .run = run_status,
};
