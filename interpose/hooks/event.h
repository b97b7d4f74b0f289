/* SPDX-License-Identifier: MIT
 *
 * What happens to blocks in a hook, whatever the system's functions are.
 */
#ifndef MT_EVENT_HOOK_H
#define MT_EVENT_HOOK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "hooks/here.h"
#include "hooks/enter.h"
#include "hooks/unload.h"
#include "os/os.h"
#include "python/attach.h"
#include "python/interpreter.h"
#include "python/thread.h"
#include "tables/account.h"
#include "unwind/unwind.h"

/* `t` (NULL: not to be recorded) has allocated `block` (NULL: the call failed): record it, and end
 * the event. Returns `block`. */
static inline void *mt_allocated(struct mt_thread *t, const struct mt_start *here, void *block,
                                 size_t bytes)
{
    if (!t)
        return block;
    if (block) {
        int keep = *t->nesting.error;
        mt_tables_open();
        mt_python_check();
        mt_account_block(t, here, block, bytes);
        *t->nesting.error = keep;
    }
    mt_leave(t);
    return block;
}

/* `t` will now release `block`: record it. The event goes on. */
static inline void mt_releasing(struct mt_thread *t, const struct mt_start *here, const void *block)
{
    int keep = *t->nesting.error;
    uint32_t inside = mt_tables_open();
    mt_python_before_release();
    if (__builtin_expect(mt_modules_by_loader(here->pc), 0))
        mt_unload_releases(block);
    mt_account_free(t, here, block);
    mt_tables_close(inside);
    *t->nesting.error = keep;
}

#endif
