/* SPDX-License-Identifier: MIT */
#include "read/tables.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PAGE 4096u

struct log_frame log_frame(const struct log *log, uint32_t index)
{
    const struct mt_frame_entry *entry = &log->tables->frames[index];
    struct log_frame frame = {.owner = entry->owner, .value = entry->value};
    switch (entry->kind) {
    case MT_FRAME_NATIVE:
        frame.kind = FRAME_NATIVE;
        break;
    case MT_FRAME_PYTHON:
        frame.kind = FRAME_PYTHON;
        break;
    case MT_FRAME_THREAD:
        frame.kind = FRAME_THREAD;
        break;
    case MT_FRAME_CUT:
        frame.kind = FRAME_CUT;
        break;
    default: /* and kinds of a later version */
        frame.kind = FRAME_UNKNOWN;
        break;
    }
    return frame;
}

struct log_line log_line(const struct log_lines *lines, uint32_t index)
{
    struct mt_line raw; /* not aligned there */
    memcpy(&raw, lines->data + (size_t)index * sizeof raw, sizeof raw);
    return (struct log_line){.executions = raw.executions, .level = raw.level, .last = raw.last};
}

static void log_problem_va(struct log *log, uint64_t offset, const char *format, va_list args)
{
    if (log->problem_count < LOG_PROBLEMS_KEPT) {
        struct log_problem *problem = &log->problems[log->problem_count];
        problem->offset = offset;
        vsnprintf(problem->reason, sizeof problem->reason, format, args);
    }
    log->problem_count++;
}

bool log_problem(struct log *log, uint64_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_problem_va(log, offset, format, args);
    va_end(args);
    return false;
}

/* Where byte `at` of a region stands in the file; extents were checked when the region was made. */
static uint64_t log_offset(const struct log *log, enum mt_region region, uint64_t at)
{
    for (uint32_t i = 0; i < MT_EXTENTS_MAX && i < log->tables->header.extents_used; i++) {
        const struct mt_extent *extent = &log->tables->header.extents[i];
        uint64_t bytes = (uint64_t)extent->pages * PAGE;
        if (extent->region != region || !bytes)
            continue;
        if (at < bytes)
            return extent->offset + at;
        at -= bytes;
    }
    return 0;
}

void log_problem_in(struct log *log, enum mt_region region, uint64_t at, const char *format, ...)
{
    uint64_t offset = log->problem_count < LOG_PROBLEMS_KEPT ? log_offset(log, region, at) : 0;
    va_list args;
    va_start(args, format);
    log_problem_va(log, offset, format, args);
    va_end(args);
}
