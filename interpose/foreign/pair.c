/* SPDX-License-Identifier: MIT */
#include "foreign/pair.h"

#include <string.h>

#include "base/meta.h"
#include "format.h"
#include "loader/modules.h"
#include "log/intern.h"

struct mt_pair *mt_pair_new(void)
{
    return mt_meta_alloc(MT_PAIRS * sizeof(struct mt_pair));
}

void mt_pair_forget(struct mt_pair *pairs)
{
    if (pairs)
        memset(pairs, 0, MT_PAIRS * sizeof *pairs);
}

uint32_t mt_foreign_frame(mt_key key)
{
    if (key & MT_KEY_FOREIGN)
        return (uint32_t)key;
    if (key & MT_KEY_CUT)
        return mt_log_frame(MT_FRAME_CUT, 0, key & 3);
    return mt_modules_frame(key);
}
