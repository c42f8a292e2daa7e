/* SPDX-License-Identifier: Apache-2.0
 *
 * usage: policy-check [--time] FILE...
 *
 * Parses and checks each FILE ("-" is standard input) and prints "FILE: ok" or
 * its errors; exit status 1 if any has errors.  For tests of the parser that
 * want nothing else of tvdctl, and for timing it. */

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "flowpolicy/policy.h"
#include "timeval.h"
#include "util.h"

static bool
check_file(const char *name, bool timed)
{
    long long int start = time_usec();
    struct policy_errors errors;
    struct model *m;

    policy_errors_init(&errors, name);
    m = policy_parse_file(&errors, NULL, NULL);
    if (m) {
        printf("%s: ok\n", name);
    } else {
        char *text = policy_errors_format(&errors);

        fputs(text, stdout);
        free(text);
    }
    if (timed) {
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        printf("%s: %.3f s, %ld MiB at most\n", name,
               (time_usec() - start) / 1e6, usage.ru_maxrss / 1024);
    }
    bool good = m != NULL;
    model_destroy(m);
    policy_errors_destroy(&errors);
    return good;
}

int
main(int argc, char *argv[])
{
    bool timed = argc > 1 && !strcmp(argv[1], "--time");
    bool good = true;

    set_program_name(argv[0]);
    for (int i = 1 + timed; i < argc; i++) {
        good = check_file(argv[i], timed) && good;
    }
    return !good;
}
