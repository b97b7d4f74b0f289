/* SPDX-License-Identifier: MIT
 *
 * Trees of stacks, one's own and one that a view shares; and what fold makes of stacks, against sums that are taken stack by stack.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../../report/fold/tree.h"
#include "folded.h"

#define STACKS 600
#define LINES  12u

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* Random stacks of `threads` threads, of two functions that call each other and themselves. */
static void random_log(struct py *py, unsigned threads, uint32_t seed)
{
    uint32_t known[STACKS + 8];
    size_t count = 0;
    py_start(py);
    known[count++] = py->root;
    for (unsigned t = 1; t < threads; t++)
        known[count++] = builder_thread(&py->b, "other");
    for (unsigned i = 0; i < STACKS; i++) {
        uint32_t parent = known[next(&seed) % count], line = next(&seed) % LINES;
        uint32_t node = next(&seed) % 2 ? py_node(py, parent, py->f, 1 + line)
                                        : py_node(py, parent, py->g, 21 + line);
        known[count++] = node;
        if (next(&seed) % 3 == 0)
            py_alloc(py, node, 1 + next(&seed) % 1000, 0);
    }
}

static void same(const struct tree *a, const struct tree *b, uint32_t nodes, const char *what)
{
    cr_assert_eq(a->count, b->count, "%s: %u and %u entries", what, a->count, b->count);
    cr_expect_arr_eq(a->parent, b->parent, a->count * sizeof *a->parent, "%s: parents", what);
    cr_expect_arr_eq(a->key, b->key, a->count * sizeof *a->key, "%s: keys", what);
    cr_expect_arr_eq(a->of_node, b->of_node, nodes * sizeof *a->of_node, "%s: nodes", what);
}

static void compare(struct folded *f, bool threads, const char *what)
{
    struct tree alone, shared, again;
    tree_make(&alone, &f->stacks, threads);
    tree_share(&f->stacks);
    tree_make(&shared, &f->stacks, threads);
    tree_make(&again, &f->stacks, threads);
    same(&alone, &shared, f->stacks.model.node_count, what);
    same(&alone, &again, f->stacks.model.node_count, what);
    cr_expect_eq(shared.parent == again.parent, !threads, "%s: one for both or not", what);
    tree_free(&shared);
    same(&alone, &again, f->stacks.model.node_count,
         what); /* it is another's no more than before */
    tree_free(&again);
    tree_free(&alone);
    tree_unshare(&f->stacks);
}

Test(tree, the_same_alone_and_shared)
{
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct py py;
        struct folded f;
        random_log(&py, threads, 7 * threads);
        fold_log(&f, &py.b);
        compare(&f, true, "threads apart");
        compare(&f, false, "threads together");
        unfold(&f, &py.b);
    }
}

Test(tree, keys_that_are_merged_have_one_entry)
{
    struct py py;
    struct folded f;
    struct tree tree;
    random_log(&py, 2, 3);
    fold_log(&f, &py.b);
    tree_make(&tree, &f.stacks, true);
    for (uint32_t a = 1; a < tree.count; a++) {
        cr_assert_lt(tree.parent[a], a);
        for (uint32_t b = 1; b < a; b++)
            cr_assert(tree.parent[a] != tree.parent[b] || tree.key[a] != tree.key[b]);
    }
    tree_free(&tree);
    unfold(&f, &py.b);
}

/* What was allocated under each key, stack by stack; with `own` by its innermost place alone. */
static uint64_t *by_stack(const struct stacks *stacks, enum grouping by, bool own)
{
    const struct frames *frames = &stacks->frames;
    uint64_t *sums = calloc(frames->place_count + 1, sizeof *sums);
    unsigned char *seen = calloc(frames->place_count + 1, 1);
    struct leaf leaf;
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        memset(seen, 0, frames->place_count + 1);
        struct stack stack = stack_of(stacks, leaf.node);
        for (uint32_t place; stack_next(&stack, &place);) {
            uint32_t key = by == BY_LINE ? place : frames->places[place].function;
            sums[key] += seen[key] ? 0 : leaf.sums.allocated;
            seen[key] = 1;
            if (own)
                break;
        }
    }
    free(seen);
    return sums;
}

static void check_rows(struct folded *f, enum grouping by, bool own, unsigned metrics)
{
    struct rows rows;
    struct query query = {.by = by, .metrics = metrics, .own = own, .rank = RANK_LIBRARY};
    uint64_t *sums = by_stack(&f->stacks, by, own);
    fold(&f->stacks, &query, &rows);
    for (uint32_t k = 0; k < rows.count; k++)
        cr_expect_eq(rows.list[k].sums.allocated, sums[k], "by %s%s: row %u has %lu, not %lu",
                     grouping_name(by), own ? ", own" : "", k, rows.list[k].sums.allocated,
                     sums[k]);
    rows_free(&rows);
    free(sums);
}

/* Of several random logs, of one to three threads. */
static void check_random(unsigned step, unsigned first, void (*check)(struct folded *f))
{
    for (unsigned round = 0; round < 8; round++) {
        struct py py;
        struct folded f;
        random_log(&py, 1 + round % 3, step * round + first);
        fold_log(&f, &py.b);
        check(&f);
        unfold(&f, &py.b);
    }
}

static void check_all_rows(struct folded *f)
{
    check_rows(f, BY_LINE, false, 0);
    check_rows(f, BY_LINE, false, EVERYTHING);
    check_rows(f, BY_LINE, true, 0);
    check_rows(f, BY_FUNCTION, false, 0);
    check_rows(f, BY_FUNCTION, false, EVERYTHING);
    check_rows(f, BY_FUNCTION, true, 0);
}

Test(tree, rows_are_what_their_stacks_come_to)
{
    check_random(11, 1, check_all_rows);
}

static void check_together(struct folded *f)
{
    const struct query queries[] = {
        {.by = BY_FUNCTION, .metrics = EVERYTHING},
        {.by = BY_LINE, .metrics = EVERYTHING},
        {.by = BY_LINE, .metrics = EVERYTHING, .own = true, .rank = RANK_LIBRARY},
        {.by = BY_MODULE}};
    struct rows together[4], alone;
    fold_several(&f->stacks, queries, together, 4);
    for (unsigned i = 0; i < 4; i++) {
        fold(&f->stacks, &queries[i], &alone);
        cr_assert_eq(alone.count, together[i].count);
        cr_expect_arr_eq(alone.list, together[i].list, alone.count * sizeof *alone.list, "query %u",
                         i);
        rows_free(&alone);
        rows_free(&together[i]);
    }
}

Test(tree, rows_of_one_walk_are_those_of_each_alone)
{
    check_random(5, 2, check_together);
}
