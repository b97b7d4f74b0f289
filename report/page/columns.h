/* SPDX-License-Identifier: MIT
 *
 * Columns: lists of numbers or texts, each with a name, one behind the other in a page's body. The directory of them is in the page's facts.
 */
#ifndef PAGE_COLUMNS_H
#define PAGE_COLUMNS_H

#include "page/bytes.h"
#include "show/json.h"

#define COLUMNS_MOST     128u
#define COLUMN_TEXT_MOST 4096u /* bytes of one text; a longer one is cut, and ends in "..." */

struct column {
    const char *name; /* the caller's; it lasts as long as the columns */
    size_t at, bytes, count;
};
struct columns {
    struct bytes body;
    struct column list[COLUMNS_MOST];
    unsigned count;
};

/* A column begins, and the one before it ends. */
void columns_begin(struct columns *columns, const char *name);
/* The next value of the column that was begun last; one of the three kinds in a column. */
void columns_number(struct columns *columns, uint64_t value);
void columns_signed(struct columns *columns, int64_t value);
void columns_text(struct columns *columns, const char *text,
                  size_t bytes); /* a NUL in it becomes U+FFFD */
/* The member "columns": each one's place in the body, its bytes and its count. */
void columns_json(const struct columns *columns, struct json *json);
void columns_free(struct columns *columns);

#endif
