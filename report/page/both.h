/* SPDX-License-Identifier: MIT
 *
 * Two sides of runs as one view, for a page of what changed: one tree of stacks, in which a line that both sides have is one place, with
 * the figures of both. Lines are matched as `memtrace diff` matches them (compare/match.h).
 */
#ifndef PAGE_BOTH_H
#define PAGE_BOTH_H

#include "compare/changes.h"
#include "fold/course.h"
#include "page/pruned.h"
#include "page/together.h"

/* What a page tells of the first run of a side. */
struct both_first {
    struct course course; /* of all its processes */
    struct together_text exe, argv, log;
    int32_t pid;
    size_t processes;
};

/* What the place of a line is, beside its name. */
struct both_place {
    bool gone;         /* it is in the old side alone, and its line is one of the old source */
    uint32_t was;      /* its line in the old side, where that is another one; 0: it is not */
    uint32_t old_file; /* gone: its file among the texts of the old side; 0: not known */
};

/* Rows of lines: by place of the view, then what no line of one's own did, then what no call site is known of. */
struct both_rows {
    int64_t *margin[PAGE_FIGURES];      /* by row: change_margin */
    int64_t *sums[SIDES][PAGE_FIGURES]; /* of the runs of a side */
};

struct both {
    struct comparing comparing;
    struct side sides[SIDES];
    struct joined joined;
    uint32_t
        *run_of; /* by part of `joined`: the number of its run; those of the old side come first */
    size_t run_cap;
    bool peak_known;   /* what was held at the peak: the caller's to say, as not of all periods */
    size_t old_places; /* of joined's place_of: those of the old side come first */
    struct both_first first[SIDES];
    struct sources sources;
    /* After both_end: */
    struct view view;          /* its rows are the sums of both sides */
    struct both_place *places; /* by place of the view */
    uint32_t *run_of_node;     /* by node of the view */
    uint32_t runs[SIDES];
    struct whole whole;
    enum rank rank; /* whose code has own lines */
    struct both_rows own,
        with_all; /* what lines did themselves, or by way of libraries; with all they call */
};

/* An empty comparison, whose sides' runs are to be added, those of the old side first. both_free in any case. */
void both_begin(struct both *both, const struct comparing *comparing);
/* All runs were added; `name` stands for the log. Linear in the logs, but for what match_make takes. */
void both_end(struct both *both, const char *name);
void both_free(struct both *both);

/* both_end's second half: the figures of the tree and of lines, run by run. */
void both_figures(struct both *both);
void both_rows_free(struct both_rows *rows);

#endif
