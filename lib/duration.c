/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/duration.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "util.h"

static const struct {
    char letter;
    long long int seconds;
} units[] = {
    { 'd', 24 * 60 * 60 },
    { 'h', 60 * 60 },
    { 'm', 60 },
    { 's', 1 },
};

/* Seconds, or -1. */
static long long int
parse(const char *text)
{
    size_t n = strspn(text, "0123456789");
    long long int number;

    if (!n || strlen(text) != n + 1) {
        return -1;
    }
    errno = 0;
    number = strtoll(text, NULL, 10);
    for (size_t i = 0; !errno && i < ARRAY_SIZE(units); i++) {
        if (units[i].letter == text[n]
            && number <= LLONG_MAX / units[i].seconds) {
            return number * units[i].seconds;
        }
    }
    return -1;
}

char *
duration_parse(const char *text, long long int min, long long int max,
               long long int *seconds)
{
    *seconds = parse(text);
    if (*seconds < 0 || *seconds < min || *seconds > max) {
        char *from = duration_format(min), *to = duration_format(max);
        char *error = xasprintf("it must be a number with s, m, h or d, from "
                                "%s to %s", from, to);

        free(from);
        free(to);
        return error;
    }
    return NULL;
}

char *
duration_format(long long int seconds)
{
    for (size_t i = 0; seconds && i < ARRAY_SIZE(units); i++) {
        if (!(seconds % units[i].seconds)) {
            return xasprintf("%lld%c", seconds / units[i].seconds,
                             units[i].letter);
        }
    }
    return xasprintf("%llds", seconds);
}
