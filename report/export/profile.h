/* SPDX-License-Identifier: MIT
 *
 * What other programs' formats are made of: a tree of stacks with names, apart from the logs that it came from.
 *
 *     struct profile profile;
 *     profile_begin(&profile, PROFILE_PLACES);
 *     profile_add(&profile, &stacks, &filter);       of each log; it may be closed then
 *     profile_end(&profile);
 *     for (uint32_t node = 1; node < profile.node_count; node++)
 *         ... profile.nodes[node].own, and the way outward by .parent
 *     profile_free(&profile);
 *
 * All texts are valid UTF-8 without control characters. Sizes in bytes, times in ns.
 */
#ifndef EXPORT_PROFILE_H
#define EXPORT_PROFILE_H

#include "base/links.h"
#include "fold/query.h"
#include "fold/stacks.h"

/* The figures that formats take. All of them add up, but for FIGURE_TOP, of which sums are upper bounds. */
enum figure {
    FIGURE_PEAK,        /* bytes: live at the process's peak */
    FIGURE_PEAK_BLOCKS, /* number of them; without profile.held 0 */
    FIGURE_LIVE,        /* bytes: when the program finished, or now */
    FIGURE_LEAKED,      /* bytes: after all destructors, or now */
    FIGURE_ALLOCATED,   /* bytes */
    FIGURE_ALLOCATIONS, /* number */
    FIGURE_RELEASED,    /* bytes, by events here, whoever allocated it */
    FIGURE_FREES,       /* number, of what was allocated here */
    FIGURE_TOP,         /* bytes: the most that was ever live here */
    FIGURES
};
/* Those of a damaged log may be anything: sums wrap around. */
static inline int64_t figure_plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}
static inline int64_t figure_minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}
/* The figure of a metric that page_figures (page/pruned.h) has; of others FIGURE_PEAK. */
enum figure figure_of(enum metric metric);

struct profile_module {
    uint32_t path;     /* in texts */
    uint32_t build_id; /* in texts, lower-case hex; 0: it has none */
    uint64_t base, start, end;
    bool named, lined, inlined; /* some of its locations have names, lines, several lines */
};

struct profile_function {
    uint32_t name;   /* in texts; never 0 */
    uint32_t file;   /* in texts; 0: not known */
    uint32_t module; /* in modules; 0: none, as Python's have */
    uint32_t first_line;
    bool known; /* its name or its file is; else the name is made of its address */
};

/* One line of a location: several where calls were inlined. */
struct profile_line {
    uint32_t function, line; /* line 0: not known, or a Python function's return */
};

enum location_kind {
    LOCATION_CODE,
    LOCATION_PROCESS, /* root of what a process did */
    LOCATION_PERIOD,  /* root of a period of it */
    LOCATION_THREAD,  /* root of a thread */
    LOCATION_UNKNOWN, /* stands for a stack that is not known */
    LOCATION_BELOW    /* stands for stacks that were folded */
};

/* What a node of the tree is. Each location has at least one line, which names it. */
struct profile_location {
    enum location_kind kind;
    uint32_t module; /* in modules; 0: none */
    uint64_t
        address; /* at run time, within the call; 0: none. By places: of one of those that are there */
    uint32_t first;  /* of its lines, the innermost first, in `lines` */
    uint32_t count;  /* by places always 1 */
    uint32_t number; /* PROCESS: in processes; PERIOD: of it */
};

struct profile_node {
    uint32_t parent;   /* less than its own; 0: none */
    uint32_t location; /* 0: the root, which stands for nothing */
    int64_t own[FIGURES];
};

/* What the program said of an instant. */
struct profile_mark {
    uint64_t time; /* since the process's start */
    uint32_t name; /* in texts */
};

struct profile_process {
    int32_t pid, parent_pid;
    uint32_t name, exe, command; /* in texts */
    uint32_t host;               /* in texts; 0: not known */
    uint32_t root;               /* its location, where processes have roots */
    uint64_t start;              /* since 1970; 0: not known */
    uint64_t duration, peak, peak_time;
    struct log_sample *samples; /* in the order of time */
    size_t sample_count;
    struct profile_mark *marks; /* and beginnings of periods */
    size_t mark_count;
};

/* How a profile is made. */
enum {
    PROFILE_PLACES = 1u << 0,    /* a location is one place, else one frame with all its places */
    PROFILE_PROCESSES = 1u << 1, /* a root for each process */
    PROFILE_PERIODS = 1u << 2,   /* a root for each period, below that */
    PROFILE_THREADS = 1u << 3,   /* a root for the threads of each name, below that */
    PROFILE_PIDS = 1u << 4,      /* processes' names have their pids */
    PROFILE_RELEASES = 1u << 5   /* stacks that only release, too, and FIGURE_RELEASED, else 0 */
};

/* Counts include entry 0, which stands for nothing. */
struct profile {
    unsigned how;
    struct strings texts, functions_known, locations_known;
    struct profile_module *modules;
    struct profile_function *functions;
    struct profile_line *lines;
    struct profile_location *locations;
    struct profile_node *nodes;
    struct profile_process *processes; /* without an entry 0 */
    uint32_t module_count, function_count, line_count, location_count, node_count, process_count;
    size_t module_cap, function_cap, line_cap, location_cap, node_cap, process_cap;
    struct links children; /* parent, location -> node */
    bool held;             /* the number of blocks at the peak is known */
    uint32_t no_module;    /* a text: what stands for the module of code that has none */
};

/* profile_free in any case. */
void profile_begin(struct profile *profile, unsigned how);
/* All stacks of a log that the filter takes, of all threads. Linear in its nodes. */
void profile_add(struct profile *profile, const struct stacks *stacks, const struct filter *filter);
/* Another class of the log that was added last: the same, but it is no process more. */
void profile_add_more(struct profile *profile, const struct stacks *stacks,
                      const struct filter *filter);
/* Leaves the nodes that have figures, or have such below them. Linear. */
void profile_end(struct profile *profile);
void profile_free(struct profile *profile);
/* How many locations the node's stack has. */
static inline size_t profile_depth(const struct profile *profile, uint32_t node)
{
    size_t depth = 0;
    for (; node; node = profile->nodes[node].parent)
        depth++;
    return depth;
}

/* The text of that number; "" for 0. Valid until the next one is added. */
const char *profile_text(const struct profile *profile, uint32_t text);
/* Add a text, cleaned. 0: it is empty. */
uint32_t profile_text_add(struct profile *profile, const char *text, size_t bytes);
/* A location of a kind that is not LOCATION_CODE, by its name. */
uint32_t profile_special(struct profile *profile, enum location_kind kind, const char *name,
                         uint32_t number);
/* The child of a node that stands for this location, made if there is none. */
uint32_t profile_child(struct profile *profile, uint32_t parent, uint32_t location);
/* Line `index` of a location, and its function. */
static inline const struct profile_line *profile_line_of(const struct profile *profile,
                                                         const struct profile_location *location,
                                                         uint32_t index)
{
    return &profile->lines[location->first + index];
}
static inline const struct profile_function *
profile_function_of(const struct profile *profile, const struct profile_location *location,
                    uint32_t index)
{
    return &profile->functions[profile->lines[location->first + index].function];
}
static inline const struct profile_location *profile_at(const struct profile *profile,
                                                        uint32_t node)
{
    return &profile->locations[profile->nodes[node].location];
}
/* Frames of all stacks that have figures, each stack by itself: what formats write that list them. More than this are not written:
 * where recursion allocates at each of its levels, they are the square of what the log has. */
uint64_t profile_frames(const struct profile *profile);
#define PROFILE_FRAMES_MOST 100000000u
/* Has it any figure of its own? */
bool profile_acts(const struct profile_node *node);
/* For each node the sum of a figure over it and all below it. To be freed. */
int64_t *profile_sums(const struct profile *profile, enum figure figure);

#endif
