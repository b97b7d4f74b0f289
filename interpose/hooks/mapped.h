/* SPDX-License-Identifier: MIT
 *
 * mmap, munmap and mprotect, whatever the system: map.c, protect.c, darwin/map.c.
 */
#ifndef MT_MAPPED_H
#define MT_MAPPED_H

#include "hooks/mapping.h"

typedef void *mt_mmap_function(void *, size_t, int, int, int, off_t);

/* Where it is mapped: `bytes` from `at` on. */
static inline void mt_mapping_place(struct mt_mapping *m, const void *at, size_t bytes)
{
    m->start = (uintptr_t)at;
    m->end = m->start + bytes;
}

/* Call `real`, as mmap, and record it. */
void *mt_mapped(const struct mt_start *here, mt_mmap_function *real, void *at, size_t bytes,
                int prot, int flags, int fd, off_t offset);

/* Call `real`, as munmap, and record it. */
int mt_unmapped(const struct mt_start *here, int (*real)(void *, size_t), void *at, size_t bytes);

/* [start, end) has this protection from now on: record what of it becomes usable, or stops being so. errno is kept. */
void mt_protected(struct mt_thread *t, const struct mt_start *here, uintptr_t start, uintptr_t end,
                  int prot);

/* These pages were given back to the system, and their range stays as it is. errno is kept. */
void mt_discarded(struct mt_thread *t, const struct mt_start *here, void *at, size_t bytes);

#endif
