/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of errors of flowpolicy/policy.h. */

#include <config.h>
#include "flowpolicy/policy.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

void
policy_errors_init(struct policy_errors *errors, const char *file_name)
{
    *errors = (struct policy_errors) {
        .file_name = xstrdup(file_name),
    };
}

void
policy_errors_destroy(struct policy_errors *errors)
{
    if (errors) {
        for (size_t i = 0; i < errors->n; i++) {
            free(errors->errors[i].message);
        }
        free(errors->errors);
        free(errors->file_name);
    }
}

bool
policy_errors_full(const struct policy_errors *errors)
{
    return errors->n >= POLICY_MAX_ERRORS;
}

/* A message quotes what is in a file, which must not be able to write escape
 * sequences to a terminal or lines of its own into a log.  Frees 'message'. */
static char *
sanitize(char *message)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    size_t max = 1000;

    for (const unsigned char *s = (unsigned char *) message; *s; s++) {
        if (out.length > max && (*s & 0xc0) != 0x80) {
            ds_put_cstr(&out, "...");
            break;
        }
        if (*s < 0x20 || *s == 0x7f) {
            ds_put_format(&out, "\\x%02x", *s);
        } else if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0) {
            ds_put_format(&out, "\\x%02x", *++s);     /* C1 controls. */
        } else {
            ds_put_char(&out, *s);
        }
    }
    free(message);
    return ds_steal_cstr(&out);
}

void
policy_errors_add(struct policy_errors *errors, unsigned int line,
                  unsigned int column, const char *format, ...)
{
    va_list args;

    if (policy_errors_full(errors)) {
        errors->n_dropped++;
        return;
    }
    if (errors->n >= errors->allocated) {
        errors->errors = x2nrealloc(errors->errors, &errors->allocated,
                                    sizeof *errors->errors);
    }

    struct policy_error *error = &errors->errors[errors->n++];
    error->line = line;
    error->column = column;
    va_start(args, format);
    error->message = sanitize(xvasprintf(format, args));
    va_end(args);
}

static int
compare_errors(const void *a_, const void *b_)
{
    const struct policy_error *a = a_;
    const struct policy_error *b = b_;

    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    if (a->column != b->column) {
        return a->column < b->column ? -1 : 1;
    }
    return strcmp(a->message, b->message);
}

void
policy_errors_sort(struct policy_errors *errors)
{
    size_t n = 0;

    if (!errors->n) {
        return;
    }
    qsort(errors->errors, errors->n, sizeof *errors->errors, compare_errors);
    for (size_t i = 0; i < errors->n; i++) {
        struct policy_error *error = &errors->errors[i];

        if (n && !compare_errors(&errors->errors[n - 1], error)) {
            free(error->message);
        } else {
            errors->errors[n++] = *error;
        }
    }
    errors->n = n;
}

char *
policy_errors_format(const struct policy_errors *errors)
{
    const char *name = (strcmp(errors->file_name, "-")
                        ? errors->file_name : "stdin");
    struct ds out = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < errors->n; i++) {
        const struct policy_error *error = &errors->errors[i];

        if (error->line) {
            ds_put_format(&out, "%s:%u:%u: %s\n", name, error->line,
                          error->column, error->message);
        } else {
            ds_put_format(&out, "%s: %s\n", name, error->message);
        }
    }
    if (errors->n_dropped) {
        ds_put_format(&out, "%s: %"PRIuSIZE" more errors, not shown\n",
                      name, errors->n_dropped);
    }
    return ds_steal_cstr(&out);
}
