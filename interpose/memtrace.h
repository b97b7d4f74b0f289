/* SPDX-License-Identifier: MIT
 *
 * What a traced program can ask its tracer. The functions are there only while libmemtrace.so is preloaded, so they are
 * declared weak: test one before the first call, or look them up (dlsym, ctypes).
 *
 *     if (memtrace_period)
 *         memtrace_period("load");
 *
 * Callable in any thread, not in a signal handler. None of them fails: what cannot be told is 0 or "".
 */
#ifndef MEMTRACE_H
#define MEMTRACE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MEMTRACE_API
#define MEMTRACE_API __attribute__((weak))
#endif

/* Path of this process's log. Stays as it is until the process forks. */
MEMTRACE_API const char *memtrace_log_path(void);

/* Live bytes now: heap, anonymous mappings and shared memory. */
MEMTRACE_API uint64_t memtrace_live_bytes(void);
/* The most that was live since the present period began; and what was live then. */
MEMTRACE_API uint64_t memtrace_peak_bytes(void);
MEMTRACE_API uint64_t memtrace_period_bytes(void);

/* The next period begins: its tables are its own, and its peak. Returns its number, 1 for the first. `name` is for the
 * report (UTF-8, may be NULL). A period costs each thread the walk of its next stack, and as many nodes of the log as it
 * has stacks. */
MEMTRACE_API uint32_t memtrace_period(const char *name);

/* Python, 3.8 on: from now on (on: 1) or no longer (0) count every execution of the lines of this code object, for the
 * report's Occurrences. To be called with the GIL; the code object must live as long as it is counted. 0: it cannot be; a
 * note in the report says why. */
MEMTRACE_API int memtrace_lines(void *code, int on);

/* A name for this instant, for the report and the timeline. */
MEMTRACE_API void memtrace_mark(const char *name);

#ifdef __cplusplus
}
#endif

#endif
