/* SPDX-License-Identifier: Apache-2.0
 *
 * The frames of tvd-link: whatever pieces they come in, out comes what went
 * in; what is too long ends it. */

#include <config.h>
#include "link/frame.h"

#include <stdlib.h>
#include <string.h>
#include "random.h"
#include "tests/unit/tap.h"
#include "util.h"

static const struct {
    const char *what;
    const uint8_t in[8];
    size_t n_in;
    const char *out;            /* NULL: refused. */
} cases[] = {
    { "nothing", { 0 }, 0, "" },
    { "a sign of life", { 0, 0 }, 2, "" },
    { "one byte", { 0, 1, 'a' }, 3, "a" },
    { "two frames", { 0, 1, 'a', 0, 2, 'b', 'c' }, 7, "abc" },
    { "a sign of life between", { 0, 1, 'a', 0, 0, 0, 1, 'b' }, 8, "ab" },
    { "half a header", { 0, 1, 'a', 0 }, 4, "a" },
    { "half a frame", { 0, 9, 'a' }, 3, "a" },
    { "the longest", { 0x40, 0, 'a' }, 3, "a" },
    { "one that is too long", { 0x40, 1, 'a' }, 3, NULL },
    { "JSON without frames", { '{', '"', 'a', '"' }, 4, NULL },
};

static void
test_cases(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct frame_reader r = { .left = 0 };
        uint8_t out[8];
        size_t n;
        bool good = frame_read(&r, cases[i].in, cases[i].n_in, out, &n);

        ok(cases[i].out
           ? good && n == strlen(cases[i].out) && !memcmp(out, cases[i].out, n)
           : !good, "%s", cases[i].what);
    }
}

/* Frames of random lengths, cut anywhere. */
static void
test_pieces(void)
{
    enum { N = 300000 };
    uint8_t *in = xmalloc(N), *sent = xmalloc(2 * N + 100);
    uint8_t *out = xmalloc(2 * N + 100);
    size_t n_sent = 0, n_out = 0;
    struct frame_reader r = { .left = 0 };
    bool good = true;

    random_set_seed(3);
    for (size_t i = 0; i < N; i++) {
        in[i] = random_uint8();
    }
    for (size_t done = 0; done < N; ) {
        size_t n = random_range(3) ? random_range(FRAME_MAX + 1) : 0;

        n = MIN(n, N - done);
        frame_put_header(sent + n_sent, n);
        memcpy(sent + n_sent + FRAME_HEADER, in + done, n);
        n_sent += FRAME_HEADER + n;
        done += n;
    }
    for (size_t done = 0; done < n_sent; ) {
        size_t n = MIN(random_range(5000) + 1, n_sent - done), got;

        good &= frame_read(&r, sent + done, n, out + n_out, &got);
        n_out += got;
        done += n;
    }
    ok(good && n_out == N && !memcmp(in, out, N),
       "whatever the pieces, the same bytes");
    free(in);
    free(sent);
    free(out);
}

int
main(void)
{
    test_cases();
    test_pieces();
    return tap_done();
}
