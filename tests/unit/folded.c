/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../../report/read/reader.h"
#include "folded.h"

void fold_log(struct folded *f, struct builder *b)
{
    size_t bytes;
    f->file = builder_file(b, &bytes);
    f->stacks = (struct stacks){0};
    cr_assert(log_parse(&f->stacks.log, "test", f->file, bytes));
    stacks_make(&f->stacks, ALL_PERIODS);
    cr_assert_eq(f->stacks.log.problem_count, 0, "%s", f->stacks.log.problems[0].reason);
    fold_lines(&f->stacks, EVERYTHING, &(struct filter){0}, &f->lines, &f->functions);
}

void unfold(struct folded *f, struct builder *b)
{
    rows_free(&f->lines);
    rows_free(&f->functions);
    stacks_close(&f->stacks);
    free(f->file);
    builder_end(b);
}

uint32_t function_of(const struct folded *f, const char *name)
{
    for (uint32_t i = 0; i < f->stacks.frames.function_count; i++) {
        const char *text = frames_name(&f->stacks.frames, &f->stacks.frames.functions[i]);
        if (text && !strcmp(text, name))
            return i;
    }
    cr_assert_fail("no function %s", name);
    return 0;
}

const struct row *function(const struct folded *f, const char *name)
{
    return &f->functions.list[function_of(f, name)];
}

const struct row *line(const struct folded *f, const char *name, uint32_t number)
{
    uint32_t wanted = function_of(f, name);
    for (uint32_t p = 0; p < f->stacks.frames.place_count; p++)
        if (f->stacks.frames.places[p].function == wanted &&
            f->stacks.frames.places[p].line == number)
            return &f->lines.list[p];
    cr_assert_fail("no line %s:%u", name, number);
    return NULL;
}

void py_start(struct py *py)
{
    builder_start(&py->b);
    py->root = builder_thread(&py->b, "main");
    py->f = builder_code(&py->b, "/home/u/a.py", "f", 1);
    py->g = builder_code(&py->b, "/home/u/a.py", "g", 21);
}

uint32_t py_node(struct py *py, uint32_t parent, uint32_t code, uint32_t number)
{
    return builder_node(&py->b, parent, builder_frame(&py->b, MT_FRAME_PYTHON, code, number));
}

void py_alloc(struct py *py, uint32_t node, uint64_t allocated, uint64_t gone)
{
    struct mt_alloc record = {.allocs = 1,
                              .allocated = allocated,
                              .gone = gone,
                              .gone_count = gone > 0,
                              .last = 1,
                              .level = 1};
    builder_counter(&py->b, node, MT_KIND_ALLOC + MT_HEAP, &record);
}

void py_rise(struct py *py, uint32_t node, uint64_t rise, uint64_t alone)
{
    builder_rise(&py->b, node, rise, alone);
}
