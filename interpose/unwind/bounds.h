/* SPDX-License-Identifier: MIT
 *
 * Which memory a walk may read: the calling thread's own stack without a check, anything else page
 * by page after asking the kernel. The file is chosen by system: bounds_linux.c.
 */
#ifndef MT_UNWIND_BOUNDS_H
#define MT_UNWIND_BOUNDS_H

#include <stdbool.h>
#include <stdint.h>

struct mt_bounds {
    /* [low, top) is the thread's own stack: every page was seen mapped, and stays so while it runs */
    uintptr_t low;
    uintptr_t top;   /* 0: not looked for yet */
    uintptr_t floor; /* the thread's own stack does not reach below this; 0: not known */
    /* where libc's frames end that start the program or the thread, if nothing describes them; 0: its own tables do */
    uintptr_t end;
    /* the last page that mt_bounds_peek found readable since mt_bounds_begin; 0: none */
    uintptr_t checked;
};

/* To be called at the process's first event, before the first stack is walked, by the thread that makes it: the main thread. Again
 * in a fork child, whichever thread that has; it changes nothing there. */
void mt_bounds_begin_process(void);

/* If `sp` is on the thread's own stack, make [sp, top) readable without a check: `low` is then `sp`
 * at most. False: it is on another stack. Costs a system call for each page that the stack has
 * grown since; keeps errno. */
bool mt_bounds_extend(struct mt_bounds *bounds, uintptr_t sp);

/* True if `sp` is on the thread's own stack. */
static inline bool mt_bounds_own(struct mt_bounds *bounds, uintptr_t sp)
{
    if (__builtin_expect(sp >= bounds->low && sp < bounds->top, 1))
        return true;
    return sp < bounds->floor || (bounds->top && sp >= bounds->top) ? false
                                                                    : mt_bounds_extend(bounds, sp);
}

#define MT_BOUNDS_FIRST                                                                            \
    384u /* bytes that such frames take, with those that a loader called by name gives back */

/* Whether a frame at `sp` that nothing describes is one of libc's first, outside of main or a thread's function: nothing but such
 * frames finds room above it. */
static inline bool mt_bounds_outermost(const struct mt_bounds *bounds, uintptr_t sp)
{
    return sp - bounds->end + MT_BOUNDS_FIRST < 2 * MT_BOUNDS_FIRST;
}

/* Read a word anywhere. False: not mapped, or not aligned. About 0.1 us for each change of page. */
bool mt_bounds_peek(struct mt_bounds *bounds, uintptr_t address, uintptr_t *word);

/* Copy code that a made-up pc may point at. False: not mapped. Asks the kernel twice at most; keeps
 * errno. */
bool mt_bounds_copy(uintptr_t address, uint8_t *to, unsigned bytes);

/* Whether there is memory where a loaded object says so. Where the kernel may not be asked (os/call.h), it is believed. */
bool mt_bounds_there(uintptr_t address);

/* Whether there can be code at `pc` at all. In a frame made by hand, or found by a guessed frame
 * pointer, anything may stand in the place of the return address; and whoever jumps through a wild
 * pointer has that as pc. Processors with five levels of page tables have 56 bits for the program.
 * The kernel maps nothing in the first page (mmap_min_addr). */
static inline bool mt_bounds_code(uintptr_t pc)
{
    return pc - 4096 < ((uintptr_t)1 << 56) - 4096;
}

/* Forget what mt_bounds_peek found: the program ran in between. */
static inline void mt_bounds_begin(struct mt_bounds *bounds)
{
    bounds->checked = 0;
}

/* The same as mt_bounds_word, for many words at once: the compiler may put them in another order. */
typedef uintptr_t __attribute__((may_alias)) mt_bounds_any;
__attribute__((no_sanitize("address", "thread"))) static inline uintptr_t
mt_bounds_look(uintptr_t address)
{
    return *(const mt_bounds_any *)address;
}

/* A word that is known to be readable. It is on the program's own stack, of which the sanitizers'
 * shadow says nothing. */
__attribute__((no_sanitize("address", "thread"))) static inline uintptr_t
mt_bounds_word(uintptr_t address)
{
    return *(const volatile uintptr_t *)address;
}

#endif
