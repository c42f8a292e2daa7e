/* SPDX-License-Identifier: Apache-2.0
 *
 * What a unit test needs to speak TAP: ok(), skip() and tap_done().  A test
 * is a program; main() makes checks and returns tap_done(). */

#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H 1

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_failed;

__attribute__((format(printf, 3, 4), unused)) static bool
tap_ok(bool good, const char *where, const char *what, ...)
{
    va_list args;

    printf("%sok %d - ", good ? "" : "not ", ++tap_n);
    va_start(args, what);
    vprintf(what, args);
    va_end(args);
    printf("%s%s\n", good ? "" : "  # at ", good ? "" : where);
    fflush(stdout);
    tap_failed += !good;
    return good;
}

#define TAP_STR_(X) #X
#define TAP_STR(X) TAP_STR_(X)
#define TAP_WHERE __FILE__ ":" TAP_STR(__LINE__)

/* ok(condition, "what %s", ...): one check. */
#define ok(COND, ...) tap_ok((COND), TAP_WHERE, __VA_ARGS__)

/* is_str(got, expected, "what"): compares strings and shows both. */
#define is_str(GOT, WANT, ...) tap_is_str((GOT), (WANT), TAP_WHERE, __VA_ARGS__)

__attribute__((format(printf, 4, 5), unused)) static bool
tap_is_str(const char *got, const char *want, const char *where,
           const char *what, ...)
{
    char text[512];
    va_list args;
    bool same = got && want ? !strcmp(got, want) : got == want;

    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    tap_ok(same, where, "%s", text);
    if (!same) {
        printf("#      got: %s\n# expected: %s\n",
               got ? got : "(null)", want ? want : "(null)");
    }
    return same;
}

/* A check that cannot be made here, and why. */
__attribute__((unused)) static void
skip(const char *what, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_n, what, why);
    fflush(stdout);
}

/* Prints the plan; the exit status of main(). */
__attribute__((unused)) static int
tap_done(void)
{
    printf("1..%d\n", tap_n);
    return tap_failed != 0;
}

#endif /* tests/unit/tap.h */
