/* SPDX-License-Identifier: MIT
 *
 * The malloc family of macOS: with and without a zone, with and without a type. THE RULES OF A GUEST stand at the top of
 * hooks/malloc.c; here libSystem's functions take the place of raw system calls, as there are none.
 *
 * operator new and delete are not wrapped. Those of libc++ call malloc and free by way of a tuple, so each is one event, below their own
 * frame; to wrap them the library would have to be linked to libc++, which not every program has. malloc_destroy_zone releases what nobody
 * tells: it stays live.
 */
#include "base/near.h"
#include "hooks/darwin/wrapped.h"
#include "hooks/moved.h"
#include "tables/account.h"

#define N    size_t n
#define C    size_t count
#define A    size_t align
#define OLD  void *old
#define ZONE struct _malloc_zone_t *zone
#define TYPE unsigned long long type

/* If the original succeeds, the product does not overflow. */
#define ALLOC(symbol, parameters, arguments, bytes)                                                \
    MT_HOT void *mt_hook_##symbol parameters                                                       \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        if (!mt_hooks_work())                                                                      \
            return symbol arguments;                                                               \
        struct mt_thread *t = mt_enter_heap(here.pc, bytes);                                       \
        return mt_allocated(t, &here, symbol arguments, bytes);                                    \
    }

ALLOC(malloc, (N), (n), n)
ALLOC(calloc, (C, N), (count, n), count *n)
ALLOC(aligned_alloc, (A, N), (align, n), n)
ALLOC(valloc, (N), (n), n)
ALLOC(malloc_zone_malloc, (ZONE, N), (zone, n), n)
ALLOC(malloc_zone_calloc, (ZONE, C, N), (zone, count, n), count *n)
ALLOC(malloc_zone_valloc, (ZONE, N), (zone, n), n)
ALLOC(malloc_zone_memalign, (ZONE, A, N), (zone, align, n), n)
ALLOC(malloc_type_malloc, (N, TYPE), (n, type), n)
ALLOC(malloc_type_calloc, (C, N, TYPE), (count, n, type), count *n)
ALLOC(malloc_type_aligned_alloc, (A, N, TYPE), (align, n, type), n)
ALLOC(malloc_type_valloc, (N, TYPE), (n, type), n)
ALLOC(malloc_type_zone_malloc, (ZONE, N, TYPE), (zone, n, type), n)
ALLOC(malloc_type_zone_calloc, (ZONE, C, N, TYPE), (zone, count, n, type), count *n)
ALLOC(malloc_type_zone_valloc, (ZONE, N, TYPE), (zone, n, type), n)
ALLOC(malloc_type_zone_memalign, (ZONE, A, N, TYPE), (zone, align, n, type), n)

#define MEMALIGN(symbol, parameters, arguments)                                                    \
    int mt_hook_##symbol parameters                                                                \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        if (!mt_hooks_work())                                                                      \
            return symbol arguments;                                                               \
        struct mt_thread *t = mt_enter_heap(here.pc, n);                                           \
        int error = symbol arguments;                                                              \
        mt_allocated(t, &here, error ? NULL : *out, n);                                            \
        return error;                                                                              \
    }

MEMALIGN(posix_memalign, (void **out, A, N), (out, align, n))
MEMALIGN(malloc_type_posix_memalign, (void **out, A, N, TYPE), (out, align, n, type))

/* A size of 0 leaves a block of no size. `released`: whether the old block is gone if there is no new one. */
#define RESIZE(symbol, parameters, arguments, bytes, released)                                     \
    MT_HOT void *mt_hook_##symbol parameters                                                       \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        if (!mt_hooks_work())                                                                      \
            return symbol arguments;                                                               \
        struct mt_move m = mt_move_begin(&here, old, bytes);                                       \
        return mt_move_end(&m, &here, old, symbol arguments, bytes, released);                     \
    }

RESIZE(realloc, (OLD, N), (old, n), n, false)
RESIZE(reallocf, (OLD, N), (old, n), n, true)
RESIZE(malloc_zone_realloc, (ZONE, OLD, N), (zone, old, n), n, false)
RESIZE(malloc_type_realloc, (OLD, N, TYPE), (old, n, type), n, false)
RESIZE(malloc_type_zone_realloc, (ZONE, OLD, N, TYPE), (zone, old, n, type), n, false)

#define FREE(symbol, parameters, arguments)                                                        \
    MT_HOT void mt_hook_##symbol parameters                                                        \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        struct mt_thread *t = old && mt_hooks_work() ? mt_enter_heap(here.pc, MT_RELEASE) : NULL;  \
        if (t)                                                                                     \
            mt_releasing(t, &here, old);                                                           \
        symbol arguments;                                                                          \
        if (t)                                                                                     \
            mt_leave(t);                                                                           \
    }

FREE(free, (OLD), (old))
FREE(malloc_zone_free, (ZONE, OLD), (zone, old))
FREE(malloc_type_free, (OLD, TYPE), (old, type))
FREE(malloc_type_zone_free, (ZONE, OLD, TYPE), (zone, old, type))

/* Each block is an allocation of its own. */
unsigned mt_hook_malloc_zone_batch_malloc(ZONE, N, void **blocks, unsigned wanted)
{
    MT_HERE(here);
    struct mt_thread *t = mt_hooks_work() ? mt_enter_heap(here.pc, n) : NULL;
    unsigned got = malloc_zone_batch_malloc(zone, n, blocks, wanted);
    if (!t)
        return got;
    int keep = errno;
    mt_tables_open();
    for (unsigned i = 0; i < got; i++)
        mt_account_block(t, &here, blocks[i], n);
    errno = keep;
    mt_leave(t);
    return got;
}

void mt_hook_malloc_zone_batch_free(ZONE, void **blocks, unsigned count)
{
    MT_HERE(here);
    struct mt_thread *t = mt_hooks_work() ? mt_enter_heap(here.pc, MT_RELEASE) : NULL;
    for (unsigned i = 0; t && i < count; i++)
        if (blocks[i])
            mt_releasing(t, &here, blocks[i]);
    malloc_zone_batch_free(zone, blocks, count);
    if (t)
        mt_leave(t);
}
