/* SPDX-License-Identifier: MIT
 *
 * Files of budgets:
 *
 *     [program.server]             # the program's name, or a glob
 *     max-peak = "200M"
 *     max-leaked = 0
 *
 *     [program.server.at."cache.c:grow"]
 *     max-peak = "64 MiB"
 */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/base.h"
#include "base/nearest.h"
#include "base/text.h"
#include "base/toml.h"
#include "budget/budget.h"

#define IN_PROGRAM 3u /* depth of program.NAME.max-... */
#define IN_AT      5u /* depth of program.NAME.at.PLACE.max-... */

struct reading {
    struct budgets *budgets;
    const char *path;
    size_t before; /* number of budgets that are not of this file */
};

static bool wrong(const struct reading *reading, const struct toml_value *value, const char *what,
                  const char *key)
{
    base_say("%s:%u: %s '%s'", reading->path, (unsigned)value->line, what, key);
    return false;
}

static bool unknown_key(const struct reading *reading, const struct toml_value *value, bool at)
{
    const char *words[BUDGETS + 1] = {"max-peak",      "max-live",        "max-leaked",
                                      "max-allocated", "max-allocations", "at"};
    const char *key = value->keys[value->depth - 1], *near = nearest(key, words, BUDGETS + !at);
    base_say("%s:%u: there is no key '%s' here%s%s%s", reading->path, (unsigned)value->line, key,
             near ? "; did you mean '"
                  : ", but max-peak, max-live, max-leaked, max-allocated and max-allocations",
             near ? near : "", near ? "'?" : "");
    return false;
}

/* A number of bytes or events, or a size as text. */
static bool limit_of(const struct toml_value *value, enum budget_kind kind, int64_t *limit)
{
    switch (value->kind) {
    case TOML_TEXT:
        return budget_limit(kind, value->text, limit);
    case TOML_INTEGER:
        *limit = value->integer;
        return value->integer >= 0;
    case TOML_FLOAT: /* 1e6 */
        *limit = value->number >= 0 && value->number < 9.2e18 ? (int64_t)value->number : -1;
        return *limit >= 0 && (double)*limit == value->number;
    default:
        return false;
    }
}

static bool take_limit(struct reading *reading, const struct toml_value *value)
{
    const char *key = value->keys[value->depth - 1];
    struct budget budget = {.program = value->keys[1],
                            .at = value->depth == IN_AT ? value->keys[3] : NULL,
                            .line = value->line};
    budget.kind = text_starts(key, "max-") ? budget_named(key + 4) : BUDGETS;
    if (budget.kind == BUDGETS)
        return unknown_key(reading, value, budget.at != NULL);
    if (!limit_of(value, budget.kind, &budget.limit)) {
        base_say("%s:%u: %s takes %s", reading->path, (unsigned)value->line, key,
                 metric_bytes(budget_metric(budget.kind))
                     ? "a number of bytes, or a size in quotes, such as \"200M\""
                     : AMOUNT_COUNT);
        return false;
    }
    budgets_add(reading->budgets, &budget);
    return true;
}

static bool take(void *context, const struct toml_value *value)
{
    struct reading *reading = context;
    size_t depth = value->depth;
    const char *key = value->keys[depth - 1];
    bool is_table = value->kind == TOML_TABLE, is_at = depth >= 3 && !strcmp(value->keys[2], "at");
    if (strcmp(value->keys[0], "program") != 0)
        return wrong(reading, value, "there are tables [program.NAME] here, but no", key);
    if (depth < IN_PROGRAM || (is_at && depth < IN_AT))
        return is_table ||
               wrong(reading, value, "a table is needed, such as [program.NAME], not a value, for",
                     key);
    if (is_table || depth > IN_AT || (depth > IN_PROGRAM && !is_at))
        return wrong(reading, value, "there is no table", key);
    return take_limit(reading, value);
}

bool budgets_read(struct budgets *budgets, const char *file)
{
    struct reading reading = {.budgets = budgets, .path = file, .before = budgets->count};
    budgets->file = file;
    if (!toml_read(file, take, &reading))
        return false;
    if (budgets->count == reading.before)
        base_say("%s: no budget is in this file", file);
    return budgets->count > reading.before;
}
