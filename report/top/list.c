/* SPDX-License-Identifier: MIT */
#include "top/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

bool list_has(const char *name, const char *text)
{
    return *text && strcasestr(name, text);
}

static struct top_shown *put(struct top_list *list, const struct top_reading *reading,
                             const struct top_history *history, const struct top_item *item)
{
    list->shown = base_room(list->shown, &list->cap, list->count + 1, sizeof *list->shown);
    struct top_shown *shown = &list->shown[list->count++];
    *shown = (struct top_shown){.item = item, .name = top_name(reading, item)};
    shown->changed = history_change(history, item, &shown->change);
    shown->rated = history_rate(history, item, &shown->rate);
    return shown;
}

/* ---- The tree ---- */

static bool is_open(const struct top_order *order, uint64_t id)
{
    uint32_t *open = map_at(order->open, id);
    return *open == 1;
}

/* Where the way to an entry is the only one, there is nothing to choose: it is opened together with its parent. */
static bool opens(const struct top_reading *reading, const struct top_order *order, uint32_t entry,
                  uint64_t id)
{
    const struct children *children = &reading->children;
    uint32_t parent = reading->rows.tree.parent[entry];
    bool only = children->first[parent] == entry && !children->next[entry];
    return is_open(order, id) != only;
}

static void put_tree(struct top_list *list, const struct top_reading *reading,
                     const struct top_history *history, const struct top_order *order)
{
    const struct children *children = &reading->children;
    const uint32_t *parent = reading->rows.tree.parent;
    const struct top_item **item_of = base_alloc(reading->rows.tree.count, sizeof(void *));
    for (size_t i = 0; i < reading->count; i++)
        if (reading->items[i].row < reading->rows.tree.count)
            item_of[reading->items[i].row] = &reading->items[i];
    unsigned depth = 0;
    for (uint32_t at = children->first[0]; at;) {
        struct top_shown *shown = put(list, reading, history, item_of[at]);
        shown->depth = depth;
        shown->parent = children->first[at] != 0;
        shown->open = shown->parent && opens(reading, order, at, shown->item->id);
        uint32_t next = shown->open ? children->first[at] : 0;
        if (next)
            depth++;
        for (next = next ? next : children->next[at]; !next && parent[at]; depth--) {
            at = parent[at];
            next = children->next[at];
        }
        at = next;
    }
    free(item_of);
    list->all = list->count;
}

/* ---- Lists ---- */

static int compare(const struct top_shown *x, const struct top_shown *y, enum top_column column)
{
    switch (column) {
    case COLUMN_CHANGE:
        return x->change > y->change ? -1 : x->change < y->change;
    case COLUMN_RATE:
        return x->rate > y->rate ? -1 : x->rate < y->rate;
    case COLUMN_NAME:
        return strcmp(x->name, y->name);
    default:
        return 0; /* as they are: by the figure */
    }
}

static int shown_order(const void *a, const void *b, void *context)
{
    const struct top_shown *x = a, *y = b;
    const struct top_order *order = context;
    bool rest = !top_listed(x->item), other = !top_listed(y->item);
    if (rest != other)
        return rest ? 1 : -1; /* no row of its own: always the last */
    int by = compare(x, y, order->column);
    if (!by)
        by = x->item < y->item ? -1 : x->item > y->item;
    return order->reverse ? -by : by;
}

void list_make(struct top_list *list, const struct top_reading *reading,
               const struct top_history *history, const struct top_order *order)
{
    *list = (struct top_list){0};
    if (reading->ask.view == TOP_TREE) {
        put_tree(list, reading, history, order);
        return;
    }
    for (size_t i = 0; i < reading->count; i++) {
        struct top_shown *shown = put(list, reading, history, &reading->items[i]);
        if (*order->filter && !list_has(shown->name, order->filter)) {
            free(shown->name);
            list->count--;
        }
    }
    list->all = reading->count;
    if (list->count > 1)
        qsort_r(list->shown, list->count, sizeof *list->shown, shown_order, (void *)order);
}

void list_free(struct top_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->shown[i].name);
    free(list->shown);
    *list = (struct top_list){0};
}

size_t list_find(const struct top_list *list, uint64_t id, size_t otherwise)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->shown[i].item->id == id)
            return i;
    return list->count && otherwise >= list->count ? list->count - 1 : otherwise;
}
