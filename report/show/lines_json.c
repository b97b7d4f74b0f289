/* SPDX-License-Identifier: MIT */
#include "show/lines_json.h"

#include <stdlib.h>

#include "base/base.h"

static bool has_figures(const struct fold_key *key)
{
    return view_shows(key) || key->sums.resident;
}

static int order(const struct fold_key *x, const struct fold_key *y, uint32_t a, uint32_t b)
{
    if (x->rise != y->rise)
        return x->rise > y->rise ? -1 : 1;
    if (x->sums.allocated != y->sums.allocated)
        return x->sums.allocated > y->sums.allocated ? -1 : 1;
    return a < b ? -1 : a > b;
}

static int key_order(const void *a, const void *b, void *keys)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const struct fold_key *all = keys;
    return order(&all[x], &all[y], x, y);
}

static uint32_t *sorted(struct fold_key *keys, size_t count, size_t *kept)
{
    uint32_t *list = base_alloc(count, sizeof *list);
    *kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (has_figures(&keys[i]))
            list[(*kept)++] = i;
    qsort_r(list, *kept, sizeof *list, key_order, keys);
    return list;
}

static void one_line(struct view *view, struct json *json, uint32_t index)
{
    const struct place *place = &view->frames.places[index];
    const struct function *function = &view->frames.functions[place->function];
    const char *file = frames_file(&view->frames, function);
    json_open(json, NULL, '{');
    view_json_place(view, json, index);
    view_json_key(json, &view->lines[index]);
    view_json_count(json, "executions", &view->lines[index]);
    char *text = NULL;
    if (file && place->line) {
        const struct source *source = sources_get(&view->sources, file);
        text = source->text ? source_line(source, place->line) : NULL;
    }
    json_string(json, "source", text);
    free(text);
    json_bool(json, "user", function->rank == RANK_USER);
    json_close(json, '}');
}

static void one_function(const struct view *view, struct json *json, uint32_t index)
{
    const struct function *function = &view->frames.functions[index];
    json_open(json, NULL, '{');
    json_string(json, "file", frames_file(&view->frames, function));
    view_json_function(view, json, index);
    if (function->first_line)
        json_unsigned(json, "first_line", function->first_line);
    else
        json_null(json, "first_line");
    view_json_key(json, &view->functions[index]);
    view_json_count(json, "calls", &view->functions[index]);
    json_bool(json, "user", function->rank == RANK_USER);
    json_close(json, '}');
}

void lines_json(struct view *view, struct json *json, const unsigned char *wanted)
{
    size_t count;
    uint32_t *list = sorted(view->lines, view->frames.place_count, &count);
    json_open(json, "lines", '[');
    for (size_t i = 0; i < count; i++)
        if (!wanted || wanted[view->frames.places[list[i]].function])
            one_line(view, json, list[i]);
    json_close(json, ']');
    free(list);
    list = sorted(view->functions, view->frames.function_count, &count);
    json_open(json, "functions", '[');
    for (size_t i = 0; i < count; i++)
        if (!wanted || wanted[list[i]])
            one_function(view, json, list[i]);
    json_close(json, ']');
    free(list);
}
