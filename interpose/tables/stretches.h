/* SPDX-License-Identifier: MIT
 *
 * The records of ended stretches (format.h: mt_stretch): of each set of call sites below a frame, with the site before and the
 * site after, the highest rise. Callable with the guard set, by the slot's thread.
 *
 * Bounded: a frame has at most MT_STRETCHES_MAX of them. Beyond, and for sets of too many sites, the frame has one record that
 * tells how high a stretch rose that is in no other record.
 */
#ifndef MT_STRETCHES_H
#define MT_STRETCHES_H

#include <stdint.h>

#include "format.h"

/* Records of one frame. */
#define MT_STRETCHES_MAX 1024u

struct mt_stretch_known;

/* What a thread's slot knows of its records, in private memory. All zero: none yet. */
struct mt_stretches {
    struct mt_stretch_known *known; /* by hash; open addressing */
    uint32_t bits;                  /* log2 of their number */
    uint32_t used;
    uint32_t looked; /* look-ups since they were last added to the process's */
};

/* Stretches that rose by this many bytes at most are not recorded: 0 until many have been looked up, then a growing part of the
 * peak, at most 1/1,024 of it. The highest it ever was stands in the log's header. */
extern int64_t mt_stretches_floor;

/* One that ended below the parent of `site`. `set`: `count` different sites, in any order; 0: all of the frame's. `before`, `after`: the
 * sites, 0: none.
 * `rise` in bytes, above the floor. Without space it is lost, and the frame's bound says so as far as there is space for that. */
void mt_stretches_ended(struct mt_stretches *s, uint32_t site, const uint32_t *set, uint32_t count,
                        uint32_t before, uint32_t after, uint64_t rise);

/* A stretch of this frame is in no record, and rose by at most `rise`. `kind`: MT_STRETCH_LARGE or MT_STRETCH_LOST. */
void mt_stretches_lost(struct mt_stretches *s, uint32_t parent, enum mt_stretch_kind kind,
                       uint64_t rise);

/* Free the slot's private memory (fork child). */
void mt_stretches_forget(struct mt_stretches *s);

/* The floor begins anew, with a new log (fork child). */
void mt_stretches_restart(void);

#endif
