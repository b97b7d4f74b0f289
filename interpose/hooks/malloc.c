/* SPDX-License-Identifier: MIT
 *
 * The malloc family.
 *
 * THE RULES OF A GUEST. We are guests in somebody else's program. In all of this tree:
 *
 *   1. No malloc, no stdio, no locale, nothing that might call them. Our own memory comes from base/meta.h.
 *   2. errno after a wrapped function is what the real one left.
 *   3. No lock of ours is held across the real call, nor across any call into the loader or the program, nor while the process
 *      forks. Their order stands in base/lock.h.
 *   4. No thread of ours, no signal handler of ours, no change of the signal mask that the program could
 *      see (base/meta.c holds signals back while it is inside).
 *   5. Only raw system calls, and none that a filter of the program's forbids (os/os.h, os/call.h): libc's wrappers are
 *      cancellation points, or our own wrapped functions. What we map is not locked with the program's memory (hooks/watch.c).
 *   6. Thread-local data is initial-exec and touched behind the guard (base/guard.h). What happens inside
 *      the guard is not seen.
 *   7. Our descriptors are high, closed by exec, and checked before use: the program may have closed them. No library of ours
 *      has one. A program that may have few has them all.
 *   8. A release is recorded before the real call, an allocation after it, so that an address that another
 *      thread gets next is never seen out of order. A call that fails changes nothing.
 *
 *   9. A hook, with all that it calls, takes at most 1,600 bytes of the program's stack, 2,000 under a seccomp filter. What needs more
 *      runs on a stack of ours (base/aside.h). tests/stack_bound.py adds up the frames, tests/hostile/run_stacks.py measures.
 *  10. Nothing in the program is trusted to be as it should: neither its stack nor its unwind tables (unwind/bounds.h, unwind/cfi.h).
 *
 * A breach is a bug, whatever the tests say.
 */
#include <string.h>

#include "base/near.h"
#include "hooks/hooks.h"
#include "hooks/moved.h"

MT_HOT MT_EXPORT void *malloc(size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return mt_boot_alloc(bytes, 16);
    struct mt_thread *t = mt_enter_heap(here.pc, bytes);
    return mt_allocated(t, &here, mt_real.malloc(bytes), bytes);
}

MT_HOT MT_EXPORT void *calloc(size_t count, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known()) {
        /* Boot memory is zero, and is given out once. */
        size_t all;
        return __builtin_mul_overflow(count, bytes, &all) ? NULL : mt_boot_alloc(all, 16);
    }
    struct mt_thread *t = mt_enter_heap(here.pc, count * bytes);
    /* When the real one succeeded the product does not overflow. */
    return mt_allocated(t, &here, mt_real.calloc(count, bytes), count * bytes);
}

/* A block of the boot memory grows: it moves to the program's allocator. */
static void *leave_boot(const void *block, size_t bytes)
{
    void *moved = mt_real.malloc(bytes);
    if (moved)
        memcpy(moved, block, bytes < mt_boot_size(block) ? bytes : mt_boot_size(block));
    return moved;
}

/* realloc, and reallocarray of a product that does not overflow. With 0 bytes the old block is released, where NULL comes back. */
MT_HOT static void *resize(const struct mt_start *here, void *old, size_t bytes)
{
    if (__builtin_expect(mt_boot_owns(old), 0)) {
        struct mt_thread *t = mt_enter_heap(here->pc, bytes);
        return mt_allocated(t, here, leave_boot(old, bytes), bytes);
    }
    struct mt_move m = mt_move_begin(here, old, bytes);
    return mt_move_end(&m, here, old, mt_real.realloc(old, bytes), bytes, !bytes);
}

MT_HOT MT_EXPORT void *realloc(void *block, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return mt_boot_alloc(bytes, 16); /* boot memory never grows */
    return resize(&here, block, bytes);
}

MT_EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
    MT_HERE(here);
    size_t all;
    if (__builtin_mul_overflow(count, bytes, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    if (!mt_real_known())
        return mt_boot_alloc(all, 16);
    return resize(&here, block, all);
}

/* `real`: where the original stands, which is not known before mt_real_known. If it is NULL: free.
 */
static inline void release(const struct mt_start *here, void *block, void (*const *real)(void *))
{
    if (!mt_real_known() || mt_boot_owns(block))
        return;
    void (*original)(void *) = *real ? *real : mt_real.free;
    struct mt_thread *t = block ? mt_enter_heap(here->pc, MT_RELEASE) : NULL;
    if (!t) {
        original(block);
        return;
    }
    mt_releasing(t, here, block);
    original(block);
    mt_leave(t);
}

MT_HOT MT_EXPORT void free(void *block)
{
    MT_HERE(here);
    release(&here, block, &mt_real.free);
}

/* glibc has had none since 2.26. */
MT_EXPORT void cfree(void *block)
{
    MT_HERE(here);
    release(&here, block, &mt_real.cfree);
}

/* C23: the same as free, except that an allocator may trust the size. */
MT_EXPORT void free_sized(void *block, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real.free_sized) {
        release(&here, block, &mt_real.free);
        return;
    }
    struct mt_thread *t = block ? mt_enter_heap(here.pc, MT_RELEASE) : NULL;
    if (t)
        mt_releasing(t, &here, block);
    mt_real.free_sized(block, bytes);
    if (t)
        mt_leave(t);
}

MT_EXPORT void free_aligned_sized(void *block, size_t align, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real.free_aligned_sized) {
        release(&here, block, &mt_real.free);
        return;
    }
    struct mt_thread *t = block ? mt_enter_heap(here.pc, MT_RELEASE) : NULL;
    if (t)
        mt_releasing(t, &here, block);
    mt_real.free_aligned_sized(block, align, bytes);
    if (t)
        mt_leave(t);
}

MT_EXPORT int posix_memalign(void **out, size_t align, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (*out = mt_boot_alloc(bytes, align)) ? 0 : ENOMEM;
    struct mt_thread *t = mt_enter_heap(here.pc, bytes);
    int error = mt_real.posix_memalign(out, align, bytes);
    mt_allocated(t, &here, error ? NULL : *out, bytes);
    return error;
}

MT_EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return mt_boot_alloc(bytes, align);
    struct mt_thread *t = mt_enter_heap(here.pc, bytes);
    return mt_allocated(t, &here, mt_real.aligned_alloc(align, bytes), bytes);
}

MT_EXPORT void *memalign(size_t align, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return mt_boot_alloc(bytes, align);
    struct mt_thread *t = mt_enter_heap(here.pc, bytes);
    return mt_allocated(t, &here, mt_real.memalign(align, bytes), bytes);
}

MT_EXPORT void *valloc(size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return mt_boot_alloc(bytes, 4096);
    struct mt_thread *t = mt_enter_heap(here.pc, bytes);
    return mt_allocated(t, &here, mt_real.valloc(bytes), bytes);
}

MT_EXPORT void *pvalloc(size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return mt_boot_alloc(bytes, 4096);
    struct mt_thread *t = mt_enter_heap(here.pc, bytes);
    /* musl has none; ours can be found all the same. */
    if (!mt_real.pvalloc)
        errno = ENOMEM;
    return mt_allocated(t, &here, mt_real.pvalloc ? mt_real.pvalloc(bytes) : NULL, bytes);
}
