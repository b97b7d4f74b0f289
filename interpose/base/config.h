/* SPDX-License-Identifier: MIT
 *
 * The MEMTRACE_* environment variables, read once at start. A value that is too long or makes no
 * sense counts as not set, and is told of in the line at exit.
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
    /* MEMTRACE_MIN_PEAK: a process whose peak stays below leaves no log; 0: every process does. After a comma: the pid of a process for
     * which that is not so, the one that was asked for; 0: there is none. */
    uint64_t min_peak, min_peak_but;
    bool quiet; /* MEMTRACE_QUIET=1: nothing is printed */
    /* MEMTRACE_SUMMARY: the line at exit even when standard error is no terminal. 0: no; 1: of the program that was asked for; another
     * number: of the process of this pid. */
    uint64_t summary;
    bool python; /* MEMTRACE_PYTHON=0: native stacks only */
    /* MEMTRACE_PYTHON_OBJECTS=0: not the interpreter's own allocator, only what that takes from the
     * system */
    bool python_objects;
    const char *wrong; /* the last variable whose value makes no sense; NULL: there is none */
};
extern struct mt_config mt_config;

/* Fill mt_config from the environment. Once per process, by one thread; uses 64 KiB of static
 * memory, allocates nothing. */
void mt_config_read(void);

#endif
