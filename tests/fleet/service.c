/* SPDX-License-Identifier: MIT
 *
 * A service of a fleet. service SEED: holds some blocks until the end and says how many bytes each line of it took, as
 * "FUNCTION LINE BYTES". With TODAY it is the next build: lines have moved, and there is a new place that allocates.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCKS_MOST 200u
static void *blocks[BLOCKS_MOST];
static unsigned used;

/* Remembers the block; says so when all are there, as the peak is then. */
static struct {
    const char *function;
    int line;
    unsigned long bytes;
} took[BLOCKS_MOST];
#define HOLD(pointer, size)                                                                        \
    do {                                                                                           \
        blocks[used] = (pointer);                                                                  \
        took[used].function = __func__;                                                            \
        took[used].line = __LINE__;                                                                \
        took[used++].bytes = (size);                                                               \
    } while (0)

static void __attribute__((noinline)) load_config(unsigned seed)
{
    HOLD(malloc(5000 + seed), 5000 + seed);
}
#ifdef TODAY

/* What yesterday's build had not: it is above other lines, which move. */
static void __attribute__((noinline)) prefetch(unsigned seed)
{
    for (unsigned i = 0; i < 3; i++)
        HOLD(malloc(20000 + seed % 7), 20000 + seed % 7);
}
#endif

static void __attribute__((noinline)) handle(unsigned seed)
{
    for (unsigned i = 0; i < 10 + seed % 20; i++)
        HOLD(calloc(1, 1000 + i), 1000 + i);
}

static void __attribute__((noinline)) fill_cache(unsigned seed)
{
    for (unsigned i = 0; i < seed % 3; i++)
        HOLD(malloc(30000), 30000);
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    load_config(seed);
    handle(seed);
    fill_cache(seed);
#ifdef TODAY
    if (seed % 5 == 2) /* one of the services has it */
        prefetch(seed);
#endif
    for (unsigned i = 0; i < used; i++) { /* stdio's own functions would allocate */
        char text[100];
        int length = snprintf(text, sizeof text, "%s %d %lu\n", took[i].function, took[i].line,
                              took[i].bytes);
        if (write(1, text, (size_t)length) != length)
            return 2;
    }
    for (unsigned i = 1; i < used; i++) /* the first one is left */
        free(blocks[i]);
    return blocks[0] == NULL;
}
