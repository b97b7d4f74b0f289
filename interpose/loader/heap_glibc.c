/* SPDX-License-Identifier: MIT
 *
 * glibc's malloc_usable_size cannot be asked: of a block that is not mapped by itself it reads the block behind it, too, which the
 * program may have overwritten. The block's own header says the same while the block is in use: its size with the header, a multiple
 * of 16, and in the lowest three bits whether the block before it is in use (1), it is mapped by itself (2) and of another arena (4).
 * (malloc/malloc.c: struct malloc_chunk, "INTERNAL_SIZE_T size fields".)
 */
#include <sys/auxv.h>

#include "base/libc.h"
#include "loader/heap.h"
#include "loader/object.h"
#include "loader/real.h"

#define FLAGS  7u
#define MAPPED 2u
#define HEADER 8u /* bytes of it that a block takes: the word before it is the block's before */
#define MOST                                                                                       \
    64u /* more than a block can have for nothing: what is left by less than the smallest block stays with it */
#define PAGES                                                                                      \
    65536u /* the same of one that is mapped by itself: pages, and that it was not made smaller */

/* Has any of the other allocators' entry points been found? */
static bool others(void)
{
#define MT_HOOK_LATE(symbol, result, parameters)                                                   \
    if (mt_own.symbol)                                                                             \
        return true;
#include "hooks.def"
    return false;
}

static bool is_libcs;

void mt_heap_init(void)
{
    uintptr_t begin, end, libc, libc_end;
    is_libcs = mt_libc_is_glibc() && mt_real.malloc &&
               mt_object_range((uintptr_t)mt_real.malloc, &begin, &end) &&
               mt_object_range((uintptr_t)getauxval, &libc, &libc_end) && begin == libc;
}

bool mt_heap_known(void)
{
    return is_libcs && !others();
}

uint64_t mt_heap_usable(uint64_t header, uint64_t bytes)
{
    bool mapped = header & MAPPED;
    uint64_t size = header & ~(uint64_t)FLAGS, taken = mapped ? 2 * HEADER : HEADER;
    if (size % 16 || size < taken + bytes || size - taken - bytes > (mapped ? PAGES : MOST))
        return 0;
    return size - taken;
}
