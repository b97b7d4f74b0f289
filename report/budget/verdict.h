/* SPDX-License-Identifier: MIT
 *
 * Whether logs keep to budgets; of each budget that is broken the lines that hold most.
 */
#ifndef BUDGET_VERDICT_H
#define BUDGET_VERDICT_H

#include "budget/budget.h"
#include "compare/show.h"
#include "fold/stacks.h"
#include "resolve/suppress.h"

#define HELD_LINES 3u

struct held {
    char *name;     /* as tables have it; foreign text */
    char *file;     /* path; NULL: not known */
    char *function; /* NULL: not known */
    uint32_t line;  /* 0: not known */
    int64_t value;
};

struct verdict {
    char *program; /* foreign text, as `at` and `log` */
    char *log;
    int32_t pid;  /* 0: of several logs */
    char *at;     /* NULL: the whole process */
    char *source; /* "memtrace.toml:3"; NULL: the command line */
    enum metric metric;
    const char *name; /* "peak", or "peak-growth" */
    int64_t value, limit;
    bool
        growth; /* it is about growth: `value` is the new one, `limit` the most that `old` may become */
    int64_t old;
    double percent; /* what it may grow by */
    bool broken;
    size_t budget;                /* its number among the budgets; of growth not set */
    bool absent;                  /* nothing in this log is called `at` */
    bool missing;                 /* nor in any other of the logs: verdicts_settle */
    struct held held[HELD_LINES]; /* of a broken one: the most first */
    size_t held_count;
};

struct verdicts {
    struct verdict *list;
    size_t count, cap, broken, missing;
    bool missing_allowed; /* what is missing is no error */
};

/* What is known of a budget when logs have been judged. */
enum {
    BUDGET_USED = 1,  /* it is for the program of one */
    BUDGET_FOUND = 2, /* what it is about is in one */
};

/* Judges a log by those of the budgets that are for its program; adds to used[i] of each that is. */
void verdicts_log(struct verdicts *verdicts, const struct stacks *stacks,
                  const struct budgets *budgets, const struct suppressions *suppressions,
                  unsigned char *used);
/* When all logs have been judged: which budgets are of what none of them has. */
void verdicts_settle(struct verdicts *verdicts, const unsigned char *used);
/* Judges what grew between two sides: by no more than `percent`, and what lies within their spread is no growth. */
void verdicts_growth(struct verdicts *verdicts, const struct changes_shown *changes,
                     double percent);
void verdicts_free(struct verdicts *verdicts);
/* "peak: 19.7 MiB, 9.74 MiB above the budget of 10.0 MiB", or "peak: 19.7 MiB, within the budget of 200 MiB", or
 * "peak under load: not in this log". To be freed; plain
 * text but for `at`. */
char *verdict_text(const struct verdict *verdict);

#endif
