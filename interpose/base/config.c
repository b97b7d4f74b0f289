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

/* "100000", "64M", followed by nothing or by `end`: 0 if it is not a number of bytes, and `name` is told of. */
static uint64_t bytes_until(const char *name, const char *text, char end)
{
    static const char units[] = "KMGT";
    uint64_t n = 0;
    const char *p = text;
    bool fits = true;
    for (; p && *p >= '0' && *p <= '9'; p++)
        fits &= !__builtin_mul_overflow(n, 10, &n) && !__builtin_add_overflow(n, *p - '0', &n);
    if (!p || !*text)
        return 0;
    if (fits && p != text && (!*p || *p == end))
        return n;
    const char *unit = *p == ' ' ? NULL : strchr(units, *p & ~0x20);
    if (fits && p != text && unit && (!p[1] || p[1] == end) &&
        !(n >> (63 - 10 * (unit - units + 1))))
        return n << (10 * (unit - units + 1));
    mt_config.wrong = name;
    return 0;
}

static uint64_t bytes_of(const char *name, char *room, size_t bytes)
{
    return bytes_until(name, mt_os_variable(name, room, bytes), 0);
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
    mt_config.max_log = bytes_of("MEMTRACE_MAX_LOG", room, sizeof room);
    read_min_peak(room, sizeof room);
    mt_config.quiet = flag("MEMTRACE_QUIET", false, room, sizeof room);
    mt_config.summary = flag("MEMTRACE_SUMMARY", false, room, sizeof room);
    const char *wrong = mt_config.wrong;
    uint64_t process = bytes_of("MEMTRACE_SUMMARY", room, sizeof room);
    mt_config.wrong = wrong; /* another text is as 1 */
    if (process > 1)
        mt_config.summary = process;
    mt_config.python = flag("MEMTRACE_PYTHON", true, room, sizeof room);
    mt_config.python_objects = flag("MEMTRACE_PYTHON_OBJECTS", true, room, sizeof room);
}
