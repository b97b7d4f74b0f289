/* SPDX-License-Identifier: MIT
 *
 * From a log to rows: read/model.c, resolve/frames.c, and fold/. Rises: test_report_rises.c.
 */
#include <criterion/criterion.h>
#include <stddef.h>
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
    cr_expect_eq(line(&f, "g", 22)->sums.gone, 3);
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
            .allocs = 1, .allocated = 100, .gone = 60, .saved = 90, .saved_seq = 7};
        struct mt_alloc older = {
            .allocs = 1, .allocated = 100, .gone = 60, .saved = 90, .saved_seq = 6};
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
        sum->released += f.lines.list[p].sums.gone;
    }
    cr_expect_eq(function(&f, "f")->sums.allocated, outer.allocated);
    cr_expect_eq(function(&f, "f")->sums.gone, outer.released);
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
    py_rise(py, two, 10, 10);
    py_rise(py, three, 1100, 1100);
    py_rise(py, leaf, 1000, 1000);
    struct mt_stretch both = {.parent = py->root, .count = 2};
    builder_stretch(&py->b, &both, (uint32_t[]){three, two}, (uint64_t[]){1100, 1110});
    py_alloc(py, py_node(py, other, py->g, 22), 20000, 0);
}

static struct rows ask(const struct folded *f, struct query query)
{
    struct rows rows;
    query.metrics = EVERYTHING;
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

/* ---- read/entries.h ---- */

#define FIGURES (offsetof(struct sums, happened) / sizeof(uint64_t)) /* all that are of 64 bits */

static bool same_sums(const struct sums *a, const struct sums *b)
{
    return !memcmp(a, b, FIGURES * sizeof(uint64_t)) && a->happened == b->happened;
}

static struct sums sums_with(size_t figure, uint64_t value, bool happened)
{
    uint64_t figures[FIGURES];
    struct sums sums = {.happened = happened};
    for (size_t i = 0; i < FIGURES; i++)
        figures[i] = i == figure ? value : 0;
    memcpy(&sums, figures, sizeof figures);
    return sums;
}

/* Whatever value each figure has: those that fit into an entry, those that just don't, and what other sums took its place. */
Test(fold, entries_keep_every_figure)
{
    static const uint64_t values[] = {0,
                                      1,
                                      INT32_MAX,
                                      (uint64_t)INT32_MAX + 1,
                                      UINT32_MAX,
                                      (uint64_t)UINT32_MAX + 1,
                                      (UINT64_C(1) << 48) - 1,
                                      UINT64_C(1) << 48,
                                      INT64_MAX,
                                      (uint64_t)INT32_MIN,
                                      UINT64_MAX};
    const size_t kinds = sizeof values / sizeof values[0], all = FIGURES * kinds;
    struct entries entries = {0};
    for (size_t i = 0; i < all; i++) {
        struct sums sums = sums_with(i / kinds, values[i % kinds], i % 2);
        entries_add(&entries, (uint32_t)i, i % 5, &sums);
    }
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < all; i++) {
            size_t from = (i + (size_t)turn * 7) % all;
            struct sums wanted = sums_with(from / kinds, values[from % kinds], from % 2);
            if (turn)
                entries_set(&entries, i, &wanted);
        }
        for (size_t i = 0; i < all; i++) {
            size_t from = (i + (size_t)turn * 7) % all;
            struct sums wanted = sums_with(from / kinds, values[from % kinds], from % 2);
            struct sums found = entry_sums(&entries, &entries.list[i]);
            cr_assert(same_sums(&wanted, &found), "figure %zu, value %zu, turn %d", from / kinds,
                      from % kinds, turn);
            cr_assert_eq(entries.list[i].node, i);
            cr_assert_eq(entries.list[i].class, i % 5);
        }
    }
    cr_expect_eq(entries.count, all);
    cr_expect_lt(entries.apart_count, all); /* most fit */
    entries_free(&entries);
}
