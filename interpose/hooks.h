/* SPDX-License-Identifier: MIT
 *
 * What the wrapped functions have in common.
 */
#ifndef MT_HOOKS_H
#define MT_HOOKS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "os.h"
#include "python.h"
#include "real.h"
#include "thread.h"
#include "unwind.h"

#define MT_EXPORT __attribute__((visibility("default")))

/* The wrappers' own prototypes: some are in no header, or not in every libc's. */
#define MT_HOOK(symbol, result, parameters) MT_EXPORT result symbol parameters;
#include "hooks.def"

/* The caller of the wrapped function that this stands in: its pc, stack pointer and frame pointer.
 * Needs a frame pointer in the wrapper (-fno-omit-frame-pointer). */
#define MT_HERE_FOR(here, object)                                                                  \
    const struct mt_start here = {                                                                 \
        (uintptr_t)__builtin_return_address(0),                                                    \
        (uintptr_t)__builtin_dwarf_cfa(),                                                          \
        *(const uintptr_t *)__builtin_frame_address(0),                                            \
        object,                                                                                    \
    }
#define MT_HERE(here) MT_HERE_FOR(here, false)

static inline bool mt_real_known(void)
{
    return __builtin_expect(mt_real_ready, true) || mt_real_init();
}

/* An allocation that `t` (NULL: not to be recorded) has made. */
static inline void *mt_allocated(struct mt_thread *t, const struct mt_start *here, void *block,
                                 size_t bytes)
{
    if (!t)
        return block;
    if (block) {
        int keep = errno;
        mt_tables_open();
        mt_account_block(t, here, block, bytes);
        errno = keep;
    }
    mt_leave(t);
    return block;
}

/* A release that `t` is about to make. */
static inline void mt_releasing(struct mt_thread *t, const struct mt_start *here, const void *block)
{
    int keep = errno;
    uint32_t inside = mt_tables_open();
    mt_python_before_release();
    mt_account_free(t, here, block);
    mt_tables_close(inside);
    errno = keep;
}

#endif
