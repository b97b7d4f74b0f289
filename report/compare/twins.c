/* SPDX-License-Identifier: MIT */
#include "compare/twins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ---- files and modules: the same path, or the longest end of a path that no other one has ---- */

#define COMPONENTS 8u /* the most that are looked at */

/* What is looked at in a pass. */
struct paths {
    struct twins *twins;
    const uint32_t *of[SIDES]; /* by file or module: its path in twins->strings; 0: it has none */
    unsigned components;       /* 0: the whole path */
};

/* The last `count` components of a path; NULL: it has fewer. */
static const char *path_end(const char *path, unsigned count)
{
    const char *at = path + strlen(path);
    while (count && at > path)
        if (*--at == '/')
            count--;
    return !count ? at + 1 : count == 1 && *path != '/' ? path : NULL;
}

static bool path_key(const void *context, unsigned side, uint32_t thing, uint64_t key[PAIRS_KEY])
{
    const struct paths *paths = context;
    struct strings *strings = &paths->twins->strings;
    const char *path = strings_get(strings, paths->of[side][thing]), *end = path;
    if (path && paths->components)
        end = path_end(path, paths->components);
    if (!end || !*end)
        return false;
    key[0] = strings_add(strings, end, strlen(end));
    return true;
}

static void pair_paths(struct pairs *pairs, struct paths *paths)
{
    for (unsigned pass = 0; pass <= COMPONENTS; pass++) {
        paths->components = pass ? COMPONENTS + 1 - pass : 0;
        pairs_pass(pairs, path_key, paths, pass > 0, pass ? MATCHED_TEXT : MATCHED_NAME);
    }
}

static void pair_files(struct twins *twins)
{
    uint32_t *of[SIDES];
    for (unsigned s = 0; s < SIDES; s++) {
        const struct frames *frames = &twins->sides[s].names.stacks.frames;
        of[s] = base_alloc(frames->strings.count + 1, sizeof *of[s]);
        for (size_t f = 0; f < frames->function_count; f++) {
            const char *path = strings_get(&frames->strings, frames->functions[f].file);
            if (path)
                of[s][frames->functions[f].file] = strings_add(&twins->strings, path, strlen(path));
        }
    }
    struct paths paths = {.twins = twins, .of = {of[0], of[1]}};
    pairs_begin(&twins->files, (uint32_t)twins->sides[0].names.stacks.frames.strings.count + 1,
                (uint32_t)twins->sides[1].names.stacks.frames.strings.count + 1);
    pair_paths(&twins->files, &paths);
    free(of[0]);
    free(of[1]);
}

static void pair_modules(struct twins *twins)
{
    uint32_t *of[SIDES], program[SIDES] = {0}, count[SIDES];
    for (unsigned s = 0; s < SIDES; s++) {
        const struct log *log = &twins->sides[s].names.stacks.log;
        const char *exe = twins->sides[s].program;
        count[s] = log->module_count ? (uint32_t)log->module_count : 1;
        of[s] = base_alloc(count[s], sizeof *of[s]);
        for (uint32_t m = 1; m < count[s]; m++) {
            of[s][m] =
                strings_add(&twins->strings, log->modules[m].path.text, log->modules[m].path.bytes);
            if (exe && !strcmp(exe, strings_get(&twins->strings, of[s][m])))
                program[s] = m;
        }
    }
    struct paths paths = {.twins = twins, .of = {of[0], of[1]}};
    pairs_begin(&twins->modules, count[0], count[1]);
    pairs_put(&twins->modules, 0, 0, MATCHED_NAME); /* what is in none */
    /* Programs are compared, whatever their files are called. */
    if (program[0] && program[1])
        pairs_put(&twins->modules, program[0], program[1], MATCHED_NAME);
    pair_paths(&twins->modules, &paths);
    free(of[0]);
    free(of[1]);
}

/* ---- the texts ---- */

static struct side_text text_of(const struct side *side, uint32_t file)
{
    return file < side->text_count ? side->texts[file] : (struct side_text){0};
}

static void align_texts(struct twins *twins)
{
    twins->known = base_alloc(twins->files.count[0], sizeof *twins->known);
    twins->aligned = base_alloc(twins->files.count[0], sizeof *twins->aligned);
    for (uint32_t f = 0; f < twins->files.count[0]; f++) {
        uint32_t with = twins->files.with[0][f];
        struct side_text old = text_of(&twins->sides[SIDE_OLD], f);
        struct side_text new =
            with ? text_of(&twins->sides[SIDE_NEW], with - 1) : (struct side_text){0};
        if (!old.text || !new.text)
            continue;
        if (old.bytes == new.bytes && !memcmp(old.text, new.text, old.bytes)) {
            twins->known[f] = TEXT_SAME;
            continue;
        }
        twins->known[f] = TEXT_ALIGNED;
        align(&twins->aligned[f], &twins->strings, old.text, old.bytes, new.text, new.bytes);
    }
}

uint32_t twins_line(const struct twins *twins, uint32_t old_file, uint32_t line, bool *edited)
{
    const struct aligned *aligned = &twins->aligned[old_file];
    *edited = false;
    if (twins->known[old_file] == TEXT_SAME)
        return line;
    if (twins->known[old_file] != TEXT_ALIGNED || !line || line > aligned->count)
        return 0;
    *edited = aligned->edited[line];
    return aligned->lines[line];
}

bool twins_text(const struct twins *twins, unsigned side, uint32_t file)
{
    uint32_t old = side == SIDE_OLD ? file + 1 : twins->files.with[SIDE_NEW][file];
    return old && twins->known[old - 1] != TEXT_UNKNOWN;
}

uint32_t twins_says(const struct twins *twins, unsigned side, uint32_t line)
{
    const struct line *one = &twins->line[side][line];
    uint32_t file = twins->group[side][one->group].file;
    if (!file || !one->line || one->line == PLACE_RETURNS || !twins_text(twins, side, file))
        return 0;
    uint32_t old = side == SIDE_OLD ? file : twins->files.with[SIDE_NEW][file] - 1;
    const struct aligned *aligned = &twins->aligned[old];
    return twins->known[old] == TEXT_ALIGNED && one->line <= aligned->says_count[side]
               ? aligned->says[side][one->line - 1]
               : 0;
}

/* ---- functions and lines of a side ---- */

static bool is_python(const struct function *function)
{
    return !strcmp(function->language, "Python");
}

static void list_groups(struct twins *twins, unsigned s)
{
    const struct frames *frames = &twins->sides[s].names.stacks.frames;
    struct strings index = {0};
    twins->group_of[s] = base_alloc(frames->function_count + 1, sizeof *twins->group_of[s]);
    twins->group[s] = base_alloc(frames->function_count + 1, sizeof *twins->group[s]);
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        const char *name = frames_name(frames, function);
        char key[64];
        uint32_t id = name ? strings_add(&twins->strings, name, strlen(name)) : 0;
        int length = snprintf(key, sizeof key, "%u %u %u %u", id, function->file,
                              function->file ? 0 : function->module,
                              is_python(function) ? function->first_line : 0);
        uint32_t g = twins->group_of[s][f] = strings_add(&index, key, (size_t)length) - 1;
        struct group *group = &twins->group[s][g];
        if (!group->first || (function->first_line && function->first_line < group->first))
            group->first = function->first_line;
        if (function->last_line > group->last)
            group->last = function->last_line;
        group->file = function->file;
        group->module = function->module;
        group->name = id;
        group->function = (uint32_t)f;
    }
    twins->groups.count[s] = (uint32_t)index.count;
    strings_free(&index);
}

static void list_lines(struct twins *twins, unsigned s)
{
    const struct frames *frames = &twins->sides[s].names.stacks.frames;
    struct strings index = {0};
    twins->line_of[s] = base_alloc(frames->place_count + 1, sizeof *twins->line_of[s]);
    twins->line[s] = base_alloc(frames->place_count + 1, sizeof *twins->line[s]);
    for (size_t p = 0; p < frames->place_count; p++) {
        const struct place *place = &frames->places[p];
        uint32_t g = twins->group_of[s][place->function];
        struct group *group = &twins->group[s][g];
        uint32_t number = group->file ? place->line : 0;
        uint64_t address = group->name || number ? 0 : place->address;
        char key[80];
        int length =
            snprintf(key, sizeof key, "%u %u %llu", g, number, (unsigned long long)address);
        size_t before = index.count;
        uint32_t l = twins->line_of[s][p] = strings_add(&index, key, (size_t)length) - 1;
        group->lines += index.count > before;
        twins->line[s][l] = (struct line){.group = g, .line = number, .address = address};
    }
    twins->lines.count[s] = (uint32_t)index.count;
    strings_free(&index);
}

static void add_figures(struct twins *twins, unsigned s)
{
    const struct side *side = &twins->sides[s];
    enum grouping by = side->comparing->by;
    for (size_t f = 0; (by == BY_LINE || by == BY_SITE) && f < side->fact_count; f++) {
        const struct fact *fact = &side->facts[f];
        if (!side_names(fact->key))
            continue;
        uint32_t place = by == BY_SITE ? side->sites[fact->key].place : fact->key;
        int64_t *figure = &twins->line[s][twins->line_of[s][place]].figure;
        *figure = (int64_t)((uint64_t)*figure + (uint64_t)fact->value);
    }
}

void twins_make(struct twins *twins, const struct side sides[SIDES])
{
    *twins = (struct twins){.sides = sides};
    pair_files(twins);
    pair_modules(twins);
    align_texts(twins);
    for (unsigned s = 0; s < SIDES; s++) {
        list_groups(twins, s);
        list_lines(twins, s);
        add_figures(twins, s);
    }
    pairs_begin(&twins->groups, twins->groups.count[0], twins->groups.count[1]);
    pairs_begin(&twins->lines, twins->lines.count[0], twins->lines.count[1]);
}

void twins_free(struct twins *twins)
{
    for (uint32_t f = 0; f < twins->files.count[0]; f++)
        aligned_free(&twins->aligned[f]);
    for (unsigned s = 0; s < SIDES; s++) {
        free(twins->group_of[s]);
        free(twins->line_of[s]);
        free(twins->group[s]);
        free(twins->line[s]);
    }
    free(twins->known);
    free(twins->aligned);
    pairs_free(&twins->files);
    pairs_free(&twins->modules);
    pairs_free(&twins->groups);
    pairs_free(&twins->lines);
    strings_free(&twins->strings);
}
