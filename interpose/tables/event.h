/* SPDX-License-Identifier: MIT
 *
 * What an event is.
 */
#ifndef MT_EVENT_H
#define MT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/stack.h"

/* One block or piece of a mapping that an event takes away: its counter record, class and size. */
struct mt_gone {
    uint32_t unit;
    uint32_t class;
    uint64_t bytes;
};

/* An event: some memory goes (`gone`, may be none), and some comes (class, bytes). Both in one
 * step, so the level never shows the sum of old and new. */
struct mt_event {
    const struct mt_start *from;
    const struct mt_gone *gone;
    uint32_t gone_count;
    bool comes;
    uint32_t class;
    uint64_t bytes;
};

#endif
