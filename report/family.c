/* SPDX-License-Identifier: MIT */
#include "family.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "map.h"
#include "model.h"
#include "table.h"
#include "terminal.h"

#define COMMAND_BYTES 200u /* of a command line, in the tree */
#define INDENT_MAX    20u  /* levels that are told by blanks */

/* ---- members ---- */

static char *command_text(const struct log *log)
{
    const struct log_text *text = log->argv.bytes ? &log->argv : &log->exe;
    if (!text->bytes)
        return base_copy("(unknown program)", strlen("(unknown program)"));
    size_t bytes = text->bytes < COMMAND_BYTES ? text->bytes : COMMAND_BYTES;
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
        model_make(&model, &log);
        member->command = command_text(&log);
        member->pid = log.header.pid;
        member->parent_pid = log.header.parent_pid;
        member->start = log.header.start_real;
        member->began = log_began(&log);
        member->exited = log.header.end == MT_END_EXIT;
        member->own = (struct family_sums){.processes = 1,
                                           .peak = log_peak(&log),
                                           .live = (int64_t)log.header.level,
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
    uint64_t at = child->began + (child->began & MT_START_EXACT ? 0 : COARSE);
    return parent->start <= at && parent->start <= child->start;
}

/* From the latest log with its parent's number back to the one that was being written when it was started; if the process had
 * begun, but none of its logs, to the first one. */
static void member_place(struct family *family, struct map *latest, size_t index)
{
    struct member *member = &family->members[index];
    if (!member->own.processes || member->exec || member->parent_pid == member->pid)
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

/* ---- output ---- */

static void print_member(const struct member *member, size_t depth, struct table *table)
{
    table_row(table, STYLE_NONE);
    table_cell_mib(table, (int64_t)member->own.peak);
    table_cell_mib(table, member->own.live);
    table_cell_mib(table, (int64_t)member->own.allocated);
    table_cell_count(table, member->own.allocations);
    if (member->all.processes > 1) {
        table_cell_mib(table, (int64_t)member->all.allocated);
        table_cell_count(table, member->all.allocations);
    } else {
        table_cell(table, NULL);
        table_cell(table, NULL);
    }
    char text[COMMAND_BYTES + 2 * INDENT_MAX + 64];
    size_t blanks = 2 * (depth < INDENT_MAX ? depth : INDENT_MAX);
    snprintf(text, sizeof text, "%*s%" PRId32 "%s %s", (int)blanks, "", member->pid,
             member->exec ? " exec" : "", member->command);
    table_cell(table, text);
}

/* Depth first, without recursion: a family may be as deep as it is large. */
static void print_tree(const struct family *family, struct table *table)
{
    size_t none = family->count, *first = base_alloc(none + 1, sizeof *first);
    size_t *next = base_alloc(none + 1, sizeof *next);
    for (size_t i = 0; i <= none; i++)
        first[i] = none;
    for (size_t place = none; place-- > 0;) { /* first[none]: those without a parent */
        size_t index = family->by_time[place];
        size_t parent = family->members[index].parent;
        if (!family->members[index].own.processes)
            continue;
        next[index] = first[parent == SIZE_MAX ? none : parent];
        first[parent == SIZE_MAX ? none : parent] = index;
    }
    size_t depth = 0;
    for (size_t at = first[none]; at != none;) {
        print_member(&family->members[at], depth, table);
        if (first[at] != none) {
            at = first[at];
            depth++;
            continue;
        }
        while (at != none && next[at] == none) {
            at = family->members[at].parent == SIZE_MAX ? none : family->members[at].parent;
            depth -= depth > 0;
        }
        at = at == none ? none : next[at];
    }
    free(first);
    free(next);
}

void family_print(const struct family *family, FILE *out)
{
    static const struct table_column columns[] = {
        {"Peak", 13},       {"Live", 13},        {"Allocated", 13}, {"Allocs", 8},
        {"with below", 13}, {"Allocs below", 8}, {"Process", 0}};
    struct table table;
    fprintf(out, "%sProcesses%s\n", terminal_on(STYLE_TITLE), terminal_off(STYLE_TITLE));
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    print_tree(family, &table);
    table_row(&table, STYLE_TITLE);
    table_cell_mib(&table, (int64_t)family->total.peak);
    table_cell_mib(&table, family->total.live);
    table_cell_mib(&table, (int64_t)family->total.allocated);
    table_cell_count(&table, family->total.allocations);
    table_cell(&table, NULL);
    table_cell(&table, NULL);
    char text[96];
    snprintf(text, sizeof text, "sum of %" PRIu64 " (peaks need not be at the same time)",
             family->total.processes);
    table_cell(&table, text);
    table_finish(&table, out, terminal_cut());
    fputc('\n', out);
}

void family_json(const struct family *family, size_t index, struct json *json)
{
    const struct member *member = &family->members[index];
    const struct family_sums *all = &member->all;
    json_open(json, "family", '{');
    json_string(json, "parent_log",
                member->parent == SIZE_MAX ? NULL : family->members[member->parent].log);
    json_bool(json, "exec", member->exec);
    json_unsigned(json, "logs", all->processes);
    json_unsigned(json, "peak_sum_bytes", all->peak);
    json_signed(json, "live_bytes", all->live);
    json_unsigned(json, "allocated_bytes", all->allocated);
    json_unsigned(json, "released_bytes", all->released);
    json_unsigned(json, "allocations", all->allocations);
    json_unsigned(json, "releases", all->releases);
    json_close(json, '}');
}
