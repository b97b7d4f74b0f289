/* SPDX-License-Identifier: MIT
 *
 * The figures of a call site, or of anything that call sites add up to. They add up: allocated less gone is what is live now, allocated less
 * released is the increment.
 */
#ifndef READ_SUMS_H
#define READ_SUMS_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes, but for the numbers: blocks_at_peak, allocations, releases, gone_count, discards, temporary, readings. */
struct sums {
    uint64_t allocated; /* by events here */
    uint64_t released;  /* by events here, whoever allocated it */
    uint64_t gone;      /* of what was allocated here, whoever released it */
    int64_t
        late; /* of what was allocated here: released less allocated after the program had finished */
    int64_t at_peak;         /* of what was allocated here, live at the process's peak */
    uint64_t blocks_at_peak; /* the number of blocks that this was; without log_header.held 0 */
    uint64_t allocations;    /* numbers of these events */
    uint64_t releases;
    uint64_t gone_count;
    uint64_t live_peak; /* most that was ever live here; a sum of several is an upper bound */
    uint64_t discarded; /* given back to the system by events here, and still mapped */
    uint64_t discards;
    uint64_t temporary; /* number of blocks that their thread gave back at once: SCHEMA.md */
    uint64_t temporary_bytes;
    uint64_t slack;    /* usable less requested, of what was live when the program finished */
    int64_t resident;  /* growth of the resident set seen here */
    uint64_t readings; /* ... and of how many readings that is the sum */
    uint64_t last; /* place in time of the latest event: (tick << 32) | the thread's event number */
    uint64_t level; /* of the process after that event */
    bool happened;  /* there was an event, so that last and level mean something */
};

/* Add `more` to `sums`; of `last` and `level` the later one stays (same thread). */
void sums_add(struct sums *sums, const struct sums *more);
/* The same without `last` and `level`, which stay. */
void sums_add_figures(struct sums *sums, const struct sums *more);

/* Allocated less released by the events here, in bytes. */
static inline int64_t sums_increment(const struct sums *sums)
{
    return (int64_t)(sums->allocated - sums->released);
}
/* When the program finished, else now. */
static inline int64_t sums_live(const struct sums *sums)
{
    return (int64_t)(sums->allocated - sums->gone + (uint64_t)sums->late);
}
/* Now: where the program has finished, after all destructors. */
static inline int64_t sums_leaked(const struct sums *sums)
{
    return (int64_t)(sums->allocated - sums->gone);
}

#endif
