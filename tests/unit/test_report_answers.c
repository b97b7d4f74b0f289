/* SPDX-License-Identifier: MIT
 *
 * The first page: which line did it, by way of which calls, and that each list adds up.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "../../report/fold/answers.h"
#include "folded.h"

/* `allocated`, of which `gone` were released and at most `most` were live at a time. */
static void alloc(struct py *py, uint32_t node, uint64_t allocated, uint64_t gone, uint64_t most)
{
    struct mt_alloc record = {.allocs = 1,
                              .allocated = allocated,
                              .gone = gone,
                              .gone_count = gone > 0,
                              .live_peak = most,
                              .last = 1,
                              .level = 1};
    builder_counter(&py->b, node, MT_KIND_ALLOC + MT_HEAP, &record);
}

/* The header says what the tables say, and that everything allocated was live at the peak. */
static void answer(struct folded *f, struct py *py, struct answers *answers, size_t top)
{
    py->b.header.at_peak = 1;
    fold_log(f, &py->b);
    answers_make(answers, &f->stacks, &f->lines,
                 &(struct asking){.rank = RANK_PROGRAM, .top = top});
}

static void done(struct folded *f, struct py *py, struct answers *answers)
{
    answers_free(answers);
    unfold(f, &py->b);
}

static bool is_line(const struct folded *f, uint32_t place, const char *name, uint32_t number)
{
    const struct place *p = &f->stacks.frames.places[place];
    return p->function == function_of(f, name) && p->line == number;
}

static const struct answer_line *find(const struct folded *f, const struct answer *answer,
                                      const char *name, uint32_t number)
{
    for (size_t i = 0; i < answer->count; i++)
        if (is_line(f, answer->lines[i].place, name, number))
            return &answer->lines[i];
    return NULL;
}

static void expect_sum(const struct answer *answer, enum question question)
{
    struct answer_part sum = answer->others;
    const struct answer_part *more[] = {&answer->runtimes, &answer->unknown};
    for (size_t i = 0; i < 2; i++) {
        sum.bytes += more[i]->bytes;
        sum.allocated += more[i]->allocated;
        sum.allocations += more[i]->allocations;
    }
    for (size_t i = 0; i < answer->count; i++) {
        sum.bytes += question == QUESTION_JUMPED ? 0 : answer->lines[i].bytes;
        sum.allocated += answer->lines[i].allocated;
        sum.allocations += answer->lines[i].allocations;
    }
    cr_expect_eq(sum.bytes, answer->total.bytes, "question %d", question);
    cr_expect_eq(sum.allocated, answer->total.allocated, "question %d", question);
    cr_expect_eq(sum.allocations, answer->total.allocations, "question %d", question);
}

/* f:2 calls g:22, which allocates; f:3 calls it for a little. */
Test(answers, callers_are_folded)
{
    struct py py;
    struct folded f;
    struct answers answers;
    py_start(&py);
    uint32_t h = builder_code(&py.b, "/home/u/a.py", "h", 41);
    uint32_t main_node = py_node(&py, py.root, h, 42);
    uint32_t by_two = py_node(&py, main_node, py.f, 2), by_three = py_node(&py, main_node, py.f, 3);
    uint32_t leaf = py_node(&py, by_two, py.g, 22);
    alloc(&py, leaf, 9900, 0, 9900);
    alloc(&py, py_node(&py, by_three, py.g, 22), 100, 0, 100);
    answer(&f, &py, &answers, 5);
    const struct answer *peak = &answers.of[QUESTION_PEAK];
    cr_assert_eq(peak->count, 1, "callers have no rows");
    const struct answer_line *line = find(&f, peak, "g", 22);
    cr_assert(line);
    cr_expect_eq(line->bytes, 10000);
    cr_expect_eq(line->allocations, 2);
    cr_assert_eq(line->way_count, 2, "99 %% came by f:2, all by h:42, little by f:3");
    cr_expect(is_line(&f, line->ways[0], "f", 2));
    cr_expect(is_line(&f, line->ways[1], "h", 42));
    done(&f, &py, &answers);
}

Test(answers, a_caller_of_less_is_no_way)
{
    struct py py;
    struct folded f;
    struct answers answers;
    py_start(&py);
    uint32_t by_two = py_node(&py, py.root, py.f, 2), by_three = py_node(&py, py.root, py.f, 3);
    alloc(&py, py_node(&py, by_two, py.g, 22), 9899, 0, 9899);
    alloc(&py, py_node(&py, by_three, py.g, 22), 101, 0, 101);
    answer(&f, &py, &answers, 5);
    const struct answer_line *line = find(&f, &answers.of[QUESTION_PEAK], "g", 22);
    cr_assert(line);
    cr_expect_eq(line->way_count, 0);
    done(&f, &py, &answers);
}

/* Recursion: f:2 calls itself; it is one way, and no way of its own. */
Test(answers, recursion)
{
    struct py py;
    struct folded f;
    struct answers answers;
    py_start(&py);
    uint32_t node = py_node(&py, py.root, py.f, 2);
    node = py_node(&py, py_node(&py, node, py.f, 2), py.g, 22);
    node = py_node(&py, py_node(&py, node, py.f, 2), py.g, 22);
    alloc(&py, node, 500, 0, 500);
    answer(&f, &py, &answers, 5);
    const struct answer_line *line = find(&f, &answers.of[QUESTION_KEPT], "g", 22);
    cr_assert(line);
    cr_expect_eq(line->bytes, 500);
    cr_assert_eq(line->way_count, 1);
    cr_expect(is_line(&f, line->ways[0], "f", 2));
    done(&f, &py, &answers);
}

/* Half of it comes by f:2, which stands on those stacks twice. */
Test(answers, a_recursive_caller_counts_once)
{
    struct py py;
    struct folded f;
    struct answers answers;
    py_start(&py);
    uint32_t again = py_node(&py, py_node(&py, py.root, py.f, 2), py.f, 2);
    alloc(&py, py_node(&py, again, py.g, 22), 501, 0, 501);
    alloc(&py, py_node(&py, py_node(&py, py.root, py.f, 3), py.g, 22), 499, 0, 499);
    answer(&f, &py, &answers, 5);
    const struct answer_line *line = find(&f, &answers.of[QUESTION_PEAK], "g", 22);
    cr_assert(line);
    cr_expect_eq(line->bytes, 1000);
    cr_expect_eq(line->way_count, 0);
    done(&f, &py, &answers);
}

/* Three quarters of what a caller rose by are no reason to say that the line did it; nine tenths are. */
Test(answers, a_jump_of_two_lines)
{
    for (uint64_t part = 75; part <= 90; part += 15) {
        struct py py;
        struct folded f;
        struct answers answers;
        py_start(&py);
        uint32_t h = builder_code(&py.b, "/home/u/a.py", "h", 41);
        uint32_t main_node = py_node(&py, py.root, h, 42);
        uint32_t loop = py_node(&py, main_node, py.f, 2);
        uint32_t most = py_node(&py, loop, py.g, 22), least = py_node(&py, loop, py.g, 23);
        alloc(&py, most, part, 0, part);
        alloc(&py, least, 100 - part, 0, 100 - part);
        py_rise(&py, most, 1, 1);
        py_rise(&py, least, 1, 1);
        py_rise(&py, loop, 60, 60);
        py_rise(&py, main_node, 60, 60);
        answer(&f, &py, &answers, 5);
        const struct answer_line *line = find(&f, &answers.of[QUESTION_JUMPED], "g", 22);
        cr_assert(line);
        cr_expect_eq(line->bytes, part == 90 ? 60 : 1);
        const struct answer_line *caller = find(&f, &answers.of[QUESTION_JUMPED], "f", 2);
        cr_assert_eq(caller != NULL, part == 75, "then it stands for both");
        if (caller) {
            cr_expect_eq(caller->bytes, 60);
            cr_expect(caller->together);
            cr_expect_eq(caller->allocated, 0);
        }
        cr_expect_not(line->together);
        cr_expect_not(find(&f, &answers.of[QUESTION_JUMPED], "h", 42), "its call repeats it");
        done(&f, &py, &answers);
    }
}

/* A line that takes a little in each of many visits jumps as its caller does, if it alone does it. */
Test(answers, a_jump_of_many_visits)
{
    struct py py;
    struct folded f;
    struct answers answers;
    py_start(&py);
    uint32_t h = builder_code(&py.b, "/home/u/a.py", "h", 41);
    uint32_t main_node = py_node(&py, py.root, h, 42);
    uint32_t loop = py_node(&py, main_node, py.f, 2), leaf = py_node(&py, loop, py.g, 22);
    uint32_t other = py_node(&py, main_node, py.f, 3);
    alloc(&py, leaf, 100000, 0, 100000);
    py_rise(&py, leaf, 10, 10);
    alloc(&py, loop, 20000, 20000, 10);
    py_rise(&py, loop, 99000, 99000);
    alloc(&py, other, 60000, 0, 60000);
    py_rise(&py, other, 60000, 60000);
    py_rise(&py, main_node, 159000, 159000);
    answer(&f, &py, &answers, 5);
    const struct answer *jumped = &answers.of[QUESTION_JUMPED];
    cr_assert_eq(jumped->count, 3);
    cr_expect(is_line(&f, jumped->lines[0].place, "g", 22));
    cr_expect_eq(jumped->lines[0].bytes, 99000, "of f:2, under which g:22 took nearly all");
    cr_expect_eq(jumped->lines[0].allocated, 100000);
    cr_expect(is_line(&f, jumped->lines[1].place, "f", 3));
    cr_expect_eq(jumped->lines[1].bytes, 60000, "h:42 rose by more, and two lines did that");
    cr_expect(is_line(&f, jumped->lines[2].place, "f", 2));
    cr_expect_eq(jumped->lines[2].bytes, 10, "what it had itself");
    done(&f, &py, &answers);
}

/* The line of an import is blamed for the peak, but what the interpreter keeps of the module it can't give back. */
Test(answers, imports)
{
    struct py py;
    struct folded f;
    struct answers answers;
    py_start(&py);
    uint32_t frozen = builder_code(&py.b, "<frozen importlib._bootstrap>", "_find_and_load", 1);
    uint32_t line_node = py_node(&py, py.root, py.f, 2);
    uint32_t import = py_node(&py, line_node, frozen, 5);
    alloc(&py, import, 4000, 0, 4000);
    alloc(&py, py_node(&py, import, py.g, 22), 300, 0, 300);
    alloc(&py, line_node, 20, 0, 20);
    answer(&f, &py, &answers, 5);
    cr_expect_eq(find(&f, &answers.of[QUESTION_PEAK], "f", 2)->bytes, 4020);
    cr_expect_eq(find(&f, &answers.of[QUESTION_KEPT], "f", 2)->bytes, 20);
    cr_expect_eq(find(&f, &answers.of[QUESTION_KEPT], "g", 22)->bytes, 300, "a module's own line");
    cr_expect_eq(answers.of[QUESTION_KEPT].runtimes.bytes, 4000);
    cr_expect_eq(answers.of[QUESTION_PEAK].runtimes.bytes, 0);
    for (enum question q = 0; q < QUESTIONS; q++)
        expect_sum(&answers.of[q], q);
    done(&f, &py, &answers);
}

/* After all destructors; but for Python's programs, when the interpreter began to finalise. */
Test(answers, never_given_back)
{
    for (int python = 0; python < 2; python++) {
        struct py py;
        struct folded f;
        struct answers answers;
        py_start(&py);
        alloc(&py, py_node(&py, py.root, py.f, 2), 700, 200, 700);
        py.b.header.at_peak = 1;
        fold_log(&f, &py.b);
        f.stacks.log.header.python = python;
        f.stacks.log.header.finished = true;
        struct entries *entries = &f.stacks.model.entries;
        struct sums late = entry_sums(entries, &entries->list[entries->count - 1]);
        late.late = 200;
        entries_set(entries, entries->count - 1, &late);
        f.stacks.model.total.late = 200;
        answers_make(&answers, &f.stacks, &f.lines, &(struct asking){.rank = RANK_PROGRAM});
        const struct answer *kept = &answers.of[QUESTION_KEPT];
        cr_expect_eq(answers.kept, python ? METRIC_LIVE : METRIC_LEAKED);
        cr_expect_eq(find(&f, kept, "f", 2)->bytes, python ? 700 : 500);
        cr_expect_eq(kept->total.bytes, python ? 700 : 500);
        expect_sum(kept, QUESTION_KEPT);
        done(&f, &py, &answers);
    }
}

/* ---- many random stacks ---- */

#define CODES 6
#define DEEP  10

static unsigned dice(uint64_t *state, unsigned sides)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % sides;
}

/* A third of the code is a library's, and some has no call site. */
static void random_log(struct py *py, uint64_t *state)
{
    static const char *const files[CODES] = {"/home/u/a.py", "/usr/lib/python3/dist-packages/x.py",
                                             "/home/u/b.py", "<frozen importlib._bootstrap>",
                                             "/home/u/c.py", "/home/u/d.py"};
    uint32_t codes[CODES];
    py_start(py);
    for (unsigned c = 0; c < CODES; c++) {
        char name[8] = {'r', (char)('a' + c), 0};
        codes[c] = builder_code(&py->b, files[c], name, 100 * c + 1);
    }
    for (unsigned i = dice(state, 60); i; i--) {
        uint32_t node = py->root;
        for (unsigned deep = 1 + dice(state, DEEP); deep; deep--) {
            unsigned c = dice(state, CODES);
            node = py_node(py, node, codes[c], 100 * c + 1 + dice(state, 3));
        }
        uint64_t bytes = 1 + dice(state, 100000),
                 gone = dice(state, 3) ? dice(state, (unsigned)bytes) : 0;
        alloc(py, dice(state, 10) ? node : 0, bytes, gone, bytes);
        py_rise(py, node, bytes, bytes);
    }
}

Test(answers, each_list_adds_up)
{
    uint64_t state = 13;
    size_t unknown = 0, runtimes = 0, others = 0;
    for (int round = 0; round < 300; round++) {
        static const size_t tops[] = {0, 1, 5};
        struct py py;
        struct folded f;
        struct answers answers;
        random_log(&py, &state);
        answer(&f, &py, &answers, tops[round % 3]);
        for (enum question q = 0; q < QUESTIONS; q++) {
            const struct answer *one = &answers.of[q];
            expect_sum(one, q);
            unknown += one->unknown.allocated > 0;
            runtimes += one->runtimes.allocated > 0;
            others += one->others.lines;
            for (size_t i = 1; i < one->count; i++)
                cr_expect_leq(one->lines[i].bytes, one->lines[i - 1].bytes);
        }
        done(&f, &py, &answers);
    }
    cr_expect(unknown && runtimes && others, "each part was there");
}
