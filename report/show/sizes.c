/* SPDX-License-Identifier: MIT */
#include "show/sizes.h"

#include <string.h>

#include "base/glyph.h"
#include "base/text.h"

#define BAR 30u /* columns of the longest one */

/* "64 B to 127 B": exact, as a unit begins at each tenth power. The last size of a power is written as such below 1 KiB only. */
static void range_text(char *out, size_t bytes, unsigned i)
{
    char from[TEXT_SIZE_BYTES], to[TEXT_SIZE_BYTES];
    uint64_t next = sizes_to(i) + 1;
    if (!next)
        snprintf(out, bytes, "%s and more", text_size(from, (int64_t)sizes_from(i)));
    else if (next <= 1024)
        snprintf(out, bytes, "%u to %u B", (unsigned)sizes_from(i), (unsigned)sizes_to(i));
    else
        snprintf(out, bytes, "%s to < %s", text_size(from, (int64_t)sizes_from(i)),
                 text_size(to, (int64_t)next));
}

/* In eighths of a column where the terminal has the glyphs; what there is at all has the smallest one. */
static void print_bar(uint64_t count, uint64_t most, FILE *out)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    bool blocks = glyph_knows("█") && glyph_knows("▏");
    unsigned steps = blocks ? 8 : 1;
    unsigned length = (unsigned)((double)count / (double)most * BAR * steps + 0.5);
    if (count && !length)
        length = 1;
    for (; length >= steps; length -= steps)
        if (blocks)
            text_put(out, parts[8], strlen(parts[8]), SIZE_MAX);
        else
            putc('#', out);
    if (length)
        text_put(out, parts[length], strlen(parts[length]), SIZE_MAX);
}

static void print_one(const char *range, uint64_t count, uint64_t most, const char *indent,
                      FILE *out)
{
    char number[TEXT_COUNT_BYTES];
    fprintf(out, "%s%24s %12s  ", indent, range, text_count(number, count));
    print_bar(count, most, out);
    putc('\n', out);
}

void sizes_print(const struct sizes *sizes, uint64_t allocations, const char *indent, FILE *out)
{
    uint64_t known = 0, most = 1;
    unsigned first = SIZES, last = 0;
    for (unsigned i = 0; i < SIZES; i++) {
        known += sizes->count[i];
        if (!sizes->count[i])
            continue;
        first = first < i ? first : i;
        last = i;
        most = sizes->count[i] > most ? sizes->count[i] : most;
    }
    for (unsigned i = first; i <= last && i < SIZES; i++) {
        char range[2 * TEXT_SIZE_BYTES + 16];
        range_text(range, sizeof range, i);
        print_one(range, sizes->count[i], most, indent, out);
    }
    if (known < allocations)
        print_one("size not known", allocations - known, allocations > most ? allocations : most,
                  indent, out);
}

void sizes_json(const struct sizes *sizes, struct json *json)
{
    json_open(json, "sizes", '[');
    for (unsigned i = 0; i < SIZES; i++) {
        if (!sizes->count[i])
            continue;
        json_open(json, NULL, '{');
        json_unsigned(json, "from_bytes", sizes_from(i));
        if (sizes_to(i) == UINT64_MAX)
            json_none(json, "to_bytes");
        else
            json_unsigned(json, "to_bytes", sizes_to(i));
        json_unsigned(json, "allocations", sizes->count[i]);
        json_close(json, '}');
    }
    json_close(json, ']');
}
