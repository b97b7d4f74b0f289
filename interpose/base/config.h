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
    /* MEMTRACE_OUTPUT: pattern of the log's name, %p pid, %e program; "": the default */
    char output[3072];
    /* MEMTRACE_LINES: functions whose line executions are counted, separated by commas */
    char lines[2048];
    uint64_t max_log; /* MEMTRACE_MAX_LOG: bytes, the value may end in K, M, G or T; 0: no limit */
    /* MEMTRACE_MIN_PEAK: a process whose peak stays below leaves no log; 0: every process does */
    uint64_t min_peak;
    bool quiet;   /* MEMTRACE_QUIET=1: nothing is printed */
    bool summary; /* MEMTRACE_SUMMARY=1: the line at exit even when standard error is no terminal */
    bool python;  /* MEMTRACE_PYTHON=0: native stacks only */
    /* MEMTRACE_PYTHON_OBJECTS=0: not the interpreter's own allocator, only what that takes from the
     * system */
    bool python_objects;
};
extern struct mt_config mt_config;

/* Fill mt_config from the environment. Once per process, by one thread; uses 64 KiB of static
 * memory, allocates nothing. */
void mt_config_read(void);

#endif
