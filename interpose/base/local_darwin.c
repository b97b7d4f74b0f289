/* SPDX-License-Identifier: MIT
 *
 * The pieces stand in slabs, which are never given back. A thread's piece is free again in the last round of its keys'
 * destructors. What it allocates or releases after that (another library's destructor in the same round) passes unseen, and is
 * counted by nobody: its key leads to `gone`, whose guard is always set.
 */
#include "base/local_darwin.h"

#include <limits.h>
#include <stddef.h>

#include "base/key.h"
#include "os/os.h"

#define FIRST 64u

struct slab {
    struct slab *next;
    uint32_t count;
    struct mt_locals *pieces;
};

bool mt_locals_made;
pthread_key_t mt_locals_key;

static struct mt_locals first_pieces[FIRST];
static struct slab first = {NULL, FIRST, first_pieces};
static struct mt_locals before = {.lock_self = MT_LOCK_NOBODY}; /* mt_locals_init */
/* Depth 1 is MT_INSIDE (base/guard.h): no event of a caller further in than `frame` is recorded. */
static struct mt_locals gone = {.self = {.depth = 1, .ended = true, .frame = UINTPTR_MAX},
                                .lock_self = MT_LOCK_NOBODY};

static struct mt_locals *take_from(const struct slab *slab)
{
    for (uint32_t i = 0; i < slab->count; i++) {
        struct mt_locals *piece = &slab->pieces[i];
        uint32_t no = 0;
        if (!__atomic_load_n(&piece->taken, __ATOMIC_RELAXED) &&
            __atomic_compare_exchange_n(&piece->taken, &no, 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return piece;
    }
    return NULL;
}

/* One slab more, at the end of the list. NULL: no memory. */
static struct slab *add_slab(struct slab *last)
{
    size_t bytes = mt_os_page();
    struct slab *slab = mt_os_map(bytes), *none = NULL;
    if (!slab)
        return NULL;
    slab->pieces = (struct mt_locals *)(slab + 1);
    slab->count = (uint32_t)((bytes - sizeof *slab) / sizeof *slab->pieces);
    if (__atomic_compare_exchange_n(&last->next, &none, slab, false, __ATOMIC_RELEASE,
                                    __ATOMIC_ACQUIRE))
        return slab;
    mt_os_unmap(slab, bytes); /* another thread was faster */
    return none;
}

static struct mt_locals *take(void)
{
    struct slab *slab = &first, *next;
    struct mt_locals *piece;
    while (!(piece = take_from(slab))) {
        next = __atomic_load_n(&slab->next, __ATOMIC_ACQUIRE);
        if (!next && !(next = add_slab(slab)))
            return NULL;
        slab = next;
    }
    return piece;
}

struct mt_locals *mt_locals_take(void)
{
    if (!mt_locals_made)
        return &before;
    struct mt_locals *piece = take();
    if (!piece)
        return &gone;
    piece->self = (struct mt_guard_state){.thread = NULL};
    piece->critical = piece->aside_here = 0;
    piece->lock_self = MT_LOCK_NOBODY;
    if (pthread_setspecific(mt_locals_key, piece) == 0)
        return piece;
    __atomic_store_n(&piece->taken, 0, __ATOMIC_RELEASE);
    return &gone;
}

/* The destructor. The key is set again for the next round, in which other destructors may have events; how many there were stands
 * in `taken`. */
static void end(void *value)
{
    struct mt_locals *piece = value;
    if (piece == &gone)
        return;
    if (piece->taken < PTHREAD_DESTRUCTOR_ITERATIONS) {
        piece->taken++;
        pthread_setspecific(mt_locals_key, piece);
        return;
    }
    pthread_setspecific(mt_locals_key, &gone);
    __atomic_store_n(&piece->taken, 0, __ATOMIC_RELEASE);
}

bool mt_locals_init(void)
{
    if (!mt_key_reserve() || pthread_key_create(&mt_locals_key, end) != 0)
        return false;
    mt_locals_made = true;
    return true;
}

void mt_locals_forked(void)
{
    const struct mt_locals *mine = mt_locals();
    for (const struct slab *slab = &first; slab; slab = slab->next)
        for (uint32_t i = 0; i < slab->count; i++)
            if (&slab->pieces[i] != mine)
                slab->pieces[i].taken = 0;
}
