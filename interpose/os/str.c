/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "os/str.h"

void mt_str_add(struct mt_str *s, const char *text, size_t bytes)
{
    size_t room = s->cap - 1 - s->used;
    if (bytes > room) {
        bytes = room;
        s->cut = true;
    }
    memcpy(s->text + s->used, text, bytes);
    s->used += bytes;
    s->text[s->used] = 0;
}

void mt_str_add_z(struct mt_str *s, const char *text)
{
    mt_str_add(s, text, strlen(text));
}

static void add_based(struct mt_str *s, uint64_t number, unsigned base, bool grouped)
{
    char digits[32];
    size_t at = sizeof digits;
    unsigned count = 0;
    do {
        if (grouped && count && count % 3 == 0)
            digits[--at] = ',';
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
        count++;
    } while (number);
    mt_str_add(s, digits + at, sizeof digits - at);
}

void mt_str_add_number(struct mt_str *s, uint64_t number)
{
    add_based(s, number, 10, false);
}

void mt_str_add_grouped(struct mt_str *s, uint64_t number)
{
    add_based(s, number, 10, true);
}

void mt_str_add_size(struct mt_str *s, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    uint64_t scale = 1;
    while (bytes / scale >= 1024 && unit < 6) {
        scale <<= 10;
        unit++;
    }
    uint64_t whole = bytes / scale;
    uint64_t tenths = scale == 1 ? 0 : (bytes % scale * 10 + scale / 2) / scale;
    if (tenths == 10) {
        whole++;
        tenths = 0;
    }
    add_based(s, whole, 10, true);
    if (unit) {
        mt_str_add(s, ".", 1);
        add_based(s, tenths, 10, false);
    }
    mt_str_add(s, " ", 1);
    mt_str_add_z(s, units[unit]);
}

void mt_str_format(struct mt_str *s, const char *format, va_list args)
{
    for (; *format; format++) {
        const char *plain = format;
        while (*format && *format != '%')
            format++;
        mt_str_add(s, plain, (size_t)(format - plain));
        if (!*format || !*++format)
            return;
        switch (*format) {
        case 's':
            mt_str_add_z(s, va_arg(args, const char *));
            break;
        case 'u':
            mt_str_add_number(s, va_arg(args, unsigned));
            break;
        case 'd': {
            int number = va_arg(args, int);
            if (number < 0)
                mt_str_add(s, "-", 1);
            mt_str_add_number(s, number < 0 ? -(uint64_t)number : (uint64_t)number);
            break;
        }
        case 'l': /* %lu */
            format += format[1] == 'u';
            mt_str_add_number(s, va_arg(args, unsigned long));
            break;
        case 'x':
            add_based(s, va_arg(args, unsigned), 16, false);
            break;
        default:
            mt_str_add(s, format, 1);
        }
    }
}

uint64_t mt_str_number(const char *text)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return number;
}
