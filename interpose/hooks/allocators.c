/* SPDX-License-Identifier: MIT
 *
 * Other allocators' own entry points: jemalloc's, tcmalloc's, mimalloc's. They are looked for when
 * they are first called, since few programs have any.
 *
 * A program may ask by a weak reference whether its allocator has them, and finds ours. If there
 * are no originals, ours work by malloc. sallocx, nallocx, mallctl and the like allocate nothing:
 * they are not wrapped, and say truly whether jemalloc is there.
 */
#include <malloc.h>
#include <string.h>

#include "base/aside.h"
#include "hooks/cxx.h"
#include "hooks/hooks.h"
#include "hooks/moved.h"
#include "tables/live.h"

#define MT_HOOK_LATE(symbol, result, parameters) MT_EXPORT result symbol parameters;
#include "hooks.def"

struct sought {
    void **real;
    bool *sought;
    const char *symbol;
    uintptr_t caller;
};

static void seek_aside(void *sought)
{
    const struct sought *s = sought;
    mt_real_find_own(s->real, s->sought, s->symbol, (void *)s->caller);
}

static __attribute__((noinline)) void seek(void **real, bool *sought, const char *symbol,
                                           uintptr_t caller)
{
    uint32_t depth = mt_self.depth;
    uintptr_t frame = mt_self.frame;
    int keep = errno;
    mt_guard();
    mt_aside(seek_aside, &(struct sought){real, sought, symbol, caller});
    mt_self.frame = frame;
    mt_self.depth = depth;
    errno = keep;
}

#define SEEK(symbol)                                                                               \
    MT_HERE(here);                                                                                 \
    if (__builtin_expect(!__atomic_load_n(&mt_own.symbol##_sought, __ATOMIC_ACQUIRE), 0) &&        \
        mt_real_known())                                                                           \
    seek((void **)&mt_own.symbol, &mt_own.symbol##_sought, #symbol, here.pc)

/* ---- What is done by malloc where there is no such allocator. align 0: any ---- */

static void *plain_alloc(size_t bytes, size_t align, bool zero)
{
    if (!mt_real_known())
        return mt_boot_alloc(bytes, align);
    void *block = align > 16 ? mt_real.memalign(align, bytes) : mt_real.malloc(bytes);
    return block && zero ? memset(block, 0, bytes) : block;
}

static void *plain_resize(void *old, size_t bytes, size_t align, bool zero)
{
    if (!zero && align <= 16)
        return mt_real.realloc(old, bytes);
    void *block = plain_alloc(bytes, align, zero);
    size_t had = old ? malloc_usable_size(old) : 0;
    if (block && old) {
        memcpy(block, old, had < bytes ? had : bytes);
        mt_real.free(old);
    }
    return block;
}

/* ---- Allocations: `count` times `size` ---- */

#define ALLOC(symbol, parameters, arguments, count, size, align, zero)                             \
    MT_EXPORT void *symbol parameters                                                              \
    {                                                                                              \
        SEEK(symbol);                                                                              \
        size_t all = 0;                                                                            \
        bool fits = !__builtin_mul_overflow(count, size, &all);                                    \
        struct mt_thread *t = mt_enter_heap(here.pc, all);                                         \
        void *block = mt_own.symbol ? mt_own.symbol arguments                                      \
                      : fits        ? plain_alloc(all, align, zero)                                \
                                    : NULL;                                                               \
        return mt_allocated(t, &here, block, all);                                                 \
    }

#define N   size_t n
#define C   size_t count
#define A   size_t align
#define O   size_t offset
#define OLD void *old
#define H   void *heap

#define LG_ALIGN(flags) ((flags)&63 ? (size_t)1 << ((flags)&63) : 0)
#define ZERO(flags)     (((flags)&0x40) != 0)

ALLOC(mallocx, (N, int flags), (n, flags), (size_t)1, n, LG_ALIGN(flags), ZERO(flags))
ALLOC(tc_malloc, (N), (n), (size_t)1, n, 0, false)
ALLOC(tc_malloc_skip_new_handler, (N), (n), (size_t)1, n, 0, false)
ALLOC(tc_calloc, (C, N), (count, n), count, n, 0, true)
ALLOC(tc_memalign, (A, N), (align, n), (size_t)1, n, align, false)
ALLOC(tc_valloc, (N), (n), (size_t)1, n, 4096, false)
ALLOC(tc_pvalloc, (N), (n), (size_t)1, n, 4096, false)
ALLOC(mi_memalign, (A, N), (align, n), (size_t)1, n, align, false)
ALLOC(mi_aligned_alloc, (A, N), (align, n), (size_t)1, n, align, false)
ALLOC(mi_valloc, (N), (n), (size_t)1, n, 4096, false)
ALLOC(mi_pvalloc, (N), (n), (size_t)1, n, 4096, false)
ALLOC(mi_new_nothrow, (N), (n), (size_t)1, n, 0, false)
ALLOC(mi_new_aligned_nothrow, (N, A), (n, align), (size_t)1, n, align, false)
ALLOC(mi_zalloc_small, (N), (n), (size_t)1, n, 0, true)

/* Once as mi_NAME, once as mi_heap_NAME with the heap before the other parameters. */
#define BOTH(kind, name, parameters, arguments, ...)                                               \
    kind(mi_##name, (parameters), (arguments), __VA_ARGS__)                                        \
        kind(mi_heap_##name, (H, parameters), (heap, arguments), __VA_ARGS__)
#define COMMA ,

BOTH(ALLOC, malloc, N, n, (size_t)1, n, 0, false)
BOTH(ALLOC, zalloc, N, n, (size_t)1, n, 0, true)
BOTH(ALLOC, malloc_small, N, n, (size_t)1, n, 0, false)
BOTH(ALLOC, calloc, C COMMA N, count COMMA n, count, n, 0, true)
BOTH(ALLOC, mallocn, C COMMA N, count COMMA n, count, n, 0, false)
BOTH(ALLOC, malloc_aligned, N COMMA A, n COMMA align, (size_t)1, n, align, false)
BOTH(ALLOC, zalloc_aligned, N COMMA A, n COMMA align, (size_t)1, n, align, true)
BOTH(ALLOC, calloc_aligned, C COMMA N COMMA A, count COMMA n COMMA align, count, n, align, true)
/* At an offset: what has no such allocator gets a block that is aligned at its beginning. */
BOTH(ALLOC, malloc_aligned_at, N COMMA A COMMA O, n COMMA align COMMA offset, (size_t)1, n, align,
     false)
BOTH(ALLOC, zalloc_aligned_at, N COMMA A COMMA O, n COMMA align COMMA offset, (size_t)1, n, align,
     true)
BOTH(ALLOC, calloc_aligned_at, C COMMA N COMMA A COMMA O, count COMMA n COMMA align COMMA offset,
     count, n, align, true)

static int plain_memalign(void **out, size_t align, size_t bytes)
{
    return mt_real_known() ? mt_real.posix_memalign(out, align, bytes) : ENOMEM;
}

#define MEMALIGN(symbol)                                                                           \
    MT_EXPORT int symbol(void **out, A, N)                                                         \
    {                                                                                              \
        SEEK(symbol);                                                                              \
        struct mt_thread *t = mt_enter_heap(here.pc, n);                                           \
        int error = mt_own.symbol ? mt_own.symbol(out, align, n) : plain_memalign(out, align, n);  \
        mt_allocated(t, &here, error ? NULL : *out, n);                                            \
        return error;                                                                              \
    }
MEMALIGN(tc_posix_memalign)
MEMALIGN(mi_posix_memalign)

/* The size is known afterwards. */
#define COPY(symbol, parameters, arguments, bytes)                                                 \
    MT_EXPORT char *symbol parameters                                                              \
    {                                                                                              \
        SEEK(symbol);                                                                              \
        struct mt_thread *t = mt_enter_heap(here.pc, 0);                                           \
        size_t all = text ? (bytes) : 0;                                                           \
        char *copy = mt_own.symbol ? mt_own.symbol arguments                                       \
                     : text        ? plain_alloc(all + 1, 0, true)                                 \
                                   : NULL;                                                                \
        if (copy && !mt_own.symbol)                                                                \
            memcpy(copy, text, all);                                                               \
        return mt_allocated(t, &here, copy, all + 1);                                              \
    }
COPY(mi_strdup, (const char *text), (text), strlen(text))
COPY(mi_strndup, (const char *text, N), (text, n), strnlen(text, n))
COPY(mi_heap_strdup, (H, const char *text), (heap, text), strlen(text))
COPY(mi_heap_strndup, (H, const char *text, N), (heap, text, n), strnlen(text, n))

/* ---- Operators new that may throw ---- */

#define NEW(symbol, parameters, a, b, c, bytes, align)                                             \
    MT_EXPORT void *symbol parameters                                                              \
    {                                                                                              \
        SEEK(symbol);                                                                              \
        struct mt_thread *t = mt_enter();                                                          \
        mt_new_function *real = (mt_new_function *)(uintptr_t)mt_own.symbol;                       \
        if (!real)                                                                                 \
            return mt_allocated(t, &here, plain_alloc(bytes, align, false), bytes);                \
        return t ? mt_guarded_new(t, &here, real, bytes, a, b, c) : real(a, b, c);                 \
    }
#define NOTHROW const void *nothrow
#define NT      (uintptr_t) nothrow

NEW(tc_new, (N), n, 0, 0, n, 0)
NEW(tc_newarray, (N), n, 0, 0, n, 0)
NEW(tc_new_nothrow, (N, NOTHROW), n, NT, 0, n, 0)
NEW(tc_newarray_nothrow, (N, NOTHROW), n, NT, 0, n, 0)
NEW(tc_new_aligned, (N, A), n, align, 0, n, align)
NEW(tc_newarray_aligned, (N, A), n, align, 0, n, align)
NEW(tc_new_aligned_nothrow, (N, A, NOTHROW), n, align, NT, n, align)
NEW(tc_newarray_aligned_nothrow, (N, A, NOTHROW), n, align, NT, n, align)
NEW(mi_new, (N), n, 0, 0, n, 0)
NEW(mi_new_aligned, (N, A), n, align, 0, n, align)
NEW(mi_new_n, (C, N), count, n, 0, count *n, 0)
NEW(mi_heap_alloc_new, (H, N), (size_t)heap, n, 0, n, 0)
NEW(mi_heap_alloc_new_n, (H, C, N), (size_t)heap, count, n, count *n, 0)

/* ---- Releases ---- */

#define FREE(symbol, parameters, arguments)                                                        \
    MT_EXPORT void symbol parameters                                                               \
    {                                                                                              \
        SEEK(symbol);                                                                              \
        if (!mt_real_known() || mt_boot_owns(old))                                                 \
            return;                                                                                \
        struct mt_thread *t = old ? mt_enter_heap(here.pc, 0) : NULL;                              \
        if (t)                                                                                     \
            mt_releasing(t, &here, old);                                                           \
        if (mt_own.symbol)                                                                         \
            mt_own.symbol arguments;                                                               \
        else                                                                                       \
            mt_real.free(old);                                                                     \
        if (t)                                                                                     \
            mt_leave(t);                                                                           \
    }

FREE(dallocx, (OLD, int flags), (old, flags))
FREE(sdallocx, (OLD, N, int flags), (old, n, flags))
FREE(tc_free, (OLD), (old))
FREE(tc_cfree, (OLD), (old))
FREE(tc_free_sized, (OLD, N), (old, n))
FREE(tc_delete, (OLD), (old))
FREE(tc_delete_sized, (OLD, N), (old, n))
FREE(tc_delete_nothrow, (OLD, NOTHROW), (old, nothrow))
FREE(tc_delete_aligned, (OLD, A), (old, align))
FREE(tc_delete_sized_aligned, (OLD, N, A), (old, n, align))
FREE(tc_delete_aligned_nothrow, (OLD, A, NOTHROW), (old, align, nothrow))
FREE(tc_deletearray, (OLD), (old))
FREE(tc_deletearray_sized, (OLD, N), (old, n))
FREE(tc_deletearray_nothrow, (OLD, NOTHROW), (old, nothrow))
FREE(tc_deletearray_aligned, (OLD, A), (old, align))
FREE(tc_deletearray_sized_aligned, (OLD, N, A), (old, n, align))
FREE(tc_deletearray_aligned_nothrow, (OLD, A, NOTHROW), (old, align, nothrow))
FREE(mi_free, (OLD), (old))
FREE(mi_cfree, (OLD), (old))
FREE(mi_free_size, (OLD, N), (old, n))
FREE(mi_free_aligned, (OLD, A), (old, align))
FREE(mi_free_size_aligned, (OLD, N, A), (old, n, align))

/* ---- Reallocations: one step, as in malloc.c ---- */

#define RESIZE_IN(guarded, symbol, parameters, arguments, count, size, align, zero, released)      \
    MT_EXPORT void *symbol parameters                                                              \
    {                                                                                              \
        guarded;                                                                                   \
        SEEK(symbol);                                                                              \
        size_t all = 0;                                                                            \
        bool fits = !__builtin_mul_overflow(count, size, &all);                                    \
        struct mt_move m = mt_move_begin(&here, old, all);                                         \
        void *block = mt_own.symbol             ? mt_own.symbol arguments                          \
                      : fits && mt_real_known() ? plain_resize(old, all, align, zero)              \
                                                : NULL;                                            \
        return mt_move_end(&m, &here, old, block, all, released);                                  \
    }
#define RESIZE(...) RESIZE_IN((void)0, __VA_ARGS__)
/* May throw: then the guard is undone. */
#define RESIZE_NEW(...)                                                                            \
    RESIZE_IN(__asm__ volatile(".cfi_personality 0x1b, mt_personality"), __VA_ARGS__)

RESIZE(rallocx, (OLD, N, int flags), (old, n, flags), (size_t)1, n, LG_ALIGN(flags), ZERO(flags),
       false)
RESIZE(tc_realloc, (OLD, N), (old, n), (size_t)1, n, 0, false, !n)
RESIZE_NEW(mi_new_realloc, (OLD, N), (old, n), (size_t)1, n, 0, false, false)
RESIZE_NEW(mi_new_reallocn, (OLD, C, N), (old, count, n), count, n, 0, false, false)
RESIZE(mi_reallocarray, (OLD, C, N), (old, count, n), count, n, 0, false, false)
BOTH(RESIZE, realloc, OLD COMMA N, old COMMA n, (size_t)1, n, 0, false, false)
BOTH(RESIZE, reallocf, OLD COMMA N, old COMMA n, (size_t)1, n, 0, false, true)
BOTH(RESIZE, rezalloc, OLD COMMA N, old COMMA n, (size_t)1, n, 0, true, false)
BOTH(RESIZE, reallocn, OLD COMMA C COMMA N, old COMMA count COMMA n, count, n, 0, false, false)
BOTH(RESIZE, recalloc, OLD COMMA C COMMA N, old COMMA count COMMA n, count, n, 0, true, false)
BOTH(RESIZE, realloc_aligned, OLD COMMA N COMMA A, old COMMA n COMMA align, (size_t)1, n, align,
     false, false)
BOTH(RESIZE, rezalloc_aligned, OLD COMMA N COMMA A, old COMMA n COMMA align, (size_t)1, n, align,
     true, false)
BOTH(RESIZE, recalloc_aligned, OLD COMMA C COMMA N COMMA A, old COMMA count COMMA n COMMA align,
     count, n, align, true, false)
BOTH(RESIZE, realloc_aligned_at, OLD COMMA N COMMA A COMMA O, old COMMA n COMMA align COMMA offset,
     (size_t)1, n, align, false, false)
BOTH(RESIZE, rezalloc_aligned_at, OLD COMMA N COMMA A COMMA O, old COMMA n COMMA align COMMA offset,
     (size_t)1, n, align, true, false)
BOTH(RESIZE, recalloc_aligned_at, OLD COMMA C COMMA N COMMA A COMMA O,
     old COMMA count COMMA n COMMA align COMMA offset, count, n, align, true, false)

/* In place, or not at all. */
MT_EXPORT void *mi_expand(OLD, N)
{
    SEEK(mi_expand);
    struct mt_move m = mt_move_begin(&here, old, n);
    return mt_move_end(&m, &here, old, mt_own.mi_expand ? mt_own.mi_expand(old, n) : NULL, n,
                       false);
}

/* In place, to between n and n + extra bytes; returns how many bytes the block has then. If that is
 * what it had, it counts as before. */
MT_EXPORT size_t xallocx(OLD, N, size_t extra, int flags)
{
    static size_t (*usable)(const void *, int);
    static bool usable_sought;
    SEEK(xallocx);
    if (mt_own.xallocx && !__atomic_load_n(&usable_sought, __ATOMIC_ACQUIRE))
        seek((void **)&usable, &usable_sought, "sallocx", here.pc);
    size_t had = usable ? usable(old, flags) : malloc_usable_size(old);
    struct mt_move m = mt_move_begin(&here, old, n);
    size_t has = mt_own.xallocx ? mt_own.xallocx(old, n, extra, flags) : had;
    size_t most = n + extra < n ? SIZE_MAX : n + extra;
    if (has == had)
        mt_move_end(&m, &here, old, NULL, 0, false);
    else
        mt_move_end(&m, &here, old, old, has < most ? has : most, false);
    return has;
}

/* ---- Heaps: what describes one is the allocator's own ---- */

MT_EXPORT void *mi_heap_new(void)
{
    SEEK(mi_heap_new);
    struct mt_thread *t = mt_enter();
    void *heap = mt_own.mi_heap_new ? mt_own.mi_heap_new() : NULL;
    if (t)
        mt_leave(t);
    return heap;
}

/* Its blocks go to another heap. */
MT_EXPORT void mi_heap_delete(H)
{
    SEEK(mi_heap_delete);
    struct mt_thread *t = mt_enter();
    if (mt_own.mi_heap_delete)
        mt_own.mi_heap_delete(heap);
    if (t)
        mt_leave(t);
}

struct destruction {
    struct mt_thread *t;
    const struct mt_start *here;
};

/* mimalloc's mi_block_visit_fun. Blocks of a stricter alignment than usual may begin elsewhere:
 * those stay live. */
static bool destroyed(const void *heap, const void *area, void *block, size_t bytes, void *context)
{
    const struct destruction *d = context;
    struct mt_live was = block ? mt_live_take((uintptr_t)block) : (struct mt_live){0, 0};
    (void)heap, (void)area, (void)bytes;
    if (was.unit) {
        mt_account_enter(d->t, d->here, block, was);
        mt_account_free(d->t, d->here, block);
    }
    return true;
}

MT_EXPORT void mi_heap_destroy(H)
{
    static bool (*visit)(const void *, bool,
                         bool (*)(const void *, const void *, void *, size_t, void *), void *);
    static bool visit_sought;
    SEEK(mi_heap_destroy);
    if (!mt_own.mi_heap_destroy)
        return;
    if (!__atomic_load_n(&visit_sought, __ATOMIC_ACQUIRE))
        seek((void **)&visit, &visit_sought, "mi_heap_visit_blocks", here.pc);
    struct mt_thread *t = mt_enter_heap(here.pc, 0);
    if (t && visit) {
        int keep = errno;
        uint32_t inside = mt_tables_open();
        mt_python_before_release();
        visit(heap, true, destroyed, &(struct destruction){t, &here});
        mt_tables_close(inside);
        errno = keep;
    }
    mt_own.mi_heap_destroy(heap);
    if (t)
        mt_leave(t);
}
