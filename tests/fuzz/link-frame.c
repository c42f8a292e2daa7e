/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames from the other end of a link: cut in two anywhere they are the same,
 * and never more comes out than went in. */

#include <config.h>
#include "link/frame.h"

#include <stdlib.h>
#include <string.h>
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_reader whole = { .left = 0 }, cut = { .left = 0 };
    size_t n_whole, n_first, n_second = 0, half = size / 2;
    uint8_t *a = xmalloc(size + 1), *b = xmalloc(size + 1);
    bool good = frame_read(&whole, data, size, a, &n_whole);
    bool same = (frame_read(&cut, data, half, b, &n_first)
                 && frame_read(&cut, data + half, size - half, b + n_first,
                               &n_second));

    ovs_assert(good == same && n_whole <= size);
    ovs_assert(!good || (n_whole == n_first + n_second
                         && !memcmp(a, b, n_whole)
                         && whole.left == cut.left
                         && whole.n_header == cut.n_header));
    free(a);
    free(b);
    return 0;
}
