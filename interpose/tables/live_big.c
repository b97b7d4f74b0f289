/* SPDX-License-Identifier: MIT
 *
 * A plain hash under one lock: such blocks are few.
 */
#include "tables/live_big.h"

#include <stddef.h>

#include "base/lock.h"
#include "base/meta.h"

struct big {
    uint64_t block; /* 0: empty */
    uint64_t size;
};

static struct mt_lock lock;
static struct big *bigs;
static uint64_t bigs_mask, bigs_used;

static uint64_t hash_of(uint64_t key)
{
    return key * 0x9e3779b97f4a7c15u;
}

static struct big *find(uint64_t block)
{
    uint64_t at = hash_of(block) >> 32;
    while (bigs[at & bigs_mask].block && bigs[at & bigs_mask].block != block)
        at++;
    return &bigs[at & bigs_mask];
}

/* Under lock. */
static bool enter(uint64_t block, uint64_t size)
{
    if (!bigs || bigs_used * 2 > bigs_mask) {
        uint64_t count = bigs ? (bigs_mask + 1) * 2 : 64, old_count = bigs ? bigs_mask + 1 : 0;
        struct big *old = bigs, *grown = mt_meta_alloc(count * sizeof *grown);
        if (!grown)
            return false;
        bigs = grown;
        bigs_mask = count - 1;
        for (uint64_t i = 0; i < old_count; i++)
            if (old[i].block)
                *find(old[i].block) = old[i];
        mt_meta_free(old);
    }
    struct big *b = find(block);
    bigs_used += !b->block;
    *b = (struct big){block, size};
    return true;
}

/* Under lock. */
static uint64_t take(uint64_t block, uint64_t unknown)
{
    struct big *b = bigs ? find(block) : NULL;
    if (!b || !b->block)
        return unknown;
    uint64_t size = b->size, hole = (uint64_t)(b - bigs);
    for (uint64_t at = (hole + 1) & bigs_mask; bigs[at].block; at = (at + 1) & bigs_mask) {
        uint64_t home = hash_of(bigs[at].block) >> 32;
        if (((at - home) & bigs_mask) >= ((at - hole) & bigs_mask)) {
            bigs[hole] = bigs[at];
            hole = at;
        }
    }
    bigs[hole].block = 0;
    bigs_used--;
    return size;
}

bool mt_live_big_enter(uintptr_t block, uint64_t size)
{
    mt_lock_take(&lock);
    bool ok = enter(block, size);
    mt_lock_drop(&lock);
    return ok;
}

uint64_t mt_live_big_take(uintptr_t block, uint64_t unknown)
{
    mt_lock_take(&lock);
    uint64_t size = take(block, unknown);
    mt_lock_drop(&lock);
    return size;
}

uint64_t mt_live_big_size(uintptr_t block, uint64_t unknown)
{
    mt_lock_take(&lock);
    const struct big *b = bigs ? find(block) : NULL;
    uint64_t size = b && b->block ? b->size : unknown;
    mt_lock_drop(&lock);
    return size;
}

void mt_live_big_inherit(void)
{
    if (mt_meta_torn) {
        bigs = NULL;
        bigs_mask = bigs_used = 0;
    }
    mt_lock_forget(&lock);
}
