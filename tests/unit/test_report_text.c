/* SPDX-License-Identifier: MIT
 *
 * What is printed: base.c, json.c, table.c, match.c, rank.c, demangle.c, progress.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../report/base/base.h"
#include "../../report/base/glyph.h"
#include "../../report/base/text.h"
#include "../../report/symbols/demangle.h"
#include "../../report/show/json.h"
#include "../../report/resolve/match.h"
#include "../../report/base/progress.h"
#include "../../report/resolve/rank.h"
#include "../../report/resolve/rules.h"
#include "../../report/show/table.h"

/* A stream whose text can be compared. */
struct paper {
    char *text;
    size_t bytes;
    FILE *out;
};

static FILE *paper_start(struct paper *paper)
{
    paper->out = open_memstream(&paper->text, &paper->bytes);
    return paper->out;
}

static void paper_expect(struct paper *paper, const char *wanted)
{
    fclose(paper->out);
    cr_expect_str_eq(paper->text, wanted, "got '%s', wanted '%s'", paper->text, wanted);
    free(paper->text);
}

static void put(const char *text, size_t bytes, size_t columns, const char *wanted)
{
    struct paper paper;
    text_put(paper_start(&paper), text, bytes, columns);
    paper_expect(&paper, wanted);
}

#define PUT(text, columns, wanted) put(text, sizeof text - 1, columns, wanted)

Test(text, nothing_steers_the_terminal)
{
    PUT("plain", SIZE_MAX, "plain");
    PUT("\033[31mred\033[0m", SIZE_MAX, "?[31mred?[0m");
    PUT("a\0b\rc\nd\te", SIZE_MAX, "a?b?c?d e");
    PUT("\xc2\x9b"
        "31m",
        SIZE_MAX, "?31m");
    PUT("a\xe2\x80\xae"
        "b",
        SIZE_MAX, "a?b");
    PUT("\x7f", SIZE_MAX, "?");
    PUT("gr\xc3\xbc\xc3\x9f", SIZE_MAX, "gr\xc3\xbc\xc3\x9f");
}

Test(text, broken_utf8)
{
    PUT("\xff", SIZE_MAX, "\xef\xbf\xbd");
    PUT("a\xc3", SIZE_MAX, "a\xef\xbf\xbd");
    PUT("\xc0\x80", SIZE_MAX, "\xef\xbf\xbd\xef\xbf\xbd");
    PUT("\xed\xa0\x80", SIZE_MAX, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    PUT("\xf4\x90\x80\x80", SIZE_MAX, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

Test(text, is_cut)
{
    PUT("abcdefgh", 8, "abcdefgh");
    PUT("abcdefgh", 7, "abcd...");
    PUT("gr\xc3\xbc\xc3\x9f"
        "e!!",
        6, "gr\xc3\xbc...");
}

Test(text, counts)
{
    char out[TEXT_COUNT_BYTES];
    cr_expect_str_eq(text_count(out, 0), "0");
    cr_expect_str_eq(text_count(out, 999), "999");
    cr_expect_str_eq(text_count(out, 41207), "41,207");
    cr_expect_str_eq(text_count(out, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void size_is(int64_t bytes, const char *wanted)
{
    char out[TEXT_SIZE_BYTES];
    cr_expect_str_eq(text_size(out, bytes), wanted, "got '%s', wanted '%s'", out, wanted);
}

Test(text, sizes_have_three_digits)
{
    size_is(0, "0 B");
    size_is(1, "1 B");
    size_is(-8, "-8 B");
    size_is(1023, "1023 B");
    size_is(1024, "1.00 KiB");
    size_is(-1024, "-1.00 KiB");
    size_is(10234, "9.99 KiB");
    size_is(10236, "10.0 KiB");
    size_is(102348, "99.9 KiB");
    size_is(102349, "100 KiB");
    size_is(1023487, "999 KiB");
    size_is(1023488, "0.98 MiB");
    size_is(8000000, "7.63 MiB");
    size_is(-8000000, "-7.63 MiB");
    size_is(1 << 30, "1.00 GiB");
    char total[TEXT_SIZE_BYTES];
    cr_expect_str_eq(text_total(total, 1023), "1023 B");
    cr_expect_str_eq(text_total(total, 20 << 20), "20.000 MiB");
    cr_expect_str_eq(text_total(total, -8000000), "-7.629 MiB");
    size_is(INT64_MAX, "8.00 EiB");
    size_is(INT64_MIN, "-8.00 EiB");
}

Test(text, sizes_exactly)
{
    text_sizes_exact();
    size_is(0, "0 B");
    size_is(1024, "1,024 B");
    size_is(-8000000, "-8,000,000 B");
    size_is(INT64_MIN, "-9,223,372,036,854,775,808 B");
}

static void width_is(const char *text, size_t wanted)
{
    cr_expect_eq(text_width(text, strlen(text)), wanted, "%s", text);
}

Test(text, wide_and_combining_characters)
{
    glyph_charset("UTF-8");
    width_is("内存", 4);
    width_is("e\xcc\x81", 1);
    width_is("한글 x", 6);
    width_is("🦀", 2);
    PUT("内存内存", 8, "内存内存");
    PUT("内存内存", 7, "内存...");
    PUT("内存内存", 6, "内...");
    PUT("a\fb\vc", SIZE_MAX, "a b c");
}

Test(text, what_a_character_set_lacks)
{
    glyph_charset("ISO-8859-1");
    PUT("≥ größe… 内 🦀", SIZE_MAX,
        ">= gr\xf6\xdf"
        "e... \\u5185 \\U0001f980");
    width_is("≥ größe…", 11);
    width_is("内", 6);
    PUT("\xff", SIZE_MAX, "\\ufffd");
    glyph_charset("ASCII");
    PUT("größe", SIZE_MAX, "gr\\xf6\\xdfe");
    glyph_charset("UTF-8");
    PUT("≥ größe…", SIZE_MAX, "≥ größe…");
}

Test(table, wide_characters_shift_no_column)
{
    static const struct table_column columns[] = {{"Größe", 0}, {"内存", 6}, {"Name", 0}};
    struct paper paper;
    struct table table;
    glyph_charset("UTF-8");
    table_start(&table, columns, 3);
    table_row(&table, STYLE_NONE);
    table_cell(&table, "内");
    table_cell(&table, "x");
    table_cell(&table, "内存内存内存内存内存内存内存");
    table_row(&table, STYLE_NONE);
    table_cell_rise(&table, 8, 9);
    table_cell(&table, "e\xcc\x81");
    table_cell(&table, "y");
    table_finish(&table, paper_start(&paper), 40);
    paper_expect(&paper, "Größe    内存  Name\n"
                         "   内       x  内存内存内存内存内存内...\n"
                         "≥ 8 B       e\xcc\x81  y\n");
}

Test(json, escapes)
{
    struct paper paper;
    struct json json = {.out = paper_start(&paper)};
    json_text(&json, NULL, "a\"b\\c\n\t\x01\x7f\xff\xc3\xbc\0z", 13);
    paper_expect(&paper, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\\ufffd\xc3\xbc\\u0000\"");
}

Test(json, nests)
{
    struct paper paper;
    struct json json = {.out = paper_start(&paper)};
    json_open(&json, NULL, '{');
    json_open(&json, "empty", '[');
    json_close(&json, ']');
    json_open(&json, "list", '[');
    json_unsigned(&json, NULL, UINT64_MAX);
    json_signed(&json, NULL, INT64_MIN);
    json_none(&json, NULL);
    json_close(&json, ']');
    json_bool(&json, "yes", true);
    json_cstring(&json, "none", NULL);
    json_close(&json, '}');
    paper_expect(&paper,
                 "{\n \"empty\": [],\n \"list\": [\n  18446744073709551615,\n"
                 "  -9223372036854775808,\n  null\n ],\n \"yes\": true,\n \"none\": null\n}\n");
}

Test(table, aligns)
{
    static const struct table_column columns[] = {{"N", 4}, {"Size", 0}, {"Name", 0}};
    struct paper paper;
    struct table table;
    table_start(&table, columns, 3);
    table_row(&table, STYLE_NONE);
    table_cell_count(&table, 1234567);
    table_cell(&table, NULL);
    table_cell(&table, "first\033");
    table_row(&table, STYLE_NONE);
    table_cell(&table, "x");
    table_cell_size(&table, 8000000);
    table_row(&table, STYLE_NONE);
    table_finish(&table, paper_start(&paper), SIZE_MAX);
    paper_expect(&paper, "        N      Size  Name\n"
                         "1,234,567            first?\n"
                         "        x  7.63 MiB\n"
                         "\n");
}

Test(table, mib)
{
    char out[TABLE_MIB_BYTES];
    cr_expect_str_eq(table_mib(out, 8000000, 3), "7.629 MiB");
    cr_expect_str_eq(table_mib(out, -8000000, 3), "-7.629 MiB");
    cr_expect_str_eq(table_mib(out, -8, 3), "0.000 MiB");
    cr_expect_str_eq(table_mib(out, -8000000, 1), "-7.6 MiB");
    cr_expect_str_eq(table_mib(out, -8, 0), "0 MiB");
    cr_expect_str_eq(table_mib(out, INT64_MIN, 0), "-8796093022208 MiB");
}

Test(match, names)
{
    cr_expect(match_function("main", "/home/u/a.py", "main"));
    cr_expect(match_function("a.py", "/home/u/a.py", "main"));
    cr_expect(match_function("u/a.py", "/home/u/a.py", "main"));
    cr_expect(match_function("a.py:main", "/home/u/a.py", "main"));
    cr_expect(match_function("method", "/home/u/a.py", "Class.method"));
    cr_expect(match_function("Class.method", "/home/u/a.py", "Class.method"));
    cr_expect(match_function("f", "/x/a.cc", "int* ns::f<int>(unsigned long)"));
    cr_expect(match_function("ns::f", "/x/a.cc", "ns::f(std::vector<int>)"));
    cr_expect(match_function("a.cc:ns::f", "/x/a.cc", "ns::f(int)"));
    cr_expect(match_function("grow", NULL, "app::K::grow(int)"));
    cr_expect(match_function("a.main", "/home/u/a.py", "main"));
    cr_expect(match_function("u.a.K.main", "/home/u/a.py", "K.main"));
    cr_expect(match_function("u.a.main", "/home/u/a/__init__.py", "main"));
    cr_expect_not(match_function("b.main", "/home/u/a.py", "main"));
    cr_expect_not(match_function("a.main", "/home/u/ba.py", "main"));
    cr_expect_not(match_function("ain", "/home/u/a.py", "main"));
    cr_expect_not(match_function(".py", "/home/u/a.py", "main"));
    cr_expect_not(match_function("b.py:main", "/home/u/a.py", "main"));
    cr_expect_not(match_function("a.py:f", "/home/u/a.py", "main"));
    cr_expect_not(match_function("", "/home/u/a.py", "main"));
    cr_expect_not(match_function("main", NULL, NULL));
}

Test(rank, whose_code)
{
    cr_expect_eq(rank_python("/home/u/a.py"), RANK_USER);
    cr_expect_eq(rank_python("/usr/lib/python3.11/json/decoder.py"), RANK_LIBRARY);
    cr_expect_eq(rank_python("/usr/lib/python3/dist-packages/numpy/core/numeric.py"), RANK_LIBRARY);
    cr_expect_eq(rank_python("/home/u/.venv/lib/python3.13/site-packages/x.py"), RANK_LIBRARY);
    cr_expect_eq(rank_python("/home/u/lib/python_tools/x.py"), RANK_USER);
    cr_expect_eq(rank_python("<frozen importlib._bootstrap>"), RANK_LIBRARY);
    cr_expect_eq(rank_python("<string>"), RANK_PROGRAM);
    cr_expect_eq(rank_python("<ipython-input-3-0123456789ab>"), RANK_USER);
    static const struct {
        struct rank_code code;
        enum rank rank;
    } native[] = {
        {{"f", "/home/u/a.c", "/home/u/a.out", true, false}, RANK_USER},
        {{"f", NULL, "/home/u/a.out", true, false}, RANK_PROGRAM},
        {{NULL, NULL, "/home/u/a.out", true, false},
         RANK_LIBRARY}, /* never before a library's name */
        {{"_start", NULL, "/home/u/a.out", true, false}, RANK_LIBRARY},
        {{"f", "/usr/include/c++/12/vector", "/home/u/a.out", true, false}, RANK_LIBRARY},
        {{"malloc", "/build/malloc.c", "/lib/x86_64-linux-gnu/libc.so.6", false, false},
         RANK_LIBRARY},
        {{"malloc", "/build/malloc.c", "/home/u/lib/libc.so.6", false, false}, RANK_LIBRARY},
        {{"f", "/build/curl/lib/url.c", "/usr/lib/x86_64-linux-gnu/libcurl.so.4", false, false},
         RANK_USER},
        {{"f", NULL, "/usr/lib/x86_64-linux-gnu/libcurl.so.4", false, false}, RANK_PROGRAM},
        {{"f", NULL, "/usr/lib/x86_64-linux-gnu/libcurl.so.4", false, true}, RANK_LIBRARY},
        {{"f", "/build/postgres/main.c", "/usr/lib/postgresql/15/bin/postgres", true, false},
         RANK_USER},
        {{"f", "/usr/src/debug/x/x.c", "/usr/bin/x", true, false}, RANK_USER},
        {{"f", "/home/u/x.c", "/home/u/libc-1", true, false},
         RANK_USER}, /* whatever it is called */
        {{"f", "/home/u/mine.c", "/usr/lib/libmine.so", false, true}, RANK_USER},
        {{"f", "/build/Objects/obmalloc.c", "/opt/bin/python3.11", true, true}, RANK_LIBRARY},
        {{"f", "/build/Objects/obmalloc.c", "/opt/lib/libpython3.11.so.1.0", false, true},
         RANK_LIBRARY},
        {{"f", "/src/spam.c", "/home/u/spam.so", false, true}, RANK_USER},
        {{"f", "/src/interpose/thread.c", "/opt/lib/libmemtrace.so", false, false}, RANK_LIBRARY},
        {{"f", "/rustc/0123/library/alloc/src/raw_vec.rs", "/home/u/r", true, false}, RANK_LIBRARY},
    };
    for (size_t i = 0; i < sizeof native / sizeof native[0]; i++)
        cr_expect_eq(rank_native(&native[i].code), native[i].rank, "%s of %s", native[i].code.name,
                     native[i].code.module);
}

static void demangled(const char *name, const char *wanted, const char *language)
{
    struct strings strings = {0};
    const char *text = strings_get(&strings, demangle(&strings, name));
    cr_expect_str_eq(text ? text : "(none)", wanted);
    cr_expect_str_eq(demangle_language(name), language);
    strings_free(&strings);
}

Test(demangle, names)
{
    demangled("_ZN2ns1fEiPKc", "ns::f(int, char const*)", "C++");
    demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt",
              "Rust");
    demangled("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar", "Rust");
    demangled("main", "(none)", "native");
    demangled("_start", "(none)", "native");
}

/* ---- the bar ---- */

/* What came on standard error while `terminal` says whether that is one. The bar waits for a second,
 * so it is told that it began long ago. */
static size_t bar(bool terminal, uint64_t started, char *out, size_t bytes)
{
    struct progress progress;
    FILE *paper = tmpfile();
    int kept = dup(2);
    dup2(fileno(paper), 2);
    progress_start(&progress, "reading symbols", 200);
    bool is_terminal = progress.terminal;
    progress.terminal = terminal;
    if (started)
        progress.start = started;
    progress_of(&progress, "/some/where/program\033[31m-with-a-long-name");
    progress_at(&progress, 100);
    progress_end(&progress);
    dup2(kept, 2);
    close(kept);
    cr_expect(!is_terminal, "a file is no terminal");
    rewind(paper);
    size_t length = fread(out, 1, bytes - 1, paper);
    fclose(paper);
    out[length] = 0;
    return length;
}

Test(progress, says_what_and_how_far)
{
    char text[1024];
    bar(true, 1, text, sizeof text);
    cr_expect_str_eq(text,
                     "\r\033[Kreading symbols of program?[31m-... [###############               "
                     "] 100 of 200\r\033[K");
}

Test(progress, is_for_terminals_and_long_work)
{
    char text[1024];
    cr_expect_eq(bar(false, 1, text, sizeof text), 0, "no terminal");
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t later = ((uint64_t)now.tv_sec + 3600) * 1000000000u;
    cr_expect_eq(bar(true, later, text, sizeof text), 0, "not in the first second");
}

Test(rules, shims)
{
    static const char *const shims[] = {
        "xmalloc",
        "xmalloc(unsigned long)",
        "operator new(unsigned long)",
        "std::allocator<int>::allocate(unsigned long)",
        "__gnu_cxx::new_allocator<std::pair<int, int> >::allocate(unsigned long)",
        "alloc::alloc::exchange_malloc",
        "alloc::boxed::box_new_uninit",
        "g_malloc0"};
    static const char *const others[] = {"xmalloc_pool",
                                         "my_xmalloc",
                                         "allocate",
                                         "operator+(A, B)",
                                         "std::vector<int>::push_back(int const&)",
                                         "main",
                                         ""};
    for (size_t i = 0; i < sizeof shims / sizeof shims[0]; i++)
        cr_expect(rules_shim(shims[i]), "%s", shims[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_expect(!rules_shim(others[i]), "%s", others[i]);
}
