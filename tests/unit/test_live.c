/* SPDX-License-Identifier: MIT
 *
 * The table of live blocks against a plain array.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../../interpose/tables/live.h"

static enum mt_live_entered enter(uintptr_t block, struct mt_live entry)
{
    struct mt_live stale;
    return mt_live_enter(block, entry, &stale);
}

static bool take(uintptr_t block, struct mt_live *got)
{
    *got = mt_live_take(block);
    return got->unit;
}

Test(live, what_is_entered_is_found_once)
{
    struct mt_live got;
    cr_assert_eq(enter(0x1000, (struct mt_live){77, 5}), MT_LIVE_ENTERED);
    cr_assert(take(0x1000, &got));
    cr_assert_eq(got.size, 77);
    cr_assert_eq(got.unit, 5);
    cr_assert_not(take(0x1000, &got));
}

Test(live, an_entry_that_stands_is_handed_back)
{
    struct mt_live stale, got;
    enter(0x2000, (struct mt_live){1, 10});
    cr_assert_eq(mt_live_enter(0x2000, (struct mt_live){2, 20}, &stale), MT_LIVE_REPLACED);
    cr_assert_eq(stale.size, 1);
    cr_assert_eq(stale.unit, 10);
    cr_assert(take(0x2000, &got));
    cr_assert_eq(got.size, 2);
    cr_assert_not(take(0x2000, &got));
}

Test(live, extremes_keep_every_bit)
{
    struct mt_live got;
    uint64_t size = UINT64_MAX >> 1;
    uint32_t unit = (1u << 28) - 1;
    uintptr_t block = (uintptr_t)((1ull << 48) - 8);
    cr_assert_eq(enter(block, (struct mt_live){size, unit}), MT_LIVE_ENTERED);
    cr_assert(take(block, &got));
    cr_assert_eq(got.size, size);
    cr_assert_eq(got.unit, unit);
}

Test(live, sizes_at_the_limit_of_an_entry)
{
    struct mt_live got;
    for (uint64_t size = (1u << 27) - 3; size < (1u << 27) + 3; size++) {
        cr_assert_eq(enter(0x5000 + size % 16 * 8, (struct mt_live){size, 3}), MT_LIVE_ENTERED);
    }
    for (uint64_t size = (1u << 27) - 3; size < (1u << 27) + 3; size++) {
        cr_assert(take(0x5000 + size % 16 * 8, &got));
        cr_assert_eq(got.size, size);
    }
}

Test(live, what_does_not_fit_is_refused)
{
    cr_assert_eq(enter(0x1000, (struct mt_live){1, 1u << 28}), MT_LIVE_NOT);
    cr_assert_eq(enter((uintptr_t)(1ull << 48), (struct mt_live){1, 1}), MT_LIVE_NOT);
}

/* Entering and taking at random, with addresses so close together that buckets fill to the last place. */
Test(live, agrees_with_an_array)
{
    enum { BLOCKS = 20000, STEPS = 600000 };
    static struct mt_live model[BLOCKS];
    uint64_t seed = 1;
    for (int i = 0; i < STEPS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned b = (unsigned)(seed >> 33) % BLOCKS;
        uintptr_t block = 0x7f0000000000u + b * 8u;
        struct mt_live got,
            entry = {seed >> (b % 64), (uint32_t)(seed >> 37) % ((1u << 28) - 1) + 1};
        if ((seed >> 62) && !model[b].unit) {
            cr_assert_eq(enter(block, entry), MT_LIVE_ENTERED);
            model[b] = entry;
        } else {
            bool found = take(block, &got);
            cr_assert_eq(found, model[b].unit != 0);
            if (found) {
                cr_assert_eq(got.size, model[b].size);
                cr_assert_eq(got.unit, model[b].unit);
                model[b].unit = 0;
            }
        }
    }
    struct mt_live got;
    for (unsigned b = 0; b < BLOCKS; b++)
        cr_assert_eq(take(0x7f0000000000u + b * 8u, &got), model[b].unit != 0);
}

/* Pages of every density, to the last place of 8 bytes, three times over: buckets come from those that became spare. */
Test(live, pages_fill_and_empty)
{
    enum { PAGES = 600 };
    struct mt_live got;
    for (int round = 0; round < 3; round++) {
        for (unsigned page = 0; page < PAGES; page++)
            for (unsigned i = 0; i < page % 513; i++) {
                uintptr_t block = 0x7f0000000000u + page * 4096u + (i * 5 + page) % 512 * 8;
                cr_assert_eq(enter(block, (struct mt_live){i + page, i + 1}), MT_LIVE_ENTERED);
            }
        for (unsigned page = 0; page < PAGES; page++)
            for (unsigned i = 0; i < page % 513; i++) {
                unsigned which = round ? page % 513 - 1 - i : i; /* from one end or the other */
                uintptr_t block = 0x7f0000000000u + page * 4096u + (which * 5 + page) % 512 * 8;
                cr_assert(take(block, &got));
                cr_assert_eq(got.size, which + page);
                cr_assert_eq(got.unit, which + 1);
                cr_assert_not(take(block, &got));
            }
    }
}
