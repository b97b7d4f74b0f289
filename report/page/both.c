/* SPDX-License-Identifier: MIT */
#include "page/both.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/fold.h"
#include "resolve/source_log.h"

/* ---- a log of a side ---- */

static struct together_text copy_of(const char *text, size_t bytes)
{
    return (struct together_text){base_copy(bytes ? text : "", bytes), bytes};
}

static void add_first(struct both_first *first, const struct stacks *stacks)
{
    const struct log *log = &stacks->log;
    course_add(&first->course, log);
    if (first->processes++)
        return;
    first->exe = copy_of(log->exe.text, log->exe.bytes);
    first->argv = copy_of(log->argv.text, log->argv.bytes);
    first->log = copy_of(log->name, strlen(log->name));
    first->pid = log->header.pid;
}

static void added(struct side *side, const struct stacks *stacks, void *context)
{
    struct both *both = context;
    unsigned s = side == &both->sides[SIDE_NEW] ? SIDE_NEW : SIDE_OLD;
    size_t run = side->run_count - 1;
    if (!run)
        add_first(&both->first[s], stacks);
    if (s == SIDE_NEW) {
        /* Relative names start in that of the process which names them first. */
        free(both->sources.folder);
        both->sources.folder = NULL;
        sources_of_log(&both->sources, &stacks->log);
        run += both->sides[SIDE_OLD].run_count;
    }
    both->run_of =
        base_room(both->run_of, &both->run_cap, both->joined.part_count + 1, sizeof *both->run_of);
    both->run_of[both->joined.part_count] = (uint32_t)run;
    joined_add(&both->joined, stacks);
    if (s == SIDE_OLD)
        both->old_places = both->joined.place_of_count;
}

void both_begin(struct both *both, const struct comparing *comparing)
{
    *both = (struct both){.comparing = *comparing};
    for (unsigned s = 0; s < SIDES; s++) {
        side_begin(&both->sides[s], &both->comparing);
        both->sides[s].added = added;
        both->sides[s].context = both;
    }
}

/* ---- one place for a line of both sides ---- */

/* Places of the joined stacks. */
struct placing {
    struct both *both;
    struct match match;
    uint32_t *in_joined[SIDES]; /* by place of the side's names */
    uint32_t *to[SIDES];        /* by place of the joined stacks: the one that stands for it */
    uint32_t *of_line[SIDES];   /* by number of the match: a place + 1; 0: none */
    uint32_t *function_now;     /* by function of the joined stacks: the one that stands for it */
    unsigned char *taken;       /* by place: the new side has it */
    size_t count;               /* of places before any was added */
};

static void place_new(struct placing *p)
{
    size_t count = p->both->sides[SIDE_NEW].names.stacks.frames.place_count;
    for (size_t i = 0; i < count; i++) {
        uint32_t *one = &p->of_line[SIDE_NEW][p->match.ids[SIDE_NEW][i]];
        uint32_t place = p->in_joined[SIDE_NEW][i];
        if (!*one)
            *one = place + 1;
        p->to[SIDE_NEW][place] = *one - 1;
        p->taken[place] = 1;
    }
}

/* Functions of the old side that are in the new one by the same name, as their lines tell: what they no longer do stays theirs. */
static void functions_kept(struct placing *p)
{
    const struct frames *frames = &p->both->joined.stacks.frames;
    size_t count = p->both->sides[SIDE_OLD].names.stacks.frames.place_count;
    p->function_now = base_alloc(frames->function_count + 1, sizeof *p->function_now);
    for (uint32_t f = 0; f < frames->function_count; f++)
        p->function_now[f] = f;
    for (size_t i = 0; i < count; i++) {
        uint32_t new = p->of_line[SIDE_NEW][p->match.ids[SIDE_OLD][i]];
        if (!new)
            continue;
        uint32_t from = frames->places[p->in_joined[SIDE_OLD][i]].function;
        uint32_t to = frames->places[new - 1].function;
        if (frames->functions[from].name == frames->functions[to].name)
            p->function_now[from] = to;
    }
}

/* A place for a line that the new side does not have: at the line where its text is now, if that is known. */
static uint32_t place_apart(struct placing *p, uint32_t like, uint32_t line)
{
    struct frames *frames = &p->both->joined.stacks.frames;
    struct place place = {.function = p->function_now[frames->places[like].function],
                          .line = line,
                          .address = frames->places[like].address};
    const struct place *known = &frames->places[like];
    if (!p->taken[like] && place.function == known->function && place.line == known->line &&
        place.tail == known->tail && place.address == known->address)
        return like;
    frames->places = base_room(frames->places, &frames->place_cap, frames->place_count + 1,
                               sizeof *frames->places);
    frames->places[frames->place_count] = place;
    return (uint32_t)frames->place_count++;
}

static void place_old(struct placing *p)
{
    const struct frames *names = &p->both->sides[SIDE_OLD].names.stacks.frames;
    for (size_t i = 0; i < names->place_count; i++) {
        uint32_t id = p->match.ids[SIDE_OLD][i], place = p->in_joined[SIDE_OLD][i];
        uint32_t now = p->match.now[i];
        uint32_t *one = &p->of_line[SIDE_OLD][id];
        if (p->of_line[SIDE_NEW][id])
            *one = p->of_line[SIDE_NEW][id];
        if (!*one)
            *one = 1 + place_apart(p, place, now ? now : names->places[i].line);
        p->to[SIDE_OLD][place] = *one - 1;
    }
}

/* What is told of the places, when there will be no more of them. */
static void place_tell(struct placing *p)
{
    struct both *both = p->both;
    const struct side *old = &both->sides[SIDE_OLD];
    const struct frames *names = &old->names.stacks.frames;
    both->places = base_alloc(both->joined.stacks.frames.place_count + 1, sizeof *both->places);
    for (size_t i = 0; i < names->place_count; i++) {
        uint32_t id = p->match.ids[SIDE_OLD][i], line = names->places[i].line;
        uint32_t at = p->of_line[SIDE_OLD][id] - 1;
        struct both_place *place = &both->places[at];
        place->gone =
            !p->of_line[SIDE_NEW][id] && !p->match.now[i] && line && line != PLACE_RETURNS;
        if (place->gone)
            place->old_file = names->functions[names->places[i].function].file;
        else if (line != PLACE_RETURNS && line != both->joined.stacks.frames.places[at].line)
            place->was = line;
    }
}

static void place_all(struct both *both)
{
    struct placing p = {.both = both};
    struct joined *joined = &both->joined;
    match_make(&p.match, both->sides, BY_LINE);
    for (unsigned s = 0; s < SIDES; s++)
        p.in_joined[s] = joined_names(joined, &both->sides[s].names.stacks);
    p.count = joined->stacks.frames.place_count;
    p.taken = base_alloc(p.count + 1, 1);
    for (unsigned s = 0; s < SIDES; s++) {
        p.to[s] = base_alloc(p.count + 1, sizeof *p.to[s]);
        p.of_line[s] = base_alloc(p.match.id_count + (size_t)1, sizeof *p.of_line[s]);
        for (uint32_t i = 0; i < p.count; i++)
            p.to[s][i] = i;
    }
    place_new(&p);
    functions_kept(&p);
    place_old(&p);
    place_tell(&p);
    for (size_t i = 0; i < joined->place_of_count; i++) {
        uint32_t *place = &joined->stacks.frames.place_of[i];
        *place = p.to[i < both->old_places ? SIDE_OLD : SIDE_NEW][*place];
    }
    for (unsigned s = 0; s < SIDES; s++) {
        free(p.in_joined[s]);
        free(p.to[s]);
        free(p.of_line[s]);
    }
    free(p.function_now);
    free(p.taken);
    match_free(&p.match);
}

/* ---- all ---- */

static void runs_of_nodes(struct both *both)
{
    const struct joined *joined = &both->joined;
    uint32_t count = joined->stacks.model.node_count;
    both->run_of_node = base_alloc(count + (size_t)1, sizeof *both->run_of_node);
    for (size_t p = 0; p < joined->part_count; p++) {
        uint32_t end = p + 1 < joined->part_count ? joined->parts[p + 1].node : count;
        for (uint32_t node = joined->parts[p].node; node < end; node++)
            both->run_of_node[node] = both->run_of[p];
    }
}

/* The rows that listings are made of. A line of the old source has no place among those of the new one. */
static void rows_of_view(struct both *both)
{
    struct view *view = &both->view;
    fold_lines(&view->stacks, 1u << METRIC_ALLOCATIONS | 1u << METRIC_RELEASES, &view->filter,
               &view->lines, &view->functions);
    for (size_t p = 0; p < view->stacks.frames.place_count; p++)
        if (both->places[p].gone)
            view->lines.list[p] = (struct row){0};
}

void both_end(struct both *both, const char *name)
{
    struct view *view = &both->view;
    *view = (struct view){.filter = both->comparing.filter};
    for (unsigned s = 0; s < SIDES; s++) {
        side_end(&both->sides[s]);
        both->runs[s] = (uint32_t)both->sides[s].run_count;
        course_end(&both->first[s].course);
    }
    place_all(both);
    joined_end(&both->joined);
    runs_of_nodes(both);
    page_threads_by_name(&both->joined.stacks.model);
    view->stacks = both->joined.stacks;
    both->joined.stacks = (struct stacks){0}; /* the view frees them */
    view->stacks.log.name = name;
    view->stacks.log.header.pid = -1; /* no thread is the first one of all processes */
    view->stacks.model.log = &view->stacks.log;
    view->stacks.frames.log = &view->stacks.log;
    view->sources = both->sources;
    both->sources = (struct sources){0};
    rows_of_view(both);
    both_figures(both);
}

void both_free(struct both *both)
{
    for (unsigned s = 0; s < SIDES; s++) {
        side_free(&both->sides[s]);
        course_free(&both->first[s].course);
        free(both->first[s].exe.text);
        free(both->first[s].argv.text);
        free(both->first[s].log.text);
    }
    both_rows_free(&both->own);
    both_rows_free(&both->with_all);
    whole_free(&both->whole);
    view_close(&both->view);
    sources_free(&both->sources);
    joined_free(&both->joined);
    free(both->run_of);
    free(both->run_of_node);
    free(both->places);
}
