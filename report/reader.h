/* SPDX-License-Identifier: MIT
 *
 * A log file, read and checked. Nothing in it is trusted: what does not hold is left out and
 * becomes a problem with its place and reason; what is left can be used without further checks,
 * except where a field says otherwise. Memory is bounded by the file's size.
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../interpose/format.h"

/* The part of a region that is there and in use, put together from its extents. */
struct log_region {
    const unsigned char *data; /* into the file's bytes, or `owned` */
    unsigned char *owned;
    uint64_t bytes;
};

/* Text in the file's bytes: no terminator, any bytes. */
struct log_text {
    const char *text;
    uint32_t bytes;
};

struct log_module {
    bool known; /* false: no record has this id */
    struct log_text path;
    const unsigned char *build_id;
    uint32_t build_id_bytes;
    uint64_t base, start, end;
};

struct log_code {
    bool known;
    struct log_text file, name;
    uint32_t first_line;
};

/* Executions of the lines of a code object: see struct mt_record_lines. */
struct log_lines {
    uint32_t code, first_line, count, period;
    const unsigned char *data; /* `count` of struct mt_line, not aligned */
};

/* Source that is in no file. */
struct log_source {
    uint32_t file; /* in log->strings; may be out of range */
    struct log_text text;
};

struct log_note {
    uint32_t severity;
    struct log_text text;
};

/* The program named an instant, or began a period. */
struct log_mark {
    uint32_t period; /* 0: a mark only */
    uint64_t time, level, peak;
    struct log_text name;
};

struct log_problem {
    uint64_t offset; /* in the file */
    char reason[160];
};
#define LOG_PROBLEMS_KEPT 4u

struct log {
    const char *name; /* the file's name, the caller's */
    void *file;       /* the file's bytes when log_read made them */
    struct mt_header header;
    struct log_region regions[MT_REGION_COUNT];

    /* Counts include entry 0 where the format has one. Indices inside the entries are NOT checked
     * yet: model.c does. */
    const struct mt_node *nodes;
    uint32_t node_count;
    const unsigned char *units;
    uint32_t unit_count;
    const struct mt_frame_entry *frames;
    uint32_t frame_count;
    const struct mt_thread_entry *threads;
    uint32_t thread_count;
    const struct mt_run *runs;
    uint32_t run_count;
    const struct mt_sample *samples;
    uint32_t sample_count;

    struct log_text exe, cwd, argv; /* argv: each argument with its NUL */
    struct log_module *modules;     /* by id */
    size_t module_count;
    struct log_text *strings; /* by id; text NULL: no such string */
    size_t string_count;
    struct log_code *codes; /* by id */
    size_t code_count;
    struct log_source *sources;
    size_t source_count;
    struct log_lines *lines;
    size_t lines_count;
    struct log_note *notes;
    size_t note_count;
    struct log_mark *marks; /* in the order of time, but for those of several threads */
    size_t mark_count;

    bool truncated; /* the file ends before its tables do */
    uint64_t problem_count;
    struct log_problem problems[LOG_PROBLEMS_KEPT]; /* the first ones */
};

/* Read a log from memory, which stays the caller's, aligned to 16 bytes, and must outlive `log`.
 * False: it is no log at all; problems[0] says why. Problems of a log that was read in part are in
 * problems too. Never prints, never exits but for want of memory. log_close in any case. */
bool log_parse(struct log *log, const char *name, const void *data, size_t bytes);
/* The same from a file; `name` is kept. */
bool log_read(struct log *log, const char *name);
void log_close(struct log *log);

/* The process's peak: the header's is the present period's. */
static inline uint64_t log_peak(const struct log *log)
{
    return log->header.peak > log->header.peak_before ? log->header.peak : log->header.peak_before;
}

/* When the process began, with MT_START_EXACT or without; where that is not known, when the log did. */
static inline uint64_t log_began(const struct log *log)
{
    return log->header.process_start ? log->header.process_start : log->header.start_real;
}

/* Add a problem found later on, at byte `at` of a region. */
void log_problem_in(struct log *log, enum mt_region region, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Print the problems on standard error: "memtrace: FILE: offset N: reason". True if there were any.
 */
bool log_say_problems(const struct log *log);

#endif
