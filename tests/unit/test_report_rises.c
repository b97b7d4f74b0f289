/* SPDX-License-Identifier: MIT
 *
 * From runs and stretches to the rises of lines and functions.
 */
#include <criterion/criterion.h>

#include "folded.h"

/* Two code objects of one function and line stand for one line: as two native return addresses would. */
struct twins {
    struct py py;
    struct folded f;
    uint32_t a, b, other; /* nodes: of f's line 5, the same, of f's line 6 */
};

static void start(struct twins *t)
{
    py_start(&t->py);
    uint32_t twin = builder_code(&t->py.b, "/home/u/a.py", "f", 1);
    t->a = py_node(&t->py, t->py.root, t->py.f, 5);
    t->b = py_node(&t->py, t->py.root, twin, 5);
    t->other = py_node(&t->py, t->py.root, t->py.f, 6);
    py_alloc(&t->py, t->a, 1, 0);
    py_alloc(&t->py, t->b, 1, 0);
    py_alloc(&t->py, t->other, 1, 0);
}

static void rose(struct twins *t, uint32_t node, uint64_t rise, uint64_t alone)
{
    py_rise(&t->py, node, rise, alone);
}

/* One that ended with `first` and rose by `rise`; or, with `second`, one of both that did, while that of `first` rose by 0. */
static void stretch(struct twins *t, uint32_t first, uint32_t second, uint32_t before,
                    uint32_t after, uint64_t rise)
{
    struct mt_stretch record = {
        .parent = t->py.root, .before = before, .after = after, .count = second ? 2 : 1};
    builder_stretch(&t->py.b, &record, (uint32_t[]){first, second},
                    (uint64_t[]){second ? 0 : rise, rise});
}

static void other(struct twins *t, enum mt_stretch_kind kind, uint64_t rise)
{
    struct mt_stretch record = {.parent = t->py.root, .kind = (uint8_t)kind, .count = 1};
    builder_stretch(&t->py.b, &record, (uint32_t[]){0}, &rise);
}

static void expect(struct twins *t, uint64_t rise, uint64_t most)
{
    fold_log(&t->f, &t->py.b);
    cr_expect_eq(line(&t->f, "f", 5)->rise, rise, "%lu", line(&t->f, "f", 5)->rise);
    cr_expect_eq(line(&t->f, "f", 5)->rise_most, most, "%lu", line(&t->f, "f", 5)->rise_most);
}

static void stop(struct twins *t)
{
    unfold(&t->f, &t->py.b);
}

Test(rises, one_site_has_the_nodes_own)
{
    struct twins t;
    start(&t);
    rose(&t, t.other, 70, 10);
    stretch(&t, t.other, 0, t.a, t.b, 60);
    expect(&t, 0, 0);
    cr_expect_eq(line(&t.f, "f", 6)->rise, 70);
    cr_expect_eq(line(&t.f, "f", 6)->rise_most, 0);
    stop(&t);
}

Test(rises, a_part_of_a_run_is_none)
{
    struct twins t;
    start(&t);
    rose(&t, t.a, 500, 20);
    rose(&t, t.b, 400, 30);
    stretch(&t, t.a, 0, t.b, t.other, 500); /* its run began with b */
    stretch(&t, t.a, 0, t.other, t.b, 400); /* and this one goes on with b */
    stretch(&t, t.a, t.b, 0, t.other, 80);
    stretch(&t, t.b, 0, t.other, t.other, 70);
    stretch(&t, t.a, t.other, 0, 0, 900);
    expect(&t, 80, 0);
    stop(&t);
}

Test(rises, alone_runs_count)
{
    struct twins t;
    start(&t);
    rose(&t, t.a, 500, 20);
    rose(&t, t.b, 400, 300);
    stretch(&t, t.a, t.b, 0, t.other, 80);
    expect(&t, 300, 0);
    stop(&t);
}

Test(rises, all_sites_make_a_function)
{
    struct twins t;
    start(&t);
    rose(&t, t.a, 5, 5);
    other(&t, MT_STRETCH_ALL, 1000);
    expect(&t, 5, 0);
    cr_expect_eq(function(&t.f, "f")->rise, 1000);
    stop(&t);
}

Test(rises, what_was_lost_makes_a_lower_bound)
{
    struct twins t;
    start(&t);
    rose(&t, t.a, 50, 50);
    rose(&t, t.other, 40, 40);
    other(&t, MT_STRETCH_LARGE, 9000); /* of more sites than line 5 has */
    other(&t, MT_STRETCH_LOST, 700);
    expect(&t, 50, 700);
    cr_expect_eq(line(&t.f, "f", 6)->rise_most, 0);
    stop(&t);
}

Test(rises, the_floor_makes_a_lower_bound)
{
    struct twins t;
    start(&t);
    rose(&t, t.a, 50, 50);
    t.py.b.header.rise_floor = 51;
    expect(&t, 50, 51);
    stop(&t);
    start(&t);
    rose(&t, t.a, 50, 50);
    t.py.b.header.rise_floor = 50;
    expect(&t, 50, 0);
    stop(&t);
}

/* A line of f rose by 300, and f by a bound between 0 and 700: by 300, less what was released under f. */
static void expect_function(uint64_t released, uint64_t rise)
{
    struct twins t;
    start(&t);
    struct mt_release record = {.releases = 1, .released = released, .last = 1, .level = 1};
    if (released)
        builder_counter(&t.py.b, t.b, MT_KIND_RELEASE + MT_HEAP, &record);
    rose(&t, t.other, 300, 0);
    other(&t, MT_STRETCH_LOST, 700);
    fold_log(&t.f, &t.py.b);
    cr_expect_eq(line(&t.f, "f", 6)->rise, 300);
    cr_expect_eq(function(&t.f, "f")->rise, rise, "%lu", function(&t.f, "f")->rise);
    cr_expect_eq(function(&t.f, "f")->rise_most, 700);
    stop(&t);
}

Test(rises, a_function_rises_with_its_lines)
{
    expect_function(0, 300);
}

Test(rises, a_function_that_released_may_rise_less)
{
    expect_function(120, 180);
    expect_function(400, 0);
}

Test(rises, inner_calls_do_not_rise_for_the_outer)
{
    struct twins t;
    start(&t);
    uint32_t inner = py_node(&t.py, t.other, t.py.f, 6);
    rose(&t, t.other, 50, 0);
    rose(&t, inner, 400, 0); /* cannot be, but shows whether it is looked at */
    expect(&t, 0, 0);
    cr_expect_eq(line(&t.f, "f", 6)->rise, 50);
    stop(&t);
}

/* ---- What was open: of a thread that was killed, or that runs on ---- */

static void open_runs(struct twins *t, const struct mt_run *runs, uint32_t count, uint32_t leaf)
{
    uint32_t first = builder_run(&t->py.b, &runs[0]);
    for (uint32_t i = 1; i < count; i++)
        builder_run(&t->py.b, &runs[i]);
    struct mt_thread_entry *thread = builder_thread_entry(&t->py.b, 1);
    thread->runs = first;
    thread->runs_cap = thread->runs_used = count;
    thread->leaf = leaf;
    thread->events = 9;
    thread->level = 50;
}

Test(rises, open_runs_are_closed)
{
    struct twins t;
    start(&t);
    uint32_t inner = py_node(&t.py, t.other, t.py.g, 25);
    rose(&t, t.other, 60, 0);
    struct mt_run runs[] = {
        {.begin = 0, .max = INT64_MIN, .node = t.py.root, .first = t.py.root, .frames = 1},
        {.begin = 10, .max = 30, .node = t.other, .first = t.other, .depth = 1, .frames = 1},
        {.begin = 20, .max = 90, .node = inner, .first = inner, .depth = 2, .frames = 1},
    };
    open_runs(&t, runs, 3, inner);
    expect(&t, 0, 0);
    cr_expect_eq(line(&t.f, "g", 25)->rise, 70);
    cr_expect_eq(line(&t.f, "f", 6)->rise, 80); /* 90 - 10, more than the 60 of before */
    cr_expect_eq(t.f.stacks.model.runs.of_node[t.py.root].rise, 90);
    stop(&t);
}

/* a, b and a again took turns, after `other`: the stretch of {a, b} began after other's last event. */
Test(rises, open_stretches_are_closed)
{
    struct twins t;
    start(&t);
    struct mt_run runs[] = {
        {.begin = 0, .max = 5, .node = t.py.root, .first = t.py.root, .frames = 1},
        {.begin = 10, .max = 40, .node = t.b, .first = t.b, .before = t.other, .depth = 1},
        {.begin = 20, .max = 30, .node = t.a, .first = t.a, .before = t.b, .depth = 1, .frames = 1},
    };
    open_runs(&t, runs, 3, t.a);
    expect(&t, 30, 0); /* 40 - 10 */
    cr_expect_eq(t.f.stacks.model.runs.of_node[t.a].rise, 10);
    cr_expect_eq(t.f.stacks.model.runs.of_node[t.a].alone, 0);
    cr_expect_eq(function(&t.f, "f")->rise, 40); /* all three, from the beginning */
    stop(&t);
}

Test(rises, open_runs_leave_higher_ones)
{
    struct twins t;
    start(&t);
    rose(&t, t.other, 60, 60);
    struct mt_run run = {
        .begin = 10, .max = 5, .node = t.other, .first = t.other, .depth = 1, .frames = 1};
    open_runs(&t, &run, 1, t.other);
    expect(&t, 0, 0);
    cr_expect_eq(line(&t.f, "f", 6)->rise, 60);
    stop(&t);
}

Test(rises, beyond_four_gigabytes)
{
    struct twins t;
    start(&t);
    rose(&t, t.other, 1ull << 40, 0);
    stretch(&t, t.a, t.b, 0, 0, 1ull << 41);
    expect(&t, 1ull << 41, 0);
    cr_expect_eq(line(&t.f, "f", 6)->rise, 1ull << 40);
    stop(&t);
}
