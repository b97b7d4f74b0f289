/* SPDX-License-Identifier: MIT */
#include "fold/course.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ---- one process ---- */

/* A sample at the end says what the header knows of the time since the last one; then it has nothing. */
static void add_end(struct log *to, const struct log *log, uint64_t end)
{
    const struct log_header *header = &log->header;
    const struct log_sample *last = log->sample_count ? &log->samples[log->sample_count - 1] : NULL;
    struct log_sample sample = {
        .time = end, .level = header->level, .resident = last ? last->resident : 0};
    sample.level_max = last && last->level > header->level ? last->level : header->level;
    if (!last || log_peak_time(log) > last->time)
        sample.level_max = log_peak(log);
    to->samples[to->sample_count++] = sample;
    to->samples[to->sample_count++] = (struct log_sample){.time = end};
}

/* A sample is taken when the level has moved by that, if not before. */
#define STEP 0x100000u

/* What the process had before its first sample is not known. Where it is small, it is taken for what it had all the time. */
static struct log_sample beginning(const struct log *log)
{
    const struct log_header *header = &log->header;
    struct log_sample sample = {.level = header->level, .level_max = log_peak(log)};
    if (log->sample_count)
        sample = log->samples[0];
    if (sample.level_max >= STEP)
        sample = (struct log_sample){0};
    sample.time = 0;
    return sample;
}

static void add_mark(struct course *course, struct log *to, const struct log *log,
                     const struct log_mark *mark)
{
    struct log_mark copy = *mark;
    char *name = NULL, period[32] = "";
    if (mark->period)
        snprintf(period, sizeof period, ", period %" PRIu32, mark->period);
    if (asprintf(&name, "process %" PRId32 "%s: %.*s", log->header.pid, period,
                 (int)mark->name.bytes, mark->name.text ? mark->name.text : "") < 0)
        return;
    course->names =
        base_room(course->names, &course->name_cap, course->name_count + 1, sizeof *course->names);
    course->names[course->name_count++] = name;
    copy.period = 0; /* a process's own: it divides nothing here */
    copy.name = (struct log_text){.text = name, .bytes = (uint32_t)strlen(name)};
    to->marks[to->mark_count++] = copy;
}

void course_add(struct course *course, const struct log *log)
{
    course->parts =
        base_room(course->parts, &course->cap, course->count + 1, sizeof *course->parts);
    struct course_part *part = &course->parts[course->count++];
    *part = (struct course_part){
        .file = log->name, .start = log->header.start_real, .end = log_ends(log)};
    struct log *to = &part->log;
    to->header.pid = log->header.pid;
    to->header.peak = log_peak(log);
    to->header.peak_time = log_peak_time(log);
    to->samples = base_alloc(log->sample_count + 3, sizeof *to->samples);
    to->samples[to->sample_count++] = beginning(log);
    for (size_t i = 0; i < log->sample_count; i++)
        to->samples[to->sample_count++] = log->samples[i];
    add_end(to, log, part->end);
    to->marks = base_alloc(log->mark_count + 1, sizeof *to->marks);
    for (size_t i = 0; i < log->mark_count; i++)
        add_mark(course, to, log, &log->marks[i]);
}

/* Times since the first log's start. */
static void shift(struct course_part *part, uint64_t first, uint64_t end)
{
    uint64_t by = part->start ? part->start - first : 0;
    for (size_t i = 0; i < part->log.sample_count; i++)
        part->log.samples[i].time += by;
    for (size_t i = 0; i < part->log.mark_count; i++)
        part->log.marks[i].time += by;
    part->log.header.peak_time += part->log.header.peak_time ? by : 0;
    part->end += by;
    part->log.header.end_time = end;
}

/* ---- all ---- */

/* A sample of a process. */
struct instant {
    uint64_t time;
    uint32_t part, index;
};

static int instant_order(const void *a, const void *b)
{
    const struct instant *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static struct instant *instants_of(const struct course *course, size_t *count)
{
    size_t all = 0;
    for (size_t p = 0; p < course->count; p++)
        all += course->parts[p].log.sample_count;
    struct instant *list = base_alloc(all + 1, sizeof *list);
    *count = 0;
    for (size_t p = 0; p < course->count; p++)
        for (size_t i = 0; i < course->parts[p].log.sample_count; i++)
            list[(*count)++] = (struct instant){.time = course->parts[p].log.samples[i].time,
                                                .part = (uint32_t)p,
                                                .index = (uint32_t)i};
    if (all)
        qsort(list, all, sizeof *list, instant_order);
    return list;
}

static void add_samples(struct course *course)
{
    size_t count;
    struct instant *list = instants_of(course, &count);
    struct log *all = &course->all;
    uint64_t level = 0, resident = 0;
    all->samples = base_alloc(count + 1, sizeof *all->samples);
    for (size_t i = 0; i < count; i++) {
        const struct log_sample *sample = &course->parts[list[i].part].log.samples[list[i].index];
        const struct log_sample *before = list[i].index ? sample - 1 : NULL;
        uint64_t others = level - (before ? before->level : 0);
        level = others + sample->level;
        resident += sample->resident - (before ? before->resident : 0);
        struct log_sample sum = {
            .time = list[i].time, .level = level, .level_max = level, .resident = resident};
        if (others + sample->level_max > sum.level_max)
            sum.level_max = others + sample->level_max;
        if (sum.level_max > all->header.peak) {
            all->header.peak = sum.level_max;
            all->header.peak_time = sum.time;
        }
        all->samples[all->sample_count++] = sum;
    }
    free(list);
}

static int mark_order(const void *a, const void *b)
{
    const struct log_mark *x = a, *y = b;
    return x->time < y->time ? -1 : x->time > y->time;
}

static void add_marks(struct course *course)
{
    struct log *all = &course->all;
    all->marks = base_alloc(course->name_count + 1, sizeof *all->marks);
    for (size_t p = 0; p < course->count; p++)
        for (size_t i = 0; i < course->parts[p].log.mark_count; i++)
            all->marks[all->mark_count++] = course->parts[p].log.marks[i];
    if (all->mark_count)
        qsort(all->marks, all->mark_count, sizeof *all->marks, mark_order);
}

void course_end(struct course *course)
{
    uint64_t first = UINT64_MAX, end = 0;
    for (size_t p = 0; p < course->count; p++)
        if (course->parts[p].start && course->parts[p].start < first)
            first = course->parts[p].start;
    for (size_t p = 0; p < course->count; p++) {
        const struct course_part *part = &course->parts[p];
        uint64_t until = (part->start ? part->start - first : 0) + part->end;
        end = until > end ? until : end;
    }
    for (size_t p = 0; p < course->count; p++)
        shift(&course->parts[p], first, end);
    course->all.header.end_time = end;
    add_samples(course);
    add_marks(course);
}

void course_free(struct course *course)
{
    for (size_t p = 0; p < course->count; p++) {
        free(course->parts[p].log.samples);
        free(course->parts[p].log.marks);
    }
    for (size_t i = 0; i < course->name_count; i++)
        free(course->names[i]);
    free(course->names);
    free(course->parts);
    free(course->all.samples);
    free(course->all.marks);
    *course = (struct course){0};
}
