/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target over its seed corpus, and over seeded mutations of it,
 * without libFuzzer: what "make check" does.  "make fuzz" explores for real.
 *
 * usage: test-fuzz-NAME [FILE...]    (default: tests/fuzz/corpus/NAME) */

#include <config.h>

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include "random.h"
#include "tests/unit/tap.h"
#include "util.h"

#define MUTATIONS_PER_SEED 200
#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *
read_input(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");

    if (!f) {
        return NULL;
    }

    uint8_t *data = xmalloc(INPUT_MAX);
    *size = fread(data, 1, INPUT_MAX, f);
    fclose(f);
    return data;
}

/* The copy has its exact size, so that a sanitizer sees a read past it. */
static void
run_exact(const uint8_t *data, size_t size)
{
    uint8_t *copy = xmalloc(size ? size : 1);

    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void
mutate(uint8_t *data, size_t *size)
{
    for (uint32_t n = 1 + random_range(4); n > 0 && *size; n--) {
        size_t at = random_range(*size);

        switch (random_range(4)) {
        case 0:
            data[at] ^= 1 << random_range(8);
            break;
        case 1:
            data[at] = random_uint8();
            break;
        case 2:
            memmove(data + at, data + at + 1, *size - at - 1);
            --*size;
            break;
        case 3:
            *size = at;
            break;
        }
    }
}

static bool
run_file(const char *path)
{
    size_t size;
    uint8_t *data = read_input(path, &size);

    if (!data) {
        return false;
    }
    run_exact(data, size);
    for (int i = 0; i < MUTATIONS_PER_SEED; i++) {
        uint8_t *copy = xmemdup(data, size ? size : 1);
        size_t copy_size = size;

        mutate(copy, &copy_size);
        run_exact(copy, copy_size);
        free(copy);
    }
    free(data);
    return true;
}

static int
run_corpus(const char *name)
{
    char *dir_name = xasprintf("tests/fuzz/corpus/%s", name);
    DIR *dir = opendir(dir_name);
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.') {
            char *path = xasprintf("%s/%s", dir_name, entry->d_name);

            n += run_file(path);
            free(path);
        }
    }
    if (dir) {
        closedir(dir);
    }
    free(dir_name);
    return n;
}

int
main(int argc, char *argv[])
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    static const char prefix[] = "test-fuzz-";

    random_set_seed(1);
    if (argc > 1) {
        for (int i = 1; i < argc; i++) {
            ok(run_file(argv[i]), "ran %s", argv[i]);
        }
        return tap_done();
    }
    if (!strncmp(name, prefix, sizeof prefix - 1)) {
        name += sizeof prefix - 1;
    }

    int n = run_corpus(name);
    ok(n > 0, "%s: %d seeds and %d mutations of each", name, n,
       MUTATIONS_PER_SEED);
    return tap_done();
}
