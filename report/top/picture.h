/* SPDX-License-Identifier: MIT
 *
 * What stands on the live screen, as lines of text: for a terminal, or to be printed.
 */
#ifndef TOP_PICTURE_H
#define TOP_PICTURE_H

#include "top/detail.h"
#include "top/list.h"

enum top_style {
    TOP_PLAIN,
    TOP_TITLE,
    TOP_HEAD,
    TOP_CURVE,
    TOP_SELECTED,
    TOP_FAINT,
    TOP_MATCH,
    TOP_STYLES
};

/* Everything that decides what is seen. */
struct top_look {
    const struct top_reading *reading;
    const struct top_history *history;
    const struct top_list *list;
    const struct top_order *order;
    size_t selected, first;      /* row; the first one on the screen */
    const char *search;          /* rows whose name has this stand out */
    const struct top_text *text; /* in place of the rows; NULL: the rows */
    size_t text_first;
    const char *prompt,
        *message; /* in the last line: what is being typed; what there is to say. NULL: the keys */
    bool uncut;   /* names in rows are whole, however wide the picture is */
    bool frozen, gone; /* the log is not read at present; it can't be any more */
};

struct top_picture {
    char **lines; /* in the terminal's character set, without control characters */
    enum top_style *styles;
    size_t count;
};

/* Rows (or lines of text) that there is room for. At least 1. */
size_t picture_room(const struct top_look *look, size_t height);
/* The row on this line of the picture; SIZE_MAX: none. */
size_t picture_row(const struct top_look *look, size_t height, size_t line);
/* `height` lines of at most `width` columns. picture_free afterwards. */
void picture_make(struct top_picture *picture, const struct top_look *look, size_t width,
                  size_t height);
void picture_free(struct top_picture *picture);

#endif
