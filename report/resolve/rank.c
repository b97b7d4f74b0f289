/* SPDX-License-Identifier: MIT */
#include "resolve/rank.h"

#include <string.h>

#include "base/text.h"
#include "resolve/rules.h"

/* "/lib/python3.11/" or "/lib/python3/" and the like somewhere in the path. */
static bool in_python_library(const char *path)
{
    if (strstr(path, "/site-packages/") || strstr(path, "/dist-packages/"))
        return true;
    for (const char *p = path; (p = strstr(p, "/lib")); p += 4) {
        const char *q = p + 4;
        if (text_starts(q, "64"))
            q += 2;
        if (!text_starts(q, "/python"))
            continue;
        q += strlen("/python");
        q += strspn(q, "0123456789.");
        if (*q == '/' || (*q == 't' && q[1] == '/'))
            return true;
    }
    return false;
}

enum rank rank_python(const char *file)
{
    if (!file || text_starts(file, "<frozen ") || in_python_library(file) ||
        strstr(file, "/python/memtrace/")) /* our own module */
        return RANK_LIBRARY;
    if (text_starts(file, "<ipython-input-") || text_starts(file, "<python-input-") ||
        text_starts(file, "<doctest "))
        return RANK_USER;
    if (file[0] == '<') /* "<string>": python -c, but also what site.py executes at start */
        return RANK_PROGRAM;
    return RANK_USER;
}

static bool is_interpreter(const char *module)
{
    const char *slash = strrchr(module, '/');
    const char *base = slash ? slash + 1 : module;
    return text_starts(base, "python") || text_starts(base, "libpython");
}

bool rank_is_tracker(const char *module)
{
    const char *slash = strrchr(module, '/');
    return slash && (text_starts(slash, "/libmemtrace.so") || !strcmp(slash, "/libmemtrace.dylib"));
}

/* Where a system keeps its libraries. */
static bool in_system_library(const char *module)
{
    return text_starts(module, "/lib/") || text_starts(module, "/lib64/") ||
           text_starts(module, "/lib32/") || text_starts(module, "/usr/lib/") ||
           text_starts(module, "/usr/lib64/") || text_starts(module, "/usr/lib32/") ||
           text_starts(module, "/System/Library/");
}

enum rank rank_native(const struct rank_code *code)
{
    const char *module = code->module;
    if (rank_is_tracker(module) || in_python_library(module) || !*module)
        return RANK_LIBRARY;
    if (code->python && is_interpreter(module))
        return RANK_LIBRARY;
    /* A program may have any name. */
    if (!code->program &&
        (rules_runtime(module) || (code->python && !code->file && in_system_library(module))))
        return RANK_LIBRARY;
    if (!code->file) /* what has no name must not be preferred to a library's that has one */
        return code->name && !rules_start(code->name) && !rules_runtime_name(code->name)
                   ? RANK_PROGRAM
                   : RANK_LIBRARY;
    return rules_runtime_source(code->file) ? RANK_LIBRARY : RANK_USER;
}
