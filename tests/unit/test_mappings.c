/* SPDX-License-Identifier: MIT
 *
 * The table of mappings against an array with one element per byte of a small address space.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "../../interpose/format.h"
#include "../../interpose/tables/mappings.h"

static struct mt_mapping mapping(uintptr_t start, uintptr_t end, uint32_t unit)
{
    return (struct mt_mapping){
        .start = start, .end = end, .unit = unit, .class = MT_ANON, .usable = MT_ANON};
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

/* Protection: an array of one element per page says what each counts as. Some mappings are of a file, and stay. */
enum { PAGES = 300 };
static struct page {
    uint32_t unit;
    uint16_t class, usable;
} pages[PAGES];

static bool changes(struct page page, uint16_t target)
{
    if (!page.unit || target == MT_RESERVED)
        return page.unit && page.class <= MT_SHARED;
    return page.class == MT_RESERVED && page.usable == target;
}

static void map_pages(uintptr_t from, uintptr_t to, struct page kind)
{
    struct mt_pieces p;
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take(from << 12, to << 12, &p));
    mt_pieces_free(&p);
    cr_assert(mt_mappings_enter((struct mt_mapping){.start = from << 12,
                                                    .end = to << 12,
                                                    .unit = kind.unit,
                                                    .class = kind.class,
                                                    .usable = kind.usable}));
    for (uintptr_t at = from; at < to; at++)
        pages[at] = kind;
}

static void protect_pages(uintptr_t from, uintptr_t to, uint16_t target, uint32_t unit)
{
    struct mt_pieces p;
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take_protected(from << 12, to << 12, target, &p));
    uintptr_t at = from;
    for (uint32_t i = 0; i <= p.used; i++) {
        for (; at < (i < p.used ? p.piece[i].start >> 12 : to); at++)
            cr_assert_not(changes(pages[at], target));
        for (; i < p.used && at < p.piece[i].end >> 12; at++) {
            cr_assert(changes(pages[at], target));
            cr_assert_eq(pages[at].unit, p.piece[i].unit);
            pages[at].class = target;
            pages[at].unit = unit;
        }
    }
    for (uint32_t i = 0; i < p.used; i++) {
        p.piece[i].class = target;
        p.piece[i].unit = unit;
        cr_assert(mt_mappings_enter(p.piece[i]));
    }
    mt_pieces_free(&p);
}

Test(mappings, protection_agrees_with_an_array)
{
    static const uint16_t usables[] = {MT_ANON, MT_ANON, MT_SHARED, MT_FILE};
    static const uint16_t targets[] = {MT_ANON, MT_SHARED, MT_RESERVED, MT_RESERVED};
    uint64_t seed = 1;
    for (uint32_t step = 1; step <= 30000; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uintptr_t a = (seed >> 33) % PAGES, b = (seed >> 43) % PAGES;
        uintptr_t from = a < b ? a : b, to = (a < b ? b : a) + 1;
        uint16_t usable = usables[seed >> 60 & 3];
        if (seed >> 62 == 3)
            map_pages(from, to,
                      (struct page){step,
                                    seed >> 59 & 1 && usable != MT_FILE ? MT_RESERVED : usable,
                                    usable});
        else
            protect_pages(from, to, targets[seed >> 60 & 3], step);
        size_t without = 0;
        for (uintptr_t at = 0; at < PAGES; at++) {
            struct mt_mapping found;
            bool there = mt_mappings_find(at << 12, &found);
            cr_assert_eq(there, pages[at].unit != 0);
            cr_assert(!there || (found.unit == pages[at].unit && found.class == pages[at].class));
            without += !(there && found.class == MT_RESERVED);
        }
        cr_assert_eq(mt_mappings_without(0, PAGES << 12, 1u << MT_RESERVED), without << 12);
    }
}

/* shmdt takes what is left of its own segment, whatever lies between, and nothing of another. */
Test(mappings, an_attached_segment_goes_as_a_whole)
{
    struct mt_pieces p;
    struct mt_mapping m = {.start = 0x10000, .end = 0x20000, .attached = 0x10000, .unit = 7};
    m.class = m.usable = MT_SHARED;
    struct mt_mapping n = m;
    n.start = n.attached = 0x20000;
    n.end = 0x30000;
    mt_mappings_enter(m);
    mt_mappings_enter(n);
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take(0x14000, 0x15000, &p));
    mt_mappings_enter(mapping(0x14000, 0x15000, 9));
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take_attached(0x10000, &p));
    cr_assert_eq(p.used, 2);
    cr_assert_eq(p.piece[0].end, 0x14000);
    cr_assert_eq(p.piece[1].start, 0x15000);
    cr_assert_eq(p.piece[1].end, 0x20000);
    mt_pieces_init(&p);
    cr_assert(mt_mappings_take_attached(0x11000, &p));
    cr_assert_eq(p.used, 0);
    cr_assert(mt_mappings_take(0, 0x40000, &p));
    cr_assert_eq(p.used, 2);
}
