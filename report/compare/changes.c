/* SPDX-License-Identifier: MIT */
#include "compare/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/rows.h"

/* ---- a row for each thing: figures by run ---- */

struct table {
    const struct side *sides;
    const struct comparing *comparing;
    const struct match *match;
    struct map index;
    struct change *rows;
    size_t count, cap;
    int64_t *values; /* runs of both sides for each row */
    size_t values_cap;
    size_t width;
};

static size_t row_at(struct table *table, unsigned s, const struct fact *fact)
{
    bool named = side_names(fact->key);
    uint64_t number = named ? table->match->ids[s][fact->key] : fact->key;
    uint32_t *found = map_at(&table->index, number << 3 | fact->class);
    if (!*found) {
        size_t row = table->count++;
        table->rows = base_room(table->rows, &table->cap, table->count, sizeof *table->rows);
        table->values = base_room(table->values, &table->values_cap, table->count * table->width,
                                  sizeof *table->values);
        table->rows[row] = (struct change){.key = {CHANGE_NONE, CHANGE_NONE},
                                           .class = fact->class,
                                           .how = named ? table->match->how[number] : MATCHED_NAME};
        memset(table->values + row * table->width, 0, table->width * sizeof *table->values);
        *found = (uint32_t)table->count;
    }
    return *found - 1;
}

static void fill(struct table *table)
{
    bool adds = metric_adds(table->comparing->metric);
    for (unsigned s = 0; s < SIDES; s++)
        for (size_t f = 0; f < table->sides[s].fact_count; f++) {
            const struct fact *fact = &table->sides[s].facts[f];
            size_t row = row_at(table, s, fact);
            size_t run = (s == SIDE_NEW ? table->sides[SIDE_OLD].run_count : 0) + fact->run;
            int64_t *value = &table->values[row * table->width + run];
            if (table->rows[row].key[s] == CHANGE_NONE)
                table->rows[row].key[s] = fact->key;
            if (adds)
                *value = (int64_t)((uint64_t)*value + (uint64_t)fact->value);
            else if (fact->value > *value)
                *value = fact->value;
        }
}

/* ---- what is a change ---- */

static struct figures figures_of(const int64_t *values, size_t count)
{
    struct figures figures = {.least = values[0], .most = values[0]};
    __int128 sum = 0; /* a damaged log may say anything */
    for (size_t i = 0; i < count; i++) {
        figures.least = values[i] < figures.least ? values[i] : figures.least;
        figures.most = values[i] > figures.most ? values[i] : figures.most;
        sum += values[i];
    }
    __int128 half = sum < 0 ? -(__int128)(count / 2) : (__int128)(count / 2);
    figures.mean = (int64_t)((sum + half) / (__int128)count);
    return figures;
}

/* How many times what few runs differ by counts. Of runs that differ by chance alone about one row of a hundred would else look like a
 * change with two runs on each side; with five on each, one of ten thousand. */
static int64_t times_for(uint32_t olds, uint32_t news)
{
    static const int64_t times[] = {0, 10, 5, 3, 2};
    uint32_t free = olds + news - 2;
    return free < sizeof times / sizeof times[0] ? times[free] : 1;
}

static int64_t difference(int64_t a, int64_t b)
{
    __int128 value = (__int128)a - b;
    return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static int64_t range_of(const struct change *change, unsigned s)
{
    return difference(change->of[s].most, change->of[s].least);
}

/* `least_spread`: the spread is at least that. */
static void judge(struct change *change, const int64_t *values, const uint32_t runs[SIDES],
                  int64_t least_spread)
{
    struct figures *old = &change->of[SIDE_OLD], *new = &change->of[SIDE_NEW];
    *old = figures_of(values, runs[SIDE_OLD]);
    *new = figures_of(values + runs[SIDE_OLD], runs[SIDE_NEW]);
    change->change = difference(new->mean, old->mean);
    int64_t a = range_of(change, SIDE_OLD), b = range_of(change, SIDE_NEW);
    __int128 spread = (__int128)(a > b ? a : b) * times_for(runs[SIDE_OLD], runs[SIDE_NEW]);
    spread = spread > least_spread ? spread : least_spread;
    change->spread = spread > INT64_MAX ? INT64_MAX : (int64_t)spread;
    int64_t up = difference(new->least, old->most), down = difference(old->least, new->most);
    change->beyond = (up > down ? up : down) > change->spread;
}

static uint64_t size_of(const struct change *change)
{
    return change->change < 0 ? -(uint64_t)change->change : (uint64_t)change->change;
}

static int change_order(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    if (x->beyond != y->beyond)
        return x->beyond ? -1 : 1;
    if (size_of(x) != size_of(y))
        return size_of(x) > size_of(y) ? -1 : 1;
    if (x->change != y->change)
        return x->change > y->change ? -1 : 1;
    for (unsigned s = SIDES; s-- > 0;)
        if (x->key[s] != y->key[s])
            return x->key[s] < y->key[s] ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

/* What rows differ by within a side may be a matter of where it happens, as with pools that whoever comes takes a chunk for: a row that
 * had none in the few runs of one side and one in those of the other has no spread of its own. Then what others differ by tells: three
 * of at least eight that do differ by that or more. 0: there are enough runs, or too few such rows to tell. */
#define TELLING_ROWS 8u
#define COMMON_ROWS  3u
#define ENOUGH_RUNS  7u

static int value_order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int64_t common_spread(const struct change *rows, size_t rows_count,
                             const uint32_t runs[SIDES])
{
    size_t count = 0;
    int64_t *ranges = base_alloc(rows_count + 1, sizeof *ranges), found = 0;
    for (size_t i = 0; i < rows_count && runs[SIDE_OLD] + runs[SIDE_NEW] < ENOUGH_RUNS; i++) {
        int64_t a = range_of(&rows[i], SIDE_OLD), b = range_of(&rows[i], SIDE_NEW);
        if (a || b)
            ranges[count++] = a > b ? a : b;
    }
    if (count >= TELLING_ROWS) {
        qsort(ranges, count, sizeof *ranges, value_order);
        found = ranges[count - COMMON_ROWS];
    }
    free(ranges);
    return found;
}

void changes_judge(struct change *rows, const int64_t *values, size_t count,
                   const uint32_t runs[SIDES])
{
    size_t width = (size_t)runs[SIDE_OLD] + runs[SIDE_NEW];
    for (size_t i = 0; i < count; i++)
        judge(&rows[i], values + i * width, runs, 0);
    int64_t least = common_spread(rows, count, runs);
    for (size_t i = 0; i < count && least; i++)
        judge(&rows[i], values + i * width, runs, least);
}

int64_t change_margin(const struct change *change)
{
    const struct figures *old = &change->of[SIDE_OLD], *new = &change->of[SIDE_NEW];
    int64_t up = difference(new->least, old->most), down = difference(old->least, new->most);
    int64_t apart = up > down ? up : down;
    int64_t size = change->change < 0 ? difference(0, change->change) : change->change;
    __int128 margin = (__int128)size - apart + change->spread;
    return margin > INT64_MAX ? INT64_MAX : (int64_t)margin;
}

static void judge_total(struct changes *changes, const struct side sides[SIDES])
{
    size_t old = sides[SIDE_OLD].run_count, new = sides[SIDE_NEW].run_count;
    int64_t *totals = base_alloc(old + new, sizeof *totals);
    memcpy(totals, sides[SIDE_OLD].totals, old * sizeof *totals);
    memcpy(totals + old, sides[SIDE_NEW].totals, new * sizeof *totals);
    judge(&changes->total, totals, changes->runs, 0);
    free(totals);
}

void changes_make(struct changes *changes, const struct side sides[SIDES],
                  const struct comparing *comparing)
{
    struct match match;
    struct table table = {.sides = sides,
                          .comparing = comparing,
                          .match = &match,
                          .width = sides[SIDE_OLD].run_count + sides[SIDE_NEW].run_count};
    *changes = (struct changes){
        .runs = {(uint32_t)sides[SIDE_OLD].run_count, (uint32_t)sides[SIDE_NEW].run_count}};
    match_make(&match, sides, comparing->by);
    fill(&table);
    match_free(&match);
    map_free(&table.index);
    changes_judge(table.rows, table.values, table.count, changes->runs);
    for (size_t i = 0; i < table.count; i++)
        changes->beyond += table.rows[i].beyond;
    free(table.values);
    if (table.count)
        qsort(table.rows, table.count, sizeof *table.rows, change_order);
    changes->list = table.rows;
    changes->count = table.count;
    judge_total(changes, sides);
}

void changes_free(struct changes *changes)
{
    free(changes->list);
    *changes = (struct changes){0};
}

int64_t changes_whole(const struct changes *changes)
{
    const struct figures *of = changes->total.of;
    return of[SIDE_OLD].mean > of[SIDE_NEW].mean ? of[SIDE_OLD].mean : of[SIDE_NEW].mean;
}

size_t changes_shown(const struct changes *changes, size_t top, double least, bool all)
{
    size_t shown = 0, most = all ? changes->count : changes->beyond;
    int64_t whole = changes_whole(changes);
    while (shown < most && shown < top && changes->list[shown].change &&
           share_reaches(changes->list[shown].change, whole, least))
        shown++;
    return shown;
}

const char *change_word(const struct change *change)
{
    const struct figures *old = &change->of[SIDE_OLD], *new = &change->of[SIDE_NEW];
    if (!old->least && !old->most && change->change)
        return "new";
    if (!new->least && !new->most && change->change)
        return "gone";
    return change->change > 0 ? "grew" : change->change < 0 ? "shrank" : "same";
}
