/* SPDX-License-Identifier: MIT
 *
 * All about one row: its figures, its source, and the stacks that it took most by.
 */
#ifndef TOP_DETAIL_H
#define TOP_DETAIL_H

#include "top/reading.h"

/* Lines of foreign text, without control characters but for what the program's names and source have. */
struct top_text {
    char **lines;
    size_t count, cap;
    size_t marked; /* the line of source that the row is; SIZE_MAX: none */
    char *file;    /* its file, for an editor; NULL: not known, or not here */
    uint32_t line;
};

/* Linear in the number of nodes. text_free afterwards. */
void detail_make(struct top_text *text, struct top_reading *reading, const struct top_item *item);
void top_text_add(struct top_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void top_text_free(struct top_text *text);

#endif
