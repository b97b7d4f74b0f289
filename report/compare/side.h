/* SPDX-License-Identifier: MIT
 *
 * One side of a comparison: the runs of a program, each a log or all the logs of a family, as figures by name. Of a log nothing but
 * that is kept, so a side grows with the number of different names, not with that of the logs.
 */
#ifndef COMPARE_SIDE_H
#define COMPARE_SIDE_H

#include "fold/joined.h"
#include "fold/query.h"

/* What is compared. */
struct comparing {
    enum grouping by; /* BY_LINE, BY_FUNCTION, BY_MODULE or BY_SITE */
    /* Of a metric that adds up: own figures, so that rows, SIDE_REST and SIDE_UNKNOWN add up to the total. Else with all that a row calls. */
    enum metric metric;
    struct filter filter;
    const char *under; /* as of stacks_open_under; NULL: all */
    bool all;          /* libraries' code has rows, too */
};

/* What no code of the user's own did. Not for BY_MODULE and BY_SITE. */
#define SIDE_REST (UINT32_MAX - 1)
/* What no call site is known of, for want of space in the log. */
#define SIDE_UNKNOWN (UINT32_MAX - 2)
/* Is the key in names, or a site? */
static inline bool side_names(uint32_t key)
{
    return key < SIDE_UNKNOWN;
}

/* A figure of one run. */
struct fact {
    uint32_t run; /* from 0 */
    uint32_t key; /* in names: a place, function or module; or a site; or SIDE_REST, SIDE_UNKNOWN */
    uint8_t class; /* BY_SITE */
    int64_t value;
};

/* The source of a file as it was at the run. */
struct side_text {
    char *text; /* NULL: not known */
    size_t bytes;
};

/* The frames of call sites, each below its caller; 0 is none. */
struct site {
    uint32_t parent, place;
};

struct side {
    const struct comparing *comparing;
    struct joined names; /* functions, places, modules of all logs; ready after side_end */
    struct fact *facts;
    size_t fact_count, fact_cap;
    int64_t *totals; /* by run; of a metric that doesn't add up the highest row's figure */
    size_t run_count, totals_cap;
    struct side_text
        *texts; /* by file in names.stacks.frames.strings: for those less than text_count */
    size_t text_count, texts_cap;
    struct site *sites;
    size_t site_count, sites_cap;
    struct map site_index;
    char *program; /* path of the first log's program; NULL: not known */
    char *called;  /* log_called of it; NULL: not known */
    char **notes;  /* what the figures of a log lack, each once */
    size_t note_count, notes_cap;
    int status; /* the highest of stacks_status */
    /* Called with each log that was added, which is closed then; NULL: nobody asks. */
    void (*added)(struct side *side, const struct stacks *stacks, void *context);
    void *context; /* the caller's */
};

/* An empty side. `comparing` stays the caller's, and must outlive it. */
void side_begin(struct side *side, const struct comparing *comparing);
/* A new run, to which logs are added from now on. */
void side_run(struct side *side);
/* Adds a log to the present run. False after a message: it can't be read, or has not what was asked for. */
bool side_log(struct side *side, const char *file, struct periods periods);
void side_end(struct side *side);
void side_free(struct side *side);

#endif
