/* SPDX-License-Identifier: MIT
 *
 * All processes of a family as one view, for a page: their stacks joined, their curve together, the notes of each.
 */
#ifndef PAGE_TOGETHER_H
#define PAGE_TOGETHER_H

#include "fold/course.h"
#include "fold/family.h"
#include "fold/joined.h"
#include "show/view.h"

struct together_text {
    char *text;
    size_t bytes;
};

/* Begins zeroed. */
struct page_together {
    struct joined joined;
    struct course course;
    struct sources sources;
    struct log_header header; /* sums */
    struct together_text *notes;
    size_t note_count, note_cap;
    struct together_text exe, argv, folder; /* of the first process */
    bool redact;
};

/* Adds a process, which may be closed then. */
void page_together_add(struct page_together *together, const struct stacks *stacks);
/* All of them as a view, whose parts are the view's from now on; `name` stands for the log. There are no rises and no executions, and
 * the peak is the sum of the processes' peaks. False: nothing was added. view_close in any case, and page_together_free after that. */
bool page_together_view(struct page_together *together, const char *name,
                        const struct filter *filter, struct view *view);
/* Threads of one name become one, whichever process they are of: a page divides by thread first. */
void page_threads_by_name(struct model *model);
void page_together_free(struct page_together *together);

#endif
