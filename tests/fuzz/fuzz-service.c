/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser of services: no text may upset it, and what it accepts means the
 * same when printed and read again. */

#include <config.h>
#include "flowpolicy/service.h"

#include <stdlib.h>
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_service(const struct model_service *s)
{
    struct model_service again[SERVICE_PARSE_MAX];
    char *text = model_service_format(s);
    size_t n;

    char *error = service_parse(text, again, &n);
    ovs_assert(!error && n == 1 && model_service_equal(s, &again[0]));
    ovs_assert(s->any_port || (s->port_min && s->port_min <= s->port_max));
    ovs_assert(service_holds(s, s->proto, s->port_min));
    ovs_assert(service_list_covers(s, 1, s));
    ovs_assert(!service_list_covers(s, 1, NULL));
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model_service s[SERVICE_PARSE_MAX];
    char *text = xmemdup0((const char *) data, size);
    size_t n = 99;
    char *error = service_parse(text, s, &n);

    ovs_assert(error ? n == 0 && strlen(error) < 400
                     : n >= 1 && n <= SERVICE_PARSE_MAX);
    for (size_t i = 0; i < n; i++) {
        check_service(&s[i]);
    }
    free(error);
    free(text);
    return 0;
}
