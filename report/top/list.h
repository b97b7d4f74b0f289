/* SPDX-License-Identifier: MIT
 *
 * Which rows of a reading stand on the screen, and in which order.
 */
#ifndef TOP_LIST_H
#define TOP_LIST_H

#include "base/map.h"
#include "top/history.h"

enum top_column {
    COLUMN_FIGURE,
    COLUMN_CHANGE,
    COLUMN_SHARE,
    COLUMN_RATE,
    COLUMN_NAME,
    COLUMNS_ALL
};

struct top_shown {
    const struct top_item *item;
    char *name;     /* foreign text */
    int64_t change; /* of the figure */
    double rate;    /* allocations a second */
    bool changed, rated;
    unsigned depth;    /* in the tree */
    bool parent, open; /* in the tree: it has children; they are shown */
};

struct top_order {
    enum top_column column;
    bool reverse;
    const char *filter; /* only rows whose name has this; "": all */
    struct map *open;   /* the tree: ids whose children are shown, and to which value 1 was given */
};

struct top_list {
    struct top_shown *shown;
    size_t count, cap;
    size_t all; /* rows without the filter */
};

/* `reading` and `history` must outlive it. list_free afterwards. */
void list_make(struct top_list *list, const struct top_reading *reading,
               const struct top_history *history, const struct top_order *order);
void list_free(struct top_list *list);
/* The row of this id; `otherwise` where it is gone. */
size_t list_find(const struct top_list *list, uint64_t id, size_t otherwise);
/* Whether a name has the text in it, in whatever case. "": no. */
bool list_has(const char *name, const char *text);

#endif
