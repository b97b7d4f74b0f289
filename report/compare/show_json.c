/* SPDX-License-Identifier: MIT */
#include "compare/show.h"

#include "show/metric.h"
#include "show/row_json.h"

static void json_figures(struct json *json, const char *member, const struct figures *of)
{
    json_open(json, member, '{');
    json_signed(json, "mean", of->mean);
    json_signed(json, "least", of->least);
    json_signed(json, "most", of->most);
    json_close(json, '}');
}

static void json_change(struct json *json, const struct change *change)
{
    json_cstring(json, "kind", change_word(change));
    json_signed(json, "change", change->change);
    json_figures(json, "old", &change->of[SIDE_OLD]);
    json_figures(json, "new", &change->of[SIDE_NEW]);
    json_signed(json, "spread", change->spread);
    json_bool(json, "beyond_spread", change->beyond);
}

static void json_key(struct json *json, const struct side *side, enum grouping by, uint32_t key)
{
    const struct frames *frames = &side->names.stacks.frames;
    const struct log *log = &side->names.stacks.log;
    if (by == BY_MODULE) {
        bool known = key && key < log->module_count;
        json_text(json, "module", known ? log->modules[key].path.text : NULL,
                  known ? log->modules[key].path.bytes : 0);
    } else if (by == BY_FUNCTION) {
        json_cstring(json, "file", frames_file(frames, &frames->functions[key]));
        json_function(frames, json, key);
    } else if (by == BY_LINE) {
        json_place(frames, json, key);
    } else {
        json_open(json, "stack", '[');
        for (uint32_t site = key; site; site = side->sites[site].parent) {
            json_open(json, NULL, '{');
            json_place(frames, json, side->sites[site].place);
            json_close(json, '}');
        }
        json_close(json, ']');
    }
}

static bool has_key(const struct change *change, uint32_t key)
{
    return change->key[SIDE_OLD] == key || change->key[SIDE_NEW] == key;
}

static void json_row_of(const struct changes_shown *shown, struct json *json,
                        const struct change *change)
{
    static const char *const at[SIDES] = {"old_at", "new_at"};
    enum grouping by = shown->comparing->by;
    bool rest = has_key(change, SIDE_REST), unknown = has_key(change, SIDE_UNKNOWN);
    json_open(json, NULL, '{');
    json_change(json, change);
    json_bool(json, "not_yours", rest);
    json_bool(json, "unknown", unknown);
    json_cstring(json, "matched_by",
                 change->key[SIDE_OLD] == CHANGE_NONE || change->key[SIDE_NEW] == CHANGE_NONE
                     ? NULL
                     : matched_name(change->how));
    if (by == BY_SITE)
        json_cstring(json, "class", class_name(change->class));
    for (unsigned s = 0; s < SIDES; s++) {
        if (change->key[s] == CHANGE_NONE || rest || unknown) {
            json_none(json, at[s]);
            continue;
        }
        json_open(json, at[s], '{');
        json_key(json, &shown->sides[s], by, change->key[s]);
        json_close(json, '}');
    }
    json_close(json, '}');
}

void changes_json(const struct changes_shown *shown, struct json *json)
{
    static const char *const runs[SIDES] = {"old_runs", "new_runs"};
    static const char *const notes[SIDES] = {"old_notes", "new_notes"};
    const struct changes *changes = shown->changes;
    json_cstring(json, "by", grouping_name(shown->comparing->by));
    json_cstring(json, "metric", metric_name(shown->comparing->metric));
    json_bool(json, "adds_up", metric_adds(shown->comparing->metric));
    for (unsigned s = 0; s < SIDES; s++)
        json_unsigned(json, runs[s], changes->runs[s]);
    json_open(json, "total", '{');
    json_change(json, &changes->total);
    json_close(json, '}');
    json_open(json, "rows", '[');
    for (size_t i = 0; i < shown->shown; i++)
        json_row_of(shown, json, &changes->list[i]);
    json_close(json, ']');
    json_unsigned(json, "other_count", changes->count - shown->shown);
    for (unsigned s = 0; s < SIDES; s++) {
        json_open(json, notes[s], '[');
        for (size_t i = 0; i < shown->sides[s].note_count; i++)
            json_cstring(json, NULL, shown->sides[s].notes[i]);
        json_close(json, ']');
    }
}
