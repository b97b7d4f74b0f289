/* SPDX-License-Identifier: MIT */
#include "hooks/moved.h"

void *mt_move_end(struct mt_move *m, const struct mt_start *here, void *old, void *block,
                  size_t bytes, bool released)
{
    if (!m->t || !old)
        return mt_allocated(m->t, here, block, bytes);
    int keep = errno;
    mt_tables_open();
    if (block) {
        mt_account_moved(m->t, here, m->known ? &m->was : NULL, block, bytes);
    } else if (m->known) {
        mt_account_enter(m->t, here, old, m->was);
        if (released)
            mt_account_free(m->t, here, old);
    }
    if (!m->known && (block || released))
        mt_account_unknown(old);
    errno = keep;
    mt_leave(m->t);
    return block;
}
