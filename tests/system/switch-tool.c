/* SPDX-License-Identifier: Apache-2.0
 *
 * One request to a switch, for tests/system/test-snmp.
 *
 *     switch-tool ADDRESS PORT CREDENTIALS-DIR NAME STATE-DIR get OID...
 *                                                         walk OID...
 *                                                         set SNMPREC-LINE...
 *
 * Prints varbinds as lines of snmprec, then "STATUS N-PDUS MILLISECONDS" and
 * the message.  With several NAMEs, separated by commas, the same request goes
 * to ADDRESS with each at the same time. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "svec.h"
#include "switchcfg/credentials.h"
#include "switchcfg/session.h"
#include "switchcfg/snmp.h"
#include "switchcfg/snmprec.h"
#include "timeval.h"
#include "util.h"

static void
start(struct switch_session *session, const char *command, int n, char **args)
{
    struct mib_varbinds vbs = { .n = 0 };
    struct mib_oid *oids = xcalloc(n, sizeof *oids);

    for (int i = 0; i < n; i++) {
        char *error;

        if (strcmp(command, "set")) {
            if (!mib_oid_parse(args[i], strlen(args[i]), &oids[i])) {
                ovs_fatal(0, "%s: not an OID", args[i]);
            }
            continue;
        }
        error = snmprec_parse(args[i], strlen(args[i]), &vbs);
        if (error) {
            ovs_fatal(0, "%s", error);
        }
    }
    if (!strcmp(command, "set")) {
        session->class->set(session, vbs.v, vbs.n);
    } else if (!strcmp(command, "walk")) {
        session->class->walk(session, oids, n);
    } else {
        session->class->get(session, oids, n);
    }
    mib_varbinds_destroy(&vbs);
    free(oids);
}

static void
print(const struct switch_reply *reply, long long int ms)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < reply->varbinds.n; i++) {
        snmprec_format(&reply->varbinds.v[i], &s);
    }
    printf("%s%s %u %lld %s\n", ds_cstr(&s),
           switch_reply_status_to_string(reply->status), reply->n_pdus, ms,
           reply->error ? reply->error : "");
    fflush(stdout);
    ds_destroy(&s);
}

int
main(int argc, char *argv[])
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    struct switch_session **sessions;
    struct switch_credentials **creds;
    long long int begin, longest = 0;
    unsigned int port;
    size_t left;

    set_program_name(argv[0]);
    if (argc < 7 || !str_to_uint(argv[2], 10, &port)) {
        ovs_fatal(0, "usage: see the source");
    }
    for (char *save = NULL, *w = strtok_r(argv[4], ",", &save); w;
         w = strtok_r(NULL, ",", &save)) {
        svec_add(&names, w);
    }
    sessions = xcalloc(names.n, sizeof *sessions);
    creds = xcalloc(names.n, sizeof *creds);
    for (size_t i = 0; i < names.n; i++) {
        char *error = switch_credentials_load(argv[3], names.names[i], true,
                                              &creds[i]);
        struct switch_snmp_options options = {
            .address = argv[1],
            .port = port,
            .credentials = creds[i],
            .state_dir = argv[5],
            .read_timeout_ms = 250,
            .set_timeout_ms = 1500,
        };

        error = error ? error : switch_snmp_open(names.names[i], &options,
                                                 &sessions[i]);
        if (error) {
            ovs_fatal(0, "%s", error);
        }
    }
    begin = time_msec();
    for (size_t i = 0; i < names.n; i++) {
        start(sessions[i], argv[6], argc - 7, argv + 7);
    }
    for (left = names.n; left; ) {
        long long int turn = time_msec();

        for (size_t i = 0; i < names.n; i++) {
            struct switch_reply *reply;

            if (!sessions[i]->busy) {
                continue;
            }
            sessions[i]->class->run(sessions[i], time_msec());
            reply = sessions[i]->class->reply(sessions[i]);
            if (reply) {
                print(reply, time_msec() - begin);
                switch_reply_destroy(reply);
                left--;
            } else {
                sessions[i]->class->wait(sessions[i]);
            }
        }
        longest = MAX(longest, time_msec() - turn);
        if (left) {
            poll_block();
        }
    }
    printf("longest turn %lld ms\n", longest);
    for (size_t i = 0; i < names.n; i++) {
        sessions[i]->class->destroy(sessions[i]);
        switch_credentials_destroy(creds[i]);
    }
    free(sessions);
    free(creds);
    svec_destroy(&names);
    return 0;
}
