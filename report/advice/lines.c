/* SPDX-License-Identifier: MIT */
#include "advice/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/leaks.h"
#include "fold/own.h"

static uint32_t *places_of(const struct stacks *stacks, const struct tree *tree)
{
    unsigned char *ranks = own_ranks(&stacks->frames);
    struct own own = {.ranks = ranks, .rank = RANK_PROGRAM, .kept_apart = true};
    uint32_t *places = own_places(stacks, tree, &own);
    free(ranks);
    return places;
}

/* A call site that allocates and releases is one of realloc: two calls have two return addresses. */
static void add_realloc(struct advice_line *line, const struct sums *sums)
{
    if (!sums->releases || !sums->allocations)
        return;
    uint64_t both = sums->releases < sums->allocations ? sums->releases : sums->allocations;
    line->reallocs += both;
    line->moved += sums->released;
    line->begun += sums->allocations - both;
}

/* What grew during the run is what memtrace leaks says of it. */
static void add_growth(struct advice_line *lines, const struct stacks *stacks)
{
    static const struct suppressions none;
    struct leaking leaking = {.metric = METRICS, .suppressions = &none};
    struct leaks leaks;
    leaks_make(&leaks, stacks, &leaking);
    uint32_t *places = places_of(stacks, &leaks.tree);
    for (size_t i = 0; i < leaks.count && leaks.start != LEAK_START_UNKNOWN; i++) {
        uint32_t place = places[leaks.list[i].entry];
        if (place != OWN_NONE)
            lines[place].grown += leaks.list[i].grown;
    }
    free(places);
    leaks_free(&leaks);
}

struct advice_line *advice_lines(const struct stacks *stacks)
{
    const struct frames *frames = &stacks->frames;
    struct advice_line *lines = base_alloc(frames->place_count + (size_t)1, sizeof *lines);
    struct tree tree;
    struct leaf leaf;
    tree_make(&tree, stacks, false);
    uint32_t *places = places_of(stacks, &tree);
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        uint32_t place = places[tree.of_node[leaf.node]];
        if (place == OWN_NONE)
            continue;
        struct advice_line *line = &lines[place];
        if (leaf.class == CLASS_RESERVED)
            line->reserved += leaf.sums.allocated;
        if (class_counts(leaf.class))
            sums_add(&line->sums, &leaf.sums);
        if (leaf.class != CLASS_HEAP)
            continue;
        sums_add(&line->heap, &leaf.sums);
        add_realloc(line, &leaf.sums);
        if (leaf.sums.allocations > leaf.sums.gone_count && sums_leaked(&leaf.sums) > 0) {
            line->blocks += leaf.sums.allocations - leaf.sums.gone_count;
            line->bytes += (uint64_t)sums_leaked(&leaf.sums);
        }
    }
    for (uint32_t place = 0; place < frames->place_count; place++)
        lines[place].python =
            !strcmp(frames->functions[frames->places[place].function].language, "Python");
    free(places);
    tree_free(&tree);
    add_growth(lines, stacks);
    return lines;
}
