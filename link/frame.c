/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "link/frame.h"

#include <string.h>
#include "util.h"

void
frame_put_header(uint8_t header[FRAME_HEADER], size_t n)
{
    ovs_assert(n <= FRAME_MAX);
    header[0] = n >> 8;
    header[1] = n & 0xff;
}

bool
frame_read(struct frame_reader *r, const uint8_t *in, size_t n, uint8_t *out,
           size_t *n_out)
{
    size_t used = 0;

    *n_out = 0;
    while (used < n) {
        if (r->left) {
            size_t chunk = MIN(r->left, n - used);

            memcpy(out + *n_out, in + used, chunk);
            *n_out += chunk;
            used += chunk;
            r->left -= chunk;
            continue;
        }
        r->header[r->n_header++] = in[used++];
        if (r->n_header == FRAME_HEADER) {
            r->left = r->header[0] << 8 | r->header[1];
            r->n_header = 0;
            if (r->left > FRAME_MAX) {
                return false;
            }
        }
    }
    return true;
}
