/* SPDX-License-Identifier: MIT
 *
 * The timeline of level and resident set, in bounded space; and the growth of the resident set,
 * charged to the stacks between whose events it was seen. Clock and resident set are read when
 * enough bytes have moved, not at each event. Callable with the guard set, by the thread whose part
 * is passed; errno may change.
 */
#ifndef MT_TIMELINE_H
#define MT_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/counters.h"

/* The resident set takes two or three microseconds to read. It is read when the level has changed
 * by this much since the last time. Blocks that come and go by turns, however big, do not change
 * the level. */
#define MT_SAMPLE_CHANGE (1u << 20)
/* Or when so much came and went, or after so many events of the thread. */
#define MT_SAMPLE_MOVED  (64u << 20)
#define MT_SAMPLE_EVENTS 65536u

/* The part of a thread: since its last sample. */
struct mt_timeline {
    uint32_t events;
    bool resident_due; /* read the resident set at the next event */
    uint64_t level;    /* of the process then */
    uint64_t moved;    /* bytes */
};

/* The slow part of mt_timeline_moved. */
void mt_timeline_sample(struct mt_timeline *l, struct mt_counters *c, uint32_t before,
                        uint32_t leaf, uint64_t level);

/* At the end of an event at `leaf` that moved `bytes` and reached `level`. `before`: the leaf of the
 * thread's event before, 0: none. `c`: the same thread's. */
static inline void mt_timeline_moved(struct mt_timeline *l, struct mt_counters *c, uint32_t before,
                                     uint32_t leaf, uint64_t bytes, uint64_t level)
{
    l->moved += bytes;
    if (__builtin_expect(level - l->level + MT_SAMPLE_CHANGE > 2 * MT_SAMPLE_CHANGE ||
                             l->moved >= MT_SAMPLE_MOVED || ++l->events >= MT_SAMPLE_EVENTS,
                         0))
        mt_timeline_sample(l, c, before, leaf, level);
}

/* If resident_due is set: read the resident set, and charge its growth since the last reading to
 * `leaf`, that of the thread's last event. */
void mt_timeline_resident(struct mt_timeline *l, struct mt_counters *c, uint32_t leaf);

/* The process's first reading: what grows from now on is somebody's. */
void mt_timeline_begin(void);
/* A last sample: the process ends. The growth since the last reading is charged to `leaf`, that of
 * the calling thread's last event; `c`: the same thread's. 0 and NULL: it is charged to nobody. In a
 * full log 0 with a thread's `c` is node 0, here and above. */
void mt_timeline_end(struct mt_counters *c, uint32_t leaf);
/* A sample between two periods, before the level's peak begins anew. The growth is charged as by
 * mt_timeline_end, or, if to nobody, with the next reading. */
void mt_timeline_period(struct mt_counters *c, uint32_t leaf);

void mt_timeline_forget(void); /* the child of a fork */

#endif
