/* SPDX-License-Identifier: MIT
 *
 * A reallocation is one step: what was goes, and what is now comes, in one event.
 */
#ifndef MT_MOVED_H
#define MT_MOVED_H

#include "hooks/event.h"
#include "tables/live.h"

struct mt_move {
    struct mt_thread *t;
    struct mt_live was; /* the old block; unit 0: it is not known */
};

/* Begin the event of a reallocation. Out of the table before the real call: afterwards the old address may be another thread's. */
static inline __attribute__((always_inline)) struct mt_move
mt_move_begin(const struct mt_start *here, void *old, size_t bytes)
{
    struct mt_move m = {.t = mt_enter_heap(here->pc, bytes)};
    if (!m.t || !old)
        return m;
    int keep = errno;
    uint32_t inside = mt_tables_open();
    mt_python_before_release();
    m.was = mt_live_take((uintptr_t)old);
    mt_tables_close(inside);
    errno = keep;
    return m;
}

/* End it: `block` is the new one. `block` NULL: nothing has happened; or, with `released`, the old block is gone. Returns `block`. */
static inline void *mt_move_end(const struct mt_move *m, const struct mt_start *here, void *old,
                                void *block, size_t bytes, bool released)
{
    if (!m->t || !old)
        return mt_allocated(m->t, here, block, bytes);
    int keep = errno;
    mt_tables_open();
    if (block) {
        mt_account_moved(m->t, here, m->was.unit ? &m->was : NULL, block, bytes);
    } else if (m->was.unit) {
        mt_account_enter(m->t, here, old, m->was);
        if (released)
            mt_account_free(m->t, here, old);
    }
    if (!m->was.unit && (block || released))
        mt_account_unknown(old);
    errno = keep;
    mt_leave(m->t);
    return block;
}

#endif
