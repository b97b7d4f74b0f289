/* SPDX-License-Identifier: MIT
 *
 * What differs between two sides: a row for each thing that has a figure in one of them, and whether the difference is more than what
 * runs of one side differ by.
 */
#ifndef COMPARE_CHANGES_H
#define COMPARE_CHANGES_H

#include "compare/match.h"

/* The figures of the runs of one side. */
struct figures {
    int64_t least, most, mean; /* the mean is rounded; means add up */
};

#define CHANGE_NONE UINT32_MAX
struct change {
    uint32_t key
        [SIDES]; /* of the side; SIDE_REST, SIDE_UNKNOWN; CHANGE_NONE: no run of it has a figure */
    uint8_t class;     /* BY_SITE */
    unsigned char how; /* enum matched */
    struct figures of[SIDES];
    int64_t change; /* of the means */
    /* What the runs of one side differ by among themselves, as much as it counts: several times where there are few runs, which say
     * little. 0 where each side has one. */
    int64_t spread;
    bool
        beyond; /* the nearest runs of the two sides are further apart than that; with one run on each: they differ */
};

struct changes {
    struct change *list; /* beyond the spread first, then by the size of the change */
    size_t count;
    size_t beyond;       /* of list: those at its front */
    struct change total; /* of a metric that does not add up: of the highest rows */
    uint32_t runs[SIDES];
};

/* `sides`: after side_end. changes_free afterwards. */
void changes_make(struct changes *changes, const struct side sides[SIDES],
                  const struct comparing *comparing);
void changes_free(struct changes *changes);

/* Judges rows by what they come to in each run: in values[i * runs of both sides], those of the old side first. Fills in `of`,
 * `change`, `spread` and `beyond` of rows[0..count), as changes_make does. */
void changes_judge(struct change *rows, const int64_t *values, size_t count,
                   const uint32_t runs[SIDES]);
/* How large its change may be at most, so that runs of one side differ by it: it is beyond if it is larger. */
int64_t change_margin(const struct change *change);

/* What stands for the whole when shares are asked: the larger mean of the totals. */
int64_t changes_whole(const struct changes *changes);
/* How many rows are shown: those beyond the spread, of at least `least` per cent of the whole, at most `top`. `all`: every one that differs. */
size_t changes_shown(const struct changes *changes, size_t top, double least, bool all);

/* "grew", "shrank", "new", "gone", or "same". */
const char *change_word(const struct change *change);

#endif
