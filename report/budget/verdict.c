/* SPDX-License-Identifier: MIT */
#include "budget/verdict.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "budget/measure.h"
#include "show/metric.h"
#include "show/name.h"

static char *copy(const char *text)
{
    return text ? base_copy(text, strlen(text)) : NULL;
}

static struct verdict *add(struct verdicts *verdicts, const struct verdict *verdict)
{
    verdicts->list =
        base_room(verdicts->list, &verdicts->cap, verdicts->count + 1, sizeof *verdicts->list);
    verdicts->list[verdicts->count] = *verdict;
    verdicts->broken += verdict->broken;
    return &verdicts->list[verdicts->count++];
}

static struct held held_at(const struct frames *frames, uint32_t place, int64_t value)
{
    const struct place *p = &frames->places[place];
    const struct function *function = &frames->functions[p->function];
    return (struct held){.name = name_of_place(frames, place),
                         .file = copy(frames_file(frames, function)),
                         .function = copy(frames_name(frames, function)),
                         .line = p->line == PLACE_RETURNS ? 0 : p->line,
                         .value = value};
}

/* ---- whose budget it is ---- */

/* Names that a program goes by: its file's, what it was called by, and of a script the script's. */
struct called {
    char *names[3];
    size_t count;
};

static void called_add(struct called *called, const char *text, size_t bytes)
{
    char *whole = base_copy(text, bytes);
    called->names[called->count++] = copy(path_base(whole));
    free(whole);
}

static struct called called_of(const struct log *log)
{
    struct called called = {0};
    const struct log_text *argv = &log->argv;
    if (log->exe.bytes)
        called_add(&called, log->exe.text, log->exe.bytes);
    size_t first = argv->bytes ? strnlen(argv->text, argv->bytes) : 0;
    if (first)
        called_add(&called, argv->text, first);
    for (size_t at = first + 1; log->header.python && at < argv->bytes;) {
        size_t length = strnlen(argv->text + at, argv->bytes - at);
        if (length && argv->text[at] != '-') {
            called_add(&called, argv->text + at, length);
            break;
        }
        at += length + 1;
    }
    return called;
}

static void called_free(struct called *called)
{
    for (size_t i = 0; i < called->count; i++)
        free(called->names[i]);
}

static bool is_for(const struct budget *budget, const struct called *called)
{
    bool found = !budget->program;
    for (size_t i = 0; i < called->count && !found; i++)
        found = !fnmatch(budget->program, called->names[i], 0);
    return found;
}

static bool for_any(const struct budget *budget)
{
    return budget->program && !strcmp(budget->program, "*");
}

/* A budget for any program gives way to one for this program. */
static bool gives_way(const struct budgets *budgets, const struct budget *budget,
                      const struct called *called)
{
    bool found = false;
    for (size_t i = 0; for_any(budget) && i < budgets->count && !found; i++) {
        const struct budget *other = &budgets->list[i];
        bool same_at =
            budget->at && other->at ? !strcmp(budget->at, other->at) : budget->at == other->at;
        found = other->program && !for_any(other) && other->kind == budget->kind && same_at &&
                is_for(other, called);
    }
    return found;
}

/* ---- budgets ---- */

static void judge(struct verdicts *verdicts, const struct stacks *stacks,
                  const struct budgets *budgets, const struct budget *budget, const char *program,
                  const struct leaks *leaks, unsigned char *used)
{
    struct measured measured;
    measure(&measured, stacks, budget, leaks);
    bool absent = budget->at && !measured.matched;
    *used |= absent ? 0 : BUDGET_FOUND;
    struct verdict verdict = {.program = copy(program),
                              .log = copy(stacks->log.name),
                              .pid = stacks->log.header.pid,
                              .at = copy(budget->at),
                              .metric = budget_metric(budget->kind),
                              .name = budget_name(budget->kind),
                              .value = measured.value,
                              .limit = budget->limit,
                              .broken = measured.value > budget->limit,
                              .budget = (size_t)(budget - budgets->list),
                              .absent = absent};
    if (budget->line && asprintf(&verdict.source, "%s:%" PRIu32, budgets->file, budget->line) < 0)
        verdict.source = NULL;
    for (size_t i = 0; verdict.broken && i < measured.count && i < HELD_LINES; i++)
        verdict.held[verdict.held_count++] =
            held_at(&stacks->frames, measured.lines[i].place, measured.lines[i].value);
    add(verdicts, &verdict);
    measured_free(&measured);
}

void verdicts_log(struct verdicts *verdicts, const struct stacks *stacks,
                  const struct budgets *budgets, const struct suppressions *suppressions,
                  unsigned char *used)
{
    struct called called = called_of(&stacks->log);
    struct leaking leaking = {.metric = METRICS, .suppressions = suppressions};
    struct leaks leaks;
    leaks_make(&leaks, stacks, &leaking);
    for (size_t i = 0; i < budgets->count; i++) {
        const struct budget *budget = &budgets->list[i];
        if (!is_for(budget, &called))
            continue;
        used[i] |= BUDGET_USED;
        if (!gives_way(budgets, budget, &called))
            judge(verdicts, stacks, budgets, budget,
                  called.count ? called.names[called.count - 1] : "(unknown program)", &leaks,
                  &used[i]);
    }
    leaks_free(&leaks);
    called_free(&called);
}

void verdicts_settle(struct verdicts *verdicts, const unsigned char *used)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        struct verdict *verdict = &verdicts->list[i];
        verdict->missing = verdict->absent && !(used[verdict->budget] & BUDGET_FOUND);
        verdicts->missing += verdict->missing;
    }
}

/* ---- growth ---- */

void verdicts_growth(struct verdicts *verdicts, const struct changes_shown *shown, double percent)
{
    const struct changes *changes = shown->changes;
    const struct change *total = &changes->total;
    const struct side *new = &shown->sides[SIDE_NEW];
    int64_t old = total->of[SIDE_OLD].mean;
    double most = (double)old * (1 + percent / 100);
    struct verdict verdict = {.program = copy(new->called ? new->called : "(unknown program)"),
                              .log = copy(shown->said[SIDE_NEW]),
                              .metric = shown->comparing->metric,
                              .value = total->of[SIDE_NEW].mean,
                              .old = old,
                              .limit = most < 9.2e18 ? (int64_t)most : INT64_MAX,
                              .growth = true,
                              .percent = percent};
    static const char *const names[METRICS] = {[METRIC_PEAK] = "peak-growth",
                                               [METRIC_LIVE] = "live-growth",
                                               [METRIC_LEAKED] = "leaked-growth",
                                               [METRIC_ALLOCATED] = "allocated-growth",
                                               [METRIC_ALLOCATIONS] = "allocations-growth"};
    verdict.name = names[verdict.metric];
    verdict.broken = total->beyond && verdict.value > verdict.limit;
    for (size_t i = 0; verdict.broken && i < changes->beyond && verdict.held_count < HELD_LINES;
         i++) {
        const struct change *change = &changes->list[i];
        uint32_t key = change->key[SIDE_NEW];
        if (change->change > 0 && key != CHANGE_NONE && side_names(key))
            verdict.held[verdict.held_count++] =
                held_at(&new->names.stacks.frames, key, change->change);
    }
    add(verdicts, &verdict);
}

/* ---- all ---- */

void verdicts_free(struct verdicts *verdicts)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        struct verdict *verdict = &verdicts->list[i];
        for (size_t h = 0; h < verdict->held_count; h++) {
            free(verdict->held[h].name);
            free(verdict->held[h].file);
            free(verdict->held[h].function);
        }
        free(verdict->program);
        free(verdict->log);
        free(verdict->at);
        free(verdict->source);
    }
    free(verdicts->list);
    *verdicts = (struct verdicts){0};
}

char *verdict_text(const struct verdict *verdict)
{
    char value[TEXT_SIZE_BYTES], limit[TEXT_SIZE_BYTES], over[TEXT_SIZE_BYTES], *text = NULL;
    const char *title = metric_name(verdict->metric), *at = verdict->at ? verdict->at : "";
    const char *under = verdict->at ? " under " : "";
    metric_text(value, verdict->metric, verdict->value);
    metric_text(over, verdict->metric, verdict->value - verdict->limit);
    int length;
    if (verdict->growth)
        length = asprintf(&text, "%s: %s, %s %s, which may grow by %g %%", title, value,
                          verdict->broken ? "grown from" : "before",
                          metric_text(limit, verdict->metric, verdict->old), verdict->percent);
    else if (verdict->missing)
        length = asprintf(&text, "%s under %s: not in this log", title, at);
    else
        length = asprintf(&text, "%s%s%s: %s, %s%s the budget of %s", title, under, at, value,
                          verdict->broken ? over : "within", verdict->broken ? " above" : "",
                          metric_text(limit, verdict->metric, verdict->limit));
    return length < 0 ? base_copy("", 0) : text;
}
