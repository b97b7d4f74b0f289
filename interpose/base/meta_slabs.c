/* SPDX-License-Identifier: MIT
 *
 * The tracker's own memory where there is no jemalloc to be had as a private copy: slabs of 64 KiB that the system maps, each for
 * blocks of one size, and a mapping for each block that is too big for that. As the tables are few and large, and most small blocks
 * live as long as the process, there is little to gain by more.
 *
 * Signals are held back while a thread is inside, so that no handler jumps out with the lock held.
 *
 * FORK. A child that may have inherited a state in the middle of a change begins with no slabs. What had been given out stays mapped, and is
 * nobody's: it can be read and written, but not released.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/guard.h"
#include "base/lock.h"
#include "base/meta.h"
#include "os/os.h"

#define SLAB  ((size_t)64 << 10) /* a slab begins at a multiple of it */
#define HEAD  64u                /* bytes of its header; blocks are aligned to 16 */
#define SMALL ((size_t)8 << 10)  /* the biggest block of a slab */

/* Sizes: multiples of 16 up to 64, then four of each power of two. */
#define CLASSES (4u + 4u * 7u)

struct slab {
    struct slab *next, **before; /* of the same size, with a free block */
    void *free;           /* blocks that were released; each begins with the next one's address */
    uint32_t size;        /* of a block; 0: this is one big block */
    uint32_t used, fresh; /* blocks that are given out; that have never been */
    size_t bytes;         /* mapped */
};
_Static_assert(sizeof(struct slab) <= HEAD, "the header of a slab");

bool mt_meta_torn;
static bool alone; /* at the fork: mt_meta_alone */

static struct mt_lock lock; /* guards all below */
static struct slab *slabs[CLASSES];
static struct slab *spare; /* empty, for the next one that is needed */
static bool broken;        /* somebody left it by a jump */

static unsigned class_of(size_t bytes, uint32_t *size)
{
    if (bytes <= 64) {
        unsigned n = bytes ? (unsigned)((bytes + 15) / 16) : 1;
        *size = n * 16;
        return n - 1;
    }
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1); /* 2^log < bytes <= 2^(log + 1) */
    size_t step = (size_t)1 << (log - 2), n = (bytes - 1 - ((size_t)1 << log)) / step;
    *size = (uint32_t)(((size_t)1 << log) + (n + 1) * step);
    return 4 + (log - 6) * 4 + (unsigned)n;
}

static struct slab *slab_of(const void *block)
{
    return (struct slab *)((uintptr_t)block & ~(uintptr_t)(SLAB - 1));
}

static bool enter(uint64_t *mask)
{
    mt_os_hold_signals(mask);
    mt_lock_take(&lock);
    if (!broken)
        return true;
    mt_lock_drop(&lock);
    mt_os_release_signals(mask);
    return false;
}

static void leave(const uint64_t *mask)
{
    mt_lock_drop(&lock);
    mt_os_release_signals(mask);
}

/* `bytes`, whole pages, at a multiple of SLAB. */
static struct slab *map(size_t bytes)
{
    char *at = mt_meta_map(bytes + SLAB);
    if (!at)
        return NULL;
    uintptr_t start = ((uintptr_t)at + SLAB - 1) & ~(uintptr_t)(SLAB - 1);
    size_t low = start - (uintptr_t)at, high = SLAB - low;
    if (low)
        mt_meta_unmap(at, low);
    if (high)
        mt_meta_unmap((char *)start + bytes, high);
    struct slab *slab = (struct slab *)start;
    slab->bytes = bytes;
    return slab;
}

static void put_first(struct slab **list, struct slab *slab)
{
    slab->next = *list;
    slab->before = list;
    if (slab->next)
        slab->next->before = &slab->next;
    *list = slab;
}

static void take_out(struct slab *slab)
{
    *slab->before = slab->next;
    if (slab->next)
        slab->next->before = slab->before;
}

static uint32_t room(const struct slab *slab)
{
    return (uint32_t)((SLAB - HEAD) / slab->size);
}

/* Under lock. */
static void *take_small(size_t bytes)
{
    uint32_t size;
    struct slab **list = &slabs[class_of(bytes, &size)], *slab = *list;
    if (!slab) {
        slab = spare ? spare : map(SLAB);
        spare = NULL;
        if (!slab)
            return NULL;
        slab->size = size;
        slab->used = slab->fresh = 0;
        slab->free = NULL;
        put_first(list, slab);
    }
    void *block = slab->free;
    if (block)
        slab->free = *(void **)block;
    else
        block = (char *)slab + HEAD + (size_t)slab->fresh++ * size;
    if (++slab->used == room(slab))
        take_out(slab);
    return block;
}

/* Under lock; `slab` is of small blocks. NULL, or the slab, which nobody needs any more. */
static struct slab *give_small(struct slab *slab, void *block)
{
    uint32_t size;
    *(void **)block = slab->free;
    slab->free = block;
    if (slab->used-- == room(slab))
        put_first(&slabs[class_of(slab->size, &size)], slab);
    if (slab->used)
        return NULL;
    take_out(slab);
    if (spare)
        return slab;
    spare = slab;
    return NULL;
}

/* Without the lock. */
static void *take_big(size_t bytes)
{
    uint64_t mask;
    size_t page = mt_os_page() - 1, whole = (bytes + HEAD + page) & ~page;
    if (whole < bytes || __atomic_load_n(&broken, __ATOMIC_RELAXED))
        return NULL;
    mt_os_hold_signals(&mask); /* base/own.h has a lock, too */
    struct slab *slab = map(whole);
    mt_os_release_signals(&mask);
    return slab ? (char *)slab + HEAD : NULL;
}

static void give_back(struct slab *slab)
{
    uint64_t mask;
    mt_os_hold_signals(&mask);
    mt_meta_unmap(slab, slab->bytes);
    mt_os_release_signals(&mask);
}

void *mt_meta_alloc(size_t bytes)
{
    void *block = NULL;
    uint64_t mask;
    if (bytes > SMALL)
        return take_big(bytes);
    if (!enter(&mask))
        return NULL;
    block = take_small(bytes);
    leave(&mask);
    return block ? memset(block, 0, bytes) : NULL;
}

void mt_meta_free(void *block)
{
    uint64_t mask;
    if (!block)
        return;
    struct slab *slab = slab_of(block);
    if (slab->size) {
        if (!enter(&mask))
            return;
        slab = give_small(slab, block);
        leave(&mask);
    }
    if (slab)
        give_back(slab);
}

void *mt_meta_grow(void *block, size_t old_bytes, size_t new_bytes)
{
    if (!block)
        return mt_meta_alloc(new_bytes);
    if (new_bytes <= old_bytes)
        return block;
    const struct slab *slab = slab_of(block);
    size_t has = slab->size ? slab->size : slab->bytes - HEAD;
    if (new_bytes <= has)
        return memset((char *)block + old_bytes, 0, new_bytes - old_bytes) ? block : NULL;
    void *moved = mt_meta_alloc(new_bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, old_bytes);
    mt_meta_free(block);
    return moved;
}

uint32_t mt_meta_alloc_some(void **blocks, uint32_t count, size_t bytes)
{
    uint32_t n = 0;
    while (n < count && (blocks[n] = mt_meta_alloc(bytes)))
        n++;
    return n;
}

void mt_meta_free_chain(void *first)
{
    for (void *block = first, *next; block; block = next) {
        next = *(void **)block;
        mt_meta_free(block);
    }
}

/* Each call costs no more within. */
void mt_meta_hold(void)
{
}

void mt_meta_release(void)
{
}

/* No handler of the program's runs while a thread is inside, so nobody can leave by a jump. */
void mt_meta_jumped(void)
{
}

void mt_meta_alone(bool now)
{
    alone = now;
}

/* Whether other threads of the parent may have been in the middle of a change. */
static bool others(void)
{
    return mt_shared() && !alone;
}

void mt_meta_forked_inside(void)
{
    broken = broken || others();
    mt_lock_forget(&lock);
}

void mt_meta_child(void)
{
    mt_meta_torn = broken || others();
    alone = false;
    mt_lock_forget(&lock);
    if (!mt_meta_torn)
        return;
    memset(slabs, 0, sizeof slabs);
    spare = NULL;
    broken = false;
}
