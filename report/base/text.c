/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#include "base/glyph.h"

size_t text_decode(const char *text, size_t bytes, uint32_t *code)
{
    const unsigned char *t = (const unsigned char *)text;
    if (t[0] < 0x80) {
        *code = t[0];
        return 1;
    }
    size_t length = t[0] >= 0xf0 ? 4 : t[0] >= 0xe0 ? 3 : 2;
    if (t[0] < 0xc2 || t[0] > 0xf4 || length > bytes)
        return 0;
    uint32_t value = t[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((t[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (t[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return length;
}

bool text_harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

/* The next character, as it is printed. */
static struct glyph text_glyph(const char *text, size_t bytes, size_t *length)
{
    uint32_t code = 0;
    *length = text_decode(text, bytes, &code);
    if (!*length) {
        *length = 1;
        return glyph_of(0xfffd, "\xef\xbf\xbd", 3);
    }
    if (code == '\t' || code == '\f' || code == '\v')
        return glyph_of(' ', " ", 1);
    if (text_harmful(code))
        return glyph_of('?', "?", 1);
    return glyph_of(code, text, *length);
}

size_t text_put(FILE *out, const char *text, size_t bytes, size_t columns)
{
    bool cut = columns != SIZE_MAX && text_width(text, bytes) > columns;
    size_t room = !cut ? SIZE_MAX : columns > 3 ? columns - 3 : columns;
    size_t used = 0, length;
    for (size_t i = 0; i < bytes; i += length) {
        struct glyph glyph = text_glyph(text + i, bytes - i, &length);
        if (glyph.columns > room - used)
            break;
        fwrite(glyph.text, 1, glyph.bytes, out);
        used += glyph.columns;
    }
    if (cut && columns > 3) {
        fputs("...", out);
        used += 3;
    }
    return used;
}

size_t text_width(const char *text, size_t bytes)
{
    size_t width = 0, length;
    for (size_t i = 0; i < bytes; i += length)
        width += text_glyph(text + i, bytes - i, &length).columns;
    return width;
}

char *text_count(char out[TEXT_COUNT_BYTES], uint64_t value)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
    size_t used = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = 0;
    return out;
}

bool text_starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

const char *text_s(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static bool sizes_exact;

void text_sizes_exact(void)
{
    sizes_exact = true;
}

/* `decimals`: from KiB up; -1: as many as make three digits. */
static char *size_text(char out[TEXT_SIZE_BYTES], int64_t bytes, int decimals)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    uint64_t magnitude = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes;
    const char *minus = bytes < 0 ? "-" : "";
    if (sizes_exact || magnitude < 1024) {
        char count[TEXT_COUNT_BYTES];
        if (sizes_exact)
            snprintf(out, TEXT_SIZE_BYTES, "%s%s B", minus, text_count(count, magnitude));
        else
            snprintf(out, TEXT_SIZE_BYTES, "%s%" PRIu64 " B", minus, magnitude);
        return out;
    }
    double size = (double)magnitude / 1024;
    unsigned unit = 1;
    for (; size >= 999.5; unit++)
        size /= 1024;
    if (decimals < 0)
        decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    snprintf(out, TEXT_SIZE_BYTES, "%s%.*f %s", minus, decimals, size, units[unit]);
    return out;
}

char *text_size(char out[TEXT_SIZE_BYTES], int64_t bytes)
{
    return size_text(out, bytes, -1);
}

char *text_total(char out[TEXT_SIZE_BYTES], int64_t bytes)
{
    return size_text(out, bytes, 3);
}
