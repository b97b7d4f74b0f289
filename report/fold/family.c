/* SPDX-License-Identifier: MIT */
#include "fold/family.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"
#include "read/model.h"
#include "read/reader.h"

static char *command_text(const struct log *log)
{
    const struct log_text *text = log->argv.bytes ? &log->argv : &log->exe;
    if (!text->bytes)
        return base_copy("(unknown program)", strlen("(unknown program)"));
    size_t bytes = text->bytes < FAMILY_COMMAND_BYTES ? text->bytes : FAMILY_COMMAND_BYTES;
    char *copy = base_copy(text->text, bytes);
    while (bytes && !copy[bytes - 1])
        bytes--;
    for (size_t i = 0; i < bytes; i++)
        if (!copy[i])
            copy[i] = ' ';
    return copy;
}

static void member_read(struct member *member, const char *name)
{
    struct log log;
    *member = (struct member){.log = name, .parent = SIZE_MAX};
    if (log_read(&log, name)) {
        struct model model;
        model_make(&model, &log, ALL_PERIODS);
        member->command = command_text(&log);
        member->pid = log.header.pid;
        member->parent_pid = log.header.parent_pid;
        member->start = log.header.start_real;
        member->exited = log.header.end == LOG_END_EXIT;
        member->own = (struct family_sums){.processes = 1,
                                           .peak = log_peak(&log),
                                           .live = (int64_t)log.header.live,
                                           .allocated = model.total.allocated,
                                           .released = model.total.released,
                                           .allocations = model.total.allocations,
                                           .releases = model.total.releases};
        model_free(&model);
    }
    log_close(&log);
}

static void family_add(struct family_sums *sums, const struct family_sums *more)
{
    sums->processes += more->processes;
    sums->peak += more->peak;
    sums->live = (int64_t)((uint64_t)sums->live + (uint64_t)more->live);
    sums->allocated += more->allocated;
    sums->released += more->released;
    sums->allocations += more->allocations;
    sums->releases += more->releases;
}

/* ---- the tree ---- */

static int time_order(const void *a, const void *b, void *context)
{
    const struct member *members = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    if (members[x].start != members[y].start)
        return members[x].start < members[y].start ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Members come by time, so the latest of a pid so far is the one that was there. */
static void member_place(struct family *family, struct map *latest, size_t place)
{
    size_t index = family->by_time[place];
    struct member *member = &family->members[index];
    if (!member->own.processes)
        return;
    uint32_t *same = map_at(latest, (uint32_t)member->pid);
    if (*same && !family->members[*same - 1].exited &&
        family->members[*same - 1].parent_pid == member->parent_pid) {
        member->parent = *same - 1;
        member->exec = true;
    }
    *same = (uint32_t)index + 1;
    if (member->exec || member->parent_pid == member->pid)
        return;
    uint32_t parent = *map_at(latest, (uint32_t)member->parent_pid);
    if (parent)
        member->parent = parent - 1;
}

void family_make(struct family *family, char *const *logs, size_t count)
{
    *family = (struct family){.members = base_alloc(count, sizeof *family->members),
                              .count = count,
                              .by_time = base_alloc(count, sizeof *family->by_time)};
    for (size_t i = 0; i < count; i++) {
        member_read(&family->members[i], logs[i]);
        family->members[i].all = family->members[i].own;
        family->by_time[i] = i;
        family_add(&family->total, &family->members[i].own);
    }
    qsort_r(family->by_time, count, sizeof *family->by_time, time_order, family->members);
    struct map latest = {0};
    for (size_t place = 0; place < count; place++)
        member_place(family, &latest, place);
    map_free(&latest);
    for (size_t place = count; place-- > 0;) { /* children come after their parents */
        const struct member *member = &family->members[family->by_time[place]];
        if (member->parent != SIZE_MAX)
            family_add(&family->members[member->parent].all, &member->all);
    }
}

void family_free(struct family *family)
{
    for (size_t i = 0; i < family->count; i++)
        free(family->members[i].command);
    free(family->members);
    free(family->by_time);
    *family = (struct family){0};
}
