/* SPDX-License-Identifier: MIT */
#include "compare/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "compare/twins.h"

const char *matched_name(enum matched matched)
{
    static const char *const names[MATCHEDS] = {
        [MATCHED_NOT] = "none",      [MATCHED_NAME] = "name",   [MATCHED_TEXT] = "text",
        [MATCHED_EDITED] = "edited", [MATCHED_PLACE] = "place", [MATCHED_FUNCTION] = "function"};
    return names[matched];
}

/* What the keys of a grouping are, before they have numbers: things of a list of pairs. */
static const struct pairs *pairs_of(const struct twins *twins, enum grouping by)
{
    return by == BY_MODULE ? &twins->modules : by == BY_FUNCTION ? &twins->groups : &twins->lines;
}

static uint32_t keys_of(const struct side *side, enum grouping by)
{
    const struct frames *frames = &side->names.stacks.frames;
    size_t modules = side->names.stacks.log.module_count;
    return (uint32_t)(by == BY_MODULE     ? (modules ? modules : 1)
                      : by == BY_FUNCTION ? frames->function_count
                                          : frames->place_count);
}

static uint32_t thing_of(const struct twins *twins, unsigned s, enum grouping by, uint32_t key)
{
    return by == BY_MODULE     ? key
           : by == BY_FUNCTION ? twins->group_of[s][key]
                               : twins->line_of[s][key];
}

static void number(struct match *match, const struct twins *twins, enum grouping by)
{
    const struct pairs *pairs = pairs_of(twins, by);
    match->id_count = pairs_ids(pairs);
    match->how = base_alloc(match->id_count + (size_t)1, 1);
    for (unsigned s = 0; s < SIDES; s++) {
        uint32_t count = keys_of(&twins->sides[s], by);
        match->ids[s] = base_alloc(count + (size_t)1, sizeof *match->ids[s]);
        for (uint32_t key = 0; key < count; key++)
            match->ids[s][key] = pairs_id(pairs, s, thing_of(twins, s, by, key));
    }
    for (uint32_t old = 0; old < pairs->count[SIDE_OLD]; old++)
        if (pairs->with[SIDE_OLD][old])
            match->how[pairs->with[SIDE_OLD][old] - 1] = pairs->how[old];
}

/* ---- call sites: those whose frames are the same lines ---- */

struct numbering {
    struct map index;
    struct match *match;
    size_t how_cap;
};

static uint32_t site_number(struct numbering *numbering, uint32_t parent, uint32_t line,
                            unsigned char how)
{
    struct match *match = numbering->match;
    uint32_t *found = map_at(&numbering->index, (uint64_t)parent << 32 | line);
    if (!*found) {
        *found = match->id_count++;
        match->how = base_room(match->how, &numbering->how_cap, match->id_count, 1);
        match->how[*found] = match->how[parent] > how ? match->how[parent] : how;
    }
    return *found;
}

static void number_sites(struct match *match, const struct side sides[SIDES],
                         const struct match *lines)
{
    struct numbering numbering = {.match = match};
    match->id_count = 1;
    match->how = base_room(NULL, &numbering.how_cap, 1, 1);
    match->how[0] = MATCHED_NAME;
    for (unsigned s = 0; s < SIDES; s++) {
        match->ids[s] = base_alloc(sides[s].site_count, sizeof *match->ids[s]);
        for (size_t i = 1; i < sides[s].site_count; i++) {
            uint32_t line = lines->ids[s][sides[s].sites[i].place];
            match->ids[s][i] = site_number(&numbering, match->ids[s][sides[s].sites[i].parent],
                                           line, lines->how[line]);
        }
    }
    map_free(&numbering.index);
}

static void lines_now(struct match *match, const struct twins *twins)
{
    size_t count = twins->sides[SIDE_OLD].names.stacks.frames.place_count;
    match->now = base_alloc(count + 1, sizeof *match->now);
    for (size_t place = 0; place < count; place++) {
        const struct line *line = &twins->line[SIDE_OLD][twins->line_of[SIDE_OLD][place]];
        uint32_t file = twins->group[SIDE_OLD][line->group].file;
        bool edited;
        if (file && line->line && line->line != PLACE_RETURNS)
            match->now[place] = twins_line(twins, file, line->line, &edited);
    }
}

void match_make(struct match *match, const struct side sides[SIDES], enum grouping by)
{
    struct twins twins;
    *match = (struct match){0};
    twins_make(&twins, sides);
    if (by != BY_MODULE) {
        twins_functions(&twins);
        twins_lines(&twins); /* which tell of functions, too */
    }
    if (by == BY_SITE) {
        struct match lines = {0};
        number(&lines, &twins, BY_LINE);
        number_sites(match, sides, &lines);
        match_free(&lines);
    } else {
        number(match, &twins, by);
    }
    if (by == BY_LINE)
        lines_now(match, &twins);
    twins_free(&twins);
}

void match_free(struct match *match)
{
    free(match->ids[SIDE_OLD]);
    free(match->ids[SIDE_NEW]);
    free(match->how);
    free(match->now);
    *match = (struct match){0};
}
