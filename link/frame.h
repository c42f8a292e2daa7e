/* SPDX-License-Identifier: Apache-2.0
 *
 * How tvd-link puts the bytes of a local connection on a TLS connection: in
 * frames of two bytes with the length, most significant first, and as many
 * bytes.  A frame of length 0 says "still here" and carries nothing.
 *
 * It keeps no connection and knows no time. */

#ifndef LINK_FRAME_H
#define LINK_FRAME_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "compiler.h"

#define FRAME_HEADER 2          /* Bytes before the payload. */
#define FRAME_MAX 16384         /* Longest payload, bytes. */

/* The header of a frame with 'n' bytes, at most FRAME_MAX. */
void frame_put_header(uint8_t header[FRAME_HEADER], size_t n);

/* Where in a stream of frames a reader is; all zero at its start. */
struct frame_reader {
    uint8_t header[FRAME_HEADER];
    size_t n_header;            /* Bytes of the header that have come. */
    size_t left;                /* Bytes of the payload that have not. */
};

/* Reads 'n' bytes that came; appends what they carry to 'out', which has room
 * for 'n', and stores the number in '*n_out'.  Returns false if these are no
 * frames; the connection is of no use then. */
bool frame_read(struct frame_reader *, const uint8_t *in, size_t n,
                uint8_t *out, size_t *n_out)
    OVS_WARN_UNUSED_RESULT;

#endif /* link/frame.h */
