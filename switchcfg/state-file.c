/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/state-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "util.h"

ssize_t
switch_state_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    ssize_t n;
    char more;

    if (fd < 0) {
        return -errno;
    }
    n = read(fd, text, size);
    if (n < 0) {
        n = -errno;
    } else if (n == size && read(fd, &more, 1) > 0) {
        n = -EFBIG;
    }
    close(fd);
    return n;
}

/* Makes what was renamed to 'path' stay there. */
static int
sync_folder(const char *path)
{
    char *folder = dir_name(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) ? errno : 0;

    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    return error;
}

int
switch_state_write(const char *path, const char *text, bool durable)
{
    char *temporary = xasprintf("%s.new", path);
    ssize_t len = strlen(text);
    int fd, error = 0;

    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
              0600);
    if (fd < 0) {
        error = errno;
    } else {
        ssize_t n = write(fd, text, len);

        error = n == len ? 0 : n < 0 ? errno : ENOSPC;
        if (!error && durable && fsync(fd)) {
            error = errno;
        }
        close(fd);
        if (!error && rename(temporary, path)) {
            error = errno;
        }
        if (error) {
            unlink(temporary);
        } else if (durable) {
            error = sync_folder(path);
        }
    }
    free(temporary);
    return error;
}
