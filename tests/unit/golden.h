/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden files: what a function printed, compared with what it should print.
 * With TVD_GOLDEN_UPDATE=1 in the environment the files are rewritten instead;
 * then look at the difference before committing it. */

#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H 1

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/tap.h"

/* One check: 'got' is what the file tests/golden/'name' holds. */
__attribute__((unused)) static bool
is_golden(const char *got, const char *name)
{
    static char want[1 << 20];
    char path[256];
    size_t n = 0;
    FILE *f;

    snprintf(path, sizeof path, "tests/golden/%s", name);
    if (getenv("TVD_GOLDEN_UPDATE")) {
        f = fopen(path, "w");
        if (f) {
            fputs(got, f);
            fclose(f);
        }
    }
    f = fopen(path, "r");
    if (f) {
        n = fread(want, 1, sizeof want - 1, f);
        fclose(f);
    }
    want[n] = '\0';
    return is_str(got, want, "%s", path);
}

#endif /* tests/unit/golden.h */
