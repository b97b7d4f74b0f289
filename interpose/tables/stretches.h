/* SPDX-License-Identifier: MIT
 *
 * The records of ended stretches (format.h: mt_stretch). Callable with the guard set, by the slot's thread.
 *
 * Bounded: the records of one frame take MT_STRETCHES_BYTES at most. The fuller that is the higher a stretch must rise to have one.
 * Beyond, and for sets of too many sites, the frame has one record that tells how high a stretch rose that is in no other
 * record.
 */
#ifndef MT_STRETCHES_H
#define MT_STRETCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"
#include "format.h"

/* Of one frame in the log. */
#define MT_STRETCHES_BYTES 65536u

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
MT_EXTERN int64_t mt_stretches_floor;

/* Stretches that end together, as in mt_stretch. Rises in bytes, 0 and more. */
struct mt_ended {
    uint32_t before, after;
    uint32_t count; /* at least 1 */
    uint32_t site[MT_STRETCH_SITES + 1];
    uint64_t rise[MT_STRETCH_SITES + 1];
};

/* They ended below the parent of site[0]. Without space they are lost, and the frame's bound says so as far as there is space for that. */
void mt_stretches_ended(struct mt_stretches *s, const struct mt_ended *ended);

/* The same of one of more sites than are known: `kind`: MT_STRETCH_ALL, or a bound, MT_STRETCH_LARGE or MT_STRETCH_LOST. `parent`: the
 * frame. */
void mt_stretches_other(struct mt_stretches *s, uint32_t parent, enum mt_stretch_kind kind,
                        uint64_t rise);

/* Rises of a node that its entry can't hold, in bytes: of all runs, and of those alone (0: of none). The node's record has the highest.
 * False: no space for one. */
bool mt_stretches_node(struct mt_stretches *s, uint32_t node, uint64_t rise, uint64_t alone);

/* Free the slot's private memory (fork child). */
void mt_stretches_forget(struct mt_stretches *s);

/* The floor begins anew, with a new log (fork child). */
void mt_stretches_restart(void);

#endif
