/* SPDX-License-Identifier: MIT
 *
 * Steps that take memory and give it back.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chaos.h"

#define KEPT   64
#define MARK   1234 /* an errno that nothing sets */
#define BLOCKS 4096

static void *kept[KEPT];
static unsigned keeps;

/* Between two allocations: here a handler may allocate. mmap is safe to interrupt. */
static NOINLINE void pause_here(unsigned i)
{
    calm = 1;
    __asm__ volatile("" ::: "memory");
    if (i % 16 == 0) {
        void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page != MAP_FAILED)
            munmap(page, 4096);
    }
    __asm__ volatile("" ::: "memory");
    calm = 0;
}

NOINLINE uint64_t work(unsigned rounds)
{
    void *have[8] = {NULL};
    uint64_t sum = 0, x = 88172645463325252u;
    int wrong = 0;
    for (unsigned i = 0; i < rounds * 8; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        void **slot = &have[x >> 61];
        size_t bytes = 1 + (x >> 20) % (i % 64 == 63 ? 200000 : 900);
        errno = MARK;
        if (*slot && i % 5 == 4) {
            void *moved = realloc(*slot, bytes);
            if (moved)
                *slot = moved;
        } else {
            free(*slot);
            *slot = i % 7 == 6     ? calloc(1, bytes)
                    : i % 11 == 10 ? memalign(64, bytes)
                                   : malloc(bytes);
        }
        if (*slot) {
            wrong += errno != MARK;
            sum += CHAOS_REENTRANT || malloc_usable_size(*slot) >= bytes ? bytes : 1;
            *(volatile char *)*slot = (char)i;
        }
        pause_here(i);
    }
    errno = MARK;
    for (int i = 0; i < 8; i++)
        free(have[i]);
    if (wrong || errno != MARK)
        tell("errno changed");
    return sum;
}

void step_work(const struct step *step)
{
    tell("work: %llu", (unsigned long long)work((unsigned)step->n));
}

/* Blocks that stay. */
void step_grow(const struct step *step)
{
    for (long i = 0; i < step->n && keeps < KEPT; i++)
        if ((kept[keeps] = malloc((size_t)(1000 * (i + 1)))))
            memset(kept[keeps++], 1, (size_t)(1000 * (i + 1)));
    tell("grow: %u", keeps);
}

void step_shrink(const struct step *step)
{
    for (long i = 0; i < step->n && keeps; i++)
        free(kept[--keeps]);
    tell("shrink: %u", keeps);
}

/* All that a limit leaves, at most 4 GiB; not touched. How much that is hangs on the surroundings. */
void step_exhaust(const struct step *step)
{
    (void)step;
    void **last = NULL;
    unsigned n = 0;
    for (; n < BLOCKS; n++) {
        void **block = malloc(1 << 20);
        if (!block)
            break;
        *block = last;
        last = block;
    }
    int why = errno;
    while (last) {
        void **next = *last;
        free(last);
        last = next;
    }
    tell("exhaust: %s", n == BLOCKS ? "never" : error_name(why));
}

void step_trim(const struct step *step)
{
    mallinfo2(); /* its figures hang on what the libraries have taken */
    malloc_trim((size_t)step->n);
    tell("trim");
}

/* mmap, mremap, mprotect, madvise, munmap of n pages. */
void step_move(const struct step *step)
{
    size_t bytes = (size_t)(step->n + 1) * 4096;
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        tell("move: %s", error_name(errno));
        return;
    }
    p[0] = 7;
    char *q = mremap(p, bytes, bytes * 2, MREMAP_MAYMOVE);
    if (q == MAP_FAILED)
        q = p;
    else
        bytes *= 2;
    int seen = q[0];
    madvise(q, bytes, MADV_DONTNEED);
    tell("move: %d %d %d %d", seen, q[0], mprotect(q, 4096, PROT_NONE), munmap(q, bytes));
}

void step_brk(const struct step *step)
{
    char *before = sbrk(0), *old = sbrk(step->n * 4096);
    tell("brk: %d", old == before || old == (char *)-1);
    if (old == before)
        tell("brk: back %d", sbrk(-step->n * 4096) == before + step->n * 4096);
}

/* A library that allocates when it comes and when it goes. */
void step_plugin(const struct step *step)
{
    static char path[4200];
    snprintf(path, sizeof path, "%s/libchaos_plugin.so", chaos_top);
    for (long i = 0; i <= step->n; i++) {
        void *handle = dlopen(path, i % 2 ? RTLD_LAZY : RTLD_NOW | RTLD_GLOBAL);
        uint64_t (*call)(unsigned) =
            handle ? (uint64_t(*)(unsigned))dlsym(handle, "plugin_work") : NULL;
        tell("plugin: %d %llu", handle != NULL, call ? (unsigned long long)call(5) : 0);
        if (handle && step->n != 1) /* 1: it stays */
            dlclose(handle);
    }
}

/* Streams, whose buffers come from malloc. */
void step_stdio(const struct step *step)
{
    for (long i = 0; i <= step->n; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);
        if (!f)
            break;
        for (int j = 0; j < 300; j++)
            fprintf(f, "%d %s\n", j, chaos_tag);
        fclose(f);
        if (i == step->n)
            tell("stdio: %d", size > 300);
        free(text);
    }
}
