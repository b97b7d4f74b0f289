/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdarg.h>

#include "../../interpose/os/str.h"

static const char *size(uint64_t bytes)
{
    static char text[64];
    struct mt_str s = MT_STR(text);
    mt_str_add_size(&s, bytes);
    return text;
}

Test(str, sizes)
{
    cr_assert_str_eq(size(0), "0 B");
    cr_assert_str_eq(size(1023), "1,023 B");
    cr_assert_str_eq(size(1024), "1.0 KiB");
    cr_assert_str_eq(size(8000000), "7.6 MiB");
    cr_assert_str_eq(size((1u << 20) - 1), "1,024.0 KiB");
    cr_assert_str_eq(size(UINT64_MAX), "16.0 EiB");
}

Test(str, grouped_numbers)
{
    char text[64];
    struct mt_str s = MT_STR(text);
    mt_str_add_grouped(&s, 41207);
    mt_str_add(&s, " ", 1);
    mt_str_add_grouped(&s, 999);
    mt_str_add(&s, " ", 1);
    mt_str_add_grouped(&s, 1000000);
    cr_assert_str_eq(text, "41,207 999 1,000,000");
}

static void format(struct mt_str *s, const char *pattern, ...)
{
    va_list args;
    va_start(args, pattern);
    mt_str_format(s, pattern, args);
    va_end(args);
}

Test(str, formats)
{
    char text[64];
    struct mt_str s = MT_STR(text);
    format(&s, "%s %u %d %lu %x%%", "a", 7u, -3, 5000000000ul, 255u);
    cr_assert_str_eq(text, "a 7 -3 5000000000 ff%");
}

Test(str, what_does_not_fit_is_cut_and_said)
{
    char text[8];
    struct mt_str s = MT_STR(text);
    mt_str_add_z(&s, "1234567");
    cr_assert_not(s.cut);
    mt_str_add_z(&s, "8");
    cr_assert(s.cut);
    cr_assert_str_eq(text, "1234567");
}
