/* SPDX-License-Identifier: MIT */
#include "advice/list.h"

#include <stdlib.h>

#include "base/base.h"

static const char *const names[ADVICES] = {[ADVICE_GROWTH] = "growth",
                                           [ADVICE_TEMPORARY] = "temporary",
                                           [ADVICE_REALLOC] = "realloc",
                                           [ADVICE_SMALL] = "small",
                                           [ADVICE_SLACK] = "slack",
                                           [ADVICE_RETAINED] = "retained",
                                           [ADVICE_RESERVATION] = "reservation"};

const char *advice_name(enum advice_kind kind)
{
    return names[kind];
}

void advices_add(struct advices *advices, enum advice_kind kind, int64_t bytes, uint32_t place,
                 char *what, char *act)
{
    advices->list =
        base_room(advices->list, &advices->cap, advices->count + 1, sizeof *advices->list);
    advices->list[advices->count++] = (struct advice){kind, bytes, place, what, act};
}

static int most_first(const void *a, const void *b)
{
    const struct advice *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return (x->kind > y->kind) - (x->kind < y->kind);
}

void advices_sort(struct advices *advices)
{
    if (advices->count)
        qsort(advices->list, advices->count, sizeof *advices->list, most_first);
}

void advices_free(struct advices *advices)
{
    for (size_t i = 0; i < advices->count; i++) {
        free(advices->list[i].what);
        free(advices->list[i].act);
    }
    free(advices->list);
    *advices = (struct advices){0};
}
