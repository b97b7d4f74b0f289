/* SPDX-License-Identifier: MIT
 *
 * The table of mappings against an array with one element per byte of a small address space.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "../../interpose/tables/mappings.h"

static struct mt_mapping mapping(uintptr_t start, uintptr_t end, uint32_t unit)
{
    return (struct mt_mapping){start, end, unit, 1};
}

Test(mappings, a_hole_leaves_head_and_tail)
{
    struct mt_pieces p;
    mt_mappings_enter(mapping(0x10000, 0x20000, 7));
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take(0x14000, 0x15000, &p));
    cr_assert_eq(p.used, 1);
    cr_assert_eq(p.piece[0].start, 0x14000);
    cr_assert_eq(p.piece[0].end, 0x15000);
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take(0, 0x30000, &p));
    cr_assert_eq(p.used, 2);
    cr_assert_eq(p.piece[0].end, 0x14000);
    cr_assert_eq(p.piece[1].start, 0x15000);
    cr_assert_eq(p.piece[1].unit, 7);
}

/* A mapping of 5,000 bytes owns its second page to the end, but only 904 bytes of it were asked for. */
Test(mappings, sizes_stay_as_requested)
{
    struct mt_pieces p;
    mt_mappings_enter(mapping(0x10000, 0x10000 + 5000, 1));
    mt_pieces_init(&p);
    mt_mappings_take(0x10000, 0x11000, &p);
    cr_assert_eq(p.piece[0].end - p.piece[0].start, 4096);
    mt_pieces_init(&p);
    mt_mappings_take(0x11000, 0x12000, &p);
    cr_assert_eq(p.used, 1);
    cr_assert_eq(p.piece[0].end - p.piece[0].start, 904);
}

Test(mappings, what_is_put_back_is_as_before)
{
    struct mt_pieces p, q;
    for (uintptr_t i = 1; i <= 40; i++)
        mt_mappings_enter(mapping(i << 16, (i << 16) + 0x8000, (uint32_t)i));
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take(0, 41 << 16, &p));
    cr_assert_eq(p.used, 40);
    mt_mappings_put_back(&p);
    mt_pieces_init(&q);
    mt_mappings_take(0, 41 << 16, &q);
    cr_assert_eq(q.used, 40);
    cr_assert_eq(memcmp(p.piece, q.piece, 40 * sizeof *p.piece), 0);
    mt_pieces_free(&p);
    mt_pieces_free(&q);
}

Test(mappings, agrees_with_an_array)
{
    enum { BYTES = 300, STEPS = 30000 };
    static uint32_t model[BYTES]; /* the unit that owns each byte */
    uint64_t seed = 1;
    for (uint32_t step = 1; step <= STEPS; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uintptr_t a = (seed >> 33) % BYTES, b = (seed >> 43) % BYTES;
        uintptr_t start = a < b ? a : b, end = (a < b ? b : a) + 1;
        struct mt_pieces p;
        mt_pieces_init(&p);
        cr_assert(mt_mappings_take(start, end, &p));
        uintptr_t at = start;
        for (uint32_t i = 0; i < p.used; i++) {
            for (; at < p.piece[i].start; at++)
                cr_assert_eq(model[at], 0);
            for (; at < p.piece[i].end; at++)
                cr_assert_eq(model[at], p.piece[i].unit);
        }
        for (; at < end; at++)
            cr_assert_eq(model[at], 0);
        mt_pieces_free(&p);
        bool map = seed >> 63;
        if (map)
            cr_assert(mt_mappings_enter(mapping(start, end, step)));
        for (at = start; at < end; at++)
            model[at] = map ? step : 0;
    }
}
