/* SPDX-License-Identifier: MIT
 *
 * What a page packs: bytes, columns, the folded tree, text that is no markup.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../../report/page/bytes.h"
#include "../../report/page/columns.h"
#include "../../report/page/page.h"
#include "../../report/page/pruned.h"
#include "../../report/page/redact.h"
#include "folded.h"

static uint64_t number_at(const unsigned char *data, size_t *at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char byte = data[(*at)++];
        value |= (uint64_t)(byte & 127u) << shift;
        if (byte < 128)
            return value;
    }
}

Test(page, numbers_come_back)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    static const int64_t sign[] = {0, -1, 1, -64, 63, INT64_MIN, INT64_MAX};
    struct bytes bytes = {0};
    size_t at = 0;
    for (size_t i = 0; i < 7; i++) {
        bytes_number(&bytes, values[i]);
        bytes_signed(&bytes, sign[i]);
    }
    for (size_t i = 0; i < 7; i++) {
        cr_expect_eq(number_at(bytes.data, &at), values[i]);
        uint64_t code = number_at(bytes.data, &at);
        cr_expect_eq((int64_t)(code >> 1 ^ (0 - (code & 1))), sign[i]);
    }
    cr_expect_eq(at, bytes.count);
    bytes_free(&bytes);
}

static uint32_t word_at(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* A body of `count` bytes goes in and comes out, and the head says what it is. */
static void pack_once(size_t count)
{
    struct bytes body = {0};
    for (size_t i = 0; i < count; i++)
        bytes_add(&body, &(unsigned char){(unsigned char)(i * i >> 3)}, 1);
    struct bytes packed = bytes_pack(&body, 9);
    unsigned char *out = malloc(count + 1);
    z_stream stream = {.next_in = packed.data + PACK_HEAD,
                       .avail_in = (uInt)(packed.count - PACK_HEAD),
                       .next_out = out,
                       .avail_out = (uInt)count + 1};
    cr_assert_eq(inflateInit2(&stream, -15), Z_OK);
    cr_expect_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    cr_expect_eq(stream.total_out, count);
    inflateEnd(&stream);
    cr_expect(!count || !memcmp(out, body.data, count));
    cr_expect(!memcmp(packed.data, "MTP1", 4));
    cr_expect_eq(word_at(packed.data + 4), count);
    cr_expect_eq(word_at(packed.data + 8), crc32(crc32(0, NULL, 0), out, (uInt)count));
    cr_expect_eq(word_at(packed.data + 12), packed.count - PACK_HEAD);
    free(out);
    bytes_free(&packed);
    bytes_free(&body);
}

Test(page, a_body_comes_back)
{
    pack_once(0);
    pack_once(1);
    pack_once(100000);
}

static char *base64(const char *text)
{
    struct bytes bytes = {(unsigned char *)text, strlen(text), 0};
    char *out = NULL;
    size_t length;
    FILE *file = open_memstream(&out, &length);
    bytes_base64(&bytes, file);
    fclose(file);
    return out;
}

Test(page, base64)
{
    static const char *const cases[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = base64(cases[i][0]);
        cr_expect_str_eq(out, cases[i][1]);
        free(out);
    }
}

Test(page, texts_are_cut_between_characters)
{
    struct columns columns = {0};
    char text[2 * COLUMN_TEXT_MOST + 3];
    size_t bytes = 0;
    while (bytes < sizeof text - 3)
        bytes += (size_t)sprintf(text + bytes, "\xc3\xa9");
    columns_begin(&columns, "text");
    columns_text(&columns, "a\0b", 3);
    columns_text(&columns, text, bytes);
    cr_expect_str_eq((char *)columns.body.data, "a\xef\xbf\xbd"
                                                "b");
    const char *cut = (const char *)columns.body.data + 6;
    size_t kept = strlen(cut);
    cr_expect_leq(kept, COLUMN_TEXT_MOST);
    cr_expect_str_eq(cut + kept - 3, "...");
    cr_expect_eq((unsigned char)cut[kept - 4], 0xa9);
    cr_expect_eq(columns.list[0].count, 2);
    cr_expect_eq(columns.list[0].bytes, columns.body.count);
    columns_free(&columns);
}

static char *shown(const char *text)
{
    char *out = NULL;
    size_t length;
    FILE *file = open_memstream(&out, &length);
    page_text(file, text);
    fclose(file);
    return out;
}

Test(page, foreign_text_is_no_markup)
{
    static const char *const cases[][2] = {
        {"</script><img src=x onerror=\"a('b')\">&amp;",
         "&#60;/script&#62;&#60;img src=x "
         "onerror=&#34;a(&#39;b&#39;)&#34;&#62;&#38;amp;"},
        {"a\x1b[31m\n\x7f", "a\\x1b[31m\\x0a\\x7f"},
        {"\xc2\x9b\xe2\x80\xae\xe2\x80\x8b\xef\xbb\xbf", "\\x9b\\u202e\\u200b\\ufeff"},
        {"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = shown(cases[i][0]);
        cr_expect_str_eq(out, cases[i][1]);
        free(out);
    }
}

#define ROOTS_HOME "/root"
Test(page, homes_are_redacted)
{
    setenv("HOME", "/srv/people/me", 1);
    char text[] = "/home/alice/x.py:/home/bob/ \"/Users/c/d\" " ROOTS_HOME "/e /rooted /homes/f "
                  "/srv/people/me/g /srv/people/mean /home/";
    redact_homes(text);
    cr_expect_str_eq(text, "~/x.py:~/ \"~/d\" ~/e /rooted /homes/f ~/g /srv/people/mean "
                           "/home/");
    char second[] = "see '/home/bob'";
    redact_homes(second);
    cr_expect_str_eq(second, "see '~'");
}

/* ---- the folded tree ---- */

#define WIDE 40u

/* f:1 with WIDE calls of g, line k of it allocating 10 * k; one of them has a chain of 300 frames below. */
static void make_log(struct folded *f, struct py *py)
{
    py_start(py);
    uint32_t top = py_node(py, py->root, py->f, 1);
    py_alloc(py, top, 5, 5);
    for (uint32_t k = 1; k <= WIDE; k++) {
        uint32_t node = py_node(py, top, py->g, k);
        py_alloc(py, node, (uint64_t)10 * k, k);
        for (uint32_t d = 0; k == 7 && d < 300; d++) {
            node = py_node(py, node, py->f, 2);
            py_alloc(py, node, 1, 0);
        }
    }
    fold_log(f, &py->b);
}

/* Everything that each row has below it, and itself: by the levels alone. */
static int64_t *totals_of(const struct pruned *pruned, unsigned figure)
{
    int64_t *total = calloc(pruned->count, sizeof *total);
    for (uint32_t i = pruned->count; i-- > 0;) {
        total[i] += pruned_own(pruned, figure, i);
        uint32_t parent = i;
        while (parent > 0 && pruned->level[parent] >= pruned->level[i])
            parent--;
        if (i)
            total[parent] += total[i];
    }
    return total;
}

/* What happened below the root, not at it. */
static int64_t below_root(const struct whole *whole, unsigned figure)
{
    int64_t sum = 0;
    for (uint32_t e = 1; e < whole->tree.count; e++)
        sum += whole->tree.parent[e] ? 0 : whole->total[figure][e];
    return sum;
}

static void check_sums(const struct pruned *pruned, const struct whole *whole)
{
    uint64_t folded = 0;
    for (unsigned figure = 0; figure < PAGE_FIGURES; figure++) {
        int64_t *total = totals_of(pruned, figure);
        cr_expect_eq(total[0], whole->total[figure][0], "figure %u", figure);
        /* The one row below the root keeps its whole sum, however much of it was folded. */
        uint32_t first = 1;
        while (first < pruned->count && pruned->key[first] == PRUNED_OTHERS)
            first++;
        if (first < pruned->count)
            cr_expect_eq(total[first], below_root(whole, figure));
        free(total);
    }
    for (uint32_t i = 0; i < pruned->count; i++) {
        cr_expect(!i || (pruned->level[i] >= 1 && pruned->level[i] <= pruned->level[i - 1] + 1));
        cr_expect_eq(pruned->folded[i] != 0, i && pruned->key[i] == PRUNED_OTHERS);
        folded += pruned->folded[i];
    }
    cr_expect_eq(folded + pruned->kept, whole->acting);
}

Test(page, folding_keeps_the_sums)
{
    struct py py;
    struct folded f;
    struct whole whole;
    make_log(&f, &py);
    whole_make(&whole, &f.stacks, &(struct filter){0});
    cr_expect_eq(whole.acting, 1 + 1 + WIDE + 300);
    cr_expect_eq(whole.total[3][0], 5 + 10 * WIDE * (WIDE + 1) / 2 + 300);
    for (uint32_t most = 0; most < 400; most += most < 50 ? 1 : 50) {
        struct pruned pruned;
        pruned_make(&pruned, &whole, most, 0);
        check_sums(&pruned, &whole);
        cr_expect_leq(pruned.kept, most < 2 ? 2u : most);
        if (most >= whole.acting)
            cr_expect_eq(pruned.kept, pruned.count);
        pruned_free(&pruned);
    }
    struct pruned pruned;
    pruned_make(&pruned, &whole, UINT32_MAX, 0.5);
    /* The root, f:1, g:7, and of the chain those with half of the 341 allocations below them, 300 - d >= 170.5. */
    cr_expect_eq(pruned.kept, 3 + 130);
    check_sums(&pruned, &whole);
    pruned_free(&pruned);
    whole_free(&whole);
    unfold(&f, &py.b);
}
