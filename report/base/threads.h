/* SPDX-License-Identifier: MIT */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <stdint.h>

/* How many threads the report may use: MEMTRACE_THREADS (from 1 to THREADS_MAX), or one for each processor, at most 8. */
#define THREADS_MAX 64u
uint32_t threads_allowed(void);

#endif
