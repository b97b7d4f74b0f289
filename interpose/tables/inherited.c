/* SPDX-License-Identifier: MIT
 *
 * What a fork child releases of its parent's, which is in none of its levels.
 */
#include "log/log.h"
#include "tables/account.h"
#include "tables/live.h"
#include "tables/mappings.h"
#include "tables/objects.h"

static void gives_back(uint64_t bytes)
{
    struct mt_header *h = mt_log.header;
    __atomic_fetch_add(&h->inherited_released, bytes, __ATOMIC_RELAXED);
    __atomic_fetch_add(&h->inherited_releases, 1, __ATOMIC_RELAXED);
}

void mt_account_unknown(const void *block)
{
    struct mt_live was;
    if (mt_objects_inherited_take((uintptr_t)block, &was) ||
        (was = mt_live_inherited_take((uintptr_t)block)).unit)
        gives_back(was.size);
    else
        __atomic_fetch_add(&mt_log.header->unknown_releases, 1, __ATOMIC_RELAXED);
}

static void gives_back_pieces(struct mt_pieces *pieces)
{
    for (uint32_t i = 0; i < pieces->used; i++)
        if (MT_IN_LEVEL(pieces->piece[i].class))
            gives_back(pieces->piece[i].end - pieces->piece[i].start);
    mt_pieces_free(pieces);
}

void mt_account_unmapped(uintptr_t start, uintptr_t end)
{
    struct mt_pieces pieces;
    mt_pieces_init(&pieces);
    mt_mappings_inherited_take(start, end, &pieces);
    gives_back_pieces(&pieces);
}

void mt_account_barred(uintptr_t start, uintptr_t end)
{
    struct mt_pieces pieces;
    mt_pieces_init(&pieces);
    mt_mappings_inherited_take_protected(start, end, MT_RESERVED, &pieces);
    gives_back_pieces(&pieces);
}

void mt_account_detached(uintptr_t attached)
{
    struct mt_pieces pieces;
    mt_pieces_init(&pieces);
    mt_mappings_inherited_take_attached(attached, &pieces);
    gives_back_pieces(&pieces);
}
