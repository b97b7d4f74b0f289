/* SPDX-License-Identifier: MIT
 *
 * What the views are made of: curves, nearest words, patterns of suppressions.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glyph.h"
#include "base/nearest.h"
#include "fold/query.h"
#include "read/log.h"
#include "resolve/suppress.h"
#include "show/timeline.h"

Test(nearest, what_was_meant)
{
    static const char *const words[] = {"report", "lines", "sites", "tree", "timeline"};
    static const char *const meant[][2] = {
        {"reprot", "report"}, {"report", "report"}, {"line", "lines"},   {"tere", "tree"},
        {"time", "timeline"}, {"repotr", "report"}, {"site", "sites"},   {"xyz", NULL},
        {"", NULL},           {"tie", NULL},        {"frobnicate", NULL}};
    for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++) {
        const char *found = nearest(meant[i][0], words, 5);
        if (!meant[i][1])
            cr_expect_null(found, "%s", meant[i][0]);
        else
            cr_expect_str_eq(found ? found : "", meant[i][1], "%s", meant[i][0]);
    }
    char large[200];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = 0;
    cr_expect_null(nearest(large, words, 5));
}

Test(suppressions, patterns)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {{"foo", "a foo b", true}, {"foo", "fo", false},       {"^foo", "foobar", true},
                 {"^foo", "a foo", false}, {"foo$", "a foo", true},    {"foo$", "foobar", false},
                 {"^foo$", "foo", true},   {"^foo$", "foofoo", false}, {"f*o", "fxxo", true},
                 {"f*z", "foo", false},    {"^f*o$", "fo", true},      {"^f*o$", "foob", false},
                 {"*", "x", true},         {"a*b*c", "xaxbxcx", true}, {"a*b*c", "xaxcxb", false},
                 {"ab$", "abab", true},    {"^a*a$", "a", false},      {"foo", "", false},
                 {"$", "x", true},         {"^", "x", true},           {"a$b", "a$b", true},
                 {"a$b", "ab", false},     {"^*foo", "barfoo", true},  {"foo", NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(suppression_matches(cases[i].pattern, cases[i].text), cases[i].matches,
                     "%s in %s", cases[i].pattern, cases[i].text ? cases[i].text : "nothing");
}

Test(metrics, which_add_up)
{
    for (unsigned m = 0; m < METRICS; m++)
        cr_expect_eq(metric_adds((enum metric)m), m != METRIC_RISE && m != METRIC_USAGE);
}

static char *picture(const char *charset)
{
    struct log_sample samples[] = {
        {.time = 0, .level = 100, .level_max = 100},
        {.time = 500, .level = 400, .level_max = 1000},
        {.time = 990, .level = 50, .level_max = 400},
    };
    struct log_mark marks[] = {{.time = 250, .name = {"m", 1}}};
    struct log log = {.header = {.peak = 1000, .peak_time = 500, .end_time = 1000, .level = 50},
                      .samples = samples,
                      .sample_count = 3,
                      .marks = marks,
                      .mark_count = 1};
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    setenv("COLUMNS", "33", 1); /* 20 of them are the curve's */
    glyph_charset(charset);
    timeline_print(&log, out);
    fclose(out);
    glyph_charset("UTF-8");
    return text;
}

Test(timeline, picture)
{
    char *text = picture("UTF-8");
    cr_expect_str_eq(text, "Level, at most 1000 B\n"
                           "    1000 B |          █\n"
                           "           |          █\n"
                           "           |          █\n"
                           "           |          █\n"
                           "           |          █\n"
                           "     500 B |          █\n"
                           "           |          ██████████\n"
                           "           |          ██████████\n"
                           "           |          ██████████\n"
                           "           |████████████████████\n"
                           "       0 B +--------------------\n"
                           "            0 s          0.000 s\n"
                           "                 |    ^\n"
                           "^ peak: 1000 B, by 0.000 s; digits: periods; | marks\n"
                           "\n"
                           "     period        after  live then       peak  name\n"
                           "       mark      0.000 s        0 B             m\n");
    free(text);
}

Test(timeline, without_unicode)
{
    char *text = picture("ASCII");
    for (const char *p = text; *p; p++)
        cr_assert((unsigned char)*p < 0x80, "%s", text);
    cr_expect(strstr(text, "    1000 B |          #\n"), "%s", text);
    cr_expect(strstr(text, "           |####################\n"), "%s", text);
    free(text);
}
