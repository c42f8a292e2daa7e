/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages on a stream: four bytes, most significant first, that say how long
 * the message is, then the message. */

#ifndef GATEWAY_FRAME_H
#define GATEWAY_FRAME_H 1

#include <stddef.h>
#include <stdint.h>

#define GATEWAY_FRAME_HEADER 4
#define GATEWAY_FRAME_MAX (64 * 1024 * 1024)

/* Write or read one message on a descriptor that blocks.  Return 0, or a
 * positive errno: EPIPE if the other side has gone, EPROTO if it sends
 * nonsense.  '*text' gets the message with a zero byte behind it, to be freed
 * by the caller; NULL on error. */
int gateway_frame_write(int fd, const char *text, size_t len);
int gateway_frame_read(int fd, char **text);

void gateway_frame_put_header(uint8_t header[GATEWAY_FRAME_HEADER],
                              size_t len);
/* SIZE_MAX if longer than allowed. */
size_t gateway_frame_get_header(const uint8_t header[GATEWAY_FRAME_HEADER]);

#endif /* gateway/frame.h */
