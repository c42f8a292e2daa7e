/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line: words separated by newlines.  What is accepted has a verb
 * and as many arguments as the verb takes. */

#include <config.h>
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include "util.h"

#define MAX_WORDS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input = xmemdup0((const char *) data, size);
    char *argv[MAX_WORDS + 2] = { input };
    char *rest = input;
    struct cli cli = { .format = OUTPUT_TABLE };
    char *error, *word;
    int argc = 1;

    while (argc <= MAX_WORDS && (word = strsep(&rest, "\n")) != NULL) {
        argv[argc++] = word;
    }
    svec_init(&cli.args);
    error = cli_parse(&cli, argc, argv);
    if (!error && !cli_has(&cli, "help") && !cli_has(&cli, "version")) {
        ovs_assert(cli.verb && cli.args.n >= cli.verb->min_args
                   && cli.args.n <= cli.verb->max_args);
    }
    ovs_assert(!error || *error);
    for (size_t i = 0; i < cli.n_given; i++) {
        const struct cli_given *given = &cli.given[i];

        ovs_assert(!given->value || given->option->arg);
        ovs_assert(given->value || !given->option->arg
                   || given->option->arg_optional);
    }
    free(error);
    svec_destroy(&cli.args);
    free(cli.given);
    free(input);
    return 0;
}
