/* SPDX-License-Identifier: MIT
 *
 * slack HOW THREADS: blocks of all sizes by each function of the allocator's, of which some stay to the end. It asks the allocator itself how
 * much each of these can hold, and prints what that is beyond the sizes that were asked for, by function, as JSON. HOW: how it ends: return,
 * exit, _exit.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUNCTIONS 4
#define STAY(at)  __asm__ volatile("" : "+r"(at)) /* no tail call: the function is on the stack */
#define HELD      700

static struct held {
    void *at;
    size_t bytes;
    unsigned function;
} held[4 * HELD];

__attribute__((noinline)) static void *by_malloc(size_t bytes)
{
    void *at = malloc(bytes);
    STAY(at);
    return at;
}

__attribute__((noinline)) static void *by_calloc(size_t bytes)
{
    void *at = calloc(1, bytes);
    STAY(at);
    return at;
}

__attribute__((noinline)) static void *by_memalign(size_t bytes)
{
    void *at = NULL;
    if (posix_memalign(&at, bytes % 7 ? 64 : 4096, bytes) != 0)
        abort();
    return at;
}

/* Larger, and smaller. */
__attribute__((noinline)) static void *by_realloc(size_t bytes)
{
    void *at = realloc(malloc(bytes % 3 ? bytes / 2 : bytes * 2 + 1), bytes);
    STAY(at);
    return at;
}

static void *(*const functions[FUNCTIONS])(size_t) = {by_malloc, by_calloc, by_memalign,
                                                      by_realloc};
static const char *const names[FUNCTIONS] = {"by_malloc", "by_calloc", "by_memalign", "by_realloc"};

/* Each thread has the places of its own. */
static void *fill(void *argument)
{
    struct held *mine = argument;
    uint64_t random = (uint64_t)(mine - held) + 1;
    for (int i = 0; i < 20 * HELD; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        struct held *one = &mine[random >> 33 & 1023];
        if (one >= mine + HELD)
            continue;
        free(one->at);
        unsigned kind = random >> 50 & 63;
        one->bytes = 1 + (random >> 40) % (kind == 0 ? 400000 : kind < 20 ? 5000 : 200);
        one->function = (unsigned)(random >> 60) % FUNCTIONS;
        one->at = functions[one->function](one->bytes);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    pthread_t ids[4];
    uint64_t sums[FUNCTIONS] = {0};
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, fill, held + i * HELD) != 0)
            return 2;
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    for (int i = 0; i < threads * HELD; i++)
        if (held[i].at)
            sums[held[i].function] += malloc_usable_size(held[i].at) - held[i].bytes;
    putchar('{');
    for (int i = 0; i < FUNCTIONS; i++)
        printf("%s\"%s\": %llu", i ? ", " : "", names[i], (unsigned long long)sums[i]);
    puts("}");
    fflush(stdout);
    if (argc > 1 && !strcmp(argv[1], "_exit"))
        _exit(0);
    if (argc > 1 && !strcmp(argv[1], "exit"))
        exit(0);
    return 0;
}
