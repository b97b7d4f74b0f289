/* SPDX-License-Identifier: MIT
 *
 * Linux and glibc; for musl see bounds_musl.c. The dynamic linker knows the top of the main thread's stack; other threads have
 * their descriptor on top of their stack. pthread_getattr_np is out of the question: it holds a
 * lock while it allocates.
 */
#include "base/libc.h"
#include "os/call.h"
#include "unwind/bounds.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unwind/arch.h"
#include "unwind/bounds_musl.h"

#define PAGE 4096u

/* The kernel keeps at least this much free below the main stack, so what lies further down is
 * another one. */
#define MAIN_REACH (127ul << 20)
/* The thread's descriptor and what lies above it take less than this. */
#define TLS_MOST (64ul << 20)
/* No stack is larger. */
#define STACK_MOST (1ul << 40)

extern void *__libc_stack_end __attribute__((weak));

/* Ask the kernel for an operation that does not exist: it copies the signal set in before it
 * refuses. Every program makes this call, so sandboxes let it pass; they may not let
 * process_vm_readv pass. */
static bool readable(uintptr_t address)
{
    int saved = errno;
    bool yes = mt_os_call(SYS_rt_sigprocmask, ~0L, address, NULL, 8) < 0 && errno == EINVAL;

    errno = saved;
    return yes;
}

/* A filter does not let the kernel be asked (os/call.h). */
static bool blind(void)
{
    return mt_os_filtered() && !mt_os_passes(SYS_rt_sigprocmask);
}

/* The thread whose stack the kernel made, by its descriptor. A fork child's only thread may be another one, though it has
 * the process's id. */
static uintptr_t main_descriptor;

void mt_bounds_begin_process(void)
{
    if (!main_descriptor && mt_os_call(SYS_gettid) == mt_os_call(SYS_getpid))
        main_descriptor = mt_arch_thread_pointer();
    if (!mt_libc_is_glibc())
        mt_bounds_musl_begin();
}

/* Where the stack of a thread that libc made begins. Its descriptor has the place and the size of the stack, and then of its
 * guard, and lies in that stack itself: there is no other way to ask without a lock. Below may be other stacks, of coroutines for
 * instance, which come and go. UINTPTR_MAX: not found. */
static uintptr_t find_floor(uintptr_t pointer)
{
    uintptr_t at = pointer + MT_ARCH_DESCRIPTOR, end = at + MT_ARCH_DESCRIPTOR_BYTES;

    if (!mt_bounds_there(at) || !mt_bounds_there(end - 1)) /* within the thread's descriptor */
        return UINTPTR_MAX;
    for (; at + 3 * sizeof(uintptr_t) <= end; at += sizeof(uintptr_t)) {
        uintptr_t block = mt_bounds_word(at);
        uintptr_t bytes = mt_bounds_word(at + sizeof(uintptr_t));
        uintptr_t guard = mt_bounds_word(at + 2 * sizeof(uintptr_t));

        /* The descriptor also has pairs of a small number and an address, of thread-specific data. */
        if (block >= PAGE && bytes < STACK_MOST && block < pointer && pointer - block < bytes &&
            bytes - (pointer - block) < TLS_MOST && guard < bytes && guard % PAGE == 0)
            return block + guard;
    }
    return UINTPTR_MAX;
}

static void find_top(struct mt_bounds *bounds)
{
    uintptr_t pointer = mt_arch_thread_pointer(), top = pointer & ~(uintptr_t)7;
    bool main_thread = pointer == main_descriptor;

    if (main_thread && &__libc_stack_end && __libc_stack_end)
        top = ((uintptr_t)__libc_stack_end + PAGE) & ~(uintptr_t)(PAGE - 1);
    else if (main_thread && mt_bounds_musl_main(&bounds->end))
        top = (bounds->end + PAGE) & ~(uintptr_t)(PAGE - 1);
    if (main_thread)
        bounds->floor = top - MAIN_REACH;
    else if (!mt_libc_is_glibc() && mt_bounds_musl_thread(pointer, &bounds->floor, &top))
        bounds->end = top;
    else
        bounds->floor = find_floor(pointer);
    bounds->top = bounds->low = top;
}

bool mt_bounds_extend(struct mt_bounds *bounds, uintptr_t sp)
{
    if (!bounds->top)
        find_top(bounds);
    if (sp >= bounds->top || sp < bounds->floor)
        return false;
    while (sp < bounds->low) {
        uintptr_t page = (bounds->low - 1) & ~(uintptr_t)(PAGE - 1);

        /* Between `floor` and the top of the main thread's stack there is nothing else, and the program is there. */
        if (!readable(page) && !(blind() && bounds->top - bounds->floor == MAIN_REACH)) {
            bounds->floor = bounds->low;
            return false;
        }
        bounds->low = page;
    }
    return true;
}

bool mt_bounds_there(uintptr_t address)
{
    return blind() || readable(address & ~(uintptr_t)(PAGE - 1));
}

bool mt_bounds_peek(struct mt_bounds *bounds, uintptr_t address, uintptr_t *word)
{
    uintptr_t page = address & ~(uintptr_t)(PAGE - 1);

    if (address & 7)
        return false;
    if (page != bounds->checked) {
        if (page == 0 || !readable(page))
            return false;
        bounds->checked = page;
    }
    *word = mt_bounds_word(address);
    return true;
}

__attribute__((no_sanitize("address", "thread"))) bool mt_bounds_copy(uintptr_t address,
                                                                      uint8_t *to, unsigned bytes)
{
    uintptr_t last = (address + bytes - 1) & ~(uintptr_t)(PAGE - 1);

    if (!readable(address & ~(uintptr_t)(PAGE - 1)) || !readable(last))
        return false;
    for (unsigned i = 0; i < bytes; i++)
        to[i] = ((const volatile uint8_t *)address)[i];
    return true;
}
