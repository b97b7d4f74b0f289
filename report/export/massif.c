/* SPDX-License-Identifier: MIT
 *
 * Massif's output: the log's samples as snapshots without a tree, the peak and the end with theirs. Trees begin at what allocated, with
 * its callers below it. With a filter there is no level over time, as the log's samples know none: only the peak and the end.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "export/formats.h"
#include "export/words.h"

#define SHARE_USUAL 1.0 /* per cent: massif's own threshold */
#define DEPTH_MOST  90u /* of callers: ms_print complains of more, and massif itself has 30 */

/* Stacks whose way outward has come to the same node. */
struct item {
    uint32_t node;
    int64_t bytes;
};

/* A line of the tree that is still to be written. */
struct pending {
    uint32_t location;   /* 0: the root, or the small ones together */
    size_t depth, small; /* small: how many these are; 0: it is a line of its own */
    int64_t bytes;
    struct item *items;
    size_t count;
};

struct writing {
    FILE *out;
    const struct profile *profile;
    double share; /* per cent that a line must have */
    int64_t least;
    struct pending *stack, *found;
    size_t stacked, stack_cap, found_count, found_cap;
};

/* ---- trees ---- */

static int item_order(const void *a, const void *b, void *context)
{
    const struct profile_node *nodes = ((const struct profile *)context)->nodes;
    const struct item *x = a, *y = b;
    if (nodes[x->node].location != nodes[y->node].location)
        return nodes[x->node].location < nodes[y->node].location ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

static int pending_order(const void *a, const void *b)
{
    const struct pending *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->location < y->location ? -1 : x->location > y->location;
}

/* Items of one location, list[first..end), as a line in `found`. */
static void find_one(struct writing *w, const struct item *list, size_t first, size_t end)
{
    struct pending one = {.location = w->profile->nodes[list[first].node].location,
                          .items = base_alloc(end - first, sizeof *one.items)};
    for (size_t i = first; i < end; i++) {
        one.bytes = figure_plus(one.bytes, list[i].bytes);
        if (one.count && one.items[one.count - 1].node == list[i].node)
            one.items[one.count - 1].bytes =
                figure_plus(one.items[one.count - 1].bytes, list[i].bytes);
        else
            one.items[one.count++] = list[i];
    }
    w->found = base_room(w->found, &w->found_cap, w->found_count + 1, sizeof *w->found);
    w->found[w->found_count++] = one;
}

static void push(struct writing *w, const struct pending *one)
{
    w->stack = base_room(w->stack, &w->stack_cap, w->stacked + 1, sizeof *w->stack);
    w->stack[w->stacked++] = *one;
}

/* The lines below one, of these items, to be written next; their number. The small ones are one line. */
static size_t find_below(struct writing *w, struct item *list, size_t count, size_t depth)
{
    size_t kept = 0;
    struct pending small = {.depth = depth};
    w->found_count = 0;
    if (count)
        qsort_r(list, count, sizeof *list, item_order, (void *)w->profile);
    for (size_t i = 0, end; i < count; i = end) {
        uint32_t location = w->profile->nodes[list[i].node].location;
        for (end = i; end < count && w->profile->nodes[list[end].node].location == location;)
            end++;
        find_one(w, list, i, end);
    }
    if (w->found_count)
        qsort(w->found, w->found_count, sizeof *w->found, pending_order);
    while (kept < w->found_count && w->found[kept].bytes >= w->least)
        w->found[kept++].depth = depth;
    for (size_t i = kept; i < w->found_count; i++) {
        small.small++;
        small.bytes = figure_plus(small.bytes, w->found[i].bytes);
        free(w->found[i].items);
    }
    if (small.small)
        push(w, &small);
    for (size_t i = kept; i-- > 0;)
        push(w, &w->found[i]);
    return kept + (small.small > 0);
}

static void indent(const struct writing *w, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        fputc(' ', w->out);
}

static void put_small(const struct writing *w, const struct pending *one)
{
    indent(w, one->depth);
    fprintf(w->out, "n0: %" PRId64 " in %zu place%s, %sbelow massif's threshold (%.2f%%)\n",
            one->bytes, one->small, one->small == 1 ? "" : "s", one->small == 1 ? "" : "all ",
            w->share);
}

/* A line; ms_print cuts lines at "#". */
static void put_line(struct writing *w, struct pending *one)
{
    size_t outward = 0;
    for (size_t i = 0; i < one->count; i++) {
        uint32_t parent = w->profile->nodes[one->items[i].node].parent;
        if (parent && one->depth < DEPTH_MOST)
            one->items[outward++] = (struct item){parent, one->items[i].bytes};
    }
    char *label = words_valgrind(w->profile, &w->profile->locations[one->location]);
    for (char *at = label; *at; at++)
        if (*at == '#')
            *at = '@';
    size_t count = find_below(w, one->items, outward, one->depth + 1);
    indent(w, one->depth);
    fprintf(w->out, "n%zu: %" PRId64 " %s\n", count, one->bytes, label);
    free(label);
    free(one->items);
}

static void put_tree(struct writing *w, enum figure figure)
{
    const struct profile *profile = w->profile;
    struct item *items = base_alloc(profile->node_count, sizeof *items);
    size_t count = 0;
    int64_t whole = 0;
    for (uint32_t i = 1; i < profile->node_count; i++)
        if (profile->nodes[i].own[figure] > 0) {
            items[count++] = (struct item){i, profile->nodes[i].own[figure]};
            whole = figure_plus(whole, profile->nodes[i].own[figure]);
        }
    w->least = (int64_t)((double)whole * w->share / 100);
    w->least += w->least == 0;
    fprintf(w->out,
            "n%zu: %" PRId64 " (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n",
            find_below(w, items, count, 1), whole);
    free(items);
    while (w->stacked) {
        struct pending one = w->stack[--w->stacked];
        if (one.small)
            put_small(w, &one);
        else
            put_line(w, &one);
    }
}

/* ---- snapshots ---- */

struct snapshot {
    uint64_t time, bytes;
    enum figure tree; /* FIGURES: none */
};

static int snapshot_order(const void *a, const void *b)
{
    const struct snapshot *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->tree != FIGURES) - (y->tree != FIGURES);
}

static uint64_t sum_of(const struct profile *profile, enum figure figure)
{
    uint64_t sum = 0;
    for (uint32_t i = 1; i < profile->node_count; i++)
        if (profile->nodes[i].own[figure] > 0)
            sum += (uint64_t)profile->nodes[i].own[figure];
    return sum;
}

/* In the order of time; their number. */
static size_t make_snapshots(const struct profile *profile, const struct export_asked *asked,
                             struct snapshot *list)
{
    const struct profile_process *process = &profile->processes[0];
    size_t count = 0;
    uint64_t at_peak = sum_of(profile, FIGURE_PEAK);
    for (size_t i = 0; i < process->sample_count && !asked->filtered; i++)
        list[count++] =
            (struct snapshot){process->samples[i].time, process->samples[i].level, FIGURES};
    if (!asked->filtered && process->peak > at_peak)
        at_peak = process->peak; /* events of other threads were under way */
    list[count++] = (struct snapshot){process->peak_time, at_peak, FIGURE_PEAK};
    qsort(list, count, sizeof *list, snapshot_order);
    list[count] =
        (struct snapshot){list[count - 1].time, sum_of(profile, FIGURE_LEAKED), FIGURE_LEAKED};
    if (process->duration > list[count].time)
        list[count].time = process->duration;
    return count + 1;
}

static void put_snapshot(struct writing *w, size_t number, const struct snapshot *one)
{
    static const char rule[] = "#-----------";
    fprintf(w->out,
            "%s\nsnapshot=%zu\n%s\ntime=%" PRIu64 "\nmem_heap_B=%" PRIu64
            "\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=%s\n",
            rule, number, rule, one->time / 1000000, one->bytes,
            one->tree == FIGURES       ? "empty"
            : one->tree == FIGURE_PEAK ? "peak"
                                       : "detailed");
    if (one->tree != FIGURES)
        put_tree(w, one->tree);
}

bool massif_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    const struct profile_process *process = &profile->processes[0];
    struct writing w = {.out = out,
                        .profile = profile,
                        .share = asked->min_share >= 0 ? asked->min_share : SHARE_USUAL};
    struct snapshot *list = base_alloc(process->sample_count + 2, sizeof *list);
    size_t count = make_snapshots(profile, asked, list);
    fprintf(out, "desc: memtrace " MEMTRACE_VERSION "%s\ncmd: %s\ntime_unit: ms\n",
            asked->filtered ? ", some stacks only: the peak and the end" : "",
            profile_text(profile, process->command));
    for (size_t i = 0; i < count; i++)
        put_snapshot(&w, i, &list[i]);
    free(list);
    free(w.stack);
    free(w.found);
    return true;
}
