/* SPDX-License-Identifier: MIT
 *
 * The library's own reading of them is interpose/base/config.c.
 */
#include "base/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/nearest.h"

#define PREFIX       "MEMTRACE_"
#define PREFIX_BYTES (sizeof PREFIX - 1)

enum kind {
    KIND_ANY,      /* not the library's, or of no form */
    KIND_NAME,     /* of a file: shorter than 3072 bytes */
    KIND_NAMES,    /* shorter than 2048 bytes */
    KIND_FLAG,     /* 0, 1 */
    KIND_NUMBER,   /* 0, 1, a process */
    KIND_SIZE,     /* 65536, 500K */
    KIND_MIN_PEAK, /* a size; a size, a comma and a process */
    KINDS
};

static const struct {
    const char *name;
    enum kind kind;
} settings[] = {{"MEMTRACE_OUTPUT", KIND_NAME},         {"MEMTRACE_MAX_LOG", KIND_SIZE},
                {"MEMTRACE_MIN_PEAK", KIND_MIN_PEAK},   {"MEMTRACE_SUMMARY", KIND_NUMBER},
                {"MEMTRACE_QUIET", KIND_FLAG},          {"MEMTRACE_PYTHON", KIND_FLAG},
                {"MEMTRACE_PYTHON_OBJECTS", KIND_FLAG}, {"MEMTRACE_LINES", KIND_NAMES},
                {"MEMTRACE_PYTHON_BEGIN", KIND_ANY},    {"MEMTRACE_UNTRACED", KIND_ANY},
                {"MEMTRACE_LIBRARY", KIND_ANY},         {"MEMTRACE_MEMIT", KIND_ANY},
                {"MEMTRACE_CACHE", KIND_ANY},           {"MEMTRACE_THREADS", KIND_ANY},
                {"MEMTRACE_PYTEST", KIND_ANY},          {"MEMTRACE_PUSH_USER", KIND_ANY},
                {"MEMTRACE_PUSH_PASSWORD", KIND_ANY},   {"MEMTRACE_PUSH_TOKEN", KIND_ANY}};
#define SETTINGS (sizeof settings / sizeof settings[0])

static const char *const forms[KINDS] = {[KIND_NAME] = "a name of less than 3,072 bytes",
                                         [KIND_NAMES] = "less than 2,048 bytes of names",
                                         [KIND_FLAG] = "0 or 1",
                                         [KIND_NUMBER] = "0, 1 or the number of a process",
                                         [KIND_SIZE] = SETTINGS_SIZE,
                                         [KIND_MIN_PEAK] = SETTINGS_SIZE};

/* Behind a number of bytes, with its unit; NULL: it is none, or too large. */
static const char *behind_size(const char *text)
{
    static const char units[] = "KMGT";
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
            return NULL;
    if (p == text)
        return NULL;
    const char *unit = *p && *p != ' ' ? strchr(units, *p & ~0x20) : NULL;
    if (unit && n >> (63 - 10 * (unit - units + 1)))
        return NULL;
    return unit ? p + 1 : p;
}

bool settings_is_size(const char *text)
{
    const char *end = behind_size(text);
    return end && !*end;
}

static bool is_form(enum kind kind, const char *value)
{
    const char *end;
    switch (kind) {
    case KIND_NAME:
        return strlen(value) < 3072;
    case KIND_NAMES:
        return strlen(value) < 2048;
    case KIND_FLAG:
        return !strcmp(value, "0") || !strcmp(value, "1");
    case KIND_NUMBER:
        return !value[strspn(value, "0123456789")];
    case KIND_SIZE:
        return settings_is_size(value);
    case KIND_MIN_PEAK:
        end = behind_size(value);
        return end && (!*end || (*end == ',' && !end[1 + strspn(end + 1, "0123456789")]));
    default:
        return true;
    }
}

static bool is_quiet(void)
{
    const char *quiet = getenv("MEMTRACE_QUIET");
    return quiet && *quiet && strcmp(quiet, "0") != 0;
}

/* The begin that all have in common makes none near to another. */
static void say_unknown(const char *name)
{
    const char *rests[SETTINGS];
    for (size_t i = 0; i < SETTINGS; i++)
        rests[i] = settings[i].name + PREFIX_BYTES;
    const char *near = nearest(name + PREFIX_BYTES, rests, SETTINGS);
    base_say("there is no setting %s: it does nothing%s%s%s", name,
             near ? "; did you mean '" PREFIX : "", near ? near : "", near ? "'?" : "");
}

/* One "NAME=value". */
static bool check(const char *variable)
{
    const char *equals = strchr(variable, '=');
    if (!equals)
        return true;
    char *name = base_copy(variable, (size_t)(equals - variable));
    size_t i = 0;
    while (i < SETTINGS && strcmp(name, settings[i].name) != 0)
        i++;
    if (i == SETTINGS && !is_quiet())
        say_unknown(name);
    free(name);
    if (i == SETTINGS || !equals[1] || is_form(settings[i].kind, equals + 1))
        return true; /* an empty one is as none */
    base_say("%s: '%.64s' is not %s", settings[i].name, equals + 1, forms[settings[i].kind]);
    return false;
}

/* Of this repository's scripts and tests. */
static bool is_scripts(const char *rest)
{
    return !strncmp(rest, "TEST_", 5) || !strncmp(rest, "BUILD=", 6);
}

bool settings_check(void)
{
    bool good = true;
    for (char **e = environ; e && *e; e++)
        if (!strncmp(*e, PREFIX, PREFIX_BYTES) && !is_scripts(*e + PREFIX_BYTES))
            good &= check(*e);
    return good;
}
