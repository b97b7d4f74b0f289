/* SPDX-License-Identifier: MIT
 *
 * Which lines are the same: where the texts of both sides are known, they tell; else the distances of lines in a
 * function, and their figures.
 */
#include <stdlib.h>

#include "base/base.h"
#include "compare/twins.h"

#define SHIFT_PAIRS 4000000u /* lines of a function, each with each, that are tried at most */

static const struct group *group_of(const struct twins *twins, unsigned s, uint32_t l)
{
    return &twins->group[s][twins->line[s][l].group];
}

static bool has_number(const struct line *line)
{
    return line->line && line->line != PLACE_RETURNS;
}

/* Does the text tell where the line is? */
static bool has_text(const struct twins *twins, unsigned s, uint32_t l)
{
    uint32_t file = group_of(twins, s, l)->file;
    return has_number(&twins->line[s][l]) && file && twins_text(twins, s, file);
}

/* The number of its function in both sides; false: it is in this one alone. */
static bool function_of(const struct twins *twins, unsigned s, uint32_t l, uint64_t *number)
{
    uint32_t g = twins->line[s][l].group;
    *number = pairs_id(&twins->groups, s, g);
    return twins->groups.with[s][g] != 0;
}

/* ---- passes ---- */

/* What has no line number: all of a function, its return, an address. */
static bool by_function(const void *context, unsigned s, uint32_t l, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    const struct line *line = &twins->line[s][l];
    key[1] = line->line;
    key[2] = line->address;
    return !has_number(line) && function_of(twins, s, l, &key[0]);
}

/* Its line in the new text. `edited`: of which kind. */
static uint32_t new_line(const struct twins *twins, unsigned s, uint32_t l, bool edited)
{
    bool is_edited = false;
    const struct line *line = &twins->line[s][l];
    if (!has_text(twins, s, l))
        return 0;
    if (s == SIDE_NEW)
        return line->line;
    uint32_t number = twins_line(twins, group_of(twins, s, l)->file, line->line, &is_edited);
    return is_edited == edited ? number : 0;
}

static bool by_text(const void *context, unsigned s, uint32_t l, uint64_t key[PAIRS_KEY])
{
    key[1] = new_line(context, s, l, false);
    return key[1] && function_of(context, s, l, &key[0]);
}

static bool by_edit(const void *context, unsigned s, uint32_t l, uint64_t key[PAIRS_KEY])
{
    key[1] = new_line(context, s, l, true);
    return key[1] && function_of(context, s, l, &key[0]);
}

static bool by_words_in_function(const void *context, unsigned s, uint32_t l,
                                 uint64_t key[PAIRS_KEY])
{
    key[1] = twins_says(context, s, l);
    return key[1] && function_of(context, s, l, &key[0]);
}

static bool by_words_and_name(const void *context, unsigned s, uint32_t l, uint64_t key[PAIRS_KEY])
{
    key[0] = twins_says(context, s, l);
    key[1] = group_of(context, s, l)->name;
    return key[0] && key[1];
}

static bool by_words_in_file(const void *context, unsigned s, uint32_t l, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    key[0] = twins_says(twins, s, l);
    key[1] = key[0] ? pairs_id(&twins->files, s, group_of(twins, s, l)->file) : 0;
    return key[0] != 0;
}

static bool by_elimination(const void *context, unsigned s, uint32_t l, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    return has_number(&twins->line[s][l]) && !has_text(twins, s, l) &&
           function_of(twins, s, l, &key[0]);
}

/* ---- without text: lines that are as far from each other as they were, or have the figures that they had ---- */

/* Lines of one function that have numbers, no text and no pair. */
struct list {
    uint32_t *lines;
    size_t count, cap;
};

static int number_order(const void *a, const void *b, void *context)
{
    const struct line *lines = context;
    uint32_t x = lines[*(const uint32_t *)a].line, y = lines[*(const uint32_t *)b].line;
    return x < y ? -1 : x > y;
}

static int64_t shift_of(const struct twins *twins, uint32_t old, uint32_t new)
{
    return (int64_t)twins->line[SIDE_NEW][new].line - twins->line[SIDE_OLD][old].line;
}

/* About the same, of one run. */
static bool same_figure(const struct twins *twins, uint32_t old, uint32_t new)
{
    double x = (double)twins->line[SIDE_OLD][old].figure / (double)twins->sides[SIDE_OLD].run_count;
    double y = (double)twins->line[SIDE_NEW][new].figure / (double)twins->sides[SIDE_NEW].run_count;
    return x > 0 && y > 0 && x <= y * 1.01 && y <= x * 1.01;
}

/* The shift that most lines have, those with the same figure first of all; where several do, the one that the function has as a whole, else
 * the first. A line alone says little. */
static int64_t best_shift(const struct twins *twins, const struct list lists[SIDES], int64_t whole)
{
    struct map counts = {0};
    int64_t best = whole;
    uint32_t most = 2;
    bool few = lists[0].count <= SHIFT_PAIRS / lists[1].count;
    for (size_t i = 0; few && i < lists[0].count; i++)
        for (size_t j = 0; j < lists[1].count; j++) {
            int64_t shift = shift_of(twins, lists[0].lines[i], lists[1].lines[j]);
            uint32_t *count = map_at(&counts, (uint64_t)shift);
            *count += 1 + same_figure(twins, lists[0].lines[i], lists[1].lines[j]);
            if (*count > most || (*count == most && shift == whole)) {
                most = *count;
                best = shift;
            }
        }
    map_free(&counts);
    return best;
}

static void pair_moved(struct twins *twins, uint32_t old, uint32_t new)
{
    bool stays = !shift_of(twins, old, new);
    pairs_put(&twins->lines, old, new, stays ? MATCHED_NAME : MATCHED_PLACE);
}

/* Where there are too many lines for more. */
static void pair_shifted(struct twins *twins, const struct list lists[SIDES], int64_t shift)
{
    for (size_t i = 0, j = 0; i < lists[0].count && j < lists[1].count;) {
        int64_t over = shift_of(twins, lists[0].lines[i], lists[1].lines[j]) - shift;
        if (!over)
            pair_moved(twins, lists[0].lines[i++], lists[1].lines[j++]);
        else if (over < 0)
            j++;
        else
            i++;
    }
}

/* That both have about the same figure says more than that they are as far from the others; both together say most. */
#define SAME_FIGURE 3u
#define SAME_SHIFT  2u

static uint32_t likely(const struct twins *twins, uint32_t old, uint32_t new, int64_t shift)
{
    return (same_figure(twins, old, new) ? SAME_FIGURE : 0) +
           (shift_of(twins, old, new) == shift ? SAME_SHIFT : 0);
}

/* In their order, so that they are most likely in all; best[i][j] as in align_alike. */
static void pair_likely(struct twins *twins, const struct list lists[SIDES], int64_t whole)
{
    size_t olds = lists[0].count, news = lists[1].count, width = news + 1;
    const uint32_t *old = lists[0].lines, *new = lists[1].lines;
    int64_t shift = best_shift(twins, lists, whole);
    if (olds > ALIKE_LINES || news > ALIKE_LINES) {
        pair_shifted(twins, lists, shift);
        return;
    }
    uint32_t *best = base_alloc((olds + 1) * width, sizeof *best);
    for (size_t i = olds; i-- > 0;)
        for (size_t j = news; j-- > 0;) {
            uint32_t skip = best[(i + 1) * width + j], other = best[i * width + j + 1];
            uint32_t with = best[(i + 1) * width + j + 1] + likely(twins, old[i], new[j], shift);
            uint32_t most = skip > other ? skip : other;
            best[i * width + j] = with > most ? with : most;
        }
    for (size_t i = 0, j = 0; i < olds && j < news;) {
        uint32_t here = best[i * width + j], pair = likely(twins, old[i], new[j], shift);
        if (pair && here == best[(i + 1) * width + j + 1] + pair) {
            pair_moved(twins, old[i++], new[j++]);
        } else if (here == best[(i + 1) * width + j]) {
            i++;
        } else {
            j++;
        }
    }
    free(best);
}

static struct list *lists_of(const struct twins *twins, unsigned s, bool text)
{
    struct list *lists = base_alloc(twins->groups.count[s] + (size_t)1, sizeof *lists);
    for (uint32_t l = 0; l < twins->lines.count[s]; l++) {
        const struct line *line = &twins->line[s][l];
        struct list *list = &lists[line->group];
        if (!has_number(line) || twins->lines.with[s][l] || has_text(twins, s, l) != text)
            continue;
        list->lines = base_room(list->lines, &list->cap, list->count + 1, sizeof *list->lines);
        list->lines[list->count++] = l;
    }
    for (uint32_t g = 0; g < twins->groups.count[s]; g++)
        if (lists[g].count)
            qsort_r(lists[g].lines, lists[g].count, sizeof *lists[g].lines, number_order,
                    twins->line[s]);
    return lists;
}

static void lists_free(const struct twins *twins, unsigned s, struct list *lists)
{
    for (uint32_t g = 0; g < twins->groups.count[s]; g++)
        free(lists[g].lines);
    free(lists);
}

/* The lines of each function that is in both sides, of those with text or those without, to `pair`. */
static void each_function(struct twins *twins, bool text,
                          void (*pair)(struct twins *twins, const struct list lists[SIDES],
                                       int64_t whole))
{
    struct list *old = lists_of(twins, SIDE_OLD, text), *new = lists_of(twins, SIDE_NEW, text);
    for (uint32_t g = 0; g < twins->groups.count[SIDE_OLD]; g++) {
        uint32_t with = twins->groups.with[SIDE_OLD][g];
        if (!with || !old[g].count || !new[with - 1].count)
            continue;
        const struct group *a = &twins->group[SIDE_OLD][g], *b = &twins->group[SIDE_NEW][with - 1];
        struct list lists[SIDES] = {old[g], new[with - 1]};
        pair(twins, lists, a->first && b->first ? (int64_t)b->first - a->first : 0);
    }
    lists_free(twins, SIDE_OLD, old);
    lists_free(twins, SIDE_NEW, new);
}

/* Lines of a function that moved past others, and that are much alike. */
static void pair_alike(struct twins *twins, const struct list lists[SIDES], int64_t whole)
{
    uint32_t *says[SIDES], *to = base_alloc(lists[0].count, sizeof *to);
    (void)whole;
    for (unsigned s = 0; s < SIDES; s++) {
        says[s] = base_alloc(lists[s].count, sizeof *says[s]);
        for (size_t i = 0; i < lists[s].count; i++)
            says[s][i] = twins_says(twins, s, lists[s].lines[i]);
    }
    if (says[0][0] && says[1][0]) /* else the texts are the same, and the lines are not */
        align_alike(&twins->strings, says[0], (uint32_t)lists[0].count, says[1],
                    (uint32_t)lists[1].count, to);
    for (size_t i = 0; i < lists[0].count; i++)
        if (to[i])
            pairs_put(&twins->lines, lists[0].lines[i], lists[1].lines[to[i] - 1], MATCHED_EDITED);
    free(says[0]);
    free(says[1]);
    free(to);
}

/* ---- functions whose lines are those of another one ---- */

/* How many lines of an old function are lines of a new one. */
struct share {
    uint32_t old, new, lines;
};

static int share_order(const void *a, const void *b)
{
    const struct share *x = a, *y = b;
    if (x->lines != y->lines)
        return x->lines > y->lines ? -1 : 1;
    return x->old != y->old ? (x->old < y->old ? -1 : 1) : x->new < y->new ? -1 : x->new > y->new;
}

static void pair_functions_by_lines(struct twins *twins)
{
    struct share *shares = NULL;
    struct map index = {0};
    size_t count = 0, cap = 0;
    for (uint32_t l = 0; l < twins->lines.count[SIDE_OLD]; l++) {
        uint32_t with = twins->lines.with[SIDE_OLD][l], old = twins->line[SIDE_OLD][l].group;
        uint32_t new = with ? twins->line[SIDE_NEW][with - 1].group : 0;
        if (!with || twins->groups.with[SIDE_OLD][old] || twins->groups.with[SIDE_NEW][new])
            continue;
        uint32_t *found = map_at(&index, (uint64_t)old << 32 | new);
        if (!*found) {
            shares = base_room(shares, &cap, count + 1, sizeof *shares);
            shares[count++] = (struct share){old, new, 0};
            *found = (uint32_t)count;
        }
        shares[*found - 1].lines++;
    }
    if (count)
        qsort(shares, count, sizeof *shares, share_order);
    for (size_t i = 0; i < count; i++)
        if (!twins->groups.with[SIDE_OLD][shares[i].old] &&
            !twins->groups.with[SIDE_NEW][shares[i].new])
            pairs_put(&twins->groups, shares[i].old, shares[i].new, MATCHED_TEXT);
    free(shares);
    map_free(&index);
}

/* A line that has kept its number, in a function that has kept its name, is the same line by its name. */
static void name_unmoved(struct twins *twins)
{
    for (uint32_t l = 0; l < twins->lines.count[SIDE_OLD]; l++) {
        uint32_t with = twins->lines.with[SIDE_OLD][l];
        const struct line *old = &twins->line[SIDE_OLD][l];
        if (with && twins->lines.how[l] == MATCHED_TEXT &&
            old->line == twins->line[SIDE_NEW][with - 1].line &&
            twins->groups.how[old->group] == MATCHED_NAME)
            twins->lines.how[l] = MATCHED_NAME;
    }
}

void twins_lines(struct twins *twins)
{
    struct pairs *lines = &twins->lines;
    pairs_pass(lines, by_function, twins, false, MATCHED_NAME);
    pairs_pass(lines, by_text, twins, false, MATCHED_TEXT);
    pairs_pass(lines, by_words_in_function, twins, false, MATCHED_TEXT);
    pairs_pass(lines, by_words_and_name, twins, true, MATCHED_TEXT);
    pairs_pass(lines, by_words_in_file, twins, true, MATCHED_TEXT);
    pair_functions_by_lines(twins);
    pairs_pass(lines, by_words_in_function, twins, false, MATCHED_TEXT);
    pairs_pass(lines, by_edit, twins, false, MATCHED_EDITED);
    each_function(twins, true, pair_alike);
    each_function(twins, false, pair_likely);
    pairs_pass(lines, by_elimination, twins, true, MATCHED_FUNCTION);
    name_unmoved(twins);
}
