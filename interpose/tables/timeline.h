/* SPDX-License-Identifier: MIT
 *
 * The timeline of level and resident set, in bounded space, and the growth of the resident set
 * charged to the stacks between whose events it was seen. Clock and resident set are read when
 * enough bytes have moved, not at each event.
 */
#ifndef MT_TIMELINE_H
#define MT_TIMELINE_H

#include <stdint.h>

#include "tables/state.h"

/* The resident set costs two or three microseconds to read. It is read when the level has changed by this much since the
 * last time: blocks that come and go by turns, however big, change neither. */
#define MT_SAMPLE_CHANGE (1u << 20)
/* Or after so much came and went, or so many events: of a thread. */
#define MT_SAMPLE_MOVED  (64u << 20)
#define MT_SAMPLE_EVENTS 65536u

/* The slow half of mt_timeline_moved. */
void mt_timeline_sample(struct mt_thread *t, uint64_t level);

/* At the end of an event that moved `bytes` to reach `level`. */
static inline void mt_timeline_moved(struct mt_thread *t, uint64_t bytes, uint64_t level)
{
    t->moved += bytes;
    if (__builtin_expect(level - t->sampled_level + MT_SAMPLE_CHANGE > 2 * MT_SAMPLE_CHANGE ||
                             t->moved >= MT_SAMPLE_MOVED || ++t->unsampled >= MT_SAMPLE_EVENTS,
                         0))
        mt_timeline_sample(t, level);
}

/* Read the resident set and charge its growth since the last reading to the stack of the thread's
 * last event. */
void mt_timeline_resident(struct mt_thread *t);

/* The process's first reading: what grows from now on is somebody's. */
void mt_timeline_begin(void);
/* A last sample: the process ends. What it grew by since the last reading was done after the last event of `t` (the calling
 * thread's; NULL: none). */
void mt_timeline_end(struct mt_thread *t);
/* A sample between two periods, before the level's peak begins anew. */
void mt_timeline_period(void);

void mt_timeline_forget(void); /* fork child */

#endif
