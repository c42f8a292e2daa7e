/* SPDX-License-Identifier: Apache-2.0
 *
 * Lengths of time as people write them: a number with its unit.  Pure. */

#ifndef LIB_DURATION_H
#define LIB_DURATION_H 1

#include "compiler.h"

/* "90s", "15m", "24h" or "7d".  Returns NULL and stores the number of seconds,
 * which is from 'min' to 'max'; or returns what is right, to follow "bad time: ",
 * which the caller frees. */
char *duration_parse(const char *text, long long int min, long long int max,
                     long long int *seconds)
    OVS_WARN_UNUSED_RESULT;

/* The shortest way to write it exactly; caller frees. */
char *duration_format(long long int seconds);

#endif /* lib/duration.h */
