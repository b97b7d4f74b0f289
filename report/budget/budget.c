/* SPDX-License-Identifier: MIT */
#include "budget/budget.h"

#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/base.h"

static const struct {
    const char *name;
    enum metric metric;
} kinds[BUDGETS] = {[BUDGET_PEAK] = {"peak", METRIC_PEAK},
                    [BUDGET_LIVE] = {"live", METRIC_LIVE},
                    [BUDGET_LEAKED] = {"leaked", METRIC_LEAKED},
                    [BUDGET_ALLOCATED] = {"allocated", METRIC_ALLOCATED},
                    [BUDGET_ALLOCATIONS] = {"allocations", METRIC_ALLOCATIONS}};

const char *budget_name(enum budget_kind kind)
{
    return kinds[kind].name;
}

enum budget_kind budget_named(const char *name)
{
    unsigned kind = 0;
    while (kind < BUDGETS && strcmp(kinds[kind].name, name) != 0)
        kind++;
    return (enum budget_kind)kind;
}

enum metric budget_metric(enum budget_kind kind)
{
    return kinds[kind].metric;
}

bool budget_limit(enum budget_kind kind, const char *text, int64_t *limit)
{
    return metric_bytes(kinds[kind].metric) ? amount_size(text, limit) : amount_count(text, limit);
}

static const char *copied(struct budgets *budgets, const char *text)
{
    return text ? strings_get(&budgets->texts, strings_add(&budgets->texts, text, strlen(text)))
                : NULL;
}

void budgets_add(struct budgets *budgets, const struct budget *budget)
{
    budgets->list =
        base_room(budgets->list, &budgets->cap, budgets->count + 1, sizeof *budgets->list);
    struct budget *one = &budgets->list[budgets->count++];
    *one = *budget;
    one->program = copied(budgets, budget->program);
    one->at = copied(budgets, budget->at);
}

void budgets_free(struct budgets *budgets)
{
    free(budgets->list);
    strings_free(&budgets->texts);
    *budgets = (struct budgets){0};
}
