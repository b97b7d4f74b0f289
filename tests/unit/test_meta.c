/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../interpose/base/meta.h"
#include "../../interpose/base/own.h"

static int is_zero(const unsigned char *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (at[i])
            return 0;
    return 1;
}

/* Sizes around the classes of small and large blocks. */
static const size_t sizes[] = {0,     1,     8,     15,     16,     17,      100,     4096,
                               14336, 14337, 65536, 100000, 262144, 1000000, 4194304, 9000000};
#define SIZES (sizeof sizes / sizeof *sizes)

/* Keeps a slab or two of every class in use, so that a freed block is handed out again and not unmapped. */
static void hold_neighbours(void)
{
    for (size_t i = 0; i < SIZES; i++)
        for (int k = 0; k < 3; k++)
            cr_assert_not_null(mt_meta_alloc(sizes[i]));
}

Test(meta, blocks_are_zeroed_and_aligned)
{
    hold_neighbours();
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < SIZES; i++) {
            unsigned char *p = mt_meta_alloc(sizes[i]);
            cr_assert_not_null(p);
            cr_assert_eq((uintptr_t)p % 16, 0, "%zu bytes at %p", sizes[i], (void *)p);
            cr_assert(is_zero(p, sizes[i]), "%zu bytes, round %d", sizes[i], round);
            memset(p, 0xa5, sizes[i]); /* what the next one must not see */
            mt_meta_free(p);
        }
    }
    mt_meta_free(NULL);
}

Test(meta, growth_keeps_and_zeroes)
{
    hold_neighbours();
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = i; k < SIZES; k++) {
            unsigned char *dirty = mt_meta_alloc(sizes[k]);
            memset(dirty, 0xa5, sizes[k]);
            mt_meta_free(dirty);
            unsigned char *p = mt_meta_grow(NULL, 0, sizes[i]);
            cr_assert_not_null(p);
            cr_assert(is_zero(p, sizes[i]));
            memset(p, 0x5a, sizes[i]);
            p = mt_meta_grow(p, sizes[i], sizes[k]);
            cr_assert_not_null(p);
            for (size_t b = 0; b < sizes[i]; b++)
                cr_assert_eq(p[b], 0x5a, "%zu to %zu at %zu", sizes[i], sizes[k], b);
            cr_assert(is_zero(p + sizes[i], sizes[k] - sizes[i]), "%zu to %zu", sizes[i], sizes[k]);
            mt_meta_free(p);
        }
    }
}

Test(meta, growth_in_small_steps_stays_zeroed)
{
    size_t bytes = 1;
    unsigned char *p = mt_meta_alloc(bytes);
    p[0] = 1;
    while (bytes < 300000) {
        size_t more = bytes + 1 + bytes / 7;
        p = mt_meta_grow(p, bytes, more);
        cr_assert_not_null(p);
        cr_assert(is_zero(p + bytes, more - bytes), "%zu to %zu", bytes, more);
        memset(p + bytes, 1, more - bytes);
        bytes = more;
    }
    mt_meta_free(p);
}

Test(meta, no_memory_is_null_and_leaves_the_old_block)
{
    cr_assert_null(mt_meta_alloc((size_t)1 << 60));
    cr_assert_null(mt_meta_alloc(SIZE_MAX));
    char *p = mt_meta_alloc(100);
    strcpy(p, "stands");
    cr_assert_null(mt_meta_grow(p, 100, (size_t)1 << 60));
    cr_assert_null(mt_meta_grow(p, 100, SIZE_MAX));
    cr_assert_str_eq(p, "stands");
    mt_meta_free(p);
}

Test(meta, the_break_and_the_program_s_allocator_are_left_alone)
{
    void *before = sbrk(0);
    void *blocks[1000];
    for (int i = 0; i < 1000; i++)
        cr_assert_not_null(blocks[i] = mt_meta_alloc(5000));
    cr_assert_eq(sbrk(0), before);
    for (int i = 0; i < 1000; i++)
        mt_meta_free(blocks[i]);
}

Test(meta, several_at_once)
{
    void *blocks[20];
    cr_assert_eq(mt_meta_alloc_some(blocks, 20, 448), 20);
    for (int i = 0; i < 20; i++)
        memset(blocks[i], i, 448);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(((unsigned char *)blocks[i])[447], i);
    for (unsigned i = 0; i < 20; i++)
        *(void **)blocks[i] = i < 19 ? blocks[i + 1] : NULL;
    mt_meta_free_chain(blocks[0]);
    cr_assert_eq(mt_meta_alloc_some(blocks, 2, SIZE_MAX / 2), 0);
    mt_meta_free_chain(NULL);
}

/* What was given back is not held: the tracker's memory follows its tables. */
Test(meta, memory_goes_back)
{
    size_t bytes = (size_t)64 << 20;
    char *p = mt_meta_alloc(bytes);
    cr_assert_not_null(p);
    memset(p, 1, bytes);
    mt_meta_free(p);
    /* mincore(2) fails with ENOMEM where nothing is mapped. */
    unsigned char state;
    void *page = (void *)(((uintptr_t)p + bytes / 2) & ~(uintptr_t)4095);
    cr_assert_eq(mincore(page, 4096, &state), -1);
    cr_assert_eq(errno, ENOMEM);
}

/* What is touched counts, not what is mapped; a hole in the middle leaves what is at both ends. */
Test(meta, resident_is_what_was_touched)
{
    const size_t mib = (size_t)1 << 20;
    size_t before = mt_own_resident();
    char *p = mt_meta_map(16 * mib);
    cr_assert_not_null(p);
    cr_assert_eq(madvise(p, 16 * mib, MADV_NOHUGEPAGE), 0);
    cr_expect_eq(mt_own_resident(), before);
    memset(p, 1, 3 * mib);
    cr_expect_eq(mt_own_resident(), before + 3 * mib);
    memset(p + 12 * mib, 1, 4 * mib);
    cr_expect_eq(mt_own_resident(), before + 7 * mib);
    mt_meta_unmap(p + 2 * mib, 12 * mib);
    cr_expect_eq(mt_own_resident(), before + 4 * mib);
    mt_meta_unmap(p, 2 * mib);
    mt_meta_unmap(p + 14 * mib, 2 * mib);
    cr_expect_eq(mt_own_resident(), before);
    /* Small ones count as they are mapped. */
    p = mt_meta_map(mib / 8);
    cr_expect_eq(mt_own_resident(), before + mib / 8);
    mt_meta_unmap(p, mib / 8);
    cr_expect_eq(mt_own_resident(), before);
}

/* More ranges than the list has room for, and more than are looked at at a time. */
Test(meta, resident_of_many_ranges)
{
    enum { MANY = 600 };
    const size_t bytes = (size_t)512 << 10;
    static char *range[MANY];
    size_t before = mt_own_resident();
    for (int i = 0; i < MANY; i++) {
        cr_assert_not_null(range[i] = mt_meta_map(bytes));
        cr_assert_eq(madvise(range[i], bytes, MADV_NOHUGEPAGE), 0);
        memset(range[i], 1, bytes);
    }
    for (int i = 0; i < MANY; i++)
        mt_own_resident();
    cr_expect_eq(mt_own_resident(), before + MANY * bytes);
    for (int i = 0; i < MANY; i++)
        mt_meta_unmap(range[i], bytes);
    cr_expect_eq(mt_own_resident(), before);
}
