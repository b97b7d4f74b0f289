/* SPDX-License-Identifier: MIT */
#include "base/threads.h"

#include <sched.h>
#include <stdlib.h>

#define THREADS_DEFAULT 8u

uint32_t threads_allowed(void)
{
    const char *text = getenv("MEMTRACE_THREADS");
    if (text && *text) {
        char *end;
        unsigned long number = strtoul(text, &end, 10);
        if (!*end && number >= 1 && number <= THREADS_MAX)
            return (uint32_t)number;
    }
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    return count < 1 ? 1 : (uint32_t)count > THREADS_DEFAULT ? THREADS_DEFAULT : (uint32_t)count;
}
