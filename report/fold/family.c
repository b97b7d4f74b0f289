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
    *member = (struct member){.log = name, .parent = SIZE_MAX, .before = SIZE_MAX};
    if (log_read(&log, name)) {
        struct model model;
        model_make(&model, &log, ALL_PERIODS);
        member->command = command_text(&log);
        member->pid = log.header.pid;
        member->parent_pid = log.header.parent_pid;
        member->start = log.header.start_real;
        member->began = log_began(&log);
        member->exact = log.header.start_exact;
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

/* The log before it of the process with this number, by time. */
static void member_chain(struct family *family, struct map *latest, size_t place)
{
    size_t index = family->by_time[place];
    struct member *member = &family->members[index];
    if (!member->own.processes)
        return;
    if (!member->pid) /* merged or imported: it is of no process */
        return;
    uint32_t *same = map_at(latest, (uint32_t)member->pid);
    member->before = *same ? *same - 1 : SIZE_MAX;
    *same = (uint32_t)index + 1;
    if (member->before == SIZE_MAX)
        return;
    const struct member *before = &family->members[member->before];
    if (!before->exited && before->parent_pid == member->parent_pid) {
        member->parent = member->before;
        member->exec = true;
    }
}

/* Whether the process of `parent` was there when that of `child` was started, and whether that log was being written then. The
 * time at which a process was started is mostly known to 10 ms only; no number comes again so soon. */
#define COARSE 10000000u /* ns */

static bool was_there(const struct member *parent, const struct member *child)
{
    return parent->began <= child->began + 2 * COARSE;
}

static bool was_written(const struct member *parent, const struct member *child)
{
    uint64_t at = child->began + (child->exact ? 0 : COARSE);
    return parent->start <= at && parent->start <= child->start;
}

/* From the latest log with its parent's number back to the one that was being written when it was started; if the process had
 * begun, but none of its logs, to the first one. */
static void member_place(struct family *family, struct map *latest, size_t index)
{
    struct member *member = &family->members[index];
    if (!member->own.processes || member->exec || member->parent_pid == member->pid ||
        !member->parent_pid)
        return;
    size_t found = SIZE_MAX, at = *map_at(latest, (uint32_t)member->parent_pid);
    for (at = at ? at - 1 : SIZE_MAX; at != SIZE_MAX; at = family->members[at].before) {
        if (!was_there(&family->members[at], member))
            continue;
        if (found != SIZE_MAX && !family->members[found].exec)
            break; /* an earlier process of that number */
        found = at;
        if (was_written(&family->members[at], member))
            break;
    }
    member->parent = found;
}

/* Each after its parent; the first of a circle that is met loses its parent. */
static void family_order(struct family *family)
{
    enum { UNSEEN, MET, PLACED };
    unsigned char *state = base_alloc(family->count, 1);
    size_t *path = base_alloc(family->count, sizeof *path), placed = 0;
    for (size_t place = 0; place < family->count; place++) {
        size_t depth = 0, at = family->by_time[place];
        while (at != SIZE_MAX && state[at] == UNSEEN) {
            state[at] = MET;
            path[depth++] = at;
            size_t parent = family->members[at].parent;
            if (parent != SIZE_MAX && state[parent] == MET)
                parent = family->members[at].parent = SIZE_MAX;
            at = parent;
        }
        while (depth > 0) {
            state[path[--depth]] = PLACED;
            family->inward[placed++] = path[depth];
        }
    }
    free(path);
    free(state);
}

/* ---- an earlier run ---- */

/* Of the name "app.2.mt" that of "app.mt", to be freed; NULL: it is no such name. */
static char *name_without_number(const char *name)
{
    const char *slash = strrchr(name, '/'), *end = strrchr(name, '.'), *number = end;
    const char *base = slash ? slash + 1 : name;
    while (number && number > base && number[-1] >= '0' && number[-1] <= '9')
        number--;
    if (!end || number == end || number <= base + 1 || number[-1] != '.')
        return NULL;
    size_t front = (size_t)(number - 1 - name);
    char *whole = base_copy(name, strlen(name));
    memmove(whole + front, end, strlen(end) + 1);
    return whole;
}

static size_t root_of(const struct family *family, size_t index)
{
    while (family->members[index].parent != SIZE_MAX)
        index = family->members[index].parent;
    return index;
}

/* `memtrace run -o app.mt` takes the place of app.mt alone: what its children left the time before stays beside it. */
static void family_mark_earlier(struct family *family)
{
    struct strings names = {0};
    size_t *of_name = base_alloc(2 * family->count + 1, sizeof *of_name); /* from 1; 0: none */
    for (size_t i = 0; i < family->count; i++) {
        const char *name = family->members[i].log;
        of_name[strings_add(&names, name, strlen(name))] = i + 1;
    }
    for (size_t i = 0; i < family->count; i++) {
        struct member *member = &family->members[i];
        char *name = member->own.processes ? name_without_number(member->log) : NULL;
        size_t at = name ? of_name[strings_add(&names, name, strlen(name))] : 0;
        if (at) {
            const struct member *now = &family->members[at - 1];
            member->earlier = now->own.processes && member->start < now->start &&
                              root_of(family, i) != root_of(family, at - 1);
        }
        free(name);
    }
    strings_free(&names);
    free(of_name);
}

void family_make(struct family *family, char *const *logs, size_t count)
{
    *family = (struct family){.members = base_alloc(count, sizeof *family->members),
                              .count = count,
                              .by_time = base_alloc(count, sizeof *family->by_time),
                              .inward = base_alloc(count, sizeof *family->inward)};
    for (size_t i = 0; i < count; i++) {
        member_read(&family->members[i], logs[i]);
        family->members[i].all = family->members[i].own;
        family->by_time[i] = i;
        family_add(&family->total, &family->members[i].own);
    }
    qsort_r(family->by_time, count, sizeof *family->by_time, time_order, family->members);
    struct map latest = {0};
    for (size_t place = 0; place < count; place++)
        member_chain(family, &latest, place);
    for (size_t i = 0; i < count; i++)
        member_place(family, &latest, i);
    map_free(&latest);
    family_order(family);
    for (size_t place = count; place-- > 0;) {
        const struct member *member = &family->members[family->inward[place]];
        if (member->parent != SIZE_MAX)
            family_add(&family->members[member->parent].all, &member->all);
    }
    family_mark_earlier(family);
}

void family_free(struct family *family)
{
    for (size_t i = 0; i < family->count; i++)
        free(family->members[i].command);
    free(family->members);
    free(family->by_time);
    free(family->inward);
    *family = (struct family){0};
}
