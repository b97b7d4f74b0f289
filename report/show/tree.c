/* SPDX-License-Identifier: MIT */
#include "show/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/glyph.h"
#include "show/fit.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/row_json.h"
#include "show/terminal.h"

#define CHAIN_NAMED 3u /* frames of a row that are named; of more, the first one and the last two */
#define ROOM_LEAST  24u /* columns for names */
/* Levels of which the lines are drawn: what is deeper is moved to the left, with the level's number. Else the lines of a deep recursion
 * would take the square of its depth. */
#define LEVELS_MOST     64u
#define LEVELS_TERMINAL 20u

struct drawing {
    const struct stacks *stacks;
    const struct branches *branches;
    FILE *out;
    bool lines;          /* standard output knows the characters that draw lines */
    uint32_t *children;  /* by branch: how many it has */
    unsigned char *last; /* by depth of rows: the row there is its parent's last */
    uint32_t *rows;      /* by depth in the tree: in how many rows the branches to there are */
};

static size_t put(const struct drawing *d, const char *text)
{
    return text_put(d->out, text, strlen(text), SIZE_MAX);
}

static char *name_of(const struct drawing *d, const struct branch *branch)
{
    char text[64], number[TEXT_COUNT_BYTES];
    switch (branch->key) {
    case BRANCH_ROOT:
        return base_copy("all", 3);
    case BRANCH_OTHERS:
        snprintf(text, sizeof text, "%s other%s", text_count(number, branch->folded),
                 text_s(branch->folded));
        return base_copy(text, strlen(text));
    case BRANCH_APART:
        snprintf(text, sizeof text, NAME_NOT_YOURS);
        return base_copy(text, strlen(text));
    case BRANCH_UNKNOWN:
        snprintf(text, sizeof text, NAME_NOT_KNOWN);
        return base_copy(text, strlen(text));
    default:
        return d->branches->by == BY_FUNCTION ? name_of_function(&d->stacks->frames, branch->key)
                                              : name_of_place(&d->stacks->frames, branch->key);
    }
}

static enum style style_of(const struct drawing *d, const struct branch *branch)
{
    const struct frames *frames = &d->stacks->frames;
    if (!branch_has_name(branch->key))
        return branch->key == BRANCH_ROOT ? STYLE_TITLE : STYLE_FAINT;
    uint32_t function =
        d->branches->by == BY_FUNCTION ? branch->key : frames->places[branch->key].function;
    return !strcmp(frames->functions[function].language, "Python") ? STYLE_PYTHON : STYLE_NATIVE;
}

/* ---- rows ---- */

/* Goes on into the next branch of the list: its only child, and all of it. */
static bool joined(const struct drawing *d, size_t i)
{
    const struct branch *branch = &d->branches->list[i];
    return i && d->children[i] == 1 && i + 1 < d->branches->count && !branch->own &&
           branch_has_name(branch->key) && branch_has_name(d->branches->list[i + 1].key) &&
           d->branches->list[i + 1].total == branch->total;
}

static void print_figures(const struct drawing *d, const struct branch *branch,
                          const struct branch *inner)
{
    char total[TEXT_SIZE_BYTES], own[TEXT_SIZE_BYTES], share[SHARE_BYTES], count[TEXT_COUNT_BYTES];
    enum metric metric = d->branches->metric;
    int64_t whole = d->branches->list[0].total;
    if (branch->allocations)
        text_count(count, (uint64_t)branch->allocations);
    else
        count[0] = 0;
    if (inner->own && metric_adds(metric) && branch->key != BRANCH_UNKNOWN)
        metric_text(own, metric, inner->own);
    else
        own[0] = 0;
    fprintf(d->out, "%10s  %7s  %10s  %9s  ", metric_text(total, metric, branch->total),
            metric_adds(metric) ? share_text(share, branch->total, whole) : "", own, count);
}

#define FIGURES_COLUMNS 44u

/* The lines from the row to its parent's: the columns that they take. */
static size_t print_guides(const struct drawing *d, uint32_t depth)
{
    size_t used = 0;
    uint32_t first = 1;
    if (!depth)
        return 0;
    fputs(terminal_on(STYLE_FAINT), d->out);
    uint32_t most = terminal_cut() == SIZE_MAX ? LEVELS_MOST : LEVELS_TERMINAL;
    if (depth > most) {
        char deep[48];
        first = depth - most + 4;
        snprintf(deep, sizeof deep, "(%u) ", (unsigned)first);
        used += put(d, deep);
    }
    for (uint32_t at = first; at < depth; at++)
        used += put(d, d->last[at] ? "   " : d->lines ? "│  " : "|  ");
    used += put(d, !d->lines ? (d->last[depth] ? "`- " : "|- ") : d->last[depth] ? "└─ " : "├─ ");
    fputs(terminal_off(STYLE_FAINT), d->out);
    return used;
}

static void print_name(const struct drawing *d, const struct branch *branch, size_t room)
{
    char *whole = name_of(d, branch), *text = fit_name(whole, room);
    fputs(terminal_on(style_of(d, branch)), d->out);
    text_put(d->out, text, strlen(text), room);
    fputs(terminal_off(style_of(d, branch)), d->out);
    free(text);
    free(whole);
}

/* list[from..to], a chain, in one row. */
static void print_names(const struct drawing *d, size_t from, size_t to, size_t used)
{
    const struct branch *list = d->branches->list;
    size_t names = to - from + 1, shown = names > CHAIN_NAMED ? CHAIN_NAMED : names;
    size_t cut = terminal_cut(), room = cut;
    char between[64] = "", number[TEXT_COUNT_BYTES];
    if (names > CHAIN_NAMED)
        snprintf(between, sizeof between, " > (%s more)", text_count(number, names - CHAIN_NAMED));
    if (cut != SIZE_MAX) {
        size_t taken = FIGURES_COLUMNS + used + 3 * (shown - 1) + strlen(between);
        room = cut > taken + ROOM_LEAST ? (cut - taken) / shown : ROOM_LEAST / shown;
    }
    for (size_t i = from; i <= to; i++) {
        if (names > CHAIN_NAMED && i > from && i + 2 <= to)
            continue;
        if (i > from) {
            if (*between && i + 1 == to)
                fputs(between, d->out);
            fputs(" > ", d->out);
        }
        print_name(d, &list[i], room);
    }
}

static void print_titles(const struct drawing *d)
{
    fprintf(d->out, "%s%10s  %7s  %10s  %9s  %s%s\n", terminal_on(STYLE_TITLE),
            metric_title(d->branches->metric), "Share", "Own", "Allocs",
            d->branches->by == BY_FUNCTION ? "Function" : "Line", terminal_off(STYLE_TITLE));
}

/* Whether each branch is its parent's last, and how many children each has. */
static unsigned char *lasts_of(struct drawing *d)
{
    const struct branches *branches = d->branches;
    unsigned char *last = base_alloc(branches->count, 1);
    unsigned char *seen = base_alloc(branches->count, 1);
    for (size_t i = branches->count; i-- > 1;) {
        uint32_t parent = branches->list[i].parent;
        last[i] = !seen[parent];
        seen[parent] = 1;
        d->children[parent]++;
    }
    free(seen);
    return last;
}

void tree_print(const struct stacks *stacks, const struct branches *branches, FILE *out)
{
    struct drawing d = {.stacks = stacks,
                        .branches = branches,
                        .out = out,
                        .lines = glyph_knows("├") && glyph_knows("└"),
                        .children = base_alloc(branches->count, sizeof *d.children)};
    size_t deepest = 0;
    unsigned char *last = lasts_of(&d);
    for (size_t i = 0; i < branches->count; i++)
        if (branches->list[i].depth > deepest)
            deepest = branches->list[i].depth;
    d.last = base_alloc(deepest + 2, 1);
    d.rows = base_alloc(deepest + 2, sizeof *d.rows);
    print_titles(&d);
    for (size_t i = 0, to; i < branches->count; i = to + 1) {
        const struct branch *branch = &branches->list[i];
        uint32_t depth = branch->depth ? d.rows[branch->depth - 1] + 1 : 0;
        for (to = i; joined(&d, to);)
            to++;
        for (size_t k = i; k <= to; k++)
            d.rows[branches->list[k].depth] = depth;
        d.last[depth] = last[i];
        print_figures(&d, branch, &branches->list[to]);
        print_names(&d, i, to, print_guides(&d, depth));
        fputc('\n', out);
    }
    free(last);
    free(d.last);
    free(d.rows);
    free(d.children);
}

/* ---- JSON ---- */

/* Writes "frames", and gives each key that is there its index in it. To be freed. */
static uint32_t *json_frames(const struct stacks *stacks, const struct branches *branches,
                             struct json *json)
{
    const struct frames *frames = &stacks->frames;
    bool functions = branches->by == BY_FUNCTION;
    size_t keys = functions ? frames->function_count : frames->place_count;
    uint32_t *index = base_alloc(keys + 1, sizeof *index), next = 0;
    for (size_t i = 0; i < branches->count; i++)
        if (branch_has_name(branches->list[i].key))
            index[branches->list[i].key] = 1;
    json_open(json, "frames", '[');
    for (uint32_t key = 0; key < keys; key++) {
        if (!index[key])
            continue;
        json_open(json, NULL, '{');
        if (functions) {
            json_cstring(json, "file", frames_file(frames, &frames->functions[key]));
            json_function(frames, json, key);
        } else {
            json_place(frames, json, key);
        }
        json_close(json, '}');
        index[key] = next++;
    }
    json_close(json, ']');
    return index;
}

static void json_branch(const struct branches *branches, const struct branch *branch,
                        const uint32_t *index, struct json *json)
{
    bool root = branch->key == BRANCH_ROOT;
    json_open(json, NULL, '{');
    if (root)
        json_none(json, "parent");
    else
        json_unsigned(json, "parent", branch->parent);
    if (!branch_has_name(branch->key))
        json_none(json, "frame");
    else
        json_unsigned(json, "frame", index[branch->key]);
    if (branch->key == BRANCH_OTHERS)
        json_unsigned(json, "others", branch->folded);
    if (branch->key == BRANCH_APART)
        json_bool(json, "libraries", true);
    if (branch->key == BRANCH_UNKNOWN)
        json_bool(json, "unknown", true);
    json_signed(json, "total", branch->total);
    if (metric_adds(branches->metric))
        json_signed(json, "own", branch->own);
    else
        json_none(json, "own");
    json_signed(json, "allocations", branch->allocations);
    json_close(json, '}');
}

void tree_json(const struct stacks *stacks, const struct branches *branches, struct json *json)
{
    uint32_t *index = json_frames(stacks, branches, json);
    json_open(json, "nodes", '[');
    for (size_t i = 0; i < branches->count; i++)
        json_branch(branches, &branches->list[i], index, json);
    json_close(json, ']');
    free(index);
}
