/* SPDX-License-Identifier: MIT
 *
 * The complete unwinder of others, the oracle of the tests, and used where the loader can't be asked without a lock: libunwind, loaded by dlopen into a scope of its own. It must not be a
 * linked dependency: its exported _Unwind_* functions would then be found before libgcc's by C++
 * plugins, which would throw through them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "format.h"
#include "os/call.h"
#include "unwind/arch.h"
#include "unwind/bounds.h"
#include "unwind/full.h"

#define NAME_OF(symbol)  #symbol
#define NAME(expression) NAME_OF(expression)

#define OWN_FRAMES_MAX 64 /* frames of ours between unw_step and the hook's caller, generously */

static struct {
    int (*getcontext)(unw_context_t *);
    int (*init_local)(unw_cursor_t *, unw_context_t *);
    int (*step)(unw_cursor_t *);
    int (*get_reg)(unw_cursor_t *, unw_regnum_t, unw_word_t *);
    int (*set_caching_policy)(unw_addr_space_t, unw_caching_policy_t);
    unw_accessors_t *(*get_accessors)(unw_addr_space_t);
    unw_addr_space_t *local;
} lib;

static bool usable;
static _Atomic bool warm;
/* Threads inside libunwind. A fork child that finds it nonzero may have inherited one of
 * libunwind's locks in the locked state, and never calls it again. */
static _Atomic uint32_t inside;

static bool load(void)
{
    void *handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return false;
    *(void **)&lib.getcontext = dlsym(handle, MT_ARCH_GETCONTEXT);
    *(void **)&lib.init_local = dlsym(handle, NAME(UNW_OBJ(init_local)));
    *(void **)&lib.step = dlsym(handle, NAME(UNW_OBJ(step)));
    *(void **)&lib.get_reg = dlsym(handle, NAME(UNW_OBJ(get_reg)));
    *(void **)&lib.set_caching_policy = dlsym(handle, NAME(UNW_OBJ(set_caching_policy)));
    *(void **)&lib.get_accessors = dlsym(handle, NAME(unw_get_accessors));
    *(void **)&lib.local = dlsym(handle, NAME(UNW_OBJ(local_addr_space)));
    if ((MT_ARCH_GETCONTEXT[0] && !lib.getcontext) || !lib.init_local || !lib.step ||
        !lib.get_reg || !lib.set_caching_policy || !lib.get_accessors || !lib.local)
        return false; /* it stays: dlclose is one of our own hooks */
    return true;
}

/* Reads memory for libunwind. Its own way is to write a byte from there to a pipe that it keeps open, under numbers
 * that the program may have closed and given to something else. So nobody may read but by us. */
static __thread struct mt_bounds reading __attribute__((tls_model("initial-exec")));

static int read_for_libunwind(unw_addr_space_t space, unw_word_t address, unw_word_t *word,
                              int write, void *context)
{
    uintptr_t found;

    (void)space, (void)context;
    if (write)
        return -UNW_EREADONLYREG;
    if (address & 7)
        return mt_bounds_copy(address, (uint8_t *)word, sizeof *word) ? 0 : -UNW_EINVAL;
    if (!mt_bounds_peek(&reading, address, &found))
        return -UNW_EINVAL;
    *word = found;
    return 0;
}

__thread bool mt_unwind_no_pipe;

/* Its cache stays off: nothing clears it when the program unloads a library by ways that we don't see, and it then gives
 * wrong frames. The first use of the address space sets it up, and would open the pipe. */
static void warm_up(void)
{
    unw_context_t context;
    unw_cursor_t cursor;

    mt_unwind_no_pipe = true;
    lib.set_caching_policy(*lib.local, UNW_CACHE_NONE);
    mt_arch_getcontext(lib.getcontext, &context);
    lib.init_local(&cursor, &context);
    lib.get_accessors(*lib.local)->access_mem = read_for_libunwind;
    lib.set_caching_policy(*lib.local, UNW_CACHE_NONE);
    mt_unwind_no_pipe = false;
}

bool mt_unwind_full_init(void)
{
    static bool loaded;

    if (!loaded) {
        loaded = true;
        usable = load();
    } else if (atomic_load_explicit(&inside, memory_order_relaxed) != 0) {
        usable = false;
    }
    return usable;
}

bool mt_unwind_full_works(void)
{
    return usable;
}

void mt_unwind_full_flush(void)
{
    /* Its cache is off. */
}

/* It holds signals back while it works, and may open files, by calls of its own: not under a filter that would end the
 * process for it. */
static bool may_work(void)
{
    return usable &&
           (!mt_os_filtered() || (mt_os_passes(SYS_rt_sigprocmask) && mt_os_passes(SYS_openat)));
}

/* Step over our own frames to the hook's caller. */
static bool skip_own(unw_cursor_t *cursor, const struct mt_start *from)
{
    unw_word_t pc, sp;

    for (unsigned i = 0; i < OWN_FRAMES_MAX; i++) {
        if (lib.get_reg(cursor, UNW_REG_IP, &pc) < 0 || lib.get_reg(cursor, UNW_REG_SP, &sp) < 0)
            return false;
        if (sp == from->sp)
            return pc == from->pc;
        if (lib.step(cursor) <= 0)
            return false;
    }
    return false;
}

/* Did a signal interrupt the caller of this frame? libunwind's own answer is about another frame in
 * some versions. */
static bool is_trampoline(uintptr_t pc)
{
    uint8_t code[MT_ARCH_TRAMPOLINE_BYTES];

    return mt_bounds_copy(pc, code, sizeof code) && mt_arch_is_trampoline(code);
}

/* All frames from the cursor outward are put behind the ones that stand in `stack`, innermost
 * first. The cut. */
static uint32_t step_all(unw_cursor_t *cursor, struct mt_stack *stack, uint32_t before)
{
    uint32_t n = before;
    unw_word_t pc, sp;
    bool exact = false;
    int left;

    for (;;) {
        if (lib.get_reg(cursor, UNW_REG_IP, &pc) < 0 || lib.get_reg(cursor, UNW_REG_SP, &sp) < 0 ||
            !mt_unwind_reserve(stack, n + 1)) {
            stack->used = n;
            return 2;
        }
        if (n > before && !mt_bounds_code(pc + exact))
            return 2;
        /* A frame that is its own caller: the outer end of a stack that was made by hand. */
        if (n > before && stack->frames[n - 1].pc == pc && stack->frames[n - 1].sp == sp)
            return 0;
        stack->frames[n].pc = pc + exact;
        stack->frames[n].sp = sp;
        stack->used = ++n;
        exact = is_trampoline(pc);
        left = lib.step(cursor);
        if (left <= 0)
            return left < 0 ? 2 : 0;
        if (n - before == MT_DEPTH_MAX)
            return 1;
    }
}

void mt_unwind_full(struct mt_stack *stack, const struct mt_start *from)
{
    unw_context_t context;
    unw_cursor_t cursor;
    int saved_errno = errno;
    uint32_t old = stack->cap ? stack->used : 0;
    uint32_t cut = 2;
    int cancel;

    if (!may_work()) {
        mt_unwind_caller_only(stack, from);
        return;
    }
    /* libunwind may open files: a cancellation point. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    atomic_fetch_add_explicit(&inside, 1, memory_order_relaxed);
    /* Most programs never come here, so they don't pay for it. */
    if (!atomic_exchange_explicit(&warm, true, memory_order_relaxed))
        warm_up();
    mt_bounds_begin(&reading);
    mt_arch_getcontext(lib.getcontext, &context);
    if (lib.init_local(&cursor, &context) == 0 && skip_own(&cursor, from))
        cut = step_all(&cursor, stack, old);
    atomic_fetch_sub_explicit(&inside, 1, memory_order_relaxed);
    pthread_setcancelstate(cancel, NULL);
    if (stack->used > old)
        mt_unwind_settle(stack, old, cut);
    else
        mt_unwind_caller_only(stack, from);
    errno = saved_errno;
}
