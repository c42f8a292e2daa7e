/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/state-file.h"
#include "util.h"

#define FILE_MAX 256

char *
switch_engine_format(const struct switch_engine *e)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&s, "engine ");
    for (size_t i = 0; i < e->n_id; i++) {
        ds_put_format(&s, "%02x", e->id[i]);
    }
    ds_put_format(&s, " boots %"PRIu32" time %"PRIu32"\n", e->boots, e->time);
    return ds_steal_cstr(&s);
}

static bool
parse_id(const char *hex, size_t len, struct switch_engine *e)
{
    if (len % 2 || len < 10 || len > 2 * sizeof e->id) {
        return false;
    }
    for (size_t i = 0; i < len / 2; i++) {
        int high = hexit_value(hex[2 * i]);
        int low = hexit_value(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        e->id[i] = high << 4 | low;
    }
    e->n_id = len / 2;
    return true;
}

/* Engine boots and time are 0..2^31-1 (RFC 3414, section 2.2). */
static bool
parse_number(const char *s, uint32_t *to)
{
    unsigned int n;

    if (!*s || s[strspn(s, "0123456789")] || !str_to_uint(s, 10, &n)
        || n > INT32_MAX) {
        return false;
    }
    *to = n;
    return true;
}

char *
switch_engine_parse(const char *text, size_t len, struct switch_engine *e)
{
    char *copy = xmemdup0(text, len), *save = NULL;
    char *word[7];
    size_t n = 0;
    bool good;

    memset(e, 0, sizeof *e);
    for (char *w = strtok_r(copy, " \n", &save); w && n < ARRAY_SIZE(word);
         w = strtok_r(NULL, " \n", &save)) {
        word[n++] = w;
    }
    good = n == 6 && strlen(copy) < len && !strcmp(word[0], "engine")
           && !strcmp(word[2], "boots") && !strcmp(word[4], "time")
           && parse_id(word[1], strlen(word[1]), e)
           && parse_number(word[3], &e->boots)
           && parse_number(word[5], &e->time);
    free(copy);
    if (!good) {
        memset(e, 0, sizeof *e);
        return xstrdup("is not \"engine ID boots NUMBER time NUMBER\"");
    }
    return NULL;
}

int
switch_engine_load(const char *path, struct switch_engine *e)
{
    char text[FILE_MAX], *error;
    ssize_t n = switch_state_read(path, text, sizeof text);

    memset(e, 0, sizeof *e);
    if (n < 0) {
        return n == -EFBIG ? EPROTO : -n;
    }
    error = switch_engine_parse(text, n, e);
    free(error);
    return error ? EPROTO : 0;
}

int
switch_engine_save(const char *path, const struct switch_engine *e)
{
    char *text = switch_engine_format(e);
    int error = switch_state_write(path, text, false);

    free(text);
    return error;
}
