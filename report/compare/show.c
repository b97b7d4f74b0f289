/* SPDX-License-Identifier: MIT */
#include "compare/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "show/fit.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/table.h"

#define SITE_FRAMES 12u /* the innermost that a call site's table shows */

/* ---- names ---- */

static char *copy(const char *text)
{
    return base_copy(text, strlen(text));
}

/* To be freed. */
static char *name_of(const struct side *side, enum grouping by, uint32_t key)
{
    const struct frames *frames = &side->names.stacks.frames;
    const struct log *log = &side->names.stacks.log;
    if (key == SIDE_UNKNOWN)
        return copy(NAME_NOT_KNOWN);
    if (key == SIDE_REST)
        return copy(NAME_NOT_YOURS);
    if (by == BY_MODULE && (!key || key >= log->module_count))
        return copy("Python code, and code of no module");
    if (by == BY_MODULE)
        return base_copy(log->modules[key].path.text, log->modules[key].path.bytes);
    if (by == BY_FUNCTION)
        return name_of_function(frames, key);
    return name_of_place(frames, by == BY_SITE ? side->sites[key].place : key);
}

static unsigned side_of(const struct change *change)
{
    return change->key[SIDE_NEW] == CHANGE_NONE ? SIDE_OLD : SIDE_NEW;
}

char *change_name(const struct changes_shown *shown, const struct change *change)
{
    unsigned s = side_of(change);
    return name_of(&shown->sides[s], shown->comparing->by, change->key[s]);
}

/* What it was called in the old side, where it is called otherwise now; NULL: it is not. To be freed. */
static char *old_name(const struct changes_shown *shown, const struct change *change)
{
    enum grouping by = shown->comparing->by;
    if (change->key[SIDE_OLD] == CHANGE_NONE || change->key[SIDE_NEW] == CHANGE_NONE)
        return NULL;
    char *old = name_of(&shown->sides[SIDE_OLD], by, change->key[SIDE_OLD]);
    char *new = name_of(&shown->sides[SIDE_NEW], by, change->key[SIDE_NEW]);
    bool same = by == BY_MODULE ? !strcmp(path_base(old), path_base(new)) : !strcmp(old, new);
    free(new);
    if (!same)
        return old;
    free(old);
    return NULL;
}

/* ---- text ---- */

#define CHANGE_BYTES (TEXT_SIZE_BYTES + 2)

static char *signed_text(char out[CHANGE_BYTES], enum metric metric, int64_t value)
{
    char text[TEXT_SIZE_BYTES];
    snprintf(out, CHANGE_BYTES, "%s%s", value > 0 ? "+" : "", metric_text(text, metric, value));
    return out;
}

static char *growth_text(char out[CHANGE_BYTES], const struct change *change)
{
    const int64_t old = change->of[SIDE_OLD].mean;
    out[0] = 0;
    if (old > 0 && change->of[SIDE_NEW].mean && change->change)
        snprintf(out, CHANGE_BYTES, "%+.1f %%", 100.0 * (double)change->change / (double)old);
    return out;
}

static char *total_text(char out[TEXT_SIZE_BYTES], enum metric metric, int64_t value)
{
    return metric_bytes(metric) ? text_total(out, value) : metric_text(out, metric, value);
}

/* The total of one side: of several runs how far they differ, too. */
static void print_total(const struct changes_shown *shown, unsigned s, FILE *out)
{
    const struct figures *of = &shown->changes->total.of[s];
    enum metric metric = shown->comparing->metric;
    char mean[TEXT_SIZE_BYTES], least[TEXT_SIZE_BYTES], most[TEXT_SIZE_BYTES];
    fputs(total_text(mean, metric, of->mean), out);
    if (strcmp(total_text(least, metric, of->least), total_text(most, metric, of->most)) != 0)
        fprintf(out, " (%s to %s)", least, most);
}

static void print_head(const struct changes_shown *shown, FILE *out)
{
    const struct changes *changes = shown->changes;
    char change[CHANGE_BYTES], growth[CHANGE_BYTES];
    fputs(terminal_on(STYLE_TITLE), out);
    if (!metric_adds(shown->comparing->metric))
        fprintf(out, "The most %s by one %s: ", metric_phrase(shown->comparing->metric),
                grouping_name(shown->comparing->by));
    print_total(shown, SIDE_OLD, out);
    fputs(" -> ", out);
    print_total(shown, SIDE_NEW, out);
    fprintf(out,
            " %s: ", metric_phrase_of(shown->comparing->metric, changes->total.of[SIDE_NEW].mean));
    fputs(signed_text(change, shown->comparing->metric, changes->total.change), out);
    if (*growth_text(growth, &changes->total))
        fprintf(out, " (%s)", growth);
    if (changes->runs[SIDE_OLD] + changes->runs[SIDE_NEW] > 2)
        fprintf(out, ", means of %u and %u runs", changes->runs[SIDE_OLD], changes->runs[SIDE_NEW]);
    fprintf(out, "%s\n\n", terminal_off(STYLE_TITLE));
}

static void fill_row(struct table *table, enum metric metric, const struct change *change,
                     const char *word, const char *name)
{
    char text[TEXT_SIZE_BYTES], with_sign[CHANGE_BYTES];
    table_cell(table, signed_text(with_sign, metric, change->change));
    for (unsigned s = 0; s < SIDES; s++)
        table_cell(table, change->of[s].mean || change->of[s].most
                              ? metric_text(text, metric, change->of[s].mean)
                              : NULL);
    table_cell(table, growth_text(with_sign, change));
    table_cell(table, word);
    table_cell(table, name);
}

/* Further lines of a row, in the last column. */
static void fill_line(struct table *table, const char *before, const char *text)
{
    char *line = NULL;
    table_row(table, STYLE_FAINT);
    for (unsigned c = 0; c < 5; c++)
        table_cell(table, NULL);
    if (asprintf(&line, "  %s%s", before, text) >= 0)
        table_cell(table, line);
    free(line);
}

static void fill_callers(struct table *table, const struct changes_shown *shown,
                         const struct change *change)
{
    unsigned s = side_of(change), frames = 1;
    const struct side *side = &shown->sides[s];
    if (!side_names(change->key[s]))
        return;
    uint32_t site = side->sites[change->key[s]].parent;
    for (; site && frames < SITE_FRAMES; site = side->sites[site].parent, frames++) {
        char *name = name_of_place(&side->names.stacks.frames, side->sites[site].place);
        fill_line(table, "", name);
        free(name);
    }
    if (site)
        fill_line(table, "", "...");
}

static void fill_change(struct table *table, const struct changes_shown *shown,
                        const struct change *change)
{
    char *name = change_name(shown, change), *old = old_name(shown, change);
    table_row(table, STYLE_NONE);
    fill_row(table, shown->comparing->metric, change, change_word(change), name);
    if (shown->comparing->by == BY_SITE)
        fill_callers(table, shown, change);
    if (old)
        fill_line(table, "was ", old);
    free(name);
    free(old);
}

/* Rows that are not shown, as one. */
static struct change others_of(const struct changes_shown *shown)
{
    const struct changes *changes = shown->changes;
    struct change others = {0};
    for (size_t i = shown->shown; i < changes->count; i++)
        for (unsigned s = 0; s < SIDES; s++)
            others.of[s].mean =
                (int64_t)((uint64_t)others.of[s].mean + (uint64_t)changes->list[i].of[s].mean);
    others.change =
        (int64_t)((uint64_t)others.of[SIDE_NEW].mean - (uint64_t)others.of[SIDE_OLD].mean);
    return others;
}

/* How rows are known that names alone did not do for. */
static void print_matched(const struct changes_shown *shown, FILE *out)
{
    static const char *const texts[MATCHEDS] = {
        [MATCHED_EDITED] = "the lines around it, as its text was edited",
        [MATCHED_PLACE] = "its place in its function, as the source of one side is not known",
        [MATCHED_FUNCTION] = "its function alone, as the source of one side is not known"};
    size_t counts[MATCHEDS] = {0};
    for (size_t i = 0; i < shown->shown; i++)
        if (shown->changes->list[i].key[SIDE_OLD] != CHANGE_NONE &&
            shown->changes->list[i].key[SIDE_NEW] != CHANGE_NONE)
            counts[shown->changes->list[i].how]++;
    for (unsigned how = 0; how < MATCHEDS; how++) {
        char number[TEXT_COUNT_BYTES];
        if (counts[how] && texts[how])
            fprintf(out, "note: %s row%s known by %s\n", text_count(number, counts[how]),
                    counts[how] == 1 ? " is" : "s are each", texts[how]);
    }
}

static void print_table(const struct changes_shown *shown, FILE *out)
{
    const struct changes *changes = shown->changes;
    enum metric metric = shown->comparing->metric;
    const struct table_column columns[] = {
        {"Change", 10},  {"Old", 9}, {"New", 9},
        {"Per cent", 8}, {"", 6},    {grouping_name(shown->comparing->by), 0}};
    static const unsigned char spare[] = {0, 2, 3, 1, 0, 0};
    struct table table;
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    table.spare = spare;
    table.names = shown->comparing->by != BY_MODULE;
    for (size_t i = 0; i < shown->shown; i++)
        fill_change(&table, shown, &changes->list[i]);
    if (metric_adds(metric) && shown->shown < changes->count) {
        char text[64], number[TEXT_COUNT_BYTES];
        struct change others = others_of(shown);
        snprintf(text, sizeof text, "%s other%s, changed less or not at all",
                 text_count(number, changes->count - shown->shown),
                 text_s(changes->count - shown->shown));
        table_row(&table, STYLE_FAINT);
        fill_row(&table, metric, &others, NULL, text);
    }
    if (metric_adds(metric)) {
        table_row(&table, STYLE_TITLE);
        fill_row(&table, metric, &changes->total, NULL, "total");
    }
    unsigned hidden = table_finish(&table, out, terminal_cut());
    table_left_out(columns, sizeof columns / sizeof columns[0], hidden, out);
}

/* One sentence. */
static void print_nothing(const struct changes_shown *shown, FILE *out)
{
    const struct changes *changes = shown->changes;
    size_t differ = 0;
    char number[TEXT_COUNT_BYTES], change[CHANGE_BYTES];
    for (size_t i = 0; i < changes->count; i++)
        differ += changes->list[i].change != 0;
    fputs("Nothing changed", out);
    if (differ && changes->runs[SIDE_OLD] + changes->runs[SIDE_NEW] > 2)
        fputs(" by more than the runs of one side differ", out);
    else if (differ && shown->least > 0)
        fprintf(out, " by %g %% of the whole or more", shown->least);
    fputs(": ", out);
    print_total(shown, SIDE_NEW, out);
    fprintf(out, " %s",
            metric_phrase_of(shown->comparing->metric, changes->total.of[SIDE_NEW].mean));
    if (differ)
        fprintf(out, ", %s; %s %s%s differ%s, which --all shows",
                changes->total.change
                    ? signed_text(change, shown->comparing->metric, changes->total.change)
                    : "as before",
                text_count(number, differ), grouping_name(shown->comparing->by), text_s(differ),
                differ == 1 ? "s" : "");
    fputs(".\n", out);
}

static void print_notes(const struct changes_shown *shown, FILE *out)
{
    for (unsigned s = 0; s < SIDES; s++)
        for (size_t i = 0; i < shown->sides[s].note_count; i++) {
            const char *note = shown->sides[s].notes[i];
            fprintf(out, "note: %s: ", shown->said[s]);
            text_put(out, note, strlen(note), SIZE_MAX);
            fputc('\n', out);
        }
}

void changes_print(const struct changes_shown *shown, FILE *out)
{
    if (!shown->shown) {
        print_nothing(shown, out);
        return;
    }
    print_head(shown, out);
    print_table(shown, out);
    print_matched(shown, out);
    print_notes(shown, out);
}
