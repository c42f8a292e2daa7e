/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util.h"

#define MIN_PASSPHRASE 8        /* RFC 3414 section 11.2. */
#define MAX_FILE 65536
#define MAX_WORD 255

static void
free_secret(char *s)
{
    if (s) {
        explicit_bzero(s, strlen(s));
        free(s);
    }
}

void
sim_users_destroy(struct sim_users *users)
{
    for (size_t i = 0; i < users->n; i++) {
        free_secret(users->users[i].name);
        free_secret(users->users[i].auth_pass);
        free_secret(users->users[i].priv_pass);
    }
    free(users->users);
    *users = (struct sim_users) { .n = 0 };
}

static const char *
auth_protocol(const char *word)
{
    static const char *const names[][2] = {
        { "sha1", "SHA" }, { "sha256", "SHA-256" }, { "sha384", "SHA-384" },
        { "sha512", "SHA-512" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(word, names[i][0])) {
            return names[i][1];
        }
    }
    return NULL;
}

/* What is wrong with the 'n' words of a line, or NULL. */
static const char *
take_line(char **words, size_t n, bool communities, struct sim_user *user)
{
    size_t needed = communities ? 1 : 5;

    if (n < needed || n > needed + 1
        || (n > needed && strcmp(words[needed], "ro"))) {
        return communities ? "expected: COMMUNITY [ro]"
               : "expected: NAME AUTHENTICATION PASSPHRASE PRIVACY "
                 "PASSPHRASE [ro]";
    }
    for (size_t i = 0; i < n; i++) {
        if (strlen(words[i]) > MAX_WORD || strpbrk(words[i], "\"\\")) {
            return "a word is too long, or has a quote or backslash in it";
        }
    }
    user->read_only = n > needed;
    if (!communities) {
        user->auth = auth_protocol(words[1]);
        user->priv = strcmp(words[3], "aes") ? NULL : "AES";
        if (!user->auth) {
            return "the authentication is none of sha1, sha256, sha384, "
                   "sha512";
        } else if (!user->priv) {
            return "the privacy is not aes";
        } else if (strlen(words[2]) < MIN_PASSPHRASE
                   || strlen(words[4]) < MIN_PASSPHRASE) {
            return "a passphrase has less than 8 characters";
        }
        user->auth_pass = xstrdup(words[2]);
        user->priv_pass = xstrdup(words[4]);
    }
    user->name = xstrdup(words[0]);
    return NULL;
}

char *
sim_users_parse(const char *file, char *text, bool communities,
                struct sim_users *users)
{
    char *line, *save_line = NULL;
    unsigned int number = 0;

    while ((line = strsep(&text, "\n"))) {
        char *words[7], *word;
        struct sim_user user = { .name = NULL };
        const char *wrong;
        size_t n = 0;

        number++;
        line[strcspn(line, "#\r")] = '\0';
        for (word = strtok_r(line, " \t", &save_line);
             word && n < ARRAY_SIZE(words);
             word = strtok_r(NULL, " \t", &save_line)) {
            words[n++] = word;
        }
        if (!n) {
            continue;
        }
        wrong = take_line(words, n, communities, &user);
        if (wrong) {
            return xasprintf("%s:%u: %s", file, number, wrong);
        }
        users->users = xrealloc(users->users,
                                (users->n + 1) * sizeof *users->users);
        users->users[users->n++] = user;
    }
    return NULL;
}

static char *
check_file(const char *file, int fd)
{
    struct stat s;

    if (fstat(fd, &s)) {
        return xasprintf("%s: %s", file, ovs_strerror(errno));
    } else if (!S_ISREG(s.st_mode)) {
        return xasprintf("%s: not a regular file", file);
    } else if (s.st_uid != geteuid() || s.st_mode & 077) {
        return xasprintf("%s: others than its owner can read or change it; "
                         "make it mode 0600, owned by who runs the program",
                         file);
    } else if (s.st_size > MAX_FILE) {
        return xasprintf("%s: larger than %d octets", file, MAX_FILE);
    }
    return NULL;
}

char *
sim_users_read(const char *file, bool communities, struct sim_users *users)
{
    char text[MAX_FILE + 1];
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *error;
    ssize_t n;

    if (fd < 0) {
        return xasprintf("%s: %s", file, ovs_strerror(errno));
    }
    error = check_file(file, fd);
    n = error ? 0 : read(fd, text, MAX_FILE);
    if (n < 0) {
        error = xasprintf("%s: %s", file, ovs_strerror(errno));
    }
    close(fd);
    if (!error) {
        text[n] = '\0';
        error = sim_users_parse(file, text, communities, users);
        explicit_bzero(text, sizeof text);
    }
    return error;
}
