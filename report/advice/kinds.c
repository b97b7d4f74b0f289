/* SPDX-License-Identifier: MIT
 *
 * What is worth a sentence. The thresholds keep out what is usual in programs that have nothing wrong with them.
 */
#include "advice/kinds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/text.h"

#define MIB ((int64_t)1 << 20)
#define GIB ((int64_t)1 << 30)

#define RATE_SECONDS 0.1 /* a shorter run has no rate worth telling */

static __attribute__((format(printf, 1, 2))) char *sentence(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return length < 0 ? base_copy("", 0) : text;
}

static double seconds(const struct log *log)
{
    uint64_t end = log->header.end_time;
    if (!end && log->sample_count)
        end = log->samples[log->sample_count - 1].time;
    return (double)end / 1e9;
}

/* ---- growth ---- */

#define GROWTH_LEAST   MIB  /* bytes of a line */
#define GROWTH_SHARE   0.05 /* ... of the peak */
#define GROWTH_COUNT   100u /* allocations of the line: a few large ones are a phase, not a growth */
#define GROWTH_SECONDS 1.0  /* a shorter run has no trend */
#define TREND_SAMPLES  6u
#define GROWTH_FIT     0.8  /* r^2 of level and time */
#define GROWTH_LAST    0.15 /* share of the growth that came in the last quarter of the time */

struct trend {
    double slope, fit; /* bytes a second; r^2 */
    double last;
};

/* How many samples were taken before the program began to give everything back at its end. */
static size_t samples_of_run(const struct log *log)
{
    size_t count = log->sample_count;
    uint64_t finish = log->header.finish_time;
    while (count > 2 && finish && log->samples[count - 1].time > finish)
        count--;
    while (count > 2 && log->samples[count - 1].level < log->header.live / 2)
        count--;
    return count;
}

/* Of the level over the last three quarters of the time: the first one is the start. */
static bool trend_of(const struct log *log, struct trend *trend)
{
    size_t count = samples_of_run(log), used = 0;
    if (count < TREND_SAMPLES)
        return false;
    double end = (double)log->samples[count - 1].time, from = end / 4, late = end * 3 / 4;
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0, first = -1, before = 0;
    for (size_t i = 0; i < count; i++) {
        double time = (double)log->samples[i].time, level = (double)log->samples[i].level;
        if (time < from)
            continue;
        if (first < 0)
            first = level;
        if (time <= late)
            before = level;
        time = (time - from) / 1e9;
        n++;
        x += time;
        y += level;
        xx += time * time;
        xy += time * level;
        yy += level * level;
        used++;
    }
    double last = (double)log->samples[count - 1].level;
    double xs = n * xx - x * x, ys = n * yy - y * y, both = n * xy - x * y;
    if (used < TREND_SAMPLES || xs <= 0 || ys <= 0 || last <= first)
        return false;
    *trend = (struct trend){both / xs, both * both / (xs * ys), (last - before) / (last - first)};
    return true;
}

void advise_growth(struct advices *advices, const struct stacks *stacks, uint32_t place,
                   const struct advice_line *line)
{
    const struct log *log = &stacks->log;
    struct trend trend;
    char size[TEXT_SIZE_BYTES], rate[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    if (line->grown < GROWTH_LEAST || line->sums.allocations < GROWTH_COUNT ||
        (double)line->grown < GROWTH_SHARE * (double)log_peak(log) ||
        seconds(log) < GROWTH_SECONDS || !trend_of(log, &trend))
        return;
    if (trend.slope <= 0 || trend.fit < GROWTH_FIT || trend.last < GROWTH_LAST)
        return;
    advices_add(
        advices, ADVICE_GROWTH, line->grown, place,
        sentence("%s of %s allocations stayed, and more came to the end: the process grows by %s a "
                 "second (r² %.2f).",
                 text_size(size, line->grown), text_count(count, line->sums.allocations),
                 text_size(rate, (int64_t)trend.slope), trend.fit),
        sentence("If it is a cache, bound it; else see who should release it: memtrace leaks."));
}

/* ---- temporary blocks ---- */

#define TEMPORARY_LEAST  (16 * MIB) /* bytes of all of them */
#define TEMPORARY_COUNT  1000u
#define TEMPORARY_SHARE  0.5   /* of the line's allocations */
#define TEMPORARY_MEAN   256u  /* bytes: smaller ones cost little */
#define TEMPORARY_PYTHON 4096u /* the same for Python, whose small objects are all temporary */

void advise_temporary(struct advices *advices, const struct stacks *stacks, uint32_t place,
                      const struct advice_line *line)
{
    const struct sums *sums = &line->heap;
    char size[TEXT_SIZE_BYTES], rate[TEXT_SIZE_BYTES], mean_text[TEXT_SIZE_BYTES],
        count[TEXT_COUNT_BYTES];
    uint64_t mean = sums->temporary ? sums->temporary_bytes / sums->temporary : 0;
    double time = seconds(&stacks->log);
    if (sums->temporary_bytes < (uint64_t)TEMPORARY_LEAST || sums->temporary < TEMPORARY_COUNT ||
        (double)sums->temporary < TEMPORARY_SHARE * (double)sums->allocations ||
        mean < (line->python ? TEMPORARY_PYTHON : TEMPORARY_MEAN))
        return;
    char *each = time >= RATE_SECONDS
                     ? sentence(", %s a second",
                                text_size(rate, (int64_t)((double)sums->temporary_bytes / time)))
                     : sentence("%s", "");
    advices_add(advices, ADVICE_TEMPORARY, (int64_t)sums->temporary_bytes, place,
                sentence("%s in %s blocks of %s on average were given back at once%s.",
                         text_size(size, (int64_t)sums->temporary_bytes),
                         text_count(count, sums->temporary), text_size(mean_text, (int64_t)mean),
                         each),
                sentence("A buffer that is kept and used again would save them."));
    free(each);
}

/* ---- reallocations ---- */

#define REALLOC_COUNT 1000u
#define REALLOC_MOVED (4 * MIB) /* bytes of the blocks before they grew */
#define REALLOC_RATIO 0.75      /* before / after: blocks that grow by half each time have 0.67 */

void advise_realloc(struct advices *advices, const struct stacks *stacks, uint32_t place,
                    const struct advice_line *line)
{
    (void)stacks;
    char size[TEXT_SIZE_BYTES], step[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    double ratio = line->heap.allocated ? (double)line->moved / (double)line->heap.allocated : 0;
    if (line->python || line->reallocs < REALLOC_COUNT || (int64_t)line->moved < REALLOC_MOVED ||
        ratio < REALLOC_RATIO || line->moved >= line->heap.allocated ||
        line->reallocs * 2 < line->heap.allocations)
        return;
    advices_add(
        advices, ADVICE_REALLOC, (int64_t)line->moved, place,
        sentence("Blocks grew in %s reallocations, by %s each on average; the old ones had "
                 "%s in all, most of which may have been copied.",
                 text_count(count, line->reallocs),
                 text_size(step, (int64_t)((line->heap.allocated - line->moved) / line->reallocs)),
                 text_size(size, (int64_t)line->moved)),
        sentence("Reserve the size if it is known, or let it grow by half each time."));
}

/* ---- many small blocks ---- */

#define SMALL_COUNT 50000u
#define SMALL_MOST  64u /* bytes of each */
#define SMALL_HEAD  8u  /* what glibc takes for a block beside what it can hold */

/* What they take, with what the allocator needs for them; 0: they are not many small ones. */
static uint64_t small_taken(const struct stacks *stacks, const struct advice_line *line)
{
    if (line->python || !stacks->log.header.slack || line->blocks < SMALL_COUNT ||
        line->bytes / line->blocks > SMALL_MOST || sums_live(&line->heap) != (int64_t)line->bytes)
        return 0;
    uint64_t taken = line->bytes + line->heap.slack + line->blocks * SMALL_HEAD;
    return taken < line->bytes + line->bytes / 4 ? 0 : taken;
}

void advise_small(struct advices *advices, const struct stacks *stacks, uint32_t place,
                  const struct advice_line *line)
{
    char array[TEXT_SIZE_BYTES], all[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    uint64_t taken = small_taken(stacks, line);
    if (!taken)
        return;
    advices_add(
        advices, ADVICE_SMALL, (int64_t)(taken - line->bytes), place,
        sentence(
            "%s blocks of %u B on average were live at the end: with what the allocator needs for "
            "them they take %s.",
            text_count(count, line->blocks), (unsigned)(line->bytes / line->blocks),
            text_size(all, (int64_t)taken)),
        sentence("An array, or a pool, would hold them in %s.",
                 text_size(array, (int64_t)line->bytes)));
}

/* ---- slack ---- */

#define SLACK_LEAST MIB
#define SLACK_SHARE 0.2 /* of what is live there */

void advise_slack(struct advices *advices, const struct stacks *stacks, uint32_t place,
                  const struct advice_line *line)
{
    char size[TEXT_SIZE_BYTES], live[TEXT_SIZE_BYTES];
    int64_t slack = (int64_t)line->heap.slack, held = sums_live(&line->heap);
    if (!stacks->log.header.slack || slack < SLACK_LEAST ||
        (double)slack < SLACK_SHARE * (double)held || small_taken(stacks, line))
        return;
    advices_add(
        advices, ADVICE_SLACK, slack, place,
        sentence("The blocks of %s that were live at the end can hold %s more than was asked "
                 "for.",
                 text_size(live, held), text_size(size, slack)),
        sentence("Sizes of 8 less than a multiple of 16 waste nothing in glibc."));
}

/* ---- address space ---- */

#define RESERVATION_LEAST GIB

void advise_reservation(struct advices *advices, const struct stacks *stacks, uint32_t place,
                        const struct advice_line *line)
{
    char size[TEXT_SIZE_BYTES];
    (void)stacks;
    if ((int64_t)line->reserved < RESERVATION_LEAST)
        return;
    advices_add(
        advices, ADVICE_RESERVATION, (int64_t)line->reserved, place,
        sentence("%s of address space were reserved. They take no memory, though top's VIRT "
                 "and limits of address space count them.",
                 text_size(size, (int64_t)line->reserved)),
        NULL);
}

/* ---- what the allocator keeps ---- */

#define RETAINED_LEAST   (64 * MIB)
#define RETAINED_SHARE   0.5  /* of the resident set */
#define RETAINED_TIME    0.25 /* of the run */
#define RETAINED_THREADS 4u

static bool retained(const struct log_sample *sample)
{
    int64_t kept = (int64_t)sample->resident - (int64_t)sample->level;
    return kept >= RETAINED_LEAST && (double)kept >= RETAINED_SHARE * (double)sample->resident;
}

void advise_retained(struct advices *advices, const struct stacks *stacks)
{
    const struct log *log = &stacks->log;
    uint64_t time = 0, most = 0, at = 0;
    size_t count = log->sample_count;
    for (size_t i = 0; i + 1 < count; i++) {
        const struct log_sample *sample = &log->samples[i];
        if (!retained(sample))
            continue;
        time += log->samples[i + 1].time - sample->time;
        if (sample->resident - sample->level > most) {
            most = sample->resident - sample->level;
            at = i;
        }
    }
    /* What was never the program's is no memory that the allocator keeps: code, stacks, files. */
    if (!most || (double)time < RETAINED_TIME * (double)log->samples[count - 1].time ||
        log_peak(log) < log->samples[at].level + most / 2)
        return;
    char kept[TEXT_SIZE_BYTES], resident[TEXT_SIZE_BYTES], live[TEXT_SIZE_BYTES];
    bool threads = stacks->model.thread_count > RETAINED_THREADS;
    advices_add(
        advices, ADVICE_RETAINED, (int64_t)most, ADVICE_NO_PLACE,
        sentence("%s were resident with %s live, %.1f s after the start: the allocator keeps "
                 "%s of what was released.",
                 text_size(resident, (int64_t)log->samples[at].resident),
                 text_size(live, (int64_t)log->samples[at].level),
                 (double)log->samples[at].time / 1e9, text_size(kept, (int64_t)most)),
        sentence("%s", threads ? "Fewer arenas (MALLOC_ARENA_MAX=2) keep less, and malloc_trim(0) "
                                 "gives back what is free; with jemalloc: a shorter dirty_decay_ms."
                               : "malloc_trim(0) gives back what is free between live blocks, "
                                 "M_TRIM_THRESHOLD what is free at the end of the heap; with "
                                 "jemalloc: a shorter dirty_decay_ms."));
}
