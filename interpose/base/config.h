/* SPDX-License-Identifier: MIT
 *
 * The MEMTRACE_* environment variables, read once at start. A value that is too long or makes no
 * sense counts as not set.
 */
#ifndef MT_CONFIG_H
#define MT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct mt_config {
    char output[3072]; /* MEMTRACE_OUTPUT: pattern of the log's name, %p pid, %e program; "" = the
                          default */
    char lines
        [2048]; /* MEMTRACE_LINES: functions whose line executions are counted, with commas in between */
    uint64_t max_log; /* MEMTRACE_MAX_LOG: bytes, with K, M or G if you like; 0: no limit */
    uint64_t
        min_peak; /* MEMTRACE_MIN_PEAK: a process whose peak stays below leaves no log; 0: all do */
    bool quiet;   /* MEMTRACE_QUIET=1: never a word */
    bool summary; /* MEMTRACE_SUMMARY=1: the line at exit even when standard error is no terminal */
    bool python;  /* MEMTRACE_PYTHON=0: native stacks only */
    bool
        python_objects; /* MEMTRACE_PYTHON_OBJECTS=0: not the interpreter's own allocator, only what
                            that takes from the system */
};
extern struct mt_config mt_config;

void mt_config_read(void);

#endif
