/* SPDX-License-Identifier: MIT
 *
 * What the names of two sides have to do with each other: their files and modules, functions, lines. match.c makes one list of it.
 */
#ifndef COMPARE_TWINS_H
#define COMPARE_TWINS_H

#include "compare/align.h"
#include "compare/matched.h"
#include "compare/pairs.h"
#include "compare/side.h"

/* What the text of a file tells, by file of the old side. */
enum text_known { TEXT_UNKNOWN, TEXT_SAME, TEXT_ALIGNED };

/* A function, by its name: in the log it may be several, of one name. */
struct group {
    uint32_t file, module; /* of the side; 0: not known */
    uint32_t name;         /* in strings; 0: not known */
    uint32_t first, last;  /* lines; 0: not known */
    uint32_t function;     /* one of the side's */
    uint32_t lines;        /* number of its lines */
    uint64_t shape, words; /* how these lie; what they say, 0: not known */
};

/* A line of a function; or, where no line is known, all of it. */
struct line {
    uint32_t group, line; /* line 0: not known; PLACE_RETURNS */
    uint64_t address;     /* where there is no name either */
    int64_t figure;       /* of all runs of its side, of its own */
};

struct twins {
    const struct side *sides;
    struct strings strings; /* of both sides: names, ends of paths, what lines say */
    struct pairs files, modules, groups, lines;
    uint32_t *group_of[SIDES]; /* by function */
    uint32_t *line_of[SIDES];  /* by place */
    struct group *group[SIDES];
    struct line *line[SIDES];
    enum text_known *known;  /* by file of the old side */
    struct aligned *aligned; /* likewise, where known is TEXT_ALIGNED */
};

/* The lists, and what files and modules are the same. */
void twins_make(struct twins *twins, const struct side sides[SIDES]);
void twins_free(struct twins *twins);
/* Which functions are the same, then which lines. */
void twins_functions(struct twins *twins);
void twins_lines(struct twins *twins);

/* The line of the new text that line `line` of an old file became, as far as texts tell; 0: it is gone. */
uint32_t twins_line(const struct twins *twins, uint32_t old_file, uint32_t line, bool *edited);
/* What a line says, as a number in both sides; 0: the texts are not known, or are the same. */
uint32_t twins_says(const struct twins *twins, unsigned side, uint32_t line);
/* Is the text of a file of this side known on both sides? */
bool twins_text(const struct twins *twins, unsigned side, uint32_t file);

#endif
