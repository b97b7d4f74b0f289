/* SPDX-License-Identifier: MIT
 *
 * The C++ operators new and delete. They usually call malloc, but are wrapped all the same: an
 * allocator with its own operators (tcmalloc, jemalloc) calls no malloc, and the call site is the
 * caller of new.
 *
 * The real operators are called by register. Beside the size they take an alignment, a
 * std::nothrow_t by reference, or both. All of these are integers or pointers, and one argument too
 * many does no harm in any calling convention that we run on.
 */
#include <stdlib.h>

#include "base/near.h"
#include "hooks/cxx.h"
#include "hooks/hooks.h"
#include "hooks/nested.h"
#include "tables/account.h"

typedef void delete_function(void *block, uintptr_t a, uintptr_t b);

/* The personality of mt_guarded_new: when an exception passes through its frame (bad_alloc from the
 * real operator), the guard must be undone. That needs no landing pad, so nothing of a C++ or gcc
 * runtime is linked: the search phase (bit 0 of `actions`) and the clean-up phase both go on to the
 * next frame (_URC_CONTINUE_UNWIND). Itanium C++ ABI, 1.5.2. */
__attribute__((used, visibility("hidden"))) int
mt_personality(int version, int actions, uint64_t class, void *exception, void *context);
int mt_personality(int version, int actions, uint64_t class, void *exception, void *context)
{
    (void)version, (void)class, (void)exception, (void)context;
    if (!(actions & 1) && mt_self.depth) {
        struct mt_thread *t = mt_self.thread;
        if (t)
            mt_leave(t);
        else
            mt_self.depth = 0;
    }
    return 8;
}

MT_HOT __attribute__((noinline)) void *mt_guarded_new(struct mt_thread *t,
                                                      const struct mt_start *here,
                                                      mt_new_function *real, size_t recorded,
                                                      size_t bytes, uintptr_t a, uintptr_t b)
{
    __asm__ volatile(".cfi_personality 0x1b, mt_personality");
    return mt_allocated(t, here, real(bytes, a, b), recorded);
}

/* The runtime of a C++ plugin in a C program is out of our sight, but it calls us. */
static __attribute__((noinline)) void find_late(void **real, const char *symbol, uintptr_t caller)
{
    uint32_t depth = mt_self.depth;
    int keep = errno;
    uintptr_t frame = mt_self.frame;
    mt_guard();
    void *found = mt_real_from_caller(symbol, (void *)caller);
    if (found) {
        __atomic_store_n(real, found, __ATOMIC_RELAXED);
        mt_nested_find(caller);
    }
    mt_self.frame = frame;
    mt_self.depth = depth;
    errno = keep;
}

/* There is no operator new anywhere: do what it would do, and call malloc. */
static void *malloc_for_new(struct mt_thread *t, const struct mt_start *here, size_t bytes,
                            uintptr_t align, bool throws)
{
    void *block =
        align ? mt_real.memalign(align, bytes ? bytes : 1) : mt_real.malloc(bytes ? bytes : 1);
    if (!block && throws)
        abort(); /* nobody is there who could throw bad_alloc */
    return mt_allocated(t, here, block, bytes);
}

/* Whether an operator without an alignment is known to do nothing but call malloc or free. */
static inline bool by_malloc(void)
{
    return __builtin_expect(__atomic_load_n(&mt_nested_by_malloc, __ATOMIC_RELAXED), true);
}

/* `plain`: without an alignment. Where malloc fails the real operator tries again: it asks the new handler, and throws. */
#define NEW(symbol, parameters, a, b, align, throws, plain)                                        \
    MT_EXPORT MT_HOT void *symbol parameters                                                       \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        if (!mt_real_known())                                                                      \
            return mt_boot_alloc(bytes, 16);                                                       \
        if (__builtin_expect(!mt_real.symbol, 0))                                                  \
            find_late((void **)&mt_real.symbol, #symbol, here.pc);                                 \
        struct mt_thread *t = mt_enter_new(here.pc, bytes);                                        \
        mt_new_function *real = (mt_new_function *)(uintptr_t)mt_real.symbol;                      \
        if (!real)                                                                                 \
            return malloc_for_new(t, &here, bytes, align, throws);                                 \
        if (plain && by_malloc()) {                                                                \
            void *block = mt_real.malloc(bytes ? bytes : 1);                                       \
            if (__builtin_expect(block != NULL, 1))                                                \
                return mt_allocated(t, &here, block, bytes);                                       \
        }                                                                                          \
        if (!t)                                                                                    \
            return real(bytes, a, b);                                                              \
        return mt_guarded_new(t, &here, real, bytes, bytes, a, b);                                 \
    }

#define BYTES   size_t bytes
#define ALIGN   size_t align
#define NOTHROW const void *nothrow
#define NT      (uintptr_t) nothrow

NEW(_Znwm, (BYTES), 0, 0, 0, true, true)
NEW(_Znam, (BYTES), 0, 0, 0, true, true)
NEW(_ZnwmRKSt9nothrow_t, (BYTES, NOTHROW), NT, 0, 0, false, true)
NEW(_ZnamRKSt9nothrow_t, (BYTES, NOTHROW), NT, 0, 0, false, true)
NEW(_ZnwmSt11align_val_t, (BYTES, ALIGN), align, 0, align, true, false)
NEW(_ZnamSt11align_val_t, (BYTES, ALIGN), align, 0, align, true, false)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (BYTES, ALIGN, NOTHROW), align, NT, align, false, false)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (BYTES, ALIGN, NOTHROW), align, NT, align, false, false)

static inline __attribute__((always_inline)) void release(const struct mt_start *here, void *block,
                                                          delete_function *real, uintptr_t a,
                                                          uintptr_t b, bool plain)
{
    if (!block || !mt_real_known() || mt_boot_owns(block))
        return;
    struct mt_thread *t = mt_enter_as(MT_IN_DELETE, here->pc, MT_RELEASE);
    if (t)
        mt_releasing(t, here, block);
    if (!real || (plain && by_malloc()))
        mt_real.free(block);
    else
        real(block, a, b);
    if (t)
        mt_leave(t);
}

#define DELETE(symbol, parameters, a, b, plain)                                                    \
    MT_EXPORT MT_HOT void symbol parameters                                                        \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        if (__builtin_expect(!mt_real.symbol, 0))                                                  \
            find_late((void **)&mt_real.symbol, #symbol, here.pc);                                 \
        release(&here, block, (delete_function *)(uintptr_t)mt_real.symbol, a, b, plain);          \
    }

#define BLOCK void *block

DELETE(_ZdlPv, (BLOCK), 0, 0, true)
DELETE(_ZdaPv, (BLOCK), 0, 0, true)
DELETE(_ZdlPvm, (BLOCK, BYTES), bytes, 0, true)
DELETE(_ZdaPvm, (BLOCK, BYTES), bytes, 0, true)
DELETE(_ZdlPvRKSt9nothrow_t, (BLOCK, NOTHROW), NT, 0, true)
DELETE(_ZdaPvRKSt9nothrow_t, (BLOCK, NOTHROW), NT, 0, true)
DELETE(_ZdlPvSt11align_val_t, (BLOCK, ALIGN), align, 0, false)
DELETE(_ZdaPvSt11align_val_t, (BLOCK, ALIGN), align, 0, false)
DELETE(_ZdlPvmSt11align_val_t, (BLOCK, BYTES, ALIGN), bytes, align, false)
DELETE(_ZdaPvmSt11align_val_t, (BLOCK, BYTES, ALIGN), bytes, align, false)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (BLOCK, ALIGN, NOTHROW), align, NT, false)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (BLOCK, ALIGN, NOTHROW), align, NT, false)
