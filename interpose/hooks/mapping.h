/* SPDX-License-Identifier: MIT
 *
 * What the hooks on mappings have in common: of map.c, protect.c and shm.c.
 */
#ifndef MT_MAPPING_H
#define MT_MAPPING_H

#include "hooks/event.h"
#include "loader/real.h"
#include "tables/mappings.h"

/* mt_enter for a mapping: an allocator's own, which it makes at its start, in a thread of its own or at
 * exit, is not the program's. */
static inline __attribute__((always_inline)) struct mt_thread *
mt_mapping_enter(const struct mt_start *here)
{
    return mt_real_is_allocator(here->pc) ? NULL : mt_enter();
}

/* The end of [at, at + bytes) as the kernel sees it, or 0: it has none, or `at` is no page's beginning. */
uintptr_t mt_mapping_end(const void *at, size_t bytes);

/* Take the mappings of a range out of the table, into `pieces` (to be freed in any case). False: not possible (no memory): the
 * event is lost, and counted. */
bool mt_mapping_take(const void *at, size_t bytes, struct mt_pieces *pieces);
/* The two halves of it: the process's own, and what the child of a fork has inherited. */
bool mt_mapping_take_own(const void *at, size_t bytes, struct mt_pieces *pieces);
void mt_mapping_take_inherited(const void *at, size_t bytes);

/* Record one event: `gone` goes, and `count` mappings come, all of this class, which is one allocation. They are entered into
 * the table with that class, their units filled in; they may be gone->piece itself. Guard set; errno may change. */
void mt_mapping_record(struct mt_thread *t, const struct mt_start *here,
                       const struct mt_pieces *gone, struct mt_mapping *come, uint32_t count,
                       uint16_t class);

/* An event that only takes away. */
void mt_mapping_gone(struct mt_thread *t, const struct mt_start *here,
                     const struct mt_pieces *gone);

#endif
