/* SPDX-License-Identifier: MIT
 *
 * One HTML file that shows a log, or a family of logs, offline: SCHEMA.md has what is packed in it, html/ the viewer.
 */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include <stdio.h>

#include "fold/family.h"
#include "page/both.h"
#include "page/tables.h"
#include "show/view.h"

/* The viewer, made when memtrace is built (html/build.mjs); without npm there is none (page/no_viewer.c). */
struct viewer {
    const char *head, *body,
        *script; /* up to the title; behind it; behind the data. NULL: no viewer */
};
extern const struct viewer page_viewer;

/* A page's file begins with this. */
#define PAGE_MARK "<!DOCTYPE html>\n<!-- memtrace page "

/* The page's beginning; `title` is any text. */
void page_begin(FILE *out, const char *title);
/* The data of the log `index`, packed into at most `budget` bytes as far as folding the tree can do it. */
void page_log(FILE *out, struct view *view, size_t index, const struct page_options *options,
              size_t budget);
/* The data of a comparison, after both_end, likewise: the page's log 0. */
void page_both(FILE *out, struct both *both, const struct page_options *options);
/* The processes; which[i]: the number that log i has on this page, or SIZE_MAX. */
void page_family(FILE *out, const struct family *family, const size_t *which, bool redact);
/* What is shown where scripts don't run: totals and the 50 first lines of this log, then the end of the page. */
void page_end(FILE *out, struct view *view, const struct page_options *options);

/* The same of a comparison. */
void page_both_end(FILE *out, const struct both *both, const struct page_options *options);

/* Foreign text in HTML: nothing in it is markup, control characters, direction marks and what takes no room are shown as escapes,
 * broken UTF-8 as U+FFFD. At most COLUMN_TEXT_MOST bytes of it. */
void page_text(FILE *out, const char *text);

#endif
