/* SPDX-License-Identifier: MIT
 *
 * The tables of a page: lines with their figures, and the source of what is worth reading.
 */
#ifndef PAGE_TABLES_H
#define PAGE_TABLES_H

#include "page/columns.h"
#include "page/naming.h"
#include "show/view.h"

/* Which lines have a row. */
struct line_list {
    uint32_t *places; /* the highest at the peak first, then by what they allocated */
    size_t count;
    size_t left_out; /* lines beyond LINES_MOST */
    struct rows
        own; /* by place: what each did itself or by way of code of a worse rank than `rank` */
    enum rank rank;
};
#define LINES_MOST 40000u
/* `own` is as it was: found_make fills it in, with other rows. */
void line_list_make(struct line_list *lines, const struct view *view);
void line_list_free(struct line_list *lines);

/* The columns line.*: line.frame; the figures of the metrics, inclusive; own.*. */
void lines_columns(const struct line_list *lines, const struct view *view,
                   const struct naming *names, struct columns *columns);

/* How much source a page carries. */
enum page_source { SOURCE_NONE, SOURCE_LINES, SOURCE_FUNCTIONS };
#define SOURCE_AROUND 6u       /* SOURCE_LINES: lines before and behind one with figures */
#define SOURCE_MOST   2000000u /* bytes of all of it, at most */

struct source_told {
    size_t functions, left_out; /* with their source; for want of room */
};
/* The columns source.function, source.line (less that before it) and source.text, function by function: those with own code that
 * have the highest figures come first, up to `most` bytes. Reads the files. */
struct source_told source_columns(struct view *view, const struct line_list *lines,
                                  const struct naming *names, enum page_source what, size_t most,
                                  struct columns *columns);

/* What is asked of a page. */
struct page_options {
    enum metric metric; /* of page_figures: shown first */
    enum page_source source;
    bool redact;
    double least;  /* share of the whole below which a node is folded, from 0 to 1 */
    size_t budget; /* bytes that all packed data should take in the file */
};

#endif
