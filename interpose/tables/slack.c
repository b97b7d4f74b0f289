/* SPDX-License-Identifier: MIT
 *
 * The blocks' headers are read by the system, as some may not be there: a signal handler that interrupted a hook may have released a
 * block without our knowing. What is no header of such a block is left out; if that is more than one in a thousand, the allocator is
 * not the one that it looks like (valgrind's, say), and nothing is known.
 *
 * Blocks come page by page (live.c), so most calls read many headers with what lies between them.
 */
#include "tables/slack.h"

#include <string.h>

#include "base/aside.h"
#include "loader/heap.h"
#include "log/log.h"
#include "os/os.h"
#include "tables/live.h"

#define BLOCKS_MOST (1u << 23) /* half a second at most, where they lie apart */
#define AT_ONCE     MT_LIVE_AT_ONCE
#define SPAN_MOST   4096u /* headers further apart are read for themselves */
#define ENTRIES     256u  /* of a record */

struct sum {
    uint64_t bytes;
    uint32_t blocks;
};

struct taking {
    struct sum *of_pair; /* by unit / 2: a record of allocations has an even one */
    unsigned char *room; /* for AT_ONCE spans */
    uint64_t units, blocks, strange;
};

static void add_one(struct taking *taking, uint64_t header, const struct mt_live *live)
{
    uint64_t usable = mt_heap_usable(header, live->size);
    if (!usable || live->unit >= taking->units) {
        taking->strange++;
        return;
    }
    taking->of_pair[live->unit / 2].bytes += usable - live->size;
    taking->of_pair[live->unit / 2].blocks++;
}

/* The next span from the block at `i` on; returns the block behind its last one. */
static uint32_t span_from(const struct mt_live_some *some, uint32_t i, struct mt_os_span *span)
{
    uintptr_t low = mt_heap_header_of(some->block[i]), high = low;
    for (i++; i < some->count; i++) {
        uintptr_t at = mt_heap_header_of(some->block[i]);
        uintptr_t first = at < low ? at : low, last = at > high ? at : high;
        if (last - first > SPAN_MOST - sizeof(uint64_t))
            break;
        low = first;
        high = last;
    }
    *span = (struct mt_os_span){low, high - low + sizeof(uint64_t)};
    return i;
}

/* The blocks from `from` on whose headers lie in this span, which was read to `bytes`. */
static uint32_t add_span(struct taking *taking, const struct mt_live_some *some, uint32_t from,
                         const struct mt_os_span *span, const unsigned char *bytes)
{
    for (; from < some->count; from++) {
        uintptr_t at = mt_heap_header_of(some->block[from]) - span->at;
        uint64_t header;
        if (at >= span->bytes)
            break;
        memcpy(&header, bytes + at, sizeof header);
        add_one(taking, header, &some->live[from]);
    }
    return from;
}

static bool add(const struct mt_live_some *some, void *context)
{
    struct taking *taking = context;
    struct mt_os_span spans[AT_ONCE];
    uint32_t count = 0, block = 0;
    for (uint32_t i = 0; i < some->count; count++)
        i = span_from(some, i, &spans[count]);
    for (uint32_t done = 0; done < count;) {
        size_t got = mt_os_read_spans(spans + done, count - done, taking->room), used = 0;
        for (; done < count && used + spans[done].bytes <= got; used += spans[done++].bytes)
            block = add_span(taking, some, block, &spans[done], taking->room + used);
        if (done == count)
            break;
        while (block < some->count && /* not all of this one is there */
               mt_heap_header_of(some->block[block]) - spans[done].at < spans[done].bytes) {
            uint64_t header = 0;
            mt_os_read_memory(mt_heap_header_of(some->block[block]), &header, sizeof header);
            add_one(taking, header, &some->live[block++]);
        }
        done++;
    }
    taking->blocks += some->count;
    return taking->blocks <= BLOCKS_MOST;
}

static bool write_record(const struct mt_slack *entries, uint32_t count)
{
    uint32_t head[2] = {count, 0};
    struct mt_piece pieces[] = {{head, sizeof head}, {entries, count * sizeof *entries}};
    return mt_log_record(MT_RECORD_SLACK, pieces, 2);
}

static bool write_all(const struct taking *taking)
{
    struct mt_slack entries[ENTRIES];
    uint32_t used = 0;
    for (uint64_t unit = 2; unit < taking->units; unit += 2) {
        const struct sum *sum = &taking->of_pair[unit / 2];
        if (!sum->blocks)
            continue;
        entries[used++] = (struct mt_slack){(uint32_t)unit, sum->blocks, sum->bytes};
        if (used == ENTRIES) {
            if (!write_record(entries, used))
                return false;
            used = 0;
        }
    }
    return !used || write_record(entries, used);
}

static void take(void *unused)
{
    (void)unused;
    if (!mt_heap_known())
        return;
    uint64_t units = __atomic_load_n(&mt_log.header->used[MT_REGION_COUNTER], __ATOMIC_ACQUIRE);
    struct taking taking = {.units = units < 1u << 28 ? units : 1u << 28};
    size_t page = mt_os_page(), bytes = AT_ONCE * SPAN_MOST;
    bytes += ((taking.units + 1) / 2 * sizeof *taking.of_pair + page - 1) / page * page;
    taking.room = mt_os_map(bytes);
    if (!taking.room)
        return;
    taking.of_pair = (struct sum *)(void *)(taking.room + AT_ONCE * SPAN_MOST);
    if (mt_live_each(add, &taking) && taking.strange * 1000 <= taking.blocks && write_all(&taking))
        __atomic_fetch_or(&mt_log.header->flags, MT_FLAG_SLACK, __ATOMIC_RELEASE);
    mt_os_unmap(taking.room, bytes);
}

void mt_slack_take(void)
{
    mt_aside(take, NULL);
}
