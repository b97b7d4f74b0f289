/* SPDX-License-Identifier: MIT
 *
 * From a log to rows: read/model.c, read/runs.c, resolve/frames.c, and fold/.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../report/fold/fold.h"
#include "../../report/read/reader.h"
#include "log_builder.h"

/* ---- a log, folded by line and by function ---- */

struct folded {
    unsigned char *file;
    struct stacks stacks;
    struct rows lines, functions;
};

static const unsigned everything = (1u << METRICS) - 1;

static void fold_log(struct folded *f, struct builder *b)
{
    size_t bytes;
    f->file = builder_file(b, &bytes);
    f->stacks = (struct stacks){0};
    cr_assert(log_parse(&f->stacks.log, "test", f->file, bytes));
    stacks_make(&f->stacks, ALL_PERIODS);
    cr_assert_eq(f->stacks.log.problem_count, 0, "%s", f->stacks.log.problems[0].reason);
    struct query queries[] = {{.by = BY_LINE, .metrics = everything},
                              {.by = BY_FUNCTION, .metrics = everything}};
    struct rows rows[2];
    fold_several(&f->stacks, queries, rows, 2);
    f->lines = rows[0];
    f->functions = rows[1];
}

static void unfold(struct folded *f, struct builder *b)
{
    rows_free(&f->lines);
    rows_free(&f->functions);
    stacks_close(&f->stacks);
    free(f->file);
    builder_end(b);
}

static uint32_t function_of(const struct folded *f, const char *name)
{
    for (uint32_t i = 0; i < f->stacks.frames.function_count; i++) {
        const char *text = frames_name(&f->stacks.frames, &f->stacks.frames.functions[i]);
        if (text && !strcmp(text, name))
            return i;
    }
    cr_assert_fail("no function %s", name);
    return 0;
}

static const struct row *function(const struct folded *f, const char *name)
{
    return &f->functions.list[function_of(f, name)];
}

static const struct row *line(const struct folded *f, const char *name, uint32_t number)
{
    uint32_t wanted = function_of(f, name);
    for (uint32_t p = 0; p < f->stacks.frames.place_count; p++)
        if (f->stacks.frames.places[p].function == wanted &&
            f->stacks.frames.places[p].line == number)
            return &f->lines.list[p];
    cr_assert_fail("no line %s:%u", name, number);
    return NULL;
}

/* ---- short hands for a log of Python frames ---- */

struct py {
    struct builder b;
    uint32_t root;
    uint32_t f, g; /* codes */
};

static void py_start(struct py *py)
{
    builder_start(&py->b);
    py->root = builder_thread(&py->b, "main");
    py->f = builder_code(&py->b, "/home/u/a.py", "f", 1);
    py->g = builder_code(&py->b, "/home/u/a.py", "g", 21);
}

static uint32_t py_node(struct py *py, uint32_t parent, uint32_t code, uint32_t number)
{
    return builder_node(&py->b, parent, builder_frame(&py->b, MT_FRAME_PYTHON, code, number));
}

static void py_alloc(struct py *py, uint32_t node, uint64_t allocated, uint64_t freed)
{
    struct mt_alloc record = {.allocs = 1,
                              .allocated = allocated,
                              .freed = freed,
                              .frees = freed > 0,
                              .last = 1,
                              .level = 1};
    builder_counter(&py->b, node, MT_KIND_ALLOC + MT_HEAP, &record);
}

static void py_run(struct py *py, uint32_t node, uint32_t begin, uint32_t len, uint32_t rise,
                   int32_t net)
{
    struct mt_node *n = builder_node_at(&py->b, node);
    n->run_begin = begin;
    n->run_len = len;
    n->run_rise = rise;
    n->run_net = net;
}

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
    fold_log(&f, &py.b);
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
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 2)->sums.allocated, 7);
    cr_expect_eq(line(&f, "g", 22)->sums.allocated, 7);
    cr_expect_eq(line(&f, "g", 22)->sums.freed, 3);
    cr_expect_eq(function(&f, "g")->sums.allocated, 7);
    unfold(&f, &py.b);
}

Test(fold, runs_of_one_line_join_when_adjacent)
{
    struct py py;
    struct folded f;
    py_start(&py);
    /* Two code objects of one function and line stand for one line: as two native return addresses
     * would. */
    uint32_t twin = builder_code(&py.b, "/home/u/a.py", "f", 1);
    uint32_t a = py_node(&py, py.root, py.f, 5), b = py_node(&py, py.root, twin, 5);
    py_alloc(&py, a, 1, 0);
    py_alloc(&py, b, 1, 0);
    py_run(&py, a, UINT32_MAX - 1, 4, 50, 30); /* the event numbers wrap */
    py_run(&py, b, 2, 3, 40, -10);
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 5)->rise, 70, "%lu", line(&f, "f", 5)->rise);
    unfold(&f, &py.b);
}

Test(fold, runs_apart_do_not_join)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t twin = builder_code(&py.b, "/home/u/a.py", "f", 1);
    uint32_t a = py_node(&py, py.root, py.f, 5), b = py_node(&py, py.root, twin, 5);
    py_run(&py, a, 10, 4, 50, 30);
    py_run(&py, b, 15, 3, 40, -10);
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 5)->rise, 50);
    unfold(&f, &py.b);
}

Test(fold, runs_of_a_functions_lines_join_for_the_function_only)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t a = py_node(&py, py.root, py.f, 5), b = py_node(&py, py.root, py.f, 6);
    py_run(&py, a, 10, 4, 50, 50);
    py_run(&py, b, 14, 3, 40, -10);
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 5)->rise, 50);
    cr_expect_eq(line(&f, "f", 6)->rise, 40);
    cr_expect_eq(function(&f, "f")->rise, 90);
    unfold(&f, &py.b);
}

Test(fold, inner_calls_do_not_rise_for_the_outer)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t outer = py_node(&py, py.root, py.f, 5), inner = py_node(&py, outer, py.f, 5);
    py_run(&py, outer, 1, 9, 50, 0);
    py_run(&py, inner, 2, 3, 400, 0); /* cannot be, but shows whether it is looked at */
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 5)->rise, 50);
    unfold(&f, &py.b);
}

Test(fold, runs_in_a_circle_end)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t twin = builder_code(&py.b, "/home/u/a.py", "f", 1);
    uint32_t a = py_node(&py, py.root, py.f, 5), b = py_node(&py, py.root, twin, 5);
    py_run(&py, a, 10, 0x40000000, 50, 30);
    py_run(&py, b, 10 + 0x40000000, 0xc0000000, 40, 30);
    builder_node_at(&py.b, b)->run_len = 0x40000000;
    builder_node_at(&py.b, b)->run_begin = 10;
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 5)->rise, 50);
    unfold(&f, &py.b);
}

/* An open run of a thread that was killed, or that runs on. */
Test(fold, open_runs_are_closed)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t outer = py_node(&py, py.root, py.f, 5), inner = py_node(&py, outer, py.g, 25);
    py_run(&py, outer, 0, 2, 60, 0);
    struct mt_run runs[] = {
        {.begin = 0, .max = INT64_MIN, .begin_event = 0, .node = py.root, .frames = 1},
        {.begin = 10, .max = 30, .begin_event = 4, .node = outer, .frames = 1},
        {.begin = 20, .max = 90, .begin_event = 6, .node = inner, .frames = 1},
    };
    struct mt_thread_entry *thread = builder_thread_entry(&py.b, 1);
    thread->runs = builder_run(&py.b, &runs[0]);
    builder_run(&py.b, &runs[1]);
    builder_run(&py.b, &runs[2]);
    thread->runs_cap = thread->runs_used = 3;
    thread->leaf = inner;
    thread->events = 9;
    thread->level = 50;
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "g", 25)->rise, 70);
    cr_expect_eq(line(&f, "f", 5)->rise, 80); /* 90 - 10, more than the 60 of before */
    cr_expect_eq(f.stacks.model.runs.of_node[inner].net, 30);
    cr_expect_eq(f.stacks.model.runs.of_node[inner].begin, 6);
    cr_expect_eq(f.stacks.model.runs.of_node[inner].len, 3);
    unfold(&f, &py.b);
}

/* One entry stands for several nodes, the innermost of which have left the stack. */
Test(fold, an_open_run_of_several_nodes)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t a = py_node(&py, py.root, py.f, 5), b = py_node(&py, a, py.g, 25);
    uint32_t gone = py_node(&py, b, py.f, 6), now = py_node(&py, b, py.g, 26);
    struct mt_run runs[] = {
        {.begin = 0, .max = 70, .begin_event = 0, .node = gone, .skip = 1, .frames = 3},
        {.begin = 40, .max = 60, .begin_event = 7, .node = now, .frames = 1},
    };
    struct mt_thread_entry *thread = builder_thread_entry(&py.b, 1);
    thread->runs = builder_run(&py.b, &runs[0]);
    builder_run(&py.b, &runs[1]);
    thread->runs_cap = thread->runs_used = 2;
    thread->leaf = now;
    thread->events = 9;
    thread->level = 50;
    fold_log(&f, &py.b);
    cr_expect_eq(f.stacks.model.runs.of_node[gone].len, 0);
    cr_expect_eq(f.stacks.model.runs.of_node[now].rise, 20);
    cr_expect_eq(f.stacks.model.runs.of_node[b].rise, 70);
    cr_expect_eq(f.stacks.model.runs.of_node[a].rise, 70);
    cr_expect_eq(f.stacks.model.runs.of_node[py.root].rise, 70);
    cr_expect_eq(f.stacks.model.runs.of_node[a].net, 50);
    unfold(&f, &py.b);
}

Test(fold, a_lower_open_run_leaves_the_best_one)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t outer = py_node(&py, py.root, py.f, 5);
    py_run(&py, outer, 0, 2, 60, 5);
    struct mt_run run = {.begin = 10, .max = 5, .begin_event = 4, .node = outer, .frames = 1};
    struct mt_thread_entry *thread = builder_thread_entry(&py.b, 1);
    thread->runs = builder_run(&py.b, &run);
    thread->runs_cap = thread->runs_used = 1;
    thread->leaf = outer;
    thread->events = 9;
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 5)->rise, 60);
    cr_expect_eq(f.stacks.model.runs.of_node[outer].net, 5);
    unfold(&f, &py.b);
}

Test(fold, wide_runs)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t node = py_node(&py, py.root, py.f, 5);
    struct mt_wide wide = {.rise = 1ll << 40, .net = -(1ll << 41)};
    builder_counter(&py.b, node, MT_KIND_WIDE, &wide);
    py_run(&py, node, 3, 2 | MT_RUN_WIDE, 1, 1);
    fold_log(&f, &py.b);
    cr_expect_eq(line(&f, "f", 5)->rise, 1ull << 40);
    cr_expect_eq(f.stacks.model.runs.of_node[node].net, -(1ll << 41));
    cr_expect_eq(f.stacks.model.runs.of_node[node].len, 2);
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
        fold_log(&f, &py.b);
        cr_expect_eq(line(&f, "f", 2)->sums.at_peak, now ? 40 : 90);
        cr_expect_eq(line(&f, "f", 3)->sums.at_peak, 40);
        cr_expect_eq(line(&f, "f", 2)->sums.allocated, 100, "files are not of the level");
        cr_expect_eq(f.stacks.model.total.at_peak, now ? 80 : 130);
        cr_expect_eq(f.stacks.model.total.allocated, 200);
        cr_expect_eq(f.stacks.model.classes[MT_FILE].allocated, 100);
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
    fold_log(&f, &py.b);
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
        fold_log(&f, &py.b);
        for (unsigned i = 0; i < FUNCTIONS; i++) {
            cr_expect_eq(function(&f, name[i])->sums.allocated, functions[i].allocated);
            cr_expect_eq(function(&f, name[i])->sums.released, functions[i].released);
            for (unsigned l = 0; l < LINES; l++) {
                const struct row *row = line(&f, name[i], 100 * i + l + 1);
                cr_expect_eq(row->sums.allocated, lines[i][l].allocated);
                cr_expect_eq(row->sums.released, lines[i][l].released);
                cr_expect_eq(row->sums.allocations, lines[i][l].allocations);
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
    fold_log(&f, &py.b);
    struct tally g = {0}, outer = {0};
    for (uint32_t p = 0; p < f.stacks.frames.place_count; p++) {
        struct tally *sum =
            f.stacks.frames.places[p].function == function_of(&f, "g") ? &g : &outer;
        sum->allocated += f.lines.list[p].sums.allocated;
        sum->released += f.lines.list[p].sums.freed;
    }
    cr_expect_eq(function(&f, "f")->sums.allocated, outer.allocated);
    cr_expect_eq(function(&f, "f")->sums.freed, outer.released);
    cr_expect_eq(function(&f, "g")->sums.allocated, g.allocated);
    cr_expect_eq(function(&f, "g")->sums.allocated,
                 f.stacks.model.total.allocated - 2 - 3 - 4 - 5 - 6 - 7);
    unfold(&f, &py.b);
}

/* ---- other groupings, own figures, filters ---- */

/* Two threads; main calls f, f calls g and a library; the other thread calls g alone:
 *
 *   main:  f:2 10 bytes;  f:3 > g:22 100;  f:3 > libx.so 1,000, of which 400 are released;  a mapping of a file under f:2
 *   other: g:22 20,000 */
static void sample(struct py *py)
{
    py_start(py);
    uint32_t other = builder_thread(&py->b, "other");
    uint32_t module = builder_module(&py->b, "/nowhere/libx.so", "", 0, 0);
    uint32_t two = py_node(py, py->root, py->f, 2), three = py_node(py, py->root, py->f, 3);
    struct mt_alloc file = {.allocs = 1, .allocated = 4096, .last = 1};
    py_alloc(py, two, 10, 0);
    builder_counter(&py->b, two, MT_KIND_ALLOC + MT_FILE, &file);
    py_alloc(py, py_node(py, three, py->g, 22), 100, 0);
    uint32_t native = builder_frame(&py->b, MT_FRAME_NATIVE, module, 0x1234);
    uint32_t leaf = builder_node(&py->b, three, native);
    py_alloc(py, leaf, 1000, 400);
    py_run(py, two, 1, 1, 10, 10);
    py_run(py, three, 2, 2, 1100, 700);
    py_run(py, leaf, 3, 1, 1000, 600);
    py_alloc(py, py_node(py, other, py->g, 22), 20000, 0);
}

static struct rows ask(const struct folded *f, struct query query)
{
    struct rows rows;
    query.metrics = everything;
    fold(&f->stacks, &query, &rows);
    return rows;
}

static uint64_t allocated(const struct rows *rows)
{
    uint64_t sum = rows->rest.sums.allocated;
    for (uint32_t i = 0; i < rows->count; i++)
        sum += rows->list[i].sums.allocated;
    return sum;
}

static uint32_t file_of(const struct folded *f, const char *name)
{
    return f->stacks.frames.functions[function_of(f, name)].file;
}

Test(query, by_thread_module_and_file)
{
    struct py py;
    struct folded f;
    sample(&py);
    fold_log(&f, &py.b);
    struct rows rows = ask(&f, (struct query){.by = BY_THREAD});
    cr_expect_eq(rows.list[1].sums.allocated, 1110);
    cr_expect_eq(sums_live(&rows.list[1].sums), 710);
    cr_expect_eq(rows.list[1].rise, 1100);
    cr_expect_eq(rows.list[2].sums.allocated, 20000);
    cr_expect_eq(allocated(&rows), f.stacks.model.total.allocated);
    rows_free(&rows);
    rows = ask(&f, (struct query){.by = BY_MODULE});
    cr_expect_eq(rows.list[1].sums.allocated, 1000);
    cr_expect_eq(rows.list[0].sums.allocated, 21110, "all stacks begin in Python's frames");
    rows_free(&rows);
    rows = ask(&f, (struct query){.by = BY_FILE});
    cr_expect_eq(rows.list[file_of(&f, "f")].sums.allocated, 21110, "f and g are in one file");
    cr_expect_eq(rows.list[0].sums.allocated, 1000);
    rows_free(&rows);
    unfold(&f, &py.b);
}

Test(query, own_figures_add_up)
{
    struct py py;
    struct folded f;
    sample(&py);
    fold_log(&f, &py.b);
    for (unsigned by = 0; by < GROUPINGS; by++) {
        struct rows rows =
            ask(&f, (struct query){.by = (enum grouping)by, .own = true, .rank = RANK_LIBRARY});
        uint64_t files = by == BY_SITE ? 4096 : 0; /* it has rows for every class */
        cr_expect_eq(allocated(&rows), f.stacks.model.total.allocated + files, "%s: %lu",
                     grouping_name((enum grouping)by), allocated(&rows));
        rows_free(&rows);
    }
    struct rows rows = ask(&f, (struct query){.by = BY_FUNCTION, .own = true, .rank = RANK_USER});
    cr_expect_eq(rows.list[function_of(&f, "f")].sums.allocated, 1010, "the library's are f's");
    cr_expect_eq(rows.list[function_of(&f, "f")].rise, 1000, "of what ends there");
    cr_expect_eq(rows.list[function_of(&f, "g")].sums.allocated, 20100);
    cr_expect_eq(rows.rest.sums.allocated, 0);
    rows_free(&rows);
    unfold(&f, &py.b);
}

Test(query, what_no_own_frame_explains_is_the_rest)
{
    struct py py;
    struct folded f;
    py_start(&py);
    uint32_t module = builder_module(&py.b, "/usr/lib/libx.so", "", 0, 0);
    uint32_t native = builder_frame(&py.b, MT_FRAME_NATIVE, module, 0x1234);
    py_alloc(&py, builder_node(&py.b, py.root, native), 7, 0);
    py_alloc(&py, py_node(&py, py.root, py.f, 2), 5, 0);
    fold_log(&f, &py.b);
    struct rows rows = ask(&f, (struct query){.by = BY_LINE, .own = true, .rank = RANK_USER});
    cr_expect_eq(rows.rest.sums.allocated, 7);
    cr_expect_eq(rows.rest.sums.level, 1);
    cr_expect_eq(allocated(&rows), 12);
    rows_free(&rows);
    unfold(&f, &py.b);
}

Test(query, sites_and_tree)
{
    struct py py;
    struct folded f;
    sample(&py);
    fold_log(&f, &py.b);
    struct rows rows = ask(&f, (struct query){.by = BY_SITE});
    size_t count;
    uint32_t *list = rows_by(&rows, METRIC_LIVE, NULL, &count);
    static const int64_t live[] = {20000, 4096, 600, 100, 10};
    cr_assert_eq(count, 5);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(row_metric(&rows.list[list[i]], METRIC_LIVE), live[i]);
    cr_expect_eq(rows.list[list[1]].class, CLASS_FILE);
    cr_expect_eq(rows.list[list[2]].rise, 1000);
    uint32_t parent = rows.tree.parent[rows.list[list[2]].key];
    cr_expect_eq(f.stacks.frames.places[rows.tree.key[parent]].line, 3);
    free(list);
    rows_free(&rows);
    rows = ask(&f, (struct query){.by = BY_TREE});
    cr_expect_eq(rows.list[0].sums.allocated, f.stacks.model.total.allocated);
    for (uint32_t e = 1; e < rows.count; e++)
        if (f.stacks.frames.places[rows.tree.key[e]].line == 3) {
            cr_expect_eq(rows.list[e].sums.allocated, 1100);
            cr_expect_eq(rows.list[e].rise, 1100);
        }
    rows_free(&rows);
    unfold(&f, &py.b);
}

static void filtered(const struct folded *f, struct filter filter, uint64_t wanted_f,
                     uint64_t wanted_g, uint64_t wanted_rise)
{
    struct rows rows = ask(f, (struct query){.by = BY_FUNCTION, .filter = filter});
    const struct row *of_f = &rows.list[function_of(f, "f")];
    cr_expect_eq(of_f->sums.allocated, wanted_f, "f: %lu", of_f->sums.allocated);
    cr_expect_eq(rows.list[function_of(f, "g")].sums.allocated, wanted_g);
    cr_expect_eq(of_f->rise, wanted_rise, "f rises %lu", of_f->rise);
    rows_free(&rows);
}

Test(query, filters)
{
    struct py py;
    struct folded f;
    sample(&py);
    fold_log(&f, &py.b);
    filtered(&f, (struct filter){0}, 1110, 20100, 1110);
    filtered(&f, (struct filter){.thread = "ma*"}, 1110, 100, 1110);
    filtered(&f, (struct filter){.thread = "other"}, 0, 20000, 0);
    filtered(&f, (struct filter){.thread = "nobody"}, 0, 0, 0);
    filtered(&f, (struct filter){.function = "g"}, 100, 20100, 0);
    filtered(&f, (struct filter){.function = "g", .thread = "main"}, 100, 100, 0);
    filtered(&f, (struct filter){.module = "libx.so"}, 1000, 0, 0);
    filtered(&f, (struct filter){.module = "/nowhere/*"}, 1000, 0, 0);
    filtered(&f, (struct filter){.file = "a.py"}, 1110, 20100, 1110);
    filtered(&f, (struct filter){.file = "a.py", .module = "libx.so"}, 0, 0, 0);
    filtered(&f, (struct filter){.classes = 1u << CLASS_FILE}, 4096, 0, 1110);
    unfold(&f, &py.b);
}

Test(query, names)
{
    for (unsigned i = 0; i < GROUPINGS; i++)
        cr_expect_eq(grouping_named(grouping_name((enum grouping)i)), i);
    for (unsigned i = 0; i < METRICS; i++)
        cr_expect_eq(metric_named(metric_name((enum metric)i)), i);
    cr_expect_eq(grouping_named("nothing"), GROUPINGS);
    cr_expect_eq(metric_named(""), METRICS);
    cr_expect(metric_bytes(METRIC_RISE));
    cr_expect_not(metric_bytes(METRIC_RELEASES));
}
