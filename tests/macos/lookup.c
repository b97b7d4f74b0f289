/* SPDX-License-Identifier: MIT
 *
 * What the command's reader of symbols knows of addresses in a file: lookup FILE [-i ID] [ADDRESS...]
 *
 * For each address, in hexadecimal, one line for each function, the innermost first: FUNCTION FILE:LINE, with "?" for what is not known; then an
 * empty line. Exit status 1, and why: there is something wrong with the file. Without an address: that alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "symbols/find.h"
#include "symbols/symbols.h"

static size_t id_read(const char *text, unsigned char id[64])
{
    size_t bytes = strlen(text) / 2;
    for (size_t i = 0; i < bytes && i < 64; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0};
        id[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return bytes;
}

static void show(struct symbols *symbols, const struct strings *strings, const char *address)
{
    struct symbol found[SYMBOLS_INLINED_MAX];
    size_t count = symbols_find(symbols, strtoull(address, NULL, 16), found);
    for (size_t i = 0; i < count; i++) {
        const char *function = strings_get(strings, found[i].function);
        const char *file = strings_get(strings, found[i].file);
        printf("%s %s:%u\n", function ? function : "?", file ? file : "?", found[i].line);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    unsigned char id[64];
    struct strings strings = {0};
    int first = 2;
    if (argc < 2)
        return 2;
    struct symbols_wanted wanted = {.path = argv[1], .build_id = id};
    if (argc > 3 && !strcmp(argv[2], "-i")) {
        wanted.build_id_bytes = id_read(argv[3], id);
        first = 4;
    }
    struct symbols *symbols = symbols_open(&wanted, &strings);
    const char *problem = symbols_problem(symbols);
    for (int i = first; i < argc && !problem; i++)
        show(symbols, &strings, argv[i]);
    if (!problem)
        problem = symbols_lines_problem(symbols);
    fflush(stdout);
    if (problem)
        fprintf(stderr, "%s\n", problem);
    symbols_close(symbols);
    strings_free(&strings);
    return problem != NULL;
}
