/* SPDX-License-Identifier: MIT
 *
 * The JSON of valgrind's DHAT, file version 2: of each stack what was allocated in all, live at the peak, live at the end.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "import/import.h"

struct dhat {
    struct draft *draft;
    struct input *input;
    uint32_t *frames; /* of ftbl; 0: not asked for yet */
    const json_t *table;
};

static bool bad(struct dhat *d, const char *what, size_t index, const char *why)
{
    if (!d->input->failed)
        base_say("%s: %s %zu: %s", d->input->name, what, index, why);
    d->input->failed = true;
    return false;
}

static bool missing(struct dhat *d, const char *what)
{
    if (!d->input->failed)
        base_say("%s: %s", d->input->name, what);
    d->input->failed = true;
    return false;
}

/* ---- frames: "0xADDRESS: FUNCTION (FILE:LINE)" or "(in MODULE)" ---- */

struct spot {
    const char *function, *file, *module;
    size_t function_bytes, file_bytes, module_bytes;
    uint32_t line;
};

static void spot_read(struct spot *spot, const char *text, size_t bytes)
{
    *spot = (struct spot){0};
    const char *colon =
        bytes > 2 && text[0] == '0' && text[1] == 'x' ? memchr(text, ':', bytes) : NULL;
    if (colon && (size_t)(colon - text) + 2 <= bytes) {
        bytes -= (size_t)(colon - text) + 2;
        text = colon + 2;
    }
    const char *open = NULL;
    for (const char *at = text; bytes && text[bytes - 1] == ')' && at + 1 < text + bytes; at++)
        if (at[0] == ' ' && at[1] == '(')
            open = at;
    spot->function = text;
    spot->function_bytes = open ? (size_t)(open - text) : bytes;
    if (spot->function_bytes == 3 && !memcmp(text, "???", 3))
        spot->function_bytes = 0;
    if (!open)
        return;
    const char *inner = open + 2;
    size_t length = (size_t)(text + bytes - 1 - inner), at;
    if (length > 3 && !memcmp(inner, "in ", 3)) {
        spot->module = inner + 3;
        spot->module_bytes = length - 3;
        return;
    }
    const char *last = memrchr(inner, ':', length);
    uint64_t line;
    at = last ? (size_t)(last - inner) + 1 : 0;
    spot->file = inner;
    spot->file_bytes = length;
    if (last && import_number(inner, length, &at, 10, &line) && line <= INT32_MAX) {
        spot->file_bytes = (size_t)(last - inner);
        spot->line = (uint32_t)line;
    }
}

static uint32_t frame_of(struct dhat *d, size_t index)
{
    const json_t *text = json_array_get(d->table, index);
    struct spot spot;
    if (d->frames[index])
        return d->frames[index];
    spot_read(&spot, json_string_value(text), json_string_length(text));
    struct draft_place place = {.line = spot.line};
    if (spot.function_bytes)
        place.function = draft_text(d->draft, spot.function, spot.function_bytes);
    if (spot.file_bytes)
        place.file = draft_text(d->draft, spot.file, spot.file_bytes);
    uint32_t module = import_module(d->draft, spot.module, spot.module_bytes);
    return d->frames[index] = draft_named(d->draft, module, &place, 1);
}

/* ---- stacks ---- */

/* How many of the innermost frames are DHAT's own, which stand in for the allocation functions. */
static size_t tool_frames(const struct dhat *d, const json_t *frames)
{
    size_t count = 0, most = json_array_size(frames);
    for (; count + 1 < most; count++) {
        const json_t *frame = json_array_get(frames, count);
        json_int_t at = json_is_integer(frame) ? json_integer_value(frame) : -1;
        const char *text = at < 0 ? NULL : json_string_value(json_array_get(d->table, (size_t)at));
        if (!text || !strstr(text, "/vgpreload_"))
            break;
    }
    return count;
}

static bool number(struct dhat *d, size_t index, const json_t *stack, const char *name, bool must,
                   uint64_t *value)
{
    const json_t *member = json_object_get(stack, name);
    *value = 0;
    if (!member && !must)
        return true;
    if (!json_is_integer(member) || json_integer_value(member) < 0)
        return bad(d, "pps", index, name);
    *value = (uint64_t)json_integer_value(member);
    return true;
}

static bool take_stack(struct dhat *d, size_t index, const json_t *stack)
{
    uint64_t bytes, blocks, at_peak, blocks_at_peak, at_end, blocks_end, top;
    const json_t *frames = json_object_get(stack, "fs");
    if (!number(d, index, stack, "tb", true, &bytes) ||
        !number(d, index, stack, "tbk", true, &blocks) ||
        !number(d, index, stack, "mb", false, &top) ||
        !number(d, index, stack, "gb", true, &at_peak) ||
        !number(d, index, stack, "gbk", true, &blocks_at_peak) ||
        !number(d, index, stack, "eb", true, &at_end) ||
        !number(d, index, stack, "ebk", true, &blocks_end))
        return false;
    if (at_end > bytes || at_peak > bytes || blocks_end > blocks || blocks_at_peak > blocks)
        return bad(d, "pps", index, "more is live than was allocated");
    if (!json_is_array(frames))
        return bad(d, "pps", index, "no list of frames (fs)");
    size_t first = tool_frames(d, frames);
    uint32_t node = import_root(d->draft, "", 0);
    for (size_t i = json_array_size(frames); i-- > first;) { /* the outermost one is the last */
        const json_t *frame = json_array_get(frames, i);
        json_int_t at = json_is_integer(frame) ? json_integer_value(frame) : -1;
        if (at < 0 || (size_t)at >= json_array_size(d->table) ||
            !json_is_string(json_array_get(d->table, (size_t)at)))
            return bad(d, "pps", index, "a frame that is not in ftbl");
        node = draft_node(d->draft, node, frame_of(d, (size_t)at));
    }
    struct sums sums = {.allocated = bytes,
                        .allocations = blocks,
                        .gone = bytes - at_end,
                        .gone_count = blocks - blocks_end,
                        .live_peak = top,
                        .at_peak = (int64_t)at_peak,
                        .blocks_at_peak = blocks_at_peak};
    import_add(d->draft, node, CLASS_HEAP, &sums, NULL);
    return true;
}

static bool take_all(struct dhat *d, const json_t *root)
{
    const char *mode = json_string_value(json_object_get(root, "mode"));
    const json_t *stacks = json_object_get(root, "pps");
    const char *command = json_string_value(json_object_get(root, "cmd"));
    d->table = json_object_get(root, "ftbl");
    if (!json_is_object(root) || !json_is_integer(json_object_get(root, "dhatFileVersion")))
        return missing(d, "is JSON, but not DHAT's: there is no dhatFileVersion");
    if (json_integer_value(json_object_get(root, "dhatFileVersion")) != 2)
        return missing(d, "another version of DHAT's format than 2");
    if (!mode || (strcmp(mode, "heap") != 0 && strcmp(mode, "rust-heap") != 0))
        return missing(
            d, "DHAT ran in another mode than heap: its units are not bytes of allocations");
    if (!json_is_array(stacks) || !json_is_array(d->table))
        return missing(d, "there is no list of stacks (pps) or of frames (ftbl)");
    d->frames = base_alloc(json_array_size(d->table) + 1, sizeof *d->frames);
    for (size_t i = 0; i < json_array_size(stacks); i++)
        if (!take_stack(d, i, json_array_get(stacks, i)))
            return false;
    import_command(d->draft, command ? command : "", command ? strlen(command) : 0);
    json_int_t pid = json_integer_value(json_object_get(root, "pid"));
    d->draft->header.pid = pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0;
    return true;
}

bool dhat_import(struct draft *draft, struct input *input)
{
    static const char note[] =
        "imported from DHAT: sizes of blocks, temporary ones and times are not known";
    struct dhat d = {.draft = draft, .input = input};
    draft->header.held = true;
    size_t bytes;
    char *text = input_whole(input, &bytes);
    json_error_t error;
    json_t *root = text ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (text && !root) {
        base_say("%s: line %d: offset %d: %s", input->name, error.line, error.position, error.text);
        input->failed = true;
    }
    bool good = root && take_all(&d, root);
    draft_note(draft, note, sizeof note - 1);
    free(d.frames);
    json_decref(root);
    free(text);
    return good;
}
