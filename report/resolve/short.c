/* SPDX-License-Identifier: MIT
 *
 * Paths that end alike stand next to each other when they are sorted from their ends, and the nearest two share most.
 */
#include "resolve/short.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static int from_the_end(const void *a, const void *b, void *context)
{
    const struct frames *frames = context;
    const char *x = strings_get(&frames->strings, *(const uint32_t *)a);
    const char *y = strings_get(&frames->strings, *(const uint32_t *)b);
    size_t i = strlen(x), j = strlen(y);
    while (i && j && x[i - 1] == y[j - 1])
        i--, j--;
    if (!i || !j)
        return i ? 1 : j ? -1 : 0;
    return (unsigned char)x[i - 1] < (unsigned char)y[j - 1] ? -1 : 1;
}

/* Bytes at the end that are the same. */
static size_t same_end(const char *x, const char *y)
{
    size_t i = strlen(x), j = strlen(y), same = 0;
    while (same < i && same < j && x[i - 1 - same] == y[j - 1 - same])
        same++;
    return same;
}

/* The shortest end of the path, of whole components, that is longer than `same` bytes. */
static const char *end_of(const char *path, size_t same)
{
    size_t length = strlen(path);
    for (size_t at = length; at-- > 0;)
        if (path[at] == '/' && at + 1 < length && length - at - 1 > same)
            return path + at + 1;
    return path;
}

void short_make(struct frames *frames)
{
    size_t count = 0, ids = frames->strings.count;
    uint32_t *files = base_alloc(ids + 1, sizeof *files);
    unsigned char *is_file = base_alloc(ids + 1, 1);
    for (size_t f = 0; f < frames->function_count; f++)
        is_file[frames->functions[f].file] = 1;
    for (uint32_t id = 1; id <= ids; id++)
        if (is_file[id])
            files[count++] = id;
    if (count)
        qsort_r(files, count, sizeof *files, from_the_end, frames);
    frames->shorts = base_alloc(ids + 1, sizeof *frames->shorts);
    frames->short_count = ids;
    for (size_t i = 0; i < count; i++) {
        const char *path = strings_get(&frames->strings, files[i]);
        size_t same = i ? same_end(path, strings_get(&frames->strings, files[i - 1])) : 0;
        size_t next =
            i + 1 < count ? same_end(path, strings_get(&frames->strings, files[i + 1])) : 0;
        frames->shorts[files[i]] = end_of(path, same > next ? same : next);
    }
    free(files);
    free(is_file);
}
