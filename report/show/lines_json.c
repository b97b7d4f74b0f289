/* SPDX-License-Identifier: MIT */
#include "show/lines_json.h"

#include <stdlib.h>

#include "resolve/source_of.h"
#include "show/row_json.h"

static bool has_figures(const struct row *key)
{
    return row_shows(key) || key->sums.resident;
}

static void one_line(struct view *view, struct json *json, uint32_t index)
{
    const struct place *place = &view->stacks.frames.places[index];
    const struct function *function = &view->stacks.frames.functions[place->function];
    json_open(json, NULL, '{');
    json_place(&view->stacks.frames, json, index);
    if (place->line == PLACE_RETURNS)
        json_unsigned(json, "first_line", function->first_line);
    json_row(json, &view->lines.list[index]);
    json_executions(json, "executions", &view->lines.list[index]);
    char *text = source_of_line(&view->sources, &view->stacks.frames, function, place->line);
    json_string(json, "source", text);
    free(text);
    json_bool(json, "user", function->rank == RANK_USER);
    json_close(json, '}');
}

static void one_function(struct view *view, struct json *json, uint32_t index)
{
    const struct function *function = &view->stacks.frames.functions[index];
    json_open(json, NULL, '{');
    json_string(json, "file", frames_file(&view->stacks.frames, function));
    json_function(&view->stacks.frames, json, index);
    if (function->first_line)
        json_unsigned(json, "first_line", function->first_line);
    else
        json_null(json, "first_line");
    json_bool(json, "source_changed",
              source_of_changed(&view->sources, &view->stacks.frames, function));
    json_row(json, &view->functions.list[index]);
    json_executions(json, "calls", &view->functions.list[index]);
    json_bool(json, "user", function->rank == RANK_USER);
    json_close(json, '}');
}

void lines_json(struct view *view, struct json *json, const unsigned char *wanted,
                enum metric metric)
{
    size_t count;
    uint32_t *list = rows_by(&view->lines, metric, has_figures, &count);
    json_open(json, "lines", '[');
    for (size_t i = 0; i < count; i++)
        if (!wanted || wanted[view->stacks.frames.places[list[i]].function])
            one_line(view, json, list[i]);
    json_close(json, ']');
    free(list);
    list = rows_by(&view->functions, metric, has_figures, &count);
    json_open(json, "functions", '[');
    for (size_t i = 0; i < count; i++)
        if (!wanted || wanted[list[i]])
            one_function(view, json, list[i]);
    json_close(json, ']');
    free(list);
}
