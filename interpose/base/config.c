/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/config.h"
#include "os/os.h"

struct mt_config mt_config;

static bool flag(const char *name, bool unset, char *room, size_t bytes)
{
    const char *value = mt_os_variable(name, room, bytes);
    if (!value || !*value)
        return unset;
    return strcmp(value, "0") != 0;
}

/* "100000", "64M", followed by nothing or by `end`: 0 if it is not a number of bytes. */
static uint64_t bytes_until(const char *text, char end)
{
    static const char units[] = "KMGT";
    uint64_t n = 0;
    const char *p = text;
    for (; p && *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return 0;
    if (!p || p == text || !*p || *p == end)
        return n;
    const char *unit = *p == ' ' ? NULL : strchr(units, *p & ~0x20);
    if (!unit || (p[1] && p[1] != end) || n >> (63 - 10 * (unit - units + 1)))
        return 0;
    return n << (10 * (unit - units + 1));
}

static uint64_t bytes_of(const char *text)
{
    return bytes_until(text, 0);
}

/* "1M", "1M,4711" */
static void read_min_peak(const char *text)
{
    const char *comma = text ? strchr(text, ',') : NULL;
    mt_config.min_peak_but = comma ? bytes_of(comma + 1) : 0;
    mt_config.min_peak = bytes_until(text, ',');
}

void mt_config_read(void)
{
    static char room[65536]; /* once per process, too big for a small thread's stack */
    const char *output = mt_os_variable("MEMTRACE_OUTPUT", room, sizeof room);
    mt_config.output[0] = 0;
    if (output && strlen(output) < sizeof mt_config.output)
        memcpy(mt_config.output, output, strlen(output) + 1);
    const char *lines = mt_os_variable("MEMTRACE_LINES", room, sizeof room);
    mt_config.lines[0] = 0;
    if (lines && strlen(lines) < sizeof mt_config.lines)
        memcpy(mt_config.lines, lines, strlen(lines) + 1);
    mt_config.max_log = bytes_of(mt_os_variable("MEMTRACE_MAX_LOG", room, sizeof room));
    read_min_peak(mt_os_variable("MEMTRACE_MIN_PEAK", room, sizeof room));
    mt_config.quiet = flag("MEMTRACE_QUIET", false, room, sizeof room);
    mt_config.summary = flag("MEMTRACE_SUMMARY", false, room, sizeof room);
    uint64_t process = bytes_of(mt_os_variable("MEMTRACE_SUMMARY", room, sizeof room));
    if (process > 1)
        mt_config.summary = process;
    mt_config.python = flag("MEMTRACE_PYTHON", true, room, sizeof room);
    mt_config.python_objects = flag("MEMTRACE_PYTHON_OBJECTS", true, room, sizeof room);
}
