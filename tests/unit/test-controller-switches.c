/* SPDX-License-Identifier: Apache-2.0
 *
 * The switches of the policy, with sessions to switches in memory and a real
 * database: when sessions are opened and closed, who is waited for, what the
 * rows say, traps, and that many switches do not hold up a turn of the loop. */

#include <config.h>
#include "controller/switches.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "controller/api-server.h"
#include "flowpolicy/decide.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "packets.h"
#include "tests/unit/switch-device.h"
#include "tests/unit/tap.h"
#include "tests/unit/tvd-db-fixture.h"
#include "util.h"

enum { MAX_SWITCHES = 40, STEP = 50, VID = 110 };

/* --- Calls: there are none. */

const struct request *
api_call_request(const struct api_call *call OVS_UNUSED)
{
    OVS_NOT_REACHED();
}

bool
api_call_is_dead(const struct api_call *call OVS_UNUSED)
{
    OVS_NOT_REACHED();
}

void
api_call_reply(struct api_call *call OVS_UNUSED,
               struct json *result OVS_UNUSED)
{
    OVS_NOT_REACHED();
}

void
api_call_fail(struct api_call *call OVS_UNUSED,
              struct json *errors OVS_UNUSED,
              const char *format OVS_UNUSED, ...)
{
    OVS_NOT_REACHED();
}

void
api_call_discard(struct api_call *call OVS_UNUSED)
{
    OVS_NOT_REACHED();
}

/* --- Switches in memory. */

struct slot {
    struct switch_device *device; /* NULL: there is no session. */
    unsigned int n_opened;
};

struct lab {
    struct fixture f;
    struct switches *s;
    struct slot devices[MAX_SWITCHES];
    struct switch_device_ways ways; /* Of new ones. */
    const char *refusal;        /* Of opening one, or NULL. */
    unsigned int work_ms;       /* That opening one takes. */
    bool active;
    long long int now;
};

static void
work(unsigned int ms)
{
    clock_t end = clock() + ms * (CLOCKS_PER_SEC / 1000);

    while (ms && clock() < end) {
        continue;
    }
}

static char *
open_device(void *lab_, const struct model_switch *sw,
            struct switch_session **session, void **handle)
{
    struct lab *lab = lab_;
    struct slot *slot;
    unsigned int i;

    ovs_assert(str_to_uint(sw->name + 1, 10, &i) && i < MAX_SWITCHES);
    slot = &lab->devices[i];
    slot->n_opened++;
    work(lab->work_ms);
    if (lab->refusal) {
        return xstrdup(lab->refusal);
    }
    ovs_assert(!slot->device);
    slot->device = switch_device_create(&lab->ways);
    *session = switch_device_session(slot->device);
    *handle = slot;
    return NULL;
}

/* The session, and with it the switch, is gone already. */
static void
close_device(void *lab OVS_UNUSED, void *slot_)
{
    struct slot *slot = slot_;

    slot->device = NULL;
}

static unsigned int
n_open(const struct lab *lab)
{
    unsigned int n = 0;

    for (size_t i = 0; i < MAX_SWITCHES; i++) {
        n += lab->devices[i].device != NULL;
    }
    return n;
}

static bool
is_configured(const struct lab *lab, unsigned int i)
{
    return switch_device_has(lab->devices[i].device, VID);
}

/* --- The policy: a TVD on port 1 of each switch. */

static void
add_tvd(struct model *m)
{
    struct model_tvd *tvd = model_tvd_add(m, "t0");
    struct model_subnet subnet = { .plen = 16 };

    tvd->id = 1;
    tvd->label = model_label_find(m, "l0");
    tvd->vlan = VID;
    tvd->vlan_declared = true;
    tvd->vni = 5000;
    tvd->channel = MODEL_CHANNEL_VLAN;
    tvd->router_mac = (struct eth_addr) { { .ea = { 2, 255, 0, 0, 0, 1 } } };
    in6_addr_set_mapped_ipv4(&subnet.addr, htonl(0x0a000000));
    in6_addr_set_mapped_ipv4(&subnet.router, htonl(0x0a000001));
    model_subnet_add(tvd, &subnet);
    model_role_add(tvd, "member")->id = 1;
    model_role_add(tvd, "gateway")->id = 2;
}

static struct model *
make_policy(unsigned int n_switches)
{
    struct model *m = model_create();

    sset_add(&model_label_add(m, "l0")->types, "a");
    m->vlan_pool.min = 100;
    m->vlan_pool.max = 200;
    add_tvd(m);
    for (unsigned int i = 0; i < n_switches; i++) {
        char *name = xasprintf("s%u", i);
        struct model_switch *sw = model_switch_add(m, name);
        struct model_host *host;

        sw->address = xasprintf("127.0.1.%u", 1 + i);
        smap_add(&sw->snmp, "version", "3");
        sw->vlans = MODEL_VLANS_LABEL;
        sw->manage = true;
        name[0] = 'h';
        host = model_host_add(m, name);
        host->label = model_label_find(m, "l0");
        host->switch_name = xstrdup(sw->name);
        host->switch_port = xstrdup("1");
        free(name);
    }
    return m;
}

/* --- Turns of the loop. */

static void
follow(struct lab *lab, const struct tvd_db_changes *changes)
{
    switches_follow(lab->s, lab->f.writer, changes, lab->active, lab->now);
}

static void
apply(struct lab *lab, unsigned int n_switches)
{
    struct model *m = make_policy(n_switches);
    struct tvd_db_changes changes = { .everything = true, .gateways = true };

    lab->f.seq++;
    ok(write_model(lab->f.writer, m, lab->f.seq) == TXN_SUCCESS,
       "a policy of %u switches", n_switches);
    fixture_sync(&lab->f, NULL);
    decide_assign_gateways(tvd_db_model(lab->f.writer));
    if (lab->s) {
        follow(lab, &changes);
    }
    model_destroy(m);
}

static void
turns(struct lab *lab, long long int ms)
{
    for (long long int end = lab->now + ms; lab->now < end;
         lab->now += STEP) {
        switches_run(lab->s, lab->now);
    }
}

static void
start(struct lab *lab, const char *traps)
{
    char *error = switches_create(&(struct switches_config) {
            .traps = traps,
            .open = open_device,
            .close = close_device,
            .aux = lab,
        }, &lab->s);

    is_str(error, NULL, "made");
    lab->active = true;
    lab->now = 1000;
    follow(lab, NULL);
}

static void
stop(struct lab *lab)
{
    switches_destroy(lab->s);
    ok(!n_open(lab), "all sessions are closed");
    lab->s = NULL;
    memset(lab->devices, 0, sizeof lab->devices);
    memset(&lab->ways, 0, sizeof lab->ways);
    lab->refusal = NULL;
    lab->work_ms = 0;
}

static void
check_missing(struct lab *lab, const char *expected, const char *what)
{
    bool hopeless;
    struct json *missing = switches_missing(lab->s, &hopeless);
    char *json = json_to_string(missing, JSSF_SORT);
    char *text = xasprintf("%s%s", json, hopeless ? " hopeless" : "");

    is_str(text, expected, "%s: who is waited for", what);
    free(text);
    free(json);
    json_destroy(missing);
}

/* Writes the rows, if there is something to write, and says what that of a
 * switch says. */
static char *
write_rows(struct lab *lab, const char *name)
{
    struct ovsdb_idl *idl = tvd_db_idl(lab->f.writer);
    const struct tvdrec_switch_status *row;
    char *text = NULL;

    if (switches_pending(lab->s)) {
        struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(idl);

        switches_write(lab->s, idl, txn, lab->now, lab->now);
        switches_written(lab->s, commit(txn) == TXN_SUCCESS);
        tvd_db_run(lab->f.writer);
    }
    TVDREC_SWITCH_STATUS_FOR_EACH (row, idl) {
        if (!strcmp(row->switch_, name)) {
            free(text);
            text = xasprintf("%s%s%s%s", row->state, row->in_sync
                             ? ", in sync" : "", row->error[0] ? ": " : "",
                             row->error);
        }
    }
    return text;
}

static void
check_row(struct lab *lab, const char *expected, const char *what)
{
    char *text = write_rows(lab, "s0");

    is_str(text, expected, "%s: the row", what);
    free(text);
}

/* --- Tests. */

static void
test_configured(struct lab *lab)
{
    start(lab, NULL);
    ok(!n_open(lab), "nothing is opened before the first turn");
    check_missing(lab, "[{\"name\":\"s0\",\"state\":\"starting\"},"
                  "{\"name\":\"s1\",\"state\":\"starting\"}]", "at first");
    lab->ways.latency = 20;
    turns(lab, 100);
    ok(n_open(lab) == 2, "both are opened");
    turns(lab, 2000);
    ok(is_configured(lab, 0) && is_configured(lab, 1),
       "both are configured");
    check_missing(lab, "[]", "then");
    check_row(lab, "idle, in sync", "configured");
    turns(lab, 500);
    ok(!switches_pending(lab->s), "there is nothing more to write");

    lab->active = false;
    follow(lab, NULL);
    ok(!n_open(lab), "of a standby, no session stays open");
    turns(lab, 1000);
    ok(!n_open(lab), "nor is any opened");
    lab->active = true;
    follow(lab, NULL);
    turns(lab, 2000);
    ok(n_open(lab) == 2 && is_configured(lab, 1),
       "active again, it opens and configures them");
    ok(switches_pending(lab->s), "and writes their rows again");
    stop(lab);
}

/* A session that cannot be made. */
static void
test_refused(struct lab *lab)
{
    lab->refusal = "no credentials";
    start(lab, NULL);
    turns(lab, 1000);
    ok(lab->devices[0].n_opened == 1, "tried once");
    check_missing(lab, "[{\"name\":\"s0\",\"reason\":\"no credentials\","
                  "\"state\":\"never reached\"},{\"name\":\"s1\",\"reason\":"
                  "\"no credentials\",\"state\":\"never reached\"}] hopeless",
                  "never reached");
    check_row(lab, "failed: no credentials", "refused");
    turns(lab, 60000);
    ok(lab->devices[0].n_opened > 1 && lab->devices[0].n_opened < 60,
       "tried again now and then, %u times in a minute",
       lab->devices[0].n_opened);
    lab->refusal = NULL;
    turns(lab, 60000);
    ok(n_open(lab) == 2 && is_configured(lab, 0),
       "and once it can be made, the switch is configured");
    check_missing(lab, "[]", "reached");
    check_row(lab, "idle, in sync", "reached");
    stop(lab);
}

/* One that does not answer, from the beginning or later. */
static void
test_deaf(struct lab *lab)
{
    unsigned int before;

    lab->ways.deaf = true;
    lab->ways.timeout = 1000;
    start(lab, NULL);
    turns(lab, 30000);
    check_missing(lab, "[{\"name\":\"s0\",\"reason\":\"cannot be read: "
                  "no answer\",\"state\":\"never reached\"},{\"name\":\"s1\","
                  "\"reason\":\"cannot be read: no answer\",\"state\":"
                  "\"never reached\"}] hopeless", "deaf from the beginning");
    before = switch_device_n_requests(lab->devices[0].device);
    ok(before > 1 && before < 15, "asked again now and then: %u times",
       before);
    switch_device_set_deaf(lab->devices[0].device, false);
    turns(lab, 61000);
    ok(is_configured(lab, 0), "once it answers, it is configured");

    switch_device_set_deaf(lab->devices[0].device, true);
    turns(lab, 70000);
    check_missing(lab, "[{\"name\":\"s0\",\"reason\":\"cannot be read: "
                  "no answer\",\"state\":\"failed\"},{\"name\":\"s1\","
                  "\"reason\":\"cannot be read: no answer\",\"state\":"
                  "\"never reached\"}]", "deaf later on");
    check_row(lab, "failed: cannot be read: no answer", "deaf later on");
    stop(lab);
}

static int
bind_socket(struct sockaddr_in *sin, const char *address)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t len = sizeof *sin;

    *sin = (struct sockaddr_in) { .sin_family = AF_INET };
    ignore(ip_parse(address, &sin->sin_addr.s_addr));
    ovs_assert(fd >= 0 && !bind(fd, (struct sockaddr *) sin, sizeof *sin)
               && !getsockname(fd, (struct sockaddr *) sin, &len));
    return fd;
}

/* A datagram makes the switch that it comes from be read, and no other. */
static void
test_trap(struct lab *lab)
{
    unsigned int before[2], after[2];
    struct sockaddr_in to, from;
    char *traps;
    int fd;

    close(bind_socket(&to, "127.0.0.1"));
    traps = xasprintf("%u:127.0.0.1", ntohs(to.sin_port));
    start(lab, traps);
    turns(lab, 3000);
    fd = bind_socket(&from, "127.0.1.2");
    for (size_t i = 0; i < 2; i++) {
        before[i] = switch_device_n_requests(lab->devices[i].device);
    }
    ignore(sendto(fd, "?", 1, 0, (struct sockaddr *) &to, sizeof to));
    turns(lab, 3000);
    for (size_t i = 0; i < 2; i++) {
        after[i] = switch_device_n_requests(lab->devices[i].device);
    }
    ok(after[1] > before[1] + 1, "the switch that sent a trap is read");
    ok(after[0] <= before[0] + 1, "another one is not: at most a heartbeat");
    close(fd);
    free(traps);
    stop(lab);
}

/* What comes back to 'fd' for 'message', to 'to'; its size, or -1. */
static ssize_t
send_and_receive(struct lab *lab, int fd, const struct sockaddr_in *to,
                 const uint8_t *message, size_t n, uint8_t answer[64])
{
    ignore(sendto(fd, message, n, 0, (const struct sockaddr *) to,
                  sizeof *to));
    turns(lab, 100);
    return recv(fd, answer, 64, MSG_DONTWAIT);
}

/* An inform of a switch is acknowledged, of nobody else, and nothing else. */
static void
test_inform(struct lab *lab)
{
    static const uint8_t inform[] = {
        0x30, 0x18, 0x02, 0x01, 0x01, 0x04, 0x06, 'p', 'u', 'b', 'l', 'i', 'c',
        0xa6, 0x0b, 0x02, 0x01, 0x07, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
        0x30, 0x00,
    };
    uint8_t trap[sizeof inform], answer[64];
    struct sockaddr_in to, from;
    char *traps;
    ssize_t n;
    int fd;

    memcpy(trap, inform, sizeof inform);
    trap[13] = 0xa7;
    close(bind_socket(&to, "127.0.0.1"));
    traps = xasprintf("%u:127.0.0.1", ntohs(to.sin_port));
    start(lab, traps);
    turns(lab, 3000);
    fd = bind_socket(&from, "127.0.1.2");
    n = send_and_receive(lab, fd, &to, inform, sizeof inform, answer);
    ok(n == sizeof inform && answer[13] == 0xa2 && answer[17] == 0x07,
       "an inform of a switch is acknowledged");
    n = send_and_receive(lab, fd, &to, trap, sizeof trap, answer);
    ok(n < 0, "a trap is not");
    n = send_and_receive(lab, fd, &to, inform, sizeof inform - 1, answer);
    ok(n < 0, "half an inform is not");
    close(fd);
    fd = bind_socket(&from, "127.0.9.9");
    n = send_and_receive(lab, fd, &to, inform, sizeof inform, answer);
    ok(n < 0, "an inform of somebody else is not");
    close(fd);
    free(traps);
    stop(lab);
}

static void
count_requests(const struct lab *lab, unsigned int *n)
{
    for (size_t i = 0; i < MAX_SWITCHES; i++) {
        n[i] = switch_device_n_requests(lab->devices[i].device);
    }
}

/* Each has its heartbeats, and few of them come at the same time. */
static void
check_beats(struct lab *lab)
{
    unsigned int first[MAX_SWITCHES], before[MAX_SWITCHES];
    unsigned int after[MAX_SWITCHES], most = 0, wrong = 0;

    count_requests(lab, first);
    memcpy(after, first, sizeof after);
    for (int i = 0; i < 20000 / STEP; i++) {
        unsigned int n = 0;

        turns(lab, STEP);
        memcpy(before, after, sizeof before);
        count_requests(lab, after);
        for (size_t j = 0; j < MAX_SWITCHES; j++) {
            n += after[j] - before[j];
        }
        most = MAX(most, n);
    }
    for (size_t i = 0; i < MAX_SWITCHES; i++) {
        wrong += after[i] != first[i] + 4;
    }
    ok(!wrong && most <= 2, "four heartbeats of each in 20 s, at most %u at a "
       "time; %u wrong", most, wrong);
}

/* Work for many is spread over turns, and all get theirs. */
static void
test_many(struct lab *lab)
{
    unsigned int n = 0, most = 0;

    apply(lab, MAX_SWITCHES);
    lab->work_ms = 2;
    start(lab, NULL);
    while (n_open(lab) < MAX_SWITCHES && n < 2 * MAX_SWITCHES) {
        unsigned int opened = n_open(lab);

        switches_run(lab->s, lab->now++);
        most = MAX(most, n_open(lab) - opened);
        n++;
        switches_wait(lab->s, lab->now);
        if (n_open(lab) < MAX_SWITCHES) {
            poll_immediate_wake();
        }
        poll_block();
    }
    ok(n_open(lab) == MAX_SWITCHES && most < 5,
       "%u switches are opened in %u turns, at most %u in one", n_open(lab),
       n, most);
    turns(lab, 20000);
    n = 0;
    for (size_t i = 0; i < MAX_SWITCHES; i++) {
        n += is_configured(lab, i);
    }
    ok(n == MAX_SWITCHES, "%u are configured", n);
    check_missing(lab, "[]", "many");
    check_beats(lab);

    apply(lab, 1);
    turns(lab, 1000);
    ok(n_open(lab) == 1 && lab->devices[0].n_opened == 1,
       "those that leave the policy are closed, one that stays is not");
    stop(lab);
}

int
main(int argc, char *argv[])
{
    struct lab lab = { .s = NULL };

    if (!fixture_start(&lab.f, argc, argv)) {
        skip("switches of the controller", "no ovsdb-server");
        return tap_done();
    }
    apply(&lab, 2);
    test_configured(&lab);
    test_refused(&lab);
    test_deaf(&lab);
    test_trap(&lab);
    test_inform(&lab);
    test_many(&lab);
    fixture_stop(&lab.f);
    return tap_done();
}
