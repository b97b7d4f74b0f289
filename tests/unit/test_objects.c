/* SPDX-License-Identifier: MIT
 *
 * The tables of live objects against a plain array: objects of every size in an arena, two in the same 32 bytes among them, and
 * processes that fork within one another.
 */
#include <criterion/criterion.h>

#include "../../interpose/tables/objects.h"

#define ARENA   ((uintptr_t)0x7f0000080000) /* it lies in two tables */
#define BYTES   ((size_t)1 << 20)
#define PLACES  4096u /* those at the end of the first table and the start of the second */
#define PLACE_0 (ARENA + BYTES / 2 - PLACES / 2 * 16u)

static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static struct mt_live any(void)
{
    return (struct mt_live){1 + draw(MT_OBJECT_MAX), 2 + 2 * draw((1u << 27) - 1)};
}

static void equal(struct mt_live got, struct mt_live expected)
{
    cr_assert_eq(got.unit, expected.unit);
    cr_assert_eq(got.size, expected.size);
}

static void step(struct mt_live *model, uint32_t i)
{
    uintptr_t at = PLACE_0 + i * 16u;
    struct mt_live stale = {0, 0}, entry = any();
    if (draw(8) < 5) {
        cr_assert_eq(mt_objects_enter(at, entry, &stale),
                     model->unit ? MT_LIVE_REPLACED : MT_LIVE_ENTERED);
        if (model->unit)
            equal(stale, *model);
        *model = entry;
    } else {
        cr_assert_eq(mt_objects_take(at, &stale), model->unit != 0);
        if (model->unit)
            equal(stale, *model);
        model->unit = 0;
    }
}

Test(objects, agree_with_an_array)
{
    static struct mt_live model[PLACES];
    mt_objects_arena(ARENA, BYTES);
    for (int i = 0; i < 2000000; i++) {
        uint32_t place = draw(PLACES);
        step(&model[place], place);
    }
    struct mt_live got;
    for (uint32_t i = 0; i < PLACES; i++)
        cr_assert_eq(mt_objects_take(PLACE_0 + i * 16u, &got), model[i].unit != 0);
}

Test(objects, what_has_no_place_is_refused)
{
    struct mt_live got;
    cr_assert_eq(mt_objects_enter(ARENA, (struct mt_live){16, 2}, &got), MT_LIVE_NOT);
    mt_objects_arena(ARENA, BYTES);
    cr_assert_eq(mt_objects_enter(ARENA, (struct mt_live){16, 3}, &got), MT_LIVE_NOT);
    cr_assert_eq(mt_objects_enter(ARENA, (struct mt_live){0, 2}, &got), MT_LIVE_NOT);
    cr_assert_eq(mt_objects_enter(ARENA, (struct mt_live){MT_OBJECT_MAX + 1, 2}, &got),
                 MT_LIVE_NOT);
    cr_assert_eq(mt_objects_enter(ARENA + 8, (struct mt_live){8, 2}, &got), MT_LIVE_NOT);
    cr_assert_not(mt_objects_take(ARENA + 8, &got));
    cr_assert_not(mt_objects_take(ARENA, &got));
}

/* Each generation enters and takes some, and finds what it has not as its ancestors', the nearest of them. */
Test(objects, are_inherited)
{
    static struct mt_live own[PLACES], before[PLACES];
    mt_objects_arena(ARENA, BYTES);
    for (int generation = 0; generation < 4; generation++) {
        for (uint32_t i = 0; i < PLACES * 2; i++) {
            uint32_t place = draw(PLACES);
            step(&own[place], place);
        }
        for (uint32_t n = 0; n < PLACES / 4; n++) {
            struct mt_live got;
            uint32_t i = draw(PLACES);
            cr_assert_eq(mt_objects_inherited_take(PLACE_0 + i * 16u, &got), before[i].unit != 0);
            if (before[i].unit)
                equal(got, before[i]);
            before[i].unit = 0;
        }
        mt_objects_inherit();
        for (uint32_t i = 0; i < PLACES; i++) {
            if (own[i].unit)
                before[i] = own[i];
            own[i].unit = 0;
        }
    }
}
