/* SPDX-License-Identifier: MIT
 *
 * Source files: source.c, source_log.c, encoding.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../report/resolve/source.h"
#include "../../report/resolve/source_log.h"

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

Test(source, lines)
{
    struct sources sources = {0};
    const struct source *source = source_of(&sources, "one\n\ttwo\tx\r\n\n  last");
    cr_expect_eq(source->line_count, 4);
    line_is(source, 0, NULL);
    line_is(source, 1, "one");
    line_is(source, 2, "        two     x");
    line_is(source, 3, "");
    line_is(source, 4, "  last");
    line_is(source, 5, NULL);
    cr_expect_null(sources_get(&sources, "/nowhere/at/all.c")->text);
    cr_expect_null(sources_get(&sources, "/dev/zero")->text);
    cr_expect_eq(source_of(&sources, "")->line_count, 0);
    sources_free(&sources);
}

Test(source, of_a_definition)
{
    struct sources sources = {0};
    const struct source *source = source_of(&sources, "x = 1\n"
                                                      "def one(a):\n"
                                                      "    async  def two(): pass\n"
                                                      "@mark(\n"
                                                      "    1)\n"
                                                      "class Three(x):\n"
                                                      "    define = 4\n"
                                                      "def oneself(): pass\n");
    cr_expect(source_python_defines(source, 2, "one"));
    cr_expect(source_python_defines(source, 3, "two"));
    cr_expect(source_python_defines(source, 4, "Three"));
    cr_expect(source_python_defines(source, 6, "Three"));
    cr_expect_not(source_python_defines(source, 1, "one"), "further down");
    cr_expect_not(source_python_defines(source, 8, "one"), "another's beginning");
    cr_expect_not(source_python_defines(source, 4, "oneself"), "another's decorators");
    cr_expect_not(source_python_defines(source, 7, "ine"));
    cr_expect_not(source_python_defines(source, 0, "one"));
    cr_expect_not(source_python_defines(source, 9, "one"));
    cr_expect_null(sources_get(&sources, "<made up>")->text);
    sources_free(&sources);
}

/* What the arguments run by -c, as line 1 of "<string>". */
static void runs(const char *argv, size_t bytes, const char *wanted)
{
    struct log log = {
        .argv = {argv, (uint32_t)bytes}, .exe = {"/usr/bin/python3.11", 19}, .header.python = true};
    struct sources sources = {0};
    sources_of_log(&sources, &log);
    line_is(sources_get(&sources, "<string>"), 1, wanted);
    sources_free(&sources);
}
#define RUNS(argv, wanted) runs(argv, sizeof argv, wanted) /* each argument with its NUL */

Test(source, of_a_command)
{
    RUNS("python\0-c\0a = 1", "a = 1");
    RUNS("python\0-c\0a = 1\0-c\0b", "a = 1");
    RUNS("python\0-Bca = 1", "a = 1");
    RUNS("python\0-W\0-c\0-Xdev\0-X\0-c\0-Ec\0a = 1", "a = 1");
    RUNS("python\0--check-hash-based-pycs\0always\0-c\0a = 1", "a = 1");
    RUNS("python\0x.py\0-c\0a = 1", NULL);
    RUNS("python\0-mc\0-c\0a = 1", NULL);
    RUNS("python\0-\0-c\0a = 1", NULL);
    RUNS("python\0-c", NULL);
    RUNS("python\0-W", NULL);
    RUNS("", NULL);
    runs("python\0-c\0cut", 12, NULL); /* without the last NUL */
}

Test(source, of_the_log)
{
    struct log_text strings[] = {{0}, {"<cell 1>", 8}, {"/no/cell.py", 11}};
    struct log_source cells[] = {
        {1, {"one\ntwo", 7}}, {2, {"three", 5}}, {1, {"later", 5}}, {9, {"x", 1}}};
    struct log log = {.strings = strings, .string_count = 3, .sources = cells, .source_count = 4};
    struct sources sources = {0};
    sources_of_log(&sources, &log);
    line_is(sources_get(&sources, "<cell 1>"), 1, "one");
    line_is(sources_get(&sources, "<cell 1>"), 2, "two");
    line_is(sources_get(&sources, "/no/cell.py"), 1, "three");
    sources_free(&sources);
}

static void ends(const char *text, uint32_t first, uint32_t wanted)
{
    struct sources sources = {0};
    const struct source *source = source_of(&sources, text);
    cr_expect_eq(source_python_end(source, first), wanted, "%u in:\n%s",
                 source_python_end(source, first), text);
    sources_free(&sources);
}

Test(source, python_functions_end)
{
    ends("def f():\n    a = 1\n\n    return a\n\n\nx = 1\n", 1, 4);
    ends("@dec(\n    1,\n)\ndef f(\n    a,\n):\n    return a\ny = 2\n", 1, 7);
    ends("class A:\n    def f(self):\n        pass\n\n    def g(self):\n        pass\n", 2, 3);
    ends("def f():\n    s = '''\nnot indented\n'''\n    return s\nz = 1\n", 1, 5);
    ends("def f():\n    a = (1,\n2)\n# a comment\n    return a\n", 1, 5);
    ends("def f(): return '('\nx = 1\n", 1, 1);
    ends("def f():\n    s = \"a'b\" \\\n  'c'\n    return s\nz = 1\n", 1, 4);
    ends("async def f():\n    await g()\n", 1, 2);
    ends("x = lambda: 1\ny = 2\n", 1, 0);
    ends("x = 1\n", 9, 0);
}
