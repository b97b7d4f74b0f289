/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define LETTERS 32u /* no word that is known is longer */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters have to be put in, taken out, changed, or exchanged with the next one. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LETTERS + 1], length = strlen(a), width = strlen(b);
    if (length > LETTERS || width > LETTERS)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two[j - 2] + 1);
        }
    }
    return rows[length % 3][width];
}

const char *nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t fewest = (strlen(word) + 2) / 3; /* more wrong letters than that are another word */
    for (size_t i = 0; i < count; i++) {
        size_t wrong =
            word[0] && word[1] && text_starts(words[i], word) ? 1 : distance(word, words[i]);
        if (wrong < fewest || (!best && wrong == fewest)) {
            best = words[i];
            fewest = wrong;
        }
    }
    return best;
}
