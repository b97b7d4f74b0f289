/* SPDX-License-Identifier: MIT
 *
 * Keeps words, sorts them, prints the first. The example of .github/workflows/memory.yml.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **read_words(size_t count)
{
    char **words = malloc(count * sizeof *words);
    for (size_t i = 0; words && i < count; i++) {
        char text[32];
        snprintf(text, sizeof text, "word %zu", i * 7919 % count);
        words[i] = strdup(text);
    }
    return words;
}

static int order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    char **words = read_words(count);
    if (!words || !count)
        return 1;
    qsort(words, count, sizeof *words, order);
    puts(words[0]);
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    free(words);
    return 0;
}
