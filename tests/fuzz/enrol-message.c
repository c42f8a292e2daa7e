/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines as strangers send them to the port for enrolment, and to a host that
 * asks there. */

#include <config.h>
#include "lib/enrol.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/ca.h"
#include "lib/identity.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_request(const char *line)
{
    struct enrol_request r;
    char *error = enrol_request_parse(line, &r);

    if (error) {
        free(error);
        return;
    }
    ovs_assert(r.name && r.csr && r.body && r.proof
               && ca_host_name_is_good(r.name)
               && (r.method == ENROL_RENEW) == (r.certificate != NULL)
               && strlen(r.proof) <= IDENTITY_MAX_PROOF);
    free(ca_check_request(r.csr, r.name));
    enrol_request_destroy(&r);
}

static void
check_answer(const char *line)
{
    struct enrol_answer a;
    char *error = enrol_answer_parse(line, &a);
    long long int from, to;

    if (error) {
        free(error);
        return;
    }
    ovs_assert(a.body && a.proof
               && (a.refused || (a.certificate && a.ca)));
    if (a.server) {
        const char *parts[] = { a.body };

        free(identity_check(a.server, a.ca ? a.ca : "", true, NULL, &from,
                            &to));
        ignore(identity_verify(a.server, parts, 1, a.proof));
    }
    enrol_answer_destroy(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = xmemdup0((const char *) data, size);

    ignore(enrol_greeting_is_good(line));
    free(enrol_token_name(line));
    check_request(line);
    check_answer(line);
    free(line);
    return 0;
}
