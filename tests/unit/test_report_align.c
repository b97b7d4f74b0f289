/* SPDX-License-Identifier: MIT
 *
 * Which line of one text became which of another: known answers, and what must hold of any two texts.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "compare/align.h"

static struct aligned align_texts(struct strings *strings, const char *old, const char *new)
{
    struct aligned aligned;
    align(&aligned, strings, old, strlen(old), new, strlen(new));
    return aligned;
}

/* `want`: the new line of each old one; a ' behind it: it was edited. */
static void check(const char *old, const char *new, const char *want)
{
    struct strings strings = {0};
    struct aligned aligned = align_texts(&strings, old, new);
    char found[256] = "";
    for (uint32_t i = 1; i <= aligned.count; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%u%s", i > 1 ? " " : "",
                 aligned.lines[i], aligned.edited[i] ? "'" : "");
    cr_expect_str_eq(found, want, "'%s', '%s': %s, not %s", old, new, found, want);
    aligned_free(&aligned);
    strings_free(&strings);
}

Test(align, known)
{
    check("", "", "");
    check("", "a\n", "");
    check("a\n", "", "0");
    check("a\nb\nc\n", "a\nb\nc\n", "1 2 3");
    check("a\nb\nc", "a\nb\nc\n", "1 2 3");
    check("a\nb\nc\n", "x\ny\na\nb\nc\n", "3 4 5");
    check("a\nb\nc\n", "a\nc\n", "1 0 2");
    check("  a\n\tb\r\n", "a\n    b\n", "1 2");
    /* Lines that stand there several times are told apart by what is round them. */
    check("f {\nreturn;\n}\ng {\nreturn;\n}\n",
          "f {\nreturn;\n}\nh {\nreturn;\n}\ng {\nreturn;\n}\n", "1 2 3 7 8 9");
    check("f {\nreturn;\n}\ng {\nreturn;\n}\n", "g {\nreturn;\n}\n", "0 0 0 1 2 3");
    /* Edited ones, also where lines came in beside them. */
    check("one();\nblock = malloc(100);\ntwo();\n", "one();\nblock = malloc(200);\ntwo();\n",
          "1 2' 3");
    check("one();\nblock = malloc(100);\ntwo();\n",
          "one();\nif (!x)\n    y();\nblock = malloc(200);\ntwo();\n", "1 4' 5");
    check("one();\nblock = malloc(100);\ntwo();\n", "one();\nfclose(file);\ntwo();\n", "1 0 3");
}

#define LINES 60u

static size_t random_text(char *out, unsigned *seed, unsigned words)
{
    size_t used = 0;
    unsigned lines = (unsigned)rand_r(seed) % LINES;
    for (unsigned i = 0; i < lines; i++)
        used += (size_t)sprintf(out + used, "word %u is here\n", (unsigned)rand_r(seed) % words);
    out[used] = 0;
    return used;
}

/* Lines rise; those that are not edited say the same; edited ones don't. */
static void check_sound(const struct aligned *aligned)
{
    uint32_t before = 0;
    for (uint32_t i = 1; i <= aligned->count; i++) {
        uint32_t to = aligned->lines[i];
        if (!to)
            continue;
        cr_assert_gt(to, before);
        cr_assert_leq(to, aligned->says_count[1]);
        cr_assert_eq(aligned->says[0][i - 1] == aligned->says[1][to - 1], !aligned->edited[i]);
        before = to;
    }
}

Test(align, any)
{
    static char old[LINES * 32], new[LINES * 32];
    unsigned seed = 1;
    for (unsigned round = 0; round < 3000; round++) {
        struct strings strings = {0};
        size_t old_bytes = random_text(old, &seed, 1 + round % 97),
               new_bytes = random_text(new, &seed, 1 + round % 89);
        struct aligned aligned;
        align(&aligned, &strings, old, old_bytes, new, new_bytes);
        check_sound(&aligned);
        aligned_free(&aligned);
        align(&aligned, &strings, old, old_bytes, old, old_bytes);
        for (uint32_t i = 1; i <= aligned.count; i++)
            cr_assert_eq(aligned.lines[i], i);
        aligned_free(&aligned);
        strings_free(&strings);
    }
}

/* Without some of its lines each other one is found, as all are different. */
Test(align, deleted)
{
    static char old[LINES * 32], new[LINES * 32];
    unsigned seed = 7;
    for (unsigned round = 0; round < 500; round++) {
        struct strings strings = {0};
        uint32_t where[LINES + 1] = {0}, kept = 0;
        size_t old_bytes = 0, new_bytes = 0;
        for (unsigned i = 1; i <= LINES; i++) {
            char line[32];
            size_t bytes = (size_t)sprintf(line, "%u different\n", i);
            memcpy(old + old_bytes, line, bytes);
            old_bytes += bytes;
            if (rand_r(&seed) % 3)
                continue;
            where[i] = ++kept;
            memcpy(new + new_bytes, line, bytes);
            new_bytes += bytes;
        }
        struct aligned aligned;
        align(&aligned, &strings, old, old_bytes, new, new_bytes);
        for (uint32_t i = 1; i <= LINES; i++)
            cr_assert_eq(aligned.edited[i] ? 0 : aligned.lines[i], where[i]);
        aligned_free(&aligned);
        strings_free(&strings);
    }
}

Test(amount, sizes)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: it is none */
    } sizes[] = {{"0", 0},
                 {"4096", 4096},
                 {"200M", 200 << 20},
                 {"200m", 200 << 20},
                 {"1.5 GiB", 3LL << 29},
                 {"1KB", 1024},
                 {"7B", 7},
                 {"1e6", 1000000},
                 {".5K", 512},
                 {"2T", 2LL << 40},
                 {"", -1},
                 {"K", -1},
                 {"-1", -1},
                 {"+1", -1},
                 {" 1", -1},
                 {"1KK", -1},
                 {"1iB", -1},
                 {"1 X", -1},
                 {"0x10", -1},
                 {"inf", -1},
                 {"nan", -1},
                 {"1e30", -1},
                 {"9e6T", -1},
                 {"1Mi", -1}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t bytes = -1;
        bool good = amount_size(sizes[i].text, &bytes);
        cr_expect_eq(good, sizes[i].bytes >= 0, "%s", sizes[i].text);
        cr_expect(!good || bytes == sizes[i].bytes, "%s: %lld", sizes[i].text, (long long)bytes);
    }
    double percent;
    int64_t count;
    cr_expect(amount_percent("5%", &percent) && percent == 5);
    cr_expect(amount_percent("0.5 %", &percent) && percent == 0.5);
    cr_expect(!amount_percent("5", &percent) && !amount_percent("%", &percent) &&
              !amount_percent("-5%", &percent));
    cr_expect(amount_count("1e6", &count) && count == 1000000);
    cr_expect(!amount_count("1M", &count) && !amount_count("", &count));
}
