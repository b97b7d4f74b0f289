/* SPDX-License-Identifier: MIT
 *
 * Which function a user means. The report matches names in the same way, see its match.c.
 */
#include <string.h>

#include "hooks/python/exact_names.h"

struct word {
    const char *text;
    size_t bytes;
};

static struct word part(struct word w, size_t from, size_t to)
{
    return (struct word){w.text + from, to - from};
}

/* `whole` is `end`, or ends with it behind a `border`. */
static bool ends_with(struct word whole, struct word end, char border)
{
    if (!end.bytes || whole.bytes < end.bytes ||
        memcmp(whole.text + whole.bytes - end.bytes, end.text, end.bytes) != 0)
        return false;
    return whole.bytes == end.bytes || whole.text[whole.bytes - end.bytes - 1] == border;
}

static bool is_name(struct word wanted, struct word name, bool bare)
{
    if (bare) {
        const char *dot = memrchr(wanted.text, '.', wanted.bytes);

        if (dot)
            wanted = part(wanted, (size_t)(dot + 1 - wanted.text), wanted.bytes);
    }
    return ends_with(name, wanted, '.');
}

/* "a.b" of .../a/b.py and of .../a/b/__init__.py. The main program's module has no name of its own.
 */
static bool is_module(struct word wanted, struct word file)
{
    static const char *const endings[] = {"/__init__.py", ".py"};
    char path[512];

    if (wanted.bytes == 8 && !memcmp(wanted.text, "__main__", 8))
        return true;
    if (!wanted.bytes || wanted.bytes > sizeof path)
        return false;
    for (size_t i = 0; i < wanted.bytes; i++)
        path[i] = wanted.text[i] == '.' ? '/' : wanted.text[i];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t bytes = strlen(endings[i]);

        if (file.bytes > bytes && !memcmp(file.text + file.bytes - bytes, endings[i], bytes) &&
            ends_with(part(file, 0, file.bytes - bytes), (struct word){path, wanted.bytes}, '/'))
            return true;
    }
    return false;
}

bool mt_python_exact_match(const char *wanted, size_t wanted_bytes, const char *file,
                           size_t file_bytes, const char *name, size_t name_bytes, bool bare)
{
    struct word w = {wanted, wanted_bytes}, f = {file, file_bytes}, n = {name, name_bytes};

    if (is_name(w, n, bare) || ends_with(f, w, '/'))
        return true;
    for (size_t i = 0; i < w.bytes; i++) {
        if (w.text[i] == ':' && ends_with(f, part(w, 0, i), '/') &&
            is_name(part(w, i + 1, w.bytes), n, bare))
            return true;
        if (w.text[i] == '.' && is_module(part(w, 0, i), f) &&
            is_name(part(w, i + 1, w.bytes), n, bare))
            return true;
    }
    return false;
}
