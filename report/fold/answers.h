/* SPDX-License-Identifier: MIT
 *
 * The three questions of the first page, answered by the line that did it (fold/own.h), not by those that called it:
 * what holds the peak, what jumped, what was never given back. Each answer adds up to its total: what no own line explains, and
 * what has no call site, are parts of it.
 */
#ifndef FOLD_ANSWERS_H
#define FOLD_ANSWERS_H

#include "fold/rows.h"
#include "fold/stacks.h"

enum question {
    QUESTION_PEAK,   /* bytes: held at the process's peak */
    QUESTION_JUMPED, /* bytes: rise of one run; these don't add up, what was allocated does */
    QUESTION_KEPT,   /* bytes: live in the end, see answers.kept */
    QUESTIONS
};

#define ANSWER_WAYS 6u
struct answer_line {
    uint32_t place;
    int64_t bytes; /* what was asked */
    uint64_t most; /* QUESTION_JUMPED: as row.rise_most */
    bool
        together; /* QUESTION_JUMPED: several lines that it calls did it, none of them half of it */
    uint64_t allocated; /* by the line itself */
    uint64_t allocations;
    /* Own lines through whose calls 99 % or more of `bytes` came, innermost first: their rows would only repeat this one. */
    uint32_t ways[ANSWER_WAYS];
    unsigned way_count;
};

/* What is not in the lines that are listed. */
struct answer_part {
    uint32_t lines;
    int64_t bytes; /* QUESTION_JUMPED: 0 */
    uint64_t allocated, allocations;
};

struct answer {
    struct answer_line *lines; /* the highest first; at most as many as were asked for */
    size_t count;
    struct answer_part others;   /* own lines that are not listed */
    struct answer_part runtimes; /* no own line: libraries, the interpreter, the loader */
    struct answer_part unknown;  /* no call site, for want of space in the log */
    struct answer_part
        total; /* of the process, not computed from the lines; with a filter of its stacks */
};

struct answers {
    struct answer of[QUESTIONS];
    /* METRIC_LEAKED: what was left after all destructors. METRIC_LIVE: what was live when the program finished, for a program of
     * Python's: the interpreter empties all modules after that, which is no giving back by the program. */
    enum metric kept;
};

struct asking {
    enum rank rank;       /* as in own_places */
    struct filter filter; /* which stacks; its classes are not looked at */
    size_t top;           /* how many lines, 0: all */
    /* Per cent of the total that a line must have: of what holds the peak, and of what was never given back, where little can be what is
     * looked for. What rose is not measured by that. */
    double min_share, min_share_kept;
};
/* Heap and anonymous mappings. `lines`: rows by line of the same stacks, inclusive, with rises.
 * Linear in the number of nodes, and in that of a line's stacks for each of the first lines' ways. answers_free afterwards. */
void answers_make(struct answers *answers, const struct stacks *stacks, const struct rows *lines,
                  const struct asking *asking);
void answers_free(struct answers *answers);

#endif
