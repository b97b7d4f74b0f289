/* SPDX-License-Identifier: MIT
 *
 * Budgets: the most that a program, or what happens under one of its functions or lines, may take.
 */
#ifndef BUDGET_BUDGET_H
#define BUDGET_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "fold/query.h"

enum budget_kind {
    BUDGET_PEAK, /* bytes: the process's highest level; at a line or function: what of it was held then */
    BUDGET_LIVE,        /* bytes live when the program finished */
    BUDGET_LEAKED,      /* bytes that `memtrace leaks` lists */
    BUDGET_ALLOCATED,   /* bytes */
    BUDGET_ALLOCATIONS, /* a number of events */
    BUDGETS
};
/* "peak", ...: "max-" in front of it is its option and its key in files. */
const char *budget_name(enum budget_kind kind);
/* BUDGETS: there is no such. */
enum budget_kind budget_named(const char *name);
/* The metric that lines are ranked by. */
enum metric budget_metric(enum budget_kind kind);
/* A limit as text: a size, or a number. False: it is none. */
bool budget_limit(enum budget_kind kind, const char *text, int64_t *limit);

struct budget {
    enum budget_kind kind;
    int64_t limit;
    const char *program; /* glob of the program's name; NULL: any */
    const char *at;      /* FUNCTION, FILE, FILE:FUNCTION or FILE:LINE; NULL: the whole process */
    uint32_t line;       /* of its file; 0: from the command line */
};

struct budgets {
    struct budget *list;
    size_t count, cap;
    struct strings texts;
    const char *file; /* the caller's; NULL: all are from the command line */
};

/* `program` and `at` are copied. */
void budgets_add(struct budgets *budgets, const struct budget *budget);
/* Adds those of a file (report/man/memtrace-check.1 describes it). False after a message with file, line and reason. */
bool budgets_read(struct budgets *budgets, const char *file);
void budgets_free(struct budgets *budgets);

#endif
