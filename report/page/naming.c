/* SPDX-License-Identifier: MIT */
#include "page/naming.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"
#include "fold/own.h"
#include "page/redact.h"

/* ---- numbers ---- */

static int uses_order(const void *a, const void *b, void *context)
{
    const uint32_t *uses = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (uses[x] != uses[y])
        return uses[x] > uses[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void number_functions(struct naming *names)
{
    const struct frames *frames = &names->stacks->frames;
    for (uint32_t f = 0; f < names->frame_count; f++) {
        if (names->frames[f] >= TREE_THREAD)
            continue;
        uint32_t function = frames->places[names->frames[f]].function;
        if (names->of_function[function])
            continue;
        names->functions[names->function_count++] = function;
        names->of_function[function] = names->function_count;
    }
}

void naming_make(struct naming *names, const struct stacks *stacks, const struct pruned *pruned,
                 const uint32_t *places, size_t count)
{
    const struct frames *frames = &stacks->frames;
    uint32_t *uses = base_alloc(frames->place_count + 1, sizeof *uses);
    *names = (struct naming){.stacks = stacks};
    names->of_place = base_alloc(frames->place_count + 1, sizeof *names->of_place);
    names->of_thread = base_alloc(stacks->model.thread_count + (size_t)1, sizeof *names->of_thread);
    names->of_function = base_alloc(frames->function_count + 1, sizeof *names->of_function);
    names->functions = base_alloc(frames->function_count + 1, sizeof *names->functions);
    names->frames =
        base_alloc(frames->place_count + stacks->model.thread_count + 1, sizeof *names->frames);
    for (uint32_t i = 1; i < pruned->count; i++)
        if (pruned->key[i] < TREE_THREAD)
            uses[pruned->key[i]]++;
    for (size_t i = 0; i < count; i++)
        uses[places[i]] += uses[places[i]] == 0;
    for (uint32_t p = 0; p < frames->place_count; p++)
        if (uses[p])
            names->frames[names->frame_count++] = p;
    if (names->frame_count)
        qsort_r(names->frames, names->frame_count, sizeof *names->frames, uses_order, uses);
    for (uint32_t f = 0; f < names->frame_count; f++)
        names->of_place[names->frames[f]] = f + 1;
    for (uint32_t i = 1; i < pruned->count; i++) {
        if (pruned->key[i] < TREE_THREAD || pruned->key[i] == PRUNED_OTHERS)
            continue;
        names->frames[names->frame_count++] = pruned->key[i];
        names->of_thread[pruned->key[i] - TREE_THREAD] = names->frame_count;
    }
    number_functions(names);
    free(uses);
}

void naming_free(struct naming *names)
{
    free(names->of_place);
    free(names->of_thread);
    free(names->of_function);
    free(names->frames);
    free(names->functions);
    *names = (struct naming){0};
}

uint32_t naming_frame(const struct naming *names, uint32_t key)
{
    if (key == PRUNED_OTHERS || key == UINT32_MAX)
        return 0;
    return key >= TREE_THREAD ? names->of_thread[key - TREE_THREAD] : names->of_place[key];
}

/* ---- columns ---- */

static const char *const languages[] = {"native", "Python", "C", "C++", "Rust"};

const char *naming_language(unsigned index)
{
    return index < sizeof languages / sizeof languages[0] ? languages[index] : NULL;
}

static unsigned language_index(const char *language)
{
    for (unsigned i = 1; language && i < sizeof languages / sizeof languages[0]; i++)
        if (!strcmp(language, languages[i]))
            return i;
    return 0;
}

static int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All texts, sorted, so that those with the same beginning pack well; `number` gives a text's place in that order. */
struct texts {
    struct strings all;
    uint32_t *number; /* by id in `all` */
};

static uint32_t text_add(struct texts *texts, const char *text, size_t bytes, bool redact)
{
    if (!text || !bytes)
        return 0;
    char *copy = base_copy(text, bytes < COLUMN_TEXT_MOST + 1 ? bytes : COLUMN_TEXT_MOST + 1);
    if (redact)
        redact_homes(copy);
    uint32_t id = strings_add(&texts->all, copy, strlen(copy));
    free(copy);
    return id;
}

static void texts_column(struct texts *texts, struct columns *columns)
{
    size_t count = texts->all.count;
    char **sorted = base_alloc(count + 1, sizeof *sorted);
    struct strings order = {0};
    for (size_t i = 0; i < count; i++)
        sorted[i] = texts->all.text[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, text_order);
    columns_begin(columns, "text");
    for (size_t i = 0; i < count; i++) {
        columns_text(columns, sorted[i], strlen(sorted[i]));
        strings_add(&order, sorted[i], strlen(sorted[i]));
    }
    texts->number = base_alloc(count + 1, sizeof *texts->number);
    for (uint32_t id = 1; id <= count; id++)
        texts->number[id] =
            strings_add(&order, texts->all.text[id - 1], strlen(texts->all.text[id - 1]));
    strings_free(&order);
    free(sorted);
}

static void functions_columns(const struct naming *names, struct columns *columns, bool redact)
{
    const struct frames *frames = &names->stacks->frames;
    static const char *const titles[] = {"function.name", "function.file", "function.short",
                                         "function.module"};
    struct texts texts = {0};
    uint32_t(*ids)[4] = base_alloc(names->function_count + (size_t)1, sizeof *ids);
    for (uint32_t i = 0; i < names->function_count; i++) {
        const struct function *f = &frames->functions[names->functions[i]];
        struct log_text module = frames_module(frames, f);
        const char *name[] = {frames_name(frames, f), frames_file(frames, f),
                              frames_short(frames, f)};
        for (unsigned k = 0; k < 3; k++)
            ids[i][k] = text_add(&texts, name[k], name[k] ? strlen(name[k]) : 0, redact);
        ids[i][3] = text_add(&texts, module.text, module.bytes, redact);
    }
    texts_column(&texts, columns);
    for (unsigned k = 0; k < 4; k++) {
        columns_begin(columns, titles[k]);
        for (uint32_t i = 0; i < names->function_count; i++)
            columns_number(columns, texts.number[ids[i][k]]);
    }
    strings_free(&texts.all);
    free(texts.number);
    free(ids);
}

static uint64_t line_code(const struct place *place)
{
    return place->line == PLACE_RETURNS ? 1 : place->line ? place->line + (uint64_t)1 : 0;
}

void naming_columns(const struct naming *names, struct columns *columns, bool redact)
{
    const struct frames *frames = &names->stacks->frames;
    functions_columns(names, columns, redact);
    columns_begin(columns, "function.language");
    for (uint32_t i = 0; i < names->function_count; i++)
        columns_number(columns, language_index(frames->functions[names->functions[i]].language));
    unsigned char *ranks = own_ranks(frames);
    columns_begin(columns, "function.rank");
    for (uint32_t i = 0; i < names->function_count; i++)
        columns_number(columns, ranks[names->functions[i]]);
    free(ranks);
    columns_begin(columns, "frame.function");
    for (uint32_t i = 0; i < names->frame_count; i++)
        columns_number(columns,
                       names->frames[i] >= TREE_THREAD
                           ? 0
                           : names->of_function[frames->places[names->frames[i]].function]);
    columns_begin(columns, "frame.line");
    for (uint32_t i = 0; i < names->frame_count; i++)
        columns_number(columns, names->frames[i] >= TREE_THREAD
                                    ? names->frames[i] - TREE_THREAD
                                    : line_code(&frames->places[names->frames[i]]));
    columns_begin(columns, "frame.address");
    for (uint32_t i = 0; i < names->frame_count; i++)
        columns_number(columns, names->frames[i] >= TREE_THREAD
                                    ? 0
                                    : frames->places[names->frames[i]].address);
    columns_begin(columns, "frame.tail");
    for (uint32_t i = 0; i < names->frame_count; i++)
        columns_number(columns,
                       names->frames[i] >= TREE_THREAD ? 0 : frames->places[names->frames[i]].tail);
}
