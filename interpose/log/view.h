/* SPDX-License-Identifier: MIT
 *
 * Where the log's regions stand in memory.
 *
 * A region is contiguous, and grows: in a view, which is a range of address space that the region's
 * pieces of the file fill from its beginning. When a view is full, the region gets another one, twice
 * as big, in which the same pieces are mapped again, and whoever looks for an entry looks there. The old
 * view stays: both show the same memory, so whoever still has an address in it reads and writes the
 * same entries, without a lock. So address space is taken as the log grows, and is four times the log
 * at most. A limit on address space (RLIMIT_AS) that the program sets is not used up by what may
 * never be needed.
 *
 * All but mt_views_forget and mt_views_leave: by the thread that has mt_log_growing, or while there is one.
 */
#ifndef MT_LOG_VIEW_H
#define MT_LOG_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"

/* Map the header from the beginning of the file `fd`: *header. 0, or -errno: then nothing is mapped. */
int mt_views_begin(int fd, struct mt_header **header);

/* Room for `bytes` of this region in all, of which the pieces in the header's directory are mapped
 * from `fd`. *base: where the region begins from now on, written when the room is there. 0, or
 * -errno: then all is as before. */
int mt_view_room(enum mt_region region, uint64_t bytes, int fd, char **base);

/* Map the region's next piece, which is not yet in the directory, behind the others: there must be
 * room. 0 or -errno. */
int mt_view_extend(enum mt_region region, uint64_t bytes, int fd, uint64_t offset);

/* Map all views from another file, which has the same bytes in the same places. */
bool mt_views_move(int fd);

/* In a fork's child, which does not have the mappings: put a copy of the file's pieces in their
 * places; fd < 0: zeros. False: not even the header could be mapped. */
bool mt_views_copy(int fd);
/* Whether such a copy is in place. */
bool mt_views_copied(void);

/* Call `visit` for the address space of each view, and of the header. */
void mt_views_each(void (*visit)(void *at, size_t bytes));

/* Unmap what is left of the views: by the child of a fork, which does not have the file's mappings.
 * Their places may be somebody else's by now: a thread's stack, say, which libc maps past us. */
void mt_views_forget(void);
/* Unmap the file's pieces: by the child of a fork that has them all the same, as an emulator does. */
void mt_views_leave(void);
/* Unmap all: by the process that has mapped them, before it writes anything. */
void mt_views_end(void);

#endif
