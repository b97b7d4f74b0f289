/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <inttypes.h>

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

size_t text_put(FILE *out, const char *text, size_t bytes, size_t columns)
{
    bool cut = columns != SIZE_MAX && text_width(text, bytes) > columns;
    size_t room = !cut ? SIZE_MAX : columns > 3 ? columns - 3 : columns;
    size_t used = 0;
    for (size_t i = 0; i < bytes && used < room; used++) {
        uint32_t code = 0;
        size_t length = text_decode(text + i, bytes - i, &code);
        if (!length)
            fputs("\xef\xbf\xbd", out);
        else if (code == '\t')
            fputc(' ', out);
        else if (text_harmful(code))
            fputc('?', out);
        else
            fwrite(text + i, 1, length, out);
        i += length ? length : 1;
    }
    if (cut && columns > 3) {
        fputs("...", out);
        used += 3;
    }
    return used;
}

size_t text_width(const char *text, size_t bytes)
{
    size_t width = 0;
    for (size_t i = 0; i < bytes; width++) {
        uint32_t code = 0;
        size_t length = text_decode(text + i, bytes - i, &code);
        i += length ? length : 1;
    }
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
