/* SPDX-License-Identifier: MIT
 *
 * What a view asks of the stacks: rows by what, with which figures, of which stacks.
 */
#ifndef FOLD_QUERY_H
#define FOLD_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "read/log.h"
#include "read/sums.h"
#include "resolve/rank.h"

/* What a row stands for, and what its key is. To add one: here, its name in query.c, its key in keys.c. */
enum grouping {
    BY_LINE,     /* a place: index in frames->places */
    BY_FUNCTION, /* index in frames->functions */
    BY_FILE,     /* a source file: in frames->strings; 0: not known */
    BY_MODULE,   /* index in log->modules; 0: none, as Python's frames are */
    BY_THREAD,   /* a slot: index in model->threads */
    BY_CLASS,    /* enum log_class; those that count for the query */
    BY_SITE,     /* a call site: one stack and class; entry in the rows' tree */
    BY_TREE,     /* a stack or an outer part of one; entry in the rows' tree */
    GROUPINGS
};

/* A figure of a row. To add one: here, its line in query.c, its value in rows.c. */
enum metric {
    METRIC_PEAK,      /* held at the process's peak */
    METRIC_LIVE,      /* not released by anyone when the program finished, or so far */
    METRIC_LEAKED,    /* not released by anyone after all destructors, or so far */
    METRIC_ALLOCATED, /* by events under the row's key */
    METRIC_RISE, /* highest above where it began: rises.h. Takes as long as all others together */
    METRIC_ALLOCATIONS, /* number of them */
    METRIC_RELEASED,    /* by events under the row's key, whoever allocated it */
    METRIC_RELEASES,    /* number of them */
    METRIC_INCREMENT,   /* allocated less released */
    METRIC_TEMPORARY, /* number of blocks that the thread which allocated them gave back at once */
    METRIC_SLACK, /* what the blocks that were live at the finish could hold beyond what was asked for */
    METRIC_RESIDENT,   /* growth of the resident set */
    METRIC_DISCARDED,  /* given back to the system, and still mapped */
    METRIC_USAGE,      /* level of the process after the latest event */
    METRIC_EXECUTIONS, /* of a line, or calls of a function, where they were counted: exact.h */
    METRICS
};

/* Which stacks. NULL, or 0: any. Globs are fnmatch's; a file or module matches by its whole path or its last component. Function,
 * file and module must match at one frame. Rows inside of that frame count in full, rows outside of it count what came through it.
 * Rises are of the level, whatever the classes, and known only from that frame inward. Executions are not counted with a glob.
 * Periods are chosen when the stacks are opened. */
struct filter {
    const char *thread, *function, *file, *module;
    unsigned classes; /* bits 1u << class; 0: those that make up the level */
};

struct query {
    enum grouping by;
    /* Bits 1u << metric. Only METRIC_RISE and METRIC_EXECUTIONS matter: they cost time, and are 0 in the rows when not wanted. */
    unsigned metrics;
    /* False: inclusive. A stack counts once for each key on it. True: it counts for one key, that of its innermost frame of rank
     * `rank` or a better one (own_ranks); what has no such frame is in rows->rest, what has no stack in rows->unknown. BY_SITE is always own, and has rows for all
     * classes unless the filter names some. BY_THREAD and BY_CLASS are the same both ways. */
    bool own;
    enum rank rank;
    struct filter filter;
};

/* By its name on the command line; GROUPINGS or METRICS: there is no such. */
enum grouping grouping_named(const char *name);
enum metric metric_named(const char *name);
const char *grouping_name(enum grouping grouping);
const char *metric_name(enum metric metric);
/* Is it a number of bytes? Else of events. */
bool metric_bytes(enum metric metric);
/* Do the figures of parts add up to that of the whole? Rises and levels don't: those of several are bounds. */
bool metric_adds(enum metric metric);

/* Does a leaf of this class count for the query? Resident and discarded are of no class, and count for each query. */
static inline bool query_counts(const struct query *query, unsigned class)
{
    unsigned classes = query->filter.classes;
    return classes ? classes >> class & 1u : class_counts(class);
}
/* Add what of a leaf counts: all of it, or, where its class does not, what is of no class. */
void query_add(const struct query *query, struct sums *to, unsigned class, const struct sums *sums);
static inline bool query_wants(const struct query *query, enum metric metric)
{
    return query->metrics >> metric & 1u;
}

struct stacks;
/* Whether the log tells of this metric; else says that it doesn't, and why, and the status is STATUS_NO. METRICS: of all that are
 * shown anyway. */
bool stacks_know(struct stacks *stacks, enum metric metric);

#endif
