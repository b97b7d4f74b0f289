/* SPDX-License-Identifier: MIT
 *
 * The forms are described in CPython's Objects/lnotab_notes.txt and Objects/locations.md.
 */
#include "python/lines.h"

#define NO_LINE (-1)

/* Up to 3.9: pairs of an address increment and a signed line increment. A line holds until an
 * address passes the offset. */
static int from_lnotab(const uint8_t *table, size_t bytes, int line, int64_t offset)
{
    int64_t address = 0;

    for (size_t i = 0; i + 1 < bytes; i += 2) {
        address += table[i];
        if (address > offset)
            break;
        line += (int8_t)table[i + 1];
    }
    return line;
}

/* 3.10: pairs of a range's length and the signed line increment at its start; -128: no line. */
static int from_ranges(const uint8_t *table, size_t bytes, int line, int64_t offset)
{
    int64_t end = 0;

    for (size_t i = 0; i + 1 < bytes; i += 2) {
        int8_t step = (int8_t)table[i + 1];

        if (step != -128)
            line += step;
        end += table[i];
        if (end > offset)
            return step == -128 ? NO_LINE : line;
    }
    return NO_LINE;
}

struct cursor {
    const uint8_t *at, *end;
};

/* Six bits a byte, lowest first; bit 6: more follow. */
static uint32_t varint(struct cursor *c)
{
    uint32_t value = 0;
    unsigned shift = 0, byte = 64;

    while (byte & 64 && c->at < c->end && shift < 32) {
        byte = *c->at++;
        value |= (uint32_t)(byte & 63) << shift;
        shift += 6;
    }
    return value;
}

static int svarint(struct cursor *c)
{
    uint32_t value = varint(c);

    return value & 1 ? -(int)(value >> 1) : (int)(value >> 1);
}

enum {
    KIND_ONE_LINE_0 = 10,
    KIND_ONE_LINE_2 = 12,
    KIND_NO_COLUMNS = 13,
    KIND_LONG = 14,
    KIND_NONE = 15
};

/* 3.11 on: entries that begin with a byte that has bit 7 set, which no other byte has. */
static int from_locations(const uint8_t *table, size_t bytes, struct mt_python_mark *mark,
                          int64_t offset)
{
    struct cursor c = {table + mark->at, table + bytes};

    while (c.at < c.end) {
        unsigned first = *c.at++, kind = first >> 3 & 15;
        int64_t end = mark->end + 2 * ((first & 7) + 1);
        int line = mark->line;

        if (kind == KIND_NO_COLUMNS || kind == KIND_LONG)
            line += svarint(&c);
        else if (kind >= KIND_ONE_LINE_0 && kind <= KIND_ONE_LINE_2)
            line += (int)kind - KIND_ONE_LINE_0;
        if (end > offset)
            return kind == KIND_NONE ? NO_LINE : line;
        while (c.at < c.end && !(*c.at & 128))
            c.at++;
        *mark = (struct mt_python_mark){(size_t)(c.at - table), end, line};
    }
    return NO_LINE;
}

int mt_python_line(enum mt_python_lines form, const uint8_t *table, size_t bytes, int first_line,
                   int64_t offset, struct mt_python_mark *mark)
{
    struct mt_python_mark start = {0, 0, first_line};

    if (offset < 0)
        return first_line;
    switch (form) {
    case MT_LINES_LNOTAB:
        return from_lnotab(table, bytes, first_line, offset);
    case MT_LINES_RANGES:
        return from_ranges(table, bytes, first_line, offset);
    case MT_LINES_LOCATIONS:
        if (!mark)
            mark = &start;
        else if (mark->at == 0 || mark->at > bytes || mark->end > offset)
            *mark = start;
        return from_locations(table, bytes, mark, offset);
    }
    return NO_LINE;
}

/* Steps of pairs, each the second byte; `none` stands for a range without a line. */
static int last_of_pairs(const uint8_t *table, size_t bytes, int line, int none)
{
    int last = line;

    for (size_t i = 0; i + 1 < bytes; i += 2) {
        int step = (int8_t)table[i + 1]; /* NOLINT(bugprone-signed-char-misuse): it has a sign */

        if (step != none)
            line += step;
        if (line > last)
            last = line;
    }
    return last;
}

static int last_of_locations(const uint8_t *table, size_t bytes, int line)
{
    struct cursor c = {table, table + bytes};
    int last = line;

    while (c.at < c.end) {
        unsigned kind = *c.at++ >> 3 & 15;

        if (kind == KIND_NO_COLUMNS || kind == KIND_LONG)
            line += svarint(&c);
        else if (kind >= KIND_ONE_LINE_0 && kind <= KIND_ONE_LINE_2)
            line += (int)kind - KIND_ONE_LINE_0;
        if (line > last)
            last = line;
        while (c.at < c.end && !(*c.at & 128))
            c.at++;
    }
    return last;
}

int mt_python_line_last(enum mt_python_lines form, const uint8_t *table, size_t bytes,
                        int first_line)
{
    switch (form) {
    case MT_LINES_LNOTAB:
        return last_of_pairs(table, bytes, first_line, 256);
    case MT_LINES_RANGES:
        return last_of_pairs(table, bytes, first_line, -128);
    case MT_LINES_LOCATIONS:
        return last_of_locations(table, bytes, first_line);
    }
    return first_line;
}
