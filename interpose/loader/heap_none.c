/* SPDX-License-Identifier: MIT
 *
 * An allocator whose blocks have no header: macOS's. What it rounds a block up to is not told.
 */
#include "loader/heap.h"

void mt_heap_init(void)
{
}

bool mt_heap_known(void)
{
    return false;
}

uint64_t mt_heap_usable(uint64_t header, uint64_t bytes)
{
    (void)header, (void)bytes;
    return 0;
}
