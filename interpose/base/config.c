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

/* "100000", "64M", followed by nothing or by `end`. False: it is no number of bytes. */
static bool read_bytes(const char *text, char end, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return false;
    if (p == text)
        return false;
    if (*p && *p != end) {
        const char *unit = *p == ' ' ? NULL : strchr(units, *p & ~0x20);
        if (!unit || (p[1] && p[1] != end) || n >> (63 - 10 * (unit - units + 1)))
            return false;
        n <<= 10 * (unit - units + 1);
    }
    *bytes = n;
    return true;
}

/* 0 if there is none; if it is no number of bytes, too, and `name` is told of. */
static uint64_t bytes_until(const char *name, const char *text, char end)
{
    uint64_t bytes = 0;
    if (text && *text && !read_bytes(text, end, &bytes))
        mt_config.wrong = name;
    return bytes;
}

/* "1M", "1M,4711" */
static void read_min_peak(char *room, size_t bytes)
{
    static const char name[] = "MEMTRACE_MIN_PEAK";
    const char *text = mt_os_variable(name, room, bytes);
    const char *comma = text ? strchr(text, ',') : NULL;
    mt_config.min_peak_but = comma ? bytes_until(name, comma + 1, 0) : 0;
    mt_config.min_peak = bytes_until(name, text, ',');
}

/* A text, if there is room for it. */
static void read_text(const char *name, char *to, size_t most, char *room, size_t bytes)
{
    const char *text = mt_os_variable(name, room, bytes);
    size_t length = text ? strlen(text) : 0;
    if (length >= most) {
        mt_config.wrong = name;
        length = 0;
    }
    if (length)
        memcpy(to, text, length);
    to[length] = 0;
}

void mt_config_read(void)
{
    static char room[65536]; /* once per process, too big for a small thread's stack */
    read_text("MEMTRACE_OUTPUT", mt_config.output, sizeof mt_config.output, room, sizeof room);
    read_text("MEMTRACE_LINES", mt_config.lines, sizeof mt_config.lines, room, sizeof room);
    static const char max_log[] = "MEMTRACE_MAX_LOG";
    mt_config.max_log = bytes_until(max_log, mt_os_variable(max_log, room, sizeof room), 0);
    read_min_peak(room, sizeof room);
    mt_config.quiet = flag("MEMTRACE_QUIET", false, room, sizeof room);
    mt_config.summary = flag("MEMTRACE_SUMMARY", false, room, sizeof room);
    const char *process = mt_os_variable("MEMTRACE_SUMMARY", room, sizeof room);
    uint64_t number;
    if (process && read_bytes(process, 0, &number) && number > 1)
        mt_config.summary = number; /* another text is as 1 */
    mt_config.python = flag("MEMTRACE_PYTHON", true, room, sizeof room);
    mt_config.python_objects = flag("MEMTRACE_PYTHON_OBJECTS", true, room, sizeof room);
}
