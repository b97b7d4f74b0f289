/* SPDX-License-Identifier: MIT */
#include "resolve/match.h"

#include <fnmatch.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static bool match_file(const char *wanted, size_t length, const char *file)
{
    size_t have = file ? strlen(file) : 0;
    if (!length || have < length || memcmp(file + have - length, wanted, length) != 0)
        return false;
    return have == length || file[have - length - 1] == '/';
}

/* Length of a name without "(int, char const*) const" and "<int>" at its end, so that "f" finds
 * f<int>(int). */
static size_t bare_length(const char *name)
{
    size_t length = strlen(name);
    const char *open = strchr(name, '(');
    if (open && open > name && open[1] != 'a') /* not "(anonymous namespace)::f" */
        length = (size_t)(open - name);
    if (length && name[length - 1] == '>' && name[0] != '<') {
        int depth = 0;
        for (size_t i = length; i-- > 0;) {
            depth += name[i] == '>' ? 1 : name[i] == '<' ? -1 : 0;
            if (!depth)
                return i;
        }
    }
    return length;
}

static bool match_end(const char *wanted, const char *name, size_t length)
{
    size_t want = strlen(wanted);
    if (!want || length < want || memcmp(name + length - want, wanted, want) != 0)
        return false;
    return length == want || strchr(".: ", name[length - want - 1]) != NULL;
}

static bool match_name(const char *wanted, const char *name)
{
    return name &&
           (match_end(wanted, name, strlen(name)) || match_end(wanted, name, bare_length(name)));
}

/* "a.b" of .../a/b.py and of .../a/b/__init__.py. */
static bool match_module(const char *wanted, size_t length, const char *file)
{
    static const char *const endings[] = {"/__init__.py", ".py"};
    size_t have = file ? strlen(file) : 0;
    for (size_t i = 0; i < 2 && length; i++) {
        size_t end = strlen(endings[i]);
        if (have < end + length || strcmp(file + have - end, endings[i]) != 0)
            continue;
        const char *at = file + have - end - length;
        size_t same = 0;
        while (same < length && at[same] == (wanted[same] == '.' ? '/' : wanted[same]))
            same++;
        if (same == length && (at == file || at[-1] == '/'))
            return true;
    }
    return false;
}

bool match_function(const char *wanted, const char *file, const char *name)
{
    if (match_name(wanted, name) || match_file(wanted, strlen(wanted), file))
        return true;
    for (const char *dot = wanted; (dot = strchr(dot, '.')); dot++)
        if (match_module(wanted, (size_t)(dot - wanted), file) && match_name(dot + 1, name))
            return true;
    /* FILE:FUNCTION, at any single colon: both may have some of their own */
    for (const char *colon = wanted; (colon = strchr(colon, ':')); colon++)
        if (match_file(wanted, (size_t)(colon - wanted), file) && match_name(colon + 1, name))
            return true;
    return false;
}

bool match_name_glob(const char *glob, const char *name)
{
    if (!name)
        return false;
    if (!fnmatch(glob, name, 0))
        return true;
    char *bare = base_copy(name, bare_length(name));
    bool matches = !fnmatch(glob, bare, 0);
    free(bare);
    return matches;
}

bool match_path_glob(const char *glob, const char *path)
{
    if (!path || !*path)
        return false;
    const char *slash = strrchr(path, '/');
    return !fnmatch(glob, path, 0) || (slash && !fnmatch(glob, slash + 1, 0));
}
