/* SPDX-License-Identifier: MIT
 *
 * Time, the machine, the process.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "libsystem.h"

static int *error_at(void)
{
    return &errno;
}

/* ---- time ---- */

static int clock_here(int there)
{
    switch (there) {
    case 0:
        return CLOCK_REALTIME;
    case 4: /* CLOCK_MONOTONIC_RAW, and the same without what was slept: UPTIME */
    case 5:
    case 8:
    case 9:
        return CLOCK_MONOTONIC_RAW;
    case 6:
        return CLOCK_MONOTONIC;
    case 12:
        return CLOCK_PROCESS_CPUTIME_ID;
    case 16:
        return CLOCK_THREAD_CPUTIME_ID;
    default:
        return -1;
    }
}

static int mac_clock_gettime(int clock, struct timespec *out)
{
    return clock_gettime(clock_here(clock), out) < 0 ? libsystem_failed() : 0;
}

static uint64_t clock_ns(int clock)
{
    struct timespec now = {0};
    clock_gettime(clock_here(clock), &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t absolute_time(void)
{
    return clock_ns(8);
}

static int timebase(uint32_t out[2])
{
    out[0] = out[1] = 1;
    return 0;
}

/* ---- the machine ---- */

static long mac_sysconf(int name)
{
    switch (name) {
    case 29:
        return sysconf(_SC_PAGESIZE);
    case 57:
        return sysconf(_SC_NPROCESSORS_CONF);
    case 58:
        return sysconf(_SC_NPROCESSORS_ONLN);
    default:
        errno = EINVAL;
        return -1;
    }
}

static int sysctl_by_name(const char *name, void *out, size_t *bytes, void *new, size_t new_bytes)
{
    uint64_t value;
    (void)new_bytes;
    if (!strcmp(name, "hw.pagesize"))
        value = 4096;
    else if (!strcmp(name, "hw.ncpu") || !strcmp(name, "hw.logicalcpu"))
        value = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    else
        value = 0;
    if (!value || new || !out || *bytes < 4) {
        errno = value ? EINVAL : ENOENT;
        return -1;
    }
    *bytes = *bytes < 8 ? 4 : 8;
    memcpy(out, &value, *bytes);
    return 0;
}

/* ---- the process ---- */

static uint32_t task_self = 0x103;

static uint64_t resident(void)
{
    unsigned long total = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%lu %lu", &total, &pages) != 2)
        pages = 0;
    if (file)
        fclose(file);
    return pages * 4096;
}

/* MACH_TASK_BASIC_INFO: virtual_size, resident_size, ... TASK_VM_INFO is longer. */
enum { TASK_BASIC = 20, TASK_VM = 22, MACH_INVALID = 4 };

static int task_info(uint32_t task, uint32_t flavour, uint64_t *out, uint32_t *words)
{
    (void)task;
    if (flavour == TASK_BASIC && *words >= 4) {
        memset(out, 0, *words * 4u);
        out[1] = resident();
        return 0;
    }
    if (flavour == TASK_VM &&
        *words >= 8) { /* virtual, region count and page size, resident, its peak */
        memset(out, 0, *words * 4u);
        out[2] = resident();
        return 0;
    }
    return MACH_INVALID;
}

static int port_deallocate(uint32_t task, uint32_t port)
{
    (void)task, (void)port;
    return 0;
}

/* ru_maxrss is in bytes there. The time in it is shorter, with the same size. */
static int mac_getrusage(int who, struct rusage *out)
{
    if (getrusage(who, out) < 0)
        return libsystem_failed();
    out->ru_maxrss *= 1024;
    return 0;
}

static void pattern4(void *memory, const void *pattern, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        ((char *)memory)[i] = ((const char *)pattern)[i % 4];
}

static void pattern16(void *memory, const void *pattern, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        ((char *)memory)[i] = ((const char *)pattern)[i % 16];
}

static void clear(void *memory, size_t bytes)
{
    memset(memory, 0, bytes);
}

static size_t copy_text(char *out, const char *text, size_t bytes)
{
    size_t length = strlen(text), some = length < bytes ? length : bytes - 1;
    if (bytes) {
        memcpy(out, text, some);
        out[some] = 0;
    }
    return length;
}

static uint64_t guard = 0x5bd1e995ac3bbe00u;

const struct adapter libsystem_system[] = {
    {"___error", error_at},
    {"_atexit", atexit}, /* these two are not in glibc's shared library */
    {"_pthread_atfork", pthread_atfork},
    {"___stack_chk_guard", &guard},
    {"___bzero", clear},
    {"_memset_pattern4", pattern4},
    {"_memset_pattern16", pattern16},
    {"_strlcpy", copy_text},
    {"_clock_gettime", mac_clock_gettime},
    {"_clock_gettime_nsec_np", clock_ns},
    {"_mach_absolute_time", absolute_time},
    {"_mach_continuous_time", absolute_time},
    {"_mach_timebase_info", timebase},
    {"_sysconf", mac_sysconf},
    {"_sysctlbyname", sysctl_by_name},
    {"_mach_task_self_", &task_self},
    {"_task_info", task_info},
    {"_mach_port_deallocate", port_deallocate},
    {"_getrusage", mac_getrusage},
    {NULL, NULL},
};
