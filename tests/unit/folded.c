/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"

void fold(struct folded *f, struct builder *b)
{
    size_t bytes;
    f->file = builder_file(b, &bytes);
    cr_assert(log_parse(&f->log, "test", f->file, bytes));
    model_make(&f->model, &f->log);
    cr_assert_eq(f->log.problem_count, 0, "%s", f->log.problems[0].reason);
    frames_make(&f->frames, &f->model);
    uint32_t *key = calloc(f->frames.place_count + 1, sizeof *key);
    struct fold_tree tree;
    for (uint32_t p = 0; p < f->frames.place_count; p++)
        key[p] = p;
    fold_tree_make(&tree, &f->model, &f->frames, key, true);
    f->lines = fold_keys(&tree, &f->model, &f->frames, (uint32_t)f->frames.place_count);
    fold_tree_free(&tree);
    for (uint32_t p = 0; p < f->frames.place_count; p++)
        key[p] = f->frames.places[p].function;
    fold_tree_make(&tree, &f->model, &f->frames, key, true);
    f->functions = fold_keys(&tree, &f->model, &f->frames, (uint32_t)f->frames.function_count);
    fold_tree_free(&tree);
    free(key);
}

void unfold(struct folded *f, struct builder *b)
{
    free(f->lines);
    free(f->functions);
    frames_free(&f->frames);
    model_free(&f->model);
    log_close(&f->log);
    free(f->file);
    builder_end(b);
}

uint32_t function_of(const struct folded *f, const char *name)
{
    for (uint32_t i = 0; i < f->frames.function_count; i++) {
        const char *text = frames_name(&f->frames, &f->frames.functions[i]);
        if (text && !strcmp(text, name))
            return i;
    }
    cr_assert_fail("no function %s", name);
    return 0;
}

const struct fold_key *function(const struct folded *f, const char *name)
{
    return &f->functions[function_of(f, name)];
}

const struct fold_key *line(const struct folded *f, const char *name, uint32_t number)
{
    uint32_t wanted = function_of(f, name);
    for (uint32_t p = 0; p < f->frames.place_count; p++)
        if (f->frames.places[p].function == wanted && f->frames.places[p].line == number)
            return &f->lines[p];
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

void py_alloc(struct py *py, uint32_t node, uint64_t allocated, uint64_t freed)
{
    struct mt_alloc record = {.allocs = 1,
                              .allocated = allocated,
                              .freed = freed,
                              .frees = freed > 0,
                              .last = 1,
                              .level = 1};
    builder_counter(&py->b, node, MT_KIND_ALLOC + MT_HEAP, &record);
}
