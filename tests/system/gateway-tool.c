/* SPDX-License-Identifier: Apache-2.0
 *
 * Drives a gateway worker from the command line, for the system test:
 *
 *     gateway-tool HOST
 *
 * reads commands from standard input, one a line, and answers each with one
 * line of JSON:
 *
 *     apply FILE     make the gateways of HOST as policy FILE says
 *     dry-run FILE   say what would be done
 *     none           remove them
 *     next MSEC      the next report that comes by itself; {} if none comes
 *     info FILE      the wanted gateways, with ids, MACs and addresses
 *     tuples FILE EE SRC DST PROTO PORT
 *                    is such a connection allowed? {"allowed": true/false}
 *     quit           end */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/alloc.h"
#include "flowpolicy/policy.h"
#include "gateway/gateway.h"
#include "gateway/place.h"
#include "gateway/wire.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

static struct model *
read_policy(const char *file, const struct model *old,
            struct alloc_state *state)
{
    struct policy_errors errors;
    struct model *m;

    policy_errors_init(&errors, file);
    m = policy_parse_file(&errors, NULL, NULL);
    if (!m || !gateway_place(m, old, &errors)) {
        char *text = policy_errors_format(&errors);

        ovs_fatal(0, "%s", text);
    }
    policy_errors_destroy(&errors);

    char *error = alloc_fill(m, old, state, NULL);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    return m;
}

static struct gateway_report *
wait_for(struct gateway_worker *worker, uint64_t id)
{
    for (;;) {
        struct gateway_report *report = gateway_poll(worker);

        if (report && report->id == id) {
            return report;
        }
        gateway_report_destroy(report);
        gateway_wait(worker);
        poll_block();
    }
}

static void
print_json(struct json *json)
{
    char *text = json_to_string(json, JSSF_SORT);

    puts(text);
    fflush(stdout);
    free(text);
    json_destroy(json);
}

static void
submit(struct gateway_worker *worker, struct shash *wanted,
       enum gateway_mode mode)
{
    uint64_t id = gateway_submit(worker, wanted, mode);
    struct gateway_report *report = wait_for(worker, id);

    print_json(gateway_report_to_json(report));
    gateway_report_destroy(report);
}

/* Waits for what the worker has to say by itself. */
static void
next_report(struct gateway_worker *worker, long long int msec)
{
    long long int deadline = time_msec() + msec;
    struct gateway_report *report;

    while (!(report = gateway_poll(worker)) && time_msec() < deadline) {
        gateway_wait(worker);
        poll_timer_wait_until(deadline);
        poll_block();
    }
    print_json(report ? gateway_report_to_json(report)
               : json_object_create());
    gateway_report_destroy(report);
}

static bool
parse_ip(const char *s, struct in6_addr *addr)
{
    ovs_be32 ip;

    if (ip_parse(s, &ip)) {
        in6_addr_set_mapped_ipv4(addr, ip);
        return true;
    }
    return ipv6_parse(s, addr);
}

static void
ask(const struct shash *wanted, char *words[])
{
    const struct gateway_wanted *w = shash_find_data(wanted, words[2]);
    struct json *json = json_object_create();
    struct gateway_tuple t;

    if (!w || !parse_ip(words[3], &t.src) || !parse_ip(words[4], &t.dst)) {
        ovs_fatal(0, "bad question");
    }
    t.proto = strtoul(words[5], NULL, 10);
    t.dst_port = strtoul(words[6], NULL, 10);
    json_object_put(json, "allowed", json_boolean_create(
                        gateway_ruleset_allows(w->ruleset, &t)));
    print_json(json);
}

static struct model *
run_command(struct gateway_worker *worker, const char *host, char *words[],
            struct model *old, struct alloc_state *state)
{
    struct shash wanted = SHASH_INITIALIZER(&wanted);
    struct model *m;

    if (!strcmp(words[0], "none")) {
        submit(worker, &wanted, GATEWAY_APPLY);
        return old;
    } else if (!strcmp(words[0], "next")) {
        shash_destroy(&wanted);
        next_report(worker, strtoul(words[1], NULL, 10));
        return old;
    }
    m = read_policy(words[1], old, state);
    gateway_plan_wanted(m, host, true, &wanted);
    if (!strcmp(words[0], "apply")) {
        submit(worker, &wanted, GATEWAY_APPLY);
    } else if (!strcmp(words[0], "dry-run")) {
        submit(worker, &wanted, GATEWAY_DRY_RUN);
    } else {
        if (!strcmp(words[0], "info")) {
            struct sset none = SSET_INITIALIZER(&none);

            print_json(gateway_request_to_json(0, GATEWAY_APPLY, &wanted,
                                               &none));
            sset_destroy(&none);
        } else {
            ask(&wanted, words);
        }
        gateway_wanted_destroy_all(&wanted);
    }
    model_destroy(old);
    return m;
}

int
main(int argc, char *argv[])
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct gateway_worker *worker;
    struct model *m = NULL;
    char line[1024];

    set_program_name(argv[0]);
    if (argc != 2) {
        ovs_fatal(0, "usage: gateway-tool HOST");
    }
    int error = gateway_worker_start(&worker);
    if (error) {
        ovs_fatal(error, "cannot start the worker");
    }
    while (fgets(line, sizeof line, stdin)) {
        char *words[8] = { NULL };
        char *save = NULL;
        size_t n = 0;

        for (char *w = strtok_r(line, " \n", &save); w && n < 8;
             w = strtok_r(NULL, " \n", &save)) {
            words[n++] = w;
        }
        if (n && !strcmp(words[0], "quit")) {
            break;
        } else if (n) {
            m = run_command(worker, argv[1], words, m, &state);
        }
    }
    model_destroy(m);
    gateway_worker_stop(worker);
    return 0;
}
