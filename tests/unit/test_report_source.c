/* SPDX-License-Identifier: MIT
 *
 * Source files with what is no text in front of it, in other encodings, of long lines: source.c, encoding.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../report/resolve/source.h"

static char source_path[] = "/tmp/test_report_source_XXXXXX";

static const struct source *source_of(struct sources *sources, const char *text)
{
    strcpy(source_path + strlen(source_path) - 6, "XXXXXX");
    int fd = mkstemp(source_path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    const struct source *source = sources_get(sources, source_path);
    unlink(source_path);
    return source;
}

static void line_is(const struct source *source, uint32_t number, const char *wanted)
{
    char *line = source_line(source, number);
    if (wanted)
        cr_expect_str_eq(line ? line : "(none)", wanted);
    else
        cr_expect_null(line);
    free(line);
}

Test(source, a_byte_order_mark_is_no_text)
{
    struct sources sources = {0};
    const struct source *source = source_of(&sources, "\xef\xbb\xbfx = 1\ny = '\xef\xbb\xbf'\n");
    line_is(source, 1, "x = 1");
    line_is(source, 2, "y = '\xef\xbb\xbf'");
    sources_free(&sources);
}

Test(source, form_feeds)
{
    struct sources sources = {0};
    const char *text =
        "def one():\n    a = 1\n\f\n\f    return a\n\f\ndef two():\n    return '\f'\n";
    const struct source *source = source_of(&sources, text);
    cr_expect_eq(source->line_count, 7, "a form feed ends no line");
    line_is(source, 3, "");
    line_is(source, 4, "    return a");
    line_is(source, 7, "    return '\f'");
    cr_expect_eq(source_python_end(source, 1), 4);
    cr_expect_eq(source_python_end(source, 6), 7);
    sources_free(&sources);
}

static void encoded(const char *text, uint32_t number, const char *wanted)
{
    struct sources sources = {0};
    line_is(source_of(&sources, text), number, wanted);
    sources_free(&sources);
}

Test(source, encodings)
{
    encoded("# -*- coding: latin-1 -*-\ngr\xf6\xdf"
            "e = 1\n",
            2, "größe = 1");
    encoded("#!/usr/bin/python3\n# vim: set fileencoding=iso-8859-15 :\n\xa4 = 1\n", 3, "€ = 1");
    encoded("#coding:euc_jp\nx = '\xc6\xfc\xcb\xdc'\n", 2, "x = '日本'");
    encoded("#coding:shift_jis\nx = '\x93\xfa\x96\x7b'\n", 2, "x = '日本'");
    encoded("# coding=cp1251\n\tx = '\xcf'\n", 2, "        x = 'П'");
    encoded("\n# coding: latin-1\ngr\xf6\xdf"
            "e = 1\n",
            3, "größe = 1");
    encoded("# coding: utf-8\ngröße = 1\n", 2, "größe = 1");
    encoded("# coding: no-such\ngröße = 1\n", 2, "größe = 1");
    encoded("x = 1\n# coding: latin-1\ngröße = 1\n", 3, "größe = 1");
    encoded("#include \"encoding.h\"\n/* größe */\n", 2, "/* größe */");
}

Test(source, long_lines)
{
    struct sources sources = {0};
    size_t count = 30000;
    char *text = malloc(3 * count + 3);
    for (size_t i = 0; i < count; i++)
        memcpy(text + 3 * i, "内", 3);
    strcpy(text + 3 * count, "\nx");
    const struct source *source = source_of(&sources, text);
    char *line = source_line(source, 1);
    cr_expect_eq(strlen(line), 65535, "whole characters, as many as fit");
    line_is(source, 2, "x");
    text[3 * 10000] = 0;
    free(line);
    line = source_line(source_of(&sources, text), 1);
    cr_expect_str_eq(line, text, "10,000 of them are all there");
    free(line);
    free(text);
    sources_free(&sources);
}
