/* SPDX-License-Identifier: MIT
 *
 * Two threads enter frames whose places in the table are the same, at once: each gets the number of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"

#include "../../interpose/log/intern.c"

/* What intern.c needs of the others. */
struct mt_log mt_log;
static uint64_t used = 1;

uint64_t mt_log_reserve(enum mt_region region, uint32_t bytes, uint32_t count)
{
    (void)region;
    (void)bytes;
    uint64_t first = used;
    used += count;
    return first;
}

bool mt_log_record_at(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count,
                      uint64_t *where)
{
    (void)kind;
    (void)pieces;
    (void)count;
    (void)where;
    return false;
}

static const uint64_t mine = 0x401000;
static uint64_t others;
static uint32_t others_frame;

static void enter_others(void)
{
    others_frame = mt_log_frame(MT_FRAME_NATIVE, 1, others);
}

static uint64_t value_of(uint32_t frame)
{
    return ((struct mt_frame_entry *)mt_log.base[MT_REGION_FRAME] + frame)->value;
}

int main(void)
{
    const uint64_t owner_kind = 1u << 8 | MT_FRAME_NATIVE;
    bool there;
    mt_log.base[MT_REGION_FRAME] = calloc(100, sizeof(struct mt_frame_entry));
    mt_log_frame(MT_FRAME_NATIVE, 1, 0x400000); /* makes the table */
    const struct slot *place = find(frames, mine, owner_kind, &there);
    others = mine + 1;
    while (find(frames, others, owner_kind, &there) != place)
        others++;

    race_other = enter_others;
    uint32_t frame = mt_log_frame(MT_FRAME_NATIVE, 1, mine);
    if (race_other || !frame || !others_frame || value_of(frame) != mine ||
        value_of(others_frame) != others) {
        printf("%s: frame %u has value %#lx, should be %#lx; frame %u has %#lx, should be %#lx\n",
               race_other ? "nobody came between" : "wrong", frame, (long)value_of(frame),
               (long)mine, others_frame, (long)value_of(others_frame), (long)others);
        return 1;
    }
    return mt_log_frame(MT_FRAME_NATIVE, 1, mine) != frame;
}
