/* SPDX-License-Identifier: MIT
 *
 * From a log to the figures of lines: model.c, frames.c, fold.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"

Test(fold, recursion_counts_once)
{
    struct py py;
    struct folded f;
    py_start(&py);
    /* f:2 calls f, whose line 3 allocates 100; the outer f's line 3 allocates 10 */
    uint32_t outer = py_node(&py, py.root, py.f, 2);
    uint32_t again = py_node(&py, outer, py.f, 2);
    uint32_t leaf = py_node(&py, again, py.f, 3);
    uint32_t other = py_node(&py, py.root, py.f, 3);
    py_alloc(&py, leaf, 100, 0);
    py_alloc(&py, other, 10, 0);
    fold(&f, &py.b);
    cr_expect_eq(line(&f, "f", 2)->sums.allocated, 100);
    cr_expect_eq(line(&f, "f", 3)->sums.allocated, 110);
    cr_expect_eq(function(&f, "f")->sums.allocated, 110);
    cr_expect_eq(function(&f, "f")->sums.allocations, 2);
    unfold(&f, &py.b);
}

Test(fold, mutual_recursion_counts_once)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t node = py.root;
    for (int i = 0; i < 5; i++) {
        node = py_node(&py, node, py.f, 2);
        node = py_node(&py, node, py.g, 22);
    }
    py_alloc(&py, node, 7, 3);
    fold(&f, &py.b);
    cr_expect_eq(line(&f, "f", 2)->sums.allocated, 7);
    cr_expect_eq(line(&f, "g", 22)->sums.allocated, 7);
    cr_expect_eq(line(&f, "g", 22)->sums.freed, 3);
    cr_expect_eq(function(&f, "g")->sums.allocated, 7);
    unfold(&f, &py.b);
}

/* Held at the peak: live if the peak is now; what was saved for this peak; else live, since nothing
 * changed. */
Test(fold, held_at_the_peak)
{
    for (uint32_t now = 0; now < 2; now++) {
        struct py py;
        struct folded f;
        py_start(&py);
        py.b.header.peak_seq = 7;
        py.b.header.at_peak = now;
        struct mt_alloc saved = {
            .allocs = 1, .allocated = 100, .freed = 60, .saved = 90, .saved_seq = 7};
        struct mt_alloc older = {
            .allocs = 1, .allocated = 100, .freed = 60, .saved = 90, .saved_seq = 6};
        struct mt_alloc file = saved;
        uint32_t a = py_node(&py, py.root, py.f, 2), b = py_node(&py, py.root, py.f, 3);
        builder_counter(&py.b, a, MT_KIND_ALLOC + MT_HEAP, &saved);
        builder_counter(&py.b, a, MT_KIND_ALLOC + MT_FILE, &file);
        builder_counter(&py.b, b, MT_KIND_ALLOC + MT_ANON, &older);
        fold(&f, &py.b);
        cr_expect_eq(line(&f, "f", 2)->sums.at_peak, now ? 40 : 90);
        cr_expect_eq(line(&f, "f", 3)->sums.at_peak, 40);
        cr_expect_eq(line(&f, "f", 2)->sums.allocated, 100, "files are not of the level");
        cr_expect_eq(f.model.total.at_peak, now ? 80 : 130);
        cr_expect_eq(f.model.total.allocated, 200);
        cr_expect_eq(f.model.classes[MT_FILE].allocated, 100);
        unfold(&f, &py.b);
    }
}

static void py_last(struct py *py, uint32_t node, uint64_t last, uint64_t level)
{
    struct mt_release record = {.releases = 1, .released = 0, .last = last, .level = level};
    builder_counter(&py->b, node, MT_KIND_RELEASE + MT_HEAP, &record);
}

/* Mem usage: the latest event's level; between threads the tick decides, then the level. */
Test(fold, mem_usage_is_the_latest)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t second = builder_thread(&py.b, "second");
    const uint64_t tick = 1ull << 32;
    py_last(&py, py_node(&py, py_node(&py, py.root, py.f, 2), py.g, 22), 5 * tick + 9, 900);
    py_last(&py, py_node(&py, py_node(&py, py.root, py.f, 2), py.g, 23), 5 * tick + 10, 100);
    py_last(&py, py_node(&py, py_node(&py, second, py.f, 2), py.g, 22), 5 * tick + 1, 300);
    py_last(&py, py_node(&py, py_node(&py, py.root, py.f, 3), py.g, 24), 5 * tick + 1000, 800);
    py_last(&py, py_node(&py, py_node(&py, second, py.f, 3), py.g, 24), 6 * tick + 1, 200);
    fold(&f, &py.b);
    cr_expect_eq(line(&f, "f", 2)->sums.level, 300); /* 100 in the one thread, 300 in the other */
    cr_expect_eq(line(&f, "f", 3)->sums.level, 200); /* a later tick */
    cr_expect_eq(line(&f, "g", 22)->sums.level, 900);
    cr_expect_eq(line(&f, "g", 23)->sums.level, 100);
    unfold(&f, &py.b);
}

/* ---- many random stacks against a count by hand ---- */

#define FUNCTIONS 4
#define LINES     3
#define DEEP      12

struct tally {
    uint64_t allocated, released, allocations;
};

static unsigned dice(uint64_t *state, unsigned sides)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % sides;
}

/* One random node gets one record; count it by hand for each line and function on its stack, once.
 */
static void random_event(struct py *py, const uint32_t *codes, uint64_t *state,
                         struct tally lines[FUNCTIONS][LINES], struct tally functions[FUNCTIONS])
{
    bool line_on[FUNCTIONS][LINES] = {{0}}, function_on[FUNCTIONS] = {0};
    uint32_t node = py->root;
    for (unsigned deep = 1 + dice(state, DEEP); deep; deep--) {
        unsigned f = dice(state, FUNCTIONS), l = dice(state, LINES);
        node = py_node(py, node, codes[f], 100 * f + l + 1);
        line_on[f][l] = function_on[f] = true;
    }
    uint64_t bytes = 1 + dice(state, 1000), released = dice(state, 2) ? dice(state, 1000) : 0;
    py_alloc(py, node, bytes, 0);
    struct mt_release record = {.releases = 1, .released = released, .last = 1};
    builder_counter(&py->b, node, MT_KIND_RELEASE + MT_HEAP, &record);
    for (unsigned f = 0; f < FUNCTIONS; f++) {
        functions[f].allocated += function_on[f] ? bytes : 0;
        functions[f].released += function_on[f] ? released : 0;
        for (unsigned l = 0; l < LINES; l++) {
            lines[f][l].allocated += line_on[f][l] ? bytes : 0;
            lines[f][l].released += line_on[f][l] ? released : 0;
            lines[f][l].allocations += line_on[f][l];
        }
    }
}

Test(fold, random_stacks_add_up)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct py py;
        struct folded f;
        struct tally lines[FUNCTIONS][LINES] = {{{0}}}, functions[FUNCTIONS] = {{0}};
        uint32_t codes[FUNCTIONS];
        char name[FUNCTIONS][8];
        py_start(&py);
        py.b.scatter = seed & 1;
        for (unsigned i = 0; i < FUNCTIONS; i++) {
            snprintf(name[i], sizeof name[i], "fn%u", i);
            codes[i] = builder_code(&py.b, "/home/u/b.py", name[i], 100 * i + 1);
        }
        uint64_t state = seed;
        for (int i = 0; i < 200; i++)
            random_event(&py, codes, &state, lines, functions);
        fold(&f, &py.b);
        for (unsigned i = 0; i < FUNCTIONS; i++) {
            cr_expect_eq(function(&f, name[i])->sums.allocated, functions[i].allocated);
            cr_expect_eq(function(&f, name[i])->sums.released, functions[i].released);
            for (unsigned l = 0; l < LINES; l++) {
                const struct fold_key *key = line(&f, name[i], 100 * i + l + 1);
                cr_expect_eq(key->sums.allocated, lines[i][l].allocated);
                cr_expect_eq(key->sums.released, lines[i][l].released);
                cr_expect_eq(key->sums.allocations, lines[i][l].allocations);
            }
        }
        unfold(&f, &py.b);
    }
}

/* Without recursion the lines of a function add up to it. */
Test(fold, lines_add_up_to_their_function)
{
    struct py py;
    struct folded f;
    py_start(&py);
    for (uint32_t l = 2; l < 8; l++) {
        uint32_t outer = py_node(&py, py.root, py.f, l);
        py_alloc(&py, outer, l, 1);
        for (uint32_t m = 22; m < 25; m++)
            py_alloc(&py, py_node(&py, outer, py.g, m), 100 * m, l);
    }
    fold(&f, &py.b);
    struct tally g = {0}, outer = {0};
    for (uint32_t p = 0; p < f.frames.place_count; p++) {
        struct tally *sum = f.frames.places[p].function == function_of(&f, "g") ? &g : &outer;
        sum->allocated += f.lines[p].sums.allocated;
        sum->released += f.lines[p].sums.freed;
    }
    cr_expect_eq(function(&f, "f")->sums.allocated, outer.allocated);
    cr_expect_eq(function(&f, "f")->sums.freed, outer.released);
    cr_expect_eq(function(&f, "g")->sums.allocated, g.allocated);
    cr_expect_eq(function(&f, "g")->sums.allocated,
                 f.model.total.allocated - 2 - 3 - 4 - 5 - 6 - 7);
    unfold(&f, &py.b);
}
