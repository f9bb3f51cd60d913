/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzing loop for compilers without libFuzzer: NAME SEED COUNT FILE... gives the target COUNT
 * mutations of each file: flipped and replaced bytes, cuts, moved and doubled pieces. The number of
 * the mutation that ends badly is on stderr's last line; the same seed makes it again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Half of all places are in the last part of the file, where a footer is. */
static size_t place(uint64_t *state, size_t len)
{
    size_t tail = len < 2000 ? len : 2000;

    if (next_random(state) % 2 == 0)
        return len - 1 - (size_t)(next_random(state) % tail);
    return (size_t)(next_random(state) % len);
}

static size_t mutate(uint64_t *state, uint8_t *data, size_t len)
{
    size_t edits = 1 + (size_t)(next_random(state) % 4);
    uint64_t kind = next_random(state) % 16;

    if (kind == 0)
        return (size_t)(next_random(state) % (len + 1));
    if (kind == 1) {
        size_t from = place(state, len);
        size_t to = place(state, len);
        size_t n = (size_t)(next_random(state) % 64);
        n = n > len - from ? len - from : n;
        n = n > len - to ? len - to : n;
        memmove(data + to, data + from, n);
        return len;
    }
    for (size_t i = 0; i < edits; i++) {
        uint8_t *byte = data + place(state, len);
        uint64_t how = next_random(state) % 4;
        if (how == 0)
            *byte = (uint8_t)next_random(state);
        else if (how == 1)
            *byte = (uint8_t)(*byte ^ (1u << (next_random(state) % 8)));
        else if (how == 2)
            *byte = (uint8_t)(*byte + 1);
        else
            *byte = next_random(state) % 2 == 0 ? 0xFF : 0;
    }
    return len;
}

static int run(const char *path, uint64_t seed, long count)
{
    FILE *file = fopen(path, "rb");
    uint8_t *original = NULL;
    long size = -1;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 1 ||
        fseek(file, 0, SEEK_SET) != 0 || (original = malloc((size_t)size)) == NULL ||
        fread(original, 1, (size_t)size, file) != (size_t)size) {
        (void)fprintf(stderr, "%s: cannot read\n", path);
        return 2;
    }
    (void)fclose(file);
    for (long i = 0; i < count; i++) {
        uint64_t state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)i * 2 + 1;
        uint8_t *copy = malloc((size_t)size); /* its own block, so that overruns are seen */
        clock_t start = clock();
        size_t len;
        if (copy == NULL)
            return 2;
        memcpy(copy, original, (size_t)size);
        (void)next_random(&state);
        len = mutate(&state, copy, (size_t)size);
        if (len < (size_t)size) {
            uint8_t *cut = malloc(len + 1);
            if (cut == NULL)
                return 2;
            memcpy(cut, copy, len);
            free(copy);
            copy = cut;
        }
        if (getenv("MUTATE_VERBOSE") != NULL)
            (void)fprintf(stderr, "%s %ld\n", path, i);
        (void)LLVMFuzzerTestOneInput(copy, len);
        free(copy);
        if ((clock() - start) / CLOCKS_PER_SEC >= 1)
            (void)fprintf(stderr, "%s: mutation %ld of seed %llu: slow\n", path, i,
                          (unsigned long long)seed);
    }
    free(original);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "usage: %s SEED COUNT FILE...\n", argv[0]);
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        int status = run(argv[i], strtoull(argv[1], NULL, 10), strtol(argv[2], NULL, 10));
        if (status != 0)
            return status;
    }
    return 0;
}
