/* SPDX-License-Identifier: MIT
 *
 * What `memray transform csv` writes: of each stack what was live at the peak (with --leaks: at the end). Frames are FUNCTION;FILE;LINE,
 * the innermost first, joined by "|".
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "import/import.h"

#define COLUMNS 6u
enum { ALLOCATOR, NUMBER, SIZE, TID, THREAD, STACK };

struct memray {
    struct draft *draft;
    struct input *input;
    char *cells[COLUMNS]; /* in the line */
    size_t bytes[COLUMNS];
};

/* The cells of a line, in place. A field in quotes may hold anything but a line's end. False after a message. */
static bool split(struct memray *m, char *line, size_t bytes)
{
    char *from = line, *end = line + bytes;
    if (bytes && end[-1] == '\r')
        end--;
    for (unsigned column = 0; column < COLUMNS; column++) {
        bool quoted = from < end && *from == '"', closed = !quoted;
        char *to = from;
        m->cells[column] = from;
        if (quoted)
            from++;
        for (; from < end && (closed ? *from != ',' : true); from++) {
            if (quoted && !closed && *from == '"' && (from + 1 == end || from[1] != '"'))
                closed = true;
            else
                *to++ = quoted && !closed && *from == '"' ? *from++ : *from;
        }
        m->bytes[column] = (size_t)(to - m->cells[column]);
        if (!closed)
            return input_say(m->input, "a quote that is not closed");
        if (from == end && column + 1 < COLUMNS)
            return input_say(m->input, "has %u columns of %u", column + 1, COLUMNS);
        from++;
    }
    return from > end || input_say(m->input, "has more than %u columns", COLUMNS);
}

static bool number(struct memray *m, unsigned column, const char *what, uint64_t *value)
{
    size_t at = 0;
    return import_number(m->cells[column], m->bytes[column], &at, 10, value) ||
           input_say(m->input, "%s is no number: %.*s", what,
                     (int)(m->bytes[column] < 40 ? m->bytes[column] : 40), m->cells[column]);
}

/* Native frames are among them with --native: their files are none of Python's. */
static bool is_python(const char *file, size_t bytes)
{
    return (bytes && file[0] == '<') || (bytes > 3 && !memcmp(file + bytes - 3, ".py", 3));
}

/* The node of a stack; frames[0..bytes) is read from its end, where the outermost one is. */
static bool stack_of(struct memray *m, const char *frames, size_t bytes, uint32_t *node)
{
    while (bytes) {
        const char *bar = memrchr(frames, '|', bytes), *from = bar ? bar + 1 : frames;
        size_t length = bytes - (size_t)(from - frames);
        const char *last = memrchr(from, ';', length);
        const char *first = last ? memchr(from, ';', (size_t)(last - from)) : NULL;
        uint64_t line;
        size_t at = last ? (size_t)(last - from) + 1 : 0;
        if (!first || !import_number(from, length, &at, 10, &line) || line > INT32_MAX)
            return input_say(m->input, "a frame that is not FUNCTION;FILE;LINE: %.*s",
                             (int)(length < 100 ? length : 100), from);
        size_t file_bytes = (size_t)(last - first) - 1;
        uint32_t name = draft_text(m->draft, from, (size_t)(first - from)),
                 file = draft_text(m->draft, first + 1, file_bytes), frame;
        struct draft_place place = {name, file_bytes ? file : 0, (uint32_t)line};
        if (is_python(first + 1, file_bytes))
            frame = draft_frame(m->draft, FRAME_PYTHON, draft_code(m->draft, file, name, 0), line);
        else
            frame = draft_named(m->draft, 0, &place, 1);
        *node = draft_node(m->draft, *node, frame);
        bytes = bar ? (size_t)(bar - frames) : 0;
    }
    return true;
}

/* memray's number of mmap among its allocators, or its name. */
static bool is_mapping(const struct memray *m)
{
    const char *name = m->cells[ALLOCATOR];
    size_t bytes = m->bytes[ALLOCATOR];
    return (bytes == 2 && !memcmp(name, "10", 2)) || (bytes == 4 && !memcmp(name, "MMAP", 4));
}

static bool take_line(struct memray *m, char *line, size_t bytes)
{
    uint64_t count, size;
    if (!split(m, line, bytes) || !number(m, NUMBER, "num_allocations", &count) ||
        !number(m, SIZE, "size", &size))
        return false;
    uint32_t node = import_root(m->draft, m->cells[THREAD], m->bytes[THREAD]);
    if (!stack_of(m, m->cells[STACK], m->bytes[STACK], &node))
        return false;
    if (size > INT64_MAX / 2)
        return input_say(m->input, "a size that cannot be");
    struct sums sums = {.allocated = size,
                        .allocations = count,
                        .at_peak = (int64_t)size,
                        .blocks_at_peak = count,
                        .live_peak = size};
    import_add(m->draft, node, is_mapping(m) ? CLASS_ANON : CLASS_HEAP, &sums, NULL);
    return true;
}

bool memray_import(struct draft *draft, struct input *input)
{
    static const char note[] =
        "imported from memray's CSV, which has what was live at the peak, or, of its --leaks, at "
        "the "
        "end: that stands for allocated, peak and live alike; the rest is not known";
    struct memray m = {.draft = draft, .input = input};
    draft->header.held = true;
    size_t bytes;
    char *line = input_line(input, &bytes);
    bool good = line && split(&m, line, bytes);
    if (good && (m.bytes[STACK] != 11 || memcmp(m.cells[STACK], "stack_trace", 11) != 0 ||
                 m.bytes[NUMBER] != 15 || m.bytes[SIZE] != 4))
        good =
            input_say(input, "other columns than memray's: allocator, num_allocations, size, tid, "
                             "thread_name, stack_trace");
    while (good && (line = input_line(input, &bytes)))
        good = !bytes || (bytes == 1 && *line == '\r') || take_line(&m, line, bytes);
    draft->header.python = true;
    draft->argv = draft_text(draft, "python", 7);
    draft_note(draft, note, sizeof note - 1);
    return good && !input->failed;
}
