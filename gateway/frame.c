/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "unaligned.h"
#include "util.h"

void
gateway_frame_put_header(uint8_t header[GATEWAY_FRAME_HEADER], size_t len)
{
    put_unaligned_be32((ovs_be32 *) header, htonl(len));
}

size_t
gateway_frame_get_header(const uint8_t header[GATEWAY_FRAME_HEADER])
{
    uint32_t len = ntohl(get_unaligned_be32((const ovs_be32 *) header));

    return len <= GATEWAY_FRAME_MAX ? len : SIZE_MAX;
}

static int
write_fully(int fd, const void *p_, size_t n)
{
    const char *p = p_;

    while (n) {
        ssize_t retval = write(fd, p, n);

        if (retval > 0) {
            p += retval;
            n -= retval;
        } else if (retval < 0 && errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static int
read_fully(int fd, void *p_, size_t n)
{
    char *p = p_;

    while (n) {
        ssize_t retval = read(fd, p, n);

        if (retval > 0) {
            p += retval;
            n -= retval;
        } else if (!retval) {
            return EPIPE;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int
gateway_frame_write(int fd, const char *text, size_t len)
{
    uint8_t header[GATEWAY_FRAME_HEADER];

    if (len > GATEWAY_FRAME_MAX) {
        return EMSGSIZE;
    }
    gateway_frame_put_header(header, len);

    int error = write_fully(fd, header, sizeof header);
    return error ? error : write_fully(fd, text, len);
}

int
gateway_frame_read(int fd, char **text)
{
    uint8_t header[GATEWAY_FRAME_HEADER];
    int error = read_fully(fd, header, sizeof header);
    size_t len = error ? 0 : gateway_frame_get_header(header);
    char *p;

    *text = NULL;
    if (error || len == SIZE_MAX) {
        return error ? error : EPROTO;
    }
    p = xmalloc(len + 1);
    error = read_fully(fd, p, len);
    if (error) {
        free(p);
        return error;
    }
    p[len] = '\0';
    *text = p;
    return 0;
}
