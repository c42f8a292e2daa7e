/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/duration.h"

#include <stdlib.h>
#include "tests/unit/tap.h"
#include "util.h"

static const struct {
    const char *text;
    long long int seconds;      /* -1: refused. */
    const char *again;          /* As it is written. */
} cases[] = {
    { "90s", 90, "90s" },
    { "15m", 900, "15m" },
    { "24h", 86400, "1d" },
    { "7d", 604800, "7d" },
    { "60s", 60, "1m" },
    { "0s", 0, "0s" },
    { "", -1, NULL },
    { "s", -1, NULL },
    { "5", -1, NULL },
    { "-5s", -1, NULL },
    { "5 s", -1, NULL },
    { "5sec", -1, NULL },
    { "1000001s", -1, NULL },
    { "99999999999999999999d", -1, NULL },
    { "9223372036854775807d", -1, NULL },
};

int
main(void)
{
    long long int seconds;
    char *error;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        error = duration_parse(cases[i].text, 0, 1000000, &seconds);
        ok(cases[i].seconds < 0 ? error != NULL
           : !error && seconds == cases[i].seconds, "'%s'", cases[i].text);
        free(error);
        if (cases[i].again) {
            char *again = duration_format(cases[i].seconds);

            is_str(again, cases[i].again, "is written so");
            free(again);
        }
    }
    error = duration_parse("1s", 90, 7200, &seconds);
    is_str(error, "it must be a number with s, m, h or d, from 90s to 2h",
           "the message");
    free(error);
    return tap_done();
}
