/* SPDX-License-Identifier: MIT */
#include "base/aside.h"
#include "base/meta.h"
#include "format.h"
#include "hooks/mapping.h"
#include "log/log.h"
#include "os/os.h"
#include "unwind/arch.h"

uintptr_t mt_mapping_end(const void *at, size_t bytes)
{
    uintptr_t mask = mt_os_page() - 1, start = (uintptr_t)at, end = (start + bytes + mask) & ~mask;
    return !bytes || end <= start || (start & mask) ? 0 : end;
}

bool mt_mapping_take_own(const void *at, size_t bytes, struct mt_pieces *pieces)
{
    uintptr_t end = mt_mapping_end(at, bytes);
    mt_pieces_init(pieces);
    if (!end ||
        mt_mappings_take((uintptr_t)at, end, pieces)) /* no end: the real call will refuse it */
        return true;
    mt_log_dropped(1, 0);
    return false;
}

void mt_mapping_take_inherited(const void *at, size_t bytes)
{
    uintptr_t end = mt_mapping_end(at, bytes);
    if (end)
        mt_account_unmapped((uintptr_t)at, end);
}

bool mt_mapping_take(const void *at, size_t bytes, struct mt_pieces *pieces)
{
    /* The call can only fail now for want of memory in the kernel. */
    mt_mapping_take_inherited(at, bytes);
    return mt_mapping_take_own(at, bytes, pieces);
}

/* It would never be seen released, so it must not stay live. */
static void undo(struct mt_thread *t, const struct mt_start *here, const struct mt_mapping *m)
{
    struct mt_gone back = {m->unit, m->class, m->end - m->start};
    struct mt_event event = {.from = here, .gone = &back, .gone_count = 1};
    mt_account(t, &event);
    mt_log_dropped(1, 0);
}

struct recording {
    struct mt_thread *thread;
    const struct mt_start *here;
    const struct mt_pieces *gone;
    struct mt_mapping *come;
    uint32_t count;
    uint16_t class;
};

static void record(void *recording)
{
    const struct recording *r = recording;
    struct mt_thread *t = r->thread;
    const struct mt_start *here = r->here;
    const struct mt_pieces *pieces = r->gone;
    struct mt_mapping *come = r->come;
    uint32_t come_count = r->count;
    uint16_t class = r->class;
    struct mt_gone own[16], *gone = own;
    uint32_t count = pieces->used;
    uint64_t bytes = 0;
    if (count > sizeof own / sizeof own[0] && !(gone = mt_meta_alloc(count * sizeof *gone))) {
        mt_log_dropped(1, 0);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct mt_mapping *m = &pieces->piece[i];
        gone[i] = (struct mt_gone){m->unit, m->class, m->end - m->start};
    }
    for (uint32_t i = 0; i < come_count; i++)
        bytes += come[i].end - come[i].start;
    if (count || bytes) {
        struct mt_event event = {here, gone, count, bytes != 0, class, bytes};
        uint32_t inside = mt_tables_open();
        uint32_t unit = mt_account(t, &event);
        mt_tables_close(inside);
        for (uint32_t i = 0; unit && i < come_count; i++) {
            come[i].unit = unit;
            come[i].class = class;
            if (!mt_mappings_enter(come[i]))
                undo(t, here, &come[i]);
        }
    }
    if (gone != own)
        mt_meta_free(gone);
}

/* Aside: on the program's stack are the pieces, and the real call costs more than the switch.
 *
 * The unwinder reads the stack as it is, with words that nobody has written yet, and memcheck would tell it of a program
 * that has no error. These hooks are the only ones of ours that it leaves in their places. */
void mt_mapping_record(struct mt_thread *t, const struct mt_start *here,
                       const struct mt_pieces *gone, struct mt_mapping *come, uint32_t count,
                       uint16_t class)
{
    mt_arch_valgrind_quiet(1);
    mt_aside(record, &(struct recording){t, here, gone, come, count, class});
    mt_arch_valgrind_quiet(-1);
}

void mt_mapping_gone(struct mt_thread *t, const struct mt_start *here, const struct mt_pieces *gone)
{
    mt_mapping_record(t, here, gone, NULL, 0, MT_ANON);
}
