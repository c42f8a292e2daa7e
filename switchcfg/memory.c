/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/state-file.h"
#include "util.h"

#define FILE_MAX 32768          /* All VIDs, each by itself, are 20 kB. */

bool
switch_memory_equal(const struct switch_memory *a,
                    const struct switch_memory *b)
{
    return (vidset_equal(&a->created, &b->created)
            && a->save_due == b->save_due && a->saved == b->saved
            && a->locked == b->locked);
}

static const char *
yes_no(bool value)
{
    return value ? "yes" : "no";
}

char *
switch_memory_format(const struct switch_memory *m, const char *address)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "switch %s created ", address);
    vidset_format(&m->created, &s);
    ds_put_format(&s, " save %s saved %s lock %s\n", yes_no(m->save_due),
                  yes_no(m->saved), yes_no(m->locked));
    return ds_steal_cstr(&s);
}

static bool
parse_bool(const char *s, bool *to)
{
    *to = !strcmp(s, "yes");
    return *to || !strcmp(s, "no");
}

/* Takes a VID from the beginning of '*s'; 0 if there is none. */
static unsigned int
take_vid(const char **s)
{
    unsigned int vid = 0;

    for (size_t n = 0; n < 4 && **s >= '0' && **s <= '9'; n++) {
        vid = 10 * vid + (*(*s)++ - '0');
    }
    return vid < 4095 ? vid : 0;
}

/* What vidset_format() makes. */
static bool
parse_vids(const char *s, struct vidset *to)
{
    if (!strcmp(s, "-")) {
        return true;
    }
    for (;;) {
        unsigned int first = take_vid(&s), last = first;

        if (first && *s == '-') {
            s++;
            last = take_vid(&s);
        }
        if (!first || last < first || (*s && *s != ',')) {
            return false;
        }
        for (unsigned int vid = first; vid <= last; vid++) {
            vidset_add(to, vid);
        }
        if (!*s++) {
            return true;
        }
    }
}

char *
switch_memory_parse(const char *text, size_t len, const char *address,
                    struct switch_memory *m)
{
    char *copy = xmemdup0(text, len), *save = NULL;
    char *word[11];
    size_t n = 0;
    bool good, same;

    memset(m, 0, sizeof *m);
    for (char *w = strtok_r(copy, " \n", &save); w && n < ARRAY_SIZE(word);
         w = strtok_r(NULL, " \n", &save)) {
        word[n++] = w;
    }
    good = n == 10 && len && text[len - 1] == '\n' && !memchr(text, '\0', len)
           && !strcmp(word[0], "switch") && !strcmp(word[2], "created")
           && !strcmp(word[4], "save") && !strcmp(word[6], "saved")
           && !strcmp(word[8], "lock") && parse_vids(word[3], &m->created)
           && parse_bool(word[5], &m->save_due)
           && parse_bool(word[7], &m->saved)
           && parse_bool(word[9], &m->locked);
    same = good && !strcmp(word[1], address);
    free(copy);
    if (!same) {
        memset(m, 0, sizeof *m);
        return xstrdup(good ? "is of a switch at another address"
                       : "is not \"switch ADDRESS created VIDS save YES-NO "
                         "saved YES-NO lock YES-NO\"");
    }
    return NULL;
}

int
switch_memory_load(const char *path, const char *address,
                   struct switch_memory *m)
{
    char text[FILE_MAX], *error;
    ssize_t n = switch_state_read(path, text, sizeof text);

    memset(m, 0, sizeof *m);
    if (n < 0) {
        return n == -EFBIG ? EPROTO : -n;
    }
    error = switch_memory_parse(text, n, address, m);
    free(error);
    return error ? EPROTO : 0;
}

int
switch_memory_save(const char *path, const char *address,
                   const struct switch_memory *m)
{
    char *text = switch_memory_format(m, address);
    /* If it is lost that all is well, nothing worse comes of it than saving
     * once more. */
    bool durable = vidset_next(&m->created, 0) || m->save_due || m->locked;
    int error = switch_state_write(path, text, durable);

    free(text);
    return error;
}
