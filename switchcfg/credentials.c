/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util.h"

/* RFC 3414, section 11.2: shorter ones are not taken by libsnmp either. */
#define PASSWORD_MIN 8
#define VALUE_MAX 255
#define USER_MAX 32

static void
wipe(char *s)
{
    if (s) {
        explicit_bzero(s, strlen(s));
        free(s);
    }
}

void
switch_credentials_destroy(struct switch_credentials *c)
{
    if (c) {
        wipe(c->user);
        wipe(c->auth_password);
        wipe(c->priv_password);
        wipe(c->community);
        explicit_bzero(&c->auth_key, sizeof c->auth_key);
        explicit_bzero(&c->priv_key, sizeof c->priv_key);
        free(c);
    }
}

/* --- Text ------------------------------------------------------------------*/

struct line {
    const char *key, *value;
    size_t n_key, n_value;
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void
trim(const char **s, size_t *n)
{
    while (*n && is_blank(**s)) {
        ++*s;
        --*n;
    }
    while (*n && is_blank((*s)[*n - 1])) {
        --*n;
    }
}

/* Splits a line; false if there is nothing in it.  '*error' is set if it is no
 * "key: value". */
static bool
split(const char *s, size_t n, struct line *line, const char **error)
{
    const char *colon;

    trim(&s, &n);
    if (!n || *s == '#' || (n == 3 && !memcmp(s, "---", 3))) {
        return false;
    }
    colon = memchr(s, ':', n);
    if (!colon || memchr(s, '\0', n)) {
        *error = "is not \"key: value\"";
        return false;
    }
    line->key = s;
    line->n_key = colon - s;
    line->value = colon + 1;
    line->n_value = n - line->n_key - 1;
    trim(&line->key, &line->n_key);
    trim(&line->value, &line->n_value);
    if (line->n_value && (*line->value == '"' || *line->value == '\'')) {
        if (line->n_value < 2
            || line->value[line->n_value - 1] != *line->value) {
            *error = "the quote does not end";
            return false;
        }
        line->value++;
        line->n_value -= 2;
    }
    return true;
}

static bool
is_word(const char *s, size_t n, const char *word)
{
    return n == strlen(word) && !memcmp(s, word, n);
}

/* The number of the word among 'words', or -1. */
static int
find_word(const struct line *line, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_word(line->value, line->n_value, words[i])) {
            return i;
        }
    }
    return -1;
}

/* What was read of a file; 'seen' has a bit for each key. */
struct reader {
    struct switch_credentials *c;
    int version, auth, priv;    /* -1: not there. */
    unsigned int seen;
};

static const char *
set_text(const struct line *line, size_t min, size_t max, char **to)
{
    if (line->n_value < min) {
        return min > 1 ? "the value has less than 8 characters"
               : "there is no value";
    } else if (line->n_value > max) {
        return "the value is too long";
    }
    *to = xmemdup0(line->value, line->n_value);
    return NULL;
}

/* Takes in a line.  Returns what is wrong with it. */
static const char *
set_key(struct reader *r, const struct line *line)
{
    static const char *const keys[] = {
        "version", "user", "auth", "auth-password", "priv", "priv-password",
        "community",
    };
    static const char *const versions[] = { "2c", "3" };
    static const char *const auths[] = { "sha", "sha256", "sha512" };
    static const char *const privs[] = { "aes", "aes256" };
    size_t i = 0;

    while (i < ARRAY_SIZE(keys)
           && !is_word(line->key, line->n_key, keys[i])) {
        i++;
    }
    if (i >= ARRAY_SIZE(keys)) {
        return "is none of version, user, auth, auth-password, priv, "
               "priv-password, community";
    } else if (r->seen & 1u << i) {
        return "the key stands there twice";
    }
    r->seen |= 1u << i;
    switch (i) {
    case 0:
        r->version = find_word(line, versions, ARRAY_SIZE(versions));
        return r->version < 0 ? "version is 3 or 2c" : NULL;
    case 1: return set_text(line, 1, USER_MAX, &r->c->user);
    case 2:
        r->auth = find_word(line, auths, ARRAY_SIZE(auths));
        return r->auth < 0 ? "auth is sha, sha256 or sha512" : NULL;
    case 3:
        return set_text(line, PASSWORD_MIN, VALUE_MAX, &r->c->auth_password);
    case 4:
        r->priv = find_word(line, privs, ARRAY_SIZE(privs));
        return r->priv < 0 ? "priv is aes or aes256" : NULL;
    case 5:
        return set_text(line, PASSWORD_MIN, VALUE_MAX, &r->c->priv_password);
    default:
        return set_text(line, 1, VALUE_MAX, &r->c->community);
    }
}

/* What is missing, or does not go together. */
static const char *
check(struct reader *r)
{
    struct switch_credentials *c = r->c;

    c->version = r->version < 0 ? (c->community && !c->user ? 2 : 3)
                 : r->version ? 3 : 2;
    c->auth = r->auth < 0 ? SWITCH_AUTH_SHA256 : r->auth;
    c->priv = r->priv < 0 ? SWITCH_PRIV_AES128 : r->priv;
    if (c->version == 2) {
        return !c->community ? "community is missing"
               : c->user || c->auth_password || c->priv_password
               ? "user and passwords are of version 3" : NULL;
    }
    return c->community ? "a community is of version 2c"
           : !c->user ? "user is missing"
           : !c->auth_password ? "auth-password is missing"
           : !c->priv_password ? "priv-password is missing: what is SET on a "
                                 "switch is always encrypted" : NULL;
}

char *
switch_credentials_parse(const char *text, size_t len,
                         struct switch_credentials **cp)
{
    struct reader r = { xzalloc(sizeof *r.c), -1, -1, -1, 0 };
    const char *end = text + len, *wrong = NULL;
    unsigned int n = 0;

    *cp = NULL;
    for (const char *s = text; s < end && !wrong; ) {
        const char *eol = memchr(s, '\n', end - s);
        struct line line;

        n++;
        eol = eol ? eol : end;
        if (split(s, eol - s, &line, &wrong)) {
            wrong = set_key(&r, &line);
        }
        s = eol + 1;
    }
    if (wrong) {
        switch_credentials_destroy(r.c);
        return xasprintf("line %u: %s", n, wrong);
    }
    wrong = check(&r);
    if (wrong) {
        switch_credentials_destroy(r.c);
        return xstrdup(wrong);
    }
    *cp = r.c;
    return NULL;
}

/* --- Files -----------------------------------------------------------------*/

/* Is it safe to read secrets from there?  Returns why not. */
static const char *
check_file(int fd, struct stat *st)
{
    if (fstat(fd, st)) {
        return ovs_strerror(errno);
    } else if (!S_ISREG(st->st_mode)) {
        return "is not a regular file";
    } else if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return "must belong to root";
    } else if (st->st_mode & (S_IRWXG | S_IRWXO)) {
        return "can be read or written by others; do \"chmod 600\" on it, and "
               "change what is in it";
    } else if (st->st_size > SWITCH_CREDENTIALS_MAX) {
        return "is too large";
    }
    return NULL;
}

/* Nor may others be able to put another file in its place.  Returns why they
 * are. */
static const char *
check_folder(const char *dir)
{
    struct stat st;

    if (stat(dir, &st)) {
        return ovs_strerror(errno);
    } else if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return "its folder must belong to root";
    } else if (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX)) {
        return "its folder can be written by others; do \"chmod 700\" on it, "
               "and look at what is in it";
    }
    return NULL;
}

static char *
read_file(int fd, struct switch_credentials **cp)
{
    char text[SWITCH_CREDENTIALS_MAX + 1];
    size_t n = 0;
    ssize_t got;
    char *error;

    do {
        got = read(fd, text + n, sizeof text - n);
        n += got > 0 ? got : 0;
    } while (n < sizeof text && (got > 0 || (got < 0 && errno == EINTR)));
    error = got < 0 ? xstrdup(ovs_strerror(errno))
            : n > SWITCH_CREDENTIALS_MAX ? xstrdup("is too large")
            : switch_credentials_parse(text, n, cp);
    explicit_bzero(text, sizeof text);
    return error;
}

char *
switch_credentials_load(const char *dir, const char *name, bool insecure,
                        struct switch_credentials **cp)
{
    char *path = xasprintf("%s/%s", dir, name);
    const char *wrong = NULL;
    char *error = NULL, *text;
    struct stat st;
    int fd;

    *cp = NULL;
    if (!*name || *name == '.' || strchr(name, '/')) {
        free(path);
        return xasprintf("credentials \"%s\": must be the name of a file in "
                         "%s", name, dir);
    }
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        wrong = errno == ELOOP ? "is a symbolic link" : ovs_strerror(errno);
    } else {
        wrong = check_file(fd, &st);
        wrong = wrong ? wrong : check_folder(dir);
        error = wrong ? NULL : read_file(fd, cp);
        close(fd);
    }
    if (*cp && (*cp)->version == 2 && !insecure) {
        switch_credentials_destroy(*cp);
        *cp = NULL;
        wrong = "a community goes over the wire for everybody to read; the "
                "policy must say \"insecure: true\" for this switch, and a "
                "probe --insecure, or better, use version 3";
    }
    text = wrong || error ? xasprintf("%s: %s", path, wrong ? wrong : error)
           : NULL;
    free(error);
    free(path);
    return text;
}
